package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/engine/graph"
	"camform/engine/guard"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/providers"
	"camform/schema"
)

// witness is a device that uses others which a plan changes: a recorder that shows cameras. What it showed before a run it must
// show afterwards.
type witness struct {
	device plan.Device
	shown  []schema.Setting // items that worked before the run
	lost   map[schema.Setting]string
}

// witnessesOf are the devices that use what a plan changes in a way that could cut them off, each with the items concerned.
// Items that may be cut off are left out.
func witnessesOf(p *plan.Plan, kinds *schema.Kinds) []*witness {
	items := map[schema.Device][]schema.Setting{}
	for _, d := range p.Devices {
		if !slices.ContainsFunc(d.Steps, func(s plan.Step) bool { return guard.MayCut(s, kinds) }) {
			continue
		}
		for _, w := range d.Ways {
			item, err := schema.ParseSetting(w.Who)
			if _, keyless := schema.EntryOf(item.Key); err != nil || keyless || w.Accepted != "" {
				continue
			}
			kind := kinds.Lookup(item.Kind)
			if kind != nil && kind.Works != nil && !slices.Contains(items[item.Device], item) {
				items[item.Device] = append(items[item.Device], item)
			}
		}
	}
	var all []*witness
	for _, d := range slices.Concat(p.Devices, p.Users) {
		if len(items[d.Address]) > 0 && d.Problem == "" {
			all = append(all, &witness{device: d, shown: items[d.Address]})
		}
	}
	return all
}

// look asks a witness which of its items work, and sorts them into those that do and those that do not.
func (w *witness) look(ctx context.Context, o Options) (working []schema.Setting, idle map[schema.Setting]string) {
	idle = map[schema.Setting]string{}
	none := func(err error) ([]schema.Setting, map[schema.Setting]string) {
		for _, item := range w.shown {
			idle[item] = "whether it does could not be read: " + providers.Reason(err)
		}
		return nil, idle
	}
	reader, err := meet(ctx, w.device, o)
	if err != nil {
		return none(err)
	}
	defer reader.Close()
	for _, item := range w.shown {
		works := o.Provider.Kinds().Lookup(item.Kind).Works
		doc, err := reader.Read(ctx, works.PathFor(item.Key))
		texts, shows, wrong := []string(nil), false, err
		if err == nil && doc.Missing == "" {
			texts, shows, wrong = providers.Working(works, doc, o.Provider)
		}
		switch {
		case wrong != nil:
			idle[item] = "whether it does could not be read: " + providers.Reason(wrong)
		case shows:
			working = append(working, item)
		default:
			idle[item] = fmt.Sprintf("the device reports %s = %s", works.Element, strings.Join(texts, ", "))
		}
	}
	return working, idle
}

// before finds out what the witnesses of a plan show, and returns those that show anything.
func before(ctx context.Context, p *plan.Plan, o Options) []*witness {
	all := witnessesOf(p, o.Provider.Kinds())
	each(ctx, all, o, func(w *witness) { w.shown, _ = w.look(ctx, o) })
	return slices.DeleteFunc(all, func(w *witness) bool { return len(w.shown) == 0 })
}

// after waits until the witnesses show again what they showed before, as long as their kinds say, and puts what they do not show
// into the report.
func after(ctx context.Context, all []*witness, r *report.Report, o Options) {
	if len(all) == 0 {
		return
	}
	begun := time.Now()
	o.Event(report.Event{Kind: report.StageStarted, Stage: report.Watch, Total: len(all)})
	missing := all
	for waited := time.Duration(0); len(missing) > 0; waited += beat {
		each(ctx, missing, o, func(w *witness) {
			_, w.lost = w.look(ctx, o)
			if len(w.lost) == 0 {
				o.Event(report.Event{Kind: report.DeviceDone, Stage: report.Watch, Device: w.device.Address, Result: report.Done})
			}
		})
		missing = slices.DeleteFunc(slices.Clone(missing), func(w *witness) bool { return len(w.lost) == 0 || waited >= w.patience(o) })
		if len(missing) == 0 || o.Sleep(ctx, beat) != nil {
			break
		}
	}
	for _, w := range all {
		w.testify(r)
	}
	o.Event(report.Event{Kind: report.StageDone, Stage: report.Watch, Elapsed: time.Since(begun)})
}

// patience is how long the items of a witness may take until they work.
func (w *witness) patience(o Options) time.Duration {
	var most time.Duration
	for _, item := range w.shown {
		most = max(most, o.Provider.Kinds().Lookup(item.Kind).Works.Wait)
	}
	return most
}

// testify puts into a report what a witness does not show any more. A step that the report says does not work has
// shown it already.
func (w *witness) testify(r *report.Report) {
	if len(w.lost) == 0 {
		return
	}
	d := deviceIn(r, w.device)
	for _, item := range w.shown {
		why, lost := w.lost[item]
		told := slices.ContainsFunc(d.Steps, func(s report.Step) bool { return s.Address == item && s.Result == report.NotWorking })
		if !lost || told {
			continue
		}
		d.Steps = append(d.Steps, report.Step{Address: item, Result: report.Lost, Detail: why})
		if d.Result.Good() {
			d.Result, d.Detail = report.Lost, fmt.Sprintf("%s: %s", item.Local(), why)
		}
	}
}

// deviceIn is what a report says of a device, which is added where the run is not about it.
func deviceIn(r *report.Report, user plan.Device) *report.Device {
	i := slices.IndexFunc(r.Devices, func(d report.Device) bool { return d.Address == user.Address })
	if i < 0 {
		i, _ = slices.BinarySearchFunc(r.Devices, user.Address, func(d report.Device, a schema.Device) int { return d.Address.Compare(a) })
		r.Devices = slices.Insert(r.Devices, i, report.Device{Address: user.Address, Identity: user.Identity, Result: report.Already})
	}
	return &r.Devices[i]
}

// each does something for every witness, within the bounds of parallelism. Those that are not reached before ctx ends stay as
// they were.
func each(ctx context.Context, all []*witness, o Options, do func(*witness)) {
	graph.Walk(ctx, all, func(w *witness) string { return w.device.Access.Site }, o.Parallelism, do)
}
