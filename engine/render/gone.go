package render

import (
	"fmt"
	"strings"

	"camform/engine/plan"
	"camform/schema"
)

// writeGone tells which devices left the configuration, and what stays of them: on the device and in the vault.
func writeGone(d *document, p *plan.Plan, fold Fold) {
	if len(p.Gone) == 0 {
		return
	}
	d.open(Notes, "No longer in the configuration")
	d.line(0, Strong, "Devices that are no longer in the configuration and will be forgotten:")
	shown := p.Gone
	if fold == Folded && len(shown) > mostGone {
		shown = shown[:mostGone]
	}
	for _, g := range shown {
		d.line(blockIndent, Normal, goneSentence(g)).Severity = Attention
		if len(g.Made) > 0 && !g.Cleared {
			d.line(blockIndent+4, Normal, "made by camform, and stays there: "+settingNames(g.Made)).Severity = Attention
		}
		if len(g.Passwords) > 0 {
			d.line(blockIndent+4, Quiet, "stays in the vault: "+printable(strings.Join(g.Passwords, ", ")))
		}
	}
	if more := len(p.Gone) - len(shown); more > 0 {
		d.line(blockIndent, Quiet, fmt.Sprintf("... and %d more (-full names all)", more))
	}
	if g, ok := undecided(p); ok {
		d.line(blockIndent, Quiet, "Say in the configuration whether to keep what camform made there:")
		for _, text := range []string{
			"removed {", "  from = " + printable(g.Address.String()), "  lifecycle {",
			"    destroy = false # to delete it, write true and add address and login", "  }", "}",
		} {
			d.line(blockIndent+4, Quiet, text)
		}
	}
}

// mostGone is how many devices that left are named in a folded plan.
const mostGone = 10

// goneSentence says what becomes of a device that left.
func goneSentence(g plan.Gone) string {
	text := printable(g.Address.String())
	if g.Endpoint != "" {
		text += " (" + printable(g.Endpoint) + ")"
	}
	text += ": " + Plural(g.Settings, "setting") + " remembered"
	switch {
	case g.Cleared && len(g.Made) > 0:
		text += fmt.Sprintf("; what camform made there is deleted first (%s)", printable(place(g.Source)))
	case g.Source != (plan.Source{}):
		text += fmt.Sprintf("; left as it is (%s)", printable(place(g.Source)))
	}
	return text
}

func place(s plan.Source) string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// undecided is the first device with something of camform's that the configuration neither keeps nor deletes.
func undecided(p *plan.Plan) (plan.Gone, bool) {
	for _, g := range p.Gone {
		if len(g.Made) > 0 && g.Source == (plan.Source{}) {
			return g, true
		}
	}
	return plan.Gone{}, false
}

// settingNames are settings of one device in one line.
func settingNames(settings []schema.Setting) string {
	names := make([]string, len(settings))
	for i, s := range settings {
		names[i] = printable(s.Local())
	}
	return strings.Join(names, ", ")
}

// goneDoc is a device that left the configuration, in a plan document.
type goneDoc struct {
	Address   string       `json:"address"`
	Endpoint  string       `json:"endpoint,omitempty"`
	Settings  int          `json:"settings"`
	Made      []string     `json:"made"`    // accounts and other items that camform made there
	Cleared   bool         `json:"cleared"` // whether they are deleted first
	Passwords []string     `json:"passwords"`
	Source    *plan.Source `json:"source,omitempty"` // the removed block
}

func goneDocs(p *plan.Plan) []goneDoc {
	docs := []goneDoc{}
	for _, g := range p.Gone {
		doc := goneDoc{
			Address: g.Address.String(), Endpoint: g.Endpoint, Settings: g.Settings, Made: []string{}, Cleared: g.Cleared,
			Passwords: append([]string{}, g.Passwords...),
		}
		for _, made := range g.Made {
			doc.Made = append(doc.Made, made.String())
		}
		if g.Source != (plan.Source{}) {
			doc.Source = &g.Source
		}
		docs = append(docs, doc)
	}
	return docs
}
