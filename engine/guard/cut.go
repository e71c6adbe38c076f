package guard

import (
	"slices"

	"camform/engine/plan"
	"camform/schema"
)

// MayCut reports whether a step could close the way in for somebody unknown: a recorder that shows the camera,
// for example. A step of a kind that is not in kinds could.
func MayCut(s plan.Step, kinds *schema.Kinds) bool {
	if s.Action == plan.Forget {
		return false
	}
	f := factOf(s, kinds)
	f.done = true
	return f.opaque() || slices.ContainsFunc(f.guards, func(g *schema.Guard) bool { return roles[g.Role].cuts(f, g) })
}

// Filters reports whether a step decides from where a device can be reached.
func Filters(s plan.Step, kinds *schema.Kinds) bool {
	f := factOf(s, kinds)
	_, filters := f.guard(schema.AddressFilter)
	return filters && s.Action != plan.Forget
}

func cutsNobody(fact, *schema.Guard) bool { return false }

func cutsFilter(f fact, g *schema.Guard) bool { return !isFalse(f.value(g.Enabled)) && !widens(f, g) }

func cutsHardware(f fact, g *schema.Guard) bool { return !isFalse(f.value(g.Enabled)) && !grows(f, g) }

func cutsListener(f fact, g *schema.Guard) bool {
	return f.moved(g.Port) || f.moved(g.Enabled) && isFalse(f.value(g.Enabled))
}

func cutsRedirect(f fact, g *schema.Guard) bool {
	return f.moved(g.Enabled) && isTrue(f.value(g.Enabled))
}

func cutsTLS(f fact, g *schema.Guard) bool { return f.moved(g.Minimum) }

func cutsAuthentication(f fact, g *schema.Guard) bool {
	return f.moved(g.Algorithm) || f.moved(g.Method)
}

// cutsAccount: nobody logs in with an account that is not there yet.
func cutsAccount(f fact, g *schema.Guard) bool {
	return f.Action == plan.Delete || f.Action == plan.Update && (f.moved(g.Password) || f.moved(g.Level))
}

func cutsRights(f fact, g *schema.Guard) bool { return f.Action == plan.Delete || f.moved(g.Rights) }

func cutsLink(f fact, g *schema.Guard) bool {
	return slices.ContainsFunc(slices.Concat([]string{g.Version, g.Enabled}, g.V4, g.V6, g.Cuts), f.moved)
}

func cutsRequirement(f fact, g *schema.Guard) bool { return f.moved(g.By) && !harmless(f, g) }

// cutsCapacity: a device that serves more than before turns nobody away that it served.
func cutsCapacity(f fact, g *schema.Guard) bool {
	had := number(f.had(g.Most))
	return f.moved(g.Most) && (had == 0 || number(f.value(g.Most)) < had)
}

// CutsLogin says what the steps of a device do that could cut off a session, whose account and address are known; nothing
// where no step does. The session is one of the Logins of the device.
func CutsLogin(d plan.Device, account, address string, kinds *schema.Kinds) []string {
	v := way{who: "a session", scheme: schema.SchemeHTTP, account: account, source: sourceOf(address)}
	w := world{clients: clientsOf(d)}
	var all []string
	for _, s := range d.Steps {
		if !MayCut(s, kinds) {
			continue
		}
		f := factOf(s, kinds)
		f.done = true
		for _, g := range f.guards {
			if why := v.cutBy(w, f, g); why != "" {
				all = append(all, s.Address.Local()+" "+why)
			}
		}
	}
	return all
}

// cutBy says what a step does to a session by a role; empty where it does nothing to it.
func (v way) cutBy(w world, f fact, g *schema.Guard) string {
	switch {
	case g.Role == schema.AddressFilter && v.closedByFilter(w, f, g) != "":
		return "would shut that address out"
	case g.Role == schema.Capacity:
		return crowdedOut(w, f, g)
	case g.Role != schema.Accounts:
		return ""
	}
	_, uses := v.uses(f)
	switch {
	case !uses:
		return ""
	case f.Action == plan.Delete:
		return "is deleted"
	case f.moved(g.Password):
		return "gets a new password"
	case f.moved(g.Level):
		return "gets a different level"
	default:
		return ""
	}
}
