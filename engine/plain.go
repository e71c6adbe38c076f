package engine

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/schema"
)

// overHTTPCode is that of secrets that would be sent over plain HTTP in clear. A login goes by digest, and what a device takes
// enciphered does so too.
const overHTTPCode = "secret-over-http"

// OverHTTP tells which settings of a configuration would send secrets over plain HTTP, except for devices for which somebody said
// that this is meant. Whether a device takes them enciphered is not known before it is asked.
func OverHTTP(cfg *config.Config) diag.Problems {
	var found []sending
	for _, d := range cfg.Devices {
		if d.URL.Scheme != "http" || d.TLS.Plain {
			continue
		}
		for _, s := range d.Settings {
			secret := func(a *schema.Attribute) bool { return a.Secret && s.Attributes[a.Name].Range != (hcl.Range{}) }
			if i := slices.IndexFunc(s.Kind.Attributes, secret); i >= 0 {
				found = append(found, sending{s.Address, s.Attributes[s.Kind.Attributes[i].Name].Range, len(s.Kind.Enciphers) > 0})
			} else if s.Kind.SendsLogin {
				found = append(found, sending{s.Address, s.Range, true})
			}
		}
	}
	return overHTTP(found)
}

// sending is a setting that is sent with a secret.
type sending struct {
	setting  schema.Setting
	declared hcl.Range
	perhaps  bool // enciphered
}

func overHTTP(found []sending) diag.Problems {
	if len(found) == 0 {
		return nil
	}
	var settings []schema.Setting
	unless := ""
	for _, f := range found {
		settings = append(settings, f.setting)
		if f.perhaps {
			unless = " Where a device supports it, passwords of accounts are encrypted anyway."
		}
	}
	return diag.Problems{{
		Severity: diag.Warning, Code: overHTTPCode, Summary: "Password over plain HTTP", Address: settings[0], Subject: &found[0].declared,
		Detail: fmt.Sprintf("Passwords or keys would be sent over plain HTTP, where anybody on the way can read them: %s.%s Write the address with https://, or "+
			"if a device has no HTTPS, say so in its block: tls { plain = true }.", named(settings), unless),
	}}
}

// shownCode is that of passwords of other devices that HTTP Basic shows to anybody who answers.
const shownCode = "password-of-another"

// ShownToOthers tells which devices of a configuration log in with the password of another device from the vault, and may show it
// by HTTP Basic to anybody who answers at their address.
func ShownToOthers(devices []*config.Device) diag.Problems {
	var found []schema.Setting
	var at hcl.Range
	var first schema.Device
	declared := map[schema.Device]bool{}
	for _, d := range devices {
		declared[d.Address] = true
	}
	for _, d := range devices {
		owner, another := ownerOf(d, declared)
		if !d.Login.Basic || !another {
			continue
		}
		if len(found) == 0 {
			at, first = d.Login.Range, owner
		}
		found = append(found, schema.Setting{Device: d.Address})
	}
	if len(found) == 0 {
		return nil
	}
	return diag.Problems{{
		Severity: diag.Warning, Code: shownCode, Summary: "Password of another device in clear", Address: found[0], Subject: &at,
		Detail: fmt.Sprintf("%s: the password is that of another device in the vault (%s), and with basic = true it may be sent in clear to anything that "+
			"answers at the address. Give the device its own password, or remove basic.", named(found), first),
	}}
}

// ownerOf is another of the declared devices whose password from the vault a device logs in with, if there is one.
func ownerOf(d *config.Device, declared map[schema.Device]bool) (owner schema.Device, another bool) {
	parts, err := config.PartsOf(schema.Origin(d.Login.Password))
	if err != nil {
		return owner, false
	}
	for _, part := range parts {
		scheme, name := schema.OriginScheme(part)
		device, _, isAccount := credential.AccountOf(name)
		if scheme == schema.OriginVault && isAccount && declared[device] && device != d.Address {
			return device, true
		}
	}
	return owner, false
}
