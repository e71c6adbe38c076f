package engine

import (
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
