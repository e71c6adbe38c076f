package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// Extract is the part of the records about devices that a plan needs: without the key, without what the vault sealed, and without
// what people did. It holds no secret, and is a map of the network.
type Extract struct {
	Lineage string           `json:"lineage"`
	Tables  int64            `json:"tables"` // version of the tables
	Rows    map[string][]row `json:"rows"`   // by table; the cells are in the order of the columns in extracts
}

// row is the cells of a row. One is a string, an integer or bytes, or null.
type row []cell

// extracts are what is taken out of a state. What stands behind a column is put in its place.
var extracts = []struct{ table, columns, of string }{
	{"devices", deviceColumns, ""},
	{"settings", "device, kind, item, applied, observed, fingerprints, created, pending_reboot, run, at", ""},
	{"capabilities", "model, firmware, path, body, missing, at", ""},
	{"secrets", "name, version, status, created, sent, proven, tried, run, note, uncertain", ""},
	{"uses", "device, told, read_at", ""},
	{"owed", "device, kind, item, account, origin, since", ""},
	{"fingerprint_names", "device, name", ""},
	{"outputs", "name, type, value, mark, sensitive", ""},
	{"nodes", "serial, firmware, path, at", ""},
	{"cases", "id, device, custody, generation, about", ""},
	{"case_events", "case_id, seq, event", ""},
	{"intents", intentColumns, `WHERE device IN (SELECT device FROM intents WHERE instr(steps, '"action":"` + PutBack + `"') > 0)`},
}

// orders are by the first columns, by how many there are: no table of an extract has two rows that are the same in three of them.
var orders = []string{"", "1", "1, 2", "1, 2, 3"}

// sealedInstead are the columns of the vault that an extract lacks, with what stands there: nothing opens it.
const sealedInstead = ", sealed"

// Extract takes out the records of the state about devices.
func (f *Fleet) Extract(ctx context.Context) (Extract, error) {
	s := f.Key.database
	last, err := extractVersion()
	if err != nil {
		return Extract{}, err
	}
	e := Extract{Lineage: f.Lineage(), Tables: last, Rows: map[string][]row{}}
	for _, x := range extracts {
		width := strings.Count(x.columns, ",") + 1
		scan := func(rows *sql.Rows) (row, error) {
			r, into := make(row, width), make([]any, width)
			for i := range r {
				into[i] = &r[i]
			}
			return r, rows.Scan(into...)
		}
		if e.Rows[x.table], err = read(ctx, s, scan, `SELECT `+x.columns+` FROM `+x.table+` `+x.of+` ORDER BY `+orders[min(width, len(orders)-1)]); err != nil {
			return Extract{}, err
		}
	}
	return e, nil
}

// extractVersion is the version of the tables that this camform takes extracts of.
func extractVersion() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/sqlite/*.sql") // in the order of their numbers
	if err != nil || len(files) == 0 {
		return 0, errors.Join(err, errors.New("this is a bug: there are no migrations"))
	}
	number, _, _ := strings.Cut(path.Base(files[len(files)-1]), "_")
	return strconv.ParseInt(number, 10, 64)
}

// OpenExtract opens a state with nothing but an extract of another one. It is in the memory of the process, and gone when it is closed.
// Its lineage is that of the other state, and its key is of no use: no fingerprint that it makes is like one of the other state.
//
// The error is ErrOtherTables for an extract that another version of camform took, and ErrDamaged for one with rows that no state has.
func OpenExtract(ctx context.Context, e Extract, options Options) (*Store, error) {
	last, err := extractVersion()
	if err != nil {
		return nil, err
	}
	if e.Tables != last {
		return nil, fmt.Errorf("%w: its tables have version %d, and those of this camform %d", ErrOtherTables, e.Tables, last)
	}
	db, err := openMemory()
	if err != nil {
		return nil, err
	}
	d := describe(db, inMemory{}, "", options)
	d.key, d.lineage = make([]byte, keySize), e.Lineage
	_, _ = rand.Read(d.key) // never fails
	if err := fill(ctx, db, d.key); err != nil {
		return nil, errors.Join(fmt.Errorf("state in memory: %w", err), db.Close())
	}
	if err := e.put(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return start(ctx, d, options)
}

// put writes the rows into an empty database.
func (e Extract) put(ctx context.Context, db *sql.DB) error {
	known := map[string]bool{}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, x := range extracts {
		known[x.table] = true
		width := strings.Count(x.columns, ",") + 1
		columns, places := x.columns, "$1"
		for i := 2; i <= width; i++ {
			places += fmt.Sprintf(", $%d", i)
		}
		if x.table == "secrets" {
			columns, places = columns+sealedInstead, places+", x''"
		}
		for _, r := range e.Rows[x.table] {
			if len(r) != width {
				return fmt.Errorf("%w: a row of the table %s has %d columns", ErrDamaged, x.table, len(r))
			}
			values := make([]any, width)
			for i, c := range r {
				values[i] = c.value
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO `+x.table+` (`+columns+`) VALUES (`+places+`)`, values...); err != nil {
				return fmt.Errorf("%w: table %s: %w", ErrDamaged, x.table, err)
			}
		}
	}
	for table := range e.Rows {
		if !known[table] {
			return fmt.Errorf("%w: an extract has no table %q", ErrDamaged, table)
		}
	}
	return tx.Commit()
}

// cell is a value of a database: a string, an int64, bytes or nil.
type cell struct{ value any }

// Scan takes a value as drivers give it.
func (c *cell) Scan(value any) error {
	switch v := value.(type) {
	case []byte:
		c.value = append([]byte{}, v...)
	case string, int64, nil:
		c.value = v
	case bool: // which SQLite has no type for
		c.value = int64(0)
		if v {
			c.value = int64(1)
		}
	default:
		return fmt.Errorf("this is a bug: a column of the type %T", value)
	}
	return nil
}

// bytesCell is how bytes stand in JSON.
type bytesCell struct {
	Bytes string `json:"bytes"`
}

// MarshalJSON writes bytes as an object, so that they are not taken for a text.
func (c cell) MarshalJSON() ([]byte, error) {
	if b, ok := c.value.([]byte); ok {
		return json.Marshal(bytesCell{base64.StdEncoding.EncodeToString(b)})
	}
	return json.Marshal(c.value)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *cell) UnmarshalJSON(text []byte) error {
	switch {
	case string(text) == "null":
		c.value = nil
		return nil
	case text[0] == '"':
		var s string
		err := json.Unmarshal(text, &s)
		c.value = s
		return err
	case text[0] == '{':
		var shape bytesCell
		if err := json.Unmarshal(text, &shape); err != nil {
			return err
		}
		b, err := base64.StdEncoding.DecodeString(shape.Bytes)
		c.value = b
		return err
	}
	var n int64
	err := json.Unmarshal(text, &n)
	c.value = n
	return err
}

// openMemory opens an empty database that no other process and no other caller sees. All connections share it for as long as one is
// open.
func openMemory() (*sql.DB, error) {
	query := url.Values{"vfs": {"memdb"}, "_txlock": {"immediate"}, "_pragma": {fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: "/camform-" + rand.Text(), RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("state in memory: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// inMemory is the dialect of SQLite for a database that has no file.
type inMemory struct{ file }

func (inMemory) classify(err error) error { return classify("in memory", err) }

func (inMemory) overwrite(context.Context, *sql.DB) error { return nil }

func (inMemory) tidy(*sql.Conn) {}
