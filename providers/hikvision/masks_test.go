package hikvision_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// masked are settings whose document a device shows with asterisks or bullets in place of secrets, and a change of something
// else. The first attribute in secrets is that which the device masks first.
var masked = map[string]struct {
	kind, key, body string
	change          map[string]any
	secrets         []string
}{
	"DDNS that goes off": {
		"ddns", "", `<DDNSList><DDNS><id>1</id><enabled>true</enabled><userName>u</userName><password>******</password></DDNS></DDNSList>`,
		map[string]any{"enabled": false},
		[]string{"password"},
	},
	"mail": {
		"mail", "", `<mailingList><mailing><id>1</id><sender><emailAddress>a@example.com</emailAddress><smtp><enableAuthorization>true</enableAuthorization><accountName>u</accountName><password>••••••</password></smtp></sender></mailing></mailingList>`,
		map[string]any{"sender": "b@example.com"},
		[]string{"password"},
	},
	"alarm host": {
		"alarm_host", "1", `<HttpHostNotificationList><HttpHostNotification><id>1</id><url>/</url><userName>u</userName><password>&#42;&#42;&#42;</password><httpAuthenticationMethod>MD5digest</httpAuthenticationMethod></HttpHostNotification></HttpHostNotificationList>`,
		map[string]any{"url": "/events"},
		[]string{"password"},
	},
	"communities": {
		"snmp", "", `<SNMP><SNMPv2c><enabled>true</enabled><writeCommunity>*****</writeCommunity><readCommunity>*****</readCommunity></SNMPv2c><listenPort>161</listenPort></SNMP>`,
		map[string]any{"port": 1161},
		[]string{"v2c_write_community", "v2c_read_community"},
	},
	"users of SNMP": {
		"snmp", "", `<SNMP><SNMPAdvanced><SNMPUserList><SNMPUser><userName>u</userName><snmpAuthenticationMethod>none</snmpAuthenticationMethod><snmpAuthenticationPassword><![CDATA[********]]></snmpAuthenticationPassword></SNMPUser></SNMPUserList></SNMPAdvanced><listenPort>161</listenPort></SNMP>`,
		map[string]any{"port": 1161},
		[]string{"v3_read_authentication_password"},
	},
	"Wi-Fi": {
		"wireless", "2", `<Wireless><enabled>true</enabled><ssid>cameras</ssid><WirelessSecurity><securityMode>WPA2-personal</securityMode><WPA><sharedKey>********</sharedKey></WPA></WirelessSecurity></Wireless>`,
		map[string]any{"ssid": "yard"},
		[]string{"key"},
	},
	"802.1X": {
		"dot1x", "1", `<IEEE802_1x><enabled>false</enabled><userName>u</userName><password>*</password></IEEE802_1x>`,
		map[string]any{"username": "v"},
		[]string{"password"},
	},
	"cloud": {
		"cloud", "", `<EZVIZ><enabled>true</enabled><verificationCode>******</verificationCode></EZVIZ>`,
		map[string]any{"enabled": false},
		[]string{"verification_code"},
	},
	"platform": {
		"isup", "", `<Ehome><enabled>true</enabled><deviceID>u</deviceID><key>********</key></Ehome>`,
		map[string]any{"enabled": false},
		[]string{"key"},
	},
	"ONVIF account": {
		"onvif_user", "u", `<UserList><User><id>1</id><userName>u</userName><password>********</password><userType>operator</userType></User></UserList>`,
		map[string]any{"type": "administrator"},
		[]string{"password"},
	},
	"camera of a recorder": {
		"channel", "1", `<InputProxyChannelList><InputProxyChannel><id>1</id><name>a</name><sourceInputPortDescriptor><userName>u</userName><password>******</password></sourceInputPortDescriptor></InputProxyChannel></InputProxyChannelList>`,
		map[string]any{"name": "b"},
		[]string{"password"},
	},
}

func opened(t *testing.T, name, key, body string) (*hikvision.Provider, *schema.Kind, providers.Documents) {
	t.Helper()
	provider := hikvision.New(isapi.Options{})
	kind := provider.Kinds().Lookup(name)
	if kind == nil {
		t.Fatalf("there is no kind %s", name)
	}
	path := kind.Document.For(key).Path
	return provider, kind, providers.Documents{path: {Path: path, Body: []byte(body)}}
}

func maskedErrors(wrong []providers.AttributeError) []providers.AttributeError {
	var all []providers.AttributeError
	for _, e := range wrong {
		if e.Masked {
			all = append(all, e)
		}
	}
	return all
}

func TestI15AMaskedSecretThatNobodyDeclaredIsNotSentBack(t *testing.T) {
	for name, tc := range masked {
		provider, kind, docs := opened(t, tc.kind, tc.key, tc.body)
		want := object(kind, maps.Clone(tc.change))
		wrong := maskedErrors(provider.Check(kind, docs, tc.key, want))
		if len(wrong) != 1 || !strings.Contains(wrong[0].Detail, "declare the "+strings.Join(tc.secrets, " and ")) {
			t.Errorf("%s: the plan says %v", name, wrong)
		}
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Key: tc.key, Before: kind.Null(), After: want}}})
		if !errors.Is(err, providers.ErrUnsupported) || !strings.Contains(err.Error(), "declare the ") {
			t.Errorf("%s: composed %v, %v", name, requests, err)
		}
	}
}

// TestI15ADeclaredSecretTakesThePlaceOfItsMask also where the setting is off, when the secret would not count otherwise.
func TestI15ADeclaredSecretTakesThePlaceOfItsMask(t *testing.T) {
	for name, tc := range masked {
		provider, kind, docs := opened(t, tc.kind, tc.key, tc.body)
		values, unknown := maps.Clone(tc.change), maps.Clone(tc.change)
		for _, secret := range tc.secrets {
			values[secret], unknown[secret] = "Canary-Secret", cty.UnknownVal(cty.String)
		}
		want := object(kind, values)
		for _, want := range []cty.Value{want, object(kind, unknown)} {
			if wrong := maskedErrors(provider.Check(kind, docs, tc.key, want)); len(wrong) > 0 {
				t.Errorf("%s: the plan refuses it: %v", name, wrong)
			}
		}
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Key: tc.key, Before: kind.Null(), After: want}}})
		if err != nil || len(requests) != 1 {
			t.Errorf("%s: %v, %v", name, requests, err)
			continue
		}
		body := string(requests[0].Body)
		if strings.Count(body, "Canary-Secret") != len(tc.secrets) || strings.ContainsAny(body, "*•") || strings.Contains(body, "&#42;") {
			t.Errorf("%s: sent is %s", name, body)
		}
	}
}

func TestI15AMaskedPasswordThatIsKeptIsLeftOut(t *testing.T) {
	body := `<UserList><User><id>2</id><userName>guard</userName><password>******</password><userLevel>Operator</userLevel><note>*</note></User></UserList>`
	provider, kind, docs := opened(t, "user", "guard", body)
	docs["/ISAPI/Security/users"] = providers.Document{Path: "/ISAPI/Security/users", Body: []byte(body)}
	want := object(kind, map[string]any{"level": "Viewer"})
	if wrong := provider.Check(kind, docs, "guard", want); len(wrong) > 0 {
		t.Errorf("the plan refuses it: %v", wrong)
	}
	requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Key: "guard", Before: kind.Null(), After: want}}})
	sent := `<User><id>2</id><userName>guard</userName><userLevel>Viewer</userLevel><note>*</note></User>`
	if err != nil || len(requests) != 1 || string(requests[0].Body) != sent {
		t.Errorf("sent is %v, %v, want %s", requests, err, sent)
	}
	other := strings.Replace(body, "<note>*</note>", "<keypadPassword>****</keypadPassword>", 1)
	docs["/ISAPI/Security/users"] = providers.Document{Path: "/ISAPI/Security/users", Body: []byte(other)}
	if wrong := maskedErrors(provider.Check(kind, docs, "guard", want)); len(wrong) != 1 {
		t.Errorf("another password that is masked: %v", wrong)
	}
}

// TestI3WhatIsNotMaskedGoesBackByteForByte: a single asterisk can mean anything, and a mask has nothing else in it.
func TestI3WhatIsNotMaskedGoesBackByteForByte(t *testing.T) {
	for _, rest := range []string{
		"<password>**a**</password>", "<password> </password>", "<password>pass*</password>", "<deviceDomainName>*</deviceDomainName>", "<filter>**</filter>",
		"<password/>", "<!-- ****** --><note>a ***</note>", "<note>* * *</note>",
	} {
		body := "<DDNSList><DDNS><id>1</id><enabled>true</enabled>\r\n\t" + rest + "</DDNS></DDNSList>"
		provider, kind, docs := opened(t, "ddns", "", body)
		want := object(kind, map[string]any{"enabled": false})
		if wrong := maskedErrors(provider.Check(kind, docs, "", want)); len(wrong) > 0 {
			t.Errorf("%s passes for masked: %v", rest, wrong)
		}
		requests, err := provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{{Kind: kind, Before: kind.Null(), After: want}}})
		if sent := strings.Replace(body, "true", "false", 1); err != nil || len(requests) != 1 || string(requests[0].Body) != sent {
			t.Errorf("%s: sent is %v, %v", rest, requests, err)
		}
	}
	for _, rest := range []string{"<note>***</note>", "<token>•</token>"} {
		body := "<DDNSList><DDNS><id>1</id><enabled>true</enabled>" + rest + "</DDNS></DDNSList>"
		provider, kind, docs := opened(t, "ddns", "", body)
		if wrong := maskedErrors(provider.Check(kind, docs, "", object(kind, map[string]any{"enabled": false}))); len(wrong) != 1 || wrong[0].Attribute != "" {
			t.Errorf("%s does not pass for masked: %v", rest, wrong)
		}
	}
}

func TestI15AMaskIsNoValue(t *testing.T) {
	for _, tc := range []struct{ kind, key, body, attribute string }{
		{"snmp", "", "<SNMP><SNMPv2c><readCommunity>*****</readCommunity></SNMPv2c></SNMP>", "v2c_read_community"},
		{"wireless", "2", "<Wireless><WirelessSecurity><WPA><sharedKey>••••••••</sharedKey></WPA></WirelessSecurity></Wireless>", "key"},
		{"ddns", "", "<DDNSList><DDNS><userName>******</userName></DDNS></DDNSList>", "username"},
	} {
		provider, kind, docs := opened(t, tc.kind, tc.key, tc.body)
		items, err := provider.Decode(kind, []string{tc.key}, docs)
		for _, item := range items {
			if value := item.GetAttr(tc.attribute); err != nil || !value.IsNull() {
				t.Errorf("%s.%s reads as %#v, %v", tc.kind, tc.attribute, value, err)
			}
		}
	}
}

func TestI15AMaskIsNotPutBack(t *testing.T) {
	before := `<Wireless><ssid>cameras</ssid><WirelessSecurity><WPA><sharedKey>********</sharedKey></WPA></WirelessSecurity></Wireless>`
	provider := hikvision.New(isapi.Options{})
	path := "/ISAPI/System/Network/interfaces/2/wireless"
	sent := strings.NewReplacer("cameras", "yard", "********", "Canary-Secret").Replace(before)
	back, err := provider.Revert(providers.Document{Path: path, Body: []byte(before)}, providers.Request{Method: "PUT", Path: path, Body: []byte(sent)})
	if want := strings.Replace(before, "********", "Canary-Secret", 1); err != nil || string(back.Body) != want {
		t.Errorf("put back is %s, %v, want %s", back.Body, err, want)
	}
	without := strings.Replace(sent, "<sharedKey>Canary-Secret</sharedKey>", "", 1)
	if _, err := provider.Revert(providers.Document{Path: path, Body: []byte(before)}, providers.Request{Path: path, Body: []byte(without)}); !errors.Is(err, providers.ErrUnsupported) {
		t.Errorf("a mask is put back: %v", err)
	}
	plain := "<Wireless>\r\n<ssid>*</ssid></Wireless>"
	if back, err := provider.Revert(providers.Document{Path: path, Body: []byte(plain)}, providers.Request{Path: path, Body: []byte(sent)}); err != nil || string(back.Body) != plain {
		t.Errorf("put back is %s, %v", back.Body, err)
	}
}
