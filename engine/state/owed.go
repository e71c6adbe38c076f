package state

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"camform/schema"
)

// Owed is an item of a device, such as a channel of a recorder, that must get the password of an account.
type Owed struct {
	Item    schema.Setting
	Account schema.Setting // of another device
	Origin  string         // of the password
	Since   time.Time      // UTC; zero means now when it is saved
}

// Debts are the items that must get passwords. They survive a run that dies.
type Debts struct{ *database }

// Owe records items that must get a password; each entry replaces what the item was owed before.
func (s *Debts) Owe(ctx context.Context, all []Owed) error {
	if len(all) == 0 {
		return nil
	}
	return s.write(ctx, func(tx *transaction) error {
		for _, o := range all {
			if o.Since.IsZero() {
				o.Since = s.now()
			}
			_, err := tx.Exec(`INSERT INTO owed (`+owedColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (device, kind, item) DO UPDATE SET account = excluded.account, origin = excluded.origin, since = excluded.since`,
				o.Item.Device.String(), o.Item.Kind, o.Item.Key, o.Account.String(), o.Origin, stamp(o.Since))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Paid forgets that items must get a password. One that is owed none is no error.
func (s *Debts) Paid(ctx context.Context, items []schema.Setting) error {
	if len(items) == 0 {
		return nil
	}
	return s.write(ctx, func(tx *transaction) error {
		for _, item := range items {
			if _, err := tx.Exec(`DELETE FROM owed WHERE device = $1 AND kind = $2 AND item = $3`, item.Device.String(), item.Kind, item.Key); err != nil {
				return err
			}
		}
		return nil
	})
}

const owedColumns = `device, kind, item, account, origin, since`

// AllOwed returns the items that must get a password, ordered by address.
func (s *Debts) AllOwed(ctx context.Context) ([]Owed, error) {
	all, err := read(ctx, s.database, scanOwed, `SELECT `+owedColumns+` FROM owed`)
	for i := range all {
		n := s.names()
		all[i].Item, all[i].Account, all[i].Origin = n.setting(all[i].Item), n.setting(all[i].Account), movedOrigin(all[i].Origin, n.secret)
	}
	slices.SortFunc(all, func(a, b Owed) int { return a.Item.Compare(b.Item) })
	return all, err
}

func scanOwed(rows *sql.Rows) (Owed, error) {
	var (
		o               Owed
		device, account string
		since           int64
	)
	if err := rows.Scan(&device, &o.Item.Kind, &o.Item.Key, &account, &o.Origin, &since); err != nil {
		return Owed{}, err
	}
	var err error
	if o.Item.Device, err = schema.ParseDevice(device); err != nil {
		return Owed{}, fmt.Errorf("%w: table owed: %w", ErrDamaged, err)
	}
	if o.Account, err = schema.ParseSetting(account); err != nil {
		return Owed{}, fmt.Errorf("%w: table owed: %w", ErrDamaged, err)
	}
	o.Since = moment(since)
	return o, nil
}
