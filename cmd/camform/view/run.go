package view

import (
	"camform/engine/plan"
	"camform/engine/render"
	"camform/engine/report"
)

// Run prints a run that carries out a plan, while it lasts and when it ends.
type Run interface {
	// Event prints what happens meanwhile. It is safe for concurrent use.
	Event(report.Event)

	// End prints the outcome of the plan. Nothing may happen after it.
	End(*report.Report) error
}

// NewRun returns the view of a run that carries out a plan. Progress begins to show people how far it is. A stream, where there is one,
// gets everything as well; for programs it is the only output.
func NewRun(f Format, out Output, p *plan.Plan, progress func() *render.Progress) Run {
	if f == JSON {
		return runStream{out.Stream, p}
	}
	text := runText{out, p, progress()}
	var printed Run = text
	if f == Markdown {
		printed = runMarkdown{text}
	}
	if out.Stream == nil {
		return printed
	}
	return runTold{printed, runStream{out.Stream, p}}
}

type runText struct {
	Output
	plan     *plan.Plan
	progress *render.Progress
}

func (v runText) Event(e report.Event) { v.progress.Event(e) }

func (v runText) End(r *report.Report) error {
	v.progress.Close()
	return v.rows(append(render.Result(r, v.Options), render.OutputRows(v.plan)...))
}

// runMarkdown shows people how far a run is meanwhile.
type runMarkdown struct{ runText }

func (v runMarkdown) End(r *report.Report) error {
	v.progress.Close()
	v.Comment.Add(func(o render.Options) []render.Row { return render.Result(r, o) })
	return nil
}

type runStream struct {
	stream *render.Stream
	plan   *plan.Plan
}

func (v runStream) Event(e report.Event) { v.stream.Event(e) }

func (v runStream) End(r *report.Report) error {
	v.stream.Result(r)
	v.stream.Outputs(v.plan, true)
	return nil
}

// runTold prints a run and tells it line by line as well.
type runTold struct {
	printed Run
	told    runStream
}

func (v runTold) Event(e report.Event) {
	v.printed.Event(e)
	v.told.Event(e)
}

func (v runTold) End(r *report.Report) error {
	_ = v.told.End(r) // an error shows when the stream is ended
	return v.printed.End(r)
}
