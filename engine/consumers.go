package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"camform/engine/config"
	"camform/engine/consumer"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/guard"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/shell"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"

	"github.com/zclconf/go-cty/cty"
)

// consumers are what is known of who uses which devices of a configuration: by what is declared, and by what the devices that
// use others tell.
type consumers struct {
	devices   []*config.Device // all of the configuration
	users     map[string][]plan.Way
	fleet     []consumer.Device
	index     *consumer.Index
	lists     []consumer.List                  // of devices that use others or may do so
	strangers []consumer.List                  // never read, and nothing says whether they use others
	snapshots map[schema.Device]*live.Snapshot // of devices that use others, with the documents that tell it
	hardware  map[schema.Device]string         // addresses of devices
	serials   map[schema.Device]string         // of devices
	by        map[schema.Device]*config.Device // of the configuration
	owed      []state.Owed                     // that have to get passwords since an earlier run
	sessions  map[schema.Device][]plan.Login   // that devices list
	emptied   []consumer.List                  // what devices told last that list nothing any more
	unwritten error                            // why what devices told could not be remembered
}

// logins are the sessions on a device that its steps could cut off, of nobody who is known to use it.
func (c *consumers) logins(d plan.Device, kinds *schema.Kinds) []plan.Login {
	return unexplained(c.sessions[d.Address], d, c.by[d.Address], c.devices, kinds)
}

// declaredConsumers are those that the configuration knows, without what devices tell.
func declaredConsumers(all []*config.Device) *consumers {
	c := &consumers{
		devices: all, users: usersOf(all), index: consumer.NewIndex(nil, nil), snapshots: map[schema.Device]*live.Snapshot{},
		hardware: map[schema.Device]string{}, serials: map[schema.Device]string{}, by: map[schema.Device]*config.Device{},
	}
	for _, d := range all {
		c.by[d.Address] = d
	}
	return c
}

// inquiry asks devices what they use.
type inquiry struct {
	surveyor
	now   func() time.Time
	kinds []*schema.Kind // that use other devices
	own   bool           // whether to ask for the addresses of the devices that use others, too
	owed  []state.Owed   // what earlier runs did not get to tell

	listed map[schema.Device][]schema.Sessions // where to ask devices who is logged in

	known map[schema.Device]providers.Identity
	hosts map[schema.Device]string         // at which devices answered last
	told  map[schema.Device]consumer.List  // what devices told last
	read  map[schema.Device]*live.Snapshot // of devices that need not be asked any more; with Err where they cannot be

	logins map[schema.Device][]plan.Login // that devices told of
}

// inquire finds who uses the devices of a configuration. The devices that may use others are asked what they use, if a
// survey does not have that: once for each, and of a model that uses none only one device is asked. What they told last counts
// of those that cannot be read, or that say of a sudden that they have none. The error says why the state could not be read.
func (q inquiry) inquire(ctx context.Context, all []*config.Device, found *survey) (*consumers, error) {
	q.stage = report.Consumers
	c := declaredConsumers(all)
	if err := q.recall(ctx); err != nil {
		return nil, err
	}
	for i, d := range found.devices {
		snap := found.snapshots[i]
		if snap.Err == nil {
			q.known[d.Address] = snap.Identity
		}
		if snap.Err != nil || q.answered(snap) {
			q.read[d.Address] = snap
		}
		if snap.Err != nil {
			delete(q.listed, d.Address)
		}
	}
	if err := q.ask(ctx, all); err != nil {
		return nil, err
	}
	fresh, err := q.lists(ctx, all, c)
	if err != nil {
		return nil, err
	}
	q.left(c)
	c.match(q.known)
	c.sessions = q.logins
	if err := q.store.SaveUses(ctx, fresh); err != nil && ctx.Err() == nil {
		c.unwritten = err
	}
	c.owed = slices.DeleteFunc(slices.Clone(q.owed), c.void)
	return c, nil
}

// remembered are those who use the devices of a configuration by what these told last. No device is asked. The error says why
// the state could not be read.
func (q inquiry) remembered(ctx context.Context, all []*config.Device) (*consumers, error) {
	c := declaredConsumers(all)
	if err := q.recall(ctx); err != nil {
		return nil, err
	}
	for _, d := range all {
		c.lists = append(c.lists, q.last(d))
	}
	q.left(c)
	c.match(q.known)
	c.owed = slices.DeleteFunc(slices.Clone(q.owed), c.void)
	return c, nil
}

// left adds what devices told last that left the configuration: until the state forgets them they use what they used. One that is
// there under another name is asked itself.
func (q *inquiry) left(c *consumers) {
	here := map[string]bool{}
	for _, d := range c.devices {
		here[q.known[d.Address].Serial] = true
	}
	for _, address := range slices.SortedFunc(maps.Keys(q.told), schema.Device.Compare) {
		serial := q.known[address].Serial
		if c.by[address] != nil || serial != "" && here[serial] {
			continue
		}
		list := q.told[address]
		list.Device, list.Host, list.Away = address, q.hosts[address], "it is no longer in the configuration"
		c.lists = append(c.lists, list)
		c.hardware[address] = q.known[address].MAC
	}
}

// match finds out whose the uses in the lists are, by what is known of the devices.
func (c *consumers) match(known map[schema.Device]providers.Identity) {
	c.fleet = make([]consumer.Device, len(c.devices))
	for i, d := range c.devices {
		identity := known[d.Address]
		c.fleet[i] = consumer.Device{Address: d.Address, Site: d.Site, Host: d.URL.Hostname(), Serial: identity.Serial}
		c.hardware[d.Address], c.serials[d.Address] = identity.MAC, identity.Serial
	}
	c.index = consumer.NewIndex(c.fleet, c.lists)
}

// recall reads the records of devices and of what they use.
func (q *inquiry) recall(ctx context.Context) error {
	devices, err := q.store.AllDevices(ctx)
	if err != nil {
		return err
	}
	told, err := q.store.AllUses(ctx)
	if err != nil {
		return err
	}
	q.known, q.told, q.read = map[schema.Device]providers.Identity{}, map[schema.Device]consumer.List{}, map[schema.Device]*live.Snapshot{}
	q.logins = map[schema.Device][]plan.Login{}
	q.hosts = map[schema.Device]string{}
	for _, d := range devices {
		q.known[d.Address] = d.Identity
		q.hosts[d.Address], _, _ = net.SplitHostPort(d.Endpoint)
	}
	for _, u := range told {
		list := consumer.List{Read: u.Read}
		if list.Uses, err = consumer.Decode(u.Device, u.Told); err != nil {
			return fmt.Errorf("%w: table uses: %w", state.ErrDamaged, err)
		}
		q.told[u.Device] = list
	}
	return nil
}

// answered reports whether a snapshot tells what the device uses.
func (q *inquiry) answered(snap *live.Snapshot) bool {
	return !slices.ContainsFunc(q.kinds, func(k *schema.Kind) bool { return snap.Kinds[k.Name] == nil }) && !q.own
}

// wants are the documents that tell what a device uses, and who is logged in on it.
func (q *inquiry) wants(ctx context.Context, kinds *schema.Kinds, d *config.Device) live.Wants {
	var lists []string
	for _, s := range q.listed[d.Address] {
		lists = append(lists, s.Path)
	}
	if q.settled(ctx, d) {
		return live.Wants{Extra: lists}
	}
	wanted := slices.Clone(q.kinds)
	for _, k := range kinds.All() {
		if q.own && !k.Own && slices.ContainsFunc(k.Guards, (*schema.Guard).TellsAddress) {
			wanted = append(wanted, k)
		}
	}
	return live.Wants{Kinds: wanted, Extra: lists}
}

// certain reports whether a device calls itself one that uses others. What it lacks for that is no answer then.
func (q *inquiry) certain(device schema.Device) bool {
	return slices.ContainsFunc(q.kinds, func(k *schema.Kind) bool { return k.Consumes.Certain(q.known[device].Type) })
}

// model is what devices have in common that use others, or none.
type model struct{ name, firmware string }

// ask asks the devices for which it is unknown what they use, or whose sessions are wanted. Of the devices of one model
// one is asked first: where it has nothing with which to use others, the rest have not either.
func (q *inquiry) ask(ctx context.Context, all []*config.Device) error {
	first := map[model]bool{}
	var rest []*config.Device
	var heads []*config.Device
	for _, d := range all {
		m := q.modelOf(d)
		if !q.settled(ctx, d) && (m.name == "" || !first[m]) {
			first[m] = true
			heads = append(heads, d)
		} else {
			rest = append(rest, d)
		}
	}
	if err := q.query(ctx, heads); err != nil {
		return err
	}
	return q.query(ctx, slices.DeleteFunc(rest, func(d *config.Device) bool {
		return q.settled(ctx, d) && len(q.listed[d.Address]) == 0
	}))
}

// settled reports whether a device need not be asked what it uses.
func (q *inquiry) settled(ctx context.Context, d *config.Device) bool {
	return q.read[d.Address] != nil || q.usesNone(ctx, d)
}

// query asks the devices that can be asked.
func (q *inquiry) query(ctx context.Context, devices []*config.Device) error {
	if len(devices) == 0 {
		return nil
	}
	asked := map[schema.Device]bool{} // what they use
	for _, d := range devices {
		asked[d.Address] = !q.settled(ctx, d)
	}
	found, err := q.surveyBy(ctx, byAddress, devices, func(kinds *schema.Kinds, d *config.Device) live.Wants { return q.wants(ctx, kinds, d) })
	if err != nil {
		return err
	}
	for i, d := range found.devices {
		snap := found.snapshots[i]
		if asked[d.Address] {
			q.read[d.Address] = snap
		}
		if snap.Err != nil {
			continue
		}
		q.known[d.Address] = snap.Identity
		if asked[d.Address] {
			q.learn(ctx, snap)
		}
		q.logins[d.Address] = loginsOf(snap, q.listed[d.Address], q.interpreter, capabilityCache{q.store.Capabilities})
	}
	return nil
}

func (q *inquiry) modelOf(d *config.Device) model {
	identity := q.known[d.Address]
	return model{identity.Model, identity.Firmware}
}

// usesNone reports whether devices of the model of a device are known to have nothing with which to use others. One that once
// told of others is not taken for such a device.
func (q *inquiry) usesNone(ctx context.Context, d *config.Device) bool {
	m := q.modelOf(d)
	if m.name == "" || len(q.told[d.Address].Uses) > 0 || q.certain(d.Address) {
		return false
	}
	return !slices.ContainsFunc(q.kinds, func(k *schema.Kind) bool {
		_, missing, found, err := q.store.Capability(ctx, m.name, m.firmware, k.Document.Path)
		return err != nil || !found || missing == ""
	})
}

// learn keeps what a device lacks for others of its model.
func (q *inquiry) learn(ctx context.Context, snap *live.Snapshot) {
	for _, k := range q.kinds {
		if why := snap.Missing[k.Name]; why != "" {
			doc := providers.Document{Path: k.Document.Path, Missing: why, Unsure: snap.Fault(k, "") != ""}
			capabilityCache{q.store.Capabilities}.Store(snap.Identity.Model, snap.Identity.Firmware, doc)
		}
	}
}

// lists puts the known uses of the devices into c. It returns those that were read now, to be recorded.
func (q *inquiry) lists(ctx context.Context, all []*config.Device, c *consumers) ([]state.Uses, error) {
	var fresh []state.Uses
	recorders := q.modelsThatUse(all)
	for _, d := range all {
		list, snap := q.last(d), q.read[d.Address]
		switch {
		case snap == nil: // of a model that uses none
		case q.tells(snap, list):
			c.snapshots[d.Address] = snap
			uses, err := usesOf(q.interpreter, q.kinds, snap)
			if err != nil {
				return nil, err
			}
			if !q.has(snap) && list.Read.IsZero() {
				continue
			}
			if len(uses) == 0 && len(list.Uses) > 0 {
				c.emptied = append(c.emptied, list)
			}
			list.Uses, list.Read, list.Own = uses, q.now(), ownAddresses(snap)
			told, err := toldAt(list.Read, d.Address, uses)
			if err != nil {
				return nil, err
			}
			c.lists, fresh = append(c.lists, list), append(fresh, told)
		default:
			list.Away = q.away(snap)
			switch {
			case !list.Never() || snap.Err == nil && !q.unsure(snap) || declaresUses(d) || recorders[q.modelOf(d)] || q.certain(d.Address):
				c.lists = append(c.lists, list)
			case !q.usesNone(ctx, d):
				c.strangers = append(c.strangers, list)
			}
		}
	}
	return fresh, nil
}

// modelsThatUse are the models with a device that reported that it uses others.
func (q *inquiry) modelsThatUse(all []*config.Device) map[model]bool {
	models := map[model]bool{}
	for _, d := range all {
		if snap := q.read[d.Address]; len(q.told[d.Address].Uses) > 0 || snap != nil && snap.Err == nil && q.has(snap) {
			models[q.modelOf(d)] = true
		}
	}
	delete(models, model{})
	return models
}

// has reports whether a device that was read has what it uses others with.
func (q *inquiry) has(snap *live.Snapshot) bool {
	return slices.ContainsFunc(q.kinds, func(k *schema.Kind) bool { return snap.Items[k.Name] != nil })
}

// toldAt is what a device told at a time of the others that it uses, to be remembered.
func toldAt(at time.Time, d schema.Device, uses []consumer.Use) (state.Uses, error) {
	text, err := consumer.Encode(uses)
	return state.Uses{Device: d, Told: text, Read: at}, err
}

// last is what a device told last of the others that it uses.
func (q *inquiry) last(d *config.Device) consumer.List {
	list := q.told[d.Address]
	list.Device, list.Site, list.Host = d.Address, d.Site, d.URL.Hostname()
	return list
}

// unsure reports whether the device has a fault that may pass where it should tell what it uses.
func (q *inquiry) unsure(snap *live.Snapshot) bool {
	return slices.ContainsFunc(q.kinds, func(k *schema.Kind) bool { return snap.Fault(k, "") != "" })
}

// tells reports whether a snapshot has all that tells what the device uses. One that told of others before and has no such
// document any more tells nothing, and neither does one with a fault that may pass.
func (q *inquiry) tells(snap *live.Snapshot, last consumer.List) bool {
	return snap.Err == nil && !q.unsure(snap) && (q.has(snap) || len(last.Uses) == 0 && !q.certain(snap.Device)) &&
		!slices.ContainsFunc(q.kinds, func(k *schema.Kind) bool { return snap.Unreadable[k.Name] != nil })
}

// away says why it could not be read what a device uses.
func (q *inquiry) away(snap *live.Snapshot) string {
	switch {
	case errors.Is(snap.Err, providers.ErrInactive):
		return fmt.Sprintf("%s; camform apply -target %s gives it one", providers.Reason(snap.Err), shell.Quoted(snap.Device.String()))
	case snap.Err != nil:
		return providers.Reason(snap.Err)
	}
	for _, k := range q.kinds {
		if err := snap.Unreadable[k.Name]; err != nil {
			return providers.Reason(err)
		}
		if why := snap.Missing[k.Name]; why != "" {
			return why
		}
	}
	return "it was not read"
}

// declaresUses reports whether a configuration says of a device that it uses others.
func declaresUses(d *config.Device) bool {
	return slices.ContainsFunc(d.Settings, func(s *config.Setting) bool { return s.Kind.Consumes != nil })
}

// usesOf are what a device says it uses, from the items of some kinds that were read.
func usesOf(interpreter providers.Interpreter, kinds []*schema.Kind, snap *live.Snapshot) ([]consumer.Use, error) {
	uses := []consumer.Use{}
	for _, k := range kinds {
		if snap.Missing[k.Name] != "" || snap.Unreadable[k.Name] != nil {
			continue
		}
		items, err := interpreter.Decode(k.Told(), nil, snap.Documents)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", snap.Device, err)
		}
		uses = append(uses, consumer.Uses(snap.Device, k, items)...)
	}
	return uses, nil
}

// ownAddresses are those of the read addresses that a device says it has.
func ownAddresses(snap *live.Snapshot) []netip.Addr {
	var all []netip.Addr
	for name, items := range snap.Items {
		for key, item := range items {
			for _, g := range snap.Kinds[name].GuardsOf(key) {
				if g.TellsAddress() {
					all = append(all, addressesIn(item, g.V4Address, g.V6Address)...)
				}
			}
		}
	}
	return all
}

// addressesIn are the addresses that attributes of an item hold, with or without the length of their network.
func addressesIn(item cty.Value, attributes ...string) []netip.Addr {
	var all []netip.Addr
	for _, attribute := range attributes {
		if attribute == "" {
			continue
		}
		v := item.GetAttr(attribute)
		if v.IsNull() || !v.IsKnown() {
			continue
		}
		host, _, _ := strings.Cut(v.AsString(), "/")
		if address, err := netip.ParseAddr(host); err == nil {
			all = append(all, address.Unmap())
		}
	}
	return all
}

// of returns the users of a device that are found on devices.
func (c *consumers) of(d *config.Device) (found, unclear []consumer.Found) {
	return c.index.Of(consumer.Device{Address: d.Address, Site: d.Site, Host: d.URL.Hostname(), Serial: c.serials[d.Address]})
}

// usedBy are the items with which a device uses others, as it told last.
func (c *consumers) usedBy(d schema.Device) []schema.Setting {
	var items []schema.Setting
	for _, l := range c.lists {
		if l.Device == d {
			for _, u := range l.Uses {
				items = append(items, u.Item)
			}
		}
	}
	return items
}

// ways are the ways in to a device that others need: those that are declared, and those that were found. What a consumer block
// with the address of another device says counts for all its items that were found, over what these tell.
func (c *consumers) ways(d *config.Device) []plan.Way {
	ways := waysTo(d, c.users)
	found, _ := c.of(d)
	for _, f := range found {
		ways = slices.DeleteFunc(ways, func(other plan.Way) bool { return other.Who == f.Name() })
		ways = append(ways, plan.Way{
			Who: f.Name(), Title: f.Title, Scheme: f.Scheme, Port: f.Port, Address: f.Host, Account: f.Account, Source: f.Source,
			Hardware: c.hardware[f.Item.Device], Evidence: string(f.By), Declared: c.literal(d, f),
		})
	}
	for _, block := range d.Consumers {
		about, ok := block.User()
		if !ok {
			continue
		}
		met := false
		for i, w := range ways {
			if user, err := schema.ParseSetting(w.Who); err == nil && about.Covers(user) {
				ways[i], met = amended(w, block), true
			}
		}
		if !met {
			ways = append(ways, amended(plan.Way{Who: block.Name}, block))
		}
	}
	return ways
}

// amended is a way with what a consumer block says of it.
func amended(w plan.Way, block config.Consumer) plan.Way {
	w.Scheme, w.Account, w.Level = cmp.Or(block.Scheme, w.Scheme), cmp.Or(block.Username, w.Account), cmp.Or(block.Level, w.Level)
	w.Port, w.Source, w.Algorithm = cmp.Or(block.Port, w.Port), cmp.Or(block.Address, w.Source), cmp.Or(block.Algorithm, w.Algorithm)
	w.Accepted = block.Reason
	return w
}

// literal is the origin of the password that the configuration gives to a use, where it is not that of the account.
func (c *consumers) literal(d *config.Device, f consumer.Found) string {
	declared, ok := c.password(f.Item)
	if !ok {
		return ""
	}
	origin := schema.Origin(declared.Value)
	if origin == credential.Origin(credential.Name(d.Address, f.Account)) {
		return ""
	}
	for _, s := range d.Settings {
		if s.Kind.Account() == nil || s.Address.Key != f.Account {
			continue
		}
		for _, a := range s.Attributes {
			if schema.IsSecret(a.Value) && schema.Origin(a.Value) == origin {
				return ""
			}
		}
	}
	return origin
}

// password is the declared password of an item that uses another device.
func (c *consumers) password(item schema.Setting) (config.Attribute, bool) {
	return c.secret(item, func(k *schema.Kind) string { return k.Consumes.Password })
}

// declared is the declared password of an account.
func (c *consumers) declared(account schema.Setting) (config.Attribute, bool) {
	return c.secret(account, func(k *schema.Kind) string { return k.Account().Password })
}

// secret is a declared attribute of a setting, whose name the kind knows.
func (c *consumers) secret(item schema.Setting, of func(*schema.Kind) string) (config.Attribute, bool) {
	d := c.by[item.Device]
	if d == nil {
		return config.Attribute{}, false
	}
	i := slices.IndexFunc(d.Settings, func(s *config.Setting) bool { return s.Address == item })
	if i < 0 {
		return config.Attribute{}, false
	}
	declared, ok := d.Settings[i].Attributes[of(d.Settings[i].Kind)]
	return declared, ok
}

// held says which steps of a plan must wait, and why: new passwords that a device which cannot be reached now would have to be
// passed on to, and changes that could cut off a device of the site whose uses were never read.
func (c *consumers) held(devices []plan.Device, kinds *schema.Kinds) map[schema.Setting]string {
	held := map[schema.Setting]string{}
	for _, d := range devices {
		device := c.by[d.Address]
		found, _ := c.of(device)
		for _, s := range d.Steps {
			if !guard.MayCut(s, kinds) {
				continue
			}
			for _, f := range found {
				if !givesPassword(s) || !logsInWith(f, s, kinds) || ignores(device, f.Item) {
					continue
				}
				if f.Away != "" {
					held[s.Address] = c.untold(f)
				} else if why := c.kept(f.Item, kinds); why != "" {
					held[s.Address] = fmt.Sprintf("%s logs in with it and would lose this device: %s. Let camform give it the new password, or accept that in the "+
						"device block: consumer %q with ignore = true and a reason", f.Item, why, f.Item)
				}
			}
			for _, l := range c.lists {
				if l.Never() && l.Site == device.Site && l.Device != d.Address && !ignores(device, schema.Setting{Device: l.Device}) {
					held[s.Address] = fmt.Sprintf("%s may use this device, but camform has never read which devices it uses: %s. Run the same command when it answers, "+
						"or accept it in the device block: consumer %q with ignore = true and a reason", l.Device, l.Away, l.Device)
				}
			}
		}
	}
	return held
}

// untold says why an account must keep its password for a use that cannot get another one now.
func (c *consumers) untold(f consumer.Found) string {
	listed := fmt.Sprintf("%s logs in with it according to its list of %s", f.Item, f.Read.Format(time.DateOnly))
	if c.by[f.Item.Device] == nil {
		return fmt.Sprintf("%s, and %s is no longer in the configuration. Keep it there until it has the new password, or accept in the device block that it loses "+
			"this device: consumer %q with ignore = true and a reason", listed, f.Item.Device, f.Item.Device)
	}
	return fmt.Sprintf("%s, and %s could not be read now: %s. Run the same command when it answers", listed, f.Item.Device, f.Away)
}

// kept says why an item must not get a new password, by what its device block says of changes; empty if it may get one.
func (c *consumers) kept(item schema.Setting, kinds *schema.Kinds) string {
	d := c.by[item.Device]
	switch {
	case d == nil:
		return ""
	case d.Lifecycle.Protects(item):
		return fmt.Sprintf("lifecycle { protect } of %s keeps it as it is", item.Device)
	case d.Lifecycle.Ignores(item, kinds.Lookup(item.Kind).Consumes.Password):
		return fmt.Sprintf("lifecycle { ignore_changes } of %s leaves its password alone", item.Device)
	default:
		return ""
	}
}

// logsInWith reports whether a use logs in with the account that a step is about.
func logsInWith(f consumer.Found, s plan.Step, kinds *schema.Kinds) bool {
	kind := kinds.Lookup(s.Address.Kind)
	return kind != nil && (f.Account == "" || strings.EqualFold(s.Address.Key, f.Account)) && slices.ContainsFunc(kind.GuardsOf(s.Address.Key), func(g *schema.Guard) bool {
		return g.Role == schema.Accounts && g.Counts(f.Scheme)
	})
}

// ignores reports whether a consumer block of a device lets an item of another device, or all its items, be cut off.
func ignores(d *config.Device, user schema.Setting) bool {
	return slices.ContainsFunc(d.Consumers, func(c config.Consumer) bool {
		about, ok := c.User()
		return ok && c.Ignore && about.Covers(user)
	})
}

// owedFor are the items to which an earlier run did not get to give the passwords of accounts, if a plan is about the devices
// with the accounts or about those of the items.
func owedFor(ctx context.Context, debts *state.Debts, p *plan.Plan) ([]state.Owed, error) {
	all, err := debts.AllOwed(ctx)
	return slices.DeleteFunc(all, func(o state.Owed) bool {
		return !slices.ContainsFunc(p.Devices, func(d plan.Device) bool { return d.Address == o.Account.Device || d.Address == o.Item.Device })
	}), err
}

// void reports whether nothing is owed to an item as things are: somebody lets it be cut off, or its device was read and it does
// not log in with the account. It is not forgotten for that: a list may lack an item for once.
func (c *consumers) void(o state.Owed) bool {
	if device := c.by[o.Account.Device]; device != nil && ignores(device, o.Item) {
		return true
	}
	_, there := c.creditor(o)
	return !there && c.snapshots[o.Item.Device] != nil
}

// creditor is the use of a device to which the password of an account is owed.
func (c *consumers) creditor(o state.Owed) (consumer.Found, bool) {
	device := c.by[o.Account.Device]
	if device == nil {
		return consumer.Found{}, false
	}
	found, _ := c.of(device)
	i := slices.IndexFunc(found, func(f consumer.Found) bool {
		return f.Item == o.Item && (f.Account == "" || strings.EqualFold(f.Account, o.Account.Key))
	})
	if i < 0 {
		return consumer.Found{}, false
	}
	return found[i], true
}

// notes are what a reviewer of a plan should know of those who may use its devices, and of whom it is not certain.
func (c *consumers) notes(devices []plan.Device, kinds *schema.Kinds) diag.Problems {
	unclear, strange := map[schema.Setting]bool{}, map[schema.Setting]bool{}
	unread := slices.DeleteFunc(slices.Concat(c.strangers, c.lists), func(l consumer.List) bool { return !l.Never() })
	for _, d := range devices {
		if !slices.ContainsFunc(d.Steps, func(s plan.Step) bool { return guard.MayCut(s, kinds) }) {
			continue
		}
		device := c.by[d.Address]
		_, maybe := c.of(device)
		for _, f := range maybe {
			unclear[f.Item] = unclear[f.Item] || !ignores(device, f.Item)
		}
		for _, l := range unread {
			user := schema.Setting{Device: l.Device}
			strange[user] = strange[user] || l.Device != d.Address
		}
	}
	var problems diag.Problems
	if c.unwritten != nil {
		problems = append(problems, diag.FromError(c.unwritten, "state-unwritable", "State cannot be written"))
	}
	for _, l := range c.emptied {
		var items []schema.Setting
		for _, u := range l.Uses {
			items = append(items, u.Item)
		}
		problems = append(problems, diag.Problem{
			Severity: diag.Warning, Code: guard.CutCode, Summary: "Recorder shows nothing any more", Address: schema.Setting{Device: l.Device},
			Detail: fmt.Sprintf("%s no longer lists any channel; on %s it listed %s. From now on camform assumes that it uses none of them: if that is wrong, "+
				"restore its channels before you apply.", l.Device, l.Read.Format(time.DateOnly), named(items)),
		})
	}
	note := func(all map[schema.Setting]bool, format string) {
		maps.DeleteFunc(all, func(_ schema.Setting, told bool) bool { return !told })
		if who := slices.SortedFunc(maps.Keys(all), schema.Setting.Compare); len(who) > 0 {
			problems = append(problems, diag.Problem{
				Severity: diag.Warning, Code: guard.CutCode, Summary: "Change may cut somebody off", Address: who[0], Detail: fmt.Sprintf(format, named(who)),
			})
		}
	}
	note(unclear, "camform cannot tell which camera is shown by %s: the channel reports no serial number, and no device of its site has its address. "+
		"If this plan changes that camera, check afterwards that its picture is there.")
	note(strange, "camform has never read which other devices are used by %s. If that is a recorder, check afterwards that it has the pictures that it should keep.")
	return problems
}
