package main

import (
	"fmt"
	"strings"

	"camform/engine/render"
	"camform/engine/state"
	"camform/providers"
)

// progress shows on the standard error how far a run is: as a live line on a terminal, as single lines elsewhere.
func (w *workspace) progress() *render.Progress {
	if m, ok := w.err.(*messages); ok {
		return render.NewLiveProgress(m.file, w.style(w.err)) // which moves the cursor, and wraps by itself
	}
	return render.NewLineProgress(w.err)
}

// trace writes exchanges with devices to the standard error, if CAMFORM_LOG asks for it. They come without secrets.
func (w *workspace) trace() providers.Trace {
	level, _ := w.env("CAMFORM_LOG")
	switch strings.ToLower(level) {
	case "debug", "trace":
	default:
		return nil
	}
	return func(e providers.TraceEntry) {
		status := fmt.Sprint(e.Status)
		if e.Err != nil {
			status = e.Err.Error()
		}
		var b strings.Builder
		fmt.Fprintf(&b, "debug: %s: %s %s: %s in %s\n", e.Device, e.Method, e.Path, status, e.Duration.Round(1000))
		for _, body := range []struct{ mark, text string }{{">", e.Request}, {"<", e.Response}} {
			for line := range strings.Lines(body.text) {
				fmt.Fprintf(&b, "debug:   %s %s\n", body.mark, strings.TrimRight(line, "\r\n"))
			}
		}
		fmt.Fprint(w.err, b.String())
	}
}

func (w *workspace) stateRun(hash string, why purpose) state.Run {
	return state.Run{ID: w.run, Operation: "apply", PlanHash: hash, Who: who(), Started: w.engine.Now(), Reason: why.reason, Ticket: why.ticket}
}
