package engine

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"camform/engine/ledger"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// twoProcesses are the ledgers of two processes on one state, and a clock that a sleep puts forward.
func twoProcesses(t *testing.T) (ours *attempts, other *state.Attempts, told *[]report.Event) {
	t.Helper()
	path, now := filepath.Join(t.TempDir(), "state.db"), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	open := func(pid int) *state.Attempts {
		s, err := state.Open(t.Context(), path, state.Options{
			Now: func() time.Time { return now }, Owner: state.Owner{Who: "ann@desk", PID: pid}, Alive: func(int) bool { return true },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s.Attempts
	}
	told = &[]report.Event{}
	ours = &attempts{
		Ledger: open(1), stage: report.Refresh, event: func(e report.Event) { *told = append(*told, e) },
		sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
	}
	return ours, open(2), told
}

func admin(password string) providers.Attempt {
	return providers.Attempt{
		Endpoint: "192.0.2.1:443", Remaining: providers.RemainingUnknown,
		Credential: providers.Credential{Username: "admin", Password: schema.NewSecret(password)},
	}
}

// Several plans at once log in to one device one after the other: none takes the login of another one for one that was cut off.
func TestALoginWaitsForTheAnswerThatAnotherProcessWaitsFor(t *testing.T) {
	for name, result := range map[string]*providers.AttemptResult{
		"accepted": {Accepted: true, Remaining: providers.RemainingUnknown}, "refused": {Remaining: providers.RemainingUnknown}, "never": nil,
	} {
		ours, other, told := twoProcesses(t)
		charge, err := other.Charge(t.Context(), admin("right"))
		if err != nil {
			t.Fatal(err)
		}
		sleep, slept := ours.sleep, 0
		ours.sleep = func(ctx context.Context, d time.Duration) error {
			if slept++; slept == 3 && result != nil {
				if err := errors.Join(other.Settle(ctx, charge, *result), other.Leave(ctx, charge)); err != nil {
					t.Error(err)
				}
			}
			return sleep(ctx, d)
		}
		_, err = ours.Charge(t.Context(), admin("right"))
		refusal, refused := errors.AsType[*ledger.Refusal](err)
		wait := int(ledger.Grace / attemptBeat)
		switch {
		case name == "accepted" && (err != nil || slept != 3):
			t.Errorf("%s: %v after %d looks", name, err, slept)
		case name == "refused" && (!refused || refusal.Cause != ledger.Again || slept != 3):
			t.Errorf("%s: %v after %d looks", name, err, slept)
		case name == "never" && (!refused || refusal.Cause != ledger.Forgotten || slept != wait):
			t.Errorf("%s: %v after %d looks", name, err, slept)
		}
		if len(*told) != 1 || (*told)[0].Kind != report.Waiting {
			t.Errorf("%s: it told %+v", name, *told)
		}
	}
}

// Runs that work on a device that tells nothing at once take turns, and one that tells is for all.
func TestARunWaitsForTheSessionOfAnotherProcess(t *testing.T) {
	for remaining, turns := range map[int]bool{providers.RemainingUnknown: true, 5: false} {
		ours, other, told := twoProcesses(t)
		asked := admin("right")
		asked.Remaining = remaining
		charge, err := other.Charge(t.Context(), asked)
		if err == nil {
			err = other.Settle(t.Context(), charge, providers.AttemptResult{Accepted: true, Remaining: providers.RemainingUnknown})
		}
		if err != nil {
			t.Fatal(err)
		}
		sleep, slept := ours.sleep, 0
		ours.sleep = func(ctx context.Context, d time.Duration) error {
			if slept++; slept == int(2*ledger.Grace/attemptBeat) {
				if err := other.Leave(ctx, charge); err != nil {
					t.Error(err)
				}
			}
			return sleep(ctx, d)
		}
		if _, err := ours.Charge(t.Context(), asked); err != nil || (slept > 0) != turns || (len(*told) == 1) != turns {
			t.Errorf("with %d left: %v after %d looks, told %+v", remaining, err, slept, *told)
		}
	}
}

// A run that waits on many devices for one process says so once, and names it.
func TestAWaitForAProcessIsToldOnce(t *testing.T) {
	ours, other, told := twoProcesses(t)
	for _, host := range []string{"192.0.2.1:443", "192.0.2.2:443"} {
		asked := admin("right")
		asked.Endpoint = host
		if _, err := other.Charge(t.Context(), asked); err != nil {
			t.Fatal(err)
		}
		if err := ours.Allow(t.Context(), asked); err == nil {
			t.Error("it does not wait")
		}
	}
	want := "process 2 of ann@desk is working on 192.0.2.1:443; camform waits at most 5 minutes for a device"
	if len(*told) != 1 || (*told)[0].Detail != want {
		t.Errorf("it told %+v, want %q", *told, want)
	}
}

// A second session of a process does not end the first.
func TestASecondSessionDoesNotEndTheFirst(t *testing.T) {
	ours, other, _ := twoProcesses(t)
	var charges []providers.Charge
	for range 2 {
		charge, err := other.Charge(t.Context(), admin("right"))
		if err == nil {
			err = other.Settle(t.Context(), charge, providers.AttemptResult{Accepted: true, Remaining: providers.RemainingUnknown})
		}
		if err != nil {
			t.Fatal(err)
		}
		charges = append(charges, charge)
	}
	if err := other.Leave(t.Context(), charges[1]); err != nil {
		t.Fatal(err)
	}
	ours.sleep = func(context.Context, time.Duration) error { return context.Canceled }
	if _, err := ours.Charge(t.Context(), admin("right")); err == nil {
		t.Error("it logs in while the first session lasts")
	}
	if err := other.Leave(t.Context(), charges[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := ours.Charge(t.Context(), admin("right")); err != nil {
		t.Error(err)
	}
}

// Who interrupts the run need not wait.
func TestAnInterruptEndsTheWaitForALogin(t *testing.T) {
	ours, other, _ := twoProcesses(t)
	if _, err := other.Charge(t.Context(), admin("right")); err != nil {
		t.Fatal(err)
	}
	ours.sleep = func(context.Context, time.Duration) error { return context.Canceled }
	refusal, refused := errors.AsType[*ledger.Refusal](ours.Allow(t.Context(), admin("right")))
	if !refused || refusal.Cause != ledger.UnderWay {
		t.Errorf("got %+v", refusal)
	}
}

// fullDisk is a ledger of a state that cannot be written any more once a login is charged.
type fullDisk struct{ providers.Ledger }

func (fullDisk) Settle(context.Context, providers.Charge, providers.AttemptResult) error {
	return state.ErrFull
}

// A provider goes on where the end of a login cannot be noted, and the state has a problem all the same.
func TestANoteAboutALoginThatIsNotWrittenIsTold(t *testing.T) {
	ours, _, _ := twoProcesses(t)
	ours.Ledger = fullDisk{ours.Ledger}
	for range 2 {
		if err := ours.Settle(t.Context(), 1, providers.AttemptResult{Accepted: true}); !errors.Is(err, state.ErrFull) {
			t.Errorf("got %v", err)
		}
	}
	if failed := ours.failed(); len(failed) != 1 || !errors.Is(failed[0], state.ErrFull) {
		t.Errorf("it tells %v", failed)
	}
}
