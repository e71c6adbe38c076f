package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"camform/engine/auditlog"
	"camform/engine/config"
	"camform/engine/diag"
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

// accepting is the step of a case with which it was accepted.
const accepting = "accept"

// Accept remembers a case that another state handed over, about a device of the configuration. Anybody can write such a file, so the
// case notes who accepted it, and that what stands before was recorded elsewhere. The error belongs to recover.ErrDamaged if the text
// is not whole, or to those of state.Cases.AddCase.
func (e *Engine) Accept(ctx context.Context, cfg *config.Config, plain []byte, who string) (recover.Case, error) {
	var h handover
	if err := json.Unmarshal(plain, &h); err != nil || h.Format != handoverFormat {
		return recover.Case{}, fmt.Errorf("%w: it was not handed over by this version of camform", recover.ErrDamaged)
	}
	c, err := recover.Decode(h.Case)
	if err != nil {
		return c, err
	}
	if !slices.ContainsFunc(cfg.Devices, func(d *config.Device) bool { return d.Address == c.Device }) {
		return c, fmt.Errorf("the configuration has no %s, the device of case %s; add its block, and accept the file again", c.Device, c.ID)
	}
	contents := map[string][]byte{}
	for _, content := range h.Files {
		contents[Attach("", "", content).SHA256] = content
	}
	var files []Attachment
	wanted, _ := c.Files()
	for _, f := range wanted {
		file := Attach(f.Name, f.As, contents[f.SHA256])
		if file.File != f {
			return c, fmt.Errorf("%w: it lacks the file %s", recover.ErrDamaged, diag.Quote(f.Name))
		}
		files = append(files, file)
	}
	c.Custody = recover.Here
	c = c.With(recover.Event{
		At: e.Now().UTC().Truncate(time.Microsecond), Who: who, Step: accepting, Kind: recover.Told,
		Remark: "the events before this were recorded by another state, and are not proven here",
	})
	return c, e.OpenCase(ctx, c, files, auditlog.CaseAccepted)
}
