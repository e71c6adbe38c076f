package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"camform/schema"
)

// keepSnapshots is of how many runs of a device the snapshots are kept, however old they are.
const keepSnapshots = 8

// Snapshot is a document of a device as it was before the first change of a run.
type Snapshot struct {
	Run    string
	Device schema.Device
	Path   string // of the document
	Sealed []byte // its text, in the form that whoever saved it chose
	Taken  time.Time
}

// SnapshotQuery selects snapshots. Zero fields select all runs, and all devices.
type SnapshotQuery struct {
	Run    string
	Device schema.Device
}

const snapshotColumns = `run, device, path, sealed, taken`

// SaveSnapshot keeps a document for the run of the lease. The first one of a run and path stays: what is read later in a run
// may be its own work already.
func (s *Store) SaveSnapshot(ctx context.Context, lease Lease, path string, sealed []byte) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := s.fence(tx, lease); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO snapshots (`+snapshotColumns+`) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (run, device, path) DO NOTHING`,
			lease.Run, lease.Device.String(), path, sealed, stamp(s.now()))
		return err
	})
}

// Snapshots returns the snapshots that a query selects, by run, device and path.
func (s *Store) Snapshots(ctx context.Context, q SnapshotQuery) ([]Snapshot, error) {
	device := ""
	if !q.Device.IsZero() {
		device = q.Device.String()
	}
	return read(ctx, s, scanSnapshot, `SELECT `+snapshotColumns+` FROM snapshots
		WHERE ($1 = '' OR run = $1) AND ($2 = '' OR device = $2) ORDER BY run, device, path`, q.Run, device)
}

// SnapshotRuns returns the runs that have snapshots of a device, newest first; of any device if it is zero.
func (s *Store) SnapshotRuns(ctx context.Context, device schema.Device) ([]string, error) {
	name := ""
	if !device.IsZero() {
		name = device.String()
	}
	scan := func(rows *sql.Rows) (string, error) {
		var run string
		err := rows.Scan(&run)
		return run, err
	}
	return read(ctx, s, scan, `SELECT run FROM snapshots WHERE $1 = '' OR device = $1
		GROUP BY run ORDER BY MAX(taken) DESC, run DESC`, name)
}

func scanSnapshot(rows *sql.Rows) (Snapshot, error) {
	var (
		snap   Snapshot
		device string
		taken  int64
	)
	err := rows.Scan(&snap.Run, &device, &snap.Path, &snap.Sealed, &taken)
	if err != nil {
		return Snapshot{}, err
	}
	if snap.Device, err = schema.ParseDevice(device); err != nil {
		return Snapshot{}, fmt.Errorf("%w: table snapshots: %w", ErrDamaged, err)
	}
	snap.Taken = moment(taken)
	return snap, nil
}
