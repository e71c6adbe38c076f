package state

import (
	"context"
	"database/sql"
	"time"
)

// How long what nobody needs any more is kept, and how much of it one Open removes at most.
const (
	keepAttempts = 7 * 24 * time.Hour // far longer than any lock
	keepHistory  = 90 * 24 * time.Hour
	pruneBatch   = 1000
	pruneBatches = 10
)

// prunings remove rows whose time, $1, is over, and at most $2 of them. Open intents and their runs stay for ever.
var prunings = []struct {
	statement string
	keep      time.Duration
}{
	{`DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE charged < $1 AND settled < $1 ORDER BY id LIMIT $2)`, keepAttempts},
	{`DELETE FROM intents WHERE id IN (SELECT id FROM intents WHERE finished < $1 AND outcome NOT IN ('', 'unknown') ORDER BY id LIMIT $2)`, keepHistory},
	{`DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE started < $1 AND ended < $1
		AND id NOT IN (SELECT run FROM intents) ORDER BY started LIMIT $2)`, keepHistory},
}

// prune removes what is old, in transactions that do not keep other processes waiting for long.
func (s *Store) prune(ctx context.Context) error {
	for _, p := range prunings {
		before := stamp(s.now().Add(-p.keep))
		for range pruneBatches {
			var removed int64
			err := s.write(ctx, func(tx *sql.Tx) error {
				result, err := tx.Exec(p.statement, before, pruneBatch)
				if err != nil {
					return err
				}
				removed, err = result.RowsAffected()
				return err
			})
			if err != nil {
				return err
			}
			if removed < pruneBatch {
				break
			}
		}
	}
	return nil
}
