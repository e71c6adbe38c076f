package apply

import (
	"context"
	"fmt"
	"strings"

	"camform/engine/graph"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Recover closes the intents that an earlier run left open, because it was killed or could not read a device back. It
// finds out the outcome of each by reading the device, and never repeats a request. Devices need an access only. A device
// that cannot be reached keeps its intents open and is reported. The details of what it returns are for people. A device whose password is
// uncertain is asked too. Any other device is not touched at all.
func Recover(ctx context.Context, devices []plan.Device, o Options) ([]report.Device, error) {
	work, err := unsettled(ctx, devices, o.Store)
	if err != nil {
		return nil, rotate.StoreError(err)
	}
	results := make([]report.Device, len(work))
	indexes := make([]int, len(work))
	for i := range indexes {
		indexes[i] = i
	}
	defer keep(ctx, &o)()
	left := graph.Walk(ctx, indexes, func(i int) string { return work[i].Access.Site }, o.Parallelism, func(i int) {
		w := newWorker(ctx, work[i], o)
		results[i] = w.attend(ctx, w.closeOpen)
		results[i].Detail = strings.Join(append([]string{recovered(results[i], len(w.open) > 0)}, w.strays...), "; ")
	})
	for _, i := range left {
		results[i] = notRun(work[i], interruptedBefore)
	}
	return results, nil
}

// recovered says the outcome of what an earlier run left on a device: a request without an end, or a password in doubt.
func recovered(d report.Device, open bool) string {
	switch {
	case d.Result.Good() && open:
		return "an interrupted run left the outcome of a request uncertain; the device was read, and the state is up to date again"
	case d.Result.Good():
		return "the vault again has the password that the device accepts"
	case open || d.Result == report.Held:
		return "the outcome of another run's request is still uncertain: " + d.Detail
	}
	return d.Detail
}

// unsettled are the devices with open intents, and those whose password is in doubt.
func unsettled(ctx context.Context, devices []plan.Device, store Store) ([]plan.Device, error) {
	open, err := store.AllOpenIntents(ctx)
	if err != nil {
		return nil, err
	}
	doubtful, err := store.Doubtful(ctx)
	if err != nil {
		return nil, err
	}
	waiting := map[schema.Device]bool{}
	for _, in := range open {
		waiting[in.Device] = true
	}
	var work []plan.Device
	for _, d := range devices {
		if waiting[d.Address] || doubtful[d.Access.Managed] {
			work = append(work, d)
		}
	}
	return work, nil
}

// closeOpen closes the open intents of the device.
func (w *worker) closeOpen(ctx context.Context) {
	if inactive, err := w.stillInactive(ctx); err != nil {
		w.fail(live.ResultOf(err), "it is still uncertain whether the device has its first password: "+providers.Reason(err))
		return
	} else if inactive {
		return
	}
	if !w.login(ctx) {
		return
	}
	for _, in := range w.open {
		if err := w.resolve(ctx, in); err != nil {
			w.fail(live.ResultOf(err), fmt.Sprintf("the outcome of the last request is still uncertain: %v", err))
			if !rotate.Untried(err) {
				return
			}
		}
	}
}

// resolve closes one intent by what the device has now.
func (w *worker) resolve(ctx context.Context, in state.Intent) error {
	if isFirst(in) {
		return w.closeFirst(ctx, in.ID, w.accounts.Found())
	}
	steps, err := stepsOf(in, w.Provider.Kinds())
	if err != nil {
		return err
	}
	now, err := w.line.readKinds(ctx, w.Provider, steps)
	if err != nil {
		return err
	}
	request := sending{order: order{steps: steps}, id: in.ID, err: providers.ErrUnknown}
	verdicts := make([]verdict, len(steps))
	for i, s := range steps {
		have := w.judge.value(s, now)
		if w.accounts.Carried(in, s.Address.Key) {
			verdicts[i] = w.judge.password(ctx, s, request, have)
		} else {
			verdicts[i] = w.judge.lost(ctx, s, have)
		}
		if verdicts[i].doubt != nil {
			return verdicts[i].doubt
		}
		if stray := w.judge.stray(s, now); stray != "" {
			w.strays = append(w.strays, stray)
		}
	}
	return w.record(ctx, request, verdicts)
}
