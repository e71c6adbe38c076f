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
		Skipped: found.Skipped, Unmanaged: found.Unmanaged, Unchanged: found.Unchanged,
	}
	var refusals []Refusal
	for _, c := range found.Changes {
		for _, wrong := range refused(c, snap, check) {
			refusals = append(refusals, Refusal{Address: c.Address, Want: c.Want, AttributeError: wrong})
		}
		d.Steps = append(d.Steps, stepOf(c))
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

func stepOf(c Change) plan.Step {
	s := plan.Step{
		Address: c.Address, Action: c.Action, Before: c.Before, After: c.After, Secrets: c.Secrets,
		Why: c.Why, Reason: c.Reason, Risk: c.Kind.Risk, Reboot: c.Kind.Reboot,
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
		Problem: snap.Err.Error(), Family: string(live.ResultOf(snap.Err)),
	}
}

// Drifted keeps the steps that undo what somebody changed behind our back, and the attributes of them that moved.
func Drifted(d plan.Device) plan.Device {
	var steps []plan.Step
	for _, s := range d.Steps {
		s.Why = slices.DeleteFunc(slices.Clone(s.Why), func(w plan.Why) bool { return w.Cause == plan.CauseConfig })
		if len(s.Why) > 0 {
			steps = append(steps, s)
		}
	}
	d.Steps = steps
	return d
}
