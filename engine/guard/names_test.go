package guard_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"camform/schema"
	"camform/schema/hikvision"
)

// literals are the texts of the literals below a folder, but for those of tests, with their places.
func literals(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	files := token.NewFileSet()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ImportSpec); ok && spec != nil {
				return false
			}
			if l, ok := n.(*ast.BasicLit); ok && (l.Kind == token.STRING || l.Kind == token.INT) {
				text := l.Value
				if unquoted, err := strconv.Unquote(text); err == nil {
					text = unquoted
				}
				found[files.Position(l.Pos()).String()] = text
			}
			return true
		})
		return nil
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%d literals, %v", len(found), err)
	}
	return found
}

func TestTheGuardNamesNoKindAndNoAttribute(t *testing.T) {
	kinds, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	names := kinds.Names()
	for _, k := range kinds.All() {
		for _, a := range k.Attributes {
			names = append(names, a.Name)
		}
	}
	for at, text := range literals(t, ".") {
		if slices.Contains(names, text) {
			t.Errorf("%s: %q is a kind of setting or an attribute", at, text)
		}
	}
}

// vendor are words that only one vendor has.
var vendor = []string{"dev_manage", "sdk_over", "isapi", "hikvision", "adminaccess", "sadp", "8000"}

func TestTheEngineHasNoWordOfAVendor(t *testing.T) {
	for at, text := range literals(t, "..") {
		if text == "Administrator" || slices.ContainsFunc(vendor, func(word string) bool { return strings.Contains(strings.ToLower(text), word) }) {
			t.Errorf("%s: %q has a word of a vendor", at, text)
		}
	}
}
