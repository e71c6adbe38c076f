package simulator_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

func TestADeviceEscapesNothing(t *testing.T) {
	const info = "/ISAPI/System/deviceInfo"
	f, d := one(t, "camera-v56", time.Now)
	c := connectFrom(t, f.DialContext, "http://"+d.Address().String(), "admin", password)
	d.SetQuirks(simulator.Quirks{Unescaped: true})
	shown := c.do(http.MethodGet, info, "").body
	if !strings.Contains(shown, "<deviceName>Bar & Grill</deviceName>") {
		t.Errorf("it shows %q", shown)
	}
	for _, name := range []string{"R&amp;D", "R&D"} {
		if have := c.do(http.MethodPut, info, strings.Replace(shown, "Bar & Grill", name, 1)).status; have != http.StatusOK {
			t.Errorf("%s: answered %d", name, have)
		}
		if kept := d.Document(info); !bytes.Contains(kept, []byte("<deviceName>R&amp;D</deviceName>")) {
			t.Errorf("%s: it keeps %q", name, kept)
		}
	}
}

func TestDevicesRefuseWhatTheyPutAroundTheirDocuments(t *testing.T) {
	const info = "/ISAPI/System/deviceInfo"
	f, d := one(t, "camera-v56", time.Now)
	c := connectFrom(t, f.DialContext, "http://"+d.Address().String(), "admin", password)
	d.SetQuirks(simulator.Quirks{GBKName: true, CRLF: true, Debris: true})
	shown := c.do(http.MethodGet, info, "").body
	if !bytes.HasPrefix([]byte(shown), []byte("\xef\xbb\xbf")) || !strings.HasSuffix(shown, "\x00") || strings.Count(shown, "\n") != strings.Count(shown, "\r\n") ||
		!strings.Contains(shown, "<deviceName>\xca\xe9\xb7\xbf</deviceName>") {
		t.Errorf("it shows %q", shown)
	}
	clean := strings.Trim(strings.TrimPrefix(shown, "\xef\xbb\xbf"), " \r\n\x00")
	for body, want := range map[string]int{
		shown: 400, "\xef\xbb\xbf" + clean: 400, clean + "\x00": 400, " " + clean: 400, strings.ReplaceAll(clean, "\r\n", "\n"): 400,
		strings.Replace(clean, "<telecontrolID>88<", "<telecontrolID>99<", 1): 200,
	} {
		if have := c.do(http.MethodPut, info, body).status; have != want {
			t.Errorf("%q: answered %d, want %d", body[:20], have, want)
		}
	}
	if kept := d.Document(info); !bytes.Contains(kept, []byte("<deviceName>\xca\xe9\xb7\xbf</deviceName>")) || bytes.ContainsAny(kept, "\x00") ||
		bytes.Count(kept, []byte("\n")) != bytes.Count(kept, []byte("\r\n")) {
		t.Errorf("it keeps %q", kept)
	}
}

// The ends of lines are those of the document as it is kept, whatever it looks like on its way.
func TestEndsOfLinesAreKept(t *testing.T) {
	for model, crlf := range map[string]bool{"camera-v56": true, "camera-v57": false} {
		f, d := one(t, model, time.Now)
		c := connectFrom(t, f.DialContext, "http://"+d.Address().String(), "admin", password)
		d.SetQuirks(simulator.Quirks{CRLF: true})
		before := d.Document(upnp)
		if bytes.Contains(before, []byte("\r\n")) != crlf {
			t.Fatalf("%s: %q", model, before)
		}
		shown := c.get(upnp)
		if a := c.do(http.MethodPut, upnp, shown); a.status != http.StatusOK || !bytes.Equal(d.Document(upnp), before) {
			t.Errorf("%s: answered %d, and keeps\n%q\nof\n%q", model, a.status, d.Document(upnp), before)
		}
	}
}

func TestNamesInOldEncodings(t *testing.T) {
	_, d := one(t, "camera-v57", time.Now)
	for name, quirks := range map[string]simulator.Quirks{"\xca\xe9\xb7\xbf": {GBKName: true}, "S\xfcd": {Latin1Name: true}} {
		d.SetQuirks(quirks)
		if kept := d.Document(deviceInfo); !bytes.Contains(kept, []byte("<deviceName>"+name+"</deviceName>")) {
			t.Errorf("%q: %q", name, kept)
		}
	}
}

func TestAnAlarmHostThatResetsItself(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	d.SetQuirks(simulator.Quirks{ResetsHosts: true})
	c := connect(t, f, d, "admin", password)
	empty := c.get(httpHosts + "/1")
	by := func(protocol string) string {
		host := edit(t, edit(t, empty, "<url>/<", "<url>/events<"), "<ipAddress>0.0.0.0<", "<ipAddress>192.0.2.40<")
		return edit(t, edit(t, host, "<portNo>80<", "<portNo>8443<"), "<protocolType>HTTP<", "<protocolType>"+protocol+"<")
	}
	c.put(httpHosts+"/1", by("HTTP"), "ok")
	if have := c.get(httpHosts + "/1"); have != by("HTTP") {
		t.Errorf("by HTTP it keeps\n%s", have)
	}
	c.put(httpHosts+"/1", by("HTTPS"), "ok")
	if have := c.get(httpHosts + "/1"); have != empty {
		t.Errorf("by HTTPS it keeps\n%s", have)
	}
	named := edit(t, edit(t, by("HTTPS"), ">ipaddress<", ">hostname<"), "<ipAddress>192.0.2.40</ipAddress>", "<hostName>alarms.example.com</hostName>")
	c.put(httpHosts+"/1", named, "ok")
	if have := c.get(httpHosts + "/1"); have != empty {
		t.Errorf("by HTTPS with a name it keeps\n%s", have)
	}
}

func TestADeviceThatEndsConnections(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	d.SetQuirks(simulator.Quirks{ClosesConnections: true})
	conn, err := f.DialContext(t.Context(), "tcp", d.Address().String()+":80")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, "GET /SDK/activateStatus HTTP/1.1\r\nHost: x\r\n\r\n")
	said, err := io.ReadAll(conn) // which waits for the end
	if err != nil || !bytes.Contains(said, []byte("\r\nConnection: close\r\n")) {
		t.Errorf("%v\n%s", err, said)
	}
}
