package apply

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/schema"
)

// Holding says what a run does while another run holds devices that it would change. The zero value begins nothing then.
type Holding struct {
	Wait time.Duration // how long to wait for them first
	Skip bool          // whether the others are changed if some are still held
}

// holdingBeat is how often a run that waits looks whether devices are free.
const holdingBeat = time.Second

// leases are those that a run took before its first request. Methods may be called from any goroutine.
type leases struct {
	mu sync.Mutex
	of map[schema.Device]state.Lease
}

// take gives the lease of a device to the worker that works on it, once.
func (l *leases) take(device schema.Device) (state.Lease, bool) {
	if l == nil {
		return state.Lease{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lease, ok := l.of[device]
	delete(l.of, device)
	return lease, ok
}

// lease takes the leases of devices, in one transaction, so that of two runs one has all that it needs. The error is
// state.HeldErrors where another run has some of them; nothing is held then.
func (o *Options) lease(ctx context.Context, devices []schema.Device) error {
	o.leases = &leases{of: map[schema.Device]state.Lease{}}
	return o.patiently(ctx, func(without state.HeldErrors) error {
		taken, err := o.Store.Acquire(ctx, o.Run, slices.DeleteFunc(slices.Clone(devices), func(d schema.Device) bool {
			_, held := heldAmong(without, d)
			return held
		})...)
		if err != nil {
			return err
		}
		for _, lease := range taken {
			o.leases.of[lease.Device] = lease
		}
		o.keeper.Hold(taken...)
		return nil
	})
}

// patiently tries something that fails with state.HeldErrors while another run holds devices, as Holding says: again for some time,
// then without those devices or not at all.
func (o *Options) patiently(ctx context.Context, try func(without state.HeldErrors) error) error {
	var without state.HeldErrors
	for waited := time.Duration(0); ; waited += holdingBeat {
		err := try(without)
		held, isHeld := errors.AsType[state.HeldErrors](err)
		switch {
		case err == nil || !isHeld || ctx.Err() != nil:
			return err
		case waited < o.Holding.Wait:
			if waited == 0 {
				o.Event(report.Event{Kind: report.Waiting, Stage: report.Apply, Detail: held.Error()})
			}
			if err := o.Sleep(ctx, holdingBeat); err != nil {
				return held
			}
		case o.Holding.Skip:
			without = append(without, held...)
		default:
			return held
		}
	}
}

// heldAmong says who holds one of some devices; ok is false if nobody does.
func heldAmong(held state.HeldErrors, devices ...schema.Device) (why string, ok bool) {
	for _, h := range held {
		if slices.Contains(devices, h.Device) {
			return h.Error(), true
		}
	}
	return "", false
}

// unlease gives back the leases that nobody took.
func (o *Options) unlease(ctx context.Context) {
	var left []state.Lease
	for _, lease := range o.leases.of {
		left = append(left, lease)
	}
	o.keeper.Drop(left...)
	_ = o.Store.Release(ctx, left...) // one that cannot be given back expires by itself
}

// busy are the devices of a plan that it changes, or has to record something about, if they have their names.
func (o *Options) busy(p *plan.Plan) []schema.Device {
	var all []schema.Device
	for _, d := range p.Devices {
		if works(d) && o.unmoved[d.Address] == "" {
			all = append(all, d.Address)
		}
	}
	return all
}

// works reports whether a plan changes a device, or something is to be remembered of it.
func works(d plan.Device) bool { return len(d.Steps) > 0 || len(d.Adopted) > 0 || d.Activation != nil }

// heldBack is the report of the devices of a plan that is not begun, since another run holds some of them.
func heldBack(p *plan.Plan, held state.HeldErrors, r *report.Report) {
	before := map[schema.Device]schema.Device{}
	for _, m := range p.Moved {
		before[m.To] = m.From
	}
	for i, d := range p.Devices {
		from, moves := before[d.Address]
		why, isHeld := heldAmong(held, d.Address, from)
		switch {
		case !works(d) && !moves:
			r.Devices[i] = idle(d)
		case isHeld:
			r.Devices[i] = leftAlone(d, report.Held, why)
		default:
			r.Devices[i] = notRun(d, "another run holds other devices of the plan")
		}
	}
}
