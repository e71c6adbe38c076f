package simulator

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"camform/providers/device"
)

const (
	sessionLoginPath     = "/ISAPI/Security/sessionLogin"
	sessionHeartbeatPath = "/ISAPI/Security/sessionHeartbeat"
	sessionLogoutPath    = "/ISAPI/Security/sessionLogout"
	tokenPath            = "/ISAPI/Security/token"

	// sessionPatience is how long a session lasts without a request. Web pages send a heartbeat every 30 seconds.
	sessionPatience = 5 * time.Minute
	// riddleLifetime is how long an invitation to log in counts, and maxRiddles how many a device remembers. Neither is known.
	riddleLifetime = time.Minute
	maxRiddles     = 32

	sessionCookie = "WebSession"
)

// riddle is an invitation to log in at the web page: it serves one attempt.
type riddle struct {
	session, challenge string
	at                 time.Time
}

// hexadecimal makes up as many digits.
func hexadecimal(digits int) string {
	random := make([]byte, digits/2)
	rand.Read(random)
	return hex.EncodeToString(random)
}

// webPage is a device as it is to those who log in at its web page.
type webPage struct{ *unit }

// iterations is how often a password is hashed for a login, as the security capabilities say.
func (d webPage) iterations() int {
	n, err := strconv.Atoi(d.scanned(securityCapabilitiesPath).value("keyIterateNum"))
	if err != nil {
		return 100
	}
	return n
}

// salt is what goes before the hash of every password, empty where the model hashes passwords alone.
func (d webPage) salt() string { return d.scanned(securityCapabilitiesPath).value("salt") }

// logsIn answers what somebody sends who logs in at the web page, without credentials in the header.
func (x *exchange) logsIn() (reply, bool) {
	switch {
	case x.unit.model.recorded:
		return reply{}, false
	case x.q.path == sessionLoginPath+"/capabilities" && x.q.method == http.MethodGet:
		return x.invites(), true
	case x.q.path == sessionLoginPath && x.q.method == http.MethodPost:
		return x.opens(), true
	}
	return reply{}, false
}

// invites tells a client what a login at the web page is made of.
func (x *exchange) invites() reply {
	r := riddle{hexadecimal(x.unit.model.sessionDigits()), hexadecimal(32), x.unit.now()}
	x.unit.riddles = append(x.unit.riddles, r)
	x.unit.riddles = x.unit.riddles[max(0, len(x.unit.riddles)-maxRiddles):]
	var b strings.Builder
	fmt.Fprintf(&b, "<SessionLoginCap%s>\n<sessionID>%s</sessionID>\n<challenge>%s</challenge>\n<iterations>%d</iterations>\n", x.unit.model.attributes(), r.session, r.challenge, webPage{x.unit}.iterations())
	salt := webPage{x.unit}.salt()
	fmt.Fprintf(&b, "<isIrreversible>%t</isIrreversible>\n", salt != "")
	if salt != "" {
		fmt.Fprintf(&b, "<salt>%s</salt>\n", salt)
	}
	if !x.unit.model.ShortSessions {
		b.WriteString("<isSessionIDValidLongTerm opt=\"true,false\">false</isSessionIDValidLongTerm>\n<sessionIDVersion>2</sessionIDVersion>\n")
	}
	answer := x.unit.model.made(b.String() + "</SessionLoginCap>\n")
	return x.unit.model.send(http.StatusOK, answer.contentType, answer.body)
}

// sessionDigits is how long the ids of sessions are: older firmware has short ones.
func (b *blueprint) sessionDigits() int {
	if b.ShortSessions {
		return 20
	}
	return 64
}

// opens opens a session for a client that proves that it knows the password of an account.
func (x *exchange) opens() reply {
	root, err := scan(x.q.body)
	switch {
	case err != nil:
		return x.refuse(badXMLFormat)
	case root.name != "SessionLogin":
		return x.refuse(badXMLContent)
	}
	name := root.value("userName")
	at := slices.IndexFunc(x.unit.riddles, func(r riddle) bool { return r.session == root.value("sessionID") })
	if at < 0 || x.unit.now().Sub(x.unit.riddles[at].at) > riddleLifetime {
		return x.refuse(invalidOperation)
	}
	r := x.unit.riddles[at]
	x.unit.riddles = slices.Delete(x.unit.riddles, at, at+1)
	u := x.unit.core.Accounts.Named(name)
	if u == nil || u.Disabled || x.unit.lockedFor(x.q.source) > 0 || !same(webPage{x.unit}.solution(u, r), strings.ToLower(root.value("password"))) {
		x.unit.failed(x.q, name)
		return x.turnsAway()
	}
	x.unit.core.Gate.Forgive(x.q.source)
	x.unit.core.Sessions.OpenWith(r.session, u.Name, x.q.source, x.unit.now())
	x.unit.record(x.q.entry(Login, u.Name))
	answer := x.unit.model.made(fmt.Sprintf("<SessionLogin%s>\n<statusValue>200</statusValue>\n<statusString>OK</statusString>\n<isDefaultPassword>%t</isDefaultPassword>\n"+
		"<isRiskPassword>%t</isRiskPassword>\n<isActivated>true</isActivated>\n<sessionID>%s</sessionID>\n</SessionLogin>\n",
		x.unit.model.attributes(), u.Password == factoryPassword, x.unit.model.checkPassword(u.Name, u.Password) != nil, r.session))
	sent := x.unit.model.send(http.StatusOK, answer.contentType, answer.body)
	cookie := sessionCookie
	if !x.unit.model.ShortSessions {
		cookie += "_" + x.unit.identity.salt[:10]
	}
	sent.header["Set-Cookie"] = []string{cookie + "=" + r.session + "; path=/;HttpOnly"}
	return sent
}

// solution is what somebody who knows the password of an account sends to log in: clients of several authors agree.
func (d webPage) solution(u *device.Account, r riddle) string {
	hash, first := shaDigest.hash, 1
	sum := hash(u.Password) + r.challenge
	if salt := d.salt(); salt != "" {
		sum, first = hash(hash(u.Name+salt+u.Password)+r.challenge), 2
	}
	for range d.iterations() - first {
		sum = hash(sum)
	}
	return sum
}

// turnsAway answers a failed login at the web page, which costs as much as any other.
func (x *exchange) turnsAway() reply {
	state, left := "unlock", x.unit.core.Gate.Remaining(x.unit.running.lock, x.q.source, x.unit.now())
	seconds := int(x.unit.lockedFor(x.q.source).Seconds())
	if seconds > 0 {
		state, left = "lock", 0
	}
	answer := x.unit.model.made(fmt.Sprintf("<ResponseStatus version=\"2.0\" xmlns=\"http://www.std-cgi.org/ver20/XMLSchema\">\n<requestURL>%s</requestURL>\n<statusCode>4</statusCode>\n"+
		"<statusString>Invalid Operation</statusString>\n<subStatusCode>invalidOperation</subStatusCode>\n<lockStatus>%s</lockStatus>\n<retryTimes>%d</retryTimes>\n<resLockTime>%d</resLockTime>\n</ResponseStatus>\n",
		x.q.path, state, left, seconds))
	return x.unit.model.send(http.StatusUnauthorized, answer.contentType, answer.body)
}

// session is the account of the open session that a request carries, nil for none.
func (x *exchange) session() *device.Account {
	open, found := x.unit.core.Sessions.Use(x.q.session, x.q.source, x.unit.now(), sessionPatience)
	u := x.unit.core.Accounts.Named(open.User)
	if !found || u == nil || u.Disabled {
		return nil
	}
	return u
}

// keepsSession answers what a web page sends about its session, and what it needs to show the picture.
func (x *exchange) keepsSession() (reply, bool) {
	switch {
	case x.unit.model.recorded:
		return reply{}, false
	case x.q.path == sessionHeartbeatPath && x.q.method == http.MethodPut:
	case x.q.path == sessionLogoutPath && x.q.method == http.MethodPut:
		x.unit.core.Sessions.End(x.q.session)
	case x.q.path == tokenPath && x.q.method == http.MethodGet && x.q.query.Get("format") == "json":
		body, _ := json.Marshal(map[string]any{"Token": map[string]string{"value": hexadecimal(32)}})
		return x.unit.model.send(http.StatusOK, contentJSON, body), true
	default:
		return reply{}, false
	}
	return x.unit.model.respond(x.q, result{http: http.StatusOK, code: ok}), true
}

// sessionOf is the id of the session that the cookies of a request name, or "".
func sessionOf(cookies []*http.Cookie) string {
	for _, c := range cookies {
		if c.Name == sessionCookie || strings.HasPrefix(c.Name, sessionCookie+"_") {
			return c.Value
		}
	}
	return ""
}
