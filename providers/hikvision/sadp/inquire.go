package sadp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Socket is where inquiries leave and answers arrive.
type Socket struct {
	Conn net.PacketConn
	To   net.Addr // where inquiries go; nil for a socket that only listens
	Via  string   // how people call this way
}

// Heard is a reply, and how it came.
type Heard struct {
	Reply
	From netip.Addr // who sent the packet; not valid if that is not known
	Via  string
}

// A packet can be lost, so an inquiry is sent more than once. Devices take up to two seconds for an answer.
const (
	repeats  = 3
	interval = 300 * time.Millisecond
	patience = 2500 * time.Millisecond // after the last one
)

// maxHeard is how many claims are listened to. More are no devices but somebody who makes them up.
const maxHeard = 4096

// maxFailures is how often a socket may fail to receive something.
const maxFailures = 100

// claim is what makes a reply a new one. A hardware address that comes with another serial number, model, firmware or address is a
// claim of its own, so that somebody who pretends to be a device is seen beside it. Somebody who imitates all of these is not.
type claim struct {
	mac, serial, model, firmware string
	address                      netip.Addr
}

// Inquire sends an inquiry over all sockets, three times, and calls heard for each device that answers it and each that
// announces itself meanwhile, once. It returns when everybody had time to answer or ctx is done, and closes the sockets. Heard
// is called by one goroutine at a time. The error says which inquiries could not be sent, or that ctx was done.
func Inquire(ctx context.Context, sockets []Socket, id string, heard func(Heard)) error {
	listening, stop := context.WithTimeout(ctx, (repeats-1)*interval+patience)
	defer stop()
	l := &listener{id: id, heard: heard, seen: map[claim]bool{}}
	var listeners sync.WaitGroup
	for _, s := range sockets {
		listeners.Go(func() { l.listen(s) })
	}
	unsent := send(listening, sockets, Inquiry(id))
	if len(unsent) < asking(sockets) {
		<-listening.Done()
	}
	for _, s := range sockets {
		_ = s.Conn.Close() // ends listen
	}
	listeners.Wait()
	return errors.Join(append(unsent, ctx.Err())...)
}

// asking is over how many sockets inquiries leave.
func asking(sockets []Socket) int {
	n := 0
	for _, s := range sockets {
		if s.To != nil {
			n++
		}
	}
	return n
}

// send sends a packet over every socket, and again until it was sent often enough or ctx is done. It returns an error for each
// socket over which none left.
func send(ctx context.Context, sockets []Socket, packet []byte) []error {
	sent, last := make([]bool, len(sockets)), make([]error, len(sockets))
	again := time.NewTicker(interval)
	defer again.Stop()
	for turn := range repeats {
		if turn > 0 {
			select {
			case <-again.C:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			break
		}
		for i, s := range sockets {
			if s.To == nil {
				continue
			}
			if _, err := s.Conn.WriteTo(packet, s.To); err == nil {
				sent[i] = true
			} else {
				last[i] = err
			}
		}
	}
	var unsent []error
	for i, err := range last {
		if err != nil && !sent[i] {
			unsent = append(unsent, err)
		}
	}
	return unsent
}

// listener takes the answers of one inquiry.
type listener struct {
	id    string
	mu    sync.Mutex // of what follows, and held while heard is called
	heard func(Heard)
	seen  map[claim]bool
}

// listen reads packets until the socket is closed.
func (l *listener) listen(s Socket) {
	packet := make([]byte, 64<<10)
	for failures := 0; failures < maxFailures; {
		n, from, err := s.Conn.ReadFrom(packet)
		switch {
		case errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded):
			return
		case err != nil:
			failures++
			continue // that nobody listens at the other end, for example, which an earlier packet brought about
		}
		r, err := ParseReply(packet[:n])
		if err != nil || !r.answers(l.id) {
			continue
		}
		l.take(Heard{Reply: r, From: addressOf(from), Via: s.Via})
	}
}

func (l *listener) take(h Heard) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := claim{h.MAC, h.Serial, h.Model, h.Firmware, h.Address}
	if l.seen[c] || len(l.seen) >= maxHeard {
		return
	}
	l.seen[c] = true
	l.heard(h)
}

func addressOf(a net.Addr) netip.Addr {
	if udp, ok := a.(*net.UDPAddr); ok {
		return udp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
