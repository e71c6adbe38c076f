package state

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"camform/schema"

	"github.com/pressly/goose/v3"
)

func TestOnlyTheUserCanReadTheFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "state.db")
	s := open(t, path, Options{})
	ok(t, s.BeginRun(t.Context(), Run{ID: "r"})) // makes the write-ahead log appear
	for file, want := range map[string]fs.FileMode{
		filepath.Dir(path): 0o700, filepath.Dir(filepath.Dir(path)): 0o700,
		path: 0o600, path + ".key": 0o600, path + "-wal": 0o600, path + "-shm": 0o600,
	} {
		info, err := os.Stat(file)
		ok(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", file, got, want)
		}
	}
}

func TestCreationLeavesNothingElseBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a % strange?name#.db")
	ok(t, open(t, path, Options{}).Close())
	entries, err := os.ReadDir(filepath.Dir(path))
	ok(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got, want := strings.Join(names, " "), "a % strange?name#.db a % strange?name#.db.key"; got != want {
		t.Errorf("files %q, want %q", got, want)
	}
}

// I14: a repository, or another user of the machine, cannot supply a state. What camform makes is kept out of repositories.
func TestI14TheFolderOfAStateIsOurs(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "made", Folder)
	ok(t, open(t, filepath.Join(own, "state.db"), Options{}).Close())
	text, err := os.ReadFile(filepath.Join(own, ".gitignore"))
	if err != nil || !strings.Contains(string(text), "\n*\n") {
		t.Errorf("it is not kept out of repositories: %q, %v", text, err)
	}
	elsewhere := filepath.Join(dir, "elsewhere")
	ok(t, open(t, filepath.Join(elsewhere, "state.db"), Options{}).Close())
	if _, err := os.Stat(filepath.Join(elsewhere, ".gitignore")); err == nil {
		t.Error("a folder that is not our own has a file that nobody asked for")
	}
	if err := os.Symlink(own, filepath.Join(dir, Folder)); err != nil {
		t.Fatal(err)
	}
	ok(t, os.Symlink(elsewhere, filepath.Join(dir, "link")))
	for path, want := range map[string]bool{filepath.Join(dir, Folder): false, filepath.Join(dir, "link"): true, own: true, elsewhere: true} {
		s, err := Open(t.Context(), filepath.Join(path, "state.db"), Options{})
		if (err == nil) != want || err != nil && !errors.Is(err, ErrFolder) {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil {
			ok(t, s.Close())
		}
	}
	modes := map[fs.FileMode]bool{0o700: true, 0o755: true, 0o707: false, 0o702: false}
	if os.Chown(elsewhere, -1, 54321) == nil { // a group that is not that of one user
		modes[0o770], modes[0o720] = false, false
	}
	for mode, want := range modes {
		ok(t, os.Chmod(elsewhere, mode))
		s, err := Open(t.Context(), filepath.Join(elsewhere, "state.db"), Options{})
		if (err == nil) != want || err != nil && !errors.Is(err, ErrFolder) {
			t.Errorf("%v: %v", mode, err)
		}
		if err == nil {
			ok(t, s.Close())
		}
	}
}

func TestAStateHasALineageOfItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	first := s.Lineage()
	ok(t, s.Close())
	if again := open(t, path, Options{}).Lineage(); again != first || len(first) != 32 {
		t.Errorf("%s, and %s when it was opened again", first, again)
	}
	if other := open(t, filepath.Join(t.TempDir(), "state.db"), Options{}).Lineage(); other == first {
		t.Error("another state has the same lineage")
	}
}

func TestWritesOutliveTheStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	first := open(t, path, Options{})
	ok(t, first.SaveSeen(t.Context(), Device{Address: device("n"), Endpoint: "192.0.2.1:443"}))
	print := first.Fingerprint(setting("n", "user", "a"), "password", schema.NewSecret("x"))
	ok(t, first.Close())
	second := open(t, path, Options{})
	if _, found, err := second.Device(t.Context(), device("n")); err != nil || !found {
		t.Errorf("device not found: %v", err)
	}
	if second.Fingerprint(setting("n", "user", "a"), "password", schema.NewSecret("x")) != print {
		t.Error("the key changed")
	}
}

const rows = 200

// closed makes a store with some devices in it and returns its path.
func closed(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	for i := range rows {
		ok(t, s.SaveSeen(t.Context(), Device{Address: device(name(i)), Endpoint: strings.Repeat("x", 200)}))
	}
	ok(t, s.Close())
	return path
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db := must[*sql.DB](t)(openFile(path))
	_, err := db.Exec(statement)
	ok(t, errors.Join(err, db.Close()))
}

func TestWhatIsNotOursIsRefusedAndLeftAsItIs(t *testing.T) {
	tests := map[string]struct {
		spoil  func(t *testing.T, path string)
		family error
		advice string
	}{
		"empty":            {func(t *testing.T, path string) { ok(t, os.Truncate(path, 0)) }, ErrDamaged, "Restore a backup with camform state restore FILE"},
		"header only":      {func(t *testing.T, path string) { ok(t, os.Truncate(path, 100)) }, ErrDamaged, "camform state restore FILE"},
		"half":             {func(t *testing.T, path string) { ok(t, os.Truncate(path, 40000)) }, ErrDamaged, "camform state restore FILE"},
		"text":             {func(t *testing.T, path string) { ok(t, os.WriteFile(path, []byte(strings.Repeat("text ", 50)), 0o600)) }, ErrDamaged, "camform state restore FILE"},
		"overwritten page": {func(t *testing.T, path string) { overwrite(t, path, 8192, strings.Repeat("\xff", 4096)) }, ErrDamaged, "camform state restore FILE"},
		"another program":  {func(t *testing.T, path string) { execute(t, path, "PRAGMA application_id = 7") }, ErrForeign, "choose another path"},
		"newer": {func(t *testing.T, path string) {
			execute(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
		}, ErrNewer, "use the newer camform"},
		"without check": {func(t *testing.T, path string) { execute(t, path, "DELETE FROM meta") }, ErrDamaged, "check value"},
		"key missing":   {func(t *testing.T, path string) { ok(t, os.Remove(path+".key")) }, ErrKey, "restore a backup with camform state restore FILE"},
		"key of another": {func(t *testing.T, path string) {
			ok(t, os.WriteFile(path+".key", []byte(strings.Repeat("ab", 32)), 0o600))
		}, ErrKey, "belongs to a different database"},
		"key cut":            {func(t *testing.T, path string) { ok(t, os.Truncate(path+".key", 20)) }, ErrKey, "64 hexadecimal digits"},
		"key of all":         {func(t *testing.T, path string) { ok(t, os.Chmod(path+".key", 0o640)) }, ErrKey, "chmod 600"},
		"a directory":        {func(t *testing.T, path string) { ok(t, os.Remove(path)); ok(t, os.Mkdir(path, 0o700)) }, nil, "readable and writable"},
		"a key as directory": {func(t *testing.T, path string) { ok(t, os.Remove(path+".key")); ok(t, os.Mkdir(path+".key", 0o700)) }, nil, "key of the state database"},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			path := closed(t)
			tt.spoil(t, path)
			before, _ := os.ReadFile(path)
			_, err := Open(t.Context(), path, Options{})
			if err == nil || !errors.Is(err, tt.family) && tt.family != nil || !strings.Contains(err.Error(), tt.advice) {
				t.Fatalf("got %v, want %v with %q", err, tt.family, tt.advice)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

func overwrite(t *testing.T, path string, offset int64, text string) {
	t.Helper()
	file := must[*os.File](t)(os.OpenFile(path, os.O_RDWR, 0))
	_, err := file.WriteAt([]byte(text), offset)
	ok(t, errors.Join(err, file.Close()))
}

// Wherever a file is cut, it is refused or nothing is missing; it never counts as new.
func TestACutFileNeverStartsEmpty(t *testing.T) {
	path := closed(t)
	s := open(t, path, Options{})
	// A long text lies in pages of its own at the end. SQLite would read what is cut off there as zeros, and find nothing wrong.
	ok(t, s.SaveUses(t.Context(), []Uses{{Device: device("long"), Told: []byte(strings.Repeat("x", 20_000))}}))
	ok(t, s.Close())
	whole := must[[]byte](t)(os.ReadFile(path))
	page, refused := int(binary.BigEndian.Uint16(whole[16:])), 0
	for length := 0; length < len(whole); length += 777 {
		ok(t, os.WriteFile(path, whole[:length], 0o600))
		s, err := Open(t.Context(), path, Options{})
		if err != nil {
			wantError(t, err, ErrDamaged)
			refused++
			continue
		}
		if length%page != 0 {
			t.Errorf("cut to %d bytes, within a page: it is opened", length)
		}
		if n := len(must[[]Device](t)(s.AllDevices(t.Context()))); n != rows {
			t.Errorf("cut to %d of %d bytes: %d devices are left", length, len(whole), n)
		}
		ok(t, s.Close())
	}
	if refused < len(whole)/777-10 {
		t.Errorf("only %d cuts were noticed", refused)
	}
}

func TestPathThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	ok(t, os.WriteFile(file, nil, 0o600))
	if _, err := Open(t.Context(), filepath.Join(file, "state.db"), Options{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want an error that names the path", err)
	}
}

func TestAKeyWithoutADatabaseIsUsed(t *testing.T) {
	path := closed(t)
	before := must[[]byte](t)(os.ReadFile(path + ".key"))
	ok(t, os.Remove(path))
	s := open(t, path, Options{})
	if after := must[[]byte](t)(os.ReadFile(path + ".key")); string(after) != string(before) {
		t.Error("the key was replaced")
	}
	if devices := must[[]Device](t)(s.AllDevices(t.Context())); len(devices) != 0 {
		t.Errorf("%d devices in a new database", len(devices))
	}
}

// openTogether opens a path many times at once and has everybody write.
func openTogether(t *testing.T, path string) {
	t.Helper()
	const n = 8
	var wg sync.WaitGroup
	errs := make([]error, n)
	prints := make([]string, n)
	for i := range n {
		wg.Go(func() {
			s, err := Open(context.Background(), path, Options{})
			if err != nil {
				errs[i] = err
				return
			}
			prints[i] = s.Fingerprint(schema.Setting{}, "a", schema.NewSecret("b"))
			err = s.SaveSeen(context.Background(), Device{Address: device(name(i))})
			errs[i] = errors.Join(err, s.Close())
		})
	}
	wg.Wait()
	for i := range n {
		ok(t, errs[i])
		if prints[i] != prints[0] {
			t.Error("two keys are in use")
		}
	}
	s := open(t, path, Options{})
	if devices := must[[]Device](t)(s.AllDevices(t.Context())); len(devices) != n {
		t.Errorf("%d devices were saved, want %d", len(devices), n)
	}
}

func TestManyMayCreateAStoreAtOnce(t *testing.T) {
	openTogether(t, filepath.Join(t.TempDir(), "state.db"))
}

func TestManyMayBringTheTablesUpToDateAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	var databases []*sql.DB
	for range 6 {
		db := must[*sql.DB](t)(openFile(path))
		defer func() { _ = db.Close() }()
		ok(t, updateTables(t.Context(), db, goose.DialectSQLite3))
		databases = append(databases, db)
	}
	tables := must[[]string](t)(collect(t.Context(), databases[0], scanText, file(path).listTables()))
	for range 10 {
		for _, table := range tables {
			execute(t, path, "DROP TABLE "+table)
		}
		execute(t, path, "DELETE FROM goose_db_version WHERE version_id > 0")
		var wg sync.WaitGroup
		errs := make([]error, len(databases))
		for i, db := range databases {
			wg.Go(func() { errs[i] = updateTables(context.Background(), db, goose.DialectSQLite3) })
		}
		wg.Wait()
		ok(t, errors.Join(errs...))
		execute(t, path, "INSERT INTO runs VALUES ('r', 'apply', '', '', 0, 0, '')")
	}
}
