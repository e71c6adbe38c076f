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
	s.list = append(s.list, Session{firstSession + s.opened, user, source, at})
	s.opened++
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
