package memory

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"camform/providers"
	"camform/providers/device"
)

// Source is the address that devices see their clients come from, and that documents carry.
const Source = "198.51.100.7"

var source = netip.MustParseAddr(Source)

// Fleet is a set of devices and the network that leads to them. It is safe for concurrent use.
type Fleet struct {
	now    func() time.Time
	ledger Ledger

	recorders device.Recorders

	mu      sync.RWMutex
	devices []*Device // in the order in which they were added
	byName  map[string]*Device
	byHost  map[string][]*Device
	routes  device.Routes
}

// NewFleet makes a fleet without devices. Locks and restarts last by the clock now; in a synctest bubble that is
// time.Now.
func NewFleet(now func() time.Time) *Fleet {
	f := &Fleet{now: now, byName: map[string]*Device{}, byHost: map[string][]*Device{}}
	f.recorders.Clock, f.recorders.Visit = now, f.visit
	return f
}

// Add makes a device that answers at address, such as "https://192.0.2.1" or "http://192.0.2.1:8080"; a port that is not
// given is the usual one. The other scheme is served on its usual port. A name that exists, or an address that is no
// URL, is a panic.
func (f *Fleet) Add(name, address string, options Options) *Device {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") {
		panic("memory: " + address + " is not the URL of a device")
	}
	d := newDevice(f, name, withPort(u), options)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byName[name] != nil {
		panic("memory: there is already a device " + name)
	}
	f.byName[name] = d
	f.devices = append(f.devices, d)
	f.byHost[u.Hostname()] = append(slices.Clip(f.byHost[u.Hostname()]), d) // readers go on with what they have
	return d
}

// Route leads recorders to a camera at another address than its own, from now on. A camera that the fleet does not have is a
// panic.
func (f *Fleet) Route(r device.Route) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byName[r.Camera] == nil {
		panic("memory: there is no device " + r.Camera + " that a route could lead to")
	}
	f.routes.Add(r)
}

// Device returns the device of that name, or nil.
func (f *Fleet) Device(name string) *Device {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.byName[name]
}

// Provider is the way to the devices for the engine. All providers of a fleet are alike.
func (f *Fleet) Provider() providers.Provider { return provider{f} }

// Ledger is the ledger of the targets that [Device.Target] makes.
func (f *Fleet) Ledger() *Ledger { return &f.ledger }

// SetClock sets the clock of a device, by how much it is then ahead of that of the fleet.
func (f *Fleet) SetClock(name string, ahead time.Duration) {
	d := f.Device(name)
	defer d.enter()()
	d.ahead = ahead
}

// dial opens a connection: it finds the device that listens at the address now, and lets us in.
func (f *Fleet) dial(u *url.URL) (*Device, error) {
	f.mu.RLock()
	candidates := f.byHost[u.Hostname()]
	f.mu.RUnlock()
	for _, d := range candidates {
		if !d.options.Hidden && d.listens(u.Scheme, withPort(u).Port()) {
			return d, nil
		}
	}
	return nil, fmt.Errorf("no answer from %s: %w", u.Host, providers.ErrUnreachable)
}

func withPort(u *url.URL) *url.URL {
	if u.Port() != "" {
		return u
	}
	with := *u
	with.Host += map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return &with
}
