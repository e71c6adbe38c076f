package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/engine/thorough"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// owing is a camera that is to get another password, and a recorder that shows it on a channel that nobody declares.
type owing struct{ *studio }

func newOwing(t testing.TB) owing {
	s := owing{newStudioOf(t)}
	camera := s.addAt("camera0", "https://10.0.0.10:443", memory.Options{Without: []string{"channel"}})
	camera.SetUser(shownAs, "Operator", "Shown-camera0")
	camera.Set("login_lock", "", "enabled", false) // recorders never give up, and would be locked out for ever
	recorder := s.addAt("recorder0", "https://10.0.0.100:443", memory.Options{HidesSessions: true, Identity: providers.Identity{Model: "MEM-8"}})
	s.cameras = []string{"camera0"}
	c := showing{recorder: "recorder0", key: "1", camera: "camera0"}
	recorder.SetChannel(c.key, "10.0.0.10:443", shownAs, "Shown-camera0")
	s.channels = []showing{c}
	s.declareUser("camera0", shownAs, "Operator", "Chosen-camera0")
	return s
}

// run recovers, plans and applies, and dies at the moment of that number; at 0 it never does.
func (s owing) run(at int) (passed []moment, died bool, done *report.Report) {
	s.Helper()
	s.provider.onExchange(func(m moment) {
		if passed = append(passed, m); len(passed) == at {
			died = true
			_ = s.store.Close()
			runtime.Goexit()
		}
	})
	defer s.provider.onExchange(nil)
	e, ctx := s.engineOf(), context.Background()
	if _, err := e.Recover(ctx, engine.Accesses(s.cfg.Devices), s.nextRun()); died {
		return passed, true, nil
	} else if err != nil {
		s.Fatal(err)
	}
	planned, problems := e.Plan(ctx, s.cfg, nil)
	if died {
		return passed, true, nil
	}
	if problems.HasErrors() {
		s.Fatalf("plan: %+v", problems)
	}
	return passed, died, e.Apply(ctx, ctx, planned.Plan, s.nextRun())
}

// diesInTheRun plans and applies, and the recorder dies while the camera gets its password.
func (s owing) diesInTheRun() {
	s.Helper()
	planned, _ := s.engineOf().Plan(context.Background(), s.cfg, nil)
	s.provider.onExchange(func(m moment) {
		if m.device == "camera0" && m.writes() {
			s.fleet.Device("recorder0").Unplug()
		}
	})
	defer s.provider.onExchange(nil)
	s.engineOf().Apply(context.Background(), context.Background(), planned.Plan, s.nextRun())
}

// endsOnline demands that the next run makes everything as wanted, with the picture, and owes nothing.
func (s owing) endsOnline() {
	s.Helper()
	s.restart()
	_, _, done := s.run(0)
	if len(s.owes()) > 0 { // the login that was to tell which password the camera has had to wait
		s.restart()
		_, _, done = s.run(0)
	}
	if online := s.online(); !online[s.channels[0].item()] || !s.logsIn("camera0", shownAs, "Chosen-camera0") {
		s.Errorf("the channel is lost: %v, after\n%s %+v", online, told(done), done.Bad())
	}
	if planned, problems := s.engineOf().Plan(context.Background(), s.cfg, nil); !planned.Plan.Empty() || problems.HasErrors() {
		s.Errorf("planned again: %s %v", toldPlan(planned.Plan), problems)
	}
	if owed := s.owes(); len(owed) > 0 {
		s.Errorf("it still owes %v", owed)
	}
}

func (s owing) owes() []state.Owed {
	s.Helper()
	owed, err := s.store.AllOwed(context.Background())
	if err != nil {
		s.Fatal(err)
	}
	return owed
}

// A run may die at any moment: the next one tells the recorder the password that the camera has.
func TestI13ARecorderIsToldAfterARunThatDied(t *testing.T) {
	var all []moment
	synctest.Test(t, func(t *testing.T) { all, _, _ = newOwing(t).run(0) })
	if len(all) < 10 {
		t.Fatalf("only %d moments", len(all))
	}
	for _, at := range places(len(all), thorough.Pick(thorough.All, thorough.All, thorough.All)) {
		t.Run(fmt.Sprintf("%d %s", at, all[at-1]), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newOwing(t)
				if _, died, _ := s.run(at); !died {
					t.Fatal("it did not die")
				}
				s.endsOnline()
			})
		})
	}
	t.Logf("%d histories", len(all))
}

// A recorder that could not be updated in the run, for whatever reason, is updated by the next one.
func TestI13ARecorderIsToldAfterARunThatFailed(t *testing.T) {
	writes := func(x memory.Exchange) bool { return x.Writes() }
	for _, effect := range []memory.Effect{memory.Unreachable, memory.DropRequest, memory.DropReply, memory.Busy, memory.Reject, memory.Deny} {
		t.Run(fmt.Sprint(effect), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newOwing(t)
				s.fleet.Device("recorder0").Inject(memory.Fault{Effect: effect, Nth: 1, Match: writes})
				s.run(0)
				s.fleet.Device("recorder0").Heal()
				s.endsOnline()
			})
		})
	}
}

// A recorder that is dead while a run gives its camera another password waits for the next run in which it answers. Until then
// plan and drift say so.
func TestI13ADeadRecorderIsToldWhenItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newOwing(t), context.Background()
		s.diesInTheRun()
		if !s.logsIn("camera0", shownAs, "Chosen-camera0") || len(s.owes()) != 1 {
			t.Fatalf("the camera has no new password, or it owes %v", s.owes())
		}
		again, _ := s.engineOf().Plan(ctx, s.cfg, nil)
		if d := again.Plan.Devices[0]; len(d.Skipped) != 1 || !strings.Contains(d.Skipped[0].Detail, "device.recorder0.channel[\"1\"] needs the password of device.camera0.user.") {
			t.Errorf("left alone are %v", d.Skipped)
		}
		accounts, _ := s.engineOf().Credentials(ctx, s.cfg, nil)
		if !slices.ContainsFunc(accounts, func(a engine.Account) bool { return a.Account == shownAs && len(a.Owed) == 1 }) {
			t.Errorf("the accounts are %+v", accounts)
		}
		s.fleet.Device("recorder0").Plug()
		drift, _ := s.engineOf().Drift(ctx, s.cfg, nil)
		if drift.Plan.Drifted() != "bad" || !strings.Contains(toldPlan(drift.Plan), "recorder0") {
			t.Errorf("drift is %s: %s", drift.Plan.Drifted(), toldPlan(drift.Plan))
		}
		s.clock.pass(time.Minute)
		s.endsOnline()
	})
}

// A run that is interrupted while the camera gets its password tells the recorder before it ends.
func TestI13ARecorderIsToldAfterARunThatWasInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newOwing(t)
		planned, _ := s.engineOf().Plan(context.Background(), s.cfg, nil)
		stop, interrupt := context.WithCancel(context.Background())
		s.provider.onExchange(func(m moment) {
			if m.writes() {
				interrupt()
			}
		})
		s.engineOf().Apply(context.Background(), stop, planned.Plan, s.nextRun())
		s.provider.onExchange(nil)
		if !s.logsIn("camera0", shownAs, "Chosen-camera0") {
			t.Fatal("the camera has no new password")
		}
		if owed := s.owes(); len(owed) > 0 || !s.online()[s.channels[0].item()] {
			t.Errorf("the recorder was left behind, it owes %v", owed)
		}
		s.endsOnline()
	})
}

// Nothing is owed while somebody gave the recorder up, and while its list has no channel that shows the camera. Once that is over
// it gets it: a list may lack a channel for once.
func TestI13WhatIsGivenUpOrGoneIsOwedNothingUntilItIsBack(t *testing.T) {
	for name, change := range map[string]struct{ away, back func(owing) }{
		"given up": {
			away: func(s owing) {
				s.declared("camera0").Consumers = []config.Consumer{{Name: "device.recorder0", Ignore: true, Reason: "it goes tomorrow"}}
			},
			back: func(s owing) { s.declared("camera0").Consumers = nil },
		},
		"gone": {
			away: func(s owing) { s.fleet.Device("recorder0").SetChannel("1", "10.0.0.99:443", shownAs, "other") },
			back: func(s owing) { s.fleet.Device("recorder0").SetChannel("1", "10.0.0.10:443", shownAs, "Shown-camera0") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := owingAfterARun(t)
				change.away(s)
				again, problems := s.engineOf().Plan(context.Background(), s.cfg, nil)
				if !again.Plan.Empty() || problems.HasErrors() {
					t.Errorf("it plans %s, problems %v", toldPlan(again.Plan), problems)
				}
				change.back(s)
				s.endsOnline()
			})
		})
	}
}

// owingAfterARun is a camera with another password, which its recorder did not get since it was dead. It answers again.
func owingAfterARun(t testing.TB) owing {
	s := newOwing(t)
	s.diesInTheRun()
	s.fleet.Device("recorder0").Plug()
	return s
}

// Targets that name the recorder only show what it is owed, and so do those that name the camera.
func TestI13WhatIsOwedIsToldWhicheverDeviceIsTargeted(t *testing.T) {
	for _, name := range []string{"recorder0", "camera0"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, target := owingAfterARun(t), []schema.Setting{{Device: schema.Device{Name: name}}}
				s.clock.pass(time.Minute)
				planned, problems := s.engineOf().Plan(context.Background(), s.cfg, target)
				if problems.HasErrors() || !strings.Contains(toldPlan(planned.Plan), `update recorder0.channel["1"] password`) {
					t.Fatalf("planned %s %v", toldPlan(planned.Plan), problems)
				}
				s.engineOf().Apply(context.Background(), context.Background(), planned.Plan, s.nextRun())
				if owed := s.owes(); len(owed) > 0 || !s.online()[s.channels[0].item()] {
					t.Errorf("it owes %v", owed)
				}
			})
		})
	}
}

// A recorder that is owed a password gets none that the account is not known to have: the source yields another one by now.
func TestI13ARecorderIsToldNothingThatIsNotInEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := owingAfterARun(t), context.Background()
		again, _ := s.engineOf().Plan(ctx, s.cfg, nil)
		s.secrets["env:camera0/"+shownAs] = "Never-set-1"
		r := s.engineOf().Apply(ctx, ctx, again.Plan, s.nextRun())
		if !strings.Contains(told(r), `channel["1"]: failed`) || len(s.owes()) != 1 {
			t.Errorf("it owes %v after\n%s", s.owes(), told(r))
		}
	})
}

// A channel that logs in elsewhere by now is not told a password that was meant for what it showed when the run began.
func TestI13AChannelThatShowsSomethingElseIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newOwing(t), context.Background()
		planned, _ := s.engineOf().Plan(ctx, s.cfg, nil)
		s.provider.onExchange(func(m moment) {
			if m.device == "camera0" && m.writes() {
				s.fleet.Device("recorder0").SetChannel("1", "10.0.0.99:443", "other", "other")
			}
		})
		defer s.provider.onExchange(nil)
		if text := told(s.engineOf().Apply(ctx, ctx, planned.Plan, s.nextRun())); !strings.Contains(text, `channel["1"]: stale`) {
			t.Errorf("it ended with\n%s", text)
		}
	})
}

// A declared channel that a run did not get to tell the password of its camera is drift, and one of a run that did not get to the
// camera is none: both still have the password of before.
func TestI12ADeclaredChannelThatWasNotToldIsDrift(t *testing.T) {
	after := func(m moment) bool { return m.after && m.device == "camera0" && m.writes() }
	before := func(m moment) bool { return !m.after && m.device == "camera0" && m.writes() }
	for name, c := range map[string]struct {
		dies  func(moment) bool
		later time.Duration
		drift bool
	}{
		"after the camera":                       {after, time.Hour, true},
		"before the camera":                      {before, time.Hour, false},
		"before the camera, which tells nothing": {before, 0, false}, // it may not be asked so soon
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newOwing(t)
				s.declareBoth()
				s.provider.onExchange(func(m moment) {
					if c.dies(m) {
						_ = s.store.Close()
						runtime.Goexit()
					}
				})
				planned, _ := s.engineOf().Plan(context.Background(), s.cfg, nil)
				s.engineOf().Apply(context.Background(), context.Background(), planned.Plan, s.nextRun())
				s.provider.onExchange(nil)
				s.restart()
				e, ctx := s.engineOf(), context.Background()
				if _, err := e.Recover(ctx, engine.Accesses(s.cfg.Devices), s.nextRun()); err != nil {
					t.Fatal(err)
				}
				s.clock.pass(c.later)
				found, _ := s.engineOf().Drift(ctx, s.cfg, nil)
				if drift := strings.Contains(toldPlan(found.Plan), `update recorder0.channel["1"] password:drift`); drift != c.drift {
					t.Errorf("want drift %t, it says %s\n%s", c.drift, found.Plan.Drifted(), toldPlan(found.Plan))
				}
				s.endsOnline()
				if found, _ := s.engineOf().Drift(ctx, s.cfg, nil); found.Plan.Drifted() != plan.Good {
					t.Errorf("in the end there is drift: %s", toldPlan(found.Plan))
				}
			})
		})
	}
}

// declareBoth makes the recorder have the password of the camera by a reference, applies that, and then wants another one.
func (s owing) declareBoth() {
	s.Helper()
	want := func(password string) {
		s.declareUser("camera0", shownAs, "Operator", password)
		s.declare("recorder0", "channel", "1", values{"username": cty.StringVal(shownAs), "password": s.secret("env:camera0/" + shownAs)})
	}
	want("Shown-camera0")
	if _, _, done := s.run(0); len(done.Bad()) > 0 {
		s.Fatalf("%+v", done.Bad())
	}
	want("Chosen-camera0")
}

// A declared channel gets a password that somebody chose after its camera, and only if that has it.
func TestI13ADeclaredChannelFollowsItsCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newOwing(t)
		s.declareBoth()
		s.fleet.Device("camera0").Inject(memory.Fault{Effect: memory.Reject, Nth: 1, Match: func(x memory.Exchange) bool { return x.Writes() }})
		_, _, done := s.run(0)
		if !strings.Contains(told(done), `update channel["1"]: not-run`) || !s.online()[s.channels[0].item()] {
			t.Errorf("it ended with\n%s", told(done))
		}
		s.endsOnline()
	})
}
