package apply_test

import (
	"context"
	"errors"
	"testing"

	"camform/engine/apply"
	"camform/engine/plan"
	"camform/engine/state"
	"camform/providers/memory"
)

// withoutIntents is a store that can write everything but intents.
type withoutIntents struct{ *store }

func (withoutIntents) Begin(context.Context, state.Lease, state.Intent) (state.IntentID, error) {
	return 0, errors.New("the disk is full")
}

// Whatever else of a run is durable by then, a request needs an intent of its own.
func TestI2NoRequestWithoutItsIntent(t *testing.T) {
	w := newWorld(scenario{settings: true}, &choices{}, bounds{})
	o := w.options("run")
	o.Store = withoutIntents{w.disk}
	r := apply.Run(t.Context(), t.Context(), &plan.Plan{Devices: w.plan()}, o)
	if len(r.Devices) != 1 || r.Devices[0].Result.Good() {
		t.Errorf("%+v, want a failed device", r.Devices)
	}
	if n := w.camera.Count(memory.Written); n != 0 {
		t.Errorf("%d requests left", n)
	}
}
