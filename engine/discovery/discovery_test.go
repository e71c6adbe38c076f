package discovery_test

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/config"
	"camform/engine/consumer"
	"camform/engine/discovery"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

const (
	macA, macB       = "44:47:cc:00:00:01", "44:47:cc:00:00:02"
	serialA, serialB = "DS-2CD2385G1-I20190000AAWRD00000001", "DS-2CD2385G1-I20190000AAWRD00000002"
)

func inquired(address, mac, serial string) discovery.Device {
	d := discovery.Device{Identity: providers.Identity{MAC: mac, Serial: serial}, Activated: discovery.Yes, Source: discovery.Inquired}
	if address != "" {
		d.Address = netip.MustParseAddr(address)
	}
	return d
}

func swept(address string) discovery.Device {
	return discovery.Device{Address: netip.MustParseAddr(address), URL: "https://" + address, Activated: discovery.Yes, Source: discovery.Swept}
}

func declared(name, host string, identity config.Identity) *config.Device {
	return &config.Device{Address: schema.Device{Name: name}, URL: &url.URL{Scheme: "https", Host: host + ":443"}, Identity: identity}
}

func remembered(name, mac, serial string) state.Device {
	return state.Device{Address: schema.Device{Name: name}, Identity: providers.Identity{MAC: mac, Serial: serial}}
}

func report(t *testing.T, want discovery.Expected, found ...discovery.Device) discovery.Report {
	t.Helper()
	r, err := discovery.Make(found, want)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// one is the only finding of a report.
func one(t *testing.T, r discovery.Report) discovery.Finding {
	t.Helper()
	if len(r.Findings) != 1 {
		t.Fatalf("%+v", r.Findings)
	}
	return r.Findings[0]
}

func TestADeviceIsKnownByWhatItSays(t *testing.T) {
	gate := schema.Device{Name: "gate"}
	for name, c := range map[string]struct {
		want  discovery.Expected
		found discovery.Device
		by    discovery.Match
	}{
		"the serial number of the configuration": {
			discovery.Expected{Devices: []*config.Device{declared("gate", "192.0.2.1", config.Identity{Serial: serialA})}}, inquired("192.0.2.1", macA, strings.ToLower(serialA)), discovery.BySerial,
		},
		"the MAC address of the configuration": {
			discovery.Expected{Devices: []*config.Device{declared("gate", "192.0.2.1", config.Identity{MAC: "44-47-CC-00-00-01"})}}, inquired("192.0.2.1", macA, serialA), discovery.ByMAC,
		},
		"what was remembered": {
			discovery.Expected{Devices: []*config.Device{declared("gate", "192.0.2.1", config.Identity{})}, Remembered: []state.Device{remembered("gate", macA, "")}}, inquired("192.0.2.1", macA, serialA), discovery.ByMAC,
		},
		"its address, where no more is known of it": {
			discovery.Expected{Devices: []*config.Device{declared("gate", "192.0.2.1", config.Identity{})}}, inquired("192.0.2.1", macA, serialA), discovery.ByAddress,
		},
		"its address, where it says nothing": {
			discovery.Expected{Devices: []*config.Device{declared("gate", "192.0.2.1", config.Identity{Serial: serialA})}}, swept("192.0.2.1"), discovery.ByAddress,
		},
	} {
		r := report(t, c.want, c.found)
		if f := one(t, r); f.Declared != gate || f.By != c.by || f.Elsewhere != "" || !f.Displaced.IsZero() || len(r.Missing) != 0 {
			t.Errorf("by %s: %+v", name, f)
		}
	}
}

func TestAnotherDeviceAtAnAddressIsNotTheOneThatIsExpected(t *testing.T) {
	for name, identity := range map[string]config.Identity{"serial": {Serial: serialA}, "mac": {MAC: macA}} {
		r := report(t, discovery.Expected{Devices: []*config.Device{declared("gate", "192.0.2.1", identity)}}, inquired("192.0.2.1", macB, serialB))
		f := one(t, r)
		if !f.Declared.IsZero() || f.Displaced.Name != "gate" || len(r.Missing) != 1 {
			t.Errorf("%s: %+v", name, f)
		}
		if want := "the configuration has device.gate at this address, which is another device"; !slices.Contains(f.Remarks(), want) {
			t.Errorf("%s: %q", name, f.Remarks())
		}
	}
}

func TestADeviceAtAnotherAddressIsFound(t *testing.T) {
	want := discovery.Expected{Devices: []*config.Device{
		declared("gate", "192.0.2.1", config.Identity{Serial: serialA}), declared("yard", "192.0.2.2", config.Identity{Serial: serialB}),
		declared("hall", "hall.example.com", config.Identity{Serial: "X"}),
	}}
	r := report(t, want, inquired("192.0.2.2", macA, serialA), inquired("192.0.2.9", macB, "x"))
	moved, named := r.Findings[0], r.Findings[1]
	if moved.Declared.Name != "gate" || moved.Elsewhere != "192.0.2.1" || moved.Displaced.Name != "yard" {
		t.Errorf("%+v", moved)
	}
	if named.Declared.Name != "hall" || named.Elsewhere != "" {
		t.Errorf("a name says nothing of an address: %+v", named)
	}
	if !slices.Equal(r.Missing, []schema.Device{{Name: "yard"}}) {
		t.Errorf("missing %v", r.Missing)
	}
}

// Several devices behind one address, as behind a router, are no contradiction.
func TestDevicesThatShareAnAddressInTheConfigurationAreNotDisplaced(t *testing.T) {
	want := discovery.Expected{Devices: []*config.Device{declared("gate", "192.0.2.1", config.Identity{Serial: serialA}), declared("yard", "192.0.2.1", config.Identity{Serial: serialB})}}
	if f := report(t, want, inquired("192.0.2.1", macB, serialB)).Findings[0]; f.Declared.Name != "yard" || !f.Displaced.IsZero() {
		t.Errorf("%+v", f)
	}
}

func TestDevicesWithOneAddressAreCounted(t *testing.T) {
	r := report(t, discovery.Expected{}, inquired("192.168.1.64", macA, serialA), inquired("192.168.1.64", macB, serialB), inquired("192.0.2.1", "44:47:cc:00:00:03", ""), inquired("", "44:47:cc:00:00:04", ""), inquired("", "44:47:cc:00:00:05", ""))
	var sharing []int
	for _, f := range r.Findings {
		sharing = append(sharing, f.Sharing)
		if len(f.ClaimedTwice) != 0 {
			t.Errorf("%+v", f)
		}
	}
	if !slices.Equal(sharing, []int{0, 0, 1, 2, 2}) {
		t.Errorf("%v", sharing)
	}
}

func TestAnImpostorShows(t *testing.T) {
	r := report(t, discovery.Expected{}, inquired("192.0.2.1", macA, serialA), inquired("192.0.2.2", macA, serialB), inquired("192.0.2.3", macB, strings.ToLower(serialB)))
	for i, want := range [][]string{{"MAC address"}, {"MAC address", "serial number"}, {"serial number"}} {
		if got := r.Findings[i].ClaimedTwice; !slices.Equal(got, want) {
			t.Errorf("%d: %v", i, got)
		}
	}
}

func TestADeviceOutsideOfTheNetworkIsForeign(t *testing.T) {
	want := discovery.Expected{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.5/24"), netip.MustParsePrefix("10.0.0.1/8")}}
	r := report(t, want, inquired("192.168.1.64", macA, ""), inquired("192.0.2.1", macB, ""), swept("192.168.7.1"), inquired("", "44:47:cc:00:00:04", ""))
	var foreign []bool
	for _, f := range r.Findings {
		foreign = append(foreign, len(f.Foreign) > 0)
	}
	if !slices.Equal(foreign, []bool{false, false, true, false}) {
		t.Errorf("%v", foreign)
	}
	if want := "its address is outside the local network (192.0.2.0/24, 10.0.0.0/8), so TCP does not reach it"; !slices.Contains(r.Findings[2].Remarks(), want) {
		t.Errorf("%q", r.Findings[2].Remarks())
	}
	if f := report(t, discovery.Expected{}, inquired("192.168.1.64", macA, "")).Findings[0]; len(f.Foreign) > 0 {
		t.Error("without an interface nothing is outside")
	}
}

func TestWhatAWebServerAnsweredJoinsTheInquiry(t *testing.T) {
	if f := one(t, report(t, discovery.Expected{}, inquired("192.0.2.1", macA, serialA), swept("192.0.2.1"))); f.URL != "https://192.0.2.1" || f.Identity.Serial != serialA {
		t.Errorf("%+v", f)
	}
	r := report(t, discovery.Expected{}, inquired("192.0.2.1", macA, serialA), inquired("192.0.2.1", macB, serialB), swept("192.0.2.1"))
	for _, f := range r.Findings {
		if len(r.Findings) != 2 || f.URL != "" {
			t.Errorf("which of two answered is not known: %+v", f)
		}
	}
}

func told(t *testing.T, recorder string, uses ...consumer.Use) state.Uses {
	t.Helper()
	text, err := consumer.Encode(uses)
	if err != nil {
		t.Fatal(err)
	}
	return state.Uses{Device: schema.Device{Name: recorder}, Told: text, Read: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
}

func TestRecordersTellOfCamerasThatNobodyDeclares(t *testing.T) {
	want := discovery.Expected{
		Devices: []*config.Device{declared("recorder", "192.0.2.5", config.Identity{}), declared("gate", "192.0.2.1", config.Identity{Serial: serialA})},
		Told: []state.Uses{
			told(t, "recorder",
				consumer.Use{Kind: "channel", Key: "1", Host: "192.0.2.1"},                        // declared, by its address
				consumer.Use{Kind: "channel", Key: "2", Host: "192.0.2.44", Serial: serialA},      // declared, by its serial number
				consumer.Use{Kind: "channel", Key: "3", Host: "192.0.2.3"},                        // heard itself
				consumer.Use{Kind: "channel", Key: "4", Host: "192.168.254.2", Inside: true},      // in its own network
				consumer.Use{Kind: "channel", Key: "5", Host: "camera.example.com"},               // a name
				consumer.Use{Kind: "channel", Key: "6", Host: "192.0.2.60", Serial: "DS-OTHER-1"}, // news
				consumer.Use{Kind: "channel", Key: "7", Host: "192.0.2.60", Serial: "DS-OTHER-1"}, // once
			),
			told(t, "forgotten", consumer.Use{Kind: "channel", Key: "1", Host: "192.0.2.70"}),
		},
	}
	r := report(t, want, inquired("192.0.2.3", macB, serialB))
	if len(r.Findings) != 2 || len(r.Missing) != 2 {
		t.Fatalf("%+v", r)
	}
	f := r.Findings[1]
	if f.Source != discovery.Recorder || f.Address.String() != "192.0.2.60" || f.Identity.Serial != "DS-OTHER-1" {
		t.Errorf("%+v", f)
	}
	if f.Activated != discovery.Unknown {
		t.Error("nobody asked the camera")
	}
	if want := "reported by device.recorder.channel[\"6\"] on 2026-11-01, not heard directly"; !slices.Contains(f.Remarks(), want) {
		t.Errorf("%q", f.Remarks())
	}
}

func TestWhatRecordersToldMustBeReadable(t *testing.T) {
	_, err := discovery.Make(nil, discovery.Expected{
		Devices: []*config.Device{declared("recorder", "192.0.2.5", config.Identity{})},
		Told:    []state.Uses{{Device: schema.Device{Name: "recorder"}, Told: json.RawMessage(`{`)}},
	})
	if err == nil || !strings.Contains(err.Error(), "table uses") {
		t.Error(err)
	}
}

func TestADeviceIsReachedWhereItAnswers(t *testing.T) {
	for want, d := range map[string]discovery.Device{
		"https://192.0.2.1":      {Address: netip.MustParseAddr("192.0.2.1"), HTTPSPort: 443},
		"https://192.0.2.1:8443": {Address: netip.MustParseAddr("192.0.2.1"), HTTPSPort: 8443},
		"http://192.0.2.1":       {Address: netip.MustParseAddr("192.0.2.1"), HTTPSPort: 8443, URL: "http://192.0.2.1"},
		"https://[2001:db8::1]":  {Address: netip.MustParseAddr("2001:db8::1")},
	} {
		if got := d.Reach(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestAPortThatNobodyToldIsAGuess(t *testing.T) {
	for _, d := range []discovery.Device{{}, {HTTPPort: 80}, {HTTPPort: 8080, HTTPSPort: 443}, {HTTPPort: 8080, URL: "https://192.0.2.1"}} {
		if got := d.Guess(); got != "" {
			t.Errorf("%+v: %q", d, got)
		}
	}
	if got := (discovery.Device{HTTPPort: 8080}).Guess(); !strings.Contains(got, "http is at port 8080") || !strings.Contains(got, "443 is a guess") {
		t.Errorf("%q", got)
	}
}

func TestRemarksSayWhatIsToBeDone(t *testing.T) {
	for want, f := range map[string]discovery.Finding{
		"inactive: it has no password yet":                                                   {Device: discovery.Device{Activated: discovery.No}},
		"firmware from before activation: it may still have the default password":            {Device: discovery.Device{Activated: discovery.Yes, BeforeActivation: true}},
		"3 devices claim this address":                                                       {Sharing: 3},
		"another device claims the same MAC address and serial number: one of them pretends": {ClaimedTwice: []string{"MAC address", "serial number"}},
		discovery.Undeclared: {},
		"known by its address only: it could be another device": {Declared: schema.Device{Name: "gate"}, By: discovery.ByAddress},
		"the configuration has it at 192.0.2.1":                 {Declared: schema.Device{Name: "gate"}, By: discovery.ByMAC, Elsewhere: "192.0.2.1"},
	} {
		if !slices.Contains(f.Remarks(), want) {
			t.Errorf("%q lacks %q", f.Remarks(), want)
		}
	}
	good := discovery.Finding{Device: discovery.Device{Activated: discovery.Yes}, Declared: schema.Device{Name: "gate"}, By: discovery.BySerial, Sharing: 1}
	if got := good.Remarks(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
