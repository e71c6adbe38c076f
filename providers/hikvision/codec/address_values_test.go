package codec

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/providers/hikvision/document"
	"camform/schema"
)

func TestMasks(t *testing.T) {
	for text, want := range map[string]int{
		"255.255.255.0": 24, "255.255.255.255": 32, "0.0.0.0": 0, "64": 64, "0": 0, "ffff:ffff:ffff:ffff::": 64, "::": 0,
		"255.0.255.0": -1, "-1": -1, "": -1, "mask": -1,
	} {
		bits, ok := maskBits(text)
		if !ok {
			bits = -1
		}
		if bits != want {
			t.Errorf("the mask %q has %d bits, want %d", text, bits, want)
		}
	}
}

func TestValuesAreComparedByWhatTheyMean(t *testing.T) {
	texts := func(list ...string) cty.Value {
		var members []cty.Value
		for _, text := range list {
			members = append(members, cty.StringVal(text))
		}
		return cty.ListVal(members)
	}
	set := func(list ...string) cty.Value { return cty.SetVal(texts(list...).AsValueSlice()) }
	for name, tc := range map[string]struct {
		codec      string
		want, have cty.Value
		same       bool
	}{
		"address with its network":     {"interface_address", cty.StringVal(" 2001:DB8::1/64"), cty.StringVal("2001:db8::1/64"), true},
		"another network":              {"interface_address", cty.StringVal("192.0.2.1/24"), cty.StringVal("192.0.2.1/25"), false},
		"no address":                   {"interface_address", cty.StringVal("gate"), cty.StringVal("gate"), false},
		"unset":                        {"address", cty.StringVal("0.0.0.0"), cty.StringVal(""), true},
		"unset against set":            {"address", cty.StringVal(""), cty.StringVal("192.0.2.1"), false},
		"spelling of IPv6":             {"address", cty.StringVal("2001:0db8::1"), cty.StringVal("2001:db8::1"), true},
		"order of name servers":        {"address_slots", texts("192.0.2.1", "192.0.2.2"), texts("192.0.2.2", "192.0.2.1"), false},
		"same name servers":            {"address_slots", texts("192.0.2.1"), texts("192.0.2.1"), true},
		"spelling of hardware address": {"mac_list", set("00-00-5E-00-53-01"), set("00:00:5e:00:53:01"), true},
		"another hardware address":     {"mac_list", set("00-00-5E-00-53-01"), set("00:00:5e:00:53:02"), false},
		"receiver without a name":      {"receivers", set("ops@example.com"), set("Ops <ops@example.com>"), true},
		"name of a receiver":           {"receivers", set("Boss <ops@example.com>"), set("Ops <ops@example.com>"), false},
		"receiver too many":            {"receivers", set("ops@example.com"), set("ops@example.com", "x@example.com"), false},
		"zeros in days":                {"period", cty.StringVal("1-2/3-4"), cty.StringVal("01-02/03-04"), true},
		"one year and every year":      {"period", cty.StringVal("2000-01-02/2000-03-04"), cty.StringVal("01-02/03-04"), false},
	} {
		if got := All[tc.codec].same(tc.want, tc.have); got != tc.same {
			t.Errorf("%s: the same is %t, want %t", name, got, tc.same)
		}
	}
}

func TestReceivers(t *testing.T) {
	for text, want := range map[string]receiver{
		"ops@example.com":            {address: "ops@example.com"},
		" Ops <ops@example.com> ":    {name: "Ops", address: "ops@example.com"},
		"Ops, night <o@example.com>": {name: "Ops, night", address: "o@example.com"},
		"<ops@example.com>":          {address: "ops@example.com"},
		"ops":                        {},
		"Ops ops@example.com":        {},
		"Ops <ops@example.com":       {},
		"a@example.com, b@b.com":     {},
		"":                           {},
	} {
		if got, err := parseReceiver(text); got != want || (err != nil) != (want == receiver{}) {
			t.Errorf("%q is %+v (%v), want %+v", text, got, err, want)
		}
	}
}

// TestAListThatNamesNoSizeHoldsWhatIsUsual has 48 for the number of the official guide.
func TestAListThatNamesNoSizeHoldsWhatIsUsual(t *testing.T) {
	doc, err := document.Parse([]byte("<IPFilter><List></List></IPFilter>"))
	if err != nil {
		t.Fatal(err)
	}
	usual := int64(48)
	f := document.Field{Doc: doc, Limits: &document.Limits{}, Attribute: &schema.Attribute{
		Codec: "address_list", Type: cty.Set(cty.String), Elements: []string{"List", "List/Entry"}, UsualMax: &usual,
	}}
	fits := cty.SetVal([]cty.Value{cty.StringVal("192.0.2.0/27"), cty.StringVal("198.51.100.0/28")})
	if wrong := Check(f, fits); len(wrong) > 0 {
		t.Error(wrong)
	}
	over := cty.SetVal([]cty.Value{cty.StringVal("192.0.2.0/27"), cty.StringVal("198.51.100.0/28"), cty.StringVal("203.0.113.9")})
	if wrong := Check(f, over); len(wrong) != 1 || !strings.Contains(wrong[0], "holds at most 48") {
		t.Errorf("49 addresses: %v", wrong)
	}
}
