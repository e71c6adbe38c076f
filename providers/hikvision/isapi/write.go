package isapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"camform/providers"
)

// Do sends a request that changes the device, once. It is made again only where the device says that it did nothing
// (busy), where nothing was sent, and after a 401 that asked for a new login. Where the device refuses the address, what the
// request has instead is sent, once for all requests that have the same.
//
// The error is ErrInvalid with the device's own words where it does not take the value, ErrUnsupported, ErrDenied,
// ErrBusy, and ErrUnknown where the answer is missing, cut, or does not say what happened; a device error is one of
// these. ErrRefused is also returned for a wrong password within the body, and ends the session.
func (s *Session) Do(ctx context.Context, request providers.Request) (providers.Reply, error) {
	if err := s.ready(); err != nil {
		return providers.Reply{}, err
	}
	reply, err := s.do(ctx, request)
	if err != nil {
		return providers.Reply{}, s.end(fmt.Errorf("%s %s: %w", plain(request.Method), shownPath(request.Path), err))
	}
	return reply, nil
}

func (s *Session) do(ctx context.Context, request providers.Request) (providers.Reply, error) {
	if !slices.Contains([]string{http.MethodPut, http.MethodPost, http.MethodDelete}, request.Method) {
		return providers.Reply{}, fmt.Errorf("the method changes nothing; this is a bug: %w", providers.ErrInvalid)
	}
	if done, ok := s.instead[request.Instead]; ok {
		return done.reply, done.err
	}
	if err := s.freshen(ctx); err != nil {
		return providers.Reply{}, err
	}
	sent, err := s.sensitive(ctx, s.target.Login, request)
	if err != nil {
		return providers.Reply{}, err
	}
	req, err := newRequest(ctx, s.target.URL, sent.Method, sent.Path, sent.Body)
	if err != nil {
		return providers.Reply{}, err
	}
	if err := s.expects(sent); err != nil {
		return providers.Reply{}, err
	}
	if sent.Content != "" {
		req.Header.Set("Content-Type", sent.Content)
	}
	status, body, err := s.roundTrip(req)
	if err != nil {
		return providers.Reply{}, err
	}
	if status == http.StatusForbidden && !verdictOf(status, body).isapi {
		if err := s.stack.login.state(ctx); err != nil {
			return providers.Reply{}, err
		}
	}
	if request.Instead != nil && verdictOf(status, body).refusesAddress() {
		reply, err := s.do(ctx, *request.Instead)
		s.instead[request.Instead] = settled{reply, err}
		return reply, err
	}
	return replyOf(status, body, secrets{request.Body, s.target.Login}.blank)
}

// expects accepts what the device is to show next. Over plain HTTP nobody knows who told of it.
func (s *Session) expects(r providers.Request) error {
	switch {
	case len(r.Shows) == 0:
		return nil
	case s.target.URL.Scheme != "https":
		return fmt.Errorf("a certificate is sent only over https: over plain http anybody in between could have replaced the request that was signed: %w", providers.ErrInvalid)
	}
	if err := s.peer.accepts(r.Shows, s.target.URL.Hostname(), time.Now()); err != nil || !r.Brings {
		return err
	}
	s.peer.expect(providers.KeyOf(r.Shows[0]))
	return nil
}

// refusesAddress reports whether a write was refused because the device does not have its path, or takes no write there.
func (v verdict) refusesAddress() bool {
	if v.accepted() {
		return false
	}
	sub := strings.ToLower(v.sub)
	return sub == "notsupport" || sub == "methodnotallowed" || v.http == http.StatusNotFound || v.http == http.StatusMethodNotAllowed
}

// certificateResult is the root of the one answer to a write that is no status: the request for a certificate that was made.
const certificateResult = "CertificateResult"

// replyOf reads the answer to a write. Hide blanks what the words of the device repeat.
func replyOf(status int, body []byte, hide blank) (providers.Reply, error) {
	v := verdictOf(status, body)
	form, root := shapeOf(body)
	switch {
	case status/100 == 2 && form == shapeEmpty:
		return providers.Reply{Outcome: providers.Applied, Remark: "it answered without a body"}, nil
	case v.isapi && status/100 == 2 && v.code == codeBatch && strings.EqualFold(v.sub, "allSuccess"), v.accepted():
		return v.reply(hide), nil
	case v.isapi && status/100 == 2 && v.code < 0 && strings.EqualFold(v.sub, "ok"):
		return v.reply(hide), nil
	case status/100 == 2 && root == certificateResult:
		return providers.Reply{Outcome: providers.Applied}, nil
	case status/100 == 2 && !v.isapi:
		return providers.Reply{}, fmt.Errorf("it answered with %s %s, which does not say what happened: %w", form, quote(hide(root)), providers.ErrUnknown)
	}
	return providers.Reply{}, fmt.Errorf("%s: %w", v.describe(hide), v.family())
}

// reply is what an accepted request came to. A sub code under success, such as riskPassword, is a remark.
func (v verdict) reply(hide blank) providers.Reply {
	reply := providers.Reply{Outcome: providers.Applied, ID: plain(hide(v.id))}
	switch {
	case v.code == codeReboot && strings.EqualFold(v.sub, "autoReboot"):
		reply.Outcome = providers.Restarting
	case v.code == codeReboot:
		reply.Outcome = providers.PendingReboot
	case !v.plain() && v.code != codeBatch:
		reply.Remark = "it accepted with the remark " + quote(hide(v.sub))
	}
	return reply
}
