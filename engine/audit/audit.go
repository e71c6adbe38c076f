// Package audit says for every rule of a configuration and every device whether the device complies. It is pure.
//
// Rules:
//
//   - What is not known is not compliant: a device that did not answer, a document that could not be read, and a condition
//     that could not be evaluated each have a status of their own.
//   - It compares nothing itself. Whether an attribute is as wanted, package diff has found out, before anything was left
//     out of a plan: what camform would not write may still be wrong.
//   - What the configuration itself asks for against a rule is shown as such, with its place.
package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/diff"
	"camform/engine/plan"
	"camform/schema"
)

// Status is how a device stands to a rule.
type Status string

// The statuses, from the worst to the best.
const (
	Violated    Status = "violated"    // the device is not as the rule wants it
	Unreachable Status = "unreachable" // the device could not be read at all
	Unknown     Status = "unknown"     // what the rule is about could not be read or evaluated
	Unproven    Status = "unproven"    // the device is not as the rule wants it, and camform does not dare to write that
	Overridden  Status = "overridden"  // the configuration itself asks for something else, or does not want to know
	Manual      Status = "manual"      // only a person can tell
	Unsupported Status = "unsupported" // the device has nothing that the rule is about
	Compliant   Status = "compliant"
)

// Statuses are all statuses, from the worst to the best.
var Statuses = []Status{Violated, Unreachable, Unknown, Unproven, Overridden, Manual, Unsupported, Compliant}

// Result is how one device stands to one rule.
type Result struct {
	Rule   string
	Level  string
	Device schema.Device
	Status Status
	Why    []string    // sentences or parts of them, for people; may be empty for Compliant
	Source plan.Source // where the rule is declared, or what overrides it
}

// Report is the result of an audit, ordered by rule and device.
type Report struct {
	Devices  int
	Unjudged []schema.Device   // devices that have no rule at all; ordered
	Reasons  map[string]string // why a rule is one, by its id; rules without a reason are missing
	Results  []Result
	Targets  []string // addresses to which the audit was restricted; none if it looked at the whole configuration
}

// Complete reports whether something was judged, and everything is known of every device of the configuration.
func (r *Report) Complete() bool { return r.Judged() && len(r.NotKnown()) == 0 && len(r.Targets) == 0 }

// Judged reports whether anything was judged: a report of nothing, or of what only a person can tell, proves nothing.
func (r *Report) Judged() bool {
	return slices.ContainsFunc(r.Results, func(result Result) bool { return result.Status != Manual })
}

// NotKnown are the devices with something unknown: one without a rule, one that could not be read, and one with a result
// that could not be found out. They come ordered, each once.
func (r *Report) NotKnown() []schema.Device {
	devices := slices.Clone(r.Unjudged)
	for _, result := range r.Results {
		if result.Status == Unreachable || result.Status == Unknown {
			devices = append(devices, result.Device)
		}
	}
	slices.SortFunc(devices, schema.Device.Compare)
	return slices.Compact(devices)
}

// Count says how often each status occurs.
func (r *Report) Count() map[Status]int {
	counts := map[Status]int{}
	for _, result := range r.Results {
		counts[result.Status]++
	}
	return counts
}

// Only keeps the results for which keep holds.
func (r *Report) Only(keep func(Result) bool) *Report {
	only := *r
	only.Results = slices.DeleteFunc(slices.Clone(r.Results), func(result Result) bool { return !keep(result) })
	return &only
}

// Subject is one device of an audit.
type Subject struct {
	Device  *config.Device
	Problem string         // why it could not be read, for people; empty if it could
	Found   diff.Result    // how it compares with what is wanted of it, regardless of lifecycle { protect }
	Skipped []plan.Skipped // what a plan would leave alone of that
	Refused []diff.Refusal // wanted values that it would not take
	Facts   config.Facts   // nil if it could not be read
}

// Evaluate judges devices by their rules.
func Evaluate(subjects []Subject) *Report {
	report := &Report{Devices: len(subjects), Reasons: map[string]string{}}
	for _, subject := range subjects {
		if len(subject.Device.Rules) == 0 {
			report.Unjudged = append(report.Unjudged, subject.Device.Address)
		}
		for _, rule := range subject.Device.Rules {
			if rule.Reason != "" {
				report.Reasons[rule.ID] = rule.Reason
			}
			report.Results = append(report.Results, subject.judge(rule))
		}
	}
	slices.SortFunc(report.Unjudged, schema.Device.Compare)
	slices.SortStableFunc(report.Results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), a.Device.Compare(b.Device))
	})
	return report
}

// judge is how the device stands to one rule: the worst of all that the rule says.
func (s Subject) judge(rule config.Rule) Result {
	result := Result{Rule: rule.ID, Level: rule.Level, Device: s.Device.Address, Source: plan.SourceOf(rule.Range)}
	switch {
	case rule.Manual != "":
		result.Status, result.Why = Manual, []string{rule.Manual}
		return result
	case s.Problem != "":
		result.Status, result.Why = Unreachable, []string{s.Problem}
		return result
	}
	var found []finding
	for _, wanted := range rule.Settings {
		found = append(found, s.compare(wanted)...)
	}
	for _, assert := range rule.Asserts {
		found = append(found, s.observe(assert))
	}
	if len(found) == 0 {
		found = []finding{{status: Unknown, why: "it requires nothing on this device: none of its values is set"}}
	}
	return result.of(found)
}

// finding is what is found about one attribute or one assertion.
type finding struct {
	status Status
	why    string
	source plan.Source // zero for that of the rule
}

// of puts findings together. A rule is unsupported only if all of it is: what a device lacks cannot be wrong, but it is
// reported.
func (r Result) of(found []finding) Result {
	rank := func(f finding) int { return slices.Index(Statuses, f.status) }
	supported := slices.DeleteFunc(slices.Clone(found), func(f finding) bool { return f.status == Unsupported })
	if len(supported) == 0 {
		supported = found
	}
	r.Status = slices.MinFunc(supported, func(a, b finding) int { return cmp.Compare(rank(a), rank(b)) }).status
	placed := false
	for _, f := range found {
		if f.why != "" && (f.status == r.Status || f.status == Unsupported) && !slices.Contains(r.Why, f.why) {
			r.Why = append(r.Why, f.why)
		}
		if f.status == r.Status && f.source != (plan.Source{}) && !placed {
			r.Source, placed = f.source, true
		}
	}
	return r
}

// compare looks up the result for each attribute that a rule wants of a setting.
func (s Subject) compare(wanted *config.Setting) []finding {
	one := compared{Subject: s, address: wanted.Address}
	one.address.Device = s.Device.Address
	var found []finding
	for _, a := range wanted.Kind.Attributes {
		if declared, ok := wanted.Attributes[a.Name]; ok {
			found = append(found, one.attribute(a, declared))
		}
	}
	return found
}

// compared is one setting of a device.
type compared struct {
	Subject
	address schema.Setting
}

// attribute finds out how the device stands to one attribute. What is said of the whole setting is the same for all of its
// attributes.
func (s compared) attribute(a *schema.Attribute, declared config.Attribute) finding {
	if f, ok := s.overridden(a, declared); ok {
		return s.about(a, f)
	}
	if i := slices.IndexFunc(s.Found.Skipped, func(k plan.Skipped) bool { return k.Address == s.address }); i >= 0 {
		if s.Found.Skipped[i].Reason == plan.Unsupported && a.Missing != "" {
			return s.inEffect(a, declared, s.Found.Skipped[i])
		}
		f := told(s.Found.Skipped[i])
		f.why = s.address.Local() + " " + f.why
		return f
	}
	differs := func(c diff.Change) bool {
		return c.Address == s.address && slices.ContainsFunc(c.Why, func(w plan.Why) bool { return w.Attribute == a.Name })
	}
	i := slices.IndexFunc(s.Found.Changes, differs)
	if i < 0 {
		return finding{status: Compliant}
	}
	return s.about(a, s.different(a, s.Found.Changes[i]))
}

// about puts the name of an attribute before what is said of it.
func (s compared) about(a *schema.Attribute, f finding) finding {
	f.why = s.address.Local() + "." + a.Name + " " + f.why
	return f
}

// different judges an attribute that is not as it is wanted.
func (s compared) different(a *schema.Attribute, change diff.Change) finding {
	ours := func(attribute string) bool { return attribute == "" || attribute == a.Name }
	difference := finding{status: Violated, why: difference(change, a)}
	if slices.Contains(change.Unseen, a.Name) {
		difference.status = Unknown
	}
	for _, k := range s.Skipped {
		if k.Address != s.address || !ours(k.Attribute) {
			continue
		}
		f := told(k)
		if f.status == Unproven {
			f.why = difference.why + ". " + k.Detail
		}
		return f
	}
	for _, r := range s.Refused {
		if r.Address == s.address && ours(r.Attribute) {
			difference.why += ". " + r.Detail
			return difference
		}
	}
	if s.Device.Lifecycle.Protects(s.address) {
		difference.why += "; lifecycle { protect } keeps it so"
	}
	return difference
}

// inEffect judges an attribute of a setting that the device lacks, where that means that it behaves as if it had a value.
func (s compared) inEffect(a *schema.Attribute, declared config.Attribute, k plan.Skipped) finding {
	wanted, _ := declared.Value.UnmarkDeep()
	if wanted.Type() == cty.String && wanted.IsKnown() && !wanted.IsNull() && strings.EqualFold(wanted.AsString(), a.Missing) {
		return finding{status: Compliant}
	}
	return s.about(a, finding{status: Violated, why: fmt.Sprintf("is not available, and a device without it effectively has %q: %s", a.Missing, k.Detail)})
}

// told is what a plan says about something that it leaves alone.
func told(k plan.Skipped) finding {
	f := finding{status: Unknown, why: "could not be read: " + k.Detail}
	switch k.Reason {
	case plan.Unsupported:
		f = finding{status: Unsupported, why: "is not available: " + k.Detail}
	case plan.Unproven, plan.Masked:
		f.status = Unproven
	}
	return f
}

// overridden finds a place where the configuration asks for something else than a rule, or looks away. A value that was
// compared for nobody is not known.
func (s compared) overridden(a *schema.Attribute, declared config.Attribute) (f finding, ok bool) {
	for _, pattern := range s.Device.Lifecycle.Ignore {
		if pattern.Covers(s.address, a.Name) {
			return finding{Overridden, "is in ignore_changes (" + place(plan.SourceOf(pattern.Range)) + ")", plan.SourceOf(pattern.Range)}, true
		}
	}
	i := slices.IndexFunc(s.Device.Settings, func(setting *config.Setting) bool { return setting.Address == s.address })
	if i < 0 {
		return finding{status: Unknown, why: "was not compared"}, true
	}
	merged, ok := s.Device.Settings[i].Attributes[a.Name]
	switch {
	case !ok:
		return finding{status: Unknown, why: "was not compared"}, true
	case sameWish(merged.Value, declared.Value):
		return finding{}, false
	}
	who := "the device block"
	if merged.Profile != "" {
		who = "profile." + merged.Profile
	}
	source := plan.SourceOf(merged.Range)
	return finding{Overridden, "is overridden: " + who + " asks for something else (" + place(source) + ")", source}, true
}

// sameWish reports whether two values are asked for alike. A secret is the same if its origin is, also where only one of them was
// read.
func sameWish(a, b cty.Value) bool {
	if a.IsKnown() != b.IsKnown() && schema.Origin(a) != "" {
		return schema.Origin(a) == schema.Origin(b)
	}
	return a.RawEquals(b)
}

func place(s plan.Source) string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// difference says what a device has and what it should have. Secrets are not shown.
func difference(change diff.Change, a *schema.Attribute) string {
	_, secret := change.Secrets[a.Name]
	switch {
	case change.Before.IsNull():
		return "does not exist yet"
	case slices.Contains(change.Unseen, a.Name):
		return "cannot be compared, and camform cannot tell whether it is what it wrote last"
	case a.Secret || secret:
		return "is not the wanted secret"
	}
	return fmt.Sprintf("is %s, and should be %s", shown(change.Before.GetAttr(a.Name)), shown(change.After.GetAttr(a.Name)))
}

// shown writes a value as a configuration does.
func shown(v cty.Value) string {
	switch {
	case v.IsNull():
		return "not set"
	case v.Type() == cty.String:
		return strconv.Quote(v.AsString())
	case v.Type() == cty.Bool:
		return strconv.FormatBool(v.True())
	case v.Type() == cty.Number:
		return v.AsBigFloat().Text('f', -1)
	}
	var elements []string
	for key, element := range v.Elements() {
		if v.Type().IsMapType() {
			elements = append(elements, shown(key)+" = "+shown(element))
		} else {
			elements = append(elements, shown(element))
		}
	}
	if v.Type().IsMapType() {
		return "{" + strings.Join(elements, ", ") + "}"
	}
	return "[" + strings.Join(elements, ", ") + "]"
}

// observe evaluates an assertion.
func (s Subject) observe(assert config.Assert) finding {
	holds, message, err := assert.Evaluate(s.Facts)
	switch {
	case err != nil:
		return finding{status: Unknown, why: err.Error()}
	case !holds:
		return finding{status: Violated, why: message}
	}
	return finding{status: Compliant}
}
