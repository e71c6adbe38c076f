package hook

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// The certificate for HTTPS. Devices show the names in it and its dates, and take either a chain for their own key or the
// order to make a certificate for themselves.

// checkCertificate wants one of the two ways to get a certificate, with all that it needs.
func checkCertificate(_ *schema.Kind, at document.Place, _ string, want cty.Value) []providers.AttributeError {
	if want.IsNull() {
		return document.About("", document.Sentence("This device does not allow its removal."))
	}
	switch chain := want.GetAttr(chainAttribute); {
	case !chain.IsKnown():
		return nil
	case !chain.IsNull():
		return checkUpload(at, want)
	default:
		return checkOwn(at, want)
	}
}

// checkOwn checks the order to make a certificate.
func checkOwn(at document.Place, want cty.Value) []providers.AttributeError {
	var wrong []providers.AttributeError
	for _, name := range []string{selfSignedAttribute, commonNameAttribute, daysAttribute} {
		if want.GetAttr(name).IsNull() {
			wrong = append(wrong, document.About(name, document.Sentence("A device needs self_signed = true, common_name and days to make a certificate, or else chain."))...)
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	if own := want.GetAttr(selfSignedAttribute); own.IsKnown() && own.False() {
		wrong = document.About(selfSignedAttribute, document.Sentence("For a certificate from an authority, give chain."))
	}
	if name := want.GetAttr(commonNameAttribute); name.IsKnown() {
		wrong = append(wrong, document.About(commonNameAttribute, checkName(at, name.AsString()))...)
	}
	if days := want.GetAttr(daysAttribute); days.IsKnown() {
		wrong = append(wrong, document.About(daysAttribute, checkDays(at, days))...)
	}
	if given := want.GetAttr(countryAttribute); given.IsKnown() && countryOf(at, want) == "" {
		wrong = append(wrong, document.About(countryAttribute, document.Sentence("A device makes no certificate without a country, and its present certificate has none to take over. Give country."))...)
	}
	return wrong
}

// countryOf is the country that is wanted, or else the one of the certificate that is there; empty for none.
func countryOf(at document.Place, want cty.Value) string {
	if given := want.GetAttr(countryAttribute); !given.IsNull() {
		return given.AsString()
	}
	e, _ := at.Doc.Find(orderCountry)
	return e.Text()
}

func checkDays(at document.Place, days cty.Value) []string {
	n, err := codec.WholeNumber(days)
	switch l := orderLimit(at, orderDays); {
	case err != nil:
		return codec.Fraction(days)
	case !l.Allows(n):
		return document.Sentence("This device accepts %s days, not %d.", l.Bounds(), n)
	}
	return nil
}

// composeCertificate makes the requests that bring the certificate, or the one that has it made.
func composeCertificate(at document.Place, c providers.Composition) ([]providers.Request, error) {
	change := c.Changes[0]
	if wrong := checkCertificate(change.Kind, at, change.Key, change.After); len(wrong) > 0 {
		return nil, change.Refused(wrong[0], providers.ErrInvalid)
	}
	if chain := change.After.GetAttr(chainAttribute); !chain.IsNull() {
		return composeSigned(at, change, chain.AsString())
	}
	if hasAll(at, change) {
		return nil, nil
	}
	body, err := selfSign(at, change.After)
	return []providers.Request{{
		Method: http.MethodPut, Path: strings.TrimSuffix(at.Path, "/certificate") + selfSignPath, Body: body, Keys: []providers.Key{change.Item()},
	}}, err
}

// hasAll reports whether the device has everything that a change wants.
func hasAll(at document.Place, change providers.Change) bool {
	for _, a := range change.Kind.Attributes {
		if want := change.After.GetAttr(a.Name); !want.IsNull() && !codec.HasAlready(at.Field(xmlpatch.Path{}, a), want) {
			return false
		}
	}
	return true
}

// selfSign is the order to make a certificate.
func selfSign(at document.Place, want cty.Value) ([]byte, error) {
	days, err := codec.WholeNumber(want.GetAttr(daysAttribute))
	if err != nil {
		return nil, err
	}
	return ordered(at, countryOf(at, want), want.GetAttr(commonNameAttribute).AsString(), strconv.FormatInt(days, 10), "")
}
