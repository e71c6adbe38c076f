package apply

import (
	"context"
	"errors"
	"fmt"

	"camform/engine/graph"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Recover closes the intents that an earlier run left open, because it was killed or could not read a device back. It
// finds out what became of each by reading the device, and never repeats a request. Devices need an access only. A device
// that cannot be reached keeps its intents open and is reported; a device without open intents is not touched at all.
func Recover(ctx context.Context, devices []plan.Device, o Options) ([]report.Device, error) {
	open, err := o.Store.AllOpenIntents(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStore, err)
	}
	waiting := map[schema.Device]bool{}
	for _, in := range open {
		waiting[in.Device] = true
	}
	var work []plan.Device
	for _, d := range devices {
		if waiting[d.Address] {
			work = append(work, d)
		}
	}
	results := make([]report.Device, len(work))
	indexes := make([]int, len(work))
	for i := range indexes {
		indexes[i] = i
	}
	defer keep(ctx, &o)()
	left := graph.Walk(ctx, indexes, func(i int) string { return work[i].Access.Site }, o.Limits, func(i int) {
		results[i] = recoverDevice(ctx, work[i], o)
	})
	for _, i := range left {
		results[i] = notRun(work[i])
	}
	return results, nil
}

func recoverDevice(ctx context.Context, d plan.Device, o Options) (done report.Device) {
	w := &worker{ctx: ctx, stop: ctx, Options: o, device: d, done: report.Device{Address: d.Address}}
	defer func() {
		if cause := recover(); cause != nil {
			w.panicked(cause)
		}
		done = w.close()
	}()
	w.closeOpen()
	return done
}

// closeOpen closes the open intents of a device. What is open is asked for under the lease: another run may have closed it
// meanwhile.
func (w *worker) closeOpen() {
	if !w.hold() {
		return
	}
	defer w.release()
	open, err := w.Store.OpenIntents(w.ctx, w.device.Address)
	if err != nil {
		w.fail(report.Failed, providers.Reason(err))
		return
	}
	if len(open) == 0 || !w.login() {
		return
	}
	for _, in := range open {
		if err := w.resolve(in); err != nil {
			w.fail(live.ResultOf(err), fmt.Sprintf("what became of the last request is still not known: %v", err))
			if !untried(err) {
				return
			}
		}
	}
}

// resolve closes one intent by what the device has now.
func (w *worker) resolve(in state.Intent) error {
	steps, err := w.stepsOf(in)
	if err != nil {
		return err
	}
	now, err := readKinds(w.ctx, w.session, w.Provider, w.wantedBy(steps))
	if err != nil {
		return err
	}
	outcome := state.NotApplied
	var rows []state.Setting
	var forget []schema.Setting
	for _, s := range steps {
		kind := w.kind(s.Address.Kind)
		have := now.value(kind, s.Address.Key)
		if missing := w.missing(s, kind, have); len(missing) > 0 && !w.rewritten(s, kind, missing, have) {
			continue
		}
		carriedOut, err := w.carriedOut(s)
		if err != nil {
			return err
		}
		if !carriedOut {
			continue
		}
		outcome = state.Done
		forget = append(forget, forgotten(s)...)
		if !have.IsNull() {
			rows = append(rows, w.row(s, kind, have))
		}
	}
	return w.Store.Finish(w.ctx, w.lease, in.ID, outcome, rows, forget)
}

// carriedOut proves the secrets of a step whose readable attributes are as wanted. A secret that is no longer to be had,
// or that no login can prove, is taken as not written, so that the next plan writes it.
func (w *worker) carriedOut(s plan.Step) (bool, error) {
	if len(hidden(w.kind(s.Address.Kind), s)) == 0 || s.After.IsNull() {
		return true, nil
	}
	secret, ok := loginOf(w.kind(s.Address.Kind), s)
	if _, can := w.session.(providers.Authenticator); !ok || !can {
		return false, nil
	}
	text, err := w.reveal(s.Address, passwordAttribute, secret)
	if err != nil {
		return false, nil
	}
	err = w.authenticate(s.Address.Key, text)
	if refusedByDevice(err) {
		return false, nil
	}
	return err == nil, err
}

func (w *worker) stepsOf(in state.Intent) ([]plan.Step, error) {
	var steps []plan.Step
	for _, shape := range in.Steps {
		kind := w.kind(shape.Setting.Kind)
		if kind == nil {
			return nil, fmt.Errorf("the journal speaks of %s, which is of no known kind", shape.Setting)
		}
		before, errBefore := decodeWhole(kind, shape.Before)
		after, errAfter := decodeWhole(kind, shape.After)
		if err := errors.Join(errBefore, errAfter); err != nil {
			return nil, fmt.Errorf("journal of %s: %w", shape.Setting, err)
		}
		secrets := map[string]plan.Secret{}
		for attribute, fingerprint := range shape.Fingerprints {
			secrets[attribute] = plan.Secret{Origin: shape.Origins[attribute], Fingerprint: fingerprint}
		}
		steps = append(steps, plan.Step{Address: shape.Setting, Action: plan.Action(shape.Action), Before: before, After: after, Secrets: secrets})
	}
	return steps, nil
}
