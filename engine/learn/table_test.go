package learn

import (
	"encoding/json"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"
)

// Texts of a configuration are normalised, so a cell must be so already, and still mean the same.
func TestMarksDoNotMeltIntoEscapes(t *testing.T) {
	for _, text := range []string{"\r\u0301", "a\r\u0301b", "\r\U0001D165", "\u0301", "T\u00fcr", "\\\u0301"} {
		cell := jsonText(cty.StringVal(text))
		var back string
		if err := json.Unmarshal([]byte(norm.NFC.String(cell)), &back); err != nil || back != cty.StringVal(text).AsString() {
			t.Errorf("%q is written as %s, and reads as %q (%v)", text, cell, back, err)
		}
	}
}
