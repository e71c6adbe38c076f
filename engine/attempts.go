package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"camform/engine/ledger"
	"camform/engine/report"
	"camform/providers"
)

// attemptBeat is how often an attempt that waits for another process asks again.
const attemptBeat = 100 * time.Millisecond

// attempts is the ledger of those who log in to devices. It waits while another process waits for the answer to its login, and notes
// what could not be written: providers go on then, since the attempt counts as refused.
type attempts struct {
	providers.Ledger
	event func(report.Event)
	stage report.Stage
	sleep func(ctx context.Context, d time.Duration) error

	mu        sync.Mutex
	unwritten []error
	awaited   map[string]bool // the processes that were waited for
}

func (a *attempts) Charge(ctx context.Context, attempt providers.Attempt) (charge providers.Charge, err error) {
	err = a.patiently(ctx, attempt, func() error {
		charge, err = a.Ledger.Charge(ctx, attempt)
		return err
	})
	return charge, err
}

func (a *attempts) Allow(ctx context.Context, attempt providers.Attempt) error {
	return a.patiently(ctx, attempt, func() error { return a.Ledger.Allow(ctx, attempt) })
}

// patiently asks until no other process waits for the answer to its login, or is at work on a device that tells nothing: for as long as
// the ledger may say so.
func (a *attempts) patiently(ctx context.Context, attempt providers.Attempt, ask func() error) error {
	for waited := time.Duration(0); ; waited += attemptBeat {
		err := ask()
		refusal, refused := errors.AsType[*ledger.Refusal](err)
		if !refused || refusal.Cause != ledger.UnderWay || waited > ledger.Session {
			return err
		}
		if waited == 0 {
			a.waits(attempt.Endpoint, refusal)
		}
		if a.sleep(ctx, attemptBeat) != nil {
			return err
		}
	}
}

// waits tells once of each process that the run waits for.
func (a *attempts) waits(endpoint string, refusal *ledger.Refusal) {
	a.mu.Lock()
	told := a.awaited[refusal.By]
	if a.awaited == nil {
		a.awaited = map[string]bool{}
	}
	a.awaited[refusal.By] = true
	a.mu.Unlock()
	if !told {
		a.event(report.Event{Kind: report.Waiting, Stage: a.stage, Detail: fmt.Sprintf("%s is working on %s; camform waits at most %d minutes for a device",
			refusal.By, endpoint, int(ledger.Session.Minutes()))})
	}
}

func (a *attempts) Settle(ctx context.Context, c providers.Charge, r providers.AttemptResult) error {
	return a.noted(countsAsRefused, a.Ledger.Settle(ctx, c, r))
}

func (a *attempts) Leave(ctx context.Context, c providers.Charge) error {
	return a.noted("the end of a session could not be recorded, so other runs wait for it", a.Ledger.Leave(ctx, c))
}

func (a *attempts) Return(ctx context.Context, c providers.Charge) error {
	return a.noted(countsAsRefused, a.Ledger.Return(ctx, c))
}

func (a *attempts) Locked(ctx context.Context, endpoint string, d time.Duration) error {
	return a.noted(countsAsRefused, a.Ledger.Locked(ctx, endpoint, d))
}

// countsAsRefused is what comes of a login whose end is not noted.
const countsAsRefused = "the outcome of a login could not be recorded, so it is taken as a rejection"

func (a *attempts) noted(effect string, err error) error {
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.unwritten = append(a.unwritten, fmt.Errorf("%s: %w", effect, err))
	}
	return err
}

// failed is what kept notes from being written: the first of these, which the others resemble.
func (a *attempts) failed() []error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.unwritten[:min(len(a.unwritten), 1)]
}
