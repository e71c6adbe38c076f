package statetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"camform/engine/state"
	"camform/schema"
)

// Documents are those of devices from before runs.
type Documents interface {
	SaveSnapshot(ctx context.Context, lease state.Lease, path string, sealed []byte) error
	FindSnapshots(ctx context.Context, q state.SnapshotQuery) ([]state.Snapshot, error)
	SnapshotRuns(ctx context.Context, device schema.Device) ([]string, error)
	SnapshotDevices(ctx context.Context, run string) ([]schema.Device, error)
}

// Before are documents from before runs, beside what the runs changed.
type Before interface {
	Changes
	Documents
}

// Snapshots tests what is kept of devices from before runs.
func Snapshots(t *testing.T, open Opener[Before]) {
	run(t, open, map[string]func(*world[Before]){
		"the first document of a run is its snapshot":      first,
		"runs are listed newest first, devices by address": runsAndDevices,
		"nothing is saved with a lost lease": func(s *world[Before]) {
			lost := s.acquire("r1")
			s.ok(s.state.Release(s.Context(), lost))
			s.lease(gate, "r2")
			s.lost(s.state.SaveSnapshot(s.Context(), lost, "/a", []byte("x")))
			s.fails(s.state.SaveSnapshot(cancelled(), lost, "/a", []byte("x")), context.Canceled)
			snapshots(s, state.SnapshotQuery{})
		},
		"those of the last runs are kept for ever, with what the runs changed": lastRuns,
		"those of one day are all kept": func(s *world[Before]) {
			var want []string
			for i := range state.KeepSnapshots + 3 {
				snapshotRun(s, gate, number(i))
				want = append(want, number(i))
			}
			slices.Reverse(want)
			runsOf(s, gate, want...)
		},
	})
}

// snapshots demands what a query finds, as another opening sees it.
func snapshots(s *world[Before], q state.SnapshotQuery, want ...state.Snapshot) {
	s.Helper()
	found, err := s.open().FindSnapshots(s.Context(), q)
	s.ok(err)
	s.same(fmt.Sprintf("%+v", q), found, want)
}

// runsOf demands the runs with snapshots of a device, newest first.
func runsOf(s *world[Before], d schema.Device, want ...string) {
	s.Helper()
	found, err := s.open().SnapshotRuns(s.Context(), d)
	s.ok(err)
	s.same("runs of "+d.String(), found, want)
}

// snapshotRun is a run with a snapshot and a finished intent that are kept.
func snapshotRun(s *world[Before], d schema.Device, run string) {
	s.Helper()
	lease := s.lease(d, run)
	s.ok(s.state.SaveSnapshot(s.Context(), lease, "/a", []byte("x")))
	s.ok(s.state.Finish(s.Context(), lease, s.begin(lease, state.Intent{Method: "PUT"}), state.Done, nil, nil))
	s.ok(s.state.Release(s.Context(), lease))
}

func first(s *world[Before]) {
	lease := s.acquire("r1")
	s.ok(s.state.SaveSnapshot(s.Context(), lease, "/b", []byte("before")))
	s.advance(time.Minute)
	s.ok(s.open().SaveSnapshot(s.Context(), lease, "/b", []byte("after")))
	s.ok(s.state.SaveSnapshot(s.Context(), lease, "/a", []byte{0, 255}))
	other := camera("other")
	s.ok(s.state.SaveSnapshot(s.Context(), s.lease(other, "r1"), "/b", []byte("other")))
	want := []state.Snapshot{
		{Run: "r1", Device: gate, Path: "/a", Sealed: []byte{0, 255}, Taken: noon.Add(time.Minute)},
		{Run: "r1", Device: gate, Path: "/b", Sealed: []byte("before"), Taken: noon},
		{Run: "r1", Device: other, Path: "/b", Sealed: []byte("other"), Taken: noon.Add(time.Minute)},
	}
	for q, some := range map[state.SnapshotQuery][]state.Snapshot{
		{}: want, {Run: "r1"}: want, {Device: gate}: want[:2], {Run: "r1", Device: other}: want[2:],
		{Run: "r2"}: nil, {Run: "r2", Device: gate}: nil, {Device: camera("nobody")}: nil,
	} {
		snapshots(s, q, some...)
	}
	s.ok(s.state.Release(s.Context(), lease))
	s.ok(s.state.SaveSnapshot(s.Context(), s.acquire("r2"), "/b", []byte("after"))) // of the next run
	later := state.Snapshot{Run: "r2", Device: gate, Path: "/b", Sealed: []byte("after"), Taken: s.now()}
	snapshots(s, state.SnapshotQuery{Run: "r2"}, later)
	snapshots(s, state.SnapshotQuery{}, append(want, later)...)
}

func runsAndDevices(s *world[Before]) {
	other := schema.Device{Name: "gate-2"} // whose text is before that of gate["a"]
	for _, run := range []string{"b", "a", "c"} {
		snapshotRun(s, other, run)
		snapshotRun(s, camera("a"), run)
		s.advance(time.Minute)
	}
	runsOf(s, camera("a"), "c", "a", "b")
	runsOf(s, gate)
	for run, want := range map[string][]schema.Device{"a": {camera("a"), other}, "none": {}} {
		found, err := s.open().SnapshotDevices(s.Context(), run)
		s.ok(err)
		s.same("devices of "+run, found, want)
	}
}

func lastRuns(s *world[Before]) {
	other := camera("other")
	snapshotRun(s, other, "0000")
	for i := range state.KeepSnapshots {
		snapshotRun(s, gate, number(i))
		s.advance(time.Hour)
	}
	runsOf(s, gate, "0007", "0006", "0005", "0004", "0003", "0002", "0001", "0000")

	s.t = noon.Add(state.KeepHistory)
	snapshotRun(s, gate, "young")
	runsOf(s, gate, "young", "0007", "0006", "0005", "0004", "0003", "0002", "0001", "0000")
	s.advance(3 * time.Hour)
	snapshotRun(s, gate, "younger")
	runsOf(s, gate, "younger", "young", "0007", "0006", "0005", "0004", "0003", "0002")

	for i := range state.KeepSnapshots {
		snapshotRun(s, camera("busy"), "busy "+number(i)) // what others did since does not count
	}
	s.ok(s.state.SaveSnapshot(s.Context(), s.acquire("young"), "/b", []byte("x")))
	runsOf(s, gate, "younger", "young", "0007", "0006", "0005", "0004", "0003", "0002")

	s.advance(2 * state.KeepHistory)
	again := s.open() // which removes what is old
	for run, kept := range map[string][]schema.Device{"0000": {other}, "0001": nil, "0002": {gate}, "younger": {gate}} {
		intents, err := again.RunIntents(s.Context(), run)
		s.ok(err)
		var of []schema.Device
		for _, in := range intents {
			of = append(of, in.Device)
		}
		s.same("devices with requests of "+run, of, kept)
	}
}
