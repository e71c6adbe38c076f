package main

import (
	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine"
)

func driftCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Show what was changed on the devices behind camform's back",
		Long: `Read every device and show what differs from what was last applied. Nothing is changed on any device. What the
configuration asks for and was never applied is no drift: see "camform plan".

Exit code: 0 if there is no drift, 2 if there is, 1 if something went wrong or a device could not be read.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.open(cmd, flags, withSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return w.drift(cmd)
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	flags.addOutput(cmd.Flags())
	addIgnored(cmd.Flags())
	formatOption(cmd.Flags(), &flags.format, view.Markdown, "markdown", "print Markdown, for a ticket or a chat")
	cmd.Flags().Bool("detailed-exitcode", true, "accepted and ignored: drift always tells by its exit code")
	cmd.Flags().Lookup("detailed-exitcode").Hidden = true
	return cmd
}

func (w *workspace) drift(cmd *cobra.Command) error {
	planned, err := w.planned(cmd, (*engine.Engine).Drift)
	if err != nil {
		return err
	}
	p := planned.Plan
	if err := w.plans().Drift(p); err != nil {
		return err
	}
	if err := w.tooManyUnread(p); err != nil {
		return err
	}
	if !p.Empty() {
		return exit{code: exitChanges}
	}
	return nil
}
