package apply_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"camform/engine/apply"
	"camform/engine/credential"
	"camform/engine/ledger"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// store is a state store in memory: what it holds survives the process of a world, as a disk does. Durable asks before
// each write whether it comes about; TestTheStoreInMemoryBehavesLikeTheRealOne compares it with the real one.
type store struct {
	now     func() time.Time
	durable func(write func() error) error
	// accounted is durable for the ledger.
	accounted func(write func() error) error
	alive     func(run string) bool

	tokens   map[schema.Device]int64
	holder   map[schema.Device]string
	renewed  map[schema.Device]time.Time
	devices  map[schema.Device]state.Device
	settings map[schema.Setting]state.Setting
	intents  []state.Intent
	secrets  []state.SecretVersion // in the order in which they were made
	attempts []ledger.Entry
	owed     map[schema.Setting]state.Owed
	uses     map[schema.Device]state.Uses
}

var (
	_ apply.Store      = (*store)(nil)
	_ providers.Ledger = ledgerOf{}
)

func newStore(now func() time.Time) *store {
	at := func(write func() error) error { return write() }
	return &store{
		now: now, durable: at, accounted: at, alive: func(string) bool { return true },
		tokens: map[schema.Device]int64{}, holder: map[schema.Device]string{}, renewed: map[schema.Device]time.Time{},
		devices: map[schema.Device]state.Device{}, settings: map[schema.Setting]state.Setting{}, owed: map[schema.Setting]state.Owed{},
		uses: map[schema.Device]state.Uses{},
	}
}

// clone is a copy that goes its own way. Rows are replaced, and never changed.
func (s *store) clone() *store {
	c := *s
	c.tokens, c.holder, c.renewed, c.devices = maps.Clone(s.tokens), maps.Clone(s.holder), maps.Clone(s.renewed), maps.Clone(s.devices)
	c.settings, c.owed, c.uses = maps.Clone(s.settings), maps.Clone(s.owed), maps.Clone(s.uses)
	c.intents, c.secrets, c.attempts = slices.Clone(s.intents), slices.Clone(s.secrets), slices.Clone(s.attempts)
	return &c
}

func (s *store) Acquire(_ context.Context, run string, devices ...schema.Device) (leases []state.Lease, err error) {
	err = s.durable(func() error {
		var held state.HeldErrors
		for _, device := range devices {
			if holder := s.holder[device]; holder != "" && s.alive(holder) && s.now().Before(s.renewed[device].Add(state.LeaseTime)) {
				held = append(held, &state.HeldError{Device: device, Run: s.holder[device]})
			}
		}
		if len(held) > 0 {
			return held
		}
		for _, device := range devices {
			s.tokens[device]++
			s.holder[device], s.renewed[device] = run, s.now()
			leases = append(leases, state.Lease{Device: device, Run: run, Token: s.tokens[device]})
		}
		return nil
	})
	return leases, err
}

func (s *store) Device(_ context.Context, address schema.Device) (state.Device, bool, error) {
	d, ok := s.devices[address]
	return d, ok, nil
}

func (s *store) SaveSeen(_ context.Context, d state.Device) error {
	return s.durable(func() error {
		d.Pin = s.devices[d.Address].Pin.Merge(d.Pin)
		s.devices[d.Address] = d
		return nil
	})
}

func (s *store) ForgetDevice(_ context.Context, address schema.Device) error {
	return s.durable(func() error {
		if holder := s.holder[address]; holder != "" {
			return &state.HeldError{Device: address, Run: holder}
		}
		delete(s.devices, address)
		maps.DeleteFunc(s.settings, func(a schema.Setting, _ state.Setting) bool { return a.Device == address })
		return nil
	})
}

func (s *store) MoveDevices(
	_ context.Context, _ string, moves schema.Moves, reseal func(state.SecretVersion, string) ([]byte, error),
) (moved schema.Moves, err error) {
	err = s.durable(func() error {
		known := s.known()
		var held state.HeldErrors
		for _, m := range moves {
			for _, d := range []schema.Device{m.From, m.To} {
				if s.holder[d] != "" {
					held = append(held, &state.HeldError{Device: d, Run: s.holder[d]})
				}
			}
			if known[m.From] && known[m.To] {
				return state.ErrTaken
			}
		}
		if len(held) > 0 {
			return held
		}
		for _, m := range moves {
			if known[m.From] {
				moved = append(moved, m)
				if err := s.move(m, reseal); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return moved, err
}

// known are the devices that there are records of.
func (s *store) known() map[schema.Device]bool {
	known := map[schema.Device]bool{}
	for d := range s.devices {
		known[d] = true
	}
	for a := range s.settings {
		known[a.Device] = true
	}
	for _, v := range s.secrets {
		if d, _, ok := credential.AccountOf(v.Name); ok {
			known[d] = true
		}
	}
	return known
}

func (s *store) move(m schema.Move, reseal func(state.SecretVersion, string) ([]byte, error)) error {
	name := func(old string) string {
		if d, account, ok := credential.AccountOf(old); ok && d == m.From {
			return credential.Name(m.To, account)
		}
		return old
	}
	setting := func(a schema.Setting) schema.Setting {
		if a.Device == m.From {
			a.Device = m.To
		}
		return a
	}
	for i, v := range s.secrets {
		if to := name(v.Name); to != v.Name {
			sealed, err := reseal(v, to)
			if err != nil {
				return err
			}
			s.secrets[i].Name, s.secrets[i].Sealed = to, sealed
		}
	}
	if d, ok := s.devices[m.From]; ok {
		delete(s.devices, m.From)
		d.Address = m.To
		s.devices[m.To] = d
	}
	for a, row := range maps.Clone(s.settings) {
		delete(s.settings, a)
		row.Address = setting(a)
		s.settings[row.Address] = row
	}
	for item, o := range maps.Clone(s.owed) {
		delete(s.owed, item)
		if scheme, of := schema.OriginScheme(o.Origin); scheme == schema.OriginVault {
			o.Origin = credential.Origin(name(of))
		}
		o.Item, o.Account = setting(item), setting(o.Account)
		s.owed[o.Item] = o
	}
	for i := range s.intents {
		in := &s.intents[i]
		in.Device = setting(schema.Setting{Device: in.Device}).Device
		for k := range in.Candidates {
			in.Candidates[k].Name = name(in.Candidates[k].Name)
		}
	}
	token := max(s.tokens[m.From], s.tokens[m.To]) + 1
	s.tokens[m.From], s.tokens[m.To] = token, token
	return nil
}

func (s *store) Renew(context.Context, ...state.Lease) ([]state.Lease, error) { return nil, nil }

func (s *store) Release(_ context.Context, leases ...state.Lease) error {
	return s.durable(func() error {
		for _, l := range leases {
			if s.tokens[l.Device] == l.Token {
				s.holder[l.Device] = ""
			}
		}
		return nil
	})
}

// fenced is durable for a write with a lease.
func (s *store) fenced(lease state.Lease, write func() error) error {
	return s.durable(func() error {
		if s.tokens[lease.Device] != lease.Token || s.holder[lease.Device] != lease.Run {
			return state.ErrLeaseLost
		}
		err := write()
		if err == nil {
			s.renewed[lease.Device] = s.now()
		}
		return err
	})
}

func (s *store) SettingsOf(_ context.Context, device schema.Device) (map[schema.Setting]state.Setting, error) {
	found := map[schema.Setting]state.Setting{}
	for address, row := range s.settings {
		if address.Device == device {
			found[address] = row
		}
	}
	return found, nil
}

func (s *store) Record(_ context.Context, lease state.Lease, rows []state.Setting, forget []schema.Setting) error {
	return s.fenced(lease, func() error { return s.record(lease, rows, forget) })
}

// record writes all or, where there is a mistake in it, nothing.
func (s *store) record(lease state.Lease, rows []state.Setting, forget []schema.Setting) error {
	for _, row := range rows {
		if row.Address.Device != lease.Device || !isObject(row.Applied) || !isObject(row.Observed) {
			return fmt.Errorf("%v is no row of %s", row, lease.Device)
		}
	}
	for _, address := range forget {
		if address.Device != lease.Device {
			return fmt.Errorf("%s is not of %s", address, lease.Device)
		}
	}
	for _, row := range rows {
		row.Run = cmp.Or(row.Run, lease.Run)
		s.settings[row.Address] = row
	}
	for _, address := range forget {
		delete(s.settings, address)
	}
	return nil
}

func isObject(value json.RawMessage) bool {
	return value == nil || json.Valid(value) && bytes.HasPrefix(bytes.TrimSpace(value), []byte("{"))
}

func (s *store) Fingerprint(setting schema.Setting, attribute string, secret schema.Secret) string {
	return "fingerprint of " + setting.String() + " " + attribute + " " + secret.Reveal()
}

func (s *store) Begin(ctx context.Context, lease state.Lease, intent state.Intent) (id state.IntentID, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for _, step := range intent.Steps {
		if step.Setting.Device != lease.Device || !isObject(step.Before) || !isObject(step.After) {
			return 0, fmt.Errorf("%v is no step of %s", step, lease.Device)
		}
	}
	err = s.fenced(lease, func() error {
		var candidates []state.Candidate
		for _, c := range intent.Candidates {
			candidates = append(candidates, state.Candidate{Name: c.Name, Version: s.add(state.SecretVersion{
				Name: c.Name, Status: state.SecretPending, Sealed: c.Sealed, Sent: s.now(), Created: s.now(), Run: lease.Run, Note: c.Note,
			})})
		}
		intent.ID, intent.Run, intent.Device, intent.Begun = state.IntentID(len(s.intents)+1), lease.Run, lease.Device, s.now()
		intent.Candidates = candidates
		s.intents = append(s.intents, intent)
		id = intent.ID
		return nil
	})
	return id, err
}

func (s *store) Finish(
	_ context.Context, lease state.Lease, id state.IntentID, outcome state.Outcome, rows []state.Setting,
	forget []schema.Setting, verdicts ...state.Verdict,
) error {
	return s.fenced(lease, func() error {
		if int(id) > len(s.intents) || !isOpen(s.intents[id-1]) || s.intents[id-1].Device != lease.Device {
			return state.ErrFinished
		}
		for _, v := range verdicts {
			if err := s.possible(v); err != nil {
				return err
			}
		}
		if err := s.record(lease, rows, forget); err != nil {
			return err
		}
		s.intents[id-1].Outcome, s.intents[id-1].Finished = outcome, s.now()
		for _, v := range verdicts {
			s.settle(v)
		}
		return nil
	})
}

func isOpen(in state.Intent) bool { return in.Outcome == "" || in.Outcome == state.Unknown }

// intentsThat are those for which something holds, oldest first.
func (s *store) intentsThat(holds func(state.Intent) bool) ([]state.Intent, error) {
	return slices.DeleteFunc(slices.Clone(s.intents), func(in state.Intent) bool { return !holds(in) }), nil
}

func (s *store) OpenIntents(_ context.Context, device schema.Device) ([]state.Intent, error) {
	return s.intentsThat(func(in state.Intent) bool { return in.Device == device && isOpen(in) })
}

func (s *store) AllOpenIntents(context.Context) ([]state.Intent, error) { return s.intentsThat(isOpen) }

func (s *store) RunIntents(_ context.Context, run string) ([]state.Intent, error) {
	return s.intentsThat(func(in state.Intent) bool { return in.Run == run })
}

// SaveSnapshot keeps nothing: nobody reads snapshots here.
func (s *store) SaveSnapshot(_ context.Context, lease state.Lease, _ string, _ []byte) error {
	return s.fenced(lease, func() error { return nil })
}

// add keeps a version of a secret and returns its number.
func (s *store) add(secret state.SecretVersion) int {
	secret.Version = 1
	for _, other := range s.secrets {
		if other.Name == secret.Name {
			secret.Version = other.Version + 1
		}
	}
	s.secrets = append(s.secrets, secret)
	return secret.Version
}

func (s *store) Versions(_ context.Context, name string) ([]state.SecretVersion, error) {
	var found []state.SecretVersion
	for _, secret := range slices.Backward(s.secrets) {
		if secret.Name == name {
			found = append(found, secret)
		}
	}
	return found, nil
}

func (s *store) Doubtful(context.Context) (map[string]bool, error) {
	names := map[string]bool{}
	for _, v := range s.secrets {
		if v.Status == state.SecretPending && !v.Sent.IsZero() || v.Status == state.SecretLive && v.Tried != 0 {
			names[v.Name] = true
		}
	}
	return names, nil
}

func (s *store) SaveUses(_ context.Context, all []state.Uses) error {
	if len(all) == 0 {
		return nil
	}
	return s.durable(func() error {
		for _, u := range all {
			if u.Read.IsZero() {
				u.Read = s.now()
			}
			s.uses[u.Device] = u
		}
		return nil
	})
}

func (s *store) AllDevices(context.Context) ([]state.Device, error) {
	return slices.Collect(maps.Values(s.devices)), nil
}

func (s *store) AllUses(context.Context) ([]state.Uses, error) {
	return slices.SortedFunc(maps.Values(s.uses), func(a, b state.Uses) int { return a.Device.Compare(b.Device) }), nil
}

func (s *store) Owe(_ context.Context, all []state.Owed) error {
	if len(all) == 0 {
		return nil
	}
	return s.durable(func() error {
		for _, o := range all {
			if o.Since.IsZero() {
				o.Since = s.now()
			}
			s.owed[o.Item] = o
		}
		return nil
	})
}

func (s *store) Paid(_ context.Context, items []schema.Setting) error {
	if len(items) == 0 {
		return nil
	}
	return s.durable(func() error {
		for _, item := range items {
			delete(s.owed, item)
		}
		return nil
	})
}

func (s *store) AllOwed(context.Context) ([]state.Owed, error) {
	return slices.SortedFunc(maps.Values(s.owed), func(a, b state.Owed) int { return a.Item.Compare(b.Item) }), nil
}

func (s *store) AdoptSecret(ctx context.Context, lease state.Lease, name string, sealed []byte, note string) error {
	return s.fenced(lease, func() error {
		if known, _ := s.Versions(ctx, name); len(known) == 0 {
			s.add(state.SecretVersion{Name: name, Status: state.SecretLive, Sealed: sealed, Created: s.now(), Note: note})
		}
		return nil
	})
}

func (s *store) TriedSecret(_ context.Context, lease state.Lease, name string, version int) error {
	return s.fenced(lease, func() error { s.tried(name, version); return nil })
}

func (s *store) tried(name string, version int) {
	var last int64
	for _, v := range s.secrets {
		if v.Name == name {
			last = max(last, v.Tried)
		}
	}
	for i, v := range s.secrets {
		if v.Name == name && v.Version == version {
			s.secrets[i].Tried = last + 1
		}
	}
}

func (s *store) SettleSecret(_ context.Context, lease state.Lease, v state.Verdict) error {
	return s.fenced(lease, func() error {
		if err := s.possible(v); err != nil {
			return err
		}
		s.settle(v)
		return nil
	})
}

// possible refuses a verdict about a version that does not exist.
func (s *store) possible(v state.Verdict) error {
	if v.Live != 0 && !slices.ContainsFunc(s.secrets, func(known state.SecretVersion) bool { return known.Name == v.Name && known.Version == v.Live }) {
		return fmt.Errorf("there is no version %d of %s", v.Live, v.Name)
	}
	return nil
}

func (s *store) settle(verdict state.Verdict) {
	for i := range s.secrets {
		v := &s.secrets[i]
		if v.Name == verdict.Name && verdict.Live != 0 {
			v.Tried = 0
		}
		switch {
		case v.Name != verdict.Name:
		case v.Version == verdict.Live:
			v.Status, v.Proven = state.SecretLive, s.now()
		case v.Status == state.SecretPending:
			v.Status = state.SecretWithdrawn
		case v.Status == state.SecretLive && verdict.Live != 0:
			v.Status = state.SecretHistory
		}
	}
}

// ledgerOf is the ledger of a store, by the rules of package ledger.
type ledgerOf struct{ *store }

// about is what is known of the endpoint of an attempt.
func (l ledgerOf) about(a providers.Attempt) ([]ledger.Entry, ledger.Attempt) {
	history := slices.DeleteFunc(slices.Clone(l.attempts), func(e ledger.Entry) bool {
		return !strings.HasPrefix(e.Credential, a.Endpoint+" ")
	})
	credential := a.Endpoint + " " + a.Credential.Username + " " + a.Credential.Password.Reveal()
	return history, ledger.Attempt{Credential: credential, Remaining: a.Remaining, Consent: a.Consent}
}

func (l ledgerOf) Allow(_ context.Context, a providers.Attempt) error {
	history, attempt := l.about(a)
	ledger.Rebase(history, l.now())
	return ledger.Advise(history, attempt, l.now())
}

func (l ledgerOf) Charge(_ context.Context, a providers.Attempt) (charge providers.Charge, err error) {
	err = l.accounted(func() error {
		history, attempt := l.about(a)
		for _, e := range ledger.Rebase(history, l.now()) {
			l.charged(e.ID).Rebased = e.Rebased
		}
		if err := ledger.Advise(history, attempt, l.now()); err != nil {
			return err
		}
		charge = providers.Charge(l.note(ledger.Entry{
			Credential: attempt.Credential, Outcome: ledger.Open, Charged: l.now(), Remaining: a.Remaining, Consent: a.Consent,
		}))
		return nil
	})
	return charge, err
}

// note adds an entry and returns its number.
func (l ledgerOf) note(e ledger.Entry) int64 {
	e.ID = 1
	if n := len(l.attempts); n > 0 {
		e.ID = l.attempts[n-1].ID + 1
	}
	l.store.attempts = append(l.attempts, e)
	return e.ID
}

// charged is the entry of a number; nil if there is none.
func (l ledgerOf) charged(id int64) *ledger.Entry {
	at := slices.IndexFunc(l.attempts, func(e ledger.Entry) bool { return e.ID == id })
	if at < 0 {
		return nil
	}
	return &l.attempts[at]
}

// drop removes entries.
func (l ledgerOf) drop(which func(ledger.Entry) bool) {
	l.store.attempts = slices.DeleteFunc(slices.Clone(l.attempts), which)
}

func (l ledgerOf) Return(_ context.Context, c providers.Charge) error {
	return l.accounted(func() error {
		e := l.charged(int64(c))
		if e == nil || e.Outcome != ledger.Open {
			return errors.New("the attempt is not open")
		}
		l.drop(func(e ledger.Entry) bool { return e.ID == int64(c) })
		return nil
	})
}

func (l ledgerOf) Leave(context.Context, providers.Charge) error {
	return l.accounted(func() error { return nil }) // it has one process
}

func (l ledgerOf) Settle(_ context.Context, c providers.Charge, r providers.AttemptResult) error {
	return l.accounted(func() error {
		e := l.charged(int64(c))
		if e == nil || e.Outcome != ledger.Open {
			return errors.New("the attempt is not open")
		}
		e.Outcome, e.Settled, e.Remaining, e.Lock = ledger.OutcomeOf(r), l.now(), r.Remaining, r.Lock
		if last := *e; r.Accepted { // the successes before say nothing any more
			l.drop(func(e ledger.Entry) bool {
				return e.ID < last.ID && e.Outcome == ledger.Accepted && e.Credential == last.Credential
			})
		}
		return nil
	})
}

func (l ledgerOf) Locked(_ context.Context, endpoint string, d time.Duration) error {
	return l.accounted(func() error {
		l.note(ledger.Entry{
			Credential: endpoint + " ", Outcome: ledger.Locked, Charged: l.now(), Settled: l.now(), Remaining: providers.RemainingUnknown, Lock: d,
		})
		return nil
	})
}
