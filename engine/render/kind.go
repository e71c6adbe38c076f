package render

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// KindMarkdown writes the reference of a kind of setting as Markdown: what it is, an example, its arguments, and how well
// the facts are known. The texts of the kind are Markdown themselves and stand as they are.
func KindMarkdown(w io.Writer, k *schema.Kind) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "# %s\n\n%s.\n\n", k.Name, k.Summary)
	if k.Doc != "" {
		out.WriteString(k.Doc + "\n\n")
	}
	out.WriteString("## Example\n\n```hcl\n" + Example(k) + "```\n\n")
	if k.Keyed {
		out.WriteString("## Label\n\n" + strings.Join(labelFacts(k), " ") + "\n\n")
	}
	out.WriteString("## Arguments\n\n")
	for _, a := range k.Attributes {
		fmt.Fprintf(out, "* `%s` (%s): %s\n", a.Name, strings.Join(brief(a), ", "), strings.Join(append([]string{a.Doc}, facts(k, a)...), " "))
	}
	out.WriteString("\n## About\n\n")
	for _, line := range about(k) {
		out.WriteString("* " + line + "\n")
	}
	return out.Flush()
}

// KindsMarkdown writes the table of all kinds of settings as Markdown.
func KindsMarkdown(w io.Writer, kinds *schema.Kinds) error {
	out := bufio.NewWriter(w)
	out.WriteString("| kind | what it is | risk | facts |\n|---|---|---|---|\n")
	for _, k := range kinds.All() {
		fmt.Fprintf(out, "| `%s` | %s | %s | %s |\n", k.Name, k.Summary, k.Risk, k.Confidence)
	}
	return out.Flush()
}

// KindText writes the reference of a kind of setting for a terminal.
func KindText(w io.Writer, k *schema.Kind, o Options) error {
	out, paint := bufio.NewWriter(w), newPalette(o.Colour)
	title := func(text string) { out.WriteString("\n" + paint.text(Strong, text) + "\n\n") }
	prose := func(indent int, text string) {
		for _, paragraph := range unwrapped(text) {
			for _, line := range wrap(paragraph, o.width()-indent) {
				out.WriteString(strings.TrimRight(strings.Repeat(" ", indent)+line, " ") + "\n")
			}
		}
	}
	out.WriteString(paint.text(Strong, k.Name) + ": " + printable(k.Summary) + "\n")
	if k.Doc != "" {
		out.WriteByte('\n')
		prose(0, k.Doc)
	}
	title("Example")
	for line := range strings.Lines(Example(k)) {
		out.WriteString("  " + line)
	}
	if k.Keyed {
		title("Label")
		prose(2, strings.Join(labelFacts(k), " "))
	}
	title("Arguments")
	for _, a := range k.Attributes {
		out.WriteString("  " + paint.text(Strong, a.Name) + " (" + strings.Join(brief(a), ", ") + ")\n")
		prose(6, strings.Join(append([]string{a.Doc}, facts(k, a)...), " "))
	}
	title("About")
	for _, line := range about(k) {
		prose(2, line)
	}
	return out.Flush()
}

// unwrapped are the paragraphs of a text with an empty line between them, each on one line. Indented lines stay.
func unwrapped(text string) []string {
	var all []string
	joins := false
	for _, line := range paragraphs(text) {
		switch {
		case line == "" || strings.HasPrefix(line, " "):
			all = append(all, line)
			joins = false
		case joins:
			all[len(all)-1] += " " + line
		default:
			all = append(all, line)
			joins = true
		}
	}
	return all
}

// brief is what an argument is, in a few words.
func brief(a *schema.Attribute) []string {
	words := []string{typeName(a.Type)}
	if a.Required {
		words = append(words, "required for a new item")
	} else {
		words = append(words, "optional")
	}
	if a.Secret {
		words = append(words, "secret")
	}
	return words
}

func typeName(t cty.Type) string {
	switch {
	case t.IsListType():
		return "list of " + typeName(t.ElementType())
	case t.IsSetType():
		return "set of " + typeName(t.ElementType())
	default:
		return t.FriendlyName()
	}
}

// facts are the sentences about an argument that follow from its limits, and how well it is known.
func facts(k *schema.Kind, a *schema.Attribute) []string {
	var all []string
	if len(a.Values) > 0 {
		all = append(all, "Values: "+quotedList(a.Values)+".")
	}
	if text := bounds(a); text != "" {
		all = append(all, text)
	}
	if a.WriteOnly {
		all = append(all, "Devices never return it.")
	}
	return append(all, grade(k, a)...)
}

// grade says how well an argument is known, and from where, if its kind does not say the same.
func grade(k *schema.Kind, a *schema.Attribute) []string {
	all := []string{fmt.Sprintf("Facts: %s, as the kind.", k.Grade(a))}
	switch {
	case a.Source != "":
		all[0] = fmt.Sprintf("Facts: %s. %s.", k.Grade(a), a.Source)
	case a.Confidence != "":
		all[0] = fmt.Sprintf("Facts: %s.", a.Confidence)
	}
	if a.Confidence == schema.Unsure {
		all = append(all, "Too little is known about it to write it without `allow_unproven`.")
	}
	return all
}

// bounds tells the limits of a number, or of the length of a text, with the unit.
func bounds(a *schema.Attribute) string {
	unit := a.Unit
	if a.Type == cty.String {
		unit = cmp.Or(a.Unit, "characters")
	}
	if unit != "" {
		unit = " " + unit
	}
	switch {
	case a.Min != nil && a.Max != nil:
		return fmt.Sprintf("From %d to %d%s.", *a.Min, *a.Max, unit)
	case a.Min != nil:
		return fmt.Sprintf("At least %d%s.", *a.Min, unit)
	case a.Max != nil:
		return fmt.Sprintf("At most %d%s.", *a.Max, unit)
	case a.Unit != "":
		return "In" + unit + "."
	default:
		return ""
	}
}

func labelFacts(k *schema.Kind) []string {
	var all []string
	if k.KeyDoc != "" {
		all = append(all, k.KeyDoc)
	}
	if len(k.Keys) > 0 {
		all = append(all, "Labels: "+quotedList(k.Keys)+".")
	}
	return all
}

func quotedList(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = strconv.Quote(text)
	}
	return strings.Join(all, ", ")
}

var confidenceWords = map[schema.Confidence]string{
	schema.Confirmed: "confirmed by answers of real devices",
	schema.Likely:    "likely: based on client programs or an official guide, without an answer of a device that shows all of it",
	schema.Unsure:    "unsure: a weak source, contradictions, or no known use",
}

func about(k *schema.Kind) []string {
	lines := []string{"Document: " + k.Document.Path}
	for _, at := range k.Elsewhere {
		lines = append(lines, "On devices that lack it: "+at.Path)
	}
	lines = append(lines, "Facts: "+k.Source, "Confidence: "+confidenceWords[k.Confidence])
	if k.Unproven("") {
		lines = append(lines, "camform writes it only where `allow_unproven` names it")
	}
	if k.Again != nil {
		lines = append(lines, fmt.Sprintf("An entry that somebody deleted is created again. Facts: %s. %s", k.Again.Confidence, k.Again.Source))
	}
	if k.Again != nil && k.Again.Confidence == schema.Unsure {
		lines = append(lines, "camform creates it again only where `allow_unproven` names the kind")
	}
	if k.Risk != schema.RiskNone {
		lines = append(lines, "Risk of a wrong value: "+riskWords[k.Risk])
	}
	if words := decided(k); len(words) > 0 {
		lines = append(lines, "Affects the way in: "+strings.Join(words, "; "))
	}
	if k.Opaque("") {
		lines = append(lines, "camform cannot tell which values keep the way in open: it makes a change on trial, and if a trial is impossible, only with a reason in `allow_unproven`")
	}
	if k.Reboot == schema.RebootMaybe {
		lines = append(lines, "A change may need a restart of the device")
	}
	return lines
}

var riskWords = map[schema.Risk]string{
	schema.RiskService: "a service that others may use stops",
	schema.RiskLogin:   "some accounts or clients cannot log in",
	schema.RiskLockout: "nobody can reach the device any more",
}

// decided is what a kind guards, each once.
func decided(k *schema.Kind) []string {
	var words []string
	for _, g := range k.Guards {
		if word := roleWords[g.Role]; !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}

var roleWords = map[schema.Role]string{
	schema.AddressFilter:  "which IP addresses may connect",
	schema.HardwareFilter: "which hardware addresses may connect",
	schema.Listener:       "which protocols answer, and on which port",
	schema.Redirect:       "which clients are redirected to another protocol",
	schema.TLS:            "which versions of TLS are accepted",
	schema.TLSIdentity:    "the key that the device shows over TLS",
	schema.Authentication: "how clients prove a password",
	schema.Accounts:       "who may log in",
	schema.Rights:         "what an account may do",
	schema.Link:           "the connection itself",
	schema.Lock:           "how long logins are refused after failed ones",
	schema.Requirement:    "what clients must support",
	schema.Capacity:       "how many clients it serves at once",
}

// Example is a block that sets every argument of a kind, formatted canonically. Secrets are taken from the environment. A certificate
// for a key that is there already is left out, where the others ask the device for a new key.
func Example(k *schema.Kind) string {
	file := hclwrite.NewEmptyFile()
	var labels []string
	if k.Keyed {
		labels = []string{exampleKey(k)}
	}
	body := file.Body().AppendNewBlock(k.Name, labels).Body()
	for _, a := range k.Attributes {
		if !otherwise(k, a) {
			body.SetAttributeRaw(a.Name, exampleTokens(k, a))
		}
	}
	return string(hclwrite.Format(file.Bytes()))
}

// otherwise reports whether an argument stands for another way to what the others ask for.
func otherwise(k *schema.Kind, a *schema.Attribute) bool {
	return slices.ContainsFunc(k.Guards, func(g *schema.Guard) bool { return len(g.Renews) > 0 && g.Keeps == a.Name })
}

func exampleKey(k *schema.Kind) string {
	if k.KeyExample == "" && len(k.Keys) > 0 {
		return k.Keys[0]
	}
	return cmp.Or(k.KeyExample, "example")
}

func exampleTokens(k *schema.Kind, a *schema.Attribute) hclwrite.Tokens {
	if a.Secret {
		origin := hclwrite.TokensForValue(cty.StringVal("env:" + strings.ToUpper(k.Name+"_"+a.Name)))
		return hclwrite.TokensForFunctionCall("secret", origin)
	}
	return hclwrite.TokensForValue(exampleValue(a))
}

// exampleValue is the example of an argument, or a value within its limits.
func exampleValue(a *schema.Attribute) cty.Value {
	if v, ok := writtenExample(a); ok {
		return v
	}
	switch {
	case a.Type == cty.Bool:
		return cty.True
	case a.Type == cty.Number && a.Min != nil:
		return cty.NumberIntVal(*a.Min)
	case a.Type == cty.Number && a.Max != nil:
		return cty.NumberIntVal(*a.Max)
	case a.Type == cty.Number:
		return cty.NumberIntVal(1)
	}
	text := "example"
	if len(a.Values) > 0 {
		text = a.Values[0]
	}
	if a.Type == cty.String {
		return cty.StringVal(text)
	}
	return cty.TupleVal([]cty.Value{cty.StringVal(text)})
}

// writtenExample reads the example of a setting file, which is the text itself for a string and an expression otherwise.
func writtenExample(a *schema.Attribute) (cty.Value, bool) {
	if a.Example == "" {
		return cty.NilVal, false
	}
	if a.Type == cty.String {
		return cty.StringVal(a.Example), true
	}
	expr, diags := hclsyntax.ParseExpression([]byte(a.Example), "", hcl.InitialPos)
	if diags.HasErrors() {
		return cty.NilVal, false
	}
	v, diags := expr.Value(nil)
	return v, !diags.HasErrors()
}
