package simulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

// TestDeletedSlotsAreMadeAgainWhereThatIsAHabit: a device that deletes slots gives a new one the lowest free number, takes no more than
// it was delivered with, and fills in what a client leaves out. Any other refuses to delete and to add.
func TestDeletedSlotsAreMadeAgainWhereThatIsAHabit(t *testing.T) {
	const (
		slot = `<HttpHostNotification><id>9</id><url>/again</url><protocolType>HTTP</protocolType><parameterFormatType>XML</parameterFormatType>` +
			`<addressingFormatType>ipaddress</addressingFormatType><ipAddress>192.0.2.9</ipAddress><portNo>8080</portNo><httpAuthenticationMethod>none</httpAuthenticationMethod></HttpHostNotification>`
		server = `<NTPServer><id>1</id><addressingFormatType>ipaddress</addressingFormatType><ipAddress>192.0.2.5</ipAddress></NTPServer>`
	)
	f, d := one(t, "camera-v57", time.Now)
	c := connect(t, f, d, "admin", password)
	whole := c.get(httpHosts)
	c.send(http.MethodDelete, httpHosts+"/2", "", "methodNotAllowed")
	c.send(http.MethodPost, httpHosts, slot, "methodNotAllowed")

	d.SetQuirks(simulator.Quirks{DeletesSlots: true, ResetsHosts: true})
	c.send(http.MethodPost, httpHosts, slot, "beyondARGSRangeLimit")
	c.send(http.MethodDelete, httpHosts+"/3", "", "ok")
	c.send(http.MethodDelete, httpHosts+"/2", "", "ok")
	if a := c.do(http.MethodGet, httpHosts+"/2", ""); a.status == http.StatusOK {
		t.Errorf("the slot is still there: %s", a.body)
	}
	if a := c.send(http.MethodPost, httpHosts, slot, "ok"); !strings.Contains(a.body, "<id>2</id>") {
		t.Errorf("the answer lacks the number: %s", a.body)
	}
	if have := c.get(httpHosts); !strings.Contains(have, "<id>2</id>\n<url>/again</url>") || strings.Count(have, "</httpBroken>") != 2 {
		t.Errorf("the slot is not there, or lacks what the client left out: %s", have)
	}
	c.send(http.MethodPost, httpHosts, strings.Replace(slot, ">HTTP<", ">HTTPS<", 1), "ok")
	if have := c.get(httpHosts); strings.Count(have, "0.0.0.0") != 2 || strings.Count(have, "<?xml") != 1 {
		t.Errorf("it keeps a host by HTTPS: %s", have)
	}
	c.send(http.MethodDelete, httpHosts, "", "ok")
	if have := c.get(httpHosts); strings.Contains(have, "<id>") || len(have) > len(whole)/2 {
		t.Errorf("slots are left: %s", have)
	}

	c.send(http.MethodDelete, ntpServers+"/1", "", "ok")
	c.send(http.MethodPost, ntpServers, server, "ok")
	if have := c.get(ntpServers); !strings.Contains(have, "<ipAddress>192.0.2.5</ipAddress>") || strings.Contains(have, "hostName") {
		t.Errorf("the server is not there, or beside another one: %s", have)
	}
}
