package engine_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"

	"camform/engine/diag"
)

// Where the end of a login cannot be noted, the attempt counts as refused, and the run says why instead of leaving the next one to
// find out.
func TestI5ALoginThatIsNotNotedIsAProblemOfTheState(t *testing.T) {
	w := newWorld(t, "gate")
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(`CREATE TRIGGER full BEFORE UPDATE ON attempts BEGIN SELECT RAISE(ABORT, 'no room'); END`); err != nil {
		t.Fatal(err)
	}
	_, problems := w.engine().Plan(context.Background(), w.cfg, nil)
	told := slices.ContainsFunc(problems, func(p diag.Problem) bool {
		return p.Code == "state-unwritable" && strings.Contains(p.Error(), "is taken as a rejection")
	})
	if !told {
		t.Errorf("it tells %v", problems)
	}
}
