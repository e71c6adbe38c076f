package memory

import (
	"hash/maphash"
	"slices"

	"camform/providers"
	"camform/providers/device"
)

// EntryKind says what happened.
type EntryKind = device.EntryKind

// What can happen here. Everything but Withheld was seen by the device.
const (
	LoggedIn = device.LoggedIn
	Refused  = device.Refused
	Locked   = device.Locked
	Poked    = device.Poked
	Read     = device.Read
	Written  = device.Written
	Rejected = device.Rejected
	Withheld = device.Withheld
)

// Entry is one thing that happened to a device. It holds no secrets.
type Entry = device.Entry

// Log is everything that happened to the device so far, oldest first.
func (d *Device) Log() []Entry {
	defer d.enter()()
	return d.core.Log.Entries()
}

// Count is how many entries of that kind are in the log.
func (d *Device) Count(kind EntryKind) int {
	defer d.enter()()
	return d.core.Log.Count(kind)
}

func (d *Device) record(kind EntryKind, user, method, path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note(Entry{Kind: kind, User: user, Method: method, Path: path})
}

// note is record for a caller that holds the lock.
func (d *Device) note(e Entry) {
	e.Time = d.fleet.now()
	d.core.Log.Add(e)
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
