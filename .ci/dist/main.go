// Dist builds a release: an archive for each system with the program and its documents, a deb and an rpm for each processor of Linux,
// and their checksums.
//
//	bin/dist [-version VERSION] [-out DIR] [OS/ARCH...]
//
// It runs in the repository, where make dist builds it, and releases what is committed there, from a copy. The same commit gives the
// same bytes with the same version of Go, on any machine and in any folder: paths are trimmed, no C compiler is used, every time is
// that of the commit, and root owns the files.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// systems are the systems of a release.
var systems = []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "dist: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, progress io.Writer) error {
	flags := flag.NewFlagSet("dist", flag.ContinueOnError)
	r := release{ctx: ctx, progress: progress}
	flags.StringVar(&r.version, "version", "", "the version of the release; that of the code if it is left out")
	flags.StringVar(&r.out, "out", "dist", "the folder for the release")
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted := systems
	if flags.NArg() > 0 {
		wanted = flags.Args()
	}
	return r.make(wanted)
}

// release is what the archives and packages of one commit are made of.
type release struct {
	ctx      context.Context
	progress io.Writer
	version  string
	out      string
	source   string    // the folder with what is committed
	made     time.Time // when the commit was made, which is the time of every file

	docs        []file            // what to read beside the program
	man         []file            // the man pages
	completions map[string][]byte // by shell
}

// make builds the release and writes its checksums. It removes the files of an earlier release, so that each file has its checksum.
func (r *release) make(systems []string) error {
	dir, err := os.MkdirTemp("", "dist-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r.source = filepath.Join(dir, "camform")
	if err := r.checkOut(); err != nil {
		return err
	}
	if r.version == "" {
		if err := r.readVersion(); err != nil {
			return err
		}
	}
	if err := r.readDocuments(); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	if err := removeOlder(r.out); err != nil {
		return err
	}
	var sums []string
	for _, system := range systems {
		made, err := r.forSystem(system)
		if err != nil {
			return fmt.Errorf("%s: %w", system, err)
		}
		for _, f := range made {
			if err := os.WriteFile(filepath.Join(r.out, f.name), f.text, f.mode); err != nil {
				return err
			}
			sums = append(sums, fmt.Sprintf("%x  %s\n", sha256.Sum256(f.text), f.name))
			fmt.Fprint(r.progress, sums[len(sums)-1])
		}
	}
	slices.SortFunc(sums, func(a, b string) int { return cmp.Compare(a[2*sha256.Size:], b[2*sha256.Size:]) })
	return os.WriteFile(filepath.Join(r.out, sumsName), []byte(strings.Join(sums, "")), 0o644)
}

// removeOlder removes the files of an earlier release from a folder, and nothing else that somebody keeps there.
func removeOlder(dir string) error {
	for _, pattern := range []string{"camform_*.tar.gz", "camform_*.zip", "camform_*.deb", "camform-*.rpm", sumsName} {
		older, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, path := range older {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// sumsName is the file with the checksums.
const sumsName = "SHA256SUMS"

// checkOut copies what is committed, with the repository, from which the go command takes the commit that the program shows.
func (r *release) checkOut() error {
	changed, err := r.output("git", "status", "--porcelain")
	if err != nil {
		return fmt.Errorf("a release is made of a commit: %w", err)
	}
	if changed != "" {
		fmt.Fprintln(r.progress, "The working tree has changes that are not committed; they are not in the release.")
	}
	if _, err := r.output("git", "clone", "--quiet", ".", r.source); err != nil {
		return err
	}
	seconds, err := r.output("git", "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	r.made = time.Unix(unix, 0).UTC()
	return err
}

// readVersion asks the program for its version.
func (r *release) readVersion() error {
	command := r.command("go", "run", "-trimpath", "./cmd/camform", "version", "-json")
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	command.Dir = r.source
	text, err := command.Output()
	if err != nil {
		return err
	}
	var said struct {
		Version string `json:"camform_version"`
	}
	err = json.Unmarshal(text, &said)
	r.version = said.Version
	return err
}

// readDocuments reads what is the same for every system: documents, completions and man pages.
func (r *release) readDocuments() error {
	for _, name := range []string{"CHANGELOG.md", "LICENSE", "README.md"} {
		text, err := os.ReadFile(filepath.Join(r.source, name))
		if err != nil {
			return err
		}
		r.docs = append(r.docs, file{name, 0o644, text})
	}
	if err := r.readCompletions(); err != nil {
		return err
	}
	return r.readMan()
}

// readCompletions asks the program for its completions, built for this machine.
func (r *release) readCompletions() error {
	program, err := r.build(runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return err
	}
	r.completions = map[string][]byte{}
	for _, shell := range []string{"bash", "fish", "zsh"} {
		text, err := r.output(program, "completion", shell)
		if err != nil {
			return err
		}
		r.completions[shell] = []byte(text + "\n")
	}
	return nil
}

// readMan makes the man pages and reads them.
func (r *release) readMan() error {
	rules, err := os.ReadFile(filepath.Join(r.source, "Makefile"))
	if err != nil || !bytes.Contains(rules, []byte("\nman:")) {
		return err
	}
	command := r.command("make", "--no-print-directory", "man")
	command.Dir = r.source
	command.Stdout = r.progress
	if err := command.Run(); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(r.source, "dist", "man", "camform*.[157]"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		r.man = append(r.man, file{filepath.Base(page), 0o644, text})
	}
	return nil
}

// forSystem builds the program for a system and packs it.
func (r *release) forSystem(system string) ([]file, error) {
	goos, goarch, ok := strings.Cut(system, "/")
	if !ok {
		return nil, errors.New("write it as OS/ARCH")
	}
	program, err := r.build(goos, goarch)
	if err != nil {
		return nil, err
	}
	built, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	archive, err := r.archive(goos, goarch, built)
	if err != nil || goos != "linux" {
		return []file{archive}, err
	}
	packages, err := r.packages(goarch, built)
	return append([]file{archive}, packages...), err
}

// archive packs the program with its documents.
func (r *release) archive(goos, goarch string, built []byte) (file, error) {
	folder := strings.Join([]string{"camform", r.version, goos, goarch}, "_")
	program, form, pack := "camform", ".tar.gz", tarGz
	if goos == "windows" {
		program, form, pack = "camform.exe", ".zip", zipped
	}
	files := []file{{folder + "/" + program, 0o755, built}}
	for _, f := range r.docs {
		files = append(files, file{folder + "/" + f.name, f.mode, f.text})
	}
	for _, f := range r.man {
		files = append(files, file{folder + "/man/" + f.name, f.mode, f.text})
	}
	text, err := pack(files, r.made)
	return file{folder + form, 0o644, text}, err
}

// build builds the program for a system, unless it is built already, and returns its path. Nothing of the environment changes it:
// neither the machine's processor, nor its C compiler.
func (r *release) build(goos, goarch string) (string, error) {
	program := filepath.Join(filepath.Dir(r.source), "program_"+goos+"_"+goarch)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	command := r.command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w -X main.release="+r.version, "-o", program, "./cmd/camform")
	command.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off")
	command.Dir = r.source
	return program, command.Run()
}

func (r *release) command(name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(r.ctx, name, args...)
	command.Stderr = r.progress
	return command
}

// output is what a command prints.
func (r *release) output(name string, args ...string) (string, error) {
	text, err := r.command(name, args...).Output()
	return string(bytes.TrimSpace(text)), err
}
