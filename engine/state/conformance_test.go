package state_test

import (
	"path/filepath"
	"testing"

	"camform/engine/state"
	"camform/engine/state/statetest"
)

func TestAttempts(t *testing.T)  { statetest.Attempts(t, sqlite) }
func TestLeases(t *testing.T)    { statetest.Leases(t, sqlite) }
func TestSecrets(t *testing.T)   { statetest.Secrets(t, sqlite) }
func TestJournal(t *testing.T)   { statetest.Journal(t, sqlite) }
func TestSettings(t *testing.T)  { statetest.Settings(t, sqlite) }
func TestDevices(t *testing.T)   { statetest.Devices(t, sqlite) }
func TestSnapshots(t *testing.T) { statetest.Snapshots(t, sqlite) }
func TestOwed(t *testing.T)      { statetest.Owed(t, sqlite) }
func TestCases(t *testing.T)     { statetest.Cases(t, sqlite) }
func TestMoves(t *testing.T)     { statetest.Moves(t, sqlite) }
func TestAuditLog(t *testing.T)  { statetest.AuditLog(t, sqlite) }

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
