package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"camform/engine/state/statetest"
	"camform/engine/thorough"
)

// onServer are the scripts that also play with the state on a server, and print the same there: the first ones in a usual run, all of
// them in a long one. They are about the records of the state, and name no file of the state.
var onServer = []string{
	"apply", "put_back", "audit_told",
	"drift", "plan_file", "audit_log", "consumers", "credentials_recorder", "explain", "guard", "import_block", "interrupt", "limits",
	"plans_at_once", "plan_logins", "recover_case", "released", "removed", "rollback", "state",
	"trouble_identity", "trouble_locked", "trouble_password", "trouble_twins",
}

// TestScriptsOnAServer plays scripts with the state in PostgreSQL: whatever they expect of one in a file holds there, to the letter.
func TestScriptsOnAServer(t *testing.T) {
	thorough.OnlyUsual(t)
	var files []string
	for _, name := range thorough.Pick(nil, onServer[:3], onServer) {
		files = append(files, filepath.Join(scripts, name+".txtar"))
	}
	testscript.RunT(watched{t}, testscript.Params{
		Files: files,
		Setup: func(env *testscript.Env) error {
			w := env.T().(testing.TB)
			at := statetest.Server(w)
			if err := setUp(env); err != nil {
				return err
			}
			world := env.Values[worldKey{}].(*world)
			world.server = &at
			for name, value := range world.stateVariables() {
				env.Setenv(name, value)
			}
			return nameServer(env.WorkDir, stateBlock(at))
		},
		Cmds:                commands,
		Condition:           condition,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

var camformBlock = regexp.MustCompile(`(?m)^camform \{\n`)

// nameServer lets every configuration below a directory name a server: in its camform block, or in a file of its own.
func nameServer(dir, block string) error {
	named := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".cam.hcl") {
			return err
		}
		folder := filepath.Dir(path)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		at := camformBlock.FindIndex(text)
		if at == nil {
			named[folder] = named[folder] || false
			return nil
		}
		named[folder] = true
		return os.WriteFile(path, fmt.Appendf(nil, "%s  %s\n%s", text[:at[1]], block, text[at[1]:]), 0o644)
	})
	for folder, done := range named {
		if !done && err == nil {
			err = os.WriteFile(filepath.Join(folder, "server.cam.hcl"), []byte("camform {\n  "+block+"\n}\n"), 0o644)
		}
	}
	return err
}
