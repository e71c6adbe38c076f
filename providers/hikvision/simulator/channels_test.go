package simulator_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

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

// reasons are the ways in which a recorder loses a camera. A channel is at port 8000 unless the reason says otherwise.
var reasons = map[string]struct {
	port    string
	quirks  simulator.Quirks // of the recorder
	befalls func(*shown)
	says    string
}{
	"another password":               {befalls: func(s *shown) { s.camera.SetUser("nvr", "Operator", "Another-One-2") }, says: "errorUserNameOrPasswd"},
	"the account is gone":            {befalls: func(s *shown) { s.camera.RemoveUser("nvr") }, says: "errorUserNameOrPasswd"},
	"the account is disabled":        {befalls: func(s *shown) { s.camera.DisableUser("nvr") }, says: "errorUserNameOrPasswd"},
	"no right to the picture":        {befalls: (*shown).takeThePicture, says: "ipcStreamFail"},
	"an allow list without it":       {befalls: func(s *shown) { s.set(ipFilter, listing("allow", s.camera.Address())...) }, says: "netUnreachable"},
	"an allow list with it":          {befalls: func(s *shown) { s.set(ipFilter, listing("allow", s.recorder.Address())...) }, says: "connect"},
	"a deny list with it":            {befalls: func(s *shown) { s.set(ipFilter, listing("deny", s.recorder.Address())...) }, says: "netUnreachable"},
	"a deny list without it":         {befalls: func(s *shown) { s.set(ipFilter, listing("deny", s.camera.Address())...) }, says: "connect"},
	"the listener is off":            {befalls: func(s *shown) { s.service("DEV_MANAGE", "<enabled>true", "<enabled>false") }, says: "netUnreachable"},
	"the listener moves":             {befalls: func(s *shown) { s.service("DEV_MANAGE", ">8000<", ">8001<") }, says: "netUnreachable"},
	"a listener that it needs not":   {befalls: func(s *shown) { s.service("HTTPS", "<enabled>true", "<enabled>false") }, says: "connect"},
	"HTTPS is off":                   {port: "443", befalls: func(s *shown) { s.service("HTTPS", "<enabled>true", "<enabled>false") }, says: "netUnreachable"},
	"HTTPS moves":                    {port: "443", befalls: func(s *shown) { s.service("HTTPS", ">443<", ">8443<") }, says: "netUnreachable"},
	"an algorithm that it lacks":     {port: "80", quirks: simulator.Quirks{MD5Only: true}, befalls: func(s *shown) { s.set(webCertificate, ">MD5<", ">SHA256<") }, says: "errorUserNameOrPasswd"},
	"an algorithm that it knows":     {port: "80", befalls: func(s *shown) { s.set(webCertificate, ">MD5<", ">SHA256<") }, says: "connect"},
	"the choice of an algorithm":     {port: "80", quirks: simulator.Quirks{MD5Only: true}, befalls: func(s *shown) { s.set(webCertificate, ">MD5<", ">MD5/SHA256<") }, says: "connect"},
	"no algorithm beside basic":      {port: "80", quirks: simulator.Quirks{MD5Only: true}, befalls: func(s *shown) { s.set(webCertificate, ">MD5<", ">SHA256<", ">digest<", ">digest/basic<") }, says: "connect"},
	"an algorithm of HTTP":           {quirks: simulator.Quirks{MD5Only: true}, befalls: func(s *shown) { s.set(webCertificate, ">MD5<", ">SHA256<") }, says: "connect"},
	"a redirect":                     {port: "80", quirks: simulator.Quirks{PlainOnly: true}, befalls: func(s *shown) { s.service("HTTPS", "<redirectToHttps>false", "<redirectToHttps>true") }, says: "netUnreachable"},
	"a redirect that it follows":     {port: "80", befalls: func(s *shown) { s.service("HTTPS", "<redirectToHttps>false", "<redirectToHttps>true") }, says: "connect"},
	"a version of TLS that it lacks": {port: "443", quirks: simulator.Quirks{OldTLS: true}, befalls: func(s *shown) { s.service("HTTPS", "<TLS1_2Enable>true", "<TLS1_2Enable>false") }, says: "netUnreachable"},
	"a version that it knows":        {port: "443", befalls: func(s *shown) { s.service("HTTPS", "<TLS1_2Enable>true", "<TLS1_2Enable>false") }, says: "connect"},
	"a reboot":                       {befalls: func(s *shown) { s.camera.Reboot() }, says: "netUnreachable"},
	"no power":                       {befalls: func(s *shown) { s.camera.Unplug() }, says: "netUnreachable"},
	"a lock":                         {befalls: func(s *shown) { s.camera.Lock(time.Minute) }, says: "userLocked"},
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

func TestWhatCutsARecorderOff(t *testing.T) {
	for name, reason := range reasons {
		t.Run(name, func(t *testing.T) {
			s := showCamera(t)
			s.recorder.SetQuirks(reason.quirks)
			if reason.port != "" {
				s.at(reason.port)
			}
			s.tells("connect")
			reason.befalls(s)
			s.tells(reason.says)
			s.clock.advance(20 * time.Second)
			s.tells(reason.says)
		})
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
