package engine

import (
	"slices"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

// aim is what a plan is about.
type aim struct {
	devices []*config.Device          // with the settings that it looks at
	targets []schema.Setting          // that restrict it; none for everything
	covers  func(schema.Setting) bool // whether it looks at a setting that is only remembered
	asked   func(schema.Setting) bool // whether somebody asked for a new password of an account

	observes func(config.Rule) bool       // whether it reads the documents that a check observes
	values   func(*schema.Attribute) bool // the attributes whose wanted value it needs
}

// aimAt is the aim of targets; none means everything.
func aimAt(devices []*config.Device, targets []schema.Setting) aim {
	return aim{
		devices: targeted(devices, targets), targets: targets,
		covers: func(s schema.Setting) bool { return covered(targets, s) },
		asked:  nobodyAsked, observes: noRule, values: everyValue,
	}
}

// The choices of checks whose documents are read for them.
func noRule(config.Rule) bool       { return false }
func everyRule(config.Rule) bool    { return true }
func stopsApply(r config.Rule) bool { return plan.Severity(r.Severity) == plan.Block }

// everyValue is for commands that may write any.
func everyValue(*schema.Attribute) bool { return true }

// noValue is for commands that look at what there is.
func noValue(*schema.Attribute) bool { return false }

// shownValues are those that can be compared with what devices show, for commands that write nothing.
func shownValues(a *schema.Attribute) bool { return !a.WriteOnly }

// nobodyAsked is for plans that change passwords only when their time has come.
func nobodyAsked(schema.Setting) bool { return false }

// Choice says which managed passwords get a new one.
type Choice string

// The choices.
const (
	All Choice = "all"
	Due Choice = "due" // whose time has come, or that the vault does not have yet
)

// aimAtPasswords is the aim of new passwords for managed accounts, and of the settings elsewhere that need to know them. Among
// restricts it to some devices and accounts; none means all.
func aimAtPasswords(devices []*config.Device, among []schema.Setting, choice Choice) aim {
	looked := passwordsOf(devices, among)
	return aim{
		devices: reduced(devices, looked), targets: among,
		covers: func(s schema.Setting) bool { return looked[s] },
		asked:  func(s schema.Setting) bool { return choice == All && covered(among, s) }, observes: noRule, values: everyValue,
	}
}

// targeted are the devices that targets name, reduced to the settings that they name. Exclusive kinds go by whole devices:
// a target that names a setting looks at nothing else. A device stays if none of the named settings is declared, since one
// may be remembered.
func targeted(devices []*config.Device, targets []schema.Setting) []*config.Device {
	if len(targets) == 0 {
		return devices
	}
	var some []*config.Device
	for _, device := range devices {
		reduced := *device
		reduced.Settings = slices.DeleteFunc(slices.Clone(device.Settings), func(s *config.Setting) bool {
			return !covered(targets, s.Address)
		})
		naming := slices.DeleteFunc(slices.Clone(targets), func(t schema.Setting) bool {
			return !t.Covers(schema.Setting{Device: device.Address, Kind: t.Kind, Key: t.Key})
		})
		if !slices.ContainsFunc(naming, func(t schema.Setting) bool { return t.Kind == "" }) {
			reduced.Exclusive = nil
		}
		if len(naming) > 0 {
			some = append(some, &reduced)
		}
	}
	return some
}

// addressesOf are targets as people write them.
func addressesOf(targets []schema.Setting) []string {
	var texts []string
	for _, t := range targets {
		if t.Kind == "" {
			texts = append(texts, t.Device.String())
		} else {
			texts = append(texts, t.String())
		}
	}
	return texts
}

// covered reports whether targets name an address. No targets name every one.
func covered(targets []schema.Setting, address schema.Setting) bool {
	return len(targets) == 0 || slices.ContainsFunc(targets, func(t schema.Setting) bool { return t.Covers(address) })
}

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

// named names settings, and devices where they have no kind, the first three of many.
func named(all []schema.Setting) string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.String()
	}
	return diag.FirstOf(names)
}
