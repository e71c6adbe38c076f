package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"camform/engine/diag"
	"camform/engine/papers"
	"camform/engine/render"
)

func recoverPurgeCommand(a *app) *cobra.Command {
	days, dry := 1095, false
	cmd := &cobra.Command{
		Use:   "purge",
		Short: "Delete the events of cases that ended long ago",
		Long: `Delete the events and the files of cases that were closed or handed over and in which nothing has happened for the number of days
in -older-than. Write the record of a case first if somebody may ask for it later. The number and the generation of a purged case
are kept, so that no earlier hand-over of it is accepted, and the audit log keeps its hashes.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 1 {
				return errors.New("-older-than: at least 1 day")
			}
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			return retention{w, time.Duration(days) * 24 * time.Hour}.purge(cmd.Context(), dry)
		},
	}
	cmd.Flags().IntVar(&days, "older-than", days, "purge cases in which nothing has happened for this many `DAYS`")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only show what would be purged")
	return cmd
}

// retention is how long cases are kept after they ended.
type retention struct {
	*workspace
	period time.Duration
}

func (r retention) purge(ctx context.Context, dry bool) error {
	all, err := r.engine.Cases(ctx)
	if err != nil {
		return err
	}
	cases := papers.Expired(all, r.engine.Now(), r.period)
	if len(cases) == 0 {
		fmt.Fprintln(r.out, "There is nothing to purge.")
		return nil
	}
	var rows [][]string
	for _, c := range cases {
		rows = append(rows, []string{c.ID, c.Device.String(), string(c.Custody), diag.Time(papers.Last(c)), fmt.Sprint(len(c.Events))})
	}
	if err := render.Table(r.out, []string{"case", "device", "state", "last event", "events"}, rows); err != nil {
		return err
	}
	if dry {
		fmt.Fprintf(r.out, "\nWithout -dry-run, these %s would be purged.\n", render.Plural(len(cases), "case"))
		return nil
	}
	for _, c := range cases {
		if err := r.engine.PurgeCase(ctx, c); err != nil {
			return fmt.Errorf("the case %s: %w", c.ID, err)
		}
	}
	fmt.Fprintf(r.out, "\nPurged %s.\n", render.Plural(len(cases), "case"))
	return nil
}
