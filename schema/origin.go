package schema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// SecretMark is the cty mark of a value that must never be shown or stored. It says where the value comes from, so that a
// plan can name the origin and apply can fetch the value again.
//
// A mark spreads to everything computed from the value. A value computed from a secret carries the mark of its parts,
// but is no longer what the origin yields: see Origin.
type SecretMark struct {
	Origin string // "env:NAME", "file:PATH" or "var.NAME"; never a value
}

// MarkSecret returns v with the mark of its origin.
func MarkSecret(v cty.Value, origin string) cty.Value { return v.Mark(SecretMark{Origin: origin}) }

// IsSecret reports whether v itself carries a SecretMark.
func IsSecret(v cty.Value) bool {
	for mark := range v.Marks() {
		if _, ok := mark.(SecretMark); ok {
			return true
		}
	}
	return false
}

// Origin returns the one origin that v was read from. It is empty when v is no secret or was mixed from several.
func Origin(v cty.Value) string {
	var found []string
	for mark := range v.Marks() {
		if s, ok := mark.(SecretMark); ok {
			found = append(found, s.Origin)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// OriginScheme splits an origin into its scheme and the rest: "env" and "NAME". Both are empty for an origin without one.
func OriginScheme(origin string) (scheme, rest string) {
	scheme, rest, ok := strings.Cut(origin, ":")
	if !ok {
		return "", ""
	}
	return scheme, rest
}

// Schemes of origins that need more knowledge than how they are written.
const (
	OriginCommand = "exec"  // what a command prints
	OriginVault   = "vault" // what the vault of the state holds
)

// originForms are the schemes of origins, each with how the whole is written.
var originForms = []struct{ scheme, form string }{
	{OriginVault, "vault:NAME"},
	{"env", "env:NAME"},
	{"file", "file:PATH"},
	{"sops", "sops:FILE#KEY"},
	{"kv", "kv:MOUNT/PATH#KEY"},
	{OriginCommand, "exec:COMMAND ARGUMENT"},
}

// OriginSchemes are the schemes of origins.
func OriginSchemes() []string {
	var all []string
	for _, f := range originForms {
		all = append(all, f.scheme)
	}
	return all
}

// Errors of origins.
var (
	ErrOrigin = errors.New("not the origin of a secret") // the text is not written like one
	ErrAbsent = errors.New("secret is absent")           // there is no value at the origin
)

// CheckOrigin reports whether a text is written like the origin of a secret: a known scheme, and something behind it. The
// error wraps ErrOrigin and says how origins are written.
func CheckOrigin(origin string) error {
	scheme, rest := OriginScheme(origin)
	var forms []string
	for _, f := range originForms {
		if f.scheme == scheme && rest != "" && (!strings.Contains(f.form, "#") || hasKey(rest)) {
			return nil
		}
		forms = append(forms, f.form)
	}
	return fmt.Errorf("%w: it is written like %s or %s", ErrOrigin, strings.Join(forms[:len(forms)-1], ", "), forms[len(forms)-1])
}

// hasKey reports whether a text names a place and a key in it, like "secrets.yaml#gate".
func hasKey(rest string) bool {
	place, key, ok := strings.Cut(rest, "#")
	return ok && place != "" && key != ""
}
