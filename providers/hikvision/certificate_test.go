package hikvision_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/isapi"
)

// authority is a certificate by which others are judged.
func authority(t *testing.T, name string) string {
	t.Helper()
	key, from := newKey(t), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Organization: []string{"Workshop"}}, NotBefore: from, NotAfter: from.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestADeviceTrustsAuthorities brings one, chooses it for the log server, and takes it away again.
func TestADeviceTrustsAuthorities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, "authority", &fleet{t: t}, "camera-v58")
		d.key = "workshop"
		first := map[string]any{"certificate": authority(t, "Workshop CA")}
		for _, want := range []int{1, 0} {
			if n, err := d.tell(first); n != want || err != nil {
				t.Fatalf("%d requests, %v; want %d", n, err, want)
			}
		}
		d.read()
		if wrong := d.provider.Check(d.kind, d.docs, d.key, object(d.kind, map[string]any{"certificate": authority(t, "Other CA")})); len(wrong) != 1 ||
			!strings.Contains(wrong[0].Detail, "different certificate of this name") {
			t.Errorf("another one of the same name: %v", wrong)
		}
		for name, refused := range map[string]struct{ certificate, why string }{
			"no authority":   {signed(t, pkix.Name{CommonName: "gate"}, newKey(t).Public()), "is not that of an authority"},
			"two":            {authority(t, "Workshop CA") + authority(t, "Other CA"), "more than one"},
			"nothing at all": {"-----BEGIN CERTIFICATE-----", "no certificate in PEM form"},
		} {
			if wrong := d.provider.Check(d.kind, d.docs, "other", object(d.kind, map[string]any{"certificate": refused.certificate})); len(wrong) != 1 || !strings.Contains(wrong[0].Detail, refused.why) {
				t.Errorf("%s: %v", name, wrong)
			}
		}
		use := &told{t: t, provider: d.provider, kind: d.provider.Kinds().Lookup("certificate_use"), key: "securityLog", session: d.session}
		for _, want := range []int{1, 0} {
			if n, err := use.tell(map[string]any{"authority": "workshop"}); n != want || err != nil {
				t.Fatalf("%d requests choose it, %v; want %d", n, err, want)
			}
		}
		if have := use.read().GetAttr("authority"); !have.RawEquals(cty.StringVal("workshop")) {
			t.Errorf("the log server is judged by %#v", have)
		}
		if _, err := d.tell(nil); err == nil {
			t.Error("an authority in use is taken away")
		}
		if n, err := use.tell(map[string]any{"authority": ""}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		for _, want := range []int{1, 0} {
			if n, err := d.tell(nil); n != want || err != nil {
				t.Fatalf("%d requests take it away, %v; want %d", n, err, want)
			}
		}
	})
}

// TestTheOnlyCertificateIsReplacedWhileAnotherWayIsOpen: nothing brings the old one back.
func TestTheOnlyCertificateIsReplacedWhileAnotherWayIsOpen(t *testing.T) {
	key := newKey(t)
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("certificate")
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "gate"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	request := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	const (
		http  = "<AdminAccessProtocol><id>1</id><enabled>true</enabled><protocol>HTTP</protocol></AdminAccessProtocol>"
		https = "<AdminAccessProtocol><id>2</id><enabled>true</enabled><protocol>HTTPS</protocol><redirectToHttps>false</redirectToHttps></AdminAccessProtocol>"
	)
	list := func(entries string) string {
		return "<AdminAccessProtocolList>" + entries + "</AdminAccessProtocolList>"
	}
	for name, c := range map[string]struct{ request, accesses, clock, why string }{
		"stranger":     {request, list(http + https), "", "did not sign the one before it"},
		"open":         {request, list(http + https), "2026-06-01T00:00:00+01:00", ""},
		"clock unread": {request, list(http + https), "", ""},
		"off":          {request, list(strings.Replace(http, "true", "false", 1) + https), "", "one place"},
		"redirected":   {request, list(http + strings.Replace(https, ">false<", ">true<", 1)), "", "one place"},
		"unread":       {request, "", "", "one place"},
		"not yet":      {request, list(http + https), "2025-06-01T00:00:00", "the clock of the device shows 2025-06-01 00:00:00"},
		"ended":        {request, list(http + https), "2027-06-01T00:00:00Z", "valid from 2026-01-01 to 2027-01-01"},
		"no request":   {"", list(http + https), "", "no open request"},
		"last hours":   {request, list(http + https), "2027-01-01T10:00:00", ""}, // nobody knows how far from UTC that is
	} {
		docs := providers.Documents{}
		for path, body := range map[string]string{
			kind.Document.Path:              "<CertificateInfo><SubjectDN><commonName>old</commonName></SubjectDN><endDate>2030-01-01</endDate></CertificateInfo>",
			codec.SigningRequest:            c.request,
			"/ISAPI/Security/adminAccesses": c.accesses,
			"/ISAPI/System/time":            "<Time><localTime>" + c.clock + "</localTime></Time>",
			kind.Document.Capabilities[0]:   `{"ServerCertificateCap":{"RSAKeyLength":{"@opt":[1024,2048]}}}`,
		} {
			if body != "" {
				docs[path] = providers.Document{Path: path, Body: []byte(body)}
			}
		}
		chain := signed(t, pkix.Name{CommonName: "gate"}, key.Public())
		if name == "stranger" {
			chain += authority(t, "Stranger")
		}
		wrong := provider.Check(kind, docs, "", object(kind, map[string]any{"chain": chain}))
		said := ""
		for _, w := range wrong {
			said += w.Detail
		}
		if c.why == "" && said != "" || !strings.Contains(said, c.why) {
			t.Errorf("%s: %q", name, said)
		}
	}
}
