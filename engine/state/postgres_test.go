package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"camform/engine/state/pgtest"
	"camform/schema"
)

// Both sorts of database have the same tables, so that what one has fits into the other.
func TestBothSortsOfDatabaseHaveTheSameTables(t *testing.T) {
	here, _ := newStore(t)
	there := open(t, newServer(t), Options{})
	columns := func(s *Store) map[string][]string {
		all := map[string][]string{}
		for _, table := range must[[]string](t)(read(t.Context(), s.database, scanText, s.listTables())) {
			rows := must[*sql.Rows](t)(s.db.QueryContext(t.Context(), `SELECT * FROM `+table+` LIMIT 0`))
			all[table] = must[[]string](t)(rows.Columns())
			ok(t, rows.Close())
		}
		return all
	}
	if diff := cmp.Diff(columns(here), columns(there)); diff != "" {
		t.Errorf("-SQLite +PostgreSQL\n%s", diff)
	}
	ours, theirs := must[int64](t)(versionOf(here.db)), must[int64](t)(versionOf(there.db))
	if ours != theirs {
		t.Errorf("SQLite has version %d, PostgreSQL %d: every migration is for both", ours, theirs)
	}
}

func versionOf(db *sql.DB) (version int64, err error) {
	err = db.QueryRow(`SELECT MAX(version_id) FROM goose_db_version`).Scan(&version)
	return version, err
}

// Of several processes that find no tables, one makes them.
func TestManyMayCreateAStoreOnAServerAtOnce(t *testing.T) {
	server := pgtest.Shared(t)
	at := complete(Server{Host: server.Dir, Port: server.Port, Folder: t.TempDir(), Database: server.Empty(t)})
	errs := make(chan error)
	for range 6 {
		go func() {
			s, err := OpenServer(context.Background(), at, Options{})
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range 6 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// The server proves who it is, unless nothing leaves this machine; and it never gets to see the password.
func TestAServerIsKnownBeforeItIsTrusted(t *testing.T) {
	server := pgtest.Shared(t)
	other, _, err := pgtest.Certificate()
	ok(t, err)
	database := onServerDatabase(t, server)
	server.Exec(t, "postgres", `DO 'BEGIN IF to_regrole(''camform_plain'') IS NULL THEN CREATE ROLE camform_plain LOGIN PASSWORD ''pw of plain''; END IF; END'`)
	at := func(change func(*Server)) Server {
		s := complete(Server{Host: "127.0.0.1", Port: server.Port, Folder: t.TempDir(), Database: database, Authorities: server.Authorities})
		change(&s)
		return s
	}
	for name, tt := range map[string]struct {
		server Server
		want   string // in the error; empty where it connects
	}{
		"its certificate":                   {at(func(*Server) {}), ""},
		"its certificate for a name":        {at(func(s *Server) { s.Host = "localhost" }), ""},
		"without TLS on this machine":       {at(func(s *Server) { s.Authorities = nil }), ""},
		"over a socket":                     {at(func(s *Server) { s.Host, s.Authorities = server.Dir, nil }), ""},
		"the certificate of somebody else":  {at(func(s *Server) { s.Authorities = other }), "certificate"},
		"another name than the certificate": {at(func(s *Server) { s.Host = "127.0.0.2" }), "127.0.0.2"},
		"no certificate in the file":        {at(func(s *Server) { s.Authorities = []byte("none") }), "no PEM certificate"},
		"a wrong password":                  {at(func(s *Server) { s.Password = schema.NewSecret("another") }), "rejects the login"},
		"a server that wants the password":  {at(func(s *Server) { s.User, s.Password = "camform_plain", schema.NewSecret("pw of plain") }), "require_auth"},
		"no password for one that wants it": {at(func(s *Server) { s.Password = schema.NewSecret("") }), "require_auth"},
		"another key":                       {at(func(s *Server) { s.Key = schema.NewSecret(strings.Repeat("0e", 32)) }), "does not have the key"},
		"no key":                            {at(func(s *Server) { s.Key = schema.NewSecret("ab") }), "openssl rand -hex 32"},
		"no such database":                  {at(func(s *Server) { s.Database = "absent" }), "there is no database"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := OpenServer(t.Context(), tt.server, Options{})
			if err == nil {
				ok(t, s.Close())
			}
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), pgtest.Password) || strings.Contains(err.Error(), "pw of plain")) {
				t.Errorf("the password is in %v", err)
			}
		})
	}
}

// Outside of this machine there is no connection without TLS, whatever the environment says.
func TestNothingIsSentInClear(t *testing.T) {
	t.Setenv("PGSSLMODE", "disable")
	t.Setenv("PGHOST", "elsewhere.example")
	t.Setenv("PGREQUIREAUTH", "password")
	t.Setenv("PGOPTIONS", "-c synchronous_commit=off")
	for host, plain := range map[string]bool{"db.example.com": false, "192.0.2.7": false, "localhost": true, "127.0.0.1": true, "::1": true, "/run/postgresql": true, "localhost.example.com": false} {
		c, err := complete(Server{Host: host, Port: 5432, Database: "d"}).config(Owner{})
		ok(t, err)
		if (c.TLSConfig == nil) != plain || c.TLSConfig != nil && (c.TLSConfig.InsecureSkipVerify || c.TLSConfig.ServerName != host) {
			t.Errorf("%s: TLS %+v", host, c.TLSConfig)
		}
		if c.Host != host || len(c.Fallbacks) > 0 || c.RequireAuth != "scram-sha-256" || c.RuntimeParams["options"] != "" || c.RuntimeParams["synchronous_commit"] != "on" {
			t.Errorf("%s: %+v", host, c)
		}
	}
}

// A name that is said to be this machine, and is another one, gets nothing without TLS.
func TestThisMachineIsThisMachine(t *testing.T) {
	server := Server{Host: "localhost"}
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	defer func() { _ = listener.Close() }()
	conn := must[net.Conn](t)(server.dial(t.Context(), "tcp", listener.Addr().String()))
	ok(t, conn.Close())
	for _, ip := range outside(t) {
		other, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
		if err != nil {
			continue
		}
		defer func() { _ = other.Close() }()
		if conn, err := server.dial(t.Context(), "tcp", other.Addr().String()); err == nil {
			_ = conn.Close()
			t.Errorf("%s counts as localhost", ip)
		}
	}
}

// outside are addresses of this machine that are not loopback.
func outside(t *testing.T) (found []string) {
	for _, a := range must[[]net.Addr](t)(net.InterfaceAddrs()) {
		if network, is := a.(*net.IPNet); is && network.IP.To4() != nil && !network.IP.IsLoopback() {
			found = append(found, network.IP.String())
		}
	}
	return found
}

// A text that the server cannot keep is refused, with what else the write had, and harms no other write.
func TestATextThatTheServerCannotKeepIsSaid(t *testing.T) {
	s := open(t, newServer(t), Options{})
	_, err := s.PutSecret(t.Context(), "a", []byte("sealed \x00"), "note \x00")
	wantError(t, err, ErrText)
	if !strings.Contains(err.Error(), "NUL") {
		t.Error(err)
	}
	_, err = s.PutSecret(t.Context(), "b", []byte("sealed \x00"), "\xff")
	wantError(t, err, ErrText)
	must[int](t)(s.PutSecret(t.Context(), "c", []byte("sealed \x00\xff"), "note"))
	if all := must[[]SecretVersion](t)(s.AllSecrets(t.Context())); len(all) != 1 || string(all[0].Sealed) != "sealed \x00\xff" {
		t.Errorf("there is %v", all)
	}
	wantWhole(t, s, 1)
}

// A store whose connections were cut works again with the next write, and reports the outcome of the one in between.
func TestAConnectionThatWasCutIsReplaced(t *testing.T) {
	server := pgtest.Shared(t)
	path := onServer(t, server)
	s := open(t, path, Options{})
	must[int](t)(s.PutSecret(t.Context(), "a", []byte("1"), ""))
	cut := func() {
		server.Exec(t, "postgres", fmt.Sprintf(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '%s'`, databaseOf(path)))
	}
	cut()
	must[int](t)(s.PutSecret(t.Context(), "a", []byte("2"), ""))
	err := s.write(t.Context(), func(tx *transaction) error {
		if _, err := tx.Exec(`UPDATE secrets SET note = 'half'`); err != nil {
			return err
		}
		cut()
		_, err := tx.Exec(`UPDATE secrets SET note = 'whole'`)
		return err
	})
	wantError(t, err, ErrGone)
	must[int](t)(s.PutSecret(t.Context(), "a", []byte("3"), ""))
	all := must[[]SecretVersion](t)(s.AllSecrets(t.Context()))
	if len(all) != 3 || all[1].Note != "" || all[2].Note != "" {
		t.Errorf("there is %+v", all)
	}
	wantWhole(t, s, 3)
}

// After a crash of the server everything is there that a method confirmed, and nothing of what it did not.
func TestI2ACrashOfTheServerLosesNothing(t *testing.T) {
	server := pgtest.Own(t)
	s := open(t, onServer(t, server), Options{})
	lease := acquire(t, s, "n", "r1")
	first := must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT", Document: "/a"}))
	server.Crash()
	_, err := s.Begin(t.Context(), lease, Intent{Method: "PUT", Document: "/b"})
	wantError(t, err, ErrGone)
	if _, err := s.OpenIntents(t.Context(), device("n")); !errors.Is(err, ErrGone) {
		t.Errorf("without a server, intents are read with %v", err)
	}
	ok(t, server.Start())
	if left := must[[]Intent](t)(s.OpenIntents(t.Context(), device("n"))); len(left) != 1 || left[0].ID != first {
		t.Errorf("open are %v, want %d", left, first)
	}
	ok(t, s.Finish(t.Context(), lease, first, Done, nil, nil))
	wantWhole(t, s, 2)
}

// A transaction that stands still is ended by the server, before those who wait for it give up.
func TestNobodyKeepsOthersFromWritingForEver(t *testing.T) {
	s := open(t, newServer(t), Options{})
	ms := func(name string) (ms int) {
		ok(t, s.db.QueryRow(`SELECT setting FROM pg_settings WHERE name = $1`, name).Scan(&ms))
		return ms
	}
	if idle, wait := ms("idle_in_transaction_session_timeout"), ms("lock_timeout"); idle == 0 || idle >= wait {
		t.Errorf("one that stands still is ended after %d ms, and others wait for %d ms", idle, wait)
	}
}

// A server that no longer answers is not waited for without end.
func TestAServerThatIsSilentIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		conn := &patient{Conn: near}
		begun := time.Now()
		_, err := conn.Read(make([]byte, 1))
		if network, is := errors.AsType[net.Error](err); !is || !network.Timeout() || time.Since(begun) != answerTimeout {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		wantError(t, remote{}.classify(err), ErrGone)
		ok(t, conn.SetDeadline(time.Now().Add(time.Second)))
		begun = time.Now()
		if _, err := conn.Read(make([]byte, 1)); err == nil || time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		ok(t, conn.SetReadDeadline(time.Time{}))
		go func() { _, _ = io.WriteString(far, "x") }()
		if n, err := conn.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// Errors of jobs and of callers are not taken for those of the connection.
func TestErrorsOfOthersStayAsTheyAre(t *testing.T) {
	for _, err := range []error{nil, ErrLeaseLost, sql.ErrNoRows, fs.ErrNotExist, context.Canceled} {
		if got := (remote{}).classify(err); !errors.Is(got, err) || errors.Is(got, ErrGone) {
			t.Errorf("%v became %v", err, got)
		}
	}
}
