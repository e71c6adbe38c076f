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
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/guard"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/engine/shell"
	"camform/schema"
)

func planCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	var out string
	var codes detail
	var requests, checks bool
	var from fromFlags
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would change on the devices",
		Long: `Read every device of the configuration and show what would have to change. Nothing is changed on any device.

With -from-snapshot, no device is contacted, and no secret, vault or state is needed: the plan is made from a file of "camform
snapshot", and stays the same as long as nothing changes. A setting whose secret is not in the vault is then unknown until apply, and
a plan with such a setting cannot be applied. The file must be signed by somebody who may sign snapshots.

Exit code: 0 if all is well, 1 if something went wrong, or if more devices could not be read, or no longer have what was
applied to them, than -max-unreachable tolerates, or if a check with the severity "block" does not hold or cannot be judged.
With -detailed-exitcode, 2 if there are changes to make, or if this is unknown until apply. With -detailed-exitcode=fleet, 2
for changes even if devices could not be read, 3 if unread devices are the only problem, and 4 if a check stops apply, or the plan
would lock somebody out.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := "camform plan"
			if out != "" {
				all = "camform show " + shell.Word(out)
			}
			run := func() error {
				if err := from.check(cmd.Flags()); err != nil {
					return err
				}
				open := func() (*workspace, error) { return a.open(cmd, flags, withSecrets) }
				if from.file != "" {
					open = func() (*workspace, error) { return openFrom(a, cmd, flags, from) }
				}
				w, err := open()
				if err != nil {
					return err
				}
				defer w.close()
				return codes.ends(w.plan(cmd, planOutput{out: out, codes: codes, requests: requests, checks: checks}))
			}
			return streams(a, flags, render.PlanOperation, func() error { return documents(a, flags, "plan", all, run) })
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	flags.addSearch(cmd.Flags())
	flags.addOutput(cmd.Flags())
	flags.addStream(cmd.Flags())
	addIgnored(cmd.Flags())
	cmd.Flags().StringVar(&out, "out", "", "save the plan to this `FILE`, for camform apply FILE")
	codes.add(cmd.Flags(), "exit with 2 if there are changes; =fleet: also if devices could not be read, and with 3 or 4 in some cases instead of 1")
	cmd.Flags().BoolVar(&requests, "requests", false, "show the requests that apply would send, with secrets blanked")
	cmd.Flags().BoolVar(&checks, "checks", false, "run all checks on the devices; this also reads what the checks observe")
	flags.addComment(cmd.Flags(), "print Markdown, for a comment on a pull request")
	flags.addPage(cmd.Flags())
	from.add(cmd.Flags())
	for _, name := range []string{"requests", "search"} {
		cmd.MarkFlagsMutuallyExclusive("from-snapshot", name)
	}
	return cmd
}

// planOutput is what plan does with a plan once it is made.
type planOutput struct {
	out      string
	codes    detail
	requests bool
	checks   bool // whether what checks observe is read for them
}

func (w *workspace) plan(cmd *cobra.Command, o planOutput) error {
	make := (*engine.Engine).Plan
	if o.checks {
		make = (*engine.Engine).PlanWithChecks
	}
	if o.out != "" {
		if err := claim(w.app, "-out", o.out, planProduct); err != nil { // before a fleet is read for it
			return err
		}
	}
	planned, err := w.planned(cmd, make)
	if err != nil {
		return err
	}
	p := planned.Plan
	if err := w.unruled(w.rules); err != nil {
		return err
	}
	if o.out != "" {
		if err := w.save(p, o.out); err != nil {
			return err
		}
	}
	if err := fillPage(cmd.Context(), w, p); err != nil {
		return err
	}
	show := shown
	if p.Taken != nil { // backups are where the devices are
		show = bare
	}
	if err := show(cmd.Context(), w, p); err != nil {
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
	if err := w.warnOfLimits(p); err != nil {
		return err
	}
	if err := w.stopped(p); err != nil {
		return err
	}
	nextOfPlan(cmd.Context(), w, p, o.out)
	changes := o.codes != plainCodes && (!p.Empty() || !p.Whole())
	if err := w.tooManyUnknown(p); err != nil && !(changes && o.codes == fleetCodes) {
		return err
	}
	if changes {
		return exit{code: exitChanges}
	}
	return nil
}

// shown prints a plan that somebody may still think about, and advises a backup where one is due.
func shown(ctx context.Context, w *workspace, p *plan.Plan) error {
	var unkept []schema.Device
	taken, err := archiveOf(w).Latest()
	if err == nil {
		unkept, err = w.engine.Unkept(ctx, p, taken)
	}
	if err := w.plans().Plan(p, unkept); err != nil {
		return err
	}
	if w.automated() || w.flags.format != view.Text {
		return nil
	}
	if err != nil {
		fmt.Fprintf(w.err, "Whether a backup of the devices is due is unknown: %v.\n", err)
	}
	if len(unkept) > 0 {
		adviseBackup(w, unkept)
	}
	return nil
}

// bare prints a plan without advice.
func bare(_ context.Context, w *workspace, p *plan.Plan) error { return w.plans().Plan(p, nil) }

// adviseBackup says how to keep what devices report before they are changed.
func adviseBackup(w *workspace, unkept []schema.Device) {
	names, quoted := make([]string, len(unkept)), []string(nil)
	for i, d := range unkept {
		names[i] = d.String()
		if len(unkept) <= mostNamed {
			quoted = append(quoted, shell.Quoted(names[i]))
		}
	}
	fmt.Fprintln(w.err, diag.CleanText(fmt.Sprintf("A backup is due for %s that this plan changes: %s. To make one first, run:\n    %s",
		render.Plural(len(unkept), "device"), diag.FirstOf(names), commandFor(w.app, "backup", quoted...))))
}

// mostNamed is how many devices the command for a backup names; of more, all of the configuration are backed up.
const mostNamed = 3

// stopped tells which checks keep a plan from being applied, and ends the run with an error if there are any.
func (w *workspace) stopped(p *plan.Plan) error {
	var texts map[string][]byte
	if w.config != nil {
		texts = w.config.Sources
	}
	return blocked(w.report(engine.Stopping(p), texts))
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
	err = w.report(problems, w.config.Sources)
	if err != nil && onlyGuarded(problems) {
		return nil, blocked(err)
	}
	return planned, err
}

// onlyGuarded reports whether nothing is wrong but what would close a way in, or make a clock jump.
func onlyGuarded(problems diag.Problems) bool {
	return !slices.ContainsFunc(problems, func(p diag.Problem) bool {
		return p.Severity == diag.Error && p.Code != guard.Code && p.Code != engine.ClockJumpsCode
	})
}

// plans is the view of plans that the flags ask for.
func (w *workspace) plans() view.Plan {
	return view.NewPlan(w.flags.format, w.output(), w.engine.Provider.Kinds())
}

// output is the standard output, with what the flags ask for.
func (w *workspace) output() view.Output { return w.flags.shown(w.stdout()) }

// shown is an output with what the flags ask for.
func (f *runFlags) shown(o view.Output) view.Output {
	if f.full {
		o.Options.Fold = render.Unfolded
	}
	o.Options.Wording = render.Wording(f.compat)
	return o
}

func (w *workspace) save(p *plan.Plan, path string) error {
	text, err := plan.Encode(p, w.engine.Provider.Kinds())
	if err != nil {
		return err
	}
	if err := planProduct.write(path, text); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}

// tooManyUnread ends the run with an error if more devices could not be read than is tolerated. One that could be read only
// in part is included: the rest of it is unknown.
func (w *workspace) tooManyUnread(p *plan.Plan) error {
	return w.tooMany(p, func(d plan.Device) bool { return d.Problem != "" || d.PartlyRead() })
}

// tooManyUnknown is tooManyUnread that counts devices, too, that no longer have what was applied to them: no step can bring
// that back.
func (w *workspace) tooManyUnknown(p *plan.Plan) error {
	return w.tooMany(p, func(d plan.Device) bool { return d.Problem != "" || d.PartlyRead() || d.Lost() })
}

func (w *workspace) tooMany(p *plan.Plan, counts func(plan.Device) bool) error {
	tolerance := w.tolerance(p.MaxUnreachable)
	unknown := 0
	for _, d := range p.Devices {
		if counts(d) {
			unknown++
		}
	}
	switch failed := len(p.Failed()); {
	case failed > 0 && failed == len(p.Devices):
		return errReported // no device could be read, which no tolerance excuses
	case !tolerance.Allows(unknown, len(p.Devices)):
		return errUnread // the plan said which
	}
	return nil
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
