package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/engine/thorough"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/sadp"
	"camform/providers/hikvision/simulator"
	"camform/providers/memory"
	"camform/schema"
)

// newcomer is a device block whose first password camform makes.
func (s *site) newcomer(name string, d *simulator.Device, settings string) string {
	return fmt.Sprintf(`device %q {
  address = %q
  identity {
    serial = %q
  }
  login {
    username        = "admin"
    password_policy = credential_policy.standard
  }
%s}
`, name, "https://"+d.Address().String(), d.Serial(), settings)
}

// run does what the command apply does, and returns the plan with its report.
func (s *site) run(text string) (*plan.Plan, *report.Report) {
	s.Helper()
	s.runs++
	s.manage(text)
	e, ctx, run := s.managing(), context.Background(), fmt.Sprintf("run-%d", s.runs)
	if _, err := e.Recover(ctx, engine.Accesses(s.cfg.Devices), run); err != nil {
		s.Fatal(err)
	}
	s.manage(text)
	planned, problems := e.Plan(ctx, s.cfg, nil)
	if problems.HasErrors() {
		s.Fatal(problems)
	}
	return planned.Plan, e.Apply(ctx, ctx, planned.Plan, run)
}

// A device without a password gets one that is proven, and another one once it has shown who it is; then it is as it is declared.
func TestI4I8ANewDeviceIsActivatedAndSetUp(t *testing.T) {
	for _, model := range []string{"camera-v57", "camera-v58", "recorder-v2"} {
		t.Run(model, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{model}})
				device := fleet.Devices()[0]
				device.SetQuirks(simulator.Quirks{Inactive: true})
				s := newSite(t, fleet, fleet.DialContext)
				text := managedPolicy + s.newcomer("gate", device, `  system {
    name = "Gate"
  }
  user "operator" {
    level           = "Operator"
    password_policy = credential_policy.standard
  }
`)
				p, r := s.run(text)
				if d := p.Devices[0]; d.Activation == nil || d.Problem != "" || len(d.Steps) != 3 || p.Complete() {
					t.Fatalf("planned as %+v", d)
				}
				if len(r.Bad()) > 0 || !r.Devices[0].Activated {
					t.Fatalf("%s: %s\n%s", r.Devices[0].Result, r.Devices[0].Detail, told(r))
				}
				if device.Inactive() || device.Count(simulator.Activated) != 1 {
					t.Errorf("it was activated %d times", device.Count(simulator.Activated))
				}
				versions, err := s.store.Versions(t.Context(), "gate/admin")
				if err != nil || len(versions) != 2 || versions[0].Status != state.SecretLive || versions[1].Status != state.SecretHistory || versions[1].Note != plan.Activates {
					t.Errorf("the vault has %+v, %v", versions, err)
				}
				if password, err := s.live("gate/admin"); err != nil || !device.Accepts("admin", password.Reveal()) {
					t.Errorf("it does not take the password of the vault: %v", err)
				}
				if n := device.Count(simulator.IllegalLogin); n != 0 {
					t.Errorf("it refused %d logins", n)
				}
				if p, r := s.run(text); !p.Empty() || !p.Complete() || len(r.Bad()) > 0 {
					t.Errorf("planned again:\n%s", toldPlan(p))
				}
			})
		})
	}
}

// A device that was managed before it was reset gets everything in one run as well, though the vault has a password for it.
func TestI4AResetDeviceIsActivatedAndSetUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: 1, Models: []string{"camera-v57"}})
		device := fleet.Devices()[0]
		device.SetQuirks(simulator.Quirks{Inactive: true})
		s := newSite(t, fleet, fleet.DialContext)
		text := managedPolicy + s.newcomer("gate", device, `  user "operator" {
    level           = "Operator"
    password_policy = credential_policy.standard
  }
`)
		if _, r := s.run(text); len(r.Bad()) > 0 {
			t.Fatal(told(r))
		}
		if err := device.Reset(simulator.Attempt{Method: simulator.Wipe}); err != nil {
			t.Fatal(err)
		}
		device.Plug()
		if err := s.store.ForgetDevice(t.Context(), s.cfg.Devices[0].Address); err != nil {
			t.Fatal(err)
		}
		if p, r := s.run(text); p.Devices[0].Activation == nil || len(r.Bad()) > 0 {
			t.Fatalf("%s\n%s", toldPlan(p), told(r))
		}
		if p, r := s.run(text); !p.Empty() || !p.Complete() || len(r.Bad()) > 0 {
			t.Errorf("planned again:\n%s", toldPlan(p))
		}
		if password, err := s.live("gate/admin"); err != nil || !device.Accepts("admin", password.Reveal()) {
			t.Errorf("it does not take the password of the vault: %v", err)
		}
	})
}

// nursery is a world with a device that has no password yet, and much to do on it.
func nursery(t testing.TB, names ...string) history {
	t.Helper()
	h := history{newWorld(t)}
	for _, name := range names {
		h.add(name, memory.Options{Inactive: true})
		h.declareName(name, "other")
		h.declare(name, "service", "RTSP", values{"enabled": cty.False})
		h.declareUser(name, "op", "Operator", "Secret-1234")
		h.activates(name)
	}
	return h
}

// activates gives a device a login whose passwords camform makes.
func (w *world) activates(name string) {
	w.Helper()
	d := w.declared(name)
	policy := &credential.Policy{Name: "standard", MinLength: 14, Classes: 4}
	origin := "vault:" + name + "/admin"
	d.Login = config.Login{Username: "admin", Policy: policy, Password: schema.MarkSecret(cty.UnknownVal(cty.String), origin)}
	w.retract(name, "user", "admin")
	kind := w.provider.Kinds().Lookup("user")
	d.Settings = append(d.Settings, &config.Setting{
		Address: setting(name, "user", "admin"), Kind: kind, Range: at(5),
		Attributes: map[string]config.Attribute{"password": {Policy: policy, Range: at(5), Value: d.Login.Password}},
	})
	slices.SortFunc(d.Settings, func(a, b *config.Setting) int { return a.Address.Compare(b.Address) })
}

// passwords are all that the vault has for an account.
func (w *world) versions(name string) (texts []string, live string) {
	w.Helper()
	versions, err := w.store.Versions(context.Background(), name)
	w.must(err)
	for _, v := range versions {
		secret, err := storedPasswords{w.store}.Open(v)
		w.must(err)
		texts = append(texts, secret.Reveal())
		if v.Status == state.SecretLive {
			live = secret.Reveal()
		}
	}
	return texts, live
}

// grownUp lets other processes come, without faults. Then the device must be as wanted, with a password that the vault calls current.
func (h history) grownUp(name string) {
	h.Helper()
	device := h.fleet.Device(name)
	device.Heal()
	for range 3 { // a proof may have to wait for the ledger
		h.restart()
		h.run(0, every)
	}
	h.nothingToDo()
	h.has(name, "system", "", "name", cty.StringVal("other"))
	texts, live := h.versions(name + "/admin")
	if len(texts) < 2 || !device.Accepts("admin", live) || !h.logsIn(name, "op", "Secret-1234") {
		h.Fatalf("of %d passwords the device does not take the current one", len(texts))
	}
}

// Whenever the program dies, the vault has the password of the device, no request is repeated that may have arrived, and the next
// runs finish what was begun.
func TestI2I8EveryCrashOfAnActivation(t *testing.T) {
	passed, _ := nursery(t, "gate").run(0, every)
	if len(passed) < 20 {
		t.Fatalf("only %d moments", len(passed))
	}
	for at := range passed {
		t.Run(fmt.Sprintf("%d %s", at+1, passed[at]), func(t *testing.T) {
			t.Parallel()
			h := nursery(t, "gate")
			done := make(chan bool)
			go func() {
				defer close(done)
				h.run(at+1, every)
			}()
			<-done
			h.grownUp("gate")
			if n := activations(h.fleet.Device("gate")); n != 1 {
				t.Errorf("it took a first password %d times", n)
			}
		})
	}
}

func activations(d *memory.Device) int {
	n := 0
	for _, e := range d.Log() {
		if e.Kind == memory.Written && e.Method == "ACTIVATE" {
			n++
		}
	}
	return n
}

// Whatever a device makes of its activation, it ends with a password that the vault has, and no password is sent twice.
func TestI8I11EveryFaultOfAnActivation(t *testing.T) {
	activate := func(x memory.Exchange) bool { return x.Method == "ACTIVATE" }
	login := func(x memory.Exchange) bool { return x.Method == memory.MethodIdentify }
	for name, fault := range map[string]memory.Fault{
		"lost":                {Effect: memory.DropRequest, Match: activate, Nth: 1},
		"answer lost":         {Effect: memory.DropReply, Match: activate, Nth: 1},
		"a lie":               {Effect: memory.Lie, Match: activate, Nth: 1},
		"an error, but done":  {Effect: memory.ErrorButApplied, Match: activate, Nth: 1},
		"busy":                {Effect: memory.Busy, Match: activate, Nth: 1},
		"refused":             {Effect: memory.Reject, Match: activate, Nth: 1},
		"denied":              {Effect: memory.Deny, Match: activate, Nth: 1},
		"restart":             {Effect: memory.Restart, Match: activate, Nth: 1},
		"unreachable":         {Effect: memory.Unreachable, Match: activate, Nth: 1},
		"no answer to login":  {Effect: memory.DropReply, Match: login, Nth: 2},
		"login unreachable":   {Effect: memory.Unreachable, Match: login, Nth: 2},
		"locked at the login": {Effect: memory.Lock, Match: login, Nth: 2},
		"not said at once":    {Effect: memory.Late, Match: activate, Nth: 1, Delay: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			h := nursery(t, "gate")
			device := h.fleet.Device("gate")
			device.Inject(fault)
			h.run(0, every)
			h.grownUp("gate")
			if n := activations(device); n != 1 {
				t.Errorf("it took a first password %d times", n)
			}
		})
	}
}

// batch applies a plan for many devices without a password, after faults were injected into some.
func batch(t *testing.T, names []string, prepare func(*world)) (*world, *report.Report) {
	t.Helper()
	h := nursery(t, names...)
	planned := h.plan()
	if n := len(planned.Activated()); n != len(names) {
		t.Fatalf("%d of %d are to be activated:\n%s", n, len(names), toldPlan(planned))
	}
	prepare(h.world)
	return h.world, h.apply(planned)
}

var three = []string{"a", "b", "c"}

// After an answer that nothing explains, nobody else gets a password.
func TestABatchStopsAtTheFirstUnexplainedAnswer(t *testing.T) {
	activate := func(x memory.Exchange) bool { return x.Method == "ACTIVATE" }
	login := func(x memory.Exchange) bool { return x.Method == memory.MethodIdentify }
	for name, fault := range map[string]memory.Fault{
		"refused":           {Effect: memory.Reject, Match: activate},
		"answer lost":       {Effect: memory.DropRequest, Match: activate},
		"a lie":             {Effect: memory.Lie, Match: activate},
		"another password":  {Effect: memory.Refuse, Match: login},
		"no login after it": {Effect: memory.Unreachable, Match: login},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := batch(t, three, func(w *world) {
				w.parallelism.Total = 1
				w.fleet.Device("b").Inject(fault)
			})
			got := fmt.Sprintf("%d %d", activations(w.fleet.Device("a")), activations(w.fleet.Device("c")))
			if got != "1 0" || r.Devices[0].Result != report.Done || r.Devices[1].Result.Good() || r.Devices[2].Result != report.NotRun {
				t.Errorf("activations %s\n%s", got, told(r))
			}
			if why := detail(r, "c"); !strings.Contains(why, "device.b") {
				t.Errorf("c ended with %q", why)
			}
		})
	}
}

// A device that is away, or that somebody else activated, is no reason to leave the others alone.
func TestABatchGoesOnWhereTheReasonIsKnown(t *testing.T) {
	w, r := batch(t, three, func(w *world) {
		w.parallelism.Total = 1
		w.fleet.Device("a").Unplug()
		somebody := w.fleet.Provider().Open(w.fleet.Device("b").Target())
		defer somebody.Close()
		said, err := somebody.(providers.Activator).Activation(context.Background())
		w.must(err)
		w.must(somebody.(providers.Activator).Activate(context.Background(), said, schema.NewSecret("Somebody-else-1")))
	})
	if r.Devices[0].Result != report.Unreachable || r.Devices[1].Result != report.Stale || r.Devices[2].Result != report.Done {
		t.Errorf("%s", told(r))
	}
	if n := w.fleet.Device("b").Count(memory.Refused); n != 0 {
		t.Errorf("b refused %d logins", n)
	}
}

// Who answers as somebody else keeps the one password that opens nothing, and gets nothing more; nobody else gets one either.
func TestI11AnImpostorGetsNothingMore(t *testing.T) {
	for name, take := range map[string]func(w *world){
		"not who is declared": func(w *world) { w.declared("b").Identity = config.Identity{Serial: "MEM-B"} },
		"who is declared twice": func(w *world) {
			w.declared("c").Identity = config.Identity{Serial: w.fleet.Device("b").Identity().Serial}
		},
		"who answered already": func(w *world) {
			w.must(w.store.SaveSeen(context.Background(), state.Device{
				Address: schema.Device{Name: "old"}, Endpoint: "192.0.2.99:443", Identity: providers.Identity{MAC: w.fleet.Device("b").Identity().MAC},
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := nursery(t, three...)
			h.parallelism.Total = 1
			take(h.world)
			r := h.apply(h.plan())
			if r.Devices[0].Result != report.Done || r.Devices[1].Result != report.Mistaken || r.Devices[2].Result != report.NotRun {
				t.Fatalf("%s%s", told(r), detail(r, "b"))
			}
			if n := h.writes("b"); n != 1 {
				t.Errorf("b was written %d times", n)
			}
			if texts, live := h.versions("b/admin"); len(texts) != 1 || !h.fleet.Device("b").Accepts("admin", live) {
				t.Errorf("the vault has lost the password that b has")
			}
		})
	}
}

// A serial number or hardware address that two devices are said to have gets neither of them a password.
func TestI12WhatIsClaimedTwiceGetsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		claim func(w *world)
		who   string // are refused
	}{
		"the hardware address is declared twice": {func(w *world) {
			w.declared("a").Identity, w.declared("b").Identity = config.Identity{MAC: "02-00-00-00-00-01"}, config.Identity{MAC: "02:00:00:00:00:01"}
		}, "a b"},
		"another device answered with the serial number": {func(w *world) {
			w.add("old", memory.Options{Identity: providers.Identity{Serial: "OLD"}})
			w.plan()
			w.declared("b").Identity = config.Identity{Serial: "OLD"}
		}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			h := nursery(t, three...)
			test.claim(h.world)
			p := h.plan()
			var refused []string
			for _, d := range p.Failed() {
				if refused = append(refused, d.Address.Name); !strings.Contains(d.Problem, "neither gets a password") {
					t.Errorf("%s: %s", d.Address, d.Problem)
				}
			}
			if got := strings.Join(refused, " "); got != test.who {
				t.Errorf("%q are refused, want %q", got, test.who)
			}
			h.apply(p)
			for _, name := range refused {
				if n := h.writes(name); n != 0 {
					t.Errorf("%s was written %d times", name, n)
				}
			}
		})
	}
}

// Other objections to a first password are reported, with what to do.
func TestAFirstPasswordThatCannotBeMadeIsTold(t *testing.T) {
	h := nursery(t, three...)
	h.declared("a").Login = config.Login{Username: "admin", Password: h.secret("env:a")}
	h.declared("b").Login.Policy.MinLength = 17
	h.must(h.store.SaveSeen(context.Background(), state.Device{Address: schema.Device{Name: "c"}, Endpoint: "192.0.2.3:443"}))
	p := h.plan()
	if !p.Empty() || len(p.Failed()) != 3 {
		t.Fatal(toldPlan(p))
	}
	for i, want := range []string{"password_policy", "credential_policy.standard asks for at least 17 characters", "camform state forget 'device.c'"} {
		if got := p.Devices[i].Problem; !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", p.Devices[i].Address, got, want)
		}
	}
	// Once somebody said so, the device is a new one.
	h.must(h.store.ForgetDevice(context.Background(), schema.Device{Name: "c"}))
	if p := h.plan(); len(p.Activated()) != 1 {
		t.Error(toldPlan(p))
	}
}

// A password that a device was sent stays in the vault though no login proved it. If the device then has another one, somebody who looks
// for it learns that.
func TestAFirstPasswordThatWasNotProvenIsNotForgotten(t *testing.T) {
	h := nursery(t, "gate")
	device := h.fleet.Device("gate")
	device.Inject(memory.Fault{Effect: memory.Refuse, Match: func(x memory.Exchange) bool { return x.Method == memory.MethodIdentify }, Nth: 1})
	h.run(0, every)
	device.Heal()
	if texts, _ := h.versions("gate/admin"); len(texts) != 1 || !device.Accepts("admin", texts[0]) {
		t.Fatalf("the vault has %d passwords", len(texts))
	}
	if got := h.plan().Devices[0].Problem; !strings.Contains(got, "the vault has passwords for it (1), but no login has proven any of them; camform vault history 'gate/admin' lists them") {
		t.Error(got)
	}
}

// ether carries packets between clients and the devices of a fleet, in memory.
type ether struct {
	mu      sync.Mutex
	clients map[string]*station
	fleet   *station
	loses   func(packet string, answered bool) bool // answered tells who sent it; nil loses none
}

// station is one end of it.
type station struct {
	net.PacketConn
	ether  *ether
	name   stationName
	in     chan letter
	closed chan struct{}
	once   sync.Once
}

type stationName string

func (stationName) Network() string  { return "memory" }
func (s stationName) String() string { return string(s) }

type letter struct {
	packet []byte
	from   net.Addr
}

func newEther() *ether {
	e := &ether{clients: map[string]*station{}}
	e.fleet = e.station("fleet")
	return e
}

func (e *ether) station(name string) *station {
	return &station{ether: e, name: stationName(name), in: make(chan letter, 4096), closed: make(chan struct{})}
}

// sockets are those of a client.
func (e *ether) sockets() ([]sadp.Socket, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.station(fmt.Sprintf("client-%d", len(e.clients)))
	e.clients[s.name.String()] = s
	return []sadp.Socket{{Conn: s, To: e.fleet.name}}, nil
}

func (s *station) WriteTo(packet []byte, to net.Addr) (int, error) {
	s.ether.mu.Lock()
	end := s.ether.clients[to.String()]
	lost := s.ether.loses != nil && s.ether.loses(string(packet), s == s.ether.fleet)
	s.ether.mu.Unlock()
	if lost {
		return len(packet), nil
	}
	if to.String() == s.ether.fleet.name.String() {
		end = s.ether.fleet
	}
	select {
	case <-end.closed:
	case end.in <- letter{bytes.Clone(packet), s.name}:
	}
	return len(packet), nil
}

func (s *station) ReadFrom(packet []byte) (int, net.Addr, error) {
	select {
	case l := <-s.in:
		return copy(packet, l.packet), l.from, nil
	case <-s.closed:
		return 0, nil, net.ErrClosed
	}
}

func (s *station) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// found is a device block of a device that answers nothing but a search.
func (s *site) foundBlock(name string, d *simulator.Device) string {
	return fmt.Sprintf(`device %q {
  address = "https://%s"
  identity {
    serial = %q
    mac    = %q
  }
  login {
    username        = "admin"
    password_policy = credential_policy.standard
  }
  allow_unproven = {
    activation = "all of them have the address of the factory"
  }
  system {
    name = %q
  }
}
`, name, d.Address(), d.Serial(), d.MAC(), name)
}

// yard is a fleet of devices out of their boxes, all with the address of the factory, as a search finds them. Each has a block but
// those that are left out.
func yard(t *testing.T, size int, wiring simulator.Wiring, play func(s *site, air *ether, devices []*simulator.Device, run func(text string) (*plan.Plan, *report.Report))) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Count: size, Models: []string{"camera-v57", "camera-v56", "camera-v58"}, Wiring: wiring})
		for _, d := range fleet.Devices() {
			d.SetQuirks(simulator.Quirks{Inactive: true, FactoryAddress: true})
		}
		air := newEther()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- fleet.ServeSADP(ctx, air.fleet) }()
		defer func() {
			cancel()
			<-served
		}()
		s := newSite(t, fleet, fleet.DialContext)
		play(s, air, fleet.Devices(), func(text string) (*plan.Plan, *report.Report) {
			s.Helper()
			s.runs++
			s.manage(text)
			e, name := s.managing(), fmt.Sprintf("run-%d", s.runs)
			e.Provider = hikvision.Searching{Provider: hikvision.New(isapi.Options{Dial: fleet.DialContext}), Sockets: air.sockets}
			if _, err := e.Recover(ctx, engine.Accesses(s.cfg.Devices), name); err != nil {
				s.Fatal(err)
			}
			s.manage(text)
			planned, problems := e.Plan(ctx, s.cfg, nil)
			if problems.HasErrors() {
				s.Fatal(problems)
			}
			return planned.Plan, e.Apply(ctx, ctx, planned.Plan, name)
		})
	})
}

// own fails the test unless each device has a password of its own, which the vault calls current. Names are those of the blocks.
func (s *site) own(devices map[string]*simulator.Device) {
	s.Helper()
	passwords := map[string]bool{}
	for name, d := range devices {
		password, err := s.live(name + "/admin")
		if err != nil || !d.Accepts("admin", password.Reveal()) {
			s.Errorf("%s does not take the password of the vault: %v", d.Name(), err)
		}
		if n := d.Count(simulator.Activated); n != 1 {
			s.Errorf("%s was activated %d times", d.Name(), n)
		}
		passwords[password.Reveal()] = true
	}
	if len(passwords) != len(devices) {
		s.Errorf("%d devices have %d passwords", len(devices), len(passwords))
	}
}

// Fifty devices come out of their boxes with one address, and among them is one that nobody declared. One plan gives each of the
// fifty a password of its own and its address; the other one gets nothing.
func TestI4DevicesThatShareAnAddressAreActivated(t *testing.T) {
	size := thorough.Pick(8, 50, 500)
	yard(t, size+1, simulator.Wiring{}, func(s *site, _ *ether, devices []*simulator.Device, run func(string) (*plan.Plan, *report.Report)) {
		text, impostor, declared := managedPolicy, devices[size/2], map[string]*simulator.Device{}
		for i, d := range devices {
			if d != impostor {
				name := fmt.Sprintf("gate-%03d", i)
				text, declared[name] = text+s.foundBlock(name, d), d
			}
		}
		p, r := run(text)
		if len(p.Activated()) != size || len(r.Bad()) > 0 {
			s.Fatalf("%d of %d were to be activated:\n%v", len(p.Activated()), size, r.Bad())
		}
		s.own(declared)
		if !impostor.Inactive() || impostor.Count(simulator.Activated) != 0 {
			s.Error("the one that nobody declared was activated")
		}
		if p, _ := run(text); !p.Empty() || len(p.Failed()) > 0 {
			s.Errorf("planned again:\n%s", toldPlan(p))
		}
	})
}

// Somebody who answers a search with the serial number or hardware address of a device keeps both from a password, and the others
// not.
func TestI11WhoAnswersASearchAsAnotherGetsNothing(t *testing.T) {
	for name, claim := range map[string]func(*simulator.Impostor, string){
		"serial number":    func(i *simulator.Impostor, victim string) { i.Serial = victim },
		"hardware address": func(i *simulator.Impostor, victim string) { i.MAC = victim },
		"both":             func(i *simulator.Impostor, victim string) { i.Serial, i.MAC = victim, victim },
	} {
		t.Run(name, func(t *testing.T) {
			const size = 4
			names := newFleet(t, simulator.Options{Count: size, Models: []string{"camera-v57", "camera-v56", "camera-v58"}}).Devices()
			impostor := simulator.Impostor{Device: names[3].Name()}
			claim(&impostor, names[1].Name())
			yard(t, size, simulator.Wiring{Impostors: []simulator.Impostor{impostor}}, func(s *site, _ *ether, devices []*simulator.Device, run func(string) (*plan.Plan, *report.Report)) {
				text := managedPolicy
				for i, d := range devices[:3] {
					text += s.foundBlock(fmt.Sprintf("gate-%d", i), d)
				}
				p, r := run(text)
				if len(p.Activated()) != 2 || len(p.Failed()) != 1 || p.Failed()[0].Address.Name != "gate-1" || !strings.Contains(p.Failed()[0].Problem, "none of them gets a password") {
					s.Fatalf("%s%v\n%s", toldPlan(p), p.Failed(), told(r))
				}
				s.own(map[string]*simulator.Device{"gate-0": devices[0], "gate-2": devices[2]})
				if !devices[1].Inactive() || !devices[3].Inactive() {
					s.Error("one of the two was activated")
				}
			})
		})
	}
}

// Over HTTP two that say to be one device are noticed once they have a password: the second one gets nothing beyond its first, and
// nobody behind it gets one.
func TestI11WhoAnswersAtAnAddressAsAnotherGetsNothingMore(t *testing.T) {
	for name, claim := range map[string]func(*simulator.Impostor, string){
		"serial number":    func(i *simulator.Impostor, victim string) { i.Serial = victim },
		"hardware address": func(i *simulator.Impostor, victim string) { i.MAC = victim },
		"both":             func(i *simulator.Impostor, victim string) { i.Serial, i.MAC = victim, victim },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := simulator.Options{Count: 2, Models: []string{"camera-v57"}}
				names := newFleet(t, options).Devices()
				impostor := simulator.Impostor{Device: names[1].Name()}
				claim(&impostor, names[0].Name())
				options.Wiring.Impostors = []simulator.Impostor{impostor}
				fleet := newFleet(t, options)
				s := newSite(t, fleet, fleet.DialContext)
				text := managedPolicy
				for i, d := range fleet.Devices() {
					d.SetQuirks(simulator.Quirks{Inactive: true})
					block := s.newcomer(fmt.Sprintf("gate-%d", i), d, "  system {\n    name = \"Gate\"\n  }\n")
					before, rest, _ := strings.Cut(block, "  identity {")
					_, after, _ := strings.Cut(rest, "  }\n")
					text += before + after
				}
				_, r := s.run(text)
				mistaken := 0
				for i, d := range r.Devices {
					renamed := strings.Contains(string(fleet.Devices()[i].Document("/ISAPI/System/deviceInfo")), "<deviceName>Gate<")
					if d.Result == report.Mistaken {
						mistaken++
					}
					if renamed != (d.Result == report.Done) {
						t.Errorf("%s ended with %s, and has its settings: %t", d.Address, d.Result, renamed)
					}
				}
				if mistaken != 1 || len(r.Bad()) != 1 {
					t.Errorf("%d of two were found out:\n%s", mistaken, told(r))
				}
			})
		})
	}
}

// Whatever message is lost, none is sent twice that may have arrived, and the next run finds out and finishes.
func TestI11ALostMessageToANewDeviceIsNotRepeated(t *testing.T) {
	for _, message := range []string{"exchangecode", "activate", "update"} {
		for _, answer := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, answer %v", message, answer), func(t *testing.T) {
				yard(t, 2, simulator.Wiring{}, func(s *site, air *ether, devices []*simulator.Device, run func(string) (*plan.Plan, *report.Report)) {
					sent, lost := 0, 0
					air.loses = func(packet string, answered bool) bool {
						is := strings.Contains(packet, "<Types>"+message)
						if is && !answered {
							sent++
						}
						if is && answered == answer && lost == 0 {
							lost++
							return true
						}
						return false
					}
					text := managedPolicy + s.foundBlock("gate-0", devices[0]) + s.foundBlock("gate-1", devices[1])
					_, r := run(text)
					if lost != 1 {
						s.Fatalf("%d messages were lost", lost)
					}
					if len(r.Bad()) == 0 && !(message == "activate" && answer) {
						s.Errorf("nothing is reported:\n%s", told(r))
					}
					for range 2 { // the one that was stopped for it, too
						run(text)
					}
					if p, _ := run(text); !p.Empty() || len(p.Failed()) > 0 {
						s.Errorf("planned again:\n%s%v", toldPlan(p), p.Failed())
					}
					s.own(map[string]*simulator.Device{"gate-0": devices[0], "gate-1": devices[1]})
					most := 3
					if message == "activate" && answer {
						most = 2
					}
					if sent > most {
						s.Errorf("%s was sent %d times to two devices", message, sent)
					}
				})
			})
		}
	}
}

// A device that answers nothing but a search gets a password only where somebody lets it, and only if a search is asked for.
func TestASearchActivatesNobodyUnasked(t *testing.T) {
	yard(t, 1, simulator.Wiring{}, func(s *site, _ *ether, devices []*simulator.Device, run func(string) (*plan.Plan, *report.Report)) {
		block := s.foundBlock("gate", devices[0])
		without := strings.Replace(block, "activation =", "system =", 1)
		if p, _ := run(managedPolicy + without); len(p.Activated()) != 0 || len(p.Failed()) != 1 || !devices[0].Inactive() {
			s.Errorf("without being allowed: %s", toldPlan(p))
		}
		s.manage(managedPolicy + block)
		planned, _ := s.managing().Plan(s.Context(), s.cfg, nil)
		if len(planned.Plan.Activated()) != 0 {
			s.Errorf("without a search: %s", toldPlan(planned.Plan))
		}
	})
}
