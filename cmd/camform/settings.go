package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"camform/engine/config"
	"camform/engine/render"
	"camform/schema"
)

func (a *app) settingsCommand() *cobra.Command {
	var markdown, jsonSchema bool
	cmd := &cobra.Command{
		Use:   "settings [KIND]",
		Short: "List the kinds of settings, or show the reference of one",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			provider, err := a.provider()
			if err != nil {
				return err
			}
			kinds := provider.Kinds()
			if jsonSchema && len(args) > 0 {
				return errors.New("-json-schema describes all kinds at once; leave out " + args[0])
			}
			if jsonSchema {
				_, err := a.out.Write(config.JSONSchema(kinds))
				return err
			}
			if len(args) == 0 {
				return a.listKinds(kinds, markdown)
			}
			kind := kinds.Lookup(args[0])
			if kind == nil {
				text := fmt.Sprintf("there is no kind of setting called %q", args[0])
				if near := schema.Nearest(args[0], kinds.Names()); near != "" {
					text += "; did you mean " + near + "?"
				}
				return exit{code: exitError, text: text}
			}
			return a.showKind(kind, markdown)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			provider, err := a.provider()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return provider.Kinds().Names(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print Markdown; without a KIND, the reference of all of them")
	cmd.Flags().BoolVar(&jsonSchema, "json-schema", false, "print a JSON Schema of *.cam.json files, for editors")
	return cmd
}

func (a *app) listKinds(kinds *schema.Kinds, markdown bool) error {
	if markdown {
		fmt.Fprint(a.out, "# Settings\n\n")
		if err := render.KindsMarkdown(a.out, kinds); err != nil {
			return err
		}
		for _, kind := range kinds.All() {
			fmt.Fprintln(a.out)
			if err := a.showKind(kind, true); err != nil {
				return err
			}
		}
		return nil
	}
	var rows [][]string
	for _, kind := range kinds.All() {
		rows = append(rows, []string{kind.Name, kind.Summary, string(kind.Risk), string(kind.Confidence)})
	}
	if err := render.Table(a.out, []string{"kind", "what it is", "risk", "confidence"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(a.out, "\ncamform settings KIND shows the arguments of one.")
	return nil
}

func (a *app) showKind(kind *schema.Kind, markdown bool) error {
	if markdown {
		return render.KindMarkdown(a.out, kind)
	}
	return render.KindText(a.out, kind, a.style(a.out))
}
