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
}

// factory is where devices are before somebody gives them an address.
var factory = netip.MustParseAddr("192.168.1.64")

// maxInquiry is how long an inquiry may be.
const maxInquiry = 4096

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
		for _, answer := range f.answerSADP(packet[:n]) {
			if _, err := conn.WriteTo(answer, from); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// answerSADP are the answers of the devices to a packet; none if it is no inquiry.
func (f *Fleet) answerSADP(packet []byte) [][]byte {
	root, err := scan(packet)
	if err != nil || root.name != "Probe" || root.value("Types") != "inquiry" {
		return nil
	}
	wanted := strings.ReplaceAll(strings.ToLower(root.value("MAC")), "-", ":")
	var answers [][]byte
	for _, d := range f.devices {
		everybody := wanted == "" || wanted == "ff:ff:ff:ff:ff:ff"
		if d.hidden || !everybody && wanted != d.MAC() {
			continue
		}
		if answer := d.answerSADP(root.value("Uuid")); answer != nil {
			answers = append(answers, answer)
		}
	}
	return answers
}

// answerSADP is what the device says about itself to whoever asked with an id; nil while it is away.
func (d *Device) answerSADP(id string) []byte {
	defer d.enter()()
	u := &d.unit
	if u.away() {
		return nil
	}
	doc, _ := u.read(deviceInfoPath)
	info, _ := scan(doc.body)
	at := netip.PrefixFrom(custody{u}.place(), 24)
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<ProbeMatch>\n")
	say := func(name, text string) { fmt.Fprintf(&b, "<%s>%s</%s>\n", name, escape(text), name) }
	truth := func(name string, fact bool) {
		text := fmt.Sprint(fact)
		if !fact && u.model.SADP.Misspells {
			text = "flase"
		}
		say(name, text)
	}
	if id != "" {
		say("Uuid", id)
	}
	say("Types", "inquiry ")
	say("DeviceDescription", u.model.product)
	say("DeviceSN", u.identity.serial)
	say("CommandPort", fmt.Sprint(privatePort))
	say("HttpPort", fmt.Sprint(u.running.http.port))
	say("MAC", strings.ReplaceAll(u.identity.mac, ":", "-"))
	say("IPv4Address", at.Addr().String())
	say("IPv4SubnetMask", net.IP(net.CIDRMask(at.Bits(), 32)).String())
	say("SoftwareVersion", info.value("firmwareVersion")+info.value("firmwareReleasedDate"))
	say("BootTime", u.bootedAt.Add(u.clockOffset).In(zoneOf(u.storedTime().value("timeZone"))).Format(time.DateTime))
	if u.model.Activation != noActivation {
		truth("Activated", !u.inactive)
	}
	truth("DeviceLock", false)
	for _, ability := range u.model.SADP.Abilities {
		truth(ability, true)
	}
	b.WriteString("</ProbeMatch>\n")
	return []byte(b.String())
}
