package config

import (
	"fmt"
	"strings"
	"testing"

	"camform/schema"
)

func TestRemovedBlocksSayWhatBecomesOfADevice(t *testing.T) {
	config := load(t, `removed {
  from = device.lobby
  lifecycle {
    destroy = false
  }
}
removed {
  from    = device.gate["a"]
  address = "https://192.0.2.8:8443"
  login {
    username = "admin"
    password = secret("env:OPERATOR")
  }
  tls {
    legacy = true
  }
  lifecycle {
    destroy = true
  }
}
device "gate" {
  for_each = toset(["b"])
  address  = "https://192.0.2.9"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
}
`)
	var have strings.Builder
	for _, r := range config.Removed {
		fmt.Fprintf(&have, "%s @%d", r.From, r.Range.Start.Line)
		if d := r.Device; d != nil {
			fmt.Fprintf(&have, " %s %s %s %s %v %d settings", d.Address, d.URL, d.Login.Username, schema.Origin(d.Login.Password), d.TLS.Legacy, len(d.Settings))
		}
		have.WriteByte('\n')
	}
	want := "device.lobby @1\n" +
		"device.gate[\"a\"] @7 device.gate[\"a\"] https://192.0.2.8:8443 admin env:OPERATOR true 0 settings\n"
	if have.String() != want {
		t.Errorf("have\n%swant\n%s", have.String(), want)
	}
	if origins := strings.Join(config.Origins, " "); origins != "env:ADMIN env:OPERATOR" {
		t.Errorf("the origins are %s", origins)
	}
}

// TestARemovedBlockCoversTheInstancesOfADevice: one that says how to reach the device is about that one.
func TestARemovedBlockCoversTheInstancesOfADevice(t *testing.T) {
	gate, north := schema.Device{Name: "gate"}, schema.Device{Name: "gate", Key: "north", Each: true}
	for _, tc := range []struct {
		r      Removed
		device schema.Device
		want   bool
	}{
		{Removed{From: gate}, gate, true},
		{Removed{From: gate}, north, true},
		{Removed{From: gate, Device: &Device{}}, gate, true},
		{Removed{From: gate, Device: &Device{}}, north, false},
		{Removed{From: north}, north, true},
		{Removed{From: north}, gate, false},
		{Removed{From: north}, schema.Device{Name: "gate", Key: "south", Each: true}, false},
		{Removed{From: gate}, schema.Device{Name: "yard"}, false},
	} {
		if have := tc.r.Covers(tc.device); have != tc.want {
			t.Errorf("from = %s (alone %v) covers %s: %v", tc.r.From, tc.r.Device != nil, tc.device, have)
		}
	}
}
