package view

import (
	"fmt"

	"camform/engine/render"
	"camform/schema"
)

// Kinds prints the reference of kinds of settings.
type Kinds interface {
	// All prints all of them.
	All(*schema.Kinds) error

	// One prints one of them.
	One(*schema.Kind) error
}

// NewKinds makes the view of kinds of settings.
func NewKinds(f Format, out Output) Kinds {
	if f == Markdown {
		return kindsMarkdown{out}
	}
	return kindsText{out}
}

type kindsText struct{ Output }

func (v kindsText) All(kinds *schema.Kinds) error {
	var rows [][]string
	for _, kind := range kinds.All() {
		rows = append(rows, []string{kind.Name, kind.Summary, string(kind.Risk), string(kind.Confidence)})
	}
	if err := render.Table(v, []string{"kind", "what it is", "risk", "confidence"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(v, "\ncamform settings KIND shows the arguments of one.")
	return err
}

func (v kindsText) One(kind *schema.Kind) error { return render.KindText(v, kind, v.Options) }

type kindsMarkdown struct{ Output }

func (v kindsMarkdown) All(kinds *schema.Kinds) error {
	fmt.Fprint(v, "# Settings\n\n")
	if err := render.KindsMarkdown(v, kinds); err != nil {
		return err
	}
	for _, kind := range kinds.All() {
		fmt.Fprintln(v)
		if err := v.One(kind); err != nil {
			return err
		}
	}
	return nil
}

func (v kindsMarkdown) One(kind *schema.Kind) error { return render.KindMarkdown(v, kind) }
