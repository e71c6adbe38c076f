package simulator

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// element is one element of a document, with the places of its parts in the bytes:
//
//	<name a="b">content</name>
//	^start      ^inner ^close ^end
//
// An element that is closed in its own tag has inner, close and end at the same place.
type element struct {
	name                     string // without prefix
	attrs                    []xml.Attr
	start, inner, close, end int
	text                     string // character data directly within the element, trimmed
	ordinal                  int    // how many siblings of the same name stand before it
	children                 []*element
}

var errMarkup = errors.New("not one well-formed element")

// scanned are documents whose elements were found lately. A device looks into the same ones for each request.
var scanned struct {
	sync.Mutex
	roots map[string]*element
	size  int // of the documents, in bytes
}

// scannedLimit is the size of the documents that scanned keeps before it starts again.
const scannedLimit = 2 << 20

// scan finds the elements of a document, which must not be changed. Entities are resolved in text only; the document type is
// ignored. A text that is not UTF-8 is the bytes that stand there.
func scan(doc []byte) (*element, error) {
	scanned.Lock()
	root, ok := scanned.roots[string(doc)]
	scanned.Unlock()
	if ok {
		return root, nil
	}
	root, err := elementsOf(doc)
	if err != nil {
		return nil, err
	}
	scanned.Lock()
	defer scanned.Unlock()
	if scanned.size += len(doc); scanned.roots == nil || scanned.size > scannedLimit {
		scanned.roots, scanned.size = map[string]*element{}, len(doc)
	}
	scanned.roots[string(doc)] = root
	return root, nil
}

func elementsOf(doc []byte) (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(onlyUTF8(doc)))
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	var root *element
	var open []*element
	for {
		start := int(decoder.InputOffset())
		token, err := decoder.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			if root != nil && len(open) == 0 && onlyPadding(doc[root.end:]) {
				break
			}
			return nil, err
		}
		offset := int(decoder.InputOffset())
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local, attrs: slices.Clone(t.Attr), start: start, inner: offset}
			switch {
			case len(open) > 0:
				open[len(open)-1].adopt(e)
			case root == nil:
				root = e
			default:
				return nil, fmt.Errorf("%w: second root %s", errMarkup, e.name)
			}
			open = append(open, e)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1].name != t.Name.Local {
				return nil, fmt.Errorf("%w: unexpected end of %s", errMarkup, t.Name.Local)
			}
			e := open[len(open)-1]
			e.close, e.end, e.text = start, offset, strings.TrimSpace(e.text)
			if content := string(doc[e.inner:e.close]); e.leaf() && !utf8.ValidString(content) {
				e.text = strings.TrimSpace(content)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(t)
			} else if !onlyPadding(t) {
				return nil, fmt.Errorf("%w: text outside the root", errMarkup)
			}
		}
	}
	if root == nil || len(open) > 0 {
		return nil, errMarkup
	}
	return root, nil
}

// onlyUTF8 is a document with a question mark in place of every byte that is no character, so that all others keep theirs.
func onlyUTF8(doc []byte) []byte {
	if utf8.Valid(doc) {
		return doc
	}
	doc = bytes.Clone(doc)
	for at := 0; at < len(doc); {
		r, size := utf8.DecodeRune(doc[at:])
		if r == utf8.RuneError && size == 1 {
			doc[at] = '?'
		}
		at += size
	}
	return doc
}

func (e *element) adopt(c *element) {
	for _, sibling := range slices.Backward(e.children) {
		if sibling.name == c.name {
			c.ordinal = sibling.ordinal + 1
			break
		}
	}
	e.children = append(e.children, c)
}

// onlyPadding reports whether data is white space or the NULs that old web servers add.
func onlyPadding(data []byte) bool { return len(bytes.Trim(data, " \t\r\n\x00")) == 0 }

func (e *element) leaf() bool { return len(e.children) == 0 }

// child returns the first child of that name, or nil. It may be called on nil.
func (e *element) child(name string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// find returns the first descendant of that name in document order, or nil. It may be called on nil.
func (e *element) find(name string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.name == name {
			return c
		}
		if found := c.find(name); found != nil {
			return found
		}
	}
	return nil
}

// towards returns the child that holds e's descendant, or is it.
func (e *element) towards(descendant *element) *element {
	for _, c := range e.children {
		if c.start <= descendant.start && descendant.end <= c.end {
			return c
		}
	}
	panic("this is a bug: an element of another document")
}

// value returns the text of the first child of that name, or "".
func (e *element) value(name string) string {
	if c := e.child(name); c != nil {
		return c.text
	}
	return ""
}

// attr returns the value of an attribute.
func (e *element) attr(name string) (string, bool) {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// walk calls visit for the element and everything below it.
func (e *element) walk(visit func(*element)) {
	visit(e)
	for _, c := range e.children {
		c.walk(visit)
	}
}

// identities are the elements that tell one item of a list from another, strongest first. Numbers are slots, so a name of
// a protocol wins over an id.
var identities = []string{"protocol", "internalPort", "trafficType", "id"}

// identity returns the name and text of what identifies the element among siblings of the same name.
func (e *element) identity() (name, text string) {
	for _, name := range identities {
		if c := e.child(name); c != nil {
			return name, c.text
		}
	}
	return "", ""
}

// counterpart finds the child that means the same as e, an element of another document: by name, within lists by identity,
// and among siblings without one by their order. It may be called on nil.
func (e *element) counterpart(of *element) *element {
	if e == nil {
		return nil
	}
	key, want := of.identity()
	for _, c := range e.children {
		if c.name == of.name && (key == "" && c.ordinal == of.ordinal || key != "" && c.value(key) == want) {
			return c
		}
	}
	return nil
}

// startTag returns the bytes of the start tag without its closing bracket, so that <a/> and <a> compare equal.
func (e *element) startTag(doc []byte) string {
	return strings.TrimSpace(strings.TrimRight(string(doc[e.start:e.inner]), "/>"))
}

// edit replaces doc[from:to].
type edit struct {
	from, to int
	with     string
}

// apply makes edits, which must not overlap, in a copy of the document.
func apply(doc []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	out := make([]byte, 0, len(doc)+64)
	at := 0
	for _, e := range edits {
		out = append(out, doc[at:e.from]...)
		out = append(out, e.with...)
		at = e.to
	}
	return append(out, doc[at:]...)
}

// setText is the edit that gives a leaf of doc another text, opening it where it is closed in its own tag.
func (e *element) setText(doc []byte, text string) edit {
	return e.setContent(doc, escape(text))
}

// setContent is the edit that replaces everything within e.
func (e *element) setContent(doc []byte, content string) edit {
	if e.inner < e.end {
		return edit{e.inner, e.close, content}
	}
	if content == "" {
		return edit{e.start, e.start, ""}
	}
	tag := e.startTag(doc)
	name, _, _ := strings.Cut(tag[1:], " ")
	return edit{e.start, e.end, tag + ">" + content + "</" + name + ">"}
}

// remove is the edit that takes e out of doc, with the white space before it.
func (e *element) remove(doc []byte) edit {
	from := len(bytes.TrimRight(doc[:e.start], " \t\r\n"))
	return edit{from, e.end, ""}
}

// appendChild is the edit that puts markup behind the last child of e, or makes it the only one.
func (e *element) appendChild(doc []byte, markup string) edit {
	if len(e.children) > 0 {
		return e.children[len(e.children)-1].insertAfter(doc, markup)
	}
	return e.setContent(doc, markup)
}

// insertAfter is the edit that puts markup behind e, set off by the white space that stands before e.
func (e *element) insertAfter(doc []byte, markup string) edit {
	space := doc[len(bytes.TrimRight(doc[:e.start], " \t\r\n")):e.start]
	return edit{e.end, e.end, string(space) + markup}
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape makes text safe within an element.
func escape(text string) string { return escaper.Replace(text) }
