package providers

import (
	"fmt"
	"log/slog"
)

// Credential is a user name with its password.
type Credential struct {
	Username string
	Password Password
}

// Password is a secret text. Every way to print or encode it yields Blank; only Reveal gives the text.
type Password struct{ text string }

// Blank is what stands for a secret wherever one could be shown.
const Blank = "(sensitive value)"

// NewPassword wraps a secret text.
func NewPassword(text string) Password { return Password{text} }

// Reveal gives the text. Call it only where the text is about to be sent, hashed or compared.
func (p Password) Reveal() string { return p.text }

// IsZero reports whether there is no password.
func (p Password) IsZero() bool { return p.text == "" }

// String returns Blank.
func (Password) String() string { return Blank }

// GoString returns Blank.
func (Password) GoString() string { return Blank }

// Format writes Blank for every verb.
func (Password) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Blank)) }

// MarshalText returns Blank, and so does every encoder that is built on it.
func (Password) MarshalText() ([]byte, error) { return []byte(Blank), nil }

// LogValue returns Blank.
func (Password) LogValue() slog.Value { return slog.StringValue(Blank) }
