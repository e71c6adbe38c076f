package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"camform/cmd/camform/view"
	"camform/engine"
	"camform/engine/audit"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

// levels are the levels of rules, each with those below it.
var levels = []string{"basic", "high", "site"}

func auditCommand(a *app) *cobra.Command {
	flags := &runFlags{}
	var which auditFilter
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Check the devices against the rules and checks of their profiles",
		Long: `Read every device and report for each rule and check of its profiles whether the device complies. Nothing is changed on
any device. A device that could not be read is not compliant, and neither is a rule that could not be evaluated.

Exit code: 0 if every rule is kept, apart from settings that devices do not have, rules that the configuration overrides and
checks that have to be verified by hand; 2 if a rule is violated, even if camform would not write what the rule wants; 1 if
something went wrong, if nothing was judged, or if more devices than -max-unreachable allows are not fully known, such as
devices without a rule.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if which.level != "" && !slices.Contains(levels, which.level) {
				return fmt.Errorf("-level: %q is not one of %s", which.level, strings.Join(levels, ", "))
			}
			w, err := a.open(cmd, flags, withSecrets)
			if err != nil {
				return err
			}
			defer w.close()
			return w.audit(cmd, which)
		},
	}
	flags.addConfig(cmd.Flags())
	flags.addDevices(cmd.Flags())
	flags.addData(cmd.Flags())
	flags.addOutput(cmd.Flags())
	addIgnored(cmd.Flags())
	cmd.Flags().StringVar(&which.level, "level", "", "use rules up to this `LEVEL` only: basic, high or site")
	cmd.Flags().StringArrayVar(&which.rules, "rule", nil, "use this rule or check (`ID`) only; may be repeated")
	cmd.Flags().Lookup("json").Usage = "print one JSON document instead of text"
	cmd.Flags().Lookup("full").Usage = "show every device, even where many have the same finding"
	cmd.Flags().Lookup("compat").Hidden = true // no other program has sentences for this
	formatOption(cmd.Flags(), &flags.format, view.Markdown, "markdown", "print Markdown, for a ticket or a report")
	return cmd
}

// auditFilter says which rules are judged by.
type auditFilter struct {
	level string
	rules []string
}

func (f auditFilter) takes(r audit.Result) bool {
	if f.level != "" && slices.Index(levels, r.Level) > slices.Index(levels, f.level) {
		return false
	}
	return len(f.rules) == 0 || slices.Contains(f.rules, r.Rule)
}

func (w *workspace) audit(cmd *cobra.Command, which auditFilter) error {
	if err := w.knowsRules(which.rules); err != nil {
		return err
	}
	var report *audit.Report
	var problems diag.Problems
	err := w.read(cmd.Context(), "no device was changed", func(ctx context.Context, e *engine.Engine) {
		report, problems = e.Audit(ctx, w.config, w.targets)
	})
	if err != nil {
		return err
	}
	failed := w.report(problems, w.config.Sources)
	if report == nil {
		return failed
	}
	report = report.Only(which.takes)
	if err := view.NewAudit(w.flags.format, reported(w, w.flags.format)).Report(report); err != nil {
		return err
	}
	return cmp.Or(failed, w.judged(report))
}

// judged is the exit code of a report: what is not known weighs more than what is violated, since it may hide anything.
func (w *workspace) judged(report *audit.Report) error {
	tolerance := w.tolerance(plan.Tolerance(w.config.Settings.MaxUnreachable))
	counts := report.Count()
	switch {
	case !report.Judged() && report.Devices > 0, !tolerance.Allows(len(report.NotKnown()), report.Devices):
		return errReported // the report said why
	case counts[audit.Violated]+counts[audit.Unproven] > 0:
		return exit{code: exitChanges}
	}
	return nil
}

// knowsRules refuses rules that no device has, so that a slip of the keyboard does not look like compliance.
func (w *workspace) knowsRules(ids []string) error {
	var known []string
	for _, device := range w.config.Devices {
		for _, rule := range device.Rules {
			known = append(known, rule.ID)
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for _, id := range ids {
		if slices.Contains(known, id) {
			continue
		}
		text := fmt.Sprintf("-rule: no device has a rule or check %q", id)
		if near := schema.Nearest(id, known); near != "" {
			text += "; did you mean " + near + "?"
		}
		return errors.New(text)
	}
	return nil
}
