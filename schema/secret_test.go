package schema_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/schema"
)

const canary = "Canary-1"

// holders are the ways in which programs hold a secret. Fmt reads those that are not exported by reflection and asks no method.
func holders() map[string]any {
	s := schema.NewSecret(canary)
	value := s.Value()
	return map[string]any{
		"itself": s, "a pointer": &s, "a list": []schema.Secret{s}, "a map": map[string]schema.Secret{"a": s},
		"a key": map[schema.Secret]int{s: 1}, "an interface": struct{ Any any }{s},
		"a field":            struct{ Password schema.Secret }{s},
		"a hidden field":     struct{ password schema.Secret }{s},
		"a hidden pointer":   &struct{ inner *schema.Secret }{&s},
		"a hidden list":      struct{ all []schema.Secret }{[]schema.Secret{s}},
		"a hidden interface": struct{ any any }{s},
		"an error":           fmt.Errorf("login: %w", &refused{s}),
		"joined errors":      errors.Join(refused{s}, errors.New("other")),
		"a value":            value, "a marked value": schema.MarkSecret(value, "env:X"),
		"an object":    cty.ObjectVal(map[string]cty.Value{"password": value, "list": cty.ListVal([]cty.Value{value})}),
		"a hidden one": struct{ after cty.Value }{cty.ObjectVal(map[string]cty.Value{"password": value})},
	}
}

// refused is an error that holds what was refused, and prints itself as errors like to.
type refused struct{ login schema.Secret }

func (r refused) Error() string { return fmt.Sprintf("refused: %+v", struct{ login schema.Secret }(r)) }

func TestI1NoWayToPrintOrEncodeASecretShowsIt(t *testing.T) {
	for name, held := range holders() {
		var texts []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%c", "%U", "%b", "%o", "%t", "%e", "%T", "%p", "%10.3s", "%!"} {
			texts = append(texts, fmt.Sprintf(verb, held))
		}
		var out bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(handler).Info("x", "held", held, slog.Group("group", "held", held))
		}
		_ = xml.NewEncoder(&out).Encode(held) // what cannot be encoded shows nothing, and its error must not either
		_, err := json.Marshal(held)
		texts = append(texts, fmt.Sprint(err), fmt.Sprint(gob.NewEncoder(&out).Encode(held)))
		if encoded, err := json.MarshalIndent(held, "", " "); err == nil {
			texts = append(texts, string(encoded))
		}
		if v, ok := held.(cty.Value); ok {
			encoded, err := ctyjson.Marshal(v, v.Type())
			texts = append(texts, v.GoString(), string(encoded), fmt.Sprint(err))
		}
		for _, text := range append(texts, out.String()) {
			for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary), fmt.Sprint([]byte(canary))} {
				if strings.Contains(text, form) {
					t.Errorf("%s is shown: %s", name, text)
				}
			}
		}
	}
}

// What stands for a secret is the same everywhere, so that nobody takes it for the text.
func TestSecretsAreBlank(t *testing.T) {
	s := schema.NewSecret(canary)
	encoded, err := json.Marshal(map[schema.Secret]schema.Secret{s: s})
	if want := `{"` + schema.Blank + `":"` + schema.Blank + `"}`; string(encoded) != want || err != nil {
		t.Errorf("encoded as %s, %v", encoded, err)
	}
	texts := []string{s.String(), s.GoString(), s.LogValue().String(), s.Value().GoString(), fmt.Sprintf("%#v", schema.Secret{})}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, s))
	}
	for _, text := range texts {
		if text != schema.Blank {
			t.Errorf("shown as %q", text)
		}
	}
}

func TestSecretsAreComparedByTheirTexts(t *testing.T) {
	a, b, other := schema.NewSecret(canary), schema.NewSecret(strings.Clone(canary)), schema.NewSecret("x")
	if a != b || a == other || a.IsZero() || !(schema.Secret{}).IsZero() || schema.NewSecret("") != (schema.Secret{}) {
		t.Error("equal texts are not equal secrets, or others are")
	}
	if !a.Value().RawEquals(b.Value()) || a.Value().RawEquals(other.Value()) || a.Value().Equals(b.Value()) != cty.True || a.Value().Equals(other.Value()) != cty.False {
		t.Error("equal texts are not equal values, or others are")
	}
	if a.Reveal() != canary || (schema.Secret{}).Reveal() != "" {
		t.Error("the text is another")
	}
}

func TestOnlyKnownTextsOfSecretAttributesAreConcealed(t *testing.T) {
	password, name := &schema.Attribute{Secret: true}, &schema.Attribute{}
	text := schema.MarkSecret(cty.StringVal(canary), "env:X")
	hidden := password.Conceal(text)
	if s, ok := schema.SecretIn(hidden); !ok || s.Reveal() != canary || schema.Origin(hidden) != "env:X" {
		t.Errorf("%#v is concealed as %#v", text, hidden)
	}
	if back := schema.Reveal(hidden); !back.RawEquals(text) {
		t.Errorf("it comes back as %#v", back)
	}
	if plain := name.Conceal(text); !plain.RawEquals(text) {
		t.Errorf("an attribute that is not secret is %#v", plain)
	}
	for _, v := range []cty.Value{cty.NullVal(cty.String), cty.UnknownVal(cty.String), cty.UnknownVal(schema.SecretType), cty.NullVal(schema.SecretType), cty.True, hidden} {
		if _, ok := schema.SecretIn(v); ok != v.RawEquals(hidden) {
			t.Errorf("%#v holds a secret: %v", v, ok)
		}
		if concealed := password.Conceal(v); !concealed.RawEquals(v) {
			t.Errorf("%#v is concealed as %#v", v, concealed)
		}
		if revealed := schema.Reveal(v); !revealed.RawEquals(v) && !v.RawEquals(hidden) {
			t.Errorf("%#v is revealed as %#v", v, revealed)
		}
	}
}
