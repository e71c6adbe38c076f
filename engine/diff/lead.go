package diff

import (
	"fmt"

	"camform/engine/config"
	"camform/engine/live"
	"camform/providers"
	"camform/schema"
)

// Subject is a device to compare.
type Subject struct {
	Device   *config.Device // what is wanted of it
	Snapshot *live.Snapshot // what it said
	Last     map[schema.Setting]Memory
}

// CompareAll compares devices, each once, and passes new passwords on: where an account gets one, every setting that logs in
// with it follows. Managed accounts come first for that reason, on all devices. An account keeps its password while a device
// that logs in with it could not be read: that device could not get the new one, and its logins would be refused.
//
// The results are in the order of the subjects; that of a device that could not be read is empty. Check is that of Plan: an
// account whose new password would be left out of a plan leads nobody.
func CompareAll(subjects []Subject, rules Rules, check Check) []Result {
	leaders, held := map[string]string{}, map[string]string{}
	for _, s := range subjects {
		if s.Snapshot.Err != nil {
			s.hold(held)
		}
	}
	comparisons := make([]comparison, len(subjects))
	for i, s := range subjects {
		comparisons[i] = comparison{Subject: s, rules: rules, leaders: leaders, held: held}
		if s.Snapshot.Err == nil {
			comparisons[i].compareManaged()
		}
	}
	for i := range comparisons {
		comparisons[i].lead(check)
	}
	results := make([]Result, len(subjects))
	for i := range comparisons {
		if c := &comparisons[i]; c.Snapshot.Err == nil {
			c.compareOthers()
			results[i] = c.sorted()
		}
	}
	return results
}

// hold notes the passwords with which a device that could not be read logs in elsewhere.
func (s Subject) hold(held map[string]string) {
	for _, setting := range s.Device.Settings {
		for _, a := range setting.Attributes {
			if a.Policy == nil && schema.IsSecret(a.Value) {
				held[schema.Origin(a.Value)] = fmt.Sprintf("%s logs in with it, and could not be read: %s",
					setting.Address, live.Explain(s.Snapshot.Err, s.Device.Address))
			}
		}
	}
}

// lead notes the managed accounts that get a new password. Changes has nothing but managed accounts yet.
func (c *comparison) lead(check Check) {
	for _, change := range c.result.Changes {
		left, _ := change.admit(c.Device, c.Snapshot, check, notAsked)
		if !change.planned(left) {
			continue
		}
		for _, secret := range change.Secrets {
			if secret.Generate != nil {
				c.leaders[secret.Origin] = change.Address.String()
			}
		}
	}
}

// notAsked stands for what a device says of its ciphers, without which accounts are judged: no other change may count on one.
func notAsked(*schema.Kind, providers.Documents) bool { return false }

// isManaged reports whether a setting is an account whose password the vault manages.
func isManaged(want *config.Setting) bool {
	for _, a := range want.Attributes {
		if a.Policy != nil {
			return true
		}
	}
	return false
}
