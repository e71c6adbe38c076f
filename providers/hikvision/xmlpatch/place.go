package xmlpatch

import "slices"

// Place is where a path leads in a document: an element, or where an element that is missing would be.
type Place struct {
	node    *node    // the element, or the last one on the way that is there
	missing []string // local names of the rest of the way
}

// Places returns all places that p leads to from e: the elements, and where others on the way lack the next one.
func (e Element) Places(p Path) []Place { return e.view().places(p.steps) }

func (n *node) places(steps []step) []Place {
	if len(steps) == 0 {
		return []Place{{node: n}}
	}
	var list []Place
	position := 0
	for _, child := range n.children {
		if !steps[0].describes(child) {
			continue
		}
		position++
		if steps[0].takes(position) {
			list = append(list, child.places(steps[1:])...)
		}
	}
	if len(list) > 0 {
		return list
	}
	missing := make([]string, len(steps))
	for i, s := range steps {
		missing[i] = s.name
	}
	return []Place{{n, missing}}
}

// PlacesFrom returns all places that p, which begins further out, leads to by way of e: none if it chooses other elements. It
// is not ok if p does not lead through elements of that name at all.
func (e Element) PlacesFrom(p Path) (list []Place, ok bool) {
	for i, s := range p.steps {
		ok = ok || s.name == e.Name()
		if s.describes(e.view()) {
			list = append(list, e.view().places(p.steps[i+1:])...)
		}
	}
	return list, ok
}

// Named returns all elements of a local name, in document order.
func (d *Document) Named(name string) []Element {
	var list []Element
	for _, n := range d.tree.nodes {
		if n.local == name {
			list = append(list, Element{n})
		}
	}
	return list
}

// Meets reports whether one of two places in the same document is, holds, or lies within the other one.
func (p Place) Meets(q Place) bool {
	switch {
	case p.node == q.node:
		both := min(len(p.missing), len(q.missing))
		return slices.Equal(p.missing[:both], q.missing[:both])
	case len(p.missing) == 0 && q.node.isWithin(p.node):
		return true
	default:
		return len(q.missing) == 0 && p.node.isWithin(q.node)
	}
}

func (n *node) isWithin(other *node) bool {
	for n != nil && n != other {
		n = n.parent
	}
	return n != nil
}
