package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"camform/engine/credential"
	"camform/schema"
)

// DerivedScheme is that of the origins of what a configuration computes from secrets. The rest of such an origin is an expression
// that needs nothing of the configuration but secrets: derived:"${secret("env:SITE")}-north".
const DerivedScheme = "derived"

// maxDerivation bounds the length of such an expression: plans and the state keep it.
const maxDerivation = 4 << 10

// Derive computes the secret of an origin with DerivedScheme. The secrets in it come from read; an error of that comes back as
// it is, and the others contain no secret.
func Derive(origin string, read func(origin string) (schema.Secret, error)) (schema.Secret, error) {
	_, text := schema.OriginScheme(origin)
	l := newLoader(&Source{meter: newMeter()}, Options{})
	var unread error
	ctx := &hcl.EvalContext{Functions: l.functions()}
	for _, name := range readingFiles {
		delete(ctx.Functions, name)
	}
	ctx.Functions["secret"] = function.New(&function.Spec{
		Params: []function.Parameter{{Name: "origin", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			secret, err := read(args[0].AsString())
			unread = cmp.Or(unread, err)
			return schema.MarkSecret(cty.StringVal(secret.Reveal()), args[0].AsString()), err
		},
	})
	v := cty.DynamicVal
	l.bounded(func() {
		expr, diags := l.meter.value([]byte(text), origin)
		if !diags.HasErrors() {
			v = scope{loader: l, ctx: ctx}.value(expr)
		}
	})
	if unread != nil {
		return schema.Secret{}, unread
	}
	v, _ = v.UnmarkDeep()
	v, err := convert.Convert(v, cty.String)
	if err != nil || v.IsNull() || !v.IsKnown() {
		return schema.Secret{}, fmt.Errorf("%s cannot be computed", origin)
	}
	return schema.NewSecret(v.AsString()), nil
}

// ErrUnjudged is the error of an expression for which camform cannot tell, without its secrets, which secrets it reads.
var ErrUnjudged = errors.New("camform cannot tell which secrets it reads")

// PartsOf are the origins of the secrets that an origin is computed from, also of those that are read only in some cases; the
// origin itself where nothing is computed. The error is ErrUnjudged.
func PartsOf(origin string) ([]string, error) {
	scheme, text := schema.OriginScheme(origin)
	if scheme != DerivedScheme {
		return []string{origin}, nil
	}
	l := newLoader(&Source{meter: newMeter()}, Options{})
	ctx := &hcl.EvalContext{Functions: l.functions()}
	for _, hidden := range append([]string{"secret"}, readingFiles...) {
		delete(ctx.Functions, hidden)
	}
	expr, diags := l.meter.value([]byte(text), origin)
	native, ok := hcl.UnwrapExpression(expr).(hclsyntax.Expression)
	if diags.HasErrors() || !ok {
		return nil, ErrUnjudged
	}
	var parts []string
	var unjudged error
	hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok || call.Name != "secret" {
			return nil
		}
		part := ""
		if len(call.Args) == 1 && !call.ExpandFinal {
			if v, diags := evaluate(call.Args[0], ctx); !diags.HasErrors() && v.IsWhollyKnown() && !v.IsNull() && v.Type() == cty.String {
				part = v.AsString()
			}
		}
		if part == "" {
			unjudged = ErrUnjudged
		}
		parts = append(parts, part)
		return nil
	})
	return parts, unjudged
}

// readingFiles are the functions that read something besides their arguments.
var readingFiles = append(sortedKeys(fileFunctions(&loader{})), "templatefile")

// derivation writes expressions so that they mean the same without the configuration.
type derivation struct{ *loader }

// origin is that of a value which an expression computes from secrets; ok is false where the expression needs more of the
// configuration. If a secret was left unread that the expression reads, though not for the value, the value is unknown.
func (d derivation) origin(expr hcl.Expression, ctx *hcl.EvalContext, v cty.Value) (origin string, ok bool) {
	text, err := d.closed(expr, ctx)
	if err != nil {
		return "", false
	}
	origin = DerivedScheme + ":" + text
	v, d.secrets.parts[origin] = v.Unmark()
	if !v.IsKnown() {
		return origin, true
	}
	secret, err := Derive(origin, func(origin string) (schema.Secret, error) {
		known, ok := d.secrets.known[origin]
		if !ok {
			return schema.Secret{}, ErrSecretAbsent
		}
		return known, nil
	})
	if errors.Is(err, ErrSecretAbsent) {
		return origin, true
	}
	have, wrong := convert.Convert(v, cty.String)
	if err != nil || wrong != nil || have.IsNull() || schema.NewSecret(have.AsString()) != secret {
		return "", false
	}
	d.secrets.known[origin] = secret
	return origin, true
}

// errOpen is that of an expression which needs the configuration.
var errOpen = errors.New("the expression cannot be written without the configuration")

// replacement is a text that replaces a part of an expression.
type replacement struct {
	at   hcl.Range
	text string
}

// closed is the text of an expression in which every name, and every call that reads a file, is replaced by what it stands for.
func (d derivation) closed(expr hcl.Expression, ctx *hcl.EvalContext) (string, error) {
	native, ok := hcl.UnwrapExpression(expr).(hclsyntax.Expression)
	source := d.config.Sources[expr.Range().Filename]
	if !ok || !expr.Range().CanSliceBytes(source) || ctx == nil {
		return "", errOpen
	}
	var all []replacement
	hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && slices.Contains(readingFiles, call.Name) {
			v, diags := evaluate(call, ctx)
			text, err := literalOf(v)
			if diags.HasErrors() || err != nil {
				text = "" // which nothing is written as
			}
			all = append(all, replacement{call.Range(), text})
		}
		return nil
	})
	for _, reference := range expr.Variables() {
		text, err := d.meant(reference, ctx, source)
		if err != nil {
			return "", err
		}
		all = append(all, replacement{reference.SourceRange(), text})
	}
	slices.SortFunc(all, func(a, b replacement) int {
		return cmp.Or(cmp.Compare(a.at.Start.Byte, b.at.Start.Byte), cmp.Compare(b.at.End.Byte, a.at.End.Byte))
	})
	var text strings.Builder
	from := expr.Range().Start.Byte
	for _, r := range all {
		switch {
		case r.text == "":
			return "", errOpen
		case r.at.Start.Byte < from: // within a call that is replaced
			continue
		}
		text.Write(source[from:r.at.Start.Byte])
		text.WriteString(r.text)
		from = r.at.End.Byte
	}
	text.Write(source[from:expr.Range().End.Byte])
	if text.Len() > maxDerivation {
		return "", errOpen
	}
	return text.String(), nil
}

// meant is what a reference stands for: a constant, a secret as a whole, or what a local value is computed from.
func (d derivation) meant(reference hcl.Traversal, ctx *hcl.EvalContext, source []byte) (string, error) {
	v, diags := reference.TraverseAbs(ctx)
	if diags.HasErrors() {
		return "", errOpen
	}
	if !hasSecret(v) {
		return literalOf(v)
	}
	if origin := schema.Origin(v); origin != "" && d.secrets.whole(v, origin) {
		return fmt.Sprintf("secret(%s)", hclwrite.TokensForValue(cty.StringVal(origin)).Bytes()), nil
	}
	name, ok := secondStep(reference)
	local, declared := d.declarations[node{"local", name}].(*local)
	if !ok || !declared || reference.RootName() != "local" {
		return "", errOpen
	}
	text, err := d.closed(local.attr.Expr, d.context(d.uses[node{"local", name}]))
	rest := source[reference[1].SourceRange().End.Byte:reference.SourceRange().End.Byte]
	return "(" + text + ")" + string(rest), err
}

// literalOf writes a value that is no secret.
func literalOf(v cty.Value) (string, error) {
	if hasSecret(v) || !v.IsWhollyKnown() {
		return "", errOpen
	}
	v, _ = v.UnmarkDeep()
	text := string(hclwrite.TokensForValue(v).Bytes())
	switch t := v.Type(); {
	case t.IsSetType():
		return "toset(" + text + ")", nil
	case t.IsListType():
		return "tolist(" + text + ")", nil
	case t.IsMapType():
		return "tomap(" + text + ")", nil
	}
	return text, nil
}

// apartFromManaged reports what is computed from passwords that policies manage: the run that changes one could not change what
// is made of it in the same step.
func (d derivation) apartFromManaged() {
	managed := map[string]schema.Setting{}
	for _, device := range d.config.Devices {
		for _, s := range device.Settings {
			if s.password().Policy != nil {
				managed[credential.Origin(credential.Name(device.Address, s.Address.Key))] = s.Address
			}
		}
	}
	if len(d.secrets.parts) == 0 || len(managed) == 0 {
		return
	}
	for _, device := range d.config.Devices {
		d.apart(managed, schema.Setting{Device: device.Address}, "password", device.Login.Password, device.Login.Range)
		for _, s := range device.Settings {
			for _, name := range sortedKeys(s.Attributes) {
				d.apart(managed, s.Address, name, s.Attributes[name].Value, s.Attributes[name].Range)
			}
		}
	}
}

func (d derivation) apart(managed map[string]schema.Setting, about schema.Setting, name string, v cty.Value, at hcl.Range) {
	var made []string
	for mark := range d.secrets.parts[schema.Origin(v)] {
		if account, ok := managed[mark.(schema.SecretMark).Origin]; ok {
			made = append(made, account.String())
		}
	}
	slices.Sort(made)
	for _, account := range made {
		scope{loader: d.loader, about: about}.add(secretMixed.at(at, "%q is computed from the password of %s, which a policy manages. Use that password as a whole, or a secret that no policy manages.", name, account))
	}
}
