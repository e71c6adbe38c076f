package apply

import (
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

// batch lets devices get their first passwords one after the other: the next one only once the last has logged in with its own and
// said who it is. After an answer that nothing explains nobody gets one any more.
type batch struct {
	turn    chan struct{} // full while a device has its turn, to which the rest belongs
	claims  Claims
	stopped string // why nobody gets a password any more; empty while somebody may
}

// newBatch is the batch of a plan. What its devices are declared with is spoken for.
func newBatch(p *plan.Plan) *batch {
	b := &batch{turn: make(chan struct{}, 1), claims: Claims{}}
	for _, d := range p.Devices {
		b.claims.Add(d.Address, d.Access.Want, "is declared with")
		b.claims.Add(d.Address, d.Identity, "answers with")
	}
	return b
}

// firstPassword gives a device its first password, proves it by a login, and makes sure that it is the device that is meant. It
// reports whether to go on.
//
//	plan ──▶ inactive still? ──▶ candidate and intent durable ──▶ request ──▶ active? ──▶ one login ──▶ who is it?
//	            │ no                                                            │ no         │ refused      │ another
//	            ▼                                                               ▼            ▼              ▼
//	         stale, nothing sent                                     candidate withdrawn; the batch stops
//
// The outcome of a request is found out by asking whether the device has a password, and by that login. It is never sent again. A
// device that did not refuse it and says that it has none may say so a moment too long: the next run asks again.
func (w *worker) firstPassword(ctx context.Context) bool {
	select {
	case w.batch.turn <- struct{}{}:
		defer func() { <-w.batch.turn }()
	case <-w.stop.Done():
	}
	if w.stopped() {
		w.fail(report.NotRun, interruptedThere)
		return false
	}
	if w.batch.stopped != "" {
		w.fail(report.NotRun, w.batch.stopped)
		return false
	}
	if len(w.open) > 0 {
		w.fail(report.Unknown, "the outcome of an earlier request is uncertain; the next run finds out")
		return false
	}
	target, err := w.Target(w.device)
	if err != nil {
		w.fail(report.Failed, providers.Reason(err))
		return false
	}
	w.line.target = target
	w.line.target.Want = providers.Identity{} // who it is, is asked once it has logged in
	started := time.Now()
	w.event(report.Event{Kind: report.Activating, Stage: report.Apply, Device: w.device.Address})
	began, err := w.activate(ctx)
	if err != nil {
		w.notActivated(began, err)
		return false
	}
	if !w.isMeant(ctx) {
		return false
	}
	w.event(report.Event{Kind: report.Activated, Stage: report.Apply, Device: w.device.Address, Elapsed: time.Since(started)})
	return true
}

// notActivated ends a device that did not get its first password, or for which that is uncertain. If a request was begun, the batch
// ends with it.
func (w *worker) notActivated(began bool, err error) {
	result := live.ResultOf(err)
	switch {
	case errors.Is(err, providers.ErrActive):
		result = report.Stale
	case errors.Is(err, providers.ErrUnknown):
		result = report.Unknown
	}
	w.fail(result, live.Explain(err, w.device.Address))
	if began {
		w.batch.stopped = fmt.Sprintf("%s was to be activated first and did not answer as it should; find out what is wrong there, and plan again", w.device.Address)
	}
}

// isMeant reports whether who has the password now is the device that is meant, and nobody else.
func (w *worker) isMeant(ctx context.Context) bool {
	w.line.target.Want = w.device.Access.Want
	got := w.line.identity
	err := providers.Pin{}.Matches(got, w.device.Access.Want)
	if err == nil {
		err = w.isNobodyElse(ctx, got)
	}
	if err == nil {
		w.batch.claims.Add(w.device.Address, got, "answers with")
		return true
	}
	w.fail(report.Mistaken, fmt.Sprintf("%s; the only thing it was given is a password that opens nothing else, which the vault keeps as %s", providers.Reason(err), w.device.Access.Managed))
	w.batch.stopped = fmt.Sprintf("another device answered as %s; find out which one, and plan again", w.device.Address)
	return false
}

// isNobodyElse is an error if somebody else is declared with an identity, answered with it in this run, or did so in an earlier one.
func (w *worker) isNobodyElse(ctx context.Context, got providers.Identity) error {
	known, err := w.Store.AllDevices(ctx)
	if err != nil {
		return rotate.StoreError(err)
	}
	remembered := Claims{}
	for _, d := range known {
		remembered.Add(d.Address, d.Identity, "answered with")
	}
	for _, claims := range []Claims{w.batch.claims, remembered} {
		if other := claims.Another(w.device.Address, got); other != "" {
			return fmt.Errorf("%s: %w", other, providers.ErrIdentity)
		}
	}
	return nil
}

// activate sends a device its first password, once, and logs in with it. It reports whether a request was begun. The error is
// ErrUnknown where the next run has to find out its outcome.
func (w *worker) activate(ctx context.Context) (began bool, err error) {
	how := w.device.Activation.Password
	activator, pin, end, err := w.activator(w.device.Activation.Found)
	if err != nil {
		return false, err
	}
	defer end()
	switch now, err := activator.Activation(ctx); {
	case err != nil:
		return false, err
	case now.Activated:
		return false, fmt.Errorf("somebody has activated it since the plan was made; nothing was sent; plan again: %w", providers.ErrActive)
	}
	account := w.device.Access.Username
	password, err := w.accounts.Propose(ctx, account, how)
	if err != nil {
		return false, err
	}
	id, err := w.Store.Begin(ctx, w.lease, state.Intent{
		Document: w.device.Activation.Path, Method: "ACTIVATE", Candidates: []state.Candidate{w.accounts.Candidate(account)},
	})
	if err != nil {
		return false, rotate.StoreError(err)
	}
	answer := activator.Activate(ctx, w.device.Activation.Activation, password)
	w.line.target.Pin = pin()
	return true, w.proveFirst(ctx, id, activator, answer)
}

// activating is who activates the device.
type activating interface {
	providers.Dormant
	Activate(ctx context.Context, before providers.Activation, password schema.Secret) error
}

// activator opens the way to a device that may have no password: to its address, or to where a search finds it. Pin is what was seen
// of who got the password.
func (w *worker) activator(found bool) (way activating, pin func() providers.Pin, end func(), err error) {
	if found {
		finder, ok := w.Provider.(providers.Finder)
		if !ok {
			return nil, nil, nil, fmt.Errorf("only a search finds it; run camform apply with -search INTERFACE or ADDR:PORT: %w", providers.ErrUnreachable)
		}
		target := w.line.target
		target.Want = w.device.Access.Want
		return finder.Newcomer(target), func() providers.Pin { return target.Pin }, func() {}, nil
	}
	session := w.Provider.Open(w.line.target)
	way, ok := session.(providers.Activator)
	if !ok {
		session.Close()
		return nil, nil, nil, fmt.Errorf("its provider cannot activate: %w", providers.ErrUnsupported)
	}
	return way, session.Pin, session.Close, nil
}

// proveFirst finds out whether a device took its first password, and closes the intent if that is known. The answer is what the device
// said.
func (w *worker) proveFirst(ctx context.Context, id state.IntentID, device providers.Dormant, answer error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("the run was stopped before it logged in; the next run finds out whether the device has its password: %w", providers.ErrUnknown)
	}
	now, err := device.Activation(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("camform could not ask whether it has a password now (%s); the next run finds out: %w", providers.Reason(err), providers.ErrUnknown)
	case !now.Activated && (answer == nil || errors.Is(answer, providers.ErrUnknown)):
		return fmt.Errorf("it was sent its first password (%s), but reports that it has none: %w", answered(answer), providers.ErrUnknown)
	case !now.Activated:
		return errors.Join(answer, w.closeFirst(ctx, id, rotate.Finding{}))
	}
	if err := w.moveThere(ctx, device); err != nil {
		return fmt.Errorf("it has a password now, but could not be moved to its address (%s); the next run tries again: %w", providers.Reason(err), providers.ErrUnknown)
	}
	found := w.accounts.Prove(ctx)
	switch {
	case !found.Settled():
		return fmt.Errorf("it has a password now, but logging in with it failed (%s); the next run tries again: %w", providers.Reason(found.Err), providers.ErrUnknown)
	case found.Live == 0:
		err = fmt.Errorf("it has a password now, but rejects the one it was sent: somebody else activated it: %w", providers.ErrRefused)
	}
	return errors.Join(err, w.closeFirst(ctx, id, found))
}

// answered says what a device answered to its first password.
func answered(err error) string {
	if err == nil {
		return "it reported success"
	}
	return providers.Reason(err)
}

// moveThere gives a device that a search found the address that it is declared with.
func (w *worker) moveThere(ctx context.Context, device providers.Dormant) error {
	found, ok := device.(providers.Newcomer)
	if !ok {
		return nil
	}
	password, err := w.accounts.Pending(ctx)
	if err != nil {
		return err
	}
	return found.Move(ctx, providers.Credential{Username: w.device.Access.Username, Password: password})
}

// closeFirst closes the intent of a first password by what was found out.
func (w *worker) closeFirst(ctx context.Context, id state.IntentID, found rotate.Finding) error {
	outcome := state.NotApplied
	if found.Live != 0 {
		outcome = state.Done
	}
	verdict := w.accounts.Verdict(w.device.Access.Username, found)
	if err := w.Store.Finish(ctx, w.lease, id, outcome, nil, nil, verdict); err != nil {
		return rotate.StoreError(err)
	}
	return nil
}

// isFirst reports whether an intent is about the first password of a device.
func isFirst(in state.Intent) bool { return len(in.Steps) == 0 && len(in.Candidates) > 0 }

// stillInactive closes the intents of first passwords of a device that says it has none, and reports whether that was so.
func (w *worker) stillInactive(ctx context.Context) (bool, error) {
	first := false
	for _, in := range w.open {
		first = first || isFirst(in)
	}
	if !first {
		return false, nil
	}
	target, err := w.Target(w.device)
	if err != nil {
		return false, err
	}
	w.line.target = target
	device, _, end, err := w.activator(w.open[0].Document == providers.BySearch.Path)
	if err != nil {
		return false, err
	}
	defer end()
	now, err := device.Activation(ctx)
	if err == nil && now.Activated {
		err = w.moveThere(ctx, device)
	}
	if err != nil || now.Activated {
		return false, err
	}
	for _, in := range w.open {
		if err := w.closeFirst(ctx, in.ID, rotate.Finding{}); err != nil {
			return true, err
		}
	}
	return true, nil
}

// newcomer is the way of a device that has no password when its turn comes: it gets its first one, then the one that it keeps, and
// then its settings.
func (w *worker) newcomer(ctx context.Context) {
	superseded, err := w.accounts.Superseded(ctx, w.device.Access.Username, w.device.Activation.Password)
	switch {
	case err != nil:
		w.fail(live.ResultOf(err), providers.Reason(err))
		return
	case !w.hasSecrets():
		return
	case superseded: // by an earlier run of this plan
		if !w.login(ctx) {
			return
		}
	case !w.firstPassword(ctx):
		return
	default:
		w.done.Activated = true
	}
	declared := w.device
	if !w.bring(ctx, declared, isOwnRotation) {
		w.device = declared
		return
	}
	if w.bring(ctx, declared, func(plan.Step) bool { return true }) {
		w.finish(ctx)
	}
	w.leave(declared)
}

// bring reads the device, and carries out some of what its plan declares beyond what it has. It reports whether to go on.
func (w *worker) bring(ctx context.Context, declared plan.Device, some func(plan.Step) bool) bool {
	settled, err := w.Settle(ctx, declared, w.line.session)
	if err != nil {
		w.fail(report.Failed, "it is activated, but its settings were not applied: "+providers.Reason(err))
		w.device = declared
		return false
	}
	settled.Steps = slices.DeleteFunc(settled.Steps, func(s plan.Step) bool { return !some(s) })
	w.device = settled
	w.carryOutAll(ctx)
	return !w.over()
}

// isOwnRotation reports whether a step gives a new password to the account that camform logs in with.
func isOwnRotation(s plan.Step) bool {
	_, how := s.Generates()
	return how != nil && how.Own
}

// leave reports the outcome of declared settings for which there was no step in the end: the device has them already, or does not
// take them.
func (w *worker) leave(declared plan.Device) {
	told := map[schema.Setting]bool{}
	for _, s := range w.done.Steps {
		told[s.Address] = true
	}
	for _, s := range w.device.Steps {
		told[s.Address] = true
	}
	var o outcome
	for _, s := range declared.Steps {
		if told[s.Address] {
			continue
		}
		result, detail := report.Already, ""
		for _, skipped := range w.device.Skipped {
			if skipped.Address == s.Address && skipped.Reason == plan.Unsupported {
				detail = "left alone: " + skipped.Told()
			} else if skipped.Address == s.Address {
				result, detail = report.Rejected, skipped.Told()
			}
		}
		o.end(result, detail, s)
	}
	w.tell(o)
}
