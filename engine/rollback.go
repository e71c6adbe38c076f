package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/shell"
	"camform/providers"
	"camform/schema"
)

// NotTakenBack is why a plan of Rollback leaves a setting alone: how it was before cannot be known or given back to the device.
const NotTakenBack plan.SkipReason = "not-taken-back"

// takenBack is why steps are made.
type takenBack struct {
	judge
	run    string
	pasts  pasts
	secret func(origin string) (schema.Secret, error)
}

// plan finds the way back to how the devices of a survey were before the run. Use finds who uses the devices of a plan.
func (t takenBack) plan(p *plan.Plan, found *survey, use func(*plan.Plan) (*consumers, error)) (*Planned, diag.Problems, error) {
	rules := t.rules(found.credentials, nobodyAsked)
	ways := make([]*wayBack, len(found.devices))
	for i, device := range found.devices {
		ways[i] = &wayBack{takenBack: t, device: device, now: found.snapshots[i], past: t.pasts[device.Address], rules: rules}
		p.Devices = append(p.Devices, ways[i].plan())
	}
	users, err := use(p)
	if err != nil {
		return nil, nil, err
	}
	held := users.held(p.Devices, t.Kinds())
	var problems diag.Problems
	for i, w := range ways {
		d := &p.Devices[i]
		if d.Problem != "" {
			continue
		}
		w.hold(d, held)
		d.Ways = users.ways(w.device)
		d.Logins = users.logins(*d, t.Kinds())
		t.noteJumps(d, w.now.Documents)
		t.noteCiphers(d, w.now.Documents)
		problems = append(problems, w.prove(d)...)
	}
	problems = append(problems, loggedIn(p.Devices)...)
	p.Users, p.Usage = users.watchers(p.Devices, t.judge), users.usage()
	problems = append(problems, users.notes(p.Devices, t.Kinds())...)
	planned := plannedFrom(p, found)
	problems = append(problems, t.clockProblems(planned)...)
	return planned, append(problems, t.stillWanted(found.devices, p)...), nil
}

// nothingToRollBack tells that a run has no past.
func nothingToRollBack(run string) diag.Problems {
	return diag.Problems{{
		Severity: diag.Error, Code: "nothing-to-roll-back", Summary: "Nothing to undo",
		Detail: fmt.Sprintf("camform has no record of changes by run %s. camform state runs lists the runs.", diag.Quote(run)),
	}}
}

// reachable are the devices of a configuration that have a past. Others that have one are reported.
func reachable(cfg *config.Config, pasts pasts) ([]*config.Device, diag.Problems) {
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
			Detail: fmt.Sprintf("The run changed %s, which the configuration no longer declares, so camform does not know how to reach it. It is left as it is.", address),
		})
	}
	return devices, problems
}

// bareDevice is a device without any setting that is wanted.
func bareDevice(d *config.Device) *config.Device {
	bare := *d
	bare.Settings, bare.Exclusive = nil, nil
	return &bare
}

// wants are the settings of a device that the run changed.
func (p pasts) wants(kinds *schema.Kinds, device *config.Device) live.Wants {
	touched := map[schema.Setting]diff.Memory{}
	for _, t := range p[device.Address].touched {
		touched[t.address] = diff.Memory{}
	}
	return memory{device.Address: touched}.wants(kinds, bareDevice(device))
}

// wayBack plans one device.
type wayBack struct {
	takenBack
	device *config.Device
	now    *live.Snapshot
	past   *past
	rules  diff.Rules

	want    *config.Device                 // with the settings as they were
	last    map[schema.Setting]diff.Memory // of those
	skipped []plan.Skipped
}

// plan compares the device with its past, and checks what it would be given back.
func (w *wayBack) plan() plan.Device {
	if w.now.Err != nil {
		return diff.NotRead(w.device, w.now)
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
	return d
}

// hold takes steps out that must wait.
func (w *wayBack) hold(d *plan.Device, held map[schema.Setting]string) {
	d.Steps = slices.DeleteFunc(d.Steps, func(s plan.Step) bool {
		why := held[s.Address]
		if why != "" {
			w.skip(s.Address, "", plan.Held, why)
		}
		return why != ""
	})
}

// prove puts the steps into an order in which the ways in stay open, like those of every plan. Where there is none it takes
// the steps out that would close one, so that the others can be carried out: somebody who undoes a run may be in a hurry. The
// problems are those that are about no single step.
func (w *wayBack) prove(d *plan.Device) diag.Problems {
	for {
		problems := w.judge.prove(w.device, w.now.Documents, d)
		closes := func(s plan.Step) bool {
			return slices.ContainsFunc(problems, func(p diag.Problem) bool { return p.Severity == diag.Error && p.Address == s.Address })
		}
		if !slices.ContainsFunc(d.Steps, closes) {
			d.Skipped = append(d.Skipped, w.skipped...)
			slices.SortStableFunc(d.Skipped, func(a, b plan.Skipped) int { return a.Address.Compare(b.Address) })
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

// compare is the comparison of package diff with the past instead of the configuration.
func (w *wayBack) compare() (plan.Device, []diff.Refusal) {
	found := diff.Compare(w.want, w.now, w.last, w.rules)
	d, refusals := diff.Plan(w.want, w.now, found, w.Kinds(), w.check, w.Enciphers)
	d.Unmanaged, d.Adopted = nil, nil
	for i := range d.Steps {
		d.Steps[i].Reason = "it is restored to what it was before run " + w.run
	}
	return d, refusals
}

// check is that of the provider, but a document is never written without a secret that it holds, whatever is allowed.
func (w *wayBack) check(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError {
	wrong := w.Check(kind, docs, key, want)
	for i := range wrong {
		wrong[i].Unproven, wrong[i].Masked = false, false
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
		w.skip(r.Address, r.Attribute, NotTakenBack, "the device does not accept its old values: "+r.Detail)
		s := w.want.Settings[i]
		if _, ok := s.Attributes[r.Attribute]; ok && !s.Hides(r.Attribute) {
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
	kind := w.Kinds().Lookup(t.address.Kind)
	switch {
	case kind == nil:
		w.skip(t.address, "", NotTakenBack, "this version of camform does not know its kind")
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
	case kind.IsAccount() && t.address.Key == w.device.Login.Username:
		w.skip(t.address, "", NotTakenBack, "the device did not have it before, but camform logs in with it now")
	default:
		w.last[t.address] = diff.Memory{Created: true, Fingerprints: w.past.known[t.address].Fingerprints}
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
		w.restoreAttribute(s, before, name, t)
	}
	w.carrySecrets(s, t)
	if len(s.Attributes) > 0 {
		w.want.Settings = append(w.want.Settings, s)
		if exists { // what was written as a secret is shown by no plan
			w.last[s.Address] = diff.Memory{Fingerprints: w.past.known[s.Address].Fingerprints}
		}
	}
}

// restoreAttribute wants an attribute as it was. That it was not there cannot be asked for.
func (w *wayBack) restoreAttribute(s *config.Setting, before cty.Value, name string, t *touched) {
	a := s.Kind.Attribute(name)
	switch {
	case a == nil:
		w.skip(s.Address, name, NotTakenBack, "this version of camform does not know it")
	case a.Secret || t.hides(name, before.GetAttr(name)):
		w.skip(s.Address, name, NotTakenBack, w.secretStays(s.Address, name, t.origins[name]))
	case !before.GetAttr(name).IsNull():
		s.Attributes[name] = config.Attribute{Value: before.GetAttr(name)}
	default:
		w.skip(s.Address, name, NotTakenBack, "it had no value before, and camform cannot write that")
	}
}

// secretStays says why a secret does not come back, and how to change it.
func (w *wayBack) secretStays(address schema.Setting, name, origin string) string {
	const stays = "snapshots contain no secrets, so the present one stays"
	managed := slices.ContainsFunc(w.device.Settings, func(s *config.Setting) bool { return s.Address == address && s.Attributes[name].Policy != nil })
	switch {
	case managed:
		return fmt.Sprintf("%s; for a new one run: camform rotate %s", stays, shell.Quoted(address.String()))
	case origin != "" && origin != credential.Origin(credential.Name(address.Device, address.Key)):
		return fmt.Sprintf("%s; for another one, change it in %s and run: camform apply", stays, origin)
	default:
		return stays
	}
}

// carrySecrets wants the secrets that the device is known to have to stay, so that they are sent along where a document must
// not be written without them, and are recorded. One whose origin yields something else by now is not among them.
func (w *wayBack) carrySecrets(s *config.Setting, t *touched) {
	row := w.past.known[s.Address]
	for _, a := range s.Kind.Attributes {
		print := row.Fingerprints[a.Name]
		if !a.WriteOnly || print == "" {
			continue
		}
		origin := t.origins[a.Name]
		if secret, ok := w.secretOf(s.Address, a.Name, origin, print); ok {
			s.Attributes[a.Name] = config.Attribute{Value: schema.MarkSecret(secret.Value(), origin)}
			w.last[s.Address] = diff.Memory{Fingerprints: row.Fingerprints}
		}
	}
}

// secretOf reads a secret, if it is still the one with the fingerprint.
func (w *wayBack) secretOf(address schema.Setting, attribute, origin, fingerprint string) (schema.Secret, bool) {
	if origin == "" {
		return schema.Secret{}, false
	}
	secret, err := w.secret(origin)
	return secret, err == nil && w.fingerprint(address, attribute, secret) == fingerprint
}

func requiredSecret(kind *schema.Kind) *schema.Attribute {
	for _, a := range kind.Attributes {
		if a.Secret && a.Required {
			return a
		}
	}
	return nil
}

// before is a setting as the snapshot has it, or why it is unknown.
func (w *wayBack) before(kind *schema.Kind, key string) (cty.Value, string) {
	docs, ok := w.documents(kind, key)
	if !ok {
		return cty.NilVal, "there is no snapshot of the document that it was in"
	}
	items, err := w.Decode(kind, []string{key}, docs)
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
	for _, place := range kind.Documents() {
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
func (j judge) stillWanted(devices []*config.Device, p *plan.Plan) diag.Problems {
	var names []string
	for i, device := range devices {
		for _, s := range device.Settings {
			k := slices.IndexFunc(p.Devices[i].Steps, func(step plan.Step) bool { return step.Address == s.Address })
			if k >= 0 && j.contradicts(s, p.Devices[i].Steps[k]) {
				names = append(names, s.Address.String())
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return diag.Problems{{
		Severity: diag.Warning, Code: "still-wanted", Summary: "Configuration still asks for what is undone",
		Detail: fmt.Sprintf("The configuration still asks for what this undoes in %s. Change it, or the next apply makes those changes again.", someOf(names)),
	}}
}

// contradicts reports whether a setting is wanted otherwise than a step makes it.
func (j judge) contradicts(want *config.Setting, s plan.Step) bool {
	if s.After.IsNull() {
		return true
	}
	for name, a := range want.Attributes {
		attribute := want.Kind.Attribute(name)
		value, _ := a.Value.Unmark()
		after := s.After.GetAttr(name)
		if !attribute.Secret && !after.IsNull() && !j.Same(want.Kind, attribute, value, after) {
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
