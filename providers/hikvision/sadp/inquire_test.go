package sadp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// wire is one end of a network in memory: what is written to it reaches the device, which answers.
type wire struct {
	net.PacketConn
	device func(packet string, turn int) []string // answers to the turn-th packet
	broken error                                  // of WriteTo

	mu       sync.Mutex
	sent     []time.Time
	arriving chan string
	closed   chan struct{}
}

func newWire(device func(string, int) []string) *wire {
	return &wire{device: device, arriving: make(chan string, 64), closed: make(chan struct{})}
}

func (w *wire) WriteTo(packet []byte, _ net.Addr) (int, error) {
	if w.broken != nil {
		return 0, w.broken
	}
	w.mu.Lock()
	w.sent = append(w.sent, time.Now())
	turn := len(w.sent)
	w.mu.Unlock()
	for _, answer := range w.device(string(packet), turn) {
		w.arriving <- answer
	}
	return len(packet), nil
}

func (w *wire) ReadFrom(packet []byte) (int, net.Addr, error) {
	select {
	case answer := <-w.arriving:
		if answer == "" {
			return 0, nil, errors.New("connection refused")
		}
		return copy(packet, answer), net.UDPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.7:37020")), nil
	case <-w.closed:
		return 0, nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	close(w.closed)
	return nil
}

func (w *wire) socket() Socket { return Socket{Conn: w, To: group, Via: "lo"} }

// inquire asks over sockets, and returns who was heard.
func inquire(ctx context.Context, sockets ...Socket) (heard []Heard, err error) {
	err = Inquire(ctx, sockets, id, func(h Heard) { heard = append(heard, h) })
	return heard, err
}

func TestAnInquiryIsRepeatedAndEveryDeviceHeardOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		w := newWire(func(packet string, turn int) []string {
			if packet != string(Inquiry(id)) {
				t.Errorf("sent %s", packet)
			}
			return []string{camera, "noise", variant(id, "another"), "", variant("44-47-cc-00-00-01", "44-47-CC-00-00-02")}
		})
		heard, err := inquire(t.Context(), w.socket())
		if err != nil || len(heard) != 2 || heard[0].MAC != "44:47:cc:00:00:01" || heard[1].MAC != "44:47:cc:00:00:02" {
			t.Errorf("heard %+v, %v", heard, err)
		}
		if heard[0].From.String() != "192.0.2.7" || heard[0].Via != "lo" {
			t.Errorf("%+v", heard[0])
		}
		if len(w.sent) != repeats {
			t.Fatalf("sent %d", len(w.sent))
		}
		for i, at := range w.sent {
			if at.Sub(begin) != time.Duration(i)*interval {
				t.Errorf("packet %d after %s", i, at.Sub(begin))
			}
		}
		if took := time.Since(begin); took != (repeats-1)*interval+patience {
			t.Errorf("it took %s", took)
		}
	})
}

func TestALostPacketLosesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(_ string, turn int) []string {
			if turn < repeats {
				return nil
			}
			return []string{camera}
		})
		if heard, err := inquire(t.Context(), w.socket()); len(heard) != 1 || err != nil {
			t.Errorf("%+v, %v", heard, err)
		}
	})
}

// Somebody who takes the hardware address of a device is seen beside it.
func TestAnImpostorIsHeardBesideTheDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(string, int) []string { return []string{camera, variant("AAWRD00000000", "AAWRD99999999")} })
		if heard, _ := inquire(t.Context(), w.socket()); len(heard) != 2 || heard[0].MAC != heard[1].MAC {
			t.Errorf("%+v", heard)
		}
	})
}

func TestASocketThatOnlyListensHearsAnnouncements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newWire(nil)
		shared.arriving <- variant("ProbeMatch", "Hello", "<Uuid>"+id+"</Uuid>", "")
		asking := newWire(func(string, int) []string { return nil })
		heard, err := inquire(t.Context(), asking.socket(), Socket{Conn: shared, Via: "shared"})
		if err != nil || len(heard) != 1 || heard[0].Via != "shared" || len(shared.sent) != 0 {
			t.Errorf("%+v, %v", heard, err)
		}
	})
}

func TestAnInterruptKeepsWhatWasHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), interval/2)
		defer cancel()
		begin := time.Now()
		w := newWire(func(string, int) []string { return []string{camera} })
		heard, err := inquire(ctx, w.socket())
		if !errors.Is(err, context.DeadlineExceeded) || len(heard) != 1 || len(w.sent) != 1 || time.Since(begin) != interval/2 {
			t.Errorf("%+v, %v, %d sent, after %s", heard, err, len(w.sent), time.Since(begin))
		}
	})
}

func TestWhatCannotBeSentIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		broken := newWire(nil)
		broken.broken = os.ErrPermission
		if heard, err := inquire(t.Context(), broken.socket()); !errors.Is(err, os.ErrPermission) || len(heard) != 0 {
			t.Errorf("%+v, %v", heard, err)
		}
		if took := time.Since(begin); took >= patience {
			t.Errorf("it waited %s for answers to nothing", took)
		}
		broken, whole := newWire(nil), newWire(func(string, int) []string { return []string{camera} })
		broken.broken = os.ErrPermission
		if heard, err := inquire(t.Context(), broken.socket(), whole.socket()); !errors.Is(err, os.ErrPermission) || len(heard) != 1 {
			t.Errorf("%+v, %v", heard, err)
		}
	})
}

func TestAFloodFillsNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(string, int) []string { return nil })
		go func() {
			for i := range 2 * maxHeard {
				w.arriving <- "<Hello><MAC>" + net.HardwareAddr{2, 0, 0, 0, byte(i >> 8), byte(i)}.String() + "</MAC></Hello>"
			}
		}()
		if heard, err := inquire(t.Context(), w.socket()); len(heard) != maxHeard || err != nil {
			t.Errorf("%d, %v", len(heard), err)
		}
	})
}

func TestASocketThatAlwaysFailsIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(string, int) []string { return nil })
		go func() {
			for range maxFailures + 1 {
				w.arriving <- ""
			}
		}()
		if _, err := inquire(t.Context(), w.socket()); err != nil || len(w.arriving) != 1 {
			t.Errorf("%v, %d failures are left", err, len(w.arriving))
		}
	})
}

// A device of this machine answers over sockets that are real.
func TestASingleAddressIsAskedOverLoopback(t *testing.T) {
	device, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		packet := make([]byte, 4096)
		n, from, err := device.ReadFrom(packet)
		if err == nil && string(packet[:n]) == string(Inquiry(id)) {
			_, _ = device.WriteTo([]byte(camera), from)
		}
	}()
	socket, err := Unicast(netip.MustParseAddrPort(device.LocalAddr().String()))
	if err != nil {
		t.Fatal(err)
	}
	var heard []Heard
	err = Inquire(ctx, []Socket{socket}, id, func(h Heard) {
		heard = append(heard, h)
		cancel() // nobody else is there
	})
	if !errors.Is(err, context.Canceled) || len(heard) != 1 || heard[0].From.String() != "127.0.0.1" || !strings.HasPrefix(heard[0].Via, "127.0.0.1:") {
		t.Errorf("%+v, %v", heard, err)
	}
}

func TestAnInterfaceWithoutAnAddressIsTold(t *testing.T) {
	if sockets, err := Multicast(net.Interface{Name: "none", Index: 1 << 20}); err == nil || len(sockets) != 0 {
		t.Errorf("%v, %v", sockets, err)
	}
}
