// Package view prints what the commands found and did: one interface for each kind of result, with an implementation for
// each form in which it can be printed. A command chooses a Format once and knows nothing of the forms.
//
// Rules:
//
//   - What is said is decided in package render; a view puts it into a form.
//   - A view prints results to the standard output. Problems, progress and hints for people go to the standard error and
//     are no business of a view, except the progress of a run, which is the output of `apply -json`.
//   - No view shows a secret: render withholds them.
package view

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"camform/engine/diag"
	"camform/engine/render"
)

// Format is the form in which a command prints its result.
type Format int

// The formats. Not every command has all of them.
const (
	Text     Format = iota // for people at a terminal
	JSON                   // one document, or one object per line; for programs
	Markdown               // for comments and reports
	CSV                    // for spreadsheets
	HCL                    // for configurations
	HTML                   // for printing
)

// ForPrograms reports whether a program reads the output, which nobody can answer a question on.
func (f Format) ForPrograms() bool { return f == JSON }

// Output is where a view prints, and how text looks there.
type Output struct {
	io.Writer
	Options render.Options
	From    render.Provenance // of a report; only in the forms in which it leaves the terminal
	Comment *render.Comment   // Markdown of plans is added to it, and the caller prints it
	Stream  *render.Stream    // gets everything line by line, and the caller ends it; nil for none
}

// document prints v as one indented JSON document.
func (o Output) document(v any) error { return render.JSONDocument(o, v) }

// Troubles prints messages about devices, those that say the same once.
func (o Output) Troubles(all []render.Trouble) error {
	return o.rows(render.Troubles("", all, render.Folded))
}

// News prints messages about devices, those with the same words once.
func (o Output) News(all []render.Trouble) error { return o.rows(render.News(all, render.Folded)) }

// rows prints rows of package render as text.
func (o Output) rows(rows []render.Row) error { return render.Text(o, rows, o.Options) }

// markdownTable prints a table. Its cells are code, which what devices say cannot leave.
func (o Output) markdownTable(header []string, rows [][]string) error {
	var text strings.Builder
	line := func(cells []string) { fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | ")) }
	line(header)
	fmt.Fprintf(&text, "|%s\n", strings.Repeat("---|", len(header)))
	for _, row := range rows {
		line(codes(row))
	}
	_, err := io.WriteString(o, text.String())
	return err
}

// csv prints rows of cells for spreadsheets.
func (o Output) csv(rows [][]string) error {
	w := csv.NewWriter(o)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = spreadsheet(cell)
		}
		_ = w.Write(row) // Error tells of it
	}
	w.Flush()
	return w.Error()
}

// spreadsheet is a cell that programs for spreadsheets take for text and not for a formula, and in which everything can be seen.
func spreadsheet(cell string) string {
	cell = diag.CleanText(cell)
	if diag.IsFormula(cell) {
		return "'" + cell
	}
	return cell
}

// codes are texts as code of Markdown.
func codes(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = render.Code(text)
	}
	return all
}
