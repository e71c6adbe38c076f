package render

import (
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// Wrap breaks a line at spaces so that no part of it is wider than width columns, and indents the parts behind the first. A word that is
// wider stays whole, and so does a command behind four spaces, which people copy. Escape sequences that colour text take no columns, and
// the sign of a comment stays with its words. A width of 0 or less breaks nothing.
func Wrap(line string, width, indent int) string {
	if width <= 0 || len(line) <= width || strings.HasPrefix(line, "    camform ") {
		return line
	}
	var b strings.Builder
	start, column := 0, 0 // of the part that is being measured
	space, after := -1, 0 // the last run of spaces in it, and the column behind that run
	text := false         // whether anything but spaces came in the part
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRuneInString(line[i:])
		switch {
		case r == '\x1b':
			size = escape(line[i:])
		case r == ' ':
			if text && line[i-1] != '#' && (space < 0 || strings.Trim(line[space:i], " ") != "") {
				space = i
			}
			column++
			after = column
		default:
			column += runewidth.RuneWidth(r)
			text = true
		}
		i += size
		if column <= width || space < 0 || r == ' ' {
			continue
		}
		rest := strings.TrimLeft(line[space:], " ")
		b.WriteString(line[start:space] + "\n" + strings.Repeat(" ", indent))
		start, column = len(line)-len(rest), column-after+indent
		space = -1
	}
	return b.String() + line[start:]
}

// escape returns the length of the escape sequence with which text begins.
func escape(text string) int {
	if end := strings.IndexByte(text, 'm'); strings.HasPrefix(text, "\x1b[") && end >= 0 {
		return end + 1
	}
	return 1
}
