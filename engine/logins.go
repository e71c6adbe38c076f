package engine

import (
	"fmt"
	"net/netip"
	"slices"

	"camform/engine/config"
	"camform/engine/diag"
	"camform/engine/guard"
	"camform/engine/live"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// listsOf are the lists to read of who is logged in: those of the devices of a plan with a step that could cut somebody off,
// unless their models are known to have none.
func listsOf(p *plan.Plan, kinds *schema.Kinds, cache capabilityCache) map[schema.Device][]schema.Sessions {
	lists := map[schema.Device][]schema.Sessions{}
	for _, d := range p.Devices {
		if !slices.ContainsFunc(d.Steps, func(s plan.Step) bool { return guard.MayCut(s, kinds) }) {
			continue
		}
		for _, k := range kinds.All() {
			if k.Sessions == nil || k.Own {
				continue
			}
			doc, known := cache.Lookup(d.Identity.Model, d.Identity.Firmware, k.Sessions.Path)
			if !known || doc.Missing == "" {
				lists[d.Address] = append(lists[d.Address], *k.Sessions)
			}
		}
	}
	return lists
}

// loginsOf are the sessions in the lists that were read of a device. A device without such a list is recorded for its model.
func loginsOf(snap *live.Snapshot, lists []schema.Sessions, i providers.Interpreter, cache capabilityCache) []plan.Login {
	var all []plan.Login
	for _, list := range lists {
		doc := snap.Documents[list.Path]
		if doc.Missing != "" {
			cache.Store(snap.Identity.Model, snap.Identity.Firmware, doc)
		}
		all = append(all, loginsIn(i, list, doc)...)
	}
	return all
}

// loginsIn are the sessions that a document lists; none where it is uncertain which account belongs to which address.
func loginsIn(i providers.Interpreter, list schema.Sessions, doc providers.Document) []plan.Login {
	addresses, err := i.Observe(doc, list.Address)
	if err != nil {
		return nil // nobody is logged in, or nobody can say who
	}
	accounts, _ := i.Observe(doc, list.Account)
	since, _ := i.Observe(doc, list.Since)
	if len(accounts) != len(addresses) || len(since) != len(addresses) {
		return nil
	}
	all := make([]plan.Login, len(addresses))
	for n, address := range addresses {
		all[n] = plan.Login{Account: accounts[n], Address: address, Since: since[n]}
	}
	return all
}

// unexplained are those of the sessions on a device that its steps could cut off and of whom nothing else tells that they use it.
// Our own addresses and those of consumers are left out; one of another device of the site names that.
func unexplained(sessions []plan.Login, d plan.Device, device *config.Device, all []*config.Device, kinds *schema.Kinds) []plan.Login {
	known := append([]string{d.Source, device.URL.Hostname()}, d.Seen...)
	for _, w := range d.Ways {
		known = append(known, w.Source)
	}
	var strangers []plan.Login
	for _, l := range sessions {
		address, err := netip.ParseAddr(l.Address)
		if err != nil || slices.ContainsFunc(known, func(text string) bool { return includes(text, address) }) {
			continue
		}
		for _, other := range all {
			if other.Site == device.Site && includes(other.URL.Hostname(), address) {
				l.Device = other.Address.String()
				break
			}
		}
		strangers = append(strangers, l)
	}
	d.Logins = strangers
	var cut []plan.Login
	for _, l := range strangers {
		if l.Cuts = guard.CutsLogin(d, l.Account, l.Address, kinds); len(l.Cuts) > 0 {
			cut = append(cut, l)
		}
	}
	return cut
}

// includes reports whether a text is an address, or a network that has it.
func includes(text string, address netip.Addr) bool {
	address = address.Unmap()
	if network, err := netip.ParsePrefix(text); err == nil {
		return network.Contains(address)
	}
	a, err := netip.ParseAddr(text)
	return err == nil && a.Unmap() == address
}

// loggedIn warns of sessions that a plan could cut off, once for all devices with the same message.
func loggedIn(devices []plan.Device) diag.Problems {
	type message struct{ account, address, device string }
	var order []message
	on, first := map[message][]schema.Setting{}, map[message]plan.Login{}
	for _, d := range devices {
		for _, l := range d.Logins {
			m := message{l.Account, l.Address, l.Device}
			if len(on[m]) == 0 {
				order, first[m] = append(order, m), l
			}
			if where := (schema.Setting{Device: d.Address}); !slices.Contains(on[m], where) {
				on[m] = append(on[m], where)
			}
		}
	}
	var problems diag.Problems
	for _, m := range order {
		advice := "Find out whose session it is before you apply."
		if m.device != "" {
			advice = "If that device needs this one, declare it with a consumer block."
		}
		problems = append(problems, diag.Problem{
			Severity: diag.Warning, Code: guard.CutCode, Summary: "Change may cut somebody off", Address: on[m][0],
			Detail: fmt.Sprintf("%s: %s. %s", named(on[m]), first[m].Told(), advice),
		})
	}
	return problems
}
