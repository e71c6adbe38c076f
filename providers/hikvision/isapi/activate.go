package isapi

import (
	"context"
	"crypto/aes"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"

	"camform/providers"
	"camform/providers/hikvision/activation"
	"camform/schema"
)

var (
	_ providers.Awaited   = (*Reader)(nil)
	_ providers.Dormant   = (*Reader)(nil)
	_ providers.Activator = (*Session)(nil)
)

// Activation asks whether the device has a password. It needs no login, and may come before Identify.
func (r *Reader) Activation(ctx context.Context) (providers.Activation, error) {
	if r.ended != nil && !errors.Is(r.ended, providers.ErrInactive) { // of such a device nothing else can be asked
		return providers.Activation{}, r.ended
	}
	status, body, err := r.bare(ctx, activation.Request{Method: http.MethodGet, Path: activation.StatusPath})
	if err != nil {
		return providers.Activation{}, fmt.Errorf("ask whether it is activated: %w", err)
	}
	said, err := activation.ReadStatus(body)
	switch {
	case status == http.StatusNotFound:
		return providers.Activation{}, fmt.Errorf("it does not say whether it is activated (http status 404): %w", providers.ErrUnsupported)
	case status != http.StatusOK || err != nil:
		return providers.Activation{}, fmt.Errorf("it does not say whether it is activated (http status %d): %w", status, providers.ErrMalformed)
	}
	return providers.Activation{
		Activated: said.Activated, Flow: string(said.Flow), Path: said.Flow.Path(), MinLen: activation.MinPassword, MaxLen: activation.MaxPassword,
	}, nil
}

// Awake asks whether the device is activated, and takes any answer but a 403 or 5xx for one of a device that is up: a device that
// is starting forbids everything, as one that has locked the login does.
func (r *Reader) Awake(ctx context.Context) error {
	if r.ended != nil {
		return r.ended
	}
	status, _, err := r.bare(ctx, activation.Request{Method: http.MethodGet, Path: activation.StatusPath})
	switch {
	case err != nil:
		return fmt.Errorf("ask whether it is up: %w", err)
	case status == http.StatusForbidden, status/100 == 5:
		return fmt.Errorf("it is starting, or has locked the login (http status %d): %w", status, providers.ErrBusy)
	}
	return nil
}

// Activate gives the device its first password; see providers.Activator. The key for the challenge is made for it alone.
func (s *Session) Activate(ctx context.Context, before providers.Activation, password schema.Secret) error {
	now, err := s.Activation(ctx)
	switch {
	case err != nil:
		return err
	case now.Activated:
		return fmt.Errorf("it has got a password in the meantime: %w", providers.ErrActive)
	case now.Flow != before.Flow:
		return fmt.Errorf("it asks for the flow %s, and asked for %s before: %w", now.Flow, before.Flow, providers.ErrIdentity)
	}
	if err := s.peer.hold(); err != nil {
		return s.end(err)
	}
	s.activated = true
	give, err := s.challenge(ctx, activation.Flow(now.Flow), password)
	if err != nil {
		return fmt.Errorf("ask for a challenge: %w", err)
	}
	status, body, err := s.bare(ctx, give)
	if err == nil {
		_, err = replyOf(status, body, secrets{give.Body, providers.Credential{Password: password}}.blank)
	}
	if err != nil {
		return fmt.Errorf("activate: %w", providers.NewRedactor(password).Error(err))
	}
	return nil
}

// challenge asks for a challenge, and returns the request that answers it with the password.
func (s *Session) challenge(ctx context.Context, flow activation.Flow, password schema.Secret) (activation.Request, error) {
	key, err := rsa.GenerateKey(rand.Reader, flow.KeyBits())
	if err != nil {
		return activation.Request{}, fmt.Errorf("no key could be generated (%w): %w", err, providers.ErrInvalid)
	}
	status, body, err := s.bare(ctx, flow.Ask(&key.PublicKey))
	switch v := verdictOf(status, body); {
	case errors.Is(err, providers.ErrUnknown): // what was lost is a question
		return activation.Request{}, fmt.Errorf("%s: %w", providers.Reason(err), providers.ErrUnreachable)
	case err != nil:
		return activation.Request{}, err
	case v.isapi && !v.accepted():
		return activation.Request{}, fmt.Errorf("%s: %w", v.describe(plain), v.readFamily())
	case status/100 != 2:
		return activation.Request{}, fmt.Errorf("http status %d: %w", status, v.readFamily())
	}
	var iv [aes.BlockSize]byte
	_, _ = rand.Read(iv[:]) // it never fails
	give, err := flow.Give(key, body, password.Reveal(), iv)
	if err != nil {
		return activation.Request{}, fmt.Errorf("%w: %w", err, providers.ErrMalformed)
	}
	return give, nil
}

// bare makes a request without a login. It is made again only where nothing was sent, or where the device says that it did
// nothing yet.
func (r *Reader) bare(ctx context.Context, request activation.Request) (status int, body []byte, err error) {
	req, err := newRequest(ctx, r.target.URL, request.Method, request.Path, request.Body)
	if err != nil {
		return 0, nil, err
	}
	resp, err := r.stack.login.asks.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	return resp.StatusCode, contents(resp), nil
}
