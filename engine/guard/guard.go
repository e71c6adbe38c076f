// Package guard proves that a plan leaves the ways in open. It is pure.
//
// A way in is how somebody reaches a device: camform itself, and anybody else who needs it according to the plan (plan.Way). A world
// is what is known of the settings of a device that decide about ways in after some requests of a plan have left. The
// guard is an interpreter of these settings: it says whether a way in is open in a world, and why not. What a setting
// decides stands in its setting file, by role (schema.Guard); the guard knows no kind by its name.
//
// Rules:
//
//   - The way in that camform uses is open after every request of a plan, not at the end only: a run may end anywhere. A
//     staged step has two requests (see Stage).
//   - The other ways in are open at the end, and those that are open now stay so all the time.
//   - Where it is uncertain whether a way in is open, it counts as closed. What no step touches stays as it is, and
//     camform's own way in works under that.
//   - There is no switch that turns a refusal off, but one: a reason (plan.Step.Accepted) lets a change pass that the guard
//     refuses because it does not understand the setting. What it understands it judges whatever the reason.
//   - A setting with the risk lockout that no role explains is opaque: any change of it may close the way in. It is made on
//     trial, and refused where a trial cannot work.
//   - Roles of a user's own setting files add refusals. They prove nothing, and such a kind with the risk lockout is opaque.
//
// What the guard cannot see: the TLS versions and the clocks of others, switches and routers between, and what is wrong
// with a device itself. Trials says which changes have to be tried for that reason.
package guard

import (
	"fmt"
	"slices"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

// Code is the code of the problems of changes that would close a way in.
const Code = "would-lock-out"

// UntoldCode is the code of the warnings about new passwords that have to be passed on by hand.
const UntoldCode = "password-not-told"

// CutCode is the code of the warnings about somebody who may lose a way in: a person accepts that, or nobody can tell.
const CutCode = "may-cut-off"

// Prove returns the steps of a device that would close a way in if they were carried out in the order in which they
// stand, as problems. Nothing may be applied to a device that has an error among them. A warning is about a new password
// that does not reach somebody who uses it by itself. A step of a kind that is not in kinds is refused.
func Prove(d plan.Device, kinds *schema.Kinds) diag.Problems {
	c, err := newProof(d, kinds)
	if err != nil {
		return diag.Problems{unreadable(d, err)}
	}
	groups := c.asSent(asRequests(d.Steps, kinds))
	problems := problemsOf(c.closedInTheEnd())
	if len(problems) == 0 {
		problems = problemsOf(c.closedOnTheWay(groups))
	}
	return append(problems, c.warnings()...)
}

// ProveOrder returns the steps of a device in an order in which every way in stays open, and what Prove has to say about
// them in that order. It is the order of plan.Order where that is safe, else the one that Order finds. Without a safe order
// the steps come back as they are.
// Every kind of the steps must be in kinds.
func ProveOrder(d plan.Device, kinds *schema.Kinds) ([]plan.Step, diag.Problems) {
	c, err := newProof(d, kinds)
	if err != nil {
		return d.Steps, diag.Problems{unreadable(d, err)}
	}
	if closed := c.closedInTheEnd(); len(closed) > 0 {
		return d.Steps, append(problemsOf(closed), c.warnings()...)
	}
	groups, refusal := Order(d, plan.Groups(d.Steps, kinds), kinds)
	if refusal != nil {
		return d.Steps, append(diag.Problems{refusal.problem()}, c.warnings()...)
	}
	steps := stepsOf(groups)
	for _, s := range d.Steps {
		if s.Action == plan.Forget {
			steps = append(steps, s)
		}
	}
	return steps, c.warnings()
}

// Refusal is why a plan must not be carried out: a way in that it would close.
type Refusal struct {
	Who      string    // whose way in it is, as in plan.Way; empty for camform's own
	Accepted string    // why a person lets it close; such a refusal refuses nothing, and is reported
	Step     plan.Step // that closes it
	Detail   string    // why it is closed, and what to do, in sentences
}

func (r Refusal) problem() diag.Problem {
	p := diag.Problem{
		Severity: diag.Error, Code: Code, Summary: "Change would close the way in",
		Detail: r.Detail, Address: r.Step.Address,
	}
	if r.Who != "" {
		p.Summary = "Change would close a way in that others need"
	}
	if r.Step.Range.File != "" {
		p.Subject = r.Step.Range.HCL()
	}
	return p
}

func problemsOf(refusals []Refusal) diag.Problems {
	var problems diag.Problems
	for _, r := range refusals {
		problems = append(problems, r.problem())
	}
	return problems
}

func unreadable(d plan.Device, err error) diag.Problem {
	return Refusal{Step: ofDevice(d), Detail: err.Error()}.problem()
}

// ofDevice stands for a step in what is reported about a whole device.
func ofDevice(d plan.Device) plan.Step { return plan.Step{Address: schema.Setting{Device: d.Address}} }

// proof is what is to be proven: a device with its ways in, camform's own first.
type proof struct {
	device plan.Device
	kinds  *schema.Kinds
	ways   []way
	given  []way // up by a person; they may close
	begin  world // nothing has left yet
	end    world // everything has
}

func newProof(d plan.Device, kinds *schema.Kinds) (proof, error) {
	own, err := ownWay(d)
	if err != nil {
		return proof{}, err
	}
	c := proof{device: d, kinds: kinds, ways: []way{own}, begin: newWorld(d, kinds)}
	ranks := ranksOf(kinds)
	c.ways[0].ranks = ranks
	c.ways[0].learn(kinds, c.begin)
	for _, other := range d.Ways {
		w := wayOf(other)
		w.ranks = ranks
		w.learn(kinds, c.begin)
		if w.accepted != "" {
			c.given = append(c.given, w)
		} else {
			c.ways = append(c.ways, w)
		}
	}
	c.end = c.begin.with(d.Steps)
	return c, nil
}

// closedInTheEnd are the steps after which a way in is closed for good, whatever the order.
func (c proof) closedInTheEnd() []Refusal {
	var refusals []Refusal
	for _, w := range c.ways {
		for _, closed := range w.closedIn(c.end) {
			refusals = append(refusals, Refusal{Who: w.who, Step: closed.step, Detail: closed.why + w.orAccept()})
		}
	}
	return refusals
}

// orAccept says how a person lets a way in close that was found on another device.
func (v way) orAccept() string {
	if !v.found {
		return ""
	}
	return fmt.Sprintf(" If it may lose access to this device, accept that in the device block: consumer %q with ignore = true and a reason.", v.user)
}

// closedOnTheWay is the first request after which a way in is closed that is open before and in the end.
func (c proof) closedOnTheWay(groups []plan.Group) []Refusal {
	now := c.begin
	for i, g := range groups {
		worlds := now.after(g.Steps)
		for _, next := range worlds {
			if w, closed, ok := c.closed(next); ok {
				return []Refusal{{Who: w.who, Step: closed.step, Detail: fmt.Sprintf(
					"After step %d of %d (%s), %s would have no way in, although it is open again at the end. %s",
					i+1, len(groups), g.Steps[0].Address.Local(), w.name(), closed.why+w.orAccept())}}
			}
		}
		now = worlds[len(worlds)-1]
	}
	return nil
}

// closed finds a way in that is open at the beginning and in the end, but not in a world.
func (c proof) closed(now world) (way, closure, bool) {
	for _, w := range c.ways {
		if closures := w.closedIn(now); len(closures) > 0 && w.openIn(c.begin) && w.openIn(c.end) {
			return w, closures[0], true
		}
	}
	return way{}, closure{}, false
}

// warnings are about what closes no way in for sure, or one that may be closed.
func (c proof) warnings() diag.Problems {
	problems := c.untold()
	warn := func(w way, s plan.Step, detail string) {
		p := Refusal{Who: w.who, Step: s, Detail: detail}.problem()
		p.Severity, p.Code, p.Summary = diag.Warning, CutCode, "Change may cut somebody off"
		problems = append(problems, p)
	}
	for _, w := range c.given {
		for _, closed := range c.accepted(w) {
			if closed.step.Address.Kind != "" {
				warn(w, closed.step, closed.why+" Accepted: "+w.accepted)
			}
		}
	}
	for _, f := range c.end.facts {
		if g, ok := f.guard(schema.TLSIdentity); ok && nameless(f, g, c.ways[0].host) != "" {
			warn(c.ways[0], f.Step, nameless(f, g, c.ways[0].host))
		}
		if !f.opaque() {
			continue
		}
		for _, w := range c.ways {
			if w.isDevice() {
				warn(w, f.Step, w.name()+unclear+" Check its picture afterwards.")
			}
		}
	}
	return problems
}

const unclear = " uses this device, and camform cannot tell whether this change cuts it off."

// Cuts are those whom the steps of a device may cut off, since a person accepts that. A device that is accepted without being
// known to use this one is among them as soon as a step could cut somebody off.
func Cuts(d plan.Device, kinds *schema.Kinds) []plan.Cut {
	c, err := newProof(d, kinds)
	if err != nil {
		return nil
	}
	var cuts []plan.Cut
	for _, w := range c.given {
		for _, closed := range c.accepted(w) {
			cut := plan.Cut{Who: w.who, Title: w.title, Why: closed.why, Reason: w.accepted}
			if closed.step.Address.Kind != "" {
				cut.What = closed.step.Address.Local()
			}
			cuts = append(cuts, cut)
		}
	}
	return cuts
}

// accepted is what closes a way in that may be closed, or may do so. The step is that of the whole device where too little is
// known of who comes by it.
func (c proof) accepted(w way) []closure {
	if w.isDevice() && !w.found && w.account == "" {
		if !slices.ContainsFunc(c.device.Steps, func(s plan.Step) bool { return MayCut(s, c.kinds) }) {
			return nil
		}
		return []closure{{ofDevice(c.device), "camform cannot tell whether " + w.name() + " uses this device."}}
	}
	closed := w.closedIn(c.end)
	for _, f := range c.end.facts {
		switch {
		case w.mustBeTold(f):
			closed = append(closed, closure{f.Step, fmt.Sprintf("%s logs in with the account %s, which gets a new password.", w.name(), f.Address.Key)})
		case w.isDevice() && f.opaque():
			closed = append(closed, closure{f.Step, w.name() + unclear})
		}
	}
	return closed
}

// untold are warnings about new passwords of accounts that somebody uses whom the plan does not tell.
func (c proof) untold() diag.Problems {
	var problems diag.Problems
	for _, f := range c.end.facts {
		for _, w := range c.ways {
			if !w.mustBeTold(f) {
				continue
			}
			p := Refusal{Who: w.who, Step: f.Step}.problem()
			p.Severity, p.Code, p.Summary = diag.Warning, UntoldCode, "Somebody else needs the new password"
			p.Detail = fmt.Sprintf("%s logs in with the account %s, which gets a new password. Give it the new one right afterwards, "+
				"or the device counts its failed logins and locks.", w.name(), f.Address.Key)
			problems = append(problems, p)
		}
	}
	return problems
}

// stepsOf are the steps of groups, one after the other.
func stepsOf(groups []plan.Group) []plan.Step {
	var steps []plan.Step
	for _, g := range groups {
		steps = append(steps, g.Steps...)
	}
	return steps
}

// asRequests splits steps into what leaves the program together, in the order in which they stand: settings of one document
// that is put back as a whole. Every other kind is written item by item.
func asRequests(steps []plan.Step, kinds *schema.Kinds) []plan.Group {
	var groups []plan.Group
	for _, s := range steps {
		document, end := documentOf(s, kinds), len(groups)-1
		switch {
		case s.Action == plan.Forget:
		case end >= 0 && document != "" && document == groups[end].Document && !renews(s) && !renews(groups[end].Steps[0]):
			groups[end].Steps = append(groups[end].Steps, s)
		default:
			groups = append(groups, plan.Group{Document: document, Steps: []plan.Step{s}})
		}
	}
	return groups
}

// documentOf is the path of the document that is put back for a step; empty for one that is sent in another way.
func documentOf(s plan.Step, kinds *schema.Kinds) string {
	kind := kinds.Lookup(s.Address.Kind)
	if kind == nil || !kind.Restorable() {
		return ""
	}
	return kind.Document.For(s.Address.Key).Path
}

// asSent moves the account that camform uses behind the other accounts that are changed together with it: they are written
// in that order, whatever the plan says.
func (c proof) asSent(groups []plan.Group) []plan.Group {
	groups = slices.Clone(groups)
	for i := 0; i+1 < len(groups); i++ {
		if a, b := groups[i].Steps[0], groups[i+1].Steps[0]; c.isOwn(a) && c.isAccount(b) && !renews(a) && !renews(b) {
			groups[i], groups[i+1] = groups[i+1], groups[i]
		}
	}
	return groups
}

// own is the way in that camform uses.
func (c proof) own() way { return c.ways[0] }

// isAccount reports whether a step is about an account with which camform could log in.
func (c proof) isAccount(s plan.Step) bool {
	_, is := factOf(s, c.kinds).account(c.own())
	return is
}

func (c proof) isOwn(s plan.Step) bool { return c.isAccount(s) && s.Address.Key == c.own().account }
