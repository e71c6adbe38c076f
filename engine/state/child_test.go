package state

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"camform/providers"
	"camform/schema"
)

// Tests that need another process run the test binary again with these variables.
const (
	childVariable = "CAMFORM_STATE_CHILD"
	pathVariable  = "CAMFORM_STATE_PATH"
)

// childMain is what the other process does. It says what it has done on its output, line by line, and ends when it is
// killed or its input ends.
func childMain(scenario string) {
	path := os.Getenv(pathVariable)
	if text := os.Getenv(serverVariable); text != "" {
		path = knownServer(text)
	}
	if scenario == migrating {
		fmt.Println("error:", migrateUntilKilled(path))
		os.Exit(1)
	}
	s, err := openAt(context.Background(), path, Options{Owner: Owner{Who: "child", PID: os.Getpid()}})
	if err == nil {
		err = scenarios[scenario](s)
	}
	if err != nil {
		fmt.Println("error:", err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

var scenarios = map[string]func(*Store) error{
	// charge spends a login attempt and does not settle it.
	"charge": func(s *Store) error {
		charge, err := s.Charge(context.Background(), attempt("wrong", 5))
		fmt.Println("charged", charge)
		return err
	},
	// begin writes an intent and does not finish it.
	"begin": func(s *Store) error {
		leases, err := s.Acquire(context.Background(), "r1", device("n"))
		if err != nil {
			return err
		}
		id, err := s.Begin(context.Background(), leases[0], Intent{Method: "PUT", Document: "/x"})
		fmt.Println("begun", id)
		return err
	},
	// move stays in the middle of a move.
	"move": moveAndHang,
	// race takes and gives back the lease of one device, and counts in between.
	"race": func(s *Store) error {
		for won := 0; won < 20; {
			leases, err := s.Acquire(context.Background(), "r", device("n"))
			if err != nil {
				continue
			}
			won++
			count, err := readCount(s)
			if err != nil {
				return err
			}
			row := Setting{Address: setting("n", "count", ""), Applied: fmt.Appendf(nil, `{"n":%d}`, count+1)}
			if err := s.Record(context.Background(), leases[0], []Setting{row}, nil); err != nil {
				return err
			}
			if err := s.Release(context.Background(), leases[0]); err != nil {
				return err
			}
		}
		fmt.Println("won")
		return nil
	},
}

// child is another process on the same store.
type child struct {
	command *exec.Cmd
	lines   *bufio.Scanner
	input   io.Closer
}

func startChild(t *testing.T, scenario, path string) *child {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childVariable+"="+scenario, pathVariable+"="+path, serverVariable+"="+describeServer(path))
	c.Stderr = os.Stderr
	input := must[io.WriteCloser](t)(c.StdinPipe())
	output := must[io.ReadCloser](t)(c.StdoutPipe())
	ok(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	return &child{c, bufio.NewScanner(output), input}
}

// line waits for the next line of the child.
func (c *child) line(t *testing.T) string {
	t.Helper()
	if !c.lines.Scan() {
		t.Fatalf("the process said nothing: %v", c.lines.Err())
	}
	return c.lines.Text()
}

// kill ends the child as kill -9 does, and waits until it is gone.
func (c *child) kill(t *testing.T) {
	t.Helper()
	ok(t, c.command.Process.Kill())
	_ = c.command.Wait()
}

func attempt(password string, remaining int) providers.Attempt {
	return providers.Attempt{
		Endpoint:   "192.0.2.1:443",
		Credential: providers.Credential{Username: "admin", Password: schema.NewSecret(password)},
		Remaining:  remaining,
	}
}

func readCount(s *Store) (int, error) {
	settings, err := s.SettingsOf(context.Background(), device("n"))
	if err != nil || len(settings) == 0 {
		return 0, err
	}
	var n int
	_, err = fmt.Sscanf(string(settings[setting("n", "count", "")].Applied), `{"n":%d}`, &n)
	return n, err
}
