package view

import (
	"testing"
	"time"

	"camform/engine"
)

func TestTheAgeOfWhatWasToldStandsThereOnce(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	recorders := engine.Account{
		Users: []string{"camform", "a.1", "a.2", "b.1", "c.1", "consumer"},
		Told:  map[string]time.Time{"a.1": now.AddDate(0, 0, -3), "a.2": now.AddDate(0, 0, -3), "b.1": now.Add(-23 * time.Hour), "c.1": now.Add(-25 * time.Hour)},
	}
	const want = "camform, a.1, a.2 (updated 3 days ago), b.1, c.1 (updated 1 day ago), consumer"
	if got := users(recorders, now); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := users(engine.Account{}, now); got != "" {
		t.Errorf("nobody is shown as %s", got)
	}
}
