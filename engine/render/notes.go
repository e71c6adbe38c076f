package render

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"camform/engine/plan"
	"camform/schema"
)

// writeNotes appends what a plan does not do, and why.
func writeNotes(d *document, p *plan.Plan, fold Fold) {
	writeMoved(d, p)
	writeGone(d, p, fold)
	writeChecks(d, p, fold)
	writeCuts(d, p, fold)
	writeSkipped(d, p, fold)
	writeLogins(d, p, fold)
	writeUnmanaged(d, p)
	writeUnread(d, p, fold)
}

// writeLogins tells who is logged in and could be cut off although nobody knows of him.
func writeLogins(d *document, p *plan.Plan, fold Fold) {
	var found remarks
	for _, device := range p.Devices {
		for _, l := range device.Logins {
			found.add(device.Address, "", "", l.Told())
		}
	}
	if len(found.list) == 0 {
		return
	}
	d.open(Notes, "Logged in")
	d.line(0, Strong, "Sessions that this plan could cut off (not every client opens one):")
	found.write(d, Attention, fold)
}

// remark is something to be said of one or more devices.
type remark struct {
	subject string   // the setting without its device; empty for a whole device
	words   string   // complete "SUBJECT ..."
	details []string // one for each device
	devices []schema.Device
	counted bool // the words say on how many devices
}

// remarks collects remarks, those with the same words once.
type remarks struct {
	list  []*remark
	index map[remarkKey]*remark
}

type remarkKey struct{ subject, words, detail string }

func (r *remarks) add(device schema.Device, subject, words, detail string) {
	r.put(remarkKey{subject, words, detail}, device, detail)
}

// addTrouble adds a remark whose detail is the same message for several devices, although it names something of each.
func (r *remarks) addTrouble(device schema.Device, subject, words, detail string) {
	r.put(remarkKey{subject, words, messageOf(detail, device).key()}, device, detail)
}

func (r *remarks) put(key remarkKey, device schema.Device, detail string) {
	if found := r.index[key]; found != nil {
		found.devices, found.details = append(found.devices, device), append(found.details, detail)
		return
	}
	if r.index == nil {
		r.index = map[remarkKey]*remark{}
	}
	r.index[key] = &remark{subject: key.subject, words: key.words, details: []string{detail}, devices: []schema.Device{device}}
	r.list = append(r.list, r.index[key])
}

// once adds a remark that says itself on how many devices it is true.
func (r *remarks) once(subject, words string) {
	r.add(schema.Device{}, subject, words, "")
	r.index[remarkKey{subject, words, ""}].counted = true
}

// lacks reports whether a device does not have a whole setting, and never had it.
func lacks(s plan.Skipped) bool {
	return s.Reason == plan.Unsupported && s.Attribute == "" && !s.Drifted
}

// write appends a remark about one or two devices with their addresses, about more as a group, the largest first.
func (r *remarks) write(d *document, severity Severity, fold Fold) {
	r.writeAt(d, blockIndent, severity, fold)
}

func (r *remarks) writeAt(d *document, indent int, severity Severity, fold Fold) {
	slices.SortStableFunc(r.list, func(a, b *remark) int { return cmp.Compare(size(b), size(a)) })
	for _, m := range r.list {
		if m.counted {
			d.line(indent, Normal, m.sentence(printable(m.subject), "")).Severity = severity
			continue
		}
		if fold == Unfolded || size(m) == 1 {
			for i, device := range m.devices {
				d.line(indent, Normal, m.sentence(addressOf(device, m.subject), m.details[i])).Severity = severity
			}
			continue
		}
		d.line(indent, Normal, m.sentence(m.group(), common(m.devices, m.details))).Severity = severity
		for _, text := range some(m.devices, fold) {
			d.line(indent+4, Quiet, text)
		}
	}
}

// size orders remarks: those below foldFrom are equal.
func size(m *remark) int {
	if m.counted {
		return foldFrom
	}
	if len(m.devices) < foldFrom {
		return 1
	}
	return len(m.devices)
}

func (m *remark) group() string {
	if m.subject == "" {
		return Plural(len(m.devices), "device")
	}
	return printable(m.subject) + " on " + Plural(len(m.devices), "device")
}

func (m *remark) sentence(subject, detail string) string {
	text := subject
	if m.words != "" {
		text += ": " + m.words
	}
	if detail != "" {
		text += ": " + printable(detail)
	}
	return text
}

func addressOf(device schema.Device, subject string) string {
	text := device.String()
	if subject != "" {
		text += "." + subject
	}
	return printable(text)
}

var skipWords = map[plan.SkipReason]string{
	plan.Unsupported: "not available",
	plan.Protected:   "protected",
	plan.Unreadable:  "could not be read",
	plan.Masked:      "not written",
	plan.Exposed:     "not sent",
	plan.Unproven:    "unproven",
	plan.Waiting:     "waits for its window",
	plan.Held:        "held back",
	plan.UntilApply:  "unknown until apply",
}

// leftAlone says why a setting is left alone.
func leftAlone(s plan.Skipped) string {
	switch {
	case s.Drifted && s.Reason == plan.Unsupported:
		return "was applied, and is no longer available"
	case s.Drifted && s.Reason != plan.Held:
		return skipWords[s.Reason] + ", and was changed on the device"
	default:
		return skipWords[s.Reason]
	}
}

// writeSkipped tells what is left alone, and why. That devices of different kinds lack whole settings is what profiles for
// many devices are made for, so it is counted; unfolded it is listed for each device.
func writeSkipped(d *document, p *plan.Plan, fold Fold) {
	var found remarks
	lacking := map[string]int{}
	for _, device := range p.Devices {
		for _, s := range device.Skipped {
			if lacks(s) {
				lacking[s.Address.Local()]++
			}
		}
	}
	for _, device := range p.Devices {
		for _, s := range device.Skipped {
			if n := lacking[s.Address.Local()]; lacks(s) && n > 1 && fold != Unfolded {
				words := fmt.Sprintf("%s on %s", skipWords[s.Reason], Plural(n, "device"))
				found.once(s.Address.Local(), words)
				continue
			}
			found.add(device.Address, s.Address.Local(), leftAlone(s), s.Told())
		}
	}
	if len(found.list) == 0 {
		return
	}
	d.open(Notes, "Left alone")
	heading := "Wanted settings that are left alone:"
	if slices.ContainsFunc(found.list, func(m *remark) bool { return m.counted }) {
		heading = "Wanted settings that are left alone (-full names all devices):"
	}
	d.line(0, Strong, heading)
	found.write(d, Attention, fold)
}

// writeDriftLeftAlone tells which settings are no longer as they were applied although no step brings them back.
func writeDriftLeftAlone(d *document, p *plan.Plan, fold Fold) {
	var found remarks
	for _, device := range p.Devices {
		for _, s := range device.Skipped {
			if s.Drifted {
				found.add(device.Address, s.Address.Local(), leftAlone(s), s.Told())
			}
		}
	}
	if len(found.list) == 0 {
		return
	}
	d.open(Changes, "Not restored")
	d.line(0, Strong, "Settings that differ from what was applied, and that camform cannot or must not restore:")
	found.write(d, Attention, fold)
}

// writeUnapplied lists the devices without a record to find drift by.
func writeUnapplied(d *document, p *plan.Plan, fold Fold) {
	var found remarks
	for _, device := range p.Unapplied() {
		found.add(device.Address, "", "", "")
	}
	if len(found.list) == 0 {
		return
	}
	d.open(Notes, "Not applied yet")
	d.line(0, Strong, "Devices to which nothing was applied yet:")
	found.write(d, Attention, fold)
}

// outputsLeftOut tells what a plan with targets says nothing of.
const outputsLeftOut = "Outputs are left out because targets are in effect: they stay as they were last applied."

// writeTargets tells to what somebody restricted a command.
func writeTargets(d *document, targets []string) {
	if len(targets) == 0 {
		return
	}
	d.open(Notes, "Targets")
	d.line(0, Strong, "Targets are in effect; only these were looked at:")
	for _, target := range targets {
		d.line(blockIndent, Normal, printable(target))
	}
}

// writeUnknown tells which settings could not be read, so that nobody takes them for unchanged, and counts them.
func writeUnknown(d *document, p *plan.Plan, fold Fold) int {
	var found remarks
	for _, device := range p.Devices {
		for _, s := range device.Skipped {
			if s.Reason == plan.Unreadable {
				found.addTrouble(device.Address, s.Address.Local(), "", s.Told())
			}
		}
	}
	if len(found.list) > 0 {
		d.open(Notes, "Not known")
		d.line(0, Strong, "Settings that may or may not have changed:")
		found.write(d, Alarm, fold)
	}
	return unreadSettings(p)
}

// unreadSettings is how many settings could not be read on devices that could.
func unreadSettings(p *plan.Plan) int {
	n := 0
	for _, device := range p.Devices {
		for _, s := range device.Skipped {
			if s.Reason == plan.Unreadable {
				n++
			}
		}
	}
	return n
}

// writeCuts lists whom the plan may cut off, and why that is accepted.
func writeCuts(d *document, p *plan.Plan, fold Fold) {
	var found remarks
	for _, device := range p.Devices {
		for _, c := range device.Cuts {
			who := c.Who
			if c.Title != "" {
				who += " (" + c.Title + ")"
			}
			found.add(device.Address, c.What, "may cut off "+printable(who), c.Reason)
		}
	}
	if len(found.list) == 0 {
		return
	}
	d.open(Notes, "May be cut off")
	d.line(0, Strong, "Consumers that this plan may cut off, and why that is accepted:")
	found.write(d, Attention, fold)
}

func writeUnmanaged(d *document, p *plan.Plan) {
	items, devices := map[string]int{}, map[string]int{}
	for _, device := range p.Devices {
		for kind, n := range device.Unmanaged {
			if n > 0 {
				items[kind] += n
				devices[kind]++
			}
		}
	}
	if len(items) == 0 {
		return
	}
	d.open(Notes, "Not declared")
	d.line(0, Strong, "Undeclared items on devices, left alone:")
	for _, kind := range slices.Sorted(maps.Keys(items)) {
		d.line(blockIndent, Normal, fmt.Sprintf("%s: %d on %s", printable(kind), items[kind], Plural(devices[kind], "device")))
	}
}

func writeUnread(d *document, p *plan.Plan, fold Fold) {
	var all []Trouble
	for _, device := range p.Failed() {
		all = append(all, Trouble{device.Address, device.Problem})
	}
	writeTroubles(d, Unread, all, fold)
}

// Unread is the title of devices that could not be read, each with the reason.
const Unread = "Devices that could not be read"
