package memory_test

import (
	"context"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"camform/providers"
	"camform/providers/memory"
)

// shown is a recorder that shows the device of a world on channel 1, as guard.
type shown struct {
	*world
	recorder *memory.Device
	session  providers.Session
}

func showCamera(t *testing.T, options memory.Options) shown {
	w := newGuarded(t, options)
	s := shown{world: w, recorder: w.fleet.Add("recorder", "https://192.0.2.2", memory.Options{})}
	s.recorder.SetChannel("1", "192.0.2.1", "guard", "guard-Secret-1")
	s.session = w.provider.Open(s.recorder.Target())
	_, err := s.session.Identify(context.Background())
	w.must(err, nil)
	return s
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
	if got := s.recorder.Document("/channels"); got != `{"items":{"1":{"camera":"192.0.2.1","username":"guard"}}}` {
		t.Errorf("the document is %s", got)
	}
	s.recorder.SetChannel("1", "192.0.2.1:443", "guard", "guard-Secret-2")
	s.online("true")
	for _, nobody := range []string{"192.0.2.1:80", "192.0.2.99"} {
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
	if got := s.recorder.Document("/channels"); got != `{"items":{"1":{"camera":"192.0.2.1:443","username":"guard"}}}` {
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
		if got := w.device.Document(path); got != map[string]string{"true": `{"items":{"":{"online":true}}}`, "": ""}[want] {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := other.Document("/channels/1/status"); got != `{"items":{"":{"online":false}}}` {
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
