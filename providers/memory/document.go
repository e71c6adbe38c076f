package memory

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/providers"
	"camform/schema"
)

// content is a document that was understood. Attributes stay JSON texts, so that those that nobody knows survive.
type content struct{ items map[string]item }

type item map[string]json.RawMessage

// parsed are documents that were understood, by their texts.
var parsed memo[string, parsing]

type parsing struct {
	content content
	err     error
}

// parse understands a document. The caller may change what it gets.
func parse(body []byte) (content, error) {
	p := parsed.of(string(body), func() parsing {
		c, err := understand(body)
		return parsing{c, err}
	})
	if p.err != nil {
		return content{}, p.err
	}
	items := make(map[string]item, len(p.content.items))
	for key, it := range p.content.items {
		items[key] = maps.Clone(it)
	}
	return content{items}, nil
}

func understand(body []byte) (content, error) {
	var shape map[string]map[string]item
	if err := json.Unmarshal(body, &shape); err != nil {
		return content{}, fmt.Errorf("it is not JSON with items: %w", providers.ErrMalformed)
	}
	c := content{items: shape["items"]}
	if len(shape) != 1 || c.items == nil {
		return content{}, fmt.Errorf("it has no items, or other things besides items: %w", providers.ErrMalformed)
	}
	for key, attributes := range c.items {
		if attributes == nil {
			return content{}, fmt.Errorf("item %q is null: %w", key, providers.ErrMalformed)
		}
	}
	return c, nil
}

func (c content) encode() []byte { return encode(map[string]any{"items": c.items}) }

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("memory: a value that was read cannot be written; this is a bug: " + err.Error())
	}
	return text
}

// entry is the key in the document under which a setting lies.
func entry(kind *schema.Kind, key string) string {
	if kind.Item != nil && kind.Item.Equals != "" {
		return kind.Item.Equals
	}
	return key
}

// decoded are the settings in documents that were read, by kind and text.
var decoded memo[reading, decoding]

type reading struct {
	kind *schema.Kind
	text string
}

type decoding struct {
	items providers.Items
	err   error
}

// decode reads the settings of one kind in a document that parse understands. The caller may change what it gets.
func decode(kind *schema.Kind, body []byte) (providers.Items, error) {
	d := decoded.of(reading{kind, string(body)}, func() decoding {
		c, err := parse(body)
		if err != nil {
			return decoding{nil, err}
		}
		items, err := decodeItems(kind, c)
		return decoding{items, err}
	})
	return maps.Clone(d.items), d.err
}

// decodeItems reads the settings of one kind. Items of a keyed kind that its keys do not name belong to another kind.
func decodeItems(kind *schema.Kind, c content) (providers.Items, error) {
	items := providers.Items{}
	for key, attributes := range c.items {
		switch {
		case kind.Keyed && (len(kind.Keys) == 0 || slices.Contains(kind.Keys, key)):
		case !kind.Keyed && key == entry(kind, ""):
			key = ""
		default:
			continue
		}
		value, err := decodeItem(kind, attributes)
		if err != nil {
			return nil, err
		}
		items[key] = value
	}
	if !kind.Keyed && len(items) == 0 {
		return nil, fmt.Errorf("the document has no entry for %s: %w", kind.Name, providers.ErrUnsupported)
	}
	return items, nil
}

func decodeItem(kind *schema.Kind, attributes item) (cty.Value, error) {
	values := make(map[string]cty.Value, len(kind.Attributes))
	for _, a := range kind.Attributes {
		raw, ok := attributes[a.Name]
		if !ok {
			values[a.Name] = cty.NullVal(a.Type)
			continue
		}
		value, err := ctyjson.Unmarshal(raw, a.Type)
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s of %s is no %s: %w", a.Name, kind.Name, a.Type.FriendlyName(), providers.ErrMalformed)
		}
		values[a.Name] = a.Conceal(value)
	}
	return cty.ObjectVal(values), nil
}

// edit writes the attributes of want that are not null into it, and leaves the others as they are. Entries of a set that stay
// keep their places, and of the new ones those that have to come first do.
func (it item) edit(kind *schema.Kind, want cty.Value, first []string) error {
	for _, a := range kind.Attributes {
		value := want.GetAttr(a.Name)
		if value.IsNull() {
			continue
		}
		raw, err := ctyjson.Marshal(schema.Reveal(value), a.Type)
		if err != nil {
			return fmt.Errorf("%s of %s is unknown or marked: %w", a.Name, kind.Name, providers.ErrInvalid)
		}
		if a.Type.IsSetType() {
			raw = inPlace(it[a.Name], raw, first)
		}
		it[a.Name] = raw
	}
	return nil
}

// inPlace is a set of texts in the order of the one that it replaces, with the new ones behind.
func inPlace(had, want json.RawMessage, first []string) json.RawMessage {
	var old, all []string
	_ = json.Unmarshal(had, &old) // without an old one all are new
	if json.Unmarshal(want, &all) != nil {
		return want
	}
	turn := func(text string) int {
		switch at := slices.Index(old, text); {
		case at >= 0:
			return at - len(old)
		case slices.Contains(first, text):
			return 0
		default:
			return 1
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return turn(a) - turn(b) })
	return encode(all)
}

// limit is what a capability document says of one attribute. The zero value allows everything.
type limit struct {
	Min, Max *int64 // bounds of a number, of the length of a string in characters, or of the size of a set
	Values   []string
}

// limitsIn reads a capability document. One that is missing or cannot be understood limits nothing.
func limitsIn(body []byte) map[string]limit {
	var shape struct{ Items map[string]limit }
	if json.Unmarshal(body, &shape) != nil {
		return nil
	}
	return shape.Items
}

// limitsOf reads the first capability document of a kind that can be understood.
func limitsOf(kind *schema.Kind, body func(path string) []byte) map[string]limit {
	for _, path := range kind.Document.Capabilities {
		if limits := limitsIn(body(path)); limits != nil {
			return limits
		}
	}
	return nil
}

// offence says why v is beyond the limit, as a sentence that does not show v, or "" if it is within.
func (l limit) offence(name string, v cty.Value) string {
	v = schema.Reveal(v)
	var size int64
	var unit string
	switch {
	case v.Type() == cty.String:
		size, unit = int64(utf8.RuneCountInString(v.AsString())), " characters"
	case v.Type() == cty.Number:
		size, _ = v.AsBigFloat().Int64()
	case v.Type().IsSetType():
		size, unit = int64(v.LengthInt()), " entries"
	}
	switch {
	case l.Min != nil && size < *l.Min:
		return fmt.Sprintf("This device takes at least %d%s for %s.", *l.Min, unit, name)
	case l.Max != nil && size > *l.Max:
		return fmt.Sprintf("This device accepts at most %d%s for %s.", *l.Max, unit, name)
	case len(l.Values) > 0 && v.Type() == cty.String && !slices.Contains(l.Values, v.AsString()):
		return fmt.Sprintf("This device takes only %s for %s.", strings.Join(l.Values, ", "), name)
	}
	return ""
}

// offences are the attributes of want that are beyond the limits, in the order of the kind. Null and unknown ones are
// not looked at.
func offences(kind *schema.Kind, limits map[string]limit, want cty.Value) []providers.AttributeError {
	var found []providers.AttributeError
	for _, a := range kind.Attributes {
		value := want.GetAttr(a.Name)
		if value.IsNull() || !value.IsWhollyKnown() {
			continue
		}
		if detail := limits[a.Name].offence(a.Name, value); detail != "" {
			found = append(found, providers.AttributeError{Attribute: a.Name, Detail: detail})
		}
	}
	return found
}
