package simulator_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/sadp"
	"camform/providers/hikvision/simulator"
)

// factoryNew are devices as they come out of their boxes, all with the address of the factory.
func factoryNew(t *testing.T, o simulator.Options) *simulator.Fleet {
	t.Helper()
	o.Models, o.Password = []string{"camera-v57"}, password
	o.Faults.Quirks = []simulator.Quirky{{Device: "camera-*", Quirks: simulator.Quirks{Inactive: true, FactoryAddress: true}}}
	return newFleet(t, o)
}

var factoryAddress = netip.MustParseAddr("192.168.1.64")

// at is a client of the device that answers at an address.
func at(t *testing.T, f *simulator.Fleet, address netip.Addr, user, secret string) *client {
	t.Helper()
	return connectFrom(t, f.DialContext, "http://"+address.String(), user, secret)
}

// who tells which of the new devices of a fleet answers at an address: it is activated, and made new again.
func who(t *testing.T, f *simulator.Fleet, address netip.Addr) string {
	t.Helper()
	before := map[string]bool{}
	for _, d := range f.Devices() {
		before[d.Name()] = d.Inactive()
	}
	c := at(t, f, address, "", "")
	if a := c.do(http.MethodGet, "/SDK/activateStatus", ""); a.err != nil {
		return "nobody"
	}
	if a := activateClassic(c, "First-Pass-1"); a.status != 200 {
		t.Fatal(a.body)
	}
	for _, d := range f.Devices() {
		if before[d.Name()] && !d.Inactive() {
			d.SetQuirks(simulator.Quirks{Inactive: true, FactoryAddress: true})
			return d.Name()
		}
	}
	return "somebody"
}

func TestNewDevicesShareTheAddressOfTheFactory(t *testing.T) {
	f := factoryNew(t, simulator.Options{Count: 50})
	_, replies := inquire(t, f).send(string(sadp.Inquiry("a")))
	macs := map[string]bool{}
	for _, r := range replies {
		if macs[r.MAC] = true; r.Address != factoryAddress || r.Activated {
			t.Errorf("%+v", r)
		}
	}
	if len(macs) != 50 {
		t.Errorf("%d devices", len(macs))
	}
	first := f.Devices()[0]
	if got := who(t, f, first.Address()); got != "nobody" {
		t.Errorf("%s answers where nobody is", got)
	}
	if got := who(t, f, factoryAddress); got != first.Name() || f.Place(first) != factoryAddress {
		t.Errorf("%s answers, want the first", got)
	}
	first.Unplug()
	if got := who(t, f, factoryAddress); got != "camera-v57-0002" {
		t.Errorf("%s answers while the first has no power", got)
	}
}

func TestWhoAnswersAtASharedAddressIsAScript(t *testing.T) {
	f := factoryNew(t, simulator.Options{Count: 4, Wiring: simulator.Wiring{Answers: []simulator.Answers{
		{Address: factoryAddress, Devices: []string{"camera-v57-0003", "camera-v57-0003", "camera-v57-0002"}},
	}}})
	var got []string
	for range 4 {
		got = append(got, who(t, f, factoryAddress)[len("camera-v57-000"):])
	}
	if fmt.Sprint(got) != "[3 3 2 1]" {
		t.Errorf("%v", got)
	}
	if err := f.Answer(factoryAddress, "camera-v57-0004"); err != nil {
		t.Fatal(err)
	}
	f.Device("camera-v57-0004").Unplug()
	if got := who(t, f, factoryAddress); got != "camera-v57-0001" {
		t.Errorf("%s answers in place of one without power", got)
	}
	if err := f.Answer(factoryAddress, "camera-v57-0005"); err == nil {
		t.Error("a device that is not there answers")
	}
}

func TestAnAddressTakesADeviceOutOfTheSharedOne(t *testing.T) {
	f := factoryNew(t, simulator.Options{Count: 2})
	d := f.Devices()[0]
	c := at(t, f, factoryAddress, "", "")
	if a := activateClassic(c, "First-Pass-1"); a.status != 200 {
		t.Fatal(a.body)
	}
	c = at(t, f, factoryAddress, "admin", "First-Pass-1")
	path := interfaces + "/1/ipAddress"
	body := c.get(path)
	if !strings.Contains(body, ">192.168.1.64<") {
		t.Errorf("it tells another address than it has:\n%s", body)
	}
	body = strings.Replace(body, ">192.168.1.64<", ">"+d.Address().String()+"<", 1)
	c.put(path, strings.Replace(body, gateway(body), "127.10.0.9", 1), "rebootRequired")
	if f.Place(d) != factoryAddress {
		t.Error("it went before it started")
	}
	d.Reboot()
	d.Plug()
	there := at(t, f, d.Address(), "admin", "First-Pass-1")
	if !strings.Contains(there.get(deviceInfo), d.Serial()) || f.Place(d) != d.Address() {
		t.Error("it does not answer at its new address")
	}
	if got := who(t, f, factoryAddress); got != "camera-v57-0002" {
		t.Errorf("%s answers at the address that it left", got)
	}
	d.SetQuirks(simulator.Quirks{Inactive: true, FactoryAddress: true})
	if f.Place(d) != factoryAddress {
		t.Error("it kept its address when it lost all else")
	}
	if a := there.do(http.MethodGet, deviceInfo, ""); a.err == nil {
		t.Errorf("a connection went with it: %d\n%s", a.status, a.body)
	}
}

// gateway is the address of the gateway in a document about an address.
func gateway(body string) string {
	_, rest, _ := strings.Cut(body, "<DefaultGateway>")
	_, rest, _ = strings.Cut(rest, "<ipAddress>")
	text, _, _ := strings.Cut(rest, "<")
	return text
}

func TestASharedAddressWorksOverLoopback(t *testing.T) {
	shared := netip.MustParseAddr("127.10.77.64")
	f := factoryNew(t, simulator.Options{Count: 2, TLS: true, Factory: shared})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	listener, err := f.Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	go f.Serve(ctx, listener)
	port := listener.Addr().(*net.TCPAddr).Port
	if err := f.Answer(shared, "camera-v57-0002"); err != nil {
		t.Fatal(err)
	}
	key := func() string {
		conn, err := tls.Dial("tcp", fmt.Sprintf("%s:%d", shared, port), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	second, first := key(), key()
	if second == first || key() != first {
		t.Error("the same device answers, or none in particular")
	}
	if conn, err := tls.Dial("tcp", fmt.Sprintf("%s:%d", f.Devices()[0].Address(), port), &tls.Config{InsecureSkipVerify: true}); err == nil {
		conn.Close()
		t.Error("a new device answers at the address that is meant for it")
	}
}

func TestRecordersFindADeviceWhereItIs(t *testing.T) {
	f, says := wired(t, simulator.Wiring{Channels: []simulator.Channel{{Recorder: recorder1, Camera: camera3}, {Recorder: recorder1, Camera: camera4}}})
	f.Device(camera4).SetQuirks(simulator.Quirks{FactoryAddress: true})
	says(recorder1, connected, unreachable)
	f.Device(camera4).SetQuirks(simulator.Quirks{})
	says(recorder1, connected, connected)
}

func TestAnImpostorClaimsToBeAnother(t *testing.T) {
	const one, two, three = "camera-v57-0001", "camera-v57-0002", "camera-v57-0003"
	f := newFleet(t, simulator.Options{Models: []string{"camera-v57"}, Count: 3, Wiring: simulator.Wiring{Impostors: []simulator.Impostor{
		{Device: two, Serial: one}, {Device: three, MAC: one},
	}}})
	_, replies := inquire(t, f).send(string(sadp.Inquiry("a")))
	if replies[0].Serial != replies[1].Serial || replies[0].MAC == replies[1].MAC || replies[0].Serial == replies[2].Serial || replies[0].MAC != replies[2].MAC {
		t.Errorf("%+v", replies)
	}
	if info := connect(t, f, f.Device(two), "admin", password).get(deviceInfo); !strings.Contains(info, f.Device(one).Serial()) || strings.Contains(info, f.Device(one).MAC()) {
		t.Error(info)
	}
}

func TestWhatIsNoWiringOfAddresses(t *testing.T) {
	for want, w := range map[string]simulator.Wiring{
		`answers 1: there is no device "x"`:  {Answers: []simulator.Answers{{Address: factoryAddress, Devices: []string{"x"}}}},
		`impostor 1: there is no device "x"`: {Impostors: []simulator.Impostor{{Device: "x"}}},
		`impostor 1: there is no device "y"`: {Impostors: []simulator.Impostor{{Device: "camera-v57-0001", Serial: "y"}}},
		`impostor 1: there is no device "z"`: {Impostors: []simulator.Impostor{{Device: "camera-v57-0001", MAC: "z"}}},
	} {
		if _, err := simulator.New(simulator.Options{Models: []string{"camera-v57"}, Password: password, Wiring: w}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := simulator.New(simulator.Options{Password: password, Factory: netip.MustParseAddr("::1")}); err == nil {
		t.Error("a factory that speaks IPv6 only")
	}
}

func TestAnActiveDeviceMayHaveTheAddressOfTheFactory(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	d.SetQuirks(simulator.Quirks{FactoryAddress: true})
	if !strings.Contains(at(t, f, factoryAddress, "admin", password).get(deviceInfo), d.Serial()) {
		t.Error("it is not found")
	}
}
