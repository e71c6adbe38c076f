package device_test

import (
	"crypto/tls"
	"net/netip"
	"testing"
	"time"

	"camform/providers/device"
)

// front is a door with all languages, at the usual ports, that asks for SHA-256.
func front() device.Door {
	return device.Door{
		Ports: []device.Port{{Number: 8000, Speaks: device.Private}, {Number: 80, Speaks: device.HTTP}, {Number: 443, Speaks: device.HTTPS}},
		Lock:  rule, Schemes: []string{"SHA-256"},
	}
}

// at is a recorder with the right password that comes in at a port.
func at(port uint16, does func(*device.Recorder)) device.Visit {
	v := with("Secret-1")
	v.Camera = netip.AddrPortFrom(v.Camera.Addr(), port)
	if does != nil {
		does(&v.Recorder)
	}
	return v
}

func md5Only(r *device.Recorder)   { r.MD5Only = true }
func plainOnly(r *device.Recorder) { r.PlainOnly = true }
func oldTLS(r *device.Recorder)    { r.TLS = tls.VersionTLS12 }

func TestWhatADoorLetsIn(t *testing.T) {
	for name, c := range map[string]struct {
		visit   device.Visit
		changes func(*device.Door)
		want    device.Sight
	}{
		"the vendor's own":             {at(8000, nil), nil, device.Connected},
		"HTTP":                         {at(80, nil), nil, device.Connected},
		"HTTPS":                        {at(443, nil), nil, device.Connected},
		"no such port":                 {at(8001, nil), nil, device.Unreachable},
		"the usual port":               {at(0, nil), nil, device.Unreachable}, // the face knows which that is
		"a closed port":                {at(80, nil), func(d *device.Door) { d.Ports = d.Ports[2:] }, device.Unreachable},
		"a filter with it":             {at(80, nil), admits(ours), device.Connected},
		"a filter without it":          {at(80, nil), admits(other), device.Unreachable},
		"no address to look at":        {at(80, func(r *device.Recorder) { r.Address = netip.Addr{} }), admits(other), device.Connected},
		"MD5 where SHA-256 is wanted":  {at(80, md5Only), nil, device.Turned},
		"the same over TLS":            {at(443, md5Only), nil, device.Turned},
		"the same in the vendor's own": {at(8000, md5Only), nil, device.Connected},
		"MD5 where it is enough":       {at(80, md5Only), schemes("SHA-256", "MD5"), device.Connected},
		"MD5 where basic is enough":    {at(80, md5Only), schemes("SHA-256", "Basic"), device.Connected},
		"no TLS":                       {at(443, plainOnly), nil, device.Unreachable},
		"no TLS and none needed":       {at(80, plainOnly), nil, device.Connected},
		"old TLS":                      {at(443, oldTLS), nil, device.Connected},
		"old TLS where it is allowed":  {at(443, oldTLS), speaks(tls.VersionTLS13, tls.VersionTLS12), device.Connected},
		"old TLS where it is not":      {at(443, oldTLS), speaks(tls.VersionTLS13), device.Unreachable},
		"new TLS":                      {at(443, nil), speaks(tls.VersionTLS13), device.Connected},
		"a redirect":                   {at(80, nil), redirects, device.Connected},
		"a redirect and no TLS":        {at(80, plainOnly), redirects, device.Unreachable},
		"a redirect to a closed port":  {at(80, plainOnly), func(d *device.Door) { redirects(d); d.Ports = d.Ports[:2] }, device.Connected},
		"a redirect of HTTP alone":     {at(8000, plainOnly), redirects, device.Connected},
		"no picture":                   {at(80, nil), shows("somebody else"), device.Blind},
		"the picture":                  {at(80, nil), shows("guard"), device.Connected},
		"other accounts":               {at(80, nil), accounts("guard", "Secret-2"), device.Turned},
		"the same among others":        {at(80, nil), accounts("guard", "Secret-1"), device.Connected},
	} {
		s, d := camera("Secret-1"), front()
		if c.changes != nil {
			c.changes(&d)
		}
		if got := s.Visited(d, c.visit, noon); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if refused := s.Log.Count(device.Refused); refused != 0 && name != "other accounts" {
			t.Errorf("%s: %d failed logins", name, refused)
		}
	}
}

func admits(source netip.Addr) func(*device.Door) {
	return func(d *device.Door) { d.Admits = func(a netip.Addr) bool { return a == source } }
}

func schemes(names ...string) func(*device.Door) {
	return func(d *device.Door) { d.Schemes = names }
}

func speaks(versions ...uint16) func(*device.Door) {
	return func(d *device.Door) { d.TLS = versions }
}

func shows(name string) func(*device.Door) {
	return func(d *device.Door) { d.Shows = func(u *device.Account) bool { return u.Name == name } }
}

func accounts(name, password string) func(*device.Door) {
	return func(d *device.Door) {
		d.Accounts = &device.Accounts{}
		d.Accounts.Set(name, "Operator", password)
	}
}

func redirects(d *device.Door) { d.Redirects = true }

func TestADisabledAccountIsNoWayIn(t *testing.T) {
	s := camera("Secret-1")
	s.Accounts.Named("guard").Disabled = true
	s.Accounts.Set("guard", "Operator", "Secret-1") // another password does not put it in force
	if login(s, ours, "Secret-1", noon) || s.Visited(front(), at(80, nil), noon) != device.Turned || s.Log.Count(device.Refused) != 2 {
		t.Errorf("%v", s.Log.Entries())
	}
}

func TestADeviceWithoutPowerIsDownUntilItHasSome(t *testing.T) {
	s := camera("Secret-1")
	s.Unplug()
	if got := s.Visited(front(), at(80, nil), noon.AddDate(100, 0, 0)); got != device.Unreachable || s.Starts != 1 {
		t.Errorf("%s after %d starts", got, s.Starts)
	}
	s.Away = noon
	if got := s.Visited(front(), at(80, nil), noon); got != device.Connected {
		t.Errorf("%s", got)
	}
}

func TestARecorderKnowsTheCameraThatLetItIn(t *testing.T) {
	s := newSite(t)
	s.serial = "first"
	knows := func(v device.Visit, want string) {
		t.Helper()
		if got := s.watch.Met(v.Camera).Serial; got != want {
			t.Errorf("it knows %q, want %q", got, want)
		}
	}
	right := with("Secret-1")
	s.recorders.Publish(&s.watch, []device.Visit{right})
	knows(right, "")
	s.passes(0, right, device.Connected, 0)
	knows(right, "first")
	s.serial = "second"
	s.camera.Accounts.Set("guard", "Operator", "Secret-2")
	s.passes(10*time.Second, right, device.Turned, 1)
	knows(right, "first") // a device that refuses it reports nothing
	glance := s.watch.Glance()
	right = with("Secret-2")
	s.recorders.Publish(&s.watch, []device.Visit{right})
	knows(right, "first")
	s.passes(0, right, device.Connected, 1)
	knows(right, "second")
	s.recorders.Restore(&s.watch, glance)
	knows(right, "first")
	moved := at(8000, nil)
	s.recorders.Publish(&s.watch, []device.Visit{moved})
	s.recorders.Publish(&s.watch, []device.Visit{right})
	knows(right, "") // it forgot the camera with the channel
}

func TestARecorderThatSeesNothingStillKnowsTheCamera(t *testing.T) {
	s := newSite(t)
	s.serial = "first"
	visit := s.recorders.Visit
	s.recorders.Visit = func(v device.Visit, at time.Time) device.Meeting {
		m := visit(v, at)
		m.Sight = device.Blind
		return m
	}
	s.recorders.Publish(&s.watch, []device.Visit{with("Secret-1")})
	s.passes(0, with("Secret-1"), device.Blind, 0)
	if got := s.watch.Met(with("Secret-1").Camera).Serial; got != "first" {
		t.Errorf("it knows %q", got)
	}
}

func TestRoutes(t *testing.T) {
	private, router := netip.MustParseAddr("192.168.1.64"), netip.MustParseAddr("203.0.113.1")
	var routes device.Routes
	for _, route := range []device.Route{
		{To: netip.AddrPortFrom(private, 8000), Camera: "elsewhere"}, // those of a recorder count first
		{Recorder: "north", To: netip.AddrPortFrom(private, 0), Camera: "gate"},
		{Recorder: "south", To: netip.AddrPortFrom(private, 0), Camera: "yard"},
		{To: netip.AddrPortFrom(router, 8001), Camera: "ramp", Port: 8000, Source: other},
		{To: netip.AddrPortFrom(router, 8001), Camera: "never"},
	} {
		routes.Add(route)
	}
	for name, c := range map[string]struct {
		recorder string
		to       netip.AddrPort
		camera   string
		port     uint16
		source   netip.Addr
	}{
		"one site":             {"north", netip.AddrPortFrom(private, 8000), "gate", 8000, ours},
		"another":              {"south", netip.AddrPortFrom(private, 80), "yard", 80, ours},
		"a third":              {"east", netip.AddrPortFrom(private, 80), "", 80, ours},
		"a forwarded port":     {"east", netip.AddrPortFrom(router, 8001), "ramp", 8000, other},
		"a port that is not":   {"east", netip.AddrPortFrom(router, 8002), "", 8002, ours},
		"no route to anything": {"north", netip.AddrPortFrom(ours, 80), "", 80, ours},
	} {
		v := device.Visit{Recorder: device.Recorder{Name: c.recorder, Address: ours}, Camera: c.to, Name: "guard"}
		camera, there, found := routes.Lead(v)
		if camera != c.camera || found != (c.camera != "") || there.Camera.Port() != c.port || there.Recorder.Address != c.source || there.Name != "guard" {
			t.Errorf("%s: %q %v %+v", name, camera, found, there)
		}
	}
}

func TestSessions(t *testing.T) {
	s := camera("Secret-1")
	s.Accounts.Set("night", "Viewer", "Secret-1")
	s.Sessions.Open("guard", ours, noon)
	s.Sessions.Open("nobody", ours, noon)
	s.Sessions.Open("night", other, minute(1))
	online := func(want ...string) {
		t.Helper()
		have := s.OnlineUsers()
		for i, session := range have {
			if i >= len(want) || session.User != want[i] {
				t.Errorf("online are %+v, want %q", have, want)
			}
		}
		if len(have) != len(want) {
			t.Errorf("online are %+v, want %q", have, want)
		}
	}
	online("guard", "night")
	if all := s.OnlineUsers(); all[0].ID == all[1].ID || all[0].Source != ours || !all[1].Since.Equal(minute(1)) {
		t.Errorf("%+v", all)
	}
	c := s.Clone()
	s.Sessions.Close(other)
	online("guard")
	if len(c.OnlineUsers()) != 2 {
		t.Errorf("the clone has %+v", c.OnlineUsers())
	}
	s.Accounts.Named("guard").Disabled = true
	online()
	s.Accounts.Named("guard").Disabled = false
	s.Restart(minute(2), time.Minute)
	online()
}

// A session with a key belongs to the client that sends it from where it was opened, and ends when nobody does for a while.
func TestSessionsWithAKey(t *testing.T) {
	s := camera("Secret-1")
	s.Sessions.Open("guard", other, noon)
	s.Sessions.OpenWith("k1", "guard", ours, noon)
	use := func(key string, from netip.Addr, at int, found bool) {
		t.Helper()
		if session, is := s.Sessions.Use(key, from, minute(at), 5*time.Minute); is != found || found && session.User != "guard" {
			t.Errorf("%q from %s at minute %d: %+v %t", key, from, at, session, is)
		}
	}
	use("k1", ours, 1, true)
	use("k1", other, 1, false)
	use("k2", ours, 1, false)
	use("", other, 1, false)
	use("k1", ours, 6, true)
	use("k1", ours, 12, false)
	if online := s.OnlineUsers(); len(online) != 1 || online[0].Source != other {
		t.Errorf("online are %+v", online)
	}
	s.Sessions.OpenWith("k3", "guard", ours, minute(12))
	s.Sessions.End("k3")
	use("k3", ours, 12, false)
}
