package schema

import (
	"regexp"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// Parts are what the values and the bounds of an attribute are about: the elements of a collection, or the value itself.
// The value is known and not null.
func Parts(v cty.Value) []cty.Value {
	if v.CanIterateElements() {
		return v.AsValueSlice()
	}
	return []cty.Value{v}
}

// Lists reports whether a text is one of the values of the attribute. One that lists none takes every text.
func (a *Attribute) Lists(text string) bool {
	return len(a.Values) == 0 || slices.Contains(a.Values, text)
}

// Within reports whether a number, or the length of a string in characters, lies within the bounds of the attribute. Part
// is known and not null; other types have no bounds.
func (a *Attribute) Within(part cty.Value) bool {
	n := part
	switch part.Type() {
	case cty.Number:
	case cty.String:
		n = cty.NumberIntVal(int64(utf8.RuneCountInString(part.AsString())))
	default:
		return true
	}
	return (a.Min == nil || n.GreaterThanOrEqualTo(cty.NumberIntVal(*a.Min)).True()) &&
		(a.Max == nil || n.LessThanOrEqualTo(cty.NumberIntVal(*a.Max)).True())
}

// escapedByte is how providers write a byte of a device that is no character.
var escapedByte = regexp.MustCompile(`\\x[0189a-f][0-9a-f]`)

// IsEscaped reports whether a text stands for bytes of a device that are no characters, such as those of a name in GBK where
// UTF-8 is declared, or control characters. Providers write each of them \xb6. Such a text is shown and compared, and never
// sent: the device would store what it says.
func IsEscaped(text string) bool { return escapedByte.MatchString(text) }

// HasKey reports whether an item of a keyed kind can have a key, according to its setting file.
func (k *Kind) HasKey(key string) bool {
	if len(k.Keys) > 0 && !slices.Contains(k.Keys, key) {
		return false
	}
	if k.KeyPattern == "" {
		return true
	}
	pattern := wholly(k.KeyPattern)
	return pattern != nil && pattern.MatchString(key)
}

// patterns are the expressions that labels match, by their texts: a fleet asks for the same ones again and again.
var patterns sync.Map

// wholly is an expression that matches whole texts; nil for a text that is none.
func wholly(pattern string) *regexp.Regexp {
	if known, ok := patterns.Load(pattern); ok {
		return known.(*regexp.Regexp)
	}
	compiled, _ := regexp.Compile("^(?:" + pattern + ")$")
	patterns.Store(pattern, compiled)
	return compiled
}
