package schema

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// TestWordsThatNobodyCanDeclareStay: a device may have words that its setting file does not list.
func TestWordsThatNobodyCanDeclareStay(t *testing.T) {
	set := func(words ...string) cty.Value {
		var members []cty.Value
		for _, word := range words {
			members = append(members, cty.StringVal(word))
		}
		return setOf(members)
	}
	a := &Attribute{Type: cty.Set(cty.String), Values: []string{"center", "email"}}
	for name, tc := range map[string]struct {
		a                *Attribute
		want, have, kept cty.Value
	}{
		"a strange word":        {a, set("email"), set("center", "whiteLight"), set("email", "whiteLight")},
		"nothing wanted":        {a, set(), set("whiteLight"), set("whiteLight")},
		"no strange word":       {a, set("email"), set("center"), set("email")},
		"any word":              {&Attribute{Type: cty.Set(cty.String)}, set("a"), set("b"), set("a")},
		"a single word":         {&Attribute{Type: cty.String, Values: []string{"a"}}, cty.StringVal("a"), cty.StringVal("b"), cty.StringVal("a")},
		"not known yet":         {a, cty.UnknownVal(a.Type), set("whiteLight"), cty.UnknownVal(a.Type)},
		"a device without it":   {a, set("email"), cty.NullVal(a.Type), set("email")},
		"wanted as it is there": {a, set("email", "whiteLight"), set("whiteLight"), set("email", "whiteLight")},
	} {
		if got := tc.a.Keeping(tc.want, tc.have); !got.RawEquals(tc.kept) {
			t.Errorf("%s: %#v, want %#v", name, got, tc.kept)
		}
	}
	if got := a.Known(set("center", "whiteLight")); !got.RawEquals(set("center")) {
		t.Errorf("of what is there, %#v can be declared", got)
	}
}
