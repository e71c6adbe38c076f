package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"camform/engine/plan"
)

// checkGroup is a group of checks that are listed together.
type checkGroup struct {
	title    string
	severity Severity
	takes    func(plan.Check) bool
}

// checkGroups are listed in this order. A check belongs to the first that takes it; one that is good or unasked to none.
var checkGroups = []checkGroup{
	{"Checks that stop apply", Alarm, func(c plan.Check) bool { return c.Severity == plan.Block }},
	{"Checks that do not hold", Attention, func(c plan.Check) bool { return c.Verdict == plan.Bad }},
	{"Checks whose result is unknown", Attention, func(plan.Check) bool { return true }},
}

// toldOf reports whether a check has something to say.
func toldOf(c plan.Check) bool { return c.Verdict != plan.Good && !c.Unasked }

// doubted reports whether a check has something to say about a device that could be read.
func doubted(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Devices, func(d plan.Device) bool { return !d.Unread() && slices.ContainsFunc(d.Checks, toldOf) })
}

// writeChecks tells which checks do not hold, where they are declared and why, and which were not judged.
func writeChecks(d *document, p *plan.Plan, fold Fold) {
	found := make([]remarks, len(checkGroups))
	var unasked []string
	for _, device := range p.Devices {
		if device.Unread() {
			continue // it is shown as a whole
		}
		for _, c := range device.Checks {
			if c.Unasked && !slices.Contains(unasked, c.Rule) {
				unasked = append(unasked, c.Rule)
			}
			if !toldOf(c) {
				continue
			}
			group := slices.IndexFunc(checkGroups, func(g checkGroup) bool { return g.takes(c) })
			found[group].add(device.Address, "", fmt.Sprintf("%s (%s:%d)", printable(c.Rule), printable(c.Source.File), c.Source.Line), c.Told())
		}
	}
	for i, group := range checkGroups {
		if len(found[i].list) > 0 {
			d.open(Notes, group.title)
			d.line(0, Strong, group.title+":")
			found[i].write(d, group.severity, fold)
		}
	}
	if len(unasked) > 0 {
		slices.Sort(unasked)
		d.open(Notes, "Checks that were not judged")
		d.line(0, Strong, "Checks that were not judged, because a plan does not read what they observe (-checks does):")
		d.line(blockIndent, Normal, printable(strings.Join(unasked, ", ")))
	}
}

// checkStatuses are the words of a plan document, from the worst to the best.
var checkStatuses = []string{"fail", "unknown", "pass"}

var checkStatusOf = map[plan.Verdict]string{plan.Good: "pass", plan.Bad: "fail", plan.Unknown: "unknown"}

// checkDocs are the checks of a plan, ordered by id.
func checkDocs(p *plan.Plan) []checkDoc {
	byID := map[string]*checkDoc{}
	for _, d := range p.Devices {
		for _, c := range d.Checks {
			if byID[c.Rule] == nil {
				byID[c.Rule] = &checkDoc{Address: checkAddressDoc{Display: "check." + c.Rule, Kind: "check", Name: c.Rule}, Status: "pass"}
			}
			byID[c.Rule].add(d, c)
		}
	}
	var docs []checkDoc
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		docs = append(docs, *byID[id])
	}
	return docs
}

// add adds how a device stood to the check.
func (doc *checkDoc) add(d plan.Device, c plan.Check) {
	instance := checkInstanceDoc{
		Address: checkAddressDoc{Display: d.Address.String() + ".check." + c.Rule, Module: d.Address.String()},
		Status:  checkStatusOf[c.Verdict],
		Camform: camformCheckDoc{Severity: string(c.Severity), Unasked: c.Unasked, Source: c.Source},
	}
	for _, text := range c.Why {
		instance.Problems = append(instance.Problems, checkWhyDoc{text})
	}
	if slices.Index(checkStatuses, instance.Status) < slices.Index(checkStatuses, doc.Status) {
		doc.Status = instance.Status
	}
	doc.Instances = append(doc.Instances, instance)
}
