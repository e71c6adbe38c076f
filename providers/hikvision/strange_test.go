package hikvision_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// strange is a word that no setting file knows.
const strange = "strangeWord"

// A word that the setting file does not know is shown as the device has it, stays where something else is changed, and gives way to
// one that is declared: of every attribute with words of every kind.
func TestI3WordsThatNobodyKnowsAreShownAndKept(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	tried := 0
	for _, kind := range provider.Kinds().All() {
		for _, a := range kind.Attributes {
			if a.Codec != "choice" || len(a.Elements) != 1 || len(a.Values) == 0 {
				continue
			}
			t.Run(kind.Name+"."+a.Name, func(t *testing.T) {
				key, docs := strangely(kind, a)
				item := decodedItem(t, provider, kind, key, docs)
				if have := item.GetAttr(a.Name); have.IsNull() || have.AsString() != strange {
					t.Fatalf("it is shown as %#v", have)
				}
				if provider.Same(kind, a, cty.StringVal(a.Values[0]), cty.StringVal(strange)) {
					t.Error("it counts as the first that is known")
				}
				if kind.Composed {
					return // what is sent is made from nothing, or of accounts alone
				}
				for _, other := range kind.Attributes {
					if other.Type != cty.Bool || other.Codec != "boolean" || len(other.Elements) != 1 {
						continue
					}
					request := onlyRequest(provider, docs, kind, key, map[string]any{other.Name: true})
					if request != "" && !strings.Contains(request, strange) {
						t.Errorf("a change of %s sends\n%s", other.Name, request)
					}
				}
				request := onlyRequest(provider, docs, kind, key, map[string]any{a.Name: a.Values[0]})
				if request == "" || strings.Contains(request, strange) {
					t.Errorf("a change of it sends\n%s", request)
				}
			})
			tried++
		}
	}
	if tried < 25 {
		t.Errorf("only %d attributes have words", tried)
	}
}

// decodedItem is what a provider reads of an item.
func decodedItem(t *testing.T, provider *hikvision.Provider, kind *schema.Kind, key string, docs providers.Documents) cty.Value {
	t.Helper()
	items, err := provider.Decode(kind, []string{key}, docs)
	if err != nil {
		t.Fatal(err)
	}
	item, ok := items[key]
	if !ok {
		t.Fatalf("no item %q in %v", key, items)
	}
	return item
}

// onlyRequest is the body of the request that makes a change; empty where there is not just one.
func onlyRequest(provider *hikvision.Provider, docs providers.Documents, kind *schema.Kind, key string, want map[string]any) string {
	requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
		{Kind: kind, Key: key, Before: kind.Null(), After: object(kind, want)},
	}})
	if err != nil || len(requests) != 1 {
		return ""
	}
	return string(requests[0].Body)
}

// strangely is a document of a device in which an attribute has a strange word, and every switch is off.
func strangely(kind *schema.Kind, attribute *schema.Attribute) (key string, docs providers.Documents) {
	if kind.Keyed {
		key = "1"
		if len(kind.Keys) > 0 {
			key = kind.Keys[0]
		}
	}
	body := ""
	for _, a := range kind.Attributes {
		switch {
		case a == attribute:
			body += nested(first(a.Elements[0]), strange)
		case a.Codec == "boolean" && len(a.Elements) == 1 && a.Elements[0] != ".":
			body += nested(first(a.Elements[0]), "false")
		}
	}
	for path, texts := range attribute.When {
		body += nested(first(path), first(texts))
	}
	if i := kind.Item; i != nil {
		body = nested(first(i.Element), "<id>1</id>"+identified(i, key)+body)
	}
	document := kind.Document.For(key)
	if kind.Document.Within != "" {
		body = nested(kind.Document.Within, body)
	}
	text := "<" + first(document.Root) + ">" + body + "</" + first(document.Root) + ">"
	if strings.Contains(document.Path, "format=json") {
		text = `{"` + first(document.Root) + `":{"` + first(attribute.Elements[0]) + `":"` + strange + `"}}`
	}
	return key, providers.Documents{document.Path: {Path: document.Path, Body: []byte(text)}}
}

// identified is the element by which an item is found in its list.
func identified(i *schema.Item, key string) string {
	switch {
	case i.Equals != "":
		return nested(i.Key, i.Equals)
	case i.Key != "" && i.Key != "id":
		return nested(i.Key, key)
	default:
		return ""
	}
}

// nested is a text within the elements of a path, each the first or the second of its name.
func nested(path, text string) string {
	names := strings.Split(path, "/")
	for i := len(names) - 1; i >= 0; i-- {
		name, number, _ := strings.Cut(names[i], "[")
		text = "<" + name + ">" + text + "</" + name + ">"
		if number == "2]" {
			text = "<" + name + "></" + name + ">" + text
		}
	}
	return text
}

// first is the first spelling of several.
func first(spellings string) string {
	one, _, _ := strings.Cut(spellings, "|")
	return one
}
