package statetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"camform/engine/ledger"
	"camform/providers"
	"camform/schema"
)

const (
	unknown  = providers.RemainingUnknown
	endpoint = "192.0.2.1:443"
)

// attempts is a ledger under test.
type attempts struct {
	*testing.T
	clock
	providers.Ledger
}

func attempt(password string, remaining int) providers.Attempt {
	return providers.Attempt{
		Endpoint: endpoint, Remaining: remaining,
		Credential: providers.Credential{Username: "admin", Password: schema.NewSecret(password)},
	}
}

func (l *attempts) charge(a providers.Attempt) providers.Charge {
	l.Helper()
	c, err := l.Charge(l.Context(), a)
	if err != nil {
		l.Fatal(err)
	}
	return c
}

// settle is Settle in spite of an interrupt.
func (l *attempts) settle(c providers.Charge, r providers.AttemptResult) {
	l.Helper()
	ctx, cancel := context.WithCancel(l.Context())
	cancel()
	if err := l.Settle(ctx, c, r); err != nil {
		l.Fatal(err)
	}
}

func (l *attempts) refused(a providers.Attempt, family error, until time.Time) {
	l.Helper()
	_, err := l.Charge(l.Context(), a)
	var refusal *ledger.Refusal
	if !errors.As(err, &refusal) || !errors.Is(err, family) || !refusal.Until.Equal(until) {
		l.Fatalf("got %v, want %v until %v", err, family, until)
	}
}

// Attempts tests a ledger of login attempts.
func Attempts(t *testing.T, open Opener[providers.Ledger]) {
	for rule, test := range map[string]func(*attempts){
		"I5 a refused password is not tried again": refusedPassword,
		"a lock is kept": lock,
		"a success refunds what a process left open":       refund,
		"a charge is settled once":                         settledOnce,
		"a question charges nothing":                       question,
		"a contested attempt is decided by one more":       contested,
		"a clock that goes back does not shorten the wait": clockGoesBack,
	} {
		t.Run(rule, func(t *testing.T) {
			l := &attempts{T: t, clock: clock{noon}}
			l.Ledger = open(t, options(&l.clock))()
			test(l)
		})
	}
}

func refusedPassword(l *attempts) {
	first := l.charge(attempt("wrong", unknown))
	l.advance(time.Second)
	l.settle(first, providers.AttemptResult{Remaining: 4})
	until := noon.Add(time.Second + ledger.Window)
	l.refused(attempt("wrong", 4), providers.ErrRefused, until)
	l.refused(attempt("right", 2), providers.ErrBudget, until)

	same := attempt("wrong", 4)
	same.Endpoint = "192.0.2.2:443" // another device
	l.charge(same)
	user := attempt("wrong", 4)
	user.Credential.Username = "operator" // another credential
	l.settle(l.charge(user), providers.AttemptResult{Accepted: true})
	l.settle(l.charge(attempt("right", 4)), providers.AttemptResult{Accepted: true})
	l.t = until
	l.charge(attempt("wrong", unknown))
}

func lock(l *attempts) {
	l.settle(l.charge(attempt("wrong", 3)), providers.AttemptResult{Remaining: 0, Lock: time.Hour})
	l.refused(attempt("right", 5), providers.ErrLocked, noon.Add(time.Hour+ledger.Grace))
}

func refund(l *attempts) {
	l.charge(attempt("right", unknown)) // never settled
	l.refused(attempt("right", unknown), providers.ErrBudget, noon.Add(ledger.Window))
	l.settle(l.charge(attempt("right", 5)), providers.AttemptResult{Accepted: true, Remaining: unknown})
	l.charge(attempt("right", unknown))
}

func contested(l *attempts) {
	l.settle(l.charge(attempt("right", unknown)), providers.AttemptResult{Contested: true, Remaining: unknown})
	l.refused(attempt("other", unknown), providers.ErrBudget, noon.Add(ledger.Window))
	l.settle(l.charge(attempt("right", unknown)), providers.AttemptResult{Contested: true, Remaining: unknown})
	l.refused(attempt("right", unknown), providers.ErrBudget, noon.Add(ledger.Window))
}

func question(l *attempts) {
	if err := l.Allow(l.Context(), attempt("right", unknown)); err != nil {
		l.Error(err)
	}
	l.settle(l.charge(attempt("wrong", unknown)), providers.AttemptResult{Remaining: unknown})
	for a, least := range map[providers.Attempt]providers.Consent{
		attempt("right", unknown): providers.AtRisk, attempt("right", 3): providers.AtRisk, attempt("right", 2): providers.ByRun,
	} {
		refusal, refused := errors.AsType[*ledger.Refusal](l.Allow(l.Context(), a))
		if !refused || !refusal.Until.Equal(noon.Add(ledger.Window)) || refusal.Least != least {
			l.Errorf("with %d left: got %+v, want the least consent %q", a.Remaining, refusal, least)
		}
		l.refused(a, providers.ErrBudget, noon.Add(ledger.Window))
	}
	l.t = noon.Add(ledger.Window)
	if err := l.Allow(l.Context(), attempt("right", unknown)); err != nil {
		l.Error(err)
	}
	l.charge(attempt("right", unknown))
}

func settledOnce(l *attempts) {
	c := l.charge(attempt("right", unknown))
	l.settle(c, providers.AttemptResult{Accepted: true})
	if l.Settle(l.Context(), c, providers.AttemptResult{}) == nil || l.Settle(l.Context(), 99, providers.AttemptResult{}) == nil {
		l.Error("settled twice, or without a charge")
	}
}

func clockGoesBack(l *attempts) {
	l.settle(l.charge(attempt("wrong", 5)), providers.AttemptResult{Remaining: 4})
	l.t = noon.Add(-10 * 365 * 24 * time.Hour)
	early := l.t
	l.refused(attempt("wrong", 4), providers.ErrRefused, early.Add(ledger.Window))
	l.advance(ledger.Window - time.Second)
	l.refused(attempt("wrong", 4), providers.ErrRefused, early.Add(ledger.Window))
	l.advance(time.Second)
	l.charge(attempt("wrong", 4))
}
