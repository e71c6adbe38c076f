package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"camform/.ci/mutate/mutant"
)

// A mutant whose old lines are no longer there would take its rule out of the watch of "make mutate".
func TestEveryMutantFitsTheCode(t *testing.T) {
	root := ".."
	mutants, err := mutant.Load(filepath.Join(root, "testdata", "mutants"))
	if err != nil {
		t.Fatal(err)
	}
	if len(mutants) == 0 {
		t.Fatal("there are no mutants")
	}
	for _, m := range mutants {
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.File)))
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		if _, err := m.Apply(string(source)); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		for _, test := range m.Tests {
			if info, err := os.Stat(filepath.Join(root, filepath.FromSlash(test.Package))); err != nil || !info.IsDir() {
				t.Errorf("%s: there is no package %s", m.Name, test.Package)
			}
		}
	}
}
