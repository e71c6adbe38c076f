package config

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"camform/schema"
	"camform/schema/hikvision"
)

// fleet uses most of the language. Line numbers in the tests below are its.
const fleet = `camform {
  required_version = ">= 0.1"
  max_unreachable  = "5%"
  state "sqlite" {
    path = "fleet.db"
  }
}

variable "site" {
  type    = string
  default = "hq"
}

locals {
  inventory = { for row in csvdecode(file("${path.module}/inventory.csv")) : row.name => row }
  ntp       = upper("ntp-${var.site}")
}

profile "base" {
  exclusive = ["user"]
  https {
    enabled = true
    port    = 443
  }
  time {
    mode = "NTP"
    zone = local.ntp
  }
}

profile "hardened" {
  extends = [profile.base]
  https {
    port    = null
    min_tls = "1.2"
  }
  user "operator" {
    level    = "Operator"
    password = secret("env:OPERATOR")
  }
}

device "gate" {
  for_each = local.inventory
  address  = "https://${each.value.ip}"
  location = each.value.location
  site     = var.site
  tags     = ["outdoor", "gate", "outdoor"]
  profiles = [profile.hardened]
  identity {
    serial = each.value.serial
    mac    = "00-00-5E-00-53-0${each.value.serial}"
  }
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  lifecycle {
    protect        = [https, "user.operator"]
    ignore_changes = all
  }
  dynamic "service" {
    for_each = each.key == "north" ? { ssh = false } : {}
    labels   = [service.key]
    content {
      enabled = service.value
    }
  }
  https {
    min_tls = each.key == "north" ? "1.3" : null
  }
}

device "recorder" {
  address   = "http://Recorder.Example.com."
  exclusive = ["service"]
  login {
    username = device.gate["north"].login.username
    password = device.gate["north"].user.operator.password
  }
  user "viewer" {
    level    = "Viewer"
    password = device.gate["south"].user.operator.password
    note     = device.gate["south"].user.operator.name
  }
}

output "gates" {
  value = { for key, gate in device.gate : key => "${gate.address} ${gate.location} ${gate.https.port}" }
}

output "password" {
  sensitive   = true
  description = "of the operator"
  value       = device.gate["north"].user.operator.password
}
`

var fleetFiles = map[string]string{
	"main.cam.hcl":      fleet,
	".#main.cam.hcl":    "left over by an editor {",
	"sub/other.cam.hcl": "of another configuration {",
	"inventory.csv":     "name,ip,location,serial\nsouth,192.0.2.11,South wall,2\nnorth,192.0.2.10,North gate,1\n",
}

const fleetWanted = `device.gate["north"] https://192.0.2.10:443 login admin/env:ADMIN tags [gate outdoor] exclusive [user]
  https @69
    enabled = True @22 base
    min_tls = StringVal("1.3") @70 -
    port = NumberIntVal(443) @23 base
  service.ssh @62
    enabled = False @66 -
  time @25
    mode = StringVal("NTP") @26 base
    zone = StringVal("NTP-HQ") @27 base
  user.operator @37
    level = StringVal("Operator") @38 hardened
    password = secret env:OPERATOR @39 hardened
device.gate["south"] https://192.0.2.11:443 login admin/env:ADMIN tags [gate outdoor] exclusive [user]
  https @69
    enabled = True @22 base
    min_tls = StringVal("1.2") @35 hardened
    port = NumberIntVal(443) @23 base
  time @25
    mode = StringVal("NTP") @26 base
    zone = StringVal("NTP-HQ") @27 base
  user.operator @37
    level = StringVal("Operator") @38 hardened
    password = secret env:OPERATOR @39 hardened
device.recorder http://recorder.example.com:80 login admin/env:OPERATOR exclusive [service]
  user.viewer @81
    level = StringVal("Viewer") @82 -
    note = StringVal("operator") @84 -
    password = secret env:OPERATOR @83 -
output gates = ObjectVal(map[string]cty.Value{"north":cty.StringVal("https://192.0.2.10:443 North gate 443"), "south":cty.StringVal("https://192.0.2.11:443 South wall 443")})
output password = secret env:OPERATOR
`

func TestEveryValueKnowsItsLineAndProfile(t *testing.T) {
	config := loadFiles(t, fleetFiles, testOptions())
	if diff := gocmp.Diff(fleetWanted, show(config)); diff != "" {
		t.Errorf("wanted settings (-want +have):\n%s", diff)
	}
	gate := config.Devices[0]
	want := Identity{Serial: "1", MAC: "00:00:5e:00:53:01", Range: gate.Identity.Range}
	if gate.Identity != want {
		t.Errorf("identity is %+v, want %+v", gate.Identity, want)
	}
	if gate.Location != "North gate" || gate.Site != "hq" {
		t.Errorf("location and site are %q and %q", gate.Location, gate.Site)
	}
	if gate.Range.Start.Line != 43 || gate.URLRange.Start.Line != 45 || gate.Login.Range.Start.Line != 54 {
		t.Errorf("places are %v, %v and %v", gate.Range, gate.URLRange, gate.Login.Range)
	}
	if config.Settings.MaxUnreachable != (Limit{Percent: 5}) || config.Settings.StatePath != filepath.Join(config.Dir, "fleet.db") {
		t.Errorf("the camform block says %+v", config.Settings)
	}
	if config.Outputs[1].Description != "of the operator" || !config.Outputs[1].Sensitive {
		t.Errorf("the output is %+v", config.Outputs[1])
	}
}

func TestLaterProfilesAndTheDeviceItselfWin(t *testing.T) {
	config := load(t, `profile "first" {
  exclusive = ["user"]
  https {
    enabled = true
    port    = 1
    min_tls = "1.1"
  }
  time {
    mode = "NTP"
    zone = "first"
  }
}
profile "second" {
  extends = [profile.first]
  https {
    port    = 2
    min_tls = "1.2"
  }
}
profile "third" {
  time {
    zone = "third"
  }
}
device "a" {
  address   = "https://192.0.2.1"
  profiles  = [profile.second, profile.third]
  exclusive = ["service"]
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  https {
    min_tls = "1.3"
  }
  upnp {
  }
}
`)
	const want = `device.a https://192.0.2.1:443 login admin/env:ADMIN exclusive [service user]
  https @33
    enabled = True @4 first
    min_tls = StringVal("1.3") @34 -
    port = NumberIntVal(2) @16 second
  time @21
    mode = StringVal("NTP") @9 first
    zone = StringVal("third") @22 third
  upnp @36
`
	if diff := gocmp.Diff(want, show(config)); diff != "" {
		t.Errorf("wanted settings (-want +have):\n%s", diff)
	}
}

func TestDevelopmentVersionsCountAsTheirRelease(t *testing.T) {
	options := testOptions()
	files := map[string]string{"main.cam.hcl": "camform {\n  required_version = \">= 0.4\"\n}\n"}
	for version, fits := range map[string]bool{"0.4.0-dev": true, "v0.5.1": true, "unknown": true, "": true, "0.3.9": false} {
		if _, problems := Parse(write(t, files), version).Evaluate(options); (len(problems) == 0) != fits {
			t.Errorf("with version %q the problems are %v", version, problems)
		}
	}
}

func TestLifecycleNamesSettings(t *testing.T) {
	config := loadFiles(t, fleetFiles, testOptions())
	lifecycle := config.Devices[0].Lifecycle
	for i := range lifecycle.Protect {
		lifecycle.Protect[i].Range.Filename = ""
	}
	if len(lifecycle.Protect) != 2 || lifecycle.Protect[0].Kind != "https" || lifecycle.Protect[1].Kind != "user" || lifecycle.Protect[1].Key != "operator" {
		t.Errorf("protect is %+v", lifecycle.Protect)
	}
	if len(lifecycle.Ignore) != 1 || lifecycle.Ignore[0].Kind != "" {
		t.Errorf("ignore_changes = all is %+v", lifecycle.Ignore)
	}
	config = load(t, `device "a" {
  address = "https://192.0.2.1"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  lifecycle {
    ignore_changes = [time.zone, user["a b"].level, user.x]
  }
}
`)
	var have []string
	for _, p := range config.Devices[0].Lifecycle.Ignore {
		have = append(have, fmt.Sprintf("%s/%s/%s@%d", p.Kind, p.Key, p.Attribute, p.Range.Start.Column))
	}
	want := []string{"time//zone@23", "user/a b/level@34", "user/x/@53"}
	if diff := gocmp.Diff(want, have); diff != "" {
		t.Errorf("patterns (-want +have):\n%s", diff)
	}
}

func TestSecretsAreCollectedByOrigin(t *testing.T) {
	config := loadFiles(t, fleetFiles, testOptions())
	want := map[string]schema.Secret{"env:ADMIN": schema.NewSecret(canary), "env:OPERATOR": schema.NewSecret(testEnv["OPERATOR"])}
	if !maps.Equal(want, config.Secrets) {
		t.Errorf("the secrets are %v", slices.Sorted(maps.Keys(config.Secrets)))
	}
}

func TestUnreadSecretsAreUnknown(t *testing.T) {
	options := testOptions()
	options.Env, options.Secrets = nil, SecretsUnknown
	config := loadFiles(t, fleetFiles, options)
	if len(config.Secrets) > 0 {
		t.Errorf("secrets were read: %v", config.Secrets)
	}
	password := config.Devices[0].Login.Password
	if password.IsKnown() || schema.Origin(password) != "env:ADMIN" {
		t.Errorf("the password is %#v", password)
	}
}

// TestJSONMeansTheSame loads one configuration in both syntaxes.
func TestJSONMeansTheSame(t *testing.T) {
	native := `variable "site" {
  type    = string
  default = "hq"
}
locals {
  ports = [1, 2]
}
profile "base" {
  exclusive = ["user"]
  https {
    enabled = true
    port    = local.ports[1]
  }
}
device "gate" {
  for_each = toset(["a", "b"])
  address  = "https://${each.key}.example.com"
  profiles = [profile.base]
  tags     = [var.site]
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  lifecycle {
    protect        = [https]
    ignore_changes = [user.operator.level]
  }
  user "operator" {
    level    = "Operator"
    password = secret("env:OPERATOR")
  }
  dynamic "service" {
    for_each = ["rtsp"]
    labels   = [service.value]
    content {
      enabled = true
    }
  }
}
output "site" {
  value = device.gate["a"].address
}
`
	json := `{
  "//": "a comment",
  "variable": {"site": {"type": "string", "default": "hq"}},
  "locals": {"ports": [1, 2]},
  "profile": {"base": {"exclusive": ["user"], "https": {"enabled": true, "port": "${local.ports[1]}"}}},
  "device": {"gate": {
    "for_each": "${toset([\"a\", \"b\"])}",
    "address": "https://${each.key}.example.com",
    "profiles": ["profile.base"],
    "tags": ["${var.site}"],
    "login": {"username": "admin", "password": "${secret(\"env:ADMIN\")}"},
    "lifecycle": {"protect": ["https"], "ignore_changes": ["user.operator.level"]},
    "user": {"operator": {"level": "Operator", "password": "${secret(\"env:OPERATOR\")}"}},
    "dynamic": {"service": {"for_each": ["rtsp"], "labels": ["${service.value}"], "content": {"enabled": true}}}
  }},
  "output": {"site": {"value": "${device.gate[\"a\"].address}"}}
}
`
	a := loadFiles(t, map[string]string{"main.cam.hcl": native}, testOptions())
	b := loadFiles(t, map[string]string{"main.cam.json": json}, testOptions())
	if diff := gocmp.Diff(withoutLines(show(a)), withoutLines(show(b))); diff != "" {
		t.Errorf("native and JSON differ (-native +JSON):\n%s", diff)
	}
	for i := range a.Devices {
		la, lb := a.Devices[i].Lifecycle, b.Devices[i].Lifecycle
		if patternNames(la) != patternNames(lb) {
			t.Errorf("lifecycle is %s in native syntax, %s in JSON", patternNames(la), patternNames(lb))
		}
	}
}

func patternNames(l Lifecycle) string {
	var b strings.Builder
	for _, p := range append(append([]Pattern{}, l.Protect...), l.Ignore...) {
		fmt.Fprintf(&b, "%s/%s/%s ", p.Kind, p.Key, p.Attribute)
	}
	return b.String()
}

// withoutLines drops the @ and the number after it.
func withoutLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(line, " @")
		if ok {
			line = before + strings.TrimLeft(after, "0123456789")
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestTheSameInputGivesTheSameResult(t *testing.T) {
	var first string
	for range 5 {
		have := show(loadFiles(t, fleetFiles, testOptions()))
		if first == "" {
			first = have
		}
		if have != first {
			t.Fatalf("two runs differ:\n%s", gocmp.Diff(first, have))
		}
	}
}

func TestVariablesTakeTheStrongestSource(t *testing.T) {
	const main = "variable \"x\" {\n  default = \"default\"\n}\noutput \"x\" {\n  value = var.x\n}\n"
	steps := []struct {
		want string
		add  func(files map[string]string, options *Options)
	}{
		{"default", func(map[string]string, *Options) {}},
		{"env", func(_ map[string]string, o *Options) { o.Env = lookup(map[string]string{"CAMFORM_VAR_x": "env"}) }},
		{"camvars", func(f map[string]string, _ *Options) { f["camform.camvars"] = "x = \"camvars\"\n" }},
		{"camvars.json", func(f map[string]string, _ *Options) { f["camform.camvars.json"] = `{"x": "camvars.json"}` }},
		{"auto a", func(f map[string]string, _ *Options) { f["a.auto.camvars"] = "x = \"auto a\"\n" }},
		{"auto b", func(f map[string]string, _ *Options) { f["b.auto.camvars.json"] = `{"x": "auto b"}` }},
		{"first flag", func(_ map[string]string, o *Options) { o.Vars = append(o.Vars, Var{Name: "x", Text: "first flag"}) }},
		{"second flag", func(_ map[string]string, o *Options) { o.Vars = append(o.Vars, Var{Name: "x", Text: "second flag"}) }},
	}
	files := map[string]string{"main.cam.hcl": main}
	options := testOptions()
	for _, step := range steps {
		step.add(files, &options)
		if have := loadFiles(t, files, options).Outputs[0].Value.AsString(); have != step.want {
			t.Errorf("var.x is %q, want %q", have, step.want)
		}
	}
	file := filepath.Join(write(t, map[string]string{"x.camvars": "x = \"file\"\n"}), "x.camvars")
	options.Vars = append(options.Vars, Var{File: file})
	if have := loadFiles(t, files, options).Outputs[0].Value.AsString(); have != "file" {
		t.Errorf("--var-file behind --var gives %q", have)
	}
}

func TestValuesOfVariablesFitTheirTypes(t *testing.T) {
	tests := map[string]struct {
		variable string
		text     string
		want     cty.Value
	}{
		"text is taken as it is":        {"type = string", `"quoted" ${x}`, cty.StringVal(`"quoted" ${x}`)},
		"no type means text":            {"", "[1]", cty.StringVal("[1]")},
		"number":                        {"type = number", "5", cty.NumberIntVal(5)},
		"bool":                          {"type = bool", "true", cty.True},
		"list":                          {"type = list(number)", "[1, 2]", cty.ListVal([]cty.Value{cty.NumberIntVal(1), cty.NumberIntVal(2)})},
		"any is an expression":          {"type = any", `"x"`, cty.StringVal("x")},
		"optional attributes":           {"type = object({ a = string, b = optional(number, 7) })", `{ a = "x" }`, cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x"), "b": cty.NumberIntVal(7)})},
		"null means null":               {"type = list(string)\ndefault = [\"d\"]", "null", cty.NullVal(cty.List(cty.String))},
		"null of a not nullable":        {"type = list(string)\nnullable = false\ndefault = [\"d\"]", "null", cty.ListVal([]cty.Value{cty.StringVal("d")})},
		"optional attributes of a null": {"type = object({ a = optional(string, \"x\") })", "null", cty.NullVal(cty.Object(map[string]cty.Type{"a": cty.String}))},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			options := testOptions()
			options.Vars = []Var{{Name: "x", Text: test.text}}
			config := loadFiles(t, map[string]string{
				"main.cam.hcl": "variable \"x\" {\n" + test.variable + "\n}\noutput \"x\" {\n  value = var.x\n}\n",
			}, options)
			if have := config.Outputs[0].Value; !have.RawEquals(test.want) {
				t.Errorf("var.x is %#v, want %#v", have, test.want)
			}
		})
	}
}

func TestSensitiveVariablesAreSecretsWithTheirNameAsOrigin(t *testing.T) {
	options := testOptions()
	options.Vars = []Var{{Name: "password", Text: "geheim-geheim"}}
	config := loadFiles(t, map[string]string{"main.cam.hcl": `variable "password" {
  sensitive = true
}
locals {
  password = coalesce(null, var.password)
}
device "a" {
  address = "https://192.0.2.1"
  login {
    username = "admin"
    password = local.password
  }
}
`}, options)
	if origin := schema.Origin(config.Devices[0].Login.Password); origin != "var.password" {
		t.Errorf("the origin is %q", origin)
	}
	if have := config.Secrets["var.password"]; have != schema.NewSecret("geheim-geheim") {
		t.Errorf("the secret is %q", have)
	}
}

func TestLiteralSecretsAreBlankedInTheSources(t *testing.T) {
	dir := write(t, map[string]string{"main.cam.hcl": "variable \"a\" {\n  sensitive = true\n  default = \"geheim\"\n}\ndevice \"a\" {\n  login {\n    username = \"x\"\n    password = \"geheim\"\n  }\n}\n"})
	config, problems := Parse(dir, testVersion).Evaluate(testOptions())
	if !problems.HasErrors() {
		t.Fatal("there is no problem")
	}
	text := config.Sources[filepath.Join(dir, "main.cam.hcl")]
	if bytes.Contains(text, []byte("geheim")) || bytes.Count(text, []byte("= ********\n")) != 2 {
		t.Errorf("the source is:\n%s", text)
	}
}

func TestSecretFilesOfEverybodyAreReported(t *testing.T) {
	dir := write(t, map[string]string{"pw": "geheim\n", "main.cam.hcl": "locals {\n  a = secret(\"file:pw\")\n}\n"})
	options := testOptions()
	options.Secrets = testVault{}.reader(options.Env, dir)
	if _, problems := Parse(dir, testVersion).Evaluate(options); len(problems) > 0 {
		t.Fatalf("a private file is reported: %v", problems)
	}
	if err := os.Chmod(filepath.Join(dir, "pw"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, problems := Parse(dir, testVersion).Evaluate(options)
	if len(problems) != 1 || problems.HasErrors() || problems[0].Code != "secret-file-exposed" {
		t.Errorf("the problems are %v", problems)
	}
}

func TestDevicesWithoutAWayInAreLeftOut(t *testing.T) {
	dir := write(t, map[string]string{"main.cam.hcl": `device "a" {
  address = "nowhere"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
}
device "b" {
  address = "https://192.0.2.1"
  login {
    username = "admin"
  }
}
device "c" {
  address = "https://192.0.2.2"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  https {
    port    = 0
    enabled = true
  }
}
device "d" {
  address = "https://192.0.2.3"
  login {
    username = ["admin"]
    password = secret("env:ADMIN")
  }
}
`})
	config, _ := Parse(dir, testVersion).Evaluate(testOptions())
	if len(config.Devices) != 1 || config.Devices[0].Address.Name != "c" {
		t.Fatalf("the devices are %v", config.Devices)
	}
	if attributes := config.Devices[0].Settings[0].Attributes; len(attributes) != 1 {
		t.Errorf("a value that is wrong was kept: %v", attributes)
	}
}

func TestSettingsAreReadAlone(t *testing.T) {
	dir := write(t, map[string]string{
		"main.cam.hcl":   "camform {\n  max_unreachable = 3\n}\ndevice \"a\" {\n  address = var.none\n}\n",
		"broken.cam.hcl": "locals {\n",
	})
	settings, problems := readSettings(dir)
	if len(problems) > 0 || settings.MaxUnreachable.Count != 3 || settings.StatePath != filepath.Join(dir, ".camform/state.db") {
		t.Errorf("the settings are %+v with %v", settings, problems)
	}
	dir = write(t, map[string]string{"main.cam.hcl": "camform {\n  state \"sqlite\" {\n    path = \"/var/lib/camform.db\"\n  }\n}\n"})
	if settings, problems := readSettings(dir); len(problems) > 0 || settings.StatePath != "/var/lib/camform.db" {
		t.Errorf("the settings are %+v with %v", settings, problems)
	}
	if settings, problems := readSettings(t.TempDir()); len(problems) > 0 || settings.StatePath == "" {
		t.Errorf("without a configuration the settings are %+v with %v", settings, problems)
	}
	if problems := Parse(filepath.Join(dir, "none"), testVersion).Problems(); len(problems) != 1 {
		t.Errorf("without a directory the problems are %v", problems)
	}
}

func TestADirectoryThatIsNotThereIsAProblem(t *testing.T) {
	config, problems := Parse(filepath.Join(t.TempDir(), "none"), testVersion).Evaluate(Options{})
	if config == nil || len(problems) != 1 || problems[0].Code != "no-configuration" {
		t.Errorf("the problems are %v", problems)
	}
}

// TestRealKindsLoad writes a configuration with the kinds that camform comes with.
func TestRealKindsLoad(t *testing.T) {
	kinds, diags := schema.Read(nil, schema.Folder{Files: hikvision.Files})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	options := testOptions()
	options.Kinds = kinds
	config := loadFiles(t, map[string]string{"main.cam.hcl": `device "a" {
  address = "https://192.0.2.1"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  https {
    enabled = true
    min_tls = "1.2"
  }
  user "operator" {
    level    = "Operator"
    password = secret("env:OPERATOR")
  }
}
`}, options)
	if len(config.Devices[0].Settings) != 2 {
		t.Errorf("the settings are %v", config.Devices[0].Settings)
	}
	if want := config.Devices[0].Settings[0].Want(); !want.GetAttr("enabled").True() || !want.GetAttr("port").IsNull() {
		t.Errorf("https is wanted as %#v", want)
	}
}

// TestProfilesMergeAttributeByAttribute compares merge with a definition that looks every attribute up by itself.
func TestProfilesMergeAttributeByAttribute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		layers := rapid.SliceOfN(rapid.Custom(drawLayer), 0, 4).Draw(t, "layers")
		before := make([]string, len(layers))
		for i, l := range layers {
			before[i] = showLayer(l)
		}
		merged := merge(layers...)

		want := layer{}
		for _, l := range layers {
			for address, s := range l {
				if want[address] == nil {
					want[address] = &Setting{Address: address, Kind: s.Kind, Attributes: map[string]Attribute{}}
				}
				want[address].Range = s.Range
				for name, a := range s.Attributes {
					want[address].Attributes[name] = a
				}
			}
		}
		if diff := gocmp.Diff(showLayer(want), showLayer(merged)); diff != "" {
			t.Fatalf("merged (-want +have):\n%s", diff)
		}
		if len(layers) > 2 {
			split := rapid.IntRange(1, len(layers)-1).Draw(t, "split")
			grouped := merge(merge(layers[:split]...), merge(layers[split:]...))
			if diff := gocmp.Diff(showLayer(merged), showLayer(grouped)); diff != "" {
				t.Fatalf("merging in groups differs (-flat +grouped):\n%s", diff)
			}
		}
		for i, l := range layers {
			if showLayer(l) != before[i] {
				t.Fatalf("merging changed layer %d", i)
			}
		}
	})
}

func drawLayer(t *rapid.T) layer {
	l := layer{}
	for range rapid.IntRange(0, 3).Draw(t, "settings") {
		s := &Setting{
			Address:    schema.Setting{Kind: rapid.SampledFrom([]string{"https", "time"}).Draw(t, "kind")},
			Attributes: map[string]Attribute{},
		}
		s.Range.Start.Line = rapid.IntRange(1, 99).Draw(t, "line")
		for range rapid.IntRange(0, 3).Draw(t, "attributes") {
			name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
			s.Attributes[name] = Attribute{Value: cty.NumberIntVal(rapid.Int64Range(0, 9).Draw(t, "value")), Profile: rapid.SampledFrom([]string{"", "p", "q"}).Draw(t, "profile")}
		}
		l[s.Address] = s
	}
	return l
}

func showLayer(l layer) string {
	var b strings.Builder
	for _, s := range l.on(schema.Device{Name: "d"}) {
		fmt.Fprintf(&b, "%s %d\n", s.Address, s.Range.Start.Line)
		for _, name := range sortedKeys(s.Attributes) {
			fmt.Fprintf(&b, "  %s %#v %s\n", name, s.Attributes[name].Value, s.Attributes[name].Profile)
		}
	}
	return b.String()
}

// FuzzLoad demands that no text makes Load panic, and that no problem contains a secret.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(fleet), false)
	f.Add([]byte(`{"device": {"a": {"address": "${var.x}", "https": [{"port": 1}]}}}`), true)
	f.Add([]byte("locals {\n  a = { (secret(\"env:ADMIN\")) = [for x in local.a : x...] }\n}\n"), false)
	f.Fuzz(func(t *testing.T, text []byte, json bool) {
		if bytes.Contains(bytes.ToLower(text), []byte("kanarie")) {
			t.Skip()
		}
		name := "main" + nativeSuffix
		if json {
			name = "main" + jsonSuffix
		}
		_, problems := Parse(write(t, map[string]string{name: string(text)}), testVersion).Evaluate(testOptions())
		for _, p := range problems {
			if strings.Contains(p.Error(), canary) {
				t.Errorf("a problem contains a secret: %s", p.Error())
			}
		}
	})
}

// BenchmarkLoad10000 loads 10,000 devices of ten settings from an inventory.
func BenchmarkLoad10000(b *testing.B) {
	var csv, profile strings.Builder
	csv.WriteString("name,ip,serial\n")
	for i := range 10000 {
		fmt.Fprintf(&csv, "camera-%d,10.1.%d.%d,%d\n", i, i/250, i%250+1, i)
	}
	for i := range 6 {
		fmt.Fprintf(&profile, "  user \"u%d\" {\n    level    = \"Viewer\"\n    password = secret(\"env:OPERATOR\")\n  }\n", i)
	}
	dir := write(b, map[string]string{"inventory.csv": csv.String(), "main.cam.hcl": `profile "p" {
  https {
    enabled = true
  }
  time {
    mode = "NTP"
  }
  ip_filter {
    mode      = "allow"
    addresses = ["192.0.2.0/26"]
  }
` + profile.String() + `}
device "gate" {
  for_each = { for row in csvdecode(file("inventory.csv")) : row.name => row }
  address  = "https://${each.value.ip}"
  location = "Pole ${each.value.serial}"
  tags     = ["outdoor"]
  profiles = [profile.p]
  identity {
    serial = each.value.serial
  }
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  service "ssh" {
    enabled = each.key == "camera-7"
  }
}
`})
	for b.Loop() {
		config, problems := Parse(dir, testVersion).Evaluate(testOptions())
		if len(problems) > 0 || len(config.Devices) != 10000 || len(config.Devices[0].Settings) != 10 {
			b.Fatalf("loading failed: %v", problems)
		}
	}
}
