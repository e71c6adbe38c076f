// Dist builds the archives of a release: the program for each system, with README and LICENSE, and their checksums.
//
//	go run ./.ci/dist [-version VERSION] [-out DIR] [OS/ARCH...]
//
// It is run in the repository, and builds what is committed there, from a copy. The same commit gives the same bytes with the same
// version of Go, on any machine and in any folder: paths are trimmed, no C compiler is used, times are that of the commit, and
// nobody owns the files.
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
	"slices"
	"strconv"
	"strings"
	"time"
)

// systems are those for which a release has an archive.
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
	flags.StringVar(&r.out, "out", "dist", "the folder for the archives")
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted := systems
	if flags.NArg() > 0 {
		wanted = flags.Args()
	}
	return r.make(wanted)
}

// release is what the archives of one commit are made of.
type release struct {
	ctx      context.Context
	progress io.Writer
	version  string
	out      string
	source   string    // the folder with what is committed
	made     time.Time // when the commit was made, which is the time of every file
}

// make builds the archives and writes their checksums. Archives of before are gone, so that no checksum is missing.
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
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	if err := removeOlder(r.out); err != nil {
		return err
	}
	var sums []string
	for _, system := range systems {
		name, text, err := r.archive(system)
		if err != nil {
			return fmt.Errorf("%s: %w", system, err)
		}
		if err := os.WriteFile(filepath.Join(r.out, name), text, 0o644); err != nil {
			return err
		}
		sums = append(sums, fmt.Sprintf("%x  %s\n", sha256.Sum256(text), name))
		fmt.Fprint(r.progress, sums[len(sums)-1])
	}
	slices.SortFunc(sums, func(a, b string) int { return cmp.Compare(a[2*sha256.Size:], b[2*sha256.Size:]) })
	return os.WriteFile(filepath.Join(r.out, sumsName), []byte(strings.Join(sums, "")), 0o644)
}

// removeOlder removes the archives of an earlier release from a folder, and nothing else that somebody keeps there.
func removeOlder(dir string) error {
	for _, pattern := range []string{"camform_*.tar.gz", "camform_*.zip", sumsName} {
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
		fmt.Fprintln(r.progress, "The working tree has changes that are not committed; they are not in the archives.")
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
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
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

// archive builds the program for a system and packs it.
func (r *release) archive(system string) (name string, text []byte, err error) {
	goos, goarch, ok := strings.Cut(system, "/")
	if !ok {
		return "", nil, errors.New("write it as OS/ARCH")
	}
	built, err := r.build(goos, goarch)
	if err != nil {
		return "", nil, err
	}
	folder := strings.Join([]string{"camform", r.version, goos, goarch}, "_")
	program, form, pack := "camform", ".tar.gz", tarGz
	if goos == "windows" {
		program, form, pack = "camform.exe", ".zip", zipped
	}
	files := []file{{folder + "/" + program, 0o755, built}}
	for _, name := range []string{"LICENSE", "README.md"} {
		text, err := os.ReadFile(filepath.Join(r.source, name))
		if err != nil {
			return "", nil, err
		}
		files = append(files, file{folder + "/" + name, 0o644, text})
	}
	text, err = pack(files, r.made)
	return folder + form, text, err
}

// build is the program for a system. Nothing of the environment changes it: neither the machine's processor, nor its C compiler.
func (r *release) build(goos, goarch string) ([]byte, error) {
	program := filepath.Join(filepath.Dir(r.source), "program")
	command := r.command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w -X main.release="+r.version, "-o", program, "./cmd/camform")
	command.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off")
	command.Dir = r.source
	if err := command.Run(); err != nil {
		return nil, err
	}
	return os.ReadFile(program)
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
