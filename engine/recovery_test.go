package engine_test

import (
	"maps"
	"testing"
	"time"

	"camform/engine/ledger"
	"camform/engine/recover"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// The logins that a case names are those that the ledger lets be made, until when it does not is known, and to find that out spends
// nothing.
func TestI5ACaseKnowsWhichLoginsAreWithheld(t *testing.T) {
	s := newStudioOf(t)
	s.addAt("cam", "https://10.0.0.8:443", memory.Options{})
	device, e := s.declared("cam"), s.engineOf()
	secret := e.Secret
	read := 0
	e.Secret = func(origin string) (schema.Secret, error) { read++; return secret(origin) }
	current, err := e.Remembered(t.Context(), device, recover.Current)
	s.ok(err)
	read = 0
	see := func(what string, left int, want map[string]time.Duration) {
		t.Helper()
		f, err := e.RecoveryFacts(t.Context(), s.cfg, device)
		s.ok(err)
		got := map[string]time.Duration{}
		for step, w := range f.Passwords.Withheld {
			got[step] = w.Until.Sub(f.Now)
			if w.Why == "" {
				t.Errorf("%s: nothing says why %s is withheld", what, step)
			}
		}
		if f.Passwords.Left != left || !maps.Equal(got, want) {
			t.Errorf("%s: %d left and withheld %v, want %d and %v", what, f.Passwords.Left, got, left, want)
		}
	}
	refused := func(password schema.Secret, consent providers.Consent, told, left int) {
		t.Helper()
		a := providers.Attempt{
			Endpoint: device.URL.Host, Credential: providers.Credential{Username: "admin", Password: password}, Remaining: told, Consent: consent,
		}
		charge, err := s.store.Charge(t.Context(), a)
		s.ok(err)
		s.ok(s.store.Settle(t.Context(), charge, providers.AttemptResult{Remaining: left}))
	}
	const unknown, window = providers.RemainingUnknown, ledger.Window
	see("nothing was tried", unknown, nil)
	if read > 0 {
		t.Error("a secret was read although nothing counts")
	}
	refused(current, providers.ByRun, unknown, unknown)
	see("a device that told nothing may tell of many", unknown, nil)
	s.clock.pass(window)
	refused(schema.NewSecret("another"), providers.ByRun, 6, 5)
	see("another one was refused", 5, nil)
	refused(current, providers.ByRun, 5, 4)
	see("two were refused: the next is for the operator, and the answer for the current one is known", 4, map[string]time.Duration{recover.Previous: window})
	refused(schema.NewSecret("third"), providers.ByPerson, 4, 2)
	see("the reserve is left", 2, map[string]time.Duration{recover.Previous: window, recover.Typed: window})
	s.clock.pass(window)
	see("the window is over", unknown, nil)
	s.ok(s.store.Locked(t.Context(), device.URL.Host, time.Hour))
	const lock = time.Hour + ledger.Grace
	see("it is locked", unknown, map[string]time.Duration{recover.Current: lock, recover.Previous: lock, recover.Typed: lock})
}
