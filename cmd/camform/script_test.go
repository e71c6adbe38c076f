package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"camform/engine/thorough"
)

var update = flag.Bool("update", false, "write what the scripts printed into their expectations")

// TestMain lets the test binary be the program as well: "exec camform" in a script runs it.
func TestMain(m *testing.M) {
	// Scripts mostly wait, for devices that do not answer for example, so more of them than processors may run.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	program := func() { askBeforeCommits(); os.Exit(run()) }
	testscript.Main(m, map[string]func(){"camform": program, "terraform": program, "bareloop": bareLoop, "fakegh": fakeGH})
}

// quick are the scripts of a short run: the main job, how it fails, and the way in.
var quick = []string{"apply", "drift", "guard", "plan_file", "usage", "validate"}

// TestScripts runs testdata/script; a short run only the quick ones. Each script has a fleet of its own; see the methods of world for its commands.
func TestScripts(t *testing.T) {
	var files []string
	for _, name := range quick {
		files = append(files, filepath.Join(scripts, name+".txtar"))
	}
	testscript.RunT(watched{t}, testscript.Params{
		Dir:                 thorough.Pick("", scripts, scripts),
		Files:               thorough.Pick(files, nil, nil),
		Setup:               setUp,
		Cmds:                commands,
		Condition:           condition,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

const scripts = "../../testdata/script"

var privateKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-1[0-9A-Z]`)

// A private key, even one of nobody, would keep searches for keys in the repository from being clean. Scripts make theirs;
// see the command sshkey.
func TestScriptsHoldNoPrivateKeys(t *testing.T) {
	all, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil || len(all) == 0 {
		t.Fatalf("there are no scripts: %v", err)
	}
	for _, script := range all {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		if privateKey.Match(text) {
			t.Errorf("%s holds a private key", script)
		}
	}
}

// condition is [root]: whether rights on files do not bind us.
func condition(name string) (bool, error) {
	if name != "root" {
		return false, fmt.Errorf("%s is not a condition", name)
	}
	return os.Geteuid() == 0, nil
}

// programGC keeps programs, which are over soon, from collecting garbage while they start.
const programGC = "400"

// setUp gives a script its world and its secrets. After the script no secret may be in any file that it left behind.
func setUp(env *testscript.Env) error {
	w := &world{t: env.T().(testing.TB)}
	env.Values[worldKey{}] = w
	env.Setenv("GOGC", programGC)
	for name, secret := range canaries {
		env.Setenv(name, secret)
	}
	t := env.T().(testing.TB)
	env.Defer(func() {
		w.close()
		for _, leak := range leaksBelow(t, env.WorkDir) {
			t.Errorf("I1: %s", leak)
		}
	})
	return nil
}

// watched is a test whose log is searched for secrets: testscript writes all that programs print into it.
type watched struct{ *testing.T }

func (w watched) Run(name string, f func(testscript.T)) {
	w.T.Run(name, func(t *testing.T) { f(watched{t}) })
}

// Verbose keeps the output of all phases of a script in the log.
func (w watched) Verbose() bool { return true }

func (w watched) Log(args ...any) {
	w.T.Helper()
	w.T.Log(args...)
	for _, arg := range args {
		text, ok := arg.(string)
		if !ok {
			continue
		}
		for name, secret := range canaries {
			text = strings.Replace(text, name+"="+secret+"\n", "", 1) // the environment, which testscript shows first
		}
		for _, leak := range leaksIn("the output", []byte(text)) {
			w.T.Errorf("I1: %s", leak)
		}
	}
}
