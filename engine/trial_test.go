package engine_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"camform/engine/report"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
)

// translated is a connection that goes through an address translation: the device sees another address than we do.
type translated struct {
	net.Conn
	local net.Addr
}

func (c translated) LocalAddr() net.Addr { return c.local }

// translating dials as if something between us and the devices replaced our address.
func translating(dial isapi.Dial, local netip.Addr) isapi.Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return translated{c, net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 40001))}, nil
	}
}

const filterForUs = `
  ip_filter {
    enabled   = true
    mode      = "allow"
    addresses = ["10.0.0.5"]
  }
`

// TestI9AChangeThatClosesTheWayInIsPutBack has a filter that lets in the address that we have, while the device sees
// another one: nothing but trying can find that out. The connection that was open stays open, and the filter is put back
// over it.
func TestI9AChangeThatClosesTheWayInIsPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		device := fleet.Devices()[0]
		device.SetQuirks(simulator.Quirks{FiltersNewOnly: true})
		dial := translating(fleet.Dialer(netip.MustParseAddr("198.51.100.9")), netip.MustParseAddr("10.0.0.5"))
		s := newSite(t, fleet, dial)
		s.configure(s.deviceBlock("gate", device, filterForUs))
		before := string(device.Document("/ISAPI/System/Network/ipFilter"))
		p, problems := s.plan()
		if len(problems) > 0 || len(p.Devices[0].Steps) != 1 {
			t.Fatalf("%q, %s", problems, toldPlan(p))
		}
		d := s.apply(p).Devices[0]
		if d.Result != report.Reverted || !strings.Contains(d.Detail, "put back") {
			t.Errorf("it ended with %s: %s %v", d.Result, d.Detail, d.Steps)
		}
		if after := string(device.Document("/ISAPI/System/Network/ipFilter")); after != before {
			t.Errorf("the filter is\n%s\nand was\n%s", after, before)
		}
		if open, err := s.store.AllOpenIntents(t.Context()); err != nil || len(open) > 0 {
			t.Errorf("%d intents are open, %v", len(open), err)
		}
		if again, problems := s.plan(); len(problems) > 0 || len(again.Failed()) > 0 {
			t.Errorf("the device cannot be reached any more: %q %v", problems, again.Failed())
		}
	})
}

// The harmless twin: where the device sees the address that we have, the same filter stays.
func TestAChangeThatKeepsTheWayInStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		s := newSite(t, fleet, fleet.Dialer(netip.MustParseAddr("10.0.0.5")))
		s.provider = newInspector(hikvision.New(isapi.Options{Dial: fleet.Dialer(netip.MustParseAddr("10.0.0.5"))}), fleet)
		s.configure(s.deviceBlock("gate", fleet.Devices()[0], filterForUs))
		p, _ := s.plan()
		if d := s.apply(p).Devices[0]; d.Result != report.Done {
			t.Errorf("it ended with %s: %s %v", d.Result, d.Detail, d.Steps)
		}
		if again, _ := s.plan(); !again.Empty() {
			t.Errorf("there is still something to do: %s", toldPlan(again))
		}
	})
}
