package config

import (
	"slices"

	"camform/schema/nesting"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// metered is an expression whose evaluations and values count. It replaces the expression in the syntax tree,
// as parentheses around it would, so that whatever walks the tree or evaluates part of it, such as the bodies of dynamic
// blocks, meets it. What looks for the form of an expression finds the one inside.
type metered struct {
	hclsyntax.ParenthesesExpr
	meter *meter
}

// UnwrapExpression is for hcl.UnwrapExpression.
func (e *metered) UnwrapExpression() hcl.Expression { return e.Expression }

// Value is that of the expression, after a step.
func (e *metered) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	m := e.meter.in(ctx)
	m.spend(1, 0, e.SrcRange)
	v, diags := e.Expression.Value(ctx)
	m.place(e.SrcRange)
	m.weigh(v, e.SrcRange)
	return v, diags
}

// argument is an argument of a function.
type argument struct {
	metered
	call     *hclsyntax.FunctionCallExpr
	position int
}

// Value is that of the argument, in a form that takes little to convert to what the function wants.
func (e *argument) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := e.metered.Value(ctx)
	return e.meter.in(ctx).uniform(v, e.parameter(ctx), e.SrcRange), diags
}

// parameter is the type that the function wants.
func (e *argument) parameter(ctx *hcl.EvalContext) cty.Type {
	switch {
	case e.call.ExpandFinal && e.position == len(e.call.Args)-1:
		return cty.DynamicPseudoType // for each element
	case e.call.Name == "tolist" || e.call.Name == "toset": // which convert by themselves
		return cty.List(cty.DynamicPseudoType)
	case e.call.Name == "tomap":
		return cty.Map(cty.DynamicPseudoType)
	}
	for ; ctx != nil; ctx = ctx.Parent() {
		f, ok := ctx.Functions[e.call.Name]
		if !ok {
			continue
		}
		if params := f.Params(); e.position < len(params) {
			return params[e.position].Type
		}
		if f.VarParam() != nil {
			return f.VarParam().Type
		}
	}
	return cty.DynamicPseudoType
}

// branch is one result of a condition.
type branch struct{ metered }

// Value is that of the result. The type that both results can have is looked for in the square of their elements.
func (e *branch) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := e.metered.Value(ctx)
	if t := v.Type(); t.IsTupleType() {
		e.meter.in(ctx).spend(comparing(t.Length()), 0, e.SrcRange)
	}
	return v, diags
}

// indexed is an element of a collection. It is as secret as its key, which the library forgets for objects.
type indexed struct{ hclsyntax.IndexExpr }

// Value is that of the element.
func (e *indexed) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	collection, diags := e.Collection.Value(ctx)
	key, more := e.Key.Value(ctx)
	v, own := hcl.Index(collection, key, &e.BracketRange)
	for _, d := range own {
		d.Expression, d.EvalContext = e, ctx
	}
	return v.WithMarks(key.Marks()), slices.Concat(diags, more, own)
}

// expression makes an expression that a parser returned one that counts: every part of it that repeats, copies or yields
// something new. It changes the syntax tree in place.
func (m *meter) expression(e hclsyntax.Expression) (hclsyntax.Expression, hcl.Diagnostics) {
	t := &tree{meter: m}
	e = t.counted(e, 0)
	return e, t.diags
}

// tree is a syntax tree on the way to being metered.
type tree struct {
	meter *meter
	diags hcl.Diagnostics
}

// counted is an expression that counts each time it is evaluated.
func (t *tree) counted(e hclsyntax.Expression, depth int) hclsyntax.Expression {
	e = t.inside(e, depth)
	return &metered{hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, t.meter}
}

// inside makes the parts of an expression count. An expression that is not wrapped itself takes no more than the parts that
// are, such as a reference, or yields what its parent counts.
func (t *tree) inside(e hclsyntax.Expression, depth int) hclsyntax.Expression {
	if depth > nesting.MaxDepth {
		if t.diags == nil {
			t.diags = nesting.TooDeep(e.Range())
		}
		return e
	}
	depth++
	count := func(part *hclsyntax.Expression) {
		if *part != nil {
			*part = t.counted(*part, depth)
		}
	}
	within := func(part *hclsyntax.Expression) { *part = t.inside(*part, depth) }
	switch e := e.(type) {
	case *hclsyntax.ForExpr: // its parts are evaluated for each element
		within(&e.CollExpr)
		count(&e.KeyExpr)
		count(&e.ValExpr)
		count(&e.CondExpr)
	case *hclsyntax.SplatExpr: // likewise
		within(&e.Source)
		count(&e.Each)
	case *hclsyntax.FunctionCallExpr: // goes through its arguments
		for i := range e.Args {
			if e.Name == "lookup" && i == 0 { // which goes nowhere in the map
				within(&e.Args[i])
				continue
			}
			part := t.inside(e.Args[i], depth)
			e.Args[i] = &argument{metered{hclsyntax.ParenthesesExpr{Expression: part, SrcRange: part.Range()}, t.meter}, e, i}
		}
		return &metered{hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, t.meter}
	case *hclsyntax.ConditionalExpr: // converts both results to one type
		within(&e.Condition)
		for _, part := range []*hclsyntax.Expression{&e.TrueResult, &e.FalseResult} {
			result := t.inside(*part, depth)
			*part = &branch{metered{hclsyntax.ParenthesesExpr{Expression: result, SrcRange: result.Range()}, t.meter}}
		}
	case *hclsyntax.BinaryOpExpr: // compares or converts its operands
		count(&e.LHS)
		count(&e.RHS)
		return &metered{hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, t.meter}
	case *hclsyntax.TemplateExpr: // copies the text of its parts
		if e.IsStringLiteral() {
			return &metered{hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, t.meter}
		}
		for i := range e.Parts {
			count(&e.Parts[i])
		}
	case *hclsyntax.TemplateJoinExpr: // likewise
		count(&e.Tuple)
	case *hclsyntax.TupleConsExpr:
		for i := range e.Exprs {
			count(&e.Exprs[i])
		}
	case *hclsyntax.ObjectConsExpr:
		for i := range e.Items {
			within(&e.Items[i].KeyExpr)
			count(&e.Items[i].ValueExpr)
		}
	case *hclsyntax.ObjectConsKeyExpr:
		if hcl.ExprAsKeyword(e.Wrapped) == "" {
			within(&e.Wrapped)
		}
	case *hclsyntax.UnaryOpExpr:
		within(&e.Val)
	case *hclsyntax.IndexExpr:
		within(&e.Collection)
		within(&e.Key)
		return &indexed{*e}
	case *hclsyntax.RelativeTraversalExpr:
		within(&e.Source)
	case *hclsyntax.TemplateWrapExpr:
		within(&e.Wrapped)
	case *hclsyntax.ParenthesesExpr:
		within(&e.Expression)
	}
	return e
}

// body makes all expressions of a body count.
func (t *tree) body(b *hclsyntax.Body) {
	for _, attr := range b.Attributes {
		attr.Expr = t.counted(attr.Expr, 0)
	}
	for _, block := range b.Blocks { // as deep as the scan before the parser let them be
		t.body(block.Body)
	}
}

// file parses the text of a file by the suffix of its name. Its expressions count on the meter.
func (m *meter) file(text []byte, filename string) (*hcl.File, hcl.Diagnostics) {
	if isJSON(filename) {
		if diags := nestedJSON(text, filename); diags.HasErrors() {
			return nil, diags
		}
		file, diags := hcljson.Parse(text, filename)
		if file != nil {
			file.Body = jsonBody{file.Body, m}
		}
		return file, diags
	}
	if diags := nesting.Check(nesting.File, text, filename, hcl.InitialPos); diags.HasErrors() {
		return nil, diags
	}
	file, diags := hclsyntax.ParseConfig(text, filename, hcl.InitialPos)
	t := &tree{meter: m}
	t.body(file.Body.(*hclsyntax.Body))
	if t.diags.HasErrors() {
		return nil, append(diags, t.diags...)
	}
	return file, diags
}

// template parses a text with expressions in it.
func (m *meter) template(text []byte, filename string, start hcl.Pos) (hclsyntax.Expression, hcl.Diagnostics) {
	if diags := nesting.Check(nesting.Template, text, filename, start); diags.HasErrors() {
		return nil, diags
	}
	e, diags := hclsyntax.ParseTemplate(text, filename, start)
	if diags.HasErrors() {
		return nil, diags
	}
	return m.expression(e)
}

// value parses an expression that was given as text.
func (m *meter) value(text []byte, filename string) (hclsyntax.Expression, hcl.Diagnostics) {
	if diags := nesting.Check(nesting.Expression, text, filename, hcl.InitialPos); diags.HasErrors() {
		return nil, diags
	}
	e, diags := hclsyntax.ParseExpression(text, filename, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	return m.expression(e)
}

// jsonBody is a body in JSON syntax whose expressions count.
type jsonBody struct {
	hcl.Body
	meter *meter
}

// Content is for hcl.Body.
func (b jsonBody) Content(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Diagnostics) {
	content, diags := b.Body.Content(schema)
	return b.counted(content), diags
}

// PartialContent is for hcl.Body.
func (b jsonBody) PartialContent(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Body, hcl.Diagnostics) {
	content, rest, diags := b.Body.PartialContent(schema)
	return b.counted(content), jsonBody{rest, b.meter}, diags
}

// JustAttributes is for hcl.Body.
func (b jsonBody) JustAttributes() (hcl.Attributes, hcl.Diagnostics) {
	attributes, diags := b.Body.JustAttributes()
	return b.attributes(attributes), diags
}

func (b jsonBody) counted(content *hcl.BodyContent) *hcl.BodyContent {
	b.attributes(content.Attributes)
	for _, block := range content.Blocks {
		block.Body = jsonBody{block.Body, b.meter}
	}
	return content
}

func (b jsonBody) attributes(attributes hcl.Attributes) hcl.Attributes {
	for _, attr := range attributes {
		attr.Expr = jsonValue{attr.Expr, b.meter}
	}
	return attributes
}

// jsonValue is an expression in JSON syntax that counts. The library would parse and evaluate the templates in it by itself,
// so that nobody could count; the rest of what it does is done here in the same way.
type jsonValue struct {
	hcl.Expression
	meter *meter
}

// UnwrapExpression is for hcl.UnwrapExpression.
func (e jsonValue) UnwrapExpression() hcl.Expression { return e.Expression }

// Value is that of the expression. Strings are templates unless ctx is nil.
func (e jsonValue) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	m := e.meter.in(ctx)
	var v cty.Value
	var diags hcl.Diagnostics
	if ctx == nil {
		v, diags = e.Expression.Value(nil)
	} else {
		v, diags = e.evaluated(e.Expression, ctx)
	}
	m.weigh(v, e.Range())
	return v, diags
}

func (e jsonValue) evaluated(expr hcl.Expression, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if items, diags := hcl.ExprList(expr); !diags.HasErrors() {
		values := make([]cty.Value, len(items))
		var found hcl.Diagnostics
		for i, item := range items {
			v, more := e.evaluated(item, ctx)
			values[i], found = v, append(found, more...)
		}
		return cty.TupleVal(values), found
	}
	if pairs, diags := hcl.ExprMap(expr); !diags.HasErrors() {
		return e.object(expr, pairs, ctx)
	}
	v, diags := expr.Value(nil)
	if diags.HasErrors() || v.Type() != cty.String || v.IsNull() {
		return v, diags
	}
	e.meter.in(ctx).spend(parsing(v.AsString()), 0, expr.Range())
	start := expr.Range().Start
	template, diags := e.meter.template([]byte(v.AsString()), expr.Range().Filename, hcl.Pos{Line: start.Line, Column: start.Column + 1, Byte: start.Byte + 1})
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	v, more := template.Value(ctx)
	return v, append(diags, more...)
}

// parsing is the steps that it takes to parse a template that is parsed each time it is evaluated.
func parsing(text string) int64 { return 1 + int64(len(text))/16 }

// object evaluates an object, whose keys are templates too.
func (e jsonValue) object(expr hcl.Expression, pairs []hcl.KeyValuePair, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	values, places := map[string]cty.Value{}, map[string]hcl.Range{}
	known := true
	var diags hcl.Diagnostics
	for _, pair := range pairs {
		at := pair.Key.Range()
		wrong := func(on hcl.Expression, summary, detail string) {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at, Expression: on, EvalContext: ctx})
		}
		key, ofKey := e.evaluated(pair.Key, ctx)
		v, ofValue := e.evaluated(pair.Value, ctx)
		diags = append(append(diags, ofKey...), ofValue...)
		key, err := convert.Convert(key, cty.String)
		switch {
		case err != nil:
			wrong(pair.Value, "Invalid object key expression", "Cannot use this expression as an object key: "+err.Error()+".")
			continue
		case key.IsNull():
			wrong(pair.Value, "Invalid object key expression", "Cannot use null value as an object key.")
			continue
		case !key.IsKnown():
			known = false
			continue
		}
		name := key.AsString()
		if first, ok := places[name]; ok {
			wrong(expr, "Duplicate object attribute", "An attribute named \""+name+"\" was already defined at "+first.String()+".")
			continue
		}
		values[name], places[name] = v, at
	}
	if !known {
		return cty.DynamicVal, diags
	}
	return cty.ObjectVal(values), diags
}
