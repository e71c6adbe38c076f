package memory

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"camform/providers/device"
	"camform/schema"
)

// rules are what the documents of a device ask it to do, read once for all requests until a document changes.
type rules struct {
	ways    map[string]way // by scheme in capitals; a document that nobody can read has none
	filters bool
	denies  bool // the addresses that are listed, and not the others
	listed  []netip.Prefix
	lock    device.LockRule
	schemes []string // digest algorithms, the strongest first
}

type way struct {
	Enabled, Redirect bool
	Port              json.Number
}

// asking are the texts of the documents that rules come from.
type asking struct{ access, lock, digest, filter string }

// learned are rules by what asks for them.
var learned memo[asking, *rules]

// obeyed are the rules of the documents that the device has.
func (d *Device) obeyed() *rules {
	if d.rules == nil {
		asked := asking{d.documents[accessPath], d.documents[lockPath], d.documents[digestPath], d.documents[filterPath]}
		d.rules = learned.of(asked, d.learn)
	}
	return d.rules
}

// put replaces a document.
func (d *Device) put(path, text string) {
	switch {
	case d.documents[path] == text:
	case path == usersPath:
		d.documents[path] = text
		d.learnUsers()
	default:
		d.documents[path], d.rules = text, nil
	}
}

// learnUsers gives accounts what their document says of them: id and level, "enabled" if false, and "preview" if false. An
// account that it does not name has neither id nor level.
func (d *Device) learnUsers() {
	users, _ := parse([]byte(d.documents[usersPath]))
	all := d.core.Accounts.All()
	d.blind = map[string]bool{}
	for i := range all {
		u, it := &all[i], users.items[all[i].Name]
		u.ID, _ = strconv.Atoi(string(it["id"]))
		u.Level = strings.Trim(string(it["level"]), `"`)
		u.Disabled = string(it["enabled"]) == "false"
		d.blind[u.Name] = string(it["preview"]) == "false"
	}
}

// learn reads the documents. Without a document about them, logins are locked after five failures for half an hour.
func (d *Device) learn() *rules {
	r := &rules{ways: map[string]way{}}
	var w way
	for _, scheme := range []string{"HTTP", "HTTPS"} {
		if d.read(accessPath, scheme, &w) {
			r.ways[scheme] = w
		}
	}
	lock := struct {
		Enabled           bool
		Attempts, Minutes int
	}{true, 5, 30}
	d.read(lockPath, "", &lock)
	r.lock = device.LockRule{Enabled: lock.Enabled, Attempts: lock.Attempts, Duration: time.Duration(lock.Minutes) * time.Minute}
	var digest struct{ Algorithm string }
	d.read(digestPath, "", &digest)
	r.schemes = algorithms[digest.Algorithm]
	if r.schemes == nil {
		r.schemes = algorithms["SHA256"]
	}
	d.learnFilter(r)
	return r
}

func (d *Device) learnFilter(r *rules) {
	var filter struct {
		Enabled, Deny bool
		Addresses     []string
	}
	r.filters = d.read(filterPath, "", &filter) && filter.Enabled
	r.denies = filter.Deny
	for _, text := range filter.Addresses {
		if p, err := prefixOf(text); err == nil {
			r.listed = append(r.listed, p)
		}
	}
}

// algorithms are the names that challenges have for those of the kind digest, the strongest first.
var algorithms = map[string][]string{"MD5": {"MD5"}, "SHA256": {"SHA-256"}, "MD5/SHA256": {"SHA-256", "MD5"}}

// admits reports whether the address filter lets a source in.
func (r *rules) admits(source netip.Addr) bool {
	listed := slices.ContainsFunc(r.listed, func(p netip.Prefix) bool { return p.Contains(source) })
	return !r.filters || listed != r.denies
}

// sharing are the kinds of settings that live in each document.
var sharing = func() map[string][]*schema.Kind {
	byPath := map[string][]*schema.Kind{}
	for _, k := range kinds.All() {
		byPath[k.Document.Path] = append(byPath[k.Document.Path], k)
	}
	return byPath
}()
