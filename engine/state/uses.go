package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"camform/schema"
)

// Uses is what a device uses of others, as it last reported: the channels of a recorder.
type Uses struct {
	Device schema.Device
	Told   json.RawMessage // in the form of package consumer; without secrets
	Read   time.Time       // UTC
}

// Consumers are what devices last reported about the others that they use.
type Consumers struct{ *database }

// SaveUses records what devices use, instead of what they reported before. A Read that is zero means now.
func (s *Consumers) SaveUses(ctx context.Context, all []Uses) error {
	if len(all) == 0 {
		return nil
	}
	return s.write(ctx, func(tx *transaction) error {
		for _, u := range all {
			if u.Read.IsZero() {
				u.Read = s.now()
			}
			device, err := s.storedUses(tx, u.Device)
			if err != nil {
				return err
			}
			_, err = tx.Exec(`INSERT INTO uses (device, told, read_at) VALUES ($1, $2, $3)
				ON CONFLICT (device) DO UPDATE SET told = excluded.told, read_at = excluded.read_at`,
				device, string(u.Told), stamp(u.Read))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// storedUses is the name under which a device is known that may not have been moved yet.
func (s *Consumers) storedUses(tx *transaction, device schema.Device) (string, error) {
	old := s.names().old(device)
	if old == device {
		return device.String(), nil
	}
	known, err := collect(context.Background(), tx, scanText, `SELECT device FROM devices WHERE device = $1`, old.String())
	if err != nil || len(known) == 0 {
		return device.String(), err
	}
	return old.String(), nil
}

// AllUses returns what every device reported, ordered by address.
func (s *Consumers) AllUses(ctx context.Context) ([]Uses, error) {
	all, err := read(ctx, s.database, scanUses, `SELECT device, told, read_at FROM uses`)
	for i := range all {
		all[i].Device = s.names().device(all[i].Device)
	}
	slices.SortFunc(all, func(a, b Uses) int { return a.Device.Compare(b.Device) })
	return all, err
}

func scanUses(rows *sql.Rows) (Uses, error) {
	var (
		u            Uses
		device, told string
		at           int64
	)
	if err := rows.Scan(&device, &told, &at); err != nil {
		return Uses{}, err
	}
	address, err := schema.ParseDevice(device)
	if err != nil {
		return Uses{}, fmt.Errorf("%w: table uses: %w", ErrDamaged, err)
	}
	u.Device, u.Told, u.Read = address, json.RawMessage(told), moment(at)
	return u, nil
}
