package state

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// sealedTables are the tables with texts that are sealed with the keys of the vault, and what distinguishes their rows.
var sealedTables = []struct {
	name string
	key  []string
}{
	{"secrets", []string{"name", "version"}},
	{"snapshots", []string{"run", "device", "path"}},
}

// sealedText is one sealed text of a table.
type sealedText struct {
	key  []any
	text []byte
}

// resealed is how many sealed texts are in memory at a time.
const resealed = 64

// resealTable replaces the sealed texts of a table, some at a time: snapshots may be more than fits into memory.
func resealTable(tx *transaction, table string, key []string, reseal func([]byte) ([]byte, error)) error {
	scan := func(rows *sql.Rows) (sealedText, error) {
		s := sealedText{key: make([]any, len(key))}
		to := []any{&s.text}
		for i := range s.key {
			to = append(to, &s.key[i])
		}
		err := rows.Scan(to...)
		return s, err
	}
	columns := strings.Join(key, ", ")
	first := fmt.Sprintf(`SELECT sealed, %s FROM %s ORDER BY %s LIMIT %d`, columns, table, columns, resealed)
	next := fmt.Sprintf(`SELECT sealed, %s FROM %s WHERE (%s) > (%s) ORDER BY %s LIMIT %d`, columns, table, columns, places(1, len(key)), columns, resealed)
	var same []string
	for i, column := range key {
		same = append(same, fmt.Sprintf("%s = $%d", column, i+2))
	}
	update := fmt.Sprintf(`UPDATE %s SET sealed = $1 WHERE %s`, table, strings.Join(same, " AND "))
	some, err := collect(context.Background(), tx, scan, first)
	for err == nil && len(some) > 0 {
		for _, old := range some {
			fresh, err := reseal(old.text)
			if err != nil {
				return fmt.Errorf("table %s: %w", table, err)
			}
			if _, err := tx.Exec(update, append([]any{fresh}, old.key...)...); err != nil {
				return err
			}
		}
		some, err = collect(context.Background(), tx, scan, next, some[len(some)-1].key...)
	}
	return err
}

// places are so many parameters of a statement, from the first of them on.
func places(first, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("$%d", first+i)
	}
	return strings.Join(all, ", ")
}
