//go:build unix

package state

import (
	"errors"
	"syscall"
)

// alive asks the operating system whether a process runs. One that belongs to somebody else does.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return (err == nil || errors.Is(err, syscall.EPERM)) && !over(pid)
}
