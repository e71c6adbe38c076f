package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"camform/engine"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

const upnpPath = "/ISAPI/System/Network/UPnP"

// What one document of a device can do instead of coming.
var withholding = map[string]simulator.Rule{
	"401":                 {Action: simulator.AskAgain},
	"401 that is counted": {Action: simulator.AskAgain, Failures: 1},
	"login page":          {Action: simulator.LoginPage},
	"cut":                 {Action: simulator.DropRequest},
	"hang":                {Action: simulator.Latency, Delay: time.Hour},
	"device error":        {Action: simulator.Status, Status: 500, Code: "deviceError"},
	"busy":                {Action: simulator.Status, Status: 503},
	"page 404":            {Action: simulator.Page, Status: 404},
	"page 403":            {Action: simulator.Page, Status: 403},
	"page 503":            {Action: simulator.Page, Status: 503},
}

// Trouble with one document is that setting's own: it is unknown, and the rest of the device is planned, applied and imported. The
// login is as good afterwards as it was before.
func TestI10TroubleWithADocumentIsThatOfItsSetting(t *testing.T) {
	for name, rule := range withholding {
		for habit, quirks := range map[string]simulator.Quirks{
			"plain": {}, "tells no attempts": {HidesAttempts: true}, "bound nonces": {NonceBoundToURL: true, HidesAttempts: true}, "stale nonces": {StaleFalse: true},
		} {
			t.Run(name+", "+habit, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}})
					camera := fleet.Devices()[0]
					camera.SetQuirks(quirks)
					rule.Path = upnpPath
					if err := camera.Inject(rule); err != nil {
						t.Fatal(err)
					}
					s := newSite(t, fleet, fleet.DialContext)
					s.configure(s.deviceBlock("camera", camera, `
  system {
    name = "Gate"
  }
  upnp {
    enabled = true
  }
`))
					p := s.unknownIs("upnp")
					if r := s.apply(p); len(r.Bad()) > 0 {
						t.Errorf("apply: %s", told(r))
					}
					if again := s.unknownIs("upnp"); !again.Empty() {
						t.Errorf("there is still something to do: %s", toldPlan(again))
					}
					s.importsBut(camera, "upnp")
					camera.Heal()
					s.retrying()
					if quirks.HidesAttempts && rule.Action == simulator.AskAgain { // it may have counted, and is not asked before that is forgotten
						s.unknownIs("upnp")
						time.Sleep(providers.AttemptWindow)
						s.retrying()
					}
					if p, problems := s.plan(); len(problems) > 0 || len(p.Devices[0].Skipped) > 0 || len(p.Devices[0].Steps) != 1 {
						t.Errorf("after it is well again: %q %s", problems, toldPlan(p))
					}
				})
			})
		}
	}
}

// unknownIs plans, and demands that one kind of the first device could not be read and everything else could.
func (s *site) unknownIs(kind string) *plan.Plan {
	s.Helper()
	p, problems := s.plan()
	d := p.Devices[0]
	if len(problems) > 0 || d.Problem != "" || len(d.Skipped) != 1 || d.Skipped[0].Address.Kind != kind || d.Skipped[0].Reason != plan.Unreadable {
		s.Fatalf("%q %q %+v", problems, d.Problem, d.Skipped)
	}
	return p
}

// importsBut imports a device, and demands that all but one kind of it is there, and that this one is reported.
func (s *site) importsBut(d *simulator.Device, kind string) {
	s.Helper()
	imported, err := s.engine().Import(context.Background(), []engine.Candidate{{
		Device: schema.Device{Name: "import"}, URL: s.fleet.URL(d), Username: "admin", Origin: "env:FLEET_PASSWORD",
	}}, s.provider.Kinds().All(), nil)
	if err != nil || len(imported.LeftOut) > 0 || len(imported.Devices) != 1 {
		s.Fatalf("%v %+v", err, imported)
	}
	found := imported.Devices[0]
	if found.Items["system"] == nil || found.Items[kind] != nil || found.Unreadable[schema.Setting{Kind: kind}] == "" {
		s.Errorf("unreadable: %v", found.Unreadable)
	}
}

// retrying makes runs ask again for what earlier ones were refused.
func (s *site) retrying() {
	s.nodes = func() *providers.Nodes { return providers.RetryNodes(s.store.Nodes) }
}

// A web server that restarts after a write is waited for, whatever the kind, and logged in to once.
func TestAWebServerThatRestartsIsWaitedFor(t *testing.T) {
	for kind, setting := range map[string]string{
		"upnp":    "  upnp {\n    enabled = true\n  }\n",
		"service": "  service \"RTSP\" {\n    port = 10554\n  }\n", // on trial
	} {
		for _, status := range []int{0, 403, 503} {
			for away, want := range map[time.Duration]report.Result{3 * time.Second: report.Done, 2 * time.Minute: report.Done, time.Hour: report.Unknown} {
				t.Run(fmt.Sprintf("%s, %d, %s", kind, status, away), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}})
						camera := fleet.Devices()[0]
						camera.SetQuirks(simulator.Quirks{HidesAttempts: true})
						s := newSite(t, fleet, fleet.DialContext)
						s.configure(s.deviceBlock("camera", camera, setting))
						p, problems := s.plan()
						if len(problems) > 0 {
							t.Fatal(problems)
						}
						if err := camera.Inject(simulator.Rule{Method: "PUT", Nth: 1, Action: simulator.RestartWeb, Delay: away, Status: status}); err != nil {
							t.Fatal(err)
						}
						begun := time.Now()
						r := s.apply(p)
						step := r.Devices[0].Steps[0]
						if step.Result != want {
							t.Errorf("it ended with %s: %s", step.Result, step.Detail)
						}
						if took := time.Since(begun); took > 5*time.Minute {
							t.Errorf("it took %s", took)
						}
						if strings.Contains(step.Detail, "password") {
							t.Errorf("a restart is reported as a matter of passwords: %s", step.Detail)
						}
						time.Sleep(time.Hour)
						if again, _ := s.plan(); want == report.Done && !again.Empty() {
							t.Errorf("there is still something to do: %s", toldPlan(again))
						}
					})
				})
			}
		}
	}
}

// While a web server is waited for, that is reported at once and then every 20 seconds. An interrupt ends the wait: the outcome of the
// write is unknown until the next run reads it.
func TestAnInterruptEndsTheWaitForAWebServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}})
		camera := fleet.Devices()[0]
		s := newSite(t, fleet, fleet.DialContext)
		s.configure(s.deviceBlock("camera", camera, "  upnp {\n    enabled = true\n  }\n"))
		p, problems := s.plan()
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if err := camera.Inject(simulator.Rule{Method: "PUT", Nth: 1, Action: simulator.RestartWeb, Delay: 2 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		stop, interrupt := context.WithCancel(context.Background())
		var waits []time.Duration
		e := s.engine()
		e.Event = func(event report.Event) {
			if event.Kind != report.Restarting {
				return
			}
			if event.Device.Name != "camera" || event.Limit != 3*time.Minute {
				t.Errorf("%+v", event)
			}
			if waits = append(waits, event.Elapsed); len(waits) == 3 {
				interrupt()
			}
		}
		begun := time.Now()
		r := e.Apply(context.Background(), stop, p, "interrupted")
		if len(waits) != 3 || waits[0] != 0 || waits[2] < 40*time.Second || time.Since(begun) > 80*time.Second {
			t.Errorf("it was reported after %v, and took %s", waits, time.Since(begun))
		}
		step := r.Devices[0].Steps[0]
		if !r.Interrupted || step.Result != report.Unknown || !strings.Contains(step.Detail, "stopped before the device was read back") {
			t.Errorf("it ended with %s: %s", step.Result, step.Detail)
		}
		time.Sleep(time.Hour)
		if r := s.apply(&plan.Plan{}); len(r.Bad()) > 0 {
			t.Errorf("recover: %s", told(r))
		}
		if again, problems := s.plan(); len(problems) > 0 || !again.Empty() {
			t.Errorf("there is still something to do: %q %s", problems, toldPlan(again))
		}
	})
}

// A device may answer before a change is in force, and show for a while what it had. Where its answer is lost, or says that something
// broke, only what it shows tells the outcome of the change.
func TestAChangeThatShowsLaterIsWaitedFor(t *testing.T) {
	answers := map[string]simulator.Rule{
		"":                  {},
		", an answer lost":  {Method: "PUT", Action: simulator.DropReply, Nth: 1},
		", an answer wrong": {Method: "PUT", Action: simulator.ErrorButApplied, Nth: 1},
	}
	for kind, setting := range map[string]string{
		"upnp":    "  upnp {\n    enabled = true\n  }\n",
		"service": "  service \"RTSP\" {\n    port = 10554\n  }\n",
		"ntp":     "  ntp {\n    server = \"192.0.2.5\"\n  }\n",
	} {
		for answer, rule := range answers {
			for late, want := range map[time.Duration]report.Result{time.Second: report.Done, 3 * time.Second: report.Done, time.Hour: report.Rejected} {
				if late == time.Hour && answer != "" {
					continue // nothing can tell that from a request that came to nothing
				}
				t.Run(fmt.Sprintf("%s, %s%s", kind, late, answer), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}})
						camera := fleet.Devices()[0]
						s := newSite(t, fleet, fleet.DialContext)
						s.configure(s.deviceBlock("camera", camera, setting))
						p, problems := s.plan()
						if len(problems) > 0 {
							t.Fatal(problems)
						}
						if err := camera.Inject(simulator.Rule{Method: "PUT", Action: simulator.LateEffect, Delay: late}); err != nil {
							t.Fatal(err)
						}
						if answer != "" {
							if err := camera.Inject(rule); err != nil {
								t.Fatal(err)
							}
						}
						begun := time.Now()
						step := s.apply(p).Devices[0].Steps[0]
						if step.Result != want || want == report.Rejected && !strings.Contains(step.Detail, "still reports") {
							t.Errorf("it ended with %s: %s", step.Result, step.Detail)
						}
						if took := time.Since(begun); took > 10*time.Second {
							t.Errorf("it took %s", took)
						}
						time.Sleep(time.Hour)
						if again, _ := s.plan(); !again.Empty() {
							t.Errorf("there is still something to do: %s", toldPlan(again))
						}
					})
				})
			}
		}
	}
}

// A document that does not come when it is read back leaves its own step unknown. The others of the device are carried out, and the
// next run finds out its outcome.
func TestI10ADocumentThatIsNotReadBackLeavesTheOthers(t *testing.T) {
	for name, rule := range withholding {
		if name == "busy" || name == "page 503" {
			continue // that is waited for
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}})
				camera := fleet.Devices()[0]
				s := newSite(t, fleet, fleet.DialContext)
				s.configure(s.deviceBlock("camera", camera, "  upnp {\n    enabled = true\n  }\n  service \"RTSP\" {\n    port = 10554\n  }\n"))
				p, problems := s.plan()
				if len(problems) > 0 || len(p.Devices[0].Steps) != 2 {
					t.Fatalf("%q %s", problems, toldPlan(p))
				}
				rule.Path, rule.Method = upnpPath, "GET"
				for rule.Nth = 2; rule.Nth < 6; rule.Nth++ { // the first is read before it is written
					if err := camera.Inject(rule); err != nil {
						t.Fatal(err)
					}
				}
				for _, step := range s.apply(p).Devices[0].Steps {
					want := map[string]report.Result{"upnp": report.Unknown, "service": report.Done}[step.Address.Kind]
					if step.Result != want {
						t.Errorf("%s ended with %s: %s", step.Address, step.Result, step.Detail)
					}
				}
				camera.Heal()
				s.retrying()
				if r := s.apply(&plan.Plan{}); len(r.Bad()) > 0 {
					t.Errorf("recover: %s", told(r))
				}
				if again, problems := s.plan(); len(problems) > 0 || !again.Empty() || len(again.Failed()) > 0 {
					t.Errorf("there is still something to do: %q %s", problems, toldPlan(again))
				}
			})
		})
	}
}

// A list that is written instead of one slot contains the changes of the others, so the intent of the first request has
// them all before anything leaves.
func TestI2TheIntentNamesWhatIsWrittenInstead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Models: []string{"camera-v57"}})
		camera := fleet.Devices()[0]
		camera.SetQuirks(simulator.Quirks{RefusesSlots: true})
		s := newSite(t, fleet, fleet.DialContext)
		s.configure(s.deviceBlock("camera", camera, "  alarm_host \"1\" {\n    url = \"/a\"\n  }\n  alarm_host \"2\" {\n    url = \"/b\"\n  }\n"))
		p, problems := s.plan()
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if r := s.apply(p); len(r.Bad()) > 0 || len(r.Devices[0].Steps) != 2 {
			t.Errorf("apply: %s", told(r))
		}
		intents, err := s.store.Fleet.RunIntents(t.Context(), "run-1")
		if err != nil || len(intents) != 2 || len(intents[0].Steps) != 2 {
			t.Errorf("intents: %v %+v", err, intents)
		}
		for _, in := range intents {
			if in.Outcome != state.Done {
				t.Errorf("the intent for %s ended as %q", in.Document, in.Outcome)
			}
		}
		if again, problems := s.plan(); len(problems) > 0 || !again.Empty() {
			t.Errorf("there is still something to do: %q %s", problems, toldPlan(again))
		}
	})
}
