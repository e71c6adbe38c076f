package engine_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/engine/thorough"
	"camform/providers"
	"camform/providers/hikvision/simulator"
	"camform/providers/memory"
	"camform/schema"
)

// mirror seals a text by turning it around.
type mirror struct{}

func (mirror) Seal(text []byte) ([]byte, error) {
	sealed := slices.Clone(text)
	slices.Reverse(sealed)
	return sealed, nil
}

func (m mirror) Unseal(sealed []byte) ([]byte, error) { return m.Seal(sealed) }

// locked is a sealer whose key is not at hand.
type locked struct{ mirror }

func (locked) Unseal([]byte) ([]byte, error) { return nil, errors.New("the vault is locked") }

// sealing is an engine that keeps snapshots and can read them.
func (w *world) sealing() *engine.Engine {
	e := w.engine()
	e.Sealer = mirror{}
	return e
}

// run plans and applies, and returns the id of the run.
func (w *world) run() string {
	w.Helper()
	r, run := w.carryOut(w.plan())
	if len(r.Bad()) > 0 {
		w.Fatalf("apply:\n%s", told(r))
	}
	return run
}

func (w *world) carryOut(p *plan.Plan) (r *report.Report, run string) {
	w.Helper()
	run = w.nextRun()
	r = w.sealing().Apply(context.Background(), context.Background(), p, run)
	w.eventsArePaired()
	return r, run
}

// wayBack plans a rollback. Problems but the warning of what is still wanted fail the test.
func (w *world) wayBack(run string, targets ...schema.Setting) *plan.Plan {
	w.Helper()
	planned, problems := w.sealing().Rollback(context.Background(), w.cfg, run, targets)
	for _, p := range problems {
		if p.Code != "still-wanted" {
			w.Fatalf("%s: %s", p.Address, p.Detail)
		}
	}
	w.eventsArePaired()
	return planned.Plan
}

// back takes a run back. Planned again, there is nothing to take back.
func (w *world) back(run string) {
	w.Helper()
	if r, _ := w.carryOut(w.wayBack(run)); len(r.Bad()) > 0 {
		w.Fatalf("rollback:\n%s", told(r))
	}
	if again := w.wayBack(run); !again.Empty() {
		w.Errorf("taken back, there is still something to take back:\n%s", toldPlan(again))
	}
}

// toldSkipped writes what a plan leaves alone.
func toldSkipped(p *plan.Plan) string {
	var b strings.Builder
	for _, d := range p.Devices {
		for _, s := range d.Skipped {
			fmt.Fprintf(&b, "%s %s %s\n", s.Address.Local(), s.Reason, s.Told())
		}
	}
	return b.String()
}

func TestARunIsTakenBack(t *testing.T) {
	w := newWorld(t, "gate")
	d := w.fleet.Device("gate")
	d.SetUser("clerk", "Viewer", "Clerk-1234")
	before := map[string]string{}
	for _, path := range []string{"/system", "/time", "/cloud", "/login_lock", "/filter", "/users", "/access"} {
		before[path] = d.Document(path)
	}
	w.everything("gate")
	w.declare("gate", "user", "clerk", values{"level": cty.StringVal("Operator")})
	run := w.run()
	p := w.wayBack(run)
	w.same(toldPlan(p), `
		update gate.system name:config
		update gate.time mode:config zone:config
		update gate.user.clerk level:config
		delete gate.user.op
		update gate.cloud enabled:config
		update gate.login_lock attempts:config minutes:config
		update gate.https redirect:config
		update gate.service.RTSP enabled:config
		update gate.filter enabled:config addresses:config`)
	for _, s := range p.Devices[0].Steps {
		if s.Reason != "it is restored to what it was before run run-1" || s.Action == plan.Delete && s.Cause != plan.CauseConfig {
			t.Errorf("%s: reason %q, cause %q", s.Address, s.Reason, s.Cause)
		}
	}
	w.same(toldSkipped(p), "")
	if p.Devices[0].Unmanaged != nil {
		t.Errorf("it speaks of %v", p.Devices[0].Unmanaged)
	}
	w.back(run)
	for path, want := range before {
		if got := d.Document(path); got != want {
			t.Errorf("%s is\n%s, was\n%s", path, got, want)
		}
	}
	if _, ok := w.remembered("gate", "user", "op"); ok {
		t.Error("the account that is gone is still recorded")
	}
	if len(w.provider.needless) > 0 {
		t.Errorf("written without need: %v", w.provider.needless)
	}
}

// What somebody did since then, and later runs did elsewhere, stays.
func TestOnlyWhatTheRunDeclaredIsTakenBack(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	d := w.fleet.Device("gate")
	w.declareName("gate", "one")
	w.declareName("yard", "one")
	w.declare("gate", "login_lock", "", values{"attempts": cty.NumberIntVal(7)})
	run := w.run()
	w.declare("gate", "cloud", "", values{"enabled": cty.False})
	later := w.run()
	d.Set("login_lock", "", "minutes", 99)
	d.Set("login_lock", "", "attempts", 9)
	d.Set("service", "RTSP", "port", 8554)
	w.same(toldPlan(w.wayBack(run)), `
		update gate.system name:config
		update gate.login_lock attempts:config
		update yard.system name:config`)
	w.same(toldPlan(w.wayBack(run, setting("gate", "login_lock", ""))), "update gate.login_lock attempts:config")
	w.same(toldPlan(w.wayBack(run, setting("yard", "", ""))), "update yard.system name:config")
	w.same(toldPlan(w.wayBack(later)), "update gate.cloud enabled:config")

	d.Set("login_lock", "", "attempts", 5)
	p := w.wayBack(run, setting("gate", "", ""))
	w.same(toldPlan(p), "update gate.system name:config")
	if len(p.Devices[0].Adopted) > 0 {
		t.Errorf("adopted: %v", p.Devices[0].Adopted)
	}
	w.back(run)
	w.has("gate", "login_lock", "", "minutes", cty.NumberIntVal(99))
	w.has("gate", "service", "RTSP", "port", cty.NumberIntVal(8554))
}

func TestAPlanOfRollbackIsAPlan(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "one")
	run := w.run()
	w.declared("gate").Consumers = []config.Consumer{{Name: "vms", Scheme: "rtsp"}}
	w.cfg.Settings.Limits.MaxDevices, w.cfg.Settings.Approvals = 3, &config.Approvals{Required: 2}
	text, err := plan.Encode(w.wayBack(run), w.provider.Kinds())
	w.must(err)
	p, err := plan.Decode(text, w.provider.Kinds())
	w.must(err)
	w.fleet.Device("gate").Set("system", "", "name", "other")
	if ways := p.Devices[0].Ways; len(ways) != 1 || ways[0].Who != "vms" {
		t.Errorf("ways in: %v", ways)
	}
	if p.Limits.MaxDevices != 3 || p.Approvals == nil || p.Approvals.Required != 2 {
		t.Errorf("limits %v, approvals %v", p.Limits, p.Approvals)
	}
	r, _ := w.carryOut(p)
	w.same(told(r), "gate: stale\nupdate system: stale")
	w.fleet.Device("gate").Set("system", "", "name", "one")
	r, _ = w.carryOut(p)
	w.same(told(r), "gate: done\nupdate system: done")
	w.has("gate", "system", "", "name", cty.StringVal("gate"))
}

func TestTheConfigurationStillAsks(t *testing.T) {
	w := newWorld(t, "gate")
	w.everything("gate")
	run := w.run()
	_, problems := w.sealing().Rollback(context.Background(), w.cfg, run, nil)
	if len(problems) != 1 || problems.HasErrors() || !strings.Contains(problems[0].Detail,
		"still asks for what this undoes in device.gate.cloud, device.gate.filter, device.gate.https and 5 more settings") {
		t.Errorf("problems %v", problems)
	}
	w.declareName("gate", "gate")
	_, problems = w.sealing().Rollback(context.Background(), w.cfg, run, []schema.Setting{setting("gate", "system", "")})
	if len(problems) != 0 {
		t.Errorf("the configuration asks for what was there before: %v", problems)
	}
	w.declareName("gate", "gate-1")
	w.back(run)
	w.same(toldPlan(w.plan()), `
		update gate.system name:config
		update gate.time mode:config zone:config
		create gate.user.op level:config password:config
		update gate.cloud enabled:config
		update gate.login_lock attempts:config minutes:config
		update gate.https redirect:config
		update gate.service.RTSP enabled:config
		update gate.filter enabled:config addresses:config`)
}

func TestSecretsAreNotTakenBack(t *testing.T) {
	w := newWorld(t, "gate")
	d := w.fleet.Device("gate")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	w.secrets["env:CODE"] = "SECRET"
	w.run()
	w.declareUser("gate", "op", "Viewer", "Another-1234")
	w.declare("gate", "cloud", "", values{"enabled": cty.False, "code": w.secret("env:CODE")})
	run := w.run()
	p := w.wayBack(run)
	w.same(toldPlan(p), `
		update gate.user.op level:config
		update gate.cloud enabled:config`)
	w.same(toldSkipped(p), `
		cloud not-taken-back code: snapshots contain no secrets, so the present one stays; for another one, change it in env:CODE and run: camform apply
		user.op not-taken-back password: snapshots contain no secrets, so the present one stays; for another one, change it in env:gate/op and run: camform apply`)
	gate := w.declared("gate")
	i := slices.IndexFunc(gate.Settings, func(s *config.Setting) bool { return s.Address == setting("gate", "user", "op") })
	password := gate.Settings[i].Attributes["password"]
	managed := password
	managed.Policy = &credential.Policy{}
	gate.Settings[i].Attributes["password"] = managed
	if told := toldSkipped(w.wayBack(run)); !strings.Contains(told, "so the present one stays; for a new one run: camform rotate 'device.gate.user.op'\n") {
		t.Errorf("of a managed one it says\n%s", told)
	}
	gate.Settings[i].Attributes["password"] = password
	w.back(run)
	w.has("gate", "user", "op", "level", cty.StringVal("Operator"))
	if !w.logsIn("gate", "op", "Another-1234") {
		t.Error("the account has not kept its password")
	}
	w.same(toldPlan(w.plan()), `
		update gate.user.op level:config
		update gate.cloud enabled:config`) // it is still known which secrets the device has
	if n := d.Count(memory.Refused); n != 0 {
		t.Errorf("%d logins were refused", n)
	}
}

// Where the password of an account is uncertain, none is written.
func TestASecretThatMovedIsNotSentAlong(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	w.run()
	w.declareUser("gate", "op", "Viewer", "Secret-1234")
	run := w.run()
	for _, text := range []string{"Moved-1234", ""} {
		w.secrets["env:gate/op"] = text
		if text == "" {
			delete(w.secrets, "env:gate/op")
		}
		p := w.wayBack(run)
		w.same(toldPlan(p), "update gate.user.op level:config")
		if secrets := p.Devices[0].Steps[0].Secrets; len(secrets) > 0 {
			t.Errorf("secrets %v", secrets)
		}
	}
}

func TestWhatARunDeletedIsMadeAgain(t *testing.T) {
	w := newWorld(t, "gate")
	d := w.fleet.Device("gate")
	d.SetUser("guest", "Viewer", "Guest-1234")
	w.declared("gate").Exclusive = []string{"user"}
	run := w.run()
	d.SetUser("later", "Viewer", "Later-1234") // which the next apply removes, and not this
	p := w.wayBack(run)
	w.same(toldPlan(p), "")
	w.same(toldSkipped(p), "user.guest not-taken-back making it again needs its password, which no device shows; declare it and apply")

	d.SetUser("guest", "Operator", "Guest-1234") // somebody made it again meanwhile
	w.same(toldPlan(w.wayBack(run)), "update gate.user.guest level:config")
	w.back(run)
	w.has("gate", "user", "guest", "level", cty.StringVal("Viewer"))
}

func TestAnAccountInUseIsNotTakenAway(t *testing.T) {
	w := newWorld(t, "gate")
	d := w.fleet.Device("gate")
	w.declareUser("gate", "second", "Administrator", "Second-1234")
	run := w.run()
	w.declared("gate").Login = config.Login{Username: "second", Password: w.secret("env:gate/second")}
	p := w.wayBack(run)
	w.same(toldPlan(p), "")
	w.same(toldSkipped(p), "user.second not-taken-back the device did not have it before, but camform logs in with it now")

	w.declared("gate").Login = config.Login{Username: "admin", Password: w.secret("env:gate")}
	d.Remove("user", "second")
	p = w.wayBack(run)
	w.same(toldPlan(p)+toldSkipped(p), "")
}

func TestProtectedSettingsAreNotTakenBack(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "one")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	run := w.run()
	w.declared("gate").Lifecycle.Protect = []config.Pattern{{Kind: "user"}, {Kind: "system"}}
	p := w.wayBack(run)
	w.same(toldPlan(p), "")
	w.same(toldSkipped(p), `
		system protected lifecycle { protect } keeps it as it is, although it differs
		user.op protected lifecycle { protect } keeps it as it is, although it differs`)
}

// The run opened the way in by which the device is reached now.
func TestI9ARollbackLeavesTheWayInOpen(t *testing.T) {
	w := newWorld(t, "gate")
	secure := w.declared("gate").URL
	w.declared("gate").URL = &url.URL{Scheme: "http", Host: secure.Hostname() + ":80"}
	w.fleet.Device("gate").Set("https", "", "enabled", false)
	w.declare("gate", "https", "", values{"enabled": cty.True})
	w.declareName("gate", "one")
	run := w.run()
	w.declared("gate").URL = secure
	p := w.wayBack(run)
	w.same(toldPlan(p), "update gate.system name:config")
	if got := toldSkipped(p); !strings.Contains(got, "https not-taken-back it would close the way in: camform reaches this device over HTTPS") {
		t.Errorf("left alone:\n%s", got)
	}
}

func TestARollbackRemembersWhoAnswered(t *testing.T) {
	w := newWorld(t)
	id := providers.Identity{Serial: "SAME"}
	w.add("gate", memory.Options{Identity: id})
	w.declareName("gate", "one")
	run := w.run()
	w.restart()
	w.wayBack(run)
	known, _, err := w.store.Device(context.Background(), schema.Device{Name: "gate"})
	w.must(err)
	if !known.LastSeen.Equal(w.clock.now()) {
		t.Errorf("seen at %s, which is not now", known.LastSeen)
	}

	w.add("yard", memory.Options{Identity: id})
	w.declareName("yard", "one")
	if r, _ := w.carryOut(w.plan(setting("yard", "", ""))); len(r.Bad()) > 0 {
		t.Fatalf("apply:\n%s", told(r))
	}
	leases, err := w.store.Acquire(context.Background(), run, schema.Device{Name: "yard"})
	w.must(err)
	_, err = w.store.Begin(context.Background(), leases[0], state.Intent{Steps: []state.IntentStep{{Setting: setting("yard", "system", "")}}})
	w.must(err)
	if _, problems := w.sealing().Rollback(context.Background(), w.cfg, run, nil); !problems.HasErrors() || problems[0].Code != "same-serial-number" {
		t.Errorf("problems %v", problems)
	}
}

func TestWhatCannotBeReadIsNotTakenBack(t *testing.T) {
	w := newWorld(t, "gate")
	d := w.fleet.Device("gate")
	w.declareUser("gate", "op", "Operator", "Secret-1234")
	w.declareName("gate", "one")
	run := w.run()
	for _, path := range []string{"/users", "/system"} {
		d.Inject(memory.Fault{Effect: memory.Deny, Match: func(x memory.Exchange) bool { return x.Path == path }})
	}
	p := w.wayBack(run)
	w.same(toldPlan(p), "")
	for _, s := range p.Devices[0].Skipped {
		if s.Reason != plan.Unreadable {
			t.Errorf("%s: %s", s.Address, s.Reason)
		}
	}
	if n := len(p.Devices[0].Skipped); n != 2 {
		t.Errorf("%d settings are left alone, want 2", n)
	}
}

func TestI11AnotherDeviceGetsNothingBack(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "one")
	run := w.run()
	w.fleet.Device("gate").SwapIdentity()
	p := w.wayBack(run)
	if len(p.Devices) != 1 || p.Devices[0].Family != string(report.Mistaken) || len(p.Devices[0].Steps) != 0 {
		t.Errorf("plan %+v", p.Devices)
	}
}

// A run that the journal knows, but not all documents.
func TestWhatIsNotKeptIsTold(t *testing.T) {
	w := newWorld(t, "gate")
	ctx := context.Background()
	leases, err := w.store.Acquire(ctx, "old", schema.Device{Name: "gate"})
	w.must(err)
	was, is := json.RawMessage(`{"name":"one","gone":1}`), json.RawMessage(`{"name":"two","gone":2}`)
	intent := state.Intent{Document: "/system", Method: "PUT"}
	for _, kind := range []string{"system", "cloud", "magic"} {
		intent.Steps = append(intent.Steps, state.IntentStep{Setting: setting("gate", kind, ""), Action: "update", Before: was, After: is})
	}
	intent.Steps = append(intent.Steps, state.IntentStep{Setting: setting("gate", "service", "HTTP"), Action: "create", After: is})
	id, err := w.store.Begin(ctx, leases[0], intent)
	w.must(err)
	w.must(w.store.Finish(ctx, leases[0], id, state.Done, nil, nil))
	leftAlone := func(want string) {
		t.Helper()
		w.same(toldSkipped(w.wayBack("old")), want)
	}
	leftAlone(`
		cloud not-taken-back no snapshot of the device is kept from before the run
		magic not-taken-back this version of camform does not know its kind
		service.HTTP not-taken-back no snapshot of the device is kept from before the run
		system not-taken-back no snapshot of the device is kept from before the run`)

	save := func(run, text string) {
		leases[0].Run = run
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, err := z.Write([]byte(text))
		w.must(errors.Join(err, z.Close()))
		sealed, _ := mirror{}.Seal(packed.Bytes())
		w.must(w.store.SaveSnapshot(ctx, leases[0], "/system", sealed))
	}
	save("old", `{"items":{"":{"name":"one"}}}`)
	leftAlone(`
		cloud not-taken-back there is no snapshot of the document that it was in
		magic not-taken-back this version of camform does not know its kind
		service.HTTP not-taken-back the device did not have it before, and it cannot be removed
		system not-taken-back gone: this version of camform does not know it`)
	w.same(toldPlan(w.wayBack("old")), "update gate.system name:config")

	e := w.engine()
	e.Sealer = locked{}
	planned, _ := e.Rollback(ctx, w.cfg, "old", []schema.Setting{setting("gate", "system", "")})
	w.same(toldSkipped(planned.Plan), "system not-taken-back the snapshot of /system cannot be opened: the vault is locked")

	leases[0].Run = "torn"
	id, err = w.store.Begin(ctx, leases[0], intent)
	w.must(err)
	w.must(w.store.Finish(ctx, leases[0], id, state.Done, nil, nil))
	save("torn", `{"items":`)
	if got := toldSkipped(w.wayBack("torn", setting("gate", "system", ""))); !strings.HasPrefix(got, "system not-taken-back its snapshot cannot be understood: ") {
		t.Errorf("left alone: %s", got)
	}
}

func TestARunThatChangedNothingHasNoWayBack(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "one")
	run := w.run()
	for what, rollback := range map[string]struct {
		run     string
		targets []schema.Setting
	}{
		"another run":     {"yesterday", nil},
		"another setting": {run, []schema.Setting{setting("gate", "cloud", "")}},
	} {
		if planned, problems := w.sealing().Rollback(context.Background(), w.cfg, rollback.run, rollback.targets); planned != nil || !problems.HasErrors() {
			t.Errorf("%s: %v, %v", what, planned, problems)
		}
	}
}

func TestADeviceThatIsNoLongerDeclaredIsTold(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "one")
	w.declareName("yard", "one")
	run := w.run()
	w.cfg.Devices = w.cfg.Devices[:1]
	planned, problems := w.sealing().Rollback(context.Background(), w.cfg, run, nil)
	if len(problems) != 2 || problems[0].Code != "device-not-declared" || !strings.Contains(problems[0].Detail, "device.yard") {
		t.Errorf("problems %v", problems)
	}
	w.same(toldPlan(planned.Plan), "update gate.system name:config")
}

// rolledBack applies every wish to every device of a fleet, takes it back, and compares all documents with those before.
func rolledBack(t *testing.T, fleet *simulator.Fleet) []finding {
	t.Helper()
	tour := &tour{site: newSite(t, fleet, fleet.DialContext)}
	tour.enlist()
	planned, problems := tour.engine().Plan(context.Background(), tour.cfg, nil)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	e := tour.engine()
	e.Sealer = mirror{}
	if bad := e.Apply(context.Background(), context.Background(), planned.Plan, "run-1").Bad(); len(bad) > 0 {
		t.Fatalf("apply: %v", bad)
	}
	back, problems := e.Rollback(context.Background(), tour.cfg, "run-1", nil)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for _, d := range back.Plan.Devices {
		for _, s := range d.Skipped {
			tour.findings = append(tour.findings, finding{d.Address.Name + "/" + s.Address.Local(), "left alone: " + s.Told()})
		}
	}
	for _, d := range e.Apply(context.Background(), context.Background(), back.Plan, "run-2").Bad() {
		tour.findings = append(tour.findings, finding{d.Address.Name, fmt.Sprintf("%s: %s %v", d.Result, d.Detail, d.Steps)})
	}
	clock := allowance{comes: []string{"Time[1]/localTime[1]"}} // which moves by itself, and is not sent along with a zone
	for _, v := range tour.visits {
		after := documentsOf(v.device)
		for _, path := range slices.Sorted(maps.Keys(v.before)) {
			if wrong := ticking[path].and(clock).compare(v.before[path], after[path]); wrong != "" {
				tour.find(v, path, "%s", wrong)
			}
		}
	}
	t.Logf("%d steps there, %d back", planned.Plan.Counts().Update+planned.Plan.Counts().Create, back.Plan.Counts().Update+back.Plan.Counts().Delete)
	return tour.findings
}

func TestEveryModelIsTakenBack(t *testing.T) {
	for _, secure := range thorough.Spread([]bool{false, true}, thorough.Pick(1, 1, thorough.All)) {
		t.Run(fmt.Sprintf("TLS=%t", secure), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const (
					weaker  = "SHA-256 is not given up again"
					low     = "the device came with a port that it does not let anybody set"
					emptied = "an empty list is written with two tags"
				)
				known := map[string]string{
					"d002/web_auth": weaker, "camera-v57-0003/ISAPI/Security/webCertificate": weaker,
					"d003/web_auth": weaker, "camera-v58-0004/ISAPI/Security/webCertificate": weaker,
					"d006/web_auth": weaker, "recorder-v2-0007/ISAPI/Security/webCertificate": weaker,
					"d007/web_auth": weaker, "thermal-v55-0008/ISAPI/Security/webCertificate": weaker,
					"d004/service.RTSP": low, "dvr-v47-0005/ISAPI/Security/adminAccesses": low,
					"d005/service.RTSP": low, "recorder-v1-0006/ISAPI/Security/adminAccesses": low,
					"d006/service.RTSP": low, "recorder-v2-0007/ISAPI/Security/adminAccesses": low,
					"camera-v58-0004/ISAPI/System/Network/ipFilter": emptied,
					"recorder-v1-0006/ISAPI/System/time":            "the model adds windowsZone",
				}
				if secure {
					known["d004/https"] = "HTTPS is the way in"
				}
				for i := range simulator.Models() {
					known[fmt.Sprintf("d%03d/user.porter", i)] = "no document has its password"
				}
				compareKnown(t, rolledBack(t, newFleet(t, simulator.Options{TLS: secure})), known)
			})
		})
	}
}

func TestEveryRecordedDeviceIsTakenBack(t *testing.T) {
	dir := recordings(t)
	synctest.Test(t, func(t *testing.T) {
		const low = "the device came with a port that it does not let anybody set"
		compareKnown(t, rolledBack(t, newFleet(t, simulator.Options{Recordings: dir})), map[string]string{
			"d017/service.RTSP": low, "DS-7716NI-I4_16P-0028/ISAPI/Security/adminAccesses": low,
		})
	})
}

// Kinds that the fleets are not otherwise tried with.
func TestARunOfManyKindsIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{TLS: true, Models: []string{"camera-v58"}})
		s, d := newSite(t, fleet, fleet.DialContext), fleet.Devices()[0]
		d.SetUser("clerk", "Viewer", "Clerk-9753")
		before := documentsOf(d)
		s.configure(s.deviceBlock("camera", d, `
  https {
    redirect = true
  }
  ip_filter {
    enabled   = true
    mode      = "deny"
    addresses = ["198.51.100.7"]
  }
  snmp {
    port            = 1161
    v2c_enabled     = true
    v2c_trap_server = "192.0.2.201"
  }
  rtsp_auth {
    method = "digest/basic"
  }
  user "clerk" {
    level = "Operator"
  }
  user "porter" {
    level    = "Viewer"
    password = secret("env:FLEET_ACCOUNT")
  }
`))
		e := s.engine()
		e.Sealer = mirror{}
		planned, problems := e.Plan(context.Background(), s.cfg, nil)
		if len(problems) > 0 || len(planned.Plan.Devices[0].Skipped) > 0 {
			t.Fatal(problems, planned.Plan.Devices[0].Skipped)
		}
		if bad := e.Apply(context.Background(), context.Background(), planned.Plan, "run-1").Bad(); len(bad) > 0 {
			t.Fatal(bad)
		}
		// Somebody moved something else in a document of the run.
		access := "/ISAPI/Security/adminAccesses"
		moved := bytes.Replace(d.Document(access), []byte("<portNo>554<"), []byte("<portNo>1554<"), 1)
		before[access] = bytes.Replace(before[access], []byte("<portNo>554<"), []byte("<portNo>1554<"), 1)
		if err := d.SetDocument(access, moved); err != nil {
			t.Fatal(err)
		}
		back, problems := e.Rollback(context.Background(), s.cfg, "run-1", nil)
		if problems.HasErrors() || len(toldSkipped(back.Plan)) > 0 {
			t.Fatal(problems, toldSkipped(back.Plan))
		}
		if bad := e.Apply(context.Background(), context.Background(), back.Plan, "run-2").Bad(); len(bad) > 0 {
			t.Fatal(bad)
		}
		filter := "/ISAPI/System/Network/ipFilter" // an empty list is written with two tags
		before[filter] = bytes.Replace(before[filter], []byte(`size="64"/>`), []byte(`size="64"></IPFilterAddressList>`), 1)
		for path, want := range before {
			if wrong := ticking[path].compare(want, d.Document(path)); wrong != "" {
				t.Errorf("%s: %s", path, wrong)
			}
		}
		if d.Accepts("porter", accountPassword) || !d.Accepts("clerk", "Clerk-9753") {
			t.Error("the accounts are not as before")
		}
	})
}

// Nobody has seen what becomes of a secret that a device holds when the document around it is written without it.
func TestNoDocumentIsWrittenWithoutItsSecret(t *testing.T) {
	const snmp = "/ISAPI/System/Network/SNMP"
	for title, c := range map[string]struct {
		declared, password string // what the run wants, and the password in the environment when it is taken back
		skipped            string
		writes             int
	}{
		"somebody set one since":   {"", "", "The device holds a v3_read_authentication_password here that it never shows", 1},
		"the run set one":          {"v3_read_authentication = \"SHA\"\n v3_read_authentication_password = secret(\"env:SNMP\")", "Trap+1357", "", 2},
		"the one of the run moved": {"v3_read_authentication = \"SHA\"\n v3_read_authentication_password = secret(\"env:SNMP\")", "Moved+1357", "The device holds", 1},
	} {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fleet := newFleet(t, simulator.Options{TLS: true, Models: []string{"camera-v58"}})
				s, d := newSite(t, fleet, fleet.DialContext), fleet.Devices()[0]
				s.env["SNMP"] = "Trap+1357"
				s.configure(s.deviceBlock("camera", d, "  allow_unproven = [\"snmp\"]\n  snmp {\n    port = 1161\n"+c.declared+"\n  }\n"))
				e := s.engine()
				e.Sealer = mirror{}
				planned, problems := e.Plan(context.Background(), s.cfg, nil)
				if len(problems) > 0 || len(planned.Plan.Devices[0].Steps) != 1 {
					t.Fatal(problems, toldPlan(planned.Plan), toldSkipped(planned.Plan))
				}
				if bad := e.Apply(context.Background(), context.Background(), planned.Plan, "run-1").Bad(); len(bad) > 0 {
					t.Fatal(bad)
				}
				if c.declared == "" {
					by := bytes.Replace(d.Document(snmp), []byte("<snmpAuthenticationMethod>none"), []byte("<snmpAuthenticationMethod>SHA"), 1)
					if err := d.SetDocument(snmp, by); err != nil {
						t.Fatal(err)
					}
				}
				s.env["SNMP"] = c.password
				back, problems := e.Rollback(context.Background(), s.cfg, "run-1", nil)
				if problems.HasErrors() {
					t.Fatal(problems)
				}
				e.Apply(context.Background(), context.Background(), back.Plan, "run-2")
				if got := d.Count(simulator.RemoteConfig); got != c.writes {
					t.Errorf("%d writes, want %d; left alone:\n%s", got, c.writes, toldSkipped(back.Plan))
				}
				if !strings.Contains(toldSkipped(back.Plan), c.skipped) {
					t.Errorf("left alone:\n%s", toldSkipped(back.Plan))
				}
			})
		})
	}
}

// An attribute that a device does not take back does not keep the others of its setting from coming back.
func TestTheRestOfASettingIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const access = "/ISAPI/Security/adminAccesses"
		fleet := newFleet(t, simulator.Options{Models: []string{"dvr-v47"}})
		s, d := newSite(t, fleet, fleet.DialContext), fleet.Devices()[0]
		s.configure(s.deviceBlock("dvr", d, "  service \"RTSP\" {\n    enabled = false\n    port = 10554\n  }\n"))
		e := s.engine()
		e.Sealer = mirror{}
		planned, _ := e.Plan(context.Background(), s.cfg, nil)
		before := d.Document(access)
		if bad := e.Apply(context.Background(), context.Background(), planned.Plan, "run-1").Bad(); len(bad) > 0 {
			t.Fatal(bad)
		}
		back, problems := e.Rollback(context.Background(), s.cfg, "run-1", nil)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		if bad := e.Apply(context.Background(), context.Background(), back.Plan, "run-2").Bad(); len(bad) > 0 {
			t.Fatal(bad)
		}
		want := bytes.Replace(before, []byte("<portNo>554<"), []byte("<portNo>10554<"), 1)
		if got := d.Document(access); !bytes.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if got := toldSkipped(back.Plan); !strings.HasPrefix(got, "service.RTSP not-taken-back port: the device does not accept its old values: ") {
			t.Errorf("left alone:\n%s", got)
		}
	})
}
