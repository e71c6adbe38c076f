package state

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"camform/schema"
)

func TestTheFirstDocumentOfARunIsItsSnapshot(t *testing.T) {
	s, c := newStore(t)
	lease := acquire(t, s, "n", "r1")
	ok(t, s.SaveSnapshot(t.Context(), lease, "/b", []byte("before")))
	c.advance(time.Minute)
	ok(t, s.SaveSnapshot(t.Context(), lease, "/b", []byte("after")))
	ok(t, s.SaveSnapshot(t.Context(), lease, "/a", []byte{0, 255}))
	ok(t, s.SaveSnapshot(t.Context(), acquire(t, s, "m", "r1"), "/b", []byte("other")))
	want := []Snapshot{
		{Run: "r1", Device: device("m"), Path: "/b", Sealed: []byte("other"), Taken: noon.Add(time.Minute)},
		{Run: "r1", Device: device("n"), Path: "/a", Sealed: []byte{0, 255}, Taken: noon.Add(time.Minute)},
		{Run: "r1", Device: device("n"), Path: "/b", Sealed: []byte("before"), Taken: noon},
	}
	for q, some := range map[SnapshotQuery][]Snapshot{
		{}: want, {Run: "r1"}: want, {Device: device("n")}: want[1:], {Run: "r1", Device: device("m")}: want[:1],
		{Run: "r2"}: nil, {Run: "r2", Device: device("n")}: nil, {Device: device("nobody")}: nil,
	} {
		if diff := cmp.Diff(some, must[[]Snapshot](t)(s.FindSnapshots(t.Context(), q))); diff != "" {
			t.Errorf("%+v: %s", q, diff)
		}
	}
	if got := must[[]schema.Device](t)(s.SnapshotDevices(t.Context(), "r1")); !slices.Equal(got, []schema.Device{device("m"), device("n")}) {
		t.Errorf("devices %v", got)
	}
}

func TestNoSnapshotIsSavedWithALostLease(t *testing.T) {
	s, _ := newStore(t)
	lost := acquire(t, s, "n", "r1")
	ok(t, s.Release(t.Context(), lost))
	acquire(t, s, "n", "r2")
	wantError(t, s.SaveSnapshot(t.Context(), lost, "/a", []byte("x")), ErrLeaseLost)
	if left := must[[]Snapshot](t)(s.FindSnapshots(t.Context(), SnapshotQuery{})); len(left) != 0 {
		t.Errorf("saved: %v", left)
	}
}

// snapshotRun is a run of which a snapshot and a finished intent are kept.
func snapshotRun(t *testing.T, s *Store, key, run string) {
	t.Helper()
	ok(t, s.BeginRun(t.Context(), Run{ID: run}))
	lease := acquire(t, s, key, run)
	ok(t, s.SaveSnapshot(t.Context(), lease, "/a", []byte("x")))
	id := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT"}))
	ok(t, s.Finish(t.Context(), lease, id, Done, nil, nil))
	ok(t, s.Release(t.Context(), lease))
	ok(t, s.EndRun(t.Context(), run, "done"))
}

func TestSnapshotsOfTheLastRunsAreKeptForEver(t *testing.T) {
	s, c := newStore(t)
	snapshotRun(t, s, "m", "other")
	for i := range keepSnapshots {
		snapshotRun(t, s, "n", fmt.Sprintf("r%02d", i))
		c.advance(time.Hour)
	}
	runs := func() []string { return must[[]string](t)(s.SnapshotRuns(t.Context(), device("n"))) }
	want := []string{"r07", "r06", "r05", "r04", "r03", "r02", "r01", "r00"}
	if got := runs(); !slices.Equal(got, want) {
		t.Fatalf("runs %v", got)
	}

	c.t = noon.Add(keepHistory)
	snapshotRun(t, s, "n", "young")
	if got := runs(); !slices.Equal(got, append([]string{"young"}, want...)) {
		t.Errorf("at 90 days: %v", got)
	}
	c.advance(3 * time.Hour)
	snapshotRun(t, s, "n", "younger")
	if got := runs(); !slices.Equal(got, []string{"younger", "young", "r07", "r06", "r05", "r04", "r03", "r02"}) {
		t.Errorf("after 90 days: %v", got)
	}

	c.advance(2 * keepHistory)
	s = open(t, s.path, Options{Now: c.now})
	for run, kept := range map[string]bool{"r01": false, "r02": true, "younger": true, "other": true} {
		if n := len(must[[]Intent](t)(s.RunIntents(t.Context(), run))); n != 0 != kept {
			t.Errorf("%d intents of %s are left, but a snapshot is kept: %v", n, run, kept)
		}
	}
}

func TestManyRunsOfOneDayAreAllKept(t *testing.T) {
	s, _ := newStore(t)
	for i := range keepSnapshots + 3 {
		snapshotRun(t, s, "n", fmt.Sprintf("r%02d", i))
	}
	if got := must[[]string](t)(s.SnapshotRuns(t.Context(), device("n"))); len(got) != keepSnapshots+3 || got[0] != "r10" {
		t.Errorf("runs %v", got)
	}
}
