package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine/diag"
	"camform/engine/render"
	"camform/engine/state"
)

// shownRuns is how many runs are listed.
const shownRuns = 20

func stateRunsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "runs [RUN]",
		Short: "List the last runs that changed devices, or the requests of one",
		Long: `List the last runs that changed devices, newest first, and which runs hold devices now. "camform rollback" can undo a run
that has snapshots. With the id of a run, list the requests that it sent, and their outcomes.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			if len(args) == 1 {
				return w.showRun(cmd.Context(), args[0])
			}
			return w.listRuns(cmd.Context())
		},
	}
}

func (w *workspace) listRuns(ctx context.Context) error {
	runs, err := w.runs.LastRuns(ctx, shownRuns)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		fmt.Fprintln(w.out, "No run has changed any device yet.")
		return nil
	}
	var rows [][]string
	for _, r := range runs {
		summary := r.Summary
		if r.Ended.IsZero() {
			summary = "not ended"
		}
		kept, err := w.snapshotsOf(ctx, r.ID)
		if err != nil {
			return err
		}
		rows = append(rows, []string{r.ID, diag.Time(r.Started), r.Who, kept, summary})
	}
	if err := render.Table(w.out, []string{"run", "started", "who", "snapshots", "what it did"}, rows); err != nil {
		return err
	}
	held, err := w.store.Held(ctx)
	for _, h := range held {
		fmt.Fprintf(w.out, "\n%s\n", h.Error())
	}
	return err
}

// snapshotsOf says of how many devices a run has kept snapshots, so that it can be taken back.
func (w *workspace) snapshotsOf(ctx context.Context, run string) (string, error) {
	devices, err := w.store.SnapshotDevices(ctx, run)
	if len(devices) == 0 {
		return "none", err
	}
	return "of " + render.Plural(len(devices), "device"), err
}

func (w *workspace) showRun(ctx context.Context, id string) error {
	intents, err := w.store.RunIntents(ctx, id)
	if err != nil {
		return err
	}
	if len(intents) == 0 {
		return fmt.Errorf("camform has no record of requests by run %q; camform state runs lists the runs", id)
	}
	var rows [][]string
	for _, in := range intents {
		outcome := string(in.Outcome)
		if outcome == "" {
			outcome = "open"
		}
		rows = append(rows, []string{diag.Time(in.Begun), in.Device.String(), settingsOf(in), outcome})
	}
	return render.Table(w.out, []string{"sent", "device", "settings", "outcome"}, rows)
}

func settingsOf(in state.Intent) string {
	var names []string
	for _, step := range in.Steps {
		names = append(names, step.Setting.Local())
	}
	text := strings.Join(names, ", ")
	if in.PutsBack() {
		text += " (old values restored)"
	}
	return text
}
