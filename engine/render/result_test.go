package render

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/schema"
)

func resultFixture() *report.Report {
	step := func(d schema.Device, kind string, a plan.Action, r report.Result, detail string) report.Step {
		return report.Step{Address: setting(d, kind, ""), Action: a, Result: r, Detail: detail}
	}
	r := &report.Report{Stage: report.Apply, Elapsed: 9 * time.Second, Interrupted: true}
	for i := range 6 {
		d := numbered(i)
		r.Devices = append(r.Devices, report.Device{
			Address: d, Result: report.Rejected, Detail: "a step was refused",
			Steps: []report.Step{
				step(d, "banner", plan.Create, report.Done, ""),
				step(d, "https", plan.Update, report.Rejected, "the device says \"invalid\x1b[2J\""),
				step(d, "ip_filter", plan.Update, report.NotRun, ""),
			},
		})
	}
	stale, deaf, good := gate("stale"), gate("deaf"), gate("good")
	r.Devices = append(r.Devices,
		report.Device{Address: stale, Result: report.Stale, Steps: []report.Step{step(stale, "https", plan.Update, report.Stale, "")}},
		report.Device{Address: deaf, Result: report.Unreachable, Detail: "no answer within 10s", Steps: []report.Step{step(deaf, "https", plan.Update, report.NotRun, "")}},
		report.Device{Address: good, Result: report.PendingReboot, Steps: []report.Step{
			step(good, "https", plan.Update, report.PendingReboot, ""),
			step(good, "banner", plan.Update, report.Rewritten, `it keeps "A" for "a"`),
			step(good, "user", plan.Delete, report.Already, ""),
			step(good, "snmp", plan.Forget, report.Done, ""),
		}},
		report.Device{Address: gate("waiting"), Result: report.NotRun},
	)
	return r
}

func TestResults(t *testing.T) {
	r := resultFixture()
	rows := Result(r, Options{})
	golden(t, "result.txt", textOf(t, rows, Options{}))
	golden(t, "result.md", markdownOf(t, rows))
	golden(t, "result-unfolded.txt", textOf(t, Result(r, Options{Fold: Unfolded}), Options{}))
	good := &report.Report{Devices: r.Devices[8:9]}
	golden(t, "result-good.txt", textOf(t, Result(good, Options{}), Options{}))
	unknown := &report.Report{Devices: r.Devices[8:9], Targets: []string{"device.gate"}, Unknown: []plan.Skipped{
		{Address: setting(gate("good"), "https", ""), Reason: plan.Unreadable, Detail: "no answer within 10s"},
		{Address: setting(gate("good"), "banner", ""), Reason: plan.Unsupported, Detail: "404", Drifted: true},
	}}
	golden(t, "result-unknown.txt", textOf(t, Result(unknown, Options{}), Options{}))
	golden(t, "result-unknown.md", markdownOf(t, Result(unknown, Options{})))
	golden(t, "result-terraform.txt", textOf(t, Result(good, Options{Wording: Terraform}), Options{}))
}

func TestOnlyAWholeRunIsCalledComplete(t *testing.T) {
	bad := func(r report.Result) *report.Report {
		return &report.Report{Devices: []report.Device{{Address: gate("x"), Result: r}}}
	}
	for _, r := range []report.Result{
		report.Stale, report.Rejected, report.Reverted, report.NotWorking, report.Failed, report.Unknown, report.Unreachable, report.Refused, report.Mistaken, report.NotRun,
	} {
		rows := Result(bad(r), Options{})
		text := string(textOf(t, rows, Options{}))
		if strings.Contains(text, "complete!") || !strings.Contains(text, "\nApply incomplete: 0 added") || !strings.Contains(text, resultWords(r)) {
			t.Errorf("%s:\n%s", r, text)
		}
		if last := rows[len(rows)-1]; last.Section != Summary {
			t.Errorf("%s: the counts are not last", r)
		}
	}
	if text := string(textOf(t, Result(&report.Report{Interrupted: true}, Options{}), Options{})); strings.Contains(text, "complete!") {
		t.Errorf("interrupted:\n%s", text)
	}
}

func TestProblemsInBoxes(t *testing.T) {
	ps, sources := problemsFixture()
	for name, o := range map[string]Options{
		"problems.txt": {}, "problems-narrow.txt": {Width: 40, Frame: ASCIIFrame}, "problems-ansi.txt": {Colour: AlwaysColour},
	} {
		var b bytes.Buffer
		if err := Problems(&b, ps, sources, o); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
		if bytes.Contains(b.Bytes(), []byte(canary)) {
			t.Errorf("%s shows a secret", name)
		}
		if r, found := unsafe(b.Bytes()); found && o.Colour == NeverColour {
			t.Errorf("%s has %U", name, r)
		}
	}
}

func TestNoProblemsWriteNothing(t *testing.T) {
	var b bytes.Buffer
	if err := Problems(&b, nil, nil, Options{}); err != nil || b.Len() > 0 {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestSecretLiteralsAreFound(t *testing.T) {
	for source, want := range map[string]string{
		`password = "hunter2"`:                          `password = "(sensitive)"`,
		`{ "password": "hunter2", "name": "x" }`:        `{ "password": "(sensitive)", "name": "x" }`,
		`snmp_community = "hunter2"`:                    `snmp_community = "(sensitive)"`,
		`passwords = ["hunter2", "hunter2"]`:            `passwords = ["(sensitive)", "(sensitive)"]`,
		`password = "a${var.x}hunter2"`:                 `password = "(sensitive)${var.x}(sensitive)"`,
		`user "x" { password = "hunter2", name = "y" }`: `user "x" { password = "(sensitive)", name = "y" }`,
		`password = secret("env:HOME")`:                 `password = secret("env:HOME")`,
		`name = "visible"`:                              `name = "visible"`,
		`password_policy = policy.standard`:             `password_policy = policy.standard`,
	} {
		file := newFiles(map[string][]byte{"f": []byte(source)}).lookup("f")
		if got := file.line(1, rangeOf(source)).text; got != want {
			t.Errorf("%s is shown as %s, want %s", source, got, want)
		}
	}
}

func TestABlockEndsWhatASecretHides(t *testing.T) {
	source := "snmp { password = var.x }\nname = \"visible\""
	file := newFiles(map[string][]byte{"f": []byte(source)}).lookup("f")
	if got := file.line(2, rangeOf("")).text; got != `name = "visible"` {
		t.Error(got)
	}
}

func TestAMarkerInsideASecretStandsAtItsBeginning(t *testing.T) {
	source := `password = "hunter2"`
	at := rangeOf(source)
	at.Start.Byte, at.End.Byte = 15, 17
	file := newFiles(map[string][]byte{"f": []byte(source)}).lookup("f")
	if got, want := file.line(1, at).marker(), strings.Repeat(" ", 12)+"^"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTheSameProblemOnTwoLinesIsToldTwice(t *testing.T) {
	one, two := rangeOf("a"), rangeOf("a")
	two.Start.Line, two.End.Line, two.Start.Byte, two.End.Byte = 2, 2, 2, 3
	p := diag.Problem{Severity: diag.Error, Code: "x", Summary: "X", Detail: "X."}
	first, second := p, p
	first.Subject, second.Subject = &one, &two
	var b bytes.Buffer
	if err := Problems(&b, diag.Problems{second, first}, map[string][]byte{"f": []byte("a\nb\n")}, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "line 1:") || strings.Index(got, "line 2:") < strings.Index(got, "line 1:") {
		t.Error(got)
	}
}

func TestSourcesAreShownAroundTheSubject(t *testing.T) {
	var text string
	for i := range 20 {
		text += fmt.Sprintf("line %d\n", i+1)
	}
	file := newFiles(map[string][]byte{"f": []byte(text)}).lookup("f")
	at := func(first, last int) hcl.Range {
		return hcl.Range{Filename: "f", Start: hcl.Pos{Line: first}, End: hcl.Pos{Line: last}}
	}
	context, other, wide := at(3, 6), at(3, 6), at(1, 20)
	other.Filename = "g"
	for _, c := range []struct {
		subject     hcl.Range
		context     *hcl.Range
		first, last int
	}{
		{at(4, 4), nil, 4, 4},
		{at(4, 5), nil, 4, 5},
		{at(4, 4), &context, 3, 6},
		{at(4, 4), &other, 4, 4},
		{at(4, 4), &wide, 4, 8},
		{at(4, 19), nil, 4, 8},
		{at(21, 30), nil, 21, 21},
	} {
		lines := file.around(c.subject, c.context)
		if len(lines) == 0 || lines[0].number != c.first || lines[len(lines)-1].number != c.last {
			t.Errorf("%v: %+v", c.subject, lines)
		}
	}
	for _, nowhere := range []hcl.Range{at(0, 0), at(5, 4), at(99, 99)} {
		if lines := file.around(nowhere, nil); len(lines) > 0 {
			t.Errorf("%v: %+v", nowhere, lines)
		}
	}
}

func TestSentencesAreBrokenByColumns(t *testing.T) {
	for text, want := range map[string][]string{
		"日本 日本 日本":          {"日本 日本", "日本"},
		"aaa bbb ccc":       {"aaa bbb", "ccc"},
		"aaaaaaaaaaaa b":    {"aaaaaaaaaaaa", "b"},
		" laid out by hand": {" laid out by hand"},
		"":                  {""},
	} {
		if got := wrap(text, 10); !slices.Equal(got, want) {
			t.Errorf("%q is broken into %q", text, got)
		}
	}
}

func rangeOf(source string) hcl.Range {
	return hcl.Range{Filename: "f", Start: hcl.Pos{Line: 1, Column: 1}, End: hcl.Pos{Line: 1, Column: len(source) + 1, Byte: len(source)}}
}
