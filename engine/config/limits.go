package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// aLimit is what a limit takes. One of 0 would not limit, although it looks as if it allowed nothing.
var aLimit = wholeNumber{1, 1_000_000, "Leave it out for no limit."}

// limits reads the limits block.
func (s scope) limits(section *section) Limits {
	return Limits{
		MaxChanges: s.whole(section.attributes["max_changes"], aLimit),
		MaxDevices: s.whole(section.attributes["max_devices"], aLimit),
		MaxRisk:    s.riskLimits(section.attributes["risk"]),
	}
}

// risks are the names of risks.
var risks = []string{string(schema.RiskNone), string(schema.RiskService), string(schema.RiskLogin), string(schema.RiskLockout)}

// riskLimits reads a map of risks to limits.
func (s scope) riskLimits(attr *hcl.Attribute) map[schema.Risk]int {
	v := s.argument(attr, cty.Map(cty.Number))
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	limits := map[schema.Risk]int{}
	given := v.AsValueMap()
	for _, name := range sortedKeys(given) {
		if !slices.Contains(risks, name) {
			s.add(invalidLimit.at(attr.Expr.Range(), "There is no risk %q.%s", name, suggest(name, risks)))
			continue
		}
		n, ok := aLimit.holds(given[name])
		if !ok {
			s.add(invalidLimit.at(attr.Expr.Range(), "The limit of %q must be a whole number from %d to %d.%s", name, aLimit.low, aLimit.high, sentence(aLimit.why)))
			continue
		}
		limits[schema.Risk(name)] = n
	}
	return limits
}
