package config

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/engine/vault"
	"camform/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func bound(n int64) *int64 { return &n }

// testKinds are kinds of every sort: with bounds and enumerations, keyed with free keys and with given ones, secret.
var testKinds = schema.NewKinds(
	&schema.Kind{Name: "https", Attributes: []*schema.Attribute{
		{Name: "enabled", Type: cty.Bool},
		{Name: "port", Type: cty.Number, Min: bound(1), Max: bound(65535)},
		{Name: "redirect", Type: cty.Bool},
		{Name: "min_tls", Type: cty.String, Values: []string{"1.1", "1.2", "1.3"}},
	}},
	&schema.Kind{Name: "time", Attributes: []*schema.Attribute{
		{Name: "mode", Type: cty.String, Values: []string{"NTP", "manual"}},
		{Name: "zone", Type: cty.String},
		{Name: "interval", Type: cty.Number, Min: bound(1), Unit: "minutes"},
	}},
	&schema.Kind{Name: "ip_filter", Attributes: []*schema.Attribute{
		{Name: "mode", Type: cty.String, Required: true, Values: []string{"allow", "deny"}},
		{Name: "addresses", Type: cty.List(cty.String)},
		{Name: "days", Type: cty.Set(cty.String), Values: []string{"mon", "tue"}},
	}},
	&schema.Kind{Name: "upnp", Document: schema.Document{Path: "/ISAPI/upnp"}, Attributes: []*schema.Attribute{{Name: "enabled", Type: cty.Bool}}},
	&schema.Kind{Name: "user", Keyed: true, Guards: []*schema.Guard{{Role: schema.Accounts, Level: "level", Password: "password"}}, Attributes: []*schema.Attribute{
		{Name: "level", Type: cty.String, Required: true, Values: []string{"Administrator", "Operator", "Viewer"}},
		{Name: "password", Type: cty.String, Secret: true, Min: bound(8), Max: bound(16)},
		{Name: "pin", Type: cty.Number, Secret: true},
		{Name: "code", Type: cty.String, Secret: true, Values: []string{"1", "2"}},
		{Name: "note", Type: cty.String, Max: bound(8)},
	}},
	&schema.Kind{Name: "service", Keyed: true, Keys: []string{"rtsp", "ssh"}, Attributes: []*schema.Attribute{
		{Name: "enabled", Type: cty.Bool},
		{Name: "port", Type: cty.Number, Max: bound(65535)},
	}},
)

// testEnv is the environment of all tests. Its values must never be seen in a problem.
var testEnv = map[string]string{
	"ADMIN":                canary,
	"OPERATOR":             "kanarie-operator",
	"SHORT":                "k7",
	"PIN":                  "271828",
	"HOME":                 "/home/nobody",
	"EMPTY":                "",
	"CAMFORM_VAR_from_env": "from the environment",
}

const canary = "Kanarie-4711"

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}
}

// testVersion is the version of camform in tests.
const testVersion = "0.3.0"

// readSettings reads only the camform block of a configuration, with what is wrong with it.
func readSettings(dir string) (Settings, diag.Problems) {
	source := Parse(dir, testVersion)
	return source.Settings, source.Mistakes
}

// testOptions are the options that tests load with.
func testOptions() Options {
	env := lookup(testEnv)
	return Options{Kinds: testKinds, Env: env, Secrets: testVault{}.reader(env, "")}
}

// write puts files into a new directory. Names may have directories.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load loads one file as a configuration, and fails the test if there is a problem.
func load(t testing.TB, text string) *Config {
	t.Helper()
	return loadFiles(t, map[string]string{"main.cam.hcl": text}, testOptions())
}

func loadFiles(t testing.TB, files map[string]string, options Options) *Config {
	t.Helper()
	dir := write(t, files)
	config, problems := Parse(dir, testVersion).Evaluate(options)
	if len(problems) > 0 {
		t.Fatalf("the configuration has problems:\n%s", render(dir, problems))
	}
	return config
}

// render writes problems as the golden files have them. Paths are relative to the directory of the configuration.
func render(dir string, problems diag.Problems) string {
	var b strings.Builder
	for _, p := range problems {
		place := "-"
		if p.Subject != nil {
			place = fmt.Sprintf("%s:%d:%d-%d", p.Subject.Filename, p.Subject.Start.Line, p.Subject.Start.Column, p.Subject.End.Column)
			if p.Subject.End.Line != p.Subject.Start.Line {
				place = fmt.Sprintf("%s:%d:%d-%d:%d", p.Subject.Filename, p.Subject.Start.Line, p.Subject.Start.Column, p.Subject.End.Line, p.Subject.End.Column)
			}
		}
		address := ""
		if p.Place() != "" {
			address = " (" + p.Place() + ")"
		}
		fmt.Fprintf(&b, "%s %s %s%s %s | %s\n", place, p.Severity, p.Code, address, p.Summary, strings.ReplaceAll(p.Detail, "\n", "\\n"))
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), dir+string(filepath.Separator), ""), dir, "DIR")
}

// testVault is a vault that nobody has to unlock: names and what it has for them.
type testVault map[string]string

// reader reads secrets from the vault, the environment and files.
func (v testVault) reader(env func(string) (string, bool), dir string) SecretReader {
	return func(origin string) (schema.Secret, bool, error) {
		scheme, name := schema.OriginScheme(origin)
		if text, ok := v[name]; ok && scheme == schema.OriginVault {
			return schema.NewSecret(text), true, nil
		}
		if scheme == schema.OriginVault {
			return schema.Secret{}, false, fmt.Errorf("%w: the vault has no %s", ErrSecretAbsent, name)
		}
		secret, err := (&vault.Origins{Env: env, Dir: dir}).Read(context.Background(), origin)
		return secret, true, err
	}
}

// scenario is one directory within a golden archive: the files of a configuration, perhaps `args` with the command line,
// and `want` with the problems.
type scenario struct {
	name  string
	files map[string]string
	want  string
}

func scenarios(archive *txtar.Archive) []scenario {
	var all []scenario
	for _, f := range archive.Files {
		dir, file, _ := strings.Cut(f.Name, "/")
		at := slices.IndexFunc(all, func(s scenario) bool { return s.name == dir })
		if at < 0 {
			all = append(all, scenario{name: dir, files: map[string]string{}})
			at = len(all) - 1
		}
		if file == "want" {
			all[at].want = string(f.Data)
		} else {
			all[at].files[file] = string(f.Data)
		}
	}
	return all
}

// options reads the file `args`: lines --var NAME=TEXT, --var-file FILE, env NAME=TEXT, vault NAME=TEXT, locked and unread.
func (s scenario) options(dir string) Options {
	options := testOptions()
	options.Secrets = nil
	env, kept := map[string]string{}, testVault{}
	for name, value := range testEnv {
		env[name] = value
	}
	options.Env = lookup(env)
	for line := range strings.Lines(s.files["args"]) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, text, _ := strings.Cut(rest, "=")
		switch word {
		case "--var":
			options.Vars = append(options.Vars, Var{Name: name, Text: text})
		case "--var-file":
			options.Vars = append(options.Vars, Var{File: filepath.Join(dir, rest)})
		case "env":
			env[name] = text
		case "vault":
			kept[name] = text
		case "locked":
			options.Secrets = func(string) (schema.Secret, bool, error) {
				return schema.Secret{}, false, errors.New("the vault is locked")
			}
		case "unread":
			options.Secrets = SecretsUnknown
		}
	}
	if options.Secrets == nil {
		options.Secrets = kept.reader(options.Env, dir)
	}
	return options
}

// TestMistakesAreReported holds the wording, the order and the places of all problems.
func TestMistakesAreReported(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(path.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			have := map[string]string{}
			for _, s := range scenarios(archive) {
				t.Run(s.name, func(t *testing.T) {
					dir := write(t, s.files)
					_, problems := Parse(dir, testVersion).Evaluate(s.options(dir))
					have[s.name] = render(dir, problems)
					checkProblems(t, problems)
					if diff := gocmp.Diff(s.want, have[s.name]); diff != "" && !*update {
						t.Errorf("problems (-want +have):\n%s", diff)
					}
				})
			}
			if *update {
				rewrite(t, name, archive, have)
			}
		})
	}
}

// checkProblems holds what is true of every problem.
func checkProblems(t *testing.T, problems diag.Problems) {
	t.Helper()
	for _, p := range problems {
		if p.Code == "" || p.Summary == "" || p.Detail == "" {
			t.Errorf("the problem %+v lacks something", p)
		}
		if text := p.Error(); holdsSecret(text) {
			t.Errorf("the problem %q contains a secret", text)
		}
	}
}

func holdsSecret(text string) bool {
	for _, name := range []string{"ADMIN", "OPERATOR", "PIN"} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(testEnv[name])) {
			return true
		}
	}
	return strings.Contains(text, `"k7"`) || strings.Contains(text, "geheim")
}

func rewrite(t *testing.T, name string, archive *txtar.Archive, have map[string]string) {
	t.Helper()
	var files []txtar.File
	for i, f := range archive.Files {
		dir, file, _ := strings.Cut(f.Name, "/")
		if file != "want" {
			files = append(files, f)
		}
		last := i == len(archive.Files)-1
		if last || !strings.HasPrefix(archive.Files[i+1].Name, dir+"/") {
			files = append(files, txtar.File{Name: dir + "/want", Data: []byte(have[dir])})
		}
	}
	archive.Files = files
	if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// show writes what is wanted of the devices, one line for each value with where it comes from.
func show(config *Config) string {
	var b strings.Builder
	for _, d := range config.Devices {
		fmt.Fprintf(&b, "%s %s login %s/%s", d.Address, d.URL, d.Login.Username, schema.Origin(d.Login.Password))
		if len(d.Tags) > 0 {
			fmt.Fprintf(&b, " tags %v", d.Tags)
		}
		if len(d.Exclusive) > 0 {
			fmt.Fprintf(&b, " exclusive %v", d.Exclusive)
		}
		b.WriteByte('\n')
		for _, s := range d.Settings {
			fmt.Fprintf(&b, "  %s @%d\n", s.Address.Local(), s.Range.Start.Line)
			for _, name := range sortedKeys(s.Attributes) {
				a := s.Attributes[name]
				fmt.Fprintf(&b, "    %s = %s @%d %s\n", name, showValue(a.Value), a.Range.Start.Line, cmp.Or(a.Profile, "-"))
			}
		}
	}
	for _, o := range config.Outputs {
		fmt.Fprintf(&b, "output %s = %s\n", o.Name, showValue(o.Value))
	}
	return b.String()
}

func showValue(v cty.Value) string {
	if hasSecret(v) {
		return "secret " + schema.Origin(v)
	}
	return strings.TrimPrefix(fmt.Sprintf("%#v", v), "cty.")
}
