package guard

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// closedByFilter: a client that is filtered gets no answer at all, on every port.
func (v way) closedByFilter(_ world, f fact, g *schema.Guard) string {
	if isFalse(f.value(g.Enabled)) || v.own() && widens(f, g) {
		return ""
	}
	if !v.source.IsValid() {
		return v.fromNowhere(f, g)
	}
	list, readable := prefixes(f.value(g.List))
	switch mode := modeOf(g, f.value(g.Mode)); {
	case mode == "deny" && !readable:
		return "The deny list has an entry that is neither an address nor a network, so camform cannot prove that it lets " + v.name() + " in."
	case mode == "deny" && overlaps(list, v.source):
		return "The deny list contains " + from(v.source) + ", the address from which " + v.name() + " reaches this device."
	case mode == "deny":
		return ""
	case covers(list, v.source) && mode == "allow":
		return ""
	case mode == "allow":
		return "The allow list does not contain " + from(v.source) + ", the address from which " + v.name() + " reaches this device." +
			v.advice("Add it to "+g.List+", or the device will never answer it again.")
	default:
		return "The device does not say whether its list allows or denies." + v.advice("Write "+g.Mode+" into the filter.")
	}
}

// closedElsewhere is about an address that a device tells of the connection, and that is neither ours nor the device's: something
// between may replace ours. The filter has to let that in as well. That it does proves nothing, since devices do not say whose
// address it is.
func (v way) closedElsewhere(_ world, f fact, g *schema.Guard) string {
	if isFalse(f.value(g.Enabled)) || widens(f, g) {
		return ""
	}
	list, _ := prefixes(f.value(g.List))
	for _, a := range v.strange {
		listed := overlaps(list, netip.PrefixFrom(a, a.BitLen()))
		switch mode := modeOf(g, f.value(g.Mode)); {
		case mode == "deny" && listed:
			return fmt.Sprintf("The deny list contains %s, the address from which this device sees camform connect.", a)
		case mode != "deny" && !listed:
			return fmt.Sprintf("This device sees camform connect from %s, not from %s: something in between may translate addresses. Add "+
				"%s to %s as well, or the device might never answer again.", a, from(v.source), a, g.List)
		}
	}
	return ""
}

// fromNowhere is about a way in from an unknown address. An enabled filter that was not made
// narrower leaves it as it was.
func (v way) fromNowhere(f fact, g *schema.Guard) string {
	switch {
	case widens(f, g):
		return ""
	case modeOf(g, f.value(g.Mode)) == "deny" && len(texts(f.value(g.List))) == 0:
		return ""
	case v.own():
		return "camform does not know from which address this device sees it connect, so it cannot prove that the filter lets it in."
	default:
		return "camform does not know from which address " + v.name() + " reaches this device, so it cannot prove that the filter lets it in." +
			v.advice("Write down its IP address, so that camform can compare it with the list.")
	}
}

// modeOf is what the list of a filter means: allow or deny, or empty where the device does not say. A filter without a mode
// allows.
func modeOf(g *schema.Guard, mode cty.Value) string {
	if g.Mode == "" {
		return "allow"
	}
	return text(mode)
}

// widens reports whether a filter was on before, and lets everybody in who was let in then.
func widens(f fact, g *schema.Guard) bool {
	mode := modeOf(g, f.value(g.Mode))
	if !isTrue(f.had(g.Enabled)) || modeOf(g, f.had(g.Mode)) != mode {
		return false
	}
	had, hadReadable := prefixes(f.had(g.List))
	has, hasReadable := prefixes(f.value(g.List))
	switch mode {
	case "allow":
		return hadReadable && coversAll(has, had)
	case "deny":
		return hasReadable && coversAll(had, has)
	default:
		return false
	}
}

// from writes a source as people do: an address without the length of its network.
func from(source netip.Prefix) string {
	if source.IsSingleIP() {
		return source.Addr().String()
	}
	return source.String()
}

// prefixes reads a list of addresses and prefixes. Entries that are neither are left out, and it is not readable then: what
// they cover is not known.
func prefixes(list cty.Value) (all []netip.Prefix, readable bool) {
	readable = true
	for _, entry := range texts(list) {
		prefix := sourceOf(entry)
		if !prefix.IsValid() {
			readable = false
			continue
		}
		all = append(all, prefix)
	}
	return all, readable
}

// unmapped is a prefix of IPv4 addresses that are written as IPv6 ones, as the former.
func unmapped(prefix netip.Prefix) netip.Prefix {
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked()
}

func overlaps(list []netip.Prefix, source netip.Prefix) bool {
	return slices.ContainsFunc(list, source.Overlaps)
}

func coversAll(list, sources []netip.Prefix) bool {
	return !slices.ContainsFunc(sources, func(p netip.Prefix) bool { return !covers(list, p) })
}

// covers reports whether every address of a source is in a list, by several entries if need be: devices store a
// network as its single addresses. Halves are looked at only where the list reaches into them.
func covers(list []netip.Prefix, source netip.Prefix) bool {
	for _, entry := range list {
		if entry.Bits() <= source.Bits() && entry.Contains(source.Addr()) {
			return true
		}
	}
	if source.IsSingleIP() || !overlaps(list, source) {
		return false
	}
	low := netip.PrefixFrom(source.Addr(), source.Bits()+1)
	return covers(list, low) && covers(list, netip.PrefixFrom(upper(low), low.Bits()))
}

// upper is the first address of the network behind one.
func upper(low netip.Prefix) netip.Addr {
	bytes := low.Addr().AsSlice()
	bit := low.Bits() - 1
	bytes[bit/8] |= 0x80 >> (bit % 8)
	address, _ := netip.AddrFromSlice(bytes) // of the same length, so it is one
	return address
}

// closedByHardwareFilter: a router between us and the device hides our hardware address, so that nobody can prove that a
// list of them lets us in, unless the list was on before and only grows.
func closedByHardwareFilter(_ way, _ world, f fact, g *schema.Guard) string {
	if isFalse(f.value(g.Enabled)) || modeOf(g, f.value(g.Mode)) == "deny" || grows(f, g) {
		return ""
	}
	return "camform cannot prove that an allow list of hardware addresses lets it in: the device sees only the address of the last router on the path."
}

// grows reports whether an allow list of hardware addresses was on before, and has everything that it had.
func grows(f fact, g *schema.Guard) bool {
	if !isTrue(f.had(g.Enabled)) || modeOf(g, f.had(g.Mode)) != "allow" {
		return false
	}
	has := hardware(f.value(g.List))
	return !slices.ContainsFunc(hardware(f.had(g.List)), func(a string) bool { return !slices.Contains(has, a) })
}

// hardware reads hardware addresses, in one spelling.
func hardware(list cty.Value) []string {
	var all []string
	for _, entry := range texts(list) {
		if address, err := net.ParseMAC(entry); err == nil {
			entry = address.String()
		}
		all = append(all, entry)
	}
	return all
}

// closedByHardware: a device that a list of hardware addresses names. Whether an allow list has everybody is judged once.
func (v way) closedByHardware(_ world, f fact, g *schema.Guard) string {
	if !v.isDevice() || v.hardware == "" || isFalse(f.value(g.Enabled)) || modeOf(g, f.value(g.Mode)) != "deny" {
		return ""
	}
	if !slices.Contains(hardware(f.value(g.List)), v.hardware) {
		return ""
	}
	return "The deny list contains " + v.hardware + ", the hardware address from which " + v.name() + " reaches this device."
}
