package document

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Field is one attribute of one item in its document. Codecs work on it: they read the elements of the attribute, and
// change them in place.
type Field struct {
	Doc       *xmlpatch.Document
	Item      xmlpatch.Path // from the root to the item
	Attribute *schema.Attribute
	Limits    *Limits
	First     []netip.Prefix // addresses whose entries come first among the new ones of a list
}

// Field returns an attribute of the item that a path leads to.
func (at Place) Field(item xmlpatch.Path, a *schema.Attribute) Field {
	return Field{Doc: at.Doc, Item: item, Attribute: a, Limits: at.Limits, First: at.First}
}

// Null is the value of an attribute that the document does not have.
func (f Field) Null() cty.Value { return cty.NullVal(f.Attribute.Type) }

// Element is the path, from the item, of the nth element of the attribute: of its spellings the one that the document
// has, or else the one that the capability documents have, or else the first.
func (f Field) Element(n int) xmlpatch.Path {
	paths := Spellings(f.Attribute.Elements[n])
	if len(paths) == 1 {
		return paths[0]
	}
	for _, path := range paths {
		if _, ok := f.Doc.Find(f.Item.Join(path)); ok {
			return path
		}
	}
	for _, path := range paths {
		if _, ok := f.Limits.Element(f.Item, path); ok {
			return path
		}
	}
	return paths[0]
}

// Path is the path, from the root, of the nth element of the attribute.
func (f Field) Path(n int) xmlpatch.Path { return f.Item.Join(f.Element(n)) }

// Text is the text of the nth element, and whether the document has it.
func (f Field) Text(n int) (string, bool) {
	e, ok := f.Doc.Find(f.Path(n))
	return e.Text(), ok
}

// Limit is what the device says about the nth element: in its capability documents, or else in attributes of the element
// itself, as recorders do. Where the device says nothing it is what the setting file calls usual.
func (f Field) Limit(n int) Limit {
	if e, ok := f.Limits.Element(f.Item, f.Element(n)); ok {
		if l := LimitOf(e); !l.isZero() {
			return l
		}
	}
	e, _ := f.Doc.Find(f.Path(n))
	if l := LimitOf(e); !l.isZero() {
		return l
	}
	a := f.Attribute
	return Limit{Min: a.UsualMin, Max: a.UsualMax, Usual: a.UsualMin != nil || a.UsualMax != nil}
}

// Has reports whether the device has the nth element: its document has it, or its capability documents speak of it, or it
// is one that is never shown; and there is a place for it.
func (f Field) Has(n int) bool {
	if _, ok := f.Doc.Find(f.Path(n)); ok {
		return true
	}
	_, documented := f.Limits.Element(f.Item, f.Element(n))
	_, place := f.Doc.Find(f.Path(n).Parent())
	return place && (documented || f.Attribute.WriteOnly)
}

// IsMasked reports whether the device shows something in place of the value that it hides. The device has one then.
func (f Field) IsMasked() bool {
	e, _ := f.Doc.Find(f.Path(0))
	return IsMasked(e, func() bool { return f.Attribute.Secret })
}

// Idle says why the attribute does not count at present, as a sentence: an element that it depends on has another text than
// the setting file wants. It is empty if the attribute counts, and for a secret that is masked: that goes with every write.
func (f Field) Idle() string {
	if f.Attribute.Secret && f.IsMasked() {
		return ""
	}
	for _, elements := range slices.Sorted(maps.Keys(f.Attribute.When)) {
		for _, path := range Spellings(elements) {
			e, ok := f.Doc.Find(f.Item.Join(path))
			if !ok {
				continue
			}
			wanted := strings.Split(f.Attribute.When[elements], "|")
			if !slices.ContainsFunc(wanted, func(text string) bool { return strings.EqualFold(text, e.Text()) }) {
				return fmt.Sprintf("It only has an effect while %s is %s, not %s.", path, List(wanted), Show(e.Text()))
			}
			break
		}
	}
	return ""
}

// Put makes text the text of the nth element. An element that is missing is inserted where the device is known to have
// it, in the order of its capability document; the error is ErrUnsupported otherwise.
func (f Field) Put(n int, text string) error {
	if _, ok := f.Doc.Find(f.Path(n)); ok {
		return InFamily(f.Doc.Set(f.Path(n), text))
	}
	if !f.Has(n) {
		return fmt.Errorf("the device has no element %s: %w", f.Element(n), providers.ErrUnsupported)
	}
	return InFamily(f.Doc.Insert(f.Path(n), text, append(f.predecessors(n), f.Attribute.After...)...))
}

// InFamily adds the family of this program to an error of an edit: a text that XML cannot carry is at fault itself, and
// everything else comes from a document that is not laid out as the setting file says.
func InFamily(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, xmlpatch.ErrInvalid):
		return fmt.Errorf("%w: %w", err, providers.ErrInvalid)
	default:
		return fmt.Errorf("%w: %w", err, providers.ErrMalformed)
	}
}

// predecessors are the siblings that come before the nth element in the capability document; none where that does not have it.
func (f Field) predecessors(n int) []string {
	parent, _ := f.Limits.Element(f.Item, f.Element(n).Parent())
	var names []string
	for _, child := range parent.Children() {
		if child.Name() == f.Element(n).Name() {
			return names
		}
		names = append(names, child.Name())
	}
	return nil
}

// Missing is the message about an attribute whose nth element the device does not have.
func (f Field) Missing(n int) []string {
	return Sentence("This device does not have it: there is no element %s in its document.", f.Element(n))
}
