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

// Groups splits the steps of a device by document, in the order in which they are carried out: by phase, then by
// document. Forgotten settings touch no document and are left out. Every kind of the steps must be in kinds.
func Groups(steps []Step, kinds *schema.Kinds) []Group {
	var groups []Group
	for _, s := range steps {
		if s.Action == Forget {
			continue
		}
		kind := kinds.Lookup(s.Address.Kind)
		document := kind.Document.For(s.Address.Key).Path
		i := slices.IndexFunc(groups, func(g Group) bool { return g.Document == document })
		if i < 0 {
			groups = append(groups, Group{Document: document})
			i = len(groups) - 1
		}
		groups[i].Steps = append(groups[i].Steps, s)
		groups[i].Phase = max(groups[i].Phase, kind.Phase)
	}
	slices.SortStableFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Document, b.Document))
	})
	return groups
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
