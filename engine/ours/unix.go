//go:build unix

package ours

import (
	"io/fs"
	"os/user"
	"strconv"
	"syscall"
)

const hasModes = true

// ownerOf is the user to whom a file belongs.
func ownerOf(info fs.FileInfo) (uid int, known bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}

// privateGroup reports whether the group of a file is that of its owner alone, by its name.
func privateGroup(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	owner, err := user.LookupId(strconv.FormatUint(uint64(stat.Uid), 10))
	if err != nil {
		return false
	}
	group, err := user.LookupGroupId(strconv.FormatUint(uint64(stat.Gid), 10))
	return err == nil && group.Name == owner.Username
}
