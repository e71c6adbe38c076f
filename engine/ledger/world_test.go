package ledger_test

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/ledger"
	"camform/engine/thorough"
	"camform/providers"
)

// A world is a device with a few processes that log in to it, each with its password, interleaved in every order. Time
// passes in ticks, processes die between any two of their steps, and the clock of their host is set back and forth.
// Everything that can happen is tried.
type world struct {
	tells   bool  // the device tells how many attempts are left
	failed  []int // minutes of the failed logins that the device counts, oldest first
	ours    []int // those among them that are ours
	minute  int   // by the clock of the device
	jumpy   bool  // the clock of the host is set back and forth
	skewed  bool  // it is 40 minutes late at present
	history []ledger.Entry
	procs   []proc
	budget  budget
	changed bool // somebody has changed the right password
}

// budget bounds what may happen in a world, so that there is an end to it.
type budget struct{ ticks, crashes, jumps, changes int }

type proc struct {
	password string
	at       step
	consent  providers.Consent
	probed   int // attempts left as told by the probe
	entry    int // index in the history
	accepted bool
	left     int // told with the refusal
	runs     int // attempts that it still may charge

	// session goes on after a login: it reads a document at which the device refuses every login, also a good one, and counts that as a
	// failed login.
	session bool
}

type step string

const (
	idle     step = "idle"
	probed   step = "probed"
	charged  step = "charged"
	answered step = "answered"

	// Of a session: it reads the document with the key of its login, once more with a new challenge, and then one that it was given
	// before, which decides.
	loggedIn step = "logged in"
	withheld step = "withheld"
	retried  step = "retried"
	doubtful step = "doubtful"
)

const (
	limit = 5  // failed logins that lock the device
	cycle = 30 // minutes after the last failed login that it forgets them
	tick  = 10 // minutes
)

func (w world) clone() world {
	w.failed, w.ours = slices.Clone(w.failed), slices.Clone(w.ours)
	w.history, w.procs = slices.Clone(w.history), slices.Clone(w.procs)
	return w
}

func (w *world) now() time.Time {
	late := 0
	if w.skewed {
		late = 40
	}
	return noon.Add(minutes(w.minute - late))
}

// counted forgets failed logins as a device does: all at once, when the last one is long enough ago.
func (w *world) counted() int {
	if n := len(w.failed); n > 0 && w.minute-w.failed[n-1] >= cycle {
		w.failed, w.ours = nil, nil
	}
	return len(w.failed)
}

func (w *world) remaining() int {
	if !w.tells {
		return unknown
	}
	return limit - w.counted()
}

// advance makes one process take its next step. It reports whether that did anything, and what went wrong.
func (w *world) advance(p *proc) (bool, error) {
	switch p.at {
	case idle:
		p.at, p.probed = probed, w.remaining()
	case probed:
		p.at = idle
		soon := w.tooSoon(p.password)
		if !w.charge(p) {
			return true, nil
		}
		if p.runs == 0 {
			return false, nil
		}
		if soon && !w.jumpy && p.consent != providers.AtRisk {
			return true, fmt.Errorf("%s was tried again", p.password)
		}
		p.runs--
		p.at = charged
	case charged:
		p.at = answered
		return true, w.login(p)
	case answered:
		e := &w.history[p.entry]
		e.Outcome, e.Settled, e.Remaining = ledger.Refused, w.now(), p.left
		p.at = idle
		if p.accepted {
			e.Outcome = ledger.Accepted
			if p.session {
				p.at, p.session = loggedIn, false
			}
		}
	case loggedIn:
		p.at, p.probed = withheld, w.remaining()
		return true, w.fail(p)
	case withheld:
		if w.tells { // the figure fell, so that another attempt would fall with it
			return true, w.decide(p)
		}
		if !w.charge(p) {
			p.at = idle
			return true, nil
		}
		p.at = retried
	case retried:
		p.at = doubtful
		return true, w.fail(p)
	case doubtful:
		e := &w.history[p.entry]
		e.Outcome, e.Settled, e.Remaining = ledger.Contested, w.now(), p.left
		return true, w.decide(p)
	}
	return true, nil
}

// decide makes the attempt that shows whether a refusal was about a document or about the password.
func (w *world) decide(p *proc) error {
	p.probed = w.remaining()
	if !w.charge(p) {
		p.at = idle
		return nil
	}
	p.at = charged
	return nil
}

// charge notes an attempt, if the ledger lets it be made.
func (w *world) charge(p *proc) bool {
	ledger.Rebase(w.history, w.now())
	if ledger.Decide(w.history, ledger.Attempt{Credential: p.password, Remaining: p.probed, Consent: p.consent}, w.now()) != nil {
		return false
	}
	p.entry = len(w.history)
	w.history = append(w.history, ledger.Entry{ID: int64(len(w.history)), Credential: p.password, Outcome: ledger.Open, Charged: w.now(), Remaining: p.probed, Consent: p.consent})
	return true
}

func (w *world) login(p *proc) error {
	w.counted()
	if p.accepted = p.password == "right" && !w.changed; p.accepted {
		w.failed, w.ours = nil, nil
		return nil
	}
	return w.fail(p)
}

// fail is a failed login of ours that the device counts.
func (w *world) fail(p *proc) error {
	w.counted()
	w.failed, w.ours = append(w.failed, w.minute), append(w.ours, w.minute)
	p.left = w.remaining()
	kept := ledger.Reserve
	if w.risked() {
		kept = providers.AtRisk.Kept()
	}
	switch {
	case len(w.failed) >= limit:
		return errors.New("the device is locked")
	case len(w.ours) > limit-kept:
		return fmt.Errorf("%d failed logins are ours", len(w.ours))
	case w.tells && p.left < kept:
		return fmt.Errorf("one of the last attempts was spent, %d are left", p.left)
	}
	return nil
}

// risked reports whether somebody accepted the risk, and the attempt counts still.
func (w *world) risked() bool {
	return slices.ContainsFunc(w.history, func(e ledger.Entry) bool {
		return e.Consent == providers.AtRisk && w.now().Before(e.Charged.Add(ledger.Window))
	})
}

// tooSoon reports whether a credential is about to be tried although it was refused less than a window ago.
func (w *world) tooSoon(credential string) bool {
	return slices.ContainsFunc(w.history, func(e ledger.Entry) bool {
		return e.Outcome == ledger.Refused && e.Credential == credential && w.now().Before(e.Settled.Add(ledger.Window))
	})
}

// recovers checks that the right password gets through once everybody has been quiet for a window. After the clock was
// wrong an attempt can count twice, once since that was noticed and once in its own time, so there it may take three.
func (w world) recovers() error {
	w = w.clone()
	ledger.Rebase(w.history, w.now())
	windows := 1
	if w.jumpy {
		windows = 3
	}
	var err error
	for range windows {
		w.minute += int(ledger.Window / time.Minute)
		if err = ledger.Decide(w.history, ledger.Attempt{Credential: "right", Remaining: w.remaining()}, w.now()); err == nil {
			return nil
		}
	}
	return err
}

// key identifies what can still matter in a world. Processes with the same password are interchangeable.
func (w *world) key() [sha256.Size]byte {
	var b []byte
	add := func(numbers ...int) {
		for _, n := range numbers {
			b = append(b, byte(n), byte(n>>8))
		}
	}
	at := func(t time.Time) int { return int(t.Sub(noon) / time.Minute) }
	flag := map[bool]int{true: 1}
	add(len(w.failed), len(w.ours), w.minute, flag[w.skewed], flag[w.changed], w.budget.ticks, w.budget.crashes, w.budget.jumps, w.budget.changes)
	add(w.failed...)
	add(w.ours...)
	procs := slices.Clone(w.procs)
	slices.SortFunc(procs, func(p, q proc) int {
		return cmp.Or(cmp.Compare(p.password, q.password), cmp.Compare(p.at, q.at), cmp.Compare(p.runs, q.runs),
			cmp.Compare(p.probed, q.probed), cmp.Compare(p.entry, q.entry))
	})
	for _, p := range procs {
		b = append(b, p.at...)
		add(len(p.consent), len(p.at), p.probed, p.entry, flag[p.accepted], p.left, p.runs, flag[p.session])
	}
	for _, e := range w.history {
		b = append(b, e.Credential[0])
		b = append(b, e.Outcome...)
		add(at(e.Charged), at(e.Settled), at(e.Rebased), e.Remaining, len(e.Consent))
	}
	return sha256.Sum256(b)
}

type explorer struct {
	seen   map[[sha256.Size]byte]bool
	trace  []string
	failed func(trace []string, err error)
}

func (x *explorer) visit(w world) {
	key := w.key()
	if x.seen[key] {
		return
	}
	x.seen[key] = true
	if err := w.recovers(); err != nil {
		x.failed(x.trace, fmt.Errorf("the right password is blocked for ever: %w", err))
	}
	for i, p := range w.procs {
		next := w.clone()
		moved, err := next.advance(&next.procs[i])
		x.trace = append(x.trace, p.password+" "+string(p.at))
		if err != nil {
			x.failed(x.trace, err)
		}
		if moved {
			x.visit(next)
		}
		x.trace = x.trace[:len(x.trace)-1]
	}
	for _, event := range w.events() {
		x.trace = append(x.trace, event.name)
		x.visit(event.world)
		x.trace = x.trace[:len(x.trace)-1]
	}
}

type event struct {
	name  string
	world world
}

// events are what can happen besides the steps of the processes.
func (w world) events() []event {
	var all []event
	underWay := slices.ContainsFunc(w.procs, func(p proc) bool { return p.at != idle && p.at != answered && p.at != loggedIn })
	if w.budget.ticks > 0 && !underWay { // a login is over long before
		next := w.clone()
		next.budget.ticks--
		next.minute += tick
		all = append(all, event{"tick", next})
	}
	if w.budget.jumps > 0 && !underWay {
		next := w.clone()
		next.budget.jumps--
		next.skewed = !next.skewed
		all = append(all, event{"jump", next})
	}
	if w.budget.changes > 0 {
		next := w.clone()
		next.budget.changes--
		next.changed = true
		all = append(all, event{"change of the password", next})
	}
	for i, p := range w.procs {
		if w.budget.crashes > 0 && p.at != idle && p.at != probed {
			next := w.clone()
			next.budget.crashes--
			next.procs[i].at = idle
			all = append(all, event{"crash of " + p.password, next})
		}
	}
	return all
}

// fleet is who logs in to a device, and what may happen.
type fleet struct {
	passwords []string
	runs      int
	budget    budget
	consents  []providers.Consent // of the passwords from the first on; the others are those of runs
	sessions  int                 // how many of the first passwords have sessions that go on
}

// explore tries all that can happen with a fleet, with so many failed logins of somebody else before, and returns how many situations
// there are.
func (f fleet) explore(t *testing.T, tells bool, noise int) int {
	t.Helper()
	w := world{tells: tells, failed: slices.Repeat([]int{0}, noise), budget: f.budget, jumpy: f.budget.jumps > 0}
	for i, password := range f.passwords {
		p := proc{password: password, at: idle, runs: f.runs, session: i < f.sessions}
		if i < len(f.consents) {
			p.consent = f.consents[i]
		}
		w.procs = append(w.procs, p)
	}
	x := &explorer{seen: map[[sha256.Size]byte]bool{}, failed: func(trace []string, err error) {
		t.Fatalf("%v, tells %v, noise %d: %v\n%s", f.passwords, tells, noise, err, strings.Join(trace, ", "))
	}}
	x.visit(w)
	return len(x.seen)
}

// A document at which the device refuses a good login, and counts that, costs more attempts than a wrong password: with the key of
// the session, with a new challenge, and to find out whose fault it is.
func TestNoDocumentThatRefusesAGoodLoginLocksTheDevice(t *testing.T) {
	total := 0
	for _, f := range []fleet{
		{passwords: []string{"right"}, runs: 3, budget: budget{ticks: thorough.Pick(3, 3, 4), crashes: 2, changes: 1}, sessions: 1},
		{passwords: []string{"right", "wrong"}, runs: 2, budget: budget{ticks: thorough.Pick(0, 1, 2), crashes: 1, changes: 1}, sessions: 1},
		{passwords: []string{"right", "right"}, runs: thorough.Pick(1, 1, 2), budget: budget{ticks: 1, crashes: 1}, sessions: 2},
		{passwords: []string{"right", "right"}, runs: 1, budget: budget{ticks: thorough.Pick(0, 1, 1), crashes: 1, changes: 1}, sessions: 2},
	} {
		for _, tells := range []bool{true, false} {
			for noise := range limit - ledger.Reserve {
				switch {
				case !tells && noise > 0:
					continue // nobody can know of them, and three attempts may be ours
				case !tells && f.sessions > 1 && f.budget.changes > 0:
					continue // a fourth may be, of five: both sessions ask, and somebody changes the password before one decides
				}
				total += f.explore(t, tells, noise)
			}
		}
	}
	t.Logf("%d situations", total)
	if total < 2_000 {
		t.Errorf("only %d situations were reached, so hardly anything was tried", total)
	}
}

func TestNoHistoryLocksTheDeviceOrTheRightPasswordOut(t *testing.T) {
	fleets := []fleet{
		{passwords: []string{"wrong", "wrong"}, runs: 3, budget: budget{ticks: thorough.Pick(3, 4, 5), crashes: 1}},
		{passwords: []string{"wrong", "right"}, runs: 2, budget: budget{ticks: 3, crashes: 1}},
		{passwords: []string{"wrong", "false"}, runs: 2, budget: budget{ticks: thorough.Pick(2, 3, 5), crashes: 2}},
		{passwords: []string{"right", "right"}, runs: 2, budget: budget{ticks: thorough.Pick(2, 2, 3), crashes: 2}},
		{passwords: []string{"wrong", "false"}, runs: 2, budget: budget{ticks: thorough.Pick(1, 1, 2), crashes: 1, jumps: 2}},
		{passwords: []string{"wrong", "right"}, runs: 2, budget: budget{ticks: 1, jumps: 2}},
		{passwords: []string{"wrong", "wrong", "right"}, runs: 1, budget: budget{ticks: 2, crashes: 1}},
		{passwords: []string{"wrong", "false", "bad"}, runs: 1, budget: budget{ticks: thorough.Pick(1, 1, 3), crashes: 1}},
		{passwords: []string{"bad", "wrong"}, runs: 2, budget: budget{ticks: thorough.Pick(2, 3, 4), crashes: 1}, consents: []providers.Consent{providers.ByPerson}},
		{passwords: []string{"bad", "bad", "false"}, runs: 1, budget: budget{ticks: 1, crashes: 1}, consents: []providers.Consent{providers.AtRisk, providers.AtRisk}},
	}
	fleets = append(fleets, thorough.Pick(nil, nil, []fleet{
		{passwords: []string{"bad", "wrong", "false"}, runs: 1, budget: budget{ticks: 1, crashes: 1}, consents: []providers.Consent{providers.ByPerson}},
		{passwords: []string{"bad", "wrong", "false"}, runs: 1, budget: budget{ticks: 1, crashes: 1}, consents: []providers.Consent{providers.AtRisk, providers.ByPerson}},
		{passwords: []string{"bad", "right", "false"}, runs: 1, budget: budget{ticks: 1}, consents: []providers.Consent{providers.AtRisk}},
	})...)
	total := 0
	for _, f := range fleets {
		before := total
		for _, tells := range []bool{true, false} {
			for noise := range limit { // failed logins of somebody else, just before
				if !tells && noise > limit-ledger.Reserve-1 {
					continue // nobody can know of them, and two attempts may be ours after the clock was wrong
				}
				total += f.explore(t, tells, noise)
			}
		}
		t.Logf("%v: %d situations", f.passwords, total-before)
	}
	t.Logf("%d different situations", total)
	if total < thorough.Pick(20_000, 50_000, 100_000) {
		t.Errorf("only %d situations were reached, so hardly anything was tried", total)
	}
}
