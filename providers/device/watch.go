package device

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Recorders log in to cameras of their fleet, with what their channels say, and never give up: a wrong password is tried
// again every ten seconds, until the camera locks the address of the recorder, and that starts the lock anew each time.
// Nothing of it happens by itself. Whenever somebody looks at a device of the fleet, or changes one, the tries that are due
// by the clock are made up for first, each at its time.

const (
	// RetryTime is how long a recorder waits until it tries again (field note: about ten seconds).
	RetryTime = 10 * time.Second

	maxTries = 1000 // more are not made up for
)

// Visit is what a recorder does for its channels: it logs in to a camera. Channels that say the same share it.
type Visit struct {
	Recorder       netip.Addr
	Camera         netip.AddrPort // port 0 for the usual one
	Name, Password string
}

// Sight is how a recorder gets on with a camera.
type Sight int

// The ways to get on.
const (
	Unseen      Sight = iota // it was not tried yet
	Connected                // the camera let it in
	Turned                   // the camera refused the credentials
	LockedOut                // the camera has locked the address of the recorder
	Unreachable              // nobody answers
)

// Visited is a recorder that logs in, as the camera sees it. Its time may have passed: the camera was left alone since.
func (s *State) Visited(rule LockRule, v Visit, at time.Time) Sight {
	locked := s.Gate.LockedFor(v.Recorder, at) > 0
	u := s.Login(rule, Entry{Time: at, Source: v.Recorder, User: v.Name}, v.Password)
	switch {
	case locked:
		return LockedOut
	case u == nil || u.Asleep:
		return Turned
	}
	s.Gate.Forgive(v.Recorder)
	return Connected
}

// Watch is what one recorder does: its visits, when each is due, and what came of the last. The zero value has none.
type Watch struct {
	mu     sync.Mutex // held for moments, and never while a camera is visited
	known  bool       // to the recorders of the fleet
	visits []watched
}

type watched struct {
	Visit
	next time.Time // when it is tried next
	seen Sight
}

func (w *Watch) find(v Visit) *watched {
	for i := range w.visits {
		if w.visits[i].Visit == v {
			return &w.visits[i]
		}
	}
	return nil
}

// Seen returns what came of the last try.
func (w *Watch) Seen(v Visit) Sight {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known := w.find(v); known != nil {
		return known.seen
	}
	return Unseen
}

// saw keeps what came of a try, unless the visit has gone meanwhile.
func (w *Watch) saw(v Visit, seen Sight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known := w.find(v); known != nil {
		known.seen = seen
	}
}

// due returns the visits to be made by now, each with the time from which on, and when the next one after that is due.
func (w *Watch) due(now time.Time) (visits []watched, next time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	oldest := now.Add(-maxTries * RetryTime)
	for i := range w.visits {
		v := &w.visits[i]
		if v.next.Before(oldest) {
			v.next = oldest
		}
		if !v.next.After(now) {
			visits = append(visits, *v)
			v.next = v.next.Add((now.Sub(v.next)/RetryTime + 1) * RetryTime)
		}
		if next.IsZero() || v.next.Before(next) {
			next = v.next
		}
	}
	return visits, next
}

// Glance is a watch at a moment. It is never changed, and holds passwords.
type Glance []watched

// Glance returns the watch as it is now.
func (w *Watch) Glance() Glance {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.visits)
}

// Recorders are the recorders of a fleet. The zero value has none.
type Recorders struct {
	Clock func() time.Time
	Visit func(Visit, time.Time) Sight // asks a camera, which takes the lock of its device

	visiting sync.Mutex   // held while cameras are visited; whoever holds the lock of a device must not ask for it
	some     atomic.Bool  // whether there was ever a visit
	due      atomic.Int64 // Unix nanoseconds before which nothing is to be done; 0 where channels have changed

	mu  sync.Mutex // held for moments
	all []*Watch
}

// Publish tells with what a recorder logs in to cameras from now on. Visits that it made before go on.
func (r *Recorders) Publish(w *Watch, visits []Visit) {
	now := r.Clock()
	r.change(w, func() {
		var next []watched
		for _, v := range distinct(visits) {
			if known := w.find(v); known != nil {
				next = append(next, *known)
			} else {
				next = append(next, watched{Visit: v, next: now})
			}
		}
		w.visits = next
	})
}

// Restore makes a watch what it was.
func (r *Recorders) Restore(w *Watch, g Glance) {
	r.change(w, func() { w.visits = slices.Clone(g) })
}

func (r *Recorders) change(w *Watch, change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	if !w.known && len(w.visits) > 0 {
		w.known = true
		r.mu.Lock()
		r.all = append(r.all, w)
		r.mu.Unlock()
		r.some.Store(true)
	}
	r.due.Store(0)
}

// CatchUp lets the recorders make the visits that are due.
func (r *Recorders) CatchUp() {
	if !r.some.Load() {
		return
	}
	now := r.Clock()
	if now.UnixNano() < r.due.Load() {
		return
	}
	r.visiting.Lock()
	defer r.visiting.Unlock()
	r.mu.Lock()
	all := slices.Clone(r.all)
	r.mu.Unlock()
	next := now.Add(time.Hour)
	r.due.Store(next.UnixNano()) // before channels are looked at: whoever changes one now sets it back
	for _, w := range all {
		visits, then := w.due(now)
		for _, v := range visits {
			for at := v.next; !at.After(now); at = at.Add(RetryTime) {
				w.saw(v.Visit, r.Visit(v.Visit, at))
			}
		}
		if !then.IsZero() && then.Before(next) {
			next = then
		}
	}
	r.due.CompareAndSwap(now.Add(time.Hour).UnixNano(), next.UnixNano())
}

// Look makes a recorder try now, once for each visit: somebody asked for the state of its channels.
func (r *Recorders) Look(w *Watch, visits []Visit) {
	r.CatchUp()
	now := r.Clock()
	r.visiting.Lock()
	defer r.visiting.Unlock()
	for _, v := range distinct(visits) {
		w.saw(v, r.Visit(v, now))
	}
}

// distinct leaves out the visits that stand before.
func distinct(visits []Visit) []Visit {
	seen := make(map[Visit]bool, len(visits))
	return slices.DeleteFunc(visits, func(v Visit) bool {
		again := seen[v]
		seen[v] = true
		return again
	})
}
