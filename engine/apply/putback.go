package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/engine/guard"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// A device may accept a request and store something else: a slot whose server it resets since it does not like the protocol. What was
// there before is lost then, though nobody asked for that. So the old values are put back, by a request of its own with its own
// intent, right after the first one was settled: at most once, since it is never sent again, and a run that finds its intent open only
// reads its outcome. A run that dies before leaves what the device has, and the next plan shows it.

// loss is a request that a device accepted, but for which it may have stored something else.
type loss struct {
	*worker
	before, after reading // what the device had before the request, and what it has now
	group         plan.Group
	request       sending
	verdicts      []verdict // on the steps of the request
}

// happened reports whether the device has something that it neither had before nor was sent.
func (l loss) happened() bool {
	if l.request.err != nil || l.request.reply.Outcome != providers.Applied {
		return false
	}
	for i, step := range l.request.steps {
		was, have := l.judge.value(step, l.before), l.judge.value(step, l.after)
		if l.verdicts[i].result == report.Rejected && l.judge.astray(step, was, have) {
			return true
		}
	}
	return false
}

// putBack gives the device the old values again, if it lost them. It returns what is to be said of that; empty if there was no loss.
func (l loss) putBack(ctx context.Context, o *outcome) string {
	if !l.happened() {
		return ""
	}
	back, err := l.restoring()
	if err == nil && (l.stopped() || ctx.Err() != nil) {
		err = errors.New(interruptedThere)
	}
	if err != nil {
		return "; the old values were not put back: " + providers.Reason(err)
	}
	sent, err := l.send(ctx, back, l.line.session.Do)
	if err != nil {
		o.fail(report.Failed, providers.Reason(err))
		return "; the old values were not put back: " + providers.Reason(err)
	}
	return l.settleBack(ctx, sent, o)
}

// settleBack reads what happened to the old values, closes the intent and says it.
func (l loss) settleBack(ctx context.Context, s sent, o *outcome) string {
	after, unread := l.readSettled(ctx, s)
	request := s.sendings[0]
	verdicts := make([]verdict, len(request.steps))
	var wrong []string
	doubt := false
	for i, step := range request.steps {
		verdicts[i] = l.judge.step(ctx, step, request, after, unread)
		doubt = doubt || verdicts[i].result == report.Unknown
		if !verdicts[i].result.Good() {
			wrong = append(wrong, verdicts[i].detail)
		}
	}
	o.unrecorded(l.record(ctx, request, verdicts))
	switch {
	case doubt:
		o.fail(report.Unknown, "it is uncertain whether the old values are back: "+wrong[0]+"; the next run finds out")
		return "; it is uncertain whether the old values are back: " + wrong[0]
	case len(wrong) > 0:
		return "; the old values could not be put back: " + wrong[0]
	}
	return "; the old values are back"
}

// restoring is the request that puts the old values of the settings of another one back, with what has to be durable before it leaves. The
// error is why it must not be sent.
func (l loss) restoring() (prepared, error) {
	g := plan.Group{Document: l.group.Document, Phase: l.group.Phase}
	for i, step := range l.request.steps {
		if l.verdicts[i].result.Good() {
			return prepared{}, fmt.Errorf("the same request set %s, which the device accepted", step.Address.Local())
		}
		if why := unrestorable(l.judge.kind(step), step); why != "" {
			return prepared{}, errors.New(why)
		}
		g.Steps = append(g.Steps, l.judge.backStep(step, l.judge.value(step, l.before), l.judge.value(step, l.after)))
	}
	if guard.Trials(g, l.Provider.Kinds()) {
		return prepared{}, errors.New("only a trial could show whether that keeps the way in open")
	}
	d := l.seenFrom(l.after)
	d.Steps = g.Steps
	for _, p := range guard.Prove(d, l.Provider.Kinds()) {
		if p.Severity == diag.Error {
			return prepared{}, errors.New(p.Detail)
		}
	}
	back, err := l.Provider.Restore(l.before.documents, l.request.request)
	if err != nil {
		return prepared{}, err
	}
	if !l.alone(g.Steps, back) {
		return prepared{}, errors.New("something else there has changed too, perhaps on purpose")
	}
	back.Keys = l.request.request.Keys
	return prepared{group: g, before: l.after, todo: g.Steps, orders: []order{{
		steps: g.Steps, request: back, intent: intentOf(g.Document, back, g.Steps, l.Provider.Kinds()),
	}}}, nil
}

// alone reports whether a request that puts a document back changes nothing of what the device has now but the old values of steps: what
// else is different was changed by somebody meanwhile, or by the device.
func (l loss) alone(steps []plan.Step, back providers.Request) bool {
	composition := providers.Composition{Documents: l.after.documents}
	for _, s := range steps {
		composition.Changes = append(composition.Changes, providers.Change{
			Kind: l.judge.kind(s), Key: s.Address.Key, Before: l.judge.value(s, l.after), After: s.After,
		})
	}
	requests, err := l.Provider.Compose(composition)
	return err == nil && len(requests) == 1 && bytes.Equal(requests[0].Body, back.Body)
}

// unrestorable is why the old values of a setting are not put back by camform itself; empty if they may be. Accounts, keys and addresses, and
// whatever else decides who gets in, are for a person.
func unrestorable(kind *schema.Kind, s plan.Step) string {
	switch risk := kind.RiskOf(s.Address.Key); {
	case s.Action != plan.Update:
		return "it was to be created or deleted"
	case len(s.Secrets) > 0:
		return "it was written together with a secret, and camform does not know the earlier one"
	case risk != schema.RiskNone && risk != schema.RiskService:
		return "it decides who gets in"
	case kind.Clock != nil:
		return "the time has passed"
	case kind.Consumes != nil, kind.IsLink(s.Address.Key), slices.ContainsFunc(kind.GuardsOf(s.Address.Key), neverRestored):
		return "it concerns accounts, keys or addresses"
	}
	return ""
}

// neverRestored reports whether a role is about accounts, keys or addresses.
func neverRestored(g *schema.Guard) bool {
	return slices.Contains([]schema.Role{
		schema.Accounts, schema.Rights, schema.TLSIdentity, schema.AddressFilter, schema.HardwareFilter, schema.Link,
	}, g.Role)
}

// astray reports whether a device has an attribute of a setting that is neither as it was nor as a step wants it.
func (c comparison) astray(s plan.Step, was, have cty.Value) bool {
	if s.After.IsNull() || was.IsNull() || have.IsNull() {
		return false
	}
	kind := c.kind(s)
	for _, a := range kind.Attributes {
		want, before, now := s.After.GetAttr(a.Name), was.GetAttr(a.Name), have.GetAttr(a.Name)
		if c.hides(s, a.Name) || now.RawEquals(before) {
			continue
		}
		if want.IsNull() || now.IsNull() || !c.provider.Same(kind, a, want, now) {
			return true
		}
	}
	return false
}

// GivenBack says for each attribute that a device got back what it had stored and what it has again, and whether a step wants the same as
// the request that it did not store. The error is that of a journal which cannot be read.
func GivenBack(kind *schema.Kind, g state.GivenBack, s plan.Step) (moved []string, same bool, err error) {
	wanted, errWanted := decodeWhole(kind, g.Wanted)
	stored, errStored := decodeWhole(kind, g.Stored)
	back, errBack := decodeWhole(kind, g.Back)
	if err := errors.Join(errWanted, errStored, errBack); err != nil {
		return nil, false, fmt.Errorf("journal of %s: %w", g.Setting, err)
	}
	if wanted.IsNull() || stored.IsNull() || back.IsNull() {
		return nil, false, nil
	}
	for _, a := range kind.Attributes {
		if again := back.GetAttr(a.Name); !again.IsNull() {
			moved = append(moved, fmt.Sprintf("%s.%s = %s -> %s", g.Setting, a.Name, shown(stored.GetAttr(a.Name)), shown(again)))
		}
	}
	return moved, wanted.RawEquals(s.After), nil
}

// backStep is the step that gives a setting back what it had: the attributes that have changed. It stands in the journal only.
func (c comparison) backStep(s plan.Step, was, have cty.Value) plan.Step {
	values := map[string]cty.Value{}
	for _, a := range c.kind(s).Attributes {
		values[a.Name] = cty.NullVal(a.Type)
		if !c.hides(s, a.Name) && !was.GetAttr(a.Name).RawEquals(have.GetAttr(a.Name)) {
			values[a.Name] = was.GetAttr(a.Name)
		}
	}
	return plan.Step{Address: s.Address, Action: plan.Action(state.PutBack), Before: c.withoutSecrets(s, have), After: cty.ObjectVal(values)}
}
