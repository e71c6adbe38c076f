package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/diff"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/engine/rotate"
	"camform/engine/state"
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
	Since   *time.Time `json:"since,omitempty"`   // when its password was set, as far as camform did; nil if that is not known
	Proven  *time.Time `json:"proven,omitempty"`  // when a device last accepted it after a change; nil if that is not known
	Due     *time.Time `json:"due,omitempty"`     // when it is to be changed; nil for never
	Overdue bool       `json:"overdue"`
	InDoubt bool       `json:"in_doubt"` // it is not known which of several passwords the device has

	Declared bool     `json:"declared"`
	Found    *bool    `json:"found,omitempty"` // whether the device has it; nil if the device was not read
	Users    []string `json:"users,omitempty"` // who logs in with it: camform, settings of other devices, consumers
}

// Credentials lists the accounts that a configuration declares, by device and account. It talks to no device.
func (e *Engine) Credentials(ctx context.Context, cfg *config.Config, targets []schema.Setting) ([]Account, error) {
	all, err := e.Store.AllSecrets(ctx)
	if err != nil {
		return nil, err
	}
	versions := map[string][]state.Secret{}
	for _, s := range all {
		versions[s.Name] = append(versions[s.Name], s)
	}
	rows := map[schema.Setting]state.Setting{}
	for row, err := range e.Store.AllSettings(ctx) {
		if err != nil {
			return nil, err
		}
		rows[row.Address] = row
	}
	var accounts []Account
	users := usersOf(cfg.Devices)
	for _, d := range targeted(cfg.Devices, targets) {
		accounts = append(accounts, e.accountsOf(d, waysTo(d, users), versions, rows)...)
	}
	return accounts, nil
}

// accountsOf are the declared accounts of a device, with that of the login, ordered by name.
func (e *Engine) accountsOf(d *config.Device, ways []plan.Way, versions map[string][]state.Secret, rows map[schema.Setting]state.Setting) []Account {
	found := map[string]*Account{}
	add := func(name string) *Account {
		if found[name] == nil {
			found[name] = &Account{Device: d.Address, Account: name, Declared: true}
		}
		return found[name]
	}
	own := add(d.Login.Username)
	own.Own = true
	e.manage(own, d.Login.Policy, versions)
	for _, s := range d.Settings {
		if !s.Kind.Account {
			continue
		}
		a := add(s.Address.Key)
		if level, ok := s.Attributes["level"]; ok {
			a.Level = level.Value.AsString()
		}
		for _, attribute := range s.Attributes {
			if attribute.Policy != nil {
				e.manage(a, attribute.Policy, versions)
			}
		}
		if row, ok := rows[s.Address]; ok && a.Policy == "" && len(row.Fingerprints) > 0 {
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

// manage fills in what the vault knows of a managed account.
func (e *Engine) manage(a *Account, policy *credential.Policy, versions map[string][]state.Secret) {
	if policy == nil || a.Policy != "" {
		return
	}
	a.Policy, a.Name = policy.Name, credential.Name(a.Device, a.Account)
	a.Users = append(a.Users, policy.Consumers...)
	known := versions[a.Name]
	a.InDoubt = rotate.InDoubt(known)
	facts := credential.Facts{}
	if v, ok := rotate.Live(known); ok {
		a.Version, a.Since = v.Version, &v.Created
		if !v.Proven.IsZero() {
			a.Proven = &v.Proven
		}
		facts = credential.Facts{Since: v.Created, Known: true}
	}
	due, _, at := credential.Due(*policy, facts, e.Now())
	a.Overdue = due
	if !at.IsZero() {
		a.Due = &at
	}
}

// Review lists who has access to the devices of a configuration: the accounts that are declared, and those that devices
// have although nobody declares them. A device that could not be read has its declared accounts only, and is in unread.
func (e *Engine) Review(ctx context.Context, cfg *config.Config, targets []schema.Setting) (accounts []Account, unread map[schema.Device]string, problems diag.Problems) {
	declared, err := e.Credentials(ctx, cfg, targets)
	if err != nil {
		return nil, nil, diag.Problems{diag.FromError(err, "state-unreadable", "State cannot be read")}
	}
	devices := targeted(cfg.Devices, targets)
	known, err := e.credentials(ctx, nobodyAsked)
	if err != nil {
		return nil, nil, diag.Problems{diag.FromError(err, "state-unreadable", "State cannot be read")}
	}
	requests, problems := e.requests(ctx, devices, nil, known)
	if problems.HasErrors() {
		return nil, nil, problems
	}
	var names []string
	for _, kind := range e.Provider.Kinds().All() {
		if kind.Account {
			names = append(names, kind.Name)
		}
	}
	for i := range requests {
		requests[i].Kinds, requests[i].Keys = live.KindsOf(e.Provider.Kinds(), names), nil
	}
	snapshots := live.Refresh(ctx, requests, live.Options{
		Open: e.Provider.OpenReader, Interpreter: e.Provider, Limits: e.Limits, Cache: capabilityCache{e.Store}, Event: e.Event,
	})
	of := map[schema.Device][]Account{}
	for _, a := range declared {
		of[a.Device] = append(of[a.Device], a)
	}
	unread = map[schema.Device]string{}
	for i, s := range snapshots {
		if s.Err != nil {
			unread[s.Device] = diff.Unread(devices[i], s).Problem
		} else {
			of[s.Device] = compared(of[s.Device], s)
		}
		accounts = append(accounts, of[s.Device]...)
	}
	return accounts, unread, problems
}

// compared notes which accounts a device has, and adds those that nobody declares.
func compared(accounts []Account, s *live.Snapshot) []Account {
	yes, no := true, false
	for i := range accounts {
		accounts[i].Found = &no
	}
	for name, items := range s.Items {
		if !s.Kinds[name].Account {
			continue
		}
		for key, have := range items {
			i := slices.IndexFunc(accounts, func(a Account) bool { return a.Account == key })
			if i < 0 {
				accounts = append(accounts, Account{Device: s.Device, Account: key})
				i = len(accounts) - 1
			}
			accounts[i].Found = &yes
			if v := have.GetAttr("level"); !v.IsNull() {
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
	case a.InDoubt:
		return "in doubt: camform rotate -due finds out"
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
