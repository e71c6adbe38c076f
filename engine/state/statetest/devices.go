package statetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Seen are the devices that answered, beside what is changed on them.
type Seen interface {
	Changes
	Documents
	SaveSeen(ctx context.Context, d state.Device) error
	Device(ctx context.Context, address schema.Device) (state.Device, bool, error)
	AllDevices(ctx context.Context) ([]state.Device, error)
	ForgetDevice(ctx context.Context, address schema.Device) error
}

// Devices tests what the state records about who answered.
func Devices(t *testing.T, open Opener[Seen]) {
	run(t, open, map[string]func(*world[Seen]){
		"what is saved is durable and comes back as it was": seen,
		"a pin never becomes weaker":                        merged,
		"all are listed by their addresses": func(s *world[Seen]) {
			for _, d := range []schema.Device{camera("b"), gate, camera("a10"), camera("a")} {
				s.ok(s.state.SaveSeen(s.Context(), state.Device{Address: d}))
			}
			s.same("all", addresses(s), []schema.Device{gate, camera("a"), camera("a10"), camera("b")})
		},
		"a device that nobody saved is absent, which is no error": func(s *world[Seen]) {
			if d, found, err := s.state.Device(s.Context(), gate); found || err != nil || d != (state.Device{}) {
				s.Errorf("found %v, %v, %v", d, found, err)
			}
			s.same("all", addresses(s), []schema.Device(nil))
			s.ok(s.state.ForgetDevice(s.Context(), gate))
		},
		"what is cancelled is not saved": func(s *world[Seen]) {
			s.fails(s.state.SaveSeen(cancelled(), state.Device{Address: gate}), context.Canceled)
			s.same("all", addresses(s), []schema.Device(nil))
		},
		"nothing is left of a device that is forgotten": forgotten,
		"many are saved at the same time":               crowd,
	})
}

// addresses are those of all devices, as another opening sees them.
func addresses(s *world[Seen]) (found []schema.Device) {
	s.Helper()
	all, err := s.open().AllDevices(s.Context())
	s.ok(err)
	for _, d := range all {
		found = append(found, d.Address)
	}
	return found
}

func seen(s *world[Seen]) {
	want := state.Device{
		Address: camera("north"), Endpoint: "192.0.2.1:443",
		Identity: providers.Identity{Serial: "S1", MAC: "00:00:5e:00:53:01", Model: "M", Firmware: "V5.7.3"},
		Pin:      providers.Pin{SPKI: "sha256:00", Realm: "IP Camera(1)", Algorithm: "SHA-256", Serial: "S1", MAC: "00:00:5e:00:53:01"},
	}
	s.ok(s.state.SaveSeen(s.Context(), want))
	want.FirstSeen, want.LastSeen = noon, noon
	is := func(want state.Device) {
		s.Helper()
		got, found, err := s.open().Device(s.Context(), want.Address)
		if s.ok(err); !found {
			s.Error("the device is not there")
		}
		s.same("device", got, want)
	}
	is(want)

	s.advance(time.Hour)
	s.ok(s.state.SaveSeen(s.Context(), state.Device{Address: want.Address, Endpoint: "192.0.2.2:80"}))
	want.Endpoint, want.Identity, want.LastSeen = "192.0.2.2:80", providers.Identity{}, noon.Add(time.Hour)
	is(want)

	long := noon.Add(-24 * time.Hour)
	s.ok(s.state.SaveSeen(s.Context(), state.Device{Address: gate, LastSeen: long}))
	is(state.Device{Address: gate, FirstSeen: long, LastSeen: long})
}

func merged(s *world[Seen]) {
	for _, pin := range []providers.Pin{
		{SPKI: "sha256:00", Realm: "old", Algorithm: "SHA-256", Serial: "S1", MAC: "00:00:5e:00:53:01"},
		{Realm: "new", Algorithm: "MD5"},
	} {
		s.ok(s.open().SaveSeen(s.Context(), state.Device{Address: gate, Pin: pin}))
	}
	got, _, err := s.state.Device(s.Context(), gate)
	s.ok(err)
	s.same("pin", got.Pin, providers.Pin{SPKI: "sha256:00", Realm: "new", Algorithm: "SHA-256", Serial: "S1", MAC: "00:00:5e:00:53:01"})
}

func forgotten(s *world[Seen]) {
	var leases []state.Lease
	for _, d := range []schema.Device{gate, camera("other")} {
		lease := s.lease(d, "r1")
		s.ok(s.state.SaveSeen(s.Context(), state.Device{Address: d}))
		s.ok(s.state.SaveSnapshot(s.Context(), lease, "/a", []byte("before")))
		done := s.begin(lease, state.Intent{Method: "PUT"})
		s.ok(s.state.Finish(s.Context(), lease, done, state.Done, []state.Setting{{Address: of(d, "https", "")}}, nil))
		doubt := s.begin(lease, state.Intent{Method: "PUT"})
		s.ok(s.state.Finish(s.Context(), lease, doubt, state.Unknown, nil, nil))
		s.begin(lease, state.Intent{Method: "PUT"})
		leases = append(leases, lease)
	}
	left := func(devices, settings, open, snapshots, history int) {
		s.Helper()
		intents, err := s.state.OpenIntents(s.Context(), gate)
		s.ok(err)
		taken, err := s.state.FindSnapshots(s.Context(), state.SnapshotQuery{Device: gate})
		s.ok(err)
		all, err := s.state.RunIntents(s.Context(), "r1")
		s.ok(err)
		got := []int{len(addresses(s)), len(s.settings(gate)), len(intents), len(taken), len(all)}
		s.same("devices, settings, open intents, snapshots, and intents of the run", got, []int{devices, settings, open, snapshots, history})
	}
	s.held(s.open().ForgetDevice(s.Context(), gate), leases[0])
	left(2, 1, 2, 1, 6)
	s.ok(s.state.Release(s.Context(), leases...))
	s.ok(s.open().ForgetDevice(s.Context(), gate))
	left(1, 0, 0, 0, 4) // the history stays
	s.same("of the other", len(s.settings(camera("other"))), 1)
	if next := s.acquire("r2"); next.Token <= leases[0].Token {
		s.Errorf("the token %d was given out again after %d", next.Token, leases[0].Token)
	}
}

func crowd(s *world[Seen]) {
	const n = 1000
	openings := []Seen{s.state, s.open()}
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			errs[i] = openings[i%2].SaveSeen(context.Background(), state.Device{Address: camera(number(i))})
		})
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			s.Errorf("device %d: %v", i, err)
		}
	}
	s.same("devices", len(addresses(s)), n)
}
