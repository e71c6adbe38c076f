package render

import (
	"bufio"
	"html"
	"io"
	"strings"
)

// Markdown writes rows for a comment on a pull request: the summary, then what it counts, folded away by device or by
// change. Everything that is not our own words stands inside a fence or escaped inside HTML, where no markup works.
func Markdown(w io.Writer, rows []Row) error {
	out := bufio.NewWriter(w)
	out.WriteString(paragraph(rows, Summary))
	writeBelowSummary(out, rows)
	return out.Flush()
}

// textWriter is a buffer, which tells of no error before it is emptied.
type textWriter interface {
	io.StringWriter
	io.ByteWriter
}

// writeBelowSummary writes what a summary counts.
func writeBelowSummary(out textWriter, rows []Row) {
	out.WriteString(paragraph(rows, Preface))
	for _, group := range groups(rows) {
		writeDetails(out, "<details>", group)
	}
}

// paragraph is a section that consists of our words and numbers only, its first line in bold. Backslashes keep the lines
// apart.
func paragraph(rows []Row, s Section) string {
	var texts []string
	for _, r := range rows {
		if r.Section == s {
			texts = append(texts, r.Text())
		}
	}
	if len(texts) == 0 {
		return ""
	}
	texts[0] = "**" + texts[0] + "**"
	return strings.Join(texts, "\\\n") + "\n\n"
}

// groups are the rows of changes and notes, split where the title changes.
func groups(rows []Row) [][]Row {
	var all [][]Row
	for _, r := range rows {
		if r.Section != Changes && r.Section != Notes {
			continue
		}
		last := len(all) - 1
		if last >= 0 && all[last][0].Group == r.Group && all[last][0].Section == r.Section {
			all[last] = append(all[last], r)
			continue
		}
		all = append(all, []Row{r})
	}
	return all
}

// writeDetails writes rows folded away behind a tag, or open where that says so.
func writeDetails(out textWriter, tag string, rows []Row) {
	fence := fenceFor(rows)
	language := "diff"
	if rows[0].Section == Notes {
		language = "text"
	}
	out.WriteString(tag + "<summary><code>" + html.EscapeString(rows[0].Group) + "</code></summary>\n\n" + fence + language + "\n")
	for i, r := range rows {
		if i > 0 && r.Block != rows[i-1].Block {
			out.WriteByte('\n')
		}
		out.WriteString(diffLine(r) + "\n")
	}
	out.WriteString(fence + "\n\n</details>\n\n")
}

// fenceFor is a fence longer than any run of backticks in the rows, so that none of them can end it.
func fenceFor(rows []Row) string {
	longest := 2
	for _, r := range rows {
		longest = max(longest, ticks(r.Text()))
	}
	return strings.Repeat("`", longest+1)
}

// ticks is the length of the longest run of backticks.
func ticks(text string) int {
	longest, run := 0, 0
	for _, c := range text {
		if c != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// Code is a text as code within a line of Markdown or a cell of a table, where no mark-up, link or mention works, and which it
// cannot leave. A text of nothing stays empty.
func Code(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ReplaceAll(printable(text), "|", `\x7c`) // which would end a cell, whatever stands before it
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	fence := strings.Repeat("`", ticks(text)+1)
	return fence + text + fence
}

// diffLine is a row with its mark in the first column, where the colouring of diffs looks for it. Text without a mark is
// never in that column but for titles, which are our own words.
func diffLine(r Row) string {
	switch r.Mark {
	case NoMark:
		return strings.TrimRight(strings.Repeat(" ", r.Indent)+r.Text(), " ")
	case ChangeMark:
		return "!" + strings.Repeat(" ", max(0, r.Indent-1)) + r.Text()
	default:
		return string(r.Mark) + strings.Repeat(" ", max(0, r.Indent-1)) + r.Text()
	}
}
