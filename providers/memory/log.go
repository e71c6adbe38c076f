package memory

import (
	"slices"
	"time"
)

// EntryKind says what happened.
type EntryKind string

// What can happen. Everything but Withheld was seen by the device.
const (
	LoggedIn EntryKind = "login"    // a credential was accepted
	Refused  EntryKind = "refused"  // a credential was refused
	Locked   EntryKind = "locked"   // the device told a client that it is locked
	Read     EntryKind = "read"     // a document was read, or found missing
	Written  EntryKind = "write"    // a request changed the device
	Rejected EntryKind = "rejected" // a request to change the device arrived and was not carried out
	Withheld EntryKind = "withheld" // a session was used after an error that had ended it; nothing was sent
)

// Entry is one thing that happened to a device. It holds no secrets.
type Entry struct {
	At     time.Time // by the clock of the fleet
	Kind   EntryKind
	User   string // the account, where one was named
	Method string // of the request; empty for what is no request
	Path   string
}

// Log is everything that happened to the device so far, oldest first.
func (d *Device) Log() []Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.log)
}

// Count is how many entries of that kind are in the log.
func (d *Device) Count(kind EntryKind) int {
	n := 0
	for _, e := range d.Log() {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func (d *Device) record(kind EntryKind, user, method, path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note(kind, user, method, path)
}

// note is record for a caller that holds the lock.
func (d *Device) note(kind EntryKind, user, method, path string) {
	d.log = append(d.log, Entry{At: d.fleet.now(), Kind: kind, User: user, Method: method, Path: path})
}
