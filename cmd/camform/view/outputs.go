package view

import (
	"camform/engine/render"
	"camform/engine/state"
)

// Outputs prints the recorded outputs.
type Outputs interface {
	Outputs([]state.Output) error
}

// NewOutputs makes the view of outputs.
func NewOutputs(f Format, out Output) Outputs {
	if f == JSON {
		return outputsJSON{out}
	}
	return outputsText{out}
}

type outputsText struct{ Output }

func (v outputsText) Outputs(all []state.Output) error { return v.rows(render.RememberedOutputs(all)) }

type outputsJSON struct{ Output }

func (v outputsJSON) Outputs(all []state.Output) error { return render.OutputsJSON(v, all) }
