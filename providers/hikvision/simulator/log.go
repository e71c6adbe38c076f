package simulator

import (
	"net/netip"

	"camform/providers/device"
)

// EntryKind says what an entry of the operation log is about.
type EntryKind = device.EntryKind

// The kinds of entries that devices on HTTP have.
const (
	Login        = device.LoggedIn // credentials were accepted with a new nonce
	IllegalLogin = device.Refused
	RemoteConfig = device.Written
	Locked       = device.Locked
	Poke         = device.Poked
	Rejected     = device.Rejected // Detail has the sub code
	Filtered     = device.Filtered
	Rebooted     = device.Rebooted
	Exported     = device.Exported

	// Of these Detail has the name of the record in the log of a device.
	Activated     = device.Activated
	PasswordReset = device.PasswordReset
	Defaulted     = device.Defaulted
)

// Entry is a line of the operation log of a device. It never holds a password.
type Entry = device.Entry

// maxEntries is how much a device remembers; the oldest entries go first.
const maxEntries = 1000

// record keeps an entry, which happens now.
func (d *unit) record(e Entry) {
	e.Time = d.now()
	d.core.Log.Add(e)
}

// Log returns what happened at the device, oldest first: at most the last thousand entries. The slice is the caller's.
func (d *Device) Log() []Entry {
	defer d.enter()()
	return d.unit.core.Log.Entries()
}

// Count returns how many entries of a kind the log has.
func (d *Device) Count(kind EntryKind) int {
	defer d.enter()()
	return d.unit.core.Log.Count(kind)
}

// Refusals returns how many credentials the device refused, those of recorders included.
func (d *Device) Refusals() int { return d.Count(IllegalLogin) }

// RefusalsOf returns how many credentials from a source address the device refused.
func (d *Device) RefusalsOf(source netip.Addr) int {
	defer d.enter()()
	return d.unit.core.Log.CountFrom(IllegalLogin, source)
}
