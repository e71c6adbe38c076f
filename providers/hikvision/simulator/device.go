package simulator

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"camform/providers/device"
)

// Device is a camera or recorder. It is an http.Handler and safe for concurrent use.
//
// As a handler it takes the source address from RemoteAddr and the scheme from TLS. Only a Fleet also closes ports and
// limits TLS as the device is told; use Fleet.DialContext or Fleet.Serve where that matters.
type Device struct {
	model    *blueprint
	identity identity
	name     string
	address  netip.Addr
	fleet    *Fleet // nil for a device that stands alone
	clock    func() time.Time
	watch    device.Watch // of the cameras of the fleet

	mu      sync.Mutex
	quirks  Quirks
	own     map[string][]byte // documents that differ from the model
	certs   certificates
	secrets map[string]string // write-only values that were sent, by document and trail
	nonces  map[string]nonceUse
	core    device.State
	faults  device.Script[Rule]

	// saved is what the documents ask for, running what is in force until the next reboot.
	saved, running *settings

	usersChanged bool
	newLogin     bool // the request being answered used a nonce for the first time
	issued       uint32
	bootedAt     time.Time
	clockOffset  time.Duration
	impostor     *Device // who answers in place of the device after a wrong-identity fault
}

// identity is what distinguishes a device from others of its model.
type identity struct {
	serial, mac, realm, deviceID, salt string
	key                                [16]byte // of nonces
	seed                               uint64
}

// Quirks are habits of single firmwares that a device can be given on top of its model.
type Quirks struct {
	NonceBoundToURL bool `json:"nonceBoundToURL"` // a nonce counts only for the path whose request it answered
	StaleFalse      bool `json:"staleFalse"`      // an expired nonce is answered with stale="FALSE", like a wrong password
	BareUser        bool `json:"bareUser"`        // a User element with attributes is refused, as by neutral OEM firmware

	// MustChange puts a user to sleep whose password somebody else has set: whatever he asks for is answered with
	// theAccountIsNotActivated, until he sets another password himself. The list of users tells who sleeps.
	MustChange     bool `json:"mustChange"`
	HidesAttempts  bool `json:"hidesAttempts"`  // answers 401 tell neither that a source is locked nor how many attempts it has left
	FiltersNewOnly bool `json:"filtersNewOnly"` // an address filter that is switched on lets connections live that are open; which devices do that is not known
	KeepsFailures  bool `json:"keepsFailures"`  // a login that works does not make up for failed ones; only a lock that ended does

	NonceLifetime time.Duration `json:"-"` // 0 for five minutes
	KeepAlive     time.Duration `json:"-"` // an idle connection is closed after that; 0 for never
}

const defaultNonceLifetime = 5 * time.Minute

func (q Quirks) nonceLifetime() time.Duration { return cmp.Or(q.NonceLifetime, defaultNonceLifetime) }

// Name is the unique name of the device within its fleet, such as "camera-v57-0007".
func (d *Device) Name() string { return d.name }

// Address is the loopback address that the device answers at.
func (d *Device) Address() netip.Addr { return d.address }

// Model is the name of the built-in model, or of the folder of a recorded one.
func (d *Device) Model() string { return d.model.name }

// Kind is camera, thermal, recorder or dvr; recordings that do not say what they are have "device".
func (d *Device) Kind() string { return d.model.Kind }

// Serial is the serial number in deviceInfo, empty for recordings without it.
func (d *Device) Serial() string { return d.identity.serial }

// MAC is the hardware address in deviceInfo, lower case with colons; empty for recordings without it.
func (d *Device) MAC() string { return d.identity.mac }

// Realm is the realm of the digest challenges of the device.
func (d *Device) Realm() string { return d.identity.realm }

// SetQuirks replaces the quirks of the device.
func (d *Device) SetQuirks(q Quirks) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.setQuirks(q)
}

func (d *Device) setQuirks(q Quirks) {
	d.quirks = q
	d.core.Gate.KeepsFailures = q.KeepsFailures
}

// newIdentity makes up what distinguishes a device, always the same for a seed.
func newIdentity(b *blueprint, seed uint64) identity {
	random := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))
	fill := func(pattern, digits string) string {
		return strings.Map(func(r rune) rune {
			if r == '#' {
				return rune(digits[random.IntN(len(digits))])
			}
			return r
		}, pattern)
	}
	realmDigits := "0123456789abcdef"
	if b.Challenge == cameraChallenge {
		realmDigits = "0123456789ABCDEF"
	}
	id := identity{
		seed:     seed,
		serial:   fill(b.personality.Serial, "0123456789"),
		realm:    fill(b.personality.Realm, realmDigits),
		mac:      fill("02:##:##:##:##:##", "0123456789abcdef"),
		deviceID: fill("########-####-####-####-############", "0123456789abcdef"),
		salt:     fill(strings.Repeat("#", 64), "0123456789abcdef"),
	}
	for i := range id.key {
		id.key[i] = byte(random.Uint32())
	}
	return id
}

// fill replaces the placeholders in a document of a model.
func (d *Device) fill(body []byte) []byte {
	tail := d.identity.serial[max(0, len(d.identity.serial)-9):]
	return []byte(strings.NewReplacer(
		"{{name}}", d.name, "{{serial}}", d.identity.serial, "{{subserial}}", tail, "{{mac}}", d.identity.mac, "{{id}}", d.identity.deviceID,
		"{{salt}}", d.identity.salt, "{{engine}}", strings.ReplaceAll(d.identity.mac, ":", ""),
	).Replace(string(body)))
}

func (d *Device) now() time.Time { return d.clock() }

// stored returns the document at exactly that path, as it is kept.
func (d *Device) stored(path string) (document, bool) {
	doc, found := d.model.documents[path]
	if own, changed := d.own[path]; changed {
		return document{body: own, contentType: cmp.Or(doc.contentType, contentXML)}, true
	}
	if doc.filled {
		doc.body = d.fill(doc.body)
	}
	return doc, found
}

// read returns what a GET of the path shows.
func (d *Device) read(path string) (document, bool) {
	if d.hasUsers() && (path == usersPath || strings.HasPrefix(path, usersPath+"/")) {
		if doc, found := d.readUsers(path); found {
			return doc, true
		}
	}
	if doc, found := d.channelStatus(path); found {
		return doc, true
	}
	if doc, found := d.readCertificates(path); found {
		return doc, true
	}
	doc, found := d.stored(path)
	if d.model.recorded && found {
		return doc, true
	}
	switch {
	case found:
		doc.body = d.live(path, doc.body)
		return doc, true
	case d.storedTime() == nil:
	case path == localTimePath:
		return document{body: []byte(d.localTime()), contentType: contentText}, true
	case path == timeZonePath:
		return document{body: []byte(d.storedTime().value("timeZone")), contentType: contentText}, true
	}
	if part, found := d.partAt(path); found {
		return document{body: part.alone(), contentType: contentXML}, true
	}
	return document{}, false
}

// live puts what runs by itself into a document.
func (d *Device) live(path string, body []byte) []byte {
	values := map[string]string{}
	switch path {
	case timePath:
		values["localTime"] = d.localTime()
	case statusPath:
		values["currentDeviceTime"] = d.localTime()
		values["deviceUpTime"] = fmt.Sprint(int(d.now().Sub(d.bootedAt).Seconds()))
	default:
		return body
	}
	root, err := scan(body)
	if err != nil {
		return body
	}
	var edits []edit
	for name, text := range values {
		if e := root.child(name); e != nil {
			edits = append(edits, e.setText(body, text))
		}
	}
	return apply(body, edits)
}

// store keeps a document and lets the device act on it, at once or after the next reboot.
func (d *Device) store(path string, body []byte) (needsReboot bool, err error) {
	saved, running := *d.saved, *d.running
	if err := saved.learn(d.model, path, body); err != nil {
		return false, err
	}
	needsReboot = d.needsReboot(path, body)
	if !needsReboot {
		if err := running.learn(d.model, path, body); err != nil {
			return false, err
		}
		d.running = &running
	}
	d.saved = &saved
	if d.own == nil {
		d.own = make(map[string][]byte)
	}
	d.own[path] = body
	return needsReboot, nil
}

// needsReboot reports whether a document acts only after the next reboot: always, or because of the parts that change.
func (d *Device) needsReboot(path string, body []byte) bool {
	for _, pattern := range d.model.RebootRequired {
		for _, v := range views {
			if v.path == pattern && v.document == path && d.differs(v, body) {
				return true
			}
		}
	}
	return slices.Contains(d.model.RebootRequired, path)
}

// differs reports whether one of the parts that the view shows in the items of a list is another one in body.
func (d *Device) differs(v view, body []byte) bool {
	stored, _ := d.stored(v.document)
	old, errOld := scan(stored.body)
	want, errWant := scan(body)
	if errOld != nil || errWant != nil {
		return false
	}
	for _, item := range old.children {
		ids := []string{item.value("id")}
		before, after := v.find(old, ids), v.find(want, ids)
		if before != nil && (after == nil || !bytes.Equal(stored.body[before.inner:before.close], body[after.inner:after.close])) {
			return true
		}
	}
	return false
}

// jsonQuery follows the path of a JSON document in a URL.
const jsonQuery = "?format=json"

// Document returns what a GET of the path shows to an administrator, nil if the device does not have it. The slice is the
// caller's. The path may have the query of a JSON document.
func (d *Device) Document(path string) []byte {
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	doc, found := d.read(strings.TrimSuffix(path, jsonQuery))
	if !found {
		return nil
	}
	return slices.Clone(doc.body)
}

// Documents are the paths of the documents that the device has, sorted. Those of JSON documents have the query ?format=json
// that devices ask for; recorded devices do not.
func (d *Device) Documents() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	paths := maps.Clone(d.own)
	if paths == nil {
		paths = make(map[string][]byte)
	}
	for path, doc := range d.model.documents {
		if doc.contentType == contentJSON && !d.model.recorded {
			delete(paths, path)
			path += jsonQuery
		}
		paths[path] = nil
	}
	return slices.Sorted(maps.Keys(paths))
}

// SetDocument replaces a document and acts on it at once, as if somebody had used the web page of the device. Nothing is
// checked but that the device can act on it. Users are changed with SetUser.
func (d *Device) SetDocument(path string, body []byte) error {
	path = strings.TrimSuffix(path, jsonQuery)
	if path == usersPath {
		return errors.New("users are no document: use SetUser and RemoveUser")
	}
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	running := *d.running
	if err := running.learn(d.model, path, body); err != nil {
		return fmt.Errorf("%s: document %s: %w", d.name, path, err)
	}
	if _, err := d.store(path, slices.Clone(body)); err != nil {
		return fmt.Errorf("%s: document %s: %w", d.name, path, err)
	}
	d.running = &running
	if path == channelsPath {
		d.publishChannels()
	}
	return nil
}

// Lock makes the device refuse every source for a time, as after too many failed logins.
func (d *Device) Lock(duration time.Duration) {
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.core.LockAll(d.now(), duration)
}

// Reboot takes the device down as a power cycle does: connections are cut and new ones refused for the time that the model
// needs, nonces and locks are forgotten, and settings that waited for it come into force.
func (d *Device) Reboot() {
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reboot()
}

func (d *Device) reboot() {
	d.record(Entry{Kind: Rebooted})
	d.core.Restart(d.now(), time.Duration(d.model.personality.Reboot.Away)*time.Second)
	d.core.Gate.Reset()
	d.bootedAt = d.core.Away
	d.nonces = nil
	d.running = d.saved
}

func (d *Device) away() bool { return d.now().Before(d.core.Away) }

// starting reports whether the device came back so recently that it refuses writes.
func (d *Device) starting() bool {
	grace := time.Duration(d.model.personality.Reboot.Grace) * time.Second
	return d.core.Starts > 0 && d.now().Before(d.core.Away.Add(grace))
}

// request is what a device looks at in an HTTP request.
type request struct {
	method, path, uri string
	query             url.Values
	body              []byte
	authorization     string
	source            netip.Addr
	secure            bool
	boots             int // how often the device had started when the connection was made
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
		body: body, authorization: r.Header.Get("Authorization"), secure: r.TLS != nil, boots: -1,
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
	d.fleet.catchUp()
	f := d.faultsFor(q)
	if !d.before(r.Context(), w, q, f) {
		return
	}
	answering := d
	if f.impostor {
		answering = d.substitute()
	}
	answer := answering.answer(q, f)
	if answer.later != nil {
		answer = answer.later()
	}
	if answer.silent() || f.dropReply {
		panic(http.ErrAbortHandler)
	}
	f.write(r.Context(), w, answer)
}

// before does what a fault asks for before the device looks at the request. It reports whether the device still does.
func (d *Device) before(ctx context.Context, w http.ResponseWriter, q request, f fault) bool {
	if !wait(ctx, f.delay) || f.dropRequest {
		panic(http.ErrAbortHandler)
	}
	switch {
	case f.reset:
		reset(w)
	case f.sessionFull:
		d.send(http.StatusUnauthorized, "text/html", nil).write(w)
	case f.status != 0:
		d.respond(q, result{http: f.status, code: f.code}).write(w)
	default:
		if f.reboot {
			d.Reboot()
		}
		if f.lock {
			d.lockEverybody()
		}
		if f.foreign > 0 {
			d.FailLogins(q.source, f.foreign)
		}
		return true
	}
	return false
}

// lockEverybody locks every source for as long as too many failed logins would.
func (d *Device) lockEverybody() {
	d.mu.Lock()
	duration := d.running.lock.Duration
	d.mu.Unlock()
	d.Lock(duration)
}

// wait passes the time and reports whether the request is still wanted.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
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
func (d *Device) answer(q request, f fault) reply {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.core.Accounts.Settle(d.now())
	switch {
	case d.away() || q.boots >= 0 && q.boots != d.core.Starts:
		return reply{}
	case d.running.filter.drops(q.source) && !d.quirks.FiltersNewOnly:
		d.record(q.entry(Filtered, ""))
		return reply{}
	case d.running.redirect && d.running.https.enabled && !q.secure:
		return d.redirect(q)
	case q.path == activateStatusPath:
		return d.send(http.StatusOK, contentXML, []byte("<ActivateStatus><Activated>true</Activated></ActivateStatus>\n"))
	case d.lockedFor(q.source) > 0:
		return d.locked(q)
	}
	u, verdict := d.authenticate(q)
	switch verdict {
	case anonymous, replayed:
		return d.unauthorized(q, false)
	case stale:
		return d.unauthorized(q, true)
	case wrong:
		return d.turnedAway(q)
	}
	d.core.Gate.Forgive(q.source)
	if d.newLogin {
		d.newLogin = false
		d.record(q.entry(Login, u.Name))
	}
	return d.serve(q, u, f)
}

// turnedAway answers a failed login, which may be the one that locks the source.
func (d *Device) turnedAway(q request) reply {
	_, parameters, _ := strings.Cut(q.authorization, " ")
	d.failed(q, parseParameters(parameters)["username"])
	if d.lockedFor(q.source) > 0 {
		q.authorization = ""
		return d.locked(q)
	}
	return d.unauthorized(q, false)
}

func (d *Device) redirect(q request) reply {
	answer := d.send(http.StatusMovedPermanently, "text/html", nil)
	host := netip.AddrPortFrom(d.address, uint16(d.running.https.port)).String()
	answer.header["Location"] = []string{"https://" + host + q.uri}
	return answer
}

// serve answers a request of somebody who is logged in.
func (d *Device) serve(q request, u *device.Account, f fault) reply {
	if id, own := userPath(q.path); u.Asleep && !(own && id == u.ID && q.method == http.MethodPut) {
		return d.respond(q, *d.refuse(accountNotActivated))
	}
	if !permitted(q, u) {
		return d.respond(q, *d.refuse(lowPrivilege))
	}
	if q.method != http.MethodGet && q.method != http.MethodHead {
		return d.respond(q, d.accept(q, u, f))
	}
	if q.path == userCheckPath && !d.model.recorded {
		return d.send(http.StatusOK, contentXML, d.userCheckOK())
	}
	if status, refused := d.model.refusals[q.path]; refused && d.own[q.path] == nil {
		return d.respond(q, result{http: status, code: refusalCode(status)})
	}
	if answer, looks := d.looksAtCameras(q); looks {
		return answer
	}
	if doc, found := d.read(q.path); found && d.speaks(doc, q) {
		return d.send(http.StatusOK, doc.contentType, doc.body)
	}
	if q.path == userCheckPath {
		return d.send(http.StatusOK, contentXML, d.userCheckOK())
	}
	return d.respond(q, *d.absent(q.path))
}

// speaks reports whether a request asks for the language of a document: JSON only where the query says so. Recorded devices
// answer as they were asked then.
func (d *Device) speaks(doc document, q request) bool {
	return doc.contentType != contentJSON || d.model.recorded || q.query.Get("format") == "json"
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
	case q.path == userCheckPath:
		return reads
	}
	return reads && !strings.HasPrefix(q.path, securityPath+"/")
}

// accept carries out a write and notes it, with the faults that concern it.
func (d *Device) accept(q request, u *device.Account, f fault) result {
	switch {
	case d.starting():
		return *d.refuse(invalidOperation)
	case f.ignoreWrite:
		return result{http: http.StatusOK, code: ok}
	}
	done := d.change(q, u, f)
	entry := q.entry(RemoteConfig, u.Name)
	if done.code != ok && done.code != rebootRequired {
		entry.Kind, entry.Detail = Rejected, string(done.code)
	}
	d.record(entry)
	if entry.Kind == RemoteConfig && q.path == rebootPath {
		d.reboot()
	}
	if strings.HasPrefix(q.path, channelsPath) {
		d.publishChannels()
	}
	switch {
	case f.errorButApplied && f.code != "":
		return *d.refuse(f.code)
	case f.errorButApplied:
		return result{http: http.StatusInternalServerError, code: deviceError}
	case f.remark != "" && done.code == ok:
		done.code, done.class = f.remark, ok.statusCode()
	}
	return done
}

// change carries out a write.
func (d *Device) change(q request, u *device.Account, f fault) result {
	if d.hasUsers() && (q.path == usersPath || strings.HasPrefix(q.path, usersPath+"/")) {
		return d.changeUsers(q, u, f)
	}
	if q.path == rebootPath && q.method == http.MethodPut {
		return result{http: http.StatusOK, code: ok}
	}
	q, no := d.prepare(q, u)
	if no != nil {
		return *no
	}
	if done, handled := d.changeItems(q, u); handled {
		return done
	}
	if done, handled := d.changeCertificates(q); handled {
		return done
	}
	if q.path == logServerTestPath && q.method == http.MethodPost && d.has(strings.TrimSuffix(logServerTestPath, "/test")) {
		return d.testLogServer(q)
	}
	have, known := d.read(q.path)
	switch {
	case !known:
		return *d.absent(q.path)
	case q.method != http.MethodPut || getOnly(q.path):
		return *d.wrongVerb()
	case q.path == timeZonePath && !d.model.recorded:
		return d.putTimeZone(q, f)
	case !d.speaks(have, q):
		return *d.refuse(badXMLFormat)
	}
	return d.put(q.path, q.body, f)
}

// getOnly reports whether nothing but a GET makes sense for a path.
func getOnly(path string) bool {
	for _, end := range []string{"/capabilities", "/status", "Cap"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return path == storagePath || strings.HasPrefix(path, storagePath+"/")
}

// put replaces a document, or a part of one, by what a write asks for.
func (d *Device) put(path string, sent []byte, f fault) result {
	have, found := d.read(path)
	if !found {
		return *d.absent(path)
	}
	if have.contentType == contentJSON && !d.model.recorded {
		return d.putJSON(path, have.body, sent)
	}
	p, isXML := d.partAt(path)
	if !isXML || have.contentType != contentXML {
		return d.keep(path, part{document: path}, composed{body: sent})
	}
	next, no := d.compose(path, p, have.body, sent)
	if no != nil {
		return *no
	}
	if f.partial {
		next.body = firstChange(have.body, next.body)
	}
	done := d.keep(path, p, next)
	if path == timePath && (done.code == ok || done.code == rebootRequired) {
		d.setClock(sent)
	}
	return done
}

// keep stores a part with the secrets that came with it, if the whole document makes sense.
func (d *Device) keep(path string, p part, next composed) result {
	whole := next.body
	if p.element != nil {
		whole = p.replaced(next.body)
		if no := d.checkMeaning(p.document, whole); no != nil && d.model.Writes != keepWrites {
			return *no
		}
	}
	needsReboot, err := d.store(p.document, whole)
	if err != nil {
		return *d.refuse(badParameters)
	}
	d.remember(p, next.secrets)
	if needsReboot {
		return result{http: http.StatusOK, code: rebootRequired}
	}
	return result{http: http.StatusOK, code: ok}
}

// putTimeZone sets the time zone from plain text.
func (d *Device) putTimeZone(q request, f fault) result {
	stored, _ := d.stored(timePath)
	root, err := scan(stored.body)
	zone := root.child("timeZone")
	text := strings.TrimSpace(string(q.body))
	if err != nil || zone == nil || !timeZone.MatchString(text) {
		return *d.refuse(badParameters)
	}
	if f.partial {
		return result{http: http.StatusOK, code: ok}
	}
	if _, err := d.store(timePath, d.rewriteTime(apply(stored.body, []edit{zone.setText(stored.body, text)}))); err != nil {
		return *d.refuse(badParameters)
	}
	return result{http: http.StatusOK, code: ok}
}

// substitute is the other device that answers after a wrong-identity fault: same model and settings of the factory,
// another serial number, realm and key. It knows the same passwords, so that it could learn what it must not be told.
func (d *Device) substitute() *Device {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.impostor == nil {
		d.impostor = newDevice(d.model, d.identity.seed^0xa5a5a5a5a5a5a5a5, d.name, d.address, d.clock)
		d.impostor.core.Accounts = d.core.Accounts.Clone()
		d.impostor.syncPermissions()
	}
	return d.impostor
}

// distinguish gives a recorded device a serial number of its own where another device of the fleet has the same: whoever
// recorded answers may have blanked out the digits that tell devices apart, and no two real ones share them. The rest of
// the document stays as it was recorded.
func (d *Device) distinguish(taken map[string]bool) {
	recorded := d.identity.serial
	if !d.model.recorded || recorded == "" || !taken[recorded] {
		return
	}
	for n := 1; taken[d.identity.serial]; n++ {
		tail := strconv.Itoa(n)
		d.identity.serial = recorded[:max(0, len(recorded)-len(tail))] + tail
	}
	body := d.model.documents[deviceInfoPath].body
	d.own = map[string][]byte{deviceInfoPath: bytes.Replace(body, []byte(recorded), []byte(d.identity.serial), 1)}
}

// newDevice makes a device as it leaves the factory, without users.
func newDevice(b *blueprint, seed uint64, name string, address netip.Addr, clock func() time.Time) *Device {
	d := &Device{model: b, name: name, address: address, clock: clock, saved: &b.settings, running: &b.settings}
	d.identity = newIdentity(b, seed)
	d.bootedAt = clock()
	d.core.Log.Limit = maxEntries
	if b.recorded {
		info, err := scan(b.documents[deviceInfoPath].body)
		d.identity.serial, d.identity.mac = "", ""
		if err == nil {
			d.identity.serial, d.identity.mac = info.value("serialNumber"), strings.ToLower(info.value("macAddress"))
		}
	}
	return d
}
