package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/plan"
	"camform/schema"
)

// change is a step with everything that is said of it worked out. Steps of several devices share one change if they are
// folded.
type change struct {
	step    plan.Step // the first one
	kind    *schema.Kind
	deltas  []delta
	hidden  int // attributes that have a value and stay as they are
	devices []schema.Device
	unread  bool   // the device, which gets its first password, is unknown yet
	jump    string // why the clock of the device may jump; empty if it may not, or a step does not make it
}

// delta is the change of one attribute.
type delta struct {
	name     string
	mark     Mark
	generate *plan.Generate // how a new secret is made; nil if it is not
	follows  string         // the account whose new password it is; empty for none

	before   cty.Value // null for secrets
	after    cty.Value
	variants int // values before that folded steps have; that of before, where it is no more than one
	secret   bool
	origin   string // of a secret that will be set; "various" when folded steps take it from different places
	why      plan.Why
}

// various stands for the origins of a secret that differ between folded devices.
const various = "a source for each device"

// newChange works out a step. The kind may be nil, for a plan of a setting that nobody knows.
func newChange(step plan.Step, kind *schema.Kind) *change {
	c := &change{step: step, kind: kind, devices: []schema.Device{step.Address.Device}}
	for _, name := range attributeNames(step, kind) {
		d, shown := deltaOf(step, kind, name)
		switch {
		case shown:
			c.deltas = append(c.deltas, d)
		case step.Action == plan.Update && !attributeOf(step.Before, name).IsNull():
			c.hidden++
		}
	}
	return c
}

// attributeNames are the attributes of a step: in the order of the kind, or by name where there is no kind.
func attributeNames(step plan.Step, kind *schema.Kind) []string {
	if kind != nil {
		names := make([]string, len(kind.Attributes))
		for i, a := range kind.Attributes {
			names[i] = a.Name
		}
		return names
	}
	seen := map[string]bool{}
	for _, object := range []cty.Value{step.Before, step.After} {
		if object != cty.NilVal && object.Type().IsObjectType() {
			for name := range object.Type().AttributeTypes() {
				seen[name] = true
			}
		}
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// deltaOf reports what happens to an attribute, and whether there is anything to say.
func deltaOf(step plan.Step, kind *schema.Kind, name string) (delta, bool) {
	before, after := attributeOf(step.Before, name), attributeOf(step.After, name)
	secret, set := step.Secrets[name]
	d := delta{name: name, before: before, after: after, secret: set || isSecret(kind, name, before, after)}
	if i := slices.IndexFunc(step.Why, func(w plan.Why) bool { return w.Attribute == name }); i >= 0 {
		d.why = step.Why[i]
	}
	var shown bool
	switch step.Action {
	case plan.Create:
		d.mark, shown = AddMark, set || !after.IsNull()
	case plan.Delete:
		d.mark, shown = RemoveMark, !before.IsNull()
	case plan.Update:
		d.mark, shown = ChangeMark, d.why.Attribute != "" || !d.secret && !after.IsNull() && !after.RawEquals(before)
	}
	if d.secret {
		d.origin, d.generate, d.follows = secret.Origin, secret.Generate, secret.Follows
		d.before, d.after = cty.NullVal(cty.DynamicPseudoType), cty.NullVal(cty.DynamicPseudoType)
	}
	return d, shown
}

// isSecret reports whether the value of an attribute must not be shown.
func isSecret(kind *schema.Kind, name string, values ...cty.Value) bool {
	for _, v := range values {
		if v.ContainsMarked() {
			return true
		}
	}
	if kind == nil {
		return true
	}
	a := kind.Attribute(name)
	return a == nil || a.Secret || a.WriteOnly
}

// mark is the symbol of an action.
func mark(a plan.Action) Mark {
	switch a {
	case plan.Create:
		return AddMark
	case plan.Delete:
		return RemoveMark
	case plan.Forget:
		return ForgetMark
	default:
		return ChangeMark
	}
}

func tone(m Mark) Tone {
	switch m {
	case AddMark:
		return Good
	case RemoveMark, ForgetMark:
		return Bad
	case ChangeMark:
		return Careful
	default:
		return Normal
	}
}

// sentences say what happens to a setting. They complete "# ADDRESS ...".
type sentences map[plan.Action]string

// Program is who is said to act.
func (w Wording) Program() string {
	if w == Terraform {
		return "Terraform"
	}
	return "camform"
}

func planned(w Wording) sentences {
	return sentences{
		plan.Create: "will be created",
		plan.Update: "will be updated in-place",
		plan.Delete: "will be destroyed",
		plan.Forget: "will no longer be managed by " + w.Program() + ", but will not be destroyed",
	}
}

// drifted are the sentences about what happened to a device, told from the step that would undo it.
var drifted = sentences{
	plan.Create: "has been deleted",
	plan.Update: "has changed",
	plan.Delete: "has been added",
}

// The indents of a change, as in Terraform: the mark of a block stands in the third column, its arguments four further.
const (
	blockIndent    = 2
	argumentIndent = 6
	elementIndent  = 10
	markWidth      = 2
)

// write appends the rows of a change.
func (c *change) write(d *document, say sentences, o Options) {
	d.open(Changes, c.group())
	words := say[c.step.Action]
	if c.unread {
		words = "will be set after the activation"
	}
	c.writeHeader(d, words, o)
	if c.step.Action == plan.Forget {
		d.marked(blockIndent, ForgetMark, Part{c.blockHeader(), Normal})
		return
	}
	d.marked(blockIndent, mark(c.step.Action), Part{c.blockHeader() + " {", Normal})
	width := 0
	for _, x := range c.deltas {
		width = max(width, runewidth.StringWidth(x.name))
	}
	for _, x := range c.deltas {
		x.write(d, width)
	}
	if c.hidden > 0 {
		d.line(argumentIndent+markWidth, Quiet, fmt.Sprintf("# (%s hidden)", Plural(c.hidden, "unchanged attribute")))
	}
	d.line(blockIndent+markWidth, Normal, "}")
}

// group is the title that the change is listed under.
func (c *change) group() string {
	if len(c.devices) > 1 {
		return printable(c.step.Address.Local()) + " on " + Plural(len(c.devices), "device")
	}
	return printable(c.step.Address.Device.String())
}

func (c *change) writeHeader(d *document, words string, o Options) {
	head := d.line(blockIndent, Strong, "# "+c.headline(words, o.Wording))
	for _, device := range c.devices {
		head.Settings = append(head.Settings, schema.Setting{Device: device, Kind: c.step.Address.Kind, Key: c.step.Address.Key})
	}
	if danger := dangers(c.step); danger != "" {
		head.Severity = Attention
		if o.Wording == Terraform {
			d.line(blockIndent, Careful, "# ("+danger+")")
		} else {
			head.Parts = append(head.Parts, Part{" (" + danger + ")", Careful})
		}
	}
	if c.step.Reason != "" {
		d.line(blockIndent, Quiet, "# (because "+printable(c.step.Reason)+")")
	}
	if c.step.Accepted != "" {
		d.line(blockIndent, Careful, "# (allow_unproven: "+printable(c.step.Accepted)+")")
	}
	if c.step.Jumps {
		d.line(blockIndent, Careful, "# (makes the clock jump by more than five minutes"+accepted(c.jump)+")")
	}
	if first := c.stage(); first != "" {
		d.line(blockIndent, Quiet, "# (in two requests: first with "+first+", then as below once all of that reads back)")
	}
	if len(c.devices) > 1 {
		for _, text := range some(c.devices, o.Fold) {
			d.line(blockIndent, Quiet, "#   "+text)
		}
	}
}

// accepted adds to a clock jump the reason why it is accepted.
func accepted(reason string) string {
	if reason == "" {
		return ", which is not accepted"
	}
	return "; accept_clock_jump: " + printable(reason)
}

// stage is what the first request of a staged step has that the second changes; empty for any other step. Lists, which
// may be long, are counted.
func (c *change) stage() string {
	var words []string
	for _, name := range attributeNames(c.step, c.kind) {
		staged, after := attributeOf(c.step.Stage, name), attributeOf(c.step.After, name)
		switch {
		case staged.IsNull() || staged.RawEquals(after):
		case isCollection(staged):
			words = append(words, fmt.Sprintf("old and new %s together (%d)", printable(name), staged.LengthInt()))
		default:
			words = append(words, printable(name)+" = "+scalar(staged))
		}
	}
	return strings.Join(words, ", ")
}

// headline says what happens to which setting. Programs that read Terraform's output look for what happens at the end of
// the line.
func (c *change) headline(words string, w Wording) string {
	switch {
	case len(c.devices) == 1:
		return printable(c.step.Address.String()) + " " + words
	case w == Terraform:
		return c.group() + " " + words
	default:
		return printable(c.step.Address.Local()) + " " + words + " on " + Plural(len(c.devices), "device")
	}
}

// dangers says what a step can cost beyond the setting itself; empty for one that touches no device or costs nothing else.
func dangers(step plan.Step) string {
	if step.Action == plan.Forget {
		return ""
	}
	var found []string
	if risk := cmp.Or(step.Risk, schema.RiskNone); risk != schema.RiskNone {
		found = append(found, "risk: "+string(risk))
	}
	if step.Reboot == schema.RebootMaybe {
		found = append(found, "may need a restart")
	}
	if step.Drops {
		found = append(found, "may drop open connections")
	}
	return strings.Join(found, ", ")
}

// blockHeader is the block of the setting as a configuration writes it.
func (c *change) blockHeader() string {
	if c.step.Address.Key == "" {
		return printable(c.step.Address.Kind)
	}
	return printable(c.step.Address.Kind) + " " + quoted(c.step.Address.Key)
}

func (x delta) write(d *document, width int) {
	name := Part{runewidth.FillRight(printable(x.name), width) + " = ", Normal}
	x.before, x.after = inShort(x.before), inShort(x.after)
	switch {
	case x.secret:
		d.marked(argumentIndent, x.mark, append([]Part{name, {x.secretText(), Normal}}, x.comment()...)...)
	case isCollection(x.before) || isCollection(x.after):
		d.marked(argumentIndent, x.mark, append([]Part{name, {"[", Normal}}, x.comment()...)...)
		writeEdits(d, edits(elements(x.before), elements(x.after)), 0, "element", ",")
		d.line(argumentIndent+markWidth, Normal, x.closing("]"))
	case isMultiline(x.before) || isMultiline(x.after):
		d.marked(argumentIndent, x.mark, append([]Part{name, {"<<-EOT", Normal}}, x.comment()...)...)
		writeEdits(d, edits(lines(x.before), lines(x.after)), linesOfContext, "line", "")
		d.line(argumentIndent+markWidth, Normal, x.closing("EOT"))
	default:
		d.marked(argumentIndent, x.mark, slices.Concat([]Part{name}, x.values(), x.comment())...)
	}
}

// values are the value before and after, or the one of them that there is.
func (x delta) values() []Part {
	switch {
	case x.mark == AddMark:
		return []Part{{scalar(x.after), Normal}}
	case x.mark == RemoveMark:
		return []Part{{scalar(x.before), Normal}, {" -> null", Quiet}}
	case x.variants > 1:
		return []Part{{fmt.Sprintf("(%d different values)", x.variants), Normal}, {" -> ", Careful}, {scalar(x.after), Normal}}
	default:
		return []Part{{scalar(x.before), Normal}, {" -> ", Careful}, {scalar(x.after), Normal}}
	}
}

func (x delta) closing(bracket string) string {
	if x.mark == RemoveMark {
		return bracket + " -> null"
	}
	return bracket
}

func (x delta) secretText() string {
	switch {
	case x.mark == RemoveMark:
		return hidden + " -> null"
	case x.generate != nil:
		if x.generate.First() {
			return "(the password that activates the device, by " + printable("credential_policy."+x.generate.Policy.Name) + ")"
		}
		return "(new password by " + printable("credential_policy."+x.generate.Policy.Name) + ": " + printable(x.generate.Reason) + ")"
	case x.follows != "":
		return "(new password of " + printable(x.follows) + ")"
	case x.origin != "":
		return "(sensitive value from " + printable(x.origin) + ")"
	default:
		return hidden
	}
}

// comment says who wants an attribute to change.
func (x delta) comment() []Part {
	if x.why.Attribute == "" {
		return nil
	}
	var words []string
	if x.why.Profile != "" {
		words = append(words, "profile."+printable(x.why.Profile))
	}
	if x.why.Source.File != "" {
		words = append(words, fmt.Sprintf("%s:%d", printable(x.why.Source.File), x.why.Source.Line))
	}
	text := strings.Join(words, ", ")
	switch x.why.Cause {
	case plan.CauseDrift:
		text += " (changed on the device)"
	case plan.CauseBoth:
		text += " (changed on the device and in the configuration)"
	}
	if text == "" {
		return nil
	}
	return []Part{{"   # " + strings.TrimPrefix(text, " "), Quiet}}
}

const linesOfContext = 3

// writeEdits appends the lines of a difference. Of unchanged lines only those next to a change are shown, the others
// counted.
func writeEdits(d *document, all []edit, context int, noun, ending string) {
	unseen := 0
	flush := func() {
		if unseen > 0 {
			d.line(elementIndent+markWidth, Quiet, fmt.Sprintf("# (%s hidden)", Plural(unseen, "unchanged "+noun)))
			unseen = 0
		}
	}
	near := nearChange(all, context)
	for i, e := range all {
		if !near[i] {
			unseen++
			continue
		}
		flush()
		if e.mark == NoMark {
			d.line(elementIndent+markWidth, Normal, e.text+ending)
			continue
		}
		d.marked(elementIndent, e.mark, Part{e.text + ending, Normal})
	}
	flush()
}

// nearChange tells for every line whether it changes or stands within context lines of one that does.
func nearChange(all []edit, context int) []bool {
	near := make([]bool, len(all))
	for i, e := range all {
		if e.mark == NoMark {
			continue
		}
		for j := max(0, i-context); j < min(len(all), i+context+1); j++ {
			near[j] = true
		}
	}
	return near
}
