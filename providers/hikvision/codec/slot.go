package codec

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/providers"
	"camform/providers/hikvision/document"
)

// Devices that give names to certificates have room for several. camform alternates between two names: what is requested and
// brought goes to the one that HTTPS does not use.

// The documents that tell of the certificates of a device, beside the one that HTTPS shows. A request is found at SigningRequest,
// with the query of its Slot.
const (
	certificateCapPath = "/ISAPI/Security/serverCertificate/capabilities?format=json"

	CertificatesPath = "/ISAPI/Security/serverCertificate/certificates?format=json"
	ChoicePath       = "/ISAPI/Security/certificate/select/HTTPS?format=json"
	SigningRequest   = "/ISAPI/Security/serverCertificate/downloadCertSignReq"
)

// Slot is the name under which a device keeps a certificate; empty on devices that have room for one.
type Slot string

// OwnSlots are the names that camform gives to certificates.
var OwnSlots = []Slot{"camform-1", "camform-2"}

// Query names the slot in a path; empty for the only one.
func (s Slot) Query() string {
	if s == "" {
		return ""
	}
	return "?customID=" + string(s)
}

// IsOwn reports whether camform gave the name.
func (s Slot) IsOwn() bool { return slices.Contains(OwnSlots, s) }

// Slots are the certificates of a device that gives them names.
type Slots struct {
	Named  bool // false for a device that gives them none, and has room for one
	Chosen Slot // that HTTPS shows
	Listed []ListedCertificate
}

// ListedCertificate is an entry in the list of a device.
type ListedCertificate struct {
	Name    Slot   `json:"customID"`
	Subject string `json:"subjectDN"`
	Until   string `json:"endDate"`
	Uses    string `json:"type"` // functions that use it, separated by commas; not all devices tell
}

// SlotsOf reads them from documents of a device. The error is that they do not tell whether it gives names to certificates, or which
// one HTTPS shows.
func SlotsOf(docs providers.Documents) (Slots, error) {
	if oneSlot(docs) {
		return Slots{}, nil
	}
	var list struct {
		ServerCertificates struct{ CertificateInfo []ListedCertificate }
	}
	var choice struct {
		CertificateSelect struct {
			ServerCertificate Slot `json:"serverCertificate"`
		}
	}
	if json.Unmarshal(docs[CertificatesPath].Body, &list) != nil || json.Unmarshal(docs[ChoicePath].Body, &choice) != nil {
		return Slots{}, fmt.Errorf("the list of its certificates, and which one HTTPS shows, could not be read: %w", providers.ErrMalformed)
	}
	slots := Slots{Named: true, Chosen: choice.CertificateSelect.ServerCertificate, Listed: list.ServerCertificates.CertificateInfo}
	if slots.Chosen == "" {
		return slots, fmt.Errorf("it names its certificates, but does not say which one HTTPS shows: %w", providers.ErrMalformed)
	}
	return slots, nil
}

// oneSlot reports whether a device says that it has room for one certificate: by its limits, or since it has no list of them, or no
// choice among them.
func oneSlot(docs providers.Documents) bool {
	for _, path := range []string{CertificatesPath, ChoicePath} {
		if doc := docs[path]; doc.Missing != "" && !doc.Unsure {
			return true
		}
	}
	var limits struct{ ServerCertificateCap map[string]any }
	return json.Unmarshal(docs[certificateCapPath].Body, &limits) == nil && limits.ServerCertificateCap != nil && limits.ServerCertificateCap["customID"] == nil
}

// tellUses reports whether the device tells what uses its certificates. One is in use in any case.
func (s Slots) tellUses() bool {
	chosen, there := s.Has(s.Chosen)
	return there && slices.Contains(chosen.uses(), forHTTPS)
}

const forHTTPS = "https"

// uses are the functions that use a certificate, in the spelling of one generation of devices.
func (c ListedCertificate) uses() []string {
	return strings.FieldsFunc(strings.ReplaceAll(strings.ToLower(c.Uses), "_", ""), func(r rune) bool { return r == ',' || r == ' ' })
}

// Replaced is the certificate that HTTPS shows, and that nothing needs any more once it shows another; false where camform did not
// bring it, or something else uses it, or may use it.
func (s Slots) Replaced() (Slot, bool) {
	old, there := s.Has(s.Chosen)
	return s.Chosen, there && s.Chosen.IsOwn() && slices.Equal(old.uses(), []string{forHTTPS})
}

// Free is the slot that the next request goes to.
func (s Slots) Free() Slot {
	switch {
	case !s.Named:
		return ""
	case s.Chosen == OwnSlots[0]:
		return OwnSlots[1]
	default:
		return OwnSlots[0]
	}
}

// Has is the certificate in a slot, if there is one.
func (s Slots) Has(slot Slot) (ListedCertificate, bool) {
	i := slices.IndexFunc(s.Listed, func(c ListedCertificate) bool { return c.Name == slot })
	if i < 0 {
		return ListedCertificate{}, false
	}
	return s.Listed[i], true
}

// Is reports whether a listed certificate is for the name of another and ends on the same day: all that can be compared.
func (c ListedCertificate) Is(leaf *x509.Certificate) bool {
	end, err := parseDate(c.Until)
	return err == nil && inShort(commonNameIn(c.Subject), end) == inShort(commonNameIn("CN="+leaf.Subject.CommonName), leaf.NotAfter)
}

// LeftOver is a certificate that camform brought, that nothing uses any more, and that has no successor which waits to be signed;
// empty if there is none.
func LeftOver(docs providers.Documents) Slot {
	slots, err := SlotsOf(docs)
	if err != nil || !slots.Chosen.IsOwn() || !slots.tellUses() {
		return "" // or one that was brought and is not chosen yet
	}
	if c, there := slots.Has(slots.Free()); there && len(c.uses()) == 0 && RequestIn(docs, c.Name) == nil {
		return c.Name
	}
	return ""
}

// RequestIn is the request for a certificate that is open in a slot; nil if there is none.
func RequestIn(docs providers.Documents, slot Slot) *x509.CertificateRequest {
	return ParseRequest(docs[SigningRequest+slot.Query()].Body)
}

// ParseRequest reads a request for a certificate as devices give it, in PEM or DER form; nil if it is none, or not signed with
// its own key.
func ParseRequest(body []byte) *x509.CertificateRequest {
	der := bytes.Clone(body)
	if block, _ := pem.Decode(body); block != nil {
		der = block.Bytes
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil || request.CheckSignature() != nil {
		return nil
	}
	return request
}

// parseDate reads a date in any of the forms that devices have for dates.
func parseDate(text string) (time.Time, error) {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly, "Jan _2 15:04:05 2006 MST"} {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is not a date: %w", document.Quote(text), providers.ErrMalformed)
}

// inShort is all that can be compared of a certificate.
func inShort(name string, until time.Time) string {
	return fmt.Sprintf("%s, valid until %s", name, until.UTC().Format(time.DateOnly))
}

// commonNameIn is the common name in a distinguished name that is written as one text, with commas or slashes between its parts.
// Some devices write just the common name.
func commonNameIn(subject string) string {
	const mark = "CN="
	at := strings.LastIndex(strings.ToUpper(subject), mark)
	if at < 0 {
		return subject
	}
	name, _, _ := strings.Cut(subject[at+len(mark):], ",")
	name, _, _ = strings.Cut(name, "/")
	return strings.TrimSpace(name)
}
