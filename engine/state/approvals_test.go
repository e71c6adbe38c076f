package state

import (
	"path/filepath"
	"testing"
	"time"
)

func TestApprovalsAreKeptUntilOthersTakeTheirPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	want := func(s *Store, text string) {
		t.Helper()
		if have := must[[]byte](t)(s.LoadApprovals(t.Context())); string(have) != text || (have == nil) != (text == "") {
			t.Errorf("kept %q, want %q", have, text)
		}
	}
	want(s, "")
	ok(t, s.SaveApprovals(t.Context(), []byte(`{"required":2}`)))
	ok(t, s.SaveApprovals(t.Context(), []byte(`{"required":3}`)))
	want(s, `{"required":3}`)
	ok(t, s.Close())

	s = open(t, path, Options{})
	want(s, `{"required":3}`)
	ok(t, s.SaveApprovals(t.Context(), nil))
	want(s, "")
	ok(t, s.Close())
	open(t, path, Options{}) // the check value of the key is in the same table
}

func TestTheLatestTimeIsThatOfAnyRecord(t *testing.T) {
	s, clock := newStore(t)
	want := func(what string, at time.Time) {
		t.Helper()
		if have := must[time.Time](t)(s.LatestTime(t.Context())); !have.Equal(at) {
			t.Errorf("%s: the latest time is %v, want %v", what, have, at)
		}
	}
	want("nothing yet", time.Time{})
	records := []struct {
		name string
		add  func() error
	}{
		{"a run begins", func() error { return s.BeginRun(t.Context(), Run{ID: "r1", Operation: "apply"}) }},
		{"a run ends", func() error { return s.EndRun(t.Context(), "r1", "done") }},
		{"a device answers", func() error { return s.SaveSeen(t.Context(), Device{Address: device("a")}) }},
		{"a device is leased", func() error { _, err := s.Acquire(t.Context(), "r2", device("a")); return err }},
		{"a plan is applied", func() error { _, _, err := s.MarkApplied(t.Context(), "sha256:1", "r2"); return err }},
	}
	for _, r := range records {
		clock.advance(time.Hour)
		ok(t, r.add())
		want(r.name, clock.t)
	}
	latest := clock.t
	clock.advance(-24 * time.Hour)
	ok(t, s.BeginRun(t.Context(), Run{ID: "r3", Operation: "apply"}))
	want("the clock was turned back", latest)
}
