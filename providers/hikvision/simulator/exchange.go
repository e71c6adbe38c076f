package simulator

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"camform/providers/device"
)

// exchange is one request that a device answers.
type exchange struct {
	unit *unit
	q    request
	f    fault
}

// request is what a device looks at in an HTTP request.
type request struct {
	method, path, uri string
	query             url.Values
	body              []byte
	authorization     string
	contentType       string
	session           string // of the web page, from a cookie; empty for none
	source            netip.Addr
	secure            bool
	boots             int // how often the device had started or gone elsewhere when the connection was made
}

// entry is a line of the log about the request.
func (q request) entry(kind EntryKind, user string) Entry {
	return Entry{Kind: kind, Source: q.source, User: user, Method: q.method, Path: q.path}
}

// maxBody is the largest body that a device takes.
const maxBody = 1 << 20

func (d *Device) receive(r *http.Request) (request, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return request{}, err
	}
	q := request{
		method: r.Method, path: strings.TrimSuffix(r.URL.Path, "/"), uri: cmp.Or(r.RequestURI, r.URL.RequestURI()), query: r.URL.Query(),
		body: body, authorization: r.Header.Get("Authorization"), contentType: r.Header.Get("Content-Type"), session: sessionOf(r.Cookies()),
		secure: r.TLS != nil, boots: -1,
	}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		q.source = from.Addr().Unmap()
	}
	if l, ok := r.Context().Value(linkKey{}).(*link); ok {
		q.boots = l.boots
	}
	return q, nil
}

// ServeHTTP answers a request the way the device does. Where a device would cut the connection, it panics with
// http.ErrAbortHandler, which servers take as just that.
func (d *Device) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := d.receive(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	d.unit.fleet.catchUp()
	d.unit.fleet.witnessed()
	f, healed := d.faultsFor(q)
	if d.closesConnections() {
		w.Header()["Connection"] = []string{"close"}
	}
	if !d.before(r.Context(), healed, w, q, f) {
		return
	}
	answering := d
	if f.has(WrongIdentity) {
		answering = d.substitute()
	}
	answer := (&exchange{&answering.unit, q, f}).answer()
	if answer.later != nil {
		answer = answer.later()
	}
	d.unit.fleet.witnessed()
	if f.has(RestartWeb) {
		d.restartWeb(f[RestartWeb])
	}
	if answer.silent() || f.has(DropReply) || f.has(RestartWeb) {
		panic(http.ErrAbortHandler)
	}
	answer.header.Set("Date", answering.date())
	f.write(r.Context(), healed, w, answer)
	if answer.stream != nil {
		answer.stream(r.Context(), w)
	}
}

func (d *Device) closesConnections() bool {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	return d.unit.quirks.ClosesConnections
}

// date is what the web server of the device says of the time.
func (d *Device) date() string {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	return clockOf(&d.unit).UTC().Format(http.TimeFormat)
}

// before does what a fault asks for before the device looks at the request. It reports whether the device still does.
func (d *Device) before(ctx context.Context, healed <-chan struct{}, w http.ResponseWriter, q request, f fault) bool {
	if !wait(ctx, f[Latency].Delay, healed) || f.has(DropRequest) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case f.has(Reset):
		reset(w)
	case f.has(SessionFull):
		d.unit.model.send(http.StatusUnauthorized, "text/html", nil).write(w)
	case f.has(LoginPage):
		answer := d.unit.model.send(http.StatusFound, "text/html", nil)
		answer.header["Location"] = []string{loginPage}
		answer.write(w)
	case f.has(Page):
		d.unit.model.send(f[Page].Status, "text/html", fmt.Appendf(nil, "<!DOCTYPE html>\n<html><body><h2>%s</h2></body></html>\n", http.StatusText(f[Page].Status))).write(w)
	case f.has(Status):
		d.unit.model.respond(q, result{http: f[Status].Status, code: subCode(f[Status].Code)}).write(w)
	default:
		if f.has(RebootDevice) {
			d.Reboot()
		}
		if f.has(LockDevice) {
			d.lockEverybody()
		}
		if failures := f[ForeignLogin].Failures; failures > 0 {
			d.FailLogins(q.source, failures)
		}
		return true
	}
	return false
}

// loginPage is where the web interface sends a client that is not logged in to it.
const loginPage = "/doc/page/login.asp"

// restartWeb lets the web server of the device be away for a while. It forgets its nonces.
func (d *Device) restartWeb(r Rule) {
	defer d.enter()()
	d.unit.webBack, d.unit.webStatus = d.unit.now().Add(r.Delay), r.Status
	d.unit.webStarts++
	listeners{&d.unit}.hangUp()
}

// webAway is what a client gets while the web server is away.
func (x *exchange) webAway() reply {
	if x.unit.webStatus == 0 {
		return reply{}
	}
	return x.unit.model.send(x.unit.webStatus, "text/html", nil)
}

// lockEverybody locks every source for as long as too many failed logins would.
func (d *Device) lockEverybody() {
	d.unit.mu.Lock()
	duration := d.unit.running.lock.Duration
	d.unit.mu.Unlock()
	d.Lock(duration)
}

// wait passes the time, or less where over is closed before, and reports whether the request is still wanted.
func wait(ctx context.Context, d time.Duration, over <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
}

// reset ends a connection with a TCP reset where it has one.
func reset(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	for {
		wrapper, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = wrapper.NetConn() // TLS would take its leave
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// answer is the device at work: who is it, may he, and what does he want.
func (x *exchange) answer() reply {
	x.unit.mu.Lock()
	defer x.unit.mu.Unlock()
	x.unit.core.Accounts.Settle(x.unit.now())
	switch {
	case x.unit.away() || x.q.boots >= 0 && x.q.boots != x.unit.core.Starts+x.unit.moves:
		return reply{}
	case x.unit.now().Before(x.unit.webBack):
		return x.webAway()
	case x.unit.running.filter.drops(x.q.source) && !x.unit.quirks.FiltersNewOnly:
		x.unit.record(x.q.entry(Filtered, ""))
		return reply{}
	case x.unit.running.redirect && x.unit.running.https.enabled && !x.q.secure:
		return x.redirect()
	case x.q.path == activateStatusPath:
		return x.activateStatus()
	case x.unit.inactive:
		return x.whileInactive()
	case x.q.path == externPath && x.unit.model.Extern != "":
		return x.ways()
	}
	if answer, logsIn := x.logsIn(); logsIn {
		return answer
	}
	switch {
	case x.unit.lockedFor(x.q.source) > 0:
		return x.locked()
	case x.activates():
		return x.refuse(hasActivated)
	}
	u, verdict := x.authenticate()
	switch verdict {
	case anonymous, replayed:
		return x.unauthorized(false)
	case stale:
		return x.unauthorized(true)
	case wrong:
		return x.turnedAway()
	}
	if x.f.has(AskAgain) {
		for range x.f[AskAgain].Failures {
			x.unit.failed(x.q, u.Name)
		}
		return x.unauthorized(false)
	}
	x.unit.core.Gate.Forgive(x.q.source)
	if x.unit.newLogin {
		x.unit.newLogin = false
		x.unit.record(x.q.entry(Login, u.Name))
	}
	return x.serve(u)
}

// turnedAway answers a failed login, which may be the one that locks the source.
func (x *exchange) turnedAway() reply {
	_, parameters, _ := strings.Cut(x.q.authorization, " ")
	x.unit.failed(x.q, parseParameters(parameters)["username"])
	if x.unit.lockedFor(x.q.source) > 0 {
		x.q.authorization = ""
		return x.locked()
	}
	return x.unauthorized(false)
}

func (x *exchange) redirect() reply {
	answer := x.unit.model.send(http.StatusMovedPermanently, "text/html", nil)
	address := x.unit.address
	if x.unit.quirks.FactoryAddress {
		address = custody{x.unit}.place()
	}
	host := netip.AddrPortFrom(address, uint16(x.unit.running.https.port)).String()
	answer.header["Location"] = []string{"https://" + host + x.q.uri}
	return answer
}

// serve answers a request of somebody who is logged in.
func (x *exchange) serve(u *device.Account) reply {
	if id, own := userPath(x.q.path); u.Asleep && !(own && id == u.ID && x.q.method == http.MethodPut) {
		return x.unit.model.respond(x.q, *x.unit.model.refuse(accountNotActivated))
	}
	if !permitted(x.q, u) {
		return x.unit.model.respond(x.q, *x.unit.model.refuse(lowPrivilege))
	}
	if x.f.has(Echo) {
		return x.unit.model.respond(x.q, echo(u.Password))
	}
	for _, answers := range []func() (reply, bool){
		func() (reply, bool) { return x.exports(u) }, x.keepsSession, x.alerts, func() (reply, bool) { return x.picture(u) },
	} {
		if answer, answered := answers(); answered {
			return answer
		}
	}
	if x.q.method != http.MethodGet && x.q.method != http.MethodHead {
		if x.f.has(LateEffect) {
			x.unit.late, x.unit.lateUntil = maps.Clone(x.unit.own), x.unit.now().Add(x.f[LateEffect].Delay)
		}
		return x.unit.model.respond(x.q, (&write{unit: x.unit, q: x.q, by: u, f: x.f}).accept())
	}
	if x.q.path == userCheckPath && !x.unit.model.recorded {
		return x.unit.model.send(http.StatusOK, contentXML, x.unit.model.userCheckOK(u))
	}
	if x.q.path == socketIPPath && x.unit.model.TellsSource {
		return x.unit.model.send(http.StatusOK, contentXML, socketIP(x.q.source))
	}
	if status, refused := x.unit.model.refusals[x.q.path]; refused && x.unit.own[x.q.path] == nil {
		return x.unit.model.respond(x.q, result{http: status, code: refusalCode(status)})
	}
	if answer, looks := x.looksAtCameras(); looks {
		return answer
	}
	if x.unit.now().Before(x.unit.lateUntil) {
		own := x.unit.own
		x.unit.own = x.unit.late
		defer func() { x.unit.own = own }()
	}
	if doc, found := (papers{x.unit}).asked(x.q); found && x.unit.model.speaks(doc, x.q) {
		doc = x.unit.quirks.wrapped(x.unit.revealing(x.q.path, doc))
		return x.unit.model.send(http.StatusOK, doc.contentType, doc.body)
	}
	if x.q.path == userCheckPath {
		return x.unit.model.send(http.StatusOK, contentXML, x.unit.model.userCheckOK(u))
	}
	return x.unit.model.respond(x.q, *x.unit.model.absent(x.q.path))
}

// socketIP is the address of a client as a device tells it.
func socketIP(source netip.Addr) []byte {
	name := "ipAddress"
	if source.Is6() {
		name = "ipv6Address"
	}
	return fmt.Appendf(nil, "<SocketIP><%s>%s</%s></SocketIP>\n", name, source, name)
}

// speaks reports whether a request asks for the language of a document: JSON only where the query says so. Recorded devices
// answer as they were asked then.
func (b *blueprint) speaks(doc document, q request) bool {
	return doc.contentType != contentJSON || b.recorded || q.query.Get("format") == "json"
}

// refusalCode is the sub code that goes with the HTTP status of a recorded refusal.
func refusalCode(status int) subCode {
	switch {
	case status == http.StatusBadRequest:
		return methodNotAllowed
	case status == http.StatusServiceUnavailable:
		return deviceBusy
	case status >= 500:
		return deviceError
	}
	return notSupport
}

// permitted reports whether the level of a user allows the request: only an administrator writes, or reads about
// security. Everybody may check his own login and set his own password.
func permitted(q request, u *device.Account) bool {
	id, single := userPath(q.path)
	reads := q.method == http.MethodGet || q.method == http.MethodHead
	switch {
	case u.Level == administrator:
		return true
	case single && id == u.ID:
		return q.method == http.MethodPut
	case q.path == userCheckPath, q.path == tokenPath:
		return reads
	case q.path == sessionHeartbeatPath, q.path == sessionLogoutPath:
		return true
	}
	return reads && !strings.HasPrefix(q.path, securityPath+"/")
}

// substitute is the other device that answers after a wrong-identity fault: same model and settings of the factory,
// another serial number, realm and key. It knows the same passwords, so that it could learn what it must not get.
func (d *Device) substitute() *Device {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	if d.impostor == nil {
		d.impostor = newDevice(d.unit.model, d.unit.identity.seed^0xa5a5a5a5a5a5a5a5, d.unit.name, d.unit.address, d.unit.clock)
		d.impostor.unit.core.Accounts = d.unit.core.Accounts.Clone()
		d.impostor.unit.admin, d.impostor.unit.inactive = d.unit.admin, d.unit.inactive
		d.impostor.unit.syncPermissions()
	}
	return d.impostor
}
