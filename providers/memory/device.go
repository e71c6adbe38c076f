package memory

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"camform/providers"
	"camform/providers/device"
	"camform/schema"
)

const (
	admin         = "admin"         // the built-in account
	administrator = "Administrator" // the level that may change something
	restartTime   = time.Minute
)

// Options say how a device differs from the usual one.
type Options struct {
	Password          string             // of the built-in account "admin"; made up from the name if empty
	Identity          providers.Identity // empty fields are made up from the name
	Algorithm         string             // digest algorithm that it offers, in the words of the kind digest; "SHA256" if empty
	Inactive          bool               // it has no password yet and takes no login
	HidesAttempts     bool               // it does not tell how many login attempts are left
	KeepsFailures     bool               // a login that works does not make it forget failed ones
	MustChange        bool               // an account whose password another one set may do nothing but set another itself
	Without           []string           // kinds that it does not have; "https" goes alone, others with their document
	Documents         map[string]string  // documents by path that it has in place of the usual ones
	NeedsRestart      []string           // kinds whose changes it answers with PendingReboot
	AddsSummerTime    bool               // it appends a summer time to a zone without one
	IgnoresAttributes []string           // "kind.attribute": it says yes to a new value of these and keeps the old one

	Ahead      time.Duration // of its clock to that of the fleet, until it asks a server for the time
	HidesClock bool          // it does not tell what its clock shows

	GivesFile     bool            // it exports a file with which its password can be reset
	Hidden        bool            // in the network of a recorder: only a [Fleet.Route] leads there
	HidesSessions bool            // it does not tell who is logged in
	HidesSerials  []string        // channels without serial number, model and firmware of the camera
	Recorder      device.Recorder // what it can do for its channels; name and address are those of the device
}

// Device is one device. Its methods are what somebody could do or see who stands beside it, or uses its web page. It is
// safe for concurrent use.
type Device struct {
	fleet   *Fleet
	name    string
	url     *url.URL
	options Options

	watch device.Watch // of cameras of the fleet

	mu            sync.Mutex
	before, after func(Exchange)
	state
}

func newDevice(f *Fleet, name string, u *url.URL, options Options) *Device {
	d := &Device{fleet: f, name: name, url: u, options: options, state: state{
		documents: maps.Clone(factory), secrets: map[string]string{}, ahead: options.Ahead,
	}}
	d.core.Gate = device.Gate{KeepsFailures: options.KeepsFailures, Lapses: true}
	d.makeUp()
	d.SetUser(admin, administrator, cmp.Or(options.Password, "Pw-"+d.hash("password")[:10]))
	d.Set("system", "", "name", name)
	d.Set("digest", "", "algorithm", cmp.Or(options.Algorithm, "SHA256"))
	if port := u.Port(); port != "80" && u.Scheme == "http" {
		d.Set("service", "HTTP", "port", json.Number(port))
	} else if port != "443" && u.Scheme == "https" {
		d.Set("https", "", "port", json.Number(port))
	}
	for path, text := range options.Documents {
		d.put(path, text)
	}
	for _, without := range options.Without {
		kind := kindOf(without)
		if kind.Item != nil && kind.Item.Equals != "" {
			d.Remove(without, "")
		} else {
			d.SetDocument(kind.Document.Path, "")
		}
	}
	return d
}

func kindOf(name string) *schema.Kind {
	kind := kinds.Lookup(name)
	if kind == nil {
		panic("memory: there is no kind " + name)
	}
	return kind
}

// hash is a text that depends on the name of the device, on which device it is by now, and on what it is for.
func (d *Device) hash(purpose string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", d.name, d.hardware, purpose))
	return hex.EncodeToString(sum[:])
}

// makeUp makes up who the device is, and what it shows of that before a login.
func (d *Device) makeUp() {
	h := d.hash("identity")
	want := d.options.Identity
	if d.replaced {
		want.Serial, want.MAC = "", ""
	}
	d.realm, d.key = "MEM("+d.hash("realm")[:8]+")", "sha256:"+d.hash("key")
	d.identity = providers.Identity{
		Serial:   cmp.Or(want.Serial, "MEM"+strings.ToUpper(h[:10])),
		MAC:      cmp.Or(want.MAC, fmt.Sprintf("02:%s:%s:%s:%s:%s", h[0:2], h[2:4], h[4:6], h[6:8], h[8:10])),
		Model:    cmp.Or(want.Model, "MEM-1"),
		Firmware: cmp.Or(want.Firmware, "V1.0.0"),
	}
}

// enter is somebody who looks at the device or changes it: recorders do what is due first, and nobody else is there until
// leave is called.
func (d *Device) enter() (leave func()) {
	d.fleet.recorders.CatchUp()
	d.mu.Lock()
	return d.mu.Unlock
}

// Name is the name that the device was added with.
func (d *Device) Name() string { return d.name }

// Target is a target for the device as it was added: its address, the built-in account with the password that it has
// now, no pin, and the ledger of the fleet. The caller may change its copy.
func (d *Device) Target() providers.Target {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := *d.url
	var login providers.Credential
	if u := d.core.Accounts.Named(admin); u != nil {
		login = providers.Credential{Username: admin, Password: schema.NewSecret(u.Password)}
	}
	return providers.Target{
		Device: schema.Device{Name: d.name}, URL: &u, Trust: providers.Trust{Mode: providers.TrustPin}, Ledger: &d.fleet.ledger,
		Login: login,
	}
}

// Identity is who the device is now.
func (d *Device) Identity() providers.Identity {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.identity
}

// SwapIdentity puts another device of the same make in its place: another serial number, MAC address, TLS key and
// realm, the same documents and accounts. Open connections are lost.
func (d *Device) SwapIdentity() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hardware++
	d.core.Starts++
	d.replaced = true
	d.makeUp()
}

// shows is what a peer sees of the device without a login.
func (d *Device) shows(scheme string) providers.Pin {
	d.mu.Lock()
	defer d.mu.Unlock()
	pin := providers.Pin{Realm: d.realm, Algorithm: d.obeyed().schemes[0]}
	if scheme == "https" {
		pin.SPKI = d.key
	}
	return pin
}

// Document is the text of a document as it stands, or "" if the device does not have it.
func (d *Device) Document(path string) string {
	defer d.enter()()
	text, _ := d.told(path)
	return text
}

// SetDocument replaces a document, even by one that nobody can read. An empty text takes it away.
func (d *Device) SetDocument(path, text string) {
	defer d.enter()()
	if text == "" {
		delete(d.documents, path)
		d.rules = nil
		d.learnUsers()
	} else {
		d.put(path, text)
	}
}

// Set changes one attribute as somebody at the web page would. The value is anything that encodes to JSON; an item that
// does not exist comes into being. Accounts are made by SetUser, and channels by SetChannel.
func (d *Device) Set(kind, key, attribute string, value any) {
	defer d.enter()()
	d.change(kind, func(k *schema.Kind, doc content) {
		at := entry(k, key)
		if doc.items[at] == nil {
			doc.items[at] = item{}
		}
		doc.items[at][attribute] = encode(value)
	})
}

// Remove takes one item away as somebody at the web page would.
func (d *Device) Remove(kind, key string) {
	defer d.enter()()
	d.change(kind, func(k *schema.Kind, doc content) { delete(doc.items, entry(k, key)) })
	switch kind {
	case "user":
		d.core.Accounts.Remove(func(u device.Account) bool { return u.Name == key })
	case "channel":
		delete(d.secrets, channelPlace(key))
		recorder{d}.publish()
	}
}

// SetUser creates an account or changes its level and password, as somebody at the web page would.
func (d *Device) SetUser(name, level, password string) {
	defer d.enter()()
	u := d.core.Accounts.Set(name, level, password)
	d.change("user", func(_ *schema.Kind, doc content) {
		if doc.items[name] == nil {
			doc.items[name] = item{"id": encode(u.ID)}
		}
		doc.items[name]["level"] = encode(level)
	})
}

// Accepts reports whether the device would let an account in with a password now, were it not locked. It is no attempt.
func (d *Device) Accepts(user, password string) bool {
	u := d.account(user)
	return u.Epoch != 0 && u.Password == password
}

// change edits the document of a kind. The device must have it, and it must be in order.
func (d *Device) change(kind string, edit func(*schema.Kind, content)) {
	k := kindOf(kind)
	doc, err := parse([]byte(d.documents[k.Document.Path]))
	if err != nil {
		panic("memory: " + d.name + " has no " + k.Document.Path + " that could be changed: " + err.Error())
	}
	edit(k, doc)
	d.put(k.Document.Path, string(doc.encode()))
}

// Restart makes the device restart: connections are lost, as are passwords that it has not kept, and for a minute nobody
// reaches it.
func (d *Device) Restart() {
	defer d.enter()()
	d.core.Restart(d.fleet.now(), restartTime)
}

// Unplug takes the device down until [Device.Plug].
func (d *Device) Unplug() {
	defer d.enter()()
	d.core.Unplug()
}

// Plug makes a device that is down answer again, at once.
func (d *Device) Plug() {
	defer d.enter()()
	d.core.Away = time.Time{}
}

// OpenSession is somebody who logs in at the web page, from an address, until [Device.CloseSession] or a restart.
// The document /sessions tells of him.
func (d *Device) OpenSession(user, from string) {
	defer d.enter()()
	d.core.Sessions.Open(user, netip.MustParseAddr(from), d.fleet.now())
}

// CloseSession logs out who came from an address.
func (d *Device) CloseSession(from string) {
	defer d.enter()()
	d.core.Sessions.Close(netip.MustParseAddr(from))
}

// encodeSessions is the document that tells who is logged in.
func encodeSessions(online []device.Session) string {
	items := map[string]any{}
	for _, s := range online {
		items[strconv.Itoa(s.ID)] = map[string]any{"user": s.User, "address": s.Source, "since": s.Since}
	}
	return string(encode(map[string]any{"items": items}))
}

func (d *Device) cut() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.core.Starts
}
