package main

import (
	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/plan"
)

func driftCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	var codes detail
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Show out-of-band changes on the devices",
		Long: `Read every device and show the differences from what was last applied. Nothing is changed on any device. Settings that
the configuration asks for and that were never applied are not drift: see "camform plan". Devices to which nothing has been
applied yet are counted.

Exit code: 0 if there is no drift, 2 if there is, 1 if something went wrong, if more devices could not be read than
-max-unreachable tolerates, or if the state has no record of any device. With -detailed-exitcode=fleet, 2 for drift even
if devices could not be read, and 3 if unread devices are the only problem.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return documents(a, flags, "drift", "camform drift", func() error {
				w, err := a.open(cmd, flags, withSecrets)
				if err != nil {
					return err
				}
				defer w.close()
				return codes.ends(w.drift(cmd, codes))
			})
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	flags.addOutput(cmd.Flags())
	addIgnored(cmd.Flags())
	flags.addComment(cmd.Flags(), "print Markdown, for a ticket or a chat")
	flags.addPage(cmd.Flags())
	codes.add(cmd.Flags(), "=fleet: exit with 2 for drift even if devices could not be read, and with 3 if that is the only problem")
	return cmd
}

func (w *workspace) drift(cmd *cobra.Command, codes detail) error {
	planned, err := w.planned(cmd, (*engine.Engine).Drift)
	if err != nil {
		return err
	}
	p := planned.Plan
	if w.page != nil {
		w.page.Drift(p, w.engine.Provider.Kinds())
	}
	if err := w.plans().Drift(p); err != nil {
		return err
	}
	drifted := p.Drifted() == plan.Bad
	if drifted {
		goOn(w, "To see what would put the devices back, run:", commandFor(w.app, "plan", lookedAt(w)...))
	}
	switch unread := w.tooManyUnread(p); {
	case len(p.Devices) > 0 && !p.Recorded():
		return errReported // the report said that drift is unknown
	case unread != nil && !(drifted && codes == fleetCodes):
		return unread
	case drifted:
		return exit{code: exitChanges}
	}
	return nil
}
