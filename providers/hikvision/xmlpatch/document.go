package xmlpatch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The families of errors. Every error of this package wraps exactly one of them.
var (
	ErrMalformed = errors.New("malformed document")                 // Parse, or an edit that would break the document
	ErrLimit     = errors.New("document beyond the limits")         // Parse, or an edit that would exceed them
	ErrPath      = errors.New("invalid element path")               // a path that cannot be read, or not used this way
	ErrNotFound  = errors.New("no such element")                    // nothing matches the path
	ErrAmbiguous = errors.New("several elements match")             // it is not clear which one is meant
	ErrExists    = errors.New("the element exists already")         // Insert
	ErrContent   = errors.New("the element holds something else")   // children instead of text, or text instead of children
	ErrInvalid   = errors.New("not writable as part of a document") // a text, name or item that its language cannot carry
)

// Document is an XML or JSON document with the bytes that it was made of, which Parse or ParseJSON makes. Several
// goroutines may read one as long as none edits it.
type Document struct{ tree *tree }

// tree is a parsed document. It is never changed: an edit makes another one.
type tree struct {
	body   string
	syntax syntax

	encoding string // that XML declares, where it is not UTF-8; empty otherwise

	root  *node
	nodes []*node // all elements, in document order
}

// node is an element and where it lies in the body.
type node struct {
	tree     *tree
	parent   *node // nil for the root
	children []*node
	local    string
	attrs    []attribute
	whole    span // from the start tag to the end tag; in JSON, the value

	tags        // how it is written in XML
	json *value // how it is written in JSON
}

type attribute struct{ name, local, value string }

// span is a half-open range of bytes of the body.
type span struct{ from, to int }

func (s span) of(body string) string { return body[s.from:s.to] }

// nowhere is the tree of the node behind the zero Element.
var nowhere = &tree{syntax: xmlSyntax{}}

// Format prints the root and the size for every verb of package fmt, so that no content gets into a log.
func (d Document) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "<%s> document of %d bytes", d.tree.root.local, len(d.tree.body))
}

// Bytes returns the document: the bytes that were parsed with the edits made since. The slice belongs to the caller.
func (d *Document) Bytes() []byte { return []byte(d.tree.body) }

// Legible returns the document for people to look at: in UTF-8, with the bytes that are no characters escaped as Element.Text
// escapes them.
func (d *Document) Legible() string {
	var b strings.Builder
	for part := range strings.SplitAfterSeq(d.tree.body, "<") {
		tag, text, _ := strings.Cut(part, ">")
		b.WriteString(d.tree.legible(tag))
		b.WriteString(part[len(tag) : len(part)-len(text)])
		b.WriteString(d.tree.legible(text))
	}
	return b.String()
}

// Root returns the root element. Its name should be checked before anything else is believed: a device may answer any
// request with a `userCheck` or a `ResponseStatus` document.
func (d *Document) Root() Element { return Element{d.tree.root} }

// Find returns the first element, in document order, that p leads to from the root.
func (d *Document) Find(p Path) (Element, bool) { return d.Root().Find(p) }

// All returns the elements that p leads to from the root, in document order.
func (d *Document) All(p Path) []Element { return d.Root().All(p) }

// FindSuffix returns the first element, in document order, whose path from anywhere, the root included, ends in p.
// Capability documents nest the same element differently from model to model. The empty path finds the root.
func (d *Document) FindSuffix(p Path) (Element, bool) {
	for _, n := range d.tree.nodes {
		if n.endsIn(p.steps) {
			return Element{n}, true
		}
	}
	return Element{}, false
}

// Element is an element of a document as it was when the element was looked up: edits of the document do not show in it.
// The zero Element has no name, text, attributes or children, so that a lookup need not be checked when absent and empty
// are the same.
type Element struct{ node *node }

// Format prints the local name for every verb of package fmt, so that no content gets into a log.
func (e Element) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "<%s>", e.Name()) }

// Name returns the local name. It is "" for a root without a name and for the entries of an array that is one, which are in
// JSON only; no path leads to such entries.
func (e Element) Name() string { return e.view().local }

// Text returns the characters directly inside the element, CDATA included, unescaped, with line breaks as \n, and without
// the white space around them. Devices pad numbers with blanks and line breaks. Elements that only hold other elements
// have the text "". Bytes that are no characters, such as those of a name in GBK, are written \xb6, so that the text is
// always UTF-8.
//
// In JSON, it is the string as it is, white space included, or the number, true or false as written; "" for null.
func (e Element) Text() string { return e.view().text() }

// Attr returns the unescaped value of the first attribute with that local name, and whether there is one. Declarations of
// namespace prefixes are no attributes; "xmlns" gives the default namespace that the element itself declares.
// In JSON, attributes are the members whose names begin with @; see ParseJSON.
func (e Element) Attr(name string) (string, bool) {
	for _, a := range e.view().attrs {
		if a.local == name && a.name != "xmlns:"+name {
			return a.value, true
		}
	}
	return "", false
}

// EndsIn reports whether the path to e from anywhere, the root included, ends in p.
func (e Element) EndsIn(p Path) bool { return e.view().endsIn(p.steps) }

// Path returns the path that leads from the root to e alone.
func (e Element) Path() Path {
	n := e.view()
	if n.parent == nil {
		return Path{}
	}
	s := step{name: n.local}
	s.position = n.position(s)
	return Path{append(Element{n.parent}.Path().steps, s)}
}

// Parent returns the element that e lies in; the zero Element for the root.
func (e Element) Parent() Element { return Element{e.view().parent} }

// Children returns the child elements in document order.
func (e Element) Children() []Element { return elements(e.view().children) }

// Raw returns the bytes of the element, from the start of its start tag to the end of its end tag; in JSON, those of its
// value, without the name. It is what Append takes. The slice belongs to the caller.
func (e Element) Raw() []byte {
	n := e.view()
	return []byte(n.whole.of(n.tree.body))
}

// Find returns the first element, in document order, that p leads to from this one.
func (e Element) Find(p Path) (found Element, ok bool) {
	e.view().walk(p.steps, func(n *node) bool {
		found, ok = Element{n}, true
		return false
	})
	return found, ok
}

// All returns the elements that p leads to from this one, in document order.
func (e Element) All(p Path) []Element { return elements(e.view().all(p)) }

// view returns the node of e, and for the zero Element an empty one.
func (e Element) view() *node {
	if e.node == nil {
		return &node{tree: nowhere}
	}
	return e.node
}

func elements(nodes []*node) []Element {
	list := make([]Element, len(nodes))
	for i, n := range nodes {
		list[i] = Element{n}
	}
	return list
}

func (n *node) localName() string { return n.local }

func (n *node) text() string { return n.tree.syntax.text(n) }

func (n *node) all(p Path) []*node {
	var list []*node
	n.walk(p.steps, func(m *node) bool {
		list = append(list, m)
		return true
	})
	return list
}

// walk yields the elements that steps lead to from n, in document order, until yield returns false; it says whether it
// never did.
func (n *node) walk(steps []step, yield func(*node) bool) bool {
	if len(steps) == 0 {
		return yield(n)
	}
	position := 0
	for _, child := range n.children {
		if !steps[0].describes(child) {
			continue
		}
		position++
		if steps[0].takes(position) && !child.walk(steps[1:], yield) {
			return false
		}
	}
	return true
}

// endsIn reports whether the path from the root to n, the root's name included, ends in steps.
func (n *node) endsIn(steps []step) bool {
	for _, s := range slices.Backward(steps) {
		if n == nil || !s.describes(n) || s.position > 0 && s.position != n.position(s) {
			return false
		}
		n = n.parent
	}
	return true
}

// position counts the siblings up to n, itself included, that s describes.
func (n *node) position(s step) int {
	if n.parent == nil {
		return 1
	}
	position := 0
	for _, sibling := range n.parent.children {
		if s.describes(sibling) {
			position++
		}
		if sibling == n {
			break
		}
	}
	return position
}
