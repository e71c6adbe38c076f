package render

import (
	"bufio"
	"io"
	"strings"

	"github.com/fatih/color"
)

// Text writes rows for a terminal or a log, with an empty line between blocks and a line break at the end.
func Text(w io.Writer, rows []Row, o Options) error {
	out := bufio.NewWriter(w)
	paint := newPalette(o.Colour)
	for i, r := range rows {
		if i > 0 && r.Block != rows[i-1].Block {
			out.WriteByte('\n')
		}
		if r.Mark != NoMark || r.Text() != "" {
			out.WriteString(strings.Repeat(" ", r.Indent))
		}
		if r.Mark != NoMark {
			out.WriteString(paint.text(tone(r.Mark), string(r.Mark)) + " ")
		}
		for _, p := range r.Parts {
			out.WriteString(paint.text(p.Tone, p.Text))
		}
		out.WriteByte('\n')
	}
	return out.Flush()
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
