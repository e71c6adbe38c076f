package guard

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
)

// closedByFilter: whoever is filtered gets no answer at all, on every port.
func (v way) closedByFilter(f fact) string {
	if isFalse(f.value("enabled")) || v.own() && widens(f) {
		return ""
	}
	if !v.source.IsValid() {
		return v.fromNowhere(f)
	}
	list, readable := prefixes(f.value("addresses"))
	switch mode := text(f.value("mode")); {
	case mode == "deny" && !readable:
		return "The deny list has an entry that is neither an address nor a network, so it cannot be proven that it lets " + v.name() + " in."
	case mode == "deny" && overlaps(list, v.source):
		return "The deny list contains " + from(v.source) + ", the address from which " + v.name() + " reaches this device."
	case mode == "deny":
		return ""
	case covers(list, v.source) && mode == "allow":
		return ""
	case mode == "allow":
		return "The allow list does not contain " + from(v.source) + ", the address from which " + v.name() + " reaches this device. " +
			"Add it to addresses, or the device would never answer again."
	default:
		return "The device does not say whether its list allows or denies. Write mode into the filter."
	}
}

// fromNowhere is about a way in of which it is not known where it comes from. An enabled filter that was not made
// narrower leaves it as it was.
func (v way) fromNowhere(f fact) string {
	switch {
	case widens(f):
		return ""
	case text(f.value("mode")) == "deny" && len(texts(f.value("addresses"))) == 0:
		return ""
	case v.own():
		return "It is not known which address this device sees us at, so it cannot be proven that the filter lets us in."
	default:
		return "It is not known from which address " + v.name() + " reaches this device, so it cannot be proven that the filter lets it in. " +
			"Write its IP address down, so that the list can be compared with it."
	}
}

// widens reports whether a filter was on before, and lets everybody in who was let in then.
func widens(f fact) bool {
	if !isTrue(f.had("enabled")) || text(f.had("mode")) != text(f.value("mode")) {
		return false
	}
	had, hadReadable := prefixes(f.had("addresses"))
	has, hasReadable := prefixes(f.value("addresses"))
	switch text(f.value("mode")) {
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

// covers reports whether every address of a source is in a list, of which several entries may be needed: devices store a
// network as its single addresses. Halves are looked at only as far as the list reaches into them.
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

// closedByMACFilter: a router between us and the device hides our hardware address, so that nobody can prove that a list
// of them lets us in, unless the list was on before and only grows.
func closedByMACFilter(f fact) string {
	if isFalse(f.value("enabled")) || text(f.value("mode")) == "deny" || grows(f) {
		return ""
	}
	return "It cannot be proven that an allow list of hardware addresses lets us in: the device sees that of the last router on the way."
}

// grows reports whether an allow list of hardware addresses was on before, and has everything that it had.
func grows(f fact) bool {
	if !isTrue(f.had("enabled")) || text(f.had("mode")) != "allow" {
		return false
	}
	has := hardware(f.value("addresses"))
	return !slices.ContainsFunc(hardware(f.had("addresses")), func(a string) bool { return !slices.Contains(has, a) })
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

// closedByNetwork refuses to move the address under which a device is reached. Name servers may change, and so may the
// addresses of the other version of IP, and an interface of which the device says that it has another address.
func (v way) closedByNetwork(f fact) string {
	moving := ""
	for _, attribute := range v.reachedBy() {
		if f.moved(attribute) && !v.keptBy(f, attribute) {
			moving = attribute
		}
	}
	if moving == "" || v.elsewhere(f) {
		return ""
	}
	return "camform reaches this device at " + v.host + ", and a change of " + moving + " could take it away from there. " +
		"Change it at the device and write the new address into the device block."
}

var (
	version4 = []string{"ip_version", "mode", "address", "gateway"}
	version6 = []string{"ip_version", "ipv6_mode", "ipv6_address", "ipv6_gateway"}
)

// reachedBy are the attributes of an interface that decide about the way in. A name may stand for addresses of both
// versions.
func (v way) reachedBy() []string {
	host, err := netip.ParseAddr(v.host)
	switch {
	case err != nil:
		return slices.Concat(version4, version6)
	case host.Unmap().Is4():
		return version4
	default:
		return version6
	}
}

// keptBy reports whether a change of the version of IP keeps the one by which the device is reached.
func (v way) keptBy(f fact, attribute string) bool {
	host, err := netip.ParseAddr(v.host)
	if attribute != "ip_version" || err != nil {
		return false
	}
	version := text(f.value("ip_version"))
	return version == "dual" || version == "v4" && host.Unmap().Is4() || version == "v6" && !host.Unmap().Is4()
}

// elsewhere reports whether the address of an interface, with or without the length of its network, is another one than
// that of the way in. A way in by name could be anywhere.
func (v way) elsewhere(f fact) bool {
	host, err := netip.ParseAddr(v.host)
	if err != nil {
		return false
	}
	attribute := "ipv6_address"
	if host.Unmap().Is4() {
		attribute = "address"
	}
	address, _, _ := strings.Cut(text(f.had(attribute)), "/")
	have, err := netip.ParseAddr(address)
	return err == nil && have.Unmap() != host.WithZone("").Unmap()
}

// closedByWireless: whether the way in goes over the air is not to be seen from here.
func closedByWireless(f fact) string {
	for _, attribute := range []string{"ssid", "security", "key", "cipher", "mode", "channel"} {
		if f.moved(attribute) {
			return "camform may reach this device over this wireless network, and a change of " + attribute + " could cut it off. " +
				"Change it at the device."
		}
	}
	if f.moved("enabled") && isFalse(f.value("enabled")) {
		return "camform may reach this device over this wireless network, and this would switch it off. Change it at the device."
	}
	return ""
}

// Trials reports whether what leaves together for a device can be proven only by trying: it changes how the device is
// reached, and whether that works is decided by what the guard cannot see. Such a change is made while the old connection
// stays open, proven over a new one, and put back over the old one where that fails.
func Trials(g plan.Group) bool { return slices.ContainsFunc(g.Steps, tried) }

// reachability are the attributes that change how a device is reached, by kind.
var reachability = map[string][]string{
	"https":      {"enabled", "port", "redirect", "min_tls"},
	"service":    {"enabled", "port"},
	"ip_filter":  {"enabled", "mode", "addresses"},
	"mac_filter": {"enabled", "mode", "addresses"},
	"web_auth":   {"method", "algorithm"},
	"network":    {"ip_version", "mode", "address", "gateway", "ipv6_mode", "ipv6_address", "ipv6_gateway"},
	"wireless":   {"enabled", "ssid", "security", "key", "cipher", "mode", "channel"},
}

func tried(s plan.Step) bool {
	after := fact{Step: s, done: true}
	isFilter := s.Address.Kind == "ip_filter" || s.Address.Kind == "mac_filter"
	if isFilter && isFalse(after.value("enabled")) {
		return false
	}
	return slices.ContainsFunc(reachability[s.Address.Kind], after.moved)
}
