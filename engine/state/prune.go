package state

import (
	"context"
	"time"

	"camform/schema"
)

// KeepHistory is how long runs are kept, and what they did: finished intents and snapshots.
const KeepHistory = 90 * 24 * time.Hour

// KeepSnapshots is the number of runs of a device whose snapshots are kept beyond KeepHistory, together with their intents.
const KeepSnapshots = 8

// How long login attempts are kept, and how many old rows one Open removes at most.
const (
	keepAttempts = 7 * 24 * time.Hour // far longer than any lock

	pruneBatch   = 1000
	pruneBatches = 10
)

// prunings remove rows whose time, $1, is over, and at most $2 of them. Open intents and their runs stay for ever. Intents stay
// as long as the snapshots of their run and device: they say what the run changed.
var prunings = []struct {
	statement string
	keep      time.Duration
}{
	{`DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE charged < $1 AND settled < $1 ORDER BY id LIMIT $2)`, keepAttempts},
	{`DELETE FROM intents WHERE id IN (SELECT id FROM intents WHERE finished < $1 AND outcome NOT IN ('', 'unknown')
		AND NOT EXISTS (SELECT 1 FROM snapshots s WHERE s.run = intents.run AND s.device = intents.device) ORDER BY id LIMIT $2)`, KeepHistory},
	{`DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE started < $1 AND ended < $1
		AND id NOT IN (SELECT run FROM intents) ORDER BY started LIMIT $2)`, KeepHistory},
}

// prune removes what is old, in transactions that do not keep other processes waiting for long.
func (s *database) prune(ctx context.Context) error {
	for _, p := range prunings {
		before := stamp(s.now().Add(-p.keep))
		for range pruneBatches {
			var removed int64
			err := s.write(ctx, func(tx *transaction) error {
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

// pruneSnapshots removes the snapshots of a device that are old and not of its last runs. It is called when new ones come: to
// look through those of all devices would take seconds.
func (s *Snapshots) pruneSnapshots(tx *transaction, device schema.Device) error {
	_, err := tx.Exec(`DELETE FROM snapshots WHERE device = $1 AND taken < $2 AND run NOT IN
		(SELECT run FROM snapshots WHERE device = $1 GROUP BY run ORDER BY MAX(taken) DESC, run DESC LIMIT $3)`,
		device.String(), stamp(s.now().Add(-KeepHistory)), KeepSnapshots)
	return err
}
