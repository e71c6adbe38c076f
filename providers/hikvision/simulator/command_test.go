package simulator_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/sadp"
	"camform/providers/hikvision/simulator"
)

// tell sends commands, and returns the answer to the last.
func (q *inquirer) tell(commands ...sadp.Command) (a sadp.Answer) {
	q.Helper()
	for _, c := range commands {
		raw, _ := q.send(string(c.Packet))
		if len(raw) != 1 {
			q.Fatalf("%d answers to %s", len(raw), c.Packet)
		}
		var err error
		if a, err = sadp.ParseAnswer([]byte(raw[0])); err != nil || a.ID != c.ID || a.MAC != c.MAC || a.Type != c.Type {
			q.Fatalf("%+v %v", a, err)
		}
	}
	return a
}

const messageID = "13A888A9-F1B1-4020-AE9F-05607682D23B"

// activate gives a device its first password by the discovery protocol.
func (q *inquirer) activate(d *simulator.Device, secret string) sadp.Answer {
	q.Helper()
	key := keys[1024]()
	random, err := sadp.OpenCode(key, q.tell(sadp.ExchangeCode(messageID, d.MAC(), &key.PublicKey)).Code)
	if err != nil {
		q.Fatal(err)
	}
	return q.tell(q.activation(d, random, secret))
}

func (q *inquirer) activation(d *simulator.Device, random []byte, secret string) sadp.Command {
	q.Helper()
	c, err := sadp.Activate(messageID, d.MAC(), random, secret)
	if err != nil {
		q.Fatal(err)
	}
	return c
}

// update tells a device to go to an address.
func update(d *simulator.Device, secret, salt, address string) sadp.Command {
	return sadp.Update(messageID, d.MAC(), "admin", secret, salt, sadp.Network{
		Address: netip.MustParsePrefix(address + "/24"), Gateway: netip.MustParseAddr("192.0.2.1"), CommandPort: 8000, HTTPPort: 80,
	})
}

func TestADeviceIsActivatedWhereNoConnectionReachesIt(t *testing.T) {
	for model := range ways {
		f := newFleet(t, simulator.Options{Models: []string{model}, Count: 2})
		d, other := f.Devices()[0], f.Devices()[1]
		for _, d := range f.Devices() {
			d.SetQuirks(simulator.Quirks{Inactive: true, FactoryAddress: true})
		}
		q := inquire(t, f)
		if a := q.activate(d, "First-Pass-1"); a.Result != "success" || d.Inactive() || !d.Accepts("admin", "First-Pass-1") || !other.Inactive() {
			t.Errorf("%s: %+v", model, a)
		}
		if last := d.Log()[len(d.Log())-1]; last.Kind != simulator.Activated || last.Source.String() != "127.0.0.1" {
			t.Errorf("%s: %+v", model, last)
		}
		_, replies := q.send(string(sadp.Inquiry("a")))
		if a := q.tell(update(d, "First-Pass-1", replies[0].Salt, "192.0.2.77")); a.Result != "success" {
			t.Errorf("%s: %s", model, a.Packet)
		}
		there := netip.MustParseAddr("192.0.2.77")
		if f.Place(d) != there || f.Place(other) == there || !strings.Contains(at(t, f, there, "admin", "First-Pass-1").get(interfaces), "192.0.2.77") {
			t.Errorf("%s: it is at %s", model, f.Place(d))
		}
		if _, replies := q.send(string(sadp.Inquiry("a"))); replies[0].Address != there {
			t.Errorf("%s: %+v", model, replies)
		}
	}
}

func TestWhatIsNoActivationByADiscoveryMessage(t *testing.T) {
	key := keys[1024]()
	clock := newClock()
	for name, c := range map[string]struct {
		before func(*inquirer, *simulator.Device, []byte) // after the exchange
		secret string
		want   string
	}{
		"nothing wrong":  {nil, "First-Pass-1", "success"},
		"weak":           {nil, "weak", "failed"},
		"the name":       {nil, "admin-1234", "failed"},
		"a second try":   {func(q *inquirer, d *simulator.Device, random []byte) { q.tell(q.activation(d, random, "weak")) }, "First-Pass-1", "failed"},
		"a start":        {func(_ *inquirer, d *simulator.Device, _ []byte) { d.Reboot(); d.Plug(); clock.advance(time.Minute) }, "First-Pass-1", "failed"},
		"just started":   {func(_ *inquirer, d *simulator.Device, _ []byte) { d.Reboot(); d.Plug() }, "First-Pass-1", "denied"},
		"active already": {func(q *inquirer, d *simulator.Device, random []byte) { q.activate(d, "First-Pass-1") }, "Second-Pass-1", "denied"},
	} {
		f, d := one(t, "camera-v58", clock.now)
		d.SetQuirks(simulator.Quirks{Inactive: true})
		q := inquire(t, f)
		random, err := sadp.OpenCode(key, q.tell(sadp.ExchangeCode(messageID, d.MAC(), &key.PublicKey)).Code)
		if err != nil {
			t.Fatal(err)
		}
		if c.before != nil {
			c.before(q, d, random)
		}
		if a := q.tell(q.activation(d, random, c.secret)); a.Result != c.want {
			t.Errorf("%s: %+v", name, a)
		}
	}
	f, d := one(t, "camera-v58", clock.now)
	q := inquire(t, f)
	if a := q.tell(sadp.ExchangeCode(messageID, d.MAC(), &key.PublicKey)); a.Result != "denied" || a.Code != "" {
		t.Errorf("an active device exchanges codes: %+v", a)
	}
	d.SetQuirks(simulator.Quirks{Inactive: true})
	if a := q.tell(sadp.ExchangeCode(messageID, d.MAC(), &keys[2048]().PublicKey)); a.Result != "failed" || a.Code != "" {
		t.Errorf("a key of another size: %+v", a)
	}
}

func TestOnlyWhoKnowsThePasswordMovesADevice(t *testing.T) {
	for model, salted := range map[string]bool{"camera-v52": false, "camera-v56": false, "camera-v57": true, "recorder-v2": true} {
		f, d := one(t, model, newClock().now)
		q := inquire(t, f)
		_, replies := q.send(string(sadp.Inquiry("a")))
		salt := replies[0].Salt
		if (salt != "") != salted {
			t.Errorf("%s: salt %q", model, salt)
		}
		other := "ab"
		if salted {
			other = ""
		}
		stolen := strings.Replace(string(update(d, password, salt, "192.0.2.77").Packet), messageID, "13A888A9-F1B1-4020-AE9F-05607682D23C", 1)
		if raw, _ := q.send(stolen); salted && !strings.Contains(raw[0], "<Result>failed<") {
			t.Errorf("%s: the proof for one message moved it by another: %s", model, raw[0])
		}
		before := d.Refusals()
		for name, c := range map[string]sadp.Command{
			"a wrong password": update(d, "Wrong-Pass-1", salt, "192.0.2.78"), "the other proof": update(d, password, other, "192.0.2.78"),
		} {
			if a := q.tell(c); a.Result != "failed" {
				t.Errorf("%s: %s: %s", model, name, a.Packet)
			}
		}
		if d.Refusals() != before+2 {
			t.Errorf("%s: %d refusals", model, d.Refusals())
		}
		if a := q.tell(update(d, password, salt, "192.0.2.79")); a.Result != "success" || !strings.Contains(string(a.Packet), "<IPv4Address>192.0.2.79<") {
			t.Errorf("%s: %s", model, a.Packet)
		}
		for range 7 {
			q.tell(update(d, "Wrong-Pass-1", salt, "192.0.2.78"))
		}
		if a := q.tell(update(d, password, salt, "192.0.2.78")); a.Result != "denied" {
			t.Errorf("%s: it moves while it is locked: %s", model, a.Packet)
		}
	}
}

func TestAMoveNeedsAnAddress(t *testing.T) {
	f, d := one(t, "camera-v56", newClock().now)
	q := inquire(t, f)
	good := string(update(d, password, "", "192.0.2.77").Packet)
	for name, bad := range map[string]string{
		"no address": edit(t, good, ">192.0.2.77<", "><"), "IPv6": edit(t, good, ">192.0.2.77<", ">::1<"), "no mask": edit(t, good, ">255.255.255.0<", ">x<"),
	} {
		if raw, _ := q.send(bad); !strings.Contains(raw[0], "<Result>failed<") {
			t.Errorf("%s: %s", name, raw[0])
		}
	}
	if raw, _ := q.send(edit(t, good, "<DHCP>false<", "<DHCP>true<")); !strings.Contains(raw[0], "<Result>success<") || !strings.Contains(string(d.Document(interfaces)), ">dynamic<") {
		t.Errorf("a lease: %s", raw[0])
	}
	d.SetQuirks(simulator.Quirks{Inactive: true})
	if raw, _ := q.send(good); !strings.Contains(raw[0], "<Result>denied<") {
		t.Errorf("an inactive device moves: %s", raw[0])
	}
}

func TestOnlyADeviceWithACodeForSupportGivesOne(t *testing.T) {
	for model, want := range map[string]string{"camera-v57": "success", "camera-v52": "denied", "recorder-v1": "success"} {
		f, d := one(t, model, newClock().now)
		q := inquire(t, f)
		first, second := q.tell(sadp.GetCode(messageID, d.MAC())), q.tell(sadp.GetCode(messageID, d.MAC()))
		if first.Result != want || (first.Code != "") != (want == "success") || want == "success" && (first.Code == second.Code || !strings.HasPrefix(first.Code, "AwAAA")) {
			t.Errorf("%s: %+v, %+v", model, first, second)
		}
	}
	f, d := one(t, "camera-v57", newClock().now)
	d.SetQuirks(simulator.Quirks{Inactive: true})
	if a := inquire(t, f).tell(sadp.GetCode(messageID, d.MAC())); a.Result != "denied" {
		t.Errorf("an inactive device: %+v", a)
	}
}

func TestAnActivationOverTheWebGoesOnAfterADiscoveryMessage(t *testing.T) {
	f, d := one(t, "camera-v57", newClock().now)
	d.SetQuirks(simulator.Quirks{Inactive: true})
	c := anonymousClient(t, f, d)
	text := askClassic(c)
	key := keys[1024]()
	inquire(t, f).tell(sadp.ExchangeCode(messageID, d.MAC(), &key.PublicKey))
	if a := answerClassic(c, text, "First-Pass-1"); a.status != http.StatusOK {
		t.Error(fmt.Sprint(a.status, a.body))
	}
}
