package graph

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// census keeps who is being visited, and the most that ever were.
type census struct {
	mu      sync.Mutex
	now     map[string]int
	all     int
	most    int
	mostOf  map[string]int
	visited []int
}

func (c *census) enter(item int, group string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.visited = append(c.visited, item)
	c.now[group]++
	c.all++
	c.most = max(c.most, c.all)
	c.mostOf[group] = max(c.mostOf[group], c.now[group])
}

func (c *census) leave(group string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now[group]--
	c.all--
}

func TestWalkVisitsEachItemOnceWithinTheLimits(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			items := make([]int, random.IntN(60))
			for i := range items {
				items[i] = i
			}
			groups := 1 + random.IntN(4)
			group := func(i int) string {
				if i%5 == 0 {
					return ""
				}
				return strconv.Itoa(i % groups)
			}
			limits := Parallelism{Total: 1 + random.IntN(9), PerGroup: 1 + random.IntN(4)}
			pause := make([]time.Duration, len(items))
			for i := range pause {
				pause[i] = time.Duration(random.IntN(1000)) * time.Millisecond
			}
			c := &census{now: map[string]int{}, mostOf: map[string]int{}}
			left := Walk(context.Background(), items, group, limits, func(i int) {
				c.enter(i, group(i))
				defer c.leave(group(i))
				time.Sleep(pause[i])
			})
			slices.Sort(c.visited)
			if !slices.Equal(c.visited, items) || len(left) != 0 {
				t.Fatalf("seed %d: visited %v, left %v", seed, c.visited, left)
			}
			if c.most > limits.Total {
				t.Errorf("seed %d: %d at a time, limit %d", seed, c.most, limits.Total)
			}
			for g, n := range c.mostOf {
				if g != "" && n > limits.PerGroup {
					t.Errorf("seed %d: %d at a time in group %q, limit %d", seed, n, g, limits.PerGroup)
				}
			}
		})
	}
}

func TestWalkUsesWhatTheLimitsAllow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		Walk(context.Background(), make([]struct{}, 100), func(struct{}) string { return "" }, Parallelism{Total: 10},
			func(struct{}) { time.Sleep(time.Second) })
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("100 visits of 1s, 10 at a time, took %v, want 10s", took)
		}
	})
}

func TestAFullGroupDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		items := []string{"slow", "slow", "slow", "fast", "fast"}
		var fastDone time.Duration
		Walk(context.Background(), items, func(s string) string { return s }, Parallelism{Total: 2, PerGroup: 1}, func(s string) {
			if s == "slow" {
				time.Sleep(time.Minute)
				return
			}
			time.Sleep(time.Second)
			fastDone = time.Since(start)
		})
		if fastDone != 2*time.Second {
			t.Errorf("the second fast item ended after %v, want 2s", fastDone)
		}
	})
}

func TestWalkEndsAfterTheVisitsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		finished := 0
		var mu sync.Mutex
		left := Walk(ctx, []int{0, 1, 2, 3, 4, 5}, func(int) string { return "" }, Parallelism{Total: 2}, func(i int) {
			if i == 1 {
				cancel()
			}
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			finished++
		})
		if finished != 2 || !slices.Equal(left, []int{2, 3, 4, 5}) {
			t.Errorf("finished %d, left %v", finished, left)
		}
	})
}

func BenchmarkWalk10000(b *testing.B) {
	items := make([]int, 10_000)
	for b.Loop() {
		Walk(context.Background(), items, func(i int) string { return "" }, Parallelism{Total: 64}, func(int) {})
	}
}
