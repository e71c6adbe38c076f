package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

// overHTTPCode is that of secrets that would be sent over plain HTTP. The login is not among them, since it goes by digest.
const overHTTPCode = "secret-over-http"

// OverHTTP tells which secrets of a configuration would be sent over plain HTTP, but for devices of which somebody said that
// this is meant.
func OverHTTP(cfg *config.Config) diag.Problems {
	var found []sending
	for _, d := range cfg.Devices {
		if d.URL.Scheme != "http" || d.TLS.Plain {
			continue
		}
		for _, s := range d.Settings {
			i := slices.IndexFunc(s.Kind.Attributes, func(a *schema.Attribute) bool {
				_, declared := s.Attributes[a.Name]
				return declared && a.Secret
			})
			if i >= 0 {
				declared := s.Attributes[s.Kind.Attributes[i].Name].Range
				found = append(found, sending{s.Address, &declared})
			}
		}
	}
	return overHTTP(found)
}

// planOverHTTP is OverHTTP of the steps of a plan.
func planOverHTTP(p *plan.Plan) diag.Problems {
	var found []sending
	for _, d := range p.Devices {
		for _, s := range d.Steps {
			if len(s.Secrets) > 0 && strings.HasPrefix(d.Access.URL, "http:") && !d.Access.Plain {
				found = append(found, sending{s.Address, s.Range.HCL()})
			}
		}
	}
	return overHTTP(found)
}

// sending is a setting that is sent with a secret.
type sending struct {
	setting  schema.Setting
	declared *hcl.Range
}

func overHTTP(found []sending) diag.Problems {
	if len(found) == 0 {
		return nil
	}
	var settings []schema.Setting
	for _, f := range found {
		settings = append(settings, f.setting)
	}
	return diag.Problems{{
		Severity: diag.Warning, Code: overHTTPCode, Summary: "Password over plain HTTP", Address: settings[0], Subject: found[0].declared,
		Detail: fmt.Sprintf("Passwords or keys would be sent over plain HTTP, where everyone on the way can read them: %s. Write the address with https://, or "+
			"where a device has no HTTPS, say so in its block: tls { plain = true }.", named(settings)),
	}}
}
