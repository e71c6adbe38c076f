package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"camform/engine/render"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
)

// TestTheTableOfKindsIsGenerated compares it with what the program prints; -update writes it.
func TestTheTableOfKindsIsGenerated(t *testing.T) {
	const file, begin, end = "../../examples/reference/README.md", "A test compares them. -->\n", "<!-- end of the table -->"
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

// exitRow is a row of the table of exit codes: a command with its options, a code and when it comes.
var exitRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (\\d) \\| (.+) \\|$")

// inProcess are the rows that no script can show, with the test that does.
var inProcess = map[string]string{
	// No simulated device closes its way in where the guard lets a change pass.
	"apply -detailed-exitcode=fleet, 6: something was put back, since it would have closed the way in": "TestWhatARunEndsWith",
}

// exitTable is the head of the table of exit codes, which stands in a page of the manual.
const exitTable = "| command | code | when |\n|---|---|---|\n"

// exitRows are the rows of the table of exit codes in a file; empty where it has none.
func exitRows(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), exitTable)
	end := 0
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		end += len(line)
	}
	return rest[:end]
}

// The table is written once, in the manual. The README has the same one, or leaves it to "camform help exit-codes".
func TestTheExitCodesOfTheREADMEAreThoseOfTheManual(t *testing.T) {
	const readme = "../../README.md"
	have, want := exitRows(t, readme), exitRows(t, exitPage)
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case have == "" && strings.Contains(string(text), "camform help exit-codes"), have == want:
	case have == "" || !*update:
		t.Error("the table is not that of the manual: run with -update, or name camform help exit-codes in its place")
	default:
		if err := os.WriteFile(readme, []byte(strings.Replace(string(text), exitTable+have, exitTable+want, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const exitPage = "manual/topics/exit-codes.md"

// TestEveryExitCodeOfTheREADMEHasAScript compares the table with the scripts. Before the command that ends so, a script has
// the row as a comment: "# README: COMMAND, CODE: WHEN".
func TestEveryExitCodeOfTheREADMEHasAScript(t *testing.T) {
	table := exitRows(t, exitPage)
	shown := map[string]bool{}
	for _, row := range exitRow.FindAllStringSubmatch(table, -1) {
		shown[fmt.Sprintf("%s, %s: %s", row[1], row[2], row[3])] = false
	}
	all, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil || len(shown) == 0 {
		t.Fatalf("%d rows: %v", len(shown), err)
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "\n# README: ")[1:] {
			row, rest, _ := strings.Cut(part, "\n")
			if _, ok := shown[row]; !ok {
				t.Errorf("%s shows the row %q, which the manual does not have", path, row)
			}
			if !ends(rest, row) {
				t.Errorf("%s shows the row %q with another command or code", path, row)
			}
			shown[row] = true
		}
	}
	for row, seen := range shown {
		if !seen && inProcess[row] == "" {
			t.Errorf("no script shows the row %q", row)
		}
	}
}

// ends reports whether the first run of camform in a part of a script has the command, the options and the code of a row.
func ends(script, row string) bool {
	command, rest, _ := strings.Cut(row, ", ")
	words := strings.Fields(command)
	for line := range strings.Lines(script) {
		line = " " + strings.TrimSpace(line) + " "
		if !strings.Contains(line, " camform ") {
			continue
		}
		code := "exit " + rest[:1]
		if strings.HasPrefix(line, " exec ") {
			code = "exec"
			if rest[0] != '0' {
				return false
			}
		}
		if !strings.HasPrefix(line, " "+code+" camform ") {
			return false
		}
		for _, word := range words {
			if !strings.Contains(line, " "+word+" ") {
				return false
			}
		}
		return true
	}
	return false
}

// TestTheRunbookIsPlayed compares the commands of the runbook of recovery with the script that plays it: the same, in the same order,
// but for the address at which a device is asked.
func TestTheRunbookIsPlayed(t *testing.T) {
	commands := func(path, before string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		asked := regexp.MustCompile(` -target \S+`)
		var all []string
		for _, match := range regexp.MustCompile(`(?m)^`+before+`camform (.+)$`).FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(match[1], "simulate ") { // what somebody does at the device
				all = append(all, asked.ReplaceAllString(match[1], " -target ADDRESS"))
			}
		}
		return strings.Join(all, "\n")
	}
	runbook, script := commands("../../examples/recovery/README.md", `\$ `), commands(filepath.Join(scripts, "recover_runbook.txtar"), `(?:exec|exit \d) `)
	script, _, _ = strings.Cut(script, "\nplan -detailed-exitcode")
	if runbook == "" || runbook != script {
		t.Errorf("the runbook has\n%s\n\nand the script plays\n%s", runbook, script)
	}
}
