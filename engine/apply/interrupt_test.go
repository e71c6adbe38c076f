package apply_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"camform/engine/apply"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers/memory"
	"camform/schema"
)

// interruption is a run that is interrupted once, and what it tells then.
type interruption struct {
	stop   func()
	told   chan int // the requests that are finished
	begun  int      // steps begun after it
	report *report.Report
}

// interrupt lets a run of the world begin, and at hands the moment over at which it is interrupted.
func (w *world) interrupt(at func(*interruption)) *interruption {
	stop, cancel := context.WithCancel(context.Background())
	defer cancel()
	i := &interruption{stop: cancel, told: make(chan int, 1)}
	at(i)
	o := w.options("run")
	o.Event = func(e report.Event) {
		switch {
		case e.Kind == report.Interrupted:
			i.told <- e.Total
		case e.Kind == report.StepStarted && stop.Err() != nil && e.Setting != follower:
			i.begun++
		}
	}
	i.report = apply.Run(context.Background(), stop, &plan.Plan{Devices: w.plan()}, o)
	return i
}

// Anybody who interrupts a run learns at once how many requests are finished, and so many are sent: those that follow belong to them.
func TestAnInterruptTellsHowManyRequestsAreFinished(t *testing.T) {
	for _, c := range []struct {
		scenario scenario
		before   int // requests of the camera that are over
		want     int
	}{
		{scenario{settings: true, operator: true}, 0, 1},
		{scenario{settings: true, operator: true}, 1, 1},
		{scenario{operator: true, recorder: true}, 0, 2},
	} {
		w := calm(c.scenario)
		said := -1
		i := w.interrupt(func(i *interruption) {
			w.camera.BeforeWrite(func(memory.Exchange) {
				if w.camera.Count(memory.Written) == c.before {
					i.stop()
					said = <-i.told // at once, while the request has not left
				}
			})
		})
		sent := w.camera.Count(memory.Written) - c.before
		if w.recorder != nil {
			sent += w.recorder.Count(memory.Written)
		}
		if said != c.want || sent != c.want || i.begun > 0 || !i.report.Interrupted || i.report.Stopped {
			t.Errorf("%+v: it finishes %d requests, and %d were sent, want %d: %+v", c.scenario, said, sent, c.want, i.report)
		}
	}
}

// A run that is interrupted while it reads sends nothing.
func TestAnInterruptBeforeTheFirstRequestFinishesNone(t *testing.T) {
	w := calm(scenario{settings: true})
	said := -1
	i := w.interrupt(func(i *interruption) {
		w.camera.Inject(memory.Fault{Match: func(x memory.Exchange) bool {
			if !x.Writes() && x.Path != "" && said < 0 {
				i.stop()
				said = <-i.told
			}
			return false
		}})
	})
	if n := w.camera.Count(memory.Written); said != 0 || n != 0 {
		t.Errorf("it finishes %d requests, and %d were sent, want none", said, n)
	}
	if d := i.report.Devices[0]; d.Result != report.NotRun {
		t.Errorf("the device ended as %s: %s", d.Result, d.Detail)
	}
}

// forgetful is a store that fails to record the outcome of a request.
type forgetful struct {
	*store
	err error
}

func (f forgetful) Finish(context.Context, state.Lease, state.IntentID, state.Outcome, []state.Setting, []schema.Setting, ...state.Verdict) error {
	return f.err
}

// What was changed is never said to be unchanged, although the state does not know of it.
func TestWhatWasChangedAndNotRecordedIsToldSo(t *testing.T) {
	for _, err := range []error{state.ErrFull, fmt.Errorf("%w: somebody released it", state.ErrLeaseLost)} {
		w := calm(scenario{settings: true})
		o := w.options("run")
		o.Store = forgetful{w.disk, err}
		r := apply.Run(t.Context(), t.Context(), &plan.Plan{Devices: w.plan()}, o)
		d := r.Devices[0]
		n := w.camera.Count(memory.Written)
		if n != 1 || d.Result != report.Unfinished || r.Count(plan.Update) != len(d.Steps)-notRunOf(d) {
			t.Errorf("%v: after %d requests the device ended as %s: %+v", err, n, d.Result, d.Steps)
		}
		for _, s := range d.Steps {
			if s.Result != report.Unrecorded && s.Result != report.NotRun {
				t.Errorf("%v: %s ended as %s", err, s.Address, s.Result)
			}
		}
	}
}

func notRunOf(d report.Device) int {
	return len(slices.DeleteFunc(slices.Clone(d.Steps), func(s report.Step) bool { return s.Result != report.NotRun }))
}

// lost is a store in which the lease is lost before the first intent.
type lost struct{ *store }

func (lost) Begin(context.Context, state.Lease, state.Intent) (state.IntentID, error) {
	return 0, fmt.Errorf("%w: somebody released it", state.ErrLeaseLost)
}

// A lease that was lost is no trouble of the state, and its steps were not begun.
func TestALostLeaseIsNotCalledATroubleOfTheState(t *testing.T) {
	w := calm(scenario{settings: true})
	o := w.options("run")
	o.Store = lost{w.disk}
	d := apply.Run(t.Context(), t.Context(), &plan.Plan{Devices: w.plan()}, o).Devices[0]
	if d.Result != report.Failed || d.Detail != "the run has lost the lease of the device: somebody released it" || notRunOf(d) != len(d.Steps) {
		t.Errorf("the device ended as %s: %s: %+v", d.Result, d.Detail, d.Steps)
	}
}

// A second interrupt cuts off what is in flight: that is uncertain, and what did not leave was not begun.
func TestASecondInterruptLeavesNothingUntrue(t *testing.T) {
	for name, at := range map[string]func(w *world, stop func()){
		"before a request left": func(w *world, stop func()) { w.camera.BeforeWrite(func(memory.Exchange) { stop() }) },
		"after a request left":  func(w *world, stop func()) { w.camera.AfterWrite(func(memory.Exchange) { stop() }) },
		"before an intent": func(w *world, stop func()) {
			w.camera.Inject(memory.Fault{Match: func(x memory.Exchange) bool {
				if x.Path == usersPath {
					stop()
				}
				return false
			}})
		},
	} {
		w := calm(scenario{settings: true, operator: true})
		ctx, cancel := context.WithCancelCause(t.Context())
		at(w, func() { cancel(errors.New("interrupted twice")) })
		r := apply.Run(ctx, ctx, &plan.Plan{Devices: w.plan()}, w.options("run"))
		if !r.Interrupted || !r.Stopped {
			t.Errorf("%s: the report does not say that it was stopped", name)
		}
		uncertain := 0
		for _, s := range r.Devices[0].Steps {
			switch {
			case s.Result == report.Unknown && s.Detail == "the run was stopped before the device was read back":
				uncertain++
			case s.Result != report.NotRun && s.Result != report.Done:
				t.Errorf("%s: %s ended as %s: %s", name, s.Address, s.Result, s.Detail)
			}
		}
		if left := name == "after a request left"; left != (uncertain > 0) {
			t.Errorf("%s: %d steps are uncertain: %+v", name, uncertain, r.Devices[0].Steps)
		}
	}
}
