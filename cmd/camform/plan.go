package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/atomicfile"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/schema"
)

func planCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	var out string
	var detailed, requests bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would have to change on the devices",
		Long: `Read every device of the configuration and show what would have to change. Nothing is changed on any device.

Exit code: 0 if all is well, 1 if something went wrong or a device could not be read. With -detailed-exitcode, 2 if
there are changes to make.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.open(cmd, flags, withSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return w.plan(cmd, planOutput{out: out, detailed: detailed, requests: requests})
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	flags.addOutput(cmd.Flags())
	addIgnored(cmd.Flags())
	cmd.Flags().StringVar(&out, "out", "", "save the plan to this `FILE`, for camform apply FILE")
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 2 if there are changes")
	cmd.Flags().BoolVar(&requests, "requests", false, "show the requests that apply would send, with secrets blanked")
	formatOption(cmd.Flags(), &flags.format, view.Markdown, "markdown", "print Markdown, for a comment on a pull request")
	return cmd
}

// planOutput is what plan does with a plan once it is made.
type planOutput struct {
	out                string
	detailed, requests bool
}

func (w *workspace) plan(cmd *cobra.Command, o planOutput) error {
	planned, err := w.planned(cmd, (*engine.Engine).Plan)
	if err != nil {
		return err
	}
	p := planned.Plan
	if o.out != "" {
		if err := w.save(p, o.out); err != nil {
			return err
		}
	}
	if err := w.plans().Plan(p); err != nil {
		return err
	}
	if o.requests {
		requests, err := engine.Requests(planned, w.engine.Provider)
		if err != nil {
			return err
		}
		if err := w.plans().Requests(requests); err != nil {
			return err
		}
	}
	if err := w.hint(o.out); err != nil {
		return err
	}
	if err := w.warnOfLimits(p); err != nil {
		return err
	}
	if err := w.tooManyUnread(p); err != nil {
		return err
	}
	if o.detailed && !p.Empty() {
		return exit{code: exitChanges}
	}
	return nil
}

// planned makes a plan with progress on the way. Problems are printed; with an error among them there is no plan.
func (w *workspace) planned(cmd *cobra.Command, make planner) (planned *engine.Planned, err error) {
	var problems diag.Problems
	err = w.read(cmd.Context(), "no device was changed", func(ctx context.Context, e *engine.Engine) {
		planned, problems = make(e, ctx, w.config, w.targets)
	})
	if err != nil {
		return nil, err
	}
	if err := w.report(problems, w.config.Sources); err != nil {
		return nil, err
	}
	return planned, nil
}

// plans is the view of plans that the flags ask for.
func (w *workspace) plans() view.Plan {
	return view.NewPlan(w.flags.format, w.output(), w.engine.Provider.Kinds())
}

// output is the standard output, with what the flags ask for.
func (w *workspace) output() view.Output {
	o := w.stdout()
	if w.flags.full {
		o.Options.Fold = render.Unfolded
	}
	o.Options.Wording = render.Wording(w.flags.compat)
	return o
}

func (w *workspace) save(p *plan.Plan, path string) error {
	text, err := plan.Encode(p, w.engine.Provider.Kinds())
	if err != nil {
		return err
	}
	if err := atomicfile.Replace(path, text, 0o600); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}

// tooManyUnread ends the run with an error if more devices could not be read than is tolerated. One that could be read only
// in part counts as well: nothing is known of the rest.
func (w *workspace) tooManyUnread(p *plan.Plan) error {
	tolerance, err := w.tolerance(p.MaxUnreachable)
	if err != nil {
		return err
	}
	unread := 0
	for _, d := range p.Devices {
		if d.Problem != "" || partlyRead(d) {
			unread++
		}
	}
	if !tolerance.Allows(unread, len(p.Devices)) {
		return errReported // the plan said which
	}
	return nil
}

// partlyRead reports whether a wanted setting of a device could not be read.
func partlyRead(d plan.Device) bool {
	return slices.ContainsFunc(d.Skipped, func(s plan.Skipped) bool { return s.Reason == plan.Unreadable })
}

// hint says how a plan goes on that was saved to a file; the name is empty if it was not.
func (w *workspace) hint(file string) error {
	if file == "" || w.automated() {
		return nil
	}
	return w.plans().Saved(file)
}

// readPlan reads a plan file.
func (a *app) readPlan(path string, kinds *schema.Kinds) (*plan.Plan, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPlanFile))
	if err != nil {
		return nil, err
	}
	p, err := plan.Decode(text, kinds)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

const maxPlanFile = 1 << 30

// planner is a method of the engine that makes a plan, such as Engine.Plan or Engine.Drift.
type planner = func(e *engine.Engine, ctx context.Context, cfg *config.Config, targets []schema.Setting) (*engine.Planned, diag.Problems)
