package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// known are facts of a test: texts by path and element, with a space between. A path in broken cannot be read.
type known struct {
	self      cty.Value
	documents map[string][]string
	broken    map[string]error
}

func (k known) Self() cty.Value {
	if k.self == cty.NilVal {
		return cty.NullVal(SelfType)
	}
	return k.self
}

func (k known) Observed(path, element string) ([]string, error) {
	return k.documents[path+" "+element], k.broken[path]
}

// selfOf is a device about which little more than the firmware is known.
func selfOf(firmware string) cty.Value {
	values := map[string]cty.Value{}
	for name, t := range SelfType.AttributeTypes() {
		values[name] = cty.NullVal(t)
	}
	values["firmware"] = cty.StringVal(firmware)
	values["tags"] = cty.SetVal([]cty.Value{cty.StringVal("outdoor")})
	return cty.ObjectVal(values)
}

func outcome(a Assert, facts Facts) string {
	holds, message, err := a.Evaluate(facts)
	switch {
	case err != nil && (holds || message != ""):
		return "an error, and more"
	case err != nil:
		return "unknown: " + err.Error()
	case holds && message != "":
		return "holds, and a message"
	case holds:
		return "holds"
	}
	return "violated: " + message
}

// assertion loads one assertion within a profile, and gives it as a device has it.
func assertion(t *testing.T, condition, message string) Assert {
	t.Helper()
	files := map[string]string{"limits.txt": "5.5\n", "main.cam.hcl": `variable "models" {
  default = { a = "5.5" }
}
locals {
  names = ["admin"]
}
variable "pin" {
  sensitive = true
  default   = ""
}
profile "p" {
  check "c" {
    level = "basic"
    assert {
      condition     = ` + condition + `
      error_message = ` + message + `
    }
  }
}
device "a" {
  address  = "https://192.0.2.1"
  profiles = [profile.p]
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
}
`}
	config := loadFiles(t, files, testOptions())
	a := config.Devices[0].Rules[0].Asserts[0]
	if want := 14; a.Range.Start.Line != want {
		t.Errorf("the assert is in line %d, want %d", a.Range.Start.Line, want)
	}
	return a
}

func TestConditionsDecide(t *testing.T) {
	documents := map[string][]string{"/ISAPI/a x": {"true", "false"}, "/ISAPI/a User/name": {"admin", "eve"}, "/ISAPI/a number": {"7"}}
	tests := map[string]struct{ condition, want string }{
		"first text":                  {`observed("/ISAPI/a", "x") == "true"`, "holds"},
		"texts convert":               {`observed("/ISAPI/a", "x")`, "holds"},
		"other text":                  {`observed("/ISAPI/a", "x") == "false"`, "violated: no"},
		"all texts":                   {`length(observed_all("/ISAPI/a", "x")) == 2`, "holds"},
		"no texts at all":             {`length(observed_all("/ISAPI/a", "none")) == 0`, "holds"},
		"a missing element is null":   {`observed("/ISAPI/a", "none") == null`, "holds"},
		"locals and iteration":        {`alltrue([for u in observed_all("/ISAPI/a", "User/name") : contains(local.names, u)])`, "violated: no"},
		"variables":                   {`version_at_least(self.firmware, var.models["a"])`, "holds"},
		"numbers":                     {`tonumber(observed("/ISAPI/a", "number")) > 6`, "holds"},
		"tags":                        {`contains(self.tags, "outdoor")`, "holds"},
		"files are read later too":    {`version_at_least(self.firmware, chomp(file("limits.txt")))`, "holds"},
		"a part of a null":            {`self.certificate.days_left > 30`, "unknown: the condition at main.cam.hcl:15 cannot be evaluated: This value is null, so it does not have any attributes."},
		"null is no pass":             {`self.certificate == null ? null : self.certificate.days_left > 30`, "unknown: the condition at main.cam.hcl:15 is null: the device does not show what it asks for, or the configuration says nothing about this device"},
		"a null text is no pass":      {`observed("/ISAPI/a", "none")`, "unknown: the condition at main.cam.hcl:15 is null: the device does not show what it asks for, or the configuration says nothing about this device"},
		"no bool is no pass":          {`observed("/ISAPI/a", "User/name")`, "unknown: the condition at main.cam.hcl:15 is neither true nor false"},
		"a failure is no pass":        {`tonumber(observed("/ISAPI/a", "x")) > 6`, "unknown: the condition at main.cam.hcl:15 cannot be evaluated: "},
		"unreadable is no pass":       {`observed("/ISAPI/broken", "x") == null`, "unknown: out of order"},
		"try does not hide it":        {`try(observed("/ISAPI/broken", "x"), "true") == "true"`, "unknown: out of order"},
		"can does not hide it":        {`!can(observed_all("/ISAPI/broken", "x"))`, "unknown: out of order"},
		"a list does not hide it":     {`length(try(observed_all("/ISAPI/broken", "x"), [])) == 0`, "unknown: out of order"},
		"another branch needs it not": {`self.firmware == "V5.7.18 build 240826" ? true : observed("/ISAPI/broken", "x") == "1"`, "unknown: out of order"},
	}
	broken := errors.New("out of order")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := assertion(t, test.condition, `"no"`)
			facts := known{selfOf("V5.7.18 build 240826"), documents, map[string]error{"/ISAPI/broken": broken}}
			have := outcome(a, facts)
			dir := strings.TrimSuffix(a.condition.Range().Filename, "main.cam.hcl")
			have = strings.ReplaceAll(have, dir, "")
			if have != test.want && !(strings.HasSuffix(test.want, ": ") && strings.HasPrefix(have, test.want)) {
				t.Errorf("it %s, want %s", have, test.want)
			}
			if _, _, err := a.Evaluate(facts); strings.HasSuffix(test.want, broken.Error()) && !errors.Is(err, broken) {
				t.Errorf("the error %v has lost its cause", err)
			}
		})
	}
}

func TestMessagesSaySomething(t *testing.T) {
	tests := map[string]struct{ message, want string }{
		"scope":            {`"${self.firmware} of ${var.models["a"]}: ${observed("/ISAPI/a", "x")}"`, "V5 of 5.5: 1"},
		"null":             {`"it is ${observed("/ISAPI/a", "none")}"`, "The error_message could not be computed."},
		"unreadable":       {`"it is ${observed("/ISAPI/broken", "x")}"`, "The error_message could not be computed."},
		"null as a whole":  {`observed("/ISAPI/a", "none")`, "The error_message could not be computed."},
		"number as a text": {`length(observed_all("/ISAPI/a", "x"))`, "1"},
	}
	facts := known{selfOf("V5"), map[string][]string{"/ISAPI/a x": {"1"}}, map[string]error{"/ISAPI/broken": errors.New("out of order")}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if have := outcome(assertion(t, `false`, test.message), facts); have != "violated: "+test.want {
				t.Errorf("it %s, want %s", have, test.want)
			}
		})
	}
}

func TestVersionsCompareByTheirNumbers(t *testing.T) {
	tests := []struct{ have, want, result string }{
		{"V5.7.18 build 240826", "5.7.18", "holds"},
		{"V5.7.18 build 240826", "V5.7.19", "violated: no"},
		{"V5.10.0", "5.9.9", "holds"},
		{"5.5", "5.5.0", "holds"},
		{"5.5.0", "5.5", "holds"},
		{"v4.61.025", "4.61.25", "holds"},
		{" V5.4.5", "5.5", "violated: no"},
		{"build 240826", "5.5", "unknown: null"},
		{"", "5.5", "unknown: null"},
	}
	for _, test := range tests {
		a := assertion(t, `version_at_least(self.firmware, "`+test.want+`")`, `"no"`)
		have := outcome(a, known{self: selfOf(test.have)})
		if strings.HasSuffix(have, "about this device") {
			have = "unknown: null"
		}
		if have != test.result {
			t.Errorf("version_at_least(%q, %q): %s, want %s", test.have, test.want, have, test.result)
		}
	}
	values := selfOf("").AsValueMap()
	values["firmware"] = cty.NullVal(cty.String)
	if have := outcome(assertion(t, `version_at_least(self.firmware, "5.5")`, `"no"`), known{self: cty.ObjectVal(values)}); !strings.HasPrefix(have, "unknown") {
		t.Errorf("a firmware that is not known: %s", have)
	}
}

// TestConditionsMayUseSecrets judges by secrets, and holds what Load cannot see: a message whose secret depends on what is
// observed.
func TestConditionsMayUseSecrets(t *testing.T) {
	options := testOptions()
	options.Vars = []Var{{Name: "pin", Text: "geheim-geheim"}}
	config, _ := Parse(write(t, map[string]string{"main.cam.hcl": `variable "pin" {
  sensitive = true
}
device "a" {
  address = "https://192.0.2.1"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  check "c" {
    level = "basic"
    assert {
      condition     = { x = var.pin == "1" }[observed("/ISAPI/a", "x")]
      error_message = "no"
    }
    assert {
      condition     = false
      error_message = { x = var.pin }[observed("/ISAPI/a", "x")]
    }
    assert {
      condition     = startswith(var.pin, "geheim")
      error_message = "no"
    }
  }
}
`}), testVersion).Evaluate(options)
	asserts := config.Devices[0].Rules[0].Asserts
	facts := known{documents: map[string][]string{"/ISAPI/a x": {"x"}}}
	if have := outcome(asserts[0], facts); have != "violated: no" {
		t.Errorf("a condition with a secret: %s", have)
	}
	if have := outcome(asserts[2], facts); have != "holds" {
		t.Errorf("another condition with a secret: %s", have)
	}
	if have := outcome(asserts[1], facts); have != "violated: The error_message contains a secret and is not shown." {
		t.Errorf("a message with a secret: %s", have)
	}
}

func TestChecksOfInstancesKnowEach(t *testing.T) {
	config := load(t, `device "a" {
  for_each = { x = "1", y = "2" }
  address  = "https://${each.key}.example.com"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  check "c" {
    level = "basic"
    assert {
      condition     = observed("/ISAPI/a", "x") == each.value
      error_message = "not ${each.key}"
    }
  }
}
`)
	facts := known{documents: map[string][]string{"/ISAPI/a x": {"1"}}}
	for i, want := range []string{"holds", "violated: not y"} {
		if have := outcome(config.Devices[i].Rules[0].Asserts[0], facts); have != want {
			t.Errorf("%s: %s, want %s", config.Devices[i].Address, have, want)
		}
	}
}

// TestChecksWarnUnlessTheyAreToldToBlock: a rule that wants settings and a manual check have no severity.
func TestChecksWarnUnlessTheyAreToldToBlock(t *testing.T) {
	const device = `device "a" {
  address = "https://192.0.2.1"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  check "c" {
    level = "basic"
    %s
  }
}
`
	const assert = "assert {\n condition = self.model == \"x\"\n error_message = \"no\"\n}\n"
	for body, want := range map[string]string{
		assert:                                     "warn",
		"severity = \"warn\"\n" + assert:           "warn",
		"severity = \"block\"\n" + assert:          "block",
		"manual = \"Look.\"":                       "",
		"severity = \"stop\"\n" + assert:           `"stop" was given, and "severity" cannot have this value. Possible: "warn" and "block".`,
		"severity = \"block\"\nmanual = \"Look.\"": "A manual check has no verdict, so it has no severity either. Remove one of the two.",
	} {
		config, problems := Parse(write(t, map[string]string{"main.cam.hcl": fmt.Sprintf(device, body)}), testVersion).Evaluate(testOptions())
		have := ""
		if len(problems) > 0 {
			have = problems[0].Detail
		} else {
			have = config.Devices[0].Rules[0].Severity
		}
		if have != want {
			t.Errorf("%s: %q, want %q", body, have, want)
		}
	}
}
