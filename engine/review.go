package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"camform/engine/config"
	"camform/engine/consumer"
	"camform/engine/credential"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Account is what is known of one account of a device, without its password.
type Account struct {
	Device  schema.Device `json:"-"`
	Account string        `json:"account"`
	Own     bool          `json:"own"`              // whether camform logs in with it
	Level   string        `json:"level,omitempty"`  // as declared, or as the device says where it was read
	Policy  string        `json:"policy,omitempty"` // name of the credential policy; empty for none
	Name    string        `json:"name,omitempty"`   // in the vault; empty for a password that camform does not manage

	Version int        `json:"version,omitempty"` // live version in the vault; 0 if there is none
	Since   *time.Time `json:"since,omitempty"`   // when camform set its password; nil if that is unknown
	Proven  *time.Time `json:"proven,omitempty"`  // when a device last accepted it after a change; nil if that is not known
	Due     *time.Time `json:"due,omitempty"`     // when it is to be changed; nil for never
	Overdue bool       `json:"overdue"`
	InDoubt bool       `json:"in_doubt"` // the password of the device is uncertain

	// Changed is whether the device refused the password of its login that the vault has although no rotation is unfinished, so that
	// only somebody at the site knows the right one.
	Changed bool `json:"changed,omitempty"`

	// Next is what to do with the right one: "run camform login 'device.gate'". It is empty where Changed is false.
	Next string `json:"-"`

	// Uncertain is when the backup was made that the state was restored from, where no device accepted the password since; else nil.
	Uncertain *time.Time `json:"uncertain_since,omitempty"`

	Declared bool     `json:"declared"`
	Orphaned bool     `json:"orphaned"`        // whether its password is in the vault although nothing in the configuration uses it
	Found    *bool    `json:"found,omitempty"` // whether the device has it; nil if the device was not read
	Users    []string `json:"users,omitempty"` // who logs in with it: camform, settings of other devices, consumers

	// Told is when a device told last that it logs in with the account, by the name in Users.
	Told map[string]time.Time `json:"told,omitempty"`

	// Owed are those among Users who have yet to get its password, since an earlier run did not get to.
	Owed []string `json:"owed,omitempty"`
}

// kept is what the state keeps of accounts.
type kept struct {
	versions map[string][]state.SecretVersion // by name
	rows     map[schema.Setting]state.Setting
	allow    func(plan.Access) func() error // of standings
}

func readKept(ctx context.Context, store *state.Fleet) (kept, error) {
	allow := func(access plan.Access) func() error { return allowing(ctx, store.Attempts, access) }
	k := kept{allow: allow, versions: map[string][]state.SecretVersion{}, rows: map[schema.Setting]state.Setting{}}
	all, err := store.AllSecrets(ctx)
	if err != nil {
		return k, err
	}
	for _, s := range all {
		k.versions[s.Name] = append(k.versions[s.Name], s)
	}
	for row, err := range store.AllSettings(ctx) {
		if err != nil {
			return k, err
		}
		k.rows[row.Address] = row
	}
	return k, nil
}

// accounts are those that devices declare, by device and account.
func (k kept) accounts(devices []*config.Device, targets []schema.Setting, now time.Time) []Account {
	var accounts []Account
	users := usersOf(devices)
	for _, d := range targeted(devices, targets) {
		accounts = append(accounts, k.accountsOf(d, waysTo(d, users), now)...)
	}
	return accounts
}

// orphans are the accounts whose passwords the vault has although the configuration neither declares them nor reads them
// from there, by device and account.
func (k kept) orphans(declared []Account, origins []string) []Account {
	used := map[string]bool{}
	for _, a := range declared {
		used[a.Name] = true
	}
	for _, origin := range origins {
		used[strings.TrimPrefix(origin, credential.Origin(""))] = true
	}
	var orphans []Account
	for name, versions := range k.versions {
		device, account, ok := credential.AccountOf(name)
		if !ok || used[name] || credential.IsRecoveryFile(name) {
			continue
		}
		a := Account{Device: device, Account: account, Name: name, Orphaned: true, InDoubt: rotate.InDoubt(versions)}
		if v, ok := rotate.Live(versions); ok {
			a.Version, a.Since = v.Version, &v.Created
		}
		orphans = append(orphans, a)
	}
	slices.SortFunc(orphans, func(a, b Account) int {
		return cmp.Or(a.Device.Compare(b.Device), cmp.Compare(a.Account, b.Account))
	})
	return orphans
}

// accountsOf are the declared accounts of a device, with that of the login, ordered by name.
func (k kept) accountsOf(d *config.Device, ways []plan.Way, now time.Time) []Account {
	found := map[string]*Account{}
	add := func(name string) *Account {
		if found[name] == nil {
			found[name] = &Account{Device: d.Address, Account: name, Declared: true}
		}
		return found[name]
	}
	own := add(d.Login.Username)
	own.Own = true
	k.manage(own, d.Login.Policy, now)
	if own.Changed {
		access := diff.AccessOf(d)
		own.Next = standing{device: d.Address, access: access, allow: k.allow(access)}.run()
	}
	for _, s := range d.Settings {
		if !s.Kind.IsAccount() {
			continue
		}
		a := add(s.Address.Key)
		if level, ok := s.Attributes[s.Kind.Account().Level]; ok {
			a.Level = level.Value.AsString()
		}
		for _, attribute := range s.Attributes {
			if attribute.Policy != nil {
				k.manage(a, attribute.Policy, now)
			}
		}
		if row, ok := k.rows[s.Address]; ok && a.Policy == "" && len(row.Fingerprints) > 0 {
			a.Since = &row.At
		}
	}
	var list []Account
	for _, a := range found {
		if a.Own {
			a.Users = append(a.Users, "camform")
		}
		for _, w := range ways {
			if w.Account == a.Account {
				a.Users = append(a.Users, w.Who)
			}
		}
		list = append(list, *a)
	}
	slices.SortFunc(list, func(a, b Account) int { return cmp.Compare(a.Account, b.Account) })
	return list
}

// withFound adds to accounts those who were found on other devices to log in with them.
func withFound(accounts []Account, use *consumers, kinds *schema.Kinds) []Account {
	found := map[schema.Device][]consumer.Found{}
	for _, d := range use.devices {
		found[d.Address], _ = use.of(d)
	}
	for i := range accounts {
		a := &accounts[i]
		for _, f := range found[a.Device] {
			if f.Account == a.Account && isLogin(f.Scheme, kinds) {
				a.add(f)
			}
		}
		for _, o := range use.owed {
			if o.Account.Device == a.Device && o.Account.Key == a.Account {
				a.Owed = append(a.Owed, o.Item.String())
			}
		}
	}
	return accounts
}

// isLogin reports whether somebody who talks to a device in a scheme logs in with the accounts that are listed.
func isLogin(scheme string, kinds *schema.Kinds) bool {
	return slices.ContainsFunc(kinds.All(), func(k *schema.Kind) bool { return k.IsAccount() && k.Account().Counts(scheme) })
}

// add adds a user of the account, unless the configuration has it already.
func (a *Account) add(f consumer.Found) {
	if !slices.Contains(a.Users, f.Name()) {
		a.Users = append(a.Users, f.Name())
	}
	if a.Told == nil {
		a.Told = map[string]time.Time{}
	}
	a.Told[f.Name()] = f.Read
}

// manage fills in what the vault knows of a managed account.
func (k kept) manage(a *Account, policy *credential.Policy, now time.Time) {
	if policy == nil || a.Policy != "" {
		return
	}
	a.Policy, a.Name = policy.Name, credential.Name(a.Device, a.Account)
	a.Users = append(a.Users, policy.Consumers...)
	known := k.versions[a.Name]
	a.InDoubt = rotate.InDoubt(known)
	a.Changed = a.Own && standing{versions: known}.changedThere()
	facts := credential.Facts{}
	if v, ok := rotate.Live(known); ok {
		a.Version, a.Since = v.Version, &v.Created
		if !v.Proven.IsZero() {
			a.Proven = &v.Proven
		}
		if !v.Uncertain.IsZero() {
			a.Uncertain = &v.Uncertain
		}
		facts = credential.Facts{Since: v.Created, Known: true}
	}
	due, _, at := credential.Due(*policy, facts, now)
	a.Overdue = due
	if !at.IsZero() {
		a.Due = &at
	}
}

// wantsOfReview are the kinds of accounts.
func wantsOfReview(kinds *schema.Kinds, _ *config.Device) live.Wants {
	var wants live.Wants
	for _, kind := range kinds.All() {
		if kind.IsAccount() {
			wants.Kinds = append(wants.Kinds, kind)
		}
	}
	return wants
}

// reviewed are the accounts that are declared, with what the devices of a survey say of them, and those that nobody declares.
func reviewed(declared []Account, found *survey) (accounts []Account, unread map[schema.Device]string) {
	of := map[schema.Device][]Account{}
	for _, a := range declared {
		of[a.Device] = append(of[a.Device], a)
	}
	unread = map[schema.Device]string{}
	for i, s := range found.snapshots {
		switch why := accountsUnread(s); {
		case s.Err != nil:
			unread[s.Device] = diff.NotRead(found.devices[i], s).Problem
		case why != "":
			unread[s.Device] = why
		default:
			of[s.Device] = compared(of[s.Device], s)
		}
		accounts = append(accounts, of[s.Device]...)
	}
	return accounts, unread
}

// accountsUnread says why the accounts of a device that answered are not all known; empty if they are.
func accountsUnread(s *live.Snapshot) string {
	for _, name := range slices.Sorted(maps.Keys(s.Unreadable)) {
		return fmt.Sprintf("not all of its accounts are known: %s: %s", name, providers.Reason(s.Unreadable[name]))
	}
	if len(s.Items) > 0 {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(s.Missing)) {
		return "it does not show its accounts: " + s.Missing[name]
	}
	return "it does not show its accounts"
}

// compared notes which accounts a device has, and adds those that nobody declares.
func compared(accounts []Account, s *live.Snapshot) []Account {
	yes, no := true, false
	for i := range accounts {
		accounts[i].Found = &no
	}
	for name, items := range s.Items {
		kind := s.Kinds[name]
		if !kind.IsAccount() {
			continue
		}
		for key, have := range items {
			i := slices.IndexFunc(accounts, func(a Account) bool { return a.Account == key })
			if i < 0 {
				accounts = append(accounts, Account{Device: s.Device, Account: key})
				i = len(accounts) - 1
			}
			accounts[i].Found = &yes
			if v := have.GetAttr(kind.Account().Level); !v.IsNull() {
				accounts[i].Level = v.AsString()
			}
		}
	}
	slices.SortFunc(accounts, func(a, b Account) int { return cmp.Compare(a.Account, b.Account) })
	return accounts
}

// Describe is how an account stands, in a word or two for people.
func (a Account) Describe() string {
	switch {
	case a.Orphaned:
		return "orphaned: nothing here uses it; the vault has it as " + a.Name
	case a.Changed:
		return "refused: " + a.Next + " with its password"
	case a.Uncertain != nil:
		return "uncertain since " + a.Uncertain.UTC().Format(time.RFC3339) + ": the state was restored from a backup"
	case a.InDoubt:
		return "uncertain: camform rotate -due resolves it"
	case !a.Declared:
		return "nobody declares it"
	case a.Found != nil && !*a.Found:
		return "the device does not have it"
	case a.Policy == "":
		return "not managed"
	case a.Version == 0:
		return "no password yet"
	case a.Overdue:
		return fmt.Sprintf("due since %s", a.Due.Format(time.DateOnly))
	case a.Due != nil:
		return fmt.Sprintf("due on %s", a.Due.Format(time.DateOnly))
	default:
		return "good"
	}
}
