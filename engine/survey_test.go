package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/lockfile"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// commands are what reads the devices of a configuration.
var commands = map[string]func(*world, *engine.Engine) diag.Problems{
	"plan": func(w *world, e *engine.Engine) diag.Problems {
		_, problems := e.Plan(context.Background(), w.cfg, nil)
		return problems
	},
	"drift": func(w *world, e *engine.Engine) diag.Problems {
		_, problems := e.Drift(context.Background(), w.cfg, nil)
		return problems
	},
	"audit": func(w *world, e *engine.Engine) diag.Problems {
		_, problems := e.Audit(context.Background(), w.cfg, nil)
		return problems
	},
	"lock": func(w *world, e *engine.Engine) (problems diag.Problems) {
		_, all := e.Lock(context.Background(), w.cfg, nil, lockfile.New())
		for _, p := range all {
			if p.Code != engine.NotReadCode {
				problems = append(problems, p)
			}
		}
		return problems
	},
	"review": func(w *world, e *engine.Engine) diag.Problems {
		_, _, problems := e.Review(context.Background(), w.cfg, nil)
		return problems
	},
	"rollback": func(w *world, e *engine.Engine) (problems diag.Problems) {
		_, all := e.Rollback(context.Background(), w.cfg, "run-1", nil)
		for _, p := range all {
			if p.Code != "still-wanted" {
				problems = append(problems, p)
			}
		}
		return problems
	},
}

// everyCommand runs a test for each command, in a world in which run-1 gave a name to its devices.
func everyCommand(t *testing.T, names []string, test func(*world, func() diag.Problems)) {
	for command, read := range commands {
		t.Run(command, func(t *testing.T) {
			w := newWorld(t, names...)
			for _, name := range names {
				w.declareName(name, name+"-1")
			}
			w.run()
			w.restart()
			test(w, func() diag.Problems {
				e := w.sealing()
				e.Passwords = storedPasswords{w.store}
				return read(w, e)
			})
		})
	}
}

func TestEveryCommandNoticesTwins(t *testing.T) {
	everyCommand(t, []string{"gate", "yard"}, func(w *world, read func() diag.Problems) {
		w.provider.Provider = twinned{w.provider.Provider}
		problems := read()
		if len(problems) != 1 || problems[0].Code != "same-serial-number" || problems[0].Address != setting("yard", "", "") {
			w.Errorf("problems %v", problems)
		}
	})
}

func TestEveryCommandRemembersWhoAnswered(t *testing.T) {
	everyCommand(t, []string{"gate"}, func(w *world, read func() diag.Problems) {
		if problems := read(); len(problems) > 0 {
			w.Fatal(problems)
		}
		known, _, err := w.store.Device(context.Background(), schema.Device{Name: "gate"})
		w.must(err)
		if !known.LastSeen.Equal(w.clock.now()) || known.Pin == (providers.Pin{}) || known.Identity.Serial == "" {
			w.Errorf("remembered: %+v, and it is %s", known, w.clock.now())
		}
	})
}

// twinned is a provider whose devices all say that they have one serial number.
type twinned struct{ providers.Provider }

func (p twinned) OpenReader(t providers.Target) providers.Reader {
	return twin{p.Provider.OpenReader(t)}
}

type twin struct{ providers.Reader }

func (t twin) Identify(ctx context.Context) (providers.Identity, error) {
	id, err := t.Reader.Identify(ctx)
	id.Serial = "SAME"
	return id, err
}

// The next run that may write looks for the password that the device has.
func TestEveryCommandNotesARefusedPassword(t *testing.T) {
	everyCommand(t, []string{"gate"}, func(w *world, read func() diag.Problems) {
		gate := w.declared("gate")
		gate.Login.Policy = &credential.Policy{Name: "standard"}
		name := credential.Name(gate.Address, gate.Login.Username)
		sealed, err := w.store.Seal([]byte("Somebody-else-set-1"))
		w.must(err)
		_, err = w.store.PutSecret(context.Background(), name, sealed, "")
		w.must(err)
		if problems := read(); len(problems) > 0 {
			w.Fatal(problems)
		}
		doubtful, err := w.store.Doubtful(context.Background())
		w.must(err)
		if !doubtful[name] {
			w.Error("the vault still calls the password current")
		}
		d := w.fleet.Device("gate")
		refusals, asked := d.Count(memory.Refused), len(d.Log())
		read()
		if refusals == 0 || len(d.Log()) != asked {
			w.Errorf("%d logins were refused, and then it was asked %d times more", refusals, len(d.Log())-asked)
		}
		finds := func(e report.Event) bool { return strings.Contains(e.Detail, "Run camform login 'device.gate'") }
		if !slices.ContainsFunc(w.events, finds) {
			w.Errorf("nothing says how to find out: %v", w.events)
		}
	})
}

// A run made one account an administrator instead of another, and took that right from the account that is used now.
func TestI9ARollbackFindsTheOrderInWhichTheWayInStaysOpen(t *testing.T) {
	w := newWorld(t, "gate")
	d := w.fleet.Device("gate")
	d.SetUser("abe", "Viewer", "Abe-12345")
	d.SetUser("zed", "Administrator", "Zed-12345")
	d.SetUser("camform", "Administrator", "Camform-12345")
	for name, level := range map[string]string{"abe": "Administrator", "zed": "Viewer", "camform": "Operator"} {
		w.declare("gate", "user", name, values{"level": cty.StringVal(level)})
	}
	run := w.run()
	w.secrets["env:camform"] = "Camform-12345"
	w.declared("gate").Login = config.Login{Username: "camform", Password: w.secret("env:camform")}
	p := w.wayBack(run)
	w.same(toldSkipped(p), "")
	w.same(toldPlan(p), `
		update gate.user.zed level:config
		update gate.user.abe level:config
		update gate.user.camform level:config`)
	if problems := engine.Prove(p, w.provider.Kinds()); len(problems) > 0 {
		t.Errorf("the order is refused: %v", problems)
	}
}

// A recorder logs in with a password that the same plan changes on the camera; whichever of them comes first, each is
// compared once.
func TestEachDeviceIsComparedOnce(t *testing.T) {
	for _, recorder := range []string{"a-recorder", "z-recorder"} {
		w := newWorld(t, "gate", recorder)
		compared := &counting{Provider: w.provider, seen: map[string]int{}}
		account := "vault:" + credential.Name(schema.Device{Name: "gate"}, "op")
		w.secrets[account] = "First-12345"
		w.declare("gate", "user", "op", values{"level": cty.StringVal("Operator"), "password": w.secret(account)})
		s := w.declared("gate").Settings[0]
		a := s.Attributes["password"]
		a.Policy = &credential.Policy{Name: "standard"}
		s.Attributes["password"] = a
		w.fleet.Device(recorder).Set("channel", "1", "username", "op")
		w.declare(recorder, "channel", "1", values{"username": cty.StringVal("op"), "password": w.secret(account)})
		e := w.engine()
		e.Provider, e.Passwords = compared, storedPasswords{w.store}
		planned, problems := e.Plan(context.Background(), w.cfg, nil)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		var follows string
		for _, step := range stepsOf(planned.Plan) {
			if step.Address.Kind == "channel" {
				follows = step.Follows()
			}
		}
		if follows != "device.gate.user.op" {
			t.Errorf("%s follows %q:\n%s", recorder, follows, toldPlan(planned.Plan))
		}
		for what, n := range compared.seen {
			if n != 1 {
				t.Errorf("%s was compared %d times", what, n)
			}
		}
		if compared.seen["channel.username"] != 1 {
			t.Errorf("compared: %v", compared.seen)
		}
	}
}

func stepsOf(p *plan.Plan) []plan.Step {
	var steps []plan.Step
	for _, d := range p.Devices {
		steps = append(steps, d.Steps...)
	}
	return steps
}

// counting is a provider that counts how often attributes are compared.
type counting struct {
	providers.Provider
	seen map[string]int
}

func (c *counting) Same(kind *schema.Kind, a *schema.Attribute, want, have cty.Value) bool {
	c.seen[kind.Name+"."+a.Name]++
	return c.Provider.Same(kind, a, want, have)
}

// Another run changes the password while other devices have their turn. The one from before would cost an attempt.
func TestI5APasswordIsReadWhenItsDeviceHasItsTurn(t *testing.T) {
	for _, changed := range []string{"before the login", "after the login"} {
		t.Run(changed, func(t *testing.T) {
			w := newWorld(t, "gate")
			gate, device := w.declared("gate"), w.fleet.Device("gate")
			gate.Login.Policy = &credential.Policy{Name: "standard"}
			name := credential.Name(gate.Address, gate.Login.Username)
			put := func(password string) {
				sealed, err := w.store.Seal([]byte(password))
				w.must(err)
				_, err = w.store.PutSecret(context.Background(), name, sealed, "")
				w.must(err)
			}
			put(device.Target().Login.Password.Reveal())
			e := w.engine()
			e.Passwords = storedPasswords{w.store}
			e.Event = func(event report.Event) {
				switch {
				case event.Kind == report.DeviceStarted && changed == "before the login":
					put("Another-run-made-1")
					device.SetUser("admin", "Administrator", "Another-run-made-1")
				case event.Kind == report.DeviceStarted:
					device.SetUser("admin", "Administrator", "Another-run-made-1")
				case event.Kind == report.DeviceDone:
					put("Another-run-made-1")
				}
			}
			if _, problems := e.Plan(context.Background(), w.cfg, nil); len(problems) > 0 {
				t.Fatal(problems)
			}
			refusals := device.Count(memory.Refused)
			doubtful, err := w.store.Doubtful(context.Background())
			w.must(err)
			if doubtful[name] || (refusals == 0) != (changed == "before the login") {
				t.Errorf("%d refusals, in doubt %v", refusals, doubtful)
			}
		})
	}
}

// Two runs do not hear the answers to their logins, as after two interrupts. The third one works at once.
func TestI5TwoLostRepliesDoNotPutAFleetOut(t *testing.T) {
	w := newWorld(t, "gate", "yard")
	w.declareName("gate", "gate-1")
	w.declareName("yard", "yard-1")
	for _, name := range []string{"gate", "yard"} {
		w.fleet.Device(name).Inject(memory.Fault{Effect: memory.DropReply})
	}
	for range 2 {
		planned, _ := w.engine().Plan(context.Background(), w.cfg, nil)
		for address, snap := range planned.Snapshots {
			if !errors.Is(snap.Err, providers.ErrUnreachable) {
				t.Fatalf("%s: %v", address, snap.Err)
			}
		}
	}
	for _, name := range []string{"gate", "yard"} {
		w.fleet.Device(name).Heal()
	}
	planned, _ := w.engine().Plan(context.Background(), w.cfg, nil)
	if len(planned.Snapshots) != 2 {
		t.Fatalf("%d devices were asked, want 2", len(planned.Snapshots))
	}
	for address, snap := range planned.Snapshots {
		if snap.Err != nil {
			t.Errorf("%s: %v", address, snap.Err)
		}
	}
}
