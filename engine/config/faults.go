package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"camform/engine/diag"
	"camform/schema"
	"camform/schema/nesting"
)

// fault is a kind of problem with a configuration: a stable code and the constant words for it.
type fault struct{ code, summary string }

// The faults. What HCL itself complains about has the summaries of HCL.
var (
	noConfiguration = fault{"no-configuration", "No configuration"}
	unreadableFile  = fault{"unreadable-file", "File cannot be read"}
	unknownBlock    = fault{"unknown-block", "Unknown block"}
	unknownArgument = fault{"unknown-argument", "Unknown argument"}
	unquotedText    = fault{"unquoted-text", "Text without quotes"}
	duplicateBlock  = fault{"duplicate-block", "Duplicate block"}
	duplicateName   = fault{"duplicate-name", "Duplicate name"}
	invalidName     = fault{"invalid-name", "Invalid name"}

	unsupportedVersion = fault{"unsupported-version", "Configuration for another version"}
	invalidVersion     = fault{"invalid-version", "Invalid version constraint"}
	invalidState       = fault{"invalid-state", "Invalid state store"}
	invalidLimit       = fault{"invalid-limit", "Invalid limit"}
	invalidApprovals   = fault{"invalid-approvals", "Invalid approvals"}

	unknownReference = fault{"unknown-reference", "Unknown reference"}
	invalidReference = fault{"invalid-reference", "Invalid reference"}
	dependencyCycle  = fault{"dependency-cycle", "Dependency cycle"}
	unknownFunction  = fault{"unknown-function", "Unknown function"}
	failedExpression = fault{"expression-cannot-be-evaluated", "Expression cannot be evaluated"}
	boundExceeded    = fault{"bound-exceeded", nesting.Summary}

	missingVariable    = fault{"missing-variable", "No value for a variable"}
	undeclaredVariable = fault{"undeclared-variable", "Value for an undeclared variable"}
	invalidVariable    = fault{"invalid-variable", "Invalid value for a variable"}
	invalidDefault     = fault{"invalid-default", "Invalid default of a variable"}
	failedValidation   = fault{"failed-validation", "Value rejected by a validation"}
	invalidValidation  = fault{"invalid-validation", "Invalid validation"}

	wrongType         = fault{"wrong-type", "Wrong type"}
	missingArgument   = fault{"missing-argument", "Missing argument"}
	missingBlock      = fault{"missing-block", "Missing block"}
	invalidCheck      = fault{"invalid-check", "Invalid check"}
	invalidMove       = fault{"invalid-move", "Invalid move"}
	invalidForEach    = fault{"invalid-for-each", "Invalid for_each"}
	invalidAddress    = fault{"invalid-address", "Invalid address"}
	duplicateAddress  = fault{"duplicate-address", "Duplicate address"}
	duplicateSerial   = fault{"duplicate-serial", "Duplicate serial number"}
	noDevices         = fault{"no-devices", "No devices"}
	invalidMAC        = fault{"invalid-mac", "Invalid MAC address"}
	invalidOwnership  = fault{"invalid-ownership", "Invalid record of ownership"}
	invalidTLS        = fault{"invalid-tls", "Invalid TLS options"}
	invalidPolicy     = fault{"invalid-credential-policy", "Invalid credential policy"}
	invalidProfiles   = fault{"invalid-profiles", "Invalid list of profiles"}
	invalidPattern    = fault{"invalid-pattern", "Invalid name of a setting"}
	unknownKind       = fault{"unknown-kind", "Unknown kind of setting"}
	unknownKey        = fault{"unknown-key", "Unknown key of a setting"}
	duplicateSetting  = fault{"duplicate-setting", "Duplicate setting"}
	impossibleValue   = fault{"impossible-value", "Value not possible"}
	valueOutOfRange   = fault{"value-out-of-range", "Value out of range"}
	invalidCompat     = fault{"invalid-compat", "Invalid compat"}
	secretInClear     = fault{"secret-in-clear", "Secret written in the configuration"}
	secretMixed       = fault{"secret-mixed", "Secret mixed with other text"}
	secretExposed     = fault{"secret-exposed", "Secret in a place that is not secret"}
	secretUnavailable = fault{"secret-unavailable", "Secret not available"}
	secretExposedFile = fault{"secret-file-exposed", "Secret file readable by everybody"}
)

// at makes a problem of the fault at a place in the source.
func (f fault) at(place hcl.Range, format string, args ...any) diag.Problem {
	p := f.of(format, args...)
	p.Subject = &place
	return p
}

// of makes a problem of the fault that has no place in the source.
func (f fault) of(format string, args ...any) diag.Problem {
	return diag.Problem{Severity: diag.Error, Code: f.code, Summary: f.summary, Detail: fmt.Sprintf(format, args...)}
}

// from makes a problem of the fault at a place in the source out of an error that says what is wrong.
func (f fault) from(err error, place hcl.Range) diag.Problem {
	p := diag.FromError(err, f.code, f.summary)
	p.Subject = &place
	return p
}

// collector gathers the problems of a run in the order in which they are found. The same problem at the same place is
// kept once: the instances of a for_each share their source, and what is wrong there is wrong for all of them.
type collector struct {
	list diag.Problems
	seen map[problemKey]bool
}

type problemKey struct {
	severity     diag.Severity
	code, detail string
	file         string
	start, end   int
}

func (c *collector) add(problems ...diag.Problem) {
	for _, p := range problems {
		key := problemKey{severity: p.Severity, code: p.Code, detail: p.Detail}
		if p.Subject != nil {
			key.file, key.start, key.end = p.Subject.Filename, p.Subject.Start.Byte, p.Subject.End.Byte
		}
		if c.seen[key] {
			continue
		}
		if c.seen == nil {
			c.seen = map[problemKey]bool{}
		}
		c.seen[key] = true
		c.list = append(c.list, p)
	}
}

// failed reports whether there is an error among the problems.
func (c *collector) failed() bool { return c.list.HasErrors() }

// fromHCL translates the diagnostics of HCL. A problem that one of our functions returned keeps its own words. Where the
// expression in question uses a secret the details are withheld, since HCL quotes values in some of them.
//
// HCL goes through the arguments of a body in no particular order, so they are put into that of the source.
func fromHCL(diags hcl.Diagnostics) diag.Problems {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return compareRanges(a.Subject, b.Subject) })
	problems := diag.FromHCL(diags)
	for i, d := range diags {
		if own, ok := functionProblem(d); ok {
			own.Subject, own.Context = problems[i].Subject, problems[i].Context
			problems[i] = own
			continue
		}
		if d.Expression == nil || d.EvalContext == nil {
			continue
		}
		if v, _ := evaluate(d.Expression, d.EvalContext); hasSecret(v) {
			problems[i].Detail = withheld
		}
		unknownName(&problems[i], d)
	}
	return problems
}

const withheld = "The details are withheld, since the expression uses a secret."

func compareRanges(a, b *hcl.Range) int {
	if a == nil || b == nil {
		return 0
	}
	return cmp.Or(cmp.Compare(a.Filename, b.Filename), cmp.Compare(a.Start.Byte, b.Start.Byte))
}

// functionProblem returns the problem that a function of ours answered with, if d is about one.
func functionProblem(d *hcl.Diagnostic) (diag.Problem, bool) {
	var p diag.Problem
	extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if !ok || extra.FunctionCallError() == nil {
		return p, false
	}
	return p, errors.As(extra.FunctionCallError(), &p)
}

// unknownName gives its own words to a problem about a name that HCL does not find in the scope, because HCL suggests
// another near name on every run.
func unknownName(p *diag.Problem, d *hcl.Diagnostic) {
	functions, variables := map[string]bool{}, map[string]bool{}
	for ctx := d.EvalContext; ctx != nil; ctx = ctx.Parent() {
		for name := range ctx.Functions {
			functions[name] = true
		}
		for name := range ctx.Variables {
			variables[name] = true
		}
	}
	switch expr := d.Expression.(type) {
	case *hclsyntax.FunctionCallExpr:
		switch {
		case functions[expr.Name]:
		case slices.Contains(assertOnly, expr.Name):
			*p = unknownFunction.at(*d.Subject, "%s() can be used only in the asserts of a check, which are evaluated after the device has been read.", expr.Name)
		default:
			*p = unknownFunction.at(*d.Subject, "There is no function named %q.%s", expr.Name, suggest(expr.Name, sortedKeys(functions)))
		}
	case *hclsyntax.ScopeTraversalExpr:
		if root := expr.Traversal.RootName(); !variables[root] {
			*p = unknownReference.at(*d.Subject, "There is nothing named %s here.%s", root, suggest(root, sortedKeys(variables)))
		}
	}
}

// suggest is a sentence with the candidate nearest to name, or with all of them if none is near and they are few.
func suggest(name string, candidates []string) string {
	if near := schema.Nearest(name, candidates); near != "" && len(name) > 2 { // any two letters are near to any others
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	return possible(candidates)
}

// possible is a sentence with all candidates if they are few.
func possible(candidates []string) string {
	const few = 12
	if len(candidates) == 0 || len(candidates) > few {
		return ""
	}
	return " Possible: " + list(candidates) + "."
}

// list joins words as a sentence does, in quotes.
func list(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " and " + quoted[last]
}

// line is how a place is named within a sentence.
func line(r hcl.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }
