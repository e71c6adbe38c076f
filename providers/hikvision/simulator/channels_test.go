package simulator_test

import (
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/providers/device"
	"camform/providers/device/devicetest"
	"camform/providers/hikvision/simulator"
)

// set replaces texts in a document of the camera, as somebody at its web page would.
func (s *shown) set(path string, fromTo ...string) {
	s.Helper()
	doc := string(s.camera.Document(path))
	for i := 0; i < len(fromTo); i += 2 {
		doc = edit(s, doc, fromTo[i], fromTo[i+1])
	}
	if err := s.camera.SetDocument(path, []byte(doc)); err != nil {
		s.Fatal(err)
	}
}

// at moves the channel to another port of the camera.
func (s *shown) at(port string) {
	s.Helper()
	s.client.put(fifth, edit(s, s.client.get(fifth), ">8000<", ">"+port+"<"), "ok")
}

// listing is an address filter with one entry.
func listing(permission string, address netip.Addr) []string {
	entry := `<IPFilterAddress><id>1</id><permissionType>deny</permissionType><AddressFilterType>mask</AddressFilterType><AddressMask><ipAddress>` +
		address.String() + `</ipAddress><bitMask>32</bitMask></AddressMask></IPFilterAddress>`
	return []string{"<enabled>false", "<enabled>true", ">deny<", ">" + permission + "<", "</IPFilterAddressList>", entry + "</IPFilterAddressList>"}
}

// reasons let something befall the camera of a recorder that has it at a port, 8000 unless it says otherwise.
var reasons = map[string]struct {
	port    string
	quirks  simulator.Quirks // of the recorder
	befalls func(*shown)
}{
	"another password":               {befalls: func(s *shown) { s.camera.SetUser("nvr", "Operator", "Another-One-2") }},
	"the account is gone":            {befalls: func(s *shown) { s.camera.RemoveUser("nvr") }},
	"the account is disabled":        {befalls: func(s *shown) { s.camera.DisableUser("nvr") }},
	"no right to the picture":        {befalls: (*shown).takeThePicture},
	"an allow list without it":       {befalls: func(s *shown) { s.set(ipFilter, listing("allow", s.camera.Address())...) }},
	"an allow list with it":          {befalls: func(s *shown) { s.set(ipFilter, listing("allow", s.recorder.Address())...) }},
	"a deny list with it":            {befalls: func(s *shown) { s.set(ipFilter, listing("deny", s.recorder.Address())...) }},
	"a deny list without it":         {befalls: func(s *shown) { s.set(ipFilter, listing("deny", s.camera.Address())...) }},
	"the listener is off":            {befalls: func(s *shown) { s.service("DEV_MANAGE", "<enabled>true", "<enabled>false") }},
	"the listener moves":             {befalls: func(s *shown) { s.service("DEV_MANAGE", ">8000<", ">8001<") }},
	"a listener that it needs not":   {befalls: func(s *shown) { s.service("HTTPS", "<enabled>true", "<enabled>false") }},
	"an algorithm that it lacks":     {port: "80", quirks: simulator.Quirks{MD5Only: true}, befalls: func(s *shown) { s.set(webCertificate, ">MD5<", ">SHA256<") }},
	"an algorithm that it knows":     {port: "80", befalls: func(s *shown) { s.set(webCertificate, ">MD5<", ">SHA256<") }},
	"a redirect that it cannot take": {port: "80", quirks: simulator.Quirks{PlainOnly: true}, befalls: func(s *shown) { s.service("HTTPS", "<redirectToHttps>false", "<redirectToHttps>true") }},
	"a redirect that it follows":     {port: "80", befalls: func(s *shown) { s.service("HTTPS", "<redirectToHttps>false", "<redirectToHttps>true") }},
	"a version of TLS that it lacks": {port: "443", quirks: simulator.Quirks{OldTLS: true}, befalls: func(s *shown) { s.service("HTTPS", "<TLS1_2Enable>true", "<TLS1_2Enable>false") }},
	"a version of TLS that it knows": {port: "443", befalls: func(s *shown) { s.service("HTTPS", "<TLS1_2Enable>true", "<TLS1_2Enable>false") }},
	"another address":                {befalls: func(s *shown) { s.moves("127.10.0.77") }},
	"a restart":                      {befalls: func(s *shown) { s.camera.Reboot() }},
	"no power":                       {befalls: func(s *shown) { s.camera.Unplug() }},
	"a lock":                         {befalls: func(s *shown) { s.camera.Lock(time.Minute) }},
}

// moves gives the camera another address, as somebody at its web page would.
func (s *shown) moves(address string) {
	s.Helper()
	s.set(interfaces, "<ipAddress>"+s.camera.Address().String()+"<", "<ipAddress>"+address+"<")
}

// service replaces a text in the entry of one protocol.
func (s *shown) service(protocol, from, to string) {
	s.Helper()
	doc := string(s.camera.Document(adminAccesses))
	name := strings.Index(doc, "<protocol>"+protocol+"<")
	start := strings.LastIndex(doc[:name], "<AdminAccessProtocol ")
	end := start + strings.Index(doc[start:], "</AdminAccessProtocol>")
	s.set(adminAccesses, doc[start:end], edit(s, doc[start:end], from, to))
}

// takeThePicture takes the right to preview from the account of the recorder.
func (s *shown) takeThePicture() {
	s.Helper()
	c := connect(s, s.fleet, s.camera, "admin", password)
	at := permissions + "/2"
	c.put(at, edit(s, c.get(at), "<preview>true", "<preview>false"), "ok")
}

// words are what the recorder says.
var words = map[string]device.Sight{
	"connect": device.Connected, "errorUserNameOrPasswd": device.Turned, "userLocked": device.LockedOut, "ipcStreamFail": device.Blind,
	"netUnreachable": device.Unreachable,
}

// sees is what the recorder says of channel 5.
func (s *shown) sees() device.Sight {
	s.Helper()
	got := s.client.get(fifth + "/status")
	_, rest, _ := strings.Cut(got, "<chanDetectResult>")
	word, _, _ := strings.Cut(rest, "<")
	sight, known := words[word]
	if !known || strings.Contains(got, "<online>true<") != (sight == device.Connected) {
		s.Fatalf("the state of the channel is\n%s", got)
	}
	return sight
}

func TestWhatCutsARecorderOff(t *testing.T) {
	devicetest.Run(t, slices.Collect(maps.Keys(reasons)), nil, func(t *testing.T, reason string) devicetest.Site {
		r := reasons[reason]
		s := showCamera(t)
		s.recorder.SetQuirks(r.quirks)
		if r.port != "" {
			s.at(r.port)
		}
		return devicetest.Site{Befall: func() { r.befalls(s); s.clock.advance(device.RetryTime) }, Sees: s.sees}
	})
}

// Digest algorithms are a matter of HTTP, and of those that a camera offers one is enough.
func TestAlgorithmsOfARecorder(t *testing.T) {
	for name, c := range map[string]struct {
		port string
		set  []string
		says string
	}{
		"the choice":                 {"80", []string{">MD5<", ">MD5/SHA256<"}, "connect"},
		"basic":                      {"80", []string{">MD5<", ">SHA256<", ">digest<", ">digest/basic<"}, "connect"},
		"the protocol of the vendor": {"8000", []string{">MD5<", ">SHA256<"}, "connect"},
		"HTTPS":                      {"443", []string{">MD5<", ">SHA256<"}, "errorUserNameOrPasswd"},
	} {
		t.Run(name, func(t *testing.T) {
			s := showCamera(t)
			s.recorder.SetQuirks(simulator.Quirks{MD5Only: true})
			s.at(c.port)
			s.tells("connect")
			s.set(webCertificate, c.set...)
			s.tells(c.says)
		})
	}
}

// A camera that moves after its reboot is found at its new address, and we go on to reach it at the old one.
func TestARecorderFollowsACameraToItsNewAddress(t *testing.T) {
	s := showCamera(t)
	c := connect(t, s.fleet, s.camera, "admin", password)
	at := interfaces + "/1/ipAddress"
	old := s.camera.Address().String()
	c.put(at, edit(t, c.get(at), old+"<", "127.10.0.77<"), "rebootRequired")
	s.tells("connect")
	s.camera.Reboot()
	s.clock.advance(5 * time.Minute)
	s.tells("netUnreachable")
	s.client.put(fifth, edit(t, s.client.get(fifth), ">"+old+"<", ">127.10.0.77<"), "ok")
	s.tells("connect")
	c.put(at, edit(t, c.get(at), "127.10.0.77<", old+"<"), "rebootRequired")
	s.camera.Reboot()
	s.clock.advance(5 * time.Minute)
	s.tells("netUnreachable")
	s.client.put(fifth, edit(t, s.client.get(fifth), ">127.10.0.77<", ">"+old+"<"), "ok")
	s.tells("connect")
}

func TestPortsOfHTTPSCloseAndMove(t *testing.T) {
	for _, change := range [][2]string{{"<enabled>true", "<enabled>false"}, {">443<", ">8443<"}} {
		s := showCamera(t)
		s.at("443")
		s.tells("connect")
		s.service("HTTPS", change[0], change[1])
		s.tells("netUnreachable")
	}
}

func TestAnAlgorithmThatARecorderLacksIsNoFailedLogin(t *testing.T) {
	s := showCamera(t)
	s.recorder.SetQuirks(simulator.Quirks{MD5Only: true})
	s.at("80")
	s.set(webCertificate, ">MD5<", ">SHA256<")
	s.clock.advance(time.Hour)
	s.tells("errorUserNameOrPasswd")
	s.charged(0)
}

// An ONVIF channel needs ONVIF, a user of ONVIF, and RTSP for the picture.
func TestAChannelByONVIF(t *testing.T) {
	s := showCamera(t)
	s.client.put(fifth, edit(t, edit(t, s.client.get(fifth), ">HIKVISION<", ">ONVIF<"), ">8000<", ">80<"), "ok")
	s.tells("netUnreachable")
	s.set("/ISAPI/System/Network/Integrate", "<ONVIF>\n<enable>false", "<ONVIF>\n<enable>true")
	s.tells("errorUserNameOrPasswd")
	c := connect(t, s.fleet, s.camera, "admin", password)
	c.send(http.MethodPost, onvifUsers, strings.NewReplacer("vms", "nvr", "First-Pass-1", "Right-One-1").Replace(onvifUser), "ok")
	s.tells("connect")
	s.camera.SetUser("nvr", "Operator", "Another-One-2")
	s.tells("connect")
	s.service("RTSP", "<enabled>true", "<enabled>false")
	s.tells("ipcStreamFail")
	s.service("RTSP", "<enabled>false", "<enabled>true")
	s.client.put(fifth, edit(t, s.client.get(fifth), ">80<", ">8000<"), "ok")
	s.tells("netUnreachable")
	s.charged(1)
}

func TestADisabledUserIsListedAndNotLetIn(t *testing.T) {
	s := showCamera(t)
	if err := s.camera.DisableUser("nvr"); err != nil {
		t.Fatal(err)
	}
	c := connect(t, s.fleet, s.camera, "admin", password)
	if got := c.get(users); !strings.Contains(got, "<userName>nvr<") || !strings.Contains(got, "<enabled>false<") {
		t.Errorf("the list is\n%s", got)
	}
	if a := connect(t, s.fleet, s.camera, "nvr", "Right-One-1").do(http.MethodGet, userCheck, ""); a.status != http.StatusUnauthorized || s.camera.Accepts("nvr", "Right-One-1") {
		t.Errorf("it is let in: %d", a.status)
	}
	c.put(users+"/2", edit(t, userXML("nvr", "Operator", "", password), "</User>", "<enabled>true</enabled></User>"), "ok")
	s.tells("connect")
	if err := s.camera.DisableUser("nobody"); err == nil {
		t.Error("a user that is not there was disabled")
	}
}

func TestAChannelTellsTheCameraThatTheRecorderMet(t *testing.T) {
	s := showCamera(t)
	serial := "<serialNumber>" + s.camera.Serial() + "</serialNumber>"
	if got := s.client.get(fifth); !strings.Contains(got, serial) || !strings.Contains(got, "<model>DS-2CD") {
		t.Errorf("the channel is\n%s", got)
	}
	s.client.put(fifth, edit(t, s.client.get(fifth), serial, "<serialNumber>FAKE</serialNumber>"), "ok")
	s.camera.SetUser("nvr", "Operator", "Another-One-2")
	s.tells("errorUserNameOrPasswd")
	if got := s.client.get(channels); !strings.Contains(got, serial) || strings.Contains(got, "FAKE") {
		t.Errorf("the list is\n%s", got)
	}
	s.client.send(http.MethodPost, channels, channelXML(s.camera.Address().String(), "nvr", "Wrong-One-3"), "ok")
	if got := s.client.get(channels + "/6"); !strings.Contains(got, serial) {
		t.Errorf("the recorder met it on channel 5, and channel 6 is\n%s", got)
	}
	s.recorder.SetQuirks(simulator.Quirks{HidesSerials: true})
	if got := s.client.get(channels); strings.Contains(got, "serialNumber") || strings.Contains(got, "<model>") || !strings.Contains(got, "<managePortNo>8000<") {
		t.Errorf("the list is\n%s", got)
	}
	s.client.put(fifth, s.client.get(fifth), "ok")
}

func TestAChannelTellsNothingOfACameraThatNeverLetTheRecorderIn(t *testing.T) {
	s := showCamera(t)
	s.camera.Reboot()
	s.client.send(http.MethodDelete, fifth, "", "ok")
	s.client.send(http.MethodPost, channels, channelXML(s.camera.Address().String(), "nvr", "Right-One-1"), "ok")
	if got := s.client.get(fifth); !strings.Contains(got, "<serialNumber></serialNumber>") {
		t.Errorf("the channel is\n%s", got)
	}
	s.clock.advance(5 * time.Minute)
	if got := s.client.get(fifth); !strings.Contains(got, s.camera.Serial()) {
		t.Errorf("the channel is\n%s", got)
	}
}

func TestUsersWhoAreOnline(t *testing.T) {
	s := showCamera(t)
	const onlineUsers = "/ISAPI/Security/onlineUser"
	c := connect(t, s.fleet, s.camera, "admin", password)
	list := func(names ...string) string {
		t.Helper()
		got := c.get(onlineUsers)
		if strings.Count(got, "<OnlineUser>") != len(names) {
			t.Errorf("want %q, have\n%s", names, got)
		}
		for _, name := range names {
			if !strings.Contains(got, "<name>"+name+"</name>") {
				t.Errorf("no %s in\n%s", name, got)
			}
		}
		return got
	}
	list() // we come with digest
	s.camera.OpenSession("admin", netip.MustParseAddr("192.0.2.77"))
	s.camera.OpenSession("nvr", netip.MustParseAddr("192.0.2.78"))
	if got := list("admin", "nvr"); !strings.Contains(got, "<ipAddress>192.0.2.77</ipAddress>") || !strings.Contains(got, "<loginTime>2026-03-04 05:06:07</loginTime>") || !strings.Contains(got, "<type>operator</type>") {
		t.Errorf("%s", got)
	}
	c.put(onlineUsers, c.get(onlineUsers), "methodNotAllowed")
	s.camera.CloseSession(netip.MustParseAddr("192.0.2.77"))
	list("nvr")
	s.camera.RemoveUser("nvr")
	list()
	s.camera.OpenSession("admin", netip.MustParseAddr("192.0.2.77"))
	s.camera.Reboot()
	s.clock.advance(5 * time.Minute)
	list()
	f, old := one(t, "camera-v52", time.Now)
	if a := connect(t, f, old, "admin", password).do(http.MethodGet, onlineUsers, ""); a.status == http.StatusOK {
		t.Errorf("an old camera tells who is online:\n%s", a.body)
	}
}
