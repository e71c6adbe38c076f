package isapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	stdlog "log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/icholy/digest"

	"camform/providers"
	"camform/schema"
)

const (
	goodPassword = "correct-horse-7"
	realm        = "IP Camera(C2183)"
)

// device is a camera that behaves badly on demand. It computes digests with a library that has nothing to do with the
// code under test, demands rising counts, and counts what arrives.
type device struct {
	// How it is.
	password   string
	offer      func(nonce string) []string // values of WWW-Authenticate
	documents  map[string]string           // by path and query
	remaining  int                         // attempts left before it locks; -1 to be silent about it
	lockedFor  int                         // seconds
	staleWord  string                      // the value of stale for an expired nonce; empty for a device that does not tell
	boundToURL bool                        // nonces hold for the path that they were given for
	keeps      bool                        // it says that it keeps connections, as cameras do (recorded)
	faults     func(w http.ResponseWriter, r *http.Request) bool

	// What happened.
	mu       sync.Mutex
	nonces   map[string]*nonce
	requests []string // "GET /path", with " +" if it carried a credential
	wrong    int      // digests made with a wrong password
	writes   []string // bodies of writes that were carried out
	basics   int
}

type nonce struct {
	path  string
	count int
}

func newDevice() *device {
	return &device{
		password:  goodPassword,
		offer:     offerMD5,
		remaining: 5,
		nonces:    map[string]*nonce{},
		documents: map[string]string{
			userCheckPath:  `<userCheck><statusValue>200</statusValue><statusString>OK</statusString></userCheck>`,
			deviceInfoPath: deviceInfo("SN0001"),
			"/ISAPI/a":     `<A xmlns="http://www.isapi.org/ver20/XMLSchema"><enabled>true</enabled></A>`,
			"/ISAPI/b":     `<B/>`,
			"/ISAPI/c":     `<C/>`,
		},
	}
}

func deviceInfo(serial string) string {
	return `<?xml version="1.0" encoding="UTF-8" ?>
<DeviceInfo version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<deviceName>gate</deviceName><model>DS-2CD2146G2-ISU</model><serialNumber>` + serial + `</serialNumber>
<macAddress> A6-63-9E-F8-01-09</macAddress><firmwareVersion>V5.7.17</firmwareVersion><firmwareReleasedDate>build 240606</firmwareReleasedDate>
</DeviceInfo>`
}

func offerMD5(nonce string) []string {
	return []string{fmt.Sprintf(`Digest realm="%s", domain="::", qop="auth", nonce="%s", opaque="", algorithm="MD5", stale="FALSE"`, realm, nonce)}
}

func offerSHA256(nonce string) []string {
	return []string{fmt.Sprintf(`Digest qop="auth", realm="%s", nonce="%s", algorithm=SHA-256`, realm, nonce)}
}

func (d *device) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	line := r.Method + " " + r.URL.RequestURI()
	if r.Header.Get("Authorization") != "" {
		line += " +"
	}
	d.requests = append(d.requests, line)
	if d.keeps {
		w.Header().Set("Connection", "keep-alive")
		w.Header().Set("Keep-Alive", "timeout=10, max=99")
	}
	if d.faults != nil && d.faults(w, r) {
		return
	}
	body, _ := io.ReadAll(r.Body)
	if d.lockedFor > 0 {
		d.challenge(w, r, false)
		return
	}
	if ok, stale := d.authorized(r); !ok {
		d.challenge(w, r, stale)
		return
	}
	if r.Method != http.MethodGet {
		d.writes = append(d.writes, string(body))
		io.WriteString(w, responseStatus(1, "OK", "ok"))
		return
	}
	document, ok := d.documents[r.URL.RequestURI()]
	if !ok {
		w.WriteHeader(http.StatusForbidden)
		document = responseStatus(4, "Invalid Operation", "notSupport")
	}
	io.WriteString(w, document)
}

func responseStatus(code int, text, sub string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><ResponseStatus version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<statusCode>%d</statusCode><statusString>%s</statusString><subStatusCode>%s</subStatusCode></ResponseStatus>`, code, text, sub)
}

func (d *device) challenge(w http.ResponseWriter, r *http.Request, stale bool) {
	id := fmt.Sprintf("%x:%d+/=", len(d.nonces), len(d.requests))
	d.nonces[id] = &nonce{path: r.URL.RequestURI()}
	for _, value := range d.offer(id) {
		if stale && d.staleWord != "" {
			value = strings.NewReplacer(`, stale="FALSE"`, "").Replace(value) + ", stale=" + d.staleWord
		}
		w.Header().Add("WWW-Authenticate", value)
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusUnauthorized)
	io.WriteString(w, d.userCheck())
}

func (d *device) userCheck() string {
	state := ""
	if d.lockedFor > 0 {
		state = fmt.Sprintf("<lockStatus>lock</lockStatus><unlockTime>%d</unlockTime><retryLoginTime>0</retryLoginTime>", d.lockedFor)
	} else if d.remaining >= 0 {
		state = fmt.Sprintf("<lockStatus>unlock</lockStatus><unlockTime>0</unlockTime><retryLoginTime>%d</retryLoginTime>", d.remaining)
	}
	return `<userCheck version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema"><statusValue>401</statusValue>` +
		`<statusString>Unauthorized</statusString><isActivated>true</isActivated>` + state + `</userCheck>`
}

// authorized checks the credential of a request; stale means that it was right but for its nonce.
func (d *device) authorized(r *http.Request) (ok, stale bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return false, false
	}
	if _, password, isBasic := r.BasicAuth(); isBasic {
		d.basics++
		return password == d.password, false
	}
	given, err := digest.ParseCredentials(header)
	if err != nil {
		panic(fmt.Sprintf("the library cannot read %s: %v", header, err))
	}
	offered := &digest.Challenge{Realm: given.Realm, Nonce: given.Nonce, Algorithm: given.Algorithm, Opaque: given.Opaque}
	if given.QOP != "" {
		offered.QOP = []string{given.QOP}
	}
	want, err := digest.Digest(offered, digest.Options{
		Method: r.Method, URI: r.URL.RequestURI(), Count: given.Nc, Cnonce: given.Cnonce, Username: "admin", Password: d.password,
	})
	if err != nil {
		panic(err)
	}
	if given.Response != want.Response || given.URI != r.URL.RequestURI() {
		d.wrong++
		if d.remaining > 0 {
			d.remaining--
		}
		return false, false
	}
	n := d.nonces[given.Nonce]
	if n == nil || d.boundToURL && n.path != r.URL.RequestURI() || given.QOP != "" && given.Nc <= n.count {
		return false, true
	}
	n.count = given.Nc
	return true, false
}

// forget makes all nonces invalid, as a restart or their age does.
func (d *device) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.nonces)
}

func (d *device) change(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// seen gives the requests that arrived since the last call.
func (d *device) seen() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	requests := d.requests
	d.requests = nil
	return requests
}

func withCredential(requests []string) int {
	n := 0
	for _, request := range requests {
		if strings.HasSuffix(request, "+") {
			n++
		}
	}
	return n
}

// network connects clients and a device through pipes, so that time can be made up.
type network struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	dials int
	fail  func(n int) error // whether dial number n fails
}

func newNetwork() *network {
	return &network{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (n *network) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	n.dials++
	if n.fail != nil {
		if err := n.fail(n.dials); err != nil {
			return nil, err
		}
	}
	ours, theirs := net.Pipe()
	select {
	case n.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-n.done:
		return nil, errors.New("connection refused")
	}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error   { n.once.Do(func() { close(n.done) }); return nil }
func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

// ledger remembers what was charged and settled.
type ledger struct {
	mu       sync.Mutex
	refuse   error               // what Charge fails with
	waits    func()              // what happens before the first charge is granted; nil for nothing
	asked    []providers.Attempt // whether they would be let
	charged  []providers.Attempt
	settled  []providers.AttemptResult
	returned int
	left     []providers.Charge
	locks    []time.Duration
}

func (l *ledger) Charge(_ context.Context, a providers.Attempt) (providers.Charge, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return 0, l.refuse
	}
	if wait := l.waits; wait != nil {
		l.waits = nil
		wait()
	}
	l.charged = append(l.charged, a)
	return providers.Charge(len(l.charged)), nil
}

func (l *ledger) Allow(_ context.Context, a providers.Attempt) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, a)
	return l.refuse
}

func (l *ledger) Settle(_ context.Context, _ providers.Charge, r providers.AttemptResult) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = append(l.settled, r)
	return nil
}

func (l *ledger) Return(context.Context, providers.Charge) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.returned++
	return nil
}

func (l *ledger) Leave(_ context.Context, c providers.Charge) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = append(l.left, c)
	return nil
}

func (l *ledger) Locked(_ context.Context, _ string, d time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.locks = append(l.locks, d)
	return nil
}

// scene is a device, a client of it, and what is between them.
type scene struct {
	t       *testing.T
	device  *device
	network *network
	ledger  *ledger
	target  providers.Target
	options Options
	traced  []providers.TraceEntry
}

// newScene starts a device. It must be called within a synctest bubble.
func newScene(t *testing.T) *scene {
	network := newNetwork()
	s := startScene(t, network)
	s.network, s.options.Dial = network, network.Dial
	return s
}

func startScene(t *testing.T, listener net.Listener) *scene {
	s := &scene{t: t, device: newDevice(), ledger: &ledger{}}
	server := &http.Server{Handler: s.device, ErrorLog: discard()}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	s.target = providers.Target{
		Device: schema.Device{Name: "gate"},
		URL:    &url.URL{Scheme: "http", Host: "192.0.2.5"},
		Login:  providers.Credential{Username: "admin", Password: schema.NewSecret(goodPassword)},
		Ledger: s.ledger,
		Trace:  func(e providers.TraceEntry) { s.traced = append(s.traced, e) },
	}
	return s
}

func (s *scene) open() *Session {
	session := Open(s.target, s.options)
	s.t.Cleanup(session.Close)
	return session
}

// identified is a session that has logged in; what happened until then is forgotten.
func (s *scene) identified() *Session {
	s.t.Helper()
	session := s.open()
	if _, err := session.Identify(s.t.Context()); err != nil {
		s.t.Fatalf("identify: %v", err)
	}
	s.device.seen()
	return session
}

func wantFamily(t *testing.T, err, family error) {
	t.Helper()
	if !errors.Is(err, family) {
		t.Fatalf("have %v, want the family %q", err, family)
	}
}

func wantText(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Fatalf("have %v, want %q in it", err, text)
	}
}

func parseURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// recorded are the recorded answers of devices whose file name matches; the test is skipped where there are none.
func recorded(t *testing.T, pattern string) []string {
	t.Helper()
	root := os.Getenv("CAMFORM_RECORDINGS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared", "recordings")
	}
	var files []string
	err := filepath.WalkDir(filepath.Join(root, "devices"), func(path string, entry fs.DirEntry, err error) error {
		if match, _ := filepath.Match(pattern, filepath.Base(path)); match && err == nil {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Skipf("no recordings: %v", err)
	}
	return files
}

// discard is for servers whose complaints are the point of a test.
func discard() *stdlog.Logger { return stdlog.New(io.Discard, "", 0) }
