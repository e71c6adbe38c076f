package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
)

// Allowances are kinds, and attributes like "system.location", that may be written although too little is known of them, each
// with the reason that was given, which may be empty. A change that could close the way in unseen needs
// a reason for its kind.
type Allowances map[string]string

// allowed unites allowances. Of several reasons for one thing the last counts; no reason takes none away.
func allowed(lists ...Allowances) Allowances {
	all := Allowances{}
	for _, list := range lists {
		for name, reason := range list {
			if reason != "" || all[name] == "" {
				all[name] = reason
			}
		}
	}
	return all
}

// allowed unites what profiles allow with more, in the order in which they are merged.
func (l *loader) allowed(profiles []string, more Allowances) Allowances {
	var lists []Allowances
	for _, name := range profiles {
		lists = append(lists, l.unproven[name])
	}
	return allowed(append(lists, more)...)
}

// Activation is the name in allow_unproven of the first password of a device that answers nothing but a search.
const Activation = "activation"

// unprovenKinds reads an argument allow_unproven: a list of names of kinds or of attributes like "system.location", or a map
// from such names to reasons.
func (s scope) unprovenKinds(attr *hcl.Attribute) Allowances {
	given := Allowances{}
	wanted := s.allowances(attr)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		kindName, attribute, one := strings.Cut(name, ".")
		kind := s.options.Kinds.Lookup(kindName)
		switch {
		case name == Activation:
			given[name] = wanted[name]
		case kind == nil:
			s.add(unknownKind.at(attr.Expr.Range(), "There is no kind of setting named %q.%s", kindName, suggest(kindName, s.options.Kinds.Names())))
		case one && kind.Attribute(attribute) == nil:
			s.add(unknownKind.at(attr.Expr.Range(), "%s has no attribute %q.%s", kindName, attribute, suggest(attribute, attributeNames(kind))))
		default:
			given[name] = wanted[name]
		}
	}
	return given
}

// clockJumpOf reads an argument accept_clock_jump: why the clock of a device may jump. It is as inherited where it is missing or null.
func clockJumpOf(s scope, attr *hcl.Attribute, inherited string) string {
	reason, ok := s.text(attr)
	if !ok {
		return inherited
	}
	if strings.TrimSpace(reason) == "" {
		s.add(impossibleValue.at(attr.Expr.Range(), "Say why the clock may jump, such as \"new installation, nothing is recorded yet\"."))
	}
	return strings.TrimSpace(reason)
}

// clockJump is what the last of several profiles says that speaks of it.
func (l *loader) clockJump(profiles []string) (reason string) {
	for _, name := range profiles {
		reason = cmp.Or(l.clockJumps[name], reason)
	}
	return reason
}

// allowances reads both forms of allow_unproven.
func (s scope) allowances(attr *hcl.Attribute) Allowances {
	given := Allowances{}
	if attr == nil {
		return given
	}
	if _, diags := hcl.ExprMap(attr.Expr); diags.HasErrors() {
		for _, name := range s.words(attr) {
			given[name] = ""
		}
		return given
	}
	v := s.argument(attr, cty.Map(cty.String))
	if v.IsNull() || !v.IsKnown() {
		return given
	}
	for name, value := range v.AsValueMap() {
		reason := strings.TrimSpace(value.AsString())
		if reason == "" {
			s.add(impossibleValue.at(attr.Expr.Range(), "Say why %s may be written: what was tried, and on which device.", diag.Quote(name)))
			continue
		}
		given[name] = reason
	}
	return given
}
