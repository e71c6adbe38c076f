package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers/memory"
	"camform/schema"
)

// left makes a world in which camform made an account on device.yard, which then left the configuration. Its declaration
// comes back.
func left(t *testing.T) (*world, *config.Device) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "Gate")
	w.declareName("yard", "Yard")
	w.declareUser("yard", "operator", "Operator", "Right-Horse-1")
	w.converge()
	w.keepSecret("yard/admin")
	w.keepSecret("gate/admin")
	yard := w.declared("yard")
	w.cfg.Devices = slices.DeleteFunc(w.cfg.Devices, func(d *config.Device) bool { return d == yard })
	return w, yard
}

// keepSecret puts a secret into the vault, which nobody opens.
func (w *world) keepSecret(name string) {
	w.Helper()
	_, err := w.store.PutSecret(context.Background(), name, []byte("sealed"), "")
	w.must(err)
}

// known reports whether the state has a record of a device.
func (w *world) known(name string) bool {
	w.Helper()
	_, ok, err := w.store.Device(context.Background(), schema.Device{Name: name})
	w.must(err)
	return ok
}

// gone is the one device of a plan that left.
func gone(t *testing.T, p *plan.Plan) plan.Gone {
	t.Helper()
	if len(p.Gone) != 1 {
		t.Fatalf("%d devices left: %+v", len(p.Gone), p.Gone)
	}
	return p.Gone[0]
}

func TestADeviceThatLeftIsToldAndForgotten(t *testing.T) {
	w, yard := left(t)
	p := w.plan()
	g := gone(t, p)
	if g.Address != yard.Address || g.Settings != 2 || g.Cleared || g.Source != (plan.Source{}) || g.Endpoint != "192.0.2.2:443" ||
		!slices.Equal(g.Made, []schema.Setting{setting("yard", "user", "operator")}) || !slices.Equal(g.Passwords, []string{"yard/admin"}) {
		t.Errorf("it is shown as %+v", g)
	}
	if p.Empty() || len(p.Devices) != 1 {
		t.Errorf("empty %v, %d devices", p.Empty(), len(p.Devices))
	}
	if drift := w.drift(); len(drift.Gone) > 0 || !drift.Empty() {
		t.Errorf("it drifted: %+v", drift.Gone)
	}
	if p := w.plan(schema.Setting{Device: schema.Device{Name: "gate"}}); len(p.Gone) > 0 {
		t.Errorf("with a target, %+v is gone", p.Gone)
	}
	r := w.apply(p)
	if bad := r.Bad(); len(bad) > 0 || r.Forgotten() != 1 || len(r.Devices) != 2 || r.Devices[1].Address != yard.Address {
		t.Errorf("report %+v", r.Devices)
	}
	if w.known("yard") || !w.known("gate") {
		t.Errorf("yard is known: %v, gate: %v", w.known("yard"), w.known("gate"))
	}
	if w.item("yard", "user", "operator").IsNull() {
		t.Error("the account is gone from the device")
	}
	if versions, err := w.store.Versions(context.Background(), "yard/admin"); err != nil || len(versions) != 1 {
		t.Errorf("the vault has %v, %v", versions, err)
	}
	w.nothingToDo()
	if r := w.apply(p); len(r.Bad()) > 0 || r.Forgotten() != 0 {
		t.Errorf("applied again: %+v", r.Devices)
	}
}

// TestADeviceThatCameBackIsNotForgotten: a plan of before does not take the record of a device that was read since.
func TestADeviceThatCameBackIsNotForgotten(t *testing.T) {
	w, yard := left(t)
	p := w.plan()
	w.clock.pass(time.Minute)
	w.cfg.Devices = append(w.cfg.Devices, yard)
	w.plan()
	r := w.apply(p)
	if bad := r.Bad(); len(bad) != 1 || bad[0].Result != report.Stale || !w.known("yard") {
		t.Errorf("report %+v, known %v", r.Devices, w.known("yard"))
	}
	if _, ok := w.remembered("yard", "user", "operator"); !ok {
		t.Error("the account is forgotten")
	}
}

func TestADeviceThatSomebodyHoldsIsNotForgotten(t *testing.T) {
	w, yard := left(t)
	p := w.plan()
	_, err := w.store.Acquire(context.Background(), "another", yard.Address)
	w.must(err)
	if bad := w.apply(p).Bad(); len(bad) != 1 || bad[0].Result != report.Held || !w.known("yard") {
		t.Errorf("bad %+v", bad)
	}
}

func TestADeviceThatIsAboutToBeImportedIsNotGone(t *testing.T) {
	w, yard := left(t)
	w.cfg.Imports = []config.Import{{To: yard.Address}}
	w.nothingToDo()
}

// TestARemovedBlockSaysWhatBecomesOfADevice: it is left as it is, or what camform made there is deleted first.
func TestARemovedBlockSaysWhatBecomesOfADevice(t *testing.T) {
	w, yard := left(t)
	w.cfg.Removed = []config.Removed{{From: yard.Address, Range: at(3)}}
	if g := gone(t, w.plan()); g.Cleared || g.Source.Line != 3 {
		t.Errorf("it is shown as %+v", g)
	}
	leaving := *yard
	leaving.Settings = nil
	w.cfg.Removed[0].Device = &leaving
	p := w.plan()
	if g := gone(t, p); !g.Cleared || len(p.Devices) != 2 || p.Devices[1].Address != yard.Address {
		t.Errorf("it is shown as %+v, with %d devices", g, len(p.Devices))
	}
	var steps []string
	for _, s := range p.Devices[1].Steps {
		steps = append(steps, string(s.Action)+" "+s.Address.Local())
	}
	if have := strings.Join(steps, ", "); have != "delete user.operator, forget system" {
		t.Errorf("its steps are %s", have)
	}
	if r := w.apply(p); len(r.Bad()) > 0 || r.Forgotten() != 1 {
		t.Errorf("report %+v", r.Devices)
	}
	if !w.item("yard", "user", "operator").IsNull() || w.item("yard", "user", "admin").IsNull() || w.known("yard") {
		t.Errorf("operator %#v, known %v", w.item("yard", "user", "operator"), w.known("yard"))
	}
	w.nothingToDo()
}

// TestI12WhatCouldNotBeDeletedIsNotForgotten: a device that is to be cleared keeps its record while something of camform's is
// there, or may be.
func TestI12WhatCouldNotBeDeletedIsNotForgotten(t *testing.T) {
	for name, trouble := range map[string]func(*memory.Device){
		"out of reach": (*memory.Device).Unplug,
		"unreadable":   func(d *memory.Device) { d.SetDocument("/users", "{") },
	} {
		t.Run(name, func(t *testing.T) {
			w, yard := left(t)
			leaving := *yard
			leaving.Settings = nil
			w.cfg.Removed = []config.Removed{{From: yard.Address, Device: &leaving, Range: at(3)}}
			before := w.fleet.Device("yard").Document("/users")
			trouble(w.fleet.Device("yard"))
			p := w.plan()
			if len(p.Devices[1].Problem) == 0 && !p.Devices[1].PartlyRead() {
				t.Errorf("the plan takes it for read: %+v", p.Devices[1])
			}
			if r := w.apply(p); len(r.Bad()) != 1 || r.Forgotten() != 0 || !w.known("yard") {
				t.Errorf("report %+v", r.Devices)
			}
			w.fleet.Device("yard").Plug()
			w.fleet.Device("yard").SetDocument("/users", before)
			w.converge()
			if w.known("yard") || !w.item("yard", "user", "operator").IsNull() {
				t.Errorf("in the end it is known: %v", w.known("yard"))
			}
		})
	}
}

func TestARemovedBlockThatDeletesNamesOneDevice(t *testing.T) {
	w, yard := left(t)
	each := schema.Device{Name: "hall", Key: "a", Each: true}
	w.must(w.store.SaveSeen(context.Background(), state.Device{Address: each, Endpoint: "192.0.2.9:443"}))
	leaving := *yard
	leaving.Address = schema.Device{Name: "hall"}
	w.cfg.Removed = []config.Removed{{From: leaving.Address, Device: &leaving, Range: at(3)}}
	_, problems := w.engine().Plan(context.Background(), w.cfg, nil)
	if len(problems) != 1 || problems[0].Code != "removed-names-several" || !strings.Contains(problems[0].Detail, `from = device.hall["a"]`) {
		t.Errorf("problems %v", problems)
	}
	w.cfg.Removed[0].Device = nil
	if p := w.plan(); len(p.Gone) != 2 || p.Gone[0].Address != each || p.Gone[0].Source.Line != 3 {
		t.Errorf("gone are %+v", p.Gone)
	}
}

// TestPasswordsThatNobodyUsesAreListed: those of accounts that the configuration neither declares nor reads from the vault.
func TestPasswordsThatNobodyUsesAreListed(t *testing.T) {
	w, _ := left(t)
	w.keepSecret("mail")             // no password of an account
	w.keepSecret("yard/a/b/c")       // nor is this
	w.keepSecret("hall/north/guard") // of device.hall["north"]
	w.keepSecret("hall/viewer")
	w.cfg.Origins = []string{"env:ADMIN", "vault:hall/viewer"}
	accounts, err := w.engine().Credentials(context.Background(), w.cfg, nil)
	w.must(err)
	var orphans []string
	for _, a := range accounts {
		if a.Orphaned {
			orphans = append(orphans, a.Device.String()+" "+a.Account+" "+a.Name)
		}
	}
	want := []string{`device.gate admin gate/admin`, `device.hall["north"] guard hall/north/guard`, "device.yard admin yard/admin"}
	if !slices.Equal(orphans, want) {
		t.Errorf("orphaned are %q, want %q", orphans, want)
	}
	some, err := w.engine().Credentials(context.Background(), w.cfg, []schema.Setting{{Device: schema.Device{Name: "gate"}}})
	if w.must(err); slices.ContainsFunc(some, func(a engine.Account) bool { return a.Orphaned }) {
		t.Errorf("with a target: %+v", some)
	}
}
