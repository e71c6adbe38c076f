//go:build unix

package ours

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestI14WhoElseMayWrite(t *testing.T) {
	for _, c := range []struct {
		mode    fs.FileMode
		private bool
		want    string
	}{
		{0o600, false, ""},
		{0o644, false, ""},
		{0o755, false, ""},
		{0o1755, false, ""},
		{0o660, false, "a group of users"},
		{0o775, false, "a group of users"},
		{0o660, true, ""},
		{0o775, true, ""},
		{0o602, true, "every user"},
		{0o777, true, "every user"},
		{0o666, false, "every user"},
	} {
		if got := others(c.mode, func() bool { return c.private }); got != c.want {
			t.Errorf("%o, private group %t: %q, want %q", c.mode, c.private, got, c.want)
		}
	}
}

func TestI14WhatOthersCanChangeIsNotOurs(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	file := filepath.Join(folder, "file")
	ok := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(os.Mkdir(folder, 0o755))
	ok(os.WriteFile(file, nil, 0o644))
	for _, c := range []struct {
		of             string
		mode           fs.FileMode
		written, owned bool
	}{
		{file, 0o600, true, true},
		{file, 0o644, true, true},
		{file, 0o646, false, false},
		{folder, 0o700, true, true},
		{folder, 0o757, true, false},
	} {
		ok(os.Chmod(file, 0o644))
		ok(os.Chmod(folder, 0o755))
		ok(os.Chmod(c.of, c.mode))
		if err := Written(file); (err == nil) != c.written || err != nil && !errors.Is(err, ErrOthers) {
			t.Errorf("%s %o: written %v", c.of, c.mode, err)
		}
		if err := Owned(file); (err == nil) != c.owned || err != nil && !errors.Is(err, ErrOthers) {
			t.Errorf("%s %o: owned %v", c.of, c.mode, err)
		}
	}
	ok(os.Chmod(folder, 0o755))
	if err := Written(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if os.Geteuid() != 0 {
		return // nobody else can give files away
	}
	const stranger = 54321
	ok(os.Chown(file, -1, stranger))
	ok(os.Chmod(file, 0o664))
	if err := Written(file); !errors.Is(err, ErrOthers) {
		t.Errorf("a group of others may write: %v", err)
	}
	ok(os.Chmod(file, 0o644))
	ok(os.Chown(file, stranger, -1))
	if err := Owned(file); !errors.Is(err, ErrOthers) {
		t.Errorf("it belongs to somebody else: %v", err)
	}
	if err := Written(file); err != nil {
		t.Errorf("it belongs to somebody else, who alone may write: %v", err)
	}
}
