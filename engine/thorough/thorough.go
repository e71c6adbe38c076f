// Package thorough decides how much a test plays of a space of cases that is too large to be played whole each time.
//
// There are three levels, and each plays all that the one before it plays:
//
//	go test -short ./...                a quick look while one works
//	go test ./...                       the part that represents the rest; what make test runs
//	CAMFORM_TESTS=long go test ./...    everything; what make test-long runs
//
// Nothing else decides: not the machine, not the time, not chance. Tests that are no matter of size run at every level.
package thorough

import (
	"os"
	"testing"
)

// Variable names the environment variable that asks for everything, by the value "long".
const Variable = "CAMFORM_TESTS"

// Pick returns what belongs to the level of this run. The flag -short wins over the environment. It must not be called
// before flags are parsed, so not while packages are initialized.
func Pick[T any](short, usual, long T) T {
	switch {
	case testing.Short():
		return short
	case os.Getenv(Variable) == "long":
		return long
	}
	return usual
}

// OnlyUsual skips a test in a short run.
func OnlyUsual(t testing.TB) {
	t.Helper()
	if !Pick(false, true, true) {
		t.Skip("left out of short runs")
	}
}

// OnlyLong skips a test unless this run plays everything.
func OnlyLong(t testing.TB) {
	t.Helper()
	if !Pick(false, false, true) {
		t.Skipf("only with %s=long, as in make test-long", Variable)
	}
}

// Spread returns n of the cases, the first and the last among them and the others at even distances; all if there are no
// more than n. N must be positive; with n = 1 it is the last case.
func Spread[T any](all []T, n int) []T {
	if n <= 0 {
		panic("thorough: a test that plays nothing proves nothing")
	}
	if len(all) <= n {
		return all
	}
	if n == 1 {
		return all[len(all)-1:]
	}
	some := make([]T, n)
	for i := range some {
		some[i] = all[i*(len(all)-1)/(n-1)]
	}
	return some
}

// All is for Spread, where nothing is left out.
const All = 1 << 30
