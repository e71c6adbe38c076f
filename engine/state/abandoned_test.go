package state

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A process that was killed leaves its leases behind. The next camform on the same machine takes them over at
// once; on another machine, or while the owner lives, they hold.
func TestLeasesOfTheDeadAreTakenOver(t *testing.T) {
	for title, c := range map[string]struct {
		who   string
		alive bool
		taken bool
	}{
		"dead, same person and machine":  {"ann@desk", false, true},
		"alive, same person and machine": {"ann@desk", true, false},
		"another machine":                {"ann@laptop", false, false},
	} {
		t.Run(title, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			open := func(who string, pid int) *Store {
				s, err := Open(t.Context(), path, Options{
					Owner: Owner{Who: who, PID: pid, Operation: "apply"},
					Alive: func(asked int) bool { return asked != 41 || c.alive },
				})
				ok(t, err)
				t.Cleanup(func() { _ = s.Close() })
				return s
			}
			killed := open("ann@desk", 41)
			old := acquire(t, killed, "n", "r1")
			leases, err := open(c.who, 42).Acquire(t.Context(), "r2", device("n"))
			var held *HeldError
			switch {
			case c.taken && (err != nil || leases[0].Token <= old.Token):
				t.Errorf("got %+v, %v; want the lease with a new token", leases, err)
			case !c.taken && !errors.As(err, &held):
				t.Errorf("got %+v, %v; want that it is held", leases, err)
			}
			if _, err := killed.Begin(t.Context(), old, Intent{Method: "PUT"}); c.taken && !errors.Is(err, ErrLeaseLost) {
				t.Errorf("the old owner may still write: %v", err)
			}
		})
	}
}

func TestProcessesLiveOrDoNot(t *testing.T) {
	if !alive(os.Getpid()) {
		t.Error("this process lives")
	}
	child := exec.Command(os.Args[0], "-test.run=^$")
	ok(t, child.Run())
	if alive(child.Process.Pid) {
		t.Error("a process that has ended lives")
	}
}
