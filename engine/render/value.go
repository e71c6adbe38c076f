package render

import (
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
	"github.com/zclconf/go-cty/cty"
)

const (
	absent  = "null"
	later   = "(known after apply)"
	hidden  = "(sensitive value)"
	unshown = "(value of an unknown type)"
)

// attributeOf is the value of an attribute; null where the object or the attribute does not exist.
func attributeOf(object cty.Value, name string) cty.Value {
	null := cty.NullVal(cty.DynamicPseudoType)
	if object == cty.NilVal || object.IsNull() || !object.IsKnown() || !object.Type().IsObjectType() || !object.Type().HasAttribute(name) {
		return null
	}
	return object.GetAttr(name)
}

// scalar is a value on one line. Lists are written on one line too; the rows of a change take them apart. The value
// has no marks: whatever carries one was taken for a secret before.
func scalar(v cty.Value) string {
	switch {
	case !v.IsKnown():
		return later
	case v.IsNull():
		return absent
	case v.Type() == cty.String:
		return quoted(v.AsString())
	case v.Type() == cty.Number:
		return v.AsBigFloat().Text('f', -1)
	case v.Type() == cty.Bool && v.True():
		return "true"
	case v.Type() == cty.Bool:
		return "false"
	case isCollection(v):
		return "[" + strings.Join(elements(v), ", ") + "]"
	default:
		return unshown
	}
}

func isCollection(v cty.Value) bool {
	t := v.Type()
	return t.IsListType() || t.IsSetType()
}

// elements are the members of a list or set, each on one line; none for null.
func elements(v cty.Value) []string {
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	var texts []string
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		texts = append(texts, scalar(element))
	}
	return texts
}

// lines are the lines of a string, made printable; none for null. A line break at the end gives an empty last line.
func lines(v cty.Value) []string {
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	texts := strings.Split(v.AsString(), "\n")
	for i, text := range texts {
		texts[i] = printable(text)
	}
	return texts
}

func isMultiline(v cty.Value) bool {
	return v.IsKnown() && !v.IsNull() && v.Type() == cty.String && strings.Contains(v.AsString(), "\n")
}

// Lines are the lines of a text of a device, made printable. A line break at its end is left out.
func Lines(text string) []string { return lines(cty.StringVal(strings.TrimRight(text, "\r\n"))) }

// Difference are the lines that differ between two texts of a device, each with its mark; lines as Lines gives them.
func Difference(before, after []string) []string {
	var all []string
	for _, e := range edits(before, after) {
		if e.mark != NoMark {
			all = append(all, string(e.mark)+" "+e.text)
		}
	}
	return all
}

// edit is one line of a difference between two lists of lines.
type edit struct {
	mark Mark
	text string
}

// editLimit is how many lines are compared with care. Beyond it everything is said to be replaced, since the time of a
// comparison without a clock grows with the square of the differences.
const editLimit = 4000

// edits gives the difference between two lists of lines. No line contains a line break. It depends on nothing but its
// arguments; secrets must not be among them.
func edits(before, after []string) []edit {
	if len(before)+len(after) > editLimit {
		return append(marked(RemoveMark, before), marked(AddMark, after)...)
	}
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // a limit in wall-clock time would make the result depend on the machine
	a, b, table := dmp.DiffLinesToRunes(joined(before), joined(after))
	var all []edit
	for _, d := range dmp.DiffCharsToLines(dmp.DiffMainRunes(a, b, false), table) {
		all = append(all, marked(markOf(d.Type), strings.Split(strings.TrimSuffix(d.Text, "\n"), "\n"))...)
	}
	return all
}

func joined(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return strings.Join(texts, "\n") + "\n"
}

func marked(mark Mark, texts []string) []edit {
	all := make([]edit, len(texts))
	for i, text := range texts {
		all[i] = edit{mark, text}
	}
	return all
}

func markOf(op diffmatchpatch.Operation) Mark {
	switch op {
	case diffmatchpatch.DiffInsert:
		return AddMark
	case diffmatchpatch.DiffDelete:
		return RemoveMark
	default:
		return NoMark
	}
}
