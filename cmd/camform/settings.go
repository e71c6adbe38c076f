package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"camform/engine/render"
	"camform/schema"
)

func (a *app) settingsCommand() *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:   "settings [KIND]",
		Short: "List the kinds of settings, or show the reference of one",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			kinds := a.provider().Kinds()
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
			return a.provider().Kinds().Names(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print Markdown; without a KIND, the reference of all of them")
	return cmd
}

func (a *app) listKinds(kinds *schema.Kinds, markdown bool) error {
	if markdown {
		for _, kind := range kinds.All() {
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
