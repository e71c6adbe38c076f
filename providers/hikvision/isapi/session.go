package isapi

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"camform/providers"
)

// Options say how to talk to devices. The zero value is ready to use.
type Options struct {
	// Dial opens connections; nil for TCP. It is asked for the address of the target only.
	Dial Dial

	// Timeout bounds one exchange, from its first byte to the last of its answer; 0 for 20 seconds. A document that gets no answer
	// takes it once in a run, and the others of the device are waited for less from then on.
	Timeout time.Duration

	// Grace is how long a request waits for a device that is starting: one that answers 503, busy, or 403
	// invalidOperation to a write. 0 is right for a device that should be up: it is asked three times if it is busy,
	// and 403 invalidOperation is an error at once.
	Grace time.Duration
}

const defaultTimeout = 20 * time.Second

// OpenReader prepares to read from a device. What it returns has no method that writes.
func OpenReader(target providers.Target, options Options) *Reader {
	return newReader(target, options)
}

// Open prepares to read from and write to a device. Nothing is sent before the first call.
func Open(target providers.Target, options Options) *Session {
	return &Session{Reader: newReader(target, options), instead: map[*providers.Request]settled{}}
}

// Reader reads from one device; it implements providers.Reader. Identify comes first, everything before it fails. One
// goroutine may use it at a time.
type Reader struct {
	target  providers.Target
	options Options
	peer    *peer
	stack   *stack
	hide    *providers.Redactor // blanks the password of the login in what the device says

	identity   providers.Identity // zero before it is identified
	identified bool
	told       providers.Told // when the last request was made, and what its answer said of the time
	info       *reply         // that told who is there, until it is read as a document; nil for a session
	activated  bool           // whether a first password was about to be sent
	ended      error          // why nothing more is sent; nil while it may
}

// Session reads from and writes to one device; it implements providers.Session and providers.Authenticator. One goroutine
// may use it at a time.
type Session struct {
	*Reader
	instead map[*providers.Request]settled // what was sent in place of refused requests, with its outcome
}

// settled is the outcome of a request.
type settled struct {
	reply providers.Reply
	err   error
}

var (
	_ providers.Reader        = (*Reader)(nil)
	_ providers.Session       = (*Session)(nil)
	_ providers.Authenticator = (*Session)(nil)
)

func newReader(target providers.Target, options Options) *Reader {
	if options.Timeout == 0 {
		options.Timeout = defaultTimeout
	}
	r := &Reader{target: target, options: options, hide: providers.NewRedactor(target.Login.Password)}
	origin, err := originOf(target.URL)
	if err != nil {
		r.ended = err
		return r
	}
	r.target.URL = origin
	if r.target.Nodes == nil {
		r.target.Nodes = providers.NewNodes(nil)
	}
	if r.peer, err = newPeer(target.Trust, target.Pin, target.Within); err != nil {
		r.ended = err
		return r
	}
	r.stack = newStack(r.target, options, r.peer)
	r.stack.limit.hasty = r.target.Nodes.Hangs(origin.Host)
	return r
}

// originOf is the scheme, host and port of an address, the port always there.
func originOf(address *url.URL) (*url.URL, error) {
	ports := map[string]string{"http": "80", "https": "443"}
	if address == nil || ports[address.Scheme] == "" || address.Hostname() == "" {
		return nil, fmt.Errorf("the address of a device is written like https://192.0.2.5: %w", providers.ErrInvalid)
	}
	port := address.Port()
	if port == "" {
		port = ports[address.Scheme]
	}
	return &url.URL{Scheme: address.Scheme, Host: net.JoinHostPort(address.Hostname(), port)}, nil
}

// stack is the way of a request to the device.
type stack struct {
	base  *base
	limit *limit
	login *login
	top   http.RoundTripper
}

// newStack puts the layers together, each with a reason for its place:
//
//	retry   outermost: a request that is made again logs in again if it must
//	login   decides what a 401 means; its own questions without a credential enter below spend, with a retry of their own
//	spend   the last that touches a request, so that nothing below can multiply an attempt
//	stay    above log, so that a redirect is traced before it is an error
//	log     above limit, so that it finds bodies in memory, and below spend, so that it sees every exchange
//	limit   around one exchange: no layer above it meets an unbounded body, that of a 401 included
//	base    the connection
func newStack(target providers.Target, options Options, peer *peer) *stack {
	endpoint := target.URL.Host
	base := newBase(endpoint, target.Within, options.Dial, peer)
	limit := &limit{timeout: options.Timeout, next: base}
	bare := &stay{next: &log{
		device: target.Device,
		login:  target.Login,
		trace:  target.Trace,
		next:   limit,
	}}
	login := &login{
		origin:    target.URL,
		basic:     target.Basic,
		peer:      peer,
		nodes:     target.Nodes,
		asks:      &retry{grace: options.Grace, next: bare},
		keys:      map[string]*key{},
		remaining: providers.RemainingUnknown,
		spend: &spend{
			next:       bare,
			endpoint:   endpoint,
			scheme:     target.URL.Scheme,
			credential: target.Login,
			consent:    target.Consent,
			ledger:     target.Ledger,
			once:       base.once,
		},
	}
	return &stack{base: base, limit: limit, login: login, top: &retry{grace: options.Grace, next: login}}
}

// close frees connections, and ends the session of the login.
func (s *stack) close() {
	s.base.transport.CloseIdleConnections()
	s.login.leave()
}

// Identify probes the device without a credential, checks its pin, logs in once and reads who it is. It fails with any
// family; after ErrRefused, ErrLocked, ErrBudget, ErrIdentity, ErrForbidden and ErrInactive the reader sends nothing more. A device
// whose serial number, MAC address or model is not that of the target's Want or Pin is ErrIdentity. Once it has
// succeeded, it only asks again who is there.
func (r *Reader) Identify(ctx context.Context) (providers.Identity, error) {
	if r.ended != nil {
		return providers.Identity{}, r.ended
	}
	if err := r.probe(ctx); err != nil {
		return providers.Identity{}, r.end(fmt.Errorf("probe: %w", err))
	}
	identity, err := r.whoIsThere(ctx)
	if err != nil {
		return providers.Identity{}, r.end(fmt.Errorf("identify: %w", err))
	}
	r.identity, r.identified = identity, true
	return identity, nil
}

// Identify is that of the reader. A document that a session reads may be about to be written, so it is asked for again.
func (s *Session) Identify(ctx context.Context) (providers.Identity, error) {
	identity, err := s.Reader.Identify(ctx)
	s.info = nil
	return identity, err
}

// reply is status and body of an answer.
type reply struct {
	status int
	body   []byte
	told   providers.Told
}

// probe asks for a challenge and for the state of the login, without a credential. The state is a document like others: where it
// gets no answer, the challenge did.
func (r *Reader) probe(ctx context.Context) error {
	if r.identified {
		return nil
	}
	unsaid, err := r.stack.login.probe(ctx)
	if unsaid != nil {
		r.hung(userCheckPath, unsaid)
	}
	return err
}

// node is a document of the device.
func (r *Reader) node(path string) providers.Node {
	return providers.Node{Endpoint: r.target.URL.Host, Device: r.identity, Path: path}
}

// hung notes a document that got no answer in time. The others of the device are waited for less from then on: where one hangs,
// more do, and the run does not wait for each.
func (r *Reader) hung(path string, cause error) {
	if isSlow(cause) {
		r.target.Nodes.Hung(r.node(path))
		r.stack.limit.hasty = true
	}
}

// whoIsThere reads the identity of the device and checks it.
func (r *Reader) whoIsThere(ctx context.Context) (providers.Identity, error) {
	status, body, err := r.send(ctx, http.MethodGet, deviceInfoPath, nil)
	if err != nil {
		return providers.Identity{}, err
	}
	identity, err := identityOf(status, body, r.hide)
	if err != nil {
		return providers.Identity{}, err
	}
	if !r.identified {
		r.target.Nodes.Begin(r.target.URL.Host)
	}
	if err := r.target.Nodes.Given(ctx, r.node(deviceInfoPath)); err != nil {
		return providers.Identity{}, err
	}
	if !r.identified { // later it is asked again because something may have changed
		r.info = &reply{status, body, r.told}
	}
	return identity, r.peer.identify(identity, r.target.Want)
}

// freshness is how recently the login must have been accepted for a body to be sent at once. Nonces of some devices live
// for a minute only.
const freshness = 30 * time.Second

// freshen logs in again where the login is not fresh, so that a body can be sent at once.
func (r *Reader) freshen(ctx context.Context) error {
	if r.stack.login.fresh(freshness) {
		return nil
	}
	_, err := r.whoIsThere(ctx)
	return err
}

// Pin is the pin of the target with what was seen since. Before Identify has succeeded it is that of the target, so that
// nothing is kept of a peer that did not prove who it is; but for who got a first password.
func (r *Reader) Pin() providers.Pin {
	if !r.identified && !r.activated {
		return r.target.Pin
	}
	return r.peer.pin()
}

// Certificate is what the device showed last over TLS, for providers.Certified.
func (r *Reader) Certificate() *x509.Certificate {
	if r.peer == nil {
		return nil
	}
	return r.peer.certificate()
}

// Renew makes the next request open a new connection. The login stays.
func (r *Reader) Renew() {
	if r.stack != nil {
		r.stack.base.transport.CloseIdleConnections()
	}
}

// Close frees connections, and ends the session.
func (r *Reader) Close() {
	if r.stack != nil {
		r.stack.close()
	}
}

// ready says why a request cannot be made, if it cannot.
func (r *Reader) ready() error {
	switch {
	case r.ended != nil:
		return r.ended
	case !r.identified:
		return fmt.Errorf("camform reads and writes nothing before the device is identified: %w", providers.ErrIdentity)
	}
	return nil
}

// end keeps an error after which nothing more may be sent. What the device said in it does not repeat the login.
func (r *Reader) end(err error) error {
	err = r.hide.Error(err)
	for _, family := range []error{providers.ErrRefused, providers.ErrLocked, providers.ErrBudget, providers.ErrIdentity, providers.ErrForbidden, providers.ErrInactive} {
		if errors.Is(err, family) {
			r.ended = fmt.Errorf("camform sends it nothing more: %w", err)
		}
	}
	return err
}

// send makes a request with the login of the session and gives status and body of the answer. It notes when that was.
func (r *Reader) send(ctx context.Context, method, path string, body []byte) (int, []byte, error) {
	req, err := newRequest(ctx, r.target.URL, method, path, body)
	if err != nil {
		return 0, nil, err
	}
	return r.roundTrip(req)
}

func (r *Reader) roundTrip(req *http.Request) (int, []byte, error) {
	asked := time.Now()
	resp, err := r.stack.top.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	r.told = providers.Told{Asked: asked, Answered: time.Now()}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		r.told.Date = date
	}
	return resp.StatusCode, contents(resp), nil
}
