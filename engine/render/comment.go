package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"camform/engine/diag"
)

// SmallestComment is the least limit of a Comment, in bytes. Whatever a plan holds, its counts fit.
const SmallestComment = 4000

// Comment is Markdown for a comment on a pull request. Where it would be too long it tells less, and says so: the same change of many
// devices once, then changes by kind, then their number.
type Comment struct {
	Marker  string // by which the next comment of the same sort finds this one, to take its place
	Command string // that failed, or could tell more
	Limit   int    // bytes, SmallestComment or more; 0 for none

	parts []func(Options) []Row
	trouble
}

// Add adds what rows tells with the options that it is given.
func (c *Comment) Add(rows func(Options) []Row) { c.parts = append(c.parts, rows) }

// rung is one of the forms of a comment, with what it leaves out.
type rung struct {
	detail Detail
	fold   Fold
	leaves string
}

// ladder has the forms from the longest to the shortest.
var ladder = []rung{
	{EveryValue, Folded, "a change that many devices share is shown once"},
	{ByKind, Folded, "changes are shown by kind, without values, devices, places and requests"},
	{CountsOnly, Folded, "only the numbers are shown"},
}

// Write writes the longest form that fits. Options say how it looks where there is room.
func (c *Comment) Write(w io.Writer, o Options) error {
	text := c.text(o, "")
	for _, r := range ladder {
		if c.Limit == 0 || len(text) <= c.Limit {
			break
		}
		shorter := o
		shorter.Detail, shorter.Fold = r.detail, r.fold
		text = c.text(shorter, r.leaves)
	}
	_, err := w.Write(text)
	return err
}

func (c *Comment) text(o Options, leaves string) []byte {
	var out bytes.Buffer
	out.WriteString("<!-- " + commentSafe(c.Marker) + " -->\n")
	if len(c.parts) == 0 {
		out.WriteString("**" + Code(c.Command) + " failed.**\n\n")
	}
	var rows []Row
	for _, part := range c.parts {
		rows = append(rows, part(o)...)
	}
	out.WriteString(paragraph(rows, Summary))
	if counts := c.problemCounts(); counts != "" {
		out.WriteString(counts + ".\n\n")
	}
	if leaves != "" {
		fmt.Fprintf(&out, "*Shortened to fit %d bytes: %s.* %s shows all.\n\n", c.Limit, leaves, Code(c.Command))
	}
	c.writeProblems(&out, o)
	writeBelowSummary(&out, rows)
	return out.Bytes()
}

// problemCounts says how many problems there are; empty if there are none.
func (c *Comment) problemCounts() string {
	errors := 0
	for _, p := range c.problems {
		if p.Severity == diag.Error {
			errors++
		}
	}
	var words []string
	if errors > 0 {
		words = append(words, Plural(errors, "error"))
	}
	if warnings := len(c.problems) - errors; warnings > 0 {
		words = append(words, Plural(warnings, "warning"))
	}
	return strings.Join(words, ", ")
}

const (
	mostListed  = 20  // problems that are named where there is little room
	mostLetters = 160 // bytes of each
)

// writeProblems tells the problems, and why the command failed.
func (c *Comment) writeProblems(out *bytes.Buffer, o Options) {
	var text string
	switch o.Detail {
	case EveryValue:
		text = c.boxes(o) + c.failure
	case ByKind:
		all := alikeProblems(c.problems.Sorted())
		var list []string
		for _, same := range all[:min(len(all), mostListed)] {
			line := "Error: "
			if same[0].Severity == diag.Warning {
				line = "Warning: "
			}
			list = append(list, inLetters(line+printable(same[0].Summary)+" ("+placeOf(same)+")"))
		}
		if more := len(all) - len(list); more > 0 {
			list = append(list, fmt.Sprintf("... and %d more", more))
		}
		text = strings.Join(append(list, inLetters(c.failure)), "\n")
	default:
		text = inLetters(c.failure)
	}
	var rows []Row
	for line := range strings.Lines(strings.TrimSpace(text)) {
		rows = append(rows, Row{Section: Notes, Group: "Problems", Parts: []Part{{Text: diag.CleanText(strings.TrimRight(line, "\n"))}}})
	}
	if len(rows) > 0 {
		writeDetails(out, "<details open>", rows)
	}
}

// inLetters is the beginning of a text that may be long.
func inLetters(text string) string {
	if len(text) <= mostLetters {
		return text
	}
	return strings.ToValidUTF8(text[:mostLetters], "") + "…"
}

// commentSafe is a text that cannot end a comment of HTML.
func commentSafe(text string) string {
	text = printable(text)
	for strings.Contains(text, "--") {
		text = strings.ReplaceAll(text, "--", "-_")
	}
	return inLetters(text)
}

// CommentLimits are how long a comment may be on the services that have a name here, in characters. Bytes are counted; there
// are no fewer.
//
// GitHub says 65536 in its error; GitLab 1,000,000 in the reference of its notes API; Bitbucket Cloud "less than 32768" and Azure DevOps
// 150000 in their errors.
var CommentLimits = map[string]int{"github": 65536, "gitlab": 1_000_000, "bitbucket": 32767, "azure": 150_000}

// CommentServices are the names of CommentLimits, in order.
func CommentServices() []string {
	var names []string
	for name := range CommentLimits {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
