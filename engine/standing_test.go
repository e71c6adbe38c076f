package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"camform/engine/ledger"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Each state of an account has its own reason, and one command that helps in it.
func TestARefusedPasswordIsExplainedByWhatIsKnown(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const login = "camform login 'device.gate'"
	live := state.SecretVersion{Name: "gate/admin", Version: 2, Status: state.SecretLive, Run: "r1", Proven: noon}
	tried, pending, typed := live, live, live
	tried.Tried = 1
	pending.Version, pending.Status, pending.Sent, pending.Proven = 3, state.SecretPending, noon, time.Time{}
	typed.Run, typed.Proven, typed.Note = "", time.Time{}, "set by ann"
	restored, onItsWay, first := live, pending, pending
	first.Version, first.Note = 1, plan.Activates
	restored.Uncertain, onItsWay.Tried = noon.Add(-24*time.Hour), 1
	withheld := func(c ledger.Cause) error {
		return &ledger.Refusal{Family: providers.ErrBudget, Until: noon, Cause: c, Least: providers.AtRisk}
	}
	person := &ledger.Refusal{Family: providers.ErrBudget, Until: noon, Cause: ledger.Spent, Least: providers.ByPerson}
	nobody := &ledger.Refusal{Family: providers.ErrBudget, Until: noon, Cause: ledger.Spent}
	refused := fmt.Errorf("it does not accept the password: %w", providers.ErrRefused)
	inactive := fmt.Errorf("it has no password yet: %w", providers.ErrInactive)
	few := func(least providers.Consent) error {
		return &ledger.Refusal{Family: providers.ErrBudget, Until: noon.Add(time.Millisecond), Least: least}
	}
	tests := []struct {
		name                        string
		err                         error
		versions                    []state.SecretVersion
		unmanaged, unseen, restored bool
		fresh                       error    // what the ledger says to a password that was never tried
		want                        []string // in the advice; none for no advice
	}{
		{name: "changed by hand", err: refused, versions: []state.SecretVersion{live}, want: []string{"accepted version 2 of gate/admin at 2026-03-01T12:00:00Z", "changed the password", login}},
		{name: "found out by an earlier run", err: withheld(ledger.Again), versions: []state.SecretVersion{tried}, want: []string{"changed the password", login}},
		{name: "and what else was tried since", err: withheld(ledger.Spent), versions: []state.SecretVersion{tried}, want: []string{"changed the password", login}},
		{name: "a new device", err: refused, versions: []state.SecretVersion{live}, unseen: true, want: []string{"no record of this device", login}},
		{name: "mistyped into the vault", err: refused, versions: []state.SecretVersion{typed}, want: []string{"which somebody put into the vault", login}},
		{name: "an older copy of the state", err: refused, versions: []state.SecretVersion{live}, restored: true, want: []string{"restored from an older copy", login}},
		{name: "restored from a backup", err: refused, versions: []state.SecretVersion{restored}, want: []string{"restored from a backup of 2026-02-28T12:00:00Z", "newer password than version 2 of gate/admin", login}},
		{name: "restored, and told by an earlier run", err: withheld(ledger.Again), versions: []state.SecretVersion{restored}, want: []string{"restored from a backup of", login}},
		{name: "restored with one on its way that was tried", err: refused, versions: []state.SecretVersion{onItsWay, restored}, want: []string{"restored from a backup of", login}},
		{name: "reset", err: inactive, versions: []state.SecretVersion{live}, want: []string{"reset or replaced since", "camform state forget 'device.gate'", "plan again"}},
		{name: "not activated yet", err: inactive, versions: []state.SecretVersion{live}, unseen: true},
		{name: "a rotation in doubt", err: withheld(ledger.Spent), versions: []state.SecretVersion{pending, live}, want: []string{"a rotation did not finish", "camform rotate -due"}},
		{name: "an activation in doubt", err: withheld(ledger.Spent), versions: []state.SecretVersion{first}, want: []string{"the activation did not finish", "camform apply resolves it"}},
		{name: "forgotten by an interrupt", err: withheld(ledger.Forgotten), versions: []state.SecretVersion{live}, want: []string{login + " -password-from vault:gate/admin -accept-risk 'an earlier run was interrupted'"}},
		{name: "forgotten, not managed", err: withheld(ledger.Forgotten), unmanaged: true, want: []string{login + " -password-from env:ADMIN -accept-risk"}},
		{name: "others were refused", err: withheld(ledger.Spent), versions: []state.SecretVersion{live}, want: []string{login + " -password-from vault:gate/admin -accept-risk 'REASON'"}},
		{name: "others were refused, and the device tells", err: person, versions: []state.SecretVersion{live}, want: []string{"to try it now, run " + login + " -password-from vault:gate/admin<"}},
		{name: "others were refused, and the risk is spent", err: nobody, versions: []state.SecretVersion{live}},
		{name: "changed by hand, and the device does not tell", err: refused, versions: []state.SecretVersion{live}, fresh: few(providers.AtRisk), want: []string{"changed the password", "Run " + login + " -accept-risk 'REASON' with its present password"}},
		{name: "changed by hand, and the operator has attempts left", err: refused, versions: []state.SecretVersion{live}, fresh: few(providers.ByPerson), want: []string{"Run " + login + " with its present password"}},
		{name: "changed by hand, and the risk is spent", err: refused, versions: []state.SecretVersion{live}, fresh: few(providers.ByRun), want: []string{"After 2026-03-01T12:00:01Z, run " + login + " with its present password"}},
		{name: "not managed, and the device does not tell", err: refused, unmanaged: true, fresh: few(providers.AtRisk), want: []string{"correct the password in the configuration", "; then run " + login + " -password-from env:ADMIN -accept-risk 'REASON', since no run may try another password before 2026-03-01T12:00:01Z"}},
		{name: "not managed, again, and the device does not tell", err: withheld(ledger.Again), unmanaged: true, fresh: few(providers.AtRisk), want: []string{"correct it if it is wrong; then run " + login + " -password-from env:ADMIN -accept-risk 'REASON'"}},
		{name: "not managed, again, and the risk is spent", err: withheld(ledger.Again), unmanaged: true, fresh: few(providers.ByRun), want: []string{"correct it if it is wrong; then run again after 2026-03-01T12:00:01Z<"}},
		{name: "few are left", err: withheld(ledger.Few), versions: []state.SecretVersion{live}},
		{name: "locked", err: withheld(ledger.Closed), versions: []state.SecretVersion{live}},
		{name: "dead", err: providers.ErrUnreachable, versions: []state.SecretVersion{live}},
		{name: "not managed", err: refused, unmanaged: true, want: []string{"correct the password in the configuration"}},
		{name: "not managed, again", err: withheld(ledger.Again), unmanaged: true, want: []string{"correct it and run again; if it is right by now, run " + login + " -password-from env:ADMIN -accept-risk 'REASON'"}},
		{name: "not managed, again, and no risk is possible", err: &ledger.Refusal{Family: providers.ErrRefused, Until: noon, Cause: ledger.Again}, unmanaged: true, want: []string{"correct it and run again, or wait"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := standing{
				device: schema.Device{Name: "gate"}, seen: noon, versions: tt.versions, restored: tt.restored,
				allow:  func() error { return tt.fresh },
				access: plan.Access{Username: "admin", Managed: "gate/admin", Password: plan.SecretSource{Origin: "env:ADMIN"}},
			}
			if tt.unmanaged {
				s.access.Managed = ""
			}
			if tt.unseen {
				s.seen = time.Time{}
			}
			explained := s.explain(tt.err)
			if !errors.Is(explained, tt.err) || len(tt.want) == 0 && explained.Error() != tt.err.Error() {
				t.Errorf("got %v for %v", explained, tt.err)
			}
			for _, want := range tt.want {
				if !strings.Contains(explained.Error()+"<", want) {
					t.Errorf("%q is not in %q", want, explained)
				}
			}
			if strings.Count(explained.Error(), "camform ") > 1 && !tt.unseen {
				t.Errorf("more than one command in %q", explained)
			}
		})
	}
}

// A device is not asked while its password is uncertain, and the way to resolve that is named.
func TestAnUncertainPasswordIsNotTriedByReaders(t *testing.T) {
	s := standing{device: schema.Device{Name: "gate"}, access: plan.Access{Username: "admin", Managed: "gate/admin"}}
	s.allow = func() error { return nil }
	live := state.SecretVersion{Version: 1, Status: state.SecretLive, Proven: time.Now()}
	for want, versions := range map[string][]state.SecretVersion{
		"camform rotate -due": {{Version: 2, Status: state.SecretPending, Sent: time.Now()}, live},
		"camform login":       {{Version: 1, Status: state.SecretLive, Proven: time.Now(), Tried: 1}},
	} {
		s.versions = versions
		if err := s.blocked(); err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, providers.ErrBudget) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	s.versions = []state.SecretVersion{{Version: 2, Status: state.SecretPending, Sent: time.Now()}, live}
	s.allow = func() error { return &ledger.Refusal{Family: providers.ErrBudget, Until: time.Unix(0, 1)} }
	if err := s.blocked(); !strings.Contains(err.Error(), "After 1970-01-01T00:00:01Z, camform rotate -due resolves it") {
		t.Errorf("while no login may be tried: %v", err)
	}
	s.allow = func() error { return nil }
	lost := state.SecretVersion{Version: 1, Status: state.SecretLive, Uncertain: time.Now()}
	for tried, want := range map[int64]string{0: "camform rotate -due", 2: "camform login"} {
		s.versions = []state.SecretVersion{{Version: 2, Status: state.SecretPending, Sent: time.Now(), Tried: tried}, lost}
		if err := s.blocked(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("after a restore: got %v, want %s", err, want)
		}
	}
	s.versions = []state.SecretVersion{lost}
	if err := s.blocked(); err != nil {
		t.Errorf("after a restore the current one is not tried once: %v", err)
	}
	s.versions = []state.SecretVersion{live}
	if err := s.blocked(); err != nil {
		t.Error(err)
	}
}

// What finds out which password one device has is named for that device alone, and only while something is on its way.
func TestWhatIsOnItsWayIsFinishedForOneDevice(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	live := state.SecretVersion{Version: 1, Status: state.SecretLive}
	sent := state.SecretVersion{Version: 2, Status: state.SecretPending, Sent: noon}
	first, unsent := sent, sent
	first.Note, unsent.Sent = plan.Activates, time.Time{}
	for _, tt := range []struct {
		versions             []state.SecretVersion
		rotation, activation string
	}{
		{[]state.SecretVersion{live}, "", ""},
		{[]state.SecretVersion{unsent, live}, "", ""},
		{[]state.SecretVersion{sent, live}, "camform rotate -due -target 'device.gate'", ""},
		{[]state.SecretVersion{first}, "", "camform apply -target 'device.gate'"},
	} {
		rotation, activation := standing{device: schema.Device{Name: "gate"}, versions: tt.versions}.finishing()
		if rotation != tt.rotation || activation != tt.activation {
			t.Errorf("%+v: %q and %q", tt.versions, rotation, activation)
		}
	}
}
