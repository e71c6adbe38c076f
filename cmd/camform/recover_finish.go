package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/recover"
	"camform/engine/render"
	"camform/schema"
)

func recoverFinishCommand(a *app) *cobra.Command {
	flags := &caseFlags{}
	cmd := &cobra.Command{
		Use:   "finish",
		Short: "Prove that the settings that a reset removed from a device are restored",
		Long: `Plan for the device of a case without changing anything, and record that its settings are restored if nothing is left to do.

Exit code: 0 if nothing is left to do, 1 if something is or could not be read.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.reading(cmd, flags)
			if err != nil {
				return err
			}
			defer r.close()
			if _, err := r.may(recover.Restore, ""); err != nil {
				return err
			}
			return r.finish(cmd.Context())
		},
	}
	flags.add(cmd.Flags())
	flags.addDevices(cmd.Flags())
	return cmd
}

// reading opens a case with the secrets that reading its device takes.
func (a *app) reading(cmd *cobra.Command, flags *caseFlags) (*recovery, error) {
	w, err := a.open(cmd, &flags.runFlags, withSecrets)
	if err != nil {
		return nil, err
	}
	r, err := cases{w}.find(cmd.Context(), flags.id)
	if err != nil {
		w.close()
	}
	return r, err
}

// finish proves by a plan that the settings are back.
func (r *recovery) finish(parent context.Context) error {
	var planned *engine.Planned
	var problems diag.Problems
	err := r.read(parent, "nothing was recorded", func(ctx context.Context, e *engine.Engine) {
		planned, problems = e.Plan(ctx, r.config, []schema.Setting{{Device: r.Case.Device}})
	})
	if err != nil {
		return err
	}
	if err := r.report(problems, r.config.Sources); err != nil || planned == nil {
		return err
	}
	i := slices.IndexFunc(planned.Plan.Devices, func(d plan.Device) bool { return d.Address == r.Case.Device })
	if i < 0 {
		return fmt.Errorf("the plan has no %s", r.Case.Device)
	}
	d := planned.Plan.Devices[i]
	left := settingsLeft(d)
	switch {
	case d.Problem != "":
		return fmt.Errorf("%s could not be read: %s", d.Address, d.Problem)
	case len(left) > 0:
		return fmt.Errorf("%s still differs from the configuration: %s. camform plan shows how, and camform apply changes that", d.Address, strings.Join(left, ", "))
	}
	return r.told(parent, recover.Event{Step: recover.Restore, Kind: recover.Done, Remark: fmt.Sprintf("a plan had nothing to do; %s as wanted", render.Plural(len(d.Unchanged), "setting"))})
}

// settingsLeft names the settings of a device that are not as wanted.
func settingsLeft(d plan.Device) []string {
	var left []string
	for _, s := range d.Steps {
		left = append(left, s.Address.String())
	}
	for _, s := range d.Skipped {
		left = append(left, fmt.Sprintf("%s (%s)", s.Address, s.Reason))
	}
	return left
}
