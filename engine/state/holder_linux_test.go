package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() { scenarios["hold"] = holdTheRightToWrite }

// holdTheRightToWrite begins to write and does not go on.
func holdTheRightToWrite(s *Store) error {
	_, err := s.writer.ExecContext(context.Background(), "BEGIN IMMEDIATE")
	fmt.Println("holds")
	return err
}

// A process that cannot write learns which process prevents it, whether that is stopped, and what to do.
func TestABusyDatabaseNamesTheProcessThatHoldsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	_, err := s.writer.ExecContext(t.Context(), "PRAGMA busy_timeout = 1")
	ok(t, err)
	c := startChild(t, "hold", path)
	if got := c.line(t); got != "holds" {
		t.Fatal(got)
	}
	pid := c.command.Process.Pid
	who := fmt.Sprintf("process %d (%s) is writing to it", pid, filepath.Base(os.Args[0]))
	for _, step := range []struct {
		signal syscall.Signal
		want   string
	}{
		{0, fmt.Sprintf("%s. Wait for it to end, or end it with: kill %d", who, pid)},
		{syscall.SIGSTOP, fmt.Sprintf("%s and is stopped. Resume it with: kill -CONT %d. Or end it with: kill -KILL %d", who, pid, pid)},
	} {
		ok(t, c.command.Process.Signal(step.signal))
		for step.signal == syscall.SIGSTOP && condition(pid) != "T" { // a signal takes a moment
			time.Sleep(time.Millisecond)
			if condition(pid) == "" {
				t.Fatal("the process is gone")
			}
		}
		if err := s.BeginRun(t.Context(), Run{ID: "r"}); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), step.want) {
			t.Errorf("it says\n%v\nwant\n%s", err, step.want)
		}
	}
	c.kill(t)
	ok(t, s.BeginRun(t.Context(), Run{ID: "r"}))
}

// Where no other process writes, none is named: neither a reader, nor this one.
func TestWhoOnlyReadsIsNotNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, Options{})
	if got := holder(path); got != "" {
		t.Errorf("nobody writes, and it names %s", got)
	}
	c := startChild(t, "charge", path)
	c.line(t)
	tx := must[*sql.Tx](t)(s.db.BeginTx(t.Context(), nil))
	defer func() { _ = tx.Rollback() }()
	if got := holder(path); got != "" {
		t.Errorf("no other process writes, and it names %s", got)
	}
}

// A process that has ended is waited for by nobody, also where its parent did not ask about it yet.
func TestAProcessThatHasEndedIsNotAliveUntilItsParentAsks(t *testing.T) {
	c := startChild(t, "hold", filepath.Join(t.TempDir(), "state.db"))
	c.line(t)
	pid := c.command.Process.Pid
	if !alive(pid) {
		t.Fatal("it runs")
	}
	ok(t, c.command.Process.Kill())
	for condition(pid) != "Z" { // a signal takes a moment
		time.Sleep(time.Millisecond)
		if condition(pid) == "" {
			t.Fatal("the process is gone, and nobody asked about it")
		}
	}
	if alive(pid) {
		t.Error("it has ended")
	}
	c.kill(t)
}
