// Package apply carries out plans. The steps of a device that change the same document form a group, and a group goes through
// five stages, and each passes a value to the next:
//
//	read      the documents of the group              reading
//	check     what is still as it was planned?        checked    → done already, stale, would close the way in
//	prepare   passwords, requests, snapshots          prepared
//	send      intent durable, then one request        sent       for each request
//	settle    read back over a new connection,        outcome    → done, rejected, unknown, put back
//	          judge each step, record
//
// Rules:
//
//   - It reads the plan and the devices, never the configuration (I6).
//   - No request leaves before its intent is durable (I2). An intent stays open until reading the device showed its
//     outcome; the next run closes what a crash left open (see Recover).
//   - A staged step goes through the five stages twice. Its second request leaves only if the first reads back as it was
//     written, and the second begins with what was read.
//   - A device that is no longer as it was planned is left alone. A dead device costs its own steps only (I10).
//   - What the device says is not believed: what it answers when it is read again is.
//   - Before the first step that could cut somebody off, the devices that use others are asked once more what they use. A device
//     that is used by somebody whom the plan does not know is left alone.
//   - Which password an account has is for package rotate to find out.
package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	Provider    providers.Provider
	Store       Store
	Vault       rotate.Vault // makes and reads managed passwords
	Sealer      Sealer       // makes what is kept of devices unreadable for others
	Run         string       // id of the run, for leases and the journal
	Holding     Holding      // what to do where another run holds devices
	Parallelism graph.Parallelism

	// Target turns the access of a device into a target for a session. The error is for people: a secret that is not
	// there, for example.
	Target func(plan.Device) (providers.Target, error)

	// Explain adds to the error of a login what else is known about why it failed; nil for nothing.
	Explain func(context.Context, plan.Device, error) error

	// Settle reads a device that just got its first password over its session, and returns it with the steps that are left of
	// those of its plan, in an order in which the ways in stay open. The error is for people.
	Settle func(ctx context.Context, d plan.Device, session providers.Reader) (plan.Device, error)

	// Secret reads a secret from its origin.
	Secret func(origin string) (schema.Secret, error)

	// Sleep waits; it returns early with an error when ctx ends.
	Sleep func(ctx context.Context, d time.Duration) error

	// Event receives what happens. It is called from several goroutines.
	Event func(report.Event)

	keeper *state.Keeper // renews the leases of the run
	leases *leases       // of devices that nobody works on yet; nil where they are taken one by one
	census *census       // who uses the devices as the run begins

	unmoved map[schema.Device]string // why devices could not be renamed
	flights *flights                 // requests under way
	batch   *batch                   // who gets a first password, and when
}

// Run carries out a plan. Once stop is done, no further step is begun and those in flight are finished; once ctx is done,
// requests in flight are cut off, and the journal knows which. The report has every device of the
// plan; those that have another name get it first, and those that left the configuration are forgotten last.
func Run(ctx, stop context.Context, p *plan.Plan, o Options) *report.Report {
	defer keep(ctx, &o)()
	o.batch = newBatch(p)
	o.flights = &flights{follow: func(plan.Step) []plan.Step { return nil }, flying: map[schema.Setting]bool{}}
	defer o.closing(stop)()
	r := &report.Report{
		Stage: report.Apply, Started: time.Now().UTC(), Devices: make([]report.Device, len(p.Devices)), Targets: p.Targets, Unknown: p.Unknown(),
	}
	err := o.move(stop, p, r)
	moved := err == nil
	if moved {
		err = o.lease(stop, o.busy(p))
	}
	held, isHeld := errors.AsType[state.HeldErrors](err)
	switch {
	case isHeld:
		heldBack(p, held, r)
		interrupted(ctx, stop, r)
	case !moved:
		notMoved(p, err, r)
		interrupted(ctx, stop, r)
	default:
		defer o.unlease(ctx)
		runSteps(ctx, stop, p, err, r, o)
		forgetGone(ctx, stop, p.Gone, r, o)
	}
	return r
}

// runSteps carries out the steps of a plan, unless err says why they cannot be.
func runSteps(ctx, stop context.Context, p *plan.Plan, err error, r *report.Report, o Options) {
	begun := time.Now()
	followers, devices := findFollowers(p.Devices, o.Provider.Kinds())
	var work []int
	steps := 0
	for i, d := range devices {
		switch why := o.unmoved[d.Address]; {
		case why != "":
			r.Devices[i] = leftAlone(d, report.Held, why)
			continue
		case works(d):
			work = append(work, i)
		default:
			r.Devices[i] = idle(d)
		}
		steps += len(p.Devices[i].Steps)
	}
	if len(work) == 0 {
		return // nothing follows where nothing leads
	}
	if err == nil {
		o.census, err = takeCensus(stop, p, o)
	}
	if err == nil {
		err = o.Store.Owe(ctx, followers.debts(o.census))
	}
	if err != nil {
		why := rotate.StoreError(err).Error()
		if interrupted(ctx, stop, r); r.Interrupted {
			why = interruptedBefore
		}
		for _, i := range work {
			r.Devices[i] = notRun(devices[i], why)
		}
		return
	}
	o.flights.follow = followers.of
	witnesses := before(stop, p, o)
	o.Event(report.Event{Kind: report.StageStarted, Stage: report.Apply, Total: len(work), Steps: steps})
	left := graph.Walk(stop, work, func(i int) string { return devices[i].Access.Site }, o.Parallelism, func(i int) {
		r.Devices[i] = followers.carryOut(devices[i], func() report.Device { return runDevice(ctx, stop, devices[i], o) })
		followers.after(ctx, r.Devices[i], o)
	})
	for _, i := range left {
		r.Devices[i] = notRun(devices[i], interruptedBefore)
		followers.after(ctx, r.Devices[i], o)
	}
	for i, done := range r.Devices {
		r.Devices[i] = followers.merge(done)
	}
	o.census.tell(r)
	interrupted(ctx, stop, r)
	r.Elapsed = time.Since(begun)
	o.Event(report.Event{Kind: report.StageDone, Stage: report.Apply, Elapsed: r.Elapsed})
	after(ctx, witnesses, r, o)
}

// interrupted notes whether somebody ended the run before its time, and how.
func interrupted(ctx, stop context.Context, r *report.Report) {
	r.Interrupted, r.Stopped = stop.Err() != nil, ctx.Err() != nil
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

// Why steps are not begun.
const (
	interruptedBefore = "the run was interrupted before this device"
	interruptedThere  = "the run was interrupted"
)

// notRun is the report of a device whose steps are not begun.
func notRun(d plan.Device, why string) report.Device { return leftAlone(d, report.NotRun, why) }

// leftAlone is the report of a device on which nothing is done.
func leftAlone(d plan.Device, result report.Result, why string) report.Device {
	p := newProgress(d, nil)
	p.fail(result, why)
	return p.close()
}

func runDevice(ctx, stop context.Context, d plan.Device, o Options) report.Device {
	begun := time.Now()
	o.Event(report.Event{Kind: report.DeviceStarted, Stage: report.Apply, Device: d.Address, Total: len(d.Steps)})
	var done report.Device
	if why := o.census.overtaken(d); why != "" {
		done = leftAlone(d, report.Stale, why)
	} else {
		w := newWorker(stop, d, o)
		done = w.attend(ctx, w.run)
	}
	pay(ctx, d, done, o)
	o.Event(report.Event{
		Kind: report.DeviceDone, Stage: report.Apply, Device: d.Address,
		Result: done.Result, Detail: done.Detail, Elapsed: time.Since(begun),
	})
	return done
}

// worker carries out the steps of one device. Only one goroutine uses it.
type worker struct {
	Options
	*progress
	stop     context.Context // asked by stopped only
	lease    state.Lease
	line     *line
	accounts *rotate.Accounts
	judge    judge
	open     []state.Intent          // of earlier runs, whose outcome is uncertain
	waiting  map[schema.Setting]bool // settings that they are about
	kept     map[string]bool         // paths of documents that the run has a snapshot of
	rotated  []plan.Step             // that gave their account a new password
	changed  []plan.Step             // for which the device reports whether they work
	strays   []string                // what a request of an earlier run may have left on the device, for people
	wrote    bool                    // whether a request left, or may have left
}

func newWorker(stop context.Context, d plan.Device, o Options) *worker {
	progress := newProgress(d, o.Event)
	return &worker{
		Options: o, stop: stop, kept: map[string]bool{}, waiting: map[schema.Setting]bool{}, progress: progress,
		line: &line{provider: o.Provider, identity: d.Identity, limits: providers.Documents{}, awaiting: progress.awaiting},
	}
}

// attend does work on the device while it has the lease. A panic costs this device only.
func (w *worker) attend(ctx context.Context, work func(context.Context)) (done report.Device) {
	defer func() {
		if cause := recover(); cause != nil {
			w.panicked(cause)
		}
		done = w.close()
		done.Identity = w.line.identity
	}()
	if w.hold(ctx) {
		defer w.release(ctx)
		work(ctx)
	}
	return done
}

// run is the way of a device: login, then its groups of steps one after the other until one of them ends it.
func (w *worker) run(ctx context.Context) {
	if w.device.Activation != nil {
		w.newcomer(ctx)
		return
	}
	groups := plan.GroupsAsOrdered(w.device.Steps, w.Provider.Kinds())
	if len(groups) > 0 && (!w.hasSecrets() || !w.login(ctx) || !w.isAsPlanned()) {
		return
	}
	if w.carryOutAll(ctx); !w.over() {
		w.finish(ctx)
	}
}

// carryOutAll carries out the groups of steps of the device one after the other, until one of them ends it.
func (w *worker) carryOutAll(ctx context.Context) {
	groups := plan.GroupsAsOrdered(w.device.Steps, w.Provider.Kinds())
	for i, g := range groups {
		if w.stopped() {
			w.fail(report.NotRun, interruptedThere)
			return
		}
		w.group(ctx, g, groups[i:])
		if w.over() {
			return
		}
	}
}

// finish is what comes after the steps of a device.
func (w *worker) finish(ctx context.Context) {
	w.seeWorking(ctx)
	w.proveOldRefused(ctx)
	w.remember(ctx)
}

// stopped reports whether nothing further is to be begun. What is in flight is finished all the same.
func (w *worker) stopped() bool { return w.stop.Err() != nil }

// hold takes the lease of the device and then finds out what is recorded about it and what is open, so that no other run
// changes that meanwhile. If it reports false, nothing is held.
func (w *worker) hold(ctx context.Context) bool {
	lease, ok := w.leases.take(w.device.Address)
	if !ok {
		taken, err := w.Store.Acquire(ctx, w.Run, w.device.Address)
		if _, held := errors.AsType[*state.HeldError](err); held {
			w.fail(report.Held, providers.Reason(err))
			return false
		}
		if err != nil {
			w.fail(live.ResultOf(err), providers.Reason(err))
			return false
		}
		lease = taken[0]
		w.keeper.Hold(lease)
	}
	w.lease = lease
	w.accounts = rotate.NewAccounts(rotate.World{Store: w.Store, Vault: w.Vault, Device: w.line}, lease, w.device.Access)
	known, err := w.Store.SettingsOf(ctx, w.device.Address)
	w.judge = judge{line: w.line, accounts: w.accounts, comparison: comparison{
		provider: w.Provider, known: known, secrets: secrets{
			read: w.Secret, fingerprint: w.Store.Fingerprint, accounts: w.accounts,
			generation: func(origin string) (int, error) { return generationOf(ctx, w.Store, origin) },
		},
	}}
	if err == nil {
		w.open, err = w.Store.OpenIntents(ctx, w.device.Address)
	}
	for _, in := range w.open {
		for _, s := range in.Steps {
			w.waiting[s.Setting] = true
		}
	}
	if err != nil {
		w.fail(live.ResultOf(err), providers.Reason(err))
		w.release(ctx)
		return false
	}
	return true
}

// hasSecrets reports whether the secrets of all steps are at hand, and those that the plan was made with, so that none of them is
// missed when half of the device is done. Those of the vault change while passwords do, and those that the device has already
// need not be there any more.
func (w *worker) hasSecrets() bool {
	for _, s := range w.device.Steps {
		for _, attribute := range slices.Sorted(maps.Keys(s.Secrets)) {
			source := s.Secrets[attribute]
			scheme, _ := schema.OriginScheme(source.Origin)
			applied := w.judge.known[s.Address].Fingerprints[attribute] == source.Fingerprint
			if scheme == schema.OriginVault || source.Generate != nil || source.Follows != "" || applied {
				continue
			}
			if _, err := w.judge.secrets.planned(s.Address, attribute, source); err != nil {
				w.fail(report.Failed, fmt.Sprintf("%s: %s", s.Address.Local(), providers.Reason(err)))
				return false
			}
		}
	}
	return true
}

// login opens the session and makes sure who answers.
func (w *worker) login(ctx context.Context) bool {
	target, err := w.Target(w.device)
	if err != nil {
		w.fail(report.Failed, providers.Reason(err))
		return false
	}
	w.line.target = target
	if err := w.accounts.Enter(ctx, target.Login); err != nil {
		if w.Explain != nil {
			err = w.Explain(ctx, w.device, err)
		}
		w.fail(live.ResultOf(err), live.Explain(err, w.device.Address))
		return false
	}
	return true
}

// isAsPlanned reports whether the device is the one that was planned for, with the same firmware.
func (w *worker) isAsPlanned() bool {
	planned, got := w.device.Identity, w.line.identity
	if planned.Serial == got.Serial && planned.Firmware == got.Firmware {
		return true
	}
	w.fail(report.Stale, fmt.Sprintf("it was planned for serial number %q with firmware %q, but %q with %q answers; plan again",
		planned.Serial, planned.Firmware, got.Serial, got.Firmware))
	return false
}

func (w *worker) release(ctx context.Context) {
	w.line.close()
	w.keeper.Drop(w.lease)
	// A lease that cannot be given back expires by itself.
	_ = w.Store.Release(context.WithoutCancel(ctx), w.lease)
}

// proveOldRefused asks for logins with the passwords that were replaced, where policies want that.
func (w *worker) proveOldRefused(ctx context.Context) {
	for _, s := range w.rotated {
		_, how := s.Generates()
		if wrong := w.accounts.ProveOldRefused(ctx, s.Address.Key, *how); wrong != "" {
			w.amend(s, func(done *report.Step) { done.Detail = wrong })
		}
	}
}

// remember brings the state up to date with settings that need no request: forgotten ones, and those that the device
// has already as they are wanted.
func (w *worker) remember(ctx context.Context) {
	var rows []state.Setting
	for _, a := range w.device.Adopted {
		if knownByGeneration(a.Secrets) {
			continue // what its fingerprint is, the next plan finds out
		}
		rows = append(rows, w.judge.adoptedRow(a))
	}
	var gone []plan.Step
	var forget []schema.Setting
	for _, s := range w.device.Steps {
		if s.Action == plan.Forget {
			gone, forget = append(gone, s), append(forget, s.Address)
		}
	}
	if len(rows) == 0 && len(forget) == 0 {
		return
	}
	if err := w.Store.Record(ctx, w.lease, rows, forget); err != nil {
		w.fail(report.Unrecorded, providers.Reason(rotate.StoreError(err)))
		return
	}
	w.begin(gone...)
	var o outcome
	o.end(report.Done, "", gone...)
	w.tell(o)
}
