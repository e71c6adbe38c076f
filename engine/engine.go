package engine

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"camform/engine/advisory"
	"camform/engine/apply"
	"camform/engine/audit"
	"camform/engine/auditlog"
	"camform/engine/backup"
	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/graph"
	"camform/engine/guard"
	"camform/engine/lockfile"
	"camform/engine/plan"
	"camform/engine/report"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Engine does the work of the commands: each method is a page that calls the stages in order. All fields must be set but
// From, Trace, Within and Known.
type Engine struct {
	Provider providers.Provider
	Store    *state.Fleet
	Secret   func(origin string) (schema.Secret, error) // reads a secret from its origin

	// Within says where a device may be that is sent the secrets of some origins; nil for anywhere.
	Within func(origins ...string) providers.Bounds

	From *From // what plans are made from instead of devices; nil for the devices

	Passwords rotate.Vault // makes and reads managed passwords
	Sealer    apply.Sealer // makes what is kept of devices unreadable for others; nil for the key of the state

	// Known are the security advisories that devices are judged by; nil for those that come with camform.
	Known *advisory.Data

	Nodes *providers.Nodes // which documents of devices the run does not ask for; nil where each session finds out by itself

	Parallelism graph.Parallelism
	Holding     apply.Holding      // what to do where another run holds devices
	Event       func(report.Event) // told what happens, from several goroutines
	Trace       providers.Trace    // told each exchange with a device, without secrets
	Now         func() time.Time
	Version     string // of camform, for plans
	Author      string // who makes plans, as approvals know people
}

// Validate finds what no device would take, and by a lock what the devices would not, without asking them; locked is nil where there
// is none. It tells, too, where there is no lock or it is out of date: by the configuration, and by the devices as a state last saw
// them, if one is at hand. What a device lacks as a whole is a warning: plans leave it out.
func Validate(cfg *config.Config, locked *lockfile.File, seen []state.Device, provider providers.Provider) diag.Problems {
	v := validation{
		judge: judge{Interpreter: provider, Composer: provider}, locked: locked,
		docs: map[string]providers.Documents{}, known: map[subject][]ruling{},
	}
	problems, untold := v.problems(cfg.Devices)
	return append(problems, v.age(cfg.Devices, untold, seen)...)
}

// Plan reads the devices of a configuration and finds what is to be done. Targets restrict it to some devices and
// settings; none means all. It changes nothing on any device: its sessions have no method that could.
//
// The plan is complete for the devices that could be read; the problems say what was refused, and with an error among
// them the plan must not be applied.
//
// A device that the state remembers and the configuration no longer has is in it as one to be forgotten, unless there are
// targets.
//
// It judges the devices by their checks as well: by those that may stop apply, and by those that observe nothing but what it
// reads anyway. The others are in the plan as unasked.
func (e *Engine) Plan(ctx context.Context, cfg *config.Config, targets []schema.Setting) (*Planned, diag.Problems) {
	return e.planAndCheck(ctx, cfg, targets, stopsApply)
}

// PlanWithChecks is Plan that reads whatever a check observes, so that none is unasked.
func (e *Engine) PlanWithChecks(ctx context.Context, cfg *config.Config, targets []schema.Setting) (*Planned, diag.Problems) {
	return e.planAndCheck(ctx, cfg, targets, everyRule)
}

// planAndCheck plans, and judges the devices by their checks. What some of the checks observe is read for them.
func (e *Engine) planAndCheck(ctx context.Context, cfg *config.Config, targets []schema.Setting, some func(config.Rule) bool) (*Planned, diag.Problems) {
	var gone left
	whole := *cfg
	if len(targets) == 0 {
		var problems diag.Problems
		if gone, problems = leftOf(ctx, e.Store, cfg); len(problems) > 0 {
			return nil, problems
		}
		whole.Devices = gone.join(cfg.Devices)
	}
	at := aimAt(whole.Devices, targets)
	at.observes = some
	planned, problems := e.plan(ctx, &whole, at, (*Planned).everything)
	if planned == nil {
		return nil, problems
	}
	newcomers, err := newcomersOf(ctx, e.Store.Devices, cfg, planned.found, e.judge())
	if err != nil {
		return nil, append(problems, stateUnreadable(err)...)
	}
	if finder, ok := e.Provider.(providers.Finder); ok {
		if err := newcomers.searched(ctx, finder, e.Event); err != nil {
			problems = append(problems, diag.FromError(err, "search-failed", "Search for new devices failed"))
		}
	}
	newcomers.plan(planned.Plan)
	planned.Plan.Gone = gone.gone
	if len(targets) == 0 {
		if planned.Plan.Outputs, err = outputsOf(ctx, e.Store, cfg.Outputs, e.From != nil); err != nil {
			return nil, append(problems, stateUnreadable(err)...)
		}
	}
	planned.check(at.devices, e.judge())
	notKept, err := e.judge().notKept(ctx, e.Store.Journal, planned.Plan)
	if err != nil {
		return nil, append(problems, stateUnreadable(err)...)
	}
	return planned, slices.Concat(problems, notKept, e.judge().clocks(planned.found), planned.lacking(at.devices), planned.overHTTP(), ShownToOthers(cfg.Devices))
}

// plan is the way of every plan from a configuration. Reduce takes out of it what it is not about.
func (e *Engine) plan(ctx context.Context, cfg *config.Config, at aim, reduce func(*Planned)) (*Planned, diag.Problems) {
	moved, problems := movedOf(ctx, e.Store.Renames, cfg, at.targets)
	if len(problems) > 0 {
		return nil, problems
	}
	found, last, problems := e.read(ctx, cfg, at)
	if found == nil {
		return nil, problems
	}
	planned, more := e.judge().plan(e.emptyPlan(cfg, at.targets), found, last, at.asked, nil)
	use, err := e.consumersOf(ctx, cfg, planned.Plan, found)
	if err != nil {
		return nil, append(problems, stateUnreadable(err)...)
	}
	held := use.held(planned.Plan.Devices, e.Provider.Kinds())
	if err := e.sparing().spare(ctx, planned.Plan, held); err != nil {
		return nil, append(problems, stateUnreadable(err)...)
	}
	if len(held) > 0 {
		planned, more = e.judge().plan(e.emptyPlan(cfg, at.targets), found, last, at.asked, held)
	}
	planned.Plan.Moved, planned.Plan.Configuration = moved, configurationOf(cfg.Written)
	e.From.signs(planned.Plan)
	reduce(planned)
	return planned, slices.Concat(problems, e.judge().secure(planned, use), more)
}

// read reads the devices of an aim, with their records. Without a survey the problems say why no device was asked.
func (e *Engine) read(ctx context.Context, cfg *config.Config, at aim) (*survey, memory, diag.Problems) {
	last, err := recall(ctx, e.Store.Settings, e.Provider.Kinds(), at)
	if err != nil {
		return nil, nil, stateUnreadable(err)
	}
	reading := e.surveyor(cfg)
	reading.values = e.From.values(at.values)
	found, problems := reading.survey(ctx, at.devices, last.observing(at.observes))
	return found, last, problems
}

// consumersOf finds who uses the devices of a configuration. Devices are asked for that only if a step of the plan could cut
// somebody off, or if somebody has yet to get a password of one of its accounts.
func (e *Engine) consumersOf(ctx context.Context, cfg *config.Config, p *plan.Plan, found *survey) (*consumers, error) {
	cuts, filters := mayCutAnybody(p, e.Provider.Kinds())
	owed, err := owedFor(ctx, e.Store.Debts, p)
	switch {
	case err != nil:
		return nil, err
	case !cuts && len(owed) == 0:
		return declaredConsumers(cfg.Devices), nil
	}
	asking := e.inquiry(cfg, owed)
	asking.own = filters
	asking.listed = listsOf(p, e.Provider.Kinds(), capabilityCache{e.Store.Capabilities})
	return asking.inquire(ctx, cfg.Devices, found)
}

// inquiry is one about who uses devices, and what they are owed.
func (e *Engine) inquiry(cfg *config.Config, owed []state.Owed) inquiry {
	return inquiry{surveyor: e.surveyor(cfg), now: e.Now, kinds: e.Provider.Kinds().Consuming(), owed: owed}
}

// Drift reads the devices of a configuration and finds what somebody changed on them since it was last applied. Targets are
// those of Plan. It changes nothing on any device. What devices never had is no drift.
func (e *Engine) Drift(ctx context.Context, cfg *config.Config, targets []schema.Setting) (*Planned, diag.Problems) {
	at := aimAt(cfg.Devices, targets)
	at.values = shownValues
	found, last, problems := e.read(ctx, cfg, at)
	if found == nil {
		return nil, problems
	}
	planned, _ := e.judge().plan(e.emptyPlan(cfg, at.targets), found, last, at.asked, nil) // what devices refuse is for a plan to tell
	owed, err := owedFor(ctx, e.Store.Debts, planned.Plan)
	if err != nil {
		return nil, append(problems, stateUnreadable(err)...)
	}
	problems = slices.Concat(problems, found.uncertainPasswords(), e.judge().clocks(found))
	planned.leftBehind(owed, e.Provider.Kinds())
	planned.drifted()
	if len(owed) == 0 {
		return planned, problems
	}
	use, err := e.inquiry(cfg, owed).inquire(ctx, cfg.Devices, found)
	if err != nil {
		return nil, append(problems, stateUnreadable(err)...)
	}
	return planned, append(problems, use.owe(planned, e.judge())...)
}

// Rotate is Plan, reduced to new passwords for managed accounts, together with the settings elsewhere that need to know
// them. Among restricts it to some devices and accounts; none means all.
func (e *Engine) Rotate(ctx context.Context, cfg *config.Config, among []schema.Setting, choice Choice) (*Planned, diag.Problems) {
	planned, problems := e.plan(ctx, cfg, aimAtPasswords(cfg.Devices, among, choice), (*Planned).onlyPasswords)
	if planned == nil {
		return nil, problems
	}
	return planned, append(problems, planned.overHTTP()...)
}

// Rollback plans the way back to how devices were before a run, from the snapshots and the journal of the run. Targets
// restrict it to some devices and settings; none means all that the run changed. Like Plan it changes nothing on any device.
//
// What comes back are the settings that the run changed, and of them the attributes that it declared. What the run created
// is deleted, what it deleted is created again. Secrets never come back, since no document holds them; what cannot be taken
// back for such a reason, or since it would close the way in, is in Skipped of its device. The configuration says how to
// reach the devices, and what its lifecycle blocks protect stays as it is. A warning tells what the configuration still
// asks for, since the next apply would bring that back.
//
// The plan is an ordinary one: to be reviewed, saved and applied. With an error among the problems it must not be.
func (e *Engine) Rollback(ctx context.Context, cfg *config.Config, run string, targets []schema.Setting) (*Planned, diag.Problems) {
	if problems := moveFirst(ctx, e.Store.Renames, func(schema.Device) bool { return true }); len(problems) > 0 {
		return nil, problems
	}
	pasts, err := pastsOf(ctx, e.Store, e.sealer().Unseal, run, targets)
	if err != nil {
		return nil, stateUnreadable(err)
	}
	if len(pasts) == 0 {
		return nil, nothingToRollBack(run)
	}
	devices, problems := reachable(cfg, pasts)
	found, more := e.surveyor(cfg).survey(ctx, devices, pasts.wants)
	if problems = append(problems, more...); found == nil {
		return nil, problems
	}
	back := takenBack{judge: e.judge(), run: run, pasts: pasts, secret: e.Secret}
	planned, more, err := back.plan(e.emptyPlan(cfg, targets), found, func(p *plan.Plan) (*consumers, error) {
		return e.consumersOf(ctx, cfg, p, found)
	})
	if err != nil {
		return nil, append(problems, stateUnreadable(err)...)
	}
	return planned, append(problems, more...)
}

// Requests composes what apply would send, from the documents that were read for the plan. It is pure: nothing is sent.
// Apply composes them again from what it reads then, so bodies differ if a device changed meanwhile.
func Requests(planned *Planned, provider providers.Provider) ([]DeviceRequests, error) {
	return judge{Interpreter: provider, Composer: provider}.requests(planned)
}

// Prove returns the steps of a plan that would close the way in to a device, or make its clock jump although nobody accepts that, as
// problems. Plan did so already; a plan from a file is proven again before it is applied.
func Prove(p *plan.Plan, kinds *schema.Kinds) diag.Problems {
	var problems diag.Problems
	for _, d := range p.Devices {
		if d.Activation == nil { // what its steps come to is proven once it was read
			problems = append(problems, guard.Prove(d, kinds)...)
		}
	}
	return append(problems, jumping(p.Devices, nil)...)
}

// Stopping returns the checks of a plan that stop apply as problems, each once for all devices with the same message.
func Stopping(p *plan.Plan) diag.Problems { return stopping(p) }

// Recover closes what an earlier run left open on devices; see apply.Recover. Call it before Plan where the plan is to
// be applied.
func (e *Engine) Recover(ctx context.Context, devices []plan.Device, run string) ([]report.Device, error) {
	return apply.Recover(ctx, devices, e.applying(ctx, run))
}

// Accesses are the parts of the devices of a configuration that Recover needs.
func Accesses(devices []*config.Device) []plan.Device {
	accesses := make([]plan.Device, len(devices))
	for i, d := range devices {
		accesses[i] = plan.Device{Address: d.Address, Access: diff.AccessOf(d)}
	}
	return accesses
}

// Apply carries out a plan. Once stop is done no further step is begun; once ctx is done requests are cut off.
func (e *Engine) Apply(ctx, stop context.Context, p *plan.Plan, run string) *report.Report {
	return apply.Run(ctx, stop, p, e.applying(ctx, run))
}

// Audit reads the devices of a configuration and judges them by its rules. Targets restrict it to some devices, or to what
// rules want of some settings; none means all. It changes nothing on any device: its sessions have no method that could.
//
// With an error among the problems the report, if there is one, is not all to be relied on.
func (e *Engine) Audit(ctx context.Context, cfg *config.Config, targets []schema.Setting) (*audit.Report, diag.Problems) {
	at := aimAtRules(cfg.Devices, targets)
	found, last, problems := e.read(ctx, cfg, at)
	if found == nil {
		return nil, problems
	}
	report := e.judge().audit(found, last)
	report.Targets = addressesOf(targets)
	problems = append(problems, e.judge().clocks(found)...)
	return report, append(problems, overdue(ctx, e.Store.Cases, at.devices, e.Now())...)
}

// Lock reads what the devices of a configuration can do, and puts it into a lock: the old one with what was read. Devices
// that the configuration does not have are dropped. Devices that could not be read keep what is known of them; they come
// back as problems.
func (e *Engine) Lock(ctx context.Context, cfg *config.Config, targets []schema.Setting, old *lockfile.File) (*lockfile.File, diag.Problems) {
	found, problems := e.surveyor(cfg).survey(ctx, targeted(cfg.Devices, targets), wantsOfLock)
	if found == nil {
		return nil, problems
	}
	fresh, more := locked(old, cfg.Devices, found, e.Provider.Outline)
	return fresh, append(problems, more...)
}

// Backup reads all documents of devices of a configuration whose GET is known to have no side effect. Targets
// restrict it to some devices. It changes nothing on any device. Devices that could not be read come back as problems.
//
// Keep is given the backup of each device as soon as it was read, one at a time, in any order. No more devices than Parallelism
// allows are in memory: a device that waits for keep takes the place of one that could be read. An error of keep ends the reading
// and comes back. Once ctx is done, keep is given what was read whole before, and nothing else.
func (e *Engine) Backup(ctx context.Context, cfg *config.Config, targets []schema.Setting, keep func(*backup.Backup) error) (diag.Problems, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	kept, s := &keeping{keep: keep, now: e.Now, stop: stop, turn: make(chan struct{}, 1)}, e.surveyor(cfg)
	s.take = kept.take
	found, problems := s.survey(ctx, targeted(cfg.Devices, targets), wantsOfBackup(e.Provider.Known()))
	if found == nil || kept.failed != nil {
		return problems, kept.failed
	}
	for _, snap := range found.snapshots {
		if snap.Err != nil {
			problems = append(problems, notRead(snap))
		}
	}
	return problems, nil
}

// Unkept are the devices whose settings a plan changes and that have no backup since camform last changed them. Taken is when
// the newest backup of a device was taken. A device without a password says nothing that could be kept, and is not among them.
func (e *Engine) Unkept(ctx context.Context, p *plan.Plan, taken map[schema.Device]time.Time) ([]schema.Device, error) {
	changed := map[schema.Device]time.Time{}
	for row, err := range e.Store.AllSettings(ctx) {
		if err != nil {
			return nil, err
		}
		if device := row.Address.Device; row.At.After(changed[device]) {
			changed[device] = row.At
		}
	}
	return unkept(p, changed, taken), nil
}

// FromBackups are backups as if their devices had just been read, for a configuration with some kinds of settings. They are read one
// after the other, and an error that comes instead of one ends it.
func (e *Engine) FromBackups(ctx context.Context, all iter.Seq2[*backup.Backup, error], kinds []*schema.Kind) (*Imported, error) {
	candidates, found, err := e.judge().surveyOf(ctx, all, wantsOfImport(kinds, nil))
	if err != nil {
		return nil, err
	}
	hidden, err := hiddenAt(ctx, e.Store, found)
	if err != nil {
		return nil, err
	}
	return imported(candidates, found, hidden, e.Provider.Kinds().Consuming(), e.Provider)
}

// Credentials lists the accounts that a configuration declares, by device and account, and after them, unless there are
// targets, those that are orphaned. Who logs in with them is as declared, and as devices told last which others they use. It
// talks to no device.
func (e *Engine) Credentials(ctx context.Context, cfg *config.Config, targets []schema.Setting) ([]Account, error) {
	accounts, use, err := e.accounts(ctx, cfg, targets)
	if err != nil {
		return nil, err
	}
	return withFound(accounts, use, e.Provider.Kinds()), nil
}

// accounts are those of Credentials without the found and recorded users that log in with them.
func (e *Engine) accounts(ctx context.Context, cfg *config.Config, targets []schema.Setting) ([]Account, *consumers, error) {
	kept, err := readKept(ctx, e.Store)
	if err != nil {
		return nil, nil, err
	}
	accounts := kept.accounts(cfg.Devices, targets, e.Now())
	if len(targets) == 0 {
		accounts = append(accounts, kept.orphans(accounts, cfg.Origins)...)
	}
	owed, err := e.Store.AllOwed(ctx)
	if err != nil {
		return nil, nil, err
	}
	use, err := e.inquiry(cfg, owed).remembered(ctx, cfg.Devices)
	return accounts, use, err
}

// Explain says why the settings that targets name are wanted as they are, and how they were applied, by the configuration, the state
// and the audit log. It asks no device. A setting that is neither declared nor remembered is not among them.
func (e *Engine) Explain(ctx context.Context, cfg *config.Config, targets []schema.Setting, log iter.Seq2[auditlog.Entry, error]) ([]Explanation, error) {
	x := explainer{e.Provider.Kinds(), e.Store, map[schema.Setting]*Explanation{}}
	x.declared(cfg.Devices, targets)
	if err := x.remembered(ctx, targets); err != nil {
		return nil, err
	}
	if err := x.requests(log); err != nil {
		return nil, err
	}
	accounts, err := e.Credentials(ctx, cfg, targets)
	x.users(accounts)
	return x.all(), err
}

// Advisories says how the devices of a configuration stand to security advisories, by what the state remembers of their models and
// their firmware. Targets restrict it to some devices; none means all. It contacts no device: the records come from the last
// command that did, and a device without a record in the state is unknown to every advisory.
func (e *Engine) Advisories(ctx context.Context, cfg *config.Config, targets []schema.Setting) (*advisory.Report, error) {
	a := adviser{devices: e.Store.Devices, settings: e.Store.Settings, data: e.known(), now: e.Now()}
	judged, err := a.judge(ctx, targeted(cfg.Devices, targets))
	if err != nil {
		return nil, err
	}
	report := &advisory.Report{Data: a.data, Devices: judged}
	for _, t := range targets {
		report.Targets = append(report.Targets, t.String())
	}
	return report, nil
}

// Review lists who has access to the devices of a configuration: the accounts that are declared, and those that devices
// have although nobody declares them. A device whose accounts could not all be read has only its declared ones, and is in
// unread.
//
// With an error among the problems the accounts, if there are any, are not all to be relied on.
func (e *Engine) Review(ctx context.Context, cfg *config.Config, targets []schema.Setting) (accounts []Account, unread map[schema.Device]string, problems diag.Problems) {
	declared, use, err := e.accounts(ctx, cfg, targets)
	if err != nil {
		return nil, nil, stateUnreadable(err)
	}
	found, problems := e.surveyor(cfg).survey(ctx, targeted(cfg.Devices, targets), wantsOfReview)
	if found == nil {
		return nil, nil, problems
	}
	accounts, unread = reviewed(declared, found)
	return withFound(accounts, use, e.Provider.Kinds()), unread, problems
}

// Import reads candidates with all settings of the given kinds, and what they call themselves. It changes nothing on any device, and remembers of those
// that no state knows nothing before Adopt; what was remembered of a device at the same address holds. The error is for what
// concerns all of them, such as an unavailable secret: no device was contacted then.
func (e *Engine) Import(ctx context.Context, candidates []Candidate, kinds, deep []*schema.Kind) (*Imported, error) {
	devices := make([]*config.Device, len(candidates))
	for i := range candidates {
		devices[i] = candidates[i].device()
	}
	found, err := e.surveyor(nil).surveyBy(ctx, byEndpoint, devices, wantsOfImport(kinds, deep))
	if err != nil {
		return nil, err
	}
	hidden, err := hiddenAt(ctx, e.Store, found)
	if err != nil {
		return nil, err
	}
	return imported(candidates, found, hidden, e.Provider.Kinds().Consuming(), e.Provider)
}

// Adopt remembers who answered under the addresses that the devices have in the configuration, so that a plan notices
// when another one does, and which others they use. Addresses are those of Devices.
func (e *Engine) Adopt(ctx context.Context, i *Imported, addresses []schema.Device) error {
	told, err := i.toldUnder(addresses, e.Now())
	if err != nil {
		return err
	}
	if err := saveSeen(ctx, e.Store.Devices, i.seenUnder(addresses)); err != nil {
		return err
	}
	return e.Store.SaveUses(ctx, told)
}

// surveyor reads devices. The configuration says which ones there are; it is nil where that is not known.
func (e *Engine) surveyor(cfg *config.Config) surveyor {
	_, searches := e.Provider.(providers.Finder)
	s := surveyor{
		searches: searches, attempts: &attempts{Ledger: e.Store.Attempts, event: e.Event, stage: report.Refresh, sleep: sleep},

		stage: report.Refresh, open: e.Provider.OpenReader, interpreter: e.Provider, store: e.Store, secret: e.Secret, values: noValue, within: e.Within, passwords: e.Passwords, config: cfg,
		parallelism: e.Parallelism, event: e.Event, trace: e.Trace, nodes: e.Nodes,
	}
	e.From.reads(&s)
	return s
}

func (e *Engine) known() *advisory.Data {
	if e.Known == nil {
		return advisory.Builtin()
	}
	return e.Known
}

func (e *Engine) judge() judge {
	return judge{
		Interpreter: e.Provider, Composer: e.Provider, fingerprint: e.Store.Fingerprint, elsewhere: e.From.elsewhere(), advisories: e.known(), now: e.Now(),
	}
}

func (e *Engine) applying(ctx context.Context, run string) apply.Options {
	return apply.Options{
		Provider: e.Provider, Store: e.Store, Vault: e.Passwords, Sealer: e.sealer(), Run: run, Holding: e.Holding, Parallelism: e.Parallelism,
		Secret: e.Secret, Event: e.Event, Sleep: sleep, Settle: settler{e.judge(), e.Store, e.Secret}.settle,
		Explain: func(ctx context.Context, d plan.Device, err error) error {
			known, unread := standingOf(context.WithoutCancel(ctx), e.Store, d.Address, d.Access)
			if unread != nil {
				return err
			}
			return known.explain(err)
		},
		Target: func(d plan.Device) (providers.Target, error) {
			known, _, err := e.Store.Device(ctx, d.Address)
			if err != nil {
				return providers.Target{}, err
			}
			if err := e.sparing().spared(ctx, d.Address, known.Identity.Serial); err != nil {
				return providers.Target{}, err
			}
			target, err := e.surveyor(nil).target(ctx, d.Address, d.Access, known.Pin, d.Origins()...)
			if d.Activation != nil && errors.Is(err, errNoPassword) {
				err = nil // it is about to get one
			}
			return target, err
		},
	}
}

func (e *Engine) sparing() sparing { return sparing{e.Store.Cases, e.Now} }

// sealer makes what is kept of devices unreadable for others.
func (e *Engine) sealer() apply.Sealer {
	if e.Sealer == nil {
		return e.Store.Key
	}
	return e.Sealer
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// emptyPlan is a plan without devices, with what a configuration says of all plans.
func (e *Engine) emptyPlan(cfg *config.Config, targets []schema.Setting) *plan.Plan {
	p := &plan.Plan{
		Version: e.Version, Created: e.Now().UTC().Truncate(time.Second), Schema: e.Provider.Kinds().Hash(), Lineage: e.Store.Lineage(),
		MaxUnreachable: plan.Tolerance(cfg.Settings.MaxUnreachable), Targets: addressesOf(targets),
		Author: e.Author, Limits: plan.Limits(cfg.Settings.Limits),
	}
	if declared := cfg.Settings.Approvals; declared != nil {
		p.Approvals = &plan.Approvals{Required: declared.Required, For: declared.For, Signers: declared.Signers}
	}
	return p
}
