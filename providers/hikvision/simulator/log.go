package simulator

import (
	"net/netip"
	"slices"
	"time"
)

// EntryKind says what an entry of the operation log is about.
type EntryKind string

// The kinds of entries. The first four have the names that devices give them.
const (
	Login        EntryKind = "login"        // credentials were accepted with a new nonce
	IllegalLogin EntryKind = "illegalLogin" // credentials were refused; counts towards the lock
	RemoteConfig EntryKind = "remoteConfig" // a write was accepted
	Locked       EntryKind = "locked"       // a source was locked
	Poke         EntryKind = "poke"         // credentials came from a locked source
	Refused      EntryKind = "refused"      // a write was refused; Detail has the sub code
	Filtered     EntryKind = "filtered"     // the IP filter dropped a request
	Rebooted     EntryKind = "rebooted"     // the device went down
)

// Entry is a line of the operation log of a device. It never holds a password.
type Entry struct {
	Time   time.Time
	Source netip.Addr // invalid for what the device did by itself
	User   string
	Kind   EntryKind
	Method string
	Path   string
	Detail string
}

// maxEntries is how much a device remembers; the oldest entries go first.
const maxEntries = 1000

// record keeps an entry, which happens now unless it says otherwise.
func (d *Device) record(e Entry) {
	if e.Time.IsZero() {
		e.Time = d.now()
	}
	if len(d.log) >= maxEntries {
		d.log = slices.Delete(d.log, 0, maxEntries/4)
	}
	d.log = append(d.log, e)
}

// Log returns what happened at the device, oldest first: at most the last thousand entries. The slice is the caller's.
func (d *Device) Log() []Entry {
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.log)
}

// Count returns how many entries of a kind the log has.
func (d *Device) Count(kind EntryKind) int {
	n := 0
	for _, e := range d.Log() {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// Refusals returns how many credentials the device refused, those of recorders included.
func (d *Device) Refusals() int { return d.Count(IllegalLogin) }

// RefusalsOf returns how many credentials from a source address the device refused.
func (d *Device) RefusalsOf(source netip.Addr) int {
	n := 0
	for _, e := range d.Log() {
		if e.Kind == IllegalLogin && e.Source == source {
			n++
		}
	}
	return n
}
