package learn

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// longLine is the length from which a list has a line for each of its elements.
const longLine = 100

// literal writes a value in HCL.
func literal(v cty.Value) string {
	text := string(hclwrite.TokensForValue(v).Bytes())
	if len(text) <= longLine || v.Type().IsPrimitiveType() || v.Type().IsMapType() {
		return text
	}
	var b strings.Builder
	b.WriteString("[\n")
	for _, element := range v.Elements() {
		b.Write(hclwrite.TokensForValue(element).Bytes())
		b.WriteString(",\n")
	}
	b.WriteString("]")
	return b.String()
}

func quoted(text string) string { return literal(cty.StringVal(text)) }

// expression writes a value, or the function that reads it if it is a secret.
func (v value) expression() string {
	if v.origin != "" {
		return "secret(" + quoted(v.origin) + ")"
	}
	return literal(v.v)
}

// profilesText is the file of the profiles.
func (c *collection) profilesText(profiles []*profile) []byte {
	var b bytes.Buffer
	for _, p := range profiles {
		separate(&b)
		fmt.Fprintf(&b, "profile %s {\n", quoted(p.name))
		var w settings
		for _, v := range p.values {
			w.add(&c.slots[c.values[v].slot], c.values[v].expression())
		}
		w.write(&b, false)
		b.WriteString("}\n")
	}
	return hclwrite.Format(b.Bytes())
}

// separate writes a blank line unless the text is at its beginning.
func separate(b *bytes.Buffer) {
	if b.Len() > 0 {
		b.WriteString("\n")
	}
}

// devicesText is the file of the devices.
func (c *collection) devicesText(blocks []*block, t *table) []byte {
	var b bytes.Buffer
	if len(t.rows) > 0 {
		fmt.Fprintf(&b, "locals {\ndevices = csvdecode(file(%s))\n}\n", quoted(TableFile))
	}
	for _, block := range blocks {
		separate(&b)
		c.writeBlock(&b, block, t)
	}
	return hclwrite.Format(b.Bytes())
}

func (c *collection) writeBlock(b *bytes.Buffer, block *block, t *table) {
	for _, line := range c.remarks(block) {
		fmt.Fprintf(b, "# %s\n", line)
	}
	fmt.Fprintf(b, "device %s {\n", quoted(block.label))
	if len(block.devices) > 1 {
		fmt.Fprintf(b, "for_each = %s\n", forEach(block, t))
	}
	h := header{device: &c.devices[block.devices[0]], each: t.each[block]}
	h.write(b)
	if len(block.profiles) > 0 {
		var names []string
		for _, p := range block.profiles {
			names = append(names, "profile."+p.name)
		}
		fmt.Fprintf(b, "\nprofiles = [%s]\n", strings.Join(names, ", "))
	}
	var w settings
	for at, v := range block.values {
		if block.own[at] {
			w.add(&c.slots[block.slots[at]], c.expression(block, at, v, t))
		}
	}
	w.write(b, true)
	b.WriteString("}\n")
}

// forEach is the rows of the table that are of a block.
func forEach(b *block, t *table) string {
	if !slices.Contains(t.names, "group") {
		return "{ for row in local.devices : row.name => row }"
	}
	return "{ for row in local.devices : row.name => row if row.group == " + quoted(b.label) + " }"
}

// expression is what a block says at a position: a value, or where it stands in the table.
func (c *collection) expression(b *block, at, v int, t *table) string {
	switch {
	case v != varies && c.values[v].isReference():
		return c.values[v].to.expression(c.addresses)
	case v != varies:
		return c.values[v].expression()
	case c.isName(b, at):
		return "each.key"
	}
	column := t.of[b.slots[at]]
	cell := column.form.expression("each.value." + column.name)
	if c.values[c.has[b.devices[0]][at]].origin != "" {
		return "secret(" + cell + ")"
	}
	return cell
}

// header is what a device block says besides its settings. The device stands for all of the block where they do not differ.
type header struct {
	device *Device
	each   map[string]string // expressions for facts in which the devices differ
}

// argument is a line of a block, empty where there is nothing to say.
func (h header) argument(name, fact string) string {
	if expression, ok := h.each[fact]; ok {
		if fact == "password" {
			expression = "secret(" + expression + ")"
		}
		return name + " = " + expression + "\n"
	}
	for _, f := range facts {
		v := f.of(h.device)
		if f.name != fact || unsaid(v) {
			continue
		}
		if fact == "password" {
			return name + " = secret(" + literal(v) + ")\n"
		}
		return name + " = " + literal(v) + "\n"
	}
	return ""
}

// unsaid reports whether a fact is what holds where nothing is said.
func unsaid(v cty.Value) bool {
	switch {
	case v.Type() == cty.String:
		return v.AsString() == ""
	case v.Type() == cty.Bool:
		return v.False()
	default:
		return v.LengthInt() == 0
	}
}

func (h header) write(b *bytes.Buffer) {
	b.WriteString(h.argument("address", "address") + h.argument("site", "site") + h.argument("tags", "tags"))
	h.block(b, "identity", "serial", "mac", "model")
	h.block(b, "login", "username", "password", "basic")
	h.block(b, "tls", "legacy")
}

// block writes a block of arguments, unless there are none.
func (h header) block(b *bytes.Buffer, name string, arguments ...string) {
	var body strings.Builder
	for _, argument := range arguments {
		body.WriteString(h.argument(argument, argument))
	}
	if body.Len() > 0 {
		fmt.Fprintf(b, "\n%s {\n%s}\n", name, body.String())
	}
}

// settings are the blocks of settings within a block.
type settings struct{ list []setting }

type setting struct {
	schema.Setting
	keyed bool
	lines []string
}

// add adds an attribute. Those of one setting come one after the other.
func (w *settings) add(s *slot, expression string) {
	if n := len(w.list); n == 0 || w.list[n-1].Setting != s.setting() {
		w.list = append(w.list, setting{Setting: s.setting(), keyed: s.kind.Keyed})
	}
	last := &w.list[len(w.list)-1]
	last.lines = append(last.lines, s.attribute.Name+" = "+expression+"\n")
}

// write writes the blocks with blank lines between them, and before the first one if something is in front of it.
func (w *settings) write(b *bytes.Buffer, behind bool) {
	for n, s := range w.list {
		if n > 0 || behind {
			b.WriteString("\n")
		}
		label := ""
		if s.keyed {
			label = " " + quoted(s.Key)
		}
		fmt.Fprintf(b, "%s%s {\n%s}\n", s.Kind, label, strings.Join(s.lines, ""))
	}
}

// remarks say what was left out of a block, a line for each reason.
func (c *collection) remarks(b *block) []string {
	type what struct{ setting, why string }
	type reason struct {
		why     string
		devices int
	}
	var left []what
	devices := map[what]int{}
	for _, i := range b.devices {
		for _, l := range c.left[i] {
			one := what{l.what(), l.Why}
			if devices[one] == 0 {
				left = append(left, one)
			}
			devices[one]++
		}
	}
	var reasons []reason
	settings := map[reason][]string{}
	for _, one := range left {
		r := reason{one.why, devices[one]}
		if settings[r] == nil {
			reasons = append(reasons, r)
		}
		settings[r] = append(settings[r], one.setting)
	}
	var remarks []string
	for _, r := range reasons {
		text := "Left out: " + strings.Join(settings[r], ", ") + ", " + r.why
		if r.devices < len(b.devices) {
			text += fmt.Sprintf(" (%d of %d devices)", r.devices, len(b.devices))
		}
		remarks = append(remarks, oneLine(text))
	}
	return remarks
}

// what names what was left out, without the device.
func (l Left) what() string {
	if l.Attribute == "" {
		return l.Setting.Local()
	}
	return l.Setting.Local() + "." + l.Attribute
}

// oneLine makes a text fit for a comment: devices choose some of the words in it.
func oneLine(text string) string {
	printable := func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}
	return strings.Join(strings.Fields(strings.Map(printable, text)), " ")
}
