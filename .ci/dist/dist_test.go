package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

var packed = []file{{"camform_1/camform", 0o755, []byte("program")}, {"camform_1/LICENSE", 0o644, []byte("license")}}

// Archives have what was packed, of nobody, with the time of the commit, and nothing of the machine.
func TestAnArchiveTellsNothingOfTheMachine(t *testing.T) {
	made := time.Unix(1_700_000_000, 0)
	var have []string
	text, err := tarGz(packed, made)
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if !unzipped.ModTime.IsZero() || unzipped.Name != "" {
		t.Errorf("the header of gzip has %v %q", unzipped.ModTime, unzipped.Name)
	}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(archive)
		have = append(have, fmt.Sprint(header.Name, " ", header.FileInfo().Mode(), " ", header.ModTime.Unix(), " ", header.Uid, header.Gid, header.Uname, header.Gname, " ", string(text)))
	}
	want := []string{"camform_1/camform -rwxr-xr-x 1700000000 0 0 program", "camform_1/LICENSE -rw-r--r-- 1700000000 0 0 license"}
	if !slices.Equal(have, want) {
		t.Errorf("have %q\nwant %q", have, want)
	}
	have = nil
	text, err = zipped(packed, made)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		from, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(from)
		have = append(have, fmt.Sprint(f.Name, " ", f.Mode(), " ", f.Modified.Unix(), " 0 0 ", string(text)))
	}
	if !slices.Equal(have, want) {
		t.Errorf("have %q\nwant %q", have, want)
	}
}

// Two runs give the same checksums, also with another environment, and the program in the archive prints its version and its commit.
func TestAReleaseIsTheSameEachTime(t *testing.T) {
	t.Chdir("../..")
	if out, err := exec.CommandContext(t.Context(), "git", "rev-parse", "HEAD").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: a release is made of a commit, and this is none of git: %s", out)
	}
	system := runtime.GOOS + "/" + runtime.GOARCH
	var sums [][]byte
	dir := ""
	for _, flags := range []string{"", "-buildvcs=false"} {
		t.Setenv("GOFLAGS", flags)
		dir = filepath.Join(t.TempDir(), "dist")
		systems := []string{"-version", "9.8.7", "-out", dir, system}
		if system != "linux/amd64" {
			systems = append(systems, "linux/amd64")
		}
		if err := run(t.Context(), systems, io.Discard); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, text)
	}
	if !bytes.Equal(sums[0], sums[1]) {
		t.Errorf("first %s then %s", sums[0], sums[1])
	}
	if runtime.GOOS == "windows" {
		return // there it is a zip file
	}
	name := "camform_9.8.7_" + strings.ReplaceAll(system, "/", "_")
	archive := filepath.Join(dir, name+".tar.gz")
	text, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%x  %s\n", sha256.Sum256(text), filepath.Base(archive)); !strings.Contains(string(sums[1]), want) {
		t.Errorf("the checksums are %q, without %q", sums[1], want)
	}
	for _, name := range []string{"camform_9.8.7-1_amd64.deb", "camform-9.8.7-1.x86_64.rpm"} {
		if !strings.Contains(string(sums[1]), "  "+name+"\n") {
			t.Errorf("%s has no checksum", name)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "tar", "-xzf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, file := range []string{"CHANGELOG.md", "README.md", "LICENSE"} {
		if _, err := os.Stat(filepath.Join(dir, name, file)); err != nil {
			t.Error(err)
		}
	}
	head, err := exec.CommandContext(t.Context(), "git", "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), filepath.Join(dir, name, "camform"), "version").Output()
	if want := fmt.Sprintf("camform v9.8.7\non %s_%s, revision %.12s", runtime.GOOS, runtime.GOARCH, head); err != nil || !strings.HasPrefix(string(said), want) {
		t.Errorf("it says %q, want %q: %v", said, want, err)
	}
}

// The folder of a release loses the files of an earlier one, and nothing that somebody keeps there.
func TestAReleaseRemovesOlderReleasesOnly(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"camform_0.9_linux_amd64.tar.gz", "camform_0.9_windows_arm64.zip", "camform_0.9-1_amd64.deb", "camform-0.9-1.x86_64.rpm", sumsName, "main.cam.hcl", "state.db"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeOlder(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != "main.cam.hcl" || entries[1].Name() != "state.db" {
		t.Errorf("left are %v (%v)", entries, err)
	}
}
