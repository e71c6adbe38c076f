// Package apply carries out plans: each step is checked against the value it was planned from, its intent is made
// durable, one request leaves, the device is read back over a new connection, and the result is recorded.
//
// Rules:
//
//   - It reads the plan and the devices, never the configuration (I6).
//   - No request leaves before its intent is durable (I2). An intent stays open until reading the device told what became
//     of it; the next run closes what a crash left open (see Recover).
//   - A device that is no longer as it was planned is left alone. A dead device costs its own steps only (I10).
//   - What the device says is not believed: what it answers when it is read again is.
package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"camform/engine/graph"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Options are what a run of apply works with.
type Options struct {
	Provider providers.Provider
	Store    Store
	Vault    Vault  // makes and reads managed passwords
	Sealer   Sealer // makes what is kept of devices unreadable for others
	Run      string // id of the run, for leases and the journal
	Limits   graph.Limits

	// Target turns the access of a device into a target for a session. The error is for people: a secret that is not
	// there, for example.
	Target func(plan.Device) (providers.Target, error)

	// Secret reads a secret from its origin.
	Secret func(origin string) (string, error)

	// Sleep waits; it returns early with an error when ctx ends.
	Sleep func(ctx context.Context, d time.Duration) error

	// Event is told what happens. It is called from several goroutines.
	Event func(report.Event)

	keeper *state.Keeper // renews the leases of the run
}

// Run carries out a plan. Once stop is done, no further step is begun and those in flight are finished; once ctx is done,
// requests in flight are cut off, and the journal knows which. The report has every device of the plan.
func Run(ctx, stop context.Context, p *plan.Plan, o Options) *report.Report {
	begun := time.Now()
	r := &report.Report{Stage: report.Apply, Started: begun.UTC(), Devices: make([]report.Device, len(p.Devices))}
	followers, devices := findFollowers(p.Devices)
	var work []int
	for i, d := range devices {
		if len(d.Steps) > 0 || len(d.Adopted) > 0 {
			work = append(work, i)
			continue
		}
		r.Devices[i] = idle(d)
	}
	if len(work) == 0 {
		return r // nothing follows where nothing leads
	}
	o.Event(report.Event{Kind: report.StageStarted, Stage: report.Apply, Total: len(work)})
	keeper := keep(ctx, &o)
	defer keeper()
	left := graph.Walk(stop, work, func(i int) string { return devices[i].Access.Site }, o.Limits, func(i int) {
		r.Devices[i] = followers.carryOut(devices[i], func() report.Device { return runDevice(ctx, stop, devices[i], o) })
		followers.after(ctx, stop, r.Devices[i], o)
	})
	for _, i := range left {
		r.Devices[i] = notRun(devices[i])
		followers.after(ctx, stop, r.Devices[i], o)
	}
	for i, done := range r.Devices {
		r.Devices[i] = followers.merge(done)
	}
	r.Interrupted = stop.Err() != nil
	r.Elapsed = time.Since(begun)
	o.Event(report.Event{Kind: report.StageDone, Stage: report.Apply, Elapsed: r.Elapsed})
	return r
}

// keep renews the leases of the run in the background until the returned function is called. A lease that is lost all the
// same needs no further care: the next intent with it is refused, so nothing more is sent.
func keep(ctx context.Context, o *Options) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	keeper := state.NewKeeper(o.Store, func(state.Lease) {})
	o.keeper = keeper
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		keeper.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// idle is the report of a device on which a plan has nothing to do.
func idle(d plan.Device) report.Device {
	done := report.Device{Address: d.Address, Identity: d.Identity, Result: report.Already}
	if d.Problem != "" {
		done.Result, done.Detail = report.Result(d.Family), d.Problem
	}
	return done
}

func notRun(d plan.Device) report.Device {
	done := report.Device{Address: d.Address, Identity: d.Identity, Result: report.NotRun, Detail: "the run was interrupted before this device"}
	for _, s := range d.Steps {
		done.Steps = append(done.Steps, report.Step{Address: s.Address, Action: s.Action, Result: report.NotRun})
	}
	return done
}

func runDevice(ctx, stop context.Context, d plan.Device, o Options) (done report.Device) {
	begun := time.Now()
	w := newWorker(ctx, stop, d, o)
	w.done.Identity = d.Identity
	o.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Apply, Device: d.Address})
	defer func() {
		if cause := recover(); cause != nil {
			w.panicked(cause)
		}
		done = w.close()
		o.Event(report.Event{
			Kind: report.DeviceDone, Stage: report.Apply, Device: d.Address,
			Result: done.Result, Detail: done.Detail, Elapsed: time.Since(begun),
		})
	}()
	w.run()
	return done
}

func newWorker(ctx, stop context.Context, d plan.Device, o Options) *worker {
	return &worker{
		ctx: ctx, stop: stop, Options: o, device: d, done: report.Device{Address: d.Address},
		candidates: map[schema.Setting]candidate{}, kept: map[string]bool{}, asleep: map[string]bool{},
	}
}

// worker carries out the steps of one device. Only one goroutine uses it.
type worker struct {
	Options
	ctx, stop context.Context
	device    plan.Device
	target    providers.Target
	lease     state.Lease
	session   providers.Session
	known     map[schema.Setting]state.Setting // what the state remembers of the device
	doubtful  map[schema.Setting]bool          // settings of requests of which it is not known what became of them
	inFlight  []plan.Step                      // begun and not ended
	done      report.Device

	credential providers.Credential // the one that the session logs in with
	found      rotate.Finding       // what was found out about our own password, if it was in doubt
	candidates map[schema.Setting]candidate
	kept       map[string]bool // paths of documents of which the run has a snapshot
	rotated    []plan.Step     // that gave their account a new password
	changed    []plan.Step     // of which the device tells whether they work
	asleep     map[string]bool // accounts that have to set a password themselves before they may do anything
}

// hold takes the lease of the device and then finds out what is remembered of it, so that no other run changes that
// meanwhile. If it reports false, nothing is held.
func (w *worker) hold() bool {
	lease, err := w.Store.Acquire(w.ctx, w.device.Address, w.Run)
	if err != nil {
		w.fail(report.Failed, providers.Reason(err))
		return false
	}
	w.lease = lease
	w.keeper.Hold(lease)
	if w.known, err = w.Store.Settings(w.ctx, w.device.Address); err != nil {
		w.fail(report.Failed, providers.Reason(err))
		w.release()
		return false
	}
	return true
}

// run is the way of a device: lease, login, then its groups of steps one after the other until one of them ends it.
func (w *worker) run() {
	if !w.hold() {
		return
	}
	defer w.release()
	if err := w.findDoubtful(); err != nil {
		w.fail(report.Failed, providers.Reason(err))
		return
	}
	groups := plan.Grouped(w.device.Steps, w.Provider.Kinds())
	if len(groups) > 0 && (!w.login() || !w.isAsPlanned()) {
		return
	}
	for i, g := range groups {
		if w.stop.Err() != nil {
			w.fail(report.NotRun, "the run was interrupted")
			return
		}
		if !w.group(g, groups[i:]) {
			return
		}
	}
	w.seeWorking()
	w.proveOldRefused()
	w.remember()
}

// findDoubtful finds the settings that requests of earlier runs were about whose outcome is still not known.
func (w *worker) findDoubtful() error {
	open, err := w.Store.OpenIntents(w.ctx, w.device.Address)
	w.doubtful = map[schema.Setting]bool{}
	for _, in := range open {
		for _, s := range in.Steps {
			w.doubtful[s.Setting] = true
		}
	}
	return err
}

// login opens the session and makes sure who answers.
func (w *worker) login() bool {
	target, err := w.Target(w.device)
	if err != nil {
		w.fail(report.Failed, providers.Reason(err))
		return false
	}
	w.target = target
	if err := w.enter(); err != nil {
		w.fail(live.ResultOf(err), live.Explain(err, w.device.Address))
		return false
	}
	return true
}

// isAsPlanned reports whether the device is the one that was planned for, with the same firmware.
func (w *worker) isAsPlanned() bool {
	planned, got := w.device.Identity, w.done.Identity
	if planned.Serial == got.Serial && planned.Firmware == got.Firmware {
		return true
	}
	w.fail(report.Stale, fmt.Sprintf("it was planned for serial number %q with firmware %q, but %q with %q answers; plan again",
		planned.Serial, planned.Firmware, got.Serial, got.Firmware))
	return false
}

func (w *worker) release() {
	if w.session != nil {
		w.session.Close()
	}
	w.keeper.Drop(w.lease)
	// A lease that cannot be given back expires by itself.
	_ = w.Store.Release(context.WithoutCancel(w.ctx), w.lease)
}

// fail ends the device with a result that is not good.
func (w *worker) fail(result report.Result, detail string) {
	if w.done.Result == "" {
		w.done.Result, w.done.Detail = result, detail
	}
}

// panicked ends the device after a panic. Whether a request had left by then is not known.
func (w *worker) panicked(cause any) {
	w.fail(report.Failed, fmt.Sprintf("this is a bug: %v", cause))
	for _, s := range slices.Clone(w.inFlight) {
		w.ended(s, report.Unknown, "a bug ended it; the next run finds out what became of it", 0)
	}
}

// close completes the report of the device: steps that were not reached are not run.
func (w *worker) close() report.Device {
	for _, s := range w.device.Steps {
		if !slices.ContainsFunc(w.done.Steps, func(r report.Step) bool { return r.Address == s.Address }) {
			w.done.Steps = append(w.done.Steps, report.Step{Address: s.Address, Action: s.Action, Result: report.NotRun})
		}
	}
	if w.done.Result == "" {
		w.done.Result = report.Done
		for _, s := range w.done.Steps {
			if !s.Result.Good() {
				w.done.Result, w.done.Detail = s.Result, ""
			}
		}
	}
	return w.done
}

func (w *worker) begun(s plan.Step) {
	w.inFlight = append(w.inFlight, s)
	w.Event(report.Event{Kind: report.StepStarted, Stage: report.Apply, Device: w.device.Address, Setting: s.Address, Action: s.Action})
}

func (w *worker) ended(s plan.Step, result report.Result, detail string, elapsed time.Duration) {
	w.inFlight = slices.DeleteFunc(w.inFlight, func(begun plan.Step) bool { return begun.Address == s.Address })
	w.done.Steps = append(w.done.Steps, report.Step{Address: s.Address, Action: s.Action, Result: result, Detail: detail})
	w.Event(report.Event{
		Kind: report.StepDone, Stage: report.Apply, Device: w.device.Address, Setting: s.Address, Action: s.Action,
		Result: result, Detail: detail, Elapsed: elapsed,
	})
}

// remember brings the state up to date with settings that need no request: forgotten ones, and those that the device
// has already as they are wanted.
func (w *worker) remember() {
	var rows []state.Setting
	for _, a := range w.device.Adopted {
		rows = append(rows, w.adoptedRow(a))
	}
	var forget []schema.Setting
	for _, s := range w.device.Steps {
		if s.Action == plan.Forget {
			forget = append(forget, s.Address)
		}
	}
	if len(rows) == 0 && len(forget) == 0 {
		return
	}
	if err := w.Store.Record(w.ctx, w.lease, rows, forget); err != nil {
		w.fail(report.Failed, providers.Reason(err))
		return
	}
	for _, s := range w.device.Steps {
		if s.Action == plan.Forget {
			w.begun(s)
			w.ended(s, report.Done, "", 0)
		}
	}
}
