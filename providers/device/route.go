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

// Routes are those of a fleet. Of several that fit, the first counts.
type Routes []Route

// Lead returns the name of the camera that a visit leads to, and the visit as that camera sees it; found is false where no
// route does.
func (r Routes) Lead(v Visit) (camera string, there Visit, found bool) {
	for _, route := range r {
		all := route.To.Port() == 0
		if route.Recorder != "" && route.Recorder != v.Recorder.Name || route.To.Addr() != v.Camera.Addr() || !all && route.To != v.Camera {
			continue
		}
		if route.Port != 0 {
			v.Camera = netip.AddrPortFrom(v.Camera.Addr(), route.Port)
		}
		if route.Source.IsValid() {
			v.Recorder.Address = route.Source
		}
		return route.Camera, v, true
	}
	return "", v, false
}
