// Package pgtest starts servers of PostgreSQL for tests, of what is installed: in a folder of their own, as a user who is not root,
// reached over a socket and over loopback. A test skips aloud where there is none.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Owner is the role that may do everything, and its password.
const (
	Owner    = "postgres"
	Password = "pw of the owner"
)

// Server is a running server.
type Server struct {
	Dir         string // of its socket
	Port        int
	Authorities []byte // PEM of what signed its certificate, which is for 127.0.0.1 and localhost

	binaries string
	alive    io.WriteCloser // the server ends when it is closed, also by the end of this process
	ended    chan struct{}
	durable  bool

	mu        sync.Mutex
	databases int
	free      []string

	connecting sync.Mutex
	known      map[string]*sql.DB
}

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Shared is the server that the tests of this process have together. It forgets everything when the machine stops, so it is fast.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = start(false) })
	return usable(t, shared.server, shared.err)
}

// End stops the shared server, if there is one. It ends with the process in any case.
func End() {
	if shared.server != nil && shared.err == nil {
		shared.server.Stop()
	}
}

// Own is a server that the test may stop. What it confirmed is on the disk.
func Own(t testing.TB) *Server {
	t.Helper()
	server, err := start(true)
	usable(t, server, err)
	t.Cleanup(server.Stop)
	return server
}

var errAbsent = errors.New("PostgreSQL is not installed here: nothing was tested with it; apt-get install postgresql")

func usable(t testing.TB, server *Server, err error) *Server {
	t.Helper()
	if errors.Is(err, errAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("server of PostgreSQL: %v", err)
	}
	return server
}

// find is the folder with the programs of the server, of the newest version.
func find() (string, error) {
	var folders []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Reverse(installed)
	folders = append(folders, installed...)
	if path, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "initdb")); err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, "postgres")); err == nil {
			return folder, nil
		}
	}
	return "", errAbsent
}

// rules are who may log in how. One role is asked for its password in clear.
const rules = `local all all scram-sha-256
hostssl all camform_plain 127.0.0.1/32 password
host all camform_plain 127.0.0.1/32 password
host all all 127.0.0.1/32 scram-sha-256
`

const settings = `listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 16MB
autovacuum = off
jit = off
ssl = on
log_min_messages = fatal
`

func start(durable bool) (*Server, error) {
	binaries, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, binaries: binaries, durable: durable, known: map[string]*sql.DB{}}
	if err := s.make(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, s.Start()
}

// make makes the files of a server.
func (s *Server) make() error {
	certificate, key, err := Certificate()
	if err != nil {
		return err
	}
	s.Authorities = certificate
	password := filepath.Join(s.Dir, "password")
	if err := os.WriteFile(password, []byte(Password+"\n"), 0o600); err != nil {
		return err
	}
	if err := give(s.Dir, password); err != nil {
		return err
	}
	data := filepath.Join(s.Dir, "data")
	initdb := exec.Command(filepath.Join(s.binaries, "initdb"), "-D", data, "-U", Owner, "--pwfile", password,
		"-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions")
	initdb.Dir = s.Dir
	unprivileged(initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	more := settings
	if !s.durable {
		more += "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n"
	}
	config, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err = config.WriteString(more); err != nil {
		return err
	}
	if err := config.Close(); err != nil {
		return err
	}
	for name, text := range map[string][]byte{"pg_hba.conf": []byte(rules), "server.crt": certificate, "server.key": key} {
		path := filepath.Join(data, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
		if err := give(path); err != nil {
			return err
		}
	}
	return nil
}

// Start starts the server again after Stop. It keeps its port.
func (s *Server) Start() error {
	if s.Port == 0 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		s.Port = listener.Addr().(*net.TCPAddr).Port
		if err := listener.Close(); err != nil {
			return err
		}
	}
	// The shell waits for the end of its input, which comes with that of this process at the latest.
	const watch = `"$0" -D "$1" -p "$2" -k "$4" >"$3" 2>&1 </dev/null & server=$!
read -r word
kill -QUIT $server; wait $server
if [ "$word" != keep ]; then rm -rf "$4"; fi`
	cmd := exec.Command("/bin/sh", "-c", watch, filepath.Join(s.binaries, "postgres"), filepath.Join(s.Dir, "data"), strconv.Itoa(s.Port),
		filepath.Join(s.Dir, "log"), s.Dir)
	cmd.Dir = s.Dir
	unprivileged(cmd)
	alive, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.alive, s.ended = alive, make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(s.ended)
	}()
	return s.answers()
}

// answers waits until the server lets somebody in.
func (s *Server) answers() error {
	var err error
	for range 600 {
		if err = s.exec("postgres", "SELECT"); err == nil {
			return nil
		}
		select {
		case <-s.ended:
			log, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
			return fmt.Errorf("it ended: %s", log)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return err
}

// Stop stops the server at once, and takes its files away.
func (s *Server) Stop() { s.stop("") }

// Crash stops the server at once, as a failure of its machine does. Its files stay for Start.
func (s *Server) Crash() { s.stop("keep\n") }

func (s *Server) stop(word string) {
	s.connecting.Lock()
	for _, db := range s.known {
		_ = db.Close()
	}
	clear(s.known)
	s.connecting.Unlock()
	_, _ = io.WriteString(s.alive, word)
	_ = s.alive.Close()
	<-s.ended
}

// Empty is a database without anything in it.
func (s *Server) Empty(t testing.TB) (database string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.databases++
	database = fmt.Sprintf("test_%d", s.databases)
	if err := s.exec("postgres", "CREATE DATABASE "+database); err != nil {
		t.Fatal(err)
	}
	return database
}

// Database is a database with the tables of the state, which fill makes in an empty one. To make one costs far more than to use it
// again, so it is emptied when the test is over, and given to another one.
func (s *Server) Database(t testing.TB, fill func(database string) error) (database string) {
	t.Helper()
	s.mu.Lock()
	if last := len(s.free) - 1; last >= 0 {
		database, s.free = s.free[last], s.free[:last]
	}
	s.mu.Unlock()
	if database == "" {
		database = s.Empty(t)
		if err := fill(database); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if s.exec(database, forget) == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.free = append(s.free, database)
		}
	})
	return database
}

// forget empties all tables of a state but for what makes it one.
const forget = `DO 'DECLARE one text; BEGIN
	FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = ''camform'' AND tablename NOT IN (''goose_db_version'', ''meta'') LOOP
		EXECUTE format(''DELETE FROM camform.%I'', one);
	END LOOP;
	DELETE FROM camform.meta WHERE name <> ''key_check'';
	PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = ''S'' AND relnamespace = ''camform''::regnamespace AND relname NOT LIKE ''goose%'';
END'`

// Exec runs statements in a database as the owner.
func (s *Server) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	if err := s.exec(database, statements...); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) exec(database string, statements ...string) error {
	db, err := s.connected(database)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// connected is a connection to a database, which stays for the next time.
func (s *Server) connected(database string) (*sql.DB, error) {
	s.connecting.Lock()
	defer s.connecting.Unlock()
	if db := s.known[database]; db != nil {
		return db, nil
	}
	db, err := s.open(database)
	if err == nil {
		s.known[database] = db
	}
	return db, err
}

func (s *Server) open(database string) (*sql.DB, error) {
	config, err := pgx.ParseConfig("host=localhost sslmode=disable default_query_exec_mode=simple_protocol search_path=camform,public")
	if err != nil {
		return nil, err
	}
	config.Host, config.Port, config.User, config.Password, config.Database = s.Dir, uint16(s.Port), Owner, Password, database
	return stdlib.OpenDB(*config), nil
}
