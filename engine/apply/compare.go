package apply

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/engine/rotate"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// comparison compares what a device has with what steps want and what the state remembers, and says what is to be
// remembered from now on. It sends nothing.
type comparison struct {
	provider providers.Provider
	secrets  secrets
	known    map[schema.Setting]state.Setting // what the state remembers of the device
}

func (c comparison) kind(s plan.Step) *schema.Kind { return c.provider.Kinds().Lookup(s.Address.Kind) }

// value is the setting of a step as it was read, null if the device does not have it.
func (c comparison) value(s plan.Step, now reading) cty.Value {
	if v, ok := now.items[s.Address.Kind][s.Address.Key]; ok {
		return v
	}
	return c.kind(s).Null()
}

// asWanted reports whether a device has what a step wants, where that can be read: as it stands or in a form of its own.
func (c comparison) asWanted(s plan.Step, have cty.Value) bool {
	missing := c.missing(s, have)
	return len(missing) == 0 || c.rewritten(s, missing, have)
}

// keeps reports whether a device still has what it made of the same wanted value when that was written to it. Of secrets
// there is no record that could be compared; devices keep them as they are, or not at all.
func (c comparison) keeps(s plan.Step, have cty.Value) bool {
	kind := c.kind(s)
	known, ok := c.known[s.Address]
	hides := func(attribute string) bool { return s.Hides(kind, attribute) }
	return ok && !s.After.IsNull() && !have.IsNull() && !slices.ContainsFunc(c.missing(s, have), hides) &&
		bytes.Equal(known.Applied, EncodeAttributes(kind, s.After, s.After)) &&
		bytes.Equal(known.Observed, EncodeAttributes(kind, s.After, have))
}

// missing are the readable attributes that are not as a step wants them; the empty name stands for the item itself.
func (c comparison) missing(s plan.Step, have cty.Value) []string {
	if s.After.IsNull() != have.IsNull() {
		return []string{""}
	}
	if s.After.IsNull() {
		return nil
	}
	kind := c.kind(s)
	var names []string
	for _, a := range kind.Attributes {
		want, err := c.readable(s, a)
		if err != nil {
			names = append(names, a.Name) // it cannot be written either, which says why
			continue
		}
		if want.IsNull() {
			continue
		}
		if got := have.GetAttr(a.Name); !a.Unseen(got) && (got.IsNull() || !c.provider.Same(kind, a, want, got)) {
			names = append(names, a.Name)
		}
	}
	return names
}

// instead says what a device has instead of what a step wants, with what was wanted and what was there before. Secrets are
// only named.
func (c comparison) instead(s plan.Step, missing []string, have cty.Value) string {
	switch {
	case s.After.IsNull():
		return "it is still there"
	case have.IsNull():
		return "it is not there"
	}
	var told []string
	for _, name := range missing {
		if s.Hides(c.kind(s), name) {
			told = append(told, name+" differs from what is wanted")
			continue
		}
		now, wanted := have.GetAttr(name), s.After.GetAttr(name)
		switch {
		case s.Before.IsNull():
			told = append(told, fmt.Sprintf("now reports %s = %s (wanted %s)", name, shown(now), shown(wanted)))
		case now.RawEquals(s.Before.GetAttr(name)):
			told = append(told, fmt.Sprintf("still reports %s = %s (wanted %s)", name, shown(now), shown(wanted)))
		default:
			told = append(told, fmt.Sprintf("now reports %s = %s (wanted %s, before %s)", name, shown(now), shown(wanted), shown(s.Before.GetAttr(name))))
		}
	}
	return strings.Join(told, ", and ")
}

// elsewhere says which entries a device has since it was asked to make one again that it still lacks: it may have made it there. It is
// empty for none, and for any other step.
func (c comparison) elsewhere(s plan.Step, sent sent, after reading) string {
	kind := c.kind(s)
	if kind.Again == nil || s.Action != plan.Create || !c.value(s, after).IsNull() {
		return ""
	}
	var fresh []string
	for _, key := range slices.Sorted(maps.Keys(after.items[kind.Name])) {
		at := schema.Setting{Device: s.Address.Device, Kind: kind.Name, Key: key}
		_, there := sent.before.items[kind.Name][key]
		asked := slices.ContainsFunc(sent.todo, func(other plan.Step) bool { return other.Address == at })
		if !there && !asked {
			fresh = append(fresh, at.Local())
		}
	}
	if len(fresh) == 0 {
		return ""
	}
	return fmt.Sprintf("; %s is new on the device instead. Delete it there, or declare it under the number it has", strings.Join(fresh, ", "))
}

// stray says which entry of a device looks like the one that it was asked to make again, lacks under its number, and may have made
// under another one; empty for none, and for any other step. What the device had before the request is not known any more.
func (c comparison) stray(s plan.Step, now reading) string {
	kind := c.kind(s)
	if kind.Again == nil || s.Action != plan.Create || !c.value(s, now).IsNull() {
		return ""
	}
	for _, key := range slices.Sorted(maps.Keys(now.items[kind.Name])) {
		at := schema.Setting{Device: s.Address.Device, Kind: kind.Name, Key: key}
		if _, ours := c.known[at]; !ours && len(c.missing(s, now.items[kind.Name][key])) == 0 {
			return fmt.Sprintf("%s is missing, but %s looks just like it: the device may have created it under that number. If so, delete it there, or declare it under that number",
				s.Address.Local(), at.Local())
		}
	}
	return ""
}

// moved says what of a setting is no longer as a step was planned from. Secrets are left out.
func (c comparison) moved(s plan.Step, have cty.Value) string {
	switch {
	case have.IsNull():
		return "it has been deleted since"
	case s.Before.IsNull():
		return "it has been created since"
	}
	var told []string
	for _, a := range c.kind(s).Attributes {
		before, now := s.Before.GetAttr(a.Name), have.GetAttr(a.Name)
		if !c.hides(s, a.Name) && !s.After.IsNull() && !s.After.GetAttr(a.Name).IsNull() && !before.RawEquals(now) {
			told = append(told, fmt.Sprintf("it now reports %s = %s (before %s)", a.Name, shown(now), shown(before)))
		}
	}
	return strings.Join(told, ", and ")
}

// shown is a value in a sentence, without an end if it is long.
func shown(v cty.Value) string {
	if v.Type() == cty.String && !v.IsNull() {
		return diag.Quote(v.AsString())
	}
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return "something else"
	}
	const most = 120
	if runes := []rune(string(text)); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return string(text)
}

// readable is what a step wants of an attribute, if that can be compared with what a device says: null where it wants
// nothing, and for secrets that are never returned. One that devices return in clear is read from its origin.
func (c comparison) readable(s plan.Step, a *schema.Attribute) (cty.Value, error) {
	source, ok := s.Secrets[a.Name]
	switch {
	case !ok && !a.Secret:
		return s.After.GetAttr(a.Name), nil
	case a.WriteOnly || !ok:
		return cty.NullVal(a.Type), nil
	}
	secret, err := c.secrets.planned(s.Address, a.Name, source)
	return secret.Value(), err
}

// rewritten reports whether the device is known to keep what is missing in a form of its own.
func (c comparison) rewritten(s plan.Step, missing []string, have cty.Value) bool {
	kind := c.kind(s)
	for _, name := range missing {
		a := kind.Attribute(name)
		if a == nil || s.Hides(kind, name) || have.GetAttr(name).IsNull() || !c.provider.Rewritten(kind, a, s.After.GetAttr(name), have.GetAttr(name)) {
			return false
		}
	}
	return true
}

// knowsSecrets reports whether the state says that the secrets of a step, those that the device does not show, are on it
// already.
func (c comparison) knowsSecrets(s plan.Step, have cty.Value) bool {
	if s.Rotates() {
		return false
	}
	for attribute, secret := range hidden(c.kind(s), s, have) {
		if c.known[s.Address].Fingerprints[attribute] != secret.Fingerprint {
			return false
		}
	}
	return true
}

// untouched reports whether what a step was planned from is still so: whether the item exists, and the attributes that
// the step is about. A password for another device is about which device that is.
func (c comparison) untouched(s plan.Step, have cty.Value) bool {
	if s.Before.IsNull() != have.IsNull() {
		return false
	}
	if have.IsNull() || s.After.IsNull() {
		return true
	}
	for _, a := range c.kind(s).Attributes {
		if c.hides(s, a.Name) || s.After.GetAttr(a.Name).IsNull() && !(len(s.Secrets) > 0 && c.kind(s).Consumes.Names(a.Name)) {
			continue
		}
		if !s.Before.GetAttr(a.Name).RawEquals(have.GetAttr(a.Name)) {
			return false
		}
	}
	return true
}

// hides reports whether the value of an attribute before a step is left out of it: that of a secret, or of what was one when the
// setting was applied last.
func (c comparison) hides(s plan.Step, attribute string) bool {
	return s.Hides(c.kind(s), attribute) || c.known[s.Address].Fingerprints[attribute] != ""
}

// row is the record of a step that was carried out. Deleted items have no row. An entry that was made again belongs to the
// device as it did before: camform does not delete it.
func (c comparison) row(s plan.Step, have cty.Value) state.Setting {
	row := rowOf(s.Address, c.kind(s), s.After, have, s.Secrets)
	row.Created = s.Action == plan.Create && c.kind(s).Again == nil || c.known[s.Address].Created
	return row
}

func (c comparison) adoptedRow(a plan.Adopted) state.Setting {
	row := rowOf(a.Address, c.provider.Kinds().Lookup(a.Address.Kind), a.Value, a.Value, a.Secrets)
	row.Created = c.known[a.Address].Created
	return row
}

// rows are the records of a step that was carried out: none of an item that is gone, or that nobody declares, or of old values
// that were put back.
func (c comparison) rows(s plan.Step, have cty.Value) []state.Setting {
	if have.IsNull() || s.Tells || s.Action == plan.Action(state.PutBack) {
		return nil
	}
	return []state.Setting{c.row(s, have)}
}

// rowsOfPassword are the records of a step that makes a new password, after it was found out which one the account
// has. An account that accepts none of the vault, or that sleeps, gets a new one by the next plan.
func (c comparison) rowsOfPassword(s plan.Step, have cty.Value, found rotate.Finding, asleep bool) []state.Setting {
	_, known := c.known[s.Address]
	switch {
	case !found.Fresh && (!known || found.Live != 0 || len(found.Refused) == 0):
		return nil
	case !found.Fresh || asleep:
		return []state.Setting{c.knownWith(s, "")}
	case c.asWanted(s, have):
		return []state.Setting{c.row(s, have)}
	default:
		return []state.Setting{c.knownWith(s, s.Secrets[c.kind(s).Account().Password].Fingerprint)}
	}
}

// knownWith is the record of the setting of a step, with another fingerprint of its password; none if it is empty.
func (c comparison) knownWith(s plan.Step, fingerprint string) state.Setting {
	row := c.known[s.Address]
	row.Address = s.Address
	row.Fingerprints = maps.Clone(row.Fingerprints)
	if row.Fingerprints == nil {
		row.Fingerprints = map[string]string{}
	}
	password := c.kind(s).Account().Password
	delete(row.Fingerprints, password)
	if fingerprint != "" {
		row.Fingerprints[password] = fingerprint
	}
	return row
}
