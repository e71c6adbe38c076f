package providers

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
)

// Pin is what identifies a device before and after a login, as seen in earlier runs. Empty fields are not known.
type Pin struct {
	SPKI      string `json:"spki,omitempty"`      // "sha256:" and hex of the TLS public key
	Next      string `json:"next,omitempty"`      // written like SPKI: a further key of the device, which it may show from now on
	Past      string `json:"past,omitempty"`      // likewise: the one that the next took the place of. It is not trusted.
	Realm     string `json:"realm,omitempty"`     // realm of the digest challenge; differs per device on most models
	Algorithm string `json:"algorithm,omitempty"` // strongest digest algorithm seen: "MD5" or "SHA-256"
	Serial    string `json:"serial,omitempty"`
	MAC       string `json:"mac,omitempty"`
}

// Trusts decides whether a credential may go to a peer that shows seen before any login. The realm and the algorithm of
// a challenge and the key of a TLS connection are visible without one.
//
// Over TLS the key decides in TrustPin mode, or the next one, which the device announced over the first; in TrustVerify mode the
// chain was verified already and the key may change.
// Over plain HTTP the realm decides. An algorithm weaker than one seen before is refused in any case.
func (p Pin) Trusts(seen Pin, mode TrustMode) error {
	if p.Algorithm == "SHA-256" && seen.Algorithm != "" && seen.Algorithm != "SHA-256" {
		return fmt.Errorf("it offers digest %s only, but offered SHA-256 before: %w", seen.Algorithm, ErrIdentity)
	}
	switch {
	case seen.SPKI != "" && mode == TrustPin && p.SPKI != "" && p.SPKI != seen.SPKI && (p.Next == "" || p.Next != seen.SPKI):
		return fmt.Errorf("its TLS key is %s, but %s is pinned: %w", short(seen.SPKI), short(p.SPKI), ErrIdentity)
	case seen.SPKI == "" && p.Realm != "" && seen.Realm != "" && p.Realm != seen.Realm:
		return fmt.Errorf("its realm is %q, but %q is pinned: %w", seen.Realm, p.Realm, ErrIdentity)
	}
	return nil
}

// Matches decides, after a login, whether the device that answered is the one that want (from the configuration) and the
// pin speak of. Nothing may be written before it returned nil.
func (p Pin) Matches(got, want Identity) error {
	for _, check := range []struct{ what, declared, pinned, got string }{
		{"serial number", want.Serial, p.Serial, got.Serial},
		{"MAC address", NormalMAC(want.MAC), NormalMAC(p.MAC), NormalMAC(got.MAC)},
		{"model", want.Model, "", got.Model},
	} {
		switch {
		case check.declared != "" && !strings.EqualFold(check.declared, check.got):
			return &MisdeclaredError{check.what, check.got, check.declared}
		case check.pinned != "" && !strings.EqualFold(check.pinned, check.got):
			return fmt.Errorf("its %s is %q, but %q was here before: %w", check.what, check.got, check.pinned, ErrIdentity)
		}
	}
	return nil
}

// Merge returns p with the fields that seen knows. An algorithm never becomes weaker. Once the next key was seen it is the only one:
// a run that began earlier, and saw the key before it, undoes nothing.
func (p Pin) Merge(seen Pin) Pin {
	switch {
	case seen.SPKI != "" && seen.SPKI == p.Next:
		p.Next, p.Past = "", p.SPKI
	case seen.SPKI != "" && seen.SPKI == p.Past:
		seen.SPKI = ""
	}
	if seen.Next != "" && seen.Next != cmp.Or(seen.SPKI, p.SPKI) {
		p.Next = seen.Next
	}
	for _, f := range []struct{ to, from *string }{
		{&p.SPKI, &seen.SPKI}, {&p.Realm, &seen.Realm}, {&p.Serial, &seen.Serial}, {&p.MAC, &seen.MAC},
	} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	if p.Algorithm != "SHA-256" && seen.Algorithm != "" {
		p.Algorithm = seen.Algorithm
	}
	return p
}

// KeyOf is the key of a certificate, as pins have it.
func KeyOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// NormalMAC writes a MAC address as ISAPI does, in lower case with colons; SADP writes dashes, and some door stations
// send a leading blank.
func NormalMAC(text string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), "-", ":"))
}

func short(spki string) string {
	if len(spki) > 23 {
		return spki[:23] + "…"
	}
	return spki
}
