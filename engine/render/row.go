package render

import (
	"strings"

	"camform/schema"
)

// Row is one line of what is said. Its text contains no control characters and no secrets.
type Row struct {
	Section  Section
	Group    string // title of what the row belongs to: a device, a folded change, a list
	Block    int    // rows of one block stand together; an empty line separates blocks
	Indent   int    // columns before the mark, or before the text where there is no mark
	Mark     Mark
	Parts    []Part
	Severity Severity
	Settings []schema.Setting // for the header of a change: every setting that it tells of, also those folded away
}

// Text is the row without indent, mark and tones.
func (r Row) Text() string {
	var b strings.Builder
	for _, p := range r.Parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// Part is a piece of a row in one tone.
type Part struct {
	Text string
	Tone Tone
}

// Section says which part of a document a row belongs to.
type Section int

// The sections, in the order in which rows come.
const (
	Legend  Section = iota // what the marks mean
	Preface                // opening sentence
	Changes                // what would be done, or what went wrong
	Notes                  // what is left alone, and what could not be read
	Summary                // the counts, always last
)

// Mark says what happens to the thing in a row.
type Mark string

// The marks. They are the symbols of Terraform and OpenTofu.
const (
	NoMark     Mark = ""
	AddMark    Mark = "+"
	ChangeMark Mark = "~"
	RemoveMark Mark = "-"
	ForgetMark Mark = "."
)

// Severity says how much attention a row asks for.
type Severity int

// The severities.
const (
	Plain Severity = iota
	Attention
	Alarm
)

// Tone is the weight of a piece of text; colours follow from it.
type Tone int

// The tones.
const (
	Normal Tone = iota
	Strong
	Quiet
	Good
	Bad
	Careful
)

// document collects rows. Its methods keep track of section, group and block.
type document struct {
	rows    []Row
	section Section
	group   string
	block   int
}

// open begins a new block.
func (d *document) open(section Section, group string) {
	d.section, d.group = section, group
	d.block++
}

func (d *document) add(r Row) *Row {
	r.Section, r.Group, r.Block = d.section, d.group, d.block
	d.rows = append(d.rows, r)
	return &d.rows[len(d.rows)-1]
}

func (d *document) line(indent int, tone Tone, text string) *Row {
	return d.add(Row{Indent: indent, Parts: []Part{{text, tone}}})
}

func (d *document) marked(indent int, mark Mark, parts ...Part) *Row {
	return d.add(Row{Indent: indent, Mark: mark, Parts: parts})
}
