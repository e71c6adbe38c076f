package hikvision

import (
	"crypto/x509"
	"fmt"

	"camform/providers"
	"camform/providers/hikvision/codec"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/hook"
	"camform/schema"
)

var _ providers.Certifier = (*Provider)(nil)

// SigningRequest is how a device makes a request for the certificate that it shows over HTTPS. Where it gives names to certificates,
// the request is for the one of camform's two names that is not in use.
func (p *Provider) SigningRequest(kind *schema.Kind, docs providers.Documents, of providers.Subject) (providers.Signing, error) {
	at, err := document.Open(kind, docs, "")
	if err != nil {
		return providers.Signing{}, fmt.Errorf("the device shows no certificate that could be replaced: %w", err)
	}
	return hook.SigningRequest(at, of)
}

// ParseSigningRequest reads a request in PEM or DER form.
func (p *Provider) ParseSigningRequest(doc providers.Document) (*x509.CertificateRequest, error) {
	if doc.Missing != "" {
		return nil, doc.NotThere()
	}
	request := codec.ParseRequest(doc.Body)
	if request == nil {
		return nil, fmt.Errorf("%s is not a request for a certificate: %w", doc.Path, providers.ErrMalformed)
	}
	return request, nil
}
