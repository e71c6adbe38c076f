package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine/shell"
	"camform/schema"
)

func explainCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "explain ADDRESS",
		Short: "Show where a setting comes from, who last applied it, and who uses it",
		Long: `Show for a setting, or for all settings of a device, which line of the configuration or which profile wants each value, what was
last applied, by whom and why, and who logs in. This uses the configuration, the state and the audit log; no device is contacted,
and no secret is read.`,
		Example: `  camform explain 'device.gate["north"].https'`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := schema.ParseTarget(args[0])
			if err != nil {
				return err
			}
			w, err := a.open(cmd, flags, withoutSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return explain(cmd, w, target)
		},
	}
	flags.addVars(cmd.Flags())
	formatOption(cmd.Flags(), &flags.format, view.JSON, "json", "print one JSON document instead of text")
	return cmd
}

func explain(cmd *cobra.Command, w *workspace, target schema.Setting) error {
	found, err := w.engine.Explain(cmd.Context(), w.config, []schema.Setting{target}, w.auditLog.AuditEntries(cmd.Context(), 1))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("the configuration does not ask for %s, and camform has no record of it; camform plan -target=%s shows what is declared, camform state list what is recorded",
			target, shell.Word(target.Device.String()))
	}
	return view.NewExplanations(w.flags.format, w.stdout()).Explain(found)
}
