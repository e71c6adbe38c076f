package memory

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"camform/providers"
	"camform/providers/device"
)

// listens reports whether the device takes connections of a scheme at a port from us, now. A protocol that its document does
// not speak of is served where it was when the device was added.
func (d *Device) listens(scheme, port string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fleet.now().Before(d.core.Away) || !d.obeyed().admits(source) {
		return false
	}
	number, open := d.serves(scheme)
	return open && strconv.Itoa(int(number)) == port
}

// serves returns the port at which the device serves a scheme now.
func (d *Device) serves(scheme string) (port uint16, open bool) {
	w, told := d.obeyed().ways[strings.ToUpper(scheme)]
	if !told {
		w = way{Enabled: scheme == d.url.Scheme, Port: json.Number(d.url.Port())}
	}
	number, err := strconv.ParseUint(w.Port.String(), 10, 16)
	return uint16(number), w.Enabled && err == nil
}

// tellLock is how long the device says, without a login, that it stays locked.
func (d *Device) tellLock() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Gate.LockedFor(source, d.fleet.now())
}

// tellRemaining is how many attempts the device says, without a login, are left.
func (d *Device) tellRemaining() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.remaining()
}

// remaining is how many attempts we have left.
func (d *Device) remaining() int {
	rule := d.obeyed().lock
	if d.options.HidesAttempts || !rule.Enabled {
		return providers.RemainingUnknown
	}
	return d.core.Gate.Remaining(rule, source, d.fleet.now())
}

// login tries a credential of ours. A device that is locked refuses all of them.
func (d *Device) login(c providers.Credential, e Effect) providers.AttemptResult {
	d.mu.Lock()
	defer d.mu.Unlock()
	rule, us := d.obeyed().lock, Entry{Time: d.fleet.now(), Kind: LoggedIn, Source: source, User: c.Username}
	switch {
	case e == Refuse:
		d.core.Fail(rule, us)
	case d.core.Login(rule, us, c.Password.Reveal()) != nil:
		d.core.Gate.Forgive(source)
		d.core.Log.Add(us)
		return providers.AttemptResult{Accepted: true, Remaining: d.remaining()}
	}
	return providers.AttemptResult{Remaining: d.remaining(), Lock: d.core.Gate.LockedFor(source, us.Time)}
}

// Locks is how often the device locked us out. Locks of recorders are not counted.
func (d *Device) Locks() int { return d.countFrom(Locked, source) }

// Locked reports whether the device would refuse every login of ours now.
func (d *Device) Locked() bool { return d.tellLock() > 0 }

// Lock locks everybody out for as long as too many failed logins would.
func (d *Device) Lock() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.core.LockAll(d.fleet.now(), d.obeyed().lock.Duration)
}

// RefusalsOf is how many logins from a source address the device refused: Source for ours, the address of a recorder for
// its.
func (d *Device) RefusalsOf(from string) int { return d.countFrom(Refused, netip.MustParseAddr(from)) }

func (d *Device) countFrom(kind EntryKind, from netip.Addr) int {
	defer d.enter()()
	return d.core.Log.CountFrom(kind, from)
}

// BurnAttempts is another client, behind our address, that logs in with a wrong password n times.
func (d *Device) BurnAttempts(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.core.FailForeign(d.obeyed().lock, source, d.fleet.now(), n)
}

// account is an account as it is now; the zero value if there is none.
func (d *Device) account(name string) device.Account {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.settled(name)
}

func (d *Device) settled(name string) device.Account {
	d.core.Accounts.Settle(d.fleet.now())
	if u := d.core.Accounts.Named(name); u != nil {
		return *u
	}
	return device.Account{}
}
