package report

import (
	"testing"

	"camform/engine/plan"
	"camform/schema"
)

func TestAReportTellsGoodFromBad(t *testing.T) {
	device := func(name string, result Result, steps ...Step) Device {
		return Device{Address: schema.Device{Name: name}, Result: result, Steps: steps}
	}
	r := &Report{Devices: []Device{
		device("a", Done, Step{Action: plan.Create, Result: Done}, Step{Action: plan.Update, Result: PendingReboot}, Step{Action: plan.Update, Result: Already}),
		device("b", Rejected, Step{Action: plan.Update, Result: Rewritten}, Step{Action: plan.Update, Result: Rejected}),
		device("c", Unreachable), device("d", Already),
	}}
	bad := r.Bad()
	if len(bad) != 2 || bad[0].Address.Name != "b" || bad[1].Address.Name != "c" {
		t.Errorf("bad are %v", bad)
	}
	for action, want := range map[plan.Action]int{plan.Create: 1, plan.Update: 2, plan.Delete: 0} {
		if got := r.Count(action); got != want {
			t.Errorf("%d steps %s, want %d", got, action, want)
		}
	}
}

func TestOnlyWhatNobodyNeedsToLookAtIsGood(t *testing.T) {
	for _, result := range []Result{Done, PendingReboot, Rewritten, Already} {
		if !result.Good() {
			t.Errorf("%s must be good", result)
		}
	}
	for _, result := range []Result{Stale, Rejected, Failed, Unknown, Unreachable, Refused, Mistaken, NotRun, ""} {
		if result.Good() {
			t.Errorf("%q must not be good", result)
		}
	}
}
