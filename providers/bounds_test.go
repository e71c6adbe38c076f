package providers_test

import (
	"net/netip"
	"testing"

	"camform/providers"
)

func TestAnAddressIsWithinAllBounds(t *testing.T) {
	of := func(why string, networks ...string) providers.Bound {
		b := providers.Bound{Why: why}
		for _, n := range networks {
			b.Networks = append(b.Networks, netip.MustParsePrefix(n))
		}
		return b
	}
	both := providers.Bounds{of("wide", "192.0.2.0/24", "2001:db8::/32"), of("narrow", "192.0.2.0/28", "198.51.100.0/24", "2001:db8::/64")}
	for address, want := range map[string]string{
		"192.0.2.1": "", "::ffff:192.0.2.1": "", "192.0.2.99": "narrow", "198.51.100.1": "wide", "2001:db8::1": "", "2001:db8:1::1": "narrow",
	} {
		if why := both.Refuse(netip.MustParseAddr(address)); why != want {
			t.Errorf("%s: %q, want %q", address, why, want)
		}
	}
	if why := both.Refuse(netip.Addr{}); why != "wide" {
		t.Errorf("an unknown address: %q", why)
	}
	if why := (providers.Bounds{of("nowhere")}).Refuse(netip.MustParseAddr("192.0.2.1")); why != "nowhere" {
		t.Errorf("no network: %q", why)
	}
	if why := providers.Bounds(nil).Refuse(netip.Addr{}); why != "" {
		t.Errorf("no bounds: %q", why)
	}
}
