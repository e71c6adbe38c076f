package apply_test

import (
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"camform/engine/thorough"
	"camform/providers/memory"
)

// runs bounds how often camform is started in one history: some start again after a crash, the others wait for a window
// of the ledger to end.
const runs = 9

// moment is a world while no process runs in it, to go on from as often as one likes.
type moment struct {
	identity
	world            world
	died             bool // the process of its run has just died
	disk             *store
	camera, recorder memory.Snapshot
}

// moment is the world as it is.
func (w *world) moment(died bool) moment {
	m := moment{world: *w, died: died, disk: w.disk.clone(), camera: w.camera.Snapshot()}
	m.world.trace, m.world.kept, m.world.moments = slices.Clip(w.trace), maps.Clone(w.kept), nil
	if w.recorder != nil {
		m.recorder = w.recorder.Snapshot()
	}
	m.identity = identityOf(w, died, m.camera, m.recorder)
	return m
}

// returnTo makes the world what it was.
func (w *world) returnTo(m moment) {
	*w = m.world
	w.kept = maps.Clone(m.world.kept)
	*w.disk = *m.disk.clone()
	w.camera.Restore(m.camera)
	if w.recorder != nil {
		w.recorder.Restore(m.recorder)
	}
}

// explorer plays all that can happen in a world. A history is a way from moment to moment: between two of them there is one run, which
// may meet with faults, and ends or dies. Moments of one identity go on alike, so what follows from each is played once, and counted as
// often as there are ways that lead there.
type explorer struct {
	*world
	alone bool             // also what follows from moments of one identity is played each time
	ways  map[identity]int // how many histories go on from a moment
	runs  int              // that were played
	ended func(*world)     // told of each history that was played to its end
	wrong string           // what was wrong in the end with the last history that was played; then no more are
}

// from returns how many histories go on from a moment.
func (x *explorer) from(m moment) int {
	n, known := x.ways[m.identity]
	switch {
	case known && !x.alone:
		return n
	case m.died:
		n = x.again(m, "started again when it is due", 45*time.Minute) + x.again(m, "started again at once", 10*time.Second)
	case m.world.runs == runs:
		x.returnTo(m)
		x.end()
		n = 1
	default:
		n = x.run(m)
	}
	x.ways[m.identity] = n
	return n
}

// again returns how many histories go on from a moment at which a process died, if somebody starts camform again after some time.
func (x *explorer) again(m moment, note string, pause time.Duration) int {
	if x.wrong != "" {
		return 0
	}
	x.returnTo(m)
	x.note("%s", note)
	x.settle()
	x.clock = x.clock.Add(pause)
	return x.from(x.moment(false))
}

// run plays everything that can happen in the next run from a moment on, and returns how many histories go on from there.
func (x *explorer) run(m moment) (n int) {
	c := &choices{}
	for {
		x.returnTo(m)
		x.choices = c
		busy := x.world.run()
		x.runs++
		next := x.moments
		x.settle()
		if busy || x.unrest > 0 {
			x.clock = x.clock.Add(45 * time.Minute)
			next = append(next, x.moment(false))
		} else {
			x.end()
			n++
		}
		for _, m := range next {
			if x.wrong == "" {
				n += x.from(m)
			}
		}
		if x.wrong != "" || !c.next() {
			return n
		}
	}
}

// end looks whether a history ended well.
func (x *explorer) end() {
	x.ended(x.world)
	x.quiet = true
	x.wrong = x.world.wrong()
}

// enumerate plays every history of a scenario within bounds, and returns how many there are.
func enumerate(t *testing.T, s scenario, b bounds) int {
	t.Helper()
	x := &explorer{world: newWorld(s, &choices{}, b), ways: map[identity]int{}, ended: func(*world) {}}
	n := x.from(x.moment(false))
	if x.wrong != "" {
		t.Errorf("%s: %s\n%s", s.name, x.wrong, strings.Join(x.trace, "\n"))
	}
	t.Logf("%d histories in %d runs", n, x.runs)
	return n
}

var scenarios = []scenario{
	{name: "another account", operator: true, twice: true},
	{name: "another account, nothing known of it", operator: true, unmanaged: true},
	{name: "our own account", own: true, twice: true},
	{name: "our own account for the first time", own: true, unmanaged: true, twice: true},
	{name: "both accounts", operator: true, own: true},
	{name: "a new account", create: true},
	{name: "an account that a recorder uses", operator: true, recorder: true},
	{name: "a setting", settings: true},
	{name: "a filter", filter: true},
	{name: "a filter that is on", listed: true},
	{name: "a setting and our own account", settings: true, own: true},
	{name: "another account, attempts hidden", operator: true, hides: true},
	{name: "our own account, attempts hidden", own: true, hides: true},
	{name: "our own account, refusals of others", own: true, foreign: 4},
	{name: "our own account, refusals of others, attempts hidden", own: true, foreign: 3, hides: true},
	{name: "another account, refusals of others, attempts hidden", operator: true, foreign: 3, hides: true},
	{name: "another account, contested", operator: true, contested: true, foreign: 2},
	{name: "our own account, contested", own: true, contested: true, foreign: 2},
	{name: "both accounts, contested, attempts hidden", operator: true, own: true, contested: true, hides: true},
}

// TestI5I8EveryHistoryEndsWell is the promise: whatever dies or fails, in the end the camera accepts exactly what the vault
// calls current, never locked itself, nothing was written twice and nothing is left open.
func TestI5I8EveryHistoryEndsWell(t *testing.T) {
	playAll(t, scenarios, bounds{crashes: 1, faults: thorough.Pick(0, 1, 1), first: thorough.Pick(1, 1, 2)})
}

// TestI5I8EveryHistoryOfTwoCrashesEndsWell goes further: the run that recovers dies too.
func TestI5I8EveryHistoryOfTwoCrashesEndsWell(t *testing.T) {
	thorough.OnlyLong(t) // more than a million histories take half a minute
	twice := slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool { return !s.twice })
	if total := playAll(t, twice, bounds{crashes: 2, faults: 1, first: 3}); total < 1_000_000 {
		t.Errorf("%d histories are less than a million", total)
	}
}

// TestI5I9EveryContestedHistoryEndsWell has somebody else spend attempts on the camera while camform works, and another run of the
// same state come in between: two such things, or one of them and another fault.
func TestI5I9EveryContestedHistoryEndsWell(t *testing.T) {
	contested := slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool { return !s.contested })
	playAll(t, contested, bounds{crashes: thorough.Pick(0, 0, 1), faults: 2, first: 1})
}

// playAll plays every history of scenarios within bounds, and returns how many there were.
func playAll(t *testing.T, scenarios []scenario, b bounds) int {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // worlds are small and short-lived, and there are many of them
	var total atomic.Int64
	t.Run("scenarios", func(t *testing.T) {
		for _, s := range scenarios {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				total.Add(int64(enumerate(t, s, b)))
			})
		}
	})
	t.Logf("%d histories of %d crashes and %d faults", total.Load(), b.crashes, b.faults)
	return int(total.Load())
}

// Where histories meet, none is lost: they end as they do where each is played on its own, and there are as many. What a moment goes on
// from is the world that it is of.
func TestNoHistoryIsLostWhereHistoriesMeet(t *testing.T) {
	type space struct {
		scenario
		bounds
	}
	spaces := []space{{scenario{settings: true}, bounds{crashes: 1, faults: 1, first: 2}}, {scenario{settings: true}, bounds{crashes: 2, first: 2}}}
	for _, s := range scenarios {
		spaces = append(spaces, space{s, bounds{crashes: 1, first: 1}})
	}
	for _, space := range spaces {
		var n, runs [2]int
		var ends [2]map[identity]bool
		for i, alone := range []bool{true, false} {
			ends[i] = map[identity]bool{}
			x := &explorer{world: newWorld(space.scenario, &choices{}, space.bounds), alone: alone, ways: map[identity]int{}}
			x.ended = func(w *world) {
				m := w.moment(false)
				ends[i][m.identity] = true
				if w.returnTo(m); w.moment(false).identity != m.identity {
					t.Errorf("%s: the world is another after it was returned to", space.name)
				}
			}
			n[i] = x.from(x.moment(false))
			runs[i] = x.runs
			if x.wrong != "" {
				t.Fatalf("%s: %s\n%s", space.name, x.wrong, strings.Join(x.trace, "\n"))
			}
		}
		if n[0] != n[1] || !maps.Equal(ends[0], ends[1]) || runs[1] >= runs[0] {
			t.Errorf("%s: each on its own there are %d histories with %d ends in %d runs, where they meet %d with %d in %d",
				space.name, n[0], len(ends[0]), runs[0], n[1], len(ends[1]), runs[1])
		}
	}
}
