package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine/config"
	"camform/schema"
)

func settingsCommand(a *app) *cobra.Command {
	var format view.Format
	var jsonSchema bool
	cmd := &cobra.Command{
		Use:   "settings [KIND]",
		Short: "List the kinds of settings, or show the reference of one",
		Args:  arguments(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := a.begin()
			if err != nil {
				return err
			}
			kinds := b.provider.Kinds()
			if jsonSchema && len(args) > 0 {
				return errors.New("-json-schema describes all kinds; leave out " + args[0])
			}
			if jsonSchema {
				_, err := a.out.Write(config.JSONSchema(kinds))
				return err
			}
			shown := view.NewKinds(format, a.stdout())
			if len(args) == 0 {
				return shown.All(kinds)
			}
			kind := kinds.Lookup(args[0])
			if kind == nil {
				text := fmt.Sprintf("there is no kind of setting called %q", args[0])
				if near := schema.Nearest(args[0], kinds.Names()); near != "" {
					text += "; did you mean " + near + "?"
				}
				return exit{code: exitError, text: text}
			}
			return shown.One(kind)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			if err := a.enter(); err != nil { // the options of the command line are known only now
				return nil, cobra.ShellCompDirectiveError
			}
			b, err := a.begin()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return b.provider.Kinds().Names(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	formatOption(cmd.Flags(), &format, view.Markdown, "markdown", "print Markdown; without a KIND, print the reference of all kinds")
	cmd.Flags().BoolVar(&jsonSchema, "json-schema", false, "print a JSON Schema of *.cam.json files, for editors")
	return cmd
}
