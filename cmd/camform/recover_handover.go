package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"camform/engine/atomicfile"
	"camform/engine/recover"
	"camform/engine/state"
	"camform/engine/vault"
)

const maxHandover = 1 << 30

func recoverHandoverCommand(a *app) *cobra.Command {
	flags, to := &caseFlags{}, &recipientFlags{}
	cmd := &cobra.Command{
		Use:   "handover FILE",
		Short: "Hand a case over to another state",
		Long: `Write a case with all its files into an age file, and close it here: from then on it can be continued only where it is
accepted. If the file could not be written or is lost, the same command with -case CASE writes it again, for the same keys.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.open(cmd, &flags.runFlags, withoutSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return cases{w}.handOver(cmd.Context(), flags.id, args[0], to.keys)
		},
	}
	flags.add(cmd.Flags())
	cmd.Flags().StringArrayVar(&to.keys, "recipient", nil, "let `KEY` open the file: a public key of age (age1...) or of SSH; may be repeated")
	return cmd
}

func (w cases) handOver(ctx context.Context, id, path string, keys []string) error {
	all, err := w.engine.Cases(ctx)
	if err != nil {
		return err
	}
	c, err := chosenCase(all, id)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("-recipient: say who can open the file: camform vault recipients shows the key on the other side")
	}
	if err := vacant("FILE", path, path); err != nil {
		return err
	}
	if err := vault.SealFile(io.Discard, nil, vault.Recipients{Keys: keys}); err != nil {
		return err // before the case is closed here
	}
	readers := strings.Join(keys, " ")
	switch last := c.Last(recover.Handover); {
	case c.Custody == recover.Here:
		e := recover.Event{Who: who(), Step: recover.Handover, Kind: recover.Done, Data: map[string]string{"recipients": readers}}
		if c, err = w.engine.EndCase(ctx, c, e, recover.Away); err != nil {
			return err
		}
	case c.Custody != recover.Away:
		return fmt.Errorf("the case %s is %s", c.ID, c.Custody)
	case last == nil || last.Data["recipients"] != readers:
		return fmt.Errorf("the case %s was handed over already, to other keys", c.ID)
	}
	plain, err := w.engine.HandOver(ctx, c)
	if err != nil {
		return err
	}
	if err := atomicfile.CreateBy(path, 0o600, func(to io.Writer) error { return vault.SealFile(to, plain, vault.Recipients{Keys: keys}) }); err != nil {
		return fmt.Errorf("%w; the case is closed here, and the same command with another FILE and -case %s writes it again", err, c.ID)
	}
	fmt.Fprintf(w.out, "Case %s of %s is in %s. It is closed here; to continue it in the other state, run there: camform recover accept FILE\n", c.ID, c.Device, path)
	return nil
}

func recoverAcceptCommand(a *app) *cobra.Command {
	flags := &caseFlags{}
	cmd := &cobra.Command{
		Use:   "accept FILE",
		Short: "Continue a case that another state handed over",
		Long: `Open a case that another state handed over. It can be opened once: the state records which generations of a case it has accepted,
and accepts none twice.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.open(cmd, &flags.runFlags, withoutSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return cases{w}.accept(cmd.Context(), args[0])
		},
	}
	flags.addConfig(cmd.Flags())
	return cmd
}

func (w cases) accept(ctx context.Context, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	plain, err := w.vault.OpenFile(ctx, io.LimitReader(file, maxHandover))
	if err != nil {
		return fmt.Errorf("%s is not a case that was handed over to a key of this vault: %w", path, err)
	}
	c, err := w.engine.Accept(ctx, w.config, plain, who())
	switch {
	case errors.Is(err, state.ErrCaseKnown):
		return fmt.Errorf("%w: case %s, generation %d", err, c.ID, c.Generation)
	case err != nil:
		return err
	}
	fmt.Fprintf(w.out, "Case %s of %s is open here. Its events so far were recorded by another state, and are not proven here.\n\n", c.ID, c.Device)
	r, err := w.with(ctx, c)
	if err != nil {
		return err
	}
	return r.showNext()
}
