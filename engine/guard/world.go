package guard

import (
	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
)

// world is what is known of the settings of a device after some of the steps of a plan were carried out. Settings of
// which no step speaks are not known: they are as they are now.
type world struct {
	facts []fact
}

// fact is a setting of which a step speaks.
type fact struct {
	plan.Step
	done bool // whether the step was carried out
}

// newWorld is the world in which none of the steps was carried out yet. Settings that are only forgotten are left out:
// forgetting touches no device.
func newWorld(steps []plan.Step) world {
	var w world
	for _, s := range steps {
		if s.Action != plan.Forget {
			w.facts = append(w.facts, fact{Step: s})
		}
	}
	return w
}

// with is the world after some steps more.
func (w world) with(steps []plan.Step) world {
	facts := make([]fact, len(w.facts))
	for i, f := range w.facts {
		facts[i] = f
		for _, s := range steps {
			facts[i].done = facts[i].done || s.Address == f.Address
		}
	}
	return world{facts}
}

// fact is what is known of a setting, and whether anything is.
func (w world) fact(kind, key string) (fact, bool) {
	for _, f := range w.facts {
		if f.Address.Kind == kind && f.Address.Key == key {
			return f, true
		}
	}
	return fact{}, false
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
