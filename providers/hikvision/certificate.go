package hikvision

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// The certificate for HTTPS. Devices show the names in it and its dates, and take either a chain for their own key or the
// order to make a certificate for themselves.

const (
	selfSignedAttribute = "self_signed"
	commonNameAttribute = "common_name"
	daysAttribute       = "days"
	chainAttribute      = "chain"
)

// The elements of the attributes, in the order in which the setting file names them.
const (
	certificateIssuer = iota // of self_signed: issuer, subject
	certificateSubject
)

const (
	certificateStart = iota // of days: begin, end
	certificateEnd
)

var (
	selfSignPath   = "/selfSignCert" // below the folder of the document
	selfSignName   = xmlpatch.MustPath("commonName")
	selfSignDays   = xmlpatch.MustPath("validDays")
	selfSignLimits = xmlpatch.MustPath("SelfSignCert")
)

// decodeIssuer: a certificate whose issuer is its subject is one that the device made for itself.
func decodeIssuer(f field) (cty.Value, error) {
	issuer, ok := f.text(certificateIssuer)
	subject, has := f.text(certificateSubject)
	if !ok || !has || issuer == "" || subject == "" {
		return f.null(), nil
	}
	return cty.BoolVal(issuer == subject), nil
}

// decodeName reads the common name out of a distinguished name.
func decodeName(f field) (cty.Value, error) {
	subject, _ := f.text(0)
	if name := commonName(subject); name != "" {
		return cty.StringVal(name), nil
	}
	return f.null(), nil
}

var namePart = regexp.MustCompile(`(?i)(?:^|[,/+;])\s*CN\s*=\s*((?:\\.|[^,/+;\\])*)`)

// commonName is the common name in a distinguished name, which may be written in any of the usual ways; empty if there is
// none.
func commonName(subject string) string {
	part := namePart.FindStringSubmatch(subject)
	if part == nil {
		return ""
	}
	return strings.TrimSpace(regexp.MustCompile(`\\(.)`).ReplaceAllString(part[1], "$1"))
}

// decodeDays reads how long a certificate is valid in all.
func decodeDays(f field) (cty.Value, error) {
	from, _ := f.text(certificateStart)
	until, _ := f.text(certificateEnd)
	begin, errBegin := parseDate(from)
	end, errEnd := parseDate(until)
	if errors.Join(errBegin, errEnd) != nil {
		return f.null(), nil
	}
	return cty.NumberIntVal(int64(end.Sub(begin).Round(24*time.Hour) / (24 * time.Hour))), nil
}

// parseDate reads a date in any of the forms that devices have for dates.
func parseDate(text string) (time.Time, error) {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly, "Jan _2 15:04:05 2006 MST"} {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is no date: %w", quote(text), providers.ErrMalformed)
}

// decodeChain says in short who the certificate is for and until when: all that can be compared.
func decodeChain(f field) (cty.Value, error) {
	subject, _ := f.text(0)
	until, _ := f.text(1)
	end, err := parseDate(until)
	if commonName(subject) == "" || err != nil {
		return f.null(), nil
	}
	return cty.StringVal(inShort(commonName(subject), end)), nil
}

func inShort(name string, until time.Time) string {
	return fmt.Sprintf("%s, valid until %s", name, until.UTC().Format(time.DateOnly))
}

// sameChain compares the first certificate of a chain with what the device shows of its own.
func sameChain(want, have cty.Value) bool {
	leaf, err := firstOf(want.AsString())
	return err == nil && inShort(leaf.Subject.CommonName, leaf.NotAfter) == have.AsString()
}

var (
	errNoCertificate = errors.New("no certificate in PEM form is in it")
	errPrivateKey    = errors.New("a private key is in it, which must stay where it is")
)

// firstOf is the first certificate of a PEM text, which must hold certificates and nothing else.
func firstOf(chain string) (*x509.Certificate, error) {
	var first *x509.Certificate
	for block, rest := pem.Decode([]byte(chain)); block != nil; block, rest = pem.Decode(rest) {
		if strings.Contains(block.Type, "PRIVATE KEY") {
			return nil, errPrivateKey
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errNoCertificate
		}
		if first == nil {
			first = one
		}
	}
	if first == nil {
		return nil, errNoCertificate
	}
	return first, nil
}

// checkCertificate wants one of the two ways to get a certificate, with all that it needs.
func checkCertificate(_ *schema.Kind, at place, _ string, want cty.Value) []providers.AttributeError {
	if want.IsNull() {
		return about("", sentence("This device does not let it be removed."))
	}
	switch chain := want.GetAttr(chainAttribute); {
	case !chain.IsKnown():
		return nil
	case !chain.IsNull():
		return checkUpload(want)
	default:
		return at.checkOwn(want)
	}
}

// checkOwn checks the order to make a certificate.
func (at place) checkOwn(want cty.Value) []providers.AttributeError {
	var wrong []providers.AttributeError
	for _, name := range []string{selfSignedAttribute, commonNameAttribute, daysAttribute} {
		if want.GetAttr(name).IsNull() {
			wrong = append(wrong, about(name, sentence("A device needs self_signed = true, common_name and days to make a certificate, or else chain."))...)
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	if own := want.GetAttr(selfSignedAttribute); own.IsKnown() && own.False() {
		wrong = about(selfSignedAttribute, sentence("A certificate of an authority comes with chain."))
	}
	if name := want.GetAttr(commonNameAttribute); name.IsKnown() {
		wrong = append(wrong, about(commonNameAttribute, at.checkName(name.AsString()))...)
	}
	if days := want.GetAttr(daysAttribute); days.IsKnown() {
		wrong = append(wrong, about(daysAttribute, at.checkDays(days))...)
	}
	return wrong
}

func (at place) checkName(name string) []string {
	if l := at.selfSignLimit(selfSignName); !l.allows(int64(len(name))) {
		return sentence("The name has %s; this device takes %s.", bytesOf(name), l.bounds())
	}
	return nil
}

func (at place) checkDays(days cty.Value) []string {
	n, err := wholeNumber(days)
	switch l := at.selfSignLimit(selfSignDays); {
	case err != nil:
		return sentence("The value must be a whole number.")
	case !l.allows(n):
		return sentence("This device takes %s days, not %d.", l.bounds(), n)
	}
	return nil
}

func checkUpload(want cty.Value) []providers.AttributeError {
	var wrong []providers.AttributeError
	for _, name := range []string{selfSignedAttribute, commonNameAttribute, daysAttribute} {
		if value := want.GetAttr(name); value.IsKnown() && !value.IsNull() {
			wrong = append(wrong, about(name, sentence("It says how a device makes a certificate for itself, and cannot go with chain."))...)
		}
	}
	if _, err := firstOf(want.GetAttr(chainAttribute).AsString()); err != nil {
		wrong = append(wrong, about(chainAttribute, sentence("The chain cannot be sent: %s.", err))...)
	}
	return wrong
}

// selfSignLimit is what the device says about an element of the order to make a certificate for itself.
func (at place) selfSignLimit(element xmlpatch.Path) limit {
	for _, path := range at.Capabilities {
		if doc, err := parse(at.limits.docs[path].Body); err == nil {
			e, _ := doc.Find(selfSignLimits.Join(element))
			return limitOf(e)
		}
	}
	return limit{}
}

// composeCertificate makes the one request that brings the certificate, or has it made.
func composeCertificate(at place, c providers.Composition) ([]providers.Request, error) {
	change := c.Changes[0]
	if wrong := checkCertificate(change.Kind, at, change.Key, change.After); len(wrong) > 0 {
		return nil, refused(change, wrong[0])
	}
	if at.hasAll(change) {
		return nil, nil
	}
	request := providers.Request{Method: http.MethodPut, Path: at.Path, Keys: []providers.Key{keyOf(change)}}
	if chain := change.After.GetAttr(chainAttribute); !chain.IsNull() {
		request.Body = []byte(chain.AsString())
		return []providers.Request{request}, nil
	}
	days, err := wholeNumber(change.After.GetAttr(daysAttribute))
	if err != nil {
		return nil, err
	}
	request.Path = strings.TrimSuffix(at.Path, "/certificate") + selfSignPath
	request.Body, err = at.selfSign(change.After.GetAttr(commonNameAttribute).AsString(), days)
	return []providers.Request{request}, err
}

// hasAll reports whether the device has everything that a change wants.
func (at place) hasAll(change providers.Change) bool {
	for _, a := range change.Kind.Attributes {
		if want := change.After.GetAttr(a.Name); !want.IsNull() && !hasAlready(field{at.doc, xmlpatch.Path{}, a, at.limits}, want) {
			return false
		}
	}
	return true
}

func (at place) selfSign(name string, days int64) ([]byte, error) {
	body, err := standalone(at.doc, []byte("<SelfSignCert><commonName></commonName><validDays></validDays></SelfSignCert>"), nil)
	if err != nil {
		return nil, err
	}
	doc, err := xmlpatch.Parse(body)
	if err != nil {
		return nil, inFamily(err)
	}
	if err := errors.Join(doc.Set(selfSignName, name), doc.Set(selfSignDays, strconv.FormatInt(days, 10))); err != nil {
		return nil, inFamily(err)
	}
	return bytes.TrimSpace(doc.Bytes()), nil
}
