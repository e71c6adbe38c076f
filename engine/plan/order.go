package plan

import (
	"cmp"
	"slices"

	"camform/schema"
)

// Group is the steps of a device that change the same document, and so leave in one request where the document allows.
type Group struct {
	Document string
	Phase    schema.Phase // the latest phase of its kinds
	Steps    []Step
}

// Groups splits the steps of a device by document, and puts the groups into the order in which they are carried out if
// nothing speaks against it: by phase, then by document. New passwords of accounts that exist come after everything else,
// one at a time, and that of the account that camform uses comes last: should one of them stay in doubt, all else is done.
// Forgotten settings touch no document and are left out. Every kind of the steps must be in kinds.
func Groups(steps []Step, kinds *schema.Kinds) []Group {
	var groups []Group
	for _, s := range steps {
		if s.Action == Forget {
			continue
		}
		kind := kinds.Lookup(s.Address.Kind)
		document := kind.Document.For(s.Address.Key).Path
		i := slices.IndexFunc(groups, func(g Group) bool { return g.Document == document && g.turn() == first && s.turn() == first })
		if i < 0 {
			groups = append(groups, Group{Document: document})
			i = len(groups) - 1
		}
		groups[i].Steps = append(groups[i].Steps, s)
		groups[i].Phase = max(groups[i].Phase, kind.Phase)
	}
	slices.SortStableFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.turn(), b.turn()), cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Document, b.Document))
	})
	return groups
}

// GroupsAsOrdered splits the steps of a device into groups in the order in which they stand: what follows each other and changes
// the same document leaves together.
func GroupsAsOrdered(steps []Step, kinds *schema.Kinds) []Group {
	var groups []Group
	for _, s := range steps {
		for _, g := range Groups([]Step{s}, kinds) {
			end := len(groups) - 1
			if end >= 0 && groups[end].Document == g.Document && groups[end].turn() == first && g.turn() == first {
				groups[end].Steps = append(groups[end].Steps, s)
				groups[end].Phase = max(groups[end].Phase, g.Phase)
				continue
			}
			groups = append(groups, g)
		}
	}
	return groups
}

// Requests splits a group that has staged steps into what leaves first and has to read back, and what leaves then. Any other
// group comes back alone. The steps of the second that are staged start from what the first is to leave behind.
func (g Group) Requests() []Group {
	stage, rest := g, g
	stage.Steps, rest.Steps = nil, nil
	for _, s := range g.Steps {
		if s.Staged() {
			var first Step
			first, s = s.requests()
			stage.Steps = append(stage.Steps, first)
		}
		rest.Steps = append(rest.Steps, s)
	}
	if len(stage.Steps) == 0 {
		return []Group{g}
	}
	return []Group{stage, rest}
}

// The turns of groups.
const (
	first   = iota
	rotates // a new password for an account that exists
	last    // a new password for the account that camform uses
)

func (s Step) turn() int {
	switch {
	case !s.Rotates() || s.Action != Update:
		return first
	case s.rotatesOwn():
		return last
	default:
		return rotates
	}
}

func (g Group) turn() int { return g.Steps[0].turn() }

func (s Step) rotatesOwn() bool {
	for _, secret := range s.Secrets {
		if secret.Generate != nil && secret.Generate.Own {
			return true
		}
	}
	return false
}

// Order puts the steps of a device into the order in which they are carried out. Settings that are only forgotten come
// last, since they touch nothing.
func Order(steps []Step, kinds *schema.Kinds) []Step {
	steps = slices.SortedStableFunc(slices.Values(steps), func(a, b Step) int { return a.Address.Compare(b.Address) })
	ordered := make([]Step, 0, len(steps))
	for _, g := range Groups(steps, kinds) {
		ordered = append(ordered, g.Steps...)
	}
	for _, s := range steps {
		if s.Action == Forget {
			ordered = append(ordered, s)
		}
	}
	return ordered
}
