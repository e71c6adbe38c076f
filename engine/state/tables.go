package state

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// updateTables brings the tables up to date. When several processes do it at once, one of them does the work and the others
// fail at it, whereupon they find that it is done.
func updateTables(ctx context.Context, db *sql.DB, sort goose.Dialect) error {
	provider, err := tables(db, sort)
	if err != nil {
		return err
	}
	for range len(provider.ListSources()) + 3 {
		have, want, failure := provider.GetVersions(ctx)
		switch err = failure; {
		case err == nil && have > want:
			return newer(have, want)
		case err == nil && have == want:
			return nil
		case err == nil:
			_, err = provider.Up(ctx)
		}
	}
	return fmt.Errorf("tables of the state database: %w", err)
}

// tables are the migrations for a sort of database.
func tables(db *sql.DB, sort goose.Dialect) (*goose.Provider, error) {
	folder := map[goose.Dialect]string{goose.DialectSQLite3: "migrations/sqlite", goose.DialectPostgres: "migrations/postgres"}[sort]
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(sort, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("migrations of the state database: %w", err)
	}
	return provider, nil
}

// lastMigration is the version of tables that this camform knows.
func lastMigration(provider *goose.Provider) int64 {
	sources := provider.ListSources()
	return sources[len(sources)-1].Version
}

func newer(have, want int64) error {
	return fmt.Errorf("%w: its tables have version %d, and this camform supports up to %d; use the newer camform", ErrNewer, have, want)
}

// checkOf is the check value of the key that a database has; empty if it has none.
func checkOf(ctx context.Context, q querier) (string, error) {
	found, err := collect(ctx, q, scanText, `SELECT value FROM meta WHERE name = 'key_check'`)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

// idsByTable are the ids that a query finds, by table.
func idsByTable(tx *transaction, query string) (map[string]int64, error) {
	type row struct {
		table string
		id    int64
	}
	scan := func(rows *sql.Rows) (r row, err error) { return r, rows.Scan(&r.table, &r.id) }
	found, err := collect(context.Background(), tx, scan, query)
	ids := map[string]int64{}
	for _, r := range found {
		ids[r.table] = r.id
	}
	return ids, err
}
