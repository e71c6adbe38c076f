package simulator

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
)

// places say at which addresses somebody finds the devices of a fleet: each at its own, unless it was moved. Several may be at one
// address. They are safe for concurrent use, and hold their lock for moments only.
type places struct {
	mu    sync.Mutex
	own   map[netip.Addr]*Device
	moved map[*Device]netip.Addr
	there map[netip.Addr][]*Device // who was moved to an address
	turns map[netip.Addr][]*Device // who answers there next, one after the other
}

func newPlaces() *places {
	return &places{own: map[netip.Addr]*Device{}, moved: map[*Device]netip.Addr{}, there: map[netip.Addr][]*Device{}, turns: map[netip.Addr][]*Device{}}
}

// add adds a device at its own address.
func (p *places) add(d *Device) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.own[d.unit.address] = d
}

// move takes a device to an address, and away from where it was. It reports whether that is another one.
func (p *places) move(d *Device, to netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	from, moved := p.moved[d]
	if !moved {
		from = d.unit.address
	}
	if from == to {
		return false
	}
	if moved {
		p.there[from] = slices.DeleteFunc(p.there[from], func(other *Device) bool { return other == d })
	}
	delete(p.moved, d)
	if to != d.unit.address {
		p.moved[d] = to
		p.there[to] = append(p.there[to], d)
	}
	return true
}

// at are the devices at an address in the order of the fleet: that of their own addresses.
func (p *places) at(address netip.Addr) []*Device {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.there[address])
	if d := p.own[address]; d != nil && !p.moved[d].IsValid() {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *Device) int { return a.unit.address.Compare(b.unit.address) })
	return all
}

// turn picks who of those at an address answers: the next one of a script that is among them, otherwise the first.
func (p *places) turn(address netip.Addr, among []*Device) *Device {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.turns[address]) > 0 {
		next := p.turns[address][0]
		p.turns[address] = p.turns[address][1:]
		if slices.Contains(among, next) {
			return next
		}
	}
	if len(among) == 0 {
		return nil
	}
	return among[0]
}

// Answer says which devices answer the next connections to an address that several have, one after the other. Those that are not
// there when their turn comes are passed over; after the last the first of the fleet answers, as it does without a script.
func (f *Fleet) Answer(address netip.Addr, devices ...string) error {
	var turns []*Device
	for _, name := range devices {
		d := f.byName[name]
		if d == nil {
			return fmt.Errorf("there is no device %q", name)
		}
		turns = append(turns, d)
	}
	f.clients.mu.Lock()
	defer f.clients.mu.Unlock()
	f.clients.turns[address] = turns
	return nil
}

// Place is the address at which clients find a device now.
func (f *Fleet) Place(d *Device) netip.Addr {
	f.clients.mu.Lock()
	defer f.clients.mu.Unlock()
	if moved := f.clients.moved[d]; moved.IsValid() {
		return moved
	}
	return d.unit.address
}

// reached returns the device that a client reaches at an address, or nil. One that is away does not answer there.
func (f *Fleet) reached(address netip.Addr) *Device {
	all := f.clients.at(address)
	if len(all) > 1 {
		up := slices.DeleteFunc(slices.Clone(all), (*Device).isAway)
		if len(up) > 0 {
			all = up
		}
	}
	return f.clients.turn(address, slices.DeleteFunc(all, func(d *Device) bool { return d.hidden }))
}

func (d *Device) isAway() bool {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	return d.unit.away()
}

// at returns the device that recorders find at an address, or nil.
func (f *Fleet) at(address netip.Addr) *Device {
	if all := f.visited.at(address); len(all) > 0 {
		return all[0]
	}
	return nil
}

// obey puts settings in force, and has the device found where they say. Clients find a device at its own address for good, as if
// their way led through a router that translates, unless it came with the address of the factory.
func (d *unit) obey(s *settings) {
	d.running = s
	if d.fleet == nil {
		return
	}
	self, place := d.fleet.byName[d.name], custody{d}.place()
	d.fleet.visited.move(self, place)
	if !d.quirks.FactoryAddress {
		place = d.address
	}
	if d.fleet.clients.move(self, place) {
		d.moves++
	}
}

// place is the address that the device has by its settings.
func (d custody) place() netip.Addr {
	switch {
	case d.running.address.IsValid():
		return d.running.address
	case d.quirks.FactoryAddress && !d.running.leased:
		return d.factory
	}
	return d.address
}
