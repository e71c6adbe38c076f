package sadp

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const id = "13A888A9-F1B1-4020-AE9F-05607682D23B"

// camera is the shape of the answer of a camera of middle age.
const camera = `<?xml version="1.0" encoding="UTF-8"?>
<ProbeMatch>
 <Uuid>13A888A9-F1B1-4020-AE9F-05607682D23B</Uuid><Types>inquiry</Types>
 <DeviceType>139265</DeviceType><DeviceDescription>DS-2CD2385G1-I</DeviceDescription>
 <DeviceSN>DS-2CD2385G1-I20190000AAWRD00000000</DeviceSN>
 <CommandPort>8000</CommandPort><HttpPort>80</HttpPort><MAC>44-47-cc-00-00-01</MAC>
 <IPv4Address>192.168.1.64</IPv4Address><IPv4SubnetMask>255.255.255.0</IPv4SubnetMask><IPv4Gateway>192.168.1.1</IPv4Gateway>
 <IPv6Address>::</IPv6Address><IPv6Gateway>::</IPv6Gateway><IPv6MaskLen>64</IPv6MaskLen><DHCP>false</DHCP>
 <AnalogChannelNum>0</AnalogChannelNum><DigitalChannelNum>1</DigitalChannelNum>
 <SoftwareVersion>V5.6.2build 190701</SoftwareVersion><DSPVersion>V7.3 build 190701</DSPVersion>
 <BootTime>2024-09-18 09:21:28</BootTime><Encrypt>true</Encrypt><ResetAbility>false</ResetAbility><DiskNumber>0</DiskNumber>
 <Activated>false</Activated><PasswordResetAbility>true</PasswordResetAbility><PasswordResetModeSecond>true</PasswordResetModeSecond>
 <SupportSecurityQuestion>true</SupportSecurityQuestion><SupportHCPlatform>true</SupportHCPlatform>
 <HCPlatformEnable>flase</HCPlatformEnable><IsModifyVerificationCode>true</IsModifyVerificationCode>
 <Salt>0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef</Salt><DeviceLock>flase</DeviceLock>
 <SDKServerStatus>true</SDKServerStatus><SDKOverTLSServerStatus>true</SDKOverTLSServerStatus><SDKOverTLSPort>8443</SDKOverTLSPort>
</ProbeMatch>
`

func parsed(t *testing.T, packet string) Reply {
	t.Helper()
	r, err := ParseReply([]byte(packet))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheInquiryIsThatOfTheVendor(t *testing.T) {
	want := `<?xml version="1.0" encoding="utf-8"?><Probe><Uuid>` + id + `</Uuid><Types>inquiry</Types></Probe>`
	if got := string(Inquiry(id)); got != want {
		t.Error(got)
	}
}

func TestAReplyIsReadWhole(t *testing.T) {
	want := Reply{
		ID: id, Type: "inquiry", MAC: "44:47:cc:00:00:01", Model: "DS-2CD2385G1-I", Serial: "DS-2CD2385G1-I20190000AAWRD00000000",
		Firmware: "V5.6.2 build 190701", BootTime: "2024-09-18 09:21:28",
		Address: netip.MustParseAddr("192.168.1.64"), Network: netip.MustParsePrefix("192.168.1.0/24"),
		CommandPort: 8000, HTTPPort: 80, Salt: strings.Repeat("0123456789abcdef", 4),
		Resets: []Reset{Questions, SupportKey, SupportFile},
	}
	if got := parsed(t, camera); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

// variant is the answer of the camera with something in another way.
func variant(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(camera) }

func TestSpellingsOfFirmwaresMeanTheSame(t *testing.T) {
	want := parsed(t, camera)
	for name, packet := range map[string]string{
		"other case":           variant("IPv4Address", "Ipv4Address", "DeviceSN", "deviceSn", "ProbeMatch", "probematch", "<MAC>44-47-cc-00-00-01</MAC>", "<mac>44:47:CC:00:00:01</mac>"),
		"trailing blanks":      variant("inquiry<", "inquiry <", "190701</SoftwareVersion", "190701 \n</SoftwareVersion"),
		"unknown elements":     variant("<DHCP>", "<Questions><Question><MAC>00-00-00-00-00-00</MAC></Question></Questions><WifiMAC>x</WifiMAC><DHCP>"),
		"a name space":         variant("<ProbeMatch>", `<ProbeMatch xmlns="http://www.hikvision.com/ver20/XMLSchema">`),
		"padding":              camera + "\x00\x00\x00",
		"another encoding":     variant("UTF-8", "GB2312", "<OEMInfo>", "", "<DHCP>", "<OEMInfo>\xba\xa3\xbf\xb5</OEMInfo><DHCP>"),
		"a second address":     variant("</ProbeMatch>", "<MAC>00-00-00-00-00-00</MAC></ProbeMatch>"),
		"a blank before build": variant("V5.6.2build 190701", "V5.6.2 build 190701"),
	} {
		got, err := ParseReply([]byte(packet))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	lines := strings.Split(strings.NewReplacer("><", ">\n<").Replace(camera[strings.Index(camera, " <Uuid>"):strings.Index(camera, "</ProbeMatch>")]), "\n")
	slices.Reverse(lines)
	if got := parsed(t, "<ProbeMatch>"+strings.Join(lines, "")+"</ProbeMatch>"); !reflect.DeepEqual(got, want) {
		t.Errorf("another order: %+v", got)
	}
}

func TestOnlyTheWordTrueIsTrue(t *testing.T) {
	for text, want := range map[string]bool{"true": true, " true ": true, "false": false, "flase": false, "True": false, "1": false, "": false} {
		r := parsed(t, variant("<Activated>false<", "<Activated>"+text+"<", "<SupportSecurityQuestion>true<", "<SupportSecurityQuestion>"+text+"<"))
		if r.Activated != want || slices.Contains(r.Resets, Questions) != want || r.BeforeActivation {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

// Firmware from before March 2015 does not know activation, and every device had the same password.
func TestADeviceThatDoesNotKnowActivationNeedsNone(t *testing.T) {
	r := parsed(t, variant("<Activated>false</Activated>", "", "V5.6.2build 190701", "V5.2.5build 141201"))
	if !r.Activated || !r.BeforeActivation || r.Firmware != "V5.2.5 build 141201" {
		t.Errorf("%+v", r)
	}
}

func TestEveryWayToANewPasswordHasItsElement(t *testing.T) {
	for element, want := range map[string]Reset{
		"SupportGUID": GUIDFile, "SupportSecurityQuestion": Questions, "SupportMailBox": Email,
		"PasswordResetAbility": SupportFile, "PasswordResetModeSecond": SupportKey, "ResetAbility": SecurityCode,
	} {
		r := parsed(t, "<ProbeMatch><MAC>44-47-cc-00-00-01</MAC><"+element+">true</"+element+"></ProbeMatch>")
		if !slices.Equal(r.Resets, []Reset{want}) {
			t.Errorf("%s: %v", element, r.Resets)
		}
	}
}

func TestFirmwareHasABlankBeforeItsBuild(t *testing.T) {
	for text, want := range map[string]string{
		"V5.5.6build 180326": "V5.5.6 build 180326", "V5.2.5build 141201": "V5.2.5 build 141201", "V3.5.38build 191215": "V3.5.38 build 191215",
		"V5.0, build 140714": "V5.0 build 140714", "V4.30.096build221220": "V4.30.096 build 221220", "V5.5.82 build 190909": "V5.5.82 build 190909", "": "",
	} {
		if got := firmware(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestNonsenseIsNotKnown(t *testing.T) {
	r := parsed(t, variant("192.168.1.64", "999.1.1.1"))
	if r.Address.IsValid() || r.Network.IsValid() {
		t.Errorf("%+v", r)
	}
	r = parsed(t, variant("255.255.255.0", "255.0.255.0"))
	if !r.Address.IsValid() || r.Network.IsValid() {
		t.Errorf("%+v", r)
	}
	for text, want := range map[string]uint16{"443": 443, "-1": 0, "70000": 0, "x": 0} {
		if r := parsed(t, variant("<DHCP>", "<HttpsPort>"+text+"</HttpsPort><DHCP>")); r.HTTPSPort != want {
			t.Errorf("port %s: %d", text, r.HTTPSPort)
		}
	}
	if r := parsed(t, variant("DS-2CD2385G1-I<", strings.Repeat("ü", 400)+"<")); len(r.Model) != maxText {
		t.Errorf("a model of %d bytes", len(r.Model))
	}
}

func TestWhatIsNoReplyIsRefused(t *testing.T) {
	bomb := `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>`
	for name, packet := range map[string]string{
		"nothing":                   "",
		"text":                      "hello",
		"half":                      camera[:len(camera)/2],
		"our own inquiry":           string(Inquiry(id)),
		"another message":           variant("ProbeMatch", "SOAP"),
		"no hardware address":       variant("<MAC>44-47-cc-00-00-01</MAC>", ""),
		"half a hardware address":   variant("44-47-cc-00-00-01", "44-47-cc"),
		"a long hardware address":   variant("44-47-cc-00-00-01", "44-47-cc-00-00-01-00-01"),
		"a document type":           strings.Replace(camera, "<ProbeMatch>", bomb+"<ProbeMatch>", 1),
		"an entity":                 variant("DS-2CD2385G1-I<", "&a;<"),
		"a control character":       variant("DS-2CD2385G1-I<", "\x1b[2J<"),
		"one by number":             variant("DS-2CD2385G1-I<", "&#27;[2J<"),
		"two answers":               camera + strings.TrimPrefix(camera, `<?xml version="1.0" encoding="UTF-8"?>`),
		"more than a device sends":  variant("<DHCP>", "<OEMInfo>"+strings.Repeat("x", maxReply)+"</OEMInfo><DHCP>"),
		"more elements than anyone": "<ProbeMatch><MAC>44-47-cc-00-00-01</MAC>" + strings.Repeat("<a/>", maxElements) + "</ProbeMatch>",
	} {
		if r, err := ParseReply([]byte(packet)); !errors.Is(err, errNoReply) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestAnAnnouncementAnswersNobody(t *testing.T) {
	hello := parsed(t, variant("ProbeMatch", "Hello", "<Uuid>"+id+"</Uuid><Types>inquiry</Types>", ""))
	if !hello.Announced || hello.Activated || !hello.answers(id) {
		t.Errorf("%+v", hello)
	}
}

func TestAReplyToSomebodyElseIsNotOurs(t *testing.T) {
	for name, c := range map[string]struct {
		packet string
		want   bool
	}{
		"ours":               {camera, true},
		"ours in lower case": {variant(id, strings.ToLower(id)), true},
		"of another tool":    {variant(id, "00000000-0000-0000-0000-000000000000"), false},
		"without an id":      {variant("<Uuid>"+id+"</Uuid>", ""), false},
		"to another message": {variant("inquiry", "update"), false},
	} {
		if got := parsed(t, c.packet).answers(id); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// FuzzParseReply holds that no packet brings more out of ParseReply than a device can be: texts are short, printable as XML is,
// and the hardware address is one.
func FuzzParseReply(f *testing.F) {
	for _, seed := range []string{
		camera, variant("ProbeMatch", "Hello"), variant("<Activated>false</Activated>", ""), variant("true", "flase"), string(Inquiry(id)),
		variant("DS-2CD2385G1-I<", "=HYPERLINK(&quot;x&quot;)${a}\u009b<"), "<ProbeMatch/>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		before := bytes.Clone(packet)
		r, err := ParseReply(packet)
		if !bytes.Equal(before, packet) {
			t.Error("the packet was changed")
		}
		if err != nil {
			if !reflect.DeepEqual(r, Reply{}) {
				t.Errorf("%+v comes with %v", r, err)
			}
			return
		}
		for _, text := range []string{r.ID, r.Type, r.Model, r.Serial, r.Firmware, r.BootTime} {
			if len(text) > 2*maxText || strings.ContainsAny(text, "\x00\x1b") {
				t.Errorf("%q", text)
			}
		}
		if len(r.MAC) != len("00:00:00:00:00:00") || r.Address.IsValid() && !r.Address.Is4() || r.BeforeActivation && !r.Activated {
			t.Errorf("%+v", r)
		}
	})
}
