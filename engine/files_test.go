package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// ownWriters may write files by themselves, each for a reason.
var ownWriters = map[string]string{
	"cmd/camform/outfile.go":          "programs read its lines while the run lasts, also those of a run that is killed",
	"engine/atomicfile/atomicfile.go": "it is how all others write",
	"engine/state/pgtest/pgtest.go":   "it makes the files of servers for tests, which nobody reads after them",
	"engine/state/sqlite.go":          "SQLite writes its own files; the database gets its name by atomicfile.Publish",
}

// writers are the functions of package os, and the methods of an os.Root, that make or change the text or the name of a file.
var writers = map[string]bool{
	"WriteFile": true, "Create": true, "CreateTemp": true, "OpenFile": true, "Rename": true, "Link": true, "Symlink": true, "Truncate": true,
}

func TestFilesAreWrittenInOneWay(t *testing.T) {
	used := map[string]bool{}
	for _, tree := range []string{"cmd", "engine", "providers", "schema"} {
		err := filepath.WalkDir(filepath.Join("..", tree), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name := strings.TrimPrefix(filepath.ToSlash(path), "../")
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, call := range fileWrites(file) {
				used[name] = true
				if ownWriters[name] == "" {
					t.Errorf("%s writes a file by itself; use package atomicfile", files.Position(call.Pos()))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range ownWriters {
		if !used[name] {
			t.Errorf("%s writes no file any more; take it off the list", name)
		}
	}
}

// fileWrites finds the uses of writers of package os. Where a file opens an os.Root, everything named like a method that
// writes counts, since which value is the root cannot be seen from the syntax.
func fileWrites(file *ast.File) (found []*ast.SelectorExpr) {
	roots := false
	for _, all := range []bool{false, true} {
		ast.Inspect(file, func(n ast.Node) bool {
			use, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, plain := use.X.(*ast.Ident)
			isOS := plain && of.Name == "os"
			if isOS && use.Sel.Name == "OpenRoot" {
				roots = true
			}
			if all && writers[use.Sel.Name] && (isOS || roots) {
				found = append(found, use)
			}
			return true
		})
	}
	return found
}
