package xmlpatch

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// space is the white space of XML.
const space = " \t\r\n"

func trim(s string) string { return strings.Trim(s, space) }

const (
	cdataStart = "<![CDATA["
	cdataEnd   = "]]>"
)

// decode returns the characters that a run of text stands for. The parser has checked the run.
func decode(run string) string {
	var b strings.Builder
	for run != "" {
		text, cdata, _ := strings.Cut(run, cdataStart)
		verbatim, rest, _ := strings.Cut(cdata, cdataEnd)
		b.WriteString(unescape(normalise(text)))
		b.WriteString(normalise(verbatim))
		run = rest
	}
	return b.String()
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// normalise gives line breaks the form that XML prescribes for readers.
func normalise(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	return lineBreaks.Replace(s)
}

// unescape replaces references by their characters. An & that starts none is itself: firmware writes names and addresses
// without escaping them (reported of a camera of 2023), and no document type gives it another meaning.
func unescape(s string) string {
	before, rest, found := strings.Cut(s, "&")
	if !found {
		return s
	}
	var b strings.Builder
	for found {
		b.WriteString(before)
		name, after, ended := strings.Cut(rest, ";")
		if r, known := reference(name); ended && known {
			b.WriteRune(r)
			rest = after
		} else {
			b.WriteByte('&')
		}
		before, rest, found = strings.Cut(rest, "&")
	}
	b.WriteString(before)
	return b.String()
}

// reference returns the character that &name; stands for.
func reference(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "apos":
		return '\'', true
	case "quot":
		return '"', true
	}
	number, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(number, "x"); ok {
		number, base = hex, 16
	}
	code, err := strconv.ParseUint(number, base, 32)
	return rune(code), err == nil && code <= utf8.MaxRune && isCharacter(rune(code))
}

// escaper makes text safe between tags. A carriage return would be read as a line feed, so it is written as a reference.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")

// encode returns text as it is written between tags. The error does not show the text.
func (t *tree) encode(text string) (string, error) {
	if at := badCharacter(text); at >= 0 {
		return "", fmt.Errorf("%w: the text has a forbidden character at byte %d", errInvalidXML, at)
	}
	if at := strings.IndexFunc(text, beyondASCII); at >= 0 && t.encoding != "" {
		return "", fmt.Errorf("%w: the text has a character beyond ASCII at byte %d, and the document is in the encoding %.20q", errInvalidXML, at, t.encoding)
	}
	return escaper.Replace(text), nil
}

func beyondASCII(r rune) bool { return r >= utf8.RuneSelf }

// legible is a stretch of the document as text. Where that is not UTF-8, or the document declares another encoding, every byte
// beyond ASCII is written like \xb6: which of them belong together nobody knows. So is every control character.
func (t *tree) legible(s string) string {
	bytewise := t.encoding != "" || !utf8.ValidString(s)
	if !strings.ContainsFunc(s, func(r rune) bool { return bytewise && beyondASCII(r) || isControl(r) }) {
		return s
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		if bytewise && c >= utf8.RuneSelf || isControl(rune(c)) {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isControl reports whether r is a control character that XML has no place for.
func isControl(r rune) bool { return r < ' ' && !strings.ContainsRune(space, r) }

// forbiddenAt returns the offset of the first byte of a document that no XML can have, or -1. What is not UTF-8 can be
// characters of another encoding; then only control characters are known for what they are.
func forbiddenAt(body string) int {
	if utf8.ValidString(body) {
		return badCharacter(body)
	}
	for i := range len(body) {
		if isControl(rune(body[i])) {
			return i
		}
	}
	return -1
}

// badCharacter returns the offset of the first byte of s that does not belong to a character allowed in XML, or -1.
func badCharacter(s string) int {
	for i, r := range s {
		broken := r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd")
		if broken || !isCharacter(r) {
			return i
		}
	}
	return -1
}

// isCharacter reports whether XML 1.0 allows r (production Char).
func isCharacter(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r < 0xE000:
		return r < 0xD800
	}
	return r != 0xFFFE && r != 0xFFFF
}

// isLocalName reports whether s can be the name of an element, without a prefix.
func isLocalName(s string) bool {
	return s != "" && nameLength(s) == len(s) && !strings.Contains(s, ":") && len(s) <= MaxName
}

// nameLength returns how many bytes at the front of s form a name; 0 if there is none.
func nameLength(s string) int {
	for i, r := range s {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			continue // nearly all, and much faster than the tables
		}
		if !unicode.Is(nameStart, r) && (i == 0 || !unicode.Is(namePart, r)) {
			return i
		}
	}
	return len(s)
}

// nameStart holds the characters that a name can begin with: NameStartChar of XML 1.0, fifth edition, but for U+FFFD, as
// which Go also reads what is not UTF-8.
var nameStart = &unicode.RangeTable{
	R16: []unicode.Range16{
		{':', ':', 1},
		{'A', 'Z', 1},
		{'_', '_', 1},
		{'a', 'z', 1},
		{0xC0, 0xD6, 1},
		{0xD8, 0xF6, 1},
		{0xF8, 0x2FF, 1},
		{0x370, 0x37D, 1},
		{0x37F, 0x1FFF, 1},
		{0x200C, 0x200D, 1},
		{0x2070, 0x218F, 1},
		{0x2C00, 0x2FEF, 1},
		{0x3001, 0xD7FF, 1},
		{0xF900, 0xFDCF, 1},
		{0xFDF0, 0xFFFC, 1},
	},
	R32: []unicode.Range32{{0x10000, 0xEFFFF, 1}},
}

// namePart holds the characters that a name can go on with, besides those of nameStart: the rest of NameChar.
var namePart = &unicode.RangeTable{
	R16: []unicode.Range16{{'-', '.', 1}, {'0', '9', 1}, {0xB7, 0xB7, 1}, {0x300, 0x36F, 1}, {0x203F, 0x2040, 1}},
}
