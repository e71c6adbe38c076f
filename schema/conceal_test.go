package schema_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// TestOnlyFreeTextsMayBeSecret asks for every part that an attribute can play.
func TestOnlyFreeTextsMayBeSecret(t *testing.T) {
	text := func(name string) *schema.Attribute { return &schema.Attribute{Name: name, Type: cty.String} }
	plain := &schema.Kind{}
	if !plain.CanConceal(text("a")) {
		t.Error("a free text cannot be secret")
	}
	for name, test := range map[string]struct {
		kind *schema.Kind
		a    *schema.Attribute
	}{
		"a number":          {plain, &schema.Attribute{Name: "a", Type: cty.Number}},
		"a list":            {plain, &schema.Attribute{Name: "a", Type: cty.List(cty.String)}},
		"one of few":        {plain, &schema.Attribute{Name: "a", Type: cty.String, Values: []string{"x", "y"}}},
		"a name":            {&schema.Kind{DeviceName: "a"}, text("a")},
		"another's address": {&schema.Kind{Consumes: &schema.Consumes{Address: "a"}}, text("a")},
		"another's account": {&schema.Kind{Consumes: &schema.Consumes{Account: "a"}}, text("a")},
		"another's title":   {&schema.Kind{Consumes: &schema.Consumes{Title: "a"}}, text("a")},
		"a mode":            {&schema.Kind{Guards: []*schema.Guard{{Role: schema.AddressFilter, Mode: "a"}}}, text("a")},
		"an address":        {&schema.Kind{Guards: []*schema.Guard{{Role: schema.Link, V4Address: "a"}}}, text("a")},
		"part of one":       {&schema.Kind{Guards: []*schema.Guard{{Role: schema.Link, V4: []string{"b", "a"}}}}, text("a")},
		"a version":         {&schema.Kind{Guards: []*schema.Guard{{Role: schema.TLS, Minimum: "a"}}}, text("a")},
		"what may be cut":   {&schema.Kind{Guards: []*schema.Guard{{Role: schema.Link, Cuts: []string{"a"}}}}, text("a")},
	} {
		if test.kind.CanConceal(test.a) {
			t.Errorf("%s can be secret", name)
		}
	}
}
