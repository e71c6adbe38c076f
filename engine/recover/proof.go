package recover

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/providers"
)

// Verdict says whether something is as it should be.
type Verdict string

// The verdicts.
const (
	Good    Verdict = "good"
	Bad     Verdict = "bad"
	Unknown Verdict = "unknown" // camform cannot see it, or nothing says how it should be
)

// Finding is what camform saw of one thing that a step is about.
type Finding struct {
	About   string  `json:"about"` // "gateway", "device.recorder.channel.2"
	Verdict Verdict `json:"verdict"`
	Why     string  `json:"why"` // what was seen, and what was expected, in words without a secret
}

// String is the finding in a part of a sentence.
func (f Finding) String() string { return f.About + ": " + f.Why }

// provable are the steps at which camform looks itself, before the operator may report the rest.
var provable = []string{Online, Log, Network, Update, Baseline, Accounts, Renewed, Prepare}

// Provable reports whether camform looks at a step itself.
func Provable(step string) bool { return slices.Contains(provable, step) }

// proven are the steps whose end nobody reports, with the command that proves it.
var proven = map[string]string{
	Verify: "camform recover verify", Current: "camform recover try", Previous: "camform recover try", Typed: "camform recover try",
	New: "camform recover try", Code: "camform recover request", Answer: "camform recover attach", Wait: "camform recover wait",
	Activate: "camform plan and camform apply", Rotate: "camform rotate", Restore: "camform recover finish", Close: "camform recover close",
}

// ProvenBy is the command that proves a step that nobody may report as done; empty for a step that the operator may report.
func ProvenBy(step string) string { return proven[step] }

// Proof is the event of a look at a step: Done where all that the step is about is as it should be, else Found. A look at nothing
// proves nothing.
func Proof(step string, findings []Finding) Event {
	if len(findings) == 0 {
		findings = []Finding{{step, Unknown, "camform has nothing to check here"}}
	}
	e := Event{Step: step, Kind: Found, Findings: findings}
	if len(Findings(findings, Good)) == len(findings) && !slices.ContainsFunc(fields[step], func(f Field) bool { return f.Always }) {
		e.Kind = Done
	}
	return e
}

// Findings are those with a verdict.
func Findings(all []Finding, v Verdict) []Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.Verdict != v })
}

// Seen is the last look at a step since somebody got in; nil where there was none.
func (c Case) Seen(step string) *Event {
	for i := len(c.Events) - 1; i >= max(c.wayIn().event, 0); i-- {
		if e := &c.Events[i]; e.Step == step && (e.Kind == Found || e.Findings != nil) {
			return e
		}
	}
	return nil
}

// Premature says why the operator may not report the end of a step, in sentences with what to do; empty if nothing speaks against it. What
// camform can see may not be reported before it looked, and no report overrides what it saw.
func Premature(c Case, step string) string {
	if !Provable(step) {
		return ""
	}
	seen := c.Seen(step)
	if seen == nil {
		return fmt.Sprintf("camform checks this itself; confirm by hand only what it cannot see. First run: camform recover prove -case %s", c.ID)
	}
	if bad := Findings(seen.Findings, Bad); len(bad) > 0 {
		return fmt.Sprintf("camform saw %s. Fix that and check again: camform recover prove -case %s. If it has to stay that way, say why: "+
			"camform recover skip %s -reason 'WHY' -case %s", sentence(bad), c.ID, step, c.ID)
	}
	return ""
}

// sentence lists findings.
func sentence(all []Finding) string {
	texts := make([]string, len(all))
	for i, f := range all {
		texts[i] = f.String()
	}
	return strings.Join(texts, "; ")
}

// left says what a look could not prove; empty where there was no look, or all is good.
func left(seen *Event) string {
	if seen == nil {
		return ""
	}
	var parts []string
	for _, part := range []struct {
		verdict Verdict
		text    string
	}{{Bad, "not as it should be: "}, {Unknown, "unknown: "}} {
		if some := Findings(seen.Findings, part.verdict); len(some) > 0 {
			parts = append(parts, part.text+sentence(some))
		}
	}
	return strings.Join(parts, "; ")
}

// Used are the items with which the device of the case used others when it was verified, as it had reported before.
func (c Case) Used() []string {
	e := c.Last(Verify)
	if e == nil || e.Data[Uses] == "" {
		return nil
	}
	return strings.Split(e.Data[Uses], ",")
}

// FreshBackup says whether the newest backup is of after somebody got in.
func FreshBackup(c Case, f Facts) []Finding {
	way := c.wayIn()
	switch {
	case f.Backup.Name == "":
		return []Finding{{"backup", Bad, "there is none"}}
	case way.step == "" || !f.Backup.Taken.After(c.Events[way.event].At):
		return []Finding{{"backup", Bad, fmt.Sprintf("the newest one, %s of %s, is from before somebody got in", f.Backup.Name, stamp(f.Backup.Taken))}}
	}
	return []Finding{{"backup", Good, fmt.Sprintf("%s of %s has %s", f.Backup.Name, stamp(f.Backup.Taken), plural(f.Backup.Documents, "document"))}}
}

// DeviceLog says what the log of the device has of the reset, by the entries that were fetched of the time around the case. Err is why
// there are none; ErrUnsupported where the device gives none.
func DeviceLog(c Case, log providers.Log, err error) []Finding {
	switch {
	case errors.Is(err, providers.ErrUnsupported):
		return []Finding{{"log", Unknown, "the device provides none: " + providers.Reason(err)}}
	case err != nil:
		return []Finding{{"log", Unknown, "it could not be read: " + providers.Reason(err)}}
	}
	var within, before []string
	for _, e := range log.Entries {
		switch {
		case !e.Resets:
		case e.At.Before(c.Opened.Add(-clockSlack)): // a device that tells no time does not say that it was now
			before = append(before, entryText(e))
		default:
			within = append(within, entryText(e))
		}
	}
	var all []Finding
	kept := plural(len(log.Entries), "record")
	switch reset := c.wayIn().reset(); {
	case reset && len(within) > 0:
		all = append(all, Finding{"log", Good, fmt.Sprintf("%s, with the reset: %s", kept, strings.Join(within, "; "))})
	case reset:
		all = append(all, Finding{"log", Unknown, kept + ", but none about a reset since the case was opened"})
	case len(within) > 0:
		all = append(all, Finding{"log", Bad, "nobody reset it in this case, but its log has: " + strings.Join(within, "; ")})
	default:
		all = append(all, Finding{"log", Good, kept + ", but none about a reset since the case was opened"})
	}
	if len(before) > 0 {
		all = append(all, Finding{"earlier resets", Unknown, "before the case was opened, by the clock of the device: " + strings.Join(before, "; ")})
	}
	if !log.Complete {
		all = append(all, Finding{"rest of the log", Unknown, "the device has more records for this period than camform fetched"})
	}
	return all
}

// clockSlack is by how much the clock of a device may have been wrong when it wrote a record, beyond how wrong it is now.
const clockSlack = 15 * time.Minute

// LogSpan is the time around a case for which the log of the device is fetched. A day on either side is for clocks whose zone nobody
// knows, and shows what came before.
func LogSpan(c Case, now time.Time) providers.Span {
	return providers.Span{From: c.Opened.Add(-24 * time.Hour), Until: now.Add(24 * time.Hour)}
}

func entryText(e providers.LogEntry) string {
	text := e.Told + " " + e.What
	if e.User != "" {
		text += " by " + e.User
	}
	if e.Source != "" {
		text += " from " + e.Source
	}
	return text
}

// In is when somebody got in; zero while nobody did.
func (c Case) In() time.Time {
	if way := c.wayIn(); way.step != "" {
		return c.Events[way.event].At
	}
	return time.Time{}
}

// Parameter is one part of how a device is on its network. Empty texts are not known.
type Parameter struct {
	About string
	Want  string // as it should be
	By    string // who says so: "the configuration", "the backup 0123456789ab"
	Have  string // as the device has it
	Same  bool   // whether both mean the same
}

// Subnet is the network in which the device said to be without a login, when it was verified and after it was reset; none where it
// was not reset, or did not say at first.
func (c Case) Subnet() []Parameter {
	way, verified := c.wayIn(), c.Last(Verify)
	if !way.reset() || verified == nil || verified.Data[Subnet] == "" {
		return nil
	}
	p := Parameter{About: "subnet", Want: verified.Data[Subnet], By: "what it said when it was verified"}
	if seen := (Case{Events: c.Events[way.event:]}).saw(time.Time{}); seen != nil {
		p.Have = seen[Subnet]
	}
	p.Same = p.Have == p.Want
	return []Parameter{p}
}

// Parameters says whether the parts of a network are as expected.
func Parameters(all []Parameter) []Finding {
	findings := make([]Finding, len(all))
	for i, p := range all {
		f := Finding{About: p.About, Verdict: Unknown}
		switch {
		case p.Want == "" && p.Have == "":
			f.Why = "neither the device nor any record says what it is"
		case p.Want == "":
			f.Why = fmt.Sprintf("it is %s, but no record says what it should be", p.Have)
		case p.Have == "":
			f.Why = fmt.Sprintf("it should be %s according to %s, but the device does not say what it is", p.Want, p.By)
		case p.Same:
			f.Verdict, f.Why = Good, fmt.Sprintf("it is %s, as in %s", p.Have, p.By)
		default:
			f.Verdict, f.Why = Bad, fmt.Sprintf("it is %s but should be %s according to %s", p.Have, p.Want, p.By)
		}
		findings[i] = f
	}
	return findings
}

// Build is a version of firmware that the operator allows, with the hash of its image.
type Build struct {
	Version string // as devices of the model write it, such as "V5.7.15 build 230313"
	SHA256  string
	By      string // the files that say so
}

// Firmware says whether the firmware that a device has is one that the operator knows. Have is empty where the device was not read.
func (f Facts) Firmware(have string) []Finding {
	var all []Finding
	i := slices.IndexFunc(f.Builds, func(b Build) bool { return have != "" && strings.EqualFold(b.Version, have) })
	switch {
	case have == "":
		all = append(all, Finding{"firmware", Unknown, "the device does not say which one it has"})
	case i < 0:
		all = append(all, Finding{"firmware", Unknown, have + " is not on the operator's list, so its image is unknown"})
	default:
		all = append(all, Finding{"firmware", Good, fmt.Sprintf("%s is allowed by %s, SHA-256 of its image %s", have, f.Builds[i].By, f.Builds[i].SHA256)})
	}
	if len(f.Affected) > 0 {
		all = append(all, Finding{"advisories", Unknown, "it is affected by " + strings.Join(f.Affected, ", ")})
	}
	return all
}
