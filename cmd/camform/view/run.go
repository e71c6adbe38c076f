package view

import (
	"time"

	"camform/engine/plan"
	"camform/engine/render"
	"camform/engine/report"
)

// Run prints a run that carries out a plan, while it lasts and when it ends.
type Run interface {
	// Event prints what happens meanwhile. It is safe for concurrent use.
	Event(report.Event)

	// End prints what became of the plan. Nothing may happen after it.
	End(*report.Report) error
}

// NewRun makes the view of a run that carries out a plan. Progress begins to show people how far it is, with the number of
// steps; now gives the time of each line for programs.
func NewRun(f Format, out Output, p *plan.Plan, progress func(steps int) *render.Progress, version string, now func() time.Time) Run {
	if f == JSON {
		stream := render.NewStream(out, render.ApplyOperation, version, now)
		stream.Plan(p)
		return runJSON{stream}
	}
	counts := p.Counts()
	text := runText{out, progress(counts.Create + counts.Update + counts.Delete)}
	if f == Markdown {
		return runMarkdown{text}
	}
	return text
}

type runText struct {
	Output
	progress *render.Progress
}

func (v runText) Event(e report.Event) { v.progress.Event(e) }

func (v runText) End(r *report.Report) error {
	v.progress.Close()
	return v.rows(render.Result(r, v.Options))
}

// runMarkdown shows people how far a run is meanwhile.
type runMarkdown struct{ runText }

func (v runMarkdown) End(r *report.Report) error {
	v.progress.Close()
	v.Comment.Add(func(o render.Options) []render.Row { return render.Result(r, o) })
	return nil
}

type runJSON struct{ stream *render.Stream }

func (v runJSON) Event(e report.Event) { v.stream.Event(e) }

func (v runJSON) End(r *report.Report) error {
	v.stream.Result(r)
	return v.stream.Close()
}
