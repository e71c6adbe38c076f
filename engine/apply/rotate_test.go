package apply_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"camform/engine/apply"
	"camform/engine/credential"
	"camform/engine/ledger"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// calm is a world in which nothing goes wrong by itself.
func calm(s scenario) *world {
	w := newWorld(s, &choices{}, bounds{})
	w.runs = 1
	return w
}

// apply carries out a plan in one run.
func (w *world) apply(devices ...plan.Device) *report.Report {
	w.runs++
	return apply.Run(context.Background(), context.Background(), &plan.Plan{Devices: devices}, w.options("run"))
}

func resultOf(t *testing.T, r *report.Report, address schema.Setting) report.Result {
	t.Helper()
	for _, d := range r.Devices {
		for _, s := range d.Steps {
			if s.Address == address {
				return s.Result
			}
		}
	}
	t.Fatalf("the report has no %s", address)
	return ""
}

var operator = schema.Setting{Device: cameraAddress, Kind: "user", Key: "operator"}

func TestAPlanThatWasOvertakenChangesNoPassword(t *testing.T) {
	w := calm(scenario{operator: true})
	planned := w.plan()
	if got := resultOf(t, w.apply(planned...), operator); got != report.Done {
		t.Fatalf("the first run ended with %s", got)
	}
	password := w.must(credential.Name(cameraAddress, "operator"))
	if got := resultOf(t, w.apply(planned...), operator); got != report.Already {
		t.Errorf("the second run of the same plan ended with %s", got)
	}
	if now := w.must(credential.Name(cameraAddress, "operator")); now != password || !w.accepts("operator", password) {
		t.Errorf("the password was changed from %s to %s by a plan from before", password, now)
	}
}

// A recorder that shows a camera learns the new password in the run that made it, not in the next one: meanwhile it would
// try the old one until the camera locks it out.
func TestWhoFollowsIsToldInTheSameRun(t *testing.T) {
	w := calm(scenario{operator: true, recorder: true})
	r := w.apply(w.plan()...)
	if got := resultOf(t, r, follower); got != report.Done {
		t.Errorf("the recorder ended with %s", got)
	}
	if has := w.readOf(w.recorder, "/cloud", "", "code"); !w.accepts("operator", has) {
		t.Errorf("the recorder has %q, which the camera does not accept", has)
	}
}

func TestWhoFollowsIsToldOnlyWhatWasProven(t *testing.T) {
	w := calm(scenario{operator: true, recorder: true})
	w.camera.Inject(memory.Fault{Effect: memory.Reject, Match: memory.Exchange.Writes})
	r := w.apply(w.plan()...)
	if got := resultOf(t, r, follower); got != report.NotRun {
		t.Errorf("the recorder got it although the camera has no new password: %s", got)
	}
	if has := w.readOf(w.recorder, "/cloud", "", "code"); !w.accepts("operator", has) {
		t.Errorf("the recorder has %q, which the camera does not accept", has)
	}
}

// A policy may want a proof that the old password is gone; a device that keeps it is reported.
func TestTheOldPasswordIsProvenToBeRefusedWhereThePolicyWantsIt(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		w := calm(scenario{operator: true})
		planned := w.plan()
		planned[0].Steps[0].Secrets["password"].Generate.Policy.ProveOldRefused = wanted
		before := w.camera.Count(memory.Refused)
		if got := resultOf(t, w.apply(planned...), operator); got != report.Done {
			t.Fatalf("it ended with %s", got)
		}
		if refused := w.camera.Count(memory.Refused) - before; (refused == 1) != wanted || refused > 1 {
			t.Errorf("wanted %v: the camera refused %d logins", wanted, refused)
		}
		w.clock = w.clock.Add(time.Hour)
	}
}

// refusedBefore lets the camera have refused a wrong password of ours, and accepted the right one since.
func (w *world) refusedBefore() {
	for _, e := range []ledger.Entry{{Credential: "wrong", Outcome: ledger.Refused}, {Credential: "admin-1", Outcome: ledger.Accepted}} {
		e.Credential = "192.0.2.1:443 admin " + e.Credential
		e.Charged, e.Settled, e.Remaining = w.clock, w.clock, providers.RemainingUnknown
		ledgerOf{w.disk}.note(e)
	}
}

// I5, I8: where the ledger withholds the login that would prove a new password, it is not sent and not in doubt; the rest is done.
// Where the device tells that enough attempts are left, there is nothing to wait for.
func TestI5I8ANewPasswordThatNoLoginMayProveIsNotSent(t *testing.T) {
	for _, own := range []bool{false, true} {
		for _, hides := range []bool{true, false} {
			w := calm(scenario{operator: !own, own: own, settings: true, hides: hides})
			w.refusedBefore()
			r := w.apply(w.plan()...)
			address := operator
			if own {
				address.Key = "admin"
			}
			want := report.Done
			if hides {
				want = report.Failed
			}
			if got := resultOf(t, r, address); got != want {
				t.Errorf("own %v, hides %v: the password ended with %s, want %s", own, hides, got, want)
			}
			for _, s := range r.Devices[0].Steps {
				if s.Address != address && s.Result != report.Done {
					t.Errorf("own %v, hides %v: %s ended with %s", own, hides, s.Address, s.Result)
				}
				if s.Address == address && hides && !strings.Contains(s.Detail, "camform tries none before 2026-03-01T12:31:00Z; apply again after that") {
					t.Errorf("it says %q", s.Detail)
				}
			}
			if intents, _ := w.disk.AllOpenIntents(t.Context()); hides && (w.passwordsWritten() > 0 || len(intents) > 0) {
				t.Errorf("own %v: %d passwords were sent, %d requests are open", own, w.passwordsWritten(), len(intents))
			}
			w.clock = w.clock.Add(ledger.Window)
			if planned := w.plan(); len(planned) > 0 {
				w.apply(planned...)
			}
			if wrong := w.wrong(); wrong != "" {
				t.Errorf("own %v, hides %v: %s", own, hides, wrong)
			}
		}
	}
}
