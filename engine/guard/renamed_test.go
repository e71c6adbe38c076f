package guard

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

// other is put in front of the names of kinds and attributes.
const other = "other_"

// renamedKinds are the kinds of the program under other names, with attributes of other names.
func renamedKinds() *schema.Kinds {
	rename := func(names ...*string) {
		for _, name := range names {
			if *name != "" {
				*name = other + *name
			}
		}
	}
	var all []*schema.Kind
	for _, k := range builtIn().All() {
		rename(&k.Name)
		for _, a := range k.Attributes {
			rename(&a.Name)
		}
		for _, g := range k.Guards {
			rename(&g.Enabled, &g.Mode, &g.List, &g.Port, &g.Minimum, &g.Keeps, &g.Algorithm, &g.Method, &g.Level, &g.Password,
				&g.Rights, &g.Attempts, &g.Version, &g.V4Address, &g.V6Address, &g.By, &g.Most)
			for _, list := range [][]string{g.Renews, g.V4, g.V6, g.Cuts} {
				for i := range list {
					rename(&list[i])
				}
			}
		}
		all = append(all, k)
	}
	return schema.NewKinds(all...)
}

// renamed is a device whose steps are about kinds of other names.
func renamed(d plan.Device) plan.Device {
	object := func(v cty.Value) cty.Value {
		if v == cty.NilVal || v.IsNull() {
			return v
		}
		attributes := map[string]cty.Value{}
		for name, value := range v.AsValueMap() {
			attributes[other+name] = value
		}
		return cty.ObjectVal(attributes)
	}
	d.Steps = slices.Clone(d.Steps)
	for i := range d.Steps {
		s := &d.Steps[i]
		s.Address.Kind = other + s.Address.Kind
		s.Before, s.After, s.Why = object(s.Before), object(s.After), slices.Clone(s.Why)
		for j := range s.Why {
			s.Why[j].Attribute = other + s.Why[j].Attribute
		}
		secrets := maps.Clone(s.Secrets)
		for name, secret := range secrets {
			delete(secrets, name)
			secrets[other+name] = secret
		}
		s.Secrets = secrets
	}
	return d
}

func TestI9TheGuardKnowsNoKindByItsName(t *testing.T) {
	theirs := renamedKinds()
	same := func(t *testing.T, d plan.Device) {
		t.Helper()
		told := func(problems diag.Problems) string {
			var all []string
			for _, p := range problems {
				all = append(all, string(p.Code)+" "+p.Address.Local()+" "+p.Detail)
			}
			return strings.ReplaceAll(strings.Join(all, "\n"), other, "")
		}
		if have, want := told(Prove(renamed(d), theirs)), told(Prove(d, kinds)); have != want {
			t.Errorf("under other names it says\n%s\nand not\n%s", have, want)
		}
		groups := func(d plan.Device, kinds *schema.Kinds) []bool {
			var all []bool
			for _, s := range d.Steps {
				all = append(all, Trials(plan.Group{Steps: []plan.Step{s}}, kinds))
			}
			return all
		}
		if have, want := groups(renamed(d), theirs), groups(d, kinds); !slices.Equal(have, want) {
			t.Errorf("under other names the steps are on trial %v, and not %v", have, want)
		}
	}
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			same(t, p.shut.Device)
			same(t, p.open.Device)
		})
	}
}
