package render

import (
	"bufio"
	"io"
	"strings"

	"github.com/fatih/color"
)

// Text writes rows for a terminal or a log, with an empty line between blocks and a line break at the end. On a terminal, which has a
// width, long rows wrap at words.
func Text(w io.Writer, rows []Row, o Options) error {
	out := bufio.NewWriter(w)
	paint := newPalette(o.Colour)
	for i, r := range rows {
		if i > 0 && r.Block != rows[i-1].Block {
			out.WriteByte('\n')
		}
		out.WriteString(Wrap(paint.row(r), o.Width, r.hanging()))
		out.WriteByte('\n')
	}
	return out.Flush()
}

// hanging is how far the parts of a row are indented that a terminal has no room for behind its first.
func (r Row) hanging() int {
	switch {
	case r.Mark != NoMark:
		return r.Indent + markWidth + 4
	case r.Indent > 0:
		return r.Indent + 4
	default:
		return 0
	}
}

func (p palette) row(r Row) string {
	var b strings.Builder
	if r.Mark != NoMark || r.Text() != "" {
		b.WriteString(strings.Repeat(" ", r.Indent))
	}
	if r.Mark != NoMark {
		b.WriteString(p.text(tone(r.Mark), string(r.Mark)) + " ")
	}
	for _, part := range r.Parts {
		b.WriteString(p.text(part.Tone, part.Text))
	}
	return b.String()
}

// palette gives text its colours.
type palette map[Tone]*color.Color

// newPalette makes the colours for one output. It decides for itself, whatever the library thinks of standard output.
func newPalette(c Colour) palette {
	if c == NeverColour {
		return nil
	}
	p := palette{
		Strong:  color.New(color.Bold),
		Quiet:   color.New(color.FgHiBlack),
		Good:    color.New(color.FgGreen),
		Bad:     color.New(color.FgRed),
		Careful: color.New(color.FgYellow),
	}
	for _, c := range p {
		c.EnableColor()
	}
	return p
}

func (p palette) text(t Tone, text string) string {
	c := p[t]
	if c == nil || text == "" {
		return text
	}
	return c.Sprint(text)
}
