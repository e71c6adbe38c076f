package engine

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"camform/engine/config"
	"camform/engine/diff"
	"camform/engine/shell"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// CertificateRequest is a request for a certificate that a device made for a key of its own.
type CertificateRequest struct {
	Request *x509.CertificateRequest
	Made    bool // now; otherwise it waited already
}

// RequestCertificate has a device make a request for the certificate by which it is known over TLS, and reads it back over the
// connection whose key is pinned; one that waits already is read alone. Nothing else changes on the device. Begin records durably
// that it is about to be asked. A subject without a name is the host of its address. A run that dies before it has the request finds
// it waiting the next time.
//
// The error is ErrUnsupported where the device makes none. A device that is not reached over TLS, or whose key is not known from
// before, is not asked: somebody in between could exchange the request.
func (e *Engine) RequestCertificate(
	ctx context.Context, d *config.Device, of providers.Subject, run string, begin func(context.Context) error,
) (r CertificateRequest, err error) {
	kind := e.certificateKind()
	certifier, ok := e.Provider.(providers.Certifier)
	if !ok || kind == nil {
		return r, providers.ErrUnsupported
	}
	if _, allowed := d.AllowUnproven[kind.Name]; !allowed && kind.Unproven("") {
		return r, fmt.Errorf("too little is known about how devices make requests; if it works on a device that you can reach by hand, say so in the device block: "+
			"allow_unproven = { %s = \"what you tried, and where\" }", kind.Name)
	}
	leases, err := e.Store.Acquire(ctx, run, d.Address)
	if err != nil {
		return r, err
	}
	defer func() { _ = e.Store.Release(context.WithoutCancel(ctx), leases...) }() // one that cannot be given back expires by itself
	known, _, err := e.Store.Device(ctx, d.Address)
	if err != nil {
		return r, err
	}
	if known.LastSeen.IsZero() {
		return r, fmt.Errorf("camform has not seen it yet; run camform plan -target %s first", shell.Quoted(d.Address.String()))
	}
	if err := e.sparing().spared(ctx, d.Address, known.Identity.Serial); err != nil {
		return r, err
	}
	target, err := e.surveyor(nil).target(ctx, d.Address, diff.AccessOf(d), known.Pin)
	if err != nil {
		return r, err
	}
	if target.URL.Scheme != "https" {
		return r, fmt.Errorf("requests are made over https only: over plain http, somebody in between could replace them. "+
			"Write the address with https:// and run camform plan -target %s, which pins its key", shell.Quoted(d.Address.String()))
	}
	if known.Pin.SPKI == "" {
		return r, fmt.Errorf("camform has not seen its TLS key yet; run camform plan -target %s first, which pins it", shell.Quoted(d.Address.String()))
	}
	session := e.Provider.Open(target)
	defer session.Close()
	identity, err := session.Identify(ctx)
	if err != nil {
		return r, err
	}
	if err := e.Store.SaveSeen(ctx, state.Device{Address: d.Address, Endpoint: target.URL.Host, Identity: identity, Pin: session.Pin()}); err != nil {
		return r, err
	}
	return requestOver(ctx, session, certifier, kind, target.URL.Hostname(), of, begin)
}

// requestOver asks over an open session with a host.
func requestOver(
	ctx context.Context, session providers.Session, certifier providers.Certifier, kind *schema.Kind, host string, of providers.Subject, begin func(context.Context) error,
) (r CertificateRequest, err error) {
	docs := providers.Documents{}
	read := func(path string) (providers.Document, error) {
		doc, err := session.Read(ctx, path)
		if err == nil {
			docs[path] = doc
		}
		return doc, err
	}
	if err := providers.ReadKind(kind, nil, read, read); err != nil {
		return r, err
	}
	asked := of
	of.CommonName = cmp.Or(of.CommonName, host)
	signing, err := certifier.SigningRequest(kind, docs, of)
	if signing.Open != nil && !answers(signing.Open, asked) {
		return r, fmt.Errorf("it has a pending request for %s; -new makes the one that you ask for, which voids the pending one", signing.Open.Subject)
	}
	if err != nil || signing.Open != nil {
		return CertificateRequest{Request: signing.Open}, err
	}
	if err := begin(ctx); err != nil {
		return r, err
	}
	_, failed := session.Do(ctx, signing.Request)
	if failed != nil && !errors.Is(failed, providers.ErrUnknown) {
		return r, failed
	}
	session.Renew()
	doc, err := session.Read(ctx, signing.Path)
	if err == nil {
		r.Request, err = certifier.ParseSigningRequest(doc)
	}
	if err != nil {
		return r, errors.Join(err, failed)
	}
	if !answers(r.Request, of) {
		return r, fmt.Errorf("it was asked for a request for %s, and made one for %s: find out why before anybody signs that", of.CommonName, r.Request.Subject)
	}
	r.Made = true
	return r, nil
}

// answers reports whether a request has the name and the country that were asked for, if any were.
func answers(r *x509.CertificateRequest, asked providers.Subject) bool {
	return (asked.CommonName == "" || asked.CommonName == r.Subject.CommonName) &&
		(asked.Country == "" || slices.Equal(r.Subject.Country, []string{asked.Country}))
}

// certificateKind is the kind that holds the certificate by which a device is known; nil if there is none.
func (e *Engine) certificateKind() *schema.Kind {
	for _, kind := range e.Provider.Kinds().All() {
		if !kind.Own && slices.ContainsFunc(kind.Guards, func(g *schema.Guard) bool { return g.Role == schema.TLSIdentity && g.Keeps != "" }) {
			return kind
		}
	}
	return nil
}
