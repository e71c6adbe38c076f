package guard

import (
	"slices"
	"strings"

	"camform/engine/plan"
	"camform/schema"
)

const administrator = "Administrator"

// levels are the levels of accounts, from the least to the greatest, as the users of a device and as its ONVIF accounts
// have them.
var levels = [][]string{{"Viewer", "media"}, {"Operator", "operator"}, {administrator, "administrator"}}

// rank orders levels; one that is not known is -1.
func rank(level string) int {
	return slices.IndexFunc(levels, func(names []string) bool { return slices.Contains(names, level) })
}

// accounts is the kind of setting in which the account of a way in is: ONVIF has accounts apart from those of the device.
func (v way) accounts() string {
	if v.scheme == "onvif" {
		return "onvif_user"
	}
	return "user"
}

func (v way) uses(f fact) bool {
	return v.account != "" && f.Address.Key == v.account && f.Address.Kind == v.accounts()
}

func (v way) closedByUser(f fact) string {
	switch {
	case !v.uses(f):
		return ""
	case v.own():
		return v.closedByOwnUser(f)
	case !f.there():
		return v.name() + " logs in with the account " + v.account + ", and the device would not have it any more. " +
			"Give it another account first, and say so in its consumer block."
	}
	level := firstOf(text(f.value("level")), text(f.value("type")))
	if v.level != "" && level != "" && rank(level) < rank(v.level) {
		return v.name() + " logs in with the account " + v.account + " and needs the level " + v.level + ", and the account would be " + level + ". " +
			"Give it another account first, or write the level that it needs into its consumer block."
	}
	return v.closedByNewPassword(f)
}

// closedByNewPassword: a recorder that goes on with the old password makes the device count refused logins until it locks.
func (v way) closedByNewPassword(f fact) string {
	if !v.isDevice() || v.told || f.Action != plan.Update || !f.moved("password") || inVault(f) {
		return ""
	}
	return v.name() + " logs in with the account " + v.account + ", and the plan does not tell it the new password: it would be refused until the device locks. " +
		"Apply both devices together."
}

// inVault reports whether a step sets a password to what the vault has for the account already, which is what the others
// use, too.
func inVault(f fact) bool {
	secret := f.Secrets["password"]
	scheme, name := schema.OriginScheme(secret.Origin)
	return secret.Generate == nil && scheme == "vault" && strings.HasSuffix(name, "/"+f.Address.Key)
}

// mustBeTold reports whether a step gives an account another password that does not reach by itself who uses it.
func (v way) mustBeTold(s plan.Step) bool {
	f := fact{Step: s, done: true}
	return !v.own() && !v.isDevice() && !v.told && s.Action == plan.Update && v.uses(f) && f.moved("password")
}

func (v way) closedByOwnUser(f fact) string {
	switch {
	case !f.there():
		return "This is the account that camform uses on this device."
	case f.moved("level") && text(f.value("level")) != administrator:
		return "This is the account that camform uses on this device; with another level it could not change anything any more."
	case f.moved("password") && !v.knowsPassword(f):
		return "This is the account that camform uses on this device, and its password is not the one in the login block. " +
			"Leave the password out of the user block, or give both the same secret."
	}
	return ""
}

// knowsPassword reports whether camform logs in with the password that a step sets: it makes that itself, or it is the one
// that the vault keeps for the login, or comes from where the password of the login does.
func (v way) knowsPassword(f fact) bool {
	secret := f.Secrets["password"]
	switch {
	case secret.Generate != nil:
		return true
	case v.access.Managed != "":
		scheme, name := schema.OriginScheme(secret.Origin)
		return scheme == "vault" && name == v.access.Managed
	default:
		return secret.Origin != "" && secret.Origin == v.access.Password.Origin
	}
}

// closedByHandover keeps an administrator on the device: without one nobody could change its accounts any more. The account
// that camform uses counts unless the device says that it is none.
func (v way) closedByHandover(w world, f fact) string {
	if text(f.had("level")) != administrator || f.there() && text(f.value("level")) == administrator {
		return ""
	}
	own, known := w.fact("user", v.account)
	if !known || text(own.value("level")) == "" {
		return ""
	}
	for _, other := range w.facts {
		if other.Address.Kind == "user" && other.there() && text(other.value("level")) == administrator {
			return ""
		}
	}
	return "No administrator would be left that camform knows of, and nobody could change the accounts of this device any more. " +
		"Declare another administrator first."
}

// closedByPermission keeps the rights that a way in needs.
func (v way) closedByPermission(f fact) string {
	if f.Address.Key != v.account || v.accounts() != "user" {
		return ""
	}
	rights := f.value("remote")
	switch has := texts(rights); {
	case v.own() && (!f.moved("remote") || slices.Contains(has, "configure")):
		return ""
	case v.own():
		return "This is the account that camform uses on this device, and it would lose the right to configure. Put \"configure\" into remote."
	case rights.IsNull() || slices.Contains(has, "preview") || v.scheme != "rtsp" && v.scheme != "sdk" && len(has) > 0:
		return ""
	default:
		return v.name() + " logs in with the account " + v.account + ", and it would lose the right to see video. Put \"preview\" into remote."
	}
}
