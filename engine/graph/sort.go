// Package graph orders what depends on each other and walks it within bounds. It knows nothing of configurations or
// devices.
package graph

import "slices"

// Sort orders nodes so that each stands behind everything that it needs, and otherwise keeps the order that they came in.
// Needs that are not among the nodes are ignored. Where nodes need each other in a circle there is no such order: Sort
// then returns one cycle for each such group too, its members in the order of the need, so that the first needs the
// second and the last needs the first. A node that needs itself is a cycle of one. The nodes of a group stand side by
// side in the order, behind what the group needs.
func Sort[K comparable](nodes []K, needs func(K) []K) (order []K, cycles [][]K) {
	s := &sorter[K]{needs: needs, known: make(map[K]bool, len(nodes)), visits: make(map[K]*visit, len(nodes))}
	for _, n := range nodes {
		s.known[n] = true
	}
	for _, n := range nodes {
		if s.visits[n] == nil {
			s.visit(n)
		}
	}
	return s.order, s.cycles
}

// sorter is Tarjan's search for strongly connected components, which finds them in the order that Sort is after.
type sorter[K comparable] struct {
	needs  func(K) []K
	known  map[K]bool
	visits map[K]*visit
	stack  []K // nodes whose component is not complete yet
	order  []K
	cycles [][]K
}

// visit is what the search knows about a node that it has reached.
type visit struct {
	index int  // how many were reached before it
	low   int  // the smallest index on the stack that it leads to
	open  bool // whether it is on the stack
}

func (s *sorter[K]) visit(n K) *visit {
	v := &visit{index: len(s.visits), low: len(s.visits), open: true}
	s.visits[n] = v
	s.stack = append(s.stack, n)
	for _, m := range s.needs(n) {
		if !s.known[m] {
			continue
		}
		if seen := s.visits[m]; seen == nil {
			v.low = min(v.low, s.visit(m).low)
		} else if seen.open {
			v.low = min(v.low, seen.index)
		}
	}
	if v.low == v.index {
		s.close(n)
	}
	return v
}

// close takes the component that began with n from the stack.
func (s *sorter[K]) close(n K) {
	start := len(s.stack) - 1
	for s.stack[start] != n {
		start--
	}
	group := slices.Clone(s.stack[start:])
	s.stack = s.stack[:start]
	for _, m := range group {
		s.visits[m].open = false
	}
	s.order = append(s.order, group...)
	if len(group) > 1 || slices.Contains(s.needs(n), n) {
		s.cycles = append(s.cycles, s.cycle(group))
	}
}

// cycle finds the shortest way from the first of a group back to itself.
func (s *sorter[K]) cycle(group []K) []K {
	first := group[0]
	from := map[K]K{}
	queue := []K{first}
	for {
		n := queue[0]
		queue = queue[1:]
		for _, m := range s.needs(n) {
			if m == first {
				return trace(from, first, n)
			}
			if _, seen := from[m]; !seen && slices.Contains(group, m) {
				from[m] = n
				queue = append(queue, m)
			}
		}
	}
}

// trace follows the steps of a search back from last to first.
func trace[K comparable](from map[K]K, first, last K) []K {
	path := []K{last}
	for n := last; n != first; {
		n = from[n]
		path = append(path, n)
	}
	slices.Reverse(path)
	return path
}
