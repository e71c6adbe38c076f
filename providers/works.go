package providers

import (
	"slices"

	"camform/schema"
)

// Working is what a device says of whether an item of a kind works, by the document that tells it: the texts of the element, and
// whether one of them says so. The error is that of Observe; there is no result then.
func Working(w *schema.Works, doc Document, i Interpreter) (says []string, working bool, err error) {
	says, err = i.Observe(doc, w.Element)
	return says, slices.ContainsFunc(says, func(text string) bool { return slices.Contains(w.Values, text) }), err
}
