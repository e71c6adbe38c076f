package providers_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"camform/providers"
	"camform/schema"
)

// echo is a way in which a device may repeat a secret.
type echo func(secret string) string

// echoes are made by other means than the redactor uses, where there are any.
var echoes = map[string]echo{
	"as it is":          func(s string) string { return s },
	"in capitals":       strings.ToUpper,
	"in small letters":  strings.ToLower,
	"XML":               inXML,
	"XML twice":         func(s string) string { return inXML(inXML(s)) },
	"XML in capitals":   func(s string) string { return strings.ToUpper(inXML(s)) },
	"HTML":              html.EscapeString,
	"HTML twice":        func(s string) string { return html.EscapeString(html.EscapeString(s)) },
	"every letter":      func(s string) string { return each(s, "&#%d;") },
	"every letter, hex": func(s string) string { return each(s, "&#x%X;") },
	"JSON":              func(s string) string { text, _ := json.Marshal(s); return string(text) },
	"JSON in XML":       func(s string) string { text, _ := json.Marshal(s); return inXML(string(text)) },
	"JSON with slashes": func(s string) string { return strings.NewReplacer(`"`, `\"`, "/", `\/`).Replace(s) },
	"query":             url.QueryEscape,
	"path":              url.PathEscape,
	"small percents": func(s string) string {
		return "%" + strings.TrimSuffix(strings.ReplaceAll(fmt.Sprintf("% x", s), " ", "%"), "%")
	},
	"query in XML":       func(s string) string { return inXML("a=1&b=" + url.QueryEscape(s)) },
	"base64":             func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 for URLs":    func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"basic":              func(s string) string { return base64.StdEncoding.EncodeToString([]byte("admin:" + s)) },
	"base64 in a text":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s + " is wrong")) },
	"hex":                func(s string) string { return hex.EncodeToString([]byte(s)) },
	"hex in capitals":    func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte("admin:" + s))) },
	"twice, differently": func(s string) string { return strings.ToUpper(s) + " is not " + hex.EncodeToString([]byte(s)) },
}

func inXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}

func each(s, format string) string {
	var b strings.Builder
	for _, c := range s {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

func TestI1WhatADeviceRepeatsIsBlankedInEveryForm(t *testing.T) {
	for _, secret := range []string{"Correct-Horse-7", `aB3&<"'>/+%=`, "12345678", "x&amp;y&lt;Zz9", `back\slash"9`, "ümlautPaß9"} {
		r := providers.NewRedactor(schema.NewSecret("Other-Secret-1"), schema.NewSecret(secret))
		for name, echo := range echoes {
			told := echo(secret)
			shown := r.Blank("the value " + told + " is bad")
			if strings.Contains(shown, told) || !strings.Contains(shown, schema.Blank) {
				t.Errorf("%s of %s: shown is %q", name, secret, shown)
			}
		}
	}
}

func TestTextsWithoutASecretStayAsTheyAre(t *testing.T) {
	r := providers.NewRedactor(schema.NewSecret("Correct-Horse-7"), schema.NewSecret("four"), schema.NewSecret("on"), schema.Secret{})
	for _, text := range []string{"", "on", "Correct-Horse-8", "Correct Horse 7", "Four", "a &amp; b", "100%25", `a\"b`, "DS-2CD2000X-I", "Q29ycmVjdA=="} {
		if shown := r.Blank(text); shown != text {
			t.Errorf("%q is shown as %q", text, shown)
		}
	}
	if shown := r.Blank("all four of them"); shown != "all "+schema.Blank+" of them" {
		t.Errorf("a short secret: %q", shown)
	}
	var none *providers.Redactor
	if none.Blank("Correct-Horse-7") != "Correct-Horse-7" || none.Error(nil) != nil {
		t.Error("no redactor blanks something")
	}
}

func TestErrorsThatRepeatASecretKeepTheirFamily(t *testing.T) {
	r := providers.NewRedactor(schema.NewSecret("Correct-Horse-7"))
	err := r.Error(fmt.Errorf("it points to http://a/correct-horse-7: %w", providers.ErrUnreachable))
	if !errors.Is(err, providers.ErrUnreachable) || err.Error() != "it points to http://a/"+schema.Blank+": "+providers.ErrUnreachable.Error() {
		t.Errorf("%v", err)
	}
}
