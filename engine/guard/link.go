package guard

import (
	"net/netip"
	"slices"
	"strings"

	"camform/schema"
)

// closedByLink refuses what could take a device away from where it is reached.
func (v way) closedByLink(_ world, f fact, g *schema.Guard) string {
	return firstOf(v.closedByAddress(f, g), closedByCut(f, g))
}

// closedByAddress refuses to move the address under which a device is reached. Name servers may change, and so may the
// addresses of the other version of IP, and an interface that has another address according to the device.
func (v way) closedByAddress(f fact, g *schema.Guard) string {
	moving := ""
	for _, attribute := range v.reachedBy(g) {
		if f.moved(attribute) && !v.keptBy(f, g, attribute) {
			moving = attribute
		}
	}
	if moving == "" || v.elsewhere(f, g) {
		return ""
	}
	return "camform reaches this device at " + v.host + ", and a change of " + moving + " could move it away from there. " +
		"Change it at the device, then write the new address into the device block."
}

// reachedBy are the attributes of a link that decide about the way in. A name may stand for addresses of both versions.
func (v way) reachedBy(g *schema.Guard) []string {
	version := []string{}
	if g.Version != "" {
		version = append(version, g.Version)
	}
	host, err := netip.ParseAddr(v.host)
	switch {
	case err != nil:
		return slices.Concat(version, g.V4, g.V6)
	case host.Unmap().Is4():
		return slices.Concat(version, g.V4)
	default:
		return slices.Concat(version, g.V6)
	}
}

// closedByMove: another device reaches this one at an address that it was given. It loses it when that moves, unless the same plan
// gives it the new one.
func (v way) closedByMove(_ world, f fact, g *schema.Guard) string {
	if !v.isDevice() || v.host == "" || v.elsewhere(f, g) {
		return ""
	}
	for _, attribute := range v.reachedBy(g) {
		if !f.moved(attribute) || v.keptBy(f, g, attribute) {
			continue
		}
		after, _, _ := strings.Cut(text(f.value(attribute)), "/")
		if after != "" && after == v.moves {
			continue
		}
		return v.name() + " reaches this device at " + v.host + ", and a change of " + attribute + " could move it away from there." +
			v.advice("Give it the new address in the same run, or say in its consumer block why it may be cut off.")
	}
	return ""
}

// keptBy reports whether a change of the version of IP keeps the one by which the device is reached.
func (v way) keptBy(f fact, g *schema.Guard, attribute string) bool {
	host, err := netip.ParseAddr(v.host)
	if attribute != g.Version || err != nil {
		return false
	}
	version := text(f.value(g.Version))
	return version == "dual" || version == "v4" && host.Unmap().Is4() || version == "v6" && !host.Unmap().Is4()
}

// elsewhere reports whether the address of an interface, with or without the length of its network, is another one than
// that of the way in. A way in by name could be anywhere.
func (v way) elsewhere(f fact, g *schema.Guard) bool {
	host, err := netip.ParseAddr(v.host)
	if err != nil {
		return false
	}
	attribute := g.V6Address
	if host.Unmap().Is4() {
		attribute = g.V4Address
	}
	address, _, _ := strings.Cut(text(f.had(attribute)), "/")
	have, err := netip.ParseAddr(address)
	return err == nil && have.Unmap() != host.WithZone("").Unmap()
}

// closedByCut: whether the way in goes over a link is not to be seen from here.
func closedByCut(f fact, g *schema.Guard) string {
	for _, attribute := range g.Cuts {
		if f.moved(attribute) {
			return "camform may reach this device over this " + linkName(g) + ", and a change of " + attribute + " could cut it off. " +
				"Change it at the device."
		}
	}
	if f.moved(g.Enabled) && isFalse(f.value(g.Enabled)) {
		return "camform may reach this device over this " + linkName(g) + ", and this change would switch it off. Change it at the device."
	}
	return ""
}

func linkName(g *schema.Guard) string { return firstOf(g.Called, "link") }
