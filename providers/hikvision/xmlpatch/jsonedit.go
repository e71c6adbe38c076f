package xmlpatch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// jsonSyntax is how JSON is edited. How it is read, the reader says.
type jsonSyntax struct{}

func (jsonSyntax) text(n *node) string { return n.json.text }

func (jsonSyntax) set(n *node, text string) ([]splice, error) {
	v := n.json
	switch {
	case v.form == object || v.form == array:
		return nil, fmt.Errorf("%w: an object or array", ErrContent)
	case text == v.text:
		return nil, nil
	case v.form == number && !isNumber(text):
		return nil, fmt.Errorf("%w: the document has a number there, and the text is not one", errInvalidJSON)
	case v.form == boolean && !isBoolean(text):
		return nil, fmt.Errorf("%w: the document has true or false there, and the text is neither", errInvalidJSON)
	case v.form == number, v.form == boolean:
		return []splice{{v.span, text}}, nil
	}
	written, err := quote(text)
	return []splice{{v.span, written}}, err
}

func (jsonSyntax) cover(n *node, text string) ([]splice, error) {
	written, err := quote(text)
	return []splice{{n.json.span, written}}, err
}

func isBoolean(text string) bool { return text == "true" || text == "false" }

func (jsonSyntax) insert(parent *node, name, text string, after []string) ([]splice, error) {
	v := parent.json
	switch {
	case v.form != object:
		return nil, fmt.Errorf("%w: no object", ErrContent)
	case v.member(name) != nil: // an empty array, which is no child
		return nil, ErrExists
	}
	written, err := v.written(name, text)
	if err != nil {
		return nil, err
	}
	neighbour := last(v.parts, (*value).ownName, after)
	return v.adding(parent.tree.body, neighbour, `"`+name+`"`+v.colon(parent.tree.body, neighbour)+written), nil
}

// written returns text as it is written for a member of that name, which v does not have.
func (v *value) written(name, text string) (string, error) {
	usual := v.usualForm(name)
	switch {
	case usual == quoted:
		return quote(text)
	case usual == number && isNumber(text), isExactNumber(text), isBoolean(text):
		return text, nil
	}
	return quote(text)
}

// usualForm returns how a member of that name is written in the first of the entries beside v that has one; null if there
// is none.
func (v *value) usualForm(name string) form {
	if v.in == nil || v.in.form != array {
		return null
	}
	for _, entry := range v.in.parts {
		if member := entry.member(name); member != nil {
			return member.form
		}
	}
	return null
}

// isExactNumber reports whether s is a number that comes back as s from a program that reads it into a double.
func isExactNumber(s string) bool {
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && isNumber(s) && strconv.FormatFloat(f, 'f', -1, 64) == s
}

// member returns the member of v with the name, which is not empty; nil if there is none.
func (v *value) member(name string) *value {
	i := slices.IndexFunc(v.parts, func(part *value) bool { return part.name == name })
	if i < 0 {
		return nil
	}
	return v.parts[i]
}

// colon returns what stands between name and value of the neighbour; nil stands for the innermost member around v.
func (v *value) colon(body string, neighbour *value) string {
	if neighbour == nil {
		neighbour = v
	}
	for ; neighbour != nil; neighbour = neighbour.in {
		if neighbour.isMember() {
			return body[neighbour.key.to:neighbour.span.from]
		}
	}
	return ":"
}

// adding puts part, as it is written, behind the given part of v; nil where v has none.
func (v *value) adding(body string, neighbour *value, part string) []splice {
	if neighbour != nil {
		at := neighbour.span.to
		return []splice{{span{at, at}, "," + neighbour.lead(body) + part}}
	}
	before, behind := layout(v.lead(body), v.outerLead(body))
	return []splice{{v.inside(), before + part + behind}}
}

// inside is the span between the brackets of v.
func (v *value) inside() span { return span{v.span.from + 1, v.span.to - 1} }

// lead returns the white space before v and its name.
func (v *value) lead(body string) string { return leadTo(body, v.whole().from) }

// outerLead returns the white space before what v is in.
func (v *value) outerLead(body string) string {
	if v.in == nil {
		return v.lead(body)
	}
	return v.in.lead(body)
}

func (jsonSyntax) append(t *tree, list Path, item string) ([]splice, error) {
	v, err := t.list(list)
	if err != nil {
		return nil, err
	}
	if v.form != array {
		return nil, fmt.Errorf("%w: no array", ErrContent)
	}
	r := jsonReader{cursor: cursor{tree: &tree{body: item}}}
	if _, err := r.only(space); err != nil {
		return nil, fmt.Errorf("item: %w", err)
	}
	return v.adding(t.body, last(v.parts, (*value).ownName, nil), trim(item)), nil
}

// list returns the value that p leads to: where its last step is a mere name, the member of that name, since an array is
// no element; otherwise the one element.
func (t *tree) list(p Path) (*value, error) {
	if p.IsRoot() || !p.steps[len(p.steps)-1].isMereName() {
		n, err := t.only(p)
		if err != nil {
			return nil, err
		}
		return n.json, nil
	}
	parent, err := t.only(p.Parent())
	if err != nil {
		return nil, err
	}
	v := parent.json.member(p.Name())
	if v == nil {
		return nil, ErrNotFound
	}
	return v, nil
}

func (jsonSyntax) remove(n *node) ([]splice, error) {
	v := n.json
	if n.parent == nil {
		return nil, fmt.Errorf("%w: a document cannot be without its root", ErrMalformed)
	}
	all := v.in.parts
	switch i := slices.Index(all, v); {
	case i > 0:
		return []splice{{span{all[i-1].span.to, v.span.to}, ""}}, nil
	case len(all) > 1:
		return []splice{{span{v.whole().from, all[1].whole().from}, ""}}, nil
	}
	return []splice{{v.in.inside(), ""}}, nil
}

func (jsonSyntax) rename(n *node, name string) ([]splice, error) {
	switch {
	case !n.json.isMember():
		return nil, fmt.Errorf("%w: only a member of an object has a name", errInvalidJSON)
	case !isLocalName(name):
		return nil, fmt.Errorf("%w: %.40q is not a local name", errInvalidJSON, name)
	}
	return []splice{{n.json.key, `"` + name + `"`}}, nil
}

// quote returns text as it is written as a string: nothing is escaped that need not be. The error does not show the text.
func quote(text string) (string, error) {
	if at := badUTF8(text); at >= 0 {
		return "", fmt.Errorf("%w: the text is not UTF-8 at byte %d", errInvalidJSON, at)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		b.WriteString(escaped(c))
	}
	b.WriteByte('"')
	return b.String(), nil
}

// escaped returns how a character is written in a string.
func escaped(c rune) string {
	switch c {
	case '"', '\\':
		return `\` + string(c)
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	if c < ' ' {
		return fmt.Sprintf(`\u%04x`, c)
	}
	return string(c)
}
