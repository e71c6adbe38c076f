package diff

import (
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// Check is the judgement of a provider on wanted values: see providers.Composer.
type Check func(kind *schema.Kind, docs providers.Documents, key string, want cty.Value) []providers.AttributeError

// Enciphers reports whether a device takes the passwords in a change of a kind enciphered: see providers.Composer.
type Enciphers func(kind *schema.Kind, docs providers.Documents) bool

// Refusal is a wanted value that a device will not take.
type Refusal struct {
	Address schema.Setting
	Want    *config.Setting
	providers.AttributeError
}

// Plan turns what the comparison found into what a plan says about the device: steps in the order in which they are
// carried out. Values that are about to be written are checked against the device's own limits first; what it will not
// take comes back as refusals, and such a device has no steps to rely on.
func Plan(device *config.Device, snap *live.Snapshot, found Result, kinds *schema.Kinds, check Check, enciphers Enciphers) (plan.Device, []Refusal) {
	d := plan.Device{
		Address: device.Address, Access: AccessOf(device), Identity: snap.Identity, Source: snap.Source, Seen: snap.Seen,
		Pin: snap.Pin, ClockJump: device.ClockJump, Skipped: slices.Clone(found.Skipped), Unmanaged: found.Unmanaged, Unchanged: found.Unchanged,
	}
	var refusals []Refusal
	for _, c := range found.Changes {
		left, wrong := c.admit(device, snap, check, enciphers)
		d.Skipped = append(d.Skipped, left...)
		refusals = append(refusals, wrong...)
		if c.planned(left) {
			d.Steps = append(d.Steps, stepOf(c, device.AllowUnproven))
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

// admit takes out of a change what its device lacks and what too little is known of, unless that is allowed, and returns
// what is reported about it. What the device would refuse comes back, too. A change with nothing left has no Why.
func (c *Change) admit(device *config.Device, snap *live.Snapshot, check Check, enciphers Enciphers) (left []plan.Skipped, wrong []Refusal) {
	if c.Action == plan.Forget {
		return nil, nil
	}
	allowed := device.AllowUnproven
	left = c.unprovenParts(allowed)
	if len(left) > 0 && len(c.Why) == 0 {
		return left, nil
	}
	if why := c.exposed(device, snap, enciphers); why != "" {
		left = append(left, plan.Skipped{
			Address: c.Address, Reason: plan.Exposed, Source: plan.SourceOf(c.Want.Range), Drifted: c.drifted(""), Detail: why,
		})
		c.Why = nil
		return left, nil
	}
	for _, refusal := range refused(*c, snap, check) {
		made := c.Kind.Again != nil && c.Action == plan.Create && refusal.Attribute == ""
		if made && refusal.Lacks && !(refusal.Unproven && c.drifted("")) {
			left = append(left, c.absent(refusal))
			c.Why = nil
			return left, nil
		}
		if made && refusal.Unproven && !allows(allowed, c.Kind.Name, "") {
			left = append(left, c.unproven("", refusal.Detail))
			c.Why = nil
			return left, nil // what else the device would refuse of it does not matter
		}
		switch {
		case refusal.Masked:
			if !slices.ContainsFunc(left, func(s plan.Skipped) bool { return s.Attribute == refusal.Attribute }) {
				left = append(left, c.masked(refusal))
			}
			c.Why = nil // what is declared and unproven would not be sent instead of the mask
		case refusal.Held && allowsAttribute(allowed, c.Kind.Name, refusal.Attribute):
		case refusal.Unproven && !refusal.Held && allows(allowed, c.Kind.Name, refusal.Attribute):
		case refusal.Unproven:
			left = append(left, c.unproven(refusal.Attribute, refusal.Detail))
			c.Why = nil
		case refusal.Lacks && c.implies(refusal.Attribute):
			c.drop(refusal.Attribute)
		case refusal.Lacks && (!c.Before.IsNull() || c.Kind.Again != nil):
			left = append(left, c.without(refusal))
		default:
			wrong = append(wrong, Refusal{Address: c.Address, Want: c.Want, AttributeError: refusal})
		}
	}
	return left, wrong
}

// carriesPassword reports whether a change is sent with the password of an account, or certainly with that of the login.
func (c *Change) carriesPassword() bool {
	return c.Want != nil && (len(c.Secrets) > 0 || c.Kind.SendsLogin && !c.Kind.IsAccount())
}

// exposed says why a password in a change must not leave to a device; empty where it may. What proves who changes a way back in
// leaves over plain HTTP in no way but enciphered, whatever somebody said of plain HTTP.
func (c *Change) exposed(device *config.Device, snap *live.Snapshot, enciphers Enciphers) string {
	switch {
	case !c.carriesPassword():
	case exposes(device, c.Kind):
		return exposed
	case c.Kind.SendsLogin && !c.Kind.IsAccount() && !enciphers(c.Kind, snap.Documents) && device.URL.Scheme == "http":
		return unenciphered
	}
	return ""
}

// exposes reports whether a password in a change of a kind must not leave to a device: old versions of TLS keep no secret.
func exposes(device *config.Device, kind *schema.Kind) bool {
	return device.TLS.Legacy && device.URL.Scheme == "https" && (kind.SendsLogin || kind.IsAccount())
}

// Why a password is not sent.
const (
	exposed      = "It holds a password, and camform sends no password over a connection that may use an old version of TLS. If the device supports TLS 1.2, remove legacy = true."
	unenciphered = "It needs the administrator's password, which camform sends only over https or encrypted, and the device does not say how it accepts it encrypted. Write the address of the device with https://."
)

// unprovenParts takes out of a change what too little is known of in general, unless that is allowed, and returns what is reported about
// it.
func (c *Change) unprovenParts(allowed config.Allowances) (left []plan.Skipped) {
	if c.Kind.Unproven("") && !allows(allowed, c.Kind.Name, "") {
		left = append(left, c.unproven("", weakSource))
		c.Why = nil
		return left
	}
	for _, a := range c.Kind.Attributes {
		if c.changes(a.Name) && c.Kind.Unproven(a.Name) && !allows(allowed, c.Kind.Name, a.Name) {
			left = append(left, c.unproven(a.Name, weakSource))
			c.drop(a.Name)
		}
	}
	return left
}

// planned reports whether a step belongs to a change that admit left something out of.
func (c *Change) planned(left []plan.Skipped) bool {
	return len(c.Why) > 0 || c.Want == nil && len(left) == 0
}

const weakSource = "It is documented only by a single weak source, and no device has been seen to accept it."

// absent is what is reported about an entry that the device lacks and that camform does not make: there is no room for it, or nobody knows
// that there ever was one.
func (c *Change) absent(refusal providers.AttributeError) plan.Skipped {
	left := plan.Skipped{
		Address: c.Address, Reason: plan.Unsupported, Detail: refusal.Detail, Drifted: c.drifted(""), Source: plan.SourceOf(c.Want.Range),
	}
	if refusal.Unproven {
		left.Detail = "the device has no " + c.Address.Local()
	}
	return left
}

// implies reports whether a new entry has an attribute only since another one needs it.
func (c *Change) implies(attribute string) bool {
	a := c.Kind.Attribute(attribute)
	return a != nil && a.ImpliedBy != "" && c.Before.IsNull() && c.Want.Attributes[attribute].Range == c.Want.Attributes[a.ImpliedBy].Range
}

// refused asks for the attributes that a change would alter; the device has the others already. Secrets that do not
// change count as given, since they are sent with the others, and so does one that is yet to be made up. An item that is to be made needs what its kind requires.
func refused(c Change, snap *live.Snapshot, check Check) []providers.AttributeError {
	if c.Action != plan.Create && c.Action != plan.Update || len(c.Why) == 0 {
		return nil
	}
	var lacking []providers.AttributeError
	values := c.Want.Want().AsValueMap()
	for _, a := range c.Kind.Attributes {
		declared := !values[a.Name].IsNull()
		source, sent := c.Secrets[a.Name]
		switch {
		case source.Generate != nil:
			values[a.Name] = cty.UnknownVal(a.Type)
		case c.changes(a.Name):
			values[a.Name], _ = values[a.Name].UnmarkDeep()
		case sent:
			values[a.Name] = cty.UnknownVal(a.Type)
		default:
			values[a.Name] = cty.NullVal(a.Type)
		}
		if c.Action == plan.Create && a.Required && !declared {
			lacking = append(lacking, providers.AttributeError{Detail: fmt.Sprintf(
				"The device does not have it yet, and creating it requires %s.", a.Name)})
		}
	}
	wrong := check(c.Kind, snap.Documents, c.Address.Key, cty.ObjectVal(values))
	return append(wrong, lacking...)
}

func (c *Change) changes(attribute string) bool {
	return slices.ContainsFunc(c.Why, func(w plan.Why) bool { return w.Attribute == attribute })
}

// allows reports whether allow_unproven names a kind or one of its attributes.
func allows(allowed config.Allowances, kind, attribute string) bool {
	_, whole := allowed[kind]
	return whole || allowsAttribute(allowed, kind, attribute)
}

func allowsAttribute(allowed config.Allowances, kind, attribute string) bool {
	_, one := allowed[kind+"."+attribute]
	return one
}

// unproven is what is reported about a change, or one attribute of it, that is not made because too little is known.
func (c *Change) unproven(attribute, detail string) plan.Skipped {
	name, source := c.Kind.Name, plan.Source{}
	if c.Want != nil {
		source = plan.SourceOf(c.Want.Range)
	}
	if attribute != "" {
		name += "." + attribute
	}
	return plan.Skipped{
		Address: c.Address, Attribute: attribute, Reason: plan.Unproven, Source: source, Drifted: c.drifted(attribute),
		Detail: fmt.Sprintf("%s Try it on a device that you can reach by hand, with allow_unproven = [%q] in its block.", detail, name),
	}
}

// masked is what is reported about a change that would send back what the device shows instead of a secret.
func (c *Change) masked(refusal providers.AttributeError) plan.Skipped {
	left := plan.Skipped{Address: c.Address, Attribute: refusal.Attribute, Reason: plan.Masked, Detail: refusal.Detail, Drifted: c.drifted(refusal.Attribute)}
	if c.Want != nil {
		left.Source = plan.SourceOf(c.Want.Range)
	}
	return left
}

// drifted reports whether an attribute is not as it was applied last, since the device was changed; the empty name stands for
// any of them, or the item itself.
func (c *Change) drifted(attribute string) bool {
	moved := plan.Step{Why: c.Why}
	if attribute == "" {
		moved.Cause = c.Cause
	} else {
		moved.Why = slices.DeleteFunc(slices.Clone(c.Why), func(w plan.Why) bool { return w.Attribute != attribute })
	}
	return moved.Drifted()
}

// without takes an attribute that the device lacks out of a change, and returns what is reported about it. Firmware differs in
// what it offers, and a profile is for many devices: what one of them lacks is reported and left out, as with whole kinds.
func (c *Change) without(wrong providers.AttributeError) plan.Skipped {
	left := plan.Skipped{
		Address: c.Address, Attribute: wrong.Attribute, Reason: plan.Unsupported, Detail: wrong.Detail, Drifted: c.drifted(wrong.Attribute),
		Source: plan.SourceOf(c.Want.Attributes[wrong.Attribute].Range),
	}
	c.drop(wrong.Attribute)
	return left
}

// drop takes an attribute out of a change.
func (c *Change) drop(attribute string) {
	values := c.After.AsValueMap()
	values[attribute] = cty.NullVal(c.Kind.Attribute(attribute).Type)
	c.After = cty.ObjectVal(values)
	c.Secrets = maps.Clone(c.Secrets)
	delete(c.Secrets, attribute)
	c.Why = slices.DeleteFunc(slices.Clone(c.Why), func(w plan.Why) bool { return w.Attribute == attribute })
}

func stepOf(c Change, allowed config.Allowances) plan.Step {
	s := plan.Step{
		Address: c.Address, Action: c.Action, Before: c.Before, After: c.After, Secrets: c.Secrets,
		Why: c.Why, Reason: c.Reason, Cause: c.Cause, Risk: c.Kind.RiskOf(c.Address.Key), Reboot: c.Kind.Reboot, Drops: c.Kind.Drops,
	}
	if c.Want != nil {
		s.Range = plan.SourceOf(c.Want.Range)
	}
	s.Accepted = allowed[c.Kind.Name]
	if c.Action == plan.Forget {
		s.Accepted, s.Risk, s.Reboot, s.Drops = "", schema.RiskNone, schema.RebootNever, false
	}
	return s
}

// Tell returns the step that passes the new password of an account on to an item of another device that logs in with it, and
// that nobody declares. The leader is the step of the account. What the device would refuse comes back, too.
func Tell(item schema.Setting, kind *schema.Kind, snap *live.Snapshot, leader plan.Step, secret plan.SecretSource, check Check) (plan.Step, []providers.AttributeError) {
	attribute := kind.Consumes.Password
	secret = plan.SecretSource{Origin: secret.Origin, Follows: leader.Address.String()}
	after := map[string]cty.Value{}
	for _, a := range kind.Attributes {
		after[a.Name] = cty.NullVal(a.Type)
	}
	s := plan.Step{
		Address: item, Action: plan.Update, Before: withoutSecrets(kind, snap.Items[kind.Name][item.Key], Memory{}.hides), After: cty.ObjectVal(after),
		Secrets: map[string]plan.SecretSource{attribute: secret},
		Why:     []plan.Why{{Attribute: attribute, Cause: plan.CauseConfig, Source: leader.Range}},
		Range:   leader.Range, Risk: kind.RiskOf(item.Key), Reboot: kind.Reboot, Drops: kind.Drops, Tells: true,
	}
	after[attribute] = cty.UnknownVal(cty.String)
	return s, check(kind, snap.Documents, item.Key, cty.ObjectVal(after))
}

func protected(c Change) plan.Skipped {
	s := plan.Skipped{
		Address: c.Address, Reason: plan.Protected, Drifted: c.drifted(""), Detail: "lifecycle { protect } keeps it as it is, although it differs",
	}
	if c.Want != nil {
		s.Source = plan.SourceOf(c.Want.Range)
	}
	return s
}

// AccessOf is how a plan says to reach a device.
func AccessOf(device *config.Device) plan.Access {
	managed := ""
	if device.Login.Policy != nil {
		managed = credential.Name(device.Address, device.Login.Username)
	}
	return plan.Access{
		Managed: managed,
		URL:     device.URL.String(), Username: device.Login.Username,
		Password: plan.SecretSource{Origin: schema.Origin(device.Login.Password)},
		Want:     providers.Identity{Serial: device.Identity.Serial, MAC: device.Identity.MAC, Model: device.Identity.Model},
		Verify:   device.TLS.Verify, CAFile: device.TLS.CAFile, Legacy: device.TLS.Legacy, Plain: device.TLS.Plain,
		Basic: device.Login.Basic, Site: device.Site,
	}
}

// NotRead is what a plan says about a device that could not be read.
func NotRead(device *config.Device, snap *live.Snapshot) plan.Device {
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
			s.Stage = cty.NilVal // how it would be undone is no part of what happened
			steps = append(steps, s)
		}
	}
	d.Steps, d.Unchanged = steps, nil
	return d
}
