package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// make install puts the program, its pages and its completions where systems look for them, and make uninstall takes all of it away.
func TestWhatIsInstalledIsUninstalled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there the program is copied by hand")
	}
	rules, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	dir, staged := t.TempDir(), t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"Makefile": string(rules), "bin/camform": "#!/bin/sh\necho $1 for $2\n", "dist/man/camform.1": "page", "dist/man/camform-plan.1": "page", "dist/man/camform.5": "page",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	do := func(target string) string {
		out, err := exec.CommandContext(t.Context(), "make", target, "DESTDIR="+staged, "PREFIX=/opt/some where").CombinedOutput()
		if err != nil {
			t.Fatalf("make %s: %v: %s", target, err, out)
		}
		var have []string
		err = filepath.WalkDir(staged, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			have = append(have, strings.TrimPrefix(path, staged+"/opt/some where/")+" "+info.Mode().String())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(have, "\n")
	}
	want := `bin/camform -rwxr-xr-x
share/bash-completion/completions/camform -rw-r--r--
share/fish/vendor_completions.d/camform.fish -rw-r--r--
share/man/man1/camform-plan.1 -rw-r--r--
share/man/man1/camform.1 -rw-r--r--
share/man/man5/camform.5 -rw-r--r--
share/zsh/site-functions/_camform -rw-r--r--`
	if have := do("install"); have != want {
		t.Errorf("installed is\n%s\nwant\n%s", have, want)
	}
	if text, err := os.ReadFile(filepath.Join(staged, "opt/some where/share/zsh/site-functions/_camform")); err != nil || string(text) != "completion for zsh\n" {
		t.Errorf("the completions of zsh are %q: %v", text, err)
	}
	if have := do("uninstall"); have != "" {
		t.Errorf("left is\n%s", have)
	}
	if err := os.Remove("bin/camform"); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "make", "install", "DESTDIR="+staged).CombinedOutput(); err == nil || !strings.Contains(string(out), "run make build first") {
		t.Errorf("without a program: %v: %s", err, out)
	}
}
