package isapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"camform/providers"
	"camform/schema"
)

func TestRedirectsAreNotFollowed(t *testing.T) {
	for name, test := range map[string]struct {
		status   int
		location string
		text     string
	}{
		"to HTTPS":         {302, "https://192.0.2.5/ISAPI", `write its address with https:// (it redirects to "https://192.0.2.5/ISAPI")`},
		"to another host":  {301, "http://evil.example/?token=x", `it redirects to "http://evil.example/"`},
		"to another port":  {307, "http://192.0.2.5:8080/", "it redirects to"},
		"to the metadata":  {308, "http://169.254.169.254/latest", "169.254.169.254"},
		"with user":        {303, "http://a:b@evil.example/", `"http://evil.example/"`},
		"nowhere":          {302, "", "302"},
		"to another place": {302, "/doc/page/login.asp", "it redirects to"},
	} {
		for _, method := range []string{"probe", "GET", "PUT"} {
			t.Run(name+", "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newScene(t)
					redirect := func(w http.ResponseWriter, r *http.Request) bool {
						if test.location != "" {
							w.Header().Set("Location", test.location)
						}
						w.WriteHeader(test.status)
						return true
					}
					var err error
					dials, requests := 1, map[string]int{"probe": 1, "GET": 2, "PUT": 1}[method] // a document that leads elsewhere may do so alone
					if method == "probe" {
						s.device.faults = redirect
						_, err = s.open().Identify(t.Context())
					} else {
						session := s.identified()
						dials = s.network.dials
						s.device.faults = redirect
						if method == "GET" {
							_, err = session.Read(t.Context(), "/ISAPI/a")
						} else {
							_, err = session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: []byte("<A/>")})
						}
					}
					wantFamily(t, err, providers.ErrUnreachable)
					wantText(t, err, test.text)
					if n := len(s.device.seen()); n != requests || s.network.dials != dials {
						t.Errorf("%d requests, %d dials", n, s.network.dials)
					}
				})
			})
		}
	}
}

func TestOnlyTheDeviceIsDialled(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.99:3128")
	t.Setenv("HTTPS_PROXY", "http://192.0.2.99:3128")
	dialled := ""
	dial := guarded("192.0.2.5:80", nil, func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = address
		return nil, net.ErrClosed
	})
	for _, address := range []string{"192.0.2.6:80", "192.0.2.5:8080", "[::ffff:192.0.2.5]:80", "169.254.169.254:80"} {
		_, err := dial(t.Context(), "tcp", address)
		wantFamily(t, err, providers.ErrIdentity)
		if dialled != "" {
			t.Errorf("%s was dialled", address)
		}
	}
	if _, _ = dial(t.Context(), "tcp", "192.0.2.5:80"); dialled != "192.0.2.5:80" {
		t.Error("the device was not dialled")
	}
	base := newBase("192.0.2.5:80", nil, nil, &peer{})
	if base.transport.Proxy != nil {
		t.Error("a proxy may be used")
	}
	// A request that names another host does not even reach the dialer with a credential.
	s := &spend{endpoint: "192.0.2.5:80", scheme: "http"}
	req, err := http.NewRequest("GET", "http://192.0.2.6/ISAPI", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "another origin") {
			t.Errorf("a credential went to another host: %v", text)
		}
	}()
	_, _ = s.send(req, &key{challenge: challenge{scheme: "basic"}}, func(*http.Request) {})
}

// I14: what a name stands for is looked at once it is known, before anything is sent to it.
func TestI14NothingIsSentOutOfBounds(t *testing.T) {
	within := providers.Bounds{{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")}, Why: "the rules say so"}}
	for name, tc := range map[string]struct {
		endpoint, answers string
		dials, connects   bool
	}{
		"inside":                {"192.0.2.5:80", "192.0.2.5:80", true, true},
		"outside":               {"192.0.2.50:80", "192.0.2.50:80", false, false},
		"a name inside":         {"gate:80", "192.0.2.5:80", true, true},
		"a name outside":        {"gate:80", "198.51.100.1:80", true, false},
		"a name, nobody knows":  {"gate:80", "pipe", true, false},
		"a mapped address":      {"[::ffff:192.0.2.5]:80", "192.0.2.5:80", true, true},
		"a mapped one, outside": {"[::ffff:192.0.2.50]:80", "192.0.2.50:80", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			peer := &placed{at: tc.answers}
			dialled := false
			conn, err := guarded(tc.endpoint, within, func(context.Context, string, string) (net.Conn, error) {
				dialled = true
				return peer, nil
			})(t.Context(), "tcp", tc.endpoint)
			if dialled != tc.dials || (conn != nil) != tc.connects || peer.closed != (tc.dials && !tc.connects) {
				t.Errorf("dialled %t, connection %v, closed %t: %v", dialled, conn, peer.closed, err)
			}
			if !tc.connects {
				wantFamily(t, err, providers.ErrForbidden)
			}
		})
	}
}

// A device that must have one of some TLS keys is sent no credential where it shows another one, or none.
func TestI14NoCredentialGoesToAnotherTLSKey(t *testing.T) {
	const other = "sha256:00"
	have := certificate(t)
	s := newTLSScene(t, &have, tls.VersionTLS13)
	own := s.identified().Pin().SPKI
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	clear := startScene(t, plain)
	clear.options.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, plain.Addr().String())
	}
	for name, tc := range map[string]struct {
		scene *scene
		keys  []string
		may   bool
	}{
		"its own key":   {s, []string{other, own}, true},
		"another key":   {s, []string{other}, false},
		"none of any":   {s, []string{}, false},
		"every key":     {s, nil, true},
		"without TLS":   {clear, []string{own}, false},
		"not even that": {clear, nil, true},
	} {
		bounds := providers.Bounds{{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
		if tc.keys != nil {
			bounds = append(bounds, providers.Bound{Keys: tc.keys, Why: "the rules say so"})
		}
		tc.scene.target.Within = bounds
		_, err := tc.scene.open().Identify(t.Context())
		if tc.may != (err == nil) || !tc.may && !errors.Is(err, providers.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
		if sent := withCredential(tc.scene.device.seen()); (sent > 0) != tc.may {
			t.Errorf("%s: %d credentials were sent", name, sent)
		}
	}
}

// A name that stands for an address outside of the bounds is not even connected to: who writes names into a configuration must not learn
// what listens there.
func TestI14ANameOutsideOfTheBoundsIsNotConnectedTo(t *testing.T) {
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	_, port, _ := net.SplitHostPort(listening.Addr().String())
	endpoint := net.JoinHostPort("localhost", port)
	within := providers.Bounds{{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Why: "the rules say so"}}
	if _, err := guarded(endpoint, within, nil)(t.Context(), "tcp4", endpoint); !errors.Is(err, providers.ErrForbidden) {
		t.Error(err)
	}
	ours, err := net.Dial("tcp4", endpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	first, err := listening.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if from := first.RemoteAddr().String(); from != ours.LocalAddr().String() {
		t.Errorf("somebody connected before, from %s", from)
	}
}

// placed is a connection to an address.
type placed struct {
	net.Conn
	at     string
	closed bool
}

func (p *placed) RemoteAddr() net.Addr { return p }
func (p *placed) Network() string      { return "tcp" }
func (p *placed) String() string       { return p.at }
func (p *placed) Close() error         { p.closed = true; return nil }

func TestAddressesGetTheirPort(t *testing.T) {
	for address, want := range map[string]string{
		"http://192.0.2.5": "192.0.2.5:80", "https://192.0.2.5": "192.0.2.5:443", "https://[2001:db8::1]": "[2001:db8::1]:443", "https://gate:8443": "gate:8443",
	} {
		if origin, err := originOf(parseURL(t, address)); err != nil || origin.Host != want {
			t.Errorf("%s: %v, %v", address, origin, err)
		}
	}
	for _, address := range []string{"", "192.0.2.5", "ftp://192.0.2.5", "https://"} {
		_, err := Open(providers.Target{URL: parseURL(t, address)}, Options{}).Identify(t.Context())
		wantFamily(t, err, providers.ErrInvalid)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	for name, test := range map[string]struct {
		fault  http.HandlerFunc
		family error
	}{
		"endless body": {func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, endless{}) }, providers.ErrMalformed},
		"endless 401": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			io.Copy(w, endless{})
		}, providers.ErrMalformed},
		"bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(w)
			zip.Write(make([]byte, 1<<20))
			zip.Close()
		}, providers.ErrMalformed},
		"endless header": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			for range 2000 {
				if _, err := io.WriteString(conn, "X-Header: "+strings.Repeat("x", 1000)+"\r\n"); err != nil {
					return
				}
			}
		}, providers.ErrUnreachable},
		"drip": {func(w http.ResponseWriter, r *http.Request) {
			for {
				w.Write([]byte("<"))
				w.(http.Flusher).Flush()
				select {
				case <-time.After(5 * time.Second):
				case <-r.Context().Done():
					return
				}
			}
		}, providers.ErrUnreachable},
		"silence": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, providers.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session := s.identified()
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					test.fault(w, r)
					return true
				}
				start := time.Now()
				_, err := session.Read(t.Context(), "/ISAPI/a")
				wantFamily(t, err, test.family)
				if took := time.Since(start); took > defaultTimeout {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestTheLongestAnswerIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.device.documents["/ISAPI/a"] = "<A>" + strings.Repeat("x", maxBody-7) + "</A>"
		s.device.documents["/ISAPI/b"] = "<A>" + strings.Repeat("x", maxBody-6) + "</A>"
		session := s.identified()
		if doc, err := session.Read(t.Context(), "/ISAPI/a"); err != nil || len(doc.Body) != maxBody {
			t.Errorf("%d bytes, %v", len(doc.Body), err)
		}
		_, err := session.Read(t.Context(), "/ISAPI/b")
		wantFamily(t, err, providers.ErrMalformed)
	})
}

func TestTheCallerCanInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		s.device.faults = func(_ http.ResponseWriter, r *http.Request) bool {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			return true
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := session.Read(ctx, "/ISAPI/a")
		wantFamily(t, err, providers.ErrUnreachable)
		wantFamily(t, err, context.DeadlineExceeded)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = session.Do(ctx, providers.Request{Method: "PUT", Path: "/ISAPI/a", Body: []byte("<A/>")})
		wantFamily(t, err, providers.ErrUnknown)
	})
}

func TestAPauseCanBeInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.network.fail = func(int) error { return net.ErrClosed }
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := s.open().Identify(ctx)
		wantFamily(t, err, providers.ErrUnreachable)
		wantFamily(t, err, context.DeadlineExceeded)
	})
}

// certificate makes a self-signed certificate for 192.0.2.5, as cameras have.
func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "camera"},
		NotAfter:     time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		IPAddresses:  []net.IP{net.IPv4(192, 0, 2, 5)},
		IsCA:         true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}

// newTLSScene is a device behind TLS; its certificate can be replaced. It uses real sockets, since both ends of a handshake
// may write at once.
func newTLSScene(t *testing.T, have *tls.Certificate, maxVersion uint16) *scene {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := startScene(t, tls.NewListener(listener, &tls.Config{
		MinVersion:     tls.VersionTLS10,
		MaxVersion:     maxVersion,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return have, nil },
	}))
	s.target.URL = parseURL(t, "https://192.0.2.5")
	s.options.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, listener.Addr().String())
	}
	return s
}

func TestI11TheFirstKeyIsTheOnlyOne(t *testing.T) {
	first, second := certificate(t), certificate(t)
	have := first
	s := newTLSScene(t, &have, tls.VersionTLS13)
	session := s.identified()
	pin := session.Pin()
	if !strings.HasPrefix(pin.SPKI, "sha256:") || len(pin.SPKI) != len("sha256:")+64 {
		t.Fatalf("pin %+v", pin)
	}
	have = second
	session.Renew()
	_, err := session.Read(t.Context(), "/ISAPI/a")
	wantFamily(t, err, providers.ErrIdentity)
	wantText(t, err, "pinned")

	s.target.Pin = pin
	_, err = s.open().Identify(t.Context())
	wantFamily(t, err, providers.ErrIdentity)
	if n := len(s.device.seen()); n != 0 {
		t.Errorf("%d requests reached another key", n)
	}
	have = first
	s.identified()
}

// A device that shows a key on record under another name is sent nothing, not even a request without a credential.
func TestI11AKeyThatIsKnownElsewhereIsSentNothing(t *testing.T) {
	have := certificate(t)
	s := newTLSScene(t, &have, tls.VersionTLS13)
	pin := s.identified().Pin()
	s.device.seen()
	gate := schema.Device{Name: "gate"}
	s.target.Pin, s.target.Trust.Elsewhere = providers.Pin{}, map[string]schema.Device{pin.SPKI: gate}
	_, err := s.open().Identify(t.Context())
	wantFamily(t, err, providers.ErrIdentity)
	if known, ok := errors.AsType[*providers.ElsewhereError](err); !ok || *known != (providers.ElsewhereError{Device: gate, By: "TLS key"}) {
		t.Errorf("got %v", err)
	}
	if n := len(s.device.seen()); n != 0 {
		t.Errorf("%d requests reached it", n)
	}
	s.target.Trust.Elsewhere = map[string]schema.Device{"sha256:another": gate}
	s.identified()
}

func TestAuthenticateKeepsToTheKeyOfTheSession(t *testing.T) {
	first, second := certificate(t), certificate(t)
	have := first
	s := newTLSScene(t, &have, tls.VersionTLS13)
	session := s.identified()
	have = second
	wantFamily(t, session.Authenticate(t.Context(), s.target.Login), providers.ErrIdentity)
}

func TestAuthoritiesAreVerified(t *testing.T) {
	first, second := certificate(t), certificate(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: first.Certificate[0]}), 0o600); err != nil {
		t.Fatal(err)
	}
	have := first
	s := newTLSScene(t, &have, tls.VersionTLS13)
	s.target.Trust = providers.Trust{Mode: providers.TrustVerify, CAFile: file}
	s.target.Pin.SPKI = "sha256:the key may change"
	s.identified()

	have = second
	_, err := s.open().Identify(t.Context())
	wantFamily(t, err, providers.ErrIdentity)
	wantText(t, err, "not trusted")

	have = first
	s.target.Trust.CAFile = ""
	_, err = s.open().Identify(t.Context())
	wantFamily(t, err, providers.ErrIdentity)

	s.target.URL = parseURL(t, "https://192.0.2.6") // another name than that of the certificate
	s.target.Trust.CAFile = file
	_, err = s.open().Identify(t.Context())
	wantFamily(t, err, providers.ErrIdentity)

	for _, name := range []string{filepath.Join(t.TempDir(), "none"), "transport_test.go"} {
		s.target.Trust.CAFile = name
		_, err = s.open().Identify(t.Context())
		wantFamily(t, err, providers.ErrIdentity)
	}
	if n := withCredential(s.device.seen()); n != 0 {
		t.Errorf("%d credentials sent", n)
	}
}

func TestOldTLSIsForDevicesThatAllowIt(t *testing.T) {
	have := certificate(t)
	s := newTLSScene(t, &have, tls.VersionTLS10)
	_, err := s.open().Identify(t.Context())
	wantFamily(t, err, providers.ErrUnreachable)
	wantText(t, err, "legacy")
	s.target.Trust.Legacy = true
	s.identified()
}

func TestTLSWhereThereIsNoneIsExplained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.target.URL = parseURL(t, "https://192.0.2.5")
		_, err := s.open().Identify(t.Context())
		wantFamily(t, err, providers.ErrUnreachable)
		wantText(t, err, "http://")
	})
}

func TestBasicOverTLS(t *testing.T) {
	have := certificate(t)
	s := newTLSScene(t, &have, tls.VersionTLS13)
	s.device.offer = func(string) []string { return []string{`Basic realm="camera"`} }
	s.target.Basic = true
	session := s.identified()
	if _, err := session.Read(t.Context(), "/ISAPI/a"); err != nil {
		t.Fatal(err)
	}
	s.device.change(func() { s.device.password, s.device.basics = "changed elsewhere", 0 })
	_, err := session.Read(t.Context(), "/ISAPI/a")
	wantFamily(t, err, providers.ErrRefused)
	if s.device.basics != 2 { // for the document, and for the one that decides

		t.Errorf("the password was sent %d times", s.device.basics)
	}
}

func TestI1TheTraceHasNoSecret(t *testing.T) {
	const canary = "canary-5-secret"
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.target.Login.Password = schema.NewSecret(canary + "-login")
		s.device.password = canary + "-login"
		s.device.documents["/ISAPI/a?iv="+canary] = `<SNMP key="` + canary + `"><community>` + canary + `</community><enabled>true</enabled><!-- ` + canary +
			` --><portNo>161</portNo><![CDATA[` + canary + `]]></SNMP>`
		s.device.documents["/ISAPI/b"] = `{"list": [{"key": "` + canary + `", "enabled": true}], "n": 12345678}`
		s.device.documents["/ISAPI/c"] = canary
		s.device.documents["/ISAPI/d"] = `<A><password>` + canary + `</password><broken`
		session := s.identified()
		for _, path := range []string{"/ISAPI/a?iv=" + canary, "/ISAPI/b", "/ISAPI/c", "/ISAPI/d", "/ISAPI/e?" + canary} {
			if _, err := session.Read(t.Context(), path); err != nil {
				t.Fatal(err)
			}
		}
		body := []byte(`<User><password>` + canary + `</password><enabled>true</enabled></User>`)
		if _, err := session.Do(t.Context(), providers.Request{Method: "PUT", Path: "/ISAPI/a?security=1&iv=" + canary, Body: body}); err != nil {
			t.Fatal(err)
		}
		nonces := strings.Join(offerMD5(""), "")
		for _, entry := range s.traced {
			text := entry.Path + entry.Request + entry.Response
			for _, secret := range []string{canary, "Digest", "nonce", "admin", "12345678"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s shows %q", text, secret)
				}
			}
		}
		last := s.traced[len(s.traced)-1]
		if last.Path != "/ISAPI/a?security=‹1 bytes›&iv=‹15 bytes›" || last.Request != "<User><password>‹15 bytes›</password><enabled>true</enabled></User>" || last.Status != 200 {
			t.Errorf("have %+v", last)
		}
		if last.Device != s.target.Device || last.Response != "<ResponseStatus><statusCode>1</statusCode><statusString>OK</statusString><subStatusCode>ok</subStatusCode></ResponseStatus>" {
			t.Errorf("have %+v", last)
		}
		if !strings.Contains(nonces, "nonce") {
			t.Error("the test does not look for what devices send")
		}
	})
}

func TestAFailedExchangeIsTraced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.network.fail = func(int) error { return timeoutError{} }
		_, _ = s.open().Identify(t.Context())
		if len(s.traced) != 1 || s.traced[0].Err == nil || s.traced[0].Status != 0 {
			t.Errorf("traced %+v", s.traced)
		}
	})
}

func TestALongBodyIsCutInTheTrace(t *testing.T) {
	shown := redacted([]byte("<A>" + strings.Repeat("<enabled>true</enabled>", 1000) + "</A>"))
	if len(shown) > 5000 || !strings.HasSuffix(shown, "…") {
		t.Errorf("%d bytes", len(shown))
	}
}

// TestOnlySpendSetsACredential reads the package: one function mentions the header, and nobody else sets credentials.
func TestOnlySpendSetsACredential(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			function, _ := declaration.(*ast.FuncDecl)
			ast.Inspect(declaration, func(node ast.Node) bool {
				literal, isLiteral := node.(*ast.BasicLit)
				selector, isSelector := node.(*ast.SelectorExpr)
				if isLiteral && strings.EqualFold(strings.Trim(literal.Value, "\"`"), "authorization") || isSelector && selector.Sel.Name == "SetBasicAuth" {
					place := file
					if function != nil {
						place += " " + function.Name.Name
					}
					places = append(places, place)
				}
				return true
			})
		}
	}
	if strings.Join(places, ", ") != "spend.go send" {
		t.Errorf("credentials are set in: %q", places)
	}
}

func TestAuthenticateProvesACredential(t *testing.T) {
	for name, test := range map[string]struct {
		password string
		answer   string
		status   int
		family   error
	}{
		"right":             {goodPassword, "", 0, nil},
		"wrong":             {"something else", "", 0, providers.ErrRefused},
		"right, low role":   {goodPassword, responseStatus(4, "Invalid Operation", "lowPrivilege"), 403, nil},
		"any 200":           {goodPassword, "<whatever/>", 200, nil},
		"filter":            {goodPassword, "", 403, providers.ErrLocked},
		"starting":          {goodPassword, "", 503, providers.ErrBusy},
		"web server":        {goodPassword, "<html></html>", 404, providers.ErrMalformed},
		"bad authorization": {goodPassword, responseStatus(4, "Invalid Operation", "badAuthorization"), 403, providers.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				session := s.identified()
				dials := s.network.dials
				s.device.faults = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Header.Get("Authorization") == "" || test.status == 0 {
						return false
					}
					w.WriteHeader(test.status)
					io.WriteString(w, test.answer)
					return true
				}
				err := session.Authenticate(t.Context(), providers.Credential{Username: "admin", Password: schema.NewSecret(test.password)})
				if test.family == nil && err != nil {
					t.Fatal(err)
				} else if test.family != nil {
					wantFamily(t, err, test.family)
				}
				if s.network.dials < dials+2 || len(s.ledger.charged) != 2 {
					t.Errorf("%d dials, charged %v", s.network.dials-dials, s.ledger.charged)
				}
				if wantSettled := map[bool]int{true: 2, false: 1}[test.family == nil || test.family == providers.ErrRefused]; len(s.ledger.settled) != wantSettled {
					t.Errorf("settled %v", s.ledger.settled)
				}
				s.device.faults = nil
				s.device.seen()
				_, err = session.Read(t.Context(), "/ISAPI/a")
				if test.family == providers.ErrLocked {
					wantFamily(t, err, providers.ErrLocked)
					return
				}
				if n := len(s.device.seen()); err != nil || n != 1 {
					t.Errorf("the session was disturbed: %v, %d requests", err, n)
				}
			})
		})
	}
}

func TestAuthenticateNeedsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.device.remaining = 2
		session := s.open()
		wantFamily(t, session.Authenticate(t.Context(), s.target.Login), providers.ErrBudget)
		if n := withCredential(s.device.seen()); n != 0 {
			t.Errorf("%d credentials sent", n)
		}
	})
}

func TestRenewOpensAConnectionAndKeepsTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		session := s.identified()
		s.network.dials = 0
		session.Renew()
		if _, err := session.Read(t.Context(), "/ISAPI/a"); err != nil {
			t.Fatal(err)
		}
		if n := len(s.device.seen()); n != 1 || s.network.dials != 1 {
			t.Errorf("%d requests, %d connections", n, s.network.dials)
		}
		if _, err := session.Identify(t.Context()); err != nil || len(s.device.seen()) != 1 || len(s.ledger.charged) != 1 {
			t.Errorf("a second Identify: %v, charged %v", err, s.ledger.charged)
		}
	})
}

func TestIdentitiesSurviveForeignTexts(t *testing.T) {
	info := bytes.ReplaceAll([]byte(deviceInfo("SN0001")), []byte("gate"), []byte("\xb4\xf3\xc3\xc5")) // GBK
	for _, body := range [][]byte{
		info,
		bytes.Replace(info, []byte("UTF-8"), []byte("GB2312"), 1),
		append([]byte("\xef\xbb\xbf"), info...),
		append(info, 0, '\n'),
	} {
		identity, err := identityOf(http.StatusOK, body, nil)
		if err != nil || identity.Serial != "SN0001" {
			t.Errorf("%+v, %v", identity, err)
		}
	}
	identity, err := identityOf(http.StatusOK, []byte(deviceInfo("SN\u202e\u001b[31m")), nil)
	if err == nil && strings.ContainsAny(identity.Serial, "\x1b\u202e") {
		t.Errorf("control characters in %q", identity.Serial)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	device := newDevice()
	server := httptest.NewServer(device)
	defer server.Close()
	address, err := originOf(must(http.NewRequest("GET", server.URL, nil)).URL)
	if err != nil {
		b.Fatal(err)
	}
	session := Open(providers.Target{
		URL:    address,
		Login:  providers.Credential{Username: "admin", Password: schema.NewSecret(goodPassword)},
		Ledger: &ledger{},
	}, Options{})
	defer session.Close()
	if _, err := session.Identify(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := session.Read(b.Context(), "/ISAPI/a"); err != nil {
			b.Fatal(err)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
