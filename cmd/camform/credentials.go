package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"camform/engine"
	"camform/engine/auditlog"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/render"
	"camform/schema"
)

func (a *app) credentialsCommand() *cobra.Command {
	flags := &runFlags{}
	var due bool
	cmd := &cobra.Command{
		Use:   "credentials [ADDRESS]...",
		Short: "List the accounts of devices: how old their passwords are, and who uses them",
		Long: `List the accounts that the configuration declares: by which policy a password is managed, how old it is, when it is due, and
who logs in with it. No password is shown, no secret is read, and no device is asked.

Exit code: 0; with -due, 2 if a password is due, does not exist yet or is in doubt.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = append(flags.targets, args...)
			w, err := a.openUnread(cmd, flags)
			if err != nil {
				return err
			}
			defer w.close()
			return w.credentials(cmd, due)
		},
	}
	flags.addConfig(cmd.Flags())
	cmd.Flags().BoolVar(&flags.json, "json", false, "print one JSON document instead of text")
	cmd.Flags().BoolVar(&due, "due", false, "list only passwords that are due, do not exist yet or are in doubt")
	cmd.AddCommand(a.reviewCommand())
	return cmd
}

// openUnread loads the configuration without reading any secret, and opens its state.
func (a *app) openUnread(cmd *cobra.Command, flags *runFlags) (*workspace, error) {
	provider, err := a.provider()
	if err != nil {
		return nil, err
	}
	cfg, err := a.configure(flags, provider.Kinds(), config.Unread)
	if err != nil {
		return nil, err
	}
	w := &workspace{app: a, flags: flags, config: cfg, run: newRun()}
	if w.targets, err = parseTargets(flags.targets, cfg); err != nil {
		return nil, err
	}
	return w, w.openState(cmd.Context(), cmd.Name(), provider, statePath(a.dir, cfg.Settings.StatePath))
}

func (w *workspace) credentials(cmd *cobra.Command, onlyDue bool) error {
	accounts, err := w.engine.Credentials(cmd.Context(), w.config, w.targets)
	if err != nil {
		return err
	}
	attention := func(a engine.Account) bool { return a.Overdue || a.InDoubt || a.Policy != "" && a.Version == 0 }
	open := slices.ContainsFunc(accounts, attention)
	if onlyDue {
		accounts = slices.DeleteFunc(accounts, func(a engine.Account) bool { return !attention(a) })
	}
	switch {
	case w.flags.json:
		err = writeJSON(w.out, accountsDocument(accounts, nil))
	case len(accounts) == 0 && onlyDue:
		fmt.Fprintln(w.out, "No password is due.")
	case len(accounts) == 0:
		fmt.Fprintln(w.out, "The configuration declares no accounts.")
	default:
		err = render.Table(w.out, accountHeader, accountRows(accounts, w.engine.Now()))
	}
	if err == nil && onlyDue && open {
		return exit{code: exitChanges}
	}
	return err
}

var accountHeader = []string{"device", "account", "level", "policy", "age", "standing", "who uses it"}

func accountRows(accounts []engine.Account, now time.Time) [][]string {
	var rows [][]string
	for _, a := range accounts {
		rows = append(rows, []string{
			a.Device.String(), a.Account, orDash(a.Level), orDash(a.Policy), age(a.Since, now), a.Describe(), orDash(strings.Join(a.Users, ", ")),
		})
	}
	return rows
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// age is how long ago a password was set.
func age(since *time.Time, now time.Time) string {
	if since == nil {
		return "not known"
	}
	if days := int(now.Sub(*since).Hours() / 24); days > 0 {
		return plural(days, "day")
	}
	return "today"
}

// accountDoc is an account in a JSON document.
type accountDoc struct {
	Device string `json:"device"`
	engine.Account
	Standing string `json:"standing"`
}

func accountsDocument(accounts []engine.Account, unread map[schema.Device]string) any {
	docs := make([]accountDoc, len(accounts))
	for i, a := range accounts {
		docs[i] = accountDoc{Device: a.Device.String(), Account: a, Standing: a.Describe()}
	}
	problems := map[string]string{}
	for device, problem := range unread {
		problems[device.String()] = problem
	}
	return struct {
		Accounts []accountDoc      `json:"accounts"`
		Unread   map[string]string `json:"unread,omitempty"`
	}{docs, problems}
}

func writeJSON(w io.Writer, document any) error {
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// reviewFlags are the options of credentials review.
type reviewFlags struct {
	runFlags
	markdown bool
	closing  string
}

func (a *app) reviewCommand() *cobra.Command {
	flags := &reviewFlags{}
	cmd := &cobra.Command{
		Use:   "review [ADDRESS]...",
		Short: "Report who has access to what, and close the periodic review",
		Long: `Ask every device for its accounts and report who has access to what, since when, and when passwords were last changed:
accounts that are declared, and those that devices have although nobody declares them. Nothing is changed on any device.

Whoever has read the report closes the review with -close and a remark. That is kept in the audit log, together with the
hash of the report.

Exit code: 0 if all is well, 1 if a device could not be read, 2 if an account needs attention.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.targets = append(flags.targets, args...)
			w, err := a.open(cmd, &flags.runFlags)
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
	cmd.Flags().BoolVar(&flags.json, "json", false, "print one JSON document instead of text")
	cmd.Flags().BoolVar(&flags.markdown, "markdown", false, "print Markdown, for a ticket or a report")
	cmd.Flags().StringVar(&flags.closing, "close", "", "close the review with this `REMARK`")
	return cmd
}

func (w *workspace) review(cmd *cobra.Command, flags *reviewFlags) error {
	ctx, stop, release := w.interruptible(cmd.Context(), func() {})
	defer release()
	progress := w.progress(0)
	w.engine.Event = progress.Event
	accounts, unread, problems := w.engine.Review(stop, w.config, w.targets)
	progress.Close()
	w.engine.Event = ignoreEvents
	if stop.Err() != nil {
		return errors.Join(errors.New("interrupted; no device was changed"), ctx.Err())
	}
	if err := w.report(problems, w.config.Sources); err != nil {
		return err
	}
	text, err := reviewText(accounts, unread, flags, w.engine.Now())
	if err != nil {
		return err
	}
	fmt.Fprint(w.out, text)
	if flags.closing != "" {
		if err := w.closeReview(cmd.Context(), text, len(accounts), flags.closing); err != nil {
			return err
		}
	}
	return verdictOf(accounts, unread)
}

// verdictOf ends the program by what a review found.
func verdictOf(accounts []engine.Account, unread map[schema.Device]string) error {
	needsAttention := func(a engine.Account) bool {
		return a.Overdue || a.InDoubt || !a.Declared || a.Found != nil && !*a.Found
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

func reviewText(accounts []engine.Account, unread map[schema.Device]string, flags *reviewFlags, now time.Time) (string, error) {
	var out strings.Builder
	if flags.json {
		err := writeJSON(&out, accountsDocument(accounts, unread))
		return out.String(), err
	}
	rows := accountRows(accounts, now)
	if flags.markdown {
		fmt.Fprintf(&out, "# Who has access\n\nAs of %s.\n\n", now.UTC().Format(whenLayout))
		markdownTable(&out, accountHeader, rows)
	} else if err := render.Table(&out, accountHeader, rows); err != nil {
		return "", err
	}
	for _, device := range slices.SortedFunc(keys(unread), schema.Device.Compare) {
		fmt.Fprintf(&out, "\n%s could not be read: %s\n", device, diag.CleanText(unread[device]))
	}
	return out.String(), nil
}

func keys(m map[schema.Device]string) func(yield func(schema.Device) bool) {
	return func(yield func(schema.Device) bool) {
		for device := range m {
			if !yield(device) {
				return
			}
		}
	}
}

// markdownTable writes a table. Texts of devices cannot leave their cells.
func markdownTable(out io.Writer, header []string, rows [][]string) {
	line := func(cells []string) {
		for i, cell := range cells {
			cells[i] = strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", "`", "\\`", "[", "\\[").Replace(diag.CleanText(cell))
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
	line(slices.Clone(header))
	fmt.Fprintf(out, "|%s\n", strings.Repeat("---|", len(header)))
	for _, row := range rows {
		line(row)
	}
}

// closeReview keeps that somebody has read the report.
func (w *workspace) closeReview(ctx context.Context, text string, accounts int, remark string) error {
	sum := sha256.Sum256([]byte(text))
	err := w.store.Audit(ctx, auditlog.Record{
		Run: w.run, Action: "review-closed", Reason: remark,
		Detail: fmt.Sprintf("%s in a report with the hash sha256:%s", plural(accounts, "account"), hex.EncodeToString(sum[:])),
	})
	if err == nil {
		fmt.Fprintln(w.err, "The review is closed; camform audit-log show has it.")
	}
	return err
}
