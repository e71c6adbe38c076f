package codec

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
)

// The kind that reaches any element of any document: what it can tell of an element that nobody described.

// unreadable says, as a sentence, why the text of an element is neither read nor written; empty for others. Secrets are among
// them, for what is read would be shown.
func unreadable(f document.Field) string {
	elements := f.Doc.All(f.Path(0))
	switch {
	case document.LeadsToSecret(f.Path(0).String()):
		return fmt.Sprintf("%s looks like a secret, and document would show it. A custom kind can declare it as one.", f.Path(0))
	case len(elements) > 1:
		return fmt.Sprintf("There are %d elements %s. Choose one of them, as in %s[2] or with [id=2] after the entry.", len(elements), f.Path(0), f.Path(0))
	case len(elements) == 1 && len(elements[0].Children()) > 0:
		return fmt.Sprintf("%s holds other elements. Name the one that you mean.", f.Path(0))
	}
	return ""
}

func decodeElement(f document.Field) (cty.Value, error) {
	if unreadable(f) != "" {
		return f.Null(), nil
	}
	return decodeText(f)
}

func encodeElement(f document.Field, want cty.Value) error {
	if reason := unreadable(f); reason != "" {
		return fmt.Errorf("%s: %w", strings.TrimSuffix(reason, "."), providers.ErrUnsupported)
	}
	text := strings.TrimSpace(want.AsString())
	if have, _ := f.Text(0); isFlag(text) {
		text = inCaseOf(have, strings.ToLower(text))
	}
	return f.Put(0, text)
}

var (
	flagPattern   = regexp.MustCompile(`^(?i:true|false)$`)
	numberPattern = regexp.MustCompile(`^-?[0-9]{1,6}$`)
)

func isFlag(text string) bool { return flagPattern.MatchString(text) }

// checkElement asks the device for its limits, and wants a value of the form that the element has: what was true is not set
// to a word by a slip.
func checkElement(f document.Field, want cty.Value) []string {
	if reason := unreadable(f); reason != "" {
		return []string{reason}
	}
	text := strings.TrimSpace(want.AsString())
	switch have, _ := f.Text(0); {
	case isFlag(have) && !isFlag(text):
		return document.Sentence("%s is %s on this device, so it can be true or false, not %s.", f.Path(0), have, document.Show(text))
	case numberPattern.MatchString(have) && !numberPattern.MatchString(text):
		return document.Sentence("%s is %s on this device, so it can be a number of up to six digits, not %s.", f.Path(0), have, document.Show(text))
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if have, _ := f.Text(0); err == nil && numberPattern.MatchString(have) {
		return checkNumber(f, cty.NumberIntVal(number))
	}
	return checkText(f, cty.StringVal(text))
}

// sameElement compares true and false without regard to case, and other texts as they are.
func sameElement(want, have cty.Value) bool {
	a, b := strings.TrimSpace(want.AsString()), strings.TrimSpace(have.AsString())
	return a == b || isFlag(a) && strings.EqualFold(a, b)
}
