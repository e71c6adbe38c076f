package memory

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"camform/providers"
	"camform/schema"
)

// Recorders log in to cameras of their fleet with what their channels say, and never give up: a password that is refused is
// tried again every ten seconds. Nothing of it happens by itself; whenever a device of the fleet is talked to or changed, the
// tries that are due by the clock are made up for first, each at its time.

const (
	channelsPath = "/channels"
	statusEnd    = "/status"

	retryTime = 10 * time.Second
	maxTries  = 1000 // more are not made up for
)

// watch is what a recorder does for its channels.
type watch struct {
	next   map[string]time.Time // when a channel is tried next
	online map[string]bool      // what came of the last try
}

func (w watch) clone() watch { return watch{maps.Clone(w.next), maps.Clone(w.online)} }

// channel is what a recorder does to see a camera.
type channel struct {
	key, camera string
	login       providers.Credential
}

// SetChannel makes a channel of the device, or changes it, as somebody at the web page would. The camera is the host, with or
// without a port, of a device of the fleet.
func (d *Device) SetChannel(key, camera, username, password string) {
	d.fleet.catchUp()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.change("channel", func(_ *schema.Kind, doc content) {
		doc.items[key] = item{"camera": encode(camera), "username": encode(username)}
	})
	d.secrets[channelPlace(key)] = providers.NewPassword(password)
	d.forgetChannels()
}

func channelPlace(key string) string { return channelsPath + "/" + key + "/password" }

// forgetChannels makes the device try every channel at once, as after each change of them.
func (d *Device) forgetChannels() {
	d.watch = watch{map[string]time.Time{}, map[string]bool{}}
	for _, c := range d.channels() {
		d.watch.next[c.key] = d.fleet.now()
	}
	d.fleet.watches.Store(true)
}

// channels are those of the document that can be read.
func (d *Device) channels() []channel {
	doc, err := parse([]byte(d.documents[channelsPath]))
	if err != nil {
		return nil
	}
	var all []channel
	for _, key := range slices.Sorted(maps.Keys(doc.items)) {
		c := channel{key: key}
		if json.Unmarshal(doc.items[key]["camera"], &c.camera) != nil || json.Unmarshal(doc.items[key]["username"], &c.login.Username) != nil {
			continue
		}
		c.login.Password = d.secrets[channelPlace(key)]
		all = append(all, c)
	}
	return all
}

// channelStatus is the document that tells of a channel.
func (d *Device) channelStatus(path string) (string, bool) {
	key, below := strings.CutPrefix(strings.TrimSuffix(path, statusEnd), channelsPath+"/")
	if !below || !strings.HasSuffix(path, statusEnd) {
		return "", false
	}
	if !slices.ContainsFunc(d.channels(), func(c channel) bool { return c.key == key }) {
		return "", false
	}
	return string(encode(map[string]any{"items": map[string]any{"": map[string]bool{"online": d.watch.online[key]}}})), true
}

// look makes the device try a channel once more, if that is what a path shows the state of.
func (d *Device) look(path string) {
	if !strings.HasSuffix(path, statusEnd) {
		return
	}
	d.mu.Lock()
	var asked []channel
	for _, c := range d.channels() {
		if path == channelsPath+"/"+c.key+statusEnd {
			asked = append(asked, c)
		}
	}
	d.mu.Unlock()
	for _, c := range asked {
		d.try(c, d.fleet.now())
	}
}

// try logs in to the camera of a channel and keeps what came of it. No lock may be held: a recorder may be a camera, too.
func (d *Device) try(c channel, at time.Time) {
	online := d.fleet.visit(c, d.url.Hostname(), at)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.watch.online != nil {
		d.watch.online[c.key] = online
	}
}

// due are the channels to be tried now, and when each was to be tried.
func (d *Device) due(now time.Time) (all []channel, from []time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	waits := false
	for _, at := range d.watch.next {
		waits = waits || !at.After(now)
	}
	if !waits {
		return nil, nil
	}
	for _, c := range d.channels() {
		at := d.watch.next[c.key]
		if at.After(now) {
			continue
		}
		if oldest := now.Add(-maxTries * retryTime); at.Before(oldest) {
			at = oldest
		}
		all, from = append(all, c), append(from, at)
		d.watch.next[c.key] = at.Add((now.Sub(at)/retryTime + 1) * retryTime)
	}
	return all, from
}

// catchUp lets recorders make the tries that are due.
func (f *Fleet) catchUp() {
	if !f.watches.Load() {
		return
	}
	now := f.now()
	f.mu.RLock()
	devices := slices.Clone(f.devices)
	f.mu.RUnlock()
	f.catching.Lock()
	defer f.catching.Unlock()
	for _, d := range devices {
		channels, from := d.due(now)
		for i, c := range channels {
			for at := from[i]; !at.After(now); at = at.Add(retryTime) {
				d.try(c, at)
			}
		}
	}
}

// visit is a recorder that logs in to a camera, from its own address. Its time may have passed: the camera was left alone
// since.
func (f *Fleet) visit(c channel, source string, at time.Time) bool {
	host, port, _ := strings.Cut(c.camera, ":")
	f.mu.RLock()
	cameras := f.byHost[host]
	f.mu.RUnlock()
	for _, d := range cameras {
		if port == "" || port == d.url.Port() {
			return d.visited(c.login, source, at)
		}
	}
	return false
}

func (d *Device) visited(login providers.Credential, source string, at time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	from, err := netip.ParseAddr(source)
	if at.Before(d.away) || err == nil && !d.obeyed().admits(from) {
		return false
	}
	a, found := d.account(login.Username, at)
	if !found || a.password != login.Password || d.lockedFor(source, at) > 0 {
		d.fail(login.Username, source, at)
		return false
	}
	d.forget(source)
	return !a.asleep
}
