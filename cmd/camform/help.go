package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/cmd/camform/manual"
	"camform/cmd/camform/view"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// helpCommand shows how commands are used, and the pages of the manual.
func helpCommand(a *app) *cobra.Command {
	var man string
	cmd := &cobra.Command{
		Use:   "help [COMMAND... | TOPIC]",
		Short: "Show how a command is used, or a page of the manual",
		Long: `Show how a command is used, or a page of the manual about what a configuration can hold. Without an argument it lists both. Where a
command and a topic have the same name, both are shown. The name of a kind of setting shows its reference.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			kinds := hikvision.New(isapi.Options{}).Kinds() // whatever is wrong with the configuration, help is to be had
			switch {
			case man != "" && len(args) > 0:
				return errors.New("-man writes all pages; leave out " + strings.Join(args, " "))
			case man != "":
				return writeMan(a, cmd.Root(), kinds, man)
			case len(args) == 0:
				return helpOnAll(a, cmd.Root(), kinds)
			}
			return helpOn(a, cmd.Root(), kinds, args)
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			above, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			words := commandsOf(above)
			if above == cmd.Root() {
				words = append(words, manual.Names()...)
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().StringVar(&man, "man", "", "write all of it as pages of man into this `DIR`")
	return cmd
}

// commandsOf are the names of the commands below one, without those that only answer for other programs.
func commandsOf(cmd *cobra.Command) []string {
	var names []string
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() {
			names = append(names, below.Name())
		}
	}
	return names
}

// helpOnAll lists the commands and the topics.
func helpOnAll(a *app, root *cobra.Command, kinds *schema.Kinds) error {
	if err := root.Help(); err != nil {
		return err
	}
	fmt.Fprint(a.out, "\nTopics, each with \"camform help TOPIC\":\n")
	for _, t := range manual.Topics(kinds) {
		fmt.Fprintf(a.out, "  %-18s %s\n", t.Name, t.Summary)
	}
	return nil
}

// helpOn shows a command, a topic, or both.
func helpOn(a *app, root *cobra.Command, kinds *schema.Kinds, args []string) error {
	cmd, rest, err := root.Find(args)
	isCommand := err == nil && len(rest) == 0 && cmd != root
	name := strings.Join(args, " ")
	topic, isTopic := manual.Find(kinds, name)
	if isCommand {
		cmd.InitDefaultHelpFlag()
		if err := cmd.Help(); err != nil {
			return err
		}
	}
	switch {
	case isCommand && isTopic:
		fmt.Fprintln(a.out)
		fallthrough
	case isTopic:
		return topic.Text(a.out, a.style(a.out))
	case kinds.Lookup(name) != nil:
		return view.NewKinds(view.Text, a.stdout()).One(kinds.Lookup(name))
	case !isCommand:
		return noTopic(root, kinds, name)
	}
	return nil
}

// noTopic says which names there are.
func noTopic(root *cobra.Command, kinds *schema.Kinds, name string) error {
	text := fmt.Sprintf("there is no command and no topic %q", name)
	near := schema.Nearest(name, slices.Concat(manual.Names(), commandsOf(root), kinds.Names()))
	if near != "" {
		text += "; did you mean " + near + "?"
	} else {
		text += "."
	}
	return errors.New(text + "\nTopics: " + strings.Join(manual.Names(), ", ") + ".\nCommands: " + strings.Join(commandsOf(root), ", ") + ".")
}
