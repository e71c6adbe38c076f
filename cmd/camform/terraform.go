package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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

// addLocking accepts what Terraform's programs say about its lock. camform holds the devices that it changes, whatever is said here.
func addLocking(flags *pflag.FlagSet) {
	refusable(flags, "lock", "true", "camform always holds the devices that it changes, so that no two runs do at once; leave it out, and see -lock-timeout of camform apply")
	if flags.Lookup("lock-timeout") == nil {
		flags.Duration("lock-timeout", 0*time.Second, "accepted and ignored")
		flags.Lookup("lock-timeout").Hidden = true
	}
}

// addPlanning accepts what Terraform's programs say about plans, and refuses what a plan of camform is not.
func addPlanning(flags *pflag.FlagSet) {
	addLocking(flags)
	refusable(flags, "refresh", "true", "a plan of camform is about what devices say now; leave it out")
	refusable(flags, "refresh-only", "false", "to see what was changed on devices, run camform drift")
	refusable(flags, "destroy", "false", "devices are not destroyed: to let one go, take its block out and say so in a removed block")
	flags.Func("replace", "refused", func(string) error {
		return errors.New("settings are not replaced: camform rotate makes new passwords, and camform rollback brings back what was")
	})
	flags.Lookup("replace").Hidden = true
}

// refusable adds a hidden option that may only have one value. Instead says what to do for another.
func refusable(flags *pflag.FlagSet, name, only, instead string) {
	flags.BoolFunc(name, "accepted as "+only, func(text string) error {
		if text != only {
			return errors.New(instead)
		}
		return nil
	})
	flags.Lookup(name).Hidden = true
}

// elsewhere are commands of Terraform that camform does not have, with what to use instead.
var elsewhere = map[string]string{
	"console":   "to see what an expression is, put it into an output block and run camform plan",
	"destroy":   "devices are not destroyed: to let one go, take its block out and say so in a removed block",
	"get":       "there are no modules: what several devices have in common stands in a profile",
	"graph":     "camform explain ADDRESS and camform credentials show what depends on what",
	"providers": "camform settings lists the kinds of settings that it knows",
	"query":     "camform discover and camform inventory list devices",
	"refresh":   "every plan reads the devices; camform drift shows what was changed on them",
	"taint":     "settings are not replaced: camform rotate makes new passwords",
	"test":      "check blocks judge devices: camform plan -checks",
	"untaint":   "nothing is ever tainted: what did not end is finished by the next apply",
}

// terraformCommands are commands that users and programs know from Terraform: those that mean something here, and those that say what to
// use instead.
func terraformCommands(a *app) []*cobra.Command {
	all := []*cobra.Command{forceUnlockCommand(a), workspaceCommand(a)}
	for name, instead := range elsewhere {
		all = append(all, &cobra.Command{
			Use: name, Hidden: true, DisableFlagParsing: true,
			RunE: func(*cobra.Command, []string) error { return fmt.Errorf("camform has no %s: %s", name, instead) },
		})
	}
	slices.SortFunc(all, func(a, b *cobra.Command) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}

// forceUnlockCommand is camform state release by the name that Terraform has for it.
func forceUnlockCommand(a *app) *cobra.Command {
	cmd := stateReleaseCommand(a)
	cmd.Use, cmd.Hidden = "force-unlock RUN", true
	cmd.Flags().Bool("force", false, "accepted and ignored: nobody is asked")
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
	for _, name := range []string{"new", "select", "delete"} {
		cmd.AddCommand(&cobra.Command{Use: name, DisableFlagParsing: true, RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("camform has no workspace %s: %s", name, oneWorkspace)
		}})
	}
	return cmd
}
