package hook

import (
	"bytes"
	"errors"
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

const (
	selfSignedAttribute = "self_signed"
	commonNameAttribute = "common_name"
	daysAttribute       = "days"
	chainAttribute      = "chain"
)

var (
	selfSignPath   = "/selfSignCert" // below the folder of the document
	selfSignName   = xmlpatch.MustPath("commonName")
	selfSignDays   = xmlpatch.MustPath("validDays")
	selfSignLimits = xmlpatch.MustPath("SelfSignCert")
)

// checkCertificate wants one of the two ways to get a certificate, with all that it needs.
func checkCertificate(_ *schema.Kind, at document.Place, _ string, want cty.Value) []providers.AttributeError {
	if want.IsNull() {
		return document.About("", document.Sentence("This device does not let it be removed."))
	}
	switch chain := want.GetAttr(chainAttribute); {
	case !chain.IsKnown():
		return nil
	case !chain.IsNull():
		return checkUpload(want)
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
		wrong = document.About(selfSignedAttribute, document.Sentence("A certificate of an authority comes with chain."))
	}
	if name := want.GetAttr(commonNameAttribute); name.IsKnown() {
		wrong = append(wrong, document.About(commonNameAttribute, checkName(at, name.AsString()))...)
	}
	if days := want.GetAttr(daysAttribute); days.IsKnown() {
		wrong = append(wrong, document.About(daysAttribute, checkDays(at, days))...)
	}
	return wrong
}

func checkName(at document.Place, name string) []string {
	if l := selfSignLimit(at, selfSignName); !l.Allows(int64(len(name))) {
		return document.Sentence("The name has %s; this device takes %s.", codec.BytesOf(name), l.Bounds())
	}
	return nil
}

func checkDays(at document.Place, days cty.Value) []string {
	n, err := codec.WholeNumber(days)
	switch l := selfSignLimit(at, selfSignDays); {
	case err != nil:
		return document.Sentence("The value must be a whole number.")
	case !l.Allows(n):
		return document.Sentence("This device takes %s days, not %d.", l.Bounds(), n)
	}
	return nil
}

func checkUpload(want cty.Value) []providers.AttributeError {
	var wrong []providers.AttributeError
	for _, name := range []string{selfSignedAttribute, commonNameAttribute, daysAttribute} {
		if value := want.GetAttr(name); value.IsKnown() && !value.IsNull() {
			wrong = append(wrong, document.About(name, document.Sentence("It says how a device makes a certificate for itself, and cannot go with chain."))...)
		}
	}
	if _, err := codec.FirstOf(want.GetAttr(chainAttribute).AsString()); err != nil {
		wrong = append(wrong, document.About(chainAttribute, document.Sentence("The chain cannot be sent: %s.", err))...)
	}
	return wrong
}

// selfSignLimit is what the device says about an element of the order to make a certificate for itself.
func selfSignLimit(at document.Place, element xmlpatch.Path) document.Limit {
	for _, path := range at.Capabilities {
		if doc, err := document.Parse(at.Limits.Docs[path].Body); err == nil {
			e, _ := doc.Find(selfSignLimits.Join(element))
			return document.LimitOf(e)
		}
	}
	return document.Limit{}
}

// composeCertificate makes the one request that brings the certificate, or has it made.
func composeCertificate(at document.Place, c providers.Composition) ([]providers.Request, error) {
	change := c.Changes[0]
	if wrong := checkCertificate(change.Kind, at, change.Key, change.After); len(wrong) > 0 {
		return nil, change.Refused(wrong[0], providers.ErrInvalid)
	}
	if hasAll(at, change) {
		return nil, nil
	}
	request := providers.Request{Method: http.MethodPut, Path: at.Path, Keys: []providers.Key{change.Item()}}
	if chain := change.After.GetAttr(chainAttribute); !chain.IsNull() {
		request.Body = []byte(chain.AsString())
		return []providers.Request{request}, nil
	}
	days, err := codec.WholeNumber(change.After.GetAttr(daysAttribute))
	if err != nil {
		return nil, err
	}
	request.Path = strings.TrimSuffix(at.Path, "/certificate") + selfSignPath
	request.Body, err = selfSign(at, change.After.GetAttr(commonNameAttribute).AsString(), days)
	return []providers.Request{request}, err
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

func selfSign(at document.Place, name string, days int64) ([]byte, error) {
	body, err := document.Standalone(at.Doc, []byte("<SelfSignCert><commonName></commonName><validDays></validDays></SelfSignCert>"), nil)
	if err != nil {
		return nil, err
	}
	doc, err := xmlpatch.Parse(body)
	if err != nil {
		return nil, document.InFamily(err)
	}
	if err := errors.Join(doc.Set(selfSignName, name), doc.Set(selfSignDays, strconv.FormatInt(days, 10))); err != nil {
		return nil, document.InFamily(err)
	}
	return bytes.TrimSpace(doc.Bytes()), nil
}
