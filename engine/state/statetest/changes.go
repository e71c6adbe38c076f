package statetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/state"
	"camform/schema"
)

// Changes are the parts of a state that change together: leases, the requests sent with them, what those leave in settings, and
// the secrets in them.
type Changes interface {
	Acquire(ctx context.Context, run string, devices ...schema.Device) ([]state.Lease, error)
	Release(ctx context.Context, leases ...state.Lease) error

	Begin(ctx context.Context, lease state.Lease, intent state.Intent) (state.IntentID, error)
	Finish(ctx context.Context, lease state.Lease, id state.IntentID, outcome state.Outcome, rows []state.Setting, forget []schema.Setting, verdicts ...state.Verdict) error
	OpenIntents(ctx context.Context, device schema.Device) ([]state.Intent, error)
	AllOpenIntents(ctx context.Context) ([]state.Intent, error)
	RunIntents(ctx context.Context, run string) ([]state.Intent, error)

	SettingsOf(ctx context.Context, device schema.Device) (map[schema.Setting]state.Setting, error)
	Record(ctx context.Context, lease state.Lease, rows []state.Setting, forget []schema.Setting) error

	Versions(ctx context.Context, name string) ([]state.SecretVersion, error)
	Doubtful(ctx context.Context) (map[string]bool, error)
	AdoptSecret(ctx context.Context, lease state.Lease, name string, sealed []byte, note string) error
	TriedSecret(ctx context.Context, lease state.Lease, name string, version int) error
	SettleSecret(ctx context.Context, lease state.Lease, verdict state.Verdict) error
}

// send proposes a version of a secret and leaves the request open.
func (s *world[S]) send(lease state.Lease, name, text string) state.IntentID {
	s.Helper()
	id, err := s.state.Begin(s.Context(), lease, state.Intent{
		Method: "PUT", Candidates: []state.Candidate{{Name: name, Sealed: []byte(text), Note: "why"}},
	})
	s.ok(err)
	return id
}

func (s *world[S]) versions(name string) []state.SecretVersion {
	s.Helper()
	all, err := s.state.Versions(s.Context(), name)
	s.ok(err)
	return all
}

// have demands the versions of a name, newest first: "2:live:text 1:history:text".
func (s *world[S]) have(name, want string) {
	s.Helper()
	var all []string
	for _, v := range s.versions(name) {
		all = append(all, fmt.Sprintf("%d:%s:%s", v.Version, v.Status, v.Sealed))
	}
	if got := strings.Join(all, " "); got != want {
		s.Errorf("%s has %q, want %q", name, got, want)
	}
}

// doubtful demands the names for which it is uncertain what is in use.
func (s *world[S]) doubtful(want ...string) {
	s.Helper()
	names, err := s.state.Doubtful(s.Context())
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

// Leases tests who may change a device.
func Leases(t *testing.T, open Opener[Changes]) {
	run(t, open, map[string]func(*world[Changes]){
		"a released lease is free": func(s *world[Changes]) {
			first := s.acquire("r1")
			s.ok(s.state.Release(cancelled(), first))
			second := s.acquire("r2")
			s.ok(s.state.Release(s.Context(), first)) // late, and without effect
			if _, err := s.state.Acquire(s.Context(), "r3", gate); err == nil {
				s.Error("an old lease released a new one")
			}
			if second.Token != first.Token+1 {
				s.Errorf("token %d after %d", second.Token, first.Token)
			}
		},
		"a lease that only ran out is still good": func(s *world[Changes]) {
			lease := s.acquire("r1")
			s.advance(time.Hour)
			s.send(lease, "a", "new")
			s.advance(state.LeaseTime - time.Second)
			if _, err := s.state.Acquire(s.Context(), "r2", gate); err == nil {
				s.Error("the request that Begin announced may still be under way, but the lease was given out")
			}
		},
	})
}

// Secrets tests what becomes of versions of secrets.
func Secrets(t *testing.T, open Opener[Changes]) {
	run(t, open, map[string]func(*world[Changes]){
		"a password of before is adopted once": adopted,
		"refused versions have their order":    ordered,
		"I8 the new one is in use":             candidate(2, "2:live:new 1:history:old"),
		"I8 the old one is in use":             candidate(1, "2:withdrawn:new 1:live:old"),
		"I8 none of them is in use":            candidate(0, "2:withdrawn:new 1:live:old"),
	})
}

func adopted(s *world[Changes]) {
	lease := s.acquire("r1")
	for _, text := range []string{"first", "second"} {
		s.ok(s.state.AdoptSecret(s.Context(), lease, "a", []byte(text), "in use before"))
	}
	s.have("a", "1:live:first")
	s.ok(s.state.Release(s.Context(), lease))
	s.lost(s.state.AdoptSecret(s.Context(), lease, "b", []byte("x"), ""))
	s.have("b", "")
}

// candidate: a candidate is pending until its outcome is known.
func candidate(live int, want string) func(*world[Changes]) {
	return func(s *world[Changes]) {
		lease := s.acquire("r1")
		s.ok(s.state.AdoptSecret(s.Context(), lease, "a", []byte("old"), ""))
		id := s.send(lease, "a", "new")
		s.have("a", "2:pending:new 1:live:old")
		s.doubtful("a")
		if sent := s.versions("a")[0]; !sent.Sent.Equal(noon) || sent.Run != "r1" || sent.Note != "why" {
			s.Errorf("sent: %+v", sent)
		}
		s.advance(time.Minute)
		s.ok(s.state.Finish(s.Context(), lease, id, state.Done, nil, nil, state.Verdict{Name: "a", Live: live}))
		s.have("a", want)
		s.doubtful()
		for _, v := range s.versions("a") {
			if proven := !v.Proven.IsZero(); proven != (v.Version == live) || proven && !v.Proven.Equal(noon.Add(time.Minute)) {
				s.Errorf("version %d was proven %v", v.Version, v.Proven)
			}
		}
	}
}

func ordered(s *world[Changes]) {
	lease := s.acquire("r1")
	s.ok(s.state.AdoptSecret(s.Context(), lease, "b", []byte("other"), ""))
	s.ok(s.state.AdoptSecret(s.Context(), lease, "a", []byte("one"), ""))
	for i, text := range []string{"two", "three"} {
		id := s.send(lease, "a", text)
		s.ok(s.state.Finish(s.Context(), lease, id, state.Done, nil, nil, state.Verdict{Name: "a", Live: i + 2}))
	}
	for _, version := range []int{3, 1, 3} {
		s.advance(-time.Minute) // the order does not depend on the clock
		s.ok(s.state.TriedSecret(s.Context(), lease, "a", version))
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
	s.ok(s.state.SettleSecret(cancelled(), lease, state.Verdict{Name: "a", Live: 2}))
	s.have("a", "3:history:three 2:live:two 1:history:one")
	if got := tried(); !slices.Equal(got, []int64{0, 0, 0}) {
		s.Errorf("versions keep their turns: %v", got)
	}
	s.doubtful()
	s.ok(s.state.Release(s.Context(), lease))
	s.lost(s.state.TriedSecret(s.Context(), lease, "a", 1))
	s.lost(s.state.SettleSecret(s.Context(), lease, state.Verdict{Name: "a", Live: 1}))
}
