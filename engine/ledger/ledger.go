// Package ledger decides whether a login attempt may be spent on a device. It is pure: the caller keeps the history and hands
// it in, together with the time.
//
// Devices count failed logins and lock the account or the address after about five of them, for about half an hour, and
// some restart that time with every attempt made while they are locked. The rules keep all processes together away
// from the lock:
//
//   - Nothing is sent to a device that said it is locked, until the time it reported and Grace are over.
//   - A credential that was refused is not tried again within its window. Another password is another credential.
//   - At most one attempt of a window is unrefunded: refused, or charged and never settled, since a process that died
//     cannot say how its attempt ended. More are spent only where the device itself reports that enough are left.
//   - A run has at most two refused attempts in a window, so that somebody who knows the password finds some left. Somebody
//     who gives the password may go on to the reserve, as long as the figures of the device fall with each refusal.
//   - An attempt that was refused for one document, after the credential had been accepted for another in the same session, is
//     contested: it counts, and says nothing yet about the credential. One more with the same credential may decide that.
//   - The last Reserve attempts that a device reports are never spent, except one in a window by an operator who accepts the
//     risk, and never the last.
//   - While another process waits for the answer to its attempt, that is no attempt whose end is unknown: the answer is waited for.
//     Only one whose process died, or that is not answered within Grace, was cut off.
//   - A device that does not report how many attempts are left may count every document that it withholds from a session. So one
//     process at a time has a session there, for Session at the longest, and the next one knows what it found.
//   - A success refunds the earlier attempts with the same credential, and all of them where the device reports after it how many
//     are left. A credential that was accepted after all that counts may be used again.
//   - A clock that goes backwards never opens a window. It cannot hold one shut for ever either: see Rebase.
//
// An attempt counts for Window, and for as long as the lock that the device reported with its refusal if that is longer. The
// unit of lock times differs between models; code that reads one takes the longer reading.
package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"camform/providers"
)

// What the rules count with.
const (
	Window      = providers.AttemptWindow // how long an unrefunded attempt counts
	Session     = 5 * time.Minute         // how long a session of another process is waited for
	Grace       = time.Minute             // added to every lock time that a device reports
	AssumedLock = 30 * time.Minute        // the lock of a device that does not report how long it lasts
	Reserve     = 2                       // attempts before the lock that are never spent

	most = 2 // refused attempts of one window by runs, and unrefunded ones where the device does not tell now how many are left
)

// Outcome is how an attempt ended.
type Outcome string

// The outcomes. Locked is no attempt: the device said on its own that it is locked.
const (
	Open      Outcome = "open" // charged and not settled: under way, or its process died
	Accepted  Outcome = "accepted"
	Refused   Outcome = "refused"
	Contested Outcome = "contested" // refused or not answered for one document, after the session had been given another
	Locked    Outcome = "locked"
)

// OutcomeOf is how an attempt ended that is settled.
func OutcomeOf(r providers.AttemptResult) Outcome {
	switch {
	case r.Accepted:
		return Accepted
	case r.Contested:
		return Contested
	default:
		return Refused
	}
}

// Entry is one line of the history of an endpoint. A history is ordered by when its entries were charged.
type Entry struct {
	ID         int64 // for the caller, which keeps the history
	Credential string
	Outcome    Outcome
	Charged    time.Time
	Settled    time.Time     // zero while Open
	Rebased    time.Time     // when a clock that went backwards was noticed; zero if it never was
	Remaining  int           // attempts left as told with a refusal, while Open as told before the attempt; or providers.RemainingUnknown
	Lock       time.Duration // how long the device said it is locked; 0 if it did not say
	Consent    providers.Consent
	Alive      bool   // of an open one, or an accepted one whose session lasts: another process that still runs owns it, if known
	By         string // who made it, for people
}

// Attempt is a login that somebody wants to try. Credential distinguishes credentials without holding them.
type Attempt struct {
	Credential string
	Remaining  int // attempts that the device reports as left now, or providers.RemainingUnknown
	Consent    providers.Consent
}

// Cause is why Decide withholds an attempt.
type Cause string

// The causes.
const (
	Closed    Cause = "closed"    // the device is locked
	Again     Cause = "again"     // this credential was refused within the window
	Few       Cause = "few"       // the device tells that nothing but the reserve is left
	Spent     Cause = "spent"     // another credential was refused within the window
	UnderWay  Cause = "under way" // another process waits for the answer to an attempt, and none was refused, or it is at work on a device that tells nothing
	Forgotten Cause = "forgotten" // attempts were cut off before their answers came, and none was refused
	Risked    Cause = "risked"    // a person accepted the risk once already
)

// Refusal is the error of Decide. Its text says why, and until when.
type Refusal struct {
	Family error     // providers.ErrBudget, ErrLocked or ErrRefused
	Until  time.Time // when to try again at the earliest, UTC
	Cause  Cause
	Least  providers.Consent // the least one with which the same attempt would be made now, as Advise says; ByRun if there is none
	By     string            // whose process is UnderWay, for people; else empty
	reason string
}

// Error gives the reason, with the time as RFC 3339.
func (r *Refusal) Error() string { return r.reason + ": " + r.Family.Error() }

// Unwrap gives the family.
func (r *Refusal) Unwrap() error { return r.Family }

// Advise is Decide for callers that report a refusal to the operator: that has its Least.
func Advise(history []Entry, a Attempt, now time.Time) error {
	err := Decide(history, a, now)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		for _, consent := range []providers.Consent{providers.ByPerson, providers.AtRisk} {
			a.Consent = consent
			if Decide(history, a, now) == nil {
				refusal.Least = consent
				break
			}
		}
	}
	return err
}

// Told is how many attempts the device said last are left, if that is still valid; or providers.RemainingUnknown.
func Told(history []Entry, now time.Time) int {
	for _, e := range slices.Backward(sinceSuccess(history, unrefunded(history, now))) {
		if e.Remaining != providers.RemainingUnknown {
			return e.Remaining
		}
	}
	return providers.RemainingUnknown
}

// Decide says whether an attempt may be made now, given everything that is known of its endpoint. The error is a
// *Refusal. The attempt must be in the history before the next one is decided upon.
func Decide(history []Entry, a Attempt, now time.Time) error {
	held := unrefunded(history, now)
	if a.Consent == providers.AtRisk {
		return decideRisk(history, held, a, now)
	}
	if until := lockedUntil(history, now); !until.IsZero() {
		return closed(until)
	}
	if e, until := session(history, now); a.Remaining == providers.RemainingUnknown && !until.IsZero() {
		return underWay(e, until, "%s has been working on the device since %s, and the device does not say how many attempts are left; "+
			"camform tries no login until that ends", e.By, e.at())
	}
	if at, until := refusedBefore(held, a.Credential, now); !until.IsZero() {
		return refuse(providers.ErrRefused, Again, until, "this password was rejected at %s; camform does not try it again before %s", at, until)
	}
	return decideBudget(history, held, a, now)
}

func decideBudget(history, held []Entry, a Attempt, now time.Time) error {
	toldNow := a.Remaining != providers.RemainingUnknown
	if toldNow {
		held = sinceSuccess(history, held)
	}
	left, told := remaining(held, a)
	switch {
	case toldNow && a.Remaining <= Reserve:
		return few(a.Remaining, Reserve, held, now)
	case len(held) == 0, proven(history, held, a.Credential, now), decides(held, a.Credential):
		return nil
	case toldNow && left > Reserve && (refusals(held) < most || a.Consent == providers.ByPerson && falling(held)):
		return nil
	case len(held) < most && told && left > Reserve:
		return nil
	}
	return spent(held, now)
}

// decideRisk is Decide for an operator who accepts the risk. What the device reports now takes precedence over the record: all that
// may be missing from it is what has just happened.
func decideRisk(history, held []Entry, a Attempt, now time.Time) error {
	toldNow := a.Remaining != providers.RemainingUnknown
	if until := lockedUntil(history, now); !until.IsZero() && !toldNow {
		return closed(until)
	}
	counts := held
	if toldNow {
		counts = slices.DeleteFunc(slices.Clone(held), func(e Entry) bool { return !now.Before(e.end(Grace, now)) })
	}
	left, told := remaining(counts, a)
	risked := slices.IndexFunc(held, func(e Entry) bool { return e.Consent == providers.AtRisk })
	switch {
	case risked >= 0:
		return refuse(providers.ErrBudget, Risked, held[risked].end(Window, now),
			"the risk was already accepted at %s, which allows one attempt until %s", held[risked].at(), held[risked].end(Window, now))
	case told && left <= providers.AtRisk.Kept():
		return few(left, providers.AtRisk.Kept(), held, now)
	case !told && len(held) > most:
		return spent(held, now)
	}
	return nil
}

func closed(until time.Time) error {
	return refuse(providers.ErrLocked, Closed, until,
		"the device reported that it is locked; camform sends nothing before %s, since every attempt may restart the lock", until)
}

// few is the refusal where the device reports that only the reserve is left.
func few(left, kept int, held []Entry, now time.Time) error {
	last, until := "one", now.Add(Window)
	if kept > 1 {
		last = strconv.Itoa(kept)
	}
	if len(held) > 0 {
		until = lastEnd(held, now)
	}
	return refuse(providers.ErrBudget, Few, until,
		"the device reports that at most %d login attempts are left, and camform never uses the last "+last+"; find out which client sends a wrong password, and try again after %s",
		max(left, 0), until)
}

// spent is the refusal where earlier attempts stand in the way.
func spent(held []Entry, now time.Time) error {
	last, until := held[len(held)-1], lastEnd(held, now)
	waits := func(e Entry) bool { return e.underWay(now) }
	switch under := slices.IndexFunc(held, waits); {
	case refusals(held) > 0:
	case under >= 0:
		return underWay(held[under], held[under].end(Grace, now),
			"%s sent a login at %s and is waiting for the answer; camform tries none before that", held[under].By, held[under].at())
	default:
		return refuse(providers.ErrBudget, Forgotten, until,
			"a login at %s was cut off before its answer arrived; in case it failed, camform tries none before %s", last.at(), until)
	}
	return refuse(providers.ErrBudget, Spent, until,
		"an earlier login was rejected; so that the device does not lock, camform tries none before %s", until)
}

// proven reports whether the device accepted a credential after all attempts that count.
func proven(history, held []Entry, credential string, now time.Time) bool {
	for i, success := range slices.Backward(history) {
		if success.Outcome == Accepted && success.Credential == credential {
			later := func(e Entry) bool { return success.Settled.Before(e.at()) }
			return len(unrefunded(history[i+1:], now)) == 0 && !slices.ContainsFunc(held, later)
		}
	}
	return false
}

// decides reports whether an attempt shows the outcome of all those that count: they are contested ones with its credential, and
// there is room for one more.
func decides(held []Entry, credential string) bool {
	other := func(e Entry) bool { return e.Outcome != Contested || e.Credential != credential }
	return len(held) < most && !slices.ContainsFunc(held, other)
}

// sinceSuccess are those of the attempts that count which came after the last one that the device accepted. What it reports now has
// the others in it: they are forgiven, or counted there.
func sinceSuccess(history, held []Entry) []Entry {
	for _, success := range slices.Backward(history) {
		if success.Outcome == Accepted {
			return slices.DeleteFunc(slices.Clone(held), func(e Entry) bool { return e.ID < success.ID && !success.Settled.Before(e.at()) })
		}
	}
	return held
}

func refusals(held []Entry) int {
	n := 0
	for _, e := range held {
		if e.Outcome == Refused {
			n++
		}
	}
	return n
}

// falling reports whether each refusal left fewer attempts than the one before, as it must where the device counts them.
func falling(held []Entry) bool {
	last := providers.RemainingUnknown
	for _, e := range held {
		if e.Outcome != Refused || e.Remaining == providers.RemainingUnknown {
			continue
		}
		if last != providers.RemainingUnknown && e.Remaining >= last {
			return false
		}
		last = e.Remaining
	}
	return true
}

// Rebase marks entries that lie in the future, which means that the clock went backwards since. Such an entry counts as
// made now, until its own time comes and it counts once more. It changes history in place and returns the entries that
// must be stored, before Decide is asked.
func Rebase(history []Entry, now time.Time) []Entry {
	var changed []Entry
	for i := range history {
		e := &history[i]
		if now.Before(e.at()) && (e.Rebased.IsZero() || now.Before(e.Rebased)) {
			e.Rebased = now
			changed = append(changed, *e)
		}
	}
	return changed
}

// at is when the device may have counted the attempt at the latest.
func (e Entry) at() time.Time { return later(e.Charged, e.Settled) }

// end is when d after the entry is over, if the clock can be trusted. It is in the future as long as the entry
// counts.
func (e Entry) end(d time.Duration, now time.Time) time.Time {
	noticed := !e.Rebased.IsZero() && !now.Before(e.Rebased)
	switch future := now.Before(e.at()); {
	case future && !noticed:
		return now.Add(d)
	case future:
		return e.Rebased.Add(d)
	case noticed:
		return later(e.at(), e.Rebased).Add(d)
	default:
		return e.at().Add(d)
	}
}

// underWay reports whether the attempt may be answered yet: its process runs, and a process that makes one sends it at once.
func (e Entry) underWay(now time.Time) bool {
	return e.Outcome == Open && e.Alive && now.Before(e.end(Grace, now))
}

// session is the session of another process that lasts, and until when it is waited for; until is zero if there is none.
func session(history []Entry, now time.Time) (lasts Entry, until time.Time) {
	for _, e := range history {
		if end := e.end(Session, now); e.Outcome == Accepted && e.Alive && now.Before(end) && end.After(until) {
			lasts, until = e, end
		}
	}
	return lasts, until
}

// lock is how long nothing is sent because of the entry.
func (e Entry) lock() time.Duration {
	switch {
	case e.Lock > 0:
		return e.Lock + Grace
	case e.Outcome == Locked:
		return AssumedLock + Grace
	default:
		return 0
	}
}

// lockedUntil is zero if the device is not locked.
func lockedUntil(history []Entry, now time.Time) time.Time {
	var until time.Time
	for _, e := range history {
		if d := e.lock(); d > 0 {
			until = later(until, e.end(d, now))
		}
	}
	if !now.Before(until) {
		return time.Time{}
	}
	return until
}

// unrefunded are the attempts that count: refused, contested or open, within their window, and with no later success of the same
// credential.
func unrefunded(history []Entry, now time.Time) []Entry {
	var held []Entry
	for i, e := range history {
		counts := e.Outcome == Refused || e.Outcome == Contested || e.Outcome == Open
		if counts && now.Before(e.end(Window, now)) && !refunded(e, history[i+1:]) {
			held = append(held, e)
		}
	}
	return held
}

func refunded(e Entry, after []Entry) bool {
	for _, success := range after {
		if success.Outcome == Accepted && success.Credential == e.Credential && !success.Settled.Before(e.Settled) {
			return true
		}
	}
	return false
}

// refusedBefore finds the refusal of a credential that holds longest; until is zero if there is none.
func refusedBefore(held []Entry, credential string, now time.Time) (at, until time.Time) {
	for _, e := range held {
		if end := e.end(Window, now); e.Outcome == Refused && e.Credential == credential && end.After(until) {
			at, until = e.at(), end
		}
	}
	return at, until
}

// remaining is how many attempts are left by what the device reports, now and with the refusals that count. What it reports
// now may be older than a refusal, or than what it reported before an open attempt, so the least figure is taken: a device counts refusals
// of a session, too, which nobody charges. Attempts that are open, or for which the device reported none, may not be in the figures yet and
// are taken off. What it reported before an open attempt alone is no reason for another one.
func remaining(held []Entry, a Attempt) (left int, told bool) {
	left, told = a.Remaining, a.Remaining != providers.RemainingUnknown
	untold, before := 0, providers.RemainingUnknown
	for _, e := range held {
		known := e.Remaining != providers.RemainingUnknown
		switch {
		case e.Outcome != Open && known && (!told || e.Remaining < left):
			left, told = e.Remaining, true
		case e.Outcome == Open && known && (before == providers.RemainingUnknown || e.Remaining < before):
			before = e.Remaining
		}
		if e.Outcome == Open || !known {
			untold++
		}
	}
	if told && before != providers.RemainingUnknown {
		left = min(left, before)
	}
	return left - untold, told
}

func lastEnd(held []Entry, now time.Time) time.Time {
	var end time.Time
	for _, e := range held {
		end = later(end, e.end(Window, now))
	}
	return end
}

// refuse formats a reason; times in it are written as RFC 3339 in UTC, without fractions and never too early.
func refuse(family error, cause Cause, until time.Time, format string, args ...any) *Refusal {
	for i, arg := range args {
		if t, ok := arg.(time.Time); ok {
			args[i] = ceil(t).Format(time.RFC3339)
		}
	}
	return &Refusal{Family: family, Until: until.UTC(), Cause: cause, reason: fmt.Sprintf(format, args...)}
}

// underWay is the refusal where another process is at work, which made e.
func underWay(e Entry, until time.Time, format string, args ...any) error {
	refusal := refuse(providers.ErrBudget, UnderWay, until, format, args...)
	refusal.By = e.By
	return refusal
}

func ceil(t time.Time) time.Time {
	return t.UTC().Add(time.Second - time.Nanosecond).Truncate(time.Second)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
