package apply

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
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

// group carries out the steps that change one document: check, prove, intend, write, verify, record. Left are the groups
// that are still to come, this one first. It reports whether the device may go on with the next group.
func (w *worker) group(g plan.Group, left []plan.Group) bool {
	begun := time.Now()
	for _, s := range g.Steps {
		w.begun(s)
	}
	end := func(s plan.Step, result report.Result, detail string) { w.ended(s, result, detail, time.Since(begun)) }

	before, err := w.read(g)
	if err == nil {
		g.Steps, err = w.following(g.Steps)
	}
	if err != nil {
		return w.giveUp(g.Steps, err, end)
	}
	todo, stale := w.check(g.Steps, before, end)
	if stale {
		for _, s := range todo {
			end(s, report.NotRun, "another setting in the same document is no longer as it was when the plan was made")
		}
		w.fail(report.Stale, "nothing was written; plan again")
		return false
	}
	if len(todo) == 0 {
		return true
	}
	if why := w.wouldLockOut(left, before); why != "" {
		for _, s := range todo {
			end(s, report.Failed, why)
		}
		w.fail(report.Failed, "nothing was written: "+why)
		return false
	}
	todo, err = w.propose(todo)
	if err != nil {
		return w.giveUp(todo, err, end)
	}
	changes, err := w.changes(todo)
	if err != nil {
		return w.giveUp(todo, err, end)
	}
	requests, err := w.Provider.Compose(providers.Composition{Documents: before.documents, Changes: changes, Login: w.credential})
	if err == nil {
		err = w.snapshot(before)
	}
	if err != nil {
		return w.giveUp(todo, err, end)
	}
	sent, err := w.send(g, todo, requests)
	if err != nil && len(sent) == 0 {
		return w.giveUp(todo, err, end)
	}
	for i := range sent {
		sent[i].revert = revertOf(sent[i].request, before)
	}
	if onTrial(g, sent) && !w.endTrial(g.Document, sent, end) {
		return false
	}
	return w.settle(g, todo, sent, end)
}

// giveUp ends steps that could not be carried out, nothing having been sent for them. An error that ends the session
// ends the device.
func (w *worker) giveUp(steps []plan.Step, err error, end func(plan.Step, report.Result, string)) bool {
	result := report.Failed
	if errors.Is(err, providers.ErrInvalid) || errors.Is(err, providers.ErrDenied) {
		result = report.Rejected
	}
	for _, s := range steps {
		end(s, result, providers.Reason(err))
	}
	if providers.EndsSession(err) || w.ctx.Err() != nil || errors.Is(err, errStore) {
		w.fail(live.ResultOf(err), live.Explain(err, w.device.Address))
		return false
	}
	return true
}

// reading is what a device answered for the documents of a group.
type reading struct {
	documents providers.Documents
	items     map[string]providers.Items // by kind
	limits    map[string]bool            // paths of the documents that give limits only
}

// value is a setting as it was read, null if the device does not have it.
func (r reading) value(kind *schema.Kind, key string) cty.Value {
	if v, ok := r.items[kind.Name][key]; ok {
		return v
	}
	return kind.Null()
}

func (w *worker) read(g plan.Group) (reading, error) {
	return readKinds(w.ctx, w.session, w.Provider, w.wantedBy(g.Steps))
}

func (w *worker) kind(name string) *schema.Kind { return w.Provider.Kinds().Lookup(name) }

// check compares each step with the device as it is now. Steps that the device has already are done; if any step finds
// neither what it was planned from nor what it wants, the device is stale. A step is left alone while it is not known what
// became of an earlier request for the same setting: it might repeat that.
func (w *worker) check(steps []plan.Step, now reading, end func(plan.Step, report.Result, string)) (todo []plan.Step, stale bool) {
	for _, s := range steps {
		kind := w.kind(s.Address.Kind)
		have := now.value(kind, s.Address.Key)
		superseded, err := w.superseded(s)
		switch {
		case err != nil:
			end(s, report.Failed, err.Error())
		case superseded:
			end(s, report.Already, "another run gave it a new password since the plan was made")
		case w.doubtful[s.Address]:
			end(s, report.Unknown, "it is not known yet what became of an earlier request; the next run finds out")
		case (w.has(s, kind, have) || w.keeps(s, kind, have)) && w.knowsSecrets(s):
			row := w.row(s, kind, have)
			row.Created = w.known[s.Address].Created // whoever made it meanwhile was not us
			if err := w.Store.Record(w.ctx, w.lease, []state.Setting{row}, forgotten(s)); err != nil {
				end(s, report.Failed, err.Error())
				continue
			}
			end(s, report.Already, "")
		case untouched(s, kind, have):
			todo = append(todo, s)
		default:
			end(s, report.Stale, "nothing was written; plan again")
			stale = true
		}
	}
	return todo, stale
}

// has reports whether a device has what a step wants, as far as it can be read.
func (w *worker) has(s plan.Step, kind *schema.Kind, have cty.Value) bool {
	return len(w.missing(s, kind, have)) == 0
}

// keeps reports whether a device still has what it made of the same wanted value when that was written to it. Of secrets
// nothing is remembered that could be compared; devices keep them as they are, or not at all.
func (w *worker) keeps(s plan.Step, kind *schema.Kind, have cty.Value) bool {
	known, ok := w.known[s.Address]
	return ok && !have.IsNull() && !slices.ContainsFunc(w.missing(s, kind, have), kind.IsSecret) &&
		bytes.Equal(known.Applied, EncodeAttributes(kind, s.After, s.After)) &&
		bytes.Equal(known.Observed, EncodeAttributes(kind, s.After, have))
}

// missing are the readable attributes that are not as a step wants them; the empty name stands for the item itself.
func (w *worker) missing(s plan.Step, kind *schema.Kind, have cty.Value) []string {
	if s.After.IsNull() != have.IsNull() {
		return []string{""}
	}
	if s.After.IsNull() {
		return nil
	}
	var names []string
	for _, a := range kind.Attributes {
		want, err := w.readable(s, a)
		if err != nil {
			names = append(names, a.Name) // it cannot be written either, which says why
			continue
		}
		if want.IsNull() {
			continue
		}
		if got := have.GetAttr(a.Name); got.IsNull() || !w.Provider.Same(kind, a, want, got) {
			names = append(names, a.Name)
		}
	}
	return names
}

// readable is what a step wants of an attribute, if that can be compared with what a device says: null where it wants
// nothing, and for secrets that are never returned. One that devices return in clear is read from its origin.
func (w *worker) readable(s plan.Step, a *schema.Attribute) (cty.Value, error) {
	secret, ok := s.Secrets[a.Name]
	switch {
	case !a.Secret:
		return s.After.GetAttr(a.Name), nil
	case a.WriteOnly || !ok:
		return cty.NullVal(a.Type), nil
	}
	text, err := w.reveal(s.Address, a.Name, secret)
	return cty.StringVal(text), err
}

// hidden are the secrets of a step that devices never return.
func hidden(kind *schema.Kind, s plan.Step) map[string]plan.Secret {
	secrets := maps.Clone(s.Secrets)
	maps.DeleteFunc(secrets, func(attribute string, _ plan.Secret) bool {
		a := kind.Attribute(attribute)
		return a != nil && !a.WriteOnly
	})
	return secrets
}

// untouched reports whether what a step was planned from is still so: whether the item exists, and the attributes that
// the step is about.
func untouched(s plan.Step, kind *schema.Kind, have cty.Value) bool {
	if s.Before.IsNull() != have.IsNull() {
		return false
	}
	if have.IsNull() || s.After.IsNull() {
		return true
	}
	for _, a := range kind.Attributes {
		if a.Secret || s.After.GetAttr(a.Name).IsNull() {
			continue
		}
		if !s.Before.GetAttr(a.Name).RawEquals(have.GetAttr(a.Name)) {
			return false
		}
	}
	return true
}

// knowsSecrets reports whether the state says that the secrets of a step, as far as devices never return them, are on the
// device already.
func (w *worker) knowsSecrets(s plan.Step) bool {
	if s.Rotates() {
		return false
	}
	for attribute, secret := range hidden(w.kind(s.Address.Kind), s) {
		if w.known[s.Address].Fingerprints[attribute] != secret.Fingerprint {
			return false
		}
	}
	return true
}

// changes turns steps into what a provider composes, with the secrets in clear.
func (w *worker) changes(steps []plan.Step) ([]providers.Change, error) {
	var changes []providers.Change
	for _, s := range steps {
		kind := w.kind(s.Address.Kind)
		after := s.After
		if len(s.Secrets) > 0 && !after.IsNull() {
			values := after.AsValueMap()
			for attribute, secret := range s.Secrets {
				text, err := w.reveal(s.Address, attribute, secret)
				if err != nil {
					return nil, err
				}
				values[attribute] = cty.StringVal(text)
			}
			after = cty.ObjectVal(values)
		}
		changes = append(changes, providers.Change{Kind: kind, Key: s.Address.Key, Before: s.Before, After: after})
	}
	return changes, nil
}

// reveal reads a secret from its origin and proves that it is the one that was planned.
func (w *worker) reveal(address schema.Setting, attribute string, secret plan.Secret) (string, error) {
	if c, ok := w.candidates[address]; ok && attribute == passwordAttribute {
		return c.text, nil
	}
	text, err := w.Secret(secret.Origin)
	if err != nil {
		return "", err
	}
	if w.Store.Fingerprint(address, attribute, text) != secret.Fingerprint {
		return "", fmt.Errorf("the secret from %s is not the one that the plan was made with; plan again", secret.Origin)
	}
	return text, nil
}

// errStore marks failures of the state store: without it nothing may be sent.
var errStore = errors.New("the state cannot be written")

// sending is one request that left, or may have left, and what the device said.
type sending struct {
	intent  state.IntentID
	steps   []plan.Step
	request providers.Request
	revert  providers.Request // what puts the document back; zero if nothing does
	reply   providers.Reply
	err     error
}

// send makes the intent of each request durable and sends it, once. It ends early when the session is over, since the
// requests after it could not leave anyway, and when the run was interrupted. The error is that of a request that did not
// leave at all.
func (w *worker) send(g plan.Group, steps []plan.Step, requests []providers.Request) ([]sending, error) {
	var sent []sending
	for _, request := range requests {
		covered := coveredBy(request, steps)
		in := w.intent(g, covered, request)
		in.Candidates = w.candidatesOf(covered)
		intent, err := w.Store.Begin(w.ctx, w.lease, in)
		if err != nil {
			return sent, fmt.Errorf("%w: %w", errStore, err)
		}
		reply, err := w.session.Do(w.ctx, request)
		sent = append(sent, sending{intent: intent, steps: covered, request: request, reply: reply, err: err})
		if err != nil && (providers.EndsSession(err) || w.ctx.Err() != nil) {
			return sent, err
		}
		if w.stop.Err() != nil {
			return sent, nil
		}
	}
	return sent, nil
}

func coveredBy(request providers.Request, steps []plan.Step) []plan.Step {
	var covered []plan.Step
	for _, s := range steps {
		if slices.Contains(request.Keys, providers.Key{Kind: s.Address.Kind, Key: s.Address.Key}) {
			covered = append(covered, s)
		}
	}
	return covered
}

// settle reads the device back over a new connection, judges each step by what it has now, and records it. It reports
// whether the device may go on.
func (w *worker) settle(g plan.Group, todo []plan.Step, sent []sending, end func(plan.Step, report.Result, string)) bool {
	after, readErr := w.readBack(g, sent)
	var reached []schema.Setting
	doubt := false
	for _, request := range sent {
		verdicts := make([]verdict, len(request.steps))
		for i, s := range request.steps {
			verdicts[i] = w.judge(s, request, after, readErr)
			reached = append(reached, s.Address)
			doubt = doubt || verdicts[i].result == report.Unknown
		}
		w.record(request, verdicts)
		for i, s := range request.steps {
			if s.Rotates() && verdicts[i].result.Good() {
				w.rotated = append(w.rotated, s)
				if w.asleep[s.Address.Key] {
					verdicts[i].result, verdicts[i].detail = w.wake(g, s)
				}
			}
			if verdicts[i].result == report.Done && tellsWhetherItWorks(w.kind(s.Address.Kind), s) {
				w.changed = append(w.changed, s)
			}
			end(s, verdicts[i].result, verdicts[i].detail)
		}
	}
	for _, s := range todo {
		if !slices.Contains(reached, s.Address) {
			end(s, report.NotRun, "the run ended on this device before it")
		}
	}
	switch {
	case readErr != nil && !doubt:
		w.fail(live.ResultOf(readErr), providers.Reason(readErr))
	case readErr != nil:
		w.fail(report.Unknown, fmt.Sprintf("the device could not be read back: %s; the next run finds out what became of the last request", providers.Reason(readErr)))
	}
	return w.done.Result == ""
}

// readBack reads what a group changed over a new connection; with a new login, if the password of that may have changed.
func (w *worker) readBack(g plan.Group, sent []sending) (reading, error) {
	if request, own := ownRotation(sent); own {
		if err := w.reenter(request); err != nil {
			return reading{}, err
		}
	} else {
		w.session.Renew()
	}
	return w.read(g)
}

// record closes the intent of a request together with what is remembered from now on. An intent of which anything is
// not known stays open; the next run closes it.
func (w *worker) record(request sending, verdicts []verdict) {
	outcome := state.NotApplied
	var rows []state.Setting
	var forget []schema.Setting
	var found []state.Verdict
	for i, v := range verdicts {
		if v.result == report.Unknown {
			return
		}
		found = append(found, v.verdicts...)
		rows = append(rows, v.rows...)
		if v.result.Good() {
			outcome = state.Done
			forget = append(forget, forgotten(request.steps[i])...)
		}
	}
	if err := w.Store.Finish(w.ctx, w.lease, request.intent, outcome, rows, forget, found...); err != nil {
		w.fail(report.Failed, fmt.Sprintf("%v: %v", errStore, err))
	}
}

// verdict is what became of a step.
type verdict struct {
	result report.Result
	detail string
	rows   []state.Setting // what is remembered from now on

	verdicts []state.Verdict // which versions of secrets are in use
}

// judge decides what became of a step by what the device has now. What the device said about the request only explains
// it.
func (w *worker) judge(s plan.Step, request sending, after reading, readErr error) verdict {
	said := ""
	if request.err != nil {
		said = providers.Reason(request.err)
	}
	if errors.Is(request.err, providers.ErrUnreachable) {
		return verdict{result: report.Failed, detail: said, verdicts: w.unsent(s)} // it never left
	}
	if readErr != nil {
		return verdict{result: report.Unknown, detail: fmt.Sprintf("the device could not be read back: %s", providers.Reason(readErr))}
	}
	kind := w.kind(s.Address.Kind)
	have := after.value(kind, s.Address.Key)
	if s.Rotates() {
		return w.judgeRotation(s, request, kind, have)
	}
	missing := w.missing(s, kind, have)
	switch {
	case len(missing) == 0:
		return w.judgeSecrets(s, request, kind, have)
	case request.err != nil && errors.Is(request.err, providers.ErrUnknown) && !untouched(s, kind, have):
		return verdict{result: report.Unknown, detail: said + "; the device now has something else"}
	case request.err != nil:
		return verdict{result: resultOfRefusal(request.err), detail: said}
	case w.rewritten(s, kind, missing, have):
		return verdict{result: report.Rewritten, detail: "the device accepted it and keeps it in a form of its own", rows: []state.Setting{w.row(s, kind, have)}}
	default:
		return verdict{result: report.Rejected, detail: "the device said yes, but " + describe(missing) + " did not change"}
	}
}

func resultOfRefusal(err error) report.Result {
	switch {
	case errors.Is(err, providers.ErrInvalid), errors.Is(err, providers.ErrDenied), errors.Is(err, providers.ErrUnsupported):
		return report.Rejected
	default:
		return report.Failed
	}
}

// judgeSecrets proves the secrets of a step whose other attributes are as wanted.
func (w *worker) judgeSecrets(s plan.Step, request sending, kind *schema.Kind, have cty.Value) verdict {
	good := verdict{result: report.Done, detail: request.reply.Remark}
	if request.reply.Outcome == providers.PendingReboot {
		good = verdict{result: report.PendingReboot, detail: "effective after the next restart of the device"}
	}
	if !have.IsNull() {
		row := w.row(s, kind, have)
		row.PendingReboot = good.result == report.PendingReboot
		good.rows = []state.Setting{row}
	}
	secret, ok := loginOf(kind, s)
	switch {
	case len(hidden(kind, s)) == 0 || have.IsNull():
		return good
	case !ok && request.err == nil:
		return good // a secret that no login can prove; the device accepted it
	case !ok, request.err != nil && !errors.Is(request.err, providers.ErrUnknown) && untouched(s, kind, have):
		// Refused, and nothing that can be read moved: a login to make sure would only cost an attempt.
		return verdict{result: resultOfRefusal(request.err), detail: providers.Reason(request.err)}
	}
	switch err := w.proves(s.Address, secret); {
	case err == nil:
		return good
	case rotate.Refused(err) && request.err != nil:
		return verdict{result: resultOfRefusal(request.err), detail: providers.Reason(request.err)}
	case rotate.Refused(err):
		return verdict{result: report.Rejected, detail: "the device said yes, but refuses a login with the new password"}
	default:
		return verdict{result: report.Unknown, detail: fmt.Sprintf("the new password could not be proven: %s", providers.Reason(err))}
	}
}

// passwordAttribute is the attribute of an account that a login proves.
const passwordAttribute = "password"

// loginOf is the secret of a step that a login proves, if there is one.
func loginOf(kind *schema.Kind, s plan.Step) (plan.Secret, bool) {
	if !kind.Account {
		return plan.Secret{}, false
	}
	secret, ok := s.Secrets[passwordAttribute]
	return secret, ok
}

// proves logs in as the account that a step is about. A session that cannot do that has nothing to say against it.
func (w *worker) proves(address schema.Setting, secret plan.Secret) error {
	text, err := w.reveal(address, passwordAttribute, secret)
	if err != nil {
		return err
	}
	return w.authenticate(address.Key, text)
}

func (w *worker) authenticate(username, password string) error {
	authenticator, ok := w.session.(providers.Authenticator)
	if !ok {
		return nil
	}
	return authenticator.Authenticate(w.ctx, providers.Credential{Username: username, Password: providers.NewPassword(password)})
}

func (w *worker) rewritten(s plan.Step, kind *schema.Kind, missing []string, have cty.Value) bool {
	for _, name := range missing {
		a := kind.Attribute(name)
		if a == nil || have.GetAttr(name).IsNull() || !w.Provider.Rewritten(kind, a, s.After.GetAttr(name), have.GetAttr(name)) {
			return false
		}
	}
	return true
}

func describe(missing []string) string {
	if slices.Contains(missing, "") {
		return "it"
	}
	text := missing[0]
	for _, name := range missing[1:] {
		text += " and " + name
	}
	return text
}
