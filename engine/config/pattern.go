package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// lifecycle reads a lifecycle block. Its arguments name settings and are not evaluated.
func (s scope) lifecycle(section *section) Lifecycle {
	if section == nil {
		return Lifecycle{}
	}
	protect, ignore := section.attributes["protect"], section.attributes["ignore_changes"]
	var l Lifecycle
	for _, p := range s.patterns(protect) {
		if p.Attribute != "" {
			s.add(invalidPattern.at(p.Range, "protect accepts whole settings, such as %s; name single attributes in ignore_changes.", p.Kind))
			continue
		}
		l.Protect = append(l.Protect, p)
	}
	l.Ignore = s.patterns(ignore)
	return l
}

// patterns reads a list of names of settings, each as a name or as a string, or the word all.
func (s scope) patterns(attr *hcl.Attribute) []Pattern {
	if attr == nil {
		return nil
	}
	if isAll(attr.Expr) {
		return []Pattern{{Range: attr.Expr.Range()}}
	}
	items, diags := hcl.ExprList(attr.Expr)
	if diags.HasErrors() {
		s.add(invalidPattern.at(attr.Expr.Range(), "%s accepts a list of names, such as [https, user.operator], or all.", attr.Name))
		return nil
	}
	var patterns []Pattern
	for _, item := range items {
		if p, ok := s.pattern(item); ok {
			patterns = append(patterns, p)
		}
	}
	return patterns
}

func isAll(expr hcl.Expression) bool {
	if hcl.ExprAsKeyword(expr) == "all" {
		return true
	}
	v, diags := evaluate(expr, nil)
	return !diags.HasErrors() && v.RawEquals(cty.StringVal("all"))
}

func (s scope) pattern(item hcl.Expression) (Pattern, bool) {
	steps, ok := steps(item)
	if !ok {
		s.add(invalidPattern.at(item.Range(), "This is not the name of a setting. Write names like https, user.operator or time.zone."))
		return Pattern{}, false
	}
	p := Pattern{Kind: steps[0], Range: item.Range()}
	kind := s.options.Kinds.Lookup(p.Kind)
	if kind == nil {
		s.add(unknownKind.at(item.Range(), "There is no kind of setting named %q.%s", p.Kind, suggest(p.Kind, s.options.Kinds.Names())))
		return Pattern{}, false
	}
	rest := steps[1:]
	if kind.Keyed && len(rest) > 0 {
		p.Key, rest = rest[0], rest[1:]
	}
	if len(rest) > 0 {
		p.Attribute, rest = rest[0], rest[1:]
	}
	if len(rest) > 0 || p.Attribute != "" && kind.Attribute(p.Attribute) == nil {
		s.add(invalidPattern.at(item.Range(), "%s has no attribute %q.%s", p.Kind, steps[len(steps)-1], suggest(p.Attribute, attributeNames(kind))))
		return Pattern{}, false
	}
	return p, true
}

// steps takes the name of a setting apart: `user.operator`, `user["a b"]`, or the same as a string.
func steps(item hcl.Expression) ([]string, bool) {
	traversal, diags := hcl.AbsTraversalForExpr(item)
	if diags.HasErrors() {
		text, diags := evaluate(item, nil)
		if diags.HasErrors() || text.Type() != cty.String || text.IsNull() || !text.IsKnown() {
			return nil, false
		}
		traversal, diags = hclsyntax.ParseTraversalAbs([]byte(text.AsString()), item.Range().Filename, hcl.InitialPos)
		if diags.HasErrors() {
			return nil, false
		}
	}
	names := []string{traversal.RootName()}
	for _, step := range traversal[1:] {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			names = append(names, step.Name)
		case hcl.TraverseIndex:
			if step.Key.Type() != cty.String {
				return nil, false
			}
			names = append(names, step.Key.AsString())
		}
	}
	return names, true
}

func attributeNames(kind *schema.Kind) []string {
	names := make([]string, len(kind.Attributes))
	for i, a := range kind.Attributes {
		names[i] = a.Name
	}
	return names
}

// Protects reports whether plans never change a setting.
func (l Lifecycle) Protects(address schema.Setting) bool { return coveredBy(l.Protect, address, "") }

// Ignores reports whether nobody looks at the differences of an attribute of a setting.
func (l Lifecycle) Ignores(address schema.Setting, attribute string) bool {
	return coveredBy(l.Ignore, address, attribute)
}

func coveredBy(patterns []Pattern, address schema.Setting, attribute string) bool {
	return slices.ContainsFunc(patterns, func(p Pattern) bool { return p.Covers(address, attribute) })
}

// Covers reports whether the pattern names an attribute of a setting, or the whole setting if attribute is empty.
func (p Pattern) Covers(address schema.Setting, attribute string) bool {
	return (p.Kind == "" || p.Kind == address.Kind) &&
		(p.Key == "" || p.Key == address.Key) &&
		(p.Attribute == "" || p.Attribute == attribute)
}
