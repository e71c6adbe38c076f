package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"
)

const pipelines = "../../examples/ci"

// job is a job of a workflow of GitHub, or of a pipeline of GitLab, with the features that the examples use. What they use beyond that is an error.
type job struct {
	If          string            `yaml:"if"`
	Needs       any               `yaml:"needs"`
	RunsOn      any               `yaml:"runs-on"`
	Container   string            `yaml:"container"`
	Environment string            `yaml:"environment"`
	Concurrency map[string]any    `yaml:"concurrency"`
	Permissions map[string]string `yaml:"permissions"`
	Outputs     map[string]string `yaml:"outputs"`
	Env         map[string]string `yaml:"env"`
	Steps       []step            `yaml:"steps"`

	Stage     string            `yaml:"stage"`
	Image     string            `yaml:"image"`
	Tags      []string          `yaml:"tags"`
	Rules     []map[string]any  `yaml:"rules"`
	Group     string            `yaml:"resource_group"`
	Variables map[string]string `yaml:"variables"`
	Script    []string          `yaml:"script"`
	Artifacts artifacts         `yaml:"artifacts"`
}

type artifacts struct {
	When   string   `yaml:"when"`
	Expose string   `yaml:"expose_as"`
	Paths  []string `yaml:"paths"`
	Expire string   `yaml:"expire_in"`
}

type step struct {
	ID   string            `yaml:"id"`
	Name string            `yaml:"name"`
	If   string            `yaml:"if"`
	Uses string            `yaml:"uses"`
	With map[string]string `yaml:"with"`
	Env  map[string]string `yaml:"env"`
	Run  string            `yaml:"run"`
}

type workflow struct {
	Name        string            `yaml:"name"`
	On          any               `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Concurrency map[string]any    `yaml:"concurrency"`
	Defaults    any               `yaml:"defaults"`
	Jobs        map[string]job    `yaml:"jobs"`
}

func readYAML(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// cmdPipeline runs a job of examples/ci as the service does, in a folder of its own with the repository in it, which is the folder "repo".
// Runners where the devices are have the variables of the script. All others have nothing: neither secrets nor the state. The exit code
// of the job is asserted, and what "${{ ... }}" stands for follows, as NAME=VALUE.
//
//	pipeline CODE github/FILE JOB [NAME=VALUE]...
//	pipeline CODE gitlab JOB [NAME=VALUE]...      variables of the service
func (w *world) cmdPipeline(ts *testscript.TestScript, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: pipeline CODE github/FILE JOB [NAME=VALUE]..., or pipeline CODE gitlab JOB [NAME=VALUE]...")
	}
	r := &runner{ts: ts, known: map[string]string{}, dir: filepath.Join(ts.MkAbs("runs"), args[2])}
	rest := args[3:]
	var code int
	ts.Check(os.RemoveAll(r.dir))
	ts.Check(os.MkdirAll(r.dir, 0o755))
	for _, pair := range rest {
		name, value, _ := strings.Cut(pair, "=")
		r.known[name] = value
	}
	if file, ok := strings.CutPrefix(args[1], "github/"); ok {
		var f workflow
		ts.Check(readYAML(filepath.Join(pipelines, "github/.github/workflows", file), &f))
		code = r.github(f, r.named(f.Jobs, args[2]))
	} else {
		var f map[string]yaml.Node
		ts.Check(readYAML(filepath.Join(pipelines, "gitlab/.gitlab-ci.yml"), &f))
		jobs := map[string]job{}
		for name, node := range f {
			if name != "stages" {
				var j job
				ts.Check(node.Decode(&j))
				jobs[name] = j
			}
		}
		code = r.gitlab(args[2], r.named(jobs, args[2]))
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("the job ends with %d, want %s", code, args[0])
	}
}

// runner runs one job.
type runner struct {
	ts    *testscript.TestScript
	dir   string
	env   []string
	known map[string]string // what expressions stand for
}

func (r *runner) named(jobs map[string]job, name string) job {
	j, ok := jobs[name]
	if !ok {
		r.ts.Fatalf("there is no job %s", name)
	}
	return j
}

// siteVariables are those that a runner where the devices are has of the machine, by names of the script.
var siteVariables = []string{"ADMIN_PASSWORD", "SNAPSHOT_KEY", "STATE_PASSWORD", "STATE_KEY"}

// prepare gives a job the environment of its runner.
func (r *runner) prepare(site bool) {
	r.env = []string{
		"PATH=" + r.ts.MkAbs("service") + ":" + r.ts.Getenv("PATH"), "HOME=" + r.dir + "-home", "TMPDIR=" + r.ts.Getenv("TMPDIR"), "CI=true", "GOGC=" + programGC,
		"FORGE=" + r.ts.MkAbs("forge.json"), "PULL=" + r.ts.Getenv("PULL"),
		"PROPOSER=" + r.ts.Getenv("PROPOSER"),
	}
	rules := "review"
	if site {
		rules = "site"
		for _, name := range siteVariables {
			r.env = append(r.env, name+"="+r.ts.Getenv(name))
		}
	}
	r.env = append(r.env, "CAMFORM_OPERATOR_FILE="+r.ts.MkAbs(rules+"/operator.hcl"))
}

// shell runs the commands of a step, and is its exit code.
func (r *runner) shell(script string, env []string) int {
	command := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	command.Dir, command.Env = r.dir, slices.Concat(r.env, env)
	out, err := command.CombinedOutput()
	r.ts.Logf("%s\n%s", script, out)
	r.ts.Check(os.WriteFile(r.dir+"-log.txt", out, 0o600)) // of the last step, for scripts to look into
	for _, leak := range leaksIn("the output", out) {
		r.ts.Fatalf("I1: %s", leak)
	}
	failed, ok := errors.AsType[*exec.ExitError](err)
	if err != nil && !ok {
		r.ts.Check(err)
	}
	if ok {
		return failed.ExitCode()
	}
	return 0
}

var expression = regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)

// filled is a text in which expressions are what they stand for. One that nobody knows is an error.
func (r *runner) filled(text string) string {
	return expression.ReplaceAllStringFunc(text, func(e string) string {
		name := expression.FindStringSubmatch(e)[1]
		value, ok := r.known[name]
		if !ok {
			r.ts.Fatalf("nobody said what %s is", e)
		}
		return value
	})
}

func (r *runner) pairs(all map[string]string) (env []string) {
	for name, value := range all {
		env = append(env, name+"="+r.filled(value))
	}
	return env
}

// github runs a job of a workflow. After a step that fails, only those go on that say so.
func (r *runner) github(f workflow, j job) (code int) {
	labels := fmt.Sprint(j.RunsOn)
	r.prepare(labels == "[self-hosted camform]")
	temporary := r.dir + "-temp"
	r.ts.Check(os.RemoveAll(temporary))
	r.ts.Check(os.MkdirAll(temporary, 0o755))
	r.known["github.token"], r.known["github.repository"], r.known["runner.temp"] = "token-of-the-job", "example/site", temporary
	output := r.dir + "-output"
	var rights []string
	for what, right := range j.Permissions {
		rights = append(rights, what+": "+right)
	}
	r.ts.Check(os.RemoveAll(output))
	r.ts.Check(os.WriteFile(output, nil, 0o600))
	r.env = append(r.env, "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+r.dir+"-summary.md", "GITHUB_SHA="+r.known["github.sha"],
		"GITHUB_EVENT_NAME="+r.known["github.event_name"], "GITHUB_ACTOR="+r.known["github.actor"], "RUNNER_TEMP="+temporary, "PERMISSIONS="+strings.Join(rights, ", "))
	if err := os.Remove(r.dir + "-summary.md"); err != nil && !os.IsNotExist(err) {
		r.ts.Check(err)
	}
	for _, s := range j.Steps {
		switch {
		case s.If != "" && s.If != "${{ !cancelled() }}":
			r.ts.Fatalf("this runner does not know the condition %q", s.If)
		case code != 0 && s.If == "":
			continue
		}
		failed := 0
		if s.Uses != "" {
			r.use(s)
		} else {
			failed = r.shell(s.Run, slices.Concat(r.pairs(j.Env), r.pairs(s.Env)))
		}
		if code == 0 {
			code = failed
		}
		text, err := os.ReadFile(output)
		r.ts.Check(err)
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			r.known["steps."+s.ID+".outputs."+name] = value
		}
		r.ts.Check(os.WriteFile(output, nil, 0o600))
	}
	for name, value := range j.Outputs {
		r.ts.Setenv("OUTPUT_"+name, r.filled(value))
	}
	return code
}

// use does what the three actions do that the workflows use.
func (r *runner) use(s step) {
	action, _, _ := strings.Cut(s.Uses, "@")
	path := r.filled(s.With["path"])
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.dir, path)
	}
	stored := filepath.Join(r.ts.MkAbs("artifacts"), s.With["name"])
	switch action {
	case "actions/checkout":
		r.ts.Check(os.CopyFS(r.dir, os.DirFS(r.ts.MkAbs("repo"))))
	case "actions/upload-artifact":
		r.ts.Check(os.RemoveAll(stored))
		r.ts.Check(os.MkdirAll(stored, 0o755))
		r.copyFile(path, filepath.Join(stored, filepath.Base(path)))
	case "actions/download-artifact":
		if run := r.filled(s.With["run-id"]); s.With["name"] == "snapshot" && run != fmt.Sprint(snapshotRun) {
			r.ts.Fatalf("the snapshot is taken from run %q, want %d", run, snapshotRun)
		}
		r.ts.Check(os.CopyFS(path, os.DirFS(stored)))
	default:
		r.ts.Fatalf("this runner does not know %s", s.Uses)
	}
}

func (r *runner) copyFile(from, to string) {
	text, err := os.ReadFile(from)
	r.ts.Check(err)
	r.ts.Check(os.WriteFile(to, text, 0o600))
}

// gitlab runs a job of a pipeline: all of its script in one shell, with the artifacts of the jobs that it needs.
func (r *runner) gitlab(name string, j job) int {
	r.prepare(slices.Equal(j.Tags, []string{"camform-site"}))
	if j.Variables["GIT_STRATEGY"] != "none" {
		r.ts.Check(os.CopyFS(r.dir, os.DirFS(r.ts.MkAbs("repo"))))
	}
	if needs, ok := j.Needs.([]any); ok {
		for _, need := range needs {
			r.ts.Check(os.CopyFS(r.dir, os.DirFS(filepath.Join(r.ts.MkAbs("artifacts"), need.(string)))))
		}
	}
	env := []string{"CI_API_V4_URL=" + r.ts.Getenv("GITLAB"), "CI_PROJECT_ID=5", "CI_DEFAULT_BRANCH=main", "CI_JOB_TOKEN=token-of-the-job"}
	for name, value := range j.Variables {
		env = append(env, name+"="+value)
	}
	for name, value := range r.known {
		env = append(env, name+"="+value)
	}
	code := r.shell(strings.Join(j.Script, "\n"), env)
	if !strings.Contains(fmt.Sprint(j.Rules), "merge_request_event") { // the latest pipeline of main
		r.ts.Check(os.WriteFile(filepath.Join(r.ts.MkAbs("artifacts"), "latest"), []byte(name), 0o600))
	}
	if code != 0 && j.Artifacts.When != "always" {
		return code
	}
	for _, path := range j.Artifacts.Paths {
		stored := filepath.Join(r.ts.MkAbs("artifacts"), name)
		r.ts.Check(os.MkdirAll(stored, 0o755))
		r.copyFile(filepath.Join(r.dir, path), filepath.Join(stored, path))
	}
	return code
}

// cmdService starts a service for pipelines: a program gh on the PATH of jobs, and GitLab's interface at the address in GITLAB. It also
// puts the operator's rules of the example into the folders review and site, for the addresses and the folders of the script.
//
//	service COMMIT
func (w *world) cmdService(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: service COMMIT")
	}
	ts.Check(os.MkdirAll(ts.MkAbs("service"), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs("service/gh"), []byte("#!/bin/sh\nexec fakegh \"$@\"\n"), 0o755))
	g := &gitlab{
		path: ts.MkAbs("forge.json"), artifacts: ts.MkAbs("artifacts"), token: "token-of-the-project", commit: args[0],
		proposer: func() string { return ts.Getenv("PROPOSER") },
	}
	server, store := httptest.NewServer(g), httptest.NewServer(http.HandlerFunc(g.stored))
	ts.Defer(server.Close)
	ts.Defer(store.Close)
	g.store = store.URL
	ts.Setenv("GITLAB", server.URL+"/api/v4")
	for _, place := range []string{"review", "site"} {
		text, err := os.ReadFile(filepath.Join(pipelines, place, "operator.hcl"))
		ts.Check(err)
		fitted := strings.NewReplacer("192.0.2.0/24", "127.20.0.0/24", "/var/lib/camform/", ts.MkAbs("disk")+"/", "/etc/camform/", ts.MkAbs("etc")+"/").Replace(string(text))
		ts.Check(os.MkdirAll(ts.MkAbs(place), 0o755))
		ts.Check(os.WriteFile(ts.MkAbs(place+"/operator.hcl"), []byte(fitted), 0o644))
	}
	for _, dir := range []string{"disk", "etc", "artifacts"} {
		ts.Check(os.MkdirAll(ts.MkAbs(dir), 0o755))
	}
}

// cmdSaid posts what a file has as a comment on a commit, as somebody does who approved a plan.
//
//	said COMMIT FILE
func (w *world) cmdSaid(ts *testscript.TestScript, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: said COMMIT FILE")
	}
	f, err := forgeAt(ts.MkAbs("forge.json"))
	ts.Check(err)
	f.comment(args[0], "bob", strings.TrimSuffix(strings.ReplaceAll(ts.ReadFile(args[1]), "\n", "\r\n"), "\r\n"))
	ts.Check(f.save(ts.MkAbs("forge.json")))
}

var (
	pinned  = regexp.MustCompile(`^\s*- uses: [a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	anyUses = regexp.MustCompile(`(?m)^.*\buses:.*$`)
	// intoFolder is a redirection, or an option, that writes to a file beside the configuration.
	intoFolder = regexp.MustCompile(`(?:[^2=<]>|--output )[ "]*[A-Za-z0-9._-][^ ]*`)
	injected   = regexp.MustCompile(`\$\{\{`)
)

// TestI14AnUntrustedPullRequestGetsNothing holds the workflows to what their README says: what a pull request runs has no secret, no
// route and no right to write; what writes runs nothing of a pull request; and nothing that others write becomes a part of a command.
func TestI14AnUntrustedPullRequestGetsNothing(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(pipelines, "github/.github/workflows/*.yml"))
	if err != nil || len(files) != 5 {
		t.Fatalf("%d workflows: %v", len(files), err)
	}
	for _, file := range files {
		var f workflow
		if err := readYAML(file, &f); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, never := range []string{"pull_request_target", "secrets.", "write-all"} {
			if bytes.Contains(text, []byte(never)) {
				t.Errorf("%s has %s", file, never)
			}
		}
		for _, line := range anyUses.FindAll(text, -1) {
			if !pinned.Match(line) {
				t.Errorf("%s: %q is not pinned to a commit with its version", file, line)
			}
		}
		if len(f.Permissions) != 0 || !bytes.Contains(text, []byte("\npermissions: {}\n")) {
			t.Errorf("%s gives rights to all of its jobs", file)
		}
		reviews := f.On == "pull_request"
		for name, j := range f.Jobs {
			checksOut := false
			for _, s := range j.Steps {
				if injected.MatchString(s.Run) {
					t.Errorf("%s, %s: an expression within a command: %s", file, name, s.Run)
				}
				if strings.HasPrefix(s.Uses, "actions/checkout@") {
					checksOut = true
					if s.With["persist-credentials"] != "false" || s.With["ref"] != "" {
						t.Errorf("%s, %s: the token stays in the folder, or another commit is taken", file, name)
					}
				}
			}
			writes := false
			for _, right := range j.Permissions {
				writes = writes || right != "read"
			}
			if name == "plan" && !reviews && (j.If != "github.ref == 'refs/heads/main'" || f.Concurrency != nil) {
				t.Errorf("%s, %s: it plans another branch, or waits for a run that waits for approval", file, name)
			}
			if strings.Contains(fmt.Sprint(j.RunsOn), "camform") {
				for _, s := range j.Steps {
					if into := intoFolder.FindString(s.Run); into != "" {
						t.Errorf("%s, %s: %q writes into the folder of the repository", file, name, into)
					}
				}
			}
			if reviews && (writes || fmt.Sprint(j.RunsOn) != "ubuntu-latest" || j.Environment != "") {
				t.Errorf("%s, %s: a pull request gets %v on %v", file, name, j.Permissions, j.RunsOn)
			}
			if strings.Contains(string(text), "workflow_run.head_sha") && checksOut {
				t.Errorf("%s, %s: what may write takes a folder that others wrote", file, name)
			}
		}
	}
	var f map[string]yaml.Node
	if err := readYAML(filepath.Join(pipelines, "gitlab/.gitlab-ci.yml"), &f); err != nil {
		t.Fatal(err)
	}
	for name, node := range f {
		if name == "stages" {
			continue
		}
		var j job
		if err := node.Decode(&j); err != nil {
			t.Fatal(err)
		}
		if into := intoFolder.FindString(strings.Join(j.Script, "\n")); slices.Equal(j.Tags, []string{"camform-site"}) && into != "" {
			t.Errorf("%s: %q writes into the folder of the repository", name, into)
		}
		if script := strings.Join(j.Script, "\n"); strings.Contains(fmt.Sprint(j.Rules), "merge_request_event") &&
			(len(j.Tags) > 0 || j.Environment != "" || strings.Contains(script, "CAMFORM_TOKEN")) {
			t.Errorf("a merge request gets more than nothing in %s", name)
		}
	}
}
