package mutant

import (
	"strings"
	"testing"
)

const good = `rule: Nothing is sent twice.
file: a/b.go
test: ./a TestOnce|TestNever
test: ./c TestAgain
-- old --
	send()
-- new --
	send()
	send()
`

func TestAMutantIsRead(t *testing.T) {
	m, err := Parse("a.twice", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "a.twice" || m.Rule != "Nothing is sent twice." || m.File != "a/b.go" || m.Old != "\tsend()\n" || m.New != "\tsend()\n\tsend()\n" ||
		len(m.Tests) != 2 || m.Tests[0] != (Test{"./a", "TestOnce|TestNever"}) || m.Tests[1] != (Test{"./c", "TestAgain"}) {
		t.Errorf("%+v", m)
	}
}

func TestAMutantThatSaysTooLittleIsRefused(t *testing.T) {
	for _, change := range [][2]string{
		{"rule: Nothing is sent twice.\n", ""},
		{"file: a/b.go\n", ""},
		{"test: ./a TestOnce|TestNever\ntest: ./c TestAgain\n", ""},
		{"TestAgain", ""},
		{"rule:", "role:"},
		{"-- new --", "-- knew --"},
		{"-- old --\n\tsend()\n", ""},
		{"\tsend()\n\tsend()\n", "\tsend()\n"},
	} {
		if m, err := Parse("a.twice", []byte(strings.Replace(good, change[0], change[1], 1))); err == nil {
			t.Errorf("with %q instead of %q it is accepted: %+v", change[1], change[0], m)
		}
	}
}

func TestWholeLinesAreReplacedOnce(t *testing.T) {
	m := Mutant{File: "a.go", Old: "\tb()\n", New: "\tc()\n"}
	for source, want := range map[string]string{
		"a\n\tb()\nd\n":        "a\n\tc()\nd\n",
		"\tb()\nd\n":           "\tc()\nd\n",
		"a\n\tb()":             "",
		"a\n\tb() // why\n":    "",
		"a\n\t\tb()\n":         "",
		"\tb()\n\tb()\n":       "",
		"a\n\tb()\nc\n\tb()\n": "",
		"":                     "",
	} {
		got, err := m.Apply(source)
		if (err == nil) != (want != "") || got != want {
			t.Errorf("%q becomes %q, %v; want %q", source, got, err, want)
		}
	}
}
