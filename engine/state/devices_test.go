package state

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"camform/providers"
	"camform/schema"
)

func TestWhatIsSavedOfADeviceComesBack(t *testing.T) {
	s, c := newStore(t)
	want := Device{
		Address: device("north"), Endpoint: "192.0.2.1:443",
		Identity: providers.Identity{Serial: "S1", MAC: "00:00:5e:00:53:01", Model: "M", Firmware: "V5.7.3"},
		Pin:      providers.Pin{SPKI: "sha256:00", Realm: "IP Camera(1)", Algorithm: "SHA-256", Serial: "S1", MAC: "00:00:5e:00:53:01"},
	}
	ok(t, s.SaveSeen(t.Context(), want))
	want.FirstSeen, want.LastSeen = noon, noon
	got, found, err := s.Device(t.Context(), device("north"))
	if diff := cmp.Diff(want, got); err != nil || !found || diff != "" {
		t.Fatalf("found %v, %v\n%s", found, err, diff)
	}

	c.advance(time.Hour)
	ok(t, s.SaveSeen(t.Context(), Device{Address: device("north"), Endpoint: "192.0.2.2:80", Pin: providers.Pin{Realm: "new", Algorithm: "MD5"}}))
	want.Endpoint, want.Identity, want.LastSeen, want.Pin.Realm = "192.0.2.2:80", providers.Identity{}, noon.Add(time.Hour), "new"
	all, err := s.AllDevices(t.Context())
	if diff := cmp.Diff([]Device{want}, all); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, found, err := s.Device(t.Context(), device("south")); err != nil || found {
		t.Errorf("found %v, %v, want nothing", found, err)
	}
}

func TestEveryAddressComesBack(t *testing.T) {
	s, _ := newStore(t)
	rapid.Check(t, func(r *rapid.T) {
		address := schema.Setting{
			Device: schema.Device{Name: rapid.StringMatching(`[a-z][a-z0-9_]{0,9}`).Draw(r, "name"), Each: rapid.Bool().Draw(r, "each")},
			Kind:   rapid.StringMatching(`[a-z]{1,9}`).Draw(r, "kind"),
			Key:    rapid.String().Draw(r, "item"),
		}
		if address.Device.Each { // keys come from cty, which normalises them
			address.Device.Key = norm.NFC.String(rapid.StringOf(rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Zs)).Draw(r, "key"))
		}
		lease, err := s.Acquire(context.Background(), address.Device, "r")
		if err != nil {
			r.Fatal(err)
		}
		row := Setting{Address: address, Applied: []byte("{}"), Run: "r", At: noon}
		err = s.Record(context.Background(), lease, []Setting{row}, nil)
		if err != nil {
			r.Fatal(err)
		}
		got, err := s.SettingsOf(context.Background(), address.Device)
		if diff := cmp.Diff(map[schema.Setting]Setting{address: row}, got); err != nil || diff != "" {
			r.Fatalf("%v\n%s", err, diff)
		}
		if err := s.Release(context.Background(), lease); err != nil {
			r.Fatal(err)
		}
		if err := s.ForgetDevice(context.Background(), address.Device); err != nil {
			r.Fatal(err)
		}
	})
}

func TestForgettingADeviceLeavesNoneOfIt(t *testing.T) {
	s, _ := newStore(t)
	lease := acquire(t, s, "n", "r1")
	other := acquire(t, s, "other", "r1")
	for _, l := range []Lease{lease, other} {
		ok(t, s.SaveSeen(t.Context(), Device{Address: l.Device}))
		ok(t, s.Record(t.Context(), l, []Setting{{Address: schema.Setting{Device: l.Device, Kind: "https"}}}, nil))
		_ = must[IntentID](t)(s.Begin(t.Context(), l, Intent{Method: "PUT"}))
	}
	var held *HeldError
	if err := s.ForgetDevice(t.Context(), lease.Device); !errors.As(err, &held) || held.ID != lease.Token {
		t.Fatalf("got %v, want a HeldError", err)
	}
	if err := s.ForgetSetting(t.Context(), setting("n", "https", "")); !errors.As(err, &held) {
		t.Fatalf("got %v, want a HeldError", err)
	}
	ok(t, s.Release(t.Context(), lease, other))
	ok(t, s.ForgetDevice(t.Context(), lease.Device))
	devices := must[[]Device](t)(s.AllDevices(t.Context()))
	settings := must[map[schema.Setting]Setting](t)(s.SettingsOf(t.Context(), lease.Device))
	intents := must[[]Intent](t)(s.AllOpenIntents(t.Context()))
	if len(devices) != 1 || len(settings) != 0 || len(intents) != 1 || intents[0].Device != other.Device {
		t.Errorf("left: %v, %v, %v", devices, settings, intents)
	}
	if next := acquire(t, s, "n", "r2"); next.Token <= lease.Token {
		t.Errorf("the token %d was given out again after %d", next.Token, lease.Token)
	}
	ok(t, s.ForgetDevice(t.Context(), device("nobody")))
}

// Ten thousand devices that report at once must not be a matter of minutes.
func BenchmarkSaveSeen(b *testing.B) {
	s, _ := newStore(b)
	parallel(b, 32, func(i int) error {
		return s.SaveSeen(context.Background(), Device{
			Address: device(name(i % 10_000)), Endpoint: "192.0.2.1:443",
			Identity: providers.Identity{Serial: name(i), MAC: "00:00:5e:00:53:01", Model: "M", Firmware: "V5.7.3"},
			Pin:      providers.Pin{SPKI: "sha256:00", Realm: "IP Camera(1)", Algorithm: "SHA-256"},
		})
	})
}

// parallel calls do b.N times from n goroutines.
func parallel(b *testing.B, n int, do func(i int) error) {
	b.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

func TestParallelWritersAllSucceed(t *testing.T) {
	s, _ := newStore(t)
	const n = 2000
	var wg sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		wg.Go(func() { errs <- s.SaveSeen(context.Background(), Device{Address: device(name(i))}) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		ok(t, err)
	}
	if got := len(must[[]Device](t)(s.AllDevices(t.Context()))); got != n {
		t.Errorf("%d devices, want %d", got, n)
	}
}
