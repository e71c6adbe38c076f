package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"camform/engine/auditlog"
	"camform/schema"
)

// Case is the recovery of a device, in the form of package recover; without secrets.
type Case struct {
	ID         string
	Device     schema.Device
	Custody    string // CaseOpen, or why it is not open here
	Generation int    // from 1; one more after each handover
	About      json.RawMessage
	Events     []json.RawMessage
}

// The custodies that the state knows; there are others, of cases that are not open here.
const (
	CaseOpen   = "open"
	CaseClosed = "closed"
	CasePurged = "purged" // closed, and only its generation is on record
)

// CaseFile is what was attached to a case, sealed.
type CaseFile struct {
	SHA256 string // of what it was before it was sealed
	Sealed []byte
}

// CaseChange is what is added to a case. It is written together with its record in the audit log, or not at all.
type CaseChange struct {
	Events  []json.RawMessage
	Files   []CaseFile      // one that the case has already is kept as it is
	Custody string          // that it has from then on; empty to leave it open
	Raise   bool            // give it the next generation, under which another state accepts it: this one no longer does
	Record  auditlog.Record // the device is filled in
}

// The errors of cases.
var (
	ErrCaseAbsent  = errors.New("there is no such case")
	ErrCaseAway    = errors.New("the case is not open here")
	ErrCaseChanged = errors.New("somebody else has changed the case in the meantime; run camform recover next")
	ErrCaseKnown   = errors.New("this generation of the case has already been accepted or opened here")
	ErrCaseExists  = errors.New("the device has an open case")
	ErrCaseOther   = errors.New("it does not continue the case that this state has under its number")
)

// Cases are the recoveries of devices.
type Cases struct{ *database }

const caseColumns = `id, device, custody, generation, about`

// AddCase records a case that was opened here, or accepted from another state. What an earlier generation left here is replaced, so
// that must have been handed over, and the case must begin with its events: knowing a number is not enough to replace its history.
// The error belongs to ErrCaseKnown if the state knows the generation or a later one, to ErrCaseOther if it knows another case by the
// number, and to ErrCaseExists if the device has another case that is open.
func (s *Cases) AddCase(ctx context.Context, c Case, files []CaseFile, record auditlog.Record) error {
	return s.write(ctx, func(tx *transaction) error {
		known, err := collect(context.Background(), tx, scanCase, `SELECT `+caseColumns+` FROM cases WHERE id = $1 OR custody = $2`, c.ID, CaseOpen)
		if err != nil {
			return err
		}
		device := s.names().old(c.Device)
		for _, k := range known {
			switch {
			case k.ID == c.ID && k.Generation >= c.Generation:
				return ErrCaseKnown
			case k.ID != c.ID && k.Device == device:
				return fmt.Errorf("%w: %s", ErrCaseExists, k.ID)
			case k.ID == c.ID:
				if err := continues(tx, c, device, k); err != nil {
					return err
				}
			}
		}
		for _, table := range []string{"case_events", "case_files"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE case_id = $1`, c.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`INSERT INTO cases (`+caseColumns+`) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET device = excluded.device, custody = excluded.custody, generation = excluded.generation, about = excluded.about`,
			c.ID, device.String(), CaseOpen, c.Generation, string(c.About)); err != nil {
			return err
		}
		return s.extend(tx, c, CaseChange{Events: c.Events, Files: files, Record: record}, 0)
	})
}

// continues returns an error unless a case of a device continues one that was handed over, or purged.
func continues(tx *transaction, c Case, device schema.Device, before Case) error {
	switch {
	case before.Custody == CaseOpen || before.Custody == CaseClosed:
		return fmt.Errorf("%w: that one is %s here", ErrCaseOther, before.Custody)
	case before.Device != device:
		return fmt.Errorf("%w: that one is about %s", ErrCaseOther, before.Device)
	}
	have, err := collect(context.Background(), tx, scanText, `SELECT event FROM case_events WHERE case_id = $1 ORDER BY seq`, before.ID)
	if err != nil {
		return err
	}
	for i, event := range have {
		if i >= len(c.Events) || event != string(c.Events[i]) {
			return fmt.Errorf("%w: it does not begin with the %d events of that case", ErrCaseOther, len(have))
		}
	}
	return nil
}

// ChangeCase adds to a case that is open here, as it was read: the error belongs to ErrCaseAway if it is no longer open, and to
// ErrCaseChanged if somebody else added to it since. What may have been spent is recorded even if ctx is cancelled.
func (s *Cases) ChangeCase(ctx context.Context, c Case, change CaseChange) error {
	return s.changeCase(ctx, c, change, CaseOpen)
}

// NoteCase is ChangeCase for a case that is closed here, to which something may be noted later.
func (s *Cases) NoteCase(ctx context.Context, c Case, change CaseChange) error {
	return s.changeCase(ctx, c, change, CaseClosed)
}

func (s *Cases) changeCase(ctx context.Context, c Case, change CaseChange, in string) error {
	return s.write(context.WithoutCancel(ctx), func(tx *transaction) error {
		if err := caseIs(tx, c, in); err != nil {
			return err
		}
		if change.Custody != "" {
			generation := c.Generation
			if change.Raise {
				generation++
			}
			if _, err := tx.Exec(`UPDATE cases SET custody = $1, generation = $2 WHERE id = $3`, change.Custody, generation, c.ID); err != nil {
				return err
			}
		}
		return s.extend(tx, c, change, len(c.Events))
	})
}

// caseIs returns an error unless a case has a custody and is as it was read.
func caseIs(tx *transaction, c Case, custody string) error {
	var have string
	var generation, events int
	err := tx.Get([]any{&have, &generation, &events},
		`SELECT custody, generation, (SELECT COUNT(*) FROM case_events WHERE case_id = id) FROM cases WHERE id = $1`, c.ID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrCaseAbsent
	case err != nil:
		return err
	case have != custody:
		return fmt.Errorf("%w: it is %s", ErrCaseAway, have)
	case generation != c.Generation || events != len(c.Events):
		return ErrCaseChanged
	}
	return nil
}

// PurgeCase forgets the events and the files of a case that is no longer open, as it was read, and what is kept about it; About of
// the case is kept instead. That there was a case stays, so that no earlier generation of it is accepted. The errors are those of
// ChangeCase.
func (s *Cases) PurgeCase(ctx context.Context, c Case, record auditlog.Record) error {
	return s.write(ctx, func(tx *transaction) error {
		if c.Custody == CaseOpen || c.Custody == CasePurged {
			return fmt.Errorf("%w: it is %s", ErrCaseAway, c.Custody)
		}
		if err := caseIs(tx, c, c.Custody); err != nil {
			return err
		}
		for _, table := range []string{"case_events", "case_files"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE case_id = $1`, c.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`UPDATE cases SET custody = $1, about = $2 WHERE id = $3`, CasePurged, string(c.About), c.ID); err != nil {
			return err
		}
		return s.extend(tx, c, CaseChange{Record: record}, 0)
	})
}

// extend appends events to a case that has some already.
func (s *Cases) extend(tx *transaction, c Case, change CaseChange, have int) error {
	for i, event := range change.Events {
		if _, err := tx.Exec(`INSERT INTO case_events (case_id, seq, event) VALUES ($1, $2, $3)`, c.ID, have+i+1, string(event)); err != nil {
			return err
		}
	}
	for _, f := range change.Files {
		if _, err := tx.Exec(`INSERT INTO case_files (case_id, sha256, sealed) VALUES ($1, $2, $3) ON CONFLICT (case_id, sha256) DO NOTHING`,
			c.ID, f.SHA256, f.Sealed); err != nil {
			return err
		}
	}
	change.Record.Device = c.Device.String()
	return s.appendAudit(tx, change.Record)
}

// AllCases returns the cases that are open, were handed over, or are closed, ordered by their ids.
func (s *Cases) AllCases(ctx context.Context) ([]Case, error) {
	all, err := read(ctx, s.database, scanCase, `SELECT `+caseColumns+` FROM cases ORDER BY id`)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Device = s.names().device(all[i].Device)
		found, err := read(ctx, s.database, scanText, `SELECT event FROM case_events WHERE case_id = $1 ORDER BY seq`, all[i].ID)
		if err != nil {
			return nil, err
		}
		for _, event := range found {
			all[i].Events = append(all[i].Events, json.RawMessage(event))
		}
	}
	return all, nil
}

// CaseFiles returns what was attached to a case, ordered by hash.
func (s *Cases) CaseFiles(ctx context.Context, id string) ([]CaseFile, error) {
	return read(ctx, s.database, func(rows *sql.Rows) (f CaseFile, err error) { return f, rows.Scan(&f.SHA256, &f.Sealed) },
		`SELECT sha256, sealed FROM case_files WHERE case_id = $1 ORDER BY sha256`, id)
}

func scanCase(rows *sql.Rows) (Case, error) {
	var (
		c             Case
		device, about string
	)
	if err := rows.Scan(&c.ID, &device, &c.Custody, &c.Generation, &about); err != nil {
		return Case{}, err
	}
	var err error
	if c.Device, err = schema.ParseDevice(device); err != nil {
		return Case{}, fmt.Errorf("%w: table cases: %w", ErrDamaged, err)
	}
	c.About = json.RawMessage(about)
	return c, nil
}
