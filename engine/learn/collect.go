package learn

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// slot is the place of a value: an attribute of a setting.
type slot struct {
	kind      *schema.Kind
	key       string
	attribute *schema.Attribute
	rank      int // of the attribute within the kind
}

func (s *slot) setting() schema.Setting { return schema.Setting{Kind: s.kind.Name, Key: s.key} }

// compare orders slots as they are written: by kind, key, and the order of the kind's file.
func (s *slot) compare(o *slot) int {
	if order := s.setting().Compare(o.setting()); order != 0 {
		return order
	}
	return s.rank - o.rank
}

// value is a value in a slot. Devices that have the same share it.
type value struct {
	slot   int
	v      cty.Value // without marks
	origin string    // where a secret comes from; v is null then
	to     reference // what it stands for; v is null then
}

// collection is what devices have, in numbers: equal values are the same number.
type collection struct {
	options Options
	devices []Device
	keys    []string // what each device is called where it is one of several
	slots   []slot
	values  []value
	has     [][]int // values of each device, in the order of slot.compare
	left    [][]Left
	secrets secrets
	leads   [][]int // by device: the others to which it refers

	addresses []schema.Device // of the devices, as soon as their blocks have labels

	slotOf  map[slotKey]int
	valueOf map[valueKey]int
}

type slotKey struct{ kind, key, attribute string }

type valueKey struct {
	slot int
	text string
	to   reference
}

// collect reads all devices.
func collect(devices []Device, o Options) *collection {
	c := &collection{
		options: o, devices: devices, has: make([][]int, len(devices)), left: make([][]Left, len(devices)),
		secrets: newSecrets(devices), slotOf: map[slotKey]int{}, valueOf: map[valueKey]int{},
	}
	for i := range devices {
		c.read(i)
	}
	c.refer()
	c.callThem()
	return c
}

// callThem gives every device a key. Names from an inventory stay as they are, but for what cannot be shown, unless two devices have the
// same.
func (c *collection) callThem() {
	taken := identifiers{}
	for i := range c.devices {
		name := cty.NormalizeString(strings.Join(strings.Fields(strings.Map(shown, strings.ToValidUTF8(c.devices[i].Name, ""))), " "))
		if name == "" {
			name = c.nameOf(i)
		}
		c.keys = append(c.keys, taken.take(name))
	}
}

// shown leaves a character out that no key can have, but for blanks of all kinds.
func shown(r rune) rune {
	if schema.Shown(r) || unicode.IsSpace(r) {
		return r
	}
	return -1
}

// read takes in the settings of a device.
func (c *collection) read(device int) {
	d := &c.devices[device]
	unreadable := slices.SortedFunc(maps.Keys(d.Unreadable), schema.Setting.Compare)
	for _, kind := range c.options.Kinds.All() {
		for _, unread := range unreadable {
			if why := d.Unreadable[unread]; unread.Kind == kind.Name {
				c.left[device] = append(c.left[device], Left{Setting: unread, Why: "because it could not be read: " + why, Unread: why})
			}
		}
		for _, o := range d.Omitted[kind.Name] {
			c.left[device] = append(c.left[device], Left{Setting: schema.Setting{Kind: kind.Name, Key: o.Key}, Attribute: o.Attribute, Why: o.Why})
		}
		items := d.Items[kind.Name]
		for _, key := range slices.Sorted(maps.Keys(items)) {
			c.readItem(device, kind, key, items[key])
		}
	}
}

// readItem takes in what can be written of one setting.
func (c *collection) readItem(device int, kind *schema.Kind, key string, item cty.Value) {
	item, _ = item.UnmarkDeep()
	if item.IsNull() || !item.IsKnown() {
		return
	}
	f := filter{c: c, device: &c.devices[device], kind: kind, key: key}
	f.filter(item)
	c.left[device] = append(c.left[device], f.left...)
	for rank, a := range kind.Attributes {
		v, ok := f.kept[a.Name]
		if !ok {
			continue
		}
		s := c.slot(slot{kind: kind, key: key, attribute: a, rank: rank})
		c.has[device] = append(c.has[device], c.value(s, v))
	}
}

func (c *collection) slot(s slot) int {
	key := slotKey{s.kind.Name, s.key, s.attribute.Name}
	n, ok := c.slotOf[key]
	if !ok {
		n = len(c.slots)
		c.slotOf[key] = n
		c.slots = append(c.slots, s)
	}
	return n
}

// value is the number of a value, which is marked if it is a secret with an origin.
func (c *collection) value(s int, v cty.Value) int {
	one := value{slot: s}
	if origin := schema.Origin(v); origin != "" {
		one.origin, one.v = origin, cty.NullVal(v.Type())
	} else {
		one.v = v
	}
	return c.number(one)
}

// number is the number of a value, which is new if no device has the same yet.
func (c *collection) number(one value) int {
	key := valueKey{slot: one.slot, to: one.to}
	if !one.isReference() {
		key.text = one.text()
	}
	n, ok := c.valueOf[key]
	if !ok {
		n = len(c.values)
		c.valueOf[key] = n
		c.values = append(c.values, one)
	}
	return n
}

// text tells values of the same slot apart.
func (v value) text() string {
	if v.origin != "" {
		return v.origin
	}
	return plainText(v.v)
}

// plainText writes a value so that different ones of the same type differ.
func plainText(v cty.Value) string {
	switch t := v.Type(); {
	case t == cty.String:
		return v.AsString()
	case t == cty.Number:
		return v.AsBigFloat().Text('f', -1)
	case t == cty.Bool && v.True():
		return "true"
	case t == cty.Bool:
		return "false"
	default:
		return jsonText(v)
	}
}
