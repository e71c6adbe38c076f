package state

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// rowsAtOnce is how many rows one statement adds, so that a server is not asked once for each.
const rowsAtOnce = 50

// copyRows adds the rows of a table in another database, of either sort, to that table here; where is a clause that chooses among
// them, or empty. Rows that the table has stay as they are. Told, which may be nil, learns how many rows were read so far; its error
// ends the copy.
func copyRows(tx *transaction, from querier, table, where string, told func(rows int64) error) error {
	ctx := context.Background()
	columns, err := columnsOf(ctx, from, table)
	if err != nil {
		return err
	}
	here, err := columnsOf(ctx, tx, table)
	if err != nil {
		return err
	}
	fit := fitting(columns, here)
	rows, err := from.QueryContext(ctx, strings.TrimSpace(`SELECT `+fit.selected()+` FROM `+table+` `+where))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var waiting []any
	var count int64
	for rows.Next() {
		row, err := fit.scan(rows)
		if err != nil {
			return err
		}
		waiting = append(waiting, row...)
		if count++; count%rowsAtOnce != 0 {
			continue
		}
		if err := fit.insert(tx, table, rowsAtOnce, waiting); err != nil {
			return err
		}
		waiting = nil
		if told != nil {
			if err := told(count); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for row := range slices.Chunk(waiting, len(columns)) {
		if err := fit.insert(tx, table, 1, row); err != nil {
			return err
		}
	}
	return nil
}

// field is a column of a table, with the type that its database gives it.
type field struct {
	name   string
	binary bool
	truth  bool // whether it is true or false, which SQLite has no type for
}

func columnsOf(ctx context.Context, q querier, table string) ([]field, error) {
	rows, err := q.QueryContext(ctx, `SELECT * FROM `+table+` LIMIT 0`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var columns []field
	for _, t := range types {
		sort := t.DatabaseTypeName()
		columns = append(columns, field{name: t.Name(), binary: sort == "BLOB" || sort == "BYTEA", truth: sort == "BOOL"})
	}
	return columns, rows.Err()
}

// fit are the columns of rows that are copied, as they are in the table that takes them.
type fit []field

func fitting(from, to []field) fit {
	f := slices.Clone(from)
	for i := range f {
		at := slices.IndexFunc(to, func(c field) bool { return c.name == f[i].name })
		f[i].truth = at >= 0 && to[at].truth
	}
	return f
}

// selected are the columns, and for each that is binary whether it is null: an empty one is read from SQLite as if it were.
func (f fit) selected() string {
	var all []string
	for _, c := range f {
		all = append(all, `"`+c.name+`"`)
	}
	for _, c := range f {
		if c.binary {
			all = append(all, `CASE WHEN "`+c.name+`" IS NULL THEN 1 ELSE 0 END`)
		}
	}
	return strings.Join(all, ", ")
}

// scan reads a row as the table that takes it has it.
func (f fit) scan(rows *sql.Rows) ([]any, error) {
	values := make([]any, len(f))
	targets := make([]any, len(f))
	for i := range values {
		targets[i] = &values[i]
	}
	nulls := make([]int64, len(f))
	for i, c := range f {
		if c.binary {
			targets = append(targets, &nulls[i])
		}
	}
	if err := rows.Scan(targets...); err != nil {
		return nil, err
	}
	for i, c := range f {
		number, isNumber := values[i].(int64)
		truth, isTruth := values[i].(bool)
		bytes, _ := values[i].([]byte)
		switch {
		case c.binary && nulls[i] != 0:
			values[i] = nil
		case c.binary && bytes == nil:
			values[i] = []byte{}
		case c.truth && isNumber:
			values[i] = number != 0
		case !c.truth && isTruth && truth:
			values[i] = int64(1)
		case !c.truth && isTruth:
			values[i] = int64(0)
		}
	}
	return values, nil
}

// insert adds some rows, whose values come one after the other.
func (f fit) insert(tx *transaction, table string, rows int, values []any) error {
	var names, places []string
	for _, c := range f {
		names = append(names, `"`+c.name+`"`)
	}
	for row := range rows {
		var group []string
		for i := range f {
			group = append(group, fmt.Sprintf("$%d", row*len(f)+i+1))
		}
		places = append(places, "("+strings.Join(group, ", ")+")")
	}
	_, err := tx.Exec(fmt.Sprintf(`INSERT INTO %s (%s) VALUES %s ON CONFLICT DO NOTHING`, table, strings.Join(names, ", "), strings.Join(places, ", ")), values...)
	return err
}
