package simulator

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"camform/providers/device"
)

// unit is what a device is: its documents, accounts and settings. Methods want its lock held, but for those of fields that
// never change.
type unit struct {
	model    *blueprint
	identity identity
	name     string
	address  netip.Addr
	factory  netip.Addr // that the device has until it is given one, with the quirk FactoryAddress
	fleet    *Fleet     // nil for a device that stands alone
	clock    func() time.Time
	watch    device.Watch // of the cameras of the fleet
	wired    bool         // it has the channels of a wiring: where the fleet has nobody, nobody is

	mu      sync.Mutex // also of what the device has beside the unit
	quirks  Quirks
	own     map[string][]byte // documents that differ from the model; nil for one that is gone
	certs   certificates
	keys    int               // how many keys for TLS it has made
	secrets map[string]string // write-only values that were sent, by document and trail
	nonces  map[string]nonceUse
	core    device.State

	// saved is what the documents ask for, running what is in force until the next reboot.
	saved, running *settings

	admin        string        // the name of the administrator
	inactive     bool          // it waits for its first password
	challenge    string        // hexadecimal digits that the next activation is ciphered with; empty for none
	exchanged    string        // what the next activation by the discovery protocol is ciphered with; empty for none
	riddles      []riddle      // of those who may log in at the web page, oldest first
	down         chan struct{} // closed when the device goes down; nil until somebody listens
	recovery     recovery
	info         []byte // deviceInfo as the factory made it, where it is not that of the model; nil if it is
	usersChanged bool
	newLogin     bool // the request being answered used a nonce for the first time
	issued       uint32
	late         map[string][]byte // own as it is shown until lateUntil
	lateUntil    time.Time
	webBack      time.Time // when the web server answers again that restarts
	webStatus    int       // what it answers until then; 0 if it cuts every connection
	webStarts    int       // how often it has restarted by itself: nonces of before are forgotten
	moves        int       // how often it was moved away from its clients
	bootedAt     time.Time
	clockOffset  time.Duration

	filling placeholders // what filler puts into documents of the model
	filler  *strings.Replacer
}

// placeholders are what documents of a model are filled with.
type placeholders struct {
	identity
	name    string
	address netip.Addr
}

// identity is what distinguishes a device from others of its model.
type identity struct {
	serial, mac, realm, deviceID, salt string
	key                                [16]byte // of nonces
	seed                               uint64
}

func (d *unit) setQuirks(q Quirks) {
	d.quirks = q
	d.core.Gate.KeepsFailures = q.KeepsFailures
	if q.ClockAhead != 0 {
		d.clockOffset = time.Duration(q.ClockAhead) * time.Second
	}
	if q.Inactive && d.model.Activation != noActivation {
		custody{d}.wipe()
	}
	if q.GBKName {
		custody{d}.rename(gbkName)
	}
	if q.Latin1Name {
		custody{d}.rename(latin1Name)
	}
	if q.Unescaped {
		custody{d}.rename(unescapedName)
	}
	if q.HidesEvent {
		d.own[hiddenEventPath], d.own[toldEventsPath] = []byte(hiddenEvent), []byte(toldEvents)
	}
	if q.CrowdedLists {
		custody{d}.crowdLists()
	}
	if q.LowerWords {
		custody{d}.lowerWords()
	}
	d.obey(d.running)
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

// gatewayOf is another address of the network of 16 that an address is in.
func gatewayOf(address netip.Addr) netip.Addr {
	if !address.Is4() {
		return address
	}
	bytes := address.As4()
	bytes[3] = bytes[3]&0xf0 | (^bytes[3] & 0x0f)
	if bytes[3]&0x0f == 0 || bytes[3]&0x0f == 0x0f {
		bytes[3] ^= 0x03 // neither the address of the network nor its broadcast address
	}
	return netip.AddrFrom4(bytes)
}

// fill replaces the placeholders in a document of a model.
func (d *unit) fill(body []byte) []byte {
	tail := d.identity.serial[max(0, len(d.identity.serial)-9):]
	address := d.address
	if d.quirks.FactoryAddress {
		address = d.factory
	}
	if of := (placeholders{d.identity, d.name, address}); d.filler == nil || of != d.filling {
		d.filling, d.filler = of, strings.NewReplacer(
			"{{name}}", d.name, "{{address}}", address.String(), "{{gateway}}", gatewayOf(address).String(), "{{serial}}", d.identity.serial, "{{subserial}}", tail, "{{mac}}", d.identity.mac, "{{id}}", d.identity.deviceID,
			"{{salt}}", d.identity.salt, "{{engine}}", strings.ReplaceAll(d.identity.mac, ":", ""),
		)
	}
	return []byte(d.filler.Replace(string(body)))
}

func (d *unit) now() time.Time { return d.clock() }

// stored returns the document at exactly that path, as it is kept.
func (d *unit) stored(path string) (document, bool) {
	doc, found := d.model.documents[path]
	if own, changed := d.own[path]; changed {
		doc, found = document{body: own, contentType: cmp.Or(doc.contentType, contentXML)}, own != nil
	} else if doc.filled {
		doc.body = d.fill(doc.body)
	}
	if path == channelsPath && found && !d.model.recorded {
		doc.body = d.withCameras(doc.body)
	}
	return doc, found
}

// read returns what a GET of the path shows.
func (d *unit) read(path string) (document, bool) {
	if d.model.hasUsers() && (path == usersPath || strings.HasPrefix(path, usersPath+"/")) {
		if doc, found := d.readUsers(path); found {
			return doc, true
		}
	}
	if doc, found := d.channelStatus(path); found {
		return doc, true
	}
	if doc, found := d.readOnlineUsers(path); found {
		return doc, true
	}
	if doc, found := d.readCertificates(path, defaultCertificate); found {
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
func (d *unit) live(path string, body []byte) []byte {
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

// store keeps a document, at all its addresses, and lets the device act on it, at once or after the next reboot.
func (d *unit) store(path string, body []byte) (needsReboot bool, err error) {
	before, _ := d.stored(path)
	all := copies{d}
	if needsReboot, err = all.storeAt(path, body); err != nil {
		return false, err
	}
	waits, err := all.carry(path, before, map[string]bool{path: true})
	return needsReboot || waits, err
}

// needsReboot reports whether a document acts only after the next reboot: always, or because of the parts that change.
func (d *unit) needsReboot(path string, body []byte) bool {
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
func (d *unit) differs(v view, body []byte) bool {
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

func (d *unit) reboot() {
	d.record(Entry{Kind: Rebooted})
	d.core.Restart(d.now(), time.Duration(d.model.personality.Reboot.Away)*time.Second)
	d.core.Gate.Reset()
	d.bootedAt = d.core.Away
	clear(d.nonces)
	d.challenge, d.exchanged, d.riddles = "", "", nil
	listeners{d}.hangUp()
	d.recovery.code, d.recovery.mail = timed{}, timed{}
	d.obey(d.saved)
}

func (d *unit) away() bool { return d.now().Before(d.core.Away) }

// starting reports whether the device came back so recently that it refuses writes.
func (d *unit) starting() bool {
	grace := time.Duration(d.model.personality.Reboot.Grace) * time.Second
	return d.core.Starts > 0 && d.now().Before(d.core.Away.Add(grace))
}

// distinguish gives a recorded device its own serial number where another device of the fleet has the same: the recording
// may have blanked out the digits that tell devices apart, and no two real ones share them. The rest of
// the document stays as it was recorded.
func (d *unit) distinguish(taken map[string]bool) {
	recorded := d.identity.serial
	if !d.model.recorded || recorded == "" || !taken[recorded] {
		return
	}
	for n := 1; taken[d.identity.serial]; n++ {
		tail := strconv.Itoa(n)
		d.identity.serial = recorded[:max(0, len(recorded)-len(tail))] + tail
	}
	body := d.model.documents[deviceInfoPath].body
	d.info = bytes.Replace(body, []byte(recorded), []byte(d.identity.serial), 1)
	d.own[deviceInfoPath] = d.info
}

// newDevice makes a device as it leaves the factory, without users.
func newDevice(b *blueprint, seed uint64, name string, address netip.Addr, clock func() time.Time) *Device {
	d := &Device{healed: make(chan struct{}), unit: unit{
		model: b, name: name, address: address, factory: factory, clock: clock, saved: &b.settings, running: &b.settings,
		own: map[string][]byte{}, secrets: map[string]string{}, nonces: map[string]nonceUse{}, admin: "admin",
	}}
	d.unit.identity = newIdentity(b, seed)
	d.unit.bootedAt = clock()
	d.unit.core.Log.Limit = maxEntries
	if b.recorded {
		info, err := scan(b.documents[deviceInfoPath].body)
		d.unit.identity.serial, d.unit.identity.mac = "", ""
		if err == nil {
			d.unit.identity.serial, d.unit.identity.mac = info.value("serialNumber"), strings.ToLower(info.value("macAddress"))
		}
	}
	return d
}
