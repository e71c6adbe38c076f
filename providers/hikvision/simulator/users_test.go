package simulator_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

func userXML(name, level, secret, login string) string {
	doc := "<User><userName>" + name + "</userName><userLevel>" + level + "</userLevel>"
	if secret != "" {
		doc += "<password>" + secret + "</password>"
	}
	if login != "" {
		doc += "<loginPassword>" + login + "</loginPassword>"
	}
	return doc + "</User>"
}

func TestUsersComeAndGo(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		c := connect(t, f, d, "admin", password)
		a := c.send(http.MethodPost, users, userXML("monitor", "Viewer", "First-Pass-1", password), "ok")
		if !strings.Contains(a.body, "<id>2</id>") {
			t.Errorf("no id:\n%s", a.body)
		}
		list := c.get(users)
		if !strings.Contains(list, "<userName>monitor</userName>") || strings.Contains(list, "assword") {
			t.Errorf("list:\n%s", list)
		}
		if got := c.get(users + "/2"); !strings.Contains(got, "monitor") || !strings.HasPrefix(got, "<?xml") {
			t.Errorf("one user:\n%s", got)
		}
		connect(t, f, d, "monitor", "First-Pass-1").get(userCheck)

		c.put(users+"/2", userXML("monitor", "Operator", "Second-Pass-2", password), "ok")
		connect(t, f, d, "monitor", "Second-Pass-2").get(userCheck)
		if d.Accepts("monitor", "First-Pass-1") {
			t.Error("the old password still works")
		}
		if !strings.Contains(c.get(users), "<userLevel>Operator<") {
			t.Error("the level did not change")
		}
		c.send(http.MethodDelete, users+"/2?loginPassword="+password, "", "ok")
		if strings.Contains(c.get(users), "monitor") || d.Accepts("monitor", "Second-Pass-2") {
			t.Error("the user is still there")
		}
	})
}

func TestOwnPasswordCountsAtOnce(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := connect(t, f, d, "admin", password)
	c.put(users+"/1", userXML("admin", "Administrator", "Another-One-2", password), "ok")
	if a := c.do(http.MethodGet, userCheck, ""); a.status != 401 {
		t.Errorf("the old password still works: %d", a.status)
	}
	connect(t, f, d, "admin", "Another-One-2").get(userCheck)
}

func TestUserRules(t *testing.T) {
	for _, test := range []struct {
		name, model, method, path, body, code string
	}{
		{"admin stays", "camera-v57", "DELETE", users + "/1?loginPassword=" + password, "", "userCannotDelAdmin"},
		{"removal without login password", "camera-v57", "DELETE", users + "/2", "", "MessageParametersLack"},
		{"removal with a wrong one", "camera-v57", "DELETE", users + "/2?loginPassword=Wrong-One-1", "", "loginPasswordError"},
		{"removal from an old camera", "camera-v52", "DELETE", users + "/2", "", "ok"},
		{"absent", "camera-v57", "DELETE", users + "/9?loginPassword=" + password, "", "userInexistence"},
		{"second administrator", "camera-v57", "POST", users, userXML("root", "Administrator", "Right-One-1", password), "userCannotCreatAdmin"},
		{"level in lower case", "camera-v57", "POST", users, userXML("x1", "viewer", "Right-One-1", password), "badParameters"},
		{"twice", "camera-v57", "POST", users, userXML("present", "Viewer", "Right-One-1", password), "userExist"},
		{"no password", "camera-v57", "POST", users, userXML("x1", "Viewer", "", password), "MessageParametersLack"},
		{"no login password", "camera-v57", "POST", users, userXML("x1", "Viewer", "Right-One-1", ""), "MessageParametersLack"},
		{"wrong login password", "camera-v57", "POST", users, userXML("x1", "Viewer", "Right-One-1", "Wrong-One-1"), "loginPasswordError"},
		{"old camera asks for none", "camera-v52", "POST", users, userXML("x1", "Viewer", "Right-One-1", ""), "ok"},
		{"short", "camera-v57", "POST", users, userXML("x1", "Viewer", "Sh0rt-1", password), "riskPassword"},
		{"long", "camera-v57", "POST", users, userXML("x1", "Viewer", "Seventeen-Chars-1", password), "passwordLenNoMoreThan16"},
		{"one class", "camera-v57", "POST", users, userXML("x1", "Viewer", "onlyletters", password), "riskPassword"},
		{"name within", "camera-v57", "POST", users, userXML("keeper", "Viewer", "xKeePer-123", password), "riskPassword"},
		{"name reversed", "camera-v57", "POST", users, userXML("keeper", "Viewer", "repeek-123", password), "riskPassword"},
		{"rename admin", "camera-v57", "PUT", users + "/1", userXML("boss", "", "", password), "userNameMismatched"},
		{"demote admin", "camera-v57", "PUT", users + "/1", userXML("admin", "Viewer", "", password), "invalidOperation"},
		{"other id", "camera-v57", "PUT", users + "/2", "<User><id>3</id><loginPassword>" + password + "</loginPassword></User>", "badParameters"},
		{"by name", "camera-v57", "PUT", users + "/present", userXML("present", "Viewer", "", password), "notSupport"},
		{"not XML", "camera-v57", "PUT", users + "/2", "<User>", "badXmlFormat"},
		{"other root", "camera-v57", "PUT", users + "/2", "<Person/>", "badXmlContent"},
		{"verb", "camera-v57", "POST", users + "/2", "<User/>", "methodNotAllowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, d := one(t, test.model, time.Now)
			d.SetUser("present", "Viewer", "Some-Pass-1")
			before := string(d.Document(users))
			c := connect(t, f, d, "admin", password)
			c.send(test.method, test.path, test.body, test.code)
			if changed := string(d.Document(users)) != before; changed != (test.code == "ok") {
				t.Errorf("changed: %t", changed)
			}
		})
	}
}

func TestWrongLoginPasswordIsCharged(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	connect(t, f, d, "admin", password).send(http.MethodPost, users, userXML("x1", "Viewer", "Right-One-1", "Wrong-One-1"), "loginPasswordError")
	if d.Refusals() != 1 {
		t.Errorf("%d refusals", d.Refusals())
	}
}

func TestRiskPasswordOfTheBigRecorder(t *testing.T) {
	f, d := one(t, "recorder-v2", time.Now)
	a := connect(t, f, d, "admin", password).send(http.MethodPost, users, userXML("x1", "Viewer", "onlyletters", password), "riskPassword")
	if a.status != 403 || !strings.Contains(a.body, "<statusCode>6</statusCode>") || !strings.Contains(a.body, "<statusString>Invalid Operation</statusString>") {
		t.Errorf("%d\n%s", a.status, a.body)
	}
}

func TestThereAreThirtyTwoUsers(t *testing.T) {
	f, d := one(t, "camera-v52", time.Now)
	c := connect(t, f, d, "admin", password)
	for i := range 31 {
		c.send(http.MethodPost, users, userXML("guard"+string(rune('A'+i)), "Viewer", "Some-Pass-1", ""), "ok")
	}
	c.send(http.MethodPost, users, userXML("late", "Viewer", "Some-Pass-1", ""), "userMaxNum")
}

func TestBareUsersOnly(t *testing.T) {
	f, d := one(t, "camera-v52", time.Now)
	d.SetQuirks(simulator.Quirks{BareUser: true})
	c := connect(t, f, d, "admin", password)
	bare := userXML("x1", "Viewer", "Right-One-1", "")
	c.send(http.MethodPost, users, strings.Replace(bare, "<User>", `<User version="2.0">`, 1), "badXmlContent")
	c.send(http.MethodPost, users, bare, "ok")
}

func TestCollectionWrites(t *testing.T) {
	f, d := one(t, "camera-v56", time.Now)
	d.SetUser("one", "Viewer", "Some-Pass-1")
	d.SetUser("two", "Viewer", "Some-Pass-2")
	c := connect(t, f, d, "admin", password)
	c.put(users, userXML("two", "Operator", "Other-Pass-2", password), "ok")
	if !d.Accepts("two", "Other-Pass-2") || !d.Accepts("one", "Some-Pass-1") {
		t.Error("a single User does not change that user alone")
	}
	c.put(users, "<UserList><User><id>1</id><userName>admin</userName></User><User><id>3</id><userName>two</userName></User></UserList>", "ok")
	if d.Accepts("one", "Some-Pass-1") || !d.Accepts("two", "Other-Pass-2") || !d.Accepts("admin", password) {
		t.Error("a list does not say who stays")
	}
	c.send(http.MethodDelete, users, "", "ok")
	if d.Accepts("two", "Other-Pass-2") || !d.Accepts("admin", password) {
		t.Error("DELETE of the list does not remove everybody but the administrator")
	}
}

func TestLevelsLimitWhatUsersMay(t *testing.T) {
	for _, level := range []string{"Viewer", "Operator"} {
		f, d := one(t, "camera-v57", time.Now)
		d.SetUser("guest", level, "Visit-Pass-1")
		d.SetUser("other", "Viewer", "Other-Pass-1")
		c := connect(t, f, d, "guest", "Visit-Pass-1")
		c.get(deviceInfo)
		c.get(userCheck)
		for _, path := range []string{users, adminAccesses, webCertificate, "/ISAPI/Security/capabilities"} {
			if a := c.send(http.MethodGet, path, "", "lowPrivilege"); a.status != 403 {
				t.Errorf("%s reads %s: %d", level, path, a.status)
			}
		}
		c.put(upnp, string(d.Document(upnp)), "lowPrivilege")
		c.put(users+"/3", userXML("other", "Viewer", "Taken-Over-1", "Visit-Pass-1"), "lowPrivilege")
		c.put(users+"/2", userXML("guest", "Administrator", "", "Visit-Pass-1"), "lowPrivilege")
		c.put(users+"/2", userXML("guest", level, "Visit-Pass-2", "Visit-Pass-1"), "ok")
		if !d.Accepts("guest", "Visit-Pass-2") {
			t.Error("a user may not set the own password")
		}
	}
}

func TestSomebodyElseChangesUsers(t *testing.T) {
	_, d := one(t, "camera-v57", time.Now)
	d.SetUser("guest", "Viewer", "Guest-Pass-1")
	d.SetUser("guest", "Operator", "Guest-Pass-2")
	if !d.Accepts("guest", "Guest-Pass-2") || strings.Count(string(d.Document(users)), "guest") != 1 {
		t.Errorf("%s", d.Document(users))
	}
	if err := d.RemoveUser("guest"); err != nil || d.Accepts("guest", "Guest-Pass-2") {
		t.Errorf("not removed: %v", err)
	}
	if d.RemoveUser("guest") == nil {
		t.Error("removing nobody is no error")
	}
	if d.SetDocument(users, []byte("<UserList/>")) == nil {
		t.Error("users can be set as a document")
	}
}

// encipher does what clients do with passwords when the device says securityVersion 1.
func encipher(t *testing.T, value, key string, padding byte) (text, iv string) {
	t.Helper()
	raw, err := hex.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(raw[:16])
	if err != nil {
		t.Fatal(err)
	}
	plain := []byte(base64.StdEncoding.EncodeToString([]byte(value)))
	missing := 16 - len(plain)%16
	if padding != 0 {
		padding = byte(missing)
	}
	for range missing {
		plain = append(plain, padding)
	}
	start := []byte("0123456789abcdef")
	cipher.NewCBCEncrypter(block, start).CryptBlocks(plain, plain)
	return hex.EncodeToString(plain), hex.EncodeToString(start)
}

// cipherKey derives the key for sensitive elements from what the device publishes.
func cipherKey(c *client) string {
	hash := func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
	secret := password
	if m := regexp.MustCompile(`<salt>(.*)</salt>`).FindStringSubmatch(c.get("/ISAPI/Security/capabilities")); m != nil {
		secret = hash("admin" + m[1] + password)
	}
	key := secret + "AaBbCcDd1234!@#$"
	for range 100 {
		key = hash(key)
	}
	return key
}

func TestCipheredPasswords(t *testing.T) {
	for _, model := range []string{"camera-v57", "recorder-v2"} {
		for _, padding := range []byte{0, 1} {
			f, d := one(t, model, time.Now)
			c := connect(t, f, d, "admin", password)
			key := cipherKey(c)
			name, iv := encipher(t, "monitor", key, padding)
			value, _ := encipher(t, "Right-One-1", key, padding)
			login, _ := encipher(t, password, key, padding)
			c.send(http.MethodPost, users+"?security=1&iv="+iv, userXML(name, "Viewer", value, login), "ok")
			if !d.Accepts("monitor", "Right-One-1") {
				t.Errorf("%s: the password did not arrive", model)
			}
			c.send(http.MethodPost, users+"?security=1&iv="+iv, userXML("plain", "Viewer", "Right-One-1", password), "passwordDecodeError")
			c.send(http.MethodDelete, users+"/2?security=1&iv="+iv+"&loginPassword="+password, "", "passwordDecodeError")
			c.send(http.MethodDelete, users+"/2?security=1&iv="+iv+"&loginPassword="+login, "", "ok")
		}
	}
}

func TestCipheredDocuments(t *testing.T) {
	f, d := one(t, "recorder-v2", time.Now)
	c := connect(t, f, d, "admin", password)
	name, iv := encipher(t, "keeper", cipherKey(c), 0)
	value, _ := encipher(t, "Right-One-1", cipherKey(c), 0)
	c.send(http.MethodPost, channels+"?security=1&iv="+iv, channelXML("192.0.2.9", name, value), "ok")
	if got := c.get(channels + "/5"); !strings.Contains(got, "<userName>keeper<") {
		t.Errorf("%s", got)
	}
	if got := d.Secret(channels, "InputProxyChannel[5]/sourceInputPortDescriptor/password"); got != "Right-One-1" {
		t.Errorf("the device got %q", got)
	}
	c.send(http.MethodPost, channels+"?security=1&iv="+iv, channelXML("192.0.2.9", "plain", value), "passwordDecodeError")

	f, d = one(t, "camera-v57", time.Now)
	c = connect(t, f, d, "admin", password)
	login, iv := encipher(t, password, cipherKey(c), 1)
	address, _ := encipher(t, "keeper@example.com", cipherKey(c), 1)
	body := `{"SecurityEmail":{"password":"` + login + `","SecurityInformation":[{"emailAddress":"` + address + `"}]}}`
	c.putJSON(recoveryEmail+"&security=1&iv="+iv, body, "ok")
	if got := c.get(recoveryEmail); !strings.Contains(got, `"k****@example.com"`) {
		t.Errorf("%s", got)
	}
	c.putJSON(recoveryEmail+"&security=1&iv="+iv, strings.Replace(body, login, "plain", 1), "passwordDecodeError")
}
