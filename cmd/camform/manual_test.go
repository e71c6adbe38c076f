package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"camform/cmd/camform/manual"
	"camform/engine/config"
	"camform/engine/render"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/providers/hikvision/simulator"
	"camform/schema"
)

func builtInKinds() *schema.Kinds { return hikvision.New(isapi.Options{}).Kinds() }

// exampleAddress is the address of a device in an example: the first one is 192.0.2.10.
var exampleAddress = regexp.MustCompile(`https://192\.0\.2\.1(\d)`)

// asSimulated turns an example into one about the devices of a site.
func (s *site) asSimulated(text string) string {
	first := s.fleet.Devices()[0]
	text = exampleAddress.ReplaceAllStringFunc(text, func(found string) string {
		return s.fleet.URL(s.fleet.Devices()[found[len(found)-1]-'0']).String()
	})
	return strings.NewReplacer(
		"192.0.2.0/24", "127.0.0.0/8", "DS-2CD2143G2-I20230101AAWRK12345678", first.Serial(), "00:00:5e:00:53:01", first.MAC(),
	).Replace(text)
}

// Each page has an example, which plans as it stands.
func TestTheExamplesOfTheManualArePlanned(t *testing.T) {
	s := newSite(t, simulator.Options{Models: []string{"camera-v57"}, Count: 3, TLS: true, Seed: 11}, "")
	for _, topic := range manual.Topics(builtInKinds()) {
		t.Run(topic.Name, func(t *testing.T) {
			here := &site{world: s.world, t: t, dir: t.TempDir()}
			planned, managed := false, false
			for _, p := range topic.Page {
				switch p.File {
				case "":
					continue
				case "password.txt":
					p.Text = canaries["ADMIN_PASSWORD"] + "\n"
				case "main.cam.hcl":
					planned, managed = true, strings.Contains(p.Text, "password_policy")
				}
				here.write(p.File, []byte(here.asSimulated(p.Text)))
			}
			if !planned {
				t.Fatal("the page has no example main.cam.hcl")
			}
			run := func(args ...string) {
				c := here.program(args...)
				c.Env = append(c.Env, "CAMERA_PASSWORD="+canaries["ADMIN_PASSWORD"], "GUARD_PASSWORD="+canaries["VIEWER_PASSWORD"],
					"XDG_CONFIG_HOME="+filepath.Join(here.dir, "config"))
				if _, err := os.Stat(filepath.Join(here.dir, "operator.hcl")); err == nil {
					c.Env = append(c.Env, "CAMFORM_OPERATOR_FILE="+filepath.Join(here.dir, "operator.hcl"))
				}
				if out, err := c.CombinedOutput(); err != nil {
					t.Errorf("camform %q: %v\n%s", args, err, out)
				}
			}
			run("fmt", "-check")
			if managed {
				run("vault", "init")
			}
			run("plan")
		})
	}
}

// Whatever a configuration can hold is on a page: that of its name, or that of the block around it.
func TestEveryBlockHasAPage(t *testing.T) {
	pages := map[string]string{}
	for _, topic := range manual.Topics(builtInKinds()) {
		var text bytes.Buffer
		if err := topic.Text(&text, render.Options{Width: 1000}); err != nil {
			t.Fatal(err)
		}
		pages[topic.Name] = text.String()
		if topic.Summary == "" || strings.HasSuffix(topic.Summary, ".") {
			t.Errorf("%s: the title is %q", topic.Name, topic.Summary)
		}
	}
	var walk func(around string, b config.BlockReference)
	walk = func(around string, b config.BlockReference) {
		on := b.Name
		if pages[on] == "" {
			on = around
		}
		for _, a := range b.Arguments {
			if !strings.Contains(pages[on], "`"+a.Name+"` (") {
				t.Errorf("%s of %s is on no page", a.Name, b.Name)
			}
		}
		for _, inner := range b.Blocks {
			walk(on, inner)
		}
	}
	for _, b := range config.Language(builtInKinds()) {
		if pages[b.Name] == "" {
			t.Errorf("there is no page %s", b.Name)
		}
		walk(b.Name, b)
	}
	for _, scheme := range schema.OriginSchemes() {
		if !strings.Contains(pages["secrets"], "* `"+scheme+":") {
			t.Errorf("the page secrets has no origin %s:", scheme)
		}
	}
}

// What the pages tell to type exists.
func TestThePagesNameCommandsThatThereAre(t *testing.T) {
	typed := regexp.MustCompile("`camform ([a-z][^`]*)`")
	for _, topic := range manual.Topics(builtInKinds()) {
		for _, p := range topic.Page {
			for _, match := range typed.FindAllStringSubmatch(p.Text, -1) {
				root := (&app{env: func(string) (string, bool) { return "", false }}).root()
				words := strings.Fields(match[1])
				if words[0] == "help" {
					if !slices.Contains(manual.Names(), words[1]) {
						t.Errorf("%s: there is no topic %s", topic.Name, words[1])
					}
					continue
				}
				if err := typable(root, words); err != nil {
					t.Errorf("%s: %s: %v", topic.Name, match[0], err)
				}
			}
		}
	}
}

// typable reports why words cannot be typed behind camform.
func typable(root *cobra.Command, words []string) error {
	root.InitDefaultCompletionCmd()
	cmd, rest, err := root.Find(doubleDashes(words))
	if err == nil && (cmd == root || cmd.Hidden) {
		err = fmt.Errorf("no command")
	}
	if err == nil {
		cmd.InitDefaultHelpFlag()
		err = cmd.ParseFlags(rest)
	}
	return err
}

// variableName is a name of a variable of the environment that camform reads, or the beginning of several.
var (
	variableName = regexp.MustCompile(`"((?:CAMFORM|BAO|VAULT|SSH|NO)_[A-Z_]*)"`)
	prefixedName = regexp.MustCompile(`(ownPrefix|terraformPrefix) ?\+ ?"([A-Z_]+)"`)
)

func TestThePageHasEveryVariableOfTheEnvironment(t *testing.T) {
	topic, _ := manual.Find(builtInKinds(), "environment")
	var page bytes.Buffer
	if err := topic.Text(&page, render.Options{Width: 1000}); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, tree := range []string{".", "../../engine", "../../providers"} {
		err := filepath.WalkDir(tree, func(path string, entry os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.Contains(path, "engine/thorough/") || strings.Contains(path, "engine/state/statetest/") {
				return err // what only tests read
			}
			text, err := os.ReadFile(path)
			names := variableName.FindAllStringSubmatch(string(text), -1)
			for _, m := range prefixedName.FindAllStringSubmatch(string(text), -1) {
				names = append(names, []string{"", map[string]string{"ownPrefix": ownPrefix, "terraformPrefix": terraformPrefix}[m[1]] + m[2]})
			}
			for _, m := range names {
				found++
				if !strings.Contains(page.String(), "`"+m[1]) {
					t.Errorf("%s reads %s, which is not on the page", path, m[1])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 12 {
		t.Errorf("only %d names", found)
	}
}

// request is what a line of a page of man may begin with.
var request = regexp.MustCompile(`^\.(TH|SH|PP|IP|TP|nf|fi|RS|RE)( |$)`)

// TestPagesOfManAreSound judges the pages by their structure, and lets groff judge them where it is installed.
func TestPagesOfManAreSound(t *testing.T) {
	dir := t.TempDir()
	a := &app{out: &bytes.Buffer{}, env: func(string) (string, bool) { return "", false }}
	if err := writeMan(a, a.root(), builtInKinds(), dir); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.[157]"))
	if err != nil || len(pages) < 100 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	for _, path := range pages {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		open := 0
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			switch {
			case i == 0 && !strings.HasPrefix(line, ".TH "), i == 1 && line != ".SH NAME":
				t.Errorf("%s:%d: %s", filepath.Base(path), i+1, line)
			case strings.HasPrefix(line, ".nf"):
				open++
			case strings.HasPrefix(line, ".fi"):
				open--
			case strings.HasPrefix(line, "'"), strings.HasPrefix(line, ".") && !request.MatchString(line):
				t.Errorf("%s:%d is a request: %s", filepath.Base(path), i+1, line)
			}
		}
		if open != 0 || strings.Contains(string(text), "`") {
			t.Errorf("%s: a block is left open, or a backtick was", filepath.Base(path))
		}
	}
	if _, err := exec.LookPath("groff"); err != nil {
		t.Skip("groff is not installed")
	}
	out, err := exec.Command("groff", append([]string{"-man", "-ww", "-z"}, pages...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// unplanned are the kinds whose example does not plan for the simulated devices, with the reason.
var unplanned = map[string]string{
	"authority":       "the certificate is the authority's own",
	"certificate":     "camform refuses a new key for a device that it knows by its key",
	"channel":         "one old recorder lacks some of the arguments",
	"document":        "the label is of a document that a device has",
	"dot1x":           "one method excludes the arguments of the others",
	"hotspot":         "no simulated device has one",
	"ip_filter":       "the addresses are not those of the test",
	"network":         "the addresses are not those of the test",
	"rtsp_auth":       "one old recorder takes MD5 only",
	"user_permission": "the account must be there",
	"wireless":        "no simulated device has one",
}

var aboutKind = regexp.MustCompile(`device\.d\["[^"]+"\]\.(\w+)`)

// The example of "camform settings KIND" is one that a device takes.
func TestTheExamplesOfKindsArePlanned(t *testing.T) {
	s := newSite(t, simulator.Options{TLS: true, Seed: 12}, "")
	kinds := builtInKinds()
	var wanted, unproven strings.Builder
	for _, k := range kinds.All() {
		wanted.WriteString(render.Example(k))
		fmt.Fprintf(&unproven, "    %s = \"it is a test\"\n", k.Name)
	}
	s.write("main.cam.hcl", []byte(`profile "all" {
  accept_clock_jump = "it is a test"
  allow_unproven = {
`+unproven.String()+"  }\n"+wanted.String()+`}
device "d" {
  for_each = { for row in csvdecode(file("inventory.csv")) : row.name => row }
  address  = each.value.address
  profiles = [profile.all]
  login {
    username = "admin"
    password = secret("env:ADMIN_PASSWORD")
  }
}
`))
	c := s.program("plan")
	for i, m := range regexp.MustCompile(`secret\("env:(\w+)"\)`).FindAllStringSubmatch(wanted.String(), -1) {
		c.Env = append(c.Env, fmt.Sprintf("%s=Zq7-word-%d", m[1], i))
	}
	out, _ := c.CombinedOutput()
	failed := map[string]bool{}
	for _, problem := range strings.Split(string(out), "Error: ")[1:] {
		kind := aboutKind.FindStringSubmatch(problem)
		if kind == nil {
			t.Fatalf("Error: %s", problem)
		}
		if failed[kind[1]] = true; unplanned[kind[1]] == "" {
			t.Errorf("Error: %s", problem)
		}
	}
	for name := range unplanned {
		if !failed[name] {
			t.Errorf("the example of %s plans by now; take it off the list", name)
		}
	}
}

// The help of the simulator has its models, and examples of its files that it reads.
func TestTheHelpOfTheSimulatorIsTrue(t *testing.T) {
	for _, model := range simulator.Models() {
		if !strings.Contains(simulateHelp, model) {
			t.Errorf("it does not name %s", model)
		}
	}
	files := 0
	for _, p := range manual.Prose(simulateHelp) {
		if p.Sort != manual.Code || !strings.Contains(p.Text, `"quirks"`) {
			continue
		}
		files++
		text, _, _ := strings.Cut(p.Text, "\n\n")
		if _, err := simulator.ParseFaults(strings.NewReader(text)); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	if files != 2 {
		t.Errorf("%d fault files", files)
	}
}
