// Package mutant reads mutants: changes of the code that take one rule away each, so that the tests of the rule must fail.
// testdata/mutants/README.md says how they are written.
package mutant

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// Suffix is that of the files that hold mutants.
const Suffix = ".mutant"

// Mutant is one change of one file.
type Mutant struct {
	Name  string // of its file, without Suffix
	Rule  string // the rule that it takes away, in one sentence
	File  string // that it changes, from the root of the repository, with slashes
	Old   string // whole lines that are in the file once
	New   string // the lines in their place
	Tests []Test // that must fail, each of them
}

// Test selects tests of one package.
type Test struct {
	Package string // as the go command takes it, such as ./engine/ledger
	Run     string // a pattern as of go test -run
}

// Load reads the mutants of a directory, in the order of their names.
func Load(dir string) ([]Mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+Suffix))
	if err != nil {
		return nil, err
	}
	var all []Mutant
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		m, err := Parse(strings.TrimSuffix(filepath.Base(file), Suffix), text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, m)
	}
	return all, nil
}

// Parse reads one mutant.
func Parse(name string, text []byte) (Mutant, error) {
	m := Mutant{Name: name}
	archive := txtar.Parse(text)
	for line := range strings.Lines(string(archive.Comment)) {
		if err := m.head(strings.TrimSpace(line)); err != nil {
			return Mutant{}, err
		}
	}
	for _, f := range archive.Files {
		switch f.Name {
		case "old":
			m.Old = string(f.Data)
		case "new":
			m.New = string(f.Data)
		default:
			return Mutant{}, fmt.Errorf("there is a part %q; there may be old and new", f.Name)
		}
	}
	switch {
	case m.Rule == "" || m.File == "" || len(m.Tests) == 0:
		return Mutant{}, fmt.Errorf("it needs a rule, a file and a test")
	case m.Old == "" || m.Old == m.New:
		return Mutant{}, fmt.Errorf("it changes nothing")
	}
	return m, nil
}

// head reads one line above the parts.
func (m *Mutant) head(line string) error {
	if line == "" {
		return nil
	}
	key, value, _ := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch key {
	case "rule":
		m.Rule = value
	case "file":
		m.File = value
	case "test":
		pkg, run, ok := strings.Cut(value, " ")
		if !ok {
			return fmt.Errorf("%q: a test is a package and a pattern", line)
		}
		m.Tests = append(m.Tests, Test{Package: pkg, Run: strings.TrimSpace(run)})
	default:
		return fmt.Errorf("%q: a line begins with rule, file or test", line)
	}
	return nil
}

// Apply changes the text of the file of the mutant. It fails where the old lines are not there exactly once.
func (m Mutant) Apply(source string) (string, error) {
	var places []int
	at := 0
	for line := range strings.Lines(source) {
		if strings.HasPrefix(source[at:], m.Old) {
			places = append(places, at)
		}
		at += len(line)
	}
	if len(places) != 1 {
		return "", fmt.Errorf("the old lines are %d times in %s, want once", len(places), m.File)
	}
	return source[:places[0]] + m.New + source[places[0]+len(m.Old):], nil
}
