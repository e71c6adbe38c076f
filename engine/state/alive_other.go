//go:build !unix

package state

import "os"

// alive asks the operating system whether a process runs.
func alive(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = process.Release()
	return true
}
