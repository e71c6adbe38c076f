package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/atomicfile"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/lockfile"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/engine/state"
	"camform/schema"
)

func lockCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "Record the capabilities of each device for validate",
		Long: `Read from every device which settings it has and which values they accept, and write that to camform.lock.json in the
directory of the configuration. Nothing is changed on any device. Keep the file in the repository: with it, "camform
validate" finds values that a device would reject without contacting it, even where no device can be reached. The file
contains no secrets, and of the devices' current values only small numbers and switches.

Run it again when devices are added, removed or get other firmware; it reports what changed. A device that cannot be read
keeps its entry.

Exit code: 0 if all is well, 1 if something went wrong, or a device or a setting could not be read.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := a.open(cmd, flags, withSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return w.lock(cmd)
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	addIgnored(cmd.Flags())
	return cmd
}

func (w *workspace) lock(cmd *cobra.Command) error {
	old, err := w.readLock()
	if err != nil {
		return err
	}
	if old == nil {
		old = lockfile.New()
	}
	var fresh *lockfile.File
	var problems diag.Problems
	err = w.read(cmd.Context(), "the lock file is unchanged", func(ctx context.Context, e *engine.Engine) {
		fresh, problems = e.Lock(ctx, w.config, w.targets, old)
	})
	if err != nil {
		return err
	}
	if fresh == nil {
		return w.report(problems, w.config.Sources)
	}
	if err := atomicfile.Replace(lockfile.Name, fresh.Encode(), 0o600); err != nil {
		return err
	}
	var changes []render.Trouble
	for _, c := range fresh.Changes(old) {
		changes = append(changes, render.Trouble{Device: c.Device, Text: c.Text})
	}
	if err := w.stdout().News(changes); err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%s has the capabilities of %s.\n", lockfile.Name, render.Plural(fresh.Len(), "device"))
	return w.unlessTolerated(problems)
}

// unlessTolerated prints which devices could not be read, or not in whole, and what else is wrong. They are an error unless as many
// are tolerated and at least one was read; everything else is one.
func (w *workspace) unlessTolerated(problems diag.Problems) error {
	tolerance := w.tolerance(plan.Tolerance(w.config.Settings.MaxUnreachable))
	unread, others, looked := 0, false, namedBy(w.targets, w.config.Devices)
	partly := map[schema.Device]bool{}
	for _, p := range problems {
		switch {
		case p.Code == engine.NotReadCode && p.Severity == diag.Error && p.Address.Kind != "":
			partly[p.Address.Device] = true
		case p.Code == engine.NotReadCode && p.Severity == diag.Error:
			unread++
		case p.Severity == diag.Error:
			others = true
		}
	}
	if err := w.report(problems, w.config.Sources); err != nil && (others || unread == looked || !tolerance.Allows(unread+len(partly), looked)) {
		return err
	}
	return nil
}

// namedBy is how many devices targets name; no targets name all of them.
func namedBy(targets []schema.Setting, devices []*config.Device) int {
	n := 0
	for _, d := range devices {
		if len(targets) == 0 || slices.ContainsFunc(targets, func(t schema.Setting) bool {
			return t.Covers(schema.Setting{Device: d.Address, Kind: t.Kind, Key: t.Key})
		}) {
			n++
		}
	}
	return n
}

// readLock reads the lock of the configuration, nil if there is none. Like every file of a configuration it lies in the directory: a
// link that a repository brought along leads nowhere else.
func (a *app) readLock() (*lockfile.File, error) {
	root, err := os.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(lockfile.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file; remove it, and run camform lock", lockfile.Name)
	}
	text, err := root.ReadFile(lockfile.Name)
	if err != nil {
		if link, _ := os.Lstat(lockfile.Name); link != nil && link.Mode()&fs.ModeSymlink != 0 {
			return nil, fmt.Errorf("%s is a link out of the directory, which may have come with the repository; remove it, and run camform lock",
				lockfile.Name)
		}
		return nil, err
	}
	locked, err := lockfile.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", lockfile.Name, err)
	}
	return locked, nil
}

// tellLocked says if the lock still knows devices by names that they had. A lock that cannot be read is for camform lock to tell of.
func (a *app) tellLocked(old []schema.Device) {
	locked, err := a.readLock()
	if err != nil || locked == nil {
		return
	}
	n := 0
	for _, device := range old {
		if _, known := locked.Device(device); known {
			n++
		}
	}
	if n > 0 {
		fmt.Fprintf(a.err, "%s still has %s under the old name; run camform lock to update it.\n", lockfile.Name, render.Plural(n, "device"))
	}
}

// withoutDevices are the problems of a configuration that can be found without its devices: by the values alone, and by what the lock
// knows.
func (b *beginning) withoutDevices(ctx context.Context, cfg *config.Config) (diag.Problems, error) {
	locked, err := b.readLock()
	if err != nil {
		return nil, err
	}
	seen, unread := b.lastSeen(ctx, locked)
	return append(engine.Validate(cfg, locked, seen, b.provider), unread...), nil
}

// lastSeen are the devices as a state at hand remembers them, to compare a lock with. No server is asked for that. A state that cannot
// be read leaves open whether the lock is out of date, which is no error.
func (b *beginning) lastSeen(ctx context.Context, locked *lockfile.File) ([]state.Device, diag.Problems) {
	path := b.settings.StatePath
	if locked == nil || b.onServer(path) {
		return nil, nil
	}
	m, err := b.recall(ctx, "validate", path, b.source.Moves())
	if err == nil && m.store == nil {
		return nil, nil
	}
	var seen []state.Device
	if err == nil {
		defer m.close()
		seen, err = m.store.AllDevices(ctx)
	}
	if err != nil {
		return nil, diag.Problems{{
			Severity: diag.Warning, Code: "state-not-read", Summary: "State could not be read",
			Detail: fmt.Sprintf("Whether %s is out of date is uncertain, since the state could not be read: %s", lockfile.Name, diag.Sentence(err.Error())),
		}}
	}
	return seen, nil
}
