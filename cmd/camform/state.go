package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine/render"
	"camform/engine/state"
	"camform/schema"
)

func stateCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Show and manage the state",
		Long: `The state holds camform's records: which device answered at each address, and what was last applied. The devices themselves
are the truth; forgetting a setting here changes nothing on a device.`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(stateListCommand(a), stateShowCommand(a), stateForgetCommand(a), stateMoveCommand(a), stateReleaseCommand(a),
		stateRunsCommand(a), stateBackupCommand(a), stateRestoreCommand(a), stateMigrateCommand(a), statePullCommand(a))
	return cmd
}

func stateListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list [ADDR]...",
		Short: "List the devices and settings in the state",
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			remembered, err := w.remembered(cmd, args)
			if err != nil {
				return err
			}
			for _, d := range remembered {
				fmt.Fprintln(a.out, d.Device.Address)
				for _, s := range d.Settings {
					fmt.Fprintln(a.out, s.Address)
				}
			}
			return nil
		},
	}
}

func stateShowCommand(a *app) *cobra.Command {
	var format view.Format
	cmd := &cobra.Command{
		Use:   "show ADDR",
		Short: "Show the record of a device or a setting",
		Args:  arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			remembered, err := w.remembered(cmd, args)
			if err != nil {
				return err
			}
			return view.NewState(format, w.stdout()).Show(remembered, nil)
		},
	}
	formatOption(cmd.Flags(), &format, view.JSON, "json", "print JSON")
	return cmd
}

func stateForgetCommand(a *app) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:     "forget ADDR...",
		Aliases: []string{"rm"},
		Short:   "Forget a device or a setting; nothing changes on the device",
		Long: `Delete the record of a device or a setting. Nothing changes on any device. camform then treats a forgotten device like a new
one and pins the key of its TLS certificate and its serial number again, which is what you want after it was replaced, and only
then.`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			return w.forget(cmd, args, dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would be forgotten")
	return cmd
}

func stateReleaseCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "release RUN",
		Short: "Release the devices that a dead run still holds",
		Long: `Release devices by force. A run holds the devices that it changes, so that no other run changes them. A run that was killed
on this machine holds nothing any more, and one that was killed on another machine holds them for a minute at most. If a run
hangs and you cannot wait, release its devices by its name, which is in the message that says who holds them. Make sure first
that the run is gone.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			held, err := w.store.Held(cmd.Context())
			if err != nil {
				return err
			}
			n := 0
			for _, h := range held {
				if h.Run != args[0] {
					continue
				}
				if err := w.store.ForceRelease(cmd.Context(), h.Device, h.ID); err != nil {
					return err
				}
				n++
			}
			if n == 0 {
				return fmt.Errorf("run %s holds no device", args[0])
			}
			fmt.Fprintf(a.out, "Released %s.\n", render.Plural(n, "device"))
			return nil
		},
	}
}

// remembered finds the records that addresses name; without addresses, all. An address without a record is an
// error.
func (w *workspace) remembered(cmd *cobra.Command, addresses []string) ([]render.Remembered, error) {
	var targets []schema.Setting
	for _, text := range addresses {
		target, err := schema.ParseTarget(text)
		if err != nil {
			return nil, err
		}
		targets = append(targets, target)
	}
	devices, err := w.store.AllDevices(cmd.Context())
	if err != nil {
		return nil, err
	}
	var found []render.Remembered
	hit := make([]bool, len(targets))
	wanted := func(address schema.Setting) bool {
		any := len(targets) == 0
		for i, t := range targets {
			if t.Covers(address) {
				hit[i], any = true, true
			}
		}
		return any
	}
	for _, d := range devices {
		rows, err := w.store.SettingsOf(cmd.Context(), d.Address)
		if err != nil {
			return nil, err
		}
		entry := render.Remembered{Device: d}
		whole := wanted(schema.Setting{Device: d.Address})
		for _, row := range rows {
			if wanted(row.Address) {
				entry.Settings = append(entry.Settings, row)
			}
		}
		slices.SortFunc(entry.Settings, func(a, b state.Setting) int { return a.Address.Compare(b.Address) })
		if whole || len(entry.Settings) > 0 {
			found = append(found, entry)
		}
	}
	for i, ok := range hit {
		if !ok {
			return nil, fmt.Errorf("camform has no record of %s; camform state list shows what is recorded", addresses[i])
		}
	}
	return found, nil
}

// forget forgets what addresses name, or only says what that is.
func (w *workspace) forget(cmd *cobra.Command, addresses []string, dryRun bool) error {
	found, err := w.remembered(cmd, addresses)
	if err != nil {
		return err
	}
	for _, text := range addresses {
		target, err := schema.ParseTarget(text)
		if err != nil {
			return err
		}
		for _, r := range found {
			if dryRun {
				wouldForget(w, target, r)
			} else if err := w.forgetCovered(cmd, target, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// wouldForget says in the words of Terraform what an address covers.
func wouldForget(w *workspace, target schema.Setting, r render.Remembered) {
	if target.Covers(schema.Setting{Device: r.Device.Address}) {
		fmt.Fprintf(w.out, "Would remove %s\n", r.Device.Address)
	}
	for _, s := range r.Settings {
		if target.Covers(s.Address) {
			fmt.Fprintf(w.out, "Would remove %s\n", s.Address)
		}
	}
}

func (w *workspace) forgetCovered(cmd *cobra.Command, target schema.Setting, r render.Remembered) error {
	if target.Kind == "" && target.Covers(schema.Setting{Device: r.Device.Address}) {
		if err := w.store.ForgetDevice(cmd.Context(), r.Device.Address); err != nil {
			return err
		}
		fmt.Fprintf(w.out, "Forgot %s with %s.\n", r.Device.Address, render.Plural(len(r.Settings), "setting"))
		return nil
	}
	for _, s := range r.Settings {
		if !target.Covers(s.Address) {
			continue
		}
		if err := w.store.ForgetSetting(cmd.Context(), s.Address); err != nil {
			return err
		}
		fmt.Fprintf(w.out, "Forgot %s.\n", s.Address)
	}
	return nil
}
