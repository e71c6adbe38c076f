// Package clients runs programs and libraries by others, unmodified, on what camform prints: what reads Terraform's formats has to read ours.
package clients

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-json/sanitize"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/zclconf/go-cty/cty"
)

const password = "Gate-Keeper-7"

// site is a folder with a configuration of a simulated camera.
type site struct {
	*testing.T
	dir string
	env []string
}

// camera is the address of the device of a site.
const camera = `device.camera["camera-v57-0001"]`

const configuration = `
variable "level" {
  default = "Viewer"
}

output "site" {
  value = "hq"
}

output "mail" {
  value     = secret("env:VIEWER_PASSWORD")
  sensitive = true
}

device "camera" {
  for_each = { for row in csvdecode(file("inventory.csv")) : row.name => row }
  address  = each.value.address

  login {
    username = "admin"
    password = secret("env:CAMERA_PASSWORD")
  }

  user "viewer" {
    level    = var.level
    password = secret("env:VIEWER_PASSWORD")
  }

  upnp {
    enabled = UPNP
  }
}
`

// newSite starts a simulated camera, and ends it with the test.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir()}
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "TF_") && !strings.HasPrefix(pair, "CI=") {
			s.env = append(s.env, pair)
		}
	}
	s.env = append(s.env, "CAMERA_PASSWORD="+password, "VIEWER_PASSWORD=Night-Watch-9", "HOME="+s.dir)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	simulator := exec.Command(program(t, "camform"), "simulate", "-net", "127.78.0.0/24", "-port", fmt.Sprint(port), "-models", "camera-v57",
		"-inventory", filepath.Join(s.dir, "inventory.csv"))
	simulator.Env = s.env
	out, err := simulator.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := simulator.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = simulator.Process.Signal(os.Interrupt)
		_ = simulator.Wait()
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the simulator ended before it was ready: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	s.write(configuration, "true")
	return s
}

func (s *site) write(text, upnp string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "main.cam.hcl"), []byte(strings.ReplaceAll(text, "UPNP", upnp)), 0o600); err != nil {
		s.Fatal(err)
	}
}

// program is the program under test by a name.
func program(t *testing.T, name string) string {
	t.Helper()
	from := os.Getenv("CAMFORM")
	if from == "" {
		t.Skip("CAMFORM does not name a program to test")
	}
	if name == "camform" {
		return from
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(from, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// terraform drives camform as programs drive Terraform.
func (s *site) terraform() *tfexec.Terraform {
	s.Helper()
	tf, err := tfexec.NewTerraform(s.dir, program(s.T, "terraform"))
	if err != nil {
		s.Fatal(err)
	}
	env := map[string]string{}
	for _, pair := range s.env {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	if err := tf.SetEnv(env); err != nil {
		s.Fatal(err)
	}
	return tf
}

// run runs the program, and returns what it prints and its exit code.
func (s *site) run(name string, args ...string) (string, int) {
	s.Helper()
	cmd := exec.Command(program(s.T, name), args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.Output()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		s.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestTerraformExecDrivesIt(t *testing.T) {
	s := newSite(t)
	tf, ctx := s.terraform(), t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	version, _, err := tf.Version(ctx, true)
	must(err)
	if version.Segments()[0] != 1 {
		t.Errorf("version %s", version)
	}
	must(tf.Init(ctx))
	valid, err := tf.Validate(ctx)
	must(err)
	if !valid.Valid {
		t.Errorf("%+v", valid)
	}

	// Exit code 2, and the lines of the UI.
	var lines bytes.Buffer
	changes, err := tf.PlanJSON(ctx, &lines, tfexec.Out("p.tfplan"))
	must(err)
	if !changes {
		t.Error("no changes")
	}
	readLines(t, lines.Bytes(), "version", "refresh_start", "planned_change", "change_summary", "outputs")
	plan, err := tf.ShowPlanFile(ctx, "p.tfplan")
	must(err)
	checkPlan(t, plan)
	text, err := tf.ShowPlanFileRaw(ctx, "p.tfplan")
	must(err)
	if !strings.Contains(text, "Terraform will perform the following actions:") {
		t.Error(text)
	}

	must(tf.Apply(ctx, tfexec.DirOrPlan("p.tfplan")))
	outputs, err := tf.Output(ctx)
	must(err)
	if string(outputs["site"].Value) != `"hq"` || !outputs["mail"].Sensitive || len(outputs["mail"].Value) > 0 {
		t.Errorf("%+v", outputs)
	}
	state, err := tf.Show(ctx)
	must(err)
	must(state.Validate())
	module := state.Values.RootModule.ChildModules[0]
	if module.Address != camera || len(module.Resources) != 2 || state.Values.Outputs["site"].Value != "hq" {
		t.Errorf("%+v", module)
	}
	if changes, err = tf.Plan(ctx, tfexec.Out("same.tfplan")); err != nil || changes {
		t.Errorf("after the apply: %v, %v", changes, err)
	}
	same, err := tf.ShowPlanFile(ctx, "same.tfplan")
	must(err)
	check(t, same, plancheck.ExpectEmptyPlan(), plancheck.ExpectResourceAction(camera+".upnp", plancheck.ResourceActionNoop))

	// A plan that was overtaken is refused.
	if changes, err = tf.Plan(ctx, tfexec.Var("level=Operator"), tfexec.Out("stale.tfplan")); err != nil || !changes {
		t.Fatalf("%v, %v", changes, err)
	}
	s.write(configuration[:strings.Index(configuration, `  user "viewer"`)]+"}\n", "true")
	must(tf.Apply(ctx))
	if err := tf.Apply(ctx, tfexec.DirOrPlan("stale.tfplan")); err == nil {
		t.Error("a stale plan was applied")
	}
	s.write(configuration, "true")
	must(tf.Apply(ctx))

	must(tf.StateMv(ctx, camera, `device.camera["north"]`))
	must(tf.StateMv(ctx, `device.camera["north"]`, camera))
	must(tf.StateRm(ctx, camera+".upnp"))
	list, current, err := tf.WorkspaceList(ctx)
	must(err)
	if !reflect.DeepEqual(list, []string{"default"}) || current != "default" {
		t.Errorf("%v, %s", list, current)
	}

	// What it does in another way, it says.
	for want, err := range map[string]error{
		"run r1 holds no device": tf.ForceUnlock(ctx, "r1"),
		"write an import block":  tf.Import(ctx, "device.camera", "192.0.2.7"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say: %s", err, want)
		}
	}
	if err := tf.Destroy(ctx); err == nil || !strings.Contains(err.Error(), "camform destroys no devices") {
		t.Errorf("destroy: %v", err)
	}
	s.write("nonsense \"x\" {}\n", "")
	if valid, err = tf.Validate(ctx); err != nil || valid.Valid || valid.ErrorCount == 0 || valid.Diagnostics[0].Range == nil {
		t.Errorf("%+v, %v", valid, err)
	}
	lines.Reset()
	if _, err := tf.PlanJSON(ctx, &lines); err == nil {
		t.Error("a wrong configuration was planned")
	}
	readLines(t, lines.Bytes(), "version", "diagnostic", "change_summary")
}

// readLines reads lines of the UI as terraform-json does, and demands that some types are among them, the first as the first.
func readLines(t *testing.T, text []byte, want ...string) {
	t.Helper()
	there := map[string]bool{}
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		message, err := tfjson.UnmarshalLogMessage(line)
		if err != nil {
			t.Errorf("line %d: %v: %s", i+1, err, line)
			continue
		}
		if _, ok := message.(tfjson.VersionLogMessage); ok != (i == 0) {
			t.Errorf("line %d is a %T", i+1, message)
		}
		var kind struct{ Type string }
		_ = json.Unmarshal(line, &kind)
		there[kind.Type] = true
	}
	for _, kind := range want {
		if !there[kind] {
			t.Errorf("no line of the type %s in:\n%s", kind, text)
		}
	}
}

// check runs checks of plans that providers of Terraform are tested with.
func check(t *testing.T, plan *tfjson.Plan, checks ...plancheck.PlanCheck) {
	t.Helper()
	for _, c := range checks {
		var answer plancheck.CheckPlanResponse
		c.CheckPlan(context.Background(), plancheck.CheckPlanRequest{Plan: plan}, &answer)
		if answer.Error != nil {
			t.Errorf("%T: %v", c, answer.Error)
		}
	}
}

// checkPlan demands of the first plan of a site what others rely on.
func checkPlan(t *testing.T, plan *tfjson.Plan) {
	t.Helper()
	viewer := camera + ".user.viewer"
	check(t, plan,
		plancheck.ExpectNonEmptyPlan(),
		plancheck.ExpectResourceAction(viewer, plancheck.ResourceActionCreate),
		plancheck.ExpectUnknownValue(viewer, tfjsonpath.New("password")),
		plancheck.ExpectSensitiveValue(viewer, tfjsonpath.New("password")),
		plancheck.ExpectKnownValue(viewer, tfjsonpath.New("level"), knownvalue.StringExact("Viewer")),
		plancheck.ExpectKnownOutputValue("site", knownvalue.StringExact("hq")),
		plancheck.ExpectUnknownOutputValue("mail"),
	)
	if plan.FormatVersion != "1.2" || plan.Complete == nil || !*plan.Complete || plan.Variables["level"].Value != "Viewer" {
		t.Errorf("%+v", plan)
	}
	call := plan.Config.RootModule.ModuleCalls["device.camera"]
	if call == nil || call.Module.Resources[0].Expressions["level"].References[0] != "var.level" || call.Expressions["address"].References[0] != "each.value.address" {
		t.Errorf("%+v", call)
	}
	for _, o := range plan.PlannedValues.Outputs {
		o.Type = cty.NilType // which the copy of sanitize loses
	}
	clean, err := sanitize.SanitizePlanWithValue(plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	if before, after := encoded(t, plan), encoded(t, clean); before != after {
		t.Errorf("something was left to redact:\n%s\n%s", before, after)
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOpenPolicyAgentJudgesPlans(t *testing.T) {
	s := newSite(t)
	loaded, err := loader.NewFileLoader().All([]string{"../../examples/policy"})
	if err != nil {
		t.Fatal(err)
	}
	denied := func(settings string) []any {
		t.Helper()
		if out, code := s.run("camform", "plan", "-out=site.plan"); code != 0 {
			t.Fatal(out)
		}
		text, _ := s.run("camform", "show", "-json", "site.plan")
		var input, data any
		if json.Unmarshal([]byte(text), &input) != nil || json.Unmarshal([]byte(settings), &data) != nil {
			t.Fatal(text)
		}
		options := []func(*rego.Rego){rego.Query("data.camform.deny"), rego.Input(input), rego.StrictBuiltinErrors(true)}
		for _, m := range loaded.ParsedModules() {
			options = append(options, rego.ParsedModule(m))
		}
		options = append(options, rego.Data(map[string]any{"camform": map[string]any{"settings": data}}))
		result, err := rego.New(options...).Eval(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return result[0].Expressions[0].Value.([]any)
	}
	if all := denied("{}"); !reflect.DeepEqual(all, []any{camera + ".upnp: upnp is switched on."}) {
		t.Errorf("%v", all)
	}
	s.write(configuration, "false")
	if all := denied("{}"); len(all) != 0 {
		t.Errorf("%v", all)
	}
	if out, code := s.run("camform", "apply", "-auto-approve"); code != 0 {
		t.Fatal(out)
	}
	s.write(strings.ReplaceAll(configuration, `user "viewer"`, `user "guard"`), "true") // upnp again, and an account that goes
	want := []any{camera + ".upnp: upnp is switched on.", camera + ".user.viewer: this account is kept on every device."}
	if all := denied(`{"kept_accounts": ["viewer"]}`); !reflect.DeepEqual(all, want) {
		t.Errorf("%v", all)
	}
}

// bots are the expressions by which programs that comment on pull requests read what Terraform prints.
var bots = map[string]string{
	"the counts of Atlantis":          `Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy(?:, (\d+) to forget)?\.`,
	"the summary of tfcmt":            `(?m)^(Plan: \d|No changes.)`,
	"what tfcmt lists as created":     `(?m)^ *# (.*) will be created$`,
	"the section of tfcmt":            `(?m)^Terraform will perform the following actions:$`,
	"the lines that Atlantis colours": `(?m)^  [-+~] `,
}

func TestBotsFindWhatTheyLookFor(t *testing.T) {
	s := newSite(t)
	text, code := s.run("terraform", "plan", "-no-color", "-input=false", "-detailed-exitcode")
	if code != 2 {
		t.Errorf("exit code %d", code)
	}
	for what, expression := range bots {
		if !regexp.MustCompile(expression).MatchString(text) {
			t.Errorf("%s: %s finds nothing in\n%s", what, expression, text)
		}
	}
	if _, code := s.run("terraform", "apply", "-auto-approve", "-no-color"); code != 0 {
		t.Errorf("apply ends with %d", code)
	}
	none := regexp.MustCompile(`No changes. (Infrastructure is up-to-date|Your infrastructure matches the configuration).`)
	if text, code := s.run("terraform", "plan", "-no-color", "-detailed-exitcode"); code != 0 || !none.MatchString(text) {
		t.Errorf("exit code %d:\n%s", code, text)
	}
	if text, _ := s.run("terraform", "version"); !regexp.MustCompile(`Terraform v\d+\.\d+\.\d+`).MatchString(text) {
		t.Error(text)
	}
}

// TestTheFormatterOfTerraformLeavesItAlone needs a Terraform to be installed.
func TestTheFormatterOfTerraformLeavesItAlone(t *testing.T) {
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("no Terraform is installed")
	}
	files, err := filepath.Glob("../../examples/*/*.cam.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(terraform, "fmt", "-")
		cmd.Stdin = bytes.NewReader(text)
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", file, err)
		} else if !bytes.Equal(out, text) {
			t.Errorf("%s is written in another way by terraform fmt", file)
		}
	}
}
