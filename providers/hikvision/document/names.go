package document

import (
	"fmt"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// names are the labels of items that a list in another document gives to their keys, in the order of that list.
type names []name

type name struct{ key, label string }

// namesOf reads the names of the items of a kind; nil for a kind whose labels are its keys. The error is ErrUnsupported
// where the device lacks the list, and ErrMalformed where it answered something else.
func namesOf(kind *schema.Kind, docs providers.Documents) (names, error) {
	if kind.Item == nil || kind.Item.Names == nil {
		return nil, nil
	}
	from := kind.Item.Names
	answer, ok := docs[from.Path]
	switch {
	case !ok:
		return nil, fmt.Errorf("%s was not read, this is a bug: %w", from.Path, providers.ErrMalformed)
	case answer.Missing != "":
		return nil, fmt.Errorf("%s: %s: %w", from.Path, Quote(answer.Missing), providers.ErrUnsupported)
	}
	doc, err := Parse(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", from.Path, err, providers.ErrMalformed)
	}
	if root := doc.Root().Name(); root != from.Root {
		return nil, fmt.Errorf("%s: the root element is %s, not %s: %w", from.Path, Quote(root), from.Root, providers.ErrMalformed)
	}
	var list names
	for _, entry := range doc.All(xmlpatch.MustPath(from.Element)) {
		key, _ := entry.Find(xmlpatch.MustPath(from.Key))
		label, _ := entry.Find(xmlpatch.MustPath(from.Name))
		if key.Text() != "" && label.Text() != "" {
			list = append(list, name{key.Text(), label.Text()})
		}
	}
	return list, nil
}

// key is the key of the first item with the label.
func (n names) key(label string) (string, bool) {
	for _, one := range n {
		if one.label == label {
			return one.key, true
		}
	}
	return "", false
}

// label is the label of a key; empty if it has none.
func (n names) label(key string) string {
	for _, one := range n {
		if one.key == key {
			return one.label
		}
	}
	return ""
}
