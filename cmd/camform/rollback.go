package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

func rollbackCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	var run string
	var d decision
	cmd := &cobra.Command{
		Use:   "rollback RUN|ADDR",
		Short: "Undo the changes of a run",
		Long: `Restore the settings that a run changed to what they were before it, from the documents that the run kept. Name the run, as
"camform state runs" lists it, or a device or setting: then the last run that changed the device is undone, or the run that
-run names.

The restored values are planned and shown like any other change, with the proof that they leave the way in open. Items that the
run created are deleted. Secrets are not restored, since no device shows them: an account keeps its present password.

The configuration is not changed. Whatever it still asks for comes back with the next apply.

Exit code: 0 if everything was carried out, 1 if anything was not. With -out, the plan is saved for "camform apply FILE"
and nothing is changed on any device.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.format.ForPrograms() && !d.approved && d.out == "" {
				return errors.New("rollback -json cannot ask for approval: add -auto-approve, or save the plan with -out")
			}
			return streams(a, flags, d.operation(), func() error {
				w, err := a.open(cmd, flags, withSecrets)
				if err != nil {
					return err
				}
				defer w.close()
				if run, err = w.chooseRun(cmd.Context(), args[0], run); err != nil {
					return err
				}
				if d.out != "" {
					return d.codes.ends(w.saveRollback(cmd, run, d.out))
				}
				return d.codes.ends(w.rollback(cmd, run, d))
			})
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	flags.addOutput(cmd.Flags())
	flags.addStream(cmd.Flags())
	addIgnored(cmd.Flags())
	cmd.Flags().StringVar(&run, "run", "", "undo this `RUN` on a device instead of the last one")
	cmd.Flags().StringVar(&d.out, "out", "", "save the plan to this `FILE`, for camform apply FILE")
	d.addFlags(cmd.Flags())
	return cmd
}

// rollback plans the way back, asks, and carries it out.
func (w *workspace) rollback(cmd *cobra.Command, run string, d decision) error {
	if err := w.recover(cmd.Context(), engine.Accesses(w.config.Devices)); err != nil {
		return err
	}
	p, err := w.planRollback(cmd, run)
	if err != nil {
		return err
	}
	end := w.tooManyUnread
	if !p.Empty() {
		end = func(p *plan.Plan) error { return w.agree(cmd, p, d) }
	}
	if err := end(p); err != nil || !leavesBehind(p) {
		return err
	}
	return errReported
}

// leavesBehind reports whether a plan takes less back than the run changed. The plan has told what.
func leavesBehind(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Devices, func(d plan.Device) bool {
		return slices.ContainsFunc(d.Skipped, func(s plan.Skipped) bool {
			return s.Reason == engine.NotTakenBack || s.Reason == plan.Held
		})
	})
}

// saveRollback plans the way back and saves the plan.
func (w *workspace) saveRollback(cmd *cobra.Command, run, out string) error {
	p, err := w.planRollback(cmd, run)
	if err != nil {
		return err
	}
	if err := w.save(p, out); err != nil {
		return err
	}
	nextOfPlan(cmd.Context(), w, p, out)
	return w.tooManyUnread(p)
}

// planRollback plans the way back and shows it.
func (w *workspace) planRollback(cmd *cobra.Command, run string) (*plan.Plan, error) {
	planned, err := w.planned(cmd, func(e *engine.Engine, ctx context.Context, cfg *config.Config, targets []schema.Setting) (*engine.Planned, diag.Problems) {
		return e.Rollback(ctx, cfg, run, targets)
	})
	if err != nil {
		return nil, err
	}
	return planned.Plan, w.plans().Rollback(planned.Plan, run)
}

// chooseRun is the run that the argument of rollback means. If it is an address, that becomes the only target.
func (w *workspace) chooseRun(ctx context.Context, argument, run string) (string, error) {
	if !strings.HasPrefix(argument, "device.") {
		if run != "" {
			return "", fmt.Errorf("-run needs the address of a device, and %s names a run", argument)
		}
		return argument, w.knowsRun(ctx, argument)
	}
	target, err := schema.ParseTarget(argument)
	if err != nil {
		return "", err
	}
	if len(w.targets) > 0 {
		return "", fmt.Errorf("-target needs a run, and %s is an address already", argument)
	}
	if !named(schema.Setting{Device: target.Device}, w.config) {
		return "", fmt.Errorf("the configuration has no %s%s", argument, suggestDevice(target, w.config))
	}
	w.targets = []schema.Setting{target}
	if run != "" {
		return run, w.knowsRun(ctx, run)
	}
	return w.lastRun(ctx, target.Device)
}

// knowsRun fails, naming the runs that there are, unless snapshots of a run are kept.
func (w *workspace) knowsRun(ctx context.Context, run string) error {
	devices, err := w.store.SnapshotDevices(ctx, run)
	if err != nil || len(devices) > 0 {
		return err
	}
	runs, err := w.runs.LastRuns(ctx, shownRuns)
	if err != nil {
		return err
	}
	var kept []string
	for _, r := range runs {
		if devices, err = w.store.SnapshotDevices(ctx, r.ID); err != nil {
			return err
		}
		if len(devices) > 0 {
			kept = append(kept, r.ID)
		}
	}
	if len(kept) == 0 {
		return fmt.Errorf("there are no snapshots of run %q, nor of any other of the last runs", run)
	}
	return fmt.Errorf("there are no snapshots of run %q; there are some of %s", run, strings.Join(kept, ", "))
}

// lastRun is the last run that has snapshots of a device.
func (w *workspace) lastRun(ctx context.Context, device schema.Device) (string, error) {
	runs, err := w.store.SnapshotRuns(ctx, device)
	if err != nil {
		return "", err
	}
	if len(runs) > 0 {
		return runs[0], nil
	}
	var kept []string
	for _, d := range w.config.Devices {
		if runs, err = w.store.SnapshotRuns(ctx, d.Address); err != nil {
			return "", err
		}
		if len(runs) > 0 {
			kept = append(kept, d.Address.String())
		}
	}
	if len(kept) == 0 {
		return "", fmt.Errorf("no run has kept snapshots of %s, nor of any other device", device)
	}
	const most = 8
	if len(kept) > most {
		kept = append(slices.Clip(kept[:most]), fmt.Sprintf("and %d more", len(kept)-most))
	}
	return "", fmt.Errorf("no run has kept snapshots of %s; there are some of %s", device, strings.Join(kept, ", "))
}
