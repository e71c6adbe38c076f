package engine

import (
	"fmt"
	"slices"

	"camform/engine/config"
	"camform/engine/credential"
	"camform/engine/diag"
	"camform/engine/rotate"
	"camform/schema"
)

// restoredCode is that of passwords that devices may or may not have after a restore of the state.
const restoredCode = "password-uncertain"

// uncertainPasswords warns of accounts that may have a newer password than the vault, since the state was restored from a backup.
// Those that camform logs in with are not among them: whether a device accepts theirs is reported when the device is read.
func (s *survey) uncertainPasswords() diag.Problems {
	var accounts []schema.Setting
	since := ""
	for _, d := range s.devices {
		for _, account := range d.Settings {
			live, _ := rotate.Live(s.credentials.versions[credential.Name(d.Address, account.Address.Key)])
			if account.Address.Key == d.Login.Username || live.Uncertain.IsZero() || !managed(account) {
				continue
			}
			if date := at(live.Uncertain); since == "" || date < since {
				since = date
			}
			accounts = append(accounts, account.Address)
		}
	}
	if len(accounts) == 0 {
		return nil
	}
	return diag.Problems{{
		Severity: diag.Warning, Code: restoredCode, Summary: "Passwords are uncertain since a restore", Address: accounts[0],
		Detail: fmt.Sprintf("The state was restored from a backup of %s, so these accounts may have newer passwords than the vault: %s. "+
			"camform apply gives them new ones.", since, named(accounts)),
	}}
}

// managed reports whether a setting is an account whose password a policy manages.
func managed(account *config.Setting) bool {
	return account.Kind.IsAccount() && slices.ContainsFunc(account.Kind.Attributes, func(a *schema.Attribute) bool {
		return account.Attributes[a.Name].Policy != nil
	})
}
