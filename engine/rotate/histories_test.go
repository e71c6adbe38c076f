package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"camform/engine/credential"
	"camform/engine/plan"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// scenario is the account that gets a new password.
type scenario struct {
	name      string
	own       bool // it is the one that camform logs in with
	unmanaged bool // the vault has no password of it yet
	sleeps    bool // the device wants that the account sets its password itself
	restored  bool // the vault comes from a backup
}

var scenarios = []scenario{
	{name: "another account"},
	{name: "another account, nothing known of it", unmanaged: true},
	{name: "another account that sleeps", sleeps: true},
	{name: "our own account", own: true},
	{name: "our own account for the first time", own: true, unmanaged: true},
	{name: "our own account after a restore", own: true, restored: true},
}

// world is a device, the disk of camform, and what may go wrong. Ways are the decisions of a history: which was taken of how
// many.
type world struct {
	scenario
	t       *testing.T
	ways    [][2]int
	at      int
	crashes int // that may still happen
	faults  int
	dead    bool
	trace   []string

	account  string
	has      map[string]string // account → password on the device
	asleep   bool
	late     func() // what the device does only after the run
	login    providers.Credential
	refused  map[string]bool // what the device refused in this run or the one before, as the ledger knows it
	versions []state.SecretVersion

	unprovable bool // a password was sent, and the ledger did not allow the login that proves it
	open       []state.Intent
	made       int
}

var errDead = errors.New("the process is dead")

func newWorld(t *testing.T, s scenario, ways [][2]int) *world {
	w := &world{scenario: s, t: t, ways: ways, crashes: 1, faults: 2, account: "operator", has: map[string]string{"admin": "admin-0", "operator": "operator-0"}}
	if s.own {
		w.account = "admin"
	}
	if !s.unmanaged {
		w.versions = []state.SecretVersion{{Name: w.name(), Version: 1, Status: state.SecretLive, Sealed: []byte(w.has[w.account])}}
	}
	if s.restored {
		w.versions[0].Uncertain = noon
	}
	return w
}

func (w *world) name() string {
	return credential.Name(schema.Device{Name: "gate"}, w.account)
}

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

// pick decides between n ways; 0 is the one on which nothing happens.
func (w *world) pick(n int) int {
	if w.at == len(w.ways) {
		w.ways = append(w.ways, [2]int{0, n})
	}
	w.at++
	return w.ways[w.at-1][0]
}

// crash lets the process die, or not.
func (w *world) crash(where string) {
	if !w.dead && w.crashes > 0 && w.pick(2) == 1 {
		w.note("crash %s", where)
		w.crashes--
		w.dead = true
	}
}

// fault decides which of some faults happens; empty for none.
func (w *world) fault(where string, faults ...string) string {
	if w.dead || w.faults == 0 {
		return ""
	}
	way := w.pick(1 + len(faults))
	if way == 0 {
		return ""
	}
	w.note("%s: %s", where, faults[way-1])
	w.faults--
	return faults[way-1]
}

// write makes something durable, or not.
func (w *world) write(where string, do func()) error {
	w.crash("before " + where)
	switch {
	case w.dead:
		return errDead
	case w.fault(where, "the disk is full") != "":
		return state.ErrFull
	}
	do()
	w.crash("after " + where)
	if w.dead {
		return errDead
	}
	return nil
}

// The store.

func (w *world) Versions(_ context.Context, name string) ([]state.SecretVersion, error) {
	if w.dead {
		return nil, errDead
	}
	return slices.DeleteFunc(slices.Clone(w.versions), func(v state.SecretVersion) bool { return v.Name != name }), nil
}

func (w *world) OpenIntents(context.Context, schema.Device) ([]state.Intent, error) {
	return slices.Clone(w.open), nil
}

func (w *world) AdoptSecret(_ context.Context, _ state.Lease, name string, sealed []byte, _ string) error {
	return w.write("adopting", func() {
		if len(w.versions) == 0 {
			w.versions = append(w.versions, state.SecretVersion{Name: name, Version: 1, Status: state.SecretLive, Sealed: sealed})
		}
	})
}

func (w *world) TriedSecret(_ context.Context, _ state.Lease, _ string, version int) error {
	return w.write("noting a refusal", func() {
		last := int64(0)
		for _, v := range w.versions {
			last = max(last, v.Tried)
		}
		for i := range w.versions {
			if w.versions[i].Version == version {
				w.versions[i].Tried = last + 1
			}
		}
	})
}

func (w *world) SettleSecret(_ context.Context, _ state.Lease, verdict state.Verdict) error {
	return w.write("settling", func() { w.settle(verdict) })
}

func (w *world) settle(verdict state.Verdict) {
	for i := range w.versions {
		v := &w.versions[i]
		if verdict.Live != 0 {
			v.Tried, v.Uncertain = 0, time.Time{}
		}
		switch {
		case v.Version == verdict.Live:
			v.Status = state.SecretLive
		case v.Status == state.SecretPending:
			v.Status = state.SecretWithdrawn
		case v.Status == state.SecretLive && verdict.Live != 0:
			v.Status = state.SecretHistory
		}
	}
}

// begin makes an intent and its candidate durable.
func (w *world) begin(c state.Candidate) error {
	return w.write("the intent", func() {
		w.versions = append(w.versions, state.SecretVersion{Name: c.Name, Version: len(w.versions) + 1, Status: state.SecretPending, Sealed: c.Sealed, Sent: noon})
		w.open = append(w.open, state.Intent{Candidates: []state.Candidate{c}})
	})
}

// finish closes an intent with what was found out.
func (w *world) finish(verdict state.Verdict) error {
	return w.write("closing the intent", func() { w.open = nil; w.settle(verdict) })
}

// The vault.

func (w *world) Propose(_ context.Context, _, account string, _ plan.Generate) (schema.Secret, []byte, error) {
	w.made++
	text := fmt.Sprintf("%s-%d", account, w.made)
	return schema.NewSecret(text), []byte(text), nil
}

func (*world) Keep(_ string, secret schema.Secret) ([]byte, error) {
	return []byte(secret.Reveal()), nil
}

func (*world) Open(v state.SecretVersion) (schema.Secret, error) {
	return schema.NewSecret(string(v.Sealed)), nil
}

// The device.

func (w *world) Login(_ context.Context, c providers.Credential) error {
	err := w.try(c)
	if err == nil {
		w.login = c
	}
	return err
}

func (w *world) Credential() providers.Credential { return w.login }

func (w *world) Authenticate(_ context.Context, c providers.Credential) error {
	err := w.try(c)
	if err == nil && w.asleep && c.Username == w.account {
		return providers.ErrMustChange
	}
	return err
}

// MayAuthenticate fails where the ledger would not allow the account a login.
func (w *world) MayAuthenticate(_ context.Context, c providers.Credential) error {
	w.crash("before a question")
	switch {
	case w.dead || w.fault("question", "unreachable") != "":
		return providers.ErrUnreachable
	case len(w.refused) > 0 && c.Username == w.account:
		return withheld(w.t, providers.ErrBudget)
	}
	return nil
}

// try is a login. The ledger allows an account one that is refused in two runs.
func (w *world) try(c providers.Credential) error {
	text := c.Password.Reveal()
	switch {
	case w.refused[text]:
		return withheld(w.t, providers.ErrRefused)
	case len(w.refused) > 0 && c.Username == w.account:
		return withheld(w.t, providers.ErrBudget)
	}
	w.crash("before a login")
	if w.dead || w.fault("login", "unreachable") != "" {
		return providers.ErrUnreachable
	}
	if text != w.has[c.Username] {
		w.refused = map[string]bool{text: true}
		return errRefused
	}
	return nil
}

// send is a request that carries a new password, sent as the account itself or as its administrator.
func (w *world) send(text string, as bool) error {
	if len(w.refused) > 0 {
		w.unprovable = true
	}
	w.crash("before the request")
	if w.dead {
		return providers.ErrUnreachable
	}
	set := func() {
		w.has[w.account], w.asleep = text, w.sleeps && !as
	}
	defer w.crash("after the request")
	switch w.fault("request", "never left", "lost", "lost answer", "refused", "refused, and done", "a lie", "late") {
	case "never left":
		return providers.ErrUnreachable
	case "lost":
		return providers.ErrUnknown
	case "lost answer":
		set()
		return providers.ErrUnknown
	case "refused":
		return providers.ErrDenied
	case "refused, and done":
		set()
		return providers.ErrDenied
	case "a lie":
		return nil
	case "late":
		w.late = set
		return providers.ErrUnknown
	}
	set()
	return nil
}

// run is one start of camform: it finds out what is open, and then changes the password if that is still due. The error says
// what is wrong with what it found out.
func (w *world) run() error {
	w.dead = false
	ctx := context.Background()
	access := plan.Access{Username: "admin"}
	if w.own {
		access.Managed = w.name()
	}
	login := "admin-0"
	if live, ok := rotate.Live(w.versions); ok && w.own {
		login = string(live.Sealed)
	}
	accounts := rotate.NewAccounts(rotate.World{Store: w, Vault: w, Device: w}, state.Lease{Device: schema.Device{Name: "gate"}}, access)
	if err := accounts.Enter(ctx, providers.Credential{Username: "admin", Password: schema.NewSecret(login)}); err != nil {
		return w.lockedOut(err)
	}
	if len(w.open) > 0 {
		if settled, err := w.conclude(ctx, accounts, rotate.Unheard); err != nil || !settled {
			return err
		}
	}
	if live, _ := rotate.Live(w.versions); strings.HasSuffix(string(live.Sealed), "-0") || live.Version == 0 || w.asleep {
		return w.change(ctx, accounts, live.Version)
	}
	return nil
}

// lockedOut says that a login found no password although the vault has the one of the device.
func (w *world) lockedOut(err error) error {
	if rotate.Refused(err) && !rotate.InDoubt(w.versions) && w.late == nil {
		return fmt.Errorf("the device refuses all that is known: %w", err)
	}
	return nil
}

func (w *world) change(ctx context.Context, accounts *rotate.Accounts, replaces int) error {
	for _, as := range []bool{false, true} { // an account that sleeps changes it once more, itself
		if accounts.Provable(ctx, providers.Credential{Username: w.account}) != nil {
			return nil
		}
		password, err := accounts.Propose(ctx, w.account, plan.Generate{Own: w.own, Replaces: replaces})
		if err != nil || w.begin(accounts.Candidate(w.account)) != nil {
			return nil
		}
		answer := w.send(password.Reveal(), as)
		if w.own && accounts.Reenter(ctx, answer) != nil {
			return nil
		}
		settled, wrong := w.conclude(ctx, accounts, rotate.AnswerOf(answer))
		if wrong != nil || !settled || !accounts.Asleep(w.account) {
			return wrong
		}
		if c, err := accounts.Wake(ctx, w.account); !w.dead && c.Password.Reveal() != w.has[w.account] {
			return fmt.Errorf("the account would log in with %s, and has %s: %w", c.Password.Reveal(), w.has[w.account], err)
		}
	}
	return nil
}

// conclude closes the open intent, if its outcome can be found out.
func (w *world) conclude(ctx context.Context, accounts *rotate.Accounts, answer rotate.Answer) (settled bool, wrong error) {
	found := accounts.Find(ctx, w.account, answer)
	if !found.Settled() || w.dead {
		return false, nil
	}
	var accepted state.SecretVersion
	for _, v := range w.versions {
		current := v.Status == state.SecretPending || v.Status == state.SecretLive
		if current && string(v.Sealed) == w.has[w.account] && found.Live != v.Version && answer != rotate.Denied {
			return false, fmt.Errorf("the device has version %d, and %+v was found", v.Version, found)
		}
		if v.Version == found.Live {
			accepted = v
		}
	}
	if found.Live != 0 && string(accepted.Sealed) != w.has[w.account] {
		return false, fmt.Errorf("the device has %s, and version %d was found", w.has[w.account], found.Live)
	}
	if found.Fresh != (accepted.Status == state.SecretPending) {
		return false, fmt.Errorf("version %d is %s, and fresh is %v", found.Live, accepted.Status, found.Fresh)
	}
	return w.finish(accounts.Verdict(w.account, found)) == nil, nil
}

// play plays a history: as many runs as it takes until everything was tried.
func (w *world) play() error {
	for run := range 16 {
		w.note("run %d", run)
		if run%2 == 0 {
			w.refused = nil
		}
		if err := w.run(); err != nil {
			return err
		}
		if w.late != nil {
			w.late()
			w.late = nil
		}
		if w.unprovable {
			return errors.New("a password was sent although its proof was withheld")
		}
		if !w.known(w.has[w.account]) {
			return fmt.Errorf("the device has %s, and the vault does not", w.has[w.account])
		}
	}
	live, _ := rotate.Live(w.versions)
	switch {
	case len(w.open) > 0 || rotate.InDoubt(w.versions):
		return errors.New("it is still in doubt")
	case string(live.Sealed) != w.has[w.account] || strings.HasSuffix(string(live.Sealed), "-0") || w.asleep:
		return fmt.Errorf("the vault says %s, and the device has %s", live.Sealed, w.has[w.account])
	}
	return nil
}

// known reports whether the vault has a password, or nothing was changed yet.
func (w *world) known(text string) bool {
	return strings.HasSuffix(text, "-0") && w.unmanaged || slices.ContainsFunc(w.versions, func(v state.SecretVersion) bool { return string(v.Sealed) == text })
}

// Whatever dies or fails, the vault has the password of the device at every moment (I8), and in the end says which it is (I5:
// with one refused login in two runs).
func TestI5I8EveryHistoryOfAPassword(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			var ways [][2]int
			for n := 1; ; n++ {
				w := newWorld(t, s, ways)
				if err := w.play(); err != nil {
					t.Fatalf("history %v: %v\n%s", w.ways, err, strings.Join(w.trace, "\n"))
				}
				ways = w.ways
				for len(ways) > 0 {
					last := &ways[len(ways)-1]
					if last[0]++; last[0] < last[1] {
						break
					}
					ways = ways[:len(ways)-1]
				}
				if len(ways) == 0 {
					t.Logf("%d histories", n)
					return
				}
			}
		})
	}
}

// attempts is a device that notes the passwords that it is asked for.
type attempts struct {
	*world
	asked []string
}

func (a *attempts) Login(ctx context.Context, c providers.Credential) error {
	a.asked = append(a.asked, c.Password.Reveal())
	return a.world.Login(ctx, c)
}

// After a restore, what the backup calls current is tried once in all runs together, and what is older never: only a person can know
// a newer one. What the device accepts is certain from then on.
func TestAfterARestoreTheCurrentPasswordIsTriedOnce(t *testing.T) {
	for has, want := range map[string]string{"newer": "admin-1", "admin-1": "admin-1 admin-1"} {
		w := newWorld(t, scenario{own: true}, nil)
		w.has["admin"] = has
		w.versions = []state.SecretVersion{
			{Name: w.name(), Version: 2, Status: state.SecretLive, Sealed: []byte("admin-1"), Uncertain: noon},
			{Name: w.name(), Version: 1, Status: state.SecretHistory, Sealed: []byte("admin-0")},
		}
		device := &attempts{world: w}
		var errs []error
		for range 2 {
			w.refused = nil // a window has passed
			accounts := rotate.NewAccounts(rotate.World{Store: w, Vault: w, Device: device}, state.Lease{Device: schema.Device{Name: "gate"}},
				plan.Access{Username: "admin", Managed: w.name()})
			errs = append(errs, accounts.Enter(t.Context(), providers.Credential{Username: "admin", Password: schema.NewSecret("admin-1")}))
		}
		if got := strings.Join(device.asked, " "); got != want {
			t.Errorf("a device with %q was asked for %q, want %q", has, got, want)
		}
		for _, err := range errs {
			if (err == nil) != (has == "admin-1") || err != nil && !rotate.Refused(err) {
				t.Errorf("a device with %q: %v", has, err)
			}
		}
		if w.versions[0].Uncertain.IsZero() != (has == "admin-1") {
			t.Errorf("a device with %q: uncertain since %v", has, w.versions[0].Uncertain)
		}
	}
}

// The first password of a device is proven only by its own login: what the vault had for the account before may open another device.
func TestAFirstPasswordIsProvenByItselfAlone(t *testing.T) {
	w := newWorld(t, scenario{own: true}, nil)
	w.has["admin"] = "admin-1"
	w.versions = []state.SecretVersion{
		{Name: w.name(), Version: 2, Status: state.SecretPending, Sealed: []byte("admin-2"), Sent: noon},
		{Name: w.name(), Version: 1, Status: state.SecretLive, Sealed: []byte("admin-1")},
	}
	device := &attempts{world: w}
	accounts := rotate.NewAccounts(rotate.World{Store: w, Vault: w, Device: device}, state.Lease{Device: schema.Device{Name: "gate"}},
		plan.Access{Username: "admin", Managed: w.name()})
	if found := accounts.Prove(t.Context()); found.Live != 0 || !found.Settled() || strings.Join(device.asked, " ") != "admin-2" {
		t.Errorf("%+v, asked for %q", found, device.asked)
	}
}
