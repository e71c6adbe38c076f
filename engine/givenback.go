package engine

import (
	"context"
	"fmt"
	"strings"

	"camform/engine/apply"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/state"
)

// givenBackCode is that of warnings about changes that a device did not store before.
const givenBackCode = "not-kept-before"

// mostShown bounds the settings whose values a warning shows.
const mostShown = 3

// notKept warns of the steps of a plan that write what a device accepted before without storing it, so that it got its old values back.
func (j judge) notKept(ctx context.Context, journal *state.Journal, p *plan.Plan) (diag.Problems, error) {
	given, err := journal.AllGivenBack(ctx)
	if err != nil {
		return nil, err
	}
	var told, lines []string
	var first plan.Step
	for _, d := range p.Devices {
		for _, s := range d.Steps {
			g, ok := given[s.Address]
			kind := j.Kinds().Lookup(s.Address.Kind)
			if !ok || kind == nil {
				continue
			}
			moved, same, err := apply.GivenBack(kind, g, s)
			if err != nil {
				return nil, err
			}
			if !same {
				continue
			}
			if len(told) == 0 {
				first = s
			}
			if told = append(told, s.Address.String()); len(told) <= mostShown {
				lines = append(lines, moved...)
			}
		}
	}
	if len(told) == 0 {
		return nil, nil
	}
	return diag.Problems{{
		Severity: diag.Warning, Code: givenBackCode, Summary: "The device did not store this value before", Address: first.Address, Subject: first.Range.HCL(),
		Detail: fmt.Sprintf("The device accepted the same change before and stored something else, so camform restored the old values: %s. "+
			"Expect the same again unless the device was changed since, or declare the value that it stores. It was:\n\n    %s",
			diag.FirstOf(told), strings.Join(lines, "\n    ")),
	}}, nil
}
