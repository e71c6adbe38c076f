package view

import (
	"fmt"

	"camform/engine/operator"
	"camform/engine/render"
)

// RulesPlace is a file in which rules of the operator may stand.
type RulesPlace struct {
	Path    string `json:"path"`
	InForce bool   `json:"in_force"` // whether it is there
}

// Rules prints the operator's rules.
type Rules interface {
	Rules(places []RulesPlace, told []operator.Told) error
}

// NewRules makes the view of the operator's rules.
func NewRules(f Format, out Output) Rules {
	if f == JSON {
		return rulesJSON{out}
	}
	return rulesText{out}
}

type rulesText struct{ Output }

func (v rulesText) Rules(places []RulesPlace, told []operator.Told) error {
	var rows [][]string
	for _, p := range places {
		state := "none"
		if p.InForce {
			state = "in force"
		}
		rows = append(rows, []string{p.Path, state})
	}
	if err := render.Table(v, []string{"file", "rules"}, rows); err != nil {
		return err
	}
	if len(told) == 0 {
		_, err := fmt.Fprintln(v, "\nThere are no rules: the configuration decides everything.")
		return err
	}
	rows = nil
	for _, t := range told {
		rows = append(rows, []string{t.Matter, t.Says, t.File})
	}
	fmt.Fprintln(v)
	return render.Table(v, []string{"about", "rule", "from"}, rows)
}

type rulesJSON struct{ Output }

func (v rulesJSON) Rules(places []RulesPlace, told []operator.Told) error {
	if told == nil {
		told = []operator.Told{}
	}
	return v.document(struct {
		Places []RulesPlace    `json:"places"`
		Rules  []operator.Told `json:"rules"`
	}{places, told})
}
