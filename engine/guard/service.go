package guard

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"camform/schema"
)

// listeners are the schemes of the listeners by which the clients of a scheme may come. Clients of the vendor and of ONVIF
// come encrypted where their port says so: the first have a listener of their own for that, and may come by the web interface,
// and ONVIF has no port but those of the web interface.
var listeners = map[string][]string{
	schema.SchemeHTTPS: {schema.SchemeHTTPS},
	schema.SchemeHTTP:  {schema.SchemeHTTP},
	schema.SchemeRTSP:  {schema.SchemeRTSP},
	schema.SchemeSDK:   {schema.SecureSDK, schema.SchemeHTTPS, schema.SchemeHTTP, schema.SchemeRTSP, schema.SchemeSDK},
	schema.SchemeONVIF: {schema.SchemeHTTPS, schema.SchemeHTTP},
}

// learn takes over what the kinds of a device say about a way in: the listener by which it comes is the first one whose port
// is that of the way in, on the device or as delivered, else the last. A client of the vendor that comes by the web interface logs
// in there like a client of that.
func (v *way) learn(kinds *schema.Kinds, w world) {
	for _, scheme := range listeners[v.scheme] {
		g := listenerOf(kinds, scheme)
		v.over, v.called, v.delivered = scheme, firstOf(g.Called, scheme), g.Delivered
		if v.port != 0 && (v.port == v.delivered || v.port == portBefore(w, scheme)) {
			break
		}
	}
	if v.scheme == schema.SchemeSDK && (v.over == schema.SchemeHTTP || v.over == schema.SchemeHTTPS) {
		v.scheme = v.over
	}
}

// listenerOf is what the kinds say of the listener of a scheme. It is empty if they have none.
func listenerOf(kinds *schema.Kinds, scheme string) *schema.Guard {
	for _, k := range kinds.All() {
		for _, g := range k.Guards {
			if g.Role == schema.Listener && g.Scheme == scheme && g.Port != "" && !k.Own {
				return g
			}
		}
	}
	return &schema.Guard{}
}

// portBefore is the port that the device has for the listener of a scheme; 0 if that is not known.
func portBefore(w world, scheme string) int64 {
	f, g, ok := w.listener(scheme)
	if !ok {
		return 0
	}
	return number(f.had(g.Port))
}

// listener is what is known of the listener of a scheme, and whether anything is.
func (w world) listener(scheme string) (fact, *schema.Guard, bool) {
	for _, f := range w.facts {
		if g, ok := f.guard(schema.Listener); ok && g.Scheme == scheme && g.Port != "" && f.relied() {
			return f, g, true
		}
	}
	return fact{}, nil, false
}

// comesBy reports whether a way in comes by a listener, or by what is switched on and off apart from the ports.
func (v way) comesBy(g *schema.Guard) bool {
	if g.Port == "" {
		return g.Scheme != "" && (g.Scheme == v.scheme || g.Scheme == v.over)
	}
	return v.over != "" && g.Scheme == v.over
}

// closedByListener is about the listener by which a way in comes, and about what becomes of its port.
func (v way) closedByListener(w world, f fact, g *schema.Guard) string {
	switch {
	case v.found && v.port == 0 && cutsListener(f, g):
		return "camform does not know on which port " + v.name() + " reaches this device, and this would change the port of " + listenerName(f, g) + "."
	case v.over == "":
		return ""
	case v.comesBy(g):
		return v.closedByService(f, g)
	default:
		return v.displaced(w, f, g)
	}
}

// closedByRedirect: somebody is sent on to a scheme that it does not come by.
func (v way) closedByRedirect(_ world, f fact, g *schema.Guard) string {
	if v.over != g.From || !isTrue(f.value(g.Enabled)) {
		return ""
	}
	return v.name() + " reaches this device over " + strings.ToUpper(g.From) + ", and " + g.Enabled + " = true would turn it away." + v.advice(v.insteadOfHTTP())
}

func (v way) insteadOfHTTP() string {
	switch {
	case v.own():
		return "Write the address with https:// first, apply, and then add the redirect."
	case v.isDevice():
		return "Let it connect over HTTPS first."
	}
	return "Let it connect over HTTPS first, say so in its consumer block, and then add the redirect."
}

func (v way) closedByService(f fact, g *schema.Guard) string {
	if isFalse(f.value(g.Enabled)) {
		return v.name() + " reaches this device over " + listenerName(f, g) + ", and this change would switch it off." + v.advice(v.anotherWay())
	}
	port := number(f.value(g.Port))
	switch {
	case !f.moved(g.Port) || !v.losesPort(f, g, port):
		return ""
	case v.translated(f, g):
		return "camform reaches this device on port " + decimal(v.port) + ", while the device reports " + decimal(number(f.had(g.Port))) +
			": something in between translates ports and would keep using the old one." + v.advice(v.newPort())
	case v.port == 0:
		return v.name() + " reaches this device over " + listenerName(f, g) + ", and this would move its port to " + decimal(port) + "." +
			v.advice("Change the port there first, and write the new one into its consumer block.")
	default:
		return v.name() + " reaches this device on port " + decimal(v.port) + ", and this would move it." + v.advice(v.newPort())
	}
}

// losesPort reports whether a way in is lost when its service moves to a port.
func (v way) losesPort(f fact, g *schema.Guard, port int64) bool {
	return port != v.port || v.translated(f, g)
}

// translated reports whether camform, which gets through now, does so on another port than that of the device.
func (v way) translated(f fact, g *schema.Guard) bool {
	had := number(f.had(g.Port))
	return v.own() && had != 0 && had != v.port
}

func (v way) anotherWay() string {
	switch {
	case v.own():
		return "Give the device another address first."
	case v.isDevice():
		return "Let it connect another way first."
	}
	return "Let it connect another way first, and say so in its consumer block, or remove that block."
}

func (v way) newPort() string {
	switch {
	case v.own():
		return "Move the port at the device and write the new one into address."
	case v.isDevice():
		return "Change the port on both devices by hand: neither reaches the other until both have changed."
	}
	return "Set the new port there first, and write it into its consumer block."
}

// displaced: another service takes the port of the one by which a way in comes, and no step says that this one is
// somewhere else. Where nothing is said of it, it is at the port by which it is reached, or where it was as delivered.
func (v way) displaced(w world, f fact, g *schema.Guard) string {
	port := number(f.value(g.Port))
	mine, its, known := w.listener(v.over)
	switch {
	case !f.done || port == 0 || isFalse(f.value(g.Enabled)) || !f.moved(g.Port) && !f.moved(g.Enabled):
		return ""
	case known && number(mine.value(its.Port)) != 0:
		return "" // both ports are known
	case port != v.port && port != v.delivered:
		return ""
	default:
		return v.name() + " reaches this device over " + v.called + ", which is on port " + decimal(port) + ", and " + serviceName(f, g) +
			" would take that port." + v.advice("Give it another one.")
	}
}

// closedByCollision: a device refuses two services on one port, or one of the two does not answer any more, and which one
// is not known.
func closedByCollision(_ way, w world, f fact, g *schema.Guard) string {
	port := number(f.value(g.Port))
	if port == 0 || isFalse(f.value(g.Enabled)) || !f.moved(g.Port) && !f.moved(g.Enabled) {
		return ""
	}
	for _, other := range w.facts {
		its, listens := other.guard(schema.Listener)
		if other.Address != f.Address && listens && number(other.value(its.Port)) == port && !isFalse(other.value(its.Enabled)) {
			return serviceName(f, g) + " and " + serviceName(other, its) + " would both be on port " + decimal(port) +
				", where only one of them could answer. Give one of them another port."
		}
	}
	return ""
}

// listenerName is what people call a listener.
func listenerName(f fact, g *schema.Guard) string { return firstOf(g.Called, serviceName(f, g)) }

// serviceName tells a listener from the others of its kind.
func serviceName(f fact, g *schema.Guard) string {
	return firstOf(f.Address.Key, g.Called, f.Address.Kind)
}

// closedByTLS: camform was allowed to speak old versions of TLS with this device, and nobody knows whether it speaks
// newer ones.
func (v way) closedByTLS(_ world, f fact, g *schema.Guard) string {
	if v.scheme != schema.SchemeHTTPS || !v.access.Legacy || !f.moved(g.Minimum) {
		return ""
	}
	versions := f.kind.Attribute(g.Minimum).Values // what is none of them, such as "none", is lower than all
	if slices.Index(versions, text(f.value(g.Minimum))) <= slices.Index(versions, text(f.had(g.Minimum))) {
		return ""
	}
	return "The login block allows old versions of TLS (legacy = true), so camform cannot tell whether it shares a newer one with this device. " +
		"Remove legacy first; if camform still reaches the device, raise " + g.Minimum + "."
}

// closedByNewerTLS: nobody knows which versions of TLS another device speaks.
func (v way) closedByNewerTLS(_ world, f fact, g *schema.Guard) string {
	encrypted := v.over == schema.SchemeHTTPS || v.over == schema.SecureSDK
	if !v.isDevice() || !encrypted || v.port == 0 || !f.moved(g.Minimum) {
		return ""
	}
	versions := f.kind.Attribute(g.Minimum).Values
	if slices.Index(versions, text(f.value(g.Minimum))) <= slices.Index(versions, text(f.had(g.Minimum))) {
		return ""
	}
	return v.name() + " reaches this device over " + v.called + ", and camform cannot tell whether it supports TLS " + text(f.value(g.Minimum)) + "." +
		v.advice("Check that it does, and say so in its consumer block.")
}

// closedByNewKey: a certificate that a device makes for itself comes with a new key and is signed by nobody. Of one of an authority
// the device told the key before, in its request.
func (v way) closedByNewKey(_ world, f fact, g *schema.Guard) string {
	keeping := ""
	if g.Keeps != "" {
		keeping = " with " + g.Keeps
	}
	switch {
	case v.scheme == schema.SchemeHTTP && g.Keeps != "" && f.moved(g.Keeps):
		return "camform reaches this device over plain HTTP, where anybody in between could have replaced the request that was signed. " +
			"Write the address with https:// first, and confirm the device's current key."
	case v.scheme == schema.SchemeHTTPS && v.access.Verify && nameless(f, g, v.host) != "":
		return nameless(f, g, v.host) + " camform verifies the certificate of this device."
	case v.scheme != schema.SchemeHTTPS || !slices.ContainsFunc(g.Renews, f.moved):
		return ""
	case g.Keeps == "":
		return "camform recognises this device by the key of its certificate. This change would present another certificate with an unknown key, and camform would no longer log in. " +
			"Choose it at the device and confirm the new key."
	case v.access.Verify:
		return "camform verifies the certificate of this device, and no authority signs one that the device generates itself. " +
			"Give it one" + keeping + ", or reach it without verify first."
	default:
		return "camform recognises this device by the key of its certificate, and the new certificate comes with a new key: camform would no longer log in. " +
			"Generate it at the device and confirm the new key, or give it one from an authority" + keeping + ", whose key the device reports beforehand."
	}
}

// nameless says, in sentences, that a certificate which a device is to get does not name the host by which it is reached; empty where
// it does, or none is brought.
func nameless(f fact, g *schema.Guard, host string) string {
	if g.Keeps == "" || !f.moved(g.Keeps) {
		return ""
	}
	block, _ := pem.Decode([]byte(text(f.value(g.Keeps))))
	if block == nil {
		return ""
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil || leaf.VerifyHostname(host) == nil {
		return ""
	}
	return "The certificate does not name " + host + ", the name used to reach this device: clients that verify certificates will reject the device. A device's request " +
		"carries no alternative names, so the authority must set subjectAltName when it signs."
}

// closedByAuthentication is about the digest algorithms that a device offers.
func (v way) closedByAuthentication(_ world, f fact, g *schema.Guard) string {
	if !g.Counts(v.scheme) {
		return ""
	}
	offered := text(f.value(g.Algorithm))
	switch {
	case offered == "MD5" && v.own():
		return v.closedByDowngrade(f, g)
	case offered == "MD5" && v.algorithm == "SHA-256", offered == "SHA256" && v.algorithm == "MD5":
		return v.name() + " supports digest authentication with " + v.algorithm + " only, and the device would offer " + offered + " only." +
			v.advice(fmt.Sprintf("Write %s = \"MD5/SHA256\" until it supports the other one too.", g.Algorithm))
	case offered == "SHA256" && v.found && v.algorithm == "" && f.moved(g.Algorithm):
		return "camform cannot tell whether " + v.name() + " supports digest authentication with SHA-256, and the device would offer nothing else." +
			v.advice(fmt.Sprintf("Write %s = \"MD5/SHA256\".", g.Algorithm))
	default:
		return ""
	}
}

// closedByDowngrade refuses to take SHA-256 away: a device that offered it once is not given a credential for MD5 any
// more, since somebody in between could ask for that.
func (v way) closedByDowngrade(f fact, g *schema.Guard) string {
	if !f.moved(g.Algorithm) || v.seenWith.Algorithm != "SHA-256" && !strings.Contains(text(f.had(g.Algorithm)), "SHA") {
		return ""
	}
	return "The device offers SHA-256 now, and camform would never again log in with MD5. " +
		fmt.Sprintf("Write %s = \"MD5/SHA256\" if there are clients that support MD5 only.", g.Algorithm)
}

// closedByRequirement: what camform itself is able to do is tried; of others nobody knows.
func (v way) closedByRequirement(_ world, f fact, g *schema.Guard) string {
	if v.own() || !g.Counts(v.scheme) || !f.moved(g.By) || harmless(f, g) {
		return ""
	}
	return "camform cannot tell whether " + v.name() + " can do what " + f.Address.Kind + " would require." +
		v.advice(fmt.Sprintf("Write %s = %s until you know.", g.By, spelled(f.had(g.By), g.Harmless)))
}

// closedByCapacity: where more use a device than it serves at once, any of them may be the one that is turned away. camform logs in for a
// moment, and comes back.
func (v way) closedByCapacity(w world, f fact, g *schema.Guard) string {
	if v.own() {
		return ""
	}
	why := crowdedOut(w, f, g)
	if why == "" {
		return ""
	}
	return "The device " + why + ", so it may turn " + v.name() + " away." +
		v.advice(fmt.Sprintf("Write %s = %d or more.", g.Most, w.clients))
}

// crowdedOut says how many a device would serve at once where that gets less and more are known to use it; else nothing.
func crowdedOut(w world, f fact, g *schema.Guard) string {
	most := number(f.value(g.Most))
	if !cutsCapacity(f, g) || most == 0 || most >= int64(w.clients) {
		return ""
	}
	return fmt.Sprintf("would accept %d logins at once, and %d are known to use it", most, w.clients)
}

// spelled is the harmless word as it is written in a configuration, where the attribute had a value.
func spelled(had cty.Value, harmless string) string {
	if !had.IsNull() && had.Type() == cty.Bool {
		return harmless
	}
	return strconv.Quote(harmless)
}

// harmless reports whether a setting asks nothing of clients.
func harmless(f fact, g *schema.Guard) bool {
	switch v := f.value(g.By); {
	case isTrue(v):
		return g.Harmless == "true"
	case isFalse(v):
		return g.Harmless == "false"
	default:
		return text(v) == g.Harmless
	}
}

// leastAttempts is how many failed logins a device must bear, so that a change of a password that broke off can be
// finished: two versions may have to be tried, and the last two attempts before a lock are never spent.
const leastAttempts = 4

func closedByLock(_ way, _ world, f fact, g *schema.Guard) string {
	attempts := number(f.value(g.Attempts))
	if isFalse(f.value(g.Enabled)) || attempts == 0 || attempts >= leastAttempts || !f.moved(g.Attempts) && !f.moved(g.Enabled) {
		return ""
	}
	return "A lock after " + decimal(attempts) + " failed logins leaves camform no attempt to find out which password is right after an interrupted change. " +
		"Allow at least " + decimal(leastAttempts) + " attempts."
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
