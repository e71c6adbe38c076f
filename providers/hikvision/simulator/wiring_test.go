package simulator_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

// wired is a fleet of two recorders and three cameras, and what the first recorder says of its channels.
func wired(t *testing.T, w simulator.Wiring) (*simulator.Fleet, func(recorder string, want ...string)) {
	t.Helper()
	models := []string{"recorder-v2", "recorder-v2", "camera-v57", "camera-v57", "camera-v57"}
	clock := newClock()
	f := newFleet(t, simulator.Options{Models: models, Clock: clock.now, Wiring: w})
	return f, func(recorder string, want ...string) {
		t.Helper()
		clock.advance(10 * time.Second)
		list := string(f.Device(recorder).Document(channels + "/status"))
		var have []string
		for _, part := range strings.Split(list, "<chanDetectResult>")[1:] {
			said, _, _ := strings.Cut(part, "<")
			have = append(have, said)
		}
		if fmt.Sprint(have) != fmt.Sprint(want) {
			t.Errorf("%s says %q, want %q", recorder, have, want)
		}
	}
}

const (
	recorder1, recorder2         = "recorder-v2-0001", "recorder-v2-0002"
	camera3, camera4, camera5    = "camera-v57-0003", "camera-v57-0004", "camera-v57-0005"
	privateSite                  = "192.168.1.64"
	connected, unreachable, none = "connect", "netUnreachable", "errorUserNameOrPasswd"
)

func TestAWiringReplacesTheChannelsOfItsRecorders(t *testing.T) {
	f, says := wired(t, simulator.Wiring{Channels: []simulator.Channel{
		{Recorder: recorder1, Camera: camera3},
		{Recorder: recorder1, Camera: camera4, Name: "gate", Username: "nvr", Password: "Right-One-1", Mute: true, Plugged: true},
	}})
	says(recorder1, connected, none)
	says(recorder2, connected, connected, connected, connected) // of the model
	list := string(f.Device(recorder1).Document(channels))
	for _, want := range []string{
		"<name>gate</name>", "<ipAddress>" + f.Device(camera4).Address().String() + "<", "<userName>nvr<", "<connMode>plugplay<", "<managePortNo>8000<",
		"<name>" + camera3 + "</name>", "<serialNumber>" + f.Device(camera3).Serial() + "<",
	} {
		if !strings.Contains(list, want) {
			t.Errorf("no %s in\n%s", want, list)
		}
	}
	f.Device(camera4).SetUser("nvr", "Operator", "Right-One-1")
	says(recorder1, connected, connected)
	if list = string(f.Device(recorder1).Document(channels)); strings.Contains(list, f.Device(camera4).Serial()) || strings.Count(list, "serialNumber") != 2 || strings.Contains(list, "Right-One") {
		t.Errorf("a mute channel, or one with its password:\n%s", list)
	}
}

// Sites have the same addresses, and recorders find different cameras there.
func TestAnAddressLeadsWhereTheSiteSays(t *testing.T) {
	at := netip.MustParseAddr(privateSite)
	f, says := wired(t, simulator.Wiring{Channels: []simulator.Channel{
		{Recorder: recorder1, Camera: camera3, Address: at},
		{Recorder: recorder2, Camera: camera4, Address: at},
	}})
	says(recorder1, connected)
	says(recorder2, connected)
	f.Device(camera3).SetUser("admin", "Administrator", "Another-One-2")
	says(recorder1, none)
	says(recorder2, connected)
	for recorder, camera := range map[string]string{recorder1: camera3, recorder2: camera4} {
		if list := string(f.Device(recorder).Document(channels)); !strings.Contains(list, f.Device(camera).Serial()) || !strings.Contains(list, ">"+privateSite+"<") {
			t.Errorf("%s:\n%s", recorder, list)
		}
	}
}

func TestAForwardedPortLeadsToACamera(t *testing.T) {
	router, inside := netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("10.0.0.1")
	f, says := wired(t, simulator.Wiring{
		Routes: []simulator.Route{
			{Address: router, Port: 8001, Camera: camera3, CameraPort: 8000, Source: inside},
			{Address: router, Port: 8002, Camera: camera4, CameraPort: 8000, Source: inside},
		},
		Channels: []simulator.Channel{
			{Recorder: recorder1, Address: router, Port: 8001}, {Recorder: recorder1, Address: router, Port: 8002}, {Recorder: recorder1, Address: router, Port: 8003},
		},
	})
	says(recorder1, connected, connected, unreachable)
	f.Device(camera3).SetUser("admin", "Administrator", "Another-One-2")
	says(recorder1, none, connected, unreachable)
	if f.Device(camera3).RefusalsOf(inside) == 0 || f.Device(camera3).RefusalsOf(f.Device(recorder1).Address()) != 0 {
		t.Error("the camera sees the recorder itself")
	}
}

func TestAHiddenCameraIsReachedByItsRecorderAlone(t *testing.T) {
	f, says := wired(t, simulator.Wiring{
		Channels: []simulator.Channel{
			{Recorder: recorder1, Camera: camera3, Address: netip.MustParseAddr("192.168.254.2")},
			{Recorder: recorder2, Camera: camera3},
		},
		Hidden:    []string{camera3},
		Unplugged: []string{camera4},
	})
	says(recorder1, connected)
	says(recorder2, unreachable)
	for _, camera := range []string{camera3, camera4} {
		a := connect(t, f, f.Device(camera), "admin", password).do("GET", deviceInfo, "")
		if a.err == nil {
			t.Errorf("%s answered us: %d", camera, a.status)
		}
	}
	var inventory bytes.Buffer
	if err := f.WriteInventory(&inventory); err != nil || strings.Contains(inventory.String(), camera3) || !strings.Contains(inventory.String(), camera4) {
		t.Errorf("%v\n%s", err, inventory.String())
	}
	f.Device(camera4).Plug()
	connect(t, f, f.Device(camera4), "admin", password).get(deviceInfo)
}

func TestAccountsAndSessionsOfAWiring(t *testing.T) {
	f, _ := wired(t, simulator.Wiring{
		Accounts: []simulator.Account{{Devices: "camera-*", Name: "nvr", Password: "Right-One-1"}},
		Sessions: []simulator.Session{{Devices: camera3, User: "nvr", Address: netip.MustParseAddr("192.0.2.77")}},
	})
	if !f.Device(camera4).Accepts("nvr", "Right-One-1") || f.Device(recorder1).Accepts("nvr", "Right-One-1") {
		t.Error("other devices than the cameras have the account")
	}
	online := string(f.Device(camera3).Document("/ISAPI/Security/onlineUser"))
	if !strings.Contains(online, "192.0.2.77") || !strings.Contains(online, "<type>operator<") {
		t.Errorf("%s", online)
	}
}

func TestAWiringThatNothingFits(t *testing.T) {
	address := netip.MustParseAddr(privateSite)
	for want, w := range map[string]simulator.Wiring{
		`wiring: account 1: no device matches "dvr-*"`:                   {Accounts: []simulator.Account{{Devices: "dvr-*", Name: "x", Password: "y"}}},
		`wiring: channel 1: there is no device "x"`:                      {Channels: []simulator.Channel{{Recorder: "x", Camera: camera3}}},
		`wiring: channel 1: there is no device "y"`:                      {Channels: []simulator.Channel{{Recorder: recorder1, Camera: "y"}}},
		`wiring: channel 1: it has neither a camera nor an address`:      {Channels: []simulator.Channel{{Recorder: recorder1}}},
		`wiring: channel 1: camera-v57-0003 has no channels for cameras`: {Channels: []simulator.Channel{{Recorder: camera3, Camera: camera4}}},
		`wiring: route 1: there is no device ""`:                         {Routes: []simulator.Route{{Address: address}}},
		`wiring: route 1: there is no device "z"`:                        {Routes: []simulator.Route{{Recorder: "z", Camera: camera3, Address: address}}},
		`wiring: route 1: it has no address`:                             {Routes: []simulator.Route{{Camera: camera3}}},
		`wiring: session 1: no device matches "dvr-*"`:                   {Sessions: []simulator.Session{{Devices: "dvr-*"}}},
		`wiring: hidden: no device matches "dvr-*"`:                      {Hidden: []string{"dvr-*"}},
		`wiring: unplugged: no device matches "dvr-*"`:                   {Unplugged: []string{"dvr-*"}},
	} {
		models := []string{"recorder-v2", "recorder-v2", "camera-v57", "camera-v57", "camera-v57"}
		if _, err := simulator.New(simulator.Options{Models: models, Password: password, Wiring: w}); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestAWiringFileNamesVariablesForPasswords(t *testing.T) {
	env := func(name string) (string, bool) { return "of " + name, name != "NOT_SET" }
	w, err := simulator.ParseWiring(strings.NewReader(`{
		"accounts": [{"devices": "camera-*", "name": "nvr", "passwordEnv": "ONE"}],
		"channels": [{"recorder": "r", "camera": "c", "address": "192.0.2.1", "username": "nvr", "passwordEnv": "TWO"}],
		"routes": [{"address": "192.0.2.1", "port": 8001, "camera": "c", "cameraPort": 8000, "source": "10.0.0.1"}]
	}`), env)
	if err != nil || len(w.Accounts) != 1 || len(w.Channels) != 1 || len(w.Routes) != 1 {
		t.Fatalf("%v: %+v", err, w)
	}
	if w.Accounts[0].Password != "of ONE" || w.Channels[0].Password != "of TWO" || w.Channels[0].Address.String() != "192.0.2.1" || w.Routes[0].CameraPort != 8000 {
		t.Errorf("%+v", w)
	}
	for text, want := range map[string]string{
		`{"channels": [{"passwordEnv": "NOT_SET"}]}`: "the environment has no NOT_SET",
		`{"accounts": [{"password": "Not-Here-1"}]}`: `json: unknown field "password"`,
	} {
		if _, err := simulator.ParseWiring(strings.NewReader(text), env); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// Sites are made by the thousand, so none may cost much.
func TestManySitesAreWired(t *testing.T) {
	const sites = 200
	var w simulator.Wiring
	for i := range sites {
		recorder := fmt.Sprintf("recorder-v2-%04d", 3*i+1)
		for n := range 2 {
			w.Channels = append(w.Channels, simulator.Channel{
				Recorder: recorder, Camera: fmt.Sprintf("camera-v57-%04d", 3*i+2+n), Address: netip.AddrFrom4([4]byte{192, 168, 1, byte(64 + n)}),
			})
		}
	}
	f := newFleet(t, simulator.Options{Models: []string{"recorder-v2", "camera-v57", "camera-v57"}, Count: 3 * sites, Clock: newClock().now, Wiring: w})
	for i, d := range f.Devices() {
		if i%3 != 0 {
			continue
		}
		if got := string(d.Document(channels + "/status")); strings.Count(got, ">connect<") != 2 {
			t.Fatalf("%s says\n%s", d.Name(), got)
		}
	}
}
