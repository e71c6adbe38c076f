package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"camform/engine/auditlog"
	"camform/engine/state/pgtest"
	"camform/schema"
)

// placeOf is the place of a store of a test.
func placeOf(path string) Place {
	if at, ok := servers.Load(path); ok {
		return Place{Server: complete(at.(Server))}
	}
	return Place{File: path}
}

// emptyServer is a place on a server without a state, with the key of one.
func emptyServer(t testing.TB, key []byte) (path string) {
	t.Helper()
	path = newServer(t)
	at, _ := servers.Load(path)
	server := at.(Server)
	pgtest.Shared(t).Exec(t, server.Database, fmt.Sprintf(`UPDATE meta SET value = '%s' WHERE name = 'key_check'`, keyCheck(key)))
	t.Cleanup(func() {
		pgtest.Shared(t).Exec(t, server.Database, fmt.Sprintf(`UPDATE meta SET value = '%s' WHERE name = 'key_check'`, keyCheck(must[[]byte](t)(complete(server).key()))))
	})
	return path
}

// keyed is a place with the key of a state.
func keyed(path string, key []byte) Place {
	p := placeOf(path)
	if p.File == "" {
		p.Server.Key = schema.NewSecret(fmt.Sprintf("%x", key))
	}
	return p
}

// crowded is a state in a file with odd rows in every table of the schema, whatever tables there are.
func crowded(t testing.TB) *Store {
	t.Helper()
	s := remembering(t)
	var rowsToAdd []func(*transaction) error
	for _, table := range tablesOf(t, s) {
		if table == "meta" || table == "audit_log" {
			continue // whose rows have a meaning
		}
		rows := must[*sql.Rows](t)(s.db.QueryContext(t.Context(), `SELECT * FROM `+table+` LIMIT 1`))
		columns := must[[]*sql.ColumnType](t)(rows.ColumnTypes())
		ok(t, rows.Close())
		for n := range 120 { // more than go into one statement
			names, places, values := []string{}, []string{}, []any{}
			for i, c := range columns {
				names, places = append(names, c.Name()), append(places, fmt.Sprintf("$%d", i+1))
				values = append(values, odd(c, n))
			}
			add := `INSERT OR REPLACE INTO ` + table + ` (` + strings.Join(names, ", ") + `) VALUES (` + strings.Join(places, ", ") + `)`
			rowsToAdd = append(rowsToAdd, func(tx *transaction) error {
				if _, err := tx.Exec(add, values...); err != nil && !strings.Contains(err.Error(), "CHECK") {
					return fmt.Errorf("table %s: %w", table, err)
				}
				return nil
			})
		}
	}
	ok(t, s.write(t.Context(), func(tx *transaction) (err error) {
		for _, add := range rowsToAdd {
			err = errors.Join(err, add(tx))
		}
		return err
	}))
	return s
}

// odd is a value for a column that could get lost on the way.
func odd(c *sql.ColumnType, n int) any {
	name := c.Name()
	switch {
	case name == "created" || name == "pending_reboot":
		return n % 2
	case name == "held":
		return 0
	case name == "device":
		return device(fmt.Sprint(n, "\n日本")).String()
	case c.DatabaseTypeName() == "BLOB" && name == "body" && n%3 == 0:
		return nil
	case c.DatabaseTypeName() == "BLOB":
		return []byte("\x00\xff'" + strings.Repeat("x", n))[:n%5]
	case c.DatabaseTypeName() == "INTEGER":
		return int64(n)<<40 + 1
	case n%7 == 0 && name != "outcome":
		return fmt.Sprintf("%d", n)
	}
	return fmt.Sprintf("é\n'\"%%\\ %d 日本", n)
}

func tablesOf(t testing.TB, s *Store) []string {
	t.Helper()
	return must[[]string](t)(read(t.Context(), s.database, scanText, s.listTables()))
}

// everything is every row of every table, without what a state has for itself, in one form for both sorts of database.
func everything(t testing.TB, s *Store) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range tablesOf(t, s) {
		where := ""
		if table == "meta" {
			where = ` WHERE name NOT IN ('` + migratedRow + `', '` + arrivingRow + `')`
		}
		columns := must[[]field](t)(columnsOf(t.Context(), s.reads, table))
		rows := must[*sql.Rows](t)(s.db.QueryContext(t.Context(), `SELECT `+fit(columns).selected()+` FROM `+table+where))
		for rows.Next() {
			f := fit(slices.Clone(columns))
			for i := range f {
				f[i].truth = false // truth as a number
			}
			row := must[[]any](t)(f.scan(rows))
			var cells []string
			for i, value := range row {
				cells = append(cells, fmt.Sprintf("%s=%T:%q", f[i].name, value, fmt.Sprint(value)))
			}
			all[table] = append(all[table], strings.Join(cells, " "))
		}
		ok(t, rows.Err())
		ok(t, rows.Close())
		slices.Sort(all[table])
	}
	return all
}

// Every row of every table goes over, in both directions, and a way there and back gives the same again.
func TestAMigrationBringsEveryRowAlong(t *testing.T) {
	s := crowded(t)
	_, err := s.db.ExecContext(t.Context(), `DELETE FROM intents WHERE id = (SELECT MAX(id) FROM intents)`)
	ok(t, err)
	lineage, path := s.Lineage(), s.path
	ok(t, s.Close())
	there := emptyServer(t, s.key)
	back := filepath.Join(t.TempDir(), "back", "state.db")
	c := &clock{noon}
	options := Options{Now: c.now, Owner: Owner{Who: "ops@host", PID: 8}}

	done := must[Migrated](t)(Migrate(t.Context(), keyed(path, s.key), keyed(there, s.key), options, nil))
	source := must[*Store](t)(Open(t.Context(), path, Options{Now: c.now, despite: true}))
	want := everything(t, source)
	for _, table := range tablesOf(t, source) {
		if len(want[table]) < 2 && table != "vault" {
			t.Errorf("the table %s has %d rows, too few to tell anything", table, len(want[table]))
		}
		if table != "meta" && done.Rows[table] != int64(len(want[table])) {
			t.Errorf("%s: it says %d rows, and there are %d", table, done.Rows[table], len(want[table]))
		}
	}
	remote := must[*Store](t)(OpenServer(t.Context(), keyed(there, s.key).Server, Options{Now: c.now, despite: true}))
	if diff := cmp.Diff(want, everything(t, remote)); diff != "" {
		t.Errorf("(-SQLite +PostgreSQL)\n%s", diff)
	}
	if remote.Lineage() != lineage {
		t.Error("it has another lineage")
	}
	last := lastIDsOf(t, source)
	if got := lastIDsOf(t, remote); !maps.Equal(got, last) {
		t.Errorf("the last ids are %v, want %v", got, last)
	}
	ok(t, source.Close())
	ok(t, remote.Close())

	must[Migrated](t)(Migrate(t.Context(), keyed(there, s.key), Place{File: back}, options, nil))
	remote = must[*Store](t)(OpenServer(t.Context(), keyed(there, s.key).Server, Options{Now: c.now, despite: true}))
	again := open(t, back, Options{Now: c.now, despite: true}) // which removes nothing that is old
	if diff := cmp.Diff(everything(t, remote), everything(t, again)); diff != "" {
		t.Errorf("(-PostgreSQL +SQLite)\n%s", diff)
	}
	ok(t, remote.Close())
	if again.Lineage() != lineage {
		t.Error("it has another lineage")
	}
	if got := lastIDsOf(t, again); !maps.Equal(got, last) {
		t.Errorf("the last ids are %v, want %v", got, last)
	}
	now := everything(t, again)
	for table := range want {
		if table == "meta" || table == "audit_log" {
			continue // which tell of the way back
		}
		if diff := cmp.Diff(want[table], now[table]); diff != "" {
			t.Errorf("%s, there and back: %s", table, diff)
		}
	}
	if findings := must[auditlog.Findings](t)(again.VerifyAudit(t.Context())); findings.Break != nil {
		t.Errorf("the audit log is broken: %+v", findings.Break)
	}
	// An id that the audit log names is not given to another request.
	lease := acquire(t, again, "fresh", "r9")
	if id := must[IntentID](t)(again.Begin(t.Context(), lease, Intent{Method: "PUT", Document: "/x"})); int64(id) <= last["intents"] {
		t.Errorf("the id %d was that of another request", id)
	}
}

func lastIDsOf(t *testing.T, s *Store) (ids map[string]int64) {
	t.Helper()
	ok(t, s.write(t.Context(), func(tx *transaction) (err error) { ids, err = s.lastIDs(tx); return err }))
	return ids
}

// bothWays plays a test of a migration in both directions.
func bothWays(t *testing.T, test func(t *testing.T, s *Store, from, to Place)) {
	t.Run("to a server", func(t *testing.T) {
		s := remembering(t)
		test(t, s, placeOf(s.path), keyed(emptyServer(t, s.key), s.key))
	})
	t.Run("to a file", func(t *testing.T) {
		path := newServer(t)
		s := open(t, path, Options{Now: (&clock{noon}).now, Owner: Owner{"ops@host", 7, "apply", "1.0"}})
		must[int](t)(s.PutSecret(t.Context(), "smtp", []byte("sealed 3"), "of no device"))
		test(t, s, placeOf(path), Place{File: filepath.Join(t.TempDir(), "state.db")})
	})
}

func noonOptions() Options {
	return Options{Now: (&clock{noon}).now, Owner: Owner{Who: "ops@host", PID: 8}, Alive: func(int) bool { return true }}
}

func openPlace(t *testing.T, p Place) *Store {
	t.Helper()
	s, err := p.open(t.Context(), noonOptions())
	ok(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// opens is the error of opening a place.
func opens(t *testing.T, p Place) error {
	t.Helper()
	s, err := p.open(t.Context(), noonOptions())
	if err == nil {
		ok(t, s.Close())
	}
	return err
}

// What was migrated no longer counts: nobody opens it, and who had opened it before writes nothing, no login attempt either.
func TestI5AStateThatWasMigratedIsNotUsed(t *testing.T) {
	bothWays(t, func(t *testing.T, s *Store, from, to Place) {
		asleep := acquire(t, s, "n", "r1")
		ok(t, s.Release(t.Context(), asleep))
		must[Migrated](t)(Migrate(t.Context(), from, to, noonOptions(), nil))
		_, charged := s.Charge(t.Context(), attempt("wrong", 5))
		wantError(t, charged, ErrMigrated)
		wantError(t, s.Record(t.Context(), asleep, nil, nil), ErrMigrated)
		wantError(t, s.BeginRun(t.Context(), Run{ID: "r9"}), ErrMigrated)
		err := opens(t, from)
		wantError(t, err, ErrMigrated)
		for _, part := range []string{to.String(), "camform state migrate -reclaim", "2026-03-01T12:00:00Z"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v does not say %q", err, part)
			}
		}
		_, err = Migrate(t.Context(), from, Place{File: filepath.Join(t.TempDir(), "second.db")}, noonOptions(), nil)
		wantError(t, err, ErrMigrated)
		openPlace(t, to)
	})
}

// While a run holds a device nothing is migrated, and nothing is left behind.
func TestNothingIsMigratedWhileARunHoldsADevice(t *testing.T) {
	bothWays(t, func(t *testing.T, s *Store, from, to Place) {
		lease := acquire(t, s, "n", "r1")
		_, err := Migrate(t.Context(), from, to, noonOptions(), nil)
		if held, is := errors.AsType[HeldErrors](err); !is || held[0].Run != "r1" {
			t.Fatalf("got %v", err)
		}
		if to.File != "" && exists(to.File) {
			t.Error("a state was made")
		}
		ok(t, s.Record(t.Context(), lease, nil, nil))
		ok(t, s.Release(t.Context(), lease))
		must[Migrated](t)(Migrate(t.Context(), from, to, noonOptions(), nil))
	})
}

func TestAStateIsNotMigratedOverAnother(t *testing.T) {
	bothWays(t, func(t *testing.T, s *Store, from, to Place) {
		if to.File != "" {
			ok(t, os.WriteFile(keyPath(to.File), fmt.Appendf(nil, "%x\n", s.key), 0o600))
		}
		other := openPlace(t, to)
		must[int](t)(other.PutSecret(t.Context(), "theirs", []byte("x"), ""))
		before := everything(t, s)
		_, err := Migrate(t.Context(), from, to, noonOptions(), nil)
		wantError(t, err, ErrNotEmpty)
		if diff := cmp.Diff(before, everything(t, s)); diff != "" {
			t.Errorf("the source was changed: %s", diff)
		}
		must[int](t)(s.PutSecret(t.Context(), "ours", []byte("x"), "")) // which still counts
		if v := liveOf(t, other.Secrets, "theirs"); string(v.Sealed) != "x" {
			t.Error("what was there is lost")
		}
	})
}

// The state keeps its key, with which its fingerprints are made.
func TestAMigrationNeedsTheKeyOfTheState(t *testing.T) {
	s := remembering(t)
	_, err := Migrate(t.Context(), placeOf(s.path), placeOf(newServer(t)), noonOptions(), nil)
	wantError(t, err, ErrKey)
	if !strings.Contains(err.Error(), keyPath(s.path)) || !strings.Contains(err.Error(), "env:STATE_KEY") {
		t.Error(err)
	}
	openPlace(t, placeOf(s.path))
}

// manySecrets are more rows than one statement copies.
func manySecrets(t *testing.T, s *Store) {
	t.Helper()
	ok(t, s.write(t.Context(), func(tx *transaction) (err error) {
		for i := range 2 * rowsAtOnce {
			_, failure := tx.Exec(`INSERT INTO secrets (name, version, status, sealed, created, sent, proven, tried, run, note) VALUES ($1, 1, 'live', $2, 1, 0, 0, 0, '', '')`, fmt.Sprint("s", i), []byte("sealed"))
			err = errors.Join(err, failure)
		}
		return err
	}))
}

// A migration that is killed leaves the source as it was, or it is run again and comes to its end; never do both places count, and
// nothing is lost.
func TestAKilledMigrationIsRunAgain(t *testing.T) {
	for _, stage := range []Stage{Copying, Copied, Left} {
		t.Run(fmt.Sprint(stage), func(t *testing.T) {
			bothWays(t, func(t *testing.T, s *Store, from, to Place) {
				manySecrets(t, s)
				before := everything(t, s)
				lineage := s.Lineage()
				killedAt(t, from, to, stage)

				here, there := opens(t, from), opens(t, to)
				switch stage {
				case Copying:
					ok(t, here)
					ok(t, there) // empty
				case Copied:
					ok(t, here)
					wantError(t, there, ErrMigrated)
				case Left:
					wantError(t, here, ErrMigrated)
					wantError(t, there, ErrMigrated)
				}
				if diff := cmp.Diff(before, everything(t, s)); stage != Left && diff != "" {
					t.Errorf("the source was changed: %s", diff)
				}
				if stage != Left {
					must[int](t)(s.PutSecret(t.Context(), "later", []byte("x"), "")) // nobody holds it any more
				}
				done := must[Migrated](t)(Migrate(t.Context(), from, to, noonOptions(), nil))
				if done.Ended != (stage == Left) || done.Rows["secrets"] < 2*int64(rowsAtOnce) {
					t.Errorf("it says %+v", done)
				}
				again := openPlace(t, to)
				if again.Lineage() != lineage {
					t.Error("it has another lineage")
				}
				want, have := everything(t, s), everything(t, again)
				if diff := cmp.Diff(want, have); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
				findings := must[auditlog.Findings](t)(again.VerifyAudit(t.Context()))
				if findings.Break != nil {
					t.Errorf("the audit log is broken: %+v", findings.Break)
				}
			})
		})
	}
}

// The variables that tell another process what to migrate where, and when to stop.
const (
	fromVariable  = "CAMFORM_STATE_FROM"
	toVariable    = "CAMFORM_STATE_TO"
	stageVariable = "CAMFORM_STATE_STAGE"
	keyVariable   = "CAMFORM_STATE_SERVER_KEY"
)

// killedAt lets another process migrate, and kills it at a stage.
func killedAt(t *testing.T, from, to Place, stage Stage) {
	t.Helper()
	describe := func(p Place) string {
		if p.File != "" {
			return p.File
		}
		return p.Server.Database
	}
	server := to.Server
	if to.File != "" {
		server = from.Server
	}
	path := know(Server{Host: server.Host, Port: server.Port, Folder: server.Folder, Database: server.Database})
	t.Setenv(fromVariable, describe(from))
	t.Setenv(toVariable, describe(to))
	t.Setenv(stageVariable, fmt.Sprint(int(stage)))
	t.Setenv(keyVariable, server.Key.Reveal())
	c := startChild(t, migrating, path)
	if line := c.line(t); line != "reached" {
		t.Fatal(line)
	}
	c.kill(t)
}

// migrating is what a child does that opens no store before.
const migrating = "migrate"

// migrateUntilKilled migrates, and stops at a stage.
func migrateUntilKilled(path string) error {
	server, _ := servers.Load(path)
	place := func(text string) Place {
		if filepath.IsAbs(text) {
			return Place{File: text}
		}
		at := complete(server.(Server))
		at.Key = schema.NewSecret(os.Getenv(keyVariable))
		return Place{Server: at}
	}
	_, err := Migrate(context.Background(), place(os.Getenv(fromVariable)), place(os.Getenv(toVariable)), noonOptions(), func(p Progress) {
		if fmt.Sprint(int(p.Reached)) == os.Getenv(stageVariable) {
			fmt.Println("reached")
			select {}
		}
	})
	return err
}

// A migration that is interrupted changes nothing.
func TestAnInterruptedMigrationChangesNothing(t *testing.T) {
	bothWays(t, func(t *testing.T, s *Store, from, to Place) {
		manySecrets(t, s)
		before := everything(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Migrate(ctx, from, to, noonOptions(), func(Progress) { cancel() })
		wantError(t, err, context.Canceled)
		if diff := cmp.Diff(before, everything(t, s)); diff != "" {
			t.Errorf("the source was changed: %s", diff)
		}
		must[Migrated](t)(Migrate(t.Context(), from, to, noonOptions(), nil))
	})
}

// A state whose other place is lost is used again, and no password counts as known that may have changed there.
func TestAMigratedStateIsReclaimed(t *testing.T) {
	bothWays(t, func(t *testing.T, s *Store, from, to Place) {
		_, err := Reclaim(t.Context(), from, noonOptions())
		if err == nil {
			t.Error("what was never migrated is reclaimed")
		}
		must[Migrated](t)(Migrate(t.Context(), from, to, noonOptions(), nil))
		done := must[Reclaimed](t)(Reclaim(t.Context(), from, noonOptions()))
		if done.Place != to.String() || done.Since != noon || done.Secrets == 0 {
			t.Errorf("it says %+v", done)
		}
		again := openPlace(t, from)
		if v := liveOf(t, again.Secrets, "smtp"); v.Uncertain != noon {
			t.Errorf("the password is certain: %+v", v)
		}
		if findings := must[auditlog.Findings](t)(again.VerifyAudit(t.Context())); findings.Break != nil {
			t.Errorf("the audit log is broken: %+v", findings.Break)
		}
	})
}
