package isapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"camform/providers"
)

// Authenticate proves a credential over a separate connection with its own challenge, and leaves the login of the session
// as it is. It asks for the state of the device first, and charges the attempt. It may come before Identify, for a
// password that is in doubt; the pin is checked in any case.
//
// Nil means that the device accepted the credential, even if the account may not see what was asked for, and ErrMustChange
// that it did and lets the account do nothing but set a password of its own; ErrRefused means that it did not. ErrLocked
// ends the session, since a locked device must be left alone.
func (s *Session) Authenticate(ctx context.Context, credential providers.Credential) error {
	if s.ended != nil {
		return s.ended
	}
	err := providers.NewRedactor(credential.Password).Error(s.authenticate(ctx, credential))
	if errors.Is(err, providers.ErrLocked) || errors.Is(err, providers.ErrIdentity) {
		err = s.end(err)
	}
	return err
}

func (s *Session) authenticate(ctx context.Context, credential providers.Credential) error {
	target := s.target
	target.Login = credential
	other := newStack(target, s.options, s.peer)
	defer other.close()
	resp, path, err := attemptAt(ctx, other, userCheckPath, deviceInfoPath)
	if err == nil && !other.login.proven() && !bareForbidden(resp) && path != deviceInfoPath {
		// A web server may ask for a login at any path, and then not have that one: no judgement, and the same charge.
		resp, _, err = attemptAt(ctx, other, deviceInfoPath)
	}
	if err != nil {
		return fmt.Errorf("authenticate: %w", err)
	}
	if !other.login.proven() {
		return fmt.Errorf("authenticate: %w", silence(resp))
	}
	v := verdictIn(resp)
	if family := v.family(); errors.Is(family, providers.ErrMustChange) {
		return fmt.Errorf("authenticate: %s: %w", v.describe(providers.NewRedactor(credential.Password).Blank), family)
	}
	return nil
}

// attemptAt makes an attempt at the first of the paths that asks for a login, and returns the answer and that path.
func attemptAt(ctx context.Context, other *stack, paths ...string) (*http.Response, string, error) {
	path, err := other.login.knock(ctx, paths...)
	if err != nil {
		return nil, "", err
	}
	req, err := newRequest(ctx, other.login.origin, http.MethodGet, path, nil)
	if err != nil {
		return nil, "", err
	}
	resp, err := other.top.RoundTrip(req)
	return resp, path, err
}

// MayAuthenticate fails as the next login with a credential would. The session must have been identified.
func (s *Session) MayAuthenticate(ctx context.Context, credential providers.Credential) error {
	if err := s.ready(); err != nil {
		return err
	}
	err := s.stack.login.may(ctx, credential)
	if errors.Is(err, providers.ErrLocked) || errors.Is(err, providers.ErrIdentity) {
		err = s.end(err)
	}
	return err
}
