package manual

import (
	"bufio"
	"io"
	"strings"

	"camform/engine/render"
)

// Text writes a page for a terminal.
func (t Topic) Text(w io.Writer, o render.Options) error {
	out := bufio.NewWriter(w)
	lines := func(first, others, text string) {
		for _, line := range o.Wrapped(text, len(others)) {
			out.WriteString(first + line + "\n")
			first = others
		}
	}
	lines("", "", t.Name+": "+t.Summary)
	before := Title
	for _, p := range t.Page {
		if p.Sort != Item || before != Item {
			out.WriteString("\n")
		}
		before = p.Sort
		switch p.Sort {
		case Code:
			for line := range strings.Lines(p.Text) {
				out.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
			}
		case Item:
			lines("  * ", "    ", p.Text)
		case Heading:
			out.WriteString(o.Strong(p.Text) + "\n")
		case Table:
			for _, row := range p.Rows[1:] {
				last := len(row) - 1
				lines("  ", "      ", strings.Join(row[:last], "  ")+"  "+row[last])
			}
		default:
			lines("", "", p.Text)
		}
	}
	return out.Flush()
}
