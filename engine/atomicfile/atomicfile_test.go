package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestAFileIsCreatedWithItsTextAndMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := Create(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "text", 0o600)
}

func TestCreateNeverTouchesAFileThatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	err := Create(path, []byte("new"), 0o600)
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that says that %s is there", err, path)
	}
	expect(t, path, "old", 0o640)
}

func TestReplaceSetsTextAndMode(t *testing.T) {
	for name, replace := range map[string]func(string, []byte, fs.FileMode) error{"synced": Replace, "unsynced": ReplaceUnsynced} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a")
			for i, mode := range []fs.FileMode{0o600, 0o666} {
				text := fmt.Sprint("text ", i)
				if err := replace(path, []byte(text), mode); err != nil {
					t.Fatal(err)
				}
				expect(t, path, text, mode)
			}
		})
	}
}

func TestWhatCannotBeWrittenIsKnownBefore(t *testing.T) {
	directory := t.TempDir()
	for path, good := range map[string]bool{
		filepath.Join(directory, "new"): true, directory: false, filepath.Join(directory, "nowhere", "new"): false,
	} {
		err := Writable(path)
		if written := Replace(path, nil, 0o600); (err == nil) != good || (written == nil) != good {
			t.Errorf("%s: %v before it is written, and then %v", path, err, written)
		}
		if err := os.Remove(filepath.Join(directory, "new")); good && err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(directory); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAFileThatIsCompleteSupersedes(t *testing.T) {
	dir := t.TempDir()
	path, temporary := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, text := range []string{"first", "second"} {
		if err := CreateBy(temporary, 0o600, func(w io.Writer) error { return all(w, []byte(text)) }); err != nil {
			t.Fatal(err)
		}
		if err := Supersede(temporary, path); err != nil {
			t.Fatal(err)
		}
		expect(t, path, text, 0o600)
	}
	if err := CreateBy(path, 0o600, func(io.Writer) error { return nil }); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want an error that says that it is there", err)
	}
	if err := Supersede(temporary, path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v for a file that is not there", err)
	}
	expect(t, path, "second", 0o600)
	failure := errors.New("nothing more to read")
	if err := CreateBy(temporary, 0o600, func(io.Writer) error { return failure }); err == nil || !strings.Contains(err.Error(), failure.Error()) {
		t.Errorf("got %v, want the failure of who writes", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}

// Who has the file open keeps reading the old text: it is another file that gets the name.
func TestReplaceNeverWritesIntoTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := Replace(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := path + ".link"
	if err := os.Link(path, other); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(other); err != nil || string(text) != "old" {
		t.Errorf("the old file reads %q, %v", text, err)
	}
}

func TestOfManyWhoCreateAFileOneSucceeds(t *testing.T) {
	for name, publish := range map[string]func(temporary, path string) error{"links": Publish, "no links": claim} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a")
			var (
				many sync.WaitGroup
				mu   sync.Mutex
				won  []string
				lost int
			)
			for i := range 20 {
				text := fmt.Sprint("text of ", i)
				temporary, err := write(path, func(w io.Writer) error { return all(w, []byte(text)) }, 0o600, (*os.File).Sync)
				if err != nil {
					t.Fatal(err)
				}
				many.Go(func() {
					err := publish(temporary, path)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						won = append(won, text)
					case errors.Is(err, fs.ErrExist):
						lost++
					default:
						t.Error(err)
					}
				})
			}
			many.Wait()
			if len(won) != 1 || lost != 19 {
				t.Fatalf("%d succeeded and %d found it there, want 1 and 19", len(won), lost)
			}
			expectText(t, path, won[0])
		})
	}
}

func TestAFileIsPublishedWhereThereAreNoLinks(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	temporary, err := write(path, func(w io.Writer) error { return all(w, []byte("text")) }, 0o600, (*os.File).Sync)
	if err != nil {
		t.Fatal(err)
	}
	if err := claim(temporary, path); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "text", 0o600)
}

func TestATextThatIsCutIsNoticed(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("tex"); err != nil {
		t.Fatal(err)
	}
	if err := whole(file, int64(len("text"))); err == nil || !strings.Contains(err.Error(), "3 of 4 bytes") {
		t.Errorf("got %v for a text with a byte missing", err)
	}
}

func TestAFailureLeavesTheOldFileAndNothingElse(t *testing.T) {
	failure := errors.New("the disk failed")
	fail := func(*os.File) error { return failure }
	path := filepath.Join(t.TempDir(), "a")
	if err := Replace(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := replace(path, []byte("new"), 0o600, fail)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), failure.Error()) {
		t.Errorf("got %v, want the failure with the name of the file", err)
	}
	expect(t, path, "old", 0o600)

	dir := filepath.Join(filepath.Dir(path), "directory")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Replace(dir, []byte("new"), 0o600); err == nil {
		t.Error("a directory was replaced by a file")
	}
	expect(t, path, "old", 0o600, "directory")
	missing := filepath.Join(filepath.Dir(path), "missing", "a")
	if err := Create(missing, nil, 0o600); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v, want an error that names %s", err, missing)
	}
}

// expect checks a file, and that nothing but it and others is in its directory.
func expect(t *testing.T, path, text string, mode fs.FileMode, others ...string) {
	t.Helper()
	expectText(t, path, text)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode() != mode {
		t.Errorf("%s has mode %v, want %v", path, info.Mode(), mode)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1+len(others) {
		t.Errorf("there are %v, want %s and %v", entries, filepath.Base(path), others)
	}
}

func expectText(t *testing.T, path, text string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != text {
		t.Errorf("%s reads %q, want %q", path, got, text)
	}
}
