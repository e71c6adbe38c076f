package simulator

import (
	"net/netip"
	"strconv"
	"strings"

	"camform/providers/device"
)

// door is how the device lets recorders in, as its documents that are in force have it.
func (d *unit) door() device.Door {
	s := d.running
	door := device.Door{
		Lock: s.lock, Redirects: s.redirect, TLS: s.tls, Shows: d.showsPicture,
		Admits: func(source netip.Addr) bool { return !s.filter.drops(source) },
	}
	for _, a := range s.algorithms {
		door.Schemes = append(door.Schemes, a.name)
	}
	if s.basic {
		door.Schemes = append(door.Schemes, "Basic")
	}
	open := func(s service, speaks device.Language) {
		if s.enabled {
			door.Ports = append(door.Ports, device.Port{Number: uint16(s.port), Speaks: speaks})
		}
	}
	open(s.private, device.Private)
	open(s.http, device.HTTP)
	open(s.https, device.HTTPS)
	if d.fleet != nil {
		open(d.mapped())
	}
	return door
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
