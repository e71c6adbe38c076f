package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blakesmith/ar"
	"github.com/sassoftware/go-rpmutils"
)

// The files of a package, apart from the folder for completions of zsh, in which the systems differ.
const contents = `/usr/bin/camform -rwxr-xr-x root root 1700000000 program
/usr/share/bash-completion/completions/camform -rw-r--r-- root root 1700000000 for bash
/usr/share/doc/camform/README.md -rw-r--r-- root root 1700000000 read me
/usr/share/doc/camform/copyright -rw-r--r-- root root 1700000000 license
/usr/share/fish/vendor_completions.d/camform.fish -rw-r--r-- root root 1700000000 for fish
/usr/share/man/man1/camform.1.gz -rw-r--r-- root root 1700000000 page
/usr/share/zsh/%s/_camform -rw-r--r-- root root 1700000000 for zsh
`

// packagesOf are the deb and the rpm of a small release.
func packagesOf(t *testing.T, goarch string) []file {
	t.Helper()
	r := release{
		ctx: t.Context(), version: "1.2.3-rc.1", made: time.Unix(1_700_000_000, 0), source: filepath.Join(t.TempDir(), "camform"),
		docs:        []file{{"LICENSE", 0o644, []byte("license")}, {"README.md", 0o644, []byte("read me")}},
		man:         []file{{"camform.1", 0o644, []byte("page")}},
		completions: map[string][]byte{"bash": []byte("for bash"), "fish": []byte("for fish"), "zsh": []byte("for zsh")},
	}
	made, err := r.packages(goarch, []byte("program"))
	if err != nil || len(made) != 2 {
		t.Fatalf("%d packages: %v", len(made), err)
	}
	return made
}

// row is a file of a package in the form of contents.
func row(name string, mode fs.FileMode, owner, group string, made time.Time, text []byte) string {
	if strings.HasSuffix(name, ".gz") {
		unzipped, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil || !unzipped.ModTime.IsZero() || unzipped.Name != "" {
			return name + ": not zipped, or with the time or the name of a file"
		}
		text, _ = io.ReadAll(unzipped)
	}
	return fmt.Sprintf("%s %s %s %s %d %s\n", name, mode, owner, group, made.Unix(), text)
}

func compare(t *testing.T, have []string, zsh string) {
	t.Helper()
	slices.Sort(have)
	if have, want := strings.Join(have, ""), fmt.Sprintf(contents, zsh); have != want {
		t.Errorf("have\n%s\nwant\n%s", have, want)
	}
}

// A deb has what it says, where Debian looks for it, owned by root, with the time of the commit.
func TestADebHasTheProgramItsPagesAndItsCompletions(t *testing.T) {
	made := packagesOf(t, "arm64")[0]
	if made.name != "camform_1.2.3~rc.1-1_arm64.deb" {
		t.Errorf("it is called %s", made.name)
	}
	members := map[string][]tarred{}
	for archive := ar.NewReader(bytes.NewReader(made.text)); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil || header.ModTime.Unix() != 1_700_000_000 {
			t.Errorf("%s is of %v: %v", header.Name, header.ModTime, err)
		}
		if name, ok := strings.CutSuffix(header.Name, ".tar.gz"); ok {
			members[name] = untar(t, text)
		}
	}
	var have []string
	for _, f := range members["data"] {
		have = append(have, row(strings.TrimPrefix(f.Name, "."), f.FileInfo().Mode(), f.Uname, f.Gname, f.ModTime, f.text))
	}
	compare(t, have, "vendor-completions")
	control := ""
	for _, f := range members["control"] {
		switch name := filepath.Base(f.Name); name {
		case "control":
			control = string(f.text)
		case "md5sums":
		default:
			t.Errorf("the package has a script %s", name)
		}
	}
	for _, line := range []string{"Package: camform", "Version: 1.2.3~rc.1-1", "Architecture: arm64", "Section: admin", "Priority: optional"} {
		if !strings.Contains("\n"+control, "\n"+line+"\n") {
			t.Errorf("%q is missing from\n%s", line, control)
		}
	}
	if strings.Contains(control, "\nDepends:") {
		t.Errorf("a static program depends on nothing:\n%s", control)
	}
}

type tarred struct {
	*tar.Header
	text []byte
}

// untar reads the regular files of an archive.
func untar(t *testing.T, text []byte) (all []tarred) {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			all = append(all, tarred{header, text})
		}
	}
}

// An rpm has the same, where Fedora and its relatives look for it, and not the name of the machine.
func TestAnRpmHasTheProgramItsPagesAndItsCompletions(t *testing.T) {
	made := packagesOf(t, "amd64")[1]
	if made.name != "camform-1.2.3~rc.1-1.x86_64.rpm" {
		t.Errorf("it is called %s", made.name)
	}
	rpm, err := rpmutils.ReadRpm(bytes.NewReader(made.text))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := rpm.PayloadReaderExtended()
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for {
		f, err := payload.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(payload)
		if err != nil {
			t.Fatal(err)
		}
		have = append(have, row(f.Name(), fs.FileMode(f.Mode()&0o777), f.UserName(), f.GroupName(), time.Unix(int64(f.Mtime()), 0), text))
	}
	compare(t, have, "site-functions")
	for tag, want := range map[int]string{
		rpmutils.NAME: "camform", rpmutils.VERSION: "1.2.3~rc.1", rpmutils.RELEASE: "1", rpmutils.ARCH: "x86_64",
		rpmutils.LICENSE: "Apache-2.0", rpmutils.BUILDHOST: "camform", rpmutils.BUILDTIME: "1700000000",
	} {
		if have, err := rpm.Header.GetStrings(tag); err == nil && (len(have) != 1 || have[0] != want) {
			t.Errorf("tag %d is %q, want %q", tag, have, want)
		} else if err != nil {
			if have, err := rpm.Header.GetUint64s(tag); err != nil || len(have) != 1 || fmt.Sprint(have[0]) != want {
				t.Errorf("tag %d is %v, want %s: %v", tag, have, want, err)
			}
		}
	}
	for _, tag := range []int{rpmutils.PREIN, rpmutils.POSTIN, rpmutils.PREUN, rpmutils.POSTUN} {
		if rpm.Header.HasTag(tag) {
			t.Errorf("the package has a script, tag %d", tag)
		}
	}
}

// The tools of the systems read the packages as well, where they are installed.
func TestTheToolsOfLinuxReadThePackages(t *testing.T) {
	for i, tool := range [][]string{{"dpkg-deb", "--info"}, {"rpm", "--query", "--package", "--verbose", "--list", "--nosignature"}} {
		path, err := exec.LookPath(tool[0])
		if err != nil {
			t.Logf("SKIPPED: %s is not installed", tool[0])
			continue
		}
		made := packagesOf(t, "amd64")[i]
		at := filepath.Join(t.TempDir(), made.name)
		if err := os.WriteFile(at, made.text, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), path, append(tool[1:], at)...).CombinedOutput(); err != nil || !strings.Contains(string(out), "camform") {
			t.Errorf("%s: %v: %s", tool[0], err, out)
		}
	}
}
