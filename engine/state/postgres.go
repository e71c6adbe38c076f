package state

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Schema is the schema of a database of PostgreSQL in which the state is.
const Schema = "camform"

// The advisory locks of a database: that of the one transaction that writes, and that of a process that changes the tables.
const (
	writeLock = applicationID
	tableLock = applicationID + 1
)

// OpenServer opens the state database on a server of PostgreSQL, and makes its tables if there are none. Tables of an older version
// are brought up to date; both need a role that may. The caller must Close the store.
//
// Errors say what to do and belong to ErrGone, ErrRole, ErrNewer, ErrKey, ErrBusy or the families of io/fs.
func OpenServer(ctx context.Context, server Server, options Options) (*Store, error) {
	key, err := server.key()
	if err != nil {
		return nil, err
	}
	if err := provideFolder(server.Folder); err != nil {
		return nil, err
	}
	config, err := server.config(options.Owner)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	r := remote{server.location(), server.User}
	if err := r.check(ctx, db, key, server.KeyAt); err != nil {
		return nil, errors.Join(r.classify(err), db.Close())
	}
	d := describe(db, r, filepath.Join(server.Folder, "postgres-"+fingerprint(key, "lineage")[:8]), options)
	d.key, d.keyAt = key, server.KeyAt
	return start(ctx, d, options)
}

// remote is the dialect of PostgreSQL, for a database on a server.
type remote struct {
	location, user string
}

// check brings the tables up to date, and refuses a database that belongs to another key.
func (r remote) check(ctx context.Context, db *sql.DB, key []byte, keyAt string) error {
	if err := r.upToDate(ctx, db); err != nil {
		return err
	}
	value, err := checkOf(ctx, db)
	if err == nil && value == "" {
		if _, err = db.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ('key_check', $1) ON CONFLICT (name) DO NOTHING`, keyCheck(key)); err == nil {
			value, err = checkOf(ctx, db)
		}
	}
	if err == nil && value != keyCheck(key) {
		err = fmt.Errorf("%w: %s does not have the key that %s was created with, and without it no fingerprint in the state means anything. Copy the key from a machine where camform works",
			ErrKey, keyAt, r.location)
	}
	return err
}

// upToDate makes sure that the tables have the version that this camform knows. A role that only uses them is enough where they do.
func (r remote) upToDate(ctx context.Context, db *sql.DB) error {
	provider, err := tables(db, goose.DialectPostgres)
	if err != nil {
		return err
	}
	have, err := r.version(ctx, db)
	if err != nil {
		return err
	}
	switch want := lastMigration(provider); {
	case have > want:
		return newer(have, want)
	case have < want:
		err = r.update(ctx, db)
		if errors.Is(r.classify(err), ErrRole) {
			err = fmt.Errorf("%w: the tables in %s have version %d, this camform needs %d, and %q may not change them; run camform state list once as the role that owns the schema %s",
				ErrRole, r.location, have, want, r.user, Schema)
		}
		return err
	}
	return nil
}

// version is that of the tables, 0 if there are none.
func (r remote) version(ctx context.Context, db *sql.DB) (version int64, err error) {
	var there bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'goose_db_version')`, Schema).Scan(&there); err != nil || !there {
		return 0, err
	}
	err = db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	return version, err
}

// update brings the tables up to date while nobody else does.
func (r remote) update(ctx context.Context, db *sql.DB) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, tableLock); err != nil {
		return err
	}
	defer func() {
		_, failure := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, tableLock)
		err = errors.Join(err, failure)
	}()
	if _, err := conn.ExecContext(ctx, `DO 'BEGIN IF to_regnamespace(''`+Schema+`'') IS NULL THEN CREATE SCHEMA `+Schema+`; END IF; END'`); err != nil {
		return err
	}
	return updateTables(ctx, db, goose.DialectPostgres)
}

// beginning takes a lock that every transaction of the writer takes. So transactions come one after the other, as they do in
// SQLite: none has to be repeated, and a statement sees all that was committed before.
func (r remote) beginning() []string {
	return []string{"BEGIN", fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", writeLock)}
}

// lost reports whether an error says that the connection is gone.
func (r remote) lost(err error) bool { return errors.Is(r.classify(err), ErrGone) }

// overwrite does nothing: the server keeps what was deleted until it cleans up, and in its log and backups longer.
func (r remote) overwrite(context.Context, *sql.DB) error { return nil }

func (r remote) listTables() string {
	return `SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = '` + Schema + `' AND tablename NOT LIKE 'goose%' ORDER BY tablename`
}

// lastIDs asks each sequence itself: the views of the server show nothing of one to a role that may not read it.
func (r remote) lastIDs(tx *transaction) (map[string]int64, error) {
	tables, err := collect(context.Background(), tx, scanText, `SELECT table_name::text FROM information_schema.columns
		WHERE table_schema = '`+Schema+`' AND is_identity = 'YES' AND table_name NOT LIKE 'goose%'`)
	if err != nil {
		return nil, err
	}
	ids := map[string]int64{}
	for _, table := range tables {
		found, err := idsByTable(tx, `SELECT '`+table+`', CASE WHEN is_called THEN last_value ELSE 0 END FROM `+table+`_id_seq`)
		if err != nil {
			return nil, err
		}
		ids[table] = found[table]
	}
	return ids, nil
}

func (r remote) startAfter(tx *transaction, table string, id int64) error {
	_, err := tx.Exec(`SELECT setval(CAST($1 AS TEXT)::regclass, $2)`, table+"_id_seq", id)
	return err
}

func (r remote) tidy(*sql.Conn) {}

// classify gives errors of the server and of the connection to it their family.
func (r remote) classify(err error) error {
	var fault *pgconn.PgError
	switch {
	case err == nil || errors.Is(err, ErrGone) || errors.Is(err, ErrRole):
		return err
	case errors.As(err, &fault):
		return r.fault(fault, err)
	case unreachable(err):
		return fmt.Errorf("%w: %s; run again when it answers: the last write may or may not have succeeded, and the next run finds out (%w)", ErrGone, r.location, err)
	default:
		return err
	}
}

// unreachable reports whether an error is one of the connection.
func unreachable(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		pgconn.SafeToRetry(err) && !errors.Is(err, context.Canceled)
}

// fault gives an error of the server its family, by the class of its code.
func (r remote) fault(fault *pgconn.PgError, err error) error {
	class := fault.Code[:min(2, len(fault.Code))]
	switch {
	case fault.Code == "42501":
		return fmt.Errorf("%w: %q in %s: %s. Use a role that may; the README describes them under \"A state for a team\"", ErrRole, r.user, r.location, fault.Message)
	case fault.Code == "22021" || fault.Code == "22P05":
		return fmt.Errorf("%w: PostgreSQL stores no text that contains a NUL or is not UTF-8; remove it from the configuration (%w)", ErrText, err)
	case fault.Code == "55P03":
		return fmt.Errorf("%w: %s could not be locked within %v, since another process is writing; wait for it to end, or find it there with: "+
			"SELECT pid, application_name, client_addr FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted (%w)",
			ErrBusy, r.location, busyTimeout, err)
	case fault.Code == "53100":
		return fmt.Errorf("%w: %s; make room on the disk of the server and run again (%w)", ErrFull, r.location, err)
	case fault.Code == "25006":
		return fmt.Errorf("%w: %s accepts no writes, since it is a replica of another server; name that server (%w)", fs.ErrPermission, r.location, err)
	case class == "28":
		return fmt.Errorf("%w: the server rejects the login of %q at %s; check the user and the password of the state block (%w)", fs.ErrPermission, r.user, r.location, err)
	case fault.Code == "3D000":
		return fmt.Errorf("%w: there is no database at %s; create it as described in the README under \"A state for a team\" (%w)", fs.ErrNotExist, r.location, err)
	case class == "08" || class == "57" && fault.Code != "57014" || fault.Code == "25P03":
		return fmt.Errorf("%w: %s; run again when it answers: the last write may or may not have succeeded, and the next run finds out (%w)", ErrGone, r.location, err)
	case fault.Code == "XX001" || fault.Code == "XX002":
		return fmt.Errorf("%w: %s: %w. camform left it as it is; ask the administrator of the server", ErrDamaged, r.location, err)
	default:
		return fmt.Errorf("state database %s: %w", r.location, err)
	}
}
