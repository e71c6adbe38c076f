package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// form is a way to write a secret.
type form struct {
	name string
	text []byte
}

// formsOf are the ways in which a program may write a secret without hiding it.
func formsOf(secret string) []form {
	forms := []form{
		{"plain", []byte(secret)},
		{"hex", []byte(hex.EncodeToString([]byte(secret)))},
		{"hex in capitals", []byte(strings.ToUpper(hex.EncodeToString([]byte(secret))))},
		{"query", []byte(url.QueryEscape(secret))},
		{"path", []byte(url.PathEscape(secret))},
		{"url in small letters", lowerPercent(url.QueryEscape(secret))},
		{"XML or HTML", xmlText(secret)},
		{"XML with names", []byte(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(secret))},
		{"XML twice", xmlText(string(xmlText(secret)))},
		{"capitals", []byte(strings.ToUpper(secret))},
		{"small letters", []byte(strings.ToLower(secret))},
		{"JSON or Go", jsonText(secret, false)},
		{"JSON for HTML", jsonText(secret, true)},
		{"UTF-16LE", utf16Text(secret, binary.LittleEndian)},
		{"UTF-16BE", utf16Text(secret, binary.BigEndian)},
		{"backwards", backwards(secret)},
	}
	for offset := range 3 {
		inside := base64Inside(secret, offset)
		forms = append(forms,
			form{"base64 at offset " + strconv.Itoa(offset), inside},
			form{"base64 for URLs at offset " + strconv.Itoa(offset), urlAlphabet(inside)})
	}
	return forms
}

// base64Inside are the characters of base64 that follow from the secret alone, where it stands offset bytes behind a group
// of three.
func base64Inside(secret string, offset int) []byte {
	whole := base64.StdEncoding.EncodeToString(append(make([]byte, offset), secret...))
	first, last := (offset*8+5)/6, (offset+len(secret))*8/6
	return []byte(whole[first:last])
}

func urlAlphabet(text []byte) []byte {
	return []byte(strings.NewReplacer("+", "-", "/", "_").Replace(string(text)))
}

func lowerPercent(escaped string) []byte {
	text := []byte(escaped)
	for i := range text {
		if text[i] == '%' {
			copy(text[i:i+3], bytes.ToLower(text[i:i+3]))
		}
	}
	return text
}

func xmlText(secret string) []byte {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(secret)) // a buffer takes everything
	return b.Bytes()
}

func jsonText(secret string, forHTML bool) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(forHTML)
	_ = encoder.Encode(secret) // a string can be encoded
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	return text[1 : len(text)-1]
}

func utf16Text(secret string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(secret)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

func backwards(secret string) []byte {
	runes := []rune(secret)
	slices.Reverse(runes)
	return []byte(string(runes))
}

// canaryForms are all ways to write all canaries, by the name of the canary.
var canaryForms = func() map[string][]form {
	all := map[string][]form{}
	for name, secret := range canaries {
		all[name] = formsOf(secret)
	}
	return all
}()

// leaksIn says which secrets some text has, in whatever form.
func leaksIn(name string, text []byte) []string {
	var leaks []string
	for variable, forms := range canaryForms {
		for _, f := range forms {
			if bytes.Contains(text, f.text) {
				leaks = append(leaks, name+" has the secret "+variable+" ("+f.name+")")
				break
			}
		}
	}
	slices.Sort(leaks)
	return leaks
}

// The writers of this test have nothing to do with formsOf but the forms that it must find.
func TestEveryFormOfASecretIsFound(t *testing.T) {
	secret := canaries[fileCanary]
	around := func(text string) string { return "before " + text + " after" }
	percent := func(format string) string {
		var b strings.Builder
		for _, c := range []byte(secret) {
			if strings.ContainsRune("&<>\"+", rune(c)) {
				b.WriteString(strings.ReplaceAll(format, "XX", strconv.FormatInt(int64(c), 16)))
				continue
			}
			b.WriteByte(c)
		}
		return b.String()
	}
	texts := map[string]string{
		"plain":                    secret,
		"basic":                    base64.StdEncoding.EncodeToString([]byte("admin:" + secret)),
		"base64":                   base64.StdEncoding.EncodeToString([]byte(secret + ", and more")),
		"base64 one further":       base64.StdEncoding.EncodeToString([]byte("x" + secret)),
		"base64 two further":       base64.RawStdEncoding.EncodeToString([]byte("xy" + secret + "z")),
		"base64 for URLs":          base64.URLEncoding.EncodeToString([]byte("xy" + secret)),
		"hex":                      hex.EncodeToString([]byte("admin:" + secret)),
		"hex in capitals":          strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"query":                    url.Values{"password": {secret}}.Encode(),
		"query in small letters":   percent("%XX"),
		"path":                     (&url.URL{Path: "/" + secret}).EscapedPath(),
		"XML with numbers":         marshalled(t, func() ([]byte, error) { return xml.Marshal(secret) }),
		"XML with names":           strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\"", "&quot;").Replace(secret),
		"HTML":                     html.EscapeString(secret),
		"XML twice":                string(xmlText(string(xmlText(secret)))),
		"capitals":                 strings.ToUpper(secret),
		"small letters":            strings.ToLower(secret),
		"JSON":                     marshalled(t, func() ([]byte, error) { return json.Marshal(map[string]string{"a": secret}) }),
		"JSON that is not escaped": strings.NewReplacer("\"", "\\\"").Replace(secret),
		"Go":                       strconv.Quote(secret),
		"UTF-16LE":                 inUTF16(secret, true),
		"UTF-16BE":                 inUTF16(secret, false),
		"backwards":                string(backwards(secret)),
	}
	for name, text := range texts {
		if len(leaksIn(name, []byte(around(text)))) != 1 {
			t.Errorf("%s: %q is not found", name, text)
		}
	}
	for _, harmless := range []string{"", fileCanary, "Zq7", secret[:len(secret)-1], secret[1:], base64.StdEncoding.EncodeToString([]byte(secret[1:]))} {
		if leaks := leaksIn("a harmless text", []byte(around(harmless))); len(leaks) != 0 {
			t.Errorf("%q is taken for a leak: %q", harmless, leaks)
		}
	}
}

func marshalled(t *testing.T, marshal func() ([]byte, error)) string {
	t.Helper()
	text, err := marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// inUTF16 is for secrets of ASCII letters.
func inUTF16(secret string, little bool) string {
	var b strings.Builder
	for _, c := range []byte(secret) {
		if little {
			b.Write([]byte{c, 0})
		} else {
			b.Write([]byte{0, c})
		}
	}
	return b.String()
}
