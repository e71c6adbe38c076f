package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/graph"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Recover closes the intents that an earlier run left open, because it was killed or could not read a device back. It
// finds out what became of each by reading the device, and never repeats a request. Devices need an access only. A device
// that cannot be reached keeps its intents open and is reported. A device of which it is not known which password it has is
// asked too. Any other device is not touched at all.
func Recover(ctx context.Context, devices []plan.Device, o Options) ([]report.Device, error) {
	work, err := unsettled(ctx, devices, o.Store)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStore, err)
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

// unsettled are the devices with open intents, and those whose password is in doubt.
func unsettled(ctx context.Context, devices []plan.Device, store Store) ([]plan.Device, error) {
	open, err := store.AllOpenIntents(ctx)
	if err != nil {
		return nil, err
	}
	doubtful, err := store.Doubtful(ctx)
	if err != nil {
		return nil, err
	}
	waiting := map[schema.Device]bool{}
	for _, in := range open {
		waiting[in.Device] = true
	}
	var work []plan.Device
	for _, d := range devices {
		if waiting[d.Address] || doubtful[d.Access.Managed] {
			work = append(work, d)
		}
	}
	return work, nil
}

func recoverDevice(ctx context.Context, d plan.Device, o Options) (done report.Device) {
	w := newWorker(ctx, ctx, d, o)
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
	if !w.login() {
		return
	}
	for _, in := range open {
		if err := w.resolve(in); err != nil {
			w.fail(live.ResultOf(err), fmt.Sprintf("what became of the last request is still not known: %v", err))
			if !rotate.Untried(err) {
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
	var known resolution
	for _, s := range steps {
		kind := w.kind(s.Address.Kind)
		r, err := w.resolveStep(s, kind, now.value(kind, s.Address.Key), candidateOf(in, w.nameOf(s)))
		if err != nil {
			return err
		}
		if r.done {
			outcome = state.Done
		}
		known.add(r)
	}
	return w.Store.Finish(w.ctx, w.lease, in.ID, outcome, known.rows, known.forget, known.verdicts...)
}

// resolution is what reading a device told of an open step.
type resolution struct {
	done     bool // it was carried out
	rows     []state.Setting
	forget   []schema.Setting
	verdicts []state.Verdict
}

func (r *resolution) add(other resolution) {
	r.rows = append(r.rows, other.rows...)
	r.forget = append(r.forget, other.forget...)
	r.verdicts = append(r.verdicts, other.verdicts...)
}

// candidateOf is the version of a name that an intent made; 0 if it made none.
func candidateOf(in state.Intent, name string) int {
	for _, c := range in.Candidates {
		if c.Name == name {
			return c.Version
		}
	}
	return 0
}

// resolveStep finds out what became of one step. Candidate is the version of the password that it made; 0 for none.
func (w *worker) resolveStep(s plan.Step, kind *schema.Kind, have cty.Value, candidate int) (resolution, error) {
	missing := w.missing(s, kind, have)
	asWanted := len(missing) == 0 || w.rewritten(s, kind, missing, have)
	if candidate != 0 {
		return w.resolvePassword(s, kind, have, candidate, asWanted)
	}
	if !asWanted {
		return resolution{}, nil
	}
	carriedOut, err := w.carriedOut(s)
	if err != nil || !carriedOut {
		return resolution{}, err
	}
	return w.finished(s, kind, have), nil
}

func (w *worker) finished(s plan.Step, kind *schema.Kind, have cty.Value) resolution {
	r := resolution{done: true, forget: forgotten(s)}
	if !have.IsNull() {
		r.rows = []state.Setting{w.row(s, kind, have)}
	}
	return r
}

// resolvePassword finds out which password an account has after a request that carried a new one.
func (w *worker) resolvePassword(s plan.Step, kind *schema.Kind, have cty.Value, candidate int, asWanted bool) (resolution, error) {
	name := w.nameOf(s)
	if have.IsNull() {
		return resolution{verdicts: []state.Verdict{{Name: name}}}, nil // there is no account that could have it
	}
	finding := w.found
	if name != w.device.Access.Managed {
		versions, err := w.versions(name)
		if err != nil {
			return resolution{}, err
		}
		finding = w.ask(s.Address.Key, versions, rotate.Unheard)
	}
	if !finding.Settled() {
		return resolution{}, finding.Err
	}
	r := resolution{verdicts: []state.Verdict{finding.Verdict(name)}}
	switch {
	case finding.Live == candidate && w.asleep[s.Address.Key]:
		r.rows = []state.Setting{w.knownWith(s, "")}
	case finding.Live == candidate && asWanted:
		done := w.finished(s, kind, have)
		r.done, r.rows = true, done.rows
	case finding.Live == candidate:
		r.rows = []state.Setting{w.knownWith(s, s.Secrets[passwordAttribute].Fingerprint)}
	default:
		r.rows = w.unprovenRow(s, finding)
	}
	return r, nil
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
	if rotate.Refused(err) {
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
