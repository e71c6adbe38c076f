package graph

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSortPutsNeedsFirstAndFindsCycles(t *testing.T) {
	tests := map[string]struct {
		nodes  []string
		needs  map[string][]string
		order  []string
		cycles [][]string
	}{
		"nothing":                      {},
		"independent nodes stay":       {nodes: []string{"c", "a", "b"}, order: []string{"c", "a", "b"}},
		"chain":                        {nodes: []string{"a", "b", "c"}, needs: map[string][]string{"a": {"b"}, "b": {"c"}}, order: []string{"c", "b", "a"}},
		"diamond":                      {nodes: []string{"a", "b", "c", "d"}, needs: map[string][]string{"a": {"b", "c"}, "b": {"d"}, "c": {"d"}}, order: []string{"d", "b", "c", "a"}},
		"needs of no node are ignored": {nodes: []string{"a"}, needs: map[string][]string{"a": {"x"}}, order: []string{"a"}},
		"self": {
			nodes: []string{"a", "b"}, needs: map[string][]string{"a": {"a"}}, order: []string{"a", "b"},
			cycles: [][]string{{"a"}},
		},
		"circle": {
			nodes: []string{"a", "b", "c", "d"}, needs: map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"a", "d"}},
			order: []string{"d", "a", "b", "c"}, cycles: [][]string{{"a", "b", "c"}},
		},
		"two circles": {
			nodes: []string{"a", "b", "c", "d"}, needs: map[string][]string{"a": {"b"}, "b": {"a"}, "c": {"d", "a"}, "d": {"c"}},
			order: []string{"a", "b", "c", "d"}, cycles: [][]string{{"a", "b"}, {"c", "d"}},
		},
		"shortest way round": {
			nodes: []string{"a", "b", "c"}, needs: map[string][]string{"a": {"b", "c"}, "b": {"c"}, "c": {"a"}},
			order: []string{"a", "b", "c"}, cycles: [][]string{{"a", "c"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			order, cycles := Sort(test.nodes, func(n string) []string { return test.needs[n] })
			if diff := cmp.Diff(test.order, order); diff != "" {
				t.Errorf("order (-want +have):\n%s", diff)
			}
			if diff := cmp.Diff(test.cycles, cycles); diff != "" {
				t.Errorf("cycles (-want +have):\n%s", diff)
			}
		})
	}
}

func TestSortHoldsInRandomGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 12).Draw(t, "count")
		needs := make([][]int, count)
		nodes := make([]int, count)
		for i := range nodes {
			nodes[i] = i
			needs[i] = rapid.SliceOfN(rapid.IntRange(0, count-1), 0, 3).Draw(t, "needs")
		}
		order, cycles := Sort(nodes, func(n int) []int { return needs[n] })

		sorted := slices.Sorted(slices.Values(order))
		if !slices.Equal(sorted, nodes) {
			t.Fatalf("order %v does not hold every node once", order)
		}
		for _, cycle := range cycles {
			for i, n := range cycle {
				if next := cycle[(i+1)%len(cycle)]; !slices.Contains(needs[n], next) {
					t.Fatalf("%d does not need %d in cycle %v", n, next, cycle)
				}
			}
		}
		for at, n := range order {
			for _, m := range needs[n] {
				if slices.Index(order, m) >= at && len(cycles) == 0 {
					t.Fatalf("%d needs %d, which stands behind it, and there is no cycle", n, m)
				}
			}
		}
	})
}
