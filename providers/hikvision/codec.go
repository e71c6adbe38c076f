package hikvision

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/xmlpatch"
	"camform/schema"
)

// codec is how the text of elements and the value of an attribute correspond. Setting files name codecs by the keys of
// codecs. The values that codecs get are known, not null and without marks.
type codec struct {
	// decode reads the value. It is null where the document does not have the attribute.
	decode func(field) (cty.Value, error)

	// encode changes the document so that decode yields the value; nil where hooks make the request.
	encode func(field, cty.Value) error

	// check says, in sentences, why the device will not take the value. The value is of the attribute's type, and
	// otherwise arbitrary; nil where hooks check.
	check func(field, cty.Value) []string

	// lacks reports whether the device has nothing that the attribute could be written to; nil where that means that it
	// has none of its elements.
	lacks func(field) bool

	// entry is the number of the element of the attribute that is an entry of a list, of which there may be any number; 0
	// for none.
	entry int

	// same compares what is wanted with what was decoded; nil for equality.
	same func(want, have cty.Value) bool

	// rewritten reports whether devices are known to store have where want was sent; nil for never.
	rewritten func(want, have cty.Value) bool
}

var codecs = map[string]codec{
	"text":         {decode: decodeText, encode: encodeText, check: checkText, same: sameText},
	"boolean":      {decode: decodeBoolean, encode: encodeBoolean, check: checkBoolean},
	"number":       {decode: decodeNumber, encode: encodeNumber, check: checkNumber},
	"choice":       {decode: decodeChoice, encode: encodeChoice, check: checkChoice, same: sameChoice},
	"host":         {decode: decodeHost, encode: encodeHost, check: checkHost, same: sameHost},
	"tls_minimum":  {decode: decodeTLS, encode: encodeTLS, check: checkTLS},
	"lock_time":    {decode: decodeLockTime, encode: encodeLockTime, check: checkLockTime, lacks: lacksLockUnit},
	"time_zone":    {decode: decodeZone, encode: encodeZone, check: checkZone, same: sameZone, rewritten: rewrittenZone},
	"address_list": {decode: decodeAddresses, encode: encodeAddresses, check: checkAddresses, same: sameAddresses, entry: 1},

	"interface_address": {decode: decodeInterfaceAddress, encode: encodeInterfaceAddress, check: checkInterfaceAddress, same: sameInterfaceAddress},
	"address":           {decode: decodeAddress, encode: encodeAddress, check: checkAddress, same: sameAddress},
	"address_slots":     {decode: decodeSlots, encode: encodeSlots, check: checkSlots, same: sameSlots},
	"mac_list":          {decode: decodeMACs, encode: encodeMACs, check: checkMACs, same: sameMACs, entry: 1},
	"period":            {decode: decodePeriod, encode: encodePeriod, check: checkPeriod, same: samePeriod},
	"receivers":         {decode: decodeReceivers, encode: encodeReceivers, check: checkReceivers, same: sameReceivers},
	"notifications":     {decode: decodeNotifications, encode: encodeNotifications, check: checkNotifications, entry: notificationEntry},
	"record_schedule":   {decode: decodeSchedule, encode: encodeSchedule, check: checkSchedule, same: sameSchedule, entry: scheduleAction},
	"host_slot":         {decode: decodeHostSlot, encode: encodeHost, check: checkHost, same: sameHost},
	"element":           {decode: decodeElement, encode: encodeElement, check: checkElement, same: sameElement},
	"wireless_key":      {decode: decodeText, encode: encodeWirelessKey, check: checkWirelessKey},

	"rights":             {decode: decodeRights, encode: encodeRights, check: checkRights},
	"questions":          {decode: decodeQuestions, same: sameQuestions},
	"masked_addresses":   {decode: decodeMasked, check: checkMasked, same: sameMasked},
	"certificate_issuer": {decode: decodeIssuer},
	"certificate_name":   {decode: decodeName},
	"certificate_days":   {decode: decodeDays},
	"certificate_chain":  {decode: decodeChain, same: sameChain},
	"channel_rights":     {decode: decodeChannelRights, encode: encodeChannelRights, check: checkChannelRights},
}

// codecOf finds the codec of an attribute. A name that no codec has is a mistake in a setting file, which a test finds.
func codecOf(a *schema.Attribute) codec {
	c, ok := codecs[a.Codec]
	if !ok {
		panic(fmt.Sprintf("the attribute %s has the unknown codec %q", a.Name, a.Codec))
	}
	return c
}

// text: the text of an element, as it is.

func decodeText(f field) (cty.Value, error) {
	text, ok := f.text(0)
	if !ok {
		return f.null(), nil
	}
	return cty.StringVal(text), nil
}

func encodeText(f field, want cty.Value) error { return f.put(0, strings.TrimSpace(want.AsString())) }

func checkText(f field, want cty.Value) []string {
	text := want.AsString()
	switch l := f.limit(0); {
	case !f.has(0):
		return f.missing(0)
	case strings.ContainsFunc(text, unicode.IsControl):
		return sentence("The text contains a control character, which the device cannot store.")
	case len(l.options) > 0 && !slices.Contains(l.options, text):
		return sentence("This device takes %s.", list(l.options))
	case !l.allows(int64(len(text))):
		return sentence("The text has %s; this device takes %s.", bytesOf(text), l.bounds())
	}
	return nil
}

// sameText ignores white space around a text, which is not read from devices.
func sameText(want, have cty.Value) bool {
	return strings.TrimSpace(want.AsString()) == strings.TrimSpace(have.AsString())
}

func bytesOf(text string) string {
	if n := len([]rune(text)); n != len(text) {
		return fmt.Sprintf("%d characters that take %d bytes", n, len(text))
	}
	return fmt.Sprintf("%d characters", len(text))
}

// boolean: true or false, in any case; written back in the case that was read.

func decodeBoolean(f field) (cty.Value, error) {
	text, ok := f.text(0)
	if !ok || text == "" {
		return f.null(), nil
	}
	is, err := readFlag(f.element(0), text)
	if err != nil {
		return f.null(), err
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
	return false, fmt.Errorf("%s is %s, not true or false: %w", element, quote(text), providers.ErrMalformed)
}

func encodeBoolean(f field, want cty.Value) error {
	have, _ := f.text(0)
	return f.put(0, inCaseOf(have, strconv.FormatBool(want.True())))
}

// inCaseOf writes a word in capitals if the model is.
func inCaseOf(model, word string) string {
	if model != "" && model == strings.ToUpper(model) {
		return strings.ToUpper(word)
	}
	return word
}

func checkBoolean(f field, want cty.Value) []string {
	text := strconv.FormatBool(want.True())
	if !f.has(0) {
		return f.missing(0)
	}
	options := f.limit(0)
	if _, ok := options.option(text); !ok && len(options.options) > 0 {
		return sentence("This device takes %s, not %s.", list(options.options), text)
	}
	return nil
}

// number: a whole number.

func decodeNumber(f field) (cty.Value, error) {
	text, ok := f.text(0)
	if !ok || text == "" {
		return f.null(), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return f.null(), fmt.Errorf("%s is %s, not a whole number: %w", f.element(0), quote(text), providers.ErrMalformed)
	}
	return cty.NumberIntVal(n), nil
}

func encodeNumber(f field, want cty.Value) error {
	n, err := wholeNumber(want)
	if err != nil {
		return err
	}
	return f.put(0, strconv.FormatInt(n, 10))
}

func checkNumber(f field, want cty.Value) []string {
	n, err := wholeNumber(want)
	if err != nil {
		return sentence("The value must be a whole number.")
	}
	l := f.limit(0)
	switch {
	case !f.has(0):
		return f.missing(0)
	case len(l.options) > 0 && !slices.Contains(l.options, strconv.FormatInt(n, 10)):
		return sentence("This device takes %s, not %d.", list(l.options), n)
	case !l.allows(n):
		return sentence("This device takes %s, not %d.", l.bounds(), n)
	}
	return nil
}

func wholeNumber(v cty.Value) (int64, error) {
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != big.Exact {
		return 0, fmt.Errorf("not a whole number: %w", providers.ErrInvalid)
	}
	return n, nil
}

// choice: one of several words. The first element of the attribute is read; those of the others that exist follow it, such
// as the entries of a list that repeat the mode of the list.

func decodeChoice(f field) (cty.Value, error) {
	text, ok := f.text(0)
	if !ok || text == "" {
		return f.null(), nil
	}
	return cty.StringVal(valueOf(f.attribute, text)), nil
}

func encodeChoice(f field, want cty.Value) error {
	text := deviceText(f.attribute, want.AsString())
	if spelling, ok := f.limit(0).option(text); ok {
		text = spelling
	}
	if err := f.put(0, text); err != nil {
		return err
	}
	for n := 1; n < len(f.attribute.Elements); n++ {
		if err := f.follow(n, text); err != nil {
			return err
		}
	}
	return nil
}

// follow sets every occurrence of the nth element. They are set one by one, since they may differ from each other.
func (f field) follow(n int, text string) error {
	entries := f.path(n).Parent()
	for i := range f.doc.All(entries) {
		one := entries
		if !entries.IsRoot() {
			one = entries.At(i + 1)
		}
		target := one.Child(f.path(n).Name())
		if _, ok := f.doc.Find(target); !ok {
			continue
		}
		if err := f.doc.Set(target, text); err != nil {
			return inFamily(err)
		}
	}
	return nil
}

func checkChoice(f field, want cty.Value) []string {
	if !f.has(0) {
		return f.missing(0)
	}
	options := f.limit(0)
	if _, ok := options.option(deviceText(f.attribute, want.AsString())); ok || len(options.options) == 0 {
		return nil
	}
	var values []string
	for _, option := range options.options {
		values = append(values, valueOf(f.attribute, option))
	}
	return sentence("This device takes %s, not %s.", list(values), show(want.AsString()))
}

func sameChoice(want, have cty.Value) bool {
	return strings.EqualFold(want.AsString(), have.AsString())
}

// deviceText is the text of the device for a value of ours.
func deviceText(a *schema.Attribute, value string) string {
	if text, ok := a.Map[value]; ok {
		return text
	}
	return value
}

// valueOf is our value for a text of the device. A text that the setting file does not know is its own value.
func valueOf(a *schema.Attribute, text string) string {
	for value, mapped := range a.Map {
		if strings.EqualFold(mapped, text) {
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
