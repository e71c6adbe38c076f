package schema_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

func TestBoundsAreThoseOfNumbersAndLengths(t *testing.T) {
	low, high := int64(2), int64(4)
	both := &schema.Attribute{Min: &low, Max: &high}
	for _, c := range []struct {
		a      *schema.Attribute
		v      cty.Value
		within bool
	}{
		{both, cty.NumberIntVal(1), false},
		{both, cty.NumberIntVal(2), true},
		{both, cty.NumberIntVal(4), true},
		{both, cty.NumberFloatVal(4.5), false},
		{both, cty.StringVal("a"), false},
		{both, cty.StringVal("äöüß"), true}, // four characters in eight bytes
		{both, cty.StringVal("abcde"), false},
		{both, cty.True, true},
		{&schema.Attribute{Min: &low}, cty.NumberIntVal(9), true},
		{&schema.Attribute{Max: &high}, cty.NumberIntVal(-9), true},
		{&schema.Attribute{}, cty.StringVal(""), true},
	} {
		if got := c.a.Within(c.v); got != c.within {
			t.Errorf("%#v within %v to %v: %v", c.v, c.a.Min, c.a.Max, got)
		}
	}
	parts := schema.Parts(cty.SetVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}))
	if len(parts) != 2 || len(schema.Parts(cty.True)) != 1 {
		t.Errorf("parts %v", parts)
	}
}

func TestKeysAreListedOrMatchedAsAWhole(t *testing.T) {
	for _, c := range []struct {
		kind schema.Kind
		key  string
		has  bool
	}{
		{schema.Kind{}, "anything", true},
		{schema.Kind{Keys: []string{"1", "2"}}, "2", true},
		{schema.Kind{Keys: []string{"1", "2"}}, "3", false},
		{schema.Kind{KeyPattern: "[0-9]+|x"}, "12", true},
		{schema.Kind{KeyPattern: "[0-9]+|x"}, "x", true},
		{schema.Kind{KeyPattern: "[0-9]+|x"}, "12a", false},
		{schema.Kind{KeyPattern: "[0-9]+|x"}, "ax", false},
	} {
		if got := c.kind.HasKey(c.key); got != c.has {
			t.Errorf("%v %q has %q: %v", c.kind.Keys, c.kind.KeyPattern, c.key, got)
		}
	}
	if a := (&schema.Attribute{Values: []string{"a"}}); !a.Lists("a") || a.Lists("b") || !(&schema.Attribute{}).Lists("b") {
		t.Error("the values of an attribute are the only ones, and without values there are all")
	}
}
