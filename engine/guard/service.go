package guard

import (
	"slices"
	"strconv"
	"strings"
)

// service is one of the services of a device that somebody reaches it by.
type service struct {
	kind, key, name string
	port            int64 // as delivered
}

var (
	overHTTPS = service{"https", "", "HTTPS", 443}
	overHTTP  = service{"service", "HTTP", "HTTP", 80}
	overRTSP  = service{"service", "RTSP", "RTSP", 554}
	overSDK   = service{"service", "DEV_MANAGE", "the protocol of the vendor", 8000}
	secureSDK = service{"service", "SDK_OVER_TLS", "the protocol of the vendor over TLS", 8443}
)

// service is that by which a way in comes. Clients of the vendor and of ONVIF come encrypted where their port says so:
// the first has a service of its own for that, and ONVIF has no port but those of the web interface.
func (v way) service(w world) (service, bool) {
	switch v.scheme {
	case "https":
		return overHTTPS, true
	case "http":
		return overHTTP, true
	case "rtsp":
		return overRTSP, true
	case "sdk":
		return v.either(w, secureSDK, overSDK), true
	case "onvif":
		return v.either(w, overHTTPS, overHTTP), true
	default:
		return service{}, false
	}
}

// either is the first service where the port of the way in is the one that the device has for it, else the second.
func (v way) either(w world, first, second service) service {
	if f, ok := w.fact(first.kind, first.key); ok && v.port != 0 && number(f.had("port")) == v.port {
		return first
	}
	if v.port == first.port {
		return first
	}
	return second
}

func (s service) is(f fact) bool { return f.Address.Kind == s.kind && f.Address.Key == s.key }

// closedByServices is about the service by which a way in comes, and about what becomes of its port.
func (v way) closedByServices(w world, f fact) string {
	s, ok := v.service(w)
	switch {
	case !ok:
		return ""
	case s.is(f):
		return v.closedByService(s, f)
	case s == overHTTP && overHTTPS.is(f) && isTrue(f.value("redirect")):
		return v.name() + " reaches this device over HTTP, and redirect = true would turn it away. " + v.insteadOfHTTP()
	default:
		return v.displaced(w, s, f)
	}
}

func (v way) insteadOfHTTP() string {
	if v.own() {
		return "Write the address with https:// first, apply, and add the redirect then."
	}
	return "Let it come over HTTPS first, say so in its consumer block, and add the redirect then."
}

func (v way) closedByService(s service, f fact) string {
	if isFalse(f.value("enabled")) {
		return v.name() + " reaches this device over " + s.name + ", and this would switch it off. " + v.anotherWay()
	}
	port := number(f.value("port"))
	switch {
	case !f.moved("port") || !v.losesPort(f, port):
		return ""
	case v.translated(f):
		return "camform reaches this device on port " + decimal(v.port) + ", and the device says that it is " + decimal(number(f.had("port"))) +
			": something between translates ports and would go on to the old one. " + v.newPort()
	case v.port == 0:
		return v.name() + " reaches this device over " + s.name + ", and this would move its port to " + decimal(port) + ". " +
			"Move it there first, and write the new port into its consumer block."
	default:
		return v.name() + " reaches this device on port " + decimal(v.port) + ", and this would move it. " + v.newPort()
	}
}

// losesPort reports whether a way in is lost when its service moves to a port.
func (v way) losesPort(f fact, port int64) bool { return port != v.port || v.translated(f) }

// translated reports whether camform, which gets through now, does so on another port than that of the device.
func (v way) translated(f fact) bool {
	had := number(f.had("port"))
	return v.own() && had != 0 && had != v.port
}

func (v way) anotherWay() string {
	if v.own() {
		return "Give the device another address first."
	}
	return "Let it come by another way first, and say so in its consumer block, or take that block away."
}

func (v way) newPort() string {
	if v.own() {
		return "Move the port at the device and write the new one into address."
	}
	return "Tell it the new port first, and write that into its consumer block."
}

// displaced: another service takes the port of the one by which a way in comes, and no step says that this one is
// somewhere else. Where nothing is said of it, it is at the port by which it is reached, or where it was as delivered.
func (v way) displaced(w world, s service, f fact) string {
	port := number(f.value("port"))
	mine, known := w.fact(s.kind, s.key)
	switch {
	case !f.done || port == 0 || isFalse(f.value("enabled")) || !f.moved("port") && !f.moved("enabled"):
		return ""
	case known && number(mine.value("port")) != 0:
		return "" // both ports are known
	case port != v.port && port != s.port:
		return ""
	default:
		return v.name() + " reaches this device over " + s.name + ", which is on port " + decimal(port) + ", and " + serviceName(f) +
			" would take that port. Give it another one."
	}
}

// closedByCollision: a device refuses two services on one port, or one of the two does not answer any more, and which one
// is not known.
func closedByCollision(w world, f fact) string {
	port := number(f.value("port"))
	if port == 0 || isFalse(f.value("enabled")) || !f.moved("port") && !f.moved("enabled") {
		return ""
	}
	for _, other := range w.facts {
		if other.Address != f.Address && isService(other.Step) && number(other.value("port")) == port && !isFalse(other.value("enabled")) {
			return serviceName(f) + " and " + serviceName(other) + " would both be on port " + decimal(port) +
				", and only one of them could answer there. Give one of them another port."
		}
	}
	return ""
}

func serviceName(f fact) string {
	if overHTTPS.is(f) {
		return overHTTPS.name
	}
	return f.Address.Key
}

// closedByTLS: camform was allowed to speak old versions of TLS with this device, and nobody knows whether it speaks
// newer ones.
func (v way) closedByTLS(f fact) string {
	if v.scheme != "https" || !overHTTPS.is(f) || !v.access.Legacy || !f.moved("min_tls") {
		return ""
	}
	versions := []string{"1.1", "1.2", "1.3"} // what is none of them, such as "none", is lower than all
	if slices.Index(versions, text(f.value("min_tls"))) <= slices.Index(versions, text(f.had("min_tls"))) {
		return ""
	}
	return "The login block allows old versions of TLS (legacy = true), so it is not known whether camform and this device have a newer one in common. " +
		"Take legacy away first; if the device can be reached then, raise min_tls."
}

// closedByCertificate: a certificate that a device makes for itself comes with a new key and is signed by nobody; one of
// an authority keeps the key.
func (v way) closedByCertificate(f fact) string {
	made := f.moved("self_signed") || f.moved("common_name") || f.moved("days")
	switch {
	case v.scheme != "https" || !made:
		return ""
	case v.access.Verify:
		return "camform verifies the certificate of this device, and one that the device makes for itself is signed by no authority. " +
			"Give it one with chain, or reach it without verify first."
	default:
		return "camform knows this device by the key of its certificate, and the new certificate comes with a new key: camform would not log in any more. " +
			"Make it at the device and confirm the new key, or give it one of an authority with chain, which keeps the key."
	}
}

// closedByAuthentication is about the digest algorithms that a device offers.
func (v way) closedByAuthentication(f fact) string {
	if !v.logsInBy(f.Address.Kind) {
		return ""
	}
	offered := text(f.value("algorithm"))
	switch {
	case offered == "MD5" && v.own():
		return v.closedByDowngrade(f)
	case offered == "MD5" && v.algorithm == "SHA-256", offered == "SHA256" && v.algorithm == "MD5":
		return v.name() + " knows digest authentication with " + v.algorithm + " only, and the device would offer " + offered + " only. " +
			"Write algorithm = \"MD5/SHA256\" until it knows the other one too."
	default:
		return ""
	}
}

// logsInBy reports whether a way in proves its password as one of the settings about authentication says. Where the
// scheme is not known, it may be by both.
func (v way) logsInBy(kind string) bool {
	if kind == "rtsp_auth" {
		return v.scheme == "rtsp" || v.scheme == ""
	}
	return v.scheme == "http" || v.scheme == "https" || v.scheme == ""
}

// closedByDowngrade refuses to take SHA-256 away: a device that offered it once is not given a credential for MD5 any
// more, since somebody in between could ask for that.
func (v way) closedByDowngrade(f fact) string {
	if !f.moved("algorithm") || v.seenWith.Algorithm != "SHA-256" && !strings.Contains(text(f.had("algorithm")), "SHA") {
		return ""
	}
	return "The device offers SHA-256 now, and camform would never log in with MD5 again. Write algorithm = \"MD5/SHA256\" " +
		"if there are clients that know MD5 only."
}

// closedByIntegration: ONVIF is a switch apart from the services.
func (v way) closedByIntegration(f fact) string {
	if v.scheme != "onvif" || !isFalse(f.value("onvif_enabled")) {
		return ""
	}
	return v.name() + " reaches this device over ONVIF, and this would switch it off. " + v.anotherWay()
}

// leastAttempts is how many failed logins a device must bear, so that a change of a password that broke off can be
// finished: two versions may have to be tried, and the last two attempts before a lock are never spent.
const leastAttempts = 4

func closedByLock(f fact) string {
	attempts := number(f.value("attempts"))
	if isFalse(f.value("enabled")) || attempts == 0 || attempts >= leastAttempts || !f.moved("attempts") && !f.moved("enabled") {
		return ""
	}
	return "A lock after " + decimal(attempts) + " failed logins leaves camform no attempt to find out which password is right after a change broke off. " +
		"Allow at least " + decimal(leastAttempts) + " attempts."
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
