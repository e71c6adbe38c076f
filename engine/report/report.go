// Package report holds what a run tells while it works and what it tells at its end, as data. Nothing is printed here.
package report

import (
	"time"

	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// Stage is a part of a run that takes time.
type Stage string

// The stages.
const (
	Refresh Stage = "refresh" // devices are read
	Search  Stage = "search"  // new devices that did not answer when they were to be read are searched for
	Apply   Stage = "apply"   // devices are changed

	Consumers Stage = "consumers" // devices that may use those to be changed are asked which ones they use
	Watch     Stage = "watch"     // devices that use those which were changed are asked whether they still can
)

// EventKind says what happened.
type EventKind string

// The kinds of events. DeviceStarted and DeviceDone come in pairs, one pair for each device of the stage; StepStarted and
// StepDone come in pairs between them.
const (
	StageStarted  EventKind = "stage-started" // Total is set
	DeviceStarted EventKind = "device-started"
	StepStarted   EventKind = "step-started"
	StepDone      EventKind = "step-done"
	DeviceDone    EventKind = "device-done"
	Activating    EventKind = "activating" // the device gets its first password, between its DeviceStarted and the first of its StepStarted
	Activated     EventKind = "activated"  // it logged in with that, and is the right one; Elapsed is set. DeviceDone reports failures
	StageDone     EventKind = "stage-done"
	Restarting    EventKind = "restarting"  // the web server of the device is waited for after a write; Elapsed is since when, Limit how long at most
	Asking        EventKind = "asking"      // the device is asked for items of a kind that its list lacks; Setting names the kind, and Total is set
	Waiting       EventKind = "waiting"     // for another run, which holds devices; Detail says who
	Interrupted   EventKind = "interrupted" // the requests in flight are finished, then the run ends; Total is set
)

// Event is one thing that happened during a run. Events of different devices interleave.
type Event struct {
	Kind    EventKind
	Stage   Stage
	Device  schema.Device  // zero for events of a whole stage
	Setting schema.Setting // for step events; for Asking without a key
	Action  plan.Action    // for step events
	Result  Result         // for StepDone and DeviceDone; Done if all is well
	Detail  string         // for people, when Result is not Done, and for Waiting
	Total   int            // devices in the stage, for StageStarted; steps of the device, for DeviceStarted of Apply; items, for Asking; requests in flight, for Interrupted
	Steps   int            // steps of all devices in the stage, for StageStarted of Apply
	Elapsed time.Duration  // for StepDone, DeviceDone, StageDone, Activated and Restarting
	Limit   time.Duration  // for Restarting
}

// Result is how a step or a device ended.
type Result string

// The results.
const (
	Done          Result = "done"           // as planned, and read back
	PendingReboot Result = "pending-reboot" // stored by the device, effective after its next restart
	Rewritten     Result = "rewritten"      // accepted, but the device keeps it in a form of its own
	Already       Result = "already"        // nothing to write: the device has it already
	Stale         Result = "stale"          // the device is no longer as it was when the plan was made; nothing was written
	Rejected      Result = "rejected"       // the device refused it, or accepted it and did not do it; the detail says what it did
	NotWorking    Result = "not-working"    // as planned, and read back, but the device says that it does not work
	Lost          Result = "lost"           // nothing was changed there, but what it showed of a changed device before the run is gone
	Reverted      Result = "reverted"       // it would have closed the way in, and was put back as it was
	Failed        Result = "failed"         // it could not be carried out; nothing was changed, but by a first request of two that the detail names
	Unfinished    Result = "unfinished"     // some settings of the device were changed, then it failed
	Unrecorded    Result = "unrecorded"     // as planned, and read back, but the state could not record it; the next run finds out by reading
	Unknown       Result = "unknown"        // it may or may not have been carried out; the next run finds out by reading
	Unreachable   Result = "unreachable"    // the device did not answer
	Refused       Result = "refused"        // the device refused the login, or is locked, or no attempt may be spent
	Mistaken      Result = "other-device"   // another device answers at the address
	Held          Result = "held"           // another run has the device
	NotRun        Result = "not-run"        // not begun, because of an interruption or an earlier failure on the device
)

// Good reports whether nothing needs anybody's attention.
func (r Result) Good() bool {
	switch r {
	case Done, PendingReboot, Rewritten, Already:
		return true
	default:
		return false
	}
}

// Changed reports whether something was changed for it.
func (r Result) Changed() bool {
	return r.Good() && r != Already || r == Unrecorded
}

// Report is what a run did.
type Report struct {
	Stage       Stage
	Started     time.Time
	Elapsed     time.Duration
	Interrupted bool     // no further step was begun, and those in flight were finished
	Stopped     bool     // those in flight were cut off, too
	Devices     []Device // every device of the run, ordered by address

	Moved int // devices that got another name

	Targets []string       // addresses to which the plan was restricted; none if it looked at the whole configuration
	Unknown []plan.Skipped // wanted settings that the plan could not judge, or that devices no longer have
}

// Device is what happened to one device.
type Device struct {
	Address  schema.Device
	Identity providers.Identity
	Result   Result
	Detail   string
	Steps    []Step // in the order in which they were carried out

	Activated bool // whether it got its first password
	Forgotten bool // whether the state has no record of it any more, since it left the configuration
}

// Step is what happened to one step of a plan.
type Step struct {
	Address schema.Setting
	Action  plan.Action
	Result  Result
	Detail  string
}

// Bad are the devices that did not end well.
func (r *Report) Bad() []Device {
	var bad []Device
	for _, d := range r.Devices {
		if !d.Result.Good() {
			bad = append(bad, d)
		}
	}
	return bad
}

// Forgotten counts the devices that the state no longer has a record of.
func (r *Report) Forgotten() int { return r.count(func(d Device) bool { return d.Forgotten }) }

// Activated counts the devices that got their first password.
func (r *Report) Activated() int { return r.count(func(d Device) bool { return d.Activated }) }

// AsWanted counts the steps on devices which got their first password that the devices did not need: they came so. A plan counts
// these steps, since it cannot know.
func (r *Report) AsWanted() int {
	n := 0
	for _, d := range r.Devices {
		for _, s := range d.Steps {
			if d.Activated && s.Result == Already {
				n++
			}
		}
	}
	return n
}

func (r *Report) count(is func(Device) bool) int {
	n := 0
	for _, d := range r.Devices {
		if is(d) {
			n++
		}
	}
	return n
}

// OutOfReach reports whether a device ended without anything that was begun on it: it did not answer, or not for us.
func (d Device) OutOfReach() bool {
	return d.Result == Unreachable || d.Result == Refused || d.Result == Mistaken
}

// Reverted reports whether nothing is wrong with a device but that something was put back as it was.
func (d Device) Reverted() bool {
	found := false
	for _, s := range d.Steps {
		switch {
		case s.Result == Reverted:
			found = true
		case !s.Result.Good() && s.Result != NotRun:
			return false
		}
	}
	return found
}

// Count counts the steps with an action that changed something.
func (r *Report) Count(a plan.Action) int {
	n := 0
	for _, d := range r.Devices {
		for _, s := range d.Steps {
			if s.Action == a && s.Result.Changed() {
				n++
			}
		}
	}
	return n
}
