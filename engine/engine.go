package engine

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"camform/engine/apply"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/graph"
	"camform/engine/guard"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Engine does the work of the commands. All fields must be set but Trace.
type Engine struct {
	Provider providers.Provider
	Store    *state.Store
	Secret   func(origin string) (string, error) // reads a secret from its origin

	Passwords apply.Vault  // makes and reads managed passwords
	Sealer    apply.Sealer // makes what is kept of devices unreadable for others; nil for the key of the state

	Limits  graph.Limits
	Event   func(report.Event) // told what happens, from several goroutines
	Trace   providers.Trace    // told each exchange with a device, without secrets
	Now     func() time.Time
	Version string // of camform, for plans
	Author  string // who makes plans, as approvals know people
}

// Planned is a plan together with what it was made from.
type Planned struct {
	Plan      *plan.Plan
	Snapshots map[schema.Device]*live.Snapshot
}

// Plan reads the devices of a configuration and finds what is to be done. Targets restrict it to some devices and
// settings; none means all. It changes nothing on any device: its sessions have no method that could.
//
// The plan is complete as far as the devices could be read; the problems say what was refused, and with an error among
// them the plan must not be applied.
func (e *Engine) Plan(ctx context.Context, cfg *config.Config, targets []schema.Setting) (*Planned, diag.Problems) {
	return e.plan(ctx, cfg, aim{
		devices: targeted(cfg.Devices, targets),
		covers:  func(s schema.Setting) bool { return covered(targets, s) },
		asked:   nobodyAsked,
	})
}

// aim is what a plan is about.
type aim struct {
	devices []*config.Device          // with the settings that it looks at
	covers  func(schema.Setting) bool // whether it looks at a setting that is only remembered
	asked   func(schema.Setting) bool // whether somebody asked for a new password of an account
}

func (e *Engine) plan(ctx context.Context, cfg *config.Config, at aim) (*Planned, diag.Problems) {
	devices := at.devices
	memories, err := e.memories(ctx, devices, at.covers)
	if err != nil {
		return nil, diag.Problems{diag.FromError(err, "state-unreadable", "State cannot be read")}
	}
	known, err := e.credentials(ctx, at.asked)
	if err != nil {
		return nil, diag.Problems{diag.FromError(err, "state-unreadable", "State cannot be read")}
	}
	requests, problems := e.requests(ctx, devices, memories, known)
	if problems.HasErrors() {
		return nil, problems
	}
	snapshots := live.Refresh(ctx, requests, live.Options{
		Open: e.Provider.OpenReader, Interpreter: e.Provider, Limits: e.Limits, Cache: capabilityCache{e.Store}, Event: e.Event,
	})
	problems = append(problems, e.remember(ctx, requests, snapshots)...)
	problems = append(problems, e.doubt(ctx, devices, snapshots, known)...)
	problems = append(problems, twins(snapshots)...)
	p := e.emptyPlan(cfg)
	p.Outputs = outputs(cfg.Outputs)
	planned := &Planned{Plan: p, Snapshots: make(map[schema.Device]*live.Snapshot, len(snapshots))}
	for i, device := range devices {
		planned.Snapshots[device.Address] = snapshots[i]
		if snapshots[i].Err != nil {
			known.hold(device, diff.Unread(device, snapshots[i]).Problem)
		}
	}
	p.Devices = make([]plan.Device, len(devices))
	found := make([]diag.Problems, len(devices))
	compare := func(i int) {
		p.Devices[i], found[i] = e.compare(devices[i], snapshots[i], memories[devices[i].Address], e.rules(known))
	}
	for i := range devices {
		compare(i)
		known.lead(p.Devices[i])
	}
	for i, device := range devices {
		if known.follows(device) {
			compare(i)
		}
	}
	users, told := usersOf(cfg.Devices), told(p.Devices)
	for i, device := range devices {
		p.Devices[i].Ways = waysTo(device, users)
		for j, w := range p.Devices[i].Ways {
			p.Devices[i].Ways[j].Told = told[w.Who]
		}
		problems = append(problems, e.prove(device, &p.Devices[i])...)
		problems = append(problems, found[i]...)
	}
	return planned, problems
}

// approvals are those of a configuration, as a plan has them.
func approvals(declared *config.Approvals) *plan.Approvals {
	if declared == nil {
		return nil
	}
	return &plan.Approvals{Required: declared.Required, For: declared.For, Signers: declared.Signers}
}

// compare finds what is to be done on one device, and what it would not take. It is pure.
func (e *Engine) compare(
	device *config.Device, snap *live.Snapshot, last map[schema.Setting]diff.Memory, rules diff.Rules,
) (plan.Device, diag.Problems) {
	if snap.Err != nil {
		return diff.Unread(device, snap), nil
	}
	found := diff.Compare(device, snap, last, rules)
	d, refusals := diff.Plan(device, snap, found, e.Provider.Kinds(), e.Provider.Check)
	var problems diag.Problems
	for _, r := range refusals {
		problems = append(problems, refused(r))
	}
	return d, problems
}

// prove puts the steps of a device into an order in which the ways in stay open. Problems have the place in the
// configuration.
func (e *Engine) prove(device *config.Device, d *plan.Device) (problems diag.Problems) {
	d.Steps, problems = guard.ProveOrder(*d, e.Provider.Kinds())
	for i, p := range problems {
		if j := slices.IndexFunc(device.Settings, func(s *config.Setting) bool { return s.Address == p.Address }); j >= 0 {
			problems[i].Subject = &device.Settings[j].Range
		}
	}
	return problems
}

// Drift is Plan, reduced to what somebody changed on the devices since it was last applied.
func (e *Engine) Drift(ctx context.Context, cfg *config.Config, targets []schema.Setting) (*Planned, diag.Problems) {
	planned, problems := e.Plan(ctx, cfg, targets)
	if planned == nil {
		return nil, problems
	}
	for i, d := range planned.Plan.Devices {
		planned.Plan.Devices[i] = diff.Drifted(d)
	}
	aboutSteps := []string{refusedCode, guard.Code, guard.UntoldCode}
	return planned, slices.DeleteFunc(problems, func(p diag.Problem) bool { return slices.Contains(aboutSteps, p.Code) })
}

// Recover closes what an earlier run left open on devices; see apply.Recover. Call it before Plan where the plan is to
// be applied.
func (e *Engine) Recover(ctx context.Context, devices []plan.Device, run string) ([]report.Device, error) {
	return apply.Recover(ctx, devices, e.applying(ctx, run))
}

// Accesses are the devices of a configuration as far as Recover needs them.
func Accesses(devices []*config.Device) []plan.Device {
	accesses := make([]plan.Device, len(devices))
	for i, d := range devices {
		accesses[i] = plan.Device{Address: d.Address, Access: diff.AccessOf(d)}
	}
	return accesses
}

// Prove returns the steps of a plan that would close the way in to a device, as problems. Plan did so already; a plan from
// a file is proven again before it is applied.
func Prove(p *plan.Plan) diag.Problems {
	var problems diag.Problems
	for _, d := range p.Devices {
		problems = append(problems, guard.Prove(d)...)
	}
	return problems
}

// Apply carries out a plan. Once stop is done no further step is begun; once ctx is done requests are cut off.
func (e *Engine) Apply(ctx, stop context.Context, p *plan.Plan, run string) *report.Report {
	return apply.Run(ctx, stop, p, e.applying(ctx, run))
}

func (e *Engine) applying(ctx context.Context, run string) apply.Options {
	return apply.Options{
		Provider: e.Provider, Store: e.Store, Vault: e.Passwords, Sealer: e.sealer(), Run: run, Limits: e.Limits,
		Secret: e.Secret, Event: e.Event, Sleep: sleep,
		Target: func(d plan.Device) (providers.Target, error) { return e.target(ctx, d.Address, d.Access) },
	}
}

// sealer makes what is kept of devices unreadable for others.
func (e *Engine) sealer() apply.Sealer {
	if e.Sealer == nil {
		return e.Store
	}
	return e.Sealer
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// memories is what the state remembers of the settings of devices, as far as a plan looks at them.
func (e *Engine) memories(ctx context.Context, devices []*config.Device, covers func(schema.Setting) bool) (map[schema.Device]map[schema.Setting]diff.Memory, error) {
	all := make(map[schema.Device]map[schema.Setting]diff.Memory, len(devices))
	for _, device := range devices {
		all[device.Address] = map[schema.Setting]diff.Memory{}
	}
	for row, err := range e.Store.AllSettings(ctx) {
		if err != nil {
			return nil, err
		}
		kind := e.Provider.Kinds().Lookup(row.Address.Kind)
		memories := all[row.Address.Device]
		if memories == nil || kind == nil || !covers(row.Address) {
			continue // a kind that this camform does not have stays in the state
		}
		if memories[row.Address], err = apply.Remembered(kind, row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// requests says what to read from each device: the kinds that are declared, exclusive or remembered.
func (e *Engine) requests(
	ctx context.Context, devices []*config.Device, memories map[schema.Device]map[schema.Setting]diff.Memory, known credentials,
) ([]live.Request, diag.Problems) {
	var problems diag.Problems
	requests := make([]live.Request, len(devices))
	for i, device := range devices {
		names := slices.Clone(device.Exclusive)
		for _, s := range device.Settings {
			names = append(names, s.Address.Kind)
		}
		for address := range memories[device.Address] {
			names = append(names, address.Kind)
		}
		access := diff.AccessOf(device)
		if why := known.blocked(access); why != nil {
			requests[i] = live.Request{Target: providers.Target{Device: device.Address, URL: device.URL}, Site: device.Site, Blocked: why}
			continue
		}
		target, err := e.target(ctx, device.Address, access)
		if err != nil {
			p := diag.FromError(err, "device-not-usable", "Device cannot be used")
			p.Address, p.Subject = schema.Setting{Device: device.Address}, &device.Login.Range
			problems = append(problems, p)
		}
		requests[i] = live.Request{
			Target: target, Site: device.Site,
			Wants: live.Wants{Kinds: live.KindsOf(e.Provider.Kinds(), names), Keys: keysOf(device, memories[device.Address])},
		}
	}
	return requests, problems
}

// keysOf are the items of a device that are declared or remembered, by kind.
func keysOf(device *config.Device, memories map[schema.Setting]diff.Memory) map[string][]string {
	keys := map[string][]string{}
	add := func(address schema.Setting) {
		if !slices.Contains(keys[address.Kind], address.Key) {
			keys[address.Kind] = append(keys[address.Kind], address.Key)
		}
	}
	for _, s := range device.Settings {
		add(s.Address)
	}
	for _, address := range slices.SortedFunc(maps.Keys(memories), schema.Setting.Compare) {
		add(address)
	}
	return keys
}

// target is how to reach a device, with what is known of it from earlier runs.
func (e *Engine) target(ctx context.Context, device schema.Device, access plan.Access) (providers.Target, error) {
	u, err := url.Parse(access.URL)
	if err != nil {
		return providers.Target{}, err
	}
	password, err := e.password(ctx, access)
	if err != nil {
		return providers.Target{}, err
	}
	known, _, err := e.Store.Device(ctx, device)
	if err != nil {
		return providers.Target{}, err
	}
	mode := providers.TrustPin
	if access.Verify {
		mode = providers.TrustVerify
	}
	return providers.Target{
		Device: device, URL: u,
		Login: providers.Credential{Username: access.Username, Password: providers.NewPassword(password)},
		Pin:   known.Pin, Want: access.Want, Basic: access.Basic,
		Trust:  providers.Trust{Mode: mode, CAFile: access.CAFile, Legacy: access.Legacy},
		Ledger: e.Store, Trace: e.Trace,
	}, nil
}

// remember keeps who answered, so that another device is noticed the next time. The store writes together what comes at
// the same time.
func (e *Engine) remember(ctx context.Context, requests []live.Request, snapshots []*live.Snapshot) diag.Problems {
	var group errgroup.Group
	group.SetLimit(savers)
	for i, s := range snapshots {
		if s.Err != nil {
			continue
		}
		group.Go(func() error {
			return e.Store.SaveSeen(ctx, state.Device{
				Address: s.Device, Endpoint: requests[i].Target.URL.Host, Identity: s.Identity, Pin: s.Pin,
			})
		})
	}
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return diag.Problems{diag.FromError(err, "state-unwritable", "State cannot be written")}
	}
	return nil
}

// savers bounds how many writes wait for the store at the same time.
const savers = 256

// twins finds devices that answer with the same serial number: either one device is declared twice, or one of them is
// not what it says it is.
func twins(snapshots []*live.Snapshot) diag.Problems {
	first := map[string]schema.Device{}
	var problems diag.Problems
	for _, s := range snapshots {
		if s.Err != nil || s.Identity.Serial == "" {
			continue
		}
		other, ok := first[s.Identity.Serial]
		if !ok {
			first[s.Identity.Serial] = s.Device
			continue
		}
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: "same-serial-number", Summary: "Two devices with one serial number",
			Detail: fmt.Sprintf("%s answers with the serial number %s, and so does %s. Is one device declared under two addresses?",
				s.Device, diag.Quote(s.Identity.Serial), other),
			Address: schema.Setting{Device: s.Device},
		})
	}
	return problems
}

const refusedCode = "value-not-accepted"

func refused(r diff.Refusal) diag.Problem {
	p := diag.Problem{
		Severity: diag.Error, Code: refusedCode, Summary: "Value not accepted by the device",
		Detail: r.Detail, Address: r.Address, Subject: &r.Want.Range,
	}
	if a, ok := r.Want.Attributes[r.Attribute]; ok {
		p.Subject = &a.Range
	}
	return p
}

func outputs(declared []config.Output) []plan.Output {
	var all []plan.Output
	for _, o := range declared {
		out := plan.Output{Name: o.Name, Sensitive: o.Sensitive, Value: cty.NullVal(cty.DynamicPseudoType)}
		if !o.Sensitive {
			out.Value = o.Value
		}
		all = append(all, out)
	}
	return all
}

// targeted are the devices that targets name, reduced to the settings that they name. Exclusive kinds go by whole devices:
// a target that names a setting looks at nothing else. A device stays if none of the named settings is declared, since one
// may be remembered.
func targeted(devices []*config.Device, targets []schema.Setting) []*config.Device {
	if len(targets) == 0 {
		return devices
	}
	var some []*config.Device
	for _, device := range devices {
		reduced := *device
		reduced.Settings = slices.DeleteFunc(slices.Clone(device.Settings), func(s *config.Setting) bool {
			return !covered(targets, s.Address)
		})
		naming := slices.DeleteFunc(slices.Clone(targets), func(t schema.Setting) bool {
			return !t.Covers(schema.Setting{Device: device.Address, Kind: t.Kind, Key: t.Key})
		})
		if !slices.ContainsFunc(naming, func(t schema.Setting) bool { return t.Kind == "" }) {
			reduced.Exclusive = nil
		}
		if len(naming) > 0 {
			some = append(some, &reduced)
		}
	}
	return some
}

// covered reports whether targets name an address. No targets name every one.
func covered(targets []schema.Setting, address schema.Setting) bool {
	return len(targets) == 0 || slices.ContainsFunc(targets, func(t schema.Setting) bool { return t.Covers(address) })
}

// capabilityCache keeps documents that give limits in the state.
type capabilityCache struct{ store *state.Store }

func (c capabilityCache) Lookup(model, firmware, path string) (providers.Document, bool) {
	body, missing, ok, err := c.store.Capability(context.Background(), model, firmware, path)
	return providers.Document{Path: path, Body: body, Missing: missing}, ok && err == nil
}

func (c capabilityCache) Store(model, firmware string, doc providers.Document) {
	// A cache that cannot be written costs requests in later runs, nothing else.
	_ = c.store.SaveCapability(context.Background(), model, firmware, doc.Path, doc.Body, doc.Missing)
}
