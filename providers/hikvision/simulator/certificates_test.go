package simulator_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

const (
	serverCertificate = "/ISAPI/Security/serverCertificate"
	deviceCertificate = "/ISAPI/Security/deviceCertificate"
	selectFor         = "/ISAPI/Security/certificate/select/"
	selectHTTPS       = selectFor + "HTTPS?format=json"
	certificateList   = serverCertificate + "/certificates?format=json"
	authorityList     = deviceCertificate + "/certificates?format=json"
	signingRequest    = "<CertificateReq><id>1</id><SubjectDN><countryName>NL</countryName><organizationName>Workshop</organizationName><commonName>gate.example.com</commonName></SubjectDN></CertificateReq>"
)

// authority signs certificates for devices.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Workshop CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2048, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{t, key, cert}
}

// sign makes a chain in PEM for a subject and a key.
func (a *authority) sign(subject pkix.Name, names []string, key crypto.PublicKey) string {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: subject, DNSNames: names,
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	var chain bytes.Buffer
	for _, c := range [][]byte{der, a.cert.Raw} {
		if err := pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: c}); err != nil {
			a.t.Fatal(err)
		}
	}
	return chain.String()
}

// request has the device make a certificate request.
func request(t *testing.T, c *client) *x509.CertificateRequest {
	t.Helper()
	c.put(serverCertificate+"/certSignReq", signingRequest, "ok")
	block, _ := pem.Decode([]byte(c.get(serverCertificate + "/downloadCertSignReq")))
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		t.Fatal("no request in PEM")
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || r.CheckSignature() != nil {
		t.Fatal(err, r.CheckSignature())
	}
	return r
}

// requestNamed has the device make a request for a certificate with a name. It answers with it at once, and gives it again.
func requestNamed(t *testing.T, c *client, id string) *x509.CertificateRequest {
	t.Helper()
	made := c.do(http.MethodPost, serverCertificate+"/certSignReq?customID="+id, signingRequest)
	block, _ := pem.Decode([]byte(c.get(serverCertificate + "/downloadCertSignReq?customID=" + id)))
	if block == nil || !strings.Contains(made.body, "<detailInfo>-----BEGIN CERTIFICATE REQUEST-----") {
		t.Fatalf("no request in %s", made.body)
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || r.CheckSignature() != nil {
		t.Fatal(err, r.CheckSignature())
	}
	return r
}

// imported is what brings a certificate for a request of the device.
func imported(chain string) string {
	return "<CertificateReq><certificateMode>signingRequest</certificateMode></CertificateReq>\n" + chain
}

func presented(t *testing.T, f *simulator.Fleet, d *simulator.Device) []*x509.Certificate {
	t.Helper()
	state, err := handshake(t, f, d, tls.VersionTLS12)
	if err != nil {
		t.Fatal(err)
	}
	return state.PeerCertificates
}

func TestASignedCertificateIsShownInTheHandshake(t *testing.T) {
	for _, model := range []string{"camera-v56", "camera-v57", "camera-v58", "thermal-v55", "recorder-v2"} {
		f, d := one(t, model, newClock().now)
		c := connect(t, f, d, "admin", password)
		ca := newAuthority(t)
		before := presented(t, f, d)[0]
		if a := c.do(http.MethodGet, serverCertificate+"/downloadCertSignReq", ""); a.status == http.StatusOK {
			t.Errorf("%s: there is a request already", model)
		}
		r := request(t, c)
		if r.Subject.CommonName != "gate.example.com" || r.Subject.Country[0] != "NL" || len(r.DNSNames)+len(r.IPAddresses) > 0 {
			t.Errorf("%s: the request is for %s %s %s", model, r.Subject, r.DNSNames, r.IPAddresses)
		}
		if !strings.Contains(c.get(serverCertificate+"/certSignReq"), "<commonName>gate.example.com<") {
			t.Errorf("%s: the device does not tell of its request", model)
		}
		if !before.Equal(presented(t, f, d)[0]) {
			t.Errorf("%s: a request alone changes the certificate", model)
		}
		c.put(serverCertificate+"/certificate", ca.sign(r.Subject, []string{"gate.example.com"}, r.PublicKey), "ok")
		chain := presented(t, f, d)
		if len(chain) != 2 || !chain[1].Equal(ca.cert) || chain[0].VerifyHostname("gate.example.com") != nil {
			t.Fatalf("%s: %d certificates, %s", model, len(chain), chain[0].Subject)
		}
		if before.PublicKey.(*ecdsa.PublicKey).Equal(chain[0].PublicKey) || !chain[0].PublicKey.(*ecdsa.PublicKey).Equal(r.PublicKey) {
			t.Errorf("%s: another key than that of the request", model)
		}
		got := c.get(serverCertificate + "/certificate")
		for _, want := range []string{
			"<IssuerDN><commonName>Workshop CA<",
			"<SubjectDN><countryName>NL</countryName><organizationName>Workshop</organizationName><commonName>gate.example.com</commonName></SubjectDN>",
			"<startDate>2026-01-01T00:00:00Z<", "<endDate>2027-01-01T00:00:00Z<",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %s in\n%s", model, want, got)
			}
		}
		if a := c.do(http.MethodGet, serverCertificate+"/certSignReq", ""); a.status == http.StatusOK {
			t.Errorf("%s: the request is still there", model)
		}
	}
}

func TestCertificatesOfOtherKeysAreRefused(t *testing.T) {
	f, d := one(t, "camera-v57", newClock().now)
	c := connect(t, f, d, "admin", password)
	before := presented(t, f, d)[0]
	ca := newAuthority(t)
	c.put(serverCertificate+"/certificate", ca.sign(pkix.Name{CommonName: "x"}, nil, ca.key.Public()), "certificateNotmatch")
	c.put(serverCertificate+"/certificate", "no certificate", "parseCertificateFailed")
	c.send(http.MethodDelete, serverCertificate+"/certificate", "", "certificateIsUsing")
	c.put(serverCertificate+"/certSignReq", "<CertificateReq/>", "MessageParametersLack")
	c.put(serverCertificate+"/certSignReq", strings.Replace(signingRequest, "NL", "Holland", 1), "badParameters")
	c.put(serverCertificate+"/certSignReq", strings.ReplaceAll(signingRequest, "organizationName", "organisation"), "badXmlContent")
	c.put(serverCertificate+"/certSignReq", "<CertSignReq/>", "badXmlContent")
	if !before.Equal(presented(t, f, d)[0]) {
		t.Error("the certificate changed")
	}
	f, d = one(t, "camera-v52", newClock().now)
	connect(t, f, d, "admin", password).put(serverCertificate+"/certSignReq", signingRequest, "notSupport")
}

func TestASelfSignedCertificateHasANewKey(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v57", clock.now)
	c := connect(t, f, d, "admin", password)
	r, before := request(t, c), presented(t, f, d)[0]
	body := "<CertificateReq><id>1</id><SubjectDN><countryName>NL</countryName><commonName>gate</commonName></SubjectDN><validity>30</validity></CertificateReq>"
	c.put(serverCertificate+"/selfSignCert", body, "ok")
	after := presented(t, f, d)[0]
	if after.Subject.CommonName != "gate" || !after.NotAfter.Equal(clock.now().AddDate(0, 0, 30)) || before.PublicKey.(*ecdsa.PublicKey).Equal(after.PublicKey) {
		t.Errorf("%s until %s", after.Subject, after.NotAfter)
	}
	c.put(serverCertificate+"/certificate", newAuthority(t).sign(r.Subject, nil, r.PublicKey), "certificateNotmatch")
	c.put(serverCertificate+"/selfSignCert", strings.Replace(body, ">30<", ">9999<", 1), "badParameters")
	c.put(serverCertificate+"/selfSignCert", strings.Replace(body, "<validity>30</validity>", "", 1), "MessageParametersLack")
	c.put(serverCertificate+"/selfSignCert", strings.Replace(body, "<countryName>NL</countryName>", "", 1), "MessageParametersLack")
}

func TestCertificatesWithNamesAreBound(t *testing.T) {
	for _, model := range []string{"camera-v58", "recorder-v2"} {
		f, d := one(t, model, newClock().now)
		c := connect(t, f, d, "admin", password)
		before, ca := presented(t, f, d)[0], newAuthority(t)
		r := requestNamed(t, c, "spring")
		signed := ca.sign(r.Subject, []string{"gate.example.com"}, r.PublicKey)
		c.send(http.MethodPost, serverCertificate+"/certificate?customID=summer", imported(signed), "certificateNotmatch")
		c.send(http.MethodPost, serverCertificate+"/certificate?customID=spring", strings.Replace(imported(signed), "signingRequest", "privateKey", 1), "badXmlContent")
		c.send(http.MethodPost, serverCertificate+"/certificate?customID=spring", imported(signed), "ok")
		list := c.get(certificateList)
		if strings.Count(list, `"customID"`) != 2 || !strings.Contains(list, `"customID":"spring"`) || !strings.Contains(list, `"status":"normal"`) {
			t.Errorf("%s: %s", model, list)
		}
		if !before.Equal(presented(t, f, d)[0]) {
			t.Errorf("%s: the certificate is shown before it is bound", model)
		}
		c.putJSON(selectHTTPS, `{"CertificateSelect":{"serverCertificate":"summer"}}`, "certificateNotExist")
		c.putJSON(selectHTTPS, `{"CertificateSelect":{"serverCertificate":"spring"}}`, "ok")
		if got := presented(t, f, d)[0].Subject.CommonName; got != "gate.example.com" || !strings.Contains(c.get(selectHTTPS), "spring") {
			t.Errorf("%s: %s is shown", model, got)
		}
		c.send(http.MethodDelete, serverCertificate+"/certificates/spring", "", "certificateIsUsing")
		c.send(http.MethodDelete, serverCertificate+"/certificates/default", "", "ok")
		c.send(http.MethodDelete, serverCertificate+"/certificates/default", "", "certificateNotExist")
		if got := c.get(certificateList); strings.Contains(got, "default") || !strings.Contains(got, `"type":"HTTPS"`) {
			t.Errorf("%s: %s", model, got)
		}
		if a := c.do(http.MethodPost, serverCertificate+"/certSignReq?customID=autumn", signingRequest); !strings.Contains(a.body, "<detailInfo>-----BEGIN CERTIFICATE REQUEST-----") {
			t.Errorf("%s: a request with a name is answered with %s", model, a.body)
		}
		c.put(deviceCertificate+"?customID=workshop", signed, "badParameters")
		c.contentType = "application/x-x509-ca-cert"
		c.put(deviceCertificate+"?customID=workshop", signed, "ok")
		c.put(deviceCertificate+"?customID=workshop", signed, "certificateAlreadyExist")
		if got := c.get(authorityList); !strings.Contains(got, `"customID":"workshop"`) {
			t.Errorf("%s: %s", model, got)
		}
		if model == "camera-v58" {
			c.putJSON(selectFor+"securityLog?format=json", `{"CertificateSelect":{"CACertificate":"summer"}}`, "certificateNotExist")
			c.putJSON(selectFor+"securityLog?format=json", `{"CertificateSelect":{"CACertificate":"workshop"}}`, "ok")
			c.send(http.MethodDelete, deviceCertificate+"/certificates/workshop", "", "certificateIsUsing")
			c.putJSON(selectFor+"securityLog?format=json", `{"CertificateSelect":{"CACertificate":""}}`, "ok")
		}
		c.send(http.MethodDelete, deviceCertificate+"/certificates/workshop", "", "ok")
	}
	f, d := one(t, "camera-v57", newClock().now)
	if a := connect(t, f, d, "admin", password).do(http.MethodGet, certificateList, ""); a.status == http.StatusOK {
		t.Error("a camera without names for certificates lists them")
	}
}
