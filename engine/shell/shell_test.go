package shell_test

import (
	"os/exec"
	"slices"
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

func TestWordsAreTakenApartAsAShellDoes(t *testing.T) {
	for _, write := range []func(string) string{shell.Quoted, shell.Word} {
		line := ""
		for _, text := range texts {
			line += " " + write(text)
		}
		words, err := shell.Words(line)
		if err != nil || !slices.Equal(words, texts) {
			t.Errorf("%s is taken for %q: %v", line, words, err)
		}
	}
	for line, want := range map[string][]string{
		"":                                  nil,
		" \t\n":                             nil,
		"-a  -b=c":                          {"-a", "-b=c"},
		`-target='device.gate["north"]' -x`: {`-target=device.gate["north"]`, "-x"},
		`"a \"b\"" c\ d '\'`:                {`a "b"`, "c d", `\`},
		`$HOME *`:                           {"$HOME", "*"},
	} {
		if words, err := shell.Words(line); err != nil || !slices.Equal(words, want) {
			t.Errorf("%s is taken for %q: %v", line, words, err)
		}
	}
	for _, line := range []string{`'a`, `"a`, `a\`, `a;b`, `a|b`, `a>b`, `(a)`} {
		if words, err := shell.Words(line); err == nil {
			t.Errorf("%s is taken for %q", line, words)
		}
	}
}
