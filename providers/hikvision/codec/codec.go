// Package codec holds the forms in which documents of devices have the values of attributes: each codec reads one, writes it in
// place, and checks a wanted one against the limits of the device.
//
// What the codecs get as wanted is known, not null and without marks. None of them touches an element that its attribute does
// not name.
package codec

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision/document"
	"camform/schema"
)

// Codec is how the text of elements and the value of an attribute correspond.
type Codec struct {
	// decode reads the value. It is null where the document does not have the attribute.
	decode func(document.Field) (cty.Value, error)

	// encode changes the document so that decode yields the value; nil where hooks make the request.
	encode func(document.Field, cty.Value) error

	// form says, in sentences, why no device takes a value of the attribute's type; nil where some device may take any. The value is
	// known and not null; its members need not be.
	form func(*schema.Attribute, cty.Value) []string

	// check says, in sentences, why the device will not take the value, whose form is right. The value is of the attribute's type; nil
	// where hooks check.
	check func(document.Field, cty.Value) []string

	// lacks reports whether the device has nothing that the attribute could be written to; nil where that means that it
	// has none of its elements.
	lacks func(document.Field) bool

	// Entry is the number of the element of the attribute that is an entry of a list with any number of entries; 0
	// for none.
	Entry int

	// same compares what is wanted with what was decoded; nil for equality.
	same func(want, have cty.Value) bool

	// Rewritten reports whether devices are known to store have where want was sent; nil for never.
	Rewritten func(want, have cty.Value) bool
}

// All are the codecs by the names that setting files have for them.
var All = map[string]Codec{
	"text":         {decode: decodeText, encode: encodeText, check: checkText, same: sameText},
	"boolean":      {decode: decodeBoolean, encode: encodeBoolean, check: checkBoolean},
	"number":       {decode: decodeNumber, encode: encodeNumber, form: formNumber, check: checkNumber},
	"choice":       {decode: decodeChoice, encode: encodeChoice, check: checkChoice, same: sameChoice},
	"host":         {decode: decodeHost, encode: encodeHost, form: formHost, check: checkHost, same: sameHost},
	"tls_minimum":  {decode: decodeTLS, encode: encodeTLS, check: checkTLS},
	"lock_time":    {decode: decodeLockTime, encode: encodeLockTime, check: checkLockTime, lacks: lacksLockUnit},
	"time_zone":    {decode: decodeZone, encode: encodeZone, form: formZone, check: checkZone, same: sameZone, Rewritten: rewrittenZone},
	"address_list": {decode: decodeAddresses, encode: encodeAddresses, form: formAddresses, check: checkAddresses, same: sameAddresses, Entry: 1},

	"interface_address": {decode: decodeInterfaceAddress, encode: encodeInterfaceAddress, form: formInterfaceAddress, check: checkInterfaceAddress, same: sameInterfaceAddress},
	"address":           {decode: decodeAddress, encode: encodeAddress, form: formAddress, check: checkAddress, same: sameAddress},
	"address_slots":     {decode: decodeSlots, encode: encodeSlots, form: formSlots, check: checkSlots, same: sameSlots},
	"mac_list":          {decode: decodeMACs, encode: encodeMACs, form: formMACs, check: checkMACs, same: sameMACs, Entry: 1},
	"period":            {decode: decodePeriod, encode: encodePeriod, form: formPeriod, check: checkPeriod, same: samePeriod},
	"mail_address":      {decode: decodeText, encode: encodeText, form: formMailAddress, check: checkText, same: sameText},
	"receivers":         {decode: decodeReceivers, encode: encodeReceivers, form: formReceivers, check: checkReceivers, same: sameReceivers},
	"notifications":     {decode: decodeNotifications, encode: encodeNotifications, check: checkNotifications, Entry: notificationEntry},
	"record_schedule":   {decode: decodeSchedule, encode: encodeSchedule, form: formSchedule, check: checkSchedule, same: sameSchedule, Entry: scheduleAction},
	"host_slot":         {decode: decodeHostSlot, encode: encodeHost, form: formHostSlot, check: checkHost, same: sameHost},
	"element":           {decode: decodeElement, encode: encodeElement, check: checkElement, same: sameElement},
	"wireless_key":      {decode: decodeText, encode: encodeWirelessKey, check: checkWirelessKey},

	"rights":             {decode: decodeRights, encode: encodeRights, check: checkRights},
	"questions":          {decode: decodeQuestions, same: sameQuestions},
	"masked_addresses":   {decode: decodeMasked, form: formMasked, check: checkMasked, same: sameMasked},
	"authority":          {decode: decodeAuthority, same: sameAuthority},
	"certificate_issuer": {decode: decodeIssuer},
	"certificate_text":   {decode: decodeText},
	"certificate_days":   {decode: decodeDays, form: formNumber},
	"certificate_chain":  {decode: decodeChain, same: sameChain},
	"channel_rights":     {decode: decodeChannelRights, encode: encodeChannelRights, check: checkChannelRights},
}

// Of finds the codec of an attribute. A name that no codec has is a mistake in a setting file, which a test finds.
func Of(a *schema.Attribute) Codec {
	c, ok := All[a.Codec]
	if !ok {
		panic(fmt.Sprintf("the attribute %s has the unknown codec %q", a.Name, a.Codec))
	}
	return c
}

// Lacking reports whether the device has nothing that the attribute could be written to.
func Lacking(f document.Field) bool {
	if lacks := Of(f.Attribute).lacks; lacks != nil {
		return lacks(f)
	}
	for n := range f.Attribute.Elements {
		if f.Has(n) {
			return false
		}
	}
	return true
}

// Decode reads the value of an attribute: null where the device does not have it, never shows it or masks it, or it does not
// count. The error wraps ErrMalformed and names the element.
func Decode(f document.Field) (cty.Value, error) {
	if f.Attribute.WriteOnly || f.Idle() != "" || f.IsMasked() {
		return f.Null(), nil
	}
	return Of(f.Attribute).decode(f)
}

// Check asks the codec, unless the device has the value: recorders are delivered with ports that they would not
// let anybody set.
func Check(f document.Field, want cty.Value) []string {
	if reason := f.Idle(); reason != "" {
		return []string{reason}
	}
	if isEscaped(want) {
		return document.Sentence(NoCharacters)
	}
	if HasAlready(f, want) {
		return nil
	}
	if wrong := Form(f.Attribute, want); len(wrong) > 0 {
		return wrong
	}
	return told(Of(f.Attribute).check(f, schema.Reveal(want)), want)
}

// Form says why no device takes a value. An unknown value may be taken.
func Form(a *schema.Attribute, want cty.Value) []string {
	form := Of(a).form
	if want, _ = want.Unmark(); form == nil || want.IsNull() || !want.IsKnown() {
		return nil
	}
	return told(form(a, schema.Reveal(want)), want)
}

// told are reasons in which no secret is repeated.
func told(reasons []string, want cty.Value) []string {
	for i, reason := range reasons {
		if quotes(reason, want) {
			reasons[i] = withheld
		}
	}
	return reasons
}

// NoCharacters is the message about a text that stands for bytes: see schema.IsEscaped.
const NoCharacters = "The text stands for bytes that are not characters, which camform shows but does not write. Leave it out to keep what the device has."

// isEscaped reports whether a value that is no secret, or an element of it, stands for bytes that are no characters.
func isEscaped(want cty.Value) bool {
	want, _ = want.UnmarkDeep()
	return want.IsWhollyKnown() && slices.ContainsFunc(schema.Parts(want), func(part cty.Value) bool {
		return part.Type() == cty.String && !part.IsNull() && schema.IsEscaped(part.AsString())
	})
}

const withheld = "The device does not accept the value, which is secret."

// quotes reports whether a text repeats a value that is secret.
func quotes(text string, v cty.Value) bool {
	secret, ok := schema.SecretIn(v)
	return ok && !secret.IsZero() && (strings.Contains(text, secret.Reveal()) || strings.Contains(text, document.Quote(secret.Reveal())))
}

// HasAlready reports whether the device has what is wanted. It is false for an attribute that is never returned.
func HasAlready(f document.Field, want cty.Value) bool {
	have, err := Decode(f)
	return err == nil && !have.IsNull() && Same(f.Attribute, want, have)
}

// Same reports whether a wanted value means what the device has; unknown means nothing else.
func Same(attribute *schema.Attribute, want, have cty.Value) bool {
	want, have = schema.Reveal(want), schema.Reveal(have)
	if compare := Of(attribute).same; compare != nil && want.IsWhollyKnown() {
		return compare(want, have)
	}
	return want.RawEquals(have)
}

// Encode changes the document so that Decode yields the value, unless it means the same already. The error wraps
// ErrUnsupported where the device lacks the element or the attribute does not count.
func Encode(f document.Field, want cty.Value) error {
	if reason := f.Idle(); reason != "" {
		return fmt.Errorf("%s: %w", strings.TrimSuffix(reason, "."), providers.ErrUnsupported)
	}
	if HasAlready(f, want) {
		return nil
	}
	if isEscaped(want) {
		return fmt.Errorf("%s: %w", strings.ToLower(NoCharacters[:1])+strings.TrimSuffix(NoCharacters[1:], "."), providers.ErrInvalid)
	}
	err := Of(f.Attribute).encode(f, schema.Reveal(want))
	if err != nil && quotes(err.Error(), want) {
		return errors.New(strings.ToLower(withheld[:1]) + strings.TrimSuffix(withheld[1:], "."))
	}
	return err
}
