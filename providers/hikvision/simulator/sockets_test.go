package simulator_test

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"camform/providers/hikvision/simulator"
)

// dials reports whether somebody listens at an address and port.
func dials(t *testing.T, address string, port string) bool {
	t.Helper()
	var plain net.Dialer
	conn, err := plain.DialContext(t.Context(), "tcp", net.JoinHostPort(address, port))
	if err == nil {
		conn.Close()
	} else if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatal(err)
	}
	return err == nil
}

func TestTwoFleetsShareAPort(t *testing.T) {
	one := listen(t, simulator.Options{Models: []string{"camera-v57"}, Count: 2, Net: netip.MustParsePrefix("127.41.0.0/24"), TLS: true})
	port := one.URL(one.Devices()[0]).Port()
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	other := listen(t, simulator.Options{
		Models: []string{"camera-v57"}, Count: 2, Net: netip.MustParsePrefix("127.42.0.0/24"), TLS: true, Seed: 9, Port: number,
	})
	var plain net.Dialer
	for _, f := range []*simulator.Fleet{one, other} {
		for _, d := range f.Devices() {
			c := connectFrom(t, plain.DialContext, f.URL(d).String(), "admin", password)
			if got := c.get(deviceInfo); f.URL(d).Port() != port || !strings.Contains(got, d.Serial()) {
				t.Errorf("%s answers with\n%s", f.URL(d), got)
			}
		}
	}
	if dials(t, "127.41.0.3", port) {
		t.Error("somebody listens at an address of no device")
	}
}

// A machine has a limited number of sockets for a process, so a large fleet needs one only.
func TestAFleetHas512SocketsAtMost(t *testing.T) {
	for count, own := range map[int]bool{512: true, 513: false} {
		f := listen(t, simulator.Options{Models: []string{"camera-v57"}, Count: count, Net: netip.MustParsePrefix("127.43.0.0/16")})
		last := f.Devices()[count-1]
		if c := connectFrom(t, (&net.Dialer{}).DialContext, f.URL(last).String(), "admin", password); !strings.Contains(c.get(deviceInfo), last.Serial()) {
			t.Errorf("the last of %d devices does not answer", count)
		}
		if listens := dials(t, "127.43.9.9", f.URL(last).Port()); listens == own {
			t.Errorf("%d devices: somebody listens at an address of no device: %t", count, listens)
		}
	}
}

func TestKeysForTLSFollowFromTheSeed(t *testing.T) {
	certificates := func(seed uint64) (raw []string, keys map[string]bool) {
		f := newFleet(t, simulator.Options{Models: []string{"camera-v57", "recorder-v2"}, Count: 4, TLS: true, Seed: seed, Clock: newClock().now})
		keys = map[string]bool{}
		for _, d := range f.Devices() {
			conn, err := f.DialContext(t.Context(), "tcp", f.URL(d).Host+":443")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
			if err := client.Handshake(); err != nil {
				t.Fatal(err)
			}
			leaf := client.ConnectionState().PeerCertificates[0]
			raw, keys[string(leaf.RawSubjectPublicKeyInfo)] = append(raw, string(leaf.Raw)), true
		}
		if len(keys) != len(f.Devices()) {
			t.Errorf("%d devices have %d keys", len(f.Devices()), len(keys))
		}
		return raw, keys
	}
	first, keys := certificates(7)
	again, _ := certificates(7)
	for i := range first {
		if first[i] != again[i] {
			t.Errorf("device %d shows another certificate after a restart", i+1)
		}
	}
	_, others := certificates(8)
	for key := range others {
		if keys[key] {
			t.Error("another seed gives the same key")
		}
	}
}
