package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

// slotsAllowed lets slots be made again although nobody has seen that devices take them.
const slotsAllowed = "  allow_unproven = [\"alarm_host\", \"ntp\"]\n"

func slotBlock(key, arguments string) string {
	return fmt.Sprintf("  alarm_host %q {\n    url = \"/s%s\"\n    server = \"192.0.2.9\"\n%s  }\n", key, key, arguments)
}

// lostSlot is a camera with three slots on which the given settings were applied and somebody deleted items since.
func lostSlot(t *testing.T, model, settings string, items ...string) (*site, *simulator.Device) {
	t.Helper()
	fleet := newFleet(t, simulator.Options{Models: []string{model}})
	d := fleet.Devices()[0]
	d.SetQuirks(simulator.Quirks{DeletesSlots: true})
	s := newSite(t, fleet, fleet.DialContext)
	s.configure(s.deviceBlock("camera", d, settings))
	if p, problems := s.plan(); len(problems) > 0 || len(s.apply(p).Bad()) > 0 {
		t.Fatalf("%q", problems)
	}
	for _, item := range items {
		if err := d.DeleteItem(item); err != nil {
			t.Fatal(err)
		}
	}
	return s, d
}

// TestADeletedSlotIsMadeAgain: whatever becomes of the answer, one request is sent, and there is nothing to do after it. The device
// keeps the slot when nobody declares it any more: camform did not bring it.
func TestADeletedSlotIsMadeAgain(t *testing.T) {
	const ntp = "  ntp {\n    server = \"192.0.2.5\"\n  }\n"
	for name, tc := range map[string]struct {
		model, settings, item string
		rule                  simulator.Rule
	}{
		"as it should":            {"camera-v57", slotBlock("2", ""), alarmDocument + "/2", simulator.Rule{}},
		"the answer is lost":      {"camera-v57", slotBlock("2", ""), alarmDocument + "/2", simulator.Rule{Method: "POST", Action: simulator.DropReply}},
		"the answer is wrong":     {"camera-v57", slotBlock("2", ""), alarmDocument + "/2", simulator.Rule{Method: "POST", Action: simulator.ErrorButApplied}},
		"it shows later":          {"camera-v57", slotBlock("2", ""), alarmDocument + "/2", simulator.Rule{Method: "POST", Action: simulator.LateEffect, Delay: 3 * time.Second}},
		"the web server restarts": {"camera-v57", slotBlock("2", ""), alarmDocument + "/2", simulator.Rule{Method: "POST", Action: simulator.RestartWeb, Delay: 20 * time.Second}},
		"the only one":            {"recorder-v1", slotBlock("1", ""), alarmDocument + "/1", simulator.Rule{}},
		"a time server":           {"camera-v57", ntp, ntpDocument + "/1", simulator.Rule{}},
		"with a switch":           {"camera-v58", ntp, ntpDocument + "/1", simulator.Rule{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, d := lostSlot(t, tc.model, slotsAllowed+tc.settings, tc.item)
				if tc.rule.Action != "" {
					if err := d.Inject(tc.rule); err != nil {
						t.Fatal(err)
					}
				}
				written := d.Count(simulator.RemoteConfig)
				p, problems := s.plan()
				if len(problems) > 0 || len(p.Devices[0].Steps) != 1 || p.Devices[0].Steps[0].Action != plan.Create {
					t.Fatalf("%q %s", problems, toldPlan(p))
				}
				if r := s.apply(p); len(r.Bad()) > 0 {
					t.Errorf("%s: %s", told(r), r.Devices[0].Steps[0].Detail)
				}
				if sent := d.Count(simulator.RemoteConfig) - written; sent != 1 {
					t.Errorf("%d requests were sent", sent)
				}
				if again, problems := s.plan(); len(problems) > 0 || !again.Empty() {
					t.Errorf("there is still something to do: %q %s", problems, toldPlan(again))
				}
				s.configure(s.deviceBlock("camera", d, slotsAllowed))
				if p, _ = s.plan(); len(p.Devices[0].Steps) != 1 || p.Devices[0].Steps[0].Action != plan.Forget {
					t.Errorf("it is not left to the device: %s", toldPlan(p))
				}
			})
		})
	}
}

// TestASlotIsMadeWhereItWas: without a word of somebody nothing is made, nor where the device has no room, nor where nobody knows that
// there ever was such a slot. A profile for many devices stays what it was.
func TestASlotIsMadeWhereItWas(t *testing.T) {
	for name, tc := range map[string]struct {
		model, settings, item, then string
		reason                      plan.SkipReason
		detail, problem             string
	}{
		"nobody allowed it":    {"camera-v57", slotBlock("2", ""), alarmDocument + "/2", slotBlock("2", ""), plan.Unproven, `has no 2 entry, but 1 and 3, and has room for 3.`, ""},
		"no room is reported":  {"recorder-v1", slotBlock("1", ""), alarmDocument + "/1", slotBlock("1", ""), plan.Unproven, "does not say how many it has room for", ""},
		"beyond its room":      {"camera-v57", slotsAllowed + slotBlock("2", ""), alarmDocument + "/2", slotsAllowed + slotBlock("4", ""), plan.Unsupported, "It has room for 3.", "Setting that no device has"},
		"never there":          {"recorder-v1", slotsAllowed + slotBlock("1", ""), alarmDocument + "/1", slotsAllowed + slotBlock("2", ""), plan.Unsupported, `the device has no alarm_host["2"]`, "Setting that no device has"},
		"a name that it lacks": {"camera-v57", slotsAllowed + slotBlock("2", ""), alarmDocument + "/2", slotBlock("2", "    username = \"gate\"\n"), plan.Unproven, "has room for 3", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, d := lostSlot(t, tc.model, tc.settings, tc.item)
				s.configure(s.deviceBlock("camera", d, tc.then+"  system {\n    name = \"gate\"\n  }\n"))
				p, problems := s.plan()
				left := p.Devices[0].Skipped
				if len(problems) != strings.Count(tc.problem, "no device") || !strings.Contains(strings.Join(problems, ""), tc.problem) || len(left) != 1 || left[0].Reason != tc.reason || !strings.Contains(left[0].Detail, tc.detail) {
					t.Errorf("%q %s", problems, toldSkipped(p))
				}
			})
		})
	}
}

// TestASlotIsNotMadeWithoutItsPassword: the device forgot it with the slot, so the plan asks for it.
func TestASlotIsNotMadeWithoutItsPassword(t *testing.T) {
	account := "    authentication = \"digest\"\n    username = \"gate\"\n"
	secret := "    password = secret(\"env:FLEET_ACCOUNT\")\n"
	synctest.Test(t, func(t *testing.T) {
		s, d := lostSlot(t, "camera-v57", slotsAllowed+slotBlock("2", account+secret), alarmDocument+"/2")
		s.configure(s.deviceBlock("camera", d, slotsAllowed+slotBlock("2", account)))
		if _, problems := s.plan(); len(problems) != 1 || !strings.Contains(problems[0], "The password was lost when somebody deleted the entry") {
			t.Errorf("%q", problems)
		}
		s.configure(s.deviceBlock("camera", d, slotsAllowed+slotBlock("2", account+secret)))
		p, problems := s.plan()
		if r := s.apply(p); len(problems) > 0 || len(r.Bad()) > 0 {
			t.Errorf("%q %s", problems, told(r))
		}
		if have := d.Secret(alarmDocument, "HttpHostNotification[2]/password"); have != accountPassword {
			t.Errorf("the device has the password %q", have)
		}
	})
}

// TestASlotUnderAnotherNumberIsTold: a device that gives a new slot the lowest free number, or takes none, does not have the declared
// one, and there is no record of it.
func TestASlotUnderAnotherNumberIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		quirks simulator.Quirks
		detail string
		slots  int
	}{
		"another number": {simulator.Quirks{DeletesSlots: true}, `it is not there; alarm_host["2"] is new on the device instead. Delete it there`, 2},
		"none at all":    {simulator.Quirks{}, "methodNotAllowed", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, d := lostSlot(t, "camera-v57", slotsAllowed+slotBlock("3", ""), alarmDocument+"/2", alarmDocument+"/3")
				d.SetQuirks(tc.quirks)
				p, problems := s.plan()
				r := s.apply(p)
				step := r.Devices[0].Steps[0]
				if len(problems) > 0 || step.Result != report.Rejected || !strings.Contains(step.Detail, tc.detail) {
					t.Errorf("%q %s", problems, told(r))
				}
				if slots := strings.Count(string(d.Document(alarmDocument)), "<id>"); slots != tc.slots {
					t.Errorf("the device has %d slots", slots)
				}
			})
		})
	}
}

// TestSlotsAreMadeFromTheLowestNumber: that is the one that a device gives, so that all of several come under their own.
func TestSlotsAreMadeFromTheLowestNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		settings := slotsAllowed + slotBlock("3", "") + slotBlock("2", "") + slotBlock("1", "")
		s, _ := lostSlot(t, "camera-v57", settings, alarmDocument+"/3", alarmDocument+"/2", alarmDocument+"/1")
		p, problems := s.plan()
		if r := s.apply(p); len(problems) > 0 || len(r.Bad()) > 0 {
			t.Errorf("%q %s", problems, told(r))
		}
		if again, problems := s.plan(); len(problems) > 0 || !again.Empty() {
			t.Errorf("there is still something to do: %q %s", problems, toldPlan(again))
		}
		rows, err := s.store.Fleet.SettingsOf(t.Context(), schema.Device{Name: "camera"})
		for _, row := range rows {
			if err != nil || len(rows) != 3 || row.Created {
				t.Errorf("a slot is recorded as created, or not at all: %v %+v", err, rows)
			}
		}
	})
}

// TestASlotDoesNotGetTheNumberOfAnother: the device gives the lowest free number, so that a slot whose predecessor did not come about
// would become that one, with its account and its password. It is not sent, and the next run makes both.
func TestASlotDoesNotGetTheNumberOfAnother(t *testing.T) {
	account := "    authentication = \"digest\"\n    username = \"gate\"\n    password = secret(\"env:FLEET_ACCOUNT\")\n"
	for name, rule := range map[string]simulator.Rule{
		"not carried out": {Action: simulator.DropRequest},
		"refused":         {Action: simulator.Status, Status: 500, Code: "deviceError"},
		"ignored":         {Action: simulator.IgnoreWrite},
		"it shows later":  {Action: simulator.LateEffect, Delay: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, d := lostSlot(t, "camera-v57", slotsAllowed+slotBlock("1", "")+slotBlock("2", account), alarmDocument+"/1", alarmDocument+"/2")
				rule.Method, rule.Nth = "POST", 1
				if err := d.Inject(rule); err != nil {
					t.Fatal(err)
				}
				p, problems := s.plan()
				r := s.apply(p)
				second := r.Devices[0].Steps[1]
				if len(problems) > 0 || second.Result != report.NotRun || !strings.Contains(second.Detail, "might give its number to this one") {
					t.Errorf("%q %s: %s", problems, told(r), second.Detail)
				}
				if strings.Contains(string(d.Document(alarmDocument)), "/s2") {
					t.Errorf("the second was sent: %s", d.Document(alarmDocument))
				}
				time.Sleep(2 * time.Minute)
				if p, problems = s.plan(); len(problems) > 0 || len(s.apply(p).Bad()) > 0 {
					t.Errorf("the next run: %q", problems)
				}
				if have := d.Secret(alarmDocument, "HttpHostNotification[2]/password"); have != accountPassword {
					t.Errorf("the second slot has the password %q", have)
				}
			})
		})
	}
}

// TestASlotWithTheSecretOfAnotherIsNotRedirected: what lets slots be made again does not let the device send a password that nobody
// declares there to another server.
func TestASlotWithTheSecretOfAnotherIsNotRedirected(t *testing.T) {
	account := "    authentication = \"digest\"\n    username = \"gate\"\n    password = secret(\"env:FLEET_ACCOUNT\")\n"
	synctest.Test(t, func(t *testing.T) {
		s, d := lostSlot(t, "camera-v57", slotsAllowed+slotBlock("1", account))
		moved := strings.Replace(slotBlock("1", ""), "192.0.2.9", "192.0.2.66", 1)
		s.configure(s.deviceBlock("camera", d, slotsAllowed+moved))
		p, problems := s.plan()
		if left := toldSkipped(p); len(problems) > 0 || len(p.Devices[0].Steps) > 0 || !strings.Contains(left, "The device holds a password here that it never shows") {
			t.Errorf("%q %s %s", problems, toldPlan(p), left)
		}
		s.configure(s.deviceBlock("camera", d, strings.Replace(slotsAllowed, "\"ntp\"", "\"alarm_host.password\"", 1)+moved))
		if p, problems := s.plan(); len(problems) > 0 || len(p.Devices[0].Steps) != 1 {
			t.Errorf("with a word about the password: %q %s", problems, toldPlan(p))
		}
	})
}
