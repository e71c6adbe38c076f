package schema

// Move gives devices other names. Where both addresses have no key it is about every device of the name From, and the keys stay;
// else it is about one device.
type Move struct{ From, To Device }

// Whole reports whether a move may be about devices with keys, too.
func (m Move) Whole() bool { return !m.From.Each && !m.To.Each }

// Of is the name that the move gives to a device; ok is false if it is not about that device.
func (m Move) Of(d Device) (to Device, ok bool) {
	switch {
	case m.From == d:
		return m.To, true
	case m.Whole() && m.From.Name == d.Name:
		return Device{Name: m.To.Name, Key: d.Key, Each: d.Each}, true
	}
	return Device{}, false
}

// Moves are moves where one may go on where another ends. They mean the same in any order; one about a single device counts
// before one about all devices of its name.
type Moves []Move

// Of is the name that a device has in the end, which is its own where no move is about it. In a circle it ends somewhere.
func (ms Moves) Of(d Device) Device {
	for range ms {
		to, ok := ms.Next(d)
		if !ok {
			break
		}
		d = to
	}
	return d
}

// Next is the name that a device gets by one of the moves; ok is false if none is about it.
func (ms Moves) Next(d Device) (to Device, ok bool) {
	for _, m := range ms {
		if m.From == d && !m.Whole() {
			return m.To, true
		}
	}
	for _, m := range ms {
		if to, ok := m.Of(d); ok {
			return to, true
		}
	}
	return Device{}, false
}
