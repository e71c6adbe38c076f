package config

import (
	"fmt"
	"strings"
	"testing"
)

// A device is strict if its block or one of its profiles says so; what its own block says counts.
func TestStrictIsInheritedAndTheDeviceHasTheLastWord(t *testing.T) {
	const text = `
profile "loose" {}
profile "strict" { strict = true }
profile "kept" { extends = [profile.strict] }
profile "eased" {
  extends = [profile.strict]
  strict  = false
}
`
	device := func(name, arguments string) string {
		return fmt.Sprintf("device %q {\n  address = \"https://%s.example.com\"\n%s\n  login {\n    username = \"admin\"\n    password = secret(\"env:ADMIN\")\n  }\n}\n", name, name, arguments)
	}
	cfg := load(t, text+
		device("a", "")+
		device("b", "strict = true")+
		device("c", "profiles = [profile.loose, profile.kept]")+
		device("d", "profiles = [profile.eased]")+
		device("e", "profiles = [profile.strict]\nstrict = false")+
		device("f", "profiles = [profile.strict]\nstrict = null"))
	var strict []string
	for _, d := range cfg.Devices {
		if d.Strict {
			strict = append(strict, d.Address.Name)
		}
	}
	if got := strings.Join(strict, " "); got != "b c f" {
		t.Errorf("strict are %q", got)
	}
}

// I12: a configuration that yields no device is reported, with the block that should have had some.
func TestI12NoDevicesAreAProblem(t *testing.T) {
	const login = "login {\n    username = \"admin\"\n    password = secret(\"env:ADMIN\")\n  }\n"
	table := "device \"gate\" {\n  for_each = { for row in csvdecode(%q) : row.name => row }\n  address = each.value.address\n  " + login + "}\n"
	for title, c := range map[string]struct {
		text string
		line int // of the place; 0 for none, -1 for no problem
	}{
		"no block":             {"locals {}\n", 0},
		"a table with a head":  {"\n" + fmt.Sprintf(table, "name,address\n"), 2},
		"a table with a line":  {fmt.Sprintf(table, "name,address\na,https://192.0.2.1\n"), -1},
		"one of two is vacant": {fmt.Sprintf(table, "name,address\n") + "device \"yard\" {\n  address = \"https://192.0.2.2\"\n  " + login + "}\n", -1},
	} {
		t.Run(title, func(t *testing.T) {
			problems := load(t, c.text).WithoutDevices()
			switch {
			case c.line < 0:
				if len(problems) > 0 {
					t.Errorf("got %v", problems)
				}
			case len(problems) != 1 || !strings.Contains(problems[0].Detail, "-allow-no-devices"):
				t.Errorf("got %v", problems)
			case c.line == 0 && problems[0].Subject != nil, c.line > 0 && problems[0].Subject.Start.Line != c.line:
				t.Errorf("the place is %v", problems[0].Subject)
			}
		})
	}
}
