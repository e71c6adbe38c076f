package state

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"camform/schema"
)

func TestRunsAreListedNewestFirst(t *testing.T) {
	s, c := newStore(t)
	ok(t, s.BeginRun(t.Context(), Run{ID: "r1", Operation: "apply", PlanHash: "h"}))
	c.advance(time.Minute)
	ok(t, s.BeginRun(t.Context(), Run{ID: "r2", Operation: "drift", Who: "cron@host"}))
	ok(t, s.EndRun(cancelled(), "r1", "2 changed"))
	want := []Run{
		{ID: "r2", Operation: "drift", Who: "cron@host", Started: noon.Add(time.Minute)},
		{ID: "r1", Operation: "apply", PlanHash: "h", Who: "ops@host", Started: noon, Ended: noon.Add(time.Minute), Summary: "2 changed"},
	}
	if diff := cmp.Diff(want, must[[]Run](t)(s.LastRuns(t.Context(), 10))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[:1], must[[]Run](t)(s.LastRuns(t.Context(), 1))); diff != "" {
		t.Error(diff)
	}
	if s.BeginRun(t.Context(), Run{ID: "r1"}) == nil || s.EndRun(t.Context(), "r3", "") == nil {
		t.Error("a run began twice, or ended without having begun")
	}
}

func TestAPlanIsAppliedFirstOnce(t *testing.T) {
	s, _ := newStore(t)
	const n = 20
	firsts := make(chan string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if a, first, err := s.MarkApplied(context.Background(), "h", name(i)); err != nil || first != (a.Run == name(i)) {
				t.Errorf("run %d: %v, first %v, %v", i, a, first, err)
			} else if first {
				firsts <- a.Run
			}
		})
	}
	wg.Wait()
	close(firsts)
	var all []string
	for run := range firsts {
		all = append(all, run)
	}
	got, first, err := s.MarkApplied(t.Context(), "h", "later")
	if len(all) != 1 || err != nil || first || got != (Application{all[0], noon}) {
		t.Errorf("firsts %v, applied %v, first %v, %v", all, got, first, err)
	}
}

// An apply writes an intent and an outcome for every document of every device.
func BenchmarkBeginFinish(b *testing.B) {
	s, _ := newStore(b)
	leases := make(chan Lease, 32)
	for i := range cap(leases) {
		leases <- acquire(b, s, name(i), "r1")
	}
	parallel(b, cap(leases), func(int) error {
		lease := <-leases
		defer func() { leases <- lease }()
		row := Setting{Address: schema.Setting{Device: lease.Device, Kind: "https"}, Applied: json.RawMessage(`{"enabled":true}`)}
		step := IntentStep{Setting: row.Address, Action: "update", Before: json.RawMessage(`{"enabled":false}`), After: row.Applied}
		id, err := s.Begin(context.Background(), lease, Intent{Method: "PUT", Document: "/x", Steps: []IntentStep{step}})
		if err != nil {
			return err
		}
		return s.Finish(context.Background(), lease, id, Done, []Setting{row}, nil)
	})
}
