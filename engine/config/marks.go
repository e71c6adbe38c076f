package config

import (
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"camform/schema"
)

// secretMarks are the marks of the secrets anywhere in v.
func secretMarks(v cty.Value) cty.ValueMarks {
	found := cty.ValueMarks{}
	if !v.ContainsMarked() {
		return found
	}
	_, marks := v.UnmarkDeep()
	for mark := range marks {
		if _, ok := mark.(schema.SecretMark); ok {
			found[mark] = struct{}{}
		}
	}
	return found
}

// hasSecret reports whether there is a secret anywhere in v.
func hasSecret(v cty.Value) bool { return len(secretMarks(v)) > 0 }

// fromOrigin reports whether anything in v was computed from secret(). Marks of sensitive variables have the origin "var.NAME",
// and those of sensitive() none.
func fromOrigin(v cty.Value) bool {
	for mark := range secretMarks(v) {
		if scheme, _ := schema.OriginScheme(mark.(schema.SecretMark).Origin); scheme != "" {
			return true
		}
	}
	return false
}

// trying makes a function of expressions, such as try or can, one whose answer is as secret as the expressions: whether
// one fails tells something about the secrets in it, and an unknown answer has lost their marks.
func (s *secretStore) trying(f function.Function) function.Function {
	return around(f, func(args []cty.Value) (cty.Value, error) {
		before := len(s.asked)
		v, err := f.Call(args)
		if err != nil {
			return v, err
		}
		known := v.IsWhollyKnown()
		marks, read := cty.ValueMarks{}, cty.NewValueMarks(s.asked[before:]...)
		for _, arg := range args {
			closure := customdecode.ExpressionClosureFromVal(arg)
			marks = union(marks, decisive(closure.Expression, closure.EvalContext, known))
			if !known || computes(closure.Expression) {
				marks = union(marks, read)
			}
		}
		return v.WithMarks(marks), nil
	})
}

// computes reports whether an expression is more than a name or one call of secret(), which fail whatever the secrets are.
func computes(expr hcl.Expression) bool {
	switch e := hcl.UnwrapExpression(expr).(type) {
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.LiteralValueExpr:
		return false
	case *hclsyntax.TemplateExpr:
		return !e.IsStringLiteral()
	case *hclsyntax.FunctionCallExpr:
		return e.Name != "secret"
	}
	return true
}

// decisive are the marks of the secrets that decide whether an expression fails. Where it only goes down a path, those are the
// secrets on the way: what lies at its end carries its own marks, unless they are lost since the value is not known.
func decisive(expr hcl.Expression, ctx *hcl.EvalContext, known bool) cty.ValueMarks {
	if known {
		switch e := hcl.UnwrapExpression(expr).(type) {
		case *hclsyntax.ScopeTraversalExpr:
			return onTheWay(e.Traversal, ctx)
		case *hclsyntax.RelativeTraversalExpr:
			return decisive(e.Source, ctx, known)
		case *indexed:
			return union(decisive(e.Collection, ctx, known), decisive(e.Key, ctx, false))
		case *hclsyntax.SplatExpr:
			return union(decisive(e.Source, ctx, known), decisive(e.Each, ctx, known))
		}
	}
	found := cty.ValueMarks{}
	for _, reference := range expr.Variables() {
		found = union(found, secretMarks(at(reference, ctx)))
	}
	return found
}

// onTheWay are the marks of the values that a reference goes through.
func onTheWay(reference hcl.Traversal, ctx *hcl.EvalContext) cty.ValueMarks {
	found := cty.ValueMarks{}
	for i := range reference {
		found = union(found, at(reference[:i+1], ctx).Marks())
	}
	return found
}

// at is the value that a reference leads to, or the last one on the way if there is no such value.
func at(reference hcl.Traversal, ctx *hcl.EvalContext) cty.Value {
	v := cty.DynamicVal
	for ; ctx != nil; ctx = ctx.Parent() {
		if root, ok := ctx.Variables[reference.RootName()]; ok {
			v = root
			break
		}
	}
	for _, step := range reference[1:] {
		next, diags := step.TraversalStep(v)
		if diags.HasErrors() {
			break
		}
		v = next
	}
	return v
}

func union(a, b cty.ValueMarks) cty.ValueMarks {
	both := make(cty.ValueMarks, len(a)+len(b))
	maps.Copy(both, a)
	maps.Copy(both, b)
	return both
}
