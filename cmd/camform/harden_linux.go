package main

import (
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// harden keeps the memory of the program, which holds passwords, out of crash dumps and away from other programs of the same
// user. What cannot be had is done without: it is a second line of defence.
func harden() {
	debug.SetTraceback("single")
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
