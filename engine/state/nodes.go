package state

import (
	"context"
	"database/sql"
	"time"

	"camform/providers"
)

var _ providers.NodeStore = (*Nodes)(nil)

// Nodes are documents that devices withhold; see providers.NodeStore. They belong to a serial number, whatever name the device has.
type Nodes struct{ *database }

type refusedNode struct {
	path string
	at   time.Time // zero for one that was given
}

// RefusedNodes returns when a device with a firmware asked for a login again, by path.
func (s *Nodes) RefusedNodes(ctx context.Context, serial, firmware string) (map[string]time.Time, error) {
	rows, err := read(ctx, s.database, scanNode, `SELECT path, at FROM nodes WHERE serial = $1 AND firmware = $2`, serial, firmware)
	return byPath(rows), err
}

// RefuseNode records that a device asked for a login again for a path now.
func (s *Nodes) RefuseNode(ctx context.Context, serial, firmware, path string) error {
	return s.write(ctx, func(tx *transaction) error {
		if _, err := tx.Exec(`DELETE FROM nodes WHERE serial = $1 AND firmware <> $2`, serial, firmware); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO nodes (serial, firmware, path, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (serial, firmware, path) DO UPDATE SET at = excluded.at`, serial, firmware, path, stamp(s.now()))
		return err
	})
}

// UntoldNodes returns when a device that does not report how many attempts are left asked for a login again, by path; the zero time
// for a document that it gave.
func (s *Nodes) UntoldNodes(ctx context.Context, serial, firmware string) (map[string]time.Time, error) {
	rows, err := read(ctx, s.database, scanNode, `SELECT path, refused FROM untold WHERE serial = $1 AND firmware = $2`, serial, firmware)
	return byPath(rows), err
}

// NoteUntold records such documents.
func (s *Nodes) NoteUntold(ctx context.Context, serial, firmware string, nodes map[string]time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		if _, err := tx.Exec(`DELETE FROM untold WHERE serial = $1 AND firmware <> $2`, serial, firmware); err != nil {
			return err
		}
		for path, at := range nodes {
			if _, err := tx.Exec(`INSERT INTO untold (serial, firmware, path, refused) VALUES ($1, $2, $3, $4)
				ON CONFLICT (serial, firmware, path) DO UPDATE SET refused = excluded.refused`, serial, firmware, path, stamp(at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetNodes forgets what a device withholds.
func (s *Nodes) ForgetNodes(ctx context.Context, serial string) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.Exec(`DELETE FROM nodes WHERE serial = $1`, serial)
		return err
	})
}

func byPath(nodes []refusedNode) map[string]time.Time {
	found := make(map[string]time.Time, len(nodes))
	for _, node := range nodes {
		found[node.path] = node.at
	}
	return found
}

func scanNode(rows *sql.Rows) (refusedNode, error) {
	var (
		n  refusedNode
		at int64
	)
	err := rows.Scan(&n.path, &at)
	n.at = moment(at)
	return n, err
}
