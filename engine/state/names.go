package state

import (
	"context"
	"maps"
	"slices"

	"camform/engine/credential"
	"camform/schema"
)

// names are those under which a store shows devices that are to get other names. The rows have the old ones until MoveDevices, by this
// process or by another one, so that rows are looked up under both. They never change.
type names struct {
	shown  map[schema.Device]schema.Device // from the names that the rows have
	stored map[schema.Device]schema.Device // to the names that the rows have
	marks  map[schema.Device]string        // under which fingerprints are made; see Key.Fingerprint
}

// newNames finds which of the devices that a database knows are to get other names. One whose new name is that of another device
// that it knows keeps its own.
func newNames(known map[schema.Device]bool, moves schema.Moves, marks map[schema.Device]string) *names {
	n := &names{shown: map[schema.Device]schema.Device{}, stored: map[schema.Device]schema.Device{}, marks: marks}
	for _, from := range slices.SortedFunc(maps.Keys(known), schema.Device.Compare) {
		to := moves.Of(from)
		if _, taken := n.stored[to]; to != from && !known[to] && !taken {
			n.shown[from], n.stored[to] = to, from
		}
	}
	return n
}

// after are the names once devices were moved.
func (n *names) after(moves schema.Moves, marks map[schema.Device]string) *names {
	left := &names{shown: maps.Clone(n.shown), stored: maps.Clone(n.stored), marks: marks}
	for _, m := range moves {
		delete(left.shown, m.From)
		delete(left.stored, m.To)
	}
	return left
}

// device is the name under which a row about a device is shown.
func (n *names) device(stored schema.Device) schema.Device {
	if to, ok := n.shown[stored]; ok {
		return to
	}
	return stored
}

func (n *names) setting(stored schema.Setting) schema.Setting {
	stored.Device = n.device(stored.Device)
	return stored
}

// secret is the name under which a secret is shown: that of an account has the name of its device in it.
func (n *names) secret(stored string) string { return inSecret(stored, n.shown) }

// old is the other name under which rows about a device may be stored; the name itself if there is none.
func (n *names) old(device schema.Device) schema.Device {
	if from, ok := n.stored[device]; ok {
		return from
	}
	return device
}

// oldSecret is old for the name of a secret.
func (n *names) oldSecret(name string) string { return inSecret(name, n.stored) }

// bothSecrets are the names under which the rows of a secret may be stored.
func (n *names) bothSecrets(name string) []string {
	return slices.Compact([]string{name, n.oldSecret(name)})
}

func inSecret(name string, devices map[schema.Device]schema.Device) string {
	if device, account, ok := credential.AccountOf(name); ok && len(devices) > 0 {
		if other, ok := devices[device]; ok {
			return credential.Name(other, account)
		}
	}
	return name
}

// mark is the name under which fingerprints of secrets of a device are made.
func (n *names) mark(device schema.Device) string { return markIn(n.marks, n.old(device)) }

// readNames finds which devices of the database are to get other names.
func (s *database) readNames(ctx context.Context, moves schema.Moves) error {
	marks, err := readMarks(ctx, s.reads)
	if err != nil {
		return s.classify(err)
	}
	known := map[schema.Device]bool{}
	if len(moves) > 0 {
		if known, err = knownDevices(ctx, s.reads); err != nil {
			return s.classify(err)
		}
	}
	s.named.Store(newNames(known, moves, marks))
	return nil
}

func (s *database) names() *names { return s.named.Load() }
