package guard

import (
	"fmt"
	"slices"

	"camform/engine/plan"
	"camform/schema"
)

// Order puts groups into an order in which camform's own way in, and every other way in that is open now and in the end,
// stays open after each request. Groups are what plan.Groups gives; one whose items are written one by one may come back in
// parts. The order is the one given where that is safe, else the safe one in which of all groups that could come next the
// first comes next. Without a safe one the groups come back as they were, with what closes a way in in the order given.
//
// New passwords of accounts that exist keep their places at the end, and the account that camform uses stays behind the
// other accounts: that is how apply carries them out.
func Order(d plan.Device, groups []plan.Group, kinds *schema.Kinds) ([]plan.Group, *Refusal) {
	c, err := newProof(d, kinds)
	if err != nil {
		return groups, &Refusal{Step: ofDevice(d), Detail: err.Error()}
	}
	if closed := c.closedInTheEnd(); len(closed) > 0 {
		return groups, &closed[0]
	}
	s := search{proof: c, units: split(groups, kinds), tried: map[string]bool{}}
	closed := c.closedOnTheWay(c.asSent(s.units))
	switch {
	case len(closed) == 0:
		return groups, nil
	case s.from(c.begin, nil):
		return s.ordered(), nil
	default:
		closed[0].Detail += " No other order of the steps was found that avoids it."
		return groups, &closed[0]
	}
}

// split takes groups apart into requests.
func split(groups []plan.Group, kinds *schema.Kinds) []plan.Group {
	var units []plan.Group
	for _, g := range groups {
		for _, r := range asRequests(g.Steps, kinds) {
			units = append(units, plan.Group{Document: g.Document, Phase: g.Phase, Steps: r.Steps})
		}
	}
	return units
}

// mostTried bounds how many sets of requests are looked at. Ways in hang on a few requests of a device only.
const mostTried = 1 << 12

// search looks for an order, depth first. Which ways in are open after some requests depends on which have left, and not
// on their order; so a set of them from which there is no way on is looked at once.
type search struct {
	proof
	units []plan.Group
	left  []int // the units in the order that was found
	tried map[string]bool
}

// from reports whether there is a safe order of the units that have not left yet.
func (s *search) from(now world, left []int) bool {
	if len(left) == len(s.units) {
		s.left = left
		return true
	}
	set := fmt.Sprint(slices.Sorted(slices.Values(left)))
	if s.tried[set] || len(s.tried) == mostTried {
		return false
	}
	s.tried[set] = true
	for i, unit := range s.units {
		if slices.Contains(left, i) || !s.ready(i, left) {
			continue
		}
		worlds := now.after(unit.Steps)
		if slices.ContainsFunc(worlds, s.closes) {
			continue
		}
		if s.from(worlds[len(worlds)-1], append(slices.Clone(left), i)) {
			return true
		}
		if !s.decides(unit) {
			return false // whether it comes now or later changes nothing
		}
	}
	return false
}

// closes reports whether a way in is closed in a world that is open before and in the end.
func (s *search) closes(now world) bool {
	_, _, closes := s.closed(now)
	return closes
}

// ready reports whether everything has left that a unit must not leave before.
func (s *search) ready(unit int, left []int) bool {
	for i := range s.units {
		if i != unit && !slices.Contains(left, i) && s.precedes(i, unit) {
			return false
		}
	}
	return true
}

// precedes reports whether one unit has to leave before another: everything before the new passwords, and the other
// accounts before that which camform uses.
func (s *search) precedes(first, second int) bool {
	a, b := s.units[first].Steps[0], s.units[second].Steps[0]
	if renews(b) {
		return first < second
	}
	return s.isOwn(b) && s.isAccount(a) && !renews(a)
}

// renews reports whether a step gives a new password to an account that exists.
func renews(s plan.Step) bool { return s.Action == plan.Update && s.Rotates() }

// decides reports whether a unit has to do with ways in at all.
func (s *search) decides(g plan.Group) bool {
	return slices.ContainsFunc(g.Steps, func(step plan.Step) bool { return factOf(step, s.kinds).decides() })
}

func (s *search) ordered() []plan.Group {
	groups := make([]plan.Group, len(s.left))
	for i, unit := range s.left {
		groups[i] = s.units[unit]
	}
	return groups
}
