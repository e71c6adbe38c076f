package apply

import (
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/providers/memory"
	"camform/schema"
)

// What a device has instead of what was wanted is reported with its value: that it kept the old one and that it took another
// are different faults. A secret is only named.
func TestItIsSaidWhatADeviceHasInstead(t *testing.T) {
	c := comparison{provider: memory.NewFleet(time.Now).Provider()}
	object := func(kind string, given map[string]cty.Value) cty.Value {
		values := map[string]cty.Value{}
		for _, a := range kinds.Lookup(kind).Attributes {
			values[a.Name] = cty.NullVal(a.Type)
			if v, ok := given[a.Name]; ok {
				values[a.Name] = v
			}
		}
		return cty.ObjectVal(values)
	}
	port := func(n int64) cty.Value {
		return object("https", map[string]cty.Value{"port": cty.NumberIntVal(n), "enabled": cty.True})
	}
	filter := func(texts ...string) cty.Value {
		var all []cty.Value
		for _, text := range texts {
			all = append(all, cty.StringVal(text))
		}
		return object("filter", map[string]cty.Value{"addresses": cty.SetVal(all)})
	}
	code := func(text string) cty.Value {
		return object("cloud", map[string]cty.Value{"code": cty.StringVal(text)})
	}
	none := func(kind string) cty.Value { return kinds.Lookup(kind).Null() }
	for title, c2 := range map[string]struct {
		kind                string
		before, after, have cty.Value
		missing             []string
		want                string
	}{
		"it kept the old value":      {"https", port(443), port(8443), port(443), []string{"port"}, "still reports port = 443 (wanted 8443)"},
		"it took another value":      {"https", port(443), port(8443), port(80), []string{"port"}, "now reports port = 80 (wanted 8443, before 443)"},
		"it took a part of a list":   {"filter", filter("192.0.2.1"), filter("192.0.2.2", "192.0.2.3"), filter("192.0.2.2"), []string{"addresses"}, `now reports addresses = ["192.0.2.2"] (wanted ["192.0.2.2","192.0.2.3"], before ["192.0.2.1"])`},
		"there was nothing before":   {"https", none("https"), port(8443), port(80), []string{"port"}, "now reports port = 80 (wanted 8443)"},
		"it lost the value":          {"https", port(443), port(8443), object("https", nil), []string{"port"}, "now reports port = null (wanted 8443, before 443)"},
		"several":                    {"https", port(443), port(8443), port(443), []string{"port", "enabled"}, "still reports port = 443 (wanted 8443), and still reports enabled = true (wanted true)"},
		"a secret":                   {"cloud", code("Canary-1"), code("Canary-2"), code("Canary-3"), []string{"code"}, "code differs from what is wanted"},
		"an item that did not come":  {"user", none("user"), object("user", nil), none("user"), []string{""}, "it is not there"},
		"an item that did not leave": {"user", object("user", nil), none("user"), object("user", nil), []string{""}, "it is still there"},
	} {
		t.Run(title, func(t *testing.T) {
			s := plan.Step{Address: schema.Setting{Device: schema.Device{Name: "gate"}, Kind: c2.kind}, Before: c2.before, After: c2.after}
			if got := c.instead(s, c2.missing, c2.have); got != c2.want {
				t.Errorf("got %q, want %q", got, c2.want)
			}
		})
	}
}
