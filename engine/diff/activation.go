package diff

import (
	"net/url"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// Inactive is what a plan says about a device that has no password yet: how it gets one, and all that is declared, since what it
// has by itself is not known before. What its lifecycle protects is left alone.
func Inactive(device *config.Device, said providers.Activation, rules Rules, kinds *schema.Kinds) plan.Device {
	d := plan.Device{Address: device.Address, Access: AccessOf(device), ClockJump: device.ClockJump, Activation: &plan.Activation{
		Activation: said, Unproven: device.AllowUnproven,
		Password: plan.Generate{
			Policy: *device.Login.Policy, Replaces: rules.Managed(AccessOf(device).Managed).Version, Reason: plan.Activates,
			MinLen: said.MinLen, MaxLen: said.MaxLen,
		},
	}}
	c := comparison{Subject: Subject{Device: device, Snapshot: &live.Snapshot{}}, rules: rules, first: true}
	for _, want := range device.Settings {
		want = c.withoutIgnored(want)
		if len(want.Attributes) == 0 {
			continue
		}
		change := c.created(want)
		if c.isOwn(want) && device.URL.Scheme != "https" {
			change.keepsFirst()
		}
		left := change.unprovenParts(device.AllowUnproven)
		d.Skipped = append(d.Skipped, left...)
		switch {
		case device.Lifecycle.Protects(want.Address):
			d.Skipped = append(d.Skipped, protected(change))
		case change.planned(left):
			d.Steps = append(d.Steps, stepOf(change, device.AllowUnproven))
		}
	}
	d.Steps = plan.Order(d.Steps, kinds)
	return d
}

// keepsFirst says of the new password of a change that it is the first one of the device: no other is sent after it.
func (c *Change) keepsFirst() {
	for _, secret := range c.Secrets {
		if secret.Generate != nil {
			secret.Generate.Reason = plan.Activates
		}
	}
}

// Declared is a device as a plan declares it, for a comparison once it has its first password. Secret reads the secrets of its
// steps.
func Declared(d plan.Device, kinds *schema.Kinds, secret func(origin string) (schema.Secret, error)) (*config.Device, error) {
	device, err := accessed(d)
	if err != nil {
		return nil, err
	}
	for _, s := range d.Steps {
		want := &config.Setting{Address: s.Address, Kind: kinds.Lookup(s.Address.Kind), Attributes: map[string]config.Attribute{}, Range: *s.Range.HCL()}
		for _, w := range s.Why {
			a := config.Attribute{Range: *w.Source.HCL(), Profile: w.Profile, Value: s.After.GetAttr(w.Attribute)}
			if source, hidden := s.Secrets[w.Attribute]; hidden {
				if a, err = concealed(a, source, want.Kind.Attribute(w.Attribute), secret); err != nil {
					return nil, err
				}
			}
			want.Attributes[w.Attribute] = a
		}
		device.Settings = append(device.Settings, want)
	}
	slices.SortFunc(device.Settings, func(a, b *config.Setting) int { return a.Address.Compare(b.Address) })
	return device, nil
}

// concealed is a wanted secret: the one of its origin, if there is one yet.
func concealed(a config.Attribute, source plan.SecretSource, declared *schema.Attribute, secret func(origin string) (schema.Secret, error)) (config.Attribute, error) {
	a.Value = schema.MarkSecret(cty.UnknownVal(declared.Type), source.Origin)
	value, err := secret(source.Origin)
	if err == nil {
		a.Value = schema.MarkSecret(value.Value(), source.Origin)
	}
	if source.Generate != nil {
		a.Policy, err = &source.Generate.Policy, nil // the vault has none before it is made
	}
	return a, err
}

// accessed is a device as a plan says to reach it, without settings.
func accessed(d plan.Device) (*config.Device, error) {
	u, err := url.Parse(d.Access.URL)
	if err != nil {
		return nil, err
	}
	return &config.Device{
		Address: d.Address, URL: u, Site: d.Access.Site, AllowUnproven: d.Activation.Unproven,
		Identity: config.Identity{Serial: d.Access.Want.Serial, MAC: d.Access.Want.MAC, Model: d.Access.Want.Model},
		Login: config.Login{
			Username: d.Access.Username, Policy: &d.Activation.Password.Policy,
			Password: schema.MarkSecret(cty.UnknownVal(cty.String), d.Access.Password.Origin),
		},
	}, nil
}
