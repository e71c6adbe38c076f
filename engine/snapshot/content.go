package snapshot

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Content is what a snapshot holds. Texts and certificates that many devices have stand in it once, and are named by their number from
// 1; 0 is none.
type Content struct {
	Version string        `json:"version"` // of camform
	State   state.Extract `json:"state"`   // what the state remembers

	Noted        []Noted  `json:"noted"` // fingerprints of the present secrets of the vault, ordered by address and attribute
	Texts        [][]byte `json:"texts"`
	Certificates [][]byte `json:"certificates"` // DER
	Devices      []Device `json:"devices"`      // ordered by address
}

// Noted is a fingerprint that the state made of a secret.
type Noted struct {
	Address     string `json:"address"` // of the setting
	Attribute   string `json:"attribute"`
	Origin      string `json:"origin,omitempty"` // that gave it; empty for what a device shows
	Fingerprint string `json:"fingerprint"`
}

// Device is what a device said, or why it did not.
type Device struct {
	Address  string    `json:"address"`
	URL      string    `json:"url"`
	Username string    `json:"username"`
	Read     time.Time `json:"read"` // UTC; when it was asked first, or when it was found that it cannot be

	Failure     *Failure           `json:"failure,omitempty"` // why it could not be read; nil if it was
	Identity    providers.Identity `json:"identity"`
	Pin         providers.Pin      `json:"pin"`
	Activation  *Activation        `json:"activation,omitempty"` // what it said of its first password; nil if it was not asked
	Certificate int                `json:"certificate,omitempty"`
	Documents   []Document         `json:"documents,omitempty"` // ordered by path
	Shown       []Noted            `json:"shown,omitempty"`     // of the secrets that it shows
}

// Activation is providers.Activation, with what that leaves out of a plan.
type Activation struct {
	Activated bool `json:"activated"`
	providers.Activation
}

// Document is what a device answered for a path.
type Document struct {
	Path     string    `json:"path"`
	Failure  *Failure  `json:"failure,omitempty"` // why it could not be read; nil if it was
	Text     int       `json:"text,omitempty"`
	Missing  string    `json:"missing,omitempty"`
	Unsure   bool      `json:"unsure,omitempty"`
	Source   string    `json:"source,omitempty"` // our own address towards it
	Asked    time.Time `json:"asked,omitzero"`
	Answered time.Time `json:"answered,omitzero"`
	Date     time.Time `json:"date,omitzero"`
	Shown    int       `json:"shown,omitempty"` // certificate
}

// Failure is an error of a device in words for people, with its family.
type Failure struct {
	Family string `json:"family,omitempty"`
	Text   string `json:"text"`
}

// families are those of errors by the words that stand for them in a file.
var families = []struct {
	word   string
	family error
}{
	{"unreachable", providers.ErrUnreachable},
	{"refused", providers.ErrRefused},
	{"locked", providers.ErrLocked},
	{"budget", providers.ErrBudget},
	{"downgraded", providers.ErrDowngraded},
	{"identity", providers.ErrIdentity},
	{"forbidden", providers.ErrForbidden},
	{"inactive", providers.ErrInactive},
	{"unsupported", providers.ErrUnsupported},
	{"denied", providers.ErrDenied},
	{"must-change", providers.ErrMustChange},
	{"busy", providers.ErrBusy},
	{"malformed", providers.ErrMalformed},
	{"withheld", providers.ErrWithheld},
}

// FailureOf is how an error stands in a snapshot; nil for none. Hide blanks what must not be in it.
func FailureOf(err error, hide *providers.Redactor) *Failure {
	if err == nil {
		return nil
	}
	f := &Failure{Text: hide.Blank(providers.Reason(err))}
	for _, known := range families {
		if errors.Is(err, known.family) {
			f.Family = known.word
			break
		}
	}
	return f
}

func (f *Failure) err() error {
	for _, known := range families {
		if known.word == f.Family {
			return failed{f.Text, known.family}
		}
	}
	return errors.New(f.Text)
}

// failed is an error of a family in other words.
type failed struct {
	text   string
	family error
}

func (f failed) Error() string { return f.text }
func (f failed) Unwrap() error { return f.family }

// Pool numbers texts and certificates, the same once. The zero value is empty.
type Pool struct {
	all     [][]byte
	numbers map[[sha256.Size]byte]int
}

// Number is that of a text; 0 for an empty one.
func (p *Pool) Number(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	id := sha256.Sum256(text)
	if n, ok := p.numbers[id]; ok {
		return n
	}
	if p.numbers == nil {
		p.numbers = map[[sha256.Size]byte]int{}
	}
	p.all = append(p.all, text)
	p.numbers[id] = len(p.all)
	return len(p.all)
}

// All are the texts in the order of their numbers.
func (p *Pool) All() [][]byte { return p.all }

// check proves that all that is named is there, and that it fits what was signed.
func (c *Content) check(s statement) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w (%s)", ErrNotASnapshot, fmt.Sprintf(format, args...))
	}
	if len(c.Devices) != s.Devices || c.State.Lineage != s.Lineage {
		return wrong("its content is not what was signed")
	}
	for _, text := range c.Certificates {
		if _, err := x509.ParseCertificate(text); err != nil {
			return wrong("a certificate cannot be read")
		}
	}
	seen := map[string]bool{}
	for _, d := range c.Devices {
		if _, err := schema.ParseDevice(d.Address); err != nil || seen[d.Address] {
			return wrong("a device is called %.80q, or is in it twice", d.Address)
		}
		seen[d.Address] = true
		if d.Read.After(s.Signed.Add(skew)) {
			return wrong("%s was read after it was signed", d.Address)
		}
		numbers := []int{d.Certificate}
		for _, doc := range d.Documents {
			if doc.Text < 0 || doc.Text > len(c.Texts) {
				return wrong("%s has no text %d", doc.Path, doc.Text)
			}
			numbers = append(numbers, doc.Shown)
		}
		for _, n := range numbers {
			if n < 0 || n > len(c.Certificates) {
				return wrong("%s has no certificate %d", d.Address, n)
			}
		}
	}
	return nil
}
