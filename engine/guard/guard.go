// Package guard proves that a plan leaves the ways in open. It is pure.
//
// A way in is how somebody reaches a device: camform itself, and whoever else the plan says needs it (plan.Way). A world
// is what is known of the settings of a device that decide about ways in after some requests of a plan have left. The
// guard is an interpreter of these settings: it says whether a way in is open in a world, and why not. It knows the
// settings by the names of their kinds: `https`, `service`, `certificate`, `web_auth`, `rtsp_auth`, `integration`,
// `login_lock`, `ip_filter`, `mac_filter`, `network`, `wireless`, `user`, `user_permission` and `onvif_user`.
//
// Rules:
//
//   - The way in that camform uses is open after every request of a plan, not at the end only: a run may end anywhere.
//   - The other ways in are open at the end, and those that are open now stay so all the time.
//   - Where it is not known whether a way in is open, it counts as closed. What no step touches stays as it is, and
//     camform's own way in works under that.
//   - There is no switch that turns a refusal off.
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

// UntoldCode is the code of the warnings about new passwords that somebody has to be told by hand.
const UntoldCode = "password-not-told"

// Prove returns the steps of a device that would close a way in if they were carried out in the order in which they
// stand, as problems. Nothing may be applied to a device that has an error among them. A warning is about a new password
// that does not reach somebody who uses it by itself.
func Prove(d plan.Device) diag.Problems {
	c, err := newProof(d)
	if err != nil {
		return diag.Problems{unreadable(d, err)}
	}
	groups := asSent(requests(d.Steps), d.Access.Username)
	problems := problemsOf(c.closedInTheEnd())
	if len(problems) == 0 {
		problems = problemsOf(c.closedOnTheWay(groups))
	}
	return append(problems, c.untold()...)
}

// ProveOrder returns the steps of a device in an order in which every way in stays open, and what Prove has to say about
// them in that order. It is the order of plan.Order where that is safe, else the one that Order finds. Without a safe order
// the steps come back as they are.
// Every kind of the steps must be in kinds.
func ProveOrder(d plan.Device, kinds *schema.Kinds) ([]plan.Step, diag.Problems) {
	c, err := newProof(d)
	if err != nil {
		return d.Steps, diag.Problems{unreadable(d, err)}
	}
	if closed := c.closedInTheEnd(); len(closed) > 0 {
		return d.Steps, append(problemsOf(closed), c.untold()...)
	}
	groups, refusal := Order(d, plan.Groups(d.Steps, kinds))
	if refusal != nil {
		return d.Steps, append(diag.Problems{refusal.problem()}, c.untold()...)
	}
	steps := stepsOf(groups)
	for _, s := range d.Steps {
		if s.Action == plan.Forget {
			steps = append(steps, s)
		}
	}
	return steps, c.untold()
}

// Refusal is why a plan must not be carried out: a way in that it would close.
type Refusal struct {
	Who    string    // whose way in it is, as in plan.Way; empty for camform's own
	Step   plan.Step // that closes it
	Detail string    // why it is closed, and what to do, in sentences
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

// ofDevice stands for a step in what is told about a whole device.
func ofDevice(d plan.Device) plan.Step { return plan.Step{Address: schema.Setting{Device: d.Address}} }

// proof is what is to be proven: a device with its ways in, the first of which is camform's own.
type proof struct {
	device plan.Device
	ways   []way
	begin  world // nothing has left yet
	end    world // everything has
}

func newProof(d plan.Device) (proof, error) {
	own, err := ownWay(d)
	if err != nil {
		return proof{}, err
	}
	c := proof{device: d, ways: []way{own}, begin: newWorld(d.Steps)}
	for _, w := range d.Ways {
		c.ways = append(c.ways, wayOf(w))
	}
	c.end = c.begin.with(d.Steps)
	return c, nil
}

// closedInTheEnd are the steps after which a way in is closed for good, whatever the order.
func (c proof) closedInTheEnd() []Refusal {
	var refusals []Refusal
	for _, w := range c.ways {
		for _, closed := range w.closedIn(c.end) {
			refusals = append(refusals, Refusal{Who: w.who, Step: closed.step, Detail: closed.why})
		}
	}
	return refusals
}

// closedOnTheWay is the first request after which a way in is closed that is open before and in the end.
func (c proof) closedOnTheWay(groups []plan.Group) []Refusal {
	now := c.begin
	for i, g := range groups {
		now = now.with(g.Steps)
		if w, closed, ok := c.closed(now); ok {
			return []Refusal{{Who: w.who, Step: closed.step, Detail: fmt.Sprintf(
				"After step %d of %d (%s) the way in of %s would be closed, although it is open in the end. %s",
				i+1, len(groups), g.Steps[0].Address.Local(), w.name(), closed.why)}}
		}
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

// untold are warnings about new passwords of accounts that somebody uses whom the plan does not tell.
func (c proof) untold() diag.Problems {
	var problems diag.Problems
	for _, s := range c.device.Steps {
		for _, w := range c.ways {
			if !w.mustBeTold(s) {
				continue
			}
			p := Refusal{Who: w.who, Step: s}.problem()
			p.Severity, p.Code, p.Summary = diag.Warning, UntoldCode, "New password has to be told to somebody"
			p.Detail = fmt.Sprintf("%s logs in with the account %s, which gets another password. Tell it the new one right after, "+
				"or the device counts its refused logins and locks.", w.name(), s.Address.Key)
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

// requests splits steps into what leaves the program together, in the order in which they stand. The services of a device
// are put back as a whole; every other kind that decides about ways in is written item by item, or is a document alone.
func requests(steps []plan.Step) []plan.Group {
	var groups []plan.Group
	for _, s := range steps {
		end := len(groups) - 1
		switch {
		case s.Action == plan.Forget:
		case end >= 0 && isService(s) && isService(groups[end].Steps[0]):
			groups[end].Steps = append(groups[end].Steps, s)
		default:
			groups = append(groups, plan.Group{Steps: []plan.Step{s}})
		}
	}
	return groups
}

func isService(s plan.Step) bool { return s.Address.Kind == "https" || s.Address.Kind == "service" }

// asSent moves the account that camform uses behind the other accounts that are changed together with it: they are written
// in that order, whatever the plan says.
func asSent(groups []plan.Group, own string) []plan.Group {
	groups = slices.Clone(groups)
	for i := 0; i+1 < len(groups); i++ {
		if a, b := groups[i].Steps[0], groups[i+1].Steps[0]; isOwn(a, own) && b.Address.Kind == "user" && !renews(a) && !renews(b) {
			groups[i], groups[i+1] = groups[i+1], groups[i]
		}
	}
	return groups
}

func isOwn(s plan.Step, own string) bool { return s.Address.Kind == "user" && s.Address.Key == own }
