package view

import (
	"fmt"
	"strconv"
	"time"

	"camform/engine/diag"
	"camform/engine/render"
	"camform/engine/vault"
)

// Secrets prints what is in the vault, without any secret.
type Secrets interface {
	List([]vault.Summary) error
}

// NewSecrets makes the view of the vault.
func NewSecrets(f Format, out Output) Secrets {
	if f == JSON {
		return secretsJSON{out}
	}
	return secretsText{out}
}

type secretsText struct{ Output }

func (v secretsText) List(listed []vault.Summary) error {
	if len(listed) == 0 {
		_, err := fmt.Fprintln(v, "The vault is empty.")
		return err
	}
	var rows [][]string
	for _, s := range listed {
		live, doubt := strconv.Itoa(s.Live), ""
		if s.Live == 0 {
			live = "none"
		}
		if s.InDoubt {
			doubt = "in doubt"
		}
		if !s.Uncertain.IsZero() {
			doubt = "uncertain since " + diag.Time(s.Uncertain)
		}
		rows = append(rows, []string{s.Name, live, strconv.Itoa(s.Versions), diag.Time(s.Since), diag.Time(s.Proven), doubt})
	}
	return render.Table(v, []string{"name", "in use", "versions", "since", "proven", ""}, rows)
}

type secretsJSON struct{ Output }

func (v secretsJSON) List(listed []vault.Summary) error {
	type secret struct {
		Name     string    `json:"name"`
		Live     int       `json:"live"`
		Versions int       `json:"versions"`
		Since    time.Time `json:"since,omitzero"`
		Proven   time.Time `json:"proven,omitzero"`
		InDoubt  bool      `json:"in_doubt"`

		Uncertain time.Time `json:"uncertain_since,omitzero"`
	}
	shown := []secret{}
	for _, s := range listed {
		shown = append(shown, secret{s.Name, s.Live, s.Versions, s.Since, s.Proven, s.InDoubt, s.Uncertain})
	}
	return v.document(shown)
}
