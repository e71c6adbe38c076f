package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"camform/.ci/mutate/mutant"
)

// module is a module with one rule: Half gives the half.
var module = map[string]string{
	"go.mod":       "module sample\n\ngo 1.26\n",
	"half/half.go": "package half\n\n// Half gives the half.\nfunc Half(n int) int {\n\thalf := n / 2\n\treturn half\n}\n",
	"half/half_test.go": `package half

import "testing"

func TestHalf(t *testing.T) {
	if Half(4) != 2 {
		t.Error("not the half")
	}
}

func TestNothing(*testing.T) { Half(4) }

func TestBroken(t *testing.T) { t.Error("always") }
`,
}

func newLab(t *testing.T) *lab {
	t.Helper()
	root := t.TempDir()
	for name, text := range module {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &lab{root: root, scratch: t.TempDir(), timeout: 5 * time.Second, progress: io.Discard}
}

func half(name, old, replacement string, tests ...string) mutant.Mutant {
	m := mutant.Mutant{Name: name, Rule: name, File: "half/half.go", Old: old, New: replacement}
	for _, run := range tests {
		m.Tests = append(m.Tests, mutant.Test{Package: "./half", Run: run})
	}
	return m
}

func TestMutantsAreJudged(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	const old = "\thalf := n / 2\n"
	for _, tt := range []struct {
		mutant mutant.Mutant
		want   verdict
	}{
		{half("noticed", old, "\thalf := n / 3\n", "TestHalf"), killed},
		{half("hangs", old, "\thalf := n\n\tfor half != 0 {\n\t}\n", "TestNothing"), killed},
		{half("panics", old, "\thalf := n / (n - 4)\n", "TestNothing"), killed},
		{half("not noticed", old, "\thalf := n / 3\n", "TestNothing"), survived},
		{half("noticed by one of two", old, "\thalf := n / 3\n", "TestHalf", "TestNothing"), survived},
		{half("wrong type", old, "\thalf := \"\"\n", "TestHalf"), uncompiled},
		{half("gone", "\thalf := n / 5\n", "", "TestHalf"), misplaced},
		{half("part of a line", "half := n / 2\n", "half := 1\n", "TestHalf"), misplaced},
	} {
		if got := l.try(t.Context(), tt.mutant); got.verdict != tt.want {
			t.Errorf("%s: %s, want %s: %s", tt.mutant.Name, got.verdict, tt.want, got.detail)
		}
	}
	source, err := os.ReadFile(filepath.Join(l.root, "half", "half.go"))
	if err != nil || string(source) != module["half/half.go"] {
		t.Errorf("the tree was changed: %v\n%s", err, source)
	}
}

func TestTestsMustPassWithoutAMutant(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for run, says := range map[string]string{"TestHalf": "", "TestBroken": "fails without a mutant", "TestNone": "has no test"} {
		err := l.healthy(t.Context(), []mutant.Mutant{half(run, "a\n", "b\n", run)}, 1)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", run, err, says)
		}
	}
}

func TestOnlyKilledMutantsAreGood(t *testing.T) {
	t.Parallel()
	for _, v := range []verdict{killed, survived, misplaced, uncompiled, interrupted} {
		var out bytes.Buffer
		err := print(&out, []finding{{mutant: mutant.Mutant{Name: "first"}, verdict: killed}, {mutant: mutant.Mutant{Name: "second"}, verdict: v}})
		last := "killed 1 of 2\n"
		if v == killed {
			last = "killed 2 of 2\n"
		}
		if (err == nil) != (v == killed) || !strings.HasSuffix(out.String(), last) {
			t.Errorf("%s: %v\n%s", v, err, out.String())
		}
	}
}

func TestASampleIsChosenByTheCommit(t *testing.T) {
	t.Parallel()
	var all []mutant.Mutant
	for i := range 100 {
		all = append(all, mutant.Mutant{Name: strconv.Itoa(i)})
	}
	names := func(some []mutant.Mutant) string {
		var b strings.Builder
		for _, m := range some {
			b.WriteString(m.Name + " ")
		}
		return b.String()
	}
	one := names(sample(all, "1f", 25))
	if again := names(sample(all, "1f", 25)); again != one {
		t.Errorf("the same commit gives %s, then %s", one, again)
	}
	if other := names(sample(all, "2f", 25)); other == one {
		t.Errorf("two commits give %s", one)
	}
	if n := len(strings.Fields(one)); n != 25 {
		t.Errorf("%d are not 25", n)
	}
	if whole := names(sample(all, "1f", 200)); whole != names(all) {
		t.Errorf("of 100, 200 are %s", whole)
	}
	met := map[string]bool{}
	for commit := range 100 {
		for _, m := range sample(all, strconv.Itoa(commit), 25) {
			met[m.Name] = true
		}
	}
	if len(met) != len(all) {
		t.Errorf("in 100 commits %d of 100 had their turn", len(met))
	}
}
