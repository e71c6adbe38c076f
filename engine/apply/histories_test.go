package apply_test

import (
	"runtime/debug"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"camform/engine/thorough"
)

// runs bounds how often camform is started in one history: some start again after a crash, the others wait for a window
// of the ledger to end.
const runs = 9

// history plays one history to its end and says what is wrong with it.
func history(s scenario, c *choices, b bounds) (w *world, wrong string) {
	w = newWorld(s, c, b)
	for range runs {
		busy := w.run()
		w.settle()
		if !busy && w.unrest == 0 {
			break
		}
		w.clock = w.clock.Add(w.pause())
	}
	w.dead, w.quiet = false, true
	return w, w.wrong()
}

// pause is how long it takes until somebody starts camform again: at once after a crash, or the next time it is due.
func (w *world) pause() time.Duration {
	if w.dead && w.choices.pick(2) == 1 {
		w.note("started again at once")
		return 10 * time.Second
	}
	return 45 * time.Minute
}

// enumerate plays every history of a scenario within bounds and returns how many there were.
func enumerate(t *testing.T, s scenario, b bounds) int {
	t.Helper()
	c := &choices{}
	n := 0
	for {
		w, wrong := history(s, c, b)
		n++
		if wrong != "" {
			t.Errorf("%s, history %s: %s", s.name, c, wrong)
			for _, line := range w.trace {
				t.Log(line)
			}
			return n
		}
		if !c.next() {
			return n
		}
	}
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
}

// TestI5I8EveryHistoryEndsWell is the promise: whatever dies or fails, in the end the camera accepts exactly what the vault
// calls current, never locked itself, nothing was written twice and nothing is left open.
func TestI5I8EveryHistoryEndsWell(t *testing.T) {
	playAll(t, scenarios, bounds{crashes: 1, faults: thorough.Pick(0, 1, 1), first: thorough.Pick(1, 1, 2)})
}

// TestI5I8EveryHistoryOfTwoCrashesEndsWell goes further: the run that recovers dies too.
func TestI5I8EveryHistoryOfTwoCrashesEndsWell(t *testing.T) {
	thorough.OnlyLong(t) // more than a million histories take minutes
	twice := slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool { return !s.twice })
	if total := playAll(t, twice, bounds{crashes: 2, faults: 1, first: 3}); total < 1_000_000 {
		t.Errorf("%d histories are less than a million", total)
	}
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
				n := enumerate(t, s, b)
				total.Add(int64(n))
				t.Logf("%d histories", n)
			})
		}
	})
	t.Logf("%d histories of %d crashes and %d faults", total.Load(), b.crashes, b.faults)
	return int(total.Load())
}
