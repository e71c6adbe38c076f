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

// patiently asks until no other process waits for the answer to its login, for as long as an answer may take.
func (a *attempts) patiently(ctx context.Context, attempt providers.Attempt, ask func() error) error {
	for waited := time.Duration(0); ; waited += attemptBeat {
		err := ask()
		refusal, refused := errors.AsType[*ledger.Refusal](err)
		if !refused || refusal.Cause != ledger.UnderWay || waited > ledger.Grace {
			return err
		}
		if waited == 0 {
			a.event(report.Event{Kind: report.Waiting, Stage: a.stage, Detail: "it logs in to " + attempt.Endpoint})
		}
		if a.sleep(ctx, attemptBeat) != nil {
			return err
		}
	}
}

func (a *attempts) Settle(ctx context.Context, c providers.Charge, r providers.AttemptResult) error {
	return a.noted(a.Ledger.Settle(ctx, c, r))
}

func (a *attempts) Return(ctx context.Context, c providers.Charge) error {
	return a.noted(a.Ledger.Return(ctx, c))
}

func (a *attempts) Locked(ctx context.Context, endpoint string, d time.Duration) error {
	return a.noted(a.Ledger.Locked(ctx, endpoint, d))
}

func (a *attempts) noted(err error) error {
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.unwritten = append(a.unwritten, fmt.Errorf("what became of a login is not noted, so that it counts as refused: %w", err))
	}
	return err
}

// failed is what kept notes from being written: the first of these, which the others resemble.
func (a *attempts) failed() []error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.unwritten[:min(len(a.unwritten), 1)]
}
