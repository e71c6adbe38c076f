package main

import (
	"net/netip"
	"strings"
	"testing"

	"camform/engine/discovery"
	"camform/engine/recover"
	"camform/providers"
)

func asked() *recovery {
	return &recovery{Case: recover.Case{Identity: providers.Identity{Serial: "S1", MAC: "44:47:cc:00:00:01"}}}
}

func claiming(serial, mac, address string) discovery.Device {
	return discovery.Device{
		Address: netip.MustParseAddr(address), Identity: providers.Identity{Serial: serial, MAC: mac}, Activated: discovery.Yes, Source: discovery.Inquired,
		Resets: []string{"guid_file"},
	}
}

// Of two that say to be the device one pretends, whatever of it they claim.
func TestADeviceThatIsClaimedTwiceIsNotVerified(t *testing.T) {
	right, host := claiming("S1", "44:47:cc:00:00:01", "127.0.0.1"), netip.MustParseAddr("127.0.0.1")
	found, err := asked().evidence([]discovery.Device{right, claiming("S2", "44:47:cc:00:00:02", "127.0.0.2")}, host)
	if err != nil || found[recover.Serial] != "S1" || found[recover.Resets] != "guid_file" || found[recover.Routes] != "" {
		t.Fatal(found, err)
	}
	for _, other := range []discovery.Device{
		claiming("S1", "44:47:cc:00:00:02", "127.0.0.2"), claiming("S2", "44:47:cc:00:00:01", "127.0.0.2"), claiming("S2", "44:47:cc:00:00:02", "127.0.0.1"),
	} {
		if _, err := asked().evidence([]discovery.Device{right, other}, host); err == nil || !strings.Contains(err.Error(), "at least one of them is an impostor") {
			t.Errorf("%v beside it: %v", other.Identity, err)
		}
	}
}

func TestAWayThatIsNotLocalIsNamed(t *testing.T) {
	for host, want := range map[string]string{"127.0.0.1": "", "203.0.113.7": "public address", "2001:db8::1": "public address", "192.168.254.253": "a router or a tunnel"} {
		if got := strings.Join(remote(netip.MustParseAddr(host)), ""); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q", host, got)
		}
	}
	found, err := asked().evidence([]discovery.Device{claiming("S1", "", "127.0.0.9")}, netip.MustParseAddr("127.0.0.1"))
	if err != nil || !strings.Contains(found[recover.Routes], "its port may be forwarded") {
		t.Errorf("a forwarded port: %v %v", found, err)
	}
}
