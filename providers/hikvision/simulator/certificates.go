package simulator

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
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
	keys     map[string]*ecdsa.PrivateKey // by customID
	chains   map[string][][]byte          // DER, leaf first, by customID
	inUse    string                       // customID
	requests map[string]signingRequest    // that wait for their certificates, by customID
	trusted  map[string][]byte            // DER of the certificates of authorities, by customID
}

// signingRequest is a request for a certificate, with the key that was made for it.
type signingRequest struct {
	key *ecdsa.PrivateKey
	der []byte
}

// defaultCertificate is the customID of the certificate that a device makes for itself.
const defaultCertificate = "default"

const (
	serverCertificatePath = "/ISAPI/Security/serverCertificate"
	deviceCertificatePath = "/ISAPI/Security/deviceCertificate"
	selectPath            = "/ISAPI/Security/certificate/select/"

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
	return tls.Certificate{Certificate: d.certs.chains[d.certs.inUse], PrivateKey: d.certs.keys[d.certs.inUse]}, nil
}

func (d *unit) makeCertificates() error {
	if len(d.certs.keys) > 0 {
		return nil
	}
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	return d.selfSign(pkix.Name{CommonName: d.model.product}, from, time.Date(2049, 12, 31, 0, 0, 0, 0, time.UTC))
}

// newKey makes the next key of the device. Keys follow from its seed and from how many it had, so that a fleet which is started
// again shows the keys that its clients pinned.
func (d *unit) newKey() (*ecdsa.PrivateKey, error) {
	d.keys++
	for n := 0; ; n++ {
		scalar, err := hkdf.Key(sha256.New, d.identity.key[:], nil, fmt.Sprintf("TLS key %d.%d", d.keys, n), 32)
		if err != nil {
			return nil, err
		}
		// The few numbers that are no key of the curve are passed over.
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar); err == nil {
			return key, nil
		}
	}
}

// selfSign gives the device a new key and a certificate for it, and forgets what belonged to the old key.
func (d *unit) selfSign(subject pkix.Name, from, until time.Time) error {
	key, der, err := papers{d}.selfSigned(subject, from, until)
	if err != nil {
		return err
	}
	d.certs = certificates{
		keys: map[string]*ecdsa.PrivateKey{defaultCertificate: key}, chains: map[string][][]byte{defaultCertificate: {der}},
		inUse: defaultCertificate, requests: map[string]signingRequest{}, trusted: d.certs.trusted,
	}
	return nil
}

// Install gives the device certificates under names, and the certificate of an authority, as if somebody had brought them at its web
// page; nothing uses them yet. A device that gives no names to certificates, or trusts no authorities, goes without.
func (d *Device) Install(authority string, names ...string) error {
	defer d.enter()()
	if err := d.unit.makeCertificates(); err != nil {
		return err
	}
	from, until := d.unit.now().UTC(), d.unit.now().UTC().AddDate(1, 0, 0)
	if d.unit.trustsAuthorities() {
		_, der, err := papers{&d.unit}.selfSigned(pkix.Name{CommonName: authority}, from, until)
		if err != nil {
			return err
		}
		if d.unit.certs.trusted == nil {
			d.unit.certs.trusted = map[string][]byte{}
		}
		d.unit.certs.trusted[authority] = der
	}
	if !d.unit.namesCertificates() {
		return nil
	}
	for _, name := range names {
		key, der, err := papers{&d.unit}.selfSigned(pkix.Name{CommonName: name}, from, until)
		if err != nil {
			return err
		}
		d.unit.certs.keys[name], d.unit.certs.chains[name] = key, [][]byte{der}
	}
	return nil
}

// selfSigned makes a key and a certificate for it. The signature needs no randomness, so that the same key has the same certificate.
func (d papers) selfSigned(subject pkix.Name, from, until time.Time) (*ecdsa.PrivateKey, []byte, error) {
	key, err := d.newKey()
	if err != nil {
		return nil, nil, err
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
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	return key, der, err
}

// managesCertificates reports whether the model has the requests of serverCertificate, namesCertificates whether several
// certificates have names there, and trustsAuthorities whether it has those of deviceCertificate: their capability documents say so.
func (d *unit) managesCertificates() bool { return d.has(serverCertificatePath + "/capabilities") }

func (d *unit) namesCertificates() bool {
	return d.managesCertificates() && d.certificateLimits().child("customID") != nil
}

func (d *unit) trustsAuthorities() bool { return d.has(deviceCertificatePath + "/capabilities") }

func (d *unit) has(path string) bool {
	_, found := d.stored(path)
	return found && !d.model.recorded
}

// certificateLimits are what the device says about the parts of a certificate.
func (d *unit) certificateLimits() *member {
	stored, _ := d.stored(serverCertificatePath + "/capabilities")
	root, err := scanJSON(stored.body)
	if err != nil {
		return nil
	}
	return root.child("ServerCertificateCap")
}

// asked is what a GET shows: of the certificate that it names, if it names one.
func (d papers) asked(q request) (document, bool) {
	if id := q.query.Get("customID"); id != "" {
		return d.readCertificates(q.path, id)
	}
	return d.read(q.path)
}

// readCertificates answers a GET of what is no stored document: the certificate, the request, the lists.
func (d *unit) readCertificates(path, id string) (document, bool) {
	switch {
	case path == deviceCertificatePath+"/certificates" && d.trustsAuthorities():
		return papers{d}.authorityList()
	case !strings.HasPrefix(path, serverCertificatePath+"/") || !d.managesCertificates() || d.makeCertificates() != nil:
		return document{}, false
	}
	switch strings.TrimPrefix(path, serverCertificatePath+"/") {
	case "certificate":
		return papers{d}.certificateDocument()
	case "certificates":
		if d.namesCertificates() {
			return papers{d}.certificateList()
		}
	case "certSignReq":
		return papers{d}.requestDocument(id)
	case "downloadCertSignReq":
		return document{body: papers{d}.requestText(id), contentType: contentBinary}, d.certs.requests[id].der != nil
	}
	return document{}, false
}

// papers are what a device shows of its certificates and of those that it trusts.
type papers struct{ *unit }

func (d papers) certificateDocument() (document, bool) {
	leaf, err := x509.ParseCertificate(d.certs.chains[d.certs.inUse][0])
	if err != nil {
		return document{}, false
	}
	return document{
		body: fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<CertificateInfo%s>
<id>1</id>
<version>V3</version>
<IssuerDN>%s</IssuerDN>
<SubjectDN>%s</SubjectDN>
<signatureAlgorithm>RSA_F4</signatureAlgorithm>
<startDate>%s</startDate>
<endDate>%s</endDate>
<serialNumber>%s</serialNumber>
</CertificateInfo>
`, d.model.attributes(), nameMarkup(leaf.Issuer), nameMarkup(leaf.Subject), leaf.NotBefore.Format(certificateDate), leaf.NotAfter.Format(certificateDate), leaf.SerialNumber.Text(16)),
		contentType: contentXML,
	}, true
}

// nameMarkup writes a distinguished name as the elements of the guide. Parts that are missing are left out.
func nameMarkup(name pkix.Name) string {
	var out strings.Builder
	for _, part := range []struct {
		name  string
		texts []string
	}{
		{"countryName", name.Country},
		{"stateOrProvinceName", name.Province},
		{"localityName", name.Locality},
		{"organizationName", name.Organization},
		{"organizationUnitName", name.OrganizationalUnit},
		{"commonName", []string{name.CommonName}},
	} {
		for _, text := range part.texts {
			fmt.Fprintf(&out, "<%[1]s>%[2]s</%[1]s>", part.name, escape(text))
		}
	}
	return out.String()
}

func (d papers) requestDocument(id string) (document, bool) {
	request, err := x509.ParseCertificateRequest(d.certs.requests[id].der)
	if err != nil {
		return document{}, false
	}
	body := fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CertificateReqInfo%s>\n<id>1</id>\n<SubjectDN>%s</SubjectDN>\n</CertificateReqInfo>\n", d.model.attributes(), nameMarkup(request.Subject))
	return document{body: body, contentType: contentXML}, true
}

func (d papers) requestText(id string) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: d.certs.requests[id].der})
}

// listedCertificate is an item of the list of certificates, as the guide has it.
type listedCertificate struct {
	IssuerDN  string `json:"issuerDN"`
	SubjectDN string `json:"subjectDN"`
	StartDate string `json:"startDate"`
	EndDate   string `json:"endDate"`
	Type      string `json:"type,omitempty"`
	Status    string `json:"status"`
	CustomID  string `json:"customID"`
}

// listed is the entry of a certificate for a list.
func (d papers) listed(id string, der []byte) (listedCertificate, error) {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return listedCertificate{}, err
	}
	status := "normal"
	if d.now().After(leaf.NotAfter) {
		status = "expired"
	}
	return listedCertificate{
		IssuerDN: leaf.Issuer.String(), SubjectDN: leaf.Subject.String(), StartDate: leaf.NotBefore.Format(time.DateTime),
		EndDate: leaf.NotAfter.Format(time.DateTime), Status: status, CustomID: id,
	}, nil
}

// certificateList lists the certificates of the device itself. The type of one says what uses it.
func (d papers) certificateList() (document, bool) {
	list := []listedCertificate{}
	for _, id := range slices.Sorted(maps.Keys(d.certs.chains)) {
		one, err := d.listed(id, d.certs.chains[id][0])
		if err != nil {
			return document{}, false
		}
		if id == d.certs.inUse {
			one.Type = "HTTPS"
		}
		list = append(list, one)
	}
	body, err := json.Marshal(map[string]any{"ServerCertificates": map[string]any{"CertificateInfo": list}})
	return document{body: body, contentType: contentJSON}, err == nil
}

// authorityList lists the certificates of the authorities that the device trusts.
func (d papers) authorityList() (document, bool) {
	list := []listedCertificate{}
	for _, id := range slices.Sorted(maps.Keys(d.certs.trusted)) {
		one, err := d.listed(id, d.certs.trusted[id])
		if err != nil {
			return document{}, false
		}
		list = append(list, one)
	}
	body, err := json.Marshal(map[string]any{"DeviceCertificates": map[string]any{"CertificateInfoList": map[string]any{"CertificateInfo": list}}})
	return document{body: body, contentType: contentJSON}, err == nil
}

// changeCertificates carries out a write about certificates. Not handled is what is no such request.
func (w *write) changeCertificates() (done result, handled bool) {
	id := w.q.query.Get("customID")
	named, isNamed := strings.CutPrefix(w.q.path, serverCertificatePath+"/certificates/")
	trusted, isTrusted := strings.CutPrefix(w.q.path, deviceCertificatePath+"/certificates/")
	switch {
	case w.q.path == deviceCertificatePath && w.unit.trustsAuthorities() && w.q.method == http.MethodPut:
		return w.trustAuthority(id), true
	case isTrusted && w.unit.trustsAuthorities() && w.q.method == http.MethodDelete:
		return w.distrustAuthority(trusted), true
	case !w.unit.managesCertificates() || id != "" && !w.unit.namesCertificates():
		return result{}, false
	case isNamed && w.unit.namesCertificates() && w.q.method == http.MethodDelete:
		return w.removeCertificate(named), true
	}
	switch [2]string{w.q.method, strings.TrimPrefix(w.q.path, serverCertificatePath+"/")} {
	case [2]string{http.MethodPut, "certificate"}:
		return w.installCertificate(defaultCertificate, w.q.body), true
	case [2]string{http.MethodPost, "certificate"}:
		return w.importCertificate(id), true
	case [2]string{http.MethodDelete, "certificate"}:
		return w.removeCertificate(defaultCertificate), true
	case [2]string{http.MethodPut, "selfSignCert"}:
		return w.selfSignAsTold(), true
	case [2]string{http.MethodPut, "certSignReq"}:
		return w.requestCertificate(defaultCertificate), true
	case [2]string{http.MethodPost, "certSignReq"}:
		return w.requestNamed(id), true
	case [2]string{http.MethodDelete, "certSignReq"}:
		delete(w.unit.certs.requests, cmp.Or(id, defaultCertificate))
		return result{http: http.StatusOK, code: ok}, true
	}
	return result{}, false
}

// trustAuthority keeps the certificate of an authority under a name.
func (w *write) trustAuthority(id string) result {
	if id == "" || len(id) > 64 {
		return *w.unit.model.refuse(parametersLack).about("customID")
	}
	if !strings.HasSuffix(w.q.contentType, "x-x509-ca-cert") {
		return *w.unit.model.refuse(badParameters).about("Content-Type")
	}
	if w.unit.certs.trusted[id] != nil {
		return *w.unit.model.refuse(certificateExists)
	}
	_, leaf, err := parseChain(w.q.body)
	if err != nil {
		return *w.unit.model.refuse(badCertificate)
	}
	if w.unit.certs.trusted == nil {
		w.unit.certs.trusted = map[string][]byte{}
	}
	w.unit.certs.trusted[id] = leaf.Raw
	return result{http: http.StatusOK, code: ok}
}

func (w *write) distrustAuthority(id string) result {
	switch {
	case w.unit.certs.trusted[id] == nil:
		return *w.unit.model.refuse(noCertificate)
	case papers{w.unit}.chosen("CACertificate", id):
		return *w.unit.model.refuse(certificateInUse)
	}
	delete(w.unit.certs.trusted, id)
	return result{http: http.StatusOK, code: ok}
}

// importCertificate takes a certificate under a name: what it is, as XML, and its bytes right behind that. Only one for a key that
// the device made is taken, so keys never come from outside.
func (w *write) importCertificate(id string) result {
	const end = "</CertificateReq>"
	form, file, found := bytes.Cut(w.q.body, []byte(end))
	root, err := scan(append(bytes.Clone(form), end...))
	switch {
	case !found || err != nil:
		return *w.unit.model.refuse(badXMLFormat)
	case root.value("certificateMode") != "signingRequest":
		return *w.unit.model.refuse(badXMLContent).about("certificateMode")
	}
	return w.installCertificate(id, bytes.TrimSpace(file))
}

// installCertificate takes a chain in PEM or one certificate in DER for the key of the request that waits for it, or for the key
// that is there already, and shows it from then on if it takes the place of the one in use.
func (w *write) installCertificate(id string, file []byte) result {
	if id == "" || len(id) > 64 {
		return *w.unit.model.refuse(parametersLack).about("customID")
	}
	if w.unit.makeCertificates() != nil {
		return *w.unit.model.refuse(deviceError)
	}
	chain, leaf, err := parseChain(file)
	if err != nil {
		return *w.unit.model.refuse(badCertificate)
	}
	for _, key := range []*ecdsa.PrivateKey{w.unit.certs.requests[id].key, w.unit.certs.keys[id]} {
		if key != nil && key.PublicKey.Equal(leaf.PublicKey) {
			w.unit.certs.chains[id], w.unit.certs.keys[id] = chain, key
			delete(w.unit.certs.requests, id)
			return result{http: http.StatusOK, code: ok}
		}
	}
	return *w.unit.model.refuse(certificateMismatch)
}

// chosen reports whether a function uses a certificate in a part.
func (d papers) chosen(part, id string) bool {
	for _, function := range []string{"HTTPS", "SRTP", "securityLog", "ieee802.1x"} {
		stored, _ := d.stored(selectPath + function)
		root, err := scanJSON(stored.body)
		if err != nil {
			continue
		}
		if name := root.child("CertificateSelect").child(part); name != nil && name.value == id {
			return true
		}
	}
	return false
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
	case id == w.unit.certs.inUse, papers{w.unit}.chosen("serverCertificate", id), papers{w.unit}.chosen("clientCertificate", id):
		return *w.unit.model.refuse(certificateInUse)
	}
	delete(w.unit.certs.chains, id)
	delete(w.unit.certs.keys, id)
	return result{http: http.StatusOK, code: ok}
}

// selfSignAsTold makes a key and a certificate with the subject that was sent.
func (w *write) selfSignAsTold() result {
	root, no := w.orderSent()
	if no != nil {
		return *no
	}
	days, err := strconv.Atoi(root.value("validity"))
	if err != nil {
		return *w.unit.model.refuse(parametersLack).about("validity")
	}
	if w.unit.selfSign(subjectOf(root), w.unit.now().UTC(), w.unit.now().UTC().AddDate(0, 0, days)) != nil {
		return *w.unit.model.refuse(deviceError)
	}
	return result{http: http.StatusOK, code: ok}
}

// requestCertificate makes a PKCS #10 request for a new key, which counts when its certificate comes. It has no alternative names, as
// the message for it has no place for them.
func (w *write) requestCertificate(id string) result {
	root, no := w.orderSent()
	if no != nil {
		return *no
	}
	if w.unit.makeCertificates() != nil {
		return *w.unit.model.refuse(deviceError)
	}
	key, err := w.unit.newKey()
	if err != nil {
		return *w.unit.model.refuse(deviceError)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subjectOf(root)}, key)
	if err != nil {
		return *w.unit.model.refuse(badParameters)
	}
	w.unit.certs.requests[id] = signingRequest{key, der}
	return result{http: http.StatusOK, code: ok}
}

// requestNamed makes a request and answers with it at once, as devices do that name their certificates.
func (w *write) requestNamed(id string) result {
	if id == "" {
		return *w.unit.model.refuse(parametersLack).about("customID")
	}
	done := w.requestCertificate(id)
	if done.code == ok {
		done.document = fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CertificateResult%s>\n<formatType>PEM</formatType>\n<detailInfo>%s</detailInfo>\n</CertificateResult>\n",
			w.unit.model.attributes(), escape(string(papers{w.unit}.requestText(id))))
	}
	return done
}

// orderSent reads a CertificateReq, within the limits of the capability document.
func (w *write) orderSent() (*element, refusal) {
	root, err := scan(w.q.body)
	switch {
	case err != nil:
		return nil, w.unit.model.refuse(badXMLFormat)
	case root.name != "CertificateReq":
		return nil, w.unit.model.refuse(badXMLContent).about(root.name)
	}
	subject := root.child("SubjectDN")
	for _, name := range []string{"countryName", "commonName"} {
		if subject == nil || subject.value(name) == "" {
			return nil, w.unit.model.refuse(parametersLack).about(name)
		}
	}
	limits := w.unit.certificateLimits()
	for _, e := range append(slices.Clone(subject.children), root.children...) {
		if e.name == "id" || e.name == "SubjectDN" || e.text == "" {
			continue
		}
		limit, value := limits.child(e.name), any(e.text)
		if n, err := strconv.ParseFloat(e.text, 64); err == nil && (e.name == "validity" || e.name == "RSAKeyLength") {
			value = n
		}
		switch {
		case limit == nil:
			return nil, w.unit.model.refuse(badXMLContent).about(e.name)
		case !withinJSON(value, limit):
			return nil, w.unit.model.refuse(badParameters).about(e.name)
		}
	}
	return root, nil
}

func subjectOf(order *element) pkix.Name {
	subject := order.child("SubjectDN")
	some := func(name string) []string {
		if text := subject.value(name); text != "" {
			return []string{text}
		}
		return nil
	}
	return pkix.Name{
		Country: some("countryName"), Province: some("stateOrProvinceName"), Locality: some("localityName"),
		Organization: some("organizationName"), OrganizationalUnit: some("organizationUnitName"), CommonName: subject.value("commonName"),
	}
}

// bindCertificate makes a function use the certificates that a document names, which must be there: HTTPS shows the one of the server
// from then on. Other documents pass.
func (w *write) bindCertificate(path string, next []byte) refusal {
	function, selects := strings.CutPrefix(path, selectPath)
	if !selects || strings.HasSuffix(function, "/capabilities") {
		return nil
	}
	root, err := scanJSON(next)
	if err != nil || w.unit.makeCertificates() != nil {
		return w.unit.model.refuse(deviceError)
	}
	named := func(part string) string {
		if m := root.child("CertificateSelect").child(part); m != nil {
			id, _ := m.value.(string)
			return id
		}
		return ""
	}
	for _, part := range []string{"serverCertificate", "clientCertificate"} {
		if id := named(part); id != "" && w.unit.certs.chains[id] == nil {
			return w.unit.model.refuse(noCertificate)
		}
	}
	if id := named("CACertificate"); id != "" && w.unit.certs.trusted[id] == nil {
		return w.unit.model.refuse(noCertificate)
	}
	if function == "HTTPS" {
		w.unit.certs.inUse = named("serverCertificate")
	}
	return nil
}
