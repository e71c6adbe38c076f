package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/backup"
	"camform/engine/diag"
	"camform/engine/recover"
)

func recoverProveCommand(a *app) *cobra.Command {
	flags := &caseFlags{}
	cmd := &cobra.Command{
		Use:   "prove",
		Short: "Verify the next step of a case, and record the result",
		Long: `Verify the next step of a case where camform can: it reads the devices concerned, and changes nothing. If everything is as it
should be, the step is proven, and camform goes on to the one after it. Anything that is not as it should be is listed, and has to
be fixed, or skipped with a reason. What camform cannot see is unknown: confirm it yourself with "camform recover done", and the
record of the case says so.

Exit code: 0 if everything that was checked is as it should be, 1 if something is not, or is unknown.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.reading(cmd, flags)
			if err != nil {
				return err
			}
			defer r.close()
			return r.prove(cmd.Context())
		},
	}
	flags.add(cmd.Flags())
	flags.addDevices(cmd.Flags())
	formatOption(cmd.Flags(), &flags.format, view.JSON, "json", "print one JSON document instead of text")
	return cmd
}

// prove looks at one step after the other, until one is not proven.
func (r *recovery) prove(parent context.Context) error {
	next := recover.Next(r.Case, r.facts)
	if !recover.Provable(next.Name) {
		return fmt.Errorf("camform cannot verify the next step, %s, on its own: %s", next.Name, strings.Join(next.Commands, "; "))
	}
	var seen []recover.Event
	for recover.Provable(next.Name) && (len(seen) == 0 || seen[len(seen)-1].Kind == recover.Done) {
		e, err := r.look(parent, next.Name)
		if err != nil {
			return err
		}
		seen, next = append(seen, e), recover.Next(r.Case, r.facts)
	}
	if err := view.NewRecovery(r.flags.format, r.stdout()).Looks(r.Case, seen, next); err != nil {
		return err
	}
	if last := seen[len(seen)-1].Findings; len(recover.Findings(last, recover.Good)) < len(last) {
		return errReported
	}
	return nil
}

// look looks at a step, and notes what was seen.
func (r *recovery) look(parent context.Context, step string) (recover.Event, error) {
	var e recover.Event
	if _, err := r.may(step, ""); err != nil {
		return e, err
	}
	before, err := r.before()
	if err != nil {
		return e, err
	}
	var findings []recover.Finding
	var files []engine.Attachment
	var problems diag.Problems
	err = r.read(parent, "nothing was recorded", func(ctx context.Context, e *engine.Engine) {
		findings, files, problems = e.Look(ctx, engine.Looking{Config: r.config, Device: r.device, Case: r.Case, Facts: r.facts, Before: before}, step)
	})
	if err != nil {
		return e, err
	}
	if err := r.report(problems, r.config.Sources); err != nil {
		return e, err
	}
	if err := r.happened(parent, recover.Proof(step, findings), files...); err != nil {
		return e, err
	}
	return r.Events[len(r.Events)-1], nil
}

// before is the newest backup of before somebody got in; nil if there is none.
func (r *recovery) before() (*backup.Backup, error) {
	kept, _, err := archiveOf(r.workspace).List()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(kept, func(e backup.Entry) bool { return e.Device == r.Case.Device && e.Taken.Before(r.In()) })
	if i < 0 {
		return nil, nil
	}
	return archiveOf(r.workspace).Open(kept[i].Name)
}
