package simulator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"camform/providers/hikvision/simulator"
)

// service edits the entry of a protocol in adminAccesses.
func service(t *testing.T, doc, protocol, from, to string) string {
	t.Helper()
	at := strings.Index(doc, "<protocol>"+protocol+"<")
	if at < 0 {
		t.Fatalf("no %s in\n%s", protocol, doc)
	}
	start := strings.LastIndex(doc[:at], "<AdminAccessProtocol")
	end := at + strings.Index(doc[at:], "</AdminAccessProtocol>")
	return doc[:start] + edit(t, doc[start:end], from, to) + doc[end:]
}

func reaches(t *testing.T, f *simulator.Fleet, base string) error {
	t.Helper()
	return connectFrom(t, f.DialContext, base, "admin", password).do(http.MethodGet, userCheck, "").err
}

func TestBothSchemesAreOpen(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	host := d.Address().String()
	for _, base := range []string{"http://" + host, "https://" + host, "http://" + host + ":80", "https://" + host + ":443"} {
		if err := reaches(t, f, base); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
	if err := reaches(t, f, "http://"+host+":81"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("port 81: %v", err)
	}
	if err := reaches(t, f, "http://127.10.0.77"); !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("nobody's address: %v", err)
	}
}

func TestClosedServicesRefuseConnections(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	host := d.Address().String()
	c := connectFrom(t, f.DialContext, "https://"+host, "admin", password)
	c.put(adminAccesses, service(t, c.get(adminAccesses), "HTTP", "<enabled>true", "<enabled>false"), "ok")
	if err := reaches(t, f, "http://"+host); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("HTTP is off: %v", err)
	}
	if err := reaches(t, f, "https://"+host); err != nil {
		t.Errorf("HTTPS is on: %v", err)
	}
	c.get(userCheck) // over the connection that is there
}

func TestServicesMoveToTheirNewPort(t *testing.T) {
	f := newFleet(t, simulator.Options{Models: []string{"camera-v57"}, Port: 9443, TLS: true})
	d := f.Devices()[0]
	c := connect(t, f, d, "admin", password)
	c.put(adminAccesses, service(t, c.get(adminAccesses), "HTTPS", ">443<", ">8444<"), "ok")
	host := "https://" + d.Address().String()
	for port, open := range map[string]bool{":9443": false, ":443": false, ":8444": true} {
		if err := reaches(t, f, host+port); (err == nil) != open {
			t.Errorf("%s: %v", port, err)
		}
	}
	c2 := connectFrom(t, f.DialContext, host+":8444", "admin", password)
	c2.put(adminAccesses, service(t, c2.get(adminAccesses), "HTTPS", ">8444<", ">9443<"), "ok")
	if err := reaches(t, f, host+":9443"); err != nil {
		t.Errorf("the port of the fleet itself: %v", err)
	}
}

func TestAFleetReachesServicesThatAreOffFromTheFactory(t *testing.T) {
	f := newFleet(t, simulator.Options{Models: []string{"dvr-v47"}, Port: 8443, TLS: true})
	d := f.Devices()[0]
	if err := reaches(t, f, f.URL(d).String()); err != nil {
		t.Error(err)
	}
	if err := reaches(t, f, "https://"+d.Address().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("port 443: %v", err)
	}
	f = newFleet(t, simulator.Options{Models: []string{"dvr-v47"}, TLS: true})
	d = f.Devices()[0]
	c := connect(t, f, d, "admin", password)
	c.get(userCheck)
	c.put(adminAccesses, service(t, c.get(adminAccesses), "HTTPS", "<enabled>false", "<enabled>true"), "ok")
	c.put(adminAccesses, service(t, c.get(adminAccesses), "HTTPS", ">443<", ">444<"), "ok")
	if err := reaches(t, f, f.URL(d).String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the service moved: %v", err)
	}
}

func TestRedirectToHTTPS(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	set(t, d, adminAccesses, "<redirectToHttps>false", "<redirectToHttps>true")
	a := connectFrom(t, f.DialContext, "http://"+d.Address().String(), "admin", password).do(http.MethodGet, userCheck, "")
	if a.status != 301 || a.header.Get("Location") != "https://"+d.Address().String()+":443"+userCheck {
		t.Errorf("%d %s", a.status, a.header)
	}
	if err := reaches(t, f, "https://"+d.Address().String()); err != nil {
		t.Error(err)
	}
}

// handshake connects with one version of TLS only.
func handshake(t *testing.T, f *simulator.Fleet, d *simulator.Device, version uint16) (tls.ConnectionState, error) {
	t.Helper()
	return handshakeBetween(t, f, d, version, version)
}

func handshakeBetween(t *testing.T, f *simulator.Fleet, d *simulator.Device, low, high uint16) (tls.ConnectionState, error) {
	t.Helper()
	raw, err := f.DialContext(t.Context(), "tcp", netip.AddrPortFrom(d.Address(), 443).String())
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, MinVersion: low, MaxVersion: high})
	defer c.Close()
	err = c.HandshakeContext(t.Context())
	return c.ConnectionState(), err
}

func TestOldCiphersAreThoseThatNobodyHas(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	d.SetQuirks(simulator.Quirks{OldCiphers: true})
	if _, err := handshakeBetween(t, f, d, tls.VersionTLS10, tls.VersionTLS13); err == nil || !strings.Contains(err.Error(), "tls: handshake failure") {
		t.Errorf("the handshake: %v", err)
	}
}

func TestTLSVersionsFollowTheirFlags(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	versions := func() (open string) {
		for i, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
			if _, err := handshake(t, f, d, v); err == nil {
				open += string(rune('0' + i))
			}
		}
		return open
	}
	if got := versions(); got != "23" {
		t.Errorf("from the factory: %s", got)
	}
	set(t, d, adminAccesses, "<TLS1_3Enable>true", "<TLS1_3Enable>false")
	set(t, d, adminAccesses, "<TLS1_1Enable>false", "<TLS1_1Enable>true")
	if got := versions(); got != "12" {
		t.Errorf("1.1 and 1.2: %s", got)
	}
	if state, err := handshakeBetween(t, f, d, tls.VersionTLS10, tls.VersionTLS13); err != nil || state.Version != tls.VersionTLS12 {
		t.Errorf("agreed on %x, %v", state.Version, err)
	}
	set(t, d, adminAccesses, "<TLS1_2Enable>true", "<TLS1_2Enable>false")
	if got := versions(); got != "1" {
		t.Errorf("1.1: %s", got)
	}
}

func TestCertificatesAreStable(t *testing.T) {
	f := newFleet(t, simulator.Options{Models: []string{"camera-v57"}, Count: 2})
	key := func(d *simulator.Device) *x509.Certificate {
		state, err := handshake(t, f, d, tls.VersionTLS13)
		if err != nil {
			t.Fatal(err)
		}
		return state.PeerCertificates[0]
	}
	first, second := f.Devices()[0], f.Devices()[1]
	if !key(first).Equal(key(first)) || key(first).Equal(key(second)) {
		t.Error("a device does not keep its certificate, or shares it")
	}
	if err := key(first).VerifyHostname(first.Address().String()); err != nil {
		t.Error(err)
	}
	if cn := key(first).Subject.CommonName; cn != "DS-2CD2357-SIM" {
		t.Errorf("common name %q", cn)
	}
	before := key(first)
	if err := first.Inject(simulator.Rule{Action: simulator.WrongIdentity}); err != nil {
		t.Fatal(err)
	}
	if key(first).Equal(before) {
		t.Error("another device shows the same certificate")
	}
}

func TestReboot(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v58", clock.now)
	c := connect(t, f, d, "admin", password)
	kept := connect(t, f, d, "admin", password)
	kept.get(userCheck)
	up := func() string { return c.get("/ISAPI/System/status") }
	clock.advance(time.Hour)
	if !strings.Contains(up(), "<deviceUpTime>3600<") {
		t.Errorf("%s", up())
	}
	c.put(reboot, "", "ok")
	if err := reaches(t, f, f.URL(d).String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("while it is away: %v", err)
	}
	if a := kept.do(http.MethodGet, userCheck, ""); a.err == nil {
		t.Errorf("an old connection still works: %d", a.status)
	}
	clock.advance(61 * time.Second)
	c = connect(t, f, d, "admin", password)
	doc := c.get(upnp)
	if a := c.put(upnp, doc, "invalidOperation"); a.status != 403 {
		t.Errorf("a write while it starts: %d", a.status)
	}
	clock.advance(30 * time.Second)
	c.put(upnp, doc, "ok")
	if !strings.Contains(up(), "<deviceUpTime>31<") || d.Count(simulator.Rebooted) != 1 {
		t.Errorf("%s", up())
	}
}

func TestOldConnectionsDoNotSurviveAReboot(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v57", clock.now)
	conn, err := f.DialContext(t.Context(), "tcp", d.Address().String()+":80")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	d.Reboot()
	clock.advance(time.Hour)
	go io.WriteString(conn, "GET /SDK/activateStatus HTTP/1.1\r\nHost: x\r\n\r\n")
	if got, err := io.ReadAll(conn); len(got) > 0 {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRebootForgetsLocksAndNonces(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v57", clock.now)
	header := challenge(anonymousClient(t, f, d), deviceInfo)
	bad := connect(t, f, d, "admin", "Not-This-One-1")
	for range 7 {
		bad.do(http.MethodGet, userCheck, "")
	}
	d.Reboot()
	clock.advance(61 * time.Second)
	connect(t, f, d, "admin", password).get(userCheck)
	a := anonymousClient(t, f, d).withHeader(deviceInfo, authorize(t, header, http.MethodGet, deviceInfo, "admin", password, 1))
	if a.status != 401 || !strings.Contains(a.header.Get("WWW-Authenticate"), `stale="TRUE"`) {
		t.Errorf("an old nonce: %d %s", a.status, a.header)
	}
}

func TestSomeWritesActAfterAReboot(t *testing.T) {
	clock := newClock()
	f, d := one(t, "recorder-v1", clock.now)
	host := "http://" + d.Address().String()
	c := connectFrom(t, f.DialContext, host, "admin", password)
	a := c.put(adminAccesses, service(t, c.get(adminAccesses), "HTTP", ">80<", ">8080<"), "rebootRequired")
	if !strings.Contains(a.body, "<statusCode>7</statusCode>") || a.status != 200 {
		t.Errorf("%d\n%s", a.status, a.body)
	}
	if !strings.Contains(c.get(adminAccesses), ">8080<") {
		t.Error("the document does not show the new port")
	}
	if err := reaches(t, f, host+":8080"); err == nil {
		t.Error("the new port is open before the reboot")
	}
	c.put(reboot, "", "ok")
	clock.advance(time.Minute)
	if err := reaches(t, f, host+":8080"); err != nil {
		t.Errorf("after the reboot: %v", err)
	}
	if err := reaches(t, f, host); err == nil {
		t.Error("the old port is still open")
	}
}

func TestIdleConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, d := one(t, "camera-v57", time.Now)
		d.SetQuirks(simulator.Quirks{KeepAlive: 10 * time.Second})
		conn, err := f.DialContext(t.Context(), "tcp", d.Address().String()+":80")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go io.WriteString(conn, "GET /SDK/activateStatus HTTP/1.1\r\nHost: x\r\n\r\n")
		start := time.Now()
		if _, err := io.ReadAll(conn); err != nil {
			t.Fatal(err)
		}
		if idle := time.Since(start); idle != 10*time.Second {
			t.Errorf("closed after %s", idle)
		}
	})
}

// listen serves a fleet on a port and returns when the test is over.
func listen(t *testing.T, o simulator.Options) *simulator.Fleet {
	t.Helper()
	f := newFleet(t, o)
	serve(t, f)
	return f
}

// serve lets a fleet answer until the test is over.
func serve(t *testing.T, f *simulator.Fleet) {
	t.Helper()
	listener, err := f.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func TestOneListenerServesAllDevices(t *testing.T) {
	for _, secure := range []bool{false, true} {
		f := listen(t, simulator.Options{Models: []string{"camera-v57", "recorder-v2"}, Count: 4, TLS: secure})
		var plain net.Dialer
		for _, d := range f.Devices() {
			c := connectFrom(t, plain.DialContext, f.URL(d).String(), "admin", password)
			if got := c.get(deviceInfo); !strings.Contains(got, d.Serial()) {
				t.Errorf("%s answers with\n%s", d.Name(), got)
			}
		}
		stranger := f.URL(f.Devices()[0])
		stranger.Host = "127.0.0.1:" + stranger.Port()
		if a := connectFrom(t, plain.DialContext, stranger.String(), "admin", password).do(http.MethodGet, deviceInfo, ""); a.err == nil {
			t.Errorf("an address of no device answers: %d", a.status)
		}
	}
}

func TestTheListenerObeysTheDevice(t *testing.T) {
	f := listen(t, simulator.Options{Models: []string{"camera-v57"}})
	d := f.Devices()[0]
	var plain net.Dialer
	c := connectFrom(t, plain.DialContext, f.URL(d).String(), "admin", password)
	c.get(userCheck)
	set(t, d, adminAccesses, "<enabled>true", "<enabled>false") // HTTP is the first entry
	if a := connectFrom(t, plain.DialContext, f.URL(d).String(), "admin", password).do(http.MethodGet, userCheck, ""); a.err == nil {
		t.Errorf("HTTP is off, yet %d", a.status)
	}
}

func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	f := listen(t, simulator.Options{Count: 8, TLS: true})
	for _, d := range f.Devices() {
		out, err := exec.CommandContext(t.Context(), curl, "-sk", "--noproxy", "*", "--digest", "-u", "admin:"+password, f.URL(d).String()+deviceInfo).Output()
		if err != nil || !bytes.Equal(out, d.Document(deviceInfo)) {
			t.Errorf("%s: %v\n%s", d.Name(), err, out)
		}
		if d.Refusals() != 0 {
			t.Errorf("%s: %d refusals", d.Name(), d.Refusals())
		}
	}
}

// recordings finds the folder with recorded answers, or skips the test.
func recordings(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CAMFORM_RECORDINGS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "recordings")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no recordings: %v", err)
	}
	return dir
}

var serialNumber = regexp.MustCompile(`<serialNumber>[^<]*<`)

// contradicted are the lists that were recorded at another time than one of their items, which says something else by itself, and
// counts.
var contradicted = map[string]string{
	"DS-2CD2146G2-ISU/ISAPI/Streaming/channels": "a stream",
	"DS-2CD2346G2-ISU/ISAPI/Streaming/channels": "a stream",
	"DS-2CD2532F-IWS/ISAPI/Streaming/channels":  "a stream",
	"DS-2CD2T46G2-ISU/ISAPI/Streaming/channels": "a stream",
	"NVR-ver1.0_2/ISAPI/ContentMgmt/Storage":    "the disks",
}

func TestRecordingsAreServedByteForByte(t *testing.T) {
	dir := filepath.Join(recordings(t), "devices")
	f := newFleet(t, simulator.Options{Recordings: dir})
	if len(f.Devices()) < 40 {
		t.Fatalf("only %d recorded devices", len(f.Devices()))
	}
	served := 0
	serials := map[string]bool{}
	for _, d := range f.Devices() {
		if serials[d.Serial()] {
			t.Errorf("%s shares the serial number %s with another device", d.Name(), d.Serial())
		}
		serials[d.Serial()] = d.Serial() != ""
		c := connectFrom(t, f.DialContext, open(t, f, d), "admin", password)
		for _, path := range d.Documents() {
			recorded := recordedFile(t, dir, d.Model(), path)
			if path == "/ISAPI/System/deviceInfo" { // whose serial number may be made unique
				recorded = serialNumber.ReplaceAllString(recorded, "<serialNumber>"+d.Serial()+"<")
			}
			if differs := c.get(path) != recorded; differs != (contradicted[d.Model()+path] != "") {
				t.Errorf("%s: %s differs: %t", d.Name(), path, differs)
			}
			served++
		}
	}
	if served < 400 {
		t.Errorf("only %d documents", served)
	}
}

// open is a base URL under which a recorded device is reached, whatever its recorded ports are.
func open(t *testing.T, f *simulator.Fleet, d *simulator.Device) string {
	t.Helper()
	for _, port := range []string{"", ":81", ":8080"} {
		if c, err := f.DialContext(t.Context(), "tcp", d.Address().String()+strings.Replace(":80"+port, ":80:", ":", 1)); err == nil {
			c.Close()
			return "http://" + d.Address().String() + port
		}
	}
	t.Fatalf("%s has no port for HTTP", d.Name())
	return ""
}

func recordedFile(t *testing.T, dir, model, path string) string {
	t.Helper()
	folder := filepath.Join(dir, model)
	if _, err := os.Stat(folder); err != nil {
		folder = filepath.Join(dir, strings.Replace(model, "-", "/", 1))
	}
	for _, extension := range []string{".xml", ".json", ".txt"} {
		if body, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(path)) + extension); err == nil {
			return string(body)
		}
	}
	t.Errorf("%s: no file for %s", model, path)
	return ""
}

// tree writes a recording made up for a test.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRecordedDevices(t *testing.T) {
	dir := tree(t, map[string]string{
		"cam/ISAPI/System/deviceInfo.xml":      "<DeviceInfo><deviceType>IPCamera</deviceType><serialNumber>S1</serialNumber><macAddress>02:AA:00:00:00:01</macAddress></DeviceInfo>",
		"cam/ISAPI/System/time.xml":            "<Time>\r\n<timeMode>NTP</timeMode><localTime>2020-01-01T00:00:00Z</localTime></Time>\x00\n",
		"cam/ISAPI/System/note__PUT.xml":       "<Note/>",
		"cam/ISAPI/System/Holidays.status":     "404\n",
		"cam/ISAPI/System/IO.status":           "503",
		"cam/ISAPI/Security/users.xml":         "<UserList><User><id>1</id><userName>admin</userName><userLevel>Administrator</userLevel></User><User><id>5</id><userName>eve</userName><userLevel>Viewer</userLevel></User></UserList>",
		"box/deep/ISAPI/System/status.status":  "401",
		"box/deep/ISAPI/System/broken.xml":     "<half>",
		"box/deep/ISAPI/System/text.txt":       "plain",
		"empty/ISAPI/System/time__request.xml": "<Time/>",
	})
	f := newFleet(t, simulator.Options{Recordings: dir, Count: 3})
	names := make([]string, 0, 3)
	for _, d := range f.Devices() {
		names = append(names, d.Name()+"="+d.Kind())
	}
	if got := strings.Join(names, " "); got != "box-deep-0001=device cam-0002=camera box-deep-0003=device" {
		t.Fatalf("devices %s", got)
	}
	box, cam := f.Devices()[0], f.Devices()[1]
	if cam.Serial() != "S1" || cam.MAC() != "02:aa:00:00:00:01" || box.Serial() != "" {
		t.Errorf("identities %q %q %q", cam.Serial(), cam.MAC(), box.Serial())
	}
	c := connect(t, f, cam, "admin", password)
	for path, want := range map[string]int{"/ISAPI/System/Holidays": 404, "/ISAPI/System/IO": 503, "/ISAPI/System/other": 403, "/ISAPI/System/note": 403, deviceTime: 200} {
		if a := c.do(http.MethodGet, path, ""); a.status != want {
			t.Errorf("%s: want %d, have %d", path, want, a.status)
		}
	}
	sent := "<Time><timeMode>manual</timeMode><anything/></Time>"
	c.put(deviceTime, sent, "ok")
	if got := c.get(deviceTime); got != sent {
		t.Errorf("kept %s", got)
	}
	c.put(deviceTime, "<Thyme/>", "badXmlContent")
	c.send(http.MethodPost, users, userXML("new", "Viewer", "Right-One-1", ""), "ok")
	if got := c.get(users); !strings.Contains(got, "eve") || !strings.Contains(got, "new") {
		t.Errorf("users %s", got)
	}
	b := connect(t, f, box, "admin", password)
	if a := b.do(http.MethodGet, "/ISAPI/System/text", ""); a.body != "plain" || a.header.Get("Content-Type") != "text/plain" {
		t.Errorf("%s %q", a.header, a.body)
	}
	b.get(userCheck)
	if a := b.send(http.MethodGet, "/ISAPI/System/status", "", "notSupport"); a.status != 403 {
		t.Errorf("a recorded 401 is a challenge, no refusal: %d", a.status)
	}
	b.put("/ISAPI/System/broken", "<half>whole</half>", "ok")
	b.send(http.MethodGet, users, "", "notSupport")
}
