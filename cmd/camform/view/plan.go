package view

import (
	"fmt"
	"slices"
	"strings"

	"camform/engine"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/providers"
	"camform/schema"
)

// Plan prints plans.
type Plan interface {
	// Plan prints what a plan would do. Unkept are devices with a backup due before it, for programs.
	Plan(p *plan.Plan, unkept []schema.Device) error

	// Drift prints what was changed on the devices since it was last applied, from a plan that holds nothing else.
	Drift(*plan.Plan) error

	// Rollback prints a plan that takes back what a run changed.
	Rollback(p *plan.Plan, run string) error

	// Requests prints the requests that apply would send.
	Requests([]engine.DeviceRequests) error
}

// NewPlan makes the view of plans whose steps are of kinds. A stream, if there is one, gets everything as well; for programs, only the stream.
func NewPlan(f Format, out Output, kinds *schema.Kinds) Plan {
	switch {
	case out.Stream == nil:
		return printedPlan(f, out, kinds)
	case f == JSON:
		return planStream{out.Stream}
	default:
		return planTold{printedPlan(f, out, kinds), planStream{out.Stream}}
	}
}

func printedPlan(f Format, out Output, kinds *schema.Kinds) Plan {
	switch f {
	case JSON:
		return planJSON{out, kinds}
	case Markdown:
		return planMarkdown{out, kinds}
	default:
		return planText{out, kinds}
	}
}

type planText struct {
	Output
	kinds *schema.Kinds
}

func (v planText) Plan(p *plan.Plan, _ []schema.Device) error {
	return v.rows(render.Rows(p, v.kinds, v.Options))
}

func (v planText) Drift(p *plan.Plan) error { return v.rows(render.DriftRows(p, v.kinds, v.Options)) }

func (v planText) Rollback(p *plan.Plan, run string) error {
	if !Tells(p) {
		_, err := fmt.Fprintf(v, "Nothing to undo. The settings that run %s changed are as they were before.\n", run)
		return err
	}
	fmt.Fprintf(v, "camform compared the settings of %s with those before run %s.\n\n", render.Plural(len(p.Devices)-len(p.Failed()), "device"), run)
	rows := render.Rows(p, v.kinds, v.Options)
	return v.rows(slices.DeleteFunc(rows, func(r render.Row) bool { return r.Section == render.Legend }))
}

func (v planText) Requests(all []engine.DeviceRequests) error {
	return eachRequest(all, func(d schema.Device, r providers.Request) error {
		_, err := fmt.Fprintf(v, "\n# %s\n%s", d, requestText(r))
		return err
	})
}

// Tells reports whether a plan has anything to say of a device.
func Tells(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Devices, func(d plan.Device) bool {
		return d.Problem != "" || len(d.Steps) > 0 || len(d.Skipped) > 0
	})
}

type planMarkdown struct {
	Output
	kinds *schema.Kinds
}

func (v planMarkdown) Plan(p *plan.Plan, _ []schema.Device) error {
	v.Comment.Add(func(o render.Options) []render.Row { return render.Rows(p, v.kinds, o) })
	return nil
}

func (v planMarkdown) Drift(p *plan.Plan) error {
	v.Comment.Add(func(o render.Options) []render.Row { return render.DriftRows(p, v.kinds, o) })
	return nil
}

func (v planMarkdown) Rollback(p *plan.Plan, _ string) error { return v.Plan(p, nil) }

func (v planMarkdown) Requests(all []engine.DeviceRequests) error {
	var rows []render.Row
	block := 0
	_ = eachRequest(all, func(d schema.Device, r providers.Request) error {
		block++
		for line := range strings.Lines(requestText(r)) {
			rows = append(rows, render.Row{
				Section: render.Notes, Group: d.String(), Block: block, Parts: []render.Part{{Text: strings.TrimRight(line, "\n")}},
			})
		}
		return nil
	})
	v.Comment.Add(func(o render.Options) []render.Row {
		if o.Detail != render.EveryValue {
			return nil
		}
		return rows
	})
	return nil
}

// provider is what documents in the shape of another program call the family of devices.
const provider = "camform/hikvision"

type planJSON struct {
	Output
	kinds *schema.Kinds
}

func (v planJSON) Plan(p *plan.Plan, _ []schema.Device) error {
	return render.PlanJSON(v, p, v.kinds, provider)
}

func (v planJSON) Drift(p *plan.Plan) error              { return render.DriftJSON(v, p, v.kinds, provider) }
func (v planJSON) Rollback(p *plan.Plan, _ string) error { return v.Plan(p, nil) }

// Requests prints nothing: requests appear in a stream, and a document of a plan alone has none.
func (v planJSON) Requests([]engine.DeviceRequests) error { return nil }

// planStream tells plans line by line.
type planStream struct{ *render.Stream }

func (v planStream) Plan(p *plan.Plan, unkept []schema.Device) error {
	v.Stream.Plan(p, unkept)
	return nil
}

func (v planStream) Drift(p *plan.Plan) error              { return v.Plan(p, nil) }
func (v planStream) Rollback(p *plan.Plan, _ string) error { return v.Plan(p, nil) }

func (v planStream) Requests(all []engine.DeviceRequests) error {
	return eachRequest(all, func(d schema.Device, r providers.Request) error {
		v.Request(d, r)
		return nil
	})
}

// planTold prints plans and tells them line by line as well.
type planTold struct {
	printed Plan
	told    planStream
}

func (v planTold) Plan(p *plan.Plan, unkept []schema.Device) error {
	_ = v.told.Plan(p, unkept) // an error shows when the stream is ended
	return v.printed.Plan(p, unkept)
}

func (v planTold) Drift(p *plan.Plan) error {
	_ = v.told.Drift(p)
	return v.printed.Drift(p)
}

func (v planTold) Rollback(p *plan.Plan, run string) error {
	_ = v.told.Rollback(p, run)
	return v.printed.Rollback(p, run)
}

func (v planTold) Requests(all []engine.DeviceRequests) error {
	_ = v.told.Requests(all)
	return v.printed.Requests(all)
}

func eachRequest(all []engine.DeviceRequests, show func(schema.Device, providers.Request) error) error {
	for _, d := range all {
		for _, r := range d.Requests {
			if err := show(d.Device, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// requestText is a request as a device would get it; its secrets are blanked already.
func requestText(r providers.Request) string {
	text := r.Method + " " + r.Path + "\n"
	if len(r.Body) > 0 {
		text += "\n" + diag.CleanText(string(r.Body)) + "\n"
	}
	if r.Instead != nil {
		text += "\nIf the device rejects this address:\n\n" + requestText(*r.Instead)
	}
	return text
}
