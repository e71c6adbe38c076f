package device_test

import (
	"net/netip"
	"testing"
	"time"

	"camform/providers/device"
)

// site is a recorder that shows a camera.
type site struct {
	*testing.T
	now       time.Time
	camera    *device.State
	recorders device.Recorders
	watch     device.Watch
	serial    string // of the camera
}

// open is a camera that anybody may try at port 80.
var open = device.Door{Ports: []device.Port{{Number: 80, Speaks: device.HTTP}}, Lock: rule, Schemes: []string{"MD5"}}

func newSite(t *testing.T) *site {
	s := &site{T: t, now: noon, camera: camera("Secret-1")}
	s.recorders.Clock = func() time.Time { return s.now }
	s.recorders.Visit = func(v device.Visit, at time.Time) device.Meeting {
		return device.Meeting{Sight: s.camera.Visited(open, v, at), Camera: device.Camera{Serial: s.serial}}
	}
	return s
}

// with is what the recorder does for a channel with a password.
func with(password string) device.Visit {
	return device.Visit{Recorder: device.Recorder{Name: "recorder", Address: ours}, Camera: netip.MustParseAddrPort("192.0.2.1:80"), Name: "guard", Password: password}
}

// passes lets the recorder go on for some time, and demands what it sees then and how often it was refused by then.
func (s *site) passes(d time.Duration, v device.Visit, want device.Sight, refused int) {
	s.Helper()
	s.now = s.now.Add(d)
	s.recorders.CatchUp()
	if got := s.watch.Seen(v); got != want {
		s.Errorf("%s after noon it sees %d, want %d", s.now.Sub(noon), got, want)
	}
	if got := s.camera.Log.CountFrom(device.Refused, ours); got != refused {
		s.Errorf("%s after noon it was refused %d times, want %d", s.now.Sub(noon), got, refused)
	}
}

func TestARecorderNeverGivesUp(t *testing.T) {
	s := newSite(t)
	wrong, right := with("wrong"), with("Secret-1")
	s.passes(0, wrong, device.Unseen, 0)
	s.recorders.Publish(&s.watch, []device.Visit{wrong, wrong})
	s.passes(0, wrong, device.Turned, 1)
	s.passes(9*time.Second, wrong, device.Turned, 1)
	s.passes(26*time.Second, wrong, device.Turned, 4)
	s.passes(5*time.Second, wrong, device.Turned, 5)
	s.passes(10*time.Second, wrong, device.LockedOut, 5)
	s.passes(2*time.Hour, wrong, device.LockedOut, 5) // each try has restarted the lock
	s.recorders.Publish(&s.watch, []device.Visit{right})
	s.passes(0, right, device.LockedOut, 5)
	s.recorders.Publish(&s.watch, nil)
	s.passes(30*time.Minute, right, device.Unseen, 5)
	s.recorders.Publish(&s.watch, []device.Visit{right})
	s.passes(0, right, device.Connected, 5)
	if s.camera.Gate.LockedFor(other, s.now) != 0 {
		t.Error("it has locked out somebody else")
	}
}

func TestALoginOfARecorderMakesUpForFailedOnes(t *testing.T) {
	s := newSite(t)
	right := with("Secret-1")
	s.recorders.Publish(&s.watch, []device.Visit{right})
	for refused := range 3 {
		s.passes(10*time.Second, right, device.Connected, 4*refused)
		s.camera.FailForeign(rule, ours, s.now, 4)
	}
}

func TestTriesAreMadeUpForWithThePasswordOfTheirTime(t *testing.T) {
	s := newSite(t)
	right := with("Secret-1")
	s.recorders.Publish(&s.watch, []device.Visit{right})
	s.passes(0, right, device.Connected, 0)
	s.camera.Accounts.Change(s.camera.Accounts.Named("guard"), "Secret-2", device.Mishap{Late: 20 * time.Second}, noon)
	s.passes(40*time.Second, right, device.Turned, 3)
}

func TestALongTimeIsMadeUpForAtOnce(t *testing.T) {
	s := newSite(t)
	right := with("Secret-1")
	s.recorders.Publish(&s.watch, []device.Visit{right})
	visits := 0
	visit := s.recorders.Visit
	s.recorders.Visit = func(v device.Visit, at time.Time) device.Meeting {
		visits++
		return visit(v, at)
	}
	s.passes(100*365*24*time.Hour, right, device.Connected, 0)
	if visits == 0 || visits > 1001 {
		t.Errorf("%d visits", visits)
	}
}

func TestChannelsThatStayKeepTheirPace(t *testing.T) {
	s := newSite(t)
	wrong := with("wrong")
	s.recorders.Publish(&s.watch, []device.Visit{wrong})
	s.passes(5*time.Second, wrong, device.Turned, 1)
	s.recorders.Publish(&s.watch, []device.Visit{wrong, with("Secret-1")})
	s.passes(0, wrong, device.Turned, 1)
	s.recorders.Look(&s.watch, []device.Visit{wrong, wrong})
	s.passes(4*time.Second, wrong, device.Turned, 2)
	s.passes(time.Second, wrong, device.Turned, 3)
}

func TestAWatchGoesBack(t *testing.T) {
	s := newSite(t)
	wrong := with("wrong")
	s.recorders.Publish(&s.watch, []device.Visit{wrong})
	was := s.watch.Glance()
	s.passes(15*time.Second, wrong, device.Turned, 2)
	s.recorders.Restore(&s.watch, was)
	if s.watch.Seen(wrong) != device.Unseen {
		t.Error("it remembers what it saw since")
	}
	s.passes(0, wrong, device.Turned, 4) // what it did since is done again
}

func TestARecorderCannotUseAnAccountThatSleeps(t *testing.T) {
	s := newSite(t)
	right := with("Secret-1")
	s.camera.Accounts.Named("guard").Asleep = true
	s.recorders.Publish(&s.watch, []device.Visit{right})
	s.passes(0, right, device.Turned, 0)
}
