package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"camform/schema"
)

// TestI15NoFunctionTakesTheMarkOff gives secrets and what is made of them to the places that show their values.
func TestI15NoFunctionTakesTheMarkOff(t *testing.T) {
	const why = "anything made from that stays secret"
	const shown = "must not contain a secret"
	tests := map[string]string{
		`nonsensitive(secret("env:ADMIN"))`:                             why,
		`nonsensitive(upper(secret("env:ADMIN")))`:                      why,
		`nonsensitive(strrev(secret("env:ADMIN")))`:                     why,
		`nonsensitive(base64encode(secret("env:ADMIN")))`:               why,
		`nonsensitive(join(" ", split("", secret("env:ADMIN"))))`:       why,
		`nonsensitive({ a = [substr(secret("env:ADMIN"), 0, 3)] })`:     why,
		`nonsensitive(length(secret("env:ADMIN")))`:                     why,
		`nonsensitive(sensitive(lower(secret("env:ADMIN"))))`:           why,
		`secret("env:${secret("env:ADMIN")}")`:                          shown,
		`secret("env:${upper(secret("env:ADMIN"))}")`:                   shown,
		`secret(secret("env:ADMIN"))`:                                   shown,
		`try(secret("file:${secret("env:ADMIN")}"), secret("env:X"))`:   "",
		`file(secret("env:ADMIN"))`:                                     shown,
		`filebase64("x/${secret("env:ADMIN")}")`:                        shown,
		`fileexists(secret("env:ADMIN"))`:                               shown,
		`filesha256(secret("env:ADMIN"))`:                               shown,
		`nonsensitive(base64gzip(secret("env:ADMIN")))`:                 why,
		`nonsensitive(textencodebase64(secret("env:ADMIN"), "UTF-16"))`: why,
		`nonsensitive(uuidv5("dns", secret("env:ADMIN")))`:              why,
		`nonsensitive(ephemeralasnull(secret("env:ADMIN")))`:            why,
		`fileset(".", secret("env:ADMIN"))`:                             shown,
		`fileset(secret("env:ADMIN"), "*")`:                             shown,
		`templatefile(secret("env:ADMIN"), {})`:                         shown,
	}
	for expression, want := range tests {
		options := testOptions()
		options.Env = func(string) (string, bool) { return canary, true }
		options.Secrets = testVault{}.reader(options.Env, "")
		dir := write(t, map[string]string{"main.cam.hcl": "locals {\n  a = " + expression + "\n}\n"})
		_, problems := Parse(dir, testVersion).Evaluate(options)
		var said strings.Builder
		for _, p := range problems {
			said.WriteString(p.Detail)
		}
		if want != "" && (len(problems) != 1 || problems[0].Code != secretExposed.code) || !strings.Contains(said.String(), want) {
			t.Errorf("%s: the problems are %v, want %q", expression, problems, want)
		}
		if strings.Contains(strings.ToLower(said.String()), strings.ToLower(canary)) {
			t.Errorf("%s: a problem shows the secret", expression)
		}
	}
}

// pairs are secrets that functions cannot tell apart by anything that is shown.
var pairs = [][2]string{
	{"Canary-1", "other"},
	{"", "x"},
	{"7", "12"},
	{"true", "false"},
	{"a", "b"},
	{"0", "1"},
	{"QQ==", "QkI="},
	{`{"a":1}`, `["b",2]`},
	{"a,b\n1,2", "c\n3"},
	{"192.0.2.0/24", "198.51.100.0/25"},
	{"192.0.2.1", "192.0.2.77"},
	{"2026-01-02T03:04:05Z", "2025-01-02T03:04:05Z"},
	{"1h", "2h"},
	{"YYYY", "MM"},
	{"(a)", "b+"},
	{"%s", "%d"},
	{"UTF-8", "ISO-8859-1"},
	{"x500", "dns"},
}

// holding are the ways in which an argument holds a secret.
var holding = []func(secret cty.Value) cty.Value{
	func(v cty.Value) cty.Value { return v },
	func(v cty.Value) cty.Value { return cty.ListVal([]cty.Value{v}) },
	func(v cty.Value) cty.Value { return cty.TupleVal([]cty.Value{cty.StringVal("a"), v}) },
	func(v cty.Value) cty.Value { return cty.SetVal([]cty.Value{cty.StringVal("a"), v}) },
	func(v cty.Value) cty.Value { return cty.MapVal(map[string]cty.Value{"a": v}) },
	func(v cty.Value) cty.Value { return cty.ObjectVal(map[string]cty.Value{"a": v, "b": cty.True}) },
	func(v cty.Value) cty.Value { return cty.ListVal([]cty.Value{cty.ListVal([]cty.Value{v})}) },
	func(v cty.Value) cty.Value { return cty.MapVal(map[string]cty.Value{"a": cty.ListVal([]cty.Value{v})}) },
}

// open are arguments that hold no secret.
var open = []cty.Value{
	cty.StringVal("a"), cty.StringVal("192.0.2.0/24"), cty.StringVal("2026-01-02T03:04:05Z"), cty.StringVal("%s"),
	cty.StringVal("1h"), cty.NumberIntVal(1), cty.NumberIntVal(2),
	cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}),
	cty.MapVal(map[string]cty.Value{"a": cty.StringVal("1")}),
	cty.TupleVal([]cty.Value{cty.ListVal([]cty.Value{cty.StringVal("a")})}),
}

// words are arguments without a secret that only some functions understand.
var words = map[string][]cty.Value{
	"textdecodebase64": {cty.StringVal("UTF-8"), cty.StringVal("QQ==")},
	"textencodebase64": {cty.StringVal("UTF-8")},
	"uuidv5":           {cty.StringVal("x500")},
}

// TestI15FunctionsShowNothingOfSecrets calls every function with secrets of several forms in each argument: but for its marked
// parts the answer is the same, whatever the secret is, and an error says the same.
func TestI15FunctionsShowNothingOfSecrets(t *testing.T) {
	t.Parallel()
	for name, f := range newLoader(Parse(t.TempDir(), testVersion), Options{}).functions() {
		answered := map[int]int{} // by position
		all := signatures(f)
		for _, params := range all {
			for position, p := range params {
				held := holders(p)
				others(params, slices.Concat(open, words[name]), position, nil, func(args []cty.Value) { answered[position] += interferes(t, name, f, args, position, held) })
			}
		}
		for position := range all[0] {
			if answered[position] == 0 && !refusing[name] {
				t.Errorf("%s never answers with a secret in argument %d, which proves nothing", name, position+1)
			}
		}
	}
}

// holders are pairs of values for a parameter that hold secrets.
func holders(p function.Parameter) (held [][2]cty.Value) {
	for _, pair := range pairs {
		for _, hold := range holding {
			first, err := convert.Convert(hold(schema.MarkSecret(cty.StringVal(pair[0]), "env:X")), p.Type)
			second, also := convert.Convert(hold(schema.MarkSecret(cty.StringVal(pair[1]), "env:X")), p.Type)
			if err == nil && also == nil {
				held = append(held, [2]cty.Value{first, second})
			}
		}
	}
	return held
}

// signatures are the parameters of a function, with one argument more and with two if it takes any number of them; none of a
// function of expressions, for which there is TestI15NoExpressionTakesTheMarkOff.
func signatures(f function.Function) [][]function.Parameter {
	params, more := f.Params(), f.VarParam()
	switch {
	case len(params) > 0 && params[0].Type == customdecode.ExpressionClosureType, more != nil && more.Type == customdecode.ExpressionClosureType:
		return [][]function.Parameter{nil}
	case more != nil:
		one := append(slices.Clone(params), *more)
		return [][]function.Parameter{one, append(slices.Clone(one), *more)}
	}
	return [][]function.Parameter{params}
}

// refusing are the functions that take no secret, or none in one of their arguments.
var refusing = map[string]bool{
	"file": true, "filebase64": true, "fileexists": true, "fileset": true, "templatefile": true, "secret": true, "nonsensitive": true,
	"filebase64sha256": true, "filebase64sha512": true, "filemd5": true, "filesha1": true, "filesha256": true, "filesha512": true,
	"timestamp": true, "plantimestamp": true, "uuid": true, "bcrypt": true,
}

// others calls do with all arguments but one at a position, which is left to it. They come from some values.
func others(params []function.Parameter, from []cty.Value, position int, so []cty.Value, do func(args []cty.Value)) {
	switch {
	case len(so) == len(params):
		do(so)
	case len(so) == position:
		others(params, from, position, append(so[:len(so):len(so)], cty.NilVal), do)
	default:
		for _, v := range from {
			if converted, err := convert.Convert(v, params[len(so)].Type); err == nil {
				others(params, from, position, append(so[:len(so):len(so)], converted), do)
			}
		}
	}
}

// interferes calls a function with each pair at a position, and reports how often it answers.
func interferes(t *testing.T, name string, f function.Function, args []cty.Value, position int, held [][2]cty.Value) (answered int) {
	for _, pair := range held {
		var shown [2]string
		for i, secret := range pair {
			args[position] = secret
			v, err := f.Call(args)
			shown[i] = fmt.Sprint(err)
			if err == nil {
				answered++
				shown[i] = visible(v)
			}
		}
		withheld := strings.Contains(shown[0], "withheld") || strings.Contains(shown[1], "withheld") // and the run ends
		if shown[0] != shown[1] && !withheld {
			t.Errorf("%s tells secrets apart in argument %d of %#v: %s or %s", name, position+1, args, shown[0], shown[1])
			return answered
		}
	}
	return answered
}

// visible is a value as it is shown.
func visible(v cty.Value) string {
	shown, _ := cty.Transform(v, func(_ cty.Path, part cty.Value) (cty.Value, error) {
		if hasSecret(part) && part.IsMarked() {
			return cty.StringVal("(sensitive)"), nil
		}
		return part, nil
	})
	return shown.GoString()
}

func TestASecretMayStandInForAnother(t *testing.T) {
	options := testOptions()
	options.Secrets = func(origin string) (schema.Secret, bool, error) {
		if origin == "env:OLD" {
			return schema.Secret{}, false, ErrSecretAbsent
		}
		return schema.NewSecret(canary), true, nil
	}
	config := loadFiles(t, map[string]string{"main.cam.hcl": `
device "gate" {
  address = "https://192.0.2.1"
  login {
    username = "admin"
    password = try(secret("env:OLD"), secret("env:NEW"))
  }
}
`}, options)
	if have := schema.Origin(config.Devices[0].Login.Password); have != "env:NEW" {
		t.Errorf("the password comes from %q", have)
	}
}

// TestI15NoExpressionTakesTheMarkOff tries what the language is made of, besides functions.
func TestI15NoExpressionTakesTheMarkOff(t *testing.T) {
	for _, expression := range []string{
		`s`, `"a${s}"`, `s == "Canary-1"`, `s != "a" && true`, `!(s == "a")`, `length(s) + 1`, `-length(s)`, `length(s) > 3`,
		`s == "Canary-1" ? "a" : "b"`, `true ? s : "b"`, `false ? s : "Canary"`, `[s, 1][length(s) > 5 ? 1 : 0]`, `{ Canary-1 = 1, other = 2 }[s]`,
		`[for x in ["C", "o"] : x if startswith(s, x)]`, `[for x in split("", s) : x]`, `{ for x in ["a"] : "${x}${s}" => 1 }`,
		`{ for x in ["a", "b"] : s => x... }`, `{ (s) = 1 }`, `split("", s)[*]`, `split("", s)[0]`, `{ a = s }.a`, `[{ a = s }][*].a`,
		`"%{ if startswith(s, "C") }yes%{ else }no%{ endif }"`, `"%{ for x in split("", s) }-%{ endfor }"`, `"${s}"`, `<<-EOT
		  ${s}
		EOT
		`,
		`try(regex("^C", s), "no")`, `try([regex("^C", s), 1][1], 2)`, `can(regex("^C", s))`, `can([regex("^C", s), 1][1])`, `can(tonumber(s))`,
		`try({ Canary-1 = 1 }[s], 2)`, `can({ Canary-1 = 1 }[s])`, `try(1 + s, 2)`, `can("${s}" + 1)`, `try(deep.a.b, 1)`, `try(deep.a, 1)`,
		`can([for x in ["C"] : regex("^${x}", s)])`, `[for x in ["C", "o"] : x if can(regex("^${x}", s))]`,
		`try([for x in ["C"] : regex("^${x}", deep.a)][0] == "x" ? 1 : 1, 2)`, `try(tonumber(deep.a), 1)`, `issensitive(s)`, `try(tobool(s), true)`,
		`can(secret("env:S") == "x" ? 1 : tonumber("x"))`, `[secret("env:S"), 1][length(secret("env:S")) > 5 ? 1 : 0]`,
		`try([tonumber(secret("env:S")), 1][1], 2)`, `can(regex("^C", secret("env:S")))`,
	} {
		var seen [3]string
		for i, text := range []string{"Canary-1", "other", ""} {
			secret := cty.StringVal(text)
			if text == "" {
				secret = cty.UnknownVal(cty.String)
			}
			l := newLoader(Parse(t.TempDir(), testVersion), Options{Secrets: func(string) (schema.Secret, bool, error) {
				return schema.NewSecret(text), text != "", nil
			}})
			expr, diags := l.meter.value([]byte(expression), "x")
			if diags.HasErrors() {
				t.Fatalf("%s: %v", expression, diags)
			}
			s := scope{loader: l, ctx: l.base.NewChild()}
			marked := schema.MarkSecret(secret, "env:S")
			s.ctx.Variables = map[string]cty.Value{"s": marked, "deep": cty.ObjectVal(map[string]cty.Value{"a": marked})}
			seen[i] = visible(s.value(expr))
			if text == "" && expression != `issensitive(s)` && !strings.Contains(seen[i], "(sensitive)") {
				t.Errorf("%s is %s while the secret is not known: %v", expression, seen[i], l.list)
			}
			for _, p := range l.list {
				if strings.Contains(p.Detail, text) && text != "" {
					t.Errorf("%s: a problem shows the secret: %s", expression, p.Detail)
				}
				seen[i] = "failed"
			}
		}
		if seen[0] != seen[1] && seen[0] != "failed" && seen[1] != "failed" {
			t.Errorf("%s tells secrets apart: %s or %s", expression, seen[0], seen[1])
		}
	}
}
