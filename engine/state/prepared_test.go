package state

import (
	"database/sql"
	"sync"
	"testing"
)

func TestAStatementIsPreparedOnce(t *testing.T) {
	s, _ := newStore(t)
	const query = `SELECT COUNT(*) FROM runs`
	statements := make([]*sql.Stmt, 20)
	var all sync.WaitGroup
	for i := range statements {
		all.Go(func() {
			statement, err := s.reads.statement(t.Context(), query)
			if err != nil {
				t.Error(err)
			}
			statements[i] = statement
		})
	}
	all.Wait()
	for _, statement := range statements {
		if statement == nil || statement != statements[0] {
			t.Fatal("the same text is prepared twice")
		}
	}
	ok(t, s.BeginRun(t.Context(), Run{ID: "a"}))
	before := len(s.writes.known)
	ok(t, s.BeginRun(t.Context(), Run{ID: "b"}))
	if after := len(s.writes.known); after != before || before == 0 {
		t.Errorf("the writer has %d statements, then %d", before, after)
	}
	ok(t, s.Close())
	if len(s.reads.known)+len(s.writes.known) != 0 {
		t.Error("statements outlive their store")
	}
	if _, err := statements[0].Query(); err == nil {
		t.Error("a statement is open after its store was closed")
	}
}
