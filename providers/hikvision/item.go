package hikvision

import (
	"bytes"
	"fmt"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// place is a document of a device that holds settings of a kind.
type place struct {
	schema.Document // where it was found, with the hole in its path filled and the root that it has
	doc             *xmlpatch.Document
	limits          *limits
	named           names
}

// open parses the document that a kind, or one item of it, lives in. The error is ErrUnsupported where the device does not
// have the document in any of its places, and ErrMalformed where it answered something else.
func open(kind *schema.Kind, docs providers.Documents, key string) (place, error) {
	var missing error
	for _, at := range kind.Documents() {
		at = at.For(key)
		answer, ok := docs[at.Path]
		switch {
		case !ok:
			return place{}, fmt.Errorf("%s was not read, this is a bug: %w", at.Path, providers.ErrMalformed)
		case answer.Missing != "" && missing == nil:
			missing = fmt.Errorf("%s: %s: %w", at.Path, quote(answer.Missing), providers.ErrUnsupported)
			continue
		case answer.Missing != "":
			continue
		}
		doc, err := parse(answer.Body)
		if err != nil {
			return place{}, fmt.Errorf("%s: %w: %w", at.Path, err, providers.ErrMalformed)
		}
		root := doc.Root().Name()
		if !at.HasRoot(root) {
			return place{}, fmt.Errorf("%s: the root element is %s, not %s: %w", at.Path, quote(root), at.Root, providers.ErrMalformed)
		}
		at.Root = root
		named, err := namesOf(kind, docs)
		return place{at, doc, limitsOf(at, docs), named}, err
	}
	return place{}, missing
}

// parse reads a document of either form. Which one it is, its first character tells.
func parse(body []byte) (*xmlpatch.Document, error) {
	if text := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n"); len(text) > 0 && text[0] == '{' {
		return xmlpatch.ParseJSON(body)
	}
	return xmlpatch.Parse(body)
}

// itemPaths lead from the root to the item with the key: one, or several for a kind that is set in many places of a
// document alike. None is there for an item that the document does not have.
func (at place) itemPaths(kind *schema.Kind, key string) []xmlpatch.Path {
	switch {
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
func (at place) alike() []xmlpatch.Path {
	list, rest, _ := strings.Cut(at.Within, "/")
	entries := xmlpatch.MustPath(list)
	var paths []xmlpatch.Path
	for i := range at.doc.All(entries) {
		path := entries.At(i + 1)
		if rest != "" {
			path = path.Join(xmlpatch.MustPath(rest))
		}
		paths = append(paths, found(at.doc, path)...)
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
func (at place) fragment(key string) []xmlpatch.Path {
	_, fragment, _ := strings.Cut(key, "#")
	path, err := xmlpatch.ParsePath(fragment)
	if err != nil {
		return nil
	}
	return found(at.doc, path)
}

// entries is the path of the entries of the list that a kind lives in: of its spellings the one that the document has, or
// else the first.
func (at place) entries(kind *schema.Kind) xmlpatch.Path {
	paths := spellings(kind.Item.Element)
	for _, path := range paths {
		if _, ok := at.doc.Find(path); ok {
			return path
		}
	}
	return paths[0]
}

// itemPath leads from the root to the item with the key, in a list.
func (at place) itemPath(kind *schema.Kind, key string) []xmlpatch.Path {
	entries := at.entries(kind)
	switch {
	case kind.Item.Key == "":
		return found(at.doc, entries.At(1))
	case !kind.Keyed:
		key = kind.Item.Equals
	case kind.Item.Names != nil:
		named, ok := at.named.key(key)
		if !ok {
			return nil
		}
		key = named
	}
	return found(at.doc, entries.Where(xmlpatch.MustPath(kind.Item.Key), key))
}

// itemKeys are the keys of all entries of the list that a kind lives in, in the order of the document and including
// those that are no setting of the kind. Of a kind with names they are the names; entries without one are left out.
func (at place) itemKeys(kind *schema.Kind) []string {
	var keys []string
	for _, entry := range at.doc.All(at.entries(kind)) {
		key, ok := entry.Find(xmlpatch.MustPath(kind.Item.Key))
		switch label := key.Text(); {
		case !ok || label == "":
		case kind.Item.Names == nil:
			keys = append(keys, label)
		default:
			keys = append(keys, at.named.labels(label)...)
		}
	}
	return keys
}

// lacks says that the document has no item of the kind with the key.
func (at place) lacks(kind *schema.Kind, key string) string {
	if _, fragment, ok := strings.Cut(key, "#"); ok {
		return "has no element " + show(fragment) + " in " + at.Path
	}
	if at.Within != "" {
		return "has no element " + at.Within
	}
	if kind.Item.Key == "" {
		return "has no " + at.entries(kind).String() + " entry"
	}
	if !kind.Keyed {
		key = kind.Item.Equals
	}
	text := "has no " + show(key) + " entry"
	if keys := at.itemKeys(kind); len(keys) > 0 {
		text += ", but " + list(keys)
	}
	return text
}

// quote writes a text of a device for people: as a Go string, so that nothing in it acts, and cut.
func quote(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return fmt.Sprintf("%q…", string(runes[:most]))
	}
	return fmt.Sprintf("%q", text)
}

// show writes a text of a device without quotes where it is a plain word, and quoted otherwise.
func show(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/", r)
	}
	if text != "" && len(text) <= 40 && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return quote(text)
}

// list writes texts of a device as an enumeration: "a, b and c". More than a dozen are cut.
func list(texts []string) string {
	const most = 12
	shown := make([]string, 0, most)
	for _, text := range texts[:min(len(texts), most)] {
		shown = append(shown, show(text))
	}
	if rest := len(texts) - most; rest > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), rest)
	}
	if len(shown) < 2 {
		return strings.Join(shown, "")
	}
	return strings.Join(shown[:len(shown)-1], ", ") + " and " + shown[len(shown)-1]
}
