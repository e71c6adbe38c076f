package main

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestACrashLeavesNoMemoryBehind(t *testing.T) {
	harden()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("crash dumps may have %d bytes (%v)", limit.Cur, err)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("other programs may look into the memory: %d (%v)", dumpable, err)
	}
}
