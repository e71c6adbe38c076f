package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/report"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

const ipFilter = "/ISAPI/System/Network/ipFilter"

// filtered is a camera with a filter, and the site that it is in.
type filtered struct {
	*site
	camera *simulator.Device
}

// newFiltered is a camera that sees us at 127.0.0.1, of the model that a test names.
func newFiltered(t *testing.T, model string) filtered {
	t.Helper()
	fleet := newFleet(t, simulator.Options{Models: []string{model}})
	return filtered{newSite(t, fleet, fleet.DialContext), fleet.Devices()[0]}
}

func (f filtered) want(enabled bool, mode string, addresses ...string) {
	f.Helper()
	f.configure(f.deviceBlock("gate", f.camera, fmt.Sprintf(`
  ip_filter {
    enabled   = %t
    mode      = %q
    addresses = ["%s"]
  }
`, enabled, mode, strings.Join(addresses, `", "`))))
}

// begin applies what is wanted without a fault.
func (f filtered) begin(enabled bool, mode string, addresses ...string) {
	f.Helper()
	f.want(enabled, mode, addresses...)
	p, problems := f.plan()
	if bad := f.apply(p).Bad(); len(problems) > 0 || len(bad) > 0 {
		f.Fatalf("problems %q, bad %+v", problems, bad)
	}
}

var (
	enabledElement = regexp.MustCompile(`<enabled>(\w+)</enabled>`)
	modeElement    = regexp.MustCompile(`<permissionType>(\w+)</permissionType>`)
	addressElement = regexp.MustCompile(`<ipAddress>([^<]+)</ipAddress>`)
)

// now is the filter that the camera has, in the order of its list.
func (f filtered) now() (enabled bool, mode string, addresses []string) {
	f.Helper()
	doc := string(f.camera.Document(ipFilter))
	for _, found := range addressElement.FindAllStringSubmatch(doc, -1) {
		addresses = append(addresses, found[1])
	}
	return enabledElement.FindStringSubmatch(doc)[1] == "true", modeElement.FindStringSubmatch(doc)[1], addresses
}

// is asserts the filter that the camera has.
func (f filtered) is(enabled bool, mode string, addresses ...string) {
	f.Helper()
	if e, m, a := f.now(); e != enabled || m != mode || !slices.Equal(a, addresses) {
		f.Errorf("the filter is %t, %s, %q; want %t, %s, %q", e, m, a, enabled, mode, addresses)
	}
}

func (f filtered) cut(entries int) {
	f.Helper()
	if err := f.camera.Inject(simulator.Rule{Method: http.MethodPut, Path: ipFilter, Action: simulator.CutList, Entries: entries}); err != nil {
		f.Fatal(err)
	}
}

func (f filtered) writes() int { return f.camera.Count(simulator.RemoteConfig) }

// TestI9ACutListShutsNobodyOut has a camera that keeps the first few entries of any list and says OK, of every size that
// holds what it had. It lets us in all the time, no list counts that was not read back whole, and the run ends as it went.
func TestI9ACutListShutsNobodyOut(t *testing.T) {
	type filter struct {
		enabled   bool
		mode      string
		addresses []string
	}
	far := []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "127.0.0.1"}
	for name, c := range map[string]struct{ before, after filter }{
		"switched on":     {filter{false, "allow", far[:1]}, filter{true, "allow", far}},
		"switched on now": {filter{false, "deny", far[:1]}, filter{true, "deny", far[:3]}},
		"turned round":    {filter{true, "deny", far[:1]}, filter{true, "allow", far}},
		"another list":    {filter{true, "allow", []string{"127.0.0.1", "10.0.0.9"}}, filter{true, "allow", far}},
		"longer":          {filter{true, "allow", []string{"127.0.0.1"}}, filter{true, "allow", far}},
		"shorter":         {filter{true, "allow", far}, filter{true, "allow", far[2:]}},
	} {
		t.Run(name, func(t *testing.T) {
			for entries := range 7 {
				synctest.Test(t, func(t *testing.T) {
					f := newFiltered(t, "camera-v57")
					f.begin(c.before.enabled, c.before.mode, c.before.addresses...)
					if c.before.enabled && entries < len(c.before.addresses) {
						return // it holds more
					}
					f.cut(entries)
					f.want(c.after.enabled, c.after.mode, c.after.addresses...)
					p, problems := f.plan()
					if len(problems) > 0 {
						t.Fatalf("%q", problems)
					}
					r := f.apply(p)
					enabled, mode, kept := f.now()
					lost := slices.ContainsFunc(c.after.addresses, func(a string) bool { return !slices.Contains(kept, a) })
					whole := !lost && len(kept) == len(c.after.addresses) && enabled && mode == c.after.mode
					if good := len(r.Bad()) == 0; good != whole {
						t.Errorf("with room for %d it is %t, %s, %q; the run says %+v", entries, enabled, mode, kept, r.Devices)
					}
					if lost && enabled && (!c.before.enabled || mode != c.before.mode) {
						t.Errorf("with room for %d the filter is on with %q", entries, kept)
					}
					if again, _ := f.plan(); len(again.Failed()) > 0 {
						t.Fatalf("with room for %d the way in is closed: %q", entries, kept)
					}
					f.camera.Heal()
					f.finishes()
				})
			}
		})
	}
}

// TestI9WhereBothListsDoNotFitTheWaysInComeFirst has a recorder with room for 32 addresses, and an old and a new list that are
// longer together.
func TestI9WhereBothListsDoNotFitTheWaysInComeFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFiltered(t, "recorder-v2")
		f.begin(true, "allow", "127.0.0.1", "10.0.0.0/28")
		f.want(true, "allow", "127.0.0.1", "10.0.0.15", "10.1.0.0/28", "198.51.100.9")
		f.cfg.Devices[0].Consumers = append(f.cfg.Devices[0].Consumers, config.Consumer{Name: "vms", Scheme: "http", Address: "198.51.100.9"})
		before := f.writes()
		p, problems := f.plan()
		if len(problems) > 0 || p.Devices[0].Steps[0].Staged() {
			t.Fatalf("%q, %s", problems, toldPlan(p))
		}
		if bad := f.apply(p).Bad(); len(bad) > 0 || f.writes() != before+1 {
			t.Fatalf("%d writes, bad %+v", f.writes()-before, bad)
		}
		if _, _, list := f.now(); !slices.Equal(list[:4], []string{"127.0.0.1", "10.0.0.15", "198.51.100.9", "10.1.0.0"}) || len(list) != 19 {
			t.Errorf("the list is %q", list)
		}
		f.finishes()
	})
}

func TestARunThatStopsBetweenTheTwoRequestsIsGoneOnWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFiltered(t, "camera-v57")
		f.want(true, "allow", "127.0.0.1", "10.0.0.1")
		p, _ := f.plan()
		stop, interrupt := context.WithCancel(t.Context())
		e := f.engine()
		e.Provider = stopping{f.provider, interrupt}
		d := e.Apply(t.Context(), stop, p, "run-0").Devices[0]
		if d.Result.Good() || d.Steps[0].Result != report.NotRun || !strings.Contains(d.Steps[0].Detail, "interrupted after the first of its two requests") {
			t.Errorf("it ended with %s: %+v", d.Result, d.Steps)
		}
		f.is(false, "allow", "127.0.0.1", "10.0.0.1")
		drifted, problems := f.engine().Drift(t.Context(), f.cfg, nil)
		if len(problems) > 0 || !drifted.Plan.Empty() {
			t.Errorf("what camform wrote itself counts as drift: %q %s", problems, toldPlan(drifted.Plan))
		}
		before := f.writes()
		again, _ := f.plan()
		if again.Devices[0].Steps[0].Staged() {
			t.Error("a list that is there is written again")
		}
		if bad := f.apply(p).Bad(); len(bad) > 0 || f.writes() != before+1 {
			t.Errorf("the plan that was interrupted takes %d writes more; bad %+v", f.writes()-before, bad)
		}
		f.is(true, "allow", "127.0.0.1", "10.0.0.1")
		if bad := f.apply(p).Bad(); len(bad) > 0 || f.writes() != before+1 {
			t.Errorf("a plan that was carried out takes %d writes; bad %+v", f.writes()-before-1, bad)
		}
		f.finishes()
	})
}

// A list that cannot be read after it was written is on the device nevertheless: that is reported, whenever it was.
func TestAFilterThatIsNotReadAfterItsFirstRequestIsTold(t *testing.T) {
	told := 0
	for first := 2; first <= 6; first++ {
		synctest.Test(t, func(t *testing.T) {
			f := newFiltered(t, "camera-v57")
			f.want(true, "allow", "127.0.0.1")
			p, _ := f.plan()
			for nth := first; nth < first+9; nth++ {
				f.must(f.camera.Inject(simulator.Rule{Method: http.MethodGet, Path: ipFilter, Nth: nth, Action: simulator.AskAgain}))
			}
			d := f.apply(p).Devices[0]
			s := d.Steps[0]
			if f.writes() == 1 && s.Result != report.Unknown {
				told++
				if !strings.Contains(s.Detail, "the first of its two requests had already succeeded") {
					t.Errorf("read %d: it ended with %s: %s", first, s.Result, s.Detail)
				}
			}
			f.camera.Heal()
			f.retrying()
			f.finishes()
		})
	}
	if told < 2 {
		t.Errorf("the list was on the device and could not be read in %d cases", told)
	}
}

// A device that takes the list and then will not be switched on: what was written first is reported.
func TestAFilterThatIsNotSwitchedOnIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFiltered(t, "camera-v57")
		f.want(true, "allow", "127.0.0.1")
		p, _ := f.plan()
		if err := f.camera.Inject(simulator.Rule{Method: http.MethodPut, Nth: 2, Action: simulator.IgnoreWrite}); err != nil {
			t.Fatal(err)
		}
		d := f.apply(p).Devices[0]
		if d.Result != report.Rejected || !strings.Contains(d.Steps[0].Detail, "the first of its two requests had already succeeded") {
			t.Errorf("it ended with %s: %+v", d.Result, d.Steps)
		}
		f.is(false, "allow", "127.0.0.1")
	})
}

// TestAStagedFilterIsTakenBack has a filter that denied and was turned round in two requests.
func TestAStagedFilterIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFiltered(t, "camera-v57")
		f.begin(true, "deny", "10.0.0.1")
		f.begin(true, "allow", "127.0.0.1")
		f.is(true, "allow", "127.0.0.1")
		back, problems := f.engine().Rollback(t.Context(), f.cfg, "run-2", nil)
		problems = slices.DeleteFunc(problems, func(p diag.Problem) bool { return p.Code == "still-wanted" })
		if len(problems) > 0 || back.Plan.Empty() {
			t.Fatalf("%v", problems)
		}
		if s := back.Plan.Devices[0].Steps[0]; !s.Staged() {
			t.Error("the way back is not staged")
		}
		if bad := f.apply(back.Plan).Bad(); len(bad) > 0 {
			t.Fatalf("%+v", bad)
		}
		f.is(true, "deny", "10.0.0.1")
	})
}

// TestAFilterThatIsLeftOnIsOnAgain changes what a list means on a device whose configuration says nothing of whether it counts.
func TestAFilterThatIsLeftOnIsOnAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFiltered(t, "camera-v57")
		f.begin(true, "deny", "10.0.0.1")
		f.configure(f.deviceBlock("gate", f.camera, "\n  ip_filter {\n    mode      = \"allow\"\n    addresses = [\"127.0.0.1\"]\n  }\n"))
		p, _ := f.plan()
		if bad := f.apply(p).Bad(); len(bad) > 0 {
			t.Fatalf("%+v", bad)
		}
		f.is(true, "allow", "127.0.0.1")
		f.finishes()
	})
}

// TestI9AFilterThatClosesTheWayInIsAsBefore is about the address that nothing but trying finds out: the document is as it was
// before the first request, and so is its record.
func TestI9AFilterThatClosesTheWayInIsAsBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}})
		camera := fleet.Devices()[0]
		camera.SetQuirks(simulator.Quirks{FiltersNewOnly: true})
		f := filtered{newSite(t, fleet, translating(fleet.Dialer(netip.MustParseAddr("198.51.100.9")), netip.MustParseAddr("10.0.0.5"))), camera}
		f.begin(true, "deny", "10.0.0.1")
		address := schema.Setting{Device: schema.Device{Name: "gate"}, Kind: "ip_filter"}
		remembered := func() string {
			rows, err := f.store.SettingsOf(t.Context(), address.Device)
			if err != nil {
				t.Fatal(err)
			}
			return string(rows[address].Applied) + string(rows[address].Observed)
		}
		was := remembered()
		f.want(true, "allow", "10.0.0.5")
		p, _ := f.plan()
		if d := f.apply(p).Devices[0]; d.Result != report.Reverted || strings.Contains(d.Steps[0].Detail, "two requests") {
			t.Errorf("it ended with %s: %+v", d.Result, d.Steps)
		}
		f.is(true, "deny", "10.0.0.1")
		if now := remembered(); now != was {
			t.Errorf("the record is %s, and was %s", now, was)
		}
	})
}

// TestBothRequestsOfAPlanAreShown composes them one after the other, as they would leave.
func TestBothRequestsOfAPlanAreShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFiltered(t, "camera-v57")
		f.begin(true, "allow", "127.0.0.1", "10.0.0.1")
		f.want(true, "allow", "127.0.0.1", "10.0.0.2")
		planned, _ := f.engine().Plan(t.Context(), f.cfg, nil)
		listed, err := engine.Requests(planned, f.provider)
		if err != nil || len(listed) != 1 || len(listed[0].Requests) != 2 {
			t.Fatalf("%v, %+v", err, listed)
		}
		for i, want := range [][]string{{"127.0.0.1", "10.0.0.1", "10.0.0.2"}, {"127.0.0.1", "10.0.0.2"}} {
			var have []string
			for _, found := range addressElement.FindAllStringSubmatch(string(listed[0].Requests[i].Body), -1) {
				have = append(have, found[1])
			}
			if slices.Sort(have); !slices.Equal(have, slices.Sorted(slices.Values(want))) {
				t.Errorf("request %d has %q, want %q", i+1, have, want)
			}
		}
		if bad := f.apply(planned.Plan).Bad(); len(bad) > 0 || string(f.camera.Document(ipFilter)) != string(listed[0].Requests[1].Body) {
			t.Errorf("what was shown last is not what the device has: %+v\n%s", bad, f.camera.Document(ipFilter))
		}
	})
}

// stopping interrupts a run once it has written something.
type stopping struct {
	providers.Provider
	interrupt func()
}

func (p stopping) Open(t providers.Target) providers.Session {
	return stoppingSession{p.Provider.Open(t), p.interrupt}
}

type stoppingSession struct {
	providers.Session
	interrupt func()
}

func (s stoppingSession) Do(ctx context.Context, r providers.Request) (providers.Reply, error) {
	defer s.interrupt()
	return s.Session.Do(ctx, r)
}

// TestWhatADeviceKeptOfAListIsTold has all that people need to know: what is missing, and what was not done for that reason.
func TestWhatADeviceKeptOfAListIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		before []string
		fault  simulator.Rule
		says   string
	}{
		"cut while it is off": {
			nil,
			simulator.Rule{Action: simulator.CutList, Entries: 1},
			"the device accepted addresses but dropped 10.0.0.1, 10.0.0.2 and kept 1; the filter was not switched on. Apply a list that fits on the device.",
		},
		"cut while it is on": {
			[]string{"127.0.0.1", "10.0.0.9"},
			simulator.Rule{Action: simulator.CutList, Entries: 2},
			"the device accepted addresses but dropped 10.0.0.1, 10.0.0.2 and kept 2; nothing was removed from the list. First apply a list without the new entries, then add them.",
		},
		"ignored": {
			nil,
			simulator.Rule{Action: simulator.IgnoreWrite},
			"the device accepted addresses but dropped 10.0.0.1, 10.0.0.2, 127.0.0.1 and kept 0; the filter was not switched on. Apply a list that fits on the device.",
		},
		"refused": {nil, simulator.Rule{Action: simulator.Status, Status: 403, Code: "lowPrivilege"}, "; the filter was not switched on"},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFiltered(t, "camera-v57")
			if c.before != nil {
				f.begin(true, "allow", c.before...)
			}
			f.want(true, "allow", "127.0.0.1", "10.0.0.1", "10.0.0.2")
			p, _ := f.plan()
			c.fault.Method, c.fault.Path = http.MethodPut, ipFilter
			if err := f.camera.Inject(c.fault); err != nil {
				t.Fatal(err)
			}
			if s := f.apply(p).Devices[0].Steps[0]; s.Result != report.Rejected || !strings.HasSuffix(s.Detail, c.says) {
				t.Errorf("%s: %s, %s", name, s.Result, s.Detail)
			}
		})
	}
}

// TestI9AListThatShrinksLaterIsNotSwitchedOn has a camera that shows the whole list at first, and less when it is read again.
func TestI9AListThatShrinksLaterIsNotSwitchedOn(t *testing.T) {
	for at := 2; at <= 3; at++ {
		synctest.Test(t, func(t *testing.T) {
			f := newFiltered(t, "camera-v57")
			f.want(true, "allow", "127.0.0.1", "10.0.0.1")
			short := strings.Replace(string(f.camera.Document(ipFilter)), "deny", "allow", 1)
			p, _ := f.plan()
			e := f.engine()
			e.Provider = shrinking{f.provider, func(reads int) {
				if reads == at {
					f.must(f.camera.SetDocument(ipFilter, []byte(short)))
				}
			}}
			d := e.Apply(t.Context(), t.Context(), p, "run-0").Devices[0]
			if d.Result != report.Stale || f.writes() != 1 {
				t.Errorf("read %d: it ended with %s after %d writes: %+v", at, d.Result, f.writes(), d.Steps)
			}
			f.is(false, "allow")
		})
	}
}

func (f filtered) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// shrinking tells how often the filter was read since it was written, right before it is read.
type shrinking struct {
	providers.Provider
	reading func(reads int)
}

func (p shrinking) Open(t providers.Target) providers.Session {
	return &shrinkingSession{Session: p.Provider.Open(t), reading: p.reading}
}

type shrinkingSession struct {
	providers.Session
	reading func(int)
	wrote   bool
	reads   int
}

func (s *shrinkingSession) Do(ctx context.Context, r providers.Request) (providers.Reply, error) {
	s.wrote = true
	return s.Session.Do(ctx, r)
}

func (s *shrinkingSession) Read(ctx context.Context, path string) (providers.Document, error) {
	if s.wrote && path == ipFilter {
		s.reads++
		s.reading(s.reads)
	}
	return s.Session.Read(ctx, path)
}

// TestI9AnAddressThatTheDeviceTells has a camera that tells that it sees us at another address than ours. A list that has that
// as well is taken, and lets us in.
func TestI9AnAddressThatTheDeviceTells(t *testing.T) {
	ours, seen := netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("198.51.100.9")
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v58"}})
		f := filtered{newSite(t, fleet, translating(fleet.Dialer(seen), ours)), fleet.Devices()[0]}
		f.want(true, "allow", "10.0.0.5")
		if _, problems := f.plan(); len(problems) != 1 || !strings.Contains(problems[0], "198.51.100.9") {
			t.Errorf("problems %q", problems)
		}
		f.want(true, "allow", "198.51.100.9")
		if _, problems := f.plan(); len(problems) != 1 || !strings.Contains(problems[0], "does not contain 10.0.0.5") {
			t.Errorf("what the device tells is taken as a proof: %q", problems)
		}
		f.begin(true, "allow", "10.0.0.5", "198.51.100.9")
		f.is(true, "allow", "10.0.0.5", "198.51.100.9")
		f.finishes()
	})
}

// TestI9TheAddressThatTheDeviceTellsIsThatOfThisRun plans where nothing replaces our address, and applies where something does.
func TestI9TheAddressThatTheDeviceTellsIsThatOfThisRun(t *testing.T) {
	ours, seen := netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("198.51.100.9")
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v58"}})
		f := filtered{newSite(t, fleet, fleet.Dialer(ours)), fleet.Devices()[0]}
		f.want(true, "allow", "10.0.0.5")
		p, problems := f.plan()
		if len(problems) > 0 {
			t.Fatalf("%q", problems)
		}
		f.provider = newInspector(hikvision.New(isapi.Options{Dial: translating(fleet.Dialer(seen), ours)}), fleet)
		if d := f.apply(p).Devices[0]; d.Result != report.Failed || !strings.Contains(d.Detail, "198.51.100.9") || f.writes() > 0 {
			t.Errorf("it ended with %s: %s, after %d writes", d.Result, d.Detail, f.writes())
		}
	})
}

// A device that fails to tell costs nothing but what it would have told.
func TestADeviceThatDoesNotTellAnAddressIsPlanned(t *testing.T) {
	for _, rule := range []simulator.Rule{{Action: simulator.Status, Status: 500}, {Action: simulator.Status, Status: 403, Code: "notSupport"}, {Action: simulator.GzipBomb}} {
		synctest.Test(t, func(t *testing.T) {
			f := newFiltered(t, "camera-v58")
			rule.Path = "/ISAPI/System/Network/socketIP"
			f.must(f.camera.Inject(rule))
			f.begin(true, "allow", "127.0.0.1")
			f.is(true, "allow", "127.0.0.1")
			f.finishes()
		})
	}
}

// TestAFilterOfHardwareAddressesIsStaged has a list that denies: that one which allows lets us in cannot be proven.
func TestAFilterOfHardwareAddressesIsStaged(t *testing.T) {
	const path = "/ISAPI/System/Network/MACFilter"
	synctest.Test(t, func(t *testing.T) {
		f := newFiltered(t, "camera-v58")
		f.configure(f.deviceBlock("gate", f.camera, `
  allow_unproven = ["mac_filter"]
  mac_filter {
    enabled   = true
    mode      = "deny"
    addresses = ["00:00:5e:00:53:01", "00-00-5E-00-53-02"]
  }
`))
		f.must(f.camera.Inject(simulator.Rule{Method: http.MethodPut, Path: path, Action: simulator.CutList, Entries: 1}))
		p, problems := f.plan()
		if len(problems) > 0 || !p.Devices[0].Steps[0].Staged() {
			t.Fatalf("%q, %s", problems, toldPlan(p))
		}
		d := f.apply(p).Devices[0]
		if s := d.Steps[0]; s.Result != report.Rejected || !strings.Contains(s.Detail, "and kept 1; the filter was not switched on") {
			t.Errorf("%s: %s", s.Result, s.Detail)
		}
		if doc := string(f.camera.Document(path)); !strings.Contains(doc, "<enabled>false") {
			t.Errorf("it is on: %s", doc)
		}
		f.camera.Heal()
		f.finishes()
	})
}
