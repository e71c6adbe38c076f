package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// untidy are texts, formatted and not, by names without their endings.
var untidy = map[string]string{
	"a":         "a   = 1\nlonger=2\n",
	"b":         "profile \"p\" {\nupnp   {\n   enabled=false  # stays\n }\n}\n",
	"tidy":      "variable \"a\" {\n  type = number\n}\n",
	"sub/c":     "x=[1,\n2]\n",
	"sub/d/e":   "x = {\na=1\n   b  = 2 }\n",
	".hidden/f": "x=1\n",
}

// terraform is the one that is installed, found before the scripts put camform in its place.
var terraform, noTerraform = exec.LookPath("terraform")

// TestTerraformFormatsTheSame compares what is printed and what is written with terraform fmt, where it is installed.
func TestTerraformFormatsTheSame(t *testing.T) {
	if noTerraform != nil {
		t.Skip("no Terraform is installed to compare with")
	}
	if _, err := exec.LookPath("diff"); err != nil {
		t.Skip("no diff is installed, which terraform fmt -diff needs")
	}
	for _, options := range []string{
		"", "-check", "-diff", "-check -diff", "-recursive", "-check -recursive -diff", "-list=false", "-write=false", "-list=false -diff",
		"-write=false -diff", "-list=false -write=false", "-check -list=false", "-check -recursive sub", "-", "-check -", "-list=true -write=true -",
	} {
		t.Run(options, func(t *testing.T) {
			theirs, codeTheirs, filesTheirs := formatIn(t, ".tf", func(in *strings.Reader, out *bytes.Buffer) int {
				cmd := exec.Command(terraform, append([]string{"fmt", "-no-color"}, strings.Fields(options)...)...)
				cmd.Env = []string{"CHECKPOINT_DISABLE=1", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
				cmd.Stdin, cmd.Stdout = in, out
				_ = cmd.Run()
				return cmd.ProcessState.ExitCode()
			})
			ours, codeOurs, filesOurs := formatIn(t, ".cam.hcl", func(in *strings.Reader, out *bytes.Buffer) int {
				a := &app{in: in, out: out, err: os.Stderr, env: func(string) (string, bool) { return "", false }}
				if err := a.execute(append([]string{"fmt"}, strings.Fields(options)...)); err != nil {
					return exitCode(err)
				}
				return 0
			})
			if have := strings.ReplaceAll(ours, ".cam.hcl", ".tf"); have != theirs || codeOurs != codeTheirs {
				t.Errorf("exit code %d:\n%s\nTerraform ends with %d:\n%s", codeOurs, have, codeTheirs, theirs)
			}
			for name, text := range filesTheirs {
				if filesOurs[name] != text {
					t.Errorf("%s is\n%s\nand Terraform writes\n%s", name, filesOurs[name], text)
				}
			}
		})
	}
}

// formatIn runs a formatter in a directory with the texts in files with an ending. It returns what it prints and what is in the files then.
func formatIn(t *testing.T, ending string, run func(in *strings.Reader, out *bytes.Buffer) int) (printed string, code int, files map[string]string) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range untidy {
		path := filepath.FromSlash(name + ending)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	code = run(strings.NewReader(untidy["b"]), &out)
	files = map[string]string{}
	for name := range untidy {
		text, err := os.ReadFile(filepath.FromSlash(name + ending))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	return out.String(), code, files
}
