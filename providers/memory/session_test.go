package memory_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

func TestI7AReaderCannotWrite(t *testing.T) {
	w := newWorld(t, memory.Options{})
	var reader any = w.provider.OpenReader(w.device.Target())
	if _, ok := reader.(providers.Session); ok {
		t.Error("a reader is a session")
	}
	if _, ok := reader.(interface {
		Do(context.Context, providers.Request) (providers.Reply, error)
	}); ok {
		t.Error("a reader has Do")
	}
	if _, ok := any(w.provider.Open(w.device.Target())).(providers.Authenticator); !ok {
		t.Error("a session is no authenticator")
	}
}

func TestNothingWorksBeforeIdentify(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.provider.Open(w.device.Target())
	for name, err := range everyCall(s) {
		if w.oneFamily(err); !strings.Contains(err.Error(), "Identify must come first") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.device.Log()) != 0 || len(w.fleet.Ledger().Entries()) != 0 {
		t.Errorf("something was sent: %v", w.device.Log())
	}
	if _, err := s.Identify(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Identify(context.Background()); err != nil || w.device.Count(memory.LoggedIn) != 1 {
		t.Errorf("a second Identify: %v, log %v", err, w.device.Log())
	}
}

// everyCall makes each call but Identify.
func everyCall(s providers.Session) map[string]error {
	_, read := s.Read(context.Background(), "/time")
	_, do := s.Do(context.Background(), providers.Request{Method: "PUT", Path: "/time", Body: []byte(`{"items":{"":{"zone":"UTC1"}}}`)})
	authenticate := s.(providers.Authenticator).Authenticate(context.Background(), providers.Credential{Username: "admin"})
	return map[string]error{"read": read, "do": do, "authenticate": authenticate}
}

func TestAFailedIdentifyIsNone(t *testing.T) {
	w := newWorld(t, memory.Options{})
	w.device.Inject(memory.Fault{Effect: memory.ErrorButApplied, Nth: 1})
	s := w.provider.Open(w.device.Target())
	who, err := s.Identify(context.Background())
	if w.must(err, providers.ErrMalformed); who != (providers.Identity{}) {
		t.Errorf("identity %v of an answer that cannot be understood", who)
	}
	_, err = s.Read(context.Background(), "/time")
	w.must(err, providers.ErrDenied)
	if _, err := s.Identify(context.Background()); err != nil {
		t.Errorf("it does not end a session, but: %v", err)
	}
}

func TestNothingIsSentAfterAnErrorThatEndsTheSession(t *testing.T) {
	for _, effect := range []memory.Effect{memory.Unreachable, memory.DropReply, memory.Refuse, memory.Restart} {
		t.Run(string(effect), func(t *testing.T) {
			w := newWorld(t, memory.Options{})
			s := w.open()
			w.device.Inject(memory.Fault{Effect: effect, Match: get})
			_, first := s.Read(context.Background(), "/time")
			if !providers.EndsSession(first) {
				t.Fatalf("%v does not end the session", first)
			}
			w.device.Heal()
			w.clock.Pass(time.Hour)
			seen := len(w.device.Log())
			for name, err := range everyCall(s) {
				if !errors.Is(err, errors.Unwrap(first)) {
					t.Errorf("%s: %v, want it to wrap %v", name, err, first)
				}
				w.oneFamily(err)
			}
			_, err := s.Identify(context.Background())
			w.oneFamily(err)
			w.counts(map[memory.EntryKind]int{memory.Withheld: 4})
			if got := len(w.device.Log()); got != seen+4 {
				t.Errorf("%d entries more in the log, want the 4 withheld: %v", got-seen, w.device.Log())
			}
			w.open()
		})
	}
}

func TestAClosedSessionSendsNothing(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	s.Close()
	s.Close()
	for _, err := range everyCall(s) {
		w.must(err, providers.ErrUnreachable)
	}
	w.counts(map[memory.EntryKind]int{memory.Withheld: 3, memory.Read: 0, memory.Written: 0})
}

func TestTwoGoroutinesInOneSessionAreABug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.Options{})
		s := w.open()
		w.device.Inject(memory.Fault{Match: get, Latency: time.Second})
		done := make(chan error)
		go func() {
			_, err := s.Read(context.Background(), "/time")
			done <- err
		}()
		synctest.Wait()
		for name, call := range map[string]func(){
			"Read": func() { _, _ = s.Read(context.Background(), "/time") }, "Pin": func() { s.Pin() }, "Renew": s.Renew, "Close": s.Close,
		} {
			t.Log(name)
			panics(t, "two goroutines use the session with device.gate at once; this is a bug", call)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// The lock.

func withPassword(target providers.Target, password string) providers.Target {
	target.Login.Password = schema.NewSecret(password)
	return target
}

func (w *world) identify(target providers.Target) error {
	_, err := w.provider.OpenReader(target).Identify(context.Background())
	return err
}

func TestFiveRefusalsLockForHalfAnHour(t *testing.T) {
	w := newWorld(t, memory.Options{})
	wrong := withPassword(w.device.Target(), "wrong-Secret")
	for range 5 {
		err := w.identify(wrong)
		w.must(err, providers.ErrRefused)
		w.oneFamily(err)
	}
	var told []int
	for i, e := range w.fleet.Ledger().Entries() {
		told = append(told, e.Attempt.Remaining, e.Result.Remaining)
		if !e.Settled || e.Result.Accepted || e.Attempt.Endpoint != "192.0.2.1:443" || e.Attempt.Credential != wrong.Login {
			t.Errorf("attempt %d: %v", i, e)
		}
		if last := i == 4; last != (e.Result.Lock == 30*time.Minute) {
			t.Errorf("attempt %d tells of a lock of %v", i, e.Result.Lock)
		}
	}
	if diff := cmp.Diff([]int{5, 4, 4, 3, 3, 2, 2, 1, 1, 0}, told); diff != "" {
		t.Errorf("remaining attempts before and after each: %s", diff)
	}

	w.clock.Pass(10 * time.Minute)
	err := w.identify(w.device.Target())
	w.must(err, providers.ErrLocked)
	w.oneFamily(err)
	if diff := cmp.Diff(map[string]time.Duration{"192.0.2.1:443": 20 * time.Minute}, w.fleet.Ledger().Locks()); diff != "" {
		t.Errorf("what the ledger knows of locks: %s", diff)
	}
	w.counts(map[memory.EntryKind]int{memory.Refused: 5, memory.Locked: 1, memory.LoggedIn: 0})

	w.clock.Pass(20*time.Minute - 1)
	w.must(w.identify(w.device.Target()), providers.ErrLocked)
	w.clock.Pass(1)
	w.must(w.identify(wrong), providers.ErrRefused)
	if e := w.fleet.Ledger().Entries(); e[len(e)-1].Result.Remaining != 4 {
		t.Errorf("a lock that is over leaves %d attempts, want a fresh count", e[len(e)-1].Result.Remaining)
	}
}

func TestALockEndsOpenSessionsToo(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	w.device.BurnAttempts(5)
	_, err := s.Read(context.Background(), "/time")
	w.must(err, providers.ErrLocked)
}

func TestAnAcceptedLoginForgetsRefusals(t *testing.T) {
	w := newWorld(t, memory.Options{})
	for range 3 {
		w.device.BurnAttempts(4)
		w.open()
	}
	w.counts(map[memory.EntryKind]int{memory.Refused: 12, memory.LoggedIn: 3, memory.Locked: 0})
}

func TestTheLockFollowsItsDocument(t *testing.T) {
	w := newWorld(t, memory.Options{})
	w.device.Set("login_lock", "", "attempts", 3)
	w.device.Set("login_lock", "", "minutes", 1)
	w.device.BurnAttempts(3)
	w.must(w.identify(w.device.Target()), providers.ErrLocked)
	w.clock.Pass(time.Minute)
	w.device.Set("login_lock", "", "enabled", false)
	w.device.BurnAttempts(30)
	w.open()

	w.device.SetDocument("/login_lock", "")
	w.device.BurnAttempts(4)
	w.open()
	w.device.BurnAttempts(5)
	w.must(w.identify(w.device.Target()), providers.ErrLocked)
}

func TestADeviceMayHideItsAttempts(t *testing.T) {
	w := newWorld(t, memory.Options{HidesAttempts: true})
	w.must(w.identify(withPassword(w.device.Target(), "wrong-Secret")), providers.ErrRefused)
	e := w.fleet.Ledger().Entries()[0]
	if e.Attempt.Remaining != providers.RemainingUnknown || e.Result.Remaining != providers.RemainingUnknown {
		t.Errorf("it told %d and %d", e.Attempt.Remaining, e.Result.Remaining)
	}
}

// strict is a ledger that fails on request.
type strict struct {
	memory.Ledger
	charge, settle, locked error
}

func (l *strict) Charge(ctx context.Context, a providers.Attempt) (providers.Charge, error) {
	if l.charge != nil {
		return 0, l.charge
	}
	return l.Ledger.Charge(ctx, a)
}

func (l *strict) Settle(ctx context.Context, c providers.Charge, r providers.AttemptResult) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(l.Ledger.Settle(ctx, c, r), l.settle)
}

func (l *strict) Locked(ctx context.Context, endpoint string, d time.Duration) error {
	return errors.Join(l.Ledger.Locked(ctx, endpoint, d), l.locked)
}

func TestI5TheLedgerDecidesWhetherAnAttemptIsMade(t *testing.T) {
	full := errors.New("the disk is full")
	for name, c := range map[string]struct {
		ledger *strict
		burnt  int
		family error
		logins int
	}{
		"granted":           {&strict{}, 0, nil, 1},
		"no budget":         {&strict{charge: fmt.Errorf("until noon: %w", providers.ErrBudget)}, 0, providers.ErrBudget, 0},
		"refused before":    {&strict{charge: providers.ErrRefused}, 0, providers.ErrRefused, 0},
		"cannot be charged": {&strict{charge: full}, 0, providers.ErrBudget, 0},
		"cannot be settled": {&strict{settle: full}, 0, providers.ErrBudget, 1},
		"cannot be locked":  {&strict{locked: full}, 5, providers.ErrLocked, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memory.Options{})
			w.device.BurnAttempts(c.burnt)
			target := w.device.Target()
			target.Ledger = c.ledger
			err := w.identify(target)
			if w.must(err, c.family); err != nil {
				w.oneFamily(err)
			}
			w.counts(map[memory.EntryKind]int{memory.LoggedIn: c.logins})
		})
	}
	w := newWorld(t, memory.Options{})
	w.open()
	charge, _ := w.fleet.Ledger().Charge(context.Background(), providers.Attempt{})
	panics(t, "this is a bug", func() { _ = w.fleet.Ledger().Settle(context.Background(), charge-1, providers.AttemptResult{}) })
	panics(t, "this is a bug", func() { _ = w.fleet.Ledger().Settle(context.Background(), charge+1, providers.AttemptResult{}) })
}

func TestALoginWithoutAnAnswerIsNotSettled(t *testing.T) {
	w := newWorld(t, memory.Options{})
	w.device.Inject(memory.Fault{Effect: memory.DropReply})
	w.must(w.identify(withPassword(w.device.Target(), "wrong-Secret")), providers.ErrUnreachable)
	w.counts(map[memory.EntryKind]int{memory.Refused: 1})
	if e := w.fleet.Ledger().Entries(); len(e) != 1 || e[0].Settled {
		t.Errorf("the ledger has %v", e)
	}
}

func TestARunThatGivesUpStillSettles(t *testing.T) {
	w := newWorld(t, memory.Options{})
	target := w.device.Target()
	ctx, cancel := context.WithCancel(context.Background())
	target.Ledger = &interrupted{meanwhile: cancel}
	if _, err := w.provider.Open(target).Identify(ctx); err != nil {
		t.Errorf("the login was accepted, but: %v", err)
	}
}

func TestALockMayComeBetweenProbeAndLogin(t *testing.T) {
	w := newWorld(t, memory.Options{})
	target := w.device.Target()
	target.Ledger = &interrupted{meanwhile: func() { w.device.BurnAttempts(5) }}
	w.must(w.identify(target), providers.ErrRefused)
	w.counts(map[memory.EntryKind]int{memory.LoggedIn: 0, memory.Refused: 5, memory.Poked: 1})
}

// interrupted is a ledger where something happens right after a charge.
type interrupted struct {
	strict
	meanwhile func()
}

func (l *interrupted) Charge(ctx context.Context, a providers.Attempt) (providers.Charge, error) {
	defer l.meanwhile()
	return l.strict.Charge(ctx, a)
}

func TestAnInactiveDeviceGetsNoPassword(t *testing.T) {
	w := newWorld(t, memory.Options{Inactive: true})
	w.must(w.identify(w.device.Target()), providers.ErrInactive)
	w.counts(map[memory.EntryKind]int{memory.LoggedIn: 0, memory.Refused: 0})
}

// Accounts.

func credential(user, password string) providers.Credential {
	return providers.Credential{Username: user, Password: schema.NewSecret(password)}
}

func TestAuthenticateProvesACandidateWithoutDisturbingTheSession(t *testing.T) {
	w := newWorld(t, memory.Options{})
	w.device.SetUser("guard", "Viewer", "guard-Secret-1")
	s := w.open()
	a := s.(providers.Authenticator)
	ctx := context.Background()
	w.must(a.Authenticate(ctx, credential("guard", "guard-Secret-1")), nil)
	w.must(a.Authenticate(ctx, credential("guard", "guard-Secret-2")), providers.ErrRefused)
	w.must(a.Authenticate(ctx, credential("nobody", "")), providers.ErrRefused)
	w.device.Inject(memory.Fault{Effect: memory.DropReply, Nth: 1})
	w.must(a.Authenticate(ctx, credential("guard", "guard-Secret-1")), providers.ErrUnreachable)
	if _, err := s.Read(ctx, "/time"); err != nil {
		t.Errorf("the session was disturbed: %v", err)
	}
	w.counts(map[memory.EntryKind]int{memory.LoggedIn: 3, memory.Refused: 2, memory.Withheld: 0})
	if got := len(w.fleet.Ledger().Entries()); got != 5 {
		t.Errorf("%d attempts accounted for, want 5", got)
	}
	w.device.BurnAttempts(5)
	w.must(a.Authenticate(ctx, credential("guard", "guard-Secret-1")), providers.ErrLocked)
}

func TestAuthenticateUsesAConnectionOfItsOwn(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	w.device.Set("https", "", "enabled", false)
	w.must(s.(providers.Authenticator).Authenticate(context.Background(), w.device.Target().Login), providers.ErrUnreachable)
	if _, err := s.Read(context.Background(), "/time"); err != nil {
		t.Errorf("the connection of the session was lost: %v", err)
	}
}

func TestAPasswordThatChangedUnderASessionCostsOneAttempt(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	old := w.device.Target()
	if _, err := w.change(s, "user", "admin", map[string]cty.Value{"password": cty.StringVal("new-Secret-1")}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Read(context.Background(), "/time")
	w.must(err, providers.ErrRefused)
	_, err = s.Read(context.Background(), "/time")
	w.must(err, providers.ErrRefused)
	w.counts(map[memory.EntryKind]int{memory.Refused: 1, memory.Withheld: 1})
	if w.device.Target().Login != credential("admin", "new-Secret-1") {
		t.Error("a target does not carry the password that the device has")
	}
	w.must(w.identify(old), providers.ErrRefused)
	w.open()

	s = w.open()
	w.device.SetUser("admin", "Administrator", "new-Secret-1")
	if _, err := s.Read(context.Background(), "/time"); err != nil {
		t.Errorf("a login that was lost is made again: %v", err)
	}
}

func TestAnAccountThatCameBackIsAnotherOne(t *testing.T) {
	w := newWorld(t, memory.Options{})
	w.device.SetUser("guard", "Viewer", "guard-Secret-1")
	target := w.device.Target()
	target.Login = credential("guard", "guard-Secret-1")
	s := w.provider.OpenReader(target)
	if _, err := s.Identify(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.device.Remove("user", "guard")
	w.must(w.identify(target), providers.ErrRefused)
	w.device.SetUser("guard", "Viewer", "guard-Secret-2")
	_, err := s.Read(context.Background(), "/time")
	w.must(err, providers.ErrRefused)
}

func TestTheDeviceGivesTheLowestFreeID(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	both := map[string]cty.Value{"level": cty.StringVal("Viewer"), "password": cty.StringVal("some-Secret-1")}
	for i, name := range []string{"guard", "night", "guard"} {
		reply, err := w.change(s, "user", name, both)
		if want := []string{"2", "2", "3"}[i]; err != nil || reply.ID != want {
			t.Errorf("%s: id %q, %v, want %s", name, reply.ID, err, want)
		}
		if name == "guard" {
			w.must(s.(providers.Authenticator).Authenticate(context.Background(), credential("guard", "some-Secret-1")), nil)
			_, err := w.send(s, w.compose(s, "user", "guard", w.kind("user").Null()))
			w.must(err, nil)
			w.must(s.(providers.Authenticator).Authenticate(context.Background(), credential("guard", "some-Secret-1")), providers.ErrRefused)
		}
	}
	_, err := s.Do(context.Background(), providers.Request{Method: "PUT", Path: "/users/2", Body: []byte(`{"id":9,"level":"Operator"}`)})
	w.must(err, nil)
	if got, want := w.device.Document("/users"), `{"items":{"admin":{"id":1,"level":"Administrator"},"night":{"id":2,"level":"Operator"}}}`; got != want {
		t.Errorf("users %s, want %s", got, want)
	}
}

func TestOnlyAnAdministratorWrites(t *testing.T) {
	w := newWorld(t, memory.Options{})
	for _, level := range []string{"Viewer", "Operator", "Administrator"} {
		w.device.SetUser("guard", level, "guard-Secret-1")
		target := w.device.Target()
		target.Login = credential("guard", "guard-Secret-1")
		s := w.provider.Open(target)
		if _, err := s.Identify(context.Background()); err != nil {
			t.Fatal(err)
		}
		_, err := w.change(s, "system", "", newName(level))
		if level == "Administrator" {
			w.must(err, nil)
		} else {
			w.must(err, providers.ErrDenied)
			w.oneFamily(err)
		}
	}
	w.counts(map[memory.EntryKind]int{memory.Written: 1, memory.Rejected: 2})
}

func TestADeviceEnforcesItsLimits(t *testing.T) {
	w := newWorld(t, memory.Options{Without: []string{"cloud"}})
	s := w.open()
	before := w.device.Document("/users") + w.device.Document("/system")
	user := `{"level":"Viewer","name":"guard","password":"guard-Secret-1"}`
	for _, c := range []struct {
		method, path, body string
		family             error
	}{
		{"PUT", "/system", `{"items":{"":{"name":"` + strings.Repeat("x", 33) + `"}}}`, providers.ErrInvalid},
		{"PUT", "/system", `{"items":{"":{"name":[]}}}`, providers.ErrInvalid},
		{"PUT", "/system", `{`, providers.ErrInvalid},
		{"PUT", "/cloud", `{"items":{"":{"enabled":true}}}`, providers.ErrUnsupported},
		{"PUT", "/limits/system", `{"items":{}}`, providers.ErrUnsupported},
		{"PUT", "/nowhere", `{"items":{}}`, providers.ErrUnsupported},
		{"POST", "/system", `{}`, providers.ErrUnsupported},
		{"PUT", "/users", `{"items":{}}`, providers.ErrUnsupported},
		{"POST", "/users", `{`, providers.ErrInvalid},
		{"POST", "/users", `null`, providers.ErrInvalid},
		{"POST", "/users", `{"level":"Viewer","name":"guard"}`, providers.ErrInvalid},
		{"POST", "/users", `{"level":"Viewer","name":"guard","password":null}`, providers.ErrInvalid},
		{"POST", "/users", strings.Replace(user, "guard-Secret-1", "canary", 1), providers.ErrInvalid},
		{"POST", "/users", strings.Replace(user, "guard", "admin", 1), providers.ErrInvalid},
		{"PUT", "/users/7", user, providers.ErrInvalid},
		{"PUT", "/users/1", `{"level":"King"}`, providers.ErrInvalid},
		{"PUT", "/users/1", `{`, providers.ErrInvalid},
		{"DELETE", "/users/1", ``, providers.ErrInvalid},
		{"DELETE", "/users/7", ``, providers.ErrInvalid},
	} {
		_, err := s.Do(context.Background(), providers.Request{Method: c.method, Path: c.path, Body: []byte(c.body)})
		if !errors.Is(err, c.family) {
			t.Errorf("%s %s %s: %v, want %v", c.method, c.path, c.body, err, c.family)
			continue
		}
		if w.oneFamily(err); strings.Contains(err.Error(), "canary") {
			t.Errorf("%v shows the password", err)
		}
	}
	if after := w.device.Document("/users") + w.device.Document("/system"); after != before {
		t.Errorf("documents became %s", after)
	}
	w.counts(map[memory.EntryKind]int{memory.Rejected: 19, memory.Written: 0})

	w.device.SetDocument("/users", "")
	_, err := s.Do(context.Background(), providers.Request{Method: "POST", Path: "/users", Body: []byte(user)})
	w.must(err, providers.ErrUnsupported)
	if _, err := w.change(s, "system", "", newName("barn")); err != nil {
		t.Errorf("a device without a list of accounts: %v", err)
	}
}

func TestADeviceMayIgnoreAnAttribute(t *testing.T) {
	w := newWorld(t, memory.Options{IgnoresAttributes: []string{"time.mode"}})
	reply, err := w.change(w.open(), "time", "", map[string]cty.Value{"mode": cty.StringVal("NTP"), "zone": cty.StringVal("UTC1")})
	if err != nil || reply.Outcome != providers.Applied {
		t.Fatalf("%v, %v", reply, err)
	}
	if got := w.device.Document("/time"); got != `{"items":{"":{"drift":0.25,"mode":"manual","zone":"UTC1"}}}` {
		t.Error(got)
	}
}

// Identity.

func TestAPinIsWhatWasSeen(t *testing.T) {
	w := newWorld(t, memory.Options{Identity: providers.Identity{Serial: "S1", Model: "M1"}})
	s := w.provider.OpenReader(w.device.Target())
	if s.Pin() != (providers.Pin{}) {
		t.Errorf("before Identify %v was seen", s.Pin())
	}
	who, err := s.Identify(context.Background())
	if err != nil || who != w.device.Identity() || who.Serial != "S1" || who.Model != "M1" || who.Firmware == "" {
		t.Fatalf("%v, %v", who, err)
	}
	pin := s.Pin()
	if pin.Serial != "S1" || pin.MAC != who.MAC || pin.MAC != providers.NormalMAC(pin.MAC) || pin.Realm == "" ||
		pin.Algorithm != "SHA-256" || !strings.HasPrefix(pin.SPKI, "sha256:") || len(pin.SPKI) != len("sha256:")+64 {
		t.Errorf("pin %v", pin)
	}
	plain := w.device.Target()
	plain.URL.Scheme, plain.URL.Host = "http", "192.0.2.1"
	r := w.provider.OpenReader(plain)
	if _, err := r.Identify(context.Background()); err != nil || r.Pin().SPKI != "" || r.Pin().Realm != pin.Realm {
		t.Errorf("over HTTP: %v, %v", r.Pin(), err)
	}
	if e := w.fleet.Ledger().Entries(); e[1].Attempt.Endpoint != "192.0.2.1:80" {
		t.Errorf("endpoint %q without a port in the URL", e[1].Attempt.Endpoint)
	}
	other := w.fleet.Add("barn", "https://192.0.2.2", memory.Options{})
	o := w.provider.OpenReader(other.Target())
	if _, err := o.Identify(context.Background()); err != nil || o.Pin().SPKI == pin.SPKI || o.Pin().Realm == pin.Realm || other.Identity().MAC == who.MAC {
		t.Errorf("two devices look alike: %v, %v", o.Pin(), err)
	}
}

func TestI11NoCredentialGoesToAnotherDevice(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		swap    bool
		target  func(*providers.Target)
		family  error
		logins  int
	}{
		"the same over TLS":       {"https://192.0.2.9", false, func(*providers.Target) {}, nil, 1},
		"another key":             {"https://192.0.2.9", true, func(*providers.Target) {}, providers.ErrIdentity, 0},
		"another realm":           {"http://192.0.2.9", true, func(*providers.Target) {}, providers.ErrIdentity, 0},
		"another serial number":   {"https://192.0.2.9", true, func(t *providers.Target) { t.Trust.Mode = providers.TrustVerify }, providers.ErrIdentity, 1},
		"not the one wanted":      {"https://192.0.2.9", false, func(t *providers.Target) { t.Want.Serial = "other" }, providers.ErrIdentity, 1},
		"nothing known before":    {"https://192.0.2.9", true, func(t *providers.Target) { t.Pin = providers.Pin{} }, nil, 1},
		"stronger digest in past": {"https://192.0.2.9", false, func(t *providers.Target) { t.Pin.Algorithm = "SHA-256" }, providers.ErrIdentity, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memory.Options{})
			w.device = w.fleet.Add("barn", c.address, memory.Options{Algorithm: "MD5"})
			first := w.provider.OpenReader(w.device.Target())
			if _, err := first.Identify(context.Background()); err != nil {
				t.Fatal(err)
			}
			before := w.device.Count(memory.LoggedIn)
			if c.swap {
				w.device.SwapIdentity()
			}
			target := w.device.Target()
			target.Pin = first.Pin()
			c.target(&target)
			s := w.provider.OpenReader(target)
			_, err := s.Identify(context.Background())
			w.must(err, c.family)
			if got := w.device.Count(memory.LoggedIn) - before; got != c.logins {
				t.Errorf("%d logins, want %d", got, c.logins)
			}
			if err != nil && (s.Pin().Serial != target.Pin.Serial || s.Pin().MAC != target.Pin.MAC) {
				t.Errorf("pin %v of a device that is not ours", s.Pin())
			}
		})
	}
}

func TestASwapUnderASessionIsNoticed(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	w.device.SwapIdentity()
	_, err := s.Read(context.Background(), "/time")
	w.must(err, providers.ErrIdentity)
	_, err = s.Read(context.Background(), "/time")
	w.must(err, providers.ErrIdentity)
	w.counts(map[memory.EntryKind]int{memory.Read: 0, memory.Withheld: 1})
}

// The ways in.

func TestI9AWayThatADocumentClosesIsClosed(t *testing.T) {
	for name, c := range map[string]struct {
		address, reached string // where the device is added, and where it is looked for afterwards
		change           func(*memory.Device)
		open             bool
	}{
		"nothing changed":               {"https://192.0.2.9", "https://192.0.2.9:443", func(*memory.Device) {}, true},
		"IPv6":                          {"https://[2001:db8::9]", "https://[2001:db8::9]:443", func(*memory.Device) {}, true},
		"other port":                    {"https://192.0.2.9", "https://192.0.2.9:8443", func(*memory.Device) {}, false},
		"other address":                 {"https://192.0.2.9", "https://192.0.2.8", func(*memory.Device) {}, false},
		"HTTP beside HTTPS":             {"https://192.0.2.9:8443", "http://192.0.2.9", func(*memory.Device) {}, true},
		"added at another port":         {"https://192.0.2.9:8443", "https://192.0.2.9:8443", func(*memory.Device) {}, true},
		"HTTP at another port":          {"http://192.0.2.9:8080", "http://192.0.2.9:8080", func(*memory.Device) {}, true},
		"HTTPS off":                     {"https://192.0.2.9", "https://192.0.2.9", func(d *memory.Device) { d.Set("https", "", "enabled", false) }, false},
		"HTTPS off, by HTTP":            {"https://192.0.2.9", "http://192.0.2.9", func(d *memory.Device) { d.Set("https", "", "enabled", false) }, true},
		"HTTP off":                      {"http://192.0.2.9", "http://192.0.2.9", func(d *memory.Device) { d.Set("service", "HTTP", "enabled", false) }, false},
		"port moved, old":               {"https://192.0.2.9", "https://192.0.2.9", func(d *memory.Device) { d.Set("https", "", "port", 8443) }, false},
		"port moved, new":               {"https://192.0.2.9", "https://192.0.2.9:8443", func(d *memory.Device) { d.Set("https", "", "port", 8443) }, true},
		"no access document":            {"https://192.0.2.9:8443", "https://192.0.2.9:8443", func(d *memory.Device) { d.SetDocument("/access", "") }, true},
		"no access document, elsewhere": {"https://192.0.2.9:8443", "https://192.0.2.9", func(d *memory.Device) { d.SetDocument("/access", "") }, false},
		"no access document, HTTP":      {"https://192.0.2.9:8443", "http://192.0.2.9:8443", func(d *memory.Device) { d.SetDocument("/access", "") }, false},
		"no entry for HTTPS":            {"https://192.0.2.9", "https://192.0.2.9", func(d *memory.Device) { d.Remove("https", "") }, true},
		"filtered out":                  {"https://192.0.2.9", "https://192.0.2.9", func(d *memory.Device) { d.Set("filter", "", "enabled", true) }, false},
		"no filter":                     {"https://192.0.2.9", "https://192.0.2.9", func(d *memory.Device) { d.SetDocument("/filter", "") }, true},
		"let in": {"https://192.0.2.9", "https://192.0.2.9", func(d *memory.Device) {
			d.Set("filter", "", "addresses", []string{"nonsense", memory.Source + "/28"})
			d.Set("filter", "", "enabled", true)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memory.Options{})
			d := w.fleet.Add("barn", c.address, memory.Options{})
			s := w.provider.OpenReader(d.Target())
			if _, err := s.Identify(context.Background()); err != nil {
				t.Fatal(err)
			}
			c.change(d)
			if _, err := s.Read(context.Background(), "/time"); err != nil {
				t.Errorf("the open connection was lost: %v", err)
			}
			target := d.Target()
			u, err := target.URL.Parse(c.reached)
			if err != nil {
				t.Fatal(err)
			}
			target.URL = u
			err = w.identify(target)
			if c.open {
				w.must(err, nil)
			} else {
				w.must(err, providers.ErrUnreachable)
			}
		})
	}
}

func TestRenewOpensANewConnection(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	s.Renew()
	if _, err := s.Read(context.Background(), "/time"); err != nil || w.device.Count(memory.LoggedIn) != 1 {
		t.Errorf("%v, log %v", err, w.device.Log())
	}
	w.device.Set("https", "", "enabled", false)
	s.Renew()
	_, err := s.Read(context.Background(), "/time")
	w.must(err, providers.ErrUnreachable)
}

func TestADocumentTellsWhereItCameFrom(t *testing.T) {
	w := newWorld(t, memory.Options{Without: []string{"cloud"}})
	s := w.open()
	doc, err := s.Read(context.Background(), "/time")
	if err != nil || doc.Source != memory.Source || doc.Path != "/time" || string(doc.Body) != w.device.Document("/time") || doc.Missing != "" {
		t.Errorf("%v, %v", doc, err)
	}
	doc.Body[0] = 'x'
	if w.device.Document("/time")[0] == 'x' {
		t.Error("a caller can change the device's document")
	}
	doc, err = s.Read(context.Background(), "/cloud")
	if err != nil || doc.Missing == "" || doc.Body != nil {
		t.Errorf("%v, %v", doc, err)
	}
}

// Restarts.

func TestADeviceThatRestartsIsAwayForAMinute(t *testing.T) {
	w := newWorld(t, memory.Options{})
	s := w.open()
	w.device.Inject(memory.Fault{Effect: memory.Restart, Match: memory.Exchange.Writes})
	reply, err := w.change(s, "system", "", newName("barn"))
	if err != nil || reply.Outcome != providers.Restarting {
		t.Fatalf("%v, %v", reply, err)
	}
	w.clock.Pass(time.Minute - 1)
	_, err = s.Read(context.Background(), "/system")
	w.must(err, providers.ErrUnreachable)
	w.must(w.identify(w.device.Target()), providers.ErrUnreachable)
	w.clock.Pass(1)
	w.open()
	if got := w.item("system", "").GetAttr("name").AsString(); got != "barn" {
		t.Errorf("name %q", got)
	}
}

func TestAChangeMayNeedARestart(t *testing.T) {
	w := newWorld(t, memory.Options{NeedsRestart: []string{"https"}})
	s := w.open()
	for kind, c := range map[string]struct {
		key  string
		want providers.Outcome
	}{"https": {"", providers.PendingReboot}, "service": {"HTTP", providers.PendingReboot}, "cloud": {"", providers.Applied}} {
		reply, err := w.change(s, kind, c.key, map[string]cty.Value{"enabled": cty.True})
		if err != nil || reply.Outcome != c.want {
			t.Errorf("%s: %v, %v", kind, reply, err)
		}
	}
}

// Secrets.

func TestI1NoSecretIsShown(t *testing.T) {
	w := newWorld(t, memory.Options{Password: "canary-1"})
	var shown strings.Builder
	target := w.device.Target()
	target.Trace = func(e providers.TraceEntry) { fmt.Fprintf(&shown, "%+v\n", e) }
	s := w.provider.Open(target)
	if _, err := s.Identify(context.Background()); err != nil {
		t.Fatal(err)
	}
	_, err := w.change(s, "user", "guard", map[string]cty.Value{"level": cty.StringVal("Viewer"), "password": cty.StringVal("canary-2")})
	w.must(err, nil)
	_, err = w.change(s, "user", "guard", map[string]cty.Value{"password": cty.StringVal("canary-3-which-is-too-long")})
	w.must(err, providers.ErrInvalid)
	fmt.Fprintln(&shown, err)
	err = s.(providers.Authenticator).Authenticate(context.Background(), credential("guard", "canary-4"))
	w.must(err, providers.ErrRefused)
	fmt.Fprintln(&shown, err, w.device.Log(), w.device.Document("/users"), target, w.fleet.Ledger().Entries())
	if strings.Contains(shown.String(), "canary") {
		t.Error(shown.String())
	}
}

func TestTheTraceTellsOfEachExchange(t *testing.T) {
	w := newWorld(t, memory.Options{})
	var got []string
	target := w.device.Target()
	target.Trace = func(e providers.TraceEntry) {
		got = append(got, strings.TrimSpace(fmt.Sprint(e.Device, " ", e.Method, " ", e.Path))+" "+strconv.Itoa(e.Status))
	}
	w.device.Inject(memory.Fault{Effect: memory.Reject, Match: memory.Exchange.Writes, Nth: 1})
	w.device.Inject(memory.Fault{Effect: memory.DropReply, Match: memory.Exchange.Writes, Nth: 2})
	w.device.Inject(memory.Fault{Effect: memory.Refuse, Match: memory.Exchange.Writes, Nth: 3})
	s := w.provider.Open(target)
	_, _ = s.Identify(context.Background())
	for range 4 {
		_, _ = s.Do(context.Background(), providers.Request{Method: "PUT", Path: "/time", Body: []byte(`{"items":{"":{}}}`)})
	}
	want := []string{"device.gate IDENTIFY 200", "device.gate PUT /time 403", "device.gate PUT /time 0", "device.gate PUT /time 401"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMisuseIsAPanic(t *testing.T) {
	w := newWorld(t, memory.Options{})
	for part, f := range map[string]func(){
		"not the URL of a device":        func() { w.fleet.Add("x", "192.0.2.1:80", memory.Options{}) },
		"there is already a device gate": func() { w.fleet.Add("gate", "https://192.0.2.3", memory.Options{}) },
		"there is no kind moon":          func() { w.fleet.Add("y", "https://192.0.2.3", memory.Options{Without: []string{"moon"}}) },
		"there is no effect moon":        func() { w.device.Inject(memory.Fault{Effect: "moon"}) },
		"has no /time that":              func() { w.device.SetDocument("/time", ""); w.device.Set("time", "", "zone", "UTC0") },
		"without a URL or a ledger":      func() { w.provider.Open(providers.Target{URL: w.device.Target().URL}) },
		"target without a URL":           func() { w.provider.Open(providers.Target{Ledger: w.fleet.Ledger()}) },
		"cannot be written; this is a ":  func() { w.device.Set("system", "", "name", make(chan int)) },
	} {
		panics(t, part, f)
	}
	if w.fleet.Device("gate") != w.device || w.fleet.Device("moon") != nil || w.device.Name() != "gate" {
		t.Error("devices are not found by name")
	}
}

func TestSessionsAreIndependent(t *testing.T) {
	w := newWorld(t, memory.Options{})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			s := w.provider.Open(w.device.Target())
			defer s.Close()
			if _, err := s.Identify(context.Background()); err != nil {
				t.Error(err)
			}
			if _, err := s.Do(context.Background(), providers.Request{Method: "PUT", Path: "/time", Body: []byte(`{"items":{"":{"zone":"UTC1"}}}`)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	w.counts(map[memory.EntryKind]int{memory.LoggedIn: 8, memory.Written: 8})
}

func BenchmarkReadFleet(b *testing.B) {
	const devices = 10_000
	fleet := memory.NewFleet(time.Now)
	var targets []providers.Target
	for i := range devices {
		name := "camera-" + strconv.Itoa(i)
		targets = append(targets, fleet.Add(name, fmt.Sprintf("https://10.0.%d.%d", i/256, i%256), memory.Options{}).Target())
	}
	provider := fleet.Provider()
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		for _, target := range targets {
			reader := provider.OpenReader(target)
			if _, err := reader.Identify(ctx); err != nil {
				b.Fatal(err)
			}
			for _, kind := range provider.Kinds().All() {
				path := kind.Document.Path
				doc, err := reader.Read(ctx, path)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := provider.Decode(kind, nil, providers.Documents{path: doc}); err != nil {
					b.Fatal(err)
				}
			}
			reader.Close()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/devices, "ns/device")
}
