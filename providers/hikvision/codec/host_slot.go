package codec

import (
	"net/netip"

	"github.com/zclconf/go-cty/cty"

	"camform/providers/hikvision/document"
)

// decodeHostSlot reads a host as codec host does, but the host of a slot that is empty is 0.0.0.0, with which a slot can be
// emptied: the slots of a device are always there.
func decodeHostSlot(f document.Field) (cty.Value, error) {
	host, err := decodeHost(f)
	if err != nil || !host.IsNull() {
		return host, err
	}
	for _, n := range []int{hostName, hostIPv4, hostIPv6} {
		if _, ok := f.Text(n); ok {
			return cty.StringVal(netip.IPv4Unspecified().String()), nil
		}
	}
	return host, nil
}
