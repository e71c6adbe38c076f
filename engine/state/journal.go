package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"camform/engine/auditlog"
	"camform/schema"
)

// IntentID identifies an intent.
type IntentID int64

// Intent is a request that is about to change a device, or did.
//
//	          Begin                 Finish
//	(nothing) ─────▶ open ─────────────────────▶ done, not-applied
//	                  │  ▲                          ▲
//	                  └──┴── unknown ───────────────┘
//
// An intent that is open or unknown is resolved by reading the device, never by sending the request again.
type Intent struct {
	ID       IntentID
	Run      string
	Device   schema.Device
	Steps    []IntentStep // all for Device
	Document string       // path of the document that is changed
	Method   string
	Digest   string // of the request, for people who compare logs; never of a secret alone
	Begun    time.Time
	Outcome  Outcome   // empty while open
	Finished time.Time // zero while open

	// Candidates are the new passwords that the request carries. Begin makes them durable together with the intent; the
	// versions are filled in then.
	Candidates []Candidate
}

// Candidate is a new version of a secret.
type Candidate struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Sealed  []byte `json:"-"`
	Note    string `json:"-"`
}

// IntentStep is the change of one setting within a request.
type IntentStep struct {
	Setting      schema.Setting
	Action       string            // as in the plan: "create", "update", "delete"; or PutBack
	Before       json.RawMessage   // object attribute → value as read before; nil if the item did not exist. Never a secret.
	After        json.RawMessage   // object attribute → value that is wanted; nil if the item is removed
	Fingerprints map[string]string // attribute → fingerprint of the secret that is set
	Origins      map[string]string // attribute → where that secret comes from, so that a login can prove it later
	Tells        bool              // whether nobody declares the setting, so that the state keeps no record of it
}

// PutBack is the action of a step that no plan has: it gives a device the old values of a setting again, since the device accepted a
// request and stored something else. The state keeps no record of such a setting.
const PutBack = "put-back"

// PutsBack reports whether an intent is about putting old values back.
func (i Intent) PutsBack() bool {
	return slices.ContainsFunc(i.Steps, func(s IntentStep) bool { return s.Action == PutBack })
}

// Outcome is how an intent ended.
type Outcome string

// The outcomes.
const (
	Done       Outcome = "done"        // read back as wanted
	NotApplied Outcome = "not-applied" // read back as before, or never sent
	Unknown    Outcome = "unknown"     // could not be read back yet; the intent stays open
)

// Journal is what was about to be sent to devices, and its outcome.
type Journal struct {
	*database
	leases   *Leases
	settings *Settings
	secrets  *Secrets
}

const intentColumns = `id, run, device, document, method, digest, steps, begun, outcome, finished, candidates`

// Begin records that a request is about to be sent. The request may leave when it returned without an error, and not
// before. Run, Device and Begun of the intent come from the lease and the clock.
func (s *Journal) Begin(ctx context.Context, lease Lease, intent Intent) (IntentID, error) {
	steps, err := encodeSteps(lease, intent.Steps)
	if err != nil {
		return 0, err
	}
	var id IntentID
	err = s.write(ctx, func(tx *transaction) error {
		if err := s.leases.fence(tx, lease); err != nil {
			return err
		}
		candidates, err := s.propose(tx, lease, intent.Candidates)
		if err != nil {
			return err
		}
		err = tx.Get([]any{&id}, `INSERT INTO intents (run, device, document, method, digest, steps, begun, outcome, finished, candidates)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, $8) RETURNING id`,
			lease.Run, lease.Device.String(), intent.Document, intent.Method, intent.Digest, steps, stamp(s.now()), candidates)
		if err != nil {
			return err
		}
		return s.auditIntent(tx, lease, id, intent)
	})
	return id, err
}

// propose keeps candidates and returns them as they are stored, with their versions.
func (s *Journal) propose(tx *transaction, lease Lease, candidates []Candidate) (string, error) {
	var stored []Candidate
	for _, c := range candidates {
		version, err := s.secrets.addSecret(tx, SecretVersion{Name: c.Name, Status: SecretPending, Sealed: c.Sealed, Sent: s.now(), Run: lease.Run, Note: c.Note})
		if err != nil {
			return "", err
		}
		if err := s.secrets.auditSecret(tx, lease, auditlog.SecretProposed, c.Name, version); err != nil {
			return "", err
		}
		stored = append(stored, Candidate{Name: c.Name, Version: version})
	}
	text, err := json.Marshal(stored)
	return string(text), err
}

// Finish records the outcome of an intent together with what is to be recorded and forgotten, in one transaction. The
// lease may be that of a later run, which resolves what an earlier one left open. ErrFinished means that the intent has
// an outcome already, or is not one of the device. Verdicts say which versions of secrets were found to be in use.
func (s *Journal) Finish(ctx context.Context, lease Lease, id IntentID, outcome Outcome, rows []Setting, forget []schema.Setting, verdicts ...Verdict) error {
	return s.write(context.WithoutCancel(ctx), func(tx *transaction) error {
		if err := s.leases.fence(tx, lease); err != nil {
			return err
		}
		settled, err := collect(context.Background(), tx, scanIntent, `UPDATE intents SET outcome = $1, finished = $2
			WHERE id = $3 AND device = $4 AND outcome IN ('', 'unknown') RETURNING `+intentColumns,
			string(outcome), stamp(s.now()), int64(id), lease.Device.String())
		if err != nil {
			return err
		}
		if len(settled) == 0 {
			return fmt.Errorf("%w: %d of %s: this is a bug", ErrFinished, id, lease.Device)
		}
		if err := s.auditOutcome(tx, lease, settled[0]); err != nil {
			return err
		}
		for _, v := range verdicts {
			if err := s.secrets.settleSecret(tx, lease, v); err != nil {
				return err
			}
		}
		return s.settings.record(tx, lease, rows, forget)
	})
}

// OpenIntents returns the intents of a device that are open or unknown, oldest first.
func (s *Journal) OpenIntents(ctx context.Context, device schema.Device) ([]Intent, error) {
	return read(ctx, s.database, scanIntent, `SELECT `+intentColumns+` FROM intents
		WHERE device = $1 AND outcome IN ('', 'unknown') ORDER BY id`, device.String())
}

// AllOpenIntents returns the intents of all devices that are open or unknown, oldest first.
func (s *Journal) AllOpenIntents(ctx context.Context) ([]Intent, error) {
	return read(ctx, s.database, scanIntent, `SELECT `+intentColumns+` FROM intents WHERE outcome IN ('', 'unknown') ORDER BY id`)
}

// RunIntents returns all intents of a run, oldest first.
func (s *Journal) RunIntents(ctx context.Context, run string) ([]Intent, error) {
	return read(ctx, s.database, scanIntent, `SELECT `+intentColumns+` FROM intents WHERE run = $1 ORDER BY id`, run)
}

// GivenBack is a setting for which a device accepted a value and stored another one, and which has its old values again.
type GivenBack struct {
	Setting schema.Setting
	Run     string          // that wrote it
	Wanted  json.RawMessage // as IntentStep.After of the request that the device accepted
	Stored  json.RawMessage // as IntentStep.Before of the request that put the old values back
	Back    json.RawMessage // as IntentStep.After of it
	At      time.Time
}

// AllGivenBack returns the settings whose last request put old values back, by address.
func (s *Journal) AllGivenBack(ctx context.Context) (map[schema.Setting]GivenBack, error) {
	intents, err := read(ctx, s.database, scanIntent, `SELECT `+intentColumns+` FROM intents
		WHERE device IN (SELECT device FROM intents WHERE instr(steps, '"action":"`+PutBack+`"') > 0) ORDER BY id`) // as their index has it
	if err != nil {
		return nil, err
	}
	found, wanted := map[schema.Setting]GivenBack{}, map[schema.Setting]json.RawMessage{}
	for _, in := range intents {
		for _, step := range in.Steps {
			delete(found, step.Setting)
			if step.Action == PutBack && in.Outcome == Done {
				found[step.Setting] = GivenBack{Setting: step.Setting, Run: in.Run, Wanted: wanted[step.Setting], Stored: step.Before, Back: step.After, At: in.Begun}
			}
			wanted[step.Setting] = step.After
		}
	}
	return found, nil
}

// storedStep is the form of a step in the database. The device is in the row.
type storedStep struct {
	Kind         string            `json:"kind"`
	Key          string            `json:"key,omitempty"`
	Action       string            `json:"action"`
	Before       json.RawMessage   `json:"before,omitempty"`
	After        json.RawMessage   `json:"after,omitempty"`
	Fingerprints map[string]string `json:"fingerprints,omitempty"`
	Origins      map[string]string `json:"origins,omitempty"`
	Tells        bool              `json:"tells,omitempty"`
}

func encodeSteps(lease Lease, steps []IntentStep) (string, error) {
	stored := make([]storedStep, len(steps))
	for i, step := range steps {
		if err := covered(lease, step.Setting); err != nil {
			return "", err
		}
		for _, value := range []json.RawMessage{step.Before, step.After} {
			if err := checkObject(step.Setting, value); err != nil {
				return "", err
			}
		}
		stored[i] = storedStep{step.Setting.Kind, step.Setting.Key, step.Action, step.Before, step.After, step.Fingerprints, step.Origins, step.Tells}
	}
	text, err := json.Marshal(stored)
	return string(text), err
}

func decodeSteps(device schema.Device, text string) ([]IntentStep, error) {
	var stored []storedStep
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return nil, err
	}
	steps := make([]IntentStep, len(stored))
	for i, step := range stored {
		steps[i] = IntentStep{
			Setting: schema.Setting{Device: device, Kind: step.Kind, Key: step.Key},
			Action:  step.Action, Before: step.Before, After: step.After, Fingerprints: step.Fingerprints, Origins: step.Origins, Tells: step.Tells,
		}
	}
	return steps, nil
}

func scanIntent(rows *sql.Rows) (Intent, error) {
	var (
		intent          Intent
		device, steps   string
		candidates      string
		begun, finished int64
	)
	err := rows.Scan(&intent.ID, &intent.Run, &device, &intent.Document, &intent.Method, &intent.Digest, &steps, &begun,
		&intent.Outcome, &finished, &candidates)
	if err != nil {
		return Intent{}, err
	}
	if intent.Device, err = schema.ParseDevice(device); err != nil {
		return Intent{}, fmt.Errorf("%w: table intents: %w", ErrDamaged, err)
	}
	if intent.Steps, err = decodeSteps(intent.Device, steps); err != nil {
		return Intent{}, fmt.Errorf("%w: steps of intent %d: %w", ErrDamaged, intent.ID, err)
	}
	if err := json.Unmarshal([]byte(candidates), &intent.Candidates); err != nil {
		return Intent{}, fmt.Errorf("%w: candidates of intent %d: %w", ErrDamaged, intent.ID, err)
	}
	intent.Begun, intent.Finished = moment(begun), moment(finished)
	return intent, nil
}
