package main

import (
	"net/netip"
	"strings"
	"testing"

	"camform/providers"
	"camform/providers/hikvision/sadp"
)

// What must not be asked is tested here and not by running the program: a rule that is broken would ask.

func TestATargetIsOneAddress(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7": "192.0.2.7:37020", "192.0.2.7:5000": "192.0.2.7:5000", "2001:db8::7": "[2001:db8::7]:37020", "[2001:db8::7]:5000": "[2001:db8::7]:5000",
	} {
		if got, err := target(text); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"": "is not an address", "camera": "is not an address", "192.0.2.7:0": "is not an address", "192.0.2.0/24": "is not an address",
		"239.255.255.250": "not the address of a single device", "239.255.255.250:37020": "not the address of a single device",
		"255.255.255.255": "not the address of a single device", "255.255.255.255:37020": "not the address of a single device", "ff02::1": "not the address of a single device",
	} {
		if got, err := target(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

func TestARangeIsPrivateOrTheOperators(t *testing.T) {
	bounds := func(networks ...string) providers.Bounds {
		b := providers.Bound{Why: "the operator says so"}
		for _, n := range networks {
			b.Networks = append(b.Networks, netip.MustParsePrefix(n))
		}
		return providers.Bounds{b}
	}
	for text, c := range map[string]struct {
		bounds providers.Bounds
		why    string
	}{
		"192.168.1.0/24":  {nil, ""},
		"10.0.0.0/24":     {nil, ""},
		"172.16.0.0/24":   {nil, ""},
		"169.254.0.0/24":  {nil, ""},
		"127.10.0.0/24":   {nil, ""},
		"fd00::/120":      {nil, ""},
		"192.0.2.0/24":    {nil, "192.0.2.0 must not be searched: it is not private"},
		"172.32.0.0/24":   {nil, "not private"},
		"224.0.0.0/24":    {nil, "not private"},
		"203.0.113.0/24":  {bounds("203.0.113.0/24"), ""},
		"203.0.113.0/25":  {bounds("203.0.113.0/24"), ""},
		"203.0.113.0/23":  {bounds("203.0.113.0/24"), "the operator says so"},
		"192.168.3.0/24":  {bounds("203.0.113.0/24"), "the operator says so"},
		"192.168.4.0/24":  {bounds(), "the operator says so"},
		"192.168.0.0/16":  {nil, "more than 1024 addresses"},
		"192.168.0.0/21":  {nil, "more than 1024 addresses"},
		"192.168.0.0/22":  {nil, ""},
		"fd00::/64":       {nil, "more than 1024 addresses"},
		"0.0.0.0/0":       {nil, "more than 1024 addresses"},
		"192.168.1.0":     {nil, "is not a range"},
		"192.168.1.0/99":  {nil, "is not a range"},
		"192.168.1.5/24 ": {nil, "is not a range"},
	} {
		got, err := addressesOf(text, 1024, c.bounds)
		if c.why == "" && (err != nil || len(got) == 0) || c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why) || got != nil) {
			t.Errorf("%s: %d addresses, %v", text, len(got), err)
		}
	}
}

func TestARangeHasTheAddressesOfDevices(t *testing.T) {
	for text, want := range map[string]string{
		"192.168.1.5/30": "192.168.1.5 192.168.1.6", "192.168.1.4/31": "192.168.1.4 192.168.1.5", "192.168.1.4/32": "192.168.1.4", "fd00::4/127": "fd00::4 fd00::5",
	} {
		all, err := addressesOf(text, 4, nil)
		var names []string
		for _, a := range all {
			names = append(names, a.String())
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

func TestInquiriesHaveIdsOfTheirOwn(t *testing.T) {
	a, b := sadp.NewID(), sadp.NewID()
	if a == b || len(a) != len("13A888A9-F1B1-4020-AE9F-05607682D23B") || strings.ToUpper(a) != a {
		t.Errorf("%s, %s", a, b)
	}
}
