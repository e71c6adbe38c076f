package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// move gives devices the names that a plan has for them, before anything else: the records of them, their leases and their
// passwords are under these names from then on. A device that has its name already is passed over. Those that another run holds are
// noted in unmoved if Holding lets the others be changed; else the error is state.HeldErrors, and nothing was moved.
func (o *Options) move(ctx context.Context, p *plan.Plan, r *report.Report) error {
	o.unmoved = map[schema.Device]string{}
	if len(p.Moved) == 0 {
		return nil
	}
	return o.patiently(ctx, func(without state.HeldErrors) error {
		moves := slices.DeleteFunc(p.Moves(), func(m schema.Move) bool {
			why, held := heldAmong(without, m.From, m.To)
			if held {
				o.unmoved[m.To] = why
			}
			return held
		})
		moved, err := o.Store.MoveDevices(ctx, o.Run, moves, Reseal(o.Vault))
		r.Moved = len(moved)
		return err
	})
}

// Reseal seals secrets of a vault for other names.
func Reseal(v rotate.Vault) func(state.SecretVersion, string) ([]byte, error) {
	return func(version state.SecretVersion, name string) ([]byte, error) {
		secret, err := v.Open(version)
		if err != nil {
			return nil, err
		}
		return v.Keep(name, secret)
	}
}

// notMoved is the report of the devices of a plan that is not begun, since devices could not be renamed.
func notMoved(p *plan.Plan, err error, r *report.Report) {
	why := fmt.Sprintf("it could not be renamed: %s", providers.Reason(err))
	if !errors.Is(err, state.ErrTaken) {
		why = fmt.Sprintf("%v: %s", rotate.ErrStore, providers.Reason(err))
	}
	moves := p.Moves()
	for i, d := range p.Devices {
		switch {
		case slices.ContainsFunc(moves, func(m schema.Move) bool { return m.To == d.Address }):
			r.Devices[i] = leftAlone(d, report.Failed, why)
		case works(d):
			r.Devices[i] = notRun(d, "devices could not be renamed")
		default:
			r.Devices[i] = idle(d)
		}
	}
}
