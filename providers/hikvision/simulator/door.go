package simulator

import (
	"net/netip"
	"strconv"
	"strings"

	"camform/providers/device"
)

// onvif is the protocol of channels whose cameras need not be the vendor's.
const onvif = "ONVIF"

// camera is a device as it is to recorders.
type camera struct{ *unit }

// door is how the device lets a recorder in, as its documents that are in force have it.
func (c camera) door(v device.Visit) device.Door {
	if c.inactive {
		return device.Door{}
	}
	s := c.running
	door := device.Door{
		Ports: c.ports(v), Lock: s.lock, Redirects: s.redirect, TLS: s.tls,
		Admits: func(source netip.Addr) bool { return !s.filter.drops(source) },
	}
	for _, a := range s.algorithms {
		door.Schemes = append(door.Schemes, a.name)
	}
	if s.basic {
		door.Schemes = append(door.Schemes, "Basic")
	}
	if v.Protocol == onvif {
		door.Accounts = c.onvifAccounts()
		door.Shows = func(*device.Account) bool { return s.rtsp.enabled }
	} else {
		door.Shows = c.showsPicture
	}
	return door
}

// ports are those at which the device waits for a recorder.
func (c camera) ports(v device.Visit) []device.Port {
	s := c.running
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
	open(c.mapped())
	return ports
}

// onvifAccounts are the users of ONVIF, who are no users of the device.
func (c camera) onvifAccounts() *device.Accounts {
	var all device.Accounts
	for _, u := range c.scanned(onvifUsersPath).items() {
		secret := c.secrets[onvifUsersPath+"#User["+u.value("id")+"]/password"]
		all.Set(u.value("userName"), u.value("userType"), secret)
	}
	return &all
}

// mapped is the service at the port that the URLs of the fleet lead to.
func (c camera) mapped() (service, device.Language) {
	s, factory, speaks := c.running.http, c.model.settings.http, device.HTTP
	if c.fleet.secure {
		s, factory, speaks = c.running.https, c.model.settings.https, device.HTTPS
	}
	port := c.fleet.entry()
	return service{s == factory || s.listens(port, true, factory), port}, speaks
}

// showsPicture reports whether the rights of an account allow it to see the picture. One without an entry has those of its
// level, which all do.
func (c camera) showsPicture(u *device.Account) bool {
	rights := c.scanned(userPermissionPath)
	for _, entry := range rights.items() {
		if entry.value("userID") == strconv.Itoa(u.ID) {
			return !strings.EqualFold(entry.child("remotePermission").value("preview"), "false")
		}
	}
	return true
}
