package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"camform/schema"

	"github.com/google/go-cmp/cmp"
)

func TestALeaseIsHeldByOneRunAtATime(t *testing.T) {
	s, c := newStore(t)
	first := acquire(t, s, "n", "r1")

	_, err := s.Acquire(t.Context(), "r2", device("n"))
	var held *HeldError
	if !errors.As(err, &held) {
		t.Fatalf("got %v, want a HeldError", err)
	}
	want := &HeldError{
		Device: device("n"), Owner: Owner{"ops@host", 7, "apply", "1.0"}, Run: "r1", ID: first.Token,
		Acquired: noon, Renewed: noon, Expires: noon.Add(LeaseTime),
	}
	if diff := cmp.Diff(want, held); diff != "" {
		t.Error(diff)
	}
	const text = `device.gate["n"] is held by ops@host (process 7, apply, run r1) since 2026-03-01T12:00:00Z; wait for it to end, or apply with -lock-timeout=10m. ` +
		`If that process is gone, the lease expires at 2026-03-01T12:01:00Z; to release it now, run: camform state release r1`
	if err.Error() != text {
		t.Errorf("text %q", err)
	}
	if diff := cmp.Diff([]*HeldError{want}, must[[]*HeldError](t)(s.Held(t.Context()))); diff != "" {
		t.Error(diff)
	}

	c.advance(LeaseTime)
	if held := must[[]*HeldError](t)(s.Held(t.Context())); len(held) != 0 {
		t.Errorf("held after its time: %v", held)
	}
	if second := acquire(t, s, "n", "r2"); second.Token <= first.Token {
		t.Errorf("token %d after %d", second.Token, first.Token)
	}
}

func TestForceNeedsTheIDOfTheLease(t *testing.T) {
	s, _ := newStore(t)
	lease := acquire(t, s, "n", "r1")
	if err := s.ForceRelease(t.Context(), lease.Device, lease.Token+1); err == nil || !strings.Contains(err.Error(), "check again who holds it") {
		t.Errorf("got %v", err)
	}
	ok(t, s.ForceRelease(t.Context(), lease.Device, lease.Token))
	_, err := s.Begin(t.Context(), lease, Intent{Method: "PUT"})
	wantError(t, err, ErrLeaseLost)
	if err := s.ForceRelease(t.Context(), lease.Device, lease.Token); err == nil {
		t.Error("released twice")
	}
	acquire(t, s, "n", "r2")
}

func TestALostLeaseSaysWhoTookIt(t *testing.T) {
	s, c := newStore(t)
	released, taken := acquire(t, s, "a", "r1"), acquire(t, s, "b", "r1")
	ok(t, s.ForceRelease(t.Context(), released.Device, released.Token))
	c.advance(LeaseTime)
	acquire(t, s, "b", "r2")
	for lease, want := range map[Lease]string{
		released: `the run has lost the lease of the device: somebody released it with ` + "`camform state release r1`" + `. camform writes nothing more to device.gate["a"]; plan again`,
		taken:    `the run has lost the lease of the device: run r2 of ops@host took it over. camform writes nothing more to device.gate["b"]; plan again`,
	} {
		if _, err := s.Begin(t.Context(), lease, Intent{Method: "PUT"}); !errors.Is(err, ErrLeaseLost) || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestRenewalTellsWhatWasLost(t *testing.T) {
	s, c := newStore(t)
	kept, lost := acquire(t, s, "a", "r1"), acquire(t, s, "b", "r1")
	c.advance(LeaseTime - time.Second)
	_ = must[[]Lease](t)(s.Renew(t.Context(), kept))
	c.advance(time.Second)
	acquire(t, s, "b", "r2")
	if diff := cmp.Diff([]Lease{lost}, must[[]Lease](t)(s.Renew(t.Context(), kept, lost))); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Acquire(t.Context(), "r2", device("a")); err == nil {
		t.Error("a renewed lease was given out")
	}
}

func TestKeeperRenewsUntilALeaseIsLostOrDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	synctest.Test(t, func(t *testing.T) {
		s := must[*Store](t)(Open(t.Context(), path, Options{}))
		defer func() { _ = s.Close() }()
		kept, taken, dropped := acquire(t, s, "kept", "r1"), acquire(t, s, "taken", "r1"), acquire(t, s, "dropped", "r1")
		var lost []Lease
		k := NewKeeper(s, func(l Lease) { lost = append(lost, l) })
		k.Hold(kept, taken, dropped)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { k.Run(ctx); close(done) }()

		time.Sleep(10 * LeaseTime) // made up
		for _, l := range []Lease{kept, taken, dropped} {
			if _, err := s.Acquire(ctx, "r2", l.Device); err == nil {
				t.Errorf("%s was not kept", l.Device)
			}
		}
		k.Drop(dropped)
		ok(t, s.Release(ctx, dropped))
		ok(t, s.ForceRelease(ctx, taken.Device, taken.Token))
		time.Sleep(LeaseTime)
		cancel()
		<-done
		if diff := cmp.Diff([]Lease{taken}, lost); diff != "" {
			t.Error(diff)
		}
		time.Sleep(LeaseTime)
		acquire(t, s, "kept", "r2")
	})
}

// Two processes take turns by the lease: no step of theirs is lost.
func TestLeasesExcludeOtherProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	a, b := startChild(t, "race", path), startChild(t, "race", path)
	for _, c := range []*child{a, b} {
		if got := c.line(t); got != "won" {
			t.Fatal(got)
		}
	}
	if n := must[int](t)(readCount(s)); n != 40 {
		t.Errorf("counted to %d, want 40", n)
	}
}

func TestAProcessThatDiedLeavesItsLeaseForAMinute(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	c := &clock{time.Now()}
	s := open(t, path, Options{Now: c.now})
	p := startChild(t, "begin", path)
	if got := p.line(t); got != "begun 1" {
		t.Fatal(got)
	}
	p.kill(t)
	var held *HeldError
	if _, err := s.Acquire(t.Context(), "r2", device("n")); !errors.As(err, &held) || held.Owner.PID != p.command.Process.Pid {
		t.Fatalf("got %v, want a HeldError of the other process", err)
	}
	open := must[[]Intent](t)(s.OpenIntents(t.Context(), device("n")))
	if len(open) != 1 || open[0].Run != "r1" {
		t.Fatalf("I2: the intent of the other process is not there: %v", open)
	}
	c.advance(2 * LeaseTime)
	lease := acquire(t, s, "n", "r2")
	ok(t, s.Finish(t.Context(), lease, open[0].ID, NotApplied, nil, nil))
}

func TestFilesOfOneProcessAreNotSharedByAccident(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, filepath.Join(dir, "a.db"), Options{}), open(t, filepath.Join(dir, "b.db"), Options{})
	acquire(t, a, "n", "r1")
	acquire(t, b, "n", "r1")
	names := must[[]os.DirEntry](t)(os.ReadDir(dir))
	if !slices.ContainsFunc(names, func(e os.DirEntry) bool { return e.Name() == "b.db.key" }) {
		t.Error("the second store has no key of its own")
	}
	if a.Fingerprint(setting("n", "u", ""), "p", schema.NewSecret("x")) == b.Fingerprint(setting("n", "u", ""), "p", schema.NewSecret("x")) {
		t.Error("two stores have one key")
	}
}
