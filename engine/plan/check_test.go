package plan_test

import (
	"testing"

	"camform/engine/plan"
)

// TestI12OnlyAGoodVerdictLetsABlockingCheckPass: what is not known stops apply like what is bad.
func TestI12OnlyAGoodVerdictLetsABlockingCheckPass(t *testing.T) {
	for _, tc := range []struct {
		severity plan.Severity
		verdict  plan.Verdict
		problem  string
		want     bool
	}{
		{plan.Block, plan.Good, "", false},
		{plan.Block, plan.Bad, "", true},
		{plan.Block, plan.Unknown, "", true},
		{plan.Block, "", "", true},
		{plan.Block, plan.Bad, "it does not answer", false}, // I10: it costs its own settings
		{plan.Warn, plan.Bad, "", false},
		{plan.Warn, plan.Unknown, "", false},
	} {
		p := &plan.Plan{Devices: []plan.Device{
			{Checks: []plan.Check{{Severity: plan.Block, Verdict: plan.Good}}},
			{Problem: tc.problem, Checks: []plan.Check{{Severity: tc.severity, Verdict: tc.verdict}}},
		}}
		if have := p.Stopped(); have != tc.want {
			t.Errorf("a check %s that is %q stops apply: %v, want %v (device: %q)", tc.severity, tc.verdict, have, tc.want, tc.problem)
		}
	}
}
