package isapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/cipher"
	"camform/schema"
)

const (
	securityCapabilitiesPath = "/ISAPI/Security/capabilities"
	recoveryFilePath         = "/ISAPI/Security/GUIDFileData"
)

// sensitive is a request as it may leave: over TLS as it is, and over plain HTTP with its sensitive texts enciphered. The error is
// ErrUnsupported where the device does not say how it takes those, and over TLS that may be of an old version, which keeps no
// secret; nothing was sent then.
func (s *Session) sensitive(ctx context.Context, request providers.Request) (providers.Request, error) {
	switch encrypted := s.target.URL.Scheme == "https"; {
	case len(request.Sensitive) == 0, encrypted && !s.target.Trust.Legacy:
		return request, nil
	case encrypted:
		return request, fmt.Errorf("the request holds passwords, which do not leave over a connection that may use an old version of TLS; take legacy away for it: %w", providers.ErrUnsupported)
	}
	terms, err := s.terms(ctx)
	if errors.Is(err, cipher.ErrUnknown) {
		return request, fmt.Errorf("the request holds passwords, which leave over https or enciphered only, and %w; give the device an address with https://: %w", err, providers.ErrUnsupported)
	}
	if err != nil {
		return request, err
	}
	var iv cipher.IV
	_, _ = rand.Read(iv[:]) // it never fails
	login := s.target.Login
	if request.Body, err = terms.Key(login.Username, login.Password).Body(request.Body, iv, request.Sensitive); err != nil {
		return request, fmt.Errorf("its passwords cannot be enciphered (%w): %w", err, providers.ErrInvalid)
	}
	separator := "?"
	if strings.Contains(request.Path, separator) {
		separator = "&"
	}
	request.Path += separator + "security=1&iv=" + hex.EncodeToString(iv[:])
	return request, nil
}

// terms are how the device takes sensitive texts of the account that is logged in. The error is cipher.ErrUnknown where it does not
// say that.
func (r *Reader) terms(ctx context.Context) (cipher.Terms, error) {
	doc, err := r.read(ctx, securityCapabilitiesPath+"?username="+url.QueryEscape(r.target.Login.Username))
	if err != nil {
		return cipher.Terms{}, err
	}
	if doc.Missing != "" {
		return cipher.Terms{}, fmt.Errorf("%w (%s)", cipher.ErrUnknown, doc.Missing)
	}
	return cipher.TermsOf(doc.Body)
}

var _ providers.Exporter = (*Session)(nil)

// ExportRecoveryFile asks the device for its GUID file, with the password of the login in the request.
func (s *Session) ExportRecoveryFile(ctx context.Context) ([]byte, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	file, err := s.exportRecoveryFile(ctx)
	if err != nil {
		return nil, s.end(fmt.Errorf("POST %s: %w", recoveryFilePath, err))
	}
	return file, nil
}

// recoveryFileLimit bounds what is kept as a recovery file, which has a few hundred bytes.
const recoveryFileLimit = 16 << 10

func (s *Session) exportRecoveryFile(ctx context.Context) ([]byte, error) {
	if err := s.freshen(ctx); err != nil {
		return nil, err
	}
	request := providers.Request{
		Method: http.MethodPost, Path: recoveryFilePath, Sensitive: []string{"password"},
		Body: []byte("<LoginPassword><password>" + escaped(s.target.Login.Password) + "</password></LoginPassword>"),
	}
	sent, err := s.sensitive(ctx, request)
	if err != nil {
		return nil, err
	}
	status, body, err := s.send(ctx, sent.Method, sent.Path, sent.Body)
	if err != nil {
		return nil, err
	}
	v := verdictOf(status, body)
	hide := secrets{request.Body, s.target.Login}.blank
	form, root := shapeOf(body)
	switch {
	case status/100 != 2 || v.isapi && !v.accepted():
		return nil, fmt.Errorf("%s: %w", v.describe(hide), v.family())
	case v.accepted() || form == shapeEmpty || form == shapeHTML || len(body) > recoveryFileLimit:
		return nil, fmt.Errorf("it answered with %s %s and not with a file: %w", form, quote(hide(root)), providers.ErrUnknown)
	}
	return body, nil
}

func escaped(password schema.Secret) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(password.Reveal())) // a builder takes everything
	return b.String()
}
