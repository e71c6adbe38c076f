package state

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"camform/engine/atomicfile"
)

// flipped stands for a vault: anybody who knows how can read what it sealed.
func flipped(text []byte) ([]byte, error) {
	turned := bytes.Clone(text)
	for i := range turned {
		turned[i] ^= 0x5a
	}
	return turned, nil
}

// saved makes a backup of a store.
func saved(t *testing.T, s *Store) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "site.backup")
	must[Manifest](t)(s.Save(t.Context(), file, flipped, atomicfile.Publish))
	return file
}

// opened opens a backup for a state.
func opened(t *testing.T, file, path string) *Backup {
	t.Helper()
	b := must[*Backup](t)(OpenBackup(t.Context(), file, path))
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// restoring is how tests restore.
func restoring(c *clock) Restoring {
	return Restoring{Options: Options{Now: c.now, Owner: Owner{"ops@host", 7, "state restore", "1.0"}}, Unseal: flipped}
}

// parts are what is in a backup.
func parts(t *testing.T, file string) map[string][]byte {
	t.Helper()
	opened := must[*os.File](t)(os.Open(file))
	defer func() { _ = opened.Close() }()
	found, reader := map[string][]byte{}, tar.NewReader(must[*gzip.Reader](t)(gzip.NewReader(opened)))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		ok(t, err)
		found[header.Name] = must[[]byte](t)(io.ReadAll(reader))
	}
}

// repacked is a backup with another manifest or a changed database.
func repacked(t *testing.T, file string, change func(m *Manifest), statements ...string) string {
	t.Helper()
	all, m := parts(t, file), Manifest{}
	ok(t, json.Unmarshal(all[manifestPart], &m))
	dir := t.TempDir()
	database := filepath.Join(dir, "db")
	ok(t, os.WriteFile(database, all[databasePart], 0o600))
	db := must[*sql.DB](t)(openCopy(database))
	for _, s := range statements {
		_, err := db.Exec(s)
		ok(t, err)
	}
	ok(t, db.Close())
	m.Hash = must[string](t)(hashOf(database))
	change(&m)
	again := filepath.Join(dir, "again.backup")
	ok(t, atomicfile.CreateBy(again, 0o600, func(w io.Writer) error { return m.pack(w, all[keyPart], database) }))
	return again
}

func asItIs(*Manifest) {}

// I1: somebody who has a backup and not the vault has no key to guess passwords with.
func TestI1ABackupHasNoKeyInClear(t *testing.T) {
	s, _ := newStore(t)
	file := saved(t, s)
	all := parts(t, file)
	if len(all) != 3 || !bytes.HasPrefix(all[databasePart], []byte("SQLite format 3")) {
		t.Fatalf("the parts are %d", len(all))
	}
	for name, text := range all {
		for _, form := range [][]byte{s.key, []byte(hex.EncodeToString(s.key))} {
			if bytes.Contains(text, form) {
				t.Errorf("%s has the key", name)
			}
		}
	}
	if text, _ := flipped(all[keyPart]); string(text) != hex.EncodeToString(s.key) {
		t.Error("the key is not in it for the vault")
	}
	if info := must[fs.FileInfo](t)(os.Stat(file)); info.Mode().Perm() != 0o600 {
		t.Errorf("it has mode %o", info.Mode().Perm())
	}
	without := filepath.Join(t.TempDir(), "b")
	must[Manifest](t)(s.Save(t.Context(), without, nil, atomicfile.Publish))
	if _, there := parts(t, without)[keyPart]; there {
		t.Error("there is no vault, and a key")
	}
}

func TestABackupNeverReplacesAFileUnasked(t *testing.T) {
	s, _ := newStore(t)
	file := filepath.Join(t.TempDir(), "b")
	ok(t, os.WriteFile(file, []byte("mine"), 0o640))
	_, err := s.Save(t.Context(), file, flipped, atomicfile.Publish)
	wantError(t, err, fs.ErrExist)
	if text, _ := os.ReadFile(file); string(text) != "mine" {
		t.Error("it was changed")
	}
	must[Manifest](t)(s.Save(t.Context(), file, flipped, atomicfile.Supersede))
	opened(t, file, s.path)
	entries := must[[]os.DirEntry](t)(os.ReadDir(filepath.Dir(file)))
	if len(entries) != 1 {
		t.Errorf("%d files are left", len(entries))
	}
}

// A backup is of one moment, even if others write meanwhile, and the audit log in it records that it was made.
func TestABackupIsOfOneMoment(t *testing.T) {
	s, _ := newStore(t)
	stop, wrote := make(chan struct{}), make(chan error)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				wrote <- nil
				return
			default:
			}
			leases, err := s.Acquire(context.Background(), "r", device(name(i%5)))
			if err == nil {
				err = s.Release(context.Background(), leases...)
			}
			if err == nil {
				_, err = s.PutSecret(context.Background(), "a", []byte("sealed"), "")
			}
			if err != nil {
				wrote <- err
				return
			}
		}
	}()
	for range 5 {
		b := opened(t, saved(t, s), s.path)
		versions := must[[]SecretVersion](t)(b.Secrets.Versions(t.Context(), "a"))
		live := 0
		for _, v := range versions {
			if v.Status == SecretLive {
				live++
			}
		}
		if live > 1 {
			t.Errorf("%d versions are live", live)
		}
	}
	close(stop)
	ok(t, <-wrote)
}

// Whichever byte of a backup is lost or changed, it is refused, unless what is in it stays the same: some bytes say when it was
// packed, and some texts can be packed in two ways.
func TestADamagedBackupIsRefused(t *testing.T) {
	s, _ := newStore(t)
	must[int](t)(s.PutSecret(t.Context(), "a", []byte("sealed"), "note"))
	file := saved(t, s)
	whole, has := must[[]byte](t)(os.ReadFile(file)), parts(t, file)
	path := filepath.Join(t.TempDir(), "damaged")
	refused := func(what string, text []byte) {
		t.Helper()
		ok(t, os.WriteFile(path, text, 0o600))
		b, err := OpenBackup(t.Context(), path, s.path)
		if err == nil {
			_ = b.Close()
			if len(text) != len(whole) || !maps.EqualFunc(has, parts(t, path), bytes.Equal) {
				t.Errorf("%s: it is opened", what)
			}
		} else if !errors.Is(err, ErrBackup) || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for at := 0; at < len(whole); at += max(1, len(whole)/300) {
		text := bytes.Clone(whole)
		text[at] ^= 0x10
		refused("byte "+name(at), text)
		refused("cut at "+name(at), whole[:at])
	}
	refused("more behind it", append(bytes.Clone(whole), "more"...))
	refused("text", []byte("a text that is no backup"))
}

func TestABackupThatIsNotOursIsRefused(t *testing.T) {
	s, _ := newStore(t)
	file := saved(t, s)
	tests := map[string]struct {
		file   string
		family error
	}{
		"newer":                    {repacked(t, file, asItIs, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"), ErrNewer},
		"another form":             {repacked(t, file, func(m *Manifest) { m.Format = "camform state backup 2" }), ErrBackup},
		"another state's database": {repacked(t, file, asItIs, "UPDATE meta SET value = 'x' WHERE name = 'key_check'"), ErrBackup},
		"another program's":        {repacked(t, file, asItIs, "PRAGMA application_id = 7"), ErrBackup},
		"another hash":             {repacked(t, file, func(m *Manifest) { m.Hash = strings.Repeat("0", 64) }), ErrBackup},
	}
	for what, tt := range tests {
		if _, err := OpenBackup(t.Context(), tt.file, s.path); !errors.Is(err, tt.family) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if entries := must[[]os.DirEntry](t)(os.ReadDir(filepath.Dir(s.path))); len(entries) > 5 {
		t.Errorf("%d files are left beside the state", len(entries))
	}
}

// A backup of an older camform is brought up to date, in a copy.
func TestABackupOfAnOlderCamformIsRead(t *testing.T) {
	s, _ := newStore(t)
	must[int](t)(s.PutSecret(t.Context(), "a", []byte("sealed"), "note"))
	older := repacked(t, saved(t, s), asItIs, "ALTER TABLE secrets DROP COLUMN uncertain", "DROP TABLE fingerprint_names", "DROP INDEX intents_by_device", "DROP INDEX intents_put_back", "DROP TABLE cases", "DROP TABLE case_events", "DROP TABLE case_files", "DROP TABLE nodes", "DROP TABLE untold", "DROP TABLE outputs", "ALTER TABLE attempts DROP COLUMN who", "ALTER TABLE attempts DROP COLUMN pid", "ALTER TABLE attempts DROP COLUMN session", "DELETE FROM goose_db_version WHERE version_id >= 8")
	before := must[[]byte](t)(os.ReadFile(older))
	b := opened(t, older, s.path)
	if v := must[[]SecretVersion](t)(b.Secrets.Versions(t.Context(), "a")); len(v) != 1 || string(v[0].Sealed) != "sealed" {
		t.Errorf("it has %v", v)
	}
	if after := must[[]byte](t)(os.ReadFile(older)); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
	ok(t, b.Close())
	if _, err := os.Stat(b.folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy is left: %v", err)
	}
}

// A process that is killed leaves the folder behind in which it made a backup. The next one takes it away, and nothing else.
func TestFoldersOfKilledProcessesAreTakenAway(t *testing.T) {
	dir := t.TempDir()
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Skip(err)
	}
	mine := filepath.Base(must[string](t)(scratchIn(dir)))
	machine, _, _ := strings.Cut(strings.TrimPrefix(mine, ".camform-"), "-")
	name := func(machine string, pid int) string { return fmt.Sprintf(".camform-%s-%d-1", machine, pid) }
	left, young, others, living := name(machine, gone.Process.Pid), name(machine, gone.Process.Pid)+"2", name("00000000", gone.Process.Pid), name(machine, os.Getppid())
	for _, folder := range []string{left, young, others, living} {
		ok(t, os.MkdirAll(filepath.Join(dir, folder, "part"), 0o700))
		if folder != young {
			old := time.Now().Add(-2 * leftFor)
			ok(t, os.Chtimes(filepath.Join(dir, folder), old, old))
		}
	}
	ok(t, os.RemoveAll(must[string](t)(scratchIn(dir))))
	for folder, want := range map[string]bool{left: false, young: true, others: true, living: true, mine: true} {
		if exists(filepath.Join(dir, folder)) != want {
			t.Errorf("%s is there: %t, want %t", folder, !want, want)
		}
	}
}
