package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

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
}

// Look finds out how the things are that a step of a case is about, with what is to be kept of that. It changes nothing on any device.
// What could not be read is unknown, and in the findings; an error among the problems means that they are not to be relied on.
func (e *Engine) Look(ctx context.Context, at Looking, step string) ([]recover.Finding, []Attachment, diag.Problems) {
	var findings []recover.Finding
	var problems diag.Problems
	switch step {
	case recover.Online:
		findings, problems = e.users(ctx, at)
		return findings, nil, problems
	case recover.Log:
		return e.deviceLog(ctx, at)
	case recover.Renewed:
		return recover.FreshBackup(at.Case, at.Facts), nil, nil
	}
	panic("a step that camform cannot prove is looked at: this is a bug")
}

// users finds who has the device of a case again, and what the device has again of those that it uses itself, by what the devices
// say that use others.
func (e *Engine) users(ctx context.Context, at Looking) ([]recover.Finding, diag.Problems) {
	use, err := e.inquiry(at.Config, nil).inquire(ctx, at.Config.Devices, &survey{})
	if err != nil {
		return nil, stateUnreadable(err)
	}
	if use.unwritten != nil {
		return nil, diag.Problems{diag.FromError(use.unwritten, "state-unwritable", "State cannot be written")}
	}
	items, unseen := use.itemsWith(at.Device, e.Provider.Kinds())
	own, gone := use.itemsOf(at.Device, e.Provider.Kinds(), at.Case)
	if unseen = append(unseen, gone...); len(items)+len(own)+len(unseen) == 0 {
		unseen = []recover.Finding{{About: "users", Verdict: recover.Unknown, Why: "nobody is on record as a user of the device"}}
	}
	shown, problems := e.working(ctx, at.Config, append(items, own...))
	return append(shown, unseen...), problems
}

// itemsWith are the items that use a device and of which their devices say whether they work, and why camform cannot see it of the
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
		unknown(named(all), "whether it shows this device is unknown: it tells no serial number, and its address is that of no device")
	}
	var unread []schema.Setting
	for _, l := range slices.Concat(c.lists, c.strangers) {
		if l.Never() && l.Site == d.Site && l.Device != d.Address {
			unread = append(unread, schema.Setting{Device: l.Device})
		}
	}
	if len(unread) > 0 {
		unknown(named(unread), "whether it uses this device was never read")
	}
	return items, unseen
}

// itemsOf are the items with which a device uses others and of which it says whether they work: those that are declared, that it
// tells of now, and that it told of when its case was verified. Those that it does not have any more are gone.
func (c *consumers) itemsOf(d *config.Device, kinds *schema.Kinds, of recover.Case) (items []schema.Setting, gone []recover.Finding) {
	now := c.usedBy(d.Address)
	told := slices.ContainsFunc(c.lists, func(l consumer.List) bool { return l.Device == d.Address && l.Away == "" && !l.Read.IsZero() })
	add := func(item schema.Setting) {
		switch {
		case !tellsWhetherItWorks(item, kinds) || slices.Contains(items, item):
		case told && !slices.Contains(now, item):
			gone = append(gone, recover.Finding{About: item.String(), Verdict: recover.Bad, Why: "the device does not have it any more"})
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
func (e *Engine) working(ctx context.Context, cfg *config.Config, items []schema.Setting) ([]recover.Finding, diag.Problems) {
	if len(items) == 0 {
		return nil, nil
	}
	paths := map[schema.Device][]string{}
	for _, item := range items {
		paths[item.Device] = append(paths[item.Device], e.Provider.Kinds().Lookup(item.Kind).Works.PathFor(item.Key))
	}
	asked := slices.DeleteFunc(slices.Clone(cfg.Devices), func(d *config.Device) bool { return paths[d.Address] == nil })
	found, problems := e.surveyor(cfg).survey(ctx, asked, func(_ *schema.Kinds, d *config.Device) live.Wants {
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
		all[i] = e.works(item, of[item.Device])
		all[i].About = item.String()
	}
	return all, problems
}

// works is what a device says of whether an item works.
func (e *Engine) works(item schema.Setting, snap *live.Snapshot) recover.Finding {
	works := e.Provider.Kinds().Lookup(item.Kind).Works
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
	says, working, err := providers.Working(works, snap.Documents[path], e.Provider)
	switch {
	case err != nil:
		return unread(err)
	case working:
		return recover.Finding{Verdict: recover.Good, Why: fmt.Sprintf("the device says %s = %s", works.Element, strings.Join(says, ", "))}
	}
	return recover.Finding{Verdict: recover.Bad, Why: fmt.Sprintf("the device says %s = %s", works.Element, strings.Join(says, ", "))}
}

// deviceLog fetches what the device of a case wrote down of the time around it.
func (e *Engine) deviceLog(ctx context.Context, at Looking) ([]recover.Finding, []Attachment, diag.Problems) {
	span := recover.LogSpan(at.Case, e.Now())
	found, problems := e.surveyor(at.Config).survey(ctx, []*config.Device{at.Device}, func(*schema.Kinds, *config.Device) live.Wants {
		return live.Wants{Log: &span}
	})
	if found == nil || problems.HasErrors() {
		return nil, nil, problems
	}
	snap := found.snapshots[0]
	if err := cmp.Or(snap.Err, snap.LogErr); err != nil {
		return recover.DeviceLog(at.Case, providers.Log{}, err), nil, problems
	}
	var files []Attachment
	for i, page := range snap.Log.Pages {
		files = append(files, Attach(fmt.Sprintf("device-log-%d.xml", i+1), "device_log", page))
	}
	return recover.DeviceLog(at.Case, *snap.Log, nil), files, problems
}
