package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Written is a configuration as it is written, before it is evaluated, for those who read plans. No secret is in it.
type Written struct {
	Variables []Given
	Blocks    []Block // devices, outputs, profiles and variables, ordered by type and name
}

// Given is the value of a variable.
type Given struct {
	Name      string
	Value     cty.Value // NilVal where it is sensitive or not known
	Sensitive bool
}

// Block is a block as it is written.
type Block struct {
	Type, Name string // the name is its label, empty if it has none
	Arguments  map[string]Expression
	Blocks     []Block // in the order of the source, without those that dynamic blocks generate: Arguments has one named dynamic then
	Range      hcl.Range
}

// Expression is what an argument is set to.
type Expression struct {
	Constant   cty.Value // NilVal if it is computed, or sensitive
	References []string  // what it is computed from, sorted
}

// writtenOf is what the declarations of a loader look like.
func writtenOf(l *loader) Written {
	var w Written
	for _, kind := range []string{"device", "output", "profile", "var"} {
		for _, name := range l.namesOf(kind) {
			n := node{kind, name}
			switch d := l.declarations[n].(type) {
			case *deviceBlock:
				w.Blocks = append(w.Blocks, blockOf(l, d.block, d.shape, d.outline, nil))
			case *profile:
				w.Blocks = append(w.Blocks, blockOf(l, d.block, d.shape, d.outline, nil))
			case *output:
				w.Blocks = append(w.Blocks, blockOf(l, d.block, d.shape, d.outline, only("value", slices.ContainsFunc(l.config.Outputs, func(o Output) bool {
					return o.Name == name && o.Sensitive
				}))))
			case *variable:
				w.Blocks = append(w.Blocks, blockOf(l, d.block, d.shape, d.outline, only("default", d.sensitive)))
				w.Variables = append(w.Variables, givenValue(name, l.values[n], d.sensitive))
			}
		}
	}
	return w
}

// only names an argument if that is hidden.
func only(name string, hidden bool) []string {
	if hidden {
		return []string{name}
	}
	return nil
}

func givenValue(name string, value cty.Value, sensitive bool) Given {
	g := Given{Name: name, Sensitive: sensitive}
	if !sensitive && value != cty.NilVal && !value.ContainsMarked() && value.IsWhollyKnown() {
		g.Value = value
	}
	return g
}

// blockOf is a block as it is written. Hidden are arguments whose constants are sensitive.
func blockOf(l *loader, block *hcl.Block, s *shape, o *outline, hidden []string) Block {
	b := Block{Type: block.Type, Arguments: map[string]Expression{}, Range: block.DefRange}
	if len(block.Labels) > 0 {
		b.Name = block.Labels[0]
	}
	if kind := l.options.Kinds.Lookup(block.Type); kind != nil {
		for _, a := range kind.Attributes {
			if a.Secret {
				hidden = append(hidden, a.Name)
			}
		}
	}
	for name, attr := range o.attributes {
		b.Arguments[name] = expressionOf(attr.Expr, name == "password" || slices.Contains(hidden, name))
	}
	for _, inner := range o.sections {
		b.Blocks = append(b.Blocks, blockOf(l, inner.block, s.blocks[inner.block.Type], inner.outline, nil))
	}
	if o.generated {
		if all := referencesOf(s.references(block.Body)); len(all) > 0 {
			b.Arguments[dynamic] = Expression{References: all}
		}
	}
	return b
}

// expressionOf is what an argument is set to. What is computed by functions alone has neither a constant nor references.
func expressionOf(expr hcl.Expression, hidden bool) Expression {
	if names := expr.Variables(); len(names) > 0 {
		return Expression{References: referencesOf(names)}
	}
	if hidden {
		return Expression{}
	}
	v, diags := evaluate(expr, nil)
	if diags.HasErrors() || v.ContainsMarked() || !v.IsWhollyKnown() {
		return Expression{}
	}
	return Expression{Constant: v}
}

// referencesOf writes references as they stand in a configuration, each once.
func referencesOf(all []hcl.Traversal) []string {
	var texts []string
	for _, t := range all {
		var b strings.Builder
		for _, step := range t {
			switch step := step.(type) {
			case hcl.TraverseRoot:
				b.WriteString(step.Name)
			case hcl.TraverseAttr:
				b.WriteString("." + step.Name)
			case hcl.TraverseIndex:
				b.WriteString("[" + string(hclwrite.TokensForValue(step.Key).Bytes()) + "]")
			}
		}
		texts = append(texts, b.String())
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}
