package state

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"camform/schema"
)

// Snapshot is a document of a device as it was before the first change of a run.
type Snapshot struct {
	Run    string
	Device schema.Device
	Path   string // of the document
	Sealed []byte // its text, in the form that the process that saved it chose
	Taken  time.Time
}

// SnapshotQuery selects snapshots. Zero fields select all runs, and all devices.
type SnapshotQuery struct {
	Run    string
	Device schema.Device
}

// Snapshots are documents of devices from before runs.
type Snapshots struct {
	*database
	leases *Leases
}

const snapshotColumns = `run, device, path, sealed, taken`

// SaveSnapshot keeps a document for the run of the lease. The first one of a run and path stays: what is read later in a run
// may be its own work already.
func (s *Snapshots) SaveSnapshot(ctx context.Context, lease Lease, path string, sealed []byte) error {
	return s.write(ctx, func(tx *transaction) error {
		if err := s.leases.fence(tx, lease); err != nil {
			return err
		}
		fresh, err := changed(tx.Exec(`INSERT INTO snapshots (`+snapshotColumns+`) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (run, device, path) DO NOTHING`,
			lease.Run, lease.Device.String(), path, sealed, stamp(s.now())))
		if err != nil || !fresh {
			return err
		}
		return s.pruneSnapshots(tx, lease.Device)
	})
}

// FindSnapshots returns the snapshots that a query selects, by run, device and path.
func (s *Snapshots) FindSnapshots(ctx context.Context, q SnapshotQuery) ([]Snapshot, error) {
	device := ""
	if !q.Device.IsZero() {
		device = q.Device.String()
	}
	return read(ctx, s.database, scanSnapshot, `SELECT `+snapshotColumns+` FROM snapshots
		WHERE ($1 = '' OR run = $1) AND ($2 = '' OR device = $2) ORDER BY run, device, path`, q.Run, device)
}

// SnapshotRuns returns the runs that have snapshots of a device, newest first.
func (s *Snapshots) SnapshotRuns(ctx context.Context, device schema.Device) ([]string, error) {
	return read(ctx, s.database, scanText, `SELECT run FROM snapshots WHERE device IN ($1, $2) GROUP BY run ORDER BY MAX(taken) DESC, run DESC`,
		device.String(), s.names().old(device).String())
}

// SnapshotDevices returns the devices that a run has snapshots of, ordered by address.
func (s *Snapshots) SnapshotDevices(ctx context.Context, run string) ([]schema.Device, error) {
	texts, err := read(ctx, s.database, scanText, `SELECT DISTINCT device FROM snapshots WHERE run = $1`, run)
	if err != nil {
		return nil, err
	}
	devices := make([]schema.Device, len(texts))
	for i, text := range texts {
		if devices[i], err = schema.ParseDevice(text); err != nil {
			return nil, fmt.Errorf("%w: table snapshots: %w", ErrDamaged, err)
		}
	}
	slices.SortFunc(devices, schema.Device.Compare)
	return devices, nil
}

func scanText(rows *sql.Rows) (string, error) {
	var text string
	err := rows.Scan(&text)
	return text, err
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
