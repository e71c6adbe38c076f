package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"

	"camform/engine/diag"
	"camform/schema"
)

// Problems writes problems in boxes, errors first. Sources are the texts of the files that problems point into; what is
// not there is not shown. A problem at the same place for several addresses is shown once. Literals in
// arguments with the name of a secret are blanked.
func Problems(w io.Writer, ps diag.Problems, sources map[string][]byte, o Options) error {
	out := bufio.NewWriter(w)
	files, paint := newFiles(sources), newPalette(o.Colour)
	for _, same := range alikeProblems(ps.Sorted()) {
		b := box{out: out, paint: paint, tone: Bad, frame: frames[o.Frame], width: o.width()}
		if same[0].Severity == diag.Warning {
			b.tone = Careful
		}
		b.write(same, files)
	}
	return out.Flush()
}

// alikeProblems puts problems together that differ in their address only, also where they name it, in the order of the first of
// each. Those that no line of a file is to blame for are the same message if enough devices have it, whatever it names of each.
func alikeProblems(ps diag.Problems) [][]diag.Problem {
	of := func(p diag.Problem) bool { return p.Subject == nil && !p.Address.Device.IsZero() }
	var all [][]diag.Problem
	for _, same := range grouped(ps, func(p diag.Problem) string {
		if of(p) {
			return messageOf(p.Detail, p.Address.Device).key()
		}
		return withoutAddress(p.Detail, p.Address.Device)
	}) {
		if of(same[0]) && len(same) < foldFrom {
			all = append(all, grouped(same, func(p diag.Problem) string { return withoutAddress(p.Detail, p.Address.Device) })...)
			continue
		}
		all = append(all, same)
	}
	return all
}

// Alike puts problems together that differ in their address only, sorted.
func Alike(ps diag.Problems) [][]diag.Problem {
	return grouped(ps.Sorted(), func(p diag.Problem) string { return p.Detail })
}

// grouped are problems of the same kind at the same place whose details are the same to say.
func grouped(ps diag.Problems, say func(diag.Problem) string) [][]diag.Problem {
	type key struct {
		severity                       diag.Severity
		code, summary, detail, subject string
	}
	var all [][]diag.Problem
	index := map[key]int{}
	for _, p := range ps {
		k := key{severity: p.Severity, code: p.Code, summary: p.Summary, detail: say(p)}
		if p.Subject != nil {
			k.subject = p.Subject.String()
		}
		if i, ok := index[k]; ok {
			all[i] = append(all[i], p)
			continue
		}
		index[k] = len(all)
		all = append(all, []diag.Problem{p})
	}
	return all
}

// detailOf is what problems that are shown together say. One that a line is to blame for is shown as it is at the first device.
func detailOf(same []diag.Problem) string {
	if same[0].Subject != nil || len(same) == 1 {
		return same[0].Detail
	}
	devices, details := make([]schema.Device, len(same)), make([]string, len(same))
	for i, p := range same {
		devices[i], details[i] = p.Address.Device, p.Detail
	}
	return common(devices, details)
}

type frame struct{ top, side, bottom string }

var frames = map[Frame]frame{
	LineFrame:  {"╷", "│", "╵"},
	ASCIIFrame: {",", "|", "'"},
}

// box writes one problem.
type box struct {
	out   *bufio.Writer
	paint palette
	tone  Tone
	frame frame
	width int
}

func (b *box) write(same []diag.Problem, files *files) {
	p := same[0]
	b.out.WriteString(b.paint.text(b.tone, b.frame.top) + "\n")
	title := "Error: "
	if p.Severity == diag.Warning {
		title = "Warning: "
	}
	b.line(b.paint.text(b.tone, title) + b.paint.text(Strong, printable(p.Summary)))
	b.line("")
	if place := placeOf(same); place != "" {
		b.line("  with " + place + ending(p.Subject != nil, ","))
	}
	if p.Subject != nil {
		b.source(p, files.lookup(p.Subject.Filename))
	}
	if p.Subject != nil || p.Place() != "" {
		b.line("")
	}
	for _, paragraph := range paragraphs(detailOf(same)) {
		for _, text := range wrap(paragraph, b.width-2) {
			b.line(text)
		}
	}
	b.out.WriteString(b.paint.text(b.tone, b.frame.bottom) + "\n")
}

func (b *box) line(text string) {
	b.out.WriteString(strings.TrimRight(b.paint.text(b.tone, b.frame.side)+" "+text, " ") + "\n")
}

// source writes where a problem is, with its lines if they are at hand.
func (b *box) source(p diag.Problem, file *sourceFile) {
	where := fmt.Sprintf("  on %s line %d", printable(p.Subject.Filename), p.Subject.Start.Line)
	if file == nil {
		b.line(where + ".")
		return
	}
	if context := file.context(*p.Subject); context != "" {
		where += ", in " + context
	}
	lines := file.around(*p.Subject, p.Context)
	b.line(where + ending(len(lines) > 0, ":"))
	for _, l := range lines {
		b.line(fmt.Sprintf("%4d: %s", l.number, l.text))
		if marker := l.marker(); l.number == p.Subject.Start.Line && marker != "" {
			b.line("      " + b.paint.text(b.tone, marker))
		}
	}
}

// ending is the sign at the end of a line that something may follow.
func ending(follows bool, sign string) string {
	if follows {
		return sign
	}
	return "."
}

// placeOf names the first of the addresses that a problem is about, and how many more there are.
func placeOf(same []diag.Problem) string {
	first := same[0].Place()
	if first == "" || len(same) == 1 {
		return printable(first)
	}
	devices := map[schema.Device]bool{}
	for _, p := range same {
		devices[p.Address.Device] = true
	}
	noun := "setting"
	if len(devices) == len(same) {
		noun = "device"
	}
	return fmt.Sprintf("%s and %d more %s", printable(first), len(same)-1, strings.TrimPrefix(Plural(len(same)-1, noun), fmt.Sprint(len(same)-1)+" "))
}

// wrap breaks a sentence into lines of at most width columns. Lines that begin with white space are kept, since
// somebody has laid them out. A word that is longer than a line stands alone.
func wrap(text string, width int) []string {
	if strings.HasPrefix(text, " ") || runewidth.StringWidth(text) <= width {
		return []string{text}
	}
	var all []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case runewidth.StringWidth(line)+1+runewidth.StringWidth(word) <= width:
			line += " " + word
		default:
			all = append(all, line)
			line = word
		}
	}
	return append(all, line)
}
