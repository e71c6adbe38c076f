package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/state"
	"camform/providers"
)

// forgetGone forgets the devices that left the configuration, and adds to the report how that ended.
func forgetGone(ctx, stop context.Context, gone []plan.Gone, r *report.Report, o Options) {
	for _, g := range gone {
		i := slices.IndexFunc(r.Devices, func(d report.Device) bool { return d.Address == g.Address })
		if i < 0 {
			i = len(r.Devices)
			r.Devices = append(r.Devices, report.Device{Address: g.Address, Result: report.Already})
		}
		if done := &r.Devices[i]; done.Result.Good() {
			forget(ctx, stop, g, done, o)
		}
	}
	slices.SortStableFunc(r.Devices, func(a, b report.Device) int { return a.Address.Compare(b.Address) })
}

// forget takes the record of a device out of the state. One that came back since the plan was made keeps it, and so does one
// with something that its steps were to delete.
func forget(ctx, stop context.Context, g plan.Gone, done *report.Device, o Options) {
	end := func(result report.Result, detail string) { done.Result, done.Detail = result, detail }
	if stop.Err() != nil {
		end(report.NotRun, interruptedBefore)
		return
	}
	if why := o.unmoved[g.Address]; why != "" {
		end(report.Held, why)
		return
	}
	known, remembered, err := o.Store.Device(ctx, g.Address)
	switch {
	case err != nil:
		end(report.Failed, providers.Reason(err))
		return
	case !remembered:
		return
	case !g.Cleared && !known.LastSeen.Equal(g.Seen):
		end(report.Stale, "camform has read it since the plan was made; plan again")
		return
	}
	if g.Cleared {
		if what, err := stillOurs(ctx, g, o.Store); err != nil || what != "" {
			end(report.Failed, what)
			if err != nil {
				done.Detail = providers.Reason(err)
			}
			return
		}
	}
	var held *state.HeldError
	switch err := o.Store.ForgetDevice(ctx, g.Address); {
	case errors.As(err, &held):
		end(report.Held, providers.Reason(err))
	case err != nil:
		end(report.Failed, providers.Reason(err))
	default:
		done.Forgotten = true
		if done.Result == report.Already {
			done.Result = report.Done
		}
	}
}

// stillOurs says what camform made on a device and still has a record of; empty for nothing.
func stillOurs(ctx context.Context, g plan.Gone, store Store) (string, error) {
	rows, err := store.SettingsOf(ctx, g.Address)
	if err != nil {
		return "", err
	}
	var names []string
	for address, row := range rows {
		if row.Created {
			names = append(names, address.Local())
		}
	}
	if len(names) == 0 {
		return "", nil
	}
	slices.Sort(names)
	return fmt.Sprintf("camform created %s there and could not delete it, so it does not forget the device. To leave it there, write lifecycle { destroy = false } in the removed block",
		names[0]), nil
}
