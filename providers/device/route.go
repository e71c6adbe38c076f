package device

import "net/netip"

// Route leads recorders to a camera by an address that is not its own: at the recorder's own PoE ports, behind a router that
// forwards a port or translates an address, or in a site whose addresses other sites have as well.
type Route struct {
	Recorder string         // name of the one that it leads; empty for all
	To       netip.AddrPort // where the recorder has the camera; port 0 for every port
	Camera   string         // name of the camera that is there
	Port     uint16         // of the camera; 0 for the one that the recorder has
	Source   netip.Addr     // whom the camera sees; invalid for the recorder itself
}

// Routes are those of a fleet. The zero value has none.
type Routes struct{ from map[junction][]Route }

// junction is an address in the network of a recorder, or in that of all where there is no name.
type junction struct {
	recorder string
	address  netip.Addr
}

// Add adds a route. Those of a recorder count before those of all, and the first of several that fit counts.
func (r *Routes) Add(route Route) {
	if r.from == nil {
		r.from = map[junction][]Route{}
	}
	at := junction{route.Recorder, route.To.Addr()}
	r.from[at] = append(r.from[at], route)
}

// Lead returns the name of the camera that a visit leads to, and the visit as that camera sees it; found is false where no
// route does.
func (r *Routes) Lead(v Visit) (camera string, there Visit, found bool) {
	for _, network := range []string{v.Recorder.Name, ""} {
		for _, route := range r.from[junction{network, v.Camera.Addr()}] {
			if port := route.To.Port(); port == 0 || port == v.Camera.Port() {
				return route.Camera, route.translate(v), true
			}
		}
	}
	return "", v, false
}

// translate returns a visit as it comes out at the end of the route.
func (r Route) translate(v Visit) Visit {
	if r.Port != 0 {
		v.Camera = netip.AddrPortFrom(v.Camera.Addr(), r.Port)
	}
	if r.Source.IsValid() {
		v.Recorder.Address = r.Source
	}
	return v
}
