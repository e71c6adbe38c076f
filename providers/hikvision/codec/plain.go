package codec

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// text: the text of an element, as it is.

func decodeText(f document.Field) (cty.Value, error) {
	text, ok := f.Text(0)
	if !ok {
		return f.Null(), nil
	}
	return cty.StringVal(text), nil
}

func encodeText(f document.Field, want cty.Value) error {
	return f.Put(0, strings.TrimSpace(want.AsString()))
}

func checkText(f document.Field, want cty.Value) []string {
	text := want.AsString()
	switch l := f.Limit(0); {
	case !f.Has(0):
		return f.Missing(0)
	case strings.ContainsFunc(text, unicode.IsControl):
		return document.Sentence("The text contains a control character, which the device cannot store.")
	case len(l.Options) > 0 && !slices.Contains(l.Options, text):
		return document.Sentence("This device accepts %s.", document.List(l.Options))
	case !l.Allows(int64(len(text))):
		return document.Sentence("The text has %s; %s.", BytesOf(text), l.Takes())
	}
	return nil
}

// sameText ignores white space around a text, which is not read from devices.
func sameText(want, have cty.Value) bool {
	return strings.TrimSpace(want.AsString()) == strings.TrimSpace(have.AsString())
}

// BytesOf writes the length of a text for people, in characters, and in bytes where that is another number.
func BytesOf(text string) string {
	if n := len([]rune(text)); n != len(text) {
		return fmt.Sprintf("%d characters that take %d bytes", n, len(text))
	}
	return fmt.Sprintf("%d characters", len(text))
}

// boolean: true or false, in any case; written back in the case that was read.

func decodeBoolean(f document.Field) (cty.Value, error) {
	text, ok := f.Text(0)
	if !ok || text == "" {
		return f.Null(), nil
	}
	is, err := readFlag(f.Element(0), text)
	if err != nil {
		return f.Null(), err
	}
	return cty.BoolVal(is), nil
}

// readFlag reads the text of an element that is true or false.
func readFlag(element xmlpatch.Path, text string) (bool, error) {
	switch {
	case strings.EqualFold(text, "true"):
		return true, nil
	case strings.EqualFold(text, "false"):
		return false, nil
	}
	return false, fmt.Errorf("%s is %s, not true or false: %w", element, document.Quote(text), providers.ErrMalformed)
}

func encodeBoolean(f document.Field, want cty.Value) error {
	have, _ := f.Text(0)
	return f.Put(0, inCaseOf(have, strconv.FormatBool(want.True())))
}

// inCaseOf writes a word in capitals if the model is.
func inCaseOf(model, word string) string {
	if model != "" && model == strings.ToUpper(model) {
		return strings.ToUpper(word)
	}
	return word
}

func checkBoolean(f document.Field, want cty.Value) []string {
	text := strconv.FormatBool(want.True())
	if !f.Has(0) {
		return f.Missing(0)
	}
	options := f.Limit(0)
	if _, ok := options.Option(text); !ok && len(options.Options) > 0 {
		return document.Sentence("This device accepts %s, not %s.", document.List(options.Options), text)
	}
	return nil
}

// number: a whole number.

func decodeNumber(f document.Field) (cty.Value, error) {
	text, ok := f.Text(0)
	if !ok || text == "" {
		return f.Null(), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return f.Null(), fmt.Errorf("%s is %s, not a whole number: %w", f.Element(0), document.Quote(text), providers.ErrMalformed)
	}
	return cty.NumberIntVal(n), nil
}

func encodeNumber(f document.Field, want cty.Value) error {
	n, err := WholeNumber(want)
	if err != nil {
		return err
	}
	return f.Put(0, strconv.FormatInt(n, 10))
}

func formNumber(_ *schema.Attribute, want cty.Value) []string { return Fraction(want) }

// Fraction says, in sentences, that a number is not whole; nil for one that is.
func Fraction(want cty.Value) []string {
	if _, err := WholeNumber(want); err != nil {
		return document.Sentence("%s is not a whole number. Devices store whole numbers only.", want.AsBigFloat().Text('g', -1))
	}
	return nil
}

func checkNumber(f document.Field, want cty.Value) []string {
	n, _ := WholeNumber(want)
	l := f.Limit(0)
	switch {
	case !f.Has(0):
		return f.Missing(0)
	case len(l.Options) > 0 && !slices.Contains(l.Options, strconv.FormatInt(n, 10)):
		return document.Sentence("This device accepts %s, not %d.", document.List(l.Options), n)
	case !l.Allows(n):
		return document.Sentence("%s, not %d.", capitalised(l.Takes()), n)
	}
	return nil
}

// WholeNumber returns a number that has no fraction and fits in 64 bits. The error wraps ErrInvalid for others.
func WholeNumber(v cty.Value) (int64, error) {
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != big.Exact {
		return 0, fmt.Errorf("not a whole number: %w", providers.ErrInvalid)
	}
	return n, nil
}

// choice: one of several words. The first element of the attribute is read; those of the others that exist follow it, such
// as the entries of a list that repeat the mode of the list.

func decodeChoice(f document.Field) (cty.Value, error) {
	text, ok := f.Text(0)
	if !ok || text == "" {
		return f.Null(), nil
	}
	return cty.StringVal(valueOf(f.Attribute, text)), nil
}

func encodeChoice(f document.Field, want cty.Value) error {
	text, _ := deviceText(f.Attribute, f.Limit(0), want.AsString())
	if err := f.Put(0, text); err != nil {
		return err
	}
	for n := 1; n < len(f.Attribute.Elements); n++ {
		if err := follow(f, n, text); err != nil {
			return err
		}
	}
	return nil
}

// follow sets every occurrence of the nth element. They are set one by one, since they may differ from each other.
func follow(f document.Field, n int, text string) error {
	entries := f.Path(n).Parent()
	for i := range f.Doc.All(entries) {
		one := entries
		if !entries.IsRoot() {
			one = entries.At(i + 1)
		}
		target := one.Child(f.Path(n).Name())
		if _, ok := f.Doc.Find(target); !ok {
			continue
		}
		if err := f.Doc.Set(target, text); err != nil {
			return document.InFamily(err)
		}
	}
	return nil
}

func checkChoice(f document.Field, want cty.Value) []string {
	if !f.Has(0) {
		return f.Missing(0)
	}
	options := f.Limit(0)
	if _, ok := deviceText(f.Attribute, options, want.AsString()); ok || len(options.Options) == 0 {
		return nil
	}
	var values []string
	for _, option := range options.Options {
		values = append(values, valueOf(f.Attribute, option))
	}
	return document.Sentence("This device accepts %s, not %s.", document.List(values), document.Show(want.AsString()))
}

func sameChoice(want, have cty.Value) bool {
	return strings.EqualFold(want.AsString(), have.AsString())
}

// deviceText is the text of the device for a value of ours: of its spellings the one that the device lists, or else the first.
// Listed reports whether the device lists one.
func deviceText(a *schema.Attribute, l document.Limit, value string) (text string, listed bool) {
	spellings := spellingsOf(a, value)
	for _, spelling := range spellings {
		if option, ok := l.Option(spelling); ok {
			return option, true
		}
	}
	return spellings[0], false
}

// spellingsOf are the texts that devices have for a value of ours.
func spellingsOf(a *schema.Attribute, value string) []string {
	if texts, ok := a.Map[value]; ok {
		return strings.Split(texts, "|")
	}
	return []string{value}
}

// valueOf is our value for a text of the device. A text that the setting file does not know is its own value.
func valueOf(a *schema.Attribute, text string) string {
	for value := range a.Map {
		if slices.ContainsFunc(spellingsOf(a, value), func(spelling string) bool { return strings.EqualFold(spelling, text) }) {
			return value
		}
	}
	for _, value := range a.Values {
		if strings.EqualFold(value, text) {
			return value
		}
	}
	return text
}

func capitalised(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
