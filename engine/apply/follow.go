package apply

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"camform/engine/plan"
	"camform/engine/report"
	"camform/schema"
)

// followers are the steps that write a new password of an account elsewhere, where somebody logs in with it: a recorder
// that shows a camera. Such a step is carried out right after that of the account, since anybody who uses the old password
// makes the device count refused logins. All methods may be called from any goroutine.
type followers struct {
	steps map[string][]plan.Device        // by the address of the account, each with the one step that follows
	gates map[schema.Device]chan struct{} // holds who changes the device

	mu   sync.Mutex
	done map[schema.Device][]report.Device
}

// findFollowers takes the steps that follow others of the plan out of the devices.
func findFollowers(devices []plan.Device, kinds *schema.Kinds) (*followers, []plan.Device) {
	chosen := chosenFor(devices, kinds)
	f := &followers{steps: map[string][]plan.Device{}, gates: map[schema.Device]chan struct{}{}, done: map[schema.Device][]report.Device{}}
	made := map[string]bool{}
	for _, d := range devices {
		f.gates[d.Address] = make(chan struct{}, 1)
		for _, s := range d.Steps {
			made[s.Address.String()] = made[s.Address.String()] || len(s.Secrets) > 0
		}
	}
	rest := make([]plan.Device, len(devices))
	for i, d := range devices {
		rest[i] = d
		rest[i].Steps = nil
		for _, s := range d.Steps {
			leader := cmp.Or(s.Follows(), chosen[s.Address])
			if leader == "" || !made[leader] {
				rest[i].Steps = append(rest[i].Steps, s)
				continue
			}
			one := d
			one.Steps, one.Adopted = []plan.Step{s}, nil
			f.steps[leader] = append(f.steps[leader], one)
		}
	}
	return f, rest
}

// chosenFor are the accounts that get a password which somebody chose, by the items that get it by steps of their own: both
// have it from one origin.
func chosenFor(devices []plan.Device, kinds *schema.Kinds) map[schema.Setting]string {
	accounts := map[schema.Setting]string{}
	for _, d := range devices {
		for _, w := range d.Ways {
			item, err := schema.ParseSetting(w.Who)
			for _, s := range d.Steps {
				if err == nil && w.Told && s.Address.Key == w.Account && len(s.Secrets) > 0 && kinds.Lookup(s.Address.Kind).IsAccount() {
					accounts[item] = s.Address.String()
				}
			}
		}
	}
	return accounts
}

// of are the steps that follow one.
func (f *followers) of(s plan.Step) []plan.Step {
	var all []plan.Step
	for _, d := range f.steps[s.Address.String()] {
		all = append(all, d.Steps...)
	}
	return all
}

// carryOut makes the change of one device while no other goroutine is at it.
func (f *followers) carryOut(d plan.Device, work func() report.Device) report.Device {
	gate := f.gates[d.Address]
	gate <- struct{}{}
	defer func() { <-gate }()
	return work()
}

// after carries out what follows the steps of a device that has ended. It is in flight once the account has its new password: an
// orderly end of the run does not leave anybody with the old one.
func (f *followers) after(ctx context.Context, done report.Device, o Options) {
	o.Event = withoutDevices(o.Event)
	for _, s := range done.Steps {
		for _, next := range f.steps[s.Address.String()] {
			var result report.Device
			if s.Result.Good() {
				result = f.carryOut(next, func() report.Device { return runDevice(ctx, ctx, next, o) })
			} else {
				result = notRun(next, fmt.Sprintf("%s has no new password yet", s.Address))
				result.Steps[0].Detail = result.Detail
			}
			o.flights.end(next.Steps)
			f.mu.Lock()
			f.done[next.Address] = append(f.done[next.Address], result)
			f.mu.Unlock()
		}
	}
}

// withoutDevices leaves the events of devices out: a device whose step follows is counted where it is carried out itself.
func withoutDevices(event func(report.Event)) func(report.Event) {
	return func(e report.Event) {
		if e.Kind != report.DeviceStarted && e.Kind != report.DeviceDone {
			event(e)
		}
	}
}

// merge adds what followed to the report of a device.
func (f *followers) merge(done report.Device) report.Device {
	for _, more := range f.done[done.Address] {
		done.Steps = append(done.Steps, more.Steps...)
		if done.Result == report.Already || done.Result.Good() && !more.Result.Good() {
			done.Result, done.Detail = more.Result, more.Detail
		}
	}
	return done
}
