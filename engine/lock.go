package engine

import (
	"fmt"
	"maps"
	"slices"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/live"
	"camform/engine/lockfile"
	"camform/providers"
	"camform/schema"
)

// locked is an old lock with what the devices of a survey can do. Devices that the configuration does not have are dropped.
// The problems tell which devices could not be read, and which single settings of others.
func locked(old *lockfile.File, all []*config.Device, found *survey, outline func(providers.Documents) providers.Documents) (*lockfile.File, diag.Problems) {
	fresh, err := lockfile.Decode(old.Encode())
	if err != nil {
		panic(fmt.Sprintf("this is a bug: %v", err))
	}
	var problems diag.Problems
	for _, s := range found.snapshots {
		if s.Err != nil {
			problems = append(problems, notRead(s))
			continue
		}
		fresh.Set(s, outline)
		unread := s.Unread()
		for _, setting := range slices.SortedFunc(maps.Keys(unread), schema.Setting.Compare) {
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Code: NotReadCode, Summary: "Setting could not be read",
				Detail:  fmt.Sprintf("The lock file lacks the capabilities of the device for it: %s.", unread[setting]),
				Address: schema.Setting{Device: s.Device, Kind: setting.Kind, Key: setting.Key},
			})
		}
	}
	addresses := make([]schema.Device, len(all))
	for i, d := range all {
		addresses[i] = d.Address
	}
	fresh.Keep(addresses)
	return fresh, problems
}

// NotReadCode is the code of the problems of devices that could not be read for a lock or a backup, or not in whole: those name a
// setting.
const NotReadCode = "device-not-read"

// notRead tells that a device could not be read.
func notRead(s *live.Snapshot) diag.Problem {
	return diag.Problem{
		Severity: diag.Error, Code: NotReadCode, Summary: "Device could not be read",
		Detail: diag.Sentence(live.Explain(s.Err, s.Device)), Address: schema.Setting{Device: s.Device},
	}
}

// wantsOfLock are all kinds, with the items that are declared and those that the kinds themselves list.
func wantsOfLock(kinds *schema.Kinds, device *config.Device) live.Wants {
	wants := memory{}.wants(kinds, device)
	wants.Kinds = kinds.All()
	for _, kind := range wants.Kinds {
		for _, key := range kind.Keys {
			if !slices.Contains(wants.Keys[kind.Name], key) {
				wants.Keys[kind.Name] = append(wants.Keys[kind.Name], key)
			}
		}
	}
	return wants
}
