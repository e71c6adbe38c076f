package hook

import (
	"encoding/pem"
	"net/http"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/schema"
)

const (
	certificateAttribute = "certificate"
	authorityContent     = "application/x-x509-ca-cert" // by this type a device tells an authority from a certificate of its own
)

// checkAuthority wants one certificate of an authority, under a name that the device does not use yet.
func checkAuthority(kind *schema.Kind, at document.Place, key string, want cty.Value) []providers.AttributeError {
	if want.IsNull() {
		return nil
	}
	value := want.GetAttr(certificateAttribute)
	there := at.ItemPaths(kind, key)
	switch {
	case !value.IsKnown(), value.IsNull() && len(there) > 0:
		return nil
	case value.IsNull():
		return document.About(certificateAttribute, document.Sentence("The device has no authority of this name, and cannot get one without its certificate."))
	}
	f := at.Field(at.Entries(kind), kind.Attribute(certificateAttribute))
	if len(there) > 0 {
		f.Item = there[0]
		if codec.HasAlready(f, value) {
			return nil
		}
		return document.About(certificateAttribute, document.Sentence(
			"The device has a different certificate of this name, and one that is in use cannot be replaced. Give the new one another name, and remove this one once nothing uses it."))
	}
	authority, err := codec.FirstOf(value.AsString())
	switch {
	case err != nil:
		return document.About(certificateAttribute, document.Sentence("The certificate cannot be sent: %s.", err))
	case strings.Count(value.AsString(), "-----BEGIN ") > 1:
		return document.About(certificateAttribute, document.Sentence("It contains more than one certificate. Devices accept each under its own name."))
	case !authority.IsCA:
		return document.About(certificateAttribute, document.Sentence("The certificate of %s is not that of an authority.", document.Quote(authority.Subject.CommonName)))
	}
	return nil
}

// composeAuthority makes the one request that brings the certificate, or takes it away. Devices take the bytes of the file as they are.
func composeAuthority(at document.Place, c providers.Composition) ([]providers.Request, error) {
	var requests []providers.Request
	for _, change := range c.Changes {
		if wrong := checkAuthority(change.Kind, at, change.Key, change.After); len(wrong) > 0 {
			return nil, change.Refused(wrong[0], providers.ErrInvalid)
		}
		path := func(of string) string { return strings.ReplaceAll(of, schema.KeyHole, change.Key) } // by the pattern of the key it is a plain word
		there, write := len(at.ItemPaths(change.Kind, change.Key)) > 0, change.Kind.Write
		request := providers.Request{Keys: []providers.Key{change.Item()}}
		switch {
		case change.After.IsNull() == !there, there && !change.After.IsNull():
			continue
		case change.After.IsNull():
			request.Method, request.Path = http.MethodDelete, path(write.Delete)
		default:
			block, _ := pem.Decode([]byte(change.After.GetAttr(certificateAttribute).AsString()))
			request.Method, request.Path, request.Content = http.MethodPut, path(write.Create), authorityContent
			request.Body = pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})
		}
		requests = append(requests, request)
	}
	return requests, nil
}
