package papers

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"camform/engine/diag"
	"camform/engine/recover"
)

// Change is the record of the change that a case was: who did what, on whose approval, and what came of it.
func Change(c recover.Case, f recover.Facts) Paper {
	b := sheet{withoutRecords(c), f}
	return Paper{
		Kind: "record", Title: "Record of change: recovery of " + c.Device.String(), Case: c.ID,
		Sections: []Section{
			b.about(), b.device(), b.approval(), b.ownership(), b.method(), b.files(), b.remarks(), b.outage(), b.losses(), b.changes(), b.chronicle(),
		},
	}
}

// withoutRecords leaves out that the record itself was written, so that it is the same text each time.
func withoutRecords(c recover.Case) recover.Case {
	c.Events = slices.DeleteFunc(slices.Clone(c.Events), func(e recover.Event) bool { return e.Step == recover.Record })
	return c
}

func (b sheet) about() Section {
	s := Section{ID: "case", Title: "Case"}
	s.add("opened", "opened", diag.Time(b.Opened))
	s.add("by", "opened by", b.By)
	s.add("reason", "what happened", b.Reason)
	s.add("custody", "state of the case", fmt.Sprintf("%s, generation %d", b.Custody, b.Generation))
	closed := ""
	if e := b.Last(recover.Close); e != nil && e.Kind == recover.Done {
		closed = diag.Time(e.At) + ", by " + e.Who
	}
	s.add("closed", "closed", closed)
	return s
}

func (b sheet) approval() Section {
	s := Section{ID: "approval", Title: "Approval"}
	verified := b.Last(recover.Verify)
	who := ""
	if verified != nil && verified.Kind == recover.Done {
		who = verified.Who + ", " + diag.Time(verified.At)
	}
	s.add("verified_by", "verified by", who)
	second := b.said(recover.Verify, "second")
	if alone := b.said(recover.Verify, "alone"); alone != "" {
		second = "nobody: " + alone
	}
	s.add("second", "second person", second)
	s.add("on_site", "on site", b.said(recover.Verify, "on_site"))
	return s
}

func (b sheet) ownership() Section {
	s := Section{ID: "ownership", Title: "Ownership and how it was verified"}
	o := b.Record.Ownership
	s.add("owner", "owner", o.Owner)
	s.add("custodian", "custodian", o.Custodian)
	s.add("purchased_from", "purchased from", o.PurchasedFrom)
	s.add("invoice", "invoice", o.Invoice)
	s.add("label_photo", "photo of the label", o.LabelPhoto)
	var seen []string
	for _, name := range []string{recover.Serial, recover.MAC, recover.Model, recover.Firmware, "label"} {
		if text := b.said(recover.Verify, name); text != "" {
			seen = append(seen, name+" "+text)
		}
	}
	s.add("evidence", "what the device and its label said", strings.Join(seen, ", "))
	s.add("missing", "what was missing, and why that was accepted", joined(b.said(recover.Verify, recover.Missing), b.said(recover.Verify, "accept_missing")))
	s.add("route", "path to the device, if not local", joined(b.said(recover.Verify, recover.Routes), b.said(recover.Verify, "accept_route")))
	return s
}

func joined(what, why string) string {
	if what == "" && why == "" {
		return "nothing"
	}
	return what + behind(": ", why)
}

// method is which ways were tried, with which tool, and which of them led in.
func (b sheet) method() Section {
	s := Section{ID: "method", Title: "Method", Columns: []string{"way", "result", "when (UTC)", "who", "vendor tool", "hash of the tool", "remark"}}
	for _, e := range b.Events {
		entrance := recover.Resetting(e.Step) || slices.Contains([]string{recover.Current, recover.Previous, recover.Typed, recover.Code}, e.Step)
		if !entrance || e.Kind == recover.Told {
			continue
		}
		s.Rows = append(s.Rows, []string{e.Step, string(e.Kind), diag.Time(e.At), e.Who, e.Data["tool"], e.Data["tool_sha256"], e.Remark})
	}
	if s.Rows == nil {
		s.Sentences = []string{"No way was tried."}
	}
	return s
}

// files are those that were exchanged, with whom, when and how.
func (b sheet) files() Section {
	s := Section{ID: "files", Title: "Files exchanged", Columns: []string{"file", "what", "from", "to", "channel", "ticket", "when (UTC)", "who", "SHA-256", "bytes"}}
	for _, e := range b.Events {
		for _, f := range e.Files {
			s.Rows = append(s.Rows, []string{
				f.Name, f.As, e.Data["from"], e.Data["to"], e.Data["channel"], e.Data["ref"], diag.Time(e.At), e.Who, f.SHA256, fmt.Sprint(f.Size),
			})
		}
		if e.Step == recover.HandedOver && len(e.Files) == 0 && e.Kind == recover.Done {
			s.Rows = append(s.Rows, []string{"the request", "bundle", "", e.Data["to"], e.Data["channel"], e.Data["ref"], diag.Time(e.At), e.Who, "", ""})
		}
	}
	if s.Rows == nil {
		s.Sentences = []string{"No file was exchanged."}
	}
	return s
}

// remarks are those about contracts and law: what was accepted by name, and why steps were left out.
func (b sheet) remarks() Section {
	s := Section{ID: "remarks", Title: "Contract and legal remarks", Columns: []string{"left out", "when (UTC)", "who", "why"}}
	o := b.Record.Ownership
	s.add("warranty", "warranty", joinedUntil(o.Warranty, o.WarrantyUntil))
	s.add("contract", "contract of maintenance", joinedUntil(o.Contract, o.ContractUntil))
	s.add("asked", "what the warranty or the contract said", b.said(recover.Verify, "warranty"))
	for _, e := range b.Events {
		if e.Kind == recover.Skipped {
			s.Rows = append(s.Rows, []string{e.Step, diag.Time(e.At), e.Who, e.Remark})
		}
	}
	return s
}

func joinedUntil(what, until string) string {
	return strings.TrimSpace(what + behind(" until ", until))
}

// outage is what the users of the device lost meanwhile, and what happened to recordings.
func (b sheet) outage() Section {
	s := Section{ID: "outage", Title: "Downtime and recordings"}
	s.add("downtime", "announced downtime", b.said(recover.Consumers, "downtime"))
	s.add("notified", "who was notified", b.said(recover.Consumers, "notified"))
	reset, back := b.reset(), b.Last(recover.Wait)
	gone := ""
	if reset != nil && back != nil && back.Kind == recover.Done && !back.At.Before(reset.At) {
		gone = fmt.Sprintf("from %s to %s", diag.Time(reset.At), diag.Time(back.At))
		if seconds := back.Data[recover.Seconds]; seconds != "" {
			gone += ", without an answer for " + seconds + " seconds"
		}
	}
	s.add("outage", "actual downtime", gone)
	recordings := b.said(recover.Recordings, "range")
	if recordings != "" {
		recordings = fmt.Sprintf("exported: %s, on %s, SHA-256 %s", recordings, b.said(recover.Recordings, "medium"), cmp.Or(b.said(recover.Recordings, "sha256"), Unknown))
	}
	s.add("recordings", "recordings", cmp.Or(recordings, b.outcome(recover.Recordings)))
	return s
}

// reset is the last event that says that somebody reset the password; nil if nobody did.
func (b sheet) reset() *recover.Event {
	for i := range slices.Backward(b.Events) {
		if e := &b.Events[i]; recover.Resetting(e.Step) && e.Kind == recover.Done {
			return e
		}
	}
	return nil
}

// losses say of everything that a reset can take whether it did, and what brings it back.
func (b sheet) losses() Section {
	s := Section{ID: "lost", Title: "What was kept, and what was lost"}
	reset := b.reset()
	if reset == nil {
		s.Sentences = []string{"The password was not reset, so nothing was lost."}
		return s
	}
	back := b.Last(recover.Wait)
	known := back != nil && back.Kind == recover.Done && !back.At.Before(reset.At) && back.Data[recover.Activated] != ""
	wiped := known && back.Data[recover.Activated] == "no"
	s.Columns = []string{"what", "result", "brought back by"}
	for _, r := range recover.Returns(b.Facts) {
		result, back := "changed", cmp.Or(r.Back, "nothing")
		switch {
		case !known && r.Kept:
			result = Unknown + ": nobody saw whether the reset wiped the device"
		case r.Kept && wiped:
			result = "wiped"
		case r.Kept:
			result, back = "kept", ""
		}
		s.Rows = append(s.Rows, []string{r.What, result, back})
	}
	return s
}

// after are the steps behind a reset, by what they are called on paper.
var after = []struct{ step, what string }{
	{recover.New, "new password proven"},
	{recover.Activate, "activated again"},
	{recover.Rotate, "password that nobody has seen"},
	{recover.Restore, "settings brought back"},
	{recover.Online, "users of the device have it again"},
	{recover.Log, "the device's own log of the reset"},
	{recover.Network, "network as expected, port of the switch confirmed"},
	{recover.Update, "firmware"},
	{recover.Baseline, "hardening baseline"},
	{recover.Accounts, "separate accounts for those who shared the administrator's"},
	{recover.Renewed, "fresh backup"},
	{recover.Prepare, "prepared for the next time"},
	{recover.Review, "next review of the password"},
	{recover.Alarms, "notices of illegal logins"},
	{recover.Card, "card for the staff on site"},
}

// changes are what was done behind the reset, with what was said of it.
func (b sheet) changes() Section {
	s := Section{ID: "changed", Title: "What was changed, and how the device was hardened"}
	steps := recover.Steps(b.Case, b.Facts)
	for _, a := range after {
		text := b.ended(a.step)
		if i := slices.IndexFunc(steps, func(s recover.Step) bool { return s.Name == a.step }); text == "" && i >= 0 {
			switch step := steps[i]; step.State {
			case recover.Over:
				text = "done" + behind(", ", diag.Time(step.At)) + behind(": ", step.Note)
			case recover.Absent:
				text = "not needed" + behind(": ", step.Note)
			}
		}
		s.add(a.step, a.what, text)
	}
	return s
}

// ended says how a step ended: proven by camform, told by somebody, or left out, with what was said and what camform saw of it. What
// camform saw of one that did not end is not on record as its end.
func (b sheet) ended(step string) string {
	var saw string
	if seen := b.Seen(step); seen != nil {
		saw = behind("camform saw ", sightings(seen.Findings))
	}
	e := b.Last(step)
	switch {
	case e == nil:
		return behind(Unknown+"; ", saw)
	case e.Kind != recover.Done:
		return b.outcome(step) + behind("; ", saw)
	case e.Findings != nil, recover.ProvenBy(step) != "":
		return fmt.Sprintf("proven, %s, for %s", diag.Time(e.At), e.Who) + behind(": ", e.Remark) + behind("; ", dataOf(e.Data)) + behind("; ", saw)
	}
	return fmt.Sprintf("reported by %s, %s", e.Who, diag.Time(e.At)) + behind(": ", e.Remark) + behind("; ", dataOf(e.Data)) + behind("; ", saw)
}

// sightings are findings by their verdicts.
func sightings(all []recover.Finding) string {
	texts := make([]string, len(all))
	for i, f := range all {
		texts[i] = fmt.Sprintf("%s (%s)", f, f.Verdict)
	}
	return strings.Join(texts, "; ")
}

// chronicle are all events, in their order.
func (b sheet) chronicle() Section {
	s := Section{ID: "events", Title: "Events", Columns: []string{"when (UTC)", "who", "step", "what", "details", "remark"}}
	for _, e := range b.Events {
		var files []string
		for _, f := range e.Files {
			files = append(files, fmt.Sprintf("file %s (%s)", f.Name, f.As))
		}
		details := strings.Join(append(slices.DeleteFunc([]string{dataOf(e.Data), sightings(e.Findings)}, func(s string) bool { return s == "" }), files...), ", ")
		s.Rows = append(s.Rows, []string{diag.Time(e.At), e.Who, e.Step, string(e.Kind), details, e.Remark})
	}
	return s
}

func dataOf(data map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(data)) {
		all = append(all, name+"="+data[name])
	}
	return strings.Join(all, ", ")
}

// Due is when the password of a device is to be reviewed next, as cases have said so, with the case that did last; zero if none did.
func Due(cases []recover.Case) (due time.Time, by string) {
	var at time.Time
	for _, c := range cases {
		for _, e := range c.Events {
			date, err := time.Parse(time.DateOnly, e.Data["due"])
			if e.Step == recover.Review && e.Kind == recover.Done && err == nil && !e.At.Before(at) {
				due, by, at = date, c.ID, e.At
			}
		}
	}
	return due, by
}

// Expired are the cases that were closed or handed over, and in which nothing happened for longer than a period.
func Expired(cases []recover.Case, now time.Time, period time.Duration) []recover.Case {
	return slices.DeleteFunc(slices.Clone(cases), func(c recover.Case) bool {
		return c.Custody != recover.Closed && c.Custody != recover.Away || now.Sub(Last(c)) <= period
	})
}

// Last is when something happened in a case last.
func Last(c recover.Case) time.Time {
	at := c.Opened
	for _, e := range c.Events {
		if e.At.After(at) {
			at = e.At
		}
	}
	return at
}
