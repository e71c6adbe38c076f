package guard

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"camform/engine/plan"
	"camform/providers"
)

// way is a way in to a device.
type way struct {
	who       string // empty for camform's own
	scheme    string // "http", "https", "rtsp", "onvif" or "sdk"; empty if it is not known
	port      int64  // as the client sees it; 0 if it is not known
	account   string
	level     string       // that the account must have; empty for any
	source    netip.Prefix // from where it comes, as the device sees it; not valid where that is not known
	told      bool         // whether a new password of the account reaches it by the same plan
	algorithm string       // the only digest algorithm that it knows; empty for both

	host     string        // of camform's own way
	access   plan.Access   // of camform's own way
	seenWith providers.Pin // what camform saw of the device
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
		scheme: u.Scheme, port: port, account: d.Access.Username, source: sourceOf(d.Source),
		host: u.Hostname(), access: d.Access, seenWith: d.Pin,
	}, nil
}

// wayOf is a way in that somebody else needs. A setting of another device that logs in here without saying how is a
// channel of a recorder, which speaks the protocol of the vendor as delivered.
func wayOf(w plan.Way) way {
	v := way{
		who: w.Who, scheme: w.Scheme, port: w.Port, account: w.Account, level: w.Level, source: sourceOf(w.Source),
		told: w.Told, algorithm: w.Algorithm,
	}
	if v.isDevice() && v.scheme == "" {
		v.scheme = "sdk"
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
	if v.own() {
		return "camform"
	}
	return v.who
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
	if v.own() {
		if !f.done {
			return ""
		}
		return firstOf(v.closedAsAny(w, f), closedForAll(w, f, v))
	}
	return v.closedAsAny(w, f)
}

// closedAsAny are the settings that decide about every way in by itself.
func (v way) closedAsAny(w world, f fact) string {
	switch f.Address.Kind {
	case "ip_filter":
		return v.closedByFilter(f)
	case "https", "service":
		return v.closedByServices(w, f)
	case "integration":
		return v.closedByIntegration(f)
	case "web_auth", "rtsp_auth":
		return v.closedByAuthentication(f)
	case "user", "onvif_user":
		return v.closedByUser(f)
	case "user_permission":
		return v.closedByPermission(f)
	default:
		return ""
	}
}

// closedForAll are the settings that are judged once for a device, as camform reaches it: where the others come from says
// nothing of them.
func closedForAll(w world, f fact, own way) string {
	switch f.Address.Kind {
	case "mac_filter":
		return closedByMACFilter(f)
	case "network":
		return own.closedByNetwork(f)
	case "wireless":
		return closedByWireless(f)
	case "certificate":
		return own.closedByCertificate(f)
	case "https", "service":
		return firstOf(own.closedByTLS(f), closedByCollision(w, f))
	case "user":
		return own.closedByHandover(w, f)
	case "login_lock":
		return closedByLock(f)
	default:
		return ""
	}
}

func firstOf(reasons ...string) string {
	for _, r := range reasons {
		if r != "" {
			return r
		}
	}
	return ""
}
