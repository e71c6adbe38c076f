package config

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// ours are calls that Terraform answers in another way, on purpose.
var ours = []string{
	`cidrcontains(`,       // which OpenTofu has
	`bcrypt(`,             // which gives another result on every run
	`secret(`,             // which is a word of camform
	`length(range(5000))`, // since 1024 devices are not many
	`csvdecode("\ufeff`,   // which spreadsheets write, and which Terraform leaves in the name of the first column
}

// TestTerraformAnswersTheSame evaluates the calls of the tables in Terraform, where it is installed.
func TestTerraformAnswersTheSame(t *testing.T) {
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("no Terraform is installed to compare with")
	}
	type question struct{ call, text string }
	var asked []question
	ask := func(call, text string) {
		if !slices.ContainsFunc(ours, func(part string) bool { return strings.Contains(call, part) }) {
			asked = append(asked, question{call, fmt.Sprintf("try(jsonencode(%s), \"failed\")", text)})
		}
	}
	for _, m := range meanings {
		ask(m.call, m.call)
	}
	for _, m := range mistakes {
		ask(m.call, m.call)
	}
	texts := make([]string, len(asked))
	for i, q := range asked {
		texts[i] = q.text
	}
	dir := functionFiles(t)
	cmd := exec.Command(terraform, "console", "-no-color")
	cmd.Dir = dir
	cmd.Env = []string{"HOME=/home/nobody", "CHECKPOINT_DISABLE=1"}
	cmd.Stdin = strings.NewReader("jsonencode(nonsensitive([" + strings.Join(texts, ", ") + "]))\n")
	out, err := cmd.CombinedOutput()
	var quoted string
	var answers []string
	if err == nil {
		err = json.Unmarshal(out, &quoted)
	}
	if err == nil {
		err = json.Unmarshal([]byte(quoted), &answers)
	}
	if err != nil {
		t.Fatalf("terraform console: %v: %s", err, out)
	}
	evaluateIn := consoleIn(dir)
	for i, q := range asked {
		have, problem := evaluateIn(q.text)
		if problem != "" {
			t.Errorf("%s: %s", q.call, problem)
			continue
		}
		if have, _ = have.Unmark(); !have.RawEquals(cty.StringVal(answers[i])) {
			t.Errorf("%s is %#v, and %s in Terraform", q.call, have, answers[i])
		}
	}
}
