package state

import "testing"

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
