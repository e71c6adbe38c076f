package hikvision_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
)

// interfaceOf is a document of a device with an interface in static mode, whose elements Check needs.
const interfaceOf = `<NetworkInterfaceList><NetworkInterface><id>1</id><IPAddress><ipVersion>dual</ipVersion><addressingType>static</addressingType>
<ipAddress>192.0.2.10</ipAddress><subnetMask>255.255.255.0</subnetMask><ipv6Address>2001:db8::10</ipv6Address><bitMask>64</bitMask>
<DefaultGateway><ipAddress>192.0.2.1</ipAddress><ipv6Address>2001:db8::1</ipv6Address></DefaultGateway>
<PrimaryDNS><ipAddress>192.0.2.53</ipAddress></PrimaryDNS><SecondaryDNS><ipAddress>192.0.2.54</ipAddress></SecondaryDNS>
<Ipv6Mode><ipV6AddressingType>manual</ipV6AddressingType></Ipv6Mode></IPAddress></NetworkInterface></NetworkInterfaceList>`

// impossible are values that no device takes, with words of what is said of them; those with none are possible.
var impossible = []struct {
	kind, key string
	values    map[string]any
	attribute string
	says      string
}{
	{"ntp", "", map[string]any{"server": "ntp example.com"}, "server", "neither a host name nor an address"},
	{"ntp", "", map[string]any{"server": "300.1.1.1"}, "server", "neither a host name nor an address"},
	{"ntp", "", map[string]any{"server": "ntp_1"}, "server", "neither a host name nor an address"},
	{"ntp", "", map[string]any{"server": "ntp-"}, "server", "neither a host name nor an address"},
	{"ntp", "", map[string]any{"server": "a..example.com"}, "server", "neither a host name nor an address"},
	{"ntp", "", map[string]any{"server": strings.Repeat("a", 64) + ".example.com"}, "server", "neither a host name nor an address"},
	{"ntp", "", map[string]any{"server": "192.0.2.1:123"}, "server", "has a port"},
	{"ntp", "", map[string]any{"server": "http://ntp.example.com/"}, "server", "is a URL"},
	{"ntp", "", map[string]any{"server": "fe80::1%eth0"}, "server", "has a zone"},
	{"ntp", "", map[string]any{"server": "0.0.0.0"}, "server", "does not stand for an address"},
	{"ntp", "", map[string]any{"server": "gate_1.example.com"}, "", ""},
	{"ntp", "", map[string]any{"server": "10-gate.example.com."}, "", ""},
	{"ntp", "", map[string]any{"server": "10-gate"}, "", ""},
	{"ntp", "", map[string]any{"server": "2001:db8::1"}, "", ""},
	{"ntp", "", map[string]any{"interval": 4.5}, "interval", "4.5 is not a whole number"},
	{"login_limit", "", map[string]any{"logins": 4.5}, "logins", "4.5 is not a whole number"},
	{"certificate", "", map[string]any{"days": 4.5}, "days", "4.5 is not a whole number"},
	{"login_lock", "", map[string]any{"minutes": 2.5}, "", ""}, // some devices count seconds
	{"ftp", "", map[string]any{"server": "0.0.0.0"}, "", ""},   // empties a slot
	{"ip_filter", "", map[string]any{"addresses": []string{"192.0.2.9/24"}}, "addresses", "the network is 192.0.2.0/24"},
	{"ip_filter", "", map[string]any{"addresses": []string{"192.0.2.9-192.0.2.4"}}, "addresses", "is a range"},
	{"ip_filter", "", map[string]any{"addresses": []string{"10.0.0.0/8"}}, "addresses", "more than 64 addresses"},
	{"ip_filter", "", map[string]any{"addresses": []string{"192.0.2.0/28", "192.0.2.4"}}, "", ""},
	{"mac_filter", "", map[string]any{"addresses": []string{"00:11:22:33:44"}}, "addresses", "00:11:22:33:44"},
	{"mail", "", map[string]any{"sender": "gate at example.com"}, "sender", "is not a mail address"},
	{"mail", "", map[string]any{"sender": ""}, "", ""},
	{"mail", "", map[string]any{"receivers": []string{"ops"}}, "receivers", "is not a mail address"},
	{"mail", "", map[string]any{"receivers": []string{"ops@example.com", "Ops <ops@example.com>"}}, "receivers", "is listed twice"},
	{"security_email", "", map[string]any{"addresses": []string{"o***@example.com"}}, "addresses", "without asterisks"},
	{"time", "", map[string]any{"zone": "Europe/Berlin"}, "zone", `name of a time zone, but devices accept only its rules. Write "CST-1DST,M3.5.0/02:00:00,M10.5.0/03:00:00"`},
	{"time", "", map[string]any{"zone": "berlin"}, "zone", `If you mean Europe/Berlin`},
	{"time", "", map[string]any{"zone": "Europe/Berln"}, "zone", `If you mean Europe/Berlin, write "CST-1DST,M3.5.0/02:00:00,M10.5.0/03:00:00"`},
	{"time", "", map[string]any{"zone": "Mars"}, "zone", "cannot be used"},
	{"time", "", map[string]any{"zone": "CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00"}, "", ""},
	{"holiday", "1", map[string]any{"period": "2026-12-24/2026-12-20"}, "period", "The last day is before the first"},
	{"record_schedule", "101", map[string]any{"schedule": []string{"Monday morning"}}, "schedule", "not a time of the week"},
	{"network", "1", map[string]any{"address": "192.0.2.0/24"}, "address", "is the network itself"},
	{"network", "1", map[string]any{"address": "192.0.2.255/24"}, "address", "is the broadcast address"},
	{"network", "1", map[string]any{"address": "192.0.2.7"}, "address", "with the length of its network"},
	{"network", "1", map[string]any{"address": "2001:db8::7/64"}, "address", "is not an IPv4 address"},
	{"network", "1", map[string]any{"ipv6_address": "fe80::7%eth0/64"}, "ipv6_address", "is not an IPv6 address"},
	{"network", "1", map[string]any{"gateway": "2001:db8::1"}, "gateway", "is not an IPv4 address"},
	{"network", "1", map[string]any{"gateway": "224.0.0.1"}, "gateway", "not the address of another host"},
	{"network", "1", map[string]any{"gateway": ""}, "", ""},
	{"network", "1", map[string]any{"dns": []string{"192.0.2.53", "192.0.2.53"}}, "dns", "twice"},
	{"network", "1", map[string]any{"dns": []string{"192.0.2.53", ""}}, "dns", "An address is empty"},
	{"network", "1", map[string]any{"dns": []string{"192.0.2.53", "192.0.2.54", "192.0.2.55"}}, "dns", "devices have 2 slots"},
	{"network", "1", map[string]any{"address": "192.0.2.7/24", "gateway": "198.51.100.1"}, "gateway", "outside the network 192.0.2.0/24"},
	{"network", "1", map[string]any{"address": "192.0.2.7/24", "gateway": "192.0.2.7"}, "gateway", "address of the interface itself"},
	{"network", "1", map[string]any{"address": "192.0.2.7/24", "gateway": "192.0.2.0"}, "gateway", "is the network 192.0.2.0/24 itself"},
	{"network", "1", map[string]any{"address": "192.0.2.7/24", "gateway": "192.0.2.255"}, "gateway", "broadcast address"},
	{"network", "1", map[string]any{"address": "192.0.2.7/24", "gateway": "192.0.2.2"}, "", ""},
	{"network", "1", map[string]any{"ipv6_address": "2001:db8::7/64", "ipv6_gateway": "2001:db8:1::1"}, "ipv6_gateway", "outside the network"},
	{"network", "1", map[string]any{"ipv6_address": "2001:db8::7/64", "ipv6_gateway": "fe80::1"}, "", ""},
}

func TestWhatNoDeviceTakesIsFoundWithoutOne(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	for _, c := range impossible {
		kind := provider.Kinds().Lookup(c.kind)
		want := object(kind, maps.Clone(c.values))
		wrong := provider.CheckAlone(kind, want)
		if c.says == "" && len(wrong) > 0 || c.says != "" && (len(wrong) != 1 || wrong[0].Attribute != c.attribute || !strings.Contains(wrong[0].Detail, c.says)) {
			t.Errorf("%s %v: %+v", c.kind, c.values, wrong)
		}
		unknown := want.AsValueMap()
		for name := range c.values {
			unknown[name] = cty.UnknownVal(kind.Attribute(name).Type)
		}
		if wrong := provider.CheckAlone(kind, cty.ObjectVal(unknown)); len(wrong) > 0 {
			t.Errorf("%s: of what is not known it says %+v", c.kind, wrong)
		}
	}
}

// A plan refuses what validate refuses, in the same words.
func TestAPlanRefusesWhatNoDeviceTakes(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("network")
	docs := providers.Documents{kind.Document.Path: {Path: kind.Document.Path, Body: []byte(interfaceOf)}}
	for _, c := range impossible {
		if c.kind != kind.Name {
			continue
		}
		want := object(kind, maps.Clone(c.values))
		alone, planned := details(provider.CheckAlone(kind, want)), details(provider.Check(kind, docs, "1", want))
		if alone != planned {
			t.Errorf("%v: validate says %q, a plan %q", c.values, alone, planned)
		}
	}
}

// Of an address and its gateway one may stay as it is on the device.
func TestAGatewayIsInTheNetworkThatTheDeviceWillHave(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup("network")
	docs := providers.Documents{kind.Document.Path: {Path: kind.Document.Path, Body: []byte(interfaceOf)}}
	for _, c := range []struct {
		attribute, value, says string
	}{
		{"gateway", "198.51.100.1", "The gateway 198.51.100.1 is outside the network 192.0.2.0/24"},
		{"gateway", "192.0.2.10", "The gateway 192.0.2.10 is the address of the interface itself"},
		{"gateway", "192.0.2.2", ""},
		{"address", "198.51.100.7/24", "The gateway 192.0.2.1 is outside the network 198.51.100.0/24"},
		{"address", "192.0.2.11/24", ""},
	} {
		wrong := provider.Check(kind, docs, "1", object(kind, map[string]any{c.attribute: c.value}))
		if c.says == "" && len(wrong) > 0 || c.says != "" && (len(wrong) != 1 || wrong[0].Attribute != c.attribute || !strings.Contains(wrong[0].Detail, c.says)) {
			t.Errorf("%s = %s: %+v", c.attribute, c.value, wrong)
		}
	}
}

func TestLabelsThatNoDeviceHasCannotBeDeclared(t *testing.T) {
	kinds := hikvision.New(isapi.Options{}).Kinds()
	for _, c := range []struct {
		kind, key string
		possible  bool
	}{
		{"channel", "zero", false},
		{"channel", "0", false},
		{"channel", "12", true},
		{"network", "0", false},
		{"network", "eth0", false},
		{"network", "2", true},
		{"holiday", "0", false},
		{"holiday", "first", false},
		{"holiday", "32", true},
		{"user", strings.Repeat("a", 64), false},
		{"user", strings.Repeat("a", 63), true},
		{"user", "two\nlines", false},
		{"user", "Wächter Nord", true},
		{"user", strings.Repeat(`\xb6`, 32), true}, // bytes that are no characters
		{"user_permission", strings.Repeat("a", 64), false},
		{"onvif_user", strings.Repeat("a", 64), false},
	} {
		if kinds.Lookup(c.kind).HasKey(c.key) != c.possible {
			t.Errorf("%s %q", c.kind, c.key)
		}
	}
}

// What a device was recorded to have, devices have: no message may say that no device takes it.
func TestWhatDevicesHaveIsPossible(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	looked := 0
	for device, documents := range openArchive(t, recordings(t)) {
		docs := providers.Documents{}
		for path, body := range documents {
			docs[path] = providers.Document{Path: path, Body: body}
		}
		for _, kind := range provider.Kinds().All() {
			items, _ := provider.Decode(kind, kind.Keys, docs) // what cannot be read has no values
			for _, key := range slices.Sorted(maps.Keys(items)) {
				looked++
				if !kind.HasKey(key) {
					t.Errorf("%s: %s[%s] cannot be declared", device, kind.Name, key)
				}
				for _, wrong := range provider.CheckAlone(kind, items[key]) {
					t.Errorf("%s: %s[%s].%s: %s", device, kind.Name, key, wrong.Attribute, wrong.Detail)
				}
			}
		}
	}
	if looked < 500 {
		t.Errorf("only %d settings were looked at", looked)
	}
}
