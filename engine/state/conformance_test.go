package state_test

import (
	"path/filepath"
	"testing"
	"time"

	"camform/engine/state"
	"camform/engine/state/statetest"
	"camform/providers"
)

func TestAttempts(t *testing.T) {
	statetest.Attempts(t, func(t *testing.T, now func() time.Time) providers.Ledger { return openStore(t, now).Attempts })
}

func openChanges(t *testing.T, now func() time.Time) statetest.Changes {
	return openStore(t, now).Fleet
}

func TestLeases(t *testing.T) { statetest.Leases(t, openChanges) }

func TestSecrets(t *testing.T) { statetest.Secrets(t, openChanges) }

func openStore(t *testing.T, now func() time.Time) *state.Store {
	s, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), state.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
