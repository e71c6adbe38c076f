package state

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"camform/engine/atomicfile"
	"camform/engine/auditlog"
)

// Backups are copies of the whole state in one file each: a tar file, compressed with gzip. The programs tar, age and sqlite3
// read it without camform.
//
//	manifest.json  when and from what state it was made, with the hash of the database
//	key.age        the key that lies beside the state, sealed for the vault; not there without a vault
//	state.db       the database as it was at one moment
//
// Nothing in it is a password, an identity or a key in clear. The key of the fingerprints must not lie beside them: with it
// passwords can be guessed from the state and from plan files. So only those get it who can open the vault, and they can read
// the passwords anyway. Without a vault the key has to be kept elsewhere.
type Backups struct {
	*database
	leases *Leases
}

// Manifest says what a backup is.
type Manifest struct {
	Format   string    `json:"format"`
	Made     time.Time `json:"made"`
	Version  string    `json:"version"`   // of camform
	KeyCheck string    `json:"key_check"` // of the key of the state; tells nothing about it
	Hash     string    `json:"sha256"`    // of the database
	Secrets  int       `json:"secrets"`   // names in the vault
	Devices  int       `json:"devices"`
}

const (
	backupFormat = "camform state backup 1"
	partLimit    = 1 << 20 // of what is not the database, in bytes

	manifestPart = "manifest.json"
	keyPart      = "key.age"
	databasePart = "state.db"
)

// ErrBackup says that a file cannot be restored from.
var ErrBackup = errors.New("the backup cannot be used")

// Save writes a backup to a file, which is complete, checked and on the disk when it gets its name. Seal seals the key of the
// state for the vault; it is nil where there is none. Publish gives the file its name: atomicfile.Publish, or
// atomicfile.Supersede to replace a file. The backup has the record of itself in its audit log.
func (s *Backups) Save(
	ctx context.Context, path string, seal func([]byte) ([]byte, error), publish func(temporary, path string) error,
) (Manifest, error) {
	err := s.write(ctx, func(tx *transaction) error {
		return s.appendAudit(tx, auditlog.Record{Action: auditlog.StateBackedUp, Detail: path})
	})
	if err != nil {
		return Manifest{}, err
	}
	return s.save(ctx, path, seal, publish)
}

func (s *Backups) save(
	ctx context.Context, path string, seal func([]byte) ([]byte, error), publish func(temporary, path string) error,
) (m Manifest, err error) {
	folder, err := scratchIn(filepath.Dir(path))
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	m = Manifest{Format: backupFormat, Made: s.now().UTC().Truncate(time.Microsecond), Version: s.owner.Version, KeyCheck: keyCheck(s.key)}
	copied := filepath.Join(folder, databasePart)
	if _, err := s.db.ExecContext(ctx, `VACUUM INTO $1`, copied); err != nil {
		return m, s.classify(err)
	}
	if err := m.describe(ctx, copied); err != nil {
		return m, err
	}
	var sealed []byte
	if seal != nil {
		if sealed, err = seal([]byte(hex.EncodeToString(s.key))); err != nil {
			return m, fmt.Errorf("key of the state database: %w", err)
		}
	}
	temporary := filepath.Join(folder, "backup")
	if err := atomicfile.CreateBy(temporary, 0o600, func(w io.Writer) error { return m.pack(w, sealed, copied) }); err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	again, err := openBackup(ctx, temporary, folder)
	if err != nil {
		return m, fmt.Errorf("the file just written cannot be read back: %w", err)
	}
	if err := again.Close(); err != nil {
		return m, err
	}
	return m, publish(temporary, path)
}

// leftFor is far longer than a backup takes.
const leftFor = time.Hour

// scratchIn makes a folder in a directory, in which files are made. A process that is killed leaves its own behind, which nothing
// reads: those of processes of this machine that are gone are taken away first. Containers may share the name of a machine and not
// its processes, so what is younger than leftFor stays.
func scratchIn(dir string) (folder string, err error) {
	host, _ := os.Hostname() // where it is unknown, all machines have one name, and processes differ by their ids
	sum := sha256.Sum256([]byte(host))
	ours := fmt.Sprintf(".camform-%x-", sum[:4])
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		rest, found := strings.CutPrefix(e.Name(), ours)
		owner, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(owner)
		if !found || !e.IsDir() || err != nil || pid <= 0 || alive(pid) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > leftFor {
			_ = os.RemoveAll(filepath.Join(dir, e.Name())) // the next process tries again
		}
	}
	return os.MkdirTemp(dir, fmt.Sprintf("%s%d-*", ours, os.Getpid()))
}

// describe fills in what the copy of a database says, after a check of all of it.
func (m *Manifest) describe(ctx context.Context, path string) (err error) {
	db, err := openCopy(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := intact(ctx, db); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, `SELECT (SELECT COUNT(DISTINCT name) FROM secrets), (SELECT COUNT(*) FROM devices)`).
		Scan(&m.Secrets, &m.Devices); err != nil {
		return err
	}
	m.Hash, err = hashOf(path)
	return err
}

// intact checks all of a database.
func intact(ctx context.Context, db *sql.DB) error {
	var verdict string
	err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict)
	if err == nil && verdict != "ok" {
		err = errors.New(verdict)
	}
	return err
}

func hashOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return hex.EncodeToString(hash.Sum(nil)), err
}

// pack writes the parts of a backup.
func (m Manifest) pack(w io.Writer, sealed []byte, database string) error {
	packed := gzip.NewWriter(w)
	parts := tar.NewWriter(packed)
	text, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = m.add(parts, manifestPart, append(text, '\n'))
	}
	if err == nil && sealed != nil {
		err = m.add(parts, keyPart, sealed)
	}
	if err == nil {
		err = m.addFile(parts, databasePart, database)
	}
	return errors.Join(err, parts.Close(), packed.Close())
}

func (m Manifest) header(name string, size int64) *tar.Header {
	return &tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: m.Made.Truncate(time.Second)}
}

func (m Manifest) add(parts *tar.Writer, name string, text []byte) error {
	err := parts.WriteHeader(m.header(name, int64(len(text))))
	if err == nil {
		_, err = parts.Write(text)
	}
	return err
}

func (m Manifest) addFile(parts *tar.Writer, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err == nil {
		err = parts.WriteHeader(m.header(name, info.Size()))
	}
	if err == nil {
		_, err = io.Copy(parts, file)
	}
	return err
}

// Backup is a backup that was opened: a copy of its database that was checked and brought up to date, for reading. The caller
// must Close it.
type Backup struct {
	Manifest
	Secrets *Secrets
	Key     *Key // without a key: it opens nothing

	file   string
	sealed []byte // the key, for the vault; nil if it is not there
	folder string // where the copy lies
}

// OpenBackup reads a backup, which is to be used with the state at a path: a copy of its database lies in the folder of that as
// long as the backup is open. The error of a file that is not whole belongs to ErrBackup, of one of a newer camform to ErrNewer.
func OpenBackup(ctx context.Context, file, path string) (*Backup, error) {
	folder := filepath.Dir(path)
	if err := provideFolder(folder); err != nil {
		return nil, err
	}
	return openBackup(ctx, file, folder)
}

func openBackup(ctx context.Context, file, folder string) (*Backup, error) {
	scratch, err := scratchIn(folder)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	b := &Backup{file: file, folder: scratch}
	if err := b.open(ctx); err != nil {
		_ = os.RemoveAll(scratch)
		return nil, err
	}
	return b, nil
}

func (b *Backup) open(ctx context.Context) error {
	copied := filepath.Join(b.folder, databasePart)
	if err := b.unpack(copied); err != nil {
		return err
	}
	db, err := openCopy(copied)
	if err != nil {
		return err
	}
	if err := b.check(ctx, db, copied); err != nil {
		return errors.Join(err, db.Close())
	}
	d := describe(db, file(b.file), b.file, Options{})
	d.keyAt = keyPath(b.file)
	b.Secrets, b.Key = &Secrets{d, &Leases{d}}, &Key{d}
	return nil
}

func (b *Backup) check(ctx context.Context, db *sql.DB, path string) error {
	if err := checkHeader(path); err != nil {
		return b.unusable(err)
	}
	if err := intact(ctx, db); err != nil {
		return b.unusable(err)
	}
	if err := updateTables(ctx, db, goose.DialectSQLite3); err != nil {
		return fmt.Errorf("%s: %w", b.file, err)
	}
	var check string
	if err := db.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = 'key_check'`).Scan(&check); err != nil {
		return b.unusable(err)
	}
	if check != b.KeyCheck {
		return b.unusable(errors.New("its database does not match its manifest"))
	}
	return nil
}

// Close removes the copy.
func (b *Backup) Close() error {
	d := b.Secrets.database
	return errors.Join(d.reads.close(), d.db.Close(), os.RemoveAll(b.folder))
}

// unusable is the error of a backup that is not whole. It does not belong to the families of a state.
func (b *Backup) unusable(err error) error {
	return fmt.Errorf("%w: %s is damaged or not a camform backup: %v; use another one", ErrBackup, b.file, err)
}

// unpack reads the parts of a backup, and writes its database to a path.
func (b *Backup) unpack(path string) error {
	file, err := os.Open(b.file)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { _ = file.Close() }()
	packed, err := gzip.NewReader(file)
	if err != nil {
		return b.unusable(err)
	}
	parts := tar.NewReader(packed)
	if err := b.readParts(parts, path); err != nil {
		return b.unusable(err)
	}
	if b.Format != backupFormat {
		return b.unusable(fmt.Errorf("it does not say %q", backupFormat))
	}
	if _, err := io.Copy(io.Discard, packed); err != nil { // to the end, where the checksum of all of it is
		return b.unusable(err)
	}
	hash, err := hashOf(path)
	if err == nil && hash != b.Hash {
		err = errors.New("its database does not match the hash in its manifest")
	}
	if err != nil {
		return b.unusable(err)
	}
	return nil
}

func (b *Backup) readParts(parts *tar.Reader, path string) error {
	for {
		header, err := parts.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch header.Name {
		case manifestPart:
			text, err := io.ReadAll(io.LimitReader(parts, partLimit))
			if err == nil {
				err = json.Unmarshal(text, &b.Manifest)
			}
			if err != nil {
				return err
			}
		case keyPart:
			if b.sealed, err = io.ReadAll(io.LimitReader(parts, partLimit)); err != nil {
				return err
			}
		case databasePart:
			if err := createFrom(path, parts); err != nil {
				return err
			}
		default:
			return fmt.Errorf("it has an unknown part %q", header.Name)
		}
	}
}

func createFrom(path string, from io.Reader) error {
	return atomicfile.CreateBy(path, 0o600, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}
