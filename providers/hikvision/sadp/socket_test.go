package sadp

import (
	"context"
	"errors"
	"net"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/net/ipv4"
)

// loopback is the interface that leads nowhere.
func loopback(t *testing.T) net.Interface {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(i net.Interface) bool { return i.Flags&net.FlagLoopback != 0 })
	if i < 0 || runtime.GOOS != "linux" {
		t.Skip("multicast over loopback is proven on Linux only")
	}
	return all[i]
}

func TestInquiriesLeaveFromTheInterfaceThatWasNamed(t *testing.T) {
	lo := loopback(t)
	sockets, err := Multicast(lo)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sockets {
		defer s.Conn.Close()
		if s.To == nil {
			continue
		}
		ttl, err := ipv4.NewPacketConn(s.Conn).MulticastTTL()
		if from := addressOf(s.Conn.LocalAddr()); err != nil || ttl < 2 || !from.IsLoopback() || s.To.String() != "239.255.255.250:37020" {
			t.Errorf("from %s to %s with %d hops: %v", from, s.To, ttl, err)
		}
	}
	if last := sockets[len(sockets)-1]; len(sockets) != 2 || last.To != nil {
		t.Errorf("%+v", sockets)
	}
}

// Some devices answer who asked, and others everybody.
func TestAnswersToOneAndToAllAreHeard(t *testing.T) {
	lo := loopback(t)
	device, err := sharer([]net.Interface{lo})
	if err != nil {
		t.Fatal(err)
	}
	defer device.Conn.Close()
	if err := ipv4.NewPacketConn(device.Conn).SetMulticastInterface(&lo); err != nil {
		t.Fatal(err)
	}
	go func() {
		packet := make([]byte, 4096)
		for {
			n, from, err := device.Conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if string(packet[:n]) == string(Inquiry(id)) {
				_, _ = device.Conn.WriteTo([]byte(camera), from)
				_, _ = device.Conn.WriteTo([]byte(variant("44-47-cc-00-00-01", "44-47-cc-00-00-02")), group)
			}
		}
	}()
	sockets, err := Multicast(lo)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	heard := map[string]bool{}
	err = Inquire(ctx, sockets, id, func(h Heard) {
		if heard[h.MAC] = true; len(heard) == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || !heard["44:47:cc:00:00:01"] || !heard["44:47:cc:00:00:02"] {
		t.Errorf("%v, %v", heard, err)
	}
}
