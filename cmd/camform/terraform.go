package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine/render"
)

// calledAs is the wording that the name asks for by which the program was called: programs that look for Terraform call it so.
func calledAs(program string) render.Wording {
	name := strings.TrimSuffix(filepath.Base(program), ".exe")
	if name == "terraform" || name == "tofu" {
		return render.Terraform
	}
	return render.Own
}

// forceUnlockCommand is camform state release by the name that Terraform has for it.
func forceUnlockCommand(a *app) *cobra.Command {
	cmd := stateReleaseCommand(a)
	cmd.Use, cmd.Hidden = "force-unlock RUN", true
	return cmd
}

// workspaceCommand tells of the one workspace that there is.
func workspaceCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "workspace", Hidden: true, Args: onlyCommands, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	for name, text := range map[string]string{"list": "* default\n\n", "show": "default\n"} {
		cmd.AddCommand(&cobra.Command{Use: name, Args: noArgs, RunE: func(*cobra.Command, []string) error {
			if err := a.speak(a.called); err != nil {
				return err
			}
			_, err := fmt.Fprint(a.out, text)
			return err
		}})
	}
	return cmd
}
