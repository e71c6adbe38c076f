package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/audit"
	"camform/engine/backup"
	"camform/engine/config"
	"camform/engine/consumer"
	"camform/engine/diag"
	"camform/engine/live"
	"camform/engine/recover"
	"camform/providers"
	"camform/schema"
)

// Looking is a look at a step of a case that camform can prove; see recover.Provable.
type Looking struct {
	Config *config.Config
	Device *config.Device
	Case   recover.Case
	Facts  recover.Facts
	Before *backup.Backup // newest of before somebody got in; nil if there is none
}

// Look finds out how the things are that a step of a case is about, with what is to be kept of that. It changes nothing on any device.
// What could not be read is unknown, and in the findings; an error among the problems means that they are not to be relied on.
func (e *Engine) Look(ctx context.Context, at Looking, step string) ([]recover.Finding, []Attachment, diag.Problems) {
	l := lookout{e, at}
	var findings []recover.Finding
	var problems diag.Problems
	switch step {
	case recover.Online:
		findings, problems = l.users(ctx)
		return findings, nil, problems
	case recover.Log:
		return l.deviceLog(ctx)
	case recover.Network:
		findings, problems = l.network(ctx)
		return findings, nil, problems
	case recover.Update:
		snap, problems := l.lookAt(ctx, live.Wants{})
		if snap == nil {
			return nil, nil, problems
		}
		return at.Facts.Firmware(snap.Identity.Firmware), nil, problems
	case recover.Baseline:
		findings, problems = l.baseline(ctx)
		return findings, nil, problems
	case recover.Accounts:
		findings, problems = l.accounts(ctx)
		return findings, nil, problems
	case recover.Prepare:
		findings, problems = l.prepared(ctx)
		return findings, nil, problems
	case recover.Renewed:
		return recover.FreshBackup(at.Case, at.Facts), nil, nil
	}
	panic("camform tried to verify a step that it cannot prove: this is a bug")
}

// lookout is a look at the device of a case.
type lookout struct {
	*Engine
	Looking
}

// users finds who has the device of a case again, and what the device has again of those that it uses itself, by what the devices
// say that use others.
func (l lookout) users(ctx context.Context) ([]recover.Finding, diag.Problems) {
	use, err := l.inquiry(l.Config, nil).inquire(ctx, l.Config.Devices, &survey{})
	if err != nil {
		return nil, stateUnreadable(err)
	}
	if use.unwritten != nil {
		return nil, diag.Problems{diag.FromError(use.unwritten, "state-unwritable", "State cannot be written")}
	}
	items, unseen := use.itemsWith(l.Device, l.Provider.Kinds())
	own, gone := use.itemsOf(l.Device, l.Provider.Kinds(), l.Case)
	if unseen = append(unseen, gone...); len(items)+len(own)+len(unseen) == 0 {
		unseen = []recover.Finding{{About: "users", Verdict: recover.Unknown, Why: "camform has no record of any user of the device"}}
	}
	shown, problems := l.working(ctx, append(items, own...))
	return append(shown, unseen...), problems
}

// itemsWith are the items that use a device and whose devices report whether they work, and why camform cannot see it for the
// others.
func (c *consumers) itemsWith(d *config.Device, kinds *schema.Kinds) (items []schema.Setting, unseen []recover.Finding) {
	unknown := func(about, why string) {
		unseen = append(unseen, recover.Finding{About: about, Verdict: recover.Unknown, Why: why})
	}
	for _, way := range c.ways(d) {
		item, err := schema.ParseSetting(way.Who)
		if err != nil || !tellsWhetherItWorks(item, kinds) || c.by[item.Device] == nil {
			unknown(way.Who, "camform cannot see whether it has the device")
			continue
		}
		items = append(items, item)
	}
	if _, unclear := c.of(d); len(unclear) > 0 {
		all := make([]schema.Setting, len(unclear))
		for i, f := range unclear {
			all[i] = f.Item
		}
		unknown(named(all), "whether it shows this device is unknown: it reports no serial number, and no device has its address")
	}
	return items, append(unseen, c.unreadUsers(d)...)
}

// unreadUsers are the devices that may use a device, since they were never read.
func (c *consumers) unreadUsers(d *config.Device) []recover.Finding {
	var unread []schema.Setting
	for _, l := range slices.Concat(c.lists, c.strangers) {
		if l.Never() && l.Site == d.Site && l.Device != d.Address {
			unread = append(unread, schema.Setting{Device: l.Device})
		}
	}
	if len(unread) == 0 {
		return nil
	}
	return []recover.Finding{{About: named(unread), Verdict: recover.Unknown, Why: "camform has never read whether it uses this device"}}
}

// itemsOf are the items with which a device uses others and for which it reports whether they work: those that are declared, that it
// tells of now, and that it told of when its case was verified. Those that it does not have any more are gone.
func (c *consumers) itemsOf(d *config.Device, kinds *schema.Kinds, of recover.Case) (items []schema.Setting, gone []recover.Finding) {
	now := c.usedBy(d.Address)
	told := slices.ContainsFunc(c.lists, func(l consumer.List) bool { return l.Device == d.Address && l.Away == "" && !l.Read.IsZero() })
	add := func(item schema.Setting) {
		switch {
		case !tellsWhetherItWorks(item, kinds) || slices.Contains(items, item):
		case told && !slices.Contains(now, item):
			gone = append(gone, recover.Finding{About: item.String(), Verdict: recover.Bad, Why: "the device no longer has it"})
		default:
			items = append(items, item)
		}
	}
	for _, s := range d.Settings {
		add(s.Address)
	}
	for _, name := range of.Used() {
		if item, err := schema.ParseSetting(d.Address.String() + "." + name); err == nil {
			add(item)
		}
	}
	for _, item := range now {
		add(item)
	}
	return items, gone
}

// tellsWhetherItWorks reports whether the device of an item says whether the item works.
func tellsWhetherItWorks(item schema.Setting, kinds *schema.Kinds) bool {
	kind := kinds.Lookup(item.Kind)
	_, keyless := schema.EntryOf(item.Key)
	return kind != nil && kind.Works != nil && !keyless
}

// working asks devices whether items of theirs work.
func (l lookout) working(ctx context.Context, items []schema.Setting) ([]recover.Finding, diag.Problems) {
	if len(items) == 0 {
		return nil, nil
	}
	paths := map[schema.Device][]string{}
	for _, item := range items {
		paths[item.Device] = append(paths[item.Device], l.Provider.Kinds().Lookup(item.Kind).Works.PathFor(item.Key))
	}
	asked := slices.DeleteFunc(slices.Clone(l.Config.Devices), func(d *config.Device) bool { return paths[d.Address] == nil })
	found, problems := l.surveyor(l.Config).survey(ctx, asked, func(_ *schema.Kinds, d *config.Device) live.Wants {
		return live.Wants{Extra: paths[d.Address]}
	})
	if found == nil || problems.HasErrors() {
		return nil, problems
	}
	of := map[schema.Device]*live.Snapshot{}
	for _, snap := range found.snapshots {
		of[snap.Device] = snap
	}
	all := make([]recover.Finding, len(items))
	for i, item := range items {
		all[i] = l.works(item, of[item.Device])
		all[i].About = item.String()
	}
	return all, problems
}

// works is what a device says of whether an item works.
func (l lookout) works(item schema.Setting, snap *live.Snapshot) recover.Finding {
	works := l.Provider.Kinds().Lookup(item.Kind).Works
	path := works.PathFor(item.Key)
	unread := func(err error) recover.Finding {
		return recover.Finding{Verdict: recover.Unknown, Why: "whether it works could not be read: " + providers.Reason(err)}
	}
	switch {
	case snap.Err != nil:
		return unread(snap.Err)
	case snap.UnreadDocuments[path] != nil:
		return unread(snap.UnreadDocuments[path])
	}
	says, working, err := providers.Working(works, snap.Documents[path], l.Provider)
	switch {
	case err != nil:
		return unread(err)
	case working:
		return recover.Finding{Verdict: recover.Good, Why: fmt.Sprintf("the device reports %s = %s", works.Element, strings.Join(says, ", "))}
	}
	return recover.Finding{Verdict: recover.Bad, Why: fmt.Sprintf("the device reports %s = %s", works.Element, strings.Join(says, ", "))}
}

// lookAt reads parts of the device of a case. It is nil with an error among the problems.
func (l lookout) lookAt(ctx context.Context, wants live.Wants) (*live.Snapshot, diag.Problems) {
	found, problems := l.surveyor(l.Config).survey(ctx, []*config.Device{l.Device}, func(*schema.Kinds, *config.Device) live.Wants { return wants })
	if found == nil || problems.HasErrors() {
		return nil, problems
	}
	return found.snapshots[0], problems
}

// deviceLog fetches what the device of a case wrote down of the time around it.
func (l lookout) deviceLog(ctx context.Context) ([]recover.Finding, []Attachment, diag.Problems) {
	span := recover.LogSpan(l.Case, l.Now())
	snap, problems := l.lookAt(ctx, live.Wants{Log: &span})
	if snap == nil {
		return nil, nil, problems
	}
	if err := cmp.Or(snap.Err, snap.LogErr); err != nil {
		return recover.DeviceLog(l.Case, providers.Log{}, err), nil, problems
	}
	var files []Attachment
	for i, page := range snap.Log.Pages {
		files = append(files, Attach(fmt.Sprintf("device-log-%d.xml", i+1), "device_log", page))
	}
	return recover.DeviceLog(l.Case, *snap.Log, nil), files, problems
}

// network compares how the device of a case is on its network with what is declared, or else with what a backup of before has.
func (l lookout) network(ctx context.Context) ([]recover.Finding, diag.Problems) {
	kinds := slices.DeleteFunc(slices.Clone(l.Provider.Kinds().All()), func(k *schema.Kind) bool {
		return k.Own || !slices.ContainsFunc(k.Guards, (*schema.Guard).TellsAddress)
	})
	snap, problems := l.lookAt(ctx, live.Wants{Kinds: kinds})
	if snap == nil {
		return nil, problems
	}
	if snap.Err != nil {
		return []recover.Finding{{About: "network", Verdict: recover.Unknown, Why: "it could not be read: " + providers.Reason(snap.Err)}}, problems
	}
	answers := recover.Finding{About: "address", Verdict: recover.Good, Why: fmt.Sprintf("the device with the serial number %s answers at %s, as the configuration has it", snap.Identity.Serial, l.Device.URL.Host)}
	want, err := l.expectedLinks(ctx, kinds)
	if err != nil {
		return nil, append(problems, diag.FromError(err, "backup-unreadable", "Backup cannot be read"))
	}
	parts := l.Case.Subnet()
	for _, link := range linksOf(kinds, want, snap) {
		parts = append(parts, l.linkParts(link, want[link], snap.Items[link.Kind][link.Key])...)
	}
	if len(parts) == 0 {
		parts = []recover.Parameter{{About: "network"}}
	}
	return append([]recover.Finding{answers}, recover.Parameters(parts)...), problems
}

// linksOf are the links that a device has, or should have.
func linksOf(kinds []*schema.Kind, want map[schema.Setting]map[string]wish, snap *live.Snapshot) []schema.Setting {
	links := slices.Collect(maps.Keys(want))
	for _, kind := range kinds {
		for key := range snap.Items[kind.Name] {
			links = append(links, schema.Setting{Kind: kind.Name, Key: key})
		}
	}
	slices.SortFunc(links, schema.Setting.Compare)
	return slices.Compact(links)
}

// wish is a value of an attribute as it should be, and who says so.
type wish struct {
	value cty.Value
	by    string
}

// expectedLinks are the settings of the links of a device as they should be, by attribute.
func (l lookout) expectedLinks(ctx context.Context, kinds []*schema.Kind) (map[schema.Setting]map[string]wish, error) {
	want := map[schema.Setting]map[string]wish{}
	add := func(s schema.Setting, attribute string, w wish) {
		s.Device = schema.Device{}
		if want[s] == nil {
			want[s] = map[string]wish{}
		}
		want[s][attribute] = w
	}
	if l.Before != nil {
		before := func(yield func(*backup.Backup, error) bool) { yield(l.Before, nil) }
		_, found, err := l.judge().surveyOf(ctx, before, func(*schema.Kinds, *config.Device) live.Wants { return live.Wants{Kinds: kinds} })
		if err != nil {
			return nil, err
		}
		by := "the backup of " + l.Before.Taken.UTC().Format(time.RFC3339)
		for _, kind := range kinds {
			for key, item := range found.snapshots[0].Items[kind.Name] {
				for _, a := range kind.Attributes {
					add(schema.Setting{Kind: kind.Name, Key: key}, a.Name, wish{item.GetAttr(a.Name), by})
				}
			}
		}
	}
	for _, s := range l.Device.Settings {
		if !slices.Contains(kinds, s.Kind) {
			continue
		}
		for name, a := range s.Attributes {
			add(s.Address, name, wish{a.Value, "the configuration"})
		}
	}
	return want, nil
}

// linkParts are the attributes that decide how a device is reached over a link, as they should be and as they are.
func (l lookout) linkParts(link schema.Setting, want map[string]wish, have cty.Value) (parts []recover.Parameter) {
	kind := l.Provider.Kinds().Lookup(link.Kind)
	for _, g := range kind.GuardsOf(link.Key) {
		for _, name := range slices.Concat(g.V4, g.V6) {
			a := kind.Attribute(name)
			if !g.TellsAddress() || a == nil {
				continue
			}
			p := recover.Parameter{About: link.Local() + "." + name, By: want[name].by, Want: shownText(want[name].value)}
			if have != cty.NilVal {
				p.Have = shownText(have.GetAttr(name))
			}
			p.Same = p.Have != "" && p.Want != "" && l.Provider.Same(kind, a, want[name].value, have.GetAttr(name))
			if p.Have != "" || p.Want != "" {
				parts = append(parts, p)
			}
		}
	}
	return parts
}

// shownText is the text of a value; empty for one that is not known or no text.
func shownText(v cty.Value) string {
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() || v.Type() != cty.String || v.IsMarked() {
		return ""
	}
	return v.AsString()
}

// baseline judges the device of a case by the rules that the configuration has for it.
func (l lookout) baseline(ctx context.Context) ([]recover.Finding, diag.Problems) {
	report, problems := l.Audit(ctx, l.Config, []schema.Setting{{Device: l.Device.Address}})
	problems = slices.DeleteFunc(problems, func(p diag.Problem) bool { return p.Code == OverdueCode }) // that is for another step
	if report == nil || problems.HasErrors() {
		return nil, problems
	}
	var all []recover.Finding
	count := report.Count()
	for _, r := range report.Results {
		f := recover.Finding{About: r.Rule, Verdict: recover.Unknown, Why: strings.Join(append([]string{string(r.Status)}, r.Why...), ": ")}
		switch r.Status {
		case audit.Compliant, audit.Unsupported:
			continue
		case audit.Violated, audit.Unproven, audit.Overridden:
			f.Verdict = recover.Bad
		}
		all = append(all, f)
	}
	if n := count[audit.Compliant]; n > 0 {
		all = append(all, recover.Finding{About: "baseline", Verdict: recover.Good, Why: fmt.Sprintf("rules that the device complies with: %d; rules about settings that it does not have: %d", n, count[audit.Unsupported])})
	}
	if len(all) == 0 {
		all = []recover.Finding{{About: "baseline", Verdict: recover.Unknown, Why: "no rule applies to the device; examples/hardening has a baseline"}}
	}
	return all, problems
}

// accounts finds with which accounts those log in who use the device of a case. That of the administrator is nobody's own.
func (l lookout) accounts(ctx context.Context) ([]recover.Finding, diag.Problems) {
	use, err := l.inquiry(l.Config, nil).inquire(ctx, l.Config.Devices, &survey{})
	if err != nil {
		return nil, stateUnreadable(err)
	}
	all := use.unreadUsers(l.Device)
	for _, way := range use.ways(l.Device) {
		f := recover.Finding{About: way.Who, Verdict: recover.Good, Why: "it logs in as " + diag.Quote(way.Account)}
		switch {
		case way.Account == "":
			f.Verdict, f.Why = recover.Unknown, "the account with which it logs in is unknown"
		case strings.EqualFold(way.Account, l.Device.Login.Username):
			f.Verdict, f.Why = recover.Bad, f.Why+", which is camform's account"
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		all = []recover.Finding{{About: "users", Verdict: recover.Unknown, Why: "camform has no record of any user of the device"}}
	}
	return all, nil
}

// prepared finds which ways to a new password are prepared for the device of a case.
func (l lookout) prepared(ctx context.Context) ([]recover.Finding, diag.Problems) {
	snap, problems := l.lookAt(ctx, live.Wants{Kinds: l.Provider.Kinds().Preparing()})
	if snap == nil {
		return nil, problems
	}
	known, err := readCredentials(ctx, l.Store)
	if err != nil {
		return nil, stateUnreadable(err)
	}
	f := recover.Finding{About: "ways to a new password", Verdict: recover.Unknown}
	ways := l.judge().facts(l.Device, snap, known).prepared()
	switch {
	case snap.Err != nil:
		f.Why = "the prepared ways could not be read: " + providers.Reason(snap.Err)
	case ways.IsNull():
		f.Why = "not all settings that prepare one could be read"
	case ways.LengthInt() == 0:
		f.Verdict, f.Why = recover.Bad, "none is prepared that works with the current password"
	default:
		f.Verdict, f.Why = recover.Good, fmt.Sprintf("prepared: %s", namesIn(ways))
	}
	return []recover.Finding{f}, problems
}

// namesIn are the texts of a list.
func namesIn(list cty.Value) string {
	var names []string
	for _, v := range list.AsValueSlice() {
		names = append(names, v.AsString())
	}
	return strings.Join(names, ", ")
}
