package learn

import (
	"slices"

	"camform/schema"
)

// Login is an item of a device that logs in to another device, as a channel of a recorder does to its camera.
type Login struct {
	Item    schema.Setting // its device is the one that has the Login
	To      int            // the other device, by its place among those that are learned
	Account string         // name of the account on the other device
	Scheme  string         // of those of package schema; empty if unknown
}

// reference is an attribute of an account of a device, where it stands for the value of another device. The zero value is none.
type reference struct {
	device    int
	account   schema.Setting // without its device
	attribute string
}

// nameAttribute is what references call the key of a setting.
const nameAttribute = "name"

// refer writes references to accounts where devices log in to others: a configuration with literals in their place would write
// the old name and password back after the account has changed.
func (c *collection) refer() {
	c.leads = make([][]int, len(c.devices))
	for i := range c.devices {
		for _, l := range c.devices[i].Logins {
			c.referTo(i, l)
		}
	}
}

// referTo writes what an item logs in with as references, if the account of the other device is written. A password that
// is written there is left out: nobody knows whether the item has that one, so the next plan would change it.
func (c *collection) referTo(device int, l Login) {
	kind := c.options.Kinds.Lookup(l.Item.Kind)
	if kind == nil || kind.Consumes == nil {
		return
	}
	at := c.find(device, kind.Name, l.Item.Key, kind.Consumes.Account)
	if at < 0 {
		return
	}
	c.isTold(device, l.Item.Key, kind)
	account, guard := c.accountOf(l)
	if guard == nil || c.reaches(l.To, device) {
		return
	}
	c.leads[device] = append(c.leads[device], l.To)
	c.has[device][at] = c.number(value{slot: c.valueAt(device, at).slot, to: reference{l.To, account, nameAttribute}})
	if c.find(l.To, account.Kind, account.Key, guard.Password) >= 0 {
		return
	}
	password := kind.Attribute(kind.Consumes.Password)
	s := c.slot(slot{kind: kind, key: l.Item.Key, attribute: password, rank: slices.Index(kind.Attributes, password)})
	c.has[device] = append(c.has[device], c.number(value{slot: s, to: reference{l.To, account, guard.Password}}))
	slices.SortFunc(c.has[device], func(a, b int) int { return c.slots[c.values[a].slot].compare(&c.slots[c.values[b].slot]) })
	c.left[device] = slices.DeleteFunc(c.left[device], func(left Left) bool { return isPassword(left, l.Item.Key, kind) })
}

// isTold says of an item whose password is left out that nobody need add it.
func (c *collection) isTold(device int, key string, kind *schema.Kind) {
	for i, left := range c.left[device] {
		if isPassword(left, key, kind) {
			c.left[device][i].Why = "because devices never return it; the run that generates a new password for the account writes it here"
		}
	}
}

// isPassword reports whether what was left out is the password with which an item logs in.
func isPassword(left Left, key string, kind *schema.Kind) bool {
	return left.Setting == (schema.Setting{Kind: kind.Name, Key: key}) && left.Attribute == kind.Consumes.Password
}

// accountOf is the account with which an item logs in, and what guards it; nil if the account is not written.
func (c *collection) accountOf(l Login) (schema.Setting, *schema.Guard) {
	for _, kind := range c.options.Kinds.All() {
		for _, g := range kind.GuardsOf(l.Account) {
			if g.Role == schema.Accounts && g.Counts(l.Scheme) && c.find(l.To, kind.Name, l.Account, "") >= 0 {
				return schema.Setting{Kind: kind.Name, Key: l.Account}, g
			}
		}
	}
	return schema.Setting{}, nil
}

// find is the position among the values of a device of an attribute, or of any attribute of the setting if it is empty; -1 if
// the device has none.
func (c *collection) find(device int, kind, key, attribute string) int {
	return slices.IndexFunc(c.has[device], func(v int) bool {
		s := c.slots[c.values[v].slot]
		return s.kind.Name == kind && s.key == key && (attribute == "" || s.attribute.Name == attribute)
	})
}

func (c *collection) valueAt(device, at int) value { return c.values[c.has[device][at]] }

// reaches reports whether references lead from one device to another. A configuration cannot refer in a circle.
func (c *collection) reaches(from, to int) bool {
	ahead := []int{from}
	seen := map[int]bool{from: true}
	for len(ahead) > 0 && !seen[to] {
		next := c.leads[ahead[0]]
		ahead = ahead[1:]
		for _, n := range next {
			if !seen[n] {
				seen[n] = true
				ahead = append(ahead, n)
			}
		}
	}
	return seen[to]
}

// isReference reports whether a value stands on another device. It cannot be shared: that device could have the profile itself.
func (v value) isReference() bool { return v.to.attribute != "" }

// expression writes a reference. A password that nobody declares is null, and becomes that of the account once it is declared.
func (r reference) expression(addresses []schema.Device) string {
	account := r.account
	account.Device = addresses[r.device]
	text := account.String() + "." + r.attribute
	if r.attribute == nameAttribute {
		return text
	}
	return "try(" + text + ", null)"
}
