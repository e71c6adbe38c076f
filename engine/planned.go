package engine

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

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

	last memory // what was remembered when it was made; nil for the way back
}

// plannedFrom is a plan for the devices of a survey, which has none yet.
func plannedFrom(p *plan.Plan, found *survey) *Planned {
	planned := &Planned{Plan: p, Snapshots: make(map[schema.Device]*live.Snapshot, len(found.devices))}
	for i, device := range found.devices {
		planned.Snapshots[device.Address] = found.snapshots[i]
	}
	return planned
}

// plan finds what is to be done on the devices of a survey. All devices of the configuration say who logs in where.
func (j judge) plan(p *plan.Plan, all []*config.Device, found *survey, last memory, asked func(schema.Setting) bool) (*Planned, diag.Problems) {
	subjects := make([]diff.Subject, len(found.devices))
	for i, device := range found.devices {
		subjects[i] = diff.Subject{Device: device, Snapshot: found.snapshots[i], Last: last[device.Address]}
	}
	results := diff.CompareAll(subjects, j.rules(found.credentials, asked), j.Check)
	p.Devices = make([]plan.Device, len(subjects))
	refusals := make([][]diff.Refusal, len(subjects))
	for i, s := range subjects {
		if s.Snapshot.Err != nil {
			p.Devices[i] = diff.NotRead(s.Device, s.Snapshot)
			continue
		}
		p.Devices[i], refusals[i] = diff.Plan(s.Device, s.Snapshot, results[i], j.Kinds(), j.Check)
	}
	for i := range p.Devices {
		p.Devices[i].Record = recordOf(p.Devices[i], last)
	}
	users, told := usersOf(all), told(p.Devices)
	var problems diag.Problems
	for i, device := range found.devices {
		d := &p.Devices[i]
		d.Ways = waysTo(device, users)
		for k, w := range d.Ways {
			d.Ways[k].Told = told[w.Who]
		}
		problems = append(problems, j.prove(device, found.snapshots[i].Documents, d)...)
		for _, r := range refusals[i] {
			problems = append(problems, refused(r))
		}
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
	for i, device := range devices {
		p.Plan.Devices[i].Checks = j.checks(device, p.Snapshots[device.Address])
	}
}

// drifted reduces a plan, and what is told about it, to what somebody changed on the devices since it was last applied.
func (p *Planned) drifted(problems diag.Problems) diag.Problems {
	for i, d := range p.Plan.Devices {
		p.Plan.Devices[i] = diff.Drifted(d)
	}
	aboutSteps := []string{refusedCode, guard.Code, guard.UntoldCode}
	return slices.DeleteFunc(problems, func(p diag.Problem) bool { return slices.Contains(aboutSteps, p.Code) })
}

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

// outputs are those of a configuration, as a plan has them.
func outputs(declared []config.Output) []plan.Output {
	var all []plan.Output
	for _, o := range declared {
		out := plan.Output{Name: o.Name, Sensitive: o.Sensitive, Value: cty.NullVal(cty.DynamicPseudoType)}
		if !o.Sensitive {
			out.Value = o.Value
		}
		all = append(all, out)
	}
	return all
}
