package memory_test

import (
	"context"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/memory"
)

var writing = memory.Exchange.Writes

// setPassword sets the password of the account guard.
func (w *world) setPassword(s providers.Session, to string) error {
	w.Helper()
	_, err := w.change(s, "user", "guard", map[string]cty.Value{"password": cty.StringVal(to)})
	return err
}

// newGuarded is a world whose device has the account guard with the password guard-Secret-1.
func newGuarded(t *testing.T, options memory.Options) *world {
	w := newWorld(t, options)
	w.device.SetUser("guard", "Operator", "guard-Secret-1")
	return w
}

func (w *world) accepts(password string, want bool) {
	w.Helper()
	if got := w.device.Accepts("guard", password); got != want {
		w.Errorf("the device accepts %s: %t", password, got)
	}
}

func (w *world) prove(s providers.Session, password string) error {
	return s.(providers.Authenticator).Authenticate(context.Background(), credential("guard", password))
}

func TestAPasswordIsLate(t *testing.T) {
	w := newGuarded(t, memory.Options{})
	w.device.Inject(memory.Fault{Effect: memory.Late, Match: writing, Delay: 31 * time.Minute})
	s := w.open()
	w.must(w.setPassword(s, "guard-Secret-2"), nil)
	w.clock.Pass(31*time.Minute - time.Second)
	w.must(w.prove(s, "guard-Secret-1"), nil)
	w.accepts("guard-Secret-2", false)
	w.clock.Pass(time.Second)
	w.accepts("guard-Secret-1", false)
	w.must(w.prove(s, "guard-Secret-2"), nil)
}

func TestALatePasswordOfOursEndsTheLogin(t *testing.T) {
	w := newWorld(t, memory.Options{})
	w.device.Inject(memory.Fault{Effect: memory.Late, Match: writing, Delay: time.Minute})
	s := w.open()
	_, err := w.change(s, "user", "admin", map[string]cty.Value{"password": cty.StringVal("admin-Secret-2")})
	w.must(err, nil)
	_, err = s.Read(context.Background(), "/system")
	w.must(err, nil)
	w.clock.Pass(time.Minute)
	_, err = s.Read(context.Background(), "/system")
	w.must(err, providers.ErrRefused)
}

func TestAPasswordIsLostAtTheNextRestart(t *testing.T) {
	w := newGuarded(t, memory.Options{})
	w.device.Inject(memory.Fault{Effect: memory.Revert, Match: writing})
	s := w.open()
	w.must(w.setPassword(s, "guard-Secret-2"), nil)
	w.must(w.setPassword(s, "guard-Secret-3"), nil)
	w.accepts("guard-Secret-3", true)
	w.device.Restart()
	w.accepts("guard-Secret-1", true)
	w.device.Heal()
	w.clock.Pass(time.Minute)
	w.must(w.setPassword(w.open(), "guard-Secret-2"), nil)
	w.device.Restart()
	w.accepts("guard-Secret-2", true)
}

func TestAPasswordIsCut(t *testing.T) {
	w := newGuarded(t, memory.Options{})
	w.device.Inject(memory.Fault{Effect: memory.Truncate, Match: writing, Length: 12})
	w.must(w.setPassword(w.open(), "guard-Secret-2"), nil)
	w.accepts("guard-Secret-2", false)
	w.accepts("guard-Secret", true)
}

func TestEffectsOnPasswordsLeaveOtherWritesAlone(t *testing.T) {
	for _, f := range []memory.Fault{{Effect: memory.Late, Delay: time.Hour}, {Effect: memory.Revert}, {Effect: memory.Truncate, Length: 1}} {
		w := newWorld(t, memory.Options{})
		w.device.Inject(f)
		_, err := w.change(w.open(), "system", "", newName("barn"))
		w.must(err, nil)
		if got := w.item("system", "").GetAttr("name"); !got.RawEquals(cty.StringVal("barn")) {
			t.Errorf("%s: the name is %#v", f.Effect, got)
		}
	}
	w := newWorld(t, memory.Options{})
	panics(t, "needs a number", func() { w.device.Inject(memory.Fault{Effect: memory.Late}) })
	panics(t, "needs a number", func() { w.device.Inject(memory.Fault{Effect: memory.Truncate}) })
}

func TestADeviceLocksOnDemand(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	w.device.Inject(memory.Fault{Effect: memory.Lock, Match: get, Nth: 1})
	if w.device.Locked() {
		t.Fatal("it is locked already")
	}
	_, err := s.Read(context.Background(), "/system")
	w.must(err, providers.ErrLocked)
	if !w.device.Locked() || w.fleet.Ledger().Locks()["192.0.2.1:443"] != 30*time.Minute {
		t.Error("it is not locked, or nobody knows")
	}
	w.clock.Pass(30 * time.Minute)
	if w.device.Locked() {
		t.Error("it is locked for good")
	}
	w.open()
}

func TestAnotherDeviceAnswers(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	w.device.Inject(memory.Fault{Effect: memory.Swap, Match: writing})
	before := len(w.fleet.Ledger().Entries())
	_, err := w.change(s, "system", "", newName("barn"))
	w.must(err, providers.ErrIdentity)
	if got := w.item("system", "").GetAttr("name"); !got.RawEquals(cty.StringVal("gate")) {
		t.Errorf("the other device was written to: %#v", got)
	}
	if after := len(w.fleet.Ledger().Entries()); after != before {
		t.Error("the other device was given a password")
	}
}

func TestAnAccountSleepsUntilItSetsItsPassword(t *testing.T) {
	w := newGuarded(t, memory.Options{MustChange: true})
	s := w.open()
	w.must(w.setPassword(s, "guard-Secret-2"), nil)
	refused := w.device.RefusalsOf(memory.Source)
	w.must(w.prove(s, "guard-Secret-2"), providers.ErrMustChange)
	target := w.device.Target()
	target.Login = credential("guard", "guard-Secret-2")
	_, err := w.provider.Open(target).Identify(context.Background())
	w.must(err, providers.ErrMustChange)
	asGuard := func(to string, r providers.Request) error {
		_, err := s.(providers.Impersonator).DoAs(context.Background(), credential("guard", to), r)
		return err
	}
	own := func(to string) providers.Request {
		return w.compose(s, "user", "guard", w.want("user", map[string]cty.Value{"password": cty.StringVal(to)}))[0]
	}
	higher := w.compose(s, "user", "guard", w.want("user", map[string]cty.Value{"level": cty.StringVal("Administrator")}))[0]
	other := w.compose(s, "user", "admin", w.want("user", map[string]cty.Value{"password": cty.StringVal("admin-Secret-2")}))[0]
	w.must(asGuard("guard-Secret-2", other), providers.ErrMustChange)
	w.must(asGuard("guard-Secret-2", higher), providers.ErrDenied)
	w.must(asGuard("guard-Secret-2", own("guard-Secret-2")), providers.ErrInvalid)
	w.must(w.prove(s, "guard-Secret-2"), providers.ErrMustChange)
	w.must(asGuard("guard-Secret-2", own("guard-Secret-3")), nil)
	w.must(w.prove(s, "guard-Secret-3"), nil)
	w.must(asGuard("guard-Secret-3", other), providers.ErrDenied)
	_, err = w.change(s, "user", "admin", map[string]cty.Value{"password": cty.StringVal("admin-Secret-3")})
	w.must(err, nil)
	w.open() // the administrator has set it himself
	if got := w.device.RefusalsOf(memory.Source); got != refused {
		t.Errorf("%d logins were refused, though all were right", got-refused)
	}
}

func TestARefusalOfAnotherAccountLeavesTheSessionAlone(t *testing.T) {
	w := newGuarded(t, memory.Options{})
	s := w.open()
	r := w.compose(s, "user", "guard", w.want("user", map[string]cty.Value{"password": cty.StringVal("guard-Secret-2")}))[0]
	_, err := s.(providers.Impersonator).DoAs(context.Background(), credential("guard", "wrong"), r)
	w.must(err, providers.ErrRefused)
	w.accepts("guard-Secret-1", true)
	_, err = s.Read(context.Background(), "/system")
	w.must(err, nil)
	var seen memory.Exchange
	w.device.BeforeWrite(func(x memory.Exchange) { seen = x })
	_, err = s.(providers.Impersonator).DoAs(context.Background(), credential("guard", "guard-Secret-1"), r)
	w.must(err, nil)
	if want := (memory.Exchange{Method: http.MethodPut, Path: r.Path, As: "guard"}); seen != want {
		t.Errorf("hooks see %+v", seen)
	}
}

func TestALoginMayNotMakeUpForRefusals(t *testing.T) {
	for keeps, want := range map[bool]int{false: 5, true: 2} {
		w := newWorld(t, memory.Options{KeepsFailures: keeps})
		w.device.BurnAttempts(3)
		s := w.open()
		err := w.prove(s, "wrong")
		w.must(err, providers.ErrRefused)
		entries := w.fleet.Ledger().Entries()
		if got := entries[len(entries)-1].Attempt.Remaining; got != want {
			t.Errorf("keeps %t: %d attempts are left, want %d", keeps, got, want)
		}
		w.clock.Pass(30 * time.Minute)
		w.open()
		if w.device.Locks() != 0 {
			t.Error("it locked")
		}
	}
}

func TestARepeatedWriteIsKnown(t *testing.T) {
	w := newGuarded(t, memory.Options{})
	s := w.open()
	w.device.Inject(memory.Fault{Effect: memory.Busy, Match: writing, Nth: 1})
	w.must(w.setPassword(s, "guard-Secret-2"), providers.ErrBusy)
	for _, to := range []string{"guard-Secret-2", "guard-Secret-3", "guard-Secret-2"} {
		w.must(w.setPassword(s, to), nil)
	}
	var repeated []bool
	for _, e := range w.device.Log() {
		if e.Kind == memory.Written {
			repeated = append(repeated, e.Repeated)
		}
	}
	if len(repeated) != 3 || repeated[0] || repeated[1] || !repeated[2] {
		t.Errorf("repeated: %v", repeated)
	}
}

func TestADeviceGoesBackToASnapshot(t *testing.T) {
	w := newGuarded(t, memory.Options{})
	w.device.Inject(memory.Fault{Effect: memory.Revert, Match: writing, Nth: 2})
	s := w.open()
	w.must(w.setPassword(s, "guard-Secret-2"), nil)
	w.device.BurnAttempts(2)
	was := w.device.Snapshot()
	log := len(w.device.Log())
	for range 3 {
		s = w.open()
		w.must(w.setPassword(s, "guard-Secret-3"), nil) // the second one, which is lost
		_, err := w.change(s, "system", "", newName("barn"))
		w.must(err, nil)
		w.device.SetUser("night", "Viewer", "night-Secret-1")
		w.device.BurnAttempts(5)
		w.device.SwapIdentity()
		w.device.Restart()
		w.accepts("guard-Secret-2", true)
		w.device.Restore(was)
		w.accepts("guard-Secret-2", true)
		if w.device.Locked() || w.device.Locks() != 0 || w.device.Accepts("night", "night-Secret-1") {
			t.Error("the device remembers locks or accounts")
		}
		if got := w.item("system", "").GetAttr("name"); !got.RawEquals(cty.StringVal("gate")) {
			t.Errorf("the name is %#v", got)
		}
		if got := len(w.device.Log()); got != log {
			t.Errorf("the log has %d entries, had %d", got, log)
		}
		w.must(w.prove(w.open(), "guard-Secret-2"), nil)
		w.device.Restore(was)
	}
}

func TestASnapshotIsNotChangedByTheDevice(t *testing.T) {
	w := newGuarded(t, memory.Options{})
	s := w.open()
	for range 3 { // so that there is room behind what the logs hold
		w.must(w.setPassword(s, "guard-Secret-1"), nil)
	}
	was := w.device.Snapshot()
	w.must(w.setPassword(w.open(), "guard-Secret-2"), nil)
	branch, log := w.device.Snapshot(), w.device.Log()
	w.device.Restore(was)
	w.accepts("guard-Secret-1", true)
	w.clock.Pass(time.Second)
	w.must(w.setPassword(w.open(), "guard-Secret-3"), nil)
	w.device.Restore(branch)
	w.accepts("guard-Secret-2", true)
	if diff := cmp.Diff(log, w.device.Log(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Error(diff)
	}
	w.must(w.setPassword(w.open(), "guard-Secret-2"), nil)
	if last := w.device.Log()[len(w.device.Log())-1]; last.Kind != memory.Written || !last.Repeated {
		t.Errorf("the branch does not know what was written in it: %+v", last)
	}
}

func TestConnectionsDoNotOutliveARestore(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	w.device.Set("https", "", "port", 8443)
	_, err := s.Read(context.Background(), "/system")
	w.must(err, nil)
	w.device.Restore(w.device.Snapshot())
	_, err = s.Read(context.Background(), "/system")
	w.must(err, providers.ErrUnreachable)
}

func TestARestoredDeviceIsTheOneThatItWas(t *testing.T) {
	w := newWorld(t, memory.Options{})
	was := w.device.Snapshot()
	s := w.open()
	w.device.SwapIdentity()
	w.device.Restore(was)
	_, err := s.Read(context.Background(), "/system")
	w.must(err, nil)
	w.device.SwapIdentity()
	_, err = s.Read(context.Background(), "/system")
	w.must(err, providers.ErrIdentity)
}
