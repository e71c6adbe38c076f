package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/learn"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/engine/thorough"
	"camform/providers"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

// candidates are the devices of the fleet that say who they are, known only by their addresses.
func (s *site) candidates() []engine.Candidate {
	s.Helper()
	var all []engine.Candidate
	for _, d := range s.fleet.Devices() {
		if d.Document(infoDocument) == nil {
			continue
		}
		all = append(all, engine.Candidate{
			Device: schema.Device{Name: "candidate", Key: d.Name(), Each: true}, Name: d.Name(),
			URL: s.fleet.URL(d), Username: "admin", Origin: "env:FLEET_PASSWORD",
		})
	}
	return all
}

// survey reads candidates, and if the site is deep also what their lists lack. All of them must answer.
func (s *site) survey(candidates []engine.Candidate) *engine.Imported {
	s.Helper()
	s.cfg = &config.Config{Dir: s.TempDir()}
	var deep []*schema.Kind
	if s.deep {
		deep = s.provider.Kinds().All()
	}
	survey, err := s.engine().Import(context.Background(), candidates, s.provider.Kinds().All(), deep)
	if err != nil {
		s.Fatal(err)
	}
	for _, u := range survey.LeftOut {
		s.Fatalf("%s was not read: %s", u.Candidate.Device, u.Reason)
	}
	return survey
}

// write makes files of a survey and gets the configuration from them.
func (s *site) write(survey *engine.Imported, how func([]learn.Device, learn.Options) *learn.Result) *learn.Result {
	s.Helper()
	r := how(survey.Devices, learn.Options{Kinds: s.provider.Kinds(), Check: s.provider.Check})
	if err := s.engine().Adopt(context.Background(), survey, r.Addresses); err != nil {
		s.Fatal(err)
	}
	dir := s.TempDir()
	for name, text := range r.Files {
		if strings.Contains(string(text), fleetPassword) {
			s.Errorf("I1: the password is in %s", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			s.Fatal(err)
		}
	}
	for origin, text := range r.Secrets {
		s.env[strings.TrimPrefix(origin, "env:")] = text.Reveal()
	}
	cfg, problems := config.Parse(dir, "").Evaluate(config.Options{Kinds: s.provider.Kinds(), Env: s.lookup, Secrets: s.reader(dir)})
	for _, p := range problems {
		s.Fatal(p.Error())
	}
	s.cfg = cfg
	s.nothingIsLost(survey, r)
	return r
}

// nothingIsLost: whatever a device has is wanted by the configuration, or it was reported that it is not.
func (s *site) nothingIsLost(survey *engine.Imported, r *learn.Result) {
	s.Helper()
	spoken := map[schema.Setting]map[string]bool{} // attributes; the empty one stands for all
	speak := func(address schema.Setting, attribute string) {
		if spoken[address] == nil {
			spoken[address] = map[string]bool{}
		}
		spoken[address][attribute] = true
	}
	for _, d := range s.cfg.Devices {
		for _, setting := range d.Settings {
			for name := range setting.Attributes {
				speak(setting.Address, name)
			}
		}
	}
	for _, left := range r.Left {
		speak(left.Setting, left.Attribute)
	}
	for i, d := range survey.Devices {
		for kind, items := range d.Items {
			for key, item := range items {
				address := schema.Setting{Device: r.Addresses[i], Kind: kind, Key: key}
				for name, v := range item.AsValueMap() {
					if !v.IsNull() && !spoken[address][name] && !spoken[address][""] {
						s.Errorf("%s of %s is lost", name, address)
					}
				}
			}
		}
	}
}

// asItIs fails the test unless a plan finds nothing to do, and nothing that could not be looked at.
func (s *site) asItIs(devices int) {
	s.Helper()
	p, problems := s.plan()
	if len(problems) > 0 || len(p.Failed()) > 0 || len(p.Devices) != devices {
		s.Errorf("%d devices of %d, problems %q, failed %v", len(p.Devices), devices, problems, p.Failed())
	}
	settings := 0
	for _, d := range p.Devices {
		settings += len(d.Unchanged)
		for _, step := range d.Steps {
			s.Errorf("%s would be changed", step.Address)
		}
		for _, skipped := range d.Skipped {
			s.Errorf("%s would be skipped: %s: %s", skipped.Address, skipped.Reason, skipped.Detail)
		}
	}
	if settings < 2*devices {
		s.Errorf("only %d settings of %d devices are wanted", settings, devices)
	}
	if n := s.count(simulator.RemoteConfig); n != 0 {
		s.Errorf("devices were written to %d times", n)
	}
}

// learns proves both ways to write a configuration of a fleet: it plans to no change. It returns how many lines they take.
func (s *site) learns(candidates []engine.Candidate) (naive, learned *learn.Result) {
	s.Helper()
	survey := s.survey(candidates)
	naive = s.write(survey, learn.Import)
	s.asItIs(len(survey.Devices))
	learned = s.write(survey, learn.Learn)
	s.asItIs(len(survey.Devices))
	s.Logf("%d devices: %d lines one by one, %d learned (%d profiles, %d blocks, %d attributes left out)",
		len(survey.Devices), naive.Lines(), learned.Lines(), learned.Profiles, learned.Blocks, len(learned.Left))
	return naive, learned
}

func TestWhatWasLearnedFromEveryModelPlansToNoChange(t *testing.T) {
	thorough.OnlyUsual(t) // which leaves TestWhatWasLearnedIsWhatAFleetWasSetTo
	for _, secure := range thorough.Spread([]bool{false, true}, thorough.Pick(1, 1, thorough.All)) {
		t.Run(fmt.Sprintf("TLS=%t", secure), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fleet := newFleet(t, simulator.Options{Count: thorough.Pick(100, 100, 200), Seed: 21, TLS: secure})
				s := newSite(t, fleet, fleet.DialContext)
				s.deep = true
				for i, d := range fleet.Devices() {
					d.SetQuirks(simulator.Quirks{HidesEvent: i%2 == 0})
				}
				naive, learned := s.learns(s.candidates())
				if 10*learned.Lines() > naive.Lines() {
					t.Errorf("%d lines were learned, more than a tenth of %d", learned.Lines(), naive.Lines())
				}
			})
		})
	}
}

func TestWhatWasLearnedFromEveryRecordedDevicePlansToNoChange(t *testing.T) {
	thorough.OnlyUsual(t)
	dir := recordings(t)
	for _, deep := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			fleet := newFleet(t, simulator.Options{Recordings: dir})
			s := newSite(t, fleet, fleet.DialContext)
			s.deep = deep
			_, learned := s.learns(s.candidates())
			if found := strings.Count(string(learned.Files[learn.ProfilesFile])+string(learned.Files[learn.DevicesFile]), `event_trigger "scenechangedetection-1"`); found == 0 {
				t.Errorf("deep %t: no recorded event was found", deep)
			}
		})
	}
}

// TestWhatWasLearnedFromAMixedFleetPlansToNoChange: recorded devices and built-in ones, all in one configuration.
func TestWhatWasLearnedFromAMixedFleetPlansToNoChange(t *testing.T) {
	thorough.OnlyLong(t)
	dir := recordings(t)
	synctest.Test(t, func(t *testing.T) {
		models := newFleet(t, simulator.Options{Count: 200, Seed: 21, TLS: true})
		recorded := newFleet(t, simulator.Options{Recordings: dir, Net: netip.MustParsePrefix("127.30.0.0/16")})
		s := newSite(t, models, func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "127.30.") {
				return recorded.DialContext(ctx, network, address)
			}
			return models.DialContext(ctx, network, address)
		})
		others := *s
		others.fleet = recorded
		naive, learned := s.learns(append(s.candidates(), others.candidates()...))
		if 10*learned.Lines() > naive.Lines() {
			t.Errorf("%d lines were learned, more than a tenth of %d", learned.Lines(), naive.Lines())
		}
		if n := others.count(simulator.RemoteConfig); n != 0 {
			t.Errorf("recorded devices were written to %d times", n)
		}
	})
}

// TestWhatWasLearnedIsWhatAFleetWasSetTo: devices that somebody set up differ from those that were delivered, and have
// accounts, filters and other ports.
func TestWhatWasLearnedIsWhatAFleetWasSetTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: thorough.Pick(16, 60, 60), Seed: 22})
		s := newSite(t, fleet, fleet.DialContext)
		s.campus()
		p, problems := s.plan()
		if bad := s.apply(p).Bad(); len(bad) > 0 || len(problems) > 0 {
			t.Fatalf("problems %q, bad %v", problems, bad)
		}
		survey := s.survey(s.candidates())
		text := string(s.write(survey, learn.Learn).Files[learn.ProfilesFile])
		if want := "server   = \"192.0.2.123\"\n    port     = 123\n    interval = 120\n"; !strings.Contains(text, want) {
			t.Errorf("no profile has %s:\n%s", want, text)
		}
		// The names that the devices had before are still remembered.
		if p, problems := s.plan(); len(problems) > 0 || len(p.Failed()) > 0 || p.Counts() != (plan.Counts{}) {
			t.Errorf("problems %q, and still something to do:\n%s", problems, toldPlan(p))
		}
	})
}

func TestI11APinHoldsAlsoForADeviceThatIsLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 2, TLS: true})
		s := newSite(t, fleet, fleet.DialContext)
		candidates := s.candidates()
		s.write(s.survey(candidates), learn.Import)

		replaced := state.Device{
			Address: schema.Device{Name: "a"}, Endpoint: candidates[0].Endpoint().Host,
			Pin: providers.Pin{SPKI: "sha256:00"}, LastSeen: time.Now().Add(-time.Hour),
		}
		if err := s.store.SaveSeen(context.Background(), replaced); err != nil {
			t.Fatal(err)
		}
		s.survey(candidates) // what answered there last is what counts

		other := newFleet(t, simulator.Options{Count: 2, TLS: true, Seed: 99})
		s.provider.Provider = newSite(t, other, other.DialContext).provider.Provider
		survey, err := s.engine().Import(context.Background(), candidates, s.provider.Kinds().All(), nil)
		if err != nil || len(survey.Devices) != 0 || len(survey.LeftOut) != 2 {
			t.Fatalf("devices with other keys were read: %+v, %v", survey, err)
		}
		if reason := survey.LeftOut[0].Reason; !strings.Contains(reason, "pinned") || !strings.Contains(reason, "state forget 'device.camera-v52-0001'") {
			t.Errorf("the reason is %s", reason)
		}
		for _, d := range other.Devices() {
			if n := d.Count(simulator.Login) + d.Refusals(); n != 0 {
				t.Errorf("%s was sent the password %d times", d.Name(), n)
			}
		}
	})
}

func TestADeviceThatIsFoundTwiceIsWrittenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 2})
		first := fleet.Devices()[0].Address()
		const second = "127.99.0.1"
		s := newSite(t, fleet, func(ctx context.Context, network, address string) (net.Conn, error) {
			return fleet.DialContext(ctx, network, strings.Replace(address, second, first.String(), 1))
		})
		s.cfg = &config.Config{Dir: t.TempDir()}
		candidates := s.candidates()
		candidates[1].Want = providers.Identity{Serial: "another"}
		again := candidates[0]
		again.Device.Key, again.URL = "again", &url.URL{Scheme: "http", Host: second}
		survey, err := s.engine().Import(context.Background(), append(candidates, again), s.provider.Kinds().All(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(survey.Devices) != 1 || len(survey.LeftOut) != 2 {
			t.Fatalf("%d devices were read, %d not", len(survey.Devices), len(survey.LeftOut))
		}
		for i, want := range []string{`says "another"`, "the same serial number as the device at " + candidates[0].URL.String()} {
			if reason := survey.LeftOut[i].Reason; !strings.Contains(reason, want) {
				t.Errorf("the reason is %q, want one with %q", reason, want)
			}
		}
	})
}

// A device says what it is called also where its name is not to be written.
func TestADeviceIsCalledAsItCallsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Seed: 3})
		s := newSite(t, fleet, fleet.DialContext)
		s.cfg = &config.Config{Dir: t.TempDir()}
		kinds := s.provider.Kinds()
		survey, err := s.engine().Import(context.Background(), s.candidates(), []*schema.Kind{kinds.Lookup("time")}, nil)
		if err != nil || len(survey.Devices) != 1 {
			t.Fatalf("%+v, %v", survey, err)
		}
		d := survey.Devices[0]
		if want := d.Items["system"][""].GetAttr("name").AsString(); d.OwnName != want || want == "" {
			t.Errorf("it is called %q, want %q", d.OwnName, want)
		}
	})
}

// What the state knows as a secret of a device is one for who writes its configuration, wherever the device answers now.
func TestI15ASecretOfTheStateIsNotWrittenAsAText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		const location = "behind-the-third-door"
		const path = "/ISAPI/System/deviceInfo"
		d := fleet.Devices()[0]
		text := strings.Replace(string(d.Document(path)), "</deviceLocation>", location+"</deviceLocation>", 1)
		if err := d.SetDocument(path, []byte(text)); err != nil || !strings.Contains(text, location) {
			t.Fatal(err, text)
		}
		s := newSite(t, fleet, fleet.DialContext)
		ctx := context.Background()
		gate := schema.Device{Name: "gate"}
		moved := state.Device{Address: gate, Endpoint: "192.0.2.99:80", Identity: providers.Identity{Serial: d.Serial()}, LastSeen: time.Now()}
		leases, err := s.store.Acquire(ctx, "run", gate)
		if err != nil {
			t.Fatal(err)
		}
		setting := schema.Setting{Device: gate, Kind: "system"}
		row := state.Setting{Address: setting, Fingerprints: map[string]string{"location": s.store.Fingerprint(setting, "location", schema.NewSecret(location))}}
		if err := errors.Join(s.store.SaveSeen(ctx, moved), s.store.Record(ctx, leases[0], []state.Setting{row}, nil)); err != nil {
			t.Fatal(err)
		}
		s.cfg = &config.Config{Dir: t.TempDir()}
		survey := s.survey(s.candidates())
		r := learn.Import(survey.Devices, learn.Options{Kinds: s.provider.Kinds(), Check: s.provider.Check})
		written := string(r.Files[learn.DevicesFile])
		if strings.Contains(written, location) || !strings.Contains(written, `secret("env:CAMFORM_SYSTEM_LOCATION")`) {
			t.Errorf("it writes:\n%s", written)
		}
		if secret := r.Secrets["env:CAMFORM_SYSTEM_LOCATION"]; !strings.Contains(secret.Reveal(), location) {
			t.Error("the variable does not stand for it")
		}
	})
}
