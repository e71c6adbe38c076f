package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"camform/engine/apply"
	"camform/engine/state"
	"camform/engine/state/statetest"
	"camform/engine/thorough"
	"camform/providers"
	"camform/schema"
)

func TestAttemptsInMemory(t *testing.T) {
	statetest.Attempts(t, func(_ *testing.T, options state.Options) func() providers.Ledger {
		s := ledgerOf{newStore(options.Now)}
		return func() providers.Ledger { return s }
	})
}

func TestChangesInMemory(t *testing.T) {
	open := func(_ *testing.T, options state.Options) func() statetest.Changes {
		s := newStore(options.Now)
		return func() statetest.Changes { return s }
	}
	t.Run("owed", func(t *testing.T) {
		statetest.Owed(t, func(_ *testing.T, options state.Options) func() statetest.Debts {
			s := newStore(options.Now)
			return func() statetest.Debts { return s }
		})
	})
	t.Run("moves", func(t *testing.T) {
		statetest.Moves(t, func(_ *testing.T, options state.Options) func() statetest.Moving {
			s := newStore(options.Now)
			return func() statetest.Moving { return s }
		})
	})
	t.Run("leases", func(t *testing.T) { statetest.Leases(t, open) })
	t.Run("secrets", func(t *testing.T) { statetest.Secrets(t, open) })
	t.Run("journal", func(t *testing.T) { statetest.Journal(t, open) })
}

// TestTheStoreInMemoryBehavesLikeTheRealOne does the same things to both stores, also senseless ones, and compares what they
// answer and what they hold. Histories are played with the one in memory.
func TestTheStoreInMemoryBehavesLikeTheRealOne(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		behaveAlike(r, func(options state.Options) (*state.Store, error) {
			return state.Open(context.Background(), filepath.Join(t.TempDir(), "state.db"), options)
		})
	})
}

// TestTheStoreInMemoryBehavesLikeOneOnAServer is the same for PostgreSQL.
func TestTheStoreInMemoryBehavesLikeOneOnAServer(t *testing.T) {
	thorough.OnlyLong(t)
	rapid.Check(t, func(r *rapid.T) {
		once := &once{TB: t}
		defer once.end()
		at := statetest.Server(once)
		behaveAlike(r, func(options state.Options) (*state.Store, error) {
			return state.OpenServer(context.Background(), at, options)
		})
	})
}

// once is a test that is played again and again: what it makes is cleaned up each time.
type once struct {
	testing.TB
	cleanups []func()
}

func (o *once) Cleanup(f func()) { o.cleanups = append(o.cleanups, f) }

func (o *once) end() {
	for _, f := range slices.Backward(o.cleanups) {
		f()
	}
}

// behaveAlike does the same things to a store in memory and to another one.
func behaveAlike(r *rapid.T, open func(state.Options) (*state.Store, error)) {
	clock := begin
	now := func() time.Time { return clock }
	real, err := open(state.Options{Now: now})
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = real.Close() }()
	memory := newStore(now)
	memory.add(state.SecretVersion{Name: "a", Status: state.SecretLive, Sealed: []byte("first"), Created: clock})
	if _, err := real.PutSecret(context.Background(), "a", []byte("first"), ""); err != nil {
		r.Fatal(err)
	}
	stores := [2]apply.Store{real, memory}
	var leases []state.Lease
	for range rapid.IntRange(1, 25).Draw(r, "steps") {
		clock = clock.Add(time.Duration(rapid.IntRange(0, 40).Draw(r, "seconds")) * time.Second)
		do := drawOperation(r, leases)
		var said [2]string
		for i, s := range stores {
			lease, err := do(s)
			said[i] = fmt.Sprint(familyOf(err), lease.Token)
			if err == nil && lease.Token != 0 && i == 1 {
				leases = append(leases, lease)
			}
		}
		if said[0] != said[1] {
			r.Fatalf("the real store said %q, the one in memory %q", said[0], said[1])
		}
		if diff := cmp.Diff(contents(r, real), contents(r, memory)); diff != "" {
			r.Fatalf("they hold different things (-real +memory):\n%s", diff)
		}
	}
}

// drawOperation is something to do to a store. It returns a lease where it took one.
func drawOperation(r *rapid.T, leases []state.Lease) func(apply.Store) (state.Lease, error) {
	ctx := context.Background()
	lease := state.Lease{Device: cameraAddress, Run: "nobody", Token: 99}
	if len(leases) > 0 {
		lease = rapid.SampledFrom(leases).Draw(r, "lease")
	}
	name, version := rapid.SampledFrom([]string{"a", "b"}).Draw(r, "name"), rapid.IntRange(0, 3).Draw(r, "version")
	address := schema.Setting{Device: cameraAddress, Kind: "user", Key: name}
	switch rapid.IntRange(0, 7).Draw(r, "operation") {
	case 0:
		run := rapid.SampledFrom([]string{"first", "second"}).Draw(r, "run")
		return func(s apply.Store) (state.Lease, error) {
			leases, err := s.Acquire(ctx, run, cameraAddress)
			if err != nil {
				return state.Lease{}, err
			}
			return leases[0], nil
		}
	case 1:
		return func(s apply.Store) (state.Lease, error) { return state.Lease{}, s.Release(ctx, lease) }
	case 2:
		return func(s apply.Store) (state.Lease, error) {
			_, err := s.Begin(ctx, lease, state.Intent{
				Document: "/users", Method: "PUT", Candidates: []state.Candidate{{Name: name, Sealed: []byte("new")}},
			})
			return state.Lease{}, err
		}
	case 3, 4:
		id := state.IntentID(rapid.IntRange(1, 4).Draw(r, "intent"))
		return func(s apply.Store) (state.Lease, error) {
			verdict := state.Verdict{Name: name, Live: version}
			rows := []state.Setting{{Address: address, Fingerprints: map[string]string{"password": "f"}}}
			return state.Lease{}, s.Finish(ctx, lease, id, state.Done, rows, nil, verdict)
		}
	case 5:
		return func(s apply.Store) (state.Lease, error) {
			return state.Lease{}, s.TriedSecret(ctx, lease, name, version)
		}
	case 6:
		return func(s apply.Store) (state.Lease, error) {
			return state.Lease{}, s.SettleSecret(ctx, lease, state.Verdict{Name: name, Live: version})
		}
	default:
		return func(s apply.Store) (state.Lease, error) {
			return state.Lease{}, s.Record(ctx, lease, nil, []schema.Setting{address})
		}
	}
}

// familyOf is what two errors must have in common.
func familyOf(err error) string {
	var held *state.HeldError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &held):
		return "held"
	case errors.Is(err, state.ErrLeaseLost):
		return "lease lost"
	case errors.Is(err, state.ErrFinished):
		return "finished"
	default:
		return "another"
	}
}

// contents is what a store holds, as text.
func contents(r *rapid.T, s apply.Store) string {
	ctx := context.Background()
	settings, err1 := s.SettingsOf(ctx, cameraAddress)
	intents, err2 := s.AllOpenIntents(ctx)
	a, err3 := s.Versions(ctx, "a")
	b, err4 := s.Versions(ctx, "b")
	doubtful, err5 := s.Doubtful(ctx)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		r.Fatal(err)
	}
	var known []string
	for address, row := range settings {
		known = append(known, address.String()+" "+row.Fingerprints["password"])
	}
	slices.Sort(known)
	var open []string
	for _, in := range intents {
		open = append(open, fmt.Sprint(in.ID, in.Run, in.Document, in.Candidates))
	}
	var secrets []string
	for _, v := range append(a, b...) {
		secrets = append(secrets, fmt.Sprint(v.Name, v.Version, v.Status, string(v.Sealed), v.Sent.Unix(), v.Proven.Unix(), v.Tried))
	}
	text, err := json.MarshalIndent([]any{known, open, secrets, doubtful}, "", " ")
	if err != nil {
		r.Fatal(err)
	}
	return string(text)
}
