package hikvision

import (
	"fmt"
	"strings"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// Discreet covers the texts of elements that hold secrets, by their names and by the setting files: by their names alone not what gives
// nothing away. A text that hide blanks is covered wherever it stands: in an element that holds no secret, in an attribute, or in a
// comment.
func (p *Provider) Discreet(doc providers.Document, hide *providers.Redactor) (providers.Document, error) {
	doc.Missing, doc.Hide = hide.Blank(doc.Missing), nil
	if len(doc.Body) == 0 {
		return doc, nil
	}
	secrets := secretsIn(p.kinds, doc.Path)
	parsed, err := document.Parse(doc.Body)
	if err == nil {
		err = parsed.Cover(schema.Blank, func(e xmlpatch.Element) bool {
			known := secrets.holdKnown(e)
			return (known || !document.SaysNothing(e.Text())) && strings.Trim(e.Text(), "*•") != "" && (known || secrets.hold(e))
		})
	}
	if err == nil {
		err = parsed.Replace(func(e xmlpatch.Element) (string, bool) {
			blank := hide.Blank(e.Text())
			return blank, blank != e.Text()
		})
	}
	if err == nil {
		doc.Body = []byte(hide.Blank(string(parsed.Bytes())))
		_, err = document.Parse(doc.Body)
	}
	if err != nil {
		return providers.Document{}, fmt.Errorf("%s cannot be understood, so camform cannot tell which parts are secret: %w", doc.Path, providers.ErrMalformed)
	}
	return doc, nil
}
