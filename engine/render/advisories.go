package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/engine/advisory"
)

// AdvisoryRows say how devices stand to security advisories: each advisory that affects some, with the reason and what is known of
// a service that it needs; each that may; what the verdicts rest on; and a summary.
func AdvisoryRows(report *advisory.Report, o Options) []Row {
	d := &document{}
	writeVerdict(d, report, advisory.Affected, "Affected:", Alarm, o.Fold,
		"Install newer firmware. A service that is off makes an attack harder; the device stays affected.")
	writeVerdict(d, report, advisory.Unknown, "Unknown:", Attention, o.Fold,
		"These devices may be affected. Look them up by serial number: "+report.Data.Page)
	writeReadings(d, report, o.Fold)
	d.open(Summary, "")
	writeAdvisorySummary(d, report)
	writeTargeted(d, report.Targets)
	return d.rows
}

// writeVerdict lists the devices that have a verdict, advisory by advisory.
func writeVerdict(d *document, report *advisory.Report, verdict advisory.Verdict, title string, severity Severity, fold Fold, advice string) {
	opened := false
	for i, a := range report.Data.Advisories {
		var found remarks
		devices := 0
		for _, device := range report.Devices {
			f := device.Findings[i]
			if f.Verdict != verdict || device.Seen.IsZero() {
				continue
			}
			devices++
			found.addTrouble(device.Address, "", "", because(f))
		}
		if devices == 0 {
			continue
		}
		if !opened {
			d.open(Notes, strings.TrimSuffix(title, ":"))
			d.line(0, Strong, title)
			d.line(blockIndent, Quiet, printable(advice))
			opened = true
		}
		d.line(blockIndent, Normal, advisoryHeading(a))
		found.writeAt(d, 2*blockIndent, severity, fold)
	}
}

// because is the reason of a verdict, with what mitigates it.
func because(f advisory.Finding) string {
	if f.Mitigation.Text == "" {
		return f.Why
	}
	return f.Why + "; " + f.Mitigation.Text
}

// advisoryHeading names an advisory.
func advisoryHeading(a *advisory.Advisory) string {
	var notes []string
	if a.CVSS != "" {
		notes = append(notes, "CVSS "+a.CVSS)
	}
	if a.Exploited != "" {
		notes = append(notes, "exploited by attackers")
	}
	if a.Confidence != advisory.Confirmed {
		notes = append(notes, "facts "+string(a.Confidence))
	}
	text := a.ID
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return printable(text + ": " + a.Title + ". " + a.URL)
}

// writeReadings tells which devices were never read, and which a long time ago.
func writeReadings(d *document, report *advisory.Report, fold Fold) {
	var never, old remarks
	for _, device := range report.Devices {
		switch {
		case device.Seen.IsZero():
			never.add(device.Address, "", "", "no advisory could be checked")
		case device.Old:
			old.addTrouble(device.Address, "", "", "it last reported its firmware on "+device.Seen.UTC().Format(time.DateOnly))
		}
	}
	if len(never.list) > 0 {
		d.open(Notes, "Never read")
		d.line(0, Strong, "Never read:")
		d.line(blockIndent, Quiet, "camform has no record of these devices. camform plan reads them.")
		never.write(d, Alarm, fold)
	}
	if len(old.list) > 0 {
		d.open(Notes, "Read a long time ago")
		d.line(0, Strong, "Read a long time ago:")
		d.line(blockIndent, Quiet, "Their firmware may have changed since. camform plan reads them again.")
		old.write(d, Attention, fold)
	}
}

func writeAdvisorySummary(d *document, report *advisory.Report) {
	if len(report.Devices) == 0 {
		d.line(0, Strong, "Nothing was judged: there is no device.").Severity = Alarm
		return
	}
	counts := report.Count()
	severity := Plain
	switch {
	case counts[advisory.Affected] > 0:
		severity = Alarm
	case counts[advisory.Unknown] > 0:
		severity = Attention
	}
	d.line(0, Strong, fmt.Sprintf("%s: %d affected, %d unknown, %d not affected.", Plural(len(report.Devices), "device"),
		counts[advisory.Affected], counts[advisory.Unknown], counts[advisory.NotAffected])).Severity = severity
	d.line(0, Normal, printable(fmt.Sprintf("Based on %s, version %s of %s. -data reads newer ones.",
		advisoryCount(report.Data), report.Data.Version, report.Data.Date.Format(time.DateOnly))))
}

func advisoryCount(data *advisory.Data) string {
	if len(data.Advisories) == 1 {
		return "1 advisory"
	}
	return fmt.Sprintf("%d advisories", len(data.Advisories))
}

// AdvisoryTable has a header and a row for each device and each advisory, for programs: by device, the worst verdicts first.
func AdvisoryTable(report *advisory.Report) [][]string {
	rows := [][]string{{
		"device", "model", "firmware", "type", "read", "advisory", "verdict", "why", "mitigation", "mitigated_by", "cvss", "exploited", "confidence", "url",
	}}
	for _, device := range report.Devices {
		findings := slices.Clone(device.Findings)
		slices.SortStableFunc(findings, func(a, b advisory.Finding) int {
			return cmp.Compare(slices.Index(advisory.Verdicts, a.Verdict), slices.Index(advisory.Verdicts, b.Verdict))
		})
		read := ""
		if !device.Seen.IsZero() {
			read = device.Seen.UTC().Format(time.RFC3339)
		}
		for _, f := range findings {
			a := f.Advisory
			rows = append(rows, []string{
				device.Address.String(), device.Device.Model, device.Device.Firmware, device.Device.Type, read, a.ID, string(f.Verdict), f.Why,
				string(f.Mitigation.State), f.Mitigation.Text, a.CVSS, a.Exploited, string(a.Confidence), a.URL,
			})
		}
	}
	return rows
}

// The document of `advisories -json`.
type (
	advisoriesDoc struct {
		FormatVersion string                   `json:"format_version"`
		Data          advisoryDataDoc          `json:"data"`
		Targets       []string                 `json:"targets"`
		Counts        map[advisory.Verdict]int `json:"counts"` // of devices, by the worst that is known of each
		Advisories    []advisoryDoc            `json:"advisories"`
		Devices       []advisedDoc             `json:"devices"`
	}
	advisoryDataDoc struct {
		Version string `json:"version"`
		Date    string `json:"date"`
		Page    string `json:"page"`
	}
	advisoryDoc struct {
		ID         string              `json:"id"`
		Title      string              `json:"title"`
		CVSS       string              `json:"cvss,omitempty"`
		Exploited  string              `json:"exploited,omitempty"`
		Confidence advisory.Confidence `json:"confidence"`
		URL        string              `json:"url"`
	}
	advisedDoc struct {
		Device   string       `json:"device"`
		Model    string       `json:"model,omitempty"`
		Firmware string       `json:"firmware,omitempty"`
		Type     string       `json:"type,omitempty"`
		Read     string       `json:"read,omitempty"` // when the device told this; missing if camform has no record of it
		Old      bool         `json:"old"`
		Findings []findingDoc `json:"findings"`
	}
	findingDoc struct {
		Advisory   string           `json:"advisory"`
		Verdict    advisory.Verdict `json:"verdict"`
		Why        string           `json:"why"`
		Mitigation *mitigationDoc   `json:"mitigation,omitempty"`
	}
	mitigationDoc struct {
		State advisory.MitigationState `json:"state"`
		Text  string                   `json:"text"`
	}
)

// AdvisoriesDocument is a report as programs read it, with every verdict. Every verdict is counted, also those that do not occur.
func AdvisoriesDocument(report *advisory.Report) any {
	doc := advisoriesDoc{
		FormatVersion: "1.0", Data: advisoryDataDoc{report.Data.Version, report.Data.Date.Format(time.DateOnly), report.Data.Page},
		Targets: append([]string{}, report.Targets...), Counts: report.Count(), Advisories: []advisoryDoc{}, Devices: []advisedDoc{},
	}
	for _, v := range advisory.Verdicts {
		doc.Counts[v] += 0
	}
	for _, a := range report.Data.Advisories {
		doc.Advisories = append(doc.Advisories, advisoryDoc{a.ID, a.Title, a.CVSS, a.Exploited, a.Confidence, a.URL})
	}
	for _, d := range report.Devices {
		one := advisedDoc{Device: d.Address.String(), Model: d.Device.Model, Firmware: d.Device.Firmware, Type: d.Device.Type, Old: d.Old}
		if !d.Seen.IsZero() {
			one.Read = d.Seen.UTC().Format(time.RFC3339)
		}
		for _, f := range d.Findings {
			finding := findingDoc{Advisory: f.Advisory.ID, Verdict: f.Verdict, Why: f.Why}
			if f.Mitigation.State != "" {
				finding.Mitigation = &mitigationDoc{f.Mitigation.State, f.Mitigation.Text}
			}
			one.Findings = append(one.Findings, finding)
		}
		doc.Devices = append(doc.Devices, one)
	}
	return doc
}
