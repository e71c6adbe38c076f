package codec

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/schema"
)

// The elements of the address of an interface, in the order in which a setting file names them.
const (
	interfaceAddress = iota
	interfaceMask    // 255.255.255.0 for IPv4; 64 or ffff:ffff:ffff:ffff:: for IPv6
)

// takesIPv6 reports whether the nth element of an attribute holds addresses of IPv6, which its name says in every spelling.
func takesIPv6(a *schema.Attribute, n int) bool {
	path := a.Elements[n]
	return strings.HasPrefix(path[strings.LastIndex(path, "/")+1:], "ipv6")
}

// fits reports whether an address can stand in the nth element.
func fits(a *schema.Attribute, n int, addr netip.Addr) bool {
	return addr.Zone() == "" && !addr.IsUnspecified() && addr.Is6() == takesIPv6(a, n)
}

func version(v6 bool) string {
	if v6 {
		return "IPv6"
	}
	return "IPv4"
}

// interface_address: an address with the length of its network, such as 192.0.2.10/24.

func decodeInterfaceAddress(f document.Field) (cty.Value, error) {
	text, _ := f.Text(interfaceAddress)
	if isUnset(text) {
		return f.Null(), nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return f.Null(), fmt.Errorf("%s is %s, not an address: %w", f.Element(interfaceAddress), document.Quote(text), providers.ErrMalformed)
	}
	mask, _ := f.Text(interfaceMask)
	bits, ok := maskBits(mask)
	if !ok || bits > addr.BitLen() {
		return f.Null(), fmt.Errorf("%s is %s, not a mask: %w", f.Element(interfaceMask), document.Quote(mask), providers.ErrMalformed)
	}
	return cty.StringVal(netip.PrefixFrom(addr, bits).String()), nil
}

// maskBits is the length of the network that a mask, or a number in its place, means.
func maskBits(text string) (int, bool) {
	if bits, err := strconv.Atoi(text); err == nil && bits >= 0 {
		return bits, true
	}
	mask, err := netip.ParseAddr(text)
	if err != nil {
		return 0, false
	}
	bits, size := net.IPMask(mask.AsSlice()).Size()
	return bits, size > 0
}

// encodeInterfaceAddress writes the mask in the form that is there already, and as devices of its version write it
// otherwise.
func encodeInterfaceAddress(f document.Field, want cty.Value) error {
	prefix, err := netip.ParsePrefix(strings.TrimSpace(want.AsString()))
	if err != nil || !fits(f.Attribute, interfaceAddress, prefix.Addr()) {
		return fmt.Errorf("not an address with the length of its network: %w", providers.ErrInvalid)
	}
	mask := strconv.Itoa(prefix.Bits())
	if have, _ := f.Text(interfaceMask); prefix.Addr().Is4() || strings.Contains(have, ":") {
		mask = net.IP(net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())).String()
	}
	if err := f.Put(interfaceAddress, prefix.Addr().String()); err != nil {
		return err
	}
	return f.Put(interfaceMask, mask)
}

func formInterfaceAddress(a *schema.Attribute, want cty.Value) []string {
	prefix, err := netip.ParsePrefix(strings.TrimSpace(want.AsString()))
	addr := prefix.Addr()
	switch {
	case err != nil || !fits(a, interfaceAddress, addr):
		return document.Sentence("%s is not an %s address with the length of its network, such as 192.0.2.10/24 or 2001:db8::10/64.",
			document.Quote(want.AsString()), version(takesIPv6(a, interfaceAddress)))
	case prefix.Bits() == 0 || addr.Is4() && prefix.Bits() > 30 || addr.IsMulticast():
		return document.Sentence("%s is not an address that an interface can have.", document.Quote(want.AsString()))
	case addr.Is4() && addr == prefix.Masked().Addr():
		return document.Sentence("%s is the network itself, not an address in it.", document.Quote(want.AsString()))
	case addr == Broadcast(prefix):
		return document.Sentence("%s is the broadcast address of the network, not one that an interface can have.", document.Quote(want.AsString()))
	}
	return nil
}

// Broadcast is the last address of a network of IPv4; none for one of IPv6.
func Broadcast(network netip.Prefix) netip.Addr {
	if !network.Addr().Is4() {
		return netip.Addr{}
	}
	last := network.Masked().Addr().As4()
	for i, bits := range net.CIDRMask(network.Bits(), 32) {
		last[i] |= ^bits
	}
	return netip.AddrFrom4(last)
}

func checkInterfaceAddress(f document.Field, _ cty.Value) []string {
	switch {
	case !f.Has(interfaceAddress):
		return f.Missing(interfaceAddress)
	case !f.Has(interfaceMask):
		return f.Missing(interfaceMask)
	}
	return nil
}

// sameInterfaceAddress compares addresses and lengths by what they mean.
func sameInterfaceAddress(want, have cty.Value) bool {
	w, errW := netip.ParsePrefix(strings.TrimSpace(want.AsString()))
	h, errH := netip.ParsePrefix(have.AsString())
	return errW == nil && errH == nil && w == h
}

// address: an address that may be unset, which is the empty text.

func decodeAddress(f document.Field) (cty.Value, error) {
	text, ok := f.Text(0)
	if !ok {
		return f.Null(), nil
	}
	return cty.StringVal(setAddress(text)), nil
}

// setAddress is the text of an address, and empty for what devices write where none is set.
func setAddress(text string) string {
	if isUnset(text) {
		return ""
	}
	return text
}

func encodeAddress(f document.Field, want cty.Value) error {
	return f.Put(0, addressText(want.AsString(), takesIPv6(f.Attribute, 0)))
}

// addressText is what devices write for an address, or for none.
func addressText(text string, v6 bool) string {
	addr, err := netip.ParseAddr(strings.TrimSpace(text))
	switch {
	case err == nil:
		return addr.String()
	case v6:
		return netip.IPv6Unspecified().String()
	default:
		return netip.IPv4Unspecified().String()
	}
}

func formAddress(a *schema.Attribute, want cty.Value) []string {
	return wrongAddress(a, 0, want.AsString())
}

func checkAddress(f document.Field, _ cty.Value) []string {
	if !f.Has(0) {
		return f.Missing(0)
	}
	return nil
}

func wrongAddress(a *schema.Attribute, n int, text string) []string {
	text = strings.TrimSpace(text)
	switch addr, err := netip.ParseAddr(text); {
	case text == "":
		return nil
	case err != nil || !fits(a, n, addr):
		return document.Sentence("%s is not an %s address.", document.Quote(text), version(takesIPv6(a, n)))
	case addr.IsMulticast():
		return document.Sentence("%s is not the address of another host.", document.Quote(text))
	}
	return nil
}

func sameAddress(want, have cty.Value) bool {
	w, h := strings.TrimSpace(want.AsString()), have.AsString()
	x, errX := netip.ParseAddr(w)
	y, errY := netip.ParseAddr(h)
	return errX == nil && errY == nil && x == y || setAddress(w) == setAddress(h)
}

// address_slots: a list of addresses, each in an element of its own. Slots that are not needed are unset.

func decodeSlots(f document.Field) (cty.Value, error) {
	var values []cty.Value
	there := false
	for n := range f.Attribute.Elements {
		text, ok := f.Text(n)
		there = there || ok
		if !isUnset(text) {
			values = append(values, cty.StringVal(text))
		}
	}
	switch {
	case !there:
		return f.Null(), nil
	case len(values) == 0:
		return cty.ListValEmpty(cty.String), nil
	default:
		return cty.ListVal(values), nil
	}
}

func encodeSlots(f document.Field, want cty.Value) error {
	wanted := want.AsValueSlice()
	if have, _ := decodeSlots(f); have.IsNull() && !f.Has(0) {
		return fmt.Errorf("the device has no element %s: %w", f.Element(0), providers.ErrUnsupported)
	}
	if len(wanted) > len(f.Attribute.Elements) {
		return fmt.Errorf("there are more addresses than the device has slots: %w", providers.ErrInvalid)
	}
	for n := range f.Attribute.Elements {
		text := ""
		if n < len(wanted) {
			text = wanted[n].AsString()
		}
		if have, ok := f.Text(n); setAddress(text) == "" && (!ok || isUnset(have)) {
			continue
		}
		if err := f.Put(n, addressText(text, takesIPv6(f.Attribute, n))); err != nil {
			return err
		}
	}
	return nil
}

func formSlots(a *schema.Attribute, want cty.Value) []string {
	var texts []string
	for n, member := range want.AsValueSlice() {
		switch {
		case n >= len(a.Elements):
			return document.Sentence("These are %d addresses; devices have %d slots.", want.LengthInt(), len(a.Elements))
		case !member.IsKnown() || member.IsNull():
			continue
		}
		text := strings.TrimSpace(member.AsString())
		if isUnset(text) {
			return document.Sentence("An address is empty.")
		}
		if wrong := wrongAddress(a, n, text); len(wrong) > 0 {
			return wrong
		}
		if slices.Contains(texts, text) {
			return document.Sentence("%s is listed twice, which devices reject.", text)
		}
		texts = append(texts, text)
	}
	return nil
}

func checkSlots(f document.Field, want cty.Value) []string {
	for n := range max(want.LengthInt(), 1) {
		if !f.Has(n) {
			return f.Missing(n)
		}
	}
	return nil
}

func sameSlots(want, have cty.Value) bool {
	return slices.EqualFunc(want.AsValueSlice(), have.AsValueSlice(), sameAddress)
}
