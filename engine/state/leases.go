package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"camform/engine/auditlog"
	"camform/schema"
)

// LeaseTime is how long a lease lasts unless it is renewed. Every intent renews it too.
const LeaseTime = time.Minute

// Lease is the right to change a device. Its token is greater than that of every earlier lease of the device, and writes
// with an older one are refused, so that a process that was asleep for hours cannot spoil the work of its successor.
type Lease struct {
	Device schema.Device
	Run    string
	Token  int64
}

// Leases are who may change a device now.
type Leases struct{ *database }

// Acquire takes the leases of devices for a run, all of them or none. While somebody else has some of them the error is
// HeldErrors; an expired lease is taken over. Leases are in the order of the devices.
func (s *Leases) Acquire(ctx context.Context, run string, devices ...schema.Device) ([]Lease, error) {
	leases := make([]Lease, len(devices))
	err := s.writeAsRead(ctx, func(tx *transaction) error {
		var all HeldErrors
		for i, device := range devices {
			lease, err := s.acquire(tx, device, run)
			held, isHeld := errors.AsType[*HeldError](err)
			switch {
			case isHeld:
				all = append(all, held)
			case err != nil:
				return err
			}
			leases[i] = lease
		}
		if len(all) > 0 {
			return all
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return leases, nil
}

// Renew makes leases last for LeaseTime from now. Those that were released, or taken over by somebody else, are in lost;
// one that merely expired is renewed.
func (s *Leases) Renew(ctx context.Context, leases ...Lease) (lost []Lease, err error) {
	err = s.write(ctx, func(tx *transaction) error {
		for _, lease := range leases {
			renewed, err := s.renew(tx, lease)
			if err != nil {
				return err
			}
			if !renewed {
				lost = append(lost, lease)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return lost, nil
}

// Release gives leases back. It is no error if one was lost.
func (s *Leases) Release(ctx context.Context, leases ...Lease) error {
	return s.write(context.WithoutCancel(ctx), func(tx *transaction) error {
		for _, lease := range leases {
			_, err := tx.Exec(`UPDATE leases SET held = $1 WHERE device = $2 AND token = $3`, false, lease.Device.String(), lease.Token)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ForceRelease ends the lease of a device that somebody else has, by the id in a HeldError. It fails if the
// device is not held under this id, for example since somebody else holds it by now.
func (s *Leases) ForceRelease(ctx context.Context, device schema.Device, id int64) error {
	return s.write(ctx, func(tx *transaction) error {
		done, err := changed(tx.Exec(`UPDATE leases SET held = $1 WHERE device = $2 AND token = $3 AND held`, false, device.String(), id))
		if err != nil {
			return err
		}
		if !done {
			return fmt.Errorf("%s is not held under the id %d; check again who holds it", device, id)
		}
		return s.appendAudit(tx, auditlog.Record{Action: auditlog.LeaseForced, Device: device.String(), Detail: fmt.Sprintf("lease %d", id)})
	})
}

// Held returns who holds devices now, including this process.
func (s *Leases) Held(ctx context.Context) ([]*HeldError, error) {
	var held []*HeldError
	rows, err := read(ctx, s.database, scanLease, `SELECT `+leaseColumns+` FROM leases WHERE held AND expires > $1 ORDER BY device`, stamp(s.now()))
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		one, err := row.asHeld()
		if err != nil {
			return nil, err
		}
		held = append(held, one)
	}
	return held, nil
}

const leaseColumns = `device, token, held, run, who, pid, operation, version, acquired, renewed, expires`

// leaseRow is a row of the table of leases. The zero row is that of a device that nobody had yet.
type leaseRow struct {
	device                     string
	token                      int64
	held                       bool
	run                        string
	owner                      Owner
	acquired, renewed, expires time.Time
}

func scanLease(rows *sql.Rows) (leaseRow, error) {
	var (
		row                        leaseRow
		acquired, renewed, expires int64
	)
	err := rows.Scan(&row.device, &row.token, &row.held, &row.run, &row.owner.Who, &row.owner.PID, &row.owner.Operation,
		&row.owner.Version, &acquired, &renewed, &expires)
	row.acquired, row.renewed, row.expires = moment(acquired), moment(renewed), moment(expires)
	return row, err
}

// hinders reports whether a lease keeps others away: it is held, has not expired, and its owner is
// not known to be dead from here. A process that was killed does not give its leases back, and somebody who runs it again
// at once should not have to wait. Should the owner live all the same, the token of its lease is no longer the last one, and
// whatever it tries to write is refused.
func (s *Leases) hinders(r leaseRow) bool {
	dead := r.owner.Who == s.owner.Who && r.owner.PID > 0 && r.owner.PID != s.owner.PID && !s.alive(r.owner.PID)
	return r.held && s.now().Before(r.expires) && !dead
}

func (r leaseRow) heldError(device schema.Device) *HeldError {
	return &HeldError{Device: device, Owner: r.owner, Run: r.run, ID: r.token, Acquired: r.acquired, Renewed: r.renewed, Expires: r.expires}
}

// asHeld says who holds the device of a row.
func (r leaseRow) asHeld() (*HeldError, error) {
	device, err := schema.ParseDevice(r.device)
	if err != nil {
		return nil, fmt.Errorf("%w: table leases: %w", ErrDamaged, err)
	}
	return r.heldError(device), nil
}

func (s *Leases) leaseOf(tx *transaction, device schema.Device) (leaseRow, error) {
	rows, err := collect(context.Background(), tx, scanLease, `SELECT `+leaseColumns+` FROM leases WHERE device = $1`, device.String())
	if err != nil || len(rows) == 0 {
		return leaseRow{}, err
	}
	return rows[0], nil
}

func (s *Leases) acquire(tx *transaction, device schema.Device, run string) (Lease, error) {
	row, err := s.leaseOf(tx, device)
	if err != nil {
		return Lease{}, err
	}
	now, lease := s.now(), Lease{Device: device, Run: run, Token: row.token + 1}
	if s.hinders(row) {
		return Lease{}, row.heldError(device)
	}
	_, err = tx.Exec(`INSERT INTO leases (`+leaseColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
		ON CONFLICT (device) DO UPDATE SET token = excluded.token, held = excluded.held, run = excluded.run,
		who = excluded.who, pid = excluded.pid, operation = excluded.operation, version = excluded.version,
		acquired = excluded.acquired, renewed = excluded.renewed, expires = excluded.expires`,
		device.String(), lease.Token, true, run, s.owner.Who, s.owner.PID, s.owner.Operation, s.owner.Version,
		stamp(now), stamp(now.Add(LeaseTime)))
	return lease, err
}

// free fails with a *HeldError if somebody holds a device.
func (s *Leases) free(tx *transaction, device schema.Device) error {
	row, err := s.leaseOf(tx, device)
	if err != nil {
		return err
	}
	if s.hinders(row) {
		return row.heldError(device)
	}
	return nil
}

// renew reports whether the lease is still that of its device.
func (s *Leases) renew(tx *transaction, lease Lease) (bool, error) {
	now := s.now()
	return changed(tx.Exec(`UPDATE leases SET renewed = $1, expires = $2 WHERE device = $3 AND token = $4 AND held`,
		stamp(now), stamp(now.Add(LeaseTime)), lease.Device.String(), lease.Token))
}

// fence refuses a write with a lease that is no longer that of its device, and renews one that is, so that what
// follows has the whole time of the lease before it.
func (s *Leases) fence(tx *transaction, lease Lease) error {
	valid, err := s.renew(tx, lease)
	if err != nil || valid {
		return err
	}
	row, err := s.leaseOf(tx, lease.Device)
	if err != nil {
		return err
	}
	why := fmt.Sprintf("somebody released it with `camform state release %s`", lease.Run)
	if row.token != lease.Token {
		why = fmt.Sprintf("run %s of %s took it over", row.run, row.owner.Who)
	}
	return fmt.Errorf("%w: %s. camform writes nothing more to %s; plan again", ErrLeaseLost, why, lease.Device)
}

// changed reports whether a statement changed a row.
func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
