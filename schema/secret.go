package schema

import (
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Secret is the cty mark of a value that must never be shown or stored. It says where the value comes from, so that a
// plan can name the origin and apply can fetch the value again.
//
// A mark spreads to everything computed from the value. A value computed from a secret carries the mark of its parts,
// but is no longer what the origin yields: see Origin.
type Secret struct {
	Origin string // "env:NAME", "file:PATH" or "var.NAME"; never a value
}

// MarkSecret returns v with the mark of its origin.
func MarkSecret(v cty.Value, origin string) cty.Value { return v.Mark(Secret{Origin: origin}) }

// IsSecret reports whether v itself carries a Secret mark.
func IsSecret(v cty.Value) bool {
	for mark := range v.Marks() {
		if _, ok := mark.(Secret); ok {
			return true
		}
	}
	return false
}

// Origin returns the one origin that v was read from. It is empty when v is no secret or was mixed from several.
func Origin(v cty.Value) string {
	var found []string
	for mark := range v.Marks() {
		if s, ok := mark.(Secret); ok {
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
