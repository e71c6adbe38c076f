package view

import (
	"camform/engine/advisory"
	"camform/engine/render"
)

// Advisories prints how devices stand to security advisories.
type Advisories interface {
	Report(*advisory.Report) error
}

// NewAdvisories makes the view of advisories.
func NewAdvisories(f Format, out Output) Advisories {
	switch f {
	case JSON:
		return advisoriesJSON{out}
	case CSV:
		return advisoriesCSV{out}
	case Markdown:
		return advisoriesMarkdown{out}
	default:
		return advisoriesText{out}
	}
}

type advisoriesText struct{ Output }

func (v advisoriesText) Report(r *advisory.Report) error {
	return v.rows(render.AdvisoryRows(r, v.Options))
}

type advisoriesMarkdown struct{ Output }

func (v advisoriesMarkdown) Report(r *advisory.Report) error {
	return render.Markdown(v, render.AdvisoryRows(r, v.Options))
}

type advisoriesJSON struct{ Output }

func (v advisoriesJSON) Report(r *advisory.Report) error {
	return v.document(render.AdvisoriesDocument(r))
}

type advisoriesCSV struct{ Output }

func (v advisoriesCSV) Report(r *advisory.Report) error {
	return v.csv(render.AdvisoryTable(r))
}
