package memory_test

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/device"
	"camform/providers/device/devicetest"
	"camform/providers/memory"
)

// shown is a recorder that shows the device of a world on channel 1, as guard.
type shown struct {
	*world
	recorder *memory.Device
	session  providers.Session
}

func showCamera(t *testing.T, options memory.Options) shown {
	return showTo(t, options, memory.Options{})
}

// showTo makes the recorder as well with options.
func showTo(t *testing.T, options, recorder memory.Options) shown {
	w := newGuarded(t, options)
	s := shown{world: w, recorder: w.fleet.Add("recorder", "https://192.0.2.2", recorder)}
	s.recorder.SetChannel("1", "192.0.2.1", "guard", "guard-Secret-1")
	s.session = w.provider.Open(s.recorder.Target())
	_, err := s.session.Identify(context.Background())
	w.must(err, nil)
	return s
}

// says demands what the recorder says of channel 1, in its list of all states.
func (s shown) says(want string) {
	s.Helper()
	doc, err := s.session.Read(context.Background(), "/channels/status")
	s.must(err, nil)
	if text := `{"items":{"1":{"online":` + strconv.FormatBool(want == "connected") + `,"result":"` + want + `"}}}`; string(doc.Body) != text {
		s.Errorf("the states are %s, want %s", doc.Body, text)
	}
}

// online demands what the recorder says of channel 1, by the words of its kind.
func (s shown) online(want string) {
	s.Helper()
	works := s.kind("channel").Works
	doc, err := s.session.Read(context.Background(), works.PathFor("1"))
	s.must(err, nil)
	texts, err := s.provider.Observe(doc, works.Element)
	s.must(err, nil)
	if len(texts) != 1 || texts[0] != want {
		s.Errorf("%s is %q, want %s", works.Element, texts, want)
	}
}

func (s shown) charged(want int) {
	s.Helper()
	if got := s.device.RefusalsOf("192.0.2.2"); got != want {
		s.Errorf("%d logins of the recorder were refused, want %d", got, want)
	}
}

// correct writes another password into the channel.
func (s shown) correct(to string) {
	s.Helper()
	kind := s.kind("channel")
	docs := s.world.read(s.session, kind)
	requests, err := s.provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
		{Kind: kind, Key: "1", After: s.want("channel", map[string]cty.Value{"password": cty.StringVal(to)})},
	}})
	s.must(err, nil)
	_, err = s.session.Do(context.Background(), requests[0])
	s.must(err, nil)
}

func TestAChannelIsOnlineIfTheCameraTakesItsPassword(t *testing.T) {
	s := showCamera(t, memory.Options{})
	s.online("true")
	s.device.SetUser("guard", "Operator", "guard-Secret-2")
	s.online("false")
	s.correct("guard-Secret-2")
	s.online("true")
	if got := s.recorder.Document("/channels"); got != `{"items":{"1":{"camera":"192.0.2.1","firmware":"V1.0.0","model":"MEM-1","serial":"MEM2DE8FD8435","username":"guard"}}}` {
		t.Errorf("the document is %s", got)
	}
	s.recorder.SetChannel("1", "192.0.2.1:443", "guard", "guard-Secret-2")
	s.online("true")
	for _, nobody := range []string{"192.0.2.1:81", "192.0.2.99"} {
		s.recorder.SetChannel("1", nobody, "guard", "guard-Secret-2")
		s.online("false")
	}
	s.charged(1)
}

func TestAChannelKeepsThePasswordThatDoesNotCome(t *testing.T) {
	s := showCamera(t, memory.Options{})
	kind := s.kind("channel")
	docs := s.world.read(s.session, kind)
	requests, err := s.provider.Compose(providers.Composition{Documents: docs, Changes: []providers.Change{
		{Kind: kind, Key: "1", After: s.want("channel", map[string]cty.Value{"camera": cty.StringVal("192.0.2.1:443")})},
	}})
	s.must(err, nil)
	_, err = s.session.Do(context.Background(), requests[0])
	s.must(err, nil)
	s.online("true")
	if got := s.recorder.Document("/channels"); got != `{"items":{"1":{"camera":"192.0.2.1:443","firmware":"V1.0.0","model":"MEM-1","serial":"MEM2DE8FD8435","username":"guard"}}}` {
		t.Errorf("the document is %s", got)
	}
}

func TestARemovedChannelTakesItsPasswordAlong(t *testing.T) {
	s := showCamera(t, memory.Options{})
	s.recorder.Remove("channel", "1")
	s.recorder.Set("channel", "1", "camera", "192.0.2.1")
	s.recorder.Set("channel", "1", "username", "guard")
	s.online("false")
}

func TestACameraThatIsAwayChargesNobody(t *testing.T) {
	s := showCamera(t, memory.Options{MustChange: true})
	s.device.Restart()
	s.online("false")
	s.clock.Pass(time.Minute)
	s.online("true")
	s.device.Set("filter", "", "addresses", []string{memory.Source})
	s.device.Set("filter", "", "enabled", true)
	s.online("false")
	s.device.Set("filter", "", "addresses", []string{memory.Source, "192.0.2.2"})
	s.online("true")
	s.must(s.setPassword(s.open(), "guard-Secret-2"), nil)
	s.recorder.SetChannel("1", "192.0.2.1", "guard", "guard-Secret-2")
	s.online("false") // the account sleeps
	s.charged(0)
}

func TestRecordersMayLookAtEachOther(t *testing.T) {
	w := newWorld(t, memory.Options{})
	other := w.fleet.Add("other", "https://192.0.2.2", memory.Options{Password: "other-Secret-1"})
	w.device.SetChannel("1", "192.0.2.2", "admin", "other-Secret-1")
	w.device.SetChannel("2", "192.0.2.1", "admin", w.device.Target().Login.Password.Reveal())
	other.SetChannel("1", "192.0.2.1", "admin", "wrong")
	for path, want := range map[string]string{"/channels/1/status": "true", "/channels/2/status": "true", "/channels/3/status": ""} {
		if got := w.device.Document(path); got != map[string]string{"true": `{"items":{"":{"online":true,"result":"connected"}}}`, "": ""}[want] {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := other.Document("/channels/1/status"); got != `{"items":{"":{"online":false,"result":"turned away"}}}` {
		t.Errorf("the other: %s", got)
	}
}

func TestARecorderGoesBackToASnapshot(t *testing.T) {
	s := showCamera(t, memory.Options{})
	camera, recorder := s.device.Snapshot(), s.recorder.Snapshot()
	s.device.SetUser("guard", "Operator", "guard-Secret-2")
	s.correct("guard-Secret-3")
	s.online("false")
	s.device.Restore(camera)
	s.recorder.Restore(recorder)
	s.online("true")
	s.charged(0)
	s.device.SetUser("guard", "Operator", "guard-Secret-2")
	recorder = s.recorder.Snapshot()
	s.clock.Pass(25 * time.Second)
	s.charged(2)
	s.recorder.Restore(recorder)
	s.charged(4) // what it did since is done again
}

// reasons let something befall the camera of a recorder that has it at a port, the usual one if there is none.
var reasons = map[string]struct {
	recorder device.Recorder
	port     string
	befalls  func(shown)
}{
	"another password":             {befalls: func(s shown) { s.device.SetUser("guard", "Operator", "guard-Secret-2") }},
	"the account is gone":          {befalls: func(s shown) { s.device.Remove("user", "guard") }},
	"the account is disabled":      {befalls: func(s shown) { s.device.Set("user", "guard", "enabled", false) }},
	"no right to the picture":      {befalls: func(s shown) { s.device.Set("user", "guard", "preview", false) }},
	"an allow list without it":     {befalls: func(s shown) { s.filters(false, memory.Source) }},
	"an allow list with it":        {befalls: func(s shown) { s.filters(false, "192.0.2.2") }},
	"a deny list with it":          {befalls: func(s shown) { s.filters(true, "192.0.2.2") }},
	"a deny list without it":       {befalls: func(s shown) { s.filters(true, memory.Source) }},
	"the listener is off":          {befalls: func(s shown) { s.device.Set("https", "", "enabled", false) }},
	"the listener moves":           {befalls: func(s shown) { s.device.Set("https", "", "port", 8443) }},
	"a listener that it needs not": {befalls: func(s shown) { s.device.Set("service", "HTTP", "enabled", false) }},
	"an algorithm that it lacks":   {recorder: device.Recorder{MD5Only: true}, befalls: func(s shown) { s.device.Set("digest", "", "algorithm", "SHA256") }},
	"an algorithm that it knows":   {befalls: func(s shown) { s.device.Set("digest", "", "algorithm", "SHA256") }},
	"a redirect that it cannot take": {
		recorder: device.Recorder{PlainOnly: true}, port: ":80", befalls: func(s shown) { s.device.Set("https", "", "redirect", true) },
	},
	"a redirect that it follows": {port: ":80", befalls: func(s shown) { s.device.Set("https", "", "redirect", true) }},
	"a restart":                  {befalls: func(s shown) { s.device.Restart() }},
	"no power":                   {befalls: func(s shown) { s.device.Unplug() }},
	"a lock":                     {befalls: func(s shown) { s.device.Lock() }},
}

// filters switches the address filter of the camera on.
func (s shown) filters(deny bool, address string) {
	s.device.Set("filter", "", "addresses", []string{address})
	s.device.Set("filter", "", "deny", deny)
	s.device.Set("filter", "", "enabled", true)
}

// sees is what the recorder says of channel 1.
func (s shown) sees() device.Sight {
	doc := s.recorder.Document("/channels/1/status")
	for sight := device.Unseen; sight <= device.Unreachable; sight++ {
		if doc == `{"items":{"":{"online":`+strconv.FormatBool(sight == device.Connected)+`,"result":"`+sight.String()+`"}}}` {
			return sight
		}
	}
	s.Fatalf("the state of the channel is %s", doc)
	return 0
}

func TestWhatCutsARecorderOff(t *testing.T) {
	lacks := map[string]string{
		"another address":                "devices here keep their addresses",
		"a version of TLS that it lacks": "devices here have no versions of TLS",
		"a version of TLS that it knows": "devices here have no versions of TLS",
	}
	devicetest.Run(t, slices.Collect(maps.Keys(reasons)), lacks, func(t *testing.T, reason string) devicetest.Site {
		r := reasons[reason]
		s := showTo(t, memory.Options{Algorithm: "MD5"}, memory.Options{Recorder: r.recorder})
		s.recorder.SetChannel("1", "192.0.2.1"+r.port, "guard", "guard-Secret-1")
		return devicetest.Site{Befall: func() { r.befalls(s); s.clock.Pass(device.RetryTime) }, Sees: s.sees}
	})
}

func TestARecorderThatKnowsLessThanTheCameraAsksFor(t *testing.T) {
	s := showCamera(t, memory.Options{Algorithm: "MD5"})
	old := s.fleet.Add("old", "https://192.0.2.3", memory.Options{Recorder: device.Recorder{MD5Only: true, PlainOnly: true}})
	old.SetChannel("1", "192.0.2.1:80", "guard", "guard-Secret-1")
	states := func(want string) {
		t.Helper()
		if got := old.Document("/channels/1/status"); got != `{"items":{"":{"online":`+strconv.FormatBool(want == "connected")+`,"result":"`+want+`"}}}` {
			t.Errorf("%s, want %s", got, want)
		}
	}
	states("connected")
	s.device.Set("https", "", "redirect", true)
	s.clock.Pass(10 * time.Second)
	states("unreachable")
	s.device.Set("https", "", "redirect", false)
	s.device.Set("digest", "", "algorithm", "SHA256")
	s.clock.Pass(10 * time.Second)
	states("turned away")
	s.says("connected")
	if got := s.device.RefusalsOf("192.0.2.3"); got != 0 {
		t.Errorf("%d logins were refused, and none was tried", got)
	}
}

func TestAChannelTellsTheSerialNumberThatTheRecorderLearned(t *testing.T) {
	s := showCamera(t, memory.Options{})
	serials := func() []string {
		t.Helper()
		doc, err := s.session.Read(context.Background(), "/channels")
		s.must(err, nil)
		texts, err := s.provider.Observe(doc, "serial")
		s.must(err, nil)
		return texts
	}
	want := func(serial string) {
		t.Helper()
		if got := serials(); len(got) != 1 || got[0] != serial {
			t.Errorf("the list tells %q, want %s", got, serial)
		}
	}
	first := s.device.Identity().Serial
	want(first)
	s.device.SetUser("guard", "Operator", "guard-Secret-2")
	s.device.SwapIdentity()
	s.clock.Pass(20 * time.Second)
	want(first) // it has not been let in since
	s.correct("guard-Secret-2")
	s.online("true")
	want(s.device.Identity().Serial)

	s.recorder.SetChannel("1", "192.0.2.99", "guard", "guard-Secret-2")
	if got := serials(); len(got) != 0 {
		t.Errorf("a channel tells %q of a camera that is not there", got)
	}
}

func TestSerialNumbersCannotBeWritten(t *testing.T) {
	s := showCamera(t, memory.Options{})
	body := `{"items":{"1":{"camera":"192.0.2.1","username":"guard","serial":"FAKE","model":"FAKE"}}}`
	_, err := s.session.Do(context.Background(), providers.Request{Method: "PUT", Path: "/channels", Body: []byte(body)})
	s.must(err, nil)
	if got := s.recorder.Document("/channels"); strings.Contains(got, "FAKE") || !strings.Contains(got, s.device.Identity().Serial) {
		t.Errorf("the list is %s", got)
	}
	body = strings.Replace(body, "192.0.2.1", "192.0.2.99", 1)
	_, err = s.session.Do(context.Background(), providers.Request{Method: "PUT", Path: "/channels", Body: []byte(body)})
	s.must(err, nil)
	if got := s.recorder.Document("/channels"); got != `{"items":{"1":{"camera":"192.0.2.99","username":"guard"}}}` {
		t.Errorf("nobody is there, and the list is %s", got)
	}
}

func TestARecorderMayHideSerialNumbers(t *testing.T) {
	s := showCamera(t, memory.Options{})
	mute := s.fleet.Add("mute", "https://192.0.2.3", memory.Options{HidesSerials: []string{"1"}})
	mute.SetChannel("1", "192.0.2.1", "guard", "guard-Secret-1")
	mute.SetChannel("2", "192.0.2.1", "guard", "guard-Secret-1")
	if got := mute.Document("/channels"); strings.Count(got, `"serial"`) != 1 || !strings.Contains(got, `"1":{"camera":"192.0.2.1","username":"guard"}`) {
		t.Errorf("the list is %s", got)
	}
}

func TestRoutesLeadToCamerasAtOtherAddresses(t *testing.T) {
	s := showCamera(t, memory.Options{})
	inside := s.fleet.Add("inside", "https://192.168.254.2", memory.Options{Hidden: true})
	inside.SetUser("guard", "Operator", "guard-Secret-1")
	s.recorder.SetChannel("1", "192.168.254.2", "guard", "guard-Secret-1")
	s.says("unreachable") // no route
	s.fleet.Route(device.Route{Recorder: "recorder", To: netip.MustParseAddrPort("192.168.254.2:0"), Camera: "inside", Source: netip.MustParseAddr("192.168.254.1")})
	s.says("connected")
	inside.SetUser("guard", "Operator", "guard-Secret-2")
	s.says("turned away")
	if inside.RefusalsOf("192.168.254.1") != 1 || inside.RefusalsOf("192.0.2.2") != 0 {
		t.Error("the camera sees the recorder itself")
	}
	_, err := s.provider.Open(inside.Target()).Identify(context.Background())
	s.must(err, providers.ErrUnreachable)

	s.fleet.Route(device.Route{To: netip.MustParseAddrPort("203.0.113.1:8001"), Camera: "gate", Port: 443})
	s.recorder.SetChannel("1", "203.0.113.1:8001", "guard", "guard-Secret-1")
	s.says("connected")
	s.recorder.SetChannel("1", "203.0.113.1:8002", "guard", "guard-Secret-1")
	s.says("unreachable")
	panics(t, "there is no device nobody", func() { s.fleet.Route(device.Route{Camera: "nobody"}) })
}

// Sites are made by the thousand, so none may cost much. They have the same addresses.
func TestManySites(t *testing.T) {
	w := newWorld(t, memory.Options{})
	const sites = 300
	at := netip.MustParseAddrPort("192.168.1.64:0")
	for i := range sites {
		camera, recorder := "camera"+strconv.Itoa(i), "recorder"+strconv.Itoa(i)
		w.fleet.Add(camera, "https://192.168.1.64", memory.Options{Hidden: true}).SetUser("guard", "Operator", "guard-Secret-1")
		w.fleet.Route(device.Route{Recorder: recorder, To: at, Camera: camera})
		w.fleet.Add(recorder, "https://198.51.100.2", memory.Options{Hidden: true}).SetChannel("1", "192.168.1.64", "guard", "guard-Secret-1")
	}
	for i := 0; i < sites; i += 100 {
		w.fleet.Device("camera"+strconv.Itoa(i)).SetUser("guard", "Operator", "guard-Secret-2")
	}
	w.clock.Pass(device.RetryTime)
	for i := range sites {
		camera, recorder := w.fleet.Device("camera"+strconv.Itoa(i)), w.fleet.Device("recorder"+strconv.Itoa(i))
		if list, serial := recorder.Document("/channels"), camera.Identity().Serial; !strings.Contains(list, serial) {
			t.Errorf("recorder %d knows another camera: %s", i, list)
		}
		if got := recorder.Document("/channels/1/status"); strings.Contains(got, "true") != (i%100 != 0) {
			t.Errorf("recorder %d: %s", i, got)
		}
	}
}

func TestADeviceTellsWhoIsLoggedIn(t *testing.T) {
	w := newGuarded(t, memory.Options{})
	who := func(want string) {
		t.Helper()
		if got := w.device.Document("/sessions"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	w.open()
	who(`{"items":{}}`) // clients that send credentials with each request have no session
	w.device.OpenSession("guard", "192.0.2.77")
	w.device.OpenSession("admin", "192.0.2.78")
	guard := `"65536":{"address":"192.0.2.77","since":"2026-03-01T12:00:00Z","user":"guard"}`
	admin := `"65537":{"address":"192.0.2.78","since":"2026-03-01T12:00:00Z","user":"admin"}`
	who(`{"items":{` + guard + `,` + admin + `}}`)
	w.device.Set("user", "guard", "enabled", false)
	who(`{"items":{` + admin + `}}`)
	w.device.CloseSession("192.0.2.78")
	who(`{"items":{}}`)
	w.device.OpenSession("admin", "192.0.2.78")
	w.device.Restart()
	who(`{"items":{}}`)
	if got := w.fleet.Add("mute", "https://192.0.2.9", memory.Options{HidesSessions: true}).Document("/sessions"); got != "" {
		t.Errorf("it tells %s", got)
	}
}

func TestADeviceThatIsPluggedInAgainAnswers(t *testing.T) {
	s := showCamera(t, memory.Options{})
	s.device.Unplug()
	s.clock.Pass(100 * 24 * time.Hour)
	s.says("unreachable")
	_, err := s.provider.Open(s.device.Target()).Identify(context.Background())
	s.must(err, providers.ErrUnreachable)
	s.device.Plug()
	s.says("connected")
}
