package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hunt runs the program and looks for secrets in all that it writes, for as long as it does: its outputs, its arguments and
// those of its children, and every file that is ever to be seen in the directory of the site, which holds its home and its
// temporary files too.
type hunt struct {
	*site
	planted map[string]bool     // files with a secret in them that the test wrote
	seen    map[string]*os.File // files that were there while the program ran
	leaks   map[string]bool     // that were found
}

func newHunt(s *site) *hunt {
	h := &hunt{site: s, planted: map[string]bool{}, seen: map[string]*os.File{}, leaks: map[string]bool{}}
	for _, dir := range []string{"tmp", "home"} {
		if err := os.Mkdir(filepath.Join(s.dir, dir), 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
	s.t.Cleanup(func() {
		for _, file := range h.seen {
			_ = file.Close()
		}
	})
	return h
}

// plantFor writes a file with a secret in it, which is not searched. It is gone after the test.
func (h *hunt) plantFor(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(h.dir, name)
	h.planted[path] = true
	h.write(name, []byte(text))
	t.Cleanup(func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	})
}

// do runs the program, and demands an exit code. While it runs, during is
// called over and over.
func (h *hunt) do(code int, during func(*os.Process), program *exec.Cmd) {
	h.t.Helper()
	program.Env = append(program.Env,
		"TMPDIR="+filepath.Join(h.dir, "tmp"), "HOME="+filepath.Join(h.dir, "home"), "CAMFORM_LOG=debug", "GOTRACEBACK=all")
	var out, err bytes.Buffer
	if program.Stdout == nil {
		program.Stdout = &out
	}
	program.Stderr = &err
	if failed := program.Start(); failed != nil {
		h.t.Fatal(failed)
	}
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for running := true; running; {
		select {
		case <-look.C:
			h.watch(program.Process.Pid)
			if during != nil {
				during(program.Process)
			}
		case <-ended:
			running = false
		}
	}
	if have := program.ProcessState.ExitCode(); have != code {
		h.t.Errorf("exit code %d, want %d\n%s%s", have, code, out.String(), err.String())
	}
	h.found("the standard output", out.Bytes())
	h.found("the standard error", err.Bytes())
	h.search()
}

// watch looks at what will be gone when the program is: its arguments, and files that it takes away again.
func (h *hunt) watch(pid int) {
	for _, p := range family(pid) {
		text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p), "cmdline")) // it may have ended
		h.found("the arguments of a process", text)
	}
	h.files(func(path string) {
		if h.seen[path] == nil {
			if file, err := os.Open(path); err == nil { // it may be gone
				h.seen[path] = file
			}
		}
	})
}

// family is a process with its children and theirs, where the system tells.
func family(pid int) []int {
	all := []int{pid}
	tasks, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for child := range strings.FieldsSeq(string(text)) {
			if p, err := strconv.Atoi(child); err == nil {
				all = append(all, family(p)...)
			}
		}
	}
	return all
}

// files visits the files of the site that the test did not plant.
func (h *hunt) files(visit func(path string)) {
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.Type().IsRegular() && !h.planted[path] {
			visit(path)
		}
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
}

// search looks into all files that are there, and into those that were there while the program ran.
func (h *hunt) search() {
	h.files(func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			h.t.Error(err)
		}
		h.found(path, text)
	})
	for path, file := range h.seen {
		text, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<40))
		if err != nil {
			h.t.Error(err)
		}
		h.found(path+" (seen before)", text)
		_ = file.Close()
		delete(h.seen, path)
	}
}

func (h *hunt) found(where string, text []byte) {
	for _, leak := range leaksIn(where, text) {
		h.leaks[leak] = true
	}
}

// tell makes an error of every leak since the last time.
func (h *hunt) tell() {
	h.t.Helper()
	for leak := range h.leaks {
		h.t.Errorf("I1: %s", leak)
	}
	clear(h.leaks)
}

// quitAt ends a program with SIGQUIT as soon as a condition holds, as if it had panicked there: the runtime writes down what
// all its goroutines are at.
func quitAt(condition func() bool) func(*os.Process) {
	told := false
	return func(p *os.Process) {
		if !told && condition() {
			told = true
			_ = p.Signal(syscall.SIGQUIT)
		}
	}
}

// The hunt sees what is there for a moment only, too.
func TestLeaksOfAMomentAreFound(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("the system does not tell the arguments of processes")
	}
	for name, script := range map[string]string{
		"nothing":               `: >ready; read line || true`,
		"argument":              `sh -c ': >ready; read line || true' sh "$SECRET"`,
		"argument of a child":   `sh -c ': >ready; read line || true; true' sh "$SECRET"; true`,
		"file that goes again":  `printf %s "$SECRET" >tmp/a; : >ready; read line || true; rm tmp/a`,
		"file that is cut":      `printf %s "$SECRET" >home/a; : >ready; read line || true; : >home/b; mv home/b home/a`,
		"file that stays":       `: >ready; read line || true; printf %s "$SECRET" >left`,
		"standard output":       `: >ready; read line || true; printf %s "$SECRET"`,
		"standard error":        `: >ready; read line || true; printf %s "$SECRET" >&2`,
		"file that was planted": `: >ready; read line || true; printf %s "$SECRET" >known`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHunt(&site{t: t, dir: t.TempDir()})
			h.plantFor(t, "known", canaries["OTHER_PASSWORD"])
			program := exec.Command("sh", "-c", script)
			program.Dir, program.Env = h.dir, []string{"PATH=" + os.Getenv("PATH"), "SECRET=" + canaries["OTHER_PASSWORD"]}
			stdin, err := program.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			looks := 0
			h.do(0, func(*os.Process) {
				if _, err := os.Stat(filepath.Join(h.dir, "ready")); err == nil {
					looks++ // the first look may have been too early
				}
				if looks == 2 {
					_ = stdin.Close()
				}
			}, program)
			harmless := name == "nothing" || name == "file that was planted"
			if found := len(h.leaks) > 0; found == harmless {
				t.Errorf("leaks: %v", h.leaks)
			}
		})
	}
}
