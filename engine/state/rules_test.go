package state

import "testing"

// A request of which even the next run could not say what became of it holds its device back until somebody can.
func TestAnUnknownIntentIsOpenForItsDevice(t *testing.T) {
	s, _ := newStore(t)
	lease := acquire(t, s, "n", "r1")
	id := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT"}))
	ok(t, s.Finish(t.Context(), lease, id, Unknown, nil, nil))
	open := must[[]Intent](t)(s.OpenIntents(t.Context(), device("n")))
	if len(open) != 1 || open[0].ID != id || open[0].Outcome != Unknown {
		t.Errorf("open are %+v, want the unknown one", open)
	}
}

// What is written must outlive a failure of the power: SQLite promises that with these two settings only.
func TestI2WritesAreOnTheDiskWhenTheyReturn(t *testing.T) {
	s, _ := newStore(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		var have string
		ok(t, s.writer.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&have))
		if have != want {
			t.Errorf("%s is %s, want %s", pragma, have, want)
		}
	}
}

// A secret that was deleted must not stay in a free part of the file.
func TestI1WhatIsDeletedIsOverwritten(t *testing.T) {
	s, _ := newStore(t)
	var have int
	ok(t, s.writer.QueryRowContext(t.Context(), "PRAGMA secure_delete").Scan(&have))
	if have != 1 {
		t.Errorf("secure_delete is %d, want 1", have)
	}
}
