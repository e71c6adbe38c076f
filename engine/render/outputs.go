package render

import (
	"encoding/json"
	"slices"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/engine/plan"
)

// outputDoc is an output for programs. A sensitive one has no value.
type outputDoc struct {
	Sensitive bool            `json:"sensitive"`
	Type      json.RawMessage `json:"type,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"`
	Action    string          `json:"action,omitempty"` // what a plan does to it
}

// outputActions are the words of a plan document for what becomes of an output, and those of a stream.
var (
	outputActions       = map[plan.Action]string{"": "no-op", plan.Create: "create", plan.Update: "update", plan.Delete: "delete"}
	outputStreamActions = map[plan.Action]string{"": "noop", plan.Create: "create", plan.Update: "update", plan.Delete: "delete"}
)

// newOutputDoc is what an output of a plan will be.
func newOutputDoc(o plan.Output) (outputDoc, error) {
	doc := outputDoc{Sensitive: hidesOutput(o)}
	if doc.Sensitive || !o.Value.IsWhollyKnown() {
		return doc, nil
	}
	var err error
	if doc.Type, err = ctyjson.MarshalType(o.Value.Type()); err != nil {
		return doc, err
	}
	doc.Value, err = jsonOf(o.Value)
	return doc, err
}

// hidesOutput reports whether the value of an output is never shown.
func hidesOutput(o plan.Output) bool {
	return o.Sensitive || o.Value == cty.NilVal || o.Value.ContainsMarked()
}

// outputChange tells what becomes of an output. Of a sensitive one neither value is shown, and the new one is unknown where it changes.
func outputChange(o plan.Output) (changeDoc, error) {
	doc := changeDoc{Actions: []string{outputActions[o.Action]}, AfterUnknown: false, BeforeSensitive: false, AfterSensitive: false}
	if len(o.Before) > 0 {
		doc.Before = o.Before
	}
	if hidesOutput(o) {
		doc.Before, doc.AfterUnknown = nil, o.Action == plan.Create || o.Action == plan.Update
		doc.BeforeSensitive, doc.AfterSensitive = o.Action != plan.Create, o.Action != plan.Delete
		return doc, nil
	}
	if !o.Value.IsWhollyKnown() {
		doc.AfterUnknown = true
		return doc, nil
	}
	if o.Action == plan.Delete {
		return doc, nil
	}
	text, err := jsonOf(o.Value)
	doc.After = text
	return doc, err
}

// addOutput adds an output to a plan document: the change, and what there was and will be.
func (doc *planDoc) addOutput(o plan.Output) error {
	change, err := outputChange(o)
	if err != nil {
		return err
	}
	doc.OutputChanges[o.Name] = change
	if o.Action != plan.Create {
		had := outputDoc{Sensitive: hidesOutput(o)}
		if !had.Sensitive {
			had.Value = o.Before
		}
		put(&doc.PriorState.Values.Outputs, o.Name, had)
	}
	if o.Action == plan.Delete {
		return nil
	}
	will, err := newOutputDoc(o)
	put(&doc.PlannedValues.Outputs, o.Name, will)
	return err
}

func put(to *map[string]outputDoc, name string, doc outputDoc) {
	if *to == nil {
		*to = map[string]outputDoc{}
	}
	(*to)[name] = doc
}

// writeOutputs tells which outputs change.
func writeOutputs(d *document, p *plan.Plan) {
	if !p.ChangesOutputs() {
		return
	}
	d.open(Notes, "Outputs")
	d.line(0, Strong, "Changes to Outputs:")
	for _, o := range p.Outputs {
		if o.Action == "" {
			continue
		}
		before, after := string(escapeUnprintable(o.Before)), "null"
		if o.Action != plan.Delete {
			after = outputText(o)
		}
		if hidesOutput(o) {
			before = sensitiveValue
		}
		text := o.Name + " = " + after
		switch o.Action {
		case plan.Update:
			text = o.Name + " = " + before + " -> " + after
		case plan.Delete:
			text = o.Name + " = " + before + " -> null"
		}
		d.marked(blockIndent, mark(o.Action), Part{text, Normal})
	}
}

const sensitiveValue = "(sensitive value)"

// outputText is the value of an output for people.
func outputText(o plan.Output) string {
	switch {
	case hidesOutput(o):
		return sensitiveValue
	case !o.Value.IsWhollyKnown():
		return "(known after apply)"
	}
	text, err := jsonOf(o.Value)
	if err != nil {
		return "(no text)"
	}
	return string(escapeUnprintable(text))
}

// Outputs tells what the outputs of a plan are that was applied, or what becomes of them where it was not.
func (s *Stream) Outputs(p *plan.Plan, applied bool) {
	docs := map[string]outputDoc{}
	for _, o := range p.Outputs {
		doc, err := newOutputDoc(o)
		if err != nil || applied && o.Action == plan.Delete {
			continue
		}
		if !applied {
			doc.Action = outputStreamActions[o.Action]
		}
		docs[o.Name] = doc
	}
	if len(docs) > 0 {
		s.write(entry{Level: "info", Message: "Outputs: " + Plural(len(docs), "output"), Type: "outputs", Outputs: docs})
	}
}

// OutputRows say what the outputs of a plan are that was applied.
func OutputRows(p *plan.Plan) []Row {
	there := slices.DeleteFunc(slices.Clone(p.Outputs), func(o plan.Output) bool { return o.Action == plan.Delete })
	if len(there) == 0 {
		return nil
	}
	d := &document{}
	d.open(Summary, "")
	d.line(0, Strong, "Outputs:")
	d.open(Summary, "")
	for _, o := range there {
		d.line(0, Normal, o.Name+" = "+outputText(o))
	}
	return d.rows
}
