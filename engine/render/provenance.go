package render

import (
	"time"

	"camform/engine/diag"
)

// Provenance says where a report comes from, for readers long afterwards.
type Provenance struct {
	Made    time.Time // UTC
	Author  string    // who made it, as approvals know people
	Version string    // of camform
	Commit  string    // of the configuration, in hexadecimal; empty where that is not known
	Changed bool      // whether the folder of the configuration differs from the commit
}

// Markdown is the provenance as a paragraph.
func (p Provenance) Markdown() string {
	return "Made on " + diag.Time(p.Made) + " by " + Code(p.Author) + " with camform " + Code(p.Version) + ". " + p.source(Code) + "\n"
}

// source says by which commit a report was made, with each text of others in a form.
func (p Provenance) source(form func(string) string) string {
	switch {
	case p.Commit == "":
		return "The commit of the configuration is unknown."
	case p.Changed:
		return "Configuration: commit " + form(p.Commit) + ", with uncommitted changes."
	}
	return "Configuration: commit " + form(p.Commit) + "."
}

// ProvenanceDoc is the provenance of a document for programs.
type ProvenanceDoc struct {
	Made    string `json:"made"` // RFC 3339, in UTC
	Author  string `json:"author"`
	Version string `json:"camform_version"`
	Commit  string `json:"commit,omitempty"`
	Changed bool   `json:"changed_since_commit,omitempty"`
}

// Document is the provenance for programs.
func (p Provenance) Document() ProvenanceDoc {
	return ProvenanceDoc{p.Made.UTC().Format(time.RFC3339), p.Author, p.Version, p.Commit, p.Changed}
}
