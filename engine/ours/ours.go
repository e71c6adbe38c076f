// Package ours tells who, besides its owner, could have changed what a file says. A state and the rules of an operator judge
// configurations, so nobody else may put words into them.
//
// A group with the name of the owner counts as the owner: systems that give each user a group of his own let it write by default.
package ours

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"camform/engine/shell"
)

// ErrOthers is the error of what others can change.
var ErrOthers = errors.New("others can change it")

// Written reports whether only the owner can write to a file or folder, no matter who that is. The error is ErrOthers and says what to
// do, or that of os.Stat. Windows has no such modes; there the error is nil.
func Written(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	who := others(info.Mode().Perm(), func() bool { return privateGroup(info) })
	if who == "" || !hasModes {
		return nil
	}
	return fmt.Errorf("%w: %s may write to %s (%s); run: chmod go-w %s", ErrOthers, who, path, info.Mode().Perm(), shell.Quoted(path))
}

// Owned is Written of a file and of the folder that it stands in, for files that must belong to us or to the administrator.
func Owned(path string) error {
	for _, one := range []string{path, filepath.Dir(path)} {
		info, err := os.Stat(one)
		if err != nil {
			return err
		}
		if uid, known := ownerOf(info); known && uid != 0 && uid != os.Geteuid() {
			return fmt.Errorf("%w: %s belongs to the user %d; make it belong to root or to the user who runs camform", ErrOthers, one, uid)
		}
		if err := Written(one); err != nil {
			return err
		}
	}
	return nil
}

// others says who else may write by a mode; empty for nobody.
func others(mode fs.FileMode, private func() bool) string {
	switch {
	case mode&0o002 != 0:
		return "every user"
	case mode&0o020 != 0 && !private():
		return "a group of users"
	}
	return ""
}
