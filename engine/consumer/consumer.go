// Package consumer says which devices of a fleet use which others, from what they tell of their channels. It is pure.
//
// Rules:
//
//   - The serial number that a channel tells decides. Where only one of the two tells it, or a protocol has its own serial
//     numbers, the address decides, within one site: sites repeat private addresses.
//   - A forwarded or translated address never excludes a match. A channel that could be a device behind such an address is
//     taken for it.
//   - A name is no evidence: names repeat.
//   - An item without a key of its own counts like any other. Nothing can be passed on to it.
//   - A channel without a serial number whose address is that of no device may be any device of its site. That is reported, never
//     decided. So is an address that a channel and a device have in common if one of them has no site.
package consumer

import (
	"encoding/json"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/schema"
)

// Use is an item of a device that logs in to another device, such as a channel of a recorder, as the device that has it tells.
// What it does not tell is empty or 0.
type Use struct {
	Item    schema.Setting `json:"-"`
	Key     string         `json:"key"` // of the item
	Kind    string         `json:"kind"`
	Title   string         `json:"title,omitempty"`
	Serial  string         `json:"serial,omitempty"`  // of the other device
	Host    string         `json:"host,omitempty"`    // address or name of the other device, as the user of it sees it
	Port    int64          `json:"port,omitempty"`    // likewise
	Account string         `json:"account,omitempty"` // on the other device
	Scheme  string         `json:"scheme,omitempty"`  // of those of package schema
	Inside  bool           `json:"inside,omitempty"`  // whether the other device is in a network of the device's own
}

// Uses reads what the items of a device tell of the devices that they log in to. Items are those of kind.Told. They come
// sorted by key.
func Uses(device schema.Device, kind *schema.Kind, items providers.Items) []Use {
	c := kind.Consumes
	var all []Use
	for key, item := range items {
		text := func(attribute string) string { return textOf(item, attribute) }
		u := Use{
			Key: key, Kind: kind.Name, Title: text(c.Title), Serial: text(c.Serial), Account: text(c.Account),
			Scheme: c.Schemes[text(c.Protocol)], Inside: c.IsInside(text),
		}
		u.Host, u.Port = hostOf(text(c.Address))
		if port, err := strconv.ParseInt(text(c.Port), 10, 64); err == nil {
			u.Port = port
		}
		all = append(all, u.of(device))
	}
	slices.SortFunc(all, func(a, b Use) int { return a.Item.Compare(b.Item) })
	return all
}

// Encode writes uses as the state records them and as a plan file holds them.
func Encode(uses []Use) (json.RawMessage, error) { return json.Marshal(uses) }

// Decode reads uses of a device that Encode wrote.
func Decode(device schema.Device, text json.RawMessage) ([]Use, error) {
	var uses []Use
	if err := json.Unmarshal(text, &uses); err != nil {
		return nil, err
	}
	for i, u := range uses {
		uses[i] = u.of(device)
	}
	return uses, nil
}

// of is a use with its address.
func (u Use) of(device schema.Device) Use {
	u.Item = schema.Setting{Device: device, Kind: u.Kind, Key: u.Key}
	return u
}

// Name is the address of the item.
func (u Use) Name() string { return u.Item.String() }

// textOf is an attribute as text; empty where it is null or the item does not have it.
func textOf(item cty.Value, attribute string) string {
	if attribute == "" || !item.Type().HasAttribute(attribute) {
		return ""
	}
	switch v := item.GetAttr(attribute); {
	case v.IsNull() || !v.IsKnown():
		return ""
	case v.Type() == cty.String:
		return strings.TrimSpace(v.AsString())
	case v.Type() == cty.Number:
		return v.AsBigFloat().Text('f', -1)
	default:
		return ""
	}
}

// hostOf takes an address with or without a port apart.
func hostOf(text string) (host string, port int64) {
	if h, p, err := net.SplitHostPort(text); err == nil {
		port, _ = strconv.ParseInt(p, 10, 64)
		return h, port
	}
	return text, 0
}

// List is what one device uses, if that is known.
type List struct {
	Device schema.Device
	Site   string
	Host   string       // at which camform reaches it
	Own    []netip.Addr // that it says it has; empty if that was not asked
	Uses   []Use
	Read   time.Time // when the uses were read; zero if they never were
	Away   string    // why they could not be read now, for people; empty if they are of now
}

// Never reports whether it is entirely unknown what the device uses.
func (l List) Never() bool { return l.Read.IsZero() && l.Away != "" }

// Device is a device that others may use.
type Device struct {
	Address schema.Device
	Site    string
	Host    string // at which camform reaches it
	Serial  string // empty if unknown
}

// Evidence is why a use is taken for one of a device.
type Evidence string

// The evidence, from the best.
const (
	BySerial     Evidence = "serial number"
	ByAddress    Evidence = "address"
	ByTranslated Evidence = "translated address" // the device is reached by a forwarded address, so that the other one tells nothing
)

// Sure reports whether a use is one of the device for which it was found, and by which account, and whether the item has a key by
// which it can be written. A password is passed on to no other.
func (f Found) Sure() bool {
	_, keyless := schema.EntryOf(f.Key)
	return !keyless && f.Account != "" && (f.By == BySerial || f.By == ByAddress && !f.Inside)
}

// Found is a use of a device.
type Found struct {
	Use
	By     Evidence
	Source string    // address from which the user of the device comes; empty if unknown
	Read   time.Time // when it was read that it is so
	Away   string    // why that could not be read now; empty if it is of now
}

// Index finds who uses a device.
type Index struct {
	serials map[string][]Found
	hosts   map[place][]Found // without those whose serial number decides
	strays  map[string][]Found
	sited   map[string][]sited // by address, without those whose address a device of their site has
	shared  map[place]bool
}

// sited is a use by a device of a site; the site is empty if unknown.
type sited struct {
	site string
	Found
}

// place is an address in a site. Sites repeat private addresses.
type place struct{ site, host string }

func within(site, host string) place { return place{site, host} }

// NewIndex makes an index of lists for a fleet of devices.
func NewIndex(fleet []Device, lists []List) *Index {
	x := &Index{serials: map[string][]Found{}, hosts: map[place][]Found{}, strays: map[string][]Found{}, sited: map[string][]sited{}, shared: map[place]bool{}}
	known := map[place]bool{}
	for _, d := range fleet {
		at := within(d.Site, d.Host)
		x.shared[at], known[at] = known[at], true
	}
	for _, l := range lists {
		for _, u := range l.Uses {
			f := Found{Use: u.of(l.Device), Source: x.source(l, u), Read: l.Read, Away: l.Away}
			if u.Serial != "" {
				x.serials[serial(u.Serial)] = append(x.serials[serial(u.Serial)], f)
			}
			if u.Serial != "" && u.Scheme == schema.SchemeSDK {
				continue
			}
			at := within(l.Site, u.Host)
			x.hosts[at] = append(x.hosts[at], f)
			if !known[at] {
				x.sited[u.Host] = append(x.sited[u.Host], sited{l.Site, f})
			}
			if u.Serial == "" && !known[at] {
				x.strays[l.Site] = append(x.strays[l.Site], f)
			}
		}
	}
	return x
}

// serial is a serial number in one spelling.
func serial(text string) string { return strings.ToUpper(strings.TrimSpace(text)) }

// source is the address from which a device comes to one that it uses. It is unknown for a device behind a translated address,
// and of one in a network of its own.
func (x *Index) source(l List, u Use) string {
	host, err := netip.ParseAddr(l.Host)
	switch {
	case err != nil || u.Inside || x.shared[within(l.Site, l.Host)]:
		return ""
	case len(l.Own) > 0 && !slices.Contains(l.Own, host.Unmap()):
		return ""
	case len(l.Own) == 0 && otherSpace(l.Host, u.Host):
		return ""
	default:
		return l.Host
	}
}

// Of are the uses of a device, best evidence first, and those that could be uses of it or of any other device of its site. A
// device without a site may be of any.
func (x *Index) Of(d Device) (found, unclear []Found) {
	seen := map[schema.Setting]bool{{Device: d.Address}: true}
	add := func(to *[]Found, by Evidence, all []Found) {
		for _, f := range all {
			if f.Item.Device == d.Address || seen[f.Item] {
				continue
			}
			seen[f.Item], f.By = true, by
			*to = append(*to, f)
		}
	}
	if d.Serial != "" {
		add(&found, BySerial, x.serials[serial(d.Serial)])
	}
	at, by := within(d.Site, d.Host), ByAddress
	if x.shared[at] {
		by = ByTranslated
	}
	add(&found, by, x.hosts[at])
	for _, f := range x.strays[d.Site] {
		if x.shared[at] || otherSpace(d.Host, f.Host) {
			add(&found, ByTranslated, []Found{f})
		} else {
			add(&unclear, "", []Found{f})
		}
	}
	for _, f := range x.sited[d.Host] {
		if f.site != d.Site && (f.site == "" || d.Site == "") {
			add(&unclear, "", []Found{f.Found})
		}
	}
	return found, unclear
}

// Certain are the devices of a fleet by the uses that are theirs beyond doubt: the serial number says so, or else the address of
// one device only. An address in a network of the user's own says nothing.
func (x *Index) Certain(fleet []Device) map[schema.Setting]schema.Device {
	best := map[schema.Setting]Evidence{}
	certain := map[schema.Setting]schema.Device{}
	for _, d := range fleet {
		found, _ := x.Of(d)
		for _, f := range found {
			switch by := best[f.Item]; {
			case f.By == BySerial && by != BySerial, f.By == ByAddress && by == "" && !f.Inside:
				best[f.Item], certain[f.Item] = f.By, d.Address
			case f.By == by:
				delete(certain, f.Item)
			}
		}
	}
	return certain
}

// otherSpace reports whether two addresses cannot be compared: one is private and the other is not, one is a name and the other
// is none, or one is missing.
func otherSpace(a, b string) bool {
	first, errFirst := netip.ParseAddr(a)
	second, errSecond := netip.ParseAddr(b)
	switch {
	case errFirst != nil || errSecond != nil:
		return a != b
	default:
		return first.Unmap().IsPrivate() != second.Unmap().IsPrivate()
	}
}
