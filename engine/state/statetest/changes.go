package statetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/state"
	"camform/schema"
)

// Changes are the parts of a state that change together: leases, the requests sent with them, and the secrets in these.
type Changes interface {
	Acquire(ctx context.Context, device schema.Device, run string) (state.Lease, error)
	Release(ctx context.Context, leases ...state.Lease) error

	Begin(ctx context.Context, lease state.Lease, intent state.Intent) (state.IntentID, error)
	Finish(ctx context.Context, lease state.Lease, id state.IntentID, outcome state.Outcome, rows []state.Setting, forget []schema.Setting, verdicts ...state.Verdict) error

	Versions(ctx context.Context, name string) ([]state.SecretVersion, error)
	Doubtful(ctx context.Context) (map[string]bool, error)
	AdoptSecret(ctx context.Context, lease state.Lease, name string, sealed []byte, note string) error
	TriedSecret(ctx context.Context, lease state.Lease, name string, version int) error
	SettleSecret(ctx context.Context, lease state.Lease, verdict state.Verdict) error
}

// changes is a state under test.
type changes struct {
	*testing.T
	clock
	Changes
}

var gate = schema.Device{Name: "gate"}

func (s *changes) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *changes) acquire(run string) state.Lease {
	s.Helper()
	lease, err := s.Acquire(s.Context(), gate, run)
	s.ok(err)
	return lease
}

// send proposes a version of a secret and leaves the request open.
func (s *changes) send(lease state.Lease, name, text string) state.IntentID {
	s.Helper()
	id, err := s.Begin(s.Context(), lease, state.Intent{
		Method: "PUT", Candidates: []state.Candidate{{Name: name, Sealed: []byte(text), Note: "why"}},
	})
	s.ok(err)
	return id
}

func (s *changes) versions(name string) []state.SecretVersion {
	s.Helper()
	all, err := s.Versions(s.Context(), name)
	s.ok(err)
	return all
}

// have demands the versions of a name, newest first: "2:live:text 1:history:text".
func (s *changes) have(name, want string) {
	s.Helper()
	var all []string
	for _, v := range s.versions(name) {
		all = append(all, fmt.Sprintf("%d:%s:%s", v.Version, v.Status, v.Sealed))
	}
	if got := strings.Join(all, " "); got != want {
		s.Errorf("%s has %q, want %q", name, got, want)
	}
}

// doubtful demands the names of which it is not known what is in use.
func (s *changes) doubtful(want ...string) {
	s.Helper()
	names, err := s.Doubtful(s.Context())
	s.ok(err)
	for _, name := range want {
		if !names[name] {
			s.Errorf("%s is not in doubt", name)
		}
	}
	if len(names) != len(want) {
		s.Errorf("in doubt: %v, want %v", names, want)
	}
}

func (s *changes) lost(err error) {
	s.Helper()
	if !errors.Is(err, state.ErrLeaseLost) {
		s.Errorf("got %v, want a lost lease", err)
	}
}

type openChanges = func(t *testing.T, now func() time.Time) Changes

func run(t *testing.T, open openChanges, rules map[string]func(*changes)) {
	for rule, test := range rules {
		t.Run(rule, func(t *testing.T) {
			s := &changes{T: t, clock: clock{noon}}
			s.Changes = open(t, s.now)
			test(s)
		})
	}
}

// Leases tests who may change a device. Open returns an empty state with a clock.
func Leases(t *testing.T, open openChanges) {
	run(t, open, map[string]func(*changes){
		"a released lease is free": func(s *changes) {
			first := s.acquire("r1")
			s.ok(s.Release(cancelled(), first))
			second := s.acquire("r2")
			s.ok(s.Release(s.Context(), first)) // late, and without effect
			if _, err := s.Acquire(s.Context(), gate, "r3"); err == nil {
				s.Error("an old lease released a new one")
			}
			if second.Token != first.Token+1 {
				s.Errorf("token %d after %d", second.Token, first.Token)
			}
		},
		"a lease that only ran out is still good": func(s *changes) {
			lease := s.acquire("r1")
			s.advance(time.Hour)
			s.send(lease, "a", "new")
			s.advance(state.LeaseTime - time.Second)
			if _, err := s.Acquire(s.Context(), gate, "r2"); err == nil {
				s.Error("the request that Begin announced may still be under way, but the lease was given out")
			}
		},
	})
}

// Secrets tests what becomes of versions of secrets. Open returns an empty state with a clock.
func Secrets(t *testing.T, open openChanges) {
	run(t, open, map[string]func(*changes){
		"a password of before is adopted once": adopted,
		"refused versions have their order":    ordered,
		"I8 the new one is in use":             candidate(2, "2:live:new 1:history:old"),
		"I8 the old one is in use":             candidate(1, "2:withdrawn:new 1:live:old"),
		"I8 none of them is in use":            candidate(0, "2:withdrawn:new 1:live:old"),
	})
}

func adopted(s *changes) {
	lease := s.acquire("r1")
	for _, text := range []string{"first", "second"} {
		s.ok(s.AdoptSecret(s.Context(), lease, "a", []byte(text), "in use before"))
	}
	s.have("a", "1:live:first")
	s.ok(s.Release(s.Context(), lease))
	s.lost(s.AdoptSecret(s.Context(), lease, "b", []byte("x"), ""))
	s.have("b", "")
}

// candidate: a candidate is pending until it is known what became of it.
func candidate(live int, want string) func(*changes) {
	return func(s *changes) {
		lease := s.acquire("r1")
		s.ok(s.AdoptSecret(s.Context(), lease, "a", []byte("old"), ""))
		id := s.send(lease, "a", "new")
		s.have("a", "2:pending:new 1:live:old")
		s.doubtful("a")
		if sent := s.versions("a")[0]; !sent.Sent.Equal(noon) || sent.Run != "r1" || sent.Note != "why" {
			s.Errorf("sent: %+v", sent)
		}
		s.advance(time.Minute)
		s.ok(s.Finish(s.Context(), lease, id, state.Done, nil, nil, state.Verdict{Name: "a", Live: live}))
		s.have("a", want)
		s.doubtful()
		for _, v := range s.versions("a") {
			if proven := !v.Proven.IsZero(); proven != (v.Version == live) || proven && !v.Proven.Equal(noon.Add(time.Minute)) {
				s.Errorf("version %d was proven %v", v.Version, v.Proven)
			}
		}
	}
}

func ordered(s *changes) {
	lease := s.acquire("r1")
	s.ok(s.AdoptSecret(s.Context(), lease, "b", []byte("other"), ""))
	s.ok(s.AdoptSecret(s.Context(), lease, "a", []byte("one"), ""))
	for i, text := range []string{"two", "three"} {
		id := s.send(lease, "a", text)
		s.ok(s.Finish(s.Context(), lease, id, state.Done, nil, nil, state.Verdict{Name: "a", Live: i + 2}))
	}
	for _, version := range []int{3, 1, 3} {
		s.advance(-time.Minute) // the order does not depend on the clock
		s.ok(s.TriedSecret(s.Context(), lease, "a", version))
	}
	tried := func() (all []int64) {
		for _, v := range s.versions("a") {
			all = append(all, v.Tried)
		}
		return all
	}
	if got := tried(); !slices.Equal(got, []int64{3, 0, 2}) {
		s.Errorf("tried %v", got)
	}
	s.doubtful("a")
	s.ok(s.SettleSecret(cancelled(), lease, state.Verdict{Name: "a", Live: 2}))
	s.have("a", "3:history:three 2:live:two 1:history:one")
	if got := tried(); !slices.Equal(got, []int64{0, 0, 0}) {
		s.Errorf("versions keep their turns: %v", got)
	}
	s.doubtful()
	s.ok(s.Release(s.Context(), lease))
	s.lost(s.TriedSecret(s.Context(), lease, "a", 1))
	s.lost(s.SettleSecret(s.Context(), lease, state.Verdict{Name: "a", Live: 1}))
}

// cancelled is a context that is over.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
