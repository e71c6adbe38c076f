package render

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"camform/engine/diag"
)

// printable escapes what could steer a terminal or reorder a line, in text that is otherwise shown as it is: addresses
// and sentences. Other than diag.Clean it neither cuts nor escapes backslashes, so that an address can be copied.
func printable(text string) string {
	if isPrintable(text) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			escaped := strconv.QuoteRune(r)
			b.WriteString(escaped[1 : len(escaped)-1])
		}
	}
	return b.String()
}

func isPrintable(text string) bool {
	for i, r := range text {
		if !strconv.IsPrint(r) || r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			return false
		}
	}
	return true
}

// paragraphs is printable for text whose lines are to stay lines.
func paragraphs(text string) []string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = printable(strings.TrimSuffix(line, "\r"))
	}
	return lines
}

// A reviewer must see a value whole, since two long values may differ at their end. Only what nobody could read is cut.
const (
	chunkLength = 128
	valueLimit  = 4096
)

// quoted is a value in quotes, escaped as diag.Quote does but cut much later.
func quoted(text string) string {
	rest := 0
	if len(text) > valueLimit {
		cut := strings.ToValidUTF8(text[:valueLimit], "")
		rest = len(text) - len(cut)
		text = cut
	}
	var b strings.Builder
	b.WriteByte('"')
	for len(text) > 0 {
		n := chunk(text)
		piece := diag.Quote(text[:n])
		b.WriteString(piece[1 : len(piece)-1])
		text = text[n:]
	}
	b.WriteByte('"')
	if rest > 0 {
		fmt.Fprintf(&b, "... (%d more bytes)", rest)
	}
	return doubledEscape.ReplaceAllString(b.String(), "$1")
}

// doubledEscape is a byte that a provider has escaped already, see schema.IsEscaped.
var doubledEscape = regexp.MustCompile(`\\(\\x[89a-f][0-9a-f])`)

// chunk is the length of the first piece of text that does not split a character.
func chunk(text string) int {
	if len(text) <= chunkLength {
		return len(text)
	}
	n := chunkLength
	for n > chunkLength-utf8.UTFMax && !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}

// Plural gives a number with its word: "1 device", "2 devices".
func Plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// joinNonEmpty joins what there is of a sentence and its reason.
func joinNonEmpty(words, detail string) string {
	switch {
	case detail == "":
		return words
	case words == "":
		return detail
	default:
		return words + ": " + detail
	}
}

// seconds is a duration as people read it: whole seconds.
func seconds(d time.Duration) string { return d.Round(time.Second).String() }
