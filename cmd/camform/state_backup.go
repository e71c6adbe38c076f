package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"camform/engine/atomicfile"
	"camform/engine/auditlog"
	"camform/engine/render"
	"camform/engine/shell"
	"camform/engine/state"
	"camform/engine/vault"
)

func stateBackupCommand(a *app) *cobra.Command {
	var replace bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the state, with its vault, to a file",
		Long: `Write the state as it is at this moment to a file for "camform state restore": the records of devices, the audit log, and the
secrets of the vault as ciphertext. Other runs may go on meanwhile.

Anybody who can open the vault can open the backup, on any machine. Your identity is not in it: keep a copy of that in another
place. The key beside the state is included, sealed for the vault, since with it passwords can be guessed from plans and states.
Without a vault, the key is left out: keep a copy of it away from the backups.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := a.begin()
			if err != nil {
				return err
			}
			if err := b.onlyFiles(); err != nil {
				return err
			}
			w, err := b.openThere(cmd.Context(), "state backup")
			if err != nil {
				return err
			}
			defer w.close()
			publish := atomicfile.Publish
			if replace {
				publish = atomicfile.Supersede
			}
			return w.backup(cmd.Context(), a.out, args[0], publish)
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "replace the file if there is one")
	return cmd
}

// onlyFiles refuses a command about the file of the state where that is on a server.
func (b *beginning) onlyFiles() error {
	if b.settings.Postgres == nil {
		return nil
	}
	return fmt.Errorf("the state is in PostgreSQL, at %s, so there is no file to copy. Back it up with pg_dump -Fc -n camform, and restore it with pg_restore "+
		"into an empty database; keep a copy of the key of the state (%s) in another place", b.settings.StatePath, b.settings.Postgres.Key)
}

// openThere opens the state that there is, and makes none.
func (b *beginning) openThere(ctx context.Context, operation string) (*workspace, error) {
	if _, err := os.Stat(b.settings.StatePath); err != nil {
		return nil, fmt.Errorf("there is no state here: %w; camform state restore FILE makes one from a backup", err)
	}
	return b.openState(ctx, operation, &runFlags{}, nil)
}

// backup writes a backup of the state into a file, which publish gives its name.
func (m memory) backup(ctx context.Context, out io.Writer, file string, publish func(temporary, path string) error) error {
	seal := m.vault.Seal
	if _, err := m.store.Vault(ctx); errors.Is(err, state.ErrNoVault) {
		seal = nil
	} else if err != nil {
		return err
	}
	made, err := m.backups.Save(ctx, file, seal, publish)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s already exists and was not changed. Choose another name, or add -replace", file)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Wrote the state to %s: %s, %s.\n", file, render.Plural(made.Devices, "device"), render.Plural(made.Secrets, "secret"))
	if seal == nil {
		fmt.Fprintf(out, "There is no vault, so the key of the state is not in it. To restore it on another machine, keep a copy of %s.key away from it.\n",
			m.path)
	}
	return nil
}

// restoreFlags are the options of state restore.
type restoreFlags struct {
	foreign, merge bool
}

func stateRestoreCommand(a *app) *cobra.Command {
	flags := &restoreFlags{}
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Replace the state by a backup, or take newer passwords from one",
		Long: `Replace the state, which may be damaged or gone, by a backup of "camform state backup". The old state is kept in a file beside
it. Nothing changes on any device.

Devices may have newer passwords than the backup, so each managed password is uncertain from then on: it is tried once, and
if a device rejects it, the next plan names the command with which you give camform the current one. If another backup, or the
file with the old state, has newer passwords, restore -merge takes them: it uses nothing else of that file, and the passwords
that were in use are kept as earlier versions.

Exit code: 0 if it is done; 1 if not: a run holds a device, the file is damaged, of a newer camform, or of another state.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := a.begin()
			if err != nil {
				return err
			}
			if err := b.settled(); err != nil {
				return err
			}
			if err := b.onlyFiles(); err != nil {
				return err
			}
			backup, err := state.OpenBackup(cmd.Context(), args[0], b.settings.StatePath)
			if err != nil {
				return err
			}
			defer func() { _ = backup.Close() }()
			theirs := vault.New(backup.Secrets, backup.Key, b.unlock(nil))
			if flags.merge {
				return b.merge(cmd.Context(), backup, theirs)
			}
			return b.restore(cmd.Context(), backup, theirs, flags)
		},
	}
	cmd.Flags().BoolVar(&flags.foreign, "foreign", false, "restore the backup even though it is of another state")
	cmd.Flags().BoolVar(&flags.merge, "merge", false, "only take the passwords that are newer in the backup")
	cmd.MarkFlagsMutuallyExclusive("foreign", "merge")
	return cmd
}

// restore replaces the state by a backup.
func (b *beginning) restore(ctx context.Context, backup *state.Backup, theirs *vault.Vault, flags *restoreFlags) error {
	restore := backup.Restore
	if flags.foreign {
		restore = backup.RestoreForeign
	}
	path := b.settings.StatePath
	done, err := restore(ctx, path, state.Restoring{Options: stateOptions("state restore"), Unseal: theirs.Unseal})
	if held, ok := errors.AsType[state.HeldErrors](err); ok {
		return fmt.Errorf("run %s of %s holds %s, so nothing was restored. Wait for it to end; if it is gone, run: camform state release %s",
			held[0].Run, held[0].Owner.Who, render.Plural(len(held), "device"), held[0].Run)
	}
	if err != nil {
		return err
	}
	date := backup.Made.Format(time.RFC3339)
	fmt.Fprintf(b.out, "The state was restored from the backup of %s.\n", date)
	if done.Aside != "" {
		fmt.Fprintf(b.out, "The previous state is in %s.\n", done.Aside)
	}
	if done.Secrets == 0 {
		return nil
	}
	fmt.Fprintf(b.out, "Uncertain since then: %s. camform plan tries each once, and says what to do if a device rejects it.\n",
		render.Plural(done.Secrets, "password"))
	if done.Mergeable {
		fmt.Fprintf(b.out, "To take newer passwords from the previous state: camform state restore -merge %s\n", shell.Word(done.Aside))
	}
	return nil
}

// merge takes newer passwords from a backup.
func (b *beginning) merge(ctx context.Context, backup *state.Backup, theirs *vault.Vault) error {
	w, err := b.openThere(ctx, "state restore")
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.backups.Related(backup); err != nil {
		return fmt.Errorf("%w; take its passwords with camform vault export there and camform vault import here", err)
	}
	done, err := w.vault.Merge(ctx, theirs, backup.Made)
	if err != nil {
		return err
	}
	counts := fmt.Sprintf("%d newer, %d older, %d the same", len(done.Newer), len(done.Older), len(done.Same))
	if err := w.auditLog.Audit(ctx, auditlog.Record{
		Action: auditlog.SecretsMerged, Detail: fmt.Sprintf("from the backup of %s: %s", backup.Made.Format(time.RFC3339), counts),
	}); err != nil {
		return err
	}
	fmt.Fprintf(w.out, "Secrets in the backup of %s: %s.\n", backup.Made.Format(time.RFC3339), counts)
	for _, name := range done.Newer {
		fmt.Fprintf(w.out, "%s: now the version of the backup; the earlier one is kept\n", name)
	}
	for _, name := range done.Older {
		fmt.Fprintf(w.out, "%s: the vault has a newer one, which stays in use\n", name)
	}
	return nil
}
