package view

import (
	"fmt"
	"html/template"
	"io"
	"strings"

	"camform/engine/diag"
	"camform/engine/papers"
	"camform/engine/render"
)

// Paper prints what leaves a case of recovery on paper.
type Paper interface {
	Paper(papers.Paper) error
}

// NewPaper makes the view of a paper.
func NewPaper(f Format, out Output) Paper {
	switch f {
	case JSON:
		return paperJSON{out}
	case Markdown:
		return paperMarkdown{out}
	case HTML:
		return paperHTML{out}
	}
	return paperText{out}
}

type paperJSON struct{ Output }

func (v paperJSON) Paper(p papers.Paper) error { return v.document(p) }

type paperText struct{ Output }

func (v paperText) Paper(p papers.Paper) error {
	p = p.Blanked(oneLine)
	fmt.Fprintf(v, "%s\n%s\nCase %s\n", p.Title, strings.Repeat("=", len(p.Title)), p.Case)
	for _, text := range p.Lead {
		fmt.Fprintf(v, "\n%s\n", text)
	}
	for _, s := range p.Sections {
		fmt.Fprintf(v, "\n%s\n%s\n", s.Title, strings.Repeat("-", len(s.Title)))
		for _, text := range s.Sentences {
			fmt.Fprintf(v, "* %s\n", text)
		}
		var rows [][]string
		for _, e := range s.Entries {
			rows = append(rows, []string{e.What + ":", e.Text})
		}
		for _, table := range []struct {
			header []string
			rows   [][]string
		}{{nil, rows}, {s.Columns, s.Rows}} {
			if len(table.rows) == 0 {
				continue
			}
			if err := render.Table(v, table.header, table.rows); err != nil {
				return err
			}
		}
	}
	if p.Signed != "" {
		fmt.Fprintf(v, "\n%s\n\nName: ______________________________  Date: ______________\n", p.Signed)
	}
	return nil
}

// oneLine keeps what people and devices said from looking like a part of the paper of its own.
func oneLine(text string) string { return diag.CleanText(strings.ReplaceAll(text, "\n", " / ")) }

type paperMarkdown struct{ Output }

// Paper prints what people and devices said as code, which it cannot leave.
func (v paperMarkdown) Paper(p papers.Paper) error {
	var text strings.Builder
	fmt.Fprintf(&text, "# %s\n\nCase %s\n", render.Code(p.Title), render.Code(p.Case))
	for _, lead := range p.Lead {
		fmt.Fprintf(&text, "\n%s\n", lead)
	}
	for _, s := range p.Sections {
		fmt.Fprintf(&text, "\n## %s\n\n", s.Title)
		for _, sentence := range s.Sentences {
			fmt.Fprintf(&text, "* %s\n", sentence)
		}
		for _, e := range s.Entries {
			fmt.Fprintf(&text, "* %s: %s\n", e.What, render.Code(e.Text))
		}
		if len(s.Rows) > 0 {
			text.WriteString("\n")
			table := Output{Writer: &text}
			if err := table.markdownTable(s.Columns, s.Rows); err != nil {
				return err
			}
		}
	}
	if p.Signed != "" {
		fmt.Fprintf(&text, "\n%s\n\nName: ______________________________ Date: ______________\n", p.Signed)
	}
	_, err := io.WriteString(v, text.String())
	return err
}

type paperHTML struct{ Output }

func (v paperHTML) Paper(p papers.Paper) error {
	return paperPage.Execute(v, p.Blanked(oneLine))
}

// paperPage runs no script and loads nothing.
var paperPage = template.Must(template.New("paper").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{.Title}}</title>
<style>
body { font: 11pt/1.4 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #111; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; border-bottom: 1px solid #999; }
table { border-collapse: collapse; width: 100%; } th, td { border: 1px solid #bbb; padding: .2rem .4rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: minmax(10rem, 1fr) 3fr; gap: .1rem 1rem; } dt { color: #555; } dd { margin: 0; overflow-wrap: anywhere; }
.signed { margin-top: 2rem; } .line { margin-top: 3rem; }
@page { size: A4; margin: 15mm; }
@media print {
  body { font-size: 9pt; margin: 0; max-width: none; padding: 0; }
  h2 { break-after: avoid; } section, tr, dl { break-inside: avoid; } thead { display: table-header-group; }
  .card { font-size: 8.5pt; line-height: 1.25; } .card section { margin: 0; }
}
</style>
</head>
<body class="{{.Kind}}">
<h1>{{.Title}}</h1>
<p>Case {{.Case}}</p>
{{range .Lead}}<p>{{.}}</p>
{{end}}{{range .Sections}}<section id="{{.ID}}">
<h2>{{.Title}}</h2>
{{if .Sentences}}<ul>
{{range .Sentences}}<li>{{.}}</li>
{{end}}</ul>
{{end}}{{if .Entries}}<dl>
{{range .Entries}}<dt>{{.What}}</dt><dd>{{.Text}}</dd>
{{end}}</dl>
{{end}}{{if .Rows}}<table>
<thead><tr>{{range .Columns}}<th>{{.}}</th>{{end}}</tr></thead>
<tbody>
{{range .Rows}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{end}}</tbody>
</table>
{{end}}</section>
{{end}}{{if .Signed}}<div class="signed"><p>{{.Signed}}</p><p class="line">Name: ______________________________ Date: ______________</p></div>
{{end}}</body>
</html>
`))
