package hikvision

import (
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/hook"
	"camform/providers/hikvision/reach"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Some devices show asterisks in place of a secret, and take them for a new one when the document comes back. So a masked
// text never leaves: a secret that the device is recorded to keep is left out, and a document with any other is not written
// unless the change gives the secret.

// maskedIn returns the elements of a document, or of a part of it, that the device masked.
func (s secrets) maskedIn(part xmlpatch.Element) []xmlpatch.Element {
	var masked []xmlpatch.Element
	if document.IsMasked(part, func() bool { return s.hold(part) }) {
		masked = append(masked, part)
	}
	for _, child := range part.Children() {
		masked = append(masked, s.maskedIn(child)...)
	}
	return masked
}

// unmasked takes the masked texts out of what is to be sent. The error is ErrUnsupported if one must not be left out.
func unmasked(kinds *schema.Kinds, r providers.Request) (providers.Request, error) {
	doc, err := document.Parse(r.Body)
	if err != nil {
		return r, nil // such as a certificate: no device masks what it did not make
	}
	omittable := reach.OwnersOf(kinds).OmittableIn(r.Path)
	masked := secretsIn(kinds, r.Path).maskedIn(doc.Root())
	for _, e := range slices.Backward(masked) {
		if !slices.ContainsFunc(omittable, e.EndsIn) {
			return r, fmt.Errorf("the device shows %s masked and would take the mask as the new one; declare the %s: %w",
				e.Path(), e.Name(), providers.ErrUnsupported)
		}
		if err := doc.Remove(e.Path()); err != nil {
			return r, document.InFamily(err)
		}
	}
	if len(masked) > 0 {
		r.Body = doc.Bytes()
	}
	return r, nil
}

// withheld finds what the device masked in the part of a document that a change sends, that the change does not give, and that
// must not be left out.
func withheld(kinds *schema.Kinds, kind *schema.Kind, at document.Place, key string, want cty.Value) []providers.AttributeError {
	if want.IsNull() {
		return nil
	}
	var undeclared []string // attributes that would have to be given
	var foreign []string    // elements that nothing here can give
	secrets, paths := secretsIn(kinds, at.Path), at.ItemPaths(kind, key)
	for _, part := range partsSent(kind, at, paths) {
		for _, e := range secrets.maskedIn(part) {
			switch a := attributeOf(kind, at, paths, e); {
			case a == nil:
				foreign = append(foreign, e.Path().String())
			case want.GetAttr(a.Name).IsNull() && !a.Omittable:
				undeclared = append(undeclared, a.Name)
			}
		}
	}
	switch {
	case len(foreign) > 0:
		return mask("", "The device shows %s masked, and would take the mask as a new value. No attribute of %s can supply it, so change this in the device's own menu.",
			document.List(foreign), kind.Name)
	case len(undeclared) == 1:
		return mask(undeclared[0], "The device shows the %[1]s masked and would take the mask as the new one. There is no record that it keeps one that is left out, so declare the %[1]s.",
			undeclared[0])
	case len(undeclared) > 1:
		return mask("", "The device shows %[1]s masked and would take the masks as new values. There is no record that it keeps those that are left out, so declare the %[1]s.",
			document.List(undeclared))
	}
	return nil
}

// mask makes an error about an attribute, or about the setting as a whole.
func mask(attribute, format string, args ...any) []providers.AttributeError {
	return []providers.AttributeError{{Attribute: attribute, Unproven: true, Masked: true, Detail: fmt.Sprintf(format, args...)}}
}

// partsSent are the parts of a document that go back to the device with a change of the item that the paths lead to.
func partsSent(kind *schema.Kind, at document.Place, paths []xmlpatch.Path) []xmlpatch.Element {
	write := kind.WriteIn(at.Document)
	composed := hook.All[kind.Hooks].Compose != nil
	if write == nil && !composed {
		return []xmlpatch.Element{at.Doc.Root()}
	}
	if composed && !kind.IsAccount() {
		return nil // made from nothing
	}
	var parts []xmlpatch.Element
	for _, path := range paths {
		if e, ok := at.Doc.Find(at.Entry(path).Join(xmlpatch.MustPath(write.Element))); ok {
			parts = append(parts, e)
		}
	}
	return parts
}

// attributeOf returns the attribute of the item that an element belongs to; nil if there is none.
func attributeOf(kind *schema.Kind, at document.Place, paths []xmlpatch.Path, e xmlpatch.Element) *schema.Attribute {
	for _, path := range paths {
		for _, a := range kind.Attributes {
			f := at.Field(path, a)
			for n := range a.Elements {
				if own, ok := at.Doc.Find(f.Path(n)); ok && own == e {
					return a
				}
			}
		}
	}
	return nil
}

// reverted is a request with the document as it was before, in which the texts of the request are in place of those that
// the device masked.
func reverted(kinds *schema.Kinds, before providers.Document, request providers.Request) (providers.Request, error) {
	sent := request.Body
	request.Body, request.Instead = before.Body, nil
	doc, err := document.Parse(before.Body)
	if err != nil {
		return request, document.InFamily(err)
	}
	masked := secretsIn(kinds, request.Path).maskedIn(doc.Root())
	if len(masked) == 0 {
		return request, nil
	}
	given, err := document.Parse(sent)
	if err != nil {
		return request, document.InFamily(err)
	}
	for _, e := range masked {
		secret, ok := given.Find(e.Path())
		if !ok || secret.Text() == "" {
			return request, fmt.Errorf("the device shows %s masked, and the change did not supply it: %w", e.Path(), providers.ErrUnsupported)
		}
		if err := doc.Set(e.Path(), secret.Text()); err != nil {
			return request, document.InFamily(err)
		}
	}
	request.Body = doc.Bytes()
	return request, nil
}
