package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"camform/engine/render"
	"camform/engine/state"
)

// Remembered is what the state knows of a device and its settings.
type Remembered struct {
	Device   state.Device
	Settings []state.Setting // ordered by address
}

// State prints what the state knows.
type State interface {
	Show([]Remembered) error
}

// NewState makes the view of the state.
func NewState(f Format, out Output) State {
	if f == JSON {
		return stateJSON{out}
	}
	return stateText{out}
}

type stateText struct{ Output }

func (v stateText) Show(all []Remembered) error {
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
		{"last seen", Time(d.LastSeen)},
	}
	fmt.Fprintf(v, "# %s\n", d.Address)
	return render.Table(v, nil, slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" }))
}

func notes(s state.Setting) string {
	words := []string{"applied " + Time(s.At)}
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

func (v stateJSON) Show(all []Remembered) error { return v.document(deviceDocs(all)) }

func deviceDocs(all []Remembered) []deviceDoc {
	listed := []deviceDoc{}
	for _, r := range all {
		d := deviceDoc{
			Address: r.Device.Address.String(), Endpoint: r.Device.Endpoint, Identity: r.Device.Identity, Pin: r.Device.Pin,
			LastSeen: moment(r.Device.LastSeen), Settings: []settingDoc{},
		}
		for _, s := range r.Settings {
			shown := settingDoc{
				Address: s.Address.String(), Applied: s.Applied, Observed: s.Observed, Created: s.Created,
				PendingReboot: s.PendingReboot, At: moment(s.At),
			}
			for name := range s.Fingerprints {
				shown.Secrets = append(shown.Secrets, name)
			}
			slices.Sort(shown.Secrets)
			d.Settings = append(d.Settings, shown)
		}
		listed = append(listed, d)
	}
	return listed
}

// moment is a time for programs, to the second.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// The shape of the document.
type (
	deviceDoc struct {
		Address  string       `json:"address"`
		Endpoint string       `json:"endpoint"`
		Identity any          `json:"identity"`
		Pin      any          `json:"pin"`
		LastSeen string       `json:"last_seen"`
		Settings []settingDoc `json:"settings"`
	}
	settingDoc struct {
		Address       string          `json:"address"`
		Applied       json.RawMessage `json:"applied"`
		Observed      json.RawMessage `json:"observed"`
		Secrets       []string        `json:"secrets,omitempty"`
		Created       bool            `json:"created"`
		PendingReboot bool            `json:"pending_reboot"`
		At            string          `json:"at"`
	}
)
