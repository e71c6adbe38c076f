package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/apply"
	"camform/engine/auditlog"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/engine/report"
	"camform/engine/state"
	"camform/schema"
)

func applyCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	var d decision
	cmd := &cobra.Command{
		Use:   "apply [PLANFILE]",
		Short: "Change the devices to match the configuration",
		Long: `Make a plan, ask for approval, and carry it out. Given a plan file from "camform plan -out=FILE", carry out that plan
instead, without asking and without reading the configuration. A plan that needs signatures can only be applied from its
file, with the approvals beside it.

Every change is read back over a new connection. A device that has changed since the plan was made is left alone.
Interrupt once to finish the requests in flight and stop; interrupt twice to stop at once.

Exit code: 0 if everything was carried out, 1 if anything was not, or if a device no longer has what was applied to it. With
-detailed-exitcode=fleet, instead of 1: 3 if devices could not be read and nothing else is wrong, 4 if the guard, a check,
a limit or a missing approval forbids it, 5 if another run holds a device, 6 if something was put back because it would have
closed the way in.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			run := func() error {
				if len(args) == 1 {
					return d.codes.ends(a.applyFile(cmd, flags, args[0], d))
				}
				return d.codes.ends(a.applyConfig(cmd, flags, d))
			}
			return streams(a, flags, render.ApplyOperation, func() error { return commented(a, flags, "apply", "camform apply", run) })
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	flags.addSearch(cmd.Flags())
	flags.addOutput(cmd.Flags())
	flags.addStream(cmd.Flags())
	addIgnored(cmd.Flags())
	d.addFlags(cmd.Flags())
	flags.addComment(cmd.Flags(), "print Markdown at the end of the run, for a comment on a pull request")
	cmd.Flags().StringArrayVar(&d.approvals, "approval", nil, "read an approval of the plan from this `FILE`, if it is not beside the plan; may be repeated")
	return cmd
}

func (a *app) applyConfig(cmd *cobra.Command, flags *runFlags, d decision) error {
	if flags.format != view.Text && !d.approved {
		return errors.New("apply -json and -markdown cannot ask for approval: add -auto-approve, or apply a saved plan")
	}
	w, err := a.open(cmd, flags, withSecrets)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.recover(cmd.Context(), engine.Accesses(w.config.Devices)); err != nil {
		return err
	}
	planned, err := w.planned(cmd, (*engine.Engine).Plan)
	if err != nil {
		return err
	}
	return w.decide(cmd, planned.Plan, d)
}

// decision is what somebody decided about a plan beforehand.
type decision struct {
	out       string   // the file that the plan goes to, instead of being applied; empty for none
	approved  bool     // nobody is asked
	overrides []string // limits that may be exceeded, as NAME=REASON
	file      string   // that the plan came from; empty if it was just made
	approvals []string // files with approvals in other places than beside the plan
	holding   apply.Holding
	why       purpose
	codes     detail
}

// purpose says why somebody does something, for the audit log.
type purpose struct{ reason, ticket string }

func (p *purpose) add(flags *pflag.FlagSet) {
	sayVar(flags, &p.reason, "reason", "record this `REASON` in the audit log")
	sayVar(flags, &p.ticket, "ticket", "record this ticket `ID` in the audit log")
}

// String continues a note; it is empty where nobody said why.
func (p purpose) String() string {
	text := ""
	if p.reason != "" {
		text += "; " + p.reason
	}
	if p.ticket != "" {
		text += "; ticket " + p.ticket
	}
	return text
}

func (d *decision) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&d.approved, "auto-approve", false, "do not ask for approval")
	addOverrideLimit(flags, &d.overrides)
	d.why.add(flags)
	flags.DurationVar(&d.holding.Wait, "lock-timeout", 0, "wait this long for devices that another run holds, such as 10m")
	flags.BoolVar(&d.holding.Skip, "skip-held", false, "change the other devices if another run holds some; without this option, nothing is changed then")
	d.codes.add(flags, "=fleet: exit with 3 to 6 in some cases instead of 1; see -help")
}

// operation is what becomes of the plan.
func (d *decision) operation() render.Operation {
	if d.out != "" {
		return render.PlanOperation
	}
	return render.ApplyOperation
}

// decide shows a plan, asks, and carries it out or saves it.
func (w *workspace) decide(cmd *cobra.Command, p *plan.Plan, d decision) error {
	if d.out != "" || w.flags.format != view.Markdown { // a comment tells what the run did
		show := shown
		if d.approved && d.out == "" { // nobody waits for advice
			show = bare
		}
		if err := show(cmd.Context(), w, p); err != nil {
			return err
		}
	}
	if d.out != "" {
		if err := w.save(p, d.out); err != nil {
			return err
		}
		if err := w.warnOfLimits(p); err != nil {
			return err
		}
		nextOfPlan(cmd.Context(), w, p, d.out)
		return w.tooManyUnknown(p)
	}
	return w.agree(cmd, p, d)
}

// agree asks whether a plan that was shown is to be carried out, if its limits and approvals let it, and carries it out.
func (w *workspace) agree(cmd *cobra.Command, p *plan.Plan, d decision) error {
	reasons, err := w.admit(cmd.Context(), p, d)
	if err != nil {
		return err
	}
	if !p.Empty() && !d.approved {
		if err := w.ask(); err != nil {
			return err
		}
	}
	return w.apply(cmd, p, reasons, d)
}

// whole refuses a plan with settings whose wanted values were unknown where it was made.
func whole(p *plan.Plan) error {
	const instead = "it is for review only. Run camform plan -out=FILE where the secrets and the devices are, and apply that plan"
	if unknown := p.UntilApplied(); len(unknown) > 0 {
		return blocked(fmt.Errorf("%s of this plan could not be planned because their secrets were missing, such as %s: %s",
			render.Plural(len(unknown), "setting"), unknown[0].Address, instead))
	}
	if unknown := p.OutputsUntilApplied(); len(unknown) > 0 {
		return blocked(fmt.Errorf("it was unknown when this plan was made whether %s changed, such as %s: %s",
			render.Plural(len(unknown), "sensitive output"), unknown[0], instead))
	}
	return nil
}

// admit refuses a plan that is not whole, that a check stops, that exceeds its limits, or that not enough people have signed. The reasons why limits are exceeded
// are kept with the run.
func (w *workspace) admit(ctx context.Context, p *plan.Plan, d decision) (reasons []string, err error) {
	if err := whole(p); err != nil {
		return nil, err
	}
	if err := w.stopped(p); err != nil {
		return nil, err
	}
	if reasons, err = w.withinLimits(p, d.overrides); err != nil {
		return nil, err
	}
	return reasons, w.approved(ctx, p, d.file, d.approvals)
}

func (a *app) applyFile(cmd *cobra.Command, flags *runFlags, path string, d decision) error {
	if len(flags.vars) > 0 || len(flags.targets) > 0 {
		return errors.New("a saved plan cannot be changed: leave out -var, -var-file and -target, or make a new plan with them")
	}
	b, err := a.begin()
	if err != nil {
		return err
	}
	p, err := a.readPlan(path, b.provider.Kinds())
	if err != nil {
		return err
	}
	if err := blocked(a.report(engine.Prove(p, b.provider.Kinds()), nil)); err != nil {
		return err
	}
	w, err := b.openState(cmd.Context(), cmd.Name(), flags, p.Moves())
	if err != nil {
		return err
	}
	defer w.close()
	if have := w.store.Lineage(); p.Lineage != have {
		return blocked(fmt.Errorf("%s was made with another state: its lineage is %.12s, and the lineage of %s is %.12s; apply it where it was made, or plan again here",
			path, p.Lineage, b.settings.StatePath, have))
	}
	if w.stream != nil { // people have seen it, and programs may not have
		w.stream.Plan(p, nil)
	}
	d.file = path
	reasons, err := w.admit(cmd.Context(), p, d)
	if err != nil {
		return err
	}
	if err := w.markApplied(cmd.Context(), p); err != nil {
		return err
	}
	if err := w.recover(cmd.Context(), p.Devices); err != nil {
		return err
	}
	return w.apply(cmd, p, reasons, d)
}

// markApplied tells if a plan was applied before. That is no error, so that one that was interrupted can be finished: what is done
// already is not written again. It is one if another plan has changed some of the same settings since.
func (w *workspace) markApplied(ctx context.Context, p *plan.Plan) error {
	hash, err := plan.Hash(p, w.engine.Provider.Kinds())
	if err != nil {
		return err
	}
	earlier, first, err := w.runs.MarkApplied(ctx, hash, w.run)
	if err != nil || first {
		return err
	}
	later, err := w.runs.WrittenSince(ctx, hash, earlier.At)
	if err != nil {
		return err
	}
	if o := overtaken(p, later); len(o) > 0 {
		return blocked(fmt.Errorf("this plan was started at %s, and another plan has changed %d of its settings since, such as %s in run %s; plan again",
			diag.Time(earlier.At), len(o), o[0].Setting, o[0].Run))
	}
	fmt.Fprintf(w.err, "This plan was already started at %s. Steps that are done are not repeated.\n", diag.Time(earlier.At))
	return nil
}

// overtaken are those of the settings that were written later that a plan would write, too.
func overtaken(p *plan.Plan, later []state.Overwritten) []state.Overwritten {
	steps := map[schema.Setting]bool{}
	for _, d := range p.Devices {
		for _, s := range d.Steps {
			steps[s.Address] = true
		}
	}
	return slices.DeleteFunc(later, func(o state.Overwritten) bool { return !steps[o.Setting] })
}

// recover closes what an earlier run left open.
func (w *workspace) recover(parent context.Context, devices []plan.Device) error {
	_, ctx, release := w.interruptible(parent)
	defer release()
	recovered, err := w.engine.Recover(ctx, devices, w.run)
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted; no device was changed")
	case err != nil:
		return err
	}
	var told []render.Trouble
	for _, d := range recovered {
		if d.Result != report.Held { // by a running run, which apply reports
			told = append(told, render.Trouble{Device: d.Address, Text: d.Detail})
		}
	}
	return w.stderr().Troubles(told)
}

// ask wants the word yes.
func (w *workspace) ask() error {
	fmt.Fprint(w.out, "\nDo you want to perform these actions?\n"+
		"  "+render.Wording(w.flags.compat).Program()+" will perform the actions described above.\n"+
		"  Only 'yes' will be accepted to approve.\n\n  Enter a value: ")
	answer, err := bufio.NewReader(w.in).ReadString('\n')
	if strings.TrimSpace(answer) == "yes" {
		fmt.Fprintln(w.out)
		return nil
	}
	if err != nil && answer == "" {
		fmt.Fprintln(w.out)
		return errors.New("there was no answer, so nothing was applied; -auto-approve applies without asking")
	}
	return errors.New("not approved, nothing was applied")
}

// apply carries out a plan and tells what happened. Reasons are why its limits were exceeded.
func (w *workspace) apply(cmd *cobra.Command, p *plan.Plan, reasons []string, d decision) error {
	hash, err := plan.Hash(p, w.engine.Provider.Kinds())
	if err != nil {
		return err
	}
	if err := w.runs.BeginRun(cmd.Context(), w.stateRun(hash, d.why)); err != nil {
		return err
	}
	for _, reason := range reasons {
		if err := w.auditLog.Audit(cmd.Context(), auditlog.Record{Run: w.run, Action: "limit-exceeded", Plan: hash, Reason: reason}); err != nil {
			return err
		}
	}
	if w.comment != nil {
		w.comment.Command = "camform state runs " + w.run
	}
	ctx, stop, release := w.interruptible(cmd.Context())
	defer release()
	r, err := w.carryOut(ctx, stop, p, d.holding)
	if err != nil {
		return err
	}
	defer nextOfRun(w, r, d)
	kept := engine.KeepOutputs(context.WithoutCancel(ctx), w.store.Outputs, p)
	renewed := recoveryFiles{w}.renew(cmd.Context(), p, r)
	if err := w.runs.EndRun(context.WithoutCancel(ctx), w.run, strings.Join(append([]string{summary(r)}, reasons...), "; ")); err != nil {
		return err
	}
	if r.Moved > 0 {
		w.tellLocked(oldNames(p.Moves()))
	}
	return cmp.Or(kept, w.verdict(p, r), renewed)
}

// carryOut applies a plan and shows what happens meanwhile and in the end.
func (w *workspace) carryOut(ctx, stop context.Context, p *plan.Plan, holding apply.Holding) (*report.Report, error) {
	run := view.NewRun(w.flags.format, w.output(), p, w.progress)
	applying := w.told(run.Event)
	applying.Holding = holding
	r := applying.Apply(ctx, stop, p, w.run)
	return r, run.End(r)
}

// verdict ends the program with an error if anything needs attention. Devices that could not be read may be tolerated, unless
// they are all; a change that was begun and did not end well never is.
func (w *workspace) verdict(p *plan.Plan, r *report.Report) error {
	tolerance := w.tolerance(p.MaxUnreachable)
	unknown := map[schema.Device]bool{}
	for _, d := range p.Devices {
		if d.PartlyRead() || d.Lost() {
			unknown[d.Address] = true
		}
	}
	unread, failed, held, reverted := 0, false, false, false
	for _, d := range r.Bad() {
		switch {
		case d.OutOfReach():
			unread++
			unknown[d.Address] = true
		case d.Result == report.Held:
			held = true
		case d.Reverted():
			reverted = true
		default:
			failed = true
		}
	}
	switch {
	case failed, r.Interrupted, unread > 0 && unread == len(r.Devices):
		return errReported
	case reverted:
		return exit{code: exitError, fleet: fleetReverted}
	case held:
		return exit{code: exitError, fleet: fleetHeld}
	case !tolerance.Allows(len(unknown), len(r.Devices)):
		return errUnread
	}
	return nil
}

func summary(r *report.Report) string {
	text := fmt.Sprintf("%d added, %d changed, %d destroyed", r.Count(plan.Create), r.Count(plan.Update), r.Count(plan.Delete))
	if n := r.Activated(); n > 0 {
		text += fmt.Sprintf(", %d activated", n)
	}
	return fmt.Sprintf("%s, %d devices need attention", text, len(r.Bad()))
}
