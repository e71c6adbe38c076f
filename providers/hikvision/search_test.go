package hikvision

import (
	"errors"
	"net/netip"
	"testing"

	"camform/providers"
	"camform/providers/hikvision/sadp"
)

// A move sets the mask and the ports of a device: what it does not tell is not made up.
func TestADeviceThatDoesNotTellItsNetworkIsNotMoved(t *testing.T) {
	to := netip.MustParseAddr("192.0.2.8")
	said := sadp.Reply{Network: netip.MustParsePrefix("192.168.1.0/24"), CommandPort: 8000, HTTPPort: 80}
	if got, err := networkAt(to, said); err != nil || got != (sadp.Network{Address: netip.PrefixFrom(to, 24), CommandPort: 8000, HTTPPort: 80}) {
		t.Fatal(got, err)
	}
	for name, change := range map[string]func(*sadp.Reply){
		"no mask":              func(r *sadp.Reply) { r.Network = netip.Prefix{} },
		"the whole world":      func(r *sadp.Reply) { r.Network = netip.MustParsePrefix("0.0.0.0/0") },
		"nobody beside it":     func(r *sadp.Reply) { r.Network = netip.MustParsePrefix("192.168.1.64/32") },
		"no port for commands": func(r *sadp.Reply) { r.CommandPort = 0 },
		"no port for HTTP":     func(r *sadp.Reply) { r.HTTPPort = 0 },
	} {
		less := said
		change(&less)
		if got, err := networkAt(to, less); !errors.Is(err, providers.ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
