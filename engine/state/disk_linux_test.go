package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func init() { scenarios["large"] = writeUntilItFails }

// writeUntilItFails writes until the file may grow no more, which is how a failing disk looks.
func writeUntilItFails(s *Store) error {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}); err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := s.SaveCapability(context.Background(), "m", "f", strconv.Itoa(i), make([]byte, 100_000), ""); err != nil {
			fmt.Println("first", err)
			break
		}
	}
	fmt.Println("second", s.BeginRun(context.Background(), Run{ID: "r"}))
	return nil
}

func TestAfterAFailureOfTheDiskNothingIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	c := startChild(t, "large", path)
	first, second := c.line(t), c.line(t)
	if !strings.HasPrefix(first, "first "+ErrFailed.Error()) || !strings.Contains(first, "check the disk") {
		t.Fatalf("got %q", first)
	}
	if !strings.HasPrefix(second, "second "+ErrFailed.Error()) {
		t.Errorf("got %q after a failure", second)
	}
	if n := count(t, s, "runs"); n != 0 {
		t.Error("it was written all the same")
	}
}

func TestADirectoryThatCannotBeWrittenIsSaid(t *testing.T) {
	existing := closed(t)
	for _, path := range []string{existing, filepath.Join(filepath.Dir(existing), "new.db")} {
		asNobody(t, filepath.Dir(existing), func() {
			_, err := Open(t.Context(), path, Options{})
			if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), filepath.Dir(path)) {
				t.Errorf("got %v, want a permission error that names the path", err)
			}
		})
	}
}

// asNobody calls do without the right to write in a directory, also when the test runs as root.
func asNobody(t *testing.T, directory string, do func()) {
	t.Helper()
	ok(t, os.Chmod(directory, 0o500))
	defer func() { ok(t, os.Chmod(directory, 0o700)) }()
	if os.Getuid() == 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		ok(t, syscall.Setfsuid(65534))
		defer func() { ok(t, syscall.Setfsuid(0)) }()
	}
	do()
}
