package config

import (
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"camform/engine/diag"
	"camform/schema"
)

// scope is where expressions are evaluated: what they may refer to, and what problems with them are about. Its methods
// report what is wrong and then answer with an unknown value, which causes no further problems.
type scope struct {
	*loader
	ctx   *hcl.EvalContext // nil where only constants are allowed
	about schema.Setting   // the zero value outside of devices
}

// add reports problems, with the address that the scope is about.
func (s scope) add(problems ...diag.Problem) {
	for _, p := range problems {
		p.Address = s.about
		s.loader.add(p)
	}
}

// value evaluates an expression. Marks stay on.
func (s scope) value(expr hcl.Expression) cty.Value {
	before := len(s.secrets.asked)
	v, diags := evaluate(expr, s.ctx)
	if !v.IsWhollyKnown() && !hasSecret(v) && !diags.HasErrors() { // some of what the language is made of drops marks then
		v = v.WithMarks(union(decisive(expr, s.ctx, false), cty.NewValueMarks(s.secrets.asked[before:]...)))
	}
	if len(diags) == 0 {
		return v
	}
	s.add(fromHCL(diags)...)
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	return v
}

// evaluate is expr.Value, except that a panic of the library becomes a diagnostic: it does not expect marked values in
// every place where an expression can put them, such as the keys of an object in JSON syntax.
func evaluate(expr hcl.Expression, ctx *hcl.EvalContext) (v cty.Value, diags hcl.Diagnostics) {
	defer func() {
		reason := recover()
		if over, ok := reason.(exceeded); ok {
			panic(over)
		}
		if reason != nil {
			at := expr.Range()
			v, diags = cty.DynamicVal, hcl.Diagnostics{{
				Severity: hcl.DiagError, Summary: failedExpression.summary, Subject: &at,
				Detail: "A value is in a place where it cannot be used. A secret, for example, cannot be the key of an object.",
			}}
		}
	}()
	return expr.Value(ctx)
}

// argument is the value of an argument that is no secret, as the type wanted. It is null if the argument is absent or
// null, and unknown if something is wrong with it.
func (s scope) argument(attr *hcl.Attribute, want cty.Type) cty.Value {
	if attr == nil {
		return cty.NullVal(want)
	}
	v := s.value(attr.Expr)
	if hasSecret(v) {
		s.add(secretExposed.at(attr.Expr.Range(), "%q is shown in plans and reports, so its value must not contain a secret.", attr.Name))
		return cty.UnknownVal(want)
	}
	return s.convert(attr, v, want)
}

// convert fits a value to a type. Nulls within a collection are wrong too, since they say nothing there.
func (s scope) convert(attr *hcl.Attribute, v cty.Value, want cty.Type) cty.Value {
	converted, err := convert.Convert(s.meter.uniform(v, want, attr.Expr.Range()), want)
	if err != nil {
		s.add(wrongType.at(attr.Expr.Range(), "%q accepts %s; %s was given.", attr.Name, typeName(want), describe(v)))
		return cty.UnknownVal(want)
	}
	if !converted.IsWhollyKnown() {
		return cty.UnknownVal(want).WithSameMarks(converted)
	}
	if hasNull(converted) {
		s.add(wrongType.at(attr.Expr.Range(), "%q accepts %s; one of the given elements is null.", attr.Name, typeName(want)))
		return cty.UnknownVal(want)
	}
	return converted
}

func hasNull(v cty.Value) bool {
	if v, _ = v.Unmark(); v.IsNull() || !v.CanIterateElements() {
		return false
	}
	for _, element := range v.Elements() {
		if element.IsNull() {
			return true
		}
	}
	return false
}

// describe names what a value is, and shows it if it is a single one that may be shown.
func describe(v cty.Value) string {
	t := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case t.IsListType() || t.IsTupleType() || t.IsSetType():
		return "a list"
	case t.IsMapType() || t.IsObjectType():
		return "a map"
	case v.IsMarked() || !v.IsKnown() || !t.IsPrimitiveType():
		return typeName(t)
	case t == cty.String:
		return "the string " + diag.Quote(v.AsString())
	case t == cty.Number:
		return "the number " + v.AsBigFloat().Text('g', -1)
	default:
		return strconv.FormatBool(v.True())
	}
}

// text is an argument that holds a string. It is false if the argument is absent, null or wrong.
func (s scope) text(attr *hcl.Attribute) (string, bool) {
	v := s.argument(attr, cty.String)
	if v.IsNull() || !v.IsKnown() {
		return "", false
	}
	return v.AsString(), true
}

// flag is an argument that holds a bool, false by default.
func (s scope) flag(attr *hcl.Attribute) bool {
	v := s.argument(attr, cty.Bool)
	return !v.IsNull() && v.IsKnown() && v.True()
}

// words is an argument that holds a set of strings, sorted.
func (s scope) words(attr *hcl.Attribute) []string {
	v := s.argument(attr, cty.Set(cty.String))
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	var words []string
	for _, element := range v.Elements() {
		words = append(words, element.AsString())
	}
	return words
}
