package providers

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"camform/schema"
)

// Redactor blanks secrets in what a device says, in whatever form it repeats them: as they are, with the escapes of XML, HTML,
// JSON or addresses, once or several times, in hexadecimal digits or base64. Those of eight bytes or more are found in any
// case. Shorter ones are found as they are and with one escape only, and those of less than four not at all, since "1" and "on"
// would garble every message. A nil Redactor blanks nothing.
type Redactor struct {
	exact   []string // spellings of short secrets
	folded  []string // spellings of long ones in lower case, the longest first
	secrets []string // long ones, in lower case
	least   int      // no shorter text has one
}

// The lengths from which a secret is looked for, and from which that is done in any case and form.
const (
	shortSecret = 4
	longSecret  = 8
)

// IsWord reports whether a secret is so short that it may well be an ordinary word, which stands in many texts that repeat no secret.
func IsWord(secret schema.Secret) bool { return len(secret.Reveal()) < longSecret }

// NewRedactor makes a redactor for some secrets.
func NewRedactor(secrets ...schema.Secret) *Redactor {
	r := &Redactor{}
	for _, secret := range secrets {
		r.add(secret.Reveal())
		if plain := html.UnescapeString(secret.Reveal()); plain != secret.Reveal() {
			r.add(plain) // it may be the escapes that are ours
		}
	}
	longest := func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) }
	slices.SortFunc(r.exact, longest)
	slices.SortFunc(r.folded, longest)
	r.folded = slices.Compact(r.folded)
	for _, forms := range [][]string{r.exact, r.folded} {
		if n := len(forms); n > 0 && (r.least == 0 || len(forms[n-1]) < r.least) {
			r.least = len(forms[n-1])
		}
	}
	return r
}

func (r *Redactor) add(secret string) {
	switch {
	case len(secret) < shortSecret:
	case len(secret) < longSecret:
		r.exact = append(r.exact, escapes(secret)...)
	default:
		r.secrets = append(r.secrets, strings.ToLower(secret))
		for _, form := range append(escapes(secret), encodings(secret)...) {
			r.folded = append(r.folded, strings.ToLower(form))
		}
	}
}

var (
	shortEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	urlLetters   = strings.NewReplacer("+", "-", "/", "_") // of base64
)

// escapes are a text as it is, and with the escapes of XML, HTML, JSON and addresses.
func escapes(plain string) []string {
	inXML, inJSON := bytes.Buffer{}, bytes.Buffer{}
	_ = xml.EscapeText(&inXML, []byte(plain)) // a buffer takes everything
	encoder := json.NewEncoder(&inJSON)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(plain)
	return []string{
		plain, html.EscapeString(plain), inXML.String(), strings.Trim(strings.TrimSpace(inJSON.String()), `"`),
		url.QueryEscape(plain), url.PathEscape(plain),
		shortEscapes.Replace(plain),
	}
}

// encodings are a text in hexadecimal digits, and the characters of base64 that follow from it alone wherever it stands in what
// was encoded.
func encodings(plain string) []string {
	forms := []string{hex.EncodeToString([]byte(plain))}
	for offset := range 3 {
		whole := base64.StdEncoding.EncodeToString(append(make([]byte, offset), plain...))
		inside := whole[(offset*8+5)/6 : (offset+len(plain))*8/6]
		forms = append(forms, inside, urlLetters.Replace(inside))
	}
	return forms
}

// Blank returns a text with schema.Blank in place of every secret. Where one is hidden behind several escapes, that stands
// in place of the whole text.
func (r *Redactor) Blank(text string) string {
	if r == nil || r.least == 0 || len(text) < r.least {
		return text
	}
	for _, form := range r.exact {
		text = strings.ReplaceAll(text, form, schema.Blank)
	}
	lower := strings.ToLower(text)
	for _, form := range r.folded {
		if strings.Contains(lower, form) {
			text = replacedFolded(text, lower, form)
			lower = strings.ToLower(text)
		}
	}
	for plain, rounds := text, 0; rounds < 3 && strings.ContainsAny(plain, `&%\`); rounds++ {
		plain = unescaped(plain)
		if r.repeats(strings.ToLower(plain)) {
			return schema.Blank
		}
	}
	return text
}

func (r *Redactor) repeats(lower string) bool {
	return slices.ContainsFunc(r.secrets, func(secret string) bool { return strings.Contains(lower, secret) })
}

// replacedFolded blanks what is the form in lower case; all of the text where letters have other lengths there.
func replacedFolded(text, lower, form string) string {
	if len(lower) != len(text) {
		return schema.Blank
	}
	var b strings.Builder
	for {
		at := strings.Index(lower, form)
		if at < 0 {
			return b.String() + text
		}
		b.WriteString(text[:at] + schema.Blank)
		text, lower = text[at+len(form):], lower[at+len(form):]
	}
}

var escapeSign = regexp.MustCompile(`%[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}|\\["'\\/]`)

// unescaped takes one round of escapes away.
func unescaped(text string) string {
	text = html.UnescapeString(text)
	return escapeSign.ReplaceAllStringFunc(text, func(sign string) string {
		if len(sign) == 2 {
			return sign[1:]
		}
		n, _ := strconv.ParseUint(sign[len(sign)-2:], 16, 8) // the expression takes hexadecimal digits only
		return string([]byte{byte(n)})
	})
}

// Error returns an error whose text repeats no secret. It wraps err.
func (r *Redactor) Error(err error) error {
	if err == nil {
		return nil
	}
	if text := r.Blank(err.Error()); text != err.Error() {
		return discreet{err, text}
	}
	return err
}

// discreet is an error in words without secrets.
type discreet struct {
	err  error
	text string
}

func (d discreet) Error() string { return d.text }
func (d discreet) Unwrap() error { return d.err }
