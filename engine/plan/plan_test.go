package plan

import "testing"

func TestDriftIsWhatHappenedOnADevice(t *testing.T) {
	caused := func(a Action, causes ...Cause) Step {
		step := Step{Action: a}
		for _, c := range causes {
			step.Why = append(step.Why, Why{Cause: c})
		}
		return step
	}
	for _, c := range []struct {
		step Step
		want bool
	}{
		{caused(Update, CauseConfig), false},
		{caused(Update, CauseConfig, CauseDrift), true},
		{caused(Update, CauseBoth), true},
		{caused(Create, CauseDrift), true},
		{caused(Create, CauseConfig), false},
		{Step{Action: Delete, Cause: CauseDrift}, true},
		{Step{Action: Delete, Cause: CauseConfig}, false},
		{Step{Action: Forget}, false},
	} {
		if got := c.step.Drifted(); got != c.want {
			t.Errorf("%+v: %v", c.step, got)
		}
	}
}
