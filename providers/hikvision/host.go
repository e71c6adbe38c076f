package hikvision

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
)

// The elements of a host, in the order in which a setting file names them.
const (
	hostFormat = iota // addressingFormatType: hostname or ipaddress
	hostName
	hostIPv4
	hostIPv6
)

// hostBranch is what addressingFormatType says about an element of a host.
var hostBranch = map[int]string{hostName: "hostname", hostIPv4: "ipaddress", hostIPv6: "ipaddress"}

func decodeHost(f field) (cty.Value, error) {
	for _, n := range hostOrder(f) {
		if text, ok := f.text(n); ok && !isUnset(text) {
			return cty.StringVal(text), nil
		}
	}
	return f.null(), nil
}

// hostOrder are the elements that may hold the host, the one that the format selects first. A device that has no format
// has only one of them.
func hostOrder(f field) []int {
	switch format, _ := f.text(hostFormat); {
	case strings.EqualFold(format, hostBranch[hostName]):
		return []int{hostName}
	case strings.EqualFold(format, hostBranch[hostIPv4]):
		return []int{hostIPv4, hostIPv6}
	default:
		return []int{hostName, hostIPv4, hostIPv6}
	}
}

// isUnset reports whether a text is what devices write where no address is set.
func isUnset(text string) bool {
	addr, err := netip.ParseAddr(text)
	return text == "" || err == nil && addr.IsUnspecified()
}

// encodeHost writes the element that fits the value. Where the device has another one instead, that is renamed, so that
// no stale host stays behind; where it has both, the format decides.
func encodeHost(f field, want cty.Value) error {
	text := hostText(want)
	target := hostElement(text)
	if _, ok := f.text(target); !ok {
		if err := moveHost(f, target); err != nil {
			return err
		}
	}
	if err := f.put(target, text); err != nil {
		return err
	}
	if _, ok := f.text(hostIPv4); ok && target == hostIPv6 {
		if err := f.put(hostIPv4, netip.IPv4Unspecified().String()); err != nil {
			return err
		}
	}
	if _, ok := f.text(hostFormat); !ok {
		return nil
	}
	return f.put(hostFormat, formatText(f, target))
}

// moveHost renames the element that holds a host at present to the target. Without one there is nothing to do: put
// inserts the target or refuses. Every device takes names and IPv4 addresses in turn, but few have a place for IPv6.
func moveHost(f field, target int) error {
	if target == hostIPv6 && !f.has(hostIPv6) {
		return fmt.Errorf("the device has no element %s: %w", f.element(hostIPv6), providers.ErrUnsupported)
	}
	for _, n := range []int{hostName, hostIPv4, hostIPv6} {
		if _, ok := f.text(n); ok {
			return inFamily(f.doc.Rename(f.path(n), f.element(target).Name()))
		}
	}
	return nil
}

// formatText is the format for an element, in the spelling of the device: capability documents write hostName where the
// document itself has hostname.
func formatText(f field, target int) string {
	format := hostBranch[target]
	have, _ := f.text(hostFormat)
	if strings.EqualFold(have, format) {
		return have
	}
	if spelling, ok := f.limit(hostFormat).option(format); ok {
		return spelling
	}
	return format
}

// A name has a letter somewhere in its last label, which tells it from an address with a slip in it.
var hostPattern = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]*[A-Za-z][A-Za-z0-9-]*\.?$`)

func checkHost(f field, want cty.Value) []string {
	text := hostText(want)
	target := hostElement(text)
	formats := f.limit(hostFormat)
	_, formatKnown := formats.option(hostBranch[target])
	switch l := f.limit(target); {
	case target == hostName && !hostPattern.MatchString(text):
		return sentence("%s is neither a host name nor an address.", quote(text))
	case target == hostIPv6 && !f.has(hostIPv6):
		return sentence("This device has no place for an IPv6 address.")
	case !f.has(hostName) && !f.has(hostIPv4) && !f.has(hostIPv6):
		return f.missing(hostName)
	case len(formats.options) > 0 && !formatKnown:
		return sentence("This device takes %s, not %s.", list(formats.options), hostBranch[target])
	case !l.allows(int64(len(text))):
		return sentence("The text has %s; this device takes %s.", bytesOf(text), l.bounds())
	}
	return nil
}

// sameHost compares addresses by what they mean, and names without regard to case.
func sameHost(want, have cty.Value) bool {
	a, b := hostText(want), hostText(have)
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX == nil && errY == nil {
		return x == y
	}
	return strings.EqualFold(a, b)
}

func hostText(v cty.Value) string { return strings.TrimSpace(v.AsString()) }

// hostElement is the element that holds a host of that form.
func hostElement(text string) int {
	addr, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return hostName
	case addr.Is4():
		return hostIPv4
	default:
		return hostIPv6
	}
}
