package plan

import (
	"slices"

	"camform/schema"
)

// Verdict is what a command knows about devices. What is not known is never good.
type Verdict string

// The verdicts.
const (
	Good    Verdict = "good"    // everything was looked at, and nothing is wrong
	Bad     Verdict = "bad"     // something is wrong
	Unknown Verdict = "unknown" // nothing wrong was found in what could be looked at, which was not all
)

// Complete reports whether a plan looked at everything that the configuration declares. With targets it did not, nor where a
// device or a single document could not be read, a secret was not there, or a check that it asked has no verdict.
func (p *Plan) Complete() bool {
	unknown := func(c Check) bool { return c.Verdict == Unknown && !c.Unasked }
	return len(p.Targets) == 0 && len(p.OutputsUntilApplied()) == 0 && !slices.ContainsFunc(p.Devices, func(d Device) bool {
		return d.Unread() || d.PartlyRead() || slices.ContainsFunc(d.Skipped, Skipped.untilApply) || slices.ContainsFunc(d.Checks, unknown)
	})
}

// PartlyRead reports whether a wanted setting of a device could not be read, or is held back for something that is not known.
func (d Device) PartlyRead() bool { return slices.ContainsFunc(d.Skipped, Skipped.unread) }

// Lost reports whether a device no longer has something that was applied to it and that is still wanted.
func (d Device) Lost() bool { return slices.ContainsFunc(d.Skipped, Skipped.lost) }

// Unknown are the wanted settings that could not be read or are held back, and those that devices no longer have: no step makes them as wanted.
func (p *Plan) Unknown() []Skipped {
	var all []Skipped
	for _, d := range p.Devices {
		for _, s := range d.Skipped {
			if s.unread() || s.lost() {
				all = append(all, s)
			}
		}
	}
	return all
}

func (s Skipped) unread() bool { return s.Reason == Unreadable || s.Reason == Held }
func (s Skipped) lost() bool   { return s.Reason == Unsupported && s.Drifted }

// Unapplied are the devices to which nothing was applied yet, so that their drift is unknown.
func (p *Plan) Unapplied() []Device {
	return slices.DeleteFunc(slices.Clone(p.Devices), func(d Device) bool { return d.Record != Unapplied })
}

// Recorded reports whether the state remembers anything of a device. Without that there is nothing to find drift by.
func (p *Plan) Recorded() bool {
	return slices.ContainsFunc(p.Devices, func(d Device) bool { return d.Record == Recorded })
}

// Drift are the settings of a device that are no longer as they were applied last, each once, ordered by address: those that
// a step brings back, and those that are left alone.
func (d Device) Drift() []schema.Setting {
	var found []schema.Setting
	for _, s := range d.Steps {
		if s.Drifted() {
			found = append(found, s.Address)
		}
	}
	for _, s := range d.Skipped {
		if s.Drifted {
			found = append(found, s.Address)
		}
	}
	slices.SortFunc(found, schema.Setting.Compare)
	return slices.Compact(found)
}

// DriftComplete reports whether a plan knows of everything that the configuration declares whether it drifted.
func (p *Plan) DriftComplete() bool { return p.Complete() && p.Recorded() && len(p.Unapplied()) == 0 }

// Drifted is the verdict on whether devices are as they were applied last. Drift is bad however little else is known.
func (p *Plan) Drifted() Verdict {
	switch {
	case slices.ContainsFunc(p.Devices, func(d Device) bool { return len(d.Drift()) > 0 }):
		return Bad
	case !p.DriftComplete():
		return Unknown
	default:
		return Good
	}
}
