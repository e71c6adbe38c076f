package apply_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/apply"
	"camform/engine/credential"
	"camform/engine/graph"
	"camform/engine/ledger"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/providers/memory"
	"camform/schema"
)

// choices is one path through a tree of decisions. Pick takes the next one; after a history is over, next goes on to the
// path that was not taken yet, until there is none.
type choices struct {
	taken []int // which way at each decision
	width []int // how many ways there were
	at    int
}

// pick decides between n ways; 0 is the one on which nothing happens.
func (c *choices) pick(n int) int {
	if n < 2 {
		return 0
	}
	if c.at == len(c.taken) {
		c.taken, c.width = append(c.taken, 0), append(c.width, n)
	}
	way := c.taken[c.at]
	c.at++
	return way
}

// ahead reports whether this path has left those that were taken before.
func (c *choices) ahead() bool { return c.at == len(c.taken) }

// next reports whether there is a further path.
func (c *choices) next() bool {
	for len(c.taken) > 0 {
		last := len(c.taken) - 1
		if c.taken[last]++; c.taken[last] < c.width[last] {
			c.at = 0
			return true
		}
		c.taken, c.width = c.taken[:last], c.width[:last]
	}
	return false
}

// bounds say how much may go wrong in one history.
type bounds struct {
	crashes, faults int
	first           int // only runs up to this one are struck; the others are there to recover
}

// world is a camera with two accounts, perhaps a recorder that shows it, the disk of camform, and what may go wrong.
type world struct {
	scenario
	choices *choices
	moments []moment // those of this run at which its process may have died
	left    bounds
	pins    map[schema.Device]providers.Pin // what is known of the devices from before
	kept    map[string]memory.Snapshot      // the devices as they were in this run before another one was in their place, by name
	swapped bool                            // another device is at the address of the camera
	reverts bool                            // the camera will lose something at its next restart
	unrest  int                             // how many runs it takes until what the camera does by itself has shown
	noise   int                             // refused logins of somebody else that are to come
	runs    int
	quiet   bool // nothing goes wrong any more
	second  bool // another process is at it

	clock time.Time     // as it is
	skew  time.Duration // by which the clock of this machine is wrong

	seen    string // the filter of the camera when it was looked at last
	garbled int    // how often the camera stored something else than it was sent
	held    int    // how many entries the filter of the camera has had at most
	exposed string // what was wrong with the filter at any time; empty for nothing

	fleet            *memory.Fleet
	camera, recorder *memory.Device
	disk             *store
	made             int
	trace            []string
}

// scenario is what is to be done, and on what devices.
type scenario struct {
	name      string
	operator  bool // the account operator gets a new password
	own       bool // so does the account that camform logs in with
	create    bool // the account guest is made
	settings  bool // settings without secrets are changed
	named     bool // the camera gets another name, and may store something else
	filter    bool // an address filter is switched on
	listed    bool // an address filter that is on gets another list
	recorder  bool // a recorder logs in to the camera as operator
	foreign   int  // refused logins of somebody else from our address, right before the first change
	hides     bool // the camera does not tell how many attempts are left
	unmanaged bool // the vault has no password yet
	contested bool // somebody else may fail to log in from our address at any time
	twice     bool // it is also played with two crashes
}

var (
	cameraAddress   = schema.Device{Name: "camera"}
	recorderAddress = schema.Device{Name: "recorder"}
	begin           = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func newWorld(s scenario, c *choices, b bounds) *world {
	w := &world{scenario: s, choices: c, left: b, clock: begin, noise: s.foreign, kept: map[string]memory.Snapshot{}}
	w.disk = newStore(func() time.Time { return w.clock.Add(w.skew) })
	w.disk.durable, w.disk.accounted = w.durable, w.accounted
	w.disk.alive = func(run string) bool { return run == fmt.Sprint("run-", w.runs) }
	w.fleet = memory.NewFleet(func() time.Time { return w.clock })
	w.camera = w.fleet.Add("camera", "https://192.0.2.1", memory.Options{Password: "admin-1", HidesAttempts: s.hides})
	w.camera.SetUser("operator", "Operator", "operator-1")
	if !s.unmanaged {
		w.keep(cameraAddress, "admin", "admin-1")
		w.keep(cameraAddress, "operator", "operator-1")
	}
	w.camera.BeforeWrite(func(memory.Exchange) {
		w.camera.BurnAttempts(w.noise) // after our login, which made the camera forget refusals
		w.noise = 0
	})
	if s.listed {
		w.camera.Set("filter", "", "enabled", true)
		w.camera.Set("filter", "", "addresses", oldList)
	}
	if s.named {
		w.camera.Set("system", "", "name", oldName)
	}
	w.pins = map[schema.Device]providers.Pin{cameraAddress: pinOf(w.camera)}
	w.strike(w.camera)
	if s.recorder {
		w.recorder = w.fleet.Add("recorder", "https://192.0.2.2", memory.Options{Password: "recorder-1"})
		w.recorder.Set("cloud", "", "code", "operator-1")
		w.disk.settings[follower] = state.Setting{Address: follower, Fingerprints: map[string]string{
			"code": w.disk.Fingerprint(follower, "code", schema.NewSecret("operator-1")),
		}}
		w.pins[recorderAddress] = pinOf(w.recorder)
		w.strike(w.recorder)
	}
	return w
}

// pinOf is what is known of a device that was met before.
func pinOf(d *memory.Device) providers.Pin {
	who := d.Identity()
	return providers.Pin{Serial: who.Serial, MAC: who.MAC}
}

// follower is the setting of the recorder that logs in to the camera as operator.
var follower = schema.Setting{Device: recorderAddress, Kind: "cloud"}

// keep puts a password into the vault that an account has, and remembers that it has it.
func (w *world) keep(device schema.Device, account, text string) {
	w.disk.add(state.SecretVersion{Name: credential.Name(device, account), Status: state.SecretLive, Sealed: []byte(text), Created: w.clock, Proven: w.clock})
	address := schema.Setting{Device: device, Kind: "user", Key: account}
	w.disk.settings[address] = state.Setting{Address: address, Fingerprints: map[string]string{
		"password": w.disk.Fingerprint(address, "password", schema.NewSecret(text)),
	}}
}

// strike lets faults of the world happen on a device.
func (w *world) strike(d *memory.Device) {
	var effect memory.Effect
	d.Inject(memory.Fault{Match: func(x memory.Exchange) bool {
		effect = w.exchange(d, x)
		return false
	}})
	for _, e := range []memory.Effect{
		memory.Unreachable, memory.DropRequest, memory.DropReply, memory.Lie, memory.ErrorButApplied, memory.Busy, memory.Reject, memory.Restart,
		memory.Lock, memory.Swap, memory.Late, memory.Revert, memory.Shorten, memory.Garble,
	} {
		d.Inject(memory.Fault{Effect: e, Delay: late, Length: len(oldList), Match: func(memory.Exchange) bool { return effect == e }})
	}
	d.AfterWrite(func(memory.Exchange) {
		w.lookAtFilter()
		w.remember(d)
		w.crashHere("after the request")
	})
}

// late is after how much time a password is in force that is late: somebody has looked at the device again by then.
const late = 50 * time.Minute

// remember keeps a device as it is, so that it can come back after another one was in its place.
func (w *world) remember(d *memory.Device) {
	if !w.quiet && w.left.faults > 0 { // another process may change it too
		w.kept[d.Name()] = d.Snapshot()
	}
}

// settle is what happens to devices between two runs: a foreign one is taken away, and one that would lose something at its
// next restart restarts.
func (w *world) settle() {
	for name, was := range w.kept {
		if w.swapped {
			w.fleet.Device(name).Restore(was)
		}
	}
	if w.reverts {
		w.camera.Restart()
	}
	clear(w.kept)
	w.swapped, w.reverts, w.unrest = false, false, max(0, w.unrest-1)
}

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

// mayCrash reports whether the process may still die in this history.
func (w *world) mayCrash() bool {
	return !w.quiet && !w.second && w.left.crashes > 0 && w.runs <= w.left.first
}

func (w *world) mayFail() bool {
	return !w.quiet && !w.second && w.left.faults > 0 && w.runs <= w.left.first
}

// crashHere is a place at which the process may die. What follows from that are other histories, which go on from here.
func (w *world) crashHere(where string) {
	if w.mayCrash() && w.choices.ahead() {
		died := *w
		died.trace = slices.Clip(w.trace)
		died.left.crashes--
		died.note("crash %s", where)
		w.moments = append(w.moments, died.moment(true))
	}
}

// exchange decides what becomes of an exchange with a device.
func (w *world) exchange(d *memory.Device, x memory.Exchange) memory.Effect {
	w.crashHere("before " + x.String())
	if !w.mayFail() {
		return ""
	}
	effects := []memory.Effect{"", memory.Unreachable, memory.Busy, memory.Lock, memory.Swap}
	switch {
	case x.Writes() && x.Path == filterPath && w.held < len(newList): // a device that held as many entries has room for them
		effects = append(atWrites, memory.Shorten)
	case x.Writes() && x.Path == namePath:
		effects = []memory.Effect{"", memory.DropRequest, memory.DropReply, memory.Garble}
	case x.Writes() && x.Path == ownPath:
		effects = append(atWrites, memory.Late, memory.Revert)
	case x.Writes():
		effects = atWrites
	case x.Path == "":
		effects = []memory.Effect{"", memory.Unreachable, memory.DropReply, memory.Lock, memory.Swap}
	}
	if w.contested {
		effects = append(slices.Clip(effects), stranger)
	}
	effect := effects[w.choices.pick(len(effects))]
	if effect == stranger {
		w.note("%s before %s", effect, x)
		w.left.faults--
		d.BurnAttempts(1)
		return ""
	}
	if effect != "" {
		w.note("%s at %s", effect, x)
		w.left.faults--
		if effect == memory.Garble {
			w.garbled++
		}
		w.swapped, w.reverts = w.swapped || effect == memory.Swap, w.reverts || effect == memory.Revert
		if effect == memory.Late || effect == memory.Revert {
			w.unrest = 6
		}
	}
	return effect
}

// stranger is somebody else who spends an attempt. What he spends is no attempt of ours, and what is left then is for both.
const stranger memory.Effect = "a stranger fails to log in"

// sparing is the ledger of a world, which notes an attempt of ours that left the device too few.
type sparing struct {
	ledgerOf
	*world
}

func (s sparing) Settle(ctx context.Context, c providers.Charge, r providers.AttemptResult) error {
	if !r.Accepted && r.Remaining != providers.RemainingUnknown && r.Remaining < ledger.Reserve && r.Lock == 0 {
		s.exposed = cmp.Or(s.exposed, fmt.Sprintf("one of the last attempts was spent, and %d are left", r.Remaining))
	}
	return s.ledgerOf.Settle(ctx, c, r)
}

// atWrites is what can become of a request that changes something, other than what happens to passwords of others, which
// nobody notices who does not log in with them.
var atWrites = slices.Clip([]memory.Effect{
	"", memory.DropRequest, memory.DropReply, memory.Lie, memory.ErrorButApplied, memory.Busy, memory.Reject, memory.Restart,
	memory.Lock, memory.Swap,
})

// ownPath is where the account lies that camform logs in with.
const ownPath = usersPath + "/1"

// durable decides what becomes of a write to the disk. A process that falls asleep between asking the device how many
// attempts are left and making one is beyond what a ledger can know; others may fall asleep anywhere.
func (w *world) durable(write func() error) error { return w.written(write, 5) }

func (w *world) accounted(write func() error) error { return w.written(write, 4) }

func (w *world) written(write func() error, faults int) error {
	w.crashHere("before a write to the disk")
	if w.mayFail() {
		switch w.choices.pick(faults) {
		case 1:
			w.left.faults--
			w.note("the disk is full")
			return state.ErrFull
		case 2:
			w.left.faults--
			w.note("the clock jumps back")
			w.skew -= 10 * time.Hour
		case 3:
			w.left.faults--
			w.note("the clock jumps forward")
			w.skew += 10 * time.Hour
		case 4:
			w.left.faults--
			w.note("asleep, while another process does it all")
			w.another()
		}
	}
	err := write()
	w.crashHere("after a write to the disk")
	return err
}

// another lets a second process do everything while the first one sleeps.
func (w *world) another() {
	w.second = true
	w.clock = w.clock.Add(2 * state.LeaseTime)
	w.cycle("second")
	w.second = false
}

// run is one start of camform: it recovers, plans and applies. It reports whether there was anything to do.
func (w *world) run() bool {
	w.runs++
	w.note("run %d", w.runs)
	w.remember(w.camera)
	if w.recorder != nil {
		w.remember(w.recorder)
	}
	defer w.judge()
	return w.cycle(fmt.Sprint("run-", w.runs))
}

func (w *world) cycle(run string) bool {
	o := w.options(run)
	recovered, err := apply.Recover(context.Background(), []plan.Device{w.planned(nil), w.plannedRecorder(nil)}, o)
	if err != nil {
		return true
	}
	if w.look() {
		return true
	}
	devices := w.plan()
	if len(devices) == 0 {
		return len(recovered) > 0
	}
	r := apply.Run(context.Background(), context.Background(), &plan.Plan{Devices: devices}, o)
	for _, d := range r.Devices {
		w.note("%s: %s %s", d.Address, d.Result, d.Detail)
		for _, s := range d.Steps {
			w.note("  %s: %s %s", s.Address, s.Result, s.Detail)
		}
	}
	return true
}

// look logs in as a plan does, and notes if the camera refuses what the vault calls current. It reports whether nothing can be
// planned. Where the camera does nothing by itself, that would find nothing.
func (w *world) look() bool {
	d := w.planned(nil)
	doubtful, _ := w.disk.Doubtful(context.Background())
	if doubtful[d.Access.Managed] || w.unrest == 0 {
		return false
	}
	target, err := w.options("plan").Target(d)
	if err != nil {
		panic(err)
	}
	session := w.fleet.Provider().OpenReader(target)
	defer session.Close()
	_, err = session.Identify(context.Background())
	versions, _ := w.disk.Versions(context.Background(), d.Access.Managed)
	live, ok := rotate.Live(versions)
	if !ok || !rotate.Refused(err) {
		return err != nil // the one who plans comes again
	}
	w.note("the camera refuses what the vault calls current")
	_ = w.disk.durable(func() error { w.disk.tried(live.Name, live.Version); return nil })
	return true
}

func (w *world) options(run string) apply.Options {
	return apply.Options{
		Provider: w.fleet.Provider(), Store: w.disk, Vault: w, Sealer: open{}, Run: run, Parallelism: graph.Parallelism{Total: 1},
		Event:  func(report.Event) {},
		Sleep:  func(_ context.Context, d time.Duration) error { w.clock = w.clock.Add(d); return nil },
		Secret: w.secret,
		Target: func(d plan.Device) (providers.Target, error) {
			u, _ := url.Parse(d.Access.URL)
			text := map[schema.Device]string{cameraAddress: "admin-1", recorderAddress: "recorder-1"}[d.Address]
			if live, err := w.live(d.Access.Managed); err == nil {
				text = live
			}
			return providers.Target{
				Device: d.Address, URL: u, Login: providers.Credential{Username: d.Access.Username, Password: schema.NewSecret(text)},
				Trust: providers.Trust{Mode: providers.TrustPin}, Ledger: sparing{ledgerOf{w.disk}, w}, Pin: w.pins[d.Address],
			}, nil
		},
	}
}

func (w *world) secret(origin string) (schema.Secret, error) {
	text, err := w.live(strings.TrimPrefix(origin, "vault:"))
	return schema.NewSecret(text), err
}

func (w *world) live(name string) (string, error) {
	versions, _ := w.disk.Versions(context.Background(), name)
	for _, v := range versions {
		if v.Status == state.SecretLive {
			return string(v.Sealed), nil
		}
	}
	return "", fmt.Errorf("the vault has no %s", name)
}

// Propose makes a password that was never there.
func (w *world) Propose(_ context.Context, _, account string, _ plan.Generate) (schema.Secret, []byte, error) {
	w.made++
	text := fmt.Sprintf("%s-new-%d", account, w.made)
	return schema.NewSecret(text), []byte(text), nil
}

// Keep hides nothing.
func (w *world) Keep(_ string, secret schema.Secret) ([]byte, error) {
	return []byte(secret.Reveal()), nil
}

// open is a sealer that hides nothing.
type open struct{}

func (open) Seal(text []byte) ([]byte, error)     { return text, nil }
func (open) Unseal(sealed []byte) ([]byte, error) { return sealed, nil }

// Open reads a version.
func (w *world) Open(s state.SecretVersion) (schema.Secret, error) {
	return schema.NewSecret(string(s.Sealed)), nil
}

func (w *world) planned(steps []plan.Step) plan.Device {
	identity := w.camera.Identity()
	return plan.Device{
		Address: cameraAddress, Identity: identity, Steps: steps,
		Access: plan.Access{URL: "https://192.0.2.1:443", Username: "admin", Managed: credential.Name(cameraAddress, "admin")},
	}
}

func (w *world) plannedRecorder(steps []plan.Step) plan.Device {
	d := plan.Device{
		Address: recorderAddress, Steps: steps,
		Access: plan.Access{URL: "https://192.0.2.2:443", Username: "admin", Password: plan.SecretSource{Origin: "env:RECORDER"}},
	}
	if w.recorder != nil {
		d.Identity = w.recorder.Identity()
	}
	return d
}

// plan is what is to be done on which devices.
func (w *world) plan() []plan.Device {
	var devices []plan.Device
	steps := w.steps()
	doubtful, _ := w.disk.Doubtful(context.Background())
	if doubtful[w.planned(nil).Access.Managed] {
		steps = nil // a plan leaves such a device alone
	}
	if len(steps) > 0 {
		devices = append(devices, w.planned(steps))
	}
	rotates := slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Address.Key == "operator" })
	if step, ok := w.following(rotates); ok {
		devices = append(devices, w.plannedRecorder([]plan.Step{step}))
	}
	return devices
}

// following is the step that tells the recorder the password of the camera, if it is needed.
func (w *world) following(rotates bool) (plan.Step, bool) {
	if w.recorder == nil {
		return plan.Step{}, false
	}
	name := credential.Name(cameraAddress, "operator")
	live, _ := w.live(name)
	secret := plan.SecretSource{Origin: credential.Origin(name), Fingerprint: w.disk.Fingerprint(follower, "code", schema.NewSecret(live))}
	if rotates {
		secret = plan.SecretSource{Origin: secret.Origin, Follows: schema.Setting{Device: cameraAddress, Kind: "user", Key: "operator"}.String()}
	} else if w.disk.settings[follower].Fingerprints["code"] == secret.Fingerprint {
		return plan.Step{}, false
	}
	kind := w.fleet.Provider().Kinds().Lookup("cloud")
	return plan.Step{
		Address: follower, Action: plan.Update, Before: object(kind, nil), After: object(kind, nil),
		Secrets: map[string]plan.SecretSource{"code": secret}, Why: []plan.Why{{Attribute: "code", Cause: plan.CauseConfig}},
	}, true
}

// steps are what a plan would have: everything of the scenario that is not so yet.
func (w *world) steps() []plan.Step {
	kinds := w.fleet.Provider().Kinds()
	var steps []plan.Step
	if w.settings && w.read(timePath, "", "zone") != "CST-8:00:00" {
		kind := kinds.Lookup("time")
		before := object(kind, map[string]cty.Value{"zone": cty.StringVal(w.read(timePath, "", "zone"))})
		after := object(kind, map[string]cty.Value{"zone": cty.StringVal("CST-8:00:00")})
		steps = append(steps, plan.Step{
			Address: schema.Setting{Device: cameraAddress, Kind: "time"}, Action: plan.Update, Before: before, After: after,
			Why: []plan.Why{{Attribute: "zone", Cause: plan.CauseConfig}},
		})
	}
	if step, ok := w.filtering(); ok {
		steps = append(steps, step)
	}
	if name := w.read(namePath, "", "name"); w.named && name != newName {
		kind := kinds.Lookup("system")
		steps = append(steps, plan.Step{
			Address: schema.Setting{Device: cameraAddress, Kind: "system"}, Action: plan.Update, Why: []plan.Why{{Attribute: "name", Cause: plan.CauseConfig}},
			Before: object(kind, map[string]cty.Value{"name": cty.StringVal(name)}), After: object(kind, map[string]cty.Value{"name": cty.StringVal(newName)}),
		})
	}
	for _, account := range []string{"guest", "operator", "admin"} {
		wanted := map[string]bool{"guest": w.create, "operator": w.operator, "admin": w.own}[account]
		if wanted && !w.fresh(account) {
			steps = append(steps, w.rotation(kinds.Lookup("user"), account))
		}
	}
	return plan.Order(steps, kinds)
}

// The documents of a device in memory.
const (
	timePath   = "/time"
	usersPath  = "/users"
	filterPath = "/filter"
	namePath   = "/system"
)

// The names of the camera: the one that it has, and the one that it gets.
const (
	oldName = "old"
	newName = "new"
)

// The lists of the filter: one that is on has the old one, and a device that cuts a list has room for that.
var (
	oldList = []string{memory.Source, "198.51.100.1"}
	newList = []string{memory.Source, "198.51.100.2", "198.51.100.3"}
)

// filtering is the step about the filter, as a plan stages it, if there is one.
func (w *world) filtering() (plan.Step, bool) {
	if !w.filter && !w.listed {
		return plan.Step{}, false
	}
	on, list := w.filterNow()
	if on && sameTexts(list, newList) {
		return plan.Step{}, false
	}
	kind := w.fleet.Provider().Kinds().Lookup("filter")
	value := func(on bool, list []string) cty.Value {
		values := map[string]cty.Value{"enabled": cty.BoolVal(on), "addresses": cty.SetValEmpty(cty.String)}
		if len(list) > 0 {
			values["addresses"] = textSet(list)
		}
		return object(kind, values)
	}
	step := plan.Step{
		Address: schema.Setting{Device: cameraAddress, Kind: "filter"}, Action: plan.Update, Before: value(on, list), After: value(true, newList),
		Why: []plan.Why{{Attribute: "enabled", Cause: plan.CauseConfig}, {Attribute: "addresses", Cause: plan.CauseConfig}},
	}
	both := slices.Concat(list, newList)
	switch {
	case !on && !sameTexts(list, newList):
		step.Stage = value(false, newList)
	case on && !sameTexts(both, list) && !sameTexts(both, newList):
		step.Stage = value(true, both)
	}
	return step, true
}

func textSet(texts []string) cty.Value {
	var values []cty.Value
	for _, text := range texts {
		values = append(values, cty.StringVal(text))
	}
	return cty.SetVal(values)
}

func sameTexts(a, b []string) bool {
	has := func(list []string) func(string) bool {
		return func(text string) bool { return !slices.Contains(list, text) }
	}
	return !slices.ContainsFunc(a, has(b)) && !slices.ContainsFunc(b, has(a))
}

// filterNow is the filter of the camera.
func (w *world) filterNow() (on bool, list []string) {
	var doc struct {
		Items map[string]struct {
			Enabled   bool
			Addresses []string
		}
	}
	if err := json.Unmarshal([]byte(w.camera.Document(filterPath)), &doc); err != nil {
		panic(err)
	}
	return doc.Items[""].Enabled, doc.Items[""].Addresses
}

// lookAtFilter notes a filter that counts with a list that is neither whole nor has all that was in force before.
func (w *world) lookAtFilter() {
	text := w.camera.Document(filterPath)
	if text == w.seen {
		return
	}
	w.seen = text
	on, list := w.filterNow()
	w.held = max(w.held, len(list))
	lacks := func(text string) bool { return !slices.Contains(list, text) }
	if on && slices.ContainsFunc(newList, lacks) && (!w.listed || slices.ContainsFunc(oldList, lacks)) {
		w.exposed = fmt.Sprintf("the filter was on with %q", list)
	}
}

// read is a text in a document of the camera; empty if it is not there.
func (w *world) read(path, key, attribute string) string {
	return w.readOf(w.camera, path, key, attribute)
}

func (w *world) must(name string) string {
	live, err := w.live(name)
	if err != nil {
		panic(err)
	}
	return live
}

func (*world) readOf(d *memory.Device, path, key, attribute string) string {
	document := d.Document(path)
	items, ok := readBefore.Load(document)
	if !ok {
		var doc struct{ Items map[string]map[string]any }
		if err := json.Unmarshal([]byte(document), &doc); err != nil {
			panic(err)
		}
		items, _ = readBefore.LoadOrStore(document, doc.Items)
	}
	text, _ := items.(map[string]map[string]any)[key][attribute].(string)
	return text
}

// readBefore are the items of documents, by their texts: a million histories have a few dozen of them.
var readBefore sync.Map

// fresh reports whether an account has a password that camform made, according to the state.
func (w *world) fresh(account string) bool {
	live, err := w.live(credential.Name(cameraAddress, account))
	address := schema.Setting{Device: cameraAddress, Kind: "user", Key: account}
	has := account == "admin" || w.disk.settings[address].Fingerprints["password"] == w.disk.Fingerprint(address, "password", schema.NewSecret(live))
	return err == nil && has && strings.Contains(live, "-new-")
}

func (w *world) rotation(kind *schema.Kind, account string) plan.Step {
	name := credential.Name(cameraAddress, account)
	versions, _ := w.disk.Versions(context.Background(), name)
	replaces := 0
	for _, v := range versions {
		if v.Status == state.SecretLive {
			replaces = v.Version
		}
	}
	step := plan.Step{
		Address: schema.Setting{Device: cameraAddress, Kind: "user", Key: account}, Action: plan.Update,
		After: object(kind, nil),
		Why:   []plan.Why{{Attribute: "password", Cause: plan.CauseConfig}},
		Secrets: map[string]plan.SecretSource{"password": {
			Origin: credential.Origin(name), Generate: &plan.Generate{Replaces: replaces, Own: account == "admin", Reason: "due"},
		}},
	}
	if level := w.read(usersPath, account, "level"); level != "" {
		step.Before = object(kind, map[string]cty.Value{"level": cty.StringVal(level)})
	} else {
		step.Action, step.Before = plan.Create, kind.Null()
		step.After = object(kind, map[string]cty.Value{"level": cty.StringVal("Viewer")})
	}
	return step
}

// object is a setting of a kind in which everything else is null.
func object(kind *schema.Kind, values map[string]cty.Value) cty.Value {
	all := map[string]cty.Value{}
	for _, a := range kind.Attributes {
		all[a.Name] = cty.NullVal(a.Type)
		if v, ok := values[a.Name]; ok {
			all[a.Name] = a.Conceal(v)
		}
	}
	return cty.ObjectVal(all)
}

// wrong says what of the promises does not hold in the end; empty if all do.
func (w *world) wrong() string {
	if w.camera.Locks() > 0 {
		return "the camera locked itself"
	}
	if w.exposed != "" {
		return w.exposed
	}
	intents, _ := w.disk.AllOpenIntents(context.Background())
	doubtful, _ := w.disk.Doubtful(context.Background())
	if len(intents) > 0 || len(doubtful) > 0 {
		return fmt.Sprintf("still open: %d intents, doubtful: %v", len(intents), doubtful)
	}
	for _, account := range w.accounts() {
		live, err := w.live(credential.Name(cameraAddress, account))
		if err != nil || !w.accepts(account, live) {
			return fmt.Sprintf("the vault says %q of %s (%v), and the camera does not accept it", live, account, err)
		}
	}
	if len(w.plan()) > 0 {
		return "not converged"
	}
	if back := w.putBack(); back > w.garbled {
		return fmt.Sprintf("old values were put back %d times, and lost %d times", back, w.garbled)
	}
	if w.recorder != nil && w.readOf(w.recorder, "/cloud", "", "code") != w.must(credential.Name(cameraAddress, "operator")) {
		return "the recorder does not have the password of the camera"
	}
	if written, versions := w.passwordsWritten(), w.versions(); written > versions {
		return fmt.Sprintf("%d writes of passwords, and %d passwords", written, versions)
	}
	return ""
}

// accounts are those of the camera that have a password of the vault in the end.
func (w *world) accounts() []string {
	return slices.DeleteFunc([]string{"admin", "operator", "guest"}, func(account string) bool {
		managed := map[string]bool{"operator": w.operator, "admin": w.own, "guest": true}[account]
		return account == "guest" && !w.create || w.unmanaged && !managed
	})
}

// judge notes if the vault is certain of a password that the camera does not have, after a run that came to its end. Where the
// camera does something by itself later, nobody can know.
func (w *world) judge() {
	if w.swapped || w.reverts || w.unrest > 0 {
		return
	}
	doubtful, _ := w.disk.Doubtful(context.Background())
	for _, account := range w.accounts() {
		name := credential.Name(cameraAddress, account)
		if live, err := w.live(name); err == nil && !doubtful[name] && !w.camera.Accepts(account, live) {
			w.exposed = cmp.Or(w.exposed, fmt.Sprintf("after run %d the vault is certain of %q for %s, and the camera has another", w.runs, live, account))
		}
	}
}

// accepts reports whether the camera accepts a password, by logging in.
func (w *world) accepts(account, text string) bool {
	w.clock, w.quiet = w.clock.Add(time.Hour), true
	target := w.camera.Target()
	target.Login = providers.Credential{Username: account, Password: schema.NewSecret(text)}
	session := w.fleet.Provider().Open(target)
	_, err := session.Identify(context.Background())
	return err == nil
}

func (w *world) versions() int {
	return len(slices.DeleteFunc(slices.Clone(w.disk.secrets), func(s state.SecretVersion) bool { return s.Sent.IsZero() }))
}

// putBack is how often old values were put back, or tried to be.
func (w *world) putBack() int {
	return len(slices.DeleteFunc(slices.Clone(w.disk.intents), func(in state.Intent) bool { return !in.PutsBack() }))
}

func (w *world) passwordsWritten() int {
	n := 0
	for _, e := range w.camera.Log() {
		if e.Kind == memory.Written && strings.HasPrefix(e.Path, "/users") {
			n++
		}
	}
	return n
}
