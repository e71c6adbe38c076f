package statetest

import (
	"context"
	"strings"
	"testing"

	"camform/engine/state"
	"camform/engine/state/pgtest"
	"camform/schema"
)

// key is that of all states on servers of tests.
var key = schema.NewSecret(strings.Repeat("0f", 32))

// Server is a state on a server of PostgreSQL, empty, as its owner. The test is skipped where none is installed.
func Server(t testing.TB) state.Server {
	t.Helper()
	return On(t, pgtest.Shared(t))
}

// On is an empty state on a server.
func On(t testing.TB, server *pgtest.Server) state.Server {
	t.Helper()
	at := state.Server{
		Host: server.Dir, Port: server.Port, User: pgtest.Owner, Password: schema.NewSecret(pgtest.Password),
		Key: key, KeyAt: "env:STATE_KEY", Folder: t.TempDir(),
	}
	at.Database = server.Database(t, func(database string) error {
		template := at
		template.Database = database
		s, err := state.OpenServer(context.Background(), template, state.Options{})
		if err != nil {
			return err
		}
		return s.Close()
	})
	return at
}
