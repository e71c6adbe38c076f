package apply

import (
	"context"
	"sync"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/schema"
)

// flights are the requests under way that change something: from before the intent until the device was read back, with those
// that follow them. None is added once the run was interrupted, so that their number can be given. Methods may be called from any
// goroutine.
type flights struct {
	follow func(plan.Step) []plan.Step // steps that are carried out right after one

	mu     sync.Mutex
	flying map[schema.Setting]bool // by the first setting that the request writes
	closed bool
}

// begin reports whether the request of steps may leave. One that follows another was in flight with that.
func (f *flights) begin(steps []plan.Step) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed && !f.flying[steps[0].Address] {
		return false
	}
	f.flying[steps[0].Address] = true
	for _, s := range steps {
		for _, next := range f.follow(s) {
			f.flying[next.Address] = true
		}
	}
	return true
}

// end takes note that the request of steps is over, or is not sent.
func (f *flights) end(steps []plan.Step) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.flying, steps[0].Address)
}

// close lets no further request leave and counts those in flight.
func (f *flights) close() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return len(f.flying)
}

// closing closes flights as soon as stop is done, and tells how many are finished. The returned function ends that; nothing is
// reported after it.
func (o *Options) closing(stop context.Context) (end func()) {
	told := make(chan struct{})
	unregister := context.AfterFunc(stop, func() {
		defer close(told)
		o.Event(report.Event{Kind: report.Interrupted, Stage: report.Apply, Total: o.flights.close()})
	})
	return func() {
		if !unregister() {
			<-told
		}
	}
}
