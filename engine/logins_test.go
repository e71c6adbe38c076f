package engine_test

import (
	"slices"
	"strings"
	"testing"

	"camform/engine/guard"
	"camform/engine/plan"
	"camform/providers/memory"
)

// TestI13SessionsThatAPlanCouldCutOffAreTold: of somebody who is logged in from an address that is nobody's, a plan tells; of
// camform, of declared consumers and where nothing is cut it does not. Nothing is said of devices that list nobody.
func TestI13SessionsThatAPlanCouldCutOffAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		from    string
		account string
		change  func(*studio)
		want    string // what the plan tells; empty for nothing
	}{
		"a new password":            {from: "192.0.2.77", account: "guard", change: newGuard, want: `"guard" is logged in from 192.0.2.77, an address that belongs to no device or consumer here`},
		"the account of another":    {from: "192.0.2.77", account: "other", change: newGuard},
		"our own address":           {from: memory.Source, account: "guard", change: newGuard},
		"a device of the fleet":     {from: "10.0.0.50", account: "guard", change: newGuard, want: `from 10.0.0.50, the address of device.desk`},
		"a filter without it":       {from: "192.0.2.77", account: "other", change: allowing(memory.Source), want: "filter would shut that address out"},
		"a filter with it":          {from: "192.0.2.77", account: "other", change: allowing(memory.Source, "192.0.2.0/24")},
		"a change that cuts nobody": {from: "192.0.2.77", account: "guard", change: func(s *studio) { s.declareName("gate", "new") }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStudioOf(t)
			d := s.addAt("gate", "https://10.0.0.7:443", memory.Options{})
			s.addAt("desk", "https://10.0.0.50:443", memory.Options{HidesSessions: true})
			d.SetUser("guard", "Operator", "Watches-1")
			d.SetUser("other", "Operator", "Watches-2")
			d.OpenSession(c.account, c.from)
			c.change(s)
			planned, problems := s.engineOf().Plan(t.Context(), s.cfg, nil)
			if planned == nil || problems.HasErrors() {
				t.Fatal(problems)
			}
			var told []string
			for _, p := range problems {
				if p.Code == guard.CutCode && strings.Contains(p.Detail, "logged in") {
					told = append(told, p.Detail)
				}
			}
			logins := planned.Plan.Devices[slices.IndexFunc(planned.Plan.Devices, func(d plan.Device) bool { return d.Address.Name == "gate" })].Logins
			if len(told) != len(logins) || (len(told) > 0) != (c.want != "") || c.want != "" && (!strings.Contains(told[0], c.want) || !strings.Contains(told[0], logins[0].Told())) {
				t.Errorf("told %q, logins %+v", told, logins)
			}
		})
	}
}

func newGuard(s *studio) { s.declareUser("gate", "guard", "Operator", "Watches-9") }

func allowing(addresses ...string) func(*studio) {
	return func(s *studio) { s.filter("gate", addresses...) }
}

func TestTheListOfSessionsIsReadOnlyWhereAPlanCouldCutSomebodyOff(t *testing.T) {
	s := newStudioOf(t)
	for name, address := range map[string]string{"gate": "https://10.0.0.7:443", "yard": "https://10.0.0.8:443"} {
		s.addAt(name, address, memory.Options{}).SetUser("guard", "Operator", "Watches-1")
	}
	s.declareUser("gate", "guard", "Operator", "Watches-9")
	s.declareName("yard", "new")
	if _, problems := s.engineOf().Plan(t.Context(), s.cfg, nil); problems.HasErrors() {
		t.Fatal(problems)
	}
	for name, want := range map[string]int{"gate": 1, "yard": 0} {
		if got := reads(s.fleet.Device(name))["/sessions"]; got != want {
			t.Errorf("%s was asked %d times, want %d", name, got, want)
		}
	}
}
