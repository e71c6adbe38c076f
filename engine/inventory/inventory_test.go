package inventory_test

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/config"
	"camform/engine/discovery"
	"camform/engine/inventory"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func declared(name, host string, id config.Identity) *config.Device {
	return &config.Device{Address: schema.Device{Name: name}, URL: &url.URL{Scheme: "https", Host: host}, Identity: id}
}

func seen(name, host, serial, mac string) state.Device {
	return state.Device{Address: schema.Device{Name: name}, Endpoint: host, LastSeen: noon, Identity: providers.Identity{Serial: serial, MAC: mac, Model: "M"}}
}

func TestWhatIsSaidOfADevice(t *testing.T) {
	for name, c := range map[string]struct {
		declared []*config.Device
		seen     []state.Device
		want     string
	}{
		"as declared":           {[]*config.Device{declared("a", "192.0.2.1:443", config.Identity{Serial: "s1", MAC: "00:00:5e:00:53:01"})}, []state.Device{seen("a", "192.0.2.1:443", "S1", "00:00:5e:00:53:01")}, "device.a known S1"},
		"nothing declared":      {[]*config.Device{declared("a", "192.0.2.1:443", config.Identity{})}, []state.Device{seen("a", "192.0.2.1:443", "S1", "")}, "device.a known S1"},
		"never":                 {[]*config.Device{declared("a", "192.0.2.1:443", config.Identity{Serial: "S1"})}, nil, "device.a never seen S1"},
		"not declared any more": {nil, []state.Device{seen("a", "192.0.2.1:443", "S1", "")}, "device.a undeclared S1"},
		"at another address":    {[]*config.Device{declared("a", "192.0.2.2:443", config.Identity{})}, []state.Device{seen("a", "192.0.2.1:443", "S1", "")}, "device.a moved S1"},
		"another device":        {[]*config.Device{declared("a", "192.0.2.1:443", config.Identity{Serial: "S2"})}, []state.Device{seen("a", "192.0.2.1:443", "S1", "")}, "device.a swapped S1"},
		"another MAC":           {[]*config.Device{declared("a", "192.0.2.1:443", config.Identity{MAC: "00:00:5e:00:53:02"})}, []state.Device{seen("a", "192.0.2.1:443", "S1", "00:00:5e:00:53:01")}, "device.a swapped S1"},
		"another model":         {[]*config.Device{declared("a", "192.0.2.1:443", config.Identity{Model: "N"})}, []state.Device{seen("a", "192.0.2.1:443", "S1", "")}, "device.a swapped S1"},
		"moved and swapped":     {[]*config.Device{declared("a", "192.0.2.2:443", config.Identity{Serial: "S2"})}, []state.Device{seen("a", "192.0.2.1:443", "S1", "")}, "device.a moved, swapped S1"},
		"one serial number": {
			[]*config.Device{declared("a", "192.0.2.1:443", config.Identity{}), declared("b", "192.0.2.2:443", config.Identity{Serial: "s1"})},
			[]state.Device{seen("a", "192.0.2.1:443", "S1", "")},
			"device.a duplicate S1 device.b; device.b never seen, duplicate s1 device.a",
		},
		"one address": {
			[]*config.Device{declared("a", "192.0.2.1:443", config.Identity{}), declared("b", "192.0.2.1:443", config.Identity{})},
			nil, "device.a never seen, duplicate  device.b; device.b never seen, duplicate  device.a",
		},
		"an old name": {
			[]*config.Device{declared("b", "192.0.2.1:443", config.Identity{})},
			[]state.Device{seen("a", "192.0.2.1:443", "S1", "")},
			"device.a undeclared, duplicate S1 device.b; device.b never seen, duplicate  device.a",
		},
	} {
		var said []string
		for _, r := range inventory.Join(c.declared, c.seen, discovery.Report{}) {
			var status, others []string
			for _, s := range r.Status {
				status = append(status, string(s))
			}
			for _, o := range r.Others {
				others = append(others, o.String())
			}
			said = append(said, strings.TrimSuffix(fmt.Sprintf("%s %s %s %s", r.Device, strings.Join(status, ", "), r.Identity.Serial, strings.Join(others, " ")), " "))
		}
		if got := strings.Join(said, "; "); got != c.want {
			t.Errorf("%s: got  %s\nwant %s", name, got, c.want)
		}
	}
}

func found(address, serial, mac string) discovery.Device {
	return discovery.Device{Address: netip.MustParseAddr(address), Identity: providers.Identity{Serial: serial, MAC: mac}, Activated: discovery.Yes, Source: discovery.Inquired}
}

// What the network says is joined to what is declared and remembered, and what is in neither stands behind it.
func TestWhatWasFoundIsJoined(t *testing.T) {
	a := declared("a", "192.0.2.1", config.Identity{Serial: "S1"})
	for name, c := range map[string]struct {
		seen  []state.Device
		found []discovery.Device
		want  string
	}{
		"where it should be":  {[]state.Device{seen("a", "192.0.2.1", "S1", "")}, []discovery.Device{found("192.0.2.1", "S1", "")}, "device.a known 192.0.2.1"},
		"nothing heard of it": {[]state.Device{seen("a", "192.0.2.1", "S1", "")}, nil, "device.a not heard of"},
		"never seen":          {nil, []discovery.Device{found("192.0.2.1", "s1", "")}, "device.a never seen 192.0.2.1"},
		"elsewhere":           {[]state.Device{seen("a", "192.0.2.1", "S1", "")}, []discovery.Device{found("192.0.2.9", "S1", "")}, "device.a moved 192.0.2.9"},
		"another in its place": {
			[]state.Device{seen("a", "192.0.2.1", "S1", "")},
			[]discovery.Device{found("192.0.2.1", "S2", "")},
			"device.a not heard of, swapped; - unknown 192.0.2.1",
		},
		"nobody's":             {[]state.Device{seen("a", "192.0.2.1", "S1", "")}, []discovery.Device{found("192.0.2.1", "S1", ""), found("192.0.2.3", "S3", "")}, "device.a known 192.0.2.1; - unknown 192.0.2.3"},
		"two who say to be it": {nil, []discovery.Device{found("192.0.2.1", "S1", ""), found("192.0.2.7", "S1", "")}, "device.a never seen, duplicate 192.0.2.1; - unknown, duplicate 192.0.2.7"},
		"not declared any more": {
			[]state.Device{seen("a", "192.0.2.1", "S1", ""), seen("old", "192.0.2.8", "S8", "")},
			[]discovery.Device{found("192.0.2.1", "S1", ""), found("192.0.2.8", "S8", "")},
			"device.a known 192.0.2.1; device.old undeclared 192.0.2.8",
		},
	} {
		report, err := discovery.Make(c.found, discovery.Expected{Devices: []*config.Device{a}, Remembered: c.seen})
		if err != nil {
			t.Fatal(err)
		}
		report.At = noon
		var said []string
		for _, r := range inventory.Join([]*config.Device{a}, c.seen, report) {
			name, heard := "-", ""
			if !r.Device.IsZero() {
				name = r.Device.String()
			}
			if r.Heard != nil {
				heard = " " + r.Heard.Address.String()
			}
			var status []string
			for _, s := range r.Status {
				status = append(status, string(s))
			}
			said = append(said, name+" "+strings.Join(status, ", ")+heard)
		}
		if got := strings.Join(said, "; "); got != c.want {
			t.Errorf("%s: got  %s\nwant %s", name, got, c.want)
		}
	}
}

// Where nobody was asked, nothing follows from silence.
func TestSilenceSaysNothingWhereNobodyWasAsked(t *testing.T) {
	a := declared("a", "192.0.2.1", config.Identity{Serial: "S1"})
	for _, r := range inventory.Join([]*config.Device{a}, nil, discovery.Report{}) {
		if slices.Contains(r.Status, inventory.NotHeardOf) {
			t.Errorf("%s was not asked for, and is %v", r.Device, r.Status)
		}
	}
}
