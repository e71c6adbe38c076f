package main

import (
	"errors"
	"testing"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/schema"
)

// TestWhatARunEndsWith has the codes of a run by the results of its devices: what was begun and failed weighs more than what
// was put back, that more than a device that another run has, and that more than one out of reach.
func TestWhatARunEndsWith(t *testing.T) {
	step := func(r report.Result) report.Device {
		return report.Device{Result: r, Steps: []report.Step{{Result: r}}}
	}
	good, dead, held := report.Device{Result: report.Done}, report.Device{Result: report.Unreachable}, report.Device{Result: report.Held}
	reverted, rejected := step(report.Reverted), step(report.Rejected)
	both := reverted
	both.Steps = append(both.Steps, report.Step{Result: report.Unknown})
	lost := plan.Device{Skipped: []plan.Skipped{{Reason: plan.Unsupported, Drifted: true}}}
	partly := plan.Device{Skipped: []plan.Skipped{{Reason: plan.Unreadable}}}
	lacks := plan.Device{Skipped: []plan.Skipped{{Reason: plan.Unsupported}}}
	for title, c := range map[string]struct {
		devices      []report.Device
		planned      []plan.Device
		tolerate     string
		plain, fleet int
	}{
		"all good":                        {devices: []report.Device{good, good}},
		"put back":                        {devices: []report.Device{good, reverted}, plain: 1, fleet: 6},
		"put back, and another failed":    {devices: []report.Device{reverted, rejected}, plain: 1, fleet: 1},
		"put back, and unknown":           {devices: []report.Device{both}, plain: 1, fleet: 1},
		"held":                            {devices: []report.Device{good, held}, plain: 1, fleet: 5},
		"held, and put back":              {devices: []report.Device{held, reverted}, plain: 1, fleet: 6},
		"held is not tolerated":           {devices: []report.Device{good, held}, tolerate: "2", plain: 1, fleet: 5},
		"dead":                            {devices: []report.Device{good, dead}, plain: 1, fleet: 3},
		"dead, and held":                  {devices: []report.Device{good, dead, held}, plain: 1, fleet: 5},
		"dead, and tolerated":             {devices: []report.Device{good, dead}, tolerate: "1"},
		"all dead":                        {devices: []report.Device{dead, dead}, tolerate: "2", plain: 1, fleet: 1},
		"failed":                          {devices: []report.Device{good, dead, rejected}, tolerate: "2", plain: 1, fleet: 1},
		"a setting unread":                {devices: []report.Device{good}, planned: []plan.Device{partly}, plain: 1, fleet: 3},
		"a setting gone":                  {devices: []report.Device{good}, planned: []plan.Device{lost}, plain: 1, fleet: 3},
		"a setting that was never there":  {devices: []report.Device{good}, planned: []plan.Device{lacks}},
		"a setting unread, and tolerated": {devices: []report.Device{good}, planned: []plan.Device{partly}, tolerate: "1"},
	} {
		t.Run(title, func(t *testing.T) {
			for i := range c.devices {
				c.devices[i].Address = schema.Device{Name: "d", Key: string(rune('a' + i)), Each: true}
			}
			w := &workspace{flags: &runFlags{}}
			if c.tolerate != "" {
				if err := w.flags.tolerate.Set(c.tolerate); err != nil {
					t.Fatal(err)
				}
			}
			err := w.verdict(&plan.Plan{Devices: c.planned}, &report.Report{Devices: c.devices})
			for codes, want := range map[detail]int{plainCodes: c.plain, changeCodes: c.plain, fleetCodes: c.fleet} {
				got := 0
				if ended := codes.ends(err); ended != nil {
					got = exitCode(ended)
				}
				if got != want {
					t.Errorf("-detailed-exitcode=%s: %d, want %d", codes, got, want)
				}
			}
		})
	}
}

func TestAFailureOfTheMachineIsNeverARule(t *testing.T) {
	if got := exitCode(fleetCodes.ends(errors.New("disk full"))); got != exitError {
		t.Errorf("%d", got)
	}
}
