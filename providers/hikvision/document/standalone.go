package document

import (
	"bytes"
	"regexp"
	"slices"

	"camform/providers/hikvision/xmlpatch"
)

// Standalone makes an element a separate document: with the declaration of the document it comes from, and with the
// namespace and the version of the root where it has none, as devices answer when they are asked for the item alone.
func Standalone(doc *xmlpatch.Document, raw []byte, without []string) ([]byte, error) {
	if end := bytes.IndexAny(raw, " \t\r\n/>"); raw[0] == '<' && !bytes.Contains(StartTag(raw), []byte("xmlns")) {
		root := doc.Root().Raw()
		attributes := lackingAttributes(StartTag(root), StartTag(raw))
		raw = slices.Concat(raw[:end], attributes, raw[end:])
	}
	one, err := Parse(append(Prolog(doc), raw...))
	if err != nil {
		return nil, InFamily(err)
	}
	for _, left := range without {
		if _, ok := one.Find(xmlpatch.MustPath(left)); ok {
			if err := one.Remove(xmlpatch.MustPath(left)); err != nil {
				return nil, InFamily(err)
			}
		}
	}
	return one.Bytes(), nil
}

var startAttribute = regexp.MustCompile(`\s+([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*')`)

// lackingAttributes are the attributes of one start tag that another has none of that name of. The size belongs to a list
// and not to its entries.
func lackingAttributes(of, tag []byte) []byte {
	have := []string{"size"}
	for _, attribute := range startAttribute.FindAllSubmatch(tag, -1) {
		have = append(have, string(attribute[1]))
	}
	var lacking []byte
	for _, attribute := range startAttribute.FindAllSubmatch(of, -1) {
		if !slices.Contains(have, string(attribute[1])) {
			lacking = append(lacking, attribute[0]...)
		}
	}
	return lacking
}

// Prolog is what stands before the root element of a list: the declaration, as the device writes it.
func Prolog(doc *xmlpatch.Document) []byte {
	before, _, _ := bytes.Cut(doc.Bytes(), doc.Root().Raw())
	return slices.Clip(before)
}

// StartTag is the start tag of an element with children.
func StartTag(raw []byte) []byte {
	var quoted byte
	for i, c := range raw {
		switch {
		case quoted != 0:
			if c == quoted {
				quoted = 0
			}
		case c == '"' || c == '\'':
			quoted = c
		case c == '>':
			return raw[:i+1]
		}
	}
	return raw
}
