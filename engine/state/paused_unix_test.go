//go:build unix

package state

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() { scenarios["pause"] = writeWhenTold }

// writeWhenTold takes the lease of a device, and writes with it when its input ends.
func writeWhenTold(s *Store) error {
	lease, err := s.Acquire(context.Background(), "r1", device("n"))
	if err != nil {
		return err
	}
	fmt.Println("holds it")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	_, err = s.Begin(context.Background(), lease[0], Intent{Method: "PUT", Document: "/late"})
	fmt.Println(err)
	return nil
}

// A process that was stopped, and wakes up after another one took its device over, is refused: nothing is sent without an intent.
func TestAPausedWorkerIsRefused(t *testing.T) {
	both := map[string]func(t *testing.T) string{
		"a file":   func(t *testing.T) string { s, _ := newStore(t); return s.path },
		"a server": func(t *testing.T) string { return newServer(t) },
	}
	for name, path := range both {
		t.Run(name, func(t *testing.T) {
			at := path(t)
			c := startChild(t, "pause", at)
			if line := c.line(t); line != "holds it" {
				t.Fatal(line)
			}
			ok(t, c.command.Process.Signal(syscall.SIGSTOP))
			later := &clock{time.Now().Add(2 * LeaseTime)}
			s := open(t, at, Options{Now: later.now, Alive: func(int) bool { return true }})
			lease := acquire(t, s, "n", "r2")
			ok(t, c.input.Close())
			ok(t, c.command.Process.Signal(syscall.SIGCONT))
			if line := c.line(t); !strings.Contains(line, ErrLeaseLost.Error()) || !strings.Contains(line, "run r2") {
				t.Errorf("it got %q", line)
			}
			if left := must[[]Intent](t)(s.OpenIntents(t.Context(), device("n"))); len(left) > 0 {
				t.Errorf("it left %v", left)
			}
			must[IntentID](t)(s.Begin(t.Context(), lease, Intent{Method: "PUT", Document: "/now"}))
		})
	}
}
