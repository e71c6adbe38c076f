package isapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"camform/providers"
)

var _ providers.Impersonator = (*Session)(nil)

// DoAs sends a request that changes the device as another account, over a separate connection with its own challenge. The
// account need not be allowed to read anything. Errors are those of Do, and ErrRefused where the device does not accept the
// credential, which leaves the session as it is.
func (s *Session) DoAs(ctx context.Context, credential providers.Credential, request providers.Request) (providers.Reply, error) {
	if err := s.ready(); err != nil {
		return providers.Reply{}, err
	}
	reply, err := s.doAs(ctx, credential, request)
	if err != nil {
		err = fmt.Errorf("%s %s as %s: %w", plain(request.Method), shownPath(request.Path), plain(credential.Username), err)
		err = providers.NewRedactor(credential.Password).Error(err)
	}
	if errors.Is(err, providers.ErrLocked) || errors.Is(err, providers.ErrIdentity) {
		err = s.end(err)
	}
	return reply, err
}

func (s *Session) doAs(ctx context.Context, credential providers.Credential, request providers.Request) (providers.Reply, error) {
	request, err := s.sensitive(ctx, credential, request)
	if err != nil {
		return providers.Reply{}, err
	}
	target := s.target
	target.Login = credential
	other := newStack(target, s.options, s.peer)
	defer other.close()
	// The attempt answers the challenge of the path that it goes to, since a nonce may hold for nothing else.
	if _, err = other.login.knock(ctx, request.Path, userCheckPath, deviceInfoPath); err != nil {
		return providers.Reply{}, err
	}
	req, err := newRequest(ctx, target.URL, request.Method, request.Path, request.Body)
	if err != nil {
		return providers.Reply{}, err
	}
	resp, err := other.top.RoundTrip(req)
	if err != nil {
		return providers.Reply{}, err
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return providers.Reply{}, silence(resp)
	}
	return replyOf(resp.StatusCode, contents(resp), secrets{request.Body, credential}.blank)
}
