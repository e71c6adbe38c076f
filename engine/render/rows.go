package render

import (
	"fmt"
	"slices"

	"camform/engine/plan"
	"camform/schema"
)

// Rows say what a plan would do, what it leaves alone, which devices could not be read, and the counts. Kinds give the
// order of attributes and say which are secret; settings of other kinds are shown without their values.
func Rows(p *plan.Plan, kinds *schema.Kinds, o Options) []Row {
	d := &document{}
	every := func(plan.Step) bool { return true }
	if o.Detail == EveryValue {
		changes := changesOf(p, kinds, o.Fold, every)
		writeLegend(d, p, changes, o.Wording)
		writeActivations(d, p, o.Fold)
		for _, c := range changes {
			c.write(d, planned(o.Wording), o)
		}
		writeNotes(d, p, o.Fold)
		writeOutputs(d, p)
		writeTargets(d, p.Targets)
		if p.OutputsLeftOut() {
			d.line(0, Normal, outputsLeftOut)
		}
	} else {
		writeCounts(d, p, kinds, o.Detail, every)
	}
	d.open(Summary, "")
	writePlanSummary(d, p, o.Wording)
	writeTaken(d, p, kinds)
	if p.Stopped() {
		d.line(0, Strong, "A check stops apply: nothing of this plan will be carried out.").Severity = Alarm
	}
	writeTargeted(d, p.Targets)
	return d.rows
}

// DriftRows show out-of-band changes on the devices, as the changes that would undo them. Other
// changes of the plan are left out: see plan.Step.Drifted.
func DriftRows(p *plan.Plan, kinds *schema.Kinds, o Options) []Row {
	d := &document{}
	unknown := 0
	if o.Detail == EveryValue {
		unknown = writeDrift(d, p, kinds, o)
	} else {
		unknown = unreadSettings(p)
		writeCounts(d, p, kinds, o.Detail, plan.Step.Drifted)
	}
	d.open(Summary, "")
	writeDriftSummary(d, p, unknown)
	writeTargeted(d, p.Targets)
	return d.rows
}

// writeDrift tells every change that somebody made on a device, and returns how many settings could not be read.
func writeDrift(d *document, p *plan.Plan, kinds *schema.Kinds, o Options) int {
	changes := changesOf(p, kinds, o.Fold, plan.Step.Drifted)
	if len(changes) > 0 {
		d.open(Preface, "")
		d.line(0, Strong, driftNote(o.Wording))
		d.open(Preface, "")
		d.line(0, Normal, "The lines marked with + - ~ would undo them.")
	}
	for _, c := range changes {
		c.write(d, drifted, o)
	}
	writeDriftLeftAlone(d, p, o.Fold)
	unknown := writeUnknown(d, p, o.Fold)
	writeUnread(d, p, o.Fold)
	writeUnapplied(d, p, o.Fold)
	writeTargets(d, p.Targets)
	return unknown
}

func driftNote(w Wording) string {
	if w == Terraform {
		return "Note: Objects have changed outside of Terraform"
	}
	return "Note: devices have out-of-band changes"
}

func writeLegend(d *document, p *plan.Plan, changes []*change, w Wording) {
	if len(changes) == 0 {
		return
	}
	d.open(Legend, "")
	if w == Terraform {
		d.line(0, Normal, "Terraform used the selected providers to generate the following execution")
		d.line(0, Normal, "plan. Resource actions are indicated with the following symbols:")
	} else if compared(p) == 0 {
		d.line(0, Normal, "Actions are indicated with the following symbols:")
	} else {
		d.line(0, Normal, fmt.Sprintf("camform compared %s with the configuration. Actions are indicated with", Plural(compared(p), "device")))
		d.line(0, Normal, "the following symbols:")
	}
	for _, entry := range []struct {
		action plan.Action
		words  string
	}{{plan.Create, "create"}, {plan.Update, "update in-place"}, {plan.Delete, "destroy"}, {plan.Forget, "forget"}} {
		if slices.ContainsFunc(changes, func(c *change) bool { return c.step.Action == entry.action }) {
			d.marked(blockIndent, mark(entry.action), Part{entry.words, Normal})
		}
	}
	d.open(Preface, "")
	d.line(0, Normal, w.Program()+" will perform the following actions:")
}

// compared is how many devices of a plan could be compared with what is wanted.
func compared(p *plan.Plan) int { return len(p.Devices) - len(p.Failed()) - len(p.Activated()) }

func writePlanSummary(d *document, p *plan.Plan, w Wording) {
	failed := len(p.Failed())
	if !p.Empty() {
		d.line(0, Strong, planSentence(p))
		if changed := devicesWith(p, func(plan.Step) bool { return true }); changed > 0 {
			d.line(0, Normal, "Changes on "+Plural(changed, "device")+".")
		}
		if failed > 0 {
			d.line(0, Careful, couldNotBeRead(failed)+".").Severity = Alarm
		}
		return
	}
	text, severity := noChanges(p, failed, w)
	d.line(0, Strong, text).Severity = severity
}

func planSentence(p *plan.Plan) string {
	c := p.Counts()
	text := fmt.Sprintf("Plan: %d to add, %d to change, %d to destroy", c.Create, c.Update, c.Delete)
	if c.Forget > 0 {
		text += fmt.Sprintf(", %d to forget", c.Forget)
	}
	if moved := len(p.Moved); moved > 0 {
		text += ", " + Plural(moved, "device") + " to move"
	}
	if activated := len(p.Activated()); activated > 0 {
		text += ", " + Plural(activated, "device") + " to activate"
	}
	if gone := len(p.Gone); gone > 0 {
		text += ", " + Plural(gone, "device") + " to forget"
	}
	return text + "."
}

// noChanges says that there is nothing to do, and only what is true of it.
func noChanges(p *plan.Plan, failed int, w Wording) (string, Severity) {
	skipped := 0
	for _, device := range p.Devices {
		skipped += len(device.Skipped)
	}
	switch {
	case w == Own && len(p.Devices) == 0:
		return "No changes: there is no device.", Attention
	case failed > 0 && failed == len(p.Devices):
		return noneRead(failed), Alarm
	case failed > 0:
		return fmt.Sprintf("No changes on the %s that could be read; %s.",
			Plural(len(p.Devices)-failed, "device"), couldNotBeRead(failed)), Alarm
	case !p.Whole():
		return "No changes in what is known.", Attention
	case skipped > 0:
		return fmt.Sprintf("No changes to make, but %s left alone.", wasWere(skipped, "setting")), Attention
	case doubted(p):
		return "No changes to make, but not every check holds.", Attention
	case w == Terraform:
		return "No changes. Your infrastructure matches the configuration.", Plain
	case len(p.Targets) > 0:
		return "No changes to the targets.", Plain
	default:
		return "No changes. Your devices match the configuration.", Plain
	}
}

// writeDriftSummary gets the number of settings that could not be read on devices that could.
func writeDriftSummary(d *document, p *plan.Plan, unknown int) {
	settings, devices := 0, 0
	for _, device := range p.Devices {
		if n := len(device.Drift()); n > 0 {
			settings += n
			devices++
		}
	}
	failed, unapplied := len(p.Failed()), len(p.Unapplied())
	switch {
	case settings > 0:
		d.line(0, Strong, fmt.Sprintf("Drift: %s on %s.", Plural(settings, "setting"), Plural(devices, "device"))).Severity = Attention
		if failed > 0 {
			d.line(0, Careful, couldNotBeRead(failed)+".").Severity = Alarm
		}
	case len(p.Devices) == 0:
		d.line(0, Strong, "No drift: there is no device.").Severity = Attention
	case failed > 0 && failed == len(p.Devices):
		d.line(0, Strong, noneRead(failed)).Severity = Alarm
	case !p.Recorded():
		d.line(0, Strong, fmt.Sprintf("Drift is unknown: this state has no record of any device (of %d).", len(p.Devices))).Severity = Alarm
		d.line(0, Normal, "Run camform drift with the state that was used to apply the configuration, or run camform apply first.")
	case failed > 0:
		d.line(0, Strong, fmt.Sprintf("No drift on the %s that could be read; %s.",
			Plural(len(p.Devices)-failed, "device"), couldNotBeRead(failed))).Severity = Alarm
	case unknown > 0:
		d.line(0, Strong, "No drift in what could be read.").Severity = Alarm
	case unapplied > 0:
		d.line(0, Strong, "No drift in what was applied.").Severity = Attention
	case len(p.Targets) > 0:
		d.line(0, Strong, "No drift in the targets.")
	default:
		d.line(0, Strong, "No drift.")
	}
	if unapplied > 0 && p.Recorded() {
		d.line(0, Careful, "Nothing has been applied yet to "+Plural(unapplied, "device")+", so drift there is unknown.").Severity = Attention
	}
}

// writeTargeted says that the report is about a part of the configuration only.
func writeTargeted(d *document, targets []string) {
	if len(targets) > 0 {
		d.line(0, Careful, "Targets are in effect, so this says nothing about the rest of the configuration.").Severity = Attention
	}
}

func couldNotBeRead(n int) string { return Plural(n, "device") + " could not be read" }

func noneRead(n int) string {
	return fmt.Sprintf("No device could be read (of %d).", n)
}

func wasWere(n int, noun string) string {
	if n == 1 {
		return Plural(n, noun) + " was"
	}
	return Plural(n, noun) + " were"
}

func devicesWith(p *plan.Plan, keep func(plan.Step) bool) int {
	n := 0
	for _, d := range p.Devices {
		if slices.ContainsFunc(d.Steps, keep) {
			n++
		}
	}
	return n
}
