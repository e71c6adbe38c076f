package engine_test

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"testing"

	"camform/schema"
	"camform/schema/hikvision"
)

// What a setting or an attribute is for stands in its file, so that the kinds of a second vendor work like those of the first.
// The language of configurations has words that attributes have as well, such as password; they name no attribute.
func TestTheEngineNamesNoKindAndNoAttribute(t *testing.T) {
	kinds, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	known := slices.Clone(kinds.Names())
	for _, k := range kinds.All() {
		for _, a := range k.Attributes {
			known = append(known, a.Name)
		}
	}
	eachChecked(t, []string{"camform/engine/...", "camform/cmd/..."}, func(t *testing.T, p *checkedPackage) {
		if slices.Contains(p.goPackage.Imports, "testing") {
			return // what only tests use may make settings up
		}
		for _, file := range p.files {
			ast.Inspect(file, func(n ast.Node) bool {
				for _, name := range p.naming(n) {
					value := p.Types[name].Value
					if value != nil && value.Kind() == constant.String && slices.Contains(known, constant.StringVal(value)) {
						t.Errorf("%s: %s is a kind of setting or an attribute", p.Position(name.Pos()), value)
					}
				}
				return true
			})
		}
	})
}

// Suggested commands are pasted: a name with a quote in it would end a word that a format puts between quotes.
func TestFormatsDoNotQuoteForAShell(t *testing.T) {
	eachChecked(t, []string{"camform/engine/...", "camform/cmd/..."}, func(t *testing.T, p *checkedPackage) {
		for _, file := range p.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && quotesForShell.MatchString(text.Value) {
					t.Errorf("%s: write it with package shell", p.Position(text.Pos()))
				}
				return true
			})
		}
	})
}

var quotesForShell = regexp.MustCompile(`'%[svq]'|camform .*"%s"`)

// naming are the expressions in a piece of code that say which kind or attribute is meant: what is looked up, compared with
// the name of one, or put into an address.
func (p *checkedPackage) naming(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok && p.looksUp(f) {
			return n.Args
		}
	case *ast.IndexExpr:
		if p.bySetting(n.X) {
			return []ast.Expr{n.Index}
		}
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			return p.comparedWithName(n.X, n.Y)
		}
	case *ast.SwitchStmt:
		if n.Tag == nil {
			return nil
		}
		var cases []ast.Expr
		for _, c := range n.Body.List {
			cases = append(cases, c.(*ast.CaseClause).List...)
		}
		return p.comparedWithName(n.Tag, cases...)
	case *ast.CompositeLit:
		return p.inAddress(n)
	}
	return nil
}

// looksUp reports whether a method takes the name of a kind or an attribute.
func (p *checkedPackage) looksUp(method *ast.SelectorExpr) bool {
	f, ok := p.Uses[method.Sel].(*types.Func)
	return ok && slices.Contains([]string{
		"(*camform/schema.Kinds).Lookup", "(*camform/schema.Kind).Attribute", "(github.com/zclconf/go-cty/cty.Value).GetAttr",
	}, f.FullName())
}

// bySetting reports whether a map has the names of kinds or attributes as keys.
func (p *checkedPackage) bySetting(x ast.Expr) bool {
	m, ok := p.Types[x].Type.Underlying().(*types.Map)
	return ok && slices.Contains([]string{
		"camform/engine/config.Attribute", "camform/engine/plan.SecretSource", "camform/providers.Items", "*camform/schema.Kind",
	}, types.TypeString(m.Elem(), nil))
}

// comparedWithName are expressions that are compared with the field of a struct that has the name of a kind or an attribute.
func (p *checkedPackage) comparedWithName(x ast.Expr, others ...ast.Expr) []ast.Expr {
	names := func(e ast.Expr) bool {
		field, ok := e.(*ast.SelectorExpr)
		if !ok || p.Selections[field] == nil {
			return false
		}
		of := types.TypeString(p.Selections[field].Recv(), func(*types.Package) string { return "" })
		return field.Sel.Name == "Attribute" || slices.Contains([]string{
			"Kind.Name", "*Kind.Name", "Attribute.Name", "*Attribute.Name", "Setting.Kind",
		}, of+"."+field.Sel.Name)
	}
	if names(x) {
		return others
	}
	if slices.ContainsFunc(others, names) {
		return []ast.Expr{x}
	}
	return nil
}

// inAddress are the kinds in an address that is written down.
func (p *checkedPackage) inAddress(literal *ast.CompositeLit) (kinds []ast.Expr) {
	if types.TypeString(p.Types[literal].Type, nil) != "camform/schema.Setting" {
		return nil
	}
	for i, e := range literal.Elts {
		switch e := e.(type) {
		case *ast.KeyValueExpr:
			if field, ok := e.Key.(*ast.Ident); ok && field.Name == "Kind" {
				kinds = append(kinds, e.Value)
			}
		default:
			if i == 1 {
				kinds = append(kinds, e)
			}
		}
	}
	return kinds
}
