package device

import (
	"maps"
	"net/netip"
	"time"
)

// LockRule says when a device locks out a source of failed logins, and for how long.
type LockRule struct {
	Enabled  bool
	Attempts int // failed logins until the lock
	Duration time.Duration
}

// Gate is what a device holds against the addresses of its clients. The zero value holds nothing against anybody.
type Gate struct {
	KeepsFailures bool // a login that works does not make up for failed ones; only a lock that ended does
	Lapses        bool // failed logins count only for as long as a lock would last

	sources map[netip.Addr]attempts
	all     time.Time // every source is locked before this time
}

type attempts struct {
	failures int
	last     time.Time // when the last of them was
	until    time.Time // locked before this time; zero if it never was
}

// Clone returns a copy that shares nothing with g.
func (g *Gate) Clone() Gate {
	c := *g
	c.sources = maps.Clone(g.sources)
	return c
}

// LockedFor returns how long the device refuses to listen to a source, 0 if it listens.
func (g *Gate) LockedFor(source netip.Addr, at time.Time) time.Duration {
	return max(g.sources[source].until.Sub(at), g.all.Sub(at), 0)
}

// LockAll locks every source until a time.
func (g *Gate) LockAll(until time.Time) { g.all = until }

// Reset forgets all locks and failed logins.
func (g *Gate) Reset() { g.sources, g.all = nil, time.Time{} }

// held returns what counts against a source at a time: a lock that has ended takes its failures with it.
func (g *Gate) held(rule LockRule, source netip.Addr, at time.Time) attempts {
	a := g.sources[source]
	if !a.until.IsZero() && !a.until.After(at) || g.Lapses && at.Sub(a.last) >= rule.Duration {
		return attempts{}
	}
	return a
}

// Remaining returns how many failed logins a source has left.
func (g *Gate) Remaining(rule LockRule, source netip.Addr, at time.Time) int {
	return max(0, rule.Attempts-g.held(rule, source, at).failures)
}

// Fail counts a failed login of a source and reports whether it was one too many.
func (g *Gate) Fail(rule LockRule, source netip.Addr, at time.Time) (locks bool) {
	if !rule.Enabled {
		return false
	}
	a := g.held(rule, source, at)
	a.failures, a.last = a.failures+1, at
	if locks = a.failures >= rule.Attempts; locks {
		a.until = at.Add(rule.Duration)
	}
	g.put(source, a)
	return locks
}

// Poke restarts the lock of a source: credentials came although it is locked. A lock of every source goes on as it was.
func (g *Gate) Poke(rule LockRule, source netip.Addr, at time.Time) {
	if a := g.sources[source]; a.until.After(at) {
		a.until = at.Add(rule.Duration)
		g.put(source, a)
	}
}

func (g *Gate) put(source netip.Addr, a attempts) {
	if g.sources == nil {
		g.sources = make(map[netip.Addr]attempts)
	}
	g.sources[source] = a
}

// Forgive forgets the failed logins of a source that logged in.
func (g *Gate) Forgive(source netip.Addr) {
	if !g.KeepsFailures {
		delete(g.sources, source)
	}
}
