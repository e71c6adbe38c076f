package isapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"camform/providers"
)

// Documents that a login needs. userCheck answers without a credential and counts no attempt (recorded on IPC V5.8.10);
// deviceInfo exists everywhere.
const (
	userCheckPath  = "/ISAPI/Security/userCheck"
	deviceInfoPath = "/ISAPI/System/deviceInfo"
)

// login makes requests with a credential. It keeps the key that the device accepted, so that a request costs one round
// trip, and decides what a 401 means.
//
//	request with a proven key ─▶ not 401 ─▶ the answer
//	  401, locked or not activated ───────▶ ErrLocked, ErrInactive
//	  401 to a write ─────────────────────▶ ErrUnknown: it is read back, and never sent again
//	  401, fewer attempts left than before ▶ decide
//	  401, stale="true" ──────────────────▶ one attempt with the new nonce
//	  401 otherwise ─▶ probe without a credential
//	       fewer attempts left than before ▶ decide
//	       untold, as for another document before ▶ decide
//	       else ──────────────────────────▶ one attempt with a fresh challenge for this path
//	  an attempt that is answered with 401 ▶ decide, whatever its header says; ErrRefused if the session was given no document yet
//	  decide: one attempt at the document that the device gave first, as long as it is not one of the last
//	       401 ───────────────────────────▶ ErrRefused: the password was changed elsewhere
//	       else ──────────────────────────▶ the answer 401: it is that of this document alone
//
// One request is in flight at a time, so that the counts of a nonce arrive in order.
type login struct {
	origin *url.URL
	basic  bool              // whether Basic may be used
	asks   http.RoundTripper // without a credential
	spend  *spend
	peer   *peer
	nodes  *providers.Nodes

	mu        sync.Mutex
	keys      map[string]*key // by scope
	remaining int             // attempts left, as the device said last
	usesQop   bool            // whether it has offered qop
	healed    int             // how often a fresh challenge cured a 401 that had no other reason
	fickle    bool            // whether a nonce was refused that had been accepted: a write then answers a challenge of its own
	perPath   bool            // whether its nonces hold for one path only, as with some firmware of 2019
	provenAt  time.Time       // when a key was last accepted
}

// sickness is how many groundless refusals make a device one whose nonces hold for one path only.
const sickness = 2

func (l *login) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fickle && !reads(req) {
		delete(l.keys, l.scope(req))
	}
	k, err := l.key(req)
	if err != nil {
		return nil, err
	}
	if k.proven {
		return l.reuse(req, k)
	}
	resp, err := l.attempt(req, k)
	switch {
	case err != nil || resp.StatusCode != http.StatusUnauthorized:
		return resp, err
	case !reads(req):
		return nil, askedAgain(req)
	}
	return l.decide(req, resp)
}

// reuse sends a request with a proven key, and finds out what a 401 means.
func (l *login) reuse(req *http.Request, k *key) (*http.Response, error) {
	resp, err := l.spend.reuse(req, k)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusUnauthorized {
		l.provenAt = time.Now()
		return resp, nil
	}
	delete(l.keys, l.scope(req))
	before := l.remaining
	if err := l.stands(req.Context(), standingOf(resp)); err != nil {
		return nil, err
	}
	if !reads(req) {
		l.fickle = true
		return nil, askedAgain(req)
	}
	healed, err := l.heal(req, k, standingOf(resp), before)
	switch {
	case err != nil:
		return nil, err
	case healed == nil || healed.StatusCode == http.StatusUnauthorized:
		return l.decide(req, resp)
	}
	l.fickle = true
	return healed, nil
}

// askedAgain is the failure of a write that was answered with a 401 after others were accepted.
func askedAgain(req *http.Request) error {
	return notUnderstood(req, "it asks for a login again, and does not say whether it carried out the request (http status 401)")
}

// knock gets the challenge that the first attempt will answer from the first of the paths that asks for a login, and
// returns that path. The attempt must be made there: the nonce may hold for nothing else, and an answer of a path that is
// open to everybody proves nothing.
func (l *login) knock(ctx context.Context, paths ...string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, path, err := l.challenged(ctx, paths...)
	if err == nil {
		l.keys[""] = k
	}
	return path, err
}

// probe gets the challenge of deviceInfo, which the first attempt will answer. Most devices say in it how many attempts are left; the
// others are asked for the state of the login. Unsaid is why they did not say that either, where the state alone got no answer.
func (l *login) probe(ctx context.Context) (unsaid, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, err := l.ask(ctx, deviceInfoPath)
	if err != nil {
		return nil, err
	}
	if s.remaining == providers.RemainingUnknown {
		switch _, err := l.ask(ctx, userCheckPath); {
		case err == nil:
		case !errors.Is(err, providers.ErrUnreachable), unsent(err), ctx.Err() != nil:
			return nil, err
		default:
			unsaid = err
		}
	}
	if len(s.challenges) == 0 {
		return unsaid, s.silence
	}
	k, err := l.choose(s.challenges)
	if err == nil {
		l.keys[""] = k
	}
	return unsaid, err
}

// fresh reports whether a key was accepted within the last d, so that a long body is not sent in vain.
func (l *login) fresh(d time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.provenAt) < d
}

// state asks the device for its state, without a credential. It fails where the device is locked, filtered, not activated
// or does not answer.
func (l *login) state(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.ask(ctx, userCheckPath)
	return err
}

// may asks the device for its state, and fails as the next login with a credential would.
func (l *login) may(ctx context.Context, credential providers.Credential) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remaining = providers.RemainingUnknown
	if _, err := l.ask(ctx, userCheckPath); err != nil {
		return err
	}
	return l.spend.may(ctx, credential, l.remaining)
}

// leave ends the session.
func (l *login) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spend.leave()
}

// tells reports whether the device says how many attempts are left.
func (l *login) tells() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remaining != providers.RemainingUnknown
}

// proven reports whether the device has accepted the credential.
func (l *login) proven() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.provenAt.IsZero()
}

// key is the key for a request, or the answer to a new challenge, that of its own path if it has one.
func (l *login) key(req *http.Request) (*key, error) {
	if k := l.keys[l.scope(req)]; k != nil {
		return k, nil
	}
	k, _, err := l.challenged(req.Context(), req.URL.RequestURI(), userCheckPath, deviceInfoPath)
	if err == nil {
		l.keys[l.scope(req)] = k
	}
	return k, err
}

// scope is what a nonce holds for: everything, or one path.
func (l *login) scope(req *http.Request) string {
	if l.perPath {
		return req.URL.RequestURI()
	}
	return ""
}

// attempt uses an unproven key. The key is forgotten if it led nowhere.
func (l *login) attempt(req *http.Request, k *key) (*http.Response, error) {
	charge, err := l.charge(req, k)
	if err != nil {
		delete(l.keys, l.scope(req)) // what is tried again answers a challenge of then
		return nil, err
	}
	resp, err := l.spend.attempt(req, k, charge)
	if err == nil && k.proven {
		l.provenAt = time.Now()
	}
	if err != nil && !unsent(err) || err == nil && resp.StatusCode == http.StatusUnauthorized {
		delete(l.keys, l.scope(req))
	}
	return resp, err
}

// attentive is how long a charge may take before what the device said is taken for old. Nonces of some devices live for a minute only.
const attentive = 5 * time.Second

// charge charges an attempt. Where that took long, since another process was at work on the device, the nonce may be too old, which
// would make a right password a refused one, and the device may have counted since: it is asked again. Fewer attempts that are left are
// for the ledger to judge again.
func (l *login) charge(req *http.Request, k *key) (providers.Charge, error) {
	for {
		asked, before := time.Now(), l.remaining
		charge, err := l.spend.charge(req.Context(), before)
		if err != nil || time.Since(asked) < attentive {
			return charge, err
		}
		next, _, err := l.challenged(req.Context(), req.URL.RequestURI(), userCheckPath, deviceInfoPath)
		if err == nil {
			*k = *next
			fewer := l.remaining != before && (before == providers.RemainingUnknown || l.remaining < before)
			if !fewer {
				return charge, nil
			}
		}
		// A note that fails leaves the attempt counted as refused, which is safe.
		_ = l.spend.ledger.Return(context.WithoutCancel(req.Context()), charge)
		if err != nil {
			return 0, err
		}
	}
}

// heal makes the one attempt that is left for a document after a proven key was refused there. There is no response where none
// would help: the device counted the refusal, or the key has nothing in it that could be too old.
func (l *login) heal(req *http.Request, k *key, refused standing, before int) (*http.Response, error) {
	switch {
	case refused.fellBelow(before) || k.challenge.scheme == "basic":
		return nil, nil
	case refused.stale():
		next, err := l.choose(refused.challenges)
		if err != nil {
			return nil, err
		}
		l.keys[l.scope(req)] = next
		return l.attempt(req, next)
	}
	return l.lastTry(req, before)
}

// decide finds out whether a 401 is that of the document alone, by one attempt at the document that the device gave first. It
// returns the 401 if so.
func (l *login) decide(req *http.Request, refused *http.Response) (*http.Response, error) {
	ctx, said := req.Context(), standingOf(refused)
	said.remaining = l.remaining
	known := l.remaining != providers.RemainingUnknown
	if !l.spend.contests(req) || known && l.remaining <= l.spend.consent.Kept() {
		return nil, said.refusedError(l.spend.credential.Username)
	}
	good, err := newRequest(ctx, l.origin, http.MethodGet, l.spend.good, nil)
	if err != nil {
		return nil, err
	}
	k, _, err := l.challenged(ctx, l.spend.good)
	if err != nil {
		return nil, err
	}
	l.keys[l.scope(good)] = k
	if _, err := l.attempt(good, k); err != nil {
		return nil, err
	}
	if !k.proven {
		return nil, fmt.Errorf("it asks for a login again, and does not say whether it accepts this one: %w", providers.ErrBusy)
	}
	return refused, nil
}

// lastTry makes the one attempt that is left after a 401 without a reason, unless the device has counted a refusal.
func (l *login) lastTry(req *http.Request, before int) (*http.Response, error) {
	ctx := req.Context()
	probed, err := l.ask(ctx, userCheckPath)
	if err != nil {
		return nil, err
	}
	if probed.fellBelow(before) || l.remaining == providers.RemainingUnknown && l.nodes.Frugal(l.spend.endpoint) {
		return nil, nil
	}
	// The nonce may hold for one path only, so the challenge is that of the path.
	next, _, err := l.challenged(ctx, req.URL.RequestURI(), userCheckPath, deviceInfoPath)
	if err != nil {
		return nil, err
	}
	l.keys[l.scope(req)] = next
	resp, err := l.attempt(req, next)
	if err == nil && next.proven {
		l.healed++
		l.perPath = l.perPath || l.healed >= sickness
		l.keys[l.scope(req)] = next
	}
	return resp, err
}

// challenged asks for a challenge at one path after the other until one is given, and chooses the key to answer it. It
// also returns the path.
func (l *login) challenged(ctx context.Context, paths ...string) (*key, string, error) {
	var last standing
	for _, path := range paths {
		var err error
		if last, err = l.ask(ctx, path); err != nil {
			return nil, "", err
		}
		if len(last.challenges) > 0 {
			k, err := l.choose(last.challenges)
			return k, path, err
		}
	}
	return nil, "", last.silence
}

// ask gets a path without a credential. An answer that is not 401 has no challenge; its standing says what it was. A 401
// without a challenge means that the table of sessions is full (seen on terminals): it is asked again twice at most.
func (l *login) ask(ctx context.Context, path string) (standing, error) {
	for _, pause := range []time.Duration{400 * time.Millisecond, 1200 * time.Millisecond, 0} {
		s, err := l.askOnce(ctx, path)
		if err != nil || !s.full {
			return s, err
		}
		if err := sleep(ctx, pause); err != nil {
			return standing{}, err
		}
	}
	return standing{}, fmt.Errorf("it asks for a login but gives no challenge; its table of sessions may be full: %w", providers.ErrBusy)
}

func (l *login) askOnce(ctx context.Context, path string) (standing, error) {
	req, err := newRequest(ctx, l.origin, http.MethodGet, path, nil)
	if err != nil {
		return standing{}, err
	}
	resp, err := l.asks.RoundTrip(req)
	if err != nil {
		return standing{}, err
	}
	s := standingOf(resp)
	if err := l.stands(ctx, s); err != nil {
		return standing{}, err
	}
	switch {
	case resp.StatusCode == http.StatusUnauthorized:
		s.full = len(s.challenges) == 0
	case bareForbidden(resp):
		return standing{}, silence(resp)
	default:
		s.challenges = nil
		s.silence = silence(resp)
	}
	return s, nil
}

// stands ends the login where the device says that it is locked or not activated, and remembers what it says of the
// attempts that are left.
func (l *login) stands(ctx context.Context, s standing) error {
	switch {
	case s.locked:
		return l.spend.locked(ctx, s)
	case s.inactive:
		return fmt.Errorf("it has no password yet: %w", providers.ErrInactive)
	}
	if s.remaining != providers.RemainingUnknown {
		l.remaining = s.remaining
	}
	return nil
}

// choose takes the strongest of the challenges and decides whether a credential may answer it.
func (l *login) choose(offered []challenge) (*key, error) {
	best, ok := strongest(offered)
	if !ok {
		return nil, fmt.Errorf("it offers no way to log in that camform knows: %w", providers.ErrUnsupported)
	}
	if best.scheme == "basic" {
		return l.chooseBasic(best)
	}
	if l.usesQop && best.qop == nil {
		return nil, fmt.Errorf("it offers digest without qop, but offered it before: %w", providers.ErrIdentity)
	}
	if err := l.peer.admit(best.realm, best.algorithmName()); err != nil {
		return nil, err
	}
	l.usesQop = l.usesQop || best.qop != nil
	return &key{challenge: best}, nil
}

func (l *login) chooseBasic(c challenge) (*key, error) {
	switch {
	case l.origin.Scheme != "https":
		return nil, fmt.Errorf("it offers HTTP Basic only, which without TLS shows the password to the network: %w", providers.ErrUnsupported)
	case !l.basic:
		return nil, fmt.Errorf("it offers HTTP Basic only, which its configuration does not allow: %w", providers.ErrUnsupported)
	}
	if err := l.peer.admit(c.realm, ""); err != nil {
		return nil, err
	}
	return &key{challenge: c}, nil
}

// strongest is the digest challenge with SHA-256, else one with MD5, else Basic. With qop comes before without.
func strongest(offered []challenge) (challenge, bool) {
	rank := func(c challenge) int {
		switch {
		case c.usable() && c.algorithmName() == "SHA-256" && c.qop != nil:
			return 5
		case c.usable() && c.algorithmName() == "SHA-256":
			return 4
		case c.usable() && c.qop != nil:
			return 3
		case c.usable():
			return 2
		case c.scheme == "basic" && !slices.ContainsFunc(offered, func(o challenge) bool { return o.scheme == "digest" }):
			return 1
		}
		return 0
	}
	best := slices.MaxFunc(slices.Concat(offered, []challenge{{}}), func(a, b challenge) int { return rank(a) - rank(b) })
	return best, rank(best) > 0
}
