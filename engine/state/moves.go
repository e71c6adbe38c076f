package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"camform/engine/auditlog"
	"camform/engine/credential"
	"camform/schema"
)

// column is a column that has the address of a device in every row of its table. The records of a device move with it when
// it gets another name, and where forgets is not empty, rows for which that holds are removed when it is forgotten.
type column struct {
	table   string
	forgets string
	shared  bool // whether rows of two devices may meet under one name: they are history
}

// aboutDevices are the tables with such a column, device. Rows that name a device elsewhere are moved by elsewhere; leases and
// fingerprint_names are kept for names, not for devices.
var aboutDevices = []column{
	{table: "devices", forgets: "TRUE"},
	{table: "settings", forgets: "TRUE"},
	{table: "snapshots", forgets: "TRUE"}, // they are of the device that was there
	{table: "uses", forgets: "TRUE"},
	{table: "owed", forgets: "TRUE"},
	{table: "cases", forgets: "FALSE", shared: true}, // the record of a recovery stays
	{table: "intents", forgets: "outcome IN ('', 'unknown')", shared: true},
}

// Renames give other names to devices, with all records of them.
type Renames struct {
	*database
	leases *Leases
}

// PendingMoves are the devices that the state shows under other names than it has them, ordered by those that it has. Move gives them
// these names.
func (s *Renames) PendingMoves(ctx context.Context) (schema.Moves, error) {
	shown := s.names().shown
	if len(shown) == 0 {
		return nil, nil
	}
	known, err := knownDevices(ctx, s.reads)
	if err != nil {
		return nil, s.classify(err)
	}
	var pending schema.Moves
	for from, to := range shown {
		if known[from] {
			pending = append(pending, schema.Move{From: from, To: to})
		}
	}
	slices.SortFunc(pending, func(a, b schema.Move) int { return a.From.Compare(b.From) })
	return pending, nil
}

// KnownDevices are the devices that have records which would move with them, under the names that the state has: also
// where only passwords are left of one that was forgotten.
func (s *Renames) KnownDevices(ctx context.Context) (map[schema.Device]bool, error) {
	known, err := knownDevices(ctx, s.reads)
	return known, s.classify(err)
}

// ErrTaken says that a device cannot get a name, since there are records under it.
var ErrTaken = errors.New("the name is taken")

// MoveDevices gives devices other names: each move is about one device. All records of them move with them, in one transaction:
// pins, settings and who made them, passwords, history, who uses them and what they use. A device without records
// is passed over; the others come back. The run appears in the audit log; it is empty for a person.
//
// Reseal seals a secret for another name; the error is that of MoveDevices then. Nothing is moved either while somebody holds one of the
// devices (HeldErrors), or where there are records under a new name (ErrTaken).
func (s *Renames) MoveDevices(ctx context.Context, run string, moves schema.Moves, reseal func(v SecretVersion, name string) ([]byte, error)) (schema.Moves, error) {
	to := newNamesOf(moves)
	sealed, err := s.resealed(ctx, to, reseal)
	if err != nil {
		return nil, err
	}
	var moved schema.Moves
	var marks map[schema.Device]string
	err = s.writeAsRead(ctx, func(tx *transaction) error {
		if err := s.movable(tx, moves); err != nil {
			return err
		}
		if marks, err = readMarks(context.Background(), tx); err != nil {
			return err
		}
		known, err := knownDevices(context.Background(), tx)
		if err != nil {
			return err
		}
		for _, m := range moves {
			switch {
			case !known[m.From]:
				continue
			case known[m.To]:
				return fmt.Errorf("%w: %s cannot move to %s, since the state already has a record under that name", ErrTaken, m.From, m.To)
			}
			if err := s.move(tx, m, marks); err != nil {
				return fmt.Errorf("move %s to %s: %w", m.From, m.To, err)
			}
			known[m.From], known[m.To] = false, true
			moved = append(moved, m)
			record := auditlog.Record{Run: run, Action: auditlog.DeviceMoved, Device: m.To.String(), Detail: "it was " + m.From.String()}
			if err := s.appendAudit(tx, record); err != nil {
				return err
			}
		}
		if err := moveSecrets(tx, to, sealed); err != nil {
			return err
		}
		return elsewhere(tx, to)
	})
	if err != nil {
		return nil, err
	}
	s.named.Store(s.names().after(moves, marks))
	return moved, nil
}

// movable fails with HeldErrors if somebody holds one of the devices.
func (s *Renames) movable(tx *transaction, moves schema.Moves) error {
	var all HeldErrors
	for _, m := range moves {
		for _, device := range []schema.Device{m.From, m.To} {
			err := s.leases.free(tx, device)
			if held, ok := errors.AsType[*HeldError](err); ok {
				all = append(all, held)
			} else if err != nil {
				return err
			}
		}
	}
	if len(all) > 0 {
		return all
	}
	return nil
}

// sealedAs are secrets as they are sealed for their new names, by the text that they had before.
type sealedAs map[string][]byte

// resealed seals the secrets of devices for their new names, before the transaction: to open them may take a person.
func (s *Renames) resealed(ctx context.Context, to newDevices, reseal func(SecretVersion, string) ([]byte, error)) (sealedAs, error) {
	all, err := read(ctx, s.database, scanSecret, allSecrets)
	if err != nil {
		return nil, err
	}
	fresh := sealedAs{}
	for _, v := range all {
		name := to.secret(v.Name)
		if name == v.Name {
			continue
		}
		if fresh[string(v.Sealed)], err = reseal(v, name); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// newDevices are the new names of devices by the old ones.
type newDevices map[schema.Device]schema.Device

func newNamesOf(moves schema.Moves) newDevices {
	to := newDevices{}
	for _, m := range moves {
		to[m.From] = m.To
	}
	return to
}

// secret is the name that a secret gets with its device.
func (to newDevices) secret(name string) string { return inSecret(name, to) }

func (s *Renames) move(tx *transaction, m schema.Move, marks map[schema.Device]string) error {
	for _, c := range aboutDevices {
		if _, err := tx.Exec(`UPDATE `+c.table+` SET device = $1 WHERE device = $2`, m.To.String(), m.From.String()); err != nil {
			return err
		}
	}
	if err := s.leases.move(tx, m); err != nil {
		return err
	}
	return moveMark(tx, m, marks)
}

// moveSecrets gives secrets their new names, sealed for these.
func moveSecrets(tx *transaction, to newDevices, sealed sealedAs) error {
	secrets, err := collect(context.Background(), tx, scanSecret, allSecrets)
	if err != nil {
		return err
	}
	for _, v := range secrets {
		name := to.secret(v.Name)
		if name == v.Name {
			continue
		}
		again, ok := sealed[string(v.Sealed)]
		if !ok {
			return fmt.Errorf("somebody else has changed %s in the meantime; try again", v.Name)
		}
		if _, err := tx.Exec(`UPDATE secrets SET name = $1, sealed = $2, fingerprint = '' WHERE name = $3 AND version = $4`,
			name, again, v.Name, v.Version); err != nil {
			return err
		}
	}
	return nil
}

// move lets the tokens of a device go on under its new name. No lease of its old name is worth anything from then on.
func (s *Leases) move(tx *transaction, m schema.Move) error {
	from, err := s.leaseOf(tx, m.From)
	if err != nil {
		return err
	}
	to, err := s.leaseOf(tx, m.To)
	if err != nil {
		return err
	}
	for _, device := range []schema.Device{m.From, m.To} {
		_, err := tx.Exec(`INSERT INTO leases (`+leaseColumns+`) VALUES ($1, $2, $3, '', '', 0, '', '', 0, 0, 0)
			ON CONFLICT (device) DO UPDATE SET token = excluded.token, held = excluded.held`, device.String(), max(from.token, to.token)+1, false)
		if err != nil {
			return err
		}
	}
	return nil
}

// moveMark keeps the name under which fingerprints of a device are made, and makes up another one for the next device with the name
// that this one had: equal secrets of two devices must not show.
func moveMark(tx *transaction, m schema.Move, marks map[schema.Device]string) error {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails
	marks[m.To] = markIn(marks, m.From)
	marks[m.From] = hex.EncodeToString(random)
	for _, device := range []schema.Device{m.From, m.To} {
		_, err := tx.Exec(`INSERT INTO fingerprint_names (device, name) VALUES ($1, $2) ON CONFLICT (device) DO UPDATE SET name = excluded.name`,
			device.String(), marks[device])
		if err != nil {
			return err
		}
	}
	return nil
}

// markIn is the name under which fingerprints of a device are made.
func markIn(marks map[schema.Device]string, device schema.Device) string {
	if mark, ok := marks[device]; ok {
		return mark
	}
	return device.String()
}

// elsewhere gives devices their new names where rows about others name them: the accounts whose passwords these are owed, where
// secrets come from, and which secrets a request carried.
func elsewhere(tx *transaction, to newDevices) error {
	owed, err := collect(context.Background(), tx, scanOwed, `SELECT `+owedColumns+` FROM owed`)
	if err != nil {
		return err
	}
	for _, o := range owed {
		account, origin := o.Account, movedOrigin(o.Origin, to.secret)
		if device, ok := to[account.Device]; ok {
			account.Device = device
		}
		if account == o.Account && origin == o.Origin {
			continue
		}
		if _, err := tx.Exec(`UPDATE owed SET account = $1, origin = $2 WHERE device = $3 AND kind = $4 AND item = $5`,
			account.String(), origin, o.Item.Device.String(), o.Item.Kind, o.Item.Key); err != nil {
			return err
		}
	}
	return intentsElsewhere(tx, to.secret)
}

// intentsElsewhere gives secrets their new names in all intents that name one.
func intentsElsewhere(tx *transaction, name func(string) string) error {
	type texts struct {
		id                int64
		steps, candidates string
	}
	scan := func(rows *sql.Rows) (t texts, err error) { return t, rows.Scan(&t.id, &t.steps, &t.candidates) }
	all, err := collect(context.Background(), tx, scan, `SELECT id, steps, candidates FROM intents WHERE steps LIKE $1 OR candidates LIKE $2`,
		`%"`+credential.Origin("")+`%`, `%"name"%`)
	if err != nil {
		return err
	}
	for _, t := range all {
		var steps []storedStep
		var candidates []Candidate
		if err := errors.Join(json.Unmarshal([]byte(t.steps), &steps), json.Unmarshal([]byte(t.candidates), &candidates)); err != nil {
			return fmt.Errorf("%w: intent %d: %w", ErrDamaged, t.id, err)
		}
		for _, step := range steps {
			for _, attribute := range slices.Collect(maps.Keys(step.Origins)) {
				step.Origins[attribute] = movedOrigin(step.Origins[attribute], name)
			}
		}
		for i := range candidates {
			candidates[i].Name = name(candidates[i].Name)
		}
		changedSteps, err := json.Marshal(steps)
		if err != nil {
			return err
		}
		changedCandidates, err := json.Marshal(candidates)
		if err != nil {
			return err
		}
		if string(changedSteps) == t.steps && string(changedCandidates) == t.candidates {
			continue
		}
		if _, err := tx.Exec(`UPDATE intents SET steps = $1, candidates = $2 WHERE id = $3`, string(changedSteps), string(changedCandidates), t.id); err != nil {
			return err
		}
	}
	return nil
}

// movedOrigin is an origin with the name that a secret of the vault has by now.
func movedOrigin(origin string, name func(string) string) string {
	if scheme, old := schema.OriginScheme(origin); scheme == schema.OriginVault {
		return credential.Origin(name(old))
	}
	return origin
}

// knownDevices are the devices that have records which must not meet those of another one: a request that is over
// does not count.
func knownDevices(ctx context.Context, from querier) (map[schema.Device]bool, error) {
	known := map[schema.Device]bool{}
	for _, c := range aboutDevices {
		if c.shared {
			continue
		}
		found, err := collect(ctx, from, scanText, `SELECT DISTINCT device FROM `+c.table)
		if err != nil {
			return nil, err
		}
		for _, text := range found {
			device, err := schema.ParseDevice(text)
			if err != nil {
				return nil, fmt.Errorf("%w: table %s: %w", ErrDamaged, c.table, err)
			}
			known[device] = true
		}
	}
	secrets, err := collect(ctx, from, scanText, `SELECT DISTINCT name FROM secrets`)
	if err != nil {
		return nil, err
	}
	for _, name := range secrets {
		if device, _, ok := credential.AccountOf(name); ok {
			known[device] = true
		}
	}
	return known, nil
}

// readMarks reads under which names fingerprints are made, where these are not those of the devices.
func readMarks(ctx context.Context, from querier) (map[schema.Device]string, error) {
	type row struct{ device, name string }
	scan := func(rows *sql.Rows) (r row, err error) { return r, rows.Scan(&r.device, &r.name) }
	found, err := collect(ctx, from, scan, `SELECT device, name FROM fingerprint_names`)
	if err != nil {
		return nil, err
	}
	marks := make(map[schema.Device]string, len(found))
	for _, r := range found {
		device, err := schema.ParseDevice(r.device)
		if err != nil {
			return nil, fmt.Errorf("%w: table fingerprint_names: %w", ErrDamaged, err)
		}
		marks[device] = r.name
	}
	return marks, nil
}
