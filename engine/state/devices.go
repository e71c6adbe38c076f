package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"camform/engine/auditlog"
	"camform/providers"
	"camform/schema"
)

// Device is what the state records about a device as a whole.
type Device struct {
	Address   schema.Device
	Endpoint  string // "host:port" where it answered
	Identity  providers.Identity
	Pin       providers.Pin
	FirstSeen time.Time // UTC
	LastSeen  time.Time
}

// Devices are who answered at an address last time, with their pins.
type Devices struct {
	*database
	leases *Leases
}

const (
	deviceColumns = `device, endpoint, serial, mac, model, firmware, type, pin, first_seen, last_seen`
	deviceByName  = `SELECT ` + deviceColumns + ` FROM devices WHERE device IN ($1, $2)`
)

// SaveSeen records who answered. The pin is merged into the one that is known, field by field, so an algorithm never
// becomes weaker; FirstSeen of a known device stays. A LastSeen that is zero means now. Only a device that proved to be
// the right one may be saved.
func (s *Devices) SaveSeen(ctx context.Context, d Device) error {
	if d.LastSeen.IsZero() {
		d.LastSeen = s.now()
	}
	if d.FirstSeen.IsZero() {
		d.FirstSeen = d.LastSeen
	}
	return s.write(ctx, func(tx *transaction) error {
		known, err := collect(context.Background(), tx, scanDevice, deviceByName, d.Address.String(), s.names().old(d.Address).String())
		if err != nil {
			return err
		}
		address, pin := d.Address, d.Pin
		if len(known) > 0 {
			address, pin = known[0].Address, known[0].Pin.Merge(d.Pin)
		}
		text, err := json.Marshal(pin)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO devices (`+deviceColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (device) DO UPDATE SET endpoint = excluded.endpoint, serial = excluded.serial, mac = excluded.mac,
			model = excluded.model, firmware = excluded.firmware, type = excluded.type, pin = excluded.pin, last_seen = excluded.last_seen`,
			address.String(), d.Endpoint, d.Identity.Serial, d.Identity.MAC, d.Identity.Model, d.Identity.Firmware, d.Identity.Type,
			string(text), stamp(d.FirstSeen), stamp(d.LastSeen))
		return err
	})
}

// Device returns what the state records about a device, and whether it records anything.
func (s *Devices) Device(ctx context.Context, address schema.Device) (Device, bool, error) {
	found, err := read(ctx, s.database, scanDevice, deviceByName, address.String(), s.names().old(address).String())
	if err != nil || len(found) == 0 {
		return Device{}, false, err
	}
	found[0].Address = address
	return found[0], true, nil
}

// AllDevices returns all devices, ordered by address.
func (s *Devices) AllDevices(ctx context.Context) ([]Device, error) {
	all, err := read(ctx, s.database, scanDevice, `SELECT `+deviceColumns+` FROM devices`)
	for i := range all {
		all[i].Address = s.names().device(all[i].Address)
	}
	slices.SortFunc(all, func(a, b Device) int { return a.Address.Compare(b.Address) })
	return all, err
}

// ForgetDevice removes a device with its settings and its open intents. The history of its runs stays. A device that
// nobody remembers is no error; one whose lease somebody holds is a *HeldError.
func (s *Devices) ForgetDevice(ctx context.Context, address schema.Device) error {
	return s.write(ctx, func(tx *transaction) error {
		if err := s.leases.free(tx, address); err != nil {
			return err
		}
		for _, c := range aboutDevices {
			if _, err := tx.Exec(`DELETE FROM `+c.table+` WHERE device = $1 AND `+c.forgets, address.String()); err != nil {
				return err
			}
		}
		return s.appendAudit(tx, auditlog.Record{Action: auditlog.DeviceForgotten, Device: address.String()})
	})
}

func scanDevice(rows *sql.Rows) (Device, error) {
	var (
		d           Device
		device, pin string
		first, last int64
	)
	err := rows.Scan(&device, &d.Endpoint, &d.Identity.Serial, &d.Identity.MAC, &d.Identity.Model, &d.Identity.Firmware, &d.Identity.Type, &pin, &first, &last)
	if err != nil {
		return Device{}, err
	}
	if d.Address, err = schema.ParseDevice(device); err != nil {
		return Device{}, fmt.Errorf("%w: table devices: %w", ErrDamaged, err)
	}
	if err := json.Unmarshal([]byte(pin), &d.Pin); err != nil {
		return Device{}, fmt.Errorf("%w: pin of %s: %w", ErrDamaged, device, err)
	}
	d.FirstSeen, d.LastSeen = moment(first), moment(last)
	return d, nil
}
