package hikvision

import (
	"slices"

	"camform/providers/hikvision/document"
	"camform/providers/hikvision/reach"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// secrets are the paths, from anywhere, of the elements of a document that setting files call secret.
type secrets []xmlpatch.Path

// secretsIn returns those of the document at a path.
func secretsIn(kinds *schema.Kinds, path string) secrets {
	return reach.OwnersOf(kinds).SecretsIn(path)
}

// holdKnown reports whether a setting file says of an element, or of one that it lies in, that it holds a secret.
func (s secrets) holdKnown(e xmlpatch.Element) bool {
	for ; e.Name() != ""; e = e.Parent() {
		if slices.ContainsFunc(s, e.EndsIn) {
			return true
		}
	}
	return false
}

// hold reports whether an element or one that it lies in holds a secret.
func (s secrets) hold(e xmlpatch.Element) bool {
	for ; e.Name() != ""; e = e.Parent() {
		if document.IsSecret(e.Name()) || slices.ContainsFunc(s, e.EndsIn) {
			return true
		}
	}
	return false
}
