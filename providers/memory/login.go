package memory

import (
	"strings"
	"time"

	"camform/providers"
)

// attempts is what a device holds against a source address.
type attempts struct {
	failures int
	failed   time.Time // when the last of them was
	locked   time.Time // until when
}

// listens reports whether the device takes connections of a scheme at a port from us, now. A protocol that its document does
// not speak of is served where it was when the device was added.
func (d *Device) listens(scheme, port string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fleet.now().Before(d.away) || !d.obeyed().admits(source) {
		return false
	}
	way, told := d.obeyed().ways[strings.ToUpper(scheme)]
	if !told {
		return scheme == d.url.Scheme && port == d.url.Port()
	}
	return way.Enabled && way.Port.String() == port
}

// tellLock is how long the device says, without a login, that it stays locked.
func (d *Device) tellLock() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lockedFor(Source, d.fleet.now())
}

// tellRemaining is how many attempts the device says, without a login, are left.
func (d *Device) tellRemaining() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.remaining()
}

// lockedFor is how long a source stays locked. A lock that is over takes its failures with it.
func (d *Device) lockedFor(source string, at time.Time) time.Duration {
	a := d.sources[source]
	if !a.locked.IsZero() && !a.locked.After(at) {
		d.forget(source)
		a = attempts{}
	}
	return max(a.locked.Sub(at), d.lockedAll.Sub(at), 0)
}

func (d *Device) forget(source string) { delete(d.sources, source) }

// remaining is how many attempts we have left.
func (d *Device) remaining() int {
	rule := d.obeyed().lock
	failures := d.held(Source, d.fleet.now()).failures
	if d.options.HidesAttempts || !rule.Enabled {
		return providers.RemainingUnknown
	}
	return max(rule.Attempts-failures, 0)
}

// held is what the device holds against a source: nothing where the last failure is longer ago than a lock would last.
func (d *Device) held(source string, at time.Time) attempts {
	a := d.sources[source]
	if at.Sub(a.failed) >= time.Duration(d.obeyed().lock.Minutes)*time.Minute {
		a.failures = 0
	}
	return a
}

// login tries a credential of ours. A device that is locked refuses all of them.
func (d *Device) login(c providers.Credential, e Effect) providers.AttemptResult {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.fleet.now()
	have, ok := d.account(c.Username, now)
	if ok && have.password == c.Password && e != Refuse && d.lockedFor(Source, now) == 0 {
		if !d.options.KeepsFailures {
			d.forget(Source)
		}
		d.note(Entry{Kind: LoggedIn, User: c.Username})
		return providers.AttemptResult{Accepted: true, Remaining: d.remaining()}
	}
	d.fail(c.Username, Source, now)
	return providers.AttemptResult{Remaining: d.remaining(), Lock: d.lockedFor(Source, now)}
}

// fail counts a refusal. One that comes while the source is locked begins the lock anew.
func (d *Device) fail(user, source string, at time.Time) {
	d.note(Entry{At: at, Kind: Refused, User: user, Source: source})
	d.lockedFor(source, at) // a lock that is over takes its refusals with it
	rule, a := d.obeyed().lock, d.held(source, at)
	a.failures++
	a.failed = at
	if rule.Enabled && a.failures >= rule.Attempts {
		if source == Source {
			d.locks++
		}
		a.locked = at.Add(time.Duration(rule.Minutes) * time.Minute)
	}
	d.sources[source] = a
}

// Locks is how often the device locked us out, or began a lock anew. Locks of recorders are not counted.
func (d *Device) Locks() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.locks
}

// Locked reports whether the device would refuse every login of ours now.
func (d *Device) Locked() bool { return d.tellLock() > 0 }

// Lock locks everybody out for as long as too many failed logins would.
func (d *Device) Lock() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lockedAll = d.fleet.now().Add(time.Duration(d.obeyed().lock.Minutes) * time.Minute)
}

// RefusalsOf is how many logins from a source address the device refused: Source for ours, the host of a recorder for its.
func (d *Device) RefusalsOf(source string) int {
	n := 0
	for _, e := range d.Log() {
		if e.Kind == Refused && e.Source == source {
			n++
		}
	}
	return n
}

// BurnAttempts is another client, behind our address, that logs in with a wrong password n times.
func (d *Device) BurnAttempts(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for range n {
		d.fail("somebody else", Source, d.fleet.now())
	}
}

// epoch is the number of the password that an account has, 0 if there is no such account.
func (d *Device) epoch(user string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, _ := d.account(user, d.fleet.now())
	return a.epoch
}

// sleeps reports whether an account has to set a password itself before it may do anything else.
func (d *Device) sleeps(user string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.accounts[user].asleep
}
