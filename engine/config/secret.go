package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"camform/engine/diag"
	"camform/schema"
)

// SecretReader reads the secret of an origin; known is false if it is not available now. Errors never contain a value.
type SecretReader func(origin string) (secret schema.Secret, known bool, err error)

// SecretsUnknown is a SecretReader for commands that need no values: every secret is unknown. A malformed origin is still an
// error.
func SecretsUnknown(origin string) (schema.Secret, bool, error) {
	return schema.Secret{}, false, schema.CheckOrigin(origin)
}

// Errors of origins.
var (
	ErrSecretOrigin = schema.ErrOrigin // the text is not written like an origin
	ErrSecretAbsent = schema.ErrAbsent // there is no value at the origin

	// ErrSecretSealed is for readers that know that the vault has a secret, and cannot open it: it is as unknown as others, but an
	// account that has one in the vault has no need of its first one.
	ErrSecretSealed = errors.New("the secret is in the vault, which is not opened here")
)

func secretPath(path, dir string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// origin is a SecretReader for what expressions name.
func (l *loader) origin(origin string) (schema.Secret, bool, error) {
	if _, asked := l.secrets.answers[origin]; !asked {
		if err := l.files.refuse(origin); err != nil {
			return schema.Secret{}, false, err
		}
	}
	return l.secrets.fetch(origin)
}

// secretStore answers for secrets during one run. Each origin is read once.
type secretStore struct {
	read    SecretReader
	known   map[string]schema.Secret // Config.Secrets
	answers map[string]secretAnswer
	parts   map[string]cty.ValueMarks // of what is derived from several secrets, by its origin
	asked   []any                     // the marks of what secret() was asked for, one for each call
}

type secretAnswer struct {
	secret schema.Secret
	known  bool
	err    error
}

// fetch is a SecretReader.
func (s *secretStore) fetch(origin string) (schema.Secret, bool, error) {
	answer, ok := s.answers[origin]
	if !ok {
		answer.secret, answer.known, answer.err = s.read(origin)
		s.answers[origin] = answer
		if answer.err == nil && answer.known {
			s.known[origin] = answer.secret
		}
	}
	return answer.secret, answer.known, answer.err
}

// whole reports whether v is exactly what its origin yields. An unknown value that was computed from a secret has been
// narrowed down by the computation, for nothing computed is null.
func (s *secretStore) whole(v cty.Value, origin string) bool {
	v, _ = v.Unmark()
	if !v.IsKnown() {
		return v.RawEquals(cty.UnknownVal(v.Type()))
	}
	secret, ok := s.known[origin]
	if !ok {
		return false
	}
	want, err := convert.Convert(cty.StringVal(secret.Reveal()), v.Type())
	return err == nil && want.RawEquals(v)
}

// revealed reports whether a text that is not secret contains a secret that v was computed from.
func (s *secretStore) revealed(v cty.Value) bool {
	plain, marks := v.UnmarkDeep()
	found := false
	for mark := range marks {
		secret, ok := mark.(schema.SecretMark)
		text := s.known[secret.Origin].Reveal()
		if !ok || text == "" {
			continue
		}
		_ = cty.Walk(plain, func(_ cty.Path, part cty.Value) (bool, error) {
			if part.Type() == cty.String && part.IsKnown() && !part.IsNull() && strings.Contains(part.AsString(), text) {
				found = true
			}
			return true, nil
		})
	}
	return found
}

// secret is the value of an argument that is secret, with the mark of its one origin: a text of schema.SecretType. It is null if
// the argument is absent or null, and unknown without a mark if something is wrong with it.
func (s scope) secret(attr *hcl.Attribute, want cty.Type) cty.Value {
	if attr == nil {
		return cty.NullVal(want)
	}
	return s.concealed(attr, s.value(attr.Expr), want)
}

// chosen is the part of an expression that its value comes from, if that is not all of it: a condition that is known leaves one of
// its two branches. What only a dynamic block knows has no value in ctx, so nothing is chosen by it.
func chosen(expr hcl.Expression, ctx *hcl.EvalContext) (part hcl.Expression, ok bool) {
	choice, ok := hcl.UnwrapExpression(expr).(*hclsyntax.ConditionalExpr)
	if !ok {
		return nil, false
	}
	holds, diags := evaluate(choice.Condition, ctx)
	holds, err := convert.Convert(holds, cty.Bool)
	switch {
	case diags.HasErrors() || err != nil || holds.IsMarked() || !holds.IsKnown() || holds.IsNull():
		return nil, false
	case holds.True():
		part = choice.TrueResult
	default:
		part = choice.FalseResult
	}
	if _, diags := evaluate(part, ctx); diags.HasErrors() {
		return nil, false
	}
	if inner, ok := chosen(part, ctx); ok {
		return inner, true
	}
	return part, true
}

// concealed is secret for the value of an argument that is there.
func (s scope) concealed(attr *hcl.Attribute, v cty.Value, want cty.Type) cty.Value {
	if plain, _ := v.Unmark(); plain.IsNull() {
		return cty.NullVal(want)
	}
	expr := attr.Expr
	if hasSecret(v) {
		if part, ok := chosen(attr.Expr, s.ctx); ok {
			expr, v = part, s.value(part)
		}
	}
	if !hasSecret(v) && v.IsKnown() || schema.IsSecret(v) && homeless(v) {
		s.blank(attr.Expr)
		s.add(secretInClear.at(attr.NameRange, "%q is secret and must not be written in a file. Read it with secret(\"vault:NAME\"), secret(\"env:NAME\") or secret(\"file:PATH\"), or from a variable with sensitive = true.", attr.Name))
		return cty.UnknownVal(want)
	}
	if !hasSecret(v) {
		return cty.UnknownVal(want)
	}
	converted, err := convert.Convert(v, want)
	if err != nil {
		s.add(wrongType.at(attr.Expr.Range(), "%q accepts %s, which the secret is not.", attr.Name, typeName(want)))
		return cty.UnknownVal(want)
	}
	origin := schema.Origin(converted)
	if origin == "" || !s.secrets.whole(converted, origin) {
		var ok bool
		if origin, ok = (derivation{s.loader}).origin(expr, s.ctx, converted); !ok {
			s.add(secretMixed.at(attr.Expr.Range(), "%q is computed from secrets in a way that a plan cannot repeat when it is applied. Compute it here or in locals, from secret() and sensitive variables. If one file holds settings and secrets, name the secret field itself: secret(\"sops:FILE#KEY\").", attr.Name))
			return cty.UnknownVal(want)
		}
		plain, _ := converted.Unmark()
		if _, known := s.secrets.known[origin]; !known {
			plain = cty.UnknownVal(want)
		}
		converted = schema.MarkSecret(plain, origin)
	}
	if secret, ok := s.secrets.known[origin]; ok && want == cty.String {
		return schema.MarkSecret(secret.Value(), origin)
	}
	return converted
}

// homeless reports whether v is secret only because sensitive() says so, and comes from no origin.
func homeless(v cty.Value) bool {
	for mark := range v.Marks() {
		if secret, ok := mark.(schema.SecretMark); ok && secret.Origin != "" {
			return false
		}
	}
	return true
}

// blank overwrites a constant in the sources, so that no message shows what stands there.
func (s scope) blank(expr hcl.Expression) {
	if len(expr.Variables()) > 0 {
		return
	}
	at := expr.Range()
	text := s.config.Sources[at.Filename]
	if !at.CanSliceBytes(text) {
		return
	}
	for i := at.Start.Byte; i < at.End.Byte; i++ {
		if text[i] != '\n' {
			text[i] = '*'
		}
	}
}

// exposedFile warns of a secret in a file that everybody on the machine can read.
func (l *loader) exposedFile(origin string) {
	scheme, rest := schema.OriginScheme(origin)
	if scheme != "file" {
		return
	}
	path := secretPath(rest, l.source.dir)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return
	}
	problem := secretExposedFile.of("%s can be read by every user of this machine. To change that, run: chmod o-r %s", path, path)
	problem.Severity = diag.Warning
	l.add(problem)
}
