package state

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
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

// Restoring says how a backup is restored.
type Restoring struct {
	Options Options
	Unseal  func(sealed []byte) ([]byte, error) // opens what the vault of the backup sealed; asked only where no file has the key
}

// Restored is what a restore did.
type Restored struct {
	Aside     string // file with what was there before; empty if nothing was
	Mergeable bool   // whether Aside is a backup; otherwise it is the damaged database
	Secrets   int    // live secrets that are uncertain now
}

// ErrLineage says that a backup is of another state than the one that is there.
var ErrLineage = errors.New("the backup is of another state")

// Restore puts the backup in place of the state at a path. What was there is kept in a file beside it. Every live secret is
// uncertain from then on, since the time of the backup.
//
// A state that can be read is changed in one transaction, so that a process that uses it meanwhile sees it before or after. It keeps
// what must never go back: the audit log if it continues that of the backup, the ledger of login attempts, which plans
// were applied and who must approve them; and no earlier lease is valid after it. A state that cannot be read, or that has
// another key, is replaced by a new one: from the first change on until it is complete there is a file at the path that every
// command refuses, so that a crash leaves the old state, the new one, or an error that says to restore again.
//
// While a run holds a device the error is HeldErrors, and nothing is changed. ErrLineage says that the backup is not of the
// state at the path, or that nobody can tell.
func (b *Backup) Restore(ctx context.Context, path string, how Restoring) (Restored, error) {
	if err := b.related(ctx, path); err != nil {
		return Restored{}, err
	}
	return b.RestoreForeign(ctx, path, how)
}

// RestoreForeign is Restore also of a backup that is of another state.
func (b *Backup) RestoreForeign(ctx context.Context, path string, how Restoring) (Restored, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Restored{}, fmt.Errorf("the path of the state database: %w", err)
	}
	r := &replacement{backup: b, path: path, aside: asideOf(path, how.Options)}
	if r.key, err = b.findKey(path, how.Unseal); err != nil {
		return Restored{}, err
	}
	old, err := openExisting(ctx, path, how.Options)
	if err != nil {
		return Restored{}, err
	}
	if old == nil {
		return r.swap(ctx, how.Options)
	}
	keep := func() error {
		_, err := old.save(ctx, r.aside, nil, atomicfile.Publish)
		return err
	}
	if bytes.Equal(old.key, r.key) {
		secrets, err := old.takeOver(ctx, b, takingOver{aside: r.aside, keep: keep})
		return Restored{r.aside, true, secrets}, errors.Join(err, old.Close())
	}
	if err = errors.Join(old.retire(ctx, keep), old.Close()); err != nil {
		return Restored{}, err
	}
	r.saved = true
	return r.swap(ctx, how.Options)
}

// asideOf is the file that keeps what a restore replaces.
func asideOf(path string, options Options) string {
	now := time.Now
	if options.Now != nil {
		now = options.Now
	}
	return path + ".before-" + now().UTC().Format("20060102T150405.000Z")
}

// related fails unless the backup is of the state at a path, or there is none.
func (b *Backup) related(ctx context.Context, path string) error {
	key, err := readKey(path)
	if err != nil && exists(keyPath(path)) && private(keyPath(path)) != nil {
		return err
	}
	checks := []string{keyCheckIn(ctx, path)}
	if err == nil {
		checks = append(checks, keyCheck(key))
	}
	switch {
	case slices.Contains(checks, b.KeyCheck):
		return nil
	case err != nil && !exists(path):
		return nil // there is nothing that it could be another one than
	case err != nil && checks[0] == "":
		return fmt.Errorf("%w, or may be: neither %s nor the database says which state it is. If the backup is of this state, add -foreign",
			ErrLineage, keyPath(path))
	}
	return fmt.Errorf("%w than the one at %s. Nothing was changed. If that is what you want, add -foreign; saved plans and recorded heads of the "+
		"audit log will not match it", ErrLineage, path)
}

// keyCheckIn is the check value of the key in a database that may be damaged; empty if it cannot be read.
func keyCheckIn(ctx context.Context, path string) (check string) {
	db, err := openToRead(path)
	if err != nil {
		return ""
	}
	defer func() { _ = db.Close() }()
	_ = db.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'key_check'`).Scan(&check) // what cannot be read is empty
	return check
}

// Related fails with ErrLineage unless a backup is of this state.
func (s *Backups) Related(b *Backup) error {
	if keyCheck(s.key) == b.KeyCheck {
		return nil
	}
	return fmt.Errorf("%w than the one at %s", ErrLineage, s.path)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// findKey finds the key of the backup: the one beside the state, one that somebody put beside the backup, or the one in it.
func (b *Backup) findKey(path string, unseal func([]byte) ([]byte, error)) ([]byte, error) {
	for _, of := range []string{path, b.file} {
		if key, err := readKey(of); err == nil && keyCheck(key) == b.KeyCheck {
			return key, nil
		}
	}
	if b.sealed == nil {
		return nil, fmt.Errorf("%w: it does not contain the key of the state, since there was no vault to seal it for. "+
			"From the other machine, copy the file whose name ends in .key to %s, and restore again", ErrKey, keyPath(b.file))
	}
	text, err := unseal(b.sealed)
	if err != nil {
		return nil, fmt.Errorf("the backup contains the key of the state, sealed for its vault: %w", err)
	}
	key, err := hex.DecodeString(string(text))
	if err != nil || keyCheck(key) != b.KeyCheck {
		return nil, b.unusable(errors.New("its key does not belong to its database"))
	}
	return key, nil
}

// openExisting opens the state at a path; nil if there is none, or one that a restore replaces: it is damaged, or its key is
// gone. Of a damaged one the error is HeldErrors if it still says that a run holds a device.
func openExisting(ctx context.Context, path string, options Options) (*Store, error) {
	if !exists(path) {
		return nil, nil
	}
	if exists(keyPath(path)) {
		if err := private(keyPath(path)); err != nil {
			return nil, err
		}
	}
	s, err := Open(ctx, path, options)
	if err == nil || !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrKey) {
		return s, err
	}
	db, err := openToRead(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	d := describe(db, file(path), path, options)
	defer func() { _ = d.reads.close() }()
	held, err := (&Leases{d}).holders(ctx, d.reads)
	if err == nil && len(held) > 0 {
		return nil, held
	}
	return nil, nil
}

// holders are who holds devices, without those who are dead.
func (s *Leases) holders(ctx context.Context, q querier) (HeldErrors, error) {
	rows, err := collect(ctx, q, scanLease, `SELECT `+leaseColumns+` FROM leases WHERE held ORDER BY device`)
	if err != nil {
		return nil, err
	}
	var held HeldErrors
	for _, row := range rows {
		if !s.hinders(row) {
			continue
		}
		one, err := row.asHeld()
		if err != nil {
			return nil, err
		}
		held = append(held, one)
	}
	return held, nil
}

// noneHeld fails with HeldErrors if a run holds a device.
func (s *Leases) noneHeld(tx *transaction) error {
	held, err := s.holders(context.Background(), tx)
	if err == nil && len(held) > 0 {
		err = held
	}
	return err
}

// releaseAll ends all leases, so that a run that was asleep writes nothing after it.
func (s *Leases) releaseAll(tx *transaction) error {
	_, err := tx.Exec(`UPDATE leases SET held = $1`, false)
	return err
}

// retire keeps a state that is about to be replaced, and keeps runs that were asleep from writing into it.
func (s *Backups) retire(ctx context.Context, keep func() error) error {
	return s.write(ctx, func(tx *transaction) error {
		err := s.leases.noneHeld(tx)
		if err == nil {
			err = s.leases.releaseAll(tx)
		}
		if err == nil {
			err = keep()
		}
		if err == nil {
			err = s.noteRestore(tx)
		}
		return err
	})
}

// restoredRow is the row of the table meta that distinguishes the restores of a state.
const restoredRow = "restored"

// noteRestore lets processes that opened the state before find out that it was restored.
func (s *Backups) noteRestore(tx *transaction) error {
	_, err := tx.Exec(`INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		restoredRow, rand.Text())
	return err
}

// lastRestore identifies the last restore of the state; it is empty if there was none.
func lastRestore(ctx context.Context, q querier) (string, error) {
	found, err := collect(ctx, q, scanText, `SELECT value FROM meta WHERE name = $1`, restoredRow)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

// takingOver says what else happens where a state takes over a backup.
type takingOver struct {
	aside string        // file with what was there before; empty if nothing was
	keep  func() error  // makes it; nil if others do
	noted auditlog.Head // head of the audit log of what was there before; zero for the one noted beside the state
}

// kept are the tables whose current rows a restore keeps, since they must never go back.
var kept = map[string]bool{"leases": true, "attempts": true, "applied_plans": true}

// takeOver makes the state that of a backup, in one transaction. It returns how many secrets are uncertain.
func (s *Backups) takeOver(ctx context.Context, b *Backup, how takingOver) (secrets int, err error) {
	var log auditlog.Head
	if how.noted == (auditlog.Head{}) {
		how.noted, _ = s.notedHead() // what cannot be read tells nothing
	}
	lost := false
	err = s.write(ctx, func(tx *transaction) error {
		if err := s.leases.noneHeld(tx); err != nil {
			return err
		}
		if how.keep != nil {
			if err := how.keep(); err != nil {
				return err
			}
		}
		if err := s.copyTables(tx, b); err != nil {
			return err
		}
		if err := s.continueLog(tx, b); err != nil {
			return err
		}
		if err := s.noteRestore(tx); err != nil {
			return err
		}
		if secrets, err = doubtAll(tx, stamp(b.Made)); err != nil {
			return err
		}
		if lost, err = lacks(tx, how.noted); err != nil {
			return err
		}
		err := s.appendAudit(tx, auditlog.Record{Action: auditlog.StateRestored, Detail: restoredFrom(b, how, lost)})
		log = s.tail.head
		return err
	})
	if err == nil && lost {
		err = atomicfile.Replace(s.headPath(), []byte(log.String()+"\n"), 0o600)
	}
	return secrets, err
}

// doubtAll makes all live secrets uncertain since a time, and returns how many there are.
func doubtAll(tx *transaction, since int64) (secrets int, err error) {
	if _, err := tx.Exec(`UPDATE secrets SET uncertain = $1 WHERE status = $2 AND uncertain = 0`, since, string(SecretLive)); err != nil {
		return 0, err
	}
	return secrets, tx.Get([]any{&secrets}, `SELECT COUNT(*) FROM secrets WHERE status = $1`, string(SecretLive))
}

// restoredFrom is what the audit log says of a restore.
func restoredFrom(b *Backup, how takingOver, lost bool) string {
	detail := "from the backup of " + rfc3339(b.Made)
	if how.aside != "" {
		detail += "; the previous state is in " + how.aside
	}
	if lost {
		detail += "; the records up to " + how.noted.String() + " are lost"
	}
	return detail
}

// lacks reports whether the audit log does not have the record of a head.
func lacks(tx *transaction, head auditlog.Head) (bool, error) {
	if head == (auditlog.Head{}) || head == auditlog.Empty() {
		return false, nil
	}
	known, err := collect(context.Background(), tx, scanText, `SELECT hash FROM audit_log WHERE seq = $1`, head.Seq)
	return len(known) == 0 || known[0] != head.Hash, err
}

// copyTables replaces the rows of all tables by those of a backup, but for those that are kept.
func (s *Backups) copyTables(tx *transaction, b *Backup) error {
	tables, err := collect(context.Background(), tx, scanText, s.listTables())
	if err != nil {
		return err
	}
	from := b.Secrets.database
	for _, table := range tables {
		if table == "meta" || table == "audit_log" {
			continue // which go on as below, and in continueLog
		}
		if !kept[table] {
			if _, err := tx.Exec(`DELETE FROM ` + table); err != nil {
				return err
			}
		}
		if err := copyRows(tx, from.db, table, "", nil); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	if err := s.leases.releaseAll(tx); err != nil {
		return err
	}
	return copyRows(tx, from.db, "meta", `WHERE name NOT IN ('key_check', '`+auditHeadRow+`', '`+restoredRow+`')`, nil)
}

// continueLog adds the records that a backup has and the audit log lacks, where the log is the beginning of that of the backup.
func (s *Backups) continueLog(tx *transaction, b *Backup) error {
	if err := s.findTail(tx); err != nil {
		return err
	}
	theirs, err := (&AuditLog{b.Secrets.database}).AuditHead(context.Background())
	if err != nil || theirs.Seq <= s.tail.head.Seq {
		return err
	}
	if s.tail.head != auditlog.Empty() {
		known, err := read(context.Background(), b.Secrets.database, scanText, `SELECT hash FROM audit_log WHERE seq = $1`, s.tail.head.Seq)
		if err != nil || len(known) == 0 || known[0] != s.tail.head.Hash {
			return err
		}
	}
	s.tail = auditTail{known: true, head: theirs, grown: true}
	return copyRows(tx, b.Secrets.db, "audit_log", "", nil)
}

// replacement puts a new state in place of one that is gone or cannot be read, or that has another key.
type replacement struct {
	backup *Backup
	path   string
	key    []byte
	aside  string
	saved  bool // whether a backup of the old state is in aside already

	fresh string // the new database, complete, with its key and its head beside it
	had   bool   // whether there was a file at the path
}

// placeholder stands in for the database while a new one takes its place. No command takes it for a state.
const placeholder = "camform: the restore of this state was interrupted. Run it again: camform state restore FILE. Nothing else uses this file until then.\n"

// swap makes the new state under another name, and then carries out the moves.
func (r *replacement) swap(ctx context.Context, options Options) (Restored, error) {
	folder, err := scratchIn(filepath.Dir(r.path))
	if err != nil {
		return Restored{}, fmt.Errorf("new state database: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	r.fresh, r.had = filepath.Join(folder, databasePart), exists(r.path) && !isPlaceholder(r.path)
	done := Restored{Mergeable: r.saved}
	if r.had {
		done.Aside = r.aside
	}
	if done.Secrets, err = r.build(ctx, options, done.Aside); err != nil {
		return Restored{}, err
	}
	for _, m := range moves {
		if err := m.do(r); err != nil {
			return Restored{}, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return done, nil
}

// build makes the new state. Aside is where the old one will be.
func (r *replacement) build(ctx context.Context, options Options, aside string) (secrets int, err error) {
	if err := atomicfile.Create(keyPath(r.fresh), []byte(hex.EncodeToString(r.key)+"\n"), 0o600); err != nil {
		return 0, err
	}
	s, err := Open(ctx, r.fresh, options)
	if err != nil {
		return 0, err
	}
	how := takingOver{aside: aside}
	if !isPlaceholder(r.path) { // or the head may be that of the state that was about to be put there
		how.noted, _ = (&database{path: r.path}).notedHead() // what cannot be read tells nothing
	}
	secrets, err = s.takeOver(ctx, r.backup, how)
	return secrets, errors.Join(err, s.Close())
}

// moves are what makes a new state the one at the path, in this order. A crash before the second one leaves the old state, one
// after the last the new one, and any other the placeholder. A log of the old database must be gone before the new one has its
// name, or SQLite would write it into that.
var moves = []struct {
	name string
	do   func(*replacement) error
}{
	{"keeping the old state", (*replacement).keep},
	{"old state database", (*replacement).hold},
	{"log of the old state database", (*replacement).removeLogs},
	{"key of the state database", (*replacement).putKey},
	{"head of the audit log", (*replacement).putHead},
	{"new state database", func(r *replacement) error { return atomicfile.Supersede(r.fresh, r.path) }},
}

// keep copies what a restore replaces to files beside it.
func (r *replacement) keep() error {
	suffixes := []string{"", "-wal", ".audit-head"}
	if r.saved {
		suffixes = nil // a backup has it all, except for the key
	}
	if old, err := readKey(r.path); err != nil || !bytes.Equal(old, r.key) {
		suffixes = append(suffixes, ".key")
	}
	if !r.had {
		return nil
	}
	for _, suffix := range suffixes {
		if err := keepFile(r.path+suffix, r.aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func keepFile(path, aside string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return createFrom(aside, file)
}

// hold puts the placeholder in place of the database.
func (r *replacement) hold() error {
	if exists(r.path) {
		return atomicfile.Replace(r.path, []byte(placeholder), 0o600)
	}
	return atomicfile.Create(r.path, []byte(placeholder), 0o600)
}

func (r *replacement) removeLogs() error {
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(r.path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (r *replacement) putKey() error {
	if old, err := readKey(r.path); err == nil && bytes.Equal(old, r.key) {
		return nil
	}
	return atomicfile.Supersede(keyPath(r.fresh), keyPath(r.path))
}

func (r *replacement) putHead() error {
	text, err := os.ReadFile((&database{path: r.fresh}).headPath())
	if err != nil {
		return err
	}
	return atomicfile.Replace((&database{path: r.path}).headPath(), text, 0o600)
}

// isPlaceholder reports whether a restore of the state at a path was interrupted.
func isPlaceholder(path string) bool {
	text, err := os.ReadFile(path)
	return err == nil && string(text) == placeholder
}
