package engine_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// What a reader can hold in mind. A table, which is a function most of whose lines are composite literals, may be longer.
const (
	mostLines   = 80
	mostMethods = 60
)

func TestFunctionsAndTypesAreSmall(t *testing.T) {
	sizes := measure(t, "..")
	if len(sizes) < 1000 {
		t.Fatalf("%d functions and types are not all of the program", len(sizes))
	}
	for name, size := range sizes {
		if size.large() {
			t.Errorf("%s has %s; take it apart", name, size)
		}
	}
}

// size is how large a function or a type is.
type size struct{ lines, methods int }

func (s size) large() bool { return s.lines > mostLines || s.methods > mostMethods }

func (s size) String() string {
	if s.methods > 0 {
		return fmt.Sprintf("%d methods, more than %d", s.methods, mostMethods)
	}
	return fmt.Sprintf("%d lines, more than %d", s.lines, mostLines)
}

// measure reads the program below a directory: its functions by "package.Type.Name", and its types by "package.Type".
func measure(t *testing.T, root string) map[string]size {
	t.Helper()
	sizes := map[string]size{}
	program(t, root, func(path string, set *token.FileSet, file *ast.File) {
		add(sizes, set, file, filepath.ToSlash(filepath.Dir(path)))
	})
	return sizes
}

// program parses the files of the program below a directory, without tests.
func program(t *testing.T, root string, each func(path string, set *token.FileSet, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "bin" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if path, err = filepath.Rel(root, path); err == nil {
			each(path, set, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Only start-up holds a whole store; all others take the parts that they use.
func TestOnlyStartUpHoldsTheWholeStore(t *testing.T) {
	const opens = "cmd/camform/start.go"
	opened := false
	program(t, "..", func(path string, set *token.FileSet, file *ast.File) {
		path = filepath.ToSlash(path)
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok || s.Sel.Name != "Store" && s.Sel.Name != "Open" {
				return true
			}
			if of, ok := s.X.(*ast.Ident); ok && of.Name == "state" {
				opened = opened || path == opens && s.Sel.Name == "Open"
				if path != opens {
					t.Errorf("%s: state.%s outside %s", set.Position(s.Pos()), s.Sel.Name, opens)
				}
			}
			return true
		})
	})
	if !opened {
		t.Errorf("%s opens no store", opens)
	}
}

func add(sizes map[string]size, set *token.FileSet, file *ast.File, dir string) {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if f.Recv != nil {
			holder := dir + "." + receiver(f.Recv.List[0].Type)
			of := sizes[holder]
			of.methods++
			sizes[holder] = of
		}
		lines := linesOf(set, f)
		if 2*literalLines(set, f) > lines {
			lines = 0 // a table
		}
		sizes[nameOf(dir, f)] = size{lines: lines}
	}
}

// nameOf is the name of a function with its package and its receiver.
func nameOf(dir string, f *ast.FuncDecl) string {
	if f.Recv == nil {
		return dir + "." + f.Name.Name
	}
	return dir + "." + receiver(f.Recv.List[0].Type) + "." + f.Name.Name
}

// receiver is the name of the type of a receiver.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	panic("a receiver has a type of the package")
}

func linesOf(set *token.FileSet, n ast.Node) int {
	return set.Position(n.End()).Line - set.Position(n.Pos()).Line + 1
}

// literalLines is how many lines of a function are within composite literals, those of function literals in them not
// counted: they are code.
func literalLines(set *token.FileSet, f *ast.FuncDecl) int {
	lines := 0
	ast.Inspect(f, func(n ast.Node) bool {
		literal, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		lines += linesOf(set, literal)
		ast.Inspect(literal, func(n ast.Node) bool {
			code, ok := n.(*ast.FuncLit)
			if ok {
				lines -= linesOf(set, code)
			}
			return !ok
		})
		return false
	})
	return lines
}

// The measure sees methods of pointers and of generic types, and takes no function for a table because of a literal in it.
func TestSizesAreMeasured(t *testing.T) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "sample.go", "package sample\n\nfunc (*list[T]) Code() {\n\tprintln()\n\tprintln(table{\n\t\t1,\n\t})\n\tprintln()\n}\n\n"+
		"func (list[T]) Table() table {\n\treturn table{\n\t\t1,\n\t}\n}\n\nfunc Calls() []func() {\n\treturn []func(){\n\t\tfunc() {\n\t\t\tprintln()\n\t\t},\n\t}\n}\n", 0)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]size{}
	add(sizes, set, file, "sample")
	for name, want := range map[string]size{
		"sample.list": {methods: 2}, "sample.list.Code": {lines: 7}, "sample.list.Table": {}, "sample.Calls": {lines: 7},
	} {
		if sizes[name] != want {
			t.Errorf("%s is %+v, want %+v", name, sizes[name], want)
		}
	}
}
