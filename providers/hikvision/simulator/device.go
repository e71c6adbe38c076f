package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"camform/providers/device"
)

// Device is a camera or recorder. It is an http.Handler and safe for concurrent use. What it is stands in its unit, what it
// answers in exchange, and what it does when it is written to in write.
//
// As a handler it takes the source address from RemoteAddr and the scheme from TLS. Only a Fleet also closes ports and
// limits TLS as the device is set; use Fleet.DialContext or Fleet.Serve where that matters.
type Device struct {
	unit     unit
	hidden   bool // in the network of a recorder: only routes lead there
	faults   device.Script[Rule]
	healed   chan struct{} // closed once the faults are gone
	impostor *Device       // who answers in place of the device after a wrong-identity fault
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

	// MasksSecrets makes GET show asterisks in place of secrets. Sent back they are taken for a new secret; one that does not
	// come stays. ShowsSecrets makes GET show what was written, in clear.
	MasksSecrets bool `json:"masksSecrets"`
	ShowsSecrets bool `json:"showsSecrets"`

	// GBKName makes the name of the device one that an old client wrote in GBK, under a declaration of UTF-8, and Latin1Name one in
	// Latin-1. CRLF ends all lines
	// of documents with CR LF, and refuses a document that comes back with other ends. Debris puts a byte order mark and blanks
	// before each document and NULs behind it, and refuses a document that comes back with any of them.
	GBKName    bool `json:"gbkName"`
	Latin1Name bool `json:"latin1Name"`
	CRLF       bool `json:"crlf"`
	Debris     bool `json:"debris"`

	// Unescaped makes a device show and take each & in a text as it is, and gives it a name that has one.
	Unescaped bool `json:"unescaped"`

	// CrowdedLists puts an event into the list of triggers once for each of 18 channels under the same name, and among the services a
	// protocol that nobody knows and a second entry for RTSP.
	CrowdedLists bool `json:"crowdedLists"`

	// ExactBodies refuses a document that comes back with more than the text of elements changed: serialised again, it has other white
	// space, another order, or prefixes of name spaces.
	ExactBodies bool `json:"exactBodies"`

	// RefusesSlots makes a device take the list of alarm hosts and none of its slots.
	RefusesSlots bool `json:"refusesSlots"`

	// DeletesSlots makes a device delete entries of its lists of alarm hosts and time servers, and make new ones as long as it has
	// fewer than were delivered, each under the lowest number that is free.
	DeletesSlots bool `json:"deletesSlots"`

	// ResetsHosts makes a device answer OK to an alarm host that is to be reached by HTTPS, and keep an empty slot with HTTP.
	ResetsHosts bool `json:"resetsHosts"`

	// HidesEvent makes a device serve the event scenechangedetection-1 only in its own document, not in its list. The capabilities of its first
	// channel tell of it.
	HidesEvent bool `json:"hidesEvent"`

	// OldCiphers makes a device take none but ciphers with DHE, as very old firmware does.
	OldCiphers bool `json:"oldCiphers"`

	ClosesConnections bool `json:"closesConnections"` // every connection ends with its first answer

	// WindowsZoneRules makes a device that has the Windows name of a zone follow that, whatever else is written.
	WindowsZoneRules bool `json:"windowsZoneRules"`

	// IANAZoneRules makes a device add the name that the IANA has for its zone to a time document that it takes, and go by that
	// from then on, whatever else is written.
	IANAZoneRules bool `json:"ianaZoneRules"`

	// ClockAhead sets the clock ahead by so many seconds, or back, until somebody sets it or it begins to ask a server. WinterOffset
	// shows the local time with the offset of winter all year, as a recorder with V4.61 does (recorded).
	ClockAhead   int  `json:"clockAhead"`
	WinterOffset bool `json:"winterOffset"`

	// LowerWords writes names of protocols and events in lower case, and SDK for DEV_MANAGE.
	LowerWords bool `json:"lowerWords"`

	// Inactive takes away everything that the device was given, its password first: it is what the factory made, tells so, and
	// refuses all but to be activated. Firmware from before activation has no such state.
	Inactive       bool `json:"inactive"`
	FactoryAddress bool `json:"factoryAddress"` // it has the address of every new device until it is given another, and is reached only where it is

	// Of recorders:
	MD5Only      bool `json:"md5Only"`      // it cannot answer a camera that asks for SHA-256
	PlainOnly    bool `json:"plainOnly"`    // it speaks no TLS with cameras
	OldTLS       bool `json:"oldTLS"`       // the newest version of TLS that it speaks with cameras is 1.2
	HidesSerials bool `json:"hidesSerials"` // channels tell neither model nor serial number nor firmware of their cameras

	NonceLifetime time.Duration `json:"-"` // 0 for five minutes
	KeepAlive     time.Duration `json:"-"` // an idle connection is closed after that; 0 for never
}

const defaultNonceLifetime = 5 * time.Minute

func (q Quirks) nonceLifetime() time.Duration { return cmp.Or(q.NonceLifetime, defaultNonceLifetime) }

// Name is the unique name of the device within its fleet, such as "camera-v57-0007".
func (d *Device) Name() string { return d.unit.name }

// Address is the loopback address that the device answers at.
func (d *Device) Address() netip.Addr { return d.unit.address }

// Model is the name of the built-in model, or of the folder of a recorded one.
func (d *Device) Model() string { return d.unit.model.name }

// Kind is camera, thermal, recorder or dvr; recordings that do not say what they are have "device".
func (d *Device) Kind() string { return d.unit.model.Kind }

// Serial is the serial number in deviceInfo, empty for recordings without it.
func (d *Device) Serial() string { return d.unit.identity.serial }

// MAC is the hardware address in deviceInfo, lower case with colons; empty for recordings without it.
func (d *Device) MAC() string { return d.unit.identity.mac }

// Realm is the realm of the digest challenges of the device.
func (d *Device) Realm() string { return d.unit.identity.realm }

// enter is somebody who looks at the device or changes it: recorders do what is due first, and nobody else is there until
// leave is called.
func (d *Device) enter() (leave func()) {
	d.unit.fleet.catchUp()
	d.unit.mu.Lock()
	return d.unit.mu.Unlock
}

// SetQuirks replaces the quirks of the device. Without the quirk Inactive a device that waits for its first password goes on
// waiting.
func (d *Device) SetQuirks(q Quirks) {
	defer d.enter()()
	d.unit.setQuirks(q)
	d.unit.publishChannels()
}

// jsonQuery follows the path of a JSON document in a URL.
const jsonQuery = "?format=json"

// Document returns what a GET of the path shows to an administrator, nil if the device does not have it. The slice is the
// caller's. The path may have the query of a JSON document.
func (d *Device) Document(path string) []byte {
	defer d.enter()()
	doc, found := d.unit.read(strings.TrimSuffix(path, jsonQuery))
	if !found {
		return nil
	}
	return slices.Clone(doc.body)
}

// Documents are the paths of the documents that the device has, sorted. Those of JSON documents have the query ?format=json
// that devices ask for; recorded devices do not.
func (d *Device) Documents() []string {
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	paths := maps.Clone(d.unit.own)
	maps.DeleteFunc(paths, func(_ string, body []byte) bool { return body == nil })
	for path, doc := range d.unit.model.documents {
		if gone(d.unit.own, path) {
			continue
		}
		if doc.contentType == contentJSON && !d.unit.model.recorded {
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
		return errors.New("users are not a document: use SetUser and RemoveUser")
	}
	defer d.enter()()
	if err := (custody{&d.unit}).impose(path, slices.Clone(body)); err != nil {
		return fmt.Errorf("%s: document %s: %w", d.unit.name, path, err)
	}
	if path == channelsPath {
		d.unit.publishChannels()
	}
	return nil
}

// DeleteItem takes the item of a list that is shown at a path away, as if somebody had used the web page of the device.
func (d *Device) DeleteItem(path string) error {
	defer d.enter()()
	p, found := d.unit.partAt(path)
	if !found || p.id == "" {
		return fmt.Errorf("%s has no item %s", d.unit.name, path)
	}
	if done := (&write{unit: &d.unit}).without(p, p.element.remove(p.body)); done.code != ok {
		return fmt.Errorf("%s keeps %s: %s", d.unit.name, path, done.code)
	}
	return nil
}

// Lock makes the device refuse every source for a time, as after too many failed logins.
func (d *Device) Lock(duration time.Duration) {
	defer d.enter()()
	d.unit.core.LockAll(d.unit.now(), duration)
}

// Reboot takes the device down as a power cycle does: connections are cut and new ones refused for the time that the model
// needs, nonces and locks are forgotten, and settings that waited for it come into force.
func (d *Device) Reboot() {
	defer d.enter()()
	d.unit.reboot()
}

// Unplug takes the device down until [Device.Plug].
func (d *Device) Unplug() {
	defer d.enter()()
	d.unit.record(Entry{Kind: Rebooted})
	d.unit.core.Unplug()
	listeners{&d.unit}.hangUp()
}

// Plug makes a device that is down answer again, at once, as it does after a reboot.
func (d *Device) Plug() {
	defer d.enter()()
	d.unit.reboot()
	d.unit.core.Away = d.unit.now()
}
