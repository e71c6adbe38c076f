package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/engine/thorough"
)

// opened is a text of many brackets that are opened and closed again.
func opened(open, close string, n int) string {
	return strings.Repeat(open, n) + "1" + strings.Repeat(close, n)
}

// doubling are locals that are each the one before twice.
func doubling(first, twice string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "locals {\n  l0 = %s\n", first)
	for i := range n {
		name := fmt.Sprintf("local.l%d", i)
		fmt.Fprintf(&b, "  l%d = %s\n", i+1, strings.ReplaceAll(twice, "X", name))
	}
	return b.String() + "}\n"
}

func chain(n int, link func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(link(i))
	}
	return b.String()
}

func inLocal(expression string) string { return "locals {\n  v = " + expression + "\n}\n" }

type bomb struct {
	name, text, file string
	line             int
	more             map[string]string
}

// bombs are configurations that would take more memory, time or stack than any machine has. Each names the line at which
// the evaluation has to end.
func bombs() []bomb {
	deep := thorough.Pick(20_000, 200_000, 200_000)
	return []bomb{
		{name: "brackets", text: inLocal(opened("[", "]", deep)), line: 2},
		{name: "parentheses", text: inLocal(opened("(", ")", deep)), line: 2},
		{name: "interpolations", text: inLocal(strings.Repeat(`"${`, deep) + "1" + strings.Repeat(`}"`, deep)), line: 2},
		{name: "blocks", text: strings.Repeat("a {\n", deep), line: 1001},
		{name: "signs", text: inLocal(strings.Repeat("-", deep) + "1"), line: 2},
		{name: "signs on lines", text: inLocal("(" + strings.Repeat("-\n", deep) + "1)"), line: 1000},
		{name: "negations", text: inLocal(strings.Repeat("!", deep) + "true"), line: 2},
		{name: "conditions", text: inLocal(strings.Repeat("true ? 1 : ", deep) + "1"), line: 2},
		{name: "directives", text: inLocal(`"` + strings.Repeat("%{ if true }", deep) + `"`), line: 2},
		{name: "sums", text: inLocal(strings.Repeat("1 + ", deep) + "1"), line: 2},
		{name: "indexes", text: inLocal("path" + strings.Repeat("[path.cwd]", deep)), line: 2},
		{name: "digits", text: inLocal(strings.Repeat("9", deep)), line: 2},
		{name: "exponent", text: inLocal("\"${1e999999999}\""), line: 2},
		{name: "digits as text", text: inLocal(`join("", [for i in range(9000) : "1234567890"]) + 1`), line: 2},

		{name: "JSON", file: "main.cam.json", text: `{"locals": {"v": ` + opened("[", "]", deep) + `}}`, line: 1},
		{name: "JSON objects", file: "main.cam.json", text: strings.Repeat("{\"a\":\n", deep), line: 1001},
		{name: "template in JSON", file: "main.cam.json", text: `{"locals": {"v": "${` + opened("[", "]", deep) + `}"}}`, line: 1},
		{name: "type in JSON", file: "main.cam.json", text: `{"variable": {"v": {"type": "` + opened("list(", ")", deep) + `"}}}`, line: 1},
		{name: "loop in JSON", file: "main.cam.json", text: `{"locals": {"v":` + "\n" + `"${[for a in range(60000) : [for b in range(60000) : a]]}"}}`, line: 2},
		{name: "values", file: "main.cam.hcl", text: "variable \"v\" {\n  default = null\n}\n", more: map[string]string{"camform.camvars": "v = " + opened("[", "]", deep)}, line: 1},

		{name: "doubling text", text: doubling(`"0123456789abcdef"`, `"${X}${X}"`, 60), line: 23},
		{name: "doubling text in JSON", file: "main.cam.json", text: `{"locals": {"l0": "0123456789abcdef"` + chain(60, func(i int) string {
			return fmt.Sprintf(",\n\"l%d\": \"${local.l%d}${local.l%d}\"", i+1, i, i)
		}) + "}}", line: 21},
		{name: "doubling lists", text: doubling(`["a"]`, `[X, X]`, 60), line: 18},
		{name: "deep values", text: doubling(`["a"]`, `[X]`, 2000) + "# " + strings.Repeat("long", 50_000), line: 1002},
		{name: "doubling arguments", text: doubling(`["a"]`, `concat(X, X)`, 60), line: 19},

		{name: "loop in loop", text: inLocal("[for a in range(60000) :\n    [for b in range(60000) : a]]"), line: 3},
		{name: "loop that finds nothing", text: inLocal("[for a in range(60000) :\n    [for b in range(60000) : a if b < 0]]"), line: 3},
		{name: "loop into a map", text: inLocal("{for a in range(60000) : a =>\n    {for b in range(60000) : b => a}}"), line: 3},
		{name: "loop in a template", text: inLocal(`"%{for a in range(60000)}%{for b in range(60000)}x%{endfor}%{endfor}"`), line: 2},
		{name: "splat in splat", text: inLocal("range(60000)[*][\n    length(range(60000)[*][0])]"), line: 3},
		{name: "try in try", text: inLocal(strings.Repeat("try(", 40) + "tonumber(\"x\")" + strings.Repeat(", [][0])", 40)), line: 2},
		{name: "try around", text: inLocal("try([for a in range(60000) : [for b in range(60000) : a]], 1)"), line: 2},
		{name: "comparisons", text: "locals {\n  l = range(60000)\n  v = [for a in range(60000) : local.l == local.l]\n}\n", line: 3},
		{name: "conditional lists", text: "locals {\n  l = range(60000)\n  v = [for a in range(60000) : true ? local.l : local.l]\n}\n", line: 3},
		{name: "conditional tuples", text: inLocal("true ? [for i in range(4000) : i] : [for i in range(3999) : i]"), line: 2},
		{name: "types of many", text: inLocal("tolist(concat([for i in range(4000) : i], [\"a\"]))"), line: 2},
		{name: "setproduct", text: inLocal("setproduct(range(1000), range(1000), range(1000))"), line: 2},
		{name: "format", text: inLocal(`format("%1000000000s", "a")`), line: 2},
		{name: "precision", text: inLocal(`format("%.1000000000f", 1)`), line: 2},
		{name: "formatlist", text: inLocal(`formatlist("%100000s", range(60000))`), line: 2},
		{name: "indent", text: inLocal(`indent(1000000000, "a\nb")`), line: 2},
		{name: "join", text: inLocal(`join(format("%100000s", "a"), range(60000))`), line: 2},
		{name: "replace", text: inLocal(`replace(format("%60000s", "a"), " ", format("%60000s", "a"))`), line: 2},
		{name: "replace by pattern", text: inLocal(`replace(format("%60000s", "a"), "/ /", format("%60000s", "a"))`), line: 2},
		{name: "replace by groups", text: inLocal(`replace(format("%60000s", "a"), "/.+/", join("", [for i in range(60000) : "$0"]))`), line: 2},
		{name: "pattern", text: inLocal(`regex("(((x{100}){100}){100}){100}", "a")`), line: 2},
		{name: "matchkeys", text: inLocal("matchkeys(range(60000), range(60000), [for i in range(60000) : -i])"), line: 2},
		{name: "files over and over", text: inLocal(`[for i in range(60000) : file("big.txt")]`), line: 2, more: map[string]string{"big.txt": strings.Repeat("x", 1<<20)}},
		{name: "template over and over", text: inLocal(`[for i in range(60000) : templatefile("t.tpl", {})]`), line: 1, more: map[string]string{"t.tpl": "%{ for i in range(60000) }x%{ endfor }"}},
		{name: "template", text: inLocal(`templatefile("t.tpl", {})`), line: 2, more: map[string]string{"t.tpl": "${" + opened("[", "]", deep) + "}"}},
		{name: "dynamic blocks", text: `profile "p" {
  dynamic "user" {
    for_each = range(60000)
    labels   = [[for i in range(60000) : i][0]]
    content {
      dynamic "user" {
        for_each = range(60000)
        labels   = ["a"]
        content {}
      }
    }
  }
}
`, line: 4},
		{name: "default of a type", text: "variable \"v\" {\n  type = object({ a = optional(any, [for a in range(60000) : [for b in range(60000) : a]]) })\n}\n", line: 2},
		{name: "constant", text: "camform {\n  max_unreachable = length([for a in [1] : 1])\n}\ndevice \"d\" {\n  lifecycle {\n    protect = [" + opened("[", "]", deep) + "]\n  }\n}\n", line: 6},
		{name: "condition of a check", text: "profile \"p\" {\n  check \"c\" {\n    level = \"basic\"\n    assert {\n      condition     = [for a in range(60000) : [for b in range(60000) : a]] == []\n      error_message = \"no\"\n    }\n  }\n}\n", line: 5},

		{name: "jsondecode", text: inLocal(`jsondecode(file("deep.json"))`), line: 2, more: map[string]string{"deep.json": opened("[", "]", deep)}},
		{name: "number in jsondecode", text: inLocal(`jsondecode(file("deep.json"))`), line: 2, more: map[string]string{"deep.json": strings.Repeat("9", deep)}},
		{name: "yamldecode", text: inLocal(`yamldecode(file("deep.yaml"))`), line: 2, more: map[string]string{"deep.yaml": opened("[", "]", 5000)}},
		{name: "deep yamldecode", text: inLocal(`yamldecode(file("deep.yaml"))`), line: 2, more: map[string]string{"deep.yaml": opened("[", "]", deep)}},
		{name: "aliases", text: inLocal(`yamldecode(file("bomb.yaml"))`), line: 2, more: map[string]string{"bomb.yaml": "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + chain(20, func(i int) string {
			return fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 8), i)
		})}},
		{name: "chain of aliases", text: inLocal(`yamldecode(file("bomb.yaml"))`), line: 2, more: map[string]string{"bomb.yaml": "a0: &a0 [x]\n" + chain(2000, func(i int) string {
			return fmt.Sprintf("a%d: &a%d [*a%d]\n", i+1, i+1, i)
		})}},
		{name: "alternatives", text: inLocal(`fileset(".", "` + strings.Repeat("{a,b}", 40) + `")`), line: 2},
	}
}

// No configuration may end the program or take it forever. The evaluation ends by counts, at an expression that it names.
func TestEvaluationIsBounded(t *testing.T) {
	for _, bomb := range bombs() {
		t.Run(bomb.name, func(t *testing.T) {
			name := bomb.file
			if name == "" {
				name = "main.cam.hcl"
			}
			files := map[string]string{name: bomb.text}
			for more, text := range bomb.more {
				files[more] = text
			}
			_, problems := Parse(write(t, files), testVersion).Evaluate(testOptions())
			if !problems.HasErrors() {
				t.Fatal("nobody noticed")
			}
			p := problems[0]
			if p.Subject == nil {
				t.Fatalf("the problem has no place: %v", p)
			}
			if p.Subject.Start.Line != bomb.line {
				t.Errorf("the evaluation ended at line %d, not %d: %.300s", p.Subject.Start.Line, bomb.line, p.Error())
			}
			if strings.Contains(p.Error(), "goroutine") {
				t.Errorf("the problem shows a stack: %.300s", p.Error())
			}
		})
	}
}

// An alias is one word of text and can stand for as much as the document has before it.
func TestAliasesCountAsWhatTheyStandFor(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + chain(9, func(i int) string {
		return fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 8), i)
	})
	if err := shallowYAML(bomb); err == nil || !strings.Contains(err.Error(), "aliases") {
		t.Errorf("a document of %d bytes that stands for billions of values: %v", len(bomb), err)
	}
	if err := shallowYAML("a: &a {b: 1}\nc: [*a, *a]\n"); err != nil {
		t.Error(err)
	}
}

// What is written down is bounded too where nothing is evaluated.
func TestFormattingIsBounded(t *testing.T) {
	if _, problems := Format("main.cam.hcl", []byte(inLocal(opened("[", "]", 200_000)))); !problems.HasErrors() {
		t.Error("a file that is nested too deep was formatted")
	}
}

// Honest text comes nowhere near to the bounds.
func TestBoundsLeaveRoom(t *testing.T) {
	long := inLocal(strings.Repeat("1 + ", 900) + "1")
	deep := "locals {\n  w = " + opened("[", "]", 900) + "\n}\n"
	flat := "locals {\n  x = <<-EOT\n" + strings.Repeat("    %{ if true }a%{ else }b%{ endif }${-1} - - ! ? [ ( {\n", 5000) + "  EOT\n}\n"
	lines := "locals {\n" + chain(5000, func(i int) string { return fmt.Sprintf("  n%d = !true ? -1 : -%d\n", i, i) }) + "}\n"
	list := "locals {\n  y = [" + strings.Repeat("-1, true ? 1 : 2, ", 5000) + "]\n}\n"
	loadFiles(t, map[string]string{
		"main.cam.hcl": long, "deep.cam.hcl": deep, "flat.cam.hcl": flat, "lines.cam.hcl": lines, "list.cam.hcl": list,
		"more.cam.json": `{"locals": {"z": "` + strings.Repeat("[(", 400) + strings.Repeat("-", 200) + `"}}`,
	}, testOptions())
}

// greedy is a device with an element that has many texts.
type greedy struct{ self cty.Value }

func (g greedy) Self() cty.Value { return g.self }
func (g greedy) Observed(string, string) ([]string, error) {
	return make([]string, 50_000), nil
}

// One device must not keep the checks of others from being evaluated, so each evaluation of an assert counts by itself.
func TestAssertsAreBoundedEachByItself(t *testing.T) {
	config := loadFiles(t, map[string]string{"t.tpl": "%{ for a in texts }%{ for b in texts }x%{ endfor }%{ endfor }", "main.cam.hcl": `profile "p" {
  check "loop" {
    level = "basic"
    assert {
      condition     = length([for a in observed_all("/ISAPI/a", "b") : [for b in observed_all("/ISAPI/a", "b") : a]]) == 0
      error_message = "no"
    }
  }
  check "template" {
    level = "basic"
    assert {
      condition     = templatefile("t.tpl", { texts = observed_all("/ISAPI/a", "b") }) == ""
      error_message = "no"
    }
  }
  check "small" {
    level = "basic"
    assert {
      condition     = length(observed_all("/ISAPI/a", "b")) == 50000
      error_message = "no"
    }
  }
}
device "d" {
  address  = "https://192.0.2.1"
  profiles = [profile.p]
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
}
`}, testOptions())
	facts := greedy{cty.NullVal(SelfType)}
	for range 2 {
		for _, rule := range config.Devices[0].Rules {
			holds, _, err := rule.Asserts[0].Evaluate(facts)
			over, _ := errors.AsType[diag.Problem](err)
			if rule.ID == "small" && (err != nil || !holds) {
				t.Errorf("%s holds: %v, %v", rule.ID, holds, err)
			} else if rule.ID != "small" && over.Code != boundExceeded.code {
				t.Errorf("%s ended with %v", rule.ID, err)
			}
		}
	}
}

// A file that is too long is refused before it is read to its end.
func TestFilesHaveBounds(t *testing.T) {
	for name, size := range map[string]int64{"more.cam.hcl": maxSource + 1, "camform.camvars": maxSource + 1, "table.csv": maxFile + 1} {
		dir := write(t, map[string]string{"main.cam.hcl": "locals {\n  t = fileexists(\"table.csv\") ? file(\"table.csv\") : \"\"\n}\n"})
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(file.Truncate(size), file.Close()); err != nil {
			t.Fatal(err)
		}
		_, problems := Parse(dir, testVersion).Evaluate(testOptions())
		if !problems.HasErrors() || !strings.Contains(problems[0].Error(), "MiB") {
			t.Errorf("%s of %d bytes: %.300v", name, size, problems)
		}
	}
}

// What a device takes of the bounds does not grow with the fleet, and is far less than each device allows for. So a fleet of
// a million devices stays within them.
func TestFleetsStayFarWithinTheBounds(t *testing.T) {
	devices := thorough.Pick(500, 5_000, 100_000)
	var csv strings.Builder
	csv.WriteString("name,ip,serial,site,location,mac\n")
	for i := range devices {
		fmt.Fprintf(&csv, "camera-%d,10.%d.%d.%d,%d,site-%d,Pole %d,00:00:5e:%02x:%02x:%02x\n", i, i>>16, i>>8&255, i&255, i, i%100, i, i>>16, i>>8&255, i&255)
	}
	dir := write(t, map[string]string{"inventory.csv": csv.String(), "main.cam.hcl": `locals {
  rows  = csvdecode(file("inventory.csv"))
  sites = { for s in distinct([for row in local.rows : row.site]) : s => { zone = "UTC", note = upper(s) } }
}
profile "p" {
  https {
    enabled = true
  }
  time {
    mode = "NTP"
  }
  user "operator" {
    level    = "Operator"
    password = secret("env:OPERATOR")
  }
}
device "gate" {
  for_each = { for row in local.rows : row.name => row }
  address  = "https://${each.value.ip}"
  location = format("%s (%s)", each.value.location, local.sites[each.value.site].note)
  site     = each.value.site
  tags     = ["outdoor", "floor-${substr(each.value.serial, 0, 1)}"]
  profiles = [profile.p]
  identity {
    serial = each.value.serial
    mac    = each.value.mac
  }
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  time {
    zone = lookup(local.sites, each.value.site).zone
  }
  ip_filter {
    mode      = "allow"
    addresses = [for i in range(1, 17) : cidrsubnet("10.0.0.0/8", 8, i)]
  }
}
`})
	source := Parse(dir, testVersion)
	config, problems := source.Evaluate(testOptions())
	if len(problems) > 0 || len(config.Devices) != devices {
		t.Fatalf("%d devices: %v", len(config.Devices), problems)
	}
	left, most := source.meter, int64(devices)
	if left.steps < most*stepsPerDevice*3/4 || left.bytes < most*bytesPerDevice*3/4 {
		t.Errorf("of %d steps and %d bytes for devices, %d and %d are left", most*stepsPerDevice, most*bytesPerDevice, left.steps, left.bytes)
	}
}
