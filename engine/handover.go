package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"camform/engine/auditlog"
	"camform/engine/recover"
)

// handover is a case on its way to another state, with all its files.
type handover struct {
	Format int             `json:"camform_handover"`
	Case   json.RawMessage `json:"case"`
	Files  [][]byte        `json:"files,omitempty"` // in the order of the case
}

const handoverFormat = 1

// HandOver is the text with which another state accepts a case that was handed over by EndCase. It changes nothing here.
func (e *Engine) HandOver(ctx context.Context, c recover.Case) ([]byte, error) {
	files, err := e.Attachments(ctx, c)
	if err != nil {
		return nil, err
	}
	c.Custody = recover.Here
	text, err := recover.Encode(c)
	if err != nil {
		return nil, err
	}
	h := handover{Format: handoverFormat, Case: text}
	for _, f := range files {
		h.Files = append(h.Files, f.Content)
	}
	return json.Marshal(h)
}

// Accept remembers a case that another state handed over. The error belongs to recover.ErrDamaged if the text is not whole, or to
// those of state.Cases.AddCase.
func (e *Engine) Accept(ctx context.Context, plain []byte) (recover.Case, error) {
	var h handover
	if err := json.Unmarshal(plain, &h); err != nil || h.Format != handoverFormat {
		return recover.Case{}, fmt.Errorf("%w: it was not handed over by this version of camform", recover.ErrDamaged)
	}
	c, err := recover.Decode(h.Case)
	if err != nil {
		return c, err
	}
	var files []Attachment
	wanted, _ := c.Files()
	for _, f := range wanted {
		found := false
		for _, content := range h.Files {
			if a := Attach(f.Name, f.As, content); a.SHA256 == f.SHA256 {
				files, found = append(files, a), true
			}
		}
		if !found {
			return c, fmt.Errorf("%w: it lacks the file %s", recover.ErrDamaged, f.Name)
		}
	}
	c.Custody = recover.Here
	return c, e.OpenCase(ctx, c, files, auditlog.CaseAccepted)
}
