package learn

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// filter keeps the attributes of one setting that a configuration can say and the device would take.
type filter struct {
	c      *collection
	device *Device
	kind   *schema.Kind
	key    string
	kept   map[string]cty.Value // not null; secrets with the mark of their origin
	left   []Left
}

func (f *filter) filter(item cty.Value) {
	if why := f.unsayable(); why != "" {
		f.leave("", why)
		return
	}
	f.kept = map[string]cty.Value{}
	for _, a := range f.kind.Attributes {
		f.keep(a, item.GetAttr(a.Name))
	}
	f.refused()
}

// unsayable says why no block can have the key of the item; it is empty if one can.
func (f *filter) unsayable() string {
	switch {
	case !f.kind.Keyed:
		return ""
	case f.key == "":
		return "because it has no name"
	case !utf8.ValidString(f.key):
		return "because its name is not text"
	case schema.IsEscaped(f.key):
		return "because its name contains bytes that are not characters; it stays as it is"
	case !f.kind.HasKey(f.key):
		return "because camform knows no " + f.kind.Name + " of this name"
	}
	return ""
}

// keep decides about one attribute.
func (f *filter) keep(a *schema.Attribute, v cty.Value) {
	if a.WriteOnly {
		f.keepUnseen(a)
		return
	}
	if v.IsNull() {
		return // the device does not have it
	}
	if strange := a.Strange(v); len(strange) > 0 {
		f.leave(a.Name, "with "+strings.Join(strange, ", ")+", because camform cannot express that; it stays as it is")
		v = a.Known(v)
	}
	if why := impossible(a, v); why != "" {
		f.leave(a.Name, why)
		return
	}
	if f.hides(a) {
		if v.Type() == cty.String {
			v = schema.NewSecret(v.AsString()).Value()
		}
		if v = f.c.secrets.marked(f.kind, a, v); v.IsNull() {
			f.leave(a.Name, "because it is not text that a variable can hold")
			return
		}
	}
	f.kept[a.Name] = v
}

// hides reports whether what the device has of an attribute is a secret.
func (f *filter) hides(a *schema.Attribute) bool {
	return a.Secret || f.device.Hidden[schema.Setting{Kind: f.kind.Name, Key: f.key}][a.Name]
}

// keepUnseen decides about an attribute that devices never return. One is known nevertheless: the password of the account
// that we are logged in with.
func (f *filter) keepUnseen(a *schema.Attribute) {
	own := f.kind.IsAccount() && f.key == f.device.Username && a.Name == f.kind.Account().Password
	if own && schema.Origin(f.device.Password) != "" {
		plain, _ := f.device.Password.Unmark()
		if !plain.IsKnown() || impossible(a, plain) == "" {
			f.kept[a.Name] = f.device.Password
			return
		}
	}
	f.leave(a.Name, `because devices never return it; to manage it, add it with secret("env:NAME")`)
}

// refused leaves out what the device itself would not take.
func (f *filter) refused() {
	if f.c.options.Check == nil || len(f.kept) == 0 {
		return
	}
	values := make(map[string]cty.Value, len(f.kind.Attributes))
	for _, a := range f.kind.Attributes {
		v, ok := f.kept[a.Name]
		switch {
		case !ok:
			v = cty.NullVal(a.Type)
		case f.hides(a):
			v = cty.UnknownVal(a.Type) // it is given, and it is nobody's business
		}
		values[a.Name] = v
	}
	for _, wrong := range f.c.options.Check(f.kind, f.device.Documents, f.key, cty.ObjectVal(values)) {
		if wrong.Unproven {
			continue // it has the value already, so nobody will write it
		}
		why := "because the device would not accept it: " + strings.Join(strings.Fields(wrong.Detail), " ")
		if wrong.Attribute == "" {
			f.kept = nil
			f.leave("", why)
			return
		}
		if _, ok := f.kept[wrong.Attribute]; ok {
			delete(f.kept, wrong.Attribute)
			f.leave(wrong.Attribute, why)
		}
	}
}

func (f *filter) leave(attribute, why string) {
	f.left = append(f.left, Left{
		Setting: schema.Setting{Kind: f.kind.Name, Key: f.key}, Attribute: attribute, Why: why,
	})
}

// masked matches a text where a device shows a part only, such as a mail address. Sent back it would replace the
// whole.
var masked = regexp.MustCompile(`\*{2}|•`)

// impossible says why a configuration cannot give an attribute a value; it is empty if it can.
func impossible(a *schema.Attribute, v cty.Value) string {
	v = schema.Reveal(v)
	if !v.IsWhollyKnown() || hasNull(v) {
		return "because camform could read only part of it"
	}
	for _, text := range texts(v) {
		switch {
		case !utf8.ValidString(text):
			return "because it is not text"
		case schema.IsEscaped(text):
			return "because its value contains bytes that are not characters, " + text + "; they stay as they are while nothing declares it"
		case !a.Secret && masked.MatchString(text):
			return "because the device hides part of it behind asterisks"
		case !a.Lists(text):
			return "because its value is none of those that camform writes: " + strings.Join(a.Values, ", ")
		}
	}
	for _, part := range schema.Parts(v) {
		if !a.Within(part) {
			return "because its value is outside the limits that camform knows: " + bounds(a)
		}
	}
	return ""
}

// texts are the strings of a value: itself, its elements, or the keys and the elements of a map.
func texts(v cty.Value) []string {
	if v.Type() == cty.String {
		return []string{v.AsString()}
	}
	if !v.CanIterateElements() {
		return nil
	}
	var all []string
	for _, element := range v.Elements() {
		if element.Type() == cty.String {
			all = append(all, element.AsString())
		}
	}
	return all
}

func hasNull(v cty.Value) bool {
	if !v.CanIterateElements() {
		return false
	}
	for _, element := range v.Elements() {
		if element.IsNull() {
			return true
		}
	}
	return false
}

func bounds(a *schema.Attribute) string {
	switch {
	case a.Min == nil:
		return "at most " + strconv.FormatInt(*a.Max, 10)
	case a.Max == nil:
		return "at least " + strconv.FormatInt(*a.Min, 10)
	default:
		return strconv.FormatInt(*a.Min, 10) + " to " + strconv.FormatInt(*a.Max, 10)
	}
}
