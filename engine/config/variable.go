package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"camform/engine/diag"
	"camform/schema"
)

// variable is a variable block.
type variable struct {
	body
	want        cty.Type           // the type constraint; dynamic if there is none
	defaults    *typeexpr.Defaults // of optional attributes within it
	raw         bool               // whether text from the command line is taken as it is rather than as an expression
	sensitive   bool
	nullable    bool
	fallback    cty.Value // the default, converted; NilVal if there is none
	validations []*section
}

// variable reads a variable block. Its arguments are constants.
func (l *loader) variable(b body) *variable {
	v := &variable{body: b, want: cty.DynamicPseudoType, raw: true, nullable: true, validations: b.sections}
	s := scope{loader: l}
	if attr := b.attributes["type"]; attr != nil {
		want, defaults, diags := typeexpr.TypeConstraintWithDefaults(attr.Expr)
		l.add(fromHCL(diags)...)
		v.want, v.defaults, v.raw = want, defaults, want.IsPrimitiveType()
	}
	v.sensitive = s.flag(b.attributes["sensitive"])
	if attr := b.attributes["nullable"]; attr != nil {
		v.nullable = s.flag(attr)
	}
	s.text(b.attributes["description"])
	v.readDefault(s)
	return v
}

func (v *variable) readDefault(s scope) {
	attr := v.attributes["default"]
	if attr == nil {
		return
	}
	value := s.value(attr.Expr)
	if !value.IsWhollyKnown() {
		v.fallback = cty.DynamicVal
		return
	}
	converted, err := v.convert(s.meter, value)
	if err != nil {
		s.add(invalidDefault.at(attr.Expr.Range(), "The default of var.%s does not fit its type: %s.", v.name(), err))
		v.fallback = cty.DynamicVal
		return
	}
	v.fallback = converted
	if v.sensitive && !isEmpty(converted) {
		problem := secretInClear.at(attr.NameRange, "The default of var.%s, which is sensitive, is written in the file. Remove it and give the value from outside.", v.name())
		problem.Severity = diag.Warning
		s.add(problem)
		s.blank(attr.Expr)
	}
}

// isEmpty reports whether v is null or an empty text.
func isEmpty(v cty.Value) bool { return v.IsNull() || v.RawEquals(cty.StringVal("")) }

// convert fits a value to the type of the variable, and counts that on m. The error names the place within the value and no values.
func (v *variable) convert(m *meter, value cty.Value) (cty.Value, error) {
	if v.defaults != nil && !value.IsNull() {
		value = v.defaults.Apply(value)
	}
	converted, err := convert.Convert(m.uniform(value, v.want, v.block.DefRange), v.want)
	if err == nil {
		return converted, nil
	}
	var inner cty.PathError
	if errors.As(err, &inner) && len(inner.Path) > 0 {
		return cty.DynamicVal, fmt.Errorf("at %s, %w", pathText(inner.Path), err)
	}
	return cty.DynamicVal, err
}

// pathText writes a path as the expression that would lead there: `.ports[0]`.
func pathText(path cty.Path) string {
	var b strings.Builder
	for _, step := range path {
		switch step := step.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + step.Name)
		case cty.IndexStep:
			if step.Key.Type() == cty.Number {
				b.WriteString("[" + step.Key.AsBigFloat().String() + "]")
			} else {
				b.WriteString("[...]") // keys of a map may be secret
			}
		}
	}
	return b.String()
}

// given is a value for a variable from outside: text, or an expression in a file.
type given struct {
	text   string
	expr   hcl.Expression
	source string // for messages
}

// ValuePrefix is what the name of a variable of the environment begins with that gives a value to a variable of the configuration.
const ValuePrefix = "CAMFORM_VAR_"

// ValueIn is what the environment gives to a variable, and the name of the variable there. Without prefixes it is that of ValuePrefix.
func ValueIn(env func(string) (string, bool), name string, prefixes ...string) (text, from string, ok bool) {
	if len(prefixes) == 0 {
		prefixes = []string{ValuePrefix}
	}
	for _, prefix := range prefixes {
		if text, ok := env(prefix + name); ok {
			return text, prefix + name, true
		}
	}
	return "", "", false
}

// readValues collects the values for variables from outside, the weakest source first.
func (l *loader) readValues() {
	for _, name := range l.namesOf("var") {
		if text, from, ok := ValueIn(l.options.Env, name, l.options.Given...); ok {
			l.given[name] = given{text: text, source: "the environment variable " + from}
		}
	}
	for _, name := range l.valueFiles() {
		text, err := l.files.own(name, maxSource)
		if err != nil {
			l.add(unreadableFile.of("%s: %s.", l.display(name), cause(err)))
			continue
		}
		l.readValueFile(l.display(name), text)
	}
	for _, v := range l.options.Vars {
		if v.File != "" {
			l.readNamedFile(v.File)
		} else {
			l.give(v.Name, given{text: v.Text, source: "--var"}, nil)
		}
	}
}

// valueFiles lists the files with values that are read without being named, in the order of their strength.
func (l *loader) valueFiles() []string {
	present := l.names()
	var names []string
	for _, name := range []string{"camform.camvars", "camform.camvars.json"} {
		if slices.Contains(present, name) {
			names = append(names, name)
		}
	}
	for _, name := range present {
		if strings.HasSuffix(name, ".auto.camvars") || strings.HasSuffix(name, ".auto.camvars.json") {
			names = append(names, name)
		}
	}
	return names
}

func (l *loader) readNamedFile(path string) {
	text, err := l.files.named(path)
	if err != nil {
		l.add(unreadableFile.of("%s, given with --var-file: %s.", path, cause(err)))
		return
	}
	l.readValueFile(path, text)
}

// readValueFile takes the values of a file. Its text is not kept among the sources, as it may hold secrets.
func (l *loader) readValueFile(filename string, text []byte) {
	file, diags := l.meter.file(text, filename)
	l.add(fromHCL(diags)...)
	if diags.HasErrors() {
		return
	}
	attributes, diags := file.Body.JustAttributes()
	l.add(fromHCL(diags)...)
	for _, name := range sortedKeys(attributes) {
		attr := attributes[name]
		l.give(name, given{expr: attr.Expr, source: line(attr.NameRange)}, &attr.NameRange)
	}
}

// give notes a value for a variable. One that nobody declared is an error on the command line, and a warning in a file,
// which may serve several configurations.
func (l *loader) give(name string, g given, at *hcl.Range) {
	if l.declarations[node{"var", name}] != nil {
		l.given[name] = g
		return
	}
	problem := undeclaredVariable.of("The configuration declares no variable %q, although %s gives it a value.%s", name, g.source, suggest(name, l.namesOf("var")))
	if at != nil {
		problem.Severity, problem.Subject = diag.Warning, at
	}
	l.add(problem)
}

// references is empty: what a variable is worth comes from outside.
func (v *variable) references() []hcl.Traversal { return nil }

func (v *variable) evaluate(l *loader, s scope) {
	value := v.value(l)
	if v.sensitive {
		origin := "var." + v.name()
		if text, err := convert.Convert(value, cty.String); err == nil && text.IsKnown() && !text.IsNull() {
			l.secrets.known[origin] = schema.NewSecret(text.AsString())
		}
		value = schema.MarkSecret(value, origin)
	}
	l.values[node{"var", v.name()}] = value
}

func (v *variable) value(l *loader) cty.Value {
	name := v.name()
	g, ok := l.given[name]
	if !ok {
		if v.fallback == cty.NilVal {
			l.add(missingVariable.at(v.place(), "var.%s has no default and was given no value. Give it with --var %s=VALUE, in a file such as camform.camvars, or in the environment as CAMFORM_VAR_%s.", name, name, name))
			return cty.UnknownVal(v.want)
		}
		return v.orFallback(l, v.fallback)
	}
	value, err := v.parse(l, g)
	if err == nil {
		value, err = v.convert(l.meter, value)
	}
	if err != nil {
		l.add(invalidVariable.at(v.place(), "var.%s accepts %s, which the value from %s is not%s.", name, typeName(v.want), g.source, v.because(err)))
		return cty.UnknownVal(v.want)
	}
	return v.orFallback(l, value)
}

// because is the reason why a value does not fit. Errors of the parser may quote the value, so nothing is said about a
// sensitive one.
func (v *variable) because(err error) string {
	if v.sensitive {
		return ""
	}
	return ": " + strings.TrimSuffix(err.Error(), ".")
}

// parse gives the value of text or expression.
func (v *variable) parse(l *loader, g given) (cty.Value, error) {
	if g.expr == nil {
		if v.raw {
			return cty.StringVal(g.text), nil
		}
		expr, diags := l.meter.value([]byte(g.text), "value")
		if diags.HasErrors() {
			return cty.DynamicVal, firstError(diags)
		}
		g.expr = expr
	}
	value, diags := evaluate(g.expr, nil)
	if diags.HasErrors() {
		return cty.DynamicVal, firstError(diags)
	}
	return value, nil
}

func firstError(diags hcl.Diagnostics) error {
	d := diags.Errs()[0].(*hcl.Diagnostic)
	return fmt.Errorf("%s. %s", strings.ToLower(d.Summary), d.Detail)
}

// orFallback replaces null by the default in a variable that is not nullable.
func (v *variable) orFallback(l *loader, value cty.Value) cty.Value {
	switch {
	case v.nullable || !value.IsNull():
		return value
	case v.fallback != cty.NilVal && !v.fallback.IsNull():
		return v.fallback
	}
	l.add(invalidVariable.at(v.place(), "var.%s must not be null, as it says nullable = false.", v.name()))
	return cty.UnknownVal(v.want)
}

// typeName is what a type takes, in words if it is simple and as it is written in a configuration if not.
func typeName(t cty.Type) string {
	switch {
	case t == cty.String:
		return "a string"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t == cty.DynamicPseudoType:
		return "any value"
	case (t.IsListType() || t.IsSetType()) && t.ElementType() == cty.String:
		return "a list of strings"
	case t == cty.Map(cty.Number):
		return "a map of numbers"
	default:
		return typeexpr.TypeString(t)
	}
}

// validation is the validation blocks of a variable. It is a declaration of its own, because conditions may refer to values
// that are computed from the variable.
type validation variable

func (v *validation) references() []hcl.Traversal {
	var found []hcl.Traversal
	for _, section := range v.validations {
		for _, attr := range section.attributes {
			found = append(found, attr.Expr.Variables()...)
		}
	}
	return found
}

func (v *validation) evaluate(l *loader, s scope) {
	for _, section := range v.validations {
		v.check(s, section)
	}
}

func (v *validation) check(s scope, section *section) {
	condition, message := section.attributes["condition"], section.attributes["error_message"]
	if condition == nil || message == nil {
		s.add(invalidValidation.at(section.block.DefRange, "A validation needs the arguments condition and error_message."))
		return
	}
	text := s.value(message.Expr)
	if hasSecret(text) {
		s.add(secretExposed.at(message.Expr.Range(), "An error_message is shown, so it must not contain a secret."))
	}
	result, _ := s.value(condition.Expr).UnmarkDeep() // whether a condition holds tells next to nothing about a secret
	result, err := convert.Convert(result, cty.Bool)
	switch {
	case err != nil || result.IsNull():
		s.add(invalidValidation.at(condition.Expr.Range(), "A condition must be true or false."))
	case !result.IsKnown() || result.True():
	default:
		s.add(failedValidation.at(v.place(), "var.%s: %s (This was checked at %s.)", v.name(), messageText(text), line(condition.Range)))
	}
}

// messageText is an error_message as a text. One that contains a secret is not shown.
func messageText(v cty.Value) string {
	if hasSecret(v) {
		return "The error_message contains a secret and is not shown."
	}
	v, err := convert.Convert(v, cty.String)
	if err != nil || v.IsNull() || !v.IsKnown() {
		return "The error_message could not be computed."
	}
	return v.AsString()
}
