package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

func addresses(texts ...string) cty.Value {
	var all []cty.Value
	for _, text := range texts {
		all = append(all, cty.StringVal(text))
	}
	return cty.SetVal(all)
}

// everything declares a setting of every kind, so that a fresh device differs in all of them.
func (w *world) everything(device string) {
	w.Helper()
	w.declareName(device, device+"-1")
	w.declare(device, "time", "", values{"mode": cty.StringVal("NTP"), "zone": cty.StringVal("CET-1:00:00")})
	w.declareUser(device, "op", "Operator", "Secret-1234")
	w.declare(device, "cloud", "", values{"enabled": cty.False})
	w.declare(device, "login_lock", "", values{"attempts": cty.NumberIntVal(7), "minutes": cty.NumberIntVal(20)})
	w.declare(device, "https", "", values{"redirect": cty.True})
	w.declare(device, "service", "RTSP", values{"enabled": cty.False})
	w.declare(device, "filter", "", values{"enabled": cty.True, "addresses": addresses(memory.Source, "192.0.2.0/24")})
}

func TestI4AfterApplyThereIsNothingToDo(t *testing.T) {
	w := newWorld(t, "gate")
	w.everything("gate")
	w.same(told(w.apply(w.plan())), `
		gate: done
		update system: done
		update time: done
		create user.op: done
		update cloud: done
		update login_lock: done
		update https: done
		update service.RTSP: done
		update filter: done`)
	w.nothingToDo()
	if got := w.writes("gate"); got != 7 {
		t.Errorf("%d writes, want one for each of 7 documents", got)
	}
	if !w.logsIn("gate", "op", "Secret-1234") {
		t.Error("the new account cannot log in")
	}
}

// Each row changes what is wanted, or the device, of a world that has converged.
func TestI4EveryKindOfEveryChange(t *testing.T) {
	for title, c := range map[string]struct {
		change func(w *world, d *memory.Device)
		plan   string
		writes int
	}{
		"system": {func(w *world, d *memory.Device) { w.declareName("gate", "other") }, "update gate.system name:config", 1},
		"time": {func(w *world, d *memory.Device) {
			w.declare("gate", "time", "", values{"zone": cty.StringVal("UTC0")})
		}, "update gate.time zone:config", 1},
		"zone in another spelling": {func(w *world, d *memory.Device) {
			w.declare("gate", "time", "", values{"mode": cty.StringVal("NTP"), "zone": cty.StringVal("CET-1")})
		}, "", 0},
		"password": {
			func(w *world, d *memory.Device) { w.declareUser("gate", "op", "Operator", "Another-1234") },
			"update gate.user.op password:config", 1,
		},
		"level": {
			func(w *world, d *memory.Device) { w.declareUser("gate", "op", "Viewer", "Secret-1234") },
			"update gate.user.op level:config", 1,
		},
		"account no longer declared": {func(w *world, d *memory.Device) { w.retract("gate", "user", "op") }, "delete gate.user.op", 1},
		"account gone":               {func(w *world, d *memory.Device) { d.Remove("user", "op") }, "create gate.user.op level:drift password:drift", 1},
		"cloud":                      {func(w *world, d *memory.Device) { d.Set("cloud", "", "enabled", true) }, "update gate.cloud enabled:drift", 1},
		"lock": {func(w *world, d *memory.Device) {
			d.Set("login_lock", "", "minutes", 99)
			w.declare("gate", "login_lock", "", values{"attempts": cty.NumberIntVal(7), "minutes": cty.NumberIntVal(30)})
		}, "update gate.login_lock minutes:both", 1},
		"two settings of one document": {func(w *world, d *memory.Device) {
			d.Set("https", "", "redirect", false)
			d.Set("service", "RTSP", "enabled", true)
		}, "update gate.https redirect:drift\nupdate gate.service.RTSP enabled:drift", 1},
		"filter": {func(w *world, d *memory.Device) {
			w.declare("gate", "filter", "", values{"addresses": addresses(memory.Source)})
		}, "update gate.filter addresses:config", 1},
		"addresses in another spelling": {func(w *world, d *memory.Device) {
			w.declare("gate", "filter", "", values{"enabled": cty.True, "addresses": addresses(memory.Source+"/32", "192.0.2.0/24")})
		}, "", 0},
		"singleton no longer declared": {func(w *world, d *memory.Device) { w.retract("gate", "cloud", "") }, "forget gate.cloud", 0},
		"undeclared account where exclusive": {func(w *world, d *memory.Device) {
			d.SetUser("guest", "Viewer", "Guest-1234")
			w.declared("gate").Exclusive = []string{"user"}
		}, "delete gate.user.guest", 1},
		"undeclared attribute": {func(w *world, d *memory.Device) { d.Set("https", "", "port", 443) }, "", 0},
	} {
		t.Run(title, func(t *testing.T) {
			w := newWorld(t)
			d := w.add("gate", memory.Options{})
			w.everything("gate")
			w.converge()
			before := w.writes("gate")
			c.change(w, d)
			p := w.plan()
			w.same(toldPlan(p), c.plan)
			for range 2 { // the second time everything is there already
				if r := w.apply(p); len(r.Bad()) > 0 {
					t.Fatalf("\n%s", told(r))
				}
			}
			w.nothingToDo()
			if got := w.writes("gate") - before; got != c.writes {
				t.Errorf("%d writes, want %d", got, c.writes)
			}
			if len(w.provider.needless) > 0 {
				t.Errorf("written without need: %v", w.provider.needless)
			}
		})
	}
}

func TestI4ApplyingAPlanTwiceWritesOnce(t *testing.T) {
	w := newWorld(t, "gate")
	w.everything("gate")
	p := w.plan()
	w.apply(p)
	writes := w.writes("gate")
	w.restart()
	w.same(told(w.apply(p)), `
		gate: done
		update system: already
		update time: already
		create user.op: already
		update cloud: already
		update login_lock: already
		update https: already
		update service.RTSP: already
		update filter: already`)
	if got := w.writes("gate"); got != writes {
		t.Errorf("%d writes the second time", got-writes)
	}
	w.nothingToDo()
	w.retract("gate", "user", "op")
	w.same(toldPlan(w.plan()), "delete gate.user.op") // it is still known that we created it
}

func TestAdoptedSettingsAreRemembered(t *testing.T) {
	w := newWorld(t, "gate")
	d := w.fleet.Device("gate")
	w.declare("gate", "cloud", "", values{"enabled": cty.True})
	p := w.plan()
	if !p.Empty() || len(p.Devices[0].Adopted) != 1 {
		t.Fatalf("plan %s, adopted %v", toldPlan(p), p.Devices[0].Adopted)
	}
	w.same(told(w.apply(p)), "gate: done")
	if again := w.plan(); len(again.Devices[0].Adopted) != 0 {
		t.Error("it is adopted twice")
	}
	d.Set("cloud", "", "enabled", false)
	w.same(toldPlan(w.drift()), "update gate.cloud enabled:drift")
	if w.writes("gate") != 0 {
		t.Error("the device was written to")
	}
	w.converge()
	w.has("gate", "cloud", "", "enabled", cty.True)
}

func TestAnAdoptedAccountStaysOurs(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	w.converge()
	w.fleet.Device("gate").Set("user", "op", "level", "Viewer")
	w.declareUser("gate", "op", "Viewer", "Secret-1234")
	p := w.plan()
	if !p.Empty() || len(p.Devices[0].Adopted) != 1 {
		t.Fatalf("plan %s, adopted %v", toldPlan(p), p.Devices[0].Adopted)
	}
	w.apply(p)
	w.retract("gate", "user", "op")
	w.same(toldPlan(w.plan()), "delete gate.user.op")
}

func TestDriftIsWhatSomebodyElseChanged(t *testing.T) {
	w := newWorld(t, "gate")
	d := w.fleet.Device("gate")
	w.everything("gate")
	w.converge()
	w.same(toldPlan(w.drift()), "")
	d.Set("cloud", "", "enabled", true)
	w.declareName("gate", "other")
	w.retract("gate", "login_lock", "")
	w.same(toldPlan(w.drift()), "update gate.cloud enabled:drift")
}

func TestForgottenSettingsStayOnTheDevice(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "north")
	w.converge()
	w.retract("gate", "system", "")
	w.same(told(w.apply(w.plan())), `
		gate: done
		forget system: done`)
	if _, ok := w.remembered("gate", "system", ""); ok {
		t.Error("it is still remembered")
	}
	w.has("gate", "system", "", "name", cty.StringVal("north"))
	w.nothingToDo()
}

func TestAnAccountThatSomebodyElseCreatedIsNotOurs(t *testing.T) {
	w := newWorld(t, "gate")
	w.fleet.Device("gate").SetUser("op", "Operator", "Theirs-1234")
	w.declare("gate", "user", "op", values{"level": cty.StringVal("Viewer")})
	w.same(told(w.apply(w.plan())), `
		gate: done
		update user.op: done`)
	w.retract("gate", "user", "op")
	w.same(toldPlan(w.plan()), "forget gate.user.op")
}

// A secret that a device shows is compared with what it shows, not with the record of it.
func TestASecretThatADeviceShowsIsReadBack(t *testing.T) {
	w := newWorld(t, "gate")
	w.secrets["env:CODE"] = "SECRET"
	w.declare("gate", "cloud", "", values{"code": w.secret("env:CODE")})
	w.same(told(w.apply(w.plan())), `
		gate: done
		update cloud: done`)
	w.nothingToDo()
	w.fleet.Device("gate").Set("cloud", "", "code", "OTHERS")
	p := w.plan()
	w.same(toldPlan(p), "update gate.cloud code:drift")
	w.same(told(w.apply(p)), `
		gate: done
		update cloud: done`)
	if got := w.writes("gate"); got != 2 {
		t.Errorf("%d writes, want 2", got)
	}
	w.nothingToDo()
}

func TestWhatADeviceRewritesIsRemembered(t *testing.T) {
	w := newWorld(t)
	w.add("gate", memory.Options{AddsSummerTime: true})
	w.declare("gate", "time", "", values{"zone": cty.StringVal("CET-1")})
	p := w.plan()
	w.same(told(w.apply(p)), `
		gate: done
		update time: rewritten`)
	w.nothingToDo()
	w.same(told(w.apply(p)), `
		gate: done
		update time: already`)
	w.fleet.Device("gate").Set("time", "", "zone", "UTC0")
	w.same(toldPlan(w.plan()), "update gate.time zone:drift")
	if got := w.writes("gate"); got != 1 {
		t.Errorf("%d writes, want 1", got)
	}
}

func TestAPendingRestartIsRemembered(t *testing.T) {
	w := newWorld(t)
	w.add("gate", memory.Options{NeedsRestart: []string{"cloud"}})
	w.declare("gate", "cloud", "", values{"enabled": cty.False})
	w.same(told(w.apply(w.plan())), `
		gate: done
		update cloud: pending-reboot`)
	if row, _ := w.remembered("gate", "cloud", ""); !row.PendingReboot {
		t.Error("the pending restart is not in the state")
	}
	w.nothingToDo()
}

// The plan goes to another machine, where nobody has the configuration.
func TestI6ApplyNeedsThePlanOnly(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.everything("gate")
	w.declareName("yard", "other")
	text, err := plan.Encode(w.plan(), w.provider.Kinds())
	w.must(err)
	declared := w.cfg
	w.cfg = nil
	w.restart()
	p, err := plan.Decode(text, w.provider.Kinds())
	w.must(err)
	if r := w.apply(p); len(r.Bad()) > 0 {
		t.Fatalf("\n%s", told(r))
	}
	w.cfg = declared
	w.nothingToDo()
}

func TestI6AStaleDeviceIsLeftAlone(t *testing.T) {
	for title, c := range map[string]struct {
		change func(w *world, d *memory.Device)
		told   string
	}{
		"setting": {func(_ *world, d *memory.Device) { d.Set("system", "", "name", "theirs") }, `
			gate: stale
			update system: stale
			update cloud: not-run`},
		"serial number": {func(_ *world, d *memory.Device) { d.SwapIdentity() }, `
			gate: other-device
			update system: not-run
			update cloud: not-run`},
		"serial number that the state does not know": {func(w *world, d *memory.Device) {
			d.SwapIdentity()
			w.must(w.store.ForgetDevice(context.Background(), schema.Device{Name: "gate"}))
		}, `
			gate: stale
			update system: not-run
			update cloud: not-run`},
	} {
		t.Run(title, func(t *testing.T) {
			w := newWorld(t, "gate", "yard")
			for _, device := range []string{"gate", "yard"} {
				w.declareName(device, "other")
				w.declare(device, "cloud", "", values{"enabled": cty.False})
			}
			p := w.plan()
			c.change(w, w.fleet.Device("gate"))
			w.same(told(w.apply(p)), c.told+`
				yard: done
				update system: done
				update cloud: done`)
			if w.writes("gate") != 0 {
				t.Error("the stale device was written to")
			}
		})
	}
}

func TestI6AnotherFirmwareIsStale(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	p := w.plan()
	p.Devices[0].Identity.Firmware = "V0.9.0"
	w.same(told(w.apply(p)), `
		gate: stale
		update system: not-run`)
	if w.writes("gate") != 0 {
		t.Error("the stale device was written to")
	}
}

// A document with one moved setting is left alone as a whole; what was written before stays.
func TestI6AStaleSettingStopsItsDevice(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	w.declare("gate", "https", "", values{"redirect": cty.True})
	w.declare("gate", "service", "RTSP", values{"port": cty.NumberIntVal(8554)})
	p := w.plan()
	w.fleet.Device("gate").Set("service", "RTSP", "port", 5554)
	w.same(told(w.apply(p)), `
		gate: stale
		update system: done
		update service.RTSP: stale
		update https: not-run`)
	w.has("gate", "https", "", "redirect", cty.False)
	w.converge()
}

func TestI6AnotherSecretThanPlannedIsNotSent(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	p := w.plan()
	w.secrets["env:gate/op"] = "Changed-1234"
	r := w.apply(p)
	w.same(told(r), `
		gate: failed
		create user.op: not-run`)
	if why := r.Devices[0].Detail; !strings.Contains(why, "user.op: the secret from env:gate/op has changed since the plan was made") {
		t.Errorf("detail %q", why)
	}
	if w.writes("gate") != 0 {
		t.Error("the device was written to")
	}
}

// readers is a provider that hands out readers, and panics when asked for more.
type readers struct {
	providers.Provider
	writers int
}

func (p *readers) OpenReader(t providers.Target) providers.Reader {
	r := p.Provider.OpenReader(t)
	if _, can := r.(interface {
		Do(context.Context, providers.Request) (providers.Reply, error)
	}); can {
		p.writers++
	}
	return r
}

func (p *readers) Open(providers.Target) providers.Session {
	panic("a session that can write was opened")
}

func TestI7PlanningCannotWrite(t *testing.T) {
	w := newWorld(t, "gate")
	w.everything("gate")
	e := w.engine()
	only := &readers{Provider: w.fleet.Provider()}
	e.Provider = only
	planned, problems := e.Plan(context.Background(), w.cfg, nil)
	if len(problems) > 0 || planned.Plan.Empty() {
		t.Fatalf("problems %v", problems)
	}
	if _, err := engine.Requests(planned, only); err != nil {
		t.Fatal(err)
	}
	if only.writers > 0 {
		t.Error("planning holds a session with a method Do")
	}
	for _, e := range w.fleet.Device("gate").Log() {
		if e.Kind != memory.Read && e.Kind != memory.LoggedIn {
			t.Errorf("planning did %+v", e)
		}
	}
}

func TestRequestsAreThoseThatApplySends(t *testing.T) {
	w := newWorld(t, "gate")
	w.everything("gate")
	planned := w.planned()
	listed, err := engine.Requests(planned, w.provider)
	w.must(err)
	var composed []string
	for _, r := range listed[0].Requests {
		composed = append(composed, r.Method+" "+r.Path)
		if strings.Contains(string(r.Body), "Secret-1234") {
			t.Errorf("%s %s shows a password", r.Method, r.Path)
		}
		if r.Method == "POST" && !strings.Contains(string(r.Body), schema.Blank) {
			t.Errorf("the password is not blanked: %s", r.Body)
		}
	}
	w.apply(planned.Plan)
	var sent []string
	for _, e := range w.fleet.Device("gate").Log() {
		if e.Kind == memory.Written {
			sent = append(sent, e.Method+" "+e.Path)
		}
	}
	w.same(strings.Join(composed, "\n"), strings.Join(sent, "\n"))
}

func TestTwinsAreAnError(t *testing.T) {
	w := newWorld(t)
	id := providers.Identity{Serial: "SAME"}
	w.add("gate", memory.Options{Identity: id})
	w.add("yard", memory.Options{Identity: id})
	_, problems := w.engine().Plan(context.Background(), w.cfg, nil)
	if !problems.HasErrors() || len(problems) != 1 || problems[0].Code != "same-serial-number" {
		t.Fatalf("problems %v", problems)
	}
	if d := problems[0].Detail; !strings.Contains(d, "device.yard") || !strings.Contains(d, "device.gate") || !strings.Contains(d, "SAME") {
		t.Errorf("detail %q", d)
	}
}

func TestValuesBeyondTheLimitsOfADeviceAreRefused(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", strings.Repeat("x", 33))
	_, problems := w.engine().Plan(context.Background(), w.cfg, nil)
	if len(problems) != 1 || problems[0].Severity != diag.Error || problems[0].Subject.Start.Line != 11 {
		t.Fatalf("problems %+v", problems)
	}
	if _, problems := w.engine().Drift(context.Background(), w.cfg, nil); len(problems) > 0 {
		t.Errorf("drift looks at what is there, and says %v", problems)
	}
}

func TestStepsThatCloseTheWayInAreRefused(t *testing.T) {
	w := newWorld(t, "gate")
	w.declare("gate", "https", "", values{"enabled": cty.False})
	_, problems := w.engine().Plan(context.Background(), w.cfg, nil)
	if !problems.HasErrors() {
		t.Fatal("HTTPS, over which we come, may be switched off")
	}
}

func TestTargetsHideWithoutForgetting(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	for _, device := range []string{"gate", "yard"} {
		w.declareName(device, "other")
		w.declare(device, "cloud", "", values{"enabled": cty.False})
	}
	w.converge()
	d := w.fleet.Device("gate")
	d.SetUser("guest", "Viewer", "Guest-1234")
	w.declared("gate").Exclusive = []string{"user"}
	for _, device := range []string{"gate", "yard"} {
		w.declareName(device, "third")
		w.retract(device, "cloud", "")
	}
	device := func(name string) schema.Setting { return schema.Setting{Device: schema.Device{Name: name}} }
	for title, c := range map[string]struct {
		targets []schema.Setting
		plan    string
	}{
		"setting":             {[]schema.Setting{setting("gate", "system", "")}, "update gate.system name:config"},
		"retracted setting":   {[]schema.Setting{setting("gate", "cloud", "")}, "forget gate.cloud"},
		"device":              {[]schema.Setting{device("yard")}, "update yard.system name:config\nforget yard.cloud"},
		"device and setting":  {[]schema.Setting{device("gate"), setting("yard", "system", "")}, "update gate.system name:config\ndelete gate.user.guest\nforget gate.cloud\nupdate yard.system name:config"},
		"nothing of the name": {[]schema.Setting{device("door")}, ""},
	} {
		t.Run(title, func(t *testing.T) { w.same(toldPlan(w.plan(c.targets...)), c.plan) })
	}
	if r := w.apply(w.plan(setting("gate", "system", ""))); len(r.Bad()) > 0 {
		t.Fatalf("\n%s", told(r))
	}
	if _, ok := w.remembered("gate", "cloud", ""); !ok {
		t.Error("a setting was forgotten that no target named")
	}
	w.same(toldPlan(w.plan()), "delete gate.user.guest\nforget gate.cloud\nupdate yard.system name:config\nforget yard.cloud")
}

func TestTheReportHasEveryDevice(t *testing.T) {
	w := newWorld(t, "gate", "idle", "yard")
	w.declareName("gate", "other")
	w.declareName("yard", "other")
	p := w.plan()
	r := w.apply(p)
	w.same(told(r), `
		gate: done
		update system: done
		idle: already
		yard: done
		update system: done`)
	if r.Count(plan.Update) != 2 || r.Count(plan.Create) != 0 || r.Stage != report.Apply || r.Interrupted {
		t.Errorf("report %+v", r)
	}
}

// A secret that is no longer available is not taken for one that the device has.
func TestASecretThatIsGoneIsNotTakenAsWritten(t *testing.T) {
	w := newWorld(t, "gate")
	w.secrets["env:CODE"] = "SECRET"
	w.declare("gate", "cloud", "", values{"code": w.secret("env:CODE")})
	p := w.plan()
	delete(w.secrets, "env:CODE")
	w.same(told(w.apply(p)), `
		gate: failed
		update cloud: not-run`)
	if got := w.writes("gate"); got != 0 {
		t.Errorf("%d writes, want none", got)
	}
}
