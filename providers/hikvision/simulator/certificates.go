package simulator

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// certificates are what a device shows in TLS. They are made when they are first needed.
type certificates struct {
	key     *ecdsa.PrivateKey
	chains  map[string][][]byte // DER, leaf first, by customID
	inUse   string              // customID
	request []byte              // DER of the certificate request that waits for its certificate; nil if there is none
}

// defaultCertificate is the customID of the certificate that a device makes for itself.
const defaultCertificate = "default"

const (
	serverCertificatePath = "/ISAPI/Security/serverCertificate"
	deviceCertificatePath = "/ISAPI/Security/deviceCertificate"
	selectHTTPSPath       = "/ISAPI/Security/certificate/select/HTTPS"

	certificateDate = "2006-01-02T15:04:05Z"
	contentBinary   = "application/octet-stream"
)

// shown returns the chain in use and its key.
func (d *Device) shown() (tls.Certificate, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.makeCertificates(); err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: d.certs.chains[d.certs.inUse], PrivateKey: d.certs.key}, nil
}

func (d *Device) makeCertificates() error {
	if d.certs.key != nil {
		return nil
	}
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	return d.selfSign(pkix.Name{CommonName: d.model.product}, from, time.Date(2049, 12, 31, 0, 0, 0, 0, time.UTC))
}

// selfSign gives the device a new key and a certificate for it, and forgets what belonged to the old key.
func (d *Device) selfSign(subject pkix.Name, from, until time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(d.identity.key[:]),
		Subject:      subject,
		NotBefore:    from,
		NotAfter:     until,
		IPAddresses:  []net.IP{d.address.AsSlice()},
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	d.certs = certificates{key: key, chains: map[string][][]byte{defaultCertificate: {der}}, inUse: defaultCertificate}
	return nil
}

// managesCertificates reports whether the model has the requests of serverCertificate, named whether those of
// deviceCertificate: their capability documents say so.
func (d *Device) managesCertificates() bool { return d.has(serverCertificatePath + "/capabilities") }

func (d *Device) namesCertificates() bool { return d.has(deviceCertificatePath + "/capabilities") }

func (d *Device) has(path string) bool {
	_, found := d.stored(path)
	return found && !d.model.recorded
}

// readCertificates answers a GET of what is no stored document: the certificate, the request, the list.
func (d *Device) readCertificates(path string) (document, bool) {
	list := path == deviceCertificatePath+"/certificates" || path == serverCertificatePath+"/certificates"
	switch {
	case list && d.namesCertificates():
		return d.certificateList()
	case !strings.HasPrefix(path, serverCertificatePath+"/") || !d.managesCertificates() || d.makeCertificates() != nil:
		return document{}, false
	}
	switch strings.TrimPrefix(path, serverCertificatePath+"/") {
	case "certificate":
		return d.certificateDocument()
	case "certSignReq":
		return document{body: d.requestState(), contentType: contentXML}, true
	case "downloadCertSignReq":
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: d.certs.request})
		return document{body: text, contentType: contentBinary}, d.certs.request != nil
	}
	return document{}, false
}

func (d *Device) certificateDocument() (document, bool) {
	leaf, err := x509.ParseCertificate(d.certs.chains[d.certs.inUse][0])
	if err != nil {
		return document{}, false
	}
	return document{
		body: fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<Certificate%s>
<issuerDN>%s</issuerDN>
<subjectDN>%s</subjectDN>
<startDate>%s</startDate>
<endDate>%s</endDate>
</Certificate>
`, d.attributes(), escape(leaf.Issuer.String()), escape(leaf.Subject.String()), leaf.NotBefore.Format(certificateDate), leaf.NotAfter.Format(certificateDate)),
		contentType: contentXML,
	}, true
}

func (d *Device) requestState() []byte {
	return fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CertSignReq%s>\n<created>%t</created>\n</CertSignReq>\n", d.attributes(), d.certs.request != nil)
}

// listedCertificate is an item of the list of certificates, as the guide has it.
type listedCertificate struct {
	IssuerDN  string `json:"issuerDN"`
	SubjectDN string `json:"subjectDN"`
	StartDate string `json:"startDate"`
	EndDate   string `json:"endDate"`
	Type      string `json:"type"`
	Status    string `json:"status"`
	CustomID  string `json:"customID"`
}

func (d *Device) certificateList() (document, bool) {
	if d.makeCertificates() != nil {
		return document{}, false
	}
	list := []listedCertificate{}
	for _, id := range slices.Sorted(maps.Keys(d.certs.chains)) {
		leaf, err := x509.ParseCertificate(d.certs.chains[id][0])
		if err != nil {
			return document{}, false
		}
		status := "normal"
		if d.now().After(leaf.NotAfter) {
			status = "expired"
		}
		list = append(list, listedCertificate{
			leaf.Issuer.String(), leaf.Subject.String(), leaf.NotBefore.Format(certificateDate), leaf.NotAfter.Format(certificateDate), "HTTPS", status, id,
		})
	}
	body, err := json.Marshal(map[string]any{"CertificateList": list})
	return document{body: body, contentType: contentJSON}, err == nil
}

// changeCertificates carries out a write about certificates. Not handled is what is no such request.
func (d *Device) changeCertificates(q request) (done result, handled bool) {
	brings := q.method == http.MethodPut || q.method == http.MethodPost
	named, isNamed := strings.CutPrefix(q.path, serverCertificatePath+"/certificates/")
	switch {
	case q.path == deviceCertificatePath && d.namesCertificates() && brings:
		return d.installCertificate(q, q.query.Get("customID")), true
	case isNamed && d.namesCertificates() && q.method == http.MethodDelete:
		return d.removeCertificate(named), true
	case !d.managesCertificates():
		return result{}, false
	case q.path == serverCertificatePath+"/certificate" && brings:
		return d.installCertificate(q, defaultCertificate), true
	case q.path == serverCertificatePath+"/certificate" && q.method == http.MethodDelete:
		return d.removeCertificate(defaultCertificate), true
	case q.path == serverCertificatePath+"/selfSignCert" && brings:
		return d.selfSignAsTold(q), true
	case q.path == serverCertificatePath+"/certSignReq" && q.method == http.MethodPost:
		return d.requestCertificate(q), true
	case q.path == serverCertificatePath+"/certSignReq" && q.method == http.MethodDelete:
		d.certs.request = nil
		return result{http: http.StatusOK, code: ok}, true
	}
	return result{}, false
}

// installCertificate takes a chain in PEM or one certificate in DER for the key of the device, and shows it from then on if
// it takes the place of the one in use.
func (d *Device) installCertificate(q request, id string) result {
	if id == "" || len(id) > 64 {
		return *d.refuse(parametersLack).about("customID")
	}
	if d.makeCertificates() != nil {
		return *d.refuse(deviceError)
	}
	chain, leaf, err := parseChain(q.body)
	if err != nil {
		return *d.refuse(badCertificate)
	}
	if !d.certs.key.PublicKey.Equal(leaf.PublicKey) {
		return *d.refuse(certificateMismatch)
	}
	d.certs.chains[id], d.certs.request = chain, nil
	return result{http: http.StatusOK, code: ok}
}

// parseChain reads certificates, the leaf first.
func parseChain(text []byte) (chain [][]byte, leaf *x509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			chain = append(chain, block.Bytes)
		}
	}
	if len(chain) == 0 {
		chain = [][]byte{bytes.Clone(text)}
	}
	for _, der := range chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, nil, err
		}
		if leaf == nil {
			leaf = c
		}
	}
	return chain, leaf, nil
}

// removeCertificate removes what is not in use.
func (d *Device) removeCertificate(id string) result {
	switch {
	case d.makeCertificates() != nil:
		return *d.refuse(deviceError)
	case d.certs.chains[id] == nil:
		return *d.refuse(noCertificate)
	case id == d.certs.inUse:
		return *d.refuse(certificateInUse)
	}
	delete(d.certs.chains, id)
	return result{http: http.StatusOK, code: ok}
}

// selfSignAsTold makes a key and a certificate with the subject that was sent.
func (d *Device) selfSignAsTold(q request) result {
	root, no := d.subjectSent(q, "SelfSignCert")
	if no != nil {
		return *no
	}
	days, err := strconv.Atoi(root.value("validDays"))
	if err != nil {
		return *d.refuse(parametersLack).about("validDays")
	}
	if d.selfSign(subjectOf(root), d.now().UTC(), d.now().UTC().AddDate(0, 0, days)) != nil {
		return *d.refuse(deviceError)
	}
	return result{http: http.StatusOK, code: ok}
}

// requestCertificate makes a PKCS #10 request for the key of the device, with its address and the common name as alternative
// names.
func (d *Device) requestCertificate(q request) result {
	root, no := d.subjectSent(q, "CertSignReq")
	if no != nil {
		return *no
	}
	if d.makeCertificates() != nil {
		return *d.refuse(deviceError)
	}
	template := &x509.CertificateRequest{Subject: subjectOf(root), IPAddresses: []net.IP{d.address.AsSlice()}}
	if name := template.Subject.CommonName; net.ParseIP(name) == nil {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, d.certs.key)
	if err != nil {
		return *d.refuse(badParameters)
	}
	d.certs.request = der
	return result{http: http.StatusOK, code: ok}
}

// subjectSent reads the subject of a certificate, within the limits of the capability document.
func (d *Device) subjectSent(q request, name string) (*element, refusal) {
	root, err := scan(q.body)
	switch {
	case err != nil:
		return nil, d.refuse(badXMLFormat)
	case root.name != name:
		return nil, d.refuse(badXMLContent).about(root.name)
	case root.value("commonName") == "":
		return nil, d.refuse(parametersLack).about("commonName")
	}
	c := &composition{device: d, document: q.path, want: root, pattern: d.scanned(serverCertificatePath + "/capabilities").child(name)}
	return root, c.checkValues()
}

func subjectOf(e *element) pkix.Name {
	some := func(name string) []string {
		if text := e.value(name); text != "" {
			return []string{text}
		}
		return nil
	}
	return pkix.Name{
		Country: some("countryName"), Province: some("stateOrProvinceName"), Locality: some("localityName"),
		Organization: some("organizationName"), OrganizationalUnit: some("organizationalUnitName"), CommonName: e.value("commonName"),
	}
}

// bindCertificate makes HTTPS show the certificate that a document about that names. Other documents pass.
func (d *Device) bindCertificate(path string, next []byte) refusal {
	if path != selectHTTPSPath {
		return nil
	}
	root, err := scanJSON(next)
	if err != nil || d.makeCertificates() != nil {
		return d.refuse(deviceError)
	}
	id, _ := root.child("CertificateSelect").child("customID").value.(string)
	if d.certs.chains[id] == nil {
		return d.refuse(noCertificate)
	}
	d.certs.inUse = id
	return nil
}
