package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/apply"
	"camform/engine/graph"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// Each row makes one of three devices unusable.
func TestI10OneBadDeviceCostsItselfOnly(t *testing.T) {
	for title, c := range map[string]struct {
		spoil  func(w *world, d *memory.Device)
		result report.Result
	}{
		"dead":     {func(_ *world, d *memory.Device) { d.Inject(memory.Fault{Effect: memory.Unreachable}) }, report.Unreachable},
		"refusing": {func(_ *world, d *memory.Device) { d.SetUser("admin", "Administrator", "Changed-1234") }, report.Refused},
		"locked":   {func(_ *world, d *memory.Device) { d.BurnAttempts(5) }, report.Refused},
		"nearly locked": {
			func(_ *world, d *memory.Device) { d.BurnAttempts(3) },
			report.Refused,
		},
		"other device": {func(w *world, d *memory.Device) {
			w.must(w.store.SaveSeen(context.Background(), state.Device{Address: schema.Device{Name: "gate"}, Pin: providers.Pin{Serial: "OTHER"}}))
		}, report.Mistaken},
	} {
		for _, when := range []string{"plan", "apply"} {
			t.Run(title+" when it comes to "+when, func(t *testing.T) {
				w := newWorld(t, "door", "gate", "yard")
				for _, device := range []string{"door", "gate", "yard"} {
					w.declareName(device, "other")
				}
				var p *plan.Plan
				if when == "plan" {
					c.spoil(w, w.fleet.Device("gate"))
					p = w.plan()
					if got := p.Failed(); len(got) != 1 || got[0].Problem == "" || got[0].Family != string(c.result) {
						t.Fatalf("failed devices %+v", got)
					}
				} else {
					p = w.plan()
					c.spoil(w, w.fleet.Device("gate"))
				}
				r := w.apply(p)
				step := "\n update system: not-run"
				if when == "plan" {
					step = ""
				}
				w.same(told(r), `
					door: done
					update system: done
					gate: `+string(c.result)+step+`
					yard: done
					update system: done`)
				if detail(r, "gate") == "" {
					t.Error("nobody says why")
				}
				if w.writes("gate") != 0 {
					t.Error("the device was written to")
				}
			})
		}
	}
}

// bomb is a session that panics at one call.
type bomb struct {
	providers.Session
	at string // "read" or "write"
}

func (b bomb) Read(ctx context.Context, path string) (providers.Document, error) {
	if b.at == "read" {
		panic("boom")
	}
	return b.Session.Read(ctx, path)
}

func (b bomb) Do(ctx context.Context, r providers.Request) (providers.Reply, error) {
	if b.at == "write" {
		panic("boom")
	}
	return b.Session.Do(ctx, r)
}

// mined is a provider whose readers panic for one device.
type mined struct {
	providers.Provider
	device string
}

func (p mined) OpenReader(t providers.Target) providers.Reader {
	if t.Device.Name == p.device {
		panic("boom")
	}
	return p.Provider.OpenReader(t)
}

func TestI10APanicCostsItsDeviceOnly(t *testing.T) {
	for at, want := range map[string]string{
		"read":  "update system: unknown",
		"write": "update system: unknown",
	} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t, "gate", "yard")
			w.declareName("gate", "other")
			w.declare("gate", "cloud", "", values{"enabled": cty.False})
			w.declareName("yard", "other")
			p := w.plan()
			w.provider.wrap = func(s providers.Session, device string) providers.Session {
				if device == "gate" {
					return bomb{s, at}
				}
				return s
			}
			r := w.apply(p)
			w.same(told(r), `
				gate: failed
				`+want+`
				update cloud: not-run
				yard: done
				update system: done`)
			if !strings.Contains(detail(r, "gate"), "boom") {
				t.Errorf("detail %q", detail(r, "gate"))
			}
			if at == "write" {
				if len(w.openIntents()) != 1 {
					t.Error("the intent must stay open")
				}
				w.provider.wrap = func(s providers.Session, _ string) providers.Session { return bomb{s, "read"} }
				if got := w.recover(); len(got) != 1 || got[0].Result != report.Failed {
					t.Errorf("recovered %+v", got)
				}
			}
			w.provider.wrap = nil
			w.converge()
		})
	}
}

func TestI10APanicWhilePlanningCostsItsDeviceOnly(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "other")
	w.declareName("yard", "other")
	w.provider.Provider = mined{w.provider.Provider, "gate"}
	w.same(toldPlan(w.plan()), `
		gate: failed
		update yard.system name:config`)
}

func TestI11ADeviceThatWasNotReadIsNotRemembered(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	w.plan()
	ctx, gate := context.Background(), schema.Device{Name: "gate"}
	before, _, err := w.store.Device(ctx, gate)
	w.must(err)
	w.fleet.Device("gate").SwapIdentity()
	w.same(toldPlan(w.plan()), "gate: other-device")
	after, _, err := w.store.Device(ctx, gate)
	w.must(err)
	if before.Pin.SPKI == "" || before != after {
		t.Errorf("known before %+v, and after another device answered %+v", before, after)
	}
}

func writing(x memory.Exchange) bool { return x.Writes() }

// Each row is one thing that goes wrong at the write of a setting, of an account that is made, and of a password that is
// changed. Whatever happened, the next run brings everything into order, and nothing is written without need.
func TestI11WhatBecameOfAWriteIsFoundByReading(t *testing.T) {
	for _, c := range []struct {
		effect                  memory.Effect
		setting, create, change report.Result // of the step
		writes                  int           // that the device had seen when the run ended
	}{
		{memory.DropReply, report.Done, report.Done, report.Done, 1},
		{memory.DropRequest, report.Failed, report.Failed, report.Failed, 0},
		{memory.ErrorButApplied, report.Done, report.Done, report.Rejected, 1},
		{memory.Lie, report.Rejected, report.Rejected, report.Rejected, 0},
		{memory.Busy, report.Failed, report.Failed, report.Failed, 0},
		{memory.Reject, report.Rejected, report.Rejected, report.Rejected, 0},
		{memory.Deny, report.Rejected, report.Rejected, report.Rejected, 0},
		{memory.Unreachable, report.Failed, report.Failed, report.Failed, 0},
		{memory.Restart, report.Unknown, report.Unknown, report.Unknown, 1},
	} {
		for _, step := range []struct {
			what    string
			want    report.Result
			prepare func(w *world)
			declare func(w *world)
			check   func(w *world) bool
		}{
			{
				"setting", c.setting, func(*world) {}, func(w *world) { w.declareName("gate", "other") },
				func(w *world) bool {
					return w.item("gate", "system", "").GetAttr("name").RawEquals(cty.StringVal("other"))
				},
			},
			{
				"create", c.create, func(*world) {}, func(w *world) { w.declareUser("gate", "op", "Operator", "Secret-1234") },
				func(w *world) bool { return w.logsIn("gate", "op", "Secret-1234") },
			},
			{
				"change", c.change, func(w *world) {
					w.declareUser("gate", "op", "Operator", "Secret-1234")
					w.converge()
				}, func(w *world) { w.declareUser("gate", "op", "Operator", "Another-1234") },
				func(w *world) bool { return w.logsIn("gate", "op", "Another-1234") },
			},
			{
				"delete", c.setting, func(w *world) {
					w.declareUser("gate", "op", "Operator", "Secret-1234")
					w.converge()
				}, func(w *world) { w.retract("gate", "user", "op") },
				func(w *world) bool { return w.item("gate", "user", "op").IsNull() },
			},
		} {
			t.Run(string(c.effect)+" "+step.what, func(t *testing.T) {
				w := newWorld(t, "gate")
				d := w.fleet.Device("gate")
				step.prepare(w)
				step.declare(w)
				before := w.writes("gate")
				d.Inject(memory.Fault{Effect: c.effect, Match: writing, Nth: 1})
				r := w.apply(w.plan())
				if got := r.Devices[0].Steps[0].Result; got != step.want {
					t.Errorf("result %s, want %s: %s", got, step.want, r.Devices[0].Steps[0].Detail)
				}
				if got := w.writes("gate") - before; got != c.writes {
					t.Errorf("%d writes, want %d", got, c.writes)
				}
				if step.want != report.Unknown && len(w.openIntents()) > 0 {
					t.Error("an intent is open although nothing is in doubt")
				}
				if !step.want.Good() && len(r.Bad()) == 0 {
					t.Error("the device counts as good")
				}
				d.Heal()
				w.restart()
				w.converge()
				if !step.check(w) {
					t.Error("the device is not as wanted")
				}
				if needless := len(w.provider.needless); needless > 0 && c.effect != memory.ErrorButApplied {
					t.Errorf("written without need: %v", w.provider.needless)
				}
			})
		}
	}
}

func TestI5ARefusedRequestCostsNoLogin(t *testing.T) {
	for _, effect := range []memory.Effect{memory.Busy, memory.Reject, memory.Deny} {
		t.Run(string(effect), func(t *testing.T) {
			w := newWorld(t)
			d := w.add("gate", memory.Options{HidesAttempts: true})
			w.declareUser("gate", "op", "Operator", "Secret-1234")
			w.converge()
			w.declareUser("gate", "op", "Operator", "Another-1234")
			d.Inject(memory.Fault{Effect: effect, Match: writing})
			w.apply(w.plan())
			if n := d.Count(memory.Refused); n != 0 {
				t.Errorf("%d logins were refused, although the device had said that it changed nothing", n)
			}
			d.Heal()
			w.converge() // at once: no window has to pass
		})
	}
}

// Another process errs after the ledger was asked, on a device that does not tell how many attempts are left, so the proof has to
// wait: what the device says about the write is neither believed nor denied until then.
func TestI5AProofThatMustWaitIsMadeByALaterRun(t *testing.T) {
	w := newWorld(t)
	d := w.add("gate", memory.Options{HidesAttempts: true})
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	w.converge()
	w.declareUser("gate", "op", "Operator", "Another-1234")
	d.BeforeWrite(func(memory.Exchange) {
		w.attempt(d, schema.NewSecret("mistyped"), providers.ByPerson, false)
		w.attempt(d, d.Target().Login.Password, providers.AtRisk, true)
	})
	w.same(told(w.apply(w.plan())), `
		gate: unknown
		update user.op: unknown`)
	d.BeforeWrite(nil)
	writes := w.writes("gate")

	recovered := w.recover()
	if len(recovered) != 1 || recovered[0].Result.Good() {
		t.Errorf("recovered %+v", recovered)
	}
	w.same(told(w.apply(w.plan())), `
		gate: unknown
		update user.op: unknown`)
	if w.writes("gate") != writes {
		t.Error("the write was repeated while it was in doubt")
	}

	w.restart()
	w.converge()
	if w.writes("gate") != writes {
		t.Error("the write was repeated although it had been carried out")
	}
	if n := d.Count(memory.Refused); n != 0 {
		t.Errorf("%d logins were refused, want none", n)
	}
}

// attempt is a login of another process as admin, without asking the device.
func (w *world) attempt(d *memory.Device, password schema.Secret, consent providers.Consent, accepted bool) {
	w.Helper()
	target := d.Target()
	charge, err := w.store.Charge(w.Context(), providers.Attempt{
		Endpoint: target.URL.Host, Credential: providers.Credential{Username: target.Login.Username, Password: password},
		Remaining: providers.RemainingUnknown, Consent: consent,
	})
	if err == nil {
		err = w.store.Settle(w.Context(), charge, providers.AttemptResult{Accepted: accepted, Remaining: providers.RemainingUnknown})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// The device did not take a password, and said so when it was tried: sent again at once it could not be proven, so it waits.
func TestI5APasswordThatWasRefusedAMomentAgoIsNotSentAgain(t *testing.T) {
	w := newWorld(t, "gate")
	d := w.fleet.Device("gate")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	w.converge()
	w.declareUser("gate", "op", "Operator", "Another-1234")
	d.Inject(memory.Fault{Effect: memory.DropRequest, Match: writing, Nth: 1})
	w.apply(w.plan())
	writes := w.writes("gate")
	w.same(told(w.apply(w.plan())), `
		gate: failed
		update user.op: failed`)
	if w.writes("gate") != writes || len(w.openIntents()) > 0 {
		t.Errorf("%d writes, want %d; open are %v", w.writes("gate"), writes, w.openIntents())
	}
	w.restart()
	w.converge()
	if n := d.Count(memory.Refused); n != 1 {
		t.Errorf("%d logins were refused, want 1", n)
	}
}

func TestI11AnOpenIntentHidesItsSettingOnly(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	w.declare("gate", "cloud", "", values{"enabled": cty.False})
	p := w.plan()
	d := w.fleet.Device("gate")
	broken := false
	d.Inject(memory.Fault{Effect: memory.Busy, Match: func(x memory.Exchange) bool { return broken && x.Path == "/system" }})
	d.AfterWrite(func(memory.Exchange) { broken = true })
	w.same(told(w.apply(p)), `
		gate: unknown
		update system: unknown
		update cloud: not-run`)
	d.Heal()
	d.AfterWrite(nil)
	w.same(told(w.apply(p)), `
		gate: unknown
		update system: unknown
		update cloud: done`)
	w.converge()
	if w.writes("gate") != 2 {
		t.Errorf("%d writes, want 2", w.writes("gate"))
	}
}

func TestALieIsNotRecorded(t *testing.T) {
	w := newWorld(t)
	w.add("gate", memory.Options{IgnoresAttributes: []string{"https.redirect"}})
	w.declare("gate", "https", "", values{"redirect": cty.True})
	w.declare("gate", "service", "RTSP", values{"enabled": cty.False})
	r := w.apply(w.plan())
	w.same(told(r), `
		gate: rejected
		update https: rejected
		update service.RTSP: done`)
	if got := r.Devices[0].Steps[0].Detail; got != "the device accepted the request but still reports redirect = false (wanted true)" {
		t.Errorf("detail %q", got)
	}
	if _, ok := w.remembered("gate", "https", ""); ok {
		t.Error("the lie is recorded as applied")
	}
	w.outcomes(state.Done, 1) // of the other setting, which went with the same request
	w.same(toldPlan(w.plan()), "update gate.https redirect:config")
}

func TestALieAboutAPasswordIsFoundByLogin(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	w.converge()
	known, _ := w.remembered("gate", "user", "op")
	w.declareUser("gate", "op", "Operator", "Another-1234")
	w.fleet.Device("gate").Inject(memory.Fault{Effect: memory.Lie, Match: writing})
	r := w.apply(w.plan())
	w.same(told(r), `
		gate: rejected
		update user.op: rejected`)
	if got := r.Devices[0].Steps[0].Detail; !strings.Contains(got, "rejects a login") {
		t.Errorf("detail %q", got)
	}
	w.outcomes(state.NotApplied, 1)
	if now, _ := w.remembered("gate", "user", "op"); now.Fingerprints["password"] != known.Fingerprints["password"] {
		t.Error("the password is recorded as applied")
	}
}

// The request did not arrive, and somebody else wrote in the meantime.
func TestI11AThirdValueAfterALostAnswerIsUnknown(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	d := w.fleet.Device("gate")
	p := w.plan()
	d.Inject(memory.Fault{Effect: memory.DropRequest, Match: writing})
	d.BeforeWrite(func(memory.Exchange) { d.Set("system", "", "name", "theirs") })
	w.same(told(w.apply(p)), `
		gate: unknown
		update system: unknown`)
	d.Heal()
	d.BeforeWrite(nil)
	w.converge()
	w.has("gate", "system", "", "name", cty.StringVal("other"))
}

func TestAFailedStepDoesNotHinderTheNextOnes(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	w.declare("gate", "cloud", "", values{"enabled": cty.False})
	w.fleet.Device("gate").Inject(memory.Fault{Effect: memory.Busy, Match: writing, Nth: 1})
	w.same(told(w.apply(w.plan())), `
		gate: failed
		update system: failed
		update cloud: done`)
}

func TestI10ADeviceThatDiesMidwayEndsThere(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	w.declare("gate", "cloud", "", values{"enabled": cty.False})
	d := w.fleet.Device("gate")
	d.Inject(memory.Fault{Effect: memory.Unreachable, Match: func(x memory.Exchange) bool { return x.Path == "/cloud" }, Nth: 2})
	w.same(told(w.apply(w.plan())), `
		gate: unreachable
		update system: done
		update cloud: failed`)
	w.converge()
}

func TestI2NothingIsSentWithoutAnIntent(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	p := w.plan()
	w.provider.onExchange(func(m moment) {
		if m.after && strings.HasPrefix(m.call, "GET") {
			_ = w.store.Close()
		}
	})
	r := w.apply(p)
	w.same(told(r), `
		gate: failed
		update system: failed
		create user.op: not-run`)
	if w.writes("gate") != 0 {
		t.Error("a request left without an intent")
	}
	w.provider.onExchange(nil)
	w.restart()
	w.converge()
}

// At each write the intent is asked for from another connection to the database.
func TestI2TheIntentIsThereWhenARequestLeaves(t *testing.T) {
	w := newWorld(t, "gate")
	w.everything("gate")
	p := w.plan()
	var asked int
	w.provider.onExchange(func(m moment) {
		if m.after || !m.writes() {
			return
		}
		method, path, _ := strings.Cut(m.call, " ")
		asked++
		open := w.openIntents()
		if len(open) != 1 || open[0].Method != method || !strings.HasPrefix(path, open[0].Document) {
			t.Errorf("%s leaves with the intents %+v", m.call, open)
		}
	})
	w.apply(p)
	if asked != 7 {
		t.Errorf("%d writes, want 7", asked)
	}
	w.outcomes(state.Done, 7)
}

// outcomes fails the test unless the last run has so many intents, all with one outcome.
func (w *world) outcomes(want state.Outcome, n int) {
	w.Helper()
	intents, err := w.store.RunIntents(context.Background(), fmt.Sprintf("run-%d", w.runs))
	w.must(err)
	if len(intents) != n {
		w.Errorf("%d intents, want %d", len(intents), n)
	}
	for _, in := range intents {
		if in.Outcome != want {
			w.Errorf("the intent for %s ended as %q, want %q", in.Document, in.Outcome, want)
		}
	}
}

func TestTheReadBackComesOverANewConnection(t *testing.T) {
	w := newWorld(t, "gate")
	w.declare("gate", "filter", "", values{"enabled": cty.True, "addresses": addresses("192.0.2.0/24")})
	w.same(told(w.apply(w.plan())), `
		gate: unknown
		update filter: unknown`) // the connection that was open stays open, but nobody gets in any more
}

func TestRecoverRecordsWhatWasCarriedOut(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	w.converge()
	for _, c := range []struct {
		effect     memory.Effect
		outcome    state.Outcome
		remembered bool
	}{{memory.DropRequest, state.NotApplied, true}, {memory.DropReply, state.Done, false}} {
		w.retract("gate", "user", "op")
		d := w.fleet.Device("gate")
		lost := false
		d.Inject(memory.Fault{Effect: c.effect, Match: writing})
		d.Inject(memory.Fault{Effect: memory.Unreachable, Match: func(memory.Exchange) bool { return lost }})
		w.provider.onExchange(func(m moment) { lost = lost || m.after && m.writes() })
		w.same(told(w.apply(w.plan())), `
			gate: unknown
			delete user.op: unknown`)
		run := w.runs
		w.provider.onExchange(nil)
		d.Heal()
		w.recover()
		w.runs = run
		w.outcomes(c.outcome, 1)
		if _, ok := w.remembered("gate", "user", "op"); ok != c.remembered {
			t.Errorf("%s: remembered %v", c.effect, ok)
		}
	}
}

func TestALeaseThatWasLostEndsTheDevice(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	p := w.plan()
	gate := schema.Device{Name: "gate"}
	w.provider.onExchange(func(m moment) {
		if m.call == memory.MethodIdentify && m.after {
			w.clock.pass(time.Hour)
			_, err := w.store.Acquire(context.Background(), "another run", gate)
			w.must(err)
		}
	})
	r := w.apply(p)
	if r.Devices[0].Result != report.Failed || !strings.Contains(detail(r, "gate"), "run another run of ops@host took it over") || w.writes("gate") != 0 {
		t.Errorf("%d writes,\n%s%s", w.writes("gate"), told(r), detail(r, "gate"))
	}
}

// Where another run holds a device, nothing of the plan is begun, unless somebody says that the rest may be; or the run waits.
func TestADeviceThatIsHeldIsLeftAlone(t *testing.T) {
	const nothing, rest, all = `
		gate: held
		update system: not-run
		yard: not-run
		update system: not-run`, `
		gate: held
		update system: not-run
		yard: done
		update system: done`, `
		gate: done
		update system: done
		yard: done
		update system: done`
	for name, c := range map[string]struct {
		holding apply.Holding
		freed   time.Duration // when the other run ends; 0 for never
		want    string
		waits   bool
	}{
		"nothing is begun":             {want: nothing},
		"the rest is":                  {holding: apply.Holding{Skip: true}, want: rest},
		"it waits":                     {holding: apply.Holding{Wait: time.Minute}, freed: 30 * time.Second, want: all, waits: true},
		"it waits in vain":             {holding: apply.Holding{Wait: 20 * time.Second}, freed: 30 * time.Second, want: nothing, waits: true},
		"it waits in vain, and skips":  {holding: apply.Holding{Wait: 20 * time.Second, Skip: true}, freed: 30 * time.Second, want: rest, waits: true},
		"it waits no longer than that": {holding: apply.Holding{Wait: time.Minute, Skip: true}, freed: 30 * time.Second, want: all, waits: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "gate", "yard")
				w.declareName("gate", "other")
				w.declareName("yard", "other")
				p := w.plan()
				leases, err := w.store.Acquire(context.Background(), "another run", schema.Device{Name: "gate"})
				w.must(err)
				if c.freed > 0 {
					time.AfterFunc(c.freed, func() { w.must(w.store.Release(context.Background(), leases...)) })
				}
				touched := func() int { return len(w.fleet.Device("gate").Log()) + len(w.fleet.Device("yard").Log()) }
				log := touched()
				e := w.engine()
				e.Holding = c.holding
				r := e.Apply(context.Background(), context.Background(), p, w.nextRun())
				w.same(told(r), c.want)
				if c.want == nothing && touched() != log {
					t.Error("a device was touched")
				}
				if c.want != all {
					for _, part := range []string{"ops@host", "another run", "2026-03-01T12:00:00Z", "camform state release another run"} {
						if !strings.Contains(detail(r, "gate"), part) {
							t.Errorf("detail %q does not tell %q", detail(r, "gate"), part)
						}
					}
				}
				waits := 0
				for _, event := range w.events {
					if event.Kind == report.Waiting {
						waits++
					}
				}
				if (waits == 1) != c.waits || waits > 1 {
					t.Errorf("it is reported %d times that the run waits", waits)
				}
				time.Sleep(time.Minute)
				w.restart() // a lease ends by itself
				w.converge()
			})
		})
	}
}

// A run gives back all that it holds, however it ends.
func TestARunGivesItsDevicesBack(t *testing.T) {
	w := newWorld(t, "gate", "yard", "shed")
	for _, name := range []string{"gate", "yard", "shed"} {
		w.declareName(name, "other")
	}
	w.parallelism.Total = 1
	p := w.plan()
	stop, interrupt := context.WithCancel(context.Background())
	w.fleet.Device("gate").BeforeWrite(func(memory.Exchange) { interrupt() })
	w.applyUntil(context.Background(), stop, p)
	held, err := w.store.Held(context.Background())
	w.must(err)
	if len(held) > 0 {
		t.Errorf("it still holds %v", held[0].Device)
	}
}

func TestTwoEnginesWriteOnce(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f"}
	w := newWorld(t, names...)
	for _, name := range names {
		w.declareName(name, "other")
		w.declareUser(name, "op", "Operator", "Secret-1234")
	}
	p := w.plan()
	one, other := w.engine(), w.engine()
	ended := make(chan *report.Report)
	for _, e := range []*engine.Engine{one, other} {
		run := w.nextRun()
		go func() { ended <- e.Apply(context.Background(), context.Background(), p, run) }()
	}
	first, second := <-ended, <-ended
	for i, name := range names {
		if got := w.writes(name); got != 2 {
			t.Errorf("%s was written to %d times, want 2", name, got)
		}
		if !first.Devices[i].Result.Good() && !second.Devices[i].Result.Good() {
			t.Errorf("%s: nobody did it: %+v %+v", name, first.Devices[i], second.Devices[i])
		}
	}
	w.nothingToDo()
}

func TestAStopFinishesTheStepInFlight(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.parallelism.Total = 1
	w.declareName("gate", "other")
	w.declare("gate", "cloud", "", values{"enabled": cty.False})
	w.declareName("yard", "other")
	p := w.plan()
	stop, interrupt := context.WithCancel(context.Background())
	w.fleet.Device("gate").BeforeWrite(func(memory.Exchange) { interrupt() })
	r := w.applyUntil(context.Background(), stop, p)
	w.same(told(r), `
		gate: not-run
		update system: done
		update cloud: not-run
		yard: not-run
		update system: not-run`)
	if !r.Interrupted || w.writes("gate") != 1 || len(w.openIntents()) != 0 {
		t.Errorf("interrupted %v, %d writes, intents %v", r.Interrupted, w.writes("gate"), w.openIntents())
	}
	w.fleet.Device("gate").BeforeWrite(nil)
	w.converge()
}

func TestAStopWithinADocumentEndsBeforeTheNextRequest(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	w.declareUser("gate", "view", "Viewer", "Viewer-1234")
	p := w.plan()
	stop, interrupt := context.WithCancel(context.Background())
	w.fleet.Device("gate").AfterWrite(func(memory.Exchange) { interrupt() })
	w.same(told(w.applyUntil(context.Background(), stop, p)), `
		gate: not-run
		create user.op: done
		create user.view: not-run`)
	w.fleet.Device("gate").AfterWrite(nil)
	w.converge()
}

func TestAnEndCutsOffWhatIsInFlight(t *testing.T) {
	for when, c := range map[string]struct {
		told string
		open int // intents
	}{
		"before": {`
			gate: not-run
			update system: not-run
			update cloud: not-run`, 0},
		"after": {`
			gate: unknown
			update system: unknown
			update cloud: not-run`, 1},
	} {
		t.Run(when+" the write", func(t *testing.T) {
			w := newWorld(t, "gate")
			w.declareName("gate", "other")
			w.declare("gate", "cloud", "", values{"enabled": cty.False})
			p := w.plan()
			ctx, cut := context.WithCancel(context.Background())
			d := w.fleet.Device("gate")
			hook := d.BeforeWrite
			if when == "after" {
				hook = d.AfterWrite
			}
			hook(func(memory.Exchange) { cut() })
			r := w.applyUntil(ctx, ctx, p)
			w.same(told(r), c.told)
			if len(w.openIntents()) != c.open || !r.Interrupted {
				t.Errorf("intents %v", w.openIntents())
			}
			hook(nil)
			if got := w.recover(); len(got) != c.open || c.open == 1 && got[0].Result != report.Done {
				t.Errorf("recovered %+v", got)
			}
			w.converge()
			if len(w.provider.needless) > 0 {
				t.Errorf("written without need: %v", w.provider.needless)
			}
		})
	}
}

func TestRecoverTouchesOnlyDevicesWithOpenIntents(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "other")
	d := w.fleet.Device("gate")
	d.Inject(memory.Fault{Effect: memory.Restart, Match: writing})
	w.apply(w.plan())
	log := len(w.fleet.Device("yard").Log())
	if got := w.recover(); len(got) != 1 || got[0].Result != report.Unreachable || got[0].Detail == "" {
		t.Errorf("recovered %+v", got)
	}
	if len(w.openIntents()) != 1 {
		t.Error("the intent of a device out of reach must stay open")
	}
	w.clock.pass(time.Hour)
	if got := w.recover(); len(got) != 1 || got[0].Result != report.Done {
		t.Errorf("recovered %+v", got)
	}
	if len(w.fleet.Device("yard").Log()) != log {
		t.Error("a device without open intents was touched")
	}
	w.nothingToDo()
}

func TestLimitsOfParallelWork(t *testing.T) {
	w := newWorld(t, "a", "b", "c", "d", "e", "f")
	for i, d := range w.cfg.Devices {
		w.declareName(d.Address.Name, "other")
		if i < 4 {
			d.Site = "north"
		}
	}
	w.parallelism = graph.Parallelism{Total: 3, PerGroup: 1}
	for _, run := range []func(){func() { w.plan() }, func() { w.apply(w.plan()) }} {
		run()
		site := map[schema.Device]string{}
		for _, d := range w.cfg.Devices {
			site[d.Address] = d.Site
		}
		total, north := 0, 0
		for _, e := range w.events {
			step := map[report.EventKind]int{report.DeviceStarted: 1, report.DeviceDone: -1}[e.Kind]
			total += step
			if site[e.Device] == "north" {
				north += step
			}
			if total > 3 || north > 1 {
				t.Fatalf("%d devices at once, %d of one site", total, north)
			}
		}
	}
}

func TestI2AFailedStoreEndsTheRunBeforeAnythingIsSent(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "other")
	w.declareName("yard", "other")
	p := w.plan()
	w.must(w.store.Close())
	r := w.apply(p)
	if len(r.Bad()) != 2 || w.writes("gate")+w.writes("yard") != 0 {
		t.Errorf("\n%s", told(r))
	}
	if _, err := w.engine().Recover(context.Background(), nil, "run"); err == nil {
		t.Error("recovering with a closed store must be an error")
	}
	if _, problems := w.engine().Plan(context.Background(), w.cfg, nil); !problems.HasErrors() {
		t.Error("planning with a closed store must be an error")
	}
	if !slices.ContainsFunc(r.Devices, func(d report.Device) bool { return strings.Contains(d.Detail, state.ErrClosed.Error()) }) {
		t.Errorf("nobody says why: %+v", r.Devices)
	}
}

// A run that was interrupted before it took its devices says so, and blames no state.
func TestAStopBeforeAnyDeviceIsAnInterrupt(t *testing.T) {
	for name, held := range map[string]bool{"nothing is held": false, "another run holds a device": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "gate", "yard")
			w.declareName("gate", "other")
			p := w.plan()
			if held {
				_, err := w.store.Acquire(context.Background(), "another run", schema.Device{Name: "gate"})
				w.must(err)
			}
			stop, interrupt := context.WithCancel(context.Background())
			interrupt()
			r := w.applyUntil(context.Background(), stop, p)
			if !r.Interrupted || w.writes("gate") != 0 || strings.Contains(detail(r, "gate"), "cannot be written") {
				t.Errorf("interrupted %t, %s%s", r.Interrupted, told(r), detail(r, "gate"))
			}
		})
	}
}
