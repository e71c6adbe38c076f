package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// ClockJumpsCode is that of plans that make clocks jump where nobody accepts that.
const ClockJumpsCode = "clock-jumps"

// The codes of other problems with clocks.
const (
	clockOffCode     = "clock-off"
	clockUnknownCode = "clock-unknown"
)

// clockTolerance is how far a clock may be off before that is reported. A device that asks a server is less than a second off; one that
// was set by hand loses some seconds in a week.
const clockTolerance = 10 * time.Second

// clocks tells which devices of a survey have clocks that are wrong. Those that do not tell the time are in no message: a check can
// demand that they do.
func (j judge) clocks(found *survey) diag.Problems {
	var told []string
	var first schema.Device
	alike := true
	for i, device := range found.devices {
		snap := found.snapshots[i]
		if snap.Err != nil {
			continue
		}
		clock, known := j.Interpreter.Clock(snap.Documents)
		if !known || clock.Off() <= clockTolerance {
			continue
		}
		if len(told) == 0 {
			first = device.Address
		}
		told = append(told, fmt.Sprintf("%s is %s", device.Address, aside(clock.Ahead, "ahead", "behind")))
		alike = alike && strings.HasSuffix(told[0], aside(clock.Ahead, "ahead", "behind"))
	}
	if len(told) == 0 {
		return nil
	}
	what := "The clock of a device differs from that of this machine"
	if len(told) > 1 {
		what = fmt.Sprintf("The clocks of %d devices differ from that of this machine", len(told))
	}
	advice := fmt.Sprintf("Recordings, certificates and schedules depend on it; check %s.", strings.Join(j.ofClock(), " and "))
	if alike && len(told) > 2 {
		advice = "They are all off by about the same, so check the clock of this machine first. " + advice
	}
	return diag.Problems{{
		Severity: diag.Warning, Code: clockOffCode, Summary: "Clock is wrong", Address: schema.Setting{Device: first},
		Detail: fmt.Sprintf("%s: %s. %s", what, diag.FirstOf(told), advice),
	}}
}

// ofClock are the names of the kinds that decide about clocks.
func (j judge) ofClock() []string {
	var names []string
	for _, k := range j.Kinds().OfClock() {
		names = append(names, k.Name)
	}
	return names
}

// jump is how far the steps of a device move its clock, by what was read of it.
func (j judge) jump(d plan.Device, docs providers.Documents) providers.Jump {
	if changes := j.clockChanges(d.Steps); len(changes) > 0 {
		return j.Composer.Jump(changes, docs)
	}
	return providers.Jump{}
}

func (j judge) clockChanges(steps []plan.Step) []providers.Change {
	var changes []providers.Change
	for _, s := range steps {
		if kind := j.Kinds().Lookup(s.Address.Kind); kind != nil && kind.Clock != nil && s.Action != plan.Forget {
			changes = append(changes, providers.Change{Kind: kind, Key: s.Address.Key, Before: s.Before, After: s.After})
		}
	}
	return changes
}

// noteJumps marks the steps of a device that make its clock jump far.
func (j judge) noteJumps(d *plan.Device, docs providers.Documents) {
	if !j.jump(*d, docs).IsFar() {
		return
	}
	for i, s := range d.Steps {
		alone := j.clockChanges(d.Steps[i : i+1])
		d.Steps[i].Jumps = len(alone) > 0 && s.Action != plan.Forget && j.Composer.Jump(alone, docs) != providers.Jump{}
	}
}

// clockProblems are those of the clocks of the devices of a plan: what would make them jump, and what nobody can tell.
func (j judge) clockProblems(planned *Planned) diag.Problems {
	return append(jumping(planned.Plan.Devices, func(d plan.Device) providers.Jump {
		return j.jump(d, planned.Snapshots[d.Address].Documents)
	}), j.unforeseen(planned)...)
}

// jumping refuses plans that make clocks jump where nobody accepts that. Jump says how far they do; nil where that is not known.
func jumping(devices []plan.Device, jump func(plan.Device) providers.Jump) diag.Problems {
	var told []string
	var first plan.Step
	for _, d := range devices {
		i := slices.IndexFunc(d.Steps, func(s plan.Step) bool { return s.Jumps })
		if i < 0 || d.ClockJump != "" {
			continue
		}
		if len(told) == 0 {
			first = d.Steps[i]
		}
		text := d.Address.String()
		if jump != nil {
			text += " (" + aside(jump(d).By, "forward", "back") + ")"
		}
		told = append(told, text)
	}
	if len(told) == 0 {
		return nil
	}
	return diag.Problems{{
		Severity: diag.Error, Code: ClockJumpsCode, Summary: "Clock would jump", Address: first.Address, Subject: first.Range.HCL(),
		Detail: fmt.Sprintf("The plan moves the clock by more than five minutes: %s. Recordings, certificates and schedules depend on it. "+
			"If it may jump, say so in the device block or in a profile: accept_clock_jump = \"why\".", diag.FirstOf(told)),
	}}
}

// unforeseen reports the devices with changes that move the clock by an unknown amount.
func (j judge) unforeseen(planned *Planned) diag.Problems {
	var told []string
	var first plan.Step
	for _, d := range planned.Plan.Devices {
		snap := planned.Snapshots[d.Address]
		if snap == nil || snap.Err != nil || d.ClockJump != "" || !j.jump(d, snap.Documents).Unknown {
			continue
		}
		if len(told) == 0 {
			first = d.Steps[slices.IndexFunc(d.Steps, func(s plan.Step) bool { return len(j.clockChanges([]plan.Step{s})) > 0 })]
		}
		told = append(told, d.Address.String())
	}
	if len(told) == 0 {
		return nil
	}
	return diag.Problems{{
		Severity: diag.Warning, Code: clockUnknownCode, Summary: "Clock may jump", Address: first.Address, Subject: first.Range.HCL(),
		Detail: fmt.Sprintf("How far the plan moves the clock is unknown, because the device does not report its time: %s. Recordings, "+
			"certificates and schedules depend on it.", diag.FirstOf(told)),
	}}
}

// aside says how far a clock is from another one, in the largest unit that tells enough.
func aside(by time.Duration, ahead, behind string) string {
	way := ahead
	if by < 0 {
		way = behind
	}
	if by.Abs() > time.Hour {
		by = by.Round(time.Minute) // a second does not make two days 48 hours
	}
	const day = 24 * time.Hour
	for _, unit := range []struct {
		size time.Duration
		from time.Duration // the least that is expressed in the unit
		name string
	}{{365 * day, 2 * 365 * day, "year"}, {day, 2 * day, "day"}, {time.Hour, 2 * time.Hour, "hour"}, {time.Minute, 2 * time.Minute, "minute"}, {time.Second, 0, "second"}} {
		if by.Abs() >= unit.from {
			n := int64(by.Abs().Round(unit.size) / unit.size)
			if n == 1 {
				return fmt.Sprintf("1 %s %s", unit.name, way)
			}
			return fmt.Sprintf("%d %ss %s", n, unit.name, way)
		}
	}
	panic("unreachable; this is a bug")
}
