package guard

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/engine/diag"
	"camform/engine/plan"
	"camform/providers"
	"camform/schema"
)

type values map[string]cty.Value

func object(v values) cty.Value {
	if v == nil {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return cty.ObjectVal(v)
}

// step changes the attributes of after that differ from before.
func step(kind, key string, before, after values) plan.Step {
	s := plan.Step{
		Address: schema.Setting{Device: schema.Device{Name: "gate"}, Kind: kind, Key: key},
		Action:  plan.Update, Before: object(before), After: object(after),
		Range: plan.Source{File: "main.cam.hcl", Line: 7},
	}
	if after == nil {
		s.Action = plan.Delete
	}
	for name, v := range after {
		if before[name] == cty.NilVal || !before[name].RawEquals(v) {
			s.Why = append(s.Why, plan.Why{Attribute: name})
		}
	}
	return s
}

func set(texts ...string) cty.Value {
	list := make([]cty.Value, len(texts))
	for i, text := range texts {
		list[i] = cty.StringVal(text)
	}
	if len(list) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	return cty.SetVal(list)
}

// device is a device with a way in and steps.
type device struct{ plan.Device }

const (
	secure = "https://192.0.2.1:443"
	plain  = "http://192.0.2.1:80"
)

// over is a device that camform reaches as admin at an address, from 198.51.100.7.
func over(url string, steps ...plan.Step) device {
	return device{plan.Device{
		Address: schema.Device{Name: "gate"}, Access: plan.Access{URL: url, Username: "admin"},
		Source: "198.51.100.7", Steps: steps,
	}}
}

func (d device) from(source string) device { d.Source = source; return d }

func (d device) seenAt(address ...string) device { d.Seen = address; return d }

func (d device) needed(ways ...plan.Way) device { d.Ways = ways; return d }

func (d device) loggedIn(sessions int) device { d.Logins = make([]plan.Login, sessions); return d }

func (d device) as(account string) device { d.Access.Username = account; return d }

func (d device) seenWith(algorithm string) device {
	d.Pin = providers.Pin{Algorithm: algorithm, SPKI: "sha256:00"}
	return d
}

// secret is a step that also sets a password.
func secret(s plan.Step, password plan.SecretSource) plan.Step {
	s.Secrets = map[string]plan.SecretSource{"password": password}
	s.Why = append(s.Why, plan.Why{Attribute: "password"})
	return s
}

func created(kind, key string, after values) plan.Step {
	s := step(kind, key, nil, after)
	s.Action = plan.Create
	return s
}

func str(text string) cty.Value { return cty.StringVal(text) }
func num(n int64) cty.Value     { return cty.NumberIntVal(n) }

func filter(enabled cty.Value, mode string, addresses ...string) values {
	return values{"enabled": enabled, "mode": str(mode), "addresses": set(addresses...)}
}

var (
	on, off   = cty.True, cty.False
	noFilter  = filter(off, "allow")
	vms       = plan.Way{Who: "vms", Scheme: "https", Account: "vms", Source: "203.0.113.9"}
	viewer    = plan.Way{Who: "viewer", Scheme: "rtsp", Port: 554, Account: "viewer"}
	recorder  = plan.Way{Who: "device.recorder.channel.1", Account: "nvr", Source: "203.0.113.5"}
	onvif     = plan.Way{Who: "onvif", Scheme: "onvif", Account: "onvif"}
	vendor    = plan.Way{Who: "vendor", Scheme: "sdk"}
	operator  = plan.Way{Who: "vms", Account: "vms", Level: "Operator"}
	generated = plan.SecretSource{Origin: "vault:gate/nvr", Generate: &plan.Generate{}}
)

func told(w plan.Way) plan.Way { w.Told = true; return w }

func knowing(algorithm string, w plan.Way) plan.Way { w.Algorithm = algorithm; return w }

func user(level string) values { return values{"level": str(level)} }

func logins(before, after int64) plan.Step {
	return step("login_limit", "", values{"logins": cty.NumberIntVal(before)}, values{"logins": cty.NumberIntVal(after)})
}

// pairs are what locks somebody out, each with a harmless twin that differs by little.
var pairs = []struct {
	name string
	shut device
	says string // a part of the reason
	open device
}{
	{
		"allow list without us",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "203.0.113.1"))), "198.51.100.7",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "203.0.113.1", "198.51.100.7"))),
	},
	{
		"allow list without the address that the device tells",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7"))).seenAt("203.0.113.80"), "connect from 203.0.113.80, not from 198.51.100.7",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7", "203.0.113.80"))).seenAt("203.0.113.80"),
	},
	{
		"allow list with nothing but the address that the device tells",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "203.0.113.80"))).seenAt("203.0.113.80"), "does not contain 198.51.100.7",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7"))).seenAt("198.51.100.7", "192.0.2.1", "::ffff:198.51.100.7", "unknown"),
	},
	{
		"allow list with nothing but the address that the device tells, ours not known",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "203.0.113.80"))).from("").seenAt("203.0.113.80"), "does not know from which address",
		over(secure, step("ip_filter", "", filter(on, "allow", "203.0.113.1"), filter(on, "allow", "203.0.113.1", "203.0.113.2"))).from("").seenAt("203.0.113.80"),
	},
	{
		"deny list with the address that the device tells",
		over(secure, step("ip_filter", "", noFilter, filter(on, "deny", "203.0.113.0/24"))).seenAt("192.0.2.1", "203.0.113.80"), "deny list contains 203.0.113.80",
		over(secure, step("ip_filter", "", noFilter, filter(on, "deny", "203.0.113.81"))).seenAt("203.0.113.80"),
	},
	{
		"filter that is on, without the address that the device tells",
		over(secure, step("ip_filter", "", filter(on, "deny"), filter(on, "allow", "198.51.100.7"))).seenAt("203.0.113.80"), "203.0.113.80",
		over(secure, step("ip_filter", "", filter(on, "deny"), filter(off, "allow", "198.51.100.7"))).seenAt("203.0.113.80"),
	},
	{
		"empty allow list",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow"))), "198.51.100.7",
		over(secure, step("ip_filter", "", noFilter, filter(off, "allow"))),
	},
	{
		"prefix that just excludes us",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.8/29"))), "198.51.100.7",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.0/29"))),
	},
	{
		"deny list with us",
		over(secure, step("ip_filter", "", noFilter, filter(on, "deny", "198.51.100.7"))), "deny list contains 198.51.100.7",
		over(secure, step("ip_filter", "", noFilter, filter(on, "deny", "203.0.113.1"))),
	},
	{
		"deny list with our network",
		over(secure, step("ip_filter", "", noFilter, filter(on, "deny", "198.51.100.0/24"))), "deny list",
		over(secure, step("ip_filter", "", noFilter, filter(on, "deny", "198.51.100.8/29"))),
	},
	{
		"deny list with an entry that cannot be read",
		over(secure, step("ip_filter", "", noFilter, filter(on, "deny", "198.51.100.1-198.51.100.9"))), "neither an address nor a network",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7", "203.0.113.1-203.0.113.9"))),
	},
	{
		"allow list, our address not known",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7"))).from(""), "does not know from which address",
		over(secure, step("ip_filter", "", filter(on, "allow", "198.51.100.7"), filter(on, "allow", "198.51.100.7", "203.0.113.1"))).from(""),
	},
	{
		"deny list grows, our address not known",
		over(secure, step("ip_filter", "", filter(on, "deny"), filter(on, "deny", "203.0.113.1"))).from(""), "does not know from which address",
		over(secure, step("ip_filter", "", filter(on, "deny", "203.0.113.1"), filter(on, "deny"))).from(""),
	},
	{
		"only switched on, with the old list",
		over(secure, step("ip_filter", "", filter(off, "allow", "203.0.113.1"), values{"enabled": on})), "198.51.100.7",
		over(secure, step("ip_filter", "", filter(off, "allow", "198.51.100.7"), values{"enabled": on})),
	},
	{
		"a filter that does not say what its list means",
		over(secure, step("ip_filter", "", values{"enabled": off, "addresses": set("198.51.100.7")}, values{"enabled": on})), "Write mode",
		over(secure, step("ip_filter", "", values{"enabled": off, "addresses": set("198.51.100.7")}, values{"enabled": on, "mode": str("allow")})),
	},
	{
		"a filter that does not say whether it is on",
		over(secure, step("ip_filter", "", values{"mode": str("allow"), "addresses": set("198.51.100.7")}, values{"addresses": set("203.0.113.1")})), "198.51.100.7",
		over(secure, step("ip_filter", "", values{"mode": str("allow"), "addresses": set("203.0.113.1")}, values{"enabled": off})),
	},
	{
		"deny turned into allow with the old list",
		over(secure, step("ip_filter", "", filter(on, "deny", "203.0.113.1"), values{"mode": str("allow")})), "198.51.100.7",
		over(secure, step("ip_filter", "", filter(on, "allow", "203.0.113.1", "198.51.100.7"), values{"mode": str("deny"), "addresses": set("203.0.113.1")})),
	},
	{
		"allow list shrunk while it is on",
		over(secure, step("ip_filter", "", filter(on, "allow", "198.51.100.7", "203.0.113.1"), values{"addresses": set("203.0.113.1")})), "198.51.100.7",
		over(secure, step("ip_filter", "", filter(on, "allow", "198.51.100.7", "203.0.113.1"), values{"addresses": set("198.51.100.7")})),
	},
	{
		"IPv6",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7"))).from("2001:db8::7"), "2001:db8::7",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "2001:db8::/64"))).from("2001:db8::7"),
	},
	{
		"IPv4 that is written as IPv6",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.8"))).from("::ffff:198.51.100.7"), "198.51.100.7",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "::ffff:198.51.100.0/120"))).from("::ffff:198.51.100.7"),
	},
	{
		"allow list without a consumer",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7"))).needed(vms), "203.0.113.9, the address from which vms",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7", "203.0.113.9"))).needed(vms),
	},
	{
		"allow list with a part of the network of a consumer",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7", "203.0.113.8", "203.0.113.9", "203.0.113.10"))).needed(plan.Way{Who: "vms", Source: "203.0.113.8/30"}), "203.0.113.8/30",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7", "203.0.113.8", "203.0.113.9", "203.0.113.10/31"))).needed(plan.Way{Who: "vms", Source: "203.0.113.8/30"}),
	},
	{
		"deny list with a part of the network of a consumer",
		over(secure, step("ip_filter", "", noFilter, filter(on, "deny", "203.0.113.9"))).needed(plan.Way{Who: "vms", Source: "203.0.113.8/30"}), "deny list",
		over(secure, step("ip_filter", "", noFilter, filter(on, "deny", "203.0.113.12"))).needed(plan.Way{Who: "vms", Source: "203.0.113.8/30"}),
	},
	{
		"allow list, the address of a recorder not known",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7"))).needed(plan.Way{Who: "device.recorder.channel.1", Source: "recorder.example.com"}), "IP address",
		over(secure, step("ip_filter", "", noFilter, filter(on, "deny"))).needed(plan.Way{Who: "device.recorder.channel.1", Source: "recorder.example.com"}),
	},
	{
		"allow list of hardware addresses",
		over(secure, step("mac_filter", "", noFilter, filter(on, "allow", "00:00:5e:00:53:01"))), "cannot prove",
		over(secure, step("mac_filter", "", noFilter, filter(on, "deny", "00:00:5e:00:53:01"))),
	},
	{
		"allow list of hardware addresses shrinks",
		over(secure, step("mac_filter", "", filter(on, "allow", "00-00-5E-00-53-01", "00:00:5e:00:53:02"), filter(on, "allow", "00:00:5e:00:53:02"))), "cannot prove",
		over(secure, step("mac_filter", "", filter(on, "allow", "00-00-5E-00-53-01"), filter(on, "allow", "00:00:5e:00:53:01", "00:00:5e:00:53:02"))),
	},

	{
		"HTTPS off, over HTTPS",
		over(secure, step("https", "", values{"enabled": on}, values{"enabled": off})), "switch it off",
		over(plain, step("https", "", values{"enabled": on}, values{"enabled": off})),
	},
	{
		"HTTP off, over HTTP",
		over(plain, step("service", "HTTP", values{"enabled": on}, values{"enabled": off})), "switch it off",
		over(secure, step("service", "HTTP", values{"enabled": on}, values{"enabled": off})),
	},
	{
		"HTTPS and HTTP off together",
		over(secure, step("https", "", values{"enabled": on}, values{"enabled": off}), step("service", "HTTP", values{"enabled": on}, values{"enabled": off})), "over HTTPS",
		over(secure, step("https", "", values{"enabled": off}, values{"enabled": on}), step("service", "HTTP", values{"enabled": on}, values{"enabled": off})),
	},
	{
		"redirect, over HTTP",
		over(plain, step("https", "", values{"enabled": off, "redirect": off}, values{"redirect": on})), "https://",
		over(secure, step("https", "", values{"enabled": on, "redirect": off}, values{"redirect": on})),
	},
	{
		"HTTPS port moved, over HTTPS",
		over(secure, step("https", "", values{"port": num(443)}, values{"port": num(444)})), "port 443",
		over(plain, step("https", "", values{"port": num(443)}, values{"port": num(444)})),
	},
	{
		"HTTP port moved, over HTTP",
		over(plain, step("service", "HTTP", values{"port": num(80)}, values{"port": num(81)})), "port 80",
		over(secure, step("service", "HTTP", values{"port": num(80)}, values{"port": num(81)})),
	},
	{
		"port moved behind something that translates it",
		over("https://192.0.2.1:8443", step("https", "", values{"port": num(443)}, values{"port": num(8443)})), "translates ports",
		over("https://192.0.2.1:8443", step("https", "", values{"port": num(443), "redirect": off}, values{"redirect": on})),
	},
	{
		"HTTP on the port of HTTPS",
		over(secure, step("service", "HTTP", values{"port": num(80)}, values{"port": num(443)})), "HTTP would take that port",
		over(secure, step("service", "HTTP", values{"port": num(80)}, values{"port": num(8080)})),
	},
	{
		"two services on one port",
		over(secure, step("service", "RTSP", values{"port": num(554)}, values{"port": num(8080)}), step("service", "HTTP", values{"port": num(80)}, values{"port": num(8080)})), "both be on port 8080",
		over(secure, step("service", "RTSP", values{"port": num(554)}, values{"port": num(8554)}), step("service", "HTTP", values{"port": num(80)}, values{"port": num(554)})),
	},
	{
		"a service switched on where another one is",
		over(secure, step("service", "RTSP", values{"enabled": off, "port": num(80)}, values{"enabled": on}), step("service", "HTTP", values{"enabled": off, "port": num(80)}, values{"enabled": on})), "both be on port 80",
		over(secure, step("service", "RTSP", values{"enabled": off, "port": num(80)}, values{"enabled": on}), step("service", "HTTP", values{"enabled": on, "port": num(80)}, values{"enabled": off})),
	},
	{
		"lowest TLS version raised on a device with old ones",
		device{plan.Device{Access: plan.Access{URL: secure, Username: "admin", Legacy: true}, Steps: []plan.Step{step("https", "", values{"min_tls": str("none")}, values{"min_tls": str("1.2")})}}},
		"legacy = true",
		over(secure, step("https", "", values{"min_tls": str("1.1")}, values{"min_tls": str("1.2")})),
	},
	{
		"lowest TLS version of a device with old ones",
		device{plan.Device{Access: plan.Access{URL: secure, Username: "admin", Legacy: true}, Steps: []plan.Step{step("https", "", values{"min_tls": str("1.1")}, values{"min_tls": str("1.2")})}}},
		"legacy = true",
		device{plan.Device{Access: plan.Access{URL: secure, Username: "admin", Legacy: true}, Steps: []plan.Step{step("https", "", values{"min_tls": str("1.2")}, values{"min_tls": str("1.1")})}}},
	},
	{
		"certificate with a new key",
		over(secure, step("certificate", "", values{"days": num(1)}, values{"self_signed": on, "common_name": str("gate"), "days": num(730)})), "new key",
		over(secure, step("certificate", "", values{"days": num(1)}, values{"chain": str("-----BEGIN CERTIFICATE-----")})),
	},
	{
		"certificate that nobody signed",
		device{plan.Device{Access: plan.Access{URL: secure, Username: "admin", Verify: true}, Steps: []plan.Step{step("certificate", "", nil, values{"self_signed": on})}}},
		"no authority",
		over(plain, step("certificate", "", nil, values{"self_signed": on})),
	},
	{
		"RTSP off, with a viewer",
		over(secure, step("service", "RTSP", values{"enabled": on}, values{"enabled": off})).needed(viewer), "viewer reaches this device over RTSP",
		over(secure, step("service", "RTSP", values{"enabled": on}, values{"enabled": off})).needed(vms),
	},
	{
		"RTSP moved, with a viewer",
		over(secure, step("service", "RTSP", values{"port": num(554)}, values{"port": num(8554)})).needed(viewer), "port 554",
		over(secure, step("service", "RTSP", values{"port": num(8554)}, values{"port": num(554)})).needed(viewer),
	},
	{
		"port moved, with a consumer that does not say its own",
		over(secure, step("service", "RTSP", values{"port": num(554)}, values{"port": num(8554)})).needed(plan.Way{Who: "wall", Scheme: "rtsp"}), "move its port to 8554",
		over(secure, step("service", "RTSP", values{"port": num(554), "enabled": off}, values{"enabled": on})).needed(plan.Way{Who: "wall", Scheme: "rtsp"}),
	},
	{
		"another service on the port of a viewer",
		over(secure, step("service", "HTTP", values{"port": num(80)}, values{"port": num(554)})).needed(viewer), "viewer reaches this device over RTSP, which is on port 554",
		over(secure, step("service", "HTTP", values{"port": num(80), "enabled": on}, values{"port": num(554), "enabled": off})).needed(viewer),
	},
	{
		"HTTP off, with a consumer over HTTP",
		over(secure, step("service", "HTTP", values{"enabled": on}, values{"enabled": off})).needed(plan.Way{Who: "probe", Scheme: "http"}), "probe reaches this device over HTTP",
		over(secure, step("service", "HTTP", values{"enabled": on}, values{"enabled": off})).needed(plan.Way{Who: "probe", Scheme: "https"}),
	},
	{
		"redirect, with a consumer over HTTP",
		over(secure, step("https", "", values{"redirect": off}, values{"redirect": on})).needed(plan.Way{Who: "probe", Scheme: "http"}), "Let it connect over HTTPS first",
		over(secure, step("https", "", values{"redirect": off}, values{"redirect": on})).needed(plan.Way{Who: "probe", Scheme: "https"}),
	},
	{
		"the vendor's protocol off, with a client of it",
		over(secure, step("service", "DEV_MANAGE", values{"enabled": on}, values{"enabled": off})).needed(vendor), "the protocol of the vendor",
		over(secure, step("service", "DEV_MANAGE", values{"enabled": on}, values{"enabled": off})).needed(viewer),
	},
	{
		"the vendor's port moved, with a channel of a recorder",
		over(secure, step("service", "DEV_MANAGE", values{"port": num(8000)}, values{"port": num(8001)})).needed(recorder), "8001",
		over(secure, step("service", "SDK_OVER_TLS", values{"port": num(8443)}, values{"port": num(8444)})).needed(recorder),
	},
	{
		"the vendor's protocol over TLS off, with a client at its port",
		over(secure, step("service", "SDK_OVER_TLS", values{"enabled": on, "port": num(8443)}, values{"enabled": off})).needed(plan.Way{Who: "vendor", Scheme: "sdk", Port: 8443}), "over TLS",
		over(secure, step("service", "DEV_MANAGE", values{"enabled": on, "port": num(8000)}, values{"enabled": off}), step("service", "SDK_OVER_TLS", values{"enabled": off, "port": num(8443)}, values{"enabled": on})).needed(plan.Way{Who: "vendor", Scheme: "sdk", Port: 8443}),
	},
	{
		"ONVIF off, with a client of it",
		over(secure, step("integration", "", values{"onvif_enabled": on}, values{"onvif_enabled": off})).needed(onvif), "over ONVIF",
		over(secure, step("integration", "", values{"cgi_enabled": on}, values{"cgi_enabled": off})).needed(onvif),
	},
	{
		"HTTP off, with a client of ONVIF",
		over(secure, step("service", "HTTP", values{"enabled": on}, values{"enabled": off})).needed(onvif), "onvif reaches this device over HTTP",
		over(secure, step("service", "HTTP", values{"enabled": on}, values{"enabled": off})).needed(plan.Way{Who: "onvif", Scheme: "onvif", Port: 443}),
	},
	{
		"account of ONVIF deleted",
		over(secure, step("onvif_user", "onvif", values{"type": str("media")}, nil)).needed(onvif), "logs in with the account onvif",
		over(secure, step("user", "onvif", user("Viewer"), nil)).needed(onvif),
	},
	{
		"account of ONVIF lowered",
		over(secure, step("onvif_user", "onvif", values{"type": str("administrator")}, values{"type": str("media")})).needed(plan.Way{Who: "onvif", Scheme: "onvif", Account: "onvif", Level: "Operator"}), "would be media",
		over(secure, step("onvif_user", "onvif", values{"type": str("administrator")}, values{"type": str("operator")})).needed(plan.Way{Who: "onvif", Scheme: "onvif", Account: "onvif", Level: "Operator"}),
	},

	{
		"SHA-256 alone, with a consumer that knows MD5",
		over(secure, step("web_auth", "", values{"algorithm": str("MD5/SHA256")}, values{"algorithm": str("SHA256")})).needed(knowing("MD5", vms)), "MD5/SHA256",
		over(secure, step("web_auth", "", values{"algorithm": str("MD5")}, values{"algorithm": str("MD5/SHA256")})).needed(knowing("MD5", vms)),
	},
	{
		"MD5 alone, with a consumer that knows SHA-256",
		over(secure, step("web_auth", "", values{"algorithm": str("MD5/SHA256")}, values{"algorithm": str("MD5")})).needed(knowing("SHA-256", vms)), "vms supports digest",
		over(secure, step("web_auth", "", values{"algorithm": str("MD5/SHA256")}, values{"algorithm": str("SHA256")})).needed(knowing("SHA-256", vms)),
	},
	{
		"SHA-256 alone for video, with a viewer that knows MD5",
		over(secure, step("rtsp_auth", "", values{"algorithm": str("MD5")}, values{"algorithm": str("SHA256")})).needed(knowing("MD5", viewer)), "MD5",
		over(secure, step("rtsp_auth", "", values{"algorithm": str("MD5")}, values{"algorithm": str("SHA256")})).needed(knowing("MD5", vms)),
	},
	{
		"the vendor's protocol without old clients, with a recorder",
		over(secure, step("private_protocol", "", values{"mode": str("compatibilityMode")}, values{"mode": str("safeMode")})).needed(vendor), `private_protocol would require. Write mode = "compatibilityMode"`,
		over(secure, step("private_protocol", "", values{"mode": str("compatibilityMode")}, values{"mode": str("safeMode")})).needed(vms),
	},
	{
		"encrypted streams, with a viewer",
		over(secure, step("stream_encryption", "", values{"enabled": cty.False}, values{"enabled": cty.True})).needed(viewer), "stream_encryption would require. Write enabled = false",
		over(secure, step("stream_encryption", "", values{"enabled": cty.True}, values{"enabled": cty.False})).needed(viewer),
	},
	{
		"logins without old hashes, with a program",
		over(secure, step("enhanced_security", "", values{"enabled": cty.False}, values{"enabled": cty.True})).needed(vms), "vms can do what enhanced_security would require",
		over(secure, step("enhanced_security", "", values{"enabled": cty.False}, values{"enabled": cty.True})),
	},
	{
		"fewer logins than clients",
		over(secure, logins(32, 4)).needed(vms, vendor, vendor, vendor), "would accept 4 logins at once, and 5 are known to use it, so it may turn vms away. Write logins = 5 or more.",
		over(secure, logins(32, 5)).needed(vms, vendor, vendor, vendor),
	},
	{
		"fewer logins than clients and sessions",
		over(secure, logins(32, 4)).needed(vms).loggedIn(3), "would accept 4 logins at once, and 5 are known",
		over(secure, logins(3, 4)).needed(vms).loggedIn(3), // more than before turns nobody away
	},
	{
		"MD5 alone, where SHA-256 was seen",
		over(secure, step("web_auth", "", values{"algorithm": cty.NullVal(cty.String)}, values{"algorithm": str("MD5")})).seenWith("SHA-256"), "never again log in with MD5",
		over(secure, step("web_auth", "", values{"algorithm": cty.NullVal(cty.String)}, values{"algorithm": str("MD5")})).seenWith("MD5"),
	},
	{
		"MD5 alone, where SHA-256 is offered",
		over(secure, step("web_auth", "", values{"algorithm": str("MD5/SHA256")}, values{"algorithm": str("MD5")})), "MD5/SHA256",
		over(secure, step("web_auth", "", values{"algorithm": str("MD5")}, values{"algorithm": str("SHA256")})),
	},
	{
		"a lock after three failed logins",
		over(secure, step("login_lock", "", values{"enabled": on, "attempts": num(5)}, values{"attempts": num(3)})), "at least 4",
		over(secure, step("login_lock", "", values{"enabled": on, "attempts": num(5)}, values{"attempts": num(4)})),
	},
	{
		"a lock after three failed logins switched on",
		over(secure, step("login_lock", "", values{"enabled": off, "attempts": num(3)}, values{"enabled": on})), "at least 4",
		over(secure, step("login_lock", "", values{"enabled": on, "attempts": num(3), "minutes": num(5)}, values{"minutes": num(30)})),
	},

	{
		"own account lowered",
		over(secure, step("user", "admin", user("Administrator"), user("Operator"))), "another level",
		over(secure, step("user", "guest", user("Operator"), user("Viewer"))),
	},
	{
		"own account deleted",
		over(secure, step("user", "admin", user("Administrator"), nil)), "account that camform uses",
		over(secure, step("user", "guest", user("Viewer"), nil)),
	},
	{
		"own right to configure",
		over(secure, step("user_permission", "admin", values{"remote": set("configure", "ptz")}, values{"remote": set("preview")})), "configure",
		over(secure, step("user_permission", "admin", values{"remote": set("configure", "ptz")}, values{"remote": set("configure")})),
	},
	{
		"own password from elsewhere",
		device{plan.Device{Access: plan.Access{URL: secure, Username: "admin", Password: plan.SecretSource{Origin: "env:ADMIN"}}, Steps: []plan.Step{secret(step("user", "admin", user("Administrator"), user("Administrator")), plan.SecretSource{Origin: "env:OTHER"})}}},
		"same secret",
		device{plan.Device{Access: plan.Access{URL: secure, Username: "admin", Password: plan.SecretSource{Origin: "env:ADMIN"}}, Steps: []plan.Step{secret(step("user", "admin", user("Administrator"), user("Administrator")), plan.SecretSource{Origin: "env:ADMIN"})}}},
	},
	{
		"own password of the first login, where the vault has one",
		device{plan.Device{Access: plan.Access{URL: secure, Username: "admin", Managed: "gate/admin", Password: plan.SecretSource{Origin: "env:ADMIN"}}, Steps: []plan.Step{secret(step("user", "admin", user("Administrator"), user("Administrator")), plan.SecretSource{Origin: "env:ADMIN"})}}},
		"same secret",
		device{plan.Device{Access: plan.Access{URL: secure, Username: "admin", Managed: "gate/admin", Password: plan.SecretSource{Origin: "env:ADMIN"}}, Steps: []plan.Step{secret(step("user", "admin", user("Administrator"), user("Administrator")), plan.SecretSource{Origin: "vault:gate/admin"})}}},
	},
	{
		"own password from nowhere",
		over(secure, secret(step("user", "admin", user("Administrator"), user("Administrator")), plan.SecretSource{})), "same secret",
		over(secure, secret(step("user", "admin", user("Administrator"), user("Administrator")), plan.SecretSource{Origin: "vault:gate/admin", Generate: &plan.Generate{Own: true}})),
	},
	{
		"last administrator deleted",
		over(secure, step("user", "admin", user("Administrator"), nil), secret(step("user", "camform", user("Operator"), user("Operator")), generated)).as("camform"), "no other administrator",
		over(secure, step("user", "admin", user("Administrator"), nil), secret(step("user", "camform", user("Administrator"), user("Administrator")), generated)).as("camform"),
	},
	{
		"last administrator lowered",
		over(secure, step("user", "admin", user("Administrator"), user("Viewer")), secret(step("user", "camform", user("Operator"), user("Operator")), generated)).as("camform"), "no other administrator",
		over(secure, step("user", "admin", user("Administrator"), user("Viewer"))).as("camform"),
	},
	{
		"account of a consumer deleted",
		over(secure, step("user", "vms", user("Operator"), nil)).needed(vms), "logs in with the account vms",
		over(secure, step("user", "guest", user("Operator"), nil)).needed(vms),
	},
	{
		"account of a consumer below its level",
		over(secure, step("user", "vms", user("Operator"), user("Viewer"))).needed(operator), "needs the level Operator",
		over(secure, step("user", "vms", user("Administrator"), user("Operator"))).needed(operator),
	},
	{
		"account of a consumer made with a level that is too low",
		over(secure, created("user", "vms", user("Viewer"))).needed(operator), "needs the level Operator",
		over(secure, created("user", "vms", user("Operator"))).needed(operator),
	},
	{
		"right of a viewer to see",
		over(secure, step("user_permission", "viewer", values{"remote": set("preview", "ptz")}, values{"remote": set("ptz")})).needed(viewer), "preview",
		over(secure, step("user_permission", "viewer", values{"remote": set("preview", "ptz")}, values{"remote": set("preview")})).needed(viewer),
	},
	{
		"every right of a consumer",
		over(secure, step("user_permission", "vms", values{"remote": set("log")}, values{"remote": set()})).needed(vms), "preview",
		over(secure, step("user_permission", "vms", values{"remote": set("log", "preview")}, values{"remote": set("log")})).needed(vms),
	},
	{
		"new password that a recorder is not told",
		over(secure, secret(step("user", "nvr", user("Operator"), user("Operator")), generated)).needed(recorder), "does not give it",
		over(secure, secret(step("user", "nvr", user("Operator"), user("Operator")), generated)).needed(told(recorder)),
	},
	{
		"password that a recorder does not know",
		over(secure, secret(step("user", "nvr", user("Operator"), user("Operator")), plan.SecretSource{Origin: "env:OTHER"})).needed(recorder), "does not give it",
		over(secure, secret(step("user", "nvr", user("Operator"), user("Operator")), plan.SecretSource{Origin: "vault:gate/nvr"})).needed(recorder),
	},

	{
		"another address",
		over(secure, step("network", "1", values{"address": str("192.0.2.1/24")}, values{"address": str("192.0.2.2/24")})), "192.0.2.1",
		over(secure, step("network", "2", values{"address": str("203.0.113.1/24")}, values{"address": str("203.0.113.2/24")})),
	},
	{
		"another gateway",
		over(secure, step("network", "1", values{"address": str("192.0.2.1/24")}, values{"gateway": str("192.0.2.254")})), "gateway",
		over(secure, step("network", "1", values{"address": str("192.0.2.1/24")}, values{"dns": set("192.0.2.53")})),
	},
	{
		"DHCP",
		over(secure, step("network", "1", values{"mode": str("static")}, values{"mode": str("dhcp")})), "mode",
		over(secure, step("network", "1", values{"ipv6_mode": str("ra")}, values{"ipv6_mode": str("dhcp")})),
	},
	{
		"another address of IPv6, over IPv6",
		over("https://[2001:db8::1]:443", step("network", "1", values{"ipv6_address": str("2001:db8::1/64")}, values{"ipv6_address": str("2001:db8::2/64")})), "ipv6_address",
		over("https://[2001:db8::1]:443", step("network", "1", values{"address": str("192.0.2.1/24")}, values{"address": str("192.0.2.2/24")})),
	},
	{
		"IPv4 taken away",
		over(secure, step("network", "1", values{"ip_version": str("dual")}, values{"ip_version": str("v6")})), "ip_version",
		over(secure, step("network", "1", values{"ip_version": str("dual")}, values{"ip_version": str("v4")})),
	},
	{
		"IPv6 taken away",
		over("https://[2001:db8::1]:443", step("network", "1", values{"ip_version": str("dual")}, values{"ip_version": str("v4")})), "ip_version",
		over("https://[2001:db8::1]:443", step("network", "1", values{"ip_version": str("v6")}, values{"ip_version": str("dual")})),
	},
	{
		"an interface of a device that is reached by name",
		over("https://gate.example.com:443", step("network", "2", values{"address": str("203.0.113.1/24")}, values{"address": str("203.0.113.2/24")})), "address",
		over("https://gate.example.com:443", step("network", "2", values{"address": str("203.0.113.1/24")}, values{"dns": set("192.0.2.53")})),
	},
	{
		"a filter that was on, where the device sees us elsewhere",
		over(secure, step("ip_filter", "", filter(on, "allow", "203.0.113.1"), filter(on, "allow", "203.0.113.2"))), "198.51.100.7",
		over(secure, step("ip_filter", "", filter(on, "allow", "203.0.113.1"), filter(on, "allow", "203.0.113.1", "203.0.113.2"))),
	},
	{
		"a filter that was on, with a consumer from anywhere",
		over(secure, step("ip_filter", "", filter(on, "allow", "198.51.100.7", "203.0.113.1"), filter(on, "allow", "198.51.100.7"))).needed(viewer), "from which address viewer",
		over(secure, step("ip_filter", "", filter(on, "allow", "198.51.100.7"), filter(on, "allow", "198.51.100.7", "203.0.113.1"))).needed(viewer),
	},
	{
		"a list that could not be read",
		over(secure, step("ip_filter", "", filter(on, "allow", "198.51.100.1-198.51.100.9"), filter(on, "allow", "203.0.113.1"))), "198.51.100.7",
		over(secure, step("ip_filter", "", filter(on, "allow", "203.0.113.1"), filter(on, "allow", "203.0.113.1", "198.51.100.1-198.51.100.9"))),
	},
	{
		"a deny list that cannot be read, our address not known",
		over(secure, step("ip_filter", "", filter(on, "deny", "203.0.113.1"), filter(on, "deny", "198.51.100.1-198.51.100.9"))).from(""), "does not know from which address",
		over(secure, step("ip_filter", "", filter(on, "deny", "198.51.100.1-198.51.100.9"), filter(on, "deny"))).from(""),
	},
	{
		"addresses of one link",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "2001:db8::/64"))).from("fe80::7%eth0"), "fe80::7",
		over(secure, step("ip_filter", "", noFilter, filter(on, "allow", "fe80::/64"))).from("fe80::7%eth0"),
	},
	{
		"another address of one link",
		over("https://[fe80::1%25eth0]:443", step("network", "1", values{"ipv6_address": str("fe80::1/64")}, values{"ipv6_gateway": str("fe80::2")})), "ipv6_gateway",
		over("https://[fe80::1%25eth0]:443", step("network", "1", values{"ipv6_address": str("fe80::9/64")}, values{"ipv6_gateway": str("fe80::2")})),
	},
	{
		"deny list of hardware addresses turned into an allow list",
		over(secure, step("mac_filter", "", filter(on, "deny", "00:00:5e:00:53:01"), values{"mode": str("allow")})), "cannot prove",
		over(secure, step("mac_filter", "", filter(on, "deny", "00:00:5e:00:53:01"), values{"enabled": off})),
	},
	{
		"allow list of hardware addresses switched on",
		over(secure, step("mac_filter", "", filter(off, "allow", "00:00:5e:00:53:01"), values{"enabled": on})), "cannot prove",
		over(secure, step("mac_filter", "", filter(off, "allow", "00:00:5e:00:53:01"), filter(off, "allow"))),
	},
	{
		"the vendor's protocol off, with a client that says nothing of itself",
		over(secure, step("service", "DEV_MANAGE", values{"enabled": on}, values{"enabled": off})).needed(recorder), "device.recorder.channel.1 reaches",
		over(secure, step("service", "DEV_MANAGE", values{"enabled": on}, values{"enabled": off})).needed(operator),
	},
	{
		"redirect, with a client of ONVIF",
		over(secure, step("https", "", values{"redirect": off}, values{"redirect": on})).needed(onvif), "over HTTP",
		over(secure, step("https", "", values{"redirect": off}, values{"redirect": on})).needed(viewer),
	},
	{
		"a port that the device says nothing about",
		over(secure, step("https", "", values{"enabled": on}, values{"port": num(444)})), "port 443",
		over(secure, step("https", "", values{"enabled": on}, values{"port": num(443)})),
	},
	{
		"the port that camform comes by",
		over("https://192.0.2.1:9443", step("service", "HTTP", values{"port": num(80)}, values{"port": num(9443)})), "would take that port",
		over("https://192.0.2.1:9443", step("service", "HTTP", values{"port": num(80)}, values{"port": num(9080)})),
	},
	{
		"the port that translated HTTP comes by",
		over("http://192.0.2.1:443", step("https", "", values{"port": num(444)}, values{"port": num(443)})), "would take that port",
		over("http://192.0.2.1:443", step("https", "", values{"port": num(443), "min_tls": str("1.1")}, values{"min_tls": str("1.2")})),
	},
	{
		"lowest TLS version, over TLS",
		device{plan.Device{Access: plan.Access{URL: secure, Legacy: true}, Steps: []plan.Step{step("https", "", values{"min_tls": str("1.1")}, values{"min_tls": str("1.3")})}}},
		"legacy = true",
		device{plan.Device{Access: plan.Access{URL: plain, Legacy: true}, Steps: []plan.Step{step("https", "", values{"min_tls": str("1.1")}, values{"min_tls": str("1.3")})}}},
	},
	{
		"digest for a consumer that may come by anything",
		over(secure, step("web_auth", "", values{"algorithm": str("MD5")}, values{"algorithm": str("SHA256")})).needed(knowing("MD5", operator)), "vms supports digest",
		over(secure, step("web_auth", "", values{"algorithm": str("MD5")}, values{"algorithm": str("SHA256")})).needed(knowing("MD5", viewer)),
	},
	{
		"digest of video for a consumer that may come by anything",
		over(secure, step("rtsp_auth", "", values{"algorithm": str("MD5")}, values{"algorithm": str("SHA256")})).needed(knowing("MD5", operator)), "vms supports digest",
		over(secure, step("rtsp_auth", "", values{"algorithm": str("MD5")}, values{"algorithm": str("SHA256")})).needed(knowing("MD5", vendor)),
	},
	{
		"MD5, where SHA-256 was seen",
		over(secure, step("web_auth", "", values{"algorithm": str("SHA256")}, values{"algorithm": str("MD5")})).seenWith("SHA-256"), "never again log in",
		over(secure, step("web_auth", "", values{"algorithm": str("MD5"), "method": str("digest/basic")}, values{"method": str("digest")})).seenWith("SHA-256"),
	},
	{
		"ONVIF off, with others",
		over(secure, step("integration", "", values{"onvif_enabled": on}, values{"onvif_enabled": off})).needed(vms, onvif), "over ONVIF",
		over(secure, step("integration", "", values{"onvif_enabled": on}, values{"onvif_enabled": off})).needed(vms, viewer, recorder),
	},
	{
		"a lock that is off",
		over(secure, step("login_lock", "", values{"attempts": num(5)}, values{"attempts": num(3)})), "at least 4",
		over(secure, step("login_lock", "", values{"enabled": on, "attempts": num(5)}, values{"enabled": off, "attempts": num(3)})),
	},
	{
		"a lock that does not say how many attempts it bears",
		over(secure, step("login_lock", "", values{"enabled": off}, values{"enabled": on, "attempts": num(3)})), "at least 4",
		over(secure, step("login_lock", "", values{"enabled": off}, values{"enabled": on})),
	},
	{
		"level of an account that is not known",
		over(secure, step("user", "vms", values{"level": str("Viewer")}, values{"name": str("x")})).needed(operator), "would be Viewer",
		over(secure, step("user", "vms", values{"level": cty.NullVal(cty.String)}, values{"name": str("x")})).needed(operator),
	},
	{
		"new account for a recorder",
		over(secure, secret(step("user", "nvr", user("Viewer"), user("Operator")), generated)).needed(recorder), "does not give it",
		over(secure, secret(created("user", "nvr", user("Operator")), generated)).needed(recorder),
	},
	{
		"the port of HTTPS as delivered",
		over("https://192.0.2.1:9443", step("service", "HTTP", values{"port": num(80)}, values{"port": num(443)})), "would take that port",
		over("https://192.0.2.1:9443", step("service", "HTTP", values{"port": num(443)}, values{"port": num(80)})),
	},
	{
		"right of a client of the vendor's protocol to see",
		over(secure, step("user_permission", "nvr", values{"remote": set("preview", "log")}, values{"remote": set("log")})).needed(recorder), "preview",
		over(secure, step("user_permission", "nvr", values{"local": set("log", "ptz")}, values{"local": set("log")})).needed(recorder),
	},
	{
		"right of an account of the same name as one of ONVIF",
		over(secure, step("user_permission", "onvif", values{"remote": set("preview")}, values{"remote": set()})).needed(plan.Way{Who: "vms", Account: "onvif"}), "preview",
		over(secure, step("user_permission", "onvif", values{"remote": set("preview")}, values{"remote": set()})).needed(onvif),
	},
	{
		"own rights over the network",
		over(secure, step("user_permission", "admin", values{"remote": set("configure")}, values{"remote": set()})), "configure",
		over(secure, step("user_permission", "admin", values{"remote": set("preview"), "local": set("ptz", "log")}, values{"local": set("log")})),
	},
	{
		"another wireless network",
		over(secure, step("wireless", "2", values{"ssid": str("a")}, values{"ssid": str("b")})), "ssid",
		over(secure, step("wireless", "2", values{"wmm": on}, values{"wmm": off})),
	},
	{
		"wireless off",
		over(secure, step("wireless", "2", values{"enabled": on}, values{"enabled": off})), "switch it off",
		over(secure, step("wireless", "2", values{"enabled": off}, values{"enabled": on})),
	},
}

func TestI9AStepThatClosesAWayInIsRefused(t *testing.T) {
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			problems := Prove(p.shut.Device, kinds)
			if !slices.ContainsFunc(problems, func(found diag.Problem) bool {
				return found.Severity == diag.Error && found.Code == Code && strings.Contains(found.Detail, p.says) &&
					found.Subject != nil && found.Subject.Start.Line == 7 && concerns(p.shut.Steps, found)
			}) {
				t.Errorf("no refusal speaks of %q at the place of a step: %v", p.says, problems)
			}
			if problems := Prove(p.open.Device, kinds); problems.HasErrors() {
				t.Errorf("the twin is harmless, but refused: %v", problems)
			}
		})
	}
}

// Sessions that do not fit into a lower limit, with all who use the device, may be cut off.
func TestI13ALowerLimitOfLoginsCutsSessions(t *testing.T) {
	for sessions, want := range map[int]int{2: 0, 3: 1} {
		d := over(secure, logins(32, 4)).needed(vms).loggedIn(sessions).Device
		if cuts := CutsLogin(d, "operator", "198.51.100.9", kinds); len(cuts) != want {
			t.Errorf("%d sessions: %v", sessions, cuts)
		}
	}
}

// A step that takes a way in from somebody else is one of those for which it is found out who that may be.
func TestI13WhateverTakesAWayInFromOthersMayCut(t *testing.T) {
	taken := 0
	for _, p := range pairs {
		c, err := newProof(p.shut.Device, kinds)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range c.ways[1:] {
			for _, closed := range w.closedIn(c.end) {
				if closed.step.Action == plan.Create || !w.openIn(c.begin) {
					continue // nobody comes by what is not there yet, or is closed
				}
				taken++
				if !MayCut(closed.step, kinds) {
					t.Errorf("%s: %s takes a way in, and would cut nobody: %s", p.name, closed.step.Address, closed.why)
				}
			}
		}
	}
	if taken < 20 {
		t.Errorf("only %d steps take a way in from others", taken)
	}
}

// A channel that logs in as an unknown account may log in as anybody.
// demands finds sentences that say what to do.
var demands = regexp.MustCompile(`[.:] (Add|Apply|Change|Declare|Give|If|Leave|Let|Move|Put|Say|See|Take|Tell|Write) `)

// A way in that a person lets close refuses nothing. It is reported without advice, since nothing is to be done.
func TestAWayInThatMayCloseIsToldWithoutAdvice(t *testing.T) {
	advised, accepted := 0, 0
	for _, p := range pairs {
		shut := p.shut.Device
		shut.Ways = slices.Clone(shut.Ways)
		for i := range shut.Ways {
			shut.Ways[i].Accepted = "it goes tomorrow"
		}
		ofOthers := func(found diag.Problem) bool { return strings.HasSuffix(found.Summary, "others need") }
		for _, refusal := range Prove(p.shut.Device, kinds) {
			if !ofOthers(refusal) {
				continue
			}
			if demands.MatchString(refusal.Detail) {
				advised++
			}
			if !slices.ContainsFunc(Cuts(shut, kinds), func(c plan.Cut) bool { return c.What == refusal.Address.Local() || c.What == "" }) {
				t.Errorf("%s: the cuts %+v have nothing of %q", p.name, Cuts(shut, kinds), refusal.Detail)
			}
		}
		for _, told := range Prove(shut, kinds) {
			if ofOthers(told) || told.Severity == diag.Warning && demands.MatchString(told.Detail) {
				t.Errorf("%s: %s", p.name, told.Detail)
			}
		}
		for _, c := range Cuts(shut, kinds) {
			if accepted++; demands.MatchString(c.Why) || c.Reason != "it goes tomorrow" {
				t.Errorf("%s: %+v", p.name, c)
			}
		}
	}
	if advised < 10 || accepted < 10 {
		t.Errorf("only %d refusals have advice, and %d were accepted", advised, accepted)
	}
}

func TestI13AnAccountThatIsNotKnownMayBeAny(t *testing.T) {
	channel := plan.Way{Who: "device.recorder.channel.4", Scheme: schema.SchemeSDK, Port: 8000, Evidence: "serial number"}
	rotation := secret(step("user", "nvr", user("Operator"), user("Operator")), generated)
	if problems := Prove(over(secure, rotation).needed(channel).Device, kinds); !problems.HasErrors() {
		t.Errorf("problems %v", problems)
	}
	channel.Account = "NVR"
	if problems := Prove(over(secure, rotation).needed(channel).Device, kinds); !problems.HasErrors() {
		t.Errorf("in other letters: problems %v", problems)
	}
	channel.Account = "guest"
	if problems := Prove(over(secure, rotation).needed(channel).Device, kinds); problems.HasErrors() {
		t.Errorf("another account: problems %v", problems)
	}
}

func concerns(steps []plan.Step, p diag.Problem) bool {
	return slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Address == p.Address })
}

func TestARefusalSaysWhoseWayInItIs(t *testing.T) {
	off := step("service", "RTSP", values{"enabled": on}, values{"enabled": off})
	problems := Prove(over(secure, off).needed(viewer).Device, kinds)
	if len(problems) != 1 || problems[0].Summary != "Change would close a way in that others need" {
		t.Errorf("problems %v", problems)
	}
	problems = Prove(over(secure, step("https", "", nil, values{"enabled": cty.False})).Device, kinds)
	if len(problems) != 1 || problems[0].Summary != "Change would close the way in" {
		t.Errorf("problems %v", problems)
	}
}

func TestEveryStepThatClosesAWayInIsTold(t *testing.T) {
	problems := Prove(over(secure,
		step("ip_filter", "", noFilter, filter(on, "allow", "203.0.113.9")),
		step("user", "admin", user("Administrator"), user("Viewer")),
		step("upnp", "", values{"enabled": on}, values{"enabled": off}),
		step("service", "RTSP", values{"enabled": on}, values{"enabled": off}),
	).needed(viewer, vms).Device, kinds)
	var told []string
	for _, p := range problems {
		told = append(told, p.Address.Local())
	}
	// viewer comes from an address that is not known.
	if want := []string{"ip_filter", "user.admin", "ip_filter", "service.RTSP"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestSomebodyWhoMustBeToldIsNamed(t *testing.T) {
	rotation := secret(step("user", "vms", user("Operator"), user("Operator")), generated)
	problems := Prove(over(secure, rotation).needed(vms).Device, kinds)
	if len(problems) != 1 || problems[0].Severity != diag.Warning || problems[0].Code != UntoldCode ||
		!strings.Contains(problems[0].Detail, "vms logs in with the account vms") || problems[0].Address != rotation.Address {
		t.Errorf("problems %v", problems)
	}
	if problems := Prove(over(secure, secret(step("user", "nvr", user("Operator"), user("Operator")), generated)).needed(recorder).Device, kinds); len(problems) != 1 {
		t.Errorf("it is an error for a recorder, and no warning besides: %v", problems)
	}
	for name, d := range map[string]device{
		"told by the plan":   over(secure, rotation).needed(told(vms)),
		"another account":    over(secure, secret(step("user", "guest", user("Viewer"), user("Viewer")), generated)).needed(vms),
		"no new password":    over(secure, step("user", "vms", user("Operator"), user("Administrator"))).needed(vms),
		"an account that is": over(secure, secret(created("user", "vms", user("Operator")), generated)).needed(vms),
	} {
		if problems := Prove(d.Device, kinds); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestOnlyReachabilityIsTried(t *testing.T) {
	for name, c := range map[string]struct {
		step plan.Step
		want bool
	}{
		"filter on":                {step("ip_filter", "", noFilter, filter(on, "allow", "198.51.100.7")), true},
		"list of a filter that is": {step("ip_filter", "", filter(on, "allow", "198.51.100.7"), filter(on, "allow", "198.51.100.0/24")), true},
		"filter off":               {step("ip_filter", "", filter(on, "allow"), values{"enabled": off}), false},
		"list of a filter not on":  {step("ip_filter", "", noFilter, filter(off, "allow", "198.51.100.7")), false},
		"HTTPS port":               {step("https", "", values{"port": num(443)}, values{"port": num(444)}), true},
		"redirect":                 {step("https", "", values{"redirect": off}, values{"redirect": on}), true},
		"service off":              {step("service", "HTTP", values{"enabled": on}, values{"enabled": off}), true},
		"digest":                   {step("web_auth", "", values{"algorithm": str("MD5")}, values{"algorithm": str("MD5/SHA256")}), true},
		"gateway":                  {step("network", "1", values{"gateway": str("192.0.2.1")}, values{"gateway": str("192.0.2.2")}), true},
		"name servers":             {step("network", "1", values{"dns": set()}, values{"dns": set("192.0.2.1")}), false},
		"account":                  {step("user", "guest", user("Viewer"), user("Operator")), false},
		"another kind":             {step("upnp", "", values{"enabled": on}, values{"enabled": off}), false},
	} {
		harmless := step("upnp", "", values{"enabled": on}, values{"enabled": off})
		if got := Trials(plan.Group{Steps: []plan.Step{harmless, c.step}}, kinds); got != c.want {
			t.Errorf("%s: tried %t, want %t", name, got, c.want)
		}
	}
}

func TestForgottenSettingsNeverCloseTheWayIn(t *testing.T) {
	s := step("user", "admin", values{"level": cty.StringVal("Administrator")}, nil)
	s.Action = plan.Forget
	d := plan.Device{Access: plan.Access{URL: "https://192.0.2.1:443", Username: "admin"}, Steps: []plan.Step{s}}
	if problems := Prove(d, kinds); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestAnAddressThatCannotBeReadIsRefused(t *testing.T) {
	d := plan.Device{Access: plan.Access{URL: "https://192.0.2.1"}, Steps: []plan.Step{step("upnp", "", nil, values{"enabled": cty.True})}}
	if problems := Prove(d, kinds); len(problems) != 1 {
		t.Error("a device whose way in is not known must have no steps")
	}
}
