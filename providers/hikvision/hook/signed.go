package hook

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
)

// A certificate of an authority, for a request of the device. Where devices give names to certificates, the new one gets a name of
// its own beside the one in use, is chosen, and takes its place once it was seen at work. Where there is one place, it replaces
// the other at once.

const (
	certificateFile = "application/octet-stream"
	accessesPath    = "/ISAPI/Security/adminAccesses"
	clockPath       = "/ISAPI/System/time"
)

var (
	chosenCertificate = xmlpatch.MustPath("serverCertificate")
	accessEntries     = xmlpatch.MustPath("AdminAccessProtocol")
)

// importForm says of the file behind it that it is for a request of the device (16.2.90).
const importForm = "<CertificateReq><certificateMode>signingRequest</certificateMode></CertificateReq>"

// signedCertificate is where a chain goes on a device.
type signedCertificate struct {
	slots   codec.Slots
	slot    codec.Slot
	chain   []*x509.Certificate // the certificate of the device first
	brought bool                // the device has it, and does not use it yet
}

// chainOf are the certificates of a PEM text, which codec.FirstOf accepted.
func chainOf(text string) []*x509.Certificate {
	var chain []*x509.Certificate
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			chain = append(chain, c)
		}
	}
	return chain
}

// placeOf finds where a chain goes: to the request that it answers, or to where it was brought before. The sentence says why
// there is no such place.
func placeOf(at document.Place, text string) (place signedCertificate, why string) {
	place.chain = chainOf(text)
	leaf, docs := place.chain[0], at.Limits.Docs
	slots, err := codec.SlotsOf(docs)
	if err != nil {
		return place, fmt.Sprintf("It is uncertain where the certificate would go: %s.", providers.Reason(err))
	}
	place.slots, place.slot = slots, slots.Free()
	request := codec.RequestIn(docs, place.slot)
	c, there := slots.Has(place.slot)
	switch {
	case request != nil && bytes.Equal(request.RawSubjectPublicKeyInfo, leaf.RawSubjectPublicKeyInfo):
		return place, ""
	case there && c.Is(leaf):
		place.brought = true
		return place, ""
	case request == nil && codec.TellsOf(at.Doc, text):
		return place, "The device reports a certificate with this name and expiry, but shows another one over TLS. If it is this one, it takes effect when the device restarts; " +
			"if it is not, have the device make a request with camform certificate request, and have that signed."
	case request != nil:
		return place, "The certificate is for a different key than the device's open request. Have the open request signed; camform certificate request writes it to a file."
	default:
		return place, "The device has no open request, so it is uncertain whether it has the key of this certificate. Have it make one with camform certificate request, and have that signed."
	}
}

// checkSigned says why a device should not get a chain for which there is a place.
func checkSigned(at document.Place, place signedCertificate) []string {
	leaf := place.chain[0]
	for i, above := range place.chain[1:] {
		if err := place.chain[i].CheckSignatureFrom(above); err != nil {
			return document.Sentence("Certificate %d of the file, %s, did not sign the one before it (%s). After the certificate of the device comes that of its authority, then that of the authority above, and so on.",
				i+2, document.Quote(above.Subject.String()), err)
		}
	}
	if now, off := clockOf(at.Limits.Docs[clockPath]); !now.IsZero() && (now.Add(off).Before(leaf.NotBefore) || now.Add(-off).After(leaf.NotAfter)) {
		return document.Sentence("The certificate is valid from %s to %s, but the clock of the device shows %s.",
			leaf.NotBefore.Format(time.DateOnly), leaf.NotAfter.Format(time.DateOnly), now.Format(time.DateTime))
	}
	if place.slot == "" && !hasOtherAccess(at.Limits.Docs[accessesPath]) {
		return document.Sentence("The device has one place for a certificate, and the old one cannot be put back: HTTP must be open, without a redirect, " +
			"while it is replaced, so that somebody on site gets in if HTTPS does not come back. Open it first, in a separate plan.")
	}
	return nil
}

// clockOf is the time of the device, and by how much it may differ, since some devices do not tell the offset from UTC. It is
// zero where the device does not tell the time.
func clockOf(doc providers.Document) (now time.Time, off time.Duration) {
	parsed, err := document.Parse(doc.Body)
	if err != nil {
		return now, 0
	}
	local, _ := parsed.Find(localTime)
	zone, _ := parsed.Find(timeZone)
	if now, ok := codec.Instant(local.Text(), zone.Text()); ok {
		return now, 0
	}
	now, _ = time.Parse("2006-01-02T15:04:05", local.Text())
	return now, 24 * time.Hour
}

// hasOtherAccess reports whether a device says that its web interface is open without TLS.
func hasOtherAccess(doc providers.Document) bool {
	accesses, err := document.Parse(doc.Body)
	if err != nil {
		return false
	}
	open := false
	for _, e := range accesses.All(accessEntries) {
		text := func(name string) string {
			child, _ := e.Find(xmlpatch.MustPath(name))
			return strings.ToLower(child.Text())
		}
		if text("redirectToHttps") == "true" {
			return false
		}
		open = open || text("protocol") == "http" && text("enabled") == "true"
	}
	return open
}

// composeSigned makes the requests that bring a chain, choose it, and take the one before it away. What was done before is left out.
func composeSigned(at document.Place, change providers.Change, text string) ([]providers.Request, error) {
	keys, docs, chain := []providers.Key{change.Item()}, at.Limits.Docs, chainOf(text)
	drop := func(slot codec.Slot) providers.Request {
		path, query, _ := strings.Cut(codec.CertificatesPath, "?")
		return providers.Request{Method: http.MethodDelete, Path: path + "/" + string(slot) + "?" + query, Keys: keys, Shows: chain, Proven: true}
	}
	if codec.Shows(at.Doc, docs[at.Path].Shown, text) {
		if left := codec.LeftOver(docs); left != "" {
			return []providers.Request{drop(left)}, nil
		}
		return nil, nil
	}
	place, why := placeOf(at, text)
	if why != "" {
		return nil, fmt.Errorf("%s: %s: %w", change.Name(), strings.TrimSuffix(why, "."), providers.ErrInvalid)
	}
	if place.slot == "" {
		return []providers.Request{{Method: http.MethodPut, Path: at.Path, Body: []byte(text), Content: certificateFile, Keys: keys, Shows: chain, Brings: true}}, nil
	}
	var requests []providers.Request
	if !place.brought {
		requests = append(requests, providers.Request{
			Method: http.MethodPost, Path: at.Path + place.slot.Query(), Body: []byte(importForm + "\n" + text), Keys: keys, Shows: chain, Brings: true,
		})
	}
	choice, err := document.Parse(docs[codec.ChoicePath].Body)
	if err != nil {
		return nil, document.InFamily(err)
	}
	if err := choice.Set(chosenCertificate, string(place.slot)); err != nil {
		return nil, document.InFamily(err)
	}
	requests = append(requests, providers.Request{Method: http.MethodPut, Path: codec.ChoicePath, Body: choice.Bytes(), Keys: keys, Shows: chain})
	if old, needless := place.slots.Replaced(); needless {
		requests = append(requests, drop(old))
	}
	return requests, nil
}

// checkUpload checks a chain, which comes without what a device needs to make a certificate for itself.
func checkUpload(at document.Place, want cty.Value) []providers.AttributeError {
	var wrong []providers.AttributeError
	for _, name := range []string{selfSignedAttribute, countryAttribute, commonNameAttribute, daysAttribute} {
		if value := want.GetAttr(name); value.IsKnown() && !value.IsNull() {
			wrong = append(wrong, document.About(name, document.Sentence("It says how a device makes its own certificate, and cannot be combined with chain."))...)
		}
	}
	text := want.GetAttr(chainAttribute).AsString()
	if _, err := codec.FirstOf(text); err != nil {
		return append(wrong, document.About(chainAttribute, document.Sentence("The chain cannot be sent: %s.", err))...)
	}
	if len(wrong) > 0 || codec.Shows(at.Doc, at.Limits.Docs[at.Path].Shown, text) {
		return wrong
	}
	place, why := placeOf(at, text)
	if why != "" {
		return document.About(chainAttribute, []string{why})
	}
	return document.About(chainAttribute, checkSigned(at, place))
}

// SigningRequest is how a device makes a request for the certificate of HTTPS. One that is open is given as it is, unless it is to be
// voided: somebody may be signing it.
func SigningRequest(at document.Place, of providers.Subject) (providers.Signing, error) {
	docs, method := at.Limits.Docs, http.MethodPut
	slots, err := codec.SlotsOf(docs)
	if err != nil {
		return providers.Signing{}, err
	}
	slot := slots.Free()
	if slots.Named {
		method = http.MethodPost
	}
	if _, there := slots.Has(slot); there {
		return providers.Signing{}, fmt.Errorf("it still has the certificate %s that HTTPS does not use; apply the configuration, or delete it at the device: %w", slot, providers.ErrInvalid)
	}
	path := codec.SigningRequest + slot.Query()
	if open := codec.RequestIn(docs, slot); open != nil && !of.Voids {
		return providers.Signing{Open: open, Path: path}, nil
	}
	if docs[path].Body == nil && docs[path].Missing == "" {
		return providers.Signing{}, fmt.Errorf("whether it has an open request could not be read: %w", providers.ErrMalformed)
	}
	country := of.Country
	if country == "" {
		e, _ := at.Doc.Find(orderCountry)
		of.Country = e.Text()
	}
	switch {
	case len(of.Country) == 2:
	case country != "":
		return providers.Signing{}, fmt.Errorf("%q is not a country code of two letters: %w", country, providers.ErrInvalid)
	default:
		return providers.Signing{}, fmt.Errorf("a request needs a country code of two letters, and the certificate of the device has none to take over; give one with -country: %w", providers.ErrInvalid)
	}
	if wrong := checkName(at, of.CommonName); len(wrong) > 0 {
		return providers.Signing{}, fmt.Errorf("%s: %w", strings.TrimSuffix(wrong[0], "."), providers.ErrInvalid)
	}
	body, err := orderedRequest(at, of)
	return providers.Signing{
		Path:    path,
		Request: providers.Request{Method: method, Path: strings.TrimSuffix(at.Path, "/certificate") + signingRequestPath + slot.Query(), Body: body},
	}, err
}
