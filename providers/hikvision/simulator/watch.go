package simulator

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"camform/providers/device"
)

// sdkPort is where cameras wait for recorders.
const sdkPort = 8000

// catchUp lets the recorders of the fleet make the visits that are due. It may be called on nil.
func (f *Fleet) catchUp() {
	if f != nil {
		f.recorders.CatchUp()
	}
}

// visit is a recorder that logs in to a camera of the fleet.
func (f *Fleet) visit(v device.Visit, at time.Time) device.Sight {
	d := f.at(v.Camera.Addr())
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	if at.Before(d.unit.core.Away) || !d.unit.waitsAt(int(v.Camera.Port())) || d.unit.running.filter.drops(v.Recorder) {
		return device.Unreachable
	}
	return d.unit.core.Visited(d.unit.running.lock, v, at)
}

// waitsAt reports whether the device listens to recorders at a port.
func (d *unit) waitsAt(port int) bool {
	mapped := port == d.fleet.entry()
	s := d.running
	return port == 0 || port == sdkPort || mapped || s.http.listens(port, false, service{}) || s.https.listens(port, false, service{})
}

// publishChannels tells the fleet with what the device logs in to cameras of it.
func (d *unit) publishChannels() {
	if d.fleet != nil && !d.model.recorded {
		d.fleet.recorders.Publish(&d.watch, d.visitsAt(channelsPath))
	}
}

// visitsAt are those for the channels that a path shows the state of, or all of them.
func (d *unit) visitsAt(path string) []device.Visit {
	stored, _ := d.stored(channelsPath)
	list, err := scan(stored.body)
	if err != nil {
		return nil
	}
	id, single := strings.CutPrefix(strings.TrimSuffix(path, "/status"), channelsPath+"/")
	var visits []device.Visit
	for _, channel := range list.children {
		v, inFleet := d.visitFor(channel)
		if inFleet && (!single || channel.value("id") == id) {
			visits = append(visits, v)
		}
	}
	return visits
}

// visitFor is how a channel logs in, if its camera is one of the fleet.
func (d *unit) visitFor(channel *element) (device.Visit, bool) {
	at := channel.child("sourceInputPortDescriptor")
	if at == nil {
		return device.Visit{}, false
	}
	text := at.value("ipAddress")
	if text == "" {
		text = at.value("hostName")
	}
	address, err := netip.ParseAddr(text)
	if err != nil || d.fleet.at(address) == nil {
		return device.Visit{}, false
	}
	port, _ := strconv.ParseUint(at.value("managePortNo"), 10, 16)
	secret := d.secrets[channelsPath+"#InputProxyChannel["+channel.value("id")+"]/sourceInputPortDescriptor/password"]
	return device.Visit{Recorder: d.address, Camera: netip.AddrPortFrom(address, uint16(port)), Name: at.value("userName"), Password: secret}, true
}
