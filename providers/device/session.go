package device

import (
	"net/netip"
	"slices"
	"time"
)

// Session is a login that a device keeps, as for its web page. Clients that send credentials with each request have none.
type Session struct {
	ID     int
	User   string
	Source netip.Addr
	Since  time.Time
	Key    string    // that its requests carry; empty for one that sends none which the device looks at
	Seen   time.Time // when a request carried the key last
}

// Sessions are those that are open, oldest first. The zero value has none.
type Sessions struct {
	list   []Session
	opened int // ever
}

// firstSession is the id of the first session of a device.
const firstSession = 65536

// Clone returns a copy that shares nothing with s.
func (s *Sessions) Clone() Sessions { return Sessions{slices.Clone(s.list), s.opened} }

// Open adds a session of a user who comes from an address.
func (s *Sessions) Open(user string, source netip.Addr, at time.Time) {
	s.OpenWith("", user, source, at)
}

// OpenWith adds a session whose requests carry a key.
func (s *Sessions) OpenWith(key, user string, source netip.Addr, at time.Time) {
	s.list = append(s.list, Session{ID: firstSession + s.opened, User: user, Source: source, Since: at, Key: key, Seen: at})
	s.opened++
}

// Use returns the session whose key a request carries that comes from an address at a time, and notes that it came. Sessions
// without a request for as long as patience end; those without a key do not.
func (s *Sessions) Use(key string, source netip.Addr, at time.Time, patience time.Duration) (Session, bool) {
	s.list = slices.DeleteFunc(s.list, func(open Session) bool { return open.Key != "" && at.Sub(open.Seen) > patience })
	for i, open := range s.list {
		if key != "" && open.Key == key && open.Source == source {
			s.list[i].Seen = at
			return open, true
		}
	}
	return Session{}, false
}

// End ends the session whose requests carry a key.
func (s *Sessions) End(key string) {
	s.list = slices.DeleteFunc(s.list, func(open Session) bool { return open.Key == key })
}

// Close ends the sessions from an address.
func (s *Sessions) Close(source netip.Addr) {
	s.list = slices.DeleteFunc(s.list, func(open Session) bool { return open.Source == source })
}

// OnlineUsers returns the sessions that are open. Accounts that are gone, or disabled, have none.
func (s *State) OnlineUsers() []Session {
	var online []Session
	for _, session := range s.Sessions.list {
		if u := s.Accounts.Named(session.User); u != nil && !u.Disabled {
			online = append(online, session)
		}
	}
	return online
}
