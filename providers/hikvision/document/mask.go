package document

import (
	"strings"

	"camform/providers/hikvision/xmlpatch"
)

// IsMasked reports whether a device shows the text of an element in place of another one that it hides: nothing but
// asterisks or bullets. It takes such a text for a new value when it is sent back.
//
// Where no secret is to be expected, a mask has three of them at least: a single asterisk stands for anything in some documents.
// Whether one is to be expected is asked of texts only that could be a mask.
func IsMasked(e xmlpatch.Element, secret func() bool) bool {
	text := e.Text()
	return text != "" && strings.Trim(text, "*•") == "" && (len([]rune(text)) >= 3 || secret())
}
