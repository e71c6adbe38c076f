package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"camform/engine/credential"
	"camform/engine/ledger"
	"camform/engine/plan"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// standing is what is remembered of the account with which camform logs in to a device.
type standing struct {
	device   schema.Device
	access   plan.Access
	seen     time.Time // when the device answered last; zero if it never did
	versions []state.SecretVersion
	restored bool // the state is older than what was noted beside it
}

// standingOf reads what is remembered of the account of a device.
func standingOf(ctx context.Context, store *state.Fleet, device schema.Device, access plan.Access) (standing, error) {
	s := standing{device: device, access: access}
	known, _, err := store.Device(ctx, device)
	if err != nil {
		return s, err
	}
	s.seen = known.LastSeen
	if access.Managed != "" {
		if s.versions, err = store.Versions(ctx, access.Managed); err != nil {
			return s, err
		}
	}
	s.restored, err = store.Behind(ctx)
	return s, err
}

// told is an error with what is known about why, and the one command that helps in that state.
type told struct {
	error
	text string
}

func (t told) Error() string { return t.text }
func (t told) Unwrap() error { return t.error }

// explain adds to the error of a login what is known about why it failed, and what to do. Other errors stay as they are.
func (s standing) explain(err error) error {
	if advice := s.advice(err); advice != "" {
		return told{err, providers.Reason(err) + "; " + advice}
	}
	return err
}

// advice is what follows for a person from the error of a login; empty if the error says it all.
func (s standing) advice(err error) string {
	refusal, untried := errors.AsType[*ledger.Refusal](err)
	switch {
	case errors.Is(err, providers.ErrInactive) && !s.seen.IsZero():
		return fmt.Sprintf("it answered at %s, so it was reset or replaced since. Activate it; then run %s with its new password", at(s.seen), s.login())
	case untried && s.rotating():
		return "the current password is uncertain: a rotation did not finish. After that time, camform rotate -due resolves it"
	case untried && refusal.Cause == ledger.Forgotten:
		return fmt.Sprintf("to try it now, run %s -password-from %s -accept-risk 'an earlier run was interrupted'", s.login(), s.origin())
	case untried && refusal.Cause == ledger.Again && s.access.Managed == "":
		return "correct it and run again, or wait if it is right by now"
	case untried && refusal.Cause == ledger.Spent && !rotate.InDoubt(s.versions):
		return fmt.Sprintf("to try it now, run %s -password-from %s", s.login(), s.origin())
	case untried && refusal.Cause != ledger.Again && refusal.Cause != ledger.Spent:
		return ""
	case !errors.Is(err, providers.ErrRefused) && !untried:
		return ""
	case s.access.Managed == "":
		return "correct the password in the configuration, or the account on the device"
	}
	return s.changed()
}

// blocked is why a device is not asked at all: which password it has is uncertain, and to find out is for a run that may write
// the answer down, or for a person who knows it. It is nil where nothing is uncertain.
func (s standing) blocked() error {
	switch {
	case s.rotating():
		return fmt.Errorf("the current password of %q is uncertain: a rotation did not finish. Run camform rotate -due to resolve it: %w",
			s.access.Username, providers.ErrBudget)
	case s.changedThere():
		return fmt.Errorf("it refused the password of %q that the vault has; %s: %w", s.access.Username, s.changed(), providers.ErrBudget)
	}
	return nil
}

// rotating reports whether a new password was sent of which it is not known whether the device took it, and whether that can still
// be found out: after a restore each is tried once.
func (s standing) rotating() bool {
	live, _ := rotate.Live(s.versions)
	for _, v := range s.versions {
		if v.Status == state.SecretPending && !v.Sent.IsZero() && (live.Uncertain.IsZero() || v.Tried == 0) {
			return true
		}
	}
	return false
}

// changedThere reports whether the device refused the password that the vault has for it, so that it was changed there.
func (s standing) changedThere() bool { return !s.rotating() && rotate.InDoubt(s.versions) }

// changed says why a device may have another password than those of the vault, and what to do.
func (s standing) changed() string {
	live, ok := rotate.Live(s.versions)
	next := fmt.Sprintf("Run %s with the password that it has now", s.login())
	switch {
	case !live.Uncertain.IsZero():
		return fmt.Sprintf("the state was restored from a backup of %s, so the device may have a newer password than version %d of %s. %s",
			at(live.Uncertain), live.Version, s.access.Managed, next)
	case s.restored:
		return "the state was restored from an older copy, since the file beside it has records that its audit log lacks, so the vault " +
			"may lack the last password. " + next
	case !ok:
		return "the vault has none for it. " + next
	case live.Proven.IsZero() && live.Run == "" && live.Note != rotate.Adopted:
		return fmt.Sprintf("no device ever accepted version %d of %s, which a person put into the vault. %s", live.Version, s.access.Managed, next)
	case s.seen.IsZero():
		return "camform has no record of this device: it was reset, replaced or changed by hand. " + next
	}
	return fmt.Sprintf("it accepted version %d of %s at %s, so somebody changed the password on the device, or reset it. %s",
		live.Version, s.access.Managed, at(later(live.Proven, s.seen)), next)
}

// login is the command that takes a password for the device.
func (s standing) login() string { return fmt.Sprintf("camform login '%s'", s.device) }

// origin is where the password comes from that camform logs in with.
func (s standing) origin() string {
	if len(s.versions) > 0 {
		return credential.Origin(s.access.Managed)
	}
	return s.access.Password.Origin
}

func at(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
