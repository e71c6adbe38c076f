package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine/config"
	"camform/engine/render"
	"camform/engine/shell"
)

// What variables of the environment begin with.
const (
	ownPrefix       = "CAMFORM_"
	terraformPrefix = "TF_" // those of Terraform are read where camform speaks as it does
)

// valuePrefixes are what variables of the environment begin with that give values to variables of the configuration.
func valuePrefixes(a *app) []string {
	prefixes := []string{config.ValuePrefix}
	if a.called == render.Terraform {
		prefixes = append(prefixes, terraformPrefix+"VAR_")
	}
	return prefixes
}

// automated reports whether a program reads what is printed, so that hints what to type next are of no use.
func (a *app) automated() bool {
	own, _ := a.env(ownPrefix + "IN_AUTOMATION")
	theirs := ""
	if a.called == render.Terraform {
		theirs, _ = a.env(terraformPrefix + "IN_AUTOMATION")
	}
	return own != "" || theirs != ""
}

// oneWorkspace says what to do instead of using another workspace.
const oneWorkspace = `a configuration has one state; use another state block, or another directory, which "camform init" prepares`

// speak takes over the wording that a configuration asks for, and refuses what the environment says to Terraform and camform cannot do:
// it would work with the devices of somebody else, or with other options than those that were meant.
func (a *app) speak(wording render.Wording) error {
	if a.called = cmp.Or(a.called, wording); a.called != render.Terraform {
		return nil
	}
	if name, _ := a.env(terraformPrefix + "WORKSPACE"); name != "" && name != "default" {
		return fmt.Errorf("%sWORKSPACE asks for the workspace %q, and camform has no workspaces: %s. Unset it to go on", terraformPrefix, name, oneWorkspace)
	}
	if a.unheard != "" {
		return fmt.Errorf("the options in %s are read only where camform is called as terraform or tofu; put them into %s, or unset it",
			a.unheard, ownPrefix+strings.TrimPrefix(a.unheard, terraformPrefix))
	}
	return nil
}

// withArgsFromEnv adds the words of CAMFORM_CLI_ARGS and CAMFORM_CLI_ARGS_command behind the name of the command, where state_list is
// the command "state list". Called as Terraform, it does so with those of Terraform, too, in the order that they have there.
func withArgsFromEnv(a *app, root *cobra.Command, args []string) ([]string, error) {
	cmd, rest, err := root.Find(args)
	if err != nil || cmd == root {
		return args, nil
	}
	path := strings.Fields(cmd.CommandPath())[1:]
	const general = "CLI_ARGS"
	var own, theirs []string
	for _, name := range append([]string{cmd.Name()}, cmd.Aliases...) {
		words := append(path[:len(path)-1:len(path)-1], name)
		specific := general + "_" + strings.ReplaceAll(strings.Join(words, "_"), "-", "_")
		own, theirs = append(own, ownPrefix+specific), append(theirs, terraformPrefix+specific)
	}
	own, theirs = append([]string{ownPrefix + general}, own...), append(theirs, terraformPrefix+general)
	var extra []string
	for _, name := range append(theirs, own...) {
		text, ok := a.env(name)
		if !ok || text == "" {
			continue
		}
		if strings.HasPrefix(name, terraformPrefix) && a.called != render.Terraform {
			a.unheard = name
			continue
		}
		words, err := shell.Words(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		extra = append(extra, words...)
	}
	if len(extra) == 0 {
		return args, nil
	}
	return append(append(path, doubleDashes(extra)...), rest...), nil
}
