package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"camform/engine/plan"
	"camform/schema"
)

// Detail says how much of each change is shown.
type Detail int

// The details, from the most to the least.
const (
	EveryValue Detail = iota // what each attribute was and will be
	ByKind                   // the attributes that change of each kind, and how often
	CountsOnly               // how many changes there are
)

// writeCounts tells the steps of a plan that keep selects, and what it says beside them, in one of the shorter details.
func writeCounts(d *document, p *plan.Plan, kinds *schema.Kinds, detail Detail, keep func(plan.Step) bool) {
	if detail == ByKind {
		writeByKind(d, changesOf(p, kinds, Unfolded, keep))
	}
	writeNoteCounts(d, p)
}

// kindChange is what a plan does to the settings of a kind.
type kindChange struct {
	kind       string
	action     plan.Action
	settings   int
	devices    map[schema.Device]bool
	attributes []string  // in their order
	step       plan.Step // the worst that one of them can cost
}

// writeByKind tells how many settings of each kind change, the riskiest first.
func writeByKind(d *document, changes []*change) {
	type key struct {
		kind   string
		action plan.Action
	}
	index := map[key]*kindChange{}
	var all []*kindChange
	for _, c := range changes {
		k := key{c.step.Address.Kind, c.step.Action}
		found := index[k]
		if found == nil {
			found = &kindChange{kind: k.kind, action: k.action, devices: map[schema.Device]bool{}}
			index[k], all = found, append(all, found)
		}
		found.add(c)
	}
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(a, b *kindChange) int {
		return cmp.Or(b.step.Risk.Rank()-a.step.Risk.Rank(), cmp.Compare(a.kind, b.kind))
	})
	d.open(Changes, "Changes by kind of setting")
	for _, k := range all {
		row := d.marked(blockIndent, mark(k.action), Part{k.sentence(), Normal})
		if danger := dangers(k.step); danger != "" {
			row.Parts = append(row.Parts, Part{" (" + danger + ")", Careful})
		}
	}
}

func (k *kindChange) add(c *change) {
	k.settings++
	k.devices[c.step.Address.Device] = true
	k.step.Action = c.step.Action
	k.step.Risk = k.step.Risk.Or(c.step.Risk)
	k.step.Drops = k.step.Drops || c.step.Drops
	if c.step.Reboot == schema.RebootMaybe {
		k.step.Reboot = c.step.Reboot
	}
	for _, x := range c.deltas {
		if !slices.Contains(k.attributes, x.name) {
			k.attributes = append(k.attributes, x.name)
		}
	}
}

func (k *kindChange) sentence() string {
	verb := map[plan.Action]string{plan.Create: "to add", plan.Update: "to change", plan.Delete: "to destroy", plan.Forget: "to forget"}[k.action]
	text := fmt.Sprintf("%s: %d %s on %s", printable(k.kind), k.settings, verb, Plural(len(k.devices), "device"))
	if k.action == plan.Update && len(k.attributes) > 0 {
		text += ": " + printable(strings.Join(k.attributes, ", "))
	}
	return text
}

// writeNoteCounts tells how many things a plan has to say beside its changes, a line for each sort of them.
func writeNoteCounts(d *document, p *plan.Plan) {
	var skipped, cuts, logins, partly int
	checks := make([]int, len(checkGroups))
	for _, device := range p.Devices {
		skipped, cuts, logins = skipped+len(device.Skipped), cuts+len(device.Cuts), logins+len(device.Logins)
		if len(device.Skipped) > 0 {
			partly++
		}
		for _, c := range device.Checks {
			if toldOf(c) && !device.Unread() {
				checks[slices.IndexFunc(checkGroups, func(g checkGroup) bool { return g.takes(c) })]++
			}
		}
	}
	d.open(Notes, "Besides the changes")
	count := func(n int, severity Severity, text string) {
		if n > 0 {
			d.line(0, Normal, text).Severity = severity
		}
	}
	for i, group := range checkGroups {
		count(checks[i], group.severity, fmt.Sprintf("%s: %d", group.title, checks[i]))
	}
	count(cuts, Attention, Plural(cuts, "consumer")+" may be cut off, which is accepted")
	count(logins, Attention, Plural(logins, "session")+" could be cut off")
	count(skipped, Attention, fmt.Sprintf("%s left alone on %s", wasWere(skipped, "wanted setting"), Plural(partly, "device")))
	count(len(p.Targets), Attention, Plural(len(p.Targets), "target")+" in effect")
	if p.OutputsLeftOut() {
		d.line(0, Normal, outputsLeftOut)
	}
}
