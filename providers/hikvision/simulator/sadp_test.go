package simulator_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"camform/providers/hikvision/sadp"
	"camform/providers/hikvision/simulator"
)

// inquirer asks a fleet over loopback.
type inquirer struct {
	*testing.T
	conn  net.PacketConn
	to    net.Addr
	turns int
}

func inquire(t *testing.T, f *simulator.Fleet) *inquirer {
	t.Helper()
	device, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.ServeSADP(ctx, device) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &inquirer{t, conn, device.LocalAddr(), 0}
}

// last is how the inquiry begins that ends a turn of a conversation: its answers come after those of whatever was sent before.
const last = "END-"

// send sends packets, and returns the answers to them as they came and as they are understood.
func (q *inquirer) send(packets ...string) (raw []string, understood []sadp.Reply) {
	q.Helper()
	q.turns++
	end := fmt.Sprint(last, q.turns)
	for _, packet := range append(packets, string(sadp.Inquiry(end))) {
		if _, err := q.conn.WriteTo([]byte(packet), q.to); err != nil {
			q.Fatal(err)
		}
	}
	if err := q.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		q.Fatal(err)
	}
	packet := make([]byte, 64<<10)
	for {
		n, _, err := q.conn.ReadFrom(packet)
		if err != nil {
			q.Fatal(err)
		}
		r, err := sadp.ParseReply(packet[:n])
		if err != nil {
			q.Fatalf("%v:\n%s", err, packet[:n])
		}
		switch {
		case r.ID == end:
			return raw, understood
		case strings.HasPrefix(r.ID, last): // what another device said to the end of an earlier turn
			continue
		}
		raw, understood = append(raw, string(packet[:n])), append(understood, r)
	}
}

func TestEveryDeviceAnswersAnInquiry(t *testing.T) {
	f, err := simulator.New(simulator.Options{Password: password})
	if err != nil {
		t.Fatal(err)
	}
	raw, replies := inquire(t, f).send(string(sadp.Inquiry("0815")))
	if len(replies) != len(f.Devices()) {
		t.Fatalf("%d answers", len(replies))
	}
	for i, d := range f.Devices() {
		r := replies[i]
		if r.ID != "0815" || r.Type != "inquiry" || r.MAC != d.MAC() || r.Serial != d.Serial() || r.Address != d.Address() || !r.Network.Contains(d.Address()) ||
			!strings.Contains(r.Firmware, " build ") || r.BootTime == "" || r.Model == "" || len(r.Resets) == 0 || !r.Activated {
			t.Errorf("%s: %+v", d.Name(), r)
		}
		if old := d.Model() == "camera-v52"; r.BeforeActivation != old {
			t.Errorf("%s: before activation: %v", d.Name(), r.BeforeActivation)
		}
		if misspells := d.Model() == "camera-v56" || d.Model() == "thermal-v55"; strings.Contains(raw[i], "flase") != misspells {
			t.Errorf("%s: %s", d.Name(), raw[i])
		}
	}
}

// wire is a network that brings one inquiry, and notes when answers are sent.
type wire struct {
	net.PacketConn
	inquiry []byte
	closed  chan struct{}
	sent    map[time.Time]int
}

func (w *wire) ReadFrom(packet []byte) (int, net.Addr, error) {
	if w.inquiry == nil {
		<-w.closed
		return 0, nil, net.ErrClosed
	}
	n := copy(packet, w.inquiry)
	w.inquiry = nil
	return n, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 37020}, nil
}

func (w *wire) WriteTo([]byte, net.Addr) (int, error) {
	w.sent[time.Now()]++
	return 0, nil
}

func (w *wire) Close() error {
	select {
	case <-w.closed:
	default:
		close(w.closed)
	}
	return nil
}

func TestManyDevicesDoNotAnswerAtOnce(t *testing.T) {
	f := newFleet(t, simulator.Options{Models: []string{"camera-v57"}, Count: 100})
	synctest.Test(t, func(t *testing.T) {
		w := &wire{inquiry: sadp.Inquiry("a"), closed: make(chan struct{}), sent: map[time.Time]int{}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- f.ServeSADP(ctx, w) }()
		time.Sleep(time.Second)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		total := 0
		for at, n := range w.sent {
			if total += n; n > 32 {
				t.Errorf("%d answers at %s", n, at)
			}
		}
		if total != 100 {
			t.Errorf("%d answers", total)
		}
	})
}

func TestOnlyWhoIsMeantAnswers(t *testing.T) {
	f, err := simulator.New(simulator.Options{Models: []string{"camera-v57"}, Count: 2, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	second := f.Devices()[1]
	probe := func(fields string) string { return "<Probe>" + fields + "</Probe>" }
	for name, c := range map[string]struct {
		packet string
		want   int
	}{
		"everybody":           {probe("<Uuid>a</Uuid><MAC>ff-ff-ff-ff-ff-ff</MAC><Types>inquiry</Types>"), 2},
		"the second":          {probe("<Uuid>a</Uuid><MAC>" + strings.ToUpper(strings.ReplaceAll(second.MAC(), ":", "-")) + "</MAC><Types>inquiry</Types>"), 1},
		"somebody else":       {probe("<Uuid>a</Uuid><MAC>00-00-00-00-00-00</MAC><Types>inquiry</Types>"), 0},
		"another message":     {probe("<Uuid>a</Uuid><Types>getcode</Types>"), 0},
		"an answer":           {"<ProbeMatch><Uuid>a</Uuid><Types>inquiry</Types></ProbeMatch>", 0},
		"nothing":             {"", 0},
		"noise":               {"\x00\x01<", 0},
		"nobody's inquiry":    {probe("<Types>inquiry</Types>"), 2},
		"mark-up for an id":   {probe("<Uuid>&lt;x&gt;</Uuid><Types>inquiry</Types>"), 2},
		"more than it can be": {probe("<Uuid>" + strings.Repeat("a", 5000) + "</Uuid><Types>inquiry</Types>"), 0},
	} {
		_, replies := inquire(t, f).send(c.packet)
		if len(replies) != c.want || name == "the second" && replies[0].MAC != second.MAC() || name == "mark-up for an id" && replies[0].ID != "<x>" {
			t.Errorf("%s: %+v", name, replies)
		}
	}
	second.Unplug()
	if _, replies := inquire(t, f).send(string(sadp.Inquiry("a"))); len(replies) != 1 {
		t.Errorf("a device without power answers: %+v", replies)
	}
}

func TestANewDeviceIsFoundAndNotReached(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	d.SetQuirks(simulator.Quirks{Inactive: true, FactoryAddress: true})
	_, replies := inquire(t, f).send(string(sadp.Inquiry("a")))
	if r := replies[0]; r.Activated || r.BeforeActivation || r.Address.String() != "192.168.1.64" || r.Network.String() != "192.168.1.0/24" {
		t.Errorf("%+v", r)
	}
	if conn, err := f.DialContext(t.Context(), "tcp", f.URL(d).Host+":80"); err == nil {
		conn.Close()
		t.Error("it is reached at an address that it does not have")
	}
}

func TestAnInactiveDeviceRefusesAllButItsState(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := anonymousClient(t, f, d)
	d.SetQuirks(simulator.Quirks{Inactive: true})
	for path, want := range map[string]string{
		"/SDK/activateStatus": "200 <Activated>false</Activated>", userCheck: "200 <isActivated>false</isActivated>", deviceInfo: "403 notActivated",
	} {
		status, text, _ := strings.Cut(want, " ")
		if a := c.do(http.MethodGet, path, ""); fmt.Sprint(a.status) != status || !strings.Contains(a.body, text) {
			t.Errorf("%s: %d\n%s", path, a.status, a.body)
		}
	}
	if d.Refusals() != 0 {
		t.Error("a login was refused")
	}
}

func TestADeviceTellsWhereItWentTo(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	path := interfaces
	body := string(d.Document(path))
	if !strings.Contains(body, d.Address().String()) {
		t.Fatalf("no address in\n%s", body)
	}
	if err := d.SetDocument(path, []byte(strings.Replace(body, d.Address().String(), "127.10.0.99", 1))); err != nil {
		t.Fatal(err)
	}
	d.Reboot()
	d.Plug()
	_, replies := inquire(t, f).send(string(sadp.Inquiry("a")))
	if !slices.ContainsFunc(replies, func(r sadp.Reply) bool { return r.Address.String() == "127.10.0.99" }) {
		t.Errorf("%+v", replies)
	}
}
