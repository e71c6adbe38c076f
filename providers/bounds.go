package providers

import (
	"net/netip"
	"slices"
)

// Bounds are which devices may be sent something: those within each of them. None allow everything.
type Bounds []Bound

// Bound is a list of networks, where one must contain the device, or of TLS keys, where it must show one. Without either no
// device is within it.
type Bound struct {
	Networks []netip.Prefix
	Keys     []string // written like Pin.SPKI
	Why      string   // who says so, for people; a sentence without its end
}

// RefuseKey says why a device must not show a TLS key; empty if it may. A device without TLS shows the key "".
func (b Bounds) RefuseKey(spki string) string {
	for _, bound := range b {
		if bound.Keys != nil && !slices.Contains(bound.Keys, spki) {
			return bound.Why
		}
	}
	return ""
}

// Refuse says why a device must not be at an address; empty if it may.
func (b Bounds) Refuse(at netip.Addr) string {
	at = at.Unmap().WithZone("")
	for _, bound := range b {
		if bound.Networks == nil && bound.Keys != nil {
			continue
		}
		inside := false
		for _, network := range bound.Networks {
			inside = inside || network.Contains(at)
		}
		if !inside {
			return bound.Why
		}
	}
	return ""
}
