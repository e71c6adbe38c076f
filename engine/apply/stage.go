package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
	"camform/schema"
)

// stage carries out the stages of a group and reads them back. It returns what is left to do, beginning with what the device
// has by then, and the documents as they were. It is not ready where a stage did not come about as it was written: what relies
// on it is not sent, and how the steps ended is reported.
//
// A step that is done already needs no stage any more.
func (w *worker) stage(ctx context.Context, g plan.Group, left []plan.Group) (rest plan.Group, was providers.Documents, ready bool) {
	parts := g.Requests()
	if len(parts) == 1 {
		return g, nil, true
	}
	first, rest := parts[0], parts[1]
	now, err := w.read(ctx, first.Steps)
	if err != nil {
		w.tell(w.unsent(ctx, g.Steps, err))
		return rest, nil, false
	}
	was = now.documents
	now.steps = slices.DeleteFunc(now.steps, func(s plan.Step) bool {
		return w.judge.asWanted(stepAt(rest, s.Address), w.judge.value(s, now))
	})
	if len(now.steps) == 0 {
		return w.after(first, rest, now), was, true
	}
	o := w.carryOut(ctx, plan.Group{Document: g.Document, Phase: g.Phase, Steps: now.steps}, now, left)
	if o.result == "" {
		now, err = w.read(ctx, first.Steps)
	}
	switch {
	case err != nil:
		w.tell(o.over(w.unsent(ctx, g.Steps, err).afterStage(g)))
	case o.result != "" || !o.good():
		w.tell(w.unfinished(o, rest, now))
	case w.stopped():
		var stop outcome
		stop.end(report.NotRun, "the run was interrupted after the first of its two requests; the next plan sends the second", rest.Steps...)
		w.tell(stop)
	default:
		return w.after(first, rest, now), was, true
	}
	return rest, was, false
}

// stepAt is the step of a group about a setting.
func stepAt(g plan.Group, address schema.Setting) plan.Step {
	return g.Steps[slices.IndexFunc(g.Steps, func(s plan.Step) bool { return s.Address == address })]
}

// after is what is left to do once the stages are on the device: each step begins with what was read then, which is what it
// was to be written as, perhaps in a form of the device's own. One whose stage is not there keeps the beginning that
// was planned, so that it is found stale.
func (w *worker) after(stages, rest plan.Group, now reading) plan.Group {
	for i, s := range rest.Steps {
		k := slices.IndexFunc(stages.Steps, func(stage plan.Step) bool { return stage.Address == s.Address })
		if k < 0 {
			continue
		}
		if have := w.judge.value(s, now); w.judge.asWanted(stages.Steps[k], have) {
			rest.Steps[i].Before = w.judge.withoutSecrets(s, have)
		}
	}
	return rest
}

// withoutSecrets is a setting as the journal may have it.
func (c comparison) withoutSecrets(s plan.Step, have cty.Value) cty.Value {
	values := have.AsValueMap()
	for _, a := range c.kind(s).Attributes {
		if c.hides(s, a.Name) {
			values[a.Name] = cty.NullVal(a.Type)
		}
	}
	return cty.ObjectVal(values)
}

// unfinished is the outcome of a group with a stage that did not succeed.
func (w *worker) unfinished(o outcome, rest plan.Group, now reading) outcome {
	told := outcome{result: o.result, detail: o.detail}
	for _, s := range rest.Steps {
		i := slices.IndexFunc(o.ended, func(e ending) bool { return e.step.Address == s.Address })
		if i < 0 || o.ended[i].result.Good() {
			told.end(report.NotRun, "another setting in the same document could not be written", s)
			continue
		}
		e := o.ended[i]
		if e.result != report.Stale {
			e.detail = w.judge.unarmed(e, s, w.judge.value(s, now))
		}
		told.end(e.result, e.detail, s)
	}
	return told
}

// unarmed says how the stage of a filter ended, what the device kept of the list if it took it, and what was not sent for that
// reason. A step that is about no filter keeps its words.
func (c comparison) unarmed(stage ending, final plan.Step, have cty.Value) string {
	guards := c.kind(final).GuardsOf(final.Address.Key)
	i := slices.IndexFunc(guards, func(g *schema.Guard) bool { return g.List != "" })
	if i < 0 {
		return stage.detail
	}
	g := guards[i]
	then, advice := "the filter was not switched on", "Apply a list that fits on the device."
	if stage.step.After.GetAttr(g.Enabled).RawEquals(final.After.GetAttr(g.Enabled)) {
		then, advice = "nothing was removed from the list", "First apply a list without the new entries, then add them."
	}
	lost, size := c.lost(c.kind(final).Attribute(g.List), stage.step, have)
	if len(lost) == 0 || !stage.accepted {
		return stage.detail + "; " + then
	}
	return fmt.Sprintf("the device accepted %s but dropped %s and kept %d; %s. %s", g.List, strings.Join(lost, ", "), size, then, advice)
}

// mostLost bounds how many entries a message names.
const mostLost = 3

// lost are the entries of a list, as a step wants it, that a device does not have, and how many it has. Only the first few are
// named.
func (c comparison) lost(list *schema.Attribute, s plan.Step, have cty.Value) (lost []string, size int) {
	if have.IsNull() || have.GetAttr(list.Name).IsNull() || s.After.GetAttr(list.Name).IsNull() {
		return nil, 0
	}
	has := have.GetAttr(list.Name)
	for _, entry := range s.After.GetAttr(list.Name).AsValueSlice() {
		if with := cty.SetVal(append(has.AsValueSlice(), entry)); !c.provider.Same(c.kind(s), list, with, has) {
			lost = append(lost, entry.AsString())
		}
	}
	if more := len(lost) - mostLost; more > 0 {
		lost = append(lost[:mostLost], fmt.Sprintf("and %d more", more))
	}
	return lost, has.LengthInt()
}
