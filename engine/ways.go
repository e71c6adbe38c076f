package engine

import (
	"slices"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/plan"
	"camform/schema"
)

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
				if scheme, _ := schema.OriginScheme(origin); scheme == schema.OriginVault {
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
		if _, isDevice := c.User(); isDevice {
			continue
		}
		ways = append(ways, plan.Way{
			Who: c.Name, Scheme: c.Scheme, Port: c.Port, Account: c.Username, Level: c.Level, Source: c.Address, Algorithm: c.Algorithm, Accepted: c.Reason,
		})
	}
	for _, s := range device.Settings {
		if !s.Kind.IsAccount() {
			continue
		}
		for _, w := range users[credential.Origin(credential.Name(device.Address, s.Address.Key))] {
			w.Account = s.Address.Key
			ways = append(ways, w)
		}
	}
	return ways
}

// inform notes in the ways in to a device what the plan tells those who come by them: new passwords, and new addresses.
func inform(ways []plan.Way, d plan.Device, steps map[string]plan.Step, kinds *schema.Kinds) {
	accounts := map[string][]plan.Step{} // that get another password, by name
	for _, s := range d.Steps {
		if givesPassword(s) {
			accounts[s.Address.Key] = append(accounts[s.Address.Key], s)
		}
	}
	for i, w := range ways {
		s, planned := steps[w.Who]
		if !planned {
			continue
		}
		kind := kinds.Lookup(s.Address.Kind)
		if kind.Consumes != nil && !s.After.IsNull() {
			if v := s.After.GetAttr(kind.Consumes.Address); !v.IsNull() && v.IsKnown() {
				ways[i].Moves = v.AsString()
			}
		}
		ways[i].Told = slices.ContainsFunc(accounts[w.Account], func(account plan.Step) bool { return tells(s, account) })
	}
}

// tells reports whether a step passes the new password of an account on.
func tells(s, account plan.Step) bool {
	given, _ := newPassword(account)
	for _, secret := range s.Secrets {
		if secret.Follows == account.Address.String() || secret.Follows == "" && secret.Origin == given.Origin {
			return true
		}
	}
	return false
}

// stepsOf are the steps of a plan by their addresses.
func stepsOf(devices []plan.Device) map[string]plan.Step {
	steps := map[string]plan.Step{}
	for _, d := range devices {
		for _, s := range d.Steps {
			steps[s.Address.String()] = s
		}
	}
	return steps
}

// givesPassword reports whether a step gives another password to an account that is there.
func givesPassword(s plan.Step) bool { _, gives := newPassword(s); return gives }

// newPassword is the secret of a step that gives another password to an account that is there.
func newPassword(s plan.Step) (plan.SecretSource, bool) {
	for _, w := range s.Why {
		if secret, ok := s.Secrets[w.Attribute]; ok && s.Action == plan.Update {
			return secret, true
		}
	}
	return plan.SecretSource{}, false
}
