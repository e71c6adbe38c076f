package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"camform/engine/config"
	"camform/engine/consumer"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// secure tells those who use the devices of a plan what they need to know, and puts the steps into an order in which all ways in
// stay open.
func (j judge) secure(planned *Planned, use *consumers) diag.Problems {
	problems := append(use.tell(planned, j), use.owe(planned, j)...)
	steps := stepsOf(planned.Plan.Devices)
	for i := range planned.Plan.Devices {
		d := &planned.Plan.Devices[i]
		device := use.by[d.Address]
		d.Ways = use.ways(device)
		inform(d.Ways, *d, steps, j.Kinds())
		d.Logins = use.logins(*d, j.Kinds())
		j.noteJumps(d, planned.Snapshots[d.Address].Documents)
		j.noteCiphers(d, planned.Snapshots[d.Address].Documents)
		problems = append(problems, j.prove(device, planned.Snapshots[d.Address].Documents, d)...)
	}
	problems = append(problems, loggedIn(planned.Plan.Devices)...)
	problems = append(problems, j.clockProblems(planned)...)
	planned.Plan.Users, planned.Plan.Usage = use.watchers(planned.Plan.Devices, j), use.usage()
	return append(problems, use.notes(planned.Plan.Devices, j.Kinds())...)
}

// noteCiphers marks the steps of a device whose passwords it takes enciphered over plain HTTP. Somebody in between could hide that
// later, to have them in clear: so it is part of the plan. Where somebody said that plain HTTP is meant, they may leave in clear.
func (j judge) noteCiphers(d *plan.Device, docs providers.Documents) {
	if !strings.HasPrefix(d.Access.URL, "http:") || d.Access.Plain {
		return
	}
	for i, s := range d.Steps {
		d.Steps[i].Enciphered = len(s.Secrets) > 0 && j.Enciphers(j.Kinds().Lookup(s.Address.Kind), docs)
	}
}

// watchers are the devices that use others and that a plan is not about. One that could not be read has that as its Problem.
func (c *consumers) watchers(devices []plan.Device, j judge) []plan.Device {
	var all []plan.Device
	for _, l := range c.lists {
		d, snap := c.by[l.Device], c.snapshots[l.Device]
		switch {
		case d == nil || l.Never() || slices.ContainsFunc(devices, func(d plan.Device) bool { return d.Address == l.Device }):
		case snap == nil:
			identity := providers.Identity{Serial: c.serials[l.Device], MAC: c.hardware[l.Device]}
			all = append(all, plan.Device{Address: l.Device, Access: diff.AccessOf(d), Identity: identity, Problem: l.Away})
		default:
			user, _ := diff.Plan(d, snap, diff.Result{}, j.Kinds(), j.Check, j.Enciphers)
			all = append(all, user)
		}
	}
	return all
}

// usage is what a plan keeps of who uses which devices, for apply to see whether that is still so.
func (c *consumers) usage() plan.Usage {
	var lists []consumer.List
	for _, l := range c.lists {
		if c.by[l.Device] != nil && !l.Never() {
			l.Own = nil
			lists = append(lists, l)
		}
	}
	if len(lists) == 0 {
		return plan.Usage{}
	}
	return plan.Usage{Fleet: c.fleet, Lists: lists}
}

// tell adds steps to a plan that pass new passwords on to those who were found to log in with them, and of whom nobody declares
// a password.
func (c *consumers) tell(planned *Planned, j judge) diag.Problems {
	var problems diag.Problems
	for _, d := range slices.Clone(planned.Plan.Devices) {
		device := c.by[d.Address]
		found, _ := c.of(device)
		for _, s := range d.Steps {
			secret, gives := newPassword(s)
			if !gives {
				continue
			}
			for _, f := range found {
				_, declared := c.password(f.Item)
				if declared || !f.Sure() || f.Away != "" || !logsInWith(f, s, j.Kinds()) || ignores(device, f.Item) {
					continue
				}
				problems = append(problems, c.tellOne(planned, j, f.Item, s, secret)...)
			}
		}
	}
	return problems
}

// tellOne adds the step of one item.
func (c *consumers) tellOne(planned *Planned, j judge, item schema.Setting, leader plan.Step, secret plan.SecretSource) diag.Problems {
	kind, snap := j.Kinds().Lookup(item.Kind), c.snapshots[item.Device]
	step, wrong := diff.Tell(item, kind, snap, leader, secret, j.Check)
	var problems diag.Problems
	for _, w := range wrong {
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: refusedCode, Summary: "Value not accepted by the device", Address: item,
			Detail: fmt.Sprintf("%s logs in with %s and would need its new password. %s", item, leader.Address, w.Detail), Subject: leader.Range.HCL(),
		})
	}
	d := planned.device(c.by[item.Device], snap, j)
	if i := slices.IndexFunc(d.Steps, func(s plan.Step) bool { return s.Address == item }); i >= 0 {
		d.Steps[i].Secrets = maps.Clone(d.Steps[i].Secrets)
		if d.Steps[i].Secrets == nil {
			d.Steps[i].Secrets = map[string]plan.SecretSource{}
		}
		maps.Copy(d.Steps[i].Secrets, step.Secrets)
		d.Steps[i].Why = append(slices.Clone(d.Steps[i].Why), step.Why...)
		return problems
	}
	d.Steps = plan.Order(append(d.Steps, step), j.Kinds())
	return problems
}

// owe adds the steps to a plan that tell passwords to those whom an earlier run did not get to tell them. No device shows the
// password that it has, so an item that already has it gets it once more. Items that cannot get it now are in the plan, too.
func (c *consumers) owe(planned *Planned, j judge) diag.Problems {
	var problems diag.Problems
	for _, o := range c.owed {
		if _, declared := c.password(o.Item); declared {
			continue // the comparison finds that it was not told
		}
		if s, ok := stepsOf(planned.Plan.Devices)[o.Item.String()]; ok && s.Follows() == o.Account.String() {
			continue // it gets the next password
		}
		why := untoldSince(o)
		if wait := c.waits(o, planned, j.Kinds()); wait != "" {
			planned.hold(o, fmt.Sprintf("%s needs the password of %s, because %s: %s", o.Item, o.Account, why, wait))
			continue
		}
		leader := plan.Step{Address: o.Account}
		if a, ok := c.declared(o.Account); ok {
			leader.Range, o.Origin = plan.SourceOf(a.Range), schema.Origin(a.Value)
		}
		problems = append(problems, c.tellOne(planned, j, o.Item, leader, plan.SecretSource{Origin: o.Origin})...)
		d := planned.device(c.by[o.Item.Device], c.snapshots[o.Item.Device], j)
		i := slices.IndexFunc(d.Steps, func(s plan.Step) bool { return s.Address == o.Item })
		d.Steps[i].Reason, d.Steps[i].Cause = why, plan.CauseDrift
	}
	return problems
}

// untoldSince says since when an item has to get a password.
func untoldSince(o state.Owed) string {
	return fmt.Sprintf("the run of %s that changed the password of %s ended before this was updated", o.Since.Format(time.DateOnly), o.Account)
}

// leftBehind takes the declared passwords of items that an earlier run did not get to tell for drift: what is wanted of them has
// not changed since. Those of accounts that still have the one before, or may have it, are not among them.
func (p *Planned) leftBehind(owed []state.Owed, kinds *schema.Kinds) {
	steps := stepsOf(p.Plan.Devices)
	for _, o := range owed {
		unread := slices.ContainsFunc(p.Plan.Devices, func(d plan.Device) bool { return d.Address == o.Account.Device && d.Unread() })
		if unread || givesPassword(steps[o.Account.String()]) {
			continue
		}
		for _, d := range p.Plan.Devices {
			for i, s := range d.Steps {
				if s.Address != o.Item {
					continue
				}
				d.Steps[i].Why = slices.Clone(s.Why)
				for k, w := range s.Why {
					if w.Attribute == kinds.Lookup(s.Address.Kind).Consumes.Password {
						d.Steps[i].Why[k].Cause, d.Steps[i].Reason = plan.CauseDrift, untoldSince(o)
					}
				}
			}
		}
	}
}

// hold notes that an item cannot get now what it is owed: with the account, or with the item where a plan is not about the
// device of the account.
func (p *Planned) hold(o state.Owed, why string) {
	for _, address := range []schema.Setting{o.Account, o.Item} {
		i := slices.IndexFunc(p.Plan.Devices, func(d plan.Device) bool { return d.Address == address.Device })
		if i >= 0 {
			d := &p.Plan.Devices[i]
			d.Skipped = append(d.Skipped, plan.Skipped{Address: address, Reason: plan.Held, Drifted: true, Detail: why})
			return
		}
	}
}

// waits says why an item cannot get now what it is owed; empty if it can.
func (c *consumers) waits(o state.Owed, planned *Planned, kinds *schema.Kinds) string {
	f, there := c.creditor(o)
	camera := planned.Snapshots[o.Account.Device]
	switch {
	case camera != nil && camera.Err != nil:
		return fmt.Sprintf("%s could not be read now. Run the same command when it answers", o.Account.Device)
	case c.by[o.Item.Device] == nil:
		return fmt.Sprintf("%s is no longer in the configuration. Add it again, or give it the password by hand", o.Item.Device)
	case !there || c.snapshots[o.Item.Device] == nil || f.Away != "":
		return fmt.Sprintf("%s could not be read now. Run the same command when it answers", o.Item.Device)
	case c.kept(o.Item, kinds) != "":
		return c.kept(o.Item, kinds) + ". Let camform give it the password, or do so by hand, and accept that in the device block: " +
			fmt.Sprintf("consumer %q with ignore = true and a reason", o.Item)
	case !f.Sure():
		return "it is uncertain whether it still logs in with it. Give it the password by hand, and accept that in the device block: " +
			fmt.Sprintf("consumer %q with ignore = true and a reason", o.Item)
	default:
		return ""
	}
}

// device is what a plan says about a device, which is added where the plan is not about it.
func (p *Planned) device(d *config.Device, snap *live.Snapshot, j judge) *plan.Device {
	i, there := slices.BinarySearchFunc(p.Plan.Devices, d.Address, func(a plan.Device, b schema.Device) int { return a.Address.Compare(b) })
	if !there {
		added, _ := diff.Plan(d, snap, diff.Result{}, j.Kinds(), j.Check, j.Enciphers)
		p.Plan.Devices = slices.Insert(p.Plan.Devices, i, added)
		p.Snapshots[d.Address] = snap
		return &p.Plan.Devices[i]
	}
	if known := p.Snapshots[d.Address]; known != snap {
		both := *known
		both.Documents = maps.Clone(known.Documents)
		maps.Copy(both.Documents, snap.Documents)
		p.Snapshots[d.Address] = &both
	}
	return &p.Plan.Devices[i]
}
