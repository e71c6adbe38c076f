package hikvision_test

import (
	"strings"
	"testing"

	"camform/providers"
	"camform/schema"
)

const (
	hostLimits = "<HttpHostNotificationCap><hostNumber>3</hostNumber></HttpHostNotificationCap>"
	oneHost    = `<HttpHostNotification><id>1</id><url>/x</url><protocolType>HTTPS</protocolType><parameterFormatType>XML</parameterFormatType><addressingFormatType>hostname</addressingFormatType><hostName>a.example.com</hostName><portNo>443</portNo><userName>u</userName><httpAuthenticationMethod>none</httpAuthenticationMethod><httpBroken>true</httpBroken></HttpHostNotification>`
)

// lacking is a device that lacks an entry of a list.
func lacking(t *testing.T, name, key, list, limits string) (*schema.Kind, providers.Documents, providers.Provider) {
	t.Helper()
	provider, kind, docs := opened(t, name, key, list)
	docs[kind.Document.Capabilities[0]] = providers.Document{Path: kind.Document.Capabilities[0], Body: []byte(limits)}
	return kind, docs, provider
}

// TestAnEntryIsMadeAgainInTheShapeOfItsSiblings: it has what the setting file gives it and the device knows, with what is
// wanted, and nothing of what its siblings are set to.
func TestAnEntryIsMadeAgainInTheShapeOfItsSiblings(t *testing.T) {
	const none = "<httpAuthenticationMethod>none</httpAuthenticationMethod></HttpHostNotification>"
	const begin = `<protocolType>HTTP</protocolType><parameterFormatType>XML</parameterFormatType><addressingFormatType>`
	for name, tc := range map[string]struct {
		kind, key, list, limits string
		change                  map[string]any
		body                    string
	}{
		"by a name that its sibling has": {
			"alarm_host", "2", `<?xml version="1.0"?><HttpHostNotificationList version="2.0" xmlns="urn:a">` + oneHost + "</HttpHostNotificationList>", hostLimits,
			map[string]any{"url": "/y", "server": "b.example.com"},
			`<?xml version="1.0"?><HttpHostNotification version="2.0" xmlns="urn:a"><id>2</id><url>/y</url>` + begin + "hostname</addressingFormatType><hostName>b.example.com</hostName><portNo>80</portNo><userName></userName>" + none,
		},
		"by an address": {
			"alarm_host", "2", "<HttpHostNotificationList>" + oneHost + "</HttpHostNotificationList>", hostLimits,
			map[string]any{"server": "192.0.2.9", "port": 8080},
			`<HttpHostNotification><id>2</id><url>/</url>` + begin + "ipaddress</addressingFormatType><ipAddress>192.0.2.9</ipAddress><portNo>8080</portNo><userName></userName>" + none,
		},
		"with an account": {
			"alarm_host", "2", "<HttpHostNotificationList>" + oneHost + "</HttpHostNotificationList>", hostLimits,
			map[string]any{"username": "gate", "password": "Sample-2468", "authentication": "digest"},
			`<HttpHostNotification><id>2</id><url>/</url>` + begin + "ipaddress</addressingFormatType><ipAddress>0.0.0.0</ipAddress><portNo>80</portNo><userName>gate</userName><password>Sample-2468</password><httpAuthenticationMethod>MD5digest</httpAuthenticationMethod></HttpHostNotification>",
		},
		"where nobody has accounts": {
			"alarm_host", "2", "<HttpHostNotificationList>" + strings.Replace(oneHost, "<userName>u</userName>", "", 1) + "</HttpHostNotificationList>", hostLimits,
			map[string]any{"server": "192.0.2.9"},
			`<HttpHostNotification><id>2</id><url>/</url>` + begin + "ipaddress</addressingFormatType><ipAddress>192.0.2.9</ipAddress><portNo>80</portNo>" + none,
		},
		"as the only one": {
			"alarm_host", "1", "<HttpHostNotificationList/>", hostLimits,
			map[string]any{"server": "192.0.2.9"},
			`<HttpHostNotification><id>1</id><url>/</url>` + begin + "ipaddress</addressingFormatType><ipAddress>192.0.2.9</ipAddress><portNo>80</portNo>" + none,
		},
		"as the only one, with an account": {
			"alarm_host", "1", "<HttpHostNotificationList/>", hostLimits,
			map[string]any{"username": "gate"},
			`<HttpHostNotification><id>1</id><url>/</url>` + begin + "ipaddress</addressingFormatType><ipAddress>0.0.0.0</ipAddress><portNo>80</portNo><userName>gate</userName>" + none,
		},
		"a time server": {
			"ntp", "", `<NTPServerList xmlns="urn:a"></NTPServerList>`, `<NTPServerList><NTPServer><id max="1">1</id><enabled>true</enabled></NTPServer></NTPServerList>`,
			map[string]any{"server": "192.0.2.5", "enabled": true},
			`<NTPServer xmlns="urn:a"><id>1</id><enabled>true</enabled><addressingFormatType>ipaddress</addressingFormatType><ipAddress>192.0.2.5</ipAddress><portNo>123</portNo><synchronizeInterval>1440</synchronizeInterval></NTPServer>`,
		},
	} {
		kind, docs, provider := lacking(t, tc.kind, tc.key, tc.list, tc.limits)
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
			{Kind: kind, Key: tc.key, Before: kind.Null(), After: object(kind, tc.change)},
		}})
		if err != nil || len(requests) != 1 || requests[0].Method != "POST" || requests[0].Path != kind.Document.Path || len(requests[0].Keys) != 1 {
			t.Errorf("%s: %v, %v", name, err, requests)
			continue
		}
		if have := string(requests[0].Body); have != tc.body {
			t.Errorf("%s: have\n%s\nwant\n%s", name, have, tc.body)
		}
		if _, err := provider.Restore(docs, requests[0]); err == nil {
			t.Errorf("%s: it is taken back", name)
		}
	}
}

// TestAnEntryIsMadeAgainAfterTheOthersAreWritten: a list that is sent in place of another entry lacks it.
func TestAnEntryIsMadeAgainAfterTheOthersAreWritten(t *testing.T) {
	kind, docs, provider := lacking(t, "alarm_host", "2", "<HttpHostNotificationList>"+strings.Replace(oneHost, ">u<", "><", 1)+"</HttpHostNotificationList>", hostLimits)
	var changes []providers.Change
	for _, key := range []string{"10", "2", "1"} {
		changes = append(changes, providers.Change{Kind: kind, Key: key, Before: kind.Null(), After: object(kind, map[string]any{"port": 85})})
	}
	requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: changes})
	var order []string
	for _, r := range requests {
		order = append(order, r.Method+" "+r.Keys[0].Key)
	}
	if have := strings.Join(order, ", "); err != nil || have != "PUT 1, POST 2, POST 10" || requests[0].Instead == nil || len(requests[0].Instead.Keys) != 1 {
		t.Errorf("%v %s: %+v", err, have, requests)
	}
}

// TestNoEntryIsMadeAgainWithoutItsSecret, whatever was planned: neither a check nor a request passes.
func TestNoEntryIsMadeAgainWithoutItsSecret(t *testing.T) {
	kind, docs, provider := lacking(t, "alarm_host", "2", "<HttpHostNotificationList>"+oneHost+"</HttpHostNotificationList>", hostLimits)
	want := object(kind, map[string]any{"username": "gate", "authentication": "digest"})
	wrong := provider.Check(kind, docs, "2", want)
	if len(wrong) != 2 || !wrong[0].Unproven || wrong[1].Attribute != "password" || wrong[1].Unproven {
		t.Errorf("%+v", wrong)
	}
	if requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Key: "2", Before: kind.Null(), After: want}}}); err == nil {
		t.Errorf("it is composed: %+v", requests)
	}
}

// TestWhatADeviceTellsOfItsRoomDecides whether an entry can be made again, and the message.
func TestWhatADeviceTellsOfItsRoomDecides(t *testing.T) {
	three := "<HttpHostNotificationList>" + oneHost + strings.Replace(oneHost, ">1<", ">3<", 1) + strings.Replace(oneHost, ">1<", ">5<", 1) + "</HttpHostNotificationList>"
	for name, tc := range map[string]struct {
		key, list, limits string
		lacks, unproven   bool
		detail            string
	}{
		"room":         {"2", "<HttpHostNotificationList>" + oneHost + "</HttpHostNotificationList>", hostLimits, false, true, "has no 2 entry, but 1, and has room for 3. "},
		"full":         {"2", three, hostLimits, true, false, "has no 2 entry, but 1, 3 and 5. It has room for 3."},
		"beyond":       {"4", "<HttpHostNotificationList/>", hostLimits, true, false, "It has room for 3."},
		"nothing told": {"2", "<HttpHostNotificationList/>", "<HttpHostNotificationCap/>", true, true, "does not say how many it has room for"},
	} {
		kind, docs, provider := lacking(t, "alarm_host", tc.key, tc.list, tc.limits)
		wrong := provider.Check(kind, docs, tc.key, object(kind, map[string]any{"port": 85}))
		if len(wrong) != 1 || wrong[0].Attribute != "" || wrong[0].Lacks != tc.lacks || wrong[0].Unproven != tc.unproven || !strings.Contains(wrong[0].Detail, tc.detail) {
			t.Errorf("%s: %+v", name, wrong)
		}
	}
}
