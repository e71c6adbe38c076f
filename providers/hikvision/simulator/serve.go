package simulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

// link is the device's end of a connection.
type link struct {
	net.Conn
	device        *Device
	boots         int // how often the device had started or gone elsewhere when the connection was made
	local, remote net.Addr
	idle          atomic.Bool
}

type linkKey struct{}

func (l *link) LocalAddr() net.Addr  { return l.local }
func (l *link) RemoteAddr() net.Addr { return l.remote }

// NetConn is the connection below.
func (l *link) NetConn() net.Conn { return l.Conn }

// SetReadDeadline lets a connection without a request end when the device is tired of it. The server sets no deadline of
// its own while it waits for the next request.
func (l *link) SetReadDeadline(t time.Time) error {
	if t.IsZero() && l.idle.Load() {
		if patience := l.device.keepAlive(); patience > 0 {
			t = time.Now().Add(patience)
		}
	}
	return l.Conn.SetReadDeadline(t)
}

func (d *Device) keepAlive() time.Duration {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	return d.unit.quirks.KeepAlive
}

// linkOf finds the link below a connection that the server holds.
func linkOf(c net.Conn) *link {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	l, _ := c.(*link)
	return l
}

func withLink(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, linkKey{}, linkOf(c))
}

func markIdle(c net.Conn, state http.ConnState) {
	if l := linkOf(c); l != nil {
		l.idle.Store(state == http.StateIdle)
	}
}

// entrance is what a device does with a new connection.
type entrance int

const (
	refused entrance = iota // nobody listens
	dropped                 // the source is not wanted
	admitted
)

// listens reports whether the service answers at a port. A mapped port stands for the one from the factory.
func (s service) listens(port int, mapped bool, factory service) bool {
	return s.enabled && (s.port == port || mapped && s.port == factory.port)
}

// entrance judges a new connection to a port, and says how often the device has started. At a mapped port a service
// answers as it left the factory, even if it was off there: the fleet needs a way in.
func (d *Device) entrance(source netip.Addr, secure bool, port int, mapped bool) (entrance, int) {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	s, factory := d.unit.running.http, d.unit.model.settings.http
	if secure {
		s, factory = d.unit.running.https, d.unit.model.settings.https
	}
	asMade := mapped && s == factory
	boots := d.unit.core.Starts + d.unit.moves
	switch {
	case d.unit.away():
		return refused, boots
	case !asMade && !s.listens(port, mapped, factory):
		return refused, boots
	case d.unit.running.filter.drops(source):
		d.unit.record(Entry{Kind: Filtered, Source: source})
		return dropped, boots
	}
	return admitted, boots
}

// link wraps the device's end of a connection for the web server.
func (d *Device) link(c net.Conn, boots int, local, remote net.Addr, secure bool) net.Conn {
	l := &link{Conn: c, device: d, boots: boots, local: local, remote: remote}
	if secure {
		return tls.Server(l, serverTLS)
	}
	return l
}

// serverTLS asks the device behind each connection how it speaks TLS.
var serverTLS = &tls.Config{
	MinVersion: tls.VersionTLS10,
	GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		l := linkOf(hello.Conn)
		if l == nil {
			return nil, errors.New("this is a bug: a connection without a device")
		}
		return l.device.presented().tlsFor(hello.SupportedVersions)
	},
}

// presented is the device whose certificate a client sees: the other one where it answers every request.
func (d *Device) presented() *Device {
	d.unit.mu.Lock()
	always := slices.ContainsFunc(d.faults.All(), func(r Rule) bool {
		selector := r
		selector.Action, selector.Device = "", ""
		return r.Action == WrongIdentity && selector == Rule{}
	})
	d.unit.mu.Unlock()
	if always {
		return d.substitute()
	}
	return d
}

// withDHE is the cipher TLS_DHE_RSA_WITH_AES_128_CBC_SHA, which no client in Go has.
const withDHE = 0x0033

// tlsFor picks the newest version that the device is set to speak and the client understands.
func (d *Device) tlsFor(understood []uint16) (*tls.Config, error) {
	d.unit.mu.Lock()
	spoken, old := d.unit.running.tls, d.unit.quirks.OldCiphers
	d.unit.mu.Unlock()
	best := uint16(0)
	for _, v := range spoken {
		if slices.Contains(understood, v) {
			best = max(best, v)
		}
	}
	if best == 0 {
		return nil, errors.New("no common version of TLS")
	}
	c, err := d.unit.shown()
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: best, MaxVersion: best, SessionTicketsDisabled: true}
	if old {
		config.MinVersion, config.MaxVersion, config.CipherSuites = tls.VersionTLS10, tls.VersionTLS12, []uint16{withDHE}
	}
	return config, nil
}

// deviceListener hands connections to devices, and closes those that no device wants.
type deviceListener struct {
	net.Listener
	fleet *Fleet
}

func (l *deviceListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if welcome := l.fleet.welcome(c); welcome != nil {
			return welcome, nil
		}
	}
}

// welcome makes a connection a link, or closes it and returns nil.
func (f *Fleet) welcome(c net.Conn) net.Conn {
	local, errLocal := netip.ParseAddrPort(c.LocalAddr().String())
	remote, errRemote := netip.ParseAddrPort(c.RemoteAddr().String())
	d := f.reached(local.Addr().Unmap())
	if errors.Join(errLocal, errRemote) != nil || d == nil {
		c.Close()
		return nil
	}
	enter, boots := d.entrance(remote.Addr().Unmap(), f.secure, int(local.Port()), true)
	if enter == admitted {
		return d.link(c, boots, c.LocalAddr(), c.RemoteAddr(), f.secure)
	}
	if tcp, ok := c.(*net.TCPConn); ok && enter == refused {
		tcp.SetLinger(0)
	}
	c.Close()
	return nil
}

// DialContext connects to a device of the fleet in memory, without a port. It has the signature of http.Transport's. The
// source address is 127.0.0.1; see Dialer for others. Beside the port of the fleet, the ports that the device has for HTTP
// and HTTPS at the moment are open.
func (f *Fleet) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f.Dialer(netip.MustParseAddr("127.0.0.1"))(ctx, network, address)
}

// Dialer returns a function like DialContext whose connections come from another source address.
func (f *Fleet) Dialer(source netip.Addr) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := f.dial(ctx, source, address)
		if err != nil {
			return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: %w", address, err)}
		}
		return c, nil
	}
}

// sourcePort is where made-up source ports begin.
const sourcePort = 40000

func (f *Fleet) dial(ctx context.Context, source netip.Addr, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	d := f.reached(to.Addr())
	if d == nil {
		return nil, syscall.EHOSTUNREACH
	}
	port := int(to.Port())
	secure := d.speaksTLS(port)
	mapped := port == f.entry()
	if mapped {
		secure = f.secure
	}
	enter, boots := d.entrance(source, secure, port, mapped)
	if enter == refused {
		return nil, syscall.ECONNREFUSED
	}
	near, far := net.Pipe()
	remote := &net.TCPAddr{IP: source.AsSlice(), Port: sourcePort}
	local := net.TCPAddrFromAddrPort(to)
	if enter == dropped {
		far.Close()
	} else {
		f.pipes.Serve(&single{conn: d.link(far, boots, local, remote, secure)})
	}
	return &pipe{Conn: near, local: remote, remote: local}, nil
}

// entry is the port that the URLs of the fleet lead to.
func (f *Fleet) entry() int {
	port := int(f.port.Load())
	switch {
	case port != 0:
		return port
	case f.secure:
		return 443
	}
	return 80
}

// speaksTLS reports whether a port is the one for HTTPS.
func (d *Device) speaksTLS(port int) bool {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	return d.unit.running.https.port == port
}

// single is a listener with one connection. A server that serves it returns at once, and goes on with the connection.
type single struct{ conn net.Conn }

func (s *single) Accept() (net.Conn, error) {
	if s.conn == nil {
		return nil, io.EOF
	}
	c := s.conn
	s.conn = nil
	return c, nil
}

func (s *single) Close() error { return nil }

func (s *single) Addr() net.Addr { return &net.TCPAddr{} }

// pipe is the client's end of a connection in memory.
type pipe struct {
	net.Conn
	local, remote net.Addr
}

func (p *pipe) LocalAddr() net.Addr  { return p.local }
func (p *pipe) RemoteAddr() net.Addr { return p.remote }
