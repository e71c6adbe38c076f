package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"camform/engine/render"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
)

// TestTheTableOfKindsInTheREADMEIsGenerated compares it with what the program prints; -update writes it.
func TestTheTableOfKindsInTheREADMEIsGenerated(t *testing.T) {
	const file, begin, end = "../../README.md", "A test compares them. -->\n", "<!-- end of the table -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	have, after, okEnd := strings.Cut(rest, end)
	if !ok || !okEnd {
		t.Fatal("the marks around the table are gone")
	}
	var want bytes.Buffer
	if err := render.KindsMarkdown(&want, hikvision.New(isapi.Options{}).Kinds()); err != nil {
		t.Fatal(err)
	}
	if have == want.String() {
		return
	}
	if !*update {
		t.Fatal("the table is not that of the program: run with -update")
	}
	if err := os.WriteFile(file, []byte(before+begin+want.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
