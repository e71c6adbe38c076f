package sweep

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// street is a network in which web servers of this machine have addresses of their own.
type street struct {
	mu      sync.Mutex
	doors   map[string]string // the address that it has here, by the one that it is asked at
	dialled []string
	asked   []string // method, path and address of each request
}

func (s *street) dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	s.dialled = append(s.dialled, address)
	door, open := s.doors[address]
	s.mu.Unlock()
	if !open {
		return nil, errors.New("connection refused")
	}
	return (&net.Dialer{}).DialContext(ctx, network, door)
}

// door lets a web server answer at an address, over TLS or without.
func (s *street) door(t *testing.T, address string, secure bool, answer http.HandlerFunc) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.Method+" "+r.URL.String()+" "+address)
		s.mu.Unlock()
		for _, header := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
			if r.Header.Get(header) != "" {
				t.Errorf("%s is sent %s", address, header)
			}
		}
		answer(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	if s.doors == nil {
		s.doors = map[string]string{}
	}
	s.doors[address] = server.Listener.Addr().String()
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func ask(t *testing.T, s Sweep, addresses ...string) map[string]Answer {
	t.Helper()
	var parsed []netip.Addr
	for _, a := range addresses {
		parsed = append(parsed, netip.MustParseAddr(a))
	}
	answers := map[string]Answer{}
	if err := s.Ask(t.Context(), parsed, func(a Answer) { answers[a.Address.String()] = a }); err != nil {
		t.Fatal(err)
	}
	return answers
}

const active = "<?xml version=\"1.0\"?>\n<ActivateStatus xmlns=\"http://www.isapi.org/ver20/XMLSchema\"><Activated>true</Activated><supportVersion>3</supportVersion></ActivateStatus>\n"

func TestAnAddressIsAskedOnceWithoutALogin(t *testing.T) {
	var s street
	inactive := strings.Replace(active, ">true<", ">flase<", 1)
	s.door(t, "192.0.2.1:443", true, says(200, active))
	s.door(t, "192.0.2.1:80", false, says(200, active))
	s.door(t, "192.0.2.2:80", false, says(200, inactive))
	s.door(t, "192.0.2.3:443", true, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	s.door(t, "192.0.2.3:80", false, says(200, active))
	s.door(t, "192.0.2.4:443", true, says(404, "<html></html>"))
	s.door(t, "192.0.2.5:80", false, says(200, "<html>Activated</html>"))
	s.door(t, "192.0.2.6:80", false, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://192.0.2.7/elsewhere", http.StatusFound)
	})
	s.door(t, "192.0.2.7:80", false, says(401, active))
	s.door(t, "192.0.2.8:80", false, says(200, "<ActivateStatus></ActivateStatus>"))
	answers := ask(t, Sweep{Dial: s.dial}, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7", "192.0.2.8", "192.0.2.9")
	for address, want := range map[string]Answer{
		"192.0.2.1": {URL: "https://192.0.2.1", Device: true, Activated: true},
		"192.0.2.2": {URL: "http://192.0.2.2", Device: true},
		"192.0.2.3": {}, // its answer was lost, and it is not asked again
		"192.0.2.4": {URL: "https://192.0.2.4"},
		"192.0.2.5": {URL: "http://192.0.2.5"},
		"192.0.2.6": {URL: "http://192.0.2.6"},
		"192.0.2.7": {URL: "http://192.0.2.7"},
		"192.0.2.8": {URL: "http://192.0.2.8"},
		"192.0.2.9": {},
	} {
		want.Address = netip.MustParseAddr(address)
		if answers[address] != want {
			t.Errorf("%s: %+v", address, answers[address])
		}
	}
	slices.Sort(s.asked)
	if got, want := strings.Join(s.asked, "\n"), strings.Join([]string{
		"GET /SDK/activateStatus 192.0.2.1:443", "GET /SDK/activateStatus 192.0.2.2:80", "GET /SDK/activateStatus 192.0.2.3:443",
		"GET /SDK/activateStatus 192.0.2.4:443", "GET /SDK/activateStatus 192.0.2.5:80", "GET /SDK/activateStatus 192.0.2.6:80",
		"GET /SDK/activateStatus 192.0.2.7:80", "GET /SDK/activateStatus 192.0.2.8:80",
	}, "\n"); got != want {
		t.Errorf("asked:\n%s", got)
	}
}

func TestAPortThatSomebodyNamesIsTheOnlyOne(t *testing.T) {
	var s street
	s.door(t, "192.0.2.1:8443", true, says(200, active))
	s.door(t, "192.0.2.2:8443", false, says(200, active))
	answers := ask(t, Sweep{Port: 8443, Dial: s.dial}, "192.0.2.1", "192.0.2.2")
	if a := answers["192.0.2.1"]; !a.Device || a.URL != "https://192.0.2.1:8443" {
		t.Errorf("%+v", a)
	}
	if a := answers["192.0.2.2"]; !a.Device || a.URL != "http://192.0.2.2:8443" {
		t.Errorf("%+v", a)
	}
	for _, address := range s.dialled {
		if !strings.HasSuffix(address, ":8443") {
			t.Errorf("dialled %s", address)
		}
	}
}

// houses are n addresses.
func houses(n int) []netip.Addr {
	var all []netip.Addr
	for i := range n {
		all = append(all, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
	}
	return all
}

func TestConnectionsKeepTheirPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dialled []time.Time
		var mu sync.Mutex
		s := Sweep{Dial: func(context.Context, string, string) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			dialled = append(dialled, time.Now())
			return nil, errors.New("connection refused")
		}}
		told := 0
		if err := s.Ask(t.Context(), houses(100), func(Answer) { told++ }); err != nil || told != 100 {
			t.Fatalf("%d, %v", told, err)
		}
		if len(dialled) != 200 {
			t.Errorf("%d connections", len(dialled))
		}
		for i := PerSecond; i < len(dialled); i++ {
			if within := dialled[i].Sub(dialled[i-PerSecond]); within < time.Second {
				t.Fatalf("%d connections within %s", PerSecond+1, within)
			}
		}
	})
}

func TestAnInterruptAsksNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var dials atomic.Int32
		s := Sweep{Dial: func(context.Context, string, string) (net.Conn, error) {
			if dials.Add(1) == 3 {
				cancel()
			}
			return nil, errors.New("connection refused")
		}}
		told := 0
		err := s.Ask(ctx, houses(50), func(Answer) { told++ })
		if !errors.Is(err, context.Canceled) || dials.Load() != 3 || told > 1 {
			t.Errorf("%d connections, %d told, %v", dials.Load(), told, err)
		}
	})
}

func TestWhoIsSilentIsWaitedForAndLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Sweep{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		begin := time.Now()
		answers := ask(t, s, "192.0.2.1")
		if a := answers["192.0.2.1"]; a.URL != "" || a.Device {
			t.Errorf("%+v", a)
		}
		if took := time.Since(begin); took > 3*patience {
			t.Errorf("it took %s", took)
		}
	})
}
