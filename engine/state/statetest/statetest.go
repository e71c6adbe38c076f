// Package statetest has the promises of the parts of a state, as tests for all that implement a part: the database, and what
// stands for it in tests of others.
package statetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"camform/engine/state"
	"camform/schema"
)

// Opener makes an empty state for one test. The function that it returns opens that state, each time as another process does:
// what one opening has written, all others see at once.
type Opener[S any] func(t *testing.T, options state.Options) func() S

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a made-up clock.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

// options are those of all openings: every holder of a lease is alive.
func options(c *clock) state.Options {
	return state.Options{
		Now: c.now, Owner: state.Owner{Who: "ops@host", PID: 7, Operation: "apply", Version: "1.0"}, From: "host https://ci.example/7",
		Alive: func(int) bool { return true },
	}
}

// world is a state under test.
type world[S Changes] struct {
	*testing.T
	clock
	state S
	open  func() S // opens the same state again
}

// run tests every rule with a separate state.
func run[S Changes](t *testing.T, open Opener[S], rules map[string]func(*world[S])) {
	for rule, test := range rules {
		t.Run(rule, func(t *testing.T) {
			s := &world[S]{T: t, clock: clock{noon}}
			s.open = open(t, options(&s.clock))
			s.state = s.open()
			test(s)
		})
	}
}

var gate = schema.Device{Name: "gate"}

// camera is one of many devices of a block.
func camera(key string) schema.Device { return schema.Device{Name: "gate", Key: key, Each: true} }

// of is a setting of a device.
func of(d schema.Device, kind, item string) schema.Setting {
	return schema.Setting{Device: d, Kind: kind, Key: item}
}

func (s *world[S]) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// fails demands an error of a family.
func (s *world[S]) fails(err, family error) {
	s.Helper()
	if !errors.Is(err, family) {
		s.Errorf("got error %v, want one of the family %q", err, family)
	}
}

func (s *world[S]) lost(err error) {
	s.Helper()
	s.fails(err, state.ErrLeaseLost)
}

// held demands that a lease keeps somebody away.
func (s *world[S]) held(err error, by state.Lease) {
	s.Helper()
	var held *state.HeldError
	if !errors.As(err, &held) || held.Device != by.Device || held.Run != by.Run {
		s.Errorf("got %v, want that %s is held by run %s", err, by.Device, by.Run)
	}
}

// same demands two equal values. Nothing and a list without anything are equal.
func (s *world[S]) same(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (s *world[S]) acquire(run string) state.Lease {
	s.Helper()
	return s.lease(gate, run)
}

func (s *world[S]) lease(d schema.Device, run string) state.Lease {
	s.Helper()
	leases, err := s.state.Acquire(s.Context(), run, d)
	s.ok(err)
	return leases[0]
}

func (s *world[S]) begin(lease state.Lease, intent state.Intent) state.IntentID {
	s.Helper()
	id, err := s.state.Begin(s.Context(), lease, intent)
	s.ok(err)
	return id
}

func (s *world[S]) settings(d schema.Device) map[schema.Setting]state.Setting {
	s.Helper()
	found, err := s.open().SettingsOf(s.Context(), d)
	s.ok(err)
	return found
}

// intents demands the intents that are open on a device, oldest first, as another opening sees them.
func (s *world[S]) intents(d schema.Device, want ...state.Intent) {
	s.Helper()
	found, err := s.open().OpenIntents(s.Context(), d)
	s.ok(err)
	s.same("open on "+d.String(), found, want)
}

// cancelled is a context that is over.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func number(i int) string { return fmt.Sprintf("%04d", i) }
