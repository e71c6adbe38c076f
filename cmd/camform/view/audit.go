package view

import (
	"io"

	"camform/engine/audit"
	"camform/engine/render"
)

// Audit prints the report of an audit.
type Audit interface {
	Report(*audit.Report) error
}

// NewAudit makes the view of audits.
func NewAudit(f Format, out Output) Audit {
	switch f {
	case JSON:
		return auditJSON{out}
	case Markdown:
		return auditMarkdown{out}
	default:
		return auditText{out}
	}
}

type auditText struct{ Output }

func (v auditText) Report(r *audit.Report) error { return v.rows(render.AuditRows(r, v.Options)) }

type auditMarkdown struct{ Output }

func (v auditMarkdown) Report(r *audit.Report) error {
	if err := render.Markdown(v, render.AuditRows(r, v.Options)); err != nil {
		return err
	}
	_, err := io.WriteString(v, v.From.Markdown())
	return err
}

type auditJSON struct{ Output }

func (v auditJSON) Report(r *audit.Report) error { return render.AuditJSON(v, r, v.From) }
