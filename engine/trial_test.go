package engine_test

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"camform/engine/report"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/schema"
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

// lateProvider has devices that say of every change that it takes effect with a restart, and may show what they had until
// then.
type lateProvider struct {
	providers.Provider
	shown map[string]providers.Document // as it was before the first change; nil for devices that show the change at once
}

func (p lateProvider) OpenReader(t providers.Target) providers.Reader { return p.Open(t) }

func (p lateProvider) Open(t providers.Target) providers.Session {
	return lateSession{p.Provider.Open(t), p.shown}
}

type lateSession struct {
	providers.Session
	shown map[string]providers.Document
}

func (s lateSession) Read(ctx context.Context, path string) (providers.Document, error) {
	if doc, changed := s.shown[path]; changed {
		return doc, nil
	}
	return s.Session.Read(ctx, path)
}

func (s lateSession) Do(ctx context.Context, r providers.Request) (providers.Reply, error) {
	if _, changed := s.shown[r.Path]; s.shown != nil && !changed {
		s.shown[r.Path], _ = s.Session.Read(ctx, r.Path)
	}
	reply, err := s.Session.Do(ctx, r)
	reply.Outcome = providers.PendingReboot
	return reply, err
}

// TestI9ATrialThatARestartWouldDecideIsPutBack: before the restart the way in is open in any case.
func TestI9ATrialThatARestartWouldDecideIsPutBack(t *testing.T) {
	for reason, want := range map[string]report.Result{
		`["document"]`:                      report.Reverted,
		`{ document = "tried in the lab" }`: report.PendingReboot,
	} {
		var shown map[string]providers.Document
		if want == report.Reverted {
			shown = map[string]providers.Document{}
		}
		synctest.Test(t, func(t *testing.T) {
			fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
			device := fleet.Devices()[0]
			s := newSite(t, fleet, fleet.DialContext)
			s.provider = newInspector(lateProvider{hikvision.New(isapi.Options{Dial: fleet.DialContext}), shown}, fleet)
			s.configure(s.deviceBlock("gate", device, `
  allow_unproven = `+reason+`
  document "/ISAPI/System/Network/EZVIZ#serverAddress/hostName" {
    value = "cloud.example.org"
  }
`))
			before := string(device.Document("/ISAPI/System/Network/EZVIZ"))
			p, problems := s.plan()
			if len(problems) > 0 || len(p.Devices[0].Steps) != 1 {
				t.Fatalf("%q, %s", problems, toldPlan(p))
			}
			d := s.apply(p).Devices[0]
			if d.Steps[0].Result != want {
				t.Errorf("with %s it ended with %s: %s %v", reason, d.Result, d.Detail, d.Steps)
			}
			kept := string(device.Document("/ISAPI/System/Network/EZVIZ")) == before
			if put := want == report.Reverted; kept != put || put != strings.Contains(d.Detail, "takes effect at its next restart") {
				t.Errorf("with %s the document is as it was: %t; %s", reason, kept, d.Detail)
			}
		})
	}
}

// A device that shows what it had until its restart has refused nothing, and is not waited for.
func TestAChangeThatWaitsForTheRestartUnseenIsToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		s := newSite(t, fleet, fleet.DialContext)
		s.provider = newInspector(lateProvider{hikvision.New(isapi.Options{Dial: fleet.DialContext}), map[string]providers.Document{}}, fleet)
		s.configure(s.deviceBlock("gate", fleet.Devices()[0], "  upnp {\n    enabled = true\n  }\n"))
		p, _ := s.plan()
		begun := time.Now()
		step := s.apply(p).Devices[0].Steps[0]
		want := "the device carries out the request at its next restart, and until then still reports enabled = false (wanted true)"
		if step.Result.Good() || step.Detail != want || time.Since(begun) > time.Second {
			t.Errorf("it ended with %s after %s: %s", step.Result, time.Since(begun), step.Detail)
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

// ownFile is a setting file of a user's about an element that no kind of camform has, in a document whose risk is lockout.
// What the element does to the device is not known to anybody.
const ownFile = `
setting "translation" {
  summary    = "The router that translates addresses"
  source     = "A page in a forum"
  confidence = "likely"
  phase      = "filter"
  risk       = "none"

  document {
    path = "/ISAPI/System/Network/UPnP"
    root = "UPnP"
  }

  attribute "router" {
    type    = string
    doc     = "Address of the router."
    element = "ports/natRouterLanAddr/ipAddress"
  }
}
`

// translationPath is the document of ownFile.
const translationPath = "/ISAPI/System/Network/UPnP"

// shutting dials a device that lets nobody in any more once its router is set, but for the connections that are open.
func shutting(dial isapi.Dial, device *simulator.Device) isapi.Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.Contains(string(device.Document(translationPath)), "<ipAddress>192.0.2.1") {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, address)
	}
}

// TestI9WhatNobodyUnderstandsIsTriedAndPutBack has a kind of the user's own that closes the way in, which nobody could know.
// The device takes the change, and the reply comes, gets lost, or says that it failed.
func TestI9WhatNobodyUnderstandsIsTriedAndPutBack(t *testing.T) {
	faults := map[string]simulator.Action{"it is accepted": "", "the reply is lost": simulator.DropReply, "it says that it failed": simulator.ErrorButApplied}
	for name, action := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
				device := fleet.Devices()[0]
				s := newOwnSite(t, fleet, shutting(fleet.Dialer(netip.MustParseAddr("198.51.100.9")), device))
				before := string(device.Document(translationPath))
				p, problems := s.plan()
				if len(problems) > 0 || len(p.Devices[0].Steps) != 1 || p.Devices[0].Steps[0].Risk != schema.RiskLockout {
					t.Fatalf("%q, %s", problems, toldPlan(p))
				}
				if action != "" {
					rule := simulator.Rule{Method: http.MethodPut, Path: translationPath, Times: 1, Action: action}
					if err := device.Inject(rule); err != nil {
						t.Fatal(err)
					}
				}
				if d := s.apply(p).Devices[0]; d.Result != report.Reverted || !strings.Contains(d.Detail, "put back") {
					t.Errorf("it ended with %s: %s %v", d.Result, d.Detail, d.Steps)
				}
				if after := string(device.Document(translationPath)); after != before {
					t.Errorf("the document is\n%s\nand was\n%s", after, before)
				}
				if open, err := s.store.AllOpenIntents(t.Context()); err != nil || len(open) > 0 {
					t.Errorf("%d intents are open, %v", len(open), err)
				}
			})
		})
	}
}

// TestNothingIsPutBackThatADeviceNeverCarriedOut loses a change on its way, and then the device: what the device still tells
// over the connection that is left is what it had before, and nothing more is sent.
func TestNothingIsPutBackThatADeviceNeverCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		device := fleet.Devices()[0]
		dial := fleet.Dialer(netip.MustParseAddr("198.51.100.9"))
		var gone atomic.Bool
		s := newOwnSite(t, fleet, func(ctx context.Context, network, address string) (net.Conn, error) {
			if gone.Load() {
				return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
			}
			return dial(ctx, network, address)
		})
		p, _ := s.plan()
		if err := device.Inject(simulator.Rule{Method: http.MethodPut, Path: translationPath, Times: 1, Action: simulator.DropRequest}); err != nil {
			t.Fatal(err)
		}
		s.provider.Provider = leaving{s.provider.Provider, &gone}
		if d := s.apply(p).Devices[0]; d.Result != report.Unreachable || d.Steps[0].Result != report.Unknown ||
			!strings.Contains(d.Detail, "it is as it was before, but the way in is still closed") {
			t.Errorf("it ended with %s: %s %v", d.Result, d.Detail, d.Steps)
		}
		for _, what := range s.provider.needless {
			t.Error(what)
		}
	})
}

// leaving has devices that take no connection any more once they were to be changed.
type leaving struct {
	providers.Provider
	gone *atomic.Bool
}

func (p leaving) Open(t providers.Target) providers.Session {
	return leavingSession{p.Provider.Open(t), p.gone}
}

type leavingSession struct {
	providers.Session
	gone *atomic.Bool
}

func (s leavingSession) Do(ctx context.Context, r providers.Request) (providers.Reply, error) {
	reply, err := s.Session.Do(ctx, r)
	s.gone.Store(true)
	return reply, err
}

// The harmless twin: what does not close the way in stays, also where the reply is lost.
func TestWhatNobodyUnderstandsStaysWhereTheWayInIsOpen(t *testing.T) {
	for _, action := range []simulator.Action{simulator.Remark, simulator.DropReply, simulator.ErrorButApplied} {
		synctest.Test(t, func(t *testing.T) {
			fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
			s := newOwnSite(t, fleet, fleet.Dialer(netip.MustParseAddr("198.51.100.9")))
			p, _ := s.plan()
			if err := fleet.Devices()[0].Inject(simulator.Rule{Method: http.MethodPut, Path: translationPath, Times: 1, Action: action}); err != nil {
				t.Fatal(err)
			}
			if d := s.apply(p).Devices[0]; d.Result != report.Done {
				t.Errorf("%s: it ended with %s: %s %v", action, d.Result, d.Detail, d.Steps)
			}
			if again, _ := s.plan(); !again.Empty() {
				t.Errorf("%s: there is still something to do: %s", action, toldPlan(again))
			}
		})
	}
}

// newOwnSite is a site with one device whose router is to be set, by ownFile.
func newOwnSite(t *testing.T, fleet *simulator.Fleet, dial isapi.Dial) *site {
	t.Helper()
	provider, diags := hikvision.NewWith(isapi.Options{Dial: dial}, schema.Folder{Files: fstest.MapFS{"own.hcl": {Data: []byte(ownFile)}}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	s := newSite(t, fleet, dial)
	s.provider = newInspector(provider, fleet)
	s.configure(s.deviceBlock("gate", fleet.Devices()[0], "\n  translation {\n    router = \"192.0.2.1\"\n  }\n"))
	return s
}
