package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/graph"
	"camform/engine/guard"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/engine/thorough"
	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

const (
	fleetPassword   = "Login-1357"
	accountPassword = "Account+2468"
)

// site is a fleet of simulated devices, a configuration of them and the state: what the program works with, without ports
// and processes.
type site struct {
	testing.TB
	fleet    *simulator.Fleet
	provider *inspector
	store    *state.Store
	env      map[string]string
	cfg      *config.Config
	nodes    func() *providers.Nodes // of the next run
	deep     bool                    // whether devices are asked for what their lists lack when they are learned
	runs     int
}

// newSite opens the state of a site and gets its devices from what dials the fleet.
func newSite(t testing.TB, fleet *simulator.Fleet, dial isapi.Dial) *site {
	t.Helper()
	store, err := openOn(serverOf(t), filepath.Join(quickDir(t), "state.db"), state.Options{
		Owner: state.Owner{Who: "ops@host", PID: 7, Operation: "apply", Version: "1.0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &site{
		TB: t, fleet: fleet, store: store, provider: newInspector(hikvision.New(isapi.Options{Dial: dial}), fleet),
		env:   map[string]string{"FLEET_PASSWORD": fleetPassword, "FLEET_ACCOUNT": accountPassword},
		nodes: func() *providers.Nodes { return providers.NewNodes(store.Nodes) },
	}
}

func newFleet(t testing.TB, options simulator.Options) *simulator.Fleet {
	t.Helper()
	options.Password = fleetPassword
	fleet, err := simulator.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return fleet
}

// configure loads a configuration of one file. It must be free of problems.
func (s *site) configure(text string) {
	s.Helper()
	dir := s.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.cam.hcl"), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	cfg, problems := config.Parse(dir, "").Evaluate(config.Options{Kinds: s.provider.Kinds(), Env: s.lookup, Secrets: s.reader(dir)})
	for _, p := range problems {
		s.Fatal(p)
	}
	s.cfg = cfg
}

func (s *site) lookup(name string) (string, bool) {
	value, ok := s.env[name]
	return value, ok
}

func (s *site) engine() *engine.Engine {
	return &engine.Engine{
		Provider: s.provider, Store: s.store.Fleet, Now: time.Now, Version: "1.0", Event: func(report.Event) {},
		Parallelism: graph.Parallelism{Total: 64, PerGroup: 16},
		Nodes:       s.nodes(),
		Secret:      s.secret,
	}
}

func (s *site) plan() (*plan.Plan, []string) {
	s.Helper()
	planned, problems := s.engine().Plan(context.Background(), s.cfg, nil)
	var texts []string
	for _, p := range certain(problems) {
		texts = append(texts, p.Error())
	}
	if planned == nil {
		s.Fatalf("there is no plan: %q", texts)
	}
	return planned.Plan, texts
}

// certain are problems without those that somebody may be cut off, which nobody knows: recorders of fleets show cameras that
// are in no fleet, and some devices are never read. Nor are the clocks of recorded devices among them, which stand still.
func certain(problems diag.Problems) diag.Problems {
	return slices.DeleteFunc(slices.Clone(problems), func(p diag.Problem) bool {
		return p.Severity == diag.Warning && (p.Code == guard.CutCode || p.Code == "clock-off")
	})
}

// apply carries out a plan after closing what earlier runs left open.
func (s *site) apply(p *plan.Plan) *report.Report {
	s.Helper()
	s.runs++
	run := fmt.Sprintf("run-%d", s.runs)
	if _, err := s.engine().Recover(context.Background(), engine.Accesses(s.cfg.Devices), run); err != nil {
		s.Fatal(err)
	}
	return s.engine().Apply(context.Background(), context.Background(), p, run)
}

// deviceBlock is a device in HCL.
func (s *site) deviceBlock(name string, d *simulator.Device, settings string) string {
	return fmt.Sprintf(`device %q {
  address = %q
  login {
    username = "admin"
    password = secret("env:FLEET_PASSWORD")
  }
  tls {
    plain = true
  }
  accept_clock_jump = "it is a test"
%s}
`, name, s.fleet.URL(d), settings)
}

// inspector is a provider that looks at what its sessions write: a write that asks a device for what it has is needless.
type inspector struct {
	providers.Provider
	byHost map[string]*simulator.Device

	mu        sync.Mutex
	needless  []string
	passwords map[string]string // by device and path, as they were last written
}

func newInspector(p providers.Provider, fleet *simulator.Fleet) *inspector {
	i := &inspector{Provider: p, byHost: map[string]*simulator.Device{}, passwords: map[string]string{}}
	for _, d := range fleet.Devices() {
		i.byHost[d.Address().String()] = d
	}
	return i
}

func (i *inspector) Open(t providers.Target) providers.Session {
	return &inspected{Session: i.Provider.Open(t), inspector: i, device: i.byHost[t.URL.Hostname()]}
}

type inspected struct {
	providers.Session
	inspector *inspector
	device    *simulator.Device
}

func (s *inspected) Authenticate(ctx context.Context, c providers.Credential) error {
	return s.Session.(providers.Authenticator).Authenticate(ctx, c)
}

func (s *inspected) MayAuthenticate(ctx context.Context, c providers.Credential) error {
	return s.Session.(providers.Authenticator).MayAuthenticate(ctx, c)
}

func (s *inspected) DoAs(ctx context.Context, c providers.Credential, r providers.Request) (providers.Reply, error) {
	return s.Session.(providers.Impersonator).DoAs(ctx, c, r)
}

func (s *inspected) Awake(ctx context.Context) error {
	return s.Session.(providers.Awaited).Awake(ctx)
}

func (s *inspected) Activation(ctx context.Context) (providers.Activation, error) {
	return s.Session.(providers.Dormant).Activation(ctx)
}

func (s *inspected) Activate(ctx context.Context, before providers.Activation, password schema.Secret) error {
	return s.Session.(providers.Activator).Activate(ctx, before, password)
}

func (s *inspected) Do(ctx context.Context, r providers.Request) (providers.Reply, error) {
	if r.Method == http.MethodPut {
		s.inspector.judge(s.device, r, s.device.Document(r.Path))
	}
	return s.Session.Do(ctx, r)
}

// judge compares a write with what the device has. The clock moves by itself, and a password is not to be seen.
func (i *inspector) judge(d *simulator.Device, r providers.Request, have []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	clock, secret := "Time[1]/localTime[1]", "User[1]/password[1]"
	if password, ok := textsOf(r.Body)[secret]; ok {
		key := d.Name() + r.Path
		if i.passwords[key] != password {
			i.passwords[key] = password
			return
		}
	}
	beside := allowance{comes: []string{clock, secret, "User[1]/loginPassword[1]"}}
	if beside.compare(have, r.Body) == "" {
		i.needless = append(i.needless, fmt.Sprintf("%s: %s %s writes what the device has", d.Name(), r.Method, r.Path))
	}
}

// finding is something that is not as it should be.
type finding struct {
	where string // device, or device/setting, or device and path of a document
	what  string
}

// visit is one device that is configured from end to end.
type visit struct {
	device *simulator.Device
	wishes []*wish
	before map[string][]byte
	moves  map[string]allowance // what the device changes by itself, by document
}

// tour is all devices of a fleet that say who they are, with every setting wanted.
type tour struct {
	*site
	visits   []*visit
	findings []finding
}

// exercise checks every promise on the way from a fleet as delivered to one as wanted: what is wanted comes about, nothing
// else changes, what a device lacks is reported, and there is nothing left to do.
func exercise(t testing.TB, fleet *simulator.Fleet) *tour {
	t.Helper()
	tour := &tour{site: newSite(t, fleet, fleet.DialContext)}
	tour.enlist()
	tour.converge()
	return tour
}

func (t *tour) find(v *visit, place, format string, args ...any) {
	where := v.device.Name() + place
	t.findings = append(t.findings, finding{where, fmt.Sprintf(format, args...)})
}

func documentsOf(d *simulator.Device) map[string][]byte {
	all := map[string][]byte{}
	for _, path := range d.Documents() {
		all[path] = d.Document(path)
	}
	return all
}

func (t *tour) converge() {
	first, problems := t.plan()
	for _, p := range problems {
		t.findings = append(t.findings, finding{"the plan", p})
	}
	for i, v := range t.visits {
		if problem := first.Devices[i].Problem; problem != "" {
			t.find(v, "", "it cannot be read: %s", problem)
			continue
		}
		t.lackingIsSkipped(v, first.Devices[i])
	}
	if len(problems) > 0 {
		return
	}
	done := t.apply(first)
	for i, v := range t.visits {
		for _, step := range done.Devices[i].Steps {
			if !step.Result.Good() {
				t.find(v, "/"+step.Address.Local(), "%s %s: %s", step.Action, step.Result, step.Detail)
			}
		}
		if first.Devices[i].Problem == "" {
			t.wantedIsThere(v)
		}
		t.restIsUntouched(v)
	}
	t.nothingIsLeft(first)
}

// lackingIsSkipped: what a device does not have is reported, and only that.
func (t *tour) lackingIsSkipped(v *visit, d plan.Device) {
	told := map[string]plan.Skipped{}
	for _, s := range d.Skipped {
		told[s.Address.Local()] = s
	}
	for _, one := range v.wishes {
		s, skipped := told[one.local()]
		switch {
		case one.lacking && !skipped:
			t.find(v, "/"+one.local(), "the device lacks it, and the plan does not say so")
		case one.lacking && s.Reason != plan.Unsupported:
			t.find(v, "/"+one.local(), "the device lacks it, and the plan calls it %s: %s", s.Reason, s.Detail)
		case !one.lacking && skipped:
			t.find(v, "/"+one.local(), "the device has it, and the plan leaves it out: %s: %s", s.Reason, s.Detail)
		}
	}
}

func (t *tour) wantedIsThere(v *visit) {
	for _, one := range v.wishes {
		if one.lacking {
			continue
		}
		path := documentOfKind[one.kind]
		after := v.device.Document(path)
		texts := textsOf(after)
		for place, want := range one.texts {
			if have, ok := texts[place]; !ok || have != want {
				t.find(v, "/"+one.local(), "%s is %q (there: %t), want %q", place, have, ok, want)
			}
		}
		if one.judge != nil {
			for _, wrong := range one.judge(after) {
				t.find(v, "/"+one.local(), "%s", wrong)
			}
		}
	}
}

// ticking is what moves by itself in documents that nobody declares.
var ticking = map[string]allowance{
	"/ISAPI/System/status": {contents: []string{"DeviceStatus[1]/currentDeviceTime[1]", "DeviceStatus[1]/deviceUpTime[1]"}},
}

func (t *tour) restIsUntouched(v *visit) {
	may := maps.Clone(ticking)
	for _, one := range v.wishes {
		if !one.lacking {
			path := documentOfKind[one.kind]
			may[path] = may[path].and(one.may)
		}
	}
	for path, moves := range v.moves {
		may[path] = may[path].and(moves)
	}
	after := documentsOf(v.device)
	for _, path := range slices.Sorted(maps.Keys(after)) {
		before, there := v.before[path]
		if !there {
			t.find(v, path, "it was not there before")
			continue
		}
		if wrong := may[path].compare(before, after[path]); wrong != "" {
			t.find(v, path, "%s", wrong)
		}
	}
}

// nothingIsLeft: a second plan is empty, and neither it nor the first one again writes anything.
func (t *tour) nothingIsLeft(first *plan.Plan) {
	written := t.count(simulator.RemoteConfig)
	again, problems := t.plan()
	for _, p := range problems {
		t.findings = append(t.findings, finding{"the second plan", p})
	}
	for i, v := range t.visits {
		for _, step := range again.Devices[i].Steps {
			t.find(v, "/"+step.Address.Local(), "planned again, there is still something to do: %s", step.Action)
		}
		if n := v.device.Refusals(); n != 0 {
			t.find(v, "", "it refused %d logins", n)
		}
	}
	t.apply(again)
	for _, d := range t.apply(first).Devices {
		for _, step := range d.Steps {
			if step.Result != report.Already {
				t.findings = append(t.findings, finding{"the plan again", fmt.Sprintf("%s: %s %s", step.Address, step.Result, step.Detail)})
			}
		}
	}
	if n := t.count(simulator.RemoteConfig) - written; n != 0 {
		t.findings = append(t.findings, finding{"the plan again", fmt.Sprintf("%d more writes after everything was done", n)})
	}
	for _, what := range t.provider.needless {
		t.findings = append(t.findings, finding{"a write", what})
	}
}

// enlist puts all devices of a fleet that say who they are on the tour, with whatever can be wished of them, and configures them.
// What none of them has is not wished: that would be a mistake. The devices come from all over the world, so that each is a
// site of its own: the addresses that a recorder tells are those of its own network.
func (t *tour) enlist() {
	t.Helper()
	has := map[string]bool{}
	for _, d := range t.fleet.Devices() {
		if d.Document(infoDocument) == nil {
			continue
		}
		w := &wisher{device: d, secure: t.fleet.URL(d).Scheme == "https"}
		v := &visit{device: d, wishes: w.wishes(), before: documentsOf(d)}
		for _, one := range v.wishes {
			has[one.local()] = has[one.local()] || !one.lacking
		}
		t.visits = append(t.visits, v)
	}
	var text strings.Builder
	for i, v := range t.visits {
		name := fmt.Sprintf("d%03d", i)
		v.wishes = slices.DeleteFunc(v.wishes, func(one *wish) bool { return !has[one.local()] })
		settings := fmt.Sprintf("  site = %q\n", name)
		for _, one := range v.wishes {
			settings += one.hcl()
		}
		text.WriteString(t.deviceBlock(name, v.device, settings))
	}
	t.configure(text.String())
}

// count counts entries of a kind in the logs of all devices.
func (s *site) count(kind simulator.EntryKind) int {
	n := 0
	for _, d := range s.fleet.Devices() {
		n += d.Count(kind)
	}
	return n
}

// tally is on how many devices each kind was set.
func (t *tour) tally() map[string]int {
	set := map[string]int{}
	for _, v := range t.visits {
		there := map[string]bool{}
		for _, one := range v.wishes {
			there[one.kind] = there[one.kind] || !one.lacking
		}
		for kind, has := range there {
			if has {
				set[kind]++
			}
		}
	}
	return set
}

// covers logs on how many devices each kind was set, and fails the test for those below the least number.
func (t *tour) covers(least map[string]int) {
	t.Helper()
	set := t.tally()
	var b strings.Builder
	fmt.Fprintf(&b, "%d devices\n%-12s %5s %8s\n", len(t.visits), "kind", "set", "not set")
	for _, kind := range slices.Sorted(maps.Keys(documentOfKind)) {
		fmt.Fprintf(&b, "%-12s %5d %8d\n", kind, set[kind], len(t.visits)-set[kind])
		if set[kind] < least[kind] {
			t.Errorf("%s was set on %d devices, want at least %d", kind, set[kind], least[kind])
		}
	}
	t.Log(b.String())
}

// compareKnown fails a test for each finding that is not known, and for each known one that does not happen.
func compareKnown(t testing.TB, findings []finding, known map[string]string) {
	t.Helper()
	happened := map[string]bool{}
	for _, f := range findings {
		if _, ok := known[f.where]; ok {
			happened[f.where] = true
			continue
		}
		t.Errorf("%s: %s", f.where, f.what)
	}
	for where, reason := range known {
		if !happened[where] {
			t.Errorf("%s was known to fail (%s), and works", where, reason)
		}
	}
}

// recordings finds the recorded answers of real devices, and skips the test where they are not at hand.
func recordings(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("CAMFORM_RECORDINGS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "recordings")
	}
	dir = filepath.Join(dir, "devices")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no recordings of devices: set CAMFORM_RECORDINGS (%v)", err)
	}
	return dir
}

func TestEveryRecordedDeviceConverges(t *testing.T) {
	dir := recordings(t)
	synctest.Test(t, func(t *testing.T) {
		tour := exercise(t, newFleet(t, simulator.Options{Recordings: dir}))
		tour.covers(map[string]int{
			"system": 30, "time": 8, "https": 12, "service": 12, "ntp": 1, "ip_filter": 1, "upnp": 1, "cloud": 1, "login_lock": 1,
		})
		compareKnown(t, tour.findings, map[string]string{
			"DS-7716NI-I4_16P-0028/ISAPI/System/time/timeZone": "it is a part of the document above it",
			"DS-K1A340FWX-0034/ISAPI/System/time/timeZone":     "it is a part of the document above it",
		})
	})
}

func TestEveryModelConverges(t *testing.T) {
	ways := []simulator.Options{
		{Algorithm: "MD5"},
		{Algorithm: "SHA256"},
		{Algorithm: "MD5/SHA256"},
		{Algorithm: "MD5", TLS: true},
		{Algorithm: "SHA256", TLS: true},
		{Algorithm: "MD5/SHA256", TLS: true},
	}
	for _, o := range thorough.Spread(ways, thorough.Pick(1, 3, thorough.All)) {
		t.Run(fmt.Sprintf("TLS=%t,%s", o.TLS, strings.ReplaceAll(o.Algorithm, "/", "+")), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o.Faults.Quirks = []simulator.Quirky{{Device: "camera-v57-*", Quirks: simulator.Quirks{ExactBodies: true}}}
				tour := exercise(t, newFleet(t, o))
				tour.covers(map[string]int{
					"system": 8, "time": 8, "ntp": 8, "https": 8, "service": 8, "upnp": 8, "user": 8, "cloud": 7,
					"ip_filter": 5, "web_auth": 5, "login_lock": 4,
				})
				known := map[string]string{
					"recorder-v1-0006/ISAPI/System/time":           "the model adds windowsZone",
					"camera-v58-0004/ISAPI/System/time/ntpServers": "the switch of a server follows it",
				}
				for i, model := range simulator.Models() {
					known[fmt.Sprintf("%s-%04d/ISAPI/Security/UserPermission", model, i+1)] = "it follows the accounts"
				}
				compareKnown(t, tour.findings, known)
			})
		})
	}
}

func TestI4AZoneThatADVRRewritesIsWrittenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{Models: []string{"dvr-v47"}})
		s := newSite(t, fleet, fleet.DialContext)
		d := fleet.Devices()[0]
		s.configure(s.deviceBlock("dvr", d, "  time {\n    zone = \"UTC-3\"\n  }\n"))
		first, problems := s.plan()
		steps := s.apply(first).Devices[0].Steps
		if len(problems) > 0 || len(steps) != 1 || steps[0].Result != report.Rewritten {
			t.Fatalf("problems %q, steps %v, want one that is rewritten", problems, steps)
		}
		if zone := textsOf(d.Document(timeDocument))["Time[1]/timeZone[1]"]; !strings.HasPrefix(zone, "CST-3:00:00DST") {
			t.Errorf("the zone is %q, so nothing was rewritten", zone)
		}
		s.finishes()
		if n := d.Count(simulator.RemoteConfig); n != 1 {
			t.Errorf("it was written %d times", n)
		}
	})
}

// campus wants ten settings of every device of a fleet; some models lack some of them.
func (s *site) campus() {
	s.Helper()
	var devices strings.Builder
	for _, d := range s.fleet.Devices() {
		fmt.Fprintf(&devices, "    %q = %q\n", d.Name(), s.fleet.URL(d))
	}
	s.configure(fmt.Sprintf(`
locals {
  addresses = {
%s  }
}

profile "campus" {
  accept_clock_jump = "it is a test"
  time {
    mode = "NTP"
    zone = "EST5EDT,M3.2.0,M11.1.0"
  }
  ntp {
    server   = "192.0.2.123"
    interval = 120
  }
  upnp {
    enabled = true
  }
  cloud {
    enabled = true
  }
  login_lock {
    attempts = 6
  }
  web_auth {
    method = "digest/basic"
  }
  service "RTSP" {
    port = 10554
  }
  service "DEV_MANAGE" {
    port = 18000
  }
  user "viewer" {
    level    = "Viewer"
    password = secret("env:FLEET_ACCOUNT")
  }
}

device "camera" {
  for_each = local.addresses
  address  = each.value
  login {
    username = "admin"
    password = secret("env:FLEET_PASSWORD")
  }
  tls {
    plain = true
  }
  profiles = [profile.campus]
  system {
    name = "Campus ${each.key}"
  }
}
`, devices.String()))
}

// unlucky are the faults of a bad day, the same every time.
var unlucky = simulator.Faults{Rules: []simulator.Rule{
	{Action: simulator.DropReply, Probability: 0.02, Seed: 1},
	{Action: simulator.RebootDevice, Probability: 0.005, Seed: 2},
	{Action: simulator.IgnoreWrite, Probability: 0.04, Seed: 3, Method: http.MethodPut},
	{Action: simulator.ErrorButApplied, Probability: 0.02, Seed: 4, Method: http.MethodPut},
	{Action: simulator.Partial, Probability: 0.02, Seed: 8, Method: http.MethodPut},
	{Action: simulator.Status, Status: http.StatusServiceUnavailable, Probability: 0.02, Seed: 5},
	{Action: simulator.Latency, Delay: 4 * time.Second, Probability: 0.05, Seed: 6},
	{Action: simulator.Latency, Delay: time.Minute, Probability: 0.002, Seed: 7},
}}

// without wraps a dial function: nobody answers at some of the addresses as long as dead says so.
func without(dial isapi.Dial, dead func(address netip.Addr) bool) isapi.Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		to, err := netip.ParseAddrPort(address)
		switch {
		case err != nil:
			return nil, err
		case dead(to.Addr()):
			<-ctx.Done() // packets are lost
			return nil, ctx.Err()
		}
		return dial(ctx, network, address)
	}
}

func TestI10ABadDayCostsTheDevicesConcernedAndTheNextRunFinishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const deadOnes = 6
		size := thorough.Pick(50, 100, 200)
		fleet := newFleet(t, simulator.Options{Count: size, Seed: 11, Faults: unlucky})
		unreachable := map[netip.Addr]bool{}
		for i := range deadOnes {
			unreachable[fleet.Devices()[i*size/deadOnes+7].Address()] = true
		}
		badDay := true
		s := newSite(t, fleet, without(fleet.DialContext, func(a netip.Addr) bool { return badDay && unreachable[a] }))
		s.campus()

		first, problems := s.plan()
		if len(problems) > 0 {
			t.Errorf("the plan has problems: %q", problems)
		}
		done := s.apply(first)
		results := map[report.Result]int{}
		for i, d := range done.Devices {
			results[d.Result]++
			address := fleet.Device(d.Address.Key).Address()
			if unreachable[address] && d.Result != report.Unreachable {
				t.Errorf("%s is dead, and ended with %s", d.Address, d.Result)
			}
			if planned := len(first.Devices[i].Steps); len(d.Steps) != planned {
				t.Errorf("%s has %d steps in the report, %d in the plan", d.Address, len(d.Steps), planned)
			}
		}
		t.Logf("first run: %v", results)
		if good := results[report.Done] + results[report.PendingReboot]; good < size/10 || good > size*9/10 {
			t.Errorf("%d of %d devices ended well, which is no bad day or a worse one", good, size)
		}

		badDay = false
		for _, d := range fleet.Devices() {
			d.Heal()
		}
		time.Sleep(time.Hour) // devices are back, and attempts whose end is not known no longer count
		s.finishes()
	})
}

// finishes: a run without faults leaves nothing to do, and nothing that happened cost a login too many or a needless
// write.
func (s *site) finishes() {
	s.Helper()
	s.apply(&plan.Plan{})
	second, problems := s.plan()
	if len(problems) > 0 || len(second.Failed()) > 0 {
		s.Errorf("problems %q, failed %v", problems, second.Failed())
	}
	for _, d := range s.apply(second).Bad() {
		s.Errorf("%s ended with %s: %s %v", d.Address, d.Result, d.Detail, d.Steps)
	}
	last, _ := s.plan()
	if !last.Empty() || len(last.Failed()) > 0 {
		s.Errorf("there is still something to do:\n%s", toldPlan(last))
	}
	if open, err := s.store.AllOpenIntents(context.Background()); err != nil || len(open) > 0 {
		s.Errorf("%d intents are open, %v", len(open), err)
	}
	for _, d := range s.fleet.Devices() {
		if n := d.Count(simulator.Locked); n > 0 {
			s.Errorf("%s locked itself", d.Name())
		}
		if n := d.Refusals(); n > 1 {
			s.Errorf("%s refused %d logins", d.Name(), n)
		}
	}
	for _, what := range s.provider.needless {
		s.Error(what)
	}
}

func TestI6ADeviceThatMovedSinceThePlanIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := newFleet(t, simulator.Options{})
		s := newSite(t, fleet, fleet.DialContext)
		s.campus()
		p, problems := s.plan()
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, d := range fleet.Devices() {
			name := []byte("<deviceName>" + textsOf(d.Document(infoDocument))["DeviceInfo[1]/deviceName[1]"])
			moved := bytes.Replace(d.Document(infoDocument), name, append(name, '2'), 1)
			if err := d.SetDocument(infoDocument, moved); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range s.apply(p).Devices {
			if d.Result != report.Stale {
				t.Errorf("%s ended with %s: %s", d.Address, d.Result, d.Detail)
			}
			for _, entry := range fleet.Device(d.Address.Key).Log() {
				if entry.Kind == simulator.RemoteConfig && entry.Path == infoDocument {
					t.Errorf("%s was written to although it had moved", d.Address)
				}
			}
		}
		s.finishes()
	})
}

func TestI5AWrongPasswordIsTriedOnce(t *testing.T) {
	const size = 20
	refusedOnce := func(t *testing.T, s *site) {
		t.Helper()
		for _, d := range s.fleet.Devices() {
			if n := d.Refusals(); n != 1 {
				t.Errorf("%s refused %d logins, want 1", d.Name(), n)
			}
			if n := d.Count(simulator.Locked) + d.Count(simulator.Poke) + d.Count(simulator.RemoteConfig); n != 0 {
				t.Errorf("%s was locked, poked or written to: %v", d.Name(), d.Log())
			}
		}
	}
	everyDeviceRefuses := func(t *testing.T, p *plan.Plan) {
		t.Helper()
		for _, d := range p.Devices {
			if d.Family != string(report.Refused) || len(d.Steps) > 0 {
				t.Errorf("%s: family %q, %d steps: %s", d.Address, d.Family, len(d.Steps), d.Problem)
			}
		}
	}
	t.Run("in the configuration", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fleet := newFleet(t, simulator.Options{Count: size, Seed: 12})
			s := newSite(t, fleet, fleet.DialContext)
			s.env["FLEET_PASSWORD"] = "Wrong-9753"
			s.campus()
			for range 2 {
				p, _ := s.plan()
				everyDeviceRefuses(t, p)
				if bad := s.apply(p).Bad(); len(bad) != size {
					t.Errorf("%d of %d devices ended badly", len(bad), size)
				}
			}
			refusedOnce(t, s)
		})
	})
	t.Run("since somebody changed it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fleet := newFleet(t, simulator.Options{Count: size, Seed: 13})
			s := newSite(t, fleet, fleet.DialContext)
			s.campus()
			p, problems := s.plan()
			if len(problems) > 0 || p.Empty() {
				t.Fatalf("the plan has %d problems and is empty: %t", len(problems), p.Empty())
			}
			for _, d := range fleet.Devices() {
				d.SetUser("admin", "Administrator", "Other-8642")
			}
			for _, d := range s.apply(p).Devices {
				if d.Result != report.Refused {
					t.Errorf("%s ended with %s: %s", d.Address, d.Result, d.Detail)
				}
			}
			again, _ := s.plan()
			everyDeviceRefuses(t, again)
			refusedOnce(t, s)
		})
	})
}

// BenchmarkPlanOfSimulatedDevices plans a thousand devices with ten settings each, reading every document again.
func BenchmarkPlanOfSimulatedDevices(b *testing.B) {
	const size = 1000
	fleet := newFleet(b, simulator.Options{Count: size, Seed: 14})
	s := newSite(b, fleet, fleet.DialContext)
	s.campus()
	for b.Loop() {
		p, problems := s.plan()
		if len(problems) > 0 || len(p.Failed()) > 0 || len(p.Devices) != size {
			b.Fatalf("%d devices, %d failed, problems %q", len(p.Devices), len(p.Failed()), problems)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/device")
}
