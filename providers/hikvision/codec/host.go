package codec

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/schema"
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

func decodeHost(f document.Field) (cty.Value, error) {
	for _, n := range hostOrder(f) {
		if text, ok := f.Text(n); ok && !isUnset(text) {
			return cty.StringVal(text), nil
		}
	}
	return f.Null(), nil
}

// hostOrder are the elements that may hold the host, the one that the format selects first. A device that has no format
// has only one of them.
func hostOrder(f document.Field) []int {
	switch format, _ := f.Text(hostFormat); {
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
func encodeHost(f document.Field, want cty.Value) error {
	text := hostText(want)
	target := hostElement(text)
	if _, ok := f.Text(target); !ok {
		if err := moveHost(f, target); err != nil {
			return err
		}
	}
	if err := f.Put(target, text); err != nil {
		return err
	}
	if _, ok := f.Text(hostIPv4); ok && target == hostIPv6 {
		if err := f.Put(hostIPv4, netip.IPv4Unspecified().String()); err != nil {
			return err
		}
	}
	if _, ok := f.Text(hostFormat); !ok {
		return nil
	}
	return f.Put(hostFormat, formatText(f, target))
}

// moveHost renames the element that holds a host at present to the target. Without one there is nothing to do: put
// inserts the target or refuses. Every device takes names and IPv4 addresses in turn, but few have a place for IPv6.
func moveHost(f document.Field, target int) error {
	if target == hostIPv6 && !f.Has(hostIPv6) {
		return fmt.Errorf("the device has no element %s: %w", f.Element(hostIPv6), providers.ErrUnsupported)
	}
	for _, n := range []int{hostName, hostIPv4, hostIPv6} {
		if _, ok := f.Text(n); ok {
			return document.InFamily(f.Doc.Rename(f.Path(n), f.Element(target).Name()))
		}
	}
	return nil
}

// formatText is the format for an element, in the spelling of the device: capability documents write hostName where the
// document itself has hostname.
func formatText(f document.Field, target int) string {
	format := hostBranch[target]
	have, _ := f.Text(hostFormat)
	if strings.EqualFold(have, format) {
		return have
	}
	if spelling, ok := f.Limit(hostFormat).Option(format); ok {
		return spelling
	}
	return format
}

// hostLabel is one label of a name. An underscore begins or joins words in many names of hosts in a domain.
var hostLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?$`)

// The longest name, and the longest label of it, that the DNS knows.
const (
	mostName  = 253
	mostLabel = 63
)

func formHost(a *schema.Attribute, want cty.Value) []string {
	if text := hostText(want); text != "" && isUnset(text) {
		return document.Sentence("%s does not stand for an address.", document.Quote(text))
	}
	return formHostSlot(a, want)
}

// formHostSlot lets 0.0.0.0 empty a slot.
func formHostSlot(_ *schema.Attribute, want cty.Value) []string {
	text := hostText(want)
	addr, err := netip.ParseAddr(text)
	switch {
	case err == nil && addr.Zone() != "":
		return document.Sentence("%s has a zone after the %%, which has a meaning on one machine only. Leave it out.", document.Quote(text))
	case err == nil:
		return nil
	case strings.Contains(text, "://"):
		return document.Sentence("%s is a URL. Give the host name or address alone.", document.Quote(text))
	case hasPort(text):
		return document.Sentence("%s has a port. Give the host name or address without it.", document.Quote(text))
	case !isHostName(text):
		return document.Sentence("%s is neither a host name nor an address.", document.Quote(text))
	}
	return nil
}

// hasPort reports whether a text is a host with a port.
func hasPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	_, wrong := strconv.ParseUint(port, 10, 16)
	return err == nil && host != "" && wrong == nil
}

// isHostName reports whether a text can be the name of a host. Its last label has a letter, which tells a name from an address with
// a slip in it, and no underscore.
func isHostName(text string) bool {
	labels := strings.Split(strings.TrimSuffix(text, "."), ".")
	last := labels[len(labels)-1]
	return len(text) <= mostName && strings.ContainsFunc(last, isLetter) && !strings.Contains(last, "_") &&
		!slices.ContainsFunc(labels, func(label string) bool { return len(label) > mostLabel || !hostLabel.MatchString(label) })
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func checkHost(f document.Field, want cty.Value) []string {
	text := hostText(want)
	target := hostElement(text)
	formats := f.Limit(hostFormat)
	_, formatKnown := formats.Option(hostBranch[target])
	switch l := f.Limit(target); {
	case target == hostIPv6 && !f.Has(hostIPv6):
		return document.Sentence("This device cannot hold an IPv6 address.")
	case !f.Has(hostName) && !f.Has(hostIPv4) && !f.Has(hostIPv6):
		return f.Missing(hostName)
	case len(formats.Options) > 0 && !formatKnown:
		return document.Sentence("This device accepts %s, not %s.", document.List(formats.Options), hostBranch[target])
	case !l.Allows(int64(len(text))):
		return document.Sentence("The text has %s; %s.", BytesOf(text), l.Takes())
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
