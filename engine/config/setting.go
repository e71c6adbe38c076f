package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/schema"
)

// layer is the settings that one body declares, or several merged, by their address without the device.
type layer map[schema.Setting]*Setting

// merge lays layers over each other, attribute by attribute; later ones win. Where only one layer declares a setting, the
// result shares it.
func merge(layers ...layer) layer {
	merged := layer{}
	for _, l := range layers {
		for address, over := range l {
			if under, ok := merged[address]; ok {
				merged[address] = under.mergedWith(over)
			} else {
				merged[address] = over
			}
		}
	}
	return merged
}

// mergedWith is the setting with the attributes of over laid upon its own.
func (s *Setting) mergedWith(over *Setting) *Setting {
	merged := *over
	merged.Attributes = maps.Clone(s.Attributes)
	maps.Copy(merged.Attributes, over.Attributes)
	return &merged
}

// on puts the settings of a layer onto a device, in the order of their addresses.
func (l layer) on(device schema.Device) []*Setting {
	settings := make([]*Setting, 0, len(l))
	for _, s := range l {
		placed := *s
		placed.Address.Device = device
		settings = append(settings, &placed)
	}
	slices.SortFunc(settings, func(a, b *Setting) int { return a.Address.Compare(b.Address) })
	return settings
}

// origin says in which profile and rule a setting stands; empty for the block of a device, and for none.
type origin struct{ profile, rule string }

// settings reads the setting blocks of a body.
func (s scope) settings(sections []*section, from origin) layer {
	found := layer{}
	for _, section := range sections {
		kind := s.options.Kinds.Lookup(section.block.Type)
		if kind == nil { // identity, login, tls, lifecycle, consumer, rule or check
			continue
		}
		setting, ok := s.setting(kind, section, from)
		if !ok {
			continue
		}
		if first, ok := found[setting.Address]; ok {
			s.add(duplicateSetting.at(section.block.DefRange, "%s is already declared at %s, in the same block. Put the arguments of both into one.",
				setting.Address.Local(), line(first.Range)))
			continue
		}
		found[setting.Address] = setting
	}
	return found
}

func (s scope) setting(kind *schema.Kind, section *section, from origin) (*Setting, bool) {
	setting := &Setting{
		Address:    schema.Setting{Kind: kind.Name},
		Kind:       kind,
		Attributes: make(map[string]Attribute, len(section.attributes)),
		Range:      section.block.DefRange,
	}
	if kind.Keyed {
		key, ok := s.key(kind, section.block)
		if !ok {
			return nil, false
		}
		setting.Address.Key = key
	}
	s.about.Kind, s.about.Key = setting.Address.Kind, setting.Address.Key
	if s.about.Device.IsZero() {
		s.about = schema.Setting{}
	}
	for _, a := range kind.Attributes {
		attr := section.attributes[a.Name]
		if attr == nil {
			continue
		}
		v := s.attribute(kind, a, attr)
		if !v.IsNull() {
			setting.Attributes[a.Name] = Attribute{Value: v, Range: attr.Expr.Range(), Profile: from.profile, Rule: from.rule}
		}
	}
	if kind.IsAccount() {
		s.manage(setting, section, from)
	}
	return setting, true
}

func (s scope) key(kind *schema.Kind, block *hcl.Block) (string, bool) {
	key := block.Labels[0]
	switch {
	case key == "":
		s.add(unknownKey.at(block.LabelRanges[0], "The label of %s names an item and must not be empty.", kind.Name))
		return "", false
	case !kind.HasKey(key) && len(kind.Keys) > 0:
		s.add(unknownKey.at(block.LabelRanges[0], "There is no %s %s.%s", kind.Name, diag.Quote(key), suggest(key, kind.Keys)))
		return "", false
	case !kind.HasKey(key):
		s.add(unknownKey.at(block.LabelRanges[0], "%s cannot be the label of %s. %s", diag.Quote(key), kind.Name, kind.KeyDoc))
		return "", false
	case kind.Refuses != nil:
		if reasons := kind.Refuses(key); len(reasons) > 0 {
			s.add(unknownKey.at(block.LabelRanges[0], "%s", strings.Join(reasons, " ")))
			return "", false
		}
	}
	return key, true
}

// attribute is the value of one attribute of a setting: null if it says nothing, unknown and not secret if it is wrong.
func (s scope) attribute(kind *schema.Kind, a *schema.Attribute, attr *hcl.Attribute) cty.Value {
	v := s.value(attr.Expr)
	switch secret := hasSecret(v); {
	case a.Secret, secret && kind.CanConceal(a):
		v = s.concealed(attr, v, a.Type)
	case secret:
		s.add(secretExposed.at(attr.Expr.Range(), "%q is shown in plans: only free text that does not affect access may be secret. If one file holds settings and secrets, name the secret field itself: secret(\"sops:FILE#KEY\").", a.Name))
		return cty.UnknownVal(a.Type)
	default:
		v = s.convert(attr, v, a.Type)
	}
	if v.IsNull() || !v.IsKnown() {
		return v
	}
	if !s.possible(a, attr, schema.Reveal(v)) {
		return cty.UnknownVal(a.Type)
	}
	return v
}

// possible checks a known value against the enumeration and the bounds of its attribute. Secret values are not shown.
func (s scope) possible(a *schema.Attribute, attr *hcl.Attribute, v cty.Value) bool {
	plain, marks := v.Unmark()
	secret := a.Secret || len(marks) > 0
	for _, text := range texts(plain) {
		if !a.Lists(text) {
			s.add(impossibleValue.at(attr.Expr.Range(), "%s%q cannot have this value.%s", givenText(secret, text), a.Name, possible(a.Values)))
			return false
		}
	}
	for _, part := range schema.Parts(plain) {
		if a.Within(part) {
			continue
		}
		what := strconv.Quote(a.Name)
		if plain.CanIterateElements() {
			what = "Each element of " + what
		}
		s.add(valueOutOfRange.at(attr.Expr.Range(), "%s must be %s%s.", what, bounds(a, part), instead(secret, part)))
		return false
	}
	return true
}

// texts are the strings of a value: itself, or its elements.
func texts(v cty.Value) []string {
	var all []string
	for _, part := range schema.Parts(v) {
		if part.Type() == cty.String {
			all = append(all, part.AsString())
		}
	}
	return all
}

func givenText(secret bool, text string) string {
	if secret {
		return ""
	}
	return diag.Quote(text) + " was given, and "
}

// bounds puts the bounds of an attribute into words, for a value or an element of it.
func bounds(a *schema.Attribute, part cty.Value) string {
	var text string
	switch {
	case a.Min == nil:
		text = fmt.Sprintf("at most %d", *a.Max)
	case a.Max == nil:
		text = fmt.Sprintf("at least %d", *a.Min)
	default:
		text = fmt.Sprintf("from %d to %d", *a.Min, *a.Max)
	}
	switch {
	case part.Type() == cty.String:
		text += " characters long"
	case a.Unit != "":
		text += " " + a.Unit
	}
	return text
}

// instead says what was given instead, where that may be shown and helps.
func instead(secret bool, v cty.Value) string {
	switch {
	case secret:
		return ""
	case v.Type() == cty.Number:
		return ", not " + v.AsBigFloat().Text('g', -1)
	default:
		return ", not " + strconv.Itoa(utf8.RuneCountInString(v.AsString()))
	}
}

// dropWrong removes the attributes of a setting whose values are wrong, which was reported. What an item needs that
// does not exist yet is for the plan to say, which knows whether it exists.
func (s *Setting) dropWrong() {
	for name, declared := range s.Attributes {
		if !declared.Value.IsKnown() && !schema.IsSecret(declared.Value) {
			s.Attributes = maps.Clone(s.Attributes) // it may be shared with other devices
			delete(s.Attributes, name)
		}
	}
}
