package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"camform/engine/config"
	"camform/engine/thorough"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

// secretArguments are the ways in which an argument holds a secret.
var secretArguments = []string{
	`secret("env:ADMIN_PASSWORD")`, `["a", secret("env:ADMIN_PASSWORD")]`, `{ a = secret("env:ADMIN_PASSWORD") }`,
	`"%s ${secret("env:ADMIN_PASSWORD")}"`, `jsonencode([secret("env:ADMIN_PASSWORD")])`, `[split("", secret("env:ADMIN_PASSWORD"))]`,
	`length(secret("env:ADMIN_PASSWORD"))`, `length(secret("env:ADMIN_PASSWORD")) - 14`, `[length(secret("env:ADMIN_PASSWORD")) > 3]`,
	`[length(secret("env:ADMIN_PASSWORD"))]`, `length(secret("env:ADMIN_PASSWORD")) > 3`, `{ a = [secret("env:ADMIN_PASSWORD")] }`,
	`"192.0.${length(secret("env:ADMIN_PASSWORD"))}.0/24"`, `"20${length(secret("env:ADMIN_PASSWORD"))}-01-01T00:00:00Z"`,
	`"${length(secret("env:ADMIN_PASSWORD"))}h"`, `base64encode(secret("env:ADMIN_PASSWORD"))`,
}

// open is an argument without a secret.
type open struct {
	is   cty.Type
	text string
}

var openArguments = []open{
	{cty.String, `"a"`},
	{cty.String, `"192.0.2.0/24"`},
	{cty.String, `"2026-01-02T03:04:05Z"`},
	{cty.String, `"UTF-8"`},
	{cty.String, `"x500"`},
	{cty.Number, `1`},
	{cty.List(cty.String), `["a", "b"]`},
	{cty.Map(cty.String), `{ a = "b" }`},
}

// fits reports whether an argument is of the type that a parameter wants.
func (o open) fits(p function.Parameter) bool {
	return p.Type == cty.DynamicPseudoType || len(o.is.TestConformance(p.Type)) == 0 || p.Type.IsSetType() && o.is.IsListType()
}

// fitting is the first of some arguments that fits, or else the first.
func fitting(p function.Parameter, arguments []open) string {
	return arguments[max(0, slices.IndexFunc(arguments, func(o open) bool { return o.fits(p) }))].text
}

// secretCalls are calls of every function that camform has, with a secret in each argument, by the names of the functions.
func secretCalls() map[string][]string {
	calls := map[string][]string{}
	for name, f := range config.Functions() {
		params := f.Params()
		calls[name] = callsWith(name, params)
		if more := f.VarParam(); more != nil {
			params = append(slices.Clone(params), *more)
			calls[name] = append(calls[name], callsWith(name, params)...)
			calls[name] = append(calls[name], callsWith(name, append(params, *more))...)
		}
		slices.Sort(calls[name])
		calls[name] = slices.Compact(calls[name])
	}
	return calls
}

func callsWith(name string, params []function.Parameter) (calls []string) {
	for position := range params {
		for i := range openArguments {
			given := make([]string, len(params))
			for j, p := range params {
				given[j] = fitting(p, slices.Concat(openArguments[i:], openArguments[:i]))
			}
			for _, secret := range secretArguments {
				given[position] = secret
				calls = append(calls, name+"("+strings.Join(given, ", ")+")")
			}
		}
	}
	return calls
}

// answering are the calls of a function that do not fail.
func answering(t *testing.T, calls []string) (found []string) {
	t.Helper()
	var b strings.Builder
	for i, call := range calls {
		fmt.Fprintf(&b, "output \"a%d\" {\n  sensitive = true\n  value = %s\n}\n", i, call)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.cam.hcl"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	evaluated, _ := config.Parse(dir, "").Evaluate(config.Options{Secrets: func(string) (schema.Secret, bool, error) {
		return schema.NewSecret(canaries["ADMIN_PASSWORD"]), true, nil
	}})
	for _, o := range evaluated.Outputs {
		var i int
		if _, err := fmt.Sscanf(o.Name, "a%d", &i); err != nil {
			t.Fatal(err)
		}
		if o.Value.IsKnown() {
			found = append(found, calls[i])
		}
	}
	return found
}

// refusing are the functions that take no secret, or never answer.
var refusing = []string{
	"bcrypt", "file", "filebase64", "filebase64sha256", "filebase64sha512", "fileexists", "filemd5", "fileset", "filesha1", "filesha256",
	"filesha512", "nonsensitive", "plantimestamp", "secret", "templatefile", "timestamp", "uuid",
}

// callsSite has all calls in places where secrets may be.
func callsSite(calls []string) string {
	var b strings.Builder
	b.WriteString(`
device "camera" {
  for_each = { for row in csvdecode(file("inventory.csv")) : row.name => row }
  address  = each.value.address

  login {
    username = "admin"
    password = secret("env:ADMIN_PASSWORD")
  }

  upnp {
    enabled = true
  }

  ntp {
    server = "${replace(secret("env:VIEWER_PASSWORD"), "x", "y")}.example.com"
  }
`)
	for i, name := range []string{"upper", "strrev", "base64encode", "split", "format", "merge", "one", "try", "can", "yamlencode"} {
		call := calls[slices.IndexFunc(calls, func(call string) bool { return strings.HasPrefix(call, name+"(") })]
		fmt.Fprintf(&b, "\n  user \"u%d\" {\n    level    = \"Viewer\"\n    password = substr(\"a1-${sha256(try(jsonencode(%s), secret(\"env:ADMIN_PASSWORD\")))}\", 0, 12)\n  }\n", i, call)
	}
	b.WriteString(`
  check "conditions" {
    level = "basic"

    assert {
      condition     = length(local.all) > 0 && can(regex("^Zq7", local.admin))
      error_message = "The secret is another one."
    }
  }
}

locals {
  admin = secret("env:ADMIN_PASSWORD")
  all = [
`)
	for _, call := range calls {
		fmt.Fprintf(&b, "    jsonencode(%s), can(%s),\n", call, call)
	}
	b.WriteString(`
  ]
}

output "hidden" {
  sensitive = true
  value     = local.all
}

# What has lost its mark is shown.
output "shown" {
  value = [for text in local.all : text if !issensitive(text)]
}
`)
	return b.String()
}

// exposing are the places where a value is shown, so that a secret in it is an error.
var exposing = map[string]string{
	"an output":    "output \"a%d\" {\n  value = %s\n}\n",
	"nonsensitive": "output \"a%d\" {\n  value = nonsensitive(%s)\n}\n",
	"a problem":    "locals {\n  a%d = tonumber(%s) + { a = 1 }\n}\n",
	"an origin":    "locals {\n  a%d = secret(\"env:${%s}\")\n}\n",
	"a file":       "locals {\n  a%d = file(\"${%s}\")\n}\n",
	"a key":        "locals {\n  a%d = { a = 1 }[%s]\n}\n",
	"an address":   "device \"a%d\" {\n  address = %s\n  login {\n    username = \"admin\"\n    password = secret(\"env:ADMIN_PASSWORD\")\n  }\n}\n",
	"for_each":     "device \"a%d\" {\n  for_each = toset(%s)\n  address = each.key\n  login {\n    username = each.key\n    password = secret(\"env:ADMIN_PASSWORD\")\n  }\n}\n",
	"a message":    "variable \"a%d\" {\n  default = 1\n  validation {\n    condition = false\n    error_message = %s\n  }\n}\n",
}

// TestI15NoFunctionLetsASecretOut gives secrets to every function, and the results to every command and to every place of a
// configuration that is shown.
func TestI15NoFunctionLetsASecretOut(t *testing.T) {
	thorough.OnlyUsual(t)
	t.Parallel()
	var calls, answers []string
	for name, some := range secretCalls() {
		known := answering(t, some)
		if len(known) == 0 && !slices.Contains(refusing, name) {
			t.Errorf("%s never answers where it is given a secret, which proves nothing", name)
		}
		calls, answers = append(calls, some...), append(answers, known...)
	}
	slices.Sort(calls)
	slices.Sort(answers)
	s := newSite(t, simulator.Options{Models: []string{"camera-v57"}, TLS: true, Seed: 11}, callsSite(answers))
	h := newHunt(s)
	for _, args := range [][]string{
		{"validate"},
		{"plan"},
		{"plan", "-json", "-full"},
		{"plan", "-markdown"},
		{"plan", "-requests"},
		{"plan", "-full", "-out=site.plan"},
		{"show", "-json", "site.plan"},
		{"apply", "site.plan"},
		{"plan"},
		{"drift", "-json"},
		{"lock"},
		{"audit", "-json"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			h.t = t
			h.do(0, nil, s.program(args...))
			h.tell()
		})
	}
	for place, text := range exposing {
		t.Run(place, func(t *testing.T) {
			h.t = t
			var b strings.Builder
			for i := 0; i < len(calls); i += 11 {
				fmt.Fprintf(&b, text, i, calls[i])
			}
			s.write("main.cam.hcl", []byte(b.String()))
			h.do(1, nil, s.program("plan"))
			h.do(1, nil, s.program("validate", "-json"))
			h.tell()
		})
	}
}
