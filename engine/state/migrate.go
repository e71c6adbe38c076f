package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"camform/engine/atomicfile"
	"camform/engine/auditlog"
)

// Place is where a state is: in a file, or on a server.
type Place struct {
	File   string // path; empty for a server
	Server Server
}

// String distinguishes the place from others, for people on any machine.
func (p Place) String() string {
	if p.File == "" {
		return p.Server.location()
	}
	path, err := filepath.Abs(p.File)
	if err != nil {
		path = p.File
	}
	host, _ := os.Hostname() // where nobody knows it, the path has to do
	return path + " on " + host
}

func (p Place) open(ctx context.Context, options Options) (*Store, error) {
	if p.File == "" {
		return OpenServer(ctx, p.Server, options)
	}
	return Open(ctx, p.File, options)
}

func (p Place) key() ([]byte, error) {
	if p.File == "" {
		return p.Server.key()
	}
	return readKey(p.File)
}

// The rows of the table meta that say that a state does not count.
const (
	migratedRow = "migrated" // what was in it went elsewhere
	arrivingRow = "arriving" // it is the copy of one that still counts
)

// mark is what such a row says.
type mark struct {
	Migration string `json:"migration"` // tells migrations apart
	Place     string `json:"place"`     // where the other state is
	At        int64  `json:"at"`
}

// marks are those that a state has, by their rows.
func marks(ctx context.Context, q querier) (map[string]mark, error) {
	type row struct{ name, value string }
	scan := func(rows *sql.Rows) (r row, err error) { return r, rows.Scan(&r.name, &r.value) }
	found, err := collect(ctx, q, scan, `SELECT name, value FROM meta WHERE name IN ('`+migratedRow+`', '`+arrivingRow+`')`)
	if err != nil {
		return nil, err
	}
	all := map[string]mark{}
	for _, r := range found {
		var m mark
		if err := json.Unmarshal([]byte(r.value), &m); err != nil {
			return nil, fmt.Errorf("%w: table meta, %s: %w", ErrDamaged, r.name, err)
		}
		all[r.name] = m
	}
	return all, nil
}

func setMark(tx *transaction, row string, m mark) error {
	text, err := json.Marshal(m)
	if err == nil {
		_, err = tx.Exec(`INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, row, string(text))
	}
	return err
}

func removeMark(tx *transaction, row string) error {
	_, err := tx.Exec(`DELETE FROM meta WHERE name = $1`, row)
	return err
}

// valid fails with ErrMigrated for a state that does not count: two memories of the same devices would not know of each other what
// was tried, sent and changed.
func (s *database) valid(ctx context.Context, q querier) error {
	if s.despite {
		return nil
	}
	all, err := marks(ctx, q)
	if err != nil {
		return err
	}
	return refused(all)
}

// refused is the error of a state with marks; nil without one.
func refused(all map[string]mark) error {
	if m, ok := all[migratedRow]; ok {
		return fmt.Errorf("%w: since %s the state is in %s and no longer here. Name that place in the configuration. Only if it is lost for "+
			"good, use this one again with: camform state migrate -reclaim", ErrMigrated, rfc3339(moment(m.At)), m.Place)
	}
	if m, ok := all[arrivingRow]; ok {
		return fmt.Errorf("%w: its migration from %s did not finish. Run the same camform state migrate again", ErrMigrated, m.Place)
	}
	return nil
}

// Progress is how far a migration is.
type Progress struct {
	Reached Stage
	Table   string // that is being copied
	Rows    int64  // of it, so far
}

// Stage is what a migration has reached.
type Stage int

// The stages of a migration, in their order. Until Left the state counts where it was, from then on where it goes.
const (
	Copying Stage = iota + 1
	Copied        // all of it is durable there
	Left          // the old one is marked, durably
)

// Migrated is what a migration did.
type Migrated struct {
	Rows  map[string]int64 // by table
	Open  int              // requests whose outcome is unknown
	Ended bool             // whether an earlier run had copied everything, and this one only ended it
}

// Migrate brings a state to another place, which has none yet: every row of every table, with the audit log, the ciphertext of the
// vault, and the key. It may be killed at any time, and is run again then. All that counts is always in one of the two places, and
// the other one is refused: first the copy, which says so itself, and after it is durable the original. No process that had
// opened the original writes into it from then on.
//
// The error is HeldErrors while a run holds a device, ErrKey where the places have different keys, ErrNotEmpty where there is a
// state already, and ErrMigrated where there is no longer one to copy. Tell, which may be nil, learns how far it is.
func Migrate(ctx context.Context, from, to Place, options Options, tell func(Progress)) (Migrated, error) {
	if tell == nil {
		tell = func(Progress) {}
	}
	options.despite = true
	m := &migration{ctx: ctx, from: from, to: to, tell: tell}
	if err := m.open(options); err != nil {
		return Migrated{}, errors.Join(err, m.close())
	}
	done, err := m.run()
	return done, errors.Join(err, m.close())
}

// migration is a migration under way. Its stores are used for nothing else.
type migration struct {
	ctx         context.Context
	from, to    Place
	tell        func(Progress)
	source, aim *Store
}

// open opens both places. Nothing is made where it shows already that nothing can be migrated.
func (m *migration) open(options Options) (err error) {
	if m.from.File != "" && !exists(m.from.File) {
		return fmt.Errorf("%w: there is no state at %s", fs.ErrNotExist, m.from.File)
	}
	key, err := m.from.key()
	if err != nil {
		return err
	}
	if m.source, err = m.from.open(m.ctx, options); err != nil {
		return err
	}
	switch held, err := m.source.Backups.leases.holders(m.ctx, m.source.reads); {
	case err != nil:
		return m.source.classify(err)
	case len(held) > 0:
		return held
	}
	if m.to.File != "" && !exists(m.to.File) {
		if err := provideFolder(filepath.Dir(m.to.File)); err != nil {
			return err
		}
		if err := atomicfile.Create(keyPath(m.to.File), []byte(hex.EncodeToString(key)+"\n"), 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("new key of the state database: %w", err)
		}
	}
	theirs, err := m.to.key()
	if err != nil {
		return err
	}
	if keyCheck(theirs) != keyCheck(key) {
		return fmt.Errorf("%w: %s does not have the key of %s, and the state keeps its key. Copy the key there", ErrKey, m.keyAt(m.to), m.keyAt(m.from))
	}
	m.aim, err = m.to.open(m.ctx, options)
	return err
}

func (m *migration) keyAt(p Place) string {
	if p.File == "" {
		return p.Server.KeyAt
	}
	return keyPath(p.File)
}

func (m *migration) close() (err error) {
	for _, s := range []*Store{m.source, m.aim} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}

func (m *migration) run() (done Migrated, err error) {
	id := mark{Migration: rand.Text(), Place: m.from.String()}
	err = m.source.write(m.ctx, func(tx *transaction) error {
		ended, err := m.begun(tx)
		if err != nil || ended {
			done.Ended = ended
			return err
		}
		if err := m.prepare(tx); err != nil {
			return err
		}
		if err := m.aim.write(m.ctx, func(to *transaction) error { return m.copy(tx, to, id, &done) }); err != nil {
			return err
		}
		m.tell(Progress{Reached: Copied})
		id.Place, id.At = m.to.String(), stamp(m.source.now())
		return setMark(tx, migratedRow, id)
	})
	if err != nil {
		return Migrated{}, err
	}
	m.tell(Progress{Reached: Left})
	return done, m.aim.write(context.WithoutCancel(m.ctx), func(tx *transaction) error {
		if err := m.aim.findTail(tx); err != nil {
			return err
		}
		m.aim.tail.grown = m.aim.tail.head != auditlog.Empty() // so that it is noted beside this state, too
		if done.Rows, done.Open, err = m.count(tx); err != nil {
			return err
		}
		return removeMark(tx, arrivingRow)
	})
}

// begun reports whether an earlier run brought everything to where it goes, so that all that is left to do is to say that it counts.
func (m *migration) begun(tx *transaction) (ended bool, err error) {
	ours, err := marks(m.ctx, tx)
	if err != nil {
		return false, err
	}
	theirs, err := marks(m.ctx, m.aim.reads)
	if err != nil {
		return false, m.aim.classify(err)
	}
	left, away := ours[migratedRow]
	arriving, there := theirs[arrivingRow]
	switch {
	case away && there && left.Migration == arriving.Migration:
		return true, nil
	case len(ours) > 0:
		return false, refused(ours)
	case there && arriving.Place != m.from.String():
		return false, fmt.Errorf("%w: a migration from %s to it did not finish; finish that one", ErrNotEmpty, arriving.Place)
	}
	return false, nil
}

// prepare prevents every further write to the source, and records the migration, in the transaction that migrates it.
func (m *migration) prepare(tx *transaction) error {
	b := m.source.Backups
	if err := b.leases.noneHeld(tx); err != nil {
		return err
	}
	if err := b.leases.releaseAll(tx); err != nil {
		return err
	}
	if err := b.noteRestore(tx); err != nil {
		return err
	}
	return b.appendAudit(tx, auditlog.Record{Action: auditlog.StateMigrated, Detail: "from " + m.from.String() + " to " + m.to.String()})
}

// ownMeta are the rows of the table meta that a state has for itself. Its head of the audit log is set when all is copied.
var ownMeta = `WHERE name NOT IN ('key_check', '` + auditHeadRow + `', '` + migratedRow + `', '` + arrivingRow + `')`

// copy copies every row, and marks the copy as one that does not count yet.
func (m *migration) copy(from, to *transaction, id mark, done *Migrated) error {
	theirs, err := marks(m.ctx, to)
	if err != nil {
		return err
	}
	tables, err := collect(m.ctx, to, scanText, m.aim.listTables())
	if err != nil {
		return err
	}
	if _, again := theirs[arrivingRow]; again {
		if err := empty(to, tables); err != nil {
			return err
		}
	}
	if err := m.demandEmpty(to); err != nil {
		return err
	}
	for _, table := range tables {
		where := ""
		if table == "meta" {
			where = ownMeta
		}
		told := func(rows int64) error {
			m.tell(Progress{Copying, table, rows})
			return m.ctx.Err()
		}
		if err := copyRows(to, from, table, where, told); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	if err := m.goOn(from, to); err != nil {
		return err
	}
	if err := m.demandAll(from, to); err != nil {
		return err
	}
	head := m.source.tail.head.String()
	if _, err := to.Exec(`INSERT INTO meta (name, value) VALUES ($1, $2)`, auditHeadRow, head); err != nil {
		return err
	}
	return setMark(to, arrivingRow, id)
}

// empty removes all that an earlier run copied that did not come to its end.
func empty(tx *transaction, tables []string) error {
	for _, table := range tables {
		where := ""
		if table == "meta" {
			where = ` WHERE name <> 'key_check'`
		}
		if _, err := tx.Exec(`DELETE FROM ` + table + where); err != nil {
			return err
		}
	}
	return nil
}

// count is how many rows every table has, without those that a state has for itself, and how many requests have no end.
func (m *migration) count(tx *transaction) (rows map[string]int64, open int, err error) {
	tables, err := collect(context.Background(), tx, scanText, m.aim.listTables())
	if err != nil {
		return nil, 0, err
	}
	if rows, err = countIn(tx, tables); err != nil {
		return nil, 0, err
	}
	return rows, open, tx.Get([]any{&open}, `SELECT COUNT(*) FROM intents WHERE outcome IN ('', 'unknown')`)
}

func countIn(tx *transaction, tables []string) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, table := range tables {
		where := ""
		if table == "meta" {
			where = ownMeta
		}
		var n int64
		if err := tx.Get([]any{&n}, `SELECT COUNT(*) FROM `+table+` `+where); err != nil {
			return nil, err
		}
		counts[table] = n
	}
	return counts, nil
}

// demandEmpty fails with ErrNotEmpty unless the place where the state goes has no records.
func (m *migration) demandEmpty(tx *transaction) error {
	rows, _, err := m.count(tx)
	if err != nil {
		return err
	}
	for _, table := range sortedKeys(rows) {
		if rows[table] == 0 {
			continue
		}
		advice := "Create a new database for the state or, if nobody needs this one any longer, empty it with: DROP SCHEMA " + Schema + " CASCADE"
		if m.to.File != "" {
			advice = "Name another file, or rename that one; its key stays where it is"
		}
		return fmt.Errorf("%w: %s has rows in the table %s, and perhaps in others. %s", ErrNotEmpty, m.to, table, advice)
	}
	return nil
}

// demandAll proves that no row is missing.
func (m *migration) demandAll(from, to *transaction) error {
	tables, err := collect(m.ctx, from, scanText, m.source.listTables())
	if err != nil {
		return err
	}
	want, err := countIn(from, tables)
	if err != nil {
		return err
	}
	have, _, err := m.count(to)
	if err != nil {
		return err
	}
	for _, table := range sortedKeys(want) {
		if have[table] != want[table] {
			return fmt.Errorf("the table %s has %d rows, but %d of them arrived: this is a bug", table, want[table], have[table])
		}
	}
	return nil
}

// goOn lets rows that come later get ids that none had before, also none that is gone: the audit log names them.
func (m *migration) goOn(from, to *transaction) error {
	last, err := m.source.lastIDs(from)
	if err != nil {
		return err
	}
	for _, table := range sortedKeys(last) {
		if last[table] == 0 {
			continue
		}
		if err := m.aim.startAfter(to, table, last[table]); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	return nil
}

func sortedKeys(m map[string]int64) []string {
	var all []string
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Reclaimed is what it cost to take a state into use again.
type Reclaimed struct {
	Place   string    // where the state was
	Since   time.Time // when it went there
	Secrets int       // live secrets that are uncertain now
}

// Reclaim takes a state into use again whose other place is lost. What happened there is not known here, so every live secret is
// uncertain from the migration on.
func Reclaim(ctx context.Context, at Place, options Options) (done Reclaimed, err error) {
	if at.File != "" && !exists(at.File) {
		return done, fmt.Errorf("%w: there is no state at %s", fs.ErrNotExist, at.File)
	}
	options.despite = true
	s, err := at.open(ctx, options)
	if err != nil {
		return done, err
	}
	err = s.write(ctx, func(tx *transaction) error {
		done, err = s.Backups.reclaim(tx)
		return err
	})
	return done, errors.Join(err, s.Close())
}

func (s *Backups) reclaim(tx *transaction) (done Reclaimed, err error) {
	all, err := marks(context.Background(), tx)
	if err != nil {
		return done, err
	}
	m, ok := all[migratedRow]
	if !ok {
		return done, errors.New("the state was not migrated elsewhere, so there is nothing to reclaim")
	}
	done = Reclaimed{Place: m.Place, Since: moment(m.At)}
	if err := removeMark(tx, migratedRow); err != nil {
		return done, err
	}
	if err := s.noteRestore(tx); err != nil {
		return done, err
	}
	if done.Secrets, err = doubtAll(tx, m.At); err != nil {
		return done, err
	}
	return done, s.appendAudit(tx, auditlog.Record{Action: auditlog.StateReclaimed, Detail: "it had been migrated to " + m.Place})
}
