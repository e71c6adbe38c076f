package apply

import (
	"context"
	"slices"

	"camform/engine/state"
	"camform/providers"
)

// A device that gets a certificate for another key shows that one from some moment on, and the run may end before or after it. So
// the key is remembered before the request leaves, beside the one that the device has, and both are accepted until the new
// one was seen: then it is the only one.

// expect remembers the key of what the device is to show after a request.
func (w *worker) expect(ctx context.Context, orders []order) error {
	for _, o := range orders {
		if len(o.request.Shows) > 0 {
			return w.see(ctx, w.line.session.Pin().Merge(providers.Pin{Next: providers.KeyOf(o.request.Shows[0])}))
		}
	}
	return nil
}

// confirm remembers what the device showed after all: once that is the new key, the one before it is accepted no longer.
func (w *worker) confirm(ctx context.Context, s sent) error {
	if !slices.ContainsFunc(s.orders, func(o order) bool { return len(o.request.Shows) > 0 }) {
		return nil
	}
	return w.see(ctx, w.line.session.Pin())
}

// see remembers a pin, and begins further sessions with it.
func (w *worker) see(ctx context.Context, pin providers.Pin) error {
	w.line.target.Pin = pin
	return w.Store.SaveSeen(ctx, state.Device{Address: w.device.Address, Endpoint: w.line.target.URL.Host, Identity: w.line.identity, Pin: pin})
}
