package providers

import "net/netip"

// Bounds are where a device may be: within each of them. None allow everything.
type Bounds []Bound

// Bound is a number of networks, of which a device must be in one.
type Bound struct {
	Networks []netip.Prefix
	Why      string // who says so, for people; a sentence without its end
}

// Refuse says why a device must not be at an address; empty if it may.
func (b Bounds) Refuse(at netip.Addr) string {
	at = at.Unmap().WithZone("")
	for _, bound := range b {
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
