package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/guard"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// NotTakenBack is why a plan of Rollback leaves a setting alone: how it was before cannot be known or given back to the device.
const NotTakenBack plan.SkipReason = "not-taken-back"

// Rollback plans the way back to how devices were before a run, from the snapshots and the journal of the run. Targets
// restrict it to some devices and settings; none means all that the run changed. Like Plan it changes nothing on any device.
//
// What comes back are the settings that the run changed, and of them the attributes that it declared. What the run created
// is deleted, what it deleted is created again. Secrets never come back, since no document holds them; what cannot be taken
// back for such a reason, or since it would close the way in, is in Skipped of its device. The configuration says how to
// reach the devices, and what its lifecycle blocks protect stays as it is. A warning tells what the configuration still
// asks for, since the next apply would bring that back.
//
// The plan is an ordinary one: to be reviewed, saved and applied. With an error among the problems it must not be.
func (e *Engine) Rollback(ctx context.Context, cfg *config.Config, run string, targets []schema.Setting) (*Planned, diag.Problems) {
	pasts, err := e.pasts(ctx, run, targets)
	if err != nil {
		return nil, diag.Problems{diag.FromError(err, "state-unreadable", "State cannot be read")}
	}
	if len(pasts) == 0 {
		return nil, diag.Problems{{
			Severity: diag.Error, Code: "nothing-to-roll-back", Summary: "Nothing to take back",
			Detail: fmt.Sprintf("Nothing is remembered that the run %s changed there. camform state runs lists the runs.", diag.Quote(run)),
		}}
	}
	devices, problems := reachable(cfg, pasts)
	known, err := e.credentials(ctx, nobodyAsked)
	if err != nil {
		return nil, diag.Problems{diag.FromError(err, "state-unreadable", "State cannot be read")}
	}
	bare, touched := bareOf(devices), touchedBy(pasts)
	requests, wrong := e.requests(ctx, bare, touched, known)
	if problems = append(problems, wrong...); problems.HasErrors() {
		return nil, problems
	}
	snapshots := live.Refresh(ctx, requests, live.Options{
		Open: e.Provider.OpenReader, Interpreter: e.Provider, Limits: e.Limits, Cache: capabilityCache{e.Store}, Event: e.Event,
	})
	problems = append(problems, e.remember(ctx, requests, snapshots)...)
	problems = append(problems, twins(snapshots)...)
	p, users := e.emptyPlan(cfg), usersOf(cfg.Devices)
	planned := &Planned{Plan: p, Snapshots: make(map[schema.Device]*live.Snapshot, len(snapshots))}
	for i, device := range devices {
		planned.Snapshots[device.Address] = snapshots[i]
		way := wayBack{Engine: e, run: run, device: device, now: snapshots[i], past: pasts[device.Address], rules: e.rules(known)}
		d, more := way.plan(waysTo(device, users))
		p.Devices = append(p.Devices, d)
		problems = append(problems, more...)
	}
	return planned, append(problems, e.stillWanted(devices, p)...)
}

// emptyPlan is a plan without devices, with what a configuration says of all plans.
func (e *Engine) emptyPlan(cfg *config.Config) *plan.Plan {
	return &plan.Plan{
		Version: e.Version, Created: e.Now().UTC().Truncate(time.Second), Schema: e.Provider.Kinds().Hash(),
		MaxUnreachable: plan.Tolerance(cfg.Settings.MaxUnreachable),
		Author:         e.Author, Limits: plan.Limits(cfg.Settings.Limits), Approvals: approvals(cfg.Settings.Approvals),
	}
}

// reachable are the devices of a configuration that have a past. Others that have one are told.
func reachable(cfg *config.Config, pasts map[schema.Device]*past) ([]*config.Device, diag.Problems) {
	var devices []*config.Device
	for _, d := range cfg.Devices {
		if pasts[d.Address] != nil {
			devices = append(devices, d)
		}
	}
	var problems diag.Problems
	for _, address := range slices.SortedFunc(maps.Keys(pasts), schema.Device.Compare) {
		if slices.ContainsFunc(devices, func(d *config.Device) bool { return d.Address == address }) {
			continue
		}
		problems = append(problems, diag.Problem{
			Severity: diag.Warning, Code: "device-not-declared", Summary: "Device not in the configuration",
			Detail: fmt.Sprintf("The run changed %s, which the configuration no longer declares, so it is not known how to reach it. It stays as it is.", address),
		})
	}
	return devices, problems
}

// bareOf are devices without any setting that is wanted.
func bareOf(devices []*config.Device) []*config.Device {
	bare := make([]*config.Device, len(devices))
	for i, d := range devices {
		bare[i] = bareDevice(d)
	}
	return bare
}

func bareDevice(d *config.Device) *config.Device {
	bare := *d
	bare.Settings, bare.Exclusive = nil, nil
	return &bare
}

// touchedBy lists the settings of each device that are to be read.
func touchedBy(pasts map[schema.Device]*past) map[schema.Device]map[schema.Setting]diff.Memory {
	all := make(map[schema.Device]map[schema.Setting]diff.Memory, len(pasts))
	for device, p := range pasts {
		all[device] = map[schema.Setting]diff.Memory{}
		for _, t := range p.touched {
			all[device][t.address] = diff.Memory{}
		}
	}
	return all
}

// wayBack plans one device.
type wayBack struct {
	*Engine
	run    string
	device *config.Device
	now    *live.Snapshot
	past   *past
	rules  diff.Rules

	want    *config.Device                 // with the settings as they were
	last    map[schema.Setting]diff.Memory // of those
	skipped []plan.Skipped
}

// plan compares the device with its past, checks what it would be given back, and proves the way in.
func (w *wayBack) plan(ways []plan.Way) (plan.Device, diag.Problems) {
	if w.now.Err != nil {
		return diff.Unread(w.device, w.now), nil
	}
	w.want, w.last = bareDevice(w.device), map[schema.Setting]diff.Memory{}
	for _, t := range w.past.touched {
		w.takeBack(t)
	}
	slices.SortFunc(w.want.Settings, func(a, b *config.Setting) int { return a.Address.Compare(b.Address) })
	d, refusals := w.compare()
	for len(refusals) > 0 {
		w.leaveOut(refusals)
		d, refusals = w.compare()
	}
	d.Ways = ways
	problems := w.prove(&d)
	d.Skipped = append(d.Skipped, w.skipped...)
	slices.SortStableFunc(d.Skipped, func(a, b plan.Skipped) int { return a.Address.Compare(b.Address) })
	return d, problems
}

// prove takes the steps out that would close the way in, so that the others can be carried out: whoever takes a run back
// may be in a hurry. The problems are those that are about no single step.
func (w *wayBack) prove(d *plan.Device) diag.Problems {
	for {
		problems := guard.Prove(*d)
		closes := func(s plan.Step) bool {
			return slices.ContainsFunc(problems, func(p diag.Problem) bool { return p.Severity == diag.Error && p.Address == s.Address })
		}
		if !slices.ContainsFunc(d.Steps, closes) {
			return problems
		}
		d.Steps = slices.DeleteFunc(d.Steps, closes)
		for _, p := range problems {
			if p.Severity != diag.Error {
				continue
			}
			w.skip(p.Address, "", NotTakenBack, "it would close the way in: "+p.Detail)
		}
	}
}

// compare is the comparison of package diff with the past in the place of the configuration.
func (w *wayBack) compare() (plan.Device, []diff.Refusal) {
	found := diff.Compare(w.want, w.now, w.last, w.rules)
	d, refusals := diff.Plan(w.want, w.now, found, w.Provider.Kinds(), w.check)
	d.Unmanaged, d.Adopted = nil, nil
	for i := range d.Steps {
		d.Steps[i].Reason = "it is taken back to how it was before run " + w.run
	}
	return d, refusals
}

// check is that of the provider, but a document is never written without a secret that it holds, whatever is allowed.
func (w *wayBack) check(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError {
	wrong := w.Provider.Check(kind, docs, key, want)
	for i := range wrong {
		wrong[i].Unproven = false
	}
	return wrong
}

// leaveOut takes out what the device, as it is now, would not take back: an attribute, or the whole setting where that is not
// about one that could be left out.
func (w *wayBack) leaveOut(refusals []diff.Refusal) {
	for _, r := range refusals {
		i := slices.IndexFunc(w.want.Settings, func(s *config.Setting) bool { return s.Address == r.Address })
		if i < 0 {
			continue // another refusal took it out already
		}
		w.skip(r.Address, r.Attribute, NotTakenBack, "the device does not take back what it had: "+r.Detail)
		s := w.want.Settings[i]
		if _, ok := s.Attributes[r.Attribute]; ok && !s.Kind.IsSecret(r.Attribute) {
			delete(s.Attributes, r.Attribute)
			continue
		}
		w.want.Settings = slices.Delete(w.want.Settings, i, i+1)
	}
}

func (w *wayBack) skip(address schema.Setting, attribute string, reason plan.SkipReason, detail string) {
	w.skipped = append(w.skipped, plan.Skipped{Address: address, Attribute: attribute, Reason: reason, Detail: detail})
}

// takeBack finds out how a setting was, and wants it so again.
func (w *wayBack) takeBack(t *touched) {
	kind := w.Provider.Kinds().Lookup(t.address.Kind)
	switch {
	case kind == nil:
		w.skip(t.address, "", NotTakenBack, "this camform does not know its kind")
	case w.past.problem != "":
		w.skip(t.address, "", NotTakenBack, w.past.problem)
	case t.created:
		w.remove(kind, t)
	default:
		w.restore(kind, t)
	}
}

// remove deletes an item that the run created.
func (w *wayBack) remove(kind *schema.Kind, t *touched) {
	items, read := w.now.Items[kind.Name]
	_, exists := items[t.address.Key]
	switch {
	case !read && w.now.Missing[kind.Name] == "":
		w.skip(t.address, "", plan.Unreadable, w.whyUnread(kind))
	case !exists:
		return // somebody removed it since
	case !kind.Creatable():
		w.skip(t.address, "", NotTakenBack, "the device did not have it before, and it cannot be removed")
	case kind.Account && t.address.Key == w.device.Login.Username:
		w.skip(t.address, "", NotTakenBack, "the device did not have it before, but camform logs in with it now")
	default:
		w.last[t.address] = diff.Memory{Created: true}
	}
}

func (w *wayBack) whyUnread(kind *schema.Kind) string {
	if err := w.now.Unreadable[kind.Name]; err != nil {
		return providers.Reason(err)
	}
	return "it was not read"
}

// restore wants a setting to have the values of the snapshot again.
func (w *wayBack) restore(kind *schema.Kind, t *touched) {
	before, why := w.before(kind, t.address.Key)
	if why != "" {
		w.skip(t.address, "", NotTakenBack, why)
		return
	}
	_, exists := w.now.Items[kind.Name][t.address.Key]
	if !exists && kind.Creatable() {
		if a := requiredSecret(kind); a != nil {
			w.skip(t.address, "", NotTakenBack, "making it again needs its "+a.Name+", which no device shows; declare it and apply")
			return
		}
	}
	s := &config.Setting{Address: t.address, Kind: kind, Attributes: map[string]config.Attribute{}}
	for _, name := range t.attributes(kind, exists) {
		w.restoreAttribute(s, before, name)
	}
	w.carrySecrets(s, t)
	if len(s.Attributes) > 0 {
		w.want.Settings = append(w.want.Settings, s)
	}
}

// restoreAttribute wants an attribute as it was. That it was not there cannot be asked for.
func (w *wayBack) restoreAttribute(s *config.Setting, before cty.Value, name string) {
	a := s.Kind.Attribute(name)
	switch {
	case a == nil:
		w.skip(s.Address, name, NotTakenBack, "this camform does not know it")
	case a.Secret:
		w.skip(s.Address, name, NotTakenBack, secretStays(s.Kind))
	case !before.GetAttr(name).IsNull():
		s.Attributes[name] = config.Attribute{Value: before.GetAttr(name)}
	default:
		w.skip(s.Address, name, NotTakenBack, "it had no value before, and that cannot be written")
	}
}

func secretStays(kind *schema.Kind) string {
	if kind.Account {
		return "secrets are not in a snapshot, so the one of now stays; camform rotate gives it a new one"
	}
	return "secrets are not in a snapshot, so the one of now stays"
}

// carrySecrets wants the secrets that the device is known to have to stay, so that they are sent along where a document must
// not be written without them, and are remembered. One whose origin yields something else by now is not among them.
func (w *wayBack) carrySecrets(s *config.Setting, t *touched) {
	row := w.past.known[s.Address]
	for _, a := range s.Kind.Attributes {
		print := row.Fingerprints[a.Name]
		if !a.WriteOnly || print == "" {
			continue
		}
		origin := t.origins[a.Name]
		if text, ok := w.secretOf(s.Address, a.Name, origin, print); ok {
			s.Attributes[a.Name] = config.Attribute{Value: schema.MarkSecret(cty.StringVal(text), origin)}
			w.last[s.Address] = diff.Memory{Fingerprints: row.Fingerprints}
		}
	}
}

// secretOf reads a secret, if it is still the one with the fingerprint.
func (w *wayBack) secretOf(address schema.Setting, attribute, origin, fingerprint string) (string, bool) {
	if origin == "" {
		return "", false
	}
	text, err := w.Secret(origin)
	return text, err == nil && w.Store.Fingerprint(address, attribute, text) == fingerprint
}

func requiredSecret(kind *schema.Kind) *schema.Attribute {
	for _, a := range kind.Attributes {
		if a.Secret && a.Required {
			return a
		}
	}
	return nil
}

// before is a setting as the snapshot has it, or why it is not known.
func (w *wayBack) before(kind *schema.Kind, key string) (cty.Value, string) {
	docs, ok := w.documents(kind, key)
	if !ok {
		return cty.NilVal, "no snapshot was kept of the document that it was in"
	}
	items, err := w.Provider.Decode(kind, []string{key}, docs)
	if err != nil {
		return cty.NilVal, "its snapshot cannot be understood: " + providers.Reason(err)
	}
	before, ok := items[key]
	if !ok {
		return cty.NilVal, "its snapshot does not have it"
	}
	return before, ""
}

// documents are those of the snapshot, with those of now that say what the device can do, or that it lacks a document. It
// reports whether the snapshot has the setting in it.
func (w *wayBack) documents(kind *schema.Kind, key string) (providers.Documents, bool) {
	docs := maps.Clone(w.past.documents)
	kept := false
	for _, place := range append([]schema.Document{kind.Document}, kind.Elsewhere...) {
		place = place.For(key)
		_, has := w.past.documents[place.Path]
		kept = kept || has
		for _, path := range place.Capabilities {
			if doc, ok := w.now.Documents[path]; ok && docs[path].Body == nil {
				docs[path] = doc
			}
		}
	}
	for path, doc := range w.now.Documents {
		if _, has := docs[path]; !has && doc.Missing != "" {
			docs[path] = doc
		}
	}
	return docs, kept
}

// stillWanted warns of settings that a plan takes back and that the configuration wants otherwise.
func (e *Engine) stillWanted(devices []*config.Device, p *plan.Plan) diag.Problems {
	var names []string
	for i, device := range devices {
		for _, s := range device.Settings {
			j := slices.IndexFunc(p.Devices[i].Steps, func(step plan.Step) bool { return step.Address == s.Address })
			if j >= 0 && e.contradicts(s, p.Devices[i].Steps[j]) {
				names = append(names, s.Address.String())
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return diag.Problems{{
		Severity: diag.Warning, Code: "still-wanted", Summary: "Configuration asks for what is taken back",
		Detail: fmt.Sprintf("The configuration still asks for what this takes back in %s. Change it, or the next apply brings that back.", someOf(names)),
	}}
}

// contradicts reports whether a setting is wanted otherwise than a step makes it.
func (e *Engine) contradicts(want *config.Setting, s plan.Step) bool {
	if s.After.IsNull() {
		return true
	}
	for name, a := range want.Attributes {
		attribute := want.Kind.Attribute(name)
		value, _ := a.Value.Unmark()
		after := s.After.GetAttr(name)
		if !attribute.Secret && !after.IsNull() && !e.Provider.Same(want.Kind, attribute, value, after) {
			return true
		}
	}
	return false
}

// someOf names the first few of several things.
func someOf(names []string) string {
	const most = 3
	if len(names) > most {
		return fmt.Sprintf("%s and %d more settings", strings.Join(names[:most], ", "), len(names)-most)
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return names[0]
}
