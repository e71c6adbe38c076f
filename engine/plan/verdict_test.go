package plan_test

import (
	"testing"

	"camform/engine/plan"
	"camform/schema"
)

// I12: what is not known is never good, and what is known to be wrong is bad however little else is known.
func TestI12VerdictsOnDrift(t *testing.T) {
	gate := schema.Device{Name: "gate"}
	recorded := plan.Device{Address: gate, Record: plan.Recorded}
	with := func(s plan.Skipped) plan.Device {
		s.Address = schema.Setting{Device: gate, Kind: "https"}
		return plan.Device{Address: gate, Record: plan.Recorded, Skipped: []plan.Skipped{s}}
	}
	drifted := plan.Device{Address: gate, Record: plan.Recorded, Steps: []plan.Step{{Action: plan.Delete, Cause: plan.CauseDrift}}}
	wanted := plan.Device{Address: gate, Record: plan.Recorded, Steps: []plan.Step{{Action: plan.Delete, Cause: plan.CauseConfig}}}
	unread := plan.Device{Address: gate, Record: plan.Recorded, Problem: "No answer."}
	for title, c := range map[string]struct {
		plan     plan.Plan
		verdict  plan.Verdict
		complete bool
	}{
		"all as applied":             {plan.Plan{Devices: []plan.Device{recorded}}, plan.Good, true},
		"nothing there to be had":    {plan.Plan{Devices: []plan.Device{recorded, {}}}, plan.Good, true},
		"never had it":               {plan.Plan{Devices: []plan.Device{with(plan.Skipped{Reason: plan.Unsupported})}}, plan.Good, true},
		"a wish":                     {plan.Plan{Devices: []plan.Device{wanted}}, plan.Good, true},
		"drift":                      {plan.Plan{Devices: []plan.Device{drifted}}, plan.Bad, true},
		"gone":                       {plan.Plan{Devices: []plan.Device{with(plan.Skipped{Reason: plan.Unsupported, Drifted: true})}}, plan.Bad, true},
		"changed and protected":      {plan.Plan{Devices: []plan.Device{with(plan.Skipped{Reason: plan.Protected, Drifted: true})}}, plan.Bad, true},
		"drift, and one dead":        {plan.Plan{Devices: []plan.Device{drifted, unread}}, plan.Bad, false},
		"one dead":                   {plan.Plan{Devices: []plan.Device{recorded, unread}}, plan.Unknown, false},
		"one document dead":          {plan.Plan{Devices: []plan.Device{with(plan.Skipped{Reason: plan.Unreadable})}}, plan.Unknown, false},
		"targets":                    {plan.Plan{Devices: []plan.Device{recorded}, Targets: []string{"device.gate"}}, plan.Unknown, false},
		"one not applied yet":        {plan.Plan{Devices: []plan.Device{recorded, {Record: plan.Unapplied}}}, plan.Unknown, true},
		"none applied":               {plan.Plan{Devices: []plan.Device{{Record: plan.Unapplied}}}, plan.Unknown, true},
		"no record, nothing to have": {plan.Plan{Devices: []plan.Device{{}}}, plan.Unknown, true},
		"no device":                  {plan.Plan{}, plan.Unknown, true},
	} {
		t.Run(title, func(t *testing.T) {
			if got := c.plan.Drifted(); got != c.verdict {
				t.Errorf("got %s, want %s", got, c.verdict)
			}
			if got := c.plan.Complete(); got != c.complete {
				t.Errorf("complete %t, want %t", got, c.complete)
			}
		})
	}
}

func TestASettingThatDriftedCountsOnce(t *testing.T) {
	address := schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "https"}
	d := plan.Device{
		Steps:   []plan.Step{{Address: address, Why: []plan.Why{{Cause: plan.CauseBoth}}}},
		Skipped: []plan.Skipped{{Address: address, Attribute: "redirect", Drifted: true}, {Address: address, Attribute: "port"}},
	}
	if got := d.Drift(); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}
