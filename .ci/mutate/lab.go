package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"camform/.ci/mutate/mutant"
)

// verdict says whether a mutant was noticed.
type verdict string

const (
	killed      verdict = "killed"
	survived    verdict = "SURVIVED"
	misplaced   verdict = "does not apply"
	uncompiled  verdict = "does not compile"
	interrupted verdict = "interrupted"
)

// finding is the verdict on a mutant. Detail says what to mend; it is empty for one that was killed.
type finding struct {
	mutant  mutant.Mutant
	verdict verdict
	detail  string
}

// lab tries mutants on the module at root.
type lab struct {
	root     string
	scratch  string // a directory for test binaries and changed files
	timeout  time.Duration
	mu       sync.Mutex
	progress io.Writer
	made     int // names in scratch
}

// tell writes a line of progress.
func (l *lab) tell(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.progress, format+"\n", args...)
}

// place is a new directory in scratch.
func (l *lab) place() (string, error) {
	l.mu.Lock()
	l.made++
	dir := filepath.Join(l.scratch, fmt.Sprint(l.made))
	l.mu.Unlock()
	return dir, os.Mkdir(dir, 0o700)
}

// pass proves that tests of a package pass as the tree is, and that there are such tests.
func (l *lab) pass(ctx context.Context, pkg string, tests []mutant.Test) error {
	binary, said, err := l.build(ctx, pkg, "")
	if err != nil {
		return fmt.Errorf("%s does not compile without a mutant: %w\n%s", pkg, err, said)
	}
	defer func() { _ = os.RemoveAll(filepath.Dir(binary)) }()
	for _, test := range tests {
		if err := l.passes(ctx, binary, test); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) passes(ctx context.Context, binary string, test mutant.Test) error {
	passed, said, err := l.test(ctx, binary, test)
	switch {
	case err != nil:
		return err
	case !passed:
		return fmt.Errorf("%s -run %s fails without a mutant:\n%s", test.Package, test.Run, said)
	case strings.Contains(said, "no tests to run"):
		return fmt.Errorf("%s has no test %s", test.Package, test.Run)
	}
	l.tell("%s %s: passes", test.Package, test.Run)
	return nil
}

// try makes a mutant and runs its tests. It is killed if each of them fails.
func (l *lab) try(ctx context.Context, m mutant.Mutant) finding {
	overlay, err := l.overlay(m)
	if err != nil {
		return finding{m, misplaced, err.Error()}
	}
	for _, test := range m.Tests {
		binary, said, err := l.build(ctx, test.Package, overlay)
		if ctx.Err() != nil {
			return finding{m, interrupted, ctx.Err().Error()}
		}
		if err != nil {
			return finding{m, uncompiled, said}
		}
		passed, said, err := l.test(ctx, binary, test)
		_ = os.RemoveAll(filepath.Dir(binary))
		switch {
		case err != nil:
			return finding{m, interrupted, err.Error()}
		case passed:
			return finding{m, survived, fmt.Sprintf("%s -run %s passes", test.Package, test.Run)}
		}
		l.tell("%s: %s", m.Name, firstFailure(said))
	}
	return finding{m, killed, ""}
}

// overlay writes what -overlay needs to show the mutant to the go command.
func (l *lab) overlay(m mutant.Mutant) (string, error) {
	original, err := filepath.Abs(filepath.Join(l.root, filepath.FromSlash(m.File)))
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	changed, err := m.Apply(string(source))
	if err != nil {
		return "", err
	}
	dir, err := l.place()
	if err != nil {
		return "", err
	}
	replacement := filepath.Join(dir, filepath.Base(m.File))
	if err := os.WriteFile(replacement, []byte(changed), 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{original: replacement}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

// build compiles the tests of a package. What the compiler said is for the error.
func (l *lab) build(ctx context.Context, pkg, overlay string) (binary, said string, err error) {
	dir, err := l.place()
	if err != nil {
		return "", "", err
	}
	binary = filepath.Join(dir, "tests")
	args := []string{"test", "-c", "-vet=off", "-o", binary}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	command := exec.CommandContext(ctx, "go", append(args, pkg)...)
	command.Dir = l.root
	text, err := command.CombinedOutput()
	return binary, string(text), err
}

// test runs tests as go test does, in the directory of their package. The error means that they could not be run.
func (l *lab) test(ctx context.Context, binary string, test mutant.Test) (passed bool, said string, err error) {
	command := exec.CommandContext(ctx, binary, "-test.run", test.Run, "-test.timeout", l.timeout.String())
	command.Dir = filepath.Join(l.root, filepath.FromSlash(test.Package))
	var text bytes.Buffer
	command.Stdout, command.Stderr = &text, &text
	command.WaitDelay = 5 * time.Second // for programs that the tests leave behind
	err = command.Run()
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return false, "", ctx.Err()
	case err == nil:
		return true, text.String(), nil
	case errors.As(err, &failed):
		return false, text.String(), nil
	}
	return false, "", err
}

// firstFailure is the line of a report that names the first test that failed, for people who watch.
func firstFailure(said string) string {
	for line := range strings.Lines(said) {
		if strings.HasPrefix(strings.TrimSpace(line), "--- FAIL") || strings.HasPrefix(line, "panic: ") {
			return strings.TrimSpace(line)
		}
	}
	return "failed"
}
