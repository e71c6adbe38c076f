package learn

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/engine/diag"
	"camform/schema"
)

// table is the devices of all blocks that have several, a line for each device.
type table struct {
	names []string   // of the columns
	rows  [][]string // in the order of the devices
	each  map[*block]map[string]string
	of    map[int]column // by slot
}

// column is how the values of a slot stand in a table.
type column struct {
	name string
	form form
}

// form is how a value is written into a cell.
type form int

const (
	plain       form = iota // as it is
	words                   // the elements with blanks between them
	wordsOrNone             // the same, where some have no elements
	encoded                 // as JSON
)

// expression reads a cell.
func (f form) expression(cell string) string {
	switch f {
	case words:
		return `split(" ", ` + cell + `)`
	case wordsOrNone:
		return `compact(split(" ", ` + cell + `))`
	case encoded:
		return "jsondecode(" + cell + ")"
	default:
		return cell
	}
}

// write is the text of a cell.
func (f form) write(v cty.Value) string {
	switch f {
	case words, wordsOrNone:
		return strings.Join(texts(v), " ")
	case encoded:
		return jsonText(v)
	default:
		return plainText(v)
	}
}

// formOf chooses how to write values of one type, so that each is read back as it is.
func formOf(values []cty.Value) form {
	chosen := plain
	for _, v := range values {
		switch {
		case v.Type().IsPrimitiveType() && strings.Contains(plainText(v), "\r"), v.Type().IsMapType():
			return encoded // a table has lines that end in one way
		case v.Type() != cty.Number && slices.ContainsFunc(texts(v), misleads):
			return encoded // which begins with a quote or a bracket
		case v.Type().IsPrimitiveType():
		case slices.ContainsFunc(texts(v), notOneWord):
			return encoded
		case v.LengthInt() == 0:
			chosen = wordsOrNone
		default:
			chosen = max(chosen, words)
		}
	}
	return chosen
}

// misleads reports whether a text of a device would be something else in a cell: a formula, which a spreadsheet carries out, or
// what a terminal and a reader take for another text.
func misleads(text string) bool {
	return diag.IsFormula(text) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) })
}

func notOneWord(text string) bool { return text == "" || strings.ContainsFunc(text, unicode.IsSpace) }

// jsonText writes a value as JSON. What cannot be seen is escaped, and so are combining marks: texts of a configuration are
// normalised, and a mark behind an escape such as \r would melt into its letter.
func jsonText(v cty.Value) string {
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		panic("this is a bug: " + err.Error()) // only known values without marks come here
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case !unicode.Is(unicode.M, r) && strconv.IsPrint(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// fact is something that a device block says about a device besides its settings.
type fact struct {
	name string
	of   func(*Device) cty.Value
}

// facts are what can differ from device to device, in the order of the columns.
var facts = []fact{
	{"address", func(d *Device) cty.Value { return cty.StringVal(d.Address) }},
	{"serial", func(d *Device) cty.Value { return cty.StringVal(d.Identity.Serial) }},
	{"mac", func(d *Device) cty.Value { return cty.StringVal(d.mac()) }},
	{"model", func(d *Device) cty.Value { return cty.StringVal(d.Identity.Model) }},
	{"site", func(d *Device) cty.Value { return cty.StringVal(d.Site) }},
	{"tags", func(d *Device) cty.Value { return d.tags() }},
	{"username", func(d *Device) cty.Value { return cty.StringVal(d.Username) }},
	{"password", func(d *Device) cty.Value { return cty.StringVal(schema.Origin(d.Password)) }},
	{"basic", func(d *Device) cty.Value { return cty.BoolVal(d.Basic) }},
	{"legacy", func(d *Device) cty.Value { return cty.BoolVal(d.Legacy) }},
}

// mac identifies a device that shows no serial number.
func (d *Device) mac() string {
	if d.Identity.Serial != "" {
		return ""
	}
	return d.Identity.MAC
}

func (d *Device) tags() cty.Value {
	if len(d.Tags) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	var values []cty.Value
	for _, tag := range d.Tags {
		values = append(values, cty.StringVal(tag))
	}
	return cty.SetVal(values)
}

// tableOf makes the table of the blocks that have several devices. It has a column for everything in which the devices of
// any block differ, but not for what is the same as the name of the device.
func (c *collection) tableOf(blocks []*block) *table {
	t := &table{each: map[*block]map[string]string{}, of: map[int]column{}, names: []string{"name"}}
	var many []*block
	for _, b := range blocks {
		if len(b.devices) > 1 {
			many = append(many, b)
			t.each[b] = map[string]string{}
		}
	}
	cells := make([]map[string]string, len(c.devices))
	for _, b := range many {
		for _, i := range b.devices {
			cells[i] = map[string]string{"name": c.keys[i]}
		}
	}
	if len(many) > 1 {
		t.names = append(t.names, "group")
		for _, b := range many {
			for _, i := range b.devices {
				cells[i]["group"] = b.label
			}
		}
	}
	for _, f := range facts {
		c.addFact(t, f, many, cells)
	}
	c.addSettings(t, many, cells)
	for _, row := range cells {
		if row == nil {
			continue
		}
		line := make([]string, len(t.names))
		for n, name := range t.names {
			line[n] = row[name]
		}
		t.rows = append(t.rows, line)
	}
	return t
}

// addFact adds the column of a fact, if the devices of any block differ in it.
func (c *collection) addFact(t *table, f fact, blocks []*block, cells []map[string]string) {
	var differing []*block
	var values []cty.Value
	for _, b := range blocks {
		first := f.of(&c.devices[b.devices[0]])
		if !slices.ContainsFunc(b.devices, func(i int) bool { return !f.of(&c.devices[i]).RawEquals(first) }) {
			continue
		}
		differing = append(differing, b)
		for _, i := range b.devices {
			values = append(values, f.of(&c.devices[i]))
		}
	}
	if len(differing) == 0 {
		return
	}
	t.names = append(t.names, f.name)
	form := formOf(values)
	for _, b := range differing {
		t.each[b][f.name] = form.expression("each.value." + f.name)
		for _, i := range b.devices {
			cells[i][f.name] = form.write(f.of(&c.devices[i]))
		}
	}
}

// addSettings adds the columns of settings.
func (c *collection) addSettings(t *table, blocks []*block, cells []map[string]string) {
	values := map[int][]cty.Value{} // by slot
	for _, b := range blocks {
		c.eachVarying(b, func(slot, at int) {
			if c.isName(b, at) {
				return
			}
			for _, i := range b.devices {
				values[slot] = append(values[slot], c.values[c.has[i][at]].cell())
			}
		})
	}
	slots := make([]int, 0, len(values))
	for s := range values {
		slots = append(slots, s)
	}
	slices.SortFunc(slots, func(a, b int) int { return c.slots[a].compare(&c.slots[b]) })
	for _, s := range slots {
		t.of[s] = column{t.free(c.slots[s].column()), formOf(values[s])}
	}
	for _, b := range blocks {
		c.eachVarying(b, func(slot, at int) {
			if c.isName(b, at) {
				return
			}
			for _, i := range b.devices {
				cells[i][t.of[slot].name] = t.of[slot].form.write(c.values[c.has[i][at]].cell())
			}
		})
	}
}

// eachVarying calls f for the slots in which the devices of a block differ.
func (c *collection) eachVarying(b *block, f func(slot, at int)) {
	for at, v := range b.values {
		if v == varies {
			f(b.slots[at], at)
		}
	}
}

// isName reports whether the values at a position of a block are the names of its devices.
func (c *collection) isName(b *block, at int) bool {
	return !slices.ContainsFunc(b.devices, func(i int) bool {
		v := c.values[c.has[i][at]]
		return v.origin != "" || v.v.Type() != cty.String || v.v.AsString() != c.keys[i]
	})
}

// cell is what stands for a value in a table: itself, or the origin of a secret.
func (v value) cell() cty.Value {
	if v.origin != "" {
		return cty.StringVal(v.origin)
	}
	return v.v
}

// column is the name of the column of a slot.
func (s *slot) column() string {
	name := s.kind.Name + "_" + s.attribute.Name
	if s.key != "" {
		name = s.kind.Name + "_" + word(s.key) + "_" + s.attribute.Name
	}
	return name
}

// free adds a column of this name, or with a number behind it where there is one already.
func (t *table) free(name string) string {
	free := name
	for n := 2; slices.Contains(t.names, free); n++ {
		free = name + "_" + strconv.Itoa(n)
	}
	t.names = append(t.names, free)
	return free
}

// text is the table as CSV. It is empty without rows.
func (t *table) text() []byte {
	if len(t.rows) == 0 {
		return nil
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(t.names)   // writing to a buffer never fails
	_ = w.WriteAll(t.rows) // it flushes
	return b.Bytes()
}
