package config

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// console evaluates expressions in a directory with a few files. It returns the value, or the problem as text.
func console(t *testing.T) func(expression string) (cty.Value, string) {
	t.Helper()
	return consoleIn(functionFiles(t))
}

// functionFiles makes the directory with the files.
func functionFiles(t *testing.T) string {
	return write(t, map[string]string{
		"a.txt":         "text\n",
		"binary":        "\xff\xfe",
		"list.tpl":      "%{ for n in names ~}\n${upper(n)}\n%{ endfor ~}\n",
		"loop.tpl":      "${templatefile(\"loop.tpl\", {})}",
		"d/b.csv":       "x\n",
		"d/e/c.csv":     "x\n",
		"d/e/c.json":    "{}\n",
		"d/e/notes.txt": "x\n",
	})
}

func consoleIn(dir string) func(expression string) (cty.Value, string) {
	l := newLoader(&Source{dir: dir, meter: newMeter()}, testOptions())
	return func(expression string) (cty.Value, string) {
		expr, diags := hclsyntax.ParseExpression([]byte(expression), "console", hcl.InitialPos)
		if diags.HasErrors() {
			return cty.NilVal, diags.Error()
		}
		v, diags := evaluate(expr, l.base)
		if problems := fromHCL(diags); len(problems) > 0 {
			return v, problems[0].Error()
		}
		return v, ""
	}
}

// meanings are calls, and expressions that say the results.
var meanings = []struct{ call, want string }{
	{`abs(-3)`, `3`},
	{`ceil(1.2)`, `2`},
	{`floor(-1.2)`, `-2`},
	{`log(8, 2)`, `3`},
	{`max(1, 3, 2)`, `3`},
	{`min([3, 1]...)`, `1`},
	{`parseint("ff", 16)`, `255`},
	{`pow(2, 10)`, `1024`},
	{`signum(-9)`, `-1`},

	{`chomp("a\r\n\n")`, `"a"`},
	{`startswith("https", "http")`, `true`},
	{`startswith("http", "https")`, `false`},
	{`endswith("a.csv", ".csv")`, `true`},
	{`endswith("a.csv", "x")`, `false`},
	{`strcontains("camera", "mer")`, `true`},
	{`strcontains("camera", "x")`, `false`},
	{`format("%s-%03d", "gate", 7)`, `"gate-007"`},
	{`formatlist("%s!", ["a", "b"])`, `tolist(["a!", "b!"])`},
	{`indent(2, "a\nb")`, `"a\n  b"`},
	{`join("-", ["a", "b"], ["c"])`, `"a-b-c"`},
	{`lower("ÄB")`, `"äb"`},
	{`upper("ä")`, `"Ä"`},
	{`regex("[0-9]+", "a12b3")`, `"12"`},
	{`regexall("[0-9]+", "a12b3")`, `tolist(["12", "3"])`},
	{`replace("a.b.c", ".", "-")`, `"a-b-c"`},
	{`replace("a1b22", "/[0-9]+/", "#")`, `"a#b#"`},
	{`replace("ab", "/(a)(b)/", "$2$1")`, `"ba"`},
	{`replace("a/b", "/", "-")`, `"a-b"`},
	{`split(",", "a,b,")`, `tolist(["a", "b", ""])`},
	{`strrev("abc")`, `"cba"`},
	{`substr("abcd", 1, 2)`, `"bc"`},
	{`substr("abcd", -2, -1)`, `"cd"`},
	{`title("two words")`, `"Two Words"`},
	{`trim("?!a?", "?!")`, `"a"`},
	{`trimprefix("abc", "a")`, `"bc"`},
	{`trimsuffix("abc", "c")`, `"ab"`},
	{`trimspace(" a\n")`, `"a"`},

	{`alltrue([true, "true"])`, `true`},
	{`alltrue([])`, `true`},
	{`alltrue([true, null])`, `false`},
	{`alltrue([true, false])`, `false`},
	{`anytrue([false, true])`, `true`},
	{`anytrue([])`, `false`},
	{`anytrue([null, false])`, `false`},
	{`chunklist(["a", "b", "c"], 2)`, `tolist([tolist(["a", "b"]), tolist(["c"])])`},
	{`coalesce(null, "", "a", "b")`, `"a"`},
	{`coalesce(null, 0)`, `0`},
	{`coalesce(null, 1, "a")`, `"1"`},
	{`coalescelist([], ["a"])`, `["a"]`},
	{`compact(["a", "", null, "b"])`, `tolist(["a", "b"])`},
	{`concat(["a"], ["b"])`, `["a", "b"]`},
	{`contains(["a"], "a")`, `true`},
	{`contains(["a"], "b")`, `false`},
	{`distinct(["a", "b", "a"])`, `tolist(["a", "b"])`},
	{`element(["a", "b"], 3)`, `"b"`},
	{`flatten([["a"], [["b"]], []])`, `["a", "b"]`},
	{`index(["a", "b"], "b")`, `1`},
	{`index(tolist([1, 2]), 1)`, `0`},
	{`keys({ b = 1, a = 2 })`, `["a", "b"]`},
	{`values({ b = 1, a = 2 })`, `[2, 1]`},
	{`length([1, 2])`, `2`},
	{`length({ a = 1 })`, `1`},
	{`length("äb")`, `2`},
	{`length(toset(["a", "a"]))`, `1`},
	{`length(tomap({}))`, `0`},
	{`lookup({ a = "x" }, "a", "d")`, `"x"`},
	{`lookup({ a = "x" }, "b", "d")`, `"d"`},
	{`lookup({ a = "x" }, "a")`, `"x"`},
	{`lookup(tomap({ a = "x" }), "b", null)`, `tostring(null)`},
	{`matchkeys(["1", "2", "3"], ["a", "b", "a"], ["a"])`, `tolist(["1", "3"])`},
	{`matchkeys(["1"], ["a"], ["b"])`, `slice(tolist(["1"]), 0, 0)`},
	{`merge({ a = 1, b = 1 }, { b = 2 })`, `{ a = 1, b = 2 }`},
	{`merge(null, { a = 1 })`, `{ a = 1 }`},
	{`one([])`, `null`},
	{`one(["a"])`, `"a"`},
	{`one(toset(["a"]))`, `"a"`},
	{`one(tolist(slice(["a"], 0, 0)))`, `null`},
	{`range(3)`, `tolist([0, 1, 2])`},
	{`range(1, 3)`, `tolist([1, 2])`},
	{`range(3, 1)`, `tolist([3, 2])`},
	{`range(0, 1, 0.5)`, `tolist([0, 0.5])`},
	{`range(-2)`, `tolist([0, -1])`},
	{`length(range(5000))`, `5000`},
	{`range(3, 0, -2)`, `tolist([3, 1])`},
	{`length(range(0))`, `0`},
	{`length(range(1, 1, 5))`, `0`},
	{`reverse(["a", "b"])`, `["b", "a"]`},
	{`setintersection(["a", "b"], ["b"])`, `toset(["b"])`},
	{`setsubtract(["a", "b"], ["b"])`, `toset(["a"])`},
	{`setunion(["a"], ["b"])`, `toset(["a", "b"])`},
	{`length(setproduct(["a", "b"], [1, 2]))`, `4`},
	{`slice(["a", "b", "c"], 1, 3)`, `["b", "c"]`},
	{`sort(["b", "a"])`, `tolist(["a", "b"])`},
	{`sum([1, 2.5, "3"])`, `6.5`},
	{`sum(toset([1, 2]))`, `3`},
	{`transpose({ a = ["1", "2"], b = ["2"] })`, `tomap({ "1" = tolist(["a"]), "2" = tolist(["a", "b"]) })`},
	{`length(transpose({}))`, `0`},
	{`zipmap(["a", "b"], [1, 2])`, `{ a = 1, b = 2 }`},

	{`base64encode("äb")`, `"w6Ri"`},
	{`base64decode("w6Ri")`, `"äb"`},
	{`urlencode("a b/ä")`, `"a+b%2F%C3%A4"`},
	{`md5("a")`, `"0cc175b9c0f1b6a831c399e269772661"`},
	{`sha1("a")`, `"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"`},
	{`sha256("a")`, `"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"`},
	{`substr(sha512("a"), 0, 8)`, `"1f40fc92"`},
	{`base64sha256("a")`, `"ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="`},
	{`substr(base64sha512("a"), 0, 8)`, `"H0D8ktok"`},
	{`md5("")`, `"d41d8cd98f00b204e9800998ecf8427e"`},
	{`base64gzip("")`, `"H4sIAAAAAAAA/wAAAP//AQAA//8AAAAAAAAAAA=="`},
	{`textencodebase64("Hello World", "UTF-16LE")`, `"SABlAGwAbABvACAAVwBvAHIAbABkAA=="`},
	{`textencodebase64("a", "UTF-16")`, `"/v8AYQ=="`},
	{`textencodebase64("日", "Shift_JIS")`, `"k/o="`},
	{`textencodebase64("äb", "utf-8")`, `base64encode("äb")`},
	{`textencodebase64("ä", "latin1")`, `"5A=="`},
	{`textdecodebase64("SABlAGwAbABvACAAVwBvAHIAbABkAA==", "UTF-16LE")`, `"Hello World"`},
	{`textdecodebase64("w6Ri", "UTF-8")`, `"äb"`},
	{`uuidv5("dns", "www.terraform.io")`, `"a5008fae-b28c-5ba5-96cd-82b4c53552d6"`},
	{`uuidv5("url", "https://www.terraform.io/")`, `"9db6f67c-dd95-5ea0-aa5b-e70e5c5f7cf5"`},
	{`uuidv5("oid", "1.3.6.1.4")`, `"af9d40a5-7a36-5c07-b23a-851cd99fbfa5"`},
	{`uuidv5("x500", "CN=Example,C=GB")`, `"84e09961-4aa4-57f8-95b7-03edb1073253"`},
	{`uuidv5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.terraform.io")`, `uuidv5("dns", "www.terraform.io")`},
	{`csvdecode("a,b\n1,2\n")[0].b`, `"2"`},
	{`csvdecode("\ufeffa,b\n1,2\n")[0].a`, `"1"`},
	{`csvdecode("a;b,c\n1,2\n")[0]["a;b"]`, `"1"`},
	{`jsondecode("{\"a\": [1]}").a[0]`, `1`},
	{`jsonencode({ a = [1, null] })`, `"{\"a\":[1,null]}"`},
	{`yamldecode("a: [1]").a[0]`, `1`},
	{`yamlencode({ a = 1 })`, `"\"a\": 1\n"`},

	{`formatdate("YYYY-MM-DD", "2020-02-03T04:05:06Z")`, `"2020-02-03"`},
	{`timeadd("2020-02-03T04:05:06Z", "1h")`, `"2020-02-03T05:05:06Z"`},
	{`timecmp("2020-02-03T04:05:06Z", "2020-02-03T05:05:06+01:00")`, `0`},
	{`timecmp("2020-02-03T04:05:06Z", "2021-02-03T04:05:06Z")`, `-1`},

	{`cidrhost("192.0.2.0/24", 5)`, `"192.0.2.5"`},
	{`cidrhost("192.0.2.0/24", -2)`, `"192.0.2.254"`},
	{`cidrhost("2001:db8::/32", 1)`, `"2001:db8::1"`},
	{`cidrnetmask("192.0.2.0/26")`, `"255.255.255.192"`},
	{`cidrsubnet("10.0.0.0/8", 8, 2)`, `"10.2.0.0/16"`},
	{`cidrsubnets("10.0.0.0/8", 8, 8, 4)`, `tolist(["10.0.0.0/16", "10.1.0.0/16", "10.16.0.0/12"])`},
	{`length(cidrsubnets("10.0.0.0/8"))`, `0`},
	{`cidrcontains("192.0.2.0/24", "192.0.2.9")`, `true`},
	{`cidrcontains("192.0.2.0/24", "192.0.2.0/25")`, `true`},
	{`cidrcontains("192.0.2.0/24", "192.0.0.0/16")`, `false`},
	{`cidrcontains("192.0.2.0/24", "192.0.3.1")`, `false`},

	{`basename("a/b.csv")`, `"b.csv"`},
	{`dirname("a/b.csv")`, `"a"`},
	{`file("a.txt")`, `"text\n"`},
	{`file("${path.module}/d/../a.txt")`, `"text\n"`},
	{`filebase64("binary")`, `"//4="`},
	{`filemd5("a.txt")`, `md5(file("a.txt"))`},
	{`filesha1("a.txt")`, `sha1(file("a.txt"))`},
	{`filesha256("a.txt")`, `sha256(file("a.txt"))`},
	{`filesha512("a.txt")`, `sha512(file("a.txt"))`},
	{`filebase64sha256("a.txt")`, `base64sha256(file("a.txt"))`},
	{`filebase64sha512("a.txt")`, `base64sha512(file("a.txt"))`},
	{`filemd5("binary")`, `"f3b25701fe362ec84616a93a45ce9998"`},
	{`abspath("/a/../b")`, `"/b"`},
	{`abspath("d/../a.txt") == "${abspath(path.root)}/a.txt"`, `true`},
	{`startswith(abspath("."), "/")`, `true`},
	{`fileexists("a.txt")`, `true`},
	{`fileexists("none")`, `false`},
	{`fileset(".", "*.txt")`, `toset(["a.txt"])`},
	{`fileset("d", "**/*.csv")`, `toset(["b.csv", "e/c.csv"])`},
	{`fileset(path.root, "d/e/*.{csv,json}")`, `toset(["d/e/c.csv", "d/e/c.json"])`},
	{`fileset("d", "*")`, `toset(["b.csv"])`},
	{`length(fileset(".", "none*"))`, `0`},
	{`length(fileset("none", "*"))`, `0`},
	{`pathexpand("~/a")`, `"/home/nobody/a"`},
	{`pathexpand("~")`, `"/home/nobody"`},
	{`pathexpand("a~")`, `"a~"`},
	{`templatefile("list.tpl", { names = ["a", "b"] })`, `"A\nB\n"`},

	{`can(tonumber("a"))`, `false`},
	{`can(1 + 1)`, `true`},
	{`try({}.a, "b")`, `"b"`},
	{`try(1, 2)`, `1`},
	{`tobool("true")`, `true`},
	{`tonumber("1.5")`, `1.5`},
	{`tostring(5)`, `"5"`},
	{`tolist(toset(["b", "a"]))`, `tolist(["a", "b"])`},
	{`tomap({ a = 1 }).a`, `1`},
	{`tostring(null)`, `tostring(null)`},
	{`ephemeralasnull({ a = 1 })`, `{ a = 1 }`},
	{`issensitive(ephemeralasnull(secret("env:ADMIN")))`, `true`},
	{`nonsensitive("a")`, `"a"`},
	{`issensitive("a")`, `false`},
	{`issensitive(sensitive("a"))`, `true`},
	{`issensitive(secret("env:ADMIN"))`, `true`},
	{`nonsensitive(length(sensitive("abc")))`, `3`},
	{`nonsensitive(sensitive("a"))`, `"a"`},
}

func TestFunctionsMeanWhatTheyMeanInTerraform(t *testing.T) {
	evaluateIn := console(t)
	for _, test := range meanings {
		t.Run(test.call, func(t *testing.T) {
			have, problem := evaluateIn(test.call)
			want, _ := evaluateIn(test.want)
			if problem != "" {
				t.Fatal(problem)
			}
			if !have.RawEquals(want) {
				t.Errorf("%s is %#v, want %#v", test.call, have, want)
			}
		})
	}
}

// mistakes are calls, and what their problems say.
var mistakes = []struct{ call, want string }{
	{`coalesce(null, "")`, "every argument is null or empty"},
	{`coalesce([], "a")`, "must have one type"},
	{`index(["a"], "b")`, "does not contain"},
	{`index("a", "b")`, "a list is required"},
	{`length(5)`, "a list, a map or a string is required"},
	{`lookup({}, "a")`, "no such key"},
	{`lookup("a", "a")`, "a map is required"},
	{`lookup(tomap({ a = 1 }), "b", [])`, "type of the elements"},
	{`lookup({}, "a", 1, 2)`, "only one default is allowed"},
	{`matchkeys(["1"], ["a", "b"], ["a"])`, "same length"},
	{`one(["a", "b"])`, "no more than one"},
	{`one("a")`, "a list, set or tuple"},
	{`range(1, 2, 0)`, "must not be zero"},
	{`range(1, 2, -1)`, "leads away"},
	{`range(2, 1, 1)`, "leads away"},
	{`range()`, "one, two or three"},
	{`range(100000)`, "more than 65536"},
	{`sum([])`, "at least one"},
	{`sum(["a"])`, "must be a number"},
	{`sum([null])`, "must be a number"},
	{`transpose({ a = [null] })`, "null"},
	{`base64decode("%")`, "not base64"},
	{`base64decode("//4=")`, "not UTF-8"},
	{`textencodebase64("日", "ISO-8859-1")`, "characters that the encoding does not have"},
	{`textencodebase64("a", "nope")`, "the encoding is unknown"},
	{`textencodebase64("a", "UTF-32")`, "the encoding is unknown"},
	{`textdecodebase64("%", "UTF-16LE")`, "not base64"},
	{`textdecodebase64("/w==", "UTF-8")`, "not text in the encoding"},
	{`textdecodebase64("SABl", "UTF-16LE")`, "not text in the encoding"},
	{`uuidv5("DNS", "a")`, "one of dns, oid, url, x500, or a UUID"},
	{`filesha256("../a.txt")`, "outside"},
	{`filemd5("none")`, "no file"},
	{`timecmp("today", "2020-02-03T04:05:06Z")`, "a time is written like"},
	{`cidrhost("192.0.2.0/30", 9)`, "prefix"},
	{`cidrhost("192.0.2.0/24", 1.5)`, "whole number"},
	{`cidrnetmask("2001:db8::/32")`, "IPv4"},
	{`cidrsubnet("10.0.0.0/8", 40, 1)`, "insufficient"},
	{`cidrsubnets("10.0.0.0/30", 1, 1, 1)`, "no room left"},
	{`cidrsubnets("10.0.0.0/30", 5)`, "does not fit"},
	{`cidrcontains("x", "192.0.2.1")`, "a network is written like"},
	{`cidrcontains("192.0.2.0/24", "x")`, "an address or a network"},
	{`file("binary")`, "not UTF-8"},
	{`file("d")`, "directory"},
	{`file("")`, "outside"},
	{`fileexists("d")`, "is a directory"},
	{`fileset(".", "[")`, "malformed"},
	{`templatefile("loop.tpl", {})`, "templatefile"},
	{`templatefile("list.tpl", "x")`, "a map is required"},
	{`upper(null)`, "null"},
	{`plantimestamp()`, "another result on every run"},
	{`bcrypt("a", 5)`, "another result on every run"},
	{`secret(null)`, "null"},
}

func TestFunctionsRefuseWhatTheyCannotDo(t *testing.T) {
	evaluateIn := console(t)
	for _, test := range mistakes {
		t.Run(test.call, func(t *testing.T) {
			if v, problem := evaluateIn(test.call); !strings.Contains(problem, test.want) {
				t.Errorf("the problem is %q (value %#v), want it to contain %q", problem, v, test.want)
			}
		})
	}
}

// TestFunctionsKeepMarksAndUnknowns calls the functions directly, as an expression could with unread secrets.
func TestFunctionsKeepMarksAndUnknowns(t *testing.T) {
	l := newLoader(&Source{dir: t.TempDir(), meter: newMeter()}, testOptions())
	secret := schema.MarkSecret(cty.StringVal("a"), "env:X")
	unknown := cty.UnknownVal(cty.String)
	hidden := schema.MarkSecret(unknown, "env:X")
	text := cty.StringVal("a")
	tests := []struct {
		function string
		args     []cty.Value
		known    bool
		secret   bool
	}{
		{"upper", []cty.Value{secret}, true, true},
		{"upper", []cty.Value{unknown}, false, false},
		{"upper", []cty.Value{hidden}, false, true},
		{"replace", []cty.Value{text, secret, text}, true, true},
		{"startswith", []cty.Value{hidden, text}, false, true},
		{"coalesce", []cty.Value{text, secret}, true, false},
		{"coalesce", []cty.Value{secret, text}, true, true},
		{"coalesce", []cty.Value{hidden, text}, false, true},
		{"length", []cty.Value{secret}, true, true},
		{"length", []cty.Value{cty.DynamicVal}, false, false},
		{"length", []cty.Value{cty.TupleVal([]cty.Value{unknown})}, true, false},
		{"lookup", []cty.Value{cty.ObjectVal(map[string]cty.Value{"a": secret, "b": text}), cty.StringVal("b")}, true, false},
		{"lookup", []cty.Value{cty.ObjectVal(map[string]cty.Value{"a": secret, "b": text}), cty.StringVal("a")}, true, true},
		{"lookup", []cty.Value{cty.ObjectVal(map[string]cty.Value{"a": text}), secret, text}, true, true},
		{"index", []cty.Value{cty.TupleVal([]cty.Value{unknown, text}), text}, false, false},
		{"alltrue", []cty.Value{cty.ListVal([]cty.Value{cty.UnknownVal(cty.Bool), cty.True})}, false, false},
		{"alltrue", []cty.Value{cty.ListVal([]cty.Value{cty.UnknownVal(cty.Bool), cty.False})}, true, false},
		{"anytrue", []cty.Value{cty.ListVal([]cty.Value{cty.UnknownVal(cty.Bool), cty.True})}, true, false},
		{"one", []cty.Value{cty.TupleVal([]cty.Value{secret})}, true, true},
		{"sum", []cty.Value{cty.ListVal([]cty.Value{cty.UnknownVal(cty.Number)})}, false, false},
		{"matchkeys", []cty.Value{cty.ListVal([]cty.Value{text}), cty.ListVal([]cty.Value{unknown}), cty.ListVal([]cty.Value{text})}, false, false},
		{"transpose", []cty.Value{cty.MapVal(map[string]cty.Value{"a": cty.ListVal([]cty.Value{unknown})})}, false, false},
		{"sensitive", []cty.Value{unknown}, false, true},
		{"nonsensitive", []cty.Value{schema.MarkSecret(cty.StringVal("a"), "var.pw")}, true, false},
		{"issensitive", []cty.Value{unknown}, false, false},
		{"issensitive", []cty.Value{hidden}, true, false},
	}
	for _, test := range tests {
		have, err := l.base.Functions[test.function].Call(test.args)
		if err != nil {
			t.Errorf("%s: %v", test.function, err)
			continue
		}
		if plain, _ := have.Unmark(); plain.IsKnown() != test.known || hasSecret(have) != test.secret {
			t.Errorf("%s of %#v is %#v, want known %v and secret %v", test.function, test.args, have, test.known, test.secret)
		}
	}
}
