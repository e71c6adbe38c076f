package main

import (
	"errors"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine/shell"
)

func showCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "show [PLANFILE]",
		Short: "Show a saved plan, or the state",
		Long:  `Show a saved plan as "camform plan" showed it. Without a file, show the whole state.`,
		Args:  arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return documents(a, flags, "plan", "camform show "+shell.Word(args[0]), func() error { return a.showPlan(cmd, flags, args[0]) })
			}
			if flags.comment != (commentFlags{}) || flags.page != "" {
				return errors.New("-size, -marker and -html are for a saved plan; name its file")
			}
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			remembered, err := w.remembered(cmd, nil)
			if err != nil {
				return err
			}
			outputs, err := w.store.AllOutputs(cmd.Context())
			if err != nil {
				return err
			}
			return view.NewState(flags.format, w.stdout()).Show(remembered, outputs)
		},
	}
	flags.addOutput(cmd.Flags())
	flags.addComment(cmd.Flags(), "print Markdown")
	flags.addPage(cmd.Flags())
	return cmd
}

// showPlan shows a plan file. It needs no state.
func (a *app) showPlan(cmd *cobra.Command, flags *runFlags, path string) error {
	b, err := a.begin()
	if err != nil {
		return err
	}
	p, err := a.readPlan(path, b.provider.Kinds())
	if err != nil {
		return err
	}
	w := b.viewer(flags)
	if w.page != nil {
		w.page.From.Commit = "" // of the directory, which need not be that of the plan
	}
	if err := fillPage(cmd.Context(), w, p); err != nil {
		return err
	}
	return w.plans().Plan(p, nil)
}
