package graph

import "context"

// Parallelism bound a walk. A limit of 0 is no limit.
type Parallelism struct {
	Total    int // visits at the same time, in all
	PerGroup int // visits at the same time within one group, such as a site behind one thin line
}

// Walk visits every item once, each in a goroutine of its own, as many at a time as the limits allow, and returns when
// all visits have ended. Items begin in their order, except that an item whose group is full waits while later ones of
// other groups begin. Items of the group "" are bound by the total only.
//
// Once ctx is done no further item is begun; Walk waits for the visits in flight and returns the items that were not
// begun, in their order. The visits are not told: what they do about an end is their own business.
func Walk[T any](ctx context.Context, items []T, group func(T) string, limits Parallelism, visit func(T)) (left []T) {
	w := walk[T]{limits: limits, group: group, busy: map[string]int{}, ended: make(chan string)}
	for i := range items {
		w.waiting = append(w.waiting, i)
	}
	for {
		if ctx.Err() == nil {
			w.begin(items, visit)
		}
		if w.inFlight == 0 {
			break
		}
		w.end(<-w.ended)
	}
	for _, i := range w.waiting {
		left = append(left, items[i])
	}
	return left
}

// walk is the bookkeeping of a Walk. Only the goroutine that called Walk touches it, so there is nothing to lock.
type walk[T any] struct {
	limits   Parallelism
	group    func(T) string
	waiting  []int          // indices of items that are not begun, in order
	busy     map[string]int // visits in flight by group
	inFlight int
	ended    chan string // the group of a visit that has ended
}

// begin starts as many waiting items as the limits allow.
func (w *walk[T]) begin(items []T, visit func(T)) {
	kept := w.waiting[:0]
	for n, i := range w.waiting {
		if w.limits.Total > 0 && w.inFlight >= w.limits.Total {
			kept = append(kept, w.waiting[n:]...)
			break
		}
		g := w.group(items[i])
		if g != "" && w.limits.PerGroup > 0 && w.busy[g] >= w.limits.PerGroup {
			kept = append(kept, i)
			continue
		}
		w.busy[g]++
		w.inFlight++
		go func(item T) {
			defer func() { w.ended <- g }()
			visit(item)
		}(items[i])
	}
	w.waiting = kept
}

func (w *walk[T]) end(group string) {
	w.busy[group]--
	w.inFlight--
}
