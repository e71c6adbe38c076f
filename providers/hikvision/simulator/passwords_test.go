package simulator_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

// ours is the address that connections of a fleet in memory come from.
var ours = netip.MustParseAddr("127.0.0.1")

// guarded is a camera with the user guard, who has the password First-Pass-1.
func guarded(t *testing.T, model string, q simulator.Quirks) (*simulator.Fleet, *simulator.Device, *made) {
	clock := newClock()
	f, d := one(t, model, clock.now)
	d.SetUser("guard", "Operator", "First-Pass-1")
	d.SetQuirks(q)
	return f, d, clock
}

// change sets the password of guard as the administrator.
func change(t *testing.T, f *simulator.Fleet, d *simulator.Device, to, code string) answer {
	t.Helper()
	return connect(t, f, d, "admin", password).put(users+"/2", userXML("guard", "Operator", to, password), code)
}

func TestAnAccountSleepsUntilItSetsItsPassword(t *testing.T) {
	for _, model := range []string{"camera-v57", "thermal-v55", "recorder-v1", "recorder-v2"} {
		t.Run(model, func(t *testing.T) {
			f, d, _ := guarded(t, model, simulator.Quirks{MustChange: true})
			active := func(want string) {
				t.Helper()
				admin := connect(t, f, d, "admin", password)
				if got := admin.get(users + "/2"); !strings.Contains(got, "<userActivationStatus>"+want+"<") {
					t.Errorf("want %s, have\n%s", want, got)
				}
				if got := admin.get(users); !strings.Contains(got, "<userActivationStatus>true<") {
					t.Errorf("the administrator sleeps:\n%s", got)
				}
			}
			active("true")
			change(t, f, d, "Second-Pass-2", "ok")
			active("false")
			guard := connect(t, f, d, "guard", "Second-Pass-2")
			for _, path := range []string{deviceInfo, userCheck, users + "/2"} {
				if a := guard.send(http.MethodGet, path, "", "theAccountIsNotActivated"); a.status != 403 {
					t.Errorf("%s: %d", path, a.status)
				}
			}
			guard.put(users+"/1", userXML("admin", "Administrator", "Third-Pass-3", password), "theAccountIsNotActivated")
			guard.put(users+"/2", userXML("guard", "Operator", "Second-Pass-2", "Second-Pass-2"), "cannotSameAsOldPassword")
			active("false")
			guard.put(users+"/2", userXML("guard", "Operator", "Third-Pass-3", "Second-Pass-2"), "ok")
			active("true")
			connect(t, f, d, "guard", "Third-Pass-3").get(deviceInfo)
			connect(t, f, d, "admin", password).put(users+"/1", userXML("admin", "Administrator", "Other-Pass-4", password), "ok")
			connect(t, f, d, "admin", "Other-Pass-4").get(deviceInfo) // nobody else set it
		})
	}
}

func TestPasswordsAreCut(t *testing.T) {
	f, d, _ := guarded(t, "camera-v57", simulator.Quirks{})
	inject(t, d, simulator.Rule{Action: simulator.CutPassword, Bytes: 12})
	change(t, f, d, "Second-Pass-2xyz", "ok")
	if d.Accepts("guard", "Second-Pass-2xyz") || !d.Accepts("guard", "Second-Pass-") {
		t.Error("the device keeps all of it")
	}
	change(t, f, d, "Short-Pass1", "ok")
	if !d.Accepts("guard", "Short-Pass1") {
		t.Error("a short one is another")
	}
}

func TestAPasswordIsLate(t *testing.T) {
	f, d, clock := guarded(t, "camera-v57", simulator.Quirks{})
	inject(t, d, simulator.Rule{Action: simulator.LatePassword, Delay: 31 * time.Minute})
	change(t, f, d, "Second-Pass-2", "ok")
	clock.advance(31*time.Minute - time.Second)
	connect(t, f, d, "guard", "First-Pass-1").get(deviceInfo)
	clock.advance(time.Second)
	connect(t, f, d, "guard", "Second-Pass-2").get(deviceInfo)
	if d.Accepts("guard", "First-Pass-1") {
		t.Error("the old one is in force, too")
	}
}

func TestALateOwnPasswordIsWantedOnlyThen(t *testing.T) {
	f, d, clock := guarded(t, "camera-v57", simulator.Quirks{})
	inject(t, d, simulator.Rule{Action: simulator.LatePassword, Delay: time.Minute, Nth: 1})
	c := connect(t, f, d, "admin", password)
	c.put(users+"/1", userXML("admin", "Administrator", "Second-Pass-2", password), "ok")
	c.put(users+"/2", userXML("guard", "Operator", "Third-Pass-3", password), "ok")
	clock.advance(time.Minute)
	connect(t, f, d, "admin", "Second-Pass-2").put(users+"/2", userXML("guard", "Operator", "Fourth-Pass-4", "Second-Pass-2"), "ok")
}

func TestAPasswordIsLostAtTheNextReboot(t *testing.T) {
	f, d, clock := guarded(t, "camera-v57", simulator.Quirks{})
	inject(t, d, simulator.Rule{Action: simulator.LosePassword, Times: 2})
	change(t, f, d, "Second-Pass-2", "ok")
	change(t, f, d, "Third-Pass-3", "ok")
	connect(t, f, d, "guard", "Third-Pass-3").get(deviceInfo)
	d.Reboot()
	clock.advance(time.Minute)
	connect(t, f, d, "guard", "First-Pass-1").get(deviceInfo)
	d.Heal()
	inject(t, d, simulator.Rule{Action: simulator.LosePassword, Method: http.MethodPut, Nth: 1})
	change(t, f, d, "Fourth-Pass-4", "ok")
	change(t, f, d, "Second-Pass-2", "ok") // this one lasts
	d.Reboot()
	clock.advance(time.Minute)
	connect(t, f, d, "guard", "Second-Pass-2").get(deviceInfo)
}

func TestAWeakPasswordIsTakenAllTheSame(t *testing.T) {
	for _, test := range []struct {
		rule       simulator.Rule
		http       int
		statusCode string
	}{
		{simulator.Rule{Action: simulator.ErrorButApplied, Code: "riskPassword"}, 400, "6"},
		{simulator.Rule{Action: simulator.Remark}, 200, "1"},
		{simulator.Rule{Action: simulator.Remark, Code: "riskPassword"}, 200, "1"},
	} {
		f, d, _ := guarded(t, "camera-v57", simulator.Quirks{})
		inject(t, d, test.rule)
		a := change(t, f, d, "Second-Pass-2", "riskPassword")
		if a.status != test.http || !strings.Contains(a.body, "<statusCode>"+test.statusCode+"<") {
			t.Errorf("%s: %d\n%s", test.rule.Action, a.status, a.body)
		}
		if !d.Accepts("guard", "Second-Pass-2") {
			t.Errorf("%s: not applied", test.rule.Action)
		}
		if a := change(t, f, d, "short", "riskPassword"); !strings.Contains(a.body, "<statusCode>6<") || d.Accepts("guard", "short") {
			t.Errorf("%s: a refusal became something else:\n%s", test.rule.Action, a.body)
		}
	}
}

func TestADeviceThatTellsNothingOfAttempts(t *testing.T) {
	f, d, _ := guarded(t, "camera-v57", simulator.Quirks{HidesAttempts: true})
	c := anonymousClient(t, f, d)
	for range 2 {
		if got := c.do(http.MethodGet, userCheck, "").body; strings.Contains(got, "retryLoginTime") || strings.Contains(got, "lockStatus") || !strings.Contains(got, "<statusValue>401<") {
			t.Errorf("%s", got)
		}
		d.Lock(time.Minute)
	}
}

// left is what the device tells of the attempts that are left.
func left(t *testing.T, f *simulator.Fleet, d *simulator.Device, want string) {
	t.Helper()
	if got := anonymousClient(t, f, d).do(http.MethodGet, userCheck, "").body; !strings.Contains(got, "<retryLoginTime>"+want+"<") {
		t.Errorf("want %s left, have\n%s", want, got)
	}
}

func TestALoginMakesUpForFailedOnesOrNot(t *testing.T) {
	for keeps, want := range map[bool]string{false: "7", true: "4"} {
		f, d, clock := guarded(t, "camera-v57", simulator.Quirks{KeepsFailures: keeps})
		d.FailLogins(ours, 3)
		left(t, f, d, "4")
		connect(t, f, d, "admin", password).get(deviceInfo)
		left(t, f, d, want)
		d.FailLogins(ours, 7)
		clock.advance(2 * time.Hour)
		connect(t, f, d, "admin", password).get(deviceInfo)
		left(t, f, d, "7")
	}
}

func TestAnotherClientFailsBehindOurAddress(t *testing.T) {
	f, d, _ := guarded(t, "camera-v57", simulator.Quirks{})
	inject(t, d, simulator.Rule{Action: simulator.ForeignLogin, Failures: 4, Anonymous: true, Nth: 1})
	left(t, f, d, "3")
	left(t, f, d, "3")
	if d.RefusalsOf(ours) != 4 {
		t.Errorf("%d refusals", d.RefusalsOf(ours))
	}
	d.Heal()
	inject(t, d, simulator.Rule{Action: simulator.ForeignLogin, Failures: 5, Method: http.MethodPut})
	if a := connect(t, f, d, "admin", password).do(http.MethodPut, users+"/2", userXML("guard", "Operator", "Second-Pass-2", password)); a.status != 401 {
		t.Errorf("a locked source is let in: %d", a.status)
	}
	if !d.Accepts("guard", "First-Pass-1") {
		t.Error("the write of a locked source was carried out")
	}
}

func TestLocksAreCountedInSeconds(t *testing.T) {
	for _, unit := range []string{"", "minutes", "seconds"} {
		for _, model := range []string{"camera-v57", "thermal-v55", "camera-v58"} {
			clock := newClock()
			f := newFleet(t, simulator.Options{Models: []string{model}, Clock: clock.now, LockUnit: unit})
			d := f.Devices()[0]
			stored, most := "30", `max="120"`
			if unit == "seconds" {
				stored, most = "1800", `max="7200"`
			}
			c := connect(t, f, d, "admin", password)
			if got := c.get(illegalLogin); !strings.Contains(got, "<maxIllegalLoginLockTime>"+stored+"<") {
				t.Errorf("%s, %s:\n%s", model, unit, got)
			}
			if got := c.get("/ISAPI/Security/capabilities"); !strings.Contains(got, most) {
				t.Errorf("%s, %s: no %s in\n%s", model, unit, most, got)
			}
			d.FailLogins(ours, 7)
			clock.advance(30*time.Minute - time.Second)
			if a := anonymousClient(t, f, d).do(http.MethodGet, userCheck, ""); a.status == 401 && !strings.Contains(a.body, "<lockStatus>lock<") {
				t.Errorf("%s, %s: not locked\n%s", model, unit, a.body)
			}
			clock.advance(30 * time.Minute) // more attempts than it takes have restarted it
			c.get(deviceInfo)
		}
	}
	if _, err := simulator.New(simulator.Options{Password: password, LockUnit: "hours"}); err == nil {
		t.Error("locks are counted in hours")
	}
}

func TestQuirksComeFromTheFaultFile(t *testing.T) {
	faults, err := simulator.ParseFaults(strings.NewReader(`{"quirks": [
		{"device": "camera-*", "mustChange": true, "hidesAttempts": true},
		{"device": "camera-v58-*", "keepsFailures": true}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	f := newFleet(t, simulator.Options{Models: []string{"camera-v57", "camera-v58", "recorder-v2"}, Faults: faults})
	for name, sleepers := range map[string]bool{"camera-v57-0001": true, "camera-v58-0002": false, "recorder-v2-0003": false} {
		c := connect(t, f, f.Device(name), "admin", password)
		if got := c.get(users); strings.Contains(got, "userActivationStatus") != sleepers {
			t.Errorf("%s:\n%s", name, got)
		}
	}
	if _, err := simulator.ParseFaults(strings.NewReader(`{"quirks": [{"lazy": true}]}`)); err == nil {
		t.Error("an unknown quirk is no error")
	}
}

func TestRulesAboutPasswordsAreChecked(t *testing.T) {
	for _, rule := range []simulator.Rule{
		{Action: simulator.LatePassword},
		{Action: simulator.CutPassword},
		{Action: simulator.ForeignLogin},
		{Action: simulator.ForeignLogin, Failures: -1},
		{Action: simulator.Remark, Code: "noSuchCode"},
		{Action: simulator.ErrorButApplied, Code: "noSuchCode"},
	} {
		if rule.Check() == nil {
			t.Errorf("%+v is a rule", rule)
		}
	}
}
