package state

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// writing is the byte of the shared-memory file of a database in WAL mode that SQLite locks while a process writes.
const writing = "120"

// holder says which process writes to a database now and what to do about it, by what the kernel reports about locks; empty where
// that is not known. No file of the database is opened for it: to close one would give up the locks of this process.
func holder(path string) string {
	info, err := os.Stat(path + "-shm")
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	locks, err := os.ReadFile("/proc/locks")
	if err != nil || !ok {
		return ""
	}
	inode := ":" + strconv.FormatUint(stat.Ino, 10)
	for line := range strings.Lines(string(locks)) {
		// 1: POSIX  ADVISORY  WRITE 4711 08:01:1234567 120 120
		f := strings.Fields(line)
		if len(f) != 8 || f[3] != "WRITE" || !strings.HasSuffix(f[5], inode) || f[6] != writing {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 && pid != os.Getpid() {
			return processOf(pid)
		}
	}
	return ""
}

// processOf says what a process is and what to do about it. A command is shown without its options and arguments.
func processOf(pid int) string {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	command := ""
	if text, err := os.ReadFile(filepath.Join(proc, "cmdline")); err == nil {
		words := strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
		words[0] = filepath.Base(words[0])
		command = strings.Join(words[:min(len(words), 2)], " ")
		if len(words) > 1 && strings.HasPrefix(words[1], "-") {
			command = words[0]
		}
		command = fmt.Sprintf(" (%s)", command)
	}
	if strings.EqualFold(condition(pid), "T") {
		return fmt.Sprintf("process %d%s is writing to it and is stopped. Resume it with: kill -CONT %d. Or end it with: kill -KILL %d", pid, command, pid, pid)
	}
	return fmt.Sprintf("process %d%s is writing to it. Wait for it to end, or end it with: kill %d", pid, command, pid)
}

// condition is the letter that the kernel has for what a process does: T or t for one that is stopped, by a signal or by a debugger, Z
// for one that has ended and that its parent has not asked about; empty where that is not known.
func condition(pid int) string {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ""
	}
	behind := strings.LastIndex(string(stat), ") ") // the name, which may be anything
	if behind < 0 {
		return ""
	}
	letter, _, _ := strings.Cut(string(stat[behind+2:]), " ")
	return letter
}

// over reports whether a process has ended although the operating system still keeps a record of it, as it does in a container whose
// first process does not ask about the others.
func over(pid int) bool { return condition(pid) == "Z" }
