package view

import (
	"fmt"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/render"
)

// Validation prints whether a configuration is valid. What is wrong with it is for the standard error, unless the form is
// for programs.
type Validation interface {
	// Invalid prints the problems of a configuration with an error among them. Sources are the texts of its files, by name.
	Invalid(problems diag.Problems, sources map[string][]byte) error

	// Valid prints that nothing is wrong with a configuration, and the warnings.
	Valid(cfg *config.Config, warnings diag.Problems) error
}

// NewValidation makes the view of a validation; errors is where people look for what is wrong.
func NewValidation(f Format, out, errors Output) Validation {
	if f == JSON {
		return validationJSON{out}
	}
	return validationText{out, errors}
}

type validationText struct {
	Output
	errors Output
}

func (v validationText) Invalid(problems diag.Problems, sources map[string][]byte) error {
	return render.Problems(v.errors, problems, sources, v.errors.Options)
}

func (v validationText) Valid(cfg *config.Config, warnings diag.Problems) error {
	if len(warnings) > 0 {
		if err := v.Invalid(warnings, cfg.Sources); err != nil {
			return err
		}
	}
	settings := 0
	for _, d := range cfg.Devices {
		settings += len(d.Settings)
	}
	_, err := fmt.Fprintf(v, "The configuration is valid: %s with %s.\n",
		render.Plural(len(cfg.Devices), "device"), render.Plural(settings, "setting"))
	return err
}

type validationJSON struct{ Output }

func (v validationJSON) Invalid(problems diag.Problems, _ map[string][]byte) error {
	return v.print(problems)
}

func (v validationJSON) Valid(_ *config.Config, warnings diag.Problems) error {
	return v.print(warnings)
}

// print prints the document that Terraform's validate -json prints. The same trouble of many devices is one diagnostic.
func (v validationJSON) print(problems diag.Problems) error {
	doc := validationDoc{FormatVersion: "1.0", Valid: !problems.HasErrors(), Diagnostics: []problemDoc{}}
	for _, same := range render.Alike(problems) {
		p := same[0]
		if p.Severity == diag.Error {
			doc.ErrorCount++
		} else {
			doc.WarningCount++
		}
		shown := problemDoc{Severity: p.Severity, Code: p.Code, Summary: p.Summary, Detail: p.Detail, Address: p.Place()}
		if len(same) > 1 {
			for _, one := range same {
				shown.Addresses = append(shown.Addresses, one.Place())
			}
		}
		if p.Subject != nil {
			shown.Range = &placeDoc{p.Subject.Filename, positionDoc(p.Subject.Start), positionDoc(p.Subject.End)}
		}
		doc.Diagnostics = append(doc.Diagnostics, shown)
	}
	return v.document(doc)
}

// The shape of the document.
type (
	validationDoc struct {
		FormatVersion string       `json:"format_version"`
		Valid         bool         `json:"valid"`
		ErrorCount    int          `json:"error_count"`
		WarningCount  int          `json:"warning_count"`
		Diagnostics   []problemDoc `json:"diagnostics"`
	}
	problemDoc struct {
		Severity diag.Severity `json:"severity"`
		Code     string        `json:"code"`
		Summary  string        `json:"summary"`
		Detail   string        `json:"detail"`
		Address  string        `json:"address,omitempty"` // the first of Addresses
		Range    *placeDoc     `json:"range,omitempty"`

		Addresses []string `json:"addresses,omitempty"` // where the same is wrong in several places, all of them
	}
	placeDoc struct {
		Filename string      `json:"filename"`
		Start    positionDoc `json:"start"`
		End      positionDoc `json:"end"`
	}
	positionDoc struct {
		Line   int `json:"line"`
		Column int `json:"column"`
		Byte   int `json:"byte"`
	}
)
