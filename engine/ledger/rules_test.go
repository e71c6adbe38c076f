package ledger_test

import (
	"errors"
	"testing"

	"camform/engine/ledger"
	"camform/providers"
)

// An attempt whose outcome is unknown has no end that could be compared with that of a success.
func TestASuccessRefundsNoAttemptThatCameAfterIt(t *testing.T) {
	history := []ledger.Entry{entry("a", ledger.Accepted, 0, unknown), entry("a", ledger.Open, 1, unknown)}
	err := ledger.Decide(history, ledger.Attempt{Credential: "a", Remaining: unknown}, noon.Add(minutes(2)))
	if !errors.Is(err, providers.ErrBudget) {
		t.Errorf("got %v, want the open attempt to count", err)
	}
}
