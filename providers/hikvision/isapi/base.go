package isapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"camform/providers"
)

// Limits of a connection. Cameras close one that is idle for ten seconds (their Keep-Alive header says so); it is given
// up before that, since a write on a connection that is just being closed has an unknown outcome.
const (
	dialTimeout = 5 * time.Second
	tlsTimeout  = 5 * time.Second
	idleTimeout = 8 * time.Second
	maxHeader   = 64 << 10
)

// Dial opens a connection, as net.Dialer.DialContext does.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// base sends requests over one connection to one device, and says of a failure whether the request left.
type base struct {
	transport *http.Transport
	local     atomic.Pointer[string] // local address of the last connection
	kept      atomic.Bool            // whether the device said in its last answer that it keeps the connection
}

// newBase prepares connections to endpoint ("host:port") within bounds, and to nothing else.
func newBase(endpoint string, within providers.Bounds, dial Dial, peer *peer) *base {
	return &base{transport: &http.Transport{
		Proxy:                  nil, // the environment has no say in where credentials go
		DialContext:            guarded(endpoint, within, dial),
		TLSClientConfig:        peer.config(),
		TLSHandshakeTimeout:    tlsTimeout,
		MaxConnsPerHost:        1, // devices have small tables of sessions, and digest counts must arrive in order
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true, // a bomb is not even asked for
		Protocols:              onlyHTTP1(),
	}}
}

func onlyHTTP1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

func (b *base) RoundTrip(req *http.Request) (*http.Response, error) {
	var wrote atomic.Bool
	trace := &httptrace.ClientTrace{
		// The transport sends a write again only if nothing of it was written, so each start begins with a clean slate.
		GetConn:      func(string) { wrote.Store(false) },
		GotConn:      func(info httptrace.GotConnInfo) { b.remember(info.Conn.LocalAddr()) },
		WroteHeaders: func() { wrote.Store(true) }, // comes before the first byte leaves the buffer
	}
	resp, err := b.transport.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	switch {
	case err != nil && wrote.Load():
		return nil, cutOff(req, err)
	case err != nil:
		return nil, notSent(req, err, b.transport.TLSClientConfig)
	}
	b.kept.Store(slices.ContainsFunc(resp.Header.Values("Connection"), func(value string) bool { return strings.EqualFold(value, "keep-alive") }))
	return resp, nil
}

// once makes a request leave at most once. On a connection that was used before, net/http would repeat a read that was cut off. A
// device that closes its connections without a word would cut it off, so it gets a new one unless it said that it keeps the
// connection, as cameras and recorders do (recorded).
func (b *base) once(req *http.Request) {
	if !b.kept.Load() {
		b.transport.CloseIdleConnections()
	}
	if req.Body == nil || req.Body == http.NoBody {
		req.Body = io.NopCloser(strings.NewReader("")) // without GetBody, and not known to be empty, it cannot be sent again
	}
}

func (b *base) remember(local net.Addr) {
	var address string
	if at, err := netip.ParseAddrPort(local.String()); err == nil {
		address = at.Addr().Unmap().WithZone("").String()
	}
	b.local.Store(&address)
}

// source is the local address of the last connection, empty if there was none.
func (b *base) source() string {
	if local := b.local.Load(); local != nil {
		return *local
	}
	return ""
}

// guarded dials endpoint only. Whatever a request or a document says, nothing else is ever connected to. What a name stands for is
// judged before it is connected to, or with a dial of others once the connection is open: outside the bounds that is closed before
// anything is sent.
func guarded(endpoint string, within providers.Bounds, dial Dial) Dial {
	if dial == nil {
		dial = (&net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
			at, _ := netip.ParseAddrPort(address) // an unknown one is within no bounds
			return bounded(within, at.Addr())
		}}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != endpoint {
			return nil, &failure{unsent: true, err: fmt.Errorf("%s is not the address of the device, %s: %w", address, endpoint, providers.ErrIdentity)}
		}
		if at, err := netip.ParseAddrPort(address); err == nil {
			if err := bounded(within, at.Addr()); err != nil {
				return nil, err
			}
		}
		limited, cancel := context.WithTimeoutCause(ctx, dialTimeout, tooSlow(dialTimeout))
		defer cancel()
		conn, err := dial(limited, network, address)
		if err != nil {
			return nil, notDialed(ctx, limited, endpoint, err)
		}
		at, _ := netip.ParseAddrPort(conn.RemoteAddr().String()) // an unknown one is within no bounds
		if err := bounded(within, at.Addr()); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return conn, nil
	}
}

// bounded refuses an address outside of bounds.
func bounded(within providers.Bounds, at netip.Addr) error {
	if why := within.Refuse(at); why != "" {
		return &failure{unsent: true, err: fmt.Errorf("nothing was sent to %s: %s: %w", at, why, providers.ErrForbidden)}
	}
	return nil
}

// notDialed is the failure of a connection that did not come about. One that timed out is not tried again: the device is
// off, or a filter drops our packets.
func notDialed(ctx, limited context.Context, endpoint string, cause error) error {
	if outside, ok := errors.AsType[*failure](cause); ok {
		return outside
	}
	timeout, isNet := errors.AsType[net.Error](cause)
	switch {
	case ctx.Err() != nil:
		return &failure{unsent: true, err: explained(ctx, endpoint, "", cause, providers.ErrUnreachable)}
	case limited.Err() != nil || isNet && timeout.Timeout():
		return &failure{unsent: true, err: fmt.Errorf("no answer from %s within %s; is it switched on and connected, is the address right, "+
			"and does a filter keep this computer out: %w", endpoint, dialTimeout, providers.ErrUnreachable)}
	}
	return &failure{unsent: true, again: true, err: fmt.Errorf("no connection to %s (%s): %w", endpoint, because(cause), providers.ErrUnreachable)}
}
