package simulator

import (
	"net/netip"
	"strconv"
	"strings"

	"camform/providers/device"
)

// onvif is the protocol of channels whose cameras need not be the vendor's.
const onvif = "ONVIF"

// door is how the device lets a recorder in, as its documents that are in force have it.
func (d *unit) door(v device.Visit) device.Door {
	s := d.running
	door := device.Door{
		Ports: d.ports(v), Lock: s.lock, Redirects: s.redirect, TLS: s.tls,
		Admits: func(source netip.Addr) bool { return !s.filter.drops(source) },
	}
	for _, a := range s.algorithms {
		door.Schemes = append(door.Schemes, a.name)
	}
	if s.basic {
		door.Schemes = append(door.Schemes, "Basic")
	}
	if v.Protocol == onvif {
		door.Accounts = d.onvifAccounts()
		door.Shows = func(*device.Account) bool { return s.rtsp.enabled }
	} else {
		door.Shows = d.showsPicture
	}
	return door
}

// ports are those at which the device waits for a recorder.
func (d *unit) ports(v device.Visit) []device.Port {
	s := d.running
	var ports []device.Port
	open := func(s service, speaks device.Language) {
		if s.enabled {
			ports = append(ports, device.Port{Number: uint16(s.port), Speaks: speaks})
		}
	}
	if v.Protocol == onvif && !s.onvif {
		return nil
	}
	if v.Protocol != onvif {
		open(s.private, device.Private)
	}
	open(s.http, device.HTTP)
	open(s.https, device.HTTPS)
	if d.fleet != nil {
		open(d.mapped())
	}
	return ports
}

// onvifAccounts are the users of ONVIF, who are no users of the device.
func (d *unit) onvifAccounts() *device.Accounts {
	var all device.Accounts
	for _, u := range d.scanned(onvifUsersPath).items() {
		secret := d.secrets[onvifUsersPath+"#User["+u.value("id")+"]/password"]
		all.Set(u.value("userName"), u.value("userType"), secret)
	}
	return &all
}

// mapped is the service at the port that the URLs of the fleet lead to.
func (d *unit) mapped() (service, device.Language) {
	s, factory, speaks := d.running.http, d.model.settings.http, device.HTTP
	if d.fleet.secure {
		s, factory, speaks = d.running.https, d.model.settings.https, device.HTTPS
	}
	port := d.fleet.entry()
	return service{s == factory || s.listens(port, true, factory), port}, speaks
}

// showsPicture reports whether the rights of an account allow it to see the picture. One without an entry has those of its
// level, which all do.
func (d *unit) showsPicture(u *device.Account) bool {
	rights := d.scanned(userPermissionPath)
	for _, entry := range rights.items() {
		if entry.value("userID") == strconv.Itoa(u.ID) {
			return !strings.EqualFold(entry.child("remotePermission").value("preview"), "false")
		}
	}
	return true
}
