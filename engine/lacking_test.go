package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/providers/memory"
	"camform/schema"
)

// problems are what a plan finds wrong, one a line.
func (w *world) problems(targets ...schema.Setting) string {
	w.Helper()
	_, problems := w.engine().Plan(context.Background(), w.cfg, targets)
	var lines []string
	for _, p := range problems {
		if p.Severity != diag.Error || p.Subject == nil {
			w.Errorf("%s: severity %s, place %v", p.Detail, p.Severity, p.Subject)
		}
		lines = append(lines, p.Code+" "+p.Address.String()+": "+p.Detail)
	}
	return strings.Join(lines, "\n")
}

var off = values{"enabled": cty.False}

// I12: a setting that no device has is a problem, since it is how a misspelt label looks. What some of them lack is left alone.
func TestI12ASettingThatNoDeviceHasIsAProblem(t *testing.T) {
	build := func(t *testing.T) *world {
		w := newWorld(t)
		w.add("gate", memory.Options{Without: []string{"cloud"}})
		w.add("yard", memory.Options{Without: []string{"cloud"}})
		w.add("new", memory.Options{})
		return w
	}
	both := func(w *world, kind, key string) {
		w.declare("gate", kind, key, off)
		w.declare("yard", kind, key, off)
	}
	for title, c := range map[string]struct {
		set  func(w *world)
		want string // what the problems contain; none if empty
	}{
		"a label of nobody": {
			func(w *world) { both(w, "service", "RTSPX") },
			`setting-nowhere device.gate.service.RTSPX: service.RTSPX is not available on device.gate, device.yard: the device has no service.RTSPX. Correct its label or remove it. Did you mean "RTSP"?`,
		},
		"a label like none": {
			func(w *world) { both(w, "service", "x") },
			`Correct its label or remove it. There are "HTTP", "RTSP".`,
		},
		"a kind of nobody":                  {func(w *world) { both(w, "cloud", "") }, "setting-nowhere device.gate.cloud: cloud is not available on device.gate, device.yard: "},
		"a kind that one of several has":    {func(w *world) { both(w, "cloud", ""); w.declare("new", "cloud", "", off) }, ""},
		"a kind that the dead one may have": {func(w *world) { both(w, "cloud", ""); w.declare("new", "cloud", "", off); w.kill("new") }, "setting-nowhere"},
		"a kind that the dead one had": {func(w *world) {
			w.declare("new", "cloud", "", off)
			w.apply(w.plan())
			both(w, "cloud", "")
			w.kill("new")
		}, ""},
		"a label of dead devices only": {func(w *world) { both(w, "service", "RTSPX"); w.kill("gate"); w.kill("yard") }, ""},
		"a kind that was applied and is gone": {func(w *world) {
			w.declare("new", "cloud", "", off)
			w.apply(w.plan())
			w.fleet.Device("new").Remove("cloud", "")
		}, ""},
	} {
		t.Run(title, func(t *testing.T) {
			w := build(t)
			c.set(w)
			got := w.problems()
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
	t.Run("targets", func(t *testing.T) {
		w := build(t)
		both(w, "cloud", "")
		if got := w.problems(schema.Setting{Device: schema.Device{Name: "gate"}}); got != "" {
			t.Errorf("got %q: what other devices have is not known", got)
		}
	})
}

func (w *world) kill(device string) {
	w.fleet.Device(device).Inject(memory.Fault{Effect: memory.Unreachable})
}

func TestWhatAStrictDeviceLacksIsAProblem(t *testing.T) {
	w := newWorld(t, "new")
	w.add("gate", memory.Options{Without: []string{"cloud"}})
	w.add("yard", memory.Options{Without: []string{"cloud"}})
	for _, device := range []string{"new", "gate", "yard"} {
		w.declare(device, "cloud", "", off)
	}
	w.declared("gate").Strict = true
	const one = "setting-lacking device.gate.cloud: cloud is not available on device.gate: "
	for _, targets := range [][]schema.Setting{nil, {{Device: schema.Device{Name: "gate"}}}} {
		if got := w.problems(targets...); !strings.HasPrefix(got, one) || strings.Contains(got, "yard") {
			t.Errorf("got %q", got)
		}
	}
	w.declared("yard").Strict = true
	if got := w.problems(); !strings.HasPrefix(got, "setting-lacking device.gate.cloud: cloud is not available on device.gate, device.yard: ") || strings.Contains(got, "\n") {
		t.Errorf("got %q: the same is shown once", got)
	}
}

// I12: a fresh state knows of no drift, and a device that was not applied yet differs from one that is as it was.
func TestI12WithoutARecordDriftIsUnknown(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "Gate")
	w.declareName("yard", "Yard")
	if d := w.drift(); d.Drifted() != plan.Unknown || d.Recorded() || len(d.Unapplied()) != 2 {
		t.Errorf("%s, recorded %t, unapplied %v", d.Drifted(), d.Recorded(), d.Unapplied())
	}
	w.apply(w.plan(schema.Setting{Device: schema.Device{Name: "gate"}}))
	if d := w.drift(); d.Drifted() != plan.Unknown || !d.Recorded() || len(d.Unapplied()) != 1 {
		t.Errorf("%s, recorded %t, unapplied %v", d.Drifted(), d.Recorded(), d.Unapplied())
	}
	w.apply(w.plan())
	if d := w.drift(); d.Drifted() != plan.Good {
		t.Errorf("%s", d.Drifted())
	}
}

// I12: a setting that was applied and that the device answers no longer has drifted, in every run until it is back or no
// longer wanted.
func TestI12ASettingThatVanishedHasDrifted(t *testing.T) {
	w := newWorld(t, "gate")
	w.declare("gate", "cloud", "", off)
	w.declareName("gate", "Gate")
	w.apply(w.plan())
	w.fleet.Device("gate").Remove("cloud", "")
	for range 2 {
		if d := w.drift(); d.Drifted() != plan.Bad || len(d.Devices[0].Drift()) != 1 {
			t.Errorf("%s: %v", d.Drifted(), d.Devices[0].Drift())
		}
		r := w.apply(w.plan())
		if len(r.Unknown) != 1 {
			t.Errorf("the run tells of %v", r.Unknown)
		}
	}
	w.retract("gate", "cloud", "")
	w.apply(w.plan())
	if d := w.drift(); d.Drifted() != plan.Good {
		t.Errorf("%s, although nobody wants it any more", d.Drifted())
	}
}

// A plan says what it was restricted to, so that nobody takes it for the whole.
func TestTargetsStandInThePlan(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "Gate")
	p := w.plan(schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "system"}, schema.Setting{Device: schema.Device{Name: "yard"}})
	w.same(strings.Join(p.Targets, "\n"), `
		device.gate.system
		device.yard`)
	if p.Complete() || len(w.plan().Targets) != 0 || !w.plan().Complete() {
		t.Error("complete with targets, or not without")
	}
}
