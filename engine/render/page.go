package render

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

// Page is a plan as a page for a browser and for paper, for those who decide and do not sit at a terminal. It is one file that loads
// nothing and runs no script. Also a command that failed has one, which says why: a page of yesterday must not pass for that of today.
type Page struct {
	Command string // that made it
	From    Provenance

	plan  *plan.Plan // nil where there is none
	kinds *schema.Kinds
	drift bool // whether only out-of-band changes are shown
	hash  string
	sign  []string
	trouble
}

// Plan gives the page a plan, with its hash, and says who must sign it, a sentence in each line.
func (p *Page) Plan(of *plan.Plan, kinds *schema.Kinds, hash string, sign []string) {
	p.plan, p.kinds, p.hash, p.sign = of, kinds, hash, sign
}

// Drift gives the page a plan; only its out-of-band changes are shown.
func (p *Page) Drift(of *plan.Plan, kinds *schema.Kinds) { p.plan, p.kinds, p.drift = of, kinds, true }

// Write writes the page. Options say how changes are shown.
func (p *Page) Write(w io.Writer, o Options) error {
	return pageTemplate.Execute(w, p.shape(o))
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// pageShape is what the template of a Page shows.
type pageShape struct {
	Title    string
	Facts    [][2]string
	Summary  []pageLine
	Sign     []string
	Problems string
	Failure  string
	Models   [][]string
	Devices  []pageDevice
	Risks    []pageRisk
	Notes    []pageGroup
}

// pageDevice is a row of the fleet.
type pageDevice struct {
	Cells []string
	Class string
}

// pageRisk are the changes of a risk.
type pageRisk struct {
	Risk, Words, Count string
	Groups             []pageGroup
}

// pageGroup are blocks of lines under a title.
type pageGroup struct {
	Title  string
	Blocks [][]pageLine
}

// pageLine is a row.
type pageLine struct {
	Class, Indent, Mark string
	Parts               []pagePart
}

type pagePart struct{ Class, Text string }

func (p *Page) shape(o Options) pageShape {
	o.Colour, o.Detail = NeverColour, EveryValue
	title := "Plan"
	if p.drift {
		title = "Drift"
	}
	s := pageShape{Title: title, Facts: p.facts(), Sign: p.sign, Problems: p.boxes(o), Failure: printable(p.failure)}
	if p.plan == nil {
		s.Title = printable(p.Command) + " failed"
		return s
	}
	keep, rows := func(plan.Step) bool { return true }, Rows(p.plan, p.kinds, o)
	if p.drift {
		keep, rows = plan.Step.Drifted, DriftRows(p.plan, p.kinds, o)
	}
	for _, r := range rows {
		if r.Section == Summary {
			s.Summary = append(s.Summary, lineOf(r))
		}
	}
	s.Models, s.Devices = fleetOf(p.plan, keep)
	s.Risks = p.risks(o, keep)
	s.Notes = groupsOf(slices.DeleteFunc(rows, func(r Row) bool { return r.Section != Notes && !isActivation(r) }))
	return s
}

// isActivation reports whether a row tells of a device that gets its first password, which is a change without a risk of its own.
func isActivation(r Row) bool { return r.Section == Changes && r.Group == activations }

// facts say what a page is about.
func (p *Page) facts() [][2]string {
	facts := [][2]string{{"Command", p.Command}}
	if p.plan == nil {
		return append(facts, [2]string{"Failed", diag.Time(p.From.Made)}, [2]string{"camform", p.From.Version})
	}
	facts = append(facts, [2]string{"Made", diag.Time(p.plan.Created) + " by " + p.plan.Author}, [2]string{"camform", p.plan.Version})
	if p.hash != "" {
		facts = append(facts, [2]string{"Hash of the plan", p.hash})
	}
	if p.From.Commit != "" {
		facts = append(facts, [2]string{"Configuration", strings.TrimPrefix(p.From.source(strings.Clone), "Configuration: ")})
	}
	return append(facts, [2]string{"State", p.plan.Lineage})
}

// fleetOf counts the devices of a plan by model and firmware, and has a row for each, those first that need somebody.
func fleetOf(p *plan.Plan, keep func(plan.Step) bool) (models [][]string, devices []pageDevice) {
	type sort struct{ model, firmware string }
	type count struct{ devices, changed, unknown int }
	counts, sorts := map[sort]*count{}, []sort{}
	ranked := map[int][]pageDevice{}
	for _, d := range p.Devices {
		of := sort{d.Identity.Model, d.Identity.Firmware}
		if counts[of] == nil {
			counts[of], sorts = &count{}, append(sorts, of)
		}
		changes, rank := 0, -1
		for _, s := range d.Steps {
			if keep(s) {
				changes, rank = changes+1, max(rank, s.Risk.Rank())
			}
		}
		row := pageDevice{Cells: []string{d.Address.String(), d.Access.URL, of.model, d.Identity.Serial, of.firmware, "", stateOf(d)}}
		c := counts[of]
		c.devices++
		if changes > 0 {
			c.changed++
			row.Cells[5] = strconv.Itoa(changes)
			if risk := schema.Risks()[max(rank, 0)]; risk != schema.RiskNone {
				row.Cells[5] += fmt.Sprintf(" (risk: %s)", risk)
			}
		}
		if d.Unread() || d.PartlyRead() {
			c.unknown++
			rank, row.Class = len(schema.Risks()), "unread"
		}
		for i, text := range row.Cells {
			row.Cells[i] = printable(text)
		}
		ranked[rank] = append(ranked[rank], row)
	}
	for rank := len(schema.Risks()); rank >= -1; rank-- {
		devices = append(devices, ranked[rank]...)
	}
	slices.SortFunc(sorts, func(a, b sort) int { return strings.Compare(a.model+"\x00"+a.firmware, b.model+"\x00"+b.firmware) })
	for _, of := range sorts {
		model := printable(of.model)
		if model == "" {
			model = "not known"
		}
		models = append(models, []string{model, printable(of.firmware), fmt.Sprint(counts[of].devices), fmt.Sprint(counts[of].changed), fmt.Sprint(counts[of].unknown)})
	}
	return models, devices
}

// stateOf is how far a device is known.
func stateOf(d plan.Device) string {
	switch {
	case d.Problem != "":
		return strings.TrimSuffix("not read: "+d.Family, ": ")
	case d.Activation != nil:
		return "without a password yet"
	case d.Unread():
		return "not read"
	case d.PartlyRead():
		return "read in part"
	}
	return "read"
}

// risks are the changes by what each of them can cost, the greatest risk first.
func (p *Page) risks(o Options, keep func(plan.Step) bool) []pageRisk {
	say := planned(o.Wording)
	if p.drift {
		say = drifted
	}
	var all []pageRisk
	for _, risk := range slices.Backward(schema.Risks()) {
		d, settings, devices := &document{}, 0, map[schema.Device]bool{}
		for _, c := range changesOf(p.plan, p.kinds, o.Fold, func(s plan.Step) bool { return keep(s) && schema.RiskNone.Or(s.Risk) == risk }) {
			c.write(d, say, o)
			settings += len(c.devices)
			for _, device := range c.devices {
				devices[device] = true
			}
		}
		if settings > 0 {
			all = append(all, pageRisk{string(risk), cmp.Or(riskWords[risk], "the setting itself is wrong"), Plural(settings, "setting") + " on " + Plural(len(devices), "device"), groupsOf(d.rows)})
		}
	}
	return all
}

// groupsOf are rows by their titles and blocks.
func groupsOf(rows []Row) []pageGroup {
	var all []pageGroup
	for i, r := range rows {
		if i == 0 || r.Group != rows[i-1].Group {
			all = append(all, pageGroup{Title: r.Group})
		}
		group := &all[len(all)-1]
		if len(group.Blocks) == 0 || r.Block != rows[i-1].Block {
			group.Blocks = append(group.Blocks, nil)
		}
		last := len(group.Blocks) - 1
		group.Blocks[last] = append(group.Blocks[last], lineOf(r))
	}
	return all
}

var (
	markClasses     = map[Mark]string{AddMark: "add", ChangeMark: "change", RemoveMark: "remove", ForgetMark: "remove"}
	severityClasses = map[Severity]string{Attention: "attention", Alarm: "alarm"}
	toneClasses     = map[Tone]string{Strong: "strong", Quiet: "quiet", Good: "good", Bad: "bad", Careful: "careful"}
)

func lineOf(r Row) pageLine {
	line := pageLine{Class: strings.TrimSpace(markClasses[r.Mark] + " " + severityClasses[r.Severity]), Indent: strings.Repeat(" ", r.Indent), Mark: string(r.Mark)}
	for _, part := range r.Parts {
		line.Parts = append(line.Parts, pagePart{toneClasses[part.Tone], part.Text})
	}
	return line
}
