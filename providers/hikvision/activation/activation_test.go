package activation

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"
)

// publishedKey is a key that stands in public as a test vector, of 1024 bits in PKCS #1, as base64. It protects nothing.
const publishedKey = `
MIICXAIBAAKBgQCSHixcONwzc7wXmPI79+JdmteTUW96HLADJY7YOcsw+t/HvFzB0RC17WxbTCD+eIpKaj5jnMpJnhUeqmijvP5+DAe1OMRjNwGmsjXZDOXs
83+rM3ejC0+sdRLOTF2X1xpdOGAld1OBXqUJrbjb3DGY3RtJfgG2ExNZkHysVHmOtQIDAQABAoGASN//o+c/+/FnCCXh+oLBRYoqpnDhNngEWS1sNu9sJfuZ
jJandIr+2J2Xg1lOw1v/LOocP7Y9NcZAJlE7ax6hlh7ow1SDIzsQhGTZ9i0j00V3rlrKS1oxWoD6zo+5cIbpapzMP8k823thO8SYQRdu/nYzimqOgAJUeJrf
nsGJzoECQQC4WAkpWrlvJiTuzbA1DTXswcF/vW1FGkQQcmBuQ+pIu7dcxy0EuSsFDCFVFL5W0ry9pp8jb+PQ3+gyOHWQ3g+xAkEAyupJIXxOPM7uyoQAn+Db
a3iJnTp/rJOTU3bQH/vh9z3x29tp2EYu/+oGA/3XoTiHxwgDg340j4QDHPHqyJ2URQJAc7joP2qxn+HNK5A5/oPFh1P2ma8bila7xatXd8DwsSoOKJLsYtuu
8uMzhYqZFj4Ct/eCTSevVu9If0ZMH14XcQJBAJLPH0oS3agxL6NmDe2eiiIfe7E9+dGqlBT3CW2al8qCDtK61MGdRbPyZZfNuIz0kYf2zFP+o5iSMo5mmS+8
kuECQB+myw/w+l/fF8tUx5+cp3PX597GFIP+gX7pN3JAmyrzaIU6TCa1ciqpIauk7GHRMFcbjZjMDRIZ96WumlpnUrc=`

// publishedChallenge is the answer of a device to that key.
const publishedChallenge = `<?xml version='1.0' encoding='UTF-8'?>
<Challenge version='2.0' xmlns='http://www.std-cgi.com/ver20/XMLSchema'>
<key>M2Y3MDU1NWZhMzg2ZjhkYzI4NDIxZjEzZWY1MTBjYzY4NDdmZTBlYjAzMDMyNzRmZGIzNWRlZmY2ZGQ1N2I3NzAyMDFmNDczMzk1NTY3MGUzZjMwZDJlMzE5MWE4NTkxMzA2YjdjNmNhYzJlYzdhYWQ5MDhjNmI5MThkYzNjMmVkMWQ4YjVlNzkyM2VjMDdlNzk1MGM0NWM3NjY5N2JmNmFlYjkwYjQ4YjQyOGFiMzg5MWI2MTNkNzUzZmU0ZGQyYjEyZThlMjhiMzJhM2VhMDI5NGVhYTA5NWVhZjVhMzRmZThlZTc1MDM2YWVmMjQwNjgzYzlkYzA2MzRkNzE0Nw==</key>
</Challenge>`

func key(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(publishedKey, "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	k, err := x509.ParsePKCS1PrivateKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestADeviceSaysWhetherAndHowItIsActivated(t *testing.T) {
	for body, want := range map[string]Status{
		"<ActivateStatus><Activated>false</Activated></ActivateStatus>":                                                         {false, Classic},
		"<ActivateStatus><Activated>true</Activated></ActivateStatus>":                                                          {true, Classic},
		"<ActivateStatus><Activated>false</Activated><supportVersion>2</supportVersion></ActivateStatus>":                       {false, Classic},
		"<ActivateStatus><Activated>false</Activated><supportVersion>3</supportVersion></ActivateStatus>":                       {false, V3},
		"<ActivateStatus xmlns='urn:x'>\n<Activated> false </Activated><supportVersion>4</supportVersion><x/></ActivateStatus>": {false, V3},
	} {
		if got, err := ReadStatus([]byte(body)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	for _, body := range []string{
		"", "<html/>", "<ActivateStatus/>", "<ActivateStatus><Activated>flase</Activated></ActivateStatus>",
		"<ResponseStatus><Activated>false</Activated></ResponseStatus>", "<ActivateStatus><Activated>false</Activated>",
		"<ActivateStatus><Activated>false</Activated><supportVersion>three</supportVersion></ActivateStatus>",
	} {
		if got, err := ReadStatus([]byte(body)); !errors.Is(err, ErrNotUnderstood) {
			t.Errorf("%q: %+v, %v", body, got, err)
		}
	}
}

func TestTheClassicFlowIsThatOfTheVectors(t *testing.T) {
	k := key(t)
	ask := Classic.Ask(&k.PublicKey)
	var sent struct {
		XMLName xml.Name `xml:"PublicKey"`
		Key     string   `xml:"key"`
	}
	if err := xml.Unmarshal(ask.Body, &sent); err != nil || ask.Method != "POST" || ask.Path != "/ISAPI/Security/challenge" {
		t.Errorf("%+v, %v", ask, err)
	}
	digits, err := base64.StdEncoding.DecodeString(sent.Key)
	if err != nil || len(digits) != 256 || !strings.HasPrefix(sent.Key, "OTIxZTJjNWMzOGRj") {
		t.Errorf("the key is sent as %s, %v", sent.Key, err)
	}
	if text, err := Classic.open(k, []byte(publishedChallenge)); err != nil || text != "1ad021adbbecb495fa4794e12f0ac63c" {
		t.Errorf("the challenge is %q, %v", text, err)
	}
	const random = "c8059b41126bd480f684b6a46d48804c"
	for password, want := range map[string]string{
		"qwer1234":      "NDk5M2NhMWZiNTdmNDViNzY1NDlkOTVkMTI4YjBkODhmY2U5M2QwZTcxMzdhYmJlZWM1YzU2ZmE3YTczNDQ1Nw==",
		"Example-Pass1": "NDk5M2NhMWZiNTdmNDViNzY1NDlkOTVkMTI4YjBkODhiYmU3NjM2ZTUxYTQ0OWI0MjNlOTRhZjY3YmVjNzZmMA==",
	} {
		if got := Classic.encrypt(random, password, [16]byte{}); got != want {
			t.Errorf("%s is sent as %s", password, got)
		}
		give, err := Classic.Give(k, classicChallengeOf(t, k, random), password, [16]byte{})
		if err != nil || give.Method != "PUT" || give.Path != "/ISAPI/System/activate" || string(give.Body) != "<ActivateInfo><password>"+want+"</password></ActivateInfo>" {
			t.Errorf("%+v, %v", give, err)
		}
	}
}

func TestTheFlowV3IsThatOfTheVector(t *testing.T) {
	k := key(t)
	ask := V3.Ask(&k.PublicKey)
	var sent struct{ PublicKey string }
	if err := json.Unmarshal(ask.Body, &sent); err != nil || ask.Method != "POST" || ask.Path != "/ISAPI/System/activate/GetChallengeV3?format=json" ||
		!strings.HasPrefix(sent.PublicKey, "OTIxZTJjNWMzOGRj") {
		t.Errorf("%+v, %v", ask, err)
	}
	const random = "c8059b41126bd480f684b6a46d48804c"
	iv := [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	give, err := V3.Give(k, v3ChallengeOf(t, k, random), "Example-Pass1", iv)
	var given struct{ Password, IV string }
	if err != nil || json.Unmarshal(give.Body, &given) != nil || give.Method != "POST" || give.Path != "/ISAPI/System/activate/StartActivateV3?format=json" {
		t.Fatalf("%+v, %v", give, err)
	}
	if given.IV != "000102030405060708090a0b0c0d0e0f" ||
		given.Password != "MDgyYWY0MmQxYzIwNGI4MTQ2YjY5ODEwOTNlNzc5ZmJlMWU0NTAyOTk3YzNmYjIxN2QwYzk5YjBiN2YzNzMxZg==" {
		t.Errorf("%+v", given)
	}
	for _, digits := range []int{48, 64} {
		if _, err := V3.Give(k, v3ChallengeOf(t, k, strings.Repeat("ab", digits/2)), "Example-Pass1", iv); err != nil {
			t.Errorf("a challenge of %d digits: %v", digits, err)
		}
	}
}

func TestKeysHaveTheLengthOfTheFlow(t *testing.T) {
	if Classic.KeyBits() != 1024 || V3.KeyBits() != 3072 {
		t.Error(Classic.KeyBits(), V3.KeyBits())
	}
}

// A password of a whole block is not padded in the classic flow; one that is longer than devices are known to take goes nowhere.
func TestAPasswordIsSentWholeOrNotAtAll(t *testing.T) {
	k := key(t)
	const random = "c8059b41126bd480f684b6a46d48804c"
	for _, f := range []Flow{Classic, V3} {
		challenge := classicChallengeOf(t, k, random)
		if f == V3 {
			challenge = v3ChallengeOf(t, k, random)
		}
		for length := range 20 {
			_, err := f.Give(k, challenge, strings.Repeat("x", length), [16]byte{})
			if (err == nil) != (length >= MinPassword && length <= MaxPassword) || err != nil && !errors.Is(err, ErrPassword) {
				t.Errorf("%s, %d characters: %v", f, length, err)
			}
		}
	}
	sent, err := base64.StdEncoding.DecodeString(Classic.encrypt(random, strings.Repeat("x", 16), [16]byte{}))
	if err != nil || len(sent) != 2*32 {
		t.Errorf("16 characters are sent as %d digits, %v", len(sent), err)
	}
}

func TestAnAnswerThatIsNoChallengeGetsNoPassword(t *testing.T) {
	k := key(t)
	short := "c8059b41126bd480f684b6a46d48804"
	for name, test := range map[string]struct {
		flow   Flow
		answer string
	}{
		"nothing":              {Classic, ""},
		"another document":     {Classic, strings.ReplaceAll(publishedChallenge, "Challenge", "ResponseStatus")},
		"no key in it":         {Classic, "<Challenge><key></key></Challenge>"},
		"for another key":      {Classic, "<Challenge><key>" + armored(make([]byte, 128)) + "</key></Challenge>"},
		"no digits":            {Classic, string(classicChallengeOf(t, k, strings.Repeat("z", 32)))},
		"too short":            {Classic, string(classicChallengeOf(t, k, short))},
		"XML for V3":           {V3, publishedChallenge},
		"no JSON":              {V3, "{"},
		"empty":                {V3, "{}"},
		"no key of AES for V3": {V3, string(v3ChallengeOf(t, k, strings.Repeat("ab", 20)))},
	} {
		if _, err := test.flow.Give(k, []byte(test.answer), "Example-Pass1", [16]byte{}); !errors.Is(err, ErrNotUnderstood) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sealed is a text as a device encrypts it for a key.
func sealed(t *testing.T, k *rsa.PrivateKey, text string) string {
	t.Helper()
	//lint:ignore SA1019 devices do so
	raw, err := rsa.EncryptPKCS1v15(rand.Reader, &k.PublicKey, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return armored(raw)
}

func classicChallengeOf(t *testing.T, k *rsa.PrivateKey, text string) []byte {
	return []byte("<Challenge><key>" + sealed(t, k, text) + "</key></Challenge>")
}

func v3ChallengeOf(t *testing.T, k *rsa.PrivateKey, text string) []byte {
	return []byte(`{"challenge":"` + sealed(t, k, text) + `"}`)
}
