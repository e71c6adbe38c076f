package memory

import (
	"maps"
	"slices"
	"time"

	"camform/providers"
)

// state is all of a device that changes.
type state struct {
	identity    providers.Identity
	replaced    bool   // by another device: serial number and MAC address are made up
	realm, key  string // of the identity, as peers see it
	hardware    int    // how often it was
	documents   map[string]string
	rules       *rules // what the documents ask for; nil until it is wanted. Never changed.
	accounts    map[string]account
	secrets     map[string]providers.Password // write-only values by place
	ids, epochs int                           // the last id given to an account, and the last epoch given to a password
	sources     map[string]attempts           // what it holds against the addresses of its clients
	locks       int                           // how often it locked us out
	lockedAll   time.Time                     // everybody, until when
	away        time.Time                     // until when
	cuts        int                           // how often all connections were lost
	faults      []armed
	log         []Entry
	writes      []uint64 // hashes of the writes that were carried out
	watch       watch
}

type account struct {
	password providers.Password
	epoch    int // differs for each password that the device ever had; never 0

	next    providers.Password // the password from a time on
	from    time.Time          // that time; zero if there is no next one
	lasting providers.Password // the password that it has again after a restart; zero for the one that it has
	asleep  bool               // somebody else set the password, and the account has to set one itself
}

// clone is a copy that shares nothing with s that changes. Logs only grow, so copies share what there is.
func (s state) clone() state {
	s.documents = maps.Clone(s.documents)
	s.accounts = maps.Clone(s.accounts)
	s.secrets = maps.Clone(s.secrets)
	s.sources = maps.Clone(s.sources)
	s.faults = slices.Clone(s.faults)
	s.log = slices.Clip(s.log)
	s.writes = slices.Clip(s.writes)
	s.watch = s.watch.clone()
	return s
}

// Snapshot is a device at a moment, with its documents, accounts, locks, faults and log. It is never changed, and holds
// passwords.
type Snapshot struct{ state state }

// Snapshot is the device as it is now. Hooks are not part of it.
func (d *Device) Snapshot() Snapshot {
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	return Snapshot{d.state.clone()}
}

// Restore makes the device what it was at the snapshot, which may be restored any number of times, also to another device of
// the same options. The clock is that of the fleet, and goes its own way. Open connections are lost.
func (d *Device) Restore(s Snapshot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	cuts := max(d.cuts, s.state.cuts) + 1
	d.state = s.state.clone()
	d.cuts = cuts
}
