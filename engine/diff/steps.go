package diff

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// Check is the judgement of a provider on wanted values: see providers.Provider.
type Check func(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError

// Refusal is a wanted value that a device will not take.
type Refusal struct {
	Address schema.Setting
	Want    *config.Setting
	providers.AttributeError
}

// Plan turns what the comparison found into what a plan says about the device: steps in the order in which they are
// carried out. Values that are about to be written are checked against the device's own limits first; what it will not
// take comes back as refusals, and such a device has no steps to rely on.
func Plan(device *config.Device, snap *live.Snapshot, found Result, kinds *schema.Kinds, check Check) (plan.Device, []Refusal) {
	d := plan.Device{
		Address: device.Address, Access: AccessOf(device), Identity: snap.Identity, Source: snap.Source,
		Skipped: slices.Clone(found.Skipped), Unmanaged: found.Unmanaged, Unchanged: found.Unchanged,
	}
	var refusals []Refusal
	for _, c := range found.Changes {
		for _, wrong := range refused(c, snap, check) {
			if c.lacks(wrong.Attribute) {
				d.Skipped = append(d.Skipped, c.without(wrong))
				continue
			}
			refusals = append(refusals, Refusal{Address: c.Address, Want: c.Want, AttributeError: wrong})
		}
		if len(c.Why) > 0 || c.Want == nil {
			d.Steps = append(d.Steps, stepOf(c))
		}
	}
	d.Steps = plan.Order(d.Steps, kinds)
	for _, c := range found.Protected {
		d.Skipped = append(d.Skipped, protected(c))
	}
	slices.SortStableFunc(d.Skipped, func(a, b plan.Skipped) int { return a.Address.Compare(b.Address) })
	for _, a := range found.Adopted {
		d.Adopted = append(d.Adopted, plan.Adopted{Address: a.Address, Value: a.Value, Secrets: a.Secrets})
	}
	return d, refusals
}

// refused asks for the attributes that a change would alter; the device has the others already.
func refused(c Change, snap *live.Snapshot, check Check) []providers.AttributeError {
	if c.Action != plan.Create && c.Action != plan.Update {
		return nil
	}
	values := c.Want.Want().AsValueMap()
	for _, a := range c.Kind.Attributes {
		changes := slices.ContainsFunc(c.Why, func(w plan.Why) bool { return w.Attribute == a.Name })
		if !changes {
			values[a.Name] = cty.NullVal(a.Type)
			continue
		}
		values[a.Name], _ = values[a.Name].UnmarkDeep()
	}
	return check(c.Kind, snap.Documents, c.Address.Key, cty.ObjectVal(values))
}

// lacks reports whether a device has the item of a change, but not the attribute. Firmware differs in what it offers, and
// a profile is for many devices: what one of them lacks is told and left out, as with whole kinds.
func (c *Change) lacks(attribute string) bool {
	a := c.Kind.Attribute(attribute)
	return a != nil && !a.Secret && !c.Before.IsNull() && c.Before.GetAttr(attribute).IsNull()
}

// without takes an attribute that the device lacks out of a change, and returns what is told about it.
func (c *Change) without(wrong providers.AttributeError) plan.Skipped {
	values := c.After.AsValueMap()
	values[wrong.Attribute] = cty.NullVal(c.Kind.Attribute(wrong.Attribute).Type)
	c.After = cty.ObjectVal(values)
	c.Why = slices.DeleteFunc(slices.Clone(c.Why), func(w plan.Why) bool { return w.Attribute == wrong.Attribute })
	return plan.Skipped{
		Address: c.Address, Reason: plan.Unsupported, Detail: wrong.Attribute + ": " + wrong.Detail,
		Source: plan.SourceOf(c.Want.Attributes[wrong.Attribute].Range),
	}
}

func stepOf(c Change) plan.Step {
	s := plan.Step{
		Address: c.Address, Action: c.Action, Before: c.Before, After: c.After, Secrets: c.Secrets,
		Why: c.Why, Reason: c.Reason, Cause: c.Cause, Risk: c.Kind.Risk, Reboot: c.Kind.Reboot,
	}
	if c.Want != nil {
		s.Range = plan.SourceOf(c.Want.Range)
	}
	if c.Action == plan.Forget {
		s.Risk, s.Reboot = schema.RiskNone, schema.RebootNever
	}
	return s
}

func protected(c Change) plan.Skipped {
	s := plan.Skipped{Address: c.Address, Reason: plan.Protected, Detail: "lifecycle { protect } keeps it as it is, although it differs"}
	if c.Want != nil {
		s.Source = plan.SourceOf(c.Want.Range)
	}
	return s
}

// AccessOf is how a plan says to reach a device.
func AccessOf(device *config.Device) plan.Access {
	return plan.Access{
		URL: device.URL.String(), Username: device.Login.Username,
		Password: plan.Secret{Origin: schema.Origin(device.Login.Password)},
		Want:     providers.Identity{Serial: device.Identity.Serial, MAC: device.Identity.MAC, Model: device.Identity.Model},
		Verify:   device.TLS.Verify, CAFile: device.TLS.CAFile, Legacy: device.TLS.Legacy,
		Basic: device.Login.Basic, Site: device.Site,
	}
}

// Unread is what a plan says about a device that could not be read.
func Unread(device *config.Device, snap *live.Snapshot) plan.Device {
	return plan.Device{
		Address: device.Address, Access: AccessOf(device), Identity: snap.Identity,
		Problem: live.Explain(snap.Err, device.Address), Family: string(live.ResultOf(snap.Err)),
	}
}

// Drifted keeps the steps that undo what somebody changed behind our back, and the attributes of them that moved.
func Drifted(d plan.Device) plan.Device {
	var steps []plan.Step
	for _, s := range d.Steps {
		if s.Drifted() {
			s.Why = slices.DeleteFunc(slices.Clone(s.Why), func(w plan.Why) bool { return w.Cause == plan.CauseConfig })
			steps = append(steps, s)
		}
	}
	d.Steps = steps
	return d
}
