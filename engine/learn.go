package engine

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/config"
	"camform/engine/consumer"
	"camform/engine/learn"
	"camform/engine/live"
	"camform/engine/state"
	"camform/providers"
	"camform/schema"
)

// Candidate is a device that no configuration declares yet.
type Candidate struct {
	Device   schema.Device // what it is called while it is read; no two have the same
	Name     string        // what it is to be called in the configuration; empty to let the device say
	URL      *url.URL      // scheme and host, with the port only where somebody wrote it
	Username string
	Origin   string // where the password comes from
	Basic    bool
	Legacy   bool
	Site     string
	Tags     []string
	Want     providers.Identity // who must answer; empty fields are not checked
}

// Endpoint is the URL with a port.
func (c *Candidate) Endpoint() *url.URL {
	u := *c.URL
	switch {
	case u.Port() != "":
	case u.Scheme == "https":
		u.Host += ":443"
	default:
		u.Host += ":80"
	}
	return &u
}

// device is the candidate as a configuration would declare it.
func (c *Candidate) device() *config.Device {
	return &config.Device{
		Address: c.Device, URL: c.Endpoint(), Site: c.Site, Tags: c.Tags,
		Login: config.Login{
			Username: c.Username, Password: schema.MarkSecret(cty.UnknownVal(cty.String), c.Origin), Basic: c.Basic,
		},
		Identity: config.Identity{Serial: c.Want.Serial, MAC: c.Want.MAC, Model: c.Want.Model},
		TLS:      config.TLS{Legacy: c.Legacy, Plain: true}, // somebody who types http:// means it
	}
}

// Imported is what was read of candidates, in their order.
type Imported struct {
	Devices []learn.Device // that could be read
	LeftOut []LeftOut      // the others

	Searches []map[string]*live.Search // what came of asking Devices for items that their lists lack, by kind; nil where nobody asked

	seen []state.Device   // of Devices; their addresses are not known yet
	told [][]consumer.Use // of Devices; empty where not all was read that tells it
}

// LeftOut is a candidate that could not be read, or that must not be declared.
type LeftOut struct {
	Candidate *Candidate
	Reason    string
}

// imported is what a survey found of candidates. The items of the given kinds that were read log in to other devices.
// Hidden are the attributes of each candidate that the state knows as secrets.
func imported(candidates []Candidate, found *survey, hidden []hiddenTexts, kinds []*schema.Kind, interpreter providers.Interpreter) (*Imported, error) {
	if err := errors.Join(found.unwritten...); err != nil {
		return nil, err
	}
	all := &Imported{}
	var fleet []consumer.Device
	var lists []consumer.List
	for i, snap := range found.snapshots {
		c := &candidates[i]
		if snap.Err != nil {
			all.LeftOut = append(all.LeftOut, LeftOut{c, live.Explain(snap.Err, cmp.Or(found.known[i].Address, c.Device))})
			continue
		}
		if first, ok := found.twins[i]; ok {
			all.LeftOut = append(all.LeftOut, LeftOut{c, "it has the same serial number as the device at " + candidates[first].URL.String()})
			continue
		}
		all.add(c, snap, found.requests[i].Target.Login.Password, hidden[i], interpreter)
		read := slices.DeleteFunc(slices.Clone(kinds), func(k *schema.Kind) bool { return snap.Kinds[k.Name] == nil || snap.Unreadable[k.Name] != nil })
		uses, err := usesOf(interpreter, read, snap)
		if err != nil {
			return nil, err
		}
		all.told = append(all.told, nil)
		if len(read) == len(kinds) {
			all.told[len(all.told)-1] = uses
		}
		fleet = append(fleet, consumer.Device{Address: c.Device, Site: c.Site, Host: c.URL.Hostname(), Serial: snap.Identity.Serial})
		lists = append(lists, consumer.List{Device: c.Device, Site: c.Site, Host: c.URL.Hostname(), Uses: uses})
	}
	all.findLogins(fleet, lists)
	return all, nil
}

// findLogins notes who of the devices logs in to which others. The lists and the fleet are in the order of the devices.
func (all *Imported) findLogins(fleet []consumer.Device, lists []consumer.List) {
	numbers := map[schema.Device]int{}
	for i, d := range fleet {
		numbers[d.Address] = i
	}
	certain := consumer.NewIndex(fleet, lists).Certain(fleet)
	for i, l := range lists {
		for _, u := range l.Uses {
			if to, ok := certain[u.Item]; ok {
				all.Devices[i].Logins = append(all.Devices[i].Logins, learn.Login{
					Item: schema.Setting{Kind: u.Kind, Key: u.Key}, To: numbers[to], Account: u.Account, Scheme: u.Scheme,
				})
			}
		}
	}
}

// wantsOfImport are kinds with those of their items whose names are known beforehand, and the kinds that name a device. Of those in deep
// items are asked for that lists lack.
func wantsOfImport(kinds, deep []*schema.Kind) wants {
	keys := map[string][]string{}
	for _, k := range kinds {
		keys[k.Name] = k.Keys
	}
	return func(all *schema.Kinds, _ *config.Device) live.Wants {
		naming := slices.DeleteFunc(all.All(), func(k *schema.Kind) bool { return k.DeviceName == "" || slices.Contains(kinds, k) })
		return live.Wants{Kinds: slices.Concat(kinds, naming), Keys: keys, Deep: deep}
	}
}

// hiddenTexts are attributes of settings, without their device, that the state knows as secrets although their kind does not.
type hiddenTexts map[schema.Setting]map[string]bool

// hiddenAt are the texts of each device of a survey that the state knows as secrets, whatever the device is called there: it is
// known by where it answered, or by its serial number.
func hiddenAt(ctx context.Context, store *state.Fleet, found *survey) ([]hiddenTexts, error) {
	remembered, err := store.AllDevices(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]hiddenTexts, len(found.devices))
	for i, device := range found.devices {
		all[i] = hiddenTexts{}
		for _, known := range remembered {
			same := found.snapshots != nil && known.Identity.Serial != "" && known.Identity.Serial == found.snapshots[i].Identity.Serial
			if !same && known.Endpoint != device.URL.Host {
				continue
			}
			rows, err := store.SettingsOf(ctx, known.Address)
			if err != nil {
				return nil, err
			}
			for address, row := range rows {
				all[i].add(address, row)
			}
		}
	}
	return all, nil
}

func (h hiddenTexts) add(address schema.Setting, row state.Setting) {
	local := schema.Setting{Kind: address.Kind, Key: address.Key}
	if h[local] == nil {
		h[local] = map[string]bool{}
	}
	for attribute := range row.Fingerprints {
		h[local][attribute] = true
	}
}

// ownName is the name under which a device shows itself; empty where it says none that can be read.
func ownName(s *live.Snapshot) string {
	for _, name := range slices.Sorted(maps.Keys(s.Kinds)) {
		item, read := s.Items[name][""]
		attribute := s.Kinds[name].DeviceName
		if attribute == "" || !read || item.IsNull() {
			continue
		}
		if own := item.GetAttr(attribute); !own.IsNull() && own.AsString() != "" && !schema.IsEscaped(own.AsString()) {
			return own.AsString()
		}
	}
	return ""
}

// add takes in the snapshot of a device that was read.
func (all *Imported) add(c *Candidate, snap *live.Snapshot, password schema.Secret, hidden hiddenTexts, interpreter providers.Interpreter) {
	d := learn.Device{
		Name: c.Name, OwnName: ownName(snap), Address: c.URL.String(), Username: c.Username, Basic: c.Basic, Legacy: c.Legacy,
		Password: schema.MarkSecret(password.Value(), c.Origin),
		Site:     c.Site, Tags: c.Tags, Identity: snap.Identity,
		Items: snap.Items, Documents: snap.Documents, Unreadable: snap.Unread(), Omitted: map[string][]providers.Omission{}, Hidden: hidden,
	}
	for name, kind := range snap.Kinds {
		d.Omitted[name] = interpreter.Omitted(kind, snap.Documents)
	}
	all.Devices, all.Searches = append(all.Devices, d), append(all.Searches, snap.Searches)
	all.seen = append(all.seen, seenAs(schema.Device{}, c.Endpoint(), snap))
}

// seenUnder is the record of the devices under the addresses that they got.
func (all *Imported) seenUnder(addresses []schema.Device) []state.Device {
	seen := slices.Clone(all.seen)
	for i := range seen {
		seen[i].Address = addresses[i]
	}
	return seen
}

// toldUnder is what the devices told at a time of the others that they use, under the addresses that they got.
func (all *Imported) toldUnder(addresses []schema.Device, at time.Time) ([]state.Uses, error) {
	var told []state.Uses
	for i, uses := range all.told {
		if len(uses) == 0 {
			continue
		}
		one, err := toldAt(at, addresses[i], uses)
		if err != nil {
			return nil, err
		}
		told = append(told, one)
	}
	return told, nil
}
