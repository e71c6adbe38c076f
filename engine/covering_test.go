package engine_test

import (
	"slices"
	"testing"
)

// covering returns rows of at most width numbers below n, such that every two numbers that may meet stand together in one, and each
// that meets none stands in one by itself. Seen says whether two numbers of a row can be seen there, given the whole row.
func covering(n, width int, seen func(row []int, a, b int) bool) [][]int {
	open := map[[2]int]bool{}
	for a := range n {
		for b := a + 1; b < n; b++ {
			if seen([]int{a, b}, a, b) {
				open[[2]int{a, b}] = true
			}
		}
	}
	gain := func(row []int) int {
		count := 0
		for i, a := range row {
			for _, b := range row[i+1:] {
				if open[[2]int{min(a, b), max(a, b)}] && seen(row, a, b) {
					count++
				}
			}
		}
		return count
	}
	var rows [][]int
	met := make([]bool, n)
	for a := range n {
		for b := a + 1; b < n; b++ {
			if !open[[2]int{a, b}] {
				continue
			}
			row := []int{a, b}
			for have := gain(row); len(row) < width; {
				best := -1
				for c := range n {
					if g := gain(append(slices.Clone(row), c)); !slices.Contains(row, c) && g > have {
						best, have = c, g
					}
				}
				if best < 0 {
					break
				}
				row = append(row, best)
			}
			for i, x := range row {
				met[x] = true
				for _, y := range row[i+1:] {
					if seen(row, x, y) {
						delete(open, [2]int{min(x, y), max(x, y)})
					}
				}
			}
			rows = append(rows, row)
		}
	}
	for a := range n {
		if !met[a] {
			rows = append(rows, []int{a})
		}
	}
	return rows
}

func TestACoveringArrayHasEveryPair(t *testing.T) {
	const n, width = 23, 4
	hides := func(x int) bool { return x%7 == 3 } // nothing beside it is seen
	seen := func(row []int, a, b int) bool {
		for _, x := range row {
			if hides(x) && x != a && x != b {
				return false
			}
		}
		return !(hides(a) && hides(b)) && a != 5 && b != 5
	}
	rows := covering(n, width, seen)
	alone := false
	for a := range n {
		for b := a + 1; b < n; b++ {
			covered := slices.ContainsFunc(rows, func(row []int) bool { return slices.Contains(row, a) && slices.Contains(row, b) && seen(row, a, b) })
			if want := seen([]int{a, b}, a, b); covered != want {
				t.Errorf("%d and %d: covered %t, want %t", a, b, covered, want)
			}
		}
	}
	for _, row := range rows {
		alone = alone || slices.Equal(row, []int{5})
		if len(row) > width {
			t.Errorf("row %v is too long", row)
		}
	}
	if most := n * n / 4; !alone || len(rows) > most {
		t.Errorf("%d rows, want %d at most; what meets nothing is there: %t", len(rows), most, alone)
	}
}
