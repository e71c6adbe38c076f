package guard

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// Stage gives steps that make a filter count for more than before a stage, so that no list counts that the device cut. The
// documents are those of the device, and the composer says what they have room for.
//
//   - A filter that is switched on, or whose list changes its meaning, is written while it is off, and switched on once it
//     reads back.
//   - The list of a filter that is on and allows is first written together with what it had, and reduced once that reads
//     back. Where the device has no room for both it changes at once.
//
// A list that stays as it was read needs no stage, nor does one that only grows or only shrinks.
func Stage(steps []plan.Step, kinds *schema.Kinds, c providers.Composer, docs providers.Documents) []plan.Step {
	staged := slices.Clone(steps)
	for i, s := range staged {
		f := factOf(s, kinds)
		if f.kind == nil || s.Action != plan.Update {
			continue
		}
		for _, role := range []schema.Role{schema.AddressFilter, schema.HardwareFilter} {
			if g, ok := f.guard(role); ok {
				staged[i].Stage = stager{c, docs}.stage(f, g)
			}
		}
	}
	return staged
}

// Sources are the addresses and networks from which the ways in to a device come, camform's own first, if they are known.
func Sources(d plan.Device) []string {
	sources := []string{d.Source}
	for _, w := range d.Ways {
		sources = append(sources, w.Source)
	}
	return slices.DeleteFunc(sources, func(s string) bool { return !sourceOf(s).IsValid() })
}

// stager finds stages.
type stager struct {
	providers.Composer
	documents providers.Documents
}

// stage is what a filter has to read back as before a change of it may leave; NilVal where it may leave at once.
func (s stager) stage(f fact, g *schema.Guard) cty.Value {
	was, had, list := f.had(g.Enabled), f.had(g.List), f.kind.Attribute(g.List)
	meant := modeOf(g, f.had(g.Mode))
	f.done = true
	mode, has := modeOf(g, f.value(g.Mode)), f.value(g.List)
	sameList := s.same(f.kind, list, has, had)
	switch {
	case isFalse(f.value(g.Enabled)), sameList && mode == meant:
		return cty.NilVal
	case isFalse(was), was.IsNull() && changes(f.Step, g.Enabled), isTrue(was) && mode != meant:
		return withValue(f.After, g.Enabled, cty.False)
	case mode == "deny", had.IsNull(), sameList:
		return cty.NilVal
	}
	both := union(list.Type, had, has)
	if s.same(f.kind, list, both, has) || s.same(f.kind, list, both, had) || !s.fits(f, list, both) {
		return cty.NilVal
	}
	return withValue(f.After, g.List, both)
}

// same reports whether two lists mean the same to the device.
func (s stager) same(kind *schema.Kind, list *schema.Attribute, a, b cty.Value) bool {
	if a.IsNull() || b.IsNull() {
		return a.IsNull() == b.IsNull()
	}
	return s.Same(kind, list, a, b)
}

// fits reports whether the device has room for a list.
func (s stager) fits(f fact, list *schema.Attribute, value cty.Value) bool {
	want := map[string]cty.Value{}
	for _, a := range f.kind.Attributes {
		want[a.Name] = cty.NullVal(a.Type)
	}
	want[list.Name] = value
	wrong := s.Check(f.kind, s.documents, f.Address.Key, cty.ObjectVal(want))
	return !slices.ContainsFunc(wrong, func(w providers.AttributeError) bool { return w.Attribute == list.Name })
}

// union has what either of two lists has: what the first has, and then what only the second has.
func union(t cty.Type, first, second cty.Value) cty.Value {
	all := first.AsValueSlice()
	for _, v := range second.AsValueSlice() {
		if !slices.ContainsFunc(all, v.RawEquals) {
			all = append(all, v)
		}
	}
	if t.IsSetType() {
		return cty.SetVal(all)
	}
	return cty.ListVal(all)
}

func withValue(object cty.Value, attribute string, v cty.Value) cty.Value {
	values := object.AsValueMap()
	values[attribute] = v
	return cty.ObjectVal(values)
}
