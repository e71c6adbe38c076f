package simulator_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

const (
	sessionLogin = "/ISAPI/Security/sessionLogin"
	online       = "/ISAPI/Security/onlineUser"
)

// guest logs in at the web page, as a browser does.
type guest struct {
	*client
	cookie string
}

func newGuest(t testing.TB, f *simulator.Fleet, d *simulator.Device) *guest {
	return &guest{client: anonymousClient(t, f, d)}
}

func (g *guest) ask(method, path, body string) answer {
	g.t.Helper()
	r, err := http.NewRequest(method, g.base+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if g.cookie != "" {
		r.Header.Set("Cookie", g.cookie)
	}
	response, err := g.http.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	return answer{response.StatusCode, response.Header, readAll(g.t, response), nil}
}

func textIn(doc, name string) string {
	m := regexp.MustCompile("<" + name + "(?: [^>]*)?>([^<]*)<").FindStringSubmatch(doc)
	if m == nil {
		return ""
	}
	return m[1]
}

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

// login answers an invitation with a password, and keeps the cookie.
func (g *guest) login(user, password string) answer {
	g.t.Helper()
	invitation := g.ask(http.MethodGet, sessionLogin+"/capabilities?username="+user, "")
	if invitation.status != http.StatusOK {
		return invitation
	}
	a := g.ask(http.MethodPost, sessionLogin+"?timeStamp=1", solved(invitation.body, user, password))
	if cookie := a.header.Get("Set-Cookie"); cookie != "" {
		g.cookie, _, _ = strings.Cut(cookie, ";")
	}
	return a
}

func solved(invitation, user, password string) string {
	challenge, salt := textIn(invitation, "challenge"), textIn(invitation, "salt")
	rounds, _ := strconv.Atoi(textIn(invitation, "iterations"))
	answer := sum(password) + challenge
	first := 1
	if textIn(invitation, "isIrreversible") == "true" {
		answer, first = sum(sum(user+salt+password)+challenge), 2
	}
	for ; first < rounds; first++ {
		answer = sum(answer)
	}
	return "<SessionLogin><userName>" + user + "</userName><password>" + answer + "</password><sessionID>" + textIn(invitation, "sessionID") + "</sessionID></SessionLogin>"
}

func TestASessionOpensTheOtherAddresses(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, clock *made) {
		const info = "/ISAPI/System/deviceInfo"
		g := newGuest(t, f, d)
		if a := g.ask(http.MethodGet, info, ""); a.status != http.StatusUnauthorized {
			t.Fatalf("without a session: %d", a.status)
		}
		a := g.login("admin", password)
		if a.status != http.StatusOK || textIn(a.body, "statusString") != "OK" || g.cookie == "" || !strings.HasSuffix(g.cookie, "="+textIn(a.body, "sessionID")) {
			t.Fatalf("login: %d, cookie %q\n%s", a.status, g.cookie, a.body)
		}
		if a := g.ask(http.MethodGet, info, ""); a.status != http.StatusOK || textIn(a.body, "serialNumber") != d.Serial() {
			t.Errorf("with the session: %d\n%s", a.status, a.body)
		}
		written := strings.Replace(string(d.Document(info)), "<deviceName>", "<deviceName>x", 1)
		if a := g.ask(http.MethodPut, info, written); a.status != http.StatusOK {
			t.Errorf("a write: %d\n%s", a.status, a.body)
		}
		if a := g.ask(http.MethodGet, "/ISAPI/Security/token?format=json", ""); !regexp.MustCompile(`^{"Token":{"value":"[0-9a-f]{32}"}}$`).MatchString(a.body) {
			t.Errorf("token: %d %s", a.status, a.body)
		}
		told := strings.Contains(string(d.Document("/ISAPI/Security/capabilities")), "<isSupportOnlineUser>true<")
		if a := g.ask(http.MethodGet, online, ""); (textIn(a.body, "name") == "admin") != told {
			t.Errorf("online, told: %t: %d\n%s", told, a.status, a.body)
		}

		// Its requests carry credentials, so they meet faults.
		if err := d.Inject(simulator.Rule{Path: info, Action: simulator.Status, Status: http.StatusServiceUnavailable, Times: 1}); err != nil {
			t.Fatal(err)
		}
		if a := g.ask(http.MethodGet, info, ""); a.status != http.StatusServiceUnavailable {
			t.Errorf("with a fault: %d", a.status)
		}

		// A client with another cookie is nobody.
		other := &guest{client: g.client, cookie: g.cookie + "0"}
		if a := other.ask(http.MethodGet, info, ""); a.status != http.StatusUnauthorized {
			t.Errorf("another cookie: %d", a.status)
		}

		// It lasts as long as somebody asks for something, and ends with a logout or a start.
		clock.advance(4 * time.Minute)
		if a := g.ask(http.MethodPut, "/ISAPI/Security/sessionHeartbeat", ""); a.status != http.StatusOK {
			t.Errorf("heartbeat: %d\n%s", a.status, a.body)
		}
		clock.advance(4 * time.Minute)
		if a := g.ask(http.MethodGet, info, ""); a.status != http.StatusOK {
			t.Errorf("after a heartbeat: %d", a.status)
		}
		clock.advance(6 * time.Minute)
		if a := g.ask(http.MethodGet, info, ""); a.status != http.StatusUnauthorized {
			t.Errorf("after a pause: %d", a.status)
		}
		g.login("admin", password)
		g.ask(http.MethodPut, "/ISAPI/Security/sessionLogout", "")
		if a := g.ask(http.MethodGet, info, ""); a.status != http.StatusUnauthorized {
			t.Errorf("after a logout: %d", a.status)
		}
		g.login("admin", password)
		d.Reboot()
		clock.advance(time.Hour)
		if a := g.ask(http.MethodGet, info, ""); a.status != http.StatusUnauthorized {
			t.Errorf("after a start: %d", a.status)
		}
		if n := d.Refusals(); n != 0 {
			t.Errorf("%d failed logins", n)
		}
	})
}

// An account has the rights of its level, whatever way it came in.
func TestASessionHasTheRightsOfItsAccount(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	d.SetUser("guard", "Viewer", "Night-Watch-9")
	g := newGuest(t, f, d)
	g.login("guard", "Night-Watch-9")
	if a := g.ask(http.MethodGet, users, ""); !strings.Contains(a.body, "lowPrivilege") {
		t.Errorf("the users: %d\n%s", a.status, a.body)
	}
	if err := d.DisableUser("guard"); err != nil {
		t.Fatal(err)
	}
	if a := g.ask(http.MethodGet, "/ISAPI/System/status", ""); a.status != http.StatusUnauthorized {
		t.Errorf("a disabled account: %d", a.status)
	}
}

// A failed login at the web page counts for the lock as one with digest does, and the lock keeps both out.
func TestWrongLoginsAtTheWebPageLock(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, clock *made) {
		g, c := newGuest(t, f, d), connect(t, f, d, "admin", "Wrong-Pass-1")
		fails := 0
		for ; d.Count(simulator.Locked) == 0 && fails < 20; fails++ {
			if fails%2 == 1 {
				c.do(http.MethodGet, userCheck, "")
			} else if a := g.login("admin", "Wrong-Pass-1"); a.status != http.StatusUnauthorized {
				t.Fatalf("%d\n%s", a.status, a.body)
			}
			if d.Refusals() != fails+1 {
				t.Fatalf("%d failed logins after %d", d.Refusals(), fails+1)
			}
		}
		if fails == 20 {
			t.Fatal("it is not locked")
		}
		a := g.login("admin", password)
		if a.status != http.StatusUnauthorized || textIn(a.body, "lockStatus") != "lock" || textIn(a.body, "retryTimes") != "0" || textIn(a.body, "resLockTime") == "0" {
			t.Errorf("while it is locked: %d\n%s", a.status, a.body)
		}
		clock.advance(2 * time.Hour)
		if a := g.login("admin", password); a.status != http.StatusOK {
			t.Errorf("after the lock: %d\n%s", a.status, a.body)
		}
	})
}

// An invitation serves one attempt, for a minute.
func TestAnInvitationServesOnce(t *testing.T) {
	clock := newClock()
	f, d := one(t, "camera-v57", clock.now)
	g := newGuest(t, f, d)
	capabilities := sessionLogin + "/capabilities?username=admin"
	first := g.ask(http.MethodGet, capabilities, "").body
	body := solved(first, "admin", password)
	if a := g.ask(http.MethodPost, sessionLogin, body); a.status != http.StatusOK {
		t.Fatalf("%d\n%s", a.status, a.body)
	}
	if a := g.ask(http.MethodPost, sessionLogin, body); a.status != http.StatusForbidden {
		t.Errorf("again: %d\n%s", a.status, a.body)
	}
	late := g.ask(http.MethodGet, capabilities, "").body
	clock.advance(2 * time.Minute)
	if a := g.ask(http.MethodPost, sessionLogin, solved(late, "admin", password)); a.status != http.StatusForbidden {
		t.Errorf("late: %d\n%s", a.status, a.body)
	}
	if textIn(first, "challenge") == textIn(late, "challenge") || textIn(first, "sessionID") == textIn(late, "sessionID") {
		t.Errorf("the same twice:\n%s\n%s", first, late)
	}
	for _, bad := range []string{"x", "<Other/>", "<SessionLogin/>"} {
		if a := g.ask(http.MethodPost, sessionLogin, bad); a.status < 400 {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
	if d.Refusals() != 0 {
		t.Errorf("%d failed logins", d.Refusals())
	}
}

func TestUsersAreCreatedWithoutAnID(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		c := connect(t, f, d, "admin", password)
		for i, name := range []string{"guard", "nurse"} {
			a := c.send(http.MethodPost, users, "<User><userName>"+name+"</userName><password>Night-Watch-9</password><loginPassword>"+password+"</loginPassword><userLevel>Operator</userLevel></User>", "ok")
			if textIn(a.body, "id") != strconv.Itoa(i+2) {
				t.Errorf("%s has the id %s", name, textIn(a.body, "id"))
			}
		}
		c.do(http.MethodDelete, users+"/2?loginPassword="+password, "")
		a := c.send(http.MethodPost, users, "<User><id></id><userName>day</userName><password>Night-Watch-9</password><loginPassword>"+password+"</loginPassword><userLevel>Viewer</userLevel></User>", "ok")
		if textIn(a.body, "id") != "2" || !d.Accepts("day", "Night-Watch-9") {
			t.Errorf("the free id is not given again:\n%s", a.body)
		}
	})
}
