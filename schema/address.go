package schema

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Device is the address of one device: `device.gate`, or `device.gate["north"]` where the block has a for_each.
// It is comparable; the zero value addresses nothing.
type Device struct {
	Name string // the label of the device block
	Key  string // the for_each key; meaningful only if Each
	Each bool   // whether the device comes from a for_each, since "" is a legal key
}

// Shown reports whether a character of a key can be shown. Keys are parts of addresses, which stand in messages and in commands that people
// paste into a shell, so that a configuration has no others.
func Shown(r rune) bool { return strconv.IsPrint(r) }

// String gives the form that ParseDevice reads.
func (d Device) String() string {
	if d.Each {
		return "device." + d.Name + "[" + quote(d.Key) + "]"
	}
	return "device." + d.Name
}

// IsZero reports whether d addresses nothing.
func (d Device) IsZero() bool { return d == Device{} }

// Compare orders devices by name, then by key; a device without a for_each comes first. Only equal devices compare as 0.
func (d Device) Compare(o Device) int {
	return cmp.Or(cmp.Compare(d.Name, o.Name), compareBool(d.Each, o.Each), cmp.Compare(d.Key, o.Key))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// Setting is the address of a setting on a device: `device.gate["north"].https`, or with the key of an item of a keyed
// kind `device.gate["north"].user.operator`. It is comparable.
type Setting struct {
	Device Device
	Kind   string // name of the kind, as in its setting file
	Key    string // key of the item; empty for a kind that a device has once
}

// String gives the form that ParseSetting reads. A key that is no identifier is written in brackets: `.user["a b"]`. Without a
// kind it is the address of the whole device.
func (s Setting) String() string {
	if s.Kind == "" {
		return s.Device.String()
	}
	return s.Device.String() + "." + s.Local()
}

// Local is the address without its device: `https`, `user.operator`.
func (s Setting) Local() string {
	switch {
	case s.Key == "":
		return s.Kind
	case isPlainWord(s.Key) || hclsyntax.ValidIdentifier(s.Key):
		return s.Kind + "." + s.Key
	default:
		return s.Kind + "[" + quote(s.Key) + "]"
	}
}

// isPlainWord reports whether a key is an identifier as nearly all are, of letters and digits of ASCII. HCL's own judgement takes a
// scanner, and addresses are written for everything that happens.
func isPlainWord(key string) bool {
	for i := range len(key) {
		c := key[i]
		if letter := c|0x20 >= 'a' && c|0x20 <= 'z'; !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return key != ""
}

// Compare orders settings by device, kind and key.
func (s Setting) Compare(o Setting) int {
	return cmp.Or(s.Device.Compare(o.Device), cmp.Compare(s.Kind, o.Kind), cmp.Compare(s.Key, o.Key))
}

// ParseDevice reads the address of a device. The error says what is wrong and shows an example.
func ParseDevice(text string) (Device, error) {
	s, err := parse(text)
	if err != nil {
		return Device{}, err
	}
	if s.Kind != "" {
		return Device{}, fmt.Errorf("%q is the address of a setting; a device is written like %s", text, s.Device)
	}
	return s.Device, nil
}

// DeviceOf is the device that a reference such as `device.gate["north"]` names.
func DeviceOf(reference hcl.Traversal) (Device, error) {
	s, ok := SettingOf(reference)
	if !ok || s.Kind != "" {
		return Device{}, errors.New("not the address of a device, which is written like device.gate")
	}
	return s.Device, nil
}

// ParseSetting reads the address of a setting. The error says what is wrong and shows an example.
func ParseSetting(text string) (Setting, error) {
	s, err := parse(text)
	if err != nil {
		return Setting{}, err
	}
	if s.Kind == "" {
		return Setting{}, fmt.Errorf("%q is the address of a device; a setting of it is written like %s.https", text, s.Device)
	}
	return s, nil
}

// ParseTarget reads the address of a device or of a setting, as -target takes it. Kind is empty for a device. A device
// name without a key stands for all its instances when matched with Covers.
func ParseTarget(text string) (Setting, error) { return parse(text) }

// Covers reports whether the target s names o: the same address, the whole device of o, or all instances of its block.
func (s Setting) Covers(o Setting) bool {
	if s.Device.Name != o.Device.Name {
		return false
	}
	if s.Device.Each && s.Device != o.Device {
		return false
	}
	if s.Kind == "" {
		return true
	}
	return s.Kind == o.Kind && (s.Key == "" || s.Key == o.Key)
}

const addressHelp = `an address is written like device.gate, device.gate["north"].https or device.gate["north"].user.operator`

func parse(text string) (Setting, error) {
	if s, ok := plain(text); ok {
		return s, nil
	}
	traversal, diags := hclsyntax.ParseTraversalAbs([]byte(text), "", hcl.InitialPos)
	if !diags.HasErrors() {
		if s, ok := SettingOf(traversal); ok {
			return s, nil
		}
	}
	return Setting{}, fmt.Errorf("%q is not an address: %s", text, meant(text))
}

// bare matches an address whose key has no quotes, most often because a shell removed them.
var bare = regexp.MustCompile(`^(device\.\w+\[)([^"\]]+)(\].*)$`)

// meant says how to write an address, judged by what text seems to mean.
func meant(text string) string {
	host := text
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		host = u.Host
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	switch m := bare.FindStringSubmatch(text); {
	case m != nil:
		return fmt.Sprintf(`a key needs quotes: %s"%s"%s (in a shell, put single quotes around the address)`, m[1], m[2], m[3])
	case net.ParseIP(host) != nil:
		return `that is a network address; use the address in the configuration, such as device.gate ("camform inventory" lists both)`
	}
	return addressHelp
}

// plain reads an address in the form of String whose names and keys are letters, digits and a few marks. Nearly all are, a state holds
// a dozen for each device, and HCL takes fifty times as long. Everything else is for HCL, what is wrong included.
func plain(text string) (s Setting, ok bool) {
	rest, ok := strings.CutPrefix(text, "device")
	if !ok {
		return s, false
	}
	if s.Device.Name, rest, ok = plainName(rest); !ok {
		return s, false
	}
	if strings.HasPrefix(rest, "[") {
		s.Device.Each = true
		if s.Device.Key, rest, ok = plainKey(rest); !ok {
			return s, false
		}
	}
	if rest == "" {
		return s, true
	}
	if s.Kind, rest, ok = plainName(rest); !ok {
		return s, false
	}
	switch {
	case strings.HasPrefix(rest, "["):
		s.Key, rest, ok = plainKey(rest)
	case rest != "":
		s.Key, rest, ok = plainName(rest)
	default:
		return s, true
	}
	return s, ok && rest == "" && s.Key != ""
}

// plainName takes a dot and an identifier of ASCII off a text.
func plainName(text string) (name, rest string, ok bool) {
	text, ok = strings.CutPrefix(text, ".")
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	name = text[:end]
	ok = ok && name != "" && (isLetter(name[0]) || name[0] == '_')
	for i := range len(name) {
		ok = ok && (isLetter(name[i]) || '0' <= name[i] && name[i] <= '9' || name[i] == '_' || name[i] == '-')
	}
	return name, text[end:], ok
}

// plainKey takes a key in brackets and quotes off a text, in which nothing is escaped and nothing has to be normalized.
func plainKey(text string) (key, rest string, ok bool) {
	text, ok = strings.CutPrefix(text, `["`)
	end := strings.IndexByte(text, '"')
	if !ok || end < 0 {
		return "", "", false
	}
	key = text[:end]
	for i := range len(key) {
		ok = ok && ' ' <= key[i] && key[i] <= '~' && key[i] != '\\' && key[i] != '$' && key[i] != '%'
	}
	rest, closed := strings.CutPrefix(text[end:], `"]`)
	return key, rest, ok && closed
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// SettingOf is the device or the setting that a reference such as `device.gate["north"].https` names; ok is false if it names
// neither. Kind is empty for a device.
func SettingOf(traversal hcl.Traversal) (s Setting, ok bool) {
	if len(traversal) < 2 || traversal.RootName() != "device" {
		return s, false
	}
	name, ok := traversal[1].(hcl.TraverseAttr)
	if !ok {
		return s, false
	}
	s.Device.Name = name.Name
	rest := traversal[2:]
	if len(rest) > 0 {
		if key, ok := indexKey(rest[0]); ok {
			s.Device.Key, s.Device.Each = key, true
			rest = rest[1:]
		}
	}
	if len(rest) == 0 {
		return s, true
	}
	kind, ok := rest[0].(hcl.TraverseAttr)
	if !ok || len(rest) > 2 {
		return s, false
	}
	s.Kind = kind.Name
	if len(rest) == 2 {
		s.Key = itemKey(rest[1])
		return s, s.Key != ""
	}
	return s, true
}

// itemKey is the key that a step names, or "" if it names none: an empty key would be the address of the whole kind.
func itemKey(step hcl.Traverser) string {
	if attr, ok := step.(hcl.TraverseAttr); ok {
		return attr.Name
	}
	key, _ := indexKey(step)
	return key
}

func indexKey(step hcl.Traverser) (string, bool) {
	index, ok := step.(hcl.TraverseIndex)
	if !ok || index.Key.Type() != cty.String {
		return "", false
	}
	return index.Key.AsString(), true
}

// quote writes a key as an HCL string literal, with the template markers escaped.
func quote(key string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range key {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case (r == '$' || r == '%') && strings.HasPrefix(key[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
