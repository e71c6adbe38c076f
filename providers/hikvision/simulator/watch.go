package simulator

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Recorders log in to cameras of their fleet, with what their channels say, and never give up: a wrong password is tried
// again every ten seconds, until the camera locks the address of the recorder, and that starts the lock anew each time.
// Nothing of it happens by itself. Whenever somebody looks at a device of the fleet, or changes one, the tries that are due
// by the clock are made up for first, each at its time.

// retryTime is how long a recorder waits until it tries again (field note: about ten seconds).
const retryTime = 10 * time.Second

// maxTries is how many tries of a recorder are made up for. The log of a camera has room for no more.
const maxTries = maxEntries

// sdkPort is where cameras wait for recorders.
const sdkPort = 8000

// login is what a recorder does for its channels: it logs in to a camera. Channels that say the same share it.
type login struct {
	recorder       *Device
	camera         netip.Addr
	port           int // 0 for the usual one
	name, password string
}

// watch is what the recorders of a fleet do. Its lock comes before those of devices: whoever holds one of a device must not
// ask for it.
type watch struct {
	mu    sync.Mutex
	known map[login]time.Time // when each login is tried next
	due   atomic.Int64        // Unix nanoseconds before which nothing is to be done; 0 where channels have changed
	words sync.Map            // of the last try, by login
}

// catchUp lets the recorders make the tries that are due.
func (f *Fleet) catchUp() {
	if f == nil || len(f.recorders) == 0 {
		return
	}
	now := f.clock()
	if now.UnixNano() < f.watch.due.Load() {
		return
	}
	f.watch.mu.Lock()
	defer f.watch.mu.Unlock()
	next := now.Add(time.Hour)
	f.watch.due.Store(next.UnixNano()) // before channels are looked at: whoever changes one now sets it back
	for l, at := range f.pending() {
		for ; !at.After(now); at = at.Add(retryTime) {
			f.try(l, at)
		}
		f.watch.known[l] = at
		if at.Before(next) {
			next = at
		}
	}
	f.watch.due.CompareAndSwap(now.Add(time.Hour).UnixNano(), next.UnixNano())
}

// pending are the logins of all recorders and when they are tried next. Those that are gone are forgotten.
func (f *Fleet) pending() map[login]time.Time {
	known := make(map[login]time.Time, len(f.watch.known))
	oldest := f.clock().Add(-maxTries * retryTime)
	for _, r := range f.recorders {
		logins := r.logins.Load()
		if logins == nil {
			continue
		}
		for l, since := range *logins {
			at, before := f.watch.known[l]
			if !before {
				at = since
			}
			if at.Before(oldest) {
				at = oldest
			}
			known[l] = at
		}
	}
	for l := range f.watch.known {
		if _, still := known[l]; !still {
			f.watch.words.Delete(l)
		}
	}
	f.watch.known = known
	return known
}

// try makes a try and keeps what came of it.
func (f *Fleet) try(l login, at time.Time) {
	f.watch.words.Store(l, f.at(l.camera).visit(l, at))
}

// look makes recorders try now, once for each login: somebody asked for the state of their channels.
func (f *Fleet) look(logins []login) {
	f.catchUp()
	now := f.clock()
	f.watch.mu.Lock()
	defer f.watch.mu.Unlock()
	for _, l := range logins {
		f.try(l, now)
	}
}

// word is what a recorder says of a login, empty before its first try. It takes no lock.
func (f *Fleet) word(l login) string {
	word, _ := f.watch.words.Load(l)
	text, _ := word.(string)
	return text
}

// publishChannels tells the fleet with what the device logs in to cameras of it. Logins that it had go on.
func (d *Device) publishChannels() {
	if d.fleet == nil || d.model.recorded {
		return
	}
	had := d.logins.Load()
	logins := make(map[login]time.Time)
	for _, l := range d.loginsAt(channelsPath) {
		logins[l] = d.now()
		if had == nil {
			continue
		}
		if since, before := (*had)[l]; before {
			logins[l] = since
		}
	}
	d.logins.Store(&logins)
	d.fleet.watch.due.Store(0)
}

// loginsAt are the logins of the channels that a path shows the state of, or all of them.
func (d *Device) loginsAt(path string) []login {
	stored, _ := d.stored(channelsPath)
	list, err := scan(stored.body)
	if err != nil {
		return nil
	}
	id, single := strings.CutPrefix(strings.TrimSuffix(path, "/status"), channelsPath+"/")
	var logins []login
	seen := make(map[login]bool)
	for _, channel := range list.children {
		l, inFleet := d.loginOf(channel)
		if inFleet && !seen[l] && (!single || channel.value("id") == id) {
			seen[l] = true
			logins = append(logins, l)
		}
	}
	return logins
}

// loginOf is how a channel logs in, if its camera is one of the fleet.
func (d *Device) loginOf(channel *element) (login, bool) {
	at := channel.child("sourceInputPortDescriptor")
	if at == nil {
		return login{}, false
	}
	text := at.value("ipAddress")
	if text == "" {
		text = at.value("hostName")
	}
	address, err := netip.ParseAddr(text)
	if err != nil || d.fleet.at(address) == nil {
		return login{}, false
	}
	port, _ := strconv.Atoi(at.value("managePortNo"))
	secret := d.secrets[channelsPath+"#InputProxyChannel["+channel.value("id")+"]/sourceInputPortDescriptor/password"]
	return login{recorder: d, camera: address, port: port, name: at.value("userName"), password: secret}, true
}

// visit is a recorder that logs in, as the camera sees it, and what the recorder says of it. Its time may have passed: the
// camera was left alone since.
func (d *Device) visit(l login, at time.Time) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settlePasswords(at)
	source := l.recorder.address
	seen := Entry{Time: at, Source: source, User: l.name}
	switch u := d.userNamed(l.name); {
	case at.Before(d.awayUntil) || !d.waitsAt(l.port) || d.running.filter.drops(source):
		return channelUnreachable
	case d.lockedUntil(source).After(at):
		d.poked(seen)
		return channelLocked
	case u == nil || !same(u.password, l.password):
		d.failed(seen)
		return channelRefused
	case u.asleep:
		return channelRefused
	}
	d.forgive(source)
	return channelConnected
}

// waitsAt reports whether the device listens to recorders at a port.
func (d *Device) waitsAt(port int) bool {
	mapped := port == d.fleet.entry()
	s := d.running
	return port == 0 || port == sdkPort || mapped || s.http.listens(port, false, service{}) || s.https.listens(port, false, service{})
}
