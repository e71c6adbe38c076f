package guard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"camform/engine/plan"
	"camform/schema"
)

// ranksOf orders the levels of accounts in the words of all kinds, from the least to the greatest.
func ranksOf(kinds *schema.Kinds) map[string]int {
	order := map[string]int{schema.LevelViewer: 0, schema.LevelOperator: 1, schema.LevelAdministrator: 2}
	ranks := map[string]int{}
	for _, k := range kinds.All() {
		for _, g := range k.Guards {
			for level, word := range g.Levels {
				ranks[word] = order[level]
			}
		}
	}
	return ranks
}

// rank is how much a level may do; -1 for one that is not known.
func (v way) rank(level string) int {
	if rank, ok := v.ranks[level]; ok {
		return rank
	}
	return -1
}

// uses reports whether a way in logs in with an account.
func (v way) uses(f fact) (*schema.Guard, bool) {
	g, is := f.account(v)
	unknown := v.found && v.account == "" // it may be any
	return g, is && (unknown || v.account != "" && (f.Address.Key == v.account || v.found && strings.EqualFold(f.Address.Key, v.account)))
}

func (v way) closedByAccount(_ world, f fact, g *schema.Guard) string {
	switch _, uses := v.uses(f); {
	case !uses:
		return ""
	case v.own():
		return v.closedByOwnAccount(f, g)
	case !f.there():
		return v.name() + " logs in with the account " + f.Address.Key + ", which would no longer exist on the device." +
			v.advice("Give it another account first, and say so in its consumer block.")
	}
	level := text(f.value(g.Level))
	if v.level != "" && level != "" && v.rank(level) < v.rank(v.level) {
		return v.name() + " logs in with the account " + v.account + " and needs the level " + v.level + ", but the account would be " + level + "." +
			v.advice("Give it another account first, or write the level that it needs into its consumer block.")
	}
	if before := text(f.had(g.Level)); v.found && v.level == "" && v.rank(level) < v.rank(before) {
		return v.name() + " logs in with the account " + f.Address.Key + "; the account would go from " + before + " to " + level + ", and camform cannot tell whether that is enough." +
			v.advice("Leave it, or give it another account first.")
	}
	return v.closedByNewPassword(f, g)
}

// closedByNewPassword: a recorder that goes on with the old password makes the device count refused logins until it locks.
func (v way) closedByNewPassword(f fact, g *schema.Guard) string {
	if !v.isDevice() || v.told || f.Action != plan.Update || !f.moved(g.Password) || inVault(f, g) && v.declared == "" {
		return ""
	}
	if v.declared != "" {
		return v.name() + " logs in with the account " + v.account + ", and its " + g.Password + " is declared as secret(" + strconv.Quote(v.declared) + "): " +
			"the next plan would write the old one back." + v.advice("Write there "+g.Password+" = "+f.Address.String()+"."+g.Password+", which follows.")
	}
	if v.found && v.keyless {
		return v.name() + " logs in with the account " + f.Address.Key + ", but its entry in the list has no number of its own, so camform cannot send it the new password."
	}
	if v.found {
		return v.name() + " may log in here with the account " + f.Address.Key + ", but that is not certain enough to send it the new password." +
			v.advice("If it does, declare that in its block: "+g.Password+" = "+f.Address.String()+"."+g.Password+".")
	}
	return v.name() + " logs in with the account " + v.account + ", and the plan does not give it the new password: its logins would fail until the device locks." +
		v.advice("Apply both devices together.")
}

// inVault reports whether a step sets a password to what the vault has for the account already, which is what the others
// use, too.
func inVault(f fact, g *schema.Guard) bool {
	secret := f.Secrets[g.Password]
	scheme, name := schema.OriginScheme(secret.Origin)
	return secret.Generate == nil && scheme == schema.OriginVault && strings.HasSuffix(name, "/"+f.Address.Key)
}

// mustBeTold reports whether a step gives an account another password that does not reach by itself who uses it.
func (v way) mustBeTold(f fact) bool {
	g, uses := v.uses(f)
	return !v.own() && !v.isDevice() && !v.told && f.Action == plan.Update && uses && f.moved(g.Password)
}

func (v way) closedByOwnAccount(f fact, g *schema.Guard) string {
	switch {
	case !f.there():
		return "This is the account that camform uses on this device."
	case f.moved(g.Level) && !isAdministrator(f, g):
		return "This is the account that camform uses on this device; with another level it could no longer change anything."
	case f.moved(g.Password) && !v.knowsPassword(f, g):
		return "This is the account that camform uses on this device, and its password is not the one in the login block. " +
			"Leave the " + g.Password + " out of the " + f.Address.Kind + " block, or give both the same secret."
	}
	return ""
}

// knowsPassword reports whether camform logs in with the password that a step sets: it makes that itself, or it is the one
// that the vault keeps for the login, or comes from where the password of the login does.
func (v way) knowsPassword(f fact, g *schema.Guard) bool {
	secret := f.Secrets[g.Password]
	switch {
	case secret.Generate != nil:
		return true
	case v.access.Managed != "":
		scheme, name := schema.OriginScheme(secret.Origin)
		return scheme == schema.OriginVault && name == v.access.Managed
	default:
		return secret.Origin != "" && secret.Origin == v.access.Password.Origin
	}
}

// isAdministrator reports whether an account may change the others.
func isAdministrator(f fact, g *schema.Guard) bool {
	return text(f.value(g.Level)) == g.Levels[schema.LevelAdministrator]
}

// closedByHandover keeps an administrator on the device: without one nobody could change its accounts any more. The account
// that camform uses counts unless the device says that it is none.
func (v way) closedByHandover(w world, f fact, g *schema.Guard) string {
	was := text(f.had(g.Level)) == g.Levels[schema.LevelAdministrator]
	if !g.Counts(v.scheme) || !was || f.there() && isAdministrator(f, g) {
		return ""
	}
	known := false
	for _, other := range w.facts {
		account, is := other.account(v)
		switch {
		case !is || !other.relied():
		case other.there() && isAdministrator(other, account):
			return ""
		case other.Address.Key == v.account && text(other.value(account.Level)) != "":
			known = true
		}
	}
	if !known {
		return ""
	}
	return "camform knows of no other administrator, so nobody could change the accounts of this device afterwards. " +
		"Declare another administrator first."
}

// closedByRights keeps the rights that a way in needs.
func (v way) closedByRights(_ world, f fact, g *schema.Guard) string {
	if f.Address.Key != v.account || !g.Counts(v.scheme) {
		return ""
	}
	rights := f.value(g.Rights)
	switch has := texts(rights); {
	case v.own() && (!f.moved(g.Rights) || slices.Contains(has, g.Configure)):
		return ""
	case v.own():
		return "This is the account that camform uses on this device, and it would lose the right to configure. " +
			fmt.Sprintf("Put %q into %s.", g.Configure, g.Rights)
	case rights.IsNull() || slices.Contains(has, g.View) || !v.watches() && len(has) > 0:
		return ""
	default:
		return v.name() + " logs in with the account " + v.account + ", and it would lose the right to see video." +
			v.advice(fmt.Sprintf("Put %q into %s.", g.View, g.Rights))
	}
}

// watches reports whether a way in comes for video alone.
func (v way) watches() bool { return v.scheme == schema.SchemeRTSP || v.scheme == schema.SchemeSDK }
