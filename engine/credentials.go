package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// credentials is what one plan knows of managed passwords.
type credentials struct {
	live     map[string]diff.Managed
	doubtful map[string]bool // names of which it is not known which version is in use
	now      time.Time
	asked    func(schema.Setting) bool // whether somebody asked for a new password of an account
	leaders  map[string]string         // origin → address of the account whose new password it will yield
	held     map[string]string         // origin → why the account must keep its password for now
}

// credentials reads what is known of managed passwords.
func (e *Engine) credentials(ctx context.Context, asked func(schema.Setting) bool) (credentials, error) {
	c := credentials{live: map[string]diff.Managed{}, now: e.Now(), asked: asked, leaders: map[string]string{}, held: map[string]string{}}
	all, err := e.Store.AllSecrets(ctx)
	if err != nil {
		return c, err
	}
	for _, s := range all {
		if s.Status == state.SecretLive {
			c.live[s.Name] = diff.Managed{Version: s.Version, Since: s.Created, Made: s.Run != ""}
		}
	}
	c.doubtful, err = e.Store.Doubtful(ctx)
	return c, err
}

// nobodyAsked is for plans that change passwords only when their time has come.
func nobodyAsked(schema.Setting) bool { return false }

// rules are the judgements that a comparison needs.
func (e *Engine) rules(c credentials) diff.Rules {
	return diff.Rules{
		Same: e.Provider.Same, Fingerprint: e.Store.Fingerprint,
		Managed: func(name string) diff.Managed { return c.live[name] },
		Asked:   c.asked,
		Leader:  func(origin string) string { return c.leaders[origin] },
		Held:    func(origin string) string { return c.held[origin] },
		Due: func(p credential.Policy, known diff.Managed) (bool, string) {
			due, reason, _ := credential.Due(p, credential.Facts{Since: known.Since, Known: known.Version != 0}, c.now)
			return due, reason
		},
		Window: func(p credential.Policy) (bool, time.Time) { return credential.InWindow(p, c.now) },
	}
}

// blocked says why a device is not asked at all: it is in doubt which password it has, and finding out is for a run that
// may write the answer down.
func (c credentials) blocked(access plan.Access) error {
	if access.Managed == "" || !c.doubtful[access.Managed] {
		return nil
	}
	return fmt.Errorf("it is not known which password it has, since a change of it did not end; camform rotate -due finds out: %w", providers.ErrBudget)
}

// doubt notes for the next run that devices refuse the password that the vault calls current: it looks for the one that they
// have. A refusal that the ledger spared says nothing.
func (e *Engine) doubt(ctx context.Context, devices []*config.Device, snapshots []*live.Snapshot, known credentials) diag.Problems {
	for i, device := range devices {
		name := diff.AccessOf(device).Managed
		version := known.live[name].Version
		if version == 0 || !rotate.Refused(snapshots[i].Err) {
			continue
		}
		if err := e.Store.DoubtSecret(ctx, name, version); err != nil {
			return diag.Problems{diag.FromError(err, "state-unwritable", "State cannot be written")}
		}
	}
	return nil
}

// lead notes which accounts get a new password by a plan, so that whoever logs in with it elsewhere gets it too.
func (c credentials) lead(d plan.Device) {
	for _, s := range d.Steps {
		for _, secret := range s.Secrets {
			if secret.Generate != nil {
				c.leaders[secret.Origin] = s.Address.String()
			}
		}
	}
}

// hold keeps the passwords of accounts with which a device logs in elsewhere, since it could not be read: it could not be
// told a new one, and would make the other device count refused logins.
func (c credentials) hold(device *config.Device, problem string) {
	for _, s := range device.Settings {
		for _, a := range s.Attributes {
			if a.Policy == nil && schema.IsSecret(a.Value) {
				c.held[schema.Origin(a.Value)] = fmt.Sprintf("%s logs in with it, and could not be read: %s", s.Address, problem)
			}
		}
	}
}

// follows reports whether a device is to be told a new password of another one.
func (c credentials) follows(device *config.Device) bool {
	for _, s := range device.Settings {
		for _, a := range s.Attributes {
			if a.Policy == nil && c.leaders[schema.Origin(a.Value)] != "" {
				return true
			}
		}
	}
	return false
}

// Rotate is Plan, reduced to new passwords for managed accounts, together with the settings elsewhere that need to know
// them. Among restricts it to some devices and accounts; none means all.
func (e *Engine) Rotate(ctx context.Context, cfg *config.Config, among []schema.Setting, choice Choice) (*Planned, diag.Problems) {
	looked := passwordsOf(cfg.Devices, among)
	planned, problems := e.plan(ctx, cfg, aim{
		devices: reduced(cfg.Devices, looked),
		covers:  func(s schema.Setting) bool { return looked[s] },
		asked:   func(s schema.Setting) bool { return choice == All && covered(among, s) },
	})
	if planned == nil {
		return nil, problems
	}
	for i, d := range planned.Plan.Devices {
		planned.Plan.Devices[i] = onlyPasswords(d)
	}
	return planned, problems
}

// Choice says which managed passwords get a new one.
type Choice string

// The choices.
const (
	All Choice = "all"
	Due Choice = "due" // whose time has come, or that the vault does not have yet
)

// passwordsOf are the settings that new passwords of accounts are about: the accounts themselves, and what logs in with them
// elsewhere.
func passwordsOf(devices []*config.Device, among []schema.Setting) map[schema.Setting]bool {
	looked, origins := map[schema.Setting]bool{}, map[string]bool{}
	each := func(visit func(*config.Setting, config.Attribute)) {
		for _, d := range devices {
			for _, s := range d.Settings {
				for _, a := range s.Attributes {
					visit(s, a)
				}
			}
		}
	}
	each(func(s *config.Setting, a config.Attribute) {
		if a.Policy != nil && covered(among, s.Address) {
			looked[s.Address], origins[schema.Origin(a.Value)] = true, true
		}
	})
	each(func(s *config.Setting, a config.Attribute) {
		if a.Policy == nil && schema.IsSecret(a.Value) && origins[schema.Origin(a.Value)] {
			looked[s.Address] = true
		}
	})
	return looked
}

// reduced are devices with nothing but some of their settings; those that have none of them are left out.
func reduced(devices []*config.Device, to map[schema.Setting]bool) []*config.Device {
	var some []*config.Device
	for _, d := range devices {
		one := *d
		one.Exclusive, one.Rules = nil, nil
		one.Settings = slices.DeleteFunc(slices.Clone(d.Settings), func(s *config.Setting) bool { return !to[s.Address] })
		if len(one.Settings) > 0 {
			some = append(some, &one)
		}
	}
	return some
}

// onlyPasswords takes out of a device what is about no password.
func onlyPasswords(d plan.Device) plan.Device {
	var steps []plan.Step
	for _, s := range d.Steps {
		if s.Rotates() || s.Follows() != "" {
			steps = append(steps, s)
		}
	}
	d.Steps, d.Adopted, d.Unmanaged = steps, nil, nil
	return d
}

// usersOf are the settings that log in elsewhere with a password of the vault, as ways in, by the origin of the password.
func usersOf(devices []*config.Device) map[string][]plan.Way {
	users := map[string][]plan.Way{}
	for _, d := range devices {
		for _, s := range d.Settings {
			for _, a := range s.Attributes {
				if a.Policy != nil || !schema.IsSecret(a.Value) {
					continue
				}
				origin := schema.Origin(a.Value)
				if scheme, _ := schema.OriginScheme(origin); scheme == credential.Scheme {
					users[origin] = append(users[origin], plan.Way{Who: s.Address.String(), Source: d.URL.Hostname()})
				}
			}
		}
	}
	return users
}

// waysTo are the ways in to a device that others need: consumers that are declared, and settings of other devices that log
// in to it.
func waysTo(device *config.Device, users map[string][]plan.Way) []plan.Way {
	var ways []plan.Way
	for _, c := range device.Consumers {
		ways = append(ways, plan.Way{
			Who: c.Name, Scheme: c.Scheme, Port: c.Port, Account: c.Username, Level: c.Level, Source: c.Address, Algorithm: c.Algorithm,
		})
	}
	for _, s := range device.Settings {
		if !s.Kind.Account {
			continue
		}
		for _, w := range users[credential.Origin(credential.Name(device.Address, s.Address.Key))] {
			w.Account = s.Address.Key
			ways = append(ways, w)
		}
	}
	return ways
}

// told are the settings that get the new password of another account by a plan.
func told(devices []plan.Device) map[string]bool {
	told := map[string]bool{}
	for _, d := range devices {
		for _, s := range d.Steps {
			told[s.Address.String()] = told[s.Address.String()] || s.Follows() != ""
		}
	}
	return told
}

// password is the text that camform logs in with: that of the vault where it manages the account and has one, else that
// from the origin.
func (e *Engine) password(ctx context.Context, access plan.Access) (string, error) {
	if access.Managed == "" {
		return e.Secret(access.Password.Origin)
	}
	versions, err := e.Store.Secrets(ctx, access.Managed)
	if err != nil {
		return "", err
	}
	for _, v := range versions {
		if v.Status == state.SecretLive {
			return e.Passwords.Open(v)
		}
	}
	return e.Secret(access.Password.Origin)
}
