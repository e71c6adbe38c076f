// Package atomicfile writes files that appear complete or not at all: after a crash a name holds what it held before, or
// all of the new text. When a function returns without an error, the file and its name are on the disk.
//
// A text is written under another name in the same directory, its length is checked, and it is synced before it gets its
// name; then the directory is synced. A crash can leave a file .camform-* behind, which nothing reads. Windows cannot sync
// a directory; there the name may be lost in a power failure, the text of a file that was replaced never is.
package atomicfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// Create writes a new file with a mode, less the umask of the process. The error belongs to fs.ErrExist if
// there is a file of that name, which is left as it is.
func Create(path string, text []byte, mode fs.FileMode) error {
	return CreateBy(path, mode, func(w io.Writer) error { return all(w, text) })
}

// CreateBy is Create of a text that may be long, which a function writes.
func CreateBy(path string, mode fs.FileMode, text func(io.Writer) error) error {
	temporary, err := write(path, text, mode, (*os.File).Sync)
	if err != nil {
		return named("create", path, err)
	}
	return Publish(temporary, path)
}

// Replace writes a file with exactly this mode, in place of the one of that name if there is one.
func Replace(path string, text []byte, mode fs.FileMode) error {
	if err := replace(path, text, mode, (*os.File).Sync); err != nil {
		return err
	}
	return named("replace", path, syncDirectory(filepath.Dir(path)))
}

// Writable says in good time why Replace could not write a file, such as before devices are asked for what it is to hold: its directory is
// not there or takes no files, or the name is that of a directory.
func Writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return named("replace", path, syscall.EISDIR)
	}
	temporary, err := write(path, func(io.Writer) error { return nil }, 0o600, func(*os.File) error { return nil })
	if err == nil {
		err = os.Remove(temporary)
	}
	return named("replace", path, err)
}

// ReplaceUnsynced is Replace for a file that may be lost: it waits for no disk. A crash of the process leaves the old text or
// the new one; a power failure may also leave an empty file.
func ReplaceUnsynced(path string, text []byte, mode fs.FileMode) error {
	return replace(path, text, mode, func(*os.File) error { return nil })
}

// Publish gives a file that is complete and closed the name path on the same file system, and takes its temporary name away,
// also when it fails. The error belongs to fs.ErrExist if there is a file named path, which is left as it is.
func Publish(temporary, path string) error {
	defer func() { _ = os.Remove(temporary) }()
	err := os.Link(temporary, path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = claim(temporary, path) // not every file system has links: that of a memory stick has none
	}
	if err == nil {
		err = syncDirectory(filepath.Dir(path))
	}
	return named("create", path, err)
}

// Supersede is Publish in place of the file named path, if there is one.
func Supersede(temporary, path string) error {
	err := os.Rename(temporary, path)
	if err != nil {
		_ = os.Remove(temporary)
	} else {
		err = syncDirectory(filepath.Dir(path))
	}
	return named("replace", path, err)
}

// claim takes a name with an empty file, which nobody else can do meanwhile, and puts the complete one in its place.
func claim(temporary, path string) error {
	empty, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(empty.Close(), os.Rename(temporary, path)); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func replace(path string, text []byte, mode fs.FileMode, sync func(*os.File) error) error {
	temporary, err := write(path, func(w io.Writer) error { return all(w, text) }, mode, func(file *os.File) error { return errors.Join(file.Chmod(mode), sync(file)) })
	if err != nil {
		return named("replace", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		_ = os.Remove(temporary)
		return named("replace", path, err)
	}
	return nil
}

func all(w io.Writer, text []byte) error {
	_, err := w.Write(text)
	return err
}

// write writes a file beside path under a name that nobody else uses, and calls finish before it is closed. With an error
// there is no such file.
func write(path string, text func(io.Writer) error, mode fs.FileMode, finish func(*os.File) error) (temporary string, err error) {
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails
	temporary = filepath.Join(filepath.Dir(path), ".camform-"+hex.EncodeToString(random))
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return "", err
	}
	var length counter
	if err = text(io.MultiWriter(file, &length)); err == nil {
		err = whole(file, int64(length))
	}
	if err == nil {
		err = finish(file)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(temporary)
		return "", err
	}
	return temporary, nil
}

// counter counts what is written to it, in bytes.
type counter int64

func (c *counter) Write(text []byte) (int, error) {
	*c += counter(len(text))
	return len(text), nil
}

// whole asks the file system how much of a text arrived: some that lie elsewhere cut a file at a quota and say nothing.
func whole(file *os.File, length int64) error {
	info, err := file.Stat()
	if err == nil && info.Size() != length {
		err = fmt.Errorf("%d of %d bytes were written", info.Size(), length)
	}
	return err
}

// syncDirectory makes names in a directory durable, where the operating system and the file system can do that.
func syncDirectory(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	err = directory.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, directory.Close())
}

// named tells of an error with the name that people know, in place of the temporary one.
func named(op, path string, err error) error {
	var (
		one *fs.PathError
		two *os.LinkError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &one):
		err = one.Err
	case errors.As(err, &two):
		err = two.Err
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
