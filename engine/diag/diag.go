// Package diag holds problems for people: what is wrong, where, and what to do about it.
//
// How to write one:
//
//   - Summary names the kind of problem and is always the same words: "Unknown attribute". No names, no values.
//   - Detail is about this one, in full sentences, and ends with what to do. Near names are suggested.
//   - The code that knows the place adds it: a provider names the attribute, the engine the address, config the line.
//   - Code is stable and lower-case with dashes; people search for it and tools match on it.
//   - No secret stands in any of the fields, and text that came from a device is passed through Quote.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"camform/schema"
)

// Severity of a problem.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing that is wrong. It is an error too, so that it can travel through code that returns errors.
type Problem struct {
	Severity Severity
	Code     string         // stable: "unknown-attribute"
	Summary  string         // the kind of problem, constant words
	Detail   string         // this one, in sentences, with what to do
	Address  schema.Setting // what it is about; the zero value where that is not known. Kind is empty for a whole device.
	Subject  *hcl.Range     // the source to mark, nil where there is none
	Context  *hcl.Range     // the source to show around it, nil to show the lines of Subject
}

// Error gives the problem on one line, without its source.
func (p Problem) Error() string {
	var b strings.Builder
	if p.Subject != nil {
		fmt.Fprintf(&b, "%s:%d: ", p.Subject.Filename, p.Subject.Start.Line)
	}
	if !p.Address.Device.IsZero() {
		b.WriteString(p.Place() + ": ")
	}
	b.WriteString(p.Summary)
	if p.Detail != "" {
		b.WriteString(": " + p.Detail)
	}
	return b.String()
}

// Place is the address that the problem is about, or "" where it has none.
func (p Problem) Place() string {
	if p.Address.Device.IsZero() {
		return ""
	}
	return p.Address.String()
}

// FirstOf names the first three of many, and says how many more there are.
func FirstOf(names []string) string {
	const most = 3
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Problems is a list of problems in the order in which they were found. The nil list is ready to use.
type Problems []Problem

// HasErrors reports whether any of them is an error rather than a warning.
func (ps Problems) HasErrors() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Error })
}

// Sorted returns the problems by severity (errors first), then place in the source, address, code and detail, each once.
func (ps Problems) Sorted() Problems {
	sorted := slices.Clone(ps)
	slices.SortStableFunc(sorted, compare)
	return slices.CompactFunc(sorted, func(a, b Problem) bool { return compare(a, b) == 0 })
}

func compare(a, b Problem) int {
	return cmp.Or(
		cmp.Compare(a.Severity, b.Severity),
		compareRange(a.Subject, b.Subject),
		a.Address.Compare(b.Address),
		cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Detail, b.Detail),
	)
}

func compareRange(a, b *hcl.Range) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Or(cmp.Compare(a.Filename, b.Filename), cmp.Compare(a.Start.Byte, b.Start.Byte), cmp.Compare(a.End.Byte, b.End.Byte))
}

// FromHCL translates the diagnostics of the HCL library. Their summaries are constant too; the code is the summary in
// lower case with dashes.
func FromHCL(diags hcl.Diagnostics) Problems {
	var ps Problems
	for _, d := range diags {
		severity := Error
		if d.Severity == hcl.DiagWarning {
			severity = Warning
		}
		ps = append(ps, Problem{
			Severity: severity, Code: codeOf(d.Summary), Summary: d.Summary, Detail: d.Detail,
			Subject: d.Subject, Context: d.Context,
		})
	}
	return ps
}

func codeOf(summary string) string {
	words := strings.FieldsFunc(strings.ToLower(summary), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "-")
}

// FromError makes a problem of an error that carries none. An error that wraps a Problem yields that one.
func FromError(err error, code, summary string) Problem {
	var p Problem
	if errors.As(err, &p) {
		return p
	}
	return Problem{Severity: Error, Code: code, Summary: summary, Detail: Sentence(err.Error())}
}

// Sentence writes a text that is none yet with a capital letter and a full stop.
func Sentence(text string) string {
	if text == "" {
		return ""
	}
	first := []rune(text)
	first[0] = unicode.ToUpper(first[0])
	text = string(first)
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

const quoteLimit = 256

// Quote makes text that came from a device fit for a terminal, a log or a report: in quotes, with control characters and
// direction marks escaped, and cut at 256 bytes.
func Quote(text string) string {
	if len(text) > quoteLimit {
		text = strings.ToValidUTF8(text[:quoteLimit], "") + "…"
	}
	return strconv.Quote(text)
}

// CleanText makes text of many lines fit for a terminal: control characters but line ends are escaped, nothing is cut.
func CleanText(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		quoted := strconv.Quote(strings.ReplaceAll(line, "\t", "    "))
		lines[i] = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
	}
	return strings.Join(lines, "\n")
}

// IsFormula reports whether a spreadsheet would take a text in a cell for a formula, and carry out what a device says.
func IsFormula(text string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimSpace(text))
	return strings.ContainsRune("=+-@＝＋－＠", first)
}
