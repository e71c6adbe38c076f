package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

func TestWhatIsUnprovenIsAllowedByProfilesAndTheDeviceTogether(t *testing.T) {
	config := load(t, `profile "base" {
  allow_unproven = {
    upnp        = "the bench"
    "time.zone" = "the bench"
  }
}
profile "more" {
  extends        = [profile.base]
  allow_unproven = ["https"]
}
device "a" {
  address  = "https://192.0.2.1"
  profiles = [profile.more]
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
  allow_unproven = ["time.mode", "upnp"]
}
device "b" {
  address  = "https://192.0.2.2"
  profiles = [profile.base]
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
}
device "c" {
  address = "https://192.0.2.3"
  login {
    username = "admin"
    password = secret("env:ADMIN")
  }
}
`)
	want := []Allowances{
		{"https": "", "time.mode": "", "time.zone": "the bench", "upnp": "the bench"}, {"time.zone": "the bench", "upnp": "the bench"}, nil,
	}
	for i, d := range config.Devices {
		if !maps.Equal(d.AllowUnproven, want[i]) {
			t.Errorf("%s allows %q, want %q", d.Address, d.AllowUnproven, want[i])
		}
	}
}

func TestFoldersOfSettingFilesAreFoundFromTheConfiguration(t *testing.T) {
	elsewhere := t.TempDir()
	dir := write(t, map[string]string{
		"main.cam.hcl":      "camform {\n  schemas = [\"./schemas\", \"" + filepath.ToSlash(elsewhere) + "\"]\n}\n",
		"schemas/x.hcl":     "",
		"broken.cam.hcl":    "device \"a\" {\n  htps {\n  }\n}\n",
		"unparsed.cam.json": "{",
	})
	settings, problems := readSettings(dir)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if want := []string{filepath.Join(dir, "schemas"), filepath.Clean(elsewhere)}; !slices.Equal(settings.Schemas, want) {
		t.Errorf("the folders are %q, want %q", settings.Schemas, want)
	}
}

// listed are kinds whose labels follow a pattern, and with attributes of several values.
var listed = schema.NewKinds(&schema.Kind{
	Name: "schedule", Keyed: true, KeyPattern: "[a-z]+[0-9]", KeyDoc: "Labels are a word and a digit.",
	Attributes: []*schema.Attribute{
		{Name: "days", Type: cty.Map(cty.String), Values: []string{"on", "off"}},
		{Name: "notes", Type: cty.Map(cty.String), Max: bound(4)},
		{Name: "hosts", Type: cty.List(cty.String), Min: bound(2), Max: bound(3)},
	},
})

// schedule loads a profile and a device with one setting each. Labels and arguments are given.
func schedule(t *testing.T, label, profile, device string) (*Config, string) {
	t.Helper()
	dir := write(t, map[string]string{"main.cam.hcl": "profile \"p\" {\n  schedule \"" + label + "\" {\n" + profile + "\n}\n}\n" +
		"device \"a\" {\n  address = \"https://192.0.2.1\"\n  profiles = [profile.p]\n  login {\n    username = \"admin\"\n    password = secret(\"env:ADMIN\")\n  }\n" +
		"  schedule \"day1\" {\n" + device + "\n}\n}\n"})
	options := testOptions()
	options.Kinds = listed
	config, problems := Parse(dir, testVersion).Evaluate(options)
	return config, render(dir, problems)
}

func TestLabelsFollowThePatternOfTheirKind(t *testing.T) {
	for label, fits := range map[string]bool{"night2": true, "night": false, "2": false, "night22": false, "Night2": false} {
		config, problems := schedule(t, label, "", "")
		want := ""
		if !fits {
			want = "main.cam.hcl:2:12-" // the label
		}
		if !strings.HasPrefix(problems, want) || fits != (problems == "") || !fits && !strings.Contains(problems, "Labels are a word and a digit.") {
			t.Errorf("label %s: %s", label, problems)
		}
		if fits && len(config.Devices[0].Settings) != 2 {
			t.Errorf("label %s: the settings are %v", label, config.Devices[0].Settings)
		}
	}
}

// TestAMapIsWantedAsAWhole: the map of a later block replaces the earlier one, as a list does.
func TestAMapIsWantedAsAWhole(t *testing.T) {
	config, problems := schedule(t, "day1", "days = { mon = \"on\" }\nnotes = { mon = \"a\", tue = \"b\" }", "notes = { tue = \"c\" }")
	if problems != "" {
		t.Fatal(problems)
	}
	want := map[string]cty.Value{
		"days":  cty.MapVal(map[string]cty.Value{"mon": cty.StringVal("on")}),
		"notes": cty.MapVal(map[string]cty.Value{"tue": cty.StringVal("c")}),
	}
	for name, v := range want {
		if have := config.Devices[0].Settings[0].Attributes[name].Value; !have.RawEquals(v) {
			t.Errorf("%s is %#v, want %#v", name, have, v)
		}
	}
}

func TestElementsKeepToTheLimitsOfTheirAttribute(t *testing.T) {
	tests := map[string]string{
		`days = { mon = "on", tue = "maybe" }`:    `error impossible-value Value not possible | "maybe" was given, and "days" cannot have this value. Possible: "on" and "off".`,
		`notes = { mon = "fine", tue = "never" }`: `error value-out-of-range Value out of range | Each element of "notes" must be at most 4 characters long, not 5.`,
		`hosts = ["ab", "abcd"]`:                  `error value-out-of-range Value out of range | Each element of "hosts" must be from 2 to 3 characters long, not 4.`,
		`hosts = ["a"]`:                           `error value-out-of-range Value out of range | Each element of "hosts" must be from 2 to 3 characters long, not 1.`,
		`notes = { mon = null }`:                  `error wrong-type Wrong type | "notes" accepts map(string); one of the given elements is null.`,
		`notes = "x"`:                             `error wrong-type Wrong type | "notes" accepts map(string); the string "x" was given.`,
		`hosts = ["ab", "abc"]`:                   "",
		`hosts = []`:                              "",
	}
	for argument, want := range tests {
		_, have := schedule(t, "day1", argument, "")
		if _, after, ok := strings.Cut(have, " "); ok {
			have = strings.TrimSuffix(after, "\n")
		}
		if diff := gocmp.Diff(want, have); diff != "" {
			t.Errorf("%s (-want +have):\n%s", argument, diff)
		}
	}
}

func TestAClockMayJumpForTheLastReason(t *testing.T) {
	const login = "  login {\n    username = \"admin\"\n    password = secret(\"env:ADMIN\")\n  }\n"
	config := load(t, `profile "base" {
  accept_clock_jump = "bench"
}
profile "more" {
  extends           = [profile.base]
  accept_clock_jump = " new site "
}
device "a" {
  address  = "https://192.0.2.1"
  profiles = [profile.base, profile.more]
`+login+`}
device "b" {
  address           = "https://192.0.2.2"
  profiles          = [profile.more, profile.base]
  accept_clock_jump = "moved"
`+login+`}
device "c" {
  address  = "https://192.0.2.3"
  profiles = [profile.base]
`+login+`}
device "d" {
  address = "https://192.0.2.4"
`+login+`}
`)
	want := []string{"new site", "moved", "bench", ""}
	for i, d := range config.Devices {
		if d.ClockJump != want[i] {
			t.Errorf("the clock of %s may jump for %q, want %q", d.Address, d.ClockJump, want[i])
		}
	}
}
