package device

import (
	"net/netip"
	"time"
)

// State is what a device remembers beside its documents. The zero value is a device without accounts that nothing happened
// to.
type State struct {
	Accounts Accounts
	Gate     Gate
	Log      Log
	Sessions Sessions
	Starts   int       // how often it has started: connections of an earlier start are dead
	Away     time.Time // it does not answer before this time
}

// Clone returns a copy that shares nothing with s that changes.
func (s *State) Clone() State {
	c := *s
	c.Accounts, c.Gate, c.Log, c.Sessions = s.Accounts.Clone(), s.Gate.Clone(), s.Log.Clone(), s.Sessions.Clone()
	return c
}

// Restart takes the device down for some time. Connections and sessions are lost, and passwords that were not meant to last.
func (s *State) Restart(at time.Time, away time.Duration) {
	s.Starts++
	s.Away = at.Add(away)
	s.Accounts.Forget()
	s.Sessions = Sessions{}
}

// never is so late that nobody waits for it.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Unplug takes the device down until somebody plugs it in again.
func (s *State) Unplug() {
	s.Restart(never, 0)
}

// LockAll locks every source for some time.
func (s *State) LockAll(at time.Time, duration time.Duration) {
	s.Gate.LockAll(at.Add(duration))
	s.Log.Add(Entry{Time: at, Kind: Locked})
}

// Fail notes credentials that a device refused, at the time and from the source of the entry. What the source sends while
// it is locked is not even looked at, but restarts the lock.
func (s *State) Fail(rule LockRule, e Entry) {
	if s.Gate.LockedFor(e.Source, e.Time) > 0 {
		e.Kind = Poked
		s.Log.Add(e)
		s.Gate.Poke(rule, e.Source, e.Time)
		return
	}
	e.Kind = Refused
	s.Log.Add(e)
	if s.Gate.Fail(rule, e.Source, e.Time) {
		s.Log.Add(Entry{Time: e.Time, Kind: Locked, Source: e.Source, User: e.User})
	}
}

// FailForeign is another client that comes from a source and fails to log in n times. Where that is once too many, it goes on
// all the same.
func (s *State) FailForeign(rule LockRule, source netip.Addr, at time.Time, n int) {
	for range n {
		s.Fail(rule, Entry{Time: at, Source: source, User: "somebody else"})
	}
}

// Login judges a password that came with an entry's user, source and time, and returns the account that it belongs to; nil
// where it is refused, which is noted, or the source is locked. The caller clears the failures of a client that is let in.
func (s *State) Login(rule LockRule, e Entry, password string) *Account {
	return s.login(&s.Accounts, rule, e, password)
}

func (s *State) login(accounts *Accounts, rule LockRule, e Entry, password string) *Account {
	accounts.Settle(e.Time)
	u := accounts.Named(e.User)
	if u == nil || u.Disabled || u.Password != password || s.Gate.LockedFor(e.Source, e.Time) > 0 {
		s.Fail(rule, e)
		return nil
	}
	return u
}
