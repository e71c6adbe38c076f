package shell_test

import (
	"os/exec"
	"testing"

	"camform/engine/shell"
)

// texts are what names of files and keys of a for_each may be.
var texts = []string{
	"", "plain", "vault:a/b@c", `device.gate["north"]`, "it's", `'; touch pwned; '`, "$(touch pwned)", "`touch pwned`", "a b", "a\nb", `\`, `'\''`, "!x", "*", "~", "é",
	"-x", "#", "a;b", "a|b", "a&b", "$HOME", "=x",
}

func TestAShellTakesATextForOneWord(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell here")
	}
	for _, write := range []func(string) string{shell.Quoted, shell.Word} {
		for _, text := range texts {
			command := exec.Command(sh, "-c", `printf '%s\n' `+write(text))
			command.Dir = t.TempDir()
			out, err := command.CombinedOutput()
			if err != nil || string(out) != text+"\n" {
				t.Errorf("%q is taken for %q: %v", text, out, err)
			}
		}
	}
}

func TestAWordIsQuotedWhereItNeedsIt(t *testing.T) {
	for text, want := range map[string]string{"vault:a/b@c": "vault:a/b@c", "it's": `'it'\''s'`, "": "''", "a b": "'a b'"} {
		if have := shell.Word(text); have != want {
			t.Errorf("%q: %s, want %s", text, have, want)
		}
	}
}
