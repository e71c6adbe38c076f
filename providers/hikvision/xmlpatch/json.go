package xmlpatch

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ParseJSON reads a JSON document, which newer firmware speaks at some paths, so that everything else treats it like XML.
// Body is not kept. White space and NUL bytes behind the document are accepted, as Parse accepts them, and stay.
//
//   - The one member of the outermost object is the root. If it has several members or none, or its one member is an array
//     or an attribute, or the document is an array, then the root is an element without a name, and they are in it. No
//     edit takes a document from one of these forms to the other: its error wraps ErrMalformed.
//   - A member of an object is an element. An array is an element of its name for each of its entries, and so none at all
//     if it is empty. The entries of an array within an array are children of that entry and have its name.
//   - A member whose name begins with @ is an attribute without the @: in capability documents, "@min":1 is what min="1" is
//     in XML. An array is read as its entries with commas between, as those of opt are. What objects are in it is not read.
//   - A string has the text that it stands for, white space around it included. Numbers, true and false have the text that
//     they are written in, and null and all else has "".
//
// The limits are those of Parse. Every value but the outermost counts as an element does, arrays and attributes included.
//
// The error wraps ErrMalformed or ErrLimit, and names line and column, both counted from 1, columns in characters. What
// parsers do not agree in is refused: a second member of an object with the same name, and half of a surrogate pair.
func ParseJSON(body []byte) (*Document, error) { return parsed(jsonSyntax{}, body) }

// value is a value in the body of a JSON document.
type value struct {
	form  form
	in    *value   // the object or array that it is a part of; nil for the outermost
	parts []*value // the members of an object, or the entries of an array
	name  string   // of a member
	key   span     // the name as it is written; empty for what is no member
	span  span     // the value itself
	text  string
}

type form int

const (
	null form = iota
	object
	array
	quoted
	number
	boolean
)

// whole is the span of the value with its name.
func (v *value) whole() span {
	if v.isMember() {
		return span{v.key.from, v.span.to}
	}
	return v.span
}

func (v *value) ownName() string { return v.name }

func (v *value) isMember() bool { return v.key != span{} }

func (v *value) isAttribute() bool { return v.isMember() && strings.HasPrefix(v.name, "@") }

// isRoot reports whether v, the one member of the outermost object, is the root.
func (v *value) isRoot() bool { return v.name != "" && !v.isAttribute() && v.form != array }

func (jsonSyntax) parse(body string) (*tree, error) {
	t := &tree{body: body, syntax: jsonSyntax{}}
	r := jsonReader{cursor: cursor{tree: t}}
	top, err := r.document()
	if err != nil {
		return nil, err
	}
	if len(top.parts) == 1 && top.parts[0].isRoot() {
		top = top.parts[0]
	}
	t.root = t.grow(nil, top, top.name)
	return t, nil
}

// grow makes v an element below parent, with all that is in it.
func (t *tree) grow(parent *node, v *value, name string) *node {
	n := &node{tree: t, parent: parent, local: name, whole: v.span, json: v}
	t.nodes = append(t.nodes, n)
	for _, part := range v.parts {
		switch {
		case part.isAttribute():
			name := strings.TrimPrefix(part.name, "@")
			n.attrs = append(n.attrs, attribute{name: name, local: name, value: part.attribute()})
		case part.isMember() && part.form == array:
			for _, entry := range part.parts {
				n.children = append(n.children, t.grow(n, entry, part.name))
			}
		case part.isMember():
			n.children = append(n.children, t.grow(n, part, part.name))
		default:
			n.children = append(n.children, t.grow(n, part, name))
		}
	}
	return n
}

// attribute returns v as the value of an attribute.
func (v *value) attribute() string {
	if v.form != array {
		return v.text
	}
	texts := make([]string, len(v.parts))
	for i, entry := range v.parts {
		texts[i] = entry.text
	}
	return strings.Join(texts, ",")
}

// jsonReader reads JSON as RFC 8259 defines it.
type jsonReader struct {
	cursor
	depth, count int // of the values that are part of others
}

// document reads the whole body.
func (r *jsonReader) document() (*value, error) {
	r.skip("\ufeff")
	top, err := r.only(trailing)
	if err == nil && top.form != object && top.form != array {
		err = r.malformed(top.span.from, "neither an object nor an array")
	}
	return top, err
}

// only reads a value behind which nothing follows but the given characters.
func (r *jsonReader) only(behind string) (*value, error) {
	if err := r.checkLength(); err != nil {
		return nil, err
	}
	if at := badUTF8(r.body); at >= 0 {
		return nil, r.malformed(at, "not UTF-8")
	}
	r.skipSpace()
	v := &value{}
	if err := r.value(v); err != nil {
		return nil, err
	}
	r.skipAll(behind)
	if r.at < len(r.body) {
		return nil, r.malformed(r.at, "something after the value")
	}
	return v, nil
}

// badUTF8 returns the offset of the first byte of s that does not belong to a character, or -1.
func badUTF8(s string) int {
	for i, c := range s {
		if c == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			return i
		}
	}
	return -1
}

// value reads v, and what is in it.
func (r *jsonReader) value(v *value) (err error) {
	v.span.from = r.at
	switch {
	case r.skip("{"):
		v.form = object
		err = r.members(v)
	case r.skip("["):
		v.form = array
		err = r.list("]", func() error { return r.part(&value{in: v}) })
	case r.skip(`"`):
		v.form = quoted
		v.text, err = r.quoted()
	default:
		err = r.literal(v)
	}
	v.span.to = r.at
	return err
}

// literal reads a value that is a word.
func (r *jsonReader) literal(v *value) error {
	word := literals.FindString(r.body[r.at:])
	switch {
	case word == "null":
	case word == "true", word == "false":
		v.form, v.text = boolean, word
	case isNumber(word):
		v.form, v.text = number, word
	default:
		return r.malformed(r.at, "a value is missing or broken")
	}
	r.at += len(word)
	return nil
}

var (
	literals = regexp.MustCompile(`^[-+.0-9A-Za-z]*`)
	numbers  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
)

func isNumber(s string) bool { return numbers.MatchString(s) }

// list reads what stands up to the closing bracket, with commas between.
func (r *jsonReader) list(closing string, read func() error) error {
	r.skipSpace()
	if r.skip(closing) {
		return nil
	}
	for {
		if err := read(); err != nil {
			return err
		}
		r.skipSpace()
		if r.skip(closing) {
			return nil
		}
		if !r.skip(",") {
			return r.malformed(r.at, "missing , or %s", closing)
		}
		r.skipSpace()
	}
}

// part reads a value that is in another.
func (r *jsonReader) part(v *value) error {
	switch {
	case r.depth == MaxDepth:
		return r.beyond(r.at, "values nested more than %d deep", MaxDepth)
	case r.count == MaxElements:
		return r.beyond(r.at, "more than %d values", MaxElements)
	}
	r.count++
	v.in.parts = append(v.in.parts, v)
	r.depth++
	err := r.value(v)
	r.depth--
	return err
}

// members reads an object up to its end.
func (r *jsonReader) members(v *value) error {
	names, attributes := map[string]bool{}, 0
	return r.list("}", func() error {
		member, err := r.named(v)
		if err != nil {
			return err
		}
		if names[member.name] {
			return r.malformed(member.key.from, "the second member of that name")
		}
		names[member.name] = true
		if member.isAttribute() {
			attributes++
		}
		if attributes > MaxAttributes {
			return r.beyond(member.key.from, "more than %d attributes", MaxAttributes)
		}
		return r.part(member)
	})
}

// named reads the name of a member of v, and moves to its value.
func (r *jsonReader) named(v *value) (*value, error) {
	start := r.at
	if !r.skip(`"`) {
		return nil, r.malformed(start, "a name is missing")
	}
	name, err := r.quoted()
	if err != nil {
		return nil, err
	}
	if len(name) > MaxName {
		return nil, r.beyond(start, "a name of more than %d bytes", MaxName)
	}
	member := &value{in: v, name: name, key: span{start, r.at}}
	r.skipSpace()
	if !r.skip(":") {
		return nil, r.malformed(r.at, "missing :")
	}
	r.skipSpace()
	return member, nil
}

// quoted reads a string behind its first quotation mark.
func (r *jsonReader) quoted() (string, error) {
	start := r.at - 1
	var b strings.Builder
	for {
		plain := r.plain()
		r.at += len(plain)
		switch {
		case r.skip(`"`):
			if b.Len() == 0 {
				return plain, nil // shares the bytes of the body
			}
			b.WriteString(plain)
			return b.String(), nil
		case r.sees(`\`):
			character, err := r.escape()
			if err != nil {
				return "", err
			}
			b.WriteString(plain)
			b.WriteRune(character)
		case r.at == len(r.body):
			return "", r.malformed(start, "string without end")
		default:
			return "", r.malformed(r.at, "a control character in a string")
		}
	}
}

// plain returns the characters ahead that stand for themselves in a string.
func (r *jsonReader) plain() string {
	rest := r.body[r.at:]
	for i := range len(rest) {
		if c := rest[i]; c < ' ' || c == '"' || c == '\\' {
			return rest[:i]
		}
	}
	return rest
}

// shortEscapes are the characters that stand behind a backslash, and what they stand for there.
var shortEscapes = map[string]rune{
	`"`: '"', `\`: '\\', "/": '/', "b": '\b', "f": '\f', "n": '\n', "r": '\r', "t": '\t',
}

// escape reads a backslash and what belongs to it.
func (r *jsonReader) escape() (rune, error) {
	start := r.at
	r.at++
	if character, ok := shortEscapes[r.ahead(1)]; ok {
		r.at++
		return character, nil
	}
	r.at = start
	unit, ok := r.codeUnit()
	if !ok {
		return 0, r.malformed(start, "an unknown or broken escape")
	}
	if !utf16.IsSurrogate(unit) {
		return unit, nil
	}
	low, _ := r.codeUnit()
	character := utf16.DecodeRune(unit, low)
	if character == utf8.RuneError {
		return 0, r.malformed(start, "half of a surrogate pair")
	}
	return character, nil
}

// codeUnit reads \u and four hexadecimal digits, if they follow.
func (r *jsonReader) codeUnit() (rune, bool) {
	digits, ok := strings.CutPrefix(r.ahead(6), `\u`)
	if !ok || len(digits) < 4 {
		return 0, false
	}
	unit, err := strconv.ParseUint(digits, 16, 16)
	if err != nil {
		return 0, false
	}
	r.at += 6
	return rune(unit), true
}
