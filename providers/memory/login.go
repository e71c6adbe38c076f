package memory

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"

	"camform/providers"
)

// listens reports whether the device takes connections of a scheme at a port, now. A protocol that its document does not
// speak of is served where it was when the device was added.
func (d *Device) listens(scheme, port string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fleet.now().Before(d.away) {
		return false
	}
	var way struct {
		Enabled bool
		Port    json.Number
	}
	if !d.read(accessPath, strings.ToUpper(scheme), &way) {
		return scheme == d.url.Scheme && port == d.url.Port()
	}
	return way.Enabled && way.Port.String() == port
}

// admits reports whether the address filter lets a source in.
func (d *Device) admits(source netip.Addr) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	var filter struct {
		Enabled   bool
		Addresses []string
	}
	if !d.read(filterPath, "", &filter) || !filter.Enabled {
		return true
	}
	return slices.ContainsFunc(filter.Addresses, func(text string) bool {
		p, err := prefixOf(text)
		return err == nil && p.Contains(source)
	})
}

// tellLock is how long the device says, without a login, that it stays locked.
func (d *Device) tellLock() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lockedFor()
}

// tellRemaining is how many attempts the device says, without a login, are left.
func (d *Device) tellRemaining() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.remaining()
}

func (d *Device) lockedFor() time.Duration {
	left := d.locked.Sub(d.fleet.now())
	if left <= 0 && !d.locked.IsZero() {
		d.locked, d.failures = time.Time{}, 0
	}
	return max(left, 0)
}

type lockRule struct {
	Enabled           bool
	Attempts, Minutes int
}

// lockRule is what the device's document says, or five attempts and half an hour where it has none.
func (d *Device) lockRule() lockRule {
	rule := lockRule{true, 5, 30}
	d.read(lockPath, "", &rule)
	return rule
}

func (d *Device) remaining() int {
	rule := d.lockRule()
	d.forgive(rule)
	if d.options.HidesAttempts || !rule.Enabled {
		return providers.RemainingUnknown
	}
	return max(rule.Attempts-d.failures, 0)
}

// login tries a credential. A device that is locked refuses all of them.
func (d *Device) login(c providers.Credential, e Effect) providers.AttemptResult {
	d.mu.Lock()
	defer d.mu.Unlock()
	have, ok := d.accounts[c.Username]
	if ok && have.password == c.Password && e != Refuse && d.lockedFor() == 0 {
		d.failures = 0
		d.note(LoggedIn, c.Username, "", "")
		return providers.AttemptResult{Accepted: true, Remaining: d.remaining()}
	}
	d.fail(c.Username)
	return providers.AttemptResult{Remaining: d.remaining(), Lock: d.lockedFor()}
}

// fail counts a refusal. One that comes while the device is locked begins the lock anew.
func (d *Device) fail(user string) {
	d.note(Refused, user, "", "")
	d.lockedFor() // a lock that is over takes its refusals with it
	rule := d.lockRule()
	d.forgive(rule)
	d.failures++
	d.failed = d.fleet.now()
	if rule.Enabled && d.failures >= rule.Attempts {
		d.locks++
		d.locked = d.fleet.now().Add(time.Duration(rule.Minutes) * time.Minute)
	}
}

// Locks is how often the device locked itself, or began a lock anew.
func (d *Device) Locks() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.locks
}

// forgive forgets refusals when the last of them is longer ago than a lock would last.
func (d *Device) forgive(rule lockRule) {
	if d.fleet.now().Sub(d.failed) >= time.Duration(rule.Minutes)*time.Minute {
		d.failures = 0
	}
}

// BurnAttempts is another client that logs in with a wrong password n times.
func (d *Device) BurnAttempts(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for range n {
		d.fail("somebody else")
	}
}

// epoch is the number of the password that an account has, 0 if there is no such account.
func (d *Device) epoch(user string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.accounts[user].epoch
}
