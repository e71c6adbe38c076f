package state

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/atomicfile"
	"camform/engine/auditlog"
	"camform/providers"
	"camform/schema"
)

func init() { scenarios["restore"] = restoreUntilKilled }

// aged is a store with a backup, and with what was done since: three passwords more, and a device.
func aged(t *testing.T) (s *Store, c *clock, file string) {
	t.Helper()
	s, c = newStore(t)
	must[int](t)(s.PutSecret(t.Context(), "a", []byte("a1"), ""))
	ok(t, s.SaveSeen(t.Context(), Device{Address: device("old"), Endpoint: "192.0.2.1:443"}))
	c.advance(time.Hour)
	file = saved(t, s)
	c.advance(time.Hour)
	for i := range 3 {
		must[int](t)(s.PutSecret(t.Context(), "a", fmt.Appendf(nil, "a%d", i+2), ""))
	}
	ok(t, s.SaveSeen(t.Context(), Device{Address: device("new"), Endpoint: "192.0.2.2:443"}))
	return s, c, file
}

// liveOf is the live version of a name.
func liveOf(t *testing.T, s *Secrets, name string) SecretVersion {
	t.Helper()
	for _, v := range must[[]SecretVersion](t)(s.Versions(t.Context(), name)) {
		if v.Status == SecretLive {
			return v
		}
	}
	return SecretVersion{}
}

// wantRestored demands that a state is that of the backup of aged.
func wantRestored(t *testing.T, s *Store) {
	t.Helper()
	if v := liveOf(t, s.Secrets, "a"); string(v.Sealed) != "a1" || !v.Uncertain.Equal(noon.Add(time.Hour)) {
		t.Errorf("the live version is %q, uncertain since %v", v.Sealed, v.Uncertain)
	}
	if all := must[[]Device](t)(s.AllDevices(t.Context())); len(all) != 1 || all[0].Address != device("old") {
		t.Errorf("it remembers %v", all)
	}
	if findings := must[auditlog.Findings](t)(s.VerifyAudit(t.Context())); findings.Break != nil {
		t.Errorf("the audit log is broken: %+v", findings.Break)
	}
	if records := lastRecords(t, s, 1); records[0].Action != auditlog.StateRestored || !strings.Contains(records[0].Detail, "backup of 2026-03-01T13:00:00Z") {
		t.Errorf("the last record is %+v", records[0])
	}
}

func lastRecords(t *testing.T, s *Store, n int) []auditlog.Record {
	t.Helper()
	var all []auditlog.Record
	for e, err := range s.AuditEntries(t.Context(), 1) {
		ok(t, err)
		all = append(all, must[auditlog.Record](t)(e.Record()))
	}
	return all[len(all)-n:]
}

func TestAStateIsRestoredAsABackupHasIt(t *testing.T) {
	s, c, file := aged(t)
	ok(t, s.Close())
	done := must[Restored](t)(opened(t, file, s.path).Restore(t.Context(), s.path, restoring(c)))
	if done.Secrets != 1 || !done.Mergeable || !strings.HasPrefix(done.Aside, s.path+".before-") {
		t.Errorf("it says %+v", done)
	}
	wantRestored(t, open(t, s.path, Options{Now: c.now}))
	aside := opened(t, done.Aside, s.path)
	if v := liveOf(t, aside.Secrets, "a"); string(v.Sealed) != "a4" {
		t.Errorf("what was there before is not kept: %q", v.Sealed)
	}
}

// Who uses the state while it is restored reads the restored one, and begins nothing any more with what he knew before; a run that
// was asleep writes nothing. Attempts at logins are accounted for all the same.
func TestARestoreIsSeenByWhoeverUsesTheState(t *testing.T) {
	s, c, file := aged(t)
	asleep := acquire(t, s, "old", "r1")
	c.advance(2 * LeaseTime)
	must[Restored](t)(opened(t, file, s.path).Restore(t.Context(), s.path, restoring(c)))
	wantRestored(t, s)
	wantError(t, s.Record(t.Context(), asleep, nil, nil), ErrLeaseLost)
	ctx := t.Context()
	_, acquired := s.Acquire(ctx, "r2", device("old"))
	_, put := s.PutSecret(ctx, "a", []byte("stale"), "")
	_, moved := s.MoveDevices(ctx, "r2", schema.Moves{{From: device("old"), To: device("new")}}, nil)
	merged := s.MergeSecrets(ctx, func([]SecretVersion) ([]SecretVersion, error) { return nil, nil })
	for i, err := range []error{
		acquired, put, moved, merged, s.BeginRun(ctx, Run{ID: "r2"}), s.EndRun(ctx, "r1", "done"), s.DoubtSecret(ctx, "a", 1), s.ProveSecret(ctx, "a", 1),
	} {
		if !errors.Is(err, ErrRestored) {
			t.Errorf("%d: got %v, want that the state was restored", i, err)
		}
	}
	charge := must[providers.Charge](t)(s.Charge(ctx, providers.Attempt{Endpoint: "192.0.2.1:443", Remaining: 5}))
	ok(t, s.Settle(ctx, charge, providers.AttemptResult{Accepted: true}))
	s = open(t, s.path, Options{Now: c.now})
	if again := acquire(t, s, "old", "r2"); again.Token <= asleep.Token {
		t.Errorf("the token %d is given out again", again.Token)
	}
}

// I5, I14: what keeps devices from being locked, and who must agree to plans, does not go back.
func TestI5WhatMustNotGoBackStays(t *testing.T) {
	s, c, file := aged(t)
	charge := must[providers.Charge](t)(s.Charge(t.Context(), attempt("wrong", 5)))
	ok(t, s.Settle(t.Context(), charge, providers.AttemptResult{Remaining: 4}))
	ok(t, s.SaveApprovals(t.Context(), []byte(`{"required":2}`)))
	_, _, err := s.MarkApplied(t.Context(), "hash", "r1")
	ok(t, err)
	log := must[auditlog.Head](t)(s.AuditHead(t.Context()))
	must[Restored](t)(opened(t, file, s.path).Restore(t.Context(), s.path, restoring(c)))
	if _, err := s.Charge(t.Context(), attempt("wrong", providers.RemainingUnknown)); err == nil {
		t.Error("the refused attempt is forgotten")
	}
	if kept := must[[]byte](t)(s.LoadApprovals(t.Context())); string(kept) != `{"required":2}` {
		t.Errorf("the approvals are %q", kept)
	}
	if _, first, err := s.MarkApplied(t.Context(), "hash", "r2"); err != nil || first {
		t.Errorf("the plan can be applied again: %v", err)
	}
	findings := must[auditlog.Findings](t)(s.VerifyAudit(t.Context(), auditlog.Anchor{Noted: "before", Head: log}))
	if findings.Break != nil {
		t.Errorf("records since the backup are lost: %+v", findings.Break)
	}
}

// A state that is older than the backup gets the records that it lacks.
func TestARestoredLogGoesOn(t *testing.T) {
	s, c, _ := aged(t)
	older := saved(t, s)
	must[int](t)(s.PutSecret(t.Context(), "a", []byte("a5"), ""))
	newer, log := saved(t, s), must[auditlog.Head](t)(s.AuditHead(t.Context()))
	ok(t, s.Close())
	for _, suffix := range []string{"", "-wal", "-shm", ".audit-head"} {
		_ = os.Remove(s.path + suffix)
	}
	for _, file := range []string{older, newer} {
		must[Restored](t)(opened(t, file, s.path).Restore(t.Context(), s.path, restoring(c)))
		if file == older {
			// As if the restore had not left a record: somebody copied an old state there.
			execute(t, s.path, "DELETE FROM audit_log WHERE record LIKE '%state-restored%'")
			execute(t, s.path, "UPDATE meta SET value = (SELECT seq || ':' || hash FROM audit_log ORDER BY seq DESC LIMIT 1) WHERE name = 'audit_head'")
		}
	}
	findings := must[auditlog.Findings](t)(open(t, s.path, Options{}).VerifyAudit(t.Context(), auditlog.Anchor{Noted: "before", Head: log}))
	if findings.Break != nil {
		t.Errorf("%+v", findings.Break)
	}
}

// A run that held a device when the backup was made holds nothing in the restored state.
func TestARestoreBringsNoLeaseBack(t *testing.T) {
	s, c := newStore(t)
	acquire(t, s, "old", "r1")
	path := filepath.Join(t.TempDir(), "state.db")
	must[Restored](t)(opened(t, saved(t, s), path).Restore(t.Context(), path, restoring(c)))
	there := open(t, path, Options{Now: c.now})
	if again := acquire(t, there, "old", "r2"); again.Token != 2 {
		t.Errorf("the token %d is given out", again.Token)
	}
}

func TestARestoreWaitsForNoRunAndStopsNone(t *testing.T) {
	s, c, file := aged(t)
	lease := acquire(t, s, "old", "r1")
	b := opened(t, file, s.path)
	before := must[auditlog.Head](t)(s.AuditHead(t.Context()))
	_, err := b.Restore(t.Context(), s.path, restoring(c))
	held, ok1 := errors.AsType[HeldErrors](err)
	if !ok1 || held[0].Run != "r1" {
		t.Fatalf("got %v", err)
	}
	if v := liveOf(t, s.Secrets, "a"); string(v.Sealed) != "a4" {
		t.Error("it was restored all the same")
	}
	if after := must[auditlog.Head](t)(s.AuditHead(t.Context())); after != before {
		t.Error("something was recorded")
	}
	ok(t, s.Record(t.Context(), lease, nil, nil))

	// Also where the state is damaged, with all that can still be read.
	overwrite(t, s.path, pageOf(t, s.path, "capabilities"), strings.Repeat("\xff", 4096))
	if _, err = b.Restore(t.Context(), s.path, restoring(c)); err == nil {
		t.Error("a damaged state was replaced under a run")
	} else if _, isHeld := errors.AsType[HeldErrors](err); !isHeld {
		t.Errorf("got %v", err)
	}
	c.advance(2 * LeaseTime) // its owner is gone
	must[Restored](t)(b.Restore(t.Context(), s.path, restoring(c)))
}

// pageOf is where the first page of a table lies.
func pageOf(t *testing.T, path, table string) (offset int64) {
	t.Helper()
	db := must[*Store](t)(Open(t.Context(), path, Options{}))
	defer func() { _ = db.Close() }()
	var page, size int64
	ok(t, db.db.QueryRow(`SELECT rootpage FROM sqlite_schema WHERE name = $1`, table).Scan(&page))
	ok(t, db.db.QueryRow(`PRAGMA page_size`).Scan(&size))
	_, err := db.db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`)
	ok(t, err)
	return (page - 1) * size
}

// A backup of another state is restored only where somebody says so, with the key that belongs to it.
func TestABackupOfAnotherStateIsRefused(t *testing.T) {
	_, c, file := aged(t)
	other := open(t, filepath.Join(t.TempDir(), "state.db"), Options{Now: c.now})
	must[int](t)(other.PutSecret(t.Context(), "b", []byte("b1"), ""))
	oldKey := must[[]byte](t)(os.ReadFile(keyPath(other.path)))
	b := opened(t, file, other.path)
	_, err := b.Restore(t.Context(), other.path, restoring(c))
	wantError(t, err, ErrLineage)
	if !strings.Contains(err.Error(), "-foreign") || string(liveOf(t, other.Secrets, "b").Sealed) != "b1" {
		t.Errorf("got %v", err)
	}
	wantError(t, other.Related(b), ErrLineage)
	asleep := acquire(t, other, "n", "r1")
	c.advance(2 * LeaseTime)
	done := must[Restored](t)(b.RestoreForeign(t.Context(), other.path, restoring(c)))
	wantError(t, other.Record(t.Context(), asleep, nil, nil), ErrLeaseLost) // which would be lost
	ok(t, other.Close())
	wantRestored(t, open(t, other.path, Options{Now: c.now}))
	if kept := must[[]byte](t)(os.ReadFile(keyPath(done.Aside))); !bytes.Equal(kept, oldKey) {
		t.Error("the key of the old state is lost")
	}

	// And back again, with the key that was kept beside it.
	c.advance(time.Second)
	back := opened(t, done.Aside, other.path)
	must[Restored](t)(back.RestoreForeign(t.Context(), other.path, restoring(c)))
	if v := liveOf(t, open(t, other.path, Options{}).Secrets, "b"); string(v.Sealed) != "b1" {
		t.Errorf("it has %q", v.Sealed)
	}
}

// Fingerprints and the audit log work on another machine, where the key comes from the vault or from a file beside the backup.
func TestAStateIsRestoredOnAnotherMachine(t *testing.T) {
	s, c, file := aged(t)
	print := s.Fingerprint(setting("n", "user", "a"), "password", schema.NewSecret("x"))
	elsewhere := func() string { return filepath.Join(t.TempDir(), "made", Folder, "state.db") }
	restored := func(file string, how Restoring) {
		t.Helper()
		path := elsewhere()
		done := must[Restored](t)(opened(t, file, path).Restore(t.Context(), path, how))
		if done.Aside != "" {
			t.Errorf("it says that something was there: %s", done.Aside)
		}
		there := open(t, path, Options{Now: c.now})
		wantRestored(t, there)
		if there.Fingerprint(setting("n", "user", "a"), "password", schema.NewSecret("x")) != print || there.Lineage() != s.Lineage() {
			t.Error("fingerprints are others there")
		}
	}
	restored(file, restoring(c))
	locked := restoring(c)
	locked.Unseal = func([]byte) ([]byte, error) { return nil, errors.New("the vault is locked") }
	path := elsewhere()
	_, err := opened(t, file, path).Restore(t.Context(), path, locked)
	if err == nil || !strings.Contains(err.Error(), "the vault is locked") || exists(path) {
		t.Errorf("got %v", err)
	}

	bare := repacked(t, file, asItIs)
	ok(t, removePart(t, bare, keyPart))
	path = elsewhere()
	_, err = opened(t, bare, path).Restore(t.Context(), path, locked)
	wantError(t, err, ErrKey)
	if !strings.Contains(err.Error(), keyPath(bare)) || exists(path) {
		t.Errorf("got %v", err)
	}
	ok(t, os.WriteFile(keyPath(bare), []byte(hex.EncodeToString(s.key)+"\n"), 0o600))
	restored(bare, locked)
}

// removePart takes a part out of a backup.
func removePart(t *testing.T, file, part string) error {
	t.Helper()
	all, m := parts(t, file), Manifest{}
	ok(t, json.Unmarshal(all[manifestPart], &m))
	delete(all, part)
	database := filepath.Join(t.TempDir(), "db")
	ok(t, os.WriteFile(database, all[databasePart], 0o600))
	return errors.Join(os.Remove(file), atomicfile.CreateBy(file, 0o600, func(w io.Writer) error { return m.pack(w, all[keyPart], database) }))
}

// What a device accepts, and what a person puts into the vault, is certain from then on. Nothing else is.
func TestARestoredPasswordIsUncertainUntilADeviceAcceptsIt(t *testing.T) {
	s, c, _ := aged(t)
	must[int](t)(s.PutSecret(t.Context(), "b", []byte("b1"), ""))
	b := opened(t, saved(t, s), s.path)
	must[Restored](t)(b.Restore(t.Context(), s.path, restoring(c)))
	uncertain := func(want ...bool) {
		t.Helper()
		for i, name := range []string{"a", "b"} {
			if v := liveOf(t, s.Secrets, name); v.Uncertain.IsZero() == want[i] || want[i] && !v.Uncertain.Equal(b.Made) {
				t.Errorf("%s is uncertain since %v, want %t", name, v.Uncertain, want[i])
			}
		}
	}
	s = open(t, s.path, Options{Now: c.now})
	live := liveOf(t, s.Secrets, "a").Version
	uncertain(true, true)
	ok(t, s.DoubtSecret(t.Context(), "a", live))
	ok(t, s.ProveSecret(t.Context(), "a", live-1))
	uncertain(true, true)
	ok(t, s.ProveSecret(t.Context(), "a", live))
	uncertain(false, true)
	if v := liveOf(t, s.Secrets, "a"); v.Tried != 0 || !v.Proven.Equal(c.t) {
		t.Errorf("it is still in doubt: %+v", v)
	}
	if r := lastRecords(t, s, 1)[0]; r.Action != auditlog.SecretLive {
		t.Errorf("the last record is %+v", r)
	}
	must[int](t)(s.PutSecret(t.Context(), "b", []byte("b2"), ""))
	uncertain(false, false)

	must[Restored](t)(b.Restore(t.Context(), s.path, restoring(&clock{noon.Add(5 * time.Hour)})))
	s = open(t, s.path, Options{Now: c.now})
	uncertain(true, true)
	lease := acquire(t, s, "n", "r1")
	ok(t, s.SettleSecret(t.Context(), lease, Verdict{Name: "b", Live: liveOf(t, s.Secrets, "b").Version}))
	ok(t, s.Release(t.Context(), lease))
	uncertain(true, false)

	// A backup of a restored state does not make it younger.
	c.advance(time.Hour)
	must[Restored](t)(opened(t, saved(t, s), s.path).Restore(t.Context(), s.path, restoring(c)))
	if v := liveOf(t, s.Secrets, "a"); !v.Uncertain.Equal(b.Made) {
		t.Errorf("it is uncertain since %v, want %v", v.Uncertain, b.Made)
	}
}

func damages() map[string]func(t *testing.T, path string) {
	return map[string]func(t *testing.T, path string){
		"gone":        func(t *testing.T, path string) { ok(t, os.Remove(path)) },
		"empty":       func(t *testing.T, path string) { ok(t, os.Truncate(path, 0)) },
		"cut":         func(t *testing.T, path string) { ok(t, os.Truncate(path, 40000)) },
		"text":        func(t *testing.T, path string) { ok(t, os.WriteFile(path, []byte(strings.Repeat("text ", 50)), 0o600)) },
		"a page":      func(t *testing.T, path string) { overwrite(t, path, 8192, strings.Repeat("\xff", 4096)) },
		"key missing": func(t *testing.T, path string) { ok(t, os.Remove(keyPath(path))) },
		"key of another": func(t *testing.T, path string) {
			ok(t, os.WriteFile(keyPath(path), []byte(strings.Repeat("ab", 32)), 0o600))
		},
		"all but the key": func(t *testing.T, path string) { ok(t, os.Remove(path)); ok(t, os.Remove(path+".audit-head")) },
	}
}

// A state that no command opens is replaced, and nothing of it is lost.
func TestADamagedStateIsReplacedAndKept(t *testing.T) {
	for what, spoil := range damages() {
		t.Run(what, func(t *testing.T) {
			s, c, file := aged(t)
			lineage := s.Lineage()
			ok(t, s.Close())
			spoil(t, s.path)
			before, _ := os.ReadFile(s.path)
			done := must[Restored](t)(opened(t, file, s.path).Restore(t.Context(), s.path, restoring(c)))
			there := open(t, s.path, Options{Now: c.now})
			wantRestored(t, there)
			if there.Lineage() != lineage {
				t.Error("it has another key")
			}
			if behind := must[bool](t)(there.Behind(t.Context())); behind {
				t.Error("the file beside it knows records that it lacks")
			}
			if done.Mergeable || (done.Aside == "") != (before == nil) {
				t.Errorf("it says %+v", done)
			}
			if kept, _ := os.ReadFile(done.Aside); !bytes.Equal(kept, before) {
				t.Error("the damaged state is not kept as it was")
			}
			if detail := lastRecords(t, there, 1)[0].Detail; (what == "all but the key") == strings.Contains(detail, "are lost") {
				t.Errorf("it says %q of records that are gone", detail)
			}
		})
	}
}

// What is no damage is not replaced.
func TestAStateThatIsNotDamagedIsNotReplaced(t *testing.T) {
	for what, tt := range map[string]struct {
		spoil  func(t *testing.T, path string)
		family error
	}{
		"newer": {func(t *testing.T, path string) {
			execute(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
		}, ErrNewer},
		"of another program": {func(t *testing.T, path string) { execute(t, path, "PRAGMA application_id = 7") }, ErrForeign},
		"key of all":         {func(t *testing.T, path string) { ok(t, os.Chmod(keyPath(path), 0o640)) }, ErrKey},
	} {
		t.Run(what, func(t *testing.T) {
			s, c, file := aged(t)
			ok(t, s.Close())
			tt.spoil(t, s.path)
			before := must[[]byte](t)(os.ReadFile(s.path))
			_, err := opened(t, file, s.path).Restore(t.Context(), s.path, restoring(c))
			wantError(t, err, tt.family)
			if after := must[[]byte](t)(os.ReadFile(s.path)); !bytes.Equal(before, after) {
				t.Error("it was changed")
			}
		})
	}
}

// A crash between any two moves leaves the damaged state, the restored one, or an error that says to restore again, which works.
// The log of the old database never gets into the new one.
func TestARestoreIsNeverHalfDone(t *testing.T) {
	for n := range len(moves) + 1 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s, c, file := aged(t)
			ok(t, s.Close())
			log := staleLog(t, s.path)
			overwrite(t, s.path, 8192, strings.Repeat("\xff", 4096))
			ok(t, os.WriteFile(s.path+"-wal", log, 0o600))
			before := must[[]byte](t)(os.ReadFile(s.path))
			b := opened(t, file, s.path)

			r := &replacement{backup: b, path: s.path, key: s.key, aside: asideOf(s.path, restoring(c).Options), fresh: filepath.Join(t.TempDir(), databasePart), had: true}
			must[int](t)(r.build(t.Context(), restoring(c).Options, r.aside))
			for _, m := range moves[:n] {
				ok(t, m.do(r))
			}
			now, _ := os.ReadFile(s.path)
			again, err := Open(t.Context(), s.path, Options{Now: c.now})
			switch {
			case n == len(moves):
				ok(t, err)
				wantRestored(t, again)
				ok(t, again.Close())
				return
			case err == nil || !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "camform state restore FILE"):
				t.Fatalf("got %v", err)
			case n < 2 && !bytes.Equal(now, before):
				t.Error("the old state was changed")
			case n >= 2 && !strings.Contains(err.Error(), "a restore of it was interrupted"):
				t.Errorf("got %v", err)
			}
			c.advance(time.Second)
			must[Restored](t)(b.Restore(t.Context(), s.path, restoring(c)))
			wantRestored(t, open(t, s.path, Options{Now: c.now}))
			kept, _ := filepath.Glob(s.path + ".before-*Z")
			if !slices.ContainsFunc(kept, func(file string) bool { text, _ := os.ReadFile(file); return bytes.Equal(text, before) }) {
				t.Errorf("the damaged state is lost: %v", kept)
			}
		})
	}
}

// staleLog is a log that SQLite would write into a database of its name.
func staleLog(t *testing.T, path string) []byte {
	t.Helper()
	s := open(t, path, Options{})
	must[int](t)(s.PutSecret(t.Context(), "stale", []byte("stale"), ""))
	log := must[[]byte](t)(os.ReadFile(path + "-wal"))
	ok(t, s.Close())
	if len(log) == 0 {
		t.Fatal("there is no log")
	}
	return log
}

// restoreUntilKilled restores, and stops where the tables are replaced and nothing is committed.
func restoreUntilKilled(s *Store) error {
	b, err := OpenBackup(context.Background(), os.Getenv(fileVariable), s.path)
	if err != nil {
		return err
	}
	asked := 0
	now := func() time.Time {
		if asked++; asked == 3 { // for the name of the file aside, for what is in it, and for the record, after all tables were replaced
			fmt.Println("reached")
			select {}
		}
		return noon
	}
	_, err = b.Restore(context.Background(), s.path, Restoring{Options: Options{Now: now}, Unseal: flipped})
	return err
}

const fileVariable = "CAMFORM_STATE_FILE"

func TestAKilledRestoreChangesNothing(t *testing.T) {
	s, c, file := aged(t)
	t.Setenv(fileVariable, file)
	child := startChild(t, "restore", s.path)
	if line := child.line(t); line != "reached" {
		t.Fatal(line)
	}
	child.kill(t)
	if v := liveOf(t, s.Secrets, "a"); string(v.Sealed) != "a4" {
		t.Errorf("it has %q", v.Sealed)
	}
	must[int](t)(s.PutSecret(t.Context(), "a", []byte("a5"), "")) // nobody holds it any more
	must[Restored](t)(opened(t, file, s.path).Restore(t.Context(), s.path, restoring(c)))
	wantRestored(t, s)
}
