package render

import (
	"fmt"

	"camform/engine/plan"
	"camform/schema"
)

// writeMoved tells which devices get another name. All of a block that keep their keys are one line.
func writeMoved(d *document, p *plan.Plan) {
	if len(p.Moved) == 0 {
		return
	}
	d.open(Notes, "Moved")
	d.line(0, Strong, "Devices with a new name; their passwords, pins and history move along:")
	for _, g := range movedTogether(p.Moved) {
		text, at := movedSentence(g.first), place(g.first.Source)
		if g.devices > 1 {
			text, at = fmt.Sprintf("device.%s has moved to device.%s", g.first.From.Name, g.first.To.Name), Plural(g.devices, "device")+", "+at
		}
		d.line(blockIndent, Normal, printable(text+" ("+at+")"))
	}
}

func movedSentence(m plan.Moved) string { return fmt.Sprintf("%s has moved to %s", m.From, m.To) }

// movedGroup are devices of one block that have moved to another one and kept their keys.
type movedGroup struct {
	first   plan.Moved
	devices int
}

// movedTogether groups devices by the blocks that they have left and joined. One that got another key stands alone.
func movedTogether(all []plan.Moved) []movedGroup {
	type blocks struct{ from, to string }
	var groups []movedGroup
	at := map[blocks]int{}
	for _, m := range all {
		kept := (schema.Device{Name: m.To.Name, Key: m.From.Key, Each: m.From.Each}) == m.To
		key := blocks{m.From.Name, m.To.Name}
		i, known := at[key]
		if kept && known {
			groups[i].devices++
			continue
		}
		if kept {
			at[key] = len(groups)
		}
		groups = append(groups, movedGroup{m, 1})
	}
	return groups
}

// movedDoc is a device that gets another name, in a plan document.
type movedDoc struct {
	From   string      `json:"from"`
	To     string      `json:"to"`
	Source plan.Source `json:"source"` // the moved block
}

func movedDocs(p *plan.Plan) []movedDoc {
	docs := []movedDoc{}
	for _, m := range p.Moved {
		docs = append(docs, movedDoc{m.From.String(), m.To.String(), m.Source})
	}
	return docs
}
