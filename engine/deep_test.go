package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/live"
	"camform/engine/report"
	"camform/providers"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

const (
	triggersPath = "/ISAPI/Event/triggers"
	hiddenKey    = "scenechangedetection-1" // what a device with the quirk HidesEvent serves by itself
)

// deepSite is a site of one camera that is asked for what its list lacks.
func deepSite(t *testing.T, options simulator.Options, quirks simulator.Quirks) *site {
	t.Helper()
	options.Models = []string{"camera-v57"}
	fleet := newFleet(t, options)
	fleet.Devices()[0].SetQuirks(quirks)
	s := newSite(t, fleet, fleet.DialContext)
	s.deep, s.cfg = true, &config.Config{Dir: t.TempDir()}
	return s
}

// searched surveys the site, and returns what came of the search on its only device.
func (s *site) searched() (*engine.Imported, *live.Search) {
	s.Helper()
	survey := s.survey(s.candidates())
	search := survey.Searches[0]["event_trigger"]
	if len(survey.Devices[0].Items) < 10 || search == nil {
		s.Fatalf("%d kinds were read, and %+v of the search", len(survey.Devices[0].Items), search)
	}
	return survey, search
}

// has reports whether a device was read with an event.
func has(survey *engine.Imported, key string) bool {
	_, found := survey.Devices[0].Items["event_trigger"][key]
	return found
}

// An event that the list lacks is found only where somebody asks for it, and what it costs is a request for each that the device tells
// of: over the connection that is there, with the challenge that is there, by GET.
func TestADeepSearchAsksOnceForWhatADeviceTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := deepSite(t, simulator.Options{TLS: true}, simulator.Quirks{HidesEvent: true})
		var dials atomic.Int64
		deep := newSite(t, s.fleet, func(ctx context.Context, network, address string) (net.Conn, error) {
			dials.Add(1)
			return s.fleet.DialContext(ctx, network, address)
		})
		deep.cfg = s.cfg
		var seen exchanges
		var events []report.Event
		e := deep.engine()
		e.Trace = func(entry providers.TraceEntry) {
			seen = append(seen, fmt.Sprintf("%s %s: %d", entry.Method, entry.Path, entry.Status))
		}
		e.Event = func(event report.Event) { events = append(events, event) }
		kinds := []*schema.Kind{s.provider.Kinds().Lookup("event_trigger"), s.provider.Kinds().Lookup("upnp")}
		shallow, err := e.Import(t.Context(), s.candidates(), kinds, nil)
		if err != nil || has(shallow, hiddenKey) || shallow.Searches[0] != nil || seen.count(triggersPath+"/") > 0 || seen.count("/ISAPI/Event/c") > 0 {
			t.Fatalf("without a search: %v %q", err, seen)
		}
		dials.Store(0)
		seen, events = nil, nil
		survey, err := e.Import(t.Context(), s.candidates(), kinds, kinds)
		if err != nil || !has(survey, hiddenKey) {
			t.Fatalf("%v %+v", err, survey)
		}
		search := survey.Searches[0]["event_trigger"]
		if !search.Whole() || !slices.Equal(search.Found, []string{hiddenKey}) || search.Asked != seen.count(triggersPath+"/") || survey.Searches[0]["upnp"] != nil {
			t.Errorf("%+v for %q", search, seen)
		}
		twice := slices.DeleteFunc(slices.Clone(seen), func(exchange string) bool { return seen.count(exchange) == 1 })
		if dials.Load() != 1 || seen.count(": 401") != 1 || len(twice) > 0 || seen.count("GET ") != len(seen) {
			t.Errorf("%d connections, %q", dials.Load(), seen)
		}
		asking := slices.IndexFunc(events, func(e report.Event) bool { return e.Kind == report.Asking })
		if asking < 0 || events[asking].Total != search.Asked || events[asking].Setting.Kind != "event_trigger" {
			t.Errorf("nobody hears that the device is asked: %+v", events)
		}
	})
}

// Trouble with an event that nobody has declared is reported, and costs neither the device nor a login.
func TestI10TroubleWithWhatIsSoughtCostsNothingElse(t *testing.T) {
	const silentKey = "fielddetection-1" // which the device says it has
	absent := []string{"page 404", "page 403"}
	for name, rule := range withholding {
		for habit, quirks := range map[string]simulator.Quirks{"plain": {}, "tells no attempts": {HidesAttempts: true}} {
			t.Run(name+", "+habit, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					quirks.HidesEvent = true
					s := deepSite(t, simulator.Options{}, quirks)
					camera := s.fleet.Devices()[0]
					rule.Path = triggersPath + "/" + silentKey
					if err := camera.Inject(rule); err != nil {
						t.Fatal(err)
					}
					survey, search := s.searched()
					_, told := search.Troubles[silentKey]
					if told == slices.Contains(absent, name) || search.Whole() == told || !has(survey, hiddenKey) || has(survey, silentKey) {
						t.Errorf("%+v", search)
					}
					if n := camera.Refusals(); n > 3 {
						t.Errorf("%d logins were refused", n)
					}
					camera.Heal()
					if !camera.Accepts("admin", fleetPassword) {
						t.Error("the login is locked")
					}
					if again, _ := s.searched(); !has(again, hiddenKey) {
						t.Error("the device is not read any more")
					}
				})
			})
		}
	}
}

// A device that does not answer clearly for anything is not asked for all of it, and one that goes away meanwhile keeps what it gave.
func TestI10ASearchGivesUpBeforeTheDeviceIsLost(t *testing.T) {
	for name, rule := range map[string]simulator.Rule{
		"no clear answers": {Path: triggersPath + "/*", Action: simulator.Status, Status: 500, Code: "deviceError"},
		"no answers":       {Path: triggersPath + "/*", Action: simulator.Latency, Delay: time.Hour},
		"401":              {Path: triggersPath + "/*", Action: simulator.AskAgain, Failures: 1},
		"gone":             {Path: triggersPath + "/*", Action: simulator.RebootDevice},
		"locked":           {Path: triggersPath + "/*", Action: simulator.LockDevice},
		"hints":            {Path: "/ISAPI/Event/channels/*", Action: simulator.LockDevice},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := deepSite(t, simulator.Options{}, simulator.Quirks{HidesEvent: true})
				camera := s.fleet.Devices()[0]
				if err := camera.Inject(rule); err != nil {
					t.Fatal(err)
				}
				survey, search := s.searched()
				if search.Whole() || search.Asked > 3 || search.Left == 0 == (search.Why != "") || has(survey, hiddenKey) || !has(survey, "VMD-1") {
					t.Errorf("%+v", search)
				}
				if n := camera.Refusals(); n > 5 { // of the seven that it takes until it locks
					t.Errorf("%d logins were refused", n)
				}
			})
		})
	}
}

// Whatever a device says, it is asked for no more than what a run has patience for, and that is reported.
func TestASearchHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := deepSite(t, simulator.Options{}, simulator.Quirks{HidesEvent: true})
		var words []string
		for i := range 1000 {
			words = append(words, fmt.Sprintf("event%d", i))
		}
		const channel = "/ISAPI/Event/channels/1/capabilities"
		if err := s.fleet.Devices()[0].SetDocument(channel, []byte(`<ChannelEventCap><eventType opt="scenechangedetection,`+strings.Join(words, ",")+`"/></ChannelEventCap>`)); err != nil {
			t.Fatal(err)
		}
		survey, search := s.searched()
		if search.Asked != 256 || search.Left < 745 || search.Whole() || search.Why == "" || !has(survey, hiddenKey) {
			t.Errorf("%+v", search)
		}
	})
}

// A device that tells nothing is not called complete.
func TestI12WhatADeviceDoesNotTellIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := deepSite(t, simulator.Options{}, simulator.Quirks{})
		camera := s.fleet.Devices()[0]
		if err := camera.SetDocument("/ISAPI/System/capabilities", []byte("<DeviceCap/>")); err != nil {
			t.Fatal(err)
		}
		if _, search := s.searched(); search.Whole() || !search.Silent || search.Asked > 0 {
			t.Errorf("%+v", search)
		}
	})
}

// A search ends with its run.
func TestASearchIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := deepSite(t, simulator.Options{}, simulator.Quirks{HidesEvent: true})
		if err := s.fleet.Devices()[0].Inject(simulator.Rule{Path: triggersPath + "/*", Action: simulator.Latency, Delay: 10 * time.Second}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		e := s.engine()
		ended := report.Done
		e.Event = func(event report.Event) {
			switch event.Kind {
			case report.Asking:
				time.AfterFunc(time.Second, func() { cancel(context.Canceled) })
			case report.DeviceDone:
				ended = event.Result
			}
		}
		begun := time.Now()
		if survey, err := e.Import(ctx, s.candidates(), s.provider.Kinds().All(), s.provider.Kinds().All()); !errors.Is(err, context.Canceled) || ended != report.NotRun {
			t.Errorf("%s: %v %+v", ended, err, survey)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("it took %s to end", took)
		}
	})
}
