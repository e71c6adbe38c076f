package schema

import (
	"fmt"
	"log/slog"
	"reflect"
	"unique"

	"github.com/zclconf/go-cty/cty"
)

// Blank is what stands for a secret wherever one could be shown.
const Blank = "(sensitive value)"

// Secret is a text that must never be shown or stored in the clear: a password, a community, the key of a network. Every way
// to print or encode it yields Blank, also where it lies in a field that fmt cannot see into; only Reveal gives the text. Two
// secrets are equal if their texts are. The zero value is the empty text.
type Secret struct {
	text unique.Handle[string] // behind a pointer: fmt prints fields that are not exported without asking their methods
}

// NewSecret wraps a text. Do so where it enters the program.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal returns the text. Call it only where the text is sent, sealed or hashed, where its letters are judged, or where
// somebody asked to see it; a test lists those places.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.text.Value()
}

// IsZero reports whether the text is empty.
func (s Secret) IsZero() bool { return s == Secret{} }

// String returns Blank.
func (Secret) String() string { return Blank }

// GoString returns Blank.
func (Secret) GoString() string { return Blank }

// Format writes Blank for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Blank)) }

// MarshalText returns Blank, and so does every encoder that is built on it, such as that of JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(Blank), nil }

// LogValue returns Blank.
func (Secret) LogValue() slog.Value { return slog.StringValue(Blank) }

// SecretType is the type of the known values of secret attributes. Null and unknown ones have the type of the attribute.
var SecretType = cty.CapsuleWithOps("secret", reflect.TypeFor[Secret](), &cty.CapsuleOps{
	GoString:     func(any) string { return Blank },
	TypeGoString: func(reflect.Type) string { return "schema.SecretType" },
	Equals:       func(a, b any) cty.Value { return cty.BoolVal(*a.(*Secret) == *b.(*Secret)) },
	RawEquals:    func(a, b any) bool { return *a.(*Secret) == *b.(*Secret) },
})

// Value is the secret as a value of SecretType, without a mark.
func (s Secret) Value() cty.Value { return cty.CapsuleVal(SecretType, &s) }

// SecretIn returns the secret of a value; ok is false if the value, with or without marks, is not a known one of SecretType.
func SecretIn(v cty.Value) (s Secret, ok bool) {
	v, _ = v.Unmark()
	if v.Type() != SecretType || v.IsNull() || !v.IsKnown() {
		return Secret{}, false
	}
	return *v.EncapsulatedValue().(*Secret), true
}

// Conceal makes a known text a value of SecretType if the attribute is secret. Marks stay, and every other value is returned
// as it is.
func (a *Attribute) Conceal(v cty.Value) cty.Value {
	plain, marks := v.Unmark()
	if !a.Secret || plain.Type() != cty.String || plain.IsNull() || !plain.IsKnown() {
		return v
	}
	return NewSecret(plain.AsString()).Value().WithMarks(marks)
}

// Reveal makes a value of SecretType a text again: for the language, in which expressions compute with it, and for codecs,
// which write it into a request. Marks stay, and every other value is returned as it is.
func Reveal(v cty.Value) cty.Value {
	s, ok := SecretIn(v)
	if !ok {
		return v
	}
	return cty.StringVal(s.Reveal()).WithMarks(v.Marks())
}
