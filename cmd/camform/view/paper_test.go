package view

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"camform/engine/papers"
)

// hostileTexts are what a device, a file name or somebody's remark could contain to look like something else.
var hostileTexts = []string{
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "a\n## Approval\n\n* second: everybody", "`code` | cell | [link](https://evil.example)",
	"</td></tr></table>", "\x1b[2J\x1b[31mred", "back\u202etxt", "&lt;b&gt;", "{{.Title}}", "a\r\n| b | c |",
}

func paperOf(said string) papers.Paper {
	return papers.Paper{
		Kind: "record", Title: "Record of " + said, Case: said, Lead: []string{"A lead."}, Signed: "I have read it.",
		Sections: []papers.Section{
			{ID: "a", Title: "Approval", Entries: []papers.Entry{{Name: "second", What: "second person", Text: said}}},
			{ID: "b", Title: "Files", Columns: []string{"file", "what"}, Rows: [][]string{{said, "answer"}}},
			{ID: "c", Title: "Do", Sentences: []string{"Call."}},
		},
	}
}

func printed(t *testing.T, f Format, p papers.Paper) string {
	t.Helper()
	var out bytes.Buffer
	if err := NewPaper(f, Output{Writer: &out}).Paper(p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// What others said stays text in every form: the elements and lines of a paper are those that it has with plain words.
func TestHostileTextsStayTextsOnPaper(t *testing.T) {
	plain := paperOf("plain words")
	shape := func(page string) string {
		var tags []string
		d := xml.NewDecoder(strings.NewReader(page))
		d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
		for {
			token, err := d.Token()
			if err == io.EOF {
				return strings.Join(tags, " ")
			}
			if err != nil {
				t.Fatal(err)
			}
			if start, ok := token.(xml.StartElement); ok {
				tags = append(tags, start.Name.Local)
			}
		}
	}
	for _, said := range hostileTexts {
		p := paperOf(said)
		if diff := cmp.Diff(shape(printed(t, HTML, plain)), shape(printed(t, HTML, p))); diff != "" {
			t.Errorf("HTML of %q: %s", said, diff)
		}
		for _, f := range []Format{Text, Markdown} {
			have, want := printed(t, f, p), printed(t, f, plain)
			if strings.Count(have, "\n") != strings.Count(want, "\n") {
				t.Errorf("%q has lines of its own:\n%s", said, have)
			}
			if strings.ContainsAny(have, "\x1b\u202e\r") {
				t.Errorf("%q steers the terminal: %q", said, have)
			}
		}
		if have := printed(t, HTML, p); strings.ContainsAny(have, "\x1b\u202e") {
			t.Errorf("%q steers the page", said)
		}
		var back papers.Paper
		if err := json.Unmarshal([]byte(printed(t, JSON, p)), &back); err != nil || back.Case != said {
			t.Errorf("JSON of %q: %q, %v", said, back.Case, err)
		}
	}
}

func TestPapersInTheirForms(t *testing.T) {
	p := paperOf("gate")
	for f, wants := range map[Format][]string{
		Text:     {"Record of gate\n==============\nCase gate\n", "Approval\n--------\n", "second person:  gate", "FILE  WHAT", "* Call.", "Name: ____"},
		Markdown: {"# `Record of gate`\n\nCase `gate`\n", "## Approval\n\n* second person: `gate`\n", "| file | what |\n|---|---|\n| `gate` | `answer` |", "* Call."},
		HTML:     {"<h1>Record of gate</h1>", `<section id="a">`, "<dt>second person</dt><dd>gate</dd>", "<td>gate</td>", "@media print", "default-src &#39;none&#39;", `<p class="line">`},
	} {
		have := printed(t, f, p)
		for _, want := range wants {
			if !strings.Contains(strings.ToLower(have), strings.ToLower(want)) && !strings.Contains(have, strings.ReplaceAll(want, "&#39;", "'")) {
				t.Errorf("it lacks %q:\n%s", want, have)
			}
		}
	}
	p.Signed = ""
	for _, f := range []Format{Text, Markdown, HTML} {
		if have := printed(t, f, p); strings.Contains(have, "____") {
			t.Error("nobody signs it, and there is a line to sign")
		}
	}
}
