package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/guard"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers/memory"
	"camform/schema"
)

const channelList = "/ISAPI/ContentMgmt/InputProxy/channels"

// A channel that somebody adds or changes after a plan was made is no part of it: what could cut it off is left alone.
func TestI13AChannelThatThePlanDoesNotKnowIsNotCutOff(t *testing.T) {
	without := func(s *shown) { s.recorderDoes(http.MethodDelete, channelList+"/4", "") }
	withIt := func(s *shown) { s.connect(s.camera.Address().String(), 8000) }
	withoutAny := func(s *shown) {
		for _, id := range regexp.MustCompile(`<InputProxyChannel[^L>]*>\s*<id>(\d+)`).FindAllStringSubmatch(string(s.recorder.Document(channelList)), -1) {
			s.recorderDoes(http.MethodDelete, channelList+"/"+id[1], "")
		}
	}
	change := func(old, now string) func(*shown) {
		return func(s *shown) {
			doc := string(s.recorder.Document(channelList + "/4"))
			s.recorderDoes(http.MethodPut, channelList+"/4", strings.Replace(doc, old, now, 1))
		}
	}
	for name, c := range map[string]struct {
		begin, since func(*shown)
		camera       string
		stale        string // a part of the reason; empty where the plan is carried out
	}{
		"one that shows the camera":   {begin: without, since: withIt, stale: `device.recorder.channel["4"] uses it, and the plan does not account for that`},
		"the first one of all":        {begin: withoutAny, since: withIt, stale: `device.recorder.channel["1"] uses it, and the plan does not account for that`},
		"one that may be cut off":     {begin: without, since: withIt, camera: accepting("device.recorder")},
		"one that may show anything":  {begin: without, since: func(s *shown) { s.connect("192.0.2.99", 8000) }, stale: `device.recorder.channel["4"] may use it`},
		"another account":             {begin: func(*shown) {}, since: change("<userName>nvr", "<userName>admin"), stale: `device.recorder.channel["4"] uses it`},
		"the account that is changed": {begin: change("<userName>nvr", "<userName>admin"), since: change("<userName>admin", "<userName>nvr"), camera: "user \"nvr\" {\n level = \"Viewer\"\n}\n", stale: `device.recorder.channel["4"] uses it`},
		"a title":                     {begin: func(*shown) {}, since: change("<name>Gate", "<name>Yard")},
		"nothing":                     {begin: func(*shown) {}, since: func(*shown) {}},
		"one that is gone":            {begin: func(*shown) {}, since: without},
	} {
		t.Run(name, func(t *testing.T) {
			show(t, func(s *shown) {
				c.begin(s)
				camera := c.camera
				if !strings.Contains(camera, "Viewer") {
					camera += ownAccount
				}
				s.declare(camera, "")
				p, problems := s.plans()
				if strings.Contains(problems, "error") {
					t.Fatal(problems)
				}
				c.since(s)
				r := s.applies(p)
				gate := r.Devices[0]
				if stale := gate.Result == report.Stale; stale != (c.stale != "") || !strings.Contains(gate.Detail, c.stale) {
					t.Errorf("it ended with\n%s%s, want %q", told(r), gate.Detail, c.stale)
				}
				if c.stale == "" {
					return
				}
				again, _ := s.plans()
				if steps := toldPlan(again); !strings.Contains(steps, "update gate.user.nvr") {
					t.Errorf("planned again:\n%s", steps)
				}
			})
		})
	}
}

// overtaken is a studio in which somebody adds channels after a plan was made. The plan was made, and the channels are there: of
// a camera that could be cut off, and of one that could not.
func overtaken(t *testing.T) (studio, *plan.Plan) {
	s := newOwing(t)
	s.addAt("camera1", "https://10.0.0.11:443", memory.Options{Without: []string{"channel"}}).SetUser(shownAs, "Operator", "Shown-camera1")
	s.declareUser("camera1", shownAs, "Operator", "Chosen-camera1")
	s.addAt("camera2", "https://10.0.0.12:443", memory.Options{Without: []string{"channel"}}).SetUser(shownAs, "Operator", "Shown-camera2")
	s.declareName("camera2", "another name")
	planned, problems := s.engineOf().Plan(context.Background(), s.cfg, nil)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for i := 1; i <= 2; i++ {
		s.fleet.Device("recorder0").SetChannel(fmt.Sprint(i+1), fmt.Sprintf("10.0.0.1%d:443", i), shownAs, fmt.Sprintf("Shown-camera%d", i))
	}
	return *s.studio, planned.Plan
}

// Who is found late stops the device that it uses, if that could cut it off, and nothing else.
func TestI13AChannelOfAfterThePlanStopsItsCameraOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := overtaken(t)
		r := s.engineOf().Apply(context.Background(), context.Background(), p, s.nextRun())
		s.same(told(r), `
			camera0: done
			update user.rec: done
			camera1: stale
			update user.rec: not-run
			camera2: done
			update system: done
			recorder0: done
			update channel["1"]: done`)
		if !s.logsIn("camera1", shownAs, "Shown-camera1") {
			t.Error("the camera has another password")
		}
	})
}

// What a device told after the plan was made counts where it does not answer any more.
func TestI13WhatWasToldLastCountsWhereItIsLaterThanThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := overtaken(t)
		s.clock.pass(time.Second)
		if _, problems := s.engineOf().Plan(context.Background(), s.cfg, nil); problems.HasErrors() {
			t.Fatal(problems)
		}
		s.fleet.Device("recorder0").Unplug()
		r := s.engineOf().Apply(context.Background(), context.Background(), p, s.nextRun())
		if text := told(r); !strings.Contains(text, "camera1: stale") {
			t.Errorf("it ended with\n%s", text)
		}
	})
}

// What a run reads of a recorder is recorded, for the next plan to know if it does not answer then.
func TestI13WhatIsReadBeforeARunIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := overtaken(t)
		s.engineOf().Apply(context.Background(), context.Background(), p, s.nextRun())
		s.fleet.Device("recorder0").Unplug()
		planned, _ := s.engineOf().Plan(context.Background(), s.cfg, nil)
		if steps := toldPlan(planned.Plan); strings.Contains(steps, "camera1") {
			t.Errorf("planned again:\n%s", steps)
		}
	})
}

// A recorder that does not answer when a plan is applied keeps the passwords that it has: the accounts do, too. It stops nothing
// else, and the run says that it could not be read.
func TestI13ADeadRecorderKeepsItsPasswordAndStopsNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newOwing(t), context.Background()
		s.declareName("camera0", "another name")
		planned, _ := s.engineOf().Plan(ctx, s.cfg, nil)
		s.fleet.Device("recorder0").Unplug()
		r := s.engineOf().Apply(ctx, ctx, planned.Plan, s.nextRun())
		s.same(told(r), `
			camera0: failed
			update system: done
			update user.rec: failed
			recorder0: not-run
			update channel["1"]: not-run`)
		if !s.logsIn("camera0", shownAs, "Shown-camera0") || len(s.owes()) > 0 {
			t.Errorf("the camera has another password, or it owes %v", s.owes())
		}
		if reason := r.Devices[0].Steps[1].Detail; !strings.Contains(reason, `device.recorder0.channel["1"] needs the new password, but camform could not read from device.recorder0 what it uses now`) {
			t.Errorf("the reason is %q", reason)
		}
	})
}

// A recorder that does not answer when a plan is applied is reported, also where the plan has nothing for it.
func TestI13ARecorderThatDoesNotAnswerBeforeARunIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newOwing(t), context.Background()
		s.retract("camera0", "user", shownAs)
		s.declare("camera0", "service", "HTTP", values{"enabled": cty.False})
		planned, _ := s.engineOf().Plan(ctx, s.cfg, nil)
		s.fleet.Device("recorder0").Unplug()
		r := s.engineOf().Apply(ctx, ctx, planned.Plan, s.nextRun())
		if bad := r.Bad(); len(bad) != 1 || bad[0].Result != report.Unreachable || !strings.Contains(bad[0].Detail, "could not be read before the run, so camform relied on its list of ") {
			t.Errorf("it needs attention: %+v, after\n%s", bad, told(r))
		}
	})
}

// A plan that changes a channel itself is not overtaken by that: it can be applied once more.
func TestI4AChannelThatThePlanChangedIsNoNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newOwing(t), context.Background()
		recorder := s.fleet.Device("recorder0")
		recorder.SetChannel("1", "10.0.0.10:443", "other", "other")
		s.secrets["env:camera0/"+shownAs] = "Chosen-camera0"
		s.declare("recorder0", "channel", "1", values{"username": cty.StringVal(shownAs), "password": s.secret("env:camera0/" + shownAs)})
		planned, problems := s.engineOf().Plan(ctx, s.cfg, nil)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		for i := range 2 {
			if bad := s.engineOf().Apply(ctx, ctx, planned.Plan, s.nextRun()).Bad(); len(bad) > 0 {
				t.Errorf("time %d: %+v", i+1, bad)
			}
		}
		if !s.online()[s.channels[0].item()] {
			t.Error("the channel is lost: " + fmt.Sprint(recorder.Document("/channels")))
		}
	})
}

// Somebody who is no device and may be cut off does not get a new password: the plan names him instead.
func TestI13AnAcceptedConsumerNeedNotBeTold(t *testing.T) {
	const vms = "consumer \"vms\" {\n scheme = \"https\"\n username = \"nvr\"\n %s\n}\n"
	show(t, func(s *shown) {
		s.declare(ownAccount+fmt.Sprintf(vms, ""), "")
		if p, problems := s.plans(); !strings.Contains(problems, "Give it the new one") || len(p.Devices[0].Cuts) > 0 {
			t.Errorf("the plan says %q", problems)
		}
		s.declare(ownAccount+fmt.Sprintf(vms, "ignore = true\n reason = \"it goes tomorrow\""), "")
		p, problems := s.plans()
		if strings.Contains(problems, "Tell it") || !strings.Contains(problems, "vms logs in with the account nvr, which gets a new password. Accepted: it goes tomorrow") {
			t.Errorf("the plan says %q", problems)
		}
		if cuts := p.Devices[0].Cuts; len(cuts) != 1 || cuts[0].Who != "vms" || cuts[0].What != "user.nvr" || cuts[0].Reason != "it goes tomorrow" {
			t.Errorf("it may cut off %+v", cuts)
		}
	})
}

// A channel that tells no number, or that of another one, counts like any other. It can be given no password, so the operator has to
// decide.
func TestI13AChannelWithoutANumberCounts(t *testing.T) {
	for name, c := range map[string]struct {
		number, camera string
		refused        string // a part of the reason; empty where the plan is good
	}{
		"none":                  {camera: ownAccount, refused: "has no number of its own, so camform cannot send it the new password"},
		"an empty one":          {number: "<id></id>", camera: ownAccount, refused: "has no number of its own"},
		"that of another one":   {number: "<id>1</id>", camera: ownAccount, refused: "has no number of its own"},
		"a filter without it":   {camera: fmt.Sprintf(allowList, ""), refused: "The allow list does not contain"},
		"it may be cut off":     {camera: ownAccount + accepting("device.recorder")},
		"by itself as well":     {camera: ownAccount + accepting(`device.recorder.channel["#4"]`)},
		"another has no number": {camera: ownAccount + accepting(`device.recorder.channel["#5"]`), refused: "has no number of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			show(t, func(s *shown) {
				list := string(s.recorder.Document(channelList))
				if !strings.Contains(list, "<id>4</id>") {
					t.Fatal(list)
				}
				if err := s.recorder.SetDocument(channelList, []byte(strings.Replace(list, "<id>4</id>", c.number, 1))); err != nil {
					t.Fatal(err)
				}
				s.declare(c.camera, "")
				p, problems := s.plans()
				if refused := strings.Contains(problems, "error "+guard.Code); refused != (c.refused != "") || !strings.Contains(problems, c.refused) {
					t.Errorf("the plan says %q, want %q", problems, c.refused)
				}
				if steps := toldPlan(p); strings.Contains(steps, "recorder") {
					t.Errorf("planned:\n%s", steps)
				}
			})
		})
	}
}

// leave takes a device out of the configuration.
func (s owing) leave(name string) {
	s.cfg.Devices = slices.DeleteFunc(s.cfg.Devices, func(d *config.Device) bool { return d.Address.Name == name })
}

// A recorder that leaves the configuration counts by what it told last, until it is forgotten.
func TestI13ARecorderThatLeavesCountsUntilItIsForgotten(t *testing.T) {
	plans := func(s owing) (*plan.Plan, string) {
		planned, problems := s.engineOf().Plan(context.Background(), s.cfg, nil)
		return planned.Plan, fmt.Sprint(problems)
	}
	for name, change := range map[string]func(s owing) (told string){
		"a password": func(s owing) string {
			p, _ := plans(s)
			return toldSkipped(p)
		},
		"a filter": func(s owing) string {
			s.retract("camera0", "user", shownAs)
			s.filter("camera0", memory.Source)
			_, problems := plans(s)
			return problems
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newOwing(t)
				plans(s) // it tells its list
				s.leave("recorder0")
				told := change(s)
				if !strings.Contains(told, `device.recorder0.channel["1"]`) || !strings.Contains(told, `consumer "device.recorder0" with ignore = true`) {
					t.Errorf("the plan says %s", told)
				}
				s.declared("camera0").Consumers = []config.Consumer{{Name: "device.recorder0", Ignore: true, Reason: "it goes tomorrow"}}
				if p, problems := plans(s); len(p.Devices[0].Cuts) == 0 || len(p.Devices[0].Steps) == 0 {
					t.Errorf("accepted, it plans %s, problems %s", toldPlan(p), problems)
				}
			})
		})
	}
}

// A recorder that is in the configuration under another name has not left, even if somebody says that it was removed.
func TestI13ARecorderThatGetsAnotherNameCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newOwing(t)
		s.engineOf().Plan(context.Background(), s.cfg, nil)
		s.declared("recorder0").Address = schema.Device{Name: "archive"}
		s.cfg.Removed = []config.Removed{{From: schema.Device{Name: "recorder0"}}}
		planned, _ := s.engineOf().Plan(context.Background(), s.cfg, nil)
		if steps := toldPlan(planned.Plan); !strings.Contains(steps, "update camera0.user.rec") || !strings.Contains(steps, `update archive.channel["1"]`) {
			t.Errorf("it plans\n%s", steps)
		}
	})
}
