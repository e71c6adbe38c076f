package render

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcled"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/mattn/go-runewidth"

	"camform/engine/diag"
	"camform/schema/nesting"
)

// files are the sources of a configuration, prepared on first use.
type files struct {
	sources map[string][]byte
	ready   map[string]*sourceFile
}

func newFiles(sources map[string][]byte) *files {
	return &files{sources: sources, ready: map[string]*sourceFile{}}
}

// sourceFile is a source with what must not be shown of it.
type sourceFile struct {
	text    []byte
	starts  []int // offset of each line
	secrets []span
	parsed  *hcl.File // nil if it is not in native syntax
}

type span struct{ start, end int }

// lookup returns a file, or nil if its text is not at hand.
func (f *files) lookup(name string) *sourceFile {
	if found, ok := f.ready[name]; ok {
		return found
	}
	text, ok := f.sources[name]
	if !ok {
		return nil
	}
	file := &sourceFile{text: text, starts: []int{0}, secrets: secretLiterals(text)}
	for i, c := range text {
		if c == '\n' {
			file.starts = append(file.starts, i+1)
		}
	}
	if strings.HasSuffix(name, ".hcl") && !nesting.Check(nesting.File, text, name, hcl.InitialPos).HasErrors() {
		file.parsed, _ = hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	}
	f.ready[name] = file
	return file
}

// sourceLine is a line of a source as it is shown, with the place of the subject in it.
type sourceLine struct {
	number     int
	text       string
	start, end int // of the subject, as offsets into text; equal if the line has none of it
}

// context names the block around a range, such as `device "gate"`; empty outside of blocks. A range that knows its line only
// begins with it.
func (f *sourceFile) context(r hcl.Range) string {
	if f.parsed == nil || r.Start.Line < 1 || r.Start.Line > len(f.starts) {
		return ""
	}
	return printable(hcled.ContextString(f.parsed, max(r.Start.Byte, f.starts[r.Start.Line-1])))
}

// The most lines that are shown of a source. Longer subjects begin with what matters.
const maxSourceLines = 5

// around are the lines of what surrounds a subject. Nothing is returned if the range does not lie in the file.
func (f *sourceFile) around(subject hcl.Range, context *hcl.Range) []sourceLine {
	first, last := subject.Start.Line, subject.End.Line
	if context != nil && context.Filename == subject.Filename {
		first, last = min(first, context.Start.Line), max(last, context.End.Line)
	}
	if last-first >= maxSourceLines {
		first = max(first, subject.Start.Line)
		last = min(last, first+maxSourceLines-1)
	}
	if first < 1 || last < first {
		return nil
	}
	var found []sourceLine
	for n := first; n <= min(last, len(f.starts)); n++ {
		found = append(found, f.line(n, subject))
	}
	return found
}

// line lays out a line: tabs widened, what is not printable escaped, secrets blanked.
func (f *sourceFile) line(number int, subject hcl.Range) sourceLine {
	begin, end := f.starts[number-1], len(f.text)
	if number < len(f.starts) {
		end = f.starts[number] - 1
	}
	raw := bytes.TrimSuffix(f.text[begin:end], []byte("\r"))
	l := sourceLine{number: number}
	at := make([]int, len(raw)+1)
	var b strings.Builder
	for i := 0; i < len(raw); {
		at[i] = b.Len()
		if s, ok := f.secretAt(begin + i); ok {
			b.WriteString("(sensitive)")
			next := min(s.end-begin, len(raw))
			for j := i + 1; j < next; j++ {
				at[j] = at[i]
			}
			i = next
			continue
		}
		size := runeLength(raw[i:])
		b.WriteString(shownRune(raw[i : i+size]))
		for j := 1; j < size; j++ {
			at[i+j] = at[i]
		}
		i += size
	}
	at[len(raw)] = b.Len()
	l.text = b.String()
	within := func(offset int) int { return at[min(max(offset-begin, 0), len(raw))] }
	l.start, l.end = within(subject.Start.Byte), within(subject.End.Byte)
	return l.cut()
}

// maxSourceBytes is the most that is shown of a line of a source: lines that a program wrote may have megabytes.
const maxSourceBytes = 400

// cut leaves of a line that is too long what is around the beginning of the subject.
func (l sourceLine) cut() sourceLine {
	if len(l.text) <= maxSourceBytes {
		return l
	}
	start := max(0, min(l.start-maxSourceBytes/2, len(l.text)-maxSourceBytes))
	end := start + maxSourceBytes
	for start > 0 && !utf8.RuneStart(l.text[start]) {
		start--
	}
	for end < len(l.text) && !utf8.RuneStart(l.text[end]) {
		end--
	}
	before, after := "", ""
	if start > 0 {
		before = "…"
	}
	if end < len(l.text) {
		after = "…"
	}
	moved := func(offset int) int { return min(max(offset-start, 0), end-start) + len(before) }
	return sourceLine{l.number, before + l.text[start:end] + after, moved(l.start), moved(l.end)}
}

// tab is what a tab in a source is shown as, wherever it stands, so that the marker below needs no tab stops.
const tab = "    "

func shownRune(r []byte) string {
	if r[0] == '\t' {
		return tab
	}
	return printable(string(r))
}

func runeLength(text []byte) int {
	for n := 1; n < len(text) && n < 4; n++ {
		if text[n]&0xc0 != 0x80 {
			return n
		}
	}
	return min(len(text), 4)
}

func (f *sourceFile) secretAt(offset int) (span, bool) {
	i, found := slices.BinarySearchFunc(f.secrets, offset, func(s span, offset int) int {
		switch {
		case s.end <= offset:
			return -1
		case s.start > offset:
			return 1
		default:
			return 0
		}
	})
	if !found {
		return span{}, false
	}
	return f.secrets[i], true
}

// marker is the line of carets below the subject, or "" if the line has none of it.
func (l sourceLine) marker() string {
	if l.end < l.start {
		return ""
	}
	width := max(1, runewidth.StringWidth(l.text[l.start:l.end]))
	return strings.Repeat(" ", runewidth.StringWidth(l.text[:l.start])) + strings.Repeat("^", width)
}

// snippetDoc is the source of a problem for a program, or nil if it is not at hand.
func (f *files) snippetDoc(p diag.Problem) *snippetDoc {
	file := f.lookup(p.Subject.Filename)
	if file == nil {
		return nil
	}
	lines := file.around(*p.Subject, nil)
	if len(lines) == 0 {
		return nil
	}
	doc := &snippetDoc{StartLine: lines[0].number, HighlightStart: lines[0].start, Values: []struct{}{}}
	if context := file.context(*p.Subject); context != "" {
		doc.Context = &context
	}
	for i, l := range lines {
		if i > 0 {
			doc.Code += "\n"
		}
		doc.HighlightEnd = len(doc.Code) + l.end
		doc.Code += l.text
	}
	return doc
}

// A literal password in a configuration is a mistake that is reported, and the report must not spread it further.
var secretName = regexp.MustCompile(`(?i)pass|secret|token|community|credential|psk|private_key`)

// secretLiterals finds the text of literals that are the value of an argument with the name of a secret, in native or
// JSON syntax. The argument of the function secret is a place and no secret.
func secretLiterals(text []byte) []span {
	tokens, _ := hclsyntax.LexConfig(text, "", hcl.InitialPos)
	var found []span
	for i := range tokens {
		if next, ok := valueOfSecret(tokens, i); ok {
			found = append(found, literals(tokens[next:])...)
		}
	}
	return found
}

// valueOfSecret reports whether a value of an argument with the name of a secret follows the token, and where it begins.
func valueOfSecret(tokens hclsyntax.Tokens, i int) (int, bool) {
	t := tokens[i]
	if t.Type != hclsyntax.TokenIdent && t.Type != hclsyntax.TokenQuotedLit || !secretName.Match(t.Bytes) {
		return 0, false
	}
	i++
	if i < len(tokens) && tokens[i].Type == hclsyntax.TokenCQuote {
		i++
	}
	if i >= len(tokens) || tokens[i].Type != hclsyntax.TokenEqual && tokens[i].Type != hclsyntax.TokenColon {
		return 0, false
	}
	return i + 1, true
}

// literals are the literals of the expression at the beginning of tokens.
func literals(tokens hclsyntax.Tokens) []span {
	var found []span
	depth := 0
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch t.Type {
		case hclsyntax.TokenOBrack, hclsyntax.TokenOBrace, hclsyntax.TokenOParen:
			depth++
		case hclsyntax.TokenCBrack, hclsyntax.TokenCBrace, hclsyntax.TokenCParen:
			depth--
		case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
			if !isPlace(tokens, i) {
				found = append(found, span{t.Range.Start.Byte, t.Range.End.Byte})
			}
		}
		ends := t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenComma || t.Type == hclsyntax.TokenEOF
		if depth < 0 || depth == 0 && ends {
			break
		}
	}
	return found
}

// isPlace reports whether a literal is the first argument of the function secret.
func isPlace(tokens hclsyntax.Tokens, i int) bool {
	return i >= 3 && tokens[i-1].Type == hclsyntax.TokenOQuote && tokens[i-2].Type == hclsyntax.TokenOParen &&
		string(tokens[i-3].Bytes) == "secret"
}
