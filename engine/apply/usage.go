package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"camform/engine/consumer"
	"camform/engine/graph"
	"camform/engine/guard"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// census is who uses the devices of a plan as the run begins: what devices tell now, or told last where they do not answer.
type census struct {
	kinds   *schema.Kinds
	devices map[schema.Device]plan.Device // of the plan, also those that only use others
	fleet   map[schema.Device]consumer.Device
	index   *consumer.Index
	before  map[schema.Setting]consumer.Use // that the plan knows
	steps   map[schema.Setting]plan.Step
	silent  map[schema.Device]silence // devices that told when the plan was made, and do not now
}

// silence is why a device does not tell what it uses, and when it did last.
type silence struct {
	err  error
	read time.Time
}

// takeCensus asks the devices that use others what they use, unless no step of the plan could cut anybody off. The error says
// why the last lists of devices are unknown.
func takeCensus(ctx context.Context, p *plan.Plan, o Options) (*census, error) {
	c := &census{
		kinds: o.Provider.Kinds(), devices: map[schema.Device]plan.Device{}, fleet: map[schema.Device]consumer.Device{},
		before: map[schema.Setting]consumer.Use{}, steps: map[schema.Setting]plan.Step{}, silent: map[schema.Device]silence{},
	}
	if !slices.ContainsFunc(p.Devices, c.cuts) || len(p.Usage.Lists) == 0 {
		c.index = consumer.NewIndex(nil, nil)
		return c, nil
	}
	for _, d := range slices.Concat(p.Devices, p.Users) {
		c.devices[d.Address] = d
		for _, s := range d.Steps {
			c.steps[s.Address] = s
		}
	}
	for _, d := range p.Usage.Fleet {
		c.fleet[d.Address] = d
	}
	for _, l := range p.Usage.Lists {
		for _, u := range l.Uses {
			c.before[u.Item] = u
		}
	}
	remembered, err := lastTold(ctx, o.Store)
	if err != nil {
		return nil, err
	}
	now, fresh := c.ask(ctx, p.Usage.Lists, remembered, o)
	_ = o.Store.SaveUses(ctx, fresh) // what cannot be remembered counts in this run all the same
	c.index = consumer.NewIndex(p.Usage.Fleet, now)
	return c, nil
}

// cuts reports whether steps of a device could cut somebody off.
func (c *census) cuts(d plan.Device) bool {
	return slices.ContainsFunc(d.Steps, func(s plan.Step) bool { return guard.MayCut(s, c.kinds) })
}

// lastTold is what devices told last of the others that they use.
func lastTold(ctx context.Context, store Store) (map[schema.Device]consumer.List, error) {
	all, err := store.AllUses(ctx)
	if err != nil {
		return nil, err
	}
	lists := make(map[schema.Device]consumer.List, len(all))
	for _, told := range all {
		uses, err := consumer.Decode(told.Device, told.Told)
		if err != nil {
			return nil, fmt.Errorf("%w: table uses: %w", state.ErrDamaged, err)
		}
		lists[told.Device] = consumer.List{Uses: uses, Read: told.Read}
	}
	return lists, nil
}

// ask asks the devices that the plan knows to use others. The lists come back as they are now, and those that were read also to
// be remembered. Of a device that does not tell now the latest list counts, be it that of the plan or a later one.
func (c *census) ask(ctx context.Context, known []consumer.List, remembered map[schema.Device]consumer.List, o Options) ([]consumer.List, []state.Uses) {
	lists := slices.Clone(known)
	begun := time.Now()
	o.Event(report.Event{Kind: report.StageStarted, Stage: report.Consumers, Total: len(lists)})
	var mu sync.Mutex
	var fresh []state.Uses
	var all []int
	for i := range lists {
		all = append(all, i)
	}
	graph.Walk(ctx, all, func(i int) string { return lists[i].Site }, o.Parallelism, func(i int) {
		address := lists[i].Device
		o.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Consumers, Device: address})
		d := c.devices[address]
		d.Identity.Serial = c.fleet[address].Serial
		uses, err := usesOf(ctx, d, len(lists[i].Uses) > 0, o)
		told, failed := consumer.Encode(uses)
		if err = errors.Join(err, failed); err == nil {
			lists[i].Uses = uses
		} else if last := remembered[address]; last.Read.After(lists[i].Read) {
			lists[i].Uses, lists[i].Read = last.Uses, last.Read
		}
		o.Event(report.Event{Kind: report.DeviceDone, Stage: report.Consumers, Device: address, Result: live.ResultOf(err)})
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			fresh = append(fresh, state.Uses{Device: address, Told: told})
		case lists[i].Away == "":
			c.silent[address] = silence{err: err, read: lists[i].Read}
		}
	})
	o.Event(report.Event{Kind: report.StageDone, Stage: report.Consumers, Elapsed: time.Since(begun)})
	return lists, fresh
}

// usesOf are the uses that a device tells. One that told some before and lacks the documents tells nothing.
func usesOf(ctx context.Context, d plan.Device, before bool, o Options) ([]consumer.Use, error) {
	reader, err := meet(ctx, d, o)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	uses, missing := []consumer.Use{}, error(nil)
	for _, k := range o.Provider.Kinds().Consuming() {
		docs := providers.Documents{}
		err := providers.ReadKind(k, nil, func(path string) (doc providers.Document, err error) {
			if doc, err = reader.Read(ctx, path); err == nil && doc.Unsure {
				err = doc.NotThere()
			}
			docs[path] = doc
			return doc, err
		}, func(string) (providers.Document, error) { return providers.Document{}, nil })
		if err != nil {
			return nil, err
		}
		items, err := o.Provider.Decode(k.Told(), nil, docs)
		switch {
		case errors.Is(err, providers.ErrUnsupported):
			missing = err
		case err != nil:
			return nil, err
		default:
			uses = append(uses, consumer.Uses(d.Address, k, items)...)
		}
	}
	if missing != nil && len(uses) == 0 && before {
		return nil, missing
	}
	return uses, nil
}

// meet begins to read from a device, after it said that it is the one that was planned for.
func meet(ctx context.Context, d plan.Device, o Options) (providers.Reader, error) {
	target, err := o.Target(d)
	if err != nil {
		return nil, err
	}
	reader := o.Provider.OpenReader(target)
	who, err := reader.Identify(ctx)
	if err == nil && who.Serial != d.Identity.Serial {
		err = fmt.Errorf("another device answers there: %w", providers.ErrIdentity)
	}
	if err != nil {
		reader.Close()
		return nil, err
	}
	return reader, nil
}

// overtaken says why steps of a device must not be carried out: somebody uses it whom the plan does not know, and they could cut
// that one off. It is empty if they may.
func (c *census) overtaken(d plan.Device) string {
	one, asked := c.fleet[d.Address]
	if !asked || !c.cuts(d) {
		return ""
	}
	found, unclear := c.index.Of(one)
	for _, f := range found {
		if !c.knows(d, f) {
			return fmt.Sprintf("%s uses it, and the plan does not account for that; nothing was written; plan again", f.Name())
		}
	}
	for _, f := range unclear {
		if !c.knows(d, f) && !c.isAsPlanned(f.Use) {
			return fmt.Sprintf("%s may use it, and was changed after the plan was made; nothing was written; plan again", f.Name())
		}
	}
	return ""
}

// withheld says why an account must keep its password for now: somebody who has to get the new one does not answer. It is
// empty if it need not.
func (c *census) withheld(s plan.Step) string {
	if !c.kinds.Lookup(s.Address.Kind).IsAccount() || len(s.Secrets) == 0 || len(c.silent) == 0 {
		return ""
	}
	for _, w := range c.devices[s.Address.Device].Ways {
		item, err := schema.ParseSetting(w.Who)
		if err != nil || !w.Told || w.Accepted != "" || w.Account != s.Address.Key {
			continue
		}
		if silent, is := c.silent[item.Device]; is {
			return fmt.Sprintf("nothing was written: %s needs the new password, but camform could not read from %s what it uses now: %s",
				w.Who, item.Device, providers.Reason(silent.err))
		}
	}
	return ""
}

// leaves reports whether an account keeps its password, since it has to or its device is left alone.
func (c *census) leaves(account schema.Setting) bool {
	d := c.devices[account.Device]
	s, planned := c.steps[account]
	return planned && guard.MayCut(s, c.kinds) && (c.overtaken(d) != "" || c.withheld(s) != "")
}

// knows reports whether the plan accounts for a use of a device.
func (c *census) knows(d plan.Device, f consumer.Found) bool {
	return slices.ContainsFunc(d.Ways, func(w plan.Way) bool {
		about, err := schema.ParseTarget(w.Who)
		return err == nil && w.Accepted != "" && about.Covers(f.Item) || w.Who == f.Name() && c.isAsPlanned(f.Use)
	})
}

// isAsPlanned reports whether an item uses what it used when the plan was made, or what the plan itself makes it use. What it is
// called and which serial number it saw meanwhile decides nothing.
func (c *census) isAsPlanned(now consumer.Use) bool {
	before, known := c.before[now.Item]
	if s, planned := c.steps[now.Item]; planned && !s.After.IsNull() {
		after := consumer.Uses(now.Item.Device, c.kinds.Lookup(now.Kind), providers.Items{now.Key: s.After})[0]
		return (now.Host == before.Host || now.Host == after.Host) && (now.Account == before.Account || now.Account == after.Account)
	}
	now.Title, now.Serial = before.Title, before.Serial
	return known && now == before
}

// tell puts into a report which devices did not tell what they use.
func (c *census) tell(r *report.Report) {
	for address, s := range c.silent {
		if d := deviceIn(r, c.devices[address]); d.Result.Good() {
			d.Result = live.ResultOf(s.err)
			d.Detail = fmt.Sprintf("what it uses could not be read before the run, so camform relied on its list of %s: %s", s.read.Format(time.DateOnly), providers.Reason(s.err))
		}
	}
}
