package memory

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"camform/providers/device"
	"camform/schema"
)

const (
	channelsPath = "/channels"
	statusEnd    = "/status"
)

// SetChannel makes a channel of the device, or changes it, as somebody at the web page would. The camera is the address at
// which the recorder has a device of the fleet; without a port it is the one with which that was added. What the recorder
// learns of the camera stands in its document: see [Options.HidesSerials].
func (d *Device) SetChannel(key, camera, username, password string) {
	defer d.enter()()
	d.change("channel", func(_ *schema.Kind, doc content) {
		doc.items[key] = item{"camera": encode(camera), "username": encode(username)}
	})
	d.secrets[channelPlace(key)] = password
	recorder{d}.publish()
}

// recorder is a device as it is to its channels.
type recorder struct{ *Device }

func channelPlace(key string) string { return channelsPath + "/" + key + "/password" }

// publish tells the fleet with what the device logs in to cameras of it.
func (r recorder) publish() {
	byKey := r.visits()
	var visits []device.Visit
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		visits = append(visits, byKey[key])
	}
	r.fleet.recorders.Publish(&r.watch, visits)
}

// visits are what the device does for the channels that it can read, by key.
func (r recorder) visits() map[string]device.Visit {
	doc, err := parse([]byte(r.documents[channelsPath]))
	if err != nil {
		return nil
	}
	from := r.options.Recorder
	from.Name = r.name
	from.Address, _ = netip.ParseAddr(r.url.Hostname())
	all := map[string]device.Visit{}
	for key, it := range doc.items {
		var camera, username string
		if json.Unmarshal(it["camera"], &camera) == nil && json.Unmarshal(it["username"], &username) == nil {
			all[key] = device.Visit{Recorder: from, Camera: cameraAt(camera), Name: username, Password: r.secrets[channelPlace(key)]}
		}
	}
	return all
}

// cameraAt reads an address with or without a port; an invalid one is that of nobody.
func cameraAt(text string) netip.AddrPort {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(address, 0)
	}
	at, _ := netip.ParseAddrPort(text)
	return at
}

// facts are the attributes of a channel that only the recorder writes: what it learned from the camera.
var facts = map[string]func(device.Camera) string{
	"serial":   func(c device.Camera) string { return c.Serial },
	"model":    func(c device.Camera) string { return c.Model },
	"firmware": func(c device.Camera) string { return c.Firmware },
}

// list is the document with the channels, and with what the recorder knows of their cameras.
func (r recorder) list(text string) string {
	visits := r.visits()
	if len(visits) == 0 {
		return text
	}
	doc, err := parse([]byte(text))
	if err != nil {
		return text
	}
	for key, v := range visits {
		camera := r.watch.Met(v.Camera)
		if camera == (device.Camera{}) || slices.Contains(r.options.HidesSerials, key) {
			continue
		}
		for name, tells := range facts {
			doc.items[key][name] = encode(tells(camera))
		}
	}
	return string(doc.encode())
}

// forget makes the facts in a list of channels that somebody writes what they were: nobody can write them.
func forget(old, doc content) {
	for key, it := range doc.items {
		for name := range facts {
			delete(it, name)
			if was, had := old.items[key][name]; had {
				it[name] = was
			}
		}
	}
}

// told is the document that a path shows, or false if there is none.
func (d *Device) told(path string) (string, bool) {
	if path == sessionsPath && !d.options.HidesSessions {
		return encodeSessions(d.core.OnlineUsers()), true
	}
	return recorder{d}.told(path)
}

func (r recorder) told(path string) (string, bool) {
	text, found := r.documents[path]
	switch {
	case path == channelsPath && found:
		return r.list(text), true
	case path == channelsPath+statusEnd && r.documents[channelsPath] != "":
		return r.statuses(), true
	}
	if key, shows := channelOf(path); shows {
		if v, there := r.visits()[key]; there {
			return string(encode(map[string]any{"items": map[string]any{"": r.status(v)}})), true
		}
	}
	return text, found
}

// channelOf is the key of the channel whose state a path shows.
func channelOf(path string) (key string, shows bool) {
	rest, below := strings.CutPrefix(path, channelsPath+"/")
	key, status := strings.CutSuffix(rest, statusEnd)
	return key, below && status
}

// status is what the recorder says of a channel.
func (r recorder) status(v device.Visit) map[string]any {
	seen := r.watch.Seen(v)
	return map[string]any{"online": seen == device.Connected, "result": seen.String()}
}

// statuses is what it says of all channels.
func (r recorder) statuses() string {
	items := map[string]any{}
	for key, v := range r.visits() {
		items[key] = r.status(v)
	}
	return string(encode(map[string]any{"items": items}))
}

// look makes the device try a channel once more, or all, if that is what a path shows the state of.
func (r recorder) look(path string) {
	key, shows := channelOf(path)
	all := path == channelsPath+statusEnd
	if !shows && !all {
		return
	}
	r.mu.Lock()
	byKey := r.visits()
	r.mu.Unlock()
	var visits []device.Visit
	for _, at := range slices.Sorted(maps.Keys(byKey)) {
		if all || at == key {
			visits = append(visits, byKey[at])
		}
	}
	if len(visits) > 0 {
		r.fleet.recorders.Look(&r.watch, visits)
	}
}

// camera is a device as it is to recorders.
type camera struct{ *Device }

// visit is a recorder that logs in to a camera of the fleet.
func (f *Fleet) visit(v device.Visit, at time.Time) device.Meeting {
	f.mu.RLock()
	name, there, routed := f.routes.Lead(v)
	found := f.byHost[v.Camera.Addr().String()]
	if routed {
		found = []*Device{f.byName[name]}
	}
	f.mu.RUnlock()
	for _, d := range found {
		if d.options.Hidden && !routed {
			continue
		}
		if m := (camera{d}).visited(there, at); m.Sight != device.Unreachable {
			return m
		}
	}
	return device.Meeting{Sight: device.Unreachable}
}

func (c camera) visited(v device.Visit, at time.Time) device.Meeting {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v.Camera.Port() == 0 {
		usual, _ := strconv.ParseUint(c.url.Port(), 10, 16)
		v.Camera = netip.AddrPortFrom(v.Camera.Addr(), uint16(usual))
	}
	return device.Meeting{
		Sight:  c.core.Visited(c.door(), v, at),
		Camera: device.Camera{Serial: c.identity.Serial, Model: c.identity.Model, Firmware: c.identity.Firmware},
	}
}

// door is how the device lets recorders in, as its documents have it.
func (c camera) door() device.Door {
	r := c.obeyed()
	door := device.Door{
		Admits: r.admits, Lock: r.lock, Redirects: r.ways["HTTPS"].Redirect, Schemes: r.schemes,
		Shows: func(u *device.Account) bool { return !c.blind[u.Name] },
	}
	for scheme, speaks := range map[string]device.Language{"http": device.HTTP, "https": device.HTTPS} {
		if port, open := c.serves(scheme); open {
			door.Ports = append(door.Ports, device.Port{Number: port, Speaks: speaks})
		}
	}
	return door
}
