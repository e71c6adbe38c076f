package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"camform/schema"
)

func TestSecretsAreReadOnce(t *testing.T) {
	options := testOptions()
	reads := map[string]int{}
	options.Env = func(name string) (string, bool) {
		reads[name]++
		return "geheim-geheim", name != "NONE"
	}
	options.Secrets = testVault{}.reader(options.Env, "")
	dir := write(t, map[string]string{"main.cam.hcl": "locals {\n  a = [for i in range(3) : secret(\"env:ADMIN\")]\n}\n"})
	if _, problems := Parse(dir, testVersion).Evaluate(options); len(problems) > 0 {
		t.Fatal(problems)
	}
	if reads["ADMIN"] != 1 {
		t.Errorf("the secret was read %d times, so that its value could differ within the run", reads["ADMIN"])
	}
}

func TestI1SecretsAreOfOneTypeFromTheConfigurationOn(t *testing.T) {
	config := loadFiles(t, fleetFiles, testOptions())
	found := 0
	for _, d := range config.Devices {
		login := &Setting{Kind: &schema.Kind{Attributes: []*schema.Attribute{{Name: "login", Secret: true}}}, Attributes: map[string]Attribute{"login": {Value: d.Login.Password}}}
		for _, s := range append(d.Settings, login) {
			for name, a := range s.Attributes {
				if _, ok := schema.SecretIn(a.Value); ok != s.Kind.IsSecret(name) {
					t.Errorf("%s.%s is %#v", s.Address, name, a.Value)
				} else if ok {
					found++
				}
			}
			if printed := fmt.Sprintf("%#v %+v %#v", *s, *s, *d); strings.Contains(printed, canary) || strings.Contains(printed, testEnv["OPERATOR"]) {
				t.Errorf("%s shows a secret", s.Address)
			}
		}
	}
	if found < 3 {
		t.Errorf("only %d secrets were found", found)
	}
}

func TestAddressesAreSpelledInOneWay(t *testing.T) {
	tests := map[string]string{
		"https://192.0.2.1":         "https://192.0.2.1:443",
		"http://192.0.2.1":          "http://192.0.2.1:80",
		"https://192.0.2.1:08443":   "https://192.0.2.1:8443",
		"HTTPS://Camera.Example":    "https://camera.example:443",
		"https://camera.example.":   "https://camera.example:443",
		"https://cam_1":             "https://cam_1:443",
		"https://[2001:DB8::0:1]":   "https://[2001:db8::1]:443",
		"https://[2001:db8::1]:444": "https://[2001:db8::1]:444",
	}
	for text, want := range tests {
		u, err := parseAddress(text)
		if err != nil || u.String() != want {
			t.Errorf("%s is %v (%v), want %s", text, u, err, want)
		}
	}
	for _, text := range []string{"", "https://", "https://a:b", "https://a:65536", "https://a/", "https://a?", "https://a#b", "https://1.2.3", "https://a..b", "https://-a", "https://" + strings.Repeat("a.", 200)} {
		if u, err := parseAddress(text); err == nil {
			t.Errorf("%q is taken as %s", text, u)
		}
	}
}

func TestFormatIsCanonicalAndStable(t *testing.T) {
	ugly := "device \"a\" {\naddress=\"x\"\n  tags   = [ \"a\",\"b\" ]\n}\n"
	want := "device \"a\" {\n  address = \"x\"\n  tags    = [\"a\", \"b\"]\n}\n"
	have, problems := Format("a.cam.hcl", []byte(ugly))
	if string(have) != want || len(problems) > 0 {
		t.Errorf("formatted is %q with %v", have, problems)
	}
	if again, _ := Format("a.cam.hcl", have); string(again) != want {
		t.Errorf("formatting twice gives %q", again)
	}
	for name, text := range map[string]string{"a.cam.hcl": "a = 1, b = 2\n", "a.cam.json": "{"} {
		have, problems := Format(name, []byte(text))
		if string(have) != text || !problems.HasErrors() || problems[0].Subject.Filename != name {
			t.Errorf("%s: broken text comes back as %q with %v", name, have, problems)
		}
	}
	if have, problems := Format("a.cam.json", []byte(`{ "a":1}`)); string(have) != `{ "a":1}` || len(problems) > 0 {
		t.Errorf("JSON comes back as %q with %v", have, problems)
	}
	if have, problems := Format("a.cam.hcl", nil); len(have) > 0 || len(problems) > 0 {
		t.Errorf("nothing comes back as %q with %v", have, problems)
	}
}

func TestFilesOutsideAreNotReachedThroughLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.txt")
	if err := os.WriteFile(outside, []byte("geheim"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := write(t, map[string]string{"main.cam.hcl": "locals {\n  a = file(\"link\")\n}\n"})
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	_, problems := Parse(dir, testVersion).Evaluate(testOptions())
	if len(problems) != 1 || !strings.Contains(problems[0].Detail, "escapes") {
		t.Errorf("the problems are %v", problems)
	}
}

// TestSecretsStandInDynamicBlocks has them alone and in the branches of a condition, one with a known element.
func TestSecretsStandInDynamicBlocks(t *testing.T) {
	options := testOptions()
	options.Env = lookup(map[string]string{"ADMIN": "geheim-geheim", "north": "geheim-north"})
	options.Secrets = testVault{}.reader(options.Env, "")
	for expression, origin := range map[string]string{
		`secret("env:ADMIN")`:                                        "env:ADMIN",
		`secret("env:${user.value}")`:                                "env:north",
		`local.on ? secret("env:ADMIN") : secret("env:NONE")`:        "env:ADMIN",
		`!local.on ? secret("env:NONE") : secret("env:${user.key}")`: "env:north",
	} {
		config := loadFiles(t, map[string]string{"main.cam.hcl": `
locals { on = true }
device "gate" {
  address = "https://192.0.2.1"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  dynamic "user" {
    for_each = { north = "north" }
    labels   = [user.key]
    content {
      level    = "Viewer"
      password = ` + expression + `
    }
  }
}
`}, options)
		if got := schema.Origin(config.Devices[0].Settings[0].Attributes["password"].Value); got != origin {
			t.Errorf("%s comes from %q", expression, got)
		}
	}
}
