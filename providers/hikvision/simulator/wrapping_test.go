package simulator_test

import (
	"bytes"
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
	if kept := d.Document(info); !bytes.Contains(kept, []byte("<deviceName>\xca\xe9\xb7\xbf</deviceName>")) || bytes.ContainsAny(kept, "\r\x00") {
		t.Errorf("it keeps %q", kept)
	}
}
