package simulator

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
)

// ownSockets is the largest number of devices that listen on a socket each.
const ownSockets = 512

// freePorts is how many free ports are tried for one that no device finds taken.
const freePorts = 16

// Listen opens the port of the fleet, or any free one if Options.Port is 0, at the address of each device, so that fleets with
// other addresses can have the same port. A fleet of more than 512 devices, or with one that goes elsewhere (FactoryAddress), has
// the port to itself: one socket listens at every address, and closes connections to those of no device at once. Call Listen
// before WriteInventory if the port is 0, and hand the listener to Serve.
func (f *Fleet) Listen(ctx context.Context) (net.Listener, error) {
	port := f.port.Load()
	opened, err := f.open(ctx, port)
	for n := 1; err != nil && port == 0 && n < freePorts; n++ {
		opened, err = f.open(ctx, port)
	}
	if err != nil {
		return nil, err
	}
	if at, ok := opened[0].Addr().(*net.TCPAddr); ok {
		f.port.Store(int32(at.Port))
	}
	if len(opened) == 1 {
		return opened[0], nil
	}
	return accept(opened), nil
}

// open opens a socket at each address where clients find a device, all with the port that the first one got.
func (f *Fleet) open(ctx context.Context, port int32) ([]net.Listener, error) {
	var opened []net.Listener
	var config net.ListenConfig
	for _, host := range f.hosts() {
		l, err := config.Listen(ctx, "tcp4", net.JoinHostPort(host.String(), strconv.Itoa(int(port))))
		if err != nil {
			return nil, errors.Join(err, closeAll(opened))
		}
		opened = append(opened, l)
		if at, ok := l.Addr().(*net.TCPAddr); ok {
			port = int32(at.Port)
		}
	}
	return opened, nil
}

// hosts are the addresses that the fleet listens at.
func (f *Fleet) hosts() []netip.Addr {
	var own []netip.Addr
	for _, d := range f.devices {
		switch {
		case d.unit.quirks.FactoryAddress:
			return []netip.Addr{netip.IPv4Unspecified()}
		case !d.hidden:
			own = append(own, d.unit.address)
		}
	}
	if len(own) == 0 || len(own) > ownSockets {
		return []netip.Addr{netip.IPv4Unspecified()}
	}
	return own
}

// sockets accept connections at several addresses.
type sockets struct {
	all      []net.Listener
	accepted chan connection
	closed   chan struct{}
	close    func() error
}

// connection is what came of waiting at one of several sockets.
type connection struct {
	conn net.Conn
	err  error
}

// accept lets each of the sockets accept connections.
func accept(all []net.Listener) *sockets {
	s := &sockets{all: all, accepted: make(chan connection), closed: make(chan struct{})}
	s.close = sync.OnceValue(func() error {
		close(s.closed)
		return closeAll(s.all)
	})
	for _, l := range all {
		go s.wait(l)
	}
	return s
}

// wait hands on what one socket accepts, errors included, until all are closed.
func (s *sockets) wait(l net.Listener) {
	for {
		c, err := l.Accept()
		select {
		case s.accepted <- connection{c, err}:
		case <-s.closed:
			if err == nil {
				c.Close()
			}
			return
		}
	}
}

func (s *sockets) Accept() (net.Conn, error) {
	select {
	case a := <-s.accepted:
		return a.conn, a.err
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *sockets) Close() error { return s.close() }

// Addr is that of the first device.
func (s *sockets) Addr() net.Addr { return s.all[0].Addr() }

func closeAll(all []net.Listener) error {
	var errs []error
	for _, l := range all {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
