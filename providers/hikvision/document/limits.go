package document

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Limits are the capability documents of a kind that a device has, the most specific first. They are parsed when they are
// first asked for. A document that is missing, cannot be read or has another root says nothing: the range is unknown
// then, not empty.
type Limits struct {
	At    schema.Document
	Docs  providers.Documents
	base  xmlpatch.Path // from the root of the document to what items are below; empty but for items that are new
	areas []area        // nil until loaded
}

// area is a capability document, or the part of it that speaks of the kind.
type area struct {
	doc   *xmlpatch.Document
	alike bool // laid out like the document of the kind itself
}

// limitsOf returns the limits of a document among the documents of a device.
func limitsOf(at schema.Document, docs providers.Documents) *Limits {
	return &Limits{At: at, Docs: docs}
}

// OfNew are the limits of an item that is a separate document until it is among the entries of a list. What the device shows about the
// others, it has for the new one, too.
func (l *Limits) OfNew(entries xmlpatch.Path, list *xmlpatch.Document) *Limits {
	return &Limits{At: l.At, Docs: l.Docs, base: entries, areas: append(slices.Clone(l.load()), area{list, true})}
}

// Element finds what the device says about an element of an item. In a document that is laid out like the resource the
// path must be the same; in one about a whole section, where the same element is nested differently from model to model,
// the first element whose path ends that way counts.
func (l *Limits) Element(item, element xmlpatch.Path) (xmlpatch.Element, bool) {
	for _, a := range l.load() {
		find, target := a.doc.FindSuffix, element
		if a.alike {
			find, target = a.doc.Find, a.entry(l.base.Join(item)).Join(element)
		}
		if found, ok := find(target); ok {
			return found, true
		}
	}
	return xmlpatch.Element{}, false
}

// entry is where a document that is laid out like the resource speaks of an item: at the item, or at the only entry of the
// list, which then stands for all of them.
func (a area) entry(item xmlpatch.Path) xmlpatch.Path {
	if _, ok := a.doc.Find(item); ok || item.IsRoot() {
		return item
	}
	if entries := item.Parent().Child(item.Name()); len(a.doc.All(entries)) == 1 {
		return entries
	}
	return item
}

func (l *Limits) load() []area {
	if l.areas != nil {
		return l.areas
	}
	l.areas = []area{}
	for _, name := range l.At.Capabilities {
		doc, err := Parse(l.Docs[name].Body)
		if err != nil {
			continue
		}
		if doc.Root().Name() == l.At.Root {
			l.areas = append(l.areas, area{doc, true})
		} else if section, ok := l.section(doc); ok {
			l.areas = append(l.areas, area{section, false})
		} else if path, _, _ := strings.Cut(l.At.Path, "?"); strings.HasPrefix(name, path+"/") {
			l.areas = append(l.areas, area{doc, false}) // about one entry of the list, as of interfaces
		} else if part, ok := within(doc, l.At.Root); ok {
			l.areas = append(l.areas, area{part, true})
		}
	}
	return l.areas
}

// section cuts the part about the kind out of a document about more: what lies below /ISAPI/Security is described by the
// element SecurityCap, which is the root of the capabilities of that section and a child in those of the device.
func (l *Limits) section(doc *xmlpatch.Document) (*xmlpatch.Document, bool) {
	name, err := xmlpatch.ParsePath(path.Base(path.Dir(l.At.Path)) + "Cap")
	if err != nil { // below a number, as of an interface
		return nil, false
	}
	element, ok := doc.FindSuffix(name)
	if !ok {
		return nil, false
	}
	section, err := xmlpatch.Parse(element.Raw())
	return section, err == nil
}

// within cuts out the part that is laid out like the document of the kind, as the limits of an interface have one about its
// radio.
func within(doc *xmlpatch.Document, root string) (*xmlpatch.Document, bool) {
	element, ok := doc.FindSuffix(xmlpatch.Path{}.Child(root))
	if root == "" || !ok {
		return nil, false
	}
	part, err := xmlpatch.Parse(element.Raw())
	return part, err == nil
}

// Limit is what attributes of an element say about its values. Where they say nothing, options is empty and the bounds
// are nil. The text of a capability element, and its attributes def and default, mean nothing: they may be nonsense.
type Limit struct {
	Options  []string
	Min, Max *int64
	Usual    bool // whether the device itself says nothing
}

// LimitOf returns what the attributes of an element say about its values.
func LimitOf(e xmlpatch.Element) Limit {
	l := Limit{Min: NumberAttr(e, "min"), Max: NumberAttr(e, "max")}
	if opt, ok := e.Attr("opt"); ok {
		for option := range strings.SplitSeq(opt, ",") {
			if option = strings.TrimSpace(option); option != "" {
				l.Options = append(l.Options, option)
			}
		}
	}
	return l
}

func (l Limit) isZero() bool { return l.Options == nil && l.Min == nil && l.Max == nil }

// Option finds the spelling of the device for a text, whatever its case.
func (l Limit) Option(text string) (string, bool) {
	at := slices.IndexFunc(l.Options, func(o string) bool { return strings.EqualFold(o, text) })
	if at < 0 {
		return "", false
	}
	return l.Options[at], true
}

// Allows reports whether n lies within the bounds.
func (l Limit) Allows(n int64) bool {
	return (l.Min == nil || n >= *l.Min) && (l.Max == nil || n <= *l.Max)
}

// Takes says whose bounds they are, and which: "this device takes 1 to 9".
func (l Limit) Takes() string {
	if l.Usual {
		return "a device that names no limit, such as this one, accepts " + l.Bounds()
	}
	return "this device accepts " + l.Bounds()
}

// Bounds writes the bounds for people: "1 to 9", "at least 1", "at most 9", "only 5".
func (l Limit) Bounds() string {
	switch {
	case l.Min == nil && l.Max == nil:
		return "any"
	case l.Max == nil:
		return "at least " + strconv.FormatInt(*l.Min, 10)
	case l.Min == nil:
		return "at most " + strconv.FormatInt(*l.Max, 10)
	case *l.Min == *l.Max:
		return "only " + strconv.FormatInt(*l.Min, 10)
	default:
		return strconv.FormatInt(*l.Min, 10) + " to " + strconv.FormatInt(*l.Max, 10)
	}
}

// NumberAttr returns an attribute of an element that is a whole number; nil if there is none.
func NumberAttr(e xmlpatch.Element, name string) *int64 {
	text, _ := e.Attr(name)
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}
