package engine_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"camform/.ci/mutate/mutant"
	"camform/engine/thorough"
)

// A mutant whose old lines are no longer there would take its rule out of the watch of "make mutate", and so would one that does not
// compile any more.
func TestEveryMutantFitsTheCode(t *testing.T) {
	root := ".."
	mutants, err := mutant.Load(filepath.Join(root, "testdata", "mutants"))
	if err != nil {
		t.Fatal(err)
	}
	if len(mutants) == 0 {
		t.Fatal("there are no mutants")
	}
	var code *checker
	if thorough.Pick(false, false, true) { // to compile them all takes as long as a tenth of all other tests
		code = compiled(t, root)
	}
	for _, m := range mutants {
		path := filepath.Join(root, filepath.FromSlash(m.File))
		source, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		changed, err := m.Apply(string(source))
		if err == nil && code != nil {
			err = code.check(path, changed)
		}
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		for _, test := range m.Tests {
			if info, err := os.Stat(filepath.Join(root, filepath.FromSlash(test.Package))); err != nil || !info.IsDir() {
				t.Errorf("%s: there is no package %s", m.Name, test.Package)
			}
		}
	}
}

// checker is the code of the project, as the compiler sees it on this machine.
type checker struct {
	files    *token.FileSet
	importer types.Importer
	of       map[string][]string  // the files of the package of a file, by absolute paths
	parsed   map[string]*ast.File // by absolute path
}

// compiled asks the go command for the packages of the project, and for what the compiler knows of them and of all that they import.
func compiled(t *testing.T, root string) *checker {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,Module,Standard", "./...")
	list.Dir = root
	var complaint bytes.Buffer
	list.Stderr = &complaint
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaint.String())
	}
	p := &checker{files: token.NewFileSet(), of: map[string][]string{}, parsed: map[string]*ast.File{}}
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var one struct {
			ImportPath, Dir, Export string
			GoFiles                 []string
			Module                  *struct{ Main bool }
		}
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[one.ImportPath] = one.Export
		if one.Module == nil || !one.Module.Main {
			continue
		}
		var all []string
		for _, name := range one.GoFiles {
			all = append(all, filepath.Join(one.Dir, name))
		}
		for _, path := range all {
			p.of[path] = all
		}
	}
	p.importer = importer.ForCompiler(p.files, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	})
	return p
}

// check says why a file with another text would not compile. One that this machine does not compile is not looked at.
func (p *checker) check(path, text string) error {
	path, err := filepath.Abs(path)
	if err != nil || p.of[path] == nil {
		return err
	}
	changed, err := parser.ParseFile(p.files, path, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	all := []*ast.File{changed}
	for _, other := range p.of[path] {
		if other == path {
			continue
		}
		if p.parsed[other] == nil {
			if p.parsed[other], err = parser.ParseFile(p.files, other, nil, parser.SkipObjectResolution); err != nil {
				return err
			}
		}
		all = append(all, p.parsed[other])
	}
	conf := types.Config{Importer: p.importer}
	_, err = conf.Check(path, p.files, all, nil)
	return err
}
