package main

import (
	"slices"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine/diag"
	"camform/engine/operator"
)

func operatorCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "operator",
		Short: "Show the operator's rules, which no configuration can change",
		Args:  onlyCommands,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var format view.Format
	check := &cobra.Command{
		Use:   "check",
		Short: "Show which rules are in force, and from which files",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			rules, err := a.rules()
			if err != nil {
				return err
			}
			var places []view.RulesPlace
			for _, p := range operator.Places(a.env) {
				places = append(places, view.RulesPlace{Path: p.Path, InForce: slices.Contains(rules.Files(), p.Path)})
			}
			return view.NewRules(format, a.stdout()).Rules(places, rules.Tell())
		},
	}
	formatOption(check.Flags(), &format, view.JSON, "json", "print JSON")
	cmd.AddCommand(check)
	return cmd
}

// unruled warns where a pipeline plans and only the configuration sets rules. At somebody's own terminal, the
// configuration is that person's.
func (a *app) unruled(rules operator.Rules) error {
	if ci, _ := a.env("CI"); ci == "" || ci == "false" || !rules.None() {
		return nil
	}
	return a.report(diag.Problems{{
		Severity: diag.Warning, Code: operator.Code, Summary: "There are no operator's rules for this configuration",
		Detail: "Anybody who can change it can send any secret that this job can read to any address, run commands with exec:, and choose where the state is. " +
			"Write the operator's rules on this machine before it plans pull requests from people you do not trust; camform operator check shows where the rules can be.",
	}}, nil)
}
