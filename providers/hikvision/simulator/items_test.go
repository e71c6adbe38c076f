package simulator_test

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

// parts are the paths below documents at which items and their parts are shown, by the document that must be there.
var parts = map[string][]string{
	adminAccesses:                   {"/1", "/4"},
	ntpServers:                      {"/1"},
	interfaces:                      {"/1", "/1/ipAddress", "/1/link"},
	interfaces + "/1/ieee802.1x":    {""},
	upnp:                            {"/ports", "/ports/2"},
	ipFilter:                        {"/filterAddress"},
	mailing:                         {"/1"},
	"/ISAPI/System/Network/DDNS":    {"/1"},
	"/ISAPI/System/Holidays":        {"/3"},
	permissions:                     {"/1"},
	streams:                         {"/101", "/102"},
	channels:                        {"/1", "/2"},
	tracks:                          {"/101", "/201"},
	httpHosts:                       {"/1"},
	triggers:                        {"/illaccess", "/illaccess/notifications", "/VMD-1/notifications/record-1"},
	interfaces + "/2/wireless":      {""},
	"/ISAPI/System/Network/telnetd": {""},
}

// A part is a document of its own: it has one root with a name space, and what a GET of it sent can go back.
func TestPartsAreDocuments(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		c := connect(t, f, d, "admin", password)
		for document, paths := range parts {
			if d.Document(document) == nil || document == channels && d.Kind() == "dvr" { // which has no cameras yet
				continue
			}
			for _, path := range paths {
				whole := c.get(document)
				alone := c.get(document + path)
				if strings.Count(alone, "<?xml") != 1 || !strings.Contains(alone, "xmlns=") || strings.Contains(alone, " size=") && path != "" && path != "/filterAddress" {
					t.Errorf("%s%s:\n%s", document, path, alone)
				}
				if a := c.do(http.MethodPut, document+path, alone); a.status != http.StatusOK {
					t.Errorf("PUT %s%s of what GET sent: %d\n%s", document, path, a.status, a.body)
				}
				if after := c.get(document); after != whole {
					t.Errorf("%s changed by its own %s:\n%s\n%s", document, path, whole, after)
				}
			}
		}
	})
}

func TestAPartIsChangedWithinItsDocument(t *testing.T) {
	for _, test := range []struct{ model, document, path, from, to string }{
		{"camera-v57", interfaces, "/1/link", "<autoNegotiation>true", "<autoNegotiation>false"},
		{"camera-v58", interfaces, "/2/discovery", "<enabled>true", "<enabled>false"},
		{"recorder-v2", permissions, "/1", "", ""},
		{"recorder-v2", tracks, "/201", "<enableSchedule>true", "<enableSchedule>false"},
		{"recorder-v1", "/ISAPI/System/Holidays", "/3", ">false<", ">true<"},
		{"recorder-v2", mailing, "/1", "<hostName></hostName>", "<hostName>mail.example.com</hostName>"},
		{"camera-v57", "/ISAPI/System/Network/DDNS", "/1", "<enabled>false", "<enabled>true"},
		{"thermal-v55", upnp, "/ports/2", "<externalPort>8000", "<externalPort>8001"},
		{"camera-v52", streams, "/102", "<destIPAddress>0.0.0.0", "<destIPAddress>239.0.0.5"},
		{"camera-v57", httpHosts, "/2", "<portNo>80", "<portNo>8080"},
	} {
		f, d := one(t, test.model, time.Now)
		c := connect(t, f, d, "admin", password)
		before, part := c.get(test.document), c.get(test.document+test.path)
		next := strings.Replace(part, test.from, test.to, 1)
		c.put(test.document+test.path, next, "ok")
		if got := c.get(test.document + test.path); got != next {
			t.Errorf("%s %s%s: have\n%s\nwant\n%s", test.model, test.document, test.path, got, next)
		}
		if got := c.get(test.document); len(got) != len(before)+len(next)-len(part) || strings.Count(got, "<id>") != strings.Count(before, "<id>") {
			t.Errorf("%s %s:\n%s", test.model, test.document, got)
		}
	}
}

// A minimal item changes just the item of that id, not the first one of the list.
func TestMinimalItemsChangeTheirOwnItem(t *testing.T) {
	f, d := one(t, "camera-v56", time.Now)
	c := connect(t, f, d, "admin", password)
	want := service(t, c.get(adminAccesses), "RTSP", ">554<", ">10554<")
	c.put(adminAccesses+"/4", "<AdminAccessProtocol><portNo>10554</portNo></AdminAccessProtocol>", "ok")
	if got := c.get(adminAccesses); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

func TestItemsKeepTheirIDs(t *testing.T) {
	f, d := one(t, "camera-v56", time.Now)
	c := connect(t, f, d, "admin", password)
	before := c.get(adminAccesses)
	c.put(adminAccesses+"/4", edit(t, c.get(adminAccesses+"/4"), "<id>4<", "<id>5<"), "badParameters")
	if got := c.get(adminAccesses); got != before {
		t.Errorf("%s", got)
	}
}

// A capability document may list families of addresses in place of values.
func TestFamiliesOfAddressesAreLimits(t *testing.T) {
	for address, code := range map[string]string{"192.0.2.7": "ok", "2001:db8::7": "ok", "gate": "badParameters", "ipv4": "badParameters"} {
		f, d := one(t, "camera-v57", time.Now)
		c := connect(t, f, d, "admin", password)
		c.put(httpHosts+"/1", edit(t, c.get(httpHosts+"/1"), ">0.0.0.0<", ">"+address+"<"), code)
	}
}

func TestAListOfOneProtocolChangesOnlyThatWhereTheModelMerges(t *testing.T) {
	const rtsp = "<AdminAccessProtocolList><AdminAccessProtocol><protocol>RTSP</protocol><portNo>10554</portNo></AdminAccessProtocol></AdminAccessProtocolList>"
	for model, code := range map[string]string{"recorder-v1": "rebootRequired", "dvr-v47": "ok", "recorder-v2": "MessageParametersLack"} {
		f, d := one(t, model, time.Now)
		c := connect(t, f, d, "admin", password)
		want := c.get(adminAccesses)
		if code != "MessageParametersLack" {
			want = service(t, want, "RTSP", ">554<", ">10554<")
		}
		c.put(adminAccesses, rtsp, code)
		if got := c.get(adminAccesses); got != want {
			t.Errorf("%s: have\n%s\nwant\n%s", model, got, want)
		}
	}
}

// Siblings that nothing tells apart keep their order when others are merged in.
func TestRepeatedElementsKeepTheirTexts(t *testing.T) {
	f, d := one(t, "camera-v56", time.Now)
	c := connect(t, f, d, "admin", password)
	sent := "<StreamingChannel><id>101</id><Transport><ControlProtocolList><ControlProtocol><streamingTransport>RTSP</streamingTransport></ControlProtocol>" +
		"<ControlProtocol><streamingTransport>SHTTP</streamingTransport></ControlProtocol></ControlProtocolList></Transport>" +
		"<Video><PacketType>PS</PacketType><PacketType>RTP</PacketType></Video></StreamingChannel>"
	want := strings.Replace(c.get(streams+"/101"), ">HTTP<", ">SHTTP<", 1)
	c.put(streams+"/101", sent, "ok")
	if got := c.get(streams + "/101"); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

func TestSlotsAreNotAdded(t *testing.T) {
	for model, slots := range map[string]int{"camera-v52": 1, "camera-v57": 3, "camera-v58": 3, "thermal-v55": 3, "recorder-v1": 1, "dvr-v47": 1} {
		f, d := one(t, model, time.Now)
		c := connect(t, f, d, "admin", password)
		doc := c.get(httpHosts)
		if n := strings.Count(doc, "<id>"); n != slots {
			t.Errorf("%s has %d slots", model, n)
		}
		item := regexp.MustCompile(`(?s)<HttpHostNotification[ >].*?</HttpHostNotification>`).FindString(doc)
		more := strings.Replace(doc, "</HttpHostNotificationList>", strings.Replace(item, "<id>1<", "<id>9<", 1)+"</HttpHostNotificationList>", 1)
		c.put(httpHosts, more, "badParameters")
		a := c.do(http.MethodPost, httpHosts, item)
		if a.status < 400 || !strings.Contains(a.body, "methodNotAllowed") {
			t.Errorf("%s: POST: %d\n%s", model, a.status, a.body)
		}
	}
}

func TestUnknownTriggers(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		c := connect(t, f, d, "admin", password)
		a := c.do(http.MethodGet, triggers+"/earthquake", "")
		recorder := d.Kind() == "recorder" || d.Kind() == "dvr"
		if said := strings.Contains(a.body, "isapi get event trigger is failed[131073]!!!"); said != recorder || recorder != (a.status == 503) {
			t.Errorf("%d\n%s", a.status, a.body)
		}
		if recorder && !strings.Contains(a.body, "<statusString>Device Busy</statusString>") {
			t.Errorf("%s", a.body)
		}
		if a := c.do(http.MethodGet, triggers+"/capabilities", ""); a.status == 503 || a.status == 200 {
			t.Errorf("capabilities: %d", a.status)
		}
		if a := c.do(http.MethodPut, triggers+"/earthquake", "<EventTrigger/>"); (a.status == 503) != recorder {
			t.Errorf("PUT: %d", a.status)
		}
	})
}

func TestNotificationsAreReplacedAsAWhole(t *testing.T) {
	const email = "<EventTriggerNotification><id>email</id><notificationMethod>email</notificationMethod></EventTriggerNotification>"
	for _, model := range []string{"camera-v56", "thermal-v55", "recorder-v1", "recorder-v2", "camera-v58"} {
		f, d := one(t, model, time.Now)
		c := connect(t, f, d, "admin", password)
		path := triggers + "/diskerror/notifications"
		c.put(path, "<EventTriggerNotificationList>"+email+"</EventTriggerNotificationList>", "ok")
		if got := c.get(path); !strings.Contains(got, email) || strings.Contains(got, "beep") {
			t.Errorf("%s:\n%s", model, got)
		}
		if got := c.get(triggers + "/diskerror"); !strings.Contains(got, email) || !strings.Contains(got, "<eventType>diskerror<") {
			t.Errorf("%s:\n%s", model, got)
		}
		c.put(path, "<EventTriggerNotificationList></EventTriggerNotificationList>", "ok")
		if got := c.get(path); strings.Contains(got, "email") {
			t.Errorf("%s:\n%s", model, got)
		}
	}
}

func TestAStrictRecorderWantsTheIDOfTheMethod(t *testing.T) {
	list := func(id, method, more string) string {
		return "<EventTriggerNotificationList><EventTriggerNotification><id>" + id + "</id><notificationMethod>" + method + "</notificationMethod>" + more + "</EventTriggerNotification></EventTriggerNotificationList>"
	}
	for _, test := range []struct{ model, body, code string }{
		{"recorder-v1", list("center", "center", ""), "ok"},
		{"recorder-v1", list("center-3", "center", ""), "badParameters"},
		{"recorder-v1", list("record-2", "record", "<dynVideoInputID>2</dynVideoInputID>"), "ok"},
		{"recorder-v1", list("record-2", "record", ""), "badParameters"},
		{"dvr-v47", list("center-3", "center", ""), "ok"},
	} {
		f, d := one(t, test.model, time.Now)
		a := connect(t, f, d, "admin", password).put(triggers+"/VMD-1/notifications", test.body, test.code)
		if test.code != "ok" && a.status != 400 {
			t.Errorf("%s: %d", test.body, a.status)
		}
	}
}

func TestAddressesOfCamerasActAfterAReboot(t *testing.T) {
	for model, code := range map[string]string{"camera-v52": "rebootRequired", "camera-v57": "rebootRequired", "camera-v58": "rebootRequired", "recorder-v2": "ok"} {
		f, d := one(t, model, time.Now)
		c := connect(t, f, d, "admin", password)
		at := interfaces + "/1/ipAddress"
		next := edit(t, c.get(at), d.Address().String()+"<", "127.10.0.77<")
		c.put(at, next, code)
		if got := c.get(at); got != next {
			t.Errorf("%s: GET does not show the address:\n%s", model, got)
		}
		c.put(at, next, "ok") // nothing changes
		c.put(interfaces, edit(t, c.get(interfaces), "127.10.0.77<", "127.10.0.78<"), code)
		c.put(interfaces+"/1/link", edit(t, c.get(interfaces+"/1/link"), "<duplex>full", "<duplex>half"), "ok")
	}
}

func TestAddressesAreChecked(t *testing.T) {
	at := interfaces + "/1/ipAddress"
	for _, test := range []struct{ model, from, to, code string }{
		{"camera-v57", "127.10.0.1<", "127.10.0.300<", "badIPv4Address"},
		{"camera-v57", "<ipv6Address>::<", "<ipv6Address>192.0.2.1<", "badIPv6Address"},
		{"camera-v57", "<ipv6Address>::<", "<ipv6Address>2001:db8::7<", "rebootRequired"},
		{"recorder-v2", "255.255.255.0", "255.0.255.0", "badNetMask"},
		{"recorder-v2", "255.255.255.0", "255.255.255.240", "ok"},
		{"recorder-v2", "127.10.0.1<", "198.51.100.10<", "IPandGatewayNotInTheSameNetworkSegment"},
		{"recorder-v2", "<addressingType>static", "<addressingType>magic", "badParameters"},
	} {
		f, d := one(t, test.model, time.Now)
		c := connect(t, f, d, "admin", password)
		before := c.get(at)
		c.put(at, edit(t, before, test.from, test.to), test.code)
		if changed := c.get(at) != before; changed != (test.code == "ok" || test.code == "rebootRequired") {
			t.Errorf("%s: changed: %t", test.to, changed)
		}
	}
}

func TestALeaseWinsOverAddresses(t *testing.T) {
	f, d := one(t, "dvr-v47", time.Now)
	c := connect(t, f, d, "admin", password)
	at := interfaces + "/1/ipAddress"
	before := c.get(at)
	next := edit(t, before, d.Address().String()+"<", "127.10.0.77<")
	c.put(at, next, "ok")
	if got := c.get(at); got != before {
		t.Errorf("have\n%s\nwant\n%s", got, before)
	}
	next = edit(t, next, "<addressingType>dynamic", "<addressingType>static")
	c.put(at, next, "ok")
	if got := c.get(at); got != next {
		t.Errorf("have\n%s\nwant\n%s", got, next)
	}
}

func TestFactoryValuesThatCannotBeRestored(t *testing.T) {
	f, d := one(t, "thermal-v55", time.Now)
	c := connect(t, f, d, "admin", password)
	factory := c.get(ehome)
	next := edit(t, edit(t, factory, "<portNo>0<", "<portNo>7660<"), "<deviceID></deviceID>", "<deviceID>gate-7</deviceID><key>Secret-Key-1</key>")
	c.put(ehome, next, "ok")
	if got := c.get(ehome); !strings.Contains(got, "<deviceID>gate-7<") || strings.Contains(got, "Secret") {
		t.Errorf("%s", got)
	}
	if d.Secret(ehome, "key") != "Secret-Key-1" {
		t.Error("the key did not arrive")
	}
	c.put(ehome, factory, "portError")
}

func TestHardwareAddressesOfAFilterAreSettings(t *testing.T) {
	f, d := one(t, "recorder-v2", time.Now)
	c := connect(t, f, d, "admin", password)
	entry := "<MACFilterAddress><id>1</id><MACAddress>02:00:00:00:00:%</MACAddress></MACFilterAddress>"
	list := regexp.MustCompile(`(?s)(<MACFilterAddressList[^>]*>).*(</MACFilterAddressList>)`)
	for _, last := range []string{"01", "02"} {
		next := list.ReplaceAllString(c.get(macFilter), "${1}"+strings.Replace(entry, "%", last, 1)+"${2}")
		c.put(macFilter, next, "ok")
		if got := c.get(macFilter); got != next {
			t.Errorf("have\n%s\nwant\n%s", got, next)
		}
	}
}

func TestStorageIsToLookAt(t *testing.T) {
	f, d := one(t, "recorder-v2", time.Now)
	c := connect(t, f, d, "admin", password)
	if disk := c.get(storage + "/hdd/1"); !strings.Contains(disk, "<status>ok<") {
		t.Errorf("%s", disk)
	}
	c.put(storage, c.get(storage), "methodNotAllowed")
	c.put(storage+"/hdd/1", c.get(storage+"/hdd/1"), "methodNotAllowed")
}

func TestFilterAddressesComeAndGo(t *testing.T) {
	source := netip.MustParseAddr("127.0.9.9")
	f, d := one(t, "camera-v56", time.Now)
	c := connect(t, f, d, "admin", password)
	c.put(ipFilter, "<IPFilter><enabled>true</enabled></IPFilter>", "ok")
	entry := "<IPFilterAddress><addressFilterType>mask</addressFilterType><AddressMask><ipAddress>127.0.9.9</ipAddress></AddressMask></IPFilterAddress>"
	a := c.send(http.MethodPost, filterAddress, entry, "ok")
	if !strings.Contains(a.body, "<id>1</id>") || !strings.Contains(c.get(filterAddress+"/1"), "<permissionType>deny<") {
		t.Errorf("%s\n%s", a.body, c.get(ipFilter))
	}
	reached := func() bool {
		return connectFrom(t, f.Dialer(source), f.URL(d).String(), "admin", password).do(http.MethodGet, userCheck, "").err == nil
	}
	if reached() {
		t.Error("the new entry does not act")
	}
	c.send(http.MethodPost, filterAddress, strings.Replace(entry, "127.0.9.9", "127.0.9.999", 1), "badIPv4Address")
	c.send(http.MethodDelete, filterAddress+"/1", "", "ok")
	if !reached() {
		t.Error("the entry that was removed still acts")
	}
}

func TestLogServersAreTested(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := connect(t, f, d, "admin", password)
	path := "/ISAPI/System/logServer/test"
	body := "<LogServerTestDescription><addressingFormatType>ipaddress</addressingFormatType><ipAddress>192.0.2.9</ipAddress><portNo>514</portNo></LogServerTestDescription>"
	c.send(http.MethodPost, path, body, "ok")
	c.send(http.MethodPost, path, "<LogServerTestDescription/>", "MessageParametersLack")
	c.send(http.MethodPost, path, "<LogServer/>", "badXmlContent")
	f, d = one(t, "camera-v52", time.Now)
	connect(t, f, d, "admin", password).send(http.MethodPost, path, body, "notSupport")
}
