package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"camform/engine/diag"
	"camform/engine/render"
	"camform/engine/state"
)

// State prints what the state knows.
type State interface {
	// Show prints devices with their settings, and the outputs where the whole state is asked for.
	Show(all []render.Remembered, outputs []state.Output) error
}

// NewState makes the view of the state.
func NewState(f Format, out Output) State {
	if f == JSON {
		return stateJSON{out}
	}
	return stateText{out}
}

type stateText struct{ Output }

func (v stateText) Show(all []render.Remembered, outputs []state.Output) error {
	for i, r := range all {
		if i > 0 {
			fmt.Fprintln(v)
		}
		if err := v.device(r.Device); err != nil {
			return err
		}
		for _, s := range r.Settings {
			fmt.Fprintf(v, "\n%s (%s)\n", s.Address.Local(), notes(s))
			if err := render.Table(v, nil, attributeRows(s)); err != nil {
				return err
			}
		}
	}
	if len(outputs) > 0 {
		fmt.Fprintln(v)
		return v.rows(render.RememberedOutputs(outputs))
	}
	return nil
}

func (v stateText) device(d state.Device) error {
	rows := [][]string{
		{"address", d.Endpoint},
		{"serial number", d.Identity.Serial},
		{"MAC address", d.Identity.MAC},
		{"model", d.Identity.Model},
		{"firmware", d.Identity.Firmware},
		{"TLS key", d.Pin.SPKI},
		{"realm", d.Pin.Realm},
		{"digest", d.Pin.Algorithm},
		{"last seen", diag.Time(d.LastSeen)},
	}
	fmt.Fprintf(v, "# %s\n", d.Address)
	return render.Table(v, nil, slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" }))
}

func notes(s state.Setting) string {
	words := []string{"applied " + diag.Time(s.At)}
	if s.Created {
		words = append(words, "created by camform")
	}
	if s.PendingReboot {
		words = append(words, "effective after the next restart")
	}
	return strings.Join(words, ", ")
}

func attributeRows(s state.Setting) [][]string {
	var applied map[string]json.RawMessage
	_ = json.Unmarshal(s.Applied, &applied) // the state holds what camform encoded
	var rows [][]string
	for name, value := range applied {
		rows = append(rows, []string{name, string(value)})
	}
	for name := range s.Fingerprints {
		rows = append(rows, []string{name, "(sensitive value)"})
	}
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return rows
}

type stateJSON struct{ Output }

func (v stateJSON) Show(all []render.Remembered, outputs []state.Output) error {
	return render.StateJSON(v, all, outputs, provider)
}
