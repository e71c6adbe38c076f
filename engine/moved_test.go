package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"camform/engine"
	"camform/engine/apply"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers/memory"
	"camform/schema"
)

// rename gives a device another name in the configuration.
func (w *world) rename(from, to schema.Device) *config.Device {
	w.Helper()
	i := slices.IndexFunc(w.cfg.Devices, func(d *config.Device) bool { return d.Address == from })
	if i < 0 {
		w.Fatalf("there is no %s", from)
	}
	d := *w.cfg.Devices[i]
	d.Address, d.Range = to, at(3)
	for i, s := range d.Settings {
		moved := *s
		moved.Address.Device = to
		d.Settings[i] = &moved
	}
	w.cfg.Devices[i] = &d
	slices.SortFunc(w.cfg.Devices, func(a, b *config.Device) int { return a.Address.Compare(b.Address) })
	return &d
}

// move says in the configuration that a device has moved, and opens the state with that.
func (w *world) move(from, to schema.Device) {
	w.Helper()
	w.cfg.Moved = append(w.cfg.Moved, config.Moved{Move: schema.Move{From: from, To: to}, Range: at(1)})
	w.moves = w.cfg.Moves()
	w.restart()
}

var (
	theGate = schema.Device{Name: "gate"}
	theHall = schema.Device{Name: "hall"}
)

// elsewhere is the one problem of a command, about a device that may be another one.
func elsewhere(t testing.TB, problems diag.Problems) diag.Problem {
	t.Helper()
	var found diag.Problems
	for _, p := range problems {
		if p.Code == "device-under-another-name" {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		t.Fatalf("want one problem about it, got %+v", problems)
	}
	return found[0]
}

// TestI11ADeviceUnderANewNameGetsNoCredential: neither one that has something of a lost device, nor one that shows the key of one.
func TestI11ADeviceUnderANewNameGetsNoCredential(t *testing.T) {
	serial := func(w *world) string { return w.fleet.Device("gate").Identity().Serial }
	for name, c := range map[string]struct {
		change func(w *world, d *config.Device)
		by     string
		logins int // that it costs to find out
	}{
		"address": {func(*world, *config.Device) {}, "address", 0},
		"serial number": {func(w *world, d *config.Device) {
			d.Identity.Serial = strings.ToLower(serial(w))
			w.wasElsewhere("gate")
		}, "serial number", 0},
		"TLS key": {func(w *world, _ *config.Device) { w.wasElsewhere("gate") }, "TLS key", 0},
		"the serial number that it tells": {func(w *world, _ *config.Device) {
			w.must(w.store.ForgetDevice(context.Background(), theGate)) // with the key
			w.wasElsewhere("gate")
		}, "serial number", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "gate", "yard")
			w.declareName("gate", "other")
			w.declareName("yard", "other")
			w.converge()
			c.change(w, w.rename(theGate, theHall))
			logins := w.fleet.Device("gate").Count(memory.LoggedIn)
			e, reads := w.engine(), 0
			read := e.Secret
			e.Secret = func(origin string) (schema.Secret, error) {
				if origin == "env:gate" {
					reads++
				}
				return read(origin)
			}
			planned, problems := e.Plan(context.Background(), w.cfg, nil)
			p := elsewhere(t, problems)
			for _, part := range []string{
				"no record of device.hall. device.gate, which is no longer in the configuration, had the same " + c.by,
				"  moved {\n    from = device.gate\n    to   = device.hall\n  }",
				"  removed {\n    from = device.gate\n    lifecycle {\n      destroy = false\n    }\n  }",
			} {
				if !strings.Contains(p.Detail, part) {
					t.Errorf("the message lacks %q:\n%s", part, p.Detail)
				}
			}
			if p.Severity != diag.Error || p.Subject.Start.Line != 3 || p.Address.Device != theHall {
				t.Errorf("the problem is %+v", p)
			}
			if d := planned.Plan.Devices[0]; d.Address != theHall || len(d.Steps) > 0 || d.Family != string(report.Mistaken) || strings.Contains(d.Problem, "forget") {
				t.Errorf("the device is planned as %+v", d)
			}
			if d := planned.Plan.Devices[1]; d.Problem != "" {
				t.Errorf("it costs another device: %s", d.Problem)
			}
			if n := w.fleet.Device("gate").Count(memory.LoggedIn) - logins; n != c.logins {
				t.Errorf("%d logins", n)
			}
			if contacted := name == "TLS key" || c.logins > 0; (reads > 0) != contacted {
				t.Errorf("its password was read %d times", reads)
			}
			if w.known("hall") {
				t.Error("it is recorded under the new name")
			}
			_, problems = w.engine().Drift(context.Background(), w.cfg, nil)
			elsewhere(t, problems)
			_, problems = w.engine().Audit(context.Background(), w.cfg, nil)
			elsewhere(t, problems)
			_, problems = w.engine().Rotate(context.Background(), w.cfg, nil, engine.All)
			if len(problems) > 0 {
				t.Errorf("a rotation of nothing reads no device: %v", problems)
			}
			w.cfg.Removed = []config.Removed{{From: theGate, Range: at(5)}}
			w.plan() // it is another device
		})
	}
}

// wasElsewhere lets the state remember that a device answered at another address.
func (w *world) wasElsewhere(name string) {
	w.Helper()
	w.must(w.store.SaveSeen(context.Background(), state.Device{
		Address: schema.Device{Name: name}, Endpoint: "192.0.2.99:443", Identity: w.fleet.Device(name).Identity(),
	}))
}

// TestALoginKnowsTheOldName: the operator learns it as well, before the password is read.
func TestALoginKnowsTheOldName(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	w.converge()
	d := w.rename(theGate, theHall)
	login := func() error {
		typed := engine.Typed{Config: w.cfg, Device: d, Password: func(context.Context) (schema.Secret, error) {
			t.Error("the password was read")
			return schema.Secret{}, errors.New("no")
		}}
		_, err := w.engine().Login(context.Background(), typed, w.nextRun())
		return err
	}
	var p diag.Problem
	if err := login(); !errors.As(err, &p) || p.Code != "device-under-another-name" {
		t.Errorf("got %v", err)
	}
	w.move(theGate, theHall)
	if err := login(); !errors.As(err, &p) || p.Code != "move-not-applied" {
		t.Errorf("got %v", err)
	}
}

// TestI4AMovedDeviceHasItsMemory: a plan with a move in it wants nothing else, and writes nothing.
func TestI4AMovedDeviceHasItsMemory(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "other")
	w.declareUser("gate", "operator", "Operator", "Right-Horse-1")
	w.converge()
	w.rename(theGate, theHall)
	w.move(theGate, theHall)
	p := w.plan()
	if len(p.Moved) != 1 || p.Moved[0] != (plan.Moved{From: theGate, To: theHall, Source: plan.Source{File: "main.cam.hcl", Line: 1}}) || p.Empty() {
		t.Fatalf("moved are %+v, empty is %v", p.Moved, p.Empty())
	}
	if c := p.Counts(); c != (plan.Counts{}) || len(p.Gone) > 0 || len(p.Devices[0].Adopted) > 0 {
		t.Errorf("it wants %s", toldPlan(p))
	}
	text, err := plan.Encode(p, w.provider.Kinds())
	w.must(err)
	again, err := plan.Decode(text, w.provider.Kinds())
	w.must(err)
	if !slices.Equal(again.Moved, p.Moved) {
		t.Errorf("the file has %+v", again.Moved)
	}
	if other := w.plan(schema.Setting{Device: schema.Device{Name: "yard"}}); len(other.Moved) > 0 {
		t.Errorf("with another target %+v moves", other.Moved)
	}
	if pending, err := w.store.PendingMoves(context.Background()); err != nil || len(pending) != 1 {
		t.Errorf("the plan has moved it: %v, %v", pending, err)
	}
	if drift := w.drift(); !drift.Empty() {
		t.Errorf("it drifted: %s", toldPlan(drift))
	}
	writes := w.writes("gate")
	r := w.apply(again)
	if bad := r.Bad(); len(bad) > 0 || r.Moved != 1 || w.writes("gate") != writes {
		t.Errorf("%d moved, %d writes:\n%s", r.Moved, w.writes("gate")-writes, told(r))
	}
	w.moves = nil
	w.restart() // with a configuration whose block was taken out
	w.cfg.Moved = nil
	w.nothingToDo()
	if row, known := w.remembered("hall", "user", "operator"); !known || !row.Created {
		t.Error("there is no record that camform made the account")
	}
	if r := w.apply(again); r.Moved != 0 || len(r.Bad()) > 0 {
		t.Errorf("applied twice: %+v", r)
	}
	w.declareName("hall", "third")
	if c := w.plan().Counts(); c != (plan.Counts{Update: 1}) {
		t.Errorf("planned are %+v", c)
	}
}

// TestADeviceThatIsHeldDoesNotMove: then nothing is changed on it under either name.
func TestADeviceThatIsHeldDoesNotMove(t *testing.T) {
	for name, c := range map[string]struct {
		skip bool
		held schema.Device
		want string
	}{
		"nothing is begun":              {false, theGate, "hall: held\nyard: not-run\nupdate system: not-run"},
		"the rest is":                   {true, theGate, "hall: held\nyard: done\nupdate system: done"},
		"the new name is held":          {false, theHall, "hall: held\nyard: not-run\nupdate system: not-run"},
		"another device is held":        {false, schema.Device{Name: "yard"}, "hall: not-run\nyard: held\nupdate system: not-run"},
		"another one, and the rest is":  {true, schema.Device{Name: "yard"}, "hall: already\nyard: held\nupdate system: not-run"},
		"nobody has what is to be done": {false, schema.Device{Name: "else"}, "hall: already\nyard: done\nupdate system: done"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "gate", "yard")
			w.declareName("gate", "other")
			w.converge()
			w.declareName("yard", "other")
			w.rename(theGate, theHall)
			w.move(theGate, theHall)
			p := w.plan()
			_, err := w.store.Acquire(context.Background(), "another run", c.held)
			w.must(err)
			e := w.engine()
			e.Holding = apply.Holding{Skip: c.skip}
			r := e.Apply(context.Background(), context.Background(), p, w.nextRun())
			w.same(told(r), c.want)
			pending, err := w.store.PendingMoves(context.Background())
			w.must(err)
			if waits := c.held == theGate || c.held == theHall; (len(pending) == 1) != waits || (r.Moved == 0) != waits {
				t.Errorf("pending are %v, %d moved", pending, r.Moved)
			}
		})
	}
}

// TestI10AMoveThatFailsBeginsNothing: without its passwords a device is not known under its new name.
func TestI10AMoveThatFailsBeginsNothing(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "other")
	w.converge()
	w.declareName("yard", "other")
	w.rename(theGate, theHall)
	w.move(theGate, theHall)
	p := w.plan()
	w.must(w.store.SaveSeen(context.Background(), state.Device{Address: schema.Device{Name: "spare"}}))
	_, err := w.store.MoveDevices(context.Background(), "", schema.Moves{{From: schema.Device{Name: "spare"}, To: theHall}}, nil)
	w.must(err)
	r := w.apply(p)
	w.same(told(r), "hall: failed\nyard: not-run\nupdate system: not-run")
	if detail := detail(r, "hall"); !strings.Contains(detail, "device.gate cannot move to device.hall") {
		t.Errorf("it says %q", detail)
	}
	w.restart()
	_, problems := w.engine().Plan(context.Background(), w.cfg, nil)
	if len(problems) != 1 || problems[0].Code != "move-to-a-name-in-use" || !strings.Contains(problems[0].Detail, "camform state mv 'device.hall' 'device.hall_before'") {
		t.Fatalf("the plan says %+v", problems)
	}
	moves := schema.Moves{{From: theHall, To: schema.Device{Name: "hall_before"}}} // as it says
	_, err = w.store.MoveDevices(context.Background(), "", moves, nil)
	w.must(err)
	w.restart()
	if p := w.plan(); len(p.Moved) != 1 {
		t.Errorf("moved are %+v", p.Moved)
	}
}

// TestASecretMovesWithItsDevice: the configuration reads it under the new name from then on.
func TestASecretMovesWithItsDevice(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	w.converge()
	w.rename(theGate, theHall)
	w.move(theGate, theHall)
	w.cfg.Origins = []string{"env:gate", "vault:gate/admin", "vault:hall/admin", "vault:smtp"}
	_, problems := w.engine().Plan(context.Background(), w.cfg, nil)
	if len(problems) != 1 || problems[0].Code != "secret-moves" || !strings.Contains(problems[0].Detail, `Write secret("vault:hall/admin").`) {
		t.Errorf("the plan says %+v", problems)
	}
}

// TestRollbackWaitsForTheMove: what a run did is known under the old name until then.
func TestRollbackWaitsForTheMove(t *testing.T) {
	w := newWorld(t, "gate")
	w.declareName("gate", "other")
	w.converge()
	w.rename(theGate, theHall)
	w.move(theGate, theHall)
	_, problems := w.engine().Rollback(context.Background(), w.cfg, "run-1", nil)
	if len(problems) != 1 || problems[0].Code != "move-not-applied" {
		t.Errorf("it says %+v", problems)
	}
}

// TestManyRenamedDevicesAreOneMessage: a block that kept its keys is one moved block, however many devices it has.
func TestManyRenamedDevicesAreOneMessage(t *testing.T) {
	key := func(name string, i int) schema.Device {
		return schema.Device{Name: name, Key: fmt.Sprintf("%03d", i), Each: true}
	}
	const many = 30
	renamedLater := func(t *testing.T) *world {
		w := newWorld(t)
		for i := range many {
			name := fmt.Sprintf("d%03d", i)
			w.add(name, memory.Options{})
			w.rename(schema.Device{Name: name}, key("gate", i))
		}
		w.converge()
		return w
	}
	blocks := func(t *testing.T, w *world, kind string) []string {
		_, problems := w.engine().Plan(context.Background(), w.cfg, nil)
		var found []string
		for text := range strings.SplitSeq(elsewhere(t, problems).Detail, "\n\n") {
			if strings.HasPrefix(text, "  "+kind) || strings.HasPrefix(text, "  #") && kind == "moved" {
				found = append(found, strings.Join(strings.Fields(text), " "))
			}
		}
		return found
	}
	t.Run("the keys stay", func(t *testing.T) {
		w := renamedLater(t)
		for i := range many {
			w.rename(key("gate", i), key("hall", i))
		}
		if got := blocks(t, w, "moved"); !slices.Equal(got, []string{"moved { from = device.gate to = device.hall }"}) {
			t.Errorf("got %q", got)
		}
		if got := blocks(t, w, "removed"); !slices.Equal(got, []string{"removed { from = device.gate lifecycle { destroy = false } }"}) {
			t.Errorf("got %q", got)
		}
		w.move(schema.Device{Name: "gate"}, schema.Device{Name: "hall"}) // as it says
		if p := w.plan(); len(p.Moved) != many || p.Counts() != (plan.Counts{}) {
			t.Errorf("%d moved", len(p.Moved))
		}
	})
	t.Run("a key changes", func(t *testing.T) {
		w := renamedLater(t)
		for i := range many {
			w.rename(key("gate", i), key("hall", (i+1)%many))
		}
		if got := blocks(t, w, "moved"); len(got) != 11 || got[0] != `moved { from = device.gate["029"] to = device.hall["000"] }` || !strings.Contains(strings.Join(got, "\n"), "and 20 more") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("some stay", func(t *testing.T) {
		w := renamedLater(t)
		w.rename(key("gate", 1), key("gate", 100))
		if got := blocks(t, w, "moved"); !slices.Equal(got, []string{`moved { from = device.gate["001"] to = device.gate["100"] }`}) {
			t.Errorf("got %q", got)
		}
		if got := blocks(t, w, "removed"); !slices.Equal(got, []string{`removed { from = device.gate["001"] lifecycle { destroy = false } }`}) {
			t.Errorf("got %q", got)
		}
	})
}

// TestAKeyThatSeveralDevicesShareTellsNothing: a new camera of the same make may have the key with which all of them come.
func TestAKeyThatSeveralDevicesShareTellsNothing(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "other")
	w.converge()
	known, _, err := w.store.Device(context.Background(), theGate)
	w.must(err)
	for _, other := range []string{"old", "older"} {
		w.must(w.store.SaveSeen(context.Background(), state.Device{Address: schema.Device{Name: other}, Endpoint: other, Pin: known.Pin}))
	}
	w.rename(theGate, theHall)
	w.must(w.store.SaveSeen(context.Background(), state.Device{Address: theGate, Endpoint: "192.0.2.99:443"}))
	w.plan()
}
