package render

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"camform/engine/audit"
	"camform/engine/plan"
	"camform/schema"
)

// AuditRows say how devices stand to the rules of their configuration: the counts of every rule, then whatever is not
// compliant with the reason, the worst first, and a summary.
func AuditRows(report *audit.Report, o Options) []Row {
	d := &document{}
	if len(report.Results) == 0 {
		d.open(Summary, "")
		d.line(0, Strong, nothingJudged(report)).Severity = Alarm
		writeTargeted(d, report.Targets)
		return d.rows
	}
	d.open(Notes, "Rules")
	writeAuditTable(d, report)
	for _, status := range audit.Statuses {
		writeStatus(d, report, status, o.Fold)
	}
	writePartial(d, report, o.Fold)
	writeUnjudged(d, report, o.Fold)
	writeTargets(d, report.Targets)
	d.open(Summary, "")
	writeAuditSummary(d, report)
	writeTargeted(d, report.Targets)
	return d.rows
}

// nothingJudged says why a report is empty.
func nothingJudged(report *audit.Report) string {
	switch {
	case report.Devices == 0:
		return "Nothing was judged: there is no device."
	case len(report.Unjudged) == report.Devices:
		return "Nothing was judged: no device has a rule or a check."
	default:
		return "Nothing was judged: these devices have none of the rules and checks that you asked for."
	}
}

// writeAuditTable writes a row for each rule, with a column for each status that occurs.
func writeAuditTable(d *document, report *audit.Report) {
	columns := columnsOf(report)
	rules := rulesOf(report)
	width := len("rule")
	for _, rule := range rules {
		width = max(width, len(rule.id))
	}
	header := fmt.Sprintf("%-*s  level", width, "rule")
	for _, status := range columns {
		header += "  " + string(status)
	}
	d.line(0, Strong, header)
	for _, rule := range rules {
		text := fmt.Sprintf("%-*s  %-5s", width, printable(rule.id), printable(rule.level))
		for _, status := range columns {
			cell := "-"
			if n := rule.counts[status]; n > 0 {
				cell = strconv.Itoa(n)
			}
			text += fmt.Sprintf("  %*s", len(status), cell)
		}
		d.line(0, Normal, text).Severity = severityOf(rule.counts)
	}
}

// columnsOf are the statuses that the table of rules shows: good and bad, and what else occurs.
func columnsOf(report *audit.Report) []audit.Status {
	columns := []audit.Status{audit.Compliant, audit.Violated}
	counts := report.Count()
	for _, status := range audit.Statuses {
		if counts[status] > 0 && !slices.Contains(columns, status) {
			columns = append(columns, status)
		}
	}
	return columns
}

// severityOf is how much attention counts of statuses ask for.
func severityOf(counts map[audit.Status]int) Severity {
	worst := Plain
	for status, n := range counts {
		if n > 0 {
			worst = max(worst, severities[status])
		}
	}
	return worst
}

var severities = map[audit.Status]Severity{
	audit.Violated: Alarm, audit.Unreachable: Alarm, audit.Unknown: Alarm, audit.Unproven: Alarm, audit.Overridden: Attention,
}

// judgedRule is a rule with its counts.
type judgedRule struct {
	id, level string
	counts    map[audit.Status]int
}

// rulesOf are the rules of a report, in its order.
func rulesOf(report *audit.Report) []judgedRule {
	var rules []judgedRule
	for _, result := range report.Results {
		if len(rules) == 0 || rules[len(rules)-1].id != result.Rule {
			rules = append(rules, judgedRule{result.Rule, result.Level, map[audit.Status]int{}})
		}
		rules[len(rules)-1].counts[result.Status]++
	}
	return rules
}

// statusTitles are the titles of the lists, without one for what needs no list.
var statusTitles = map[audit.Status]string{
	audit.Violated:    "Violated",
	audit.Unreachable: Unread,
	audit.Unknown:     "Unknown",
	audit.Unproven:    "Not as wanted, but not written because too little is known",
	audit.Overridden:  "Overridden by the configuration itself",
	audit.Manual:      "To be verified by hand",
	audit.Unsupported: "Not available on these devices",
}

// statusAdvice says what to do about a list, where its lines do not.
var statusAdvice = map[audit.Status]string{
	audit.Violated:    "camform apply changes devices to comply with rules. What a check observes has to be fixed at its source.",
	audit.Unreachable: "No rule is considered kept there.",
	audit.Unknown:     "These rules are not considered kept. Audit again once everything can be read.",
}

// writeStatus lists the results of one status. A device that could not be read is listed once, not for every rule.
func writeStatus(d *document, report *audit.Report, status audit.Status, fold Fold) {
	title, listed := statusTitles[status]
	results := slices.DeleteFunc(slices.Clone(report.Results), func(r audit.Result) bool { return r.Status != status })
	if len(results) == 0 || !listed {
		return
	}
	d.open(Notes, title)
	d.line(0, Strong, title+":")
	if advice := statusAdvice[status]; advice != "" {
		d.line(blockIndent, Quiet, advice)
	}
	if status == audit.Unreachable {
		writeFindings(d, report, distinctDevices(results), severities[status], fold)
		return
	}
	writeByRule(d, report, results, severities[status], fold)
}

// writePartial lists what is compliant apart from settings that the device lacks.
func writePartial(d *document, report *audit.Report, fold Fold) {
	results := slices.DeleteFunc(slices.Clone(report.Results), func(r audit.Result) bool {
		return r.Status != audit.Compliant || len(r.Why) == 0
	})
	if len(results) == 0 {
		return
	}
	d.open(Notes, "Compliant in part")
	d.line(0, Strong, "Compliant, except for settings that these devices do not have:")
	writeByRule(d, report, results, Plain, fold)
}

// writeByRule lists results, which are ordered by rule, below the names of the rules.
func writeByRule(d *document, report *audit.Report, results []audit.Result, severity Severity, fold Fold) {
	for len(results) > 0 {
		first := results[0]
		end := slices.IndexFunc(results, func(r audit.Result) bool { return r.Rule != first.Rule })
		if end < 0 {
			end = len(results)
		}
		d.line(blockIndent, Normal, heading(report, first))
		below := len(d.rows)
		writeFindings(d, report, results[:end], severity, fold)
		for i := range d.rows[below:] {
			d.rows[below+i].Indent += blockIndent
		}
		results = results[end:]
	}
}

// writeFindings lists the results of one rule. What is found on every device of the report needs no names.
func writeFindings(d *document, report *audit.Report, results []audit.Result, severity Severity, fold Fold) {
	if fold == Folded && len(results) >= foldFrom && len(results) == report.Devices && alike(results) {
		d.line(blockIndent, Normal, fmt.Sprintf("all %d devices: %s", report.Devices, printable(joinedWhy(results[0].Why)))).Severity = severity
		return
	}
	var found remarks
	for _, r := range results {
		if r.Status == audit.Unreachable {
			found.addTrouble(r.Device, "", "", joinedWhy(r.Why))
			continue
		}
		found.add(r.Device, "", "", joinedWhy(r.Why))
	}
	found.write(d, severity, fold)
}

// alike reports whether all results say the same.
func alike(results []audit.Result) bool {
	return !slices.ContainsFunc(results, func(r audit.Result) bool { return !slices.Equal(r.Why, results[0].Why) })
}

// joinedWhy is the reasons of a result in one line.
func joinedWhy(why []string) string {
	parts := make([]string, len(why))
	for i, text := range why {
		parts[i] = strings.TrimSuffix(text, ".")
	}
	return strings.Join(parts, "; ")
}

// distinctDevices are the first results of each device.
func distinctDevices(results []audit.Result) []audit.Result {
	told := map[schema.Device]bool{}
	return slices.DeleteFunc(results, func(r audit.Result) bool {
		before := told[r.Device]
		told[r.Device] = true
		return before
	})
}

// heading names a rule with its level and its reason.
func heading(report *audit.Report, result audit.Result) string {
	text := printable(result.Rule) + " (" + printable(result.Level) + ")"
	if reason := report.Reasons[result.Rule]; reason != "" {
		text += ": " + printable(reason)
	}
	return text
}

// writeUnjudged tells of devices without any rule, which would be missing in silence otherwise.
func writeUnjudged(d *document, report *audit.Report, fold Fold) {
	if len(report.Unjudged) == 0 {
		return
	}
	var found remarks
	for _, device := range report.Unjudged {
		found.add(device, "", "", "no rule or check judges it")
	}
	d.open(Notes, "Not judged")
	d.line(0, Strong, "Not judged, so the compliance of these devices is unknown:")
	found.write(d, Alarm, fold)
}

func writeAuditSummary(d *document, report *audit.Report) {
	counts := report.Count()
	text := fmt.Sprintf("%s, %s: %d compliant, %d violated", Plural(report.Devices, "device"),
		Plural(len(rulesOf(report)), "rule"), counts[audit.Compliant], counts[audit.Violated])
	for _, status := range audit.Statuses {
		if n := counts[status]; n > 0 && status != audit.Compliant && status != audit.Violated {
			text += fmt.Sprintf(", %d %s", n, status)
		}
	}
	if n := len(report.Unjudged); n > 0 {
		text += fmt.Sprintf(", %s not judged", Plural(n, "device"))
	}
	severity := severityOf(counts)
	if !report.Judged() || len(report.Unjudged) > 0 {
		severity = Alarm
	}
	d.line(0, Strong, text+".").Severity = severity
	if !report.Judged() {
		d.line(0, Normal, "Nothing was judged: all of it has to be verified by hand.").Severity = Alarm
	}
	if judged := counts[audit.Compliant] + counts[audit.Violated] + counts[audit.Unproven]; judged > 0 {
		permille := 1000 * counts[audit.Compliant] / judged // cut off, so that 100 % means everything
		d.line(0, Normal, fmt.Sprintf("Compliance of what could be judged: %d.%d %%.", permille/10, permille%10))
	}
}

// The document of `audit -json`.
type (
	auditDoc struct {
		FormatVersion string               `json:"format_version"`
		Report        ProvenanceDoc        `json:"report"`
		Devices       int                  `json:"devices"`
		Complete      bool                 `json:"complete"` // whether something was judged, and all is known of every device of the configuration
		Targets       []string             `json:"targets"`
		Unjudged      []string             `json:"unjudged"` // devices without a rule
		Counts        map[audit.Status]int `json:"counts"`
		Rules         []auditRuleDoc       `json:"rules"`
		Results       []auditResultDoc     `json:"results"`
	}
	auditRuleDoc struct {
		Rule   string               `json:"rule"`
		Level  string               `json:"level"`
		Reason string               `json:"reason,omitempty"`
		Counts map[audit.Status]int `json:"counts"`
	}
	auditResultDoc struct {
		Rule   string       `json:"rule"`
		Level  string       `json:"level"`
		Device string       `json:"device"`
		Status audit.Status `json:"status"`
		Why    []string     `json:"why"`
		Source plan.Source  `json:"source"`
	}
)

// AuditJSON writes a report as one JSON document. Every status is counted, also those that do not occur.
func AuditJSON(w io.Writer, report *audit.Report, from Provenance) error {
	doc := auditDoc{
		Report: from.Document(),

		FormatVersion: "1.2", Devices: report.Devices, Complete: report.Complete(), Targets: append([]string{}, report.Targets...),
		Unjudged: []string{}, Counts: all(report.Count()),
		Rules: []auditRuleDoc{}, Results: []auditResultDoc{},
	}
	for _, device := range report.Unjudged {
		doc.Unjudged = append(doc.Unjudged, device.String())
	}
	for _, rule := range rulesOf(report) {
		doc.Rules = append(doc.Rules, auditRuleDoc{rule.id, rule.level, report.Reasons[rule.id], all(rule.counts)})
	}
	for _, r := range report.Results {
		doc.Results = append(doc.Results, auditResultDoc{
			r.Rule, r.Level, r.Device.String(), r.Status, append([]string{}, r.Why...), r.Source,
		})
	}
	return JSONDocument(w, doc)
}

// all is counts with a number for every status.
func all(counts map[audit.Status]int) map[audit.Status]int {
	complete := map[audit.Status]int{}
	for _, status := range audit.Statuses {
		complete[status] = counts[status]
	}
	return complete
}
