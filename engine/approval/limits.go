package approval

import (
	"cmp"

	"camform/engine/plan"
	"camform/schema"
)

// Names of limits. That of a risk is RiskLimit.
const (
	LimitChanges = "max_changes"
	LimitDevices = "max_devices"
)

// RiskLimit is the name of the limit of changes of a risk: "risk.lockout".
func RiskLimit(r schema.Risk) string { return "risk." + string(r) }

// Exceeded is a limit that a plan exceeds.
type Exceeded struct {
	Limit   string // name
	Allowed int
	Found   int
}

// LimitNames are the names of all limits that a plan can have.
func LimitNames() []string {
	names := []string{LimitChanges, LimitDevices}
	for _, r := range schema.Risks() {
		names = append(names, RiskLimit(r))
	}
	return names
}

// ExceededBy are the limits of a plan that it exceeds, in the order of Limits. What is only forgotten changes no device and
// does not count.
func ExceededBy(p *plan.Plan) []Exceeded {
	changes, byRisk := 0, map[schema.Risk]int{}
	for _, d := range p.Devices {
		for _, s := range d.Steps {
			if s.Action != plan.Forget {
				changes++
				byRisk[cmp.Or(s.Risk, schema.RiskNone)]++
			}
		}
	}
	var found []Exceeded
	check := func(name string, allowed, n int) {
		if allowed > 0 && n > allowed {
			found = append(found, Exceeded{name, allowed, n})
		}
	}
	check(LimitChanges, p.Limits.MaxChanges, changes)
	check(LimitDevices, p.Limits.MaxDevices, Devices(p))
	for _, r := range schema.Risks() {
		check(RiskLimit(r), p.Limits.MaxRisk[r], byRisk[r])
	}
	return found
}
