package device

import (
	"net/netip"
	"slices"
	"time"
)

// EntryKind says what an entry of a log is about.
type EntryKind string

// The kinds of entries.
const (
	LoggedIn      EntryKind = "login"         // credentials were accepted
	Refused       EntryKind = "illegalLogin"  // credentials were refused; counts towards the lock
	Locked        EntryKind = "locked"        // a source was locked, or all of them
	Poked         EntryKind = "poke"          // credentials came from a locked source
	Read          EntryKind = "read"          // a document was read, or found missing; only the face within the process tells
	Written       EntryKind = "remoteConfig"  // a write was carried out
	Rejected      EntryKind = "refused"       // a write arrived and was not carried out; Detail may say why
	Filtered      EntryKind = "filtered"      // the address filter dropped a request
	Rebooted      EntryKind = "rebooted"      // the device went down
	Activated     EntryKind = "activated"     // the device was given its first password
	PasswordReset EntryKind = "passwordReset" // somebody at the device gave it another password
	Defaulted     EntryKind = "defaulted"     // somebody at the device had it forget settings
	Exported      EntryKind = "exported"      // somebody was given a file of the device
	Withheld      EntryKind = "withheld"      // a session was used after an error that had ended it; the device saw nothing
)

// Entry is one thing that happened to a device. It never holds a password.
type Entry struct {
	Time   time.Time
	Source netip.Addr // invalid for what the device did by itself, and where it does not matter
	User   string
	Kind   EntryKind
	Method string
	Path   string
	Detail string

	// Repeated says of a write that the device had carried out an equal one before: same method, path and body.
	Repeated bool
}

// Log is what happened to a device, oldest first. The zero value is empty and keeps everything.
type Log struct {
	Limit   int // about how many entries are kept; the oldest go first. 0 for all.
	entries []Entry
}

// Clone returns a copy that grows on its own. Both share what there is, which is never changed.
func (l *Log) Clone() Log { return Log{l.Limit, slices.Clip(l.entries)} }

// Add adds an entry.
func (l *Log) Add(e Entry) {
	if l.Limit > 0 && len(l.entries) >= l.Limit {
		l.entries = slices.Clone(l.entries[l.Limit/4:])
	}
	l.entries = append(l.entries, e)
}

// Entries returns a copy of the entries.
func (l *Log) Entries() []Entry { return slices.Clone(l.entries) }

// Count returns how many entries are of a kind.
func (l *Log) Count(kind EntryKind) int {
	return l.count(func(e *Entry) bool { return e.Kind == kind })
}

// CountFrom returns how many entries are of a kind and from a source.
func (l *Log) CountFrom(kind EntryKind, source netip.Addr) int {
	return l.count(func(e *Entry) bool { return e.Kind == kind && e.Source == source })
}

func (l *Log) count(fits func(*Entry) bool) int {
	n := 0
	for i := range l.entries {
		if fits(&l.entries[i]) {
			n++
		}
	}
	return n
}
