package engine_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/graph"
	"camform/engine/report"
	"camform/engine/state"
	"camform/engine/thorough"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

// renewal is a device whose certificate is replaced by runs that die.
type renewal struct {
	testing.TB
	fleet    *simulator.Fleet
	provider *mortal
	store    *state.Store
	path     string
	cfg      *config.Config
	beside   string // further settings that are declared
	runs     int
	ahead    time.Duration // how far the clock of the state is ahead, so that leases of the dead have ended
}

// mortal is a provider whose sessions pass moments, before and after each exchange with the device.
type mortal struct {
	*hikvision.Provider
	passes func(moment string)
	opened []providers.Session // those of a run that died stay open until the test ends
	forged []byte              // that devices give as the request that they made; nil for that
	stuck  *x509.Certificate   // that devices go on to show, whatever they say; nil for the one that they have
}

func (m *mortal) Open(t providers.Target) providers.Session {
	session := m.Provider.Open(t)
	m.opened = append(m.opened, session)
	return &mortalSession{session, m}
}

func (m *mortal) close() {
	for _, session := range m.opened {
		session.Close()
	}
}

type mortalSession struct {
	providers.Session
	of *mortal
}

func (s *mortalSession) pass(what string) { s.of.passes(what) }

func (s *mortalSession) Identify(ctx context.Context) (providers.Identity, error) {
	s.pass("before a login")
	identity, err := s.Session.Identify(ctx)
	s.pass("after a login")
	return identity, err
}

func (s *mortalSession) Certificate() *x509.Certificate {
	if s.of.stuck != nil {
		return s.of.stuck
	}
	return s.Session.(providers.Certified).Certificate()
}

func (s *mortalSession) Read(ctx context.Context, path string) (providers.Document, error) {
	return s.of.read(ctx, s.Session, path)
}

// mortalReader is a reader of a device that goes on to show a certificate.
type mortalReader struct {
	providers.Reader
	of *mortal
}

func (m *mortal) OpenReader(t providers.Target) providers.Reader {
	return &mortalReader{m.Provider.OpenReader(t), m}
}

func (r *mortalReader) Read(ctx context.Context, path string) (providers.Document, error) {
	return r.of.read(ctx, r.Reader, path)
}

func (m *mortal) read(ctx context.Context, from providers.Reader, path string) (providers.Document, error) {
	doc, err := from.Read(ctx, path)
	if m.stuck != nil {
		doc.Shown = m.stuck
	}
	if m.forged != nil && doc.Missing == "" && strings.Contains(path, "/downloadCertSignReq") {
		doc.Body = m.forged
	}
	return doc, err
}

func (s *mortalSession) Do(ctx context.Context, r providers.Request) (providers.Reply, error) {
	s.pass("before " + r.Method + " " + r.Path)
	reply, err := s.Session.Do(ctx, r)
	s.pass("after " + r.Method + " " + r.Path)
	return reply, err
}

func newRenewal(t testing.TB, model string) *renewal {
	t.Helper()
	fleet := newFleet(t, simulator.Options{Models: []string{model}, TLS: true})
	r := &renewal{TB: t, fleet: fleet, path: quickDir(t) + "/state.db"}
	r.provider = &mortal{Provider: hikvision.New(isapi.Options{Dial: fleet.DialContext}), passes: func(string) {}}
	r.open()
	t.Cleanup(func() { _ = r.store.Close() })
	t.Cleanup(r.provider.close)
	r.declare("")
	if _, problems := r.engine().Plan(context.Background(), r.cfg, nil); len(certain(problems)) > 0 {
		t.Fatal(problems)
	}
	return r
}

func (r *renewal) open() {
	r.Helper()
	ahead := r.ahead
	store, err := state.Open(context.Background(), r.path, state.Options{Now: func() time.Time { return time.Now().Add(ahead) }, Owner: state.Owner{Who: "ops@host", PID: 7, Operation: "apply", Version: "1.0"}})
	if err != nil {
		r.Fatal(err)
	}
	r.store = store
}

func (r *renewal) engine() *engine.Engine {
	return &engine.Engine{
		Provider: r.provider, Store: r.store.Fleet, Now: time.Now, Version: "1.0", Event: func(report.Event) {},
		Parallelism: graph.Parallelism{Total: 1, PerGroup: 1}, Nodes: providers.NewNodes(r.store.Nodes),
		Secret: func(string) (schema.Secret, error) { return schema.NewSecret(fleetPassword), nil },
	}
}

func (r *renewal) declare(chain string) {
	r.Helper()
	block := ""
	if chain != "" {
		block = "  certificate {\n    chain = <<-EOT\n" + chain + "    EOT\n  }\n"
	}
	s := &site{TB: r.TB, env: map[string]string{"FLEET_PASSWORD": fleetPassword}, provider: &inspector{Provider: r.provider}}
	s.configure(fmt.Sprintf(`device "gate" {
  address        = %q
  allow_unproven = { certificate = "tried" }
  login {
    username = "admin"
    password = secret("env:FLEET_PASSWORD")
  }
%s%s}
`, r.fleet.URL(r.fleet.Devices()[0]), block, r.beside))
	r.cfg = s.cfg
}

func (r *renewal) run() string {
	r.runs++
	return fmt.Sprintf("run-%d", r.runs)
}

// requested has the device make a request and signs it, for some days.
func (r *renewal) requested(days int) (chain string, key string) {
	r.Helper()
	made, err := r.engine().RequestCertificate(context.Background(), r.cfg.Devices[0], providers.Subject{CommonName: "gate.example.com", Country: "NL"}, r.run(),
		func(context.Context) error { return nil })
	if err != nil {
		r.Fatal(err)
	}
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.Fatal(err)
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example CA"}}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: made.Request.Subject, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().AddDate(0, 0, days),
		IPAddresses: []net.IP{net.ParseIP(r.fleet.URL(r.fleet.Devices()[0]).Hostname())},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, made.Request.PublicKey, authority)
	if err != nil {
		r.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		r.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), providers.KeyOf(signed)
}

// converge recovers, plans and applies once.
func (r *renewal) converge() {
	r.Helper()
	ctx := context.Background()
	if _, err := r.engine().Recover(ctx, engine.Accesses(r.cfg.Devices), r.run()); err != nil {
		r.Fatal(err)
	}
	planned, problems := r.engine().Plan(ctx, r.cfg, nil)
	if len(certain(problems)) > 0 {
		r.Fatal(problems)
	}
	done := r.engine().Apply(ctx, ctx, planned.Plan, r.run())
	for _, d := range done.Devices {
		if !d.Result.Good() {
			r.Fatalf("%s: %s %+v", d.Result, d.Detail, d.Steps)
		}
	}
}

// dies applies what is declared and dies at the moment of that number, counted from 1; at 0 it never dies.
func (r *renewal) dies(at int) (passed []string, died bool) {
	r.Helper()
	ctx := context.Background()
	planned, problems := r.engine().Plan(ctx, r.cfg, nil)
	if len(certain(problems)) > 0 {
		r.Fatal(problems)
	}
	r.provider.passes = func(moment string) {
		passed = append(passed, moment)
		if len(passed) == at {
			died = true
			_ = r.store.Close()
			runtime.Goexit()
		}
	}
	r.engine().Apply(ctx, ctx, planned.Plan, r.run())
	r.provider.passes = func(string) {}
	return passed, died
}

// hasOnly checks that the device shows a key, that camform knows it by that alone, and that what it brought before is gone.
func (r *renewal) hasOnly(key string) {
	r.Helper()
	ctx := context.Background()
	planned, problems := r.engine().Plan(ctx, r.cfg, nil)
	if len(certain(problems)) > 0 || len(planned.Plan.Devices[0].Steps) > 0 {
		r.Fatalf("there is something left to do: %v %+v", problems, planned.Plan.Devices[0].Steps)
	}
	known, _, err := r.store.Device(ctx, schema.Device{Name: "gate"})
	if err != nil || known.Pin.SPKI != key || known.Pin.Next != "" {
		r.Fatalf("it is known by %+v, want %s: %v", known.Pin, key, err)
	}
	if n := r.fleet.Devices()[0].Refusals(); n > 0 {
		r.Errorf("%d logins were refused", n)
	}
}

// TestI9ACertificateIsRenewedByRunsThatMayDie: whenever a run dies, the next one finds the device by the key that it has, and finishes.
func TestI9ACertificateIsRenewedByRunsThatMayDie(t *testing.T) {
	for _, model := range []string{"camera-v58", "camera-v57"} {
		begin := func(t testing.TB) (r *renewal, key string) {
			r = newRenewal(t, model)
			chain, first := r.requested(300)
			r.declare(chain)
			r.converge()
			r.hasOnly(first)
			chain, key = r.requested(301)
			r.declare(chain)
			return r, key
		}
		r, key := begin(t)
		moments, _ := r.dies(0)
		r.hasOnly(key)
		if told := strings.Join(moments, "\n"); model == "camera-v58" && (strings.Count(told, "before DELETE") != 1 || strings.Index(told, "before DELETE") < strings.LastIndex(told, "after PUT")) {
			t.Errorf("the old certificate is taken away too early or never:\n%s", told)
		}
		for _, at := range places(len(moments), thorough.Pick(3, 8, thorough.All)) {
			t.Run(fmt.Sprintf("%s %d %s", model, at, moments[at-1]), func(t *testing.T) {
				r, key := begin(t)
				if _, died := r.dies(at); !died {
					t.Fatal("it did not die")
				}
				r.ahead = time.Hour
				r.open()
				r.converge()
				r.hasOnly(key)
			})
		}
	}
}

// TestI9TheOldCertificateStaysWhileTheDeviceShowsIt: a web server may go on with the old one for a while after the device said that it
// has the new one.
func TestI9TheOldCertificateStaysWhileTheDeviceShowsIt(t *testing.T) {
	r := newRenewal(t, "camera-v58")
	chain, _ := r.requested(300)
	r.provider.stuck = r.provider.opened[0].(providers.Certified).Certificate()
	r.declare(chain)
	if steps := r.apply(); len(steps) != 1 || steps[0].Result != report.NotWorking {
		t.Errorf("the device shows the certificate that it came with, and that counts as good: %+v", steps)
	}
	r.provider.stuck = certificateIn(t, chain)
	chain, key := r.requested(301)
	r.declare(chain)
	if steps := r.apply(); len(steps) != 1 || steps[0].Result.Good() {
		t.Errorf("the device shows the old certificate, and that counts as good: %+v", steps)
	}
	if list := r.certificates(); !strings.Contains(list, "camform-1") || !strings.Contains(list, "camform-2") {
		t.Errorf("the device has the certificates %s", list)
	}
	r.provider.stuck = nil
	r.converge()
	r.hasOnly(key)
	if list := r.certificates(); strings.Contains(list, "camform-1") {
		t.Errorf("the old one stays for good: %s", list)
	}
}

// TestI9ARenewalOfTheSameDayIsBrought: a certificate with the name and the end of the one that the device has is another one all the same.
func TestI9ARenewalOfTheSameDayIsBrought(t *testing.T) {
	for _, model := range []string{"camera-v58", "camera-v57"} {
		r := newRenewal(t, model)
		chain, first := r.requested(300)
		r.declare(chain)
		r.converge()
		r.hasOnly(first)
		chain, second := r.requested(300)
		r.declare(chain)
		r.converge()
		r.hasOnly(second)
	}
}

// TestI9NothingIsClosedUntilTheNewCertificateIsSeen: a device that does not show it may come back with anything, and what is open beside
// HTTPS is the way in then.
func TestI9NothingIsClosedUntilTheNewCertificateIsSeen(t *testing.T) {
	r := newRenewal(t, "camera-v57")
	chain, key := r.requested(300)
	r.provider.stuck = r.provider.opened[0].(providers.Certified).Certificate()
	r.beside = "  service \"HTTP\" {\n    enabled = false\n  }\n"
	r.declare(chain)
	steps := r.apply()
	if len(steps) != 2 || steps[0].Result != report.NotWorking || steps[1].Result != report.NotRun {
		t.Errorf("HTTP is closed: %+v", steps)
	}
	_, problems := r.engine().Plan(context.Background(), r.cfg, nil)
	if told := fmt.Sprint(certain(problems)); !strings.Contains(told, "it takes effect when the device restarts") {
		t.Errorf("the next plan is not refused: %s", told)
	}
	r.provider.stuck = nil
	r.converge()
	r.hasOnly(key)
}

// TestI11ARequestIsTheOneThatWasAskedFor: an authority would sign whatever name stands in it.
func TestI11ARequestIsTheOneThatWasAskedFor(t *testing.T) {
	r := newRenewal(t, "camera-v58")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if r.provider.forged, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "bank.example", Country: []string{"NL"}}}, key); err != nil {
		t.Fatal(err)
	}
	for _, voids := range []bool{true, false} {
		of := providers.Subject{CommonName: "gate.example.com", Country: "NL", Voids: voids}
		if made, err := r.engine().RequestCertificate(context.Background(), r.cfg.Devices[0], of, r.run(), func(context.Context) error { return nil }); err == nil || !strings.Contains(err.Error(), "CN=bank.example") {
			t.Errorf("new %t: %+v, %v", voids, made, err)
		}
	}
}

// apply plans and applies once.
func (r *renewal) apply() []report.Step {
	r.Helper()
	ctx := context.Background()
	planned, problems := r.engine().Plan(ctx, r.cfg, nil)
	if len(certain(problems)) > 0 {
		r.Fatal(problems)
	}
	return r.engine().Apply(ctx, ctx, planned.Plan, r.run()).Devices[0].Steps
}

// certificates is the list of the device.
func (r *renewal) certificates() string {
	r.Helper()
	planned, _ := r.engine().Plan(context.Background(), r.cfg, nil)
	return string(planned.Snapshots[schema.Device{Name: "gate"}].Documents["/ISAPI/Security/serverCertificate/certificates?format=json"].Body)
}

func certificateIn(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestI11ARequestIsMadeOverHTTPSOnly: over plain http somebody in between could exchange the request, and its key with it; and over
// https, where the key of the device was not pinned before.
func TestI11ARequestIsMadeOverHTTPSOnly(t *testing.T) {
	for name, c := range map[string]struct {
		tls bool
		why string
	}{
		"http":                        {false, "over https only"},
		"https to a key not seen yet": {true, "has not seen its TLS key yet"},
	} {
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v58"}, TLS: c.tls})
		s := newSite(t, fleet, fleet.DialContext)
		d := fleet.Devices()[0]
		s.configure(strings.Replace(s.deviceBlock("gate", d, ""), "  login {", "  allow_unproven = { certificate = \"tried\" }\n  login {", 1))
		gate := s.cfg.Devices[0]
		if err := s.store.SaveSeen(context.Background(), state.Device{Address: gate.Address, Endpoint: gate.URL.Host, Pin: providers.Pin{Realm: "seen over http"}}); err != nil {
			t.Fatal(err)
		}
		e := s.engine()
		e.Provider = s.provider.Provider
		_, err := e.RequestCertificate(context.Background(), gate, providers.Subject{CommonName: "gate", Country: "NL"}, "run-1", func(context.Context) error { return nil })
		if err == nil || !strings.Contains(err.Error(), c.why) || bytes.Contains(d.Document("/ISAPI/Security/serverCertificate/certSignReq"), []byte("gate")) {
			t.Errorf("a request over %s: %v", name, err)
		}
	}
}
