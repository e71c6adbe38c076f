package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"camform/engine/atomicfile"
	"camform/engine/ours"
)

const (
	busyTimeout   = 30 * time.Second // how long a write waits for other processes
	applicationID = 0x63616d66       // "camf" in the header of the file
	connections   = 8                // one writes, the others read
)

// openFile opens a database file as it is. Every transaction takes the right to write when it begins, so that it never
// has to be repeated, and is on the disk when it ends.
func openFile(path string) (*sql.DB, error) {
	return connect(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)"},
	})
}

// openCopy opens a database file that nobody else uses, and keeps it one file.
func openCopy(path string) (*sql.DB, error) {
	return connect(path, url.Values{"_pragma": {"journal_mode(DELETE)"}})
}

// openToRead opens a database file that may be damaged, and leaves it as it is.
func openToRead(path string) (*sql.DB, error) { return connect(path, url.Values{"mode": {"ro"}}) }

func connect(path string, query url.Values) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("state database: %w", err)
	}
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("state database %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// provide makes sure that there are a database and a key at path, and returns the key. The key is there before the
// database, and the database appears complete: another process never sees half of it, nor does the next run after a crash.
func provide(ctx context.Context, path string) ([]byte, error) {
	if err := provideFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	_, err := os.Stat(path)
	switch {
	case err == nil:
		return readKey(path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("state database: %w", err)
	}
	key, err := createKey(path)
	if err != nil {
		return nil, err
	}
	return key, create(ctx, path, key)
}

// Folder is the name of the folder that camform makes for itself beside a configuration.
const Folder = ".camform"

// ignored keeps the state and what is derived from it out of a repository.
const ignored = "# Written by camform: the files in here belong to this machine, not in a repository.\n*\n"

// provideFolder makes sure that there is the folder of a state, and that nobody else could have put the state into it. One of our
// own is kept out of repositories.
func provideFolder(path string) error {
	info, err := os.Lstat(path)
	own := filepath.Base(path) == Folder
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("directory of the state database: %w", err)
		}
		if !own {
			return nil
		}
		if err := atomicfile.Create(filepath.Join(path, ".gitignore"), []byte(ignored), 0o644); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("directory of the state database: %w", err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("directory of the state database: %w", err)
	case own && info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%w: %s is a link, which could have come with a repository; remove it, or name the location of the state in the configuration", ErrFolder, path)
	}
	if err := ours.Written(path); err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return nil
}

// create makes a database under another name and gives it its own when it is complete. It is no error if somebody else
// was faster.
func create(ctx context.Context, path string, key []byte) error {
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails
	temporary := path + ".new-" + hex.EncodeToString(random)
	defer func() { _ = os.Remove(temporary) }()
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("new state database: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("new state database: %w", err)
	}
	db, err := openFile(temporary)
	if err != nil {
		return err
	}
	err = fill(ctx, db, key)
	if err = errors.Join(err, db.Close()); err != nil {
		return classify(path, err)
	}
	if err := atomicfile.Publish(temporary, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("new state database: %w", err)
	}
	return nil
}

func fill(ctx context.Context, db *sql.DB, key []byte) error {
	if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
		return err
	}
	if err := updateTables(ctx, db, goose.DialectSQLite3); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ('key_check', $1)`, keyCheck(key))
	return err
}

// openChecked opens a database that exists, refuses one that is not as it should be, and brings it up to date.
func openChecked(ctx context.Context, path string, key []byte) (*sql.DB, error) {
	if err := checkHeader(path); err != nil {
		return nil, err
	}
	db, err := openFile(path)
	if err != nil {
		return nil, err
	}
	if err := check(ctx, db, path, key); err != nil {
		_ = db.Close()
		return nil, classify(path, err)
	}
	return db, nil
}

// checkHeader looks at the file without SQLite, which would take an empty file for a new database.
func checkHeader(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("the state database must be readable and writable: %w", err)
	}
	defer func() { _ = file.Close() }()
	var header [100]byte
	if _, err := file.ReadAt(header[:], 0); err != nil {
		return damaged(path, "it is truncated")
	}
	if strings.HasPrefix(placeholder, string(header[:])) {
		return damaged(path, "a restore of it was interrupted")
	}
	if string(header[:16]) != "SQLite format 3\x00" {
		return damaged(path, "its header is not that of a database")
	}
	if err := checkSize(file, path, int64(binary.BigEndian.Uint16(header[16:]))); err != nil {
		return err
	}
	if id := binary.BigEndian.Uint32(header[68:]); id != applicationID {
		return fmt.Errorf("%w: %s is a database of another program; choose another path", ErrForeign, path)
	}
	return nil
}

// checkSize refuses a file that ends within a page: SQLite would read the rest of it as zeros. While there is a log, the file
// may be shorter than it will be.
func checkSize(file *os.File, path string, page int64) error {
	if page == 1 {
		page = 1 << 16 // which does not fit into the header
	}
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("state database: %w", err)
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return nil
	}
	if page == 0 || info.Size()%page != 0 {
		return damaged(path, "it is truncated")
	}
	return nil
}

func check(ctx context.Context, db *sql.DB, path string, key []byte) error {
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return damaged(path, verdict)
	}
	if err := updateTables(ctx, db, goose.DialectSQLite3); err != nil {
		return err
	}
	switch value, err := checkOf(ctx, db); {
	case err != nil:
		return err
	case value == "":
		return damaged(path, "the check value of its key is missing")
	case value != keyCheck(key):
		return fmt.Errorf("%w: %s belongs to a different database than %s; put the right key there, or restore a backup with camform state restore FILE", ErrKey, keyPath(path), path)
	}
	return nil
}

// file is the dialect of SQLite, for a database in a file at a path.
type file string

func (file) beginning() []string { return []string{"BEGIN IMMEDIATE"} }

func (file) lost(error) bool { return false }

func (f file) classify(err error) error { return classify(string(f), err) }

// overwrite removes from the files what was deleted: pages of the database are cleared by secure_delete, and the log, which
// still has them, is emptied.
func (f file) overwrite(ctx context.Context, db *sql.DB) error {
	var busy, frames, done int
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &done); err != nil {
		return f.classify(err)
	}
	if busy != 0 {
		return fmt.Errorf("%w: everything has been sealed with the new key, but another process is reading %s, and %s-wal keeps the old sealed texts until all processes have ended", ErrBusy, f, f)
	}
	return nil
}

func (file) listTables() string {
	return `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY name`
}

func (file) lastIDs(tx *transaction) (map[string]int64, error) {
	return idsByTable(tx, `SELECT name, seq FROM sqlite_sequence WHERE name NOT LIKE 'goose%'`)
}

func (file) startAfter(tx *transaction, table string, id int64) error {
	if _, err := tx.Exec(`DELETE FROM sqlite_sequence WHERE name = $1`, table); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)`, table, id)
	return err
}

// tidy folds the write-ahead log into the database file. It fails harmlessly while another process reads: the last one to close
// does it.
func (file) tidy(writer *sql.Conn) {
	_, _ = writer.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
}

func damaged(path, how string) error {
	return fmt.Errorf("%w: %s: %s. camform left it as it is. Restore a backup with camform state restore FILE, which keeps the damaged "+
		"file. Without a backup, first copy %s and %s to a safe place: the vault in it may hold the only copy of your passwords",
		ErrDamaged, path, how, path, keyPath(path))
}

// classify gives errors of the database their family and says what to do. Other errors stay as they are.
func classify(path string, err error) error {
	var fault *sqlite.Error
	if !errors.As(err, &fault) {
		return err
	}
	switch fault.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return damaged(path, fault.Error())
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		advice := holder(path)
		if advice == "" {
			advice = "end the other process or try again"
		}
		return fmt.Errorf("%w: %s could not be locked within %v; %s (%w)", ErrBusy, path, busyTimeout, advice, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %s; make room on the disk and run again (%w)", ErrFull, path, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("%w: %s and its directory must be writable (%w)", fs.ErrPermission, path, err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("%w: %s; check the disk, then run again (%w)", ErrFailed, path, err)
	default:
		return fmt.Errorf("state database %s: %w", path, err)
	}
}
