package engine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"camform/engine/credential"
	"camform/engine/ledger"
	"camform/engine/plan"
	"camform/engine/rotate"
	"camform/engine/shell"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// standing is the record of the account with which camform logs in to a device.
type standing struct {
	device   schema.Device
	access   plan.Access
	seen     time.Time // when the device answered last; zero if it never did
	versions []state.SecretVersion
	restored bool // the state is older than what was noted beside it

	// Allow is why the ledger would withhold a login now with a password that was never tried.
	allow func() error
}

// allowing asks the ledger of a store for a device. Where the ledger cannot be read, the login says so.
func allowing(ctx context.Context, attempts *state.Attempts, access plan.Access) func() error {
	return func() error {
		u, err := url.Parse(access.URL)
		if err != nil {
			return err
		}
		told, err := attempts.Told(ctx, u.Host)
		if err != nil {
			return err
		}
		return attempts.Allow(ctx, providers.Attempt{Endpoint: u.Host, Credential: providers.Credential{Username: access.Username}, Remaining: told})
	}
}

// standingOf reads the record of the account of a device.
func standingOf(ctx context.Context, store *state.Fleet, device schema.Device, access plan.Access) (standing, error) {
	s := standing{device: device, access: access, allow: allowing(ctx, store.Attempts, access)}
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

// advice says what to do after the error of a login; empty if the error says it all. A command in it works as it is
// written, in that very state.
func (s standing) advice(err error) string {
	refusal, untried := errors.AsType[*ledger.Refusal](err)
	switch {
	case errors.Is(err, providers.ErrInactive) && !s.seen.IsZero():
		return fmt.Sprintf("it answered at %s, so it was reset or replaced since. If that was intended, run camform state forget %s, and plan again: "+
			"it is then activated like a new one", at(s.seen), shell.Quoted(s.device.String()))
	case untried && s.rotating():
		what, command := s.unfinished()
		return fmt.Sprintf("the current password is uncertain: %s did not finish. After that time, %s resolves it", what, command)
	case untried && refusal.Cause == ledger.Forgotten:
		return s.now(refusal, "an earlier run was interrupted")
	case untried && refusal.Cause == ledger.Again && s.access.Managed == "":
		return s.correct(refusal)
	case untried && refusal.Cause == ledger.Spent && !rotate.InDoubt(s.versions):
		return s.now(refusal, anyReason)
	case untried && refusal.Cause != ledger.Again && refusal.Cause != ledger.Spent:
		return ""
	case !errors.Is(err, providers.ErrRefused) && !untried:
		return ""
	case s.access.Managed == "":
		return "correct the password in the configuration, or the account on the device" + s.instead()
	}
	return s.changed()
}

// now says how to try at once what a refusal withholds; empty if that cannot be.
func (s standing) now(refusal *ledger.Refusal, reason string) string {
	if command := s.again(refusal, reason); command != "" {
		return "to try it now, run " + command
	}
	return ""
}

// again is the command that tries at once what a refusal withholds; empty if that cannot be. Reason is why the risk of it is taken.
func (s standing) again(refusal *ledger.Refusal, reason string) string {
	if refusal.Least == providers.ByRun {
		return ""
	}
	return s.login(s.origin(), refusal.Least, reason)
}

// correct is what to do about a password of the configuration that was refused a moment ago.
func (s standing) correct(refusal *ledger.Refusal) string {
	if _, wait := s.fresh(); wait != nil {
		return "correct it if it is wrong" + s.instead()
	}
	if now := s.again(refusal, anyReason); now != "" {
		return "correct it and run again; if it is right by now, run " + now
	}
	return "correct it and run again, or wait if it is right by now"
}

// instead is what to do after a password of the configuration was corrected, where a run would not try it.
func (s standing) instead() string {
	switch least, wait := s.fresh(); {
	case wait == nil:
		return ""
	case least == providers.ByRun:
		return "; then run again after " + end(wait)
	default:
		return fmt.Sprintf("; then run %s, since no run may try another password before %s", s.login(s.origin(), least, anyReason), end(wait))
	}
}

// fresh is why a run may not try a password now that was never tried, and the least consent with which that is possible, which
// is ByRun if there is none. Nothing stands in the way if wait is nil.
func (s standing) fresh() (least providers.Consent, wait *ledger.Refusal) {
	if wait, withheld := errors.AsType[*ledger.Refusal](s.allow()); withheld {
		return wait.Least, wait
	}
	return providers.ByPerson, nil
}

// blocked is why a device is not asked at all: which password it has is uncertain, and to find out is for a run that may write
// the answer down, or for somebody who knows it. It is nil if nothing is uncertain.
func (s standing) blocked() error {
	switch {
	case s.rotating():
		what, command := s.unfinished()
		next := fmt.Sprintf("Run %s to resolve it", command)
		if _, wait := s.fresh(); wait != nil {
			next = fmt.Sprintf("After %s, %s resolves it", end(wait), command)
		}
		return fmt.Errorf("the current password of %q is uncertain: %s did not finish. %s: %w", s.access.Username, what, next, providers.ErrBudget)
	case s.changedThere():
		return fmt.Errorf("it rejected the vault's password of %q; %s: %w", s.access.Username, s.changed(), providers.ErrBudget)
	}
	return nil
}

// rotating reports whether a new password was sent that the device may or may not have taken, and whether that can still
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

// activating is what did not finish where a device may have got its first password.
const activating = "the activation"

// unfinished says what did not finish while a password was on its way, and which command resolves it.
func (s standing) unfinished() (what, command string) {
	for _, v := range s.versions {
		if v.Status == state.SecretPending && v.Note == plan.Activates {
			return activating, "camform apply"
		}
	}
	return "a rotation", "camform rotate -due"
}

// finishing is the command that finds out, for this device alone, which password it has; both are empty where nothing is on its way,
// and one of them is.
func (s standing) finishing() (rotation, activation string) {
	if !s.rotating() {
		return "", ""
	}
	what, command := s.unfinished()
	if command += " -target " + shell.Quoted(s.device.String()); what == activating {
		return "", command
	}
	return command, ""
}

// changedThere reports whether the device refused the password that the vault has for it, so that it was changed there.
func (s standing) changedThere() bool { return !s.rotating() && rotate.InDoubt(s.versions) }

// changed says why a device may have another password than those of the vault, and what to do.
func (s standing) changed() string {
	live, ok := rotate.Live(s.versions)
	next := s.run() + " with its present password"
	next = strings.ToUpper(next[:1]) + next[1:]
	switch {
	case !live.Uncertain.IsZero():
		return fmt.Sprintf("the state was restored from a backup of %s, so the device may have a newer password than version %d of %s. %s",
			at(live.Uncertain), live.Version, s.access.Managed, next)
	case s.restored:
		return "the state was restored from an older copy (the file beside it has records that its audit log lacks), so the vault " +
			"may lack the last password. " + next
	case !ok:
		return "the vault has none for it. " + next
	case live.Proven.IsZero() && live.Run == "" && live.Note != rotate.Adopted:
		return fmt.Sprintf("no device ever accepted version %d of %s, which somebody put into the vault. %s", live.Version, s.access.Managed, next)
	case s.seen.IsZero():
		return "camform has no record of this device: it was reset, replaced or changed by hand. " + next
	}
	return fmt.Sprintf("it accepted version %d of %s at %s, so somebody changed the password on the device, or reset it. %s",
		live.Version, s.access.Managed, at(later(live.Proven, s.seen)), next)
}

// run says which command accepts a password that somebody knows, and from when on.
func (s standing) run() string {
	least, wait := s.fresh()
	if least == providers.ByRun {
		return fmt.Sprintf("after %s, run %s", end(wait), s.login("", providers.ByPerson, ""))
	}
	return "run " + s.login("", least, anyReason)
}

// anyReason stands for the reason that somebody gives.
const anyReason = "REASON"

// login is LoginCommand for the device with the least consent that is needed; the reason stands where that is the risk.
func (s standing) login(from string, least providers.Consent, reason string) string {
	if least != providers.AtRisk {
		reason = ""
	}
	return LoginCommand(s.device, from, reason)
}

// LoginCommand is the command that takes a password for a device, to be pasted: from an origin or typed if that is empty, and at
// the risk if there is a reason for it.
func LoginCommand(device schema.Device, from, reason string) string {
	command := fmt.Sprintf("camform login %s", shell.Quoted(device.String()))
	if from != "" {
		command += " -password-from " + shell.Word(from)
	}
	if reason != "" {
		command += fmt.Sprintf(" -accept-risk %s", shell.Quoted(reason))
	}
	return command
}

// withoutPassword adds to errNoPassword what to do if the device has one.
func (s standing) withoutPassword(err error) error {
	why := providers.Reason(err)
	if n := len(s.versions); n > 0 {
		name := shell.Quoted(s.access.Managed)
		why = fmt.Sprintf("the vault has passwords for it (%d), but no login has proven any of them; camform vault history %s lists them, and camform vault get %s -version N prints one", n, name, name)
	}
	return told{err, fmt.Sprintf("%s; if the device has one, add password = secret(...) beside password_policy, or %s", why, s.run())}
}

// origin is where the password comes from that camform logs in with.
func (s standing) origin() string {
	if len(s.versions) > 0 {
		return credential.Origin(s.access.Managed)
	}
	return s.access.Password.Origin
}

func at(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// end is when a refusal is over, never too early.
func end(refusal *ledger.Refusal) string { return at(refusal.Until.Add(time.Second - time.Nanosecond)) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
