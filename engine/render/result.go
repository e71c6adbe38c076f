package render

import (
	"fmt"
	"strings"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/schema"
)

// Result says what a run that applied a plan did not manage, what waits for a restart, and last the counts. The shorter details are
// the counts alone.
func Result(r *report.Report, o Options) []Row {
	d := &document{}
	missed := findMissed(r)
	if o.Detail == EveryValue {
		missed.write(d, o.Fold)
		writeResults(d, r, o.Fold, report.PendingReboot, "Pending restarts", "Stored, effective after the next restart of the device:")
		writeResults(d, r, o.Fold, report.Rewritten, "Rewritten", "Stored by the device in its own form:")
	}
	if r.Interrupted {
		d.open(Notes, "Interrupted")
		d.line(0, Careful, interruptedSentence(r, missed)).Severity = Alarm
	}
	d.open(Summary, "")
	writeResultSummary(d, r, missed, o.Wording)
	writeTargeted(d, r.Targets)
	return d.rows
}

// interruptedSentence gives the outcome of the requests that were in flight when a run was interrupted.
func interruptedSentence(r *report.Report, m missed) string {
	if m.uncertain > 0 {
		return fmt.Sprintf("The run was stopped before the outcome of %s was known; the next run reads the devices to find out. No others were started.",
			Plural(m.uncertain, "setting"))
	}
	return "The run was interrupted. Requests in flight were finished, and no others were sent."
}

// inFlight tells at an interruption how many requests are finished.
func inFlight(n int) string {
	if n == 0 {
		return "Interrupted: no request is in flight; press again to stop now."
	}
	return fmt.Sprintf("Interrupted: finishing %s in flight; press again to stop now.", Plural(n, "request"))
}

// missed is what a run did not do.
type missed struct {
	remarks    remarks
	notRun     int // steps that were not begun
	notOn      int // devices of these
	failed     int // steps that were begun and did not end well
	uncertain  int // steps whose outcome is uncertain
	unrecorded int // steps that were carried out, which the state does not know
	unknown    int // settings that the plan could not judge, or that devices no longer have
	devices    int // devices with anything of this
	broken     int // devices that failed before any step, although they may be in reach
}

// findMissed goes through a report. A device whose trouble its steps show is not listed again.
func findMissed(r *report.Report) missed {
	var m missed
	unknown := map[schema.Device]bool{}
	for _, s := range r.Unknown {
		m.remarks.addTrouble(s.Address.Device, s.Address.Local(), leftAlone(s), s.Told())
		m.unknown++
		unknown[s.Address.Device] = true
	}
	for _, device := range r.Devices {
		told, notRun := false, 0
		for _, s := range device.Steps {
			if s.Result == report.NotRun {
				notRun++
				continue
			}
			if s.Result.Good() {
				continue
			}
			told = true
			m.count(s.Result)
			m.remarks.addTrouble(device.Address, s.Address.Local(), resultWords(s.Result), s.Detail)
		}
		if !told && !device.Result.Good() && (device.Result != report.NotRun || notRun == 0) {
			m.remarks.addTrouble(device.Address, "", resultWords(device.Result), device.Detail)
			if !device.OutOfReach() {
				m.broken++
			}
		}
		m.notRun += notRun
		if notRun > 0 {
			m.notOn++
		}
		if told || notRun > 0 || !device.Result.Good() || unknown[device.Address] {
			m.devices++
		}
	}
	return m
}

// count takes note of a step that was begun and did not end well.
func (m *missed) count(r report.Result) {
	switch r {
	case report.Unknown:
		m.uncertain++
	case report.Unrecorded:
		m.unrecorded++
	default:
		m.failed++
	}
}

func (m missed) write(d *document, fold Fold) {
	if len(m.remarks.list) > 0 {
		d.open(Changes, "Not done")
		d.line(0, Strong, "Not done:")
		m.remarks.write(d, Alarm, fold)
	}
	if m.notRun > 0 {
		d.open(Changes, "Not begun")
		d.line(0, Strong, fmt.Sprintf("Not begun: %s on %s.", Plural(m.notRun, "setting"), Plural(m.notOn, "device"))).Severity = Alarm
	}
}

// resultWords say how a step or a device ended.
func resultWords(r report.Result) string {
	switch r {
	case report.Done:
		return "done"
	case report.PendingReboot:
		return "stored, effective after the next restart"
	case report.Rewritten:
		return "stored by the device in its own form"
	case report.Already:
		return "already as wanted"
	case report.Stale:
		return "the device is no longer as it was when the plan was made"
	case report.Rejected:
		return "rejected by the device"
	case report.NotWorking:
		return "written, but not seen to work"
	case report.Lost:
		return "worked before this run, and no longer does"
	case report.Reverted:
		return "put back as it was"
	case report.Failed:
		return "failed, nothing was changed"
	case report.Unfinished:
		return "not finished"
	case report.Unrecorded:
		return "changed, but not recorded; the next run reads the device to find out"
	case report.Unknown:
		return "outcome uncertain; the next run reads the device to find out"
	case report.Unreachable:
		return "not reachable"
	case report.Refused:
		return "no login"
	case report.Mistaken:
		return "another device answers at the address"
	case report.Held:
		return "another run holds it"
	case report.NotRun:
		return "not begun"
	default:
		return printable(string(r))
	}
}

// writeResults lists the steps that ended in one of the good ways that somebody should know of.
func writeResults(d *document, r *report.Report, fold Fold, result report.Result, group, title string) {
	var found remarks
	for _, device := range r.Devices {
		for _, s := range device.Steps {
			if s.Result == result {
				found.add(device.Address, s.Address.Local(), "", s.Detail)
			}
		}
	}
	if len(found.list) == 0 {
		return
	}
	d.open(Notes, group)
	d.line(0, Strong, title)
	found.write(d, Attention, fold)
}

// countsOf are the steps that were carried out.
func countsOf(r *report.Report) plan.Counts {
	return plan.Counts{
		Create: r.Count(plan.Create), Update: r.Count(plan.Update), Delete: r.Count(plan.Delete), Forget: r.Count(plan.Forget),
	}
}

func completeSentence(r *report.Report, w Wording) string {
	noun := "Settings"
	if w == Terraform {
		noun = "Resources"
	}
	return "Apply complete! " + noun + ": " + doneText(r)
}

func incompleteSentence(r *report.Report) string {
	return "Apply incomplete: " + doneText(r)
}

func doneText(r *report.Report) string {
	c := countsOf(r)
	text := fmt.Sprintf("%d added, %d changed, %d destroyed", c.Create, c.Update, c.Delete)
	if c.Forget > 0 {
		text += fmt.Sprintf(", %d forgotten", c.Forget)
	}
	if r.Moved > 0 {
		text += ", " + Plural(r.Moved, "device") + " moved"
	}
	if came := r.AsWanted(); came > 0 {
		text += fmt.Sprintf(", %d as wanted already", came)
	}
	if activated := r.Activated(); activated > 0 {
		text += ", " + Plural(activated, "device") + " activated"
	}
	if forgotten := r.Forgotten(); forgotten > 0 {
		text += ", " + Plural(forgotten, "device") + " forgotten"
	}
	return text + "."
}

// text tells what was missed: settings that failed, settings that were not begun, or else devices as a whole.
func (m missed) text() string {
	var parts []string
	if m.failed > 0 {
		parts = append(parts, Plural(m.failed, "setting")+" failed")
	}
	if m.uncertain > 0 {
		parts = append(parts, Plural(m.uncertain, "setting")+" uncertain")
	}
	if m.unrecorded > 0 {
		parts = append(parts, Plural(m.unrecorded, "setting")+" not recorded")
	}
	if m.notRun > 0 {
		parts = append(parts, Plural(m.notRun, "setting")+" not begun")
	}
	if m.unknown > 0 {
		parts = append(parts, Plural(m.unknown, "setting")+" unknown or gone")
	}
	if len(parts) == 0 && m.broken > 0 {
		parts = append(parts, Plural(m.broken, "device")+" failed")
		if away := m.devices - m.broken; away > 0 {
			parts = append(parts, Plural(away, "device")+" out of reach, or not ready for a login")
		}
	}
	if len(parts) == 0 {
		return "out of reach, or not ready for a login"
	}
	return strings.Join(parts, ", ")
}

func writeResultSummary(d *document, r *report.Report, m missed, w Wording) {
	if m.devices == 0 && !r.Interrupted {
		d.line(0, Good, completeSentence(r, w))
		return
	}
	d.line(0, Bad, incompleteSentence(r)).Severity = Alarm
	if m.devices > 0 {
		d.line(0, Normal, fmt.Sprintf("Look at %s of %d: %s.",
			Plural(m.devices, "device"), len(r.Devices), m.text())).Severity = Alarm
	}
}
