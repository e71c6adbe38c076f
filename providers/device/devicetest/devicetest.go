// Package devicetest holds what all faces of simulated devices do alike, as tests of them.
package devicetest

import (
	"slices"
	"testing"

	"camform/providers/device"
)

// reasons are what can befall a camera, and what a recorder that was connected says then.
var reasons = map[string]device.Sight{
	"another password":               device.Turned,
	"the account is gone":            device.Turned,
	"the account is disabled":        device.Turned,
	"no right to the picture":        device.Blind,
	"an allow list without it":       device.Unreachable,
	"an allow list with it":          device.Connected,
	"a deny list with it":            device.Unreachable,
	"a deny list without it":         device.Connected,
	"the listener is off":            device.Unreachable,
	"the listener moves":             device.Unreachable,
	"a listener that it needs not":   device.Connected,
	"an algorithm that it lacks":     device.Turned,
	"an algorithm that it knows":     device.Connected,
	"a redirect that it cannot take": device.Unreachable,
	"a redirect that it follows":     device.Connected,
	"a version of TLS that it lacks": device.Unreachable,
	"a version of TLS that it knows": device.Connected,
	"another address":                device.Unreachable,
	"a restart":                      device.Unreachable,
	"no power":                       device.Unreachable,
	"a lock":                         device.LockedOut,
}

// Site is a recorder that shows a camera. Befall lets a reason befall the camera, and Sees asks the recorder for its channel.
type Site struct {
	Befall func()
	Sees   func() device.Sight
}

// Run makes a site for each reason, lets it happen, and demands what the recorder says before and after. Lacks are the
// reasons that devices of the face cannot have, with why.
func Run(t *testing.T, has []string, lacks map[string]string, site func(t *testing.T, reason string) Site) {
	for _, reason := range has {
		if _, known := reasons[reason]; !known {
			t.Errorf("no face is tested for %q", reason)
		}
	}
	for reason, want := range reasons {
		t.Run(reason, func(t *testing.T) {
			if lacks[reason] != "" && !slices.Contains(has, reason) {
				t.Skip(lacks[reason])
			}
			if !slices.Contains(has, reason) {
				t.Fatal("the face does not have it")
			}
			s := site(t, reason)
			if got := s.Sees(); got != device.Connected {
				t.Fatalf("before, the channel is %s", got)
			}
			s.Befall()
			if got := s.Sees(); got != want {
				t.Errorf("the channel is %s, want %s", got, want)
			}
		})
	}
}
