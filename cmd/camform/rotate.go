package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/schema"
)

// rotateFlags are the options of rotate.
type rotateFlags struct {
	runFlags
	decision
	due bool
}

func rotateCommand(a *app) *cobra.Command {
	flags := &rotateFlags{}
	cmd := &cobra.Command{
		Use:   "rotate [ADDRESS]...",
		Short: "Give managed accounts new passwords",
		Long: `Make new passwords for the accounts that have a password_policy: for all of them, for the named devices or accounts, or with
-due for those that are due.

A new password is in the vault before it is sent. It becomes the current one when a login with it over a new connection has
succeeded, and the old one is kept. Settings of other devices that log in with it, such as channels of a recorder, are changed
right after, and the account that camform itself uses comes last. Passwords that an interrupted run left uncertain are resolved
first, within the login attempts that a device allows.

Exit code: 0 if every password was changed and proven, 1 if anything was not.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.format.ForPrograms() && !flags.approved && flags.out == "" {
				return errors.New("rotate -json cannot ask for approval: add -auto-approve, or save the plan with -out")
			}
			flags.targets = append(flags.targets, args...)
			return streams(a, &flags.runFlags, flags.operation(), func() error {
				w, err := a.open(cmd, &flags.runFlags, withSecrets)
				if err != nil {
					return err
				}
				defer w.close()
				return flags.codes.ends(w.rotate(cmd, flags))
			})
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	flags.addOutput(cmd.Flags())
	flags.addStream(cmd.Flags())
	addIgnored(cmd.Flags())
	cmd.Flags().BoolVar(&flags.due, "due", false, "only passwords that are due or do not exist yet")
	cmd.Flags().StringVar(&flags.out, "out", "", "save the plan to this `FILE`, for camform apply FILE")
	flags.addFlags(cmd.Flags())
	return cmd
}

func (w *workspace) rotate(cmd *cobra.Command, flags *rotateFlags) error {
	if len(w.config.Devices) > 0 && !managesAny(w.config, w.targets) {
		return fmt.Errorf("no account of %s has a password_policy, so there is nothing to rotate; "+
			"declare a credential_policy and give it to a login or a user block", cmp.Or(strings.Join(flags.targets, ", "), "this configuration"))
	}
	if err := w.recover(cmd.Context(), engine.Accesses(w.config.Devices)); err != nil {
		return err
	}
	choice := engine.All
	if flags.due {
		choice = engine.Due
	}
	planned, err := w.planned(cmd, func(e *engine.Engine, ctx context.Context, cfg *config.Config, targets []schema.Setting) (*engine.Planned, diag.Problems) {
		return e.Rotate(ctx, cfg, targets, choice)
	})
	if err != nil {
		return err
	}
	if !flags.format.ForPrograms() && !view.Tells(planned.Plan) {
		fmt.Fprintln(w.out, "No password is due.")
		return nil
	}
	return w.decide(cmd, planned.Plan, flags.decision)
}

// managesAny reports whether a configuration has accounts whose passwords are managed, among those that targets name.
func managesAny(cfg *config.Config, targets []schema.Setting) bool {
	aimed := func(address schema.Setting) bool {
		return len(targets) == 0 || slices.ContainsFunc(targets, func(t schema.Setting) bool { return t.Covers(address) })
	}
	for _, d := range cfg.Devices {
		for _, s := range d.Settings {
			for _, a := range s.Attributes {
				if a.Policy != nil && aimed(s.Address) {
					return true
				}
			}
		}
	}
	return false
}
