package state

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"camform/engine/ledger"
	"camform/providers"
)

const unknown = providers.RemainingUnknown

func charge(t *testing.T, s *Store, password string, remaining int) providers.Charge {
	t.Helper()
	return must[providers.Charge](t)(s.Charge(t.Context(), attempt(password, remaining)))
}

func refusedWith(t *testing.T, s *Store, a providers.Attempt, family error, until time.Time) {
	t.Helper()
	_, err := s.Charge(t.Context(), a)
	var refusal *ledger.Refusal
	if !errors.As(err, &refusal) || !errors.Is(err, family) || !refusal.Until.Equal(until) {
		t.Fatalf("got %v, want %v until %v", err, family, until)
	}
}

func TestEndpointsDifferByTheirLettersOnlyInCase(t *testing.T) {
	s, _ := newStore(t)
	a := attempt("wrong", 5)
	a.Endpoint = "Camera.example.com:443"
	ok(t, s.Settle(t.Context(), must[providers.Charge](t)(s.Charge(t.Context(), a)), providers.AttemptResult{Remaining: 4}))
	a.Endpoint = "camera.EXAMPLE.com:443"
	refusedWith(t, s, a, providers.ErrRefused, noon.Add(ledger.Window))
}

func TestALockIsKeptByAllProcesses(t *testing.T) {
	for what, d := range map[string]time.Duration{"told": 10 * time.Minute, "not told": 0} {
		t.Run(what, func(t *testing.T) {
			s, _ := newStore(t)
			ok(t, s.Locked(cancelled(), "192.0.2.1:443", d))
			if d == 0 {
				d = ledger.AssumedLock
			}
			other := open(t, s.path, Options{Now: s.now})
			refusedWith(t, other, attempt("right", 5), providers.ErrLocked, noon.Add(d+ledger.Grace))
		})
	}
}

func TestACancelledAttemptIsNotCharged(t *testing.T) {
	s, _ := newStore(t)
	_, err := s.Charge(cancelled(), attempt("right", unknown))
	wantError(t, err, context.Canceled)
	charge(t, s, "right", unknown)
}

func TestSuccessesDoNotPileUp(t *testing.T) {
	s, c := newStore(t)
	for range 10 {
		ok(t, s.Settle(t.Context(), charge(t, s, "right", unknown), providers.AttemptResult{Accepted: true}))
		c.advance(time.Hour)
	}
	other := attempt("right", unknown)
	other.Endpoint = "192.0.2.9:443"
	ok(t, s.Settle(t.Context(), must[providers.Charge](t)(s.Charge(t.Context(), other)), providers.AttemptResult{Accepted: true}))
	if n := count(t, s, "attempts"); n != 2 {
		t.Errorf("%d rows, want one for each endpoint", n)
	}
}

// A process is killed between Charge and Settle. Nobody may act as if its attempt had not been made.
func TestI5AnAttemptOfADeadProcessCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	c := &clock{time.Now().UTC()}
	s := open(t, path, Options{Now: c.now})
	first := startChild(t, "charge", path)
	if got := first.line(t); got != "charged 1" {
		t.Fatal(got)
	}
	first.kill(t)
	c.t = time.Now().UTC()
	_, err := s.Charge(t.Context(), attempt("wrong", unknown))
	wantError(t, err, providers.ErrBudget)
	for _, want := range []string{"charged 2", "charged 3"} { // the device tells that five are left
		next := startChild(t, "charge", path)
		if got := next.line(t); got != want {
			t.Fatal(got)
		}
		next.kill(t)
	}
	c.t = time.Now().UTC()
	_, err = s.Charge(t.Context(), attempt("right", 5))
	wantError(t, err, providers.ErrBudget)
	c.advance(ledger.Window)
	charge(t, s, "right", unknown)
}

// While the process of an attempt runs, its answer may come; once it was killed, the attempt was cut off.
func TestAnAttemptIsUnderWayWhileItsProcessRuns(t *testing.T) {
	for name, c := range map[string]struct {
		who    string
		killed ledger.Cause
	}{
		"this machine":    {"child", ledger.Forgotten},
		"another machine": {"somebody@elsewhere", ledger.UnderWay}, // nobody knows from here
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			s := open(t, path, Options{Owner: Owner{Who: c.who, PID: os.Getpid()}})
			other := startChild(t, "charge", path)
			if got := other.line(t); got != "charged 1" {
				t.Fatal(got)
			}
			withheld := func(want ledger.Cause) {
				t.Helper()
				_, err := s.Charge(t.Context(), attempt("right", unknown))
				asked := s.Allow(t.Context(), attempt("right", unknown))
				for _, err := range []error{err, asked} {
					if refusal, refused := errors.AsType[*ledger.Refusal](err); !refused || refusal.Cause != want {
						t.Errorf("got %v, want an attempt that is %s", err, want)
					}
				}
			}
			withheld(ledger.UnderWay)
			other.kill(t)
			withheld(c.killed)
		})
	}
}

// What a process makes one after the other it does not wait for.
func TestAnAttemptOfThisProcessThatIsOpenWasGivenUp(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"), Options{Owner: Owner{Who: "ann@desk", PID: os.Getpid()}})
	charge(t, s, "right", unknown)
	_, err := s.Charge(t.Context(), attempt("right", unknown))
	if refusal, refused := errors.AsType[*ledger.Refusal](err); !refused || refusal.Cause != ledger.Forgotten {
		t.Errorf("got %v", err)
	}
}

// What an interrupt kept from leaving is as if it had not been charged, for every process.
func TestI5AnAttemptThatIsGivenBackDoesNotCount(t *testing.T) {
	s, _ := newStore(t)
	ok(t, s.Return(cancelled(), charge(t, s, "right", unknown)))
	c := charge(t, open(t, s.path, Options{Now: s.now}), "right", unknown)
	ok(t, s.Settle(t.Context(), c, providers.AttemptResult{Remaining: 4}))
	if s.Return(t.Context(), c) == nil {
		t.Error("an attempt was given back that the device refused")
	}
	refusedWith(t, s, attempt("right", 4), providers.ErrRefused, noon.Add(ledger.Window))
}

// A person accepts the risk once, by whichever process.
func TestI5TheRiskIsRemembered(t *testing.T) {
	s, _ := newStore(t)
	a := attempt("wrong", 2)
	a.Consent = providers.AtRisk
	ok(t, s.Settle(t.Context(), must[providers.Charge](t)(s.Charge(t.Context(), a)), providers.AttemptResult{Remaining: unknown}))
	a = attempt("other", 4)
	a.Consent = providers.AtRisk
	refusedWith(t, open(t, s.path, Options{Now: s.now}), a, providers.ErrBudget, noon.Add(ledger.Window))
}

// Many processes on one device spend what one may spend, in any order.
func TestI5AllProcessesShareTheBudget(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	var children []*child
	for range 5 {
		children = append(children, startChild(t, "charge", path))
	}
	charged := 0
	for _, c := range children {
		if c.line(t) != "charged 0" {
			charged++
		}
	}
	if n := count(t, s, "attempts"); charged != 5-ledger.Reserve || n != charged {
		t.Errorf("%d attempts were charged and %d written, want all but the reserve of five", charged, n)
	}
}

func count(t *testing.T, s *Store, table string) int {
	t.Helper()
	counts := must[[]int](t)(read(t.Context(), s.database, func(rows *sql.Rows) (n int, err error) {
		err = rows.Scan(&n)
		return n, err
	}, "SELECT COUNT(*) FROM "+table))
	return counts[0]
}
