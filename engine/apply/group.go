package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/guard"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
)

// group carries out the steps that change one document: read, check, prepare, send, settle. Each stage gets what the one
// before it made. Left are the groups that are still to come, this one first. Staged steps go through all of it twice.
func (w *worker) group(ctx context.Context, g plan.Group, left []plan.Group) {
	w.begin(g.Steps...)
	rest, was, ready := w.stage(ctx, g, left)
	if !ready {
		return
	}
	now, err := w.read(ctx, rest.Steps)
	if err != nil {
		w.tell(w.unsent(ctx, rest.Steps, err).afterStage(g))
		return
	}
	now.origin = was
	w.tell(w.carryOut(ctx, rest, now, slices.Concat([]plan.Group{rest}, left[1:])).afterStage(g))
}

// carryOut takes steps that were read from check to settle.
func (w *worker) carryOut(ctx context.Context, g plan.Group, now reading, left []plan.Group) outcome {
	checked := w.check(ctx, now, left)
	if len(checked.todo) == 0 {
		return checked.outcome
	}
	prepared, err := w.prepare(ctx, g, checked, w.line.Credential())
	if err != nil {
		return checked.then(w.unsent(ctx, checked.todo, err))
	}
	if next := prepared.brings(); next != "" {
		if err := w.see(ctx, w.line.session.Pin().Merge(providers.Pin{Next: next})); err != nil {
			return checked.then(w.unsent(ctx, checked.todo, rotate.StoreError(err)))
		}
	}
	if guard.Trials(g, w.Provider.Kinds()) {
		if prepared.spare, err = w.line.second(ctx); err != nil {
			return checked.then(w.unsent(ctx, checked.todo, err))
		}
		defer prepared.spare.Close()
	}
	if !w.flights.begin(checked.todo) {
		checked.end(report.NotRun, interruptedThere, checked.todo...)
		checked.fail(report.NotRun, interruptedThere)
		return checked.outcome
	}
	defer w.flights.end(checked.todo)
	sent, err := w.send(ctx, prepared, func(ctx context.Context, request providers.Request) (providers.Reply, error) {
		return w.line.session.Do(ctx, request) // a proof may have gone on with another session
	})
	if err != nil {
		return checked.then(w.unsent(ctx, checked.todo, err))
	}
	return checked.then(w.settle(ctx, sent))
}

// reading is what a device answered for the documents of steps.
type reading struct {
	steps     []plan.Step // with the fingerprints of secrets that other accounts have by now
	documents providers.Documents
	items     map[string]providers.Items // by kind
	limits    map[string]bool            // paths of the documents that give no settings, but limits or the address of a client
	seen      []string                   // addresses at which the device says that it sees us, or itself
	origin    providers.Documents        // what a trial that fails puts back, where that is not what was read
}

// read asks the device for the documents of steps.
func (w *worker) read(ctx context.Context, steps []plan.Step) (reading, error) {
	now, err := w.readThere(ctx, steps)
	if err == nil {
		err = w.certain(ctx, steps)
	}
	if err != nil {
		return now, err
	}
	now.steps, err = w.judge.secrets.following(steps)
	return now, err
}

// readThere reads the documents of steps. A device that went away after a write is waited for.
func (w *worker) readThere(ctx context.Context, steps []plan.Step) (reading, error) {
	now, err := w.line.readKinds(ctx, w.Provider, steps)
	if !w.wrote || !isAway(err) {
		return now, err
	}
	switch waited := w.await(ctx); {
	case errors.Is(waited, context.Canceled):
		return now, waited
	case waited != nil || w.line.Login(ctx, w.line.Credential()) != nil:
		return now, err
	}
	return w.line.readKinds(ctx, w.Provider, steps)
}

// await waits for a device that went away after a write. An interrupt ends that: nothing is in flight that could be finished.
func (w *worker) await(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	defer context.AfterFunc(w.stop, end)()
	err := w.line.await(ctx, w.Sleep)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", err, context.Canceled)
	}
	return err
}

// checked is which steps are to be carried out, and how the others ended.
type checked struct {
	outcome
	now  reading
	todo []plan.Step
}

// check compares each step with the device as it is now. Steps that the device has already are done. If any step finds
// neither what it was planned from nor what it wants, the device is stale; if they would make its clock jump and nobody
// accepts that, or what is left of the plan would close the way in, nothing is to be done.
func (w *worker) check(ctx context.Context, now reading, left []plan.Group) checked {
	c := checked{now: now}
	stale := false
	for _, s := range now.steps {
		result, detail := w.checkStep(ctx, s, w.judge.value(s, now))
		if result == "" {
			c.todo = append(c.todo, s)
			continue
		}
		c.end(result, detail, s)
		stale = stale || result == report.Stale
	}
	if stale {
		c.end(report.NotRun, "another setting in the same document has changed since the plan was made", c.todo...)
		c.fail(report.Stale, "nothing was written; plan again")
		c.todo = nil
	}
	if len(c.todo) == 0 {
		return c
	}
	if why := w.wouldJump(c.todo, now); why != "" {
		c.end(report.Stale, why, c.todo...)
		c.fail(report.Stale, "nothing was written: "+why)
		c.todo = nil
		return c
	}
	if why := w.wouldLockOut(left, now); why != "" {
		c.end(report.Failed, why, c.todo...)
		c.fail(report.Failed, "nothing was written: "+why)
		c.todo = nil
	}
	return c
}

// wouldJump says that steps would make the clock of the device jump, unless that is accepted; empty if they would not. The clock may
// have gone wrong since the plan was made.
func (w *worker) wouldJump(steps []plan.Step, now reading) string {
	var changes []providers.Change
	for _, s := range steps {
		if kind := w.judge.kind(s); kind.Clock != nil {
			changes = append(changes, providers.Change{Kind: kind, Key: s.Address.Key, Before: w.judge.value(s, now), After: s.After})
		}
	}
	if len(changes) == 0 || w.device.ClockJump != "" || !w.Provider.Jump(changes, now.documents).IsFar() {
		return ""
	}
	return "its clock would jump by more than five minutes, which accept_clock_jump does not accept; plan again"
}

// checkStep says how a step ended before anything was sent for it; the result is empty if it is to be carried out. A step is
// left alone while the outcome of an earlier request is uncertain for the same setting: it might repeat that.
func (w *worker) checkStep(ctx context.Context, s plan.Step, have cty.Value) (result report.Result, detail string) {
	if _, how := s.Generates(); how != nil {
		superseded, err := w.accounts.Superseded(ctx, s.Address.Key, *how)
		switch {
		case err != nil:
			return live.ResultOf(err), err.Error()
		case superseded:
			return report.Already, "another run has given it a new password since the plan was made"
		}
	}
	switch {
	case w.waiting[s.Address]:
		return report.Unknown, "the outcome of an earlier request is uncertain; the next run finds out"
	case (len(w.judge.missing(s, have)) == 0 || w.judge.keeps(s, have)) && w.judge.knowsSecrets(s, have):
		row := w.judge.row(s, have)
		row.Created = w.judge.known[s.Address].Created // another one made it meanwhile, not we
		if err := w.Store.Record(ctx, w.lease, []state.Setting{row}, forgotten(s)); err != nil {
			return report.Failed, rotate.StoreError(err).Error()
		}
		return report.Already, ""
	case w.judge.untouched(s, have):
		if why := w.census.withheld(s); why != "" {
			return report.Failed, why
		}
		return w.provable(ctx, s)
	default:
		return report.Stale, "nothing was written; plan again"
	}
}

// provable says how a step ended that sets a password which no login could prove now; the result is empty for any other. It may
// go later.
func (w *worker) provable(ctx context.Context, s plan.Step) (result report.Result, detail string) {
	kind := w.judge.kind(s)
	if !provable(kind, s) {
		return "", ""
	}
	login, err := w.judge.secrets.login(kind, s)
	if err == nil {
		err = w.accounts.Provable(ctx, login)
	}
	switch {
	case err == nil:
		return "", ""
	case rotate.Untried(err):
		return report.Failed, providers.Reason(err) + "; apply again after that"
	}
	return live.ResultOf(err), live.Explain(err, w.device.Address)
}

// prepared is what is to be sent for a group.
type prepared struct {
	group  plan.Group
	before reading
	todo   []plan.Step
	orders []order
	spare  providers.Session // over which a change on trial is put back if the reply is lost; nil for any other
}

// order is one request, with what has to be durable before it leaves.
type order struct {
	steps   []plan.Step // that it carries out
	request providers.Request
	intent  state.Intent
}

// prepare makes the passwords that steps ask for, composes the requests, and keeps the documents as they are. Login is who
// sends the requests.
func (w *worker) prepare(ctx context.Context, g plan.Group, c checked, login providers.Credential) (prepared, error) {
	p := prepared{group: g, before: c.now}
	composition := providers.Composition{Documents: c.now.documents, First: guard.Sources(w.seenFrom(c.now)), Login: login}
	for _, s := range c.todo {
		if password, how := s.Generates(); how != nil {
			secret, err := w.accounts.Propose(ctx, s.Address.Key, *how)
			if err != nil {
				return p, err
			}
			s = withFingerprint(s, password, w.Store.Fingerprint(s.Address, password, secret))
		}
		p.todo = append(p.todo, s)
		change, err := w.judge.secrets.change(s, w.judge.kind(s))
		if err != nil {
			return p, err
		}
		composition.Changes = append(composition.Changes, change)
	}
	requests, err := w.Provider.Compose(composition)
	if err != nil {
		return p, err
	}
	for _, request := range requests {
		o := order{request: request, steps: carriedBy(request, p.todo)}
		o.request = asPlanned(o.request, o.steps)
		writes := o.steps
		if request.Instead != nil {
			writes = carriedBy(*request.Instead, p.todo) // those of the request among them
		}
		o.intent = intentOf(g.Document, request, writes, w.Provider.Kinds())
		for _, s := range o.steps {
			if s.Rotates() {
				o.intent.Candidates = append(o.intent.Candidates, w.accounts.Candidate(s.Address.Key))
			}
		}
		p.orders = append(p.orders, o)
	}
	return p, w.snapshot(ctx, c.now)
}

// asPlanned is a request that may not leave in clear where the plan says that the device takes its passwords enciphered. What is sent
// instead of several stays one request, since a session sends it once.
func asPlanned(request providers.Request, steps []plan.Step) providers.Request {
	if slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Enciphered }) {
		request.InClear = false
		if request.Instead != nil {
			*request.Instead = asPlanned(*request.Instead, steps)
		}
	}
	return request
}

// carriedBy are the steps that a request carries out.
func carriedBy(request providers.Request, todo []plan.Step) []plan.Step {
	return slices.DeleteFunc(slices.Clone(todo), func(s plan.Step) bool {
		return !slices.Contains(request.Keys, providers.Key{Kind: s.Address.Kind, Key: s.Address.Key})
	})
}

// sent is what left, or may have left, for a group.
type sent struct {
	prepared
	sendings []sending
	held     string // why a request was not sent after all; empty if none was held back
}

// failed reports whether a request before one, on which it relies, may not have come about.
func (s sent) failed(o order) bool {
	return slices.ContainsFunc(s.sendings, func(before sending) bool {
		return before.err != nil && len(before.request.Shows) > 0 && slices.ContainsFunc(o.steps, before.carries)
	})
}

// numbered reports whether all is there that the requests before were to make and that the device numbers.
func (w *worker) numbered(ctx context.Context, s sent) bool {
	var before []plan.Step
	for _, made := range s.sendings {
		if made.request.Numbered {
			before = append(before, made.steps...)
		}
	}
	if len(before) == 0 {
		return true
	}
	now, err := w.line.readKinds(ctx, w.Provider, before)
	return err == nil && !slices.ContainsFunc(before, func(step plan.Step) bool { return w.judge.value(step, now).IsNull() })
}

// sending is one request that left, or may have left, and what the device said.
type sending struct {
	order
	id    state.IntentID
	reply providers.Reply
	err   error
}

// send makes the intent of each request durable and sends it, once. It ends early when the session is over, since the
// requests after it could not leave anyway, and when the run was interrupted. Left out is what goes on from a certificate that the
// device may not have taken, and what takes the old one away while the device does not show the new one. With an error nothing has
// left.
func (w *worker) send(
	ctx context.Context, p prepared, do func(context.Context, providers.Request) (providers.Reply, error),
) (sent, error) {
	s := sent{prepared: p}
	for _, o := range p.orders {
		if s.failed(o) {
			continue
		}
		if o.request.Numbered && !w.numbered(ctx, s) {
			s.held = "the entry before it is missing on the device, which might give its number to this one"
			continue
		}
		if o.request.Proven && (w.line.wayIn(ctx, p.group.Document, w.Sleep) != nil || !w.line.shows(ctx, o.request.Shows[0], p.group.Document, w.Sleep)) {
			s.held = "the device does not show its new certificate over a new connection, so the one before it stays"
			continue
		}
		id, err := w.Store.Begin(ctx, w.lease, o.intent)
		if err != nil && len(s.sendings) == 0 {
			return s, rotate.StoreError(err)
		}
		if err != nil {
			break
		}
		reply, err := do(ctx, o.request)
		w.wrote = w.wrote || !errors.Is(err, providers.ErrUnreachable)
		s.sendings = append(s.sendings, sending{order: o, id: id, reply: reply, err: err})
		if err != nil && (providers.EndsSession(err) || ctx.Err() != nil) || w.stopped() {
			break
		}
	}
	return s, nil
}
