package config_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"camform/engine/config"
	"camform/schema"
	"camform/schema/hikvision"
)

// validator understands the part of JSON Schema that we write. A word that it does not know fails the test, so that no
// demand goes unnoticed.
type validator struct{ root map[string]any }

func (v validator) problems(schema map[string]any, value any, at string) []string {
	var found []string
	wrong := func(format string, args ...any) { found = append(found, at+": "+fmt.Sprintf(format, args...)) }
	for word, demand := range schema {
		switch word {
		case "$schema", "title", "description", "$defs":
		case "$ref":
			name := strings.TrimPrefix(demand.(string), "#/$defs/")
			target, ok := v.root["$defs"].(map[string]any)[name].(map[string]any)
			if !ok {
				wrong("the reference %s leads nowhere", demand)
				continue
			}
			found = append(found, v.problems(target, value, at)...)
		case "type":
			if got := typeOf(value); got != demand {
				wrong("%s, not %s", got, demand)
			}
		case "enum":
			if !slices.Contains(demand.([]any), value) {
				wrong("not one of %v", demand)
			}
		case "pattern":
			if text, ok := value.(string); ok && !regexp.MustCompile(demand.(string)).MatchString(text) {
				wrong("does not match")
			}
		case "minimum", "maximum", "minLength", "maxLength":
			n, ok := value.(float64)
			if text, isText := value.(string); isText {
				n, ok = float64(utf8.RuneCountInString(text)), true
			}
			if bound := demand.(float64); ok && (strings.HasPrefix(word, "min") && n < bound || strings.HasPrefix(word, "max") && n > bound) {
				wrong("%v is beyond %s %v", n, word, bound)
			}
		case "anyOf":
			if !slices.ContainsFunc(demand.([]any), func(one any) bool { return len(v.problems(one.(map[string]any), value, at)) == 0 }) {
				wrong("fits nothing")
			}
		case "items":
			list, _ := value.([]any)
			for _, item := range list {
				found = append(found, v.problems(demand.(map[string]any), item, at+"[]")...)
			}
		case "uniqueItems", "properties":
		case "additionalProperties":
			found = append(found, v.properties(schema, value, at)...)
		default:
			wrong("unknown word %s", word)
		}
	}
	return found
}

func (v validator) properties(schema map[string]any, value any, at string) []string {
	members, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	var found []string
	known, _ := schema["properties"].(map[string]any)
	for name, member := range members {
		if one, ok := known[name].(map[string]any); ok {
			found = append(found, v.problems(one, member, at+"."+name)...)
			continue
		}
		other, allowed := schema["additionalProperties"].(map[string]any)
		if !allowed {
			found = append(found, at+": unknown "+name)
			continue
		}
		found = append(found, v.problems(other, member, at+"."+name)...)
	}
	return found
}

func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}

func TestTheSchemaForEditorsTakesWhatTheLanguageTakes(t *testing.T) {
	kinds, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var root map[string]any
	if err := json.Unmarshal(config.JSONSchema(kinds), &root); err != nil {
		t.Fatal(err)
	}
	v := validator{root}
	device := func(settings string) string {
		return `{"device": {"gate": {"address": "https://192.0.2.1", "login": {"username": "admin", "password": "${secret(\"env:A\")}"}, ` + settings + `}}}`
	}
	for title, c := range map[string]struct {
		text string
		good bool
	}{
		"a device":              {device(`"https": {"enabled": true, "min_tls": "1.2"}`), true},
		"a computed value":      {device(`"https": {"enabled": "${var.x}"}`), true},
		"an absent value":       {device(`"https": {"enabled": null}`), true},
		"a keyed setting":       {device(`"user": {"guard": {"level": "Viewer", "password": "${secret(\"env:B\")}"}}`), true},
		"several of them":       {device(`"user": [{"guard": {"level": "Viewer"}}, {"boss": {"level": "Operator"}}]`), true},
		"a rule":                {`{"profile": {"p": {"rule": {"https.on": {"level": "basic", "https": {"enabled": true}}}}}}`, true},
		"variables and outputs": {`{"variable": {"x": {"default": 1}}, "output": {"y": {"value": "${var.x}"}}, "locals": {"z": [1]}}`, true},
		"a policy":              {`{"credential_policy": {"standard": {"min_length": 14, "max_age": "90d"}}}`, true},
		"a managed account":     {device(`"user": {"guard": {"level": "Viewer", "password_policy": "credential_policy.standard"}}`), true},
		"a managed login":       {`{"device": {"gate": {"login": {"username": "admin", "password_policy": "credential_policy.standard"}}}}`, true},
		"no policy":             {device(`"user": {"guard": {"password_policy": null}}`), true},
		"a consumer":            {device(`"consumer": {"vms": {"scheme": "rtsp", "port": 554}}`), true},
		"limits and approvals":  {`{"camform": {"limits": {"max_changes": 5}, "approvals": {"required": 2, "for": ["all"], "signers": "f"}}}`, true},
		"a comment":             {`{"//": "hello", "camform": {"//": 1, "state": {"sqlite": {"path": "x"}}}}`, true},

		"a misspelt argument":      {device(`"https": {"enable": true}`), false},
		"a misspelt setting":       {device(`"htps": {"enabled": true}`), false},
		"a misspelt block":         {`{"devise": {}}`, false},
		"a value that is not one":  {device(`"https": {"min_tls": "0.9"}`), false},
		"a number out of range":    {device(`"https": {"port": 70000}`), false},
		"a word in a number":       {device(`"https": {"port": "many"}`), false},
		"a secret in clear":        {device(`"user": {"guard": {"password": "Secret-1"}}`), false},
		"a keyed setting, no key":  {device(`"user": {"level": "Viewer"}`), false},
		"a misspelt policy":        {`{"credential_policy": {"standard": {"minlength": 14}}}`, false},
		"a policy elsewhere":       {device(`"https": {"password_policy": "credential_policy.standard"}`), false},
		"a policy that is a list":  {device(`"user": {"guard": {"password_policy": ["credential_policy.standard"]}}`), false},
		"a rule without its block": {`{"rule": {"https.on": {}}}`, false},
	} {
		t.Run(title, func(t *testing.T) {
			var value any
			if err := json.Unmarshal([]byte(c.text), &value); err != nil {
				t.Fatal(err)
			}
			problems := v.problems(root, value, "")
			if c.good != (len(problems) == 0) {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}
