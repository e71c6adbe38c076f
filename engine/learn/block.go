package learn

import (
	"encoding/binary"
	"slices"
)

// block is a device block: devices that have values in the same slots.
type block struct {
	label    string
	devices  []int // in their order
	slots    []int // in the order of slot.compare
	values   []int // for each slot the value that all of them have, or varies
	profiles []*profile
	own      []bool // for each slot whether the block itself gives it, which no profile does in the same way
}

// varies stands for the value of a slot in which the devices of a block differ.
const varies = -1

// What costs how much, in lines.
const (
	cellsPerLine  = 10 // so many cells of a table weigh as much as a line
	blockFrame    = 16 // a device block without settings: its header, for_each, address, identity, login and profiles
	profileFrame  = 3  // header, end and the blank line before the next
	profileWeight = 12 // what a further name costs those who read it
	settingFrame  = 3  // header, end and the blank line before the next
)

// newBlock makes a block of devices with the same slots.
func (c *collection) newBlock(devices []int) *block {
	b := &block{devices: devices}
	for _, v := range c.has[devices[0]] {
		b.slots = append(b.slots, c.values[v].slot)
	}
	b.values = slices.Clone(c.has[devices[0]])
	for _, i := range devices[1:] {
		for at, v := range c.has[i] {
			if b.values[at] != v {
				b.values[at] = varies
			}
		}
	}
	b.own = make([]bool, len(b.slots))
	for at := range b.own {
		b.own[at] = true
	}
	return b
}

// blocks puts devices that have the same slots together, and takes those apart again where so many have so much in
// common that a block of their own is shorter than what they take up in the table.
func (c *collection) blocks() []*block {
	var shapes [][]int
	byShape := map[string]int{}
	for i := range c.devices {
		shape := c.shape(i)
		n, ok := byShape[shape]
		if !ok {
			n = len(shapes)
			byShape[shape] = n
			shapes = append(shapes, nil)
		}
		shapes[n] = append(shapes[n], i)
	}
	s := splitter{c: c, count: make([]int, len(c.values)), sum: make([]uint64, len(c.values))}
	var blocks []*block
	for _, devices := range shapes {
		for _, part := range s.split(devices) {
			blocks = append(blocks, c.newBlock(part))
		}
	}
	slices.SortFunc(blocks, func(a, b *block) int { return a.devices[0] - b.devices[0] })
	return blocks
}

// shape is the slots of a device as a text. A device that refers to others is like none: it has a block of its own, so that no
// reference leads back to its block.
func (c *collection) shape(device int) string {
	var text []byte
	for _, v := range c.has[device] {
		text = binary.AppendUvarint(text, uint64(c.values[v].slot))
	}
	if len(c.leads[device]) > 0 {
		text = binary.AppendUvarint(text, uint64(len(c.slots)+device))
	}
	return string(text)
}

// splitter looks for devices within a block that have much in common which the others have not.
type splitter struct {
	c     *collection
	count []int    // by value: how many devices have it
	sum   []uint64 // by value: which devices have it, as a sum of their marks; equal sets have equal sums
}

// holders identifies a set of devices.
type holders struct {
	sum   uint64
	count int
}

// group is what the devices of a set have in common and the others have not.
type group struct {
	holders
	sample int // a value that only they have
	first  int // position of its slot
	cells  int // cells of the table that are saved if they stand apart
	lines  int // lines that are written instead
}

// split divides devices with the same slots as long as that makes the whole shorter.
func (s *splitter) split(devices []int) [][]int {
	best, ok := s.best(devices)
	if !ok {
		return [][]int{devices}
	}
	var with, without []int
	for _, i := range devices {
		if s.c.has[i][best.first] == best.sample {
			with = append(with, i)
		} else {
			without = append(without, i)
		}
	}
	return append(s.split(with), s.split(without)...)
}

// best is the group for which a block of its own saves most, if it does.
func (s *splitter) best(devices []int) (group, bool) {
	groups := s.groups(devices)
	best, gain := group{}, 0
	for _, g := range groups {
		if saved := g.cells - cellsPerLine*(g.lines+blockFrame); saved > gain {
			best, gain = g, saved
		}
	}
	return best, gain > 0
}

// groups finds the sets of devices that share values, in the order of their first slot.
func (s *splitter) groups(devices []int) []group {
	var groups []group
	byHolders := map[holders]int{}
	for at := range s.c.has[devices[0]] {
		distinct := s.countAt(devices, at)
		for _, v := range distinct {
			set := holders{s.sum[v], s.count[v]}
			if set.count < 2 || set.count == len(devices) {
				continue
			}
			n, ok := byHolders[set]
			if !ok {
				n = len(groups)
				byHolders[set] = n
				groups = append(groups, group{holders: set, sample: v, first: at})
			}
			groups[n].cells += set.count
			groups[n].lines++
			if len(distinct) == 2 { // the others have one value then, and need no cells either
				groups[n].cells += len(devices) - set.count
				groups[n].lines++
			}
		}
		for _, v := range distinct {
			s.count[v], s.sum[v] = 0, 0
		}
	}
	return groups
}

// countAt counts the values that devices have at a position, and returns them in the order in which they come up.
func (s *splitter) countAt(devices []int, at int) []int {
	var distinct []int
	for _, i := range devices {
		v := s.c.has[i][at]
		if s.count[v] == 0 {
			distinct = append(distinct, v)
		}
		s.count[v]++
		s.sum[v] += mark(i)
	}
	return distinct
}

// mark spreads the bits of a number, so that sums of marks tell sets apart.
func mark(device int) uint64 {
	x := (uint64(device) + 1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
