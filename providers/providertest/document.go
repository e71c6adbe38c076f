package providertest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"camform/schema"
)

// onlyDeclared compares two versions of a document with another XML reader than a provider would use: whatever is not
// below an element that the attribute declares must be the same, in the same order. Documents that are not XML are left
// to the other checks.
func (w *trial) onlyDeclared(key string, a *schema.Attribute, before, after []byte) error {
	x, errX := w.flat(key, a, before)
	y, errY := w.flat(key, a, after)
	if errX != nil {
		return nil
	}
	if errY != nil {
		return fmt.Errorf("the request is no XML: %w", errY)
	}
	for i := range max(len(x), len(y)) {
		if i >= len(x) || i >= len(y) || x[i] != y[i] {
			return fmt.Errorf("the request changes an element that the attribute does not declare: %s", at(x, i))
		}
	}
	return nil
}

func at(lines []string, i int) string {
	if i < len(lines) {
		place, _, _ := strings.Cut(lines[i], "\x00")
		return place
	}
	return "one more at the end"
}

// flat is a document as a list of its elements with their attributes and texts, without what the attribute declares.
func (w *trial) flat(key string, a *schema.Attribute, body []byte) ([]string, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(body); err != nil {
		return nil, err
	}
	if doc.Root() == nil {
		return nil, fmt.Errorf("no root element")
	}
	f := flattener{kind: w.kind, key: w.keyNamed(key), attribute: a, volatile: w.volatile}
	f.element(doc.Root(), "")
	return f.lines, nil
}

// keyNamed is the key of the item that a label names, by the list of names where the kind has one.
func (w *trial) keyNamed(label string) string {
	if w.kind.Item == nil || w.kind.Item.Names == nil {
		return label
	}
	from, doc := w.kind.Item.Names, etree.NewDocument()
	if err := doc.ReadFromBytes(w.docs[from.Path].Body); err != nil || doc.Root() == nil {
		return label
	}
	for _, entry := range doc.Root().FindElements(from.Element) {
		key, name := entry.FindElement(from.Key), entry.FindElement(from.Name)
		if key != nil && name != nil && name.Text() == label {
			return key.Text()
		}
	}
	return label
}

// flattener walks a document. Inside the entry of the item the paths are those of the setting file; elsewhere they never
// are, so that the same element of another entry counts.
type flattener struct {
	kind      *schema.Kind
	key       string
	attribute *schema.Attribute
	volatile  []string
	lines     []string
}

func (f *flattener) element(e *etree.Element, place string) {
	for _, child := range e.ChildElements() {
		path := strings.TrimPrefix(place+"/"+child.Tag, "/")
		if f.isItem(path, child) {
			path = "(item)"
		}
		if f.declares(path) || slices.Contains(f.volatile, child.Tag) {
			continue
		}
		line := []string{path, child.Space}
		for _, attr := range child.Attr {
			line = append(line, attr.FullKey()+"="+attr.Value)
		}
		f.lines = append(f.lines, strings.Join(append(line, strings.TrimSpace(child.Text())), "\x00"))
		f.element(child, path)
	}
}

// isItem reports whether an element is the entry that the setting is.
func (f *flattener) isItem(path string, e *etree.Element) bool {
	item := f.kind.Item
	if item == nil || !slices.Contains(strings.Split(item.Element, "|"), path) {
		return false
	}
	if item.Key == "" {
		return true
	}
	key := e.FindElement(item.Key)
	want := f.key
	if !f.kind.Keyed {
		want = item.Equals
	}
	return key != nil && item.Named([]string{strings.TrimSpace(key.Text())}, want) == 0
}

func (f *flattener) declares(path string) bool {
	if f.kind.Item != nil {
		rest, inItem := strings.CutPrefix(path, "(item)/")
		return inItem && f.names(rest)
	}
	if _, fragment, ok := strings.Cut(f.key, "#"); ok {
		return path == choice.ReplaceAllString(fragment, "")
	}
	if f.names(path) {
		return true
	}
	for _, place := range f.kind.Elsewhere {
		if rest, ok := strings.CutPrefix(path, place.Within+"/"); ok && place.Within != "" && f.names(rest) {
			return true
		}
	}
	return false
}

// names reports whether a path is that of an element of the attribute, or of a secret of the kind that is sent along, in any
// of its spellings. Of elements that are chosen among others of their name, all are taken: other entries of such lists belong
// to other attributes.
func (f *flattener) names(path string) bool {
	return slices.ContainsFunc(f.kind.Attributes, func(a *schema.Attribute) bool {
		return (a == f.attribute || a.WriteOnly) && slices.ContainsFunc(a.Elements, func(element string) bool {
			return slices.Contains(strings.Split(choice.ReplaceAllString(element, ""), "|"), path)
		})
	})
}

var choice = regexp.MustCompile(`\[[^]]*\]`)

// unclosed is an empty element that is closed in its own tag. Edits may open it, which means the same.
var unclosed = regexp.MustCompile(`<([^\s/>]+)([^>]*?)\s*/>`)

// still is a document without the elements that move by themselves, and with one spelling of empty elements.
func (w *trial) still(body []byte) []byte {
	body = unclosed.ReplaceAll(body, []byte("<$1$2></$1>"))
	for _, name := range w.volatile {
		body = regexp.MustCompile(`\s*<(`+regexp.QuoteMeta(name)+`)\b[^>]*>[^<]*</`+regexp.QuoteMeta(name)+`>`).ReplaceAll(body, nil)
	}
	return body
}
