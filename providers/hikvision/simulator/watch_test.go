package simulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

// shown is a recorder that shows a camera on channel 5, as its user nvr with the password Right-One-1.
type shown struct {
	*testing.T
	clock            *made
	fleet            *simulator.Fleet
	recorder, camera *simulator.Device
	client           *client // of the recorder
}

const fifth = channels + "/5"

func showCamera(t *testing.T) *shown {
	clock := newClock()
	f := newFleet(t, simulator.Options{Models: []string{"recorder-v2", "camera-v57"}, Clock: clock.now})
	s := &shown{t, clock, f, f.Devices()[0], f.Devices()[1], connect(t, f, f.Devices()[0], "admin", password)}
	s.camera.SetUser("nvr", "Operator", "Right-One-1")
	s.client.send(http.MethodPost, channels, channelXML(s.camera.Address().String(), "nvr", "Right-One-1"), "ok")
	s.tells("connect")
	return s
}

// tells demands what the recorder says of the camera.
func (s *shown) tells(want string) {
	s.Helper()
	got := s.client.get(fifth + "/status")
	if !strings.Contains(got, "<chanDetectResult>"+want+"<") || strings.Contains(got, "<online>true<") != (want == "connect") {
		s.Errorf("want %s, have\n%s", want, got)
	}
}

// charged demands how many logins of the recorder the camera refused.
func (s *shown) charged(want int) {
	s.Helper()
	if got := s.camera.RefusalsOf(s.recorder.Address()); got != want {
		s.Errorf("the camera refused %d logins of the recorder, want %d", got, want)
	}
}

func (s *shown) correct(secret string) {
	s.Helper()
	s.client.put(fifth, edit(s, s.client.get(fifth), "<userName>nvr</userName>", "<userName>nvr</userName><password>"+secret+"</password>"), "ok")
}

func TestARecorderNeverGivesUp(t *testing.T) {
	s := showCamera(t)
	s.camera.SetUser("nvr", "Operator", "Another-One-2")
	s.charged(0)
	s.clock.advance(10 * time.Second)
	s.charged(1)
	s.clock.advance(25 * time.Second)
	s.charged(3)
	s.tells("errorUserNameOrPasswd") // one more, between two tries
	s.charged(4)
	s.tells("errorUserNameOrPasswd")
	s.charged(5)
	s.clock.advance(10 * time.Second)
	s.correct("Another-One-2")
	s.tells("connect")
	s.clock.advance(time.Hour)
	s.charged(6)
}

func TestARecorderLocksItselfOutAndNobodyElse(t *testing.T) {
	s := showCamera(t)
	s.camera.SetUser("nvr", "Operator", "Another-One-2")
	s.clock.advance(2 * time.Minute)
	s.charged(7)
	s.correct("Another-One-2")
	s.tells("userLocked")
	connect(t, s.fleet, s.camera, "admin", password).get(deviceInfo)
	s.clock.advance(2 * time.Hour) // each try has restarted the lock
	s.tells("userLocked")
	s.charged(7)
	s.camera.Reboot()
	s.tells("netUnreachable")
	s.clock.advance(time.Minute)
	s.tells("connect")
}

func TestChannelsWithTheSameLoginAreOneTry(t *testing.T) {
	s := showCamera(t)
	s.client.send(http.MethodPost, channels, channelXML(s.camera.Address().String(), "nvr", "Right-One-1"), "ok")
	s.camera.SetUser("nvr", "Operator", "Another-One-2")
	if list := s.client.get(channels + "/status"); strings.Count(list, ">errorUserNameOrPasswd<") != 2 || strings.Count(list, ">connect<") != 4 {
		t.Errorf("%s", list)
	}
	s.charged(1)
}

func TestOnlyWhoMayAskMakesARecorderTry(t *testing.T) {
	s := showCamera(t)
	s.camera.SetUser("nvr", "Operator", "Another-One-2")
	anonymousClient(t, s.fleet, s.recorder).do(http.MethodGet, fifth+"/status", "")
	s.charged(0)
}

func TestARecorderNeedsAWayToTheCamera(t *testing.T) {
	s := showCamera(t)
	at := s.client.get(fifth)
	for port, want := range map[string]string{"8000": "connect", "80": "connect", "443": "connect", "8443": "netUnreachable"} {
		s.client.put(fifth, edit(t, edit(t, at, ">8000<", ">"+port+"<"), "<userName>nvr</userName>", "<userName>nvr</userName><password>Right-One-1</password>"), "ok")
		s.tells(want)
	}
	s.correct("Right-One-1")
	s.client.put(fifth, at, "ok")
	s.tells("connect")
	filter := string(s.camera.Document(ipFilter))
	filter = edit(t, filter, "<enabled>false", "<enabled>true")
	filter = edit(t, filter, "<permissionType>deny", "<permissionType>allow")
	if err := s.camera.SetDocument(ipFilter, []byte(filter)); err != nil {
		t.Fatal(err)
	}
	s.tells("netUnreachable")
	s.charged(0)
}

func TestFailedLoginsOfOthersAreHeldAgainstTheirAddress(t *testing.T) {
	s := showCamera(t)
	s.camera.FailLogins(s.recorder.Address(), 6)
	s.camera.SetUser("nvr", "Operator", "Another-One-2")
	s.tells("errorUserNameOrPasswd")
	s.tells("userLocked")
	if s.camera.RefusalsOf(ours) != 0 {
		t.Error("they are held against us")
	}
}
