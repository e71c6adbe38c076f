package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/atomicfile"
	"camform/engine/credential"
	"camform/engine/papers"
	"camform/engine/recover"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// paperFlags are the options of commands that print a paper.
type paperFlags struct {
	caseFlags
	out string
}

func (f *paperFlags) add(flags *pflag.FlagSet) {
	f.caseFlags.add(flags)
	formatOption(flags, &f.format, view.JSON, "json", "print one JSON document instead of text")
	formatOption(flags, &f.format, view.Markdown, "markdown", "print Markdown, for a ticket or a page")
	formatOption(flags, &f.format, view.HTML, "html", "print a page for a browser and a printer")
	flags.StringVar(&f.out, "out", "", "write to this `FILE` instead of the standard output; it must not exist yet")
}

func recoverRecordCommand(a *app) *cobra.Command {
	flags := &paperFlags{}
	cmd := &cobra.Command{
		Use:   "record [CASE]",
		Short: "Write the change record of a case",
		Long: `Write who did what in a case, with whose approval, how ownership was verified, with which method and tool, which files were
exchanged with whom and how, what it cost and what was changed. Gaps in the record are marked. Passwords that the vault knows are
blanked, even where somebody typed one into a remark.

When all steps before it are done, the record is kept with the case, sealed, and its hash goes into the audit log. Until then, it
is a draft.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.paper(cmd, flags, args, func(ctx context.Context, r *recovery, show func(papers.Paper) error) error {
				return r.writeRecord(ctx, show)
			})
		},
	}
	flags.add(cmd.Flags())
	cmd.MarkFlagsMutuallyExclusive("json", "markdown", "html")
	return cmd
}

func recoverCardCommand(a *app) *cobra.Command {
	flags := &paperFlags{}
	cmd := &cobra.Command{
		Use:   "card [CASE]",
		Short: "Print one page for the staff on site: how to handle files, and what never to do",
		Long: `Print one page for the person at the device: how to handle files, codes and photos, never to share or try passwords, and to use
only the vendor's tools. With -html it fits one sheet of paper, to be signed. "camform recover done card read_by='NAME, DATE'"
records who has read it.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.paper(cmd, flags, args, func(_ context.Context, r *recovery, show func(papers.Paper) error) error {
				return show(papers.Card(r.Case, r.facts))
			})
		},
	}
	flags.add(cmd.Flags())
	cmd.MarkFlagsMutuallyExclusive("json", "markdown", "html")
	return cmd
}

// paper opens a case, and shows a paper of it without secrets.
func (a *app) paper(cmd *cobra.Command, flags *paperFlags, args []string, make func(context.Context, *recovery, func(papers.Paper) error) error) error {
	flags.id = strings.Join(append(args, flags.id), "")
	r, err := a.recovery(cmd, &flags.caseFlags)
	if err != nil {
		return err
	}
	defer r.close()
	if r.Custody == recover.Purged {
		return fmt.Errorf("the case %s was purged: only its number is on record", r.ID)
	}
	if err := vacant("-out", flags.out, flags.out); err != nil {
		return err
	}
	blanks, err := r.blanks(cmd.Context())
	if err != nil {
		return err
	}
	return make(cmd.Context(), r, func(p papers.Paper) error {
		p = p.Blanked(blanks.Blank)
		if flags.out == "" {
			return view.NewPaper(flags.format, r.stdout()).Paper(p)
		}
		var text bytes.Buffer
		if err := view.NewPaper(flags.format, view.Output{Writer: &text}).Paper(p); err != nil {
			return err
		}
		if err := atomicfile.Create(flags.out, text.Bytes(), 0o600); err != nil {
			return fmt.Errorf("-out: %w", err)
		}
		return nil
	})
}

// blanks blanks every password that the vault ever had for the device of the case, and its recovery files.
func (r *recovery) blanks(ctx context.Context) (*providers.Redactor, error) {
	var all []schema.Secret
	for _, name := range []string{credential.Name(r.Case.Device, r.device.Login.Username), credential.RecoveryFile(r.Case.Device)} {
		versions, err := r.vault.History(ctx, name)
		if errors.Is(err, schema.ErrAbsent) || errors.Is(err, state.ErrNoVault) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			secret, err := r.vault.Open(v)
			if err != nil {
				return nil, fmt.Errorf("the document could not be searched for passwords, so it was not written: %w", err)
			}
			all = append(all, secret)
		}
	}
	if password, err := r.engine.Remembered(ctx, r.device, recover.Current); err == nil {
		all = append(all, password) // one from elsewhere; that of the vault is among those above
	}
	return providers.NewRedactor(all...), nil
}

// writeRecord shows the record, and keeps it with the case unless the case goes on.
func (r *recovery) writeRecord(ctx context.Context, show func(papers.Paper) error) error {
	p := papers.Change(r.Case, r.facts)
	if err := show(p); err != nil {
		return err
	}
	step, ok := recover.Find(r.Case, r.facts, recover.Record)
	if r.Custody == recover.Away || !ok || r.Custody == recover.Here && step.State != recover.Ready && step.State != recover.Over {
		fmt.Fprintf(r.err, "This is a draft: the case is still open. %s\n", draftBecause(r.Case))
		return nil
	}
	blanks, err := r.blanks(ctx)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := view.NewPaper(view.JSON, view.Output{Writer: &text}).Paper(p.Blanked(blanks.Blank)); err != nil {
		return err
	}
	record := engine.Attach("record.json", "record", text.Bytes())
	if files, _ := r.Files(); slices.Contains(files, record.File) {
		return nil // it is kept already, word for word
	}
	event := recover.Event{Who: who(), Step: recover.Record, Kind: recover.Done, Remark: "record.json, SHA-256 " + record.SHA256}
	if _, err := r.engine.Noted(ctx, r.Case, event, record); err != nil {
		return err
	}
	fmt.Fprintf(r.err, "The record is kept with the case %s, and its hash is in the audit log.\n", r.ID)
	return nil
}

// draftBecause says why a record is not kept here.
func draftBecause(c recover.Case) string {
	if c.Custody == recover.Away {
		return "It was handed over; write the record where the case is open."
	}
	return "camform recover next shows what has to be done before the record."
}

func recoverReviewCommand(a *app) *cobra.Command {
	flags, due, remark := &runFlags{}, "", ""
	cmd := &cobra.Command{
		Use:   "review DEVICE -due DATE",
		Short: "Set the date of the next review of a recovered device's password",
		Long: `Record that access to a device was reviewed, and when the next review is due. From the day after that date, "camform audit"
exits with 1 until you set another date.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = args
			date, err := time.Parse(time.DateOnly, due)
			if err != nil {
				return errors.New("-due: write the date like 2027-05-31")
			}
			w, err := a.open(cmd, flags, withoutSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			device, err := onlyDevice(w.config, w.targets[0])
			if err != nil {
				return err
			}
			c, err := w.engine.Reviewed(cmd.Context(), device.Address, recover.Event{
				Who: who(), Step: recover.Review, Kind: recover.Done, Data: map[string]string{"due": due}, Remark: remark,
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(w.out, "The password of %s has to be reviewed by %s; this is recorded in case %s.\n", device.Address, date.Format(time.DateOnly), c.ID)
			return nil
		},
	}
	flags.addConfig(cmd.Flags())
	cmd.Flags().StringVar(&due, "due", "", "the `DATE` by which it is due, such as 2027-05-31")
	sayVar(cmd.Flags(), &remark, "remark", "what the review found, for the `RECORD`")
	return cmd
}
