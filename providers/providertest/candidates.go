package providertest

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// samples are texts of the forms that attributes of settings have. Check says which of them an attribute takes.
var samples = []string{
	"probe", "probe.example.com", "192.0.2.77", "2001:db8::77", "Sample-2468", "Other+1357",
	"UTC-3", "CST+5:00:00DST01:00:00,M3.2.0/02:00:00,M11.1.0/02:00:00",
}

// newcomers are members of the forms that lists and sets have, which no device has already.
var newcomers = []string{"192.0.2.77", "probe@example.com", "00:00:5e:00:53:77"}

// candidates are values to try for an attribute that has the value have at present, which may be null. Those that are legal
// by the schema are in the list; whether the device takes them is another question.
func candidates(a *schema.Attribute, have cty.Value) []cty.Value {
	have = schema.Reveal(have)
	switch {
	case a.Type == cty.Bool:
		if have.IsNull() {
			return []cty.Value{cty.True, cty.False}
		}
		return []cty.Value{have.Not()}
	case a.Type == cty.Number:
		return numbers(a, have)
	case a.Type == cty.String:
		if near := neighbours(have); near != nil {
			return near
		}
		return append(texts(words(a)), formed(a, have)...)
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

func words(a *schema.Attribute) []string {
	all := slices.Concat([]string{a.Example}, samples)
	if len(a.Values) > 0 {
		all = slices.Clone(a.Values)
	}
	return slices.DeleteFunc(all, func(word string) bool {
		n := int64(len(word))
		return word == "" || a.Min != nil && n < *a.Min || a.Max != nil && n > *a.Max
	})
}

func texts(words []string) []cty.Value {
	var list []cty.Value
	for _, word := range words {
		list = append(list, cty.StringVal(word))
	}
	return list
}

// neighbours is the next address after one, in the same network: devices take no other for an interface whose router stays.
func neighbours(have cty.Value) []cty.Value {
	if have.IsNull() {
		return nil
	}
	if prefix, err := netip.ParsePrefix(have.AsString()); err == nil {
		return []cty.Value{cty.StringVal(netip.PrefixFrom(prefix.Addr().Next(), prefix.Bits()).String())}
	}
	if address, err := netip.ParseAddr(have.AsString()); err == nil && address.IsLoopback() {
		return []cty.Value{cty.StringVal(address.Next().String())}
	}
	return nil
}

// formed are texts of the form of the present one, where any text is legal and that is a truth value or a number.
func formed(a *schema.Attribute, have cty.Value) []cty.Value {
	if have.IsNull() || len(a.Values) > 0 {
		return nil
	}
	text := have.AsString()
	if is, err := strconv.ParseBool(text); err == nil && len(text) > 1 {
		return []cty.Value{cty.StringVal(strconv.FormatBool(!is))}
	}
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		return []cty.Value{cty.StringVal(strconv.FormatInt(n+1, 10))}
	}
	return nil
}

// collections are the present members and one more, one alone, all but one, none, and those of the example. Where the schema lists the members
// that there can be, each that is not there is the one more.
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
	var members []cty.Value
	if !have.IsNull() {
		members = have.AsValueSlice()
	}
	list := []cty.Value{collection()}
	if example := exampleMembers(a); len(example) > 0 {
		list = append(list, collection(example...))
	}
	for _, text := range newcomers {
		one := cty.StringVal(text)
		list = append(list, collection(append(slices.Clip(members), one)...), collection(one))
	}
	if len(members) > 1 {
		list = append(list, collection(members[1:]...))
	}
	for _, word := range a.Values {
		if value := cty.StringVal(word); !slices.ContainsFunc(members, value.RawEquals) {
			list = append(list, collection(append(slices.Clip(members), value)...))
		}
	}
	return list
}

// exampleMembers are the members of the example that the setting file gives.
func exampleMembers(a *schema.Attribute) []cty.Value {
	expr, diags := hclsyntax.ParseExpression([]byte(a.Example), a.Name, hcl.InitialPos)
	if diags.HasErrors() {
		return nil
	}
	value, diags := expr.Value(nil)
	if diags.HasErrors() || !value.CanIterateElements() {
		return nil
	}
	return value.AsValueSlice()
}
