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

// SetChannel makes a channel of the device, or changes it, as somebody at the web page would. The camera is the address, with
// or without a port, of a device of the fleet.
func (d *Device) SetChannel(key, camera, username, password string) {
	defer d.enter()()
	d.change("channel", func(_ *schema.Kind, doc content) {
		doc.items[key] = item{"camera": encode(camera), "username": encode(username)}
	})
	d.secrets[channelPlace(key)] = password
	d.publishChannels()
}

func channelPlace(key string) string { return channelsPath + "/" + key + "/password" }

// publishChannels tells the fleet with what the device logs in to cameras of it.
func (d *Device) publishChannels() {
	byKey := d.visits()
	var visits []device.Visit
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		visits = append(visits, byKey[key])
	}
	d.fleet.recorders.Publish(&d.watch, visits)
}

// visits are what the device does for the channels that it can read, by key.
func (d *Device) visits() map[string]device.Visit {
	doc, err := parse([]byte(d.documents[channelsPath]))
	if err != nil {
		return nil
	}
	from, _ := netip.ParseAddr(d.url.Hostname())
	all := map[string]device.Visit{}
	for key, it := range doc.items {
		var camera, username string
		if json.Unmarshal(it["camera"], &camera) == nil && json.Unmarshal(it["username"], &username) == nil {
			all[key] = device.Visit{Recorder: from, Camera: cameraAt(camera), Name: username, Password: d.secrets[channelPlace(key)]}
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

// channelOf is the key of the channel whose state a path shows.
func channelOf(path string) (key string, shows bool) {
	rest, below := strings.CutPrefix(path, channelsPath+"/")
	key, status := strings.CutSuffix(rest, statusEnd)
	return key, below && status
}

// channelStatus is the document that tells of a channel.
func (d *Device) channelStatus(path string) (string, bool) {
	key, shows := channelOf(path)
	if !shows {
		return "", false
	}
	v, found := d.visits()[key]
	if !found {
		return "", false
	}
	online := d.watch.Seen(v) == device.Connected
	return string(encode(map[string]any{"items": map[string]any{"": map[string]bool{"online": online}}})), true
}

// look makes the device try a channel once more, if that is what a path shows the state of.
func (d *Device) look(path string) {
	key, shows := channelOf(path)
	if !shows {
		return
	}
	d.mu.Lock()
	v, found := d.visits()[key]
	d.mu.Unlock()
	if found {
		d.fleet.recorders.Look(&d.watch, []device.Visit{v})
	}
}

// visit is a recorder that logs in to a camera of the fleet.
func (f *Fleet) visit(v device.Visit, at time.Time) device.Sight {
	f.mu.RLock()
	cameras := f.byHost[v.Camera.Addr().String()]
	f.mu.RUnlock()
	for _, d := range cameras {
		if port := v.Camera.Port(); port == 0 || strconv.Itoa(int(port)) == d.url.Port() {
			return d.visited(v, at)
		}
	}
	return device.Unreachable
}

func (d *Device) visited(v device.Visit, at time.Time) device.Sight {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at.Before(d.core.Away) || v.Recorder.IsValid() && !d.obeyed().admits(v.Recorder) {
		return device.Unreachable
	}
	return d.core.Visited(d.obeyed().lock, v, at)
}
