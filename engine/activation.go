package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/engine/apply"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// newcomers are the devices of a survey that may have no password yet, with what is known of others.
type newcomers struct {
	judge
	found  *survey
	claims apply.Claims
}

// searched adds to a survey what devices answer to a search, of those that do not answer at their addresses and may be activated
// that way: new ones with a hardware address, where allow_unproven lets it. A device that two claim to be is left alone, and reported.
func (n newcomers) searched(ctx context.Context, finder providers.Finder, event func(report.Event)) error {
	var waiting []int
	for i, device := range n.found.devices {
		snap := n.found.snapshots[i]
		if !n.found.isNew(i) || !errors.Is(snap.Err, providers.ErrUnreachable) {
			continue
		}
		if lacks := lacksForSearch(device); lacks != "" {
			snap.Err = fmt.Errorf("%s; if it is new, camform cannot search for it, because its block lacks %s: %w", providers.Reason(snap.Err), lacks, providers.ErrUnreachable)
			continue
		}
		waiting = append(waiting, i)
	}
	if len(waiting) == 0 {
		return nil
	}
	begun := time.Now()
	event(report.Event{Kind: report.StageStarted, Stage: report.Search, Total: len(waiting)})
	for _, i := range waiting {
		event(report.Event{Kind: report.DeviceStarted, Stage: report.Search, Device: n.found.devices[i].Address})
	}
	heard, err := finder.Find(ctx)
	for _, i := range waiting {
		n.answered(i, heard)
		done := report.Event{Kind: report.DeviceDone, Stage: report.Search, Device: n.found.devices[i].Address, Result: report.Done, Elapsed: time.Since(begun)}
		if snap := n.found.snapshots[i]; snap.Activation == nil {
			done.Result, done.Detail = live.ResultOf(snap.Err), providers.Reason(snap.Err)
		}
		event(done)
	}
	event(report.Event{Kind: report.StageDone, Stage: report.Search, Elapsed: time.Since(begun)})
	if err != nil && len(heard) == 0 {
		return fmt.Errorf("searching for new devices: %w", err)
	}
	return nil
}

// answered takes the answer of a device out of those that were heard.
func (n newcomers) answered(i int, heard []providers.Found) {
	snap, want := n.found.snapshots[i], n.found.devices[i].Identity
	var mine []providers.Found
	for _, f := range heard {
		if providers.NormalMAC(f.MAC) == providers.NormalMAC(want.MAC) || want.Serial != "" && strings.EqualFold(f.Serial, want.Serial) {
			mine = append(mine, f)
		}
	}
	switch {
	case len(mine) == 0:
		return
	case len(mine) > 1:
		snap.Err = fmt.Errorf("%d devices answer a search with its serial number or hardware address, so none of them gets a password; find out which one it is: %w",
			len(mine), providers.ErrIdentity)
		return
	}
	err := providers.Pin{}.Matches(mine[0].Identity, providers.Identity{Serial: want.Serial, MAC: want.MAC, Model: want.Model})
	switch {
	case err != nil:
		snap.Err = err
	case mine[0].Activated:
		snap.Err = fmt.Errorf("%s; it answers a search, and already has a password: %w", providers.Reason(snap.Err), providers.ErrUnreachable)
	default:
		said := providers.BySearch
		snap.Activation, snap.Err = &said, fmt.Errorf("it answers only a search, and has no password yet: %w", providers.ErrInactive)
	}
}

// newcomersOf finds out which serial numbers and hardware addresses are spoken for: of all devices of a configuration, and of those
// that the state remembers.
func newcomersOf(ctx context.Context, devices *state.Devices, cfg *config.Config, found *survey, j judge) (newcomers, error) {
	n := newcomers{j, found, apply.Claims{}}
	known, err := devices.AllDevices(ctx)
	for _, d := range cfg.Devices {
		n.claims.Add(d.Address, providers.Identity{Serial: d.Identity.Serial, MAC: d.Identity.MAC}, "is declared with")
	}
	for _, d := range known {
		n.claims.Add(d.Address, d.Identity, "answered with")
	}
	return n, err
}

// plan gives devices of a plan without a password their first one. A device that must not get one keeps its problem, with the
// reason.
func (n newcomers) plan(p *plan.Plan) {
	rules := n.rules(n.found.credentials, nobodyAsked)
	for i, device := range n.found.devices {
		said := n.found.snapshots[i].Activation
		at := slices.IndexFunc(p.Devices, func(d plan.Device) bool { return d.Address == device.Address })
		if at < 0 || !n.found.isNew(i) {
			continue
		}
		if said == nil {
			if err := n.found.snapshots[i].Err; err != nil {
				p.Devices[at].Problem, p.Devices[at].Family = live.Explain(err, device.Address), string(live.ResultOf(err))
			}
			continue
		}
		if why := n.unfit(device, *said); why != "" {
			p.Devices[at].Problem = providers.Reason(n.found.snapshots[i].Err) + "; " + why
			continue
		}
		was := p.Devices[at]
		p.Devices[at] = diff.Inactive(device, *said, rules, n.Kinds())
		p.Devices[at].Record, p.Devices[at].Ways = was.Record, was.Ways
	}
}

// unfit says why a device gets no first password from camform, and what to do; empty if nothing speaks against it.
func (n newcomers) unfit(device *config.Device, said providers.Activation) string {
	policy := device.Login.Policy
	if policy == nil {
		return "to have camform set a first password that opens nothing else, declare a credential_policy and name it as password_policy in the login block"
	}
	other := n.claims.Another(device.Address, providers.Identity{Serial: device.Identity.Serial, MAC: device.Identity.MAC})
	switch {
	case other != "":
		return other + ", so neither gets a password; correct one of the two"
	case policy.MinLength > said.MaxLen:
		return fmt.Sprintf("credential_policy.%s asks for at least %d characters, and the device accepts at most %d; change the policy", policy.Name, policy.MinLength, said.MaxLen)
	}
	return ""
}

// settler finds out what is left to do on a device that just got its first password.
type settler struct {
	judge
	store  *state.Fleet
	secret func(origin string) (schema.Secret, error)
}

// settle reads such a device, remembers who it is, and returns what its plan asks for beyond what it has, in an order in which the
// ways in stay open.
func (s settler) settle(ctx context.Context, d plan.Device, session providers.Reader) (plan.Device, error) {
	device, err := diff.Declared(d, s.Kinds(), s.secret)
	if err != nil {
		return d, err
	}
	request := live.Request{Target: providers.Target{Device: d.Address}, Wants: memory(nil).wants(s.Kinds(), device)}
	snap := live.Read(ctx, session, request, live.Options{Interpreter: s.judge, Cache: capabilityCache{s.store.Capabilities}, Event: func(report.Event) {}})
	if snap.Err != nil {
		return d, snap.Err
	}
	if err := s.store.SaveSeen(ctx, seenAs(d.Address, device.URL, snap)); err != nil {
		return d, err
	}
	known, err := readCredentials(ctx, s.store)
	if err != nil {
		return d, err
	}
	last, err := s.last(ctx, device)
	if err != nil {
		return d, err
	}
	found := diff.Compare(device, snap, last, s.rules(known, nobodyAsked))
	settled, refusals := diff.Plan(device, snap, found, s.Kinds(), s.Check, s.Enciphers)
	settled.Ways, settled.Activation = d.Ways, d.Activation
	var problems diag.Problems
	for _, r := range refusals {
		problems = append(problems, refused(r))
	}
	return settled, wrong(append(problems, s.prove(device, snap.Documents, &settled)...))
}

// last is the record of the settings that a device is declared with: an earlier run of the same plan may have made some.
func (s settler) last(ctx context.Context, device *config.Device) (map[schema.Setting]diff.Memory, error) {
	kept, err := s.store.SettingsOf(ctx, device.Address)
	if err != nil {
		return nil, err
	}
	var rows apply.Rows
	memories := map[schema.Setting]diff.Memory{}
	for _, want := range device.Settings {
		if row, ok := kept[want.Address]; ok {
			if memories[want.Address], err = rows.Remembered(want.Kind, row); err != nil {
				return nil, err
			}
		}
	}
	return memories, nil
}

// wrong is an error about the errors among problems; nil if there are none.
func wrong(problems diag.Problems) error {
	var told []string
	for _, p := range problems {
		if p.Severity == diag.Error {
			told = append(told, fmt.Sprintf("%s: %s", p.Address.Local(), strings.TrimSuffix(p.Detail, ".")))
		}
	}
	if len(told) == 0 {
		return nil
	}
	return errors.New(strings.Join(told, "; "))
}
