package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers/memory"
)

var asksServer = values{"mode": cty.StringVal("NTP")}

// clockProblems are those of a plan that are about clocks, one a line, and the plan.
func (w *world) clockProblems() (*plan.Plan, string) {
	w.Helper()
	planned, problems := w.engine().Plan(context.Background(), w.cfg, nil)
	return planned.Plan, clockTold(problems)
}

func clockTold(problems diag.Problems) string {
	var lines []string
	for _, p := range problems {
		if strings.HasPrefix(p.Code, "clock-") {
			lines = append(lines, string(p.Severity)+" "+p.Code+": "+p.Detail)
		}
	}
	return strings.Join(lines, "\n")
}

func TestClocksThatAreOffAreToldOnce(t *testing.T) {
	w := newWorld(t)
	for name, ahead := range map[string]time.Duration{
		"gate": -49 * time.Hour, "yard": 90 * time.Minute, "roof": 11 * time.Second, "attic": 3 * time.Minute, "door": 9 * time.Second,
	} {
		w.add(name, memory.Options{Ahead: ahead, HidesClock: false})
		w.declareName(name, name)
	}
	w.add("mute", memory.Options{Ahead: time.Hour, HidesClock: true})
	w.declareName("mute", "mute")
	const want = "The clocks of 4 devices differ from that of this machine: device.gate is 2 days behind, device.yard is 90 minutes ahead, " +
		"device.roof is 11 seconds ahead and 1 more. Recordings, certificates and schedules depend on it; check time."
	_, inPlan := w.clockProblems()
	_, problems := w.engine().Drift(context.Background(), w.cfg, nil)
	_, judged := w.engine().Audit(context.Background(), w.cfg, nil)
	for command, got := range map[string]string{"plan": inPlan, "drift": clockTold(problems), "audit": clockTold(judged)} {
		sorted := !strings.Contains(got, "device.") || strings.HasPrefix(got, "warning clock-off: The clocks of 4 devices")
		if !sorted || !strings.HasSuffix(got, "check time.") || !strings.Contains(got, " and 1 more.") {
			t.Errorf("%s says\n%s\nwant\n%s", command, got, want)
		}
	}
}

func TestOurOwnClockIsSuspectedWhereAllAreOffAlike(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"gate", "yard", "roof"} {
		w.add(name, memory.Options{Ahead: 2 * time.Hour})
		w.declareName(name, name)
	}
	if _, got := w.clockProblems(); !strings.Contains(got, "check the clock of this machine first") {
		t.Error(got)
	}
	w.fleet.SetClock("roof", -time.Hour)
	if _, got := w.clockProblems(); strings.Contains(got, "this machine first") {
		t.Error(got)
	}
}

func TestAClockThatJumpsNeedsAcceptance(t *testing.T) {
	for title, c := range map[string]struct {
		ahead    time.Duration
		hides    bool
		accepted string
		jumps    bool
		told     string
	}{
		"right":             {ahead: time.Second},
		"nearly":            {ahead: -4 * time.Minute, told: "warning clock-off: "},
		"behind":            {ahead: -49 * time.Hour, jumps: true, told: "error clock-jumps: The plan moves the clock by more than five minutes: device.gate (2 days forward)."},
		"ahead":             {ahead: 20 * time.Minute, jumps: true, told: "device.gate (20 minutes back)."},
		"accepted":          {ahead: 20 * time.Minute, accepted: "nothing is recorded yet", jumps: true},
		"unknown":           {ahead: 20 * time.Minute, hides: true, told: "warning clock-unknown: How far the plan moves the clock is unknown, because the device does not report its time: device.gate."},
		"unknown, accepted": {ahead: 20 * time.Minute, hides: true, accepted: "nothing is recorded yet"},
	} {
		t.Run(title, func(t *testing.T) {
			w := newWorld(t)
			w.add("gate", memory.Options{Ahead: c.ahead, HidesClock: c.hides})
			w.declare("gate", "time", "", asksServer)
			w.declared("gate").ClockJump = c.accepted
			p, got := w.clockProblems()
			if !strings.Contains(got, c.told) || strings.Contains(got, "clock-jumps") != (c.jumps && c.accepted == "") || strings.Contains(got, "clock-unknown") != (c.hides && c.accepted == "") {
				t.Errorf("the plan says %q", got)
			}
			step := p.Devices[0].Steps[0]
			if step.Jumps != c.jumps {
				t.Errorf("the step jumps: %t", step.Jumps)
			}
			text, err := plan.Encode(p, w.provider.Kinds())
			w.must(err)
			again, err := plan.Decode(text, w.provider.Kinds())
			w.must(err)
			if refused := clockTold(engine.Prove(again, w.provider.Kinds())); (refused == "") != (!c.jumps || c.accepted != "") {
				t.Errorf("a plan file is refused with %q", refused)
			}
			result := w.apply(p).Devices[0].Result
			if refused := c.jumps && c.accepted == ""; refused != (result == report.Stale) || !refused && result != report.Done {
				t.Errorf("apply ends with %s", result)
			}
			if writes := w.writes("gate"); (writes == 0) != (c.jumps && c.accepted == "") {
				t.Errorf("it was written %d times", writes)
			}
		})
	}
}

func TestAClockThatWentWrongSinceThePlanStaysAsItIs(t *testing.T) {
	w := newWorld(t, "gate")
	w.declare("gate", "time", "", asksServer)
	p := w.plan()
	w.fleet.SetClock("gate", time.Hour)
	done := w.apply(p).Devices[0]
	if done.Result != report.Stale || !strings.Contains(done.Detail, "accept_clock_jump") || w.writes("gate") > 0 {
		t.Errorf("it ended with %s: %s", done.Result, done.Detail)
	}
}

// How far a clock is off is no part of a plan, which is the same from one second to the next.
func TestHowFarAClockIsOffIsNoPartOfAPlan(t *testing.T) {
	plans := map[string]bool{}
	for _, ahead := range []time.Duration{0, time.Second, -8 * time.Second, 4 * time.Minute} {
		w := newWorld(t, "gate")
		w.fleet.SetClock("gate", ahead)
		w.declare("gate", "time", "", asksServer)
		p, _ := w.clockProblems()
		p.Lineage = ""
		text, err := plan.Encode(p, w.provider.Kinds())
		w.must(err)
		plans[string(text)] = true
	}
	if len(plans) != 1 {
		t.Errorf("%d different plans", len(plans))
	}
}
