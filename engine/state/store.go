package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"camform/schema"
)

// Store is an open state database: its parts, and what closes it. Code that needs one of them takes that part, or an interface
// of what it uses. Only who opens a store holds all of it.
type Store struct {
	*Fleet
	*Runs
	*Approvals
	*AuditLog
	*Backups
	*database
}

// Fleet are the parts about devices, which plans and applies work with. The others are about the people who run camform.
type Fleet struct {
	*Key
	*Devices
	*Settings
	*Leases
	*Journal
	*Attempts
	*Secrets
	*Snapshots
	*Capabilities
	*Consumers
	*Debts
	*Renames
	*Cases
	*Nodes
	*Outputs
}

// join makes the parts of a database.
func join(d *database) *Store {
	leases := &Leases{d}
	settings, secrets := &Settings{d, leases}, &Secrets{d, leases}
	fleet := &Fleet{
		Key: &Key{d}, Devices: &Devices{d, leases}, Settings: settings, Leases: leases,
		Journal: &Journal{d, leases, settings, secrets}, Attempts: &Attempts{d}, Secrets: secrets,
		Snapshots: &Snapshots{d, leases}, Capabilities: &Capabilities{database: d}, Consumers: &Consumers{d}, Debts: &Debts{d}, Renames: &Renames{d, leases}, Cases: &Cases{d},
		Nodes: &Nodes{d}, Outputs: &Outputs{d},
	}
	return &Store{Fleet: fleet, Runs: &Runs{d}, Approvals: &Approvals{d}, AuditLog: &AuditLog{d}, Backups: &Backups{d, leases}, database: d}
}

// database is what all parts of a store share.
type database struct {
	dialect
	path  string // of the file; of a database on a server, what the names of our own files about it begin with; empty for one in memory
	keyAt string // where the key is, for people
	now   func() time.Time
	owner Owner
	alive func(pid int) bool
	from  string
	key   []byte

	despite bool   // whether it is used although it does not count
	lineage string // of the state that it is an extract of; empty for one of its own

	restored string // the row restoredRow when it was opened
	named    atomic.Pointer[names]

	db     *sql.DB
	reads  *prepared
	writer *sql.Conn // used by the goroutine in serve only
	writes *prepared // likewise
	tail   auditTail // likewise

	jobs    chan *job
	closing chan struct{}
	served  chan struct{} // closed when serve has ended

	once   sync.Once
	closed error // of the first Close
}

// Options are what a store needs to know about the world and about who uses it.
type Options struct {
	Now   func() time.Time // nil for time.Now
	Owner Owner            // appears in leases, for people, and tells whether their owner still lives

	// From is where the process runs, for the audit log. Where it is empty, it is the name of the host, and the page of the
	// CI job by the variables of GitLab, GitHub or Jenkins in the environment.
	From string

	// Moves are other names that devices are to get. The store already shows them under these to commands that only read
	// devices; MoveDevices gives them to devices.
	Moves schema.Moves

	// despite opens a state that does not count; see valid.
	despite bool

	// Alive reports whether a process of this machine runs; nil asks the operating system.
	Alive func(pid int) bool
}

// Owner is who uses a store.
type Owner struct {
	Who       string // "user@host"
	PID       int
	Operation string // "apply"
	Version   string // of camform
}

// Open opens the state database at path, and creates it together with its directory and its key if it does not exist. A
// database of an older version is brought up to date. The caller must Close the store.
//
// Errors say what to do and belong to ErrDamaged, ErrForeign, ErrNewer, ErrKey, ErrBusy, ErrFull or the families of io/fs.
func Open(ctx context.Context, path string, options Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("the path of the state database: %w", err)
	}
	key, err := provide(ctx, path)
	if err != nil {
		return nil, err
	}
	db, err := openChecked(ctx, path, key)
	if err != nil {
		return nil, err
	}
	d := describe(db, file(path), path, options)
	d.key, d.keyAt = key, keyPath(path)
	return start(ctx, d, options)
}

// start makes a store of a database that was checked. It closes the database if that fails.
func start(ctx context.Context, d *database, options Options) (*Store, error) {
	if err := d.connect(ctx); err != nil {
		return nil, errors.Join(d.classify(err), d.db.Close())
	}
	d.jobs, d.closing, d.served = make(chan *job), make(chan struct{}), make(chan struct{})
	go d.serve()
	s := join(d)
	if err := d.ready(ctx, options); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// ready reads what a store must know of its database, and removes what is old.
func (s *database) ready(ctx context.Context, options Options) (err error) {
	if err := s.valid(ctx, s.reads); err != nil {
		return s.classify(err)
	}
	if s.restored, err = lastRestore(ctx, s.reads); err != nil {
		return s.classify(err)
	}
	if err := s.readNames(ctx, options.Moves); err != nil {
		return err
	}
	if s.despite {
		return nil
	}
	if err := s.prune(ctx); err != nil && !errors.Is(err, ErrRole) { // who may not do it leaves it to others
		return fmt.Errorf("old rows of the state database: %w", err)
	}
	return nil
}

// connect gives the writer a connection of its own, replacing the one that it had.
func (s *database) connect(ctx context.Context) error {
	if s.writer != nil {
		_ = errors.Join(s.writes.close(), s.writer.Close()) // what is lost cannot be closed
		s.db.SetMaxIdleConns(-1)                            // those that wait were cut as well, it may be
		s.db.SetMaxIdleConns(connections)
	}
	writer, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	s.writer, s.writes = writer, prepare(writer)
	return nil
}

// describe is a database that is only read.
func describe(db *sql.DB, dialect dialect, path string, options Options) *database {
	s := &database{dialect: dialect, path: path, now: options.Now, owner: options.Owner, alive: options.Alive, from: options.From, despite: options.despite, db: db, reads: prepare(db)}
	s.named.Store(&names{}) // those of the rows; see readNames
	if s.now == nil {
		s.now = time.Now
	}
	if s.alive == nil {
		s.alive = alive
	}
	if s.from == "" {
		s.from = whereFrom(os.Getenv)
	}
	return s
}

// Close finishes the writes under way and tidies the database up. Writes that come later fail
// with ErrClosed. Closing twice does no harm.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closing)
		<-s.served
		err := errors.Join(s.writes.close(), s.reads.close())
		s.tidy(s.writer)
		s.closed = s.classify(errors.Join(err, s.writer.Close(), s.db.Close()))
	})
	return s.closed
}

// stamp is how a time is stored: microseconds since 1970, 0 for the zero time.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment is the time of a stamp, in UTC.
func moment(stamp int64) time.Time {
	if stamp == 0 {
		return time.Time{}
	}
	return time.UnixMicro(stamp).UTC()
}

// collect runs a query and makes a value of every row.
func collect[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		value, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	return all, rows.Err()
}

// querier reads committed data, or what a transaction sees.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// dialect is what is particular to one sort of database. All else is common to both.
type dialect interface {
	// beginning are the statements with which a transaction begins, and waits until it is the only one of all processes that writes.
	beginning() []string

	// lost reports whether an error says that the connection is gone, and another one may do.
	lost(err error) bool

	// classify gives errors of the database their family and says what to do. Other errors stay as they are.
	classify(err error) error

	// overwrite removes what was deleted from where the database keeps it.
	overwrite(ctx context.Context, db *sql.DB) error

	// listTables is the query for the names of all tables of the state, without that of the migrations.
	listTables() string

	// lastIDs are the greatest ids that tables have given to rows, for tables that number their rows.
	lastIDs(tx *transaction) (map[string]int64, error)

	// startAfter lets a table give greater ids than one to new rows.
	startAfter(tx *transaction, table string, id int64) error

	// tidy is done before the database is closed.
	tidy(writer *sql.Conn)
}

// read is collect on committed data, with an error for people.
func read[T any](ctx context.Context, s *database, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	all, err := collect(ctx, s.reads, scan, query, args...)
	if err != nil {
		return nil, s.classify(err)
	}
	return all, nil
}
