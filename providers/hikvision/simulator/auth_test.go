package simulator_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"

	"camform/providers/hikvision/simulator"
)

// authorize answers a challenge, with the counter that the test wants.
func authorize(t *testing.T, challenge, method, path, user, password string, count int) string {
	t.Helper()
	c, err := digest.ParseChallenge(challenge)
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := digest.Digest(c, digest.Options{Method: method, URI: path, Count: count, Username: user, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return credentials.String()
}

// withHeader sends a GET with an Authorization header as it is.
func (c *client) withHeader(path, authorization string) answer {
	c.t.Helper()
	r, err := http.NewRequest(http.MethodGet, c.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", authorization)
	response, err := c.http.Do(r)
	if err != nil {
		return answer{err: err}
	}
	response.Body.Close()
	return answer{status: response.StatusCode, header: response.Header}
}

func challenge(c *client, path string) string {
	return c.do(http.MethodGet, path, "").header.Get("WWW-Authenticate")
}

func TestChallengesAreSpelledAsRecorded(t *testing.T) {
	camera := regexp.MustCompile(`^Digest qop="auth", realm="IP Camera\([0-9A-F]{5}\)", nonce="[0-9a-f]+", stale="FALSE"$`)
	recorder := regexp.MustCompile(`^Digest realm="[0-9a-f]{24}", domain="::", qop="auth", nonce="[0-9a-f]+:\d+", opaque="", algorithm="MD5", stale="FALSE"$`)
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		want := recorder
		if d.Kind() == "camera" || d.Kind() == "thermal" {
			want = camera
		}
		a := anonymousClient(t, f, d).do(http.MethodGet, deviceInfo, "")
		if a.status != 401 || !want.MatchString(a.header.Get("WWW-Authenticate")) {
			t.Errorf("%d %s", a.status, a.header.Get("WWW-Authenticate"))
		}
		if !strings.Contains(a.header.Get("WWW-Authenticate"), d.Realm()) {
			t.Errorf("not the realm %s", d.Realm())
		}
	})
}

func TestAlgorithmsFollowWebCertificate(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := connect(t, f, d, "admin", password)
	for _, step := range []struct {
		algorithm string
		offers    []string
	}{
		{"MD5/SHA256", []string{"", `algorithm="SHA-256"`}},
		{"SHA256", []string{`algorithm="SHA-256"`}},
		{"MD5", []string{""}},
	} {
		doc := c.get(webCertificate)
		c.put(webCertificate, regexp.MustCompile(`(<algorithmType>)[^<]*`).ReplaceAllString(doc, "${1}"+step.algorithm), "ok")
		a := anonymousClient(t, f, d).do(http.MethodGet, deviceInfo, "")
		headers := a.header.Values("WWW-Authenticate")
		if len(headers) != len(step.offers) {
			t.Fatalf("%s: %q", step.algorithm, headers)
		}
		for i, offer := range step.offers {
			if !strings.Contains(headers[i], offer) || offer == "" && strings.Contains(headers[i], "algorithm") {
				t.Errorf("%s: header %d is %s", step.algorithm, i, headers[i])
			}
			header := authorize(t, headers[i], http.MethodGet, deviceInfo, "admin", password, 1)
			if a := anonymousClient(t, f, d).withHeader(deviceInfo, header); a.status != 200 {
				t.Errorf("%s: login with header %d: %d", step.algorithm, i, a.status)
			}
		}
	}
}

func TestAnAlgorithmThatIsNotOfferedIsNoLogin(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := anonymousClient(t, f, d)
	md5 := challenge(c, deviceInfo)
	set(t, d, webCertificate, ">MD5<", ">SHA256<")
	if a := c.withHeader(deviceInfo, authorize(t, md5, http.MethodGet, deviceInfo, "admin", password, 1)); a.status != 401 || d.Refusals() != 0 {
		t.Errorf("status %d, %d refusals", a.status, d.Refusals())
	}
}

// set edits a document as somebody at the web page of the device would.
func set(t *testing.T, d *simulator.Device, path, from, to string) {
	t.Helper()
	if err := d.SetDocument(path, []byte(edit(t, string(d.Document(path)), from, to))); err != nil {
		t.Fatal(err)
	}
}

func TestBasicFollowsWebCertificate(t *testing.T) {
	for _, model := range []string{"camera-v57", "recorder-v2"} {
		f, d := one(t, model, time.Now)
		c := anonymousClient(t, f, d)
		basic := func() answer {
			return c.withHeader(deviceInfo, "Basic YWRtaW46R2F0ZS1LZWVwZXItNw==") // admin:Gate-Keeper-7
		}
		if a := basic(); a.status != 401 || d.Refusals() != 0 {
			t.Errorf("%s: Basic is not offered, yet %d with %d refusals", model, a.status, d.Refusals())
		}
		set(t, d, webCertificate, "<CertificateType>digest<", "<CertificateType>digest/basic<")
		if a := basic(); a.status != 200 {
			t.Errorf("%s: Basic is offered, yet %d", model, a.status)
		}
		if a := c.withHeader(deviceInfo, "Basic YWRtaW46d3Jvbmc="); a.status != 401 || d.Refusals() != 1 {
			t.Errorf("%s: a wrong password with Basic: %d with %d refusals", model, a.status, d.Refusals())
		}
	}
}

func TestCountersMustGrow(t *testing.T) {
	f, d := one(t, "recorder-v2", time.Now)
	c := anonymousClient(t, f, d)
	header := challenge(c, deviceInfo)
	for _, step := range []struct{ count, status int }{{1, 200}, {2, 200}, {2, 401}, {1, 401}, {7, 200}, {6, 401}, {8, 200}} {
		a := c.withHeader(deviceInfo, authorize(t, header, http.MethodGet, deviceInfo, "admin", password, step.count))
		if a.status != step.status {
			t.Errorf("nc=%d: want %d, have %d", step.count, step.status, a.status)
		}
	}
	if d.Refusals() != 0 {
		t.Errorf("a repeated counter was charged: %d", d.Refusals())
	}
}

func TestNoncesExpire(t *testing.T) {
	for _, test := range []struct {
		name   string
		quirks simulator.Quirks
		after  time.Duration
		status int
		stale  string
	}{
		{"young", simulator.Quirks{}, 4 * time.Minute, 200, ""},
		{"old", simulator.Quirks{}, 6 * time.Minute, 401, `stale="TRUE"`},
		{"short-lived", simulator.Quirks{NonceLifetime: time.Second}, 2 * time.Second, 401, `stale="TRUE"`},
		{"denied", simulator.Quirks{StaleFalse: true}, 6 * time.Minute, 401, `stale="FALSE"`},
	} {
		for _, model := range []string{"camera-v57", "recorder-v2"} {
			clock := newClock()
			f, d := one(t, model, clock.now)
			d.SetQuirks(test.quirks)
			c := anonymousClient(t, f, d)
			header := challenge(c, deviceInfo)
			clock.advance(test.after)
			a := c.withHeader(deviceInfo, authorize(t, header, http.MethodGet, deviceInfo, "admin", password, 1))
			if a.status != test.status || !strings.Contains(a.header.Get("WWW-Authenticate"), test.stale) || d.Refusals() != 0 {
				t.Errorf("%s at %s: %d %s, %d refusals", test.name, model, a.status, a.header, d.Refusals())
			}
		}
	}
}

func TestNoncesMayBeBoundToTheURL(t *testing.T) {
	for _, bound := range []bool{false, true} {
		f, d := one(t, "camera-v56", time.Now)
		d.SetQuirks(simulator.Quirks{NonceBoundToURL: bound})
		c := anonymousClient(t, f, d)
		header := challenge(c, deviceInfo)
		if a := c.withHeader(deviceInfo, authorize(t, header, http.MethodGet, deviceInfo, "admin", password, 1)); a.status != 200 {
			t.Errorf("bound=%t: %d at the same path", bound, a.status)
		}
		a := c.withHeader(upnp, authorize(t, header, http.MethodGet, upnp, "admin", password, 2))
		if (a.status == 200) == bound {
			t.Errorf("bound=%t: %d at another path", bound, a.status)
		}
	}
}

func TestForgedCredentialsAreCharged(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := anonymousClient(t, f, d)
	header := challenge(c, deviceInfo)
	for name, authorization := range map[string]string{
		"password":      authorize(t, header, http.MethodGet, deviceInfo, "admin", "Wrong-One-1", 1),
		"user":          authorize(t, header, http.MethodGet, deviceInfo, "nobody", password, 1),
		"method":        authorize(t, header, http.MethodPut, deviceInfo, "admin", password, 1),
		"path":          authorize(t, header, http.MethodGet, upnp, "admin", password, 1),
		"another realm": authorize(t, strings.Replace(header, d.Realm(), "elsewhere", 1), http.MethodGet, deviceInfo, "admin", password, 1),
	} {
		before := d.Refusals()
		if a := c.withHeader(deviceInfo, authorization); a.status != 401 || d.Refusals() != before+1 {
			t.Errorf("%s: %d, charged %d", name, a.status, d.Refusals()-before)
		}
	}
}

func TestProbesAreFree(t *testing.T) {
	shapes := map[string]*regexp.Regexp{
		"camera-v52": regexp.MustCompile(`(?s)<userCheck>\s*<statusValue>401</statusValue>\s*<statusString>Unauthorized</statusString>\s*</userCheck>`),
		"camera-v56": regexp.MustCompile(`(?s)<userCheck>.*<lockStatus>unlock</lockStatus>\s*<retryLoginTime>7</retryLoginTime>`),
		"camera-v57": regexp.MustCompile(`(?s)<userCheck version="2.0" xmlns=.*<isActivated>true</isActivated>.*<retryLoginTime>7</retryLoginTime>`),
	}
	for model, shape := range shapes {
		f, d := one(t, model, time.Now)
		c := anonymousClient(t, f, d)
		for range 30 {
			if a := c.do(http.MethodGet, userCheck, ""); a.status != 401 || !shape.MatchString(a.body) {
				t.Fatalf("%s: %d\n%s", model, a.status, a.body)
			}
		}
		known := model != "camera-v52" // which is from before activation
		if a := c.do(http.MethodGet, "/SDK/activateStatus", ""); (a.status == 200) != known || strings.Contains(a.body, "<Activated>true<") != known || a.header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: %d\n%s", model, a.status, a.body)
		}
		if got := connect(t, f, d, "admin", password).get(userCheck); !strings.Contains(got, "<statusValue>200<") || d.Refusals() != 0 {
			t.Errorf("%s: %d refusals\n%s", model, d.Refusals(), got)
		}
	}
}

func TestTooManyFailuresLockTheSource(t *testing.T) {
	limits := map[string]int{"thermal-v55": 5}
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, clock *made) {
		limit := 7
		if n, special := limits[d.Model()]; special {
			limit = n
		}
		bad := connect(t, f, d, "admin", "Not-This-One-1")
		good := connect(t, f, d, "admin", password)
		for range limit - 1 {
			bad.do(http.MethodGet, userCheck, "")
		}
		good.get(userCheck) // one is left, and success resets the count
		for range limit {
			bad.do(http.MethodGet, userCheck, "")
		}
		if d.Refusals() != 2*limit-1 || d.Count(simulator.Locked) != 1 {
			t.Fatalf("%d refusals, %d locks", d.Refusals(), d.Count(simulator.Locked))
		}
		locked := http.StatusUnauthorized
		if d.Model() == "camera-v58" {
			locked = http.StatusForbidden
		}
		for _, c := range []*client{good, anonymousClient(t, f, d)} {
			a := c.do(http.MethodGet, userCheck, "")
			if a.status != locked || (locked == http.StatusForbidden) != (a.body == "") {
				t.Errorf("locked: %d\n%s", a.status, a.body)
			}
		}
		other := connectFrom(t, f.Dialer(netip.MustParseAddr("127.0.0.9")), f.URL(d).String(), "admin", password)
		other.get(userCheck) // the lock is that of the address

		clock.advance(31 * time.Minute)
		good.get(userCheck)
	})
}

func TestPokingRestartsTheLock(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v57", clock.now)
	bad := connect(t, f, d, "admin", "Not-This-One-1")
	for range 7 {
		bad.do(http.MethodGet, userCheck, "")
	}
	probe := anonymousClient(t, f, d)
	unlock := func() string {
		return regexp.MustCompile(`<lockStatus>lock</lockStatus>\s*<unlockTime>\d+`).FindString(probe.do(http.MethodGet, userCheck, "").body)
	}
	clock.advance(20 * time.Minute)
	if got := unlock(); !strings.HasSuffix(got, ">600") {
		t.Errorf("after 20 minutes: %q", got)
	}
	connect(t, f, d, "admin", password).do(http.MethodGet, userCheck, "")
	if got := unlock(); !strings.HasSuffix(got, ">1800") || d.Count(simulator.Poke) != 1 || d.Refusals() != 7 {
		t.Errorf("after a poke: %q, %d pokes, %d refusals", got, d.Count(simulator.Poke), d.Refusals())
	}
}

func TestLockFollowsItsDocument(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v57", clock.now)
	c := connect(t, f, d, "admin", password)
	doc := edit(t, edit(t, c.get(illegalLogin), "Times>7<", "Times>3<"), "LockTime>30<", "LockTime>2<")
	c.put(illegalLogin, doc, "ok")
	bad := connect(t, f, d, "admin", "Not-This-One-1")
	for range 3 {
		bad.do(http.MethodGet, userCheck, "")
	}
	if d.Count(simulator.Locked) != 1 {
		t.Fatal("three failures did not lock")
	}
	clock.advance(121 * time.Second)
	bad.do(http.MethodGet, userCheck, "") // counting starts again
	c.get(userCheck)
	c.put(illegalLogin, edit(t, doc, "<enabled>true", "<enabled>false"), "ok")
	for range 40 {
		bad.do(http.MethodGet, userCheck, "")
	}
	if d.Count(simulator.Locked) != 1 {
		t.Error("a lock that is off locked")
	}
	c.put(illegalLogin, edit(t, doc, "Times>3<", "Times>2<"), "badParameters")
}

func TestLockOnDemand(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v57", clock.now)
	c := connect(t, f, d, "admin", password)
	d.Lock(time.Minute)
	if a := c.do(http.MethodGet, userCheck, ""); a.status != 401 || !strings.Contains(a.body, "<lockStatus>lock<") {
		t.Errorf("%d\n%s", a.status, a.body)
	}
	clock.advance(61 * time.Second)
	c.get(userCheck)
}

func TestLogTellsWhatHappened(t *testing.T) {
	f, d := one(t, "camera-v57", newClock().now)
	c := connect(t, f, d, "admin", password)
	connect(t, f, d, "eve", "Not-This-One-1").do(http.MethodGet, deviceInfo, "")
	c.put(upnp, edit(t, c.get(upnp), "<enabled>false", "<enabled>true"), "ok")
	c.put(upnp, "<other/>", "badXmlContent")
	var got []string
	for _, e := range d.Log() {
		got = append(got, fmt.Sprintf("%s %s %s %s %s %s", e.Kind, e.Source, e.User, e.Method, e.Path, e.Detail))
	}
	want := []string{
		"illegalLogin 127.0.0.1 eve GET /ISAPI/System/deviceInfo ",
		"login 127.0.0.1 admin GET /ISAPI/System/Network/UPnP ",
		"login 127.0.0.1 admin PUT /ISAPI/System/Network/UPnP ",
		"remoteConfig 127.0.0.1 admin PUT /ISAPI/System/Network/UPnP ",
		"login 127.0.0.1 admin PUT /ISAPI/System/Network/UPnP ",
		"refused 127.0.0.1 admin PUT /ISAPI/System/Network/UPnP badXmlContent",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("have\n%s", strings.Join(got, "\n"))
	}
}

func TestTheFleetMayChooseTheAlgorithm(t *testing.T) {
	for algorithm, headers := range map[string]int{"": 1, "MD5": 1, "SHA256": 1, "MD5/SHA256": 2} {
		f := newFleet(t, simulator.Options{Models: []string{"camera-v57", "camera-v56"}, Algorithm: algorithm})
		d, old := f.Devices()[0], f.Devices()[1]
		got := anonymousClient(t, f, d).do(http.MethodGet, deviceInfo, "").header.Values("WWW-Authenticate")
		if len(got) != headers || strings.Contains(got[headers-1], "SHA-256") != strings.Contains(algorithm, "SHA256") {
			t.Errorf("%q: %q", algorithm, got)
		}
		if algorithm != "" && !strings.Contains(string(d.Document(webCertificate)), ">"+algorithm+"<") {
			t.Errorf("%q: %s", algorithm, d.Document(webCertificate))
		}
		if got := anonymousClient(t, f, old).do(http.MethodGet, deviceInfo, "").header.Values("WWW-Authenticate"); len(got) != 1 || strings.Contains(got[0], "SHA") {
			t.Errorf("a model without the choice: %q", got)
		}
	}
}

func TestNoncesAreForgottenInTime(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v57", clock.now)
	c := anonymousClient(t, f, d)
	kept := challenge(c, deviceInfo)
	use := func(count int) int {
		return c.withHeader(deviceInfo, authorize(t, kept, http.MethodGet, deviceInfo, "admin", password, count)).status
	}
	if use(1) != 200 {
		t.Fatal("no login")
	}
	for range 200 {
		clock.advance(time.Second)
		connect(t, f, d, "admin", password).get(userCheck)
	}
	if use(1) != 401 || use(2) != 200 {
		t.Error("the counter of a nonce that still counts was forgotten")
	}
}
