package simulator_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

const (
	challengePath   = "/ISAPI/Security/challenge"
	activatePath    = "/ISAPI/System/activate"
	challengeV3Path = "/ISAPI/System/activate/GetChallengeV3?format=json"
	activateV3Path  = "/ISAPI/System/activate/StartActivateV3?format=json"
)

// keys are made once: they take long.
var keys = map[int]func() *rsa.PrivateKey{1024: makeKey(1024), 2048: makeKey(2048), 3072: makeKey(3072)}

func makeKey(bits int) func() *rsa.PrivateKey {
	return sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		return key
	})
}

// twice is base64 of hexadecimal digits, as devices like it.
func twice(b []byte) string { return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(b))) }

// opened is the text of a challenge in an answer.
func opened(t testing.TB, key *rsa.PrivateKey, answer string) string {
	t.Helper()
	found := regexp.MustCompile(`<key>(.*)</key>|"challenge":"(.*)"`).FindStringSubmatch(answer)
	if found == nil {
		t.Fatalf("no challenge in %s", answer)
	}
	digits, err := base64.StdEncoding.DecodeString(found[1] + found[2])
	if err != nil {
		t.Fatal(err)
	}
	ciphered, err := hex.DecodeString(string(digits))
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 devices know no other padding
	text, err := rsa.DecryptPKCS1v15(rand.Reader, key, ciphered)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// activateClassic gives a device its first password in the classic way, and returns the answer to that.
func activateClassic(c *client, secret string) answer {
	c.t.Helper()
	return answerClassic(c, askClassic(c), secret)
}

// askClassic asks for a challenge and returns its text.
func askClassic(c *client) string {
	c.t.Helper()
	key := keys[1024]()
	return opened(c.t, key, c.do(http.MethodPost, challengePath, "<PublicKey><key>"+twice(key.N.Bytes())+"</key></PublicKey>").body)
}

func answerClassic(c *client, text, secret string) answer {
	c.t.Helper()
	plain := append([]byte(text[:16]), secret...)
	plain = append(plain, make([]byte, -len(plain)&15)...)
	raw, err := hex.DecodeString(text)
	if err != nil {
		c.t.Fatal(err)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		c.t.Fatal(err)
	}
	for at := 0; at < len(plain); at += aes.BlockSize {
		block.Encrypt(plain[at:], plain[at:])
	}
	return c.do(http.MethodPut, activatePath, "<ActivateInfo><password>"+twice(plain)+"</password></ActivateInfo>")
}

func activateV3(c *client, secret string) answer {
	c.t.Helper()
	key := keys[3072]()
	asked := c.do(http.MethodPost, challengeV3Path, fmt.Sprintf(`{"publicKey":%q}`, twice(key.N.Bytes())))
	text := opened(c.t, key, asked.body)
	raw, err := hex.DecodeString(text)
	if err != nil {
		c.t.Fatal(err)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		c.t.Fatal(err)
	}
	plain := append([]byte(text[:16]), secret...)
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	plain = append(plain, bytes.Repeat([]byte{byte(padding)}, padding)...)
	iv := bytes.Repeat([]byte{7}, aes.BlockSize)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
	return c.do(http.MethodPost, activateV3Path, fmt.Sprintf(`{"password":%q,"iv":%q}`, twice(plain), hex.EncodeToString(iv)))
}

// way is how a model is activated.
type way struct {
	activate func(*client, string) answer
	again    [3]string // method, path and body of a request that is too late
	tells    string    // what the device tells of it
}

var (
	classic = way{activateClassic, [3]string{http.MethodPut, activatePath, "<ActivateInfo><password>x</password></ActivateInfo>"}, "</Activated></ActivateStatus>"}
	v3      = way{activateV3, [3]string{http.MethodPost, challengeV3Path, "{}"}, "</Activated><supportVersion>3</supportVersion></ActivateStatus>"}
)

var ways = map[string]way{
	"camera-v56": classic, "camera-v57": classic, "thermal-v55": classic, "recorder-v1": classic, "dvr-v47": classic, "camera-v58": v3, "recorder-v2": v3,
}

// brandNew is a device that waits for its first password after somebody had used it.
func brandNew(t *testing.T, model string, clock func() time.Time) (*simulator.Fleet, *simulator.Device, *client) {
	t.Helper()
	f, d := one(t, model, clock)
	d.SetUser("guard", "Operator", "Guard-Pass-1")
	d.SetQuirks(simulator.Quirks{Inactive: true})
	return f, d, anonymousClient(t, f, d)
}

func TestEveryModelIsActivatedInItsWay(t *testing.T) {
	for model, way := range ways {
		t.Run(model, func(t *testing.T) {
			f, d, c := brandNew(t, model, newClock().now)
			if a := c.do(http.MethodGet, "/SDK/activateStatus", ""); !strings.Contains(a.body, "<Activated>false"+way.tells) {
				t.Error(a.body)
			}
			if a := way.activate(c, "First-Pass-1"); a.status != 200 || !strings.Contains(a.body, "OK") {
				t.Fatalf("%d\n%s", a.status, a.body)
			}
			if d.Inactive() || d.Accepts("admin", password) || d.Accepts("guard", "Guard-Pass-1") || !d.Accepts("admin", "First-Pass-1") {
				t.Error("it has other passwords than the one that it was given")
			}
			last := d.Log()[len(d.Log())-1]
			if last.Kind != simulator.Activated || last.Detail != "remoteSetDeviceActive" || last.User != "admin" {
				t.Errorf("%+v", last)
			}
			if a := c.do(way.again[0], way.again[1], way.again[2]); !strings.Contains(a.body, "hasActivated") {
				t.Errorf("activated twice: %s", a.body)
			}
			if a := c.do(http.MethodGet, "/SDK/activateStatus", ""); !strings.Contains(a.body, "<Activated>true"+way.tells) {
				t.Error(a.body)
			}
			if users := connect(t, f, d, "admin", "First-Pass-1").get("/ISAPI/Security/users"); strings.Contains(users, "guard") || !strings.Contains(users, ">admin<") {
				t.Error(users)
			}
		})
	}
}

func TestWhatIsNoFirstPassword(t *testing.T) {
	for name, c := range map[string]struct {
		model string
		send  func(*client) answer
		want  string
	}{
		"too short":              {"camera-v57", func(c *client) answer { return activateClassic(c, "Ab-1") }, "riskPassword"},
		"one kind of characters": {"camera-v57", func(c *client) answer { return activateClassic(c, "abcdefghij") }, "riskPassword"},
		"the name":               {"camera-v57", func(c *client) answer { return activateClassic(c, "admin-12345") }, "riskPassword"},
		"V3: the name":           {"camera-v58", func(c *client) answer { return activateV3(c, "admin-12345") }, "riskPassword"},
		"too long":               {"camera-v57", func(c *client) answer { return activateClassic(c, "Seventeen-chars-1") }, "passwordLenNoMoreThan16"},
		"far too long":           {"camera-v57", func(c *client) answer { return activateClassic(c, strings.Repeat("Aa1-", 9)) }, "badParameters"},
		"none":                   {"camera-v57", func(c *client) answer { return activateClassic(c, "") }, "badParameters"},
		"plain": {"camera-v57", func(c *client) answer {
			return c.do(http.MethodPut, activatePath, "<ActivateInfo><password>First-Pass-1</password></ActivateInfo>")
		}, "badParameters"},
		"V3: plain": {"camera-v58", func(c *client) answer {
			return c.do(http.MethodPost, activateV3Path, `{"password":"First-Pass-1","iv":""}`)
		}, "badParameters"},
		"in the classic way to V3": {"camera-v58", func(c *client) answer { return activateClassic(c, "First-Pass-1") }, "<statusCode>6<"},
		"in the V3 way to classic": {"camera-v57", func(c *client) answer { return c.do(http.MethodPost, challengeV3Path, "{}") }, "notActivated"},
		"no XML":                   {"camera-v57", func(c *client) answer { return c.do(http.MethodPut, activatePath, "x") }, "badXmlFormat"},
		"no JSON":                  {"camera-v58", func(c *client) answer { return c.do(http.MethodPost, activateV3Path, "x") }, "badJsonFormat"},
		"another document":         {"camera-v57", func(c *client) answer { return c.do(http.MethodPut, activatePath, "<User/>") }, "badXmlContent"},
		"a key of another size": {"camera-v57", func(c *client) answer {
			return c.do(http.MethodPost, challengePath, "<PublicKey><key>"+twice(keys[2048]().N.Bytes())+"</key></PublicKey>")
		}, "badXmlContent"},
		"no key": {"camera-v57", func(c *client) answer { return c.do(http.MethodPost, challengePath, "<PublicKey/>") }, "badXmlContent"},
		"V3: a key of another size": {"camera-v58", func(c *client) answer {
			return c.do(http.MethodPost, challengeV3Path, fmt.Sprintf(`{"publicKey":%q}`, twice(keys[2048]().N.Bytes())))
		}, "Invalid JSON Content"},
		"another user's document":       {"camera-v57", func(c *client) answer { return c.do(http.MethodGet, "/ISAPI/Security/users", "") }, "notActivated"},
		"firmware from before the word": {"camera-v52", func(c *client) answer { return c.do(http.MethodPut, activatePath, "<ActivateInfo/>") }, "Unauthorized"},
	} {
		_, d, client := brandNew(t, c.model, newClock().now)
		if a := c.send(client); !strings.Contains(a.body, c.want) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if d.Count(simulator.Activated) != 0 || d.Inactive() != (c.model != "camera-v52") || d.Refusals() != 0 {
			t.Errorf("%s: it counts as activated, or as a failed login", name)
		}
	}
}

func TestAChallengeServesOneAttemptUntilTheDeviceStarts(t *testing.T) {
	for name, end := range map[string]func(*client, *simulator.Device){
		"a start":          func(_ *client, d *simulator.Device) { d.Reboot(); d.Plug() },
		"an attempt":       func(c *client, _ *simulator.Device) { c.do(http.MethodPut, activatePath, "<ActivateInfo/>") },
		"nothing":          func(*client, *simulator.Device) {},
		"another question": func(c *client, _ *simulator.Device) { askClassic(c) },
	} {
		_, d, c := brandNew(t, "camera-v57", newClock().now)
		text := askClassic(c)
		end(c, d)
		if a := answerClassic(c, text, "First-Pass-1"); (a.status == 200) != (name == "nothing") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestAStartingDeviceIsNotActivated(t *testing.T) {
	clock := newClock()
	_, d, c := brandNew(t, "camera-v58", clock.now)
	d.Reboot()
	clock.advance(61 * time.Second)
	if a := c.do(http.MethodPost, challengeV3Path, "{}"); a.status != 403 || !strings.Contains(a.body, "invalidOperation") {
		t.Errorf("%d %s", a.status, a.body)
	}
	clock.advance(30 * time.Second)
	if a := activateV3(c, "First-Pass-1"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAnInactiveDeviceIsWhatTheFactoryMade(t *testing.T) {
	_, fresh := one(t, "camera-v57", newClock().now)
	f, d := one(t, "camera-v57", newClock().now)
	const users, lockPath = "/ISAPI/Security/users", "/ISAPI/Security/illegalLoginLock"
	connect(t, f, d, "admin", password).put("/ISAPI/System/time/timeZone", "CST-1:00:00", "ok")
	d.SetUser("guard", "Viewer", "Guard-Pass-1")
	d.SetSecret("/ISAPI/System/Network/SNMP", "key", "secret")
	if err := d.SetDocument(lockPath, []byte(edit(t, string(d.Document(lockPath)), ">30<", ">31<"))); err != nil {
		t.Fatal(err)
	}
	d.SetQuirks(simulator.Quirks{Inactive: true})
	if a := activateClassic(anonymousClient(t, f, d), "First-Pass-1"); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for _, path := range slices.DeleteFunc(fresh.Documents(), func(path string) bool { return path == "/ISAPI/System/status" || path == "/ISAPI/System/time" }) {
		if have, want := string(d.Document(path)), string(fresh.Document(path)); have != want {
			t.Errorf("%s:\n%s\nwant\n%s", path, have, want)
		}
	}
	if got := d.Secret("/ISAPI/System/Network/SNMP", "key"); got != "" || strings.Contains(string(d.Document(users)), "guard") {
		t.Error("it kept what it had been sent")
	}
}

func TestFaultsMeetActivationsToo(t *testing.T) {
	_, d, c := brandNew(t, "camera-v57", newClock().now)
	if err := d.Inject(simulator.Rule{Anonymous: true, Path: activatePath, Action: simulator.CutPassword, Bytes: 9}); err != nil {
		t.Fatal(err)
	}
	if a := activateClassic(c, "First-Pass-1"); a.status != 200 || !d.Accepts("admin", "First-Pas") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestFirmwareFromBeforeActivationComesWithAPassword(t *testing.T) {
	_, d := one(t, "camera-v52", newClock().now)
	d.SetQuirks(simulator.Quirks{Inactive: true})
	if d.Inactive() || !d.Accepts("admin", password) {
		t.Error("it lost its password to a state that it does not know")
	}
}

func TestRecordersDoNotReachAnInactiveCamera(t *testing.T) {
	clock := newClock()
	f := newFleet(t, simulator.Options{
		Models: []string{"recorder-v2", "camera-v57"}, Password: password, Clock: clock.now,
		Faults: simulator.Faults{Quirks: []simulator.Quirky{{Device: "camera-*", Quirks: simulator.Quirks{Inactive: true}}}},
		Wiring: simulator.Wiring{
			Accounts: []simulator.Account{{Devices: "*", Name: "nvr", Password: "Nvr-Pass-1"}},
			Channels: []simulator.Channel{{Recorder: "recorder-v2-0001", Camera: "camera-v57-0002", Username: "nvr", Password: "Nvr-Pass-1"}},
		},
	})
	recorder, camera := f.Devices()[0], f.Devices()[1]
	clock.advance(time.Minute)
	status := connect(t, f, recorder, "admin", password).get("/ISAPI/ContentMgmt/InputProxy/channels/status")
	if !strings.Contains(status, "netUnreachable") || camera.Refusals() != 0 || camera.Accepts("nvr", "Nvr-Pass-1") || !recorder.Accepts("nvr", "Nvr-Pass-1") {
		t.Errorf("%d refusals\n%s", camera.Refusals(), status)
	}
}

func TestChallengesDiffer(t *testing.T) {
	_, _, c := brandNew(t, "camera-v58", newClock().now)
	seen := map[string]bool{}
	for range 2 {
		a := c.do(http.MethodPost, challengeV3Path, fmt.Sprintf(`{"publicKey":%q}`, twice(keys[3072]().N.Bytes())))
		var got struct{ Challenge string }
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Fatal(err)
		}
		seen[opened(t, keys[3072](), a.body)] = true
	}
	if len(seen) != 2 {
		t.Error("the same twice")
	}
}
