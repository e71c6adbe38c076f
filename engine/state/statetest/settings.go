package statetest

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"camform/engine/state"
	"camform/schema"
)

// SettingsOfAll are the settings of all devices, beside what is changed of one.
type SettingsOfAll interface {
	Changes
	AllSettings(ctx context.Context) iter.Seq2[state.Setting, error]
	ForgetSetting(ctx context.Context, address schema.Setting) error
}

// Settings tests what the state records about settings.
func Settings(t *testing.T, open Opener[SettingsOfAll]) {
	run(t, open, map[string]func(*world[SettingsOfAll]){
		"what is recorded is durable and comes back as it was": recorded,
		"a new record takes the place of the old one":          replaced,
		"all are listed by device":                             listed,
		"one may write while going through all":                growing,
		"every address comes back":                             everyAddress,
		"a device that is held keeps its settings":             kept,
		"devices are recorded at the same time":                together,
		"of a device without settings there are none": func(s *world[SettingsOfAll]) {
			s.same("settings", len(s.settings(gate)), 0)
			s.same("all", all(s), []state.Setting(nil))
			s.ok(s.state.ForgetSetting(s.Context(), of(gate, "https", "")))
		},
	})
}

// all are all settings, as another opening sees them.
func all(s *world[SettingsOfAll]) (found []state.Setting) {
	s.Helper()
	for row, err := range s.open().AllSettings(s.Context()) {
		s.ok(err)
		found = append(found, row)
	}
	return found
}

func recorded(s *world[SettingsOfAll]) {
	lease := s.acquire("r1")
	full := state.Setting{
		Address: of(gate, "user", "a b"), Applied: []byte(`{"level":"Operator","note":"<&>"}`), Observed: []byte(`{ "level":"operator" }`),
		Fingerprints: map[string]string{"password": "00ff"}, Created: true, PendingReboot: true, Run: "r0", At: noon.Add(-time.Hour),
	}
	bare := state.Setting{Address: of(gate, "https", "")}
	s.ok(s.state.Record(cancelled(), lease, []state.Setting{full, bare}, nil)) // in spite of an interrupt
	bare.Run, bare.At = "r1", noon
	s.same("settings", s.settings(gate), map[schema.Setting]state.Setting{full.Address: full, bare.Address: bare})
	s.same("of another device", len(s.settings(camera("other"))), 0)
}

func replaced(s *world[SettingsOfAll]) {
	lease := s.acquire("r1")
	user, https, time := of(gate, "user", "a"), of(gate, "https", ""), of(gate, "time", "")
	s.ok(s.state.Record(s.Context(), lease, []state.Setting{
		{Address: user, Applied: []byte(`{"level":"Operator"}`), Observed: []byte(`{}`), Fingerprints: map[string]string{"password": "00ff"}, Created: true, PendingReboot: true},
		{Address: https},
		{Address: time},
	}, nil))
	changed := state.Setting{Address: user, Run: "r2", At: noon}
	s.ok(s.state.Record(s.Context(), lease, []state.Setting{changed}, []schema.Setting{https, of(gate, "nobody", "")}))
	s.same("settings", s.settings(gate), map[schema.Setting]state.Setting{user: changed, time: {Address: time, Run: "r1", At: noon}})

	s.ok(s.state.Release(s.Context(), lease))
	s.ok(s.state.ForgetSetting(s.Context(), user))
	s.same("settings", s.settings(gate), map[schema.Setting]state.Setting{time: {Address: time, Run: "r1", At: noon}})
}

func listed(s *world[SettingsOfAll]) {
	var want []state.Setting
	for _, d := range []schema.Device{camera("b"), camera("a")} {
		lease := s.lease(d, "r1")
		for _, address := range []schema.Setting{of(d, "user", "b"), of(d, "user", "a"), of(d, "https", "")} {
			s.ok(s.state.Record(s.Context(), lease, []state.Setting{{Address: address}}, nil))
		}
	}
	for _, d := range []schema.Device{camera("a"), camera("b")} {
		for _, address := range []schema.Setting{of(d, "https", ""), of(d, "user", "a"), of(d, "user", "b")} {
			want = append(want, state.Setting{Address: address, Run: "r1", At: noon})
		}
	}
	s.same("all", all(s), want)
	for _, err := range s.state.AllSettings(cancelled()) {
		s.fails(err, context.Canceled)
	}
}

func growing(s *world[SettingsOfAll]) {
	lease := s.acquire("r1")
	for i := range 50 {
		s.ok(s.state.Record(s.Context(), lease, []state.Setting{{Address: of(gate, "user", number(i))}}, nil))
	}
	n := 0
	for row, err := range s.state.AllSettings(s.Context()) {
		s.ok(err)
		s.ok(s.state.Record(s.Context(), lease, nil, []schema.Setting{row.Address}))
		if n++; n == 40 {
			break
		}
	}
	s.same("left", len(s.settings(gate)), 10)
}

// everyAddress: keys and names of items are whatever people and devices call things. A database that cannot keep one says so, and
// keeps nothing of it.
func everyAddress(s *world[SettingsOfAll]) {
	rapid.Check(s.T, func(r *rapid.T) {
		address := schema.Setting{
			Device: schema.Device{Name: rapid.StringMatching(`[a-z][a-z0-9_]{0,9}`).Draw(r, "name"), Each: rapid.Bool().Draw(r, "each")},
			Kind:   rapid.StringMatching(`[a-z]{1,9}`).Draw(r, "kind"),
			Key:    rapid.String().Draw(r, "item"),
		}
		if address.Device.Each { // keys come from cty, which normalises them
			address.Device.Key = norm.NFC.String(rapid.StringOf(rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Zs)).Draw(r, "key"))
		}
		must := func(err error) {
			if err != nil {
				r.Fatal(err)
			}
		}
		leases, err := s.state.Acquire(s.Context(), "r", address.Device)
		must(err)
		row := state.Setting{Address: address, Applied: []byte("{}"), Run: "r", At: noon}
		want := map[schema.Setting]state.Setting{address: row}
		if err := s.state.Record(s.Context(), leases[0], []state.Setting{row}, nil); errors.Is(err, state.ErrText) && strings.Contains(address.Key, "\x00") {
			want = map[schema.Setting]state.Setting{}
		} else {
			must(err)
		}
		got, err := s.state.SettingsOf(s.Context(), address.Device)
		must(err)
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatal(diff)
		}
		if len(want) > 0 {
			must(s.state.Record(s.Context(), leases[0], nil, []schema.Setting{address}))
		}
		must(s.state.Release(s.Context(), leases[0]))
	})
}

func kept(s *world[SettingsOfAll]) {
	lease := s.acquire("r1")
	https := of(gate, "https", "")
	s.ok(s.state.Record(s.Context(), lease, []state.Setting{{Address: https}}, nil))
	s.held(s.open().ForgetSetting(s.Context(), https), lease)
	s.same("settings", len(s.settings(gate)), 1)
	s.ok(s.state.Release(s.Context(), lease))
	s.fails(s.state.ForgetSetting(cancelled(), https), context.Canceled)
	s.same("settings", len(s.settings(gate)), 1)
}

func together(s *world[SettingsOfAll]) {
	const devices, each = 20, 5
	errs := make([]error, devices)
	var running sync.WaitGroup
	for i := range devices {
		d := camera(number(i))
		lease := s.lease(d, "r1")
		running.Go(func() {
			for range each {
				id, err := s.state.Begin(context.Background(), lease, state.Intent{Method: "PUT"})
				if err == nil {
					err = s.state.Finish(context.Background(), lease, id, state.Done, []state.Setting{{Address: of(d, "https", "")}}, nil)
				}
				if err != nil {
					errs[i] = err
				}
			}
		})
	}
	running.Wait()
	for i, err := range errs {
		if err != nil || len(s.settings(camera(number(i)))) != 1 {
			s.Errorf("device %d: %v", i, err)
		}
	}
	history, err := s.state.RunIntents(s.Context(), "r1")
	if err != nil || len(history) != devices*each {
		s.Errorf("%d intents, %v", len(history), err)
	}
}
