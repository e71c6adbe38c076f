package simulator_test

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

func TestWritesAreTakenInTheMannerOfTheModel(t *testing.T) {
	const exact = "camera-v57 with exactBodies"
	const minimal = `<UPnP><enabled>true</enabled></UPnP>`
	reordered := func(doc string) string {
		m := regexp.MustCompile(`(?s)(<enabled>false</enabled>)(\s*)(<name>[^<]*</name>)`)
		return m.ReplaceAllString(doc, "$3$2$1")
	}
	reindented := func(doc string) string { return strings.Replace(doc, "<name>", "\t<name>", 1) }
	edited := func(doc string) string { return strings.Replace(doc, "<enabled>false<", "<enabled>true<", 1) }
	extra := func(doc string) string { return strings.Replace(doc, "</UPnP>", "<colour>red</colour></UPnP>", 1) }
	for _, test := range []struct {
		name   string
		change func(string) string
		want   map[string]string // sub code by model
	}{
		{"one text", edited, map[string]string{"camera-v52": "ok", exact: "ok", "camera-v57": "ok", "recorder-v2": "ok"}},
		{"minimal", func(string) string { return minimal }, map[string]string{"camera-v52": "ok", "camera-v57": "ok", exact: "badXmlFormat", "recorder-v2": "MessageParametersLack"}},
		{"order", reordered, map[string]string{"camera-v52": "ok", "camera-v57": "ok", exact: "badXmlFormat", "recorder-v2": "ok"}},
		{"indent", reindented, map[string]string{"camera-v52": "ok", "camera-v57": "ok", exact: "badXmlFormat", "recorder-v2": "ok"}},
		{"unknown element", extra, map[string]string{"camera-v52": "ok", "camera-v57": "ok", exact: "badXmlFormat", "recorder-v2": "badXmlContent"}},
		{"other root", func(string) string { return "<Other/>" }, map[string]string{"camera-v52": "badXmlContent", "camera-v57": "badXmlContent"}},
		{"half a document", func(doc string) string { return doc[:len(doc)/2] }, map[string]string{"camera-v52": "badXmlFormat", "camera-v57": "badXmlFormat"}},
		{"byte order mark", func(doc string) string { return "\ufeff" + doc }, map[string]string{"camera-v52": "badXmlFormat", "recorder-v2": "badXmlFormat"}},
		{"not a boolean", func(doc string) string { return strings.Replace(doc, "<enabled>false<", "<enabled>maybe<", 1) }, map[string]string{"camera-v52": "badParameters", "recorder-v2": "badParameters"}},
	} {
		for model, code := range test.want {
			t.Run(test.name+" at "+model, func(t *testing.T) {
				f, d := one(t, strings.TrimSuffix(model, " with exactBodies"), time.Now)
				d.SetQuirks(simulator.Quirks{ExactBodies: model == exact})
				before := string(d.Document(upnp))
				connect(t, f, d, "admin", password).put(upnp, test.change(before), code)
				if code != "ok" && string(d.Document(upnp)) != before {
					t.Errorf("a refused write changed the document:\n%s", d.Document(upnp))
				}
			})
		}
	}
}

// Clients that build a document of what they read may write other prefixes, attributes in another order, other white space, no version
// and no declaration. Devices know the elements by their names.
func TestReserialisedBodiesMeanTheSame(t *testing.T) {
	from := regexp.MustCompile(`<videoResolutionWidth>\d+<`)
	for name, rewrite := range map[string]func(string) string{
		"prefixes": func(doc string) string {
			doc = regexp.MustCompile(`<(/?)([A-Za-z])`).ReplaceAllString(doc, "<${1}ns0:$2")
			return strings.Replace(doc, "xmlns=", "xmlns:ns0=", 1)
		},
		"no declaration": func(doc string) string { return doc[strings.Index(doc, "?>")+2:] },
		"no version":     func(doc string) string { return strings.ReplaceAll(doc, ` version="2.0"`, "") },
		"no name space":  func(doc string) string { return regexp.MustCompile(` xmlns="[^"]*"`).ReplaceAllString(doc, "") },
		"one line":       func(doc string) string { return regexp.MustCompile(`>\s+<`).ReplaceAllString(doc, "><") },
		"indented":       func(doc string) string { return strings.ReplaceAll(doc, "\n<", "\r\n    <") },
		"order": func(doc string) string {
			return regexp.MustCompile(`(version="[^"]*") (xmlns="[^"]*")`).ReplaceAllString(doc, "$2 $1")
		},
		"quotes": func(doc string) string { return strings.ReplaceAll(doc, `"`, "'") },
	} {
		for model, taken := range map[string]bool{"camera-v52": true, "camera-v57": true, "camera-v58": true, "thermal-v55": true, "camera-v57 with exactBodies": false} {
			f, d := one(t, strings.TrimSuffix(model, " with exactBodies"), time.Now)
			d.SetQuirks(simulator.Quirks{ExactBodies: !taken})
			before := string(d.Document(streams + "/101"))
			if before == "" {
				t.Fatalf("%s has no stream", model)
			}
			wanted := from.ReplaceAllString(before, "<videoResolutionWidth>1280<")
			sent, code := rewrite(wanted), "ok"
			if sent == wanted {
				continue
			}
			want := "<videoResolutionWidth>1280<"
			if !taken {
				code, want = "badXmlFormat", from.FindString(before)
			}
			connect(t, f, d, "admin", password).put(streams+"/101", sent, code)
			if now := string(d.Document(streams)); !strings.Contains(now, want) || strings.Contains(now, "ns0:") {
				t.Errorf("%s, %s:\n%s", model, name, now)
			}
		}
	}
}

// What such a body brings that the document did not have gets in under the names that it has there.
func TestReserialisedItemsLoseTheirPrefixes(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := connect(t, f, d, "admin", password)
	c.put(ipFilter, `<n:IPFilter xmlns:n="http://www.hikvision.com/ver20/XMLSchema"><n:IPFilterAddressList><n:IPFilterAddress><n:id>1</n:id>`+
		`<n:addressFilterType>mask</n:addressFilterType><n:AddressMask><n:ipAddress>192.0.2.7</n:ipAddress><n:bitMask>32</n:bitMask></n:AddressMask>`+
		`</n:IPFilterAddress></n:IPFilterAddressList></n:IPFilter>`, "ok")
	if now := c.get(ipFilter); !strings.Contains(now, "<ipAddress>192.0.2.7</ipAddress>") || strings.Contains(now, "n:") {
		t.Errorf("%s", now)
	}
}

func TestMinimalWritesKeepTheRest(t *testing.T) {
	f, d := one(t, "camera-v56", time.Now)
	c := connect(t, f, d, "admin", password)
	before := c.get(upnp)
	c.put(upnp, `<UPnP><enabled>true</enabled><ports><natType>manual</natType></ports></UPnP>`, "ok")
	want := edit(t, edit(t, before, "<enabled>false<", "<enabled>true<"), "<natType>auto<", "<natType>manual<")
	if got := c.get(upnp); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

// Elements that a document may have, yet has not, find their place wherever they stand in a write.
func TestAddedElementsAreKept(t *testing.T) {
	f, d := one(t, "dvr-v47", time.Now)
	c := connect(t, f, d, "admin", password)
	c.put(mailing+"/1", "<mailing><sender><smtp><password>First-Pass-1</password><portNo>465</portNo></smtp></sender></mailing>", "ok")
	if got := d.Secret(mailing, "mailing[1]/sender/smtp/password"); got != "First-Pass-1" || !strings.Contains(c.get(mailing), "<portNo>465<") {
		t.Errorf("the device got %q, and has\n%s", got, c.get(mailing))
	}
	f, d = one(t, "camera-v56", time.Now)
	c = connect(t, f, d, "admin", password)
	entry := "<MACFilterAddress><id>1</id><MACAddress>02:00:00:00:00:01</MACAddress></MACFilterAddress>"
	c.put(macFilter, "<MACFilter><MACFilterAddressList>"+entry+"</MACFilterAddressList></MACFilter>", "ok")
	if got := c.get(macFilter); !strings.Contains(got, entry) || !strings.Contains(got, "<permissionType>deny<") {
		t.Errorf("%s", got)
	}
}

func TestAttributesOfTheRootStay(t *testing.T) {
	f, d := one(t, "camera-v56", time.Now)
	c := connect(t, f, d, "admin", password)
	want := edit(t, c.get(upnp), "<enabled>false<", "<enabled>true<")
	bare := regexp.MustCompile(`<UPnP [^>]*>`).ReplaceAllString(want, "<UPnP>")
	c.put(upnp, bare, "ok")
	if got := c.get(upnp); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

func TestWhatWasSentIsKept(t *testing.T) {
	f, d := one(t, "camera-v52", time.Now)
	c := connect(t, f, d, "admin", password)
	sent := edit(t, edit(t, c.get(upnp), "<natType>", "<!-- mine -->  <natType>"), "<enabled>false<", "<enabled> TRUE <")
	c.put(upnp, sent, "ok")
	if got := c.get(upnp); got != sent {
		t.Errorf("have\n%s\nwant\n%s", got, sent)
	}
}

func TestLimitsComeFromTheCapabilityDocuments(t *testing.T) {
	for _, test := range []struct {
		model, path, from, to, code string
	}{
		{"recorder-v2", adminAccesses, ">554<", ">1023<", "badParameters"},
		{"recorder-v2", adminAccesses, ">554<", ">1024<", "ok"},
		{"recorder-v2", adminAccesses, ">554<", ">many<", "badParameters"},
		{"recorder-v2", adminAccesses, ">554<", ">8000<", "badPort"},
		{"camera-v57", adminAccesses, ">HTTP<", ">GOPHER<", "badParameters"},
		{"camera-v57", ntpServers, ">60<", ">10081<", "badParameters"},
		{"camera-v57", ntpServers, ">60<", ">10080<", "ok"},
		{"camera-v57", ntpServers, ">ntp.example.net<", ">" + strings.Repeat("a", 65) + "<", "badParameters"},
		{"camera-v57", ntpServers, ">ntp.example.net<", ">" + strings.Repeat("9", 64) + "<", "ok"},
		{"camera-v57", ntpServers, ">hostname<", ">carrier-pigeon<", "badParameters"},
		{"camera-v57", webCertificate, ">MD5<", ">SHA1<", "badParameters"},
		{"camera-v57", webCertificate, ">digest<", ">basic<", "badParameters"},
		{"camera-v57", illegalLogin, ">30<", ">121<", "badParameters"},
		{"recorder-v2", deviceTime, ">NTP<", ">sundial<", "badParameters"},
		{"camera-v57", adminAccesses, "<TLS1_2Enable>true</TLS1_2Enable>\n<TLS1_3Enable>true<", "<TLS1_2Enable>false</TLS1_2Enable>\n<TLS1_3Enable>false<", "TLS1.1orTLS1.2Required"},
		{"camera-v57", deviceTime, ">CST-1:00:00", ">Amsterdam", "badParameters"},
	} {
		f, d := one(t, test.model, time.Now)
		c := connect(t, f, d, "admin", password)
		c.put(test.path, edit(t, c.get(test.path), test.from, test.to), test.code)
	}
}

func TestRefusalsHaveTheStatusOfTheModel(t *testing.T) {
	for model, status := range map[string]int{"camera-v52": 200, "camera-v57": 400, "recorder-v1": 200, "recorder-v2": 403} {
		f, d := one(t, model, time.Now)
		c := connect(t, f, d, "admin", password)
		if a := c.put(upnp, "<other/>", "badXmlContent"); a.status != status || !strings.Contains(a.body, "<statusCode>6</statusCode>") {
			t.Errorf("%s: want %d, have %d\n%s", model, status, a.status, a.body)
		}
	}
}

func TestAnswersNameTheRequestWhereTheModelDoes(t *testing.T) {
	for model, named := range map[string]bool{"camera-v57": true, "camera-v58": false} {
		f, d := one(t, model, time.Now)
		c := connect(t, f, d, "admin", password)
		a := c.put(upnp, c.get(upnp), "ok")
		if strings.Contains(a.body, "<requestURL>"+upnp+"</requestURL>") != named || !strings.Contains(a.body, "<statusCode>1</statusCode>") {
			t.Errorf("%s:\n%s", model, a.body)
		}
	}
}

func TestReadOnlyElementsStay(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := connect(t, f, d, "admin", password)
	sent := edit(t, edit(t, c.get(deviceInfo), d.Serial(), "STOLEN"), "<deviceName>"+d.Name()+"<", "<deviceName>yard<")
	c.put(deviceInfo, sent, "ok")
	got := c.get(deviceInfo)
	if !strings.Contains(got, "<serialNumber>"+d.Serial()+"<") || !strings.Contains(got, "<deviceName>yard<") {
		t.Errorf("%s", got)
	}
	c.put(ezviz, edit(t, c.get(ezviz), "<registerStatus>false", "<registerStatus>true"), "ok")
	if strings.Contains(c.get(ezviz), "<registerStatus>true") {
		t.Error("registerStatus was written")
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	f, d := one(t, "camera-v56", time.Now)
	c := connect(t, f, d, "admin", password)
	c.put(snmp, edit(t, c.get(snmp), "<snmpPrivacyMethod>none", "<snmpPrivacyPassword>Hush-Hush-1</snmpPrivacyPassword><snmpPrivacyMethod>none"), "ok")
	if got := d.Secret(snmp, "SNMPAdvanced/SNMPUserList/SNMPUser[1]/snmpPrivacyPassword"); got != "Hush-Hush-1" {
		t.Errorf("the device got %q", got)
	}
	if got := c.get(snmp); strings.Contains(got, "Hush") || strings.Contains(got, "snmpPrivacyPassword") {
		t.Errorf("%s", got)
	}
}

func TestSwitchingTheAddressingFormat(t *testing.T) {
	for _, model := range []string{"camera-v52", "camera-v57", "recorder-v2"} {
		f, d := one(t, model, time.Now)
		c := connect(t, f, d, "admin", password)
		sent := edit(t, c.get(ntpServers), "<addressingFormatType>hostname<", "<addressingFormatType>ipaddress<")
		sent = edit(t, sent, "<hostName>ntp.example.net</hostName>", "<ipAddress>192.0.2.123</ipAddress>")
		c.put(ntpServers, sent, "ok")
		if got := c.get(ntpServers); !strings.Contains(got, "<ipAddress>192.0.2.123<") || strings.Contains(got, "ntp.example.net") {
			t.Errorf("%s:\n%s", model, got)
		}
	}
	f, d := one(t, "camera-v56", time.Now)
	c := connect(t, f, d, "admin", password)
	c.put(ntpServers, `<NTPServerList><NTPServer><id>1</id><addressingFormatType>ipaddress</addressingFormatType><ipAddress>192.0.2.9</ipAddress></NTPServer></NTPServerList>`, "ok")
	if got := c.get(ntpServers); !strings.Contains(got, "<ipAddress>192.0.2.9<") || strings.Contains(got, "hostName") || !strings.Contains(got, "<portNo>123<") {
		t.Errorf("merged:\n%s", got)
	}
}

func TestItemsHaveTheirOwnPath(t *testing.T) {
	for _, model := range []string{"camera-v57", "recorder-v2", "dvr-v47"} {
		f, d := one(t, model, time.Now)
		c := connect(t, f, d, "admin", password)
		item := c.get(ntpServers + "/1")
		if !strings.HasPrefix(item, "<?xml") || strings.Contains(item, "NTPServerList") || !strings.Contains(item, "xmlns=") {
			t.Errorf("%s: %s", model, item)
		}
		c.put(ntpServers+"/1", edit(t, item, "ntp.example.net", "time.example.com"), "ok")
		if got := c.get(ntpServers); !strings.Contains(got, "time.example.com") || !strings.Contains(got, "NTPServerList") {
			t.Errorf("%s: %s", model, got)
		}
		c.put(ntpServers+"/1", edit(t, item, "<id>1<", "<id>2<"), "badParameters")
		if a := c.do(http.MethodGet, ntpServers+"/4", ""); a.status == 200 {
			t.Errorf("%s: item 4 is there", model)
		}
	}
}

func TestTheClockRuns(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v57", clock.now)
	c := connect(t, f, d, "admin", password)
	local := func() string {
		return regexp.MustCompile(`<localTime>(.*)</localTime>`).FindStringSubmatch(c.get(deviceTime))[1]
	}
	if got := local(); got != "2026-03-04T06:06:07+01:00" {
		t.Errorf("with NTP: %s", got)
	}
	clock.advance(time.Hour)
	if got := local(); got != "2026-03-04T07:06:07+01:00" {
		t.Errorf("an hour later: %s", got)
	}
	manual := edit(t, c.get(deviceTime), ">NTP<", ">manual<")
	c.put(deviceTime, manual, "timeFormatError")
	c.put(deviceTime, edit(t, manual, ">2026-03-04T07:06:07+01:00<", ">2030-01-01T12:00:00<"), "ok")
	clock.advance(time.Minute)
	if got := local(); got != "2030-01-01T12:01:00+01:00" {
		t.Errorf("set by hand: %s", got)
	}
	c.put(deviceTime, edit(t, c.get(deviceTime), ">manual<", ">NTP<"), "ok")
	if got := local(); got != "2026-03-04T07:07:07+01:00" {
		t.Errorf("with NTP again: %s", got)
	}
}

func TestTimeWithoutLocalTime(t *testing.T) {
	without := regexp.MustCompile(`\s*<localTime>.*</localTime>`)
	for _, model := range []string{"camera-v52", "camera-v57", "recorder-v2"} {
		f, d := one(t, model, newClock().now)
		c := connect(t, f, d, "admin", password)
		c.put(deviceTime, edit(t, without.ReplaceAllString(c.get(deviceTime), ""), "CST-1:00:00", "CST-2:00:00"), "ok")
		if got := c.get(deviceTime); !strings.Contains(got, "<localTime>2026-03-04T07:06:07+02:00<") {
			t.Errorf("%s: the clock is gone:\n%s", model, got)
		}
		c.put(deviceTime, edit(t, without.ReplaceAllString(c.get(deviceTime), ""), ">NTP<", ">manual<"), "MessageParametersLack")
	}
}

func TestPlainTextTime(t *testing.T) {
	f, d := one(t, "recorder-v2", newClock().now)
	c := connect(t, f, d, "admin", password)
	if got := c.get(deviceTime + "/localTime"); got != "2026-03-04T06:06:07+01:00" {
		t.Errorf("localTime: %q", got)
	}
	c.put(deviceTime+"/timeZone", "CST-8:00:00", "ok")
	if got := c.get(deviceTime + "/timeZone"); got != "CST-8:00:00" || !strings.Contains(c.get(deviceTime), ">CST-8:00:00<") {
		t.Errorf("timeZone: %q", got)
	}
	c.put(deviceTime+"/timeZone", "somewhere", "badParameters")
}

func TestTimeIsRewritten(t *testing.T) {
	zone := regexp.MustCompile(`<timeZone>[^<]*`)
	for _, test := range []struct{ model, sent, want string }{
		{"dvr-v47", "CST-2:00:00", "<timeZone>CST-2:00:00DST01:00:00,M4.1.0/02:00:00,M10.5.0/02:00:00<"},
		{"dvr-v47", "CST-2:00:00DST00:30:00,M4.1.0/02:00:00,M9.1.0/02:00:00", "<timeZone>CST-2:00:00DST00:30:00,M4.1.0/02:00:00,M9.1.0/02:00:00<"},
		{"recorder-v1", "CST-2:00:00", "<windowsZone>"},
		{"recorder-v2", "CST-2:00:00", "<timeZone>CST-2:00:00<"},
	} {
		f, d := one(t, test.model, time.Now)
		c := connect(t, f, d, "admin", password)
		c.put(deviceTime, zone.ReplaceAllString(c.get(deviceTime), "<timeZone>"+test.sent), "ok")
		first := c.get(deviceTime)
		c.put(deviceTime, first, "ok")
		if got := c.get(deviceTime); !strings.Contains(got, test.want) || strings.Count(got, "windowsZone") > 2 {
			t.Errorf("%s:\n%s", test.model, got)
		}
	}
}

func TestVerbs(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := connect(t, f, d, "admin", password)
	for _, method := range []string{http.MethodDelete, http.MethodPost} {
		if a := c.send(method, upnp, "<UPnP/>", "methodNotAllowed"); a.status != 400 {
			t.Errorf("%s: %d", method, a.status)
		}
	}
	c.put(adminAccesses+"/capabilities", c.get(adminAccesses+"/capabilities"), "methodNotAllowed")
}

const allowOne = `<IPFilterAddress><id>1</id><permissionType>allow</permissionType><addressFilterType>mask</addressFilterType><AddressMask><ipAddress>%</ipAddress></AddressMask></IPFilterAddress>`

// filterDocument sets the mode of a filter document and puts an address into its list.
func filterDocument(t *testing.T, doc, mode, address string) string {
	t.Helper()
	doc = edit(t, doc, "<enabled>false<", "<enabled>true<")
	doc = regexp.MustCompile(`<permissionType>\w+<`).ReplaceAllString(doc, "<permissionType>"+mode+"<")
	entry := strings.Replace(allowOne, "%", address, 1)
	doc = regexp.MustCompile(`(?s)(<IPFilterAddressList[^>]*?)\s*/>`).ReplaceAllString(doc, "$1></IPFilterAddressList>")
	return edit(t, doc, "</IPFilterAddressList>", entry+"</IPFilterAddressList>")
}

func TestADeviceMayTellAtWhichAddressItSeesAClient(t *testing.T) {
	for model, want := range map[string]string{"camera-v58": "<SocketIP><ipAddress>127.0.0.1</ipAddress></SocketIP>\n", "camera-v57": ""} {
		f, d := one(t, model, time.Now)
		if a := connect(t, f, d, "admin", password).do(http.MethodGet, "/ISAPI/System/Network/socketIP", ""); (a.status == http.StatusOK) != (want != "") || want != "" && string(a.body) != want {
			t.Errorf("%s: %d %s", model, a.status, a.body)
		}
	}
}

func TestTheFilterActs(t *testing.T) {
	for _, model := range []string{"camera-v56", "camera-v57", "camera-v58", "thermal-v55", "recorder-v2"} {
		for _, test := range []struct {
			mode, address string
			reaches       bool
		}{
			{"allow", "127.0.0.1", true},
			{"allow", "192.0.2.1", false},
			{"deny", "127.0.0.1", false},
			{"deny", "192.0.2.1", true},
		} {
			t.Run(strings.Join([]string{model, test.mode, test.address}, " "), func(t *testing.T) {
				f, d := one(t, model, time.Now)
				c := connect(t, f, d, "admin", password)
				c.put(ipFilter, filterDocument(t, c.get(ipFilter), test.mode, test.address), "ok")
				old := c.do(http.MethodGet, userCheck, "")
				fresh := connect(t, f, d, "admin", password).do(http.MethodGet, userCheck, "")
				if (old.err == nil) != test.reaches || (fresh.err == nil) != test.reaches {
					t.Errorf("old connection: %v, new connection: %v", old.err, fresh.err)
				}
				if _, err := handshake(t, f, d, tls.VersionTLS12); (err == nil) != test.reaches {
					t.Errorf("TLS: %v", err)
				}
				if (d.Count(simulator.Filtered) > 0) == test.reaches {
					t.Errorf("%d filtered", d.Count(simulator.Filtered))
				}
			})
		}
	}
}

func TestFilterEntries(t *testing.T) {
	source := netip.MustParseAddr("127.0.7.9")
	for entry, listed := range map[string]bool{
		"<AddressMask><ipAddress>127.0.7.9</ipAddress></AddressMask>":                                                     true,
		"<AddressMask><ipAddress>127.0.7.0</ipAddress><bitMask>24</bitMask></AddressMask>":                                true,
		"<AddressMask><ipAddress>127.0.8.0</ipAddress><bitMask>24</bitMask></AddressMask>":                                false,
		"<AddressMask><ipAddress>0.0.0.0</ipAddress></AddressMask>":                                                       false,
		"<AddressMask><ipAddress>127.0.7.8</ipAddress></AddressMask>":                                                     false,
		"<AddressRange><startIPAddress>127.0.7.1</startIPAddress><endIPAddress>127.0.7.9</endIPAddress></AddressRange>":   true,
		"<AddressRange><startIPAddress>127.0.7.10</startIPAddress><endIPAddress>127.0.7.90</endIPAddress></AddressRange>": false,
	} {
		f, d := one(t, "camera-v57", time.Now)
		list := "<IPFilter><enabled>true</enabled><permissionType>allow</permissionType><IPFilterAddressList><IPFilterAddress>" + entry + "</IPFilterAddress></IPFilterAddressList></IPFilter>"
		if err := d.SetDocument(ipFilter, []byte(list)); err != nil {
			t.Fatal(err)
		}
		c := connectFrom(t, f.Dialer(source), f.URL(d).String(), "admin", password)
		if a := c.do(http.MethodGet, userCheck, ""); (a.err == nil) != listed {
			t.Errorf("%s: %v", entry, a.err)
		}
	}
}

func TestFilterLimits(t *testing.T) {
	f, d := one(t, "recorder-v2", time.Now)
	c := connect(t, f, d, "admin", password)
	c.put(ipFilter, filterDocument(t, c.get(ipFilter), "deny", "300.1.1.1"), "badIPv4Address")
	entries := strings.Repeat(strings.Replace(allowOne, "%", "192.0.2.1", 1), 32)
	many := strings.Replace(filterDocument(t, c.get(ipFilter), "deny", "192.0.2.2"), "</IPFilterAddressList>", entries+"</IPFilterAddressList>", 1)
	c.put(ipFilter, many, "badParameters")
	c.put(ipFilter, edit(t, filterDocument(t, c.get(ipFilter), "deny", "192.0.2.1"), "<id>1<", "<id>33<"), "badParameters")
}
