package reach

import (
	"fmt"
	"slices"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/hook"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// What a kind manages in the documents of a device is reached through that kind alone, which handles its peculiarities.
// A setting file of the user's, and the kind that reaches any element of any document, may change everything else.

// Owners knows which kind manages what.
type Owners struct{ kinds *schema.Kinds }

// OwnersOf returns what the kinds of a provider manage.
func OwnersOf(kinds *schema.Kinds) Owners { return Owners{kinds} }

// managers returns the kinds whose elements a kind must leave alone: for one of the user's those that come with camform, for
// the kind that reaches anything all others, and for others none.
func (o Owners) managers(kind *schema.Kind) []*schema.Kind {
	if !IsOutsider(kind) {
		return nil
	}
	return slices.DeleteFunc(o.kinds.All(), func(other *schema.Kind) bool {
		return other == kind || reachesAnything(other) || kind.Own && other.Own
	})
}

// IsOutsider reports whether camform does not know from within what a kind changes.
func IsOutsider(kind *schema.Kind) bool { return kind.Own || reachesAnything(kind) }

// reachesAnything reports whether the labels of a kind name the documents that it lives in.
func reachesAnything(kind *schema.Kind) bool { return kind.Document.Path == schema.KeyHole }

// Trespasses says why a change of an item must not be written to a document that was read: it would change what another kind
// manages, or the device could lose a secret of another kind.
func (o Owners) Trespasses(kind *schema.Kind, at document.Place, key string) []providers.AttributeError {
	var wrong []providers.AttributeError
	selected := selected(at, kind, key)
	for _, other := range o.managers(kind) {
		for _, doc := range other.Documents() {
			managed, whole := managedBy(at, other, doc)
			if whole {
				return document.About("", document.Sentence("%s %s", at.Path, belongs(other)))
			}
			for _, s := range selected {
				if slices.ContainsFunc(managed, s.meets) {
					wrong = append(wrong, document.About(s.attribute, document.Sentence("%s of %s %s", s.path, at.Path, belongs(other)))...)
				}
			}
			if holdsSecretOf(at, other, doc) {
				wrong = append(wrong, document.About("", document.Sentence(
					"%s holds a secret of the setting %s. The device never shows it, and could lose it if the document is written without it.",
					at.Path, other.Name))...)
			}
		}
	}
	return wrong
}

func belongs(other *schema.Kind) string {
	return fmt.Sprintf("belongs to the setting %s, which handles its peculiarities.", other.Name)
}

// selection is an element that an attribute changes, with the places in a document where that is.
type selection struct {
	attribute string
	path      xmlpatch.Path
	places    []xmlpatch.Place
}

func (s selection) meets(place xmlpatch.Place) bool {
	return slices.ContainsFunc(s.places, place.Meets)
}

// selected returns what the attributes of an item change in a document, and what is left out when it is written.
func selected(at document.Place, kind *schema.Kind, key string) []selection {
	var all []selection
	add := func(attribute string, path xmlpatch.Path) {
		all = append(all, selection{attribute, path, at.Doc.Root().Places(path)})
	}
	for _, item := range at.ItemPaths(kind, key) {
		for _, a := range kind.Attributes {
			for _, elements := range a.Elements {
				for _, path := range document.Spellings(elements) {
					add(a.Name, item.Join(path))
				}
			}
		}
		if kind.Write == nil {
			continue
		}
		for _, left := range kind.Write.Without {
			add("", at.Entry(item).Join(xmlpatch.MustPath(kind.Write.Element)).Join(xmlpatch.MustPath(left)))
		}
	}
	return all
}

// managedBy returns the places in a document that a kind manages by way of one of its own documents; whole if it manages all
// of it, or nothing else is certain. The document may be that of the kind, a part of it, or hold it.
func managedBy(at document.Place, kind *schema.Kind, doc schema.Document) (places []xmlpatch.Place, whole bool) {
	here, there, root := segments(at.Path), segmentsNamed(doc.Path), at.Doc.Root()
	switch part := liesWithin(here, there); {
	case part && len(here) == len(there):
		if !doc.HasRoot(root.Name()) {
			return nil, true
		}
		for _, path := range managedIn(kind, doc) {
			places = append(places, root.Places(path)...)
		}
	case part:
		known := false
		for _, path := range managedIn(kind, doc) {
			more, ok := root.PlacesFrom(path)
			places, known = append(places, more...), known || ok
		}
		sent := kind.Write != nil && liesWithin(here, segmentsNamed(kind.Write.Path))
		return places, !known && (managesItems(kind) || sent || len(here) == len(there)+1)
	case liesWithin(there, here):
		for name := range strings.SplitSeq(doc.Root, "|") {
			for _, held := range at.Doc.Named(name) {
				for _, path := range managedIn(kind, doc) {
					places = append(places, held.Places(path)...)
				}
			}
		}
	}
	return places, false
}

// holdsSecretOf reports whether a document, which is that of a kind, tells of a secret that the device never shows.
func holdsSecretOf(at document.Place, kind *schema.Kind, doc schema.Document) bool {
	here, there := segments(at.Path), segmentsNamed(doc.Path)
	if len(here) != len(there) || !liesWithin(here, there) {
		return false
	}
	for _, item := range itemsIn(kind, doc, kind.Keys) {
		for _, a := range kind.Attributes {
			if a.Holder == "" {
				continue
			}
			holders := at.Doc.All(item.Join(xmlpatch.MustPath(a.Holder)))
			if slices.ContainsFunc(holders, func(e xmlpatch.Element) bool { return document.Holds(e.Text()) }) {
				return true
			}
		}
	}
	return false
}

// SecretsIn returns the paths, from anywhere, of the elements that kinds call secret and that can be in the document at a path:
// one that a kind lives in or is written to, a part of it, or one that holds it.
func (o Owners) SecretsIn(path string) []xmlpatch.Path {
	return o.elementsIn(path, func(a *schema.Attribute) bool { return a.Secret })
}

// OmittableIn returns those of them that a device is recorded to keep where a write lacks them.
func (o Owners) OmittableIn(path string) []xmlpatch.Path {
	return o.elementsIn(path, func(a *schema.Attribute) bool { return a.Omittable })
}

// elementsIn returns the paths, from anywhere, of the elements of some attributes that can be in the document at a path.
func (o Owners) elementsIn(path string, of func(*schema.Attribute) bool) []xmlpatch.Path {
	var paths []xmlpatch.Path
	here := segments(path)
	for _, kind := range o.kinds.All() {
		concerns := func(other string) bool {
			there := segmentsNamed(other)
			return other != "" && (liesWithin(here, there) || liesWithin(there, here))
		}
		at := []string{}
		for _, doc := range kind.Documents() {
			at = append(at, doc.Path)
		}
		if kind.Write != nil {
			at = append(at, kind.Write.Path, kind.Write.Create)
		}
		if reachesAnything(kind) || !slices.ContainsFunc(at, concerns) {
			continue
		}
		for _, a := range kind.Attributes {
			for _, elements := range a.Elements {
				if of(a) {
					paths = append(paths, document.Spellings(elements)...)
				}
			}
		}
	}
	return paths
}

// managesItems reports whether a kind has its items as wholes: it makes and removes them, or its hooks do.
func managesItems(kind *schema.Kind) bool {
	return kind.Creatable() || hook.All[kind.Hooks].Compose != nil
}

// managedIn returns the paths of all elements of one of its documents that a kind manages: those of its attributes and hooks,
// and those by which its items are known, to camform or, by their numbers, to the device.
func managedIn(kind *schema.Kind, doc schema.Document) []xmlpatch.Path {
	entries := itemsIn(kind, doc, nil)
	if managesItems(kind) {
		return entries
	}
	var paths []xmlpatch.Path
	for _, item := range itemsIn(kind, doc, kind.Keys) {
		for _, a := range kind.Attributes {
			for _, elements := range a.Elements {
				for _, path := range document.Spellings(elements) {
					paths = append(paths, item.Join(path))
				}
			}
		}
	}
	for _, entry := range entries {
		for _, edited := range hook.All[kind.Hooks].Edits {
			paths = append(paths, entry.Join(edited))
		}
		if kind.Item != nil && kind.Item.Key != "" && doc.Within == "" {
			paths = append(paths, entry.Join(xmlpatch.MustPath(kind.Item.Key)))
		}
		if kind.Item != nil && doc.Within == "" {
			paths = append(paths, entry.Join(document.ItemID))
		}
	}
	return paths
}

// itemsIn returns the paths of the items of a kind in one of its documents, without asking a device: of a keyed kind those of
// the keys, or of all if there are none.
func itemsIn(kind *schema.Kind, doc schema.Document, keys []string) []xmlpatch.Path {
	switch {
	case doc.Within != "":
		return []xmlpatch.Path{xmlpatch.MustPath(doc.Within)}
	case kind.Item == nil:
		return []xmlpatch.Path{{}}
	}
	var paths []xmlpatch.Path
	for _, entries := range document.Spellings(kind.Item.Element) {
		switch {
		case kind.Item.Key == "":
			paths = append(paths, entries.At(1))
		case !kind.Keyed:
			paths = append(paths, called(kind.Item, entries, kind.Item.Equals)...)
		case len(keys) == 0 || kind.Item.Names != nil:
			paths = append(paths, entries)
		default:
			for _, key := range keys {
				paths = append(paths, called(kind.Item, entries, key)...)
			}
		}
	}
	return paths
}

// called returns the paths of the items that devices may call by a label.
func called(item *schema.Item, entries xmlpatch.Path, label string) []xmlpatch.Path {
	name := xmlpatch.MustPath(item.Key)
	if !item.AnyCase {
		return []xmlpatch.Path{entries.Where(name, label)}
	}
	var paths []xmlpatch.Path
	for _, word := range append([]string{label}, item.Words[label]...) {
		paths = append(paths, entries.WhereAnyCase(name, word))
	}
	return paths
}
