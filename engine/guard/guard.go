// Package guard proves that a plan leaves the way in open. It is pure.
//
// It knows the settings that can close the way in by the names of their kinds: `https`, `service`, `web_auth`,
// `ip_filter`, `mac_filter`, `network`, `wireless`, `user` and `user_permission`. A change that would close the way that camform itself uses, as the plan describes it, is refused with the
// reason; there is no switch that turns this off.
package guard

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/schema"
)

// Code is the code of the problems that Prove finds.
const Code = "would-lock-out"

// Prove returns the steps of a device that would close the way in, as problems. Nothing may be applied to a device that
// has any.
func Prove(d plan.Device) diag.Problems {
	way, err := wayOf(d)
	if err != nil {
		return diag.Problems{refusal(plan.Step{Address: schema.Setting{Device: d.Address}}, err.Error())}
	}
	var problems diag.Problems
	for _, s := range d.Steps {
		if s.Action == plan.Forget {
			continue
		}
		if why := way.closedBy(s); why != "" {
			problems = append(problems, refusal(s, why))
		}
	}
	return problems
}

// way is the way in that camform uses for a device.
type way struct {
	scheme string
	host   string
	port   int64
	user   string
	source netip.Addr // our own address as the device sees it; not valid where it is not known
}

func wayOf(d plan.Device) (way, error) {
	u, err := url.Parse(d.Access.URL)
	if err != nil {
		return way{}, err
	}
	port, err := strconv.ParseInt(u.Port(), 10, 64)
	if err != nil {
		return way{}, err
	}
	source, _ := netip.ParseAddr(d.Source) // an address that is not known leaves the zero value, which no list contains
	return way{scheme: u.Scheme, host: u.Hostname(), port: port, user: d.Access.Username, source: source.Unmap()}, nil
}

// closedBy says why a step would close the way in, or "" if it would not.
func (w way) closedBy(s plan.Step) string {
	switch s.Address.Kind {
	case "ip_filter":
		return w.closedByFilter(s)
	case "https":
		return w.closedByHTTPS(s)
	case "service":
		return w.closedByService(s)
	case "web_auth":
		return closedByAuthentication(s)
	case "mac_filter":
		return closedByMACFilter(s)
	case "network":
		return w.closedByNetwork(s)
	case "wireless":
		return w.closedByWireless(s)
	case "user":
		return w.closedByUser(s)
	case "user_permission":
		return w.closedByPermission(s)
	default:
		return ""
	}
}

func (w way) closedByFilter(s plan.Step) string {
	if !isTrue(after(s, "enabled")) {
		return ""
	}
	if !w.source.IsValid() {
		return "It is not known which address this device sees us at, so it cannot be proven that the filter lets us in."
	}
	inside := contains(after(s, "addresses"), w.source)
	switch text(after(s, "mode")) {
	case "allow":
		if !inside {
			return "The allow list does not contain " + w.source.String() + ", the address from which camform reaches this device. " +
				"Add it to addresses, or the device would never answer again."
		}
	case "deny":
		if inside {
			return "The deny list contains " + w.source.String() + ", the address from which camform reaches this device."
		}
	}
	return ""
}

func (w way) closedByHTTPS(s plan.Step) string {
	if w.scheme == "http" {
		if isTrue(after(s, "redirect")) {
			return "camform reaches this device over HTTP, and redirect = true would turn it away. " +
				"Write the address with https:// first, apply, and add the redirect then."
		}
		return ""
	}
	return w.closedByProtocol(s, "HTTPS")
}

func (w way) closedByService(s plan.Step) string {
	if w.scheme == "http" && s.Address.Key == "HTTP" {
		return w.closedByProtocol(s, "HTTP")
	}
	return ""
}

func (w way) closedByProtocol(s plan.Step, name string) string {
	if isFalse(after(s, "enabled")) {
		return "camform reaches this device over " + name + ", and this would switch it off. Give the device another address first."
	}
	if port := after(s, "port"); moves(s, "port") && !port.RawEquals(cty.NumberIntVal(w.port)) {
		return "camform reaches this device on port " + strconv.FormatInt(w.port, 10) + ", and this would move it. " +
			"Move the port at the device and write the new one into address."
	}
	return ""
}

// closedByAuthentication refuses to take SHA-256 away: a device that offered it once is not given a credential for MD5
// any more, since somebody in between could ask for that.
func closedByAuthentication(s plan.Step) string {
	if moves(s, "algorithm") && text(after(s, "algorithm")) == "MD5" && strings.Contains(before(s, "algorithm"), "SHA") {
		return "The device offers SHA-256 now, and camform would never log in with MD5 again. Write algorithm = \"MD5/SHA256\" " +
			"if there are clients that know MD5 only."
	}
	return ""
}

// closedByMACFilter: a router between us and the device hides our hardware address, so that nobody can prove that a list
// of them lets us in.
func closedByMACFilter(s plan.Step) string {
	if !isTrue(after(s, "enabled")) || text(after(s, "mode")) != "allow" {
		return ""
	}
	return "It cannot be proven that an allow list of hardware addresses lets us in: the device sees that of the last router on the way."
}

// closedByNetwork refuses to move the address under which a device is reached. Name servers may change, and so may an
// interface of which the device says that it has another address.
func (w way) closedByNetwork(s plan.Step) string {
	moving := ""
	for _, attribute := range []string{"ip_version", "mode", "address", "gateway", "ipv6_mode", "ipv6_address", "ipv6_gateway"} {
		if moves(s, attribute) {
			moving = attribute
		}
	}
	if moving == "" || w.elsewhere(before(s, "address")) {
		return ""
	}
	return "camform reaches this device at " + w.host + ", and a change of " + moving + " could take it away from there. " +
		"Change it at the device and write the new address into the device block."
}

// elsewhere reports whether an address of an interface, with or without the length of its network, is another one than
// that of the way in. A way in by name could be anywhere.
func (w way) elsewhere(address string) bool {
	host, err := netip.ParseAddr(w.host)
	if err != nil {
		return false
	}
	address, _, _ = strings.Cut(address, "/")
	have, err := netip.ParseAddr(address)
	return err == nil && have.Unmap() != host.Unmap()
}

// closedByWireless: whether the way in goes over the air is not to be seen from here.
func (w way) closedByWireless(s plan.Step) string {
	for _, attribute := range []string{"ssid", "security", "key", "cipher", "mode", "channel"} {
		if moves(s, attribute) {
			return "camform may reach this device over this wireless network, and a change of " + attribute + " could cut it off. " +
				"Change it at the device."
		}
	}
	if moves(s, "enabled") && isFalse(after(s, "enabled")) {
		return "camform may reach this device over this wireless network, and this would switch it off. Change it at the device."
	}
	return ""
}

// closedByPermission keeps the right to configure for the account that camform uses.
func (w way) closedByPermission(s plan.Step) string {
	if s.Address.Key != w.user || !moves(s, "remote") {
		return ""
	}
	rights := after(s, "remote")
	if rights.CanIterateElements() && !rights.IsNull() {
		for _, right := range rights.AsValueSlice() {
			if text(right) == "configure" {
				return ""
			}
		}
	}
	return "This is the account that camform uses on this device, and it would lose the right to configure. Put \"configure\" into remote."
}

func (w way) closedByUser(s plan.Step) string {
	if s.Address.Key != w.user {
		return ""
	}
	switch {
	case s.Action == plan.Delete:
		return "This is the account that camform uses on this device."
	case moves(s, "level") && text(after(s, "level")) != "Administrator":
		return "This is the account that camform uses on this device; with another level it could not change anything any more."
	case moves(s, "password") && !s.Rotates():
		return "This is the account that camform uses on this device, and its password is not the one in the login block. " +
			"Leave the password out of the user block, or give both the same secret."
	}
	return ""
}

// after is the value of an attribute once a step was carried out: the wanted one, or the one that stays. It is null if
// the device has none.
func after(s plan.Step, attribute string) cty.Value {
	for _, v := range []cty.Value{s.After, s.Before} {
		if !v.IsNull() && v.Type().HasAttribute(attribute) && !v.GetAttr(attribute).IsNull() {
			return v.GetAttr(attribute)
		}
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

// before is the text of an attribute as it is now, or "".
func before(s plan.Step, attribute string) string {
	if s.Before.IsNull() || !s.Before.Type().HasAttribute(attribute) {
		return ""
	}
	return text(s.Before.GetAttr(attribute))
}

// moves reports whether a step changes an attribute.
func moves(s plan.Step, attribute string) bool {
	for _, w := range s.Why {
		if w.Attribute == attribute {
			return true
		}
	}
	return false
}

func isTrue(v cty.Value) bool  { return v.RawEquals(cty.True) }
func isFalse(v cty.Value) bool { return v.RawEquals(cty.False) }

func text(v cty.Value) string {
	if v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// contains reports whether a list of addresses and prefixes covers an address. Entries that are neither cover nothing.
func contains(list cty.Value, address netip.Addr) bool {
	if list.IsNull() || !list.CanIterateElements() {
		return false
	}
	for _, v := range list.Elements() {
		if prefix, err := netip.ParsePrefix(text(v)); err == nil && prefix.Contains(address) {
			return true
		}
		if single, err := netip.ParseAddr(text(v)); err == nil && single.Unmap() == address {
			return true
		}
	}
	return false
}

func refusal(s plan.Step, why string) diag.Problem {
	p := diag.Problem{
		Severity: diag.Error, Code: Code, Summary: "Change would close the way in",
		Detail: why, Address: s.Address,
	}
	if s.Range.File != "" {
		p.Subject = s.Range.HCL()
	}
	return p
}
