package learn

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"

	"camform/schema"
)

// profile is a set of values that blocks share.
type profile struct {
	name   string
	values []int // in the order of slot.compare
}

// profiles makes profiles of what blocks have in common, and takes it out of them.
func (c *collection) profiles(blocks []*block) []*profile {
	if len(c.devices) < 2 {
		return nil
	}
	var profiles []*profile
	if base := c.base(blocks); len(base.values) > 0 {
		profiles = append(profiles, base)
		for _, b := range blocks {
			b.give(base)
		}
	}
	m := c.merger(blocks)
	for {
		best, ok := m.best()
		if !ok {
			break
		}
		profiles = append(profiles, m.take(best))
	}
	c.nameProfiles(profiles, blocks)
	return profiles
}

// give lets a block have a profile. What the profile says the block need not say itself.
func (b *block) give(p *profile) {
	b.profiles = append(b.profiles, p)
	for _, v := range p.values {
		if at := slices.Index(b.values, v); at >= 0 {
			b.own[at] = false
		}
	}
}

// base is a profile for all: the values that most devices have in slots that all of them have. Blocks of others override
// it.
func (c *collection) base(blocks []*block) *profile {
	inBlocks := make([]int, len(c.slots))
	devices := map[int]int{} // by value
	for _, b := range blocks {
		for at, s := range b.slots {
			inBlocks[s]++
			if b.values[at] != varies {
				devices[b.values[at]] += len(b.devices)
			}
		}
	}
	base := &profile{name: "base"}
	for _, s := range blocks[0].slots {
		if inBlocks[s] != len(blocks) {
			continue
		}
		for _, b := range blocks {
			v := b.values[slices.Index(b.slots, s)]
			if v != varies && !c.values[v].isReference() && 2*devices[v] > len(c.devices) {
				base.values = append(base.values, v)
				break
			}
		}
	}
	return base
}

// set is a set of blocks, a bit for each.
type set []uint64

func (s set) key() string {
	text := make([]byte, 0, 8*len(s))
	for _, w := range s {
		for i := range 8 {
			text = append(text, byte(w>>(8*i)))
		}
	}
	return string(text)
}

func (s set) has(n int) bool { return s[n/64]>>(n%64)&1 == 1 }
func (s set) add(n int)      { s[n/64] |= 1 << (n % 64) }

func (s set) size() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s set) contains(o set) bool {
	for i, w := range o {
		if w&^s[i] != 0 {
			return false
		}
	}
	return true
}

// without is s without the members of o.
func (s set) without(o set) set {
	rest := slices.Clone(s)
	for i, w := range o {
		rest[i] &^= w
	}
	return rest
}

// merger looks for values that are worth a profile.
type merger struct {
	c      *collection
	blocks []*block
	items  []int    // by slot: the number of its setting
	rest   [][]int  // by block and number of a setting: how many attributes of it the block gives itself
	shares []*share // the largest first
}

// share is values that exactly these blocks give themselves.
type share struct {
	blocks set
	size   int
	values []int
}

func (s *share) weight() int { return s.size * len(s.values) }

// What bounds the search, so that it stays fast where thousands of blocks share a little.
const (
	mostShares     = 2000
	mostCandidates = 64
)

func (c *collection) merger(blocks []*block) *merger {
	m := &merger{c: c, blocks: blocks, items: make([]int, len(c.slots)), rest: make([][]int, len(blocks))}
	numbers := map[schema.Setting]int{}
	for n := range c.slots {
		address := c.slots[n].setting()
		if _, ok := numbers[address]; !ok {
			numbers[address] = len(numbers)
		}
		m.items[n] = numbers[address]
	}
	giving := map[int]set{} // by value
	var order []int
	for n, b := range blocks {
		m.rest[n] = make([]int, len(numbers))
		for at, v := range b.values {
			if !b.own[at] {
				continue
			}
			m.rest[n][m.items[b.slots[at]]]++
			if v == varies || c.values[v].isReference() {
				continue
			}
			if giving[v] == nil {
				giving[v] = make(set, (len(blocks)+63)/64)
				order = append(order, v)
			}
			giving[v].add(n)
		}
	}
	for _, v := range order {
		m.shares = append(m.shares, &share{blocks: giving[v], values: []int{v}})
	}
	m.tidy()
	return m
}

// item is the number of the setting that a value belongs to.
func (m *merger) item(value int) int { return m.items[m.c.values[value].slot] }

// tidy joins shares of the same blocks, drops those that nobody shares, and puts the largest first.
func (m *merger) tidy() {
	byBlocks := map[string]*share{}
	var kept []*share
	for _, s := range m.shares {
		if s.size = s.blocks.size(); s.size < 2 {
			continue
		}
		key := s.blocks.key()
		if same, ok := byBlocks[key]; ok {
			same.values = append(same.values, s.values...)
			continue
		}
		byBlocks[key] = s
		kept = append(kept, s)
	}
	slices.SortStableFunc(kept, func(a, b *share) int { return cmp.Compare(b.weight(), a.weight()) })
	m.shares = kept[:min(len(kept), mostShares)]
}

// best is the profile that saves most lines, for the blocks of one of the largest shares with all that they have in common.
func (m *merger) best() (share, bool) {
	var best share
	gain := 0
	for _, s := range m.shares[:min(len(m.shares), mostCandidates)] {
		candidate := share{blocks: s.blocks, size: s.size}
		for _, other := range m.shares {
			if other.blocks.contains(s.blocks) {
				candidate.values = append(candidate.values, other.values...)
			}
		}
		if saved := m.saved(candidate); saved > gain {
			best, gain = candidate, saved
		}
	}
	return best, gain > 0
}

// saved is how many lines a profile makes the whole shorter.
func (m *merger) saved(s share) int {
	attributes := map[int]int{} // by number of the setting
	for _, v := range s.values {
		attributes[m.item(v)]++
	}
	saved := -profileFrame - profileWeight
	for _, n := range attributes {
		saved -= settingFrame + n
	}
	for b := range m.blocks {
		if !s.blocks.has(b) {
			continue
		}
		for i, n := range attributes {
			saved += n
			if m.rest[b][i] == n {
				saved += settingFrame
			}
		}
	}
	return saved
}

// take makes a profile of a share.
func (m *merger) take(s share) *profile {
	p := &profile{values: s.values}
	slices.SortFunc(p.values, func(a, b int) int {
		return m.c.slots[m.c.values[a].slot].compare(&m.c.slots[m.c.values[b].slot])
	})
	for n, b := range m.blocks {
		if !s.blocks.has(n) {
			continue
		}
		b.give(p)
		for _, v := range p.values {
			m.rest[n][m.item(v)]--
		}
	}
	for _, other := range m.shares {
		if other.blocks.contains(s.blocks) {
			other.blocks = other.blocks.without(s.blocks)
		}
	}
	m.tidy()
	return p
}

// nameProfiles names profiles after what their devices have in common.
func (c *collection) nameProfiles(profiles []*profile, blocks []*block) {
	taken := identifiers{"base": true}
	for n, p := range profiles {
		if p.name != "" {
			continue
		}
		var devices []int
		for _, b := range blocks {
			if slices.Contains(b.profiles, p) {
				devices = append(devices, b.devices...)
			}
		}
		name := c.common(devices)
		if name == "" {
			name = "group-" + strconv.Itoa(n)
		}
		p.name = taken.take(name)
	}
}

// label names blocks: one of a single device after the device, others after what their devices have in common.
func (c *collection) label(blocks []*block) {
	taken := c.taken()
	for n, b := range blocks {
		name := ""
		if len(b.devices) == 1 {
			name = c.nameOf(b.devices[0])
		} else if name = c.common(b.devices); name == "" {
			name = "group-" + strconv.Itoa(n+1)
		}
		b.label = taken.take(name)
	}
}
