package simulator_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"camform/providers/hikvision/simulator"
)

func inject(t *testing.T, d *simulator.Device, r simulator.Rule) {
	t.Helper()
	if err := d.Inject(r); err != nil {
		t.Fatal(err)
	}
}

// enable is a write that changes UPnP.
func enable(t *testing.T, d *simulator.Device) string {
	t.Helper()
	return edit(t, string(d.Document(upnp)), "<enabled>false<", "<enabled>true<")
}

func enabled(d *simulator.Device) bool {
	return !strings.Contains(string(d.Document(upnp)), "<enabled>false<")
}

func TestFaultsOfWrites(t *testing.T) {
	for _, test := range []struct {
		rule    simulator.Rule
		answers int // HTTP status; 0 for none
		applied bool
	}{
		{simulator.Rule{Action: simulator.DropRequest}, 0, false},
		{simulator.Rule{Action: simulator.DropReply}, 0, true},
		{simulator.Rule{Action: simulator.Reset}, 0, false},
		{simulator.Rule{Action: simulator.RebootDevice}, 0, false},
		{simulator.Rule{Action: simulator.Status, Status: 503}, 503, false},
		{simulator.Rule{Action: simulator.IgnoreWrite}, 200, false},
		{simulator.Rule{Action: simulator.ErrorButApplied}, 500, true},
		{simulator.Rule{Action: simulator.Partial}, 200, true},
		{simulator.Rule{Action: simulator.LockDevice}, 401, false},
		{simulator.Rule{Action: simulator.HugeBody, Bytes: 10}, 200, true},
		{simulator.Rule{Action: simulator.AskAgain}, 401, false},
		{simulator.Rule{Action: simulator.LoginPage}, 302, false},
		{simulator.Rule{Action: simulator.Page, Status: 404}, 404, false},
		{simulator.Rule{Action: simulator.RestartWeb, Delay: time.Second}, 0, true},
		{simulator.Rule{Action: simulator.LateEffect, Delay: time.Second}, 200, true},
	} {
		t.Run(string(test.rule.Action), func(t *testing.T) {
			f, d := one(t, "camera-v57", newClock().now)
			test.rule.Method, test.rule.Path = http.MethodPut, "/ISAPI/System/*"
			inject(t, d, test.rule)
			c := connect(t, f, d, "admin", password)
			c.get(upnp) // not a PUT
			a := c.do(http.MethodPut, upnp, enable(t, d))
			if a.status != test.answers || (a.err == nil) != (test.answers != 0) {
				t.Errorf("answers %d, %v\n%s", a.status, a.err, a.body)
			}
			if enabled(d) != test.applied {
				t.Errorf("applied: %t", enabled(d))
			}
		})
	}
}

// A web server that restarts is away for its time, as it likes: it cuts every connection or forbids everything. Nonces of before are
// worth nothing then.
func TestAWebServerIsAwayForItsTime(t *testing.T) {
	for _, status := range []int{0, 403} {
		clock := newClock()
		f, d := one(t, "camera-v57", clock.now)
		inject(t, d, simulator.Rule{Method: http.MethodPut, Action: simulator.RestartWeb, Delay: 3 * time.Second, Status: status})
		c := connect(t, f, d, "admin", password)
		if a := c.do(http.MethodPut, upnp, enable(t, d)); a.err == nil || !enabled(d) {
			t.Errorf("answers %d, enabled: %t", a.status, enabled(d))
		}
		clock.advance(2 * time.Second)
		if a := c.do(http.MethodGet, userCheck, ""); a.status != status {
			t.Errorf("away: answers %d, want %d", a.status, status)
		}
		clock.advance(time.Second)
		c.get(upnp)
	}
}

// A document that asks for a login again counts failures or does not, whatever the login is.
func TestADocumentAsksForALoginAgain(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	inject(t, d, simulator.Rule{Path: upnp, Action: simulator.AskAgain})
	c := connect(t, f, d, "admin", password)
	for range 10 {
		if a := c.do(http.MethodGet, upnp, ""); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
			t.Fatalf("answers %d", a.status)
		}
	}
	c.get("/ISAPI/System/deviceInfo")
	d.Heal()
	inject(t, d, simulator.Rule{Path: upnp, Action: simulator.AskAgain, Failures: 7})
	c.do(http.MethodGet, upnp, "")
	if a := c.do(http.MethodGet, "/ISAPI/System/deviceInfo", ""); a.status != http.StatusUnauthorized {
		t.Errorf("it counted failures, and answers %d", a.status)
	}
}

func TestHealedDevicesBehave(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	inject(t, d, simulator.Rule{Action: simulator.DropRequest})
	c := connect(t, f, d, "admin", password)
	if a := c.do(http.MethodGet, upnp, ""); a.err == nil {
		t.Errorf("answers %d", a.status)
	}
	d.Heal()
	c.get(upnp)
}

func TestPartialAppliesTheFirstChangeOnly(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	inject(t, d, simulator.Rule{Action: simulator.Partial})
	before := string(d.Document(upnp))
	sent := edit(t, edit(t, before, ">auto<", ">manual<"), ">8000<", ">8001<")
	connect(t, f, d, "admin", password).put(upnp, sent, "ok")
	if got, want := string(d.Document(upnp)), edit(t, before, ">auto<", ">manual<"); got != want {
		t.Errorf("have\n%s\nwant\n%s", got, want)
	}
}

func TestIgnoredUserWrites(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	inject(t, d, simulator.Rule{Action: simulator.IgnoreWrite, Path: users + "*"})
	c := connect(t, f, d, "admin", password)
	c.put(users+"/1", userXML("admin", "Administrator", "Another-One-2", password), "ok")
	if !d.Accepts("admin", password) {
		t.Error("the password changed")
	}
}

func TestStatusHasItsCode(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	inject(t, d, simulator.Rule{Action: simulator.Status, Status: 403, Code: "invalidOperation", Nth: 1})
	inject(t, d, simulator.Rule{Action: simulator.Status, Status: 503, Nth: 2})
	c := connect(t, f, d, "admin", password)
	for _, want := range []struct {
		status int
		code   string
	}{{403, "invalidOperation"}, {503, "deviceBusy"}} {
		if a := c.send(http.MethodGet, upnp, "", want.code); a.status != want.status {
			t.Errorf("%s: %d", want.code, a.status)
		}
	}
	c.get(upnp)
}

func TestRulesCount(t *testing.T) {
	for _, test := range []struct {
		rule simulator.Rule
		want string // x for each request that is hit
	}{
		{simulator.Rule{}, "xxxxxxxx"},
		{simulator.Rule{Nth: 3}, "--x-----"},
		{simulator.Rule{Every: 3}, "--x--x--"},
		{simulator.Rule{Times: 2}, "xx------"},
		{simulator.Rule{Method: "PUT"}, "--------"},
		{simulator.Rule{Method: "get"}, "xxxxxxxx"},
		{simulator.Rule{Path: "/ISAPI/*/UPnP"}, "xxxxxxxx"},
		{simulator.Rule{Path: "/ISAPI/*/EZVIZ"}, "--------"},
		{simulator.Rule{Path: "*UPnP"}, "xxxxxxxx"},
		{simulator.Rule{Path: "/ISAPI/System"}, "--------"},
		{simulator.Rule{Path: "/ISAPI/System/Network/UPnP*UPnP"}, "--------"},
		{simulator.Rule{Anonymous: true}, "xxxxxxxx"}, // each comes before a challenge
		{simulator.Rule{Anonymous: true, Method: "PUT"}, "--------"},
	} {
		f, d := one(t, "camera-v57", time.Now)
		test.rule.Action, test.rule.Status = simulator.Status, 500
		inject(t, d, test.rule)
		c := connect(t, f, d, "admin", password)
		got := ""
		for range len(test.want) {
			if c.do(http.MethodGet, upnp, "").status == 500 {
				got += "x"
			} else {
				got += "-"
			}
		}
		if got != test.want {
			t.Errorf("%+v: want %s, have %s", test.rule, test.want, got)
		}
	}
}

func TestChanceIsReproducible(t *testing.T) {
	hits := func(seed uint64) (pattern string) {
		f, d := one(t, "camera-v57", time.Now)
		inject(t, d, simulator.Rule{Action: simulator.Status, Status: 500, Probability: 0.25, Seed: seed})
		c := connect(t, f, d, "admin", password)
		for range 400 {
			pattern += map[bool]string{true: "x", false: "-"}[c.do(http.MethodGet, userCheck, "").status == 500]
		}
		return pattern
	}
	first := hits(1)
	if first != hits(1) || first == hits(2) {
		t.Error("chance does not follow the seed")
	}
	if n := strings.Count(first, "x"); n < 60 || n > 140 {
		t.Errorf("%d of 400 with a probability of 0.25", n)
	}
}

func TestRulesOfAFleetSelectDevices(t *testing.T) {
	f := newFleet(t, simulator.Options{Faults: simulator.Faults{Rules: []simulator.Rule{{Device: "recorder-*", Action: simulator.DropRequest}}}})
	for _, d := range f.Devices() {
		a := connect(t, f, d, "admin", password).do(http.MethodGet, userCheck, "")
		if (a.err != nil) != strings.HasPrefix(d.Name(), "recorder-") {
			t.Errorf("%s: %v", d.Name(), a.err)
		}
	}
}

func TestSessionTableFull(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	inject(t, d, simulator.Rule{Action: simulator.SessionFull, Anonymous: true, Times: 1})
	c := anonymousClient(t, f, d)
	if a := c.do(http.MethodGet, userCheck, ""); a.status != 401 || a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("%d %s", a.status, a.header)
	}
	if challenge(c, userCheck) == "" {
		t.Error("no challenge afterwards")
	}
}

func TestWrongIdentity(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	realm := challenge(anonymousClient(t, f, d), userCheck)
	inject(t, d, simulator.Rule{Action: simulator.WrongIdentity})
	c := connect(t, f, d, "admin", password)
	info := c.get(deviceInfo)
	if strings.Contains(info, d.Serial()) || strings.Contains(info, d.MAC()) {
		t.Errorf("the same device:\n%s", info)
	}
	other := challenge(anonymousClient(t, f, d), userCheck)
	if strings.Contains(other, d.Realm()) || !strings.Contains(realm, d.Realm()) {
		t.Errorf("the same realm: %s", other)
	}
	c.put(upnp, enable(t, d), "ok")
	if enabled(d) {
		t.Error("the write reached the device")
	}
}

func TestLatencyAndSlowBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, d := one(t, "camera-v57", time.Now)
		transport := &http.Transport{DialContext: f.DialContext}
		defer transport.CloseIdleConnections()
		c := connectFrom(t, f.DialContext, f.URL(d).String(), "admin", password)
		took := func() time.Duration {
			start := time.Now()
			c.get(upnp)
			return time.Since(start)
		}
		inject(t, d, simulator.Rule{Action: simulator.Latency, Delay: 3 * time.Second})
		if got := took(); got != 3*time.Second {
			t.Errorf("latency: %s", got)
		}
		d.Heal()
		inject(t, d, simulator.Rule{Action: simulator.SlowBody, Bytes: 100, Delay: time.Second})
		ticks := time.Duration((len(d.Document(upnp)) + 99) / 100)
		if got := took(); got != ticks*time.Second {
			t.Errorf("slow body: %s, want %d ticks", got, ticks)
		}
		c.http.CloseIdleConnections()
		d.Heal()
		for _, slow := range []simulator.Rule{{Action: simulator.Latency, Delay: time.Hour}, {Action: simulator.SlowBody, Delay: time.Hour}} {
			inject(t, d, slow)
			time.AfterFunc(time.Minute, d.Heal)
			if got := took(); got != time.Minute {
				t.Errorf("%s of a device that heals after a minute: %s", slow.Action, got)
			}
		}
		c.http.CloseIdleConnections()
		inject(t, d, simulator.Rule{Action: simulator.Latency, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL(d).String()+userCheck, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Digest")
		if _, err := transport.RoundTrip(r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an hour late: %v", err)
		}
	})
}

func TestHugeBodies(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	inject(t, d, simulator.Rule{Action: simulator.HugeBody, Bytes: 1 << 20})
	c := connect(t, f, d, "admin", password)
	if got := c.get(upnp); len(got) != len(d.Document(upnp))+1<<20 {
		t.Errorf("%d bytes", len(got))
	}
	d.Heal()
	inject(t, d, simulator.Rule{Action: simulator.GzipBomb, Bytes: 8 << 20, Anonymous: true})
	r, err := http.NewRequest(http.MethodGet, f.URL(d).String()+userCheck, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity") // so that the transport leaves the body alone
	response, err := newTransport(t, f.DialContext).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	small, err := io.ReadAll(response.Body)
	if err != nil || len(small) > 64<<10 {
		t.Fatalf("%d bytes on the wire, %v", len(small), err)
	}
	z, err := gzip.NewReader(strings.NewReader(string(small)))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, z); n != 8<<20 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestResetOnTheWire(t *testing.T) {
	for _, secure := range []bool{false, true} {
		f := listen(t, simulator.Options{Models: []string{"camera-v57"}, TLS: secure})
		d := f.Devices()[0]
		inject(t, d, simulator.Rule{Action: simulator.Reset})
		var plain net.Dialer
		a := connectFrom(t, plain.DialContext, f.URL(d).String(), "admin", password).do(http.MethodPut, upnp, enable(t, d))
		if !errors.Is(a.err, syscall.ECONNRESET) || enabled(d) {
			t.Errorf("TLS %t: %v", secure, a.err)
		}
	}
}

func TestFaultFiles(t *testing.T) {
	f, err := simulator.ParseFaults(strings.NewReader(`{"rules": [
		{"device": "camera-*", "method": "PUT", "path": "/ISAPI/Security/*", "nth": 2, "action": "drop-reply"},
		{"probability": 0.01, "seed": 7, "action": "latency", "delay": "1.5s"},
		{"action": "status", "status": 503, "code": "deviceBusy", "times": 4, "anonymous": true}]}`))
	want := []simulator.Rule{
		{Device: "camera-*", Method: "PUT", Path: "/ISAPI/Security/*", Nth: 2, Action: simulator.DropReply},
		{Probability: 0.01, Seed: 7, Action: simulator.Latency, Delay: 1500 * time.Millisecond},
		{Action: simulator.Status, Status: 503, Code: "deviceBusy", Times: 4, Anonymous: true},
	}
	if err != nil || len(f.Rules) != len(want) {
		t.Fatalf("%+v, %v", f, err)
	}
	for i, r := range f.Rules {
		if r != want[i] {
			t.Errorf("have %+v\nwant %+v", r, want[i])
		}
	}
	for _, bad := range []string{
		`{"rules": [{"action": "explode"}]}`,
		`{"rules": [{"action": "reset", "colour": "red"}]}`,
		`{"rules": [{"action": "latency"}]}`,
		`{"rules": [{"action": "latency", "delay": "soon"}]}`,
		`{"rules": [{"action": "slow-body"}]}`,
		`{"rules": [{"action": "status", "status": 200}]}`,
		`{"rules": [{"action": "page"}]}`,
		`{"rules": [{"action": "restart-web"}]}`,
		`{"rules": [{"action": "late-effect"}]}`,
		`{"rules": [{"action": "reset", "nth": -1}]}`,
		`{"rules": [{"action": "reset", "probability": 2}]}`,
		`{"rules": `,
	} {
		if _, err := simulator.ParseFaults(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
	_, d := one(t, "camera-v57", time.Now)
	if d.Inject(simulator.Rule{}) == nil {
		t.Error("a rule without an action was taken")
	}
}

// TestAListIsCut has a camera that keeps two entries of any list that comes as a whole, and says OK. Other elements stay whole.
func TestAListIsCut(t *testing.T) {
	f, d := one(t, "camera-v57", newClock().now)
	inject(t, d, simulator.Rule{Method: http.MethodPut, Action: simulator.CutList, Entries: 2})
	c := connect(t, f, d, "admin", password)
	doc := c.get(ipFilter)
	for i, address := range []string{"192.0.2.3", "192.0.2.2", "127.0.0.1"} {
		entry := strings.ReplaceAll(strings.Replace(allowOne, "%", address, 1), "<id>1<", fmt.Sprintf("<id>%d<", i+1))
		doc = regexp.MustCompile(`(?s)(<IPFilterAddressList[^>]*?)\s*/>`).ReplaceAllString(doc, "$1></IPFilterAddressList>")
		doc = edit(t, doc, "</IPFilterAddressList>", entry+"</IPFilterAddressList>")
	}
	c.put(ipFilter, doc, "ok")
	if after := c.get(ipFilter); strings.Count(after, "<IPFilterAddress>") != 2 || !strings.Contains(after, "192.0.2.2") || strings.Contains(after, "127.0.0.1") {
		t.Errorf("it keeps\n%s", after)
	}
	c.put(upnp, enable(t, d), "ok")
	if !enabled(d) {
		t.Error("a document without a list is cut")
	}
	if rule := (simulator.Rule{Action: simulator.CutList, Entries: -1}); rule.Check() == nil {
		t.Errorf("%+v is a rule", rule)
	}
}

func TestALateEffectShowsAfterItsDelay(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v57", clock.now)
	inject(t, d, simulator.Rule{Method: http.MethodPut, Path: upnp, Nth: 1, Action: simulator.LateEffect, Delay: 3 * time.Second})
	c := connect(t, f, d, "admin", password)
	before := c.get(upnp)
	wanted := enable(t, d)
	if a := c.do(http.MethodPut, upnp, wanted); a.status != http.StatusOK {
		t.Fatalf("answers %d", a.status)
	}
	if have := c.get(upnp); have != before {
		t.Errorf("it shows the change at once: %s", have)
	}
	clock.advance(3 * time.Second)
	if have := c.get(upnp); have == before {
		t.Errorf("it never shows the change: %s", have)
	}
}
