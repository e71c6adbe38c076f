package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"camform/schema"
)

// Moved says that devices have other names from now on.
type Moved struct {
	schema.Move
	Range hcl.Range
}

// Moves are all that have moved.
func (c *Config) Moves() schema.Moves { return movesOf(c.Moved) }

func movesOf(all []Moved) schema.Moves {
	var moves schema.Moves
	for _, m := range all {
		moves = append(moves, m.Move)
	}
	return moves
}

// Moves are what the intelligible moved blocks say. The state is opened with them, so they are known before
// anything is evaluated.
func (s *Source) Moves() schema.Moves {
	var moves schema.Moves
	for _, file := range s.files {
		content, _, _ := file.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "moved"}}})
		for _, block := range content.Blocks {
			found, _, _ := block.Body.PartialContent(movedShape.content)
			from, fromOK := deviceIn(found.Attributes["from"])
			to, toOK := deviceIn(found.Attributes["to"])
			if fromOK && toOK {
				moves = append(moves, schema.Move{From: from, To: to})
			}
		}
	}
	return moves
}

// deviceIn is the device that an argument names.
func deviceIn(attr *hcl.Attribute) (schema.Device, bool) {
	if attr == nil {
		return schema.Device{}, false
	}
	traversal, diags := hcl.AbsTraversalForExpr(attr.Expr)
	if diags.HasErrors() {
		return schema.Device{}, false
	}
	named, err := schema.DeviceOf(traversal)
	return named, err == nil
}

// movedBlock is a moved block.
type movedBlock struct{ body }

func (b *movedBlock) evaluate(l *loader, s scope) {
	from, fromOK := b.device(s, "from")
	to, toOK := b.device(s, "to")
	if !fromOK || !toOK {
		return
	}
	s.about.Device = from
	m := Moved{schema.Move{From: from, To: to}, b.block.DefRange}
	for _, other := range l.config.Moved {
		switch {
		case other.From == from:
			s.add(invalidMove.at(m.Range, "%s already moves to %s at %s. A device has one name: remove one of them.", from, other.To, line(other.Range)))
			return
		case other.To == to:
			s.add(invalidMove.at(m.Range, "%s already moves to %s at %s. Two devices cannot have one name: remove one of them.", other.From, to, line(other.Range)))
			return
		}
	}
	if from == to {
		s.add(invalidMove.at(m.Range, "%s moves to the name that it already has. Remove the block.", from))
		return
	}
	l.config.Moved = append(l.config.Moved, m)
}

// device is deviceNamed with a better word about settings.
func (b *movedBlock) device(s scope, argument string) (schema.Device, bool) {
	if attr := b.attributes[argument]; attr != nil {
		traversal, diags := hcl.AbsTraversalForExpr(attr.Expr)
		if named, ok := schema.SettingOf(traversal); !diags.HasErrors() && ok && named.Kind != "" {
			s.add(invalidMove.at(attr.Expr.Range(), "%s is a setting, and only whole devices move. An account or another item with another name is a different one on the device, too.", named))
			return schema.Device{}, false
		}
	}
	return s.deviceNamed(b.body, argument)
}

// moved reports moves that contradict each other, or what is declared.
func (l *loader) moved() {
	moves := l.config.Moves()
	for _, m := range l.config.Moved {
		s := scope{loader: l, about: schema.Setting{Device: m.From}}
		if l.circular(m, moves) {
			s.add(invalidMove.at(m.Range, "%s moves in a circle, back to where it was. Remove the older one of the moved blocks.", m.From))
			continue
		}
		if i := slices.IndexFunc(l.config.Removed, func(r Removed) bool { return r.Covers(m.From) }); i >= 0 {
			s.add(invalidMove.at(m.Range, "%s is removed at %s. A device is either moved or removed: remove one of the two blocks.", m.From, line(l.config.Removed[i].Range)))
			continue
		}
		if i := slices.IndexFunc(l.config.Devices, func(d *Device) bool { _, ok := m.Of(d.Address); return ok }); i >= 0 {
			still := l.config.Devices[i]
			s.add(invalidMove.at(m.Range, "%s is still declared at %s, so it has not moved. Remove the moved block, or the device block of the old name.", still.Address, line(still.Range)))
			continue
		}
		if end := moves.Of(m.To); !l.declares(end, m.Whole()) {
			s.add(invalidMove.at(m.Range, "%s moves to %s, which is not declared. Write the name that it has now, or a removed block if the device is gone.", m.From, end))
		}
	}
}

// circular reports whether a device comes back to a name that it had.
func (l *loader) circular(m Moved, moves schema.Moves) bool {
	_, on := moves.Next(moves.Of(m.From))
	return on
}

// declares reports whether there is a device, or with whole a block of its name, whatever comes of that. It holds of every device
// where something else is wrong, since some may be missing then.
func (l *loader) declares(device schema.Device, whole bool) bool {
	if l.failed() {
		return true
	}
	_, block := l.declarations[node{"device", device.Name}]
	return whole && block || slices.ContainsFunc(l.config.Devices, func(d *Device) bool { return d.Address == device })
}
