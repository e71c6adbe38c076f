package engine_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"camform/engine/plan"
	"camform/providers"
	"camform/providers/hikvision/simulator"
)

// exchanges are the requests that left, as "GET /path: 200".
type exchanges []string

func (e exchanges) count(what string) (n int) {
	for _, exchange := range e {
		if strings.Contains(exchange, what) {
			n++
		}
	}
	return n
}

// A device that keeps its connections gets one, a plan asks it for one challenge and for each document once, and an apply reads what
// gives limits once, and what it writes before and after.
func TestADeviceIsAskedForNothingTwice(t *testing.T) {
	for _, model := range []string{"camera-v57", "recorder-v2"} {
		t.Run(model, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fleet := newFleet(t, simulator.Options{Models: []string{model}, Seed: 21})
				var dials atomic.Int64
				s := newSite(t, fleet, func(ctx context.Context, network, address string) (net.Conn, error) {
					dials.Add(1)
					return fleet.DialContext(ctx, network, address)
				})
				s.configure(s.deviceBlock("gate", fleet.Devices()[0], `
  system { name = "Gate" }
  time { zone = "EST5EDT,M3.2.0,M11.1.0" }
  ntp { interval = 120 }
  upnp { enabled = true }
`))
				var seen exchanges
				e := s.engine()
				e.Trace = func(entry providers.TraceEntry) {
					seen = append(seen, fmt.Sprintf("%s %s: %d", entry.Method, entry.Path, entry.Status))
				}
				planned := func() *plan.Plan {
					seen = nil
					planned, problems := e.Plan(t.Context(), s.cfg, nil)
					if planned == nil || len(problems) > 0 {
						t.Fatal(problems)
					}
					return planned.Plan
				}
				first := planned()
				twice := slices.DeleteFunc(slices.Clone(seen), func(exchange string) bool { return seen.count(exchange) == 1 })
				if dials.Load() != 1 || len(twice) > 0 || seen.count(": 401") != 1 || seen.count(": 200") < 7 {
					t.Errorf("a plan needs %d connections for %q", dials.Load(), seen)
				}

				seen = nil
				for _, d := range e.Apply(t.Context(), t.Context(), first, "run-1").Devices {
					if !d.Result.Good() {
						t.Errorf("%s: %s", d.Result, d.Detail)
					}
				}
				written := seen.count("PUT ")
				for _, exchange := range seen {
					switch n := seen.count(exchange); {
					case strings.Contains(exchange, "capabilities: ") && n > 1:
						t.Errorf("an apply needs %s %d times", exchange, n)
					case strings.HasPrefix(exchange, "PUT ") && seen.count(strings.Replace(exchange, "PUT", "GET", 1)) < 2:
						t.Errorf("what is written by %s is not read before and after", exchange)
					}
				}
				if written < 4 || !planned().Empty() {
					t.Errorf("%d writes, and a second plan has changes", written)
				}
				if seen.count("GET /ISAPI/System/Network/UPnP: ") != 1 || seen.count("capabilities: ") > 0 {
					t.Errorf("a plan without changes needs %q", seen)
				}
			})
		})
	}
}
