package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// settle proves the way in after a change on trial, reads the device back over a new connection, judges each step by what
// it has now, and records it.
func (w *worker) settle(ctx context.Context, s sent) (o outcome) {
	if ctx.Err() == nil && s.onTrial() {
		if o = w.endTrial(ctx, s); o.result != "" {
			return o
		}
	}
	after, unread := w.readSettled(ctx, s)
	hidden := false
	if certificate := s.shows(); certificate != nil && unread == nil {
		if at := w.line.shown(); at == nil || !at.Equal(certificate) {
			if hidden = !w.line.shows(ctx, certificate, s.group.Document, w.Sleep); !hidden {
				after, unread = w.readThere(ctx, s.group.Steps)
			}
		}
		o.unrecorded(w.see(ctx, w.line.session.Pin()))
	}
	reached := map[schema.Setting]bool{}
	doubt, unseen := false, false
	for n, request := range s.sendings {
		verdicts := make([]verdict, len(request.steps))
		for i, step := range request.steps {
			verdicts[i] = w.judge.step(ctx, step, request, after, unread)
			if hidden && request.err == nil && verdicts[i].result != report.Unknown {
				verdicts[i] = verdict{result: report.NotWorking, detail: "the device has the certificate but still presents another one over TLS; it may do so until it is restarted"}
				unseen = true
			}
			reached[step.Address] = true
			doubt = doubt || verdicts[i].result == report.Unknown
		}
		unrecorded := w.record(ctx, request, verdicts)
		o.unrecorded(unrecorded)
		then := ""
		if unread == nil && unrecorded == nil {
			then = loss{w, s.before, after, s.group, request, verdicts}.putBack(ctx, &o)
		}
		for i, step := range request.steps {
			result, detail := verdicts[i].result, verdicts[i].detail
			if !result.Good() {
				detail += then
			}
			if !result.Good() && unread == nil {
				detail += w.judge.elsewhere(step, s, after)
			}
			if unrecorded != nil && result.Good() {
				result, detail = report.Unrecorded, providers.Reason(rotate.StoreError(unrecorded))
			}
			if step.Rotates() && result.Good() {
				w.rotated = append(w.rotated, step)
				if w.accounts.Asleep(step.Address.Key) {
					result, detail = w.wake(ctx, s.group, step, &o)
				}
			}
			if result == report.Done && tellsWhetherItWorks(w.judge.kind(step), step) {
				w.changed = append(w.changed, step)
			}
			if s.decides(n, step) {
				o.ended = append(o.ended, ending{step, result, detail, request.err == nil})
			}
		}
	}
	for _, step := range s.todo {
		if !reached[step.Address] {
			o.end(report.NotRun, cmp.Or(s.held, "the run ended on this device before reaching it"), step)
		}
	}
	switch {
	case unseen: // what comes after may close the other ways in
		o.fail(report.NotWorking, "camform changes nothing else on it until it presents its new certificate, since it might not come back over HTTPS; restart it, and run camform plan again")
	case unread == nil, errors.Is(unread, providers.ErrWithheld): // then the rest of the device can go on
	case !doubt:
		o.fail(live.ResultOf(unread), providers.Reason(unread))
	default:
		o.fail(report.Unknown, notReadBack(unread)+"; the outcome of the last request is uncertain, and the next run finds out")
	}
	return o
}

// decides reports whether the nth request is the one by which a step ended: the last that was sent for it.
func (s sent) decides(n int, step plan.Step) bool {
	return !slices.ContainsFunc(s.sendings[n+1:], func(later sending) bool { return later.carries(step) })
}

func (o order) carries(step plan.Step) bool {
	return slices.ContainsFunc(o.steps, func(carried plan.Step) bool { return carried.Address == step.Address })
}

// notReadBack says that and why a device was not read back.
func notReadBack(err error) string {
	if errors.Is(err, context.Canceled) {
		return "the run was stopped before the device was read back"
	}
	return "the device could not be read back: " + providers.Reason(err)
}

// lag is how long a device may go on showing what it had before a change that it accepted, or may have accepted.
const lag = 2 * beat

// readSettled reads back what a group changed, and again for a while where the device still shows what it had before: some put
// a change in force only after they have answered.
func (w *worker) readSettled(ctx context.Context, s sent) (reading, error) {
	after, unread := w.readBack(ctx, s)
	for waited := time.Duration(0); unread == nil && waited < lag && w.judge.lags(s, after); waited += beat {
		if w.Sleep(ctx, beat) != nil {
			break
		}
		after, unread = w.readThere(ctx, s.group.Steps)
	}
	return after, unread
}

// lags reports whether a device shows nothing of a change that it said is in force, or for which it is uncertain whether it took it; or
// something that nobody asked for, which may pass.
func (j judge) lags(s sent, after reading) bool {
	for _, request := range s.sendings {
		open := request.err == nil || errors.Is(request.err, providers.ErrUnknown)
		if !open || request.reply.Outcome == providers.PendingReboot {
			continue
		}
		for _, step := range request.steps {
			have := j.value(step, after)
			if missing := j.missing(step, have); len(missing) > 0 && (j.untouched(step, have) || !j.rewritten(step, missing, have) && j.astray(step, j.value(step, s.before), have)) {
				return true
			}
		}
	}
	return false
}

// readBack reads what a group changed over a new connection; with a new login, if the password of that may have changed.
func (w *worker) readBack(ctx context.Context, s sent) (reading, error) {
	if request, own := ownRotation(s.sendings); own {
		if errors.Is(request.err, providers.ErrUnknown) {
			// A login that nobody answers would count.
			if err := w.await(ctx); errors.Is(err, context.Canceled) {
				return reading{}, err
			}
		}
		if err := w.accounts.Reenter(ctx, request.err); err != nil {
			return reading{}, err
		}
	} else {
		w.line.session.Renew()
	}
	return w.readThere(ctx, s.group.Steps)
}

// ownRotation finds the request that carried a new password for the account that the session logs in with.
func ownRotation(sendings []sending) (sending, bool) {
	for _, request := range sendings {
		for _, s := range request.steps {
			if _, how := s.Generates(); how != nil && how.Own {
				return request, true
			}
		}
	}
	return sending{}, false
}

// record closes the intent of a request together with what is recorded from now on. An intent with anything
// unknown stays open; the next run closes it.
func (w *worker) record(ctx context.Context, request sending, verdicts []verdict) error {
	outcome := state.NotApplied
	var rows []state.Setting
	var forget []schema.Setting
	var found []state.Verdict
	for i, v := range verdicts {
		if v.result == report.Unknown {
			return nil
		}
		found = append(found, v.verdicts...)
		rows, forget = append(rows, v.rows...), append(forget, v.forget...)
		if v.result.Good() {
			outcome = state.Done
			forget = append(forget, forgotten(request.steps[i])...)
		}
	}
	return w.Store.Finish(ctx, w.lease, request.id, outcome, rows, forget, found...)
}

// unrecorded ends the device if the outcome of a request could not be recorded.
func (o *outcome) unrecorded(err error) {
	if err != nil {
		o.fail(report.Failed, providers.Reason(rotate.StoreError(err)))
	}
}

// wake changes the password of an account that sleeps once more, as the account, and reports the outcome of the step. An account
// that still sleeps at the end has no fingerprint in the state, so that the next plan tries again.
func (w *worker) wake(ctx context.Context, g plan.Group, s plan.Step, o *outcome) (report.Result, string) {
	again, err := w.changeAs(ctx, g, onlyPassword(s, w.judge.kind(s)))
	if err != nil {
		return report.NotWorking, fmt.Sprintf("the account has a new password but may do nothing until it has set one itself: %s; the next plan tries again",
			providers.Reason(err))
	}
	request := again.sendings[0] // one account, one attribute
	v := w.judge.password(ctx, request.steps[0], request, w.judge.value(s, again.before))
	o.unrecorded(w.record(ctx, request, []verdict{v}))
	return v.result, v.detail
}

// changeAs gives an account a further new password, logged in with the one that it has.
func (w *worker) changeAs(ctx context.Context, g plan.Group, s plan.Step) (sent, error) {
	session, ok := w.line.session.(providers.Impersonator)
	switch {
	case !ok:
		return sent{}, providers.ErrUnsupported
	case w.stopped():
		return sent{}, errors.New(interruptedThere)
	}
	credential, err := w.accounts.Wake(ctx, s.Address.Key)
	if err != nil {
		return sent{}, err
	}
	now, err := w.read(ctx, []plan.Step{s})
	if err != nil {
		return sent{}, err
	}
	p, err := w.prepare(ctx, g, checked{now: now, todo: now.steps}, credential)
	if err != nil {
		return sent{}, err
	}
	return w.send(ctx, p, func(ctx context.Context, request providers.Request) (providers.Reply, error) {
		return session.DoAs(ctx, credential, request)
	})
}

// onlyPassword is a step that changes nothing but the password of an account that is there.
func onlyPassword(s plan.Step, kind *schema.Kind) plan.Step {
	values := make(map[string]cty.Value, len(kind.Attributes))
	for _, a := range kind.Attributes {
		values[a.Name] = cty.NullVal(a.Type)
	}
	s.Action, s.After = plan.Update, cty.ObjectVal(values)
	return s
}
