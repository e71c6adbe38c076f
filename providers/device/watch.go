package device

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Recorders log in to cameras of their fleet, with what their channels say, and never give up: a wrong password is tried
// again every ten seconds, until the camera locks the address of the recorder, and that restarts the lock each time.
// Nothing of it happens by itself. Whenever somebody looks at a device of the fleet, or changes one, the tries that are due
// by the clock are made up for first, each at its time.

const (
	// RetryTime is how long a recorder waits until it tries again (field note: about ten seconds).
	RetryTime = 10 * time.Second

	maxTries = 1000 // more are not made up for
)

// Visit is what a recorder does for its channels: it logs in to a camera. Channels that say the same share it.
type Visit struct {
	Recorder       Recorder
	Camera         netip.AddrPort // where the recorder has it
	Protocol       string         // in the words of the face, for cameras to which it makes a difference
	Name, Password string
}

// Sight is how a recorder gets on with a camera.
type Sight int

// The ways to get on.
const (
	Unseen      Sight = iota // it was not tried yet
	Connected                // the camera let it in
	Turned                   // the camera refused the credentials, or asked for a scheme that the recorder does not know
	LockedOut                // the camera has locked the address of the recorder
	Blind                    // the camera let it in, but does not show it the picture
	Unreachable              // nobody answers
)

// String returns a word or two for people.
func (s Sight) String() string {
	return [...]string{"not seen", "connected", "turned away", "locked out", "no picture", "unreachable"}[s]
}

// Camera is what a recorder learns about a camera that lets it in.
type Camera struct{ Serial, Model, Firmware string }

// Meeting is what came of a visit.
type Meeting struct {
	Sight  Sight
	Camera Camera // heeded only where the camera let the recorder in
}

// Watch is what one recorder does: its visits, when each is due, and what came of the last. The zero value has none.
type Watch struct {
	mu     sync.Mutex // held for moments, and never while a camera is visited
	known  bool       // to the recorders of the fleet
	visits []watched
	met    map[netip.AddrPort]Camera // who let it in last, by where it has them
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

// Met returns what the recorder knows of the camera that it has at an address: what that told when it last let it in. It is
// the zero value while none did.
func (w *Watch) Met(camera netip.AddrPort) Camera {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.met[camera]
}

// saw keeps what came of a try, unless the visit has gone meanwhile.
func (w *Watch) saw(v Visit, m Meeting) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.find(v)
	if known == nil {
		return
	}
	known.seen = m.Sight
	if m.Sight == Connected || m.Sight == Blind {
		if w.met == nil {
			w.met = map[netip.AddrPort]Camera{}
		}
		w.met[v.Camera] = m.Camera
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
type Glance struct {
	visits []watched
	met    map[netip.AddrPort]Camera
}

// Glance returns the watch as it is now.
func (w *Watch) Glance() Glance {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Glance{slices.Clone(w.visits), maps.Clone(w.met)}
}

// Recorders are the recorders of a fleet. The zero value has none.
type Recorders struct {
	Clock func() time.Time
	Visit func(Visit, time.Time) Meeting // asks a camera, which takes the lock of its device

	visiting sync.Mutex   // held while cameras are visited; the holder of a device's lock must not ask for it
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
		maps.DeleteFunc(w.met, func(camera netip.AddrPort, _ Camera) bool {
			return !slices.ContainsFunc(next, func(v watched) bool { return v.Camera == camera })
		})
	})
}

// Restore makes a watch what it was.
func (r *Recorders) Restore(w *Watch, g Glance) {
	r.change(w, func() { w.visits, w.met = slices.Clone(g.visits), maps.Clone(g.met) })
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
	r.due.Store(next.UnixNano()) // before channels are looked at: a change of one now sets it back
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
