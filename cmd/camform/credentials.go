package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/auditlog"
	"camform/engine/diag"
	"camform/engine/render"
	"camform/schema"
)

func credentialsCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	var due bool
	cmd := &cobra.Command{
		Use:   "credentials [ADDRESS]...",
		Short: "List the accounts of devices: how old their passwords are, and who uses them",
		Long: `List the accounts that the configuration declares: which policy manages the password, how old it is, when it is due, and who
logs in with it, as declared and as recorders reported when a plan last read them. Passwords of accounts that are no longer in the
configuration are still in the vault; they are listed as orphaned. No password is shown, no secret is read, and no device is
contacted.

Exit code: 0; with -due, 2 if a password is due, does not exist yet or is uncertain, and 1 if no account has a policy that says
when.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = append(flags.targets, args...)
			w, err := a.open(cmd, flags, withoutSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return w.credentials(cmd, due)
		},
	}
	flags.addConfig(cmd.Flags())
	formatOption(cmd.Flags(), &flags.format, view.JSON, "json", "print one JSON document instead of text")
	cmd.Flags().BoolVar(&due, "due", false, "list only passwords that are due, do not exist yet or are uncertain")
	cmd.AddCommand(reviewCommand(a))
	return cmd
}

func (w *workspace) credentials(cmd *cobra.Command, onlyDue bool) error {
	if onlyDue && len(w.config.Devices) > 0 && !managesAny(w.config, w.targets) {
		return errors.New("no account has a password_policy, so nothing says when a password is due; " +
			"declare a credential_policy and give it to a login or a user block")
	}
	accounts, err := w.engine.Credentials(cmd.Context(), w.config, w.targets)
	if err != nil {
		return err
	}
	attention := func(a engine.Account) bool {
		return !a.Orphaned && (a.Overdue || a.InDoubt || a.Uncertain != nil || a.Policy != "" && a.Version == 0)
	}
	open := slices.ContainsFunc(accounts, attention)
	if onlyDue {
		accounts = slices.DeleteFunc(accounts, func(a engine.Account) bool { return !attention(a) })
	}
	shown := view.NewAccounts(w.flags.format, reported(w, w.flags.format), w.engine.Now())
	if !onlyDue {
		return shown.Declared(accounts)
	}
	if err := shown.Due(accounts); err != nil {
		return err
	}
	if open {
		return exit{code: exitChanges}
	}
	return nil
}

// reviewFlags are the options of credentials review.
type reviewFlags struct {
	runFlags
	closing string
}

func reviewCommand(a *app) *cobra.Command {
	flags := &reviewFlags{}
	cmd := &cobra.Command{
		Use:   "review [ADDRESS]...",
		Short: "Report who has access to what, and close the periodic review",
		Long: `Ask every device for its accounts and report who has access to what, since when, and when passwords were last changed:
accounts that are declared, and undeclared ones on the devices. Nothing is changed on any device.

When you have read the report, close the review with -close and a remark. Both go into the audit log, together with the hash
of the report.

Exit code: 0 if all is well, 1 if a device could not be read, 2 if an account needs attention.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = append(flags.targets, args...)
			w, err := a.open(cmd, &flags.runFlags, withSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return w.review(cmd, flags)
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	addIgnored(cmd.Flags())
	formatOption(cmd.Flags(), &flags.format, view.JSON, "json", "print one JSON document instead of text")
	formatOption(cmd.Flags(), &flags.format, view.Markdown, "markdown", "print Markdown, for a ticket or a report")
	sayVar(cmd.Flags(), &flags.closing, "close", "close the review with this `REMARK`")
	return cmd
}

func (w *workspace) review(cmd *cobra.Command, flags *reviewFlags) error {
	var accounts []engine.Account
	var unread map[schema.Device]string
	var problems diag.Problems
	err := w.read(cmd.Context(), "no device was changed", func(ctx context.Context, e *engine.Engine) {
		accounts, unread, problems = e.Review(ctx, w.config, w.targets)
	})
	if err != nil {
		return err
	}
	failed := w.report(problems, w.config.Sources)
	if unread == nil {
		return failed
	}
	hash := sha256.New()
	out := reported(w, flags.format)
	out.Writer = io.MultiWriter(w.out, hash)
	if err := view.NewAccounts(flags.format, out, w.engine.Now()).Review(accounts, unread, flags.targets); err != nil {
		return err
	}
	switch {
	case failed != nil && flags.closing != "":
		return errors.New("the review stays open, since parts of it are unreliable; fix the problems above, then close it")
	case failed != nil:
		return failed
	case flags.closing != "":
		if err := w.closeReview(cmd.Context(), hash.Sum(nil), len(accounts), flags); err != nil {
			return err
		}
	}
	return verdictOf(accounts, unread)
}

// verdictOf ends the program by what a review found.
func verdictOf(accounts []engine.Account, unread map[schema.Device]string) error {
	needsAttention := func(a engine.Account) bool {
		return a.Overdue || a.InDoubt || a.Uncertain != nil || !a.Declared || a.Found != nil && !*a.Found
	}
	switch {
	case len(unread) > 0:
		return errReported
	case slices.ContainsFunc(accounts, needsAttention):
		return exit{code: exitChanges}
	default:
		return nil
	}
}

// closeReview keeps that somebody has read the report with the hash.
func (w *workspace) closeReview(ctx context.Context, hash []byte, accounts int, flags *reviewFlags) error {
	detail := fmt.Sprintf("%s in a report with the hash sha256:%s", render.Plural(accounts, "account"), hex.EncodeToString(hash))
	if len(flags.targets) > 0 {
		detail += ", restricted to " + strings.Join(flags.targets, ", ")
	}
	err := w.auditLog.Audit(ctx, auditlog.Record{Run: w.run, Action: "review-closed", Reason: flags.closing, Detail: detail})
	if err == nil {
		fmt.Fprintln(w.err, "The review is closed; camform audit-log show shows it.")
	}
	return err
}
