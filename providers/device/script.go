package device

import "slices"

// Script is what goes wrong with a device: faults that each count the requests that they match. The zero value has
// none.
type Script[F any] struct {
	faults []F
	met    []int
}

// Clone returns a copy that counts on its own.
func (s *Script[F]) Clone() Script[F] { return Script[F]{slices.Clone(s.faults), slices.Clone(s.met)} }

// Add adds a fault.
func (s *Script[F]) Add(f F) {
	s.faults, s.met = append(s.faults, f), append(s.met, 0)
}

// Heal removes all faults.
func (s *Script[F]) Heal() { s.faults, s.met = nil, nil }

// All returns the faults, which must not be changed.
func (s *Script[F]) All() []F { return s.faults }

// Meet counts a request for each fault that matches it, and tells act the fault, its place in the script and how many
// requests it has matched by now.
func (s *Script[F]) Meet(matches func(*F) bool, act func(f *F, place, n int)) {
	for i := range s.faults {
		if f := &s.faults[i]; matches(f) {
			s.met[i]++
			act(f, i, s.met[i])
		}
	}
}
