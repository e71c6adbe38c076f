package providertest

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// samples are texts of the forms that attributes of settings have. Check says which of them an attribute takes.
var samples = []string{
	"probe", "probe.example.com", "192.0.2.77", "2001:db8::77", "Sample-2468", "Other+1357",
	"UTC-3", "CST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00",
}

// candidates are values to try for an attribute that has the value have at present, which may be null. Those that are legal
// by the schema are in the list; whether the device takes them is another question.
func candidates(a *schema.Attribute, have cty.Value) []cty.Value {
	switch {
	case a.Type == cty.Bool:
		if have.IsNull() {
			return []cty.Value{cty.True, cty.False}
		}
		return []cty.Value{have.Not()}
	case a.Type == cty.Number:
		return numbers(a, have)
	case a.Type == cty.String:
		return texts(a)
	default:
		return collections(a, have)
	}
}

// numbers are those beside the present one and the bounds.
func numbers(a *schema.Attribute, have cty.Value) []cty.Value {
	var list []cty.Value
	if !have.IsNull() {
		list = append(list, have.Add(cty.NumberIntVal(1)), have.Subtract(cty.NumberIntVal(1)))
	}
	for _, bound := range []*int64{a.Min, a.Max} {
		if bound != nil {
			list = append(list, cty.NumberIntVal(*bound))
		}
	}
	return slices.DeleteFunc(list, func(v cty.Value) bool {
		return a.Min != nil && v.LessThan(cty.NumberIntVal(*a.Min)).True() ||
			a.Max != nil && v.GreaterThan(cty.NumberIntVal(*a.Max)).True()
	})
}

func texts(a *schema.Attribute) []cty.Value {
	words := slices.Concat([]string{a.Example}, samples)
	if len(a.Values) > 0 {
		words = a.Values
	}
	var list []cty.Value
	for _, word := range words {
		n := int64(len(word))
		if word == "" || a.Min != nil && n < *a.Min || a.Max != nil && n > *a.Max {
			continue
		}
		list = append(list, cty.StringVal(word))
	}
	return list
}

// collections are the present members and one more, one alone, and none.
func collections(a *schema.Attribute, have cty.Value) []cty.Value {
	collection := func(members ...cty.Value) cty.Value {
		switch {
		case a.Type.IsSetType() && len(members) == 0:
			return cty.SetValEmpty(cty.String)
		case a.Type.IsSetType():
			return cty.SetVal(members)
		case len(members) == 0:
			return cty.ListValEmpty(cty.String)
		default:
			return cty.ListVal(members)
		}
	}
	one := cty.StringVal("192.0.2.77")
	var members []cty.Value
	if !have.IsNull() {
		members = have.AsValueSlice()
	}
	return []cty.Value{collection(append(members, one)...), collection(one), collection()}
}
