package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine/auditlog"
	"camform/engine/render"
	"camform/schema"
)

// shownRecords is how many records are listed if nobody says which.
const shownRecords = 100

func auditLogCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit-log",
		Short: "Show who did what, and prove that nobody changed the log",
		Long: `Everything that camform does to a device, a password or its state is recorded in the audit log as it happens: who did it,
from where, on which device, and with which outcome. It contains no passwords. Nothing is ever removed from it.

Each record holds the hash of the one before it, so "camform audit-log verify" finds a record that was changed, removed,
repeated or moved, and says which. If the last records are removed, or the whole log is rewritten, only an earlier head of
the log gives that away. camform keeps the head in the state and in a file beside it; somebody who can change both can hide
it there. So keep the head that "show" prints, or an export, where others cannot change it: in the log of a CI job, in a
pull request, in a ticket.`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(auditLogShowCommand(a), auditLogVerifyCommand(a), auditLogExportCommand(a))
	return cmd
}

// recordFilter says which records are listed.
type recordFilter struct {
	run    string
	device string
	since  time.Duration
}

func auditLogShowCommand(a *app) *cobra.Command {
	var which recordFilter
	var format view.Format
	cmd := &cobra.Command{
		Use:   "show",
		Short: "List the records of the audit log",
		Long: `List the records of the audit log, oldest first, and its head; without options, the last ` + strconv.Itoa(shownRecords) + ` of them. This does not prove
that nobody changed them; camform audit-log verify does.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			takes, err := which.compile(time.Now())
			if err != nil {
				return err
			}
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			return w.listRecords(cmd.Context(), format, which, takes)
		},
	}
	cmd.Flags().StringVar(&which.run, "run", "", "list the records of this `RUN` only")
	cmd.Flags().StringVar(&which.device, "device", "", "list the records of this device (`ADDR`ess) only")
	cmd.Flags().DurationVar(&which.since, "since", 0, "list only the records of the last `TIME`, such as 24h")
	formatOption(cmd.Flags(), &format, view.JSON, "json", "print one JSON object per line, with all fields of each record")
	return cmd
}

// compile makes a function that says whether a record is to be listed.
func (f recordFilter) compile(now time.Time) (takes func(auditlog.Record) bool, err error) {
	var target schema.Setting
	if f.device != "" {
		if target, err = schema.ParseTarget(f.device); err != nil {
			return nil, fmt.Errorf("-device: %w", err)
		}
		if target.Kind != "" {
			return nil, fmt.Errorf("-device: %s is a setting; give its device: %s", f.device, target.Device)
		}
	}
	if f.since < 0 {
		return nil, fmt.Errorf("-since: %v is in the future", f.since)
	}
	return func(r auditlog.Record) bool {
		device, err := schema.ParseDevice(r.Device)
		return (f.run == "" || r.Run == f.run) &&
			(f.device == "" || err == nil && target.Covers(schema.Setting{Device: device})) &&
			(f.since == 0 || r.Time.After(now.Add(-f.since)))
	}, nil
}

// records goes through the records that are to be listed. One that cannot be read ends the list.
func (w *workspace) records(ctx context.Context, takes func(auditlog.Record) bool) iter.Seq2[view.Record, error] {
	return func(yield func(view.Record, error) bool) {
		for e, err := range w.auditLog.AuditEntries(ctx, 1) {
			if err != nil {
				yield(view.Record{}, err)
				return
			}
			r, err := e.Record()
			if err != nil {
				yield(view.Record{}, fmt.Errorf("%w; run camform audit-log verify for details", err))
				return
			}
			if takes(r) && !yield(view.Record{Record: r, Text: e.Text}, nil) {
				return
			}
		}
	}
}

func (w *workspace) listRecords(ctx context.Context, format view.Format, which recordFilter, takes func(auditlog.Record) bool) error {
	most := 0
	if which == (recordFilter{}) {
		most = shownRecords
	}
	shown := view.NewRecords(format, w.stdout(), most)
	if err := shown.List(w.records(ctx, takes)); err != nil {
		return err
	}
	head, err := w.auditLog.AuditHead(ctx)
	if err != nil {
		return err
	}
	return shown.Head(head)
}

func auditLogVerifyCommand(a *app) *cobra.Command {
	var heads []string
	cmd := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Prove that nobody changed the audit log",
		Long: `Prove that the audit log is as it was written: that no record was changed, removed, repeated or moved, and that the log
contains the heads that are kept in the state and in the file beside it. With FILE, check a file that "camform audit-log
export" wrote; this needs neither the state nor any device.

With -head, also require that the log contains a head that "show", "verify" or "export" printed earlier. That proves that
nothing up to there has been changed since, not even by somebody who can change the state.

If somebody copies an older state over this one, the file beside it (its name ends in .audit-head) has records that the log
lacks. Remove the file if that is the reason. "camform state restore" keeps that file up to date, and records in the log
which records were lost and could not be read.

Exit code: 0 if the log is intact, 1 if not, or if it has no records.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			anchors, err := anchorsOf(heads)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return a.verifyExport(args[0], anchors)
			}
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			return w.verifyAuditLog(cmd.Context(), anchors)
		},
	}
	cmd.Flags().StringArrayVar(&heads, "head", nil, "require that the log contains this head (`N:HASH`), printed earlier; may be repeated")
	return cmd
}

func anchorsOf(heads []string) ([]auditlog.Anchor, error) {
	var anchors []auditlog.Anchor
	for _, text := range heads {
		head, err := auditlog.ParseHead(text)
		if err != nil {
			return nil, fmt.Errorf("-head: %w", err)
		}
		anchors = append(anchors, auditlog.Anchor{Noted: "in -head", Head: head})
	}
	return anchors, nil
}

func (a *app) verifyExport(path string, anchors []auditlog.Anchor) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	findings, err := auditlog.VerifyExport(file, anchors...)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return a.verified(path, findings)
}

func (w *workspace) verifyAuditLog(ctx context.Context, anchors []auditlog.Anchor) error {
	findings, err := w.auditLog.VerifyAudit(ctx, anchors...)
	if err != nil {
		return err
	}
	if err := w.verified("audit log", findings); err != nil {
		return err
	}
	noted, err := w.auditLog.NotedHead()
	switch behind := findings.Head.Seq - noted.Seq; {
	case err != nil:
		fmt.Fprintf(w.err, "The file beside the state cannot be used, and the next change rewrites it: %v\n", err)
	case behind > 0:
		fmt.Fprintf(w.out, "The file beside the state is %s behind, which is harmless.\n", render.Plural(int(behind), "record"))
	}
	return nil
}

// verified tells what was found in a log.
func (a *app) verified(log string, findings auditlog.Findings) error {
	if b := findings.Break; b != nil {
		return fmt.Errorf("%s: %v. The log is intact up to record %d. Keep a copy before anything is written to it, and compare it with an export or a backup",
			log, b, findings.Head.Seq)
	}
	if findings.Head.Seq == 0 {
		return fmt.Errorf("%s: the log has no records, so it proves nothing. If devices were changed from here, this is not the state that was used then", log)
	}
	fmt.Fprintf(a.out, "The log is intact: %s.\nHead of the log: %s\n", render.Plural(int(findings.Head.Seq), "record"), findings.Head)
	return nil
}

func auditLogExportCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export [FILE]",
		Short: "Export the audit log as lines of JSON, to keep it elsewhere",
		Long: `Write the audit log to FILE, or to standard output: a line of JSON for each record, with its hash, and a last line with
the number of records and the hash of the last one. "camform audit-log verify FILE" checks the export, even where there
is no state.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := a.openForState(cmd)
			if err != nil {
				return err
			}
			defer w.close()
			if len(args) == 0 {
				_, err := w.exportAuditLog(cmd.Context(), w.out)
				return err
			}
			var text bytes.Buffer
			head, err := w.exportAuditLog(cmd.Context(), &text)
			if err != nil {
				return err
			}
			if err := auditLogProduct.write(args[0], text.Bytes()); err != nil {
				return err
			}
			fmt.Fprintf(w.out, "%s has %s.\nHead of the log: %s\n", args[0], render.Plural(int(head.Seq), "record"), head)
			return nil
		},
	}
}

func (w *workspace) exportAuditLog(ctx context.Context, to io.Writer) (auditlog.Head, error) {
	return auditlog.Export(to, w.auditLog.AuditEntries(ctx, 1))
}
