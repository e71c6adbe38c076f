package main

import (
	"github.com/spf13/cobra"
)

func (a *app) showCommand() *cobra.Command {
	flags := &runFlags{}
	var markdown bool
	cmd := &cobra.Command{
		Use:   "show [PLANFILE]",
		Short: "Show a saved plan, or what camform remembers",
		Long:  `Show a saved plan as "camform plan" showed it. Without a file, show everything that camform remembers.`,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			w.flags = flags
			if len(args) == 1 {
				p, err := a.readPlan(args[0], w)
				if err != nil {
					return err
				}
				return w.show(p, planOutput{markdown: markdown})
			}
			remembered, err := w.remembered(cmd, nil)
			if err != nil {
				return err
			}
			if flags.json {
				return w.showRememberedJSON(remembered)
			}
			return w.showRemembered(remembered)
		},
	}
	flags.addOutput(cmd.Flags())
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print Markdown")
	return cmd
}
