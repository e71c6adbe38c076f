package guard

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/schema"
)

// world is what is known of the settings of a device after some of the steps of a plan were carried out. Settings that
// no step mentions are not known: they are as they are now.
type world struct {
	facts   []fact
	clients int // who is known to use the device, camform included
}

// clientsOf is how many are known to use a device: those who need a way in, who is logged in beside them, and camform.
func clientsOf(d plan.Device) int { return 1 + len(d.Ways) + len(d.Logins) }

// fact is a setting that a step mentions.
type fact struct {
	plan.Step
	kind   *schema.Kind // nil for one that the provider does not have
	guards []*schema.Guard
	done   bool // whether the step was carried out
}

// factOf is a setting before the step about it is carried out.
func factOf(s plan.Step, kinds *schema.Kinds) fact {
	f := fact{Step: s, kind: kinds.Lookup(s.Address.Kind)}
	if f.kind != nil {
		f.guards = f.kind.GuardsOf(s.Address.Key)
	}
	return f
}

// guard is what a setting decides in a role, and whether it does at all.
func (f fact) guard(role schema.Role) (*schema.Guard, bool) {
	i := slices.IndexFunc(f.guards, func(g *schema.Guard) bool { return g.Role == role })
	if i < 0 {
		return nil, false
	}
	return f.guards[i], true
}

// decides reports whether a setting has to do with ways in at all.
func (f fact) decides() bool { return f.kind == nil || len(f.guards) > 0 || f.opaque() }

// opaque reports whether a setting may close any way in, and its values do not tell.
func (f fact) opaque() bool { return f.kind == nil || f.kind.Opaque(f.Address.Key) }

// account is the role of a setting that is an account by which a way in could log in.
func (f fact) account(v way) (*schema.Guard, bool) {
	g, ok := f.guard(schema.Accounts)
	return g, ok && g.Counts(v.scheme)
}

// relied reports whether a setting may serve as a proof that something is open. Those of a user's own setting files only
// add refusals.
func (f fact) relied() bool { return f.kind != nil && !f.kind.Own }

// newWorld is the world in which none of the steps was carried out yet. Settings that are only forgotten are left out:
// forgetting touches no device.
func newWorld(d plan.Device, kinds *schema.Kinds) world {
	w := world{clients: clientsOf(d)}
	for _, s := range d.Steps {
		if s.Action != plan.Forget {
			w.facts = append(w.facts, factOf(s, kinds))
		}
	}
	return w
}

// with is the world after some steps more. Of a staged step it may be the first or the second request.
func (w world) with(steps []plan.Step) world {
	facts := make([]fact, len(w.facts))
	for i, f := range w.facts {
		facts[i] = f
		for _, s := range steps {
			if s.Address == f.Address {
				facts[i].Step, facts[i].done = s, true
			}
		}
	}
	return world{facts, w.clients}
}

// after are the worlds that steps which leave together lead to, one after the other: first that of their stages, if they have
// any, and last that in which all of them were carried out.
func (w world) after(steps []plan.Step) []world {
	worlds := []world{w.with(steps)}
	if requests := (plan.Group{Steps: steps}).Requests(); len(requests) > 1 {
		return append([]world{w.with(requests[0].Steps)}, worlds...)
	}
	return worlds
}

// there reports whether the device has the setting.
func (f fact) there() bool {
	if f.done {
		return f.Action != plan.Delete
	}
	return f.Action != plan.Create
}

// value is an attribute: the wanted one if the step was carried out and wants one, else the one that the device had. It is
// null if that is not known.
func (f fact) value(attribute string) cty.Value {
	if f.done {
		if v := valueIn(f.After, attribute); !v.IsNull() {
			return v
		}
	}
	return f.had(attribute)
}

// had is an attribute as it was before the step; null if the device does not say.
func (f fact) had(attribute string) cty.Value { return valueIn(f.Before, attribute) }

// moved reports whether the step was carried out and changes an attribute.
func (f fact) moved(attribute string) bool { return f.done && changes(f.Step, attribute) }

// changes reports whether a step gives an attribute another value.
func changes(s plan.Step, attribute string) bool {
	for _, w := range s.Why {
		if w.Attribute == attribute {
			return true
		}
	}
	return false
}

func valueIn(object cty.Value, attribute string) cty.Value {
	if object == cty.NilVal || object.IsNull() || !object.Type().IsObjectType() || !object.Type().HasAttribute(attribute) {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return object.GetAttr(attribute)
}

func isTrue(v cty.Value) bool  { return v.RawEquals(cty.True) }
func isFalse(v cty.Value) bool { return v.RawEquals(cty.False) }

// text is a text, or "" for what is none.
func text(v cty.Value) string {
	if v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// texts are the texts of a list or a set.
func texts(v cty.Value) []string {
	if v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	var all []string
	for _, element := range v.AsValueSlice() {
		all = append(all, text(element))
	}
	return all
}

// number is a whole number, or 0 for what is none.
func number(v cty.Value) int64 {
	if v.IsNull() || v.Type() != cty.Number {
		return 0
	}
	n, _ := v.AsBigFloat().Int64()
	return n
}
