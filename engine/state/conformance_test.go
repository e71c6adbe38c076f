package state_test

import (
	"path/filepath"
	"testing"

	"camform/engine/state"
	"camform/engine/state/statetest"
)

func TestAttempts(t *testing.T)  { onBoth(t, statetest.Attempts) }
func TestLeases(t *testing.T)    { onBoth(t, statetest.Leases) }
func TestSecrets(t *testing.T)   { onBoth(t, statetest.Secrets) }
func TestJournal(t *testing.T)   { onBoth(t, statetest.Journal) }
func TestSettings(t *testing.T)  { onBoth(t, statetest.Settings) }
func TestDevices(t *testing.T)   { onBoth(t, statetest.Devices) }
func TestSnapshots(t *testing.T) { onBoth(t, statetest.Snapshots) }
func TestOwed(t *testing.T)      { onBoth(t, statetest.Owed) }
func TestCases(t *testing.T)     { onBoth(t, statetest.Cases) }
func TestMoves(t *testing.T)     { onBoth(t, statetest.Moves) }
func TestAuditLog(t *testing.T)  { onBoth(t, statetest.AuditLog) }

// onBoth tests the promises of a part with both sorts of database.
func onBoth[S any](t *testing.T, promises func(*testing.T, statetest.Opener[S])) {
	t.Run("sqlite", func(t *testing.T) { promises(t, sqlite[S]) })
	t.Run("postgres", func(t *testing.T) { promises(t, postgres[S]) })
}

var (
	_ statetest.SettingsOfAll = (*state.Store)(nil)
	_ statetest.Seen          = (*state.Store)(nil)
	_ statetest.Before        = (*state.Store)(nil)
	_ statetest.Recorded      = (*state.Store)(nil)
	_ statetest.Debts         = (*state.Store)(nil)
	_ statetest.Moving        = (*state.Store)(nil)
)

// sqlite opens one database as often as a test asks for it.
func sqlite[S any](t *testing.T, options state.Options) func() S {
	path := filepath.Join(t.TempDir(), "state.db")
	return func() S {
		s, err := state.Open(t.Context(), path, options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return any(s).(S)
	}
}

// postgres is sqlite for a database on a server.
func postgres[S any](t *testing.T, options state.Options) func() S {
	server := statetest.Server(t)
	return func() S {
		s, err := state.OpenServer(t.Context(), server, options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return any(s).(S)
	}
}
