package hikvision

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// field is one attribute of one item in its document. Codecs work on it: they read the elements of the attribute, and
// change them in place.
type field struct {
	doc       *xmlpatch.Document
	item      xmlpatch.Path // from the root to the item
	attribute *schema.Attribute
	limits    *limits
}

// null is the value of an attribute that the document does not have.
func (f field) null() cty.Value { return cty.NullVal(f.attribute.Type) }

// element is the path, from the item, of the nth element of the attribute: of its spellings the one that the document
// has, or else the one that the capability documents have, or else the first.
func (f field) element(n int) xmlpatch.Path {
	paths := spellings(f.attribute.Elements[n])
	if len(paths) == 1 {
		return paths[0]
	}
	for _, path := range paths {
		if _, ok := f.doc.Find(f.item.Join(path)); ok {
			return path
		}
	}
	for _, path := range paths {
		if _, ok := f.limits.element(f.item, path); ok {
			return path
		}
	}
	return paths[0]
}

// path is the path, from the root, of the nth element of the attribute.
func (f field) path(n int) xmlpatch.Path { return f.item.Join(f.element(n)) }

// text is the text of the nth element, and whether the document has it.
func (f field) text(n int) (string, bool) {
	e, ok := f.doc.Find(f.path(n))
	return e.Text(), ok
}

// limit is what the device says about the nth element: in its capability documents, or else in attributes of the element
// itself, as recorders do. It is zero where the device says nothing.
func (f field) limit(n int) limit {
	if e, ok := f.limits.element(f.item, f.element(n)); ok {
		if l := limitOf(e); !l.isZero() {
			return l
		}
	}
	e, _ := f.doc.Find(f.path(n))
	return limitOf(e)
}

// has reports whether the device has the nth element: its document has it, or its capability documents speak of it, or it
// is one that is never shown; and there is a place for it.
func (f field) has(n int) bool {
	if _, ok := f.doc.Find(f.path(n)); ok {
		return true
	}
	_, documented := f.limits.element(f.item, f.element(n))
	_, place := f.doc.Find(f.path(n).Parent())
	return place && (documented || f.attribute.WriteOnly)
}

// idle says why the attribute does not count at present, as a sentence: an element that it depends on has another text than
// the setting file wants. It is empty if the attribute counts.
func (f field) idle() string {
	for _, elements := range slices.Sorted(maps.Keys(f.attribute.When)) {
		for _, path := range spellings(elements) {
			e, ok := f.doc.Find(f.item.Join(path))
			if !ok {
				continue
			}
			wanted := strings.Split(f.attribute.When[elements], "|")
			if !slices.ContainsFunc(wanted, func(text string) bool { return strings.EqualFold(text, e.Text()) }) {
				return fmt.Sprintf("It counts only while %s is %s, not %s.", path, list(wanted), show(e.Text()))
			}
			break
		}
	}
	return ""
}

// lacking reports whether the device has nothing that the attribute could be written to.
func (f field) lacking() bool {
	if lacks := codecOf(f.attribute).lacks; lacks != nil {
		return lacks(f)
	}
	for n := range f.attribute.Elements {
		if f.has(n) {
			return false
		}
	}
	return true
}

// put makes text the text of the nth element. An element that is missing is inserted where the device is known to have
// it, in the order of its capability document; the error is ErrUnsupported otherwise.
func (f field) put(n int, text string) error {
	if _, ok := f.doc.Find(f.path(n)); ok {
		return inFamily(f.doc.Set(f.path(n), text))
	}
	if !f.has(n) {
		return fmt.Errorf("the device has no element %s: %w", f.element(n), providers.ErrUnsupported)
	}
	return inFamily(f.doc.Insert(f.path(n), text, append(f.predecessors(n), f.attribute.After...)...))
}

// inFamily adds the family of this program to an error of an edit: a text that XML cannot carry is at fault itself, and
// everything else comes from a document that is not laid out as the setting file says.
func inFamily(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, xmlpatch.ErrInvalid):
		return fmt.Errorf("%w: %w", err, providers.ErrInvalid)
	default:
		return fmt.Errorf("%w: %w", err, providers.ErrMalformed)
	}
}

// predecessors are the siblings that come before the nth element in the capability document.
func (f field) predecessors(n int) []string {
	parent, _ := f.limits.element(f.item, f.element(n).Parent())
	var names []string
	for _, child := range parent.Children() {
		if child.Name() == f.element(n).Name() {
			break
		}
		names = append(names, child.Name())
	}
	return names
}

// missing is what people are told about an attribute whose nth element the device does not have.
func (f field) missing(n int) []string {
	return sentence("This device does not have it: there is no element %s in its document.", f.element(n))
}

// sentence makes a list of one sentence.
func sentence(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }
