package simulator

import (
	"crypto/tls"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"camform/providers/device"
)

// catchUp lets the recorders of the fleet make the visits that are due. It may be called on nil.
func (f *Fleet) catchUp() {
	if f != nil {
		f.recorders.CatchUp()
	}
}

// witnessed lets the observer of the fleet look at an exchange. It may be called on nil.
func (f *Fleet) witnessed() {
	if f != nil && f.witness != nil {
		f.witness()
	}
}

// lead returns the camera that a visit leads to, and the visit as the camera sees it; nil where the fleet has none.
func (f *Fleet) lead(v device.Visit) (*Device, device.Visit) {
	if name, there, routed := f.routes.Lead(v); routed {
		return f.byName[name], there
	}
	if d := f.at(v.Camera.Addr()); d != nil && !d.hidden {
		return d, v
	}
	return nil, v
}

// visit is a recorder that logs in to a camera of the fleet.
func (f *Fleet) visit(v device.Visit, at time.Time) device.Meeting {
	d, there := f.lead(v)
	if d == nil {
		return device.Meeting{Sight: device.Unreachable}
	}
	d.unit.mu.Lock()
	defer d.unit.mu.Unlock()
	return device.Meeting{
		Sight:  d.unit.core.Visited(camera{&d.unit}.door(there), there, at),
		Camera: device.Camera{Serial: d.unit.identity.serial, Model: d.unit.model.product, Firmware: d.unit.model.firmware},
	}
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

// visitFor is how a channel logs in, if its camera is one of the fleet, or would be: nobody has an address of its network, or
// one of a wiring.
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
	if err != nil {
		return device.Visit{}, false
	}
	port, _ := strconv.ParseUint(at.value("managePortNo"), 10, 16)
	if port == 0 {
		port = usualPort(at.value("proxyProtocol"))
	}
	v := device.Visit{
		Recorder: d.asRecorder(),
		Camera:   netip.AddrPortFrom(address, uint16(port)),
		Protocol: at.value("proxyProtocol"),
		Name:     at.value("userName"),
		Password: d.secrets[channelsPath+"#InputProxyChannel["+channel.value("id")+"]/sourceInputPortDescriptor/password"],
	}
	if d.fleet == nil {
		return v, false
	}
	camera, _ := d.fleet.lead(v)
	return v, camera != nil || d.wired || d.fleet.net.Contains(address)
}

// usualPort is where recorders look for a camera whose port a channel does not tell.
func usualPort(protocol string) uint64 {
	if protocol == "" || protocol == "HIKVISION" {
		return privatePort
	}
	return 80
}

// asRecorder is the device as cameras see it.
func (d *unit) asRecorder() device.Recorder {
	r := device.Recorder{Name: d.name, Address: d.address, MD5Only: d.quirks.MD5Only, PlainOnly: d.quirks.PlainOnly}
	if d.quirks.OldTLS {
		r.TLS = tls.VersionTLS12
	}
	return r
}
