package guard

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

// way is a way in to a device.
type way struct {
	who       string // empty for camform's own
	scheme    string // "http", "https", "rtsp", "onvif" or "sdk"; empty if unknown
	port      int64  // as the client sees it; 0 if unknown
	account   string
	level     string       // that the account must have; empty for any
	source    netip.Prefix // from where it comes, as the device sees it; not valid where that is not known
	told      bool         // whether a new password of the account reaches it by the same plan
	algorithm string       // the only digest algorithm that it knows; empty for both
	host      string       // address by which it reaches the device; empty if unknown
	moves     string       // the address that the same plan makes it use
	hardware  string       // hardware address from which it comes; empty if unknown
	title     string       // what people call it
	declared  string       // origin of the password that the configuration gives to it, where that is no reference
	accepted  string       // why it may be closed; empty if it must not
	found     bool         // whether it was found on another device, rather than declared
	user      string       // the device on which it was found
	keyless   bool         // whether the item that was found there has no key by which it could be written

	strange  []netip.Addr  // addresses that the device told of camform's own way, and that are neither ours nor its own
	access   plan.Access   // of camform's own way
	seenWith providers.Pin // what camform saw of the device

	over      string         // scheme of the listener by which it comes; empty if unknown
	called    string         // what people call that listener
	delivered int64          // its port as delivered
	ranks     map[string]int // level of an account, in any of the words of the device → how much it may do
}

// closure is why a way in is closed, and the step that is to blame.
type closure struct {
	step plan.Step
	why  string
}

// ownWay is the way in that camform uses. It is proven: the device was read over it.
func ownWay(d plan.Device) (way, error) {
	u, err := url.Parse(d.Access.URL)
	if err != nil {
		return way{}, err
	}
	port, err := strconv.ParseInt(u.Port(), 10, 64)
	if err != nil {
		return way{}, err
	}
	return way{
		scheme: u.Scheme, port: port, account: d.Access.Username, source: sourceOf(d.Source), strange: strangers(d, u.Hostname()),
		host: u.Hostname(), access: d.Access, seenWith: d.Pin,
	}, nil
}

// strangers are the addresses that a device tells of the connection and that nobody knows: neither our own nor that by which
// we reach it. A text that is no address tells nothing.
func strangers(d plan.Device, host string) []netip.Addr {
	var all []netip.Addr
	known := []netip.Prefix{sourceOf(d.Source), sourceOf(host)}
	for _, text := range d.Seen {
		if seen := sourceOf(text); seen.IsSingleIP() && !slices.Contains(known, seen) {
			all = append(all, seen.Addr())
		}
	}
	return all
}

// wayOf is a way in that somebody else needs. A setting of another device that logs in here without saying how is a
// channel of a recorder, which speaks the protocol of the vendor as delivered.
func wayOf(w plan.Way) way {
	v := way{
		who: w.Who, scheme: w.Scheme, port: w.Port, account: w.Account, level: w.Level, source: sourceOf(w.Source),
		told: w.Told, algorithm: w.Algorithm, host: w.Address, moves: w.Moves, title: w.Title, declared: w.Declared, accepted: w.Accepted, found: w.Evidence != "",
	}
	if address, err := net.ParseMAC(w.Hardware); err == nil {
		v.hardware = address.String()
	}
	if item, err := schema.ParseSetting(w.Who); err == nil {
		v.user = item.Device.String()
		_, v.keyless = schema.EntryOf(item.Key)
	}
	if v.isDevice() && v.scheme == "" {
		v.scheme = schema.SchemeSDK
	}
	return v
}

// sourceOf reads an address or a prefix; it is not valid where the text is neither, such as a host name.
func sourceOf(text string) netip.Prefix {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return unmapped(prefix)
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}
	}
	address = address.Unmap()
	return netip.PrefixFrom(address, address.BitLen()) // it has no zone
}

func (v way) own() bool { return v.who == "" }

// isDevice reports whether it is a setting of another device that camform keeps.
func (v way) isDevice() bool { return strings.HasPrefix(v.who, "device.") }

// name is whose way in it is, at the beginning of a sentence or within.
func (v way) name() string {
	switch {
	case v.own():
		return "camform"
	case v.title != "":
		return v.who + " (" + diag.Quote(v.title) + ")"
	default:
		return v.who
	}
}

// advice is what to do, after a sentence that says why a way in would be closed. One that may be closed needs none.
func (v way) advice(text string) string {
	if v.accepted != "" {
		return ""
	}
	return " " + text
}

func (v way) openIn(w world) bool { return len(v.closedIn(w)) == 0 }

// closedIn is everything that closes a way in. It is closed if any of the settings closes it, and open otherwise.
func (v way) closedIn(w world) []closure {
	var all []closure
	for _, f := range w.facts {
		if why := v.closedBy(w, f); why != "" {
			all = append(all, closure{f.Step, why})
		}
	}
	return all
}

// closedBy says why a setting closes a way in, or "" if it does not. What is so already does not close camform's own way
// in, since that works.
func (v way) closedBy(w world, f fact) string {
	if v.own() && !f.done {
		return ""
	}
	for _, g := range f.guards {
		if why := roles[g.Role].each(v, w, f, g); why != "" {
			return why
		}
	}
	if !v.own() {
		return ""
	}
	for _, g := range f.guards {
		if why := roles[g.Role].once(v, w, f, g); why != "" {
			return why
		}
	}
	return closedByOpaque(f)
}

// judge says why a setting closes a way in by the role that it has, or "" if it does not.
type judge func(v way, w world, f fact, g *schema.Guard) string

func open(way, world, fact, *schema.Guard) string { return "" }

// role is how a role is judged.
type role struct {
	each judge // for every way in by itself
	once judge // once for a device, as camform reaches it: where the others come from says nothing of it

	// cuts reports whether a step that was carried out could close the way in for somebody there is no record of.
	cuts func(f fact, g *schema.Guard) bool

	// tried are the attributes whose change is proven by trying, if any of them is.
	tried func(f fact, g *schema.Guard) []string
}

var roles = map[schema.Role]role{
	schema.AddressFilter:  {way.closedByFilter, way.closedElsewhere, cutsFilter, triedFilter},
	schema.HardwareFilter: {way.closedByHardware, closedByHardwareFilter, cutsHardware, triedFilter},
	schema.Listener:       {way.closedByListener, closedByCollision, cutsListener, triedListener},
	schema.Redirect:       {way.closedByRedirect, open, cutsRedirect, func(_ fact, g *schema.Guard) []string { return []string{g.Enabled} }},
	schema.TLS:            {way.closedByNewerTLS, way.closedByTLS, cutsTLS, func(_ fact, g *schema.Guard) []string { return []string{g.Minimum} }},
	schema.TLSIdentity:    {open, way.closedByNewKey, cutsNobody, triedIdentity},
	schema.Authentication: {way.closedByAuthentication, open, cutsAuthentication, triedAuthentication},
	schema.Accounts:       {way.closedByAccount, way.closedByHandover, cutsAccount, untried},
	schema.Rights:         {way.closedByRights, open, cutsRights, untried},
	schema.Link:           {way.closedByMove, way.closedByLink, cutsLink, triedLink},
	schema.Lock:           {open, closedByLock, cutsNobody, untried},
	schema.Requirement:    {way.closedByRequirement, open, cutsRequirement, triedRequirement},
	schema.Capacity:       {way.closedByCapacity, open, cutsCapacity, untried},
}

func firstOf(reasons ...string) string {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}
