package hikvision

import (
	"fmt"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// open parses the document that a kind lives in. The error is ErrUnsupported where the device does not have the document,
// and ErrMalformed where it answered something else.
func open(kind *schema.Kind, docs providers.Documents) (*xmlpatch.Document, error) {
	path := kind.Document.Path
	answer, ok := docs[path]
	switch {
	case !ok:
		return nil, fmt.Errorf("%s was not read, this is a bug: %w", path, providers.ErrMalformed)
	case answer.Missing != "":
		return nil, fmt.Errorf("%s: %s: %w", path, quote(answer.Missing), providers.ErrUnsupported)
	}
	doc, err := xmlpatch.Parse(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, err, providers.ErrMalformed)
	}
	if root := doc.Root().Name(); root != kind.Document.Root {
		return nil, fmt.Errorf("%s: the root element is %s, not %s: %w", path, quote(root), kind.Document.Root, providers.ErrMalformed)
	}
	return doc, nil
}

// itemPath leads from the root to the item with the key; it is empty for a kind that is the whole document.
func itemPath(kind *schema.Kind, key string) xmlpatch.Path {
	if kind.Item == nil {
		return xmlpatch.Path{}
	}
	entries := xmlpatch.MustPath(kind.Item.Element)
	switch {
	case kind.Item.Key == "":
		return entries.At(1)
	case kind.Keyed:
		return entries.Where(xmlpatch.MustPath(kind.Item.Key), key)
	default:
		return entries.Where(xmlpatch.MustPath(kind.Item.Key), kind.Item.Equals)
	}
}

// itemKeys are the keys of all entries of the list that a kind lives in, in the order of the document and including
// those that are no setting of the kind.
func itemKeys(kind *schema.Kind, doc *xmlpatch.Document) []string {
	var keys []string
	for _, entry := range doc.All(xmlpatch.MustPath(kind.Item.Element)) {
		if key, ok := entry.Find(xmlpatch.MustPath(kind.Item.Key)); ok && key.Text() != "" {
			keys = append(keys, key.Text())
		}
	}
	return keys
}

// lacks says that the document has no item of the kind with the key.
func lacks(kind *schema.Kind, doc *xmlpatch.Document, key string) string {
	if kind.Item.Key == "" {
		return "has no " + kind.Item.Element + " entry"
	}
	if !kind.Keyed {
		key = kind.Item.Equals
	}
	text := "has no " + show(key) + " entry"
	if keys := itemKeys(kind, doc); len(keys) > 0 {
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
