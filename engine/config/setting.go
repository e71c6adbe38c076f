package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
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

// settings reads the setting blocks of a body. profile is the name of the profile that they stand in, or empty.
func (s scope) settings(o *outline, profile string) layer {
	found := layer{}
	for _, section := range o.sections {
		kind := s.options.Kinds.Lookup(section.block.Type)
		if kind == nil { // identity, login, tls or lifecycle
			continue
		}
		setting, ok := s.setting(kind, section, profile)
		if !ok {
			continue
		}
		if first, ok := found[setting.Address]; ok {
			s.add(duplicateSetting.at(section.block.DefRange, "%s is declared at %s already, in the same block. Put the arguments of both into one.",
				setting.Address.Local(), line(first.Range)))
			continue
		}
		found[setting.Address] = setting
	}
	return found
}

func (s scope) setting(kind *schema.Kind, section *section, profile string) (*Setting, bool) {
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
		v := s.attribute(a, attr)
		if !v.IsNull() {
			setting.Attributes[a.Name] = Attribute{Value: v, Range: attr.Expr.Range(), Profile: profile}
		}
	}
	return setting, true
}

func (s scope) key(kind *schema.Kind, block *hcl.Block) (string, bool) {
	key := block.Labels[0]
	switch {
	case key == "":
		s.add(unknownKey.at(block.LabelRanges[0], "The label of %s names an item and must not be empty.", kind.Name))
		return "", false
	case len(kind.Keys) > 0 && !slices.Contains(kind.Keys, key):
		s.add(unknownKey.at(block.LabelRanges[0], "There is no %s %s.%s", kind.Name, diag.Quote(key), suggest(key, kind.Keys)))
		return "", false
	}
	return key, true
}

// attribute is the value of one attribute of a setting: null if it says nothing, unknown and not secret if it is wrong.
func (s scope) attribute(a *schema.Attribute, attr *hcl.Attribute) cty.Value {
	read := s.argument
	if a.Secret {
		read = s.secret
	}
	v := read(attr, a.Type)
	if v.IsNull() || !v.IsKnown() {
		return v
	}
	if !s.possible(a, attr, v) {
		return cty.UnknownVal(a.Type)
	}
	return v
}

// possible checks a known value against the enumeration and the bounds of its attribute. Secret values are not shown.
func (s scope) possible(a *schema.Attribute, attr *hcl.Attribute, v cty.Value) bool {
	plain, _ := v.Unmark()
	for _, text := range texts(plain) {
		if len(a.Values) > 0 && !slices.Contains(a.Values, text) {
			s.add(impossibleValue.at(attr.Expr.Range(), "%s%q cannot have this value.%s", shown(a, text), a.Name, possible(a.Values)))
			return false
		}
	}
	if !within(a, plain) {
		s.add(valueOutOfRange.at(attr.Expr.Range(), "%q must be %s%s.", a.Name, bounds(a), instead(a, plain)))
		return false
	}
	return true
}

// texts are the strings of a value: itself, or its elements.
func texts(v cty.Value) []string {
	switch {
	case v.Type() == cty.String:
		return []string{v.AsString()}
	case v.CanIterateElements():
		var all []string
		for _, element := range v.Elements() {
			all = append(all, element.AsString())
		}
		return all
	default:
		return nil
	}
}

func shown(a *schema.Attribute, text string) string {
	if a.Secret {
		return ""
	}
	return diag.Quote(text) + " was given, and "
}

// within reports whether a number, or the length of a string, lies within the bounds of its attribute.
func within(a *schema.Attribute, v cty.Value) bool {
	var n cty.Value
	switch v.Type() {
	case cty.Number:
		n = v
	case cty.String:
		n = cty.NumberIntVal(int64(utf8.RuneCountInString(v.AsString())))
	default:
		return true
	}
	return (a.Min == nil || n.GreaterThanOrEqualTo(cty.NumberIntVal(*a.Min)).True()) &&
		(a.Max == nil || n.LessThanOrEqualTo(cty.NumberIntVal(*a.Max)).True())
}

// bounds puts the bounds of an attribute into words.
func bounds(a *schema.Attribute) string {
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
	case a.Type == cty.String:
		text += " characters long"
	case a.Unit != "":
		text += " " + a.Unit
	}
	return text
}

// instead says what was given instead, where that may be shown and helps.
func instead(a *schema.Attribute, v cty.Value) string {
	switch {
	case a.Secret:
		return ""
	case a.Type == cty.Number:
		return ", not " + v.AsBigFloat().Text('g', -1)
	default:
		return ", not " + strconv.Itoa(utf8.RuneCountInString(v.AsString()))
	}
}

// completeSetting reports attributes that a merged setting lacks, and drops those whose values are wrong.
func (s scope) completeSetting(setting *Setting) {
	s.about = setting.Address
	var missing []string
	for _, a := range setting.Kind.Attributes {
		declared, ok := setting.Attributes[a.Name]
		switch {
		case !ok && a.Required:
			missing = append(missing, a.Name)
		case ok && !declared.Value.IsKnown() && !schema.IsSecret(declared.Value):
			setting.Attributes = maps.Clone(setting.Attributes)
			delete(setting.Attributes, a.Name)
		}
	}
	if len(missing) > 0 {
		verb := "is"
		if len(missing) > 1 {
			verb = "are"
		}
		s.add(missingAttribute.at(setting.Range, "%s needs %s, which %s declared neither here nor in a profile.",
			setting.Address.Local(), list(missing), verb))
	}
}
