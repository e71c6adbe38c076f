package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// sadpStyle is what a model tells in the discovery protocol about itself.
type sadpStyle struct {
	Abilities []string `json:"abilities,omitempty"` // elements that are true, such as SupportGUID
	Misspells bool     `json:"misspells,omitempty"` // what is false is flase
	Salted    bool     `json:"salted,omitempty"`    // it gives a salt, and wants passwords proven for one message alone
}

// factory is where devices are before somebody gives them an address.
var factory = netip.MustParseAddr("192.168.1.64")

// maxInquiry is how long an inquiry may be.
const maxInquiry = 4096

// Answers to an inquiry come in bursts of so many packets, with a pause between: devices do not all answer at once, and a client that
// inquires has no buffer for a thousand.
const (
	burst = 32
	pause = 5 * time.Millisecond
)

// ServeSADP answers inquiries of the discovery protocol that come in at conn, for all devices of the fleet, until ctx is done or
// conn fails. It closes conn.
func (f *Fleet) ServeSADP(ctx context.Context, conn net.PacketConn) error {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	packet := make([]byte, maxInquiry)
	for {
		n, from, err := conn.ReadFrom(packet)
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		for i, answer := range f.answerSADP(packet[:n], from) {
			if i > 0 && i%burst == 0 && !wait(ctx, pause, nil) {
				return nil
			}
			if _, err := conn.WriteTo(answer, from); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// answerSADP are the answers of the devices to a packet that came from an address; none if it is no message to them.
func (f *Fleet) answerSADP(packet []byte, from net.Addr) [][]byte {
	root, err := scan(packet)
	if err != nil || root.name != "Probe" {
		return nil
	}
	m := message{kind: strings.TrimSpace(root.value("Types")), root: root}
	if at, err := netip.ParseAddrPort(from.String()); err == nil {
		m.source = at.Addr().Unmap()
	}
	wanted := strings.ReplaceAll(strings.ToLower(root.value("MAC")), "-", ":")
	everybody := m.kind == inquiry && (wanted == "" || wanted == "ff:ff:ff:ff:ff:ff")
	var answers [][]byte
	for _, d := range f.devices {
		if d.hidden || !everybody && (wanted == "" || wanted != d.MAC()) {
			continue
		}
		if answer := d.answerSADP(m); answer != nil {
			answers = append(answers, answer)
		}
	}
	return answers
}

// inquiry is the message that asks devices who they are. All others are for the device with the hardware address that they name.
const inquiry = "inquiry"

// message is a message of the discovery protocol to a device.
type message struct {
	unit   *unit
	kind   string
	root   *element
	source netip.Addr
}

// field is an element of an answer.
type field struct{ name, text string }

// Results of messages.
const (
	succeeded = "success"
	failed    = "failed"
	denied    = "denied" // the device cannot do it in its present state
)

// answerSADP is what the device answers to a message; nil while it is away, and to what it does not know.
func (d *Device) answerSADP(m message) []byte {
	defer d.enter()()
	m.unit = &d.unit
	act, known := map[string]func(*message) []field{
		inquiry: (*message).describe, "exchangecode": (*message).exchange, "activate": (*message).activate, "update": (*message).update, "getcode": (*message).getCode,
	}[m.kind]
	if !known || m.unit.away() {
		return nil
	}
	said := act(&m)
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<ProbeMatch>\n")
	say := func(name, text string) { fmt.Fprintf(&b, "<%s>%s</%s>\n", name, escape(text), name) }
	if id := m.root.value("Uuid"); id != "" {
		say("Uuid", id)
	}
	say("MAC", strings.ReplaceAll(m.unit.identity.mac, ":", "-"))
	say("Types", m.kind+" ")
	for _, f := range said {
		say(f.name, f.text)
	}
	b.WriteString("</ProbeMatch>\n")
	return []byte(b.String())
}

// describe is what the device says about itself.
func (m *message) describe() []field {
	u := m.unit
	doc, _ := u.read(deviceInfoPath)
	info, _ := scan(doc.body)
	at := netip.PrefixFrom(custody{u}.place(), 24)
	truth := func(fact bool) string {
		if !fact && u.model.SADP.Misspells {
			return "flase"
		}
		return fmt.Sprint(fact)
	}
	said := []field{
		{"DeviceDescription", u.model.product},
		{"DeviceSN", u.identity.serial},
		{"CommandPort", fmt.Sprint(privatePort)},
		{"HttpPort", fmt.Sprint(told(u, u.running.http, u.model.settings.http, false))},
		{"IPv4Address", at.Addr().String()},
		{"IPv4SubnetMask", net.IP(net.CIDRMask(at.Bits(), 32)).String()},
		{"SoftwareVersion", info.value("firmwareVersion") + info.value("firmwareReleasedDate")},
		{"BootTime", u.bootedAt.Add(u.clockOffset).In(zoneOf(u.storedTime().value("timeZone"))).Format(time.DateTime)},
	}
	if port := told(u, u.running.https, u.model.settings.https, true); port != 443 {
		said = append(said, field{"HttpsPort", fmt.Sprint(port)})
	}
	if u.model.Activation != noActivation {
		said = append(said, field{"Activated", truth(!u.inactive)})
	}
	said = append(said, field{"DeviceLock", truth(false)})
	if u.model.SADP.Salted {
		said = append(said, field{"Encrypt", truth(true)}, field{"Salt", u.identity.salt})
	}
	for _, ability := range u.model.SADP.Abilities {
		said = append(said, field{ability, truth(true)})
	}
	return said
}

// told is the port of a service as a client reaches it: the one from the factory is mapped to that of the fleet.
func told(u *unit, s, factory service, secure bool) int {
	if u.fleet.secure == secure && s.port == factory.port {
		return u.fleet.entry()
	}
	return s.port
}
