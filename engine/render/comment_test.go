package render

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"camform/engine/diag"
	"camform/engine/plan"
)

// commentOn is a comment on a plan.
func commentOn(t testing.TB, p *plan.Plan, limit int, o Options) string {
	t.Helper()
	c := Comment{Marker: "camform plan", Command: "camform show fleet.plan", Limit: limit}
	c.Add(func(o Options) []Row { return Rows(p, testKinds(), o) })
	var out bytes.Buffer
	if err := c.Write(&out, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// scattered is a plan of n devices that have nothing in common: each changes from and to other values, and each fourth is not read.
func scattered(t testing.TB, n int) *plan.Plan {
	var devices []plan.Device
	for i := range n {
		d := plan.Device{Address: gate(fmt.Sprintf("camera at entrance %d of the north campus", i))}
		if i%4 == 3 {
			d.Problem = strings.Repeat("x", i%50) + " does not answer"
			devices = append(devices, d)
			continue
		}
		https := httpsUpdate(t, d.Address)
		https.After = object(t, "https", vals{"enabled": cty.True, "port": cty.NumberIntVal(int64(i)), "min_tls": cty.StringVal("1.2")})
		d.Steps = append(d.Steps, userCreate(t, d.Address, "env:A"), https)
		d.Skipped = []plan.Skipped{{Address: setting(d.Address, "banner", ""), Reason: plan.Masked, Detail: fmt.Sprint("for reason ", i)}}
		devices = append(devices, d)
	}
	return newPlan(devices...)
}

// A comment fits what the services take, tells as much as there is room for, and says what it leaves out.
func TestACommentFitsAndSaysWhatItLeavesOut(t *testing.T) {
	leaves := func(text string) string {
		for _, r := range ladder {
			if strings.Contains(text, r.leaves) {
				return r.leaves
			}
		}
		return ""
	}
	whole, byKind := "", ladder[1].leaves
	for n, want := range map[int]map[string]string{
		10:     {"bitbucket": whole, "github": whole, "azure": whole, "gitlab": whole},
		300:    {"bitbucket": byKind, "github": byKind, "azure": byKind, "gitlab": whole},
		3_000:  {"bitbucket": byKind, "github": byKind, "azure": byKind, "gitlab": byKind},
		10_000: {"bitbucket": byKind, "github": byKind, "azure": byKind, "gitlab": byKind},
	} {
		p := scattered(t, n)
		changed := n - (n+1)/4
		for _, service := range CommentServices() {
			limit := CommentLimits[service]
			text := commentOn(t, p, limit, Options{})
			if len(text) > limit || leaves(text) != want[service] {
				t.Errorf("%d devices on %s: %d bytes, leaves out %q, want %q", n, service, len(text), leaves(text), want[service])
			}
			for _, told := range []string{
				"<!-- camform plan -->\n", fmt.Sprintf("**Plan: %d to add, %[1]d to change, 0 to destroy.**", changed),
				fmt.Sprintf("%d devices could not be read", n-changed),
			} {
				if !strings.Contains(text, told) {
					t.Errorf("%d devices on %s: it does not say %q:\n%.2000s", n, service, told, text)
				}
			}
			if leaves(text) == "" {
				continue
			}
			for _, told := range []string{
				fmt.Sprintf("Shortened to fit %d bytes", limit), "`camform show fleet.plan` shows all",
				fmt.Sprintf("! https: %d to change on %[1]d devices: enabled, port, redirect, min_tls (risk: lockout, may need a restart)", changed),
				fmt.Sprintf("%d wanted settings were left alone on %[1]d devices", changed),
			} {
				if !strings.Contains(text, told) {
					t.Errorf("%d devices on %s: it does not say %q:\n%.2000s", n, service, told, text)
				}
			}
		}
	}
}

// Before changes are shown by kind, a change that many devices share is shown once, even if each was asked for.
func TestACommentIsFoldedBeforeItLosesValues(t *testing.T) {
	var devices []plan.Device
	for i := range 300 {
		devices = append(devices, plan.Device{Address: numbered(i), Steps: []plan.Step{httpsUpdate(t, numbered(i))}})
	}
	full := Options{Fold: Unfolded}
	if text := commentOn(t, newPlan(devices...), 0, full); strings.Count(text, "min_tls") != 300 || strings.Contains(text, "Shortened") {
		t.Errorf("without a limit it has %d bytes", len(text))
	}
	text := commentOn(t, newPlan(devices...), 65536, full)
	if strings.Count(text, "min_tls") != 1 || !strings.Contains(text, ladder[0].leaves) || !strings.Contains(text, "... and 295 more") {
		t.Errorf("%s", text)
	}
}

// One change on ten thousand devices is one screen, as text and as Markdown, also where the devices had different values before.
func TestOneChangeOnTenThousandDevicesIsOneScreen(t *testing.T) {
	for name, before := range map[string]func(int) string{
		"the same before": func(int) string { return "1.0" }, "many before": func(i int) string { return fmt.Sprint("0.", i) },
	} {
		var devices []plan.Device
		for i := range 10_000 {
			s := httpsUpdate(t, gate(fmt.Sprint("cam", i)))
			s.Before = object(t, "https", vals{"enabled": cty.False, "port": cty.NumberIntVal(443), "redirect": cty.False, "min_tls": cty.StringVal(before(i))})
			devices = append(devices, plan.Device{Address: s.Address.Device, Steps: []plan.Step{s}})
		}
		p := newPlan(devices...)
		for form, text := range map[string]string{"text": string(textOf(t, Rows(p, testKinds(), Options{}), Options{})), "markdown": commentOn(t, p, 0, Options{})} {
			if lines := strings.Count(text, "\n"); lines > 28 || !strings.Contains(text, "on 10000 devices") {
				t.Errorf("%s, %s: %d lines:\n%.3000s", name, form, lines, text)
			}
			if many := strings.Contains(text, `(10000 different values) -> "1.2"`); many != (name == "many before") {
				t.Errorf("%s, %s:\n%.3000s", name, form, text)
			}
		}
	}
}

// Whatever a plan holds and however many problems there are, the smallest comment has room for what is left of it.
func TestEveryCommentFits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringN(1000, 3000, -1))
		c := Comment{
			Marker: strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"-", "--", ">", "<!--", "!", "\n", "north"})).Draw(rt, "marker"), ""), Command: "camform plan",
			Limit: rapid.SampledFrom([]int{SmallestComment, SmallestComment + 1, 65536}).Draw(rt, "limit"),
		}
		if rapid.Bool().Draw(rt, "planned") {
			p := drawPlan(rt, t)
			c.Add(func(o Options) []Row { return Rows(p, testKinds(), o) })
		}
		for range rapid.IntRange(0, 100).Draw(rt, "problems") {
			c.AddProblems(diag.Problems{{
				Severity: rapid.SampledFrom([]diag.Severity{diag.Error, diag.Warning}).Draw(rt, "severity"), Summary: text.Draw(rt, "summary"), Detail: text.Draw(rt, "detail"),
			}}, nil)
		}
		c.Failed(text.Draw(rt, "failure"))
		var out bytes.Buffer
		if err := c.Write(&out, Options{}); err != nil {
			t.Fatal(err)
		}
		if out.Len() > c.Limit {
			t.Fatalf("%d bytes, and %d are allowed:\n%s", out.Len(), c.Limit, out.String())
		}
		if r, bad := unsafe(out.Bytes()); bad {
			t.Fatalf("%q in %q", r, out.String())
		}
		if first, _, _ := strings.Cut(out.String(), "\n"); strings.Count(first, "-->") != 1 || strings.Count(first, "<!--") != 1 {
			t.Fatalf("the marker is %q", first)
		}
	})
}

// A comment exists also where there is no plan, and has the problems with their place.
func TestACommentTellsOfFailure(t *testing.T) {
	place := hcl.Range{Filename: "main.cam.hcl", Start: hcl.Pos{Line: 2, Column: 3, Byte: 17}, End: hcl.Pos{Line: 2, Column: 7, Byte: 21}}
	c := Comment{Marker: "camform plan", Command: "camform plan", Limit: 65536}
	c.AddProblems(diag.Problems{{Severity: diag.Error, Summary: "Unsupported argument", Detail: "No <b>nome</b>. ```", Subject: &place}},
		map[string][]byte{"main.cam.hcl": []byte("device \"gate\" {\n  nome = 1\n}\n")})
	c.Failed("")
	var out bytes.Buffer
	if err := c.Write(&out, Options{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "comment-failed.md", out.Bytes())
	c = Comment{Marker: "camform plan", Command: "camform plan"}
	c.Failed("no route to the database")
	out.Reset()
	if err := c.Write(&out, Options{}); err != nil || !strings.Contains(out.String(), "**`camform plan` failed.**") || !strings.Contains(out.String(), "no route to the database") {
		t.Errorf("%v %s", err, out.String())
	}
}

// An output that takes nothing is an error.
func TestACommentThatIsNotWrittenIsAnError(t *testing.T) {
	c := Comment{Command: "camform plan"}
	if err := c.Write(full{}, Options{}); !errors.Is(err, errFull) {
		t.Error(err)
	}
}

var errFull = errors.New("no space left on device")

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// What a comment tells by kind is what the plan counts.
func TestChangesByKindAreAllChanges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt, t)
		want := map[string]int{}
		for _, d := range p.Devices {
			for _, s := range d.Steps {
				want[s.Address.Kind+" "+string(s.Action)]++
			}
		}
		d := &document{}
		writeCounts(d, p, testKinds(), ByKind, func(plan.Step) bool { return true })
		for _, k := range []string{"https", "user", "banner", "ip_filter", "snmp"} {
			for action, word := range map[plan.Action]string{plan.Create: "to add", plan.Update: "to change", plan.Delete: "to destroy"} {
				n := want[k+" "+string(action)]
				text := string(textOf(t, d.rows, Options{}))
				if told := strings.Contains(text, fmt.Sprintf("%s: %d %s", k, n, word)); told != (n > 0) {
					t.Fatalf("%d of %s %s:\n%s", n, k, action, text)
				}
			}
		}
	})
}
