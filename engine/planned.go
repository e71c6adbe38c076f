package engine

import (
	"strings"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/guard"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/schema"
)

// Planned is a plan together with what it was made from.
type Planned struct {
	Plan      *plan.Plan
	Snapshots map[schema.Device]*live.Snapshot

	last  memory  // what was remembered when it was made; nil for the way back
	found *survey // what it was made from
}

// plannedFrom is a plan for the devices of a survey, which has none yet.
func plannedFrom(p *plan.Plan, found *survey) *Planned {
	planned := &Planned{Plan: p, found: found, Snapshots: make(map[schema.Device]*live.Snapshot, len(found.devices))}
	for i, device := range found.devices {
		planned.Snapshots[device.Address] = found.snapshots[i]
	}
	return planned
}

// plan finds what is to be done on the devices of a survey, with regard to their other users. Held says which settings must stay as they
// are for now, and why.
func (j judge) plan(p *plan.Plan, found *survey, last memory, asked func(schema.Setting) bool, held map[schema.Setting]string) (*Planned, diag.Problems) {
	subjects := make([]diff.Subject, len(found.devices))
	for i, device := range found.devices {
		subjects[i] = diff.Subject{Device: device, Snapshot: found.snapshots[i], Last: last[device.Address]}
	}
	rules := j.rules(found.credentials, asked)
	rules.Held = func(address schema.Setting) string { return held[address] }
	results := diff.CompareAll(subjects, rules, j.Check)
	p.Devices = make([]plan.Device, len(subjects))
	var problems diag.Problems
	for i, s := range subjects {
		if s.Snapshot.Err != nil {
			p.Devices[i] = diff.NotRead(s.Device, s.Snapshot)
			continue
		}
		var refusals []diff.Refusal
		p.Devices[i], refusals = diff.Plan(s.Device, s.Snapshot, results[i], j.Kinds(), j.Check, j.Enciphers)
		for _, r := range refusals {
			problems = append(problems, refused(r))
		}
	}
	for i := range p.Devices {
		p.Devices[i].Record = recordOf(p.Devices[i], last)
	}
	planned := plannedFrom(p, found)
	planned.last = last
	return planned, problems
}

// recordOf is what a memory says of a device for which a plan was made.
func recordOf(d plan.Device, last memory) plan.Record {
	switch {
	case len(last[d.Address]) > 0:
		return plan.Recorded
	case len(d.Steps)+len(d.Adopted) > 0:
		return plan.Unapplied
	default:
		return plan.NoRecord
	}
}

// check judges the devices that a plan was made for by their checks.
func (p *Planned) check(devices []*config.Device, j judge) {
	asked := make(map[schema.Device]*config.Device, len(devices))
	for _, device := range devices {
		asked[device.Address] = device
	}
	for i, d := range p.Plan.Devices {
		if device := asked[d.Address]; device != nil {
			p.Plan.Devices[i].Checks = j.checks(device, p.Snapshots[d.Address], p.found.credentials)
		}
	}
}

// mayCutAnybody reports whether a step of a plan could cut somebody off, and whether one decides from where a device can be reached.
func mayCutAnybody(p *plan.Plan, kinds *schema.Kinds) (cuts, filters bool) {
	for _, d := range p.Devices {
		for _, s := range d.Steps {
			cuts = cuts || guard.MayCut(s, kinds)
			filters = filters || guard.MayCut(s, kinds) && guard.Filters(s, kinds)
		}
	}
	return cuts, filters
}

// drifted reduces a plan to what somebody changed on the devices since it was last applied.
func (p *Planned) drifted() {
	for i, d := range p.Plan.Devices {
		p.Plan.Devices[i] = diff.Drifted(d)
	}
}

// everything takes nothing out of a plan.
func (*Planned) everything() {}

// onlyPasswords takes out of a plan what is about no password.
func (p *Planned) onlyPasswords() {
	for i := range p.Plan.Devices {
		d := &p.Plan.Devices[i]
		var steps []plan.Step
		for _, s := range d.Steps {
			if s.Rotates() || s.Follows() != "" {
				steps = append(steps, s)
			}
		}
		d.Steps, d.Adopted, d.Unmanaged = steps, nil, nil
	}
}

// overHTTP is OverHTTP of the steps of the plan, now that the devices have said what they take enciphered.
func (p *Planned) overHTTP() diag.Problems {
	var found []sending
	for _, d := range p.Plan.Devices {
		if !strings.HasPrefix(d.Access.URL, "http:") || d.Access.Plain {
			continue
		}
		for _, s := range d.Steps {
			if _, how := s.Generates(); how != nil && how.First() {
				continue // it is encrypted on its way
			}
			if len(s.Secrets) > 0 && !s.Enciphered {
				found = append(found, sending{s.Address, *s.Range.HCL(), false})
			}
		}
	}
	return overHTTP(found)
}
