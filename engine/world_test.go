package engine_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"go.uber.org/goleak"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/graph"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(ending{m}) }

// world is a fleet, what is wanted of it, and its records. Runs of the engine happen in it one after the
// other, unless a test says otherwise.
type world struct {
	testing.TB
	clock       *clock
	fleet       *memory.Fleet
	provider    *watcher
	path        string        // of the state
	server      *state.Server // that has the state; nil where it is in a file
	store       *state.Store
	cfg         *config.Config
	secrets     map[string]string // by origin
	parallelism graph.Parallelism
	moves       schema.Moves // with which the state is opened
	runs        int

	mu     sync.Mutex
	events []report.Event // of the last run
}

// clock is a clock that stands still unless it is set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// newWorld makes a world with one device of each name and an empty state.
func newWorld(t testing.TB, names ...string) *world {
	t.Helper()
	files, err := emptyState()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldWith(t, files)
	for _, name := range names {
		w.add(name, memory.Options{})
	}
	return w
}

// newWorldWith makes a world without devices that has the files of a state.
func newWorldWith(t testing.TB, files map[string][]byte) *world {
	t.Helper()
	dir := quickDir(t)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w := &world{
		TB: t, clock: c, fleet: memory.NewFleet(c.now), path: filepath.Join(dir, "state.db"),
		cfg: &config.Config{}, secrets: map[string]string{}, parallelism: graph.Parallelism{Total: 4},
	}
	w.provider = &watcher{Provider: w.fleet.Provider(), fleet: w.fleet, passwords: map[string]string{}}
	w.server = serverOf(t)
	w.store = w.open()
	t.Cleanup(func() { _ = w.store.Close() })
	return w
}

// quickDir is a directory in memory, where there is such a thing: a state waits for the disk many times in a run.
func quickDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "camform")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (w *world) open() *state.Store {
	w.Helper()
	s, err := openOn(w.server, w.path, state.Options{
		Now: w.clock.now, Owner: state.Owner{Who: "ops@host", PID: 7, Operation: "apply", Version: "1.0"}, Moves: w.moves,
	})
	w.must(err)
	return s
}

// restart is another process that comes an hour later.
func (w *world) restart() {
	w.Helper()
	_ = w.store.Close()
	w.clock.pass(time.Hour)
	w.store = w.open()
}

// add makes a device that is declared without any setting. Its login is "env:" and its name.
func (w *world) add(name string, options memory.Options) *memory.Device {
	w.Helper()
	return w.addAt(name, fmt.Sprintf("https://192.0.%d.%d:443", 2+len(w.cfg.Devices)/250, 1+len(w.cfg.Devices)%250), options)
}

// addAt is add with an address of the device, with its port.
func (w *world) addAt(name, address string, options memory.Options) *memory.Device {
	w.Helper()
	d := w.fleet.Add(name, address, options)
	u, err := url.Parse(address)
	w.must(err)
	w.secrets["env:"+name] = d.Target().Login.Password.Reveal()
	w.cfg.Devices = append(w.cfg.Devices, &config.Device{
		Address: schema.Device{Name: name}, URL: u,
		Login: config.Login{Username: "admin", Password: w.secret("env:" + name)},
	})
	slices.SortFunc(w.cfg.Devices, func(a, b *config.Device) int { return a.Address.Compare(b.Address) })
	return d
}

func (w *world) secret(origin string) cty.Value {
	return schema.MarkSecret(schema.NewSecret(w.secrets[origin]).Value(), origin)
}

// declared is the configuration of a device.
func (w *world) declared(name string) *config.Device {
	w.Helper()
	for _, d := range w.cfg.Devices {
		if d.Address.Name == name {
			return d
		}
	}
	w.Fatalf("there is no device %s", name)
	return nil
}

type values map[string]cty.Value

// declare makes attributes of a setting wanted, instead of what was wanted of it before.
func (w *world) declare(device, kind, key string, attributes values) {
	w.Helper()
	d := w.declared(device)
	w.retract(device, kind, key)
	s := &config.Setting{
		Address: setting(device, kind, key), Kind: w.provider.Kinds().Lookup(kind),
		Attributes: map[string]config.Attribute{}, Range: at(10),
	}
	for i, a := range s.Kind.Attributes {
		if v, ok := attributes[a.Name]; ok {
			s.Attributes[a.Name] = config.Attribute{Value: v, Range: at(11 + i)}
		}
	}
	d.Settings = append(d.Settings, s)
	slices.SortFunc(d.Settings, func(a, b *config.Setting) int { return a.Address.Compare(b.Address) })
}

// retract takes a setting out of the configuration.
func (w *world) retract(device, kind, key string) {
	w.Helper()
	d := w.declared(device)
	d.Settings = slices.DeleteFunc(d.Settings, func(s *config.Setting) bool { return s.Address == setting(device, kind, key) })
}

// declareUser wants an account with a password.
func (w *world) declareUser(device, name, level, password string) {
	w.Helper()
	origin := "env:" + device + "/" + name
	w.secrets[origin] = password
	w.declare(device, "user", name, values{"level": cty.StringVal(level), "password": w.secret(origin)})
}

func (w *world) declareName(device, name string) {
	w.Helper()
	w.declare(device, "system", "", values{"name": cty.StringVal(name)})
}

func setting(device, kind, key string) schema.Setting {
	return schema.Setting{Device: schema.Device{Name: device}, Kind: kind, Key: key}
}

func at(line int) hcl.Range {
	return hcl.Range{Filename: "main.cam.hcl", Start: hcl.Pos{Line: line}, End: hcl.Pos{Line: line}}
}

// engine is the engine of a run that begins.
func (w *world) engine() *engine.Engine {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = nil
	return &engine.Engine{
		Provider: w.provider, Store: w.store.Fleet, Passwords: storedPasswords{w.store}, Parallelism: w.parallelism, Now: w.clock.now, Version: "1.0",
		Secret: func(origin string) (schema.Secret, error) {
			if name, ok := strings.CutPrefix(origin, "vault:"); ok {
				return w.live(name)
			}
			text, ok := w.secrets[origin]
			if !ok {
				return schema.Secret{}, fmt.Errorf("there is no %s", origin)
			}
			return schema.NewSecret(text), nil
		},
		Event: func(e report.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	}
}

// live is the live version of a secret of the vault.
func (w *world) live(name string) (schema.Secret, error) {
	versions, err := w.store.Versions(context.Background(), name)
	if err != nil {
		return schema.Secret{}, err
	}
	current, ok := rotate.Live(versions)
	if !ok {
		return schema.Secret{}, fmt.Errorf("the vault has no %s", name)
	}
	return storedPasswords{w.store}.Open(current)
}

// planned plans, and fails the test if that finds a problem.
func (w *world) planned(targets ...schema.Setting) *engine.Planned {
	w.Helper()
	planned, problems := w.engine().Plan(context.Background(), w.cfg, targets)
	for _, p := range certain(problems) {
		w.Fatalf("%s: %s", p.Address, p.Detail)
	}
	w.eventsArePaired()
	return planned
}

func (w *world) plan(targets ...schema.Setting) *plan.Plan {
	w.Helper()
	return w.planned(targets...).Plan
}

func (w *world) drift() *plan.Plan {
	w.Helper()
	planned, problems := w.engine().Drift(context.Background(), w.cfg, nil)
	for _, p := range problems {
		w.Fatalf("%s: %s", p.Address, p.Detail)
	}
	return planned.Plan
}

// apply carries out a plan in a run of its own.
func (w *world) apply(p *plan.Plan) *report.Report {
	w.Helper()
	return w.applyUntil(context.Background(), context.Background(), p)
}

func (w *world) applyUntil(ctx, stop context.Context, p *plan.Plan) *report.Report {
	w.Helper()
	r := w.engine().Apply(ctx, stop, p, w.nextRun())
	w.eventsArePaired()
	return r
}

func (w *world) nextRun() string {
	w.runs++
	return fmt.Sprintf("run-%d", w.runs)
}

// recover closes what earlier runs left open.
func (w *world) recover() []report.Device {
	w.Helper()
	devices, err := w.engine().Recover(context.Background(), engine.Accesses(w.cfg.Devices), w.nextRun())
	w.must(err)
	return devices
}

// converge is what the command apply does: recover, plan, apply. Everything must be well afterwards.
func (w *world) converge() {
	w.Helper()
	for _, d := range w.recover() {
		if !d.Result.Good() {
			w.Fatalf("recover %s: %s: %s", d.Address, d.Result, d.Detail)
		}
	}
	if r := w.apply(w.plan()); len(r.Bad()) > 0 {
		w.Fatalf("apply:\n%s", told(r))
	}
	w.nothingToDo()
}

// nothingToDo fails the test unless a plan is empty and no intent is open.
func (w *world) nothingToDo() {
	w.Helper()
	if p := w.plan(); !p.Empty() || len(p.Failed()) > 0 {
		w.Fatalf("planned again, there is still something to do:\n%s", toldPlan(p))
	}
	if open := w.openIntents(); len(open) > 0 {
		w.Fatalf("intents are open: %+v", open)
	}
}

func (w *world) openIntents() []state.Intent {
	w.Helper()
	open, err := w.store.AllOpenIntents(context.Background())
	w.must(err)
	return open
}

// remembered is what the state remembers of a setting, and whether anything.
func (w *world) remembered(device, kind, key string) (state.Setting, bool) {
	w.Helper()
	all, err := w.store.SettingsOf(context.Background(), schema.Device{Name: device})
	w.must(err)
	row, ok := all[setting(device, kind, key)]
	return row, ok
}

// item is a setting as the device has it, null if it does not.
func (w *world) item(device, kind, key string) cty.Value {
	w.Helper()
	k := w.provider.Kinds().Lookup(kind)
	path := k.Document.Path
	items, err := w.provider.Decode(k, nil, providers.Documents{path: {Path: path, Body: []byte(w.fleet.Device(device).Document(path))}})
	w.must(err)
	if v, ok := items[key]; ok {
		return v
	}
	return k.Null()
}

// has fails the test unless the device has an attribute as given.
func (w *world) has(device, kind, key, attribute string, want cty.Value) {
	w.Helper()
	v := w.item(device, kind, key)
	if v.IsNull() {
		w.Fatalf("%s has no %s.%s", device, kind, key)
	}
	if !v.GetAttr(attribute).RawEquals(want) {
		w.Fatalf("%s of %s.%s on %s is %#v, want %#v", attribute, kind, key, device, v.GetAttr(attribute), want)
	}
}

// logsIn reports whether a device takes a credential.
func (w *world) logsIn(device, user, password string) bool {
	target := w.fleet.Device(device).Target()
	target.Login = providers.Credential{Username: user, Password: schema.NewSecret(password)}
	reader := w.fleet.Provider().OpenReader(target)
	defer reader.Close()
	_, err := reader.Identify(context.Background())
	return err == nil
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// writes are the requests that changed a device.
func (w *world) writes(device string) int { return w.fleet.Device(device).Count(memory.Written) }

// eventsArePaired fails the test unless the events of the last run are as package report says.
func (w *world) eventsArePaired() {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	devices, steps := map[schema.Device]int{}, map[schema.Setting]int{}
	stages := 0
	for _, e := range w.events {
		switch e.Kind {
		case report.StageStarted:
			stages++
		case report.StageDone:
			stages--
		case report.DeviceStarted:
			devices[e.Device]++
		case report.DeviceDone:
			devices[e.Device]--
			for address, n := range steps {
				if address.Device == e.Device && n != 0 {
					w.Errorf("%s ended with %s in flight", e.Device, address)
				}
			}
		case report.StepStarted:
			steps[e.Setting]++
			if devices[e.Device] != 1 {
				w.Errorf("%s began outside of its device", e.Setting)
			}
		case report.StepDone:
			steps[e.Setting]--
		}
	}
	for _, n := range slices.Concat([]int{stages}, slices.Collect(maps.Values(devices)), slices.Collect(maps.Values(steps))) {
		if n != 0 {
			w.Errorf("events do not come in pairs: %+v", w.events)
			return
		}
	}
}

// told writes a report on a few lines: each device with its result, and its steps.
func told(r *report.Report) string {
	var b strings.Builder
	for _, d := range r.Devices {
		fmt.Fprintf(&b, "%s: %s\n", d.Address.Name, d.Result)
		for _, s := range d.Steps {
			fmt.Fprintf(&b, "  %s %s: %s\n", s.Action, s.Address.Local(), s.Result)
		}
	}
	return b.String()
}

// toldPlan writes the steps of a plan, with the cause of each attribute.
func toldPlan(p *plan.Plan) string {
	var b strings.Builder
	for _, d := range p.Devices {
		if d.Problem != "" {
			fmt.Fprintf(&b, "%s: %s\n", d.Address.Name, d.Family)
		}
		for _, s := range d.Steps {
			fmt.Fprintf(&b, "%s %s.%s", s.Action, d.Address.Name, s.Address.Local())
			for _, w := range s.Why {
				fmt.Fprintf(&b, " %s:%s", w.Attribute, w.Cause)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// same fails the test unless a text is as wanted; leading white space of lines does not count.
func (w *world) same(got, want string) {
	w.Helper()
	if trim(got) != trim(want) {
		w.Errorf("got\n%s\nwant\n%s", trim(got), trim(want))
	}
}

func trim(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// detail is why a device ended as it did.
func detail(r *report.Report, device string) string {
	for _, d := range r.Devices {
		if d.Address.Name == device {
			return d.Detail
		}
	}
	return ""
}

// emptyState is the files of a new state, to be copied: making one takes longer than a whole run.
var emptyState = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "camform")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := state.Open(context.Background(), filepath.Join(dir, "state.db"), state.Options{})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return stateFiles(dir)
})

// stateFiles are the files of a state that nobody has open.
func stateFiles(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, name := range []string{"state.db", "state.db.key"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files[name] = text
	}
	return files, nil
}
