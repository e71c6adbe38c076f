package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// outcome is what a stage made of its steps: how some of them ended, and with which result the device ends there; it goes
// on if that is empty.
type outcome struct {
	ended  []ending
	result report.Result
	detail string
}

type ending struct {
	step     plan.Step
	result   report.Result
	detail   string
	accepted bool // whether the device accepted what was sent
}

func (o *outcome) end(result report.Result, detail string, steps ...plan.Step) {
	for _, s := range steps {
		o.ended = append(o.ended, ending{step: s, result: result, detail: detail})
	}
}

// then is the outcome of what came before o and of what came after it.
func (o outcome) then(next outcome) outcome {
	o.ended = slices.Concat(o.ended, next.ended)
	if next.result != "" {
		o.fail(next.result, next.detail)
	}
	return o
}

// good reports whether all steps ended well.
func (o outcome) good() bool {
	return !slices.ContainsFunc(o.ended, func(e ending) bool { return !e.result.Good() })
}

// afterStage tells of staged steps of a group that ended badly that their first request stays.
func (o outcome) afterStage(g plan.Group) outcome {
	for i, e := range o.ended {
		bad := e.result == report.Rejected || e.result == report.Failed || e.result == report.NotRun
		if bad && stepAt(g, e.step.Address).Staged() {
			o.ended[i].detail += "; the first of its two requests had already succeeded"
		}
	}
	return o
}

// over is what came of steps whose first request went wrong, or of those that another outcome tells of, where it did not.
func (o outcome) over(next outcome) outcome {
	for i, e := range next.ended {
		at := slices.IndexFunc(o.ended, func(first ending) bool { return first.step.Address == e.step.Address })
		if at >= 0 && !o.ended[at].result.Good() {
			next.ended[i].result, next.ended[i].detail = o.ended[at].result, o.ended[at].detail
		}
	}
	return next
}

// fail ends the device. The first reason counts.
func (o *outcome) fail(result report.Result, detail string) {
	if o.result == "" {
		o.result, o.detail = result, detail
	}
}

// progress is the report of a device while it is written, and tells events.
type progress struct {
	event  func(report.Event)
	device plan.Device
	done   report.Device
	called map[schema.Setting]plan.Action // what the plan calls its steps, where it could not know what the device has
	flying []plan.Step                    // begun and not ended
	since  time.Time                      // when the last of them began
}

func newProgress(d plan.Device, event func(report.Event)) *progress {
	p := &progress{event: event, device: d, done: report.Device{Address: d.Address, Identity: d.Identity}, called: map[schema.Setting]plan.Action{}}
	if d.Activation != nil {
		for _, s := range d.Steps {
			p.called[s.Address] = s.Action
		}
	}
	return p
}

// action is what a step is called in the report, as in the plan that somebody read: what it adds to a device that had no password
// may turn out to change what came with it.
func (p *progress) action(s plan.Step) plan.Action { return cmp.Or(p.called[s.Address], s.Action) }

func (p *progress) begin(steps ...plan.Step) {
	p.flying, p.since = append(p.flying, steps...), time.Now()
	for _, s := range steps {
		p.event(report.Event{Kind: report.StepStarted, Stage: report.Apply, Device: p.device.Address, Setting: s.Address, Action: p.action(s)})
	}
}

// awaiting tells that the web server of the device is waited for.
func (p *progress) awaiting(waited time.Duration) {
	p.event(report.Event{Kind: report.Restarting, Stage: report.Apply, Device: p.device.Address, Elapsed: waited, Limit: restart})
}

// tell adds an outcome to the report.
func (p *progress) tell(o outcome) {
	for _, e := range o.ended {
		s := e.step
		p.flying = slices.DeleteFunc(p.flying, func(begun plan.Step) bool { return begun.Address == s.Address })
		p.done.Steps = append(p.done.Steps, report.Step{Address: s.Address, Action: p.action(s), Result: e.result, Detail: e.detail})
		p.event(report.Event{
			Kind: report.StepDone, Stage: report.Apply, Device: p.device.Address, Setting: s.Address, Action: p.action(s),
			Result: e.result, Detail: e.detail, Elapsed: time.Since(p.since),
		})
	}
	if o.result != "" {
		p.fail(o.result, o.detail)
	}
}

// unsent is the outcome of steps that could not be carried out, nothing having been sent for them. An error that ends the
// session ends the device.
func (p *progress) unsent(ctx context.Context, steps []plan.Step, err error) (o outcome) {
	result, detail := report.Failed, providers.Reason(err)
	switch {
	case ctx.Err() != nil:
		o.fail(report.NotRun, interruptedThere)
		result, detail = report.NotRun, interruptedThere
	case errors.Is(err, state.ErrLeaseLost):
		o.fail(report.Failed, detail)
		result = report.NotRun
	case errors.Is(err, providers.ErrInvalid), errors.Is(err, providers.ErrDenied):
		result = report.Rejected
	}
	o.end(result, detail, steps...)
	if providers.EndsSession(err) || errors.Is(err, rotate.ErrStore) {
		o.fail(live.ResultOf(err), live.Explain(err, p.device.Address))
	}
	return o
}

// amend changes how a step ended.
func (p *progress) amend(s plan.Step, change func(*report.Step)) {
	for i := range p.done.Steps {
		if p.done.Steps[i].Address == s.Address {
			change(&p.done.Steps[i])
		}
	}
}

// fail ends the device with a result that is not good. The first one counts.
func (p *progress) fail(result report.Result, detail string) {
	if p.done.Result == "" {
		p.done.Result, p.done.Detail = result, detail
	}
}

// over reports whether the device has ended.
func (p *progress) over() bool { return p.done.Result != "" }

// panicked ends the device after a panic. Whether a request had left by then is not known.
func (p *progress) panicked(cause any) {
	o := outcome{result: report.Failed, detail: fmt.Sprintf("this is a bug: %v", cause)}
	o.end(report.Unknown, "a bug ended it; its outcome is uncertain, and the next run finds out", p.flying...)
	p.tell(o)
}

// close completes the report: steps that were not reached are not run. A device that failed with something changed on it is
// unfinished.
func (p *progress) close() report.Device {
	if p.done.Result == report.Failed && slices.ContainsFunc(p.done.Steps, func(s report.Step) bool { return s.Result.Changed() }) {
		p.done.Result = report.Unfinished
	}
	for _, s := range p.device.Steps {
		if !slices.ContainsFunc(p.done.Steps, func(r report.Step) bool { return r.Address == s.Address }) {
			p.done.Steps = append(p.done.Steps, report.Step{Address: s.Address, Action: p.action(s), Result: report.NotRun})
		}
	}
	if p.done.Result == "" {
		p.done.Result = report.Done
		for _, s := range p.done.Steps {
			if !s.Result.Good() {
				p.done.Result, p.done.Detail = s.Result, ""
			}
		}
	}
	return p.done
}
