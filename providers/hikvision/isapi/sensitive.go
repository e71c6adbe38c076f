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

// sensitive is a request of an account as it may leave: over TLS as it is, and over plain HTTP with its sensitive texts enciphered,
// where the device says how. The error is ErrUnsupported where it does not say how, unless the request allows for devices that take none; and
// over TLS that may be of an old version, which keeps no secret. Nothing was sent then.
func (s *Session) sensitive(ctx context.Context, login providers.Credential, request providers.Request) (providers.Request, error) {
	encrypted, old := s.target.URL.Scheme == "https", s.target.Trust.Legacy
	texts := request.Sensitive
	if encrypted && (!old || request.OldTLS) {
		texts = nil
	}
	switch {
	case len(texts) == 0 && request.Confirm == "":
		return request, nil
	case encrypted && old && !request.OldTLS:
		return request, fmt.Errorf("the request holds passwords, which camform never sends over a connection that may use an old version of TLS; remove legacy for it: %w", providers.ErrUnsupported)
	}
	terms, err := s.termsOf(ctx, login.Username)
	switch {
	case errors.Is(err, cipher.ErrUnoffered) && (request.InClear || len(texts) == 0):
		return request, nil
	case errors.Is(err, cipher.ErrUnknown):
		return request, fmt.Errorf("the request holds passwords, which camform sends only over https or enciphered, and %w; give the device an address with https://: %w", err, providers.ErrUnsupported)
	case err != nil:
		return request, err
	}
	return enciphered(request, texts, terms.Key(login.Username, login.Password), login.Password)
}

// enciphered is a request with the texts of some elements enciphered, and the password of the login where the request wants that.
func enciphered(request providers.Request, texts []string, key cipher.Key, password schema.Secret) (providers.Request, error) {
	var iv cipher.IV
	_, _ = rand.Read(iv[:]) // it never fails
	if len(texts) > 0 {
		body, err := key.Body(request.Body, iv, texts)
		if err != nil {
			return request, fmt.Errorf("its passwords cannot be enciphered (%w): %w", err, providers.ErrInvalid)
		}
		request.Body = body
	}
	query := "security=1&iv=" + hex.EncodeToString(iv[:])
	if request.Confirm != "" {
		query += "&" + request.Confirm + "=" + key.Text(password.Reveal(), iv)
	}
	separator := "?"
	if strings.Contains(request.Path, separator) {
		separator = "&"
	}
	request.Path += separator + query
	return request, nil
}

// termsOf are how the device takes sensitive texts of an account. The error is cipher.ErrUnknown where it does not say that.
func (r *Reader) termsOf(ctx context.Context, username string) (cipher.Terms, error) {
	doc, err := r.read(ctx, securityCapabilitiesPath+"?username="+url.QueryEscape(username))
	if err != nil {
		return cipher.Terms{}, err
	}
	switch {
	case doc.Missing != "" && doc.Unsure:
		return cipher.Terms{}, fmt.Errorf("%w (%s)", cipher.ErrUnknown, doc.Missing)
	case doc.Missing != "":
		return cipher.Terms{}, fmt.Errorf("%w (%s)", cipher.ErrUnoffered, doc.Missing)
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
	sent, err := s.sensitive(ctx, s.target.Login, request)
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
		return nil, fmt.Errorf("it answered with %s %s, not with a file: %w", form, quote(hide(root)), providers.ErrUnknown)
	}
	return body, nil
}

func escaped(password schema.Secret) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(password.Reveal())) // a builder takes everything
	return b.String()
}
