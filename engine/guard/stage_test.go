package guard

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// shelf is a composer for devices with room for so many addresses.
type shelf struct {
	providers.Composer
	room int
}

// Same compares addresses as devices store them: one by one.
func (s shelf) Same(_ *schema.Kind, _ *schema.Attribute, want, have cty.Value) bool {
	return slices.Equal(s.stored(want), s.stored(have))
}

func (s shelf) Check(_ *schema.Kind, _ providers.Documents, _ string, want cty.Value) []providers.AttributeError {
	if list := want.GetAttr("addresses"); !list.IsNull() && len(s.stored(list)) > s.room {
		return []providers.AttributeError{{Attribute: "addresses", Detail: "There is no room."}}
	}
	return nil
}

func (shelf) stored(list cty.Value) []string {
	var all []string
	for _, text := range texts(list) {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			all = append(all, text)
			continue
		}
		for a := network.Addr(); network.Contains(a); a = a.Next() {
			all = append(all, a.String())
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

var roomy = shelf{room: 1 << 10}

// staged is a step with the stage that it gets.
func staged(s plan.Step, c providers.Composer) plan.Step {
	return Stage([]plan.Step{s}, kinds, c, nil)[0]
}

func TestI9AFilterIsStagedBeforeItCounts(t *testing.T) {
	none := values(nil)
	for name, c := range map[string]struct {
		before, after values
		room          int
		stage         values // what is written first; nil for a step of one request
	}{
		"switched on":                           {noFilter, filter(on, "allow", "192.0.2.1"), 9, filter(off, "allow", "192.0.2.1")},
		"switched on, denying":                  {noFilter, filter(on, "deny", "192.0.2.1"), 9, filter(off, "deny", "192.0.2.1")},
		"switched on, with another meaning":     {filter(off, "deny", "192.0.2.1"), values{"enabled": on, "mode": str("allow")}, 9, values{"enabled": off, "mode": str("allow")}},
		"switched on, with a list that is read": {filter(off, "allow", "192.0.2.1"), filter(on, "allow", "192.0.2.1"), 9, none},
		"the same list in other words":          {filter(off, "allow", "192.0.2.0", "192.0.2.1"), filter(on, "allow", "192.0.2.0/31"), 9, none},
		"not said to be off":                    {values{"addresses": set()}, filter(on, "allow", "192.0.2.1"), 9, filter(off, "allow", "192.0.2.1")},
		"switched off":                          {filter(on, "allow", "192.0.2.1"), filter(off, "allow", "192.0.2.2"), 9, none},
		"never on":                              {noFilter, values{"addresses": set("192.0.2.1")}, 9, none},
		"turned round":                          {filter(on, "deny", "192.0.2.1"), filter(on, "allow", "192.0.2.2"), 9, filter(off, "allow", "192.0.2.2")},
		"turned round, and left on":             {filter(on, "deny", "192.0.2.1"), values{"mode": str("allow")}, 9, values{"mode": str("allow"), "enabled": off}},
		"another list":                          {filter(on, "allow", "192.0.2.1"), filter(on, "allow", "192.0.2.2"), 2, filter(on, "allow", "192.0.2.1", "192.0.2.2")},
		"another list, and nothing else":        {filter(on, "allow", "192.0.2.1"), values{"addresses": set("192.0.2.2")}, 2, values{"addresses": set("192.0.2.1", "192.0.2.2")}},
		"another list without room for both":    {filter(on, "allow", "192.0.2.1"), filter(on, "allow", "192.0.2.2"), 1, none},
		"a longer list":                         {filter(on, "allow", "192.0.2.1"), filter(on, "allow", "192.0.2.0/30"), 9, none},
		"a shorter list":                        {filter(on, "allow", "192.0.2.0", "192.0.2.1"), filter(on, "allow", "192.0.2.1"), 9, none},
		"another list that denies":              {filter(on, "deny", "192.0.2.1"), filter(on, "deny", "192.0.2.2"), 9, none},
	} {
		for _, kind := range []string{"ip_filter", "mac_filter"} {
			s := staged(step(kind, "", c.before, c.after), shelf{room: c.room})
			if want := object(c.stage); s.Staged() != (c.stage != nil) || s.Staged() && !s.Stage.RawEquals(want) {
				t.Errorf("%s, %s: the stage is %#v, want %#v", name, kind, s.Stage, c.stage)
			}
		}
	}
}

func TestOnlyFiltersThatStayAreStaged(t *testing.T) {
	for name, s := range map[string]plan.Step{
		"a listener":     step("https", "", values{"enabled": off}, values{"enabled": on, "port": num(8443)}),
		"one that is no": step("no_such_kind", "", noFilter, filter(on, "allow", "192.0.2.1")),
		"one that goes":  step("ip_filter", "", filter(on, "allow", "192.0.2.1"), nil),
	} {
		if staged(s, roomy).Staged() {
			t.Errorf("%s is staged", name)
		}
	}
}

// What is written first is proven as well: here it is what closes a consumer's way in that is open before and after.
func TestI9TheFirstRequestOfAStageIsProven(t *testing.T) {
	s := step("ip_filter", "", filter(on, "deny", "192.0.2.1"), filter(on, "deny", "192.0.2.2"))
	d := over(secure, s).needed(vms).Device
	if problems := Prove(d, kinds); problems.HasErrors() {
		t.Fatal(problems)
	}
	d.Steps[0].Stage = object(filter(on, "deny", "203.0.113.9"))
	if problems := Prove(d, kinds); !problems.HasErrors() {
		t.Error("the first request shuts a consumer out, and nobody says so")
	}
	if _, problems := ProveOrder(d, kinds); !problems.HasErrors() {
		t.Error("an order was found")
	}
}

func TestSourcesAreOursAndThoseOfOthers(t *testing.T) {
	d := over(secure).needed(vms, viewer, plan.Way{Who: "net", Source: "203.0.113.16/28"}, plan.Way{Who: "recorder", Source: "recorder.example.com"}).Device
	if have, want := Sources(d), []string{"198.51.100.7", "203.0.113.9", "203.0.113.16/28"}; !slices.Equal(have, want) {
		t.Errorf("sources %q, want %q", have, want)
	}
}
