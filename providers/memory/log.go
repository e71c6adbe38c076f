package memory

import (
	"hash/maphash"
	"slices"
	"time"

	"camform/providers"
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
	Source string // address of the client, of refused logins
	User   string // the account, where one was named
	Method string // of the request; empty for what is no request
	Path   string

	// Repeated says of a write that the device had carried out an equal one before: same method, path and body.
	Repeated bool
}

// Log is everything that happened to the device so far, oldest first.
func (d *Device) Log() []Entry {
	d.fleet.catchUp()
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
	d.note(Entry{Kind: kind, User: user, Method: method, Path: path})
}

// note is record for a caller that holds the lock. An entry without a time happens now.
func (d *Device) note(e Entry) {
	if e.At.IsZero() {
		e.At = d.fleet.now()
	}
	d.log = append(d.log, e)
}

// seed is of the hashes by which equal writes are known.
var seed = maphash.MakeSeed()

// noteWrite notes a write that was carried out.
func (d *Device) noteWrite(user string, r providers.Request) {
	var h maphash.Hash
	h.SetSeed(seed)
	h.WriteString(r.Method + " " + r.Path + "\n")
	h.Write(r.Body)
	sum := h.Sum64()
	d.note(Entry{Kind: Written, User: user, Method: r.Method, Path: r.Path, Repeated: slices.Contains(d.writes, sum)})
	d.writes = append(d.writes, sum)
}
