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
func (d *unit) shown() (tls.Certificate, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.makeCertificates(); err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: d.certs.chains[d.certs.inUse], PrivateKey: d.certs.key}, nil
}

func (d *unit) makeCertificates() error {
	if d.certs.key != nil {
		return nil
	}
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	return d.selfSign(pkix.Name{CommonName: d.model.product}, from, time.Date(2049, 12, 31, 0, 0, 0, 0, time.UTC))
}

// selfSign gives the device a new key and a certificate for it, and forgets what belonged to the old key.
func (d *unit) selfSign(subject pkix.Name, from, until time.Time) error {
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
func (d *unit) managesCertificates() bool { return d.has(serverCertificatePath + "/capabilities") }

func (d *unit) namesCertificates() bool { return d.has(deviceCertificatePath + "/capabilities") }

func (d *unit) has(path string) bool {
	_, found := d.stored(path)
	return found && !d.model.recorded
}

// readCertificates answers a GET of what is no stored document: the certificate, the request, the list.
func (d *unit) readCertificates(path string) (document, bool) {
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

func (d *unit) certificateDocument() (document, bool) {
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
`, d.model.attributes(), escape(leaf.Issuer.String()), escape(leaf.Subject.String()), leaf.NotBefore.Format(certificateDate), leaf.NotAfter.Format(certificateDate)),
		contentType: contentXML,
	}, true
}

func (d *unit) requestState() []byte {
	return fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CertSignReq%s>\n<created>%t</created>\n</CertSignReq>\n", d.model.attributes(), d.certs.request != nil)
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

func (d *unit) certificateList() (document, bool) {
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
func (w *write) changeCertificates() (done result, handled bool) {
	brings := w.q.method == http.MethodPut || w.q.method == http.MethodPost
	named, isNamed := strings.CutPrefix(w.q.path, serverCertificatePath+"/certificates/")
	switch {
	case w.q.path == deviceCertificatePath && w.unit.namesCertificates() && brings:
		return w.installCertificate(w.q.query.Get("customID")), true
	case isNamed && w.unit.namesCertificates() && w.q.method == http.MethodDelete:
		return w.removeCertificate(named), true
	case !w.unit.managesCertificates():
		return result{}, false
	case w.q.path == serverCertificatePath+"/certificate" && brings:
		return w.installCertificate(defaultCertificate), true
	case w.q.path == serverCertificatePath+"/certificate" && w.q.method == http.MethodDelete:
		return w.removeCertificate(defaultCertificate), true
	case w.q.path == serverCertificatePath+"/selfSignCert" && brings:
		return w.selfSignAsTold(), true
	case w.q.path == serverCertificatePath+"/certSignReq" && w.q.method == http.MethodPost:
		return w.requestCertificate(), true
	case w.q.path == serverCertificatePath+"/certSignReq" && w.q.method == http.MethodDelete:
		w.unit.certs.request = nil
		return result{http: http.StatusOK, code: ok}, true
	}
	return result{}, false
}

// installCertificate takes a chain in PEM or one certificate in DER for the key of the device, and shows it from then on if
// it takes the place of the one in use.
func (w *write) installCertificate(id string) result {
	if id == "" || len(id) > 64 {
		return *w.unit.model.refuse(parametersLack).about("customID")
	}
	if w.unit.makeCertificates() != nil {
		return *w.unit.model.refuse(deviceError)
	}
	chain, leaf, err := parseChain(w.q.body)
	if err != nil {
		return *w.unit.model.refuse(badCertificate)
	}
	if !w.unit.certs.key.PublicKey.Equal(leaf.PublicKey) {
		return *w.unit.model.refuse(certificateMismatch)
	}
	w.unit.certs.chains[id], w.unit.certs.request = chain, nil
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
func (w *write) removeCertificate(id string) result {
	switch {
	case w.unit.makeCertificates() != nil:
		return *w.unit.model.refuse(deviceError)
	case w.unit.certs.chains[id] == nil:
		return *w.unit.model.refuse(noCertificate)
	case id == w.unit.certs.inUse:
		return *w.unit.model.refuse(certificateInUse)
	}
	delete(w.unit.certs.chains, id)
	return result{http: http.StatusOK, code: ok}
}

// selfSignAsTold makes a key and a certificate with the subject that was sent.
func (w *write) selfSignAsTold() result {
	root, no := w.subjectSent("SelfSignCert")
	if no != nil {
		return *no
	}
	days, err := strconv.Atoi(root.value("validDays"))
	if err != nil {
		return *w.unit.model.refuse(parametersLack).about("validDays")
	}
	if w.unit.selfSign(subjectOf(root), w.unit.now().UTC(), w.unit.now().UTC().AddDate(0, 0, days)) != nil {
		return *w.unit.model.refuse(deviceError)
	}
	return result{http: http.StatusOK, code: ok}
}

// requestCertificate makes a PKCS #10 request for the key of the device, with its address and the common name as alternative
// names.
func (w *write) requestCertificate() result {
	root, no := w.subjectSent("CertSignReq")
	if no != nil {
		return *no
	}
	if w.unit.makeCertificates() != nil {
		return *w.unit.model.refuse(deviceError)
	}
	template := &x509.CertificateRequest{Subject: subjectOf(root), IPAddresses: []net.IP{w.unit.address.AsSlice()}}
	if name := template.Subject.CommonName; net.ParseIP(name) == nil {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, w.unit.certs.key)
	if err != nil {
		return *w.unit.model.refuse(badParameters)
	}
	w.unit.certs.request = der
	return result{http: http.StatusOK, code: ok}
}

// subjectSent reads the subject of a certificate, within the limits of the capability document.
func (w *write) subjectSent(name string) (*element, refusal) {
	root, err := scan(w.q.body)
	switch {
	case err != nil:
		return nil, w.unit.model.refuse(badXMLFormat)
	case root.name != name:
		return nil, w.unit.model.refuse(badXMLContent).about(root.name)
	case root.value("commonName") == "":
		return nil, w.unit.model.refuse(parametersLack).about("commonName")
	}
	c := &composition{unit: w.unit, document: w.q.path, want: root, pattern: w.unit.scanned(serverCertificatePath + "/capabilities").child(name)}
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
func (w *write) bindCertificate(path string, next []byte) refusal {
	if path != selectHTTPSPath {
		return nil
	}
	root, err := scanJSON(next)
	if err != nil || w.unit.makeCertificates() != nil {
		return w.unit.model.refuse(deviceError)
	}
	id, _ := root.child("CertificateSelect").child("customID").value.(string)
	if w.unit.certs.chains[id] == nil {
		return w.unit.model.refuse(noCertificate)
	}
	w.unit.certs.inUse = id
	return nil
}
