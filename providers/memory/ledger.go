package memory

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"camform/providers"
)

// Ledger grants every login attempt and remembers it. The zero value is ready to use.
type Ledger struct {
	mu      sync.Mutex
	entries []LedgerEntry
	locks   map[string]time.Duration
}

// LedgerEntry is one login attempt. It carries the credential.
type LedgerEntry struct {
	Attempt  providers.Attempt
	Settled  bool
	Returned bool                    // whether it never left; then there is no result
	Result   providers.AttemptResult // meaningful only if Settled
}

var _ providers.Ledger = (*Ledger)(nil)

// Charge never fails.
func (l *Ledger) Charge(_ context.Context, a providers.Attempt) (providers.Charge, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, LedgerEntry{Attempt: a})
	return providers.Charge(len(l.entries) - 1), nil
}

// Allow never fails.
func (*Ledger) Allow(context.Context, providers.Attempt) error { return nil }

// Settle never fails. A charge that was not made, or is settled already, is a panic.
func (l *Ledger) Settle(_ context.Context, c providers.Charge, r providers.AttemptResult) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(c).Result = r
	return nil
}

// Return never fails. A charge that was not made, or is settled, is a panic.
func (l *Ledger) Return(_ context.Context, c providers.Charge) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(c).Returned = true
	return nil
}

// Leave never fails.
func (*Ledger) Leave(context.Context, providers.Charge) error { return nil }

// end is the entry of an open charge, which is not open any more.
func (l *Ledger) end(c providers.Charge) *LedgerEntry {
	if int(c) >= len(l.entries) || l.entries[c].Settled {
		panic("memory: a login attempt is settled that was not open; this is a bug")
	}
	l.entries[c].Settled = true
	return &l.entries[c]
}

// Locked never fails.
func (l *Ledger) Locked(_ context.Context, endpoint string, d time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.locks == nil {
		l.locks = map[string]time.Duration{}
	}
	l.locks[endpoint] = d
	return nil
}

// Entries are all attempts, oldest first.
func (l *Ledger) Entries() []LedgerEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

// Locks are the locks that devices reported, by endpoint: how long they were to last at the last report.
func (l *Ledger) Locks() map[string]time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.locks)
}
