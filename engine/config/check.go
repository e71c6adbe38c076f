package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"camform/engine/diag"
)

// checkScope reads a check block.
type checkScope struct{ scope }

// check reads what a check demands: assertions, or something to verify by hand.
func (s checkScope) check(r *Rule, section *section) {
	for _, part := range section.sections {
		assert, documents := s.assert(part)
		if assert.condition == nil {
			continue
		}
		r.Asserts = append(r.Asserts, assert)
		r.Documents = append(r.Documents, documents...)
	}
	slices.Sort(r.Documents)
	r.Documents = slices.Compact(r.Documents)

	manual := s.argument(section.attributes["manual"], cty.String)
	if manual.IsKnown() && !manual.IsNull() {
		r.Manual = manual.AsString()
	}
	asserts, byHand := len(section.sections) > 0, !manual.IsKnown() || r.Manual != ""
	switch {
	case asserts && byHand:
		s.add(invalidCheck.at(section.block.DefRange, "A check has either assert blocks or the argument manual, not both. Put what has to be verified by hand into its own check."))
	case !asserts && !byHand:
		s.add(invalidCheck.at(section.block.DefRange, "A check needs assert blocks, or manual = \"what to verify by hand\"."))
	}
	s.severity(r, section.attributes["severity"])
}

// severities are what a check may mean for apply.
var severities = []string{"warn", "block"}

// severity reads what a check means for apply. A manual check has no verdict that apply could look at.
func (s checkScope) severity(r *Rule, attr *hcl.Attribute) {
	if len(r.Asserts) > 0 {
		r.Severity = severities[0]
	}
	text, ok := s.text(attr)
	switch {
	case !ok:
	case !slices.Contains(severities, text):
		s.add(impossibleValue.at(attr.Expr.Range(), "%s was given, and \"severity\" cannot have this value.%s", diag.Quote(text), possible(severities)))
	case r.Manual != "":
		s.add(invalidCheck.at(attr.Expr.Range(), "A manual check has no verdict, so it has no severity either. Remove one of the two."))
	default:
		r.Severity = text
	}
}

// assert reads an assertion and the paths of the documents that it observes. What can be found out about it without a
// device is reported. It is the zero value where an argument is missing.
func (s checkScope) assert(section *section) (Assert, []string) {
	condition, message := section.attributes["condition"], section.attributes["error_message"]
	if condition == nil || message == nil {
		s.add(missingArgument.at(section.block.DefRange, "An assert needs the arguments condition and error_message."))
		return Assert{}, nil
	}
	s.ctx = s.ctx.NewChild()
	s.ctx.Functions = s.loader.assertFunctions()
	a := Assert{Range: section.block.DefRange, condition: condition.Expr, message: message.Expr, ctx: s.ctx, meter: s.meter, templates: s.loader.assertTemplates}

	known := s.selfKnown(condition.Expr) && s.selfKnown(message.Expr)
	documents := slices.Concat(s.observed(condition.Expr), s.observed(message.Expr), s.telling(condition.Expr), s.telling(message.Expr))
	s.ctx = unread(s.ctx, known, a.templates(s.meter))
	s.tryCondition(condition)
	s.tryMessage(message)
	return a, documents
}

// tryCondition evaluates a condition for a device without any known facts.
func (s checkScope) tryCondition(attr *hcl.Attribute) {
	v, _ := s.value(attr.Expr).UnmarkDeep() // whether a condition holds tells next to nothing about a secret
	v, err := convert.Convert(v, cty.Bool)
	if err != nil || v.IsNull() {
		s.add(invalidCheck.at(attr.Expr.Range(), "A condition must be true or false."))
	}
}

func (s checkScope) tryMessage(attr *hcl.Attribute) {
	v := s.argument(attr, cty.String)
	if v.IsNull() {
		s.add(invalidCheck.at(attr.Expr.Range(), "An error_message must be a text."))
	}
}

// selfKnown reports references to parts of self that no device has.
func (s checkScope) selfKnown(expr hcl.Expression) bool {
	known := true
	for _, reference := range expr.Variables() {
		t := SelfType
		if reference.RootName() != "self" {
			continue
		}
		for _, step := range reference[1:] {
			attr, ok := step.(hcl.TraverseAttr)
			if !ok || !t.IsObjectType() {
				break
			}
			if !t.HasAttribute(attr.Name) {
				s.add(unknownReference.at(reference.SourceRange(), "Devices have nothing named %q here.%s", attr.Name, suggest(attr.Name, sortedKeys(t.AttributeTypes()))))
				known = false
				break
			}
			t = t.AttributeType(attr.Name)
		}
	}
	return known
}

// unread is the scope of an assertion before a device has been read. self is a value without further problems where
// that is already reported.
func unread(ctx *hcl.EvalContext, selfKnown bool, templates function.Function) *hcl.EvalContext {
	self := cty.DynamicVal
	if selfKnown {
		self = cty.UnknownVal(SelfType)
	}
	return observing(ctx, self, templates, func(string, string) (cty.Value, error) { return cty.UnknownVal(cty.List(cty.String)), nil })
}

// telling lists the paths of the documents that tell parts of self, for an expression about them: which ways to a new password are
// prepared, and what the clock shows.
func (s checkScope) telling(expr hcl.Expression) []string {
	asks := func(part string) bool {
		return slices.ContainsFunc(expr.Variables(), func(reference hcl.Traversal) bool {
			if reference.RootName() != "self" || len(reference) < 2 {
				return false
			}
			step, ok := reference[1].(hcl.TraverseAttr)
			return ok && step.Name == part
		})
	}
	var paths []string
	if asks("recovery") {
		for _, kind := range s.options.Kinds.Preparing() {
			paths = append(paths, kind.Document.Path)
		}
	}
	if asks("clock") {
		for _, kind := range s.options.Kinds.OfClock() {
			paths = append(paths, kind.Clock.Path)
		}
	}
	return paths
}

// observed lists the paths of the documents that an expression observes. They stand in it as they are, so that they are
// known before a device is read.
func (s checkScope) observed(expr hcl.Expression) []string {
	native, ok := native(expr)
	if !ok {
		return nil
	}
	var paths []string
	hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && isObservation(call.Name) {
			paths = append(paths, s.observation(call)...)
		}
		return nil
	})
	return paths
}

// observation is the path that a call of observed or observed_all names. Where the number of arguments is wrong, the
// evaluation says so.
func (s checkScope) observation(call *hclsyntax.FunctionCallExpr) []string {
	var texts []string
	for _, arg := range call.Args {
		text, ok := literal(arg)
		if !ok {
			s.add(invalidCheck.at(arg.Range(), "%s() accepts the path and the element only as strings in quotes, not computed, so that camform knows beforehand which documents to read.", call.Name))
			return nil
		}
		texts = append(texts, text)
	}
	if len(texts) != 2 {
		return nil
	}
	if roots := s.options.Kinds.Roots(); !slices.ContainsFunc(roots, func(root string) bool { return strings.HasPrefix(texts[0], root) }) {
		s.add(invalidCheck.at(call.Args[0].Range(), "%s is not the path of a document. Paths begin with %s.", diag.Quote(texts[0]), strings.Join(roots, " or ")))
		return nil
	}
	if acts := s.options.Kinds.Acts; acts != nil {
		if reason := acts(texts[0]); reason != "" {
			s.add(invalidCheck.at(call.Args[0].Range(), "%s", reason))
			return nil
		}
	}
	if texts[1] == "" {
		s.add(invalidCheck.at(call.Args[1].Range(), "The element must be named, such as \"User/userName\"."))
		return nil
	}
	return texts[:1]
}

// literal is the text of a string in quotes without anything computed in it.
func literal(expr hclsyntax.Expression) (string, bool) {
	template, ok := hcl.UnwrapExpression(expr).(*hclsyntax.TemplateExpr)
	if !ok || len(template.Parts) > 0 && !template.IsStringLiteral() {
		return "", false
	}
	v, diags := template.Value(nil)
	if diags.HasErrors() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// native is an expression as one of the native syntax, to look into. In JSON syntax only strings hold expressions; what they
// hold is said when they are evaluated if it is malformed.
func native(expr hcl.Expression) (hclsyntax.Expression, bool) {
	expr = hcl.UnwrapExpression(expr)
	if native, ok := expr.(hclsyntax.Expression); ok {
		return native, true
	}
	text, diags := expr.Value(nil)
	if diags.HasErrors() || text.Type() != cty.String {
		return nil, false
	}
	template, diags := hclsyntax.ParseTemplate([]byte(text.AsString()), expr.Range().Filename, expr.StartRange().Start)
	return template, !diags.HasErrors()
}

// assertFunctions are the functions that assertions have besides the others, or instead of them, but those that depend on
// the device or count on the meter of the evaluation. Secrets are not available.
func (l *loader) assertFunctions() map[string]function.Function {
	return map[string]function.Function{"secret": noSecretFunc, "version_at_least": versionAtLeastFunc}
}

// assertTemplates is templatefile for assertions. Secrets are not available within templates either.
func (l *loader) assertTemplates(m *meter) function.Function {
	if l.asserting == nil {
		l.asserting = l.functions()
		l.asserting["secret"] = noSecretFunc
	}
	return discreet(l.templateFileFunc(l.asserting, m))
}

var noSecretFunc = function.New(&function.Spec{
	Params: []function.Parameter{anything("origin")},
	Type: func([]cty.Value) (cty.Type, error) {
		return cty.NilType, secretExposed.of("secret() cannot be used in an assert, which is evaluated after all secrets have been read. Give the secret a name in locals, and use that in the condition.")
	},
})
