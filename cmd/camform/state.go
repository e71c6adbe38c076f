package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine/config"
	"camform/engine/render"
	"camform/engine/state"
	"camform/schema"
)

func (a *app) stateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Look at what camform remembers",
		Long: `What camform remembers: who answered at each address, and what was last applied. The devices themselves are the truth;
forgetting a setting here changes nothing on a device.`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.stateListCommand(), a.stateShowCommand(), a.stateForgetCommand(), a.stateReleaseCommand(),
		a.stateRunsCommand())
	return cmd
}

// openForState opens the state without reading any secret or talking to any device.
func (a *app) openForState(cmd *cobra.Command) (*workspace, error) {
	flags := &runFlags{}
	path, err := a.stateLocation(flags)
	if err != nil {
		return nil, err
	}
	w := &workspace{app: a, flags: flags, run: newRun()}
	provider, err := a.provider()
	if err != nil {
		return nil, err
	}
	return w, w.openState(cmd.Context(), "state "+cmd.Name(), provider, path)
}

// stateLocation is where the state of the configuration is. Only the camform block is needed for that, so whatever else is
// wrong with the configuration does not matter.
func (a *app) stateLocation(flags *runFlags) (string, error) {
	settings, problems := config.LoadSettings(a.dir, config.Options{
		Kinds: schema.NewKinds(), Vars: flags.vars, Env: a.env, Version: version(), Secrets: config.Unread,
	})
	if problems.HasErrors() {
		return "", a.report(problems, nil)
	}
	return statePath(a.dir, settings.StatePath), nil
}

func (a *app) stateListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list [ADDR]...",
		Short: "List the devices and settings that are remembered",
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
				fmt.Fprintln(a.out, d.device.Address)
				for _, s := range d.settings {
					fmt.Fprintln(a.out, s.Address)
				}
			}
			return nil
		},
	}
}

func (a *app) stateShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ADDR",
		Short: "Show what is remembered of a device or a setting",
		Args:  cobra.MinimumNArgs(1),
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
			if asJSON {
				return w.showRememberedJSON(remembered)
			}
			return w.showRemembered(remembered)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) stateForgetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "forget ADDR...",
		Short: "Forget a device or a setting; the device keeps it as it is",
		Long: `Forget what is remembered of a device or a setting. Nothing changes on any device. A device that is forgotten is met like
a new one: the key of its TLS certificate and its serial number are pinned anew, which is what you want after it was
replaced, and only then.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			return w.forget(cmd, args)
		},
	}
}

func (a *app) stateReleaseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "release DEVICE ID",
		Short: "Release a device that a run holds which is gone",
		Long: `Release a device by force. A run holds a device while it changes it, so that no other run does. One that was
killed on this machine holds nothing any more, and one on another machine for a minute at most; whoever cannot wait for
a run that hangs releases the device with the id from the message that says who holds it. Make sure that the run is
gone.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			device, err := schema.ParseDevice(args[0])
			if err != nil {
				return err
			}
			id, err := strconv.ParseInt(args[1], 10, 64)
			if err != nil {
				return fmt.Errorf("%q is not an id; the message that says who holds a device has it", args[1])
			}
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			if err := w.store.ForceRelease(cmd.Context(), device, id); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "Released %s.\n", device)
			return nil
		},
	}
}

// remembered is one device with its settings.
type remembered struct {
	device   state.Device
	settings []state.Setting // ordered by address
}

// remembered finds what addresses name; without addresses, everything. An address that nothing is remembered of is an
// error.
func (w *workspace) remembered(cmd *cobra.Command, addresses []string) ([]remembered, error) {
	var targets []schema.Setting
	for _, text := range addresses {
		target, err := schema.ParseTarget(text)
		if err != nil {
			return nil, err
		}
		targets = append(targets, target)
	}
	devices, err := w.store.Devices(cmd.Context())
	if err != nil {
		return nil, err
	}
	var found []remembered
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
		rows, err := w.store.Settings(cmd.Context(), d.Address)
		if err != nil {
			return nil, err
		}
		entry := remembered{device: d}
		whole := wanted(schema.Setting{Device: d.Address})
		for _, row := range rows {
			if wanted(row.Address) {
				entry.settings = append(entry.settings, row)
			}
		}
		slices.SortFunc(entry.settings, func(a, b state.Setting) int { return a.Address.Compare(b.Address) })
		if whole || len(entry.settings) > 0 {
			found = append(found, entry)
		}
	}
	for i, ok := range hit {
		if !ok {
			return nil, fmt.Errorf("nothing is remembered of %s; camform state list shows what is", addresses[i])
		}
	}
	return found, nil
}

func (w *workspace) showRemembered(all []remembered) error {
	for i, r := range all {
		if i > 0 {
			fmt.Fprintln(w.out)
		}
		d := r.device
		rows := [][]string{
			{"address", d.Endpoint},
			{"serial number", d.Identity.Serial},
			{"MAC address", d.Identity.MAC},
			{"model", d.Identity.Model},
			{"firmware", d.Identity.Firmware},
			{"TLS key", d.Pin.SPKI},
			{"realm", d.Pin.Realm},
			{"digest", d.Pin.Algorithm},
			{"last seen", d.LastSeen.UTC().Format(whenLayout)},
		}
		fmt.Fprintf(w.out, "# %s\n", d.Address)
		if err := render.Table(w.out, nil, slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" })); err != nil {
			return err
		}
		for _, s := range r.settings {
			fmt.Fprintf(w.out, "\n%s (%s)\n", s.Address.Local(), notes(s))
			if err := render.Table(w.out, nil, attributeRows(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

func notes(s state.Setting) string {
	words := []string{"applied " + s.At.UTC().Format(whenLayout)}
	if s.Created {
		words = append(words, "created by camform")
	}
	if s.PendingReboot {
		words = append(words, "effective after the next restart")
	}
	return strings.Join(words, ", ")
}

func attributeRows(s state.Setting) [][]string {
	var applied map[string]json.RawMessage
	_ = json.Unmarshal(s.Applied, &applied) // the state holds what camform encoded
	var rows [][]string
	for name, value := range applied {
		rows = append(rows, []string{name, string(value)})
	}
	for name := range s.Fingerprints {
		rows = append(rows, []string{name, "(sensitive value)"})
	}
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return rows
}

func (w *workspace) showRememberedJSON(all []remembered) error {
	type setting struct {
		Address       string          `json:"address"`
		Applied       json.RawMessage `json:"applied"`
		Observed      json.RawMessage `json:"observed"`
		Secrets       []string        `json:"secrets,omitempty"`
		Created       bool            `json:"created"`
		PendingReboot bool            `json:"pending_reboot"`
		At            string          `json:"at"`
	}
	type device struct {
		Address  string    `json:"address"`
		Endpoint string    `json:"endpoint"`
		Identity any       `json:"identity"`
		Pin      any       `json:"pin"`
		LastSeen string    `json:"last_seen"`
		Settings []setting `json:"settings"`
	}
	listed := []device{}
	for _, r := range all {
		d := device{
			Address: r.device.Address.String(), Endpoint: r.device.Endpoint, Identity: r.device.Identity, Pin: r.device.Pin,
			LastSeen: r.device.LastSeen.UTC().Format("2006-01-02T15:04:05Z"), Settings: []setting{},
		}
		for _, s := range r.settings {
			shown := setting{
				Address: s.Address.String(), Applied: s.Applied, Observed: s.Observed, Created: s.Created,
				PendingReboot: s.PendingReboot, At: s.At.UTC().Format("2006-01-02T15:04:05Z"),
			}
			for name := range s.Fingerprints {
				shown.Secrets = append(shown.Secrets, name)
			}
			slices.Sort(shown.Secrets)
			d.Settings = append(d.Settings, shown)
		}
		listed = append(listed, d)
	}
	encoder := json.NewEncoder(w.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(listed)
}

func (w *workspace) forget(cmd *cobra.Command, addresses []string) error {
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
			if err := w.forgetCovered(cmd, target, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *workspace) forgetCovered(cmd *cobra.Command, target schema.Setting, r remembered) error {
	if target.Kind == "" && target.Covers(schema.Setting{Device: r.device.Address}) {
		if err := w.store.ForgetDevice(cmd.Context(), r.device.Address); err != nil {
			return err
		}
		fmt.Fprintf(w.out, "Forgot %s with %s.\n", r.device.Address, plural(len(r.settings), "setting"))
		return nil
	}
	for _, s := range r.settings {
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
