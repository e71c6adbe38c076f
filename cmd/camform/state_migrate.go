package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"camform/engine/render"
	"camform/engine/state"
)

// migrateFlags are the options of state migrate; exactly one must be given.
type migrateFlags struct {
	from, to string
	reclaim  bool
}

func stateMigrateCommand(a *app) *cobra.Command {
	flags := &migrateFlags{}
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Move the state from a file to PostgreSQL, or back into a file",
		Long: `Move the state from an SQLite file to PostgreSQL, or back. The state block of the configuration names the server in both
directions, and the option names the file:

  camform state migrate -from .camform/state.db    from the file to the server
  camform state migrate -to .camform/state.db      from the server to the file

Everything is moved: the records of devices, the secrets of the vault as ciphertext, login attempts, the journal, snapshots,
approvals and the audit log, which continues. Saved plans stay valid. The key of the state stays the same: for -from, the key in the
state block must be the one in the file beside the database whose name ends in .key; for -to, it is written there. The role on the
server must own the tables.

The destination must not have a state yet. While a run holds a device, nothing is migrated. Requests whose outcome is uncertain are
moved as they are, and the next apply resolves them. If a migration is killed, run it again: until it has finished, only one of the
two places is valid, and commands refuse the other one.

From then on, every command refuses the old place and names the new one: two states would not know of each other which login
attempts are used up and which passwords were set. To go back, migrate back. Only if the new place is lost for good, use -reclaim:
it reactivates the old one, which the configuration must then name, and every managed password is uncertain from then on.

Exit code: 0 if it is done; 1 if not: a run holds a device, the keys differ, or the destination already has a state.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := a.begin()
			if err != nil {
				return err
			}
			if err := b.settled(); err != nil {
				return err
			}
			if flags.reclaim {
				return b.reclaim(cmd.Context())
			}
			return b.migrate(cmd.Context(), flags)
		},
	}
	cmd.Flags().StringVar(&flags.from, "from", "", "move the state from this `FILE` to the server of the configuration")
	cmd.Flags().StringVar(&flags.to, "to", "", "move the state from the server of the configuration into this `FILE`")
	cmd.Flags().BoolVar(&flags.reclaim, "reclaim", false, "reactivate the state of the configuration, because the place to which it was migrated is lost")
	cmd.MarkFlagsMutuallyExclusive("from", "to", "reclaim")
	cmd.MarkFlagsOneRequired("from", "to", "reclaim")
	return cmd
}

// migrate brings the state from a file to the server of the configuration, or back.
func (b *beginning) migrate(ctx context.Context, flags *migrateFlags) error {
	if b.settings.Postgres == nil {
		return fmt.Errorf("the configuration names no server: its state is in the file %s. Add a block state \"postgres\", which names the server in both directions, and run this again", b.settings.StatePath)
	}
	server, err := b.server(ctx)
	if err != nil {
		return err
	}
	from, to := state.Place{File: flags.from}, state.Place{Server: server}
	if flags.to != "" {
		from, to = to, state.Place{File: flags.to}
		path, err := filepath.Abs(flags.to)
		if err != nil {
			return err
		}
		if err := b.report(b.rules.CheckState(path, b.settings.StateRange), b.source.Texts()); err != nil {
			return err
		}
	}
	_, stop, release := b.interruptible(ctx)
	defer release()
	done, err := state.Migrate(stop, from, to, stateOptions("state migrate"), migrating(b.err))
	switch held, isHeld := errors.AsType[state.HeldErrors](err); {
	case isHeld:
		return fmt.Errorf("run %s of %s holds %s, so nothing was migrated. Wait for it to end; if it is gone, run: camform state release %s",
			held[0].Run, held[0].Owner.Who, render.Plural(len(held), "device"), held[0].Run)
	case errors.Is(err, context.Canceled): // which comes before anything is changed for good
		return errors.Join(errors.New("interrupted; the state has not moved"), ctx.Err())
	case err != nil:
		return err
	}
	b.migrated(from, to, done)
	return nil
}

// toldRows is after how many rows of a table a migration tells how far it is.
const toldRows = 50_000

func migrating(to io.Writer) func(state.Progress) {
	return func(p state.Progress) {
		if p.Reached == state.Copying && p.Rows%toldRows == 0 {
			fmt.Fprintf(to, "%s: %d rows so far\n", p.Table, p.Rows)
		}
	}
}

func (b *beginning) migrated(from, to state.Place, done state.Migrated) {
	if done.Ended {
		fmt.Fprintln(b.out, "An earlier migration had copied everything; it is finished now.")
	}
	count := func(table, word string) string { return render.Plural(int(done.Rows[table]), word) }
	fmt.Fprintf(b.out, "The state is now in %s: %s, %s, %s, %s, %s.\n", to, count("devices", "device"), count("settings", "setting"),
		count("secrets", "version")+" of secrets", count("runs", "run"), count("audit_log", "record")+" of the audit log")
	if done.Open > 0 {
		fmt.Fprintf(b.out, "The outcome of %s is uncertain; the next apply resolves it.\n", render.Plural(done.Open, "request"))
	}
	fmt.Fprintf(b.out, "The state in %s is no longer valid, and every command refuses it.\n", from)
	if to.File != "" {
		fmt.Fprintln(b.out, "Now remove the state block from the configuration, or let it name the file.")
	}
}

// reclaim takes the state of the configuration into use again.
func (b *beginning) reclaim(ctx context.Context) error {
	at := state.Place{File: b.settings.StatePath}
	if b.settings.Postgres != nil {
		server, err := b.server(ctx)
		if err != nil {
			return err
		}
		at = state.Place{Server: server}
	}
	done, err := state.Reclaim(ctx, at, stateOptions("state migrate"))
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "The state is in %s again, as it was on %s. It does not know what was done since then with the one in %s.\n",
		at, done.Since.Format(time.RFC3339), done.Place)
	if done.Secrets > 0 {
		fmt.Fprintf(b.out, "Uncertain since then: %s. camform plan tries each once, and says what to do where a device refuses it.\n",
			render.Plural(done.Secrets, "password"))
	}
	return nil
}
