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
	writeSkipped(d, p, fold)
	writeUnmanaged(d, p)
	writeUnread(d, p, fold)
}

// remark is something to be said of one or more devices.
type remark struct {
	subject string // the setting without its device; empty for a whole device
	words   string // complete "SUBJECT ..."
	detail  string
	devices []schema.Device
}

// remarks collects remarks, those with the same words once.
type remarks struct {
	list  []*remark
	index map[remarkKey]*remark
}

type remarkKey struct{ subject, words, detail string }

func (r *remarks) add(device schema.Device, subject, words, detail string) {
	key := remarkKey{subject, words, detail}
	if found := r.index[key]; found != nil {
		found.devices = append(found.devices, device)
		return
	}
	if r.index == nil {
		r.index = map[remarkKey]*remark{}
	}
	r.index[key] = &remark{subject: subject, words: words, detail: detail, devices: []schema.Device{device}}
	r.list = append(r.list, r.index[key])
}

// write appends a remark about one or two devices with their addresses, about more as a group, the largest first.
func (r *remarks) write(d *document, severity Severity, fold Fold) {
	slices.SortStableFunc(r.list, func(a, b *remark) int { return cmp.Compare(size(b), size(a)) })
	for _, m := range r.list {
		if fold == Unfolded || size(m) == 1 {
			for _, device := range m.devices {
				d.line(blockIndent, Normal, m.sentence(addressOf(device, m.subject))).Severity = severity
			}
			continue
		}
		d.line(blockIndent, Normal, m.sentence(m.group())).Severity = severity
		for _, text := range some(m.devices, fold) {
			d.line(blockIndent+4, Quiet, text)
		}
	}
}

// size orders remarks: those below foldFrom are equal.
func size(m *remark) int {
	if len(m.devices) < foldFrom {
		return 1
	}
	return len(m.devices)
}

func (m *remark) group() string {
	if m.subject == "" {
		return plural(len(m.devices), "device")
	}
	return printable(m.subject) + " on " + plural(len(m.devices), "device")
}

func (m *remark) sentence(subject string) string {
	text := subject
	if m.words != "" {
		text += ": " + m.words
	}
	if m.detail != "" {
		text += ": " + printable(m.detail)
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
}

func writeSkipped(d *document, p *plan.Plan, fold Fold) {
	var found remarks
	for _, device := range p.Devices {
		for _, s := range device.Skipped {
			found.add(device.Address, s.Address.Local(), skipWords[s.Reason], s.Detail)
		}
	}
	if len(found.list) == 0 {
		return
	}
	d.open(Notes, "Left alone")
	d.line(0, Strong, "Wanted settings that are left alone:")
	found.write(d, Attention, fold)
}

// writeUnknown tells which settings could not be read, so that nobody takes them for unchanged, and counts them.
func writeUnknown(d *document, p *plan.Plan, fold Fold) int {
	var found remarks
	n := 0
	for _, device := range p.Devices {
		for _, s := range device.Skipped {
			if s.Reason == plan.Unreadable {
				found.add(device.Address, s.Address.Local(), "", s.Detail)
				n++
			}
		}
	}
	if n > 0 {
		d.open(Notes, "Not known")
		d.line(0, Strong, "Settings of which it is not known whether they were changed:")
		found.write(d, Alarm, fold)
	}
	return n
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
	d.line(0, Strong, "Items on devices that nobody declared, left alone:")
	for _, kind := range slices.Sorted(maps.Keys(items)) {
		d.line(blockIndent, Normal, fmt.Sprintf("%s: %d on %s", printable(kind), items[kind], plural(devices[kind], "device")))
	}
}

func writeUnread(d *document, p *plan.Plan, fold Fold) {
	var found remarks
	for _, device := range p.Failed() {
		found.add(device.Address, "", "", device.Problem)
	}
	if len(found.list) == 0 {
		return
	}
	d.open(Notes, "Not read")
	d.line(0, Strong, "Devices that could not be read:")
	found.write(d, Alarm, fold)
}
