package state

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"camform/engine/auditlog"
	"camform/schema"
)

// Setting is what the state records about a setting.
type Setting struct {
	Address       schema.Setting
	Applied       json.RawMessage   // object attribute → value that was last wanted; nil for none. Never a secret.
	Observed      json.RawMessage   // object attribute → value that the device read back then; nil for none
	Fingerprints  map[string]string // attribute → fingerprint of the secret that was set; nil for none
	Created       bool              // the item did not exist before camform made it
	PendingReboot bool              // accepted by the device, effective after its next restart
	Run           string            // run that applied it
	At            time.Time         // when; UTC
}

// Settings are what was last applied to settings, and what the devices read back.
type Settings struct {
	*database
	leases *Leases
}

const settingColumns = `device, kind, item, applied, observed, fingerprints, created, pending_reboot, run, at`

// SettingsOf returns what the state records about the settings of a device.
func (s *Settings) SettingsOf(ctx context.Context, device schema.Device) (map[schema.Setting]Setting, error) {
	all, err := read(ctx, s.database, scanSetting, `SELECT `+settingColumns+` FROM settings WHERE device IN ($1, $2)`,
		device.String(), s.names().old(device).String())
	if err != nil {
		return nil, err
	}
	settings := make(map[schema.Setting]Setting, len(all))
	for _, setting := range all {
		setting.Address.Device = device
		settings[setting.Address] = setting
	}
	return settings, nil
}

// AllSettings goes through the settings of all devices, those of a device together. After an error there is nothing more.
func (s *Settings) AllSettings(ctx context.Context) iter.Seq2[Setting, error] {
	return func(yield func(Setting, error) bool) {
		rows, err := s.reads.QueryContext(ctx, `SELECT `+settingColumns+` FROM settings ORDER BY device, kind, item`)
		if err != nil {
			yield(Setting{}, s.classify(err))
			return
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			setting, err := scanSetting(rows)
			if err != nil {
				yield(Setting{}, s.classify(err))
				return
			}
			setting.Address = s.names().setting(setting.Address)
			if !yield(setting, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Setting{}, s.classify(err))
		}
	}
}

// Record records settings and forgets others in one transaction, for changes that need no request to the device. Run
// and At of a row are filled in where they are zero.
func (s *Settings) Record(ctx context.Context, lease Lease, rows []Setting, forget []schema.Setting) error {
	return s.write(context.WithoutCancel(ctx), func(tx *transaction) error {
		if err := s.leases.fence(tx, lease); err != nil {
			return err
		}
		return s.record(tx, lease, rows, forget)
	})
}

// ForgetSetting removes a setting from the state and leaves the device alone. A setting without a record is no
// error; one of a device whose lease somebody holds is a *HeldError.
func (s *Settings) ForgetSetting(ctx context.Context, address schema.Setting) error {
	return s.write(ctx, func(tx *transaction) error {
		if err := s.leases.free(tx, address.Device); err != nil {
			return err
		}
		if err := forgetSetting(tx, address); err != nil {
			return err
		}
		return s.appendAudit(tx, auditlog.Record{
			Action: auditlog.SettingForgotten, Device: address.Device.String(), Settings: []string{address.Local()},
		})
	})
}

func (s *Settings) record(tx *transaction, lease Lease, rows []Setting, forget []schema.Setting) error {
	for _, row := range rows {
		if err := s.saveSetting(tx, lease, row); err != nil {
			return err
		}
	}
	for _, address := range forget {
		if err := covered(lease, address); err != nil {
			return err
		}
		if err := forgetSetting(tx, address); err != nil {
			return err
		}
	}
	return nil
}

func (s *Settings) saveSetting(tx *transaction, lease Lease, row Setting) error {
	if err := covered(lease, row.Address); err != nil {
		return err
	}
	for _, value := range []json.RawMessage{row.Applied, row.Observed} {
		if err := checkObject(row.Address, value); err != nil {
			return err
		}
	}
	fingerprints, err := json.Marshal(row.Fingerprints)
	if err != nil {
		return err
	}
	if row.Run == "" {
		row.Run = lease.Run
	}
	if row.At.IsZero() {
		row.At = s.now()
	}
	_, err = tx.Exec(`INSERT INTO settings (`+settingColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (device, kind, item) DO UPDATE SET applied = excluded.applied, observed = excluded.observed,
		fingerprints = excluded.fingerprints, created = excluded.created, pending_reboot = excluded.pending_reboot,
		run = excluded.run, at = excluded.at`,
		row.Address.Device.String(), row.Address.Kind, row.Address.Key, string(row.Applied), string(row.Observed),
		string(fingerprints), row.Created, row.PendingReboot, row.Run, stamp(row.At))
	return err
}

func forgetSetting(tx *transaction, a schema.Setting) error {
	_, err := tx.Exec(`DELETE FROM settings WHERE device = $1 AND kind = $2 AND item = $3`, a.Device.String(), a.Kind, a.Key)
	return err
}

// covered refuses a setting of another device than that of the lease.
func covered(lease Lease, address schema.Setting) error {
	if address.Device != lease.Device {
		return fmt.Errorf("%s is written with the lease of %s: this is a bug", address, lease.Device)
	}
	return nil
}

// checkObject refuses what is neither nil nor a JSON object.
func checkObject(address schema.Setting, value json.RawMessage) error {
	if value != nil && (!json.Valid(value) || !bytes.HasPrefix(bytes.TrimSpace(value), []byte("{"))) {
		return fmt.Errorf("a value of %s is not a JSON object: this is a bug", address)
	}
	return nil
}

func scanSetting(rows *sql.Rows) (Setting, error) {
	var (
		row                                     Setting
		device, applied, observed, fingerprints string
		at                                      int64
	)
	err := rows.Scan(&device, &row.Address.Kind, &row.Address.Key, &applied, &observed, &fingerprints,
		&row.Created, &row.PendingReboot, &row.Run, &at)
	if err != nil {
		return Setting{}, err
	}
	if row.Address.Device, err = schema.ParseDevice(device); err != nil {
		return Setting{}, fmt.Errorf("%w: table settings: %w", ErrDamaged, err)
	}
	if err := json.Unmarshal([]byte(fingerprints), &row.Fingerprints); err != nil {
		return Setting{}, fmt.Errorf("%w: fingerprints of %s: %w", ErrDamaged, row.Address, err)
	}
	row.Applied, row.Observed, row.At = object(applied), object(observed), moment(at)
	return row, nil
}

// object is the value of a column that checkObject let through.
func object(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}
