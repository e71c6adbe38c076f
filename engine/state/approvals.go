package state

import (
	"context"
	"database/sql"
	"time"
)

// approvalsRow is the row of the table meta with the approvals of the last plan that was applied.
const approvalsRow = "approvals"

// Approvals are who must sign plans, as the last plan that was applied says.
type Approvals struct{ *database }

// LoadApprovals returns what SaveApprovals kept, nil if there is nothing.
func (s *Approvals) LoadApprovals(ctx context.Context) ([]byte, error) {
	found, err := read(ctx, s.database, scanText, `SELECT value FROM meta WHERE name = $1`, approvalsRow)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return []byte(found[0]), nil
}

// SaveApprovals keeps who must sign plans, in the form that the caller chose, in place of what was kept before. Nil keeps
// nothing.
func (s *Approvals) SaveApprovals(ctx context.Context, approvals []byte) error {
	return s.write(ctx, func(tx *transaction) error {
		if approvals == nil {
			_, err := tx.Exec(`DELETE FROM meta WHERE name = $1`, approvalsRow)
			return err
		}
		_, err := tx.Exec(`INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
			approvalsRow, string(approvals))
		return err
	})
}

// LatestTime is the latest time at which something was recorded: a run, a lease, a device that answered, a plan that was
// applied. It is the zero time if nothing was. A clock that says less is behind.
func (s *Approvals) LatestTime(ctx context.Context) (time.Time, error) {
	found, err := read(ctx, s.database, scanStamp, `SELECT COALESCE(MAX(at), 0) FROM (
		SELECT started AS at FROM runs UNION ALL SELECT ended FROM runs UNION ALL SELECT renewed FROM leases
		UNION ALL SELECT last_seen FROM devices UNION ALL SELECT at FROM applied_plans) AS recorded`)
	if err != nil {
		return time.Time{}, err
	}
	return found[0], nil
}

func scanStamp(rows *sql.Rows) (time.Time, error) {
	var at int64
	err := rows.Scan(&at)
	return moment(at), err
}
