package hikvision_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"camform/providers"
	"camform/providers/hikvision"
	"camform/providers/hikvision/document"
	"camform/providers/hikvision/isapi"
	"camform/schema"
)

// shownSecrets are documents in which a secret reads Canary, in elements of every kind that is known, declared or not. What
// reads Stays is none.
var shownSecrets = map[string]struct{ path, body string }{
	"alarm hosts": {"/ISAPI/Event/notification/httpHosts/1", `<HttpHostNotification><id>1</id><userName>Stays</userName><password>Canary</password><httpAuthenticationMethod>none</httpAuthenticationMethod></HttpHostNotification>`},
	"SNMP": {"/ISAPI/System/Network/SNMP", `<SNMP><SNMPv2c><SNMPTrapReceiverList><SNMPTrapReceiver><communityString>Canary</communityString></SNMPTrapReceiver></SNMPTrapReceiverList>` +
		`<writeCommunity>Canary</writeCommunity><readCommunity>Canary</readCommunity></SNMPv2c><SNMPAdvanced><SNMPUserList><SNMPUser><userName>Stays</userName>` +
		`<snmpAuthenticationPassword>Canary</snmpAuthenticationPassword><snmpPrivacyPassword>Canary</snmpPrivacyPassword></SNMPUser></SNMPUserList></SNMPAdvanced></SNMP>`},
	"mail":       {"/ISAPI/System/Network/mailing/1", `<mailing><sender><smtp><accountName>Stays</accountName><password>Canary</password></smtp></sender></mailing>`},
	"DDNS":       {"/ISAPI/System/Network/DDNS", `<DDNSList><DDNS><userName>Stays</userName><password>Canary</password></DDNS></DDNSList>`},
	"FTP":        {"/ISAPI/System/Network/ftp", `<FTPNotificationList><FTPNotification><userName>Stays</userName><password><![CDATA[Canary]]></password></FTPNotification></FTPNotificationList>`},
	"NAS":        {"/ISAPI/ContentMgmt/Storage/nas", `<nasList><nas><userName>Stays</userName><passWord>Canary</passWord></nas></nasList>`},
	"PPPoE":      {"/ISAPI/System/Network/PPPoE/1", `<PPPoE><userName>Stays</userName><password>Canary</password></PPPoE>`},
	"WebDAV":     {"/ISAPI/System/Network/webDAV", `<WebDAV><user>Stays</user><passwd>Canary</passwd></WebDAV>`},
	"802.1X":     {"/ISAPI/System/Network/interfaces/1/ieee802.1x", `<IEEE802_1x><userName>Stays</userName><password>Canary</password><privateKeyPassword>Canary</privateKeyPassword></IEEE802_1x>`},
	"Wi-Fi":      {"/ISAPI/System/Network/interfaces/2/wireless", `<Wireless><ssid>Stays</ssid><WirelessSecurity><WEP><EncryptionKeyList><encryptionKey>Canary</encryptionKey></EncryptionKeyList></WEP><WPA><sharedKey>Canary</sharedKey></WPA></WirelessSecurity></Wireless>`},
	"cloud":      {"/ISAPI/System/Network/EZVIZ", `<EZVIZ><redirect>true</redirect><verificationCode>Canary</verificationCode><operationCode>Canary</operationCode></EZVIZ>`},
	"platform":   {"/ISAPI/System/Network/Ehome", `<Ehome><deviceID>Stays</deviceID><key>Canary</key></Ehome>`},
	"SIP":        {"/ISAPI/System/Network/SIP", `<SIPServerList><SIPServer><Standard><authID>Stays</authID><password>Canary</password></Standard></SIPServer></SIPServerList>`},
	"dial":       {"/ISAPI/System/Network/WirelessDial/Interfaces/1/dial", `<Dial><APNname>Stays</APNname><Password>Canary</Password><pinCode>Canary</pinCode></Dial>`},
	"accounts":   {"/ISAPI/Security/users/2", `<User><userName>Stays</userName><password>Canary</password><loginPassword>Canary</loginPassword><keypadPassword>Canary</keypadPassword></User>`},
	"questions":  {"/ISAPI/Security/questionConfiguration", `<SecurityQuestion><QuestionList><Question><id>1</id><answer>Canary</answer></Question></QuestionList></SecurityQuestion>`},
	"recordings": {"/ISAPI/ContentMgmt/record/tracks/1", `<Track><SrcDescriptor><SrcUrl>Stays</SrcUrl><SrcLogin>Canary</SrcLogin></SrcDescriptor></Track>`},
	"children":   {"/ISAPI/Any", `<Any><name>Stays</name><Credential><of>Canary</of><deeper><still>Canary</still></deeper></Credential></Any>`},
	"prefix":     {"/ISAPI/Any", `<h:Any xmlns:h="urn:h"><h:name>Stays</h:name><h:Password>Canary</h:Password></h:Any>`},
	"JSON":       {"/ISAPI/Any?format=json", `{"Any":{"name":"Stays","passwordList":["Canary","Canary"],"token":{"of":"Canary"},"apiKey":"Canary"}}`},
	"bare JSON":  {"/ISAPI/Any?format=json", `{"name":"Stays","secretKey":"Canary"}`},
}

func TestI15SecretsThatNobodyDeclaredAreNotShown(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	for name, tc := range shownSecrets {
		body := string(provider.Shown(providers.Request{Method: "PUT", Path: tc.path, Body: []byte(tc.body)}).Body)
		want := strings.NewReplacer("<![CDATA[Canary]]>", schema.Blank, "Canary", schema.Blank).Replace(tc.body)
		if body != want {
			t.Errorf("%s: shown is\n%s\nwant\n%s", name, body, want)
		}
	}
	for body, want := range map[string]string{
		"":                              "",
		"password=Canary":               schema.Blank,
		"<a><password>Canary</a>":       schema.Blank,
		`{"pinCode":123456,"port":443}`: `{"pinCode":"` + schema.Blank + `","port":443}`,
		"<a><isDefaultPassword>false</isDefaultPassword><passwordStrength>weak</passwordStrength><key/></a>": "<a><isDefaultPassword>false</isDefaultPassword><passwordStrength>weak</passwordStrength><key/></a>",
	} {
		if have := string(provider.Shown(providers.Request{Path: "/ISAPI/Any", Body: []byte(body)}).Body); have != want {
			t.Errorf("%s is shown as %s, want %s", body, have, want)
		}
	}
}

func TestFactsAboutSecretsAreNone(t *testing.T) {
	for _, name := range []string{
		"passwordStrength", "LoginPasswordLenLimit", "keyIterateNum", "keyFrameInterval", "RSAKeyLength", "wepKeyLength", "defaultTransmitKeyIndex",
		"statusCode", "subStatusCode", "errorCode", "OEMCode", "videoCodecType", "encoderVersion", "passwordType", "pingTest", "verificationCodeType",
		"userName", "ssid", "id", "spin", "snmpAuthenticationMethod", "cfgFileSecretKeyLenLimit",
	} {
		if document.IsSecret(name) {
			t.Errorf("%s passes for a secret", name)
		}
	}
}

// ownSecret is a setting file of the user's with an element whose name does not tell that it holds a secret.
const ownSecret = `setting "spell" {
  summary    = "A word that opens a door"
  source     = "A test"
  confidence = "confirmed"
  phase      = "services"

  document {
    path = "/ISAPI/Door"
    root = "Door"
  }

  attribute "spell" {
    type    = string
    doc     = "The word."
    element = "lock/spell"
    secret  = true
  }
}
`

func ownSecretFile(text string) schema.Folder {
	return schema.Folder{Name: "settings", Files: fstest.MapFS{"own.hcl": {Data: []byte(text)}}}
}

func TestI15SettingFilesMarkSecrets(t *testing.T) {
	provider, diags := hikvision.NewWith(isapi.Options{}, ownSecretFile(ownSecret))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body := `<Door><lock><spell>Canary</spell></lock><spell>Stays</spell></Door>`
	shown := provider.Shown(providers.Request{Method: "PUT", Path: "/ISAPI/Door", Body: []byte(body)})
	if want := strings.Replace(body, "Canary", schema.Blank, 1); string(shown.Body) != want {
		t.Errorf("shown is %s, want %s", shown.Body, want)
	}
	elsewhere := provider.Shown(providers.Request{Method: "PUT", Path: "/ISAPI/Window", Body: []byte(body)})
	if string(elsewhere.Body) != body {
		t.Errorf("shown of another document is %s", elsewhere.Body)
	}
	if _, err := provider.Observe(providers.Document{Path: "/ISAPI/Door", Body: []byte(body)}, "lock/spell"); !errors.Is(err, providers.ErrInvalid) {
		t.Errorf("a check may read the secret: %v", err)
	}
}

func TestI15ASettingFileDeclaresSecretsAsSuch(t *testing.T) {
	for element, want := range map[string]bool{"lock/password": true, "word|pinCode": true, "isDefaultPassword": true, "secretList/entry": true, "lock/strength": false} {
		text := strings.NewReplacer("lock/spell", element, "    secret  = true\n", "").Replace(ownSecret)
		provider, diags := hikvision.NewWith(isapi.Options{}, ownSecretFile(text))
		if refused := provider.Kinds().Lookup("spell") == nil; refused != want || diags.HasErrors() != want {
			t.Errorf("%s as a text that is shown: %v", element, diags)
		}
	}
	flag := strings.NewReplacer("lock/spell", "isDefaultPassword", "    secret  = true\n", "    codec   = \"boolean\"\n", "type    = string", "type    = bool").Replace(ownSecret)
	if _, diags := hikvision.NewWith(isapi.Options{}, ownSecretFile(flag)); diags.HasErrors() {
		t.Errorf("a flag passes for a secret: %v", diags)
	}
}

// TestI15NoCheckReadsASecret: what a check reads, it can tell.
func TestI15NoCheckReadsASecret(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	body := `<List><Entry><password>Canary</password><name>gate</name><isRiskPassword>true</isRiskPassword></Entry></List>`
	for element, want := range map[string]string{
		"Entry/password": "", "Entry[password=Canary]/name": "", "Entry/name": "gate", "Entry/isRiskPassword": "true",
	} {
		texts, err := provider.Observe(providers.Document{Path: "/ISAPI/Any", Body: []byte(body)}, element)
		if strings.Join(texts, " ") != want || errors.Is(err, providers.ErrInvalid) != (want == "") {
			t.Errorf("%s: %q, %v, want %q", element, texts, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "Canary") && !strings.Contains(element, "Canary") {
			t.Errorf("%s: the error tells the secret: %v", element, err)
		}
	}
}

// TestI15OutlinesHoldNoShortSecret: a PIN has the form of a number, and a community can be a word of the setting files.
func TestI15OutlinesHoldNoShortSecret(t *testing.T) {
	provider := hikvision.New(isapi.Options{})
	path := "/ISAPI/System/Network/SNMP"
	body := `<SNMP><SNMPv2c><readCommunity>271828</readCommunity><writeCommunity>SHA</writeCommunity></SNMPv2c><listenPort>161</listenPort></SNMP>`
	outline := string(provider.Outline(providers.Documents{path: {Path: path, Body: []byte(body)}})[path].Body)
	want := `<SNMP><SNMPv2c><readCommunity></readCommunity><writeCommunity></writeCommunity></SNMPv2c><listenPort>161</listenPort></SNMP>`
	if outline != want {
		t.Errorf("the outline is %s, want %s", outline, want)
	}
}

// TestI1NoAttributeRepeatsTheLogin: a device may put the password with which it was read into any text.
func TestI1NoAttributeRepeatsTheLogin(t *testing.T) {
	body := `<DDNSList><DDNS><id>1</id><enabled>CANARY-LOGIN-7</enabled><provider>&amp;#67;anary-Login-7</provider><userName>of 43616e6172792d4c6f67696e2d37</userName><deviceDomainName>Stays</deviceDomainName></DDNS></DDNSList>`
	provider, kind, docs := opened(t, "ddns", "", body)
	hide := providers.NewRedactor(schema.NewSecret("Canary-Login-7"))
	for path, doc := range docs {
		doc.Hide = hide
		docs[path] = doc
		texts, err := provider.Observe(doc, "DDNS/userName")
		if err != nil || len(texts) != 1 || texts[0] != "of "+schema.Blank {
			t.Errorf("a check reads %q, %v", texts, err)
		}
	}
	if _, err := provider.Decode(kind, nil, docs); !errors.Is(err, providers.ErrMalformed) || strings.Contains(strings.ToLower(err.Error()), "canary") {
		t.Errorf("what cannot be read: %v", err)
	}
	for path, doc := range docs {
		doc.Body = []byte(strings.Replace(body, "CANARY-LOGIN-7", "true", 1))
		docs[path] = doc
	}
	items, err := provider.Decode(kind, nil, docs)
	if err != nil {
		t.Fatal(err)
	}
	for attribute, want := range map[string]string{"provider": schema.Blank, "username": "of " + schema.Blank, "domain": "Stays"} {
		if have := items[""].GetAttr(attribute); have.AsString() != want {
			t.Errorf("%s is %#v, want %s", attribute, have, want)
		}
	}
}

// TestI1WhatIsWrongRepeatsNoLogin: a check of a value quotes what the device has.
func TestI1WhatIsWrongRepeatsNoLogin(t *testing.T) {
	body := `<Ehome><enabled>CANARY-LOGIN-7</enabled><deviceID>a</deviceID></Ehome>`
	provider, kind, docs := opened(t, "isup", "", body)
	for path, doc := range docs {
		doc.Hide = providers.NewRedactor(schema.NewSecret("Canary-Login-7"))
		docs[path] = doc
	}
	wrong := provider.Check(kind, docs, "", object(kind, map[string]any{"device_id": "b"}))
	if len(wrong) == 0 || !strings.Contains(wrong[0].Detail, schema.Blank) || strings.Contains(strings.ToLower(wrong[0].Detail), "canary") {
		t.Errorf("it says %v", wrong)
	}
}
