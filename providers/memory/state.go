package memory

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"camform/providers"
	"camform/providers/device"
)

// state is all of a device that changes.
type state struct {
	core       device.State
	identity   providers.Identity
	replaced   bool   // by another device: serial number and MAC address are made up
	realm, key string // of the identity, as peers see it
	hardware   int    // how often it was
	documents  map[string]string
	blind      map[string]bool   // names of accounts that may not see the picture. Never changed.
	rules      *rules            // what the documents ask for; nil until it is wanted. Never changed.
	secrets    map[string]string // write-only values by place
	faults     device.Script[Fault]
	writes     []uint64 // hashes of the writes that were carried out
	files      int      // that it exported to reset its password with

	ahead       time.Duration // of its clock to that of the fleet
	deniesUntil time.Time     // says that it has no password; zero if it does not
}

// clone is a copy that shares nothing with s that changes. Logs only grow, so copies share what there is.
func (s state) clone() state {
	s.core = s.core.Clone()
	s.documents = maps.Clone(s.documents)
	s.secrets = maps.Clone(s.secrets)
	s.faults = s.faults.Clone()
	s.writes = slices.Clip(s.writes)
	return s
}

// read reads one item of a document into a struct and reports whether the item is there and in order.
func (s *state) read(path, key string, into any) bool {
	var shape struct{ Items map[string]json.RawMessage }
	if json.Unmarshal([]byte(s.documents[path]), &shape) != nil {
		return false
	}
	return shape.Items[key] != nil && json.Unmarshal(shape.Items[key], into) == nil
}

// Snapshot is a device at a moment, with its documents, accounts, locks, faults and log. It is never changed, and holds
// passwords.
type Snapshot struct {
	state state
	watch device.Glance
}

// Snapshot is the device as it is now. Hooks are not part of it.
func (d *Device) Snapshot() Snapshot {
	defer d.enter()()
	return Snapshot{d.state.clone(), d.watch.Glance()}
}

// Restore makes the device what it was at the snapshot, which may be restored any number of times, also to another device of
// the same options. The clock is that of the fleet, and goes its own way. Open connections are lost.
func (d *Device) Restore(s Snapshot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	starts := max(d.core.Starts, s.state.core.Starts) + 1
	d.state = s.state.clone()
	d.core.Starts = starts
	d.fleet.recorders.Restore(&d.watch, s.watch)
}
