package isapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"camform/providers"
)

// spend puts credentials on requests, and is the only place that does. An answer to a challenge that was not yet proven
// is a login attempt: it is charged to the ledger before it leaves, and settled when the device has judged it.
//
//	             no judgement
//	            ┌──────────────┐
//	charge ──▶ open ───────────┘
//	            ├── not sent ──▶ returned, as if it had not been made
//	            ├── accepted ──▶ settled, key proven
//	            ├── 401 ───────▶ settled, ErrRefused or ErrLocked
//	            └── no answer ─▶ left unsettled, which counts as refused
//
// Once the device has given a document for the credential, a 401 or no answer for another one may be that document's own, and what
// comes next tells: an answer to a proven key settles the attempt as accepted, and before another attempt it is settled as
// contested.
//
// While a charge is open, a further attempt is made under it: the device has not judged any yet, so nothing is spent
// twice.
type spend struct {
	next       http.RoundTripper
	endpoint   string
	scheme     string
	credential providers.Credential
	consent    providers.Consent
	ledger     providers.Ledger
	once       func(*http.Request) // makes a request leave at most once
	open       *providers.Charge   // nil if there is none
	good       string              // the first document that the device gave for the credential; empty before
	doubtful   *doubtful           // nil if there is none
	accepted   []providers.Charge  // of this session, which lasts
}

// leave ends the session. A note that fails keeps other processes waiting for a while, which is safe.
func (s *spend) leave() {
	for _, charge := range s.accepted {
		_ = s.ledger.Leave(context.Background(), charge)
	}
	s.accepted = nil
}

// accept notes that the device accepted an attempt. A note that fails leaves the attempt counted as refused, which is safe. The answer
// matters more: it may be that of a write.
func (s *spend) accept(ctx context.Context, charge providers.Charge) {
	s.accepted = append(s.accepted, charge)
	_ = s.ledger.Settle(context.WithoutCancel(ctx), charge, providers.AttemptResult{Accepted: true, Remaining: providers.RemainingUnknown})
}

// doubtful is an attempt that was refused or not answered, which may have been for the document that it was about.
type doubtful struct {
	charge    providers.Charge
	remaining int // as told with the refusal
}

// reuse sends a request with the next answer to a proven key. It costs nothing.
func (s *spend) reuse(req *http.Request, k *key) (*http.Response, error) {
	if !k.proven {
		panic("isapi: a key is used without proof; this is a bug")
	}
	resp, err := s.send(req, k, func(*http.Request) {})
	if s.doubtful != nil && err == nil && resp.StatusCode != http.StatusUnauthorized && judged(resp) {
		s.accept(req.Context(), s.doubtful.charge)
		s.doubtful = nil
	}
	return resp, err
}

// attempt sends a request with an answer to a key that is not proven, which was charged. A nil error means that the credential was
// accepted, not judged, or contested: then the answer is a 401.
func (s *spend) attempt(req *http.Request, k *key, charge providers.Charge) (*http.Response, error) {
	// An attempt that is repeated counts twice.
	resp, err := s.send(req, k, s.once)
	ctx := context.WithoutCancel(req.Context()) // what happened is noted even if nobody waits for it any more
	if err != nil {
		// A note that fails leaves the attempt counted as refused, which is safe.
		switch {
		case unsent(err):
			_ = s.ledger.Return(ctx, charge)
		case s.contests(req):
			s.doubtful = &doubtful{charge, providers.RemainingUnknown}
		}
		return nil, err
	}
	result := standingOf(resp)
	switch {
	case resp.StatusCode == http.StatusUnauthorized && !result.locked && s.contests(req):
		s.doubtful = &doubtful{charge, result.remaining}
	case resp.StatusCode == http.StatusUnauthorized || result.locked:
		err := s.ledger.Settle(ctx, charge, providers.AttemptResult{Remaining: result.remaining, Lock: result.lock})
		return nil, unnoted(s.refusal(result), err)
	case !judged(resp):
		s.open = &charge
	default:
		k.proven = true
		s.accept(ctx, charge)
	}
	return resp, nil
}

// contests reports whether a refusal of a request may be that of its document alone: the device gave another one.
func (s *spend) contests(req *http.Request) bool {
	return s.good != "" && s.good != req.URL.RequestURI()
}

func (s *spend) refusal(result standing) error {
	if result.locked {
		return result.lockedError()
	}
	return result.refusedError(s.credential.Username)
}

// judged reports whether a device must have accepted the credential before it gave this answer, other than 401. One that
// is starting or overloaded answers before it looks, a web server knows a path before it asks for a login, and a 403
// without a document comes from a filter.
func judged(resp *http.Response) bool {
	switch resp.StatusCode / 100 {
	case 2:
		return true
	case 4:
		v := verdictIn(resp)
		return v.isapi && !strings.EqualFold(v.sub, "badAuthorization")
	}
	return false
}

// locked notes that the device said it is locked, and returns ErrLocked.
func (s *spend) locked(ctx context.Context, said standing) error {
	if s.ledger == nil {
		return said.lockedError()
	}
	return unnoted(said.lockedError(), s.ledger.Locked(context.WithoutCancel(ctx), s.endpoint, said.lock))
}

// unnoted adds to err that the ledger could not note it.
func unnoted(err, failed error) error {
	if failed == nil {
		return err
	}
	return fmt.Errorf("%w (and it could not be recorded in the ledger: %v)", err, failed)
}

// charge takes the open charge or makes one. Remaining is what the device said last of the attempts that are left.
func (s *spend) charge(ctx context.Context, remaining int) (providers.Charge, error) {
	switch {
	case s.credential.Password.IsZero():
		return 0, fmt.Errorf("there is no password for %q: %w", s.credential.Username, providers.ErrBudget)
	case s.ledger == nil:
		return 0, fmt.Errorf("there is no ledger for login attempts: %w", providers.ErrBudget)
	case remaining != providers.RemainingUnknown && remaining <= s.consent.Kept():
		return 0, &providers.FewLeftError{Left: remaining, Kept: s.consent.Kept()}
	}
	if s.open != nil {
		charge := *s.open
		s.open = nil
		return charge, nil
	}
	if s.doubtful != nil {
		// A note that fails leaves the attempt open, and the ledger knows what to make of that.
		_ = s.ledger.Settle(context.WithoutCancel(ctx), s.doubtful.charge, providers.AttemptResult{Contested: true, Remaining: s.doubtful.remaining})
		s.doubtful = nil
	}
	charge, err := s.ledger.Charge(ctx, providers.Attempt{Endpoint: s.endpoint, Credential: s.credential, Remaining: remaining, Consent: s.consent})
	if err != nil && !providers.EndsSession(err) {
		err = fmt.Errorf("%w: %w", err, providers.ErrBudget)
	}
	return charge, err
}

// may fails as charge would for a credential, and charges nothing.
func (s *spend) may(ctx context.Context, credential providers.Credential, remaining int) error {
	if s.ledger == nil {
		return fmt.Errorf("there is no ledger for login attempts: %w", providers.ErrBudget)
	}
	return s.ledger.Allow(ctx, providers.Attempt{Endpoint: s.endpoint, Credential: credential, Remaining: remaining, Consent: s.consent})
}

// send is the one function that sets an Authorization header. Prepare has the last word about the request.
func (s *spend) send(req *http.Request, k *key, prepare func(*http.Request)) (*http.Response, error) {
	if req.URL.Host != s.endpoint || req.URL.Scheme != s.scheme {
		panic("isapi: a credential was about to go to another origin; this is a bug")
	}
	again, err := replay(req)
	if err != nil {
		return nil, err
	}
	again.Header.Set("Authorization", k.authorization(req.Method, req.URL.RequestURI(), s.credential))
	prepare(again)
	resp, err := s.next.RoundTrip(again)
	if err == nil && s.good == "" && reads(req) && resp.StatusCode == http.StatusOK {
		s.good = req.URL.RequestURI()
	}
	return resp, err
}
