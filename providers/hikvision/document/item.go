// Package document finds the settings of kinds in the documents of a device: the document that a kind lives in, the items in
// it, the elements of their attributes, and what the device says about the limits of those.
//
// It changes an element only by Field.Put, and never rewrites a document: one that is Standalone is cut out of another.
package document

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Place is a document of a device that holds settings of a kind.
type Place struct {
	schema.Document // where it was found, with the hole in its path filled and the root that it has
	Doc             *xmlpatch.Document
	Limits          *Limits
	First           []netip.Prefix // see Field
	named           names
	alone           bool // the document is an item that the list lacks
}

// Open parses the document that a kind, or one item of it, lives in. The error is ErrUnsupported where the device does not
// have the document in any of its places, and ErrMalformed where it answered something else.
func Open(kind *schema.Kind, docs providers.Documents, key string) (Place, error) {
	var missing error
	for _, at := range kind.Documents() {
		at = at.For(key)
		answer, ok := docs[at.Path]
		switch {
		case !ok:
			return Place{}, fmt.Errorf("%s was not read, this is a bug: %w", at.Path, providers.ErrMalformed)
		case answer.Missing != "" && missing == nil:
			missing = fmt.Errorf("%s: %s: %w", at.Path, Quote(answer.Missing), providers.ErrUnsupported)
			continue
		case answer.Missing != "":
			continue
		}
		doc, err := Parse(answer.Body)
		if err != nil {
			return Place{}, fmt.Errorf("%s: %w: %w", at.Path, err, providers.ErrMalformed)
		}
		root := doc.Root().Name()
		if !at.HasRoot(root) {
			return Place{}, fmt.Errorf("%s: the root element is %s, not %s: %w", at.Path, Quote(root), at.Root, providers.ErrMalformed)
		}
		at.Root = root
		named, err := namesOf(kind, docs)
		place := Place{Document: at, Doc: doc, Limits: limitsOf(at, docs), named: named}
		if alone, ok := place.aloneFor(kind, docs, key); ok && err == nil {
			return alone, nil
		}
		return place, err
	}
	return Place{}, missing
}

// aloneFor is the place of an item that the list lacks, if the device serves it by itself.
func (at Place) aloneFor(kind *schema.Kind, docs providers.Documents, key string) (Place, bool) {
	if key == "" || kind.Item == nil || kind.Item.Alone == "" || len(at.ItemPaths(kind, key)) > 0 {
		return Place{}, false
	}
	at.Path = kind.Item.AloneAt(key)
	answer, ok := docs[at.Path]
	doc, err := Parse(answer.Body)
	if !ok || answer.Missing != "" || err != nil || doc.Root().Name() != at.Entries(kind).Name() {
		return Place{}, false
	}
	at.Doc, at.Root, at.alone = doc, doc.Root().Name(), true
	return at, true
}

// IsAlone reports whether the document is an item that the list lacks.
func (at Place) IsAlone() bool { return at.alone }

// ItemPaths lead from the root to the item with the key: one, or several for a kind that is set in many places of a
// document alike. None is there for an item that the document does not have.
func (at Place) ItemPaths(kind *schema.Kind, key string) []xmlpatch.Path {
	switch {
	case at.alone:
		return []xmlpatch.Path{{}}
	case at.Within != "":
		return at.alike()
	case kind.Document.PerItem():
		return at.fragment(key)
	case kind.Item == nil:
		return []xmlpatch.Path{{}}
	default:
		return at.itemPath(kind, key)
	}
}

// alike lead to the elements that each hold all attributes.
func (at Place) alike() []xmlpatch.Path {
	list, rest, _ := strings.Cut(at.Within, "/")
	entries := xmlpatch.MustPath(list)
	var paths []xmlpatch.Path
	for i := range at.Doc.All(entries) {
		path := entries.At(i + 1)
		if rest != "" {
			path = path.Join(xmlpatch.MustPath(rest))
		}
		paths = append(paths, found(at.Doc, path)...)
	}
	return paths
}

func found(doc *xmlpatch.Document, path xmlpatch.Path) []xmlpatch.Path {
	if _, ok := doc.Find(path); ok {
		return []xmlpatch.Path{path}
	}
	return nil
}

// fragment leads to the part of a document that the fragment of a key names; to the whole document without one. A fragment
// that is no path leads nowhere.
func (at Place) fragment(key string) []xmlpatch.Path {
	_, fragment, _ := strings.Cut(key, "#")
	path, err := xmlpatch.ParsePath(fragment)
	if err != nil {
		return nil
	}
	return found(at.Doc, path)
}

// Entries is the path of the entries of the list that a kind lives in: of its spellings the one that the document has, or
// else the first.
func (at Place) Entries(kind *schema.Kind) xmlpatch.Path {
	paths := Spellings(kind.Item.Element)
	for _, path := range paths {
		if _, ok := at.Doc.Find(path); ok {
			return path
		}
	}
	return paths[0]
}

// itemPath leads from the root to the item with the key, in a list.
func (at Place) itemPath(kind *schema.Kind, key string) []xmlpatch.Path {
	entries := at.Entries(kind)
	n, isEntry := schema.EntryOf(key)
	switch {
	case kind.Entries && isEntry:
		return found(at.Doc, entries.At(n))
	case kind.Item.Key == "":
		return found(at.Doc, entries.At(1))
	case !kind.Keyed:
		key = kind.Item.Equals
	case kind.Item.Names != nil:
		named, ok := at.named.key(key)
		if !ok {
			return nil
		}
		key = named
	}
	return at.entryOf(kind, entries, key)
}

// entryOf leads to the entry that is called label. Where no other entry has the text of its key in another case, the path
// leads to the same item in documents that write it differently, such as those with limits.
func (at Place) entryOf(kind *schema.Kind, entries xmlpatch.Path, label string) []xmlpatch.Path {
	name := xmlpatch.MustPath(kind.Item.Key)
	if !kind.Item.AnyCase && kind.Item.Apart == "" {
		return found(at.Doc, entries.Where(name, label))
	}
	texts := at.Called(kind)
	n := kind.Item.Named(texts, label)
	if n < 0 {
		return nil
	}
	key, _ := at.Doc.All(entries)[n].Find(name)
	switch path := entries.WhereAnyCase(name, key.Text()); {
	case key.Text() != texts[n]:
		return []xmlpatch.Path{entries.At(n + 1)}
	case len(at.Doc.All(path)) == 1:
		return []xmlpatch.Path{path}
	}
	return found(at.Doc, entries.Where(name, key.Text()))
}

// Called returns what the device calls the entries of the list: the texts of their keys, with what tells those apart that have the
// same.
func (at Place) Called(kind *schema.Kind) []string {
	var texts []string
	count := map[string]int{}
	entries := at.Doc.All(at.Entries(kind))
	for _, entry := range entries {
		key, _ := entry.Find(xmlpatch.MustPath(kind.Item.Key))
		texts = append(texts, key.Text())
		count[key.Text()]++
	}
	for i, entry := range entries {
		if kind.Item.Apart != "" && count[texts[i]] > 1 {
			texts[i] += apart(entry, kind.Item.Apart)
		}
	}
	return texts
}

// apart is the end of the label of an entry whose key others have, too.
func apart(entry xmlpatch.Element, elements string) string {
	for _, path := range Spellings(elements) {
		if number, ok := entry.Find(path); ok && number.Text() != "" {
			return "-" + number.Text()
		}
	}
	return ""
}

// ItemKeys are the keys of all entries of the list that a kind lives in, in the order of the document and including
// those that are no setting of the kind. Of a kind with names they are the names; entries without one are left out unless the
// kind counts entries. Of a kind whose words come in any case, they are spelled as its file does, or else as in one of the keys
// that are asked for, or else as on the device.
func (at Place) ItemKeys(kind *schema.Kind, asked ...string) []string {
	var keys []string
	for i, label := range at.Labels(kind, asked...) {
		if kind.Entries && (label == "" || slices.Contains(keys, label)) {
			label = schema.EntryKey(i + 1)
		}
		if label != "" {
			keys = append(keys, label)
		}
	}
	return keys
}

// Labels are the keys of all entries as ItemKeys spells them, in the order of the document; empty for those that have none.
func (at Place) Labels(kind *schema.Kind, asked ...string) []string {
	labels := at.Called(kind)
	for i, text := range labels {
		if kind.Item.Names == nil {
			labels[i] = kind.Item.LabelOf(text, slices.Concat(kind.Keys, asked))
		} else {
			labels[i] = at.named.label(text)
		}
	}
	return labels
}

// Lacks says that the document has no item of the kind with the key.
func (at Place) Lacks(kind *schema.Kind, key string) string {
	if _, fragment, ok := strings.Cut(key, "#"); ok {
		return "has no element " + Show(fragment) + " in " + at.Path
	}
	if at.Within != "" {
		return "has no element " + at.Within
	}
	if kind.Item.Key == "" {
		return "has no " + at.Entries(kind).String() + " entry"
	}
	if !kind.Keyed {
		key = kind.Item.Equals
	}
	text := "has no " + Show(key) + " entry"
	if keys := at.ItemKeys(kind); len(keys) > 0 {
		text += ", but " + List(keys)
	}
	return text
}

// Spellings returns the paths that a setting file separates by |.
func Spellings(text string) []xmlpatch.Path {
	var paths []xmlpatch.Path
	for spelling := range strings.SplitSeq(text, "|") {
		paths = append(paths, xmlpatch.MustPath(strings.TrimSpace(spelling)))
	}
	return paths
}

// ItemID is the element in which the entries of a list have the numbers that the device gave them.
var ItemID = xmlpatch.MustPath("id")

// Entry returns the path of the entry of a list that a path leads into: the item, or what the attributes of a kind that is
// set in many places lie within.
func (at Place) Entry(path xmlpatch.Path) xmlpatch.Path {
	if at.Within == "" {
		return path
	}
	for range strings.Count(at.Within, "/") {
		path = path.Parent()
	}
	return path
}

// Holds reports whether the text of a holder means that the device has the secret.
func Holds(text string) bool {
	return !slices.Contains([]string{"", "none", "false", "0", "disable"}, strings.ToLower(text))
}
