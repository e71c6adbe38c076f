package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/pflag"

	"camform/engine/approval"
	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/render"
	"camform/schema"
)

// maxReason is the most that the reason for exceeding a limit may have, in bytes.
const maxReason = 500

// addOverrideLimit adds the option by which somebody lets a plan exceed a limit.
func addOverrideLimit(flags *pflag.FlagSet, to *[]string) {
	flags.StringArrayVar(to, "override-limit", nil, "let the plan exceed a limit: `NAME=REASON`, such as max_changes=...; the reason is recorded with the run; may be repeated")
	keep(flags, "override-limit")
}

// withinLimits refuses a plan that changes more than its limits allow. Overrides are NAME=REASON; the reasons that were
// needed are returned, to be kept with the run.
func (w *workspace) withinLimits(p *plan.Plan, overrides []string) (reasons []string, err error) {
	reasonFor, err := parseOverrides(overrides)
	if err != nil {
		return nil, err
	}
	var left []approval.Exceeded
	for _, e := range approval.ExceededBy(p) {
		if reason := reasonFor[e.Limit]; reason != "" {
			reasons = append(reasons, fmt.Sprintf("limit %s of %d exceeded with %d: %s", e.Limit, e.Allowed, e.Found, reason))
		} else {
			left = append(left, e)
		}
	}
	return reasons, blocked(w.report(exceeded(left, diag.Error), nil))
}

// warnOfLimits tells which limits would keep a plan from being applied.
func (w *workspace) warnOfLimits(p *plan.Plan) error {
	return w.report(exceeded(approval.ExceededBy(p), diag.Warning), nil)
}

func exceeded(limits []approval.Exceeded, severity diag.Severity) diag.Problems {
	var problems diag.Problems
	for _, e := range limits {
		problems = append(problems, diag.Problem{
			Severity: severity, Code: "limit-exceeded", Summary: "Limit exceeded",
			Detail: fmt.Sprintf("The plan has %s, and the limits block allows %d. If that is intended, apply it in parts with -target, or as a whole with -override-limit %s=REASON.",
				tooMuch(e), e.Allowed, e.Limit),
		})
	}
	return problems
}

// tooMuch says of what there is too much.
func tooMuch(e approval.Exceeded) string {
	if risk, ok := strings.CutPrefix(e.Limit, approval.RiskLimit("")); ok {
		return fmt.Sprintf("%s of the risk %q", render.Plural(e.Found, "change"), risk)
	}
	if e.Limit == approval.LimitDevices {
		return "changes on " + render.Plural(e.Found, "device")
	}
	return render.Plural(e.Found, "change")
}

func parseOverrides(texts []string) (map[string]string, error) {
	reasonFor := map[string]string{}
	for _, text := range texts {
		name, reason, _ := strings.Cut(text, "=")
		reason = strings.TrimSpace(reason)
		switch names := approval.LimitNames(); {
		case !slices.Contains(names, name):
			near := schema.Nearest(name, names)
			if near == "" {
				return nil, fmt.Errorf("-override-limit: there is no limit %q; the limits are %s", name, strings.Join(names, ", "))
			}
			return nil, fmt.Errorf("-override-limit: there is no limit %q; did you mean %s?", name, near)
		case reason == "":
			return nil, fmt.Errorf("-override-limit: say why the limit may be exceeded: %s=REASON", name)
		case len(reason) > maxReason || strings.ContainsFunc(reason, func(r rune) bool { return !unicode.IsPrint(r) }):
			return nil, fmt.Errorf("-override-limit: the reason for %s must be one line of at most %d bytes", name, maxReason)
		}
		reasonFor[name] = reason
	}
	return reasonFor, nil
}
