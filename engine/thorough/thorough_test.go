package thorough_test

import (
	"slices"
	"testing"

	"camform/engine/thorough"
)

func TestTheEnvironmentAsksForEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("the flag -short wins")
	}
	for value, want := range map[string]string{"": "usual", "long": "long", "short": "usual"} {
		t.Setenv(thorough.Variable, value)
		if have := thorough.Pick("short", "usual", "long"); have != want {
			t.Errorf("%s=%s plays %s, want %s", thorough.Variable, value, have, want)
		}
	}
}

func TestShortWins(t *testing.T) {
	if !testing.Short() {
		t.Skip("only with -short")
	}
	t.Setenv(thorough.Variable, "long")
	if have := thorough.Pick("short", "usual", "long"); have != "short" {
		t.Errorf("it plays %s", have)
	}
}

func TestASpreadReachesFromEndToEnd(t *testing.T) {
	all := []int{0, 1, 2, 3, 4, 5, 6}
	for n, want := range map[int][]int{
		1: {6}, 2: {0, 6}, 3: {0, 3, 6}, 4: {0, 2, 4, 6}, 7: all, 8: all, thorough.All: all,
	} {
		if have := thorough.Spread(all, n); !slices.Equal(have, want) {
			t.Errorf("%d of %v are %v, want %v", n, all, have, want)
		}
	}
}
