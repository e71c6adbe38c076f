package simulator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icholy/digest"

	"camform/providers/hikvision/simulator"
)

const password = "Gate-Keeper-7"

// made is a clock that only moves when a test says so.
type made struct {
	mu sync.Mutex
	at time.Time
}

func (m *made) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

func (m *made) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = m.at.Add(d)
}

func newClock() *made { return &made{at: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

func newFleet(t testing.TB, o simulator.Options) *simulator.Fleet {
	t.Helper()
	if o.Password == "" {
		o.Password = password
	}
	f, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// one makes a fleet of one device.
func one(t testing.TB, model string, clock func() time.Time) (*simulator.Fleet, *simulator.Device) {
	t.Helper()
	f := newFleet(t, simulator.Options{Models: []string{model}, Clock: clock})
	return f, f.Devices()[0]
}

// client talks to a device with the digest implementation of somebody else, over connections in memory.
type client struct {
	t    testing.TB
	base string
	http *http.Client

	contentType string // of what it sends; empty for none
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func connect(t testing.TB, f *simulator.Fleet, d *simulator.Device, user, password string) *client {
	t.Helper()
	return connectFrom(t, f.DialContext, f.URL(d).String(), user, password)
}

func connectFrom(t testing.TB, dial dialer, base, user, password string) *client {
	t.Helper()
	transport := newTransport(t, dial)
	return &client{t: t, base: base, http: &http.Client{
		Transport:     &digest.Transport{Username: user, Password: password, Transport: transport, NoReuse: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func newTransport(t testing.TB, dial dialer) *http.Transport {
	transport := &http.Transport{
		DialContext:     dial,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// anonymousClient sends no credentials.
func anonymousClient(t testing.TB, f *simulator.Fleet, d *simulator.Device) *client {
	t.Helper()
	return &client{t: t, base: f.URL(d).String(), http: &http.Client{Transport: newTransport(t, f.DialContext)}}
}

// answer is what came back; err says that nothing did.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (c *client) do(method, path, body string) answer {
	c.t.Helper()
	r, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.contentType != "" {
		r.Header.Set("Content-Type", c.contentType)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(content), err}
}

func (c *client) get(path string) string {
	c.t.Helper()
	a := c.do(http.MethodGet, path, "")
	if a.err != nil || a.status != http.StatusOK {
		c.t.Fatalf("GET %s: %d %v\n%s", path, a.status, a.err, a.body)
	}
	return a.body
}

// put writes a document and demands the sub code.
func (c *client) put(path, body, code string) answer {
	c.t.Helper()
	return c.send(http.MethodPut, path, body, code)
}

func (c *client) send(method, path, body, code string) answer {
	c.t.Helper()
	a := c.do(method, path, body)
	if a.err != nil {
		c.t.Fatalf("%s %s: %v", method, path, a.err)
	}
	if !strings.Contains(a.body, "<subStatusCode>"+code+"</subStatusCode>") {
		c.t.Fatalf("%s %s: want %s, have %d\n%s", method, path, code, a.status, a.body)
	}
	return a
}

// edit replaces one text in a document that must have it.
func edit(t testing.TB, doc, from, to string) string {
	t.Helper()
	if !strings.Contains(doc, from) {
		t.Fatalf("no %q in\n%s", from, doc)
	}
	return strings.Replace(doc, from, to, 1)
}

const (
	deviceInfo     = "/ISAPI/System/deviceInfo"
	deviceTime     = "/ISAPI/System/time"
	ntpServers     = "/ISAPI/System/time/ntpServers"
	userCheck      = "/ISAPI/Security/userCheck"
	users          = "/ISAPI/Security/users"
	adminAccesses  = "/ISAPI/Security/adminAccesses"
	webCertificate = "/ISAPI/Security/webCertificate"
	illegalLogin   = "/ISAPI/Security/illegalLoginLock"
	ipFilter       = "/ISAPI/System/Network/ipFilter"
	ezviz          = "/ISAPI/System/Network/EZVIZ"
	upnp           = "/ISAPI/System/Network/UPnP"
	reboot         = "/ISAPI/System/reboot"
	interfaces     = "/ISAPI/System/Network/interfaces"
	ehome          = "/ISAPI/System/Network/Ehome"
	snmp           = "/ISAPI/System/Network/SNMP"
	macFilter      = "/ISAPI/System/Network/MACFilter"
	filterAddress  = "/ISAPI/System/Network/ipFilter/filterAddress"
	mailing        = "/ISAPI/System/Network/mailing"
	permissions    = "/ISAPI/Security/UserPermission"
	onvifUsers     = "/ISAPI/Security/ONVIF/users"
	questions      = "/ISAPI/Security/questionConfiguration"
	recoveryEmail  = "/ISAPI/Security/email/parameter?format=json"
	advanced       = "/ISAPI/Security/advanced?format=json"
	channels       = "/ISAPI/ContentMgmt/InputProxy/channels"
	tracks         = "/ISAPI/ContentMgmt/record/tracks"
	storage        = "/ISAPI/ContentMgmt/Storage"
	httpHosts      = "/ISAPI/Event/notification/httpHosts"
	triggers       = "/ISAPI/Event/triggers"
	streams        = "/ISAPI/Streaming/channels"
)

// everyModel runs a test for each built-in model.
func everyModel(t *testing.T, test func(t *testing.T, f *simulator.Fleet, d *simulator.Device, clock *made)) {
	for _, model := range simulator.Models() {
		t.Run(model, func(t *testing.T) {
			clock := newClock()
			f, d := one(t, model, clock.now)
			test(t, f, d, clock)
		})
	}
}

func TestEveryModelServesItsDocuments(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		c := connect(t, f, d, "admin", password)
		for _, path := range d.Documents() {
			body := c.get(path)
			if body != string(d.Document(path)) {
				t.Errorf("%s: the device sends something else than Document says", path)
			}
			if strings.Contains(body, "{{") {
				t.Errorf("%s: a placeholder is left:\n%s", path, body)
			}
		}
		info := c.get(deviceInfo)
		for _, want := range []string{d.Serial(), d.MAC(), "<deviceName>" + d.Name() + "</deviceName>"} {
			if !strings.Contains(info, want) {
				t.Errorf("deviceInfo lacks %q:\n%s", want, info)
			}
		}
	})
}

// writable reports whether a document is more than something to look at. Users are written one by one.
func writable(path string) bool {
	path = strings.TrimSuffix(path, "?format=json")
	for _, end := range []string{"/capabilities", "/status", "Cap", "/Storage", "/users"} {
		if strings.HasSuffix(path, end) {
			return strings.HasSuffix(path, "/ONVIF/users")
		}
	}
	return true
}

// knownRefusals are the documents that a model does not take as it sent them.
var knownRefusals = map[string]string{
	"thermal-v55" + ehome: "portError", // a factory value that cannot be restored, recorded on a terminal
}

// What a device sent goes back to it unchanged: every model has to take that.
func TestEveryModelTakesItsOwnDocuments(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		c := connect(t, f, d, "admin", password)
		for _, path := range d.Documents() {
			if !writable(path) {
				continue
			}
			before := c.get(path)
			a := c.do(http.MethodPut, path, before)
			if code := knownRefusals[d.Model()+path]; code != "" {
				if !strings.Contains(a.body, code) {
					t.Errorf("%s: want %s, have\n%s", path, code, a.body)
				}
				continue
			}
			if a.status != http.StatusOK {
				t.Errorf("PUT %s of what GET sent: %d\n%s", path, a.status, a.body)
			}
			if after := c.get(path); after != before && !strings.Contains(after, "windowsZone") {
				t.Errorf("%s changed:\n%s\n%s", path, before, after)
			}
		}
	})
}

func TestUnknownDocumentsAreRefusedAsTheFamilyDoes(t *testing.T) {
	want := map[string]int{"camera-v58": 404, "dvr-v47": 400}
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		status, special := want[d.Model()]
		if !special {
			status = 403
		}
		c := connect(t, f, d, "admin", password)
		for _, method := range []string{http.MethodGet, http.MethodPut} {
			if a := c.do(method, "/ISAPI/System/Network/NAT", "<NAT/>"); a.status != status || !strings.Contains(a.body, "ResponseStatus") {
				t.Errorf("%s: want %d, have %d\n%s", method, status, a.status, a.body)
			}
		}
	})
}

func TestFamiliesLackWhatTheyLack(t *testing.T) {
	lacks := map[string][]string{
		"camera-v52":  {webCertificate, illegalLogin, ipFilter, ezviz},
		"recorder-v1": {webCertificate, illegalLogin, ipFilter},
		"recorder-v2": {illegalLogin},
		"dvr-v47":     {webCertificate, illegalLogin, ipFilter},
	}
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		for _, path := range lacks[d.Model()] {
			if d.Document(path) != nil {
				t.Errorf("%s is there", path)
			}
		}
		for _, path := range []string{deviceInfo, deviceTime, ntpServers, adminAccesses, upnp, users} {
			if d.Document(path) == nil {
				t.Errorf("%s is missing", path)
			}
		}
	})
}

func TestTrailingSlashIsTolerated(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := connect(t, f, d, "admin", password)
	if c.get(deviceInfo+"/") != c.get(deviceInfo) {
		t.Error("another document")
	}
}

func TestErrorsAreJSONWhereTheRequestIs(t *testing.T) {
	f, d := one(t, "camera-v58", time.Now)
	a := connect(t, f, d, "admin", password).do(http.MethodGet, "/ISAPI/System/none?format=json", "")
	if !strings.Contains(a.body, `"subStatusCode":"notSupport"`) || a.header.Get("Content-Type") != `application/json; charset="UTF-8"` {
		t.Errorf("%s\n%s", a.header, a.body)
	}
}

func TestFleetsAreReproducible(t *testing.T) {
	inventory := func(seed uint64) string {
		var b bytes.Buffer
		if err := newFleet(t, simulator.Options{Count: 20, Seed: seed, Port: 8443, TLS: true}).WriteInventory(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	first := inventory(1)
	if first != inventory(1) {
		t.Error("the same options give another fleet")
	}
	if first == inventory(2) {
		t.Error("another seed gives the same fleet")
	}
	lines := strings.Split(first, "\n")
	if lines[0] != "name,address,serial,mac,model,firmware,kind" || !strings.HasPrefix(lines[1], "camera-v52-0001,https://127.10.0.1:8443,DS-2CD2132-SIM") || !strings.HasSuffix(lines[1], ",DS-2CD2132-SIM,V5.2.0,camera") {
		t.Errorf("%s\n%s", lines[0], lines[1])
	}
}

func TestDevicesOfAFleetDiffer(t *testing.T) {
	f := newFleet(t, simulator.Options{Models: []string{"camera-v57"}, Count: 600, Net: netip.MustParsePrefix("127.20.0.0/16")})
	seen := make(map[string]string)
	for _, d := range f.Devices() {
		for _, mark := range []string{d.Name(), d.Serial(), d.MAC(), d.Address().String()} {
			if other, taken := seen[mark]; taken {
				t.Errorf("%s and %s share %s", other, d.Name(), mark)
			}
			seen[mark] = d.Name()
		}
		if last := d.Address().As4()[3]; last == 0 || last == 255 {
			t.Errorf("%s has the address %s", d.Name(), d.Address())
		}
		if f.Device(d.Name()) != d {
			t.Errorf("%s is not found by its name", d.Name())
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]simulator.Options{
		"password":  {},
		"model":     {Password: password, Models: []string{"camera-v99"}},
		"network":   {Password: password, Net: netip.MustParsePrefix("192.0.2.0/24")},
		"wide":      {Password: password, Net: netip.MustParsePrefix("126.0.0.0/7")},
		"full":      {Password: password, Count: 10, Net: netip.MustParsePrefix("127.1.1.0/29")},
		"count":     {Password: password, Count: -1},
		"algorithm": {Password: password, Algorithm: "SHA1"},
		"port":      {Password: password, Port: 70000},
		"faults":    {Password: password, Faults: simulator.Faults{Rules: []simulator.Rule{{Action: "explode"}}}},
		"recording": {Password: password, Recordings: t.TempDir()},
	} {
		if _, err := simulator.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
