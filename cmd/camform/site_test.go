package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"camform/engine/state"
	"camform/providers/hikvision/simulator"
)

// site is a directory with a configuration and the devices that it is about, for tests in Go.
type site struct {
	*world
	t   testing.TB
	dir string
}

func newSite(t testing.TB, o simulator.Options, configuration string) *site {
	t.Helper()
	s := &site{world: &world{}, t: t, dir: t.TempDir()}
	if err := s.start(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.close()
		for _, leak := range leaksBelow(t, s.dir) {
			t.Errorf("I1: %s", leak)
		}
	})
	var inventory bytes.Buffer
	if err := s.fleet.WriteInventory(&inventory); err != nil {
		t.Fatal(err)
	}
	s.write("inventory.csv", inventory.Bytes())
	s.write("main.cam.hcl", []byte(configuration))
	return s
}

func (s *site) write(name string, text []byte) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), text, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// program is camform in the directory, with the secrets in its environment and nothing else.
func (s *site) program(args ...string) *exec.Cmd { return s.command("camform", args...) }

// command is a program of this test there.
func (s *site) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = s.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/no-home", "GOGC=" + programGC}
	for name, secret := range canaries {
		c.Env = append(c.Env, name+"="+secret)
	}
	for name, value := range s.stateVariables() {
		c.Env = append(c.Env, name+"="+value)
	}
	return c
}

// run runs camform to its end, and demands an exit code.
func (s *site) run(want int, args ...string) {
	s.t.Helper()
	out, err := s.program(args...).CombinedOutput()
	if failed, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok || ok && failed.ExitCode() != want || !ok && want != 0 {
		s.t.Errorf("camform %q: %v, want exit code %d\n%s", args, err, want, out)
	}
	for _, leak := range leaksIn("the output", out) {
		s.t.Errorf("I1: %s", leak)
	}
}

// state opens the state of the directory next to the program.
func (s *site) state() *state.Store {
	s.t.Helper()
	store, err := s.remembered(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	return store
}
