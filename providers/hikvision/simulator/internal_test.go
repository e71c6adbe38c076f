package simulator

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestEditsKeepEverythingElse(t *testing.T) {
	for _, test := range []struct{ doc, name, text, want string }{
		{"<a><b>1</b></a>", "b", "2", "<a><b>2</b></a>"},
		{"<a><b/></a>", "b", "2", "<a><b>2</b></a>"},
		{"<a><b x='1' /></a>", "b", "2", "<a><b x='1'>2</b></a>"},
		{"<a><n:b/></a>", "b", "2", "<a><n:b>2</n:b></a>"},
		{"<a><b/></a>", "b", "", "<a><b/></a>"},
		{"<a>\r\n\t<b></b>\r\n</a>\x00", "b", "<&>", "<a>\r\n\t<b>&lt;&amp;&gt;</b>\r\n</a>\x00"},
		{"<a><b >1</b ></a >", "b", "2", "<a><b >2</b ></a >"},
	} {
		root, err := scan([]byte(test.doc))
		if err != nil {
			t.Errorf("%s: %v", test.doc, err)
			continue
		}
		if got := string(apply([]byte(test.doc), []edit{root.child(test.name).setText([]byte(test.doc), test.text)})); got != test.want {
			t.Errorf("%s: have %s, want %s", test.doc, got, test.want)
		}
	}
}

func TestScanRefusesWhatIsNoDocument(t *testing.T) {
	for _, doc := range []string{"", "text", "<a>", "<a></b>", "</a>", "<a/><b/>", "<a/>text", "text<a/>", "<a><b></a></b>", "<a>&none;</a>"} {
		if root, err := scan([]byte(doc)); err == nil {
			t.Errorf("%q: found %s", doc, root.name)
		}
	}
}

func TestPersonalitiesAreChecked(t *testing.T) {
	good, err := modelFiles.ReadFile("models/camera-v57/model.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readPersonality(good); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		`"challenge": "camera"`: `"challenge": "riddle"`,
		`"userCheck": "full"`:   `"userCheck": "half"`,
		`"writes": "merge"`:     `"writes": "keep"`,
		`"times": 7`:            `"times": 0`,
		`"refused": 400`:        `"refused": 0`,
		`"classic"`:             `"modern"`,
		`"extern": "open"`:      `"extern": "ajar"`,
		`"kind": "camera"`:      `"kind": 7`,
		`"rebootRequired": [`:   `"absent": [{"below": "/ISAPI"}], "rebootRequired": [`,
		`"reboot": {`:           `"banned": [{"path": "/ISAPI", "element": "a", "code": "none"}], "reboot": {`,
	} {
		bad := strings.Replace(string(good), from, to, 1)
		if bad == string(good) {
			t.Fatalf("no %s", from)
		}
		if _, err := readPersonality([]byte(bad)); err == nil {
			t.Errorf("%s was taken", to)
		}
	}
}

func TestUnitsOfLockTimes(t *testing.T) {
	for _, test := range []struct {
		unit  string
		value int
		want  time.Duration
	}{
		{"minutes", 30, 30 * time.Minute},
		{"seconds", 30, 30 * time.Second},
		{"", 30, 30 * time.Minute},
		{"", 1800, 30 * time.Minute},
	} {
		if got := (lockDefaults{Unit: test.unit}).lockTime(test.value); got != test.want {
			t.Errorf("%d %s: %s", test.value, test.unit, got)
		}
	}
}

func TestZones(t *testing.T) {
	for text, want := range map[string]int{
		"CST-8:00:00": 8 * 3600,
		"CST+5:00:00": -5 * 3600,
		"CST5:30:00":  -5*3600 - 1800,
		"CST-5:45:00": 5*3600 + 45*60,
		"UTC0":        0,
		"CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00": 3600,
	} {
		if !timeZone.MatchString(text) {
			t.Errorf("%s does not parse", text)
		}
		if _, offset := (time.Time{}).In(zoneOf(text)).Zone(); offset != want {
			t.Errorf("%s: %d seconds, want %d", text, offset, want)
		}
	}
}

// Whatever is written, a device answers, keeps a document that parses where it had one, and takes its own bytes back.
func FuzzPut(f *testing.F) {
	models, err := builtIn()
	if err != nil {
		f.Fatal(err)
	}
	paths := []string{
		timePath, ntpServersPath, adminAccessesPath, ipFilterPath, illegalLoginLockPath, webCertificatePath, deviceInfoPath,
		interfacesPath, interfacesPath + "/1/ipAddress", triggersPath + "/VMD-1/notifications", onvifUsersPath, userPermissionPath + "/1", "/ISAPI/Streaming/channels/101",
		"/ISAPI/Event/notification/httpHosts", channelsPath, "/ISAPI/System/Network/SNMP", ehomePath,
	}
	names := Models()
	for i, name := range names {
		for j, path := range paths {
			if p, found := newDevice(models[name], 1, "d", loopback.Addr(), time.Now).unit.partAt(path); found {
				f.Add(i, j, p.alone())
			}
		}
	}
	f.Add(1, 1, []byte("<NTPServerList><NTPServer><id>1</id><ipAddress>192.0.2.1</ipAddress></NTPServer></NTPServerList>"))
	f.Add(1, 3, []byte("<IPFilter><IPFilterAddressList><x/></IPFilterAddressList></IPFilter>"))
	f.Fuzz(func(t *testing.T, model, document int, sent []byte) {
		b := models[names[uint(model)%uint(len(names))]]
		path := paths[uint(document)%uint(len(paths))]
		d := &newDevice(b, 1, "d", loopback.Addr(), time.Now).unit
		w := &write{unit: d}
		if code := w.put(path, sent).code; code != ok && code != rebootRequired {
			return
		}
		have, _ := d.read(path)
		if _, err := scan(have.body); err != nil {
			t.Fatalf("%v:\n%s", err, have.body)
		}
		if len(b.Banned) > 0 && path == ehomePath {
			return // whose factory values cannot be restored
		}
		if again := w.put(path, have.body); again.code != ok && again.code != timeFormatError && again.code != rebootRequired {
			t.Fatalf("its own bytes: %s %s\n%s", again.code, again.detail, have.body)
		}
		if twice, _ := d.read(path); path != timePath && !bytes.Equal(twice.body, have.body) {
			t.Fatalf("its own bytes changed:\n%s\n%s", have.body, twice.body)
		}
	})
}
